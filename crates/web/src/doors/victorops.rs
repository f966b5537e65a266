//! `VictorOps`' door: `/integrations/generic/20131114/alert/{key}/{routing_key}`.
//!
//! The key of the door stands in the path, where `VictorOps` has its REST endpoint's key.

use super::{Entry, random_key};
use crate::Context;
use crate::access;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

/// With a routing key.
pub(crate) async fn routed(
    State(context): State<Context>,
    Path((key, routing_key)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    answer(&context, &key, &routing_key, &body).await
}

/// Without one.
pub(crate) async fn alert(
    State(context): State<Context>,
    Path(key): Path<String>,
    body: Bytes,
) -> Response {
    answer(&context, &key, "", &body).await
}

async fn answer(context: &Context, key: &str, routing_key: &str, body: &[u8]) -> Response {
    let Some(who) = access::by_key(context, key) else {
        return failure(StatusCode::FORBIDDEN, "Invalid API key");
    };
    let signal = match ingest::victorops::parse(body, routing_key) {
        Ok(signal) => signal,
        Err(told) => return failure(StatusCode::BAD_REQUEST, &told),
    };
    let new_key = random_key();
    let entity = signal.key.clone().unwrap_or_else(|| new_key.clone());
    let entry = Entry { context, who: &who, door: "victorops", new_key: &new_key };
    match entry.take(vec![signal]).await {
        Ok(_) => Json(json!({ "result": "success", "entity_id": entity })).into_response(),
        Err(refused) => {
            refused.into_response_or(|errors| failure(StatusCode::BAD_REQUEST, &errors.join("; ")))
        }
    }
}

fn failure(status: StatusCode, told: &str) -> Response {
    (status, Json(json!({ "result": "failure", "message": told }))).into_response()
}
