//! Now or in the morning. Ana is in San Francisco, where it is two at night; bo in Nairobi, one in the
//! afternoon.

use super::world::check_in;
use crate::{Event, WhyId, why};
use model::{AlertId, Catalogue, Urgency};

/// `light-on` may wait, and its team is where it is day and where it is night.
fn may_wait(it: &mut Catalogue) {
    it.features.get_mut(&"light-on".into()).expect("of the tests").urgency = Some(Urgency::Morning);
}

/// The same, and everybody sleeps: bo an hour longer than ana.
fn all_sleep(it: &mut Catalogue) {
    may_wait(it);
    it.people.get_mut(&"bo".into()).expect("of the tests").timezone = "Pacific/Honolulu".into();
}

#[test]
fn whoever_of_the_team_is_awake_is_asked_first() {
    check_in(
        may_wait,
        "0m fine light-on / 1m alert a light-on x=1 / 6m tick",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageNotified pg_1 step 0 (Opened) bo sms until 6m
        6m PageNotified pg_1 step 1 (NobodyAnswered) ana email, ana sms until 11m
        ",
    );
}

#[test]
fn where_all_sleep_it_waits_for_the_first_morning() {
    check_in(
        all_sleep,
        "0m fine light-on / 1m alert a light-on x=1 / 2m alert b light-on x=1 / 359m tick / 360m tick",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageHeld pg_1 until 360m for ana
        2m AlertFired al_2 page feature:light-on
        2m AlertJoined in_1 al_2
        2m NotPaged al_2 Held { page: PageId(1) }
        360m PageWoken pg_1 (Time)
        360m PageNotified pg_1 step 0 (Woken) ana email, ana sms until 365m
        ",
    );
}

#[test]
fn a_person_or_a_graver_alert_ends_the_wait() {
    check_in(
        all_sleep,
        "0m fine light-on / 1m alert a light-on x=1 / 2m wake in_1 bo",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageHeld pg_1 until 360m for ana
        2m PageWoken pg_1 (Person { by: PersonId(\"bo\") })
        2m PageNotified pg_1 step 0 (Woken) ana email, ana sms until 7m
        ",
    );
    check_in(
        all_sleep,
        "0m fine light-on / 1m alert a light-on x=1 / 2m alert b light-on urgency=wake",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageHeld pg_1 until 360m for ana
        2m AlertFired al_2 page feature:light-on
        2m AlertJoined in_1 al_2
        2m PageWoken pg_1 (Alert { alert: AlertId(2) })
        2m PageNotified pg_1 step 0 (Woken) ana email, ana sms until 7m
        2m NotPaged al_2 AlreadyPaging { page: PageId(1) }
        ",
    );
    check_in(
        all_sleep,
        "0m fine light-on / 1m alert a light-on x=1 / 2m burn light-on / 3m ack pg_1 bo",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageHeld pg_1 until 360m for ana
        2m AlertFired al_2 page feature:light-on
        2m AlertJoined in_1 al_2
        2m PageWoken pg_1 (Alert { alert: AlertId(2) })
        2m PageNotified pg_1 step 0 (Woken) ana email, ana sms until 7m
        2m NotPaged al_2 AlreadyPaging { page: PageId(1) }
        3m PageAcknowledged pg_1 bo
        ",
    );
}

/// Runs `script` where all sleep and one may wait, and compares why its page calls now.
#[track_caller]
fn check_now(change: fn(&mut Catalogue), script: &str, expected: &str) {
    let mut world = super::world::World::within(|it| {
        all_sleep(it);
        change(it);
    });
    script.split(" / ").for_each(|line| world.step(line));
    let opened = world.records.iter().find_map(|it| match &it.event {
        Event::PageOpened { urgency, .. } => Some(urgency.clone()),
        _ => None,
    });
    assert_eq!(opened.flatten().as_deref(), Some(expected));
    let notified = |it: &Event| matches!(it, Event::PageNotified { .. });
    assert!(world.records.iter().any(|it| notified(&it.event)), "people are called now");
}

#[test]
fn whatever_is_not_known_to_be_harmless_calls_now() {
    let same = |_: &mut Catalogue| {};
    let says = "feature light-on says `morning`, but";
    check_now(
        same,
        "1m alert a light-on x=1",
        &format!("{says} the budget of light-on is unknown: people are called now"),
    );
    check_now(
        same,
        "0m fine light-on / 11m alert a light-on x=1",
        &format!("{says} the budget of light-on is unknown: people are called now"),
    );
    check_now(
        same,
        "0m fine light-on / 0m restart / 1m alert a light-on x=1",
        &format!("{says} the budget of light-on is unknown: people are called now"),
    );
    check_now(
        same,
        "0m fine light-on / 1m alert a light-on severity=critical",
        &format!("{says} severity critical never waits: people are called now"),
    );
    check_now(
        same,
        "1m burn light-on",
        &format!("{says} its budget burns too fast: people are called now"),
    );
    check_now(
        same,
        "0m fine light-on / 1m alert a light-on urgency=wake",
        "the label `urgency` says `wake`",
    );
    check_now(
        |it| it.people.get_mut(&"bo".into()).expect("bo").timezone = "Mars/Olympus".into(),
        "0m fine light-on / 1m alert a light-on x=1",
        "feature light-on says `morning` and 25 % of the budget of light-on is spent, burning 0.5 \
         times as fast as allowed, but the zone of bo is unknown: people are called now",
    );
    check_now(
        |it| {
            it.escalations.get_mut(&"payments".into()).expect("of the tests").urgency =
                Some(Urgency::Morning);
        },
        "0m raise bo",
        "policy `payments` says `morning`, but a person called: people are called now",
    );
}

#[test]
fn the_wait_is_explained() {
    let mut world = super::world::World::within(all_sleep);
    for line in ["0m fine light-on", "1m alert a light-on x=1"] {
        world.step(line);
    }
    let lines = why(&world.records, &WhyId::Alert(AlertId(1)), world.engine.state());
    let told: Vec<&str> = lines.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(
        told,
        [
            "Alert al_1 (page): TooSlow (Received at alertmanager-v2; label `feature`.) At that time \
             25 % of the budget of light-on is spent, burning 0.5 times as fast as allowed.",
            "Incident in_1 opened for alert al_1.",
            "Page pg_1 follows the escalation policy `payments`.",
            "Page pg_1 calls nobody until 2026-11-23T16:00:00Z: held until 08:00 \
             America/Los_Angeles, where ana wakes first, because feature light-on says `morning` \
             and 25 % of the budget of light-on is spent, burning 0.5 times as fast as allowed.",
        ]
    );
}
