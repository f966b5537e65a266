//! Incidents: the list, one of them with its story, and the reason for anything.

use crate::Context;
use crate::access::Principal;
use crate::show::Clockface;
use crate::views::{layout, message, now};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::{NoticeStatus, Recipient, WhyId, WhyLine};
use incident::{Incident, Review};
use maud::{Markup, html};
use model::{IncidentId, Medium, Millis, PersonId};

pub(crate) async fn list(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Response {
    let Some(reader) = who.person().cloned() else { return nothing() };
    let main = {
        let face = Clockface::of(&context, Some(&reader));
        let state = context.handle.state();
        html! {
            h1 { "Incidents" }
            @if state.incidents.is_empty() { p { "There was none yet." } }
            div.scroll tabindex="0" { table {
                thead { tr { th { "What" } th { "When" } th { "Taken" } th { "Resolved" } th { "Reflected" } } }
                tbody { @for it in state.incidents.values().rev().take(200) {
                    tr {
                        td { a href={ "/incidents/" (it.id) } { (it.title) } }
                        td { (face.time(it.opened_at)) }
                        td { (span(it.time_to_acknowledge())) }
                        td { (span(it.time_to_resolve())) }
                        td { (span(it.time_to_reflect())) }
                    }
                } }
            } }
        }
    };
    layout::full(&context, &reader, "/incidents", "Incidents", &main).into_response()
}

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let found =
        IncidentId::parse(&id).and_then(|id| context.handle.state().incidents.get(&id).cloned());
    let (Some(it), Some(reader)) = (found, who.person().cloned()) else { return nothing() };
    let story = context.handle.why(WhyId::Incident(it.id)).await.unwrap_or_default();
    let main = html! {
        h1 { (it.title) }
        (head(&context, &reader, &it))
        (notices(&context, &reader, &it))
        (review(&context, &reader, &it))
        h2 { "What happened" }
        (lines(&context, &reader, &story))
    };
    layout::full(&context, &reader, "", &it.title, &main).into_response()
}

/// The chain behind any id.
pub(crate) async fn why(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let (Some(parsed), Some(reader)) = (WhyId::parse(&id), who.person().cloned()) else {
        return nothing();
    };
    let story = context.handle.why(parsed).await.unwrap_or_default();
    if story.is_empty() {
        return nothing();
    }
    let main = html! { h1 { "Why " (id) } (lines(&context, &reader, &story)) };
    layout::full(&context, &reader, "", &format!("Why {id}"), &main).into_response()
}

fn nothing() -> Response {
    let told = "The journal knows nothing of this.";
    (StatusCode::NOT_FOUND, message("Nothing here", told)).into_response()
}

fn head(context: &Context, reader: &PersonId, it: &Incident) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    html! {
        div.card.fire[it.is_open()] {
            p {
                (it.id) " · opened " (face.time(it.opened_at)) " · "
                @match &it.resolved {
                    Some((at, None)) => { span.ok id="resolved" { "over since " (face.time(*at)) } }
                    Some((at, Some(by))) => { span.ok id="resolved" { "closed by " (by) " at " (face.time(*at)) } }
                    None => { (now::called(&state, it)) }
                }
                @if let Some(feature) = &it.feature { " · " a href={ "/features/" (feature) } { (feature) } }
            }
            p { "Taken after " strong { (span(it.time_to_acknowledge())) }
                ", resolved after " strong { (span(it.time_to_resolve())) }
                ", reflected after " strong { (span(it.time_to_reflect())) } "." }
            @if it.is_open() {
                @if it.acknowledged.is_none() {
                    form method="post" action={ "/incidents/" (it.id) "/acknowledge" } {
                        button id="take" { "I take it" }
                    } " "
                }
                form method="post" action={ "/incidents/" (it.id) "/resolve" } {
                    button.quiet { "It is over" }
                }
            }
        }
    }
}

fn notices(context: &Context, reader: &PersonId, it: &Incident) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let pages = it.pages.iter().filter_map(|id| state.pages.get(id));
    let notices: Vec<_> = pages
        .flat_map(|page| &page.notices)
        .filter_map(|id| Some((id, state.notices.get(id)?)))
        .collect();
    if notices.is_empty() {
        return html! {};
    }
    html! {
        h2 { "Who was told" }
        div.scroll tabindex="0" { table {
            thead { tr { th { "Who" } th { "How" } th { "Decided" } th { "Receipt" } } }
            tbody { @for (id, it) in notices {
                tr {
                    td { @match &it.to {
                        Recipient::Person(id) => { (id) }
                        Recipient::Channel(id) => { "channel " (id) }
                    } }
                    td { (medium(it.medium)) }
                    td { (face.time(it.decided_at)) }
                    td { a href={ "/why/" (id) } { @match &it.status {
                        NoticeStatus::Due { .. } => { "being sent" }
                        NoticeStatus::Sent { at, .. } => { "taken by the provider after " (at.since(it.decided_at)) }
                        NoticeStatus::Failed { detail, .. } => { span.bad { "given up: " (detail) } }
                        NoticeStatus::Cancelled => { "not needed any more" }
                    } } }
                }
            } }
        } }
    }
}

fn review(context: &Context, reader: &PersonId, it: &Incident) -> Markup {
    let face = Clockface::of(context, Some(reader));
    match &it.review {
        Review::NotAsked => html! {},
        Review::Asked { due_at, .. } => html! {
            section.card.lamp aria-labelledby="review" {
                h2 id="review" style="margin-top:0" { "What did we learn?" }
                p { "The team is asked for a review by " (face.time(*due_at)) ". What happened, why it could, and what will be different." }
                form.stack method="post" action={ "/incidents/" (it.id) "/review" } {
                    label for="text" { "Review" }
                    textarea id="text" name="text" required {}
                    p { button id="publish" { "Publish" } }
                }
            }
        },
        Review::Published { at, by, text } => html! {
            section.card aria-labelledby="review" {
                h2 id="review" style="margin-top:0" { "Review" }
                pre { (text.text().unwrap_or("This text was erased with its author.")) }
                p.soft { (by) ", " (face.time(*at)) }
            }
        },
    }
}

fn lines(context: &Context, reader: &PersonId, story: &[WhyLine]) -> Markup {
    let face = Clockface::of(context, Some(reader));
    html! {
        ol { @for it in story { li { span.soft { (face.time(it.at)) } " " (it.text) } } }
    }
}

fn span(it: Option<Millis>) -> String {
    it.map_or("—".to_owned(), |it| it.to_string())
}

fn medium(it: Medium) -> &'static str {
    it.word()
}
