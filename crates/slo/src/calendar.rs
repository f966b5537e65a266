//! Windows that begin anew with the calendar of a place.
//!
//! Intuition: "this month" in Berlin begins when it is midnight in Berlin, and the March in which the
//! clocks go forward is an hour shorter than others. So the ends of a period are found as local
//! midnights, and everything else is a difference of two instants.
//!
//! Invariants:
//! - periods follow each other without gap or overlap;
//! - a midnight that a change of clocks leaves out is the first instant after it.

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, ToSpan};
use model::{Calendar, Period, Timestamp};

/// A calendar with the rules of its zone.
#[derive(Debug, Clone)]
pub struct Almanac {
    period: Period,
    zone: TimeZone,
}

impl Almanac {
    /// The calendar with the rules inside this binary. An unknown zone counts as UTC: the catalogue
    /// refuses it, and a calendar from an older release must still have a beginning.
    #[must_use]
    pub fn new(calendar: &Calendar) -> Self {
        let zone = TimeZoneDatabase::bundled().get(&calendar.timezone).unwrap_or(TimeZone::UTC);
        Self { period: calendar.period, zone }
    }

    /// The first minute of the period in which `minute` lies, and the first after it.
    #[must_use]
    pub fn period_of(&self, minute: i64) -> (i64, i64) {
        let day = Timestamp::from_minute(minute).to_jiff().to_zoned(self.zone.clone()).date();
        let first = self.first_day(day);
        let (start, end) = (self.midnight(first), self.midnight(after(first, self.length())));
        // Where a zone skips its midnight, the day may begin within the first minutes of itself.
        if minute < start {
            let before = self.first_day(after(first, (-1).days()));
            return (self.midnight(before), start);
        }
        (start, end)
    }

    fn first_day(&self, day: Date) -> Date {
        match self.period {
            Period::Week => {
                let since = i64::from(day.weekday().to_monday_zero_offset());
                after(day, (-since).days())
            }
            Period::Month => day.first_of_month(),
            Period::Quarter => {
                let month = (day.month() - 1) / 3 * 3 + 1;
                Date::new(day.year(), month, 1).expect("the first of a month is a day")
            }
            Period::Year => day.first_of_year(),
        }
    }

    fn length(&self) -> Span {
        match self.period {
            Period::Week => 1.week(),
            Period::Month => 1.month(),
            Period::Quarter => 3.months(),
            Period::Year => 1.year(),
        }
    }

    fn midnight(&self, day: Date) -> i64 {
        let local = day.to_datetime(jiff::civil::Time::midnight());
        let instant = self.zone.to_ambiguous_timestamp(local).compatible();
        let instant = instant.expect("no measured day is at the end of time");
        // Zones with odd seconds ended before anything was measured; then the next minute counts.
        let at = Timestamp::from_jiff(instant);
        at.minute() + i64::from(Timestamp::from_minute(at.minute()) < at)
    }
}

fn after(day: Date, span: Span) -> Date {
    day.checked_add(span).expect("no measured day is at the end of time")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Prng;

    fn almanac(period: Period, timezone: &str) -> Almanac {
        Almanac::new(&Calendar { period, timezone: timezone.to_owned() })
    }

    #[track_caller]
    fn check(period: Period, zone: &str, at: &str, expected: [&str; 2], hours: i64) {
        let minute = |text: &str| {
            let at: jiff::Timestamp = text.parse().unwrap();
            Timestamp::from_jiff(at).minute()
        };
        let (start, end) = almanac(period, zone).period_of(minute(at));
        assert_eq!([start, end], expected.map(minute), "{period:?} {zone} {at}");
        assert_eq!(end - start, hours * 60);
    }

    #[test]
    fn periods_begin_at_local_midnights() {
        let berlin = "Europe/Berlin";
        let march = ["2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"];
        check(Period::Month, berlin, "2026-03-29T12:00:00Z", march, 31 * 24 - 1);
        check(Period::Month, berlin, "2026-02-28T23:00:00Z", march, 31 * 24 - 1);
        let october = ["2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"];
        check(Period::Month, berlin, "2026-10-25T00:30:00Z", october, 31 * 24 + 1);
        let week = ["2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"];
        check(Period::Week, berlin, "2026-10-25T22:59:00Z", week, 7 * 24 + 1);
        let quarter = ["2026-01-01T05:00:00Z", "2026-04-01T04:00:00Z"];
        check(Period::Quarter, "America/New_York", "2026-03-08T07:00:00Z", quarter, 90 * 24 - 1);
        let year = ["2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"];
        check(Period::Year, "UTC", "2028-02-29T00:00:00Z", year, 366 * 24);
        // Havana's clocks go from 00:00 to 01:00 on this Sunday: its day begins at 01:00.
        let havana = ["2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"];
        check(Period::Month, "America/Havana", "2026-03-08T05:00:00Z", havana, 31 * 24 - 1);
    }

    /// Goal: periods tile the time, and every minute lies in its own. Method: brute force over
    /// seeded minutes of 8 years in zones with odd rules; the next period begins where this ends.
    #[test]
    fn periods_tile_the_time() {
        let zones = ["Europe/Berlin", "America/Havana", "Asia/Kathmandu", "Pacific/Apia", "UTC"];
        let periods = [Period::Week, Period::Month, Period::Quarter, Period::Year];
        let mut prng = Prng::new(4);
        for round in 0..2_000 {
            let almanac = almanac(periods[round % 4], zones[round % 5]);
            let minute = 27_000_000 + prng.below_i64(8 * 525_960);
            let (start, end) = almanac.period_of(minute);
            assert!((start..end).contains(&minute), "{almanac:?} {minute}");
            assert_eq!(almanac.period_of(start), (start, end), "{almanac:?}");
            assert_eq!(almanac.period_of(end - 1), (start, end), "{almanac:?}");
            assert_eq!(almanac.period_of(end).0, end, "{almanac:?}");
            assert!(end - start <= almanac.period.longest().whole_mins() + 60);
        }
    }
}
