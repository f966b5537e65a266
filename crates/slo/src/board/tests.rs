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

/// A board of the sample feature, whose needs and own signals `change` makes others; twenty minutes in which
/// each signal counts what `of` says.
fn measured(
    change: impl FnOnce(&mut model::Feature, &Slo),
    of: &[(&str, u64, u64)],
) -> (Board, FeatureId) {
    let mut catalogue = catalogue();
    let feature = FeatureId::from("light-on");
    let slo = catalogue.slos().next().unwrap().1.clone();
    change(catalogue.features.get_mut(&feature).unwrap(), &slo);
    let mut board = Board::new(&catalogue);
    for minute in 0..20 {
        for (id, bad, total) in of {
            let recorded = board.record(&SloId::from(*id), minute, Slice::known(*bad, *total));
            assert_eq!(recorded, Some(Recorded::Stored), "{id}");
        }
        board.close_minute(minute);
    }
    (board, feature)
}

fn narrowed(feature: &mut model::Feature, slo: &Slo) {
    let id = SloId::edge(&SloId::from("carrier.up"), &"light-on".into());
    feature.needs = Need::All(vec![Need::Slo("api.up".into()), Need::Slo(id.clone())]);
    feature.own.edges.insert(id, slo.clone());
    feature.own.attempts = Some(slo.clone());
}

fn standing(board: &Board, feature: &FeatureId) -> (model::Severity, crate::ConditionState, bool) {
    let found = board.assess_feature(feature, 19).unwrap();
    let severity = model::Severity::Page;
    (severity, found.state(severity), found.is_uncertain())
}

/// Goal: a carrier that fails for others leaves this feature alone, and everything is weighed by the feature's
/// own attempts. Method: the carrier fails by half, at our traffic by a fiftieth, the api ten calls an attempt.
#[test]
fn a_narrowed_need_counts_this_features_traffic_only() {
    let of = [
        ("api.up", 0, 1_000),
        ("carrier.up", 5_000, 10_000),
        ("carrier.up@light-on", 1, 50),
        ("light-on.@attempts", 0, 100),
    ];
    let (board, feature) = measured(narrowed, &of);
    check_recent(&board, &[(18, Slice::known(2, 100)), (19, Slice::known(2, 100))]);
    let value = crate::composition::ValueFunction::Overlapping;
    let found = board.composite(&feature, Millis::from_mins(20), 19, value).unwrap();
    assert_eq!((found.attempts, found.at_least, found.at_most), (2_000, 40.0, 40.0));
    // Without its weight nothing is measured.
    let (board, feature) = measured(narrowed, &of[..3]);
    check_recent(&board, &[(18, Slice::Unknown), (19, Slice::Unknown)]);
    let found = board.composite(&feature, Millis::from_mins(20), 19, value).unwrap();
    assert_eq!((found.attempts, found.unmeasured.attempts, found.known_minutes), (0, 0, 0));
}

/// Goal: what is measured from end to end counts, and the composition stays beside it. Method: every need fails
/// wholly while the measurement says a tenth, and the other way round.
#[test]
fn what_is_measured_end_to_end_wins() {
    let of = |seen, needs| {
        [("api.up", needs, 10), ("carrier.up", 0, 10), ("light-on.@measured", seen, 60)]
    };
    let change = |feature: &mut model::Feature, slo: &Slo| feature.own.measured = Some(slo.clone());
    let (board, feature) = measured(change, &of(6, 10));
    check_recent(&board, &[(18, Slice::known(6, 60)), (19, Slice::known(6, 60))]);
    let value = crate::composition::ValueFunction::Overlapping;
    let found = board.composite(&feature, Millis::from_mins(20), 19, value).unwrap();
    assert_eq!((found.attempts, found.at_least), (200, 200.0));
    let seen = board.measured(&feature, 19).unwrap();
    assert_eq!((seen.bad, seen.total), (120, 1_200));
    let bill = found.apportion(seen).unwrap();
    assert_eq!((bill.members, bill.unexplained), (vec![120_000_000, 0], 0));
    let (board, feature) = measured(change, &of(60, 0));
    let seen = board.measured(&feature, 19).unwrap();
    let found = board.composite(&feature, Millis::from_mins(20), 19, value).unwrap();
    let bill = found.apportion(seen).unwrap();
    assert_eq!((bill.members, bill.unexplained), (vec![0, 0], 1_200_000_000));
}

/// Goal: people are called for what is certain, also while a need is silent, and never for an estimate alone.
#[test]
fn people_are_called_for_what_is_certain() {
    use crate::ConditionState::{Firing, Quiet, Unmeasured};
    let page = model::Severity::Page;
    let all = |_: &mut model::Feature, _: &Slo| {};
    let any = |feature: &mut model::Feature, _: &Slo| {
        let parts = ["api.up", "carrier.up"].map(|it| Need::Slo(it.into()));
        feature.needs = Need::Any(parts.into());
    };
    let (board, feature) = measured(all, &[("api.up", 90, 100)]);
    assert_eq!(standing(&board, &feature), (page, Firing, false));
    let (board, feature) = measured(all, &[("api.up", 0, 100)]);
    assert_eq!(standing(&board, &feature), (page, Unmeasured, false));
    let (board, feature) = measured(any, &[("api.up", 40, 100), ("carrier.up", 50, 100)]);
    assert_eq!(standing(&board, &feature), (page, Quiet, true));
    let found = board.assess_feature(&feature, 19).unwrap();
    assert_eq!(found.state(model::Severity::Ticket), Firing);
    let (board, feature) = measured(any, &[("api.up", 90, 100), ("carrier.up", 95, 100)]);
    assert_eq!(standing(&board, &feature), (page, Firing, false));
}
