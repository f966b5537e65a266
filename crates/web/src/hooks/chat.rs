//! Mattermost's buttons, and Telegram's buttons and messages. Both are answered in the request itself.

use super::desk::{self, Heard};
use super::receipts::returned;
use super::slack::pressed;
use super::{closed, is_one_of, people_at, turned_away, way};
use crate::Context;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use model::{Channel, Medium, PersonId};
use serde_json::{Value, json};

/// Characters of an answer that Telegram shows beside a button.
const TOAST_CHARS_MAX: usize = 200;

/// A button of a Mattermost message. Its address is of one notice, and ends in our code.
pub(crate) async fn mattermost(
    State(context): State<Context>,
    Path((channel, notice, code)): Path<(String, String, String)>,
    body: Bytes,
) -> Response {
    let Some(way) = way(&context, &channel) else { return closed() };
    let Some(notice) = returned(&context, &way.id, &notice, &code) else {
        return turned_away(&way.id);
    };
    let told = |text: &str| Json(json!({ "ephemeral_text": text })).into_response();
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    let names = [said["user_name"].as_str(), said["user_id"].as_str()];
    let is = |it: &str| names.contains(&Some(it.trim_start_matches('@')));
    let people = people_at(&context.handle.state(), Medium::Mattermost, is);
    let Some(person) = people.into_iter().next() else {
        return told(
            "You are nobody here yet: your name must stand as `mattermost` with you in the \
                     configuration.",
        );
    };
    let word = said["context"]["action"].as_str().unwrap_or("");
    let Some(said) = pressed(&context, word, &notice.to_string()) else {
        return told("This button is not understood.");
    };
    // Pressed twice it says who has it: no key is needed.
    let asked = Heard { person: &person, media: &[], via: "mattermost", key: None, said };
    told(&desk::carry_out(&context, asked).await.text)
}

/// An update of Telegram's: a button of ours, or a message to the bot. It shows the secret it was given
/// with `setWebhook`.
pub(crate) async fn telegram(
    State(context): State<Context>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(way) = way(&context, &channel) else { return closed() };
    let Channel::Telegram { webhook_secret: Some(secret), .. } = &way.channel else {
        return closed();
    };
    let given = headers.get("x-telegram-bot-api-secret-token").and_then(|it| it.to_str().ok());
    let good = context.hooks.good(Some(secret), way.back.as_ref());
    if !is_one_of(&good, given.unwrap_or("")) {
        return turned_away(&way.id);
    }
    let update: Value = serde_json::from_slice(&body).unwrap_or_default();
    let key = update["update_id"].as_i64().map(|it| format!("hook/{}/{it}", way.id));
    let (button, message) = (&update["callback_query"], &update["message"]);
    let from = if button.is_null() { &message["from"] } else { &button["from"] };
    let Some(person) = writer(&context, from) else {
        tracing::info!(channel = %way.id, "a message of somebody unknown was not answered");
        return StatusCode::OK.into_response();
    };
    if button.is_null() {
        let Some(text) = message["text"].as_str() else { return StatusCode::OK.into_response() };
        // `/ack 12` and `/who@our_bot` are how Telegram writes commands.
        let text = text.strip_prefix('/').map_or(text.to_owned(), |it| {
            let (word, rest) = it.split_once(char::is_whitespace).unwrap_or((it, ""));
            format!("{} {rest}", word.split('@').next().unwrap_or(word))
        });
        let said = replies::parse(&text);
        let asked = Heard { person: &person, media: &[], via: "telegram", key, said };
        let text = desk::carry_out(&context, asked).await.text;
        if !context.hooks.may_answer(&person, context.clock.now()) {
            return StatusCode::OK.into_response();
        }
        let chat = &message["chat"]["id"];
        return Json(json!({ "method": "sendMessage", "chat_id": chat, "text": text }))
            .into_response();
    }
    let data = button["data"].as_str().unwrap_or("");
    let (word, about) = data.split_once(' ').unwrap_or((data, ""));
    let text = match pressed(&context, word, about) {
        Some(said) => {
            let asked = Heard { person: &person, media: &[], via: "telegram", key, said };
            desk::carry_out(&context, asked).await.text
        }
        None => "This button is not understood.".to_owned(),
    };
    let text: String = text.chars().take(TOAST_CHARS_MAX).collect();
    let answer = json!({
        "method": "answerCallbackQuery", "callback_query_id": button["id"], "text": text,
        "show_alert": true,
    });
    Json(answer).into_response()
}

/// Whoever wrote: the address is the number of their private chat, or their name with an `@`.
fn writer(context: &Context, from: &Value) -> Option<PersonId> {
    let number = from["id"].as_i64().map(|it| it.to_string());
    let name = from["username"].as_str().map(|it| format!("@{it}"));
    let is = |it: &str| {
        number.as_deref() == Some(it)
            || name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(it))
    };
    people_at(&context.handle.state(), Medium::Telegram, is).into_iter().next()
}
