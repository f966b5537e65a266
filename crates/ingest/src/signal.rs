//! What a sender with keys of its own says: "this, under my key, is wrong", or "it is over".
//!
//! Intuition: a cloakroom ticket. Prometheus describes the coat, so two descriptions that agree are
//! one coat; PagerDuty's senders hand over a number, and the number alone says which coat is meant,
//! however it is described next time.
//!
//! Invariants:
//! - identity is door, scope (the key of the door that was used) and the sender's key; no text of the
//!   alert is part of it, and one integration never touches what another one reported;
//! - urgency is part of the identity, because a warning that becomes critical under the same key must
//!   wake somebody: the more urgent alert opens beside the calmer one, then the calmer one ends;
//! - a text too long for one annotation is spread over several, never cut.

use alerting::{
    Incoming, LABEL_NAME_LENGTH_MAX, LABEL_VALUE_LENGTH_MAX, Normalised, Status, fingerprint,
    normalise,
};
use model::{Labels, Millis, Severity, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of one request body at a door with keys of the sender's own: twice what PagerDuty takes.
pub const SIGNAL_BYTES_MAX: usize = 1_024 * 1_024;
/// Fields of a sender's own that become one annotation each; with more, all of them become one text.
const REST_FIELDS_MAX: usize = 32;
/// After how long unheard such an alert is called stale. Most of these senders speak once when it
/// begins and once when it ends, so silence of a few hours means nothing.
pub const SIGNAL_STALE_AFTER: Millis = Millis::from_days(7);

/// What a sender says of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// The sender's name for it; `None` stands for "something new" and is given one by the caller.
    pub key: Option<String>,
    /// What it says.
    pub said: Said,
}

/// What is said of the thing behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is wrong.
    Firing(Box<Described>),
    /// It is over.
    Over,
    /// Something that Lamplighter understands and does nothing about; in words, for the log.
    Nothing(&'static str),
}

/// How a sender describes what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// Short facts, by which it finds its way.
    pub labels: Labels,
    /// Texts.
    pub annotations: Labels,
    /// Since when, if the sender says so.
    pub starts_at: Option<Timestamp>,
    /// How long it is believed; `None` until the sender says that it is over.
    pub lasts: Option<Millis>,
}

/// What to hand to the engine, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An alert fires.
    Fire {
        /// Which; its `ends_at` means something only with `lasts`.
        alert: Normalised,
        /// How long it is believed; `None` until its end is said.
        lasts: Option<Millis>,
    },
    /// The alert with this fingerprint is over, if it fires.
    End(String),
}

impl Described {
    /// A short fact; an empty one is none, one too long for a label becomes a text.
    pub(crate) fn label(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if value.len() > LABEL_VALUE_LENGTH_MAX {
            self.text(name, value);
        } else if !value.is_empty() {
            self.labels.insert(name.to_owned(), value.to_owned());
        }
    }

    /// A text, whole: what does not fit into one annotation goes on in `name-2`, `name-3`, ….
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        let mut rest = value;
        let mut part = 1;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.floor_char_boundary(LABEL_VALUE_LENGTH_MAX));
            let name = if part == 1 { name.to_owned() } else { format!("{name}-{part}") };
            self.annotations.insert(name, now.to_owned());
            rest = later;
            part += 1;
        }
    }

    /// A field whose shape the sender chose.
    pub(crate) fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.text(name, text),
            other => self.text(name, &other.to_string()),
        }
    }

    /// Fields of the sender's own: the names by which alerts find their way become labels, all others
    /// texts under `prefix`.
    pub(crate) fn rest(&mut self, prefix: &str, fields: &BTreeMap<String, Value>) {
        for name in ["feature", "service", "job", "team", "alertname"] {
            if let Some(Value::String(value)) = fields.get(name)
                && !self.labels.contains_key(name)
            {
                self.label(name, value);
            }
        }
        self.keep(prefix, fields);
    }

    /// Fields of the sender's own as texts under `prefix`.
    pub(crate) fn keep(&mut self, prefix: &str, fields: &BTreeMap<String, Value>) {
        let awkward = |it: &String| it.is_empty() || it.len() > LABEL_NAME_LENGTH_MAX / 2;
        if fields.len() > REST_FIELDS_MAX || fields.keys().any(awkward) {
            let whole = serde_json::to_string(fields).expect("JSON values can be written");
            return self.text(prefix, &whole);
        }
        for (name, value) in fields {
            self.value(&format!("{prefix}.{name}"), value);
        }
    }
}

impl Signal {
    /// Something wrong under `key`.
    pub(crate) fn firing(key: Option<String>, described: Described) -> Self {
        Self { key, said: Said::Firing(Box::new(described)) }
    }

    /// The end of what `key` names.
    pub(crate) fn over(key: String) -> Self {
        Self { key: Some(key), said: Said::Over }
    }

    /// What to do about it. `scope` is the door's key that was used and `new_key` the name of
    /// something new; `severity` says how urgent it is, in the words of [`crate::route`].
    pub fn steps(
        self,
        place: &Place<'_>,
        severity: impl Fn(&Labels) -> Severity,
        now: Timestamp,
    ) -> Result<Vec<Step>, String> {
        let key = self.key.as_deref().unwrap_or(place.new_key);
        match self.said {
            Said::Nothing(_) => Ok(vec![]),
            Said::Over => Ok([Severity::Page, Severity::Ticket]
                .map(|urgency| Step::End(identity(place, key, urgency)))
                .to_vec()),
            Said::Firing(described) => {
                let mut described = *described;
                if key.len() <= LABEL_VALUE_LENGTH_MAX {
                    described.labels.insert("key".to_owned(), key.to_owned());
                }
                let urgency = severity(&described.labels);
                let lasts = described.lasts;
                let alert = settled(described, identity(place, key, urgency), now)?;
                let mut steps = vec![Step::Fire { alert, lasts }];
                if urgency == Severity::Page {
                    steps.push(Step::End(identity(place, key, Severity::Ticket)));
                }
                Ok(steps)
            }
        }
    }
}

/// Where a signal came in.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// `pagerduty`, `opsgenie`, ….
    pub door: &'a str,
    /// The key of the door that was used.
    pub scope: &'a str,
    /// The name of something that its sender gave none.
    pub new_key: &'a str,
}

fn identity(place: &Place<'_>, key: &str, urgency: Severity) -> String {
    let parts = [
        ("door", place.door),
        ("scope", place.scope),
        ("key", key),
        ("urgency", if urgency == Severity::Page { "page" } else { "ticket" }),
    ];
    fingerprint(&parts.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
}

fn settled(
    described: Described,
    fingerprint: String,
    now: Timestamp,
) -> Result<Normalised, String> {
    let Described { labels, annotations, starts_at, lasts } = described;
    let incoming = Incoming { labels, annotations, starts_at: None, ends_at: None };
    let mut alert =
        normalise(incoming, now, lasts.unwrap_or(Millis::ZERO)).map_err(|it| it.to_string())?;
    alert.fingerprint = fingerprint;
    // A clock that goes ahead must not date an alert into the future.
    alert.starts_at = starts_at.map_or(now, |it| it.min(now));
    alert.status = Status::Firing;
    Ok(alert)
}

/// A time as these senders write it: RFC 3339, also with an offset that lacks its colon.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // PagerDuty's own client for Python writes an offset and a `Z` behind it.
    let text = text.strip_suffix("+00:00Z").map_or(text.to_owned(), |it| format!("{it}Z"));
    let text = text.as_str();
    Timestamp::parse_rfc3339(text).or_else(|| {
        let at = text.len().checked_sub(5)?;
        let (front, offset) = (text.get(..at)?, text.get(at..)?);
        let signed = offset.starts_with(['+', '-']);
        let digits = offset.bytes().skip(1).all(|it| it.is_ascii_digit());
        let (hours, minutes) = (signed && digits).then(|| offset.split_at(3))?;
        Timestamp::parse_rfc3339(&format!("{front}{hours}:{minutes}"))
    })
}
