//! Grafana `OnCall`: levels, rolling users, single events, chains.

use super::{Wall, check_damaged, moved, same_people, time, written};
use crate::System;
use formats::report;
use jiff::civil::date;
use model::Timestamp;

const NOW: &str = "2026-10-01T00:00:00Z";

const USERS: &str = r#"{"count":3,"next":null,"previous":null,"results":[
 {"id":"UANA","email":"ana@solar.example","username":"ana","role":"admin","timezone":"Europe/Paris","teams":["T1"]},
 {"id":"UBO","email":"bo@solar.example","username":"bo","role":"editor","timezone":"Africa/Nairobi","teams":["T1"]},
 {"id":"UCY","email":"cy@solar.example","username":"cy","role":"editor","timezone":null,"teams":[]}]}"#;
const TEAMS: &str = r#"{"count":1,"next":null,"previous":null,"results":[{"id":"T1","name":"Payments","email":null,"avatar_url":""}]}"#;
/// Weekdays in turn by two groups, every other week from a Wednesday on; every night one of three; a single
/// night above all of it. Paris, whose clocks go back on 25 October 2026.
const SHIFTS: &str = r#"{"count":4,"next":null,"previous":null,"results":[
 {"id":"O1","team_id":null,"name":"Weekdays","type":"rolling_users","time_zone":"Europe/Paris","level":1,"start":"2026-06-03T09:00:00","duration":28800,"frequency":"weekly","interval":2,"week_start":"MO","by_day":["MO","TU","WE","TH","FR"],"rolling_users":[["UANA","UCY"],["UBO"]],"start_rotation_from_user_index":1},
 {"id":"O2","team_id":null,"name":"Always","type":"rolling_users","time_zone":null,"level":0,"start":"2026-06-01T18:00:00","duration":86400,"frequency":"daily","interval":1,"rolling_users":[["UANA"],["UBO"],["UCY"]],"start_rotation_from_user_index":0,"until":"2027-02-10T12:00:00"},
 {"id":"O3","team_id":null,"name":"Once","type":"single_event","time_zone":"UTC","level":2,"start":"2026-10-24T22:00:00","duration":21600,"users":["UCY"]},
 {"id":"O4","team_id":null,"name":"Month ends","type":"recurrent_event","time_zone":null,"level":3,"start":"2026-06-30T00:00:00","duration":86400,"frequency":"monthly","interval":1,"by_monthday":[-1],"users":["UBO","UANA"]}]}"#;
const SCHEDULES: &str = r#"{"count":1,"next":null,"previous":null,"results":[{"id":"SBM7","name":"Primary","type":"calendar","team_id":null,"time_zone":"Europe/Paris","shifts":["O1","O2","O3","O4"],"ical_url_overrides":null,"on_call_now":["UANA"]}]}"#;
const CHAINS: &str = r#"{"count":1,"next":null,"previous":null,"results":[{"id":"F1","name":"Payments","team_id":"T1"}]}"#;
const POLICIES: &str = r#"{"count":6,"next":null,"previous":null,"results":[
 {"id":"E4","escalation_chain_id":"F1","position":4,"type":"trigger_webhook","action_to_trigger":"A"},
 {"id":"E1","escalation_chain_id":"F1","position":0,"type":"notify_on_call_from_schedule","notify_on_call_from_schedule":"SBM7","important":true},
 {"id":"E2","escalation_chain_id":"F1","position":1,"type":"wait","duration":300},
 {"id":"E3","escalation_chain_id":"F1","position":2,"type":"notify_persons","persons_to_notify":["UANA","UBO"]},
 {"id":"E5","escalation_chain_id":"F1","position":3,"type":"notify_person_next_each_time","persons_to_notify_next_each_time":["UCY"]},
 {"id":"E6","escalation_chain_id":"F1","position":5,"type":"repeat_escalation"}]}"#;

pub(super) fn all() -> Vec<(&'static str, &'static str)> {
    vec![
        ("users.json", USERS),
        ("teams.json", TEAMS),
        ("shifts.json", SHIFTS),
        ("schedules.json", SCHEDULES),
        ("chains.json", CHAINS),
        ("policies.json", POLICIES),
    ]
}

fn walk(at: Timestamp) -> Vec<&'static str> {
    let wall = Wall::of("Europe/Paris");
    let shown = wall.shown(at);
    if shown.day() == shown.days_in_month() {
        return vec!["ana", "bo"];
    }
    if at >= time("2026-10-24T22:00:00Z") && at < time("2026-10-25T04:00:00Z") {
        return vec!["cy"];
    }
    let days = i64::from(date(2026, 6, 1).until(shown.date()).unwrap().get_days());
    let week = days.div_euclid(7);
    if shown.weekday().to_monday_one_offset() <= 5
        && (9..17).contains(&shown.hour())
        && week % 2 == 0
    {
        return if week % 4 == 0 { vec!["bo"] } else { vec!["ana", "cy"] };
    }
    if at >= time("2027-02-10T11:00:00Z") {
        return vec![];
    }
    let turn = wall.minutes_since(date(2026, 6, 1).at(18, 0, 0, 0), at).div_euclid(1_440);
    vec![["ana", "bo", "cy"][usize::try_from(turn % 3).unwrap()]]
}

#[test]
fn levels_and_rolling_users_name_the_same_people() {
    let moved = moved(System::GrafanaOnCall, &all(), NOW);
    same_people(&moved, &["primary"], ("2026-10-01T00:00:00Z", "2027-05-01T00:00:00Z"), walk);
    assert_eq!(written(&moved).rotas.len(), 1);
    let text = moved.text.unwrap();
    assert_eq!(
        text.split("escalations:").nth(1).unwrap(),
        "\n  \"payments\": # Payments\n    steps:\n    - { page: [\"rota primary\"], wait: 5m }\n    \
         - { page: [\"person ana\", \"person bo\"], wait: 10s }\n    \
         - { page: [\"person cy\"], wait: 5m, round-robin: true }\n    repeat: 5\n"
    );
    let told = report(&moved.losses);
    assert!(told.contains("policies.json: lost: `$.results[0]` of Payments: a step of type `trigger_webhook` has no counterpart: left out\n"), "{told}");
    assert!(told.contains("0 refused, 1 lost, 4 noted\n"), "{told}");
}

#[test]
fn half_of_an_export_is_refused_by_place() {
    let check = |name: &str, from: &str, to: &str, expected: &str| {
        let change = |it: &str| it.replacen(from, to, 1);
        check_damaged((System::GrafanaOnCall, NOW), &all(), name, change, expected);
    };
    check(
        "users.json",
        "\"count\":3",
        "\"count\":103",
        "users.json: refused: `$.count`: there are 103 users, and the files hold 3: fetch the other parts (`?page=2` and so on), too",
    );
    check("shifts.json", "UCY", "UDI", "there is no user `UDI` in any file");
    check(
        "shifts.json",
        "\"O1\"",
        "\"O9\"",
        "schedules.json: refused: `$.results[0].shifts[0]`: there is no shift `O1` in any file",
    );
    check(
        "shifts.json",
        "\"weekly\"",
        "\"yearly\"",
        "shifts.json: refused: `$.results[0].frequency`: the frequency `yearly` is not known",
    );
    check("shifts.json", "28800", "60", "a shift lasts 15 minutes to 31 days");
    check(
        "chains.json",
        "\"F1\"",
        "\"F2\"",
        "policies.json: refused: `$.results[0]`: there is no escalation chain `F1` in any file",
    );
    check("policies.json", "SBM7", "SBM8", "there is no schedule `SBM8` in any file");
    check(
        "teams.json",
        "{\"count\"",
        "{\"detail\":\"Invalid token.\"} {\"count\"",
        "teams.json: refused: `$`: there are no `results`",
    );
}
