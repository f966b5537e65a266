//! The writer of one journal: batches in, durable events and answers out.
//!
//! Two states are kept. The *speculative* one, in the engine, runs ahead within a batch. The
//! *published* one, behind a lock for readers, is a copy of it from after the last append that
//! succeeded. After a failed append the first is thrown away and made again from the second. Copies
//! share everything ([`model::map`]), so none of this depends on how much is in a state.

use crate::keys::KeyCache;
use crate::pace::Pace;
use crate::planted::Planted;
use crate::restore::{OpenError, READ_MAX, decoded, follow, restore, words};
use crate::snapshot::{Maker, sealed};
use engine::{Command, Context, Engine, EventRecord, Rejected, State, Submission};
use model::{Millis, PersonId, Timestamp};
use oncall::Zones;
use std::borrow::Cow;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use store::{AppendError, Epoch, Head, Journal, NewRecord, StoreError};
use tracing::{error, info, warn};
use wire::{DecodeError, Random, SealError};

/// Most submissions decided and stored together.
pub const BATCH_MAX: usize = 500;

/// Events between snapshots, at least.
pub const SNAPSHOT_EVERY: u64 = 20_000;

/// Events between snapshots per alert in memory: a snapshot costs as much as there is to write down,
/// and while alerts pile up it must not come so often that little else gets done.
const SNAPSHOT_EVENTS_PER_ALERT: u64 = 4;

/// How long timers rest after one of them panicked.
const TICK_REST: Millis = Millis::from_mins(1);

/// How long timers rest after what they caused could not be stored.
const RETRY_REST: Millis = Millis::from_secs(1);

/// What a [`Core`] needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The organisation, as the journal was opened for; part of every hash.
    pub org: String,
    /// This writer's name, unlike that of every other process.
    pub owner: String,
    /// Rules of time zones.
    pub zones: Zones,
    /// How long the writer's lease holds without being renewed.
    pub lease_ttl: Millis,
}

/// What became of a submission.
pub type Answer = Result<Accepted, SubmitError>;

/// A submission that is done, durably.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The place of its last event, or of the last event at all when it changed nothing. Whoever has
    /// seen the journal up to here has seen what it did.
    pub seq: u64,
    /// What happened. Empty when nothing changed.
    pub events: Vec<EventRecord>,
    /// Whether it was done before, by its idempotency key; `events` are those of the first time.
    pub repeated: bool,
}

/// Why a submission was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// It makes no sense, or not any more. Asking again will not help.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// It could not be made durable. Nothing of it happened; ask again.
    #[error("this could not be stored now: {0}; please try again")]
    Unavailable(String),
    /// The store's answer was lost, so it may have happened. Ask again; an alert is known by its
    /// labels and anything else by its key, so that nothing happens twice.
    #[error("whether this was stored is not known: {0}; please try again")]
    Unknown(String),
    /// Too many wait already. Ask again later.
    #[error("too many requests are waiting; please try again in a moment")]
    Overloaded,
    /// The engine panicked over it: a bug. Nothing of it happened; everything else goes on.
    #[error("this met an error in the server itself and changed nothing: {0}")]
    Internal(String),
    /// The writer is ending; nobody knows whether it happened. Ask again, with the same key.
    #[error("the server is stopping: {0}; please try again")]
    Fatal(String),
}

/// Why a writer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// Another writer took over.
    LeaseLost(String),
    /// The journal or this process cannot be trusted any more: exit, and start again.
    Fatal(String),
}

/// What one turn did.
#[derive(Debug)]
pub struct Turn {
    /// One per submission, in order.
    pub answers: Vec<Answer>,
    /// Set when the writer must not be used again.
    pub end: Option<End>,
}

/// The writer of one journal.
#[derive(Debug)]
pub struct Core<J> {
    journal: J,
    options: Options,
    epoch: Epoch,
    engine: Engine,
    published: Arc<RwLock<State>>,
    head: Head,
    keys: KeyCache,
    pace: Arc<Mutex<Pace>>,
    lease_until: Timestamp,
    renew_at: Timestamp,
    snapshot_seq: u64,
    snapshots: Maker,
    tick_from: Timestamp,
    /// An append of which it is not known whether it took place.
    doubt: bool,
    planted: Planted,
}

/// What became of a submission before its events are durable.
enum Outcome {
    Done(Range<usize>),
    Repeats(u64),
    Refused(SubmitError),
}

/// Why nothing could be stored.
struct Failed {
    reason: String,
    end: Option<End>,
    /// It may have been stored all the same.
    in_doubt: bool,
}

impl<J: Journal> Core<J> {
    /// Takes the writer's lease and restores the state from the journal. `clock` is what the clock
    /// shows.
    pub fn open(
        journal: J,
        options: Options,
        random: Box<dyn Random>,
        clock: Timestamp,
    ) -> Result<Self, OpenError> {
        Self::open_with(journal, options, random, clock, Planted::none())
    }

    /// The same with bugs.
    #[cfg(any(test, feature = "planted-bugs"))]
    pub fn open_planted(
        journal: J,
        options: Options,
        random: Box<dyn Random>,
        clock: Timestamp,
        planted: Planted,
    ) -> Result<Self, OpenError> {
        Self::open_with(journal, options, random, clock, planted)
    }

    fn open_with(
        mut journal: J,
        options: Options,
        random: Box<dyn Random>,
        clock: Timestamp,
        planted: Planted,
    ) -> Result<Self, OpenError> {
        let epoch = journal.acquire(&options.owner, clock, options.lease_ttl)?;
        let mut keys = KeyCache::new(random);
        let mut keeper = journal.snapshots()?;
        let restored = match restore(&mut journal, keeper.as_mut(), &options.org, &mut keys) {
            Ok(restored) => restored,
            Err(error) => {
                // Best effort: an unreleased lease ends by itself.
                let _ = journal.release(epoch);
                return Err(error);
            }
        };
        let pace = Pace::new(clock, restored.state.at);
        let grace = if planted.without_grace() { Millis::from_mins(15) } else { Millis::ZERO };
        Ok(Self {
            engine: Engine::from_state(restored.state.clone(), pace.now().minus(grace)),
            published: Arc::new(RwLock::new(restored.state)),
            head: restored.head,
            keys,
            pace: Arc::new(Mutex::new(pace)),
            lease_until: clock.plus(options.lease_ttl),
            renew_at: clock.plus(Millis(options.lease_ttl.0 / 3)),
            snapshot_seq: restored.snapshot_seq,
            snapshots: keeper.map_or(Maker::Writer, Maker::Idle),
            tick_from: Timestamp(i64::MIN),
            doubt: false,
            journal,
            options,
            epoch,
            planted,
        })
    }

    /// Decides `batch` and everything that is due, stores it in one append, publishes it, and only
    /// then answers. `clock` is what the clock shows.
    pub fn turn(&mut self, clock: Timestamp, batch: &[Submission]) -> Turn {
        assert!(batch.len() <= BATCH_MAX, "the caller cuts batches");
        let now = self.advance(clock);
        if let Err(failed) = self.keep_lease(clock).and_then(|()| self.settle(clock)) {
            self.tick_from = now.plus(RETRY_REST);
            return failed.turn(batch.len());
        }
        let mut pending = vec![];
        let outcomes: Vec<Outcome> =
            batch.iter().map(|it| self.run(now, it, &mut pending)).collect();
        self.tick(now, &mut pending);
        if let Err(failed) = self.store(pending.as_mut_slice()) {
            self.tick_from = now.plus(RETRY_REST);
            return failed.turn(batch.len());
        }
        let answers = outcomes.into_iter().map(|it| self.answer(it, &pending)).collect();
        self.look_after_snapshots();
        Turn { answers, end: None }
    }

    /// What the clock will show when something is due. Never later than the lease's renewal.
    #[must_use]
    pub fn wake_at(&self) -> Timestamp {
        let pace = *self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        // Doubt is settled as soon as timers may look again.
        let due = if self.doubt { Some(self.tick_from) } else { self.engine.next_wake() };
        let due = due.map(|it| pace.clock_at(it.max(self.tick_from)));
        due.map_or(self.renew_at, |it| it.min(self.renew_at))
    }

    /// When something is due, in the time of the journal.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.engine.next_wake()
    }

    /// What is durably true, for readers on other threads.
    #[must_use]
    pub fn published(&self) -> Arc<RwLock<State>> {
        Arc::clone(&self.published)
    }

    /// The time of the journal, for readers on other threads.
    #[must_use]
    pub fn pace(&self) -> Arc<Mutex<Pace>> {
        Arc::clone(&self.pace)
    }

    /// The end of the journal as far as this writer has written it.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether the answer to the last append was lost and not yet asked for again.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.doubt
    }

    /// At most `limit` (and at most a thousand) records after `after`.
    pub fn records(&mut self, after: u64, limit: usize) -> Result<Vec<EventRecord>, OpenError> {
        let records = self.journal.read(after, limit.min(READ_MAX))?;
        let keys = &mut self.keys.over(&mut self.journal);
        // A key that is missing is made by the ring; reading needs no more than that.
        let decoded: Result<Vec<EventRecord>, DecodeError> =
            records.iter().map(|it| decoded(it, keys)).collect();
        Ok(decoded?)
    }

    /// A small setting of the server.
    pub fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.journal.get_setting(name)
    }

    /// Keeps a small setting of the server.
    pub fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.journal.put_setting(name, value)
    }

    /// Destroys the key of `person`, and with it every text of theirs, in the journal, in snapshots
    /// and in memory. May be repeated.
    pub fn erase(&mut self, person: &PersonId) -> Result<(), OpenError> {
        self.journal.destroy_key(person.as_str())?;
        self.keys.forget(person.as_str());
        if self.planted.keeps_erased() {
            return Ok(());
        }
        let state = self.read().clone();
        let random = &mut self.keys.random.clone();
        let keys = &mut self.keys.over(&mut self.journal);
        let sealed = wire::seal_state(&state, keys, random).map_err(DecodeError::from)?;
        let erased = wire::open_state(&sealed, keys).map_err(DecodeError::from)?;
        let erased = erased.expect("what was just sealed opens");
        self.engine.roll_back(erased.clone());
        self.show(erased);
        info!("the key of a person was destroyed, and their texts with it");
        Ok(())
    }

    /// Notes what became of a snapshot, and begins the next one when it is due.
    fn look_after_snapshots(&mut self) {
        if let Some(result) = self.snapshots.finished() {
            note_snapshot(result);
        }
        if !self.snapshot_is_due() {
            return;
        }
        // Before it is known how it ends: the next one is not tried before as many events again. When
        // it fails a restart is slower, no more.
        if matches!(self.snapshots, Maker::Writer) {
            if let Err(error) = self.snapshot() {
                warn!("the snapshot could not be kept: {error}");
            }
        } else {
            let (state, random) = (self.read().clone(), self.keys.random.clone());
            self.snapshots.begin(state, self.head, self.keys.known(), random);
        }
        self.snapshot_seq = self.head.seq;
    }

    /// Keeps a snapshot of the published state, and waits until it is kept.
    pub fn snapshot(&mut self) -> Result<(), OpenError> {
        if let Some(result) = self.snapshots.wait() {
            note_snapshot(result);
        }
        if self.head.seq == 0 || self.head.seq == self.snapshot_seq {
            return Ok(());
        }
        let published = Arc::clone(&self.published);
        let guard = published.read().unwrap_or_else(PoisonError::into_inner);
        let mut state = Cow::Borrowed(&*guard);
        if self.planted.snapshot_misses_event() {
            state.to_mut().incidents.pop_last();
        }
        let random = &mut self.keys.random.clone();
        let keys = &mut self.keys.over(&mut self.journal);
        let snapshot = sealed(&state, self.head, keys, random).map_err(DecodeError::from)?;
        match &mut self.snapshots {
            Maker::Idle(keeper) => keeper.save(&snapshot)?,
            Maker::Writer | Maker::Busy(_) => self.journal.save_snapshot(&snapshot)?,
        }
        self.snapshot_seq = self.head.seq;
        Ok(())
    }

    /// A clean end: a snapshot, and the lease given back.
    pub fn close(mut self) {
        if let Err(error) = self.snapshot() {
            warn!("the snapshot could not be kept: {error}");
        }
        if let Err(error) = self.journal.release(self.epoch) {
            warn!("the writer's lease could not be given back; it ends by itself: {error}");
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot_is_due(&self) -> bool {
        let since = self.head.seq - self.snapshot_seq;
        let alerts = || self.read().alerts.len() as u64;
        since >= SNAPSHOT_EVERY && since >= alerts() * SNAPSHOT_EVENTS_PER_ALERT
    }

    fn advance(&mut self, clock: Timestamp) -> Timestamp {
        if self.planted.trusts_clock() {
            return clock;
        }
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        *pace = pace.after(clock);
        pace.now()
    }

    /// Renews the lease when a third of it has passed. While it cannot be renewed the writer goes on
    /// for as long as it holds, and rests when it may have ended: somebody else may hold it then.
    fn keep_lease(&mut self, clock: Timestamp) -> Result<(), Failed> {
        let ttl = self.options.lease_ttl;
        // A clock that was set back would make an old lease look young.
        let set_back = clock.plus(ttl) < self.lease_until;
        if clock < self.renew_at && clock < self.lease_until && !set_back {
            return Ok(());
        }
        match self.journal.renew(self.epoch, clock, ttl) {
            Ok(()) => {
                self.lease_until = clock.plus(ttl);
                self.renew_at = clock.plus(Millis(ttl.0 / 3));
                Ok(())
            }
            Err(error @ StoreError::Fenced { .. }) => {
                let reason = error.to_string();
                Err(Failed::ending(End::LeaseLost, reason))
            }
            Err(error @ StoreError::Broken(_)) => {
                Err(Failed::ending(End::Fatal, error.to_string()))
            }
            Err(error) if clock < self.lease_until => {
                warn!("the writer's lease could not be renewed: {error}");
                self.renew_at = clock.plus(Millis(ttl.0 / 10)).min(self.lease_until);
                Ok(())
            }
            Err(error) => {
                warn!("the writer's lease has ended and could not be renewed: {error}");
                // Not in the past, or whoever waits for it would not wait at all.
                self.renew_at = clock.plus(Millis(ttl.0 / 10));
                Err(Failed::for_now(error.to_string()))
            }
        }
    }

    /// After an append whose answer was lost: asks the journal what is in it, and folds in what is.
    /// The lease is renewed first, because that waits for the lost transaction to end, and because
    /// somebody else may have written meanwhile.
    fn settle(&mut self, clock: Timestamp) -> Result<(), Failed> {
        if !self.doubt {
            return Ok(());
        }
        match self.journal.renew(self.epoch, clock, self.options.lease_ttl) {
            Ok(()) => {}
            Err(error @ StoreError::Fenced { .. }) => {
                return Err(Failed::ending(End::LeaseLost, error.to_string()));
            }
            Err(error) => return Err(Failed::for_now(error.to_string())),
        }
        let found = self.journal.head().map_err(|it| Failed::for_now(it.to_string()))?;
        let mut state = self.read().clone();
        let before = self.head;
        let keys = &mut self.keys;
        let head = follow(&mut self.journal, &self.options.org, keys, &mut state, before);
        match head {
            Ok(head) if head == found => self.head = head,
            Ok(_) => {
                let reason = "the journal is shorter than it was".to_owned();
                return Err(Failed::ending(End::Fatal, reason));
            }
            Err(OpenError::Store(error)) => return Err(Failed::for_now(error.to_string())),
            Err(error) => return Err(Failed::ending(End::Fatal, error.to_string())),
        }
        self.engine.roll_back(state.clone());
        self.show(state);
        self.doubt = false;
        let count = self.head.seq - before.seq;
        info!("the journal answers again; of the append in doubt {count} events are in it");
        Ok(())
    }

    fn run(
        &mut self,
        now: Timestamp,
        submission: &Submission,
        pending: &mut Vec<EventRecord>,
    ) -> Outcome {
        let context = Context { now, zones: &self.options.zones };
        let (engine, planted) = (&mut self.engine, &self.planted);
        let executed = catch_unwind(AssertUnwindSafe(|| {
            let done = engine.execute(&context, submission);
            planted.look_at(submission);
            done
        }));
        match executed {
            Ok(Ok(done)) => {
                if let Some(seq) = done.repeats {
                    return Outcome::Repeats(seq);
                }
                let first = pending.len();
                match self.planted.rewritten(self.engine.state(), &done.records) {
                    None => pending.extend(done.records),
                    Some(rewritten) => {
                        pending.extend(rewritten);
                        self.roll_back(pending);
                    }
                }
                Outcome::Done(first..pending.len())
            }
            Ok(Err(rejected)) => Outcome::Refused(SubmitError::Rejected(rejected)),
            Err(panic) => {
                let problem = words(panic.as_ref());
                error!("a submission met a bug and was refused: {problem}");
                self.roll_back(pending);
                Outcome::Refused(SubmitError::Internal(problem))
            }
        }
    }

    fn tick(&mut self, now: Timestamp, pending: &mut Vec<EventRecord>) {
        let due = self.engine.next_wake().is_some_and(|it| it <= now) && now >= self.tick_from;
        if !due || self.planted.skips_ticks() {
            return;
        }
        if let Outcome::Refused(_) = self.run(now, &Submission::system(Command::Tick), pending) {
            // Timers that panic must not keep the desk from everything else.
            self.tick_from = now.plus(TICK_REST);
        }
    }

    /// Throws away what is speculative beyond `pending`.
    fn roll_back(&mut self, pending: &[EventRecord]) {
        let mut state = self.read().clone();
        for record in pending {
            state.apply(record);
        }
        self.engine.roll_back(state);
    }

    fn store(&mut self, pending: &mut [EventRecord]) -> Result<(), Failed> {
        if pending.is_empty() {
            return Ok(());
        }
        let appended = match self.encoded(pending) {
            Ok(records) => self.journal.append(self.epoch, self.head.seq, &records),
            Err(error) => Err(AppendError::Unavailable(error.to_string())),
        };
        let error = match appended {
            Ok(head) => {
                self.head = head;
                self.publish();
                return Ok(());
            }
            Err(error) => error,
        };
        if !self.planted.keeps_speculation() {
            self.roll_back(&[]);
        }
        let reason = error.to_string();
        let end = match error {
            AppendError::Unavailable(_) => None,
            AppendError::Unknown(_) => {
                self.doubt = true;
                None
            }
            AppendError::Conflict { .. } | AppendError::Fenced { .. } => {
                Some(End::LeaseLost(reason.clone()))
            }
            AppendError::Fatal(_) => Some(End::Fatal(reason.clone())),
        };
        warn!(events = pending.len(), "events were not stored: {reason}");
        Err(Failed { reason, end, in_doubt: self.doubt })
    }

    /// The stored form of `pending`. Texts of people who were erased are taken out of `pending` too,
    /// so that memory never holds what the journal does not.
    fn encoded(&mut self, pending: &mut [EventRecord]) -> Result<Vec<NewRecord>, SealError> {
        let random = &mut self.keys.random.clone();
        let keys = &mut self.keys.over(&mut self.journal);
        let mut records = vec![];
        let mut blanked = false;
        for record in &mut *pending {
            let stored = wire::encode(record, keys, random)?;
            if stored.slots.iter().any(|it| it.sealed.is_empty()) {
                *record = wire::decode(record.seq, &stored, keys)
                    .map_err(|it| SealError(it.to_string()))?;
                blanked = true;
            }
            records.push(new_record(stored));
        }
        if blanked {
            self.roll_back(pending);
        }
        Ok(records)
    }

    /// Shows readers what is durable now: everything the engine has folded in.
    fn publish(&self) {
        self.show(self.engine.state().clone());
    }

    fn show(&self, state: State) {
        let mut shown = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *shown, state);
        // Readers do not wait while what is no longer shared is thrown away.
        drop(shown);
        drop(before);
    }

    fn answer(&mut self, outcome: Outcome, pending: &[EventRecord]) -> Answer {
        match outcome {
            Outcome::Refused(error) => Err(error),
            Outcome::Done(range) => {
                let events = pending[range].to_vec();
                let seq = events.last().map_or(self.head.seq, |it| it.seq);
                Ok(Accepted { seq, events, repeated: false })
            }
            Outcome::Repeats(first) => {
                let unreadable = |it: OpenError| SubmitError::Unavailable(it.to_string());
                let mut events = self.records(first - 1, READ_MAX).map_err(unreadable)?;
                let key = events.first().and_then(|it| it.key.clone());
                let count = events.iter().take_while(|it| it.key == key).count();
                events.truncate(count);
                let seq = events.last().map_or(first, |it| it.seq);
                Ok(Accepted { seq, events, repeated: true })
            }
        }
    }
}

impl Failed {
    fn for_now(reason: String) -> Self {
        Self { reason, end: None, in_doubt: false }
    }

    fn ending(end: fn(String) -> End, reason: String) -> Self {
        Self { end: Some(end(reason.clone())), reason, in_doubt: false }
    }

    fn turn(self, count: usize) -> Turn {
        let answer = match self.end {
            Some(End::Fatal(_)) => SubmitError::Fatal(self.reason),
            None if self.in_doubt => SubmitError::Unknown(self.reason),
            _ => SubmitError::Unavailable(self.reason),
        };
        Turn { answers: vec![Err(answer); count], end: self.end }
    }
}

fn note_snapshot(result: Result<u64, String>) {
    match result {
        Ok(seq) => info!(seq, "a snapshot was kept"),
        Err(error) => warn!("the snapshot could not be kept: {error}"),
    }
}

fn new_record(stored: wire::Stored) -> NewRecord {
    let slots = stored.slots.into_iter().map(|it| store::Slot {
        subject: it.subject,
        nonce: it.nonce,
        sealed: it.sealed,
    });
    NewRecord { at: stored.at, kind: stored.kind, body: stored.body, slots: slots.collect() }
}
