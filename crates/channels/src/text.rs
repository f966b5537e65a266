//! Text made safe for the road it takes.

use crate::{escape, gsm};

/// `text` without control characters, line breaks and runs of spaces.
#[must_use]
pub fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` on one line, cut to `length_max` characters with a mark where something is missing.
#[must_use]
pub fn short(text: &str, length_max: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= length_max {
        return line;
    }
    let kept: String = line.chars().take(length_max.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

/// Percent-encoding of everything that is not unreserved (RFC 3986 §2.3).
pub(crate) fn url_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// The inside of a JSON string.
pub(crate) fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Text messages that one letter may cost where its words are in another script; in the alphabet of
/// telephones it costs one.
const SEGMENTS_OTHER_SCRIPT_MAX: usize = 2;

/// The text of an SMS: what, then the link, which must not be cut. In the alphabet of telephones
/// wherever there is a way, and then one message; else at most two.
#[must_use]
pub fn sms(message: &crate::Message) -> String {
    let what = gsm::plain(&one_line(&escape::printable(&message.short)));
    let tail = message.ack_url.as_ref().map_or(String::new(), |url| format!(" {url}"));
    let segments_max = if gsm::is_gsm(&what) && gsm::is_gsm(&tail) {
        // A link longer than a message leaves no room; then the words get a message of their own.
        gsm::cost(&tail).segments + usize::from(gsm::cost(&tail).length > LINK_LENGTH_MAX)
    } else {
        SEGMENTS_OTHER_SCRIPT_MAX.max(gsm::cost(&tail).segments)
    };
    gsm::fitted(&what, &tail, segments_max)
}

/// The longest link beside which something can still be said in one message.
pub const LINK_LENGTH_MAX: usize = 120;
