//! Exclusions from budgets: the list, the acts, and what they hide beside every figure.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem, refused};
use crate::show::{self, Clockface};
use crate::views::{layout, message};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Json, Router};
use engine::{Command, Excluding, ExclusionAct, ExclusionPhase, ExclusionStep, Submission};
use maud::{Markup, html};
use model::{
    CountsAs, ExcludedTimes, Exclusion, ExclusionId, FeatureId, Millis, Occasions, PersonId,
    Personal, Recurrence, SloId, WindowId,
};
use serde::Deserialize;
use serde_json::{Value, json};
use slo::Assessment;

/// What may be read.
pub(crate) fn readers() -> Router<Context> {
    Router::new().route("/exclusions", get(view)).route("/api/v1/exclusions", get(list))
}

/// What changes something.
pub(crate) fn writers() -> Router<Context> {
    Router::new()
        .route("/exclusions", post(propose_form))
        .route("/exclusions/{id}/{how}", post(answer_form))
        .route("/api/v1/exclusions", post(propose))
        .route("/api/v1/exclusions/{id}/{how}", post(answer))
}

/// `GET /api/v1/exclusions`
async fn list(State(context): State<Context>) -> Response {
    let (state, now) = (context.handle.state(), context.handle.now());
    let written = state.catalogue().into_iter().flat_map(|it| &it.watched.exclusions);
    let written = written.map(|(id, it)| (id, it, None));
    let entered = state.exclusions.iter().map(|(id, it)| (id, &it.what, Some(it)));
    let shown = written.chain(entered).map(|(id, it, entered)| {
        let occasions = state.occasions_of(it);
        let next = occasions.as_ref().and_then(|it| oncall::occasion(it, now, &context.zones));
        json!({
            "id": id, "features": it.features, "slos": it.slos, "counts": it.counts.word(),
            "during": match &it.times {
                ExcludedTimes::During(window) => Some(window),
                ExcludedTimes::Own(_) => None,
            },
            "when": occasions.as_ref().map(|it| it.when.to_string()),
            "timezone": occasions.as_ref().map(|it| it.timezone.clone()),
            "lasts_ms": occasions.as_ref().map(|it| it.lasts.0),
            "owner": it.owner, "reason": it.reason.text(),
            "phase": entered.map_or("configured", |it| it.phase.word()),
            "proposed_by": entered.map(|it| it.by.clone()),
            "decided_by": entered.and_then(decided_by),
            "next": next.map(|it| json!({
                "starts_at": it.starts.to_string(), "ends_at": it.ends.to_string(),
            })),
        })
    });
    Json(json!({ "exclusions": shown.collect::<Vec<Value>>() })).into_response()
}

fn decided_by(it: &Excluding) -> Option<PersonId> {
    match &it.phase {
        ExclusionPhase::Proposed => None,
        ExclusionPhase::Approved { by, .. } | ExclusionPhase::Revoked { by, .. } => {
            Some(by.clone())
        }
    }
}

/// A proposal as it is sent, by a form or as JSON.
#[derive(Deserialize)]
struct ProposalBody {
    id: String,
    /// Features and objectives (`service.slo`), separated by commas or spaces.
    about: String,
    counts: String,
    #[serde(default)]
    during: Option<String>,
    #[serde(default)]
    when: Option<String>,
    #[serde(default)]
    timezone: Option<String>,
    #[serde(default)]
    minutes: Option<u32>,
    reason: String,
}

fn proposal(context: &Context, by: &PersonId, body: &ProposalBody) -> Result<ExclusionAct, String> {
    let said = |it: &Option<String>| {
        it.as_deref().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned)
    };
    let own_zone = || {
        let state = context.handle.state();
        let zone = state.catalogue().and_then(|it| it.people.get(by)).map(|it| it.timezone.clone());
        zone.unwrap_or_else(|| "UTC".to_owned())
    };
    let times = match (said(&body.during), said(&body.when)) {
        (Some(window), None) => {
            ExcludedTimes::During(WindowId::new(&window).map_err(|it| it.to_string())?)
        }
        (None, Some(when)) => ExcludedTimes::Own(Occasions {
            when: Recurrence::parse(&when).map_err(|it| it.to_string())?,
            timezone: said(&body.timezone).unwrap_or_else(own_zone),
            lasts: Millis::from_mins(i64::from(body.minutes.unwrap_or(60))),
        }),
        _ => return Err("say either `when`, or `during` which planned work".to_owned()),
    };
    let mut what = Exclusion {
        features: [].into(),
        slos: [].into(),
        counts: CountsAs::parse(body.counts.trim())
            .ok_or("`counts` is `dropped` or `good`: say which")?,
        times,
        owner: by.clone(),
        reason: Personal::new(by.clone(), body.reason.trim()),
    };
    for name in body.about.split([',', ' ']).filter(|it| !it.is_empty()) {
        if name.contains('.') {
            what.slos.insert(SloId::parse(name).map_err(|it| it.to_string())?);
        } else {
            what.features.insert(FeatureId::new(name).map_err(|it| it.to_string())?);
        }
    }
    let exclusion = ExclusionId::new(body.id.trim()).map_err(|it| it.to_string())?;
    let step = ExclusionStep::Proposed(Box::new(what));
    Ok(ExclusionAct { exclusion, by: by.clone(), step })
}

#[derive(Deserialize, Default)]
struct AnswerBody {
    #[serde(default)]
    reason: String,
}

fn answered(by: &PersonId, id: &str, how: &str, body: &AnswerBody) -> Option<ExclusionAct> {
    let step = match how {
        "approve" => ExclusionStep::Approved,
        "revoke" => {
            let reason = Personal::new(by.clone(), body.reason.trim());
            ExclusionStep::Revoked { reason }
        }
        _ => return None,
    };
    Some(ExclusionAct { exclusion: ExclusionId::new(id).ok()?, by: by.clone(), step })
}

/// `POST /api/v1/exclusions`
async fn propose(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Json(body): Json<ProposalBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match proposal(&context, &by, &body) {
        Ok(act) => done(&context, by, act).await,
        Err(told) => problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &told, ""),
    }
}

/// `POST /api/v1/exclusions/{id}/approve` and `…/revoke`
async fn answer(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
    body: Option<Json<AnswerBody>>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    let body = body.map(|Json(it)| it).unwrap_or_default();
    match answered(&by, &id, &how, &body) {
        Some(act) => done(&context, by, act).await,
        None => missing("exclusion", &id),
    }
}

async fn done(context: &Context, by: PersonId, act: ExclusionAct) -> Response {
    let command = Command::Exclude(Box::new(act));
    match context.handle.submit(Submission::person(by, command)).await {
        Ok(accepted) => Json(json!({ "seq": accepted.seq })).into_response(),
        Err(error) => refused(&error),
    }
}

/// `POST /exclusions`, from the view.
async fn propose_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(body): Form<ProposalBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match proposal(&context, &by, &body) {
        Ok(act) => back(&context, by, act).await,
        Err(told) => {
            let told = message("That did not work", &told);
            (StatusCode::UNPROCESSABLE_ENTITY, told).into_response()
        }
    }
}

/// `POST /exclusions/{id}/{how}`, from the view.
async fn answer_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
    Form(body): Form<AnswerBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match answered(&by, &id, &how, &body) {
        Some(act) => back(&context, by, act).await,
        None => missing("exclusion", &id),
    }
}

async fn back(context: &Context, by: PersonId, act: ExclusionAct) -> Response {
    let command = Command::Exclude(Box::new(act));
    match context.handle.submit(Submission::person(by, command)).await {
        Ok(_) => Redirect::to("/exclusions").into_response(),
        Err(error) => crate::forms::failure(&error),
    }
}

/// What exclusions hide from a figure, as a sentence that stands beside it; nothing when they hide
/// nothing.
pub(crate) fn hidden_words(assessment: Option<&Assessment>) -> Option<String> {
    let hidden = assessment?.hidden?;
    let without = hidden.spent_without.map_or_else(String::new, |it| {
        format!("; with them {} of the budget would be spent", show::percent(it))
    });
    Some(format!(
        "Not counted: {} minutes and {} failed attempts that exclusions hide{without}.",
        hidden.minutes, hidden.bad
    ))
}

/// The same for a view.
pub(crate) fn hidden(assessment: Option<&Assessment>) -> Markup {
    html! {
        @if let Some(words) = hidden_words(assessment) {
            p { strong { (words) } " " a href="/exclusions" { "Which" } }
        }
    }
}

async fn view(State(context): State<Context>, Extension(who): Extension<Principal>) -> Response {
    let Some(reader) = who.person().cloned() else { return missing("person", "") };
    let face = Clockface::of(&context, Some(&reader));
    let state = context.handle.state();
    let written: Vec<_> =
        state.catalogue().into_iter().flat_map(|it| &it.watched.exclusions).collect();
    let main = html! {
        h1 { "Exclusions" }
        p { "Times that budgets do not count. What they hide stands beside every figure, and taking one "
            "back brings every figure back." }
        @for (id, it) in &written {
            article.card id={ "exclusion-" (id) } {
                (words(&context, &state, &face, id, it))
                p.soft { "In the configuration, in force." }
            }
        }
        @for (id, it) in state.exclusions.iter().rev() { (card(&context, &state, &face, &reader, id, it)) }
        @if written.is_empty() && state.exclusions.is_empty() { p { "There are none." } }
        (form(&state))
    };
    drop(state);
    layout::full(&context, &reader, "/exclusions", "Exclusions", &main).into_response()
}

fn words(
    context: &Context,
    state: &engine::State,
    face: &Clockface,
    id: &ExclusionId,
    it: &Exclusion,
) -> Markup {
    let occasions = state.occasions_of(it);
    let now = context.handle.now();
    html! {
        h2 { (id) ": " (it.names().join(", ")) " counts as " (it.counts.word()) }
        p {
            @match &occasions {
                None => { "Its planned work is no more: nothing is excluded." }
                Some(times) => {
                    (times.when) " (" (times.timezone) "), for " (times.lasts)
                    @if let ExcludedTimes::During(window) = &it.times { ", as planned in " (window) }
                    @match oncall::occasion(times, now, &context.zones) {
                        Some(next) if next.starts <= now => { " · going on until " (face.time(next.ends)) }
                        Some(next) => { " · next " (face.time(next.starts)) }
                        None => { " · over" }
                    }
                }
            }
        }
        p { (it.owner) ": " (it.reason.text().unwrap_or("(erased)")) }
    }
}

fn card(
    context: &Context,
    state: &engine::State,
    face: &Clockface,
    reader: &PersonId,
    id: &ExclusionId,
    it: &Excluding,
) -> Markup {
    html! {
        article.card id={ "exclusion-" (id) } {
            (words(context, state, face, id, &it.what))
            p {
                "Proposed by " (it.by) ", " (face.time(it.at)) ". "
                @match &it.phase {
                    ExclusionPhase::Proposed => { strong { "Nothing is excluded until somebody else approves it." } }
                    ExclusionPhase::Approved { by, at } => { "Approved by " (by) ", " (face.time(*at)) ": in force." }
                    ExclusionPhase::Revoked { by, at, reason } => {
                        "Taken back by " (by) ", " (face.time(*at)) ": " (reason.text().unwrap_or("(erased)"))
                    }
                }
            }
            @if it.phase == ExclusionPhase::Proposed && it.by != *reader {
                form method="post" action={ "/exclusions/" (id) "/approve" } { button { "Approve it" } }
            }
            @if !matches!(it.phase, ExclusionPhase::Revoked { .. }) {
                form method="post" action={ "/exclusions/" (id) "/revoke" } {
                    label { "Take it back, because " input name="reason" required maxlength="500"; }
                    button.quiet { "Take it back" }
                }
            }
        }
    }
}

fn form(state: &engine::State) -> Markup {
    let plans: Vec<String> = state.plans().map(|(id, _)| id.to_string()).collect();
    html! {
        details.card {
            summary { "Propose an exclusion" }
            form.stack method="post" action="/exclusions" {
                label for="exclusion-name" { "What is it called?" }
                input id="exclusion-name" name="id" required maxlength="64" pattern="[a-z0-9][a-z0-9_\\-]*" placeholder="storm-of-november";
                label for="exclusion-about" { "Whose budgets? Features, and objectives as service.slo" }
                input id="exclusion-about" name="about" required maxlength="2000" placeholder="light-on";
                label for="exclusion-counts" { "What do its minutes count as?" }
                select id="exclusion-counts" name="counts" {
                    option value="dropped" { "nothing: minutes, attempts and failures are left out" }
                    option value="good" { "good: attempts count, failures do not" }
                }
                label for="exclusion-during" { "During planned work" }
                select id="exclusion-during" name="during" {
                    option value="" { "no: at the times below" }
                    @for plan in &plans { option value=(plan) { (plan) } }
                }
                label for="exclusion-when" { "Or when? A day or days, and a time of your zone; it may be past" }
                input id="exclusion-when" name="when" maxlength="200" placeholder="2026-11-02 22:00";
                label for="exclusion-minutes" { "For how many minutes?" }
                input id="exclusion-minutes" name="minutes" type="number" min="1" max="44640" value="60";
                label for="exclusion-reason" { "Why?" }
                input id="exclusion-reason" name="reason" required maxlength="500";
                p { button id="propose-exclusion" { "Propose it" } }
            }
        }
    }
}
