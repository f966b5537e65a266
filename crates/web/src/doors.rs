//! Doors for alerts. 200 only after everything valid is durable; trouble of ours is 503, because
//! senders retry a 5xx and give up on a 4xx.

use crate::Context;
use crate::access::{self, Principal};
use alerting::{Normalised, Status};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use driver::{Accepted, SubmitError};
use engine::{
    Actor, Command, DoorAlert, DoorLife, Event, Rejected, State as EngineState, Submission,
};
use ingest::{Place, Said, Signal, Step};
use ingest::{alertmanager_v2, webhook_v4};
use model::{AlertId, Labels, Timestamp};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;

pub(crate) mod changes;
pub(crate) mod goalert;
pub(crate) mod heartbeats;
pub(crate) mod hooks;
pub(crate) mod opsgenie;
pub(crate) mod pagerduty;
pub(crate) mod sli;
#[cfg(test)]
mod tests;
pub(crate) mod victorops;

/// Seconds after which a sender may come again.
const RETRY_AFTER: &str = "5";

/// Every door, each with the key it wants and the size of a body it takes.
pub(crate) fn routes(context: &Context) -> Router<Context> {
    let doors = Router::new()
        .route("/api/v2/alerts", post(alertmanager_v2))
        .route("/api/v2/status", get(status))
        .route("/api/v1/alertmanager", post(webhook_v4))
        .route("/api/v1/grafana", post(hooks::grafana))
        .route("/api/v2/grafana/incoming", post(hooks::grafana))
        .route("/api/v2/prometheusalertmanager/incoming", post(hooks::goalert_alertmanager))
        .layer(DefaultBodyLimit::max(ingest::BODY_BYTES_MAX))
        .route_layer(from_fn_with_state(context.clone(), access::door));
    let slips = Router::new()
        .route("/api/v2/generic/incoming", post(goalert::generic))
        .route("/api/v1/json", post(hooks::mapped))
        .route("/api/v1/uptime-kuma", post(hooks::kuma))
        .layer(DefaultBodyLimit::max(ingest::SIGNAL_BYTES_MAX))
        .route_layer(from_fn_with_state(context.clone(), access::door));
    // From here on the key stands where the original product has it, and each door looks for it itself.
    let integrations = Router::new()
        .route("/integrations/v1/{kind}/{key}", post(hooks::oncall))
        .route("/integrations/v1/{kind}/{key}/", post(hooks::oncall))
        .layer(DefaultBodyLimit::max(ingest::BODY_BYTES_MAX));
    let receivers = Router::new()
        .route("/v2/enqueue", post(pagerduty::v2))
        .route("/generic/2010-04-15/create_event.json", post(pagerduty::v1))
        .route("/integrations/generic/20131114/alert/{key}", post(victorops::alert))
        .route("/integrations/generic/20131114/alert/{key}/{routing_key}", post(victorops::routed))
        .layer(DefaultBodyLimit::max(ingest::SIGNAL_BYTES_MAX));
    doors
        .merge(slips)
        .merge(integrations)
        .merge(receivers)
        .merge(opsgenie::routes())
        .merge(heartbeats::routes(context))
        .merge(changes::routes(context))
        .merge(sli::routes(context))
}

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
    match take_webhook(&context, &who, "alertmanager-webhook", parsed).await {
        Ok(()) => (StatusCode::OK, "ok\n").into_response(),
        Err(response) => response,
    }
}

/// Takes what Alertmanager's webhook, or one like it, held; whatever is wrong beside it is said.
async fn take_webhook(
    context: &Context,
    who: &Principal,
    door: &str,
    parsed: webhook_v4::Parsed,
) -> Result<(), Response> {
    if parsed.truncated > 0 {
        let count = parsed.truncated;
        tracing::warn!(
            count,
            door,
            "the sender left out alerts: raise `max_alerts` of its receiver"
        );
    }
    let life = |it: &Normalised| match it.status {
        Status::Firing => DoorLife::FiringStaleAfter(webhook_v4::STALE_AFTER),
        Status::Resolved => DoorLife::Resolved,
    };
    let alerts = parsed.alerts.into_iter().map(|it| (life(&it), it)).collect();
    take(context, who, door, alerts).await?;
    if parsed.errors.is_empty() { Ok(()) } else { Err(bad(&parsed.errors.join("; "))) }
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
    let commands = {
        let state = context.handle.state();
        let label = key_label(&state, who);
        let command = |(life, it)| received(&state, &label, door, life, it);
        alerts.into_iter().map(command).collect()
    };
    submit(context, who, commands).await.map(drop)
}

/// A request at a door whose senders have keys of their own.
struct Entry<'a> {
    context: &'a Context,
    who: &'a Principal,
    door: &'a str,
    /// The name of something new that its sender gave none.
    new_key: &'a str,
}

/// Why an entry ended without having been taken.
enum Refused {
    /// Trouble of ours: the sender shall come again.
    Later(Response),
    /// It cannot be taken as it is, and never will be.
    Never(Vec<String>),
}

impl Refused {
    /// Trouble of ours as it is, and what is wrong with the sender's in the words of its product.
    fn into_response_or(self, told: impl FnOnce(Vec<String>) -> Response) -> Response {
        match self {
            Self::Later(response) => response,
            Self::Never(errors) => told(errors),
        }
    }
}

impl Entry<'_> {
    /// Submits what the signals ask for, and waits until it is durable. What can be read is taken
    /// even when something beside it cannot.
    async fn take(&self, signals: Vec<Signal>) -> Result<Taken, Refused> {
        let scope = self.scope();
        let place = Place { door: self.door, scope: &scope, new_key: self.new_key };
        let now = self.context.clock.now();
        let (mut errors, mut fired) = (vec![], None);
        let commands = {
            let state = self.context.handle.state();
            let label = key_label(&state, self.who);
            let severity = |labels: &Labels| ingest::route(labels, None).severity;
            let mut commands = vec![];
            for signal in signals {
                if let Said::Nothing(told) = signal.said {
                    tracing::info!(door = self.door, "{told}");
                }
                match signal.steps(&place, severity, now) {
                    Ok(steps) => commands.extend(steps.into_iter().map(|it| {
                        if let Step::Fire { alert, .. } = &it {
                            fired = Some(alert.fingerprint.clone());
                        }
                        stepped(&state, &label, self.door, it, now)
                    })),
                    Err(error) => errors.push(error),
                }
            }
            commands
        };
        let accepted = submit(self.context, self.who, commands).await.map_err(Refused::Later)?;
        if errors.is_empty() { Ok(Taken { accepted, fired }) } else { Err(Refused::Never(errors)) }
    }

    /// Whose keys are meant: each key of a door has a space of its own for the keys of its senders.
    fn scope(&self) -> String {
        match self.who {
            Principal::Door(token) => token.to_string(),
            Principal::Person { id, .. } => id.to_string(),
        }
    }
}

/// What became of an entry.
struct Taken {
    accepted: Vec<Accepted>,
    /// Fingerprint of the alert that was said to fire, if one was.
    fired: Option<String>,
}

impl Taken {
    fn is_new(&self) -> bool {
        self.events().any(|it| matches!(it, Event::AlertFired { .. }))
    }

    /// The alert that was meant, if it fires or has just ended.
    fn alert(&self, state: &EngineState) -> Option<AlertId> {
        let named = self.events().find_map(|it| match it {
            Event::AlertFired { alert, .. } | Event::AlertResolved { alert, .. } => Some(*alert),
            _ => None,
        });
        let fired = self.fired.as_deref();
        let is_meant = |it: &engine::Alert| it.key.strip_prefix("door/") == fired;
        named.or_else(|| {
            fired?;
            state.alerts_firing().find(|(_, it)| is_meant(it)).map(|(id, _)| id)
        })
    }

    fn events(&self) -> impl Iterator<Item = &Event> {
        self.accepted.iter().flat_map(|it| &it.events).map(|it| &it.event)
    }
}

fn stepped(state: &EngineState, label: &str, door: &str, step: Step, now: Timestamp) -> Command {
    match step {
        Step::Fire { alert, lasts } => {
            let life = lasts.map_or(DoorLife::FiringStaleAfter(ingest::SIGNAL_STALE_AFTER), |it| {
                DoorLife::FiringUntil(now.plus(it))
            });
            received(state, label, door, life, alert)
        }
        Step::End(fingerprint) => {
            let over = Normalised {
                fingerprint,
                labels: Labels::new(),
                annotations: Labels::new(),
                starts_at: now,
                ends_at: now,
                status: Status::Resolved,
            };
            received(state, label, door, DoorLife::Resolved, over)
        }
    }
}

fn received(
    state: &EngineState,
    label: &str,
    door: &str,
    life: DoorLife,
    it: Normalised,
) -> Command {
    let route = ingest::route_for(&it.labels, label, state.catalogue());
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
}

/// What people call the key that was used; it may say what its alerts are about.
fn key_label(state: &EngineState, who: &Principal) -> String {
    let token = match who {
        Principal::Door(token) => Some(*token),
        Principal::Person { token, .. } => *token,
    };
    let token = token.and_then(|it| state.access.tokens.get(&it));
    token.map_or_else(String::new, |it| it.label.clone())
}

pub(crate) async fn submit(
    context: &Context,
    who: &Principal,
    commands: Vec<Command>,
) -> Result<Vec<Accepted>, Response> {
    let actor = match who {
        Principal::Door(token) => Actor::Door(*token),
        Principal::Person { id, .. } => Actor::Person(id.clone()),
    };
    let submission =
        |command| Submission { actor: actor.clone(), reason: None, key: None, command };
    let answers = commands.into_iter().map(|it| context.handle.submit(submission(it)));
    let mut accepted = vec![];
    for answer in futures_util::future::join_all(answers).await {
        match answer {
            Ok(it) => accepted.push(it),
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
    Ok(accepted)
}

/// A name for something whose sender gave it none: 32 hexadecimal digits, as PagerDuty makes them.
fn random_key() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    crate::passwords::hex(&bytes)
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("")
}

pub(crate) fn bad(told: &str) -> Response {
    (StatusCode::BAD_REQUEST, axum::Json(json!(told))).into_response()
}

pub(crate) fn later(told: &str) -> Response {
    let retry = [(header::RETRY_AFTER, RETRY_AFTER)];
    (StatusCode::SERVICE_UNAVAILABLE, retry, format!("{told}\n")).into_response()
}
