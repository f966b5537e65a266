//! The parts of a feature's traffic, worst first: one dark country must not vanish in an average.

use crate::Context;
use crate::show::{self, Clockface};
use engine::{State, segment_key};
use maud::{Markup, html};
use model::{Feature, FeatureId, PersonId};
use serde_json::{Value, json};
use slo::{Assessment, Board};

/// One part and how it stands.
struct Part<'a> {
    value: &'a str,
    assessment: Option<Assessment>,
    /// Its alert while it fails alone.
    alert: Option<model::AlertId>,
}

/// Worst first; what is not measured after what fails, before what is fine.
fn parts<'a>(
    board: &Board,
    state: &State,
    id: &FeatureId,
    feature: &'a Feature,
    end_minute: i64,
) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'_>> = feature
        .parts()
        .map(|it| Part {
            value: &it.value,
            assessment: board.assess_slo(&it.id, end_minute),
            alert: state.firing.get(&segment_key(id, &it.value)).copied(),
        })
        .collect();
    parts.sort_by(|one, other| {
        let rank = |it: &Part<'_>| {
            let spent = it.assessment.as_ref().and_then(|it| it.budget.spent_ratio);
            (it.alert.is_some(), spent.unwrap_or(1.0))
        };
        let ((alone, spent), (other_alone, other_spent)) = (rank(one), rank(other));
        other_alone.cmp(&alone).then(other_spent.total_cmp(&spent)).then(one.value.cmp(other.value))
    });
    parts
}

/// For programs.
pub(crate) fn json(
    board: &Board,
    state: &State,
    id: &FeatureId,
    feature: &Feature,
    end_minute: i64,
) -> Value {
    let part = |it: Part<'_>| {
        let budget = it.assessment.as_ref().map(|it| &it.budget);
        json!({
            "value": it.value, "alone": it.alert.is_some(), "alert": it.alert,
            "budget": show::budget_words(it.assessment.as_ref()),
            "spent": budget.and_then(|it| it.spent_ratio),
            "failed": budget.map(|it| it.bad), "attempts": budget.map(|it| it.total),
            "coverage": budget.map(|it| it.coverage),
        })
    };
    let parts = parts(board, state, id, feature, end_minute);
    Value::Array(parts.into_iter().map(part).collect())
}

/// The section of the view.
pub(crate) fn section(
    context: &Context,
    reader: &PersonId,
    id: &FeatureId,
    feature: &Feature,
) -> Markup {
    let Some(segments) = &feature.segments else { return html! {} };
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let parts = {
        let board = context.board();
        let end = context.measured_minute(&board);
        parts(&board, &state, id, feature, end)
    };
    html! {
        h2 id="segments" { "By " (segments.label) }
        @for it in parts {
            article.part {
                p { strong { (segments.label) " " (it.value) } " "
                    @if let Some(alert) = it.alert {
                        a.tag.bad href={ "/why/" (alert) } { "▲ dark although the average is fine" }
                        @if let Some(alert) = state.alerts.get(&alert) { " since " (face.time(alert.fired_at)) }
                    } @else { (show::standing(it.assessment.as_ref())) }
                }
                (show::budget_bar(it.assessment.as_ref()))
                p.soft { (show::budget_words(it.assessment.as_ref()))
                    @if let Some(budget) = it.assessment.as_ref().map(|it| &it.budget) {
                        " " (budget.bad) " of " (budget.total) " failed."
                    }
                }
            }
        }
        p.soft { "Each is held against the feature's own promise by itself; the worst stands first. One that "
            "fails alone " (if segments.page { "calls people." } else { "makes a ticket." }) }
    }
}
