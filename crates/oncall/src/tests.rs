//! Rotas as lines, shifts as lines. The expected lines were computed apart with Python's `zoneinfo`.

use crate::{Zones, duty, shifts};
use model::{Layer, Millis, PersonId, Rota, Timestamp, Turn, Weekday};

#[test]
fn a_week_over_the_end_of_summer_time_has_an_hour_more() {
    check(
        "America/Los_Angeles w1 mon 09:00",
        "2026-10-26T16:00:00Z",
        "2026-11-10T00:00:00Z",
        "
        bo 2026-10-26T16:00:00Z 2026-11-02T17:00:00Z 7d 1h
        ana 2026-11-02T17:00:00Z 2026-11-09T17:00:00Z 7d
        bo 2026-11-09T17:00:00Z 2026-11-16T17:00:00Z 7d
        ",
    );
}

#[test]
fn a_day_over_the_beginning_of_summer_time_has_an_hour_less() {
    check(
        "Europe/Paris d1 mon 09:00",
        "2026-03-28T10:00:00Z",
        "2026-03-30T10:00:00Z",
        "
        bo 2026-03-28T08:00:00Z 2026-03-29T07:00:00Z 23h
        ana 2026-03-29T07:00:00Z 2026-03-30T07:00:00Z 1d
        bo 2026-03-30T07:00:00Z 2026-03-31T07:00:00Z 1d
        ",
    );
}

#[test]
fn nairobi_has_no_summer_time() {
    check(
        "Africa/Nairobi w2 sun 00:00",
        "2026-03-22T00:00:00Z",
        "2026-04-01T00:00:00Z",
        "
        bo 2026-03-14T21:00:00Z 2026-03-28T21:00:00Z 14d
        ana 2026-03-28T21:00:00Z 2026-04-11T21:00:00Z 14d
        ",
    );
}

#[test]
fn lord_howe_moves_by_half_an_hour() {
    check(
        "Australia/Lord_Howe d1 mon 12:00",
        "2026-04-04T02:00:00Z",
        "2026-04-05T00:00:00Z",
        "ana 2026-04-04T01:00:00Z 2026-04-05T01:30:00Z 1d",
    );
}

#[test]
fn a_hand_over_that_does_not_exist_moves_forward() {
    check(
        "America/Los_Angeles d1 mon 02:30",
        "2026-03-08T00:00:00Z",
        "2026-03-09T00:00:00Z",
        "
        ana 2026-03-07T10:30:00Z 2026-03-08T10:30:00Z 1d
        bo 2026-03-08T10:30:00Z 2026-03-09T09:30:00Z 23h
        ",
    );
}

/// Goal: every minute around every change of clocks belongs to exactly one shift, and the shift a
/// walk finds is the shift `duty` names.
#[test]
fn no_minute_is_without_duty_around_changes_of_clocks() {
    let zones = Zones::bundled();
    for zone in ["America/Los_Angeles", "Europe/Paris", "Africa/Cairo", "Australia/Lord_Howe"] {
        for turn in [Turn::Days(1), Turn::Weeks(1)] {
            for change in changes(zone, &zones) {
                let rota = rota(zone, turn, Weekday::Sun, 150);
                let (from, to) =
                    (change.minus(Millis::from_days(3)), change.plus(Millis::from_days(3)));
                let walked = shifts(&rota, from, to, &zones);
                let mut current = 0;
                let mut at = from;
                while at < to {
                    if at >= walked[current].ends {
                        assert_eq!(walked[current].ends, walked[current + 1].starts);
                        assert_ne!(walked[current].person, walked[current + 1].person);
                        current += 1;
                    }
                    let shift = duty(&rota, at, &zones).shift;
                    assert_eq!(shift, walked[current], "{zone} {turn:?} at {at}");
                    at = at.plus(Millis::from_mins(7));
                }
            }
        }
    }
}

/// Changes of offset in 2026, found by comparing hours.
fn changes(zone: &str, zones: &Zones) -> Vec<Timestamp> {
    let zone = zones.get(zone).expect("a known zone");
    let start = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").expect("a time");
    let offset = |it: &Timestamp| zone.to_offset(it.to_jiff());
    let hours: Vec<Timestamp> =
        (0..365 * 24).map(|it| start.plus(Millis::from_hours(it))).collect();
    hours.windows(2).filter(|it| offset(&it[0]) != offset(&it[1])).map(|it| it[1]).collect()
}

/// Lists the shifts of ana and bo, whose first turn starts on Monday 1 January 2024.
#[track_caller]
fn check(rota_text: &str, from: &str, to: &str, expected: &str) {
    let words: Vec<&str> = rota_text.split(' ').collect();
    let count: u16 = words[1][1..].parse().expect("a count");
    let turn = if words[1].starts_with('d') { Turn::Days(count) } else { Turn::Weeks(count) };
    let day = if words[2] == "sun" { Weekday::Sun } else { Weekday::Mon };
    let (hour, minute) = words[3].split_once(':').expect("hh:mm");
    let minute = hour.parse::<u16>().expect("hour") * 60 + minute.parse::<u16>().expect("minute");
    let rota = rota(words[0], turn, day, minute);
    let at = |it: &str| Timestamp::parse_rfc3339(it).expect("a time");
    let shown: Vec<String> = shifts(&rota, at(from), at(to), &Zones::bundled())
        .iter()
        .map(|it| format!("{} {} {} {}", it.person, it.starts, it.ends, it.ends.since(it.starts)))
        .collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(shown.join("\n"), expected.join("\n"));
}

fn rota(zone: &str, turn: Turn, handover_day: Weekday, handover_minute: u16) -> Rota {
    let people: Vec<PersonId> = vec!["ana".into(), "bo".into()];
    let starts = "2024-01-01".to_owned();
    let layer = Layer { people, turn, handover_day, handover_minute, starts };
    Rota { timezone: zone.to_owned(), layers: vec![layer] }
}
