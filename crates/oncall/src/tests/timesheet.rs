//! Hours to the minute over changes of clocks, and what they are paid.

use super::ahead::{organisation, person, rota};
use crate::timesheet::{csv, table};
use crate::{Duties, Zones};
use model::{Away, AwayKind, Pay, Timestamp};
use std::collections::BTreeMap;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// One person who always has the duty, `from..to`, with a holiday on 26 December in Paris.
#[track_caller]
fn check(zone: &str, from: &str, to: &str, expected: &str) {
    let mut ana = person(zone, (480, 1_020), &[]);
    let (starts, ends) = (at("2026-12-25T23:00:00Z"), at("2026-12-26T23:00:00Z"));
    ana.duty.away = vec![
        Away { starts, ends, kind: AwayKind::Holiday },
        // The same day from two calendars is one day.
        Away { starts: starts.plus(model::Millis::from_hours(1)), ends, kind: AwayKind::Holiday },
        Away { starts, ends, kind: AwayKind::Leave },
    ];
    let mut all = organisation(&[("ana", ana)], &[("r", rota("UTC", &["ana"], vec![]))]);
    all.pay = Some(Pay {
        currency: "EUR".to_owned(),
        hour_cents: 250,
        night_cents: 101,
        weekend_cents: 50,
        holiday_cents: 1_000,
    });
    let (zones, overrides) = (Zones::bundled(), BTreeMap::new());
    let duties = Duties { rotas: &all.rotas, overrides: &overrides, zones: &zones };
    let found = csv(&table(&all, &duties, at(from), at(to)), all.pay.as_ref());
    assert_eq!(found.lines().skip(1).collect::<Vec<_>>().join("|"), expected, "{zone} {from}");
}

#[test]
fn every_minute_counts_once_and_as_it_passed() {
    // Saturday 18:00 to Sunday 12:00 in Paris: 18 hours, 19 in October, 17 in March; the night too. The
    // rota changes hands at midnight, Greenwich: two shifts.
    check(
        "Europe/Paris",
        "2026-10-17T16:00:00Z",
        "2026-10-18T10:00:00Z",
        "ana,r,2,1080,540,1080,0,63.09,EUR",
    );
    check(
        "Europe/Paris",
        "2026-10-24T16:00:00Z",
        "2026-10-25T11:00:00Z",
        "ana,r,2,1140,600,1140,0,67.10,EUR",
    );
    check(
        "Europe/Paris",
        "2026-03-28T17:00:00Z",
        "2026-03-29T10:00:00Z",
        "ana,r,2,1020,480,1020,0,59.08,EUR",
    );
    // Half an hour on Lord Howe Island: clocks go back at 02:00 on 5 April.
    check(
        "Australia/Lord_Howe",
        "2026-04-04T11:00:00Z",
        "2026-04-04T20:30:00Z",
        "ana,r,1,570,570,570,0,38.10,EUR",
    );
    // The whole holiday, a Saturday, once.
    check(
        "Europe/Paris",
        "2026-12-25T23:00:00Z",
        "2026-12-26T23:00:00Z",
        "ana,r,2,1440,540,1440,1440,321.09,EUR",
    );
    // One minute: rounded once, half up.
    check("UTC", "2026-11-24T12:00:00Z", "2026-11-24T12:01:00Z", "ana,r,1,1,0,0,0,0.04,EUR");
}
