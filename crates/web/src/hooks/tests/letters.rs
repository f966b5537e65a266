//! Letters posted by mail providers, in the shapes their documentation shows.

use super::*;
use crate::hooks::letters::{LETTER_BYTES_MAX, is_right};
use engine::ReceiptEvidence;
use model::Timestamp;
use serde_json::json;
use std::fmt::Write as _;

const KEY: &str = "m-secret";

/// Whether a letter took the page, and how it was answered.
struct Post {
    name: &'static str,
    path: String,
    kind: &'static str,
    body: Vec<u8>,
}

async fn posts(house: &House, post: &Post) -> StatusCode {
    let request = Request::builder()
        .method("POST")
        .uri(&post.path)
        .header(header::HOST, "127.0.0.1:8080")
        .header(header::CONTENT_TYPE, post.kind);
    house.send(request.body(Body::from(post.body.clone())).unwrap()).await.status()
}

async fn burning_with_mail() -> (House, NoticeId) {
    let mut it = connected();
    let way = ReplyWay {
        secret: Some(plain(KEY)),
        former_secret: Some(plain("m-old")),
        from: "from".into(),
        text: "text".into(),
        id: "id".into(),
    };
    it.back.replies.insert("mail".into(), way);
    let house = House::of(Mode::Serve, it).await;
    house.raise("no lights in Kisumu").await;
    let notice = house.notice("ana", Medium::Email);
    (house, notice)
}

fn whole(notice: NoticeId, text: &str) -> String {
    format!(
        "From: Ana Reyes <Ana@solar.example>\r\nTo: Lamp <lamp+{notice}@in.example>\r\n\
         Message-ID: <w@phone>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
}

fn bounce(notice: NoticeId) -> (String, String) {
    let report = format!(
        "Reporting-MTA: dns; mx.example\r\nOriginal-Envelope-Id: {notice}\r\n\r\n\
         Final-Recipient: rfc822; ana@solar.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    );
    let raw = format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: lamp@in.example\r\nMessage-ID: <b@mx>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=q\r\n\r\n\
         --q\r\n\r\nsorry\r\n--q\r\nContent-Type: message/delivery-status\r\n\r\n{report}\r\n--q--\r\n"
    );
    (raw, report)
}

fn signature(key: &str, stamp: &str, token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let tag = hmac::sign(&key, format!("{stamp}{token}").as_bytes());
    crate::passwords::hex(tag.as_ref())
}

/// Mailgun's three fields.
fn proof(key: &str, token: &str) -> [(String, String); 3] {
    let stamp = (NOW.0 / 1_000).to_string();
    let signature = signature(key, &stamp, token);
    [("timestamp", stamp), ("token", token.to_owned()), ("signature", signature)]
        .map(|(name, it)| (name.to_owned(), it))
}

fn mailgun_form(key: &str, token: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let proof = proof(key, token);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).extend_pairs(proof);
    form.finish().into_bytes()
}

/// `multipart/form-data` as RFC 7578 writes it: name, content type, content.
fn multipart(parts: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (name, kind, content) in parts {
        let _ = write!(body, "--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n");
        if !kind.is_empty() {
            let _ = write!(body, "Content-Type: {kind}\r\n");
        }
        let _ = write!(body, "\r\n{content}\r\n");
    }
    (body + "--xYzZY--\r\n").into_bytes()
}

const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=xYzZY";

fn mailgun(notice: NoticeId, key: &str, token: &str, text: &str) -> Post {
    let headers = json!([["From", "Ana <ana@solar.example>"], ["Message-Id", "<m@phone>"]]);
    let fields = [
        ("recipient", format!("lamp+{notice}@in.example")),
        ("sender", "ana@solar.example".to_owned()),
        ("from", "Ana <ana@solar.example>".to_owned()),
        ("subject", "Re: [pg_1]".to_owned()),
        ("body-plain", text.to_owned()),
        ("stripped-text", "something else".to_owned()),
        ("message-headers", headers.to_string()),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, it)| (*name, it.as_str())).collect();
    Post {
        name: "mailgun",
        path: "/hooks/mail/mail/mailgun".into(),
        kind: FORM,
        body: mailgun_form(key, token, &fields),
    }
}

fn postmark(notice: NoticeId, text: &str) -> Post {
    let to = format!("5f3+{notice}@inbound.postmarkapp.example");
    let body = json!({
        "FromName": "Ana", "MessageStream": "inbound", "From": "ana@solar.example",
        "FromFull": { "Email": "ana@solar.example", "Name": "Ana", "MailboxHash": "" },
        "To": format!("\"Lamp\" <{to}>"), "ToFull": [{ "Email": to, "MailboxHash": notice.to_string() }],
        "Cc": "", "OriginalRecipient": to, "Subject": "Re: [pg_1]",
        "MessageID": "22c74902-a0c1-4511-804f-341342852c90", "MailboxHash": notice.to_string(),
        "TextBody": text, "HtmlBody": "<p>html</p>", "StrippedTextReply": "", "Tag": "",
        "Headers": [{ "Name": "Message-ID", "Value": "<p@phone>" },
                    { "Name": "Received-SPF", "Value": "Pass (sender SPF authorized)" }],
        "Attachments": [],
    });
    let path = format!("/hooks/mail/mail/postmark?token={KEY}");
    Post { name: "postmark", path, kind: "application/json", body: body.to_string().into_bytes() }
}

fn sendgrid(notice: NoticeId, text: &str, spf: &str, dkim: &str) -> Post {
    let envelope =
        json!({ "to": [format!("lamp+{notice}@in.example")], "from": "ana@solar.example" });
    let headers = "Received: by mx\r\n\tfor us\r\nMessage-ID: <s@phone>\r\n\
                   Content-Type: multipart/alternative; boundary=\"zz\"\r\n";
    let body = multipart(&[
        ("headers", "", headers),
        ("dkim", "", dkim),
        ("to", "", "lamp@in.example"),
        ("from", "", "Ana <ana@solar.example>"),
        ("html", "", "<p>html</p>"),
        ("text", "", text),
        ("sender_ip", "", "192.0.2.1"),
        ("envelope", "", &envelope.to_string()),
        ("attachments", "", "0"),
        ("subject", "", "Re: [pg_1]"),
        ("charsets", "", r#"{"to":"UTF-8","text":"iso-8859-1"}"#),
        ("SPF", "", spf),
    ]);
    let path = format!("/hooks/mail/mail/sendgrid?token={KEY}");
    Post { name: "sendgrid", path, kind: PARTS, body }
}

#[tokio::test]
async fn every_provider_s_shape_takes_the_page_once() {
    let (_, notice) = burning_with_mail().await;
    let raw = whole(notice, "Ack\r\n\r\n> quoted");
    let to = format!("lamp+{notice}@in.example");
    let mime = [("recipient", to.as_str()), ("body-mime", raw.as_str())];
    let whole_json = json!({ "From": "x@y", "RawEmail": raw, "OriginalRecipient": to });
    let with_token = |name: &str| format!("/hooks/mail/mail/{name}?token={KEY}");
    let all = [
        mailgun(notice, KEY, "t1", "Ack\n"),
        Post {
            name: "mailgun, with attachments",
            path: "/hooks/mail/mail/mailgun".into(),
            kind: PARTS,
            body: {
                let [stamp, token, signature] = proof("m-old", "t2");
                multipart(&[
                    ("attachment-1", "image/png", "\u{fffd}PNG\r\n--xYzZ"),
                    ("from", "", "ana@solar.example"),
                    ("recipient", "", &to),
                    ("body-plain", "", "1"),
                    (&stamp.0, "", &stamp.1),
                    (&token.0, "", &token.1),
                    (&signature.0, "", &signature.1),
                ])
            },
        },
        Post {
            name: "mailgun, whole",
            path: "/hooks/mail/mail/mailgun-mime".into(),
            kind: FORM,
            body: mailgun_form(KEY, "t3", &mime),
        },
        postmark(notice, "ack 1"),
        Post {
            name: "postmark, whole",
            path: with_token("postmark"),
            kind: "application/json",
            body: whole_json.to_string().into_bytes(),
        },
        sendgrid(notice, "Ack", "pass", "{@solar.example : pass}"),
        Post {
            name: "sendgrid, whole",
            path: with_token("sendgrid"),
            kind: PARTS,
            body: multipart(&[("to", "", "x"), ("email", "", &raw)]),
        },
        Post {
            name: "raw",
            path: with_token("raw"),
            kind: "message/rfc822",
            body: raw.clone().into_bytes(),
        },
    ];
    for post in all {
        let (house, same) = burning_with_mail().await;
        assert_eq!(same, notice);
        assert_eq!(posts(&house, &post).await, StatusCode::OK, "{}", post.name);
        assert_eq!(house.taken_by(1), Some(("ana".into(), "email".into())), "{}", post.name);
        let seq = house.handle.state().seq;
        let answers = house.answers_due();
        assert_eq!(
            answers,
            [
                "Email mail: pg_1 is yours: no lights in Kisumu. RESOLVE 1 ends it, ESC 1 calls more people."
            ],
            "{}",
            post.name
        );
        // Repeated by the provider it changes nothing, where the letter has a name.
        assert_eq!(posts(&house, &post).await, StatusCode::OK, "{}", post.name);
        if post.name != "mailgun, with attachments" {
            assert_eq!(house.handle.state().seq, seq, "{}", post.name);
        }
    }
}

#[tokio::test]
async fn notes_and_ends_come_by_letter_too() {
    let (house, notice) = burning_with_mail().await;
    let note = sendgrid(notice, "note the carrier says an hour", "", "");
    assert_eq!(posts(&house, &note).await, StatusCode::OK);
    let notes = house.handle.state().incidents[&IncidentId(1)].notes.clone();
    assert_eq!(notes[0].text.text(), Some("the carrier says an hour"));
    assert_eq!(posts(&house, &postmark(notice, "Resolved.")).await, StatusCode::OK);
    assert!(!house.handle.state().incidents[&IncidentId(1)].is_open());
}

#[tokio::test]
async fn whoever_shows_no_secret_does_nothing() {
    let (house, notice) = burning_with_mail().await;
    let mut refused = vec![mailgun(notice, "wrong", "t1", "ack")];
    for mut post in [postmark(notice, "ack"), sendgrid(notice, "ack", "", "")] {
        post.path = post.path.replace(KEY, "wrong");
        refused.push(post);
    }
    for path in ["/hooks/mail/mail/raw", "/hooks/mail/mail/raw?token=", "/hooks/mail/mail/postmark"]
    {
        let body = whole(notice, "ack").into_bytes();
        refused.push(Post { name: "no secret", path: path.into(), kind: "", body });
    }
    for post in refused {
        assert_eq!(
            posts(&house, &post).await,
            StatusCode::FORBIDDEN,
            "{} {}",
            post.name,
            post.path
        );
    }
    for path in ["/hooks/mail/mail/pigeon", "/hooks/mail/slack/raw", "/hooks/mail/kannel/raw"] {
        let path = format!("{path}?token={KEY}");
        let post = Post { name: "closed", path, kind: "", body: vec![] };
        let status = posts(&house, &post).await;
        let closed = [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&status);
        assert!(closed, "{} {status}", post.path);
    }
    // The signature of one letter is not good for another one.
    assert_eq!(posts(&house, &mailgun(notice, KEY, "t9", "what is this?")).await, StatusCode::OK);
    let moved = mailgun(notice, KEY, "t9", "ack");
    assert_eq!(posts(&house, &moved).await, StatusCode::FORBIDDEN);
    assert_eq!(house.taken_by(1), None);
}

#[test]
fn mailgun_signs_as_it_documents() {
    let now = Timestamp(1_529_006_854_000);
    let (stamp, token) = ("1529006854", "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0");
    let good = signature("key", stamp, token);
    let check = |stamp: &str, token: &str, tag: &str, late_h: i64| {
        let now = Timestamp(now.0 + late_h * 3_600_000);
        is_right(&["other".to_owned(), "key".to_owned()], stamp, token, tag, now)
    };
    assert!(check(stamp, token, &good, 0));
    assert!(check(stamp, token, &good, 9), "as long as Mailgun repeats itself");
    assert!(!check(stamp, token, &good, 10));
    assert!(!check(stamp, "b", &good, 0));
    assert!(!check("1529006855", token, &good, 0));
    assert!(!check(stamp, token, &good[..10], 0));
    assert!(!check("", token, &good, 0));
}

#[tokio::test]
async fn a_sender_whom_the_provider_calls_forged_is_left_alone() {
    for (spf, dkim, taken) in [
        ("fail", "none", false),
        ("softfail", "{@evil.example : pass}", false),
        ("softfail", "{@solar.example : pass}", true),
        ("none", "none", true),
        ("", "", true),
    ] {
        let (house, notice) = burning_with_mail().await;
        assert_eq!(posts(&house, &sendgrid(notice, "ack", spf, dkim)).await, StatusCode::OK);
        assert_eq!(house.taken_by(1).is_some(), taken, "{spf} {dkim}");
    }
}

#[tokio::test]
async fn mail_that_came_back_through_a_provider_is_a_receipt() {
    let (_, notice) = burning_with_mail().await;
    let (raw, report) = bounce(notice);
    let with_token = |name: &str| format!("/hooks/mail/mail/{name}?token={KEY}");
    let attached = STANDARD.encode(&report);
    let json = json!({
        "From": "MAILER-DAEMON@mx.example", "TextBody": "sorry",
        "Attachments": [{ "Name": "s", "Content": attached, "ContentType": "message/delivery-status" }],
    });
    let all = [
        ("raw", "message/rfc822", raw.clone().into_bytes()),
        ("postmark", "application/json", json.to_string().into_bytes()),
        (
            "sendgrid",
            PARTS,
            multipart(&[
                ("from", "", "MAILER-DAEMON@mx.example"),
                ("text", "", "sorry"),
                ("attachment1", "message/delivery-status; name=s", &report),
            ]),
        ),
    ];
    for (name, kind, body) in all {
        let (house, same) = burning_with_mail().await;
        assert_eq!(same, notice);
        // A way that is only tried after it was sent can come back.
        let outcome = engine::DeliveryOutcome::Sent { provider_id: String::new() };
        let sent = Command::Delivered { notice, outcome };
        house.handle.submit(Submission::system(sent)).await.expect("it was due");
        let post = Post { name: "bounce", path: with_token(name), kind, body };
        assert_eq!(posts(&house, &post).await, StatusCode::OK, "{name}");
        let receipt = house.handle.state().notices[&notice].receipt;
        let evidence = receipt.map(|it| it.evidence);
        assert_eq!(evidence, Some(ReceiptEvidence::Bounced), "{name}");
        assert!(house.taken_by(1).is_none());
    }
}

#[tokio::test]
async fn hostile_letters_are_refused_or_left() {
    let (house, notice) = burning_with_mail().await;
    let token = |name: &str| format!("/hooks/mail/mail/{name}?token={KEY}");
    let cut = sendgrid(notice, "ack", "", "").body;
    let many: Vec<_> = (0..1_001).map(|_| ("a", "", "b")).collect();
    for (name, kind, body) in [
        ("raw", "", vec![]),
        ("raw", "", vec![0xff; 1_000]),
        ("raw", "", b"no letter at all".to_vec()),
        ("postmark", "application/json", b"[]".to_vec()),
        ("postmark", "application/json", b"{\"From\":".to_vec()),
        ("sendgrid", PARTS, cut[..cut.len() - 12].to_vec()),
        ("sendgrid", "multipart/form-data", cut.clone()),
        ("sendgrid", PARTS, multipart(&many)),
        ("sendgrid", PARTS, b"--xYzZY".to_vec()),
    ] {
        let path = token(name);
        let post = Post { name: "hostile", path, kind, body };
        assert_eq!(posts(&house, &post).await, StatusCode::NOT_ACCEPTABLE, "{name} {kind}");
    }
    let path = token("raw");
    let huge = Post { name: "huge", path, kind: "", body: vec![b'a'; LETTER_BYTES_MAX + 1] };
    assert_eq!(posts(&house, &huge).await, StatusCode::PAYLOAD_TOO_LARGE);
    // A field that brings a header of its own does not get to speak for somebody else.
    let sly = json!({
        "From": "eve@solar.example",
        "OriginalRecipient": format!("lamp+{notice}@x\r\nFrom: ana@solar.example"),
        "TextBody": "ack", "Headers": [{ "Name": "X: y\r\nFrom", "Value": "ana@solar.example" }],
    });
    let sly = sly.to_string().into_bytes();
    let post = Post { name: "sly", path: token("postmark"), kind: "", body: sly };
    posts(&house, &post).await;
    assert_eq!(house.taken_by(1), None);
}
