//! SMS through Twilio's REST API (`POST /2010-04-01/Accounts/{sid}/Messages.json`).

use crate::text::{sms, url_encoded};
use crate::{ANSWER_BYTES_MAX, Message, Outcome, SEND_TIMEOUT, failed, unreached};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egress::Client;

pub(crate) struct Twilio {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) account: String,
    pub(crate) token: String,
    pub(crate) from: String,
}

/// Without the token.
impl std::fmt::Debug for Twilio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Twilio({})", self.account)
    }
}

impl Twilio {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let base = self.url.trim_end_matches('/');
        let url = format!("{base}/2010-04-01/Accounts/{}/Messages.json", self.account);
        let body = format!(
            "To={}&From={}&Body={}",
            url_encoded(&message.to),
            url_encoded(&self.from),
            url_encoded(&sms(message))
        );
        let basic = STANDARD.encode(format!("{}:{}", self.account, self.token));
        let authorization = format!("Basic {basic}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let sent = self
            .client
            .post(&url, &headers, body.into_bytes(), ANSWER_BYTES_MAX, SEND_TIMEOUT)
            .await;
        let answer = match sent {
            Err(error) => return unreached(&error),
            Ok(answer) => answer,
        };
        let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        // Twilio says 201 and an id when it took the message; a status of `failed` within is a no.
        match (answer.status, said["sid"].as_str(), said["status"].as_str()) {
            (201, Some(sid), status) if status != Some("failed") => {
                Outcome::Sent { provider_id: sid.to_owned() }
            }
            (200..300, ..) => {
                let detail = "Twilio answered without taking the message".to_owned();
                Outcome::Permanent { detail }
            }
            _ => failed(answer.status, said["message"].as_str().unwrap_or_default().as_bytes()),
        }
    }
}
