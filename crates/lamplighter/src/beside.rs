//! A rota of ours beside the calendar of another pager: every moment at which the two would have called
//! different people.
//!
//! Intuition: whatever the other pager is, it can publish who is on duty as a calendar. Lay that over ours and
//! read aloud where they differ.
//!
//! Invariants:
//! - an event that names nobody who is known here is a problem that is said, never a guess, and counts as
//!   somebody else;
//! - what could not be read of a calendar is said, and then nothing is called equal.

use crate::{YES, no, say, say_json};
use model::{Catalogue, Medium, Person, PersonId, RotaId, Timestamp};
use moves::{Rendered, compare};
use oncall::ics::{Calendar, Named};
use serde_json::json;
use server::Problem;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

/// How long a feed may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Whoever is named in a calendar and unknown here.
const STRANGER: &str = "somebody-unknown-here";

/// The bytes of a calendar in a file or behind an address.
pub(crate) fn bytes_of(place: &str) -> Result<Vec<u8>, Problem> {
    if !place.starts_with("http://") && !place.starts_with("https://") {
        return std::fs::read(place).map_err(|it| {
            Problem::unreachable(format!("{place} cannot be read")).detail(it.to_string())
        });
    }
    let failed = |detail: String| {
        // The address of a feed is its secret.
        Problem::unreachable("the calendar could not be read").detail(detail)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|it| failed(it.to_string()))?;
    egress::init_tls();
    let client = egress::Client::new(egress::Policy::Operator);
    let asked = client.get(place, &[], oncall::ics::BYTES_MAX, PATIENCE);
    let answer = runtime.block_on(asked).map_err(|it| failed(it.to_string()))?;
    if answer.status != 200 {
        return Err(failed(format!("it was answered with {}", answer.status)));
    }
    Ok(answer.body)
}

/// Lists the times within `from..to` in which `rotas` and the calendar name different people.
pub(crate) fn beside(
    catalogue: &Catalogue,
    rotas: Vec<RotaId>,
    bytes: &[u8],
    (from, to): (Timestamp, Timestamp),
    as_json: bool,
) -> ExitCode {
    let zones = oncall::Zones::bundled();
    let calendar = Calendar::read_duty(bytes, &zones);
    let zone = rotas.first().and_then(|it| catalogue.rotas.get(it));
    let zone = zone.map_or("UTC", |it| it.timezone.as_str());
    let mut problems: BTreeSet<String> =
        calendar.problems.iter().map(|(line, told)| format!("line {line}: {told}")).collect();
    let mut entries = vec![];
    for (starts, ends, named) in calendar.occurrences(zone, from, to, &zones) {
        let people = people_of(catalogue, named);
        if people.is_empty() {
            let told = format!("nobody here is called `{}`", named.title);
            problems.insert(told);
            entries.push((starts, ends, PersonId::from(STRANGER)));
        }
        entries.extend(people.into_iter().map(|it| (starts, ends, it)));
    }
    let rendered = Rendered { rotas, from, to, entries };
    let found = compare(&catalogue.rotas, &rendered, &zones);
    let people = |it: &BTreeSet<PersonId>| {
        let names: Vec<&str> = it.iter().map(PersonId::as_str).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    if as_json {
        let each = found.iter().map(|it| {
            json!({ "from": it.from.to_string(), "to": it.to.to_string(), "ours": it.ours, "theirs": it.theirs })
        });
        say_json(&json!({ "differences": each.collect::<Vec<_>>(), "problems": problems,
            "from": from.to_string(), "to": to.to_string() }));
    } else {
        for it in &problems {
            say(&format!("not understood: {it}\n"));
        }
        for it in &found {
            let (ours, theirs) = (people(&it.ours), people(&it.theirs));
            say(&format!("{} to {}: here {ours}, in the calendar {theirs}\n", it.from, it.to));
        }
        let hours = to.since(from).0 / 3_600_000;
        let count = found.len();
        say(&format!("{hours} hours were compared, {count} differences\n"));
    }
    if found.is_empty() && problems.is_empty() { YES } else { no() }
}

/// Everybody whom an event names: by the address of a guest; else by a name, or an address, in its title.
fn people_of(catalogue: &Catalogue, named: &Named) -> Vec<PersonId> {
    let mail = |it: &Person| {
        let contact = it.contacts.iter().find(|it| it.medium == Medium::Email);
        contact.and_then(|it| it.address.text()).map(str::to_lowercase)
    };
    let people = || catalogue.people.iter();
    let invited: Vec<PersonId> = people()
        .filter(|(_, it)| mail(it).is_some_and(|it| named.guests.contains(&it)))
        .map(|(id, _)| id.clone())
        .collect();
    if !invited.is_empty() {
        return invited;
    }
    let title = named.title.to_lowercase();
    let stands = |name: &str| !name.is_empty() && is_in(&title, &name.to_lowercase());
    let found = people().filter(|(id, it)| {
        stands(id.as_str())
            || stands(catalogue.name_of(id))
            || it.aka.iter().filter_map(|it| it.text()).any(stands)
            || mail(it).is_some_and(|it| stands(&it))
    });
    found.map(|(id, _)| id.clone()).collect()
}

/// Whether `name` stands in `title` as words of its own.
fn is_in(title: &str, name: &str) -> bool {
    title.match_indices(name).any(|(at, _)| {
        let before = title[..at].chars().next_back();
        let after = title[at + name.len()..].chars().next();
        let edge = |it: Option<char>| it.is_none_or(|it| !it.is_alphanumeric());
        edge(before) && edge(after)
    })
}
