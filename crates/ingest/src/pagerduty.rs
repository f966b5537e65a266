//! PagerDuty's Events API, versions 2 and 1, and change events.
//!
//! Intuition: a form with a carbon copy. Both versions say the same three things under a key of the
//! sender's; the words on the form differ, and so do the words in which a bad form is returned.
//!
//! Invariants:
//! - both versions share one space of keys, so that a sender may change versions while something is
//!   wrong;
//! - a form that PagerDuty would return is returned with its words, so that a sender which reads them
//!   shows the same to its user; anything it would take is taken, also where it is longer;
//! - `acknowledge` acknowledges nothing here: it names no person, and only people take pages.

use crate::signal::{Described, Said, Signal, time};
use model::{Labels, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A form as it was read, with the key to check before anything else is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `routing_key` or `service_key`: the key of the door.
    pub secret: String,
    /// What it says, or what is wrong with the form.
    pub signal: Result<Signal, Vec<String>>,
}

/// Severities that version 2 takes.
const SEVERITIES: [&str; 4] = ["critical", "warning", "error", "info"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct V2 {
    routing_key: Option<String>,
    event_action: Option<String>,
    dedup_key: Option<String>,
    payload: Option<Payload>,
    client: Option<String>,
    client_url: Option<String>,
    links: Value,
    images: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    summary: Option<String>,
    source: Option<String>,
    severity: Option<String>,
    timestamp: Value,
    component: Option<String>,
    group: Option<String>,
    class: Option<String>,
    custom_details: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct V1 {
    service_key: Option<String>,
    event_type: Option<String>,
    incident_key: Option<String>,
    description: Option<String>,
    client: Option<String>,
    client_url: Option<String>,
    details: Value,
    contexts: Value,
}

/// Reads a body of `POST /v2/enqueue`.
pub fn parse_v2(body: &[u8]) -> Result<Event, String> {
    let form: V2 = shape(body)?;
    let mut errors = vec![];
    let secret = said(form.routing_key.as_deref()).unwrap_or_default();
    let key = said(form.dedup_key.as_deref());
    let action = said(form.event_action.as_deref());
    let signal = match action.as_deref() {
        Some("trigger") => Ok(Signal::firing(key, triggered(&form, &mut errors))),
        Some("resolve") => ended(key, "dedup_key", Signal::over),
        Some("acknowledge") => ended(key, "dedup_key", acknowledged),
        other => Err(unknown("event_action", other)),
    };
    Ok(Event { secret, signal: judged(signal, errors) })
}

/// Reads a body of `POST /generic/2010-04-15/create_event.json`.
pub fn parse_v1(body: &[u8]) -> Result<Event, String> {
    let form: V1 = shape(body)?;
    let mut errors = vec![];
    let secret = said(form.service_key.as_deref()).unwrap_or_default();
    let key = said(form.incident_key.as_deref());
    let signal = match said(form.event_type.as_deref()).as_deref() {
        Some("trigger") => {
            let mut described = Described::default();
            match said(form.description.as_deref()) {
                Some(text) => described.text("summary", &text),
                None => errors.push(missing("description")),
            }
            described.text("client", form.client.as_deref().unwrap_or(""));
            described.text("client_url", form.client_url.as_deref().unwrap_or(""));
            details(&mut described, "details", &form.details);
            described.value("contexts", &form.contexts);
            Ok(Signal::firing(key, described))
        }
        Some("resolve") => ended(key, "incident_key", Signal::over),
        Some("acknowledge") => ended(key, "incident_key", acknowledged),
        other => Err(unknown("event_type", other)),
    };
    Ok(Event { secret, signal: judged(signal, errors) })
}

/// A change event as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEvent {
    /// `routing_key`: the key of the door.
    pub secret: String,
    /// What was changed, or what is wrong with the form.
    pub change: Result<Changed, Vec<String>>,
}

/// What a sender says was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// In one line.
    pub summary: String,
    /// Which system says so.
    pub source: String,
    /// When, if it says so.
    pub at: Option<Timestamp>,
    /// The first link.
    pub link: Option<String>,
    /// What it touches, by the names that alerts find their way by.
    pub labels: Labels,
    /// Everything else, as text.
    pub details: Labels,
}

/// Reads a body of `POST /v2/change/enqueue`.
pub fn parse_change(body: &[u8]) -> Result<ChangeEvent, String> {
    let form: V2 = shape(body)?;
    let secret = said(form.routing_key.as_deref()).unwrap_or_default();
    let payload = form.payload.unwrap_or_default();
    let Some(summary) = said(payload.summary.as_deref()) else {
        return Ok(ChangeEvent { secret, change: Err(vec![missing("payload.summary")]) });
    };
    let mut described = Described::default();
    details(&mut described, "custom_details", &payload.custom_details);
    described.value("links", &form.links);
    described.value("images", &form.images);
    let link = form.links.as_array().and_then(|it| it.first()?.get("href")?.as_str());
    let change = Changed {
        summary,
        source: said(payload.source.as_deref()).unwrap_or_else(|| "pagerduty".to_owned()),
        at: payload.timestamp.as_str().and_then(time),
        link: link.map(str::to_owned),
        labels: described.labels,
        details: described.annotations,
    };
    Ok(ChangeEvent { secret, change: Ok(change) })
}

fn triggered(form: &V2, errors: &mut Vec<String>) -> Described {
    let mut described = Described::default();
    let empty = Payload::default();
    let payload = form.payload.as_ref().unwrap_or(&empty);
    if form.payload.is_none() {
        errors.push(missing("payload"));
        return described;
    }
    match said(payload.summary.as_deref()) {
        Some(text) => described.text("summary", &text),
        None => errors.push(missing("payload.summary")),
    }
    match said(payload.source.as_deref()) {
        Some(source) => described.label("source", &source),
        None => errors.push(missing("payload.source")),
    }
    match said(payload.severity.as_deref()).map(|it| it.to_ascii_lowercase()) {
        Some(severity) if SEVERITIES.contains(&severity.as_str()) => {
            described.label("severity", &severity);
        }
        _ => errors.push(
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', \
             'error' or 'info')"
                .to_owned(),
        ),
    }
    for (name, value) in
        [("component", &payload.component), ("group", &payload.group), ("class", &payload.class)]
    {
        described.label(name, value.as_deref().unwrap_or(""));
    }
    described.starts_at = payload.timestamp.as_str().and_then(time);
    if described.starts_at.is_none() {
        // A time nobody can read must not cost an alert; it is kept as it was written.
        described.value("timestamp", &payload.timestamp);
    }
    described.text("client", form.client.as_deref().unwrap_or(""));
    described.text("client_url", form.client_url.as_deref().unwrap_or(""));
    described.value("links", &form.links);
    described.value("images", &form.images);
    details(&mut described, "custom_details", &payload.custom_details);
    described
}

fn details(described: &mut Described, name: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            described.rest(name, &fields);
        }
        other => described.value(name, other),
    }
}

fn acknowledged(key: String) -> Signal {
    let told = "a sender's acknowledgement names no person and takes no page";
    Signal { key: Some(key), said: Said::Nothing(told) }
}

fn ended(
    key: Option<String>,
    field: &str,
    signal: impl FnOnce(String) -> Signal,
) -> Result<Signal, Vec<String>> {
    key.map(signal).ok_or_else(|| vec![missing(field)])
}

fn judged(signal: Result<Signal, Vec<String>>, errors: Vec<String>) -> Result<Signal, Vec<String>> {
    if errors.is_empty() { signal } else { Err(errors) }
}

fn unknown(field: &str, value: Option<&str>) -> Vec<String> {
    vec![value.map_or_else(
        || missing(field),
        |_| {
            format!(
                "'{field}' is invalid (must be one of the following: 'trigger', 'acknowledge' or \
                 'resolve')"
            )
        },
    )]
}

fn missing(field: &str) -> String {
    format!("'{field}' is missing or blank")
}

fn said(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned)
}

fn shape<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|it| format!("JSON parse error: {it}"))
}
