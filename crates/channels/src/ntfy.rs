//! Push through an ntfy server, published as JSON so that any text is safe.
//!
//! The button on the telephone posts to the link: a person taps it, no scanner does.

use crate::call;
use crate::escape::printable;
use crate::secret::Secret;
use crate::{Message, Outcome, Priority, one_line};
use egress::{Client, Method};
use serde_json::json;

#[derive(Debug)]
pub(crate) struct Ntfy {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) token: Option<Secret>,
}

/// Bytes of a message; a longer one would arrive as a file that nobody opens at night.
const LENGTH_BYTES_MAX: usize = 4_096;

impl Ntfy {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let (priority, tags) = match message.priority {
            Priority::High => (5, "rotating_light"),
            Priority::Normal => (3, "bulb"),
        };
        let mut body = json!({
            "topic": message.to,
            "title": one_line(&printable(&message.subject)),
            "message": within_bytes(&printable(&message.text)),
            "priority": priority,
            "tags": [tags],
        });
        let mut actions = vec![];
        if let Some(url) = &message.ack_url {
            body["click"] = json!(url);
            actions.push(json!({
                "action": "http", "label": "Take it", "url": url, "method": "POST", "clear": true,
            }));
        }
        if let Some(url) = &message.url {
            actions.push(json!({ "action": "view", "label": "Everything about it", "url": url }));
        }
        if !actions.is_empty() {
            body["actions"] = json!(actions);
        }
        let token = self.token.as_ref().map(|it| it.0.as_str());
        let url = self.url.trim_end_matches('/');
        match call::json(&self.client, Method::POST, url, token, &body).await {
            Err(outcome) => outcome,
            Ok(it) if it.status == 200 => {
                Outcome::Sent { provider_id: it.json["id"].as_str().unwrap_or_default().to_owned() }
            }
            Ok(it) => it.failed(it.json["error"].as_str().unwrap_or_default()),
        }
    }
}

fn within_bytes(text: &str) -> String {
    const CUT: &str = "\n[cut]";
    if text.len() <= LENGTH_BYTES_MAX {
        return text.to_owned();
    }
    text[..text.floor_char_boundary(LENGTH_BYTES_MAX - CUT.len())].trim_end().to_owned() + CUT
}
