//! Rotations: shifts side by side, each with members in turn and masks of hours.

use super::username;
use crate::compare::Rendered;
use crate::desk::{Desk, still_to_come};
use crate::json::{At, Read};
use crate::lanes::{self, Group};
use crate::layers::{DAYS, local, turn_of_secs, turned_to, turns, window};
use jiff::tz::TimeZone;
use model::{Hours, PersonId, Timestamp};

/// Someone's time, as it is rendered.
type Entry = (Timestamp, Timestamp, PersonId);

pub(super) fn read(answer: &At<'_>, desk: &mut Desk<'_>) -> Read<()> {
    for rotation in answer.need("rotationGroups")?.items()? {
        let done = one(&rotation, desk);
        desk.kept(done);
    }
    Ok(())
}

fn one(rotation: &At<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let (slug, title) = (rotation.id_at("slug")?, rotation.text_at("label")?.to_owned());
    let (mut groups, mut entries, mut zone_of_rota) = (vec![], vec![], None);
    let mut all_are_rendered = true;
    for it in rotation.need("shifts")?.items()? {
        let (zone, group) = shift(&it, desk)?;
        let rendered = periods(&it, desk)?;
        all_are_rendered &= !rendered.is_empty();
        entries.extend(rendered);
        zone_of_rota.get_or_insert(zone);
        groups.extend(group);
    }
    let (Some(timezone), false) = (zone_of_rota, groups.is_empty()) else {
        desk.lost(rotation, &title, "nobody is ever on duty in it: left out");
        return Ok(());
    };
    let rotas = lanes::add(rotation, &slug, &title, &timezone, groups, desk);
    // Shifts are rendered up to different ends; only the time that all of them cover can be judged.
    let from = entries.iter().map(|it| it.0).min();
    let to = ends_of_all(rotation)?;
    let judge = from.zip(to).filter(|_| all_are_rendered);
    let judge =
        judge.and_then(|(from, to)| still_to_come(Rendered { rotas, from, to, entries }, desk.now));
    match judge {
        Some(judge) => desk.rendered.push((rotation.file.to_owned(), judge)),
        None => desk.noted(
            rotation,
            &title,
            "not all shifts of it have `periods` to come, so nothing could be compared",
        ),
    }
    Ok(())
}

fn ends_of_all(rotation: &At<'_>) -> Read<Option<Timestamp>> {
    let mut least = None;
    for shift in rotation.list("shifts")? {
        let mut last = None;
        for period in shift.list("periods")? {
            last = last.max(Some(period.instant_at("end")?));
        }
        least = match (least, last) {
            (None, last) => last,
            (least, None) => least,
            (Some(least), Some(last)) => Some(last.min(least)),
        };
    }
    Ok(least)
}

fn periods(shift: &At<'_>, desk: &Desk<'_>) -> Read<Vec<Entry>> {
    let mut found = vec![];
    for it in shift.list("periods")? {
        found.push((
            it.instant_at("start")?,
            it.instant_at("end")?,
            desk.person(&it, &username(&it)?)?,
        ));
    }
    Ok(found)
}

fn shift(shift: &At<'_>, desk: &mut Desk<'_>) -> Read<(String, Option<Group>)> {
    let title = shift.text_at("label")?.to_owned();
    let timezone = desk.zone(&shift.need("timezone")?)?;
    let mut people = vec![];
    for member in shift.need("shiftMembers")?.items()? {
        people.push(desk.person(&member, &username(&member)?)?);
    }
    if people.is_empty() {
        desk.lost(shift, &title, "nobody is in it: left out");
        return Ok((timezone, None));
    }
    let length = shift.need("duration")?;
    let days = length.whole()?;
    let Some(turn) = turn_of_secs(days.saturating_mul(86_400)) else {
        return length.refuse(format!("turns of {days} days cannot be written: 1 to 366"));
    };
    let zone = desk.zones.get(&timezone).unwrap_or(TimeZone::UTC);
    let first = local(&zone, shift.instant_at("start")?);
    if people.len() > 1 {
        let (at, who) = anchor(shift, desk)?;
        let Some(place) = people.iter().position(|it| *it == who) else {
            return shift.refuse(format!(
                "{who} has a turn in it and is none of `shiftMembers`: export it again"
            ));
        };
        people = turned_to(people, turn, first, &timezone, at, place, desk.zones);
    }
    let mut layer = turns(people, turn, first);
    let kind = shift.need("shifttype")?;
    layer.rules.only = match kind.text()? {
        "std" => vec![],
        "pho" | "cstm" => {
            let mut found = vec![];
            for key in ["mask", "mask2", "mask3"] {
                if let Some(mask) = shift.get(key) {
                    found.extend(hours(&mask)?);
                }
            }
            if found.is_empty() {
                desk.lost(shift, &title, "its masks leave no time: left out");
                return Ok((timezone, None));
            }
            found
        }
        other => return kind.refuse(format!("shifts of type `{other}` are not known")),
    };
    layer.rules.timezone = Some(timezone.clone());
    Ok((timezone, Some(Group { level: 0, title, layers: vec![layer] })))
}

/// A time, from now on, of which it is said who has the turn.
fn anchor(shift: &At<'_>, desk: &Desk<'_>) -> Read<(Timestamp, PersonId)> {
    for key in ["current", "next"] {
        let Some(turn) = shift.get(key).filter(|it| it.get("username").is_some()) else { continue };
        if turn.instant_at("end")? > desk.now {
            let who = desk.person(&turn, &username(&turn)?)?;
            return Ok((turn.instant_at("start")?, who));
        }
    }
    shift.refuse(format!(
        "neither `current` nor `next` says who has a turn after {}: export it again, or say with `--at` when it \
         was made",
        desk.now
    ))
}

/// The hours that a mask lets through.
fn hours(mask: &At<'_>) -> Read<Vec<Hours>> {
    const NAMES: [&str; 7] = ["m", "t", "w", "th", "f", "sa", "su"];
    let days = mask.need("day")?;
    let mut found = vec![];
    for time in mask.need("time")?.items()? {
        let minute = |key: &str| -> Read<i64> {
            let at = time.need(key)?;
            let minute =
                at.whole_at("hour")?.saturating_mul(60).saturating_add(at.whole_at("minute")?);
            if (0..=1_440).contains(&minute) {
                Ok(minute)
            } else {
                at.refuse("this is no time of day")
            }
        };
        let (from, until) = (minute("start")?, minute("end")?);
        let lasts = (until - from).rem_euclid(1_440);
        let lasts = if lasts == 0 { 1_440 } else { lasts };
        for (day, name) in DAYS.iter().zip(NAMES) {
            if days.value.get(name).and_then(serde_json::Value::as_bool) == Some(true) {
                found.extend(window(Some(*day), from % 1_440, lasts));
            }
        }
    }
    Ok(found)
}
