//! Who is asking, and whether they may.
//!
//! A browser carries a session in a cookie; programs carry a token in `Authorization`; senders that
//! can do neither put a door key into `?token=`. In the demo whoever reaches the machine is in.

use crate::passwords::hash_token;
use crate::{Context, Mode, views};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{Role, TokenKind};
use model::{PersonId, TokenId};

/// Somebody or something that is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    /// A person, by session, API token or demo.
    Person {
        /// Who.
        id: PersonId,
        /// What they may do.
        role: Role,
        /// By which token; `None` in the demo.
        token: Option<TokenId>,
        /// Whether a browser carries the key by itself, so that forged forms must be kept out.
        ambient: bool,
    },
    /// Another system, which may deliver alerts and nothing else.
    Door(TokenId),
}

impl Principal {
    /// The person, if it is one. Behind [`reader`], [`writer`] and [`admin`] it always is.
    pub(crate) fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person { id, .. } => Some(id),
            Self::Door(_) => None,
        }
    }
}

/// The cookie of a session.
pub(crate) const SESSION_COOKIE: &str = "lamplighter";
/// The cookie of the person one plays in the demo.
pub(crate) const AS_COOKIE: &str = "as";

/// Lets people in; others are sent to the log-in, or refused where a program asks.
pub(crate) async fn reader(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Response {
    match principal(&context, request.headers(), request.uri()) {
        Some(who @ Principal::Person { .. }) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        _ => turned_away(request.uri()),
    }
}

/// Lets people in who mean it: forms of other sites are kept out.
pub(crate) async fn writer(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Response {
    match principal(&context, request.headers(), request.uri()) {
        Some(Principal::Person { ambient: true, .. }) if is_forged(request.headers()) => {
            refused("This form came from another site and was not carried out.", request.uri())
        }
        Some(who @ Principal::Person { .. }) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        _ => turned_away(request.uri()),
    }
}

/// Lets administrators in.
pub(crate) async fn admin(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Response {
    let writes = request.method() != Method::GET;
    match principal(&context, request.headers(), request.uri()) {
        Some(Principal::Person { ambient: true, .. }) if writes && is_forged(request.headers()) => {
            refused("This form came from another site and was not carried out.", request.uri())
        }
        Some(who @ Principal::Person { role: Role::Admin, .. }) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        Some(_) => refused("Only administrators may do this.", request.uri()),
        None => turned_away(request.uri()),
    }
}

/// Lets senders of alerts in, and people's programs.
pub(crate) async fn door(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Response {
    match principal(&context, request.headers(), request.uri()) {
        Some(Principal::Person { ambient: true, .. }) if is_forged(request.headers()) => {
            (StatusCode::FORBIDDEN, "this request came from another site\n").into_response()
        }
        Some(who) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        None => {
            let hint = "this door wants a key: Authorization: Bearer lt_door_…\n";
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], hint).into_response()
        }
    }
}

/// In the demo only names of this machine are answered, so that no site elsewhere can point its own
/// name here.
pub(crate) async fn host(State(context): State<Context>, request: Request, next: Next) -> Response {
    if matches!(context.mode, Mode::Demo(_)) {
        let host = header_text(request.headers(), header::HOST);
        let name = host.rsplit_once(':').map_or(host, |(name, port)| {
            if port.bytes().all(|it| it.is_ascii_digit()) { name } else { host }
        });
        if !["127.0.0.1", "localhost", "[::1]"].contains(&name) {
            let told = "the demo answers to names of this machine only\n";
            return (StatusCode::MISDIRECTED_REQUEST, told).into_response();
        }
    }
    next.run(request).await
}

/// Who asks, if it is anybody.
pub(crate) fn principal(context: &Context, headers: &HeaderMap, uri: &Uri) -> Option<Principal> {
    if let Some(secret) = presented(headers, uri) {
        return by_secret(context, &secret, false);
    }
    if matches!(context.mode, Mode::Demo(_)) {
        return demo_person(context, headers);
    }
    by_secret(context, &cookie(headers, SESSION_COOKIE)?, true)
}

/// Who holds a key that stands somewhere else than in a header: in a body, in a path.
pub(crate) fn by_key(context: &Context, secret: &str) -> Option<Principal> {
    by_secret(context, secret, false)
}

fn by_secret(context: &Context, secret: &str, ambient: bool) -> Option<Principal> {
    let state = context.handle.state();
    let (id, token) = state.access.find(&hash_token(secret), context.clock.now())?;
    match token.kind {
        TokenKind::Door if !ambient => Some(Principal::Door(id)),
        TokenKind::Api if !ambient => person(&state, token, id, false),
        TokenKind::Session if ambient => person(&state, token, id, true),
        _ => None,
    }
}

fn person(
    state: &engine::State,
    token: &engine::Token,
    id: TokenId,
    ambient: bool,
) -> Option<Principal> {
    let person = token.person.clone()?;
    // Somebody who is not in the organisation any more has no way in.
    state.catalogue()?.people.get(&person)?;
    let role = state.access.role_of(&person)?;
    Some(Principal::Person { id: person, role, token: Some(id), ambient })
}

/// The person one plays: the one chosen, or whoever is on duty in the first rota.
fn demo_person(context: &Context, headers: &HeaderMap) -> Option<Principal> {
    let state = context.handle.state();
    let catalogue = state.catalogue()?;
    let chosen = cookie(headers, AS_COOKIE)
        .and_then(|it| PersonId::new(&it).ok())
        .filter(|it| catalogue.people.contains_key(it));
    let on_duty = || {
        let rota = catalogue.rotas.keys().next()?;
        let shift = state.on_duty(rota, context.clock.now(), &context.zones)?;
        shift.people.into_iter().next()
    };
    let id = chosen.or_else(on_duty).or_else(|| catalogue.people.keys().next().cloned())?;
    Some(Principal::Person { id, role: Role::Admin, token: None, ambient: true })
}

/// A secret that the request carries on purpose.
pub(crate) fn presented(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let authorization = header_text(headers, header::AUTHORIZATION);
    if let Some(token) = authorization.strip_prefix("Bearer ") {
        return Some(token.trim().to_owned());
    }
    if let Some(basic) = authorization.strip_prefix("Basic ") {
        let pair = String::from_utf8(STANDARD.decode(basic.trim()).ok()?).ok()?;
        return pair.split_once(':').map(|(_, password)| password.to_owned());
    }
    let query = uri.query()?;
    query.split('&').find_map(|it| it.strip_prefix("token=")).map(str::to_owned)
}

/// Whether a browser says that another site sent this.
fn is_forged(headers: &HeaderMap) -> bool {
    match header_text(headers, "sec-fetch-site".parse().expect("a header name")) {
        "same-origin" | "none" => return false,
        "" => {}
        _ => return true,
    }
    let origin = header_text(headers, header::ORIGIN);
    let host = header_text(headers, header::HOST);
    // Programs and old browsers say neither; their cookie would be `SameSite=Strict` all the same.
    !origin.is_empty() && origin.split_once("://").is_none_or(|(_, it)| it != host)
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    cookies
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().split_once('='))
        .find(|(it, _)| *it == name)
        .map(|(_, value)| value.to_owned())
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or("")
}

fn is_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/") || uri.path().starts_with("/-/")
}

fn turned_away(uri: &Uri) -> Response {
    if is_api(uri) {
        let hint = "send `Authorization: Bearer …` with a token from the Access view";
        return crate::api::problem(
            StatusCode::UNAUTHORIZED,
            "not_logged_in",
            "no valid token",
            hint,
        );
    }
    Redirect::to("/login").into_response()
}

fn refused(told: &str, uri: &Uri) -> Response {
    if is_api(uri) {
        return crate::api::problem(StatusCode::FORBIDDEN, "not_allowed", told, "");
    }
    (StatusCode::FORBIDDEN, views::message("Not allowed", told)).into_response()
}
