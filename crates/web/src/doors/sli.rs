//! The door for pushed counts: `POST /api/v1/sli/{service.slo}`, one line or a batch.
//!
//! Intuition: a sender that is not sure whether it was heard sends everything again; each line has a key,
//! and a key counts once.

use super::later;
use crate::Context;
use crate::access::{self, Principal};
use crate::api::{missing, problem};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use driver::SubmitError;
use engine::{Actor, Command, Event, Push, Rejected, Submission};
use model::{SloId, Timestamp};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes(context: &Context) -> Router<Context> {
    Router::new()
        .route("/api/v1/sli/{id}", post(push))
        .layer(DefaultBodyLimit::max(ingest::SIGNAL_BYTES_MAX))
        .route_layer(from_fn_with_state(context.clone(), access::door))
}

#[derive(Deserialize)]
struct Line {
    key: String,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    bad: Option<u64>,
    #[serde(default)]
    good: Option<u64>,
    total: u64,
    #[serde(default)]
    people: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Batch { counts: Vec<Line> },
    One(Line),
}

const HINT: &str = r#"send {"counts": [{"key": "2026-11-21T03:00", "at": "2026-11-21T03:00:00Z", "bad": 1, "total": 60}]}"#;

/// `POST /api/v1/sli/{service.slo}`, with the key of a door or a person's token.
async fn push(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Ok(slo) = SloId::parse(&id) else { return missing("objective", &id) };
    let invalid = |told: &str| problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", told, HINT);
    let lines = match serde_json::from_slice(&body) {
        Ok(Body::Batch { counts }) => counts,
        Ok(Body::One(line)) => vec![line],
        Err(error) => return invalid(&error.to_string()),
    };
    let now = context.handle.now();
    let pushes: Result<Vec<Push>, String> = lines.into_iter().map(|it| read(it, now)).collect();
    let pushes = match pushes {
        Ok(pushes) => pushes,
        Err(told) => return invalid(&told),
    };
    let sent = pushes.len();
    match take(&context, &who, slo, pushes).await {
        Ok(taken) => Json(json!({ "taken": taken, "repeated": sent - taken })).into_response(),
        Err(SubmitError::Rejected(Rejected::Unknown { .. })) => missing("objective", &id),
        Err(SubmitError::Rejected(refused)) => invalid(&refused.to_string()),
        Err(error) => later(&error.to_string()),
    }
}

fn read(line: Line, now: Timestamp) -> Result<Push, String> {
    let Line { key, at, bad, good, total, people } = line;
    let at = match at.as_deref().map(Timestamp::parse_rfc3339) {
        None => now,
        Some(Some(at)) => at,
        Some(None) => {
            return Err(format!("`at` of `{key}` is not a time; write 2026-11-21T03:00:00Z"));
        }
    };
    let bad = match (bad, good) {
        (Some(bad), None) => bad,
        (None, Some(good)) if good <= total => total - good,
        (None, Some(_)) => return Err(format!("`{key}` has more good than all events")),
        _ => return Err(format!("`{key}` needs `bad` or `good`, one of them")),
    };
    Ok(Push { key, minute: at.minute(), bad, total, people })
}

/// Hands lines over; how many of them were new.
pub(crate) async fn take(
    context: &Context,
    who: &Principal,
    slo: SloId,
    pushes: Vec<Push>,
) -> Result<usize, SubmitError> {
    let actor = match who {
        Principal::Door(token) => Actor::Door(*token),
        Principal::Person { id, .. } => Actor::Person(id.clone()),
    };
    hand_over(context, actor, slo, pushes).await
}

/// As [`take`], for whoever was let in otherwise.
pub(crate) async fn hand_over(
    context: &Context,
    actor: Actor,
    slo: SloId,
    pushes: Vec<Push>,
) -> Result<usize, SubmitError> {
    let command = Command::PushCounts { slo, pushes };
    let submission = Submission { actor, reason: None, key: None, command };
    let accepted = context.handle.submit(submission).await?;
    let taken = accepted.events.iter().map(|it| match &it.event {
        Event::CountsPushed { pushes, .. } => pushes.len(),
        _ => 0,
    });
    Ok(taken.sum())
}
