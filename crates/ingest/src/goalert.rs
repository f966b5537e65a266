//! GoAlert's generic API.
//!
//! Intuition: a slip with a summary, and perhaps a name to close it by. As in GoAlert, a slip without
//! a name goes by what is written on it: there the summary and the details together *are* the key.
//!
//! Invariants:
//! - values of the body win over those of the query, as in GoAlert;
//! - only `close` closes; an action nobody knows opens, because doubt calls people.

use crate::fields::{self, Fields, text};
use crate::signal::{Described, Said, Signal};
use serde_json::Value;

/// Reads a request: its query, its content type and its body.
pub fn parse(query: &str, content_type: &str, body: &[u8]) -> Result<Signal, String> {
    let mut all = fields::pairs(query.as_bytes());
    if !body.is_empty() {
        all.extend(lower_case(fields::read(content_type, body)?));
    }
    let summary = text(&all, "summary").unwrap_or_default();
    let details = text(&all, "details").unwrap_or_default();
    let named = text(&all, "dedup").map(|it| format!("user: {it}"));
    let key = named.or_else(|| {
        (!summary.is_empty()).then(|| {
            let slip =
                [("summary".to_owned(), summary.clone()), ("details".to_owned(), details.clone())];
            format!("auto: {}", alerting::fingerprint(&slip.into()))
        })
    });
    let key = key.ok_or("invalid value for 'Summary': must not be empty")?;
    match text(&all, "action").as_deref() {
        Some("close") => return Ok(Signal::over(key)),
        Some("ack" | "acknowledge") => {
            let told = "a sender's acknowledgement names no person and takes no page";
            return Ok(Signal { key: Some(key), said: Said::Nothing(told) });
        }
        _ => {}
    }
    if summary.is_empty() {
        return Err("invalid value for 'Summary': must not be empty".to_owned());
    }
    let mut described = Described::default();
    described.text("summary", &summary);
    described.text("description", &details);
    meta(&mut described, query, &all);
    Ok(Signal::firing(Some(key), described))
}

/// Go reads names without regard to case.
fn lower_case(fields: Fields) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// `meta`: an object, or pairs `name=value`, of which a query may have several.
fn meta(described: &mut Described, query: &str, all: &Fields) {
    let mut facts = Fields::new();
    let mut pair = |text: &str| {
        if let Some((name, value)) = text.split_once('=') {
            facts.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    };
    form_urlencoded::parse(query.as_bytes()).filter(|it| it.0 == "meta").for_each(|it| pair(&it.1));
    match all.get("meta") {
        Some(Value::String(text)) => pair(text),
        Some(Value::Object(object)) => {
            facts.extend(object.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        _ => {}
    }
    if let Some(severity) = text(&facts, "severity") {
        described.label("severity", &severity);
    }
    described.rest("meta", &facts);
}
