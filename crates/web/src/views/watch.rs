//! Watch: signs of life, changes, and how the product itself does.

use crate::Context;
use crate::access::Principal;
use crate::show::Clockface;
use crate::views::layout;
use crate::watching::{Beat, beat};
use axum::Extension;
use axum::extract::State;
use engine::Change;
use maud::{Markup, html};
use model::{ChangeId, PersonId};

/// Changes, as many as are shown.
const CHANGES_SHOWN: usize = 50;

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let main = html! {
        h1 { "Watch" }
        (heartbeats(&context, &reader))
        (itself(&context, &reader))
        (changes(&context, &reader))
    };
    layout::full(&context, &reader, "/watch", "Watch", &main)
}

fn heartbeats(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let all = state.catalogue().map(|it| it.watched.heartbeats.clone()).unwrap_or_default();
    html! {
        h2 { "Heartbeats" }
        p.soft { "Signs of life that others owe us. When one stops, people are called; before the first one nobody is." }
        @if all.is_empty() { p.card { "None is configured. Add " code { "heartbeats:" } " to the configuration." } }
        @else { div.scroll tabindex="0" { table {
            thead { tr { th { "Which" } th { "Owed every" } th { "Last heard" } th { "Stands" } } }
            tbody { @for (id, it) in &all {
                @let now = beat(context, &state, id);
                tr id={ "heartbeat-" (id) } {
                    td { (id) }
                    td { (it.every) " and " (it.grace) " of grace" }
                    td { @match now {
                        Beat::Awaited => { "never" }
                        Beat::Heard(at) | Beat::Missed(at) => { (face.ago(at)) }
                    } }
                    td { @match now {
                        Beat::Awaited => { "awaited: nobody is called before the first" }
                        Beat::Heard(_) => { span.ok { "heard" } }
                        Beat::Missed(_) => { span.bad { "missed" }
                            @if let Some(alert) = state.heartbeat_missed(id) { " · " a href={ "/why/" (alert) } { (alert) } } }
                    } }
                }
            } }
        } } }
    }
}

fn itself(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let Some(watched) = state.catalogue().map(|it| &it.watched) else { return html! {} };
    html! {
        h2 { "Lamplighter itself" }
        div.card {
            @match (&watched.synthetic, &state.watching.synthetic) {
                (None, _) => { p { "No synthetic page is configured (" code { "watch: synthetic:" } ")." } }
                (Some(_), None) => { p { "No synthetic page has come out at the other end yet." } }
                (Some(it), Some(seen)) => { p id="synthetic" {
                    "The last synthetic page came out " (face.ago(seen.at)) ", after " strong { (seen.took) }
                    "; one is sent every " (it.every) " and must come out within " (it.deadline) "."
                } }
            }
            @match &watched.ping {
                None => { p { "Nobody else watches this server (" code { "watch: ping:" } ")." } }
                Some(it) => { p { "A sign of life goes out every " (it.every) " while the journal is written and messages go out." } }
            }
        }
    }
}

fn changes(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let shown: Vec<_> = state.watching.changes.iter().rev().take(CHANGES_SHOWN).collect();
    html! {
        h2 { "Changes" }
        p.soft { "Deploys, switches, migrations: shown with every incident that begins within an hour." }
        @if shown.is_empty() { p.card { "None was reported." } }
        @else { (list(&face, shown.into_iter().map(|(id, it)| (*id, it)))) }
    }
}

/// Changes as a list.
pub(crate) fn list<'a>(
    face: &Clockface,
    changes: impl Iterator<Item = (ChangeId, &'a Change)>,
) -> Markup {
    html! {
        ul { @for (id, it) in changes {
            li id=(id) {
                span.soft { (face.time(it.at)) } " "
                @match it.link.as_deref().filter(|it| is_web(it)) {
                    Some(link) => { a href=(link) rel="noreferrer" { (it.summary) } }
                    None => { (it.summary) }
                }
                span.soft { " · " (it.source)
                    @if let Some(service) = &it.service { " · " (service) }
                    @if let Some(feature) = &it.feature { " · " (feature) }
                    @if let Some(team) = &it.team { " · " (team) }
                }
            }
        } }
    }
}

/// Whether a text that came from outside may be a link: nothing but the web.
pub(crate) fn is_web(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://"))
        && !text.chars().any(|it| it.is_whitespace() || it.is_control())
}
