//! Notes, the next step at once, taking over, stop and start, and answers.

use super::world::check;

const BURNING: &str = "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
";

#[track_caller]
fn check_burning(script: &str, expected: &str) {
    check(&format!("0m burn light-on / {script}"), &format!("{BURNING}{expected}"));
}

#[test]
fn whoever_does_not_want_to_wait_starts_the_next_step() {
    check_burning(
        "1m escalate pg_1 ana / 2m escalate pg_1 nobody",
        "
        1m EscalationAsked pg_1 ana
        1m PageNotified pg_1 step 1 (AskedFor { by: PersonId(\"ana\") }) ana email, ana sms, bo sms until 11m
        2m refused: there is no person `nobody` here; it may be closed and archived
        ",
    );
}

#[test]
fn asking_at_the_last_step_starts_the_policy_over() {
    check_burning(
        "1m escalate pg_1 ana / 2m escalate pg_1 bo / 7m tick / 8m escalate pg_1 bo",
        "
        1m EscalationAsked pg_1 ana
        1m PageNotified pg_1 step 1 (AskedFor { by: PersonId(\"ana\") }) ana email, ana sms, bo sms until 11m
        2m EscalationAsked pg_1 bo
        2m PageEnded pg_1 its last step had come, and bo asked for the policy to start over
        2m PageOpened pg_2 payments
        2m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 7m
        7m PageNotified pg_2 step 1 (NobodyAnswered) ana email, ana sms, bo sms until 17m
        7m CallsBundled pg_2 ana call 4, 2 new at 7m 30s: no_8 in no_11, no_9 in no_12
        8m refused: page `pg_1` is already over
        ",
    );
}

#[test]
fn who_has_a_page_may_call_the_steps_that_are_left() {
    check_burning(
        "1m ack pg_1 ana / 2m escalate pg_1 ana / 12m tick / 13m escalate pg_2 bo",
        "
        1m PageAcknowledged pg_1 ana
        2m EscalationAsked pg_1 ana
        2m PageOpened pg_2 payments
        2m PageNotified pg_2 step 0 (Opened) ana email, ana sms, bo sms until 12m
        12m PageExhausted pg_2
        13m EscalationAsked pg_2 bo
        13m PageEnded pg_2 its last step had come, and bo asked for the policy to start over
        13m PageOpened pg_3 payments
        13m PageNotified pg_3 step 0 (Opened) ana email, ana sms, bo sms until 23m
        ",
    );
}

#[test]
fn an_incident_is_taken_over_from_whoever_has_it_or_from_nobody() {
    check_burning(
        "1m ack pg_1 ana / 2m take in_1 bo / 3m take in_1 bo / 4m escalate pg_1 bo / 5m take in_1 ana",
        "
        1m PageAcknowledged pg_1 ana
        2m TakenOver pg_1 ana -> bo
        3m refused: already acknowledged by bo at 2026-11-23T10:02:00Z
        4m EscalationAsked pg_1 bo
        4m PageOpened pg_2 payments
        4m PageNotified pg_2 step 0 (Opened) ana email, ana sms, bo sms until 14m
        5m TakenOver pg_1 bo -> ana
        5m PageAcknowledged pg_2 ana
        ",
    );
}

#[test]
fn notes_belong_to_the_story_also_after_the_end() {
    check_burning(
        "1m note in_1 bo the carrier is down / 2m note in_1 bo   / 3m resolve in_1 bo / \
         4m note in_1 ana a fuse / 5m take in_1 ana / 6m escalate pg_1 ana / 7m note in_9 ana x",
        "
        1m NoteAdded in_1 bo the carrier is down
        2m refused: a note needs at least a word
        3m IncidentResolved in_1
        3m PageEnded pg_1 the incident was resolved by hand
        3m ReviewAsked in_1
        4m NoteAdded in_1 ana a fuse
        5m refused: incident `in_1` is already over
        6m refused: incident `in_1` is already over
        7m refused: there is no incident `in_9` here; it may be closed and archived
        ",
    );
}

#[test]
fn a_number_that_asked_for_silence_is_left_out_and_said_to_be() {
    check(
        "0m stop-sms ana / 1m stop-sms ana / 2m burn light-on / 3m start-sms ana / 3m start-sms ana / 7m tick",
        "
        0m ContactStopped ana
        2m AlertFired al_1 page feature:light-on
        2m IncidentOpened in_1
        2m PageOpened pg_1 payments
        2m PageNotified pg_1 step 0 (Opened) ana email skipped ana until 7m
        3m ContactStarted ana
        7m PageNotified pg_1 step 1 (NobodyAnswered) ana email, ana sms, bo sms until 17m
        ",
    );
}

#[test]
fn one_person_is_answered_so_often_and_not_more() {
    let answers = |minute: usize, count: usize| vec![format!("{minute}m answer ana"); count];
    let script = [answers(0, 31), answers(59, 1), answers(60, 1)].concat().join(" / ");
    let told = (1..=30).map(|it| format!("0m AnswerDue no_{it} ana\n"));
    let refused = "refused: limit reached: answers_per_hour_max (at most 30); try again later";
    let expected: String =
        told.chain([format!("0m {refused}\n59m {refused}\n60m AnswerDue no_31 ana\n")]).collect();
    check(&script, &expected);
}
