//! What each provider may answer, from its documentation, and what that means: taken, later, or never.

use super::requests::{all, page, yes};
use super::{NOW, sender};
use crate::fakes::HttpProvider;
use crate::{Evidence, Outcome};
use model::Timestamp;

fn later(detail: &str) -> Outcome {
    Outcome::Transient { detail: detail.to_owned() }
}

fn never(detail: &str) -> Outcome {
    Outcome::Permanent { detail: detail.to_owned() }
}

/// One answer of `kind`, and what becomes of the letter.
async fn check(kind: &str, status: u16, head: &str, body: &str, expect: Outcome) {
    let server = HttpProvider::start(200, "").await;
    server.answer_next_with(status, head, body);
    let (_, channel, medium, to) =
        all(&server.url).into_iter().find(|it| it.0 == kind).expect("such a channel");
    let outcome = sender(&channel).send(medium, &page(to), NOW).await;
    assert_eq!(outcome, expect, "{kind}: {status} {body}");
}

#[tokio::test]
async fn slack_says_no_in_a_success() {
    let ok = |error: &str| format!(r#"{{"ok":false,"error":"{error}"}}"#);
    for error in ["channel_not_found", "not_in_channel", "is_archived", "invalid_auth"] {
        let told = never(&format!("the provider refused: {error}"));
        check("slack", 200, "", &ok(error), told).await;
    }
    for error in ["ratelimited", "internal_error", "service_unavailable", "fatal_error"] {
        let told = later(&format!("the provider refused: {error}"));
        check("slack", 200, "", &ok(error), told).await;
    }
    let wait = later("the provider answered 429 ratelimited (again after 30 s)");
    check("slack", 429, "Retry-After: 30\r\n", &ok("ratelimited"), wait).await;
    let stranger = never("the provider refused: an answer that is not Slack's");
    check("slack", 200, "", "<html>log in</html>", stranger.clone()).await;
    check("slack", 200, "", "{}", stranger).await;
    check("slack", 503, "", "", later("the provider answered 503")).await;
    let body = "invalid_payload";
    check("slack-webhook", 400, "", body, never("the provider answered 400 invalid_payload")).await;
    let body = "channel_is_archived";
    check("slack-webhook", 410, "", body, never(&format!("the provider answered 410 {body}")))
        .await;
    let body = "rollup_error";
    check("slack-webhook", 500, "", body, later("the provider answered 500 rollup_error")).await;
    check("slack-webhook", 200, "", "no", never("the provider refused: no")).await;
}

#[tokio::test]
async fn chats_say_no_in_their_own_ways() {
    let body = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}"#;
    let told = "the provider answered 429 Too Many Requests: retry after 35 (again after 35 s)";
    check("telegram", 429, "", body, later(told)).await;
    let body =
        r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#;
    let told = "the provider answered 403 Forbidden: bot was blocked by the user";
    check("telegram", 403, "", body, never(told)).await;
    let body = r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#;
    check(
        "telegram",
        400,
        "",
        body,
        never("the provider answered 400 Bad Request: chat not found"),
    )
    .await;
    check("telegram", 502, "", "", later("the provider answered 502")).await;
    let told = never("the provider refused: an answer that is not Telegram's");
    check("telegram", 200, "", "{}", told).await;

    let body = r#"{"message":"You are being rate limited.","retry_after":0.65,"global":false}"#;
    let told = "the provider answered 429 You are being rate limited. (again after 1 s)";
    check("discord", 429, "Retry-After: 1\r\n", body, later(told)).await;
    let body = r#"{"message":"Unknown Webhook","code":10015}"#;
    check("discord", 404, "", body, never("the provider answered 404 Unknown Webhook")).await;
    let told = never("the provider refused: an answer without the id of a message");
    check("discord", 204, "", "", told).await;

    let body =
        r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":2000}"#;
    let told = "the provider answered 429 M_LIMIT_EXCEEDED Too many requests (again after 2 s)";
    check("matrix", 429, "", body, later(told)).await;
    let body = r#"{"errcode":"M_FORBIDDEN","error":"You are not in this room"}"#;
    let told = "the provider answered 403 M_FORBIDDEN You are not in this room";
    check("matrix", 403, "", body, never(told)).await;
    let told = never("the provider refused: an answer without the id of an event");
    check("matrix", 200, "", "{}", told).await;

    let body = r#"{"id":"web.incoming_webhook.channel.app_error","message":"Couldn't find the channel.","status_code":404}"#;
    check(
        "mattermost",
        404,
        "",
        body,
        never("the provider answered 404 Couldn't find the channel."),
    )
    .await;
    check("mattermost", 200, "", "<html>", never("the provider refused: <html>")).await;

    check(
        "teams",
        429,
        "Retry-After: 5\r\n",
        "",
        later("the provider answered 429 (again after 5 s)"),
    )
    .await;
    let body = r#"{"error":{"code":"DirectApiAuthorizationRequired","message":"The request is not authorised"}}"#;
    check("teams", 401, "", body, never("the provider answered 401 The request is not authorised"))
        .await;
    let body = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429";
    check("teams", 200, "", body, later(&format!("the provider refused: {body}"))).await;
    check("teams", 200, "", "1", Outcome::Sent { provider_id: String::new() }).await;
}

#[tokio::test]
async fn telephones_and_push_say_no_in_their_own_ways() {
    let body = r#"{"status":0,"errors":["user identifier is invalid"],"request":"q"}"#;
    check("pushover", 400, "", body, never("the provider answered 400 user identifier is invalid"))
        .await;
    let body = r#"{"status":0,"errors":["application is over its quota"]}"#;
    check(
        "pushover",
        429,
        "",
        body,
        later("the provider answered 429 application is over its quota"),
    )
    .await;
    check(
        "pushover",
        200,
        "",
        r#"{"status":0,"errors":["no"]}"#,
        never("the provider refused: no"),
    )
    .await;

    check(
        "kannel",
        202,
        "",
        "3: Queued for later delivery",
        Outcome::Sent { provider_id: String::new() },
    )
    .await;
    let body = "Authorization failed for sendsms";
    check("kannel", 403, "", body, never(&format!("the provider answered 403 {body}"))).await;
    let body = "Temporal failure, try again later.";
    check("kannel", 503, "", body, later(&format!("the provider answered 503 {body}"))).await;
    check("kannel", 202, "", "Sent.", never("the provider refused: Sent.")).await;

    let body = r#"{"code":13224,"message":"Dial: Invalid phone number format"}"#;
    let told = "the provider answered 400 Dial: Invalid phone number format";
    check("twilio-voice", 400, "", body, never(told)).await;
    let body = r#"{"code":20429,"message":"Too Many Requests"}"#;
    let told = "the provider answered 429 Too Many Requests (again after 3 s)";
    check("twilio-voice", 429, "Retry-After: 3\r\n", body, later(told)).await;
    check("twilio", 503, "", "", later("the provider answered 503")).await;
    let told = never("Twilio answered without taking the message");
    check("twilio", 201, "", r#"{"sid":"SM1","status":"failed"}"#, told).await;

    let body = r#"{"code":40014,"http":400,"error":"invalid request: actions invalid"}"#;
    let told = "the provider answered 400 invalid request: actions invalid";
    check("ntfy", 400, "", body, never(told)).await;
    let body = r#"{"code":50701,"http":507,"error":"cannot publish to UnifiedPush topic"}"#;
    let told = "the provider answered 507 cannot publish to UnifiedPush topic";
    check("ntfy", 507, "", body, later(told)).await;
}

/// Whatever the medium: nobody there is later, a redirect is never followed, an endless answer ends.
#[tokio::test]
async fn trouble_on_the_way_is_the_same_everywhere() {
    for (kind, channel, medium, to) in all("http://127.0.0.1:1") {
        let outcome = sender(&channel).send(medium, &page(to), NOW).await;
        let told = "127.0.0.1 does not answer: Connection refused (os error 111)";
        assert_eq!(outcome, later(told), "{kind}");
    }
    for kind in all("").iter().map(|it| it.0) {
        let elsewhere = "Location: http://169.254.169.254/latest\r\n";
        check(kind, 302, elsewhere, "", never("the provider answered 302")).await;
        let told = "127.0.0.1 answered with more than 65536 bytes";
        check(kind, 200, "", &"x".repeat(100_000), later(told)).await;
        let (status, body) = yes(kind);
        assert!((200..300).contains(&status) || body.is_empty());
    }
}

#[tokio::test]
async fn a_provider_tells_what_became_of_a_letter() {
    async fn check(kind: &str, id: &str, line: &str, body: &str, expect: Evidence) {
        let server = HttpProvider::start(200, body).await;
        let (_, channel, ..) =
            all(&server.url).into_iter().find(|it| it.0 == kind).expect("such a channel");
        let found = sender(&channel).receipt(id).await.expect("it can be asked");
        assert_eq!(found, Ok(expect), "{kind}: {body}");
        assert_eq!(server.received()[0].line, line);
    }
    let failed = |detail: &str| Evidence::Failed { detail: detail.to_owned() };
    let at = |secs: i64| Timestamp(secs * 1_000);
    let ask = "GET /1/receipts/r1.json?token=app";
    let body =
        r#"{"status":1,"acknowledged":0,"acknowledged_at":0,"last_delivered_at":0,"expired":0}"#;
    check("pushover", "r1", ask, body, Evidence::Nothing).await;
    let body = r#"{"status":1,"acknowledged":0,"acknowledged_at":0,"last_delivered_at":1424305421,"expired":0}"#;
    check("pushover", "r1", ask, body, Evidence::Reached { at: Some(at(1_424_305_421)) }).await;
    let body = r#"{"status":1,"acknowledged":1,"acknowledged_at":1424305430,"last_delivered_at":1424305421,"expired":0}"#;
    check("pushover", "r1", ask, body, Evidence::Acknowledged { at: at(1_424_305_430) }).await;
    let body =
        r#"{"status":1,"acknowledged":0,"acknowledged_at":0,"last_delivered_at":0,"expired":1}"#;
    check("pushover", "r1", ask, body, failed("it was never delivered to a device")).await;

    let ask = "GET /2010-04-01/Accounts/AC1/Messages/SM1.json";
    check("twilio", "SM1", ask, r#"{"status":"sent"}"#, Evidence::Nothing).await;
    check("twilio", "SM1", ask, r#"{"status":"delivered"}"#, Evidence::Reached { at: None }).await;
    let body = r#"{"status":"undelivered","error_code":30003}"#;
    check("twilio", "SM1", ask, body, failed("Twilio says undelivered (error 30003)")).await;
    let ask = "GET /2010-04-01/Accounts/AC1/Calls/CA1.json";
    check("twilio-voice", "CA1", ask, r#"{"status":"ringing"}"#, Evidence::Nothing).await;
    check("twilio-voice", "CA1", ask, r#"{"status":"completed"}"#, Evidence::Reached { at: None })
        .await;
    check("twilio-voice", "CA1", ask, r#"{"status":"no-answer"}"#, failed("Twilio says no-answer"))
        .await;

    let server = HttpProvider::start(404, r#"{"status":0,"errors":["receipt not found"]}"#).await;
    for (kind, channel, ..) in all(&server.url) {
        let found = sender(&channel).receipt("x").await;
        let can = ["pushover", "twilio", "twilio-voice"].contains(&kind);
        assert_eq!(found.is_some(), can, "{kind}");
        assert!(found.is_none_or(|it| matches!(it, Err(Outcome::Permanent { .. }))), "{kind}");
    }
}
