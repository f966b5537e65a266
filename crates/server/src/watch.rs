//! The watcher is watched: a page to nobody through the whole product, and a sign of life to others.
//!
//! Intuition: two tests of a fire alarm. The caretaker holds a match under a detector and waits for the
//! bell ([`synthetic`]); and every minute the alarm tells the fire station that it is in order
//! ([`ping`]), so that its silence is an alarm too.
//!
//! Invariants:
//! - a synthetic page uses the door, the engine, the outbox and a channel as any other does; nothing on
//!   its way knows that it is one, but for the policy it takes and the incident it leaves no trace of;
//! - a sign of life is sent only after the journal was written and the outbox was seen at work: it says
//!   no more than was looked at, and no less.

mod ping;
mod receiver;
mod synthetic;

pub(crate) use receiver::{Loopback, Receiver};

use crate::Metrics;
use crate::node::Shared;
use crate::wait::stopped;
use egress::{Client, Policy};
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks at whether something is due.
const LOOK: Duration = Duration::from_millis(500);

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// What both tests need.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) shared: Shared,
    pub(crate) metrics: Metrics,
    /// Where this server listens, for itself.
    pub(crate) local: String,
    client: Client,
}

impl Watch {
    pub(crate) fn new(shared: Shared, metrics: Metrics, local: String) -> Self {
        Self { shared, metrics, local, client: Client::new(Policy::Operator) }
    }

    /// Tests until `stop` says so.
    pub(crate) async fn run(self, receiver: Option<Receiver>, mut stop: watch::Receiver<bool>) {
        let pings = ping::run(self.clone());
        let pages = async {
            match receiver {
                Some(receiver) => synthetic::run(self.clone(), receiver).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = pings => {}
            () = pages => {}
            () = stopped(&mut stop) => {}
        }
    }
}
