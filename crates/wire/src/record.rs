//! Event records to stored records and back.

use crate::personal::{put_back, take_out};
use crate::seal::{Keyring, Random, SealError, Slot};
use engine::EventRecord;
use model::Timestamp;
use serde_json::Value;

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

/// The stored form of `record`.
pub fn encode(
    record: &EventRecord,
    keys: &mut dyn Keyring,
    random: &mut dyn Random,
) -> Result<Stored, SealError> {
    let mut value = serde_json::to_value(record).expect("events serialise");
    let kind = kind_of(&value);
    if let Value::Object(fields) = &mut value {
        // The journal keeps these itself.
        fields.remove("seq");
        fields.remove("at");
    }
    let mut slots = vec![];
    take_out(&mut value, &mut slots, keys, random)?;
    Ok(Stored { at: record.at, kind, body: value.to_string(), slots })
}

/// Reads what any release wrote.
pub fn decode(
    seq: u64,
    stored: &Stored,
    keys: &mut dyn Keyring,
) -> Result<EventRecord, DecodeError> {
    let kind = || stored.kind.clone();
    let malformed = |detail: String| DecodeError::Malformed { seq, kind: kind(), detail };
    let version = stored.kind.rsplit_once(".v").and_then(|(_, it)| it.parse::<u32>().ok());
    let mut value: Value =
        serde_json::from_str(&stored.body).map_err(|it| malformed(it.to_string()))?;
    match version {
        Some(VERSION) => {}
        // Older forms are brought up to the present one here, step by step.
        _ => return Err(DecodeError::UnknownKind { seq, kind: kind() }),
    }
    put_back(&mut value, &stored.slots, keys)?;
    let Value::Object(fields) = &mut value else {
        return Err(malformed("not an object".to_owned()));
    };
    fields.insert("seq".to_owned(), seq.into());
    fields.insert("at".to_owned(), stored.at.0.into());
    serde_json::from_value(value).map_err(|it| malformed(it.to_string()))
}

fn kind_of(record: &Value) -> String {
    let kind = record["event"]["type"].as_str().expect("every event has a type");
    format!("{kind}.v{VERSION}")
}
