//! Rotations, the rules that put them on duty, temporary schedules and overrides.

use crate::compare::Rendered;
use crate::desk::{Desk, still_to_come};
use crate::json::{At, Read};
use crate::lanes::{self, Group};
use crate::layers::{DAYS, local, once, turned_to, turns};
use crate::said;
use jiff::tz::TimeZone;
use model::{Hours, Layer, PersonId, Timestamp, Turn};
use std::collections::BTreeMap;

/// Above all rules.
const TEMPORARY: i64 = 1;

pub(super) fn read(
    schedule: &At<'_>,
    rotations: &BTreeMap<String, At<'_>>,
    desk: &mut Desk<'_>,
) -> Read<()> {
    let id = schedule.id_at("id")?;
    let title = schedule.text_at("name")?.to_owned();
    let timezone = desk.zone(&schedule.need("timeZone")?)?;
    let mut groups = vec![];
    for entry in schedule.need("targets")?.items()? {
        groups.extend(target(&entry, &timezone, rotations, desk)?);
    }
    for it in schedule.list("temporarySchedules")? {
        groups.extend(temporary(&it, &title, desk)?);
    }
    if groups.is_empty() {
        desk.lost(schedule, &title, "nobody is ever on duty in it: left out");
        return Ok(());
    }
    let rotas = lanes::add(schedule, &id, &title, &timezone, groups, desk);
    let Some(shifts) = schedule.get("shifts") else {
        let why = "no `shifts(start: …, end: …)` with times to come were exported, so nothing could be compared";
        desk.noted(schedule, &title, why);
        return Ok(());
    };
    let mut entries = vec![];
    for it in shifts.items()? {
        let person = desk.person(&it, it.text_at("userID")?)?;
        entries.push((it.instant_at("start")?, it.instant_at("end")?, person));
    }
    let (from, to) = (entries.iter().map(|it| it.0).min(), entries.iter().map(|it| it.1).max());
    if let (Some(from), Some(to)) = (from, to) {
        let rendered = Rendered { rotas, from, to, entries };
        if let Some(rendered) = still_to_come(rendered, desk.now) {
            desk.rendered.push((schedule.file.to_owned(), rendered));
        }
    }
    Ok(())
}

/// Whoever is at the front of a rotation, or a user, at the hours of the rules.
fn target(
    entry: &At<'_>,
    timezone: &str,
    rotations: &BTreeMap<String, At<'_>>,
    desk: &mut Desk<'_>,
) -> Read<Option<Group>> {
    let target = entry.need("target")?;
    let (kind, id) = (target.need("type")?, target.id_at("id")?);
    let title = target.word("name").unwrap_or(&id).to_owned();
    let only = rules(entry)?;
    let Some(only) = only else { return Ok(None) };
    let mut layer = match kind.text()?.to_lowercase().as_str() {
        "user" => {
            let person = desk.person(&target, &id)?;
            let first = local(&TimeZone::UTC, desk.now);
            turns(vec![person], Turn::Weeks(1), first)
        }
        "rotation" => {
            let Some(rotation) = rotations.get(&id) else {
                return target.refuse(format!(
                    "there is no rotation `{id}` in any file: export all rotations"
                ));
            };
            let Some((layer, own)) = rotation_of(rotation, desk)? else { return Ok(None) };
            in_zone(layer, &own, timezone, !only.is_empty(), &target, desk)
        }
        other => {
            return kind.refuse(format!("targets of type `{other}` are not known in a schedule"));
        }
    };
    layer.rules.only = only;
    Ok(Some(Group { level: 0, title, layers: vec![layer] }))
}

/// The hours of the rules; empty for always, `None` for never.
fn rules(entry: &At<'_>) -> Read<Option<Vec<Hours>>> {
    let mut found = vec![];
    let mut days_always = [false; 7];
    for rule in entry.need("rules")?.items()? {
        let filter = rule.need("weekdayFilter")?;
        let days: Vec<bool> =
            filter.items()?.iter().map(|it| it.value.as_bool() == Some(true)).collect();
        if days.len() != 7 {
            return filter.refuse("this is no list of seven days, Sunday first");
        }
        let minute = |key: &str| {
            let at = rule.need(key)?;
            let clock = said::clock(at.text()?).map(|it| it.0);
            clock.map_or_else(|| at.refuse("this is no time of day such as 08:00"), Ok)
        };
        let (from, until) = (minute("start")?, minute("end")?);
        let lasts = (until - from).rem_euclid(1_440);
        let lasts = if lasts == 0 { 1_440 } else { lasts };
        for place in 0..7 {
            // Ours begin with Monday.
            if days[(place + 1) % 7] {
                days_always[place] |= from == 0 && lasts == 1_440;
                found.extend(crate::layers::window(Some(DAYS[place]), from, lasts));
            }
        }
    }
    if days_always.iter().all(|it| *it) {
        return Ok(Some(vec![]));
    }
    Ok((!found.is_empty()).then_some(found))
}

/// A rotation in its own zone, turned so that whoever is at the front now is on duty now.
pub(super) fn rotation_of(rotation: &At<'_>, desk: &mut Desk<'_>) -> Read<Option<(Layer, String)>> {
    let title = rotation.word("name").unwrap_or("rotation").to_owned();
    let timezone = desk.zone(&rotation.need("timeZone")?)?;
    let mut people: Vec<PersonId> = vec![];
    for it in rotation.need("userIDs")?.items()? {
        people.push(desk.person(&it, it.text()?)?);
    }
    if people.is_empty() {
        desk.lost(rotation, &title, "nobody is in it: left out");
        return Ok(None);
    }
    let length = rotation.need("shiftLength")?;
    let count = u16::try_from(length.whole()?).ok().filter(|it| *it > 0);
    let Some(count) = count else { return length.refuse("this is no length of a turn") };
    let kind = rotation.need("type")?;
    let turn = match (kind.text()?, count) {
        ("hourly", 1..=168) => Turn::Hours(count),
        ("daily", 1..=366) => Turn::Days(count),
        ("weekly", 1..=52) => Turn::Weeks(count),
        ("monthly", 1..=12) => Turn::Months(count),
        (other, _) => {
            return kind.refuse(format!(
                "turns of {count} × `{other}` cannot be written: hours up to 168, days up to 366, weeks up to 52, \
                 months up to 12"
            ));
        }
    };
    for next in rotation.list("nextHandoffTimes")? {
        if next.instant()? <= desk.now {
            return next.refuse(format!(
                "this hand-over was before {}: who is at the front has changed since the export. Export again, or \
                 say with `--at` when it was made",
                desk.now
            ));
        }
    }
    let zone = desk.zones.get(&timezone).unwrap_or(TimeZone::UTC);
    let first = local(&zone, rotation.instant_at("start")?);
    let active = rotation.need("activeUserIndex")?;
    let Some(active) = usize::try_from(active.whole()?).ok().filter(|it| *it < people.len()) else {
        return active.refuse("this is no place in `userIDs`");
    };
    let people = turned_to(people, turn, first, &timezone, desk.now, active, desk.zones);
    Ok(Some((turns(people, turn, first), timezone)))
}

/// The same turns in the zone of the schedule, which also says when its rules hold.
fn in_zone(
    mut layer: Layer,
    own: &str,
    timezone: &str,
    is_restricted: bool,
    target: &At<'_>,
    desk: &mut Desk<'_>,
) -> Layer {
    if own == timezone {
        return layer;
    }
    if !is_restricted {
        layer.rules.timezone = Some(own.to_owned());
        return layer;
    }
    let (theirs, ours) = (desk.zones.get(own), desk.zones.get(timezone));
    let (theirs, ours) = (theirs.unwrap_or(TimeZone::UTC), ours.unwrap_or(TimeZone::UTC));
    let first = layer.starts.parse::<jiff::civil::Date>().ok().and_then(|day| {
        let hour = i8::try_from(layer.handover_minute / 60).ok()?;
        let minute = i8::try_from(layer.handover_minute % 60).ok()?;
        theirs.to_ambiguous_timestamp(day.at(hour, minute, 0, 0)).compatible().ok()
    });
    let why = format!(
        "the rotation hands over in {own} and its rules hold in {timezone}, and a layer here has one zone: \
         hand-overs follow {timezone}, and are off by the difference while only one of the two has summer time"
    );
    desk.lost(target, target.word("name").unwrap_or_default(), why);
    match first {
        Some(first) => turns(layer.people, layer.turn, local(&ours, Timestamp::from_jiff(first))),
        None => layer,
    }
}

/// What takes the place of all rules for a time.
fn temporary(it: &At<'_>, title: &str, desk: &mut Desk<'_>) -> Read<Vec<Group>> {
    let (starts, ends) = (it.instant_at("start")?, it.instant_at("end")?);
    if ends <= desk.now {
        return Ok(vec![]);
    }
    let mut groups = vec![];
    let mut covered = vec![];
    for shift in it.need("shifts")?.items()? {
        let person = desk.person(&shift, shift.text_at("userID")?)?;
        let (from, to) =
            (shift.instant_at("start")?.max(starts), shift.instant_at("end")?.min(ends));
        let Some(layers) = once(&[person], from, to) else {
            desk.lost(
                &shift,
                title,
                format!("{from} to {to}: shorter than 15 minutes, the shortest shift here"),
            );
            continue;
        };
        covered.push((from, to));
        groups.push(Group { level: TEMPORARY, title: format!("temporary {from} to {to}"), layers });
    }
    covered.sort_unstable();
    let mut at = starts;
    for (from, to) in covered.into_iter().chain([(ends, ends)]) {
        if from > at {
            let why = format!(
                "{at} to {from}: the temporary schedule has nobody on duty; here the rules show through"
            );
            desk.lost(it, title, why);
        }
        at = at.max(to);
    }
    Ok(groups)
}

/// An override: said as the command that makes it, which means the same.
pub(super) fn change(it: &At<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let (starts, ends) = (it.instant_at("start")?, it.instant_at("end")?);
    if ends <= desk.now {
        return Ok(());
    }
    let target = it.need("target")?;
    let rotas = desk.schedule(&target, &target.id_at("id")?)?;
    let person = |key: &str| it.word(key).map(|id| desk.person(it, id)).transpose();
    let (add, remove) = (person("addUserID")?, person("removeUserID")?);
    let change = match (add, remove) {
        (Some(by), Some(person)) => format!("--replace {person} --by {by}"),
        (Some(by), None) => format!("--add {by}"),
        (None, Some(person)) => format!("--remove {person}"),
        (None, None) => return it.refuse("it neither adds nor removes anybody"),
    };
    // Whoever is added is on duty beside the others, and once is enough.
    let count = if change.starts_with("--add") { 1 } else { rotas.len() };
    let commands: Vec<_> = rotas
        .iter()
        .take(count)
        .map(|it| it.trim_start_matches("rota "))
        .map(|it| format!("`lamplighter override {it} {change} --from {starts} --to {ends}`"))
        .collect();
    let why = format!(
        "it depends on who is on duty: once the configuration is served, run {}",
        commands.join(" and ")
    );
    desk.lost(it, "an override", why);
    Ok(())
}
