//! JSON of any shape, read by a mapping that stands in the URL.
//!
//! Intuition: a stencil laid over the letter. Each parameter of the query says where on the page
//! something stands, as a JSON Pointer (RFC 6901), or what it is, for all letters of this sender:
//!
//! ```text
//! ?key=/event/id&summary=/event/title&over=/event/state:ok,closed&severity=/event/prio&team=payments
//! ```
//!
//! Pointers rather than a language of expressions: they cannot loop, cannot be slow, and a stencil that
//! needs more than places and a list of words is better cut at the sender.
//!
//! `each` says where a list stands whose entries are letters of their own; empty, it is the whole body.
//!
//! Invariants:
//! - a stencil is refused when a parameter is not known, so that a slip of the pen is seen at once;
//! - a letter without a key is refused, because nothing could ever end what it reports;
//! - with `each`, what can be read of a list is taken beside what cannot.

use crate::ALERTS_PER_REQUEST_MAX;
use crate::fields::Fields;
use crate::signal::{Described, Signal, time};
use serde_json::Value;

/// Bytes of a query, which bounds the stencil.
const STENCIL_BYTES_MAX: usize = 2_048;
/// Labels that a stencil may set.
const LABELS: [&str; 4] = ["severity", "feature", "service", "team"];

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// To be taken.
    pub signals: Vec<Signal>,
    /// Why the others are not, one line each.
    pub errors: Vec<String>,
}

#[derive(Debug, Default)]
struct Stencil {
    each: Option<String>,
    key: Option<Place>,
    over: Option<(String, Vec<String>)>,
    summary: Option<Place>,
    description: Option<Place>,
    since: Option<Place>,
    labels: Vec<(&'static str, Place)>,
}

/// Where something stands, or what it is.
#[derive(Debug)]
enum Place {
    At(String),
    Fixed(String),
}

/// Reads a body by the stencil in `query`.
pub fn parse(query: &str, body: &[u8]) -> Result<Parsed, String> {
    let stencil = stencil(query)?;
    let body: Value = serde_json::from_slice(body).map_err(|it| format!("invalid JSON: {it}"))?;
    let letters = match &stencil.each {
        None => std::slice::from_ref(&body),
        Some(pointer) => {
            let list = body.pointer(pointer).and_then(Value::as_array);
            list.ok_or_else(|| format!("there is no list at `{pointer}`"))?.as_slice()
        }
    };
    if letters.len() > ALERTS_PER_REQUEST_MAX {
        return Err(crate::Malformed::TooMany { count: letters.len() }.to_string());
    }
    let mut parsed = Parsed { signals: vec![], errors: vec![] };
    for letter in letters {
        match read(&stencil, letter) {
            Ok(signal) => parsed.signals.push(signal),
            Err(error) => parsed.errors.push(error),
        }
    }
    Ok(parsed)
}

fn stencil(query: &str) -> Result<Stencil, String> {
    if query.len() > STENCIL_BYTES_MAX {
        return Err(format!("a query may have {STENCIL_BYTES_MAX} bytes, not {}", query.len()));
    }
    let mut stencil = Stencil::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = value.into_owned();
        match name.as_ref() {
            // The key of the door, for senders that have no other place for it.
            "token" => {}
            "each" => stencil.each = Some(value),
            "key" if value.starts_with('/') => stencil.key = Some(Place::At(value)),
            "key" => return Err("`key` must be a pointer such as /event/id".to_owned()),
            "over" => {
                let parts = value.split_once(':').filter(|(pointer, _)| pointer.starts_with('/'));
                let (pointer, words) =
                    parts.ok_or("`over` must be as in /event/state:ok,closed")?;
                let words = words.split(',').map(|it| it.trim().to_lowercase()).collect();
                stencil.over = Some((pointer.to_owned(), words));
            }
            "summary" => stencil.summary = Some(place(value)),
            "description" => stencil.description = Some(place(value)),
            "since" => stencil.since = Some(place(value)),
            other => {
                let label = LABELS.into_iter().find(|it| *it == other).ok_or_else(|| {
                    format!(
                        "`{other}` is not known; key, over, each, summary, description, since, \
                         severity, feature, service and team are"
                    )
                })?;
                stencil.labels.push((label, place(value)));
            }
        }
    }
    if stencil.key.is_none() {
        return Err("the query does not say where the key is, as in ?key=/event/id".to_owned());
    }
    Ok(stencil)
}

fn place(value: String) -> Place {
    if value.starts_with('/') { Place::At(value) } else { Place::Fixed(value) }
}

fn read(stencil: &Stencil, letter: &Value) -> Result<Signal, String> {
    let at = |place: Option<&Place>| match place {
        Some(Place::At(pointer)) => plain(letter.pointer(pointer)),
        Some(Place::Fixed(text)) => text.clone(),
        None => String::new(),
    };
    let key = at(stencil.key.as_ref());
    if key.is_empty() {
        return Err("nothing stands where the key should be".to_owned());
    }
    if let Some((pointer, words)) = &stencil.over
        && words.contains(&plain(letter.pointer(pointer)).to_lowercase())
    {
        return Ok(Signal::over(key));
    }
    let mut described = Described::default();
    for (name, place) in &stencil.labels {
        described.label(name, &at(Some(place)));
    }
    described.text("summary", &at(stencil.summary.as_ref()));
    described.text("description", &at(stencil.description.as_ref()));
    described.starts_at = time(&at(stencil.since.as_ref()));
    let whole = match letter {
        Value::Object(object) => object.clone().into_iter().collect(),
        other => Fields::from([("body".to_owned(), other.clone())]),
    };
    described.keep("field", &whole);
    Ok(Signal::firing(Some(key), described))
}

/// A text, a number or a truth as text; anything else is nothing.
fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => String::new(),
    }
}
