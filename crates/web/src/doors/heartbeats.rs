//! Doors for signs of life: ours, Opsgenie's, GoAlert's and Grafana `OnCall`'s.
//!
//! Each is answered in the words of its product. One thing differs on purpose: Opsgenie answers a sign
//! of life for a heartbeat that does not exist as if it did; here that is 404, because a sender that
//! nobody listens to should learn it on the day it is set up.
//!
//! Where a product has one address per heartbeat, that address is a key, and the key's label says which
//! heartbeat is meant: `heartbeat:nightly-backup`.

use super::{key_label, later};
use crate::Context;
use crate::access::{self, Principal};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Json, Router};
use driver::SubmitError;
use engine::{Actor, Command, Event, Rejected, Submission};
use model::{HeartbeatId, Millis, Timestamp};
use serde_json::json;

/// Every door for signs of life.
pub(super) fn routes(context: &Context) -> Router<Context> {
    let ours = Router::new()
        .route("/api/v1/heartbeats/{id}/ping", get(ping).post(ping))
        .route_layer(from_fn_with_state(context.clone(), access::door));
    let theirs = Router::new()
        .route("/v2/heartbeats/{name}/ping", any(opsgenie_ping))
        .route("/v2/heartbeats/{name}", get(opsgenie_get))
        .route("/api/v2/heartbeat/{key}", post(goalert))
        .route("/integrations/v1/{kind}/{key}/heartbeat", get(oncall).post(oncall))
        .route("/integrations/v1/{kind}/{key}/heartbeat/", get(oncall).post(oncall));
    ours.merge(theirs).layer(DefaultBodyLimit::max(ingest::SIGNAL_BYTES_MAX))
}

/// Why a sign of life was not taken.
enum Unheard {
    /// There is no such heartbeat.
    Unknown,
    /// Trouble of ours: come again.
    Later(String),
}

/// Takes a sign of life; whether it had been missed.
async fn hear(context: &Context, who: &Principal, name: &str) -> Result<bool, Unheard> {
    let Some(heartbeat) = known(context, name) else {
        tracing::warn!(name, "a sign of life came for a heartbeat that is not configured");
        return Err(Unheard::Unknown);
    };
    let actor = match who {
        Principal::Door(token) => Actor::Door(*token),
        Principal::Person { id, .. } => Actor::Person(id.clone()),
    };
    let command = Command::Ping { heartbeat: heartbeat.clone() };
    let submission = Submission { actor, reason: None, key: None, command };
    match context.handle.submit(submission).await {
        Ok(accepted) => {
            context.handle.note_heard(&heartbeat);
            let mut events = accepted.events.iter();
            Ok(events.any(|it| matches!(it.event, Event::AlertResolved { .. })))
        }
        Err(SubmitError::Rejected(Rejected::Unknown { .. })) => Err(Unheard::Unknown),
        Err(error) => Err(Unheard::Later(error.to_string())),
    }
}

/// The heartbeat called `name`: as it is, or as a product with looser names may have called it:
/// `Nightly Backup` is `nightly-backup`.
fn known(context: &Context, name: &str) -> Option<HeartbeatId> {
    let state = context.handle.state();
    let all = &state.catalogue()?.watched.heartbeats;
    let plain: String = name
        .trim()
        .to_ascii_lowercase()
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() || it == '_' { it } else { '-' })
        .collect();
    let id = HeartbeatId::new(name.trim()).or_else(|_| HeartbeatId::new(&plain)).ok()?;
    all.contains_key(&id).then_some(id)
}

/// `GET|POST /api/v1/heartbeats/{id}/ping`
async fn ping(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    match hear(&context, &who, &id).await {
        Ok(recovered) => Json(json!({ "heartbeat": id, "recovered": recovered })).into_response(),
        Err(Unheard::Unknown) => {
            let told = format!("there is no heartbeat `{id}`");
            let hint = "define it under `heartbeats:` in the configuration";
            crate::api::problem(StatusCode::NOT_FOUND, "unknown", &told, hint)
        }
        Err(Unheard::Later(told)) => later(&told),
    }
}

/// `/v2/heartbeats/{name}/ping`, by any of the methods Opsgenie takes.
async fn opsgenie_ping(
    State(context): State<Context>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    _body: Bytes,
) -> Response {
    let request = super::opsgenie::Request::new();
    let Some(who) = super::opsgenie::known(&context, &headers, &uri) else {
        return request.unknown();
    };
    match hear(&context, &who, &name).await {
        Ok(_) => request.answer(StatusCode::ACCEPTED, "result", "PONG - Heartbeat received"),
        Err(Unheard::Unknown) => missing(&request, &name),
        Err(Unheard::Later(told)) => later(&told),
    }
}

fn missing(request: &super::opsgenie::Request, name: &str) -> Response {
    let told = format!("Heartbeat with name [{name}] does not exist.");
    request.answer(StatusCode::NOT_FOUND, "message", &told)
}

/// `GET /v2/heartbeats/{name}`
async fn opsgenie_get(
    State(context): State<Context>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let request = super::opsgenie::Request::new();
    if super::opsgenie::known(&context, &headers, &uri).is_none() {
        return request.unknown();
    }
    let Some(id) = known(&context, &name) else { return missing(&request, &name) };
    let state = context.handle.state();
    let heard = last_heard(&context, &state, &id);
    let Some(it) = state.catalogue().and_then(|it| it.watched.heartbeats.get(&id)) else {
        return missing(&request, &name);
    };
    let (interval, unit) = interval(it.every);
    let team = it.team.as_ref().map(|team| json!({ "id": team, "name": team }));
    let data = json!({
        "name": id,
        "description": "",
        "interval": interval,
        "enabled": true,
        "intervalUnit": unit,
        "expired": state.heartbeat_missed(&id).is_some(),
        "ownerTeam": team,
        "alertTags": [],
        "alertPriority": if it.severity == model::Severity::Page { "P1" } else { "P4" },
        "alertMessage": format!("Heartbeat {id} stopped"),
        "lastPingTime": heard.map(|it| it.to_string()),
    });
    request.data(StatusCode::OK, &data)
}

/// An interval as Opsgenie writes it, rounded up to whole minutes.
fn interval(every: Millis) -> (i64, &'static str) {
    let minutes = (every.0 + 59_999) / 60_000;
    match minutes {
        it if it % 1_440 == 0 => (it / 1_440, "days"),
        it if it % 60 == 0 => (it / 60, "hours"),
        it => (it, "minutes"),
    }
}

/// When a heartbeat was heard last, as exactly as this process knows.
pub(crate) fn last_heard(
    context: &Context,
    state: &engine::State,
    id: &HeartbeatId,
) -> Option<Timestamp> {
    let written = state.watching.heartbeats.get(id).map(|it| it.heard_at);
    context.handle.heard(id).max(written)
}

/// `POST /api/v2/heartbeat/{key}` of GoAlert: 200 without a body, or 404.
async fn goalert(State(context): State<Context>, Path(key): Path<String>) -> Response {
    match by_label(&context, &key).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(Unheard::Unknown) => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
        Err(Unheard::Later(told)) => later(&told),
    }
}

/// `/integrations/v1/{kind}/{key}/heartbeat/` of Grafana `OnCall`.
async fn oncall(
    State(context): State<Context>,
    Path((_kind, key)): Path<(String, String)>,
) -> Response {
    match by_label(&context, &key).await {
        Ok(_) => Json("Ok.").into_response(),
        Err(Unheard::Unknown) => {
            let told = "Integration key was not found, or its label names no heartbeat.\n";
            (StatusCode::FORBIDDEN, told).into_response()
        }
        Err(Unheard::Later(told)) => later(&told),
    }
}

/// A sign of life for the heartbeat that the label of a key names.
async fn by_label(context: &Context, key: &str) -> Result<bool, Unheard> {
    let who = access::by_key(context, key).ok_or(Unheard::Unknown)?;
    let label = key_label(&context.handle.state(), &who);
    let name = label.strip_prefix("heartbeat:").ok_or(Unheard::Unknown)?;
    hear(context, &who, name).await
}
