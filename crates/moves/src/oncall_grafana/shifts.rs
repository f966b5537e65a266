//! On-call shifts, the schedules made of them, and the final shifts that `OnCall` renders.

use super::Found;
use crate::compare::Rendered;
use crate::desk::{Desk, still_to_come};
use crate::json::{At, Read};
use crate::lanes::{self, Group};
use crate::layers::{bounded, is_shift_length, once, shifts, turns};
use formats::Weight;
use jiff::ToSpan;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{Layer, PersonId, Timestamp, Turn};
use std::collections::BTreeMap;

/// Above every level that people may choose.
const OVERRIDES: i64 = 1_000;

pub(super) fn schedule(
    schedule: &At<'_>,
    shifts: &BTreeMap<String, At<'_>>,
    desk: &mut Desk<'_>,
) -> Read<()> {
    let id = schedule.id_at("id")?;
    let title = schedule.text_at("name")?.to_owned();
    for key in ["ical_url_primary", "ical_url_overrides", "ical_url"] {
        if let Some(url) =
            schedule.get(key).filter(|it| it.value.as_str().is_some_and(|it| !it.is_empty()))
        {
            let why = "a calendar of somewhere else is not followed here: who is on duty by it is not carried \
                       over; write it as a rota, or enter it with `lamplighter override`";
            desk.lost(&url, &title, why);
        }
    }
    let kind = schedule.text_at("type")?;
    let timezone = match schedule.get("time_zone") {
        Some(zone) => desk.zone(&zone)?,
        None if kind == "ical" => "UTC".to_owned(),
        None => return schedule.refuse("it says no `time_zone`: fetch it again"),
    };
    let mut groups = vec![];
    for name in schedule.list("shifts")? {
        let Some(shift) = shifts.get(name.text()?) else {
            return name.refuse(format!(
                "there is no shift `{}` in any file: export all on-call shifts, too",
                name.text()?
            ));
        };
        let layers = one(shift, &timezone, desk)?;
        if !layers.is_empty() {
            let title = shift.word("name").unwrap_or("shift").to_owned();
            let is_override = shift.word("type") == Some("override");
            let level = shift.get("level").map_or(Ok(0), |it| it.whole())?;
            groups.push(Group {
                level: if is_override { OVERRIDES } else { level },
                title,
                layers,
            });
        }
    }
    if groups.is_empty() {
        let why = "no shift of it is to come: left out. Steps that call it are refused until it is written by hand";
        desk.lost(schedule, &title, why);
        return Ok(());
    }
    lanes::add(schedule, &id, &title, &timezone, groups, desk);
    Ok(())
}

/// A shift as layers; none when it is over or cannot be said.
fn one(shift: &At<'_>, timezone: &str, desk: &mut Desk<'_>) -> Read<Vec<Layer>> {
    let title = shift.word("name").unwrap_or("shift").to_owned();
    let own = shift.get("time_zone").map(|it| desk.zone(&it)).transpose()?;
    let zone_name = own.clone().unwrap_or_else(|| timezone.to_owned());
    let zone = desk.zones.get(&zone_name).unwrap_or(TimeZone::UTC);
    let wall = |key: &str| shift.get(key).map(|it| wall(&it, &zone)).transpose();
    let Some(start) = wall("start")? else {
        return shift.refuse("it says no `start`: fetch it again");
    };
    let length = shift.need("duration")?;
    let secs = length.whole()?;
    let mins = secs / 60;
    if !is_shift_length(mins) || secs % 60 != 0 {
        return length.refuse("a shift lasts 15 minutes to 31 days, in whole minutes");
    }
    let instant = |it: DateTime| {
        zone.to_ambiguous_timestamp(it)
            .compatible()
            .map_or(Timestamp(i64::MAX), Timestamp::from_jiff)
    };
    let kind = shift.need("type")?;
    let ends = wall("until")?.map(instant);
    if ends.is_some_and(|it| it <= desk.now) {
        return Ok(vec![]);
    }
    let groups = people_of(shift, kind.text()?, desk)?;
    if groups.iter().all(Vec::is_empty) {
        desk.lost(shift, &title, "nobody is in it: left out");
        return Ok(vec![]);
    }
    let made = match kind.text()? {
        "single_event" | "override" => {
            let (from, to) =
                (instant(start), instant(start.checked_add(mins.minutes()).unwrap_or(start)));
            return Ok(if to <= desk.now {
                vec![]
            } else {
                once(&groups[0], from, to).unwrap_or_default()
            });
        }
        "recurrent_event" | "rolling_users" => {
            match recurring(shift, &groups, start, mins, &title, desk)? {
                Some(made) => made,
                None => return Ok(vec![]),
            }
        }
        other => return kind.refuse(format!("shifts of type `{other}` are not known")),
    };
    let rotation = wall("rotation_start")?.filter(|it| *it > start).map(instant);
    let rotation = rotation.filter(|it| *it > desk.now);
    let mut kept = vec![];
    for mut layer in made {
        layer.rules.timezone.clone_from(&own);
        if rotation.is_none() && ends.is_none() {
            kept.push(layer);
            continue;
        }
        let found = bounded(&layer, timezone, rotation, ends, desk.zones);
        kept.extend(found.or_else(|(from, to)| {
            shift.refuse(format!(
                "its time from {from} to {to} is shorter than 15 minutes, the shortest shift here"
            ))
        })?);
    }
    Ok(kept)
}

/// The groups of people, in order of turn.
fn people_of(shift: &At<'_>, kind: &str, desk: &Desk<'_>) -> Read<Vec<Vec<PersonId>>> {
    let person = |it: At<'_>| desk.person(&it, it.text()?);
    let rolling = shift.list("rolling_users")?;
    if kind != "rolling_users" && rolling.is_empty() {
        let users = shift.list("users")?.into_iter().map(person).collect::<Read<Vec<_>>>()?;
        return Ok(vec![users]);
    }
    let mut groups = vec![];
    for group in rolling {
        groups.push(group.items()?.into_iter().map(person).collect::<Read<Vec<_>>>()?);
    }
    let first = shift.get("start_rotation_from_user_index").map_or(Ok(0), |it| it.whole())?;
    if let Some(first) = usize::try_from(first).ok().filter(|it| *it < groups.len()) {
        groups.rotate_left(first);
    }
    Ok(groups)
}

/// A layer for each group: its occurrences come again when all groups have had theirs.
fn recurring(
    shift: &At<'_>,
    groups: &[Vec<PersonId>],
    start: DateTime,
    mins: i64,
    title: &str,
    desk: &mut Desk<'_>,
) -> Read<Option<Vec<Layer>>> {
    let frequency = shift.need("frequency")?;
    let name = frequency.text()?;
    let every = shift.get("interval").map_or(Ok(1), |it| it.whole())?;
    if !(1..=1_000).contains(&every) {
        return shift.need("interval")?.refuse("an interval is 1 to 1000");
    }
    let count = i64::try_from(groups.len()).unwrap_or(1);
    if name == "hourly" {
        let singles: Vec<PersonId> =
            groups.iter().filter(|it| it.len() == 1).flatten().cloned().collect();
        let hours = u16::try_from(every).ok().filter(|it| *it <= 168 && every * 60 == mins);
        if let (Some(hours), true) =
            (hours, singles.len() == groups.len() && shift.get("by_day").is_none())
        {
            return Ok(Some(vec![turns(singles, Turn::Hours(hours), start)]));
        }
        let why = "shifts by the hour are carried over when they follow each other without a hole, one person at \
                   a time: left out";
        desk.lost(shift, title, why);
        return Ok(None);
    }
    let days = words(shift, "by_day")?;
    let month_days = words(shift, "by_monthday")?;
    let week_start = shift.word("week_start").unwrap_or("MO");
    let mut parts = String::new();
    for (key, list) in
        [("BYDAY", &days), ("BYMONTHDAY", &month_days), ("BYMONTH", &words(shift, "by_month")?)]
    {
        if !list.is_empty() {
            parts.extend([";", key, "=", &list.join(",")]);
        }
    }
    if name == "daily" && count > 1 && !days.is_empty() {
        let why = "groups change every day of the calendar here, also on days that `by_day` leaves out; compare \
                   with the final shifts";
        desk.noted(shift, title, why);
    }
    let mut made = vec![];
    for (place, group) in groups.iter().enumerate().filter(|it| !it.1.is_empty()) {
        let ahead = i64::try_from(place).unwrap_or(0) * every;
        let first = match name {
            "daily" => start.checked_add(ahead.days()),
            "weekly" if place == 0 || days.is_empty() => start.checked_add((ahead * 7).days()),
            "weekly" => week_of(start, week_start).checked_add((ahead * 7).days()),
            "monthly" if place == 0 || month_days.is_empty() && days.is_empty() => {
                start.checked_add(ahead.months())
            }
            "monthly" => start.with().day(1).build().and_then(|it| it.checked_add(ahead.months())),
            other => return frequency.refuse(format!("the frequency `{other}` is not known")),
        };
        let Ok(first) = first else { return frequency.refuse("it leads out of the calendar") };
        let interval = every * count;
        let rule =
            format!("FREQ={};INTERVAL={interval};WKST={week_start}{parts}", name.to_uppercase());
        if let Err(why) = oncall::Recurrence::parse(&rule) {
            desk.lost(shift, title, format!("`{rule}` cannot be written: {why}; left out"));
            return Ok(None);
        }
        let mut layer = shifts(group.clone(), first, rule, mins);
        layer.rules.together = u16::try_from(group.len()).unwrap_or(1);
        made.push(layer);
    }
    Ok(Some(made))
}

/// The first day of the week of `start`, at the same time of day.
fn week_of(start: DateTime, week_start: &str) -> DateTime {
    const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let first = NAMES.iter().position(|it| *it == week_start).unwrap_or(0);
    let day = usize::try_from(start.weekday().to_monday_zero_offset()).unwrap_or(0);
    let back = i64::try_from((day + 7 - first) % 7).unwrap_or(0);
    start.checked_sub(back.days()).unwrap_or(start)
}

fn words(shift: &At<'_>, key: &str) -> Read<Vec<String>> {
    let items = shift.list(key)?;
    let word = |it: &At<'_>| match it.value {
        serde_json::Value::String(text) => Ok(text.clone()),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        _ => it.refuse("this is neither a word nor a number"),
    };
    items.iter().map(word).collect()
}

/// A time as the shift writes it: without a zone it is meant on the wall.
fn wall(at: &At<'_>, zone: &TimeZone) -> Read<DateTime> {
    let text = at.text()?;
    if let Some(instant) = Timestamp::parse_rfc3339(text) {
        return Ok(crate::layers::local(zone, instant));
    }
    text.parse()
        .map_or_else(|_| at.refuse(format!("`{text}` is no time such as 2026-12-24T18:00:00")), Ok)
}

/// The final shifts of `OnCall`, whose files say of which schedule they are.
pub(super) fn rendered(found: &Found<'_>, desk: &mut Desk<'_>) {
    let mut entries: BTreeMap<String, Vec<(Timestamp, Timestamp, PersonId)>> = BTreeMap::new();
    for it in found.get("final").into_iter().flatten() {
        let known = desk.schedules.keys().find(|id| it.file.contains(id.as_str())).cloned();
        let Some(id) = known else {
            let why = "final shifts do not say of which schedule they are: name the file after the id of the \
                       schedule, such as `final-SBM7DV7BKFUYU.json`, and export that schedule, too";
            desk.losses.push(it.loss(Weight::Refused, why));
            continue;
        };
        let read = it.text_at("user_pk").and_then(|user| {
            Ok((it.instant_at("shift_start")?, it.instant_at("shift_end")?, desk.person(it, user)?))
        });
        if let Some(entry) = desk.kept(read) {
            entries.entry(id).or_default().push(entry);
        }
    }
    for (id, entries) in entries {
        let from = entries.iter().map(|it| it.0).min().unwrap_or(desk.now);
        let to = entries.iter().map(|it| it.1).max().unwrap_or(desk.now);
        let rotas = desk.schedules.get(&id).cloned().unwrap_or_default();
        let rendered = Rendered { rotas, from, to, entries };
        if let Some(rendered) = still_to_come(rendered, desk.now) {
            desk.rendered.push((format!("final shifts of {id}"), rendered));
        }
    }
}
