//! Snapshots made beside the writer.
//!
//! Intuition: the notary hands a copy of the ledger over the counter and goes on writing. A copy costs
//! one pointer ([`model::map`]), and whoever has it seals, digests and keeps it in peace.
//!
//! Invariants:
//! - the writer waits for no snapshot, but at its own end;
//! - one at a time;
//! - a snapshot that fails is told and costs a slower restart, no more.

use engine::State;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use store::{Head, Snapshot, Snapshots};
use wire::{Keyring, Random, SealError};

use crate::keys::{Known, SharedRandom};

/// Whoever makes snapshots, and where they are kept.
#[derive(Debug)]
pub(crate) enum Maker {
    /// The journal keeps them itself; the writer makes them.
    Writer,
    /// Nothing is being made.
    Idle(Box<dyn Snapshots>),
    /// One is being made.
    Busy(Receiver<Made>),
}

/// A snapshot that was made, or why not.
pub(crate) struct Made {
    keeper: Box<dyn Snapshots>,
    result: Result<u64, String>,
}

impl Maker {
    /// Begins one when none is under way; whether it did.
    pub(crate) fn begin(
        &mut self,
        state: State,
        head: Head,
        keys: Known,
        random: SharedRandom,
    ) -> bool {
        let Self::Idle(_) = self else { return false };
        let (sender, receiver) = channel();
        let Self::Idle(mut keeper) = std::mem::replace(self, Self::Busy(receiver)) else {
            unreachable!("asked above")
        };
        let work = move || {
            let made = sealed(&state, head, &mut Copied(keys), &mut random.clone());
            // Before anything else is written: it may be the last that holds old parts of the state.
            drop(state);
            let result = made
                .map_err(|it| it.to_string())
                .and_then(|it| keeper.save(&it).map_err(|it| it.to_string()))
                .map(|()| head.seq);
            // Whoever asked may have ended.
            let _ = sender.send(Made { keeper, result });
        };
        let thread = std::thread::Builder::new().name("snapshot".to_owned()).spawn(work);
        // Without a thread there is no snapshot: the receiver says so when it is asked.
        thread.is_ok()
    }

    /// What became of the one under way, if that is known now.
    pub(crate) fn finished(&mut self) -> Option<Result<u64, String>> {
        let Self::Busy(receiver) = self else { return None };
        match receiver.try_recv() {
            Ok(made) => Some(self.take(made)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(self.lost()),
        }
    }

    /// Waits for the one under way; what became of it.
    pub(crate) fn wait(&mut self) -> Option<Result<u64, String>> {
        let Self::Busy(receiver) = self else { return None };
        match receiver.recv() {
            Ok(made) => Some(self.take(made)),
            Err(_) => Some(self.lost()),
        }
    }

    fn take(&mut self, made: Made) -> Result<u64, String> {
        *self = Self::Idle(made.keeper);
        made.result
    }

    /// The maker died over it. From here on the writer makes them: slower, and told in the log.
    fn lost(&mut self) -> Result<u64, String> {
        *self = Self::Writer;
        Err("whoever made it ended without a word".to_owned())
    }
}

/// The snapshot of `state` as it is at `head`.
pub(crate) fn sealed(
    state: &State,
    head: Head,
    keys: &mut dyn Keyring,
    random: &mut dyn Random,
) -> Result<Snapshot, SealError> {
    let body = wire::seal_state(state, keys, random)?;
    let digest = wire::digest_of_bytes(&body);
    let Head { seq, hash } = head;
    Ok(Snapshot { seq, hash, format: wire::SNAPSHOT_FORMAT, digest, body })
}

/// Keys as they were known when the snapshot began. Everything in a state was sealed or opened with
/// one of them.
struct Copied(Known);

impl Keyring for Copied {
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError> {
        let known = self.0.get(subject).cloned();
        known.ok_or_else(|| SealError(format!("the key of {subject} is not at hand")))
    }
}
