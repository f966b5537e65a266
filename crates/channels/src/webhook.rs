//! Signed webhooks, by the Standard Webhooks scheme: `webhook-id`, `webhook-timestamp` (seconds) and
//! `webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`.

use crate::{ANSWER_BYTES_MAX, Message, Outcome, SEND_TIMEOUT, failed, unreached};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egress::Client;
use model::Timestamp;
use ring::hmac;
use serde_json::json;

/// A receiver.
pub struct Webhook {
    client: Client,
    url: String,
    key: hmac::Key,
}

/// Without URL and key.
impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook")
    }
}

impl Webhook {
    pub(crate) fn new(client: Client, url: &str, secret: &str) -> Result<Self, String> {
        Ok(Self { client, url: url.to_owned(), key: key(secret)? })
    }

    pub(crate) async fn send(&self, message: &Message, now: Timestamp) -> Outcome {
        let body = json!({
            "type": "page",
            "timestamp": now.to_string(),
            "data": {
                "notice": message.key,
                "subject": message.subject,
                "text": message.text,
                "acknowledge": message.ack_url,
                "details": message.data,
            },
        })
        .to_string();
        let seconds = (now.0 / 1_000).to_string();
        let signature = sign(&self.key, &message.key, &seconds, body.as_bytes());
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", message.key.as_str()),
            ("webhook-timestamp", seconds.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        let body = body.into_bytes();
        match self.client.post(&self.url, &headers, body, ANSWER_BYTES_MAX, SEND_TIMEOUT).await {
            Err(error) => unreached(&error),
            Ok(it) if (200..300).contains(&it.status) => {
                Outcome::Sent { provider_id: String::new() }
            }
            Ok(it) => failed(&it),
        }
    }
}

/// Reads a secret `whsec_<base64>`.
pub(crate) fn key(secret: &str) -> Result<hmac::Key, String> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|_| "a webhook's secret must be `whsec_` and base64".to_owned())?;
    if bytes.len() < 24 {
        return Err("a webhook's secret must have at least 24 bytes".to_owned());
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

pub(crate) fn sign(key: &hmac::Key, id: &str, seconds: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{id}.{seconds}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign().as_ref()))
}

/// Whether `signature` was made with `secret` over exactly this, compared in constant time. For
/// receivers and tests.
#[must_use]
pub fn verify(secret: &str, id: &str, seconds: &str, body: &[u8], signature: &str) -> bool {
    let Ok(key) = key(secret) else { return false };
    let signed = [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat();
    signature
        .split(' ')
        .filter_map(|it| it.strip_prefix("v1,"))
        .any(|it| STANDARD.decode(it).is_ok_and(|it| hmac::verify(&key, &signed, &it).is_ok()))
}
