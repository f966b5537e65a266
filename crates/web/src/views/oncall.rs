//! Who is on duty, now and over the next two weeks.

use crate::Context;
use crate::access::Principal;
use crate::show::Clockface;
use crate::views::layout;
use axum::Extension;
use axum::extract::{Query, State};
use maud::{Markup, html};
use model::{LoadPer, LoadThen, Millis, PersonId, Timestamp};
use serde::Deserialize;

/// How far the list looks ahead.
const AHEAD: Millis = Millis::from_days(14);

#[derive(Deserialize)]
pub(crate) struct At {
    at: Option<String>,
}

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Query(query): Query<At>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let at = query.at.as_deref().and_then(Timestamp::parse_rfc3339);
    let main = body(&context, &who, &reader, at.unwrap_or_else(|| context.clock.now()));
    layout::full(&context, &reader, "/oncall", "On-call", &main)
}

fn body(context: &Context, who: &Principal, reader: &PersonId, from: Timestamp) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return html! { h1 { "On-call" } } };
    html! {
        h1 { "On-call" }
        @for (id, rota) in &catalogue.rotas {
            section.card aria-label={ "Rota " (id) } {
                h2 style="margin-top:0" { (id) }
                @for person in &oncall::duty(rota, face.now, &context.zones).people {
                    (crate::reach::standing(&state, face.now, who, id, person))
                }
                p.soft { "Hand-over in " (rota.timezone) " time; the times below are yours." }
                @if let Some(it) = state.load.relief(id, face.now) {
                    p.lamp.card {
                        strong { (catalogue.name_of(&it.to)) } " has the duty for " (catalogue.name_of(&it.from))
                        " until " (face.time(it.until))
                        @if let Some(why) = state.load.log.get(&it.load) { ", who had " (why.pages) " pages (at most " (why.limit.pages) ")" }
                        ". " form method="post" action={ "/rotas/" (id) "/relief/end" } { button.quiet { "By turns again" } }
                    }
                }
                @if let Some(limit) = rota.load { p.soft { "At most " (limit.pages) @if limit.pages == 1 { " page " } @else { " pages " } (per(limit.per)) ", then " (then(limit.then)) "." } }
                div.scroll tabindex="0" { table {
                    thead { tr { th { "Who" } th { "From" } th { "Until" } th { "For" } } }
                    tbody { @for it in oncall::shifts(rota, from, from.plus(AHEAD), &context.zones) {
                        @let now = it.starts <= face.now && face.now < it.ends;
                        tr {
                            td { @if now { strong { (catalogue.name_of(&it.person)) " · now" } }
                                @else { (catalogue.name_of(&it.person)) } }
                            td { (face.time(it.starts)) }
                            td { (face.time(it.ends)) }
                            td { (it.ends.since(it.starts)) }
                        }
                    } }
                } }
            }
        }
        (credits(&state, &face))
    }
}

fn per(it: LoadPer) -> &'static str {
    match it {
        LoadPer::Shift => "per shift",
        LoadPer::Night => "per night",
        LoadPer::Day => "within 24 hours",
    }
}

fn then(it: LoadThen) -> &'static str {
    match it {
        LoadThen::Relieve => "the next takes over",
        LoadThen::Credit => "a day is noted",
        LoadThen::Hold => "what is calm waits",
    }
}

/// Days noted for people who had too many pages.
fn credits(state: &engine::State, face: &Clockface) -> Markup {
    let credits: Vec<_> = state.load.credits().collect();
    let name = |id: &PersonId| {
        state.catalogue().map_or_else(|| id.to_string(), |it| it.name_of(id).to_owned())
    };
    html! {
        @if !credits.is_empty() {
            section.card aria-label="Days noted" {
                h2 style="margin-top:0" { "Days noted" }
                ul { @for it in credits.iter().rev().take(20) {
                    li { (name(&it.person)) ": " (it.pages) " pages since " (face.time(it.since)) }
                } }
                p { a href="/api/v1/load/credits.csv" { "All as a table" } }
            }
        }
    }
}
