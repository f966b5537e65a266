//! Heartbeats, changes, planned work, and the product watching itself, as JSON and as acts.

use crate::Context;
use crate::access::Principal;
use crate::api::{problem, refused};
use crate::doors::changes::change_json;
use crate::doors::heartbeats::last_heard;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Form, Json};
use engine::{Command, Submission};
use model::{HeartbeatId, Maintenance, Millis, PersonId, Recurrence, Timestamp, WindowId};
use serde::Deserialize;
use serde_json::{Value, json};

/// How a heartbeat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nobody ever heard it, so nobody is called.
    Awaited,
    /// It comes.
    Heard(Timestamp),
    /// It does not come, and people were called.
    Missed(Timestamp),
}

/// How heartbeat `id` stands now.
pub(crate) fn beat(context: &Context, state: &engine::State, id: &HeartbeatId) -> Beat {
    let heard = last_heard(context, state, id);
    match (heard, state.heartbeat_missed(id)) {
        (None, _) => Beat::Awaited,
        (Some(at), Some(_)) => Beat::Missed(at),
        (Some(at), None) => Beat::Heard(at),
    }
}

/// `GET /api/v1/heartbeats`
pub(crate) async fn heartbeats(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let all = state.catalogue().map(|it| it.watched.heartbeats.clone()).unwrap_or_default();
    let shown = all.iter().map(|(id, it)| {
        let (status, heard) = match beat(&context, &state, id) {
            Beat::Awaited => ("awaited", None),
            Beat::Heard(at) => ("heard", Some(at)),
            Beat::Missed(at) => ("missed", Some(at)),
        };
        json!({
            "id": id, "every_ms": it.every.0, "grace_ms": it.grace.0, "severity": it.severity,
            "feature": it.feature, "service": it.service, "team": it.team, "status": status,
            "heard_at": heard.map(|it| it.to_string()), "alert": state.heartbeat_missed(id),
        })
    });
    let synthetic =
        state.watching.synthetic.map(|it| json!({ "at": it.at.to_string(), "took_ms": it.took.0 }));
    let shown: Vec<Value> = shown.collect();
    Json(json!({ "heartbeats": shown, "synthetic": synthetic })).into_response()
}

/// `GET /api/v1/changes`: those in memory, newest first.
pub(crate) async fn changes(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let all = state.watching.changes.iter().rev().map(|(id, it)| change_json(*id, it));
    Json(json!({ "changes": all.collect::<Vec<Value>>() })).into_response()
}

/// `GET /api/v1/maintenance`
pub(crate) async fn maintenance(State(context): State<Context>) -> Response {
    let (state, now) = (context.handle.state(), context.handle.now());
    let shown = state.plans().map(|(id, it)| {
        let next = oncall::window(it, now, &context.zones);
        json!({
            "id": id, "matchers": it.matchers, "when": it.when, "timezone": it.timezone,
            "lasts_ms": it.lasts.0, "owner": it.owner, "reason": it.reason,
            "configured": !state.watching.plans.contains_key(id),
            "next": next.map(|it| json!({
                "starts_at": it.starts.to_string(), "ends_at": it.ends.to_string(),
            })),
        })
    });
    Json(json!({ "maintenance": shown.collect::<Vec<Value>>() })).into_response()
}

/// Planned work as it is sent, by a form or as JSON.
#[derive(Deserialize)]
pub(crate) struct PlanBody {
    id: String,
    matchers: String,
    when: String,
    #[serde(default)]
    timezone: Option<String>,
    minutes: u32,
    #[serde(default)]
    owner: Option<String>,
    reason: String,
}

fn plan(context: &Context, by: &PersonId, body: PlanBody) -> Result<Command, String> {
    let window = WindowId::new(body.id.trim()).map_err(|it| it.to_string())?;
    let owner = match body.owner.as_deref().map(str::trim).filter(|it| !it.is_empty()) {
        Some(owner) => PersonId::new(owner).map_err(|it| it.to_string())?,
        None => by.clone(),
    };
    let own_zone = || {
        let state = context.handle.state();
        let zone = state.catalogue().and_then(|it| it.people.get(by)).map(|it| it.timezone.clone());
        zone.unwrap_or_else(|| "UTC".to_owned())
    };
    let zone = body.timezone.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    let what = Maintenance {
        matchers: body.matchers,
        when: Recurrence::parse(body.when.trim()).map_err(|it| it.to_string())?,
        timezone: zone.unwrap_or_else(own_zone),
        lasts: Millis::from_mins(i64::from(body.minutes.max(1))),
        owner,
        reason: body.reason,
    };
    Ok(Command::PlanMaintenance { window, what: Box::new(what), by: by.clone() })
}

/// `POST /api/v1/maintenance`
pub(crate) async fn plan_api(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Json(body): Json<PlanBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return no_person() };
    match plan(&context, &by, body) {
        Ok(command) => done(&context, by, command).await,
        Err(told) => problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &told, ""),
    }
}

/// `POST /api/v1/maintenance/{id}/cancel`
pub(crate) async fn cancel_api(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(by), Ok(window)) = (who.person().cloned(), WindowId::new(&id)) else {
        return no_person();
    };
    let command = Command::CancelMaintenance { window, by: by.clone() };
    done(&context, by, command).await
}

/// `POST /maintenance`, from the view.
pub(crate) async fn plan_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(body): Form<PlanBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return no_person() };
    match plan(&context, &by, body) {
        Ok(command) => back(&context, by, command).await,
        Err(told) => {
            let told = crate::views::message("That did not work", &told);
            (StatusCode::UNPROCESSABLE_ENTITY, told).into_response()
        }
    }
}

/// `POST /maintenance/{id}/cancel`, from the view.
pub(crate) async fn cancel_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(by), Ok(window)) = (who.person().cloned(), WindowId::new(&id)) else {
        return no_person();
    };
    let command = Command::CancelMaintenance { window, by: by.clone() };
    back(&context, by, command).await
}

async fn done(context: &Context, by: PersonId, command: Command) -> Response {
    match context.handle.submit(Submission::person(by, command)).await {
        Ok(accepted) => Json(json!({ "seq": accepted.seq })).into_response(),
        Err(error) => refused(&error),
    }
}

async fn back(context: &Context, by: PersonId, command: Command) -> Response {
    match context.handle.submit(Submission::person(by, command)).await {
        Ok(_) => Redirect::to("/silences#planned").into_response(),
        Err(error) => crate::forms::failure(&error),
    }
}

fn no_person() -> Response {
    problem(StatusCode::NOT_FOUND, "unknown", "there is no such thing", "")
}
