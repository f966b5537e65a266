//! Rotations, their restrictions, overrides and timelines.

use super::{Found, parent};
use crate::compare::Rendered;
use crate::desk::{Desk, still_to_come};
use crate::json::{At, Read};
use crate::lanes::{self, Group};
use crate::layers::{DAYS, bounded, every_few_turns, local, once, turn_of_secs, turns, window};
use formats::Weight;
use jiff::tz::TimeZone;
use model::{Hours, Layer, PersonId, Rota, RotaRules};
use std::collections::{BTreeMap, BTreeSet};

/// Above every rotation.
const OVERRIDES: i64 = 1;

pub(super) fn read(schedule: &At<'_>, found: &Found<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let id = schedule.id_at("id")?;
    let title = schedule.text_at("name")?.to_owned();
    let timezone = desk.zone(&schedule.need("timezone")?)?;
    let Some(rotations) = schedule.get("rotations") else {
        return schedule.refuse("its rotations are not in the answer: ask for `?expand=rotation`");
    };
    if schedule.value.get("enabled").and_then(serde_json::Value::as_bool) == Some(false) {
        desk.noted(
            schedule,
            &title,
            "it is switched off in Opsgenie, where it calls nobody; here it does",
        );
    }
    let mut groups = vec![];
    let mut by_rotation: BTreeMap<String, Vec<Layer>> = BTreeMap::new();
    for rotation in rotations.items()? {
        let layers = one(&rotation, &timezone, desk)?;
        if let Some(id) = rotation.word("id") {
            by_rotation.insert(id.to_owned(), layers.clone());
        }
        if !layers.is_empty() {
            let title = rotation.word("name").unwrap_or("rotation").to_owned();
            groups.push(Group { level: 0, title, layers });
        }
    }
    if groups.is_empty() {
        desk.lost(schedule, &title, "no rotation of it is in force any more: left out");
        return Ok(());
    }
    let known = BTreeSet::from([id.clone()]);
    for it in found.get("overrides").into_iter().flatten() {
        if parent(it, &known).as_ref() == Some(&id) {
            groups.extend(change(it, &timezone, &by_rotation, desk)?);
        }
    }
    let rotas = lanes::add(schedule, &id, &title, &timezone, groups, desk);
    // Escalations may name the schedule by its name.
    desk.schedules.insert(title, rotas);
    Ok(())
}

fn one(rotation: &At<'_>, timezone: &str, desk: &mut Desk<'_>) -> Read<Vec<Layer>> {
    let title = rotation.word("name").unwrap_or("rotation").to_owned();
    let ends = rotation.get("endDate").map(|it| it.instant()).transpose()?;
    if ends.is_some_and(|it| it <= desk.now) {
        return Ok(vec![]);
    }
    let begins = rotation.instant_at("startDate")?;
    let starts = Some(begins).filter(|it| *it > desk.now);
    let length = rotation.get("length").map_or(Ok(1), |it| it.whole())?;
    let kind = rotation.need("type")?;
    let unit: i64 = match kind.text()? {
        "hourly" => 3_600,
        "daily" => 86_400,
        "weekly" => 604_800,
        other => return kind.refuse(format!("rotations of type `{other}` are not known")),
    };
    let Some(turn) = turn_of_secs(unit.saturating_mul(length)) else {
        return rotation.refuse(format!(
            "turns of {length} × {unit} seconds cannot be written: hours up to 168, days up to 366, weeks up to 52"
        ));
    };
    let mut seats = vec![];
    for it in rotation.need("participants")?.items()? {
        seats.push(participant(&it, &title, desk)?);
    }
    let zone = desk.zones.get(timezone).unwrap_or(TimeZone::UTC);
    let first = local(&zone, begins);
    let everybody: Vec<PersonId> = seats.iter().flatten().cloned().collect();
    let mut made = if everybody.is_empty() {
        desk.lost(rotation, &title, "nobody is in it: left out");
        return Ok(vec![]);
    } else if everybody.len() == seats.len() {
        vec![turns(everybody, turn, first)]
    } else if let Some(made) = every_few_turns(&seats, turn, first) {
        made
    } else {
        let why = "turns of hours, or of more than 31 days, with nobody between them cannot be written: left out";
        desk.lost(rotation, &title, why);
        return Ok(vec![]);
    };
    if let Some(restriction) = rotation.get("timeRestriction") {
        let only = windows(&restriction)?;
        for it in &mut made {
            it.rules.only.clone_from(&only);
        }
    }
    if starts.is_none() && ends.is_none() {
        return Ok(made);
    }
    let mut kept = vec![];
    for it in &made {
        let found = bounded(it, timezone, starts, ends, desk.zones);
        kept.extend(found.or_else(|(from, to)| {
            rotation.refuse(format!(
                "its time from {from} to {to} is shorter than 15 minutes, the shortest shift here"
            ))
        })?);
    }
    Ok(kept)
}

/// Who takes a turn; `None` where nobody does.
fn participant(it: &At<'_>, title: &str, desk: &mut Desk<'_>) -> Read<Option<PersonId>> {
    let kind = it.need("type")?;
    match kind.text()? {
        "user" => {
            let id = it.word("id").or_else(|| it.word("username")).or_else(|| it.word("name"));
            let Some(id) = id else {
                return it.refuse("this participant has neither `id` nor `username`");
            };
            desk.person(it, id).map(Some)
        }
        "none" => Ok(None),
        other @ ("team" | "escalation") => {
            let name = it.word("name").or_else(|| it.word("id")).unwrap_or_default();
            let why = format!(
                "the {other} `{name}` takes turns in it, and only people can here: its turns are nobody's; \
                 put its people in their place, or call it by a step of the escalation"
            );
            desk.lost(it, title, why);
            Ok(None)
        }
        other => kind.refuse(format!("participants of type `{other}` are not known")),
    }
}

fn windows(restriction: &At<'_>) -> Read<Vec<Hours>> {
    let kind = restriction.need("type")?;
    let minute = |it: &At<'_>, end: &str| -> Read<i64> {
        let (hour, minute) =
            (it.whole_at(&format!("{end}Hour"))?, it.whole_at(&format!("{end}Min"))?);
        if (0..=24).contains(&hour) && (0..60).contains(&minute) && hour * 60 + minute <= 1_440 {
            Ok(hour * 60 + minute)
        } else {
            it.refuse(format!("{hour}:{minute} is no time of day"))
        }
    };
    match kind.text()? {
        "time-of-day" => {
            let it = restriction.need("restriction")?;
            let (from, until) = (minute(&it, "start")?, minute(&it, "end")?);
            let lasts = (until - from).rem_euclid(1_440);
            Ok(if lasts == 0 { vec![] } else { window(None, from % 1_440, lasts) })
        }
        "weekday-and-time-of-day" => {
            let mut found = vec![];
            for it in restriction.need("restrictions")?.items()? {
                let day = |key: &str| -> Read<usize> {
                    let at = it.need(key)?;
                    let name = at.text()?;
                    let place = NAMES.iter().position(|day| *day == name);
                    place.map_or_else(|| at.refuse("this is no day such as `monday`"), Ok)
                };
                let (first, last) = (day("startDay")?, day("endDay")?);
                let days = i64::try_from((last + 7 - first) % 7).unwrap_or(0);
                let (from, until) = (minute(&it, "start")?, minute(&it, "end")?);
                let lasts = (days * 1_440 + until - from).rem_euclid(7 * 1_440);
                if lasts == 0 {
                    return Ok(vec![]);
                }
                found.extend(window(Some(DAYS[first]), from, lasts));
            }
            Ok(found)
        }
        other => kind.refuse(format!("restrictions of type `{other}` are not known")),
    }
}

const NAMES: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// An override that is not over, above what it overrides.
fn change(
    it: &At<'_>,
    timezone: &str,
    by_rotation: &BTreeMap<String, Vec<Layer>>,
    desk: &mut Desk<'_>,
) -> Read<Vec<Group>> {
    let (starts, ends) = (it.instant_at("startDate")?, it.instant_at("endDate")?);
    if ends <= desk.now {
        return Ok(vec![]);
    }
    let user = it.need("user")?;
    let Some(person) = participant(&user, "an override", desk)? else { return Ok(vec![]) };
    let title = format!("override {starts} to {ends}");
    let mut times = vec![(starts, ends)];
    let named = it.list("rotations")?;
    let named: Vec<_> = named.iter().filter_map(|it| it.word("id")).collect();
    let is_partial = !named.is_empty() && named.len() < by_rotation.len();
    if is_partial {
        times.clear();
        for id in named {
            let Some(layers) = by_rotation.get(id) else {
                return it.refuse(format!(
                    "there is no rotation `{id}` in its schedule: export the schedule again"
                ));
            };
            let alone = Rota {
                timezone: timezone.to_owned(),
                layers: layers.clone(),
                confirm: None,
                load: None,
                rules: RotaRules::default(),
            };
            let shifts = oncall::shifts(&alone, starts, ends, desk.zones);
            times.extend(
                shifts
                    .iter()
                    .filter(|it| !it.is_gap())
                    .map(|it| (it.starts.max(starts), it.ends.min(ends))),
            );
        }
        if by_rotation.len() > 1 {
            let why = format!(
                "{title} is for some of the rotations: where others are on duty at the same time in another \
                 rota, they are hidden, too; look at the comparison"
            );
            desk.noted(it, "an override", why);
        }
    }
    let mut layers = vec![];
    for (from, to) in times {
        if let Some(made) = once(std::slice::from_ref(&person), from, to) {
            layers.extend(made);
        } else {
            let why = format!(
                "{person} from {from} to {to}: shorter than 15 minutes, the shortest shift here"
            );
            desk.lost(it, "an override", why);
        }
    }
    Ok(vec![Group { level: OVERRIDES, title, layers }])
}

/// What Opsgenie itself says about the times to come.
pub(super) fn timelines(found: &Found<'_>, desk: &mut Desk<'_>) {
    let known: BTreeSet<String> = desk.schedules.keys().cloned().collect();
    let mut judged: BTreeSet<String> = BTreeSet::new();
    for it in found.get("timelines").into_iter().flatten() {
        let Some(id) = parent(it, &known).filter(|it| known.contains(it)) else {
            let why = "a timeline of a schedule that is in no file: export the schedule, too";
            desk.losses.push(it.loss(Weight::Refused, why));
            continue;
        };
        let rendered = rendered(it, &id, desk);
        if let Some(rendered) = desk.kept(rendered).and_then(|it| still_to_come(it, desk.now)) {
            judged.insert(id);
            desk.rendered.push((it.file.to_owned(), rendered));
        }
    }
    for schedule in found.get("schedules").into_iter().flatten() {
        if schedule.word("id").is_some_and(|it| known.contains(it) && !judged.contains(it)) {
            let why = "no timeline with times to come was exported, so nothing could be compared: fetch \
                       `/v2/schedules/ID/timeline?interval=2&intervalUnit=months`";
            desk.noted(schedule, schedule.word("name").unwrap_or_default(), why);
        }
    }
}

fn rendered(it: &At<'_>, id: &str, desk: &Desk<'_>) -> Read<Rendered> {
    let mut entries = vec![];
    for rotation in it.need("finalTimeline")?.need("rotations")?.items()? {
        for period in rotation.list("periods")? {
            let Some(who) = period.get("recipient").filter(|it| it.word("type") == Some("user"))
            else {
                continue;
            };
            let name = who.word("id").or_else(|| who.word("name")).unwrap_or_default();
            let person = desk.person(&who, name)?;
            entries.push((period.instant_at("startDate")?, period.instant_at("endDate")?, person));
        }
    }
    let (from, to) = (it.instant_at("startDate")?, it.instant_at("endDate")?);
    Ok(Rendered { rotas: desk.schedules.get(id).cloned().unwrap_or_default(), from, to, entries })
}
