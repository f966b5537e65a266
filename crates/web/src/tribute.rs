//! The tribute: who takes a team's interruptions now, noting one in one gesture, and how much goes past.
//!
//! Invariants:
//! - of others only shares of the team are shown, with how uncertain they are, and none of a small team;
//! - one's own interruptions are for oneself.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem, submit};
use crate::forms::carry_out;
use crate::show::{Clockface, percent};
use crate::views::layout;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use engine::{Command, InterruptionKind, Leak, NoteInterruption};
use maud::{Markup, html};
use model::{Catalogue, PersonId, RotaId, TeamId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Weeks shown.
const WEEKS_SHOWN: usize = 13;
/// One's own interruptions shown.
const OWN_SHOWN: usize = 20;

/// What is only looked at.
pub(crate) fn readers() -> Router<Context> {
    Router::new()
        .route("/tribute", get(view))
        .route("/api/v1/tribute", get(list))
        .route("/api/v1/tribute.csv", get(table))
}

/// What changes something.
pub(crate) fn writers() -> Router<Context> {
    Router::new()
        .route("/interruptions", post(note_form))
        .route("/api/v1/interruptions", post(note))
}

/// Teams with a tribute, and the rota that has it.
fn teams(catalogue: &Catalogue) -> impl Iterator<Item = (&TeamId, &RotaId)> {
    catalogue.teams.iter().filter_map(|(id, it)| Some((id, it.tribute.as_ref()?)))
}

/// An interruption as a program or a form says it; what is left out is guessed kindly.
#[derive(Deserialize)]
pub(crate) struct NoteBody {
    #[serde(default)]
    team: Option<String>,
    /// Whoever says it, where it is left out.
    #[serde(default)]
    who: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    minutes: Minutes,
    #[serde(default)]
    text: Option<String>,
    /// Of a form `yes`, of a program `true`.
    #[serde(default)]
    hand: Option<Value>,
}

/// A number, or a number in quotation marks as forms have it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Minutes {
    Number(u32),
    Text(String),
}

impl NoteBody {
    fn command(&self, by: PersonId, via: &str) -> Result<Command, String> {
        let said = |it: &Option<String>| it.clone().filter(|it| !it.trim().is_empty());
        let minutes = match &self.minutes {
            Minutes::Number(it) => *it,
            Minutes::Text(it) => it.trim().parse().map_err(|_| "minutes are a whole number")?,
        };
        let kind = match said(&self.kind) {
            None => InterruptionKind::Other,
            Some(word) => InterruptionKind::parse(&word).ok_or_else(|| {
                let known: Vec<&str> = InterruptionKind::ALL.iter().map(|it| it.word()).collect();
                format!("`{word}` is no kind; there are {}", known.join(", "))
            })?,
        };
        let team = said(&self.team).map(|it| TeamId::new(&it)).transpose();
        let who = said(&self.who).map(|it| PersonId::new(&it)).transpose();
        let hand = matches!(&self.hand, Some(Value::Bool(true)))
            || self.hand.as_ref().and_then(Value::as_str).is_some_and(|it| it == "yes");
        Ok(Command::NoteInterruption(Box::new(NoteInterruption {
            team: team.map_err(|error| error.to_string())?,
            who: who.map_err(|error| error.to_string())?.unwrap_or_else(|| by.clone()),
            by,
            kind,
            minutes,
            text: said(&self.text).unwrap_or_default(),
            hand,
            via: via.to_owned(),
        })))
    }
}

/// `POST /api/v1/interruptions`
pub(crate) async fn note(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    headers: HeaderMap,
    Json(body): Json<NoteBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match body.command(by, "api") {
        Ok(command) => submit(&context, &who, &headers, command).await,
        Err(told) => problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &told, ""),
    }
}

/// `POST /interruptions`
pub(crate) async fn note_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(body): Form<NoteBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return crate::forms::nothing_here() };
    match body.command(by, "view") {
        Ok(command) => carry_out(&context, &who, command, "/tribute").await,
        Err(told) => {
            let view = crate::views::message("That did not work", &told);
            (StatusCode::UNPROCESSABLE_ENTITY, view).into_response()
        }
    }
}

/// `GET /api/v1/tribute`
pub(crate) async fn list(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let now = context.clock.now();
    let week = |it: &Leak| {
        let interval = it.interval();
        json!({ "week": it.starts.to_string(), "interruptions": it.all, "past_the_duty": it.past,
            "minutes": it.minutes, "share": it.share(),
            "low": interval.map(|it| it.0), "high": interval.map(|it| it.1) })
    };
    let one = |(team, rota): (&TeamId, &RotaId)| {
        let duty = state.on_duty(rota, now, &context.zones).map_or(vec![], |it| it.people);
        let weeks = state.leaks(team).map(|it| it.iter().map(week).collect::<Vec<_>>());
        json!({ "team": team, "rota": rota, "on_duty": duty, "weeks": weeks,
            "too_small": weeks.is_none() })
    };
    let all: Vec<Value> = state.catalogue().into_iter().flat_map(teams).map(one).collect();
    Json(json!({ "teams": all })).into_response()
}

/// `GET /api/v1/tribute.csv`
pub(crate) async fn table(State(context): State<Context>) -> Response {
    let state = context.handle.state();
    let mut text = "team,week,interruptions,past_the_duty,minutes,share,low,high\r\n".to_owned();
    for (team, _) in state.catalogue().into_iter().flat_map(teams) {
        for it in state.leaks(team).unwrap_or_default() {
            let (Some(share), Some((low, high))) = (it.share(), it.interval()) else { continue };
            let _ = write!(
                text,
                "{team},{},{},{},{},{share:.4},{low:.4},{high:.4}\r\n",
                it.starts, it.all, it.past, it.minutes
            );
        }
    }
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response()
}

/// `/tribute`
pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let main = body(&context, &reader);
    layout::full(&context, &reader, "/oncall", "Tribute", &main)
}

fn body(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return html! { h1 { "Tribute" } } };
    let own = state.tribute.noted.iter().rev().filter(|(_, it)| it.who == *reader);
    html! {
        h1 { "Tribute" }
        p { "Whoever has the tribute takes the interruptions of the team, so that the others can think." }
        @if teams(catalogue).next().is_none() {
            p { "No team has one. Give it a rota: " code { "tribute: ROTA" } " under the team." }
        } @else { (note_view(catalogue, reader)) }
        @for (team, rota) in teams(catalogue) {
            section.card aria-label={ "Team " (team) } {
                h2 style="margin-top:0" { (team) }
                @let duty = state.on_duty(rota, face.now, &context.zones).map_or(vec![], |it| it.people);
                p {
                    @if duty.is_empty() { strong.bad { "Nobody has the tribute now." } }
                    @else { strong { (duty.iter().map(|it| catalogue.name_of(it)).collect::<Vec<_>>().join(", ")) } " has the tribute now (rota " (rota) ")." }
                }
                @match state.leaks(team) {
                    None => p.soft { "Fewer than " (engine::TRIBUTE_PEOPLE_MIN) " people: how much goes past the duty is not shown." },
                    Some(weeks) if weeks.is_empty() => p.soft { "Nothing has been noted yet, so nothing is known." },
                    Some(weeks) => (leaks(&weeks, &face)),
                }
            }
        }
        section.card aria-label="Your own" {
            h2 style="margin-top:0" { "Your own" }
            p.soft { "Only you see this." }
            ul { @for (_, it) in own.take(OWN_SHOWN) { li {
                (face.time(it.at)) ": " (it.kind.word()) ", " (it.minutes) " min"
                @if let Some(text) = it.text.as_ref().and_then(|it| it.text()) { ", " (text) }
                @if it.leaked() { " · past the duty" }
            } } }
        }
    }
}

fn leaks(weeks: &[Leak], face: &Clockface) -> Markup {
    html! {
        div.scroll tabindex="0" { table {
            thead { tr { th { "Week of" } th { "Interruptions" } th { "Past the duty" } th { "Between" } th { "Hours" } } }
            tbody { @for it in weeks.iter().rev().take(WEEKS_SHOWN) { tr {
                td { (face.time(it.starts)) }
                td { (it.all) }
                td { (it.share().map_or_else(String::new, percent)) }
                td { @if let Some((low, high)) = it.interval() { (percent(low)) " and " (percent(high)) } }
                td { (it.minutes / 60) " h " (it.minutes % 60) " min" }
            } } }
        } }
        p.soft { "Of all that was noted, what hit somebody who had not the duty; between which shares the true one lies in 95 of 100 weeks like that. " a href="/api/v1/tribute.csv" { "CSV" } }
    }
}

fn note_view(catalogue: &Catalogue, reader: &PersonId) -> Markup {
    html! {
        section.card aria-label="Note an interruption" {
            h2 style="margin-top:0" { "I was interrupted" }
            form.wide method="post" action="/interruptions" {
                p { @for minutes in [5, 15, 30, 60] {
                    button name="minutes" value=(minutes) { (minutes) " min" } " "
                } }
                label { "By what" select name="kind" {
                    @for kind in InterruptionKind::ALL { option value=(kind.word()) { (kind.word()) } }
                } }
                label { "What about (may stay empty)" input name="text" maxlength="1000"; }
                label { "Who" select name="who" {
                    @for id in catalogue.people.keys() {
                        option value=(id) selected[id == reader] { (catalogue.name_of(id)) }
                    }
                } }
                label { "Team" select name="team" {
                    option value="" { "theirs" }
                    @for (team, _) in teams(catalogue) { option value=(team) { (team) } }
                } }
                label { input type="checkbox" name="hand" value="yes"; " hand it to whoever has the tribute" }
            }
        }
    }
}
