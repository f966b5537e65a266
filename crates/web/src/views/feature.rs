//! A feature: the promise, who signed it, how it stands, and what it is made of.

mod burndown;
mod segments;
pub(crate) mod slices;

pub(crate) use segments::json as segments_json;

use crate::Context;
use crate::access::Principal;
use crate::show::{self, Clockface};
use crate::spent;
use crate::views::{layout, message};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::SignRole;
use maud::{Markup, html};
use model::{Feature, FeatureId, Need, PersonId};
use slo::{Assessment, ConditionState};

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let found = FeatureId::new(&id).ok().and_then(|id| {
        let state = context.handle.state();
        let feature = state.catalogue()?.features.get(&id)?.clone();
        Some((id, feature))
    });
    let (Some((id, feature)), Some(reader)) = (found, who.person().cloned()) else {
        let told = "There is no such feature.";
        return (StatusCode::NOT_FOUND, message("Nothing here", told)).into_response();
    };
    crate::adoption::looked(&context, &reader);
    let main = body(&context, &reader, &id, &feature);
    layout::full(&context, &reader, "", &feature.question, &main).into_response()
}

fn body(context: &Context, reader: &PersonId, id: &FeatureId, feature: &Feature) -> Markup {
    let (assessment, line, minutes, who, past, calendar) = {
        let state = context.handle.state();
        let board = context.board();
        let end = context.measured_minute(&board);
        (
            board.assess_feature(id, end),
            burndown::Burndown::of(&board, id, end),
            board.recent(id, end, 360),
            spent::section(&board, id, end, state.catalogue()),
            crate::history::section(&board, id, feature),
            crate::by_time::calendar(&board, &state, id, end),
        )
    };
    let ratio = feature.objective.budget_ratio();
    let lately: Vec<show::Bar> = show::minute_bars(&minutes, 5);
    let estimate = feature.needs.slos().len() > 1;
    html! {
        h1 { (feature.question) }
        p { "Promised: " strong { (feature.objective) } " of attempts over " (feature.window)
            ", by team " (feature.team) "." }
        (crate::revisions::evidence(context, id))
        section.card {
            (show::budget_bar(assessment.as_ref()))
            p.big { (show::budget_words(assessment.as_ref())) " " (show::standing(assessment.as_ref())) }
            (numbers(assessment.as_ref()))
            (crate::exclusions::hidden(assessment.as_ref()))
            (crate::evidence::thin(assessment.as_ref()))
            (past)
            (crate::estimates::section(&context.handle.state(), id))
            @if feature.own.measured.is_some() {
                p.soft { "Measured end to end." }
            } @else if estimate {
                p.soft { "An estimate: minute by minute the worst of what is needed counts"
                    @if feature.own.attempts.is_some() { ", among this feature's own attempts" } "." }
            }
        }
        (burndown::section(context, reader, id, line.as_ref(), &calendar.happened))
        h2 { "The last six hours" }
        (show::chart("Failures of the last six hours, one bar for five minutes", &lately, ratio))
        p.soft { "A full bar is twice what the promise allows. Dashed: unknown." }
        (segments::section(context, reader, id, feature))
        (who)
        (crate::by_time::section(&calendar))
        (crate::promises::section(context, reader, id, feature, assessment.as_ref()))
        h2 { "Signed by" }
        p.soft { "The words: " (crate::promises::signed_words(feature).0) }
        (signatures(context, reader, id, feature))
        (crate::revisions::review(context, reader, id, feature))
        (crate::revisions::section(context, reader, id, feature))
        h2 { "Burn" }
        (conditions(assessment.as_ref()))
        h2 { "Made of" }
        ul { (need(context, &feature.needs)) }
        (incidents(context, reader, id))
    }
}

fn numbers(assessment: Option<&Assessment>) -> Markup {
    let Some(budget) = assessment.map(|it| &it.budget) else { return html! {} };
    html! {
        p { (budget.bad) " of " (budget.total) " attempts failed; "
            (format!("{:.0}", budget.allowed_bad)) " may. "
            (show::percent(budget.coverage)) " of the time is measured."
            @match budget.exhausts_at_current_burn {
                Some(left) if left.0 > 0 => { " At the pace of the last hour the budget lasts " (left) "." }
                _ => {}
            }
        }
    }
}

fn signatures(context: &Context, reader: &PersonId, id: &FeatureId, feature: &Feature) -> Markup {
    let Some(owners) = &feature.owners else {
        return html! { p { "Nobody: the configuration names no owners. A promise needs two." } };
    };
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let standing = state.review_standing(id, context.clock.now(), &context.zones);
    let overdue = matches!(standing, Some(engine::ReviewStanding::Overdue { .. }));
    let roles = [
        (SignRole::Product, "product", &owners.product),
        (SignRole::Engineering, "engineering", &owners.engineering),
    ];
    html! {
        ul {
            @for (role, name, owner) in roles {
                li {
                    @if let Some(it) = state.signature(id, role) {
                        span.ok { "✓ " (it.by) } " for " (name) ", " (face.time(it.at))
                        @if owner == reader && overdue { " " (sign(id, name, feature, "Sign anew: ")) }
                    } @else {
                        (owner) " for " (name) ": not yet"
                        @if owner == reader {
                            " " (sign(id, name, feature, "Sign "))
                        }
                    }
                }
            }
        }
    }
}

fn sign(id: &FeatureId, role: &str, feature: &Feature, verb: &str) -> Markup {
    html! {
        form method="post" action={ "/features/" (id) "/sign" } {
            input type="hidden" name="role" value=(role);
            input type="hidden" name="objective" value=(feature.objective);
            button { (verb) (feature.objective) }
        }
    }
}

fn conditions(assessment: Option<&Assessment>) -> Markup {
    let Some(assessment) = assessment else { return html! { p { "Not measured yet." } } };
    if assessment.conditions.is_empty() {
        return html! { p { "Nobody is alerted: " code { "alerts: none" } "." } };
    }
    html! {
        div.scroll tabindex="0" { table {
            thead { tr { th { "Windows" } th { "Fires above" } th { "Now" } th { "State" } } }
            tbody {
                @for it in &assessment.conditions {
                    tr {
                        td { (it.condition.long) " and " (it.condition.short) ", " (it.condition.severity) }
                        td { (format!("{:.1}", it.factor)) "×" @if it.clamped { " (lowered to be reachable)" } }
                        td { (burn(it.long_burn(assessment.objective))) " and " (burn(it.short_burn(assessment.objective)))
                            (crate::evidence::worth(it)) }
                        td {
                            @match it.state {
                                ConditionState::Firing if it.uncertain => {
                                    strong.bad { "△ not certain: calls nobody" }
                                }
                                ConditionState::Firing => { strong.bad { "▲ firing" } }
                                ConditionState::Quiet => { "quiet" }
                                ConditionState::Unmeasured => { span.soft { "? unmeasured" } }
                            }
                        }
                    }
                }
            }
        } }
    }
}

fn burn(rate: Option<f64>) -> String {
    rate.map_or("?".to_owned(), |it| format!("{it:.1}×"))
}

fn need(context: &Context, it: &Need) -> Markup {
    match it {
        Need::All(parts) => {
            html! { li { "all of" ul { @for it in parts { (need(context, it)) } } } }
        }
        Need::Any(parts) => {
            html! { li { "any of" ul { @for it in parts { (need(context, it)) } } } }
        }
        Need::Quorum { works_min, of } => {
            html! { li { (works_min) " of" ul { @for it in of { (need(context, it)) } } } }
        }
        Need::Routes(routes) => {
            html! { li { "one of these ways" ul { @for it in routes {
                li { (it.parts) " parts of the attempts" ul { (need(context, &it.need)) } }
            } } } }
        }
        Need::Slo(id) => {
            let assessment = {
                let board = context.board();
                let end = context.measured_minute(&board);
                board.assess_slo(id, end)
            };
            let objective = context
                .handle
                .state()
                .catalogue()
                .and_then(|it| it.slo(id))
                .map(|it| it.objective.to_string());
            html! {
                li { code { (id) } " " (objective.unwrap_or_default()) " "
                    (show::standing(assessment.as_ref())) " "
                    span.soft { (show::budget_words(assessment.as_ref())) } }
            }
        }
    }
}

fn incidents(context: &Context, reader: &PersonId, id: &FeatureId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let of_feature: Vec<_> = state
        .incidents
        .values()
        .rev()
        .filter(|it| it.feature.as_ref() == Some(id))
        .take(10)
        .collect();
    if of_feature.is_empty() {
        return html! {};
    }
    html! {
        h2 { "Incidents" }
        ul { @for it in of_feature {
            li { a href={ "/incidents/" (it.id) } { (it.id) } " " (face.time(it.opened_at))
                @if it.is_open() { " " strong.bad { "open" } } }
        } }
    }
}
