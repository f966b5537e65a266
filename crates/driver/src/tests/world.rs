//! A small organisation and a journal in memory that fails on request.

use crate::{Accepted, Core, Options};
use engine::{Command, Submission};
use model::{
    Catalogue, Channel, Contact, Escalation, EscalationStep, Medium, Millis, PageId, PageTarget,
    Person, Personal, Team, Timestamp,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use store::{
    AppendError, Epoch, Head, Journal, KeyState, MemoryJournal, NewRecord, Record, Snapshot,
    StoreError,
};
use wire::Random;

/// Monday 23 November 2026, 10:00 UTC.
pub(crate) const START: Timestamp = Timestamp(1_795_428_000_000);

/// So many minutes after the start.
pub(crate) fn at(minutes: i64) -> Timestamp {
    START.plus(Millis::from_mins(minutes))
}

/// A core over `journal` with the organisation adopted: its first event.
pub(crate) fn core(journal: &FaultyJournal) -> Core<FaultyJournal> {
    let mut core = open(journal, at(0));
    let turn = core.turn(at(0), &[adopt("first")]);
    assert_eq!(turn.answers[0].as_ref().expect("a fine catalogue").seq, 1);
    core
}

/// A core of the first owner over what is in `journal`.
pub(crate) fn open(journal: &FaultyJournal, clock: Timestamp) -> Core<FaultyJournal> {
    Core::open(journal.clone(), options("a"), Randomness::boxed(), clock)
        .expect("the journal is sound")
}

pub(crate) fn options(owner: &str) -> Options {
    Options {
        org: "solar".into(),
        owner: owner.into(),
        zones: oncall::Zones::bundled(),
        lease_ttl: Millis::from_mins(1),
    }
}

/// The whole published state.
pub(crate) fn shown(core: &Core<FaultyJournal>) -> String {
    let state = core.published();
    let state = state.read().expect("nobody panicked over it");
    serde_json::to_string_pretty(&*state).expect("states serialise")
}

/// What happened, by name.
pub(crate) fn kinds(accepted: &Accepted) -> String {
    let kinds: Vec<String> = accepted
        .events
        .iter()
        .map(|it| serde_json::to_value(&it.event).expect("events serialise"))
        .map(|it| it["type"].as_str().expect("every event has a type").to_owned())
        .collect();
    kinds.join(" ")
}

pub(crate) fn adopt(hash: &str) -> Submission {
    let command =
        Command::AdoptCatalogue { catalogue: Box::new(catalogue()), hash: hash.to_owned() };
    Submission::system(command)
}

pub(crate) fn raise(title: &str) -> Submission {
    let (title, team) = (title.to_owned(), Some("payments".into()));
    Submission::system(Command::Raise { by: "bo".into(), title, feature: None, team })
}

pub(crate) fn page_ack(page: PageId, by: &str) -> Submission {
    let via = "view".to_owned();
    Submission::person(by.into(), Command::AcknowledgePage { page, by: by.into(), via })
}

fn catalogue() -> Catalogue {
    let person = |id: &str| Person {
        name: None,
        timezone: "Africa/Nairobi".into(),
        contacts: vec![Contact {
            medium: Medium::Email,
            address: Personal::new(id.into(), format!("{id}@solar.example")),
        }],
        duty: model::PersonDuty::default(),
        rules: model::PersonRules::default(),
        aka: vec![],
    };
    let step = |page: PageTarget, minutes| EscalationStep::new(page, Millis::from_mins(minutes));
    Catalogue {
        org: "solar".into(),
        public_url: None,
        people: ["ana", "bo"].map(|id| (id.into(), person(id))).into(),
        teams: BTreeMap::from([(
            "payments".into(),
            Team { members: vec!["ana".into(), "bo".into()], ..Team::default() },
        )]),
        services: BTreeMap::new(),
        features: BTreeMap::new(),
        rotas: BTreeMap::new(),
        escalations: BTreeMap::from([(
            "payments".into(),
            Escalation::new(
                vec![
                    step(PageTarget::Person("ana".into()), 5),
                    step(PageTarget::Team("payments".into()), 10),
                ],
                0,
            ),
        )]),
        channels: BTreeMap::from([("inbox".into(), Channel::Inbox)]),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        pay: None,
        sources: BTreeMap::new(),
        watched: model::Watched::default(),
        pager: model::Pager::default(),
    }
}

/// A counter, as far as nonces and keys are concerned.
pub(crate) struct Randomness(u64);

impl Randomness {
    pub(crate) fn boxed() -> Box<dyn Random> {
        Box::new(Self(0))
    }
}

impl Random for Randomness {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 += 1;
        for (byte, fresh) in bytes.iter_mut().zip(self.0.to_le_bytes().iter().cycle()) {
            *byte = *fresh;
        }
    }
}

/// A journal in memory that fails when told to. Clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct FaultyJournal {
    inner: MemoryJournal,
    faults: Arc<Mutex<Faults>>,
}

#[derive(Debug, Default)]
struct Faults {
    append: Option<AppendError>,
    answer_lost: bool,
    renewals: bool,
}

impl FaultyJournal {
    pub(crate) fn new() -> Self {
        Self { inner: MemoryJournal::new("solar"), faults: Arc::default() }
    }

    pub(crate) fn inner(&self) -> MemoryJournal {
        self.inner.clone()
    }

    pub(crate) fn fail_next_append(&self, error: AppendError) {
        self.faults.lock().expect("no panic").append = Some(error);
    }

    /// The next append takes place, and its answer does not arrive.
    pub(crate) fn lose_next_answer(&self) {
        self.faults.lock().expect("no panic").answer_lost = true;
    }

    pub(crate) fn fail_renewals(&self, fail: bool) {
        self.faults.lock().expect("no panic").renewals = fail;
    }
}

impl Journal for FaultyJournal {
    fn acquire(&mut self, owner: &str, now: Timestamp, ttl: Millis) -> Result<Epoch, StoreError> {
        self.inner.acquire(owner, now, ttl)
    }
    fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError> {
        if self.faults.lock().expect("no panic").renewals {
            return Err(StoreError::Unavailable("the network is down".into()));
        }
        self.inner.renew(epoch, now, ttl)
    }
    fn release(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        self.inner.release(epoch)
    }
    fn head(&mut self) -> Result<Head, StoreError> {
        self.inner.head()
    }
    fn append(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError> {
        let mut faults = self.faults.lock().expect("no panic");
        match faults.append.take() {
            Some(error) => Err(error),
            None if std::mem::take(&mut faults.answer_lost) => {
                self.inner.append(epoch, expected_seq, records)?;
                Err(AppendError::Unknown("the connection broke".to_owned()))
            }
            None => self.inner.append(epoch, expected_seq, records),
        }
    }
    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.inner.read(after, limit)
    }
    fn save_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.inner.save_snapshot(snapshot)
    }
    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, StoreError> {
        self.inner.latest_snapshot()
    }
    fn key(&mut self, subject: &str) -> Result<KeyState, StoreError> {
        self.inner.key(subject)
    }
    fn put_key(&mut self, subject: &str, key: &[u8]) -> Result<(), StoreError> {
        self.inner.put_key(subject, key)
    }
    fn destroy_key(&mut self, subject: &str) -> Result<(), StoreError> {
        self.inner.destroy_key(subject)
    }
    fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.inner.get_setting(name)
    }
    fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.inner.put_setting(name, value)
    }
}
