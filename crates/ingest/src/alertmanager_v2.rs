//! `POST /api/v2/alerts`, as Prometheus sends it.

use crate::{ALERTS_PER_REQUEST_MAX, Malformed, WireAlert, instant};
use alerting::{Incoming, Normalised, normalise};
use model::{Millis, Timestamp};

/// How long an alert without an end is believed: Alertmanager's default.
pub const RESOLVE_TIMEOUT: Millis = Millis::from_mins(5);

/// What a request held: the valid alerts are taken even when others are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// To be taken.
    pub alerts: Vec<Normalised>,
    /// Why the others are not, one line each.
    pub errors: Vec<String>,
}

/// Reads a request body.
pub fn parse(body: &[u8], now: Timestamp) -> Result<Parsed, Malformed> {
    let wire: Vec<WireAlert> =
        serde_json::from_slice(body).map_err(|it| Malformed::Shape(it.to_string()))?;
    if wire.len() > ALERTS_PER_REQUEST_MAX {
        return Err(Malformed::TooMany { count: wire.len() });
    }
    let mut parsed = Parsed { alerts: vec![], errors: vec![] };
    for it in wire {
        match one(it, now) {
            Ok(alert) => parsed.alerts.push(alert),
            Err(error) => parsed.errors.push(error),
        }
    }
    Ok(parsed)
}

fn one(mut wire: WireAlert, now: Timestamp) -> Result<Normalised, String> {
    let annotations = wire.described();
    let incoming = Incoming {
        starts_at: instant(wire.starts_at.as_deref())?,
        ends_at: instant(wire.ends_at.as_deref())?,
        labels: wire.labels,
        annotations,
    };
    normalise(incoming, now, RESOLVE_TIMEOUT).map_err(|it| it.to_string())
}
