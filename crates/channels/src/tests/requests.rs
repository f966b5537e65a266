//! What each provider is sent: path, headers and body, as its documentation wants them.

use super::{NOW, message, sender};
use crate::fakes::{HttpProvider, MailServer, Received};
use crate::{Action, Callbacks, Message, Outcome, Sender};
use model::{Channel, Medium, Millis, SecretRef};

pub(super) fn plain(secret: &str) -> SecretRef {
    SecretRef::Plain(secret.to_owned())
}

/// A page with everything a letter can have.
pub(super) fn page(to: &str) -> Message {
    Message {
        actions: Action::ALL.to_vec(),
        callbacks: Some(Callbacks {
            base: "https://lamp.example".into(),
            channel: "way".into(),
            notice: "no_7".into(),
            code: "c0de".into(),
        }),
        ..message(to)
    }
}

/// The channels that speak HTTP, at `url`, with the medium each carries and somebody's address.
pub(super) fn all(url: &str) -> Vec<(&'static str, Channel, Medium, &'static str)> {
    let url = || url.to_owned();
    let hook = |path: &str| plain(&format!("{}{path}", url()));
    let room = || Some("room".to_owned());
    vec![
        ("ntfy", Channel::Ntfy { url: url(), token: Some(plain("tk")) }, Medium::Ntfy, "topic"),
        (
            "twilio",
            Channel::Twilio {
                url: url(),
                account: "AC1".into(),
                token: plain("t"),
                from: "+15550199".into(),
            },
            Medium::Sms,
            "+254700000001",
        ),
        (
            "twilio-voice",
            Channel::TwilioVoice {
                url: url(),
                account: "AC1".into(),
                token: plain("t"),
                from: "+15550199".into(),
                language: "en-GB".into(),
            },
            Medium::Voice,
            "+254700000001",
        ),
        (
            "kannel",
            Channel::Kannel {
                url: format!("{}/cgi-bin/sendsms", url()),
                username: "lamp".into(),
                password: plain("p&w"),
                from: Some("5050".into()),
                smsc: Some("one".into()),
            },
            Medium::Sms,
            "+254700000001",
        ),
        (
            "slack-webhook",
            Channel::SlackWebhook { webhook: hook("/services/T/B/X") },
            Medium::Slack,
            "",
        ),
        (
            "slack",
            Channel::Slack {
                url: format!("{}/api", url()),
                token: plain("xoxb"),
                room: room(),
                signing_secret: Some(plain("s")),
            },
            Medium::Slack,
            "U1",
        ),
        (
            "mattermost",
            Channel::Mattermost { webhook: hook("/hooks/x"), room: room() },
            Medium::Mattermost,
            "ana",
        ),
        ("teams", Channel::Teams { webhook: hook("/workflows/x?sig=1") }, Medium::Teams, ""),
        ("discord", Channel::Discord { webhook: hook("/api/webhooks/1/x") }, Medium::Discord, ""),
        (
            "telegram",
            Channel::Telegram {
                url: url(),
                token: plain("1:x"),
                room: room(),
                webhook_secret: Some(plain("s")),
            },
            Medium::Telegram,
            "17",
        ),
        (
            "matrix",
            Channel::Matrix { url: url(), token: plain("syt"), room: room() },
            Medium::Matrix,
            "!a:b",
        ),
        (
            "pushover",
            Channel::Pushover {
                url: url(),
                token: plain("app"),
                retry: Millis::from_mins(1),
                expire: Millis::from_hours(1),
                room: room(),
            },
            Medium::Pushover,
            "u1",
        ),
    ]
}

/// What a provider of `kind` says when it takes a message.
pub(super) fn yes(kind: &str) -> (u16, &'static str) {
    match kind {
        "ntfy" => (200, r#"{"id":"x7"}"#),
        "twilio" | "twilio-voice" => (201, r#"{"sid":"SM1","status":"queued"}"#),
        "kannel" => (202, "0: Accepted for delivery"),
        "slack-webhook" | "mattermost" => (200, "ok"),
        "slack" => (200, r#"{"ok":true,"channel":"D9","ts":"1503435956.000247"}"#),
        "teams" => (202, ""),
        "discord" => (200, r#"{"id":"334385199974967042"}"#),
        "telegram" => (200, r#"{"ok":true,"result":{"message_id":42,"chat":{"id":17}}}"#),
        "matrix" => (200, r#"{"event_id":"$e1"}"#),
        "pushover" => (200, r#"{"status":1,"request":"q1","receipt":"r1"}"#),
        other => panic!("no provider {other}"),
    }
}

/// Sends a page through `kind` and returns what came in, and what came out.
async fn sent(kind: &str, to: Option<&str>) -> (Received, Outcome) {
    let (status, body) = yes(kind);
    let server = HttpProvider::start(status, body).await;
    let (_, channel, medium, somebody) =
        all(&server.url).into_iter().find(|it| it.0 == kind).expect("such a channel");
    let outcome = sender(&channel).send(medium, &page(to.unwrap_or(somebody)), NOW).await;
    let mut received = server.received();
    assert_eq!(received.len(), 1, "{kind}: {outcome:?}");
    (received.remove(0), outcome)
}

fn shown(it: &Received) -> String {
    let body: serde_json::Value = serde_json::from_str(&it.body).unwrap_or(it.body.clone().into());
    let authorization = it.header("authorization");
    format!("{}\n{authorization}\n{body:#}", it.line)
}

async fn check(kind: &str, provider_id: &str) -> String {
    let (received, outcome) = sent(kind, None).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: provider_id.to_owned() }, "{kind}");
    shown(&received)
}

#[tokio::test]
async fn slack_by_a_bot() {
    insta::assert_snapshot!(check("slack", "D9/1503435956.000247").await, @r#"
    POST /api/chat.postMessage
    Bearer xoxb
    {
      "blocks": [
        {
          "text": {
            "emoji": false,
            "text": "Lights stay dark",
            "type": "plain_text"
          },
          "type": "header"
        },
        {
          "text": {
            "emoji": false,
            "text": "5% of activations fail <now>.",
            "type": "plain_text"
          },
          "type": "section"
        },
        {
          "text": {
            "text": "<https://lamp.example/incidents/in_3|Everything about it>",
            "type": "mrkdwn"
          },
          "type": "section"
        },
        {
          "elements": [
            {
              "action_id": "acknowledge",
              "style": "primary",
              "text": {
                "emoji": false,
                "text": "Acknowledge",
                "type": "plain_text"
              },
              "type": "button",
              "value": "no_7"
            },
            {
              "action_id": "resolve",
              "text": {
                "emoji": false,
                "text": "Resolve",
                "type": "plain_text"
              },
              "type": "button",
              "value": "no_7"
            }
          ],
          "type": "actions"
        }
      ],
      "channel": "U1",
      "text": ":rotating_light: Lights stay dark",
      "unfurl_links": false,
      "unfurl_media": false
    }
    "#);
}

#[tokio::test]
async fn slack_by_a_webhook() {
    insta::assert_snapshot!(check("slack-webhook", "").await, @r#"
    POST /services/T/B/X

    {
      "blocks": [
        {
          "text": {
            "emoji": false,
            "text": "Lights stay dark",
            "type": "plain_text"
          },
          "type": "header"
        },
        {
          "text": {
            "emoji": false,
            "text": "5% of activations fail <now>.",
            "type": "plain_text"
          },
          "type": "section"
        },
        {
          "text": {
            "text": "<https://lamp.example/a/no_7|Take it>   <https://lamp.example/incidents/in_3|Everything about it>",
            "type": "mrkdwn"
          },
          "type": "section"
        }
      ],
      "text": ":rotating_light: Lights stay dark"
    }
    "#);
}

#[tokio::test]
async fn mattermost() {
    insta::assert_snapshot!(check("mattermost", "").await, @r##"
    POST /hooks/x

    {
      "attachments": [
        {
          "actions": [
            {
              "id": "acknowledge",
              "integration": {
                "context": {
                  "action": "acknowledge",
                  "notice": "no_7"
                },
                "url": "https://lamp.example/callbacks/way/mattermost/no_7/c0de"
              },
              "name": "Acknowledge",
              "type": "button"
            },
            {
              "id": "resolve",
              "integration": {
                "context": {
                  "action": "resolve",
                  "notice": "no_7"
                },
                "url": "https://lamp.example/callbacks/way/mattermost/no_7/c0de"
              },
              "name": "Resolve",
              "type": "button"
            }
          ],
          "color": "#c4001d",
          "fallback": "Lights stay dark",
          "text": "5% of activations fail \\<now\\>.\n[Take it](https://lamp.example/a/no_7)\n[Everything about it](https://lamp.example/incidents/in_3)",
          "title": "Lights stay dark"
        }
      ],
      "channel": "@ana",
      "text": "Lights stay dark"
    }
    "##);
}

#[tokio::test]
async fn teams() {
    insta::assert_snapshot!(check("teams", "").await, @r#"
    POST /workflows/x?sig=1

    {
      "attachments": [
        {
          "content": {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "actions": [
              {
                "title": "Take it",
                "type": "Action.OpenUrl",
                "url": "https://lamp.example/a/no_7"
              },
              {
                "title": "Everything about it",
                "type": "Action.OpenUrl",
                "url": "https://lamp.example/incidents/in_3"
              }
            ],
            "body": [
              {
                "inlines": [
                  {
                    "color": "attention",
                    "size": "large",
                    "text": "Lights stay dark",
                    "type": "TextRun",
                    "weight": "bolder"
                  }
                ],
                "type": "RichTextBlock"
              },
              {
                "inlines": [
                  {
                    "text": "5% of activations fail <now>.",
                    "type": "TextRun"
                  }
                ],
                "type": "RichTextBlock"
              }
            ],
            "msteams": {
              "width": "Full"
            },
            "type": "AdaptiveCard",
            "version": "1.2"
          },
          "contentType": "application/vnd.microsoft.card.adaptive",
          "contentUrl": null
        }
      ],
      "summary": "Lights stay dark",
      "type": "message"
    }
    "#);
}

#[tokio::test]
async fn discord() {
    insta::assert_snapshot!(check("discord", "334385199974967042").await, @r#"
    POST /api/webhooks/1/x?wait=true

    {
      "allowed_mentions": {
        "parse": []
      },
      "content": "**Lights stay dark**\n5% of activations fail \\<now\\>.\n[Take it](<https://lamp.example/a/no_7>)\n[Everything about it](<https://lamp.example/incidents/in_3>)",
      "flags": 4
    }
    "#);
}

#[tokio::test]
async fn telegram() {
    insta::assert_snapshot!(check("telegram", "42").await, @r#"
    POST /bot1:x/sendMessage

    {
      "chat_id": "17",
      "link_preview_options": {
        "is_disabled": true
      },
      "parse_mode": "HTML",
      "reply_markup": {
        "inline_keyboard": [
          [
            {
              "callback_data": "acknowledge no_7",
              "text": "Acknowledge"
            },
            {
              "callback_data": "resolve no_7",
              "text": "Resolve"
            },
            {
              "text": "Everything about it",
              "url": "https://lamp.example/incidents/in_3"
            }
          ]
        ]
      },
      "text": "<b>Lights stay dark</b>\n5% of activations fail &lt;now&gt;."
    }
    "#);
}

#[tokio::test]
async fn matrix() {
    insta::assert_snapshot!(check("matrix", "$e1").await, @r#"
    PUT /_matrix/client/v3/rooms/%21a%3Ab/send/m.room.message/no_7
    Bearer syt
    {
      "body": "Lights stay dark\n5% of activations fail <now>.\nTake it: https://lamp.example/a/no_7\nEverything about it: https://lamp.example/incidents/in_3",
      "format": "org.matrix.custom.html",
      "formatted_body": "<strong>Lights stay dark</strong><br>5% of activations fail &lt;now&gt;.<br><a href=\"https://lamp.example/a/no_7\">Take it</a><br><a href=\"https://lamp.example/incidents/in_3\">Everything about it</a>",
      "m.mentions": {},
      "msgtype": "m.text"
    }
    "#);
}

#[tokio::test]
async fn pushover() {
    insta::assert_snapshot!(check("pushover", "r1").await, @r#"
    POST /1/messages.json

    {
      "expire": 3600,
      "message": "5% of activations fail <now>.",
      "priority": 2,
      "retry": 60,
      "title": "Lights stay dark",
      "token": "app",
      "url": "https://lamp.example/a/no_7",
      "url_title": "Take it",
      "user": "u1"
    }
    "#);
}

#[tokio::test]
async fn ntfy() {
    insta::assert_snapshot!(check("ntfy", "x7").await, @r#"
    POST /
    Bearer tk
    {
      "actions": [
        {
          "action": "http",
          "clear": true,
          "label": "Take it",
          "method": "POST",
          "url": "https://lamp.example/a/no_7"
        },
        {
          "action": "view",
          "label": "Everything about it",
          "url": "https://lamp.example/incidents/in_3"
        }
      ],
      "click": "https://lamp.example/a/no_7",
      "message": "5% of activations fail <now>.",
      "priority": 5,
      "tags": [
        "rotating_light"
      ],
      "title": "Lights stay dark",
      "topic": "topic"
    }
    "#);
}

#[tokio::test]
async fn kannel() {
    insta::assert_snapshot!(check("kannel", "").await, @r#"
    GET /cgi-bin/sendsms?username=lamp&password=p%26w&to=%2B254700000001&text=Lights%20stay%20dark%3A%205%25%20fail%20https%3A%2F%2Flamp.example%2Fa%2Fno_7&charset=UTF-8&coding=0&from=5050&smsc=one&dlr-mask=19&dlr-url=https%3A%2F%2Flamp.example%2Fcallbacks%2Fway%2Fkannel%2Fno_7%2Fc0de%3Fstatus%3D%25d

    ""
    "#);
}

#[tokio::test]
async fn a_text_message_by_twilio() {
    insta::assert_snapshot!(check("twilio", "SM1").await, @r#"
    POST /2010-04-01/Accounts/AC1/Messages.json
    Basic QUMxOnQ=
    "To=%2B254700000001&From=%2B15550199&Body=Lights%20stay%20dark%3A%205%25%20fail%20https%3A%2F%2Flamp.example%2Fa%2Fno_7&StatusCallback=https%3A%2F%2Flamp.example%2Fcallbacks%2Fway%2Ftwilio-sms%2Fno_7%2Fc0de"
    "#);
}

#[tokio::test]
async fn a_call_by_twilio() {
    let (received, outcome) = sent("twilio-voice", None).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: "SM1".into() });
    let form = received.body.split('&').map(|it| {
        let (name, value) = it.split_once('=').expect("a pair");
        format!("{name}: {}", decoded(value))
    });
    let form: Vec<_> = form.collect();
    insta::assert_snapshot!(format!("{}\n{}", received.line, form.join("\n")), @r#"
    POST /2010-04-01/Accounts/AC1/Calls.json
    To: +254700000001
    From: +15550199
    Timeout: 25
    Twiml: <Response><Gather numDigits="1" timeout="6" method="POST" action="https://lamp.example/callbacks/way/twilio-keys/no_7/c0de"><Say language="en-GB">This is Lamplighter. Lights stay dark: 5% fail. Press 1 to take it. Press 2 to call the next step now. Press 3 to hear this again. Press 4 to silence it.</Say></Gather><Gather numDigits="1" timeout="6" method="POST" action="https://lamp.example/callbacks/way/twilio-keys/no_7/c0de"><Say language="en-GB">This is Lamplighter. Lights stay dark: 5% fail. Press 1 to take it. Press 2 to call the next step now. Press 3 to hear this again. Press 4 to silence it.</Say></Gather><Say language="en-GB">No key was pressed. Somebody else may be called.</Say></Response>
    StatusCallback: https://lamp.example/callbacks/way/twilio-call/no_7/c0de
    StatusCallbackMethod: POST
    StatusCallbackEvent: ringing
    StatusCallbackEvent: answered
    StatusCallbackEvent: completed
    "#);
}

#[tokio::test]
async fn a_call_without_a_public_address_is_read_twice_and_takes_no_keys() {
    let server = HttpProvider::start(201, r#"{"sid":"CA1"}"#).await;
    let (_, channel, medium, to) =
        all(&server.url).into_iter().find(|it| it.0 == "twilio-voice").expect("a voice");
    let letter = Message { callbacks: None, ..page(to) };
    sender(&channel).send(medium, &letter, NOW).await;
    let body = server.received().remove(0).body;
    assert!(!body.contains("StatusCallback"), "{body}");
    let twiml = decoded(body.split("Twiml=").nth(1).expect("words"));
    let once = "<Say language=\"en-GB\">This is Lamplighter. Lights stay dark: 5% fail</Say>\
                <Pause length=\"1\"/>";
    assert_eq!(twiml, format!("<Response>{once}{once}</Response>"));
}

/// A room is used where nobody in person is meant, and never otherwise.
#[tokio::test]
async fn a_channel_that_is_paged_itself_uses_its_room() {
    for (kind, part) in [
        ("slack", r#""channel":"room""#),
        ("mattermost", r#""channel":"room""#),
        ("telegram", r#""chat_id":"room""#),
        ("matrix", "rooms/room/send"),
        ("pushover", r#""user":"room""#),
    ] {
        let (received, _) = sent(kind, Some("")).await;
        let all = format!("{} {}", received.line, received.body);
        assert!(all.contains(part), "{kind}: {all}");
        let (received, _) = sent(kind, None).await;
        let all = format!("{} {}", received.line, received.body);
        assert!(!all.contains(part), "{kind}: {all}");
    }
}

/// Buttons that nobody answers would be the worst there is at night.
#[tokio::test]
async fn there_is_no_button_that_does_nothing() {
    let server = HttpProvider::start(200, r#"{"ok":true,"result":{}}"#).await;
    let url = server.url.clone();
    let slack =
        Channel::Slack { url: url.clone(), token: plain("x"), room: None, signing_secret: None };
    let telegram =
        Channel::Telegram { url: url.clone(), token: plain("x"), room: None, webhook_secret: None };
    let mattermost = Channel::Mattermost { webhook: plain(&url), room: None };
    let mut unreachable = page("u");
    unreachable.callbacks = None;
    for (channel, medium) in
        [(slack, Medium::Slack), (telegram, Medium::Telegram), (mattermost, Medium::Mattermost)]
    {
        sender(&channel).send(medium, &unreachable, NOW).await;
        let body = server.received().pop().expect("a request").body;
        for word in ["\"acknowledge", "\"resolve", "callback_data"] {
            assert!(!body.contains(word), "{medium:?}: {word} in {body}");
        }
        assert!(body.contains("https://lamp.example/a/no_7"), "{medium:?}: {body}");
    }
}

#[tokio::test]
async fn what_rings_can_be_stopped_and_buttons_taken_away() {
    let server = HttpProvider::start(200, r#"{"ok":true,"status":1}"#).await;
    let mut requests = vec![];
    for (kind, channel, _, to) in all(&server.url) {
        let id = match kind {
            "slack" => "D9/1503435956.000247",
            "telegram" => "42",
            _ => "r1",
        };
        let closed = sender(&channel).close(id, &page(to), "bo took it at 02:03").await;
        if let Some(outcome) = closed {
            assert_eq!(outcome, Outcome::Sent { provider_id: id.to_owned() }, "{kind}");
            let it = server.received().pop().expect("a request");
            requests.push(format!("{kind}: {}\n{}", it.line, it.body));
        }
    }
    insta::assert_snapshot!(requests.join("\n"), @r#"
    slack: POST /api/chat.update
    {"blocks":[{"text":{"emoji":false,"text":"Lights stay dark","type":"plain_text"},"type":"header"},{"text":{"emoji":false,"text":"5% of activations fail <now>.","type":"plain_text"},"type":"section"},{"text":{"text":"<https://lamp.example/incidents/in_3|Everything about it>","type":"mrkdwn"},"type":"section"},{"elements":[{"emoji":false,"text":"bo took it at 02:03","type":"plain_text"}],"type":"context"}],"channel":"D9","text":"bo took it at 02:03","ts":"1503435956.000247"}
    telegram: POST /bot1:x/editMessageReplyMarkup
    {"chat_id":"17","message_id":42,"reply_markup":{"inline_keyboard":[]}}
    pushover: POST /1/receipts/r1/cancel.json
    {"token":"app"}
    "#);
}

#[tokio::test]
async fn mail_asks_for_reports_and_replies_where_somebody_reads_them() {
    let server = MailServer::offering(&["8BITMIME", "DSN", "SIZE 1000000"]).await;
    let mut channel = super::smtp(server.port);
    let Channel::Smtp { inbox, .. } = &mut channel else { unreachable!("it is one") };
    *inbox = Some("pager@solar.example".into());
    let outcome = sender(&channel).send(Medium::Email, &page("ana@solar.example"), NOW).await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    let mail = server.mails().pop().expect("one mail");
    assert_eq!(
        mail.envelope,
        (
            "MAIL FROM:<pager+no_7@solar.example> RET=HDRS ENVID=no_7".to_owned(),
            "RCPT TO:<ana@solar.example> NOTIFY=SUCCESS,FAILURE,DELAY".to_owned(),
        )
    );
    let head = mail.text.split("\r\n\r\n").next().expect("a head");
    // The boundary in the last is drawn at random.
    let own = ["Content-Type", "MIME-Version", "User-Agent", " boundary="];
    let kept = head.lines().filter(|it| !own.iter().any(|own| it.starts_with(own)));
    insta::assert_snapshot!(kept.collect::<Vec<_>>().join("\n"), @r"
    From: lamplighter@solar.example
    To: ana@solar.example
    Subject: Lights stay dark
    Date: Mon, 23 Nov 2026 10:00:00 +0000
    Message-ID: <no_7@solar.example>
    Auto-Submitted: auto-generated
    X-Auto-Response-Suppress: All
    List-Id: Lamplighter <lamplighter.solar.example>
    Reply-To: pager+no_7@solar.example
    Importance: high
    ");

    let plain = MailServer::offering(&["DSN"]).await;
    sender(&super::smtp(plain.port)).send(Medium::Email, &page("ana@solar.example"), NOW).await;
    let mail = plain.mails().pop().expect("one mail");
    assert_eq!(
        mail.envelope,
        (
            "MAIL FROM:<lamplighter@solar.example> RET=HDRS ENVID=no_7".to_owned(),
            "RCPT TO:<ana@solar.example> NOTIFY=FAILURE,DELAY".to_owned(),
        )
    );
    assert!(!mail.text.contains("Reply-To"));

    let silent = MailServer::start().await;
    sender(&super::smtp(silent.port)).send(Medium::Email, &page("ana@solar.example"), NOW).await;
    let mail = silent.mails().pop().expect("one mail");
    assert_eq!(mail.envelope.0, "MAIL FROM:<lamplighter@solar.example>");
    assert_eq!(mail.envelope.1, "RCPT TO:<ana@solar.example>");
}

/// Twilio's and Kannel's text are one message of the alphabet of telephones.
#[tokio::test]
async fn an_sms_is_sent_in_the_alphabet_it_costs_least_in() {
    let server = HttpProvider::start(202, "0: Accepted for delivery").await;
    let (_, channel, medium, to) =
        all(&server.url).into_iter().find(|it| it.0 == "kannel").expect("a Kannel");
    let mut letter = page(to);
    let mut line = async |short: &str| {
        letter.short = short.to_owned();
        sender(&channel).send(medium, &letter, NOW).await;
        server.received().pop().expect("a request").line
    };
    let plain = line("“Lights” – dark…").await;
    assert!(plain.contains("text=%22Lights%22%20-%20dark...%20https"), "{plain}");
    assert!(plain.contains("&coding=0"), "{plain}");
    let cyrillic = line("свет").await;
    assert!(cyrillic.contains("&charset=UTF-8&coding=2"), "{cyrillic}");
}

pub(super) fn decoded(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'%' && more.len() >= 2 {
            let hex = std::str::from_utf8(&more[..2]).expect("ASCII");
            bytes.push(u8::from_str_radix(hex, 16).expect("two digits"));
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_channel_with_a_missing_secret_says_which() {
    for (kind, channel, ..) in all("http://127.0.0.1:1") {
        let missing = Sender::new(&channel, &|_| Err("it is not there".to_owned()));
        assert_eq!(missing.err().as_deref(), Some("it is not there"), "{kind}");
    }
}
