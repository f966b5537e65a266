//! Somebody's night.
//!
//! Intuition: 22:00 to 07:00 on the clock beside the bed, wherever the server stands. A night in which
//! the clocks change is an hour longer or shorter, as it is for whoever sleeps through it.

use crate::Zones;
use jiff::ToSpan;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use model::Timestamp;

/// When a night begins.
const EVENING: Time = Time::constant(22, 0, 0, 0);
/// When it ends.
const MORNING: Time = Time::constant(7, 0, 0, 0);

/// The night in `zone` that contains `at`: its first instant and the first one after it. `None` by day.
/// An unknown zone counts as UTC.
#[must_use]
pub fn night(zone: &str, at: Timestamp, zones: &Zones) -> Option<(Timestamp, Timestamp)> {
    let zone = zones.get(zone).unwrap_or(TimeZone::UTC);
    let local = at.to_jiff().to_zoned(zone.clone()).datetime();
    let evening = if local.time() >= EVENING {
        local.date()
    } else if local.time() < MORNING {
        local.date().checked_sub(1.days()).ok()?
    } else {
        return None;
    };
    let morning = evening.checked_add(1.days()).ok()?;
    let instant = |it: jiff::civil::DateTime| {
        let at = zone.to_ambiguous_timestamp(it).compatible().ok()?;
        Some(Timestamp::from_jiff(at))
    };
    Some((instant(evening.to_datetime(EVENING))?, instant(morning.to_datetime(MORNING))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_where_the_person_sleeps() {
        check("UTC", "2026-11-23T21:59:59Z", None);
        check(
            "UTC",
            "2026-11-23T22:00:00Z",
            Some(("2026-11-23T22:00:00Z", "2026-11-24T07:00:00Z")),
        );
        check(
            "UTC",
            "2026-11-24T06:59:59Z",
            Some(("2026-11-23T22:00:00Z", "2026-11-24T07:00:00Z")),
        );
        check("UTC", "2026-11-24T07:00:00Z", None);
        // Two in the morning in Los Angeles, midday in Nairobi.
        let night = Some(("2026-11-23T06:00:00Z", "2026-11-23T15:00:00Z"));
        check("America/Los_Angeles", "2026-11-23T10:00:00Z", night);
        check("Africa/Nairobi", "2026-11-23T10:00:00Z", None);
    }

    #[test]
    fn the_night_of_the_change_is_an_hour_shorter_or_longer() {
        let short = Some(("2026-03-28T21:00:00Z", "2026-03-29T05:00:00Z"));
        check("Europe/Berlin", "2026-03-29T01:30:00Z", short);
        let long = Some(("2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z"));
        check("Europe/Berlin", "2026-10-25T01:30:00Z", long);
    }

    #[track_caller]
    fn check(zone: &str, at: &str, expected: Option<(&str, &str)>) {
        let at = Timestamp::parse_rfc3339(at).unwrap();
        let found = night(zone, at, &Zones::bundled());
        let found = found.map(|(from, to)| (from.to_string(), to.to_string()));
        assert_eq!(found, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
    }
}
