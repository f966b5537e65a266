//! `VictorOps` (Splunk On-Call): its generic REST endpoint.
//!
//! Intuition: a telegram with a kind, a name and whatever else the sender found worth telling.
//!
//! Invariants:
//! - the kind is read without regard to case, and a kind nobody knows calls people rather than not;
//! - `INFO` wakes nobody and has no end in `VictorOps`, so it is kept for a day as something that can
//!   wait, apart from what else has the same name;
//! - `ACKNOWLEDGEMENT` acknowledges nothing here: it names no person.

use crate::signal::{Described, Said, Signal, time};
use model::{Millis, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// How long an `INFO` is kept as an alert.
const INFO_LASTS: Millis = Millis::from_days(1);

/// Reads a body. `routing_key` is the last part of the path, which says whom it is for.
pub fn parse(body: &[u8], routing_key: &str) -> Result<Signal, String> {
    let mut fields: BTreeMap<String, Value> =
        serde_json::from_slice(body).map_err(|it| format!("Invalid JSON object: {it}"))?;
    let mut take = |name: &str| fields.remove(name).map(|it| plain(&it)).unwrap_or_default();
    let kind = take("message_type").trim().to_ascii_uppercase();
    if kind.is_empty() {
        return Err("Missing required field: message_type".to_owned());
    }
    let key = Some(take("entity_id").trim().to_owned()).filter(|it| !it.is_empty());
    let severity = match kind.as_str() {
        "RECOVERY" | "RECOVERED" | "RESOLVE" | "RESOLVED" | "OK" => {
            let told = "a recovery without entity_id ends nothing";
            return Ok(key.map_or(Signal { key: None, said: Said::Nothing(told) }, Signal::over));
        }
        "ACKNOWLEDGEMENT" | "ACKNOWLEDGMENT" | "ACK" => {
            let told = "a sender's acknowledgement names no person and takes no page";
            return Ok(Signal { key, said: Said::Nothing(told) });
        }
        "WARNING" => "warning",
        "INFO" => "info",
        "CRITICAL" | "TRIGGER" => "critical",
        _ => kind.as_str(),
    };
    let mut described = Described::default();
    described.label("severity", severity);
    described.label("routing_key", routing_key);
    described.label("monitoring_tool", &take("monitoring_tool"));
    let (name, message) = (take("entity_display_name"), take("state_message"));
    let fallback = if message.trim().is_empty() { key.as_deref().unwrap_or("") } else { &message };
    described.text("summary", if name.trim().is_empty() { fallback } else { &name });
    described.text("description", &message);
    let started = fields.remove("state_start_time").unwrap_or_default();
    described.starts_at = since(&started);
    if described.starts_at.is_none() {
        // A time nobody can read must not cost an alert; it is kept as it was written.
        described.value("state_start_time", &started);
    }
    described.rest("field", &fields);
    if !described.labels.contains_key("team") {
        described.label("team", routing_key);
    }
    if severity == "info" {
        described.lasts = Some(INFO_LASTS);
        return Ok(Signal::firing(key.map(|it| format!("{it} (info)")), described));
    }
    Ok(Signal::firing(key, described))
}

/// Seconds (or, where they would lie in the far future, milliseconds) since 1970, or RFC 3339.
fn since(value: &Value) -> Option<Timestamp> {
    const FAR_SECS: i64 = 100_000_000_000;
    let text = plain(value);
    match text.trim().parse::<i64>() {
        Ok(0) => None,
        Ok(number) if (1..FAR_SECS).contains(&number) => Some(Timestamp(number * 1_000)),
        Ok(number) => (number > 0).then_some(Timestamp(number)),
        Err(_) => time(&text),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
