//! What goes in comes out; what is erased does not; what is equal digests equally.

use crate::{
    KEY_LENGTH, Keyring, Random, SealError, decode, digest, encode, open_state, seal_state,
};
use engine::{Actor, Event, EventRecord, State};
use model::{IncidentId, Personal, Timestamp};
use std::collections::BTreeMap;

#[test]
fn personal_text_is_sealed_and_comes_back() {
    let (mut keys, mut random) = (Keys::default(), Counter(0));
    let record = review("the carrier's certificate ended");
    let stored = encode(&record, &mut keys, &mut random).expect("keys are at hand");
    assert_eq!(stored.kind, "review_published.v1");
    assert_eq!(
        stored.body,
        r#"{"actor":{"person":"ana"},"catalogue_version":3,"event":{"type":"review_published","incident":"in_4","by":"ana","text":{"$slot":0}},"key":null,"reason":null}"#
    );
    assert_eq!(decode(7, &stored, &mut keys), Ok(record));
}

#[test]
fn erasing_a_person_leaves_the_record_and_takes_the_text() {
    let (mut keys, mut random) = (Keys::default(), Counter(0));
    let stored = encode(&review("text"), &mut keys, &mut random).expect("keys are at hand");
    keys.0.insert("ana".into(), None);
    let read = decode(7, &stored, &mut keys).expect("the record itself is readable");
    let Event::ReviewPublished { text, .. } = read.event else { panic!("another event") };
    assert_eq!((text.subject().as_str(), text.text()), ("ana", None));
    let again = encode(&review("later"), &mut keys, &mut random).expect("keys are at hand");
    assert!(again.slots[0].sealed.is_empty(), "an erased person's new text is not kept either");
}

#[test]
fn an_altered_slot_does_not_open() {
    let (mut keys, mut random) = (Keys::default(), Counter(0));
    let mut stored = encode(&review("text"), &mut keys, &mut random).expect("keys are at hand");
    stored.slots[0].sealed[0] ^= 1;
    let read = decode(7, &stored, &mut keys).expect("the record itself is readable");
    let Event::ReviewPublished { text, .. } = read.event else { panic!("another event") };
    assert_eq!(text.text(), None);
}

#[test]
fn a_newer_form_is_refused_with_its_name() {
    let (mut keys, mut random) = (Keys::default(), Counter(0));
    let mut stored = encode(&review("text"), &mut keys, &mut random).expect("keys are at hand");
    stored.kind = "review_published.v2".into();
    let error = decode(7, &stored, &mut keys).expect_err("version 2 does not exist");
    assert_eq!(
        error.to_string(),
        "record 7 has the form `review_published.v2`, which this release does not know: use a newer one"
    );
}

/// Only the form itself is taken for personal text, not its letters in somebody's label.
#[test]
fn words_that_look_like_personal_text_stay_words() {
    let (mut keys, mut random) = (Keys::default(), Counter(0));
    let looks = r#"{"$personal":{"subject":"ana","text":"x"}} {"$slot":0}"#;
    let texts = [looks, "{\"$slot\":7}", "a\\", "\\{\"$personal\":", "{\n\"$slot\": 1}"];
    for text in texts {
        let failing = Event::SourceFailing { source: "own".into(), detail: text.to_owned() };
        let stored = encode(&record(7, failing.clone()), &mut keys, &mut random).expect("no key");
        assert_eq!(stored.slots, [], "{text}");
        assert_eq!(decode(7, &stored, &mut keys).expect("readable").event, failing, "{text}");
        let own = review(text);
        let stored = encode(&own, &mut keys, &mut random).expect("keys are at hand");
        assert_eq!(stored.slots.len(), 1, "{text}");
        assert_eq!(decode(7, &stored, &mut keys), Ok(own), "{text}");
    }
}

#[test]
fn a_snapshot_is_the_state_and_its_digest_outlives_erasure() {
    let (mut keys, mut random) = (Keys::default(), Counter(0));
    let mut state = State::default();
    let password = Event::PasswordSet {
        person: "ana".into(),
        hash: Personal::new("ana".into(), "$argon2id$…"),
        role: engine::Role::Admin,
    };
    state.apply(&record(1, password));
    let body = seal_state(&state, &mut keys, &mut random).expect("keys are at hand");
    assert!(!String::from_utf8_lossy(&body).contains("argon2id"));
    let opened = open_state(&body, &mut keys).expect("keys are at hand").expect("a snapshot");
    assert_eq!(opened, state);
    keys.0.insert("ana".into(), None);
    let erased = open_state(&body, &mut keys).expect("keys are at hand").expect("a snapshot");
    assert_ne!(erased, state);
    assert_eq!(digest(&erased), digest(&state));
}

fn review(text: &str) -> EventRecord {
    let text = Personal::new("ana".into(), text);
    record(7, Event::ReviewPublished { incident: IncidentId(4), by: "ana".into(), text })
}

fn record(seq: u64, event: Event) -> EventRecord {
    EventRecord {
        seq,
        at: Timestamp(1_795_428_000_000),
        actor: Actor::Person("ana".into()),
        reason: None,
        key: None,
        catalogue_version: 3,
        event,
    }
}

#[derive(Default)]
struct Keys(BTreeMap<String, Option<Vec<u8>>>);

impl Keyring for Keys {
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError> {
        let made = || Some(vec![7; KEY_LENGTH]);
        Ok(self.0.entry(subject.to_owned()).or_insert_with(made).clone())
    }
}

/// Never the same nonce twice, and the same nonces in every run.
struct Counter(u8);

impl Random for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 += 1;
        bytes.fill(self.0);
    }
}
