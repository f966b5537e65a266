//! Load on a door that speaks Alertmanager's API, from threads with kept-alive connections.

use crate::http::Connection;
use anyhow::{Result, ensure};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: u32 = 32;

/// How a server did.
pub(crate) struct Outcome {
    pub(crate) alerts_per_sec: f64,
    pub(crate) requests_per_sec: f64,
    pub(crate) p99_ms: f64,
}

/// As many requests as the server takes, each with `batch` new alerts.
pub(crate) fn saturate(address: &str, batch: usize, length: Duration) -> Result<Outcome> {
    run(address, batch, length, None)
}

/// `rate` requests a second with one new alert each.
pub(crate) fn paced(address: &str, rate: u32, length: Duration) -> Result<Outcome> {
    run(address, 1, length, Some(rate))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn run(address: &str, batch: usize, length: Duration, rate: Option<u32>) -> Result<Outcome> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let begun = Instant::now();
    let gap = rate.map(|it| Duration::from_secs(1) * CONNECTIONS / it);
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let address = address.to_owned();
            thread::spawn(move || -> Result<Vec<Duration>> {
                let mut connection = Connection::open(&address)?;
                let mut taken = vec![];
                let mut due = begun;
                while begun.elapsed() < length {
                    if let Some(gap) = gap {
                        due += gap;
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                    }
                    let first = NEXT.fetch_add(batch as u64, Ordering::Relaxed);
                    let body = alerts(first, batch);
                    // A paced request counts from when it was due, so that a stalled server is
                    // not flattered by the requests it kept from being sent.
                    let start = if gap.is_some() { due } else { Instant::now() };
                    let response = connection.post("/api/v2/alerts", "application/json", &body)?;
                    ensure!(response.status == 200, "a door answered {}", response.status);
                    taken.push(start.elapsed());
                }
                Ok(taken)
            })
        })
        .collect();
    let mut taken = vec![];
    for worker in workers {
        taken.extend(worker.join().expect("a worker does not panic")?);
    }
    let secs = begun.elapsed().as_secs_f64();
    taken.sort_unstable();
    let p99 = taken.get(taken.len() * 99 / 100).copied().unwrap_or_default();
    let requests_per_sec = taken.len() as f64 / secs;
    Ok(Outcome {
        alerts_per_sec: requests_per_sec * batch as f64,
        requests_per_sec,
        p99_ms: p99.as_secs_f64() * 1e3,
    })
}

fn alerts(first: u64, count: usize) -> String {
    let mut body = String::from("[");
    for number in first..first + count as u64 {
        let comma = if number == first { "" } else { "," };
        let _ = write!(
            body,
            r#"{comma}{{"labels":{{"alertname":"Bench","severity":"ticket","instance":"i{number}"}},"annotations":{{"summary":"measured"}}}}"#
        );
    }
    body.push(']');
    body
}
