//! The durable layer: journal, samples, keys and settings on memory, SQLite and PostgreSQL.
//!
//! Intuition: a notary's book. Entries are only ever added, each sealed over the one before; whoever
//! writes holds a numbered pen (the *epoch*), and an older pen writes no more.
//!
//! Invariants:
//! - no domain decision: bodies are text, subjects are text;
//! - `append` is one transaction with full sync: all records or none, and `Ok` only when durable;
//! - an append under an old epoch or at another place than expected stores nothing;
//! - the organisation is part of every key of every table;
//! - SQL is in this crate and in no other.

mod chain;
pub mod conformance;
mod error;
mod memory;
mod migrations;
mod postgres;
mod samples;
mod slots;
mod snapshots;
mod sqlite;

pub use chain::{Verdict, record_hash, verify};
pub use error::{AppendError, StoreError};
pub use memory::{MemoryJournal, MemorySamples};
pub use postgres::{PostgresJournal, PostgresSamples};
pub use samples::{MinuteCounts, Samples};
pub use snapshots::Snapshots;
pub use sqlite::{SqliteJournal, SqliteSamples};

use model::{Millis, Timestamp};

/// Personal text, closed; `wire` opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Whose it is.
    pub subject: String,
    /// The nonce it was sealed with.
    pub nonce: Vec<u8>,
    /// Ciphertext; empty when the key was gone already.
    pub sealed: Vec<u8>,
}

/// An entry to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// When it was decided.
    pub at: Timestamp,
    /// What it is, e.g. `page_opened.v1`.
    pub kind: String,
    /// JSON without personal text.
    pub body: String,
    /// Personal texts.
    pub slots: Vec<Slot>,
}

/// An entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place, from 1.
    pub seq: u64,
    /// The epoch under which it was written.
    pub epoch: Epoch,
    /// SHA-256 over the previous hash and everything here.
    pub hash: [u8; 32],
    /// What was added.
    pub new: NewRecord,
}

/// The number of a pen; a later writer has a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Epoch(pub u64);

/// The end of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Place of the last entry; 0 when there is none.
    pub seq: u64,
    /// Its hash; zeros when there is none.
    pub hash: [u8; 32],
}

/// A folded state, so that a restart need not read everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The last entry folded in.
    pub seq: u64,
    /// The hash of that entry: a snapshot of another history is not used.
    pub hash: [u8; 32],
    /// The form of the body.
    pub format: u32,
    /// Digest of the state.
    pub digest: [u8; 32],
    /// The state, sealed by `wire`.
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// There never was one.
    Missing,
    /// Here it is.
    Present(Vec<u8>),
    /// There was one; it is gone for good.
    Destroyed,
}

/// The journal of one organisation with what must be as durable as it.
pub trait Journal: Send {
    /// Takes the writer's lease with a new, larger epoch.
    fn acquire(&mut self, owner: &str, now: Timestamp, ttl: Millis) -> Result<Epoch, StoreError>;
    /// Keeps the lease.
    fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError>;
    /// Gives the lease back; the epoch stays spent.
    fn release(&mut self, epoch: Epoch) -> Result<(), StoreError>;
    /// The end of the journal.
    fn head(&mut self) -> Result<Head, StoreError>;
    /// Adds `records` behind `expected_seq`.
    fn append(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError>;
    /// At most `limit` entries after `after`, oldest first.
    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError>;
    /// Keeps a snapshot; the two latest are kept.
    fn save_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError>;
    /// The latest snapshot.
    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, StoreError>;
    /// Another place for snapshots, which somebody else may use while the journal goes on; `None`
    /// where there is only the journal itself.
    fn snapshots(&mut self) -> Result<Option<Box<dyn Snapshots>>, StoreError> {
        Ok(None)
    }
    /// The key of `subject`.
    fn key(&mut self, subject: &str) -> Result<KeyState, StoreError>;
    /// Keeps a new key; refused for a destroyed one.
    fn put_key(&mut self, subject: &str, key: &[u8]) -> Result<(), StoreError>;
    /// Destroys a key for good, also one that never was.
    fn destroy_key(&mut self, subject: &str) -> Result<(), StoreError>;
    /// A small setting of the server.
    fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError>;
    /// Keeps a small setting of the server.
    fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError>;
}

impl<J: Journal + ?Sized> Journal for Box<J> {
    fn acquire(&mut self, owner: &str, now: Timestamp, ttl: Millis) -> Result<Epoch, StoreError> {
        (**self).acquire(owner, now, ttl)
    }
    fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError> {
        (**self).renew(epoch, now, ttl)
    }
    fn release(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        (**self).release(epoch)
    }
    fn head(&mut self) -> Result<Head, StoreError> {
        (**self).head()
    }
    fn append(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError> {
        (**self).append(epoch, expected_seq, records)
    }
    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        (**self).read(after, limit)
    }
    fn save_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        (**self).save_snapshot(snapshot)
    }
    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, StoreError> {
        (**self).latest_snapshot()
    }
    fn snapshots(&mut self) -> Result<Option<Box<dyn Snapshots>>, StoreError> {
        (**self).snapshots()
    }
    fn key(&mut self, subject: &str) -> Result<KeyState, StoreError> {
        (**self).key(subject)
    }
    fn put_key(&mut self, subject: &str, key: &[u8]) -> Result<(), StoreError> {
        (**self).put_key(subject, key)
    }
    fn destroy_key(&mut self, subject: &str) -> Result<(), StoreError> {
        (**self).destroy_key(subject)
    }
    fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        (**self).get_setting(name)
    }
    fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        (**self).put_setting(name, value)
    }
}
