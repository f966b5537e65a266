//! Scripts and the journals they must produce: `check` is the only place that knows the API.
//!
//! The organisation: team `payments` is ana (mail and SMS, San Francisco) and bo (SMS, Nairobi);
//! `cy` has no address. Feature `light-on` pages the rota (ana first), then the team, no repeat.
//! Feature `make-sale` pages `cy`, who cannot be reached.

mod dealing;
mod duty_words;
mod ended;
mod given_back;
mod handover;
mod limits;
mod meeting;
mod promises;
mod reaching;
mod receipt;
mod revisions;
mod round;
mod shifts;
mod shown;
mod standing;
mod steer;
mod storm;
mod tribute;
mod urgency;
mod walks;
mod watching;
mod words;
mod world;
mod zones;

use world::{check, check_state};

#[test]
fn a_burning_budget_opens_an_incident_and_pages_whoever_is_on_duty() {
    check(
        "0m burn light-on",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        ",
    );
}

#[test]
fn burning_on_adds_nothing_and_being_unmeasured_freezes() {
    check(
        "0m burn light-on / 1m burn light-on / 2m blind light-on / 3m calm light-on",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        3m AlertResolved al_1
        3m IncidentResolved in_1
        3m PageEnded pg_1 everything that fired has ended
        3m ReviewAsked in_1
        ",
    );
}

#[test]
fn nobody_answers() {
    check(
        "0m burn light-on / 4m tick / 5m tick / 15m tick / 60m tick / 61m ack pg_1 bo",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        5m PageNotified pg_1 step 1 (NobodyAnswered) ana email, ana sms, bo sms until 15m
        15m PageExhausted pg_1
        61m PageAcknowledged pg_1 bo
        ",
    );
}

#[test]
fn acknowledging_stops_the_escalation_and_is_done_once() {
    check(
        "0m burn light-on / 2m ack pg_1 bo / 3m ack pg_1 ana / 5m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        2m PageAcknowledged pg_1 bo
        3m refused: already acknowledged by bo at 2026-11-23T10:02:00Z
        ",
    );
}

#[test]
fn a_step_that_cannot_be_delivered_moves_on_at_once() {
    check(
        "0m burn light-on / 1m lost no_1 / 2m lost no_2",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m NoticeFailed no_1 given up
        2m NoticeFailed no_2 given up
        2m PageNotified pg_1 step 1 (Undeliverable) ana email, ana sms, bo sms until 12m
        ",
    );
}

#[test]
fn a_notice_is_tried_again_and_given_up_in_the_end() {
    check(
        "0m burn light-on / 0m busy no_1 / 1m busy no_1 / 2m busy no_1 / 3m busy no_1 / \
         4m busy no_1 / 4m busy no_1 / 4m sent no_2",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        0m NoticeFailed no_1 again in 10s
        1m NoticeFailed no_1 again in 20s
        2m NoticeFailed no_1 again in 40s
        3m NoticeFailed no_1 again in 1m 20s
        4m NoticeFailed no_1 again in 2m 40s
        4m NoticeFailed no_1 given up
        4m NoticeSent no_2
        ",
    );
}

#[test]
fn a_step_that_reaches_nobody_falls_back_to_the_team_and_beyond() {
    check(
        "0m burn make-sale",
        "
        0m AlertFired al_1 page feature:make-sale
        0m IncidentOpened in_1
        0m PageOpened pg_1 sales
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms, bo sms skipped cy until 5m
        ",
    );
}

#[test]
fn a_ticket_wakes_nobody() {
    check(
        "0m simmer light-on / 10m tick",
        "
        0m AlertFired al_1 ticket feature:light-on
        0m NotPaged al_1 TicketSeverity
        ",
    );
}

#[test]
fn a_new_alert_in_a_taken_incident_calls_again_but_a_flapping_one_does_not() {
    check(
        "0m burn light-on / 1m ack pg_1 bo / 2m door a light-on / 3m ack pg_2 bo / \
         4m door-over a / 5m door a light-on",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 bo
        2m AlertFired al_2 page feature:light-on
        2m AlertJoined in_1 al_2
        2m PageOpened pg_2 payments
        2m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 7m
        3m PageAcknowledged pg_2 bo
        4m AlertResolved al_2
        5m AlertFired al_3 page feature:light-on
        5m AlertJoined in_1 al_3
        5m NotPaged al_3 AcknowledgedBefore { by: PersonId(\"bo\") }
        ",
    );
}

#[test]
fn an_alert_that_is_sent_again_extends_its_lease_without_an_event() {
    check(
        "0m door a light-on / 4m door a light-on / 8m tick / 9m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        8m PageNotified pg_1 step 1 (NobodyAnswered) ana email, ana sms, bo sms until 18m
        9m AlertResolved al_1
        9m IncidentResolved in_1
        9m PageEnded pg_1 everything that fired has ended
        9m ReviewAsked in_1
        ",
    );
}

#[test]
fn after_a_restart_nothing_ends_for_want_of_being_repeated() {
    check(
        "0m door a light-on / 1m ack pg_1 bo / 30m restart / 34m tick / 35m tick",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 bo
        35m AlertResolved al_1
        35m IncidentResolved in_1
        35m ReviewAsked in_1
        ",
    );
}

#[test]
fn an_alert_without_an_end_goes_stale_and_stays_open() {
    check(
        "0m webhook a light-on / 1m ack pg_1 bo / 300m tick / 301m webhook a light-on",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 bo
        300m AlertStale al_1
        301m AlertHeardAgain al_1
        ",
    );
}

#[test]
fn a_silent_source_is_an_alert_of_its_own() {
    check(
        "0m deaf / 2m deaf / 4m tick / 5m tick / 6m hears",
        "
        0m SourceFailing prometheus
        5m AlertFired al_1 page
        5m IncidentOpened in_1
        5m PageOpened pg_1 payments
        5m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 10m
        6m SourceRecovered prometheus
        6m AlertResolved al_1
        6m IncidentResolved in_1
        6m PageEnded pg_1 everything that fired has ended
        6m ReviewAsked in_1
        ",
    );
}

#[test]
fn a_call_by_hand_is_closed_by_hand_and_reviewed() {
    check(
        "0m raise bo / 1m ack-incident in_1 ana / 2m resolve in_1 ana / 60m review in_1 bo / \
         61m review in_1 bo",
        "
        0m AlertFired al_1 page
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 ana
        2m IncidentResolved in_1
        2m AlertResolved al_1
        2m ReviewAsked in_1
        60m ReviewPublished in_1 bo
        61m refused: review of incident `in_1` is already over
        ",
    );
    check_state(
        "0m raise bo / 1m ack-incident in_1 ana / 2m resolve in_1 ana / 60m review in_1 bo",
        "in_1: acknowledged after 1m, resolved after 2m, reflected after 58m",
    );
}

#[test]
fn only_owners_sign_and_a_changed_objective_needs_a_new_signature() {
    check(
        "0m sign light-on product ana / 1m sign light-on engineering ana",
        "
        0m Signed light-on ana 99.5%
        1m refused: ana cannot sign `light-on` for engineering: its owner there is bo
        ",
    );
}

#[test]
fn the_daily_mail_is_due_once_a_day() {
    check(
        "1260m tick / 1270m tick / 2700m tick",
        "
        1260m DigestDue to 1
        2700m DigestDue to 1
        ",
    );
}

#[test]
fn a_command_with_a_known_key_is_not_run_again() {
    check(
        "0m raise-once bo / 1m raise-once bo",
        "
        0m AlertFired al_1 page
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m repeats 2
        ",
    );
}

#[test]
fn a_new_password_ends_sessions_and_spends_the_link() {
    check(
        "0m setup-link / 1m password ana tk_1 / 2m session ana / 3m password ana none / \
         4m password bo tk_1",
        "
        0m TokenIssued tk_1
        1m TokenRevoked tk_1
        1m PasswordSet ana
        2m TokenIssued tk_2
        3m PasswordSet ana
        4m refused: there is no set-up link `tk_1` here; it may be closed and archived
        ",
    );
}

#[test]
fn what_is_no_longer_configured_stops_firing() {
    check(
        "0m burn light-on / 1m ack pg_1 bo / 2m configure-without light-on",
        "
        0m AlertFired al_1 page feature:light-on
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m PageAcknowledged pg_1 bo
        2m CatalogueAdopted 2
        2m AlertResolved al_1
        2m IncidentResolved in_1
        2m ReviewAsked in_1
        ",
    );
}

mod silences {
    use super::check;

    const QUIET: &str = "
        0m SilenceSet si_1 0m to 30m
        0m SilenceStarted si_1
        ";

    #[track_caller]
    fn check_in_silence(script: &str, expected: &str) {
        let script = format!("0m silence alertname=TooSlow 0m 30m / {script}");
        check(&script, &format!("{QUIET}{expected}"));
    }

    #[test]
    fn what_is_hidden_calls_nobody_and_is_heard_when_the_silence_ends() {
        check_in_silence(
            "1m webhook f1 light-on / 30m tick",
            "
            1m AlertFired al_1 page feature:light-on
            1m NotPaged al_1 Silenced { silence: SilenceId(1) }
            30m SilenceEnded si_1
            30m AlertUnsilenced al_1 si_1
            30m IncidentOpened in_1
            30m PageOpened pg_1 payments
            30m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 35m
            ",
        );
    }

    #[test]
    fn what_ended_meanwhile_calls_nobody() {
        check_in_silence(
            "1m webhook f1 light-on / 20m door-over f1 / 30m tick",
            "
            1m AlertFired al_1 page feature:light-on
            1m NotPaged al_1 Silenced { silence: SilenceId(1) }
            20m AlertResolved al_1
            30m SilenceEnded si_1
            ",
        );
    }

    #[test]
    fn two_hidden_alerts_of_one_feature_are_one_incident() {
        check_in_silence(
            "1m webhook f1 light-on / 2m webhook f2 light-on / 3m end-silence si_1 ana",
            "
            1m AlertFired al_1 page feature:light-on
            1m NotPaged al_1 Silenced { silence: SilenceId(1) }
            2m AlertFired al_2 page feature:light-on
            2m NotPaged al_2 Silenced { silence: SilenceId(1) }
            3m SilenceEnded si_1 by ana
            3m AlertUnsilenced al_1 si_1
            3m IncidentOpened in_1
            3m PageOpened pg_1 payments
            3m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 8m
            3m AlertUnsilenced al_2 si_1
            3m AlertJoined in_1 al_2
            3m NotPaged al_2 AlreadyPaging { page: PageId(1) }
            ",
        );
    }

    #[test]
    fn a_page_ends_with_silence_and_begins_again_after_it() {
        check(
            "0m webhook f1 light-on / 1m silence feature=\"\",alertname=TooSlow 1m 10m / 10m tick",
            "
            0m AlertFired al_1 page feature:light-on
            0m IncidentOpened in_1
            0m PageOpened pg_1 payments
            0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
            1m SilenceSet si_1 1m to 10m
            1m SilenceStarted si_1
            1m NotPaged al_1 Silenced { silence: SilenceId(1) }
            1m PageEnded pg_1 everything that fires is silenced by si_1 until 2026-11-23T10:10:00Z
            10m SilenceEnded si_1
            10m AlertUnsilenced al_1 si_1
            10m PageOpened pg_2 payments
            10m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 15m
            ",
        );
    }

    #[test]
    fn whoever_took_the_incident_is_not_called_again_by_the_end_of_a_silence() {
        check(
            "0m webhook f1 light-on / 1m ack pg_1 bo / 2m silence alertname=TooSlow 2m 10m / 10m tick",
            "
            0m AlertFired al_1 page feature:light-on
            0m IncidentOpened in_1
            0m PageOpened pg_1 payments
            0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
            1m PageAcknowledged pg_1 bo
            2m SilenceSet si_1 2m to 10m
            2m SilenceStarted si_1
            2m NotPaged al_1 Silenced { silence: SilenceId(1) }
            10m SilenceEnded si_1
            10m AlertUnsilenced al_1 si_1
            ",
        );
    }

    #[test]
    fn something_else_in_the_incident_goes_on_calling() {
        check(
            "0m webhook f1 light-on / 0m burn light-on / 1m silence alertname=TooSlow 1m 10m / 5m tick",
            "
            0m AlertFired al_1 page feature:light-on
            0m IncidentOpened in_1
            0m PageOpened pg_1 payments
            0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
            0m AlertFired al_2 page feature:light-on
            0m AlertJoined in_1 al_2
            0m NotPaged al_2 AlreadyPaging { page: PageId(1) }
            1m SilenceSet si_1 1m to 10m
            1m SilenceStarted si_1
            1m NotPaged al_1 Silenced { silence: SilenceId(1) }
            5m PageNotified pg_1 step 1 (NobodyAnswered) ana email, ana sms, bo sms until 15m
            ",
        );
    }

    #[test]
    fn between_two_silences_nothing_slips_through() {
        check_in_silence(
            "0m silence alertname=~\"Too.*\" 30m 60m / 1m webhook f1 light-on / 31m tick / 60m tick",
            "
            0m SilenceSet si_2 30m to 60m
            1m AlertFired al_1 page feature:light-on
            1m NotPaged al_1 Silenced { silence: SilenceId(1) }
            31m SilenceStarted si_2
            31m SilenceEnded si_1
            31m NotPaged al_1 Silenced { silence: SilenceId(2) }
            60m SilenceEnded si_2
            60m AlertUnsilenced al_1 si_2
            60m IncidentOpened in_1
            60m PageOpened pg_1 payments
            60m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 65m
            ",
        );
        check_in_silence(
            "1m webhook f1 light-on / 2m silence alertname=TooSlow 2m 60m for si_1 / 30m tick",
            "
            1m AlertFired al_1 page feature:light-on
            1m NotPaged al_1 Silenced { silence: SilenceId(1) }
            2m SilenceSet si_2 2m to 60m
            2m SilenceStarted si_2
            2m SilenceEnded si_1 by bo
            2m NotPaged al_1 Silenced { silence: SilenceId(2) }
            ",
        );
    }

    #[test]
    fn our_own_alerts_can_be_silenced_and_calls_by_hand_cannot() {
        check(
            "0m silence feature=light-on 0m 30m / 0m silence team=payments 0m 30m / \
             1m burn light-on / 2m raise bo",
            "
            0m SilenceSet si_1 0m to 30m
            0m SilenceStarted si_1
            0m SilenceSet si_2 0m to 30m
            0m SilenceStarted si_2
            1m AlertFired al_1 page feature:light-on
            1m NotPaged al_1 Silenced { silence: SilenceId(1) }
            2m AlertFired al_2 page
            2m IncidentOpened in_1
            2m PageOpened pg_1 payments
            2m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 7m
            ",
        );
    }

    #[test]
    fn a_silence_must_mean_something() {
        check(
            "5m silence a=~\".*\" 5m 30m / 5m silence a=b 9m 6m / 5m silence a=b 0m 4m / \
             5m silence a=b 5m 600000m / 5m end-silence si_1 bo",
            "
            5m refused: this would hide every alert there is; name at least one label
            5m refused: it ends before it begins
            5m refused: it ends before it begins
            5m refused: a silence lasts a year at most; change or remove the alert instead
            5m refused: there is no silence `si_1` here; it may be closed and archived
            ",
        );
    }
}
