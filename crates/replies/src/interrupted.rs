//! `interrupted 15 ticket where is the invoice?`: somebody was disturbed, and says so in one word or a line.
//!
//! Intuition: whoever was just pulled out of a thought writes one word, or nothing. So one word is enough,
//! and everything behind it that is no length and no kind is what it was about.
//!
//! Invariant: a length that is not understood whole is no length, but the beginning of what it was about; so
//! nothing that was written is lost.

use super::{Act, Interruption};

/// Words that say it.
const WORDS: [&str; 4] = ["interrupted", "interruption", "disturbed", "interrupt"];

/// What it can have been; the words that the tribute has for it.
const KINDS: [&str; 5] = ["question", "ticket", "request", "trouble", "other"];

/// What somebody says about an interruption, if that is what they say.
pub(crate) fn said(words: &[String], originals: &[&str]) -> Option<Act> {
    let (first, rest) = words.split_first()?;
    if !WORDS.contains(&first.as_str()) {
        return None;
    }
    let mut at = 0;
    let mut minutes = None;
    if let Some((said, used)) = length(rest) {
        (minutes, at) = (Some(said), used);
    }
    let kind = rest.get(at).filter(|it| KINDS.contains(&it.as_str())).cloned();
    at += usize::from(kind.is_some());
    let hand = rest.get(at).is_some_and(|it| it == "hand");
    at += usize::from(hand);
    let text = originals.get(1 + at..).unwrap_or_default().join(" ");
    Some(Act::Interrupted(Interruption { minutes, kind, hand, text }))
}

/// Minutes at the start of `words`, and how many words say so: `15`, `15m`, `15 min`, `2h`.
fn length(words: &[String]) -> Option<(u32, usize)> {
    let first = words.first()?;
    let unit_at = first.find(|it: char| !it.is_ascii_digit()).unwrap_or(first.len());
    let (digits, glued) = first.split_at(unit_at);
    let count: u32 = if digits.len() <= 4 { digits.parse().ok()? } else { return None };
    let of = |unit: &str| match unit {
        "m" | "min" | "mins" | "minute" | "minutes" => Some(1),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(60),
        _ => None,
    };
    if !glued.is_empty() {
        return Some((count * of(glued)?, 1));
    }
    match words.get(1).and_then(|it| of(it)) {
        Some(each) => Some((count * each, 2)),
        None => Some((count, 1)),
    }
}
