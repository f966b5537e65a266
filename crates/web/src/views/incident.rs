//! Incidents: the list, one of them with its story, and the reason for anything.

use crate::Context;
use crate::access::Principal;
use crate::show::Clockface;
use crate::views::{deal, layout, message, watch};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::{NoticeStatus, Origin, Recipient, WhyId, WhyLine};
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
                tbody { @for it in state.incidents.values().rev().filter(|it| it.group != engine::SYNTHETIC_GROUP).take(200) {
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
        (alerts(&context, &it))
        (changes(&context, &reader, &it))
        (notices(&context, &reader, &it))
        (notes(&context, &reader, &it))
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
    let held_back = match &parsed {
        WhyId::Alert(id) => {
            let state = context.handle.state();
            state
                .alerts
                .get(id)
                .is_some_and(|it| it.not_paged.is_some() && state.firing.get(&it.key) == Some(id))
        }
        _ => false,
    };
    let main = html! {
        h1 { "Why " (id) }
        (lines(&context, &reader, &story))
        @if held_back {
            form method="post" action={ "/alerts/" (id) "/page" } { button id="anyway" { "Page anyway" } }
        }
    };
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
                    None => { (deal::called(&state, &face, it)) }
                }
                @if let Some(feature) = &it.feature { " · " a href={ "/features/" (feature) } { (feature) } }
            }
            p { "Taken after " strong { (span(it.time_to_acknowledge())) }
                ", resolved after " strong { (span(it.time_to_resolve())) }
                ", reflected after " strong { (span(it.time_to_reflect())) } "." }
            @if it.is_open() {
                @if deal::can_be_taken(&state, it) {
                    form method="post" action={ "/incidents/" (it.id) "/acknowledge" } {
                        button id="take" { "I take it" }
                    } " "
                }
                @if state.holder(it.id).is_some_and(|by| by != reader) {
                    form method="post" action={ "/incidents/" (it.id) "/take" } {
                        button id="take-over" { "I take it over" }
                    } " "
                }
                @if !it.pages.is_empty() {
                    form method="post" action={ "/incidents/" (it.id) "/escalate" } {
                        button.quiet id="escalate" { "Call the next step now" }
                    } " "
                }
                form method="post" action={ "/incidents/" (it.id) "/resolve" } {
                    button.quiet { "It is over" }
                }
                @if let Some(alert) = it.alerts.iter().rev().find(|id| state.alerts.get(id).is_some_and(|it| state.firing.get(&it.key) == Some(*id))) {
                    " " form method="post" action={ "/alerts/" (alert) "/page" } {
                        button.quiet title="Whatever limit, list or relief holds calls back" { "Page anyway" }
                    }
                }
                (deal::forms(&state, reader, it))
            }
        }
    }
}

/// What the senders say, in their latest words, with where they saw it.
fn alerts(context: &Context, it: &Incident) -> Markup {
    const SHOWN: usize = 20;
    let state = context.handle.state();
    let said: Vec<_> = it
        .alerts
        .iter()
        .filter_map(|id| Some((id, state.alerts.get(id)?)))
        .filter_map(|(id, alert)| match &alert.origin {
            Origin::Door { annotations, .. } => Some((id, alert, annotations)),
            _ => None,
        })
        .collect();
    if said.is_empty() {
        return html! {};
    }
    html! {
        h2 { "What was reported" }
        ul { @for (id, alert, annotations) in said.iter().take(SHOWN) {
            li {
                a href={ "/why/" (id) } { (alert.summary) }
                @if matches!(alert.status, engine::AlertStatus::Resolved { .. }) { " · over" }
                @for (name, url) in annotations.iter().filter(|(_, it)| watch::is_web(it)) {
                    " · " a href=(url) rel="noreferrer" { (link_name(name)) }
                }
                @let texts: Vec<_> = annotations.iter().filter(|(_, it)| !watch::is_web(it)).collect();
                @if !texts.is_empty() {
                    details { summary { "In the sender's words" }
                        dl { @for (name, text) in texts { dt { (name) } dd { (text) } } } }
                }
            }
        } }
        @if said.len() > SHOWN { p.soft { "and " (said.len() - SHOWN) " more, in the story below" } }
    }
}

/// What people call a link that a sender gave.
fn link_name(name: &str) -> &str {
    match name {
        ingest::GENERATOR_URL => "where it was seen",
        "runbook_url" => "runbook",
        "dashboardURL" | "dashboard_url" => "dashboard",
        other => other,
    }
}

fn changes(context: &Context, reader: &PersonId, it: &Incident) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let mut changes = state.changes_before(it).peekable();
    if changes.peek().is_none() {
        return html! {};
    }
    html! {
        h2 id="changes" { "Changes in the hour before" }
        (watch::list(&face, changes))
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
                        NoticeStatus::Bundled { into } => { "in one message with others, " (into) }
                        NoticeStatus::Shadowed { .. } => { "would have gone out (shadow mode)" }
                    } }
                    @if let Some(known) = it.receipt {
                        @if known.evidence.is_arrival() { " · " span.ok { (known.evidence.words()) } }
                        @else { " · " span.bad { (known.evidence.words()) } }
                    }
                    @if let Some(by) = it.covered_by { " · told of in " (by) } }
                }
            } }
        } }
    }
}

fn notes(context: &Context, reader: &PersonId, it: &Incident) -> Markup {
    let face = Clockface::of(context, Some(reader));
    html! {
        section aria-labelledby="notes" {
            h2 id="notes" { "Notes" }
            @for note in &it.notes {
                div.card {
                    pre { (note.text.text().unwrap_or("This text was erased with its author.")) }
                    p.soft { (note.by) ", " (face.time(note.at)) " (" (note.via) ")" }
                }
            }
            form.stack method="post" action={ "/incidents/" (it.id) "/note" } {
                label for="note" { "Write something down" }
                input id="note" name="text" required maxlength="1000";
                p { button.quiet id="add-note" { "Add the note" } }
            }
        }
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
