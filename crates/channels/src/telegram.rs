//! Telegram, through a bot (`sendMessage`).
//!
//! Telegram wraps its refusals: `"ok": false`, with `parameters.retry_after` where it wants to be left
//! alone. The token stands in the path, so no error may repeat an address.
//!
//! A button's `callback_data` is the act and the key of the notice, e.g. `acknowledge no_7`, which is
//! well below the 64 bytes it may have.

use crate::call::{self, Answer};
use crate::escape::{html, printable, safe_within};
use crate::secret::Secret;
use crate::{Message, Outcome, one_line, place};
use egress::{Client, Method};
use serde_json::{Value, json};

#[derive(Debug)]
pub(crate) struct Telegram {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) token: Secret,
    pub(crate) room: Option<String>,
    /// Whether what Telegram sends to us can be checked; else buttons would do nothing.
    pub(crate) buttons: bool,
}

/// Characters of a message, counted after entities are read; counting before errs on the safe side.
const LENGTH_MAX: usize = 4_096;

impl Telegram {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let chat = match place(message, self.room.as_deref()) {
            Ok(chat) => chat,
            Err(outcome) => return outcome,
        };
        let subject = safe_within(&one_line(&printable(&message.subject)), 500, html);
        let left = LENGTH_MAX - subject.chars().count() - 10;
        let mut body = json!({
            "chat_id": chat,
            "text": format!("<b>{subject}</b>\n{}", safe_within(&message.text, left, html)),
            "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
        });
        let keyboard = self.keyboard(message);
        if !keyboard.is_empty() {
            body["reply_markup"] = json!({ "inline_keyboard": [keyboard] });
        }
        match self.call("sendMessage", &body).await {
            Err(outcome) => outcome,
            Ok(it) => {
                let id = it.json["result"]["message_id"].as_i64().unwrap_or_default();
                Outcome::Sent { provider_id: id.to_string() }
            }
        }
    }

    /// Takes the buttons away.
    pub(crate) async fn close(&self, provider_id: &str, message: &Message) -> Outcome {
        let (chat, id) = match (place(message, self.room.as_deref()), provider_id.parse::<i64>()) {
            (Ok(chat), Ok(id)) => (chat, id),
            (Err(outcome), _) => return outcome,
            (_, Err(_)) => {
                return Outcome::Permanent { detail: "no message of Telegram's".to_owned() };
            }
        };
        let body = json!({
            "chat_id": chat,
            "message_id": id,
            "reply_markup": { "inline_keyboard": [] },
        });
        match self.call("editMessageReplyMarkup", &body).await {
            Err(outcome) => outcome,
            Ok(_) => Outcome::Sent { provider_id: provider_id.to_owned() },
        }
    }

    fn keyboard(&self, message: &Message) -> Vec<Value> {
        let mut keys = vec![];
        if self.buttons {
            for it in &message.actions {
                let data = format!("{} {}", it.word(), message.key);
                keys.push(json!({ "text": it.label(), "callback_data": data }));
            }
        } else if let Some(url) = message.ack_url.as_ref().filter(|it| is_public_link(it)) {
            keys.push(json!({ "text": "Take it", "url": url }));
        }
        if let Some(url) = message.url.as_ref().filter(|it| is_public_link(it)) {
            keys.push(json!({ "text": "Everything about it", "url": url }));
        }
        keys
    }

    async fn call(&self, method: &str, body: &Value) -> Result<Answer, Outcome> {
        let url = format!("{}/bot{}/{method}", self.url.trim_end_matches('/'), self.token.0);
        let answer = call::json(&self.client, Method::POST, &url, None, body).await?;
        if answer.is_success() && answer.json["ok"] == json!(true) {
            return Ok(answer);
        }
        let said = answer.json["description"].as_str().unwrap_or_default().to_owned();
        let answer = {
            let wait = answer.json["parameters"]["retry_after"].as_f64();
            answer.resting(wait)
        };
        if answer.is_success() {
            let said = if said.is_empty() { "an answer that is not Telegram's" } else { &said };
            let code = answer.json["error_code"].as_u64();
            return Err(answer.refused(said, matches!(code, Some(429 | 500..))));
        }
        Err(answer.failed(&said))
    }
}

/// Telegram refuses a whole message because of a button whose link has no dot in its host.
fn is_public_link(url: &str) -> bool {
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split(['/', '?', '#', ':']).next().unwrap_or("");
    host.contains('.')
}
