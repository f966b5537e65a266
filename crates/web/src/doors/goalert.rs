//! GoAlert's generic door: `/api/v2/generic/incoming?token=…`, answered as GoAlert does: 204, or what
//! became of it where JSON is asked for.

use super::{Entry, random_key};
use crate::Context;
use crate::access::Principal;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::json;

/// `POST /api/v2/generic/incoming`.
pub(crate) async fn generic(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = super::content_type(&headers);
    let signal = match ingest::goalert::parse(uri.query().unwrap_or(""), kind, &body) {
        Ok(signal) => signal,
        Err(told) => return refused(&told),
    };
    let new_key = random_key();
    let entry = Entry { context: &context, who: &who, door: "goalert", new_key: &new_key };
    let taken = match entry.take(vec![signal]).await {
        Ok(taken) => taken,
        Err(refusal) => return refusal.into_response_or(|errors| refused(&errors.join("; "))),
    };
    if headers.get(header::ACCEPT).is_none_or(|it| it != "application/json") {
        return StatusCode::NO_CONTENT.into_response();
    }
    let alert = taken.alert(&context.handle.state());
    let body = json!({
        "AlertID": alert.map_or(0, |it| it.0),
        "ServiceID": entry.scope(),
        "IsNew": taken.is_new(),
    });
    Json(body).into_response()
}

fn refused(told: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{told}\n")).into_response()
}
