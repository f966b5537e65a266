//! The hash chain: every entry is sealed over the one before.
//!
//! Slots enter by the hash of their sealed bytes, so that destroying a key changes nothing here. A
//! chain proves nothing without an anchor outside: the head is published in logs, metrics and mail.

use crate::{Head, Journal, NewRecord, StoreError};
use ring::digest::{Context, SHA256, digest};

/// What a look at the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry follows from the one before.
    Sound(Head),
    /// The first entry that does not.
    Broken {
        /// Its place.
        seq: u64,
        /// What is wrong with it.
        problem: String,
    },
}

/// The hash of an entry behind `previous`.
#[must_use]
pub fn record_hash(
    org: &str,
    previous: &[u8; 32],
    seq: u64,
    epoch: u64,
    record: &NewRecord,
) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let mut part = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    part(previous);
    part(org.as_bytes());
    part(&seq.to_be_bytes());
    part(&epoch.to_be_bytes());
    part(&record.at.0.to_be_bytes());
    part(record.kind.as_bytes());
    part(record.body.as_bytes());
    for slot in &record.slots {
        part(slot.subject.as_bytes());
        part(&slot.nonce);
        part(digest(&SHA256, &slot.sealed).as_ref());
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Reads the whole journal of `org` and checks every entry. With `anchor`, the journal must also
/// contain that head. `progress` is called with the place reached.
pub fn verify(
    journal: &mut dyn Journal,
    org: &str,
    anchor: Option<&Head>,
    progress: &mut dyn FnMut(u64),
) -> Result<Verdict, StoreError> {
    const READ_MAX: usize = 1_000;
    let claimed = journal.head()?;
    let broken = |seq, problem: &str| Verdict::Broken { seq, problem: problem.to_owned() };
    let mut head = Head::default();
    loop {
        let records = journal.read(head.seq, READ_MAX)?;
        if records.is_empty() {
            break;
        }
        for record in records {
            if record.seq != head.seq + 1 {
                return Ok(broken(head.seq + 1, "it is missing"));
            }
            let hash = record_hash(org, &head.hash, record.seq, record.epoch.0, &record.new);
            if hash != record.hash {
                return Ok(broken(record.seq, "it was altered, or the one before it was"));
            }
            head = Head { seq: record.seq, hash };
            if anchor.is_some_and(|it| it.seq == head.seq && it.hash != head.hash) {
                return Ok(broken(head.seq, "it is not the one whose hash was published"));
            }
        }
        progress(head.seq);
    }
    if claimed != head {
        return Ok(broken(head.seq + 1, "the journal is shorter than its head says"));
    }
    if anchor.is_some_and(|it| it.seq > head.seq) {
        return Ok(broken(head.seq + 1, "the journal is shorter than the published head"));
    }
    Ok(Verdict::Sound(head))
}
