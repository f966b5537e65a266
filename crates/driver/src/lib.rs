//! The thread that owns the engine and the journal, and the clocks it can run on.
//!
//! Intuition: one cashier, one queue. Requests that arrive together are put into the book together
//! (group commit); nobody gets a receipt before the ink is dry; if the pen fails, the whole batch is
//! forgotten and everybody is told to come again.
//!
//! Two states exist: the engine's, which runs ahead within a batch, and the published one, which
//! folds durable events only. Views read the published one.
//!
//! Invariants:
//! - an `Ok` answer means that the events are durable;
//! - after a failed append the engine is back at the published state;
//! - time within the journal never goes backwards, whatever the clock does;
//! - a panic while one request is decided refuses that request and harms no other.

mod clock;
mod core;
mod handle;

#[cfg(test)]
mod tests;

pub use clock::{Clock, ManualClock, ScaledClock, SystemClock};
pub use core::{Accepted, BATCH_MAX, Core, CoreError, LEASE_TTL, SNAPSHOT_EVERY, SubmitError};
pub use handle::{Handle, QUEUE_MAX, spawn};
