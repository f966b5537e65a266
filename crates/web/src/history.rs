//! How far back what a feature needs has been read from its sources.

use maud::{Markup, html};
use model::{Feature, FeatureId, Millis};
use serde_json::{Value, json};
use slo::{Board, History};

/// For programs, one line per objective that has a past.
pub(crate) fn json(board: &Board, id: &FeatureId, feature: &Feature) -> Value {
    let of = |(id, it): (String, &History)| {
        json!({
            "slo": id, "wanted_from": model::Timestamp::from_minute(it.wanted_from).to_string(),
            "minutes_left": it.minutes_left, "problem": it.problem,
        })
    };
    Value::Array(known(board, id, feature).into_iter().map(of).collect())
}

fn known<'a>(board: &'a Board, id: &FeatureId, feature: &Feature) -> Vec<(String, &'a History)> {
    let needed = feature.measured_by(id);
    let found =
        needed.into_iter().filter_map(|id| Some((id.to_string(), board.histories().get(&id)?)));
    found.collect()
}

/// A sentence while the past is still being read; nothing afterwards.
pub(crate) fn section(board: &Board, id: &FeatureId, feature: &Feature) -> Markup {
    let left: Vec<_> =
        known(board, id, feature).into_iter().filter(|it| it.1.minutes_left > 0).collect();
    let Some((_, most)) = left.iter().max_by_key(|it| it.1.minutes_left) else { return html! {} };
    html! {
        p role="status" {
            "The past is still being read from its source, newest first: "
            (Millis::from_mins(most.minutes_left)) " of it are left. What is not read yet counts as unknown."
            @if let Some(problem) = &most.problem { " It does not go on at the moment: " (problem) "." }
        }
    }
}
