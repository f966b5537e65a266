//! Layer schedules: rotations, restrictions, overrides, and what PagerDuty itself renders of them.

use super::reference;
use crate::compare::{Rendered, compare};
use crate::desk::{Desk, still_to_come};
use crate::draft::DraftRota;
use crate::json::{At, Read};
use crate::layers::{DAYS, bounded, local, once, turn_of_secs, turns, window};
use crate::said;
use jiff::tz::TimeZone;
use model::{Hours, Layer, PersonId, RotaId, Timestamp, Turn};
use std::collections::BTreeMap;

/// Time of somebody.
type Entry = (Timestamp, Timestamp, PersonId);

pub(super) fn read(schedule: &At<'_>, overrides: &[At<'_>], desk: &mut Desk<'_>) -> Read<()> {
    let id = schedule.id_at("id")?;
    let title = schedule.text_at("name")?.to_owned();
    let timezone = desk.zone(&schedule.need("time_zone")?)?;
    let Some(listed) = schedule.get("schedule_layers") else {
        return schedule.refuse(format!(
            "the layers of schedule `{id}` are not in the list: fetch `/schedules/{id}?since=…&until=…` alone"
        ));
    };
    let mut groups: Vec<Vec<(String, Layer)>> = vec![];
    for layer in listed.items()? {
        let found = one(&layer, &timezone, desk)?;
        if !found.is_empty() {
            groups.push(found);
        }
    }
    let rendered = entries(schedule, "final_schedule", desk)?;
    let changes = changes(schedule, overrides, desk)?;
    let ordered = in_order(schedule, &timezone, groups, &changes, rendered.as_deref(), desk)?;
    let mut layers: Vec<_> = ordered.into_iter().flatten().collect();
    layers.extend(changes);
    if layers.is_empty() {
        desk.lost(schedule, &title, "no layer of it is in force any more: left out");
        return Ok(());
    }
    let rota = desk.add_rota(&id, DraftRota { title, timezone, layers });
    let judge = rendered.and_then(|it| judged(std::slice::from_ref(&rota), it, desk.now));
    if let Some(judge) = judge {
        desk.rendered.push((schedule.file.to_owned(), judge));
    } else {
        let why = "no `final_schedule` with times to come was exported, so nothing could be compared: \
                   ask for `since` and `until`, two months from now on";
        desk.noted(schedule, rota.as_str(), why);
    }
    Ok(())
}

/// One layer of theirs as layers of ours, lowest first; none when it is over.
fn one(layer: &At<'_>, timezone: &str, desk: &mut Desk<'_>) -> Read<Vec<(String, Layer)>> {
    let title = layer.word("name").unwrap_or("layer").to_owned();
    let ends = layer.get("end").map(|it| it.instant()).transpose()?;
    if ends.is_some_and(|it| it <= desk.now) {
        return Ok(vec![]);
    }
    let starts = Some(layer.instant_at("start")?).filter(|it| *it > desk.now);
    let mut people = vec![];
    for user in layer.need("users")?.items()? {
        let user = user.get("user").unwrap_or(user);
        people.push(desk.person(&user, &reference(&user)?)?);
    }
    if people.is_empty() {
        desk.lost(layer, &title, "nobody is in it: left out");
        return Ok(vec![]);
    }
    let zone = desk.zones.get(timezone).unwrap_or(TimeZone::UTC);
    let first = layer.need("rotation_virtual_start")?;
    let at = first.instant()?;
    if at.0 % 60_000 != 0 {
        desk.lost(&first, &title, "hand-overs are to the minute here: its seconds are cut off");
    }
    let length = layer.need("rotation_turn_length_seconds")?;
    let secs = length.whole()?;
    let Some(turn) = turn_of_secs(secs) else {
        return length.refuse(format!(
            "turns of {secs} seconds cannot be written: only whole hours up to 168, days up to 366 and weeks \
             up to 52. Change the layer in PagerDuty, or take it out of the file and write it by hand"
        ));
    };
    if matches!(turn, Turn::Hours(_)) && people.len() > 1 {
        let why = "turns of hours follow the clock on the wall here: where a clock jumps, the turn over that \
                   hour is longer or shorter, and the ones after it keep their times";
        desk.noted(&length, &title, why);
    }
    let mut made = turns(people, turn, local(&zone, at));
    for it in layer.list("restrictions")? {
        let found = restriction(&it, &title, desk)?;
        if let Some(found) = found {
            made.rules.only.extend(found);
        } else {
            made.rules.only.clear();
            break;
        }
    }
    if starts.is_none() && ends.is_none() {
        return Ok(vec![(title, made)]);
    }
    match bounded(&made, timezone, starts, ends, desk.zones) {
        Ok(found) => Ok(found.into_iter().map(|it| (title.clone(), it)).collect()),
        Err((from, to)) => layer.refuse(format!(
            "its time from {from} to {to} is shorter than 15 minutes, which is the shortest shift here"
        )),
    }
}

/// The times of a restriction; `None` for one that restricts nothing.
fn restriction(it: &At<'_>, title: &str, desk: &mut Desk<'_>) -> Read<Option<Vec<Hours>>> {
    let kind = it.need("type")?;
    let clock = it.need("start_time_of_day")?;
    let Some((minute, second)) = said::clock(clock.text()?) else {
        return clock.refuse("this is no time of day such as 08:00:00");
    };
    let length = it.need("duration_seconds")?;
    let secs = length.whole()?;
    let most = if kind.text()? == "daily_restriction" { 86_400 } else { 604_800 };
    if !(60..=most).contains(&secs) {
        return length.refuse(format!("a restriction of this kind lasts 60 to {most} seconds"));
    }
    if second != 0 || secs % 60 != 0 {
        desk.lost(it, title, "times are to the minute here: the seconds of it are rounded");
    }
    let lasts = (secs + 59) / 60;
    if secs == most {
        return Ok(None);
    }
    match kind.text()? {
        "daily_restriction" => Ok(Some(window(None, minute, lasts))),
        "weekly_restriction" => {
            let day = it.need("start_day_of_week")?;
            let place = usize::try_from(day.whole()? - 1).ok().and_then(|it| DAYS.get(it).copied());
            match place {
                Some(place) => Ok(Some(window(Some(place), minute, lasts))),
                None => day.refuse("this is no day: 1 is Monday, 7 is Sunday"),
            }
        }
        other => kind.refuse(format!("restrictions of kind `{other}` are not known")),
    }
}

/// The overrides that are not over yet, as layers, oldest first.
fn changes(
    schedule: &At<'_>,
    overrides: &[At<'_>],
    desk: &mut Desk<'_>,
) -> Read<Vec<(String, Layer)>> {
    let mut times: Vec<(Entry, At<'_>)> = vec![];
    for it in overrides {
        let user = it.need("user")?;
        let person = desk.person(&user, &reference(&user)?)?;
        times.push(((it.instant_at("start")?, it.instant_at("end")?, person), it.clone()));
    }
    if overrides.is_empty() {
        for entry in entries(schedule, "overrides_subschedule", desk)?.unwrap_or_default() {
            times.push((entry, schedule.clone()));
        }
    }
    times.sort_by(|a, b| a.0.cmp(&b.0));
    let mut made = vec![];
    for ((starts, ends, person), at) in times {
        if ends <= desk.now {
            continue;
        }
        let title = format!("override {starts} to {ends}");
        if let Some(layers) = once(std::slice::from_ref(&person), starts, ends) {
            made.extend(layers.into_iter().map(|it| (title.clone(), it)));
        } else {
            let why = format!(
                "{person} from {starts} to {ends}: shorter than 15 minutes, the shortest shift here"
            );
            desk.lost(&at, "an override", why);
        }
    }
    Ok(made)
}

/// The rendered entries of a part of the schedule; `None` where it was not exported.
fn entries(schedule: &At<'_>, part: &str, desk: &Desk<'_>) -> Read<Option<Vec<Entry>>> {
    let Some(list) = schedule.get(part).and_then(|it| it.get("rendered_schedule_entries")) else {
        return Ok(None);
    };
    let mut found = vec![];
    for entry in list.items()? {
        let user = entry.need("user")?;
        let person = desk.person(&user, &reference(&user)?)?;
        found.push((entry.instant_at("start")?, entry.instant_at("end")?, person));
    }
    Ok(Some(found))
}

fn judged(rotas: &[RotaId], entries: Vec<Entry>, now: Timestamp) -> Option<Rendered> {
    let from = entries.iter().map(|it| it.0).min()?;
    let to = entries.iter().map(|it| it.1).max()?;
    still_to_come(Rendered { rotas: rotas.to_vec(), from, to, entries }, now)
}

/// The layers from the lowest up.
fn in_order(
    schedule: &At<'_>,
    timezone: &str,
    mut groups: Vec<Vec<(String, Layer)>>,
    changes: &[(String, Layer)],
    rendered: Option<&[Entry]>,
    desk: &mut Desk<'_>,
) -> Read<Vec<Vec<(String, Layer)>>> {
    if groups.len() < 2 {
        return Ok(groups);
    }
    let judge = rendered.and_then(|it| judged(&[RotaId::from("rota")], it.to_vec(), desk.now));
    let Some(judge) = judge else {
        return schedule.refuse(
            "it has several layers, and without `final_schedule` nobody can tell which one is on top: fetch \
             it with `since` and `until`, two months from now on",
        );
    };
    let differing = |groups: &[Vec<(String, Layer)>]| {
        let mut layers: Vec<_> = groups.iter().flatten().cloned().collect();
        layers.extend(changes.iter().cloned());
        let rota = DraftRota { title: String::new(), timezone: timezone.to_owned(), layers }.rota();
        let rotas = BTreeMap::from([(RotaId::from("rota"), rota)]);
        let found = compare(&rotas, &judge, desk.zones);
        found.iter().map(|it| it.to.since(it.from).0).sum::<i64>()
    };
    let upwards = differing(&groups);
    groups.reverse();
    let downwards = differing(&groups);
    if downwards > upwards {
        groups.reverse();
    } else if downwards == upwards {
        let why = "which layer is on top makes no difference in what was rendered: the first of the answer is \
                   taken as the highest, as PagerDuty answers";
        desk.noted(schedule, "the order of layers", why);
    }
    Ok(groups)
}
