//! Opsgenie's doors: `/v2/alerts`, what is done to an alert afterwards, and how a request ended,
//! answered as Opsgenie does.
//!
//! The key stands in `Authorization: GenieKey …`. Everything is done when 202 is answered, though the
//! words, which are Opsgenie's, promise it for later; what became of it is told at
//! `/v2/alerts/requests/{id}`, as long as this process remembers.

use super::{Entry, key_label, later};
use crate::Context;
use crate::access::{self, Principal};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use driver::SubmitError;
use engine::{Actor, Alert, AlertStatus, Command, Event, Origin, State as EngineState, Submission};
use ingest::opsgenie::{Act, ActBody, Refused, act, act_body, close, create};
use ingest::{Place, Signal, Step};
use model::{AlertId, Labels, Medium, PersonId, Severity, Timestamp};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Requests of which is remembered what became of them.
const REQUESTS_MAX: usize = 10_000;

/// Every door of Opsgenie's but those for heartbeats.
pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/v2/alerts", post(alerts))
        .route("/v2/alerts/requests/{id}", get(request_status))
        .route("/v2/alerts/{identifier}", get(alert))
        .route("/v2/alerts/{identifier}/{action}", post(action).put(action))
        .layer(DefaultBodyLimit::max(ingest::SIGNAL_BYTES_MAX))
        .layer(Extension(Requests::default()))
}

/// What became of the most recent requests.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<VecDeque<Done>>>);

/// What became of one request.
#[derive(Clone)]
struct Done {
    id: String,
    /// Whose: nobody else is told.
    scope: String,
    action: &'static str,
    at: Timestamp,
    success: bool,
    status: String,
    alert: Option<AlertId>,
    alias: String,
}

impl Requests {
    fn keep(&self, done: Done) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REQUESTS_MAX {
            all.pop_front();
        }
        all.push_back(done);
    }

    fn find(&self, id: &str, scope: &str) -> Option<Done> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().find(|it| it.id == id && it.scope == scope).cloned()
    }
}

/// `POST /v2/alerts`.
async fn alerts(
    State(context): State<Context>,
    Extension(requests): Extension<Requests>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new();
    let Some(who) = known(&context, &headers, &uri) else { return request.unknown() };
    match create(&body) {
        Ok(signal) => {
            let alias = signal.key.clone().unwrap_or_else(|| request.id.clone());
            request.take(&context, &who, &requests, "Create", &alias, signal).await
        }
        Err(Refused::Shape(told)) => {
            request.answer(StatusCode::BAD_REQUEST, "message", &format!("Invalid JSON: {told}"))
        }
        Err(Refused::Field { name, told }) => request.unprocessable(&json!({ name: told })),
    }
}

/// `POST /v2/alerts/{identifier}/{action}`, whatever its `identifierType`.
async fn action(
    State(context): State<Context>,
    Extension(requests): Extension<Requests>,
    Path((identifier, action)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new();
    let Some(who) = known(&context, &headers, &uri) else { return request.unknown() };
    let alias = alias_of(&context, &who, identifier.trim());
    match act(&action) {
        Some(Act::Close) => {
            request.take(&context, &who, &requests, "Close", &alias, close(&alias)).await
        }
        Some(Act::Acknowledge) => {
            let outcome = acknowledge(&context, &who, &alias, &act_body(&body)).await;
            match outcome {
                Ok((success, status)) => request.noted(
                    &context,
                    &who,
                    &requests,
                    "Acknowledge",
                    &alias,
                    success,
                    &status,
                ),
                Err(told) => later(&told),
            }
        }
        Some(Act::Nothing(told)) => {
            tracing::info!(door = "opsgenie", action, "{told}");
            request.noted(&context, &who, &requests, name_of(&action), &alias, false, told)
        }
        None => request.answer(
            StatusCode::NOT_FOUND,
            "message",
            &format!("`{action}` is not understood here; close and acknowledge are"),
        ),
    }
}

/// What Opsgenie calls an action that is answered and not done.
fn name_of(action: &str) -> &'static str {
    match action {
        "unacknowledge" => "UnAcknowledge",
        "snooze" => "Snooze",
        "escalate" => "EscalateToNext",
        "assign" => "Assign",
        "notes" => "AddNote",
        _ => "Update",
    }
}

/// Takes the page of an alert for the person whom the request names.
async fn acknowledge(
    context: &Context,
    who: &Principal,
    alias: &str,
    body: &ActBody,
) -> Result<(bool, String), String> {
    let (incident, by) = {
        let state = context.handle.state();
        let Some((_, alert)) = find(&state, who, alias) else {
            return Ok((false, "Alert does not exist".to_owned()));
        };
        let Some(by) = named(&state, who, body.user.as_deref()) else {
            let told = "`user` names nobody of this organisation by id or e-mail address, and only \
                        people take pages";
            return Ok((false, told.to_owned()));
        };
        let Some(incident) = alert.incident else {
            return Ok((false, "nobody was called for this alert".to_owned()));
        };
        (incident, by)
    };
    let actor = match who {
        Principal::Door(token) => Actor::Door(*token),
        Principal::Person { id, .. } => Actor::Person(id.clone()),
    };
    let command = Command::AcknowledgeIncident { incident, by, via: "opsgenie".to_owned() };
    let submission = Submission { actor, reason: body.note.clone(), key: None, command };
    match context.handle.submit(submission).await {
        Ok(_) => Ok((true, "Acknowledged alert".to_owned())),
        Err(SubmitError::Rejected(refused)) => Ok((false, refused.to_string())),
        Err(error) => Err(error.to_string()),
    }
}

/// The person who asks, or whom `user` names by id or e-mail address.
fn named(state: &EngineState, who: &Principal, user: Option<&str>) -> Option<PersonId> {
    if let Principal::Person { id, .. } = who {
        return Some(id.clone());
    }
    let user = user?.trim();
    let people = &state.catalogue()?.people;
    let by_mail = || {
        let has = |it: &&model::Contact| {
            let address = it.address.text().unwrap_or_default();
            it.medium == Medium::Email && address.eq_ignore_ascii_case(user)
        };
        people.iter().find(|(_, it)| it.contacts.iter().any(|it| has(&it))).map(|(id, _)| id)
    };
    people.keys().find(|it| it.as_str() == user).or_else(by_mail).cloned()
}

/// `GET /v2/alerts/requests/{id}`.
async fn request_status(
    State(context): State<Context>,
    Extension(requests): Extension<Requests>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let request = Request::new();
    let Some(who) = known(&context, &headers, &uri) else { return request.unknown() };
    let Some(done) = requests.find(&id, &scope(&who)) else {
        let told = "Request not found. It might not be processed, yet.";
        return request.answer(StatusCode::NOT_FOUND, "message", told);
    };
    let alert = done.alert.map(|it| it.to_string()).unwrap_or_default();
    let data = json!({
        "success": done.success,
        "action": done.action,
        "processedAt": done.at.to_string(),
        "integrationId": done.scope,
        "isSuccess": done.success,
        "status": done.status,
        "alertId": alert,
        "alias": if alert.is_empty() { "" } else { &done.alias },
    });
    request.data(StatusCode::OK, &data)
}

/// `GET /v2/alerts/{identifier}`: by alias, or by our id.
async fn alert(
    State(context): State<Context>,
    Path(identifier): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let request = Request::new();
    let Some(who) = known(&context, &headers, &uri) else { return request.unknown() };
    let alias = alias_of(&context, &who, identifier.trim());
    let state = context.handle.state();
    let Some((id, it)) = find(&state, &who, &alias) else {
        let told = format!("Alert with id [{identifier}] does not exist.");
        return request.answer(StatusCode::NOT_FOUND, "message", &told);
    };
    let owner = it.incident.and_then(|it| state.holder(it)).map(ToString::to_string);
    let over = matches!(it.status, AlertStatus::Resolved { .. });
    let data = json!({
        "id": id.to_string(),
        "tinyId": id.0.to_string(),
        "alias": alias,
        "message": it.summary,
        "status": if over { "closed" } else { "open" },
        "acknowledged": owner.is_some(),
        "isSeen": owner.is_some(),
        "owner": owner.unwrap_or_default(),
        "snoozed": false,
        "count": 1,
        "tags": [],
        "createdAt": it.fired_at.to_string(),
        "updatedAt": it.updated_at.unwrap_or(it.fired_at).to_string(),
        "lastOccurredAt": it.fired_at.to_string(),
        "source": key_label(&state, &who),
        "priority": if it.severity == Severity::Page { "P1" } else { "P4" },
    });
    request.data(StatusCode::OK, &data)
}

fn scope(who: &Principal) -> String {
    match who {
        Principal::Door(token) => token.to_string(),
        Principal::Person { id, .. } => id.to_string(),
    }
}

/// The alert behind an alias of this key, firing or just over.
fn find<'a>(state: &'a EngineState, who: &Principal, alias: &str) -> Option<(AlertId, &'a Alert)> {
    let scope = scope(who);
    let place = Place { door: "opsgenie", scope: &scope, new_key: alias };
    let ends = close(alias).steps(&place, |_| Severity::Page, Timestamp(0)).ok()?;
    let keys: Vec<String> = ends
        .into_iter()
        .filter_map(|it| match it {
            Step::End(fingerprint) => Some(format!("door/{fingerprint}")),
            Step::Fire { .. } => None,
        })
        .collect();
    let firing = keys.iter().find_map(|it| state.firing.get(it)).copied();
    let id = firing.or_else(|| {
        state.alerts.iter().rev().find(|(_, it)| keys.contains(&it.key)).map(|(id, _)| *id)
    })?;
    Some((id, state.alerts.get(&id)?))
}

/// The alias that is meant: `identifier` itself, or the one of the alert with that id, if this key
/// sent it.
fn alias_of(context: &Context, who: &Principal, identifier: &str) -> String {
    let state = context.handle.state();
    let by_id = AlertId::parse(identifier).and_then(|id| {
        let Origin::Door { labels, .. } = &state.alerts.get(&id)?.origin else { return None };
        let alias = Labels::get(labels, "key")?;
        let (found, _) = find(&state, who, alias)?;
        (found == id).then(|| alias.clone())
    });
    by_id.unwrap_or_else(|| identifier.to_owned())
}

/// Who holds the key of a request.
pub(super) fn known(context: &Context, headers: &HeaderMap, uri: &Uri) -> Option<Principal> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    match authorization.and_then(|it| it.strip_prefix("GenieKey ")) {
        Some(key) => access::by_key(context, key.trim()),
        // The key as the password of basic authentication, as Opsgenie takes it too.
        None => access::by_key(context, &access::presented(headers, uri)?),
    }
}

/// The frame of an answer.
pub(super) struct Request {
    id: String,
}

impl Request {
    pub(super) fn new() -> Self {
        Self { id: random_uuid() }
    }

    async fn take(
        &self,
        context: &Context,
        who: &Principal,
        requests: &Requests,
        action: &'static str,
        alias: &str,
        signal: Signal,
    ) -> Response {
        let entry = Entry { context, who, door: "opsgenie", new_key: &self.id };
        match entry.take(vec![signal]).await {
            Ok(taken) => {
                let closed = taken.events().any(|it| matches!(it, Event::AlertResolved { .. }));
                let (success, status) = match action {
                    "Close" if closed => (true, "Closed alert"),
                    "Close" => (false, "Alert does not exist"),
                    _ if taken.is_new() => (true, "Created alert"),
                    _ => (true, "Added to the open alert"),
                };
                self.noted(context, who, requests, action, alias, success, status)
            }
            Err(refused) => refused.into_response_or(|errors| {
                self.unprocessable(&json!({ "details": errors.join("; ") }))
            }),
        }
    }

    /// Remembers what became of the request, and answers it.
    #[expect(clippy::too_many_arguments, reason = "each is one field of what is remembered")]
    fn noted(
        &self,
        context: &Context,
        who: &Principal,
        requests: &Requests,
        action: &'static str,
        alias: &str,
        success: bool,
        status: &str,
    ) -> Response {
        let alert = find(&context.handle.state(), who, alias).map(|(id, _)| id);
        requests.keep(Done {
            id: self.id.clone(),
            scope: scope(who),
            action,
            at: context.handle.now(),
            success,
            status: status.to_owned(),
            alert,
            alias: alias.to_owned(),
        });
        self.answer(StatusCode::ACCEPTED, "result", "Request will be processed")
    }

    fn unprocessable(&self, errors: &Value) -> Response {
        let told = "Request body is not processable. Please check the errors.";
        let body = json!({
            "message": told, "errors": errors, "took": 0.0, "requestId": self.id,
        });
        (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
    }

    pub(super) fn unknown(&self) -> Response {
        self.answer(StatusCode::UNAUTHORIZED, "message", "Could not authenticate")
    }

    pub(super) fn answer(&self, status: StatusCode, name: &str, told: &str) -> Response {
        let body = json!({ name: told, "took": 0.0, "requestId": self.id });
        (status, [("x-request-id", self.id.clone())], Json(body)).into_response()
    }

    pub(super) fn data(&self, status: StatusCode, data: &Value) -> Response {
        let body = json!({ "data": data, "took": 0.0, "requestId": self.id });
        (status, [("x-request-id", self.id.clone())], Json(body)).into_response()
    }
}

/// A UUID of version 4.
fn random_uuid() -> String {
    let hex = super::random_key();
    let variant = ["8", "9", "a", "b"][usize::from(hex.as_bytes()[16] % 4)];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}
