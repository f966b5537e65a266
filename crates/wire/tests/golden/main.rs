//! What released versions wrote is read, and means what it meant.
//!
//! Each folder beside this file belongs to a release and is never changed: `journal.jsonl` holds a
//! journal as stored, a record per line; `meaning.jsonl` what each record says to this release;
//! `snapshot.json` the state behind it, sealed; `digest.txt` the digest of that state.
//!
//! Until it is released, the newest folder may be deleted and made again. A new release gets a new folder: bump [`NEWEST`] and run `LAMPLIGHTER_BLESS=1 cargo test -p wire`.
//! That writes what is missing and overwrites nothing, with one exception: after an upcast was added,
//! delete the `meaning.jsonl` of the older folders first and look at what changed.

mod by_hand;
mod names;
mod standing;
mod story;
mod watched;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{EventRecord, State};
use model::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Once;
use wire::{KEY_LENGTH, Keyring, Random, SealError, Slot, Stored};

/// The folder of the release that is being made.
const NEWEST: &str = "v0.1";

#[test]
fn every_released_record_means_what_it_meant() {
    for folder in folders() {
        for (line, record) in records(&folder) {
            let expected = meanings(&folder)[line].clone();
            let read = serde_json::to_value(&record).expect("events serialise");
            assert_eq!(read, expected, "{} line {}", folder.display(), line + 1);
        }
    }
}

#[test]
fn every_released_journal_folds_into_the_same_state() {
    for folder in folders() {
        let mut state = State::default();
        for (_, record) in &records(&folder) {
            state.apply(record);
        }
        assert_eq!(wire::hex(&wire::digest(&state)), pinned(&folder), "{}", folder.display());
    }
}

#[test]
fn the_newest_snapshot_opens() {
    let folder = root().join(NEWEST);
    let body = std::fs::read(folder.join("snapshot.json")).expect("the folder is complete");
    let state = wire::open_state(&body, &mut Keys::default()).expect("keys are at hand");
    let state = state.expect("this release wrote it");
    assert_eq!(wire::hex(&wire::digest(&state)), pinned(&folder));
}

/// Whoever changes how an event is written must say so with a new version of its form.
#[test]
fn the_newest_form_is_what_is_written_today() {
    let (keys, random) = (&mut Keys::default(), &mut Counter(0));
    for (line, stored) in lines(&root().join(NEWEST)).iter().enumerate() {
        let seq = line as u64 + 1;
        let record = wire::decode(seq, stored, keys).expect("a readable record");
        let again = wire::encode(&record, keys, random).expect("keys are at hand");
        assert_eq!((&again.kind, &again.body), (&stored.kind, &stored.body));
    }
}

#[test]
fn every_event_has_a_stored_sample() {
    let stored: BTreeSet<String> =
        lines(&root().join(NEWEST)).into_iter().map(|it| it.kind).collect();
    let expected: BTreeSet<String> = names::EVENTS.iter().map(|it| format!("{it}.v1")).collect();
    assert_eq!(stored, expected);
}

/// Parts of events have forms of their own.
#[test]
fn every_part_of_an_event_has_a_stored_sample() {
    let bodies: Vec<String> = lines(&root().join(NEWEST)).into_iter().map(|it| it.body).collect();
    let missing: Vec<&str> = names::PARTS
        .iter()
        .copied()
        .filter(|part| !bodies.iter().any(|body| body.contains(&format!("\"{part}\""))))
        .collect();
    assert_eq!(missing, [""; 0]);
}

/// Goal: no damaged record makes the reader panic; it is read or named. Method: every released record
/// with seeded damage in body, kind and slots.
#[test]
fn damaged_records_are_refused_or_read() {
    let words = ["null", "\"", "{", "]", "-1", "1e999", "$personal", "18446744073709551616", ".v2"];
    let mut keys = Keys::default();
    for stored in lines(&root().join(NEWEST)) {
        let spoilt = |text: &str| {
            let text = text.as_bytes().to_vec();
            testkit::spoilt(&text, &words, 100)
                .map(|(_, it)| String::from_utf8_lossy(&it).into_owned())
                .collect::<Vec<_>>()
        };
        for body in spoilt(&stored.body) {
            let _ = wire::decode(1, &Stored { body, ..stored.clone() }, &mut keys);
        }
        for kind in spoilt(&stored.kind) {
            let _ = wire::decode(1, &Stored { kind, ..stored.clone() }, &mut keys);
        }
        for (_, sealed) in testkit::spoilt(b"0123456789abcdef", &words, 20) {
            let mut damaged = stored.clone();
            damaged.slots.iter_mut().for_each(|it| it.sealed.clone_from(&sealed));
            // The hash chain tells that it was altered; the reader goes on without the text.
            let read = wire::decode(1, &damaged, &mut keys).expect("the record without its texts");
            let told = serde_json::to_value(&read).expect("events serialise").to_string();
            assert!(!told.contains("0123456789abcdef"), "{told}");
        }
    }
}

/// The folder of this test, completed first when that is asked for.
fn root() -> PathBuf {
    static BLESSED: Once = Once::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    if std::env::var_os("LAMPLIGHTER_BLESS").is_some() {
        BLESSED.call_once(|| bless(&root.join(NEWEST)));
    }
    root
}

/// The folder of every release.
fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root()).expect("the folder of this test");
    let folders = entries.map(|it| it.expect("a readable folder").path());
    let mut folders: Vec<PathBuf> = folders.filter(|it| it.is_dir()).collect();
    folders.sort();
    assert!(folders.contains(&root().join(NEWEST)), "run LAMPLIGHTER_BLESS=1 cargo test -p wire");
    folders
}

fn lines(folder: &Path) -> Vec<Stored> {
    let text = read(folder, "journal.jsonl");
    text.lines().map(|it| stored(&serde_json::from_str(it).expect("a line of JSON"))).collect()
}

fn records(folder: &Path) -> Vec<(usize, EventRecord)> {
    let mut keys = Keys::default();
    let decoded = |(line, stored): (usize, Stored)| {
        let seq = line as u64 + 1;
        let record = wire::decode(seq, &stored, &mut keys);
        (line, record.unwrap_or_else(|it| panic!("{}: {it}", folder.display())))
    };
    lines(folder).into_iter().enumerate().map(decoded).collect()
}

fn meanings(folder: &Path) -> Vec<Value> {
    let text = read(folder, "meaning.jsonl");
    text.lines().map(|it| serde_json::from_str(it).expect("a line of JSON")).collect()
}

fn pinned(folder: &Path) -> String {
    read(folder, "digest.txt").trim().to_owned()
}

fn read(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()))
}

/// Writes what is missing in the folder of the newest release.
fn bless(folder: &Path) {
    let (keys, random) = (&mut Keys::default(), &mut Counter(0));
    std::fs::create_dir_all(folder).expect("a writable folder");
    let write = |name: &str, text: &str| {
        if !folder.join(name).exists() {
            std::fs::write(folder.join(name), text).expect("a writable folder");
        }
    };
    let (mut journal, mut state) = (String::new(), State::default());
    for record in story::tell() {
        let stored = wire::encode(&record, keys, random).expect("keys are at hand");
        journal += &line(&stored).to_string();
        journal.push('\n');
        state.apply(&record);
    }
    write("journal.jsonl", &journal);
    let meaning = |(_, it): &(usize, EventRecord)| {
        format!("{}\n", serde_json::to_value(it).expect("events serialise"))
    };
    write("meaning.jsonl", &records(folder).iter().map(meaning).collect::<String>());
    write("digest.txt", &format!("{}\n", wire::hex(&wire::digest(&state))));
    let snapshot = wire::seal_state(&state, keys, random).expect("keys are at hand");
    write("snapshot.json", &String::from_utf8(snapshot).expect("JSON is text"));
}

fn line(it: &Stored) -> Value {
    let slots: Vec<Value> = it
        .slots
        .iter()
        .map(|it| json!([it.subject, STANDARD.encode(&it.nonce), STANDARD.encode(&it.sealed)]))
        .collect();
    json!({ "at": it.at.0, "kind": it.kind, "body": it.body, "slots": slots })
}

fn stored(line: &Value) -> Stored {
    let text = |it: &Value| it.as_str().expect("a text").to_owned();
    let bytes = |it: &Value| STANDARD.decode(text(it)).expect("base64");
    let slot =
        |it: &Value| Slot { subject: text(&it[0]), nonce: bytes(&it[1]), sealed: bytes(&it[2]) };
    Stored {
        at: Timestamp(line["at"].as_i64().expect("a time")),
        kind: text(&line["kind"]),
        body: text(&line["body"]),
        slots: line["slots"].as_array().expect("slots").iter().map(slot).collect(),
    }
}

/// Everybody's key, except that of one who was erased: made from the name, so that it need not be
/// stored here.
#[derive(Default)]
struct Keys(BTreeMap<String, Vec<u8>>);

impl Keyring for Keys {
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError> {
        if subject == story::ERASED {
            return Ok(None);
        }
        let made = || subject.bytes().cycle().take(KEY_LENGTH).collect();
        Ok(Some(self.0.entry(subject.to_owned()).or_insert_with(made).clone()))
    }
}

/// The same nonces in every run, and none twice.
struct Counter(u64);

impl Random for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 += 1;
        for (byte, fresh) in bytes.iter_mut().zip(self.0.to_le_bytes().iter().cycle()) {
            *byte = *fresh;
        }
    }
}
