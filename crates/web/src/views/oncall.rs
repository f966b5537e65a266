//! Who is on duty, now and over the next two weeks; what is thin; overrides and swaps.

use crate::Context;
use crate::access::Principal;
use crate::show::Clockface;
use crate::views::layout;
use axum::Extension;
use axum::extract::{Query, State};
use engine::SwapAnswer;
use maud::{Markup, html};
use model::{Catalogue, LoadPer, LoadThen, Millis, PersonId, RotaId, Timestamp};
use oncall::{Coverage, Duties, Shift};
use serde::Deserialize;

/// How far the list looks ahead.
const AHEAD: Millis = Millis::from_days(14);
/// How far ahead gaps are looked for.
const COVERED: Millis = Millis::from_days(28);

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
    let (Some(catalogue), Some(duties)) = (state.catalogue(), state.duties(&context.zones)) else {
        return html! { h1 { "On-call" } };
    };
    let from = Timestamp::from_minute(from.minute());
    let coverage = Coverage::of(catalogue, &duties, from, from.plus(COVERED));
    let (thin, holidays) = (coverage.sentences(), coverage.on_holidays());
    html! {
        h1 { "On-call" }
        p { a href="/oncall/calendar" { "Calendar" } " · " a href="/hours" { "Hours on duty" } " · " a href="/handovers" { "Handovers" } " · " a href="/tribute" { "Tribute" } }
        @if !thin.is_empty() {
            section.card aria-label="What is thin in the next four weeks" {
                h2 { "Thin in the next four weeks" }
                ul { @for told in thin { li.bad { (told) } } }
            }
        }
        @if !holidays.is_empty() {
            section.card aria-label="Public holidays in the next four weeks" {
                h2 { "Duty on public holidays" }
                ul { @for told in holidays { li { (told) } } }
            }
        }
        @for (id, rota) in &catalogue.rotas {
            section.card aria-label={ "Rota " (id) } {
                h2 style="margin-top:0" { (id) }
                @for person in &state.on_duty(id, face.now, &context.zones).map_or(vec![], |it| it.people) {
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
                (table(&face, catalogue, &duties, id, from))
            }
        }
        (crate::rosters::section(&face, &state, catalogue))
        (swaps(&face, &state, catalogue, reader))
        (overrides(&face, &state))
        (credits(&state, &face))
        @if !catalogue.rotas.is_empty() { (forms(catalogue)) }
    }
}

fn table(
    face: &Clockface,
    catalogue: &Catalogue,
    duties: &Duties<'_>,
    id: &RotaId,
    from: Timestamp,
) -> Markup {
    let zone = &catalogue.rotas[id].timezone;
    let names = |it: &Shift| -> String {
        let names: Vec<&str> = it.people.iter().map(|it| catalogue.name_of(it)).collect();
        names.join(", ")
    };
    html! {
        div.scroll tabindex="0" { table {
            thead { tr { th { "Who" } th { "From" } th { "Until" } th { "For" } } }
            tbody { @for it in duties.shifts(id, from, from.plus(AHEAD)) {
                @let now = it.starts <= face.now && face.now < it.ends;
                @let jump = it.clock_jump_mins(zone, duties.zones);
                tr {
                    td {
                        @if it.is_gap() { strong.bad { "nobody" } }
                        @else if now { strong { (names(&it)) " · now" } }
                        @else { (names(&it)) }
                        @for id in &it.overrides { " · " (id) }
                    }
                    td { (face.time(it.starts)) }
                    td { (face.time(it.ends)) }
                    td {
                        (it.length())
                        @if jump > 0 { " · the clock jumps " (jump) " min forward" }
                        @if jump < 0 { " · the clock jumps " (-jump) " min back" }
                    }
                }
            } }
        } }
    }
}

fn swaps(
    face: &Clockface,
    state: &engine::State,
    catalogue: &Catalogue,
    reader: &PersonId,
) -> Markup {
    let waiting: Vec<_> =
        state.swaps.iter().filter(|(_, it)| it.answer.is_none() && it.gives.1 > face.now).collect();
    let lead = state.access.role_of(reader) == Some(engine::Role::Admin);
    html! {
        @if !waiting.is_empty() { section.card aria-label="Swaps" {
            h2 { "Swaps that wait for an answer" }
            @for (id, it) in waiting {
                p {
                    (id) " · " (catalogue.name_of(&it.from)) " asks " (catalogue.name_of(&it.with))
                    " to take " (it.rota) " from " (face.time(it.gives.0)) " to " (face.time(it.gives.1))
                    @if let Some(takes) = it.takes {
                        " in exchange for " (face.time(takes.0)) " to " (face.time(takes.1))
                    }
                }
                @if it.with == *reader || lead {
                    form method="post" action={ "/swaps/" (id) "/accept" } { button { "Take it" } }
                }
                @if it.with == *reader || it.from == *reader || lead {
                    form method="post" action={ "/swaps/" (id) "/decline" } {
                        button.quiet { (word(it.from == *reader)) }
                    }
                }
            }
        } }
    }
}

fn word(own: bool) -> &'static str {
    if own { "Take the request back" } else { "Decline" }
}

fn overrides(face: &Clockface, state: &engine::State) -> Markup {
    let open: Vec<_> = state.overrides.iter().filter(|(_, it)| it.ends > face.now).collect();
    let by_swap = |it: &engine::Swap| it.answer == Some(SwapAnswer::Accepted);
    let accepted = state.swaps.values().filter(|it| by_swap(it)).count();
    html! {
        @if !open.is_empty() { section.card aria-label="Overrides" {
            h2 { "Overrides" }
            @if accepted > 0 { p.soft { "Accepted swaps stand here, too." } }
            @for (id, it) in open {
                p { (id) " · " (it.rota) ": " (crate::duty::words(&it.change)) ", "
                    (face.time(it.starts)) " to " (face.time(it.ends)) }
                form method="post" action={ "/overrides/" (id) "/end" } {
                    button.quiet { "Take it back" }
                }
            }
        } }
    }
}

fn forms(catalogue: &Catalogue) -> Markup {
    let rotas = || html! { @for id in catalogue.rotas.keys() { option value=(id) { (id) } } };
    let people = || {
        html! {
            @for id in catalogue.people.keys() { option value=(id) { (catalogue.name_of(id)) } }
        }
    };
    html! {
        form.stack.card method="post" action="/overrides" {
            h2 { "Change who is on duty" }
            label for="override-rota" { "In which rota?" }
            select id="override-rota" name="rota" { (rotas()) }
            label for="override-replace" { "Whose duty?" }
            select id="override-replace" name="replace" { (people()) }
            label for="override-by" { "Who has it instead?" }
            select id="override-by" name="by" { (people()) }
            label for="override-from" { "From when? Empty means now" }
            input id="override-from" name="from" maxlength="40" placeholder="2026-12-24T09:00:00Z";
            label for="override-hours" { "For how many hours?" }
            input id="override-hours" name="hours" type="number" min="1" max="2208" value="12" required;
            p { button { "Change it" } }
        }
        form.stack.card method="post" action="/swaps" {
            h2 { "Ask somebody to take a shift" }
            label for="swap-rota" { "In which rota?" }
            select id="swap-rota" name="rota" { (rotas()) }
            label for="swap-at" { "A time in your shift" }
            input id="swap-at" name="at" required maxlength="40" placeholder="2026-12-24T18:00:00Z";
            label for="swap-with" { "Whom?" }
            select id="swap-with" name="with" { (people()) }
            label for="swap-for" { "A time in a shift of theirs that you take in exchange, if any" }
            input id="swap-for" name="for" maxlength="40" placeholder="2027-01-07T18:00:00Z";
            p { button { "Ask" } }
        }
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
