//! Dealing with pages over HTTP: keep, give back, hand on, have come back, call now, merge. For programs and for
//! the forms of the incident view.
//!
//! A path names a page or an incident; its prefix says which, so one handler serves both.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem, submit};
use crate::forms::{carry_out, nothing_here};
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Json};
use engine::{Command, Subject};
use model::{IncidentId, Millis, PageId, PersonId};
use serde::Deserialize;

/// The routes, all for people who may write.
pub(crate) fn routes() -> Router<Context> {
    Router::new()
        .route("/incidents/{id}/merge", post(merge_form))
        .route("/incidents/{id}/{act}", post(act_form))
        .route("/api/v1/incidents/{id}/merge", post(merge))
        .route("/api/v1/incidents/{id}/{act}", post(act))
        .route("/api/v1/pages/{id}/{act}", post(act))
}

/// What an act needs to be told; each needs at most one of these.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Told {
    /// How long a snooze lasts.
    #[serde(default)]
    minutes: Option<i64>,
    /// To whom a page is handed.
    #[serde(default)]
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Into {
    #[serde(default)]
    into: String,
}

fn subject(id: &str) -> Option<Subject> {
    IncidentId::parse(id).map(Subject::Incident).or_else(|| PageId::parse(id).map(Subject::Page))
}

/// The command for one of the acts; `Err` says what is missing, `Ok(None)` that there is no such act.
fn command(
    context: &Context,
    what: Subject,
    by: PersonId,
    (act, via): (&str, &str),
    told: &Told,
) -> Result<Option<Command>, &'static str> {
    Ok(Some(match act {
        "renew" => Command::Renew { what, by },
        "wake" => Command::Wake { what, by },
        "give-back" => Command::GiveBack { what, by, via: via.to_owned() },
        "hand" => {
            let to = told.to.as_deref().and_then(|it| PersonId::new(it).ok());
            Command::Hand { what, by, to: to.ok_or("say to whom: `to` is the id of a person")? }
        }
        "snooze" => {
            let minutes = told.minutes.ok_or("say for how long: `minutes` is a whole number")?;
            // The journal's time: that of the clock may differ for a while.
            let until = context.handle.now().plus(Millis(minutes.saturating_mul(60_000)));
            Command::Snooze { what, by, until }
        }
        _ => return Ok(None),
    }))
}

pub(crate) async fn act(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, act)): Path<(String, String)>,
    headers: HeaderMap,
    body: Option<Json<Told>>,
) -> Response {
    let (Some(what), Some(by)) = (subject(&id), who.person().cloned()) else {
        return missing("page or incident", &id);
    };
    let told = body.map(|Json(told)| told).unwrap_or_default();
    match command(&context, what, by, (&act, "api"), &told) {
        Ok(Some(command)) => submit(&context, &who, &headers, command).await,
        Ok(None) => missing("act", &act),
        Err(hint) => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "something is missing", hint)
        }
    }
}

pub(crate) async fn merge(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Option<Json<Into>>,
) -> Response {
    let (Some(incident), Some(by)) = (IncidentId::parse(&id), who.person().cloned()) else {
        return missing("incident", &id);
    };
    let told = body.map(|Json(told)| told.into).unwrap_or_default();
    let Some(into) = IncidentId::parse(&told) else { return missing("incident", &told) };
    submit(&context, &who, &headers, Command::MergeIncidents { incident, into, by }).await
}

pub(crate) async fn act_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, act)): Path<(String, String)>,
    Form(told): Form<Told>,
) -> Response {
    let (Some(incident), Some(by)) = (IncidentId::parse(&id), who.person().cloned()) else {
        return nothing_here();
    };
    match command(&context, Subject::Incident(incident), by, (&act, "view"), &told) {
        Ok(Some(command)) => carry_out(&context, &who, command, &format!("/incidents/{id}")).await,
        _ => nothing_here(),
    }
}

pub(crate) async fn merge_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(told): Form<Into>,
) -> Response {
    let (Some(incident), Some(into), Some(by)) =
        (IncidentId::parse(&id), IncidentId::parse(&told.into), who.person().cloned())
    else {
        return nothing_here();
    };
    let command = Command::MergeIncidents { incident, into, by };
    carry_out(&context, &who, command, &format!("/incidents/{into}")).await
}
