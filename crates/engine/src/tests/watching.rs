//! Heartbeats, changes, planned work, and the product watching itself, as scripts.
//!
//! `quick` is owed every ten minutes with five of grace and is about `payments-api`, so its absence
//! calls team `payments`; `daily` is owed once a day with an hour of grace.

use super::world::{check, check_shown};
use crate::{WhyId, why, why_trail};
use model::{AlertId, IncidentId};

#[test]
fn a_heartbeat_that_stops_calls_people_and_its_return_ends_that() {
    check(
        "0m tick / 60m tick / 60m ping quick / 65m ping quick / 75m tick / 80m tick / 90m ping quick",
        "
        60m HeartbeatHeard quick
        80m AlertFired al_1 page
        80m IncidentOpened in_1
        80m PageOpened pg_1 payments
        80m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 85m
        90m HeartbeatHeard quick
        90m AlertResolved al_1
        90m IncidentResolved in_1
        90m PageEnded pg_1 everything that fired has ended
        90m ReviewAsked in_1
        ",
    );
}

#[test]
fn after_its_return_a_heartbeat_is_owed_again() {
    check(
        "0m ping quick / 15m tick / 15m ack pg_1 bo / 16m ping quick / 31m tick",
        "
        0m HeartbeatHeard quick
        15m AlertFired al_1 page
        15m IncidentOpened in_1
        15m PageOpened pg_1 payments
        15m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 20m
        15m PageAcknowledged pg_1 bo
        16m HeartbeatHeard quick
        16m AlertResolved al_1
        16m IncidentResolved in_1
        16m ReviewAsked in_1
        31m AlertFired al_2 page
        31m IncidentOpened in_2
        31m PageOpened pg_2 payments
        31m PageNotified pg_2 step 0 (Opened) ana email, ana sms until 36m
        ",
    );
}

#[test]
fn signs_of_life_are_written_once_an_hour_and_unknown_ones_refused() {
    check(
        "0m ping quick / 10m ping quick / 20m ping quick / 30m ping quick / 40m ping quick / \
         50m ping quick / 60m ping quick / 70m ping quick / 71m ping nobody",
        "
        0m HeartbeatHeard quick
        60m HeartbeatHeard quick
        71m refused: there is no heartbeat `nobody` here; it may be closed and archived
        ",
    );
}

/// A tick at 17 minutes for what was due at 15 means that nobody was there to tick.
#[test]
fn a_timer_that_rings_late_is_wound_up_once() {
    check(
        "0m ping quick / 18m tick / 32m tick / 33m tick",
        "
        0m HeartbeatHeard quick
        33m AlertFired al_1 page
        33m IncidentOpened in_1
        33m PageOpened pg_1 payments
        33m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 38m
        ",
    );
    // Late again: this time it is believed.
    check(
        "0m ping quick / 18m tick / 60m tick",
        "
        0m HeartbeatHeard quick
        60m AlertFired al_1 page
        60m IncidentOpened in_1
        60m PageOpened pg_1 payments
        60m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 65m
        ",
    );
}

#[test]
fn what_was_lost_while_we_were_away_is_not_the_senders_fault() {
    check("0m ping quick / 14m restart / 16m tick / 28m tick", "0m HeartbeatHeard quick");
}

/// Owed at 24 hours, given up at 25. Restarted in between, long before it was owed: still given up at
/// 25 hours (1 500 minutes), not a day after the restart.
#[test]
fn a_daily_heartbeat_is_missed_in_time_though_we_restart_each_afternoon() {
    check(
        "0m ping daily / 600m restart / 1499m tick / 1500m tick",
        "
        0m HeartbeatHeard daily
        1499m DigestDue to 1
        1500m AlertFired al_1 page
        1500m IncidentOpened in_1
        1500m PageOpened pg_1 payments
        1500m PageNotified pg_1 step 0 (Opened) bo sms until 1505m
        ",
    );
    // Restarted while it was owed: it has its whole time again.
    check(
        "0m ping daily / 1450m restart / 1500m tick / 2940m tick",
        "
        0m HeartbeatHeard daily
        1500m DigestDue to 1
        2940m DigestDue to 1
    ",
    );
}

#[test]
fn planned_work_sets_one_silence_per_window() {
    // 13:30 in Nairobi is half past ten in UTC, 30 minutes after the start.
    check(
        "0m plan paint daily 13:30 1 alertname=TooSlow / 29m tick / 30m tick / 31m door a light-on / \
         40m tick / 45m end-silence si_1 ana / 46m tick / 1470m tick",
        "
        0m MaintenancePlanned paint
        30m SilenceSet si_1 30m to 90m
        30m SilenceStarted si_1
        31m AlertFired al_1 page feature:light-on
        31m NotPaged al_1 Silenced { silence: SilenceId(1) }
        40m AlertResolved al_1
        45m SilenceEnded si_1 by ana
        1470m SilenceSet si_2 1470m to 1530m
        1470m SilenceStarted si_2
        1470m DigestDue to 1
        ",
    );
}

#[test]
fn a_window_that_began_while_we_were_away_holds_for_its_rest_and_a_past_one_not_at_all() {
    check(
        "0m plan paint daily 13:30 1 alertname=TooSlow / 60m restart / 60m tick / 100m tick",
        "
        0m MaintenancePlanned paint
        60m SilenceSet si_1 30m to 90m
        60m SilenceStarted si_1
        100m SilenceEnded si_1
        ",
    );
    check(
        "0m plan paint daily 13:30 1 alertname=TooSlow / 91m restart / 91m tick",
        "
        0m MaintenancePlanned paint
    ",
    );
}

#[test]
fn plans_that_make_no_sense_are_refused_and_cancelled_ones_do_not_come() {
    check(
        "0m plan all daily 13:30 1 alertname=~\".*\" / 0m plan late 2026-11-22 10:00 1 a=b / \
         0m plan paint daily 13:30 1 a=b / 10m cancel-plan paint / 30m tick / 31m cancel-plan paint",
        "
        0m refused: this would hide every alert there is; name at least one label
        0m refused: that time has passed
        0m MaintenancePlanned paint
        10m MaintenanceCancelled paint
        31m refused: there is no planned work `paint` here; it may be closed and archived
        ",
    );
}

/// An hour's silence reminds a quarter of an hour before its end, and only when it hid something. bo,
/// who set it, has no mail: nothing calm reaches him, and the journal says so.
#[test]
fn the_owner_is_reminded_of_a_silence_that_hid_something() {
    check(
        "0m silence alertname=TooSlow 0m 60m / 10m webhook a light-on / 44m tick / 45m tick / 46m tick",
        "
        0m SilenceSet si_1 0m to 60m
        0m SilenceStarted si_1
        10m AlertFired al_1 page feature:light-on
        10m NotPaged al_1 Silenced { silence: SilenceId(1) }
        45m SilenceReminded si_1 EndsSoon to 0
        ",
    );
    check(
        "0m silence alertname=TooSlow 0m 60m / 45m tick",
        "
        0m SilenceSet si_1 0m to 60m
        0m SilenceStarted si_1
    ",
    );
}

/// Two weeks, in force for one: reminded after a week, and again half an hour before its end.
#[test]
fn a_long_silence_is_not_forgotten() {
    check_shown(
        "0m silence alertname=TooSlow 0m 20160m / 10m webhook a light-on / 10080m tick / 20129m tick \
         / 20130m tick",
        |_, records| {
            let reminded = |it: &crate::EventRecord| match &it.event {
                crate::Event::SilenceReminded { reason, .. } => Some(format!("{reason:?}")),
                _ => None,
            };
            records.iter().filter_map(reminded).collect::<Vec<_>>().join(", ")
        },
        "StillHides, EndsSoon",
    );
}

#[test]
fn changes_are_shown_with_the_incident_they_came_before() {
    let shown = |state: &crate::State, _: &[crate::EventRecord]| {
        let incident = &state.incidents[&IncidentId(1)];
        let changes = state.changes_before(incident).map(|(id, it)| format!("{id} {}", it.summary));
        changes.collect::<Vec<_>>().join(", ")
    };
    check_shown(
        "0m change too-early payments-api / 10m change api payments-api / 20m change other mailer / \
         30m change anything - / 65m burn light-on / 66m change after payments-api",
        shown,
        "ch_5 after, ch_4 anything, ch_2 api",
    );
}

/// The first new text is kept at once, the next ones after a wait that doubles: 2, 4, 8 minutes, ….
#[test]
fn new_words_are_kept_and_a_flapping_text_does_not_flood_the_journal() {
    check(
        "0m described a disk_90 / 1m described a disk_90 / 1m described a disk_91 / \
         2m described a disk_92 / 3m described a disk_93 / 6m described a disk_94 / \
         7m described a disk_95",
        "
        0m AlertFired al_1 page
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        1m AlertUpdated al_1 disk 91
        3m AlertUpdated al_1 disk 93
        7m AlertUpdated al_1 disk 95
        ",
    );
}

#[test]
fn a_long_text_is_marked_as_cut_and_stands_whole_among_the_annotations() {
    let long = "x".repeat(300);
    check_shown(
        &format!("0m described a {long} / 1m described b {}", "y".repeat(200)),
        |state, _| {
            let a = &state.alerts[&AlertId(1)];
            let crate::Origin::Door { annotations, .. } = &a.origin else { return String::new() };
            format!(
                "{} {} {} {}",
                a.summary.chars().count(),
                a.summary.ends_with('…'),
                annotations["summary"].len(),
                state.alerts[&AlertId(2)].summary.len()
            )
        },
        "200 true 300 200",
    );
}

/// The line by which an alert began was written before it belonged to the incident.
#[test]
fn why_of_an_alert_that_joined_begins_with_the_alert() {
    check_shown(
        "0m burn light-on / 1m door a light-on",
        |state, records| {
            let mut shown = vec![];
            for id in [WhyId::Alert(AlertId(2)), WhyId::Incident(IncidentId(1))] {
                let trail = why_trail(state, &id).unwrap();
                let of_trail: Vec<_> =
                    records.iter().filter(|it| trail.contains(&it.seq)).cloned().collect();
                let by_trail = why(&of_trail, &id, state);
                assert_eq!(
                    by_trail,
                    why(records, &id, state),
                    "the trail of {id} misses something"
                );
                shown.push(by_trail.iter().any(|it| it.text.starts_with("Alert al_2 (page)")));
            }
            format!("{shown:?}")
        },
        "[true, true]",
    );
}

/// It goes to the policy that the catalogue makes for it (none here, so it falls to `default` or the
/// first), asks for no review, and the next one finds nothing of it in memory.
#[test]
fn a_synthetic_page_leaves_no_incident_behind() {
    check_shown(
        "0m synthetic fires / 1m synthetic over / 2m synthetic fires / 3m synthetic over",
        |state, records| {
            let asked =
                records.iter().any(|it| matches!(it.event, crate::Event::ReviewAsked { .. }));
            let (incidents, pages) = (state.incidents.len(), state.pages.len());
            format!("{incidents} incident, {pages} page, review asked: {asked}")
        },
        "1 incident, 1 page, review asked: false",
    );
}

#[test]
fn a_check_that_fails_calls_once_and_recovers() {
    check(
        "0m watch-failed synthetic / 1m watch-failed synthetic / 2m seen / 3m seen / 4m probe",
        "
        0m AlertFired al_1 page
        0m IncidentOpened in_1
        0m PageOpened pg_1 payments
        0m PageNotified pg_1 step 0 (Opened) ana email, ana sms until 5m
        2m SyntheticSeen 250ms
        2m AlertResolved al_1
        2m IncidentResolved in_1
        2m PageEnded pg_1 everything that fired has ended
        2m ReviewAsked in_1
        3m SyntheticSeen 250ms
        4m JournalProbed
        ",
    );
}
