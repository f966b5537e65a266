//! Uptime Kuma's webhook notification, in each of its content types but `custom`.
//!
//! Intuition: one monitor, one lamp. A beat with status 0 lights it, one with status 1 puts it out.
//!
//! Invariants:
//! - the monitor's number is the key;
//! - pending and maintenance say nothing about whether it works, so they change nothing;
//! - a message without a monitor (a certificate that expires, a test) has no end, so it is kept for a day
//!   as something that can wait.

use crate::fields::{self, Fields, text};
use crate::signal::{Described, Said, Signal, time};
use model::Millis;
use serde_json::Value;

/// How long a message without a monitor is kept.
const NOTE_LASTS: Millis = Millis::from_days(1);

/// Reads a body.
pub fn parse(content_type: &str, body: &[u8]) -> Result<Signal, String> {
    let mut all = fields::read(content_type, body)?;
    if let Some(Value::String(inner)) = all.get("data") {
        all = serde_json::from_str(inner).map_err(|it| format!("invalid JSON in `data`: {it}"))?;
    }
    let message = text(&all, "msg").unwrap_or_default();
    let (Some(beat), Some(monitor)) = (object(&all, "heartbeat"), object(&all, "monitor")) else {
        return note(&message);
    };
    let key = text(&beat, "monitorID").or_else(|| text(&monitor, "id"));
    let key = key.ok_or("neither heartbeat.monitorID nor monitor.id is there")?;
    match beat.get("status").and_then(Value::as_i64) {
        Some(1) => return Ok(Signal::over(key)),
        Some(2) => {
            return Ok(Signal { key: Some(key), said: Said::Nothing("a monitor is pending") });
        }
        Some(3) => {
            let told = "a monitor is in maintenance";
            return Ok(Signal { key: Some(key), said: Said::Nothing(told) });
        }
        // Down; and in doubt somebody should look.
        _ => {}
    }
    let mut described = Described::default();
    let name = text(&monitor, "name").unwrap_or_default();
    let what = text(&beat, "msg").unwrap_or(message);
    described.label("monitor", &name);
    described.text(
        "summary",
        if name.is_empty() { what.clone() } else { format!("{name}: {what}") }.as_str(),
    );
    tags(&mut described, &monitor);
    for field in ["type", "url", "hostname", "description"] {
        described.value(&format!("monitor.{field}"), monitor.get(field).unwrap_or(&Value::Null));
    }
    // UTC without saying so.
    described.starts_at =
        text(&beat, "time").and_then(|it| time(&it).or_else(|| time(&format!("{it}Z"))));
    if described.starts_at.is_none() {
        described.value("time", beat.get("time").unwrap_or(&Value::Null));
    }
    Ok(Signal::firing(Some(key), described))
}

fn note(message: &str) -> Result<Signal, String> {
    if message.is_empty() {
        return Err("neither a heartbeat nor a message is there".to_owned());
    }
    let mut described = Described { lasts: Some(NOTE_LASTS), ..Described::default() };
    described.label("severity", "info");
    described.text("summary", message);
    Ok(Signal::firing(None, described))
}

/// Tags lead the way where they are named like the labels that do.
fn tags(described: &mut Described, monitor: &Fields) {
    let Some(Value::Array(tags)) = monitor.get("tags") else { return };
    let mut facts = Fields::new();
    for tag in tags {
        if let Some(name) = tag.get("name").and_then(Value::as_str) {
            facts.insert(name.to_owned(), tag.get("value").cloned().unwrap_or_default());
        }
    }
    if let Some(severity) = text(&facts, "severity") {
        described.label("severity", &severity);
    }
    described.rest("tag", &facts);
}

fn object(all: &Fields, name: &str) -> Option<Fields> {
    let object = match all.get(name)? {
        // A form without parts writes objects as text.
        Value::String(text) => serde_json::from_str(text).ok()?,
        Value::Object(object) => object.clone(),
        _ => return None,
    };
    Some(object.into_iter().collect())
}
