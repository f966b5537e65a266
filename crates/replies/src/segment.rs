//! One text message: 160 characters of the GSM alphabet.
//!
//! A character outside the default alphabet (3GPP TS 23.038 §6.2.1) would turn the whole message into UCS-2
//! with 70 characters; so an answer says it with the nearest character there is.

/// Septets that fit one message.
pub const SEGMENT_SEPTETS_MAX: usize = 160;

/// The default alphabet but for its escape character.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
                     ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table: an escape and a character each.
const EXTENDED: &str = "^{}\\[~]|€";

/// How many septets `text` takes; `None` when it holds a character the alphabet lacks.
#[must_use]
pub fn septets(text: &str) -> Option<usize> {
    text.chars().map(width).sum()
}

fn width(it: char) -> Option<usize> {
    if BASIC.contains(it) {
        Some(1)
    } else if EXTENDED.contains(it) {
        Some(2)
    } else {
        None
    }
}

/// `text` in the default alphabet, cut to one message with a mark where something is missing.
#[must_use]
pub fn one_segment(text: &str) -> String {
    let mut all = String::new();
    for it in text.trim().chars() {
        match it {
            _ if width(it).is_some() => all.push(it),
            _ => all.push_str(nearest(it)),
        }
    }
    let length = septets(&all).expect("every character was chosen from the alphabet");
    if length <= SEGMENT_SEPTETS_MAX {
        return all;
    }
    let (mut kept, mut room) = (String::new(), SEGMENT_SEPTETS_MAX - 3);
    for it in all.chars() {
        let wide = width(it).expect("every character was chosen from the alphabet");
        if wide > room {
            break;
        }
        room -= wide;
        kept.push(it);
    }
    format!("{}...", kept.trim_end())
}

fn nearest(it: char) -> &'static str {
    match it {
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‘' | '’' | '`' | '´' => "'",
        '–' | '—' | '−' | '‐' | '‑' | '·' | '•' => "-",
        '…' => "...",
        '→' => "->",
        '×' => "x",
        'á' | 'â' | 'ã' | 'ā' => "a",
        'ê' | 'ë' | 'ē' => "e",
        'í' | 'î' | 'ï' | 'ī' => "i",
        'ó' | 'ô' | 'õ' | 'ō' => "o",
        'ú' | 'û' | 'ū' => "u",
        'ç' => "c",
        'Á' | 'À' | 'Â' | 'Ã' => "A",
        'È' | 'Ê' | 'Ë' => "E",
        'Í' | 'Ì' | 'Î' | 'Ï' => "I",
        'Ó' | 'Ò' | 'Ô' | 'Õ' => "O",
        'Ú' | 'Ù' | 'Û' => "U",
        it if it.is_whitespace() => " ",
        it if it.is_control() => "",
        _ => "?",
    }
}
