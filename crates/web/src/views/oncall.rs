//! Who is on duty, now and over the next two weeks.

use crate::Context;
use crate::access::Principal;
use crate::show::Clockface;
use crate::views::layout;
use axum::Extension;
use axum::extract::{Query, State};
use maud::{Markup, html};
use model::{Millis, PersonId, Timestamp};
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
    let main = body(&context, &reader, at.unwrap_or_else(|| context.clock.now()));
    layout::full(&context, &reader, "/oncall", "On-call", &main)
}

fn body(context: &Context, reader: &PersonId, from: Timestamp) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return html! { h1 { "On-call" } } };
    html! {
        h1 { "On-call" }
        @for (id, rota) in &catalogue.rotas {
            section.card aria-label={ "Rota " (id) } {
                h2 style="margin-top:0" { (id) }
                p.soft { "Hand-over in " (rota.timezone) " time; the times below are yours." }
                div.scroll tabindex="0" { table {
                    thead { tr { th { "Who" } th { "From" } th { "Until" } th { "For" } } }
                    tbody { @for it in oncall::shifts(rota, from, from.plus(AHEAD), &context.zones) {
                        @let now = it.starts <= face.now && face.now < it.ends;
                        @let names: Vec<&str> = it.people.iter().map(|it| catalogue.name_of(it)).collect();
                        tr {
                            td { @if it.is_gap() { strong.bad { "nobody" } }
                                @else if now { strong { (names.join(", ")) " · now" } }
                                @else { (names.join(", ")) } }
                            td { (face.time(it.starts)) }
                            td { (face.time(it.ends)) }
                            td { (it.length()) }
                        }
                    } }
                } }
            }
        }
    }
}
