//! What other pagers say they did. Payloads are written after their documentation.

use crate::beside::{self, Act, Done};

#[test]
fn pagerduty_names_whom_it_assigned() {
    let event = |kind: &str| {
        format!(
            r#"{{"event": {{"id": "01", "event_type": "{kind}", "occurred_at": "2026-11-23T10:00:00.5Z",
            "agent": {{"id": "PBO", "type": "user_reference", "summary": "Bo Otieno"}},
            "data": {{"id": "Q1", "type": "incident", "incident_key": "srv01/mysql", "title": "db down",
            "assignees": [{{"id": "PANA", "summary": "Ana Reyes"}}, {{"id": "PCY", "summary": "Cy"}}]}}}}}}"#
        )
    };
    let check = |kind: &str, expected: &str| {
        let done = beside::pagerduty(event(kind).as_bytes()).expect("reads");
        assert_eq!(shown(&done), expected);
    };
    let called = "pagerduty Q1 [srv01/mysql] db down: Called Ana Reyes/PANA, Cy/PCY at 2026-11-23T10:00:00.5Z";
    check("incident.triggered", called);
    check("incident.escalated", called);
    check("incident.reassigned", called);
    check(
        "incident.acknowledged",
        "pagerduty Q1 [srv01/mysql] db down: Acknowledged Bo Otieno/PBO at 2026-11-23T10:00:00.5Z",
    );
    check(
        "incident.resolved",
        "pagerduty Q1 [srv01/mysql] db down: Resolved  at 2026-11-23T10:00:00.5Z",
    );
    check("incident.annotated", "");
    check("pagey.ping", "");
    assert!(beside::pagerduty(b"{}").is_err());
    assert!(beside::pagerduty(b"nonsense").is_err());
}

#[test]
fn opsgenie_names_people_where_it_knows_them() {
    let body = |action: &str, more: &str| {
        format!(
            r#"{{"action": "{action}", "alert": {{"alertId": "a1", "message": "db down", "alias": "srv01",
            "tinyId": "7", "username": "bo@solar.example", "createdAt": 1795428000000
            {more}}}, "integrationName": "hook"}}"#
        )
    };
    let check = |action: &str, more: &str, who: &[&str], expected: &str| {
        let who: Vec<String> = who.iter().map(ToString::to_string).collect();
        let done = beside::opsgenie(body(action, more).as_bytes(), &who).expect("reads");
        assert_eq!(shown(&done), expected);
    };
    let end = "at 2026-11-23T10:00:00Z";
    check(
        "Create",
        r#", "responders": [{"type": "user", "id": "u1", "name": "ana@solar.example"}, {"type": "team", "id": "t"}]"#,
        &["cy"],
        &format!("opsgenie a1 [srv01 7] db down: Called ana@solar.example/u1 {end}"),
    );
    check("Create", "", &["ana"], &format!("opsgenie a1 [srv01 7] db down: Called ana {end}"));
    check("Create", "", &[], &format!("opsgenie a1 [srv01 7] db down: Called  {end}"));
    check(
        "EscalateNext",
        r#"}, "escalationNotify": {"name": "cy@solar.example", "type": "user""#,
        &[],
        &format!("opsgenie a1 [srv01 7] db down: Called cy@solar.example {end}"),
    );
    check(
        "Acknowledge",
        "",
        &[],
        &format!("opsgenie a1 [srv01 7] db down: Acknowledged bo@solar.example {end}"),
    );
    check("Close", "", &[], &format!("opsgenie a1 [srv01 7] db down: Resolved  {end}"));
    check("AddNote", "", &[], "");
}

#[test]
fn goalert_is_told_by_its_address_whose_webhook_it_is() {
    let check = |body: &str, expected: &str| {
        let done = beside::goalert(body.as_bytes(), &["ana".to_owned()]).expect("reads");
        assert_eq!(shown(&done), expected);
    };
    check(
        r#"{"AppName": "GoAlert", "Type": "Alert", "AlertID": 7, "Summary": "db down", "Details": "", "ServiceID": "s", "ServiceName": "db"}"#,
        "goalert 7 [] db down: Called ana",
    );
    check(
        r#"{"Type": "AlertStatus", "AlertID": 7, "LogEntry": "Acknowledged by Bo Otieno via web"}"#,
        "goalert 7 [] : Acknowledged Bo Otieno",
    );
    check(
        r#"{"Type": "AlertStatus", "AlertID": 7, "LogEntry": "Closed via test"}"#,
        "goalert 7 [] : Resolved ",
    );
    check(r#"{"Type": "Test"}"#, "");
    check(r#"{"Type": "AlertBundle", "ServiceName": "db", "Count": 6}"#, "");
}

#[test]
fn oncall_names_who_is_next() {
    let check = |kind: &str, expected: &str| {
        let body = format!(
            r#"{{"event": {{"type": "{kind}", "time": "2026-11-23T10:00:00+00:00"}},
            "user": {{"id": "U2", "username": "bo", "email": "bo@solar.example"}},
            "alert_group": {{"id": "I1", "title": "db down", "state": "firing"}}, "alert_group_id": "I1",
            "alert_payload": {{"alert_uid": "08d6891a"}},
            "notified_users": [{{"id": "U3", "username": "cy"}}],
            "users_to_be_notified": [{{"id": "U1", "username": "ana", "email": "ana@solar.example"}}]}}"#
        );
        assert_eq!(shown(&beside::oncall(body.as_bytes()).expect("reads")), expected);
    };
    let end = "at 2026-11-23T10:00:00Z";
    check(
        "escalation",
        &format!("grafana-oncall I1 [08d6891a] db down: Called ana/ana@solar.example/U1 {end}"),
    );
    check(
        "acknowledge",
        &format!("grafana-oncall I1 [08d6891a] db down: Acknowledged bo/bo@solar.example/U2 {end}"),
    );
    check("resolve", &format!("grafana-oncall I1 [08d6891a] db down: Resolved  {end}"));
    check("silence", "");
}

#[test]
fn our_own_form_takes_what_can_be_read() {
    let body = br#"[{"system": "paper", "incident": "1", "key": "k", "who": ["ana", "bo"], "at": "2026-11-23T10:00:00Z"},
        {"system": "paper", "incident": "", "who": "ana"}, {"system": "paper", "incident": "2", "act": "sang"},
        {"system": "paper", "incident": "3", "whom": "ana"}, {"system": "paper", "incident": "4", "who": 7}]"#;
    let parsed = beside::plain(body).expect("a list");
    assert_eq!(shown(&parsed.done), "paper 1 [k] : Called ana, bo at 2026-11-23T10:00:00Z");
    assert_eq!(parsed.errors.len(), 4, "{:?}", parsed.errors);
    assert_eq!(parsed.errors[1], "call 3: `act` is called, acknowledged or resolved, not `sang`");
}

#[test]
fn a_table_is_read_by_its_headings() {
    let check = |text: &str, expected: &str, errors: &[&str]| {
        let parsed = beside::csv(text, "old").expect("a table");
        assert_eq!(shown(&parsed.done), expected);
        assert_eq!(parsed.errors, errors);
    };
    check(
        "\u{feff}created_on,incident_number,description,user_name\r\n\
         2026-11-23T10:00:00Z,7,\"db, \"\"main\"\"\nis down\",Ana Reyes\r\n\r\n\
         yesterday,8,x,Bo\n,9,x,Bo\n",
        "old 7 [] db, \"main\"\nis down: Called Ana Reyes at 2026-11-23T10:00:00Z",
        &["line 5: `yesterday` is not a time as in RFC 3339", "line 6: no time"],
    );
    check(
        "at,who,key,system,act\n2026-11-23T10:00:00Z,ana,k1,opsgenie,ack",
        "opsgenie k1 [k1] : Acknowledged ana at 2026-11-23T10:00:00Z",
        &[],
    );
    check("at,who,key\n\"2026", "", &["line 2: a quote is not closed"]);
    for bad in ["", "at,key\n", "at,who\n"] {
        assert!(beside::csv(bad, "old").is_err(), "{bad:?}");
    }
}

fn shown(done: &[Done]) -> String {
    let lines: Vec<String> = done
        .iter()
        .map(|it| {
            let act = match it.act {
                Act::Called => "Called",
                Act::Acknowledged => "Acknowledged",
                Act::Resolved => "Resolved",
            };
            let people: Vec<String> = it.people.iter().map(|names| names.join("/")).collect();
            let at = it.at.map_or(String::new(), |at| format!(" at {at}"));
            format!(
                "{} {} [{}] {}: {act} {}{at}",
                it.system,
                it.incident,
                it.keys.join(" "),
                it.title,
                people.join(", ")
            )
        })
        .collect();
    lines.join("\n")
}
