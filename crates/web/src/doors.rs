//! Doors for alerts. 200 only after everything valid is durable; trouble of ours is 503, because
//! senders retry a 5xx and give up on a 4xx.

use crate::Context;
use crate::access::Principal;
use alerting::{Normalised, Status};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use driver::SubmitError;
use engine::{Actor, Command, DoorAlert, DoorLife, Rejected, Submission};
use ingest::{alertmanager_v2, webhook_v4};
use serde_json::json;

/// Seconds after which a sender may come again.
const RETRY_AFTER: &str = "5";

/// `POST /api/v2/alerts`: valid alerts are taken even when others are not, as Alertmanager does.
pub(crate) async fn alertmanager_v2(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    body: Bytes,
) -> Response {
    let parsed = match alertmanager_v2::parse(&body, context.clock.now()) {
        Ok(parsed) => parsed,
        Err(refused) => return bad(&refused.to_string()),
    };
    let life = |it: &Normalised| match it.status {
        Status::Firing => DoorLife::FiringUntil(it.ends_at),
        Status::Resolved => DoorLife::Resolved,
    };
    let alerts = parsed.alerts.into_iter().map(|it| (life(&it), it)).collect();
    if let Err(unavailable) = take(&context, &who, "alertmanager-v2", alerts).await {
        return unavailable;
    }
    if parsed.errors.is_empty() {
        StatusCode::OK.into_response()
    } else {
        bad(&parsed.errors.join("; "))
    }
}

/// `POST /api/v1/alertmanager`: the webhook of an Alertmanager.
pub(crate) async fn webhook_v4(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    body: Bytes,
) -> Response {
    let parsed = match webhook_v4::parse(&body, context.clock.now()) {
        Ok(parsed) => parsed,
        Err(refused) => return bad(&refused.to_string()),
    };
    if parsed.truncated > 0 {
        let count = parsed.truncated;
        tracing::warn!(count, "Alertmanager left out alerts: raise `max_alerts` of its receiver");
    }
    let life = |it: &Normalised| match it.status {
        Status::Firing => DoorLife::FiringStaleAfter(webhook_v4::STALE_AFTER),
        Status::Resolved => DoorLife::Resolved,
    };
    let alerts = parsed.alerts.into_iter().map(|it| (life(&it), it)).collect();
    if let Err(unavailable) = take(&context, &who, "alertmanager-webhook", alerts).await {
        return unavailable;
    }
    if parsed.errors.is_empty() {
        (StatusCode::OK, "ok\n").into_response()
    } else {
        bad(&parsed.errors.join("; "))
    }
}

/// `GET /api/v2/status`: enough for clients that look before they send.
pub(crate) async fn status(State(context): State<Context>) -> Response {
    let started = context.handle.state().at.to_string();
    axum::Json(json!({
        "cluster": { "status": "disabled" },
        "versionInfo": { "version": env!("CARGO_PKG_VERSION"), "branch": "", "buildDate": "",
            "buildUser": "", "goVersion": "", "revision": "" },
        "config": { "original": "" },
        "uptime": started,
    }))
    .into_response()
}

/// Submits all alerts at once, so that they share one transaction, and waits for every answer.
async fn take(
    context: &Context,
    who: &Principal,
    door: &str,
    alerts: Vec<(DoorLife, Normalised)>,
) -> Result<(), Response> {
    let actor = match who {
        Principal::Door(token) => Actor::Door(*token),
        Principal::Person { id, .. } => Actor::Person(id.clone()),
    };
    let submissions: Vec<Submission> = {
        let state = context.handle.state();
        let command = |(life, it): (DoorLife, Normalised)| {
            let route = ingest::route(&it.labels, state.catalogue());
            Command::Receive(Box::new(DoorAlert {
                door: door.to_owned(),
                fingerprint: it.fingerprint,
                labels: it.labels,
                annotations: it.annotations,
                starts_at: it.starts_at,
                life,
                severity: route.severity,
                feature: route.feature,
                service: route.service,
                team: route.team,
                routed_by: route.routed_by,
            }))
        };
        let submission =
            |command| Submission { actor: actor.clone(), reason: None, key: None, command };
        alerts.into_iter().map(command).map(submission).collect()
    };
    let answers = submissions.into_iter().map(|it| context.handle.submit(it));
    for answer in futures_util::future::join_all(answers).await {
        match answer {
            Ok(_) => {}
            Err(SubmitError::Rejected(refused))
                if !matches!(refused, Rejected::LimitReached { .. }) =>
            {
                // Nothing about a well-formed alert can be refused; if something is, say so loudly
                // and let the sender try again.
                tracing::error!("an alert was refused: {refused}");
                return Err(later(&refused.to_string()));
            }
            Err(error) => return Err(later(&error.to_string())),
        }
    }
    Ok(())
}

fn bad(told: &str) -> Response {
    (StatusCode::BAD_REQUEST, axum::Json(json!(told))).into_response()
}

fn later(told: &str) -> Response {
    let retry = [(header::RETRY_AFTER, RETRY_AFTER)];
    (StatusCode::SERVICE_UNAVAILABLE, retry, format!("{told}\n")).into_response()
}
