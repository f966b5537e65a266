//! Opsgenie: rotations side by side, restrictions, nobody's turns, overrides, escalations.

use super::{Wall, check_damaged, moved, same_people, time, written};
use crate::System;
use formats::report;
use jiff::civil::date;
use model::Timestamp;

const NOW: &str = "2027-03-01T00:00:00Z";

const USERS: &str = r#"{"data":[
 {"id":"u-ana","username":"ana@solar.example","fullName":"Ana Reyes","role":{"id":"Admin"},"timeZone":"Europe/Berlin","userContacts":[{"contactMethod":"sms","to":"49-15550100"},{"contactMethod":"voice","to":"49-15550100"},{"contactMethod":"mobile","to":"phone"}]},
 {"id":"u-bo","username":"bo@solar.example","fullName":"Bo Otieno","role":{"id":"User"},"timeZone":"Africa/Nairobi"},
 {"id":"u-cy","username":"cy@solar.example","fullName":"Cy","role":{"id":"User"},"timeZone":"Europe/Oslo"}],
 "totalCount":3,"took":0.1,"requestId":"r1"}"#;
const TEAM: &str = r#"{"data":{"id":"t-1","name":"Payments","members":[{"user":{"id":"u-ana","username":"ana@solar.example"},"role":"admin"},{"user":{"id":"u-bo"},"role":"user"}]},"took":0.1,"requestId":"r2"}"#;
/// Office hours by day and nights over the weekend share a rota; the manager beside them is on all the time
/// but every third week. Berlin's clocks go forward on 28 March 2027.
const SCHEDULES: &str = r#"{"data":[{"id":"s-1","name":"Payments","timezone":"Europe/Berlin","enabled":true,"ownerTeam":{"id":"t-1","name":"Payments"},"rotations":[
 {"id":"r-day","name":"Day","startDate":"2026-12-07T07:30:00Z","type":"daily","length":1,"participants":[{"type":"user","id":"u-ana"},{"type":"user","username":"bo@solar.example"}],"timeRestriction":{"type":"time-of-day","restriction":{"startHour":8,"startMin":30,"endHour":17,"endMin":0}}},
 {"id":"r-night","name":"Weekend nights","startDate":"2026-12-07T16:00:00Z","type":"weekly","length":1,"participants":[{"type":"user","id":"u-bo"},{"type":"user","id":"u-cy"}],"timeRestriction":{"type":"weekday-and-time-of-day","restrictions":[{"startDay":"friday","startHour":17,"startMin":0,"endDay":"saturday","endHour":8,"endMin":30},{"startDay":"sunday","startHour":22,"startMin":0,"endDay":"monday","endHour":6,"endMin":0}]}},
 {"id":"r-boss","name":"Manager","startDate":"2026-12-07T08:00:00Z","endDate":"2027-04-20T10:15:00Z","type":"weekly","length":1,"participants":[{"type":"user","id":"u-cy"},{"type":"none"},{"type":"user","id":"u-ana"}]},
 {"id":"r-old","name":"Old","startDate":"2020-12-07T08:00:00Z","endDate":"2021-04-20T10:15:00Z","type":"weekly","length":1,"participants":[{"type":"user","id":"u-gone"}]}]}],
 "expandable":["rotation"],"took":0.1,"requestId":"r3"}"#;
const OVERRIDES: &str = r#"{"data":[{"_parent":{"id":"s-1","name":"Payments","enabled":true},"alias":"o-1","user":{"type":"user","id":"u-cy","username":"cy@solar.example"},"startDate":"2027-03-27T22:00:00Z","endDate":"2027-03-28T06:00:00Z","rotations":[]}],"took":0.1,"requestId":"r4"}"#;
const ESCALATIONS: &str = r#"{"data":[{"id":"e-1","name":"Payments up","ownerTeam":{"id":"t-1","name":"Payments"},"rules":[
 {"condition":"if-not-acked","notifyType":"default","delay":{"timeAmount":0,"timeUnit":"minutes"},"recipient":{"type":"schedule","id":"s-1","name":"Payments"}},
 {"condition":"if-not-acked","notifyType":"next","delay":{"timeAmount":5,"timeUnit":"minutes"},"recipient":{"type":"schedule","name":"Payments"}},
 {"condition":"if-not-acked","notifyType":"default","delay":{"timeAmount":5,"timeUnit":"minutes"},"recipient":{"type":"user","username":"cy@solar.example"}},
 {"condition":"if-not-closed","notifyType":"all","delay":{"timeAmount":1,"timeUnit":"hours"},"recipient":{"type":"team","id":"t-1"}}],"repeat":{"waitInterval":10,"count":2}}],"took":0.1,"requestId":"r5"}"#;

pub(super) fn all() -> Vec<(&'static str, &'static str)> {
    vec![
        ("users.json", USERS),
        ("team-t-1.json", TEAM),
        ("schedules.json", SCHEDULES),
        ("overrides-s-1.json", OVERRIDES),
        ("escalations.json", ESCALATIONS),
    ]
}

fn walk(at: Timestamp) -> Vec<&'static str> {
    let wall = Wall::of("Europe/Berlin");
    if at >= time("2027-03-27T22:00:00Z") && at < time("2027-03-28T06:00:00Z") {
        return vec!["cy"];
    }
    let shown = wall.shown(at);
    let minute = i64::from(shown.hour()) * 60 + i64::from(shown.minute());
    let day = shown.weekday().to_monday_one_offset();
    let turn = |first, days: i64, people: &[&'static str]| {
        let number = wall.minutes_since(first, at).div_euclid(days * 1_440);
        people[usize::try_from(number).unwrap() % people.len()]
    };
    let mut on = vec![];
    if (510..1_020).contains(&minute) {
        on.push(turn(date(2026, 12, 7).at(8, 30, 0, 0), 1, &["ana-reyes", "bo-otieno"]));
    }
    let nights = (day == 5 && minute >= 1_020)
        || (day == 6 && minute < 510)
        || (day == 7 && minute >= 1_320)
        || (day == 1 && minute < 360);
    if nights {
        on.push(turn(date(2026, 12, 7).at(17, 0, 0, 0), 7, &["bo-otieno", "cy"]));
    }
    if at < time("2027-04-20T10:15:00Z") {
        on.push(turn(date(2026, 12, 7).at(9, 0, 0, 0), 7, &["cy", "", "ana-reyes"]));
    }
    on.retain(|it| !it.is_empty());
    on
}

#[test]
fn rotations_side_by_side_name_the_same_people() {
    let moved = moved(System::Opsgenie, &all(), NOW);
    let range = ("2027-03-01T00:00:00Z", "2027-12-01T00:00:00Z");
    same_people(&moved, &["payments", "payments-2"], range, walk);
    let catalogue = written(&moved);
    assert_eq!(catalogue.rotas.len(), 2);
    let text = moved.text.unwrap();
    let escalations = text.split("escalations:").nth(1).unwrap();
    assert_eq!(
        escalations,
        "\n  \"payments\": # Payments up\n    steps:\n    \
         - { page: [\"rota payments\", \"rota payments-2\"], wait: 5m }\n    \
         - { page: [\"rota payments next\", \"rota payments-2 next\", \"person cy\"], wait: 55m }\n    \
         - { page: [\"team payments\"], wait: 10m }\n    repeat: 2\n"
    );
    assert_eq!(report(&moved.losses), "\
escalations.json: lost: `$.data[0].rules[3]` of Payments up: `if-not-closed`: here a page that somebody has taken calls nobody else
schedules.json: noted: `$.data[0]` of Payments: no timeline with times to come was exported, so nothing could be compared: fetch `/v2/schedules/ID/timeline?interval=2&intervalUnit=months`
schedules.json: noted: `$.data[0]` of Payments: up to 2 people are on duty at once: it becomes 2 rotas, and whoever called the schedule calls all of them
users.json: noted: `$.data[1]` of contacts: no contacts were exported, so there is no telephone number: fetch `/v2/users/ID?expand=contact`
users.json: noted: `$.data[2]` of contacts: no contacts were exported, so there is no telephone number: fetch `/v2/users/ID?expand=contact`
users.json: lost: `$.data[0].userContacts[2]` of a contact: `mobile` has no counterpart: for pushed messages, give the person `ntfy` or `pushover`
0 refused, 2 lost, 4 noted
");
}

/// A timeline that puts somebody else on duty for an hour.
#[test]
fn a_timeline_that_says_otherwise_is_listed() {
    let timeline = r#"{"data":{"_parent":{"id":"s-1","name":"Payments"},"startDate":"2027-03-29T15:00:00Z","endDate":"2027-03-29T17:00:00Z","finalTimeline":{"rotations":[{"id":"r-boss","name":"Manager","order":1.0,"periods":[{"startDate":"2027-03-29T15:00:00Z","endDate":"2027-03-29T16:00:00Z","type":"default","recipient":{"type":"user","id":"u-bo","name":"bo@solar.example"}},{"startDate":"2027-03-29T16:00:00Z","endDate":"2027-03-29T17:00:00Z","type":"default","recipient":{"type":"user","id":"u-ana"}}]}]}},"took":0.1,"requestId":"r6"}"#;
    let mut files = all();
    files.push(("timeline.json", timeline));
    let moved = moved(System::Opsgenie, &files, NOW);
    let told: Vec<_> = moved
        .losses
        .iter()
        .filter(|it| it.file == "timeline.json")
        .map(ToString::to_string)
        .collect();
    let ours = walk(time("2027-03-29T15:30:00Z"));
    let expected = format!(
        "timeline.json: lost: 2027-03-29T15:00:00Z to 2027-03-29T16:00:00Z of rota payments, payments-2: Opsgenie says bo-otieno, here it is {}",
        if ours.is_empty() { "nobody".to_owned() } else { ours.join(" and ") }
    );
    assert_eq!(told[0], expected);
}

#[test]
fn half_of_an_export_is_refused_by_place() {
    let check = |name: &str, from: &str, to: &str, expected: &str| {
        let change = |it: &str| it.replacen(from, to, 1);
        check_damaged((System::Opsgenie, NOW), &all(), name, change, expected);
    };
    check(
        "users.json",
        "\"totalCount\":3",
        "\"totalCount\":4",
        "users.json: refused: `$.totalCount`: there are 4 users, and the files hold 3",
    );
    check(
        "users.json",
        "\"totalCount\":3",
        "\"paging\":{\"next\":\"https://api.opsgenie.com/v2/users?limit=3&offset=3\"}",
        "users.json: refused: `$.paging.next`: there are more users, in no file: fetch https://api.opsgenie.com/v2/users?limit=3&offset=3, too",
    );
    check(
        "users.json",
        "u-bo",
        "u-bob",
        "team-t-1.json: refused: `$.data.members[1].user`: there is no user `u-bo` in any file",
    );
    check("team-t-1.json", "\"members\"", "\"x\"", "fetch `/v2/teams/t-1` alone");
    check(
        "schedules.json",
        "\"rotations\"",
        "\"x\"",
        "schedules.json: refused: `$.data[0]`: its rotations are not in the answer",
    );
    check(
        "schedules.json",
        "\"daily\"",
        "\"yearly\"",
        "schedules.json: refused: `$.data[0].rotations[0].type`: rotations of type `yearly` are not known",
    );
    check(
        "schedules.json",
        "Europe/Berlin",
        "Europe/Berln",
        "the time zone `Europe/Berln` is not known",
    );
    check("schedules.json", "\"s-1\"", "\"s-2\"", "there is no schedule `s-1` in any file");
    check(
        "escalations.json",
        "{\"data\"",
        "{\"message\":\"no\",\"code\":40301,\"x\"",
        "escalations.json: refused: `$`: there is no `data`",
    );
}
