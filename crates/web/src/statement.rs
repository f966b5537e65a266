//! "Ana is on duty for payments until 17:00", signed, for other systems to believe.
//!
//! Intuition: a day ticket. A door that opens to whoever is on duty need not ask us each time somebody pulls
//! it; it looks at the ticket, and the ticket is worthless soon after it was issued, and at the end of the
//! shift at the latest.
//!
//! A statement is a JWT (RFC 7519) signed with Ed25519 (RFC 8032, as JOSE says it in RFC 8037); the keys
//! stand at `/.well-known/jwks.json` (RFC 7517). Keys are derived from the key of this server with HMAC, one
//! per month of UTC, so that nothing has to be stored and every replica has the same. Rejected: one key for
//! ever, because then a copy that got away would open doors for ever.
//!
//! Invariants:
//! - a statement ends five minutes after it was made, or with the shift, whichever comes first;
//! - nobody is named who is not on duty at that moment;
//! - a key that signs was shown for a month before, and is shown for a month after.

use crate::Context;
use crate::api::{missing, problem};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;
use model::{Millis, PersonId, RotaId, Timestamp};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use ring::{digest, hmac};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a statement holds at most: as long as a shift that was ended early may still open doors.
const HOLDS: Millis = Millis::from_mins(5);
/// How far clocks may be apart: a statement is good this much before it was made.
const CLOCKS_APART: Millis = Millis::from_mins(1);

/// A month of UTC, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month(i64);

impl Month {
    pub(crate) fn of(at: Timestamp) -> Self {
        let day = at.to_jiff().to_zoned(TimeZone::UTC).date();
        Self(i64::from(day.year()) * 12 + i64::from(day.month()) - 1)
    }

    fn plus(self, months: i64) -> Self {
        Self(self.0 + months)
    }
}

/// A key that signs statements.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    kid: String,
}

impl Signer {
    /// The key of one month.
    pub(crate) fn of(link_key: &[u8; 32], month: Month) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, link_key);
        let seed = hmac::sign(&key, format!("duty-statement/{}", month.0).as_bytes());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref())
            .expect("32 bytes are a seed of Ed25519");
        let hash = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        let kid = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..12]);
        Self { pair, kid }
    }

    /// As JWKS writes it.
    fn public(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": self.kid, "x": x })
    }

    /// `claims` as a JWT.
    fn sign(&self, claims: &Value) -> String {
        let head = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.kid });
        let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let signed = format!("{}.{}", part(&head), part(claims));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    person: Option<String>,
    audience: Option<String>,
}

/// `GET /.well-known/jwks.json`: the keys of last month, of this one and of the next.
pub(crate) async fn keys(State(context): State<Context>) -> Response {
    let month = Month::of(context.clock.now());
    let keys = (-1..=1).map(|it| Signer::of(&context.link_key, month.plus(it)).public());
    let body = Json(json!({ "keys": keys.collect::<Vec<_>>() }));
    ([(header::CACHE_CONTROL, "public, max-age=3600")], body).into_response()
}

/// `GET /api/v1/duty/{rota}/statement?person=…&audience=…`: one statement for each who is on duty.
pub(crate) async fn statement(
    State(context): State<Context>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let now = context.clock.now();
    let Ok(rota) = RotaId::new(&id) else { return missing("rota", &id) };
    let state = context.handle.state();
    let Some(shift) = state.on_duty(&rota, now, &context.zones) else {
        return missing("rota", &id);
    };
    let mut ends = shift.ends;
    let mut people = shift.people;
    if let Some(relief) = state.load.relief(&rota, now) {
        ends = ends.min(relief.until);
        for person in people.iter_mut().filter(|it| **it == relief.from) {
            person.clone_from(&relief.to);
        }
    }
    let wanted = |it: &PersonId| asked.person.as_ref().is_none_or(|who| it.as_str() == who);
    people.retain(wanted);
    if people.is_empty() {
        let told = match &asked.person {
            Some(who) => format!("{who} is not on duty in {rota} now"),
            None => format!("nobody is on duty in {rota} now"),
        };
        let hint = "a statement is made for whoever is on duty at this moment, and for nobody else";
        return problem(StatusCode::CONFLICT, "not_on_duty", &told, hint);
    }
    let signer = Signer::of(&context.link_key, Month::of(now));
    let expires = now.plus(HOLDS).min(ends);
    let seconds = |at: Timestamp| at.0.div_euclid(1_000);
    let one = |person: &PersonId| {
        let mut claims = json!({
            "iss": context.public_url,
            "sub": person,
            // Libraries refuse what was made in their future, although nothing asks them to.
            "iat": seconds(now.minus(CLOCKS_APART)),
            "nbf": seconds(now.minus(CLOCKS_APART)),
            "exp": seconds(expires),
            "rota": rota,
            "shift_ends": seconds(ends.min(Timestamp::from_minute(i64::from(u32::MAX)))),
        });
        if let Some(audience) = &asked.audience {
            claims["aud"] = json!(audience);
        }
        json!({ "person": person, "rota": rota, "expires_at": expires.to_string(),
            "token": signer.sign(&claims) })
    };
    let statements: Vec<Value> = people.iter().map(one).collect();
    let body = Json(json!({ "statements": statements }));
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, UnparsedPublicKey};

    #[track_caller]
    fn check(at: &str, months: i64, same: bool) {
        let at = Timestamp::parse_rfc3339(at).unwrap();
        let now = Signer::of(&[7; 32], Month::of(at));
        let other = Signer::of(&[7; 32], Month::of(at).plus(months));
        assert_eq!(now.kid == other.kid, same);
    }

    #[test]
    fn a_key_lasts_a_month() {
        check("2026-11-30T23:59:59Z", 0, true);
        check("2026-11-30T23:59:59Z", 1, false);
        let kid =
            |at: &str| Signer::of(&[7; 32], Month::of(Timestamp::parse_rfc3339(at).unwrap())).kid;
        assert_eq!(kid("2026-11-01T00:00:00Z"), kid("2026-11-30T23:59:59Z"));
        assert_ne!(kid("2026-11-30T23:59:59Z"), kid("2026-12-01T00:00:00Z"));
        assert_ne!(Signer::of(&[8; 32], Month(0)).kid, Signer::of(&[7; 32], Month(0)).kid);
    }

    #[test]
    fn what_is_signed_verifies_and_what_was_changed_does_not() {
        let signer = Signer::of(&[7; 32], Month(24_322));
        let token = signer.sign(&json!({ "sub": "ana" }));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = URL_SAFE_NO_PAD.decode(signer.public()["x"].as_str().unwrap()).unwrap();
        let key = UnparsedPublicKey::new(&ED25519, key);
        assert!(key.verify(signed.as_bytes(), &signature).is_ok());
        let forged = signed.replace(
            &URL_SAFE_NO_PAD.encode(r#"{"sub":"ana"}"#),
            &URL_SAFE_NO_PAD.encode(r#"{"sub":"bob"}"#),
        );
        assert_ne!(forged, signed);
        assert!(key.verify(forged.as_bytes(), &signature).is_err());
    }
}
