//! Doors for changes: ours, and PagerDuty's change events.

use super::{key_label, later};
use crate::Context;
use crate::access::{self, Principal};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use driver::{Accepted, SubmitError};
use engine::{Actor, Change, Command, Event, Submission};
use model::{ChangeId, Labels, Timestamp};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes(context: &Context) -> Router<Context> {
    Router::new()
        .route("/api/v1/changes", post(change))
        .layer(DefaultBodyLimit::max(ingest::SIGNAL_BYTES_MAX))
        .route_layer(from_fn_with_state(context.clone(), access::door))
        .route("/v2/change/enqueue", post(pagerduty))
        .layer(DefaultBodyLimit::max(ingest::SIGNAL_BYTES_MAX))
}

#[derive(Deserialize)]
struct Body {
    summary: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    feature: Option<String>,
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    details: Labels,
}

/// `POST /api/v1/changes`, with the key of a door or a person's token.
async fn change(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let invalid = |told: &str| {
        let hint =
            r#"send JSON such as {"summary": "payments-api 1.4", "service": "payments-api"}"#;
        crate::api::problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", told, hint)
    };
    let body: Body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return invalid(&error.to_string()),
    };
    let at = match body.at.as_deref().map(Timestamp::parse_rfc3339) {
        None => context.handle.now(),
        Some(Some(at)) => at,
        Some(None) => return invalid("`at` is not a time; write it as 2026-11-21T03:00:00Z"),
    };
    let source = body.source.unwrap_or_else(|| match &who {
        Principal::Person { id, .. } => id.to_string(),
        Principal::Door(_) => key_label(&context.handle.state(), &who),
    });
    let mut labels = Labels::new();
    let named = [("feature", body.feature), ("service", body.service), ("team", body.team)];
    labels.extend(named.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?))));
    let said = Said { summary: body.summary, source, link: body.link, at, details: body.details };
    let key = headers.get("idempotency-key").and_then(|it| it.to_str().ok());
    match take(&context, &who, said, &labels, key).await {
        Ok(accepted) => {
            let id = accepted.events.iter().find_map(|it| match &it.event {
                Event::ChangeHappened { change, .. } => Some(*change),
                _ => None,
            });
            Json(json!({ "id": id, "repeated": accepted.repeated })).into_response()
        }
        Err(SubmitError::Rejected(refused)) => invalid(&refused.to_string()),
        Err(error) => later(&error.to_string()),
    }
}

/// `POST /v2/change/enqueue`, answered as PagerDuty does.
async fn pagerduty(State(context): State<Context>, body: Bytes) -> Response {
    use super::pagerduty::invalid;
    let event = match ingest::pagerduty::parse_change(&body) {
        Ok(event) => event,
        Err(error) => return invalid(&[error]),
    };
    if event.secret.is_empty() {
        return invalid(&["'routing_key' is missing or blank".to_owned()]);
    }
    let Some(who) = access::by_key(&context, &event.secret) else {
        return invalid(&["Invalid routing key".to_owned()]);
    };
    let change = match event.change {
        Ok(change) => change,
        Err(errors) => return invalid(&errors),
    };
    let said = Said {
        summary: change.summary,
        source: change.source,
        link: change.link,
        at: change.at.unwrap_or_else(|| context.handle.now()),
        details: change.details,
    };
    match take(&context, &who, said, &change.labels, None).await {
        Ok(_) => {
            let body = json!({ "status": "success", "message": "Change event processed" });
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }
        Err(SubmitError::Rejected(refused)) => invalid(&[refused.to_string()]),
        Err(error) => later(&error.to_string()),
    }
}

/// What a sender says of a change.
struct Said {
    summary: String,
    source: String,
    link: Option<String>,
    at: Timestamp,
    details: Labels,
}

async fn take(
    context: &Context,
    who: &Principal,
    said: Said,
    labels: &Labels,
    key: Option<&str>,
) -> Result<Accepted, SubmitError> {
    let change = {
        let state = context.handle.state();
        let label = key_label(&state, who);
        let route = ingest::route_for(labels, &label, state.catalogue());
        let Said { summary, source, link, at, mut details } = said;
        // What is not configured here is kept as it was said.
        let unknown = labels.iter().filter(|(name, _)| match name.as_str() {
            "feature" => route.feature.is_none(),
            "service" => route.service.is_none(),
            "team" => route.team.is_none(),
            _ => true,
        });
        for (name, value) in unknown {
            details.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let (feature, service, team) = (route.feature, route.service, route.team);
        Change { summary, source, feature, service, team, link, at, details }
    };
    let (actor, whose) = match who {
        Principal::Door(token) => (Actor::Door(*token), token.to_string()),
        Principal::Person { id, .. } => (Actor::Person(id.clone()), id.to_string()),
    };
    let key = key.map(|it| format!("{whose}/{it}"));
    let command = Command::Change(Box::new(change));
    context.handle.submit(Submission { actor, reason: None, key, command }).await
}

/// A change for programs.
pub(crate) fn change_json(id: ChangeId, it: &Change) -> serde_json::Value {
    json!({
        "id": id, "summary": it.summary, "source": it.source, "feature": it.feature,
        "service": it.service, "team": it.team, "link": it.link, "at": it.at.to_string(),
        "details": it.details,
    })
}
