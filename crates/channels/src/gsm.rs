//! What a text message costs: the alphabet of telephones, and how many messages a text becomes.
//!
//! Intuition: a text message has 140 bytes. In the alphabet of GSM that is 160 characters of seven bits;
//! one character from outside turns the whole message into 70 of sixteen. So a single typographic quote
//! can double the bill, and on some networks the second half comes an hour later.
//!
//! The tables are those of 3GPP TS 23.038 §6.2.1 (default alphabet and its extension), the lengths those
//! of TS 23.040 §9.2.3.24.1: a message in parts carries a header of six bytes in each, which leaves 153
//! septets or 67 units.
//!
//! Invariants:
//! - what [`plain`] gives out is read as what went in; a letter is changed only where that buys the
//!   cheaper alphabet for the whole text;
//! - no character is ever divided between two messages.

/// The default alphabet, without the escape character.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension: each takes two septets.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Septets of one message, and of each where there are several.
const SEPTETS: (usize, usize) = (160, 153);

/// Units of sixteen bits of one message, and of each where there are several.
const UNITS: (usize, usize) = (70, 67);

/// How a text goes over the air, and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The alphabet.
    pub alphabet: Alphabet,
    /// Septets or units.
    pub length: usize,
    /// How many messages are paid for.
    pub segments: usize,
}

/// How the characters of a text message are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// GSM-7: 160 in a message.
    Gsm7,
    /// UCS-2: 70 in a message.
    Ucs2,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let alphabet = match self.alphabet {
            Alphabet::Gsm7 => "GSM-7",
            Alphabet::Ucs2 => "UCS-2",
        };
        let plural = if self.segments == 1 { "" } else { "s" };
        write!(f, "{} text message{plural} ({} in {alphabet})", self.segments, self.length)
    }
}

/// What `text` costs as it stands.
#[must_use]
pub fn cost(text: &str) -> Cost {
    let (alphabet, width, (alone, each)): (_, fn(char) -> usize, _) = if is_gsm(text) {
        (Alphabet::Gsm7, |it| septets(it).unwrap_or(0), SEPTETS)
    } else {
        (Alphabet::Ucs2, char::len_utf16, UNITS)
    };
    let length: usize = text.chars().map(width).sum();
    let mut segments = 1;
    if length > alone {
        let mut filled = 0;
        for width in text.chars().map(width) {
            if filled + width > each {
                segments += 1;
                filled = 0;
            }
            filled += width;
        }
    }
    Cost { alphabet, length, segments }
}

/// `text` with the same meaning in the cheaper alphabet, where there is a way.
#[must_use]
pub fn plain(text: &str) -> String {
    // Punctuation first: it is the same whatever the letters are.
    let mut marks = String::with_capacity(text.len());
    for it in text.chars() {
        match mark(it) {
            Some(same) => marks.push_str(same),
            None => marks.push(it),
        }
    }
    if is_gsm(&marks) {
        return marks;
    }
    let mut letters = String::with_capacity(marks.len());
    for it in marks.chars() {
        match letter(it) {
            Some(near) if septets(it).is_none() => letters.push_str(near),
            _ => letters.push(it),
        }
    }
    // Half of the way costs as much as none and reads worse.
    if is_gsm(&letters) { letters.trim_start().to_owned() } else { marks }
}

/// As much of the beginning of `text` as costs `segments_max` messages together with `tail`, which is
/// never cut; where something is missing three dots say so.
#[must_use]
pub fn fitted(text: &str, tail: &str, segments_max: usize) -> String {
    let whole = format!("{text}{tail}");
    if cost(&whole).segments <= segments_max {
        return whole;
    }
    let ends: Vec<usize> = text.char_indices().map(|(index, _)| index).collect();
    // The longest beginning that fits: what is shorter fits as well, so the middle decides.
    let (mut fits, mut beyond) = (0, ends.len());
    while beyond - fits > 1 {
        let middle = fits.midpoint(beyond);
        let tried = format!("{}...{tail}", text[..ends[middle]].trim_end());
        if cost(&tried).segments <= segments_max {
            fits = middle;
        } else {
            beyond = middle;
        }
    }
    let kept = ends.get(fits).map_or("", |end| &text[..*end]);
    format!("{}...{tail}", kept.trim_end())
}

/// Whether every character is in the alphabet of telephones.
#[must_use]
pub fn is_gsm(text: &str) -> bool {
    text.chars().all(|it| septets(it).is_some())
}

fn septets(it: char) -> Option<usize> {
    if BASIC.contains(it) { Some(1) } else { EXTENSION.contains(it).then_some(2) }
}

/// Punctuation and symbols that mean the same as one from the alphabet, whatever surrounds them.
fn mark(it: char) -> Option<&'static str> {
    Some(match it {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' | '`' | '\u{b4}' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2033}' | '\u{ab}' | '\u{bb}' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{2026}' => "...",
        '\u{2022}' | '\u{b7}' | '\u{25cf}' => "*",
        '\t' | '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => " ",
        '\u{2190}' => "<-",
        '\u{2192}' => "->",
        '\u{21d2}' => "=>",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{2260}' => "!=",
        '\u{d7}' => "x",
        '\u{f7}' => "/",
        // Marks that show nothing themselves.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe0e}' | '\u{fe0f}' | '\u{feff}' => {
            ""
        }
        _ => return None,
    })
}

/// A letter that is read as the same word without its accent, or a picture that words do not need.
fn letter(it: char) -> Option<&'static str> {
    const NEAR: [(&str, &str); 44] = [
        ("ÁÀÂÃĀĂĄ", "A"),
        ("áâãāăą", "a"),
        ("ĆĈĊČ", "C"),
        ("çćĉċč", "c"),
        ("ĎĐ", "D"),
        ("ďđ", "d"),
        ("ÈÊËĒĔĖĘĚ", "E"),
        ("êëēĕėęě", "e"),
        ("ĜĞĠĢ", "G"),
        ("ĝğġģ", "g"),
        ("ĤĦ", "H"),
        ("ĥħ", "h"),
        ("ÌÍÎÏĨĪĬĮİ", "I"),
        ("íîïĩīĭįı", "i"),
        ("Ĵ", "J"),
        ("ĵ", "j"),
        ("Ķ", "K"),
        ("ķ", "k"),
        ("ĹĻĽŁ", "L"),
        ("ĺļľł", "l"),
        ("ŃŅŇ", "N"),
        ("ńņň", "n"),
        ("ÒÓÔÕŌŎŐ", "O"),
        ("óôõōŏő", "o"),
        ("ŔŖŘ", "R"),
        ("ŕŗř", "r"),
        ("ŚŜŞŠȘ", "S"),
        ("śŝşšș", "s"),
        ("ŢŤŦȚ", "T"),
        ("ţťŧț", "t"),
        ("ÙÚÛŨŪŬŮŰŲ", "U"),
        ("úûũūŭůűų", "u"),
        ("Ŵ", "W"),
        ("ŵ", "w"),
        ("ÝŶŸ", "Y"),
        ("ýŷÿ", "y"),
        ("ŹŻŽ", "Z"),
        ("źżž", "z"),
        ("Œ", "OE"),
        ("œ", "oe"),
        ("°º", "o"),
        ("µ", "u"),
        ("™", "(TM)"),
        ("©®", "(c)"),
    ];
    let is_picture = matches!(it, '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    if is_picture {
        return Some("");
    }
    NEAR.iter().find(|(from, _)| from.contains(it)).map(|(_, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::Alphabet::{Gsm7, Ucs2};
    use super::*;

    #[test]
    fn the_alphabet_is_whole() {
        assert_eq!(BASIC.chars().count(), 127, "and the escape character makes 128");
        let all: std::collections::BTreeSet<char> =
            BASIC.chars().chain(EXTENSION.chars()).collect();
        assert_eq!(all.len(), 127 + 10);
    }

    #[test]
    fn what_a_text_costs() {
        let check = |text: &str, alphabet, length, segments| {
            assert_eq!(cost(text), Cost { alphabet, length, segments }, "{text:?}");
        };
        check("", Gsm7, 0, 1);
        check(&"a".repeat(160), Gsm7, 160, 1);
        check(&"a".repeat(161), Gsm7, 161, 2);
        check(&"a".repeat(306), Gsm7, 306, 2);
        check(&"a".repeat(307), Gsm7, 307, 3);
        check(&"é".repeat(160), Gsm7, 160, 1);
        check(&"€".repeat(80), Gsm7, 160, 1);
        // 153 is odd: a pair that would be divided moves on, so 2 x 76 fit and not 153.
        check(&"€".repeat(81), Gsm7, 162, 2);
        check(&"€".repeat(152), Gsm7, 304, 2);
        check(&"€".repeat(153), Gsm7, 306, 3);
        check(&"ж".repeat(70), Ucs2, 70, 1);
        check(&"ж".repeat(71), Ucs2, 71, 2);
        check(&"ж".repeat(135), Ucs2, 135, 3);
        check("ç", Ucs2, 1, 1);
        check(&"\u{1f525}".repeat(35), Ucs2, 70, 1);
        check(&"\u{1f525}".repeat(36), Ucs2, 72, 2);
        check(&"\u{1f525}".repeat(67), Ucs2, 134, 3);
        assert_eq!(cost("ж").to_string(), "1 text message (1 in UCS-2)");
        assert_eq!(cost(&"a".repeat(161)).to_string(), "2 text messages (161 in GSM-7)");
    }

    #[test]
    fn what_is_changed_and_what_stays() {
        let check = |text: &str, expect: &str| assert_eq!(plain(text), expect, "{text:?}");
        check("“Größe” – it’s 5 µs…", "\"Größe\" - it's 5 us...");
        check("café é à ñ ü Ç", "café é à ñ ü Ç");
        check("façade à Köln", "facade à Köln");
        check("São Paulo → Łódź", "Sao Paulo -> Lodz");
        check("\u{1f525} disk full \u{26a0}\u{fe0f}", "disk full ");
        check("a\tb\u{a0}c\u{200b}d", "a b cd");
        check("Ñandú Ωmega", "Ñandu Ωmega");
        // Another script costs anyway, so nothing is taken away from the letters beside it.
        check("Łódź “жар” \u{1f525}", "Łódź \"жар\" \u{1f525}");
    }

    #[test]
    fn a_text_is_cut_to_what_it_may_cost_and_its_end_is_not() {
        let check = |text: &str, tail: &str, segments, expect: &str| {
            assert_eq!(fitted(text, tail, segments), expect);
        };
        check("short", " https://l.example", 1, "short https://l.example");
        let cut = fitted(&"a".repeat(300), " tail", 1);
        assert_eq!(cut, format!("{}... tail", "a".repeat(152)));
        check(&"ж".repeat(80), " ж", 1, &format!("{}... ж", "ж".repeat(65)));
        let nothing_left = "t".repeat(170);
        check("abc", &nothing_left, 1, &format!("...{nothing_left}"));
    }
}
