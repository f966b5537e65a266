//! Foreign payloads to alerts: parsing, limits, and finding out what an alert is about.
//!
//! Intuition: a porter who reads the address on the parcel. What cannot be read is refused with the
//! reason; what can be read is taken even when the parcel beside it cannot.
//!
//! Invariants:
//! - no I/O, no decision: the caller turns what comes out into commands;
//! - nothing is truncated silently;
//! - an alert is over only when its sender says so, never because it is missing from a payload.

pub mod alertmanager_v2;
pub mod beside;
pub mod ci;
mod fields;
pub mod goalert;
pub mod grafana;
pub mod inbound;
pub mod kuma;
pub mod letter;
pub mod mapped;
pub mod oncall;
pub mod opsgenie;
pub mod pagerduty;
mod route;
mod signal;
pub mod silence;
pub mod victorops;
pub mod webhook_v4;

#[cfg(test)]
mod tests;

pub use route::{Route, route, route_for};
pub use signal::{Described, Place, SIGNAL_BYTES_MAX, SIGNAL_STALE_AFTER, Said, Signal, Step};

use model::{Labels, Timestamp};
use serde::Deserialize;

/// Bytes of one request body.
pub const BODY_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// Alerts in one request.
pub const ALERTS_PER_REQUEST_MAX: usize = 10_000;

/// Why a whole payload is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not JSON of the expected shape.
    #[error("the body is not what this door takes: {0}")]
    Shape(String),
    /// Too many alerts at once.
    #[error(
        "{count} alerts in one request; at most {ALERTS_PER_REQUEST_MAX} are taken, send them in parts"
    )]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

/// One alert in the JSON that Prometheus and Alertmanager share.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAlert {
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) labels: Labels,
    #[serde(default)]
    pub(crate) annotations: Labels,
    #[serde(default)]
    pub(crate) starts_at: Option<String>,
    #[serde(default)]
    pub(crate) ends_at: Option<String>,
    /// Where the sender shows what it saw.
    #[serde(default, rename = "generatorURL")]
    pub(crate) generator_url: Option<String>,
}

/// The annotation that keeps an alert's `generatorURL`: it stands beside the annotations on the wire,
/// describes the alert as they do, and follows the latest arrival like them.
pub const GENERATOR_URL: &str = "generatorURL";

impl WireAlert {
    /// The annotations with the link to where the alert was made.
    pub(crate) fn described(&mut self) -> Labels {
        let mut annotations = std::mem::take(&mut self.annotations);
        // An alert is never refused for the sake of a link beside it.
        let room = annotations.len() < alerting::LABELS_PER_ALERT_MAX;
        if let Some(url) = self.generator_url.take().filter(|it| !it.is_empty() && room) {
            let fits = url.len() <= alerting::LABEL_VALUE_LENGTH_MAX;
            let kept = if fits { url } else { format!("(a link of {} bytes)", url.len()) };
            annotations.entry(GENERATOR_URL.to_owned()).or_insert(kept);
        }
        annotations
    }
}

/// RFC 3339; the year 1 stands for "not given", as Go writes it.
pub(crate) fn instant(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    match text {
        None | Some("") => Ok(None),
        Some(text) if text.starts_with("0001-01-01T00:00:00") => Ok(None),
        Some(text) => Timestamp::parse_rfc3339(text)
            .map(Some)
            .ok_or_else(|| format!("`{text}` is not a time as in RFC 3339")),
    }
}
