//! Text messages by Kannel and by any HTTP gateway.
//!
//! Neither signs anything: whoever delivers shows the secret of the channel (`replies: { …: { secret } }`),
//! as a bearer token or as `?token=`.

use super::receipts::{self, ReceiptEvidence, returned};
use super::{
    Refused, Way, Written, closed, heard, is_one_of, people_with_number, send_answer, turned_away,
    way,
};
use crate::{Context, access};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use model::{Channel, Medium, ReplyWay};
use serde_json::Value;

/// Media whose pages can be answered from a telephone.
const TELEPHONE: [Medium; 2] = [Medium::Sms, Medium::Voice];

/// Kannel's `sms-service`: `get-url = …/hooks/kannel/CHANNEL?token=…&from=%p&text=%a&id=%I`. What is
/// answered here Kannel sends back; with `omit-empty = true` nothing is sent when there is nothing to say.
pub(crate) async fn kannel(
    State(context): State<Context>,
    Path(channel): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let way = match shown(&context, &channel, &uri, &headers) {
        Ok(way) if matches!(way.channel, Channel::Kannel { .. }) => way,
        Ok(_) => return closed(),
        Err(refused) => return refused.into_response(),
    };
    let fields: Vec<(String, String)> = query(&uri);
    let answer = heard(&context, written(&context, &way, &fields, "from", "text", "id")).await;
    let text = answer.map_or(String::new(), |it| it.text);
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// Kannel's delivery report: `status` is 1 delivered, 2 failed, 4 buffered, 8 taken, 16 refused by the
/// network's centre.
pub(crate) async fn kannel_receipt(
    State(context): State<Context>,
    Path((channel, notice, code)): Path<(String, String, String)>,
    uri: Uri,
) -> Response {
    let Some(way) = way(&context, &channel) else { return closed() };
    let Some(notice) = returned(&context, &way.id, &notice, &code) else {
        return turned_away(&way.id);
    };
    let fields = query(&uri);
    let status = value(&fields, "status");
    match kannel_evidence(status) {
        Some((evidence, said)) => {
            let detail = format!("Kannel says {said}");
            receipts::report(&context, notice, evidence, detail).await
        }
        None => receipts::nothing(),
    }
}

/// The meaning of a status of Kannel's.
pub(crate) fn kannel_evidence(status: &str) -> Option<(ReceiptEvidence, &'static str)> {
    match status {
        "1" => Some((ReceiptEvidence::Delivered, "delivered")),
        "2" => Some((ReceiptEvidence::Undelivered, "not delivered")),
        "4" => Some((ReceiptEvidence::Accepted, "buffered")),
        "8" => Some((ReceiptEvidence::Accepted, "taken by the network")),
        "16" => Some((ReceiptEvidence::Undelivered, "refused by the network")),
        _ => None,
    }
}

/// A message through any gateway: JSON, a form, or a query, with the names of the configuration.
pub(crate) async fn gateway(
    State(context): State<Context>,
    Path(channel): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let way = match shown(&context, &channel, &uri, &headers) {
        Ok(way) if matches!(way.channel, Channel::HttpSms { .. }) => way,
        Ok(_) => return closed(),
        Err(refused) => return refused.into_response(),
    };
    let Some(ReplyWay { from, text, id, .. }) = &way.back else { return closed() };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let fields = match fields(kind, &uri, &body, [from, text, id]) {
        Ok(fields) => fields,
        Err(told) => return (StatusCode::BAD_REQUEST, told).into_response(),
    };
    if value(&fields, from).is_empty() {
        let told = format!("there is no field `{from}`\n");
        return (StatusCode::BAD_REQUEST, told).into_response();
    }
    let answer = heard(&context, written(&context, &way, &fields, from, text, id)).await;
    if let Some(answer) = answer {
        send_answer(&context, &way.id, Medium::Sms, answer, value(&fields, id)).await;
    }
    StatusCode::NO_CONTENT.into_response()
}

fn written<'a>(
    context: &Context,
    way: &'a Way,
    fields: &'a [(String, String)],
    from: &str,
    text: &str,
    id: &str,
) -> Written<'a> {
    Written {
        channel: &way.id,
        medium: Medium::Sms,
        media: &TELEPHONE,
        via: "sms",
        people: people_with_number(&context.handle.state(), value(fields, from)),
        text: value(fields, text),
        id: value(fields, id),
    }
}

/// The channel, once its secret was shown.
pub(super) fn shown(
    context: &Context,
    channel: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Way, Refused> {
    let way = way(context, channel).ok_or(Refused::Closed)?;
    let secret = way.back.as_ref().and_then(|it| it.secret.as_ref()).ok_or(Refused::Closed)?;
    let good = context.hooks.good(Some(secret), way.back.as_ref());
    let given = access::presented(headers, uri).map(|it| percent_decoded(&it)).unwrap_or_default();
    if is_one_of(&good, &given) { Ok(way) } else { Err(Refused::TurnedAway(way.id)) }
}

fn percent_decoded(text: &str) -> String {
    let pair = format!("a={text}");
    let plain = !text.contains('%');
    let decoded = form_urlencoded::parse(pair.as_bytes()).next().map(|(_, it)| it.into_owned());
    decoded.filter(|_| !plain).unwrap_or_else(|| text.to_owned())
}

fn query(uri: &Uri) -> Vec<(String, String)> {
    form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()).into_owned().collect()
}

/// The fields of a request, whatever their form. Names with dots or slashes lead into nested JSON.
fn fields(
    kind: &str,
    uri: &Uri,
    body: &[u8],
    names: [&String; 3],
) -> Result<Vec<(String, String)>, String> {
    if !kind.contains("json") {
        let mut all: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
        all.extend(query(uri));
        return Ok(all);
    }
    let json: Value =
        serde_json::from_slice(body).map_err(|it| format!("this is not JSON: {it}\n"))?;
    let found = names.into_iter().filter_map(|name| {
        let mut steps = name.split(['.', '/']).filter(|it| !it.is_empty());
        let value = steps.try_fold(&json, |at, step| {
            let by_number = step.parse::<usize>().ok().and_then(|n| at.get(n));
            by_number.or_else(|| at.get(step))
        })?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (!value.is_null()).then(|| (name.clone(), text))
    });
    Ok(found.collect())
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value.as_str())
}
