//! Answers in JSON, in which every value knows its file and its path.
//!
//! Intuition: whoever exported ninety files must be told which of them, and where in it. A value is
//! therefore never handed around without its place.
//!
//! Invariants: what is asked for and not there is a refusal that names the place; nothing is guessed from
//! a missing key. Several answers may stand in one file, one after another, as `curl >>` leaves them.

use formats::{Loss, Weight};
use model::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// One answer.
#[derive(Debug)]
pub(crate) struct Document {
    file: String,
    /// `$`, or `$#2` for the second answer of a file.
    root: String,
    value: Value,
}

impl Document {
    pub(crate) fn root(&self) -> At<'_> {
        At { file: &self.file, path: self.root.clone(), value: &self.value }
    }
}

/// Every answer of all files, in order.
pub(crate) fn documents(files: &[(String, String)], losses: &mut Vec<Loss>) -> Vec<Document> {
    let mut found = vec![];
    for (file, text) in files {
        // A byte-order mark is no part of the answer.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let answers = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        for (index, answer) in answers.enumerate() {
            match answer {
                Ok(value) => {
                    let root = if index == 0 { "$".into() } else { format!("$#{}", index + 1) };
                    found.push(Document { file: file.clone(), root, value });
                }
                Err(error) => {
                    let why = format!(
                        "{error}; the file was cut off or is no JSON: fetch it again and look at the \
                         status of the answer (`curl --fail`)"
                    );
                    losses.push(Loss {
                        file: file.clone(),
                        line: error.line(),
                        weight: Weight::Refused,
                        subject: String::new(),
                        what: format!("answer {}", index + 1),
                        why,
                    });
                }
            }
        }
        if text.trim().is_empty() {
            losses.push(Loss {
                file: file.clone(),
                line: 0,
                weight: Weight::Refused,
                subject: String::new(),
                what: "the file".into(),
                why: "it is empty: fetch it again".into(),
            });
        }
    }
    found
}

/// A value at its place.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    pub(crate) file: &'a str,
    pub(crate) path: String,
    pub(crate) value: &'a Value,
}

pub(crate) type Read<T> = Result<T, Loss>;

impl<'a> At<'a> {
    pub(crate) fn loss(&self, weight: Weight, why: impl Into<String>) -> Loss {
        Loss {
            file: self.file.to_owned(),
            line: 0,
            weight,
            subject: String::new(),
            what: format!("`{}`", self.path),
            why: why.into(),
        }
    }

    pub(crate) fn refuse<T>(&self, why: impl Into<String>) -> Read<T> {
        Err(self.loss(Weight::Refused, why))
    }

    /// What stands under `key`; `None` also for `null`.
    pub(crate) fn get(&self, key: &str) -> Option<At<'a>> {
        let value = self.value.get(key).filter(|it| !it.is_null())?;
        Some(At { file: self.file, path: format!("{}.{key}", self.path), value })
    }

    pub(crate) fn need(&self, key: &str) -> Read<At<'a>> {
        self.get(key).map_or_else(
            || self.refuse(format!("there is no `{key}`: fetch the whole answer again")),
            Ok,
        )
    }

    pub(crate) fn items(&self) -> Read<Vec<At<'a>>> {
        let Some(items) = self.value.as_array() else { return self.refuse("this is no list") };
        let item =
            |(index, value)| At { file: self.file, path: format!("{}[{index}]", self.path), value };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The items under `key`; none where the key is missing.
    pub(crate) fn list(&self, key: &str) -> Read<Vec<At<'a>>> {
        self.get(key).map_or(Ok(vec![]), |it| it.items())
    }

    pub(crate) fn text(&self) -> Read<&'a str> {
        self.value.as_str().map_or_else(|| self.refuse("this is no text"), Ok)
    }

    pub(crate) fn text_at(&self, key: &str) -> Read<&'a str> {
        self.need(key)?.text()
    }

    /// The text under `key`, where there is one that is not empty.
    pub(crate) fn word(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str).map(str::trim).filter(|it| !it.is_empty())
    }

    pub(crate) fn whole(&self) -> Read<i64> {
        self.value.as_i64().map_or_else(|| self.refuse("this is no whole number"), Ok)
    }

    pub(crate) fn whole_at(&self, key: &str) -> Read<i64> {
        self.need(key)?.whole()
    }

    pub(crate) fn instant(&self) -> Read<Timestamp> {
        let text = self.text()?;
        Timestamp::parse_rfc3339(text).map_or_else(
            || self.refuse(format!("`{text}` is no time such as 2026-12-24T18:00:00Z")),
            Ok,
        )
    }

    pub(crate) fn instant_at(&self, key: &str) -> Read<Timestamp> {
        self.need(key)?.instant()
    }

    /// The id under `key`, whether text or number.
    pub(crate) fn id_at(&self, key: &str) -> Read<String> {
        let id = self.need(key)?;
        match id.value {
            Value::String(text) if !text.is_empty() => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => id.refuse("this is no id"),
        }
    }
}

/// One object for each id: of those that were fetched in a list and alone, the one that says most.
pub(crate) fn merged<'a>(list: Option<&Vec<At<'a>>>) -> Vec<At<'a>> {
    let mut order: Vec<String> = vec![];
    let mut best: BTreeMap<String, At<'a>> = BTreeMap::new();
    for it in list.into_iter().flatten() {
        let id = it.word("id").map_or_else(|| it.path.clone(), str::to_owned);
        let size = |it: &At<'_>| it.value.to_string().len();
        match best.get(&id) {
            Some(kept) if size(kept) >= size(it) => {}
            Some(_) => {
                best.insert(id, it.clone());
            }
            None => {
                order.push(id.clone());
                best.insert(id, it.clone());
            }
        }
    }
    order.iter().filter_map(|it| best.remove(it)).collect()
}
