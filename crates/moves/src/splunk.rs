//! Splunk On-Call, which was `VictorOps`: teams, users, rotations, policies and overrides of its public API.
//!
//! Intuition: a rotation is a list of shifts that stand side by side. Each shift has members who take turns of
//! so many days, and masks that say at which hours of which weekdays it is on duty.
//!
//! Complications:
//! - who had the first turn is not said; who has the one now (`current`), or the one to come (`next`), is;
//! - several answers do not say of whom they are; their own link (`_selfUrl`) or the name of their file does;
//! - a step of a policy says how long after the one before it comes.

mod people;
mod policies;
mod rotations;

use crate::desk::Desk;
use crate::json::{At, Document, Read};
use formats::Weight;
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that was exported, by kind.
type Found<'a> = BTreeMap<&'static str, Vec<At<'a>>>;

/// Keys by which an answer is known.
const KEYS: &[(&str, &str)] = &[
    ("rotationGroups", "rotations"),
    ("steps", "policies"),
    ("policies", "policy-lists"),
    ("overrides", "overrides"),
    ("members", "members"),
    ("users", "users"),
    ("phones", "contacts"),
    ("emails", "contacts"),
];

pub(crate) fn is_answer(value: &Value) -> bool {
    let of_us = |it: &Value| {
        let link = it.get("_selfUrl").and_then(Value::as_str);
        link.is_some_and(|it| it.contains("/api-public/"))
    };
    value.get("rotationGroups").is_some()
        || of_us(value)
        || value.as_array().and_then(|it| it.first()).is_some_and(of_us)
}

pub(crate) fn read(documents: &[Document], desk: &mut Desk<'_>) {
    let mut found = Found::new();
    for document in documents {
        let root = document.root();
        if root.value.is_array() {
            let items = desk.kept(root.items()).unwrap_or_default();
            found.entry("teams").or_default().extend(items);
            continue;
        }
        let kind = KEYS.iter().find(|it| root.value.get(it.0).is_some());
        if let Some((_, kind)) = kind {
            found.entry(kind).or_default().push(root);
        } else {
            let why = "Splunk On-Call refused this request, or it is no answer that is read here: mend it \
                       (id, key, address) and fetch it again, or take the file away";
            desk.losses.push(root.loss(Weight::Refused, why));
        }
    }
    people::read(&found, desk);
    for answer in found.get("rotations").into_iter().flatten() {
        let done = rotations::read(answer, desk);
        desk.kept(done);
    }
    policies::read(&found, desk);
}

/// Whether an answer is about what is called `slug`, by its link or by the name of its file.
fn is_about(answer: &At<'_>, slug: &str) -> bool {
    let link = answer.word("_selfUrl").unwrap_or_default();
    let name = answer.file.rsplit(['/', '\\']).next().unwrap_or(answer.file);
    link.split('/').any(|it| it == slug)
        || name.trim_end_matches(".json").ends_with(slug)
            && name.trim_end_matches(".json").trim_end_matches(slug).ends_with('-')
}

/// The user whom `{ "username": … }` names.
fn username(at: &At<'_>) -> Read<String> {
    at.id_at("username")
}
