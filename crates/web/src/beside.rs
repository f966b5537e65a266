//! Two pagers beside each other, and how much one person gets: doors for what the other pager did, the
//! comparison, the switch, and the limits of load, for programs and for forms.
//!
//! Invariants:
//! - what another pager did is recorded and calls nobody;
//! - a webhook of `PagerDuty` whose signature is wrong is refused wherever a secret is configured;
//! - only an administrator makes the switch.

#[cfg(test)]
mod tests;

use crate::access::Principal;
use crate::api::problem;
use crate::doors::{self, bad};
use crate::forms::carry_out;
use crate::{Context, forms};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use engine::{Command, Event, Heard, LoadEntry, LoadOutcome, TheirAct};
use ingest::beside::{self, Act, Done};
use model::{AlertId, Millis, RotaId, SecretRef, TeamId, Timestamp};
use ring::hmac;
use serde::Deserialize;
use serde_json::{Value, json};
use shadow::{Comparison, Difference, Kind, Who};
use std::fmt::Write as _;

/// How far the comparison looks back unless asked otherwise.
const DAYS: i64 = 14;

/// Doors for what the other pager did.
pub(crate) fn routes(context: &Context) -> Router<Context> {
    Router::new()
        .route("/api/v1/shadow/calls", post(plain))
        .route("/api/v1/shadow/csv", post(csv))
        .route("/api/v1/shadow/pagerduty", post(pagerduty))
        .route("/api/v1/shadow/opsgenie", post(opsgenie))
        .route("/api/v1/shadow/goalert", post(goalert))
        .route("/api/v1/shadow/oncall", post(oncall))
        .layer(DefaultBodyLimit::max(ingest::BODY_BYTES_MAX))
        .route_layer(from_fn_with_state(context.clone(), crate::access::door))
}

async fn plain(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let parsed = if kind.starts_with("text/csv") {
        std::str::from_utf8(&body)
            .map_err(|_| "the file is not UTF-8".to_owned())
            .and_then(|it| beside::csv(it, "another pager"))
    } else {
        beside::plain(&body)
    };
    answered(&context, &who, parsed).await
}

#[derive(Deserialize)]
struct Table {
    #[serde(default)]
    system: Option<String>,
    csv: String,
}

/// A table within JSON, with the name of the pager it came from.
async fn csv(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    body: Bytes,
) -> Response {
    let parsed = serde_json::from_slice::<Table>(&body)
        .map_err(|it| format!("the body is not `{{\"system\": …, \"csv\": …}}`: {it}"))
        .and_then(|it| beside::csv(&it.csv, it.system.as_deref().unwrap_or("another pager")));
    answered(&context, &who, parsed).await
}

async fn answered(
    context: &Context,
    who: &Principal,
    parsed: Result<beside::Parsed, String>,
) -> Response {
    let parsed = match parsed {
        Ok(it) => it,
        Err(told) => return problem(StatusCode::BAD_REQUEST, "unreadable", &told, ""),
    };
    let recorded = match record(context, who, parsed.done).await {
        Ok(count) => count,
        Err(response) => return response,
    };
    let body = json!({ "recorded": recorded, "errors": parsed.errors });
    Json(body).into_response()
}

async fn pagerduty(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let secret = {
        let state = context.handle.state();
        state.catalogue().and_then(|it| it.pager.pagerduty_secret.clone())
    };
    if let Some(secret) = secret
        && let Some(refused) = unsigned(&secret, &headers, &body)
    {
        return refused;
    }
    webhook(&context, &who, beside::pagerduty(&body)).await
}

/// The refusal, unless the body is signed: `X-PagerDuty-Signature: v1=<hex HMAC-SHA256 of the body>`,
/// several with commas while secrets change hands (PagerDuty, "Webhook signatures").
fn unsigned(secret: &SecretRef, headers: &HeaderMap, body: &[u8]) -> Option<Response> {
    let secret = match channels::secrets::resolve(secret) {
        Ok(secret) => secret,
        Err(missing) => {
            tracing::error!("webhooks of PagerDuty cannot be checked: {missing}");
            return Some(doors::later("the secret of these webhooks is missing here"));
        }
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let given = headers.get("x-pagerduty-signature").and_then(|it| it.to_str().ok()).unwrap_or("");
    let fits = |it: &str| {
        let tag = it.trim().strip_prefix("v1=").and_then(unhex);
        tag.is_some_and(|tag| hmac::verify(&key, body, &tag).is_ok())
    };
    let refused = || (StatusCode::UNAUTHORIZED, "no valid X-PagerDuty-Signature\n").into_response();
    (!given.split(',').any(fits)).then(refused)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(byte).collect()
}

async fn opsgenie(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    uri: Uri,
    body: Bytes,
) -> Response {
    webhook(&context, &who, beside::opsgenie(&body, &named(&uri))).await
}

async fn goalert(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    uri: Uri,
    body: Bytes,
) -> Response {
    webhook(&context, &who, beside::goalert(&body, &named(&uri))).await
}

async fn oncall(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    body: Bytes,
) -> Response {
    webhook(&context, &who, beside::oncall(&body)).await
}

/// `?who=ana` of a webhook that belongs to one person.
fn named(uri: &Uri) -> Vec<String> {
    let query = uri.query().unwrap_or("").as_bytes();
    let pairs = form_urlencoded::parse(query).filter(|(name, _)| name == "who");
    pairs.map(|(_, value)| value.into_owned()).collect()
}

async fn webhook(context: &Context, who: &Principal, done: Result<Vec<Done>, String>) -> Response {
    match done {
        Err(told) => bad(&told),
        Ok(done) => match record(context, who, done).await {
            Ok(_) => (StatusCode::OK, "ok\n").into_response(),
            Err(response) => response,
        },
    }
}

async fn record(context: &Context, who: &Principal, done: Vec<Done>) -> Result<usize, Response> {
    let now = context.clock.now();
    let command = |it: Done| {
        Command::RecordTheirCall(Box::new(Heard {
            system: it.system,
            incident: it.incident,
            keys: it.keys,
            title: it.title,
            act: match it.act {
                Act::Called => TheirAct::Called,
                Act::Acknowledged => TheirAct::Acknowledged,
                Act::Resolved => TheirAct::Resolved,
            },
            people: it.people,
            at: it.at.unwrap_or(now),
        }))
    };
    let mut recorded = 0;
    // In parts, so that a long file does not fill the writer's queue.
    let mut commands = done.into_iter().map(command).peekable();
    while commands.peek().is_some() {
        let part: Vec<Command> = commands.by_ref().take(200).collect();
        let accepted = doors::submit(context, who, part).await?;
        let events = accepted.iter().flat_map(|it| &it.events);
        recorded += events.filter(|it| matches!(it.event, Event::TheirCall { .. })).count();
    }
    Ok(recorded)
}

/// The comparison over the last days.
pub(crate) fn compared(
    state: &engine::State,
    now: Timestamp,
    days: i64,
) -> (Comparison, [usize; 2]) {
    let from = now.minus(Millis::from_days(days));
    let (ours, theirs) = state.shadow_calls(from, now.plus(Millis(1)));
    (shadow::compare(&ours, &theirs), [ours.len(), theirs.len()])
}

#[derive(Deserialize)]
pub(crate) struct Days {
    days: Option<u16>,
}

impl Days {
    pub(crate) fn count(&self) -> i64 {
        let most = engine::SHADOW_KEPT.0 / Millis::from_days(1).0;
        self.days.map_or(DAYS, i64::from).clamp(1, most)
    }
}

/// `GET /api/v1/shadow/report`.
pub(crate) async fn report(State(context): State<Context>, Query(days): Query<Days>) -> Response {
    let state = context.handle.state();
    let now = context.clock.now();
    let (found, [ours, theirs]) = compared(&state, now, days.count());
    let name = |who: &Who| name_of(&state, who);
    let difference = |it: &Difference| {
        let mut line = json!({ "at": it.at.to_string(), "title": it.title });
        let kind = match &it.kind {
            Kind::OtherTime { who, ours, theirs } => json!({
                "kind": "other_time", "who": name(who), "ours": ours.to_string(),
                "theirs": theirs.to_string(),
            }),
            Kind::OtherPerson { ours, theirs } => {
                json!({ "kind": "other_person", "ours": name(ours), "theirs": name(theirs) })
            }
            Kind::OnlyOurs { who } => json!({ "kind": "only_ours", "who": name(who) }),
            Kind::OnlyTheirs { who } => json!({ "kind": "only_theirs", "who": name(who) }),
        };
        let fields = line.as_object_mut().expect("it is one");
        fields.extend(kind.as_object().expect("it is one").clone());
        fields.insert("told".to_owned(), told(&it.kind, &name).into());
        line
    };
    let teams: serde_json::Map<String, Value> =
        state.shadow.teams.iter().map(|(id, at)| (id.to_string(), at.to_string().into())).collect();
    Json(json!({
        "shadow": state.shadow.is_on(),
        "since": state.shadow.org.map(|it| it.to_string()),
        "teams": teams,
        "days": days.count(),
        "calls_ours": ours,
        "calls_theirs": theirs,
        "agreed": found.agreed_count,
        "differences": found.differences.iter().map(difference).collect::<Vec<_>>(),
        "unknown_people": found.unknown_people,
        "only_ours_incidents": found.only_ours_incidents,
        "only_theirs_incidents": found.only_theirs_incidents,
    }))
    .into_response()
}

pub(crate) fn name_of(state: &engine::State, who: &Who) -> String {
    match (who, state.catalogue()) {
        (Who::Person(id), Some(catalogue)) => catalogue.name_of(id).to_owned(),
        (Who::Person(id), None) => id.to_string(),
        (Who::Unknown(name), _) => format!("{name} (not known here)"),
    }
}

/// A difference in words, without its times.
pub(crate) fn told(kind: &Kind, name: &dyn Fn(&Who) -> String) -> String {
    match kind {
        Kind::OtherTime { who, ours, theirs } => {
            let apart = Millis((ours.0 - theirs.0).abs());
            let which = if ours < theirs { "earlier" } else { "later" };
            format!("Lamplighter would have called {} {apart} {which}.", name(who))
        }
        Kind::OtherPerson { ours, theirs } => {
            format!("Lamplighter would have called {} instead of {}.", name(ours), name(theirs))
        }
        Kind::OnlyOurs { who } => format!("Only Lamplighter would have called {}.", name(who)),
        Kind::OnlyTheirs { who } => format!("Only the other pager called {}.", name(who)),
    }
}

#[derive(Deserialize, Default)]
pub(crate) struct End {
    #[serde(default)]
    team: Option<String>,
}

fn end_command(who: &Principal, end: &End) -> Option<Command> {
    let team = end.team.as_deref().filter(|it| !it.is_empty());
    let team = team.map(TeamId::new).transpose().ok()?;
    Some(Command::EndShadow { team, by: who.person()?.clone() })
}

/// `POST /api/v1/shadow/end`: the switch.
pub(crate) async fn end(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let end = serde_json::from_slice(&body).unwrap_or_default();
    match end_command(&who, &end) {
        Some(command) => crate::api::submit(&context, &who, &headers, command).await,
        None => problem(StatusCode::BAD_REQUEST, "invalid", "`team` is not an id", ""),
    }
}

/// `POST /shadow/end`, from the view.
pub(crate) async fn end_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Response {
    match end_command(&who, &End::default()) {
        Some(command) => carry_out(&context, &who, command, "/shadow").await,
        None => forms::nothing_here(),
    }
}

/// `POST /api/v1/alerts/{id}/page`: call people whatever held it back.
pub(crate) async fn page_anyway(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    match (AlertId::parse(&id), who.person().cloned()) {
        (Some(alert), Some(by)) => {
            crate::api::submit(&context, &who, &headers, Command::PageAnyway { alert, by }).await
        }
        _ => problem(StatusCode::NOT_FOUND, "unknown", &format!("there is no alert `{id}`"), ""),
    }
}

/// `POST /alerts/{id}/page`, from a view.
pub(crate) async fn page_anyway_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(alert), Some(by)) = (AlertId::parse(&id), who.person().cloned()) else {
        return forms::nothing_here();
    };
    carry_out(&context, &who, Command::PageAnyway { alert, by }, &format!("/why/{id}")).await
}

/// `POST /api/v1/rotas/{id}/relief/end`: the rota goes by its turns again.
pub(crate) async fn end_relief(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    match (RotaId::new(&id), who.person().cloned()) {
        (Ok(rota), Some(by)) => {
            crate::api::submit(&context, &who, &headers, Command::EndRelief { rota, by }).await
        }
        _ => problem(StatusCode::NOT_FOUND, "unknown", &format!("there is no rota `{id}`"), ""),
    }
}

/// `POST /rotas/{id}/relief/end`, from the on-call view.
pub(crate) async fn end_relief_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Ok(rota), Some(by)) = (RotaId::new(&id), who.person().cloned()) else {
        return forms::nothing_here();
    };
    carry_out(&context, &who, Command::EndRelief { rota, by }, "/oncall").await
}

/// `GET /api/v1/load`: who had enough, who has the duty in place of whom, whose notices wait.
pub(crate) async fn load(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let now = context.clock.now();
    let reliefs = state.load.reliefs.iter().filter(|(_, it)| now < it.until);
    let reliefs = reliefs.map(|(rota, it)| {
        json!({ "rota": rota, "from": it.from, "to": it.to, "until": it.until.to_string() })
    });
    let held = state.load.held.iter().filter(|(_, until)| **until > now);
    let held = held.map(|(person, until)| json!({ "person": person, "until": until.to_string() }));
    Json(json!({
        "reached": state.load.log.values().map(entry).collect::<Vec<_>>(),
        "credits": state.load.credits().map(entry).collect::<Vec<_>>(),
        "reliefs": reliefs.collect::<Vec<_>>(),
        "held": held.collect::<Vec<_>>(),
        "pages_per_person_per_10min_max": state.load.calls_peak(),
    }))
    .into_response()
}

fn entry(it: &LoadEntry) -> Value {
    let (outcome, to, until) = match &it.outcome {
        LoadOutcome::Relieved { to, until } => ("relieved", Some(to), Some(until.to_string())),
        LoadOutcome::Credited => ("credited", None, None),
        LoadOutcome::Held { until } => ("held", None, Some(until.to_string())),
        LoadOutcome::NobodyLeft => ("nobody_left", None, None),
    };
    json!({
        "at": it.at.to_string(), "person": it.person, "rota": it.rota, "page": it.page,
        "pages": it.pages, "since": it.since.to_string(), "limit": it.limit.pages,
        "outcome": outcome, "to": to, "until": until,
    })
}

/// `GET /api/v1/load/credits.csv`: days noted, a line each, for whoever pays for them.
pub(crate) async fn credits(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let mut text = "at,person,rota,pages,since\n".to_owned();
    for it in state.load.credits() {
        let rota = it.rota.as_ref().map_or("", |it| it.as_str());
        let _ = writeln!(text, "{},{},{rota},{},{}", it.at, it.person, it.pages, it.since);
    }
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response()
}
