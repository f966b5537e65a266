//! Alertmanager's webhook, version 4.
//!
//! The payload speaks of a group, but each alert carries its own status, and only that is believed:
//! silences, inhibition and truncation all make an alert vanish from a group while it still fires.

use crate::{ALERTS_PER_REQUEST_MAX, Malformed, WireAlert, instant};
use alerting::{Incoming, Normalised, Status, normalise};
use model::{Millis, Timestamp};
use serde::Deserialize;

/// After how long unheard an alert is called stale: Alertmanager repeats every 4 hours by default.
pub const STALE_AFTER: Millis = Millis::from_hours(5);

/// What a payload held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// To be taken. Ends of firing ones mean nothing here: this sender names none.
    pub alerts: Vec<Normalised>,
    /// Why the others are not, one line each.
    pub errors: Vec<String>,
    /// Alerts the sender left out of the payload; to be shown loudly.
    pub truncated: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    version: String,
    #[serde(default)]
    truncated_alerts: u64,
    alerts: Vec<WireAlert>,
}

/// Reads a request body.
pub fn parse(body: &[u8], now: Timestamp) -> Result<Parsed, Malformed> {
    let payload: Payload =
        serde_json::from_slice(body).map_err(|it| Malformed::Shape(it.to_string()))?;
    if payload.version != "4" {
        let version = payload.version;
        return Err(Malformed::Shape(format!("version {version:?} instead of \"4\"")));
    }
    if payload.alerts.len() > ALERTS_PER_REQUEST_MAX {
        return Err(Malformed::TooMany { count: payload.alerts.len() });
    }
    let truncated = payload.truncated_alerts;
    let mut parsed = Parsed { alerts: vec![], errors: vec![], truncated };
    for it in payload.alerts {
        match one(it, now) {
            Ok(alert) => parsed.alerts.push(alert),
            Err(error) => parsed.errors.push(error),
        }
    }
    Ok(parsed)
}

/// One alert of a payload, by its own status.
pub(crate) fn one(mut wire: WireAlert, now: Timestamp) -> Result<Normalised, String> {
    let status = match wire.status.as_deref() {
        Some("firing") => Status::Firing,
        Some("resolved") => Status::Resolved,
        other => return Err(format!("status {other:?} is neither firing nor resolved")),
    };
    let annotations = wire.described();
    let incoming = Incoming {
        starts_at: instant(wire.starts_at.as_deref())?,
        // A firing alert has no end here; one in the future would not be a promise either.
        ends_at: None,
        labels: wire.labels,
        annotations,
    };
    let starts_at = incoming.starts_at;
    let mut alert = normalise(Incoming { starts_at: None, ..incoming }, now, Millis::ZERO)
        .map_err(|it| it.to_string())?;
    alert.starts_at = starts_at.unwrap_or(now);
    alert.status = status;
    Ok(alert)
}
