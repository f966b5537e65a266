//! Each way out against a provider that speaks its protocol.

mod answers;
mod hostile;
mod requests;
mod secrecy;

use crate::fakes::{HttpProvider, MailServer};
use crate::{Message, Outcome, Priority, Sender, secrets, webhook};
use model::{Channel, Medium, SecretRef, Timestamp};
use std::collections::BTreeMap;

const NOW: Timestamp = Timestamp(1_795_428_000_000);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test]
async fn a_mail_arrives_with_its_link_and_no_forged_header() {
    let server = MailServer::start().await;
    let sender = sender(&smtp(server.port));
    let mut message = message("ana@solar.example");
    message.subject = "Lights\r\nBcc: all@solar.example".into();
    let outcome = sender.send(Medium::Email, &message, NOW).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: "OK: queued as 1".into() });
    let mail = server.mails().pop().expect("one mail");
    assert_eq!(mail.to, "ana@solar.example");
    for line in [
        "Subject: Lights Bcc: all@solar.example\r\n",
        "Message-ID: <no_7@solar.example>\r\n",
        "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n",
        "Importance: high\r\n",
        "Take it: https://lamp.example/a/no_7\r\n",
    ] {
        assert!(mail.text.contains(line), "{line} is missing in:\n{}", mail.text);
    }
    assert!(!mail.text.contains("\r\nBcc:"));
}

#[tokio::test]
async fn a_mail_server_says_never_or_later() {
    let server = MailServer::start().await;
    let sender = sender(&smtp(server.port));
    server.refuse_next("550 no such user");
    let outcome = sender.send(Medium::Email, &message("ana@solar.example"), NOW).await;
    assert!(matches!(outcome, Outcome::Permanent { .. }), "{outcome:?}");
    server.refuse_next("451 greylisted");
    let outcome = sender.send(Medium::Email, &message("ana@solar.example"), NOW).await;
    assert!(matches!(outcome, Outcome::Transient { .. }), "{outcome:?}");
    let closed = super::Sender::new(&smtp(1), &secrets::resolve).expect("built");
    let outcome = closed.send(Medium::Email, &message("ana@solar.example"), NOW).await;
    assert!(matches!(outcome, Outcome::Transient { .. }), "{outcome:?}");
}

#[tokio::test]
async fn ntfy_gets_priority_and_a_button_that_posts() {
    let server = HttpProvider::start(200, r#"{"id":"x7"}"#).await;
    let token = Some(SecretRef::Plain("tk_1".into()));
    let sender = sender(&Channel::Ntfy { url: server.url.clone(), token });
    let outcome = sender.send(Medium::Ntfy, &message("ana-topic"), NOW).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: "x7".into() });
    let request = server.received().pop().expect("one request");
    assert_eq!(request.header("authorization"), "Bearer tk_1");
    let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(body["topic"], "ana-topic");
    assert_eq!(body["priority"], 5);
    assert_eq!(body["actions"][0]["method"], "POST");
    assert_eq!(body["actions"][0]["url"], "https://lamp.example/a/no_7");
    server.answer_next(429, "slow down");
    let outcome = sender.send(Medium::Ntfy, &message("ana-topic"), NOW).await;
    let detail = "the provider answered 429 slow down".into();
    assert_eq!(outcome, Outcome::Transient { detail });
}

#[tokio::test]
async fn twilio_must_take_the_message_in_words() {
    let server = HttpProvider::start(201, r#"{"sid":"SM1","status":"queued"}"#).await;
    let sender = sender(&Channel::Twilio {
        url: server.url.clone(),
        account: "AC1".into(),
        token: SecretRef::Plain("t".into()),
        from: "+15550199".into(),
    });
    let outcome = sender.send(Medium::Sms, &message("+254700000001"), NOW).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: "SM1".into() });
    let request = server.received().pop().expect("one request");
    assert_eq!(request.line, "POST /2010-04-01/Accounts/AC1/Messages.json");
    assert_eq!(request.header("authorization"), "Basic QUMxOnQ=");
    assert_eq!(
        request.body,
        "To=%2B254700000001&From=%2B15550199&Body=Lights%20stay%20dark%3A%205%25%20fail%20\
         https%3A%2F%2Flamp.example%2Fa%2Fno_7"
    );
    server.answer_next(400, r#"{"code":21211,"message":"Invalid 'To' Phone Number"}"#);
    let outcome = sender.send(Medium::Sms, &message("+1"), NOW).await;
    let detail = "the provider answered 400 Invalid 'To' Phone Number".into();
    assert_eq!(outcome, Outcome::Permanent { detail });
    server.answer_next(200, "{}");
    let outcome = sender.send(Medium::Sms, &message("+1"), NOW).await;
    assert!(matches!(outcome, Outcome::Permanent { .. }), "no id is no success: {outcome:?}");
}

#[tokio::test]
async fn a_gateway_is_filled_in_where_things_stand() {
    let server = HttpProvider::start(202, "").await;
    let get = sender(&Channel::HttpSms {
        url: format!("{}/send?to={{to}}&text={{text}}&id={{key}}", server.url),
        method: "GET".into(),
        body: None,
        headers: BTreeMap::new(),
    });
    let mut tricky = message("+254 7");
    tricky.short = "say \"{to}\"".into();
    tricky.ack_url = None;
    let sent = Outcome::Sent { provider_id: String::new() };
    assert_eq!(get.send(Medium::Sms, &tricky, NOW).await, sent);
    assert_eq!(
        server.received().pop().expect("one request").line,
        "GET /send?to=%2B254%207&text=say%20%22%7Bto%7D%22&id=no_7"
    );
    let post = sender(&Channel::HttpSms {
        url: server.url.clone(),
        method: "POST".into(),
        body: Some(r#"{"msisdn":"{to}","message":"{text}"}"#.into()),
        headers: BTreeMap::from([("x-key".into(), SecretRef::Plain("k".into()))]),
    });
    assert_eq!(post.send(Medium::Sms, &tricky, NOW).await, sent);
    let request = server.received().pop().expect("one request");
    assert_eq!(request.body, r#"{"msisdn":"+254 7","message":"say \"{to}\""}"#);
    assert_eq!(request.header("x-key"), "k");
}

#[tokio::test]
async fn a_webhook_is_signed_so_that_others_can_check_it() {
    let server = HttpProvider::start(204, "").await;
    let secret = SecretRef::Plain(SECRET.into());
    let sender = sender(&Channel::Webhook { url: server.url.clone(), secret });
    let outcome = sender.send(Medium::Webhook, &message(""), NOW).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: String::new() });
    let it = server.received().pop().expect("one request");
    let (id, seconds) = (it.header("webhook-id"), it.header("webhook-timestamp"));
    let signature = it.header("webhook-signature");
    assert!(webhook::verify(SECRET, id, seconds, it.body.as_bytes(), signature));
    assert!(!webhook::verify(SECRET, id, seconds, b"{}", signature));
    assert!(!webhook::verify(SECRET, "no_8", seconds, it.body.as_bytes(), signature));
}

/// Computed with Python's `hmac` over `no_7.1795428000.{}`.
#[test]
fn the_signature_is_the_one_others_compute() {
    let key = webhook::key(SECRET).expect("a secret");
    assert_eq!(
        webhook::sign(&key, "no_7", "1795428000", b"{}"),
        "v1,ZWeJocYWJjR7b+YIW2nwtaRiPDGQDpQFTTpvHitFazw="
    );
}

#[test]
fn a_missing_secret_is_named() {
    let missing = secrets::resolve(&SecretRef::Env("LAMPLIGHTER_NO_SUCH".into()));
    let told = "the environment variable LAMPLIGHTER_NO_SUCH is not set";
    assert_eq!(missing, Err(told.to_owned()));
}

fn sender(channel: &Channel) -> Sender {
    Sender::new(channel, &secrets::resolve).expect("the channel is complete")
}

fn smtp(port: u16) -> Channel {
    Channel::Smtp {
        host: "127.0.0.1".into(),
        port,
        from: "lamplighter@solar.example".into(),
        encryption: "none".into(),
        username: None,
        password: None,
        inbox: None,
        authority: None,
    }
}

fn message(to: &str) -> Message {
    Message {
        key: "no_7".into(),
        to: to.into(),
        subject: "Lights stay dark".into(),
        text: "5% of activations fail <now>.".into(),
        short: "Lights stay dark: 5% fail".into(),
        ack_url: Some("https://lamp.example/a/no_7".into()),
        url: Some("https://lamp.example/incidents/in_3".into()),
        actions: vec![],
        callbacks: None,
        priority: Priority::High,
        data: serde_json::Value::Null,
    }
}
