//! Matrix, through the client API: `PUT …/send/m.room.message/{txn}`.
//!
//! The transaction id is the key of the notice: a home server that has seen it answers with the event it
//! made the first time, so that a message sent again after a crash is shown once.
//!
//! `m.mentions` is empty: nobody is called by what an alert says, be it `@room`.

use crate::call;
use crate::escape::{html, printable, safe_within, within};
use crate::secret::Secret;
use crate::text::url_encoded;
use crate::{Message, Outcome, one_line, place};
use egress::{Client, Method};
use serde_json::json;
use std::fmt::Write as _;

#[derive(Debug)]
pub(crate) struct Matrix {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) token: Secret,
    pub(crate) room: Option<String>,
}

/// Characters of each form: an event may have 65 536 bytes, and a character four, twice.
const LENGTH_MAX: usize = 6_000;

impl Matrix {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let room = match place(message, self.room.as_deref()) {
            Ok(room) => room,
            Err(outcome) => return outcome,
        };
        let subject = one_line(&printable(&message.subject));
        let text = printable(&message.text);
        let mut plain = format!("{subject}\n{}", within(&text, LENGTH_MAX));
        let mut rich = format!(
            "<strong>{}</strong><br>{}",
            html(&subject),
            safe_within(&text, LENGTH_MAX, html).replace('\n', "<br>")
        );
        let links =
            [("Take it", message.ack_url.as_ref()), ("Everything about it", message.url.as_ref())];
        for (label, url) in links {
            if let Some(url) = url {
                let _ = write!(plain, "\n{label}: {url}");
                let _ = write!(rich, "<br><a href=\"{}\">{label}</a>", html(url));
            }
        }
        let body = json!({
            "msgtype": "m.text",
            "body": plain,
            "format": "org.matrix.custom.html",
            "formatted_body": rich,
            "m.mentions": {},
        });
        let url = format!(
            "{}/_matrix/client/v3/rooms/{}/send/m.room.message/{}",
            self.url.trim_end_matches('/'),
            url_encoded(room),
            url_encoded(&message.key)
        );
        match call::json(&self.client, Method::PUT, &url, Some(&self.token.0), &body).await {
            Err(outcome) => outcome,
            Ok(it) if it.is_success() => match it.json["event_id"].as_str() {
                Some(id) => Outcome::Sent { provider_id: id.to_owned() },
                None => it.refused("an answer without the id of an event", false),
            },
            Ok(it) => {
                let said =
                    ["errcode", "error"].map(|key| it.json[key].as_str().unwrap_or_default());
                let said = said.join(" ");
                let wait = it.json["retry_after_ms"].as_f64().map(|it| it / 1_000.0);
                it.resting(wait).failed(said.trim())
            }
        }
    }
}
