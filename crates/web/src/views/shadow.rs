//! Shadow mode: every moment at which the two pagers would not have done the same, and the switch.

use crate::Context;
use crate::access::Principal;
use crate::beside::{Days, compared, name_of, told};
use crate::show::Clockface;
use crate::views::layout;
use axum::Extension;
use axum::extract::{Query, State};
use engine::Role;
use maud::{Markup, html};
use shadow::{Comparison, Difference, Kind, Who};

/// Differences that one view shows, the newest first; the report has them all.
const SHOWN: usize = 200;

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Query(days): Query<Days>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let face = Clockface::of(&context, Some(&reader));
    let main = {
        let state = context.handle.state();
        let (found, [ours, theirs]) = compared(&state, face.now, days.count());
        let admin = matches!(who, Principal::Person { role: Role::Admin, .. });
        html! {
            h1 { "Shadow mode" }
            (standing(&state, &face, admin))
            section.card aria-label="In numbers" {
                p.big { strong { (found.agreed_count) } " of " (found.calls_count()) " calls agree" }
                p.soft { "Over " (days.count()) " days: " (ours) " calls that Lamplighter would have made, " (theirs) " that the other pager made. Calls of one person count as the same within " (shadow::TOGETHER) "." }
            }
            (gaps(&found))
            h2 { "Where they differ" }
            @if found.differences.is_empty() { p { "Nowhere." } }
            @if found.differences.len() > SHOWN {
                p.soft { "The newest " (SHOWN) " of " (found.differences.len()) "; " code { "lamplighter shadow report" } " has all." }
            }
            @for it in found.differences.iter().rev().take(SHOWN) { (difference(&state, &face, it)) }
        }
    };
    layout::full(&context, &reader, "/shadow", "Shadow mode", &main)
}

fn standing(state: &engine::State, face: &Clockface, admin: bool) -> Markup {
    let on = &state.shadow;
    html! {
        @if !on.is_on() { p.card { "Shadow mode is off: Lamplighter calls people." } }
        @else {
            section.card aria-label="Where we stand" {
                @if let Some(at) = on.org { p { "Since " (face.time(at)) " pages run through their whole life here and nobody is called." } }
                @for (team, at) in &on.teams { p { "Team " strong { (team) } " is in shadow since " (face.time(*at)) "." } }
                @if admin {
                    details {
                        summary { "End shadow mode: call people from now on" }
                        p { "From that moment pages go out. What is open and taken by nobody is paged at once. Let the other pager go only after it." }
                        form method="post" action="/shadow/end" { button id="end-shadow" { "Call people from now on" } }
                    }
                } @else { p.soft { "An administrator ends it, here or with " code { "lamplighter shadow end" } "." } }
            }
        }
    }
}

/// What could not be laid side by side.
fn gaps(found: &Comparison) -> Markup {
    html! {
        @if !found.unknown_people.is_empty() {
            section.card.lamp aria-label="People who are not known" {
                h2 { "People who are not known here" }
                p { "The other pager named them; nobody of ours has such a name, address or " code { "aka" } ". Add it and they are matched from then on." }
                ul { @for (name, count) in &found.unknown_people { li { (name) " (" (count) @if *count == 1 { " call)" } @else { " calls)" } } } }
            }
        }
        @if !found.only_ours_incidents.is_empty() || !found.only_theirs_incidents.is_empty() {
            details {
                summary {
                    (found.only_ours_incidents.len()) " incidents only Lamplighter knows of, "
                    (found.only_theirs_incidents.len()) " only the other pager"
                }
                p.soft { "Neither a key nor the words of the title match, or they began more than " (shadow::APART_MAX) " apart." }
                ul {
                    @for it in &found.only_ours_incidents { li { a href={ "/incidents/" (it) } { (it) } } }
                    @for it in &found.only_theirs_incidents { li { (it) } }
                }
            }
        }
    }
}

fn difference(state: &engine::State, face: &Clockface, it: &Difference) -> Markup {
    let name = |who: &Who| name_of(state, who);
    html! {
        article.card {
            h3 { (it.title) }
            p { (told(&it.kind, &name)) }
            p.soft {
                @if let Kind::OtherTime { ours, theirs, .. } = &it.kind {
                    "Here " (face.time(*ours)) ", there " (face.time(*theirs))
                } @else { (face.time(it.at)) }
            }
        }
    }
}
