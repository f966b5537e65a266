//! Opsgenie: users, teams, schedules with rotations, overrides, timelines and escalations of REST API v2.
//!
//! Intuition: a rotation counts from `startDate` in steps of `length` hours, days or weeks on the wall of
//! the schedule's zone, shows through its `timeRestriction`, and ends with `endDate`. All rotations of a
//! schedule are on duty at once.
//!
//! Complications:
//! - a participant may be `none`: the turn is nobody's, and the rotation becomes a shift for each of the
//!   others;
//! - a step of an escalation says when after the alert it comes, and not how long after the one before;
//! - answers do not say which part of a list they are: the offset of the next one must lie within what was
//!   read.

mod escalations;
mod people;
mod rotations;

use crate::desk::Desk;
use crate::json::{At, Document, Read, merged};
use formats::Weight;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was exported, by kind.
type Found<'a> = BTreeMap<&'static str, Vec<At<'a>>>;

pub(crate) fn is_answer(value: &Value) -> bool {
    value.get("data").is_some() && value.get("requestId").is_some()
}

pub(crate) fn read(documents: &[Document], desk: &mut Desk<'_>) {
    let found = sorted(documents, desk);
    people::read(&found, desk);
    for schedule in merged(found.get("schedules")) {
        let done = rotations::read(&schedule, &found, desk);
        desk.kept(done);
    }
    rotations::timelines(&found, desk);
    escalations::read(&found, desk);
}

fn sorted<'a>(documents: &'a [Document], desk: &mut Desk<'_>) -> Found<'a> {
    let mut found = Found::new();
    let mut roots: BTreeMap<&'static str, Vec<At<'a>>> = BTreeMap::new();
    for document in documents {
        let root = document.root();
        let Some(data) = root.get("data") else {
            let why = "there is no `data`: Opsgenie refused this request, or it is no answer of it. Mend it \
                       (key, address) and fetch it again";
            desk.losses.push(root.loss(Weight::Refused, why));
            continue;
        };
        let items = if data.value.is_array() {
            data.items().unwrap_or_default()
        } else {
            vec![data.clone()]
        };
        for item in items {
            let Some(kind) = kind(&item) else {
                desk.lost(&item, "", "this is nothing that is read here; it was not taken over");
                continue;
            };
            let roots = roots.entry(kind).or_default();
            if data.value.is_array()
                && roots.last().is_none_or(|it| it.file != root.file || it.path != root.path)
            {
                roots.push(root.clone());
            }
            found.entry(kind).or_default().push(item);
        }
    }
    for (kind, roots) in roots {
        let count = merged(found.get(kind)).len();
        for root in roots {
            let whole = all_parts(kind, &root, count);
            desk.kept(whole);
        }
    }
    found
}

fn kind(item: &At<'_>) -> Option<&'static str> {
    let has = |key: &str| item.value.get(key).is_some();
    Some(if has("finalTimeline") {
        "timelines"
    } else if has("rules") && has("name") {
        "escalations"
    } else if has("username") {
        "users"
    } else if has("alias") && has("startDate") {
        "overrides"
    } else if has("timezone") || has("rotations") {
        "schedules"
    } else if has("to") && (has("method") || has("contactMethod")) {
        "contacts"
    } else if has("members") || (has("name") && has("id")) {
        "teams"
    } else {
        return None;
    })
}

/// Whether so many of a kind can be all, as far as `root` tells.
fn all_parts(kind: &str, root: &At<'_>, count: usize) -> Read<()> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    if let Some(total) = root.get("totalCount") {
        let expected = total.whole()?;
        if expected > count {
            return total.refuse(format!(
                "there are {expected} {kind}, and the files hold {count}: fetch the other parts, too"
            ));
        }
    }
    let next = root.get("paging").and_then(|it| it.get("next"));
    if let Some(next) = next {
        let url = next.text()?;
        let offset = url.split(['?', '&']).find_map(|it| it.strip_prefix("offset="));
        let offset: i64 = offset.and_then(|it| it.parse().ok()).unwrap_or(i64::MAX);
        if offset >= count {
            return next.refuse(format!("there are more {kind}, in no file: fetch {url}, too"));
        }
    }
    Ok(())
}

/// The foreign ids of the schedules that a file is about, by its name or by `_parent`.
fn parent(item: &At<'_>, known: &BTreeSet<String>) -> Option<String> {
    let parent = item.get("_parent").and_then(|it| it.word("id"));
    parent
        .map(str::to_owned)
        .or_else(|| known.iter().find(|id| item.file.contains(id.as_str())).cloned())
}
