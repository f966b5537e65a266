//! Grafana's webhook: that of today's alerting and that of the legacy alerting before version 9.
//!
//! Intuition: today's is Alertmanager's payload with pictures; the legacy one is a postcard about one
//! rule.
//!
//! Invariants:
//! - every alert of a payload is read, however many there are, and each by its own status;
//! - a legacy rule is known by its organisation and number, never by its title;
//! - "no data" fires: that nothing is measured is no sign that all is well.

use crate::signal::{Described, Said, Signal};
use crate::webhook_v4::{self, Parsed};
use crate::{ALERTS_PER_REQUEST_MAX, Malformed, WireAlert};
use model::{Labels, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a body was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Today's: alerts known by their labels.
    Current(Parsed),
    /// Before version 9: one rule.
    Legacy(Signal),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Current {
    #[serde(default)]
    truncated_alerts: Option<u64>,
    alerts: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
struct Alert {
    #[serde(flatten)]
    alert: WireAlert,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// What Grafana adds to an alert that a person wants to see.
const MORE: [&str; 6] =
    ["generatorURL", "silenceURL", "dashboardURL", "panelURL", "imageURL", "valueString"];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Legacy {
    org_id: Value,
    rule_id: Value,
    rule_name: Option<String>,
    rule_url: Option<String>,
    state: Option<String>,
    title: Option<String>,
    message: Option<String>,
    image_url: Option<String>,
    eval_matches: Value,
    tags: Option<BTreeMap<String, Value>>,
}

/// Reads a body of either kind.
pub fn parse(body: &[u8], now: Timestamp) -> Result<Payload, Malformed> {
    let shape = |it: serde_json::Error| Malformed::Shape(it.to_string());
    let fields: BTreeMap<String, Value> = serde_json::from_slice(body).map_err(shape)?;
    if fields.contains_key("alerts") {
        return serde_json::from_slice(body).map_err(shape).and_then(|it| current(it, now));
    }
    if !fields.contains_key("ruleId") {
        let told =
            "neither `alerts`, as Grafana 9 and later send, nor `ruleId`, as earlier ones do";
        return Err(Malformed::Shape(told.to_owned()));
    }
    serde_json::from_slice(body).map_err(shape).and_then(|it| legacy(&it))
}

fn current(payload: Current, now: Timestamp) -> Result<Payload, Malformed> {
    if payload.alerts.len() > ALERTS_PER_REQUEST_MAX {
        return Err(Malformed::TooMany { count: payload.alerts.len() });
    }
    let truncated = payload.truncated_alerts.unwrap_or(0);
    let mut parsed = Parsed { alerts: vec![], errors: vec![], truncated };
    for Alert { mut alert, more } in payload.alerts {
        let mut described = Described::default();
        for name in MORE {
            described.value(name, more.get(name).unwrap_or(&Value::Null));
        }
        for (name, text) in described.annotations {
            alert.annotations.entry(name).or_insert(text);
        }
        blind(&alert.labels, &mut alert.annotations);
        match webhook_v4::one(alert, now) {
            Ok(alert) => parsed.alerts.push(alert),
            Err(error) => parsed.errors.push(error),
        }
    }
    Ok(Payload::Current(parsed))
}

/// `DatasourceNoData` alone tells nobody which rule has gone blind.
fn blind(labels: &Labels, annotations: &mut Labels) {
    let told = match labels.get("alertname").map(String::as_str) {
        Some("DatasourceNoData") => "No data for the rule",
        Some("DatasourceError") => "An error in the rule",
        _ => return,
    };
    if let Some(rule) = labels.get("rulename")
        && annotations.get("summary").is_none_or(|it| it.trim().is_empty())
    {
        annotations.insert("summary".to_owned(), format!("{told} {rule}"));
    }
}

fn legacy(rule: &Legacy) -> Result<Payload, Malformed> {
    if !(rule.rule_id.is_number() || rule.rule_id.is_string()) {
        return Err(Malformed::Shape("`ruleId` is neither a number nor a text".to_owned()));
    }
    let key = format!("org {} rule {}", rule.org_id, rule.rule_id);
    let state = rule.state.as_deref().map_or("", str::trim).to_ascii_lowercase();
    let nothing =
        |told| Payload::Legacy(Signal { key: Some(key.clone()), said: Said::Nothing(told) });
    match state.as_str() {
        "ok" => return Ok(Payload::Legacy(Signal::over(key))),
        "pending" => return Ok(nothing("a rule is pending")),
        "paused" => return Ok(nothing("a rule is paused")),
        // Alerting or no data; and in doubt somebody should look.
        _ => {}
    }
    let mut described = Described::default();
    let name =
        [&rule.rule_name, &rule.title].into_iter().flatten().find(|it| !it.trim().is_empty());
    described.text("summary", name.map_or("", String::as_str));
    described.label("state", &state);
    described.label("rule", rule.rule_name.as_deref().unwrap_or(""));
    for (name, text) in [
        ("title", &rule.title),
        ("description", &rule.message),
        ("ruleUrl", &rule.rule_url),
        ("imageUrl", &rule.image_url),
    ] {
        described.text(name, text.as_deref().unwrap_or(""));
    }
    described.value("evalMatches", &rule.eval_matches);
    if let Some(tags) = &rule.tags {
        if let Some(severity) = tags.get("severity").and_then(Value::as_str) {
            described.label("severity", severity);
        }
        described.rest("tag", tags);
    }
    Ok(Payload::Legacy(Signal::firing(Some(key), described)))
}
