//! PagerDuty's doors: `/v2/enqueue` and `/generic/2010-04-15/create_event.json`, answered in
//! PagerDuty's words.
//!
//! The key of the door stands in the body, as `routing_key` or `service_key`; it is checked before
//! anything else is said about the body.

use super::{Entry, random_key};
use crate::Context;
use crate::access;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ingest::pagerduty::{Event, parse_v1, parse_v2};
use serde_json::{Value, json};

/// `POST /v2/enqueue`.
pub(crate) async fn v2(State(context): State<Context>, body: Bytes) -> Response {
    answer(
        &context,
        parse_v2(&body),
        "routing",
        StatusCode::ACCEPTED,
        |key| json!({ "status": "success", "message": "Event processed", "dedup_key": key }),
    )
    .await
}

/// `POST /generic/2010-04-15/create_event.json`.
pub(crate) async fn v1(State(context): State<Context>, body: Bytes) -> Response {
    answer(
        &context,
        parse_v1(&body),
        "service",
        StatusCode::OK,
        |key| json!({ "status": "success", "message": "Event processed", "incident_key": key }),
    )
    .await
}

async fn answer(
    context: &Context,
    event: Result<Event, String>,
    field: &str,
    status: StatusCode,
    success: impl FnOnce(&str) -> Value,
) -> Response {
    let event = match event {
        Ok(event) => event,
        Err(error) => return invalid(&[error]),
    };
    if event.secret.is_empty() {
        return invalid(&[format!("'{field}_key' is missing or blank")]);
    }
    let Some(who) = access::by_key(context, &event.secret) else {
        return invalid(&[format!("Invalid {field} key")]);
    };
    let signal = match event.signal {
        Ok(signal) => signal,
        Err(errors) => return invalid(&errors),
    };
    let new_key = random_key();
    let key = signal.key.clone().unwrap_or_else(|| new_key.clone());
    let entry = Entry { context, who: &who, door: "pagerduty", new_key: &new_key };
    match entry.take(vec![signal]).await {
        Ok(_) => (status, Json(success(&key))).into_response(),
        Err(refused) => refused.into_response_or(|errors| invalid(&errors)),
    }
}

pub(super) fn invalid(errors: &[String]) -> Response {
    let body = json!({
        "status": "invalid event", "message": "Event object is invalid", "errors": errors,
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
