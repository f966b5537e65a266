//! `journal`: verify, replay, export.

use crate::cli::{JournalCommand, JournalExport, JournalReplay, JournalVerify};
use crate::offline::{core, found, journal as open};
use crate::{Answer, YES, no, say, say_json};
use engine::{EventRecord, State};
use serde_json::{Value, json};
use server::Problem;
use std::sync::PoisonError;
use store::{Head, Journal, KeyState, Record, Verdict};
use wire::{Keyring, SealError, Slot, Stored};

/// Records read at a time.
const READ_MAX: usize = 1_000;

pub(crate) fn journal(it: &JournalCommand) -> Answer {
    match it {
        JournalCommand::Verify(it) => verify(it),
        JournalCommand::Replay(it) => replay(it),
        JournalCommand::Export(it) => export(it),
    }
}

fn verify(it: &JournalVerify) -> Answer {
    let anchor = it.head.as_deref().map(parsed_head).transpose()?;
    let (mut journal, org) = open(&it.stored)?;
    let at = match anchor {
        Some(Anchor { seq: Some(seq), hash }) => Some(Head { seq, hash }),
        Some(Anchor { seq: None, hash }) => match find(&mut *journal, hash)? {
            Some(head) => Some(head),
            None => return Ok(broken(it.form.json, None, "no record has the published hash")),
        },
        None => None,
    };
    let verdict = store::verify(&mut *journal, org.as_str(), at.as_ref(), &mut |_| {});
    match verdict.map_err(|it| unreadable(&it))? {
        Verdict::Sound(head) => {
            let hash = wire::hex(&head.hash);
            if it.form.json {
                say_json(&json!({ "sound": true, "seq": head.seq, "hash": hash }));
            } else {
                say(&format!("sound: {} records, the last one is {}:{hash}\n", head.seq, head.seq));
            }
            Ok(YES)
        }
        Verdict::Broken { seq, problem } => Ok(broken(it.form.json, Some(seq), &problem)),
    }
}

fn broken(json: bool, seq: Option<u64>, problem: &str) -> std::process::ExitCode {
    if json {
        say_json(&json!({ "sound": false, "seq": seq, "problem": problem }));
    } else if let Some(seq) = seq {
        say(&format!("broken at record {seq}: {problem}\n"));
    } else {
        say(&format!("broken: {problem}\n"));
    }
    no()
}

/// A published head.
struct Anchor {
    seq: Option<u64>,
    hash: [u8; 32],
}

fn parsed_head(text: &str) -> Result<Anchor, Problem> {
    let bad = || {
        Problem::negative(format!("`{text}` is not a head"))
            .hint("write it as in the daily mail: the number, a colon, 64 hexadecimal digits")
    };
    let (seq, hash) = match text.split_once(':') {
        Some((seq, hash)) => (Some(seq.parse().map_err(|_| bad())?), hash),
        None => (None, text),
    };
    if hash.len() != 64 || !hash.is_ascii() {
        return Err(bad());
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hash[index * 2..index * 2 + 2], 16).map_err(|_| bad())?;
    }
    Ok(Anchor { seq, hash: bytes })
}

fn find(journal: &mut dyn Journal, hash: [u8; 32]) -> Result<Option<Head>, Problem> {
    let mut found = None;
    each(journal, &mut |record| {
        if record.hash == hash {
            found = Some(Head { seq: record.seq, hash });
        }
        Ok(())
    })?;
    Ok(found)
}

fn replay(it: &JournalReplay) -> Answer {
    let (place, org) = found(&it.stored)?;
    // What the server would start with, from the latest snapshot on.
    let live = {
        let core = core(&place, &org)?;
        let published = core.published();
        let digest = wire::digest(&published.read().unwrap_or_else(PoisonError::into_inner));
        core.close();
        digest
    };
    let mut journal = place.open(&org)?.journal;
    let mut state = State::default();
    let mut keys = read_keys(&mut *journal)?;
    each(&mut *journal, &mut |record| {
        state.apply(&decoded(record, &mut keys)?);
        Ok(())
    })?;
    let digest = wire::digest(&state);
    let (equal, hex) = (digest == live, wire::hex(&digest));
    if it.form.json {
        say_json(&json!({ "equal": equal, "seq": state.seq, "digest": hex }));
    } else if equal {
        say(&format!("equal: {} records fold to the state with digest {hex}\n", state.seq));
    } else {
        say(&format!(
            "different: the journal folds to {hex}, the server would start with {}\n",
            wire::hex(&live)
        ));
    }
    Ok(if equal { YES } else { no() })
}

fn export(it: &JournalExport) -> Answer {
    let (mut journal, _) = open(&it.stored)?;
    let mut keys = if it.personal { read_keys(&mut *journal)? } else { Keys::default() };
    each(&mut *journal, &mut |record| {
        let event = decoded(record, &mut keys)?;
        let mut line: Value = serde_json::to_value(&event).expect("events serialise");
        line["at"] = json!(event.at.to_string());
        line["hash"] = json!(wire::hex(&record.hash));
        say(&format!("{line}\n"));
        Ok(())
    })?;
    Ok(YES)
}

/// What the journal of `place` folds to, without anybody's personal text; it is read and never written, whether a
/// server runs or not.
pub(crate) fn state(place: &server::Place, org: &model::OrgId) -> Result<State, Problem> {
    let mut journal = place.open(org)?.journal;
    let (mut state, mut keys) = (State::default(), Keys::default());
    each(&mut *journal, &mut |record| {
        state.apply(&decoded(record, &mut keys)?);
        Ok(())
    })?;
    Ok(state)
}

/// Calls `see` with every record, oldest first.
pub(crate) fn each(
    journal: &mut dyn Journal,
    see: &mut dyn FnMut(&Record) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut after = 0;
    loop {
        let records = journal.read(after, READ_MAX).map_err(|it| unreadable(&it))?;
        let Some(last) = records.last() else { return Ok(()) };
        after = last.seq;
        records.iter().try_for_each(&mut *see)?;
    }
}

pub(crate) fn decoded(record: &Record, keys: &mut Keys) -> Result<EventRecord, Problem> {
    let slot = |it: &store::Slot| Slot {
        subject: it.subject.clone(),
        nonce: it.nonce.clone(),
        sealed: it.sealed.clone(),
    };
    let stored = Stored {
        at: record.new.at,
        kind: record.new.kind.clone(),
        body: record.new.body.clone(),
        slots: record.new.slots.iter().map(slot).collect(),
    };
    wire::decode(record.seq, &stored, keys)
        .map_err(|it| Problem::unreachable("could not read the journal").detail(it))
}

/// The keys of people, read before the records; a key that is missing stays so.
#[derive(Default)]
pub(crate) struct Keys(std::collections::BTreeMap<String, Vec<u8>>);

impl Keyring for Keys {
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError> {
        Ok(self.0.get(subject).cloned())
    }
}

fn read_keys(journal: &mut dyn Journal) -> Result<Keys, Problem> {
    let mut subjects = std::collections::BTreeSet::new();
    each(journal, &mut |record| {
        subjects.extend(record.new.slots.iter().map(|it| it.subject.clone()));
        Ok(())
    })?;
    let mut keys = Keys::default();
    for subject in subjects {
        let key = journal.key(&subject).map_err(|it| unreadable(&it))?;
        if let KeyState::Present(key) = key {
            keys.0.insert(subject, key);
        }
    }
    Ok(keys)
}

fn unreadable(error: &store::StoreError) -> Problem {
    Problem::unreachable("could not read the journal").detail(error)
}
