//! The API of Alertmanager, version 2, as far as its command line and its consoles read it: alerts,
//! groups, receivers and silences.
//!
//! Differences that cannot be hidden: ids of silences are ours (`si_1`), and the author of a silence is
//! whoever the token belongs to, not the name that is sent. The key of a door delivers alerts and
//! nothing else: silencing needs a person's token.

use crate::Context;
use crate::access::Principal;
use alerting::{Matcher, MatcherOp, fingerprint};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use driver::SubmitError;
use engine::{
    Alert, AlertStatus, Command, Event, Origin, Rejected, Silence, SilencePhase, Submission,
};
use model::{Labels, Millis, SilenceId, Timestamp};
use serde_json::{Value, json};

/// The end shown for an alert whose sender repeats it: so long from now.
const LEASE_SHOWN: Millis = Millis::from_mins(5);

/// What a listing is narrowed to.
#[derive(Default)]
struct Asked {
    matchers: Vec<Matcher>,
    active: Option<bool>,
    silenced: Option<bool>,
}

impl Asked {
    fn read(query: Option<&str>) -> Result<Self, String> {
        let mut asked = Self::default();
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            match (&*name, &*value) {
                ("filter", text) if text.trim().is_empty() => {}
                ("filter", text) => {
                    let read = Matcher::parse_list(text).map_err(|it| it.to_string())?;
                    asked.matchers.extend(read);
                }
                ("active", text) => asked.active = Some(text == "true"),
                ("silenced", text) => asked.silenced = Some(text == "true"),
                _ => {}
            }
        }
        Ok(asked)
    }

    /// Whether an alert with these labels is asked for; Alertmanager shows both kinds by default.
    fn wants(&self, labels: &Labels, is_silenced: bool) -> bool {
        let kind = if is_silenced { self.silenced } else { self.active };
        kind.unwrap_or(true) && alerting::matches_all(&self.matchers, labels)
    }
}

/// `GET /api/v2/alerts`
pub(crate) async fn alerts(State(context): State<Context>, RawQuery(query): RawQuery) -> Response {
    match Asked::read(query.as_deref()) {
        Ok(asked) => {
            let found = found(&context, &asked);
            Json(found.into_iter().map(|(_, it)| it).collect::<Vec<Value>>()).into_response()
        }
        Err(told) => bad(&told),
    }
}

/// `GET /api/v2/alerts/groups`: one group per incident, and one for what belongs to none.
pub(crate) async fn groups(State(context): State<Context>, RawQuery(query): RawQuery) -> Response {
    let asked = match Asked::read(query.as_deref()) {
        Ok(asked) => asked,
        Err(told) => return bad(&told),
    };
    let mut groups = std::collections::BTreeMap::<Labels, Vec<Value>>::new();
    for (group, alert) in found(&context, &asked) {
        groups.entry(group).or_default().push(alert);
    }
    let shown = groups.into_iter().map(|(labels, alerts)| {
        json!({ "labels": labels, "receiver": { "name": "lamplighter" }, "alerts": alerts })
    });
    Json(shown.collect::<Vec<Value>>()).into_response()
}

/// `GET /api/v2/receivers`
pub(crate) async fn receivers() -> Response {
    Json(json!([{ "name": "lamplighter" }])).into_response()
}

/// Alerts that fire, each with the labels of its group.
fn found(context: &Context, asked: &Asked) -> Vec<(Labels, Value)> {
    let now = context.clock.now();
    let state = context.handle.state();
    let shown = state.alerts_firing().filter_map(|(_, alert)| {
        let labels = alert.labels()?;
        let silences: Vec<String> = state.silenced_by(alert).map(|it| it.to_string()).collect();
        if !asked.wants(&labels, !silences.is_empty()) {
            return None;
        }
        let incident = alert.incident.map(|it| ("incident".to_owned(), it.to_string()));
        Some((incident.into_iter().collect(), alert_json(alert, &labels, &silences, now)))
    });
    shown.collect()
}

fn alert_json(alert: &Alert, labels: &Labels, silences: &[String], now: Timestamp) -> Value {
    let mut annotations = match &alert.origin {
        Origin::Door { annotations, .. } => annotations.clone(),
        _ => Labels::from([("summary".to_owned(), alert.summary.clone())]),
    };
    let generator_url = annotations.remove(ingest::GENERATOR_URL).unwrap_or_default();
    let ends_at = now.plus(alert.lease.unwrap_or(LEASE_SHOWN));
    json!({
        "labels": labels,
        "annotations": annotations,
        "fingerprint": fingerprint(labels),
        "startsAt": alert.starts_at.to_string(),
        "updatedAt": if alert.status == AlertStatus::Stale { alert.fired_at } else { now }.to_string(),
        "endsAt": ends_at.to_string(),
        "generatorURL": generator_url,
        "receivers": [{ "name": "lamplighter" }],
        "status": {
            "state": if silences.is_empty() { "active" } else { "suppressed" },
            "silencedBy": silences,
            "inhibitedBy": [],
        },
    })
}

/// `GET /api/v2/silences`
pub(crate) async fn silences(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = match Asked::read(query.as_deref()) {
        Ok(asked) => asked,
        Err(told) => return bad(&told),
    };
    let state = context.handle.state();
    let wanted = |it: &Silence| {
        // As Alertmanager: a silence is listed when it has a matcher for each filter.
        asked.matchers.iter().all(|filter| {
            let of_label = it.matchers.iter().find(|own| own.name() == filter.name());
            let value = of_label.map_or("", Matcher::value);
            filter.matches(&Labels::from([(filter.name().to_owned(), value.to_owned())]))
        })
    };
    let shown = state.silences.iter().rev().filter(|(_, it)| wanted(it));
    Json(shown.map(|(id, it)| silence_json(*id, it)).collect::<Vec<Value>>()).into_response()
}

/// `GET /api/v2/silence/{id}`
pub(crate) async fn silence(State(context): State<Context>, Path(id): Path<String>) -> Response {
    let state = context.handle.state();
    let found = SilenceId::parse(&id).and_then(|id| Some((id, state.silences.get(&id)?)));
    match found {
        Some((id, it)) => Json(silence_json(id, it)).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!(format!("there is no silence {id}"))))
            .into_response(),
    }
}

fn silence_json(id: SilenceId, it: &Silence) -> Value {
    let matcher = |it: &Matcher| {
        json!({
            "name": it.name(),
            "value": it.value(),
            "isRegex": matches!(it.op(), MatcherOp::Regex | MatcherOp::NotRegex),
            "isEqual": matches!(it.op(), MatcherOp::Equal | MatcherOp::Regex),
        })
    };
    let (state, updated, ends_at) = match &it.phase {
        SilencePhase::Pending => ("pending", it.set_at, it.ends_at),
        SilencePhase::Active => ("active", it.set_at, it.ends_at),
        SilencePhase::Ended { at, .. } => ("expired", *at, (*at).min(it.ends_at)),
    };
    json!({
        "id": id.to_string(),
        "status": { "state": state },
        "updatedAt": updated.to_string(),
        "startsAt": it.starts_at.to_string(),
        "endsAt": ends_at.to_string(),
        "createdBy": it.by,
        "comment": it.comment.text().unwrap_or("(erased)"),
        "matchers": it.matchers.iter().map(matcher).collect::<Vec<Value>>(),
        "annotations": {},
    })
}

/// `POST /api/v2/silences`: a new one, or one in the place of `id`.
pub(crate) async fn set_silence(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    body: axum::body::Bytes,
) -> Response {
    let Some(by) = who.person().cloned() else { return bad("a person's token is needed") };
    let posted = match ingest::silence::parse(&body) {
        Ok(posted) => posted,
        Err(told) => return bad(&told),
    };
    let ingest::silence::Posted { replaces, matchers, starts_at, ends_at, comment } = posted;
    let silence =
        Command::Silence { by: by.clone(), matchers, starts_at, ends_at, comment, replaces };
    let submission = Submission::person(by, silence);
    match context.handle.submit(submission).await {
        Ok(accepted) => {
            let set = accepted.events.iter().find_map(|it| match &it.event {
                Event::SilenceSet { silence, .. } => Some(silence.to_string()),
                _ => None,
            });
            Json(json!({ "silenceID": set.unwrap_or_default() })).into_response()
        }
        Err(error) => refused(&error),
    }
}

/// `DELETE /api/v2/silence/{id}`
pub(crate) async fn end_silence(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(silence), Some(by)) = (SilenceId::parse(&id), who.person().cloned()) else {
        return (StatusCode::NOT_FOUND, Json(json!(format!("there is no silence {id}"))))
            .into_response();
    };
    let command = Command::EndSilence { silence, by: by.clone() };
    match context.handle.submit(Submission::person(by, command)).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &SubmitError) -> Response {
    let status = match error {
        SubmitError::Rejected(Rejected::Unknown { .. }) => StatusCode::NOT_FOUND,
        SubmitError::Rejected(Rejected::LimitReached { .. }) => StatusCode::SERVICE_UNAVAILABLE,
        SubmitError::Rejected(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(json!(error.to_string()))).into_response()
}

fn bad(told: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!(told))).into_response()
}
