//! What the store has promised, and what it was about to promise when the power went.
//!
//! Intuition: a witness beside the store. He writes down what was asked before it is asked, and makes
//! it a promise when the answer is Ok.
//!
//! Invariants:
//! - at most one step is in flight, and it is there wholly or not at all;
//! - the hashes expected here are computed here: the store's own are never taken over.

use crate::disk::Dice;
use model::{Millis, Timestamp};
use std::collections::BTreeMap;
use store::{
    AppendError, Epoch, Head, Journal, KeyState, NewRecord, Record, Slot, Snapshot, StoreError,
    Verdict, record_hash, verify,
};

pub(crate) const ORG: &str = "org";
const OWNER: &str = "writer";
const TTL: Millis = Millis::from_secs(30);
const SUBJECTS_MAX: usize = 40;
const SETTINGS: [&str; 3] = ["offset", "anchor", "colour"];

/// What a life is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Everything, and so the write-ahead log is emptied now and then.
    Mixed,
    /// Much is written and nothing empties the log, until SQLite does by itself.
    LogGrows,
}

/// Something asked of the store.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Acquire,
    Renew,
    Release,
    Append(Vec<NewRecord>),
    SaveSnapshot(Snapshot),
    PutKey(String, Vec<u8>),
    DestroyKey(String),
    PutSetting(&'static str, String),
    /// Not asked of the journal: it is closed in order and opened again.
    Close,
}

/// Everything of a journal that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Contents {
    records: Vec<Record>,
    snapshot: Option<Snapshot>,
    keys: BTreeMap<String, KeyState>,
    settings: BTreeMap<&'static str, String>,
}

/// How a look at the journal after a cut went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    NothingWasInFlight,
    Kept,
    Vanished,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    promised: Contents,
    in_flight: Option<Step>,
    epoch: Epoch,
    record_count: i64,
    /// Every key ever handed in, by subject.
    secrets: BTreeMap<String, Vec<Vec<u8>>>,
    /// Keys whose destruction was answered.
    erased: Vec<Vec<u8>>,
}

impl Book {
    /// Something to ask.
    pub(crate) fn draw(&mut self, mood: Mood, dice: &mut Dice) -> Step {
        match dice.below(100) {
            55..65 => Step::PutSetting(SETTINGS[dice.below(3)], dice.next().to_string()),
            65..75 => {
                let size = 32;
                Step::PutKey(self.draw_subject(dice), dice.bytes(size))
            }
            75..82 => {
                let size = 1 + dice.below(3_000);
                let Head { seq, hash } = self.head();
                let digest = [dice.bytes(1)[0]; 32];
                Step::SaveSnapshot(Snapshot {
                    seq,
                    hash,
                    format: 1,
                    digest,
                    body: dice.bytes(size),
                })
            }
            82..86 => Step::Renew,
            86..88 => Step::Release,
            88..91 => Step::Acquire,
            91..97 if mood == Mood::Mixed => Step::DestroyKey(self.draw_subject(dice)),
            97..100 if mood == Mood::Mixed => Step::Close,
            _ => self.draw_append(mood, dice),
        }
    }

    pub(crate) fn draw_append(&mut self, mood: Mood, dice: &mut Dice) -> Step {
        let count = 1 + dice.below(4);
        Step::Append((0..count).map(|_| self.draw_record(mood, dice)).collect())
    }

    fn draw_record(&mut self, mood: Mood, dice: &mut Dice) -> NewRecord {
        self.record_count += 1;
        let size = match (mood, dice.below(100)) {
            (Mood::LogGrows, 0..40) => dice.below(60_000),
            (_, 0..10) => dice.below(9_000),
            _ => dice.below(300),
        };
        let slots = (0..dice.below(3)).map(|_| Slot {
            subject: self.draw_subject(dice),
            nonce: dice.bytes(12),
            sealed: dice.bytes(20),
        });
        NewRecord {
            at: Timestamp(self.record_count),
            slots: slots.collect(),
            kind: "sample.v1".to_owned(),
            body: format!("{{\"number\":{},\"text\":\"{}\"}}", self.record_count, "x".repeat(size)),
        }
    }

    /// The more were destroyed, the more there are: some are always whole.
    fn draw_subject(&self, dice: &mut Dice) -> String {
        let destroyed = self.promised.keys.values().filter(|it| **it == KeyState::Destroyed);
        format!("subject-{}", dice.below(SUBJECTS_MAX.min(4 + 2 * destroyed.count())))
    }

    /// Asks; `Err` says which promise was broken, or merely that the store gave up in the dark.
    pub(crate) fn ask(&mut self, journal: &mut dyn Journal, step: &Step) -> Result<(), String> {
        self.in_flight = Some(step.clone());
        let now = Timestamp(0);
        match step {
            Step::Acquire => self.ask_acquire(journal)?,
            Step::Renew => journal.renew(self.epoch, now, TTL).map_err(told)?,
            Step::Release => journal.release(self.epoch).map_err(told)?,
            Step::Append(records) => {
                let head = journal.append(self.epoch, self.head().seq, records).map_err(told)?;
                step.apply_to(&mut self.promised, self.epoch);
                if head != self.head() {
                    return Err(format!("append answers {head:?}, not {:?}", self.head()));
                }
            }
            Step::SaveSnapshot(snapshot) => journal.save_snapshot(snapshot).map_err(told)?,
            Step::PutKey(subject, key) => {
                let answer = journal.put_key(subject, key);
                if self.promised.keys.get(subject) == Some(&KeyState::Destroyed) {
                    let refused = Err(StoreError::KeyDestroyed { subject: subject.clone() });
                    if answer != refused {
                        return Err(format!("a key for the destroyed {subject}: {answer:?}"));
                    }
                    self.in_flight = None;
                    return Ok(());
                }
                self.secrets.entry(subject.clone()).or_default().push(key.clone());
                answer.map_err(told)?;
            }
            Step::DestroyKey(subject) => {
                journal.destroy_key(subject).map_err(told)?;
                self.erased.extend(self.secrets.remove(subject).unwrap_or_default());
            }
            Step::PutSetting(name, value) => journal.put_setting(name, value).map_err(told)?,
            Step::Close => {}
        }
        if !matches!(step, Step::Append(_)) {
            step.apply_to(&mut self.promised, self.epoch);
        }
        self.in_flight = None;
        Ok(())
    }

    fn ask_acquire(&mut self, journal: &mut dyn Journal) -> Result<(), String> {
        let old = self.epoch;
        let new = journal.acquire(OWNER, Timestamp(0), TTL).map_err(told)?;
        if new <= old {
            return Err(format!("{new:?} was given after {old:?}"));
        }
        self.epoch = new;
        let record = NewRecord {
            at: Timestamp(0),
            kind: "late.v1".to_owned(),
            body: "{}".to_owned(),
            slots: vec![],
        };
        let late = journal.append(old, self.head().seq, &[record]);
        let fenced = Err(AppendError::Fenced { current: new.0 });
        if late == fenced { Ok(()) } else { Err(format!("{old:?} after {new:?}: {late:?}")) }
    }

    /// Compares the journal with what was promised, and takes over what became of the step in
    /// flight.
    pub(crate) fn check(&mut self, journal: &mut dyn Journal) -> Result<Fate, String> {
        let found = Contents::read(journal).map_err(told)?;
        let head = found.head();
        let verdict = verify(journal, ORG, Some(&head), &mut |_| {}).map_err(told)?;
        if verdict != Verdict::Sound(head) {
            return Err(format!("the chain does not hold: {verdict:?}"));
        }
        let Some(step) = self.in_flight.clone() else {
            self.promised.compare(&found)?;
            return Ok(Fate::NothingWasInFlight);
        };
        let mut with_step = self.promised.clone();
        step.apply_to(&mut with_step, self.epoch);
        let fate = if with_step == found && with_step != self.promised {
            if let Step::DestroyKey(subject) = &step {
                self.secrets.remove(subject);
            }
            Fate::Kept
        } else {
            let told = |it| format!("{it} (in flight: {})", step.name());
            self.promised.compare(&found).map_err(told)?;
            if with_step == found { Fate::NothingWasInFlight } else { Fate::Vanished }
        };
        self.promised = found;
        self.in_flight = None;
        Ok(fate)
    }

    pub(crate) fn in_flight(&self) -> &'static str {
        self.in_flight.as_ref().map_or("nothing", Step::name)
    }

    /// The keys whose destruction was answered since this was last called.
    pub(crate) fn take_erased(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.erased)
    }

    fn head(&self) -> Head {
        self.promised.head()
    }
}

impl Step {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Acquire => "acquire",
            Self::Renew => "renew",
            Self::Release => "release",
            Self::Append(_) => "append",
            Self::SaveSnapshot(_) => "save_snapshot",
            Self::PutKey(..) => "put_key",
            Self::DestroyKey(_) => "destroy_key",
            Self::PutSetting(..) => "put_setting",
            Self::Close => "close",
        }
    }

    fn apply_to(&self, contents: &mut Contents, epoch: Epoch) {
        match self {
            Self::Append(records) => {
                for new in records {
                    let Head { seq, hash } = contents.head();
                    let seq = seq + 1;
                    let hash = record_hash(ORG, &hash, seq, epoch.0, new);
                    contents.records.push(Record { seq, epoch, hash, new: new.clone() });
                }
            }
            Self::SaveSnapshot(snapshot) => contents.snapshot = Some(snapshot.clone()),
            Self::PutKey(subject, key) => {
                contents.keys.insert(subject.clone(), KeyState::Present(key.clone()));
            }
            Self::DestroyKey(subject) => {
                contents.keys.insert(subject.clone(), KeyState::Destroyed);
            }
            Self::PutSetting(name, value) => {
                contents.settings.insert(name, value.clone());
            }
            // Epochs show in the next acquisition, and leases are not read back.
            Self::Acquire | Self::Renew | Self::Release | Self::Close => {}
        }
    }
}

impl Contents {
    fn read(journal: &mut dyn Journal) -> Result<Self, StoreError> {
        let mut contents = Self {
            records: journal.read(0, usize::MAX)?,
            snapshot: journal.latest_snapshot()?,
            ..Self::default()
        };
        for number in 0..SUBJECTS_MAX {
            let subject = format!("subject-{number}");
            match journal.key(&subject)? {
                KeyState::Missing => {}
                state => drop(contents.keys.insert(subject, state)),
            }
        }
        for name in SETTINGS {
            if let Some(value) = journal.get_setting(name)? {
                contents.settings.insert(name, value);
            }
        }
        Ok(contents)
    }

    fn head(&self) -> Head {
        self.records.last().map_or_else(Head::default, |it| Head { seq: it.seq, hash: it.hash })
    }

    /// Says in a line where `found` parts from what was promised.
    fn compare(&self, found: &Self) -> Result<(), String> {
        let (promised, kept) = (self.records.len(), found.records.len());
        if let Some(at) = self.records.iter().zip(&found.records).position(|(a, b)| a != b) {
            return Err(format!("record {} is another than promised", at + 1));
        }
        if promised != kept {
            return Err(format!("{promised} records were promised and {kept} are there"));
        }
        if self.snapshot != found.snapshot {
            let seq = |it: &Self| it.snapshot.as_ref().map(|it| it.seq);
            let (promised, kept) = (seq(self), seq(found));
            return Err(format!("the snapshot is of {kept:?}, promised was {promised:?}"));
        }
        if self.keys != found.keys {
            return Err(format!("the keys are {:?}, not {:?}", found.keys, self.keys));
        }
        if self.settings != found.settings {
            return Err(format!("the settings are {:?}, not {:?}", found.settings, self.settings));
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
fn told(problem: impl ToString) -> String {
    problem.to_string()
}
