//! GoAlert: rotations that stand somewhere now, rules, temporary schedules, overrides.

use super::{Wall, check_damaged, moved, same_people, time, written};
use crate::System;
use formats::report;
use jiff::civil::date;
use model::Timestamp;

const NOW: &str = "2026-10-20T12:00:00Z";

const USERS: &str = r#"{"data":{"users":{"nodes":[
 {"id":"11","name":"Ana","email":"ana@solar.example","contactMethods":[{"id":"c1","type":"SMS","value":"+15550100123"},{"id":"c2","type":"WEBHOOK","value":"https://x.example"}]},
 {"id":"22","name":"Bo","email":"bo@solar.example","contactMethods":[]},
 {"id":"33","name":"Cy","email":"cy@solar.example","contactMethods":[]}],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}"#;
/// At the export the week belonged to Cy, whatever the start says; Chicago, whose clocks go back on
/// 1 November 2026.
const ROTATIONS: &str = r#"{"data":{"rotations":{"nodes":[
 {"id":"rot-1","name":"Weekly","timeZone":"America/Chicago","type":"weekly","start":"2026-01-12T15:00:00Z","shiftLength":1,"activeUserIndex":2,"userIDs":["11","22","33"],"nextHandoffTimes":["2026-10-26T14:00:00Z"]}],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}"#;
const SCHEDULES: &str = r#"{"data":{"schedules":{"nodes":[{"id":"sch-1","name":"Ops","timeZone":"America/Chicago",
 "targets":[
  {"target":{"id":"rot-1","type":"rotation","name":"Weekly"},"rules":[{"id":"r1","start":"00:00","end":"00:00","weekdayFilter":[true,true,true,true,true,true,true]}]},
  {"target":{"id":"11","type":"user","name":"Ana"},"rules":[{"id":"r2","start":"22:00","end":"04:00","weekdayFilter":[true,false,false,false,false,false,true]},{"id":"r3","start":"12:00","end":"13:00","weekdayFilter":[false,false,true,false,false,false,false]}]}],
 "temporarySchedules":[{"start":"2026-11-03T00:00:00Z","end":"2026-11-04T00:00:00Z","shifts":[{"userID":"22","start":"2026-11-03T00:00:00Z","end":"2026-11-03T20:00:00Z"}]}]}],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}"#;
const OVERRIDES: &str = r#"{"data":{"userOverrides":{"nodes":[{"id":"o1","start":"2026-11-10T00:00:00Z","end":"2026-11-11T00:00:00Z","addUserID":"11","removeUserID":"22","target":{"id":"sch-1","type":"schedule"}}],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}"#;
const POLICIES: &str = r#"{"data":{"escalationPolicies":{"nodes":[{"id":"p1","name":"Ops policy","repeat":3,"steps":[{"id":"x","delayMinutes":5,"targets":[{"id":"sch-1","type":"schedule","name":"Ops"}]},{"id":"y","delayMinutes":10,"targets":[{"id":"rot-1","type":"rotation","name":"Weekly"},{"id":"C1","type":"slackChannel","name":"ops"}]}]}],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}"#;

pub(super) fn all() -> Vec<(&'static str, &'static str)> {
    vec![
        ("users.json", USERS),
        ("rotations.json", ROTATIONS),
        ("schedules.json", SCHEDULES),
        ("overrides.json", OVERRIDES),
        ("policies.json", POLICIES),
    ]
}

fn walk(at: Timestamp) -> Vec<&'static str> {
    if at >= time("2026-11-03T00:00:00Z") && at < time("2026-11-03T20:00:00Z") {
        return vec!["bo"];
    }
    let wall = Wall::of("America/Chicago");
    let shown = wall.shown(at);
    let weeks = wall.minutes_since(date(2026, 10, 19).at(9, 0, 0, 0), at).div_euclid(7 * 1_440);
    let mut on = vec![["cy", "ana", "bo"][usize::try_from(weeks % 3).unwrap()]];
    let (day, hour) = (shown.weekday().to_sunday_zero_offset(), shown.hour());
    let night = ((day == 0 || day == 6) && hour >= 22) || ((day == 0 || day == 1) && hour < 4);
    if night || (day == 2 && hour == 12) {
        on.push("ana");
    }
    on
}

#[test]
fn whoever_is_at_the_front_now_is_on_duty_now() {
    let moved = moved(System::GoAlert, &all(), NOW);
    same_people(&moved, &["ops", "ops-2"], ("2026-10-20T12:00:00Z", "2027-04-01T00:00:00Z"), walk);
    assert_eq!(written(&moved).escalations.len(), 1);
    assert_eq!(
        moved.text.as_deref().unwrap().split("escalations:").nth(1).unwrap(),
        "\n  \"ops-policy\": # Ops policy\n    steps:\n    - { page: [\"rota ops\", \"rota ops-2\"], wait: 5m }\n    \
         - { page: [\"rota weekly\"], wait: 10m }\n    repeat: 3\n"
    );
    let told = report(&moved.losses);
    for it in [
        "overrides.json: lost: `$.data.userOverrides.nodes[0]` of an override: it depends on who is on duty: once the configuration is served, run `lamplighter override ops --replace bo --by ana --from 2026-11-10T00:00:00Z --to 2026-11-11T00:00:00Z` and `lamplighter override ops-2 --replace bo --by ana --from 2026-11-10T00:00:00Z --to 2026-11-11T00:00:00Z`",
        "of Ops: 2026-11-03T20:00:00Z to 2026-11-04T00:00:00Z: the temporary schedule has nobody on duty; here the rules show through",
        "`slackchannel` has no counterpart among people: write it as a `channel`",
        "`WEBHOOK` has no counterpart: left out",
    ] {
        assert!(told.contains(it), "{told}\nlacks\n{it}");
    }
}

#[test]
fn half_of_an_export_is_refused_by_place() {
    let check = |name: &str, from: &str, to: &str, expected: &str| {
        let change = |it: &str| it.replacen(from, to, 1);
        check_damaged((System::GoAlert, NOW), &all(), name, change, expected);
    };
    check(
        "users.json",
        "\"hasNextPage\":false",
        "\"hasNextPage\":true",
        "users.json: refused: `$.data.users.pageInfo.hasNextPage`: there are more users, in no file",
    );
    check("users.json", "\"pageInfo\"", "\"x\"", "nobody can tell whether this is all");
    check(
        "users.json",
        "\"33\"",
        "\"34\"",
        "rotations.json: refused: `$.data.rotations.nodes[0].userIDs[2]`: there is no user `33` in any file",
    );
    check(
        "rotations.json",
        "2026-10-26T14",
        "2026-10-19T14",
        "rotations.json: refused: `$.data.rotations.nodes[0].nextHandoffTimes[0]`: this hand-over was before",
    );
    check(
        "rotations.json",
        "\"weekly\"",
        "\"yearly\"",
        "rotations.json: refused: `$.data.rotations.nodes[0].type`",
    );
    check(
        "rotations.json",
        "rot-1",
        "rot-2",
        "schedules.json: refused: `$.data.schedules.nodes[0].targets[0].target`: there is no rotation `rot-1` in any file",
    );
    check(
        "policies.json",
        "{\"data\"",
        "{\"errors\":[{\"message\":\"no\"}],\"data\"",
        "policies.json: refused: `$.errors`",
    );
}
