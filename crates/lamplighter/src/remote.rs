//! Asking a running server over HTTP.

use crate::cli::Remote;
use egress::{Client, Policy, Response};
use serde_json::Value;
use server::Problem;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// How long an answer may take; `why` may read the whole journal.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A server to ask.
pub(crate) struct Server {
    url: String,
    bearer: Option<String>,
    client: Client,
    runtime: Runtime,
}

impl Server {
    pub(crate) fn new(remote: &Remote) -> Result<Self, Problem> {
        egress::init_tls();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|it| Problem::unreachable("could not start").detail(it))?;
        Ok(Self {
            url: remote.url.trim_end_matches('/').to_owned(),
            bearer: remote.token.as_ref().map(|it| format!("Bearer {it}")),
            client: Client::new(Policy::Operator),
            runtime,
        })
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, Problem> {
        let url = format!("{}{path}", self.url);
        let mut headers = vec![("accept", "application/json")];
        headers.extend(self.bearer.as_deref().map(|it| ("authorization", it)));
        let asked = self.client.get(&url, &headers, ANSWER_BYTES_MAX, TIMEOUT);
        self.answer(self.runtime.block_on(asked))
    }

    /// What is not JSON.
    pub(crate) fn text(&self, path: &str) -> Result<String, Problem> {
        let url = format!("{}{path}", self.url);
        let bearer = self.bearer.as_deref().map(|it| ("authorization", it));
        let headers: Vec<_> = bearer.into_iter().collect();
        let asked = self.client.get(&url, &headers, ANSWER_BYTES_MAX, TIMEOUT);
        let response = self.heard(self.runtime.block_on(asked))?;
        Ok(String::from_utf8_lossy(&response.body).into_owned())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Problem> {
        let url = format!("{}{path}", self.url);
        let mut headers =
            vec![("accept", "application/json"), ("content-type", "application/json")];
        headers.extend(self.bearer.as_deref().map(|it| ("authorization", it)));
        let body = body.to_string().into_bytes();
        let asked = self.client.post(&url, &headers, body, ANSWER_BYTES_MAX, TIMEOUT);
        self.answer(self.runtime.block_on(asked))
    }

    fn answer(&self, answered: Result<Response, egress::Error>) -> Result<Value, Problem> {
        let response = self.heard(answered)?;
        Ok(serde_json::from_slice(&response.body).unwrap_or(Value::Null))
    }

    fn heard(&self, answered: Result<Response, egress::Error>) -> Result<Response, Problem> {
        let response = answered.map_err(|error| {
            Problem::unreachable(format!("could not ask {}", self.url))
                .detail(error)
                .hint("check that the server runs; name it with --url or LAMPLIGHTER_URL")
        })?;
        match response.status {
            200..400 => Ok(response),
            status => {
                let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
                Err(refused(status, &body))
            }
        }
    }
}

fn refused(status: u16, body: &Value) -> Problem {
    let told = body["error"]["message"].as_str().unwrap_or_default();
    let hint = body["error"]["hint"].as_str().filter(|it| !it.is_empty());
    let problem = match status {
        401 => Problem::negative("the server did not let us in")
            .hint("give an API token with --token or LAMPLIGHTER_TOKEN; the Access view makes one"),
        403 => Problem::negative("this is not yours to do"),
        404 | 409 | 422 | 400 => Problem::negative("the server said no"),
        status => Problem::unreachable(format!("the server answered with status {status}")),
    };
    let problem = if told.is_empty() { problem } else { problem.detail(told) };
    match hint {
        Some(hint) if status != 401 => problem.hint(hint),
        _ => problem,
    }
}

/// `text` as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refusals_say_what_to_do() {
        let body = json!({ "error": { "message": "there is no page `pg_9`", "hint": "" } });
        assert_eq!(
            refused(404, &body).to_string(),
            "error: the server said no\n  there is no page `pg_9`"
        );
        assert_eq!(refused(404, &body).exit_code(), 1);
        assert_eq!(refused(503, &Value::Null).exit_code(), 3);
        assert!(refused(401, &Value::Null).to_string().contains("LAMPLIGHTER_TOKEN"));
    }

    #[test]
    fn segments_stay_segments() {
        assert_eq!(segment("in_1"), "in_1");
        assert_eq!(segment("../x?y"), "..%2Fx%3Fy");
    }
}
