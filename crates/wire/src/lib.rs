//! The stored form of events and states: JSON, versioned by kind, personal text in sealed slots.
//!
//! Intuition: an event is a letter. Before it is filed, everything that belongs to a person is cut
//! out, put into an envelope that only that person's key opens, and replaced by a number. Burning
//! the key makes every envelope of that person unreadable at once; the file stays whole, because
//! its seals are over the closed envelopes.
//!
//! Invariants:
//! - no personal text is in a body, only in slots;
//! - what was written by any released version can be read;
//! - the digest of a state does not change when somebody is erased.

mod digest;
mod personal;
mod record;
mod seal;

pub use digest::{SNAPSHOT_FORMAT, digest, digest_of_bytes, hex, open_state, seal_state};
pub use record::{DecodeError, Stored, decode, decode_parts, encode};
pub use seal::{KEY_LENGTH, Keyring, Random, SealError, Slot, SystemRandom};

#[cfg(test)]
mod tests;
