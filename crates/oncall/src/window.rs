//! When planned work begins and ends.
//!
//! Intuition: the beginning is read from a wall clock, the length from a stopwatch. A window that
//! begins at 02:00 does so at 02:00 local time in summer and in winter; two hours of work are two
//! hours whatever the clocks do meanwhile.
//!
//! Complications are those of hand-overs: a local time that does not exist moves forward by the gap,
//! one that exists twice means the first.
//!
//! Invariant: windows are found by looking at the days around an instant, never by walking from the
//! first one; only a rule of RFC 5545 counts from its first day, and for a bounded number of days.

use crate::Zones;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday as CivilWeekday};
use jiff::tz::TimeZone;
use model::{Days, Maintenance, Occasions, Timestamp, Weekday};

/// Days ahead in which a recurring window is looked for: the 29th of February comes after eight years
/// at most, though nothing here asks for it; the 31st comes after two months.
const DAYS_AHEAD: i64 = 70;

/// Days of one rule that are looked at: a daily one for 27 years.
const RULE_DAYS_MAX: usize = 10_000;

/// One time of planned work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub starts: Timestamp,
    /// The first instant after it.
    pub ends: Timestamp,
}

/// The first window of `plan` that ends after `at`; `None` when there is none any more.
#[must_use]
pub fn window(plan: &Maintenance, at: Timestamp, zones: &Zones) -> Option<Window> {
    let occasions =
        Occasions { when: plan.when.clone(), timezone: plan.timezone.clone(), lasts: plan.lasts };
    occasion(&occasions, at, zones)
}

/// Every window of `plan` that has a part after `from` and begins before `to`, in order.
#[must_use]
pub fn occasions(plan: &Occasions, from: Timestamp, to: Timestamp, zones: &Zones) -> Vec<Window> {
    let mut found = Vec::new();
    let mut at = from;
    // A window may last longer than the days between two: then the next one begins inside it, and what
    // lies in both lies in one all the same.
    while let Some(window) = occasion(plan, at, zones).filter(|it| it.starts < to) {
        at = window.ends;
        found.push(window);
    }
    found
}

/// The first of `plan` that ends after `at`.
#[must_use]
pub fn occasion(plan: &Occasions, at: Timestamp, zones: &Zones) -> Option<Window> {
    let zone = zones.get(&plan.timezone).unwrap_or(TimeZone::UTC);
    let minute = plan.when.minute.min(1_439);
    let window_on = |day: Date| -> Option<Window> {
        let hour = i8::try_from(minute / 60).ok()?;
        let local = day.at(hour, i8::try_from(minute % 60).ok()?, 0, 0);
        let starts = zone.to_ambiguous_timestamp(local).compatible().ok()?;
        let starts = Timestamp::from_jiff(starts);
        Some(Window { starts, ends: starts.plus(plan.lasts) })
    };
    let still_to_come = |it: &Window| it.ends > at;
    if let Days::Once(day) = &plan.when.days {
        return window_on(day.parse().ok()?).filter(still_to_come);
    }
    if let Days::Rule(first, rule) = &plan.when.days {
        let rule = crate::Recurrence::parse(rule).ok()?;
        let days = rule.dates(first.parse().ok()?).take(RULE_DAYS_MAX);
        return days.filter_map(window_on).find(still_to_come);
    }
    // A window that began days ago may still last.
    let days_back = plan.lasts.0 / 86_400_000 + 2;
    let today = at.to_jiff().to_zoned(zone.clone()).date();
    let mut day = today.checked_sub(days_back.days()).ok()?;
    let last = today.checked_add(DAYS_AHEAD.days()).ok()?;
    while day <= last {
        if falls_on(&plan.when.days, day)
            && let Some(found) = window_on(day).filter(still_to_come)
        {
            return Some(found);
        }
        day = day.tomorrow().ok()?;
    }
    None
}

fn falls_on(days: &Days, day: Date) -> bool {
    match days {
        Days::Once(_) | Days::Rule(..) => false,
        Days::Daily => true,
        Days::Weekly(list) => list.iter().any(|it| civil(*it) == day.weekday()),
        Days::MonthDay(number) => day.day() == i8::try_from(*number).unwrap_or(0),
        Days::MonthWeekday(nth, weekday) => {
            let is_day = day.weekday() == civil(*weekday);
            let week = (day.day() - 1) / 7 + 1;
            let is_last = day.day() + 7 > day.days_in_month();
            is_day
                && if *nth == 0 { is_last } else { i8::try_from(*nth).is_ok_and(|it| it == week) }
        }
    }
}

fn civil(day: Weekday) -> CivilWeekday {
    match day {
        Weekday::Mon => CivilWeekday::Monday,
        Weekday::Tue => CivilWeekday::Tuesday,
        Weekday::Wed => CivilWeekday::Wednesday,
        Weekday::Thu => CivilWeekday::Thursday,
        Weekday::Fri => CivilWeekday::Friday,
        Weekday::Sat => CivilWeekday::Saturday,
        Weekday::Sun => CivilWeekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Millis, Recurrence};

    /// The windows of two hours that follow from `at`, one after the other, as UTC beginnings.
    #[track_caller]
    fn check(when: &str, zone: &str, at: &str, expected: &[&str]) {
        let plan = Maintenance {
            matchers: "a=b".into(),
            when: Recurrence::parse(when).unwrap(),
            timezone: zone.into(),
            lasts: Millis::from_hours(2),
            owner: "ana".into(),
            reason: String::new(),
        };
        let zones = Zones::bundled();
        let mut at = Timestamp::parse_rfc3339(at).unwrap();
        let mut found = vec![];
        while found.len() < expected.len().max(1) {
            let Some(it) = window(&plan, at, &zones) else { break };
            assert!(it.ends > at && it.ends.since(it.starts) == Millis::from_hours(2));
            found.push(it.starts.to_string());
            at = it.ends;
        }
        assert_eq!(found, expected, "{when} in {zone}");
    }

    #[test]
    fn once_is_once() {
        let at = "2026-12-24T00:00:00Z";
        check("2026-12-24 22:00", "Africa/Nairobi", at, &["2026-12-24T19:00:00Z"]);
        check(
            "2026-12-24 22:00",
            "Africa/Nairobi",
            "2026-12-24T20:59:59Z",
            &["2026-12-24T19:00:00Z"],
        );
        check("2026-12-24 22:00", "Africa/Nairobi", "2026-12-24T21:00:00Z", &[]);
    }

    /// Berlin goes back on 25 October 2026 at 03:00 and forward on 28 March 2027 at 02:00.
    #[test]
    fn the_wall_clock_decides_over_a_change_of_clocks() {
        check(
            "sun 02:30",
            "Europe/Berlin",
            "2026-10-17T12:00:00Z",
            &[
                "2026-10-18T00:30:00Z",
                // 02:30 exists twice; the first is meant.
                "2026-10-25T00:30:00Z",
                "2026-11-01T01:30:00Z",
            ],
        );
        check(
            "sun 02:30",
            "Europe/Berlin",
            "2027-03-20T12:00:00Z",
            &[
                "2027-03-21T01:30:00Z",
                // 02:30 does not exist; it is 03:30 in summer time.
                "2027-03-28T01:30:00Z",
                "2027-04-04T00:30:00Z",
            ],
        );
    }

    #[test]
    fn rules_count_from_their_first_day() {
        check(
            "from 2026-10-13 FREQ=WEEKLY;INTERVAL=2;BYDAY=TU 02:30",
            "Europe/Berlin",
            "2026-10-14T00:00:00Z",
            &["2026-10-27T01:30:00Z", "2026-11-10T01:30:00Z"],
        );
        check(
            "from 2026-11-20 FREQ=DAILY;COUNT=2 02:00",
            "UTC",
            "2026-11-20T05:00:00Z",
            &["2026-11-21T02:00:00Z"],
        );
        let plan = Occasions {
            when: Recurrence::parse("daily 22:00").unwrap(),
            timezone: "UTC".into(),
            lasts: Millis::from_hours(48),
        };
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let found = occasions(
            &plan,
            at("2026-11-21T00:00:00Z"),
            at("2026-11-23T00:00:00Z"),
            &Zones::bundled(),
        );
        let shown: Vec<String> = found.iter().map(|it| it.starts.to_string()).collect();
        // Windows that overlap: each second one is inside the others.
        assert_eq!(
            shown,
            [
                "2026-11-19T22:00:00Z",
                "2026-11-20T22:00:00Z",
                "2026-11-21T22:00:00Z",
                "2026-11-22T22:00:00Z"
            ]
        );
    }

    #[test]
    fn weeks_and_months_recur() {
        check(
            "tue,thu 02:00",
            "UTC",
            "2026-11-21T00:00:00Z",
            &["2026-11-24T02:00:00Z", "2026-11-26T02:00:00Z", "2026-12-01T02:00:00Z"],
        );
        check(
            "daily 23:30",
            "UTC",
            "2026-11-21T01:00:00Z",
            &["2026-11-20T23:30:00Z", "2026-11-21T23:30:00Z"],
        );
        check(
            "monthly 31 02:00",
            "UTC",
            "2026-11-01T00:00:00Z",
            &["2026-12-31T02:00:00Z", "2027-01-31T02:00:00Z", "2027-03-31T02:00:00Z"],
        );
        check(
            "monthly 2nd tue 02:00",
            "UTC",
            "2026-11-21T00:00:00Z",
            &["2026-12-08T02:00:00Z", "2027-01-12T02:00:00Z"],
        );
        check(
            "monthly last sun 02:00",
            "UTC",
            "2026-11-21T00:00:00Z",
            &["2026-11-29T02:00:00Z", "2026-12-27T02:00:00Z"],
        );
    }
}
