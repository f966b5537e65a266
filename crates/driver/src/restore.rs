//! From what is stored back to a state: the latest snapshot, then every record behind it.
//!
//! A snapshot is only a shortcut. One that is of another form, of another history, or not what its
//! digest says is left aside, and the journal is read from the beginning.

use crate::keys::KeyCache;
use engine::{EventRecord, State};
use std::panic::{AssertUnwindSafe, catch_unwind};
use store::{Head, Journal, NewRecord, Record, Snapshot, Snapshots, StoreError, record_hash};
use tracing::{info, warn};
use wire::{DecodeError, SNAPSHOT_FORMAT, SealError};

/// Records read in one go.
pub(crate) const READ_MAX: usize = 1_000;

/// Why a journal cannot be opened for writing.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The chain of hashes is broken.
    #[error(
        "the journal is damaged at record {seq}: {problem}; run `lamplighter journal verify`, and restore a backup"
    )]
    Broken {
        /// At which record.
        seq: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A record is readable and in its place, but cannot have happened.
    #[error(
        "record {seq} does not follow from what came before ({problem}); this is a bug, please report it"
    )]
    Impossible {
        /// Which record.
        seq: u64,
        /// What was violated.
        problem: String,
    },
}

/// A state with the place in the journal it belongs to.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) state: State,
    pub(crate) head: Head,
    /// Where the snapshot was that helped; 0 when none did.
    pub(crate) snapshot_seq: u64,
}

pub(crate) fn restore<J: Journal>(
    journal: &mut J,
    keeper: Option<&mut Box<dyn Snapshots>>,
    org: &str,
    keys: &mut KeyCache,
) -> Result<Restored, OpenError> {
    let claimed = journal.head()?;
    let mut restored = from_snapshot(journal, keeper, keys)?.unwrap_or(Restored {
        state: State::default(),
        head: Head::default(),
        snapshot_seq: 0,
    });
    restored.head = follow(journal, org, keys, &mut restored.state, restored.head)?;
    if restored.head != claimed {
        let problem = "the journal is shorter than its head says".to_owned();
        return Err(OpenError::Broken { seq: restored.head.seq + 1, problem });
    }
    info!(seq = restored.head.seq, snapshot = restored.snapshot_seq, "journal is open");
    Ok(restored)
}

/// Checks and folds into `state` every record behind `head`; the new head.
pub(crate) fn follow<J: Journal>(
    journal: &mut J,
    org: &str,
    keys: &mut KeyCache,
    state: &mut State,
    mut head: Head,
) -> Result<Head, OpenError> {
    loop {
        let records = journal.read(head.seq, READ_MAX)?;
        if records.is_empty() {
            return Ok(head);
        }
        for record in &records {
            head = checked(org, head, record)?;
            let record = decoded(record, &mut keys.over(journal))?;
            fold(state, &record)?;
        }
    }
}

/// What `record` says.
pub(crate) fn decoded(
    record: &Record,
    keys: &mut dyn wire::Keyring,
) -> Result<EventRecord, DecodeError> {
    let NewRecord { at, kind, body, slots } = &record.new;
    let slots = slots.iter().map(|it| wire::Slot {
        subject: it.subject.clone(),
        nonce: it.nonce.clone(),
        sealed: it.sealed.clone(),
    });
    let slots: Vec<wire::Slot> = slots.collect();
    wire::decode_parts(record.seq, *at, kind, body, &slots, keys)
}

fn checked(org: &str, head: Head, record: &Record) -> Result<Head, OpenError> {
    let broken = |problem: &str| OpenError::Broken { seq: head.seq + 1, problem: problem.into() };
    if record.seq != head.seq + 1 {
        return Err(broken("it is missing"));
    }
    if record_hash(org, &head.hash, record.seq, record.epoch.0, &record.new) != record.hash {
        return Err(broken("it was altered, or the one before it was"));
    }
    Ok(Head { seq: record.seq, hash: record.hash })
}

fn fold(state: &mut State, record: &EventRecord) -> Result<(), OpenError> {
    catch_unwind(AssertUnwindSafe(|| state.apply(record)))
        .map_err(|panic| OpenError::Impossible { seq: record.seq, problem: words(panic.as_ref()) })
}

fn from_snapshot<J: Journal>(
    journal: &mut J,
    keeper: Option<&mut Box<dyn Snapshots>>,
    keys: &mut KeyCache,
) -> Result<Option<Restored>, OpenError> {
    let kept = match keeper {
        Some(keeper) => keeper.all()?,
        None => journal.latest_snapshot()?.into_iter().collect(),
    };
    for snapshot in kept {
        let seq = snapshot.seq;
        match open_snapshot(journal, keys, &snapshot).map_err(DecodeError::from)? {
            Ok(state) => {
                let head = Head { seq, hash: snapshot.hash };
                return Ok(Some(Restored { state, head, snapshot_seq: seq }));
            }
            Err(problem) => {
                warn!(seq, "a snapshot is not used ({problem}): reading more of the journal");
            }
        }
    }
    Ok(None)
}

/// The state in a snapshot, or what is wrong with it.
fn open_snapshot<J: Journal>(
    journal: &mut J,
    keys: &mut KeyCache,
    snapshot: &Snapshot,
) -> Result<Result<State, &'static str>, SealError> {
    if snapshot.format != SNAPSHOT_FORMAT {
        return Ok(Err("another release wrote it"));
    }
    let at = snapshot.seq.saturating_sub(1);
    let record = journal.read(at, 1).map_err(|it| SealError(it.to_string()))?;
    if record.first().is_none_or(|it| it.seq != snapshot.seq || it.hash != snapshot.hash) {
        return Ok(Err("it is of another history"));
    }
    if wire::digest_of_bytes(&snapshot.body) != snapshot.digest {
        return Ok(Err("it is not what its digest says"));
    }
    let Some(state) = wire::open_state(&snapshot.body, &mut keys.over(journal))? else {
        return Ok(Err("it cannot be read"));
    };
    if state.seq != snapshot.seq {
        return Ok(Err("it is of another place"));
    }
    Ok(Ok(state))
}

/// What a panic said.
pub(crate) fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
