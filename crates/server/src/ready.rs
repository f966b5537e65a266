//! Whether this server can do its work.
//!
//! It can while the journal takes what is decided. Nothing is written to find that out: only after an
//! append has failed, something harmless is written every few seconds until it succeeds.

use crate::Metrics;
use crate::wait::stopped;
use driver::Handle;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The wait between two looks.
const LOOK: Duration = Duration::from_secs(2);

/// The setting that is written to find out whether writing works again.
const PROBE: &str = "ready-probe";

/// The answer of `/readyz`. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Readiness {
    handle: Handle,
    metrics: Metrics,
    stopping: Arc<Mutex<bool>>,
}

impl Readiness {
    pub(crate) fn new(handle: Handle, metrics: Metrics) -> Self {
        Self { handle, metrics, stopping: Arc::default() }
    }

    pub(crate) fn stopping(&self) {
        *self.stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    pub(crate) fn answer(&self) -> Arc<dyn Fn() -> Result<(), String> + Send + Sync> {
        let (metrics, stopping) = (self.metrics.clone(), Arc::clone(&self.stopping));
        Arc::new(move || {
            if *stopping.lock().unwrap_or_else(PoisonError::into_inner) {
                return Err("the server is stopping".to_owned());
            }
            metrics.write_failure().map_or(Ok(()), Err)
        })
    }

    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stopped(&mut stop) => return,
            }
            if self.metrics.write_failure().is_some()
                && self.handle.put_setting(PROBE, "written").await.is_ok()
            {
                tracing::info!("the journal can be written again");
                self.metrics.note_written();
            }
        }
    }
}
