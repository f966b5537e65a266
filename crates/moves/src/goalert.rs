//! GoAlert: users, rotations, schedules, overrides, escalation policies and services, as its GraphQL API
//! answers the queries of the book.
//!
//! Intuition: a schedule is a list of targets, each with rules that say at which hours of which weekdays it
//! is on duty; all whose rules hold are on duty together. A target is a user, or whoever is at the front of a
//! rotation.
//!
//! Complications:
//! - who is at the front of a rotation is a number that moves on at every hand-over, and not something that
//!   can be computed from its start: `activeUserIndex` says it for the time of the export;
//! - a rotation has a zone of its own, and so have the rules of the schedule;
//! - a temporary schedule takes the place of all rules while it lasts.

mod policies;
mod schedules;

use crate::desk::Desk;
use crate::draft::Person;
use crate::json::{At, Document, Read, merged};
use crate::said;
use formats::Weight;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a query may ask for.
const KINDS: &[&str] =
    &["users", "rotations", "schedules", "userOverrides", "escalationPolicies", "services"];

/// Everything that was exported, by kind.
type Found<'a> = BTreeMap<&'static str, Vec<At<'a>>>;

pub(crate) fn is_answer(value: &Value) -> bool {
    let Some(data) = value.get("data") else { return false };
    KINDS.iter().any(|it| data.get(it).is_some_and(|it| it.get("nodes").is_some()))
}

pub(crate) fn read(documents: &[Document], desk: &mut Desk<'_>) {
    let found = sorted(documents, desk);
    for user in merged(found.get("users")) {
        let done = user_of(&user, desk);
        desk.kept(done);
    }
    let rotations = merged(found.get("rotations"));
    let rotations: BTreeMap<String, At<'_>> =
        rotations.into_iter().filter_map(|it| Some((it.word("id")?.to_owned(), it))).collect();
    for schedule in merged(found.get("schedules")) {
        let done = schedules::read(&schedule, &rotations, desk);
        desk.kept(done);
    }
    for change in merged(found.get("userOverrides")) {
        let done = schedules::change(&change, desk);
        desk.kept(done);
    }
    policies::read(&found, &rotations, desk);
}

fn sorted<'a>(documents: &'a [Document], desk: &mut Desk<'_>) -> Found<'a> {
    let mut found = Found::new();
    let mut ends: BTreeMap<&'static str, (Vec<At<'a>>, usize)> = BTreeMap::new();
    for document in documents {
        let root = document.root();
        if let Some(errors) = root.get("errors") {
            let why = "GoAlert answered with errors: mend the query and fetch it again";
            desk.losses.push(errors.loss(Weight::Refused, why));
            continue;
        }
        let data = root.get("data");
        let mut any = false;
        for kind in KINDS {
            let Some(part) = data.as_ref().and_then(|it| it.get(kind)) else { continue };
            any = true;
            let nodes = part.need("nodes").and_then(|it| it.items());
            found.entry(kind).or_default().extend(desk.kept(nodes).unwrap_or_default());
            let end = ends.entry(kind).or_default();
            match part.get("pageInfo").and_then(|it| it.get("hasNextPage")) {
                Some(more) if more.value == &Value::Bool(true) => end.0.push(more),
                Some(_) => end.1 += 1,
                None => {
                    let why = "without `pageInfo { hasNextPage endCursor }` nobody can tell whether this is all";
                    desk.losses.push(part.loss(Weight::Refused, why));
                }
            }
        }
        if !any {
            desk.lost(
                &root,
                "",
                "this is no answer to a query of the book; nothing of it was taken over",
            );
        }
    }
    for (kind, (more, last)) in ends {
        if let (Some(more), 0) = (more.first(), last) {
            let why = format!(
                "there are more {kind}, in no file: fetch them with `after: endCursor`, too"
            );
            desk.losses.push(more.loss(Weight::Refused, why));
        }
    }
    found
}

fn user_of(user: &At<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let id = user.id_at("id")?;
    let name = user.text_at("name")?.to_owned();
    let email = user.word("email").map(str::to_owned);
    let timezone = "UTC".to_owned();
    let mut person = Person { name: name.clone(), timezone, email, ..Person::default() };
    person.aka.insert(name);
    desk.noted(
        user,
        "the time zone",
        "GoAlert knows none of people: UTC is written, which decides what is night",
    );
    for method in user.list("contactMethods")? {
        let value = method.word("value").unwrap_or_default().to_owned();
        let kind = method.word("type").unwrap_or_default().to_uppercase();
        let slot = match kind.as_str() {
            "SMS" => &mut person.sms,
            "VOICE" => &mut person.voice,
            "EMAIL" => &mut person.email,
            other => {
                desk.lost(
                    &method,
                    "a contact method",
                    format!("`{other}` has no counterpart: left out"),
                );
                continue;
            }
        };
        let address = if kind == "EMAIL" { Some(value) } else { said::phone("", &value) };
        match (address, slot.as_deref()) {
            (None, _) => {
                desk.lost(&method, "a contact method", "this is no telephone number in E.164");
            }
            (Some(address), None) => *slot = Some(address),
            (Some(address), Some(kept)) if address == kept => {}
            _ => desk.lost(
                &method,
                "a contact method",
                "a person has one address of each kind here, and this is a second one",
            ),
        }
    }
    desk.add_person(user, id, person);
    Ok(())
}
