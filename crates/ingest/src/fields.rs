//! Fields of a request, however its sender chose to write them: JSON, a form, or a form in parts.
//!
//! Invariants:
//! - the result is one map of names to values; a field given twice keeps its first value, and an object
//!   in a JSON body is a value like others;
//! - a body that cannot be read is refused, never taken for an empty one.

use serde_json::Value;
use std::collections::BTreeMap;

/// Fields by name.
pub(crate) type Fields = BTreeMap<String, Value>;

/// Reads `body` as its content type says.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Result<Fields, String> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Ok(pairs(body)),
        "multipart/form-data" => {
            let boundary = boundary(parameters).ok_or("a form in parts without a boundary")?;
            parts(boundary, body)
        }
        _ => serde_json::from_slice(body).map_err(|it| format!("invalid JSON: {it}")),
    }
}

/// `name=value` pairs as in a query.
pub(crate) fn pairs(text: &[u8]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(text) {
        fields.entry(name.into_owned()).or_insert_with(|| Value::String(value.into_owned()));
    }
    fields
}

/// A field as text; one that is absent, empty or no text is none.
pub(crate) fn text(fields: &Fields, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn boundary(parameters: &str) -> Option<&str> {
    let mut parameters = parameters.split(';').filter_map(|it| it.trim().split_once('='));
    let (_, boundary) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    Some(boundary.trim_matches('"')).filter(|it| !it.is_empty())
}

/// RFC 7578, without files: each part is a text with a name.
fn parts(boundary: &str, body: &[u8]) -> Result<Fields, String> {
    let body = std::str::from_utf8(body).map_err(|it| format!("a form in parts: {it}"))?;
    let delimiter = format!("--{boundary}");
    let (_, mut rest) =
        body.split_once(&delimiter).ok_or("a form in parts without its boundary")?;
    let mut fields = Fields::new();
    let delimiter = format!("\r\n{delimiter}");
    // What follows a boundary: two dashes at the end, otherwise a line break and a part.
    while let Some(part) = rest.strip_prefix("\r\n") {
        let (part, after) = part.split_once(&delimiter).ok_or("a form in parts without its end")?;
        let (head, value) = part.split_once("\r\n\r\n").ok_or("a part without a head")?;
        let name = head.split("name=\"").nth(1).and_then(|it| it.split('"').next());
        let name = name.ok_or("a part without a name")?;
        fields.entry(name.to_owned()).or_insert_with(|| Value::String(value.to_owned()));
        rest = after;
    }
    if rest.starts_with("--") { Ok(fields) } else { Err("a form in parts without its end".into()) }
}
