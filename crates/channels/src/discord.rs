//! Discord, through a webhook.
//!
//! `wait=true` makes Discord answer with the message it made instead of a promise. Nobody is called by
//! what an alert says: `allowed_mentions` allows none, and `@` is followed by an invisible space.

use crate::call;
use crate::escape::{markdown, printable, safe_within};
use crate::secret::Secret;
use crate::{Message, Outcome, one_line};
use egress::{Client, Method};
use serde_json::json;
use std::fmt::Write as _;

#[derive(Debug)]
pub(crate) struct Discord {
    pub(crate) client: Client,
    pub(crate) url: Secret,
}

/// Characters of a message.
const LENGTH_MAX: usize = 2_000;

/// `SUPPRESS_EMBEDS`: links in alerts are not fetched and shown.
const FLAGS: u32 = 4;

impl Discord {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let body = json!({
            "content": content(message),
            "allowed_mentions": { "parse": [] },
            "flags": FLAGS,
        });
        let join = if self.url.0.contains('?') { '&' } else { '?' };
        let url = format!("{}{join}wait=true", self.url.0);
        match call::json(&self.client, Method::POST, &url, None, &body).await {
            Err(outcome) => outcome,
            Ok(it) if it.is_success() => match it.json["id"].as_str() {
                Some(id) => Outcome::Sent { provider_id: id.to_owned() },
                None => it.refused("an answer without the id of a message", false),
            },
            Ok(it) => {
                let wait = it.json["retry_after"].as_f64();
                let said = it.json["message"].as_str().unwrap_or_default().to_owned();
                it.resting(wait).failed(&said)
            }
        }
    }
}

fn content(message: &Message) -> String {
    let subject = safe_within(&one_line(&printable(&message.subject)), 300, markdown);
    let mut end = String::new();
    let links =
        [("Take it", message.ack_url.as_ref()), ("Everything about it", message.url.as_ref())];
    for (label, url) in links {
        if let Some(url) = url {
            let _ = write!(end, "\n[{label}](<{url}>)");
        }
    }
    let left = LENGTH_MAX.saturating_sub(subject.chars().count() + end.chars().count() + 5);
    format!("**{subject}**\n{}{end}", safe_within(&message.text, left, markdown))
}
