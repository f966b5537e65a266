//! Event records to stored records and back.

use crate::personal::{put_back, take_out};
use crate::seal::{Keyring, Random, SealError, Slot};
use engine::{Actor, Event, EventRecord};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The version of the form that [`encode`] writes.
const VERSION: u32 = 1;

/// An event as it is stored. Place, epoch and hash are the journal's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// When it was decided.
    pub at: Timestamp,
    /// What it is and in which form, e.g. `page_opened.v1`.
    pub kind: String,
    /// JSON without personal text.
    pub body: String,
    /// Personal texts, sealed.
    pub slots: Vec<Slot>,
}

/// Why a stored record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer release.
    #[error(
        "record {seq} has the form `{kind}`, which this release does not know: use a newer one"
    )]
    UnknownKind {
        /// Its place.
        seq: u64,
        /// As stored.
        kind: String,
    },
    /// Not what a record of its kind looks like.
    #[error("record {seq} (`{kind}`) cannot be read: {detail}")]
    Malformed {
        /// Its place.
        seq: u64,
        /// As stored.
        kind: String,
        /// What the parser said.
        detail: String,
    },
    /// Keys cannot be reached.
    #[error(transparent)]
    Keys(#[from] SealError),
}

/// What stands in a body. Place and time are the journal's.
#[derive(Deserialize)]
struct Body {
    actor: Actor,
    reason: Option<String>,
    key: Option<String>,
    catalogue_version: u64,
    event: Event,
}

/// The stored form of `record`.
pub fn encode(
    record: &EventRecord,
    keys: &mut dyn Keyring,
    random: &mut dyn Random,
) -> Result<Stored, SealError> {
    let event = text_of(&record.event);
    let kind = kind_of(&event);
    let EventRecord { actor, reason, key, catalogue_version, .. } = record;
    let [actor, reason, key] = [text_of(actor), text_of(reason), text_of(key)];
    let body = format!(
        r#"{{"actor":{actor},"catalogue_version":{catalogue_version},"event":{event},"key":{key},"reason":{reason}}}"#
    );
    let mut slots = vec![];
    let body = match take_out(&body, &mut slots, keys, random)? {
        Cow::Owned(without) => without,
        Cow::Borrowed(_) => body,
    };
    Ok(Stored { at: record.at, kind, body, slots })
}

/// Reads what any release wrote.
pub fn decode(
    seq: u64,
    stored: &Stored,
    keys: &mut dyn Keyring,
) -> Result<EventRecord, DecodeError> {
    decode_parts(seq, stored.at, &stored.kind, &stored.body, &stored.slots, keys)
}

/// The same without a [`Stored`] to be made first.
pub fn decode_parts(
    seq: u64,
    at: Timestamp,
    kind: &str,
    body: &str,
    slots: &[Slot],
    keys: &mut dyn Keyring,
) -> Result<EventRecord, DecodeError> {
    let version = kind.rsplit_once(".v").and_then(|(_, it)| it.parse::<u32>().ok());
    match version {
        Some(VERSION) => {}
        // Older forms are brought up to the present one here, step by step.
        _ => return Err(DecodeError::UnknownKind { seq, kind: kind.to_owned() }),
    }
    let body = put_back(body, slots, keys)?;
    let Body { actor, reason, key, catalogue_version, event } = serde_json::from_str(&body)
        .map_err(|it| DecodeError::Malformed {
            seq,
            kind: kind.to_owned(),
            detail: it.to_string(),
        })?;
    Ok(EventRecord { seq, at, actor, reason, key, catalogue_version, event })
}

fn text_of(part: &impl Serialize) -> String {
    serde_json::to_string(part).expect("events serialise")
}

/// The name of an event is the first thing in it.
fn kind_of(event: &str) -> String {
    let rest = event.strip_prefix(r#"{"type":""#).expect("every event has a type");
    let (kind, _) = rest.split_once('"').expect("a text ends");
    format!("{kind}.v{VERSION}")
}
