//! The little XML that Twilio wants to hear.

/// An answer to a text message; nothing is said when there is none.
pub(crate) fn message(text: Option<&str>) -> String {
    let inner = text.map_or(String::new(), |it| format!("<Message>{}</Message>", escaped(it)));
    document(&inner)
}

/// A whole document.
pub(crate) fn document(inner: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{inner}</Response>")
}

/// Something read aloud.
pub(crate) fn say(language: &str, text: &str) -> String {
    format!("<Say language=\"{}\">{}</Say>", escaped(language), escaped(text))
}

/// Text that is nothing but text, also where XML 1.0 knows no such character.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(' '),
            it if it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}') => {}
            it => out.push(it),
        }
    }
    out
}
