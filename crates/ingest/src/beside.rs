//! What another pager did, as its webhooks say: whom it called, who took it, that it is over.
//!
//! Intuition: for the weeks in which two pagers run beside each other, the old one tells the new one what
//! it did. Every pager says it in its own words; what we want to know is always the same.
//!
//! Complications: not every pager says whom it called. GoAlert's webhook belongs to a person and does not
//! name them, so the address it is sent to may (`?who=ana`); Opsgenie names people only where it called
//! them directly.
//!
//! Invariants:
//! - an event that is none of our business is nothing, not an error: a sender must not retry it for ever;
//! - a line that cannot be read is named, and the lines beside it are taken.

use crate::signal::time;
use model::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Calls in one request or file.
pub const CALLS_MAX: usize = 20_000;

/// One thing that another pager did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Which pager.
    pub system: String,
    /// What it calls the incident.
    pub incident: String,
    /// The keys of the alerts behind it.
    pub keys: Vec<String>,
    /// In one line.
    pub title: String,
    /// What it did.
    pub act: Act,
    /// To or by whom: every name it has for each.
    pub people: Vec<Vec<String>>,
    /// When; `None`: now.
    pub at: Option<Timestamp>,
}

/// What it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It called people.
    Called,
    /// Somebody took it.
    Acknowledged,
    /// It is over.
    Resolved,
}

/// What could be read, and what could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// In the order given.
    pub done: Vec<Done>,
    /// Whatever is wrong with the others.
    pub errors: Vec<String>,
}

fn text(value: &Value, path: &[&str]) -> String {
    let found = path.iter().try_fold(value, |it, key| it.get(key));
    match found {
        Some(Value::String(it)) => it.trim().to_owned(),
        Some(Value::Number(it)) => it.to_string(),
        _ => String::new(),
    }
}

fn not_empty(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    for it in texts {
        if !it.is_empty() && !found.contains(&it) {
            found.push(it);
        }
    }
    found
}

fn json(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|it| format!("the body is not JSON: {it}"))
}

/// `PagerDuty` webhooks, version 3.
pub fn pagerduty(body: &[u8]) -> Result<Vec<Done>, String> {
    let value = json(body)?;
    let Some(event) = value.get("event") else {
        return Err("there is no `event`: this door takes webhooks of version 3".to_owned());
    };
    let act = match text(event, &["event_type"]).as_str() {
        "incident.triggered"
        | "incident.escalated"
        | "incident.reassigned"
        | "incident.delegated"
        | "incident.reopened"
        | "incident.unacknowledged" => Act::Called,
        "incident.acknowledged" => Act::Acknowledged,
        "incident.resolved" => Act::Resolved,
        _ => return Ok(vec![]),
    };
    let data = event.get("data").unwrap_or(&Value::Null);
    let named = |it: &Value| not_empty(["summary", "email", "id"].map(|key| text(it, &[key])));
    let people = match act {
        Act::Called => list(data.get("assignees")).map(named).collect(),
        Act::Acknowledged => event.get("agent").map(named).into_iter().collect(),
        Act::Resolved => vec![],
    };
    let incident = text(data, &["id"]);
    if incident.is_empty() {
        return Err("`event.data.id` is missing".to_owned());
    }
    Ok(vec![Done {
        system: "pagerduty".to_owned(),
        incident,
        keys: not_empty([text(data, &["incident_key"])]),
        title: text(data, &["title"]),
        act,
        people,
        at: time(&text(event, &["occurred_at"])),
    }])
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Opsgenie's webhook. `who` names whom it called where the webhook belongs to one person.
pub fn opsgenie(body: &[u8], who: &[String]) -> Result<Vec<Done>, String> {
    let value = json(body)?;
    let action = text(&value, &["action"]);
    let act = match action.as_str() {
        "" => return Err("there is no `action`: this door takes Opsgenie's webhooks".to_owned()),
        "Create" | "Escalate" | "EscalateNext" | "EscalateToNext" | "AddRecipient"
        | "AddResponder" | "AssignOwnership" | "Assign" | "UnAcknowledge" => Act::Called,
        "Acknowledge" | "TakeOwnership" => Act::Acknowledged,
        "Close" | "Delete" => Act::Resolved,
        _ => return Ok(vec![]),
    };
    let alert = value.get("alert").unwrap_or(&Value::Null);
    let incident = text(alert, &["alertId"]);
    if incident.is_empty() {
        return Err("`alert.alertId` is missing".to_owned());
    }
    let names = |it: &Value| match it {
        Value::String(name) => not_empty([name.trim().to_owned()]),
        it => not_empty(["username", "name", "id"].map(|key| text(it, &[key]))),
    };
    let is_person = |it: &&Value| {
        let kind = text(it, &["type"]).to_lowercase();
        kind.is_empty() || kind == "user"
    };
    let mut people: Vec<Vec<String>> = match act {
        Act::Acknowledged => vec![not_empty([text(alert, &["username"])])],
        Act::Resolved => vec![],
        Act::Called => {
            let named = list(alert.get("recipients")).chain(list(alert.get("responders")));
            let one = ["escalationNotify", "recipient", "responder"];
            let one = one.iter().filter_map(|key| value.get(*key));
            let owner = alert.get("owner").filter(|_| action.starts_with("Assign"));
            named.chain(one).chain(owner).filter(is_person).map(names).collect()
        }
    };
    people.retain(|it| !it.is_empty());
    if act == Act::Called && people.is_empty() {
        people = who.iter().map(|it| vec![it.clone()]).collect();
    }
    let millis = alert.get("updatedAt").or(alert.get("createdAt")).and_then(Value::as_i64);
    Ok(vec![Done {
        system: "opsgenie".to_owned(),
        keys: not_empty([text(alert, &["alias"]), text(alert, &["tinyId"])]),
        incident,
        title: text(alert, &["message"]),
        act,
        people,
        // Newer webhooks count nanoseconds.
        at: millis.map(|it| Timestamp(if it > 100_000_000_000_000 { it / 1_000_000 } else { it })),
    }])
}

/// GoAlert's webhook, a contact method of `who`.
pub fn goalert(body: &[u8], who: &[String]) -> Result<Vec<Done>, String> {
    let value = json(body)?;
    let act = match text(&value, &["Type"]).as_str() {
        "" => return Err("there is no `Type`: this door takes GoAlert's webhooks".to_owned()),
        "Alert" => Act::Called,
        "AlertStatus" => {
            let entry = text(&value, &["LogEntry"]).to_lowercase();
            if entry.starts_with("acknowledged") {
                Act::Acknowledged
            } else if entry.starts_with("closed") {
                Act::Resolved
            } else {
                return Ok(vec![]);
            }
        }
        _ => return Ok(vec![]),
    };
    let incident = text(&value, &["AlertID"]);
    if incident.is_empty() {
        return Err("`AlertID` is missing".to_owned());
    }
    let taken_by = || {
        let entry = text(&value, &["LogEntry"]);
        let (_, after) = entry.split_once(" by ")?;
        let name = after.split(" via ").next().unwrap_or(after);
        Some(vec![name.trim_end_matches('.').trim().to_owned()])
    };
    let people = match act {
        Act::Called => who.iter().map(|it| vec![it.clone()]).collect(),
        Act::Acknowledged => taken_by().into_iter().collect(),
        Act::Resolved => vec![],
    };
    Ok(vec![Done {
        system: "goalert".to_owned(),
        incident,
        keys: not_empty([text(&value, &["Meta", "dedup"])]),
        title: text(&value, &["Summary"]),
        act,
        people,
        at: None,
    }])
}

/// Outgoing webhooks of Grafana `OnCall`.
pub fn oncall(body: &[u8]) -> Result<Vec<Done>, String> {
    let value = json(body)?;
    let kind = text(&value, &["event", "type"]).to_lowercase();
    let act = match kind.as_str() {
        "" => return Err("there is no `event.type`: this door takes OnCall's webhooks".to_owned()),
        "escalation" | "alert group created" | "firing" | "unacknowledge" => Act::Called,
        "acknowledge" => Act::Acknowledged,
        "resolve" => Act::Resolved,
        _ => return Ok(vec![]),
    };
    let group = text(&value, &["alert_group_id"]);
    let incident = if group.is_empty() { text(&value, &["alert_group", "id"]) } else { group };
    if incident.is_empty() {
        return Err("`alert_group_id` is missing".to_owned());
    }
    let named = |it: &Value| not_empty(["username", "email", "id"].map(|key| text(it, &[key])));
    let people: Vec<Vec<String>> = match act {
        Act::Called => {
            let next: Vec<_> = list(value.get("users_to_be_notified")).map(named).collect();
            let before = || list(value.get("notified_users")).map(named).collect();
            if next.is_empty() { before() } else { next }
        }
        Act::Acknowledged => value.get("user").map(named).into_iter().collect(),
        Act::Resolved => vec![],
    };
    let payload = ["alert_uid", "groupKey", "fingerprint"];
    Ok(vec![Done {
        system: "grafana-oncall".to_owned(),
        incident,
        keys: not_empty(payload.map(|key| text(&value, &["alert_payload", key]))),
        title: text(&value, &["alert_group", "title"]),
        act,
        people,
        at: time(&text(&value, &["event", "time"])),
    }])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    system: String,
    incident: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    act: String,
    #[serde(default)]
    who: Value,
    #[serde(default)]
    at: String,
}

/// Our own form: one object or a list of them.
pub fn plain(body: &[u8]) -> Result<Parsed, String> {
    let items = match json(body)? {
        Value::Array(items) => items,
        one => vec![one],
    };
    if items.len() > CALLS_MAX {
        return Err(format!("{} calls in one request; at most {CALLS_MAX} fit", items.len()));
    }
    let mut parsed = Parsed::default();
    for (number, item) in items.into_iter().enumerate() {
        let read = serde_json::from_value::<Plain>(item).map_err(|it| it.to_string());
        match read.and_then(done) {
            Ok(it) => parsed.done.push(it),
            Err(told) => parsed.errors.push(format!("call {}: {told}", number + 1)),
        }
    }
    Ok(parsed)
}

fn done(plain: Plain) -> Result<Done, String> {
    let act = match plain.act.trim().to_lowercase().as_str() {
        "" | "called" | "call" | "triggered" | "escalated" => Act::Called,
        "acknowledged" | "ack" => Act::Acknowledged,
        "resolved" | "closed" => Act::Resolved,
        other => return Err(format!("`act` is called, acknowledged or resolved, not `{other}`")),
    };
    let people = match plain.who {
        Value::Null => vec![],
        Value::String(it) => vec![it],
        Value::Array(items) => {
            let names = items.iter().map(|it| it.as_str().map(str::to_owned));
            names.collect::<Option<Vec<String>>>().ok_or("`who` is a name or a list of names")?
        }
        _ => return Err("`who` is a name or a list of names".to_owned()),
    };
    let at = match plain.at.trim() {
        "" => None,
        text => Some(time(text).ok_or_else(|| format!("`{text}` is not a time as in RFC 3339"))?),
    };
    if plain.system.trim().is_empty() || plain.incident.trim().is_empty() {
        return Err("`system` and `incident` may not be empty".to_owned());
    }
    Ok(Done {
        system: plain.system,
        incident: plain.incident,
        keys: not_empty(plain.keys.into_iter().chain([plain.key])),
        title: plain.title,
        act,
        people: people.into_iter().map(|it| not_empty([it.trim().to_owned()])).collect(),
        at,
    })
}

/// A table with a line of headings: `at`, `who` and `incident` or `key` are needed; `system`, `title` and
/// `act` may be there. Headings that other pagers use for these are understood too.
pub fn csv(text: &str, system: &str) -> Result<Parsed, String> {
    let mut rows = rows(text);
    let headings = rows.next().ok_or("the file is empty")?.1?;
    let column = |names: &[&str]| {
        headings.iter().position(|it| names.contains(&it.trim().to_lowercase().as_str()))
    };
    let at = column(&["at", "time", "timestamp", "created_on", "created_at", "date"]);
    let who = column(&["who", "user", "user_name", "assigned_to", "name", "email"]);
    let incident = column(&["incident", "incident_id", "incident_number", "alert_id", "id"]);
    let key = column(&["key", "incident_key", "dedup_key", "alias"]);
    let (Some(at), Some(who)) = (at, who) else {
        return Err("the first line must name the columns, among them `at` and `who`".to_owned());
    };
    if incident.is_none() && key.is_none() {
        return Err("there must be a column `incident` or `key`".to_owned());
    }
    let others = [
        column(&["system", "pager"]),
        column(&["title", "summary", "description", "message"]),
        column(&["act", "action", "event", "type"]),
    ];
    let mut parsed = Parsed::default();
    for (line, row) in rows {
        let read = row.and_then(|row| {
            let cell = |idx: Option<usize>| {
                idx.and_then(|it| row.get(it)).map_or(String::new(), |it| it.trim().to_owned())
            };
            let key = cell(key);
            let named = cell(incident);
            let said = cell(others[0]);
            done(Plain {
                system: if said.is_empty() { system.to_owned() } else { said },
                incident: if named.is_empty() { key.clone() } else { named },
                key,
                keys: vec![],
                title: cell(others[1]),
                act: cell(others[2]),
                who: Value::String(cell(Some(who))),
                at: cell(Some(at)),
            })
        });
        match read {
            Ok(it) if it.at.is_none() => parsed.errors.push(format!("line {line}: no time")),
            Ok(it) => parsed.done.push(it),
            Err(told) => parsed.errors.push(format!("line {line}: {told}")),
        }
        if parsed.done.len() > CALLS_MAX {
            return Err(format!("more than {CALLS_MAX} calls in one file: send it in parts"));
        }
    }
    Ok(parsed)
}

/// The rows of a table as in RFC 4180, each with the line it begins on; empty ones are left out.
fn rows(text: &str) -> impl Iterator<Item = (usize, Result<Vec<String>, String>)> {
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    let mut line = 1;
    std::iter::from_fn(move || {
        loop {
            chars.peek()?;
            let (starts, mut cells, mut cell) = (line, vec![], String::new());
            let (mut quoted, mut was_quoted) = (false, false);
            loop {
                match chars.next() {
                    None if quoted => {
                        return Some((starts, Err("a quote is not closed".to_owned())));
                    }
                    None => break,
                    Some('"') if quoted && chars.peek() == Some(&'"') => {
                        chars.next();
                        cell.push('"');
                    }
                    Some('"') if quoted => quoted = false,
                    Some('"') if cell.is_empty() => (quoted, was_quoted) = (true, true),
                    Some('\n') => {
                        line += 1;
                        if !quoted {
                            break;
                        }
                        cell.push('\n');
                    }
                    Some('\r') if !quoted => {}
                    Some(',') if !quoted => cells.push(std::mem::take(&mut cell)),
                    Some(other) => cell.push(other),
                }
            }
            cells.push(cell);
            if was_quoted || cells.len() > 1 || !cells[0].trim().is_empty() {
                return Some((starts, Ok(cells)));
            }
        }
    })
}
