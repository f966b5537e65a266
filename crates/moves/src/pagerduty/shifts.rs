//! Shift schedules of API v3: rotations of events, each with a rule of RFC 5545.
//!
//! Intuition: an event is one shift that comes again by its RRULE; members take its occurrences in turn,
//! each so many of them in a row, or all of them every time. Rotations and events stand side by side, all
//! on duty at once, so each event becomes a rota of its own, and whoever is called through the schedule is
//! called through all of them.

use super::reference;
use crate::desk::Desk;
use crate::draft::DraftRota;
use crate::json::{At, Read};
use crate::layers::{bounded, is_shift_length, local, shifts, wall_minutes};
use jiff::tz::TimeZone;
use model::{Layer, PersonId};

/// People of a layer that are written at most.
const SEATS_MAX: i64 = 400;

pub(super) fn read(schedule: &At<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let id = schedule.id_at("id")?;
    let title = schedule.text_at("name")?.to_owned();
    let timezone = desk.zone(&schedule.need("time_zone")?)?;
    let mut made = vec![];
    for rotation in schedule.need("rotations")?.items()? {
        for event in rotation.need("events")?.items()? {
            let found = one(&event, &timezone, desk)?;
            if !found.is_empty() {
                let name = event.word("name").unwrap_or("event").to_owned();
                made.push((name, found));
            }
        }
    }
    if made.is_empty() {
        desk.lost(schedule, &title, "no event of it is in force any more: left out");
        return Ok(());
    }
    let alone = made.len() == 1;
    for (name, layers) in made {
        let title = if alone { title.clone() } else { format!("{title} {name}") };
        let layers = layers.into_iter().map(|it| (name.clone(), it)).collect();
        desk.add_rota(&id, DraftRota { title, timezone: timezone.clone(), layers });
    }
    let why = "shift schedules come without a rendered one: nothing could be compared. Overrides of shift \
               schedules are not read; enter those to come with `lamplighter override`";
    desk.lost(schedule, &title, why);
    Ok(())
}

fn one(event: &At<'_>, timezone: &str, desk: &mut Desk<'_>) -> Read<Vec<Layer>> {
    let ends = event.get("effective_until").map(|it| it.instant()).transpose()?;
    if ends.is_some_and(|it| it <= desk.now) {
        return Ok(vec![]);
    }
    let zone = desk.zones.get(timezone).unwrap_or(TimeZone::UTC);
    let moment = |key: &str| {
        let at = event.need(key)?;
        at.get("date_time").unwrap_or(at).instant()
    };
    let (from, to) = (local(&zone, moment("start_time")?), local(&zone, moment("end_time")?));
    let lasts = wall_minutes(from, to);
    if !is_shift_length(lasts) {
        return event.need("end_time")?.refuse("a shift lasts 15 minutes to 31 days here");
    }
    let since = event.instant_at("effective_since")?;
    let name = event.word("name").unwrap_or("event").to_owned();
    let rule = rule(event, &name, desk)?;
    let Some((people, together)) = members(event, &name, desk)? else { return Ok(vec![]) };
    // Turns are counted from the first occurrence that is in effect.
    let first = local(&zone, since).max(from);
    let first = first.date().to_datetime(from.time());
    let mut layer = shifts(people, first, rule, lasts);
    layer.rules.together = together;
    let starts = Some(since).filter(|it| *it > desk.now && local(&zone, *it) > first);
    if starts.is_none() && ends.is_none() {
        return Ok(vec![layer]);
    }
    bounded(&layer, timezone, starts, ends, desk.zones).or_else(|(from, to)| {
        event.refuse(format!("its time from {from} to {to} is shorter than 15 minutes"))
    })
}

/// The one RRULE; dates beside it are lost, by name.
fn rule(event: &At<'_>, name: &str, desk: &mut Desk<'_>) -> Read<String> {
    let at = event.need("recurrence")?;
    let mut found = None;
    for line in at.items()? {
        let text = line.text()?;
        match text.split_once(':') {
            Some(("RRULE", rule)) => found = Some((line.clone(), rule.to_owned())),
            Some((kind, dates)) if kind.starts_with("EXDATE") || kind.starts_with("RDATE") => {
                let kind = kind.split(';').next().unwrap_or(kind);
                let why = format!(
                    "{kind} {dates}: single dates cannot be written; enter them with `lamplighter override`"
                );
                desk.lost(&line, name, why);
            }
            _ => return line.refuse("this is neither RRULE, EXDATE nor RDATE"),
        }
    }
    let Some((line, rule)) = found else { return at.refuse("there is no RRULE in it") };
    match oncall::Recurrence::parse(&rule) {
        Ok(_) => Ok(rule),
        Err(why) => line.refuse(format!("this rule cannot be written: {why}")),
    }
}

/// Who takes the occurrences in turn, and how many at once; `None` where it cannot be said.
fn members(event: &At<'_>, name: &str, desk: &mut Desk<'_>) -> Read<Option<(Vec<PersonId>, u16)>> {
    let strategy = event.need("assignment_strategy")?;
    let kind = strategy.need("type")?;
    let mut people = vec![];
    for member in strategy.need("members")?.items()? {
        if member.text_at("type")? == "empty_member" {
            let why = "a turn of nobody cannot be written: this event is left out, and its turns of other \
                       people with it; write it by hand";
            desk.lost(&member, name, why);
            return Ok(None);
        }
        let id = member.id_at("user_id").or_else(|_| reference(&member.need("user")?))?;
        people.push(desk.person(&member, &id)?);
    }
    match kind.text()? {
        "every_member_assignment_strategy" => {
            let together = u16::try_from(people.len()).unwrap_or(1);
            Ok(Some((people, together)))
        }
        "rotating_member_assignment_strategy" => {
            let each = strategy.get("shifts_per_member").map_or(Ok(1), |it| it.whole())?.max(1);
            let count = i64::try_from(people.len()).unwrap_or(i64::MAX).saturating_mul(each);
            if count > SEATS_MAX || people.is_empty() {
                return strategy
                    .refuse(format!("{count} turns in a row: 1 to {SEATS_MAX} can be written"));
            }
            let again = usize::try_from(each).unwrap_or(1);
            let seats = people.into_iter().flat_map(|it| std::iter::repeat_n(it, again));
            Ok(Some((seats.collect(), 1)))
        }
        other => kind.refuse(format!("the assignment `{other}` is not known")),
    }
}
