//! The emulated services alone, for trying `serve` with a real Prometheus.

use super::services::{bind, spawn};
use super::town::{SERVICES, Town};
use crate::Problem;
use crate::run::runtime;
use driver::{Clock, SystemClock};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What `example-services` is told.
#[derive(Debug, Clone, Copy)]
pub struct ExampleOptions {
    /// The port of the first service; the others follow.
    pub listen_base: u16,
    /// The seed of the traffic.
    pub seed: u64,
}

/// Serves the emulated services until it is told to stop.
pub fn example_services(options: ExampleOptions) -> Result<(), Problem> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let town = Arc::new(Town::new(options.seed, clock.now()));
    runtime()?.block_on(async move {
        let mut listeners = BTreeMap::new();
        for (service, offset) in SERVICES.iter().zip(0..) {
            let port = options.listen_base.checked_add(offset).ok_or_else(|| {
                Problem::negative("the ports do not fit")
                    .detail(format!("{} services from {} on.", SERVICES.len(), options.listen_base))
                    .hint("name a smaller port with --listen-base")
            })?;
            let listener = bind(port).await.map_err(|error| {
                Problem::unreachable(format!("could not listen on 127.0.0.1:{port}"))
                    .detail(error)
                    .hint("name another first port with --listen-base")
            })?;
            eprintln!("{} on http://127.0.0.1:{port}/metrics", service.name);
            listeners.insert(service.name, listener);
        }
        let (stop, stopped) = watch::channel(false);
        let serving = spawn(listeners, &town, &clock, &stopped);
        eprintln!("POST /break breaks a service, POST /mend mends it; stop with Ctrl-C");
        let cannot = "signals can be listened for";
        let mut terminate = signal(SignalKind::terminate()).expect(cannot);
        let mut interrupt = signal(SignalKind::interrupt()).expect(cannot);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let _ = stop.send(true);
        for it in serving {
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), it).await;
        }
        Ok(())
    })
}
