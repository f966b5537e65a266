//! What comes back: replies of people, buttons, keys of a telephone, and what providers say of messages.
//!
//! Intuition: a doorkeeper who asks everybody for a sign that only the provider can give, then for the
//! name of whoever speaks, and hands what they said to the operator ([`desk`]). Whoever shows no sign gets
//! no word about anything; whoever shows one and is nobody we know gets no answer.
//!
//! Invariants:
//! - nothing is done before the signature, token or secret of the channel was checked, in a time that does
//!   not depend on how wrong it is;
//! - what is done goes the same way as from a view: one command, `via` naming the channel;
//! - a provider that delivers twice changes nothing the second time;
//! - no address, no text and no secret reaches a log line.

mod answers;
mod chat;
mod ci;
mod desk;
mod letters;
mod mail;
mod receipts;
mod slack;
mod sms;
mod twilio;
mod xml;

#[cfg(test)]
pub(crate) mod tests;

pub use mail::heard_mail;

use crate::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use desk::Heard;
use engine::{Command, State};
use model::{Channel, ChannelId, Medium, Millis, PersonId, ReplyWay, SecretRef, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Bytes of a request; what providers send is far below.
const BODY_BYTES_MAX: usize = 256 * 1_024;

/// Answers to one person within [`ANSWERS_WITHIN`]: two machines never talk to each other all night.
pub(crate) const ANSWERS_MAX: usize = 30;

/// See [`ANSWERS_MAX`].
pub(crate) const ANSWERS_WITHIN: Millis = Millis::from_hours(1);

/// Looks up what a reference to a secret means.
type Secrets = dyn Fn(&SecretRef) -> Result<String, String> + Send + Sync;

/// What hooks need besides the context.
pub struct Hooks {
    secrets: Box<Secrets>,
    answered: Mutex<BTreeMap<PersonId, VecDeque<Timestamp>>>,
    letters: letters::Desk,
}

impl Hooks {
    /// Hooks that look secrets up by `secrets`.
    #[must_use]
    pub fn new(
        secrets: impl Fn(&SecretRef) -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            secrets: Box::new(secrets),
            answered: Mutex::default(),
            letters: letters::Desk::default(),
        }
    }

    /// Whether this person may be answered once more, which is counted.
    fn may_answer(&self, person: &PersonId, now: Timestamp) -> bool {
        let mut all = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.entry(person.clone()).or_default();
        times.retain(|it| now.since(*it) < ANSWERS_WITHIN);
        if times.len() >= ANSWERS_MAX {
            tracing::warn!("somebody is not answered any more for an hour: too many messages");
            return false;
        }
        times.push_back(now);
        true
    }

    /// The secrets that are good for a channel: the present one and the one before.
    fn good(&self, present: Option<&SecretRef>, way: Option<&ReplyWay>) -> Vec<String> {
        let former = way.and_then(|it| it.former_secret.as_ref());
        let both = present.into_iter().chain(former);
        let found = both.filter_map(|it| match (self.secrets)(it) {
            Ok(secret) if !secret.is_empty() => Some(secret),
            Ok(_) => None,
            Err(missing) => {
                tracing::error!("a hook cannot check who calls it: {missing}");
                None
            }
        });
        found.collect()
    }
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks")
    }
}

/// Every hook. Each checks by itself who calls.
pub(crate) fn routes() -> Router<Context> {
    Router::new()
        .route("/hooks/twilio/{channel}/sms", post(twilio::sms))
        .route("/hooks/ci/{provider}/{slo}", post(ci::checked))
        .route("/hooks/kannel/{channel}", get(sms::kannel))
        .route("/hooks/sms/{channel}", post(sms::gateway).get(sms::gateway))
        .route("/hooks/mail/{channel}/{provider}", post(letters::posted))
        .route("/hooks/slack/{channel}", post(slack::action))
        .route("/hooks/slack/{channel}/command", post(slack::command))
        .route("/hooks/telegram/{channel}", post(chat::telegram))
        .route("/callbacks/{channel}/twilio-sms/{notice}/{code}", post(twilio::status))
        .route("/callbacks/{channel}/twilio-call/{notice}/{code}", post(twilio::call))
        .route("/callbacks/{channel}/twilio-keys/{notice}/{code}", post(twilio::digits))
        .route("/callbacks/{channel}/kannel/{notice}/{code}", get(sms::kannel_receipt))
        .route("/callbacks/{channel}/mattermost/{notice}/{code}", post(chat::mattermost))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// A channel that is configured, with what is said of its way back.
struct Way {
    id: ChannelId,
    channel: Channel,
    back: Option<ReplyWay>,
}

fn way(context: &Context, id: &str) -> Option<Way> {
    let id = ChannelId::new(id).ok()?;
    let state = context.handle.state();
    let catalogue = state.catalogue()?;
    let channel = catalogue.channels.get(&id)?.clone();
    let back = catalogue.back.replies.get(&id).cloned();
    Some(Way { id, channel, back })
}

/// Why a request goes no further.
enum Refused {
    /// Nothing of the kind is configured.
    Closed,
    /// The signature or secret of this channel is not right.
    TurnedAway(ChannelId),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Closed => closed(),
            Self::TurnedAway(channel) => turned_away(&channel),
        }
    }
}

/// Nothing that is configured.
fn closed() -> Response {
    (StatusCode::NOT_FOUND, "this way back is not configured\n").into_response()
}

/// Somebody who cannot show that they are the provider.
fn turned_away(channel: &ChannelId) -> Response {
    tracing::warn!(%channel, "a hook was called without the right signature or secret");
    (StatusCode::FORBIDDEN, "the signature or secret is not right\n").into_response()
}

/// Whether `given` is one of the good secrets. Both sides are hashed, so that the time of the comparison
/// tells nothing.
fn is_one_of(good: &[String], given: &str) -> bool {
    let given = crate::hash_token(given);
    good.iter().fold(false, |found, it| found | (crate::hash_token(it) == given))
}

/// Who wrote, what, and how it came.
struct Written<'a> {
    channel: &'a ChannelId,
    medium: Medium,
    /// By which media pages must have gone to them; empty in a chat.
    media: &'a [Medium],
    via: &'a str,
    people: Vec<PersonId>,
    text: &'a str,
    /// What the provider calls it.
    id: &'a str,
}

/// What is to be said to whom.
struct Answer {
    person: PersonId,
    text: String,
}

/// Understands a message and carries it out. `None`: nobody we know, or answered too often.
async fn heard(context: &Context, written: Written<'_>) -> Option<Answer> {
    let Written { channel, medium, media, via, people, text, id } = written;
    let Some(person) = whose(&context.handle.state(), people, media) else {
        tracing::info!(%channel, ?medium, "a message of somebody unknown was not answered");
        return None;
    };
    let key = (!id.is_empty()).then(|| format!("hook/{channel}/{id}"));
    let said = replies::parse(text);
    let told = desk::carry_out(context, Heard { person: &person, media, via, key, said }).await;
    let text = replies::one_segment(&told.text);
    context.hooks.may_answer(&person, context.clock.now()).then_some(Answer { person, text })
}

/// Of several people behind one address the one who was told of something open.
fn whose(state: &State, people: Vec<PersonId>, media: &[Medium]) -> Option<PersonId> {
    let told = people.iter().position(|it| state.pages_told(it, media).next().is_some());
    people.into_iter().nth(told.unwrap_or(0))
}

/// Sends an answer as a message of its own.
async fn send_answer(
    context: &Context,
    channel: &ChannelId,
    medium: Medium,
    answer: Answer,
    id: &str,
) {
    let Answer { person, text } = answer;
    let key = (!id.is_empty()).then(|| format!("hook/{channel}/{id}/answer"));
    let to = person.clone();
    let command = Command::Answer { to, medium, channel: channel.clone(), text };
    if let Err(error) = desk::submit(context, &person, key, command).await {
        tracing::warn!(%channel, "a message was not answered: {error}");
    }
}

/// The people whose address of `medium` satisfies `is`.
fn people_at(state: &State, medium: Medium, is: impl Fn(&str) -> bool) -> Vec<PersonId> {
    let people = state.catalogue().map(|it| &it.people);
    let has = |person: &model::Person| {
        let of_medium = person.contacts.iter().filter(|it| it.medium == medium);
        of_medium.filter_map(|it| it.address.text()).any(&is)
    };
    people.into_iter().flatten().filter(|(_, it)| has(it)).map(|(id, _)| id.clone()).collect()
}

/// The people with this telephone number, in whatever form a network writes it.
fn people_with_number(state: &State, number: &str) -> Vec<PersonId> {
    let given = digits(number);
    if given.len() < 5 {
        return vec![];
    }
    let mut people = people_at(state, Medium::Sms, |it| digits(it) == given);
    // Whoever is only called may write back from the same telephone.
    for person in people_at(state, Medium::Voice, |it| digits(it) == given) {
        if !people.contains(&person) {
            people.push(person);
        }
    }
    people
}

/// A number without its sign: `+254 700 000001`, `00254700000001` and `254700000001` are one.
fn digits(number: &str) -> String {
    let all: String = number.chars().filter(char::is_ascii_digit).collect();
    let international = all.strip_prefix("00").filter(|_| !number.trim_start().starts_with('+'));
    international.map_or(all.clone(), str::to_owned)
}
