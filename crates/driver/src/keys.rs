//! Keys of people, kept in the journal's store, with a cache; and the one source of randomness.

use model::Map;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Journal, KeyState};
use wire::{KEY_LENGTH, Keyring, Random, SealError};

/// Most keys remembered; beyond, the cache starts anew.
const CACHE_MAX: usize = 10_000;

/// One source of randomness for several users.
#[derive(Clone)]
pub(crate) struct SharedRandom(Arc<Mutex<Box<dyn Random>>>);

impl SharedRandom {
    pub(crate) fn new(random: Box<dyn Random>) -> Self {
        Self(Arc::new(Mutex::new(random)))
    }
}

impl Random for SharedRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

impl fmt::Debug for SharedRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedRandom")
    }
}

/// Keys by subject; `None` for one that was destroyed. A copy costs nothing.
pub(crate) type Known = Map<String, Option<Vec<u8>>>;

/// What is known of keys without asking the store.
pub(crate) struct KeyCache {
    known: Known,
    pub(crate) random: SharedRandom,
}

impl KeyCache {
    pub(crate) fn new(random: Box<dyn Random>) -> Self {
        Self { known: Known::new(), random: SharedRandom::new(random) }
    }

    /// What is known now.
    pub(crate) fn known(&self) -> Known {
        self.known.clone()
    }

    /// The key of `subject` was destroyed.
    pub(crate) fn forget(&mut self, subject: &str) {
        self.known.insert(subject.to_owned(), None);
    }

    pub(crate) fn over<'a, J: Journal>(&'a mut self, journal: &'a mut J) -> Keys<'a, J> {
        Keys { cache: self, journal }
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

/// The keys of one journal.
pub(crate) struct Keys<'a, J> {
    cache: &'a mut KeyCache,
    journal: &'a mut J,
}

impl<J: Journal> Keyring for Keys<'_, J> {
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError> {
        if let Some(known) = self.cache.known.get(subject) {
            return Ok(known.clone());
        }
        let unreachable = |it: store::StoreError| SealError(it.to_string());
        let key = match self.journal.key(subject).map_err(unreachable)? {
            KeyState::Present(key) => Some(key),
            KeyState::Destroyed => None,
            KeyState::Missing => {
                let mut key = vec![0; KEY_LENGTH];
                self.cache.random.fill(&mut key);
                // Durable before anything sealed with it is.
                self.journal.put_key(subject, &key).map_err(unreachable)?;
                Some(key)
            }
        };
        if self.cache.known.len() >= CACHE_MAX {
            self.cache.known.clear();
        }
        self.cache.known.insert(subject.to_owned(), key.clone());
        Ok(key)
    }
}
