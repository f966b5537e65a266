//! What people say to the product in a short message, and how long an answer may be.
//!
//! Intuition: a telephone operator at night. She knows a handful of words in whatever spelling they come,
//! and whatever she does not understand completely she does not carry out: taking a page by mistake
//! silences it, and that is the worst she could do. So a message is a command only when every word of its
//! first line is understood; the words of a note are the one exception.
//!
//! Invariants:
//! - no input panics, and none takes longer than its length;
//! - case, punctuation, spaces, and a quoted original below or above change nothing;
//! - an answer fits one text message.

mod interrupted;
mod length;
mod segment;
mod words;

#[cfg(test)]
mod tests;

pub use segment::{SEGMENT_SEPTETS_MAX, one_segment, septets};

use model::{HandoverId, IncidentId, Millis, PageId, SilenceId, SwapId};
use words::{FILLERS, GREETINGS, Word, word};

/// Bytes of a message that are looked at; the rest is left out.
pub const TEXT_BYTES_MAX: usize = 8 * 1_024;

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What they want.
    pub act: Act,
    /// What it is about.
    pub about: About,
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// To take a page.
    Acknowledge,
    /// To say that it is over.
    Resolve,
    /// The next step, now.
    Escalate,
    /// To take something from somebody.
    TakeOver,
    /// Not to have what they took: others are to be called.
    GiveBack,
    /// To write something down.
    Note {
        /// The words after what it is about.
        text: String,
        /// The same with what was taken for a number: `note 12 carriers are down`.
        whole: String,
    },
    /// To hear no more of what a page is about, for a while.
    Silence {
        /// For how long, where they say.
        length: Option<Millis>,
    },
    /// To hear of it again.
    EndSilence(SilenceId),
    /// To know who is on duty, in a rota or team where one is named.
    Who(Option<String>),
    /// To know what can be said.
    Help,
    /// To take a shift they were asked to take, or not.
    Swap {
        /// Which request.
        swap: SwapId,
        /// Whether they take it.
        takes: bool,
    },
    /// To say what a handover says, in their own words.
    Read {
        /// Which handover.
        handover: HandoverId,
        /// What they understood.
        words: String,
    },
    /// To note that somebody disturbed them.
    Interrupted(Interruption),
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// Nobody knows.
    Unclear,
}

/// Somebody was disturbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// For how many minutes, where they say.
    pub minutes: Option<u32>,
    /// What it was, where they say: `question`, `ticket`, `request`, `trouble`, `other`.
    pub kind: Option<String>,
    /// Whether it is for whoever has the tribute from here on.
    pub hand: bool,
    /// What it was about.
    pub text: String,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// It does not say.
    Unsaid,
    /// `12`, `pg_12`.
    Page(PageId),
    /// `in_12`.
    Incident(IncidentId),
}

/// Understands a message, or says that it is unclear.
#[must_use]
pub fn parse(text: &str) -> Said {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (own, quoted) = split_quoted(&text[..end]);
    let Some(first) = own.first() else {
        return Said { act: Act::Unclear, about: About::Unsaid };
    };
    let mut said = parse_line(first);
    if let Act::Read { words, .. } = &mut said.act {
        for line in &own[1..] {
            *words = format!("{words} {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    if let Act::Interrupted(Interruption { text, .. }) = &mut said.act {
        for line in &own[1..] {
            let more = line.split_whitespace().collect::<Vec<_>>().join(" ");
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&more);
        }
    }
    if let Act::Note { text, whole } = &mut said.act {
        for line in &own[1..] {
            for words in [&mut *text, &mut *whole] {
                if !words.is_empty() {
                    words.push(' ');
                }
                words.push_str(&line.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
        if whole.is_empty() {
            said.act = Act::Unclear;
        }
    }
    if said.about == About::Unsaid {
        said.about = quoted_about(&quoted);
    }
    said
}

/// The lines that are the writer's own, and the quoted ones.
fn split_quoted(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut own, mut quoted) = (vec![], vec![]);
    let mut below = false;
    for line in text.lines() {
        let bare = line.trim();
        let marks = bare.starts_with(['>', '|']) || is_attribution(bare);
        if below || marks {
            quoted.push(bare);
        } else if !bare.is_empty() {
            own.push(bare);
        }
        // Above the own words a quotation ends where its marks end; below them everything is quoted.
        below = below || !own.is_empty() && (marks || is_signature(line));
    }
    if own.last().is_some_and(|it| *it == "--") {
        own.pop();
    }
    (own, quoted)
}

/// `On Monday, somebody wrote:`, or the line some programs put before an original.
fn is_attribution(line: &str) -> bool {
    let lower = line.to_lowercase();
    let wrote = lower.ends_with(" wrote:") || lower.ends_with(" schrieb:");
    wrote
        || lower.ends_with(" a écrit :")
        || lower.starts_with("-----original message")
        || lower.starts_with("________")
}

/// The line before a signature (RFC 3676 §4.3).
fn is_signature(line: &str) -> bool {
    line.trim_end() == "--"
}

fn parse_line(line: &str) -> Said {
    let originals: Vec<&str> = line.split_whitespace().collect();
    let words: Vec<String> = originals.iter().map(|it| plain(it)).collect();
    let mut at = words.iter().take_while(|it| GREETINGS.contains(&it.as_str())).count();
    let mut about = About::Unsaid;
    let unclear = |about| Said { act: Act::Unclear, about };
    // `12 ack`: the number first. `1 12` and `1` are the command 1.
    let wordy = |it: &str| word(it).is_some() && !is_command_digit(it);
    if let Some((id, used)) = id_at(&words[at..])
        && let Some(next) = words.get(at + used)
        && (wordy(next) || is_command_digit(next) && !is_command_digit(&words[at]))
    {
        (about, at) = (id, at + used);
    }
    let Some(first) = words.get(at) else { return unclear(about) };
    if let Some(act) = swap(&words[at..]).or_else(|| unmute(&words[at..])) {
        return Said { act, about };
    }
    if let Some(act) = read(&words[at..], &originals[at..]) {
        return Said { act, about };
    }
    if about == About::Unsaid
        && let Some(act) = tribute(&words[at..], &originals[at..])
    {
        return Said { act, about };
    }
    let given = given_back(&words[at..]);
    let (word, glued) = match (word(first), glued(first)) {
        _ if given > 0 => (Word::GiveBack, None),
        (Some(word), _) => (word, None),
        (None, Some((word, id))) => (word, Some(id)),
        (None, None) => {
            let about = id_at(&words[at..]).map_or(about, |(id, _)| id);
            return unclear(about);
        }
    };
    at += given.max(1);
    if let Some(id) = glued {
        about = id;
    }
    at += usize::from(word == Word::TakeOver && words.get(at).is_some_and(|it| it == "over"));
    if word == Word::Who {
        return Said { act: Act::Who(asked_for(&words[at..])), about };
    }
    let whole_from = at;
    if about == About::Unsaid {
        at += words[at..]
            .iter()
            .take_while(|it| ["page", "incident", "on"].contains(&it.as_str()))
            .count();
        match id_at(&words[at..]) {
            Some((id, used)) => {
                about = id;
                at += used;
                // What follows an id that was given with its colon is the message that is answered.
                if originals[at - 1].ends_with(':') && word != Word::Note {
                    return Said { act: act(word), about };
                }
            }
            None => at = whole_from,
        }
    }
    if word == Word::Note {
        let text = originals[at..].join(" ");
        return Said { act: Act::Note { text, whole: originals[whole_from..].join(" ") }, about };
    }
    if word == Word::Silence {
        return match length::said(&words[at..]) {
            Ok(length) => Said { act: Act::Silence { length }, about },
            Err(length::Unclear) => unclear(about),
        };
    }
    if words[at..].iter().all(|it| FILLERS.contains(&it.as_str())) {
        Said { act: act(word), about }
    } else {
        unclear(about)
    }
}

/// How many words say `give back` or `give it back`; 0: none do.
fn given_back(words: &[String]) -> usize {
    match words.iter().map(String::as_str).take(3).collect::<Vec<_>>()[..] {
        ["give", "back", ..] => 2,
        ["give", "it", "back"] => 3,
        _ => 0,
    }
}

/// `3`, or `sw_3` with its prefix.
fn numbered(word: &str, prefix: &str) -> Option<u64> {
    let digits = word.strip_prefix(prefix).unwrap_or(word);
    let short = !digits.is_empty() && digits.len() <= 9;
    (short && digits.bytes().all(|it| it.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// `swap 3`, `swap sw_3 yes`, `noswap 3`, `swap 3 no`: whole, or not at all.
fn swap(words: &[String]) -> Option<Act> {
    let (first, rest) = words.split_first()?;
    let (number, rest) = rest.split_first()?;
    let swap = SwapId(numbered(number, "sw_")?);
    let mut takes = match first.as_str() {
        "swap" => true,
        "noswap" => false,
        _ => return None,
    };
    let mut rest = rest.iter().map(String::as_str);
    match rest.next() {
        Some("no" | "decline") => takes = false,
        // `noswap 3 yes` says both.
        Some("yes" | "accept" | "ok") if !takes => return None,
        Some("yes" | "accept" | "ok") | None => {}
        Some(it) if FILLERS.contains(&it) => {}
        Some(_) => return None,
    }
    rest.all(|it| FILLERS.contains(&it)).then_some(Act::Swap { swap, takes })
}

/// `unmute 4`, `unmute si_4`: whole, or not at all.
fn unmute(words: &[String]) -> Option<Act> {
    let (first, rest) = words.split_first()?;
    let (number, rest) = rest.split_first()?;
    let silence = SilenceId(numbered(number, "si_")?);
    let known = ["unmute", "unsilence"].contains(&first.as_str());
    let clear = rest.iter().all(|it| FILLERS.contains(&it.as_str()));
    (known && clear).then_some(Act::EndSilence(silence))
}

/// `read 3 the mast is slow, look at six`: what follows the number are the reader's words.
fn read(words: &[String], originals: &[&str]) -> Option<Act> {
    let (first, rest) = words.split_first()?;
    let number = rest.first()?;
    let handover = HandoverId(numbered(number, "ho_").filter(|_| first == "read")?);
    Some(Act::Read { handover, words: originals.get(2..).unwrap_or_default().join(" ") })
}

/// An interruption; or `tribute`, `tribute payments`: who has the duty beside on-call.
fn tribute(words: &[String], originals: &[&str]) -> Option<Act> {
    let asked = || Act::Who(asked_for(words));
    let asks = words.first().is_some_and(|it| it == "tribute");
    interrupted::said(words, originals).or_else(|| asks.then(asked))
}

fn act(word: Word) -> Act {
    match word {
        Word::Acknowledge => Act::Acknowledge,
        Word::Resolve => Act::Resolve,
        Word::Escalate => Act::Escalate,
        Word::TakeOver => Act::TakeOver,
        Word::GiveBack => Act::GiveBack,
        Word::Silence => Act::Silence { length: None },
        Word::Help => Act::Help,
        Word::Stop => Act::Stop,
        Word::Start => Act::Start,
        Word::Who => Act::Who(None),
        Word::Note => Act::Note { text: String::new(), whole: String::new() },
    }
}

/// A word in lower case without the signs around it.
fn plain(word: &str) -> String {
    if word.chars().all(|it| it == '?') {
        return "?".to_owned();
    }
    let bare = word.trim_matches(|it: char| it.is_ascii_punctuation() || "“”‘’„«»…".contains(it));
    bare.to_lowercase().replace('’', "'")
}

fn is_command_digit(word: &str) -> bool {
    matches!(word, "1" | "2" | "3" | "4" | "5" | "6")
}

/// An id at the start of `words`, and how many of them it takes: `pg_12`, `pg 12`, `in-3`, `12`.
fn id_at(words: &[String]) -> Option<(About, usize)> {
    let first = words.first()?;
    if let Some(id) = id(first) {
        return Some((id, 1));
    }
    let second = words.get(1)?;
    matches!(first.as_str(), "pg" | "in")
        .then(|| id(&format!("{first}{second}")))
        .flatten()
        .map(|id| (id, 2))
}

fn id(word: &str) -> Option<About> {
    let number = |digits: &str| {
        let digits = digits.trim_start_matches(['_', '-', '#']);
        let short = !digits.is_empty() && digits.len() <= 18;
        (short && digits.bytes().all(|it| it.is_ascii_digit()))
            .then(|| digits.parse().ok())
            .flatten()
    };
    if let Some(rest) = word.strip_prefix("in") {
        return number(rest).map(|it| About::Incident(IncidentId(it)));
    }
    number(word.strip_prefix("pg").unwrap_or(word)).map(|it| About::Page(PageId(it)))
}

/// `ack12`: a word and the number of a page without a space.
fn glued(text: &str) -> Option<(Word, About)> {
    let digits_at = text.find(|it: char| it.is_ascii_digit())?;
    let (before, digits) = text.split_at(digits_at);
    let before = before.trim_end_matches(['_', '-', '#']);
    (before.len() >= 2).then_some(())?;
    Some((word(before)?, id(digits)?))
}

/// The rota or team that is asked about.
fn asked_for(words: &[String]) -> Option<String> {
    const ASIDE: [&str; 20] = [
        "is", "on", "on-call", "oncall", "call", "duty", "for", "now", "the", "at", "in", "team",
        "rota", "are", "today", "please", "s", "?", "has", "of",
    ];
    let named: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|it| !it.is_empty() && !ASIDE.contains(it))
        .collect();
    (!named.is_empty()).then(|| named.join("-"))
}

/// The one page that quoted lines speak of.
fn quoted_about(quoted: &[&str]) -> About {
    let mut found = About::Unsaid;
    for token in
        quoted.iter().flat_map(|it| it.split(|it: char| !it.is_ascii_alphanumeric() && it != '_'))
    {
        if token.starts_with("pg_")
            && let Some(id) = id(token)
        {
            if found != About::Unsaid && found != id {
                return About::Unsaid;
            }
            found = id;
        }
    }
    found
}
