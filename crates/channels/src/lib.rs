//! Ways out to people: mail, SMS, calls, push, chat, webhooks. One module each.
//!
//! Intuition: postmen. Each knows one kind of road, carries a letter once, and comes back saying
//! whether it was taken, may be taken later, or never will be. When to try again is not theirs to
//! decide.
//!
//! Invariants:
//! - success is what the provider said in words, never the absence of an error;
//! - a letter carries the same key however often it is carried;
//! - nothing from an alert reaches a header, a URL or markup unescaped;
//! - no secret leaves a sender but to its provider: not in `Debug`, not in an outcome, not in a log.

mod call;
mod callbacks;
mod discord;
pub mod escape;
mod gateway;
pub mod gsm;
mod kannel;
mod mail;
mod matrix;
mod mattermost;
mod message;
mod ntfy;
mod press;
mod pushover;
mod secret;
pub mod secrets;
mod slack;
mod teams;
mod telegram;
mod text;
mod twilio;
pub mod webhook;

#[cfg(feature = "testing")]
pub mod fakes;
#[cfg(all(test, feature = "testing"))]
mod tests;

pub use callbacks::Callbacks;
pub use message::{Action, Evidence, Message, Outcome, Priority, SHORT_LENGTH_MAX};
pub use press::{PressAnswer, answer_press};
pub use text::{LINK_LENGTH_MAX, one_line, short, sms};
pub use twilio::SPOKEN_KEYS;

use egress::{Client, Policy};
use model::{Channel, Medium, Millis, SecretRef, Timestamp};
use secret::{Secret, Unspeakable};
use std::cell::RefCell;
use std::time::Duration;

/// How long one attempt may take.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of a provider's answer that are looked at.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// A configured way out, ready to send.
#[derive(Debug)]
pub struct Sender {
    kind: Kind,
    unspeakable: Unspeakable,
}

#[derive(Debug)]
enum Kind {
    Mail(mail::Mail),
    Twilio(twilio::Twilio),
    Voice(twilio::Voice),
    Gateway(gateway::Gateway),
    Kannel(kannel::Kannel),
    Ntfy(ntfy::Ntfy),
    Pushover(pushover::Pushover),
    SlackWebhook(slack::Webhook),
    Slack(slack::Bot),
    Mattermost(mattermost::Mattermost),
    Teams(teams::Teams),
    Discord(discord::Discord),
    Telegram(telegram::Telegram),
    Matrix(matrix::Matrix),
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
        let unspeakable = RefCell::new(Unspeakable::default());
        let watched = |reference: &SecretRef| {
            let value = resolve(reference)?;
            // What is written in the clear is no secret: a header such as `Accept`.
            if !matches!(reference, SecretRef::Plain(_)) {
                unspeakable.borrow_mut().add(&value);
            }
            Ok(value)
        };
        let kind = kind(channel, &watched)?;
        if let Channel::Twilio { account, token, .. }
        | Channel::TwilioVoice { account, token, .. } = channel
        {
            let pair = format!("{account}:{}", resolve(token)?);
            unspeakable.borrow_mut().add(&pair);
        }
        Ok(Self { kind, unspeakable: unspeakable.into_inner() })
    }

    /// Carries `message` once.
    pub async fn send(&self, medium: Medium, message: &Message, now: Timestamp) -> Outcome {
        let outcome = match (&self.kind, medium) {
            (Kind::Inbox, _) => Outcome::Sent { provider_id: "inbox".to_owned() },
            (Kind::Mail(it), Medium::Email) => it.send(message, now).await,
            (Kind::Twilio(it), Medium::Sms) => it.send(message).await,
            (Kind::Voice(it), Medium::Voice) => it.send(message).await,
            (Kind::Gateway(it), Medium::Sms) => it.send(message).await,
            (Kind::Kannel(it), Medium::Sms) => it.send(message).await,
            (Kind::Ntfy(it), Medium::Ntfy) => it.send(message).await,
            (Kind::Pushover(it), Medium::Pushover) => it.send(message).await,
            (Kind::SlackWebhook(it), Medium::Slack) => it.send(message).await,
            (Kind::Slack(it), Medium::Slack) => it.send(message).await,
            (Kind::Mattermost(it), Medium::Mattermost) => it.send(message).await,
            (Kind::Teams(it), Medium::Teams) => it.send(message).await,
            (Kind::Discord(it), Medium::Discord) => it.send(message).await,
            (Kind::Telegram(it), Medium::Telegram) => it.send(message).await,
            (Kind::Matrix(it), Medium::Matrix) => it.send(message).await,
            (Kind::Webhook(it), Medium::Webhook) => it.send(message, now).await,
            _ => {
                let detail = format!("this channel cannot carry a message by {}", medium.word());
                Outcome::Permanent { detail }
            }
        };
        self.unspeakable.clean_outcome(outcome)
    }

    /// Asks the provider what became of a letter it took under `provider_id`; `None`: this provider
    /// cannot be asked. `Err`: it could not be asked now, or never.
    pub async fn receipt(&self, provider_id: &str) -> Option<Result<Evidence, Outcome>> {
        let found = match &self.kind {
            Kind::Pushover(it) => it.receipt(provider_id).await,
            Kind::Twilio(it) => it.receipt(provider_id).await,
            Kind::Voice(it) => it.receipt(provider_id).await,
            _ => return None,
        };
        Some(found.map_err(|it| self.unspeakable.clean_outcome(it)))
    }

    /// Closes a letter that was taken under `provider_id`, now that what it is about has an `end`: stops
    /// what still rings, takes away buttons that do nothing any more. `None`: there is nothing to close
    /// on this road. May be repeated.
    pub async fn close(&self, provider_id: &str, message: &Message, end: &str) -> Option<Outcome> {
        let outcome = match &self.kind {
            Kind::Pushover(it) if message.priority == Priority::High => it.close(provider_id).await,
            Kind::Slack(it) => it.close(provider_id, message, end).await,
            Kind::Telegram(it) => it.close(provider_id, message).await,
            _ => return None,
        };
        Some(self.unspeakable.clean_outcome(outcome))
    }
}

fn kind(
    channel: &Channel,
    resolve: &dyn Fn(&SecretRef) -> Result<String, String>,
) -> Result<Kind, String> {
    let client = Client::new(Policy::Operator);
    let secret = |it: &SecretRef| resolve(it).map(Secret);
    Ok(match channel {
        Channel::Smtp { .. } => Kind::Mail(mail::Mail::new(channel, resolve)?),
        Channel::Twilio { url, account, token, from } => Kind::Twilio(twilio::Twilio {
            client,
            url: url.clone(),
            account: account.clone(),
            token: secret(token)?,
            from: from.clone(),
        }),
        Channel::TwilioVoice { url, account, token, from, language } => {
            Kind::Voice(twilio::Voice {
                line: twilio::Twilio {
                    client,
                    url: url.clone(),
                    account: account.clone(),
                    token: secret(token)?,
                    from: from.clone(),
                },
                language: language.clone(),
            })
        }
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
        Channel::Kannel { url, username, password, from, smsc } => Kind::Kannel(kannel::Kannel {
            client,
            url: url.clone(),
            username: username.clone(),
            password: secret(password)?,
            from: from.clone(),
            smsc: smsc.clone(),
        }),
        Channel::Ntfy { url, token } => Kind::Ntfy(ntfy::Ntfy {
            client,
            url: url.clone(),
            token: token.as_ref().map(secret).transpose()?,
        }),
        Channel::Pushover { url, token, retry, expire, room } => {
            Kind::Pushover(pushover::Pushover {
                client,
                url: url.clone(),
                token: secret(token)?,
                retry: *retry,
                expire: *expire,
                room: room.clone(),
            })
        }
        Channel::Webhook { url, secret } => {
            Kind::Webhook(webhook::Webhook::new(client, url, &resolve(secret)?)?)
        }
        Channel::Inbox => Kind::Inbox,
        Channel::SlackWebhook { .. }
        | Channel::Slack { .. }
        | Channel::Mattermost { .. }
        | Channel::Teams { .. }
        | Channel::Discord { .. }
        | Channel::Telegram { .. }
        | Channel::Matrix { .. } => chat(channel, client, resolve)?,
    })
}

fn chat(
    channel: &Channel,
    client: Client,
    resolve: &dyn Fn(&SecretRef) -> Result<String, String>,
) -> Result<Kind, String> {
    let secret = |it: &SecretRef| resolve(it).map(Secret);
    Ok(match channel {
        Channel::SlackWebhook { webhook } => {
            Kind::SlackWebhook(slack::Webhook { client, url: secret(webhook)? })
        }
        Channel::Slack { url, token, room, signing_secret } => Kind::Slack(slack::Bot {
            client,
            url: url.clone(),
            token: secret(token)?,
            room: room.clone(),
            buttons: signing_secret.as_ref().map(secret).transpose()?.is_some(),
        }),
        Channel::Mattermost { webhook, room } => Kind::Mattermost(mattermost::Mattermost {
            client,
            url: secret(webhook)?,
            room: room.clone(),
        }),
        Channel::Teams { webhook } => Kind::Teams(teams::Teams { client, url: secret(webhook)? }),
        Channel::Discord { webhook } => {
            Kind::Discord(discord::Discord { client, url: secret(webhook)? })
        }
        Channel::Telegram { url, token, room, webhook_secret } => {
            Kind::Telegram(telegram::Telegram {
                client,
                url: url.clone(),
                token: secret(token)?,
                room: room.clone(),
                buttons: webhook_secret.as_ref().map(secret).transpose()?.is_some(),
            })
        }
        Channel::Matrix { url, token, room } => Kind::Matrix(matrix::Matrix {
            client,
            url: url.clone(),
            token: secret(token)?,
            room: room.clone(),
        }),
        other => unreachable!("no chat: {other:?}"),
    })
}

/// Where a letter goes that may be for a person or for the channel's own room.
pub(crate) fn place<'a>(message: &'a Message, room: Option<&'a str>) -> Result<&'a str, Outcome> {
    let to = Some(message.to.as_str()).filter(|it| !it.is_empty());
    let nowhere = "neither a person's address nor a `room` of the channel is known".to_owned();
    to.or(room).ok_or(Outcome::Permanent { detail: nowhere })
}

/// What an HTTP status means where the provider says nothing more exact.
pub(crate) fn failed(answer: &egress::Response) -> Outcome {
    let status = answer.status;
    let said: String = one_line(&String::from_utf8_lossy(&answer.body)).chars().take(200).collect();
    let detail = format!("the provider answered {status} {said}").trim_end().to_owned();
    match status {
        408 | 425 | 429 | 500.. => {
            Outcome::Transient { detail, after: answer.retry_after_secs.and_then(rest) }
        }
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
        _ => Outcome::Transient { detail, after: None },
    }
}

/// So many seconds of rest; what is longer than a day is no rest but a mistake.
pub(crate) fn rest(secs: u64) -> Option<Millis> {
    i64::try_from(secs).ok().filter(|it| *it <= 86_400).map(Millis::from_secs)
}
