//! Grafana `OnCall`'s inbound integrations `webhook` and `formatted_webhook`; its Alertmanager and
//! Grafana integrations take what those products send.
//!
//! Intuition: a box for notes of any shape. The one rule is `OnCall`'s: a note whose `state` is `ok` says
//! that it is over.
//!
//! Invariants:
//! - `alert_uid` is the key; a note without one is itself the key, without its `state`, so that the same
//!   note with `state: ok` ends it.

use crate::fields::{self, Fields, text};
use crate::signal::{Described, Signal};
use alerting::fingerprint;

/// Reads a body.
pub fn parse(content_type: &str, body: &[u8]) -> Result<Signal, String> {
    let mut all = fields::read(content_type, body)?;
    let key = text(&all, "alert_uid").unwrap_or_else(|| unnamed(&all));
    if text(&all, "state").is_some_and(|it| it.eq_ignore_ascii_case("ok")) {
        return Ok(Signal::over(key));
    }
    let mut described = Described::default();
    if let Some(severity) = text(&all, "severity") {
        described.label("severity", &severity);
    }
    let mut take = |name: &str| {
        let taken = text(&all, name);
        if taken.is_some() {
            all.remove(name);
        }
        taken.unwrap_or_default()
    };
    let (title, message) = (take("title"), take("message"));
    described.text("summary", if title.is_empty() { &message } else { &title });
    described.text("description", &message);
    described.text("image_url", &take("image_url"));
    described.text("link", &take("link_to_upstream_details"));
    described.rest("field", &all);
    Ok(Signal::firing(Some(key), described))
}

fn unnamed(all: &Fields) -> String {
    let but_state: Fields = all
        .iter()
        .filter(|(name, _)| *name != "state")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let note = serde_json::to_string(&but_state).expect("JSON values can be written");
    format!("note {}", fingerprint(&[("note".to_owned(), note)].into()))
}
