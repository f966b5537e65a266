//! Load on a door that speaks Alertmanager's API, from threads with kept-alive connections.
//!
//! The same client for both sides. Only what was answered with a 2xx counts as accepted; what was
//! refused, or not answered in time, is counted too.

use crate::http::Connection;
use anyhow::Result;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: u32 = 32;

/// Alerts of one run; below the number that Lamplighter lets be open at a time.
const ALERTS_MAX: u64 = 150_000;

/// How a server did.
pub(crate) struct Outcome {
    pub(crate) alerts: f64,
    pub(crate) alerts_per_sec: f64,
    pub(crate) requests_per_sec: f64,
    pub(crate) p99_ms: f64,
    /// Requests that were refused or not answered in time.
    pub(crate) refused: f64,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Alerts in a request, each a new one.
    pub(crate) batch: usize,
    /// Requests a second; `None`: as many as are taken.
    pub(crate) rate: Option<u32>,
    pub(crate) length: Duration,
    /// Labels of every alert besides its name and number, as JSON members.
    pub(crate) labels: &'static str,
}

/// Sends `load` to `address`.
#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
pub(crate) fn run(address: &str, load: Load) -> Result<Outcome> {
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let (address, next) = (address.to_owned(), Arc::clone(&next));
            thread::spawn(move || worker(&address, load, number, begun, &next))
        })
        .collect();
    let mut taken = vec![];
    let mut refused = 0;
    for worker in workers {
        let (of_worker, refused_by_worker) = worker.join().expect("a worker does not panic")?;
        taken.extend(of_worker);
        refused += refused_by_worker;
    }
    let secs = begun.elapsed().as_secs_f64();
    if refused > 0 {
        eprintln!("of {} requests {refused} were not answered 2xx", taken.len() + refused);
    }
    let alerts = taken.len() as f64 * load.batch as f64;
    Ok(Outcome {
        alerts,
        alerts_per_sec: alerts / secs,
        requests_per_sec: taken.len() as f64 / secs,
        p99_ms: p99_ms(&mut taken),
        refused: refused as f64,
    })
}

/// The value that 99 of 100 do not exceed.
pub(crate) fn p99_ms(taken: &mut [Duration]) -> f64 {
    taken.sort_unstable();
    let p99 = taken.get(taken.len() * 99 / 100).copied().unwrap_or_default();
    p99.as_secs_f64() * 1e3
}

fn worker(
    address: &str,
    load: Load,
    number: u32,
    begun: Instant,
    next: &AtomicU64,
) -> Result<(Vec<Duration>, usize)> {
    let mut connection = Connection::open(address)?;
    let gap = load.rate.map(|it| Duration::from_secs(1) * CONNECTIONS / it);
    let (mut taken, mut refused) = (vec![], 0);
    // Connections take turns rather than sending all at once.
    let mut due = begun + gap.unwrap_or_default() * number / CONNECTIONS;
    while begun.elapsed() < load.length {
        if let Some(gap) = gap {
            due += gap;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let first = next.fetch_add(load.batch as u64, Ordering::Relaxed);
        if first >= ALERTS_MAX {
            break;
        }
        let body = alerts(first, load);
        // A paced request counts from when it was due, so that a stalled server is not flattered by
        // the requests it kept from being sent.
        let start = if gap.is_some() { due } else { Instant::now() };
        match connection.post("/api/v2/alerts", "application/json", &body) {
            Ok(response) if (200..300).contains(&response.status) => taken.push(start.elapsed()),
            Ok(_) => refused += 1,
            // Nothing came back in time: what the connection would say next is unknown.
            Err(_) => {
                refused += 1;
                connection = Connection::open(address)?;
            }
        }
    }
    Ok((taken, refused))
}

fn alerts(first: u64, load: Load) -> String {
    let mut body = String::from("[");
    for number in first..first + load.batch as u64 {
        let comma = if number == first { "" } else { "," };
        let labels = load.labels;
        let _ = write!(
            body,
            r#"{comma}{{"labels":{{"alertname":"Bench",{labels},"instance":"i{number}"}},"annotations":{{"summary":"measured"}}}}"#
        );
    }
    body.push(']');
    body
}
