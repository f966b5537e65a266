//! What can be done about an open incident beyond taking and closing it, and where its calls stand.
//!
//! Every form works without a script and at the width of a phone; what makes no sense now is not shown.

use crate::Context;
use crate::show::Clockface;
use engine::State;
use incident::Incident;
use maud::{Markup, html};
use model::{IncidentId, PersonId};
use paging::{Page, PageStatus};

/// The choices of a snooze, in minutes.
const SNOOZES: [(i64, &str); 5] =
    [(15, "15 minutes"), (60, "1 hour"), (240, "4 hours"), (480, "8 hours"), (1_440, "24 hours")];

fn pages<'a>(state: &'a State, it: &'a Incident) -> impl Iterator<Item = &'a Page> {
    it.pages.iter().rev().filter_map(|id| state.pages.get(id))
}

/// Whether somebody may take a page of it.
pub(crate) fn can_be_taken(state: &State, it: &Incident) -> bool {
    pages(state, it).any(Page::can_be_acknowledged)
}

/// Where the calls of an incident stand, in words: what needs somebody first.
pub(crate) fn called(state: &State, face: &Clockface, it: &Incident) -> Markup {
    let find = |wanted: fn(&&Page) -> bool| pages(state, it).find(wanted);
    if let Some(into) = it.merged_into {
        return html! { "merged into " a href={ "/incidents/" (into) } { (into) } };
    }
    if let Some(page) = find(|it| it.is_calling()) {
        return html! { span.bad { (calling(page)) (some_took(page)) } };
    }
    if state.is_quiet(it.id) {
        return html! { a href="/silences" { "silenced" } };
    }
    if let Some(page) = find(|it| it.is_waiting_for_time()) {
        return waiting(face, page);
    }
    if let Some(page) = find(|it| matches!(it.status, PageStatus::Exhausted { .. })) {
        return html! { strong.bad { "nobody answered" (some_took(page)) } };
    }
    match find(|it| it.holder().is_some()) {
        Some(page) => taken(face, page),
        None if it.pages.is_empty() => html! { strong.bad { "nobody was called" } },
        None => html! { "the calls have ended" },
    }
}

fn calling(page: &Page) -> String {
    match page.status {
        PageStatus::Waiting { attempt, .. } => {
            format!("calling, step {}", page.in_round(attempt) + 1)
        }
        _ => "calling".to_owned(),
    }
}

fn some_took(page: &Page) -> String {
    if page.takes.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = page.takers().map(PersonId::as_str).collect();
    let want = page.current_step().acks_wanted();
    format!("; {} of {want} took it: {}", names.len(), names.join(", "))
}

fn waiting(face: &Clockface, page: &Page) -> Markup {
    match &page.status {
        PageStatus::Held { until, reason, .. } => html! {
            strong { "waits for the morning, until " (face.time(*until)) } " " span.soft { (reason) }
        },
        PageStatus::Snoozed { by, until, .. } => html! {
            strong { "comes back at " (face.time(*until)) } ", as " (by) " asked"
        },
        _ => html! {},
    }
}

fn taken(face: &Clockface, page: &Page) -> Markup {
    let names: Vec<&str> = page.takers().map(PersonId::as_str).collect();
    let names = match (names.is_empty(), page.holder()) {
        (true, Some(by)) => by.to_string(),
        _ => names.join(", "),
    };
    html! {
        span.ok { "taken by " (names) }
        @if let Some(watch) = page.watch { " until " (face.time(watch.until)) }
        @if let Some(handing) = &page.handing { "; handed to " (handing.to) ", who has not taken it yet" }
    }
}

/// Everything that waits for the morning, before anything else: nobody was called about it.
pub(crate) fn held(context: &Context, face: &Clockface) -> Markup {
    let state = context.handle.state();
    let held = state.pages_held();
    if held.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="held" {
            h2 id="held" { "Waits for the morning" }
            @for (_, page, _) in held.iter().take(20) {
                @if let Some(it) = state.incidents.get(&page.incident) {
                    article.card.lamp {
                        h3 { a href={ "/incidents/" (it.id) } { (it.title) } }
                        p { (it.id) " · " (waiting(face, page)) }
                        (one_button(it.id, "wake", "Call now"))
                    }
                }
            }
        }
    }
}

fn one_button(id: IncidentId, act: &str, label: &str) -> Markup {
    html! {
        form method="post" action={ "/incidents/" (id) "/" (act) } {
            button id={ (act) "-" (id) } { (label) }
        }
    }
}

/// The forms.
pub(crate) fn forms(state: &State, reader: &PersonId, it: &Incident) -> Markup {
    let waits = pages(state, it).any(Page::is_waiting_for_time);
    let held = pages(state, it).any(|it| it.holder().is_some());
    let limited = pages(state, it).any(|it| it.holder().is_some() && it.watch.is_some());
    let comes_back = pages(state, it).any(|it| !matches!(it.status, PageStatus::Ended { .. }));
    html! {
        @if waits { (one_button(it.id, "wake", "Call now")) " " }
        @if limited { (one_button(it.id, "renew", "I am still at it")) " " }
        @if held { (one_button(it.id, "give-back", "Give it back")) " " }
        details {
            summary { "Hand on, come back later, merge" }
            @if held { (hand(state, reader, it)) }
            @if comes_back { (snooze(it)) }
            (merge(state, it))
        }
    }
}

fn hand(state: &State, reader: &PersonId, it: &Incident) -> Markup {
    let Some(catalogue) = state.catalogue() else { return html! {} };
    let members = it.team.as_ref().and_then(|it| catalogue.teams.get(it));
    let members = members.map_or(&[][..], |it| &it.members);
    // The team first: most often it is one of them.
    let others = catalogue.people.keys().filter(|it| !members.contains(it));
    let people = members.iter().chain(others).filter(|it| *it != reader);
    html! {
        form.stack method="post" action={ "/incidents/" (it.id) "/hand" } {
            label for="to" { "Hand it to" }
            select id="to" name="to" {
                @for id in people.take(500) { option value=(id) { (catalogue.name_of(id)) } }
            }
            p.soft { "They are called. Until they take it, it stays where it is." }
            p { button.quiet { "Hand it on" } }
        }
    }
}

fn snooze(it: &Incident) -> Markup {
    html! {
        form.stack method="post" action={ "/incidents/" (it.id) "/snooze" } {
            label for="minutes" { "Call again after" }
            select id="minutes" name="minutes" {
                @for (minutes, label) in SNOOZES { option value=(minutes) { (label) } }
            }
            p.soft { "Calls stop until then. If it is not over by then, they begin from the first step." }
            p { button.quiet { "Come back later" } }
        }
    }
}

fn merge(state: &State, it: &Incident) -> Markup {
    let others: Vec<_> = state.incidents_open().filter(|(id, _)| *id != it.id).take(100).collect();
    if others.is_empty() {
        return html! {};
    }
    html! {
        form.stack method="post" action={ "/incidents/" (it.id) "/merge" } {
            label for="into" { "It is the same as" }
            select id="into" name="into" {
                @for (id, other) in others { option value=(id) { (id) ": " (other.title) } }
            }
            p.soft { "That one goes on, with the alerts, calls and story of both." }
            p { button.quiet { "Merge" } }
        }
    }
}
