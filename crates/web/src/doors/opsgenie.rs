//! Opsgenie's doors: `/v2/alerts` and what is done to an alert afterwards, answered as Opsgenie does.
//!
//! The key stands in `Authorization: GenieKey …`. Everything is done when 202 is answered, though the
//! words, which are Opsgenie's, promise it for later.

use super::Entry;
use crate::Context;
use crate::access::{self, Principal};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use ingest::Signal;
use ingest::opsgenie::{Refused, act, create};
use serde_json::{Value, json};

/// `POST /v2/alerts`.
pub(crate) async fn alerts(
    State(context): State<Context>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new();
    let Some(who) = known(&context, &headers, &uri) else { return request.unknown() };
    match create(&body) {
        Ok(signal) => request.take(&context, &who, signal).await,
        Err(Refused::Shape(told)) => {
            request.answer(StatusCode::BAD_REQUEST, "message", &format!("Invalid JSON: {told}"))
        }
        Err(Refused::Field { name, told }) => request.unprocessable(&json!({ name: told })),
    }
}

/// `POST /v2/alerts/{identifier}/{action}`, whatever its `identifierType`.
pub(crate) async fn action(
    State(context): State<Context>,
    Path((identifier, action)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let request = Request::new();
    let Some(who) = known(&context, &headers, &uri) else { return request.unknown() };
    match act(identifier.trim(), &action) {
        Some(signal) => request.take(&context, &who, signal).await,
        None => request.answer(
            StatusCode::NOT_FOUND,
            "message",
            &format!("`{action}` is not understood here; close, acknowledge and notes are"),
        ),
    }
}

fn known(context: &Context, headers: &HeaderMap, uri: &Uri) -> Option<Principal> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    match authorization.and_then(|it| it.strip_prefix("GenieKey ")) {
        Some(key) => access::by_key(context, key.trim()),
        // The key as the password of basic authentication, as Opsgenie takes it too.
        None => access::by_key(context, &access::presented(headers, uri)?),
    }
}

/// The frame of an answer.
struct Request {
    id: String,
}

impl Request {
    fn new() -> Self {
        Self { id: random_uuid() }
    }

    async fn take(&self, context: &Context, who: &Principal, signal: Signal) -> Response {
        let entry = Entry { context, who, door: "opsgenie", new_key: &self.id };
        match entry.take(vec![signal]).await {
            Ok(_) => self.answer(StatusCode::ACCEPTED, "result", "Request will be processed"),
            Err(refused) => refused.into_response_or(|errors| {
                self.unprocessable(&json!({ "details": errors.join("; ") }))
            }),
        }
    }

    fn unprocessable(&self, errors: &Value) -> Response {
        let told = "Request body is not processable. Please check the errors.";
        let body = json!({
            "message": told, "errors": errors, "took": 0.0, "requestId": self.id,
        });
        (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
    }

    fn unknown(&self) -> Response {
        self.answer(StatusCode::UNAUTHORIZED, "message", "Could not authenticate")
    }

    fn answer(&self, status: StatusCode, name: &str, told: &str) -> Response {
        let body = json!({ name: told, "took": 0.0, "requestId": self.id });
        (status, [("x-request-id", self.id.clone())], Json(body)).into_response()
    }
}

/// A UUID of version 4.
fn random_uuid() -> String {
    let hex = super::random_key();
    let variant = ["8", "9", "a", "b"][usize::from(hex.as_bytes()[16] % 4)];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}
