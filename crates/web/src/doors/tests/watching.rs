//! Heartbeats, changes and Opsgenie's answers to what became of a request, knocked at as their senders
//! do.

use super::Knock;
use crate::tests::text;
use engine::TokenKind;
use serde_json::{Value, json};

/// The answer of a GET as JSON.
async fn get(knock: &Knock, path: &str, key: &str) -> Value {
    let mut request = knock.house.request("GET", path, None, "");
    let key = format!("GenieKey {key}").parse().expect("a header");
    request.headers_mut().insert(axum::http::header::AUTHORIZATION, key);
    serde_json::from_str(&text(knock.house.send(request).await).await).expect("JSON")
}

#[tokio::test]
async fn signs_of_life_are_heard_at_every_door() {
    let mut knock = Knock::at("POST /api/v1/heartbeats/nightly-backup/ping?token=door-key").await;
    knock.check("", r#"200 {"heartbeat":"nightly-backup","recovered":false}"#).await;
    let known = knock.house.handle.state().watching.heartbeats.len();
    assert_eq!(known, 1, "it has begun");
    // Opsgenie's names are looser, and it takes any method.
    knock.route = "PATCH /v2/heartbeats/Nightly%20Backup/ping authorization=GenieKey_door-key";
    let pong = r#"202 {"requestId":"…","result":"PONG - Heartbeat received","took":0.0}"#;
    knock.check_but_for_id("", pong).await;
    knock.route = "POST /v2/heartbeats/nobody/ping authorization=GenieKey_door-key";
    let missing = r#"404 {"message":"Heartbeat with name [nobody] does not exist.","requestId":"…","took":0.0}"#;
    knock.check_but_for_id("", missing).await;
    // Where one address stands for one heartbeat, the label of its key says which.
    knock.house.labelled_token(TokenKind::Door, None, "heartbeat:nightly-backup", "beat-key").await;
    for (route, expected) in [
        ("POST /api/v2/heartbeat/beat-key", "200"),
        ("POST /api/v2/heartbeat/door-key", "404 404 page not found"),
        ("POST /integrations/v1/alertmanager/beat-key/heartbeat/", r#"200 "Ok.""#),
        ("GET /integrations/v1/webhook/beat-key/heartbeat", r#"200 "Ok.""#),
    ] {
        knock.route = route;
        knock.check("", expected).await;
    }
    let shown = get(&knock, "/v2/heartbeats/nightly-backup", "door-key").await;
    let data = &shown["data"];
    assert_eq!(
        (&data["interval"], &data["intervalUnit"], &data["expired"], &data["enabled"]),
        (&json!(1), &json!("days"), &json!(false), &json!(true)),
        "{shown}"
    );
    assert!(data["lastPingTime"].is_string(), "{shown}");
    knock.firing(&[]);
}

#[tokio::test]
async fn changes_find_what_they_touch_and_are_kept_whole() {
    let knock = Knock::at("POST /api/v1/changes?token=door-key idempotency-key=build-17").await;
    let change = r#"{"summary":"payments-api 1.4","service":"payments-api","team":"nobody","link":"http://ci/1",
        "details":{"commit":"4f2"}}"#;
    knock.check(change, r#"200 {"id":"ch_1","repeated":false}"#).await;
    knock.check(change, r#"200 {"id":"ch_1","repeated":true}"#).await;
    let state = knock.house.handle.state();
    let kept = &state.watching.changes[&model::ChangeId(1)];
    assert_eq!(state.watching.changes.len(), 1);
    assert_eq!(kept.service.as_ref().map(ToString::to_string).as_deref(), Some("payments-api"));
    let details: Vec<String> =
        kept.details.iter().map(|(name, it)| format!("{name}={it}")).collect();
    assert_eq!(
        (kept.team.as_ref(), details.join(" ")),
        (None, "commit=4f2 team=nobody".to_owned())
    );
}

#[tokio::test]
async fn opsgenie_tells_what_became_of_a_request() {
    let mut knock = Knock::at("POST /v2/alerts authorization=GenieKey_door-key").await;
    let mut ended = vec![];
    for (route, body) in [
        (
            "POST /v2/alerts authorization=GenieKey_door-key",
            r#"{"message":"no lights","alias":"k"}"#,
        ),
        (
            "POST /v2/alerts authorization=GenieKey_door-key",
            r#"{"message":"no light","alias":"k"}"#,
        ),
        ("POST /v2/alerts/k/acknowledge authorization=GenieKey_door-key", r#"{"user":"stranger"}"#),
        ("POST /v2/alerts/k/acknowledge authorization=GenieKey_door-key", r#"{"user":"juma"}"#),
        ("POST /v2/alerts/k/snooze authorization=GenieKey_door-key", "{}"),
        ("POST /v2/alerts/al_1/close authorization=GenieKey_door-key", "{}"),
        ("POST /v2/alerts/nobody/close authorization=GenieKey_door-key", "{}"),
    ] {
        knock.route = route;
        let (status, told) = knock.send(body).await;
        assert_eq!(status.as_u16(), 202, "{route}: {told}");
        let told: Value = serde_json::from_str(&told).expect("JSON");
        let id = told["requestId"].as_str().expect("an id");
        let path = format!("/v2/alerts/requests/{id}");
        let data = get(&knock, &path, "door-key").await["data"].clone();
        let text = |name: &str| data[name].as_str().unwrap_or("").to_owned();
        ended.push(format!(
            "{} {} {} {} {}",
            text("action"),
            data["isSuccess"],
            text("alertId"),
            text("alias"),
            text("status")
        ));
        knock.house.labelled_token(TokenKind::Door, None, "other", "other-key").await;
        let others = get(&knock, &path, "other-key").await;
        assert!(others["data"].is_null(), "a request is told to nobody else: {others}");
    }
    assert_eq!(
        ended,
        [
            "Create true al_1 k Created alert",
            "Create true al_1 k Added to the open alert",
            "Acknowledge false al_1 k `user` names nobody of this organisation by id or e-mail \
             address, and only people take pages",
            "Acknowledge true al_1 k Acknowledged alert",
            "Snooze false al_1 k an alert cannot be snoozed here; set a silence instead",
            "Close true al_1 k Closed alert",
            "Close false   Alert does not exist",
        ]
    );
    let alert = get(&knock, "/v2/alerts/k?identifierType=alias", "door-key").await;
    let data = &alert["data"];
    assert_eq!(
        (&data["id"], &data["message"], &data["status"], &data["owner"]),
        (&json!("al_1"), &json!("no light"), &json!("closed"), &json!("juma")),
        "{alert}"
    );
}
