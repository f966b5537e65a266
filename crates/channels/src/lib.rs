//! Ways out to people: mail, SMS, push, webhooks. One module each.
//!
//! Intuition: postmen. Each knows one kind of road, carries a letter once, and comes back saying
//! whether it was taken, may be taken later, or never will be. When to try again is not theirs to
//! decide.
//!
//! Invariants:
//! - success is what the provider said in words, never the absence of an error;
//! - a letter carries the same key however often it is carried;
//! - nothing from an alert reaches a header, a URL or markup unescaped.

mod gateway;
mod mail;
mod ntfy;
pub mod secrets;
mod text;
mod twilio;
pub mod webhook;

#[cfg(feature = "testing")]
pub mod fakes;
#[cfg(all(test, feature = "testing"))]
mod tests;

pub use text::{one_line, short};

use egress::{Client, Policy};
use model::{Channel, Medium, SecretRef, Timestamp};
use std::time::Duration;

/// How long one attempt may take.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of a provider's answer that are looked at.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// A letter.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The same for every attempt; providers that can, drop a key they have seen.
    pub key: String,
    /// E-mail address, telephone number, or ntfy topic; unused for webhooks.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Everything, as plain text.
    pub text: String,
    /// For a telephone: at most [`SHORT_LENGTH_MAX`] characters before the link.
    pub short: String,
    /// Where the reader can take the page.
    pub ack_url: Option<String>,
    /// Whether it should wake somebody.
    pub priority: Priority,
    /// For machines.
    pub data: serde_json::Value,
}

/// Characters of [`Message::short`]: two text messages.
pub const SHORT_LENGTH_MAX: usize = 300;

/// Whether a letter should wake somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// It should.
    High,
    /// It can wait.
    Normal,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took it.
    Sent {
        /// The provider's id for it; empty where it gave none.
        provider_id: String,
    },
    /// It may be taken later.
    Transient {
        /// Why not now.
        detail: String,
    },
    /// It never will be.
    Permanent {
        /// Why.
        detail: String,
    },
}

/// A configured way out, ready to send.
#[derive(Debug)]
pub struct Sender {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Mail(mail::Mail),
    Twilio(twilio::Twilio),
    Gateway(gateway::Gateway),
    Ntfy(ntfy::Ntfy),
    Webhook(webhook::Webhook),
    /// The demo reads its inbox from the journal: a letter is delivered by being decided.
    Inbox,
}

impl Sender {
    /// Prepares `channel`, with its secrets from `resolve`. On `Err`: what is missing, and where.
    pub fn new(
        channel: &Channel,
        resolve: &dyn Fn(&SecretRef) -> Result<String, String>,
    ) -> Result<Self, String> {
        let client = Client::new(Policy::Operator);
        let kind = match channel {
            Channel::Smtp { .. } => Kind::Mail(mail::Mail::new(channel, resolve)?),
            Channel::Twilio { url, account, token, from } => Kind::Twilio(twilio::Twilio {
                client,
                url: url.clone(),
                account: account.clone(),
                token: resolve(token)?,
                from: from.clone(),
            }),
            Channel::HttpSms { url, method, body, headers } => {
                let headers = headers
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), resolve(value)?)))
                    .collect::<Result<_, String>>()?;
                Kind::Gateway(gateway::Gateway {
                    client,
                    url: url.clone(),
                    posts: method.eq_ignore_ascii_case("post"),
                    body: body.clone(),
                    headers,
                })
            }
            Channel::Ntfy { url, token } => Kind::Ntfy(ntfy::Ntfy {
                client,
                url: url.clone(),
                token: token.as_ref().map(resolve).transpose()?,
            }),
            Channel::Webhook { url, secret } => {
                Kind::Webhook(webhook::Webhook::new(client, url, &resolve(secret)?)?)
            }
            Channel::Inbox => Kind::Inbox,
            _ => return Err("this version cannot carry it yet".to_owned()),
        };
        Ok(Self { kind })
    }

    /// Carries `message` once.
    pub async fn send(&self, medium: Medium, message: &Message, now: Timestamp) -> Outcome {
        match (&self.kind, medium) {
            (Kind::Inbox, _) => Outcome::Sent { provider_id: "inbox".to_owned() },
            (Kind::Mail(it), Medium::Email) => it.send(message, now).await,
            (Kind::Twilio(it), Medium::Sms) => it.send(message).await,
            (Kind::Gateway(it), Medium::Sms) => it.send(message).await,
            (Kind::Ntfy(it), Medium::Ntfy) => it.send(message).await,
            (Kind::Webhook(it), Medium::Webhook) => it.send(message, now).await,
            _ => Outcome::Permanent { detail: format!("this channel cannot carry {medium:?}") },
        }
    }
}

/// What an HTTP status means where the provider says nothing more exact.
pub(crate) fn failed(status: u16, body: &[u8]) -> Outcome {
    let said: String = one_line(&String::from_utf8_lossy(body)).chars().take(200).collect();
    let detail = format!("the provider answered {status} {said}").trim_end().to_owned();
    match status {
        408 | 425 | 429 | 500.. => Outcome::Transient { detail },
        _ => Outcome::Permanent { detail },
    }
}

/// What a failure to reach a provider means. An address the guard refuses stays refused.
pub(crate) fn unreached(error: &egress::Error) -> Outcome {
    let detail = error.to_string();
    match error {
        egress::Error::Address(_) | egress::Error::Forbidden { .. } => {
            Outcome::Permanent { detail }
        }
        _ => Outcome::Transient { detail },
    }
}
