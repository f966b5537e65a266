//! What is carried, and what became of it.

use crate::Callbacks;
use model::Timestamp;

/// A letter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// The same for every attempt; providers that can, drop a key they have seen.
    pub key: String,
    /// E-mail address, telephone number, ntfy topic, or what a chat calls the person; empty for a
    /// channel that leads to one place.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Everything, as plain text.
    pub text: String,
    /// For a telephone: at most [`SHORT_LENGTH_MAX`] characters before the link.
    pub short: String,
    /// Where the reader can take the page.
    pub ack_url: Option<String>,
    /// Where everything about it stands; behind a log-in.
    pub url: Option<String>,
    /// What the reader can do by a button, where the medium has buttons that reach us.
    pub actions: Vec<Action>,
    /// Where the provider reaches us about this letter; `None` when it cannot.
    pub callbacks: Option<Callbacks>,
    /// Whether it should wake somebody.
    pub priority: Priority,
    /// For machines.
    pub data: serde_json::Value,
}

/// Characters of [`Message::short`]. What goes by SMS is cut further, to one text message with its
/// link.
pub const SHORT_LENGTH_MAX: usize = 300;

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Takes the page.
    Acknowledge,
    /// Ends the incident.
    Resolve,
}

impl Action {
    /// Every action, in the order of the buttons.
    pub const ALL: [Self; 2] = [Self::Acknowledge, Self::Resolve];

    /// The word that comes back when the button is pressed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }

    /// The action that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// What stands on the button.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledge",
            Self::Resolve => "Resolve",
        }
    }

    pub(crate) fn slack_style(self) -> Option<&'static str> {
        (self == Self::Acknowledge).then_some("primary")
    }
}

/// Whether a letter should wake somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Priority {
    /// It should.
    High,
    /// It can wait.
    #[default]
    Normal,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took it.
    Sent {
        /// The provider's id for it; empty where it gave none.
        provider_id: String,
    },
    /// It may be taken later.
    Transient {
        /// Why not now.
        detail: String,
    },
    /// It never will be.
    Permanent {
        /// Why.
        detail: String,
    },
}

/// What a provider knows about a letter that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// It is still on its way, as far as anybody knows.
    Nothing,
    /// It reached a device.
    Reached {
        /// When, where the provider says so.
        at: Option<Timestamp>,
    },
    /// Somebody confirmed it on the device.
    Acknowledged {
        /// When.
        at: Timestamp,
    },
    /// It reached no device and will not.
    Failed {
        /// Why.
        detail: String,
    },
}
