//! The history of a promise, what people say of it, and when its owners look at it again.
//!
//! Invariant: what the file says and what somebody said in their own name are never shown alike.

use crate::Context;
use crate::access::Principal;
use crate::api::missing;
use crate::show::Clockface;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Form, Json, Router};
use engine::{Command, Given, PromiseCommand, ReviewStanding, Revision, RevisionHistory, SignRole};
use maud::{Markup, html};
use model::{Feature, FeatureId, PersonId, Personal};
use serde::Deserialize;
use serde_json::{Value, json};

/// What changes something.
pub(crate) fn writers() -> Router<Context> {
    Router::new()
        .route("/features/{id}/revise", post(revise_form))
        .route("/features/{id}/reviewed", post(reviewed_form))
        .route("/api/v1/features/{id}/revise", post(revise))
        .route("/api/v1/features/{id}/reviewed", post(reviewed))
}

#[derive(Deserialize)]
struct ReviseBody {
    reason: String,
    #[serde(default)]
    evidence: Option<String>,
}

#[derive(Deserialize)]
struct ReviewedBody {
    reason: String,
    next: String,
}

fn explain(who: &Principal, id: &str, body: ReviseBody) -> Option<Command> {
    let (feature, by) = (FeatureId::new(id).ok()?, who.person()?.clone());
    let ReviseBody { reason, evidence } = body;
    let command = PromiseCommand::Explain { feature, by, reason, evidence };
    Some(Command::Promise(Box::new(command)))
}

fn look(who: &Principal, id: &str, body: ReviewedBody) -> Option<Command> {
    let (feature, by) = (FeatureId::new(id).ok()?, who.person()?.clone());
    let ReviewedBody { reason, next } = body;
    Some(Command::Promise(Box::new(PromiseCommand::Review { feature, by, next, reason })))
}

/// `POST /api/v1/features/{id}/revise`
async fn revise(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ReviseBody>,
) -> Response {
    match explain(&who, &id, body) {
        Some(command) => crate::api::submit(&context, &who, &headers, command).await,
        None => missing("feature", &id),
    }
}

/// `POST /api/v1/features/{id}/reviewed`
async fn reviewed(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ReviewedBody>,
) -> Response {
    match look(&who, &id, body) {
        Some(command) => crate::api::submit(&context, &who, &headers, command).await,
        None => missing("feature", &id),
    }
}

/// `POST /features/{id}/revise`, from the view.
async fn revise_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(body): Form<ReviseBody>,
) -> Response {
    let command = explain(&who, &id, body);
    crate::promises::carried_out(&context, &who, &id, command).await
}

/// `POST /features/{id}/reviewed`, from the view.
async fn reviewed_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(body): Form<ReviewedBody>,
) -> Response {
    let command = look(&who, &id, body);
    crate::promises::carried_out(&context, &who, &id, command).await
}

/// The history for programs, newest first.
pub(crate) fn json(state: &engine::State, id: &FeatureId) -> Value {
    let text = |it: &Personal| it.text().map(str::to_owned);
    let revision = |it: &Revision| {
        let claim = it.claim.as_ref().map(|it| {
            json!({
                "by": it.note.by, "reason": text(&it.note.reason),
                "evidence": it.note.evidence.as_ref().and_then(text), "of_earlier_revision": it.is_old,
            })
        });
        let given = |it: &Given| {
            json!({
                "by": it.by, "at": it.at.to_string(), "reason": text(&it.reason),
                "evidence": it.evidence.as_ref().and_then(text),
            })
        };
        let signed = |(role, (by, at)): (&SignRole, &(PersonId, model::Timestamp))| json!({ "role": role, "by": by, "at": at.to_string() });
        json!({
            "number": it.number, "at": it.at.to_string(), "known_since_only": it.earlier,
            "catalogue": it.catalogue, "terms": it.terms, "changes": it.changes,
            "file_says": claim, "said": it.given.iter().map(given).collect::<Vec<_>>(),
            "signed": it.signed.iter().map(signed).collect::<Vec<_>>(),
        })
    };
    let history = state.promises.revisions.get(id);
    let kept = history.map_or(&[][..], |it| &it.kept);
    kept.iter().rev().map(revision).collect()
}

/// Where the review stands, for programs.
pub(crate) fn review_json(context: &Context, state: &engine::State, id: &FeatureId) -> Value {
    let Some(standing) = state.review_standing(id, context.clock.now(), &context.zones) else {
        return Value::Null;
    };
    let (word, day) = match &standing {
        ReviewStanding::Coming { day } => ("coming", day),
        ReviewStanding::Overdue { day } => ("overdue", day),
        ReviewStanding::Signed { day, .. } => ("signed_since", day),
    };
    json!({ "day": day, "standing": word })
}

/// What shows that the level is the right one, beside the promise.
pub(crate) fn evidence(context: &Context, id: &FeatureId) -> Markup {
    let state = context.handle.state();
    let found = state.promises.revisions.get(id).and_then(RevisionHistory::evidence);
    html! {
        @if let Some((text, given)) = found {
            p { "Why this level: " (linked(text)) " "
                span.soft {
                    @match given {
                        Some(it) => { "(" (name(&state, &it.by)) ")" }
                        None => { "(as the file says)" }
                    }
                }
            }
        }
    }
}

/// Until when it holds, in a sentence, and how to go on.
pub(crate) fn review(
    context: &Context,
    reader: &PersonId,
    id: &FeatureId,
    feature: &Feature,
) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let Some(standing) = state.review_standing(id, context.clock.now(), &context.zones) else {
        return html! {};
    };
    let owners = feature.owners.as_ref();
    let owns = owners.is_some_and(|it| it.product == *reader || it.engineering == *reader);
    let is_due = !matches!(standing, ReviewStanding::Coming { .. });
    html! {
        @match &standing {
            ReviewStanding::Coming { day } => { p.soft { "To be looked at again by " (day) "." } }
            ReviewStanding::Overdue { day } => {
                p { strong.bad { "▲ Review overdue since " (day) "." } " Its owners are asked every week." }
            }
            ReviewStanding::Signed { day, by } => {
                p { "To be looked at again by " (day) "; " (name(&state, by)) " has signed since. "
                    "The next day is not set." }
            }
        }
        @if let Some(done) = state.promises.reviews.get(id).and_then(|it| it.done.as_ref()) {
            p.soft { (name(&state, &done.by)) " looked at it on "
                (face.words(done.at)) ": "
                (done.reason.text().unwrap_or("(erased)")) }
        }
        @if owns {
            details open[is_due] {
                summary { "I looked at it again" }
                form.stack method="post" action={ "/features/" (id) "/reviewed" } {
                    label for="found" { "It stays as it is, because" }
                    input id="found" name="reason" required maxlength="500" style="width:100%";
                    label for="next" { "Next look on" }
                    input id="next" name="next" type="date" required;
                    p { button { "Record it" } }
                }
            }
        }
    }
}

/// All revisions, newest first, each folded but the newest.
pub(crate) fn section(
    context: &Context,
    reader: &PersonId,
    id: &FeatureId,
    feature: &Feature,
) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let Some(history) = state.promises.revisions.get(id) else { return html! {} };
    let owners = feature.owners.as_ref();
    let owns = owners.is_some_and(|it| it.product == *reader || it.engineering == *reader);
    let team = state.catalogue().and_then(|it| it.teams.get(&feature.team));
    let may = owns || team.is_some_and(|it| it.members.contains(reader));
    html! {
        h2 id="revisions" { "Revisions" }
        @for (place, it) in history.kept.iter().rev().enumerate() {
            details.card open[place == 0] {
                summary { "Revision " (it.number) ", "
                    @if it.earlier { "in force before " (face.time(it.at)) } @else { (face.time(it.at)) } }
                (revision(&state, &face, it))
                @if place == 0 && may { (form(id)) }
            }
        }
        @if history.kept.first().is_some_and(|it| it.number > 1) {
            p.soft { "Older ones stand in the journal." }
        }
    }
}

fn revision(state: &engine::State, face: &Clockface, it: &Revision) -> Markup {
    html! {
        @if it.changes.is_empty() { p { "As first written: " (it.terms) } }
        ul { @for change in &it.changes {
            li { strong { (change.field) } ": " del { (change.from) } " → " ins { (change.to) } }
        } }
        @if let Some(claim) = &it.claim {
            p { (name(state, &claim.note.by)) ", " span.soft { "as the file says" } ": "
                (claim.note.reason.text().unwrap_or("(erased)"))
                @if claim.is_old { " " strong.bad { "That is the reason of an earlier revision." } }
                @if let Some(it) = &claim.note.evidence { " Evidence: " (linked(it)) }
            }
        }
        @for given in &it.given {
            p { strong { (name(state, &given.by)) } " said on " (face.time(given.at)) ": "
                (given.reason.text().unwrap_or("(erased)"))
                @if let Some(it) = &given.evidence { " Evidence: " (linked(it)) }
            }
        }
        @if it.claim.is_none() && it.given.is_empty() { p.soft { "Nobody said why." } }
        @if it.signed.is_empty() { p.soft { "Signed by nobody." } }
        @for (role, (by, at)) in &it.signed {
            p { "✓ " (name(state, by)) " for "
                (if *role == SignRole::Product { "product" } else { "engineering" }) ", " (face.time(*at)) }
        }
    }
}

fn form(id: &FeatureId) -> Markup {
    html! {
        form.stack method="post" action={ "/features/" (id) "/revise" } {
            label for="why" { "Why it is as it is" }
            input id="why" name="reason" required maxlength="500" style="width:100%";
            label for="evidence" { "What shows that users need this level and no more (words or a link)" }
            input id="evidence" name="evidence" maxlength="500" style="width:100%";
            p { button { "Say it in my name" } }
        }
    }
}

fn name(state: &engine::State, id: &PersonId) -> String {
    state.catalogue().map_or_else(|| id.to_string(), |it| it.name_of(id).to_owned())
}

/// A text whose addresses can be followed.
pub(crate) fn linked(text: &Personal) -> Markup {
    let Some(text) = text.text() else { return html! { "(erased)" } };
    html! {
        @for (place, word) in text.split(' ').enumerate() {
            @if place > 0 { " " }
            @if word.starts_with("https://") || word.starts_with("http://") {
                a href=(word) rel="noreferrer" { (word) }
            } @else { (word) }
        }
    }
}
