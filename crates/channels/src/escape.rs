//! Words of alerts made harmless for every medium.
//!
//! Intuition: what an alert says was written by anybody who can send one. It may be shown, and must not
//! do anything: call a whole channel, forge a link, open a tag, add a header.
//!
//! Invariants:
//! - what comes out is shown as what went in, but for control characters, marks that turn the direction
//!   of writing, and an invisible mark after each `@` where nothing else keeps it from calling people;
//! - what comes out is cut where the medium cuts, and then says so.

use std::borrow::Cow;

/// What stands where something was cut off.
const CUT: &str = "\n[cut]";

/// `text` without characters that change how others are shown: controls but line breaks and tabs, and
/// marks that turn the direction of writing.
#[must_use]
pub fn printable(text: &str) -> String {
    let harmful = |it: char| {
        it.is_control() && !matches!(it, '\n' | '\t')
            || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace("\r\n", "\n").chars().filter(|it| !harmful(*it)).collect()
}

/// At most `chars_max` characters of `text`.
#[must_use]
pub fn within(text: &str, chars_max: usize) -> Cow<'_, str> {
    if text.chars().count() <= chars_max {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(CUT.len())).collect();
    Cow::Owned(kept.trim_end().to_owned() + CUT)
}

/// At most as much of `text` as, made safe by `safe`, has `chars_max` characters.
#[must_use]
pub fn safe_within(text: &str, chars_max: usize, safe: fn(&str) -> String) -> String {
    let whole = safe(text);
    if whole.chars().count() <= chars_max {
        return whole;
    }
    // Cutting what is safe could divide an escape; so the raw text is cut, and made safe after that.
    let raw = printable(text);
    let ends: Vec<usize> = raw.char_indices().map(|(index, _)| index).collect();
    let room = chars_max.saturating_sub(CUT.len());
    let (mut fits, mut beyond) = (0, ends.len());
    while beyond - fits > 1 {
        let middle = fits.midpoint(beyond);
        if safe(&raw[..ends[middle]]).chars().count() <= room {
            fits = middle;
        } else {
            beyond = middle;
        }
    }
    safe(raw[..ends.get(fits).copied().unwrap_or(0)].trim_end()) + CUT
}

/// For HTML as mail, Matrix and Telegram show it, also inside of attributes.
#[must_use]
pub fn html(text: &str) -> String {
    replaced(text, |it| match it {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    })
}

/// For `XML` such as `TwiML`.
#[must_use]
pub fn xml(text: &str) -> String {
    // XML 1.0 §2.2 knows neither of the two that are no characters.
    html(text).replace(['\u{fffe}', '\u{ffff}'], "")
}

/// For Slack's mrkdwn: its three control characters.
#[must_use]
pub fn slack(text: &str) -> String {
    replaced(text, |it| match it {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

/// For markdown as Discord and Mattermost read it: a backslash before whatever could begin markup, and
/// an invisible space after `@`, so that `@everyone` calls nobody. A bare link stays one.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in printable(text).split_inclusive('\n') {
        let words = line.trim_start_matches([' ', '\t']);
        // Four spaces would be code; headings, lists and rules begin lines.
        let indent = line.len() - words.len();
        out.extend(std::iter::repeat_n(' ', indent.min(3)));
        if words.starts_with(['#', '-', '+', '=']) {
            out.push('\\');
        }
        for word in words.split_inclusive(char::is_whitespace) {
            if is_bare_link(word.trim_end()) {
                out.push_str(word);
            } else {
                backslashed(word, &mut out);
            }
        }
    }
    out
}

/// A link without anything in it that could be markup.
fn is_bare_link(word: &str) -> bool {
    let rest = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"));
    let harmless = |it: u8| it.is_ascii_alphanumeric() || b"/._-%?=&:+,#".contains(&it);
    rest.is_some_and(|it| !it.is_empty() && it.bytes().all(harmless))
}

fn backslashed(word: &str, out: &mut String) {
    for it in word.chars() {
        if "\\`*_[]()<>|~".contains(it) {
            out.push('\\');
        }
        out.push(it);
        if it == '@' {
            out.push('\u{200b}');
        }
    }
}

/// For a voice: words only. Ids are spelt so that they can be heard, links are left out.
#[must_use]
pub fn spoken(text: &str) -> String {
    let words = printable(text);
    let words = words.split_whitespace().filter(|it| !it.contains("://"));
    let said = |word: &str| -> String {
        let number = |prefix: &str, noun: &str| {
            let bare = word.trim_matches(|it: char| !it.is_alphanumeric());
            let digits = bare.strip_prefix(prefix)?;
            let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
            is_number.then(|| word.replace(bare, &format!("{noun} {digits}")))
        };
        number("pg_", "page").or_else(|| number("in_", "incident")).unwrap_or_else(|| {
            // Markup and paths read character by character would hide what matters.
            word.chars()
                .map(|it| if it.is_alphanumeric() || ".,;:!?%'-+".contains(it) { it } else { ' ' })
                .collect()
        })
    };
    let said = words.map(said).collect::<Vec<_>>().join(" ");
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn replaced(text: &str, with: fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for it in printable(text).chars() {
        match with(it) {
            Some(other) => out.push_str(other),
            None => out.push(it),
        }
    }
    out
}
