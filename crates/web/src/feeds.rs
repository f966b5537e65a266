//! Shifts where people look already: calendars that phones subscribe to, and who is on duty now, for chats
//! and status pages.
//!
//! A calendar can keep an address and nothing else, so the address holds a secret. It opens calendars
//! alone, in the name of whoever made it, and can be revoked by them or by an administrator.
//!
//! Invariants:
//! - a secret of a calendar opens no view and no API, and no other secret opens a calendar;
//! - a secret that was revoked, or whose person left, opens nothing;
//! - no feed shows an address of anybody.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, refused, submit};
use crate::forms::{carry_out, failure, nothing_here};
use crate::passwords::{hash_token, new_secret};
use crate::show::Clockface;
use crate::views::layout;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use driver::SubmitError;
use engine::{Command, Event, Submission, TokenKind};
use maud::{Markup, html};
use model::{Catalogue, Millis, PersonId, RotaId, Timestamp, TokenId};
use oncall::feed::{Entry, Head, feed};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How far back and ahead a feed goes.
const BACK: Millis = Millis::from_days(31);
const AHEAD: Millis = Millis::from_days(184);
/// How long before a shift its owner's calendar reminds them.
const ALARMS: [Millis; 2] = [Millis::from_hours(24), Millis::from_mins(15)];

/// `GET /calendar/{secret}/me.ics`, `GET /calendar/{secret}/rota-payments.ics`
pub(crate) async fn calendar(
    State(context): State<Context>,
    Path((secret, which)): Path<(String, String)>,
) -> Response {
    let now = context.clock.now();
    let state = context.handle.state();
    let reader = state.access.find(&hash_token(&secret), now);
    let reader = reader.filter(|(_, it)| it.kind == TokenKind::Calendar);
    let reader = reader.and_then(|(_, it)| it.person.clone());
    let known = (state.catalogue(), state.duties(&context.zones), reader);
    let (Some(catalogue), Some(duties), Some(reader)) = known else { return gone() };
    if !catalogue.people.contains_key(&reader) {
        return gone();
    }
    let Some(name) = which.strip_suffix(".ics") else { return gone() };
    let rota = name.strip_prefix("rota-").map(RotaId::from);
    if name != "me" && !rota.as_ref().is_some_and(|it| catalogue.rotas.contains_key(it)) {
        return gone();
    }
    let mut entries = vec![];
    for id in catalogue.rotas.keys().filter(|id| rota.as_ref().is_none_or(|it| it == *id)) {
        for shift in duties.shifts(id, now.minus(BACK), now.plus(AHEAD)) {
            for person in &shift.people {
                if rota.is_none() && *person != reader {
                    continue;
                }
                let (title, about) = words(&context, catalogue, id, person, rota.is_none());
                entries.push(Entry {
                    rota: id.clone(),
                    person: person.clone(),
                    starts: shift.starts,
                    ends: shift.ends,
                    title,
                    about,
                });
            }
        }
    }
    // The ends of time do not stand in calendars.
    entries.retain(|it| it.starts.0 > i64::MIN && it.ends.0 < i64::MAX);
    let host = context.public_url.split("://").nth(1).unwrap_or("lamplighter");
    let title =
        rota.as_ref().map_or_else(|| "On call: me".to_owned(), |it| format!("On call: {it}"));
    let alarms: &[Millis] = if rota.is_none() { &ALARMS } else { &[] };
    let head = Head { name: &title, host, made_at: now, alarms };
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    (headers, feed(&head, &entries)).into_response()
}

fn words(
    context: &Context,
    catalogue: &Catalogue,
    rota: &RotaId,
    person: &PersonId,
    mine: bool,
) -> (String, String) {
    let title = if mine {
        format!("On call: {rota}")
    } else {
        format!("{rota}: {}", catalogue.name_of(person))
    };
    let zone = catalogue.rotas.get(rota).map_or("UTC", |it| it.timezone.as_str());
    let url = &context.public_url;
    (title, format!("Hand-over in {zone} time. Swap or change it: {url}/oncall"))
}

fn gone() -> Response {
    (StatusCode::NOT_FOUND, "there is no such calendar, or its address was revoked\n")
        .into_response()
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    rota: Option<String>,
}

struct Now {
    rota: RotaId,
    people: Vec<PersonId>,
    names: Vec<String>,
    until: Timestamp,
    next: Vec<PersonId>,
}

fn now_on(context: &Context, wanted: Option<&str>) -> Vec<Now> {
    let now = context.clock.now();
    let state = context.handle.state();
    let (Some(catalogue), Some(duties)) = (state.catalogue(), state.duties(&context.zones)) else {
        return vec![];
    };
    let rotas = catalogue.rotas.keys().filter(|id| wanted.is_none_or(|it| id.as_str() == it));
    let one = |id: &RotaId| {
        let shift = duties.at(id, now)?;
        // Whoever relieves somebody is whom a page calls.
        let relief = state.load.relief(id, now);
        let people = relief.map_or(shift.people, |it| vec![it.to.clone()]);
        let next = (shift.ends.0 < i64::MAX).then(|| duties.at(id, shift.ends)).flatten();
        Some(Now {
            rota: id.clone(),
            names: people.iter().map(|it| catalogue.name_of(it).to_owned()).collect(),
            people,
            until: shift.ends,
            next: next.map_or(vec![], |it| it.people),
        })
    };
    rotas.filter_map(one).collect()
}

/// `GET /api/v1/oncall/now?rota=payments`
pub(crate) async fn now(State(context): State<Context>, Query(query): Query<Wanted>) -> Response {
    let found = now_on(&context, query.rota.as_deref());
    if let (Some(rota), true) = (&query.rota, found.is_empty()) {
        return missing("rota", rota);
    }
    let one = |it: Now| {
        json!({ "rota": it.rota, "people": it.people, "names": it.names,
            "until": it.until.to_string(), "next": it.next })
    };
    Json(json!({ "at": context.clock.now().to_string(),
        "rotas": found.into_iter().map(one).collect::<Vec<_>>() }))
    .into_response()
}

/// `GET /api/v1/oncall/now.txt?rota=payments`: a line per rota.
pub(crate) async fn now_text(
    State(context): State<Context>,
    Query(query): Query<Wanted>,
) -> Response {
    let found = now_on(&context, query.rota.as_deref());
    if let (Some(rota), true) = (&query.rota, found.is_empty()) {
        return (StatusCode::NOT_FOUND, format!("there is no rota {rota}\n")).into_response();
    }
    let mut text = String::new();
    for it in found {
        let names = if it.names.is_empty() { "NOBODY".to_owned() } else { it.names.join(", ") };
        let _ = writeln!(text, "{}: {names} until {}", it.rota, it.until);
    }
    text.into_response()
}

/// Makes an address of calendars for `person`.
async fn make(context: &Context, person: &PersonId) -> Result<(TokenId, String), SubmitError> {
    let secret = new_secret("cal");
    let command = Command::IssueToken {
        kind: TokenKind::Calendar,
        person: Some(person.clone()),
        label: "calendar".to_owned(),
        sha256: hash_token(&secret),
        expires_at: None,
    };
    let done = context.handle.submit(Submission::person(person.clone(), command)).await?;
    let made = done.events.iter().find_map(|it| match &it.event {
        Event::TokenIssued(it) => Some(it.token),
        _ => None,
    });
    Ok((made.expect("a token that was issued is in the answer"), secret))
}

/// The addresses behind a secret: one's own shifts, then each rota.
fn addresses(context: &Context, secret: &str) -> Vec<(String, String)> {
    let url = |name: &str| format!("{}/calendar/{secret}/{name}.ics", context.public_url);
    let state = context.handle.state();
    let rotas = state.catalogue().into_iter().flat_map(|it| it.rotas.keys());
    let rotas = rotas.map(|id| (format!("rota {id}"), url(&format!("rota-{id}"))));
    std::iter::once(("your shifts".to_owned(), url("me"))).chain(rotas).collect()
}

/// `POST /api/v1/me/calendars`
pub(crate) async fn issue(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Response {
    let Some(person) = who.person() else { return missing("person", "") };
    match make(&context, person).await {
        Ok((id, secret)) => {
            let urls: Vec<Value> = addresses(&context, &secret)
                .into_iter()
                .map(|(of, url)| json!({ "of": of, "url": url }))
                .collect();
            Json(json!({ "id": id, "calendars": urls })).into_response()
        }
        Err(error) => refused(&error),
    }
}

/// `POST /me/calendars`: the addresses are shown this once.
pub(crate) async fn issue_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Response {
    let Some(person) = who.person() else { return nothing_here() };
    let (id, secret) = match make(&context, person).await {
        Ok(made) => made,
        Err(error) => return failure(&error),
    };
    let main = html! {
        h1 { "Calendars" }
        section.card.lamp {
            p { "Subscribe to these addresses in the calendar of your phone. They are shown this once: \
                 whoever has one can read it. (" (id) ")" }
            @for (of, url) in addresses(&context, &secret) {
                p { (of) ": " code { (url) } }
            }
        }
        p { a href="/me" { "Back" } }
    };
    layout::full(&context, person, "/me", "Calendars", &main).into_response()
}

fn own(context: &Context, who: &Principal, id: &str) -> Option<TokenId> {
    let (token, person) = (TokenId::parse(id)?, who.person()?);
    let state = context.handle.state();
    let it = state.access.tokens.get(&token)?;
    (it.kind == TokenKind::Calendar && it.person.as_ref() == Some(person)).then_some(token)
}

/// `GET /api/v1/me/calendars`
pub(crate) async fn list(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Response {
    let state = context.handle.state();
    let mine = state
        .access
        .tokens
        .iter()
        .filter(|(_, it)| it.kind == TokenKind::Calendar && it.person.as_ref() == who.person());
    let mine: Vec<Value> =
        mine.map(|(id, it)| json!({ "id": id, "since": it.issued_at.to_string() })).collect();
    Json(json!({ "calendars": mine })).into_response()
}

/// `DELETE /api/v1/me/calendars/{id}`
pub(crate) async fn revoke(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match own(&context, &who, &id) {
        Some(token) => submit(&context, &who, &headers, Command::RevokeToken { token }).await,
        None => missing("calendar", &id),
    }
}

/// `POST /me/calendars/{id}/revoke`
pub(crate) async fn revoke_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    match own(&context, &who, &id) {
        Some(token) => carry_out(&context, &who, Command::RevokeToken { token }, "/me").await,
        None => nothing_here(),
    }
}

/// One's own addresses of calendars, in the view "Me".
pub(crate) fn section(state: &engine::State, face: &Clockface, reader: &PersonId) -> Markup {
    let mine: Vec<(&TokenId, &engine::Token)> = state
        .access
        .tokens
        .iter()
        .filter(|(_, it)| it.kind == TokenKind::Calendar && it.person.as_ref() == Some(reader))
        .collect();
    html! {
        section.card aria-label="Calendars" {
            h2 { "Your shifts in your calendar" }
            p.soft { "An address that your phone subscribes to, with reminders a day and a quarter of an hour before." }
            @for (id, it) in mine {
                form method="post" action={ "/me/calendars/" (id) "/revoke" } {
                    (id) ", since " (face.time(it.issued_at)) " " button.quiet { "Revoke" }
                }
            }
            form method="post" action="/me/calendars" { button.quiet id="calendar" { "Make an address" } }
        }
    }
}
