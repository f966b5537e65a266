//! Who is one person, and who is none.
//!
//! Intuition: people change addresses more often than names, and keep names less apart than addresses.
//! Avelino et al. join upper-cased addresses by equal upper-cased names; JetBrains takes the address
//! alone. `.mailmap`, where somebody has written down who is who, comes before either.
//!
//! Joining is transitive: two addresses with one name are one person, and so are two names with one
//! address. That is wrong for names such as `root`; the strip therefore shows the other rule.
//!
//! Programs write commits and stand in trailers, but cannot be asked. They are known by `[bot]`, by
//! names that end in `bot`, and by the addresses that updaters and coding agents sign with.

use crate::history::{Contact, History};
use std::collections::BTreeMap;

/// How contacts become people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// What is joined.
    pub merge: Merge,
    /// Whether `.mailmap` is followed.
    pub mailmap: bool,
}

/// What makes two contacts one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Merge {
    /// Equal addresses, or equal names; letter case does not count.
    EmailOrName,
    /// Equal addresses; letter case does not count.
    Email,
}

/// Addresses, or their ends, that updaters and coding agents sign with.
const PROGRAM_ADDRESSES: &[&str] = &[
    "noreply@anthropic.com",
    "cursoragent@cursor.com",
    "copilot@github.com",
    "@users.noreply.copilot.github.com",
    "noreply@aider.chat",
    "aider@aider.chat",
    "openhands@all-hands.dev",
    "codex@openai.com",
    "noreply@openai.com",
    "gemini-code-assist@google.com",
    "amp@ampcode.com",
    "support@github.com",
    "bot@renovateapp.com",
    "support@dependabot.com",
    "support@greenkeeper.io",
    "support@pyup.io",
    "noreply@weblate.org",
    "hosted@weblate.org",
];

/// Names of updaters, mergers and coding agents that do not say `bot`.
const PROGRAM_NAMES: &[&str] = &[
    "copilot",
    "github copilot",
    "claude",
    "claude code",
    "codex",
    "cursor",
    "cursor agent",
    "aider",
    "openhands",
    "devin ai",
    "gemini code assist",
    "jules",
    "dependabot",
    "dependabot preview",
    "renovate",
    "whitesource renovate",
    "mend renovate",
    "greenkeeper",
    "github actions",
    "github-actions",
    "gitlab ci",
    "travis ci",
    "circleci",
    "jenkins",
    "weblate",
    "transifex",
    "crowdin",
    "pre-commit-ci",
    "mergify",
];

/// Whether this is a program and nobody who could be asked.
#[must_use]
pub fn is_program(contact: &Contact) -> bool {
    let (name, email) = (contact.name.to_lowercase(), contact.email.to_lowercase());
    let user = email.split('@').next().unwrap_or_default();
    // "Talbot" is a name: only a word of its own says what somebody is.
    let says_bot = |text: &str| {
        text.contains("[bot]") || text.split(|it: char| !it.is_alphanumeric()).any(|it| it == "bot")
    };
    // `Claude` is a first name too: a name alone is enough only without an address of somebody's own.
    let without_address = email.is_empty() || user.contains("noreply") || user.contains("no-reply");
    says_bot(&name)
        || says_bot(user)
        || PROGRAM_ADDRESSES
            .iter()
            .any(|it| email == *it || (it.starts_with('@') && email.ends_with(it)))
        || (PROGRAM_NAMES.contains(&name.as_str())
            && (without_address || email.ends_with("users.noreply.github.com")))
}

/// Every contact's person, as a number.
pub(crate) struct People {
    by_contact: BTreeMap<Contact, usize>,
    pub(crate) count: usize,
    /// What each person is called: the first of their names in the order of contacts.
    pub(crate) names: Vec<String>,
    /// How many contacts `.mailmap` changed.
    pub(crate) mapped: usize,
}

impl People {
    pub(crate) fn of(history: &History, identity: Identity) -> Self {
        let contacts = history.contacts();
        let canonical = |contact: &Contact| match history.mailmap.get(contact) {
            Some(it) if identity.mailmap => it.clone(),
            _ => contact.clone(),
        };
        let mapped = contacts.iter().filter(|it| canonical(it) != **it).count();
        let mut joined = Joined::default();
        let places: Vec<usize> =
            contacts.iter().map(|it| joined.place(&canonical(it), identity.merge)).collect();
        // Numbers follow the order of contacts, so that they do not depend on who was joined when.
        let mut numbers = BTreeMap::new();
        let mut by_contact = BTreeMap::new();
        let mut names: Vec<String> = vec![];
        for (contact, place) in contacts.into_iter().zip(places) {
            let next = numbers.len();
            if !numbers.contains_key(&joined.root(place)) {
                names.push(canonical(&contact).name);
            }
            let number = *numbers.entry(joined.root(place)).or_insert(next);
            by_contact.insert(contact, number);
        }
        Self { by_contact, count: numbers.len(), names, mapped }
    }

    /// The person behind a contact of the history this was made from.
    pub(crate) fn number(&self, contact: &Contact) -> usize {
        *self.by_contact.get(contact).expect("every contact of the history has a number")
    }
}

/// Sets that are joined by common keys.
#[derive(Default)]
struct Joined {
    parent: Vec<usize>,
    by_key: BTreeMap<(&'static str, String), usize>,
}

impl Joined {
    fn place(&mut self, contact: &Contact, merge: Merge) -> usize {
        let name = ("name", contact.name.to_uppercase());
        let email = ("email", contact.email.to_uppercase());
        let keys = match merge {
            // Without an address the name is all there is.
            Merge::Email if email.1.is_empty() => vec![name],
            Merge::Email => vec![email],
            Merge::EmailOrName => vec![email, name],
        };
        let place = self.parent.len();
        self.parent.push(place);
        for key in keys.into_iter().filter(|it| !it.1.is_empty()) {
            let other = *self.by_key.entry(key).or_insert(place);
            let (a, b) = (self.root(place), self.root(other));
            self.parent[a.max(b)] = a.min(b);
        }
        place
    }

    fn root(&self, mut place: usize) -> usize {
        while self.parent[place] != place {
            place = self.parent[place];
        }
        place
    }
}
