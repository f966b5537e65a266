//! Steps that look before they call, and what people do with a page once they have it.

use super::world::{World, check_in};
use crate::Limits;
use model::{
    BudgetWhen, Catalogue, Escalation, EscalationStep, Hours, Millis, PageId, PageTarget, Weekday,
};

fn targets(text: &str) -> Vec<PageTarget> {
    let target = |it: &str| match it.split(' ').collect::<Vec<_>>()[..] {
        ["rota", id] => PageTarget::Rota(id.into()),
        ["rota", id, "next"] => PageTarget::RotaNext(id.into()),
        ["team", id] => PageTarget::Team(id.into()),
        ["person", id] => PageTarget::Person(id.into()),
        _ => panic!("no target: {it}"),
    };
    text.split(", ").map(target).collect()
}

fn step(text: &str) -> EscalationStep {
    let page = targets(text);
    EscalationStep {
        page: page.clone(),
        ..EscalationStep::new(page[0].clone(), Millis::from_mins(5))
    }
}

fn follow(catalogue: &mut Catalogue, steps: Vec<EscalationStep>) -> &mut Escalation {
    let policy = catalogue.escalations.get_mut(&"payments".into()).expect("of the tests");
    *policy = Escalation::new(steps, 0);
    policy
}

fn office() -> Hours {
    let days = vec![Weekday::Mon, Weekday::Tue];
    Hours { from_minute: 9 * 60, until_minute: 18 * 60, days }
}

#[test]
fn a_step_calls_several_and_the_next_in_line() {
    check_in(
        |it| {
            follow(it, vec![step("rota payments, person cy"), step("rota payments next")]);
        },
        "0m alert a light-on x=1 / 5m tick / 10m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms skipped cy until 5m
        5m PageNotified pg_1 step 1 (NobodyAnswered) bo sms until 10m
        10m PageExhausted pg_1
        ",
    );
}

#[test]
fn hours_are_those_of_each_person_and_a_step_without_anybody_is_passed_over() {
    let hours = |it: &mut Catalogue| {
        let mut first = step("person ana");
        first.when.hours = Some(office());
        let mut second = step("team payments");
        second.when.hours = Some(office());
        follow(it, vec![first, second]);
    };
    check_in(
        hours,
        "0m alert a light-on x=1 / 5m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 1 (Opened) bo sms \
         without ana (is outside 09:00-18:00: it is 02:00 in America/Los_Angeles) \
         without ana (is outside 09:00-18:00: it is 02:00 in America/Los_Angeles) until 5m
        5m PageExhausted pg_1
        ",
    );
}

#[test]
fn conditions_never_leave_out_everybody() {
    check_in(
        |it| {
            let mut only = step("person ana");
            only.when.hours = Some(office());
            follow(it, vec![only]);
        },
        "0m alert a light-on x=1 / 5m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms \
         without ana (is outside 09:00-18:00: it is 02:00 in America/Los_Angeles) anyway until 5m
        5m PageExhausted pg_1
        ",
    );
}

#[test]
fn a_step_for_an_empty_budget_waits_for_one_and_is_taken_where_nothing_is_known() {
    let spent = |it: &mut Catalogue| {
        let mut boss = step("person bo");
        boss.when.budget = Some(BudgetWhen::Spent);
        follow(it, vec![boss, step("person ana")]);
    };
    check_in(
        spent,
        "0m fine light-on / 1m alert a light-on x=1",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageNotified pg_1 step 1 (Opened) ana email, ana sms without step 0 (is for a budget \
         spent only, and 25 % of the budget of light-on is spent, burning 0.5 times as fast as \
         allowed) until 6m
        ",
    );
    check_in(
        spent,
        "1m alert a light-on x=1",
        "
        1m AlertFired al_1 page feature:light-on
        1m IncidentOpened in_1
        1m PageOpened pg_1 payments
        1m PageNotified pg_1 step 0 (Opened) bo sms until 6m
        ",
    );
}

#[test]
fn turns_go_round_through_restarts_and_pass_over_whom_no_message_reaches() {
    check_in(
        |it| {
            let mut turns = step("person cy, team payments");
            turns.round_robin = true;
            follow(it, vec![turns]);
        },
        "0m raise bo / 1m raise bo / 1m restart / 2m raise bo",
        "
        0m AlertFired al_1 page
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms skipped cy by turn of ana until 5m
        1m AlertFired al_2 page
        1m IncidentOpened in_2
        1m PageOpened pg_2 payments
        1m PageNotified pg_2 step 0 (Opened) bo sms skipped cy by turn of bo until 6m
        2m AlertFired al_3 page
        2m IncidentOpened in_3
        2m PageOpened pg_3 payments
        2m PageNotified pg_3 step 0 (Opened) ana email, ana sms skipped cy by turn of ana until 7m
        ",
    );
}

fn two_acks(it: &mut Catalogue) {
    let mut both = step("person ana");
    both.acks_min = 2;
    follow(it, vec![both.clone(), EscalationStep { acks_min: 2, ..step("team payments") }]);
}

#[test]
fn two_must_take_it_and_the_other_one_is_still_called() {
    check_in(
        two_acks,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 2m ack pg_1 ana / 5m tick / 6m ack-incident in_1 bo",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PagePartlyAcknowledged pg_1 ana 1 of 2
        2m refused: already acknowledged by ana at 2026-11-23T10:01:00Z
        5m PageNotified pg_1 step 1 (NobodyAnswered) bo sms without ana (has taken it already) until 10m
        6m PageAcknowledged pg_1 bo
        ",
    );
}

fn for_half_an_hour(it: &mut Catalogue) {
    follow(it, vec![step("person ana")]).ack_timeout = Some(Millis::from_mins(30));
}

#[test]
fn what_is_not_renewed_goes_back_to_everybody() {
    check_in(
        for_half_an_hour,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 26m tick / 27m renew in_1 ana / 31m tick / \
         52m tick / 57m tick / 62m tick / 63m renew pg_1 ana",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 ana
        26m PageReminded pg_1 of 31m: ana email, ana sms
        27m PageRenewed pg_1 ana
        52m PageReminded pg_1 of 57m: ana email, ana sms
        57m PageReturned pg_1 ana
        57m PageNotified pg_1 step 1 (Returned) ana email, ana sms until 62m
        62m PageExhausted pg_1
        63m refused: nobody has `pg_1`; take it instead
        ",
    );
}

#[test]
fn taking_again_what_one_has_renews_it_and_what_ended_is_not_given_back() {
    check_in(
        for_half_an_hour,
        "0m webhook a light-on / 1m ack pg_1 ana / 20m ack pg_1 ana / 21m ack pg_1 bo / \
         30m door-over a / 31m ack pg_1 ana / 60m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 ana
        20m PageRenewed pg_1 ana
        21m refused: already acknowledged by ana at 2026-11-23T10:01:00Z
        30m AlertResolved al_1
        30m IncidentResolved in_1
        30m ReviewAsked in_1
        31m refused: already acknowledged by ana at 2026-11-23T10:01:00Z
        ",
    );
}

#[test]
fn what_was_given_back_and_flaps_is_not_taken_for_held() {
    check_in(
        for_half_an_hour,
        "0m webhook a light-on / 0m webhook b light-on / 1m ack pg_1 ana / 31m tick / 36m tick / \
         40m door-over a / 41m webhook a light-on",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m AlertFired al_2 page feature:light-on
        0m AlertJoined in_1 al_2
        0m NotPaged al_2 AlreadyPaging { page: PageId(1) }
        1m PageAcknowledged pg_1 ana
        31m PageReturned pg_1 ana
        31m PageNotified pg_1 step 1 (Returned) ana email, ana sms until 36m
        36m PageExhausted pg_1
        40m AlertResolved al_1
        41m AlertFired al_3 page feature:light-on
        41m AlertJoined in_1 al_3
        41m PageOpened pg_2 payments
        41m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 46m
        ",
    );
}

#[test]
fn whoever_hands_it_on_keeps_it_until_the_other_takes_it() {
    check_in(
        for_half_an_hour,
        "0m alert a light-on x=1 / 0m hand in_1 ana bo / 1m ack pg_1 ana / 2m hand in_1 ana bo / \
         3m hand in_1 ana ana / 4m ack pg_1 bo / 5m hand pg_1 bo nobody",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m refused: nobody has `in_1`, so nobody can hand it on; take it first
        1m PageAcknowledged pg_1 ana
        2m PageHanded pg_1 ana to bo: bo sms
        3m refused: ana has `in_1` already
        4m PageAcknowledged pg_1 bo
        5m refused: there is no person `nobody` here; it may be closed and archived
        ",
    );
}

#[test]
fn a_snoozed_page_comes_back_while_it_still_fires() {
    check_in(
        for_half_an_hour,
        "0m webhook a light-on / 1m snooze in_1 ana 60m / 2m door-over b / 31m tick / 61m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageSnoozed pg_1 ana until 61m
        61m PageWoken pg_1 (Time)
        61m PageNotified pg_1 step 1 (Woken) ana email, ana sms until 66m
        ",
    );
    check_in(
        for_half_an_hour,
        "0m webhook a light-on / 1m snooze in_1 ana 60m / 2m door-over a / 61m tick / \
         62m snooze in_1 ana 10m",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageSnoozed pg_1 ana until 61m
        2m AlertResolved al_1
        2m IncidentResolved in_1
        2m PageEnded pg_1 everything that fired has ended
        2m ReviewAsked in_1
        62m refused: incident `in_1` is already over
        ",
    );
}

#[test]
fn a_snooze_hides_what_flaps_but_nothing_new_and_ends_by_hand() {
    check_in(
        for_half_an_hour,
        "0m webhook a light-on / 0m webhook b light-on / 1m snooze in_1 ana 60m / 2m door-over a / \
         3m webhook a light-on / 4m webhook c light-on / 5m wake in_1 bo / 6m wake in_1 bo / \
         7m snooze pg_1 ana 1441m",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m AlertFired al_2 page feature:light-on
        0m AlertJoined in_1 al_2
        0m NotPaged al_2 AlreadyPaging { page: PageId(1) }
        1m PageSnoozed pg_1 ana until 61m
        2m AlertResolved al_1
        3m AlertFired al_3 page feature:light-on
        3m AlertJoined in_1 al_3
        3m NotPaged al_3 Snoozed { page: PageId(1) }
        4m AlertFired al_4 page feature:light-on
        4m AlertJoined in_1 al_4
        4m PageOpened pg_2 payments
        4m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 9m
        5m PageWoken pg_1 (Person { by: PersonId(\"bo\") })
        5m PageNotified pg_1 step 1 (Woken) ana email, ana sms until 10m
        6m refused: `in_1` waits for nothing: people are called, or were
        7m refused: a snooze lasts 1d at most; a silence may last longer, and says what it hides
        ",
    );
}

#[test]
fn nothing_comes_back_into_a_silence_and_its_end_calls() {
    check_in(
        for_half_an_hour,
        "0m webhook a light-on / 1m ack pg_1 ana / 2m silence alertname=TooSlow 2m 40m / 31m tick / \
         40m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 ana
        2m SilenceSet si_1 2m to 40m
        2m SilenceStarted si_1
        2m NotPaged al_1 Silenced { silence: SilenceId(1) }
        31m PageEnded pg_1 everything that fires is silenced
        31m SilenceReminded si_1 EndsSoon to 0
        40m SilenceEnded si_1
        40m AlertUnsilenced al_1 si_1
        40m PageOpened pg_2 payments
        40m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 45m
        ",
    );
}

#[test]
fn two_incidents_become_one_and_later_alerts_join_it() {
    check_in(
        for_half_an_hour,
        "0m webhook a light-on / 1m raise bo / 2m merge in_1 in_2 ana / 3m webhook b light-on / \
         4m ack-incident in_2 bo / 5m merge in_1 in_2 ana / 6m merge in_2 in_2 ana / \
         7m resolve in_2 bo / 8m webhook c light-on",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m AlertFired al_2 page
        1m IncidentOpened in_2
        1m PageOpened pg_2 payments
        1m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 6m
        2m IncidentMerged in_1 into in_2 ana
        2m PageEnded pg_2 in_2, into which in_1 was merged, calls already
        3m AlertFired al_3 page feature:light-on
        3m AlertJoined in_2 al_3
        3m NotPaged al_3 AlreadyPaging { page: PageId(1) }
        4m PageAcknowledged pg_1 bo
        5m refused: incident `in_1` is already over
        6m refused: `in_2` cannot be merged into itself
        7m IncidentResolved in_2
        7m AlertResolved al_2
        7m ReviewAsked in_2
        8m AlertFired al_4 page feature:light-on
        8m IncidentOpened in_3
        8m PageOpened pg_3 payments
        8m PageNotified pg_3 step 0 (Opened) ana email, ana sms until 13m
        ",
    );
}

#[test]
fn what_is_merged_into_something_taken_calls_nobody_any_more() {
    check_in(
        for_half_an_hour,
        "0m webhook a light-on / 1m raise bo / 2m ack pg_2 bo / 3m merge in_1 in_2 bo / \
         4m door-over a / 36m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m AlertFired al_2 page
        1m IncidentOpened in_2
        1m PageOpened pg_2 payments
        1m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 6m
        2m PageAcknowledged pg_2 bo
        3m IncidentMerged in_1 into in_2 bo
        3m PageEnded pg_1 bo has in_2, into which in_1 was merged
        4m AlertResolved al_1
        36m PageReturned pg_2 bo
        36m PageNotified pg_2 step 1 (Returned) ana email, ana sms until 41m
        ",
    );
}

/// Three weeks of somebody who takes it every half hour and never says that they are still on it.
#[test]
fn a_page_that_comes_back_for_weeks_does_not_grow() {
    let mut world = World::within(for_half_an_hour);
    world.step("0m alert a light-on x=1");
    for round in 0..1_000 {
        let open = world.engine.state().pages[&PageId(1)].notices.clone();
        let last = *open.last().expect("somebody is called");
        world.step(&format!("{}m sent {last}", 32 * round));
        world.step(&format!("{}m ack pg_1 ana", 32 * round + 1));
        world.step(&format!("{}m tick", 32 * round + 31));
    }
    let state = world.engine.state();
    assert_eq!(state.pages[&PageId(1)].next_attempt, 1_001, "it came back each time");
    let kept = state.pages[&PageId(1)].notices.len();
    assert!(kept < Limits::NOTICES_PER_PAGE + 10, "{kept} messages of the page");
    assert!(state.notices.len() < Limits::NOTICES_PER_PAGE + 50, "{}", state.notices.len());
    assert!(state.reach.awaiting.len() < 10, "{:?}", state.reach.awaiting);
    assert!(*state == world.replayed(), "replay equals live");
}

/// Whoever was reached once and never since is still known when it ends.
#[test]
fn of_a_long_page_the_last_that_was_sent_stays() {
    let mut world = World::within(for_half_an_hour);
    world.step("0m alert a light-on x=1");
    let first = world.engine.state().pages[&PageId(1)].notices[0];
    world.step(&format!("0m sent {first}"));
    for round in 0..300 {
        world.step(&format!("{}m ack pg_1 ana", 32 * round + 1));
        world.step(&format!("{}m tick", 32 * round + 31));
    }
    let state = world.engine.state();
    assert!(state.pages[&PageId(1)].notices.len() < Limits::NOTICES_PER_PAGE + 10);
    assert!(state.pages[&PageId(1)].notices.contains(&first), "it reached somebody");
    assert!(state.notices.contains_key(&first));
}
