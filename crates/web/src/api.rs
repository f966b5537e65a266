//! JSON for programs, among them our own command line.
//!
//! Errors are `{"error": {"code", "message", "hint"}}`. A command may carry `Idempotency-Key`; sending
//! it again with the same key changes nothing and is answered alike.

use crate::access::{Principal, principal};
use crate::{Context, Mode, forms, reach, show, spent};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use driver::SubmitError;
use engine::{Command, Event, Rejected, SignRole, Submission, WhyId};
use incident::{Incident, Review};
use model::{
    FeatureId, IncidentId, Millis, Objective, PageId, SilenceId, TeamId, Timestamp, TokenId,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// An error as every route here answers it.
pub(crate) fn problem(status: StatusCode, code: &str, message: &str, hint: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message, "hint": hint } });
    (status, Json(body)).into_response()
}

pub(crate) fn missing(what: &str, id: &str) -> Response {
    problem(StatusCode::NOT_FOUND, "unknown", &format!("there is no {what} `{id}`"), "")
}

pub(crate) async fn submit(
    context: &Context,
    who: &Principal,
    headers: &HeaderMap,
    command: Command,
) -> Response {
    let Some(person) = who.person() else { return missing("person", "") };
    let mut submission = Submission::person(person.clone(), command);
    let key = headers.get("idempotency-key").and_then(|it| it.to_str().ok());
    // Keys of different people must not meet.
    submission.key = key.map(|it| format!("{person}/{it}"));
    match context.handle.submit(submission).await {
        Ok(accepted) => {
            let events: Vec<Value> = accepted.events.iter().map(|it| event(&it.event)).collect();
            let body =
                json!({ "seq": accepted.seq, "events": events, "repeated": accepted.repeated });
            Json(body).into_response()
        }
        Err(error) => refused(&error),
    }
}

pub(crate) fn refused(error: &SubmitError) -> Response {
    let told = error.to_string();
    match error {
        SubmitError::Rejected(Rejected::Unknown { .. }) => {
            problem(StatusCode::NOT_FOUND, "unknown", &told, "")
        }
        SubmitError::Rejected(Rejected::NotAllowed(_)) => {
            problem(StatusCode::FORBIDDEN, "not_allowed", &told, "")
        }
        SubmitError::Rejected(Rejected::AlreadyAcknowledged { .. } | Rejected::Over { .. }) => {
            problem(StatusCode::CONFLICT, "already_done", &told, "")
        }
        SubmitError::Rejected(Rejected::Invalid(_)) => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &told, "")
        }
        _ => {
            let mut answer =
                problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &told, "try again");
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
            answer
        }
    }
}

/// Events as ids only: everything else is read where it belongs.
fn event(event: &Event) -> Value {
    let value = serde_json::to_value(event).unwrap_or_default();
    let kept = ["type", "alert", "incident", "page", "silence", "token", "overriding", "swap"];
    let fields = value.as_object().cloned().unwrap_or_default();
    fields.into_iter().filter(|(name, _)| kept.contains(&name.as_str())).collect()
}

pub(crate) async fn ready(State(context): State<Context>) -> Response {
    match (context.ready)() {
        Ok(()) => "ready\n".into_response(),
        Err(told) => (StatusCode::SERVICE_UNAVAILABLE, format!("{told}\n")).into_response(),
    }
}

/// Metrics name no person, but they do tell how things stand: a token is wanted where there is one
/// to be had.
pub(crate) async fn metrics(
    State(context): State<Context>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    if matches!(context.mode, Mode::Serve) && principal(&context, &headers, &uri).is_none() {
        let hint = "send `Authorization: Bearer …` with an API token or a door key";
        return problem(StatusCode::UNAUTHORIZED, "not_logged_in", "no valid token", hint);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], (context.metrics)()).into_response()
}

pub(crate) async fn status(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let features: Vec<Value> = state
        .catalogue()
        .map(|it| it.features.keys().map(|id| feature_json(&context, &state, id)).collect())
        .unwrap_or_default();
    let incidents: Vec<Value> =
        state.incidents_open().map(|(_, it)| incident_json(&state, it)).collect();
    let failing: Vec<String> = state.sources_failing.keys().map(ToString::to_string).collect();
    let body = json!({
        "now": context.clock.now().to_string(),
        "features": features,
        "incidents": incidents,
        "sources_failing": failing,
        "alerts_firing": state.firing.len(),
    });
    Json(body).into_response()
}

fn feature_json(context: &Context, state: &engine::State, id: &FeatureId) -> Value {
    let Some(feature) = state.catalogue().and_then(|it| it.features.get(id)) else {
        return Value::Null;
    };
    let board = context.board();
    let assessment = board.assess_feature(id, context.measured_minute(&board));
    let signed = |role| state.signature(id, role).map(|it| it.by.to_string());
    let (terms, terms_sha256) = crate::promises::signed_words(feature);
    json!({
        "terms": terms,
        "terms_sha256": terms_sha256,
        "budget_state": crate::promises::budget_state(assessment.as_ref()),
        "waiver": crate::promises::waiver_json(state.waiver(id, context.clock.now())),
        "id": id,
        "question": feature.question,
        "team": feature.team,
        "objective": feature.objective,
        "estimate": feature.needs.slos().len() > 1 && feature.own.measured.is_none(),
        "approximate": !crate::estimates::estimated(state, id).is_empty(),
        "budget": show::budget_words(assessment.as_ref()),
        "history": crate::history::json(&board, id, feature),
        "not_counted": crate::exclusions::hidden_words(assessment.as_ref()),
        "not_measurable": assessment.as_ref().and_then(|it| Some(it.thin?.told(it.window))),
        "assessment": assessment,
        "review": crate::revisions::review_json(context, state, id),
        "labels": feature.labels,
        "signed": { "product": signed(SignRole::Product), "engineering": signed(SignRole::Engineering) },
    })
}

pub(crate) async fn feature(State(context): State<Context>, Path(id): Path<String>) -> Response {
    let state = context.handle.state();
    let known = FeatureId::new(&id)
        .ok()
        .filter(|it| state.catalogue().is_some_and(|all| all.features.contains_key(it)));
    match known {
        Some(known) => {
            let mut body = feature_json(&context, &state, &known);
            let board = context.board();
            let end = context.measured_minute(&board);
            body["composition"] = spent::json(&board, &known, end);
            body["spent_by_owner"] = spent::owners_json(&board, &known, end, state.catalogue());
            let calendar = crate::by_time::calendar(&board, &state, &known, end);
            body["spent_by_time"] = crate::by_time::json(&calendar);
            if let Some(feature) = state.catalogue().and_then(|it| it.features.get(&known)) {
                body["segments"] =
                    crate::views::feature::segments_json(&board, &state, &known, feature, end);
            }
            body["revisions"] = crate::revisions::json(&state, &known);
            Json(body).into_response()
        }
        None => missing("feature", &id),
    }
}

fn incident_json(state: &engine::State, it: &Incident) -> Value {
    let span = |it: Option<model::Millis>| it.map(|it| it.0);
    let review = match &it.review {
        Review::NotAsked => "not_asked",
        Review::Asked { .. } => "asked",
        Review::Published { .. } => "published",
    };
    json!({
        "id": it.id,
        "title": it.title,
        "feature": it.feature,
        "team": it.team,
        "opened_at": it.opened_at.to_string(),
        "acknowledged_by": it.acknowledged.as_ref().map(|(by, _)| by),
        "held_by": state.holder(it.id),
        "merged_into": it.merged_into,
        "resolved_at": it.resolved.as_ref().map(|(at, _)| at.to_string()),
        "review": review,
        "time_to_acknowledge_ms": span(it.time_to_acknowledge()),
        "time_to_resolve_ms": span(it.time_to_resolve()),
        "time_to_reflect_ms": span(it.time_to_reflect()),
        "notes": it.notes.iter().map(note_json).collect::<Vec<_>>(),
        "alerts": it.alerts,
        "pages": it.pages,
    })
}

fn note_json(it: &incident::Note) -> Value {
    json!({ "at": it.at.to_string(), "by": it.by, "via": it.via, "text": it.text.text() })
}

pub(crate) async fn incidents(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let all: Vec<Value> =
        state.incidents.values().rev().map(|it| incident_json(&state, it)).collect();
    Json(json!({ "incidents": all })).into_response()
}

pub(crate) async fn incident(State(context): State<Context>, Path(id): Path<String>) -> Response {
    let state = context.handle.state();
    match IncidentId::parse(&id).and_then(|it| state.incidents.get(&it)) {
        Some(it) => Json(incident_json(&state, it)).into_response(),
        None => missing("incident", &id),
    }
}

#[derive(Deserialize)]
pub(crate) struct At {
    at: Option<String>,
}

pub(crate) async fn oncall(State(context): State<Context>, Query(query): Query<At>) -> Response {
    let at = match query.at.as_deref().map(Timestamp::parse_rfc3339) {
        None => context.clock.now(),
        Some(Some(at)) => at,
        Some(None) => {
            let hint = "write it as 2026-11-21T03:00:00Z";
            return problem(StatusCode::BAD_REQUEST, "invalid", "`at` is not a time", hint);
        }
    };
    let state = context.handle.state();
    let rotas = state.catalogue().map(|it| {
        let rotas = it.rotas.keys().map(|id| {
            let shift = state.on_duty(id, at, &context.zones)?;
            let reached = shift.people.iter().map(|it| reach::person_json(&state, it, at));
            Some(json!({
                "rota": id,
                "people": shift.people,
                "until": shift.ends.to_string(),
                "reached": reached.collect::<Vec<Value>>(),
            }))
        });
        rotas.flatten().collect::<Vec<Value>>()
    });
    Json(json!({ "at": at.to_string(), "rotas": rotas.unwrap_or_default() })).into_response()
}

pub(crate) async fn why(State(context): State<Context>, Path(id): Path<String>) -> Response {
    let Some(parsed) = WhyId::parse(&id) else {
        let hint = "ids look like in_1, al_1, pg_1 or no_1";
        return problem(StatusCode::BAD_REQUEST, "invalid", "this is not an id", hint);
    };
    match context.handle.why(parsed).await {
        Ok(lines) if lines.is_empty() => missing("record of", &id),
        Ok(lines) => {
            let line = |it: &engine::WhyLine| json!({ "seq": it.seq, "at": it.at.to_string(), "text": it.text });
            Json(json!({ "lines": lines.iter().map(line).collect::<Vec<_>>() })).into_response()
        }
        Err(error) => {
            problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &error.to_string(), "")
        }
    }
}

pub(crate) async fn head(State(context): State<Context>) -> Response {
    match context.handle.head().await {
        Ok(head) => {
            let hash = crate::passwords::hex(&head.hash);
            Json(json!({ "seq": head.seq, "hash": hash })).into_response()
        }
        Err(error) => {
            problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &error.to_string(), "")
        }
    }
}

pub(crate) async fn acknowledge_page(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (Some(page), Some(by)) = (PageId::parse(&id), who.person().cloned()) else {
        return missing("page", &id);
    };
    let command = Command::AcknowledgePage { page, by, via: "api".to_owned() };
    submit(&context, &who, &headers, command).await
}

pub(crate) async fn acknowledge_incident(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (Some(incident), Some(by)) = (IncidentId::parse(&id), who.person().cloned()) else {
        return missing("incident", &id);
    };
    let command = Command::AcknowledgeIncident { incident, by, via: "api".to_owned() };
    submit(&context, &who, &headers, command).await
}

pub(crate) async fn resolve(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (Some(incident), Some(by)) = (IncidentId::parse(&id), who.person().cloned()) else {
        return missing("incident", &id);
    };
    submit(&context, &who, &headers, Command::ResolveIncident { incident, by }).await
}

#[derive(Deserialize)]
pub(crate) struct ReviewBody {
    text: String,
}

pub(crate) async fn review(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ReviewBody>,
) -> Response {
    let (Some(incident), Some(by)) = (IncidentId::parse(&id), who.person().cloned()) else {
        return missing("incident", &id);
    };
    let command = Command::PublishReview { incident, by, text: body.text };
    submit(&context, &who, &headers, command).await
}

#[derive(Deserialize)]
pub(crate) struct RaiseBody {
    title: String,
    #[serde(default)]
    feature: Option<FeatureId>,
    #[serde(default)]
    team: Option<TeamId>,
}

pub(crate) async fn raise(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Json(body): Json<RaiseBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    let command = Command::Raise { by, title: body.title, feature: body.feature, team: body.team };
    submit(&context, &who, &headers, command).await
}

#[derive(Deserialize)]
pub(crate) struct SilenceBody {
    /// As people write them: `alertname="TooSlow", mast=~"7|8"`.
    matchers: String,
    /// From now on.
    minutes: u32,
    comment: String,
}

pub(crate) async fn silence(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Json(body): Json<SilenceBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    let matchers = match alerting::Matcher::parse_list(&body.matchers) {
        Ok(matchers) => matchers,
        Err(error) => {
            return problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &error.to_string(), "");
        }
    };
    // The journal's time: that of the clock may differ for a while.
    let starts_at = context.handle.now();
    let ends_at = starts_at.plus(Millis::from_mins(i64::from(body.minutes)));
    let comment = body.comment;
    let command = Command::Silence { by, matchers, starts_at, ends_at, comment, replaces: None };
    submit(&context, &who, &headers, command).await
}

pub(crate) async fn end_silence(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (Some(silence), Some(by)) = (SilenceId::parse(&id), who.person().cloned()) else {
        return missing("silence", &id);
    };
    submit(&context, &who, &headers, Command::EndSilence { silence, by }).await
}

#[derive(Deserialize)]
pub(crate) struct SignBody {
    role: SignRole,
    objective: Objective,
}

pub(crate) async fn sign(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<SignBody>,
) -> Response {
    let (Ok(feature), Some(by)) = (FeatureId::new(&id), who.person().cloned()) else {
        return missing("feature", &id);
    };
    let command = Command::Sign { feature, role: body.role, by, objective: body.objective };
    submit(&context, &who, &headers, command).await
}

pub(crate) async fn tokens(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let token = |(id, it): (&TokenId, &engine::Token)| {
        json!({
            "id": id, "kind": it.kind, "person": it.person, "label": it.label,
            "issued_at": it.issued_at.to_string(),
            "expires_at": it.expires_at.map(|it| it.to_string()),
        })
    };
    let all: Vec<Value> = state.access.tokens.iter().map(token).collect();
    Json(json!({ "tokens": all })).into_response()
}

#[derive(Deserialize)]
pub(crate) struct TokenBody {
    kind: String,
    label: String,
}

pub(crate) async fn issue_token(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Json(body): Json<TokenBody>,
) -> Response {
    let Some(person) = who.person() else { return missing("person", "") };
    match forms::make_token(&context, person, &body.kind, &body.label).await {
        Ok((id, secret)) => Json(json!({ "id": id, "secret": secret })).into_response(),
        Err(error) => refused(&error),
    }
}

pub(crate) async fn revoke_token(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(token) = TokenId::parse(&id) else { return missing("token", &id) };
    submit(&context, &who, &headers, Command::RevokeToken { token }).await
}

/// Reads the configuration again. A bad file changes nothing, and the answer says why.
pub(crate) async fn reload(State(context): State<Context>) -> Response {
    match (context.reload)().await {
        Ok(told) => (StatusCode::OK, format!("{told}\n")).into_response(),
        Err(told) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{told}\n")).into_response(),
    }
}
