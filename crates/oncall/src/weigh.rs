//! How heavy a shift is: its nights and its weekend hours, on the clock of its rota.

use crate::Zones;
use crate::coverage::within;
use crate::wall::shown;
use jiff::tz::TimeZone;
use model::{Hours, Millis, Timestamp, Weekday};

/// What is heavy in a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weighed {
    /// All of its minutes.
    pub minutes: i64,
    /// Minutes from 22:00 to 07:00.
    pub night_minutes: i64,
    /// Minutes of Saturday and Sunday.
    pub weekend_minutes: i64,
    /// Nights of which it holds at least four of the hours from 22:00 to 07:00.
    pub nights: i64,
    /// The calendar month in which it starts, counted from year 0.
    pub month: i32,
}

impl Weighed {
    /// In weighted hours: each hour counts one, an hour of the night two more, one of a weekend one more.
    /// Conventions, not findings: nobody has measured what a night weighs.
    #[must_use]
    pub fn load(&self) -> i64 {
        (self.minutes + 2 * self.night_minutes + self.weekend_minutes) / 60
    }
}

/// Minutes of a night that make it one.
const NIGHT_MINS: i64 = 240;

/// Weighs the time from `starts` to `ends` on the clock of `zone`.
#[must_use]
pub fn weigh(zone: &str, starts: Timestamp, ends: Timestamp, zones: &Zones) -> Weighed {
    let zone = zones.get(zone).unwrap_or(TimeZone::UTC);
    let hours = |days: Vec<Weekday>, from_minute, until_minute| {
        within(&[Hours { days, from_minute, until_minute }], &zone, starts, ends)
    };
    let length = |it: &(Timestamp, Timestamp)| it.1.since(it.0).whole_mins();
    let nights = hours(vec![], 22 * 60, 7 * 60);
    let weekend = hours(vec![Weekday::Sat, Weekday::Sun], 0, 1_440);
    let local = shown(&zone, starts);
    Weighed {
        minutes: ends.since(starts).max(Millis::ZERO).whole_mins(),
        night_minutes: nights.iter().map(length).sum(),
        weekend_minutes: weekend.iter().map(length).sum(),
        nights: nights
            .iter()
            .filter(|it| length(it) >= NIGHT_MINS)
            .count()
            .try_into()
            .unwrap_or(i64::MAX),
        month: i32::from(local.year()) * 12 + i32::from(local.month()),
    }
}
