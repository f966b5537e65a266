//! Microsoft Teams, through the address of a workflow that takes an adaptive card.
//!
//! What an alert says stands in `TextRun`s: unlike a `TextBlock`, they read no markdown, so that nothing
//! has to be escaped and nothing is shown with backslashes.

use crate::call;
use crate::escape::{printable, within};
use crate::secret::Secret;
use crate::{Message, Outcome, Priority, one_line};
use egress::{Client, Method};
use serde_json::{Value, json};

#[derive(Debug)]
pub(crate) struct Teams {
    pub(crate) client: Client,
    pub(crate) url: Secret,
}

/// Characters of the text: a card may have 28 KB, from the documentation, and a character four bytes.
const LENGTH_MAX: usize = 5_000;

impl Teams {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let body = card(message);
        match call::json(&self.client, Method::POST, &self.url.0, None, &body).await {
            Err(outcome) => outcome,
            // A workflow says 202 and nothing; the older connectors said 200 and `1`.
            Ok(it) if it.status == 202 || it.status == 200 && matches!(&*it.text, "" | "1") => {
                Outcome::Sent { provider_id: String::new() }
            }
            // An older connector hides the refusal of what stands behind it in a success.
            Ok(it) if it.is_success() => {
                it.refused(&it.text, it.text.contains("429") || it.text.contains("error 5"))
            }
            Ok(it) => it.failed(it.json["error"]["message"].as_str().unwrap_or_default()),
        }
    }
}

fn card(message: &Message) -> Value {
    let subject = one_line(&printable(&message.subject));
    let color = if message.priority == Priority::High { "attention" } else { "default" };
    let run = |text: &str| json!({ "type": "TextRun", "text": text });
    let mut title = run(&within(&subject, 500));
    title["weight"] = json!("bolder");
    title["size"] = json!("large");
    title["color"] = json!(color);
    let rich = |inlines: Value| json!({ "type": "RichTextBlock", "inlines": inlines });
    // A line break within a run is shown as a space.
    let text = printable(&message.text);
    let text = within(&text, LENGTH_MAX);
    let lines = text.lines().filter(|it| !it.trim().is_empty());
    let mut body = vec![rich(json!([title]))];
    body.extend(lines.map(|it| rich(json!([run(it)]))));
    let links =
        [("Take it", message.ack_url.as_ref()), ("Everything about it", message.url.as_ref())];
    let actions: Vec<Value> = links
        .into_iter()
        .filter_map(|(title, url)| {
            Some(json!({ "type": "Action.OpenUrl", "title": title, "url": url? }))
        })
        .collect();
    json!({
        "type": "message",
        "summary": within(&subject, 500),
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "msteams": { "width": "Full" },
                "body": body,
                "actions": actions,
            },
        }],
    })
}
