//! Who is told that an incident is over, and that nobody is told by a way they stopped.

use super::world::check_with;
use model::{
    Catalogue, Channel, Escalation, EscalationStep, Medium, Millis, PageTarget, SecretRef,
};

/// The policy calls whoever is on duty and tells a room.
fn with_a_room(it: &mut Catalogue) {
    let webhook = Channel::Webhook {
        url: "https://tickets.example/in".to_owned(),
        secret: SecretRef::Plain("whsec_AAAA".to_owned()),
    };
    it.channels.insert("tickets".into(), webhook);
    let mut step = EscalationStep::new(PageTarget::Rota("payments".into()), Millis::from_mins(5));
    step.page.push(PageTarget::Channel("tickets".into()));
    let policy = it.escalations.get_mut(&"payments".into()).expect("of the tests");
    *policy = Escalation::new(vec![step], 0);
}

const TOLD: &str = "0m webhook f1 light-on / 0m sent no_1 / 0m sent no_2 / 0m sent no_3";

#[track_caller]
fn check(script: &str, expected: &str) {
    check_with(with_a_room, &format!("{TOLD} / {script}"), &format!("{CALLED}{expected}"));
}

const CALLED: &str = "
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms, channel tickets webhook until 5m
        0m NoticeSent no_1
        0m NoticeSent no_2
        0m NoticeSent no_3
";

#[test]
fn who_was_told_before_the_silence_hears_the_end_within_it() {
    check(
        "1m silence alertname=TooSlow 1m 30m / 9m door-over f1",
        "
        1m SilenceSet si_1 1m to 30m
        1m SilenceStarted si_1
        1m NotPaged al_1 Silenced { silence: SilenceId(1) }
        1m PageEnded pg_1 everything that fires is silenced by si_1 until 2026-11-23T10:30:00Z
        9m AlertResolved al_1
        9m IncidentResolved in_1
        9m EndTold in_1 to channel tickets webhook, ana email
        ",
    );
}

#[test]
fn without_a_silence_rooms_hear_the_end_and_people_are_left_alone() {
    check(
        "9m door-over f1",
        "
        9m AlertResolved al_1
        9m IncidentResolved in_1
        9m PageEnded pg_1 everything that fired has ended
        9m EndTold in_1 to channel tickets webhook
        ",
    );
}

#[test]
fn whoever_says_that_it_is_over_is_not_told() {
    check(
        "1m silence alertname=TooSlow 1m 30m / 9m resolve in_1 ana",
        "
        1m SilenceSet si_1 1m to 30m
        1m SilenceStarted si_1
        1m NotPaged al_1 Silenced { silence: SilenceId(1) }
        1m PageEnded pg_1 everything that fires is silenced by si_1 until 2026-11-23T10:30:00Z
        9m IncidentResolved in_1
        9m EndTold in_1 to channel tickets webhook
        ",
    );
}

#[test]
fn nobody_is_told_of_the_end_of_what_they_were_not_told_of() {
    check_with(
        with_a_room,
        "0m webhook f1 light-on / 1m silence alertname=TooSlow 1m 30m / 9m door-over f1",
        "
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms, channel tickets webhook until 5m
        1m SilenceSet si_1 1m to 30m
        1m SilenceStarted si_1
        1m NotPaged al_1 Silenced { silence: SilenceId(1) }
        1m PageEnded pg_1 everything that fires is silenced by si_1 until 2026-11-23T10:30:00Z
        9m AlertResolved al_1
        9m IncidentResolved in_1
        ",
    );
}

#[test]
fn whoever_stopped_a_way_is_not_told_by_it() {
    let by_sms_alone = |it: &mut Catalogue| {
        with_a_room(it);
        let ana = it.people.get_mut(&"ana".into()).expect("of the tests");
        ana.contacts.retain(|it| it.medium == Medium::Sms);
    };
    check_with(
        by_sms_alone,
        "0m webhook f1 light-on / 0m sent no_1 / 0m sent no_2 / \
         1m silence alertname=TooSlow 1m 30m / 2m stop-sms ana / 9m door-over f1",
        "
        0m PageNotified pg_1 step 0 (Opened) ana sms, channel tickets webhook until 5m
        0m NoticeSent no_1
        0m NoticeSent no_2
        1m SilenceSet si_1 1m to 30m
        1m SilenceStarted si_1
        1m NotPaged al_1 Silenced { silence: SilenceId(1) }
        1m PageEnded pg_1 everything that fires is silenced by si_1 until 2026-11-23T10:30:00Z
        2m ContactStopped ana
        9m AlertResolved al_1
        9m IncidentResolved in_1
        9m EndTold in_1 to channel tickets webhook
        ",
    );
}

#[test]
fn a_provider_is_left_alone_as_it_asks_but_not_beyond_the_next_step() {
    super::world::check(
        "0m burn light-on / 0m resting no_1 3 / 1m resting no_2 60 / 2m resting no_2 4000 / \
         3m resting no_1 600",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m NoticeFailed no_1 again in 10s
        1m NoticeFailed no_2 again in 1m
        2m NoticeFailed no_2 again in 3m
        3m NoticeFailed no_1 again in 2m
        ",
    );
}

#[test]
fn what_is_no_page_rests_five_minutes_at_most() {
    let state = check_with(
        |_| {},
        "0m test ana / 1m resting no_1 86000",
        "
        0m ContactsTested ana email through mail ana sms through text
        1m NoticeFailed no_1 again in 5m
        ",
    );
    let status = &state.notices[&model::NoticeId(1)].status;
    let at = super::world::START.plus(Millis::from_mins(6));
    assert_eq!(*status, crate::NoticeStatus::Due { at });
}
