//! Rotas as lines, shifts as lines. The expected lines were computed apart with Python's `zoneinfo`.

mod ahead;
mod feed;
mod ics;
mod places;
mod recurrence;
mod timesheet;
mod walk;

use crate::{Zones, duty, shifts};
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, ToSpan};
use model::{Layer, LayerRules, Millis, PersonId, Rota, RotaRules, Timestamp, Turn, Weekday};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeMap;

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
        "ana 2026-04-04T01:00:00Z 2026-04-05T01:30:00Z 1d 30m",
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

#[test]
fn a_hand_over_that_happens_twice_takes_the_first() {
    check(
        "Europe/Paris d1 mon 02:30",
        "2026-10-25T00:00:00Z",
        "2026-10-26T00:00:00Z",
        "
        bo 2026-10-24T00:30:00Z 2026-10-25T00:30:00Z 1d
        ana 2026-10-25T00:30:00Z 2026-10-26T01:30:00Z 1d 1h
        ",
    );
}

/// St John's fell back at one minute past midnight: after the hand-over it is yesterday again.
#[test]
fn a_clock_that_falls_back_over_midnight_does_not_take_the_duty_back() {
    check(
        "America/St_Johns d1 mon 00:00",
        "2010-11-07T02:40:00Z",
        "2010-11-07T03:00:00Z",
        "ana 2010-11-07T02:30:00Z 2010-11-08T03:30:00Z 1d 1h",
    );
}

#[test]
fn before_the_first_turn_the_first_person_has_the_duty() {
    check(
        "Europe/Paris w1 mon 09:00",
        "2023-12-20T00:00:00Z",
        "2024-01-09T00:00:00Z",
        "
        ana 2023-12-18T08:00:00Z 2023-12-25T08:00:00Z 7d
        ana 2023-12-25T08:00:00Z 2024-01-01T08:00:00Z 7d
        ana 2024-01-01T08:00:00Z 2024-01-08T08:00:00Z 7d
        bo 2024-01-08T08:00:00Z 2024-01-15T08:00:00Z 7d
        ",
    );
}

/// Goal: a question about the end of time is answered, in bounded time, by a shift that holds it.
#[test]
fn the_ends_of_time_have_somebody_on_duty() {
    let zones = Zones::bundled();
    let extremes = ["9999-12-30T22:00:00Z", "9000-01-01T00:00:00Z", "-009999-01-02T02:00:00Z"];
    let mut instants: Vec<Timestamp> =
        extremes.iter().map(|it| Timestamp::parse_rfc3339(it).expect("a time")).collect();
    instants.extend([Timestamp(i64::MIN), Timestamp(i64::MAX - 1), Timestamp(i64::MAX)]);
    for turn in [Turn::Days(1), Turn::Days(u16::MAX), Turn::Weeks(1), Turn::Weeks(u16::MAX)] {
        for zone in ["UTC", "Pacific/Kiritimati", "America/Adak"] {
            for at in &instants {
                let shift = duty(&rota(zone, turn, Weekday::Sun, 1_439), *at, &zones).shift;
                assert!(shift.starts <= *at, "{zone} {turn:?} {at:?}: {shift:?}");
                assert!(*at < shift.ends || at.0 == i64::MAX, "{zone} {turn:?} {at:?}: {shift:?}");
                assert!(shift.starts < shift.ends);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Goal: around a change of clocks the shifts are those that a person sees who watches a clock on
    /// the wall for six days, minute by minute, with a calendar in which hand-overs are crossed.
    #[test]
    fn shifts_are_what_a_watcher_of_the_clock_sees(
        zone in select(vec!["America/Los_Angeles", "Europe/Paris", "Africa/Cairo", "Africa/Nairobi",
            "Australia/Lord_Howe", "America/Santiago", "UTC"]),
        turn in prop_oneof![(1_u16..4).prop_map(Turn::Days), (1_u16..3).prop_map(Turn::Weeks)],
        day in select(vec![Weekday::Mon, Weekday::Wed, Weekday::Sat, Weekday::Sun]),
        minute in prop_oneof![0_u16..1_440, 0_u16..200],
        people_count in 1_usize..4,
        change_idx in any::<Index>(),
    ) {
        let zones = Zones::bundled();
        let mut rota = rota(zone, turn, day, minute);
        rota.layers[0].people = ["ana", "bo", "cy"][..people_count].iter().map(|it| (*it).into()).collect();
        let mut changes = changes(zone, &zones);
        changes.push(Timestamp::parse_rfc3339("2026-06-15T00:00:00Z").expect("a time"));
        let change = changes[change_idx.index(changes.len())];
        let (from, to) = (change.minus(Millis::from_days(3)), change.plus(Millis::from_days(3)));
        let seen = watched(&rota, from, to, &zones);
        let told = shifts(&rota, from, to, &zones);
        let marks: Vec<Timestamp> =
            told.iter().map(|it| it.starts).filter(|it| *it > from).collect();
        prop_assert_eq!(&marks, &seen.marks);
        for pair in told.windows(2) {
            prop_assert_eq!(pair[0].ends, pair[1].starts);
        }
        for (at, person) in seen.on_duty.iter().step_by(11) {
            let duty = duty(&rota, *at, &zones);
            prop_assert_eq!(&duty.people, &vec![person.clone()]);
            prop_assert!(told.contains(&duty.shift));
        }
        for mark in &seen.marks {
            for at in [mark.minus(Millis(1)), *mark] {
                prop_assert!(told.contains(&duty(&rota, at, &zones).shift));
            }
        }
    }
}

/// What a watcher writes down.
struct Watched {
    marks: Vec<Timestamp>,
    on_duty: Vec<(Timestamp, PersonId)>,
}

/// Watches the wall clock of the rota's zone from `from` to `to`. Knows of zones only the offset at an
/// instant, of rotas only a calendar counted day by day: nothing of what it checks.
fn watched(rota: &Rota, from: Timestamp, to: Timestamp, zones: &Zones) -> Watched {
    let layer = &rota.layers[0];
    let zone = zones.get(&rota.timezone).expect("a known zone");
    let wall = |at: Timestamp| at.to_jiff().to_zoned(zone.clone()).datetime();
    let calendar = calendar(layer);
    let time = Time::constant(0, 0, 0, 0)
        .checked_add(i64::from(layer.handover_minute).minutes())
        .expect("within a day");
    // A day more, so that the first turn of the window is known from its own hand-over, or the day's.
    let mut at = from.minus(Millis::from_days(1));
    let mut before = wall(at.minus(Millis::from_mins(1)));
    let mut pending: Option<DateTime> = None;
    let mut begun: Option<Date> = None;
    let mut seen = Watched { marks: vec![], on_duty: vec![] };
    while at < to {
        let now = wall(at);
        let skipped = now.duration_since(before) - SignedDuration::from_mins(1);
        let expected = before.checked_add(1.minute()).expect("in range");
        for date in [before.date(), now.date()] {
            let wanted = date.to_datetime(time);
            if begun < Some(date) && calendar.contains_key(&date) && pending.is_none() {
                if wanted == now {
                    pending = Some(now);
                } else if expected <= wanted && wanted < now {
                    // Skipped by the clock: as much later as the clock jumped.
                    pending = Some(wanted.checked_add(skipped).expect("in range"));
                }
            }
        }
        if pending == Some(now) {
            begun = Some(now.date());
            pending = None;
            if at > from {
                seen.marks.push(at);
            }
        }
        let today = begun.unwrap_or_else(|| now.date().yesterday().expect("in range"));
        let turn = calendar.range(..=today).next_back().map_or(0, |(_, turn)| *turn);
        if at >= from {
            seen.on_duty.push((at, layer.people[turn % layer.people.len()].clone()));
        }
        before = now;
        at = at.plus(Millis::from_mins(1));
    }
    seen
}

/// The days of hand-over up to 2028 with the number of the turn they begin, counted one by one.
fn calendar(layer: &Layer) -> BTreeMap<Date, usize> {
    let mut calendar = BTreeMap::new();
    let mut date: Date = layer.starts.parse().expect("a date");
    let mut days_left = 0;
    while date.year() < 2028 {
        let name = format!("{:?}", date.weekday());
        let is_day = matches!(layer.turn, Turn::Days(_))
            || name.starts_with(&format!("{:?}", layer.handover_day));
        if days_left == 0 && is_day {
            calendar.insert(date, calendar.len());
            days_left = match layer.turn {
                Turn::Days(count) => i64::from(count),
                Turn::Weeks(count) => 7 * i64::from(count),
                other => panic!("{other:?} has no calendar of days"),
            };
        }
        days_left = (days_left - 1).max(0);
        date = date.tomorrow().expect("in range");
    }
    calendar
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
        .map(|it| {
            format!("{} {} {} {}", it.people[0], it.starts, it.ends, it.ends.since(it.starts))
        })
        .collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(shown.join("\n"), expected.join("\n"));
}

fn rota(zone: &str, turn: Turn, handover_day: Weekday, handover_minute: u16) -> Rota {
    let people: Vec<PersonId> = vec!["ana".into(), "bo".into()];
    let starts = "2024-01-01".to_owned();
    let rules = LayerRules::default();
    let layer = Layer { people, turn, handover_day, handover_minute, starts, rules };
    let rules = RotaRules::default();
    Rota { timezone: zone.to_owned(), layers: vec![layer], load: None, confirm: None, rules }
}
