//! The synchronous heart: a batch of requests in, durable events and answers out.

use engine::{Command, Context, Engine, EventRecord, Rejected, State, Submission};
use model::{Millis, Timestamp};
use oncall::Zones;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};
use store::{AppendError, Epoch, Head, Journal, KeyState, NewRecord, Snapshot, StoreError};
use wire::{KEY_LENGTH, Keyring, Random, SealError, Stored};

/// Requests put into one transaction at most.
pub const BATCH_MAX: usize = 1_024;

/// Events between two snapshots.
pub const SNAPSHOT_EVERY: u64 = 20_000;

/// How long a writer's lease lasts unless renewed; renewed at a third of it.
pub const LEASE_TTL: Millis = Millis::from_secs(30);

/// Records read at a time while replaying.
const READ_MAX: usize = 2_000;

/// A request that was taken: its events are durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The place of its last event; where nothing happened, the place of the journal's end.
    pub seq: u64,
    /// Its events.
    pub events: Vec<EventRecord>,
    /// Whether it repeats one that was taken before, by its idempotency key.
    pub repeated: bool,
}

/// A request that was not taken: nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The engine said no.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The journal cannot be written now. Try again.
    #[error("cannot be taken now: {0}")]
    Unavailable(String),
    /// Too many wait already. Try again.
    #[error("too many requests wait; try again in a moment")]
    Overloaded,
    /// This process has lost the journal and stops.
    #[error("this process has lost the journal and stops: {0}")]
    Lost(String),
    /// A defect of ours.
    #[error("this request ran into a defect and was not taken; the log says more")]
    Defect,
}

/// Why the core could not start.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record cannot be read.
    #[error(transparent)]
    Decode(#[from] wire::DecodeError),
    /// Keys cannot be read.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The journal is damaged.
    #[error(
        "record {seq} is not the one that was written: {problem}; restore a copy, or look closer with `lamplighter journal verify`"
    )]
    Damaged {
        /// Which record.
        seq: u64,
        /// What is wrong.
        problem: String,
    },
}

/// The engine over its journal.
pub struct Core {
    org: String,
    journal: Box<dyn Journal>,
    keys: BTreeMap<String, KeyState>,
    random: Box<dyn Random>,
    zones: Zones,
    engine: Engine,
    published: Arc<RwLock<State>>,
    head: Head,
    epoch: Epoch,
    renewed_at: Timestamp,
    snapshot_seq: u64,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Core at {}", self.head.seq)
    }
}

impl Core {
    /// Takes the writer's lease and folds the journal of `org`.
    pub fn open(
        mut journal: Box<dyn Journal>,
        org: &str,
        owner: &str,
        zones: Zones,
        random: Box<dyn Random>,
        now: Timestamp,
    ) -> Result<Self, CoreError> {
        let epoch = journal.acquire(owner, now, LEASE_TTL)?;
        let mut core = Self {
            org: org.to_owned(),
            journal,
            keys: BTreeMap::new(),
            random,
            zones,
            engine: Engine::new(),
            published: Arc::default(),
            head: Head::default(),
            epoch,
            renewed_at: now,
            snapshot_seq: 0,
        };
        let state = core.restore()?;
        core.engine = Engine::from_state(state.clone(), now.max(state.at));
        *core.publish() = state;
        Ok(core)
    }

    /// Runs a batch: decides each request on the state its predecessors left, makes everything
    /// durable at once, and only then answers.
    pub fn run_batch(
        &mut self,
        now: Timestamp,
        batch: Vec<Submission>,
    ) -> Vec<Result<Accepted, SubmitError>> {
        let now = now.max(self.engine.state().at);
        if let Err(lost) = self.keep_lease(now) {
            return batch.iter().map(|_| Err(SubmitError::Lost(lost.clone()))).collect();
        }
        let mut answers = vec![];
        let mut records = vec![];
        for submission in &batch {
            let answer = self.execute(now, submission, &records);
            if let Ok(accepted) = &answer {
                records.extend(accepted.events.iter().cloned());
            }
            answers.push(answer);
        }
        if let Err(error) = self.make_durable(&records) {
            let state = self.read_published();
            self.engine.roll_back(state);
            return answers.into_iter().map(|it| it.and(Err(error.clone()))).collect();
        }
        answers
    }

    /// When [`Command::Tick`] has something to do next.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.engine.next_wake()
    }

    /// The published state, shared with every reader.
    #[must_use]
    pub fn published(&self) -> Arc<RwLock<State>> {
        Arc::clone(&self.published)
    }

    /// The end of the journal.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// At most `limit` events after `after`, oldest first.
    pub fn records(&mut self, after: u64, limit: usize) -> Result<Vec<EventRecord>, CoreError> {
        let stored = self.journal.read(after, limit)?;
        stored.iter().map(|it| self.decode(it)).collect()
    }

    /// The journal itself, for settings and for checks.
    pub fn journal(&mut self) -> &mut dyn Journal {
        &mut *self.journal
    }

    /// The secret of the server called `name`, made when there was none.
    pub fn secret(&mut self, name: &str) -> Result<Vec<u8>, CoreError> {
        let mut ring = Ring {
            journal: &mut *self.journal,
            keys: &mut self.keys,
            new: new_key(&mut *self.random),
        };
        Ok(ring.key_for(name)?.unwrap_or_default())
    }

    /// Destroys the key of `person`: their texts in the journal and in snapshots become unreadable,
    /// here at once.
    pub fn erase(&mut self, person: &str) -> Result<(), CoreError> {
        self.journal.destroy_key(person)?;
        self.keys.clear();
        let state = self.restore()?;
        self.engine.roll_back(state.clone());
        *self.publish() = state;
        Ok(())
    }

    /// Keeps a snapshot of the published state.
    pub fn snapshot(&mut self) -> Result<(), CoreError> {
        let state = self.read_published();
        let new = new_key(&mut *self.random);
        let mut ring = Ring { journal: &mut *self.journal, keys: &mut self.keys, new };
        let body = wire::seal_state(&state, &mut ring, &mut *self.random)?;
        let snapshot = Snapshot {
            seq: self.head.seq,
            hash: self.head.hash,
            format: wire::SNAPSHOT_FORMAT,
            digest: wire::digest(&state),
            body,
        };
        self.journal.save_snapshot(&snapshot)?;
        self.snapshot_seq = self.head.seq;
        Ok(())
    }

    /// A clean end: a snapshot, and the lease given back.
    pub fn stop(mut self) -> Result<(), CoreError> {
        self.snapshot()?;
        self.journal.release(self.epoch)?;
        Ok(())
    }

    /// One request. A panic is a defect of ours: it refuses this request and puts the engine back to
    /// where it was before it.
    fn execute(
        &mut self,
        now: Timestamp,
        submission: &Submission,
        before: &[EventRecord],
    ) -> Result<Accepted, SubmitError> {
        let context = Context { now, zones: &self.zones };
        let engine = &mut self.engine;
        let ran = catch_unwind(AssertUnwindSafe(|| engine.execute(&context, submission)));
        let Ok(ran) = ran else {
            tracing::error!("a request ran into a defect and was not taken");
            let mut state = self.read_published();
            before.iter().for_each(|it| state.apply(it));
            self.engine.roll_back(state);
            return Err(SubmitError::Defect);
        };
        let done = ran?;
        let seq = done.repeats.unwrap_or(self.engine.state().seq);
        Ok(Accepted { seq, events: done.records, repeated: done.repeats.is_some() })
    }

    fn make_durable(&mut self, records: &[EventRecord]) -> Result<(), SubmitError> {
        if records.is_empty() {
            return Ok(());
        }
        let new = self.encode(records).map_err(|it| SubmitError::Unavailable(it.to_string()))?;
        match self.journal.append(self.epoch, self.head.seq, &new) {
            Ok(head) => self.head = head,
            Err(AppendError::Unavailable(detail)) => return Err(SubmitError::Unavailable(detail)),
            Err(lost) => return Err(SubmitError::Lost(lost.to_string())),
        }
        {
            let mut state = self.publish();
            records.iter().for_each(|it| state.apply(it));
        }
        if self.head.seq - self.snapshot_seq >= SNAPSHOT_EVERY
            && let Err(problem) = self.snapshot()
        {
            tracing::warn!("no snapshot could be kept; the next start will take longer: {problem}");
        }
        Ok(())
    }

    fn keep_lease(&mut self, now: Timestamp) -> Result<(), String> {
        if now.since(self.renewed_at) < Millis(LEASE_TTL.0 / 3) {
            return Ok(());
        }
        match self.journal.renew(self.epoch, now, LEASE_TTL) {
            Ok(()) => {
                self.renewed_at = now;
                Ok(())
            }
            Err(it @ StoreError::Fenced { .. }) => Err(it.to_string()),
            // The append decides: it checks the epoch itself.
            Err(it) => {
                tracing::warn!("the writer's lease could not be renewed: {it}");
                Ok(())
            }
        }
    }

    /// The state at the end of the journal, from the latest snapshot that fits it.
    fn restore(&mut self) -> Result<State, CoreError> {
        let end = self.journal.head()?;
        let (mut state, mut head) = self.from_snapshot(end)?;
        self.snapshot_seq = head.seq;
        while head.seq < end.seq {
            let stored = self.journal.read(head.seq, READ_MAX)?;
            if stored.is_empty() {
                let problem = "the journal is shorter than its head says".to_owned();
                return Err(CoreError::Damaged { seq: head.seq + 1, problem });
            }
            for it in stored {
                let hash = store::record_hash(&self.org, &head.hash, it.seq, it.epoch.0, &it.new);
                if it.seq != head.seq + 1 || hash != it.hash {
                    let problem = "its hash does not follow from the one before".to_owned();
                    return Err(CoreError::Damaged { seq: head.seq + 1, problem });
                }
                state.apply(&self.decode(&it)?);
                head = Head { seq: it.seq, hash };
            }
        }
        self.head = head;
        Ok(state)
    }

    fn from_snapshot(&mut self, end: Head) -> Result<(State, Head), CoreError> {
        let empty = (State::default(), Head::default());
        let Some(snapshot) = self.journal.latest_snapshot()? else { return Ok(empty) };
        let at_seq = match snapshot.seq {
            0 => return Ok(empty),
            seq => self.journal.read(seq - 1, 1)?,
        };
        let fits = snapshot.seq <= end.seq
            && snapshot.format == wire::SNAPSHOT_FORMAT
            && at_seq.first().is_some_and(|it| it.hash == snapshot.hash);
        if !fits {
            return Ok(empty);
        }
        let new = new_key(&mut *self.random);
        let mut ring = Ring { journal: &mut *self.journal, keys: &mut self.keys, new };
        let state = wire::open_state(&snapshot.body, &mut ring)?;
        let sound = state.filter(|it| wire::digest(it) == snapshot.digest);
        Ok(sound.map_or(empty, |it| (it, Head { seq: snapshot.seq, hash: snapshot.hash })))
    }

    fn encode(&mut self, records: &[EventRecord]) -> Result<Vec<NewRecord>, SealError> {
        let mut stored = vec![];
        for record in records {
            let new = new_key(&mut *self.random);
            let mut ring = Ring { journal: &mut *self.journal, keys: &mut self.keys, new };
            stored.push(new_record(wire::encode(record, &mut ring, &mut *self.random)?));
        }
        Ok(stored)
    }

    fn decode(&mut self, record: &store::Record) -> Result<EventRecord, CoreError> {
        let new = new_key(&mut *self.random);
        let mut ring = Ring { journal: &mut *self.journal, keys: &mut self.keys, new };
        Ok(wire::decode(record.seq, &stored(&record.new), &mut ring)?)
    }

    fn publish(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.published.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_published(&self) -> State {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The journal's keys as `wire` wants them, remembered for as long as the process runs.
struct Ring<'a> {
    journal: &'a mut dyn Journal,
    keys: &'a mut BTreeMap<String, KeyState>,
    /// Used when a subject has no key yet.
    new: [u8; KEY_LENGTH],
}

impl Keyring for Ring<'_> {
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError> {
        let failed = |it: StoreError| SealError(it.to_string());
        let known = match self.keys.get(subject) {
            Some(known) => known.clone(),
            None => self.journal.key(subject).map_err(failed)?,
        };
        let known = match known {
            KeyState::Missing => {
                let key = derived(&self.new, subject);
                self.journal.put_key(subject, &key).map_err(failed)?;
                KeyState::Present(key)
            }
            known => known,
        };
        self.keys.insert(subject.to_owned(), known.clone());
        Ok(match known {
            KeyState::Present(key) => Some(key),
            KeyState::Missing | KeyState::Destroyed => None,
        })
    }
}

/// Several subjects may get their first key within one record: each gets its own.
fn derived(fresh: &[u8; KEY_LENGTH], subject: &str) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, fresh);
    ring::hmac::sign(&key, subject.as_bytes()).as_ref().to_vec()
}

fn new_key(random: &mut dyn Random) -> [u8; KEY_LENGTH] {
    let mut key = [0; KEY_LENGTH];
    random.fill(&mut key);
    key
}

fn new_record(stored: Stored) -> NewRecord {
    let slot =
        |it: wire::Slot| store::Slot { subject: it.subject, nonce: it.nonce, sealed: it.sealed };
    NewRecord {
        at: stored.at,
        kind: stored.kind,
        body: stored.body,
        slots: stored.slots.into_iter().map(slot).collect(),
    }
}

fn stored(record: &NewRecord) -> Stored {
    let slot = |it: &store::Slot| wire::Slot {
        subject: it.subject.clone(),
        nonce: it.nonce.clone(),
        sealed: it.sealed.clone(),
    };
    Stored {
        at: record.at,
        kind: record.kind.clone(),
        body: record.body.clone(),
        slots: record.slots.iter().map(slot).collect(),
    }
}

/// A tick, as the driver submits it.
#[must_use]
pub(crate) fn tick() -> Submission {
    Submission::system(Command::Tick)
}
