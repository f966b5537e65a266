//! Knocking at the doors of shadow mode, and the switch.

use crate::tests::{House, catalogue, text};
use axum::http::StatusCode;
use engine::{Command, Submission, TheirAct};
use model::{Mode, SecretRef};
use ring::hmac;
use serde_json::Value;

async fn shadowed(secret: Option<SecretRef>) -> House {
    let house = House::serve().await;
    let mut catalogue = catalogue();
    catalogue.pager.mode = Mode::Shadow;
    catalogue.pager.pagerduty_secret = secret;
    let command = Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash: "shadow".into() };
    house.handle.submit(Submission::system(command)).await.expect("adopted");
    house
}

async fn post(house: &House, path: &str, key: &str, body: &str) -> (StatusCode, String) {
    let answer = house.send(house.request("POST", path, Some(key), body)).await;
    (answer.status(), text(answer).await)
}

#[tokio::test]
async fn calls_of_the_other_pager_are_recorded_once_and_call_nobody() {
    let house = shadowed(None).await;
    let body = r#"[{"system":"paper","incident":"1","key":"k","who":["Ana","nobody@else"],"at":"2026-11-23T09:59:00Z"},
        {"system":"paper","incident":""}]"#;
    for recorded in [2, 0] {
        let (status, answer) = post(&house, "/api/v1/shadow/calls", "door-key", body).await;
        assert_eq!(status, StatusCode::OK);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["recorded"], recorded, "the same twice is once");
        assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
    }
    let csv = r#"{"system":"old","csv":"at,who,key\n2026-11-23T09:00:00Z,Bo,k2\nnever,Bo,k3\n"}"#;
    let (status, answer) = post(&house, "/api/v1/shadow/csv", "member-key", csv).await;
    assert_eq!(status, StatusCode::OK);
    assert!(answer.contains(r#""recorded":1"#) && answer.contains("line 3"), "{answer}");
    let state = house.handle.state();
    let people: Vec<Option<&str>> = state
        .shadow
        .theirs
        .values()
        .map(|it| it.person.as_ref().map(model::PersonId::as_str))
        .collect();
    assert_eq!(people, [Some("ana"), None, Some("bo")]);
    assert!(state.shadow.theirs.values().all(|it| it.act == TheirAct::Called));
    assert!(state.notices.is_empty());
}

#[tokio::test]
async fn a_webhook_of_pagerduty_is_believed_only_with_its_signature() {
    let house = shadowed(Some(SecretRef::Plain("s3cret".into()))).await;
    let body = r#"{"event":{"event_type":"incident.triggered","data":{"id":"Q1","title":"t","assignees":[{"summary":"Ana"}]}}}"#;
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"s3cret");
    let tag = crate::passwords::hex(hmac::sign(&key, body.as_bytes()).as_ref());
    let wrong = tag.replace('a', "b").replace('0', "1");
    let check = async |signature: &str, expected: StatusCode| {
        let path = "/api/v1/shadow/pagerduty?token=door-key";
        let mut request = house.request("POST", path, None, body);
        request.headers_mut().insert("x-pagerduty-signature", signature.parse().unwrap());
        assert_eq!(house.send(request).await.status(), expected, "{signature}");
    };
    check(&format!("v1={wrong}"), StatusCode::UNAUTHORIZED).await;
    check(&tag, StatusCode::UNAUTHORIZED).await;
    check("v1=", StatusCode::UNAUTHORIZED).await;
    check("v1=é", StatusCode::UNAUTHORIZED).await;
    assert!(house.handle.state().shadow.theirs.is_empty());
    check(&format!("v1={wrong},v1={tag}"), StatusCode::OK).await;
    assert_eq!(house.handle.state().shadow.theirs.len(), 1);
    // A secret that is missing here is trouble of ours: the sender shall come again.
    let house = shadowed(Some(SecretRef::File("/nonexistent/secret".into()))).await;
    let (status, _) = post(&house, "/api/v1/shadow/pagerduty", "door-key", body).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn every_view_says_it_loudly_and_an_administrator_ends_it() {
    let house = shadowed(None).await;
    let alert = r#"[{"labels":{"alertname":"<b>Till</b>","feature":"light-on"}}]"#;
    assert_eq!(post(&house, "/api/v2/alerts", "door-key", alert).await.0, StatusCode::OK);
    let view = async |path: &str, key: &str| {
        text(house.send(house.request("GET", path, Some(key), "")).await).await
    };
    for path in [
        "/",
        "/incidents",
        "/incidents/in_1",
        "/oncall",
        "/silences",
        "/shadow",
        "/features/light-on",
    ] {
        let shown = view(path, "member-key").await;
        assert!(shown.contains("Shadow mode: nobody is woken by Lamplighter."), "{path}");
    }
    assert!(view("/incidents/in_1", "member-key").await.contains("would have gone out"));
    let compared = view("/shadow", "member-key").await;
    assert!(compared.contains("&lt;b&gt;Till") && !compared.contains("<b>Till"), "{compared}");
    assert!(compared.contains("Only Lamplighter would have called"), "{compared}");
    assert!(!compared.contains("end-shadow"), "not a member's to end");
    assert!(view("/shadow", "admin-key").await.contains("end-shadow"));
    assert_eq!(post(&house, "/shadow/end", "admin-key", "").await.0, StatusCode::SEE_OTHER);
    let state = house.handle.state();
    assert!(!state.shadow.is_on());
    assert_eq!(state.pages.len(), 2, "what was open is paged");
    let due =
        state.notices.values().filter(|it| matches!(it.status, engine::NoticeStatus::Due { .. }));
    assert!(due.count() > 0);
    drop(state);
    assert!(!view("/", "member-key").await.contains("nobody is woken"));
    assert_eq!(post(&house, "/api/v1/shadow/end", "admin-key", "").await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn page_anyway_calls_for_what_was_held_back() {
    let house = House::serve().await;
    let alert = r#"[{"labels":{"alertname":"Till","feature":"light-on","severity":"info"}}]"#;
    assert_eq!(post(&house, "/api/v2/alerts", "door-key", alert).await.0, StatusCode::OK);
    assert!(house.handle.state().pages.is_empty());
    let why =
        text(house.send(house.request("GET", "/why/al_1", Some("member-key"), "")).await).await;
    assert!(why.contains("Page anyway"), "{why}");
    assert_eq!(post(&house, "/alerts/al_1/page", "member-key", "").await.0, StatusCode::SEE_OTHER);
    assert_eq!(house.handle.state().pages.len(), 1);
    let (status, _) = post(&house, "/api/v1/alerts/al_1/page", "member-key", "").await;
    assert_eq!(status, StatusCode::OK, "again is a new call");
    assert_eq!(house.handle.state().pages.len(), 2);
}
