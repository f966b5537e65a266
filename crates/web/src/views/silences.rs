//! Silences: what is in force, what it hid, and a form for a new one.

use crate::Context;
use crate::access::Principal;
use crate::show::Clockface;
use crate::views::layout;
use axum::Extension;
use axum::extract::State;
use engine::{Silence, SilencePhase};
use maud::{Markup, html};
use model::SilenceId;

/// Silences that are over, as many as are shown.
const ENDED_SHOWN: usize = 20;

/// What the form offers, in minutes.
pub(crate) const LENGTHS: [(i64, &str); 6] = [
    (30, "30 minutes"),
    (60, "an hour"),
    (240, "4 hours"),
    (480, "8 hours"),
    (1_440, "a day"),
    (10_080, "a week"),
];

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let face = Clockface::of(&context, Some(&reader));
    let state = context.handle.state();
    let open: Vec<_> = state.silences.iter().rev().filter(|(_, it)| !it.is_over()).collect();
    let ended = state.silences.iter().rev().filter(|(_, it)| it.is_over()).take(ENDED_SHOWN);
    let ended: Vec<_> = ended.collect();
    let main = html! {
        h1 { "Silences" }
        p.soft { "Alerts that match call nobody; they are still kept, and whatever fires when a silence ends is heard then. A call for help by hand is never silenced." }
        @if open.is_empty() { p.card { "Nothing is silenced." } }
        @for (id, it) in open { (card(&face, *id, it)) }
        (form())
        (planned(&face, &context, &state))
        @if !ended.is_empty() {
            h2 { "Over" }
            @for (id, it) in ended { (card(&face, *id, it)) }
        }
    };
    drop(state);
    layout::full(&context, &reader, "/silences", "Silences", &main)
}

fn card(face: &Clockface, id: SilenceId, it: &Silence) -> Markup {
    let matchers: Vec<String> = it.matchers.iter().map(ToString::to_string).collect();
    html! {
        article.card id={ "silence-" (id) } {
            h2 { code { (matchers.join(", ")) } }
            p {
                (id) " · " @match &it.phase {
                    SilencePhase::Pending => { "begins " (face.time(it.starts_at)) }
                    SilencePhase::Active => { strong { "in force" } }
                    SilencePhase::Ended { at, by: None } => { "over since " (face.time(*at)) }
                    SilencePhase::Ended { at, by: Some(by) } => { "ended by " (by) " at " (face.time(*at)) }
                }
                @if !it.is_over() { ", until " (face.time(it.ends_at)) }
                " · " (it.by) ": " (it.comment.text().unwrap_or("(erased)"))
                @if let Some(plan) = &it.plan { " · planned as " (plan) }
                @if let Some(at) = it.reminded_at { " · reminded " (face.time(at)) }
            }
            @if it.hid_count > 0 {
                details {
                    summary { "Hid " (it.hid_count) @if it.hid_count == 1 { " alert" } @else { " alerts" } }
                    ul { @for alert in &it.hid { li { a href={ "/why/" (alert) } { (alert) } } } }
                }
            }
            @if !it.is_over() {
                form method="post" action={ "/silences/" (id) "/end" } {
                    button.quiet { "End it now" }
                }
            }
        }
    }
}

/// Planned work: what comes next, and a form for more.
fn planned(face: &Clockface, context: &Context, state: &engine::State) -> Markup {
    let now = context.handle.now();
    let plans: Vec<_> = state.plans().collect();
    html! {
        h2 id="planned" { "Planned work" }
        p.soft { "At its time each of these sets a silence of its own." }
        @for (id, it) in plans {
            article.card id={ "plan-" (id) } {
                p { strong { (id) } " · " (it.when) " (" (it.timezone) "), for " (it.lasts) " · " code { (it.matchers) } }
                p { (it.owner) ": " (it.reason) " · "
                    @match oncall::window(it, now, &context.zones) {
                        Some(next) if next.starts <= now => { "going on until " (face.time(next.ends)) }
                        Some(next) => { "next " (face.time(next.starts)) }
                        None => { "over" }
                    }
                    @if !state.watching.plans.contains_key(id) { " · in the configuration" }
                }
                @if state.watching.plans.contains_key(id) {
                    form method="post" action={ "/maintenance/" (id) "/cancel" } { button.quiet { "Cancel it" } }
                }
            }
        }
        details.card {
            summary { "Plan work" }
            form.stack method="post" action="/maintenance" {
                label for="plan-name" { "What is it called?" }
                input id="plan-name" name="id" required maxlength="64" pattern="[a-z0-9][a-z0-9_\\-]*" placeholder="database-patches";
                label for="plan-matchers" { "Which alerts? All of these labels must match" }
                input id="plan-matchers" name="matchers" required maxlength="4000" placeholder="service=\"payments-db\"";
                label for="plan-when" { "When? A day or days, and a time of your zone" }
                input id="plan-when" name="when" required maxlength="60" placeholder="tue,thu 02:00";
                label for="plan-minutes" { "For how many minutes?" }
                input id="plan-minutes" name="minutes" type="number" min="1" max="44640" value="120" required;
                label for="plan-reason" { "Why?" }
                input id="plan-reason" name="reason" required maxlength="500";
                p { button id="plan" { "Plan it" } }
            }
        }
    }
}

fn form() -> Markup {
    html! {
        form.stack.card method="post" action="/silences" {
            h2 { "A new silence" }
            label for="matchers" { "Which alerts? All of these labels must match" }
            input id="matchers" name="matchers" required maxlength="4000" placeholder="alertname=\"TooSlow\", feature=~\"light-.*\"";
            label for="minutes" { "For how long?" }
            select id="minutes" name="minutes" {
                @for (minutes, name) in LENGTHS { option value=(minutes) selected[minutes == 60] { (name) } }
            }
            label for="comment" { "Why?" }
            input id="comment" name="comment" required maxlength="1000";
            p { button id="silence" { "Silence them" } }
        }
    }
}
