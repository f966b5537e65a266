//! Secrets stay with their sender: providers that answer errors and repeat what they were told, and
//! everything that is said afterwards, read for the secret.

use super::requests::page;
use super::{NOW, smtp};
use crate::{Outcome, Sender};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Channel, Medium, Millis, SecretRef};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const SECRET: &str = "hunter2-Zm9vYmFyIGJheg";
const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A provider that answers `status` with everything it was sent, and the same once more in base64 and
/// percent-encoded forms as it came.
async fn parrot(status: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = vec![0; 32_768];
                let read = stream.read(&mut bytes).await.unwrap_or(0);
                let heard = String::from_utf8_lossy(&bytes[..read]).replace(['\r', '\n', '"'], " ");
                let body = format!(
                    r#"{{"ok":false,"status":0,"error":"{heard}","errors":["{heard}"],"message":"{heard}","description":"{heard}"}}"#
                );
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes()).await;
            });
        }
    });
    url
}

/// Every channel that has a secret, with it.
fn channels(url: &str) -> Vec<(Channel, Medium, &'static str)> {
    let key = || SecretRef::Env("KEY".into());
    let hook = || SecretRef::Env("HOOK".into());
    let (url, account) = (|| url.to_owned(), || "AC1".to_owned());
    let from = || "+15550199".to_owned();
    vec![
        (Channel::Ntfy { url: url(), token: Some(key()) }, Medium::Ntfy, "t"),
        (
            Channel::Twilio { url: url(), account: account(), token: key(), from: from() },
            Medium::Sms,
            "+2547",
        ),
        (
            Channel::TwilioVoice {
                url: url(),
                account: account(),
                token: key(),
                from: from(),
                language: "en".into(),
            },
            Medium::Voice,
            "+2547",
        ),
        (
            Channel::HttpSms {
                url: url(),
                method: "POST".into(),
                body: None,
                headers: BTreeMap::from([("x-key".into(), key())]),
            },
            Medium::Sms,
            "+2547",
        ),
        (
            Channel::Kannel {
                url: url(),
                username: "u".into(),
                password: key(),
                from: None,
                smsc: None,
            },
            Medium::Sms,
            "+2547",
        ),
        (Channel::SlackWebhook { webhook: hook() }, Medium::Slack, ""),
        (
            Channel::Slack { url: url(), token: key(), room: None, signing_secret: Some(key()) },
            Medium::Slack,
            "U1",
        ),
        (Channel::Mattermost { webhook: hook(), room: None }, Medium::Mattermost, "ana"),
        (Channel::Teams { webhook: hook() }, Medium::Teams, ""),
        (Channel::Discord { webhook: hook() }, Medium::Discord, ""),
        (
            Channel::Telegram { url: url(), token: key(), room: None, webhook_secret: Some(key()) },
            Medium::Telegram,
            "17",
        ),
        (Channel::Matrix { url: url(), token: key(), room: None }, Medium::Matrix, "!a:b"),
        (
            Channel::Pushover {
                url: url(),
                token: key(),
                retry: Millis::from_mins(1),
                expire: Millis::from_hours(1),
                room: None,
            },
            Medium::Pushover,
            "u1",
        ),
        (
            Channel::Webhook { url: url(), secret: SecretRef::Env("SIGNING".into()) },
            Medium::Webhook,
            "",
        ),
    ]
}

fn sender(channel: &Channel, url: &str) -> Sender {
    let resolve = |it: &SecretRef| match it {
        SecretRef::Env(name) if name == "HOOK" => {
            Ok(format!("{url}/services/{SECRET}?sig={SECRET}"))
        }
        SecretRef::Env(name) if name == "SIGNING" => Ok(SIGNING.to_owned()),
        _ => Ok(SECRET.to_owned()),
    };
    Sender::new(channel, &resolve).expect("complete")
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn has_no_secret(text: &str, told: &str) {
    let base64 = STANDARD.encode(format!("AC1:{SECRET}"));
    for it in [SECRET, &SIGNING[6..], &base64] {
        assert!(!text.contains(it), "{told} shows {it}: {text}");
    }
}

#[tokio::test]
async fn no_outcome_no_debug_and_no_log_line_shows_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    let collector = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(collector);
    tracing::info!("the log is read");
    for status in [200, 202, 400, 429, 500] {
        let url = parrot(status).await;
        for (channel, medium, to) in channels(&url) {
            let sender = sender(&channel, &url);
            let mut outcomes = vec![sender.send(medium, &page(to), NOW).await];
            outcomes.extend(sender.close("a/1", &page(to), "over").await);
            let receipt = sender.receipt("a").await;
            let told = format!("{channel:?} at {status}");
            has_no_secret(&format!("{outcomes:?} {receipt:?}"), &told);
            has_no_secret(&format!("{sender:?}"), &told);
            let echoed = matches!(&outcomes[0], Outcome::Transient { detail } | Outcome::Permanent { detail } if detail.contains("(secret)"));
            // The test would prove nothing if providers did not repeat what they hear.
            let speaks = matches!(medium, Medium::Matrix | Medium::Ntfy) && status >= 400;
            assert!(echoed || !speaks, "{told}: {outcomes:?}");
        }
    }
    // Nobody listens there.
    for (channel, medium, to) in channels("http://127.0.0.1:1") {
        let outcome = sender(&channel, "http://127.0.0.1:1").send(medium, &page(to), NOW).await;
        has_no_secret(&format!("{outcome:?}"), &format!("{channel:?}"));
    }
    has_no_secret(&log.text(), "the log");
    assert!(log.text().contains("the log is read"));
}

#[tokio::test]
async fn a_mail_server_that_repeats_the_password_is_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.write_all(b"220 mail\r\n").await;
                let mut bytes = vec![0; 4_096];
                while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                    let heard = String::from_utf8_lossy(&bytes[..read]).trim().to_owned();
                    let answer = if heard.starts_with("EHLO") {
                        "250-mail\r\n250 AUTH PLAIN LOGIN\r\n".to_owned()
                    } else {
                        format!("535 wrong: {SECRET} in {heard}\r\n")
                    };
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    let mut channel = smtp(port);
    let Channel::Smtp { username, password, .. } = &mut channel else { unreachable!("it is one") };
    *username = Some("lamp".into());
    *password = Some(SecretRef::Env("KEY".into()));
    let sender = sender(&channel, "");
    has_no_secret(&format!("{sender:?}"), "Debug");
    let outcome = sender.send(Medium::Email, &page("ana@solar.example"), NOW).await;
    let told = format!("{outcome:?}");
    has_no_secret(&told, "the outcome");
    assert!(told.contains("(secret)"), "{told}");
    // AUTH PLAIN carries both in one base64.
    let pair = STANDARD.encode(format!("\0lamp\0{SECRET}"));
    assert!(!told.contains(&pair), "{told}");
}
