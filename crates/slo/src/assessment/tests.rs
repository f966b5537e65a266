//! Worked numbers of the SRE Workbook, chapter 5, with its roundings and without its slip (one
//! failure of ten requests at 99.9 % burns at 100, not at 1 000), and behaviour at low traffic.

use super::*;
use crate::{Slice, default_conditions};

const MONTH: Millis = Millis::from_days(30);
/// Some minute that is no round number.
const START: i64 = 29_000_123;

/// Rings with `(minutes, bad per minute, total per minute)` one after the other.
fn rings(phases: &[(i64, u64, u64)]) -> (Rings, i64) {
    let mut rings = Rings::new(MONTH);
    let mut minute = START;
    for (minutes, bad, total) in phases {
        for _ in 0..*minutes {
            rings.record(minute, Slice::known(*bad, *total));
            minute += 1;
        }
    }
    (rings, minute - 1)
}

fn evaluated(objective: &str, phases: &[(i64, u64, u64)]) -> Assessment {
    let (rings, end) = rings(phases);
    let objective = Objective::parse(objective).unwrap();
    evaluate(objective, MONTH, &default_conditions(), &rings, end)
}

/// The first minute, counted from the end of a healthy day, after which the first condition is
/// `state`, when every minute has `bad` of `total` during `outage` minutes and none after.
fn minutes_until(state: ConditionState, outage: i64, bad: u64, total: u64) -> Option<i64> {
    let (mut rings, end) = rings(&[(24 * 60, 0, total)]);
    let objective = Objective::parse("99.9%").unwrap();
    let mut fired = false;
    for minute in 1..=24 * 60 {
        let bad = if minute <= outage { bad } else { 0 };
        rings.record(end + minute, Slice::known(bad, total));
        let found = evaluate(objective, MONTH, &default_conditions()[..1], &rings, end + minute);
        fired |= found.conditions[0].state == ConditionState::Firing;
        if found.conditions[0].state == state && (fired || state == ConditionState::Firing) {
            return Some(minute);
        }
    }
    None
}

#[test]
fn fifteen_percent_crosses_after_six_minutes_and_ends_with_the_short_window() {
    // 14.4 × 0.1 % of an hour is 5.76 minutes at 15 %.
    assert_eq!(minutes_until(ConditionState::Firing, 10, 15_000, 100_000), Some(6));
    // The short window holds the last bad minute for five more, and one bad minute of five is 3 %.
    assert_eq!(minutes_until(ConditionState::Quiet, 10, 15_000, 100_000), Some(15));
}

/// Goal: reset times of each window alone: 54 minutes after the end for the hour, and 5 for the
/// five minutes.
#[test]
fn the_long_window_resets_later_than_the_short_one() {
    let (mut rings, end) = rings(&[(24 * 60, 0, 1_000), (10, 150, 1_000)]);
    let (mut long_resets, mut short_resets) = (None, None);
    for minute in 1..=70 {
        rings.record(end + minute, Slice::known(0, 1_000));
        let below = |length| {
            rings.window(end + minute, Millis::from_mins(length)).error_ratio().unwrap() <= 0.0144
        };
        if below(60) {
            long_resets.get_or_insert(minute);
        }
        if below(5) {
            short_resets.get_or_insert(minute);
        }
    }
    assert_eq!((long_resets, short_resets), (Some(55), Some(5)));
}

#[test]
fn an_hour_of_outage_takes_140_percent_of_the_budget() {
    let outage_minutes = |minutes| {
        let healthy = 30 * 24 * 60 - minutes;
        evaluated("99.9%", &[(healthy, 0, 1_000), (minutes, 1_000, 1_000)]).budget
    };
    let shown = |it: Budget| format!("{:.3}", it.spent_ratio.unwrap());
    assert_eq!(shown(outage_minutes(60)), "1.389");
    assert_eq!(shown(outage_minutes(5)), "0.116");
    assert_eq!(shown(outage_minutes(43)), "0.995");
}

#[test]
fn thirty_five_times_exhausts_a_month_in_20_57_hours() {
    let objective = Objective::parse("99.9%").unwrap();
    let counts = WindowCounts { bad: 0, total: 1, known_minutes: 1, minutes: 1 };
    let left = Budget::of(counts, objective, MONTH, Some(35.0)).exhausts_at_current_burn;
    assert_eq!(left.map(|it| it.to_string()), Some("20h 34m".to_owned()));
    let burning = |rate| Budget::of(counts, objective, MONTH, rate).exhausts_at_current_burn;
    assert_eq!((burning(Some(1.0)), burning(None)), (None, None));
    let gone = WindowCounts { bad: 1, ..counts };
    let left = Budget::of(gone, objective, MONTH, None).exhausts_at_current_burn;
    assert_eq!(left, Some(Millis::ZERO));
}

#[test]
fn a_total_outage_at_90_percent_spends_1_4_percent_of_the_budget_in_an_hour_and_still_pages() {
    let found = evaluated("90%", &[(30 * 24 * 60 - 60, 0, 100), (60, 100, 100)]);
    assert_eq!(format!("{:.4}", found.budget.spent_ratio.unwrap()), "0.0139");
    assert!(found.conditions[0].clamped);
    assert_eq!(found.state(Severity::Page), ConditionState::Firing);
}

#[test]
fn one_failure_of_ten_burns_at_100_and_does_not_page() {
    let found = evaluated("99.9%", &[(24 * 60, 0, 0), (9, 0, 1), (1, 1, 1)]);
    assert_eq!(found.burn_rate, Some(100.0));
    assert_eq!(found.state(Severity::Page), ConditionState::Quiet);
    assert!(!found.conditions[0].significant);
}

#[test]
fn a_total_outage_pages_within_minutes_also_at_low_traffic() {
    assert_eq!(minutes_until(ConditionState::Firing, 600, 1, 1), Some(5), "60 an hour");
    assert_eq!(minutes_until(ConditionState::Firing, 600, 100, 100), Some(2), "6 000 an hour");
    assert_eq!(minutes_until(ConditionState::Firing, 600, 0, 100), None, "healthy");
}

/// Goal: clusters make nobody deaf: a total outage of an hour pages whatever is promised, also where nothing is
/// known of the service. Method: every kind of objective, from one attempt a minute.
#[test]
fn an_hour_of_total_outage_pages_whatever_is_promised() {
    for objective in ["99.99%", "99.9%", "99%", "98%", "97%", "96%", "95%", "93.05%", "90%", "50%"]
    {
        for per_minute in [1, 2, 3, 10, 100] {
            let found = evaluated(objective, &[(300, 0, per_minute), (60, per_minute, per_minute)]);
            assert_eq!(
                found.state(Severity::Page),
                ConditionState::Firing,
                "{objective} at {per_minute} a minute: {:?}",
                found.conditions[0]
            );
        }
    }
}

#[test]
fn unknown_minutes_freeze_a_condition_and_are_never_good_or_bad() {
    let state = |phases: &[Slice]| {
        let (mut rings, end) = rings(&[(24 * 60, 0, 100), (30, 100, 100)]);
        for (minute, slice) in (1..).zip(phases) {
            rings.record(end + minute, *slice);
        }
        let end = end + i64::try_from(phases.len()).unwrap();
        let objective = Objective::parse("99.9%").unwrap();
        evaluate(objective, MONTH, &default_conditions(), &rings, end).conditions[0].state
    };
    assert_eq!(state(&[]), ConditionState::Firing);
    assert_eq!(state(&[Slice::Unknown; 2]), ConditionState::Firing);
    assert_eq!(state(&[Slice::Unknown; 3]), ConditionState::Unmeasured);
    assert_eq!(state(&[Slice::Unknown; 90]), ConditionState::Unmeasured);
    assert_eq!(state(&[Slice::known(0, 0); 5]), ConditionState::Quiet);
    assert_eq!(state(&[Slice::known(0, 100); 5]), ConditionState::Quiet);
}

#[test]
fn nothing_known_has_no_budget_and_no_burn() {
    let objective = Objective::parse("99.9%").unwrap();
    let found = evaluate(objective, MONTH, &default_conditions(), &Rings::new(MONTH), 5);
    assert_eq!((found.budget.spent_ratio, found.burn_rate), (None, None));
    assert_eq!(found.state(Severity::Page), ConditionState::Unmeasured);
    assert_eq!(found.state(Severity::Ticket), ConditionState::Unmeasured);
}

/// Goal: what is journalled is read back to the last bit, whatever the counts.
#[test]
fn every_number_survives_json() {
    let mut prng = crate::testing::Prng::new(7);
    for _ in 0..5_000 {
        let digits = 1 + prng.below(47);
        let total = prng.below(1 << digits);
        let bad = prng.below(total + 1);
        let objective = Objective::parse(&format!("{}.{}%", prng.below(99), 1 + prng.below(999)));
        let (rings, end) = rings(&[(3, bad >> 18, total >> 16)]);
        let found = evaluate(objective.unwrap(), MONTH, &default_conditions(), &rings, end);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Assessment>(&text).unwrap(), found, "{text}");
    }
}
