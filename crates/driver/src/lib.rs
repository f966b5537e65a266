//! The shell around the engine: one thread that owns the journal and the only pen.
//!
//! Intuition: a notary's office with one desk. Requests queue at the door; the notary takes all that
//! wait, decides each against the ledger as it would then be ([`engine::Engine`]), writes them into
//! the book in one go, and only then answers. If the book cannot be written, nothing of it happened:
//! the desk is cleared and set up again from what is really in the book.
//!
//! [`Core`] is that desk: synchronous, no thread, no clock, so that simulations can drive it.
//! [`spawn`] puts it on a thread of its own; [`Handle`] is the door.
//!
//! Invariants:
//! - an answer is given only after the events are durable;
//! - the published state holds durable events and nothing else;
//! - time never goes backwards and never stands still, whatever the clock does ([`Pace`]);
//! - a panic in one submission refuses that submission and harms no other;
//! - who lost the lease writes nothing and stops.

pub mod clock;
mod desk;
mod handle;
mod keys;
mod look;
mod pace;
mod planted;
mod restore;
mod snapshot;
mod thread;
mod why;

#[cfg(test)]
mod tests;

pub use clock::{Clock, ManualClock, ScaledClock, SystemClock};
pub use desk::{
    Accepted, Answer, BATCH_MAX, Core, End, Options, SNAPSHOT_EVERY, SubmitError, Turn,
};
pub use handle::{Handle, QUEUE_MAX, RequestError};
pub use look::Look;
pub use pace::Pace;
#[cfg(any(test, feature = "planted-bugs"))]
pub use planted::{Planted, RewriteBy};
pub use restore::OpenError;
pub use thread::spawn;
