//! Grafana `OnCall`: users, teams, on-call shifts, schedules, final shifts, escalation chains and policies of
//! HTTP API v1.
//!
//! Intuition: a shift is an event of a calendar with a level, and a schedule is a list of shifts. The highest
//! level that speaks decides; shifts of one level are on duty together. `rolling_users` lets groups take
//! the event in turn, a group for each time frame of `frequency`.
//!
//! Complications: times stand without a zone and are meant in the shift's own, or in the schedule's. Schedules
//! of other people's calendars (`ical`) hold no shifts at all.

mod chains;
mod people;
mod shifts;

use crate::desk::Desk;
use crate::json::{At, Document, Read, merged};
use formats::Weight;
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that was exported, by kind.
type Found<'a> = BTreeMap<&'static str, Vec<At<'a>>>;

pub(crate) fn is_answer(value: &Value) -> bool {
    value.get("results").is_some_and(Value::is_array) && value.get("count").is_some()
}

pub(crate) fn read(documents: &[Document], desk: &mut Desk<'_>) {
    let found = sorted(documents, desk);
    people::read(&found, desk);
    let shifts: BTreeMap<String, At<'_>> = merged(found.get("shifts"))
        .into_iter()
        .filter_map(|it| Some((it.word("id")?.to_owned(), it)))
        .collect();
    for schedule in merged(found.get("schedules")) {
        let done = shifts::schedule(&schedule, &shifts, desk);
        desk.kept(done);
    }
    shifts::rendered(&found, desk);
    chains::read(&found, desk);
}

fn sorted<'a>(documents: &'a [Document], desk: &mut Desk<'_>) -> Found<'a> {
    let mut found = Found::new();
    let mut counts: BTreeMap<&'static str, Vec<At<'a>>> = BTreeMap::new();
    for document in documents {
        let root = document.root();
        let items = match root.get("results") {
            Some(results) => desk.kept(results.items()).unwrap_or_default(),
            None if root.get("id").is_some() => vec![root.clone()],
            None => {
                let why = "there are no `results`: OnCall refused this request, or it is no answer of it. Mend \
                           it (token, address) and fetch it again";
                desk.losses.push(root.loss(Weight::Refused, why));
                continue;
            }
        };
        for item in &items {
            let Some(kind) = kind(item) else {
                desk.lost(item, "", "this is nothing that is read here; it was not taken over");
                continue;
            };
            found.entry(kind).or_default().push(item.clone());
            if let Some(count) = root.get("count") {
                counts.entry(kind).or_default().push(count);
            }
        }
        if let (true, Some(next)) = (items.is_empty(), root.get("next")) {
            desk.losses
                .push(next.loss(Weight::Refused, "there is more, in no file: fetch it, too"));
        }
    }
    for (kind, counts) in counts.into_iter().filter(|it| it.0 != "final") {
        let have = merged(found.get(kind)).len();
        for count in counts {
            let whole = enough(kind, &count, have);
            desk.kept(whole);
        }
    }
    found
}

fn enough(kind: &str, count: &At<'_>, have: usize) -> Read<()> {
    let expected = count.whole()?;
    if expected > i64::try_from(have).unwrap_or(i64::MAX) {
        return count.refuse(format!(
            "there are {expected} {kind}, and the files hold {have}: fetch the other parts (`?page=2` and so on), too"
        ));
    }
    Ok(())
}

fn kind(item: &At<'_>) -> Option<&'static str> {
    let has = |key: &str| item.value.get(key).is_some();
    let of_type = |names: &[&str]| item.word("type").is_some_and(|it| names.contains(&it));
    Some(if has("shift_start") {
        "final"
    } else if has("escalation_chain_id") {
        "policies"
    } else if has("username") {
        "users"
    } else if of_type(&["calendar", "web", "ical"]) {
        "schedules"
    } else if has("duration") && has("start") {
        "shifts"
    } else if has("team_id") && has("name") {
        "chains"
    } else if has("name") && has("id") {
        "teams"
    } else {
        return None;
    })
}
