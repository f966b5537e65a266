//! Fetching beside small servers that speak as the documented APIs do: whole, in parts, refusing, tired, broken.
//!
//! A server answers each path with what a table says, and whatever is in no table with 404; it keeps a list of
//! what it was asked, so that a test says all of it.

use super::{Account, all};
use model::Timestamp;
use moves::{Options, System, import};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Monday 5 January 2026.
const NOW: Timestamp = Timestamp(1_767_571_200_000);

/// What a server answers to what it is asked: the first row whose path begins alike and has answers left.
type Table = Vec<(&'static str, Vec<Answer>)>;

#[derive(Debug, Clone)]
enum Answer {
    Good(String),
    Status(u16, &'static str),
    /// Says how long it is and ends before.
    Torn,
}

fn good(text: &str) -> Vec<Answer> {
    vec![Answer::Good(text.to_owned())]
}

struct Pager {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Pager {
    fn of(table: Table) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(vec![]));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut table = table;
            for stream in listener.incoming() {
                answer(&mut stream.unwrap(), &mut table, &heard);
            }
        });
        Self { address, asked }
    }

    fn fetch(&self, system: System, token: &str) -> Result<Vec<(String, String)>, String> {
        let (url, token) = (Some(self.address.as_str()), token.to_owned());
        all(&Account { system, url, token, now: NOW }).map_err(|it| it.to_string())
    }

    /// Everything that was asked, a line each.
    fn asked(&self) -> String {
        self.asked.lock().unwrap().join("\n")
    }
}

fn answer(stream: &mut TcpStream, table: &mut Table, heard: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut bytes = [0; 4_096];
    let whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
        body.len() >= length.map_or(0, |it| it.trim().parse().unwrap())
    };
    while !whole(&request) {
        let count = stream.read(&mut bytes).unwrap();
        if count == 0 {
            return;
        }
        request.extend_from_slice(&bytes[..count]);
    }
    let text = String::from_utf8(request).unwrap();
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let secret = head.lines().find(|it| {
        let name = it.to_lowercase();
        ["authorization:", "x-vo-api-key:", "cookie:"].iter().any(|it| name.starts_with(it))
    });
    let secret = secret.and_then(|it| it.split_once(": ")).map_or("", |it| it.1);
    let body = if body.is_empty() { String::new() } else { format!(" {body}") };
    heard.lock().unwrap().push(format!("{path}{body} [{secret}]"));
    let asked = format!("{path}{body}");
    let row =
        table.iter_mut().find(|(start, answers)| asked.contains(start) && !answers.is_empty());
    let answer = row.map_or(Answer::Status(404, ""), |(_, answers)| answers.remove(0));
    let written = match answer {
        Answer::Good(body) => {
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
        }
        Answer::Torn => {
            "HTTP/1.1 200 OK\r\ncontent-length: 900\r\nconnection: close\r\n\r\n{\"users\": ["
                .to_owned()
        }
        Answer::Status(status, header) => {
            format!(
                "HTTP/1.1 {status} x\r\n{header}content-length: 2\r\nconnection: close\r\n\r\n{{}}"
            )
        }
    };
    stream.write_all(written.as_bytes()).unwrap();
}

/// What `import` makes of it: the first refusals, or that it was whole.
fn read(system: System, files: &[(String, String)]) -> String {
    let zones = oncall::Zones::bundled();
    let moved =
        import(system, files, &Options { org: "solar", now: NOW, zones: &zones, against: None });
    if let Some(text) = moved.text {
        return text;
    }
    moved.losses.iter().fold(String::new(), |mut told, it| {
        let _ = writeln!(told, "{}: {}", it.file, it.why);
        told
    })
}

fn pagerduty_user(id: &str, name: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"user","name":"{name}","email":"{name}@solar.example","time_zone":"Africa/Nairobi","contact_methods":[]}}"#
    )
}

fn listed(key: &str, items: &str, offset: usize, more: bool) -> String {
    format!(r#"{{"{key}":[{items}],"limit":100,"offset":{offset},"more":{more},"total":null}}"#)
}

/// Two parts of users, a schedule with its overrides, and a team with its members.
fn pagerduty() -> Table {
    let schedule = r#"{"schedule":{"id":"PSCHED1","type":"schedule","name":"Primary","time_zone":"Africa/Nairobi","schedule_layers":[{"id":"L1","name":"Layer 1","start":"2026-01-01T00:00:00+03:00","end":null,"rotation_virtual_start":"2026-01-01T08:00:00+03:00","rotation_turn_length_seconds":604800,"users":[{"user":{"id":"PUSER01","type":"user_reference"}},{"user":{"id":"PUSER02","type":"user_reference"}}],"restrictions":[]}]}}"#;
    vec![
        (
            "/users?include[]=contact_methods&limit=100&offset=0",
            vec![Answer::Good(listed("users", &pagerduty_user("PUSER01", "ana"), 0, true))],
        ),
        (
            "/users?include[]=contact_methods&limit=100&offset=100",
            vec![Answer::Good(listed("users", &pagerduty_user("PUSER02", "bo"), 100, false))],
        ),
        (
            "/teams?limit=100&offset=0",
            vec![Answer::Good(listed(
                "teams",
                r#"{"id":"PTEAM01","type":"team","name":"Payments"}"#,
                0,
                false,
            ))],
        ),
        ("/escalation_policies?", vec![Answer::Good(listed("escalation_policies", "", 0, false))]),
        ("/services?", vec![Answer::Good(listed("services", "", 0, false))]),
        (
            "/schedules?limit=100&offset=0",
            vec![Answer::Good(listed(
                "schedules",
                r#"{"id":"PSCHED1","type":"schedule","name":"Primary"}"#,
                0,
                false,
            ))],
        ),
        (
            "/schedules/PSCHED1?since=2026-01-05T00:00:00Z&until=2026-03-06T00:00:00Z",
            good(schedule),
        ),
        ("/schedules/PSCHED1/overrides?", good(r#"{"overrides":[]}"#)),
        (
            "/teams/PTEAM01/members?",
            vec![Answer::Good(listed(
                "members",
                r#"{"user":{"id":"PUSER01","type":"user_reference"},"role":"manager"}"#,
                0,
                false,
            ))],
        ),
    ]
}

#[test]
fn every_part_of_pagerduty_is_fetched_and_read() {
    let pager = Pager::of(pagerduty());
    let files = pager.fetch(System::PagerDuty, "k1").unwrap();
    let names: Vec<&str> = files.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(
        names,
        [
            "users.json",
            "users-100.json",
            "teams.json",
            "policies.json",
            "services.json",
            "schedules.json",
            "schedule-PSCHED1.json",
            "overrides-PSCHED1.json",
            "members-PTEAM01.json"
        ]
    );
    assert!(pager.asked().lines().all(|it| it.ends_with("[Token token=k1]")), "{}", pager.asked());
    let text = read(System::PagerDuty, &files);
    for part in ["ana@solar.example", "bo@solar.example", "Africa/Nairobi", "turn: 1w"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

/// Whatever goes wrong once on the way, nothing comes of it, and it is said what could not be read.
#[test]
fn half_of_an_answer_is_nothing() {
    let table = [
        (
            vec![Answer::Status(401, "")],
            "it refused the token (401): a key that may read is enough",
        ),
        (vec![Answer::Status(500, "")], "it answered 500"),
        (vec![Answer::Torn], "127.0.0.1 does not answer: "),
        (good("<html>"), "the answer broke off or is no JSON: expected value at line 1 column 1"),
        (
            vec![Answer::Status(429, "retry-after: 9000\r\n")],
            "it asks to be left alone for 9000 s: come back then",
        ),
        (
            vec![
                Answer::Status(429, "retry-after: 0\r\n"),
                Answer::Status(429, "retry-after: 0\r\n"),
            ],
            "it still asks to be left alone: import later",
        ),
    ];
    for (answers, told) in table {
        let mut all = pagerduty();
        all[1].1 = answers;
        let refused = Pager::of(all).fetch(System::PagerDuty, "k1").unwrap_err();
        let what = "`/users?include[]=contact_methods&limit=100&offset=100` of PagerDuty could not be read";
        assert!(refused.contains(what) && refused.contains(told), "{refused}");
        assert!(!refused.contains("k1"), "{refused}");
    }
}

#[test]
fn whoever_asks_to_be_left_alone_is_asked_once_more() {
    let mut table = pagerduty();
    table[1].1.insert(0, Answer::Status(429, "retry-after: 0\r\n"));
    let pager = Pager::of(table);
    assert_eq!(pager.fetch(System::PagerDuty, "k1").unwrap().len(), 9);
    assert_eq!(pager.asked().matches("offset=100").count(), 2);
}

/// The next part is asked at the address that was named, whatever host the answer speaks of.
#[test]
fn parts_of_opsgenie_follow_their_place_and_no_address() {
    let user = |name: &str| {
        format!(
            r#"{{"id":"u-{name}","username":"{name}@solar.example","fullName":"{name}","timeZone":"Africa/Nairobi"}}"#
        )
    };
    let part = |users: &str, paging: &str| {
        format!(r#"{{"totalCount":2,"data":[{users}],{paging}"took":0.1,"requestId":"r"}}"#)
    };
    let next = r#""paging":{"next":"https://evil.example/v2/users?limit=100&offset=1"},"#;
    let one = |user: &str| format!(r#"{{"data":{user},"requestId":"r"}}"#);
    let none = r#"{"data":[],"requestId":"r"}"#;
    let mut table: Table = vec![
        ("/users?limit=100&offset=1", vec![Answer::Good(part(&user("bo"), ""))]),
        ("/users?limit=100", vec![Answer::Good(part(&user("ana"), next))]),
        ("/users/u-ana?", vec![Answer::Good(one(&user("ana")))]),
        ("/users/u-bo?", vec![Answer::Good(one(&user("bo")))]),
        ("/teams?", good(none)),
        ("/schedules?", good(none)),
        ("/escalations?", good(none)),
    ];
    let pager = Pager::of(table.clone());
    let files = pager.fetch(System::Opsgenie, "k2").unwrap();
    assert!(
        pager.asked().starts_with("/users?limit=100 [GenieKey k2]\n/users?limit=100&offset=1 [")
    );
    assert!(read(System::Opsgenie, &files).contains("bo@solar.example"));
    // A list that never ends is no list.
    let again = r#""paging":{"next":"https://evil.example/v2/users?offset=0"},"#;
    table[1].1 = vec![Answer::Good(part(&user("ana"), again))];
    let refused = Pager::of(table).fetch(System::Opsgenie, "k2").unwrap_err();
    assert!(refused.contains("names no place after this one"), "{refused}");
}

#[test]
fn parts_of_grafana_oncall_are_counted() {
    let user = |name: &str| {
        format!(
            r#"{{"id":"{name}","email":"{name}@solar.example","username":"{name}","role":"admin","timezone":"Africa/Nairobi"}}"#
        )
    };
    let part = |users: &str, next: &str| {
        format!(r#"{{"count":2,"next":{next},"previous":null,"results":[{users}]}}"#)
    };
    let none = r#"{"count":0,"next":null,"previous":null,"results":[]}"#;
    let mut table: Table = vec![
        (
            "/api/v1/users/?page=1",
            vec![Answer::Good(part(&user("ana"), r#""https://elsewhere.example/?page=2""#))],
        ),
        ("/api/v1/users/?page=2", vec![Answer::Good(part(&user("bo"), "null"))]),
    ];
    for path in ["teams", "on_call_shifts", "escalation_chains", "escalation_policies"] {
        let path: &'static str = match path {
            "teams" => "/api/v1/teams/?page=1",
            "on_call_shifts" => "/api/v1/on_call_shifts/?page=1",
            "escalation_chains" => "/api/v1/escalation_chains/?page=1",
            _ => "/api/v1/escalation_policies/?page=1",
        };
        table.push((path, good(none)));
    }
    let schedule = r#"{"count":1,"next":null,"previous":null,"results":[{"id":"SBM7DV7BKFUYU","name":"Primary","type":"web","time_zone":"Africa/Nairobi","shifts":[]}]}"#;
    table.push(("/api/v1/schedules/?page=1", good(schedule)));
    table.push(("/api/v1/schedules/SBM7DV7BKFUYU/final_shifts/?start_date=2026-01-05&end_date=2026-03-06&page=1", good(none)));
    let pager = Pager::of(table);
    let files = pager.fetch(System::GrafanaOnCall, "k3").unwrap();
    assert_eq!(files.len(), 8, "{}", pager.asked());
    assert!(pager.asked().lines().all(|it| it.ends_with("[k3]")));
    assert!(read(System::GrafanaOnCall, &files).contains("bo@solar.example"));
}

#[test]
fn splunk_is_asked_for_each_person_team_and_policy() {
    let user = r#"{"users":[[{"username":"ana","firstName":"Ana","lastName":"Reyes","email":"ana@solar.example"}]],"_selfUrl":"/api-public/v1/user"}"#;
    let table: Table = vec![
        (
            "/v1/user/ana/contact-methods",
            good(r#"{"phones":{"contactMethods":[]},"emails":{"contactMethods":[]}}"#),
        ),
        ("/v1/user", good(user)),
        (
            "/v1/team/pay/members",
            good(
                r#"{"members":[{"username":"ana"}],"_selfUrl":"/api-public/v1/team/pay/members"}"#,
            ),
        ),
        (
            "/v1/teams/pay/rotations",
            good(r#"{"rotationGroups":[],"_selfUrl":"/api-public/v1/teams/pay/rotations"}"#),
        ),
        (
            "/v1/team",
            good(r#"[{"name":"Payments","slug":"pay","_selfUrl":"/api-public/v1/team/pay"}]"#),
        ),
        ("/v1/policies", good(r#"{"policies":[]}"#)),
        ("/v1/overrides", good(r#"{"overrides":[]}"#)),
    ];
    let pager = Pager::of(table);
    let files = pager.fetch(System::Splunk, "id:key").unwrap();
    assert_eq!(
        pager.asked(),
        "/v1/user [key]\n/v1/user/ana/contact-methods [key]\n/v1/team [key]\n/v1/team/pay/members [key]\n\
         /v1/teams/pay/rotations [key]\n/v1/policies [key]\n/v1/overrides [key]"
    );
    assert!(read(System::Splunk, &files).contains("ana@solar.example"));
    let refused = pager.fetch(System::Splunk, "key").unwrap_err();
    assert!(refused.contains("wants an id and a key"), "{refused}");
}

#[test]
fn goalert_is_asked_the_queries_of_the_book() {
    let nodes = |kind: &str, nodes: &str, info: &str| {
        format!(r#"{{"data":{{"{kind}":{{"nodes":[{nodes}],"pageInfo":{{{info}}}}}}}}}"#)
    };
    let last = r#""hasNextPage":false,"endCursor":"x""#;
    let user = |name: &str| {
        format!(
            r#"{{"id":"u-{name}","name":"{name}","email":"{name}@solar.example","contactMethods":[]}}"#
        )
    };
    let mut table: Table = vec![
        ("after: \\\"c1\\\"", vec![Answer::Good(nodes("users", &user("bo"), last))]),
        (
            "users(",
            vec![Answer::Good(nodes(
                "users",
                &user("ana"),
                r#""hasNextPage":true,"endCursor":"c1""#,
            ))],
        ),
    ];
    for kind in ["rotations", "schedules", "userOverrides", "escalationPolicies", "services"] {
        table.push((kind, vec![Answer::Good(nodes(kind, "", last))]));
    }
    let pager = Pager::of(table.clone());
    let files = pager.fetch(System::GoAlert, "s1").unwrap();
    assert_eq!(files.len(), 7, "{}", pager.asked());
    assert!(pager.asked().lines().all(|it| it.ends_with("[goalert_session.2=s1]")));
    assert!(read(System::GoAlert, &files).contains("bo@solar.example"));
    table[1].1 = good(r#"{"errors":[{"message":"not allowed"}],"data":null}"#);
    let refused = Pager::of(table).fetch(System::GoAlert, "s1").unwrap_err();
    assert!(
        refused.contains("`users` of GoAlert could not be read") && refused.contains("not allowed")
    );
}

#[test]
fn a_pager_without_an_address_for_everybody_wants_one() {
    let account = Account { system: System::GoAlert, url: None, token: "s".to_owned(), now: NOW };
    assert!(all(&account).unwrap_err().to_string().contains("--url"));
}
