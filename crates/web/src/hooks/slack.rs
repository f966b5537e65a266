//! Slack: buttons of our messages, and the slash command `/lamplighter`.
//!
//! Slack signs every request: `X-Slack-Signature` is `v0=` and the hex HMAC-SHA256 of
//! `v0:timestamp:body` under the signing secret; a timestamp more than five minutes away is refused.
//! Slack wants an answer within three seconds, and gets it as soon as the command is durable. What became of a
//! press stands where it was pressed: Slack names an address for that (`response_url`).

use super::desk::{self, Heard};
use super::{Answer, Refused, Way, people_at, send_answer, way};
use crate::Context;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use channels::{PressAnswer, answer_press};
use engine::Purpose;
use model::{Channel, Medium, Millis, NoticeId, PersonId, Timestamp};
use replies::{About, Act, Said};
use ring::hmac;
use serde_json::{Value, json};

/// How old or how far ahead a request may be.
const AGE_MAX: Millis = Millis::from_mins(5);

const NOBODY: &str = "You are nobody here yet: your Slack member id must stand as `slack` with you in the \
                      configuration. Nothing was done.";

const ABOUT_NOTHING: &str = "This button is about nothing that is open. Nothing was done.";

/// A button was pressed.
pub(crate) async fn action(
    State(context): State<Context>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let way = match verified(&context, &channel, &headers, &body) {
        Ok(way) => way,
        Err(refused) => return refused.into_response(),
    };
    let payload = form_urlencoded::parse(&body).find(|(name, _)| name == "payload");
    let payload =
        payload.map_or(Value::Null, |(_, it)| serde_json::from_str(&it).unwrap_or_default());
    let user = payload["user"]["id"].as_str().unwrap_or("");
    let mut answer =
        Pressed { person: None, text: NOBODY.to_owned(), stands: None, id: String::new() };
    let Some(person) = person(&context, user) else {
        tracing::info!(channel = %way.id, "a button was pressed by somebody unknown");
        answered(&context, way, &payload, answer).await;
        return StatusCode::OK.into_response();
    };
    answer.person = Some(person.clone());
    if let Some(action) = payload["actions"].as_array().and_then(|it| it.first()) {
        let word = action["action_id"].as_str().unwrap_or("");
        let value = action["value"].as_str().unwrap_or("");
        let Some(said) = pressed(&context, word, value) else {
            // A button that is only a link has no word of ours.
            if !value.is_empty() && replies::parse(word).act != Act::Unclear {
                ABOUT_NOTHING.clone_into(&mut answer.text);
                answered(&context, way, &payload, answer).await;
            }
            return StatusCode::OK.into_response();
        };
        let stamp = action["action_ts"].as_str().unwrap_or("");
        let id = if stamp.is_empty() { String::new() } else { format!("{user}/{stamp}") };
        let key = (!id.is_empty()).then(|| format!("hook/{}/{id}", way.id));
        let act = said.act.clone();
        let asked = Heard { person: &person, media: &[], via: "slack", key, said };
        let told = desk::carry_out(&context, asked).await;
        answer.stands = told.done.then(|| stands(&context, &person, &act)).flatten();
        (answer.text, answer.id) = (told.text, id);
        if context.hooks.may_answer(&person, context.clock.now()) {
            answered(&context, way, &payload, answer).await;
        }
    }
    StatusCode::OK.into_response()
}

/// What a press came to.
struct Pressed {
    /// Whom a message of its own can tell, where Slack's address for answers cannot be used.
    person: Option<PersonId>,
    text: String,
    /// How the message stands now, and the buttons that still do something.
    stands: Option<(String, &'static [&'static str])>,
    id: String,
}

/// How a message stands after `act`, in the eyes of everybody who sees it.
fn stands(
    context: &Context,
    person: &PersonId,
    act: &Act,
) -> Option<(String, &'static [&'static str])> {
    let state = context.handle.state();
    let name = state.catalogue()?.name_of(person);
    match act {
        Act::Acknowledge | Act::TakeOver => {
            Some((format!("{name} has it."), &["escalate", "resolve"]))
        }
        Act::Escalate => {
            let told = format!("{name} called the next step.");
            Some((told, &["acknowledge", "escalate", "resolve"]))
        }
        Act::Resolve => Some((format!("{name} said that it is over."), &[])),
        _ => None,
    }
}

/// Says what a press came to: where it was pressed, by the address that Slack named for that, and in a message
/// of its own where there is none or it does not work. Slack waits three seconds for us, so nothing waits for
/// Slack here.
async fn answered(context: &Context, way: Way, payload: &Value, it: Pressed) {
    let response_url = payload["response_url"].as_str().unwrap_or("").to_owned();
    if response_url.is_empty() {
        return by_message(context, &way, it).await;
    }
    let (context, message) = (context.clone(), payload["message"].clone());
    tokio::spawn(async move {
        let Channel::Slack { url, .. } = &way.channel else { return };
        if let (Some((stands, keep)), true) = (&it.stands, message["blocks"].is_array()) {
            let text = message["text"].as_str().unwrap_or("");
            let anew = PressAnswer::Anew { text, blocks: &message["blocks"], stands, keep };
            if let Err(error) = answer_press(url, &response_url, anew).await {
                tracing::warn!(channel = %way.id, "a message was not written anew: {error}");
            }
        }
        if let Err(error) = answer_press(url, &response_url, PressAnswer::Aside(&it.text)).await {
            tracing::warn!(channel = %way.id, "a press was answered by a message instead: {error}");
            by_message(&context, &way, it).await;
        }
    });
}

async fn by_message(context: &Context, way: &Way, it: Pressed) {
    let Pressed { person: Some(person), text, id, .. } = it else { return };
    send_answer(context, &way.id, Medium::Slack, Answer { person, text }, &id).await;
}

/// `/lamplighter who`, `/lamplighter ack 12`, …
pub(crate) async fn command(
    State(context): State<Context>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let way = match verified(&context, &channel, &headers, &body) {
        Ok(way) => way,
        Err(refused) => return refused.into_response(),
    };
    let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let value = |name: &str| {
        fields.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value.as_str())
    };
    let text = match person(&context, value("user_id")) {
        None => NOBODY.to_owned(),
        Some(person) => {
            let text = if value("text").trim().is_empty() { "help" } else { value("text") };
            let said = replies::parse(text);
            let trigger = value("trigger_id");
            let key = (!trigger.is_empty()).then(|| format!("hook/{}/{trigger}", way.id));
            let asked = Heard { person: &person, media: &[], via: "slack", key, said };
            desk::carry_out(&context, asked).await.text
        }
    };
    Json(json!({ "response_type": "ephemeral", "text": escaped(&text) })).into_response()
}

/// What pressing a button says: the act by its name or any word that is understood, of a page or of the
/// notice that had the button.
pub(crate) fn pressed(context: &Context, word: &str, value: &str) -> Option<Said> {
    let said = replies::parse(word);
    if said.act == Act::Unclear {
        return None;
    }
    let of_notice = |id: NoticeId| {
        let state = context.handle.state();
        match state.notices.get(&id)?.purpose {
            Purpose::Page { page, .. } => Some(About::Page(page)),
            _ => None,
        }
    };
    let about = match NoticeId::parse(value) {
        Some(id) => of_notice(id)?,
        None => replies::parse(&format!("ack {value}")).about,
    };
    // A button is about one thing: one that does not say about which asks for nothing.
    (about != About::Unsaid).then_some(Said { act: said.act, about })
}

fn person(context: &Context, user: &str) -> Option<PersonId> {
    if user.is_empty() {
        return None;
    }
    people_at(&context.handle.state(), Medium::Slack, |it| it == user).into_iter().next()
}

/// Slack's own three characters.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The channel, once the signature was found right.
fn verified(
    context: &Context,
    channel: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Way, Refused> {
    let way = way(context, channel).ok_or(Refused::Closed)?;
    let Channel::Slack { signing_secret: Some(secret), .. } = &way.channel else {
        return Err(Refused::Closed);
    };
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or("");
    let (stamp, given) = (text("x-slack-request-timestamp"), text("x-slack-signature"));
    let secrets = context.hooks.good(Some(secret), way.back.as_ref());
    if is_signed(&secrets, stamp, body, given, context.clock.now()) {
        Ok(way)
    } else {
        Err(Refused::TurnedAway(way.id))
    }
}

/// Whether one of the secrets made this signature, not long ago.
pub(crate) fn is_signed(
    secrets: &[String],
    stamp: &str,
    body: &[u8],
    given: &str,
    now: Timestamp,
) -> bool {
    let Ok(seconds) = stamp.parse::<i64>() else { return false };
    let age = now.0.saturating_sub(seconds.saturating_mul(1_000)).saturating_abs();
    let Some(tag) = given.strip_prefix("v0=").and_then(from_hex) else { return false };
    let mut signed = format!("v0:{stamp}:").into_bytes();
    signed.extend_from_slice(body);
    let right = secrets.iter().fold(false, |found, secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        found | hmac::verify(&key, &signed, &tag).is_ok()
    });
    right && age <= AGE_MAX.0
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}
