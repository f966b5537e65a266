//! Digests and snapshots of a state.

use crate::personal::{blank, put_back, take_out};
use crate::seal::{Keyring, Random, SealError, Slot};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::State;
use ring::digest::{SHA256, digest as sha256};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The form of snapshots this release writes and reads. A snapshot of another form is no loss: the
/// journal is replayed instead.
pub const SNAPSHOT_FORMAT: u32 = 2;

/// SHA-256 over the state without personal text: equal states have equal digests on every machine,
/// before and after an erasure.
#[must_use]
pub fn digest(state: &State) -> [u8; 32] {
    let json = serde_json::to_string(state).expect("states serialise");
    digest_of_bytes(blank(&json).as_bytes())
}

/// SHA-256.
#[must_use]
pub fn digest_of_bytes(bytes: &[u8]) -> [u8; 32] {
    sha256(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The body of a snapshot: a line of sealed texts, and the state that points at them. Neither holds a
/// line break: in JSON those are escaped.
pub fn seal_state(
    state: &State,
    keys: &mut dyn Keyring,
    random: &mut dyn Random,
) -> Result<Vec<u8>, SealError> {
    let json = serde_json::to_string(state).expect("states serialise");
    let mut slots = vec![];
    let state = take_out(&json, &mut slots, keys, random)?;
    let slots: Vec<Value> = slots
        .iter()
        .map(|it| json!([it.subject, STANDARD.encode(&it.nonce), STANDARD.encode(&it.sealed)]))
        .collect();
    let mut body = Value::from(slots).to_string().into_bytes();
    body.reserve_exact(state.len() + 1);
    body.push(b'\n');
    body.extend_from_slice(state.as_bytes());
    Ok(body)
}

/// Reads a snapshot; `None` when it is not one of ours.
pub fn open_state(body: &[u8], keys: &mut dyn Keyring) -> Result<Option<State>, SealError> {
    let Ok(body) = std::str::from_utf8(body) else { return Ok(None) };
    let Some((slots, state)) = body.split_once('\n') else { return Ok(None) };
    let slots: Option<Vec<Slot>> = serde_json::from_str::<Vec<Value>>(slots)
        .ok()
        .map(|it| it.iter().filter_map(slot).collect());
    let Some(slots) = slots else { return Ok(None) };
    let state = put_back(state, &slots, keys)?;
    Ok(serde_json::from_str(&state).ok())
}

fn slot(value: &Value) -> Option<Slot> {
    let bytes = |it: &Value| STANDARD.decode(it.as_str()?).ok();
    let subject = value[0].as_str()?.to_owned();
    Some(Slot { subject, nonce: bytes(&value[1])?, sealed: bytes(&value[2])? })
}
