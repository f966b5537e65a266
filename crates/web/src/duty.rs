//! Duty: shifts and gaps for programs, overrides and swaps by program and by form.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem, submit};
use crate::forms::{carry_out, nothing_here};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Form, Json};
use engine::{Command, SwapAnswer};
use model::{Millis, OverrideId, PersonId, RotaId, SwapId, Timestamp};
use oncall::{Change, Listing};
use serde::Deserialize;
use serde_json::{Value, json};

/// The longest time that is listed.
const LISTED_MAX: Millis = Millis::from_days(800);

#[derive(Deserialize)]
pub(crate) struct Range {
    from: String,
    to: String,
    rota: Option<String>,
}

/// `GET /api/v1/oncall/shifts?from=…&to=…`
pub(crate) async fn shifts(State(context): State<Context>, Query(range): Query<Range>) -> Response {
    let times = (Timestamp::parse_rfc3339(&range.from), Timestamp::parse_rfc3339(&range.to));
    let (Some(from), Some(to)) = times else {
        let hint = "write them as 2026-11-21T03:00:00Z";
        return problem(StatusCode::BAD_REQUEST, "invalid", "`from` or `to` is not a time", hint);
    };
    if to <= from || to.since(from) > LISTED_MAX {
        let hint = "ask for a time between a moment and two years";
        return problem(StatusCode::BAD_REQUEST, "invalid", "this time cannot be listed", hint);
    }
    let state = context.handle.state();
    let wanted = |id: &RotaId| range.rota.as_ref().is_none_or(|it| id.as_str() == it);
    let duties = state.duties(&context.zones);
    let listing = duties.map(|it| Listing::of(&it, wanted, from, to)).unwrap_or_default();
    Json(json!({ "shifts": listing.shifts, "gaps": listing.gaps })).into_response()
}

/// `GET /api/v1/overrides`: overrides and swaps, newest first.
pub(crate) async fn list(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let overrides = state.overrides.iter().rev().map(|(id, it)| {
        let text = format!("{}: {}, {} to {}", it.rota, words(&it.change), it.starts, it.ends);
        json!({ "id": id, "rota": it.rota, "start": it.starts.to_string(),
            "end": it.ends.to_string(), "change": it.change, "text": text })
    });
    let swaps = state.swaps.iter().rev().map(|(id, it)| {
        let answer = match it.answer {
            None => "waits for an answer",
            Some(SwapAnswer::Accepted) => "accepted",
            Some(SwapAnswer::Declined) => "declined",
        };
        let text = format!(
            "{}: {} asks {} to take {} to {}; {answer}",
            it.rota, it.from, it.with, it.gives.0, it.gives.1
        );
        json!({ "id": id, "rota": it.rota, "from": it.from, "with": it.with,
            "answer": it.answer, "text": text })
    });
    let (overrides, swaps): (Vec<Value>, Vec<Value>) = (overrides.collect(), swaps.collect());
    Json(json!({ "overrides": overrides, "swaps": swaps })).into_response()
}

/// A change in a few words.
pub(crate) fn words(change: &Change) -> String {
    match change {
        Change::Add(it) => format!("{it} too"),
        Change::Remove(it) => format!("without {it}"),
        Change::Replace { person, by } => format!("{by} for {person}"),
    }
}

/// An override as a program or a form says it; empty fields say nothing.
#[derive(Deserialize)]
pub(crate) struct OverrideBody {
    rota: String,
    from: Option<String>,
    to: Option<String>,
    /// Of a form, in the place of `to`.
    hours: Option<String>,
    add: Option<String>,
    remove: Option<String>,
    replace: Option<String>,
    by: Option<String>,
}

impl OverrideBody {
    fn command(&self, by: PersonId, now: Timestamp) -> Result<Command, String> {
        let person = |it: &str| PersonId::new(it).map_err(|error| error.to_string());
        let said = |it: &Option<String>| it.clone().filter(|it| !it.trim().is_empty());
        let time =
            |it: &str| Timestamp::parse_rfc3339(it).ok_or_else(|| format!("`{it}` is not a time"));
        let change = match (said(&self.add), said(&self.remove), said(&self.replace)) {
            (Some(it), None, None) => Change::Add(person(&it)?),
            (None, Some(it), None) => Change::Remove(person(&it)?),
            (None, None, Some(it)) => {
                let by = said(&self.by).ok_or("say who has the duty instead, as `by`")?;
                Change::Replace { person: person(&it)?, by: person(&by)? }
            }
            _ => return Err("say one of `add`, `remove` and `replace`".to_owned()),
        };
        let starts = said(&self.from).map_or(Ok(now), |it| time(&it))?;
        let ends = match (said(&self.to), said(&self.hours)) {
            (Some(to), _) => time(&to)?,
            (None, Some(hours)) => {
                let hours: i64 = hours.trim().parse().map_err(|_| "hours are a number")?;
                starts.max(now).plus(Millis::from_hours(hours.clamp(0, 2_208)))
            }
            (None, None) => return Err("say until when, as `to`".to_owned()),
        };
        let rota = RotaId::new(&self.rota).map_err(|error| error.to_string())?;
        Ok(Command::Override { by, rota, starts, ends, change })
    }
}

fn refused(told: &str) -> Response {
    problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", told, "")
}

fn refused_form(told: &str) -> Response {
    let view = crate::views::message("That did not work", told);
    (StatusCode::UNPROCESSABLE_ENTITY, view).into_response()
}

pub(crate) async fn set(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Json(body): Json<OverrideBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match body.command(by, context.handle.now()) {
        Ok(command) => submit(&context, &who, &headers, command).await,
        Err(told) => refused(&told),
    }
}

pub(crate) async fn set_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(body): Form<OverrideBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return nothing_here() };
    match body.command(by, context.handle.now()) {
        Ok(command) => carry_out(&context, &who, command, "/oncall").await,
        Err(told) => refused_form(&told),
    }
}

pub(crate) async fn end(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (Some(overriding), Some(by)) = (OverrideId::parse(&id), who.person().cloned()) else {
        return missing("override", &id);
    };
    submit(&context, &who, &headers, Command::EndOverride { overriding, by }).await
}

pub(crate) async fn end_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(overriding), Some(by)) = (OverrideId::parse(&id), who.person().cloned()) else {
        return nothing_here();
    };
    carry_out(&context, &who, Command::EndOverride { overriding, by }, "/oncall").await
}

/// A swap as a program or a form asks for it.
#[derive(Deserialize)]
pub(crate) struct SwapBody {
    rota: String,
    at: String,
    with: String,
    #[serde(rename = "for")]
    exchange: Option<String>,
}

impl SwapBody {
    fn command(&self, by: PersonId) -> Result<Command, String> {
        let time =
            |it: &str| Timestamp::parse_rfc3339(it).ok_or_else(|| format!("`{it}` is not a time"));
        let exchange = self.exchange.as_deref().filter(|it| !it.trim().is_empty());
        Ok(Command::AskSwap {
            by,
            rota: RotaId::new(&self.rota).map_err(|error| error.to_string())?,
            at: time(&self.at)?,
            with: PersonId::new(&self.with).map_err(|error| error.to_string())?,
            exchange: exchange.map(time).transpose()?,
        })
    }
}

pub(crate) async fn ask(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Json(body): Json<SwapBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match body.command(by) {
        Ok(command) => submit(&context, &who, &headers, command).await,
        Err(told) => refused(&told),
    }
}

pub(crate) async fn ask_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(body): Form<SwapBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return nothing_here() };
    match body.command(by) {
        Ok(command) => carry_out(&context, &who, command, "/oncall").await,
        Err(told) => refused_form(&told),
    }
}

fn answered(id: &str, how: &str, who: &Principal) -> Option<Command> {
    let answer = match how {
        "accept" => SwapAnswer::Accepted,
        "decline" => SwapAnswer::Declined,
        _ => return None,
    };
    let (swap, by) = (SwapId::parse(id)?, who.person().cloned()?);
    Some(Command::AnswerSwap { swap, by, answer })
}

pub(crate) async fn answer(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match answered(&id, &how, &who) {
        Some(command) => submit(&context, &who, &headers, command).await,
        None => missing("swap", &id),
    }
}

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
