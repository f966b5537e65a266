//! What somebody took and cannot do after all; and what nobody is sent any more who said STOP.

use super::world::{check, check_in};
use model::{Catalogue, Escalation, EscalationStep, Millis, PageTarget};

/// First ana, then bo.
fn two_steps(it: &mut Catalogue) {
    let step = |id: &str| EscalationStep::new(PageTarget::Person(id.into()), Millis::from_mins(5));
    let policy = it.escalations.get_mut(&"payments".into()).expect("of the tests");
    *policy = Escalation::new(vec![step("ana"), step("bo")], 0);
}

#[test]
fn what_is_given_back_calls_the_next_step_at_once() {
    check_in(
        two_steps,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 2m give-back pg_1 ana / 7m tick / \
         8m give-back pg_1 ana",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 ana
        2m PageGivenBack pg_1 ana by ana on
        2m PageNotified pg_1 step 1 (GivenBack) bo sms until 7m
        7m PageExhausted pg_1
        8m refused: nobody has `pg_1`, so nobody can give it back
        ",
    );
}

#[test]
fn after_the_last_step_calls_begin_again() {
    check_in(
        two_steps,
        "0m alert a light-on x=1 / 5m tick / 6m ack pg_1 bo / 7m give-back in_1 ana / 12m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        5m PageNotified pg_1 step 1 (NobodyAnswered) bo sms until 10m
        6m PageAcknowledged pg_1 bo
        7m PageGivenBack pg_1 bo by ana
        7m PageNotified pg_1 step 2 (GivenBack) ana email, ana sms until 12m
        12m PageNotified pg_1 step 3 (NobodyAnswered) bo sms until 17m
        ",
    );
}

#[test]
fn one_of_several_steps_back_while_the_others_are_called() {
    let both = |it: &mut Catalogue| {
        two_steps(it);
        let policy = it.escalations.get_mut(&"payments".into()).expect("of the tests");
        policy.steps[0].page.push(PageTarget::Person("bo".into()));
        policy.steps[0].acks_min = 2;
    };
    check_in(
        both,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 2m give-back pg_1 bo / \
         3m give-back pg_1 ana / 4m ack pg_1 bo / 5m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms, bo sms until 5m
        1m PagePartlyAcknowledged pg_1 ana 1 of 2
        2m refused: nobody has `pg_1`, so nobody can give it back
        3m PageGivenBack pg_1 ana by ana on
        4m PagePartlyAcknowledged pg_1 bo 1 of 2
        5m PageNotified pg_1 step 1 (NobodyAnswered) ana email, ana sms without bo (has taken it already) until 10m
        ",
    );
}

/// Goal: a page that several must take, that one took, and that called everybody in vain, is nobody's when that
/// one steps back: it calls from the first step again. The simulation found it silent (seed 41).
#[test]
fn the_only_one_of_several_steps_back_after_the_last_step() {
    let both = |it: &mut Catalogue| {
        two_steps(it);
        let policy = it.escalations.get_mut(&"payments".into()).expect("of the tests");
        policy.steps.truncate(1);
        policy.steps[0].page.push(PageTarget::Person("bo".into()));
        policy.steps[0].acks_min = 2;
    };
    check_in(
        both,
        "0m alert a light-on x=1 / 1m ack pg_1 ana / 5m tick / 6m give-back pg_1 ana / 7m ack pg_1 bo",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms, bo sms until 5m
        1m PagePartlyAcknowledged pg_1 ana 1 of 2
        5m PageExhausted pg_1
        6m PageGivenBack pg_1 ana by ana
        6m PageNotified pg_1 step 1 (GivenBack) ana email, ana sms, bo sms until 11m
        7m PagePartlyAcknowledged pg_1 bo 1 of 2
        ",
    );
}

#[test]
fn what_is_silenced_calls_nobody_when_it_is_given_back() {
    check(
        "0m webhook a light-on / 1m ack pg_1 ana / 2m silence alertname=TooSlow 2m 40m / \
         3m give-back pg_1 ana",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 ana
        2m SilenceSet si_1 2m to 40m
        2m SilenceStarted si_1
        2m NotPaged al_1 Silenced { silence: SilenceId(1) }
        3m PageEnded pg_1 ana gave it back, and everything that fires is silenced
        ",
    );
}

/// The silences of these scripts are bo's, who is given a mailbox.
fn mailbox(it: &mut Catalogue) {
    let bo = it.people.get_mut(&"bo".into()).expect("of the tests");
    let address = model::Personal::new("bo".into(), "bo@solar.example");
    bo.contacts.push(model::Contact { medium: model::Medium::Email, address });
}

#[test]
fn whoever_said_stop_is_not_reminded_of_a_silence() {
    for (said, told) in [("tick", 1), ("stop-email bo", 0), ("stop-sms bo", 1)] {
        let stopped = match said {
            "tick" => String::new(),
            it => {
                assert!(it.starts_with("stop"));
                "1m ContactStopped bo".to_owned()
            }
        };
        check_in(
            mailbox,
            &format!(
                "0m silence alertname=TooSlow 0m 40m / 0m webhook a light-on / 1m {said} / 31m tick"
            ),
            &format!(
                "
                0m SilenceSet si_1 0m to 40m
                0m SilenceStarted si_1
                0m AlertFired al_1 page feature:light-on
                0m NotPaged al_1 Silenced {{ silence: SilenceId(1) }}
                {stopped}
                31m SilenceReminded si_1 EndsSoon to {told}
                "
            ),
        );
    }
}

#[test]
fn no_code_goes_to_a_number_that_was_stopped_until_it_says_start() {
    check(
        "0m stop-sms ana / 1m verify ana sms c0de / 2m start-sms ana / 3m verify ana sms c0de",
        "
        0m ContactStopped ana
        1m refused: ana asked to get no messages by SMS any more, so no code can go there; send START \
         from there first, then ask for the code again
        2m ContactStarted ana
        3m VerificationAsked ana sms through text
        ",
    );
}
