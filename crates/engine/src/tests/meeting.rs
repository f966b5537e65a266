//! Where ways of dealing with a page meet: taking over what is being handed on, what several must take
//! and what is held for a while; load limits beside the next in line; the next step of what waits.

use super::world::{check_in, check_with};
use model::{
    Catalogue, Escalation, EscalationStep, LoadLimit, LoadPer, LoadThen, Millis, Mode, PageTarget,
    Urgency,
};

fn step(page: PageTarget) -> EscalationStep {
    EscalationStep::new(page, Millis::from_mins(5))
}

fn rota() -> PageTarget {
    PageTarget::Rota("payments".into())
}

fn next() -> PageTarget {
    PageTarget::RotaNext("payments".into())
}

fn follow(catalogue: &mut Catalogue, steps: Vec<EscalationStep>) -> &mut Escalation {
    let policy = catalogue.escalations.get_mut(&"payments".into()).expect("of the tests");
    *policy = Escalation::new(steps, 0);
    policy
}

fn for_half_an_hour(it: &mut Catalogue) {
    follow(it, vec![step(rota())]).ack_timeout = Some(Millis::from_mins(30));
}

fn two_must_take_it(it: &mut Catalogue) {
    let mut first = step(PageTarget::Team("payments".into()));
    first.acks_min = 2;
    follow(it, vec![first]);
}

fn may_wait(it: &mut Catalogue) {
    follow(it, vec![step(rota()), step(next())]);
    it.features.get_mut(&"light-on".into()).expect("of the tests").urgency = Some(Urgency::Morning);
    it.people.get_mut(&"bo".into()).expect("of the tests").timezone = "America/Chicago".into();
}

#[test]
fn whoever_takes_over_what_is_being_handed_on_has_it_and_their_time_begins() {
    check_in(
        for_half_an_hour,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 10m hand pg_1 ana bo / 12m take in_1 cy / \
         13m ack pg_1 bo / 14m renew pg_1 cy / 36m tick / 41m tick / 44m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 ana
        10m PageHanded pg_1 ana to bo: bo sms
        12m TakenOver pg_1 ana -> cy
        13m refused: already acknowledged by cy at 2026-11-23T10:12:00Z
        14m PageRenewed pg_1 cy
        41m PageReminded pg_1 of 44m:
        44m PageReturned pg_1 cy
        44m PageNotified pg_1 step 1 (Returned) ana email, ana sms until 49m
        ",
    );
}

#[test]
fn taking_over_is_one_of_the_answers_where_several_are_wanted() {
    check_in(
        two_must_take_it,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 2m take in_1 ana / 3m take in_1 bo / \
         4m take in_1 cy / 5m take in_1 cy",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms, bo sms until 5m
        1m PagePartlyAcknowledged pg_1 ana 1 of 2
        2m refused: already acknowledged by ana at 2026-11-23T10:01:00Z
        3m PageAcknowledged pg_1 bo
        4m TakenOver pg_1 bo -> cy
        5m refused: already acknowledged by cy at 2026-11-23T10:04:00Z
        ",
    );
}

#[test]
fn the_next_in_line_is_nobody_who_was_relieved() {
    check_with(
        |it| {
            follow(it, vec![step(rota()), step(next())]);
            it.rotas.get_mut(&"payments".into()).expect("of the tests").load =
                Some(LoadLimit { pages: 1, per: LoadPer::Shift, then: LoadThen::Relieve });
        },
        "0m ring a / 1m ack pg_1 ana / 20m ring b / 25m tick / 30m tick",
        "
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m LoadReached 1 ana 1 pages, relieved by bo until 420m, told ana email, bo sms
        1m PageAcknowledged pg_1 ana
        20m PageNotified pg_2 step 0 (Opened) bo sms skipped ana until 25m
        20m LoadReached 2 bo 1 pages, NobodyLeft, told bo sms
        25m PageNotified pg_2 step 1 (NobodyAnswered) bo sms until 30m
        30m PageExhausted pg_2
        ",
    );
}

#[test]
fn whoever_asks_for_the_next_step_of_what_waits_gets_it() {
    check_in(
        may_wait,
        "0m fine light-on / 1m alert a light-on x=1 / 2m escalate pg_1 bo",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageHeld pg_1 until 240m for bo
        2m EscalationAsked pg_1 bo
        2m PageEnded pg_1 it waited, and bo asked for it now
        2m PageOpened pg_2 payments
        2m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 7m
        ",
    );
}

#[test]
fn page_anyway_waits_for_no_morning() {
    check_in(
        may_wait,
        "0m fine light-on / 1m alert a light-on x=1 / 2m anyway al_1 bo",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageHeld pg_1 until 240m for bo
        2m PagedAnyway al_1 by bo
        2m PageEnded pg_1 bo wants people called anyway
        2m PageOpened pg_2 payments
        2m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 7m
        ",
    );
}

#[test]
fn a_hand_over_and_a_reminder_count_as_calls() {
    let state = check_in(
        for_half_an_hour,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 2m hand pg_1 ana bo / 26m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 ana
        2m PageHanded pg_1 ana to bo: bo sms
        26m PageReminded pg_1 of 31m: ana email, ana sms
        ",
    );
    let calls = |person: &str| state.load.calls[&person.into()].len();
    // The first call of ana is too long ago to count.
    assert_eq!((calls("ana"), calls("bo")), (1, 1));
}

#[test]
fn what_comes_back_is_owed_anew_when_nobody_can_be_reached() {
    check_in(
        for_half_an_hour,
        "0m alert a light-on x=1 / 1m sent no_1 / 1m ack pg_1 ana / 31m tick / 31m lost no_3 / \
         31m lost no_4 / 40m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m NoticeSent no_1
        1m PageAcknowledged pg_1 ana
        31m PageReturned pg_1 ana
        31m PageNotified pg_1 step 1 (Returned) ana email, ana sms until 36m
        31m NoticeFailed no_3 given up
        31m NoticeFailed no_4 given up
        31m PageExhausted pg_1
        40m PageNotifiedAlso pg_1 step 1 (NobodyReached) again no_4 again no_3
        ",
    );
}

#[test]
fn one_of_several_answers_and_the_others_are_still_waited_for() {
    check_in(
        two_must_take_it,
        "0m alert a light-on x=1 / 0m sent no_2 / 0m receipt no_2 delivered / 0m sent no_3 / \
         1m ack pg_1 ana / 2m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms, bo sms until 5m
        0m NoticeSent no_2
        0m NoticeDelivered no_2 Delivered (status delivered of (address))
        0m NoticeSent no_3
        1m PagePartlyAcknowledged pg_1 ana 1 of 2
        2m NoticeUndelivered no_3 Missing (no receipt within 1m 30s)
        ",
    );
}

#[test]
fn what_is_in_shadow_is_not_merged_with_what_calls() {
    check_with(
        |it| {
            it.pager.mode = Mode::Shadow;
            it.teams.get_mut(&"payments".into()).expect("of the tests").mode = Some(Mode::Live);
        },
        "0m ring a / 1m watch-failed door / 2m merge in_1 in_2 bo",
        "
        0m ShadowBegan None
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 6m
        2m refused: one of `in_1` and `in_2` is in shadow mode and the other calls people: end shadow mode first
        ",
    );
}

#[test]
fn what_was_put_off_must_be_taken_by_as_many_again() {
    check_in(
        two_must_take_it,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 2m ack pg_1 bo / 3m snooze in_1 bo 60m / 4m ack pg_1 bo",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms, bo sms until 5m
        1m PagePartlyAcknowledged pg_1 ana 1 of 2
        2m PageAcknowledged pg_1 bo
        3m PageSnoozed pg_1 bo until 63m
        4m PagePartlyAcknowledged pg_1 bo 1 of 2
        ",
    );
}
