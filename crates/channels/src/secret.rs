//! Secrets in the hands of a sender: they never show, and what a provider says is read over before it is
//! repeated.
//!
//! Intuition: a gateway that answers `bad password "hunter2"` means well. Its words go into the journal
//! and the log, where no secret may ever stand; so every outcome passes here on its way out.
//!
//! Invariant: neither `Debug` nor an outcome holds a secret, plain, percent-encoded, or in base64.

use crate::Outcome;
use crate::text::url_encoded;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Shorter ones would be found in words that have nothing to do with them; and guessed.
const LENGTH_MIN: usize = 4;

/// What stands where a secret stood.
const HIDDEN: &str = "(secret)";

/// A secret that only its sender reads.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// What must not be repeated.
#[derive(Default)]
pub(crate) struct Unspeakable {
    /// The longest first, so that a part is not replaced before the whole.
    words: Vec<String>,
}

impl std::fmt::Debug for Unspeakable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.words.len())
    }
}

impl Unspeakable {
    /// Adds a secret in every form in which it travels. Of an address also its path: hosts are no
    /// secret, and errors name them.
    pub(crate) fn add(&mut self, secret: &str) {
        self.word(secret);
        self.word(&url_encoded(secret));
        self.word(&STANDARD.encode(secret));
        self.word(secret.trim_start_matches("whsec_"));
        if let Some((_, rest)) = secret.split_once("://")
            && let Some((_, path)) = rest.split_once('/')
        {
            self.word(path);
            path.split(['/', '?', '&', '=', '#']).for_each(|it| {
                // `hooks`, `services` and the like are no secrets; what is random is longer.
                if it.len() >= 12 {
                    self.word(it);
                }
            });
        }
        self.words.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        self.words.dedup();
    }

    fn word(&mut self, word: &str) {
        if word.len() >= LENGTH_MIN {
            self.words.push(word.to_owned());
        }
    }

    /// `text` without them.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, it| text.replace(it.as_str(), HIDDEN))
    }

    pub(crate) fn clean_outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Sent { provider_id } => {
                Outcome::Sent { provider_id: self.clean(&provider_id) }
            }
            Outcome::Transient { detail } => Outcome::Transient { detail: self.clean(&detail) },
            Outcome::Permanent { detail } => Outcome::Permanent { detail: self.clean(&detail) },
        }
    }
}
