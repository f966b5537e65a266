//! What people decide about promises: waivers, and the words that are signed.

use crate::Context;
use crate::access::Principal;
use crate::api::{problem, refused};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Form, Json};
use engine::{Command, Submission, Waiver, terms};
use maud::{Markup, html};
use model::{Feature, FeatureId, Millis, PersonId};
use serde::Deserialize;
use serde_json::{Value, json};
use slo::Assessment;

/// Share of the budget that is left below which it is called low.
const LOW: f64 = 0.25;

/// How a budget stands, in one word: `unmeasured`, `healthy`, `low` or `gone`.
pub(crate) fn budget_state(assessment: Option<&Assessment>) -> &'static str {
    match assessment.and_then(|it| it.budget.spent_ratio) {
        None => "unmeasured",
        Some(spent) if spent >= 1.0 => "gone",
        Some(spent) if spent > 1.0 - LOW => "low",
        Some(_) => "healthy",
    }
}

/// The words of a promise and their SHA-256.
pub(crate) fn signed_words(feature: &Feature) -> (String, String) {
    let words = terms(feature);
    let hash = crate::hash_token(&words);
    (words, hash)
}

/// A waiver for programs.
pub(crate) fn waiver_json(waiver: Option<&Waiver>) -> Value {
    waiver.map_or(Value::Null, |it| {
        json!({
            "by": it.by, "reason": it.reason.text(), "at": it.at.to_string(),
            "until": it.until.to_string(),
        })
    })
}

#[derive(Deserialize)]
pub(crate) struct WaiverBody {
    reason: String,
    hours: u32,
}

fn command(context: &Context, who: &Principal, id: &str, body: &WaiverBody) -> Option<Command> {
    let until = context.handle.now().plus(Millis::from_hours(i64::from(body.hours)));
    Some(Command::Waive {
        feature: FeatureId::new(id).ok()?,
        by: who.person()?.clone(),
        reason: body.reason.clone(),
        until,
    })
}

fn end_command(who: &Principal, id: &str) -> Option<Command> {
    Some(Command::EndWaiver { feature: FeatureId::new(id).ok()?, by: who.person()?.clone() })
}

/// `POST /api/v1/features/{id}/waiver`
pub(crate) async fn waive(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<WaiverBody>,
) -> Response {
    match command(&context, &who, &id, &body) {
        Some(command) => crate::api::submit(&context, &who, &headers, command).await,
        None => crate::api::missing("feature", &id),
    }
}

/// `POST /api/v1/features/{id}/waiver/end`
pub(crate) async fn end(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match end_command(&who, &id) {
        Some(command) => crate::api::submit(&context, &who, &headers, command).await,
        None => crate::api::missing("feature", &id),
    }
}

/// `POST /features/{id}/waiver`, from the view.
pub(crate) async fn waive_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(body): Form<WaiverBody>,
) -> Response {
    let command = command(&context, &who, &id, &body);
    carried_out(&context, &who, &id, command).await
}

/// `POST /features/{id}/waiver/end`, from the view.
pub(crate) async fn end_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let command = end_command(&who, &id);
    carried_out(&context, &who, &id, command).await
}

pub(crate) async fn carried_out(
    context: &Context,
    who: &Principal,
    id: &str,
    command: Option<Command>,
) -> Response {
    let (Some(by), Some(command)) = (who.person().cloned(), command) else {
        return problem(StatusCode::NOT_FOUND, "unknown", "there is no such feature", "");
    };
    match context.handle.submit(Submission::person(by, command)).await {
        Ok(_) => Redirect::to(&format!("/features/{id}")).into_response(),
        Err(driver::SubmitError::Rejected(told)) => {
            let told = crate::views::message("That did not work", &told.to_string());
            (StatusCode::UNPROCESSABLE_ENTITY, told).into_response()
        }
        Err(error) => refused(&error),
    }
}

/// What users lose when a part fails, what the budget means for deploys, and how to answer for going on.
pub(crate) fn section(
    context: &Context,
    reader: &PersonId,
    id: &FeatureId,
    feature: &Feature,
    assessment: Option<&Assessment>,
) -> Markup {
    let now = context.handle.now();
    let face = crate::show::Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let needed = feature.needs.slos();
    let losses: Vec<(String, String, u64)> = needed
        .into_iter()
        .filter_map(|slo| {
            let loses = state.catalogue()?.slo(slo)?.loses.clone();
            let day_ago = now.minus(Millis::from_days(1)).minute();
            let people = state.pushed.get(slo).map_or(0, |it| it.people_since(day_ago));
            (loses.is_some() || people > 0)
                .then(|| (slo.to_string(), loses.unwrap_or_default(), people))
        })
        .collect();
    let standing = budget_state(assessment);
    let waiver = state.waiver(id, now);
    html! {
        @if !losses.is_empty() {
            h2 { "What users lose" }
            ul {
                @for (slo, loses, people) in &losses {
                    li { (slo) ": " (loses)
                        @if *people > 0 { " (" (people) " people affected in the last 24 hours, as was pushed)" } }
                }
            }
        }
        h2 { "Deploys" }
        p { "The budget is " strong { (standing) } ". "
            @match (waiver, standing) {
                (Some(it), _) => { (it.by) " answers for going on until " (face.time(it.until)) ": "
                    (it.reason.text().unwrap_or("(erased)")) }
                (None, "gone") => { code { "lamplighter gate " (id) } " says no." }
                (None, _) => { code { "lamplighter gate " (id) } " asks it." }
            }
        }
        @if waiver.is_some() {
            form method="post" action={ "/features/" (id) "/waiver/end" } { button { "Take the waiver back" } }
        } @else if standing == "gone" {
            form method="post" action={ "/features/" (id) "/waiver" } {
                label { "Go on all the same, because " input name="reason" required maxlength="500"; }
                label { " for hours: " input name="hours" type="number" min="1" max="744" value="24" required; }
                button { "Answer for it" }
            }
        }
    }
}
