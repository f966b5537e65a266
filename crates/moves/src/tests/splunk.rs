//! Splunk On-Call: shifts side by side, masks, whoever has the turn now, policies.

use super::{Wall, check_damaged, moved, same_people, written};
use crate::System;
use formats::report;
use jiff::civil::date;
use model::Timestamp;

const NOW: &str = "2026-10-20T12:00:00Z";

const USERS: &str = r#"{"users":[[{"firstName":"Ana","lastName":"Reyes","username":"ana","email":"ana@solar.example","verified":true},{"firstName":"Bo","lastName":"Otieno","username":"bo","email":"bo@solar.example"},{"firstName":"Cy","lastName":"","username":"cy","email":"cy@solar.example"}]]}"#;
const CONTACTS: &str = r#"{"phones":{"contactMethods":[{"label":"Default","value":"+1 555-010-0123","extId":"x"}],"_selfUrl":"/api-public/v1/user/ana/contact-methods/phones"},"emails":{"contactMethods":[]},"_selfUrl":"/api-public/v1/user/ana/contact-methods"}"#;
const TEAMS: &str = r#"[{"_selfUrl":"/api-public/v1/team/team-1","name":"Payments","slug":"team-1","memberCount":2,"isDefaultTeam":false}]"#;
const MEMBERS: &str = r#"{"_selfUrl":"/api-public/v1/team/team-1/members","members":[{"username":"ana","firstName":"Ana"},{"username":"bo","firstName":"Bo"}]}"#;
/// Office hours on weekdays in turns of a week, a long weekend in three parts, and somebody always beside
/// them; New York, whose clocks go back on 1 November 2026. At the export the week was Bo's.
const ROTATIONS: &str = r#"{"_selfUrl":"/api-public/v1/teams/team-1/rotations","rotationGroups":[{"label":"Primary","slug":"rtg-1","totalMembersInRotation":3,"shifts":[
 {"label":"Office","timezone":"America/New_York","start":"2024-04-22T13:00:00Z","duration":7,"shifttype":"pho","mask":{"day":{"m":true,"t":true,"w":true,"th":true,"f":true,"sa":false,"su":false},"time":[{"start":{"hour":9,"minute":0},"end":{"hour":17,"minute":30}}]},"periods":[],"current":{"start":"2026-10-19T13:00:00Z","end":"2026-10-26T13:00:00Z","username":"bo","isRoll":false},"next":{"start":"2026-10-26T13:00:00Z","end":"2026-11-02T14:00:00Z","username":"ana"},"shiftMembers":[{"username":"ana","slug":"rtm-1"},{"username":"bo","slug":"rtm-2"}]},
 {"label":"Weekend","timezone":"America/New_York","start":"2024-04-26T21:30:00Z","duration":7,"shifttype":"cstm","mask":{"day":{"m":false,"t":false,"w":false,"th":false,"f":true,"sa":false,"su":false},"time":[{"start":{"hour":17,"minute":30},"end":{"hour":0,"minute":0}}]},"mask2":{"day":{"m":false,"t":false,"w":false,"th":false,"f":false,"sa":true,"su":true},"time":[{"start":{"hour":0,"minute":0},"end":{"hour":0,"minute":0}}]},"mask3":{"day":{"m":true,"t":false,"w":false,"th":false,"f":false,"sa":false,"su":false},"time":[{"start":{"hour":0,"minute":0},"end":{"hour":9,"minute":0}}]},"periods":[],"current":{},"next":{"start":"2026-10-23T21:30:00Z","end":"2026-10-26T13:00:00Z","username":"cy"},"shiftMembers":[{"username":"ana","slug":"a"},{"username":"bo","slug":"b"},{"username":"cy","slug":"c"}]},
 {"label":"Manager","timezone":"America/New_York","start":"2024-04-22T13:00:00Z","duration":1,"shifttype":"std","periods":[],"shiftMembers":[{"username":"cy","slug":"z"}]}]}]}"#;
const LIST: &str = r#"{"policies":[{"policy":{"name":"Payments","slug":"pol-1"},"team":{"name":"Payments","slug":"team-1"}}]}"#;
const POLICY: &str = r#"{"name":"Payments up","slug":"pol-1","_selfUrl":"/api-public/v1/policies/pol-1","steps":[{"timeout":0,"entries":[{"executionType":"rotation_group","rotationGroup":{"slug":"rtg-1","label":"Primary"}}]},{"timeout":15,"entries":[{"executionType":"rotation_group_next","rotationGroup":{"slug":"rtg-1"}},{"executionType":"user","user":{"username":"ana"}}]},{"timeout":30,"entries":[{"executionType":"team_page"},{"executionType":"email","email":{"address":"x@y"}}]}]}"#;
const OVERRIDES: &str = r#"{"overrides":[{"publicId":"o1","user":{"username":"bo"},"timezone":"America/New_York","start":"2026-11-10T00:00:00Z","end":"2026-11-11T00:00:00Z","assignments":[{"policy":"pol-1","team":"team-1","assigned":true,"user":{"username":"ana"}}]}]}"#;

pub(super) fn all() -> Vec<(&'static str, &'static str)> {
    vec![
        ("users.json", USERS),
        ("contacts-ana.json", CONTACTS),
        ("teams.json", TEAMS),
        ("members-team-1.json", MEMBERS),
        ("rotations-team-1.json", ROTATIONS),
        ("policies.json", LIST),
        ("policy-pol-1.json", POLICY),
        ("overrides.json", OVERRIDES),
    ]
}

fn walk(at: Timestamp) -> Vec<&'static str> {
    let wall = Wall::of("America/New_York");
    let shown = wall.shown(at);
    let minute = i64::from(shown.hour()) * 60 + i64::from(shown.minute());
    let day = shown.weekday().to_monday_one_offset();
    let weeks = |first| wall.minutes_since(first, at).div_euclid(7 * 1_440);
    let pick = |list: &[&'static str], number: i64| {
        list[usize::try_from(number.rem_euclid(i64::try_from(list.len()).unwrap())).unwrap()]
    };
    let mut on = vec!["cy"];
    if day <= 5 && (540..1_050).contains(&minute) {
        on.push(pick(&["bo-otieno", "ana-reyes"], weeks(date(2026, 10, 19).at(9, 0, 0, 0))));
    }
    if (day == 5 && minute >= 1_050) || day > 5 || (day == 1 && minute < 540) {
        on.push(pick(
            &["cy", "ana-reyes", "bo-otieno"],
            weeks(date(2026, 10, 23).at(17, 30, 0, 0)),
        ));
    }
    on
}

#[test]
fn shifts_side_by_side_name_the_same_people() {
    let moved = moved(System::Splunk, &all(), NOW);
    same_people(
        &moved,
        &["primary", "primary-2"],
        ("2026-10-20T12:00:00Z", "2027-05-01T00:00:00Z"),
        walk,
    );
    assert_eq!(written(&moved).rotas.len(), 2);
    assert_eq!(
        moved.text.as_deref().unwrap().split("escalations:").nth(1).unwrap(),
        "\n  \"payments\": # Payments up\n    steps:\n    - { page: [\"rota primary\", \"rota primary-2\"], wait: 15m }\n    \
         - { page: [\"rota primary next\", \"rota primary-2 next\", \"person ana-reyes\"], wait: 30m }\n    \
         - { page: [\"team payments\"], wait: 5m }\n"
    );
    let told = report(&moved.losses);
    assert!(told.contains("`email` has no counterpart among people: left out"), "{told}");
    assert!(told.contains("`lamplighter override primary --replace bo-otieno --by ana-reyes --from 2026-11-10T00:00:00Z --to 2026-11-11T00:00:00Z`"), "{told}");
}

#[test]
fn half_of_an_export_is_refused_by_place() {
    let check = |name: &str, from: &str, to: &str, expected: &str| {
        let change = |it: &str| it.replacen(from, to, 1);
        check_damaged((System::Splunk, NOW), &all(), name, change, expected);
    };
    check(
        "teams.json",
        "\"memberCount\":2",
        "\"memberCount\":3",
        "teams.json: refused: `$[0]`: there are 3 members of it, and the files hold 2",
    );
    check("members-team-1.json", "\"bo\"", "\"di\"", "there is no user `di` in any file");
    check(
        "rotations-team-1.json",
        "\"duration\":7",
        "\"duration\":700",
        "rotations-team-1.json: refused: `$.rotationGroups[0].shifts[0].duration`: turns of 700 days cannot be written",
    );
    check("rotations-team-1.json", "\"pho\"", "\"odd\"", "shifts of type `odd` are not known");
    check(
        "rotations-team-1.json",
        "2026-10-26T13:00:00Z\",\"username\":\"cy\"",
        "2026-10-19T13:00:00Z\",\"username\":\"cy\"",
        "neither `current` nor `next` says who has a turn after 2026-10-20T12:00:00Z",
    );
    check(
        "policy-pol-1.json",
        "\"slug\":\"pol-1\"",
        "\"slug\":\"pol-2\"",
        "policies.json: refused: `$.policies[0]`: the steps of this policy are in no file",
    );
    check("policy-pol-1.json", "rtg-1", "rtg-2", "there is no schedule `rtg-2` in any file");
    check(
        "users.json",
        "{\"users\"",
        "{\"error\"",
        "users.json: refused: `$`: Splunk On-Call refused this request",
    );
}
