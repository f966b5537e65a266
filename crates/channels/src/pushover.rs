//! Pushover. A page goes out with priority 2: it rings again and again until somebody confirms it on the
//! telephone, and its *receipt* tells whether it reached one.
//!
//! Nothing is markup here: `html` stays off.

use crate::call::{self, Answer};
use crate::escape::{printable, within};
use crate::secret::Secret;
use crate::text::url_encoded;
use crate::{Evidence, Message, Outcome, Priority, one_line, place};
use egress::{Client, Method};
use model::{Millis, Timestamp};
use serde_json::json;

#[derive(Debug)]
pub(crate) struct Pushover {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) token: Secret,
    pub(crate) retry: Millis,
    pub(crate) expire: Millis,
    pub(crate) room: Option<String>,
}

/// Characters of a message, a title and a link, from the documentation.
const MESSAGE_LENGTH_MAX: usize = 1_024;
const TITLE_LENGTH_MAX: usize = 250;
const URL_LENGTH_MAX: usize = 512;

impl Pushover {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let user = match place(message, self.room.as_deref()) {
            Ok(user) => user,
            Err(outcome) => return outcome,
        };
        let text = printable(&message.text);
        let text = if text.trim().is_empty() { "-" } else { text.as_str() };
        let mut body = json!({
            "token": self.token.0,
            "user": user,
            "title": within(&one_line(&printable(&message.subject)), TITLE_LENGTH_MAX),
            "message": within(text, MESSAGE_LENGTH_MAX),
        });
        if message.priority == Priority::High {
            body["priority"] = json!(2);
            body["retry"] = json!(self.retry.0 / 1_000);
            body["expire"] = json!(self.expire.0 / 1_000);
        }
        let link = message.ack_url.as_ref().map(|it| (it, "Take it"));
        let link = link.or(message.url.as_ref().map(|it| (it, "Everything about it")));
        if let Some((url, title)) = link.filter(|(url, _)| url.len() <= URL_LENGTH_MAX) {
            body["url"] = json!(url);
            body["url_title"] = json!(title);
        }
        let url = format!("{}/1/messages.json", self.base());
        match call::json(&self.client, Method::POST, &url, None, &body).await {
            Err(outcome) => outcome,
            Ok(it) if it.is_success() && it.json["status"] == json!(1) => {
                let id = it.json["receipt"].as_str().or(it.json["request"].as_str());
                Outcome::Sent { provider_id: id.unwrap_or_default().to_owned() }
            }
            Ok(it) if it.is_success() => it.refused(&said(&it), false),
            Ok(it) => it.failed(&said(&it)),
        }
    }

    /// What became of a page, by its receipt.
    pub(crate) async fn receipt(&self, receipt: &str) -> Result<Evidence, Outcome> {
        // The documentation wants at least five seconds between two questions.
        let url = format!(
            "{}/1/receipts/{}.json?token={}",
            self.base(),
            url_encoded(receipt),
            url_encoded(&self.token.0)
        );
        let it = call::request(&self.client, Method::GET, &url, &[], vec![]).await?;
        if !it.is_success() || it.json["status"] != json!(1) {
            return Err(it.failed(&said(&it)));
        }
        let at = |key: &str| {
            let secs = it.json[key].as_i64().filter(|it| *it > 0);
            secs.map(|it| Timestamp(it.saturating_mul(1_000)))
        };
        let is = |key: &str| it.json[key] == json!(1);
        Ok(match (is("acknowledged"), at("acknowledged_at"), at("last_delivered_at")) {
            (true, Some(at), _) => Evidence::Acknowledged { at },
            (.., Some(at)) => Evidence::Reached { at: Some(at) },
            _ if is("expired") => {
                Evidence::Failed { detail: "it was never delivered to a device".to_owned() }
            }
            _ => Evidence::Nothing,
        })
    }

    /// Stops the ringing.
    pub(crate) async fn close(&self, receipt: &str) -> Outcome {
        let url = format!("{}/1/receipts/{}/cancel.json", self.base(), url_encoded(receipt));
        let body = json!({ "token": self.token.0 });
        match call::json(&self.client, Method::POST, &url, None, &body).await {
            Err(outcome) => outcome,
            Ok(it) if it.is_success() && it.json["status"] == json!(1) => {
                Outcome::Sent { provider_id: receipt.to_owned() }
            }
            Ok(it) => it.failed(&said(&it)),
        }
    }

    fn base(&self) -> &str {
        self.url.trim_end_matches('/')
    }
}

fn said(answer: &Answer) -> String {
    let errors = answer.json["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let errors: Vec<&str> = errors.iter().filter_map(|it| it.as_str()).collect();
    errors.join("; ")
}
