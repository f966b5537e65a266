//! The doors of other products, knocked at as their senders do: status, body, and what stands in the
//! state afterwards.

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
    knock.firing(&["pagerduty page payments: disk full"]);
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

/// Every door with a request that it takes.
const TAKEN: [(&str, &str); 3] = [
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
];

#[tokio::test]
async fn trouble_of_ours_is_503_at_every_door() {
    let mut knock = Knock::at("").await;
    for (route, body) in TAKEN {
        knock.route = route;
        let (status, told) = knock.send(body).await;
        assert!(status.is_success(), "{route}: {status} {told}");
    }
    knock.house.handle.stop().await;
    for (route, body) in TAKEN {
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
