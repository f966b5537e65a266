//! Push through an ntfy server, published as JSON so that any text is safe.
//!
//! The button on the telephone posts to the link: a person taps it, no scanner does.

use crate::{
    ANSWER_BYTES_MAX, Message, Outcome, Priority, SEND_TIMEOUT, failed, one_line, unreached,
};
use egress::Client;
use serde_json::json;

#[derive(Debug)]
pub(crate) struct Ntfy {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

impl Ntfy {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let (priority, tags) = match message.priority {
            Priority::High => (5, "rotating_light"),
            Priority::Normal => (3, "bulb"),
        };
        let mut body = json!({
            "topic": message.to,
            "title": one_line(&message.subject),
            "message": message.text,
            "priority": priority,
            "tags": [tags],
        });
        if let Some(url) = &message.ack_url {
            body["click"] = json!(url);
            body["actions"] = json!([
                { "action": "http", "label": "Take it", "url": url, "method": "POST", "clear": true },
            ]);
        }
        let bearer = self.token.as_ref().map(|it| format!("Bearer {it}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|it| ("authorization", it)));
        let body = body.to_string().into_bytes();
        let url = self.url.trim_end_matches('/');
        match self.client.post(url, &headers, body, ANSWER_BYTES_MAX, SEND_TIMEOUT).await {
            Err(error) => unreached(&error),
            Ok(answer) if answer.status == 200 => {
                let said: serde_json::Value =
                    serde_json::from_slice(&answer.body).unwrap_or_default();
                Outcome::Sent { provider_id: said["id"].as_str().unwrap_or_default().to_owned() }
            }
            Ok(answer) => failed(answer.status, &answer.body),
        }
    }
}
