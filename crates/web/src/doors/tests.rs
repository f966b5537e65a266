//! The doors of other products, knocked at as their senders do: status, body, and what stands in the
//! state afterwards.

mod watching;

use crate::tests::{House, text};
use axum::http::{StatusCode, header};
use engine::TokenKind;

#[tokio::test]
async fn pagerduty_v2_is_answered_as_pagerduty_does() {
    let knock = Knock::at("POST /v2/enqueue").await;
    let trigger = r#"{"routing_key":"door-key","event_action":"trigger","dedup_key":"srv01/HTTP",
        "payload":{"summary":"disk full","source":"srv01","severity":"error",
            "custom_details":{"team":"payments"}}}"#;
    let success = |key: &str| {
        format!(r#"202 {{"dedup_key":"{key}","message":"Event processed","status":"success"}}"#)
    };
    knock.check(trigger, &success("srv01/HTTP")).await;
    knock.firing(&["pagerduty page payments: disk full"]);
    assert_eq!(knock.house.handle.state().pages.len(), 1, "somebody is called");
    let again = trigger.replace("disk full", "disk fuller");
    knock.check(&again, &success("srv01/HTTP")).await;
    knock.firing(&["pagerduty page payments: disk fuller"]);
    let of = |action: &str| {
        format!(
            r#"{{"routing_key":"door-key","event_action":"{action}","dedup_key":"srv01/HTTP"}}"#
        )
    };
    knock.check(&of("acknowledge"), &success("srv01/HTTP")).await;
    let untaken = knock.house.handle.state().incidents_open().all(|it| it.1.acknowledged.is_none());
    assert!(untaken, "a sender takes no page");
    knock.check(&of("resolve"), &success("srv01/HTTP")).await;
    knock.check(&of("resolve"), &success("srv01/HTTP")).await;
    knock.firing(&[]);
}

#[tokio::test]
async fn a_trigger_without_a_key_is_given_one_that_resolves_it() {
    let knock = Knock::at("POST /v2/enqueue").await;
    let trigger = r#"{"routing_key":"door-key","event_action":"trigger",
        "payload":{"summary":"once","source":"s","severity":"info"}}"#;
    let (status, body) = knock.send(trigger).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let key = body["dedup_key"].as_str().expect("a key").to_owned();
    assert_eq!(key.len(), 32);
    knock.firing(&["pagerduty ticket -: once"]);
    let resolve =
        format!(r#"{{"routing_key":"door-key","event_action":"resolve","dedup_key":"{key}"}}"#);
    knock.send(&resolve).await;
    knock.firing(&[]);
}

#[tokio::test]
async fn pagerduty_refuses_in_its_words() {
    let knock = Knock::at("POST /v2/enqueue").await;
    let refused = |error: &str| {
        format!(
            r#"400 {{"errors":["{error}"],"message":"Event object is invalid","status":"invalid event"}}"#
        )
    };
    let with = |key: &str| format!(r#"{{"routing_key":"{key}","event_action":"trigger"}}"#);
    knock.check(&with("wrong"), &refused("Invalid routing key")).await;
    knock.check(&with("session-key"), &refused("Invalid routing key")).await;
    knock.check(&with(""), &refused("'routing_key' is missing or blank")).await;
    knock.check(&with("door-key"), &refused("'payload' is missing or blank")).await;
    let eof = "JSON parse error: EOF while parsing an object at line 1 column 1";
    knock.check("{", &refused(eof)).await;
}

#[tokio::test]
async fn pagerduty_v1_shares_keys_with_v2_and_changes_are_answered() {
    let mut knock = Knock::at("POST /generic/2010-04-15/create_event.json").await;
    let trigger = r#"{"service_key":"door-key","event_type":"trigger","incident_key":"a",
        "description":"down"}"#;
    let success = r#"200 {"incident_key":"a","message":"Event processed","status":"success"}"#;
    knock.check(trigger, success).await;
    knock.firing(&["pagerduty page -: down"]);
    knock.route = "POST /v2/enqueue";
    knock.send(r#"{"routing_key":"door-key","event_action":"resolve","dedup_key":"a"}"#).await;
    knock.firing(&[]);
    knock.route = "POST /v2/change/enqueue";
    let change = r#"{"routing_key":"door-key","payload":{"summary":"v2 is out"}}"#;
    let success = r#"202 {"message":"Change event processed","status":"success"}"#;
    knock.check(change, success).await;
    knock.firing(&[]);
    let kept = knock.house.handle.state().watching.changes.values().next().cloned();
    assert_eq!(kept.map(|it| it.summary), Some("v2 is out".to_owned()));
}

#[tokio::test]
async fn a_key_named_after_a_team_leads_there() {
    let knock = Knock::at("POST /v2/enqueue").await;
    knock.house.labelled_token(TokenKind::Door, None, "team:field", "field-key").await;
    let trigger = r#"{"routing_key":"field-key","event_action":"trigger","dedup_key":"a",
        "payload":{"summary":"dark","source":"s","severity":"critical"}}"#;
    knock.send(trigger).await;
    knock.firing(&["pagerduty page field: dark"]);
}

/// The largest event that PagerDuty takes is 512 kB; Alertmanager fills it up to 512 000 bytes.
#[tokio::test]
async fn the_largest_event_is_taken_whole_and_a_larger_body_is_refused() {
    let knock = Knock::at("POST /v2/enqueue").await;
    let trigger = |count: usize| {
        let long = "long ".repeat(count);
        format!(
            r#"{{"routing_key":"door-key","event_action":"trigger","dedup_key":"a","payload":{{
            "summary":"much","source":"s","severity":"info","custom_details":{{"firing":"{long}"}}}}}}"#
        )
    };
    assert_eq!(knock.send(&trigger(102_000)).await.0, StatusCode::ACCEPTED);
    {
        let state = knock.house.handle.state();
        let (_, alert) = state.alerts_firing().next().expect("it was taken");
        let engine::Origin::Door { annotations, .. } = &alert.origin else { panic!("by a door") };
        let parts = annotations.iter().filter(|it| it.0.starts_with("custom_details.firing"));
        assert_eq!(parts.map(|it| it.1.len()).sum::<usize>(), 5 * 102_000);
    }
    assert_eq!(knock.send(&trigger(250_000)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn opsgenie_is_answered_as_opsgenie_does() {
    let mut knock = Knock::at("POST /v2/alerts authorization=GenieKey_door-key").await;
    let create = r#"{"message":"no lights","alias":"kisumu","priority":"P1",
        "responders":[{"name":"field","type":"team"}]}"#;
    let answer = knock.house.send(knock.request(create)).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let dashes: Vec<usize> = id.match_indices('-').map(|it| it.0).collect();
    assert_eq!((id.len(), dashes, &id[14..15]), (36, vec![8, 13, 18, 23], "4"));
    let expected =
        format!(r#"{{"requestId":"{id}","result":"Request will be processed","took":0.0}}"#);
    assert_eq!(text(answer).await, expected);
    knock.firing(&["opsgenie page field: no lights"]);
    assert_eq!(knock.house.handle.state().pages.len(), 1);
    for (route, status) in [
        (
            "POST /v2/alerts/kisumu/acknowledge?identifierType=alias authorization=GenieKey_door-key",
            202,
        ),
        ("POST /v2/alerts/kisumu/notes?identifierType=alias authorization=GenieKey_door-key", 202),
        ("PUT /v2/alerts/kisumu/message?identifierType=alias authorization=GenieKey_door-key", 202),
        ("POST /v2/alerts/kisumu/escalate authorization=GenieKey_door-key", 202),
        ("POST /v2/alerts/kisumu/close?identifierType=alias authorization=GenieKey_wrong", 401),
        ("POST /v2/alerts/nairobi/close?identifierType=alias authorization=GenieKey_door-key", 202),
    ] {
        knock.route = route;
        assert_eq!(knock.send("{}").await.0.as_u16(), status, "{route}");
        knock.firing(&["opsgenie page field: no lights"]);
    }
    let untaken = knock.house.handle.state().incidents_open().all(|it| it.1.acknowledged.is_none());
    assert!(untaken, "a sender takes no page");
    knock.route =
        "POST /v2/alerts/kisumu/close?identifierType=alias authorization=GenieKey_door-key";
    knock.send(r#"{"source":"test"}"#).await;
    knock.firing(&[]);
}

#[tokio::test]
async fn opsgenie_refuses_in_its_words_and_an_id_closes_what_has_no_alias() {
    let mut knock = Knock::at("POST /v2/alerts authorization=GenieKey_door-key").await;
    let refused = |errors: &str| {
        format!(
            r#"422 {{"errors":{errors},"message":"Request body is not processable. Please check the errors.","requestId":"…","took":0.0}}"#
        )
    };
    knock.check_but_for_id("{}", &refused(r#"{"message":"may not be empty"}"#)).await;
    let priority = r#"{"priority":"should be one of P1, P2, P3, P4, P5"}"#;
    knock.check_but_for_id(r#"{"message":"a","priority":"P9"}"#, &refused(priority)).await;
    knock.firing(&[]);
    let (_, created) = knock.send(r#"{"message":"once","priority":"P5"}"#).await;
    knock.firing(&["opsgenie ticket -: once"]);
    let created: serde_json::Value = serde_json::from_str(&created).expect("JSON");
    let id = created["requestId"].as_str().expect("an id");
    let route = format!("POST /v2/alerts/{id}/close authorization=GenieKey_door-key");
    knock.route = route.leak();
    knock.send("").await;
    knock.firing(&[]);
    knock.route = "POST /v2/alerts authorization=GenieKey_wrong";
    let unknown = r#"401 {"message":"Could not authenticate","requestId":"…","took":0.0}"#;
    knock.check_but_for_id("{}", unknown).await;
}

#[tokio::test]
async fn victorops_is_answered_as_victorops_does() {
    let mut knock = Knock::at("POST /integrations/generic/20131114/alert/door-key/payments").await;
    let of = |kind: &str| {
        format!(r#"{{"message_type":"{kind}","entity_id":"db/1","state_message":"slow"}}"#)
    };
    let success = r#"200 {"entity_id":"db/1","result":"success"}"#;
    knock.check(&of("WARNING"), success).await;
    knock.firing(&["victorops ticket payments: slow"]);
    assert_eq!(knock.house.handle.state().pages.len(), 0);
    knock.check(&of("critical"), success).await;
    knock.firing(&["victorops page payments: slow"]);
    assert_eq!(knock.house.handle.state().pages.len(), 1, "what gets worse calls people");
    knock.check(&of("ACKNOWLEDGEMENT"), success).await;
    let untaken = knock.house.handle.state().incidents_open().all(|it| it.1.acknowledged.is_none());
    assert!(untaken, "a sender takes no page");
    knock.check(&of("recovery"), success).await;
    knock.firing(&[]);
    let told = r#"400 {"message":"Missing required field: message_type","result":"failure"}"#;
    knock.check("{}", told).await;
    knock.route = "POST /integrations/generic/20131114/alert/wrong/payments";
    knock.check(&of("CRITICAL"), r#"403 {"message":"Invalid API key","result":"failure"}"#).await;
    knock.firing(&[]);
}

#[tokio::test]
async fn goalert_is_answered_as_goalert_does() {
    let mut knock = Knock::at("POST /api/v2/generic/incoming?token=door-key").await;
    let open = r#"{"summary":"slow","dedup":"db","meta":{"team":"payments"}}"#;
    knock.check(open, "204").await;
    knock.firing(&["goalert page payments: slow"]);
    knock.route = "POST /api/v2/generic/incoming?token=door-key accept=application/json";
    let scope = knock.house.door_scope();
    let answer = |new: bool| format!(r#"200 {{"AlertID":1,"IsNew":{new},"ServiceID":"{scope}"}}"#);
    knock.check(open, &answer(false)).await;
    knock.check(r#"{"dedup":"db","action":"close"}"#, &answer(false)).await;
    knock.firing(&[]);
    let answer = answer(true).replace("\"AlertID\":1", "\"AlertID\":2");
    knock.check(open, &answer).await;
    knock.check("{}", "400 invalid value for 'Summary': must not be empty").await;
    knock.route = "POST /api/v2/generic/incoming?token=door-key&summary=a+b&action=close";
    knock.check("{}", "204").await;
    knock.firing(&["goalert page payments: slow"]);
    knock.route = "POST /api/v2/generic/incoming?token=wrong";
    assert_eq!(knock.send(open).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn grafana_of_both_kinds_is_taken_whole() {
    let mut knock = Knock::at("POST /api/v1/grafana authorization=Bearer_door-key").await;
    let alert = |status: &str, count: usize| {
        let one = |it| {
            format!(
                r#"{{"status":"{status}","labels":{{"alertname":"A{it}","team":"field"}},
                "annotations":{{}},"startsAt":"2026-11-23T09:00:00Z"}}"#
            )
        };
        let all: Vec<String> = (0..count).map(one).collect();
        format!(r#"{{"version":"1","orgId":1,"state":"alerting","alerts":[{}]}}"#, all.join(","))
    };
    knock.check(&alert("firing", 30), "200").await;
    assert_eq!(knock.house.handle.state().firing.len(), 30, "all of them, not the first ten");
    knock.check(&alert("resolved", 30), "200").await;
    knock.firing(&[]);
    let rule = |state: &str| {
        format!(r#"{{"orgId":1,"ruleId":7,"ruleName":"Slow {state}","state":"{state}"}}"#)
    };
    knock.route = "POST /api/v2/grafana/incoming?token=door-key";
    knock.check(&rule("alerting"), "200").await;
    knock.firing(&["grafana page -: Slow alerting"]);
    knock.check(&rule("pending"), "200").await;
    knock.firing(&["grafana page -: Slow alerting"]);
    knock.check(&rule("ok"), "200").await;
    knock.firing(&[]);
    let told = "400 \"the body is not what this door takes: neither `alerts`, as Grafana 9 and \
                later send, nor `ruleId`, as earlier ones do\"";
    knock.check("{}", told).await;
}

#[tokio::test]
async fn grafana_oncall_is_answered_as_oncall_does() {
    let mut knock = Knock::at("POST /integrations/v1/formatted_webhook/door-key/").await;
    let note = |state: &str| {
        format!(r#"{{"alert_uid":"u1","title":"dark","state":"{state}","team":"field"}}"#)
    };
    knock.check(&note("alerting"), "200 \"Ok.\"").await;
    knock.firing(&["grafana-oncall page field: dark"]);
    knock.route = "POST /integrations/v1/webhook/door-key";
    knock.check(&note("OK"), "200 \"Ok.\"").await;
    knock.firing(&[]);
    let group = |status: &str| {
        format!(
            r#"{{"version":"4","alerts":[{{"status":"{status}","labels":{{"alertname":"A"}}}}]}}"#
        )
    };
    for kind in ["alertmanager", "grafana", "grafana_alerting"] {
        knock.route = format!("POST /integrations/v1/{kind}/door-key/").leak();
        knock.check(&group("firing"), "200 \"Ok.\"").await;
        assert_eq!(knock.house.handle.state().firing.len(), 1, "{kind}");
        knock.check(&group("resolved"), "200 \"Ok.\"").await;
        knock.firing(&[]);
    }
    knock.route = "POST /integrations/v1/webhook/wrong/";
    let told = "403 Integration key was not found. Permission denied.";
    knock.check(&note("alerting"), told).await;
    knock.firing(&[]);
}

#[tokio::test]
async fn uptime_kuma_lights_and_puts_out() {
    let knock = Knock::at("POST /api/v1/uptime-kuma authorization=Bearer_door-key").await;
    let beat = |status: u8| {
        format!(
            r#"{{"heartbeat":{{"monitorID":4,"status":{status},"msg":"timeout"}},
            "monitor":{{"id":4,"name":"Shop"}},"msg":"[Shop] {status}"}}"#
        )
    };
    knock.check(&beat(0), "200 ok").await;
    knock.firing(&["uptime-kuma page -: Shop: timeout"]);
    knock.check(&beat(1), "200 ok").await;
    knock.firing(&[]);
    knock.check(r#"{"heartbeat":null,"monitor":null,"msg":"Testing"}"#, "200 ok").await;
    knock.firing(&["uptime-kuma ticket -: Testing"]);
    knock.check("{}", "400 \"neither a heartbeat nor a message is there\"").await;
}

#[tokio::test]
async fn json_of_any_shape_is_read_by_the_mapping_in_the_url() {
    let knock = Knock::at(
        "POST /api/v1/json?token=door-key&each=/all&key=/id&summary=/t&over=/s:ok&team=field",
    )
    .await;
    let of = |state: &str| format!(r#"{{"all":[{{"id":1,"t":"dark","s":"{state}"}},{{}}]}}"#);
    knock.check(&of("bad"), "400 \"nothing stands where the key should be\"").await;
    knock.firing(&["json page field: dark"]);
    knock.check(r#"{"all":[{"id":1,"s":"OK"}]}"#, "200 ok").await;
    knock.firing(&[]);
}

/// Every door with a request that it takes.
const TAKEN: &[(&str, &str)] = &[
    ("POST /v2/enqueue", r#"{"routing_key":"door-key","event_action":"resolve","dedup_key":"a"}"#),
    (
        "POST /generic/2010-04-15/create_event.json",
        r#"{"service_key":"door-key","event_type":"resolve","incident_key":"a"}"#,
    ),
    (
        "POST /v2/enqueue",
        r#"{"routing_key":"door-key","event_action":"trigger",
        "payload":{"summary":"once","source":"s","severity":"info"}}"#,
    ),
    ("POST /v2/alerts authorization=GenieKey_door-key", r#"{"message":"a","alias":"a"}"#),
    ("POST /v2/alerts/a/close authorization=GenieKey_door-key", "{}"),
    (
        "POST /integrations/generic/20131114/alert/door-key/payments",
        r#"{"message_type":"CRITICAL","entity_id":"a"}"#,
    ),
    ("POST /api/v2/generic/incoming?token=door-key", r#"{"summary":"a"}"#),
    ("POST /api/v1/grafana?token=door-key", r#"{"ruleId":1,"state":"alerting"}"#),
    (
        "POST /api/v1/grafana?token=door-key",
        r#"{"alerts":[{"status":"firing","labels":{"a":"b"}}]}"#,
    ),
    (
        "POST /api/v2/prometheusalertmanager/incoming?token=door-key",
        r#"{"version":"4","alerts":[{"status":"firing","labels":{"a":"b"}}]}"#,
    ),
    ("POST /integrations/v1/webhook/door-key/", r#"{"title":"a"}"#),
    ("POST /api/v1/json?token=door-key&key=/a", r#"{"a":"a"}"#),
    ("POST /api/v1/uptime-kuma?token=door-key", r#"{"msg":"a"}"#),
    ("GET /api/v1/heartbeats/nightly-backup/ping?token=door-key", ""),
    ("PUT /v2/heartbeats/nightly-backup/ping authorization=GenieKey_door-key", ""),
    ("POST /api/v1/changes?token=door-key", r#"{"summary":"a"}"#),
    ("POST /v2/change/enqueue", r#"{"routing_key":"door-key","payload":{"summary":"a"}}"#),
];

#[tokio::test]
async fn trouble_of_ours_is_503_at_every_door() {
    let mut knock = Knock::at("").await;
    for &(route, body) in TAKEN {
        knock.route = route;
        let (status, told) = knock.send(body).await;
        assert!(status.is_success(), "{route}: {status} {told}");
    }
    knock.house.handle.stop().await;
    for &(route, body) in TAKEN {
        knock.route = route;
        let answer = knock.house.send(knock.request(body)).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{route}");
        assert_eq!(answer.headers()[header::RETRY_AFTER], "5", "{route}");
    }
}

/// A house, and where somebody knocks.
struct Knock {
    house: House,
    route: &'static str,
}

impl Knock {
    async fn at(route: &'static str) -> Self {
        Self { house: House::serve().await, route }
    }

    fn request(&self, body: &str) -> axum::http::Request<axum::body::Body> {
        let mut words = self.route.split_whitespace();
        let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
        let mut request = self.house.request(method, path, None, body);
        let json = "application/json".parse().expect("a type");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        for word in words {
            let (name, value) = word.split_once('=').expect("name=value");
            let name: header::HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, value.replace('_', " ").parse().expect("a value"));
        }
        request
    }

    async fn send(&self, body: &str) -> (StatusCode, String) {
        let answer = self.house.send(self.request(body)).await;
        (answer.status(), text(answer).await)
    }

    async fn check(&self, body: &str, expected: &str) {
        let (status, told) = self.send(body).await;
        assert_eq!(format!("{} {told}", status.as_u16()).trim(), expected, "{}", self.route);
    }

    /// As `check`; a request id is shown as `…`.
    async fn check_but_for_id(&self, body: &str, expected: &str) {
        let (status, told) = self.send(body).await;
        let (front, back) = told.split_once(r#""requestId":""#).expect("an id");
        let back = &back[back.find('"').expect("its end")..];
        let shown = format!(r#"{} {front}"requestId":"…{back}"#, status.as_u16());
        assert_eq!(shown, expected, "{}", self.route);
    }

    #[track_caller]
    fn firing(&self, expected: &[&str]) {
        let state = self.house.handle.state();
        let line = |it: &engine::Alert| {
            let engine::Origin::Door { door, .. } = &it.origin else { panic!("by a door") };
            let team = it.team.as_ref().map_or("-".to_owned(), ToString::to_string);
            format!("{door} {} {team}: {}", it.severity, it.summary)
        };
        let shown: Vec<String> = state.alerts_firing().map(|(_, it)| line(it)).collect();
        assert_eq!(shown, expected);
    }
}
