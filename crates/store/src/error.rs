//! What can go wrong, in words an operator can act on.

use model::Timestamp;

/// Why something other than an append failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process uses the data folder.
    #[error(
        "the data folder {folder} is in use by {holder}; stop that process, or name another folder with --data"
    )]
    InUse {
        /// Which folder.
        folder: String,
        /// By whom, as far as known.
        holder: String,
    },
    /// Another writer holds the lease.
    #[error("another writer, {owner}, holds the journal until {until}")]
    LeaseHeld {
        /// Who.
        owner: String,
        /// Until when.
        until: Timestamp,
    },
    /// A later writer took over.
    #[error("a later writer has taken over (epoch {current}); this one must stop")]
    Fenced {
        /// The epoch in force.
        current: u64,
    },
    /// Written by a newer release.
    #[error(
        "the database has the migration `{migration}`, which this release does not know; use the release that made it, or a newer one"
    )]
    NewerSchema {
        /// Its name.
        migration: String,
    },
    /// A migration was changed after it was applied.
    #[error("the migration `{migration}` is not the one that was applied to this database")]
    AlteredMigration {
        /// Its name.
        migration: String,
    },
    /// The disk is full.
    #[error("the disk is full; free some space, nothing that was accepted is lost")]
    Full,
    /// The key was destroyed.
    #[error("the key of `{subject}` was destroyed and cannot be made again")]
    KeyDestroyed {
        /// Whose.
        subject: String,
    },
    /// A write or a sync failed, or what was read is damaged. What is on the disk is not known; only
    /// who opens it anew and looks may go on.
    #[error("the disk has failed ({0}); what is on it is not known until it is opened again")]
    Broken(String),
    /// Anything else the database or the disk says.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
}

/// Why an append failed. Nothing was stored, except that after [`AppendError::Unknown`] nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended first.
    #[error("the journal is at {actual}, not where this writer believed")]
    Conflict {
        /// Where it is.
        actual: u64,
    },
    /// A later writer took over.
    #[error("a later writer has taken over (epoch {current}); this one must stop")]
    Fenced {
        /// The epoch in force.
        current: u64,
    },
    /// It may work later.
    #[error("the journal cannot be written now: {0}")]
    Unavailable(String),
    /// The connection broke before the answer came: stored or not, the journal itself must be asked.
    #[error("the answer of the journal was lost, so whether this was stored is not known yet: {0}")]
    Unknown(String),
    /// The disk lied once and cannot be trusted: the process must exit and start again from what is
    /// really there.
    #[error("the journal cannot be trusted any more: {0}")]
    Fatal(String),
}
