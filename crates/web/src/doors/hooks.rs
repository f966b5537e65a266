//! Webhooks: Grafana's, Uptime Kuma's, and the integrations of Grafana `OnCall`, whose key stands in the
//! path.

use super::{Entry, bad, content_type, random_key, take_webhook};
use crate::Context;
use crate::access::{self, Principal};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use ingest::grafana::Payload;
use ingest::{Signal, webhook_v4};

/// `POST /api/v1/grafana`, and GoAlert's door for Grafana.
pub(crate) async fn grafana(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    body: Bytes,
) -> Response {
    take_grafana(&context, &who, &body)
        .await
        .map_or_else(|it| it, |()| StatusCode::OK.into_response())
}

/// `POST /api/v2/prometheusalertmanager/incoming`: GoAlert's door for an Alertmanager.
pub(crate) async fn goalert_alertmanager(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    body: Bytes,
) -> Response {
    take_v4(&context, &who, &body).await.map_or_else(|it| it, |()| StatusCode::OK.into_response())
}

/// `POST /api/v1/uptime-kuma`.
pub(crate) async fn kuma(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signal = match ingest::kuma::parse(content_type(&headers), &body) {
        Ok(signal) => signal,
        Err(told) => return bad(&told),
    };
    take_one(&context, &who, "uptime-kuma", signal)
        .await
        .map_or_else(|it| it, |()| (StatusCode::OK, "ok\n").into_response())
}

/// `POST /api/v1/json?key=/…`: JSON of any shape, by the mapping in the query.
pub(crate) async fn mapped(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    uri: Uri,
    body: Bytes,
) -> Response {
    let parsed = match ingest::mapped::parse(uri.query().unwrap_or(""), &body) {
        Ok(parsed) => parsed,
        Err(told) => return bad(&told),
    };
    let new_key = random_key();
    let entry = Entry { context: &context, who: &who, door: "json", new_key: &new_key };
    match entry.take(parsed.signals).await {
        Ok(_) if parsed.errors.is_empty() => (StatusCode::OK, "ok\n").into_response(),
        Ok(_) => bad(&parsed.errors.join("; ")),
        Err(refused) => {
            refused.into_response_or(|errors| bad(&[errors, parsed.errors].concat().join("; ")))
        }
    }
}

/// `POST /integrations/v1/{kind}/{key}/` of Grafana `OnCall`.
pub(crate) async fn oncall(
    State(context): State<Context>,
    Path((kind, key)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(who) = access::by_key(&context, &key) else {
        let told = "Integration key was not found. Permission denied.\n";
        return (StatusCode::FORBIDDEN, told).into_response();
    };
    let taken = match kind.as_str() {
        "alertmanager" => take_v4(&context, &who, &body).await,
        "grafana" | "grafana_alerting" => take_grafana(&context, &who, &body).await,
        "webhook" | "formatted_webhook" => {
            match ingest::oncall::parse(content_type(&headers), &body) {
                Ok(signal) => take_one(&context, &who, "grafana-oncall", signal).await,
                Err(told) => Err(bad(&told)),
            }
        }
        _ => {
            let told = "this integration is not understood here; alertmanager, grafana, \
                        grafana_alerting, webhook and formatted_webhook are\n";
            Err((StatusCode::NOT_FOUND, told).into_response())
        }
    };
    taken.map_or_else(|it| it, |()| Json("Ok.").into_response())
}

async fn take_v4(context: &Context, who: &Principal, body: &[u8]) -> Result<(), Response> {
    let parsed = webhook_v4::parse(body, context.clock.now()).map_err(|it| bad(&it.to_string()))?;
    take_webhook(context, who, "alertmanager-webhook", parsed).await
}

async fn take_grafana(context: &Context, who: &Principal, body: &[u8]) -> Result<(), Response> {
    let now = context.clock.now();
    match ingest::grafana::parse(body, now).map_err(|it| bad(&it.to_string()))? {
        Payload::Current(parsed) => take_webhook(context, who, "grafana", parsed).await,
        Payload::Legacy(signal) => take_one(context, who, "grafana", signal).await,
    }
}

async fn take_one(
    context: &Context,
    who: &Principal,
    door: &str,
    signal: Signal,
) -> Result<(), Response> {
    let new_key = random_key();
    let entry = Entry { context, who, door, new_key: &new_key };
    let taken = entry.take(vec![signal]).await;
    taken.map(drop).map_err(|it| it.into_response_or(|errors| bad(&errors.join("; "))))
}
