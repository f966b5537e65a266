//! Slack: an incoming webhook, which knows one channel, or a bot with `chat.postMessage`.
//!
//! Slack answers 200 to the bot whatever happens: only `"ok": true` is a success. A webhook answers with
//! a word in plain text.
//!
//! What an alert says stands in `plain_text` objects, in which Slack reads no markup and calls nobody;
//! the line that notifications show is mrkdwn and escaped.
//!
//! The buttons' `action_id` is the name of the act and their `value` the key of the notice, e.g.
//! `acknowledge` and `no_7`; whoever receives them checks Slack's signature first.

use crate::call::{self, Answer};
use crate::escape::{printable, slack, within};
use crate::secret::Secret;
use crate::{Message, Outcome, Priority, one_line, place};
use egress::{Client, Method};
use serde_json::{Value, json};

/// Errors of the Web API after which the same call may work, from the documentation of
/// `chat.postMessage`.
const TRANSIENT: [&str; 9] = [
    "accesslimited",
    "fatal_error",
    "internal_error",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
    "message_limit_exceeded",
];

/// A webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) client: Client,
    pub(crate) url: Secret,
}

/// A bot.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) token: Secret,
    pub(crate) room: Option<String>,
    /// Whether what Slack sends to us can be checked; else buttons would do nothing.
    pub(crate) buttons: bool,
}

impl Webhook {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        // Buttons need an app that answers; a webhook's message has links only.
        let body = letter(message, false);
        match call::json(&self.client, Method::POST, &self.url.0, None, &body).await {
            Err(outcome) => outcome,
            Ok(it) if it.status == 200 && it.text == "ok" => {
                Outcome::Sent { provider_id: String::new() }
            }
            Ok(it) if it.is_success() => it.refused(&it.text, false),
            Ok(it) => it.failed(""),
        }
    }
}

impl Bot {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let channel = match place(message, self.room.as_deref()) {
            Ok(channel) => channel,
            Err(outcome) => return outcome,
        };
        let mut body = letter(message, self.buttons);
        body["channel"] = json!(channel);
        body["unfurl_links"] = json!(false);
        body["unfurl_media"] = json!(false);
        match self.call("chat.postMessage", &body).await {
            Err(outcome) => outcome,
            Ok(it) => {
                // Both are needed to change the message later.
                let text = |key: &str| it.json[key].as_str().unwrap_or_default().to_owned();
                let (channel, ts) = (text("channel"), text("ts"));
                Outcome::Sent { provider_id: format!("{channel}/{ts}") }
            }
        }
    }

    /// Takes the buttons away and says what became of it.
    pub(crate) async fn close(&self, provider_id: &str, message: &Message, end: &str) -> Outcome {
        let Some((channel, ts)) = provider_id.split_once('/') else {
            return Outcome::Permanent { detail: "no message of Slack's".to_owned() };
        };
        let mut body = letter(&Message { ack_url: None, ..message.clone() }, false);
        body["text"] = json!(slack(&one_line(end)));
        let last = json!({ "type": "context", "elements": [plain(end, 2_000)] });
        if let Some(blocks) = body["blocks"].as_array_mut() {
            blocks.push(last);
        }
        body["channel"] = json!(channel);
        body["ts"] = json!(ts);
        match self.call("chat.update", &body).await {
            Err(outcome) => outcome,
            Ok(_) => Outcome::Sent { provider_id: provider_id.to_owned() },
        }
    }

    async fn call(&self, method: &str, body: &Value) -> Result<Answer, Outcome> {
        let url = format!("{}/{method}", self.url.trim_end_matches('/'));
        let bearer = Some(self.token.0.as_str());
        let answer = call::json(&self.client, Method::POST, &url, bearer, body).await?;
        if !answer.is_success() {
            return Err(answer.failed(answer.json["error"].as_str().unwrap_or_default()));
        }
        match (answer.json["ok"].as_bool(), answer.json["error"].as_str()) {
            (Some(true), _) => Ok(answer),
            (_, Some(error)) => Err(answer.refused(error, TRANSIENT.contains(&error))),
            // 200 from something that is not Slack: a proxy's log-in page, say.
            _ => Err(answer.refused("an answer that is not Slack's", false)),
        }
    }
}

fn letter(message: &Message, buttons: bool) -> Value {
    let subject = one_line(&printable(&message.subject));
    let mark = if message.priority == Priority::High { ":rotating_light: " } else { "" };
    let mut elements = vec![];
    if buttons {
        for action in &message.actions {
            let mut button = json!({
                "type": "button",
                "text": plain(action.label(), 75),
                "action_id": action.word(),
                "value": message.key,
            });
            if let Some(style) = action.slack_style() {
                button["style"] = json!(style);
            }
            elements.push(button);
        }
    }
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(&subject, 150) }),
        json!({ "type": "section", "text": plain(&message.text, 3_000) }),
    ];
    // Links and not buttons with links: Slack warns of those where an app takes no answers.
    let links: Vec<String> =
        [("Take it", message.ack_url.as_ref()), ("Everything about it", message.url.as_ref())]
            .into_iter()
            // The link takes it as the person written to; where buttons do that, one way is enough.
            .filter(|(label, _)| !(buttons && *label == "Take it"))
            .filter_map(|(label, url)| Some(format!("<{}|{label}>", slack(url?))))
            .collect();
    if !links.is_empty() {
        let text = json!({ "type": "mrkdwn", "text": links.join("   ") });
        blocks.push(json!({ "type": "section", "text": text }));
    }
    if !elements.is_empty() {
        blocks.push(json!({ "type": "actions", "elements": elements }));
    }
    json!({ "text": format!("{mark}{}", slack(&subject)), "blocks": blocks })
}

/// Text in which Slack reads no markup. Never empty, which Slack refuses.
fn plain(text: &str, chars_max: usize) -> Value {
    let text = printable(text);
    let text = if text.trim().is_empty() { "-" } else { text.as_str() };
    json!({ "type": "plain_text", "text": within(text, chars_max), "emoji": false })
}
