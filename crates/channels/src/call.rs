//! One HTTP request to a provider, and its answer in words.
//!
//! Invariant: an answer is judged by its sender; here only what never reached a provider is.

use crate::{ANSWER_BYTES_MAX, Outcome, SEND_TIMEOUT, one_line, unreached};
use egress::{Client, Method};
use serde_json::Value;

/// Characters of a provider's words that are repeated.
const SAID_LENGTH_MAX: usize = 200;

/// What a provider answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The body as JSON; null where it is none.
    pub(crate) json: Value,
    /// The body as text on one line.
    pub(crate) text: String,
    /// How many seconds it wants to be left alone, where it says so in its head.
    retry_after_secs: Option<u64>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the status means where the provider says nothing more exact, with its own words.
    pub(crate) fn failed(&self, said: &str) -> Outcome {
        let said = if said.is_empty() { &self.text } else { said };
        let said: String = one_line(said).chars().take(SAID_LENGTH_MAX).collect();
        let mut detail = format!("the provider answered {} {said}", self.status);
        if let Some(secs) = self.retry_after_secs {
            detail = format!("{} (again after {secs} s)", detail.trim_end());
        }
        let detail = detail.trim_end().to_owned();
        match self.status {
            408 | 425 | 429 | 500.. => Outcome::Transient { detail },
            _ => Outcome::Permanent { detail },
        }
    }

    /// The same for a refusal that the provider wraps in a success.
    pub(crate) fn refused(&self, said: &str, transient: bool) -> Outcome {
        let said: String = one_line(said).chars().take(SAID_LENGTH_MAX).collect();
        let mut detail = format!("the provider refused: {said}");
        if let Some(secs) = self.retry_after_secs {
            detail = format!("{detail} (again after {secs} s)");
        }
        if transient { Outcome::Transient { detail } } else { Outcome::Permanent { detail } }
    }

    /// The same answer, asking for so many seconds of rest in its body.
    pub(crate) fn resting(mut self, secs: Option<f64>) -> Self {
        if let Some(secs) = secs.filter(|it| it.is_finite() && (0.0..1e6).contains(it)) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range was checked"
            )]
            let secs = secs.ceil() as u64;
            self.retry_after_secs = Some(secs);
        }
        self
    }
}

/// Sends JSON.
pub(crate) async fn json(
    client: &Client,
    method: Method,
    url: &str,
    bearer: Option<&str>,
    body: &Value,
) -> Result<Answer, Outcome> {
    let bearer = bearer.map(|it| format!("Bearer {it}"));
    let mut headers = vec![("content-type", "application/json; charset=utf-8")];
    headers.extend(bearer.as_deref().map(|it| ("authorization", it)));
    request(client, method, url, &headers, body.to_string().into_bytes()).await
}

/// Sends anything.
pub(crate) async fn request(
    client: &Client,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<Answer, Outcome> {
    let sent = client.send(method, url, headers, body, ANSWER_BYTES_MAX, SEND_TIMEOUT).await;
    let answer = sent.map_err(|it| unreached(&it))?;
    Ok(Answer {
        status: answer.status,
        json: serde_json::from_slice(&answer.body).unwrap_or_default(),
        text: one_line(&String::from_utf8_lossy(&answer.body)),
        retry_after_secs: answer.retry_after_secs,
    })
}
