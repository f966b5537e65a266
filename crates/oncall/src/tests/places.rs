//! Places whose clocks do what others do not, line by line. As in `tests`, the lines were computed apart, with
//! Python's `zoneinfo`; and the same rota under two releases of the rules.

use super::{check, rota};
use crate::{Duties, Override, Zones, shifts};
use model::{OverrideId, RotaId, Timestamp, Turn, Weekday};
use std::collections::BTreeMap;

#[test]
fn chicago() {
    // A fall back in autumn, by day.
    check(
        "America/Chicago d1 mon 09:00",
        "2026-10-31T14:00:00Z",
        "2026-11-03T15:00:00Z",
        "
        ana 2026-10-31T14:00:00Z 2026-11-01T15:00:00Z 1d 1h
        bo 2026-11-01T15:00:00Z 2026-11-02T15:00:00Z 1d
        ana 2026-11-02T15:00:00Z 2026-11-03T15:00:00Z 1d
        ",
    );
    // A hand-over in the hour that comes twice.
    check(
        "America/Chicago d1 mon 01:30",
        "2026-10-31T06:30:00Z",
        "2026-11-02T07:30:00Z",
        "
        ana 2026-10-31T06:30:00Z 2026-11-01T06:30:00Z 1d
        bo 2026-11-01T06:30:00Z 2026-11-02T07:30:00Z 1d 1h
        ",
    );
    // An hour forward in spring.
    check(
        "America/Chicago d1 mon 09:00",
        "2026-03-07T15:00:00Z",
        "2026-03-09T14:00:00Z",
        "
        ana 2026-03-07T15:00:00Z 2026-03-08T14:00:00Z 23h
        bo 2026-03-08T14:00:00Z 2026-03-09T14:00:00Z 1d
        ",
    );
}

#[test]
fn paris() {
    // A week later than the others.
    check(
        "Europe/Paris d1 mon 09:00",
        "2026-10-24T07:00:00Z",
        "2026-10-27T08:00:00Z",
        "
        bo 2026-10-24T07:00:00Z 2026-10-25T08:00:00Z 1d 1h
        ana 2026-10-25T08:00:00Z 2026-10-26T08:00:00Z 1d
        bo 2026-10-26T08:00:00Z 2026-10-27T08:00:00Z 1d
        ",
    );
}

#[test]
fn nairobi() {
    // No summer time at all.
    check(
        "Africa/Nairobi d1 mon 09:00",
        "2026-10-24T06:00:00Z",
        "2026-10-26T06:00:00Z",
        "
        bo 2026-10-24T06:00:00Z 2026-10-25T06:00:00Z 1d
        ana 2026-10-25T06:00:00Z 2026-10-26T06:00:00Z 1d
        ",
    );
}

#[test]
fn mauritius_had_summer_time_once() {
    // Summer time in one year only: into it.
    check(
        "Indian/Mauritius d1 mon 09:00",
        "2008-10-25T05:00:00Z",
        "2008-10-27T04:00:00Z",
        "
        ana 2008-10-25T05:00:00Z 2008-10-26T04:00:00Z 23h
        ana 2008-10-26T04:00:00Z 2008-10-27T04:00:00Z 1d
        ",
    );
    // And out of it.
    check(
        "Indian/Mauritius d1 mon 09:00",
        "2009-03-28T04:00:00Z",
        "2009-03-30T05:00:00Z",
        "
        ana 2009-03-28T04:00:00Z 2009-03-29T05:00:00Z 1d 1h
        ana 2009-03-29T05:00:00Z 2009-03-30T05:00:00Z 1d
        ",
    );
    // And never again.
    check(
        "Indian/Mauritius d1 mon 09:00",
        "2026-10-24T05:00:00Z",
        "2026-10-26T05:00:00Z",
        "
        bo 2026-10-24T05:00:00Z 2026-10-25T05:00:00Z 1d
        ana 2026-10-25T05:00:00Z 2026-10-26T05:00:00Z 1d
        ",
    );
}

#[test]
fn lord_howe_in_both_halves_of_the_year() {
    // Half an hour forward.
    check(
        "Australia/Lord_Howe d1 mon 09:00",
        "2026-10-02T22:30:00Z",
        "2026-10-04T22:00:00Z",
        "
        ana 2026-10-02T22:30:00Z 2026-10-03T22:00:00Z 23h 30m
        bo 2026-10-03T22:00:00Z 2026-10-04T22:00:00Z 1d
        ",
    );
    // Half an hour back.
    check(
        "Australia/Lord_Howe d1 mon 09:00",
        "2026-04-03T22:00:00Z",
        "2026-04-05T22:30:00Z",
        "
        ana 2026-04-03T22:00:00Z 2026-04-04T22:30:00Z 1d 30m
        bo 2026-04-04T22:30:00Z 2026-04-05T22:30:00Z 1d
        ",
    );
}

#[test]
fn casablanca_goes_back_for_ramadan() {
    // An hour back for Ramadan.
    check(
        "Africa/Casablanca d1 mon 09:00",
        "2026-02-14T08:00:00Z",
        "2026-02-16T09:00:00Z",
        "
        bo 2026-02-14T08:00:00Z 2026-02-15T09:00:00Z 1d 1h
        ana 2026-02-15T09:00:00Z 2026-02-16T09:00:00Z 1d
        ",
    );
    // And forward again after it.
    check(
        "Africa/Casablanca d1 mon 09:00",
        "2026-03-21T09:00:00Z",
        "2026-03-23T08:00:00Z",
        "
        ana 2026-03-21T09:00:00Z 2026-03-22T08:00:00Z 23h
        bo 2026-03-22T08:00:00Z 2026-03-23T08:00:00Z 1d
        ",
    );
    // A hand-over that Ramadan's end jumps over.
    check(
        "Africa/Casablanca d1 mon 02:30",
        "2026-03-21T02:30:00Z",
        "2026-03-23T01:30:00Z",
        "
        ana 2026-03-21T02:30:00Z 2026-03-22T02:30:00Z 1d
        bo 2026-03-22T02:30:00Z 2026-03-23T01:30:00Z 23h
        ",
    );
}

#[test]
fn mexico_gave_summer_time_up() {
    // The last spring of summer time.
    check(
        "America/Mexico_City d1 mon 09:00",
        "2022-04-02T15:00:00Z",
        "2022-04-04T14:00:00Z",
        "
        ana 2022-04-02T15:00:00Z 2022-04-03T14:00:00Z 23h
        ana 2022-04-03T14:00:00Z 2022-04-04T14:00:00Z 1d
        ",
    );
    // The first without.
    check(
        "America/Mexico_City d1 mon 09:00",
        "2023-04-01T15:00:00Z",
        "2023-04-03T15:00:00Z",
        "
        ana 2023-04-01T15:00:00Z 2023-04-02T15:00:00Z 1d
        ana 2023-04-02T15:00:00Z 2023-04-03T15:00:00Z 1d
        ",
    );
}

#[test]
fn jordan_kept_summer_time() {
    // The last autumn.
    check(
        "Asia/Amman d1 mon 09:00",
        "2021-10-28T06:00:00Z",
        "2021-10-30T07:00:00Z",
        "
        ana 2021-10-28T06:00:00Z 2021-10-29T07:00:00Z 1d 1h
        ana 2021-10-29T07:00:00Z 2021-10-30T07:00:00Z 1d
        ",
    );
    // Summer time that stayed.
    check(
        "Asia/Amman d1 mon 09:00",
        "2022-10-27T06:00:00Z",
        "2022-10-29T06:00:00Z",
        "
        ana 2022-10-27T06:00:00Z 2022-10-28T06:00:00Z 1d
        ana 2022-10-28T06:00:00Z 2022-10-29T06:00:00Z 1d
        ",
    );
}

/// Goal: under a release in which summer time lasts until December, what is computed anew ends an hour
/// earlier by a clock in UTC, and what was recorded as instants, an override, stays where it was.
#[test]
fn what_was_recorded_stays_under_other_rules() {
    let at = |it: &str| Timestamp::parse_rfc3339(it).expect("a time");
    let newer = Zones::bundled();
    let older = Zones::bundled().with("Europe/Paris", "CET-1CEST,M3.5.0,M12.1.0/3", "2020a");
    let older = older.expect("a rule");
    assert_eq!(older.version(), "2020a");
    assert_ne!(newer.version(), "2020a");
    let weekly = rota("Europe/Paris", Turn::Weeks(1), Weekday::Mon, 540);
    let from = at("2026-11-03T00:00:00Z");
    let told = |zones: &Zones| {
        let shift = shifts(&weekly, from, at("2026-11-04T00:00:00Z"), zones).remove(0);
        [shift.starts.to_string(), shift.ends.to_string()]
    };
    assert_eq!(told(&newer), ["2026-11-02T08:00:00Z", "2026-11-09T08:00:00Z"]);
    assert_eq!(told(&older), ["2026-11-02T07:00:00Z", "2026-11-09T07:00:00Z"]);
    let id = RotaId::from("rota");
    let rotas = BTreeMap::from([(id.clone(), weekly)]);
    let (starts, ends) = (at("2026-11-03T08:00:00Z"), at("2026-11-04T08:00:00Z"));
    let change = crate::Change::Add("cy".into());
    let set = Override { rota: id.clone(), starts, ends, change };
    let overrides = BTreeMap::from([(OverrideId(1), set)]);
    for zones in [&newer, &older] {
        let duties = Duties { rotas: &rotas, overrides: &overrides, zones };
        let shift = duties.at(&id, starts).expect("the rota is there");
        assert_eq!((shift.starts, shift.ends), (starts, ends), "{}", zones.version());
        assert_eq!(shift.people.len(), 2);
    }
}
