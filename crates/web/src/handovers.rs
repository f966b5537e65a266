//! Handovers for programs and forms: written, published, read back; and what is to do.
//!
//! Invariant: looking at a handover accepts nothing; only words of the reader's own do.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem, submit};
use crate::forms::{carry_out, nothing_here};
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use engine::{Command, Handover, HandoverCommand, HandoverStage, Todo};
use model::{HandoverId, PersonId, RotaId, Timestamp, TodoId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Rows of "if this, then that" that a form can hold.
pub(crate) const IF_ROWS: usize = 8;

/// What is only looked at.
pub(crate) fn readers() -> Router<Context> {
    Router::new()
        .route("/handovers", get(crate::views::handover::list))
        .route("/handovers/{id}", get(crate::views::handover::one))
        .route("/api/v1/handovers", get(list))
        .route("/api/v1/handovers/{id}", get(one))
}

/// What changes something.
pub(crate) fn writers() -> Router<Context> {
    Router::new()
        .route("/handovers/{id}/{how}", post(act_form))
        .route("/todos", post(note_form))
        .route("/todos/{id}/done", post(done_form))
        .route("/api/v1/handovers/{id}/{how}", post(act))
        .route("/api/v1/todos", post(note))
        .route("/api/v1/todos/{id}/done", post(done))
}

/// In one word.
pub(crate) fn stage(it: &Handover) -> &'static str {
    match it.stage {
        HandoverStage::Draft => "draft",
        HandoverStage::Unread { .. } => "unread",
        HandoverStage::Accepted { .. } => "accepted",
        HandoverStage::Passed { .. } => "passed unread",
    }
}

/// What the state says: as it was when it was published, and as it is now before.
pub(crate) fn facts(context: &Context, state: &engine::State, it: &Handover) -> Vec<engine::Fact> {
    if it.published.is_some() {
        return it.facts.clone();
    }
    let now = engine::Context { now: context.clock.now(), zones: &context.zones };
    engine::draft_facts(state, &now, &it.shifting)
}

/// What is to do: as it was, with what was done since; before publication what is open now.
pub(crate) fn todos<'a>(
    state: &'a engine::State,
    it: &'a Handover,
) -> Vec<(TodoId, Option<&'a Todo>)> {
    if it.published.is_some() {
        return it.todos.iter().map(|id| (*id, state.handovers.todos.get(id))).collect();
    }
    state.handovers.open_todos(&it.shifting.rota).map(|(id, it)| (id, Some(it))).collect()
}

fn todo_json(id: TodoId, it: Option<&Todo>) -> Value {
    let Some(it) = it else { return json!({ "id": id, "done": true }) };
    json!({
        "id": id,
        "rota": it.rota,
        "text": it.text.text(),
        "owner": it.owner,
        "noted_by": it.noted.0,
        "noted_at": it.noted.1.to_string(),
        "done": it.done.is_some(),
        "done_by": it.done.as_ref().map(|it| &it.0),
    })
}

fn handover_json(context: &Context, state: &engine::State, id: HandoverId, it: &Handover) -> Value {
    let name = |who: &PersonId| {
        state.catalogue().map_or_else(|| who.to_string(), |all| all.name_of(who).to_owned())
    };
    let time = |at: Timestamp| at.to_string();
    let facts: Vec<Value> = facts(context, state, it)
        .iter()
        .map(|fact| {
            json!({ "heading": fact.heading(), "text": fact.line(&name, &time), "fact": fact })
        })
        .collect();
    let todos: Vec<Value> =
        todos(state, it).into_iter().map(|(id, it)| todo_json(id, it)).collect();
    let written = it.written.as_ref().map(|it| {
        let ifs: Vec<Value> = it
            .ifs
            .iter()
            .map(|it| json!({ "if": it.happens.text(), "then": it.then.text() }))
            .collect();
        json!({ "by": it.by, "at": it.at.to_string(), "status": it.status.text(),
            "happened": it.happened.text(), "ifs": ifs })
    });
    let reads: Vec<Value> = it
        .reads
        .iter()
        .map(|(person, it)| {
            json!({ "by": person, "at": it.at.to_string(), "words": it.words.text(), "via": it.via })
        })
        .collect();
    let shifting = &it.shifting;
    json!({
        "id": id,
        "rota": shifting.rota,
        "from": shifting.givers(),
        "to": shifting.receivers(),
        "gives_at": shifting.gives_at.to_string(),
        "takes_at": shifting.takes_at.to_string(),
        "until": shifting.until.to_string(),
        "stage": stage(it),
        "published_at": it.published.as_ref().map(|it| it.0.to_string()),
        "published_by": it.published.as_ref().and_then(|it| it.1.as_ref()),
        "edited": it.written.is_some(),
        "written": written,
        "facts": facts,
        "todos": todos,
        "reads": reads,
    })
}

/// `GET /api/v1/handovers`: newest first, with what is to do.
pub(crate) async fn list(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let all = state.handovers.list.iter().rev();
    let all: Vec<Value> = all.map(|(id, it)| handover_json(&context, &state, *id, it)).collect();
    let open = state.handovers.todos.iter().filter(|(_, it)| it.done.is_none());
    let todos: Vec<Value> = open.map(|(id, it)| todo_json(*id, Some(it))).collect();
    Json(json!({ "handovers": all, "todos": todos })).into_response()
}

/// `GET /api/v1/handovers/{id}`
pub(crate) async fn one(State(context): State<Context>, Path(id): Path<String>) -> Response {
    let state = context.handle.state();
    let found = HandoverId::parse(&id).and_then(|it| Some((it, state.handovers.list.get(&it)?)));
    match found {
        Some((id, it)) => Json(handover_json(&context, &state, id, it)).into_response(),
        None => missing("handover", &id),
    }
}

/// What programs say to a handover.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ActBody {
    status: String,
    happened: String,
    ifs: Vec<IfBody>,
    words: String,
}

#[derive(Deserialize)]
pub(crate) struct IfBody {
    #[serde(rename = "if")]
    happens: String,
    then: String,
}

fn command(id: &str, how: &str, who: &Principal, body: ActBody, via: &str) -> Option<Command> {
    let (handover, by) = (HandoverId::parse(id)?, who.person().cloned()?);
    Some(Command::Handover(match how {
        "write" => HandoverCommand::Write {
            handover,
            by,
            status: body.status,
            happened: body.happened,
            ifs: body.ifs.into_iter().map(|it| (it.happens, it.then)).collect(),
        },
        "publish" => HandoverCommand::Publish { handover, by },
        "accept" => {
            HandoverCommand::Accept { handover, by, words: body.words, via: via.to_owned() }
        }
        _ => return None,
    }))
}

/// `POST /api/v1/handovers/{id}/write`, `…/publish`, `…/accept`
pub(crate) async fn act(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
    headers: HeaderMap,
    body: Option<Json<ActBody>>,
) -> Response {
    let body = body.map(|it| it.0).unwrap_or_default();
    match command(&id, &how, &who, body, "api") {
        Some(command) => submit(&context, &who, &headers, command).await,
        None => missing("handover", &id),
    }
}

/// `POST /handovers/{id}/write`, `…/publish`, `…/accept`
pub(crate) async fn act_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
    Form(mut fields): Form<BTreeMap<String, String>>,
) -> Response {
    let mut said = |name: &str| fields.remove(name).unwrap_or_default();
    let rows = (0..IF_ROWS).map(|row| IfBody {
        happens: said(&format!("if{row}")),
        then: said(&format!("then{row}")),
    });
    let ifs = rows.collect();
    let (status, happened) = (said("status"), said("happened"));
    // One button saves, the other saves and sends: nobody loses what they typed.
    let sends = how == "write" && !said("publish").is_empty();
    let body = ActBody { status, happened, ifs, words: said("words") };
    let back = format!("/handovers/{id}");
    let Some(first) = command(&id, &how, &who, body, "view") else { return nothing_here() };
    let done = carry_out(&context, &who, first, &back).await;
    if !sends || !done.status().is_redirection() {
        return done;
    }
    match command(&id, "publish", &who, ActBody::default(), "view") {
        Some(publish) => carry_out(&context, &who, publish, &back).await,
        None => nothing_here(),
    }
}

/// Something to do, as a program or a form says it.
#[derive(Deserialize)]
pub(crate) struct TodoBody {
    rota: String,
    text: String,
    #[serde(default)]
    owner: Option<String>,
    /// Of a form: where to go on.
    #[serde(default)]
    back: Option<String>,
}

impl TodoBody {
    fn command(&self, by: PersonId) -> Result<Command, String> {
        let owner = self.owner.as_deref().filter(|it| !it.trim().is_empty());
        Ok(Command::Handover(HandoverCommand::NoteTodo {
            rota: RotaId::new(&self.rota).map_err(|error| error.to_string())?,
            by,
            owner: owner.map(PersonId::new).transpose().map_err(|error| error.to_string())?,
            text: self.text.clone(),
        }))
    }

    fn back(&self) -> &str {
        let own = self.back.as_deref().filter(|it| it.starts_with("/handovers"));
        own.unwrap_or("/handovers")
    }
}

/// `POST /api/v1/todos`
pub(crate) async fn note(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Json(body): Json<TodoBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match body.command(by) {
        Ok(command) => submit(&context, &who, &headers, command).await,
        Err(told) => problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &told, ""),
    }
}

/// `POST /todos`
pub(crate) async fn note_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(body): Form<TodoBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return nothing_here() };
    match body.command(by) {
        Ok(command) => carry_out(&context, &who, command, body.back()).await,
        Err(_) => nothing_here(),
    }
}

fn finish(id: &str, who: &Principal) -> Option<Command> {
    let (todo, by) = (TodoId::parse(id)?, who.person().cloned()?);
    Some(Command::Handover(HandoverCommand::FinishTodo { todo, by }))
}

/// `POST /api/v1/todos/{id}/done`
pub(crate) async fn done(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match finish(&id, &who) {
        Some(command) => submit(&context, &who, &headers, command).await,
        None => missing("thing to do", &id),
    }
}

/// `POST /todos/{id}/done`
pub(crate) async fn done_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    match finish(&id, &who) {
        Some(command) => carry_out(&context, &who, command, "/handovers").await,
        None => nothing_here(),
    }
}
