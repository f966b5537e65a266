//! The board as the server uses it.

use super::*;
use crate::testing::catalogue;

#[track_caller]
fn check_recent(board: &Board, expected: &[(i64, Slice)]) {
    let feature = FeatureId::from("light-on");
    let (end, minutes) = (expected.last().unwrap().0, u32::try_from(expected.len()).unwrap());
    assert_eq!(board.recent(&feature, end, minutes), expected);
}

#[test]
fn features_follow_their_members_also_late_ones() {
    let mut board = Board::new(&catalogue());
    let (api, carrier) = (SloId::from("api.up"), SloId::from("carrier.up"));
    for minute in 100..103 {
        assert_eq!(board.record(&api, minute, Slice::known(0, 10)), Some(Recorded::Stored));
        if minute != 101 {
            board.record(&carrier, minute, Slice::known(1, 5));
        }
        board.close_minute(minute);
    }
    let composed = Slice::known(2, 10);
    check_recent(&board, &[(100, composed), (101, Slice::Unknown), (102, composed)]);

    board.record(&carrier, 101, Slice::known(5, 5));
    board.record(&api, 103, Slice::known(0, 10));
    board.close_minute(103);
    let late = Slice::known(10, 10);
    check_recent(&board, &[(100, composed), (101, late), (102, composed), (103, Slice::Unknown)]);
    assert_eq!(board.record(&SloId::from("nobody.up"), 1, Slice::Unknown), None);
    assert_eq!(board.record(&api, 80, Slice::known(9, 9)), Some(Recorded::TooLate));
}

#[test]
fn a_minute_ahead_waits_until_it_is_closed() {
    let mut board = Board::new(&catalogue());
    for slo in ["api.up", "carrier.up"] {
        board.record(&SloId::from(slo), 7, Slice::known(0, 1));
        board.record(&SloId::from(slo), 8, Slice::known(1, 1));
    }
    board.close_minute(7);
    check_recent(&board, &[(7, Slice::known(0, 1)), (8, Slice::Unknown)]);
    board.close_minute(8);
    check_recent(&board, &[(7, Slice::known(0, 1)), (8, Slice::known(1, 1))]);
}

#[test]
fn adopting_keeps_what_is_measured_as_before() {
    let mut catalogue = catalogue();
    let mut board = Board::new(&catalogue);
    for minute in 0..600 {
        board.record(&SloId::from("api.up"), minute, Slice::known(1, 10));
        board.record(&SloId::from("carrier.up"), minute, Slice::known(0, 10));
        board.close_minute(minute);
    }
    assert_eq!(board.adopt(&catalogue), Adopted::default());

    let api = catalogue.services.get_mut(&model::ServiceId::from("api")).unwrap();
    api.slos.get_mut("up").unwrap().window = Millis::from_days(60);
    let carrier = catalogue.services.get_mut(&model::ServiceId::from("carrier")).unwrap();
    carrier.slos.get_mut("up").unwrap().bad = "other_total".into();
    let adopted = board.adopt(&catalogue);
    assert_eq!(adopted.fresh_slos, BTreeSet::from([SloId::from("carrier.up")]));
    assert_eq!(adopted.fresh_features, BTreeSet::new());
    let spent = |slo: &str| board.assess_slo(&SloId::from(slo), 599).unwrap().budget.total;
    assert_eq!((spent("api.up"), spent("carrier.up")), (6_000, 0));
    let feature = FeatureId::from("light-on");
    assert_eq!(board.assess_feature(&feature, 599).unwrap().budget.bad, 600);

    let needs = Need::Slo(SloId::from("api.up"));
    catalogue.features.get_mut(&feature).unwrap().needs = needs;
    assert_eq!(board.adopt(&catalogue).fresh_features, BTreeSet::from([feature.clone()]));
    assert_eq!(board.assess_feature(&feature, 599).unwrap().budget.bad, 360);
    assert_eq!(board.recent_hours(&feature, 599, 2)[1].1.total, 600);
}

/// Goal: an objective by time slices that follows the calendar is judged over the month so far, while
/// features are still composed of its events. Method: a bad hour in the old month and one in the new.
#[test]
fn a_month_of_slices_begins_anew() {
    let mut catalogue = catalogue();
    let api = catalogue.services.get_mut(&model::ServiceId::from("api")).unwrap();
    let slo = api.slos.get_mut("up").unwrap();
    slo.objective = Objective::parse("90%").unwrap();
    slo.method = Method::TimeSlices { minutes: 5, bad_ppm: 100_000 };
    let timezone = "Europe/Berlin".to_owned();
    slo.calendar = Some(Calendar { period: model::Period::Month, timezone });
    slo.window = Millis::from_days(31);
    let mut board = Board::new(&catalogue);
    let midnight = model::Timestamp::parse_rfc3339("2026-02-28T23:00:00Z").unwrap().minute();
    for minute in midnight - 600..midnight + 600 {
        let hour = (minute - midnight).div_euclid(60);
        let bad = if hour == -2 || hour == 3 { 3 } else { 1 };
        board.record(&SloId::from("api.up"), minute, Slice::known(bad, 20));
        board.record(&SloId::from("carrier.up"), minute, Slice::known(0, 20));
        board.close_minute(minute);
    }
    let spent = |minute| {
        let it = board.assess_slo(&SloId::from("api.up"), minute).unwrap();
        (it.budget.bad, it.budget.total, it.window, it.budget.coverage.to_string())
    };
    let month = Millis::from_hours(31 * 24 - 1);
    assert_eq!(spent(midnight + 599), (60, 600, month, "1".to_owned()));
    assert_eq!(spent(midnight + 59), (0, 60, month, "1".to_owned()));
    let february = Millis::from_days(28);
    assert_eq!(spent(midnight - 1).2, february);
    let light_on = board.assess_feature(&FeatureId::from("light-on"), midnight + 599).unwrap();
    assert_eq!((light_on.budget.bad, light_on.budget.total), (1_200 + 2 * 120, 24_000));
    let projected = board.assess_slo(&SloId::from("api.up"), midnight + 239).unwrap();
    // 60 of 240 slices were bad, more than the tenth that may be: it is gone already.
    assert_eq!(projected.budget.exhausts_at_current_burn, Some(Millis::ZERO));
}
