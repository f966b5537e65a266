//! Alerts on how a budget stands and on nothing being measured, of features and of service objectives.

use super::words::observe;
use super::world::World;
use crate::{Command, Submission};
use model::{
    Alerts, BudgetAlerts, BudgetLeft, Catalogue, Exhausted, Millis, NoData, Severity, SloId,
    Timestamp,
};
use slo::ConditionState::{self, Firing, Quiet, Unmeasured};
use slo::{Assessment, Exhaustion, Standing};

const WITHIN: Millis = Millis::from_days(2);

/// Tickets below 10 % and when gone within two days, and a call after 20 minutes without data.
fn alerts() -> BudgetAlerts {
    BudgetAlerts {
        left: Some(BudgetLeft { below_ppm: 100_000, severity: Severity::Ticket }),
        exhausted: Some(Exhausted { within: WITHIN, severity: Severity::Ticket }),
        no_data: Some(NoData { after: Millis::from_mins(20), severity: Severity::Page }),
    }
}

fn of_feature(catalogue: &mut Catalogue) {
    let feature = catalogue.features.get_mut(&model::FeatureId::from("light-on")).unwrap();
    feature.budget_alerts = alerts();
}

fn of_slo(catalogue: &mut Catalogue) {
    let service = catalogue.services.get_mut(&model::ServiceId::from("payments-api")).unwrap();
    let slo = service.slos.get_mut("availability").unwrap();
    slo.alerts = Some(Alerts { conditions: vec![], budget: alerts() });
    slo.loses = Some("the light stays off after paying".to_owned());
}

fn assessed(page: ConditionState) -> Assessment {
    match observe("light-on", page, Quiet) {
        Command::Observe { assessment, .. } => *assessment,
        _ => unreachable!("an observation"),
    }
}

fn exhaustion(state: ConditionState, stays: bool) -> Exhaustion {
    Exhaustion { within: WITHIN, state, stays, burn: None }
}

/// What one word says about the budget: `0.5` of it is left, `soon` gone, `later`, unknown for `?20` minutes,
/// never known (`??`), or `burns`.
fn standing(word: &str) -> Assessment {
    let (mut left, mut soon, mut silence) = (Some(0.5), exhaustion(Quiet, false), None);
    let mut state = Quiet;
    match word {
        "soon" => soon = exhaustion(Firing, true),
        "later" => soon = exhaustion(Quiet, true),
        "burns" => state = Firing,
        "??" => {
            (left, soon, state) = (None, exhaustion(Unmeasured, true), Unmeasured);
            silence = Some((Millis::from_days(366), false));
        }
        _ => {
            if let Some(minutes) = word.strip_prefix('?') {
                (left, soon, state) = (Some(0.05), exhaustion(Firing, true), Unmeasured);
                silence = Some((Millis::from_mins(minutes.parse().unwrap()), true));
            } else {
                left = Some(word.parse().unwrap());
            }
        }
    }
    let unmeasured = silence.map(|(length, known_before)| slo::Unmeasured {
        length,
        known_before,
        silent: vec![SloId::from("payments-api.availability")],
    });
    let mut assessment = assessed(state);
    assessment.standing = Standing { left, exhaustion: Some(soon), unmeasured };
    assessment
}

#[derive(Clone, Copy)]
enum Of {
    Feature,
    Slo,
}

/// Plays `<minute> <word>` of the budget of a feature or an objective, and tells the alerts in words.
#[track_caller]
fn check(change: impl Fn(&mut Catalogue), of: Of, script: &str, expected: &str) -> World {
    let mut world = World::within(change);
    for line in script.split(" / ") {
        let (at, word) = line.split_once(' ').unwrap();
        if word == "restart" || word == "deaf" {
            world.step(line);
            continue;
        }
        let minutes: i64 = at.trim_end_matches('m').parse().unwrap();
        let now = super::world::START.plus(Millis::from_mins(minutes));
        world.submit(at, now, &Submission::system(command(of, word)));
    }
    let told = |record: &crate::EventRecord| {
        let alert = matches!(
            record.event,
            crate::Event::AlertFired { .. } | crate::Event::AlertResolved { .. }
        );
        let minutes = record.at.since(super::world::START).whole_mins();
        alert.then(|| format!("{minutes}m {}", crate::tell(&record.event, None)))
    };
    let told: Vec<String> = world.records.iter().filter_map(told).collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(told.join("\n"), expected.join("\n"));
    assert_eq!(&world.replayed(), world.engine.state(), "replay gives the same state");
    world
}

fn command(of: Of, word: &str) -> Command {
    let assessment = Box::new(standing(word));
    match of {
        Of::Feature => Command::Observe { feature: "light-on".into(), assessment },
        Of::Slo => Command::ObserveSlo { slo: "payments-api.availability".into(), assessment },
    }
}

#[test]
fn little_left_is_a_ticket_that_does_not_flap() {
    check(
        of_feature,
        Of::Feature,
        "0m 0.5 / 1m 0.1 / 2m 0.099 / 3m 0.101 / 4m 0.09 / 5m 0.109 / 6m 0.12 / 7m 0.099",
        "2m Alert al_1 (ticket): 9.9 % of the budget of `light-on` is left. (5 of 10 failed in 28d, and 99.5% leaves less than the 10 % asked for.)
        6m Alert al_1 ended: the budget stands clearly better again.
        7m Alert al_2 (ticket): 9.9 % of the budget of `light-on` is left. (5 of 10 failed in 28d, and 99.5% leaves less than the 10 % asked for.)",
    );
}

#[test]
fn gone_before_long_is_a_ticket_until_it_lasts_again() {
    check(
        of_feature,
        Of::Feature,
        "0m 0.5 / 1m soon / 2m later / 3m soon / 4m ?1 / 5m later / 6m 0.5",
        "1m Alert al_1 (ticket): 50 % of the budget of `light-on` is left, and gone within 2d as it burns now. (5 of 10 failed in 28d.)
        6m Alert al_1 ended: the budget stands clearly better again.",
    );
}

/// Nothing is measured: a call after 20 minutes, neither sooner nor twice, while the other alerts freeze.
#[test]
fn no_data_calls_and_freezes_the_rest() {
    check(
        of_feature,
        Of::Feature,
        "0m burns / 1m ?1 / 10m ?10 / 20m ?20 / 21m ?21 / 30m ?30 / 31m 0.5",
        "0m Alert al_1 (page): Do we activate clients' lights promptly? Too often not. At this rate the promise is at risk. (5 of 10 failed in 1h, worth 1 because failures come in clusters of about 5, and 5 of 10 in 5m, 100.0 times what 99.5% allows; 5 of 10 failed in 6h, worth 1 because failures come in clusters of about 5, and 5 of 10 in 30m, 100.0 times what 99.5% allows.)
        20m Alert al_2 (page): Nobody knows whether `light-on` works: not measured for 20m: `payments-api.availability` says nothing. (nothing was measured for 20m though the source answers.)
        31m Alert al_1 ended: no condition fires any more.
        31m Alert al_2 ended: it is measured again.",
    );
}

/// By default it is a ticket after half an hour; what never was measured counts from when we began to look.
#[test]
fn what_was_never_measured_is_not_silent() {
    check(
        |_| {},
        Of::Feature,
        "0m ?? / 29m ?? / 30m ?? / 31m 0.5",
        "30m Alert al_1 (ticket): Nobody knows whether `light-on` works: not measured yet for 30m: `payments-api.availability` says nothing. (nothing was measured for 30m though the source answers; it never was, so look at its selectors.)
        31m Alert al_1 ended: it is measured again.",
    );
}

/// A source that does not answer has an alert of its own, and a restart is no reason to call.
#[test]
fn our_own_gaps_and_silent_sources_are_not_no_data() {
    check(
        of_feature,
        Of::Feature,
        "0m 0.5 / 100m restart / 100m ?99 / 104m ?103 / 105m ?104",
        "105m Alert al_1 (page): Nobody knows whether `light-on` works: not measured for 1h 44m: `payments-api.availability` says nothing. (nothing was measured for 20m though the source answers.)",
    );
    check(of_feature, Of::Feature, "0m deaf / 10m ?9 / 60m ?59", "");
}

/// An objective alerts the team of its service, without any feature; without `alerts` it is quiet.
#[test]
fn an_objective_alerts_by_itself() {
    let world = check(
        of_slo,
        Of::Slo,
        "0m burns / 1m 0.05 / 9m 0.5",
        "0m Alert al_1 (page): `payments-api.availability` fails too often (the light stays off after paying). At this rate the promise is at risk. (5 of 10 failed in 1h, worth 1 because failures come in clusters of about 5, and 5 of 10 in 5m, 500.0 times what 99.9% allows; 5 of 10 failed in 6h, worth 1 because failures come in clusters of about 5, and 5 of 10 in 30m, 500.0 times what 99.9% allows.)
        1m Alert al_1 ended: no condition fires any more.
        1m Alert al_2 (ticket): 5.0 % of the budget of `payments-api.availability` is left. (5 of 10 failed in 28d, and 99.9% leaves less than the 10 % asked for.)
        9m Alert al_2 ended: the budget stands clearly better again.",
    );
    let page = &world.engine.state().pages[&model::PageId(1)];
    assert_eq!(page.escalation.as_str(), "payments");
    check(|_| {}, Of::Slo, "0m burns / 9m burns", "");
}

/// One alert per urgency, whichever windows fire; all of them stand in it.
#[test]
fn windows_that_fire_together_are_one_alert() {
    let mut world = World::within(|_| {});
    let mut assessment = assessed(Firing);
    for it in &mut assessment.conditions {
        it.state = Firing;
    }
    let assessment = Box::new(assessment);
    let now: Timestamp = super::world::START;
    let command = Command::Observe { feature: "light-on".into(), assessment };
    world.submit("0m", now, &Submission::system(command.clone()));
    world.submit("1m", now.plus(Millis::from_mins(1)), &Submission::system(command));
    let fired: Vec<String> = world
        .records
        .iter()
        .filter(|it| matches!(it.event, crate::Event::AlertFired { .. }))
        .map(|it| crate::tell(&it.event, None))
        .collect();
    assert_eq!(fired.len(), 2, "{fired:?}");
    let windows = |text: &str| ["in 1h", "in 6h", "in 1d", "in 3d"].map(|it| text.contains(it));
    assert_eq!(windows(&fired[0]), [true, true, false, false], "{}", fired[0]);
    assert_eq!(windows(&fired[1]), [false, true, true, true], "{}", fired[1]);
}

/// A feature that is only looked at alerts nobody, and what it has alerted ends when it becomes one.
#[test]
fn what_is_only_looked_at_alerts_nobody() {
    let silent = |catalogue: &mut Catalogue| {
        of_feature(catalogue);
        let feature = catalogue.features.get_mut(&model::FeatureId::from("light-on")).unwrap();
        feature.alerts_nobody = true;
    };
    let script = "0m burns / 1m 0.01 / 2m soon / 3m ?30 / 40m ?70";
    check(silent, Of::Feature, script, "");
    let mut world = World::within(of_feature);
    for word in ["burns", "0.05"] {
        let command = command(Of::Feature, word);
        world.submit("0m", super::world::START, &Submission::system(command));
    }
    assert_eq!(world.engine.state().firing.len(), 1);
    let mut catalogue = super::world::catalogue();
    silent(&mut catalogue);
    let adopt = Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash: "second".into() };
    let now = super::world::START.plus(Millis::from_mins(5));
    world.submit("5m", now, &Submission::system(adopt));
    assert!(world.engine.state().firing.is_empty());
}

/// Revisions tell when somebody will be called otherwise than before.
#[test]
fn alerts_have_words_in_revisions() {
    let check = |change: &dyn Fn(&mut Catalogue), expected: &str| {
        let mut catalogue = super::world::catalogue();
        change(&mut catalogue);
        let feature = &catalogue.features[&model::FeatureId::from("light-on")];
        let fields = crate::terms::fields(feature);
        assert_eq!(fields.last(), Some(&("alerts", expected.to_owned())));
    };
    check(&|_| {}, "as usual");
    let words = "ticket below 10 % left, ticket gone within 2d, page without data for 20m";
    check(&of_feature, words);
    let silent =
        |it: &mut Catalogue| it.features.values_mut().for_each(|it| it.alerts_nobody = true);
    check(&silent, "nobody");
}

/// What is no longer configured does not fire for ever.
#[test]
fn alerts_end_with_their_configuration() {
    let mut world = check_started();
    let mut catalogue = super::world::catalogue();
    of_slo(&mut catalogue);
    let slos =
        &mut catalogue.services.get_mut(&model::ServiceId::from("payments-api")).unwrap().slos;
    slos.get_mut("availability").unwrap().alerts = None;
    let adopt = Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash: "second".into() };
    let now = super::world::START.plus(Millis::from_mins(5));
    world.submit("5m", now, &Submission::system(adopt));
    assert!(world.engine.state().firing.is_empty());
}

fn check_started() -> World {
    let mut world = World::within(of_slo);
    for word in ["burns", "0.05"] {
        let command = command(Of::Slo, word);
        world.submit("0m", super::world::START, &Submission::system(command));
    }
    assert_eq!(world.engine.state().firing.len(), 1);
    world
}
