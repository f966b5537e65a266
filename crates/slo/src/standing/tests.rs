//! What is left, how long it lasts, and since when nobody knows.

use super::*;
use crate::testing::catalogue;
use crate::{Board, Slice};

/// A feature of 99.9 % over 30 days that asks whether its budget is gone within a day, after `phases` of
/// minutes as `(minutes, bad, total)`.
fn standing(phases: &[(i64, u64, u64)]) -> Standing {
    let mut catalogue = catalogue();
    let feature = catalogue.features.values_mut().next().unwrap();
    feature.objective = Objective::parse("99.9%").unwrap();
    feature.window = Millis::from_days(30);
    feature.needs = model::Need::Slo(SloId::from("api.up"));
    let within = Millis::from_days(1);
    feature.budget_alerts.exhausted = Some(model::Exhausted { within, severity: Severity::Ticket });
    let mut board = Board::new(&catalogue);
    let mut minute = 29_000_000;
    for (minutes, bad, total) in phases {
        for _ in 0..*minutes {
            minute += 1;
            let slice =
                if *total == u64::MAX { Slice::Unknown } else { Slice::known(*bad, *total) };
            board.record(&SloId::from("api.up"), minute, slice);
            board.close_minute(minute);
        }
    }
    board.assess_feature(&"light-on".into(), minute).unwrap().standing
}

const UNKNOWN: u64 = u64::MAX;

#[track_caller]
fn check(phases: &[(i64, u64, u64)], left: &str, soon: ConditionState, stays: bool) {
    let found = standing(phases);
    let shown = found.left.map_or("?".to_owned(), |it| format!("{it:.3}"));
    let exhaustion = found.exhaustion.unwrap();
    assert_eq!((shown.as_str(), exhaustion.state, exhaustion.stays), (left, soon, stays));
}

#[test]
fn what_is_left_is_of_the_whole_window() {
    use ConditionState::{Firing, Quiet, Unmeasured};
    check(&[(600, 0, 100)], "1.000", Quiet, false);
    // One failure in the first hour is one of 43 that the month allows.
    check(&[(59, 0, 1), (1, 1, 1)], "0.977", Quiet, false);
    check(&[(60, 0, UNKNOWN)], "?", Unmeasured, true);
    // 50 times the budget's rate: gone within 15 hours.
    check(&[(6_000, 0, 100), (120, 5, 100)], "0.861", Firing, true);
    // It was burning, and is over.
    check(&[(6_000, 0, 100), (120, 5, 100), (20, 0, 100)], "0.861", Quiet, true);
    check(&[(6_000, 0, 100), (120, 5, 100), (119, 0, 100)], "0.861", Quiet, false);
    // Twice the rate for long: not within a day.
    check(&[(3_000, 1, 500)], "0.861", Quiet, false);
    check(&[(60, 100, 100)], "-0.389", Firing, true);
}

#[test]
fn silence_is_measured_from_the_last_known_minute() {
    let silence = |phases: &[_]| standing(phases).unmeasured.map(|it| (it.length, it.known_before));
    assert_eq!(silence(&[(9, 0, 1)]), None);
    assert_eq!(silence(&[(9, 0, 1), (1, 0, UNKNOWN)]), Some((Millis::from_mins(1), true)));
    assert_eq!(silence(&[(9, 0, 1), (47, 0, UNKNOWN)]), Some((Millis::from_mins(47), true)));
    let (long, known) = silence(&[(9, 0, 1), (3_000, 0, UNKNOWN)]).unwrap();
    assert!(known && (2_995..=3_000).contains(&long.whole_mins()), "{long}");
    assert!(!silence(&[(9, 0, UNKNOWN)]).unwrap().1);
    let silent = standing(&[(9, 0, 1), (3, 0, UNKNOWN)]).unmeasured.unwrap().silent;
    assert_eq!(silent, [SloId::from("api.up")]);
}
