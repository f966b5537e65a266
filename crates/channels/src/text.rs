//! Text made safe for the road it takes.

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

/// The text of an SMS: what, then the link, which must not be cut.
pub(crate) fn sms(message: &crate::Message) -> String {
    let short = short(&message.short, crate::SHORT_LENGTH_MAX);
    match &message.ack_url {
        Some(url) => format!("{short} {url}"),
        None => short,
    }
}
