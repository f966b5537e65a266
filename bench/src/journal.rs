//! The journal beside bare SQLite, and a start over a long history.
//!
//! The history is made by the engine itself: every record is what it would have written had the
//! alerts arrived at the door, encoded by `wire` and appended through the store's own interface.

use crate::process::{Process, new_folder};
use crate::table::{Row, Table};
use anyhow::{Context as _, Result, anyhow, ensure};
use driver::{Clock as _, SystemClock};
use engine::{Actor, Command, Context, DoorAlert, DoorLife, Engine, EventRecord, Submission};
use model::{Labels, Millis, Timestamp};
use oncall::Zones;
use std::path::Path;
use std::time::{Duration, Instant};
use store::{Epoch, Head, Journal as _, KeyState, NewRecord, Slot, SqliteJournal};
use wire::{KEY_LENGTH, Keyring, Random as _, SealError, SystemRandom};

/// The events of the long history.
const EVENTS: u64 = 1_000_000;

/// Alerts that still fire at its end.
const OPEN: u64 = 100_000;

/// Records in one append while the history is made.
const APPEND: usize = 5_000;

/// The configuration it is made and served under: the smallest of the examples.
const CONFIG: &str = include_str!("../../examples/minimal/lamplighter.yaml");

/// Records made durable per second, ours sealed over each other, the peer's bare.
pub(crate) fn append(table: &mut Table, _: &Path) -> Result<()> {
    let mut history = History::new("append")?;
    for number in 0..64 {
        history.fire(number)?;
    }
    let records = history.encoded()?;
    let mut bare = Bare::open()?;
    for batch in [1, 64] {
        let (mut ours, mut theirs) = (0.0, 0.0);
        // In turns, because the speed of a shared disk drifts.
        for _ in 0..4 {
            ours += per_second(batch, |batch| history.append(&records[..batch]))?;
            theirs += per_second(batch, |batch| bare.append(&records[..batch]))?;
        }
        let what = format!("journal records durable per second, {batch} per append");
        let row = Row::alone(what, ours / 4.0, "1/s").more_is_better();
        table.add(row.beside("bare SQLite, synchronous=FULL", theirs / 4.0));
    }
    std::fs::remove_dir_all(&history.folder)?;
    std::fs::remove_dir_all(&bare.folder)?;
    Ok(())
}

/// From the start of the process to a 200 of `/readyz`, over a million events.
pub(crate) fn restart(table: &mut Table, binary: &Path) -> Result<()> {
    let begun = Instant::now();
    let mut history = History::new("restart")?;
    history.fill()?;
    let (folder, events) = (history.folder.clone(), history.head.seq);
    eprintln!("a history of {events} events was made in {:.1} s", begun.elapsed().as_secs_f64());
    drop(history);
    let size = std::fs::metadata(folder.join("data/journal.sqlite"))?.len();
    table.add(Row::alone("journal of that history on disk", megabytes(size), "MB"));
    let named = |how: &str| format!("restart with {events} events and {OPEN} open alerts, {how}");
    let server = Process::serve(binary, folder)?;
    let whole = Row::alone(named("whole journal read and verified"), server.ready_ms() / 1e3, "s");
    table.add(whole.target("below 2"));
    table.add(Row::alone("memory after that restart", server.resident_mb()?, "MB"));
    let stopping = Instant::now();
    let folder = server.stop();
    let stopped = stopping.elapsed().as_secs_f64();
    table.add(Row::alone("clean stop of it, which writes the snapshot", stopped, "s"));
    let server = Process::serve(binary, folder)?;
    let short = Row::alone(named("from the snapshot"), server.ready_ms() / 1e3, "s");
    table.add(short.target("below 2"));
    Ok(())
}

/// An engine with its journal, and what is not yet written.
struct History {
    folder: std::path::PathBuf,
    journal: SqliteJournal,
    epoch: Epoch,
    head: Head,
    engine: Engine,
    zones: Zones,
    now: Timestamp,
    pending: Vec<EventRecord>,
}

impl History {
    /// A new journal under the smallest configuration.
    fn new(name: &str) -> Result<Self> {
        let folder = new_folder(name)?;
        std::fs::write(folder.join("lamplighter.yaml"), CONFIG)?;
        let catalogue = catalog::load_str(&[("lamplighter.yaml", CONFIG)]).catalogue;
        let catalogue = catalogue.context("the example has errors")?;
        let data = folder.join("data");
        let mut journal = SqliteJournal::open(&data, catalogue.org.as_str())?;
        let now = SystemClock.now().minus(Millis::from_days(1));
        let epoch = journal.acquire("bench", now, Millis::from_secs(1))?;
        let (engine, zones, pending) = (Engine::new(), Zones::bundled(), vec![]);
        let head = Head::default();
        let mut history = Self { folder, journal, epoch, head, engine, zones, now, pending };
        let hash = catalog::hash(&catalogue);
        history.submit(Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash })?;
        history.flush()?;
        Ok(history)
    }

    /// Alerts that come and go, until only those that stay have to be added.
    fn fill(&mut self) -> Result<()> {
        let mut number = 0;
        // An alert that can wait is two events, and one more when it ends.
        while self.written() + 2 * OPEN + 3 <= EVENTS {
            self.fire(number)?;
            self.resolve(number)?;
            number += 1;
        }
        for still_open in number..number + OPEN {
            self.fire(still_open)?;
        }
        self.flush()?;
        let open = self.engine.state().firing.len();
        ensure!(open as u64 == OPEN, "{open} alerts are open in the history");
        self.journal.release(self.epoch)?;
        Ok(())
    }

    fn written(&self) -> u64 {
        self.head.seq + self.pending.len() as u64
    }

    fn fire(&mut self, number: u64) -> Result<()> {
        let until = self.now.plus(Millis::from_days(3));
        self.receive(number, DoorLife::FiringUntil(until))
    }

    fn resolve(&mut self, number: u64) -> Result<()> {
        self.receive(number, DoorLife::Resolved)
    }

    fn receive(&mut self, number: u64, life: DoorLife) -> Result<()> {
        self.now = self.now.plus(Millis(50));
        let label = |name: &str, value: String| (name.to_owned(), value);
        let labels: Labels = [
            label("alertname", "HighLatency".to_owned()),
            label("severity", "warning".to_owned()),
            label("job", "shop".to_owned()),
            label("instance", format!("10.0.{}.{}:9100", number / 250, number % 250)),
        ]
        .into_iter()
        .collect();
        let summary = label("summary", format!("requests take long on instance {number}"));
        let route = ingest::route(&labels, self.engine.state().catalogue());
        let alert = DoorAlert {
            door: "alertmanager-v2".to_owned(),
            fingerprint: alerting::fingerprint(&labels),
            labels,
            annotations: [summary].into_iter().collect(),
            starts_at: self.now,
            life,
            severity: route.severity,
            feature: route.feature,
            service: route.service,
            team: route.team,
            routed_by: route.routed_by,
        };
        self.submit(Command::Receive(Box::new(alert)))
    }

    fn submit(&mut self, command: Command) -> Result<()> {
        let context = Context { now: self.now, zones: &self.zones };
        let submission = Submission { actor: Actor::System, reason: None, key: None, command };
        let done = self.engine.execute(&context, &submission);
        let done = done.map_err(|refused| anyhow!("the engine refused: {refused}"))?;
        self.pending.extend(done.records);
        if self.pending.len() >= APPEND { self.flush() } else { Ok(()) }
    }

    /// The stored form of what is not yet written.
    fn encoded(&mut self) -> Result<Vec<NewRecord>> {
        let mut keys = Keys(&mut self.journal);
        let mut random = SystemRandom::default();
        let stored = self.pending.iter().map(|it| wire::encode(it, &mut keys, &mut random));
        let records: Result<Vec<NewRecord>, SealError> =
            stored.map(|it| it.map(new_record)).collect();
        Ok(records?)
    }

    fn flush(&mut self) -> Result<()> {
        let records = self.encoded()?;
        self.pending.clear();
        self.append(&records)
    }

    fn append(&mut self, records: &[NewRecord]) -> Result<()> {
        self.head = self.journal.append(self.epoch, self.head.seq, records)?;
        Ok(())
    }
}

fn new_record(stored: wire::Stored) -> NewRecord {
    let slot = |it: wire::Slot| Slot { subject: it.subject, nonce: it.nonce, sealed: it.sealed };
    let slots = stored.slots.into_iter().map(slot).collect();
    NewRecord { at: stored.at, kind: stored.kind, body: stored.body, slots }
}

/// Keys of people, kept where the server looks for them.
struct Keys<'a>(&'a mut SqliteJournal);

impl Keyring for Keys<'_> {
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError> {
        let failed = |it: store::StoreError| SealError(it.to_string());
        match self.0.key(subject).map_err(failed)? {
            KeyState::Present(key) => Ok(Some(key)),
            KeyState::Destroyed => Ok(None),
            KeyState::Missing => {
                let mut key = vec![0; KEY_LENGTH];
                SystemRandom::default().fill(&mut key);
                self.0.put_key(subject, &key).map_err(failed)?;
                Ok(Some(key))
            }
        }
    }
}

/// A table with the columns of the journal and nothing around it.
struct Bare {
    folder: std::path::PathBuf,
    connection: rusqlite::Connection,
    seq: i64,
}

impl Bare {
    fn open() -> Result<Self> {
        let folder = new_folder("bare")?;
        let connection = rusqlite::Connection::open(folder.join("bare.sqlite"))?;
        connection.execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; \
             PRAGMA synchronous = FULL; \
             CREATE TABLE journal (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, \
             kind TEXT NOT NULL, body TEXT NOT NULL) STRICT;",
        )?;
        Ok(Self { folder, connection, seq: 0 })
    }

    fn append(&mut self, records: &[NewRecord]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, ?4)")?;
            for it in records {
                self.seq += 1;
                insert.execute(rusqlite::params![self.seq, it.at.0, it.kind, it.body])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// How many records `append` takes in a second, in calls of `batch`.
#[expect(clippy::cast_precision_loss, reason = "counts of a second")]
fn per_second(batch: usize, mut append: impl FnMut(usize) -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    let mut count = 0_usize;
    while begun.elapsed() < Duration::from_secs(1) {
        append(batch)?;
        count += batch;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
