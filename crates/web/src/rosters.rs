//! Proposed rosters: handed in, looked at as a difference, published or put aside.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem, submit};
use crate::forms::{carry_out, nothing_here};
use crate::show::Clockface;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use engine::{Command, RosterShift};
use maud::{Markup, html};
use model::{Catalogue, PersonId, RosterId, RotaId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// One shift of a proposal.
#[derive(Deserialize)]
pub(crate) struct Shift {
    start: String,
    end: String,
    people: Vec<String>,
}

/// A proposal.
#[derive(Deserialize)]
pub(crate) struct Proposal {
    shifts: Vec<Shift>,
}

impl Shift {
    fn read(&self) -> Result<RosterShift, String> {
        let time =
            |it: &str| Timestamp::parse_rfc3339(it).ok_or_else(|| format!("`{it}` is not a time"));
        let people: Result<Vec<PersonId>, _> =
            self.people.iter().map(|it| PersonId::new(it)).collect();
        Ok(RosterShift {
            starts: time(&self.start)?,
            ends: time(&self.end)?,
            people: people.map_err(|error| error.to_string())?,
        })
    }
}

/// `POST /api/v1/rotas/{id}/rosters`
pub(crate) async fn propose(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Proposal>,
) -> Response {
    let (Ok(rota), Some(by)) = (RotaId::new(&id), who.person().cloned()) else {
        return missing("rota", &id);
    };
    match body.shifts.iter().map(Shift::read).collect::<Result<Vec<_>, _>>() {
        Ok(shifts) => {
            let command = Command::ProposeRoster { by, rota, shifts };
            submit(&context, &who, &headers, command).await
        }
        Err(told) => problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &told, ""),
    }
}

/// `GET /api/v1/rosters`: newest first.
pub(crate) async fn list(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let one = |(id, it): (&RosterId, &engine::Roster)| {
        let change = |it: &engine::RosterChange| {
            json!({ "start": it.starts.to_string(), "end": it.ends.to_string(),
                "from": it.from, "to": it.to })
        };
        json!({ "id": id, "rota": it.rota, "by": it.by, "at": it.at.to_string(),
            "published": it.published,
            "changes": it.changes.iter().map(change).collect::<Vec<_>>() })
    };
    let rosters: Vec<Value> = state.rosters.iter().rev().map(one).collect();
    Json(json!({ "rosters": rosters })).into_response()
}

fn answered(id: &str, how: &str, who: &Principal) -> Option<Command> {
    let publish = match how {
        "publish" => true,
        "discard" => false,
        _ => return None,
    };
    Some(Command::AnswerRoster {
        roster: RosterId::parse(id)?,
        by: who.person().cloned()?,
        publish,
    })
}

/// `POST /api/v1/rosters/{id}/publish`, `…/discard`
pub(crate) async fn answer(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match answered(&id, &how, &who) {
        Some(command) => submit(&context, &who, &headers, command).await,
        None => missing("roster", &id),
    }
}

/// `POST /rosters/{id}/publish`, `…/discard`
pub(crate) async fn answer_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
) -> Response {
    match answered(&id, &how, &who) {
        Some(command) => carry_out(&context, &who, command, "/oncall").await,
        None => nothing_here(),
    }
}

/// Proposals that wait, as what they would change.
pub(crate) fn section(face: &Clockface, state: &engine::State, catalogue: &Catalogue) -> Markup {
    let names = |people: &[PersonId]| {
        let names: Vec<&str> = people.iter().map(|it| catalogue.name_of(it)).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    html! {
        @for (id, it) in state.rosters.iter().filter(|(_, it)| it.published.is_none()) {
            section.card aria-label={ "Proposed roster " (id) } {
                h2 { "Proposed for " (it.rota) ": " (it.changes.len()) " changes" }
                p.soft { (id) " by " (catalogue.name_of(&it.by)) ", " (face.time(it.at)) ". Nothing changes until it is published." }
                div.scroll tabindex="0" { table {
                    thead { tr { th { "From" } th { "Until" } th { "Now" } th { "Then" } } }
                    tbody { @for change in &it.changes { tr {
                        td { (face.time(change.starts)) }
                        td { (face.time(change.ends)) }
                        td { del { (names(&change.from)) } }
                        td { ins { (names(&change.to)) } }
                    } } }
                } }
                form method="post" action={ "/rosters/" (id) "/publish" } { button { "Publish" } }
                form method="post" action={ "/rosters/" (id) "/discard" } { button.quiet { "Put aside" } }
            }
        }
    }
}
