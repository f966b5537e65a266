//! PagerDuty: users, teams, schedules, overrides, escalation policies and services of REST API v2, and the
//! shift schedules of v3.
//!
//! Intuition: a layer is a rotation that counts from `rotation_virtual_start` in steps of
//! `rotation_turn_length_seconds`, shows through its restrictions, and lives from `start` to `end`. Days and
//! weeks are days and weeks of a clock on the wall in the zone of the schedule.
//!
//! Complications:
//! - answers hold the layers from the highest down, requests from the lowest up, and that was announced to
//!   change: where layers overlap, `final_schedule` decides which order is meant, and where it is not in
//!   the answer the schedule is refused;
//! - overrides do not say of which schedule they are, so their file must;
//! - a list is cut into parts by `limit`, `offset` and `more`.

mod layers;
mod people;
mod policies;
mod shifts;

use crate::desk::Desk;
use crate::json::{At, Document, Read, merged};
use formats::Weight;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What an answer holds: the key of a list, the key of one.
const KINDS: &[(&str, &str)] = &[
    ("users", "user"),
    ("teams", "team"),
    ("members", "member"),
    ("schedules", "schedule"),
    ("overrides", "override"),
    ("escalation_policies", "escalation_policy"),
    ("services", "service"),
];

pub(crate) fn is_answer(value: &Value) -> bool {
    let pages = value.get("more").is_some() && value.get("limit").is_some();
    let typed = |it: &Value| it.get("type").is_some() && it.get("id").is_some();
    KINDS.iter().any(|(list, one)| {
        let listed = value.get(list).and_then(Value::as_array);
        listed.is_some_and(|it| pages || it.iter().any(typed)) || value.get(one).is_some_and(typed)
    })
}

/// Everything that was exported, by kind.
pub(crate) type Found<'a> = BTreeMap<&'static str, Vec<At<'a>>>;

pub(crate) fn read(documents: &[Document], desk: &mut Desk<'_>) {
    let found = sorted(documents, desk);
    people::read(&found, desk);
    let overrides = overrides_by_file(&found, desk);
    for schedule in merged(found.get("schedules")) {
        let id = schedule.word("id").unwrap_or_default();
        let done = if schedule.get("rotations").is_some() {
            shifts::read(&schedule, desk)
        } else {
            layers::read(&schedule, overrides.get(id).map_or(&[][..], Vec::as_slice), desk)
        };
        desk.kept(done);
    }
    policies::read(&found, desk);
}

/// Sorts the answers by what they hold, and looks whether a part of a list is missing.
fn sorted<'a>(documents: &'a [Document], desk: &mut Desk<'_>) -> Found<'a> {
    let mut found = Found::new();
    let mut parts: BTreeMap<&str, Vec<At<'a>>> = BTreeMap::new();
    for document in documents {
        let root = document.root();
        if let Some(error) = root.get("error") {
            let why = "PagerDuty refused this request: mend it (token, address) and fetch it again";
            desk.losses.push(error.loss(Weight::Refused, why));
            continue;
        }
        let kind = KINDS.iter().find_map(|(list, one)| {
            let listed = root.get(list).filter(|it| it.value.is_array());
            listed.map(|it| (*list, it, true)).or_else(|| {
                root.get(one).filter(|it| it.value.is_object()).map(|it| (*list, it, false))
            })
        });
        let Some((kind, at, is_list)) = kind else {
            desk.lost(
                &root,
                "",
                "this is no answer that is read here; nothing of it was taken over",
            );
            continue;
        };
        if is_list {
            if root.get("more").is_some() {
                parts.entry(kind).or_default().push(root.clone());
            }
            let items = at.items();
            found.entry(kind).or_default().extend(desk.kept(items).unwrap_or_default());
        } else {
            found.entry(kind).or_default().push(at);
        }
    }
    for (kind, parts) in parts {
        let whole = all_parts(kind, &parts);
        desk.kept(whole);
    }
    found
}

/// Whether the parts of a list follow each other without a hole, up to one after which there is no more.
fn all_parts(kind: &str, parts: &[At<'_>]) -> Read<()> {
    // Members and overrides are a list for each team and schedule.
    let is_one_list = !matches!(kind, "members" | "overrides");
    let mut offsets = BTreeSet::new();
    for part in parts {
        offsets.insert((part.file, whole_or(part, "offset", 0)));
    }
    let has = |file: &str, offset: i64| {
        offsets.iter().any(|it| it.1 == offset && (is_one_list || same_owner(it.0, file)))
    };
    for part in parts {
        let offset = whole_or(part, "offset", 0);
        let limit = part.whole_at("limit")?;
        let more = part.value.get("more").and_then(Value::as_bool).unwrap_or(false);
        let next = offset.saturating_add(limit.max(1));
        if more && !has(part.file, next) {
            return part.need("more")?.refuse(format!(
                "there is more of `{kind}`, and the part with `offset={next}` is in no file: fetch it, too"
            ));
        }
        if offset > 0 && !has(part.file, offset.saturating_sub(limit.max(1))) {
            let before = offset.saturating_sub(limit.max(1));
            return part.need("offset")?.refuse(format!(
                "the part of `{kind}` before this one, with `offset={before}`, is in no file: fetch it, too"
            ));
        }
    }
    Ok(())
}

/// Whether two files are parts of the list of one team or schedule: alike but for digits.
fn same_owner(a: &str, b: &str) -> bool {
    a == b || id_in(a).is_some_and(|it| Some(it) == id_in(b))
}

fn whole_or(at: &At<'_>, key: &str, otherwise: i64) -> i64 {
    at.value.get(key).and_then(Value::as_i64).unwrap_or(otherwise)
}

/// The overrides of each schedule; the name of their file says which.
fn overrides_by_file<'a>(found: &Found<'a>, desk: &mut Desk<'_>) -> BTreeMap<String, Vec<At<'a>>> {
    let known: BTreeSet<&str> =
        found.get("schedules").into_iter().flatten().filter_map(|it| it.word("id")).collect();
    let mut sorted: BTreeMap<String, Vec<At<'a>>> = BTreeMap::new();
    for it in found.get("overrides").into_iter().flatten() {
        if let Some(id) = known.iter().find(|id| words(it.file).any(|word| word == **id)) {
            sorted.entry((*id).to_owned()).or_default().push(it.clone());
        } else {
            let why = "an override does not say of which schedule it is: name its file after the \
                       schedule, such as `overrides-PI7DH85.json`, and export that schedule, too";
            desk.losses.push(it.loss(Weight::Refused, why));
        }
    }
    sorted
}

/// The parts of the name of a file.
pub(crate) fn words(file: &str) -> impl Iterator<Item = &str> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.split(|it: char| !it.is_ascii_alphanumeric())
}

/// What looks like an id in the name of a file.
fn id_in(file: &str) -> Option<&str> {
    let is_id = |it: &&str| {
        it.len() >= 6 && it.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
    };
    words(file).find(is_id)
}

/// The id that a reference such as `{ "id": …, "type": "user_reference" }` names.
pub(crate) fn reference(at: &At<'_>) -> Read<String> {
    at.id_at("id")
}
