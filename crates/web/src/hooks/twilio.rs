//! Twilio: text messages in, receipts, and calls that are answered with keys.
//!
//! Every request is signed: `X-Twilio-Signature` is base64(HMAC-SHA1(auth token, URL + name and value of
//! every parameter in order of name)). The URL is ours as Twilio knows it: `public-url` and the rest of
//! the request's address.

use super::desk::{self, Heard};
use super::receipts::{self, ReceiptEvidence, returned};
use super::{Refused, Way, Written, heard, people_with_number, way, xml};
use crate::Context;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::SPOKEN_KEYS;
use engine::{Purpose, Recipient};
use model::{Channel, Medium, NoticeId, PageId, PersonId};
use replies::{About, Act, Said};
use ring::hmac;

/// Seconds that a call waits for a key.
const KEY_WAIT_S: u32 = 8;

type Fields = Vec<(String, String)>;

/// Channel, notice and our code, as they stand in an address that we made.
type Named = (String, String, String);

/// A text message of somebody.
pub(crate) async fn sms(
    State(context): State<Context>,
    Path(channel): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (way, fields) = match verified(&context, &channel, &uri, &headers, &body) {
        Ok(it) => it,
        Err(refused) => return refused.into_response(),
    };
    let people = people_with_number(&context.handle.state(), value(&fields, "From"));
    let written = Written {
        channel: &way.id,
        medium: Medium::Sms,
        media: &[Medium::Sms, Medium::Voice],
        via: "sms",
        people,
        text: value(&fields, "Body"),
        id: value(&fields, "MessageSid"),
    };
    let answer = heard(&context, written).await;
    // Where Twilio itself has confirmed a STOP or START, ours could not be delivered.
    let said = value(&fields, "OptOutType").is_empty();
    let text = answer.filter(|_| said).map(|it| it.text);
    twiml(&xml::message(text.as_deref()))
}

/// What became of a text message.
pub(crate) async fn status(
    State(context): State<Context>,
    Path(path): Path<Named>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (_, fields, notice) = match about(&context, &path, &uri, &headers, &body) {
        Ok(it) => it,
        Err(refused) => return refused.into_response(),
    };
    let (status, code) = (value(&fields, "MessageStatus"), value(&fields, "ErrorCode"));
    let detail = match code {
        "" | "0" => format!("Twilio says {}", words(status)),
        code => format!("Twilio says {} (error {})", words(status), words(code)),
    };
    match message_evidence(status) {
        Some(evidence) => receipts::report(&context, notice, evidence, detail).await,
        None => receipts::nothing(),
    }
}

/// What became of a call.
pub(crate) async fn call(
    State(context): State<Context>,
    Path(path): Path<Named>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (_, fields, notice) = match about(&context, &path, &uri, &headers, &body) {
        Ok(it) => it,
        Err(refused) => return refused.into_response(),
    };
    let (status, by) = (value(&fields, "CallStatus"), value(&fields, "AnsweredBy"));
    let detail = format!("Twilio says {}", words(status));
    match call_evidence(status, by) {
        Some(evidence) => receipts::report(&context, notice, evidence, detail).await,
        None => receipts::nothing(),
    }
}

/// `MessageStatus`, as Twilio documents it. Callbacks may come in any order: the strongest word counts.
pub(crate) fn message_evidence(status: &str) -> Option<ReceiptEvidence> {
    match status {
        "sent" => Some(ReceiptEvidence::Accepted),
        "delivered" => Some(ReceiptEvidence::Delivered),
        "read" => Some(ReceiptEvidence::Read),
        "undelivered" | "failed" | "canceled" => Some(ReceiptEvidence::Undelivered),
        // `queued`, `sending`, and whatever is invented later.
        _ => None,
    }
}

/// `CallStatus`, as Twilio documents it. That a call was answered says nothing of by whom: a mailbox
/// answers too, so only a key takes a page; but a telephone that somebody or something picked up was
/// reached, unless Twilio knows that it was a machine.
pub(crate) fn call_evidence(status: &str, answered_by: &str) -> Option<ReceiptEvidence> {
    match status {
        "in-progress" | "completed" if answered_by.starts_with("machine") => {
            Some(ReceiptEvidence::Unanswered)
        }
        "in-progress" | "completed" => Some(ReceiptEvidence::Delivered),
        "busy" | "no-answer" => Some(ReceiptEvidence::Unanswered),
        "failed" | "canceled" => Some(ReceiptEvidence::Undelivered),
        _ => None,
    }
}

/// A word of the provider's, short and plain.
fn words(text: &str) -> String {
    text.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').take(40).collect()
}

/// What asks a second time is answered to this address.
const SURE: &str = "silence=sure";

/// A key was pressed. `4` hides what the page is about from everybody, so it is asked for twice: a thumb
/// that slips leaves nobody without light.
pub(crate) async fn digits(
    State(context): State<Context>,
    Path(path): Path<Named>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (way, fields, notice) = match about(&context, &path, &uri, &headers, &body) {
        Ok(it) => it,
        Err(refused) => return refused.into_response(),
    };
    let Some((person, page)) = called(&context, notice) else {
        return twiml(&goodbye(&way, "This page is closed."));
    };
    let again = |before| twiml(&read_aloud(&context, &way, &uri, page, before));
    let sure = uri.query() == Some(SURE);
    let act = match value(&fields, "Digits") {
        "1" => Act::Acknowledge,
        "2" => Act::Escalate,
        "4" if sure => Act::Silence { length: None },
        "4" => return twiml(&asked_twice(&context, &way, &uri, page)),
        _ => return again(None),
    };
    // One call may press several keys, each once.
    let (sid, pressed) = (value(&fields, "CallSid"), value(&fields, "Digits"));
    let key = (!sid.is_empty()).then(|| format!("hook/{}/{sid}/{pressed}", way.id));
    let said = Said { act: act.clone(), about: About::Page(page) };
    let asked = Heard { person: &person, media: &[], via: "call", key, said };
    let told = spoken(&desk::carry_out(&context, asked).await.text);
    match act {
        Act::Acknowledge | Act::Silence { .. } => twiml(&goodbye(&way, &told)),
        _ => again(Some(&told)),
    }
}

/// Whom a notice calls, and for which page.
fn called(context: &Context, notice: NoticeId) -> Option<(PersonId, PageId)> {
    let state = context.handle.state();
    let notice = state.notices.get(&notice)?;
    let Purpose::Page { page, .. } = notice.purpose else { return None };
    match &notice.to {
        Recipient::Person(person) => Some((person.clone(), page)),
        Recipient::Channel(_) => None,
    }
}

/// Reads the page aloud and asks for a key.
fn read_aloud(
    context: &Context,
    way: &Way,
    uri: &Uri,
    page: PageId,
    before: Option<&str>,
) -> String {
    let title = {
        let state = context.handle.state();
        let incident = state.pages.get(&page).and_then(|it| state.incidents.get(&it.incident));
        incident.map(|it| it.title.clone()).unwrap_or_default()
    };
    let before = before.map_or(String::new(), |it| format!("{it} "));
    let text = format!("{before}Page {}. {}. {SPOKEN_KEYS}", page.0, spoken(&title));
    gather(context, way, uri.path(), &text)
}

fn asked_twice(context: &Context, way: &Way, uri: &Uri, page: PageId) -> String {
    let text = format!(
        "For one hour nobody would be called for what page {} is about. Press 4 again to silence it. \
         Press 3 to go back.",
        page.0
    );
    gather(context, way, &format!("{}?{SURE}", uri.path()), &text)
}

/// Says something and waits for a key, which comes to that path.
fn gather(context: &Context, way: &Way, path: &str, text: &str) -> String {
    let action = xml::escaped(&address(context, path));
    xml::document(&format!(
        "<Gather numDigits=\"1\" timeout=\"{KEY_WAIT_S}\" method=\"POST\" action=\"{action}\">{}</Gather>{}",
        xml::say(language(way), text),
        xml::say(language(way), "No key was pressed. Somebody else may be called."),
    ))
}

fn goodbye(way: &Way, text: &str) -> String {
    xml::document(&format!("{}<Hangup/>", xml::say(language(way), text)))
}

/// Words that sound as they are meant: no `pg_12`, no signs, not endless.
fn spoken(text: &str) -> String {
    let words: Vec<String> = text
        .replace("pg_", "page ")
        .replace("in_", "incident ")
        .replace("si_", "silence ")
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    words.join(" ").chars().take(400).collect()
}

fn language(way: &Way) -> &str {
    match &way.channel {
        Channel::TwilioVoice { language, .. } => language,
        _ => "en-GB",
    }
}

/// The channel and the fields, once the signature was found right.
fn verified(
    context: &Context,
    channel: &str,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Way, Fields), Refused> {
    let way = way(context, channel).ok_or(Refused::Closed)?;
    let (Channel::Twilio { token, .. } | Channel::TwilioVoice { token, .. }) = &way.channel else {
        return Err(Refused::Closed);
    };
    let fields: Fields = form_urlencoded::parse(body).into_owned().collect();
    let url = address(context, uri.path_and_query().map_or("", |it| it.as_str()));
    let given = headers.get("x-twilio-signature").and_then(|it| it.to_str().ok()).unwrap_or("");
    let tokens = context.hooks.good(Some(token), way.back.as_ref());
    if is_signed(&tokens, &url, &fields, given) {
        Ok((way, fields))
    } else {
        Err(Refused::TurnedAway(way.id))
    }
}

/// The same for an address that we made for one notice, with that notice.
fn about(
    context: &Context,
    (channel, notice, code): &Named,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Way, Fields, NoticeId), Refused> {
    let (way, fields) = verified(context, channel, uri, headers, body)?;
    match returned(context, &way.id, notice, code) {
        Some(notice) => Ok((way, fields, notice)),
        None => Err(Refused::TurnedAway(way.id)),
    }
}

/// The address of a request as the provider knows it.
fn address(context: &Context, rest: &str) -> String {
    format!("{}{rest}", context.public_url.trim_end_matches('/'))
}

/// Whether one of the tokens made this signature.
pub(crate) fn is_signed(
    tokens: &[String],
    url: &str,
    fields: &[(String, String)],
    given: &str,
) -> bool {
    let Ok(tag) = STANDARD.decode(given.trim()) else { return false };
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort();
    // A parameter that is repeated with the same value counts once, as in Twilio's own libraries.
    sorted.dedup();
    let mut signed = url.to_owned();
    for (name, value) in sorted {
        signed.push_str(name);
        signed.push_str(value);
    }
    tokens.iter().fold(false, |found, token| {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
        found | hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
    })
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value.as_str())
}

fn twiml(text: &str) -> Response {
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], text.to_owned()).into_response()
}
