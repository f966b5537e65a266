//! Layers as `oncall` evaluates them, out of what other pagers say.
//!
//! Intuition: nearly everything is one of three things. A *turn* goes on for ever from a first hand-over; a
//! *window* says when a layer speaks; and whatever has an exact beginning and end (an override, the broken
//! first day of a layer) is a single shift in UTC, where no clock jumps.
//!
//! Invariant: a layer that is bounded by instants says exactly what the same layer without bounds says
//! within them, and nothing outside.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Unit};
use model::{
    Hours, Layer, LayerRules, Millis, PersonId, Rota, RotaRules, ShiftPattern, Timestamp, Turn,
    Weekday,
};
use oncall::Zones;

/// Shortest and longest shift that our configuration takes, in minutes.
const SHIFT_MINS_MIN: i64 = 15;
const SHIFT_MINS_MAX: i64 = 31 * 1_440;

pub(crate) const DAYS: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// A layer of turns whose first hand-over is at `first` on the wall.
pub(crate) fn turns(people: Vec<PersonId>, turn: Turn, first: DateTime) -> Layer {
    Layer {
        people,
        turn,
        handover_day: weekday_of(first.date()),
        handover_minute: minute_of(first),
        starts: first.date().to_string(),
        rules: LayerRules::default(),
    }
}

/// A layer of shifts: each occurrence of `repeat` from the day of `first` on is the next one's.
pub(crate) fn shifts(
    people: Vec<PersonId>,
    first: DateTime,
    repeat: String,
    lasts_mins: i64,
) -> Layer {
    let pattern = ShiftPattern {
        repeat,
        start_minute: minute_of(first),
        lasts_mins: u32::try_from(lasts_mins).unwrap_or(1),
    };
    let rules = LayerRules { shifts: vec![pattern], ..LayerRules::default() };
    Layer { rules, ..turns(people, Turn::Weeks(1), first) }
}

/// Whether a shift of so many minutes can be written.
pub(crate) fn is_shift_length(minutes: i64) -> bool {
    (SHIFT_MINS_MIN..=SHIFT_MINS_MAX).contains(&minutes)
}

/// One time of `people`, exact to the minute; several layers where it is longer than a shift may be.
/// `None` where it is shorter than a shift may be.
pub(crate) fn once(people: &[PersonId], starts: Timestamp, ends: Timestamp) -> Option<Vec<Layer>> {
    let mut left = ends.since(starts).whole_mins();
    let mut at = starts;
    let mut made = vec![];
    if left < SHIFT_MINS_MIN {
        return None;
    }
    while left > 0 {
        let mut lasts = left.min(SHIFT_MINS_MAX);
        if (1..SHIFT_MINS_MIN).contains(&(left - lasts)) {
            lasts -= SHIFT_MINS_MIN;
        }
        let first = local(&TimeZone::UTC, at);
        let mut layer = shifts(people.to_vec(), first, "FREQ=DAILY;COUNT=1".into(), lasts);
        layer.rules.timezone = Some("UTC".into());
        layer.rules.together = u16::try_from(people.len()).unwrap_or(1).max(1);
        made.push(layer);
        at = at.plus(Millis::from_mins(lasts));
        left -= lasts;
    }
    Some(made)
}

/// `layer` within `starts..ends` only: the whole days of it by its dates, and what is left of the first
/// and the last day as single shifts above it. `Err` with the time that is too short to be written.
pub(crate) fn bounded(
    layer: &Layer,
    timezone: &str,
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
    zones: &Zones,
) -> Result<Vec<Layer>, (Timestamp, Timestamp)> {
    let own = layer.rules.timezone.as_deref().unwrap_or(timezone);
    let zone = zones.get(own).unwrap_or(TimeZone::UTC);
    let mut whole = layer.clone();
    let mut parts: Vec<(Timestamp, Timestamp)> = vec![];
    let day_from = starts.map(|at| {
        let day = local(&zone, at).date();
        if midnight(own, day, zones) == at { day } else { day.tomorrow().unwrap_or(day) }
    });
    // The first day on which it does not speak as a whole any more.
    let day_end = ends.map(|at| local(&zone, at).date());
    if let (Some(at), Some(day)) = (starts, day_from) {
        parts.push((
            at,
            ends.map_or(midnight(own, day, zones), |it| it.min(midnight(own, day, zones))),
        ));
    }
    if let (Some(at), Some(day)) = (ends, day_end) {
        let from = midnight(own, day, zones);
        parts.push((starts.map_or(from, |it| it.max(from)), at));
    }
    if let (Some(first), Some(second)) = (parts.first().copied(), parts.get(1).copied())
        && first.1 > second.0
    {
        parts.pop();
    }
    whole.rules.from = day_from.map(|it| it.to_string());
    whole.rules.until = day_end.and_then(|it| it.yesterday().ok()).map(|it| it.to_string());
    let has_days = match (day_from, day_end) {
        (Some(first), Some(end)) => first < end,
        _ => true,
    };
    let mut made = if has_days { vec![whole] } else { vec![] };
    let alone = Rota {
        timezone: timezone.to_owned(),
        layers: vec![layer.clone()],
        confirm: None,
        load: None,
        rules: RotaRules::default(),
    };
    for (from, to) in parts.into_iter().filter(|it| it.0 < it.1) {
        for shift in oncall::shifts(&alone, from, to, zones).into_iter().filter(|it| !it.is_gap()) {
            let (from, to) = (shift.starts.max(from), shift.ends.min(to));
            made.extend(once(&shift.people, from, to).ok_or((from, to))?);
        }
    }
    Ok(made)
}

/// Turns of `secs`, where our configuration has such.
pub(crate) fn turn_of_secs(secs: i64) -> Option<Turn> {
    let count = |unit: i64, max: i64| {
        let count = secs / unit;
        (secs % unit == 0 && (1..=max).contains(&count)).then(|| u16::try_from(count).ok())?
    };
    count(604_800, 52)
        .map(Turn::Weeks)
        .or_else(|| count(86_400, 366).map(Turn::Days))
        .or_else(|| count(3_600, 168).map(Turn::Hours))
}

/// `people` in such an order that whoever stands at `place` has the turn at `at`, when turns are counted
/// from `first`.
pub(crate) fn turned_to(
    mut people: Vec<PersonId>,
    turn: Turn,
    first: DateTime,
    timezone: &str,
    at: Timestamp,
    place: usize,
    zones: &Zones,
) -> Vec<PersonId> {
    // Which seat our turns give to then, asked with people who cannot be confused.
    let seat = |it: usize| PersonId::from(format!("seat-{it}").as_str());
    let seats: Vec<PersonId> = (0..people.len()).map(seat).collect();
    let alone = Rota {
        timezone: timezone.to_owned(),
        layers: vec![turns(seats.clone(), turn, first)],
        confirm: None,
        load: None,
        rules: RotaRules::default(),
    };
    let then = oncall::duty(&alone, at, zones).people;
    let seat = seats.iter().position(|it| then.first() == Some(it)).unwrap_or(0);
    let behind = (place + people.len() - seat) % people.len();
    people.rotate_left(behind);
    people
}

/// Turns of which some are nobody's: a shift for each of the others, that comes again when all have had
/// their turn. `None` for turns that are no days, or longer than a shift may be.
pub(crate) fn every_few_turns(
    seats: &[Option<PersonId>],
    turn: Turn,
    first: DateTime,
) -> Option<Vec<Layer>> {
    let days = match turn {
        Turn::Days(count) => i64::from(count),
        Turn::Weeks(count) => i64::from(count) * 7,
        Turn::Hours(_) | Turn::Months(_) => return None,
    };
    let round = days * i64::try_from(seats.len()).ok()?;
    if !is_shift_length(days * 1_440) {
        return None;
    }
    let taken = seats.iter().enumerate().filter_map(|(place, it)| Some((place, it.clone()?)));
    let made = taken.map(|(place, person)| {
        let begins = first.checked_add((days * i64::try_from(place).ok()?).days()).ok()?;
        Some(shifts(vec![person], begins, format!("FREQ=DAILY;INTERVAL={round}"), days * 1_440))
    });
    made.collect()
}

/// The times from `minute` on `day` (`None`: every day), so many minutes long. At most a week.
pub(crate) fn window(day: Option<Weekday>, minute: i64, lasts_mins: i64) -> Vec<Hours> {
    let minutes = |it: i64| u16::try_from(it.clamp(0, 1_440)).unwrap_or(1_440);
    let Some(day) = day else {
        let until = minute + lasts_mins;
        let until = if until > 1_440 { until - 1_440 } else { until };
        return vec![Hours {
            days: vec![],
            from_minute: minutes(minute),
            until_minute: minutes(until),
        }];
    };
    let place = DAYS.iter().position(|it| *it == day).unwrap_or(0);
    let (mut at, mut from, mut left, mut made) = (place, minute, lasts_mins, vec![]);
    while left > 0 {
        let until = (from + left).min(1_440);
        let days = vec![DAYS[at % 7]];
        made.push(Hours { days, from_minute: minutes(from), until_minute: minutes(until) });
        left -= until - from;
        (at, from) = (at + 1, 0);
    }
    made
}

/// What the clock shows in `zone` at `at`, to the minute.
pub(crate) fn local(zone: &TimeZone, at: Timestamp) -> DateTime {
    let shown = at.to_jiff().to_zoned(zone.clone()).datetime();
    shown.with().second(0).subsec_nanosecond(0).build().unwrap_or(shown)
}

/// Minutes on the wall from `from` to `to`.
pub(crate) fn wall_minutes(from: DateTime, to: DateTime) -> i64 {
    from.until((Unit::Minute, to)).map_or(0, |it| it.get_minutes())
}

pub(crate) fn minute_of(at: DateTime) -> u16 {
    u16::try_from(i16::from(at.hour()) * 60 + i16::from(at.minute())).unwrap_or(0)
}

pub(crate) fn weekday_of(day: Date) -> Weekday {
    let place = day.weekday().to_monday_zero_offset();
    DAYS[usize::try_from(place).unwrap_or(0) % 7]
}

fn midnight(zone: &str, day: Date, zones: &Zones) -> Timestamp {
    oncall::whole_days(zone, day, day, zones).0
}
