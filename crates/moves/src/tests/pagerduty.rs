//! PagerDuty: layers, restrictions, overrides, policies, parts of lists.

use super::{Wall, check_damaged, moved, same_people, time, written};
use crate::{Options, System, import};
use formats::report;
use jiff::civil::{DateTime, date};
use model::Timestamp;
use std::collections::BTreeMap;

const NOW: &str = "2026-10-01T00:00:00Z";

const USERS: &str = r#"{"users":[
 {"id":"PXPGF42","type":"user","name":"Ana Reyes","email":"ana@solar.example","time_zone":"America/Chicago","teams":[{"id":"PQ9K7I8","type":"team_reference","summary":"Payments"}],
  "contact_methods":[{"id":"PTDVERC","type":"email_contact_method","address":"ana@solar.example","label":"Default"},{"id":"PVMGSML","type":"phone_contact_method","address":"3125550100","country_code":1},{"id":"PVMGSM2","type":"sms_contact_method","address":"312-555-0100","country_code":1}]},
 {"id":"PAM4FGS","type":"user","name":"Bo Otieno","email":"bo@solar.example","time_zone":"Africa/Nairobi","teams":[{"id":"PQ9K7I8","type":"team_reference"}],"contact_methods":[{"id":"P1","type":"push_notification_contact_method","address":"x"}]},
 {"id":"PCY1111","type":"user","name":"Cy Ödegård","email":"cy@solar.example","time_zone":"Europe/Oslo","teams":[],"contact_methods":[]}
],"limit":100,"offset":0,"total":null,"more":false}"#;

const TEAMS: &str = r#"{"teams":[{"id":"PQ9K7I8","type":"team","name":"Payments","description":""}],"limit":100,"offset":0,"more":false}"#;

/// Weeks of all three at the bottom; Ana and Bo daily in office hours and on Sunday into Monday above; a
/// layer that begins and ends in the middle of days; an override over the night in which clocks go back.
/// Layers as answers hold them: the highest first.
const SCHEDULE: &str = r#"{"schedule":{"id":"PI7DH85","type":"schedule","name":"Payments primary","time_zone":"America/Chicago","description":"",
 "schedule_layers":[
  {"id":"PL3","name":"Stand-in","start":"2026-10-20T15:30:00-05:00","end":"2026-10-23T10:00:00-05:00","rotation_virtual_start":"2026-10-20T15:30:00-05:00","rotation_turn_length_seconds":86400,"users":[{"user":{"id":"PCY1111","type":"user_reference"}},{"user":{"id":"PXPGF42","type":"user_reference"}}],"restrictions":[]},
  {"id":"PL2","name":"Day","start":"2026-01-05T08:00:00-06:00","end":null,"rotation_virtual_start":"2026-01-05T08:00:00-06:00","rotation_turn_length_seconds":86400,"users":[{"user":{"id":"PXPGF42","type":"user_reference"}},{"user":{"id":"PAM4FGS","type":"user_reference"}}],
   "restrictions":[{"type":"weekly_restriction","start_time_of_day":"08:00:00","start_day_of_week":2,"duration_seconds":32400},{"type":"weekly_restriction","start_time_of_day":"20:00:00","start_day_of_week":7,"duration_seconds":50400}]},
  {"id":"PL1","name":"Base","start":"2025-11-06T20:00:00-06:00","end":null,"rotation_virtual_start":"2025-11-06T17:00:00-06:00","rotation_turn_length_seconds":604800,"users":[{"user":{"id":"PXPGF42","type":"user_reference"}},{"user":{"id":"PAM4FGS","type":"user_reference"}},{"user":{"id":"PCY1111","type":"user_reference"}}],"restrictions":[]},
  {"id":"PL0","name":"Over","start":"2020-01-01T00:00:00Z","end":"2021-01-01T00:00:00Z","rotation_virtual_start":"2020-01-01T00:00:00Z","rotation_turn_length_seconds":86400,"users":[],"restrictions":[]}],
 "overrides_subschedule":{"name":"Overrides","rendered_schedule_entries":[]},
 "final_schedule":{"name":"Final Schedule","rendered_schedule_entries":RENDERED}}}"#;

const OVERRIDES: &str = r#"{"overrides":[
 {"id":"PQ47DCP","start":"2026-11-01T00:30:00-05:00","end":"2026-11-01T03:15:00-06:00","user":{"id":"PCY1111","type":"user_reference"}},
 {"id":"PQ47DC0","start":"2026-09-01T00:30:00-05:00","end":"2026-09-01T03:15:00-05:00","user":{"id":"PCY1111","type":"user_reference"}}]}"#;

const POLICIES: &str = r#"{"escalation_policies":[
 {"id":"PT20YPA","type":"escalation_policy","name":"Payments on call","num_loops":2,"teams":[{"id":"PQ9K7I8","type":"team_reference"}],"escalation_rules":[
  {"id":"P1","escalation_delay_in_minutes":15,"targets":[{"id":"PI7DH85","type":"schedule_reference"},{"id":"PXPGF42","type":"user_reference"}]},
  {"id":"P2","escalation_delay_in_minutes":30,"escalation_rule_assignment_strategy":{"type":"round_robin"},"targets":[{"id":"PAM4FGS","type":"user_reference"},{"id":"PCY1111","type":"user_reference"}]}]}
],"limit":25,"offset":0,"more":false}"#;

const SERVICES: &str = r#"{"services":[{"id":"PIJ90N7","type":"service","name":"Payments API","escalation_policy":{"id":"PT20YPA","type":"escalation_policy_reference"},"teams":[{"id":"PQ9K7I8","type":"team_reference"}]}],"limit":25,"offset":0,"more":false}"#;

/// Who is on duty by the words of PagerDuty's documentation.
fn walk(at: Timestamp) -> &'static str {
    let wall = Wall::of("America/Chicago");
    let turn = |first: DateTime, days: i64, people: &[&'static str]| {
        let number = wall.minutes_since(first, at).div_euclid(days * 1_440);
        people[usize::try_from(number).unwrap() % people.len()]
    };
    if at >= time("2026-11-01T05:30:00Z") && at < time("2026-11-01T09:15:00Z") {
        return "cy-odegard";
    }
    if at >= time("2026-10-20T20:30:00Z") && at < time("2026-10-23T15:00:00Z") {
        return turn(date(2026, 10, 20).at(15, 30, 0, 0), 1, &["cy-odegard", "ana-reyes"]);
    }
    let shown = wall.shown(at);
    let minute = i64::from(shown.hour()) * 60 + i64::from(shown.minute());
    let day = shown.weekday().to_monday_one_offset();
    let in_office = (day == 2 && (480..1_020).contains(&minute))
        || (day == 7 && minute >= 1_200)
        || (day == 1 && minute < 600);
    if in_office {
        return turn(date(2026, 1, 5).at(8, 0, 0, 0), 1, &["ana-reyes", "bo-otieno"]);
    }
    turn(date(2025, 11, 6).at(17, 0, 0, 0), 7, &["ana-reyes", "bo-otieno", "cy-odegard"])
}

/// What the walk says, as PagerDuty renders it: exact to the minute.
fn rendered(from: &str, to: &str) -> String {
    let foreign = |it: &str| match it {
        "ana-reyes" => "PXPGF42",
        "bo-otieno" => "PAM4FGS",
        _ => "PCY1111",
    };
    let (mut minute, end) = (time(from).minute(), time(to).minute());
    let mut entries = vec![];
    while minute < end {
        let (starts, who) = (minute, walk(Timestamp::from_minute(minute)));
        while minute < end && walk(Timestamp::from_minute(minute)) == who {
            minute += 1;
        }
        entries.push(format!(
            r#"{{"start":"{}","end":"{}","user":{{"id":"{}","type":"user_reference"}}}}"#,
            Timestamp::from_minute(starts),
            Timestamp::from_minute(minute),
            foreign(who)
        ));
    }
    format!("[{}]", entries.join(","))
}

pub(super) fn schedule() -> String {
    SCHEDULE.replace("RENDERED", &rendered("2026-10-13T00:00:00Z", "2026-11-10T00:00:00Z"))
}

pub(super) fn all(schedule: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("users.json", USERS),
        ("teams.json", TEAMS),
        ("PI7DH85.json", schedule),
        ("overrides-PI7DH85.json", OVERRIDES),
        ("policies.json", POLICIES),
        ("services.json", SERVICES),
    ]
}

#[test]
fn everything_that_can_be_said_is_said() {
    let schedule = schedule();
    let moved = moved(System::PagerDuty, &all(&schedule), NOW);
    assert_eq!(
        report(&moved.losses),
        "policies.json: noted: `$.escalation_policies[0].escalation_rules[1]` of Payments on call: round robin calls whoever was called longest ago here, and not the next in a list\n\
         users.json: lost: `$.users[1].contact_methods[0]` of a contact method: `push_notification_contact_method` has no counterpart: for pushed messages, give the person `ntfy` or `pushover`\n\
         0 refused, 1 lost, 1 noted\n"
    );
    assert_eq!(moved.text.as_deref().unwrap(), include_str!("pagerduty.yaml"));
    assert_eq!(moved.compared_hours, 28 * 24);
    written(&moved);
}

/// The order of the layers in the answer does not matter: what is rendered decides.
#[test]
fn the_same_people_are_on_duty_at_every_minute() {
    let schedule = schedule();
    let mut value: serde_json::Value = serde_json::from_str(&schedule).unwrap();
    value["schedule"]["schedule_layers"].as_array_mut().unwrap().reverse();
    let upside_down = value.to_string();
    for text in [&schedule, &upside_down] {
        let moved = moved(System::PagerDuty, &all(text), NOW);
        let range = ("2026-10-01T00:00:00Z", "2027-04-01T00:00:00Z");
        let asked = same_people(&moved, &["payments-primary"], range, |at| vec![walk(at)]);
        assert!(asked > 37_000, "{asked}");
    }
}

#[test]
fn what_is_rendered_otherwise_is_listed_by_date() {
    let schedule = schedule()
        .replace("\"start\":\"2026-11-05T23:00:00Z\"", "\"start\":\"2026-11-06T00:00:00Z\"");
    let moved = moved(System::PagerDuty, &all(&schedule), NOW);
    let told: Vec<_> = moved
        .losses
        .iter()
        .filter(|it| it.subject == "rota payments-primary")
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "PI7DH85.json: lost: 2026-11-05T23:00:00Z to 2026-11-06T00:00:00Z of rota payments-primary: PagerDuty says nobody, here it is bo-otieno"
        ]
    );
}

/// Weeks later: the configuration in force is asked what a new export renders, and the report holds nothing
/// else.
#[test]
fn a_later_export_is_compared_with_the_configuration_in_force() {
    let schedule = schedule();
    let mut rotas = written(&moved(System::PagerDuty, &all(&schedule), NOW)).rotas;
    let zones = oncall::Zones::bundled();
    let files: Vec<_> =
        all(&schedule).iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let asked = |rotas: &BTreeMap<_, _>| {
        let now = time("2026-11-01T09:00:00Z");
        let options = Options { org: "solar", now, zones: &zones, against: Some(rotas) };
        report(&import(System::PagerDuty, &files, &options).losses)
    };
    assert_eq!(asked(&rotas), "");
    // Somebody takes the override away.
    rotas.values_mut().next().unwrap().layers.pop();
    assert_eq!(
        asked(&rotas),
        "PI7DH85.json: lost: 2026-11-01T09:00:00Z to 2026-11-01T09:15:00Z of rota payments-primary: \
         PagerDuty says cy-odegard, here it is ana-reyes\n0 refused, 1 lost, 0 noted\n"
    );
    assert!(
        asked(&BTreeMap::new())
            .contains("there is no rota `payments-primary` in the configuration")
    );
}

#[test]
fn half_of_an_export_is_refused_by_place() {
    let whole = schedule();
    let check = |name: &str, change: &dyn Fn(&str) -> String, expected: &str| {
        check_damaged((System::PagerDuty, NOW), &all(&whole), name, change, expected);
    };
    let replaced = |a: &'static str, b: &'static str| move |it: &str| it.replacen(a, b, 1);
    check(
        "users.json",
        &replaced("\"more\":false", "\"more\":true"),
        "users.json: refused: `$.more`: there is more of `users`, and the part with `offset=100` is in no file: fetch it, too",
    );
    check(
        "users.json",
        &replaced("\"offset\":0", "\"offset\":100"),
        "users.json: refused: `$.offset`: the part of `users` before this one, with `offset=0`, is in no file",
    );
    check(
        "users.json",
        &|it: &str| it[..it.len() / 2].to_owned(),
        "refused: answer 1: EOF while parsing",
    );
    check("users.json", &|_: &str| String::new(), "users.json: refused: the file: it is empty");
    check(
        "users.json",
        &replaced("PCY1111", "PCY2222"),
        "PI7DH85.json: refused: `$.schedule.schedule_layers[0].users[0].user`: there is no user `PCY1111` in any file: export all users",
    );
    check(
        "PI7DH85.json",
        &replaced("604800", "604801"),
        "PI7DH85.json: refused: `$.schedule.schedule_layers[2].rotation_turn_length_seconds`: turns of 604801 seconds cannot be written",
    );
    check(
        "PI7DH85.json",
        &replaced("America/Chicago", "Central Time (US & Canada)"),
        "PI7DH85.json: refused: `$.schedule.time_zone`: the time zone `Central Time (US & Canada)` is not known",
    );
    check(
        "PI7DH85.json",
        &replaced("\"PI7DH85\"", "\"PI7DH86\""),
        "policies.json: refused: `$.escalation_policies[0].escalation_rules[0].targets[0]`: there is no schedule `PI7DH85` in any file",
    );
    check("PI7DH85.json", &replaced("final_schedule", "x"), "nobody can tell which one is on top");
    check(
        "PI7DH85.json",
        &replaced("schedule_layers", "x"),
        "the layers of schedule `PI7DH85` are not in the list",
    );
    check(
        "PI7DH85.json",
        &replaced("weekly_restriction", "yearly_restriction"),
        "PI7DH85.json: refused: `$.schedule.schedule_layers[1].restrictions[0].type`: restrictions of kind `yearly_restriction` are not known",
    );
    check(
        "policies.json",
        &replaced("PT20YPA", "PT20YPB"),
        "services.json: refused: `$.services[0].escalation_policy`",
    );
    check(
        "teams.json",
        &replaced("PQ9K7I8", "PQ9K7I9"),
        "users.json: refused: `$.users[0].teams[0]`: there is no team `PQ9K7I8`",
    );
    check(
        "services.json",
        &|_: &str| r#"{"error":{"message":"Not Found","code":2100}}"#.into(),
        "services.json: refused: `$.error`: PagerDuty refused this request",
    );
}

/// A weekday shift of two each in turn, and everybody on Saturday; New York, whose clocks go back on
/// 1 November 2026.
const SHIFTS: &str = r#"{"schedule":{"id":"P1234AB","type":"schedule","name":"Desk","time_zone":"America/New_York","rotations":[
 {"id":"R1","events":[{"id":"E1","name":"Weekdays","start_time":{"date_time":"2026-06-01T13:00:00Z","time_zone":"America/New_York"},"end_time":{"date_time":"2026-06-01T21:00:00Z","time_zone":"America/New_York"},"effective_since":"2026-06-01T13:00:00Z","effective_until":null,"recurrence":["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR","EXDATE:20261126T140000Z"],
  "assignment_strategy":{"type":"rotating_member_assignment_strategy","shifts_per_member":2,"members":[{"type":"user_member","user_id":"PXPGF42"},{"type":"user_member","user_id":"PAM4FGS"}]}}]},
 {"id":"R2","events":[{"id":"E2","name":"Saturday","start_time":"2026-06-06T16:00:00Z","end_time":"2026-06-06T20:00:00Z","effective_since":"2026-06-06T16:00:00Z","effective_until":"2026-11-14T17:30:00Z","recurrence":["RRULE:FREQ=WEEKLY;BYDAY=SA"],
  "assignment_strategy":{"type":"every_member_assignment_strategy","members":[{"type":"user_member","user_id":"PCY1111"},{"type":"user_member","user_id":"PAM4FGS"}]}}]}]}}"#;

#[test]
fn shift_schedules_keep_their_turns_over_a_change_of_clocks() {
    let files = [("users.json", USERS), ("teams.json", TEAMS), ("shifts.json", SHIFTS)];
    let moved = moved(System::PagerDuty, &files, NOW);
    let told = report(&moved.losses);
    assert!(
        told.contains(
            "`$.schedule.rotations[0].events[0].recurrence[1]` of Weekdays: EXDATE 20261126T140000Z"
        ),
        "{told}"
    );
    let wall = Wall::of("America/New_York");
    let walk = |at: Timestamp| {
        let shown = wall.shown(at);
        let (day, hour) = (shown.weekday().to_monday_one_offset(), shown.hour());
        if day == 6 && (12..16).contains(&hour) && at < time("2026-11-14T17:30:00Z") {
            return vec!["cy-odegard", "bo-otieno"];
        }
        if day > 5 || !(9..17).contains(&hour) {
            return vec![];
        }
        let days = i64::from(date(2026, 6, 1).until(shown.date()).unwrap().get_days());
        let worked = days / 7 * 5 + days % 7;
        vec![["ana-reyes", "bo-otieno"][usize::try_from(worked / 2 % 2).unwrap()]]
    };
    let range = ("2026-10-01T00:00:00Z", "2027-04-01T00:00:00Z");
    same_people(&moved, &["desk-weekdays", "desk-saturday"], range, walk);
}
