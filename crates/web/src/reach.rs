//! How people are reached: their addresses, codes, tests, the beginning of a shift. For programs under
//! `/api/v1`, for people in the view "Me".
//!
//! Invariants:
//! - codes are asked for and typed in by the person whose address it is, by nobody else;
//! - no answer and no view shows an address of somebody else.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem, submit};
use crate::codes::{contact_code, contact_code_hash, typed};
use crate::forms::carry_out;
use crate::show::Clockface;
use crate::views::layout;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Json};
use engine::{Command, DutyStage, Event, Role};
use maud::{Markup, html};
use model::{Medium, PersonId, RotaId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// A medium as people write it.
fn medium(word: &str) -> Option<Medium> {
    let key = if word == "push" { "ntfy" } else { word };
    Medium::ALL.into_iter().find(|it| it.contact_key() == Some(key))
}

/// What people write for a medium.
fn word(medium: Medium) -> &'static str {
    match medium {
        Medium::Ntfy => "push",
        other => other.contact_key().unwrap_or("webhook"),
    }
}

/// The command that sends a code.
fn asking(context: &Context, person: &PersonId, medium: Medium) -> Command {
    let nonce = crate::passwords::new_secret("contact");
    let code = contact_code(&context.link_key, person, medium, &nonce);
    let code_hash = contact_code_hash(&context.link_key, person, medium, &nonce, &code);
    Command::VerifyContact { person: person.clone(), medium, nonce, code_hash }
}

/// The command that gives a code back.
fn answering(context: &Context, person: &PersonId, medium: Medium, code: &str) -> Command {
    let nonce = {
        let state = context.handle.state();
        let asked = state.reach.people.get(person).and_then(|it| it.asked.get(&medium));
        asked.map(|it| it.nonce.clone()).unwrap_or_default()
    };
    let code = typed(code);
    let code_hash = contact_code_hash(&context.link_key, person, medium, &nonce, &code);
    Command::ConfirmContact { person: person.clone(), medium, code_hash }
}

/// What is known of reaching one person. Without addresses.
pub(crate) fn person_json(state: &engine::State, person: &PersonId, now: Timestamp) -> Value {
    let contacts = state.catalogue().and_then(|it| it.people.get(person)).map(|it| &it.contacts);
    let known = state.reach.people.get(person);
    let contacts: Vec<Value> = contacts
        .into_iter()
        .flatten()
        .map(|it| {
            let arrived = known.and_then(|all| all.arrived.get(&it.medium));
            json!({
                "medium": word(it.medium),
                "verified": state.is_verified(person, it),
                "last_arrived_at": arrived.map(ToString::to_string),
            })
        })
        .collect();
    let last = state.last_evidence(person);
    json!({
        "person": person,
        "contacts": contacts,
        "last_reached_at": last.as_ref().map(|(at, _)| at.to_string()),
        "last_reached_by": last.map(|(_, by)| by),
        "without_evidence": state.without_evidence(person, now),
        "unreached": state.reach.unreached.get(person.as_str()).map(|it| &it.reason),
    })
}

pub(crate) async fn me(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Response {
    let Some(person) = who.person() else { return missing("person", "") };
    let state = context.handle.state();
    Json(person_json(&state, person, context.clock.now())).into_response()
}

pub(crate) async fn people(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let now = context.clock.now();
    let ids = state.catalogue().map(|it| it.people.keys().collect::<Vec<_>>()).unwrap_or_default();
    let all: Vec<Value> = ids.into_iter().map(|it| person_json(&state, it, now)).collect();
    let unreached = |it: &engine::Unreached| json!({ "to": it.to, "at": it.at.to_string(), "reason": it.reason });
    let unreached: Vec<Value> = state.reach.unreached.values().map(unreached).collect();
    Json(json!({ "people": all, "unreached": unreached })).into_response()
}

#[derive(Deserialize)]
pub(crate) struct CodeBody {
    /// As it came; without one a new one is sent.
    #[serde(default)]
    code: Option<String>,
}

pub(crate) async fn verify(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(word): Path<String>,
    headers: HeaderMap,
    Json(body): Json<CodeBody>,
) -> Response {
    let Some(person) = who.person() else { return missing("person", "") };
    let Some(medium) = medium(&word) else { return missing("medium", &word) };
    let Some(code) = body.code else {
        let command = asking(&context, person, medium);
        return submit(&context, &who, &headers, command).await;
    };
    let command = answering(&context, person, medium, &code);
    match context.handle.submit(engine::Submission::person(person.clone(), command)).await {
        Ok(done) => match done.events.first().map(|it| &it.event) {
            Some(Event::VerificationFailed { tries_left, .. }) => {
                let hint = format!("{tries_left} more tries");
                problem(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "wrong_code",
                    "this is not the code",
                    &hint,
                )
            }
            _ => Json(json!({ "verified": true })).into_response(),
        },
        Err(error) => crate::api::refused(&error),
    }
}

pub(crate) async fn test(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Ok(person) = PersonId::new(&id) else { return missing("person", &id) };
    if !may_test(&who, &person) {
        let hint = "everybody may send a test to themselves, administrators to everybody";
        return problem(StatusCode::FORBIDDEN, "not_allowed", "this is somebody else", hint);
    }
    submit(&context, &who, &headers, Command::TestContacts { person }).await
}

fn may_test(who: &Principal, person: &PersonId) -> bool {
    matches!(who, Principal::Person { id, role, .. } if id == person || *role == Role::Admin)
}

#[derive(Deserialize)]
pub(crate) struct DutyBody {
    #[serde(default)]
    rota: Option<RotaId>,
}

pub(crate) async fn confirm_duty(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Json(body): Json<DutyBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    let command = Command::ConfirmDuty { by, rota: body.rota, via: "api".to_owned() };
    submit(&context, &who, &headers, command).await
}

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let main = body(&context, &reader);
    layout::full(&context, &reader, "/me", "Me", &main)
}

fn body(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let Some(person) = state.catalogue().and_then(|it| it.people.get(reader)) else {
        return html! { h1 { "Me" } p { "You are not in the configuration that is in force." } };
    };
    let shifts = state.reach.duty_calls().filter(|(_, it)| it.person == *reader && it.is_open());
    html! {
        h1 { "How you are reached" }
        @for (rota, it) in shifts {
            section.card.fire {
                p { strong { "You are on duty in " (rota) } " from " (face.time(it.starts)) " until " (face.time(it.ends)) "." }
                form method="post" action="/me/duty" {
                    button id={ "confirm-" (rota) } name="rota" value=(rota) { "I know" }
                }
            }
        }
        @if let Some(it) = state.reach.unreached.get(reader.as_str()) {
            p.card.fire { strong { "A page could not be sent to you" } " (" (face.ago(it.at)) "): " (it.reason) "." }
        }
        @if person.contacts.is_empty() {
            p.card.fire { strong { "There is no address of yours in the configuration: no page reaches you." } }
        }
        @for contact in &person.contacts {
            @let verified = state.is_verified(reader, contact);
            @let known = state.reach.people.get(reader);
            @let word = word(contact.medium);
            section.card aria-label=(word) {
                h2 style="margin-top:0" { (word) " " (contact.address.text().unwrap_or("(erased)")) }
                p {
                    @if verified { span.ok { "verified" } } @else { strong.bad { "not verified" } " – used all the same" }
                    " · "
                    @match known.and_then(|it| it.arrived.get(&contact.medium)) {
                        Some(at) => { "last arrived " (face.ago(*at)) },
                        None => { span.bad { "nothing is known to have arrived here" } },
                    }
                }
                @if !verified {
                    @if known.is_some_and(|it| it.asked.contains_key(&contact.medium)) {
                        form method="post" action={ "/me/code/" (word) } {
                            label for={ "code-" (word) } { "The code that came" }
                            input id={ "code-" (word) } name="code" inputmode="numeric" autocomplete="one-time-code" required;
                            " " button { "This is it" }
                        }
                    }
                    form method="post" action={ "/me/verify/" (word) } {
                        button.quiet id={ "verify-" (word) } { "Send me a code" }
                    }
                }
            }
        }
        (crate::feeds::section(&state, &face, reader))
        form method="post" action={ "/people/" (reader) "/test" } {
            button id="test" { "Send me a test message" }
        }
        p.soft { "Addresses, rules and quiet hours are part of the configuration." }
    }
}

pub(crate) async fn verify_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(word): Path<String>,
) -> Response {
    let (Some(person), Some(medium)) = (who.person(), medium(&word)) else {
        return Redirect::to("/me").into_response();
    };
    let command = asking(&context, person, medium);
    carry_out(&context, &who, command, "/me").await
}

#[derive(Deserialize)]
pub(crate) struct CodeForm {
    code: String,
}

pub(crate) async fn code_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(word): Path<String>,
    Form(form): Form<CodeForm>,
) -> Response {
    let (Some(person), Some(medium)) = (who.person(), medium(&word)) else {
        return Redirect::to("/me").into_response();
    };
    let command = answering(&context, person, medium, &form.code);
    carry_out(&context, &who, command, "/me").await
}

pub(crate) async fn test_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    match PersonId::new(&id) {
        Ok(person) if may_test(&who, &person) => {
            let back = if who.person() == Some(&person) { "/me" } else { "/oncall" };
            carry_out(&context, &who, Command::TestContacts { person }, back).await
        }
        _ => Redirect::to("/oncall").into_response(),
    }
}

#[derive(Deserialize)]
pub(crate) struct DutyForm {
    rota: String,
}

pub(crate) async fn duty_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(form): Form<DutyForm>,
) -> Response {
    let Some(by) = who.person().cloned() else { return Redirect::to("/login").into_response() };
    let rota = RotaId::new(&form.rota).ok();
    let command = Command::ConfirmDuty { by, rota, via: "view".to_owned() };
    carry_out(&context, &who, command, "/me").await
}

/// How somebody on duty is reached, in words, for the view of rotas.
pub(crate) fn standing(
    state: &engine::State,
    now: Timestamp,
    who: &Principal,
    rota: &RotaId,
    person: &PersonId,
) -> Markup {
    let contacts = state.catalogue().and_then(|it| it.people.get(person)).map(|it| &it.contacts);
    let unverified: Vec<&str> = contacts
        .into_iter()
        .flatten()
        .filter(|it| !state.is_verified(person, it))
        .map(|it| word(it.medium))
        .collect();
    let mut calls = state.reach.duty_calls();
    let call = calls.find(|(id, it)| *id == rota && it.person == *person).map(|(_, it)| it);
    html! {
        p {
            @match state.last_evidence(person) {
                Some((at, by)) if !state.without_evidence(person, now) => {
                    span.ok { "last reached " (now.since(at)) " ago by " (by) }
                },
                Some((at, by)) => { strong.bad { "last reached " (now.since(at)) " ago by " (by) } },
                None => { strong.bad { "nothing shows yet that they can be reached" } },
            }
            @if !unverified.is_empty() { " · " span.bad { "not verified: " (unverified.join(", ")) } }
            @match call.map(|it| &it.stage) {
                Some(DutyStage::Confirmed { via, .. }) => { " · " span.ok { "confirmed the shift (" (via) ")" } },
                Some(DutyStage::Asked { .. } | DutyStage::Reminded { .. }) => { " · asked to confirm the shift" },
                Some(DutyStage::Unconfirmed { .. }) => { " · " strong.bad { "has not confirmed the shift" } },
                None => {},
            }
        }
        @if may_test(who, person) {
            form method="post" action={ "/people/" (person) "/test" } {
                button.quiet id={ "test-" (rota) "-" (person) } { "Send a test message" }
            }
        }
    }
}

/// People and channels a page could not be sent to: shown before everything else.
pub(crate) fn unreached(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    html! {
        @for (to, it) in state.reach.unreached.iter().take(20) {
            p.card.fire {
                strong { "A page could not be sent to " (to) } ", " (face.ago(it.at)) ": " (it.reason) "."
            }
        }
        @for (page, it) in state.reach.owed.iter().filter(|(_, it)| it.next_at.is_some()).take(20) {
            p.card.fire {
                strong { "Nobody has had a message of page " a href={ "/why/" (page) } { (page) } } "."
                @if let Some(at) = it.next_at { " It is tried again at " (face.time(at)) "." }
            }
        }
    }
}
