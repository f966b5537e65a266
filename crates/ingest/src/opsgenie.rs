//! Opsgenie's Alert API: creating alerts, and what is done to them afterwards.
//!
//! Intuition: a filing card under an alias. Whoever wrote the card may close it by that alias; a card
//! without one is filed under a number that the answer tells.
//!
//! Invariants:
//! - alias and id are one space of keys: an alert without an alias has its id for one;
//! - what only a person may do is done when the request names a person, and otherwise answered with
//!   the reason why not;
//! - `details` are facts, so they become labels: Alertmanager writes the common labels there.

use crate::signal::{Described, Signal};
use alerting::LABELS_PER_ALERT_MAX;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Room that is left among the labels for those that this door makes itself.
const DETAILS_MAX: usize = LABELS_PER_ALERT_MAX - 16;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The body is not JSON of the expected shape.
    Shape(String),
    /// A field has no value that could be used.
    Field {
        /// Which.
        name: &'static str,
        /// Why.
        told: String,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Create {
    message: Option<String>,
    alias: Option<String>,
    description: Option<String>,
    responders: Option<Vec<Value>>,
    visible_to: Value,
    actions: Value,
    tags: Option<Vec<Value>>,
    details: Option<BTreeMap<String, Value>>,
    entity: Option<String>,
    source: Option<String>,
    priority: Option<String>,
    user: Option<String>,
    note: Option<String>,
}

/// Reads a body of `POST /v2/alerts`.
pub fn create(body: &[u8]) -> Result<Signal, Refused> {
    let form: Create = serde_json::from_slice(body).map_err(|it| Refused::Shape(it.to_string()))?;
    let message = form.message.as_deref().map_or("", str::trim);
    if message.is_empty() {
        return Err(Refused::Field { name: "message", told: "may not be empty".to_owned() });
    }
    let mut described = Described::default();
    described.text("summary", message);
    described.text("description", form.description.as_deref().unwrap_or(""));
    facts(&mut described, form.details.as_ref());
    for (name, value) in [("entity", &form.entity), ("source", &form.source)] {
        described.label(name, value.as_deref().unwrap_or(""));
    }
    urgency(&mut described, form.priority.as_deref())?;
    responders(&mut described, form.responders.as_deref().unwrap_or_default());
    for (name, value) in [("user", &form.user), ("note", &form.note)] {
        described.text(name, value.as_deref().unwrap_or(""));
    }
    if let Some(tags) = form.tags.filter(|it| !it.is_empty()) {
        described.text("tags", &tags.iter().map(plain).collect::<Vec<_>>().join(", "));
    }
    described.value("visible_to", &form.visible_to);
    described.value("actions", &form.actions);
    let alias = form.alias.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    Ok(Signal::firing(alias, described))
}

/// What somebody asks to be done to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It is over.
    Close,
    /// Somebody takes it: the person whom `user` names.
    Acknowledge,
    /// Something that Opsgenie does and that is answered here, and not done: why not.
    Nothing(&'static str),
}

/// Who asks, and what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ActBody {
    /// A name, an id or an e-mail address.
    pub user: Option<String>,
    /// Their words.
    pub note: Option<String>,
    /// Which system.
    pub source: Option<String>,
}

/// Reads the action of `POST /v2/alerts/{identifier}/{action}`; `None` for one that Opsgenie has not.
#[must_use]
pub fn act(action: &str) -> Option<Act> {
    Some(match action {
        "close" => Act::Close,
        "acknowledge" => Act::Acknowledge,
        "unacknowledge" => Act::Nothing("a page that was taken stays taken; call again by hand"),
        "snooze" => Act::Nothing("an alert cannot be snoozed here; set a silence instead"),
        "escalate" => Act::Nothing("escalation follows the policy; call again by hand"),
        "assign" => Act::Nothing("an alert is taken by whoever acknowledges it"),
        "notes" => Act::Nothing("notes are kept in the review of the incident"),
        "responders" | "teams" => Act::Nothing("whom to call is said by the escalation policy"),
        "tags" | "details" => Act::Nothing("send the alert again with what is new"),
        "message" | "description" | "priority" => {
            Act::Nothing("send the alert again with the new text; it is kept then")
        }
        _ => return None,
    })
}

/// Reads the body of an action; one that cannot be read says nothing.
#[must_use]
pub fn act_body(body: &[u8]) -> ActBody {
    serde_json::from_slice(body).unwrap_or_default()
}

/// The end of what `identifier` names.
#[must_use]
pub fn close(identifier: &str) -> Signal {
    Signal::over(identifier.to_owned())
}

fn facts(described: &mut Described, details: Option<&BTreeMap<String, Value>>) {
    let Some(details) = details else { return };
    if details.len() > DETAILS_MAX {
        return described.rest("details", details);
    }
    for (name, value) in details {
        match value {
            Value::Null => {}
            Value::String(text) => described.label(name, text),
            Value::Bool(_) | Value::Number(_) => described.label(name, &value.to_string()),
            Value::Array(_) | Value::Object(_) => {
                described.value(&format!("details.{name}"), value);
            }
        }
    }
}

/// P1 to P3 call at once, P4 and P5 can wait. Without a priority Opsgenie takes P3, but a severity
/// among the details is the better witness then.
fn urgency(described: &mut Described, priority: Option<&str>) -> Result<(), Refused> {
    let priority = priority.map_or("", str::trim).to_ascii_uppercase();
    let severity = match priority.as_str() {
        "" => return Ok(()),
        "P1" | "P2" | "P3" => "high",
        "P4" | "P5" => "low",
        _ => {
            let told = "should be one of P1, P2, P3, P4, P5".to_owned();
            return Err(Refused::Field { name: "priority", told });
        }
    };
    described.label("priority", &priority);
    if let Some(theirs) = described.labels.insert("severity".to_owned(), severity.to_owned()) {
        described.text("details.severity", &theirs);
    }
    Ok(())
}

/// The first team among the responders is whom it is for, unless the details name one.
fn responders(described: &mut Described, responders: &[Value]) {
    let is_team = |it: &&Value| it.get("type").and_then(Value::as_str) == Some("team");
    let name = responders.iter().find(is_team).and_then(|it| it.get("name")?.as_str());
    if let (Some(name), false) = (name, described.labels.contains_key("team")) {
        described.label("team", name);
    }
    if !responders.is_empty() {
        described.value("responders", &Value::Array(responders.to_vec()));
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
