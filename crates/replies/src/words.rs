//! The words that are understood.

/// A command, whatever it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Acknowledge,
    Resolve,
    Escalate,
    TakeOver,
    GiveBack,
    Silence,
    Note,
    Who,
    Help,
    Stop,
    Start,
}

/// Every word, in lower case. The digits are those of the keypad when a call reads a page aloud, and more.
/// The words that stop and start are those that operators of text messages agreed upon.
const WORDS: [(Word, &[&str]); 11] = [
    (
        Word::Acknowledge,
        &[
            "1",
            "ack",
            "acked",
            "acknowledge",
            "acknowledged",
            "ok",
            "okay",
            "yes",
            "mine",
            "👍",
            "✅",
        ],
    ),
    (Word::Escalate, &["2", "esc", "escalate", "escalated", "next"]),
    (Word::Who, &["3", "who", "who's", "whos", "oncall", "on-call"]),
    (Word::Resolve, &["4", "resolve", "resolved", "close", "closed", "done", "fixed", "solved"]),
    (Word::TakeOver, &["5", "take", "takeover", "take-over"]),
    (Word::GiveBack, &["unack", "unacknowledge", "giveback", "give-back", "handback", "release"]),
    (Word::Silence, &["mute", "silence", "hush"]),
    (Word::Note, &["6", "note", "comment"]),
    (Word::Help, &["help", "?", "info", "commands"]),
    (
        Word::Stop,
        &["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "opt-out", "revoke"],
    ),
    (Word::Start, &["start", "unstop"]),
];

/// Words before a command that change nothing.
pub(crate) const GREETINGS: [&str; 7] = ["please", "pls", "hi", "hello", "hey", "i", "we"];

/// Words behind a command that change nothing. None of them can turn a yes into a no.
pub(crate) const FILLERS: [&str; 33] = [
    "", "please", "pls", "plz", "thanks", "thank", "you", "thx", "ty", "cheers", "now", "it",
    "this", "page", "i", "i'm", "im", "am", "have", "got", "on", "my", "way", "the", "that", "me",
    "is", "mine", "looking", "at", "into", "ok", "all",
];

/// The command a word stands for.
pub(crate) fn word(text: &str) -> Option<Word> {
    WORDS.iter().find(|(_, words)| words.contains(&text)).map(|(word, _)| *word)
}
