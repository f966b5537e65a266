//! Hours of people's own days: whether somebody is within them, and when they begin next.
//!
//! Intuition: hours are marks on a wall clock, like hand-overs. A span that ends before it begins
//! reaches over midnight and belongs to the day on which it begins, so that `mon` to `fri`,
//! 22:00-06:00, includes the early Saturday.
//!
//! Complications: a beginning that does not exist (clocks go forward) moves forward by the gap; one that
//! exists twice means the first. A zone that nobody knows has no hours: the caller decides what that
//! means, and for a pager it means calling.

use crate::Zones;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::{Hours, Timestamp, Weekday};

/// Every day of the week.
pub const EVERY_DAY: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// Minutes of a day on the clock.
const DAY: u16 = 24 * 60;

/// Whether `at` lies within `hours` of a day in `zone`; `None` when there is no such zone.
#[must_use]
pub fn is_within(hours: &Hours, zone: &str, at: Timestamp, zones: &Zones) -> Option<bool> {
    let local = local(zone, at, zones)?;
    let minute = minute_of(local);
    let today = on(hours, local.date());
    let Hours { from_minute, until_minute, .. } = *hours;
    if from_minute < until_minute {
        return Some(today && (from_minute..until_minute).contains(&minute));
    }
    let yesterday = local.date().yesterday().is_ok_and(|it| on(hours, it));
    Some((today && minute >= from_minute) || (yesterday && minute < until_minute))
}

/// When `hours` begin next in `zone`, after `at`; `None` when there is no such zone.
#[must_use]
pub fn next_beginning(
    hours: &Hours,
    zone: &str,
    at: Timestamp,
    zones: &Zones,
) -> Option<Timestamp> {
    let rules = zones.get(zone)?;
    let today = local(zone, at, zones)?.date();
    // A week and a day: today's beginning may have passed.
    (0..=8).find_map(|ahead: i64| {
        let day = today.checked_add(ahead.days()).ok().filter(|it| on(hours, *it))?;
        let begins = instant(day, hours.from_minute, &rules)?;
        (begins > at).then_some(begins)
    })
}

/// What the clock shows in `zone`, as `02:10`; `None` when there is no such zone.
#[must_use]
pub fn clock(zone: &str, at: Timestamp, zones: &Zones) -> Option<String> {
    let local = local(zone, at, zones)?;
    Some(format!("{:02}:{:02}", local.hour(), local.minute()))
}

fn local(zone: &str, at: Timestamp, zones: &Zones) -> Option<DateTime> {
    Some(at.to_jiff().to_zoned(zones.get(zone)?).datetime())
}

fn minute_of(local: DateTime) -> u16 {
    let whole = |it: i8| u16::try_from(it).expect("a clock shows no negative time");
    whole(local.hour()) * 60 + whole(local.minute())
}

fn instant(day: Date, minute: u16, rules: &TimeZone) -> Option<Timestamp> {
    let minute = minute.min(DAY - 1);
    let hour = i8::try_from(minute / 60).expect("below 24");
    let local = day.at(hour, i8::try_from(minute % 60).expect("below 60"), 0, 0);
    rules.to_ambiguous_timestamp(local).compatible().ok().map(Timestamp::from_jiff)
}

fn on(hours: &Hours, day: Date) -> bool {
    let number = usize::try_from(day.weekday().to_monday_zero_offset()).expect("not negative");
    hours.days.contains(&EVERY_DAY[number])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> Hours {
        let days = EVERY_DAY[..5].to_vec();
        Hours { from_minute: 9 * 60, until_minute: 18 * 60, days }
    }

    fn night() -> Hours {
        let days = EVERY_DAY[..5].to_vec();
        Hours { from_minute: 22 * 60, until_minute: 6 * 60, days }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a time")
    }

    #[track_caller]
    fn check(hours: &Hours, zone: &str, now: &str, within: bool, begins: &str) {
        let zones = Zones::bundled();
        let now = at(now);
        assert_eq!(is_within(hours, zone, now, &zones), Some(within), "within");
        assert_eq!(next_beginning(hours, zone, now, &zones), Some(at(begins)), "begins");
    }

    #[test]
    fn hours_are_those_of_the_persons_own_day() {
        let (hours, zone) = (office(), "Africa/Nairobi");
        check(&hours, zone, "2026-11-23T05:59:59Z", false, "2026-11-23T06:00:00Z");
        check(&hours, zone, "2026-11-23T06:00:00Z", true, "2026-11-24T06:00:00Z");
        check(&hours, zone, "2026-11-23T14:59:59Z", true, "2026-11-24T06:00:00Z");
        check(&hours, zone, "2026-11-23T15:00:00Z", false, "2026-11-24T06:00:00Z");
        // Friday evening: Monday is next.
        check(&hours, zone, "2026-11-27T15:00:00Z", false, "2026-11-30T06:00:00Z");
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
        let hours = night();
        check(&hours, "UTC", "2026-11-28T05:59:00Z", true, "2026-11-30T22:00:00Z");
        check(&hours, "UTC", "2026-11-28T06:00:00Z", false, "2026-11-30T22:00:00Z");
        check(&hours, "UTC", "2026-11-30T05:00:00Z", false, "2026-11-30T22:00:00Z");
    }

    #[test]
    fn a_beginning_in_the_gap_of_a_clock_change_comes_as_late_as_the_gap_is_long() {
        let hours = Hours { from_minute: 150, until_minute: 300, days: EVERY_DAY.to_vec() };
        // 2026-03-29, 02:00 becomes 03:00 in Berlin: 02:30 does not exist.
        check(&hours, "Europe/Berlin", "2026-03-29T00:00:00Z", false, "2026-03-29T01:30:00Z");
    }

    #[test]
    fn an_unknown_zone_has_no_hours() {
        let zones = Zones::bundled();
        let now = at("2026-11-23T10:00:00Z");
        assert_eq!(is_within(&office(), "Mars/Olympus", now, &zones), None);
        assert_eq!(next_beginning(&office(), "Mars/Olympus", now, &zones), None);
        assert_eq!(clock("Africa/Nairobi", now, &zones), Some("13:00".to_owned()));
    }
}
