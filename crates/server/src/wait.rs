//! Waiting on a clock that may run fast or be moved by hand.

use driver::Clock;
use model::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The longest sleep in one piece: the machine's clock may be set, or the machine may sleep.
const NAP_MAX: Duration = Duration::from_secs(30);

/// Waits for instants of a clock. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Waiter {
    clock: Arc<dyn Clock>,
    jumps: watch::Receiver<u64>,
    /// Kept, because a clock that never jumps drops its listeners.
    _announce: watch::Sender<u64>,
}

impl Waiter {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let (announce, jumps) = watch::channel(0);
        let listener = announce.clone();
        clock.on_move(Box::new(move || listener.send_modify(|it| *it += 1)));
        Self { clock, jumps, _announce: announce }
    }

    /// Returns when the clock shows `at` or later.
    pub(crate) async fn until(&mut self, at: Timestamp) {
        loop {
            self.jumps.mark_unchanged();
            let left = self.clock.real_time_until(at);
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(NAP_MAX)) => {}
                _ = self.jumps.changed() => {}
            }
        }
    }
}

/// Returns when `stop` says so, or when nobody is left to say it.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|it| *it).await);
}
