//! Mattermost, through an incoming webhook.
//!
//! Buttons call us back at an address that only this notice has, since Mattermost signs nothing: its
//! `integration.context` holds the name of the act and the key of the notice.

use crate::call;
use crate::escape::{markdown, printable, safe_within};
use crate::secret::Secret;
use crate::{Message, Outcome, Priority, one_line};
use egress::{Client, Method};
use serde_json::{Value, json};
use std::fmt::Write as _;

#[derive(Debug)]
pub(crate) struct Mattermost {
    pub(crate) client: Client,
    pub(crate) url: Secret,
    pub(crate) room: Option<String>,
}

/// Characters of a post that Mattermost takes without dividing it, from its documentation.
const LENGTH_MAX: usize = 16_383;

impl Mattermost {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let mut body = letter(message);
        if !message.to.is_empty() {
            body["channel"] = json!(format!("@{}", message.to.trim_start_matches('@')));
        } else if let Some(room) = &self.room {
            body["channel"] = json!(room);
        }
        match call::json(&self.client, Method::POST, &self.url.0, None, &body).await {
            Err(outcome) => outcome,
            Ok(it) if it.status == 200 && it.text == "ok" => {
                Outcome::Sent { provider_id: String::new() }
            }
            Ok(it) if it.is_success() => it.refused(&it.text, false),
            Ok(it) => it.failed(it.json["message"].as_str().unwrap_or_default()),
        }
    }
}

fn letter(message: &Message) -> Value {
    let subject = one_line(&printable(&message.subject));
    let mut text = safe_within(&message.text, LENGTH_MAX / 2, markdown);
    // Ours, not the alert's: these are links on purpose.
    let links =
        [("Take it", message.ack_url.as_ref()), ("Everything about it", message.url.as_ref())];
    for (label, url) in links {
        if let Some(url) = url {
            let _ = write!(text, "\n[{label}]({url})");
        }
    }
    let mut attachment = json!({
        "fallback": subject,
        "title": safe_within(&subject, 1_000, markdown),
        "text": text,
    });
    if message.priority == Priority::High {
        attachment["color"] = json!("#c4001d");
    }
    if let Some(callbacks) = message.callbacks.as_ref().filter(|_| !message.actions.is_empty()) {
        let actions = message.actions.iter().map(|it| {
            json!({
                // Letters and digits only, says the documentation.
                "id": it.word(),
                "type": "button",
                "name": it.label(),
                "integration": {
                    "url": callbacks.url("mattermost"),
                    "context": { "action": it.word(), "notice": message.key },
                },
            })
        });
        attachment["actions"] = actions.collect();
    }
    json!({
        "text": safe_within(&subject, 1_000, markdown),
        "attachments": [attachment],
    })
}
