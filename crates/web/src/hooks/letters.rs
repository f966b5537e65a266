//! Letters that a mail provider posts to us: `POST /hooks/mail/{channel}/{mailgun|postmark|sendgrid|raw}`.
//!
//! Intuition: the letter box in the wall instead of a walk to the post office. What falls in is read by the
//! same eyes as the mailbox ([`ingest::letter`]) and carried out by the same hands ([`super::mail`]).
//!
//! Who may throw something in: Mailgun signs a timestamp and a token (hex HMAC-SHA256 under the signing key),
//! but not the letter, so a token is good for one letter and for as long as Mailgun repeats itself. Postmark,
//! SendGrid and everybody else show the secret of the channel: as password in the address they call, as a
//! bearer token, or as `?token=`; they do so before a byte of the letter is read.
//!
//! Invariants:
//! - letters take at most [`AT_ONCE`] × [`LETTER_BYTES_MAX`] of memory; whoever comes then comes again;
//! - a letter is answered with 200 only after what it asks for is durable.

use super::{Refused, Way, closed, sms, turned_away, way};
use crate::Context;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ingest::inbound::{Form, Provider};
use model::{Channel, Millis, Timestamp};
use ring::hmac;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Bytes of a request: letters bring pictures along. The largest letter Mailgun takes has 25 MiB, and base64
/// makes a third more of it.
pub(crate) const LETTER_BYTES_MAX: usize = 36 * 1_024 * 1_024;

/// Letters that are read at the same time.
const AT_ONCE: usize = 2;

/// How old a signature of Mailgun's may be: it repeats a letter for eight hours.
const SIGNATURE_LASTS: Millis = Millis::from_hours(9);

/// How long a token is remembered: as long as its signature is good, however far ahead its clock.
const TOKEN_KEPT: Millis = Millis::from_hours(18);

/// Tokens of Mailgun's that are remembered.
const TOKENS_MAX: usize = 10_000;

/// What is remembered between letters.
pub(super) struct Desk {
    places: Semaphore,
    /// Tokens of Mailgun's: what came under them, and when.
    tokens: Mutex<BTreeMap<String, (String, Timestamp)>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_ONCE), tokens: Mutex::default() }
    }
}

impl Desk {
    /// Whether nothing else came under this token.
    fn is_first(&self, token: &str, content: &str, now: Timestamp) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, (_, at)| now.since(*at) < TOKEN_KEPT);
        if tokens.len() >= TOKENS_MAX {
            return false;
        }
        let known = tokens.entry(token.to_owned()).or_insert_with(|| (content.to_owned(), now));
        known.0 == content
    }
}

/// A letter in the box.
pub(crate) async fn posted(
    State(context): State<Context>,
    Path((channel, provider)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(provider) = Provider::named(&provider) else { return closed() };
    let way = match admitted(&context, &channel, provider, &request) {
        Ok(way) => way,
        Err(refused) => return refused.into_response(),
    };
    let Ok(_place) = context.hooks.letters.places.try_acquire() else {
        return later("other letters are being read");
    };
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = kind.unwrap_or("").to_owned();
    let Ok(body) = to_bytes(request.into_body(), LETTER_BYTES_MAX).await else {
        let told = format!("a letter of more than {LETTER_BYTES_MAX} bytes is not read\n");
        return (StatusCode::PAYLOAD_TOO_LARGE, told).into_response();
    };
    if provider == Provider::Mailgun {
        match Form::read(&kind, &body) {
            Ok(form) if is_signed(&context, &way, &form) => {}
            Ok(_) => return turned_away(&way.id),
            Err(told) => return unread(&told),
        }
    }
    let letter = match provider.read(&kind, &body) {
        Ok(letter) => letter,
        Err(told) => return unread(&told),
    };
    match super::heard_mail(&context, &letter).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(_) => later("the letter could not be stored"),
    }
}

/// The channel, once everything was shown that can be shown before the letter.
fn admitted(
    context: &Context,
    channel: &str,
    provider: Provider,
    request: &Request,
) -> Result<Way, Refused> {
    let way = if provider == Provider::Mailgun {
        way(context, channel).ok_or(Refused::Closed)?
    } else {
        sms::shown(context, channel, request.uri(), request.headers())?
    };
    let is_mail = matches!(way.channel, Channel::Smtp { .. });
    let has_secret = way.back.as_ref().is_some_and(|it| it.secret.is_some());
    if is_mail && has_secret { Ok(way) } else { Err(Refused::Closed) }
}

fn is_signed(context: &Context, way: &Way, form: &Form) -> bool {
    let secret = way.back.as_ref().and_then(|it| it.secret.as_ref());
    let keys = context.hooks.good(secret, way.back.as_ref());
    let (stamp, token) = (form.text("timestamp"), form.text("token"));
    let now = context.clock.now();
    if !is_right(&keys, &stamp, &token, &form.text("signature"), now) {
        return false;
    }
    let content = form.content(&["timestamp", "token", "signature"]);
    let content = crate::hash_token(&String::from_utf8_lossy(&content));
    let first = context.hooks.letters.is_first(&token, &content, now);
    if !first {
        tracing::warn!(channel = %way.id, "a letter came under the signature of another one");
    }
    first
}

/// Whether one of the keys made this signature, not too long ago.
pub(crate) fn is_right(
    keys: &[String],
    stamp: &str,
    token: &str,
    signature: &str,
    now: Timestamp,
) -> bool {
    let Ok(seconds) = stamp.parse::<i64>() else { return false };
    let age = now.0.saturating_sub(seconds.saturating_mul(1_000)).saturating_abs();
    let Some(tag) = super::slack::from_hex(signature) else { return false };
    let signed = format!("{stamp}{token}");
    let right = keys.iter().fold(false, |found, key| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        found | hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
    });
    right && age <= SIGNATURE_LASTS.0 && !token.is_empty()
}

/// What is no letter will be none the next time either: 406 is how Mailgun is told not to come again.
fn unread(told: &str) -> Response {
    tracing::warn!("a posted letter could not be read");
    (StatusCode::NOT_ACCEPTABLE, format!("{told}\n")).into_response()
}

fn later(told: &str) -> Response {
    let retry = [(header::RETRY_AFTER, "30")];
    (StatusCode::SERVICE_UNAVAILABLE, retry, format!("{told}, try again\n")).into_response()
}
