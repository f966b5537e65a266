//! From clocks on a wall to instants.
//!
//! Intuition: whoever writes a rota looks at a clock on the wall, and twice a year that clock jumps.
//!
//! Complications, each with one rule: a time that happens twice means the first. A time that never
//! happens moves forward by the jump where it is a hand-over by itself ([`moved`]), as RFC 5545 has it.
//! Where marks stand closer together than the clock jumps, they must not cross: there it is the instant
//! of the jump ([`met`]), so that what ends at a time and what begins at it still touch.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use model::{Hours, Timestamp, Weekday};

/// Days within which wall clocks are read; some days inside what a calendar can write, so that no offset
/// leads out of it.
pub(crate) const FIRST_DAY: Date = Date::constant(-9990, 1, 1);
pub(crate) const LAST_DAY: Date = Date::constant(9990, 1, 1);

/// The instant of `local`; one that never happens moves forward by the jump.
pub(crate) fn moved(zone: &TimeZone, local: DateTime) -> Timestamp {
    let instant = zone.to_ambiguous_timestamp(local).compatible();
    instant.map_or(Timestamp(i64::MAX), Timestamp::from_jiff)
}

/// The first instant at which the clock shows `local` or later.
pub(crate) fn met(zone: &TimeZone, local: DateTime) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if !matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return moved(zone, local);
    }
    // The jump is the last change of offset at or before the later of its two readings.
    let late = moved(zone, local).to_jiff();
    let after = late.checked_add(1.millisecond()).unwrap_or(late);
    let jump = zone.preceding(after).next();
    Timestamp::from_jiff(jump.map_or(late, |it| it.timestamp()))
}

/// What the clock shows at `at`.
pub(crate) fn shown(zone: &TimeZone, at: Timestamp) -> DateTime {
    at.to_jiff().to_zoned(zone.clone()).datetime()
}

/// Minute `minute` of `day`; 1440 and beyond belong to the days after.
pub(crate) fn minute_of(day: Date, minute: i64) -> DateTime {
    let start = day.at(0, 0, 0, 0);
    start.checked_add(minute.minutes()).unwrap_or(start)
}

/// The first instant of the local day written `text`; `None` when it is no day.
pub(crate) fn day_start(zone: &TimeZone, text: &str, days_later: i64) -> Option<Timestamp> {
    let day: Date = text.parse().ok()?;
    let day = day.checked_add(days_later.days()).ok()?.clamp(FIRST_DAY, LAST_DAY);
    Some(met(zone, day.at(0, 0, 0, 0)))
}

/// What jiff calls our days.
pub(crate) fn weekday(day: Weekday) -> jiff::civil::Weekday {
    use jiff::civil::Weekday as Jiff;
    match day {
        Weekday::Mon => Jiff::Monday,
        Weekday::Tue => Jiff::Tuesday,
        Weekday::Wed => Jiff::Wednesday,
        Weekday::Thu => Jiff::Thursday,
        Weekday::Fri => Jiff::Friday,
        Weekday::Sat => Jiff::Saturday,
        Weekday::Sun => Jiff::Sunday,
    }
}

/// How many minutes `hours` last on the wall.
pub(crate) fn lasts(hours: &Hours) -> i64 {
    let (from, until) = (i64::from(hours.from_minute), i64::from(hours.until_minute));
    if until > from { until - from } else { until - from + 1_440 }
}

/// Whether `hours` begin on `day`.
pub(crate) fn begins_on(hours: &Hours, day: Date) -> bool {
    hours.days.is_empty() || hours.days.iter().any(|it| weekday(*it) == day.weekday())
}

/// The times within `hours` that touch `days` before and after the day of `at`, merged, in order.
pub(crate) fn windows(
    hours: &[Hours],
    zone: &TimeZone,
    at: Timestamp,
    days: i64,
) -> Vec<(Timestamp, Timestamp)> {
    let today = shown(zone, at).date().clamp(FIRST_DAY, LAST_DAY);
    let mut found = vec![];
    for ahead in -days..=days {
        let Ok(day) = today.checked_add(ahead.days()) else { continue };
        for it in hours.iter().filter(|it| begins_on(it, day)) {
            let from = i64::from(it.from_minute);
            let starts = met(zone, minute_of(day, from));
            let ends = met(zone, minute_of(day, from + lasts(it)));
            if starts < ends {
                found.push((starts, ends));
            }
        }
    }
    merged(found)
}

/// The same times without overlap, in order; times that touch become one.
pub(crate) fn merged(mut times: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    times.sort_unstable();
    let mut kept: Vec<(Timestamp, Timestamp)> = vec![];
    for (starts, ends) in times {
        match kept.last_mut() {
            Some(last) if starts <= last.1 => last.1 = last.1.max(ends),
            _ => kept.push((starts, ends)),
        }
    }
    kept
}

/// Where `at` lies among times of one kind: within one (`Ok`), or between two (`Err`).
pub(crate) fn located(
    times: &[(Timestamp, Timestamp)],
    at: Timestamp,
) -> Result<(Timestamp, Timestamp), (Timestamp, Timestamp)> {
    let next = times.partition_point(|it| it.0 <= at);
    let before = next.checked_sub(1).map(|it| times[it]);
    match before {
        Some(it) if at < it.1 => Ok(it),
        _ => Err((
            before.map_or(Timestamp(i64::MIN), |it| it.1),
            times.get(next).map_or(Timestamp(i64::MAX), |it| it.0),
        )),
    }
}
