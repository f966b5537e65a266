//! The emulated services on loopback HTTP, each on a port of its own.

use super::town::{SERVICES, Town};
use crate::Problem;
use crate::wait::stopped;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use driver::Clock;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A service with what it needs to answer.
#[derive(Clone)]
struct Serving {
    town: Arc<Town>,
    clock: Arc<dyn Clock>,
    name: &'static str,
}

/// Listens for every service: on the ports of `wanted` where they are free, on any other where not.
pub(crate) async fn listen(
    wanted: &BTreeMap<String, u16>,
) -> Result<BTreeMap<&'static str, TcpListener>, Problem> {
    let mut listeners = BTreeMap::new();
    for service in SERVICES {
        let port = wanted.get(service.name).copied().unwrap_or(0);
        let listener = match bind(port).await {
            Ok(listener) => listener,
            Err(_) => bind(0).await.map_err(|error| {
                Problem::unreachable("could not listen on 127.0.0.1").detail(error)
            })?,
        };
        listeners.insert(service.name, listener);
    }
    Ok(listeners)
}

pub(crate) async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}

/// Serves until it is told to stop.
pub(crate) fn spawn(
    listeners: BTreeMap<&'static str, TcpListener>,
    town: &Arc<Town>,
    clock: &Arc<dyn Clock>,
    stop: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let serve = |(name, listener): (&'static str, TcpListener)| {
        let serving = Serving { town: Arc::clone(town), clock: Arc::clone(clock), name };
        let routes = Router::new()
            .route("/", get(told))
            .route("/metrics", get(metrics))
            .route("/break", post(broken))
            .route("/mend", post(mended))
            .with_state(serving);
        let mut stop = stop.clone();
        let closed = async move { stopped(&mut stop).await };
        tokio::spawn(async move {
            let server = axum::serve(listener, routes).with_graceful_shutdown(closed);
            if let Err(error) = server.await {
                tracing::error!("the emulated service {name} is not served any more: {error}");
            }
        })
    };
    listeners.into_iter().map(serve).collect()
}

async fn told(State(it): State<Serving>) -> String {
    let now = if it.town.is_broken(it.name) == Some(true) { "broken" } else { "well" };
    format!("{} is {now}. GET /metrics, POST /break, POST /mend\n", it.name)
}

async fn metrics(State(it): State<Serving>) -> (StatusCode, String) {
    match it.town.metrics(it.name, it.clock.now()) {
        Some(text) => (StatusCode::OK, text),
        None => (StatusCode::NOT_FOUND, String::new()),
    }
}

async fn broken(State(it): State<Serving>) -> String {
    it.town.break_service(it.name, it.clock.now());
    format!("{} is broken\n", it.name)
}

async fn mended(State(it): State<Serving>) -> String {
    it.town.mend_service(it.name, it.clock.now());
    format!("{} is well\n", it.name)
}
