//! What people do to an incident besides taking and ending it: notes, the next step at once, taking over.
//! For programs and as forms.
//!
//! A page or its incident may be named for each: people have whichever id stands in their message.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, submit};
use crate::forms::{carry_out, nothing_here};
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use engine::{Command, State as EngineState};
use model::{IncidentId, PageId, PersonId};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct NoteBody {
    text: String,
}

/// The incident that is meant by `in_1` or `pg_1`.
pub(crate) fn incident_of(state: &EngineState, id: &str) -> Option<IncidentId> {
    let of_page = |it: PageId| Some(state.pages.get(&it)?.incident);
    IncidentId::parse(id).or_else(|| PageId::parse(id).and_then(of_page))
}

/// The page whose next step is meant by `pg_1` or `in_1`: of an incident the one that calls, or the
/// youngest.
pub(crate) fn page_of(state: &EngineState, id: &str) -> Option<PageId> {
    let of_incident = |it: IncidentId| {
        let pages = &state.incidents.get(&it)?.pages;
        let calls = |it: &&PageId| state.pages.get(it).is_some_and(paging::Page::is_calling);
        pages.iter().rev().find(calls).or(pages.last()).copied()
    };
    PageId::parse(id).or_else(|| IncidentId::parse(id).and_then(of_incident))
}

fn note_command(
    context: &Context,
    who: &Principal,
    id: &str,
    text: String,
    via: &str,
) -> Option<Command> {
    let incident = incident_of(&context.handle.state(), id)?;
    Some(Command::AddNote { incident, by: by(who)?, text, via: via.to_owned() })
}

fn escalate_command(context: &Context, who: &Principal, id: &str, via: &str) -> Option<Command> {
    let page = page_of(&context.handle.state(), id)?;
    Some(Command::Escalate { page, by: by(who)?, via: via.to_owned() })
}

fn take_command(context: &Context, who: &Principal, id: &str, via: &str) -> Option<Command> {
    let incident = incident_of(&context.handle.state(), id)?;
    Some(Command::TakeOver { incident, by: by(who)?, via: via.to_owned() })
}

fn by(who: &Principal) -> Option<PersonId> {
    who.person().cloned()
}

pub(crate) async fn note(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<NoteBody>,
) -> Response {
    match note_command(&context, &who, &id, body.text, "api") {
        Some(command) => submit(&context, &who, &headers, command).await,
        None => missing("incident", &id),
    }
}

pub(crate) async fn escalate(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match escalate_command(&context, &who, &id, "api") {
        Some(command) => submit(&context, &who, &headers, command).await,
        None => missing("page", &id),
    }
}

pub(crate) async fn take(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match take_command(&context, &who, &id, "api") {
        Some(command) => submit(&context, &who, &headers, command).await,
        None => missing("incident", &id),
    }
}

pub(crate) async fn note_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(body): Form<NoteBody>,
) -> Response {
    let Some(command) = note_command(&context, &who, &id, body.text, "view") else {
        return nothing_here();
    };
    carry_out(&context, &who, command, &format!("/incidents/{id}")).await
}

pub(crate) async fn escalate_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let Some(command) = escalate_command(&context, &who, &id, "view") else {
        return nothing_here();
    };
    carry_out(&context, &who, command, &format!("/incidents/{id}")).await
}

pub(crate) async fn take_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let Some(command) = take_command(&context, &who, &id, "view") else { return nothing_here() };
    carry_out(&context, &who, command, &format!("/incidents/{id}")).await
}
