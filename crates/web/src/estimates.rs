//! Figures that rest on answers to queries, and not on counted events.
//!
//! Intuition: a number somebody else worked out may be good, but whoever reads it must know that nobody
//! here counted.

use engine::State;
use maud::{Markup, html};
use model::FeatureId;

/// The objectives behind a feature that are estimated, in order.
pub(crate) fn estimated(state: &State, id: &FeatureId) -> Vec<String> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let Some(feature) = catalogue.features.get(id) else { return vec![] };
    let measured = feature.measured_by(id).into_iter();
    let asked = measured.filter(|it| catalogue.slo(it).is_some_and(|it| it.sli.is_estimate()));
    asked.map(|it| it.to_string()).collect()
}

/// A sentence where anything is estimated; nothing otherwise.
pub(crate) fn section(state: &State, id: &FeatureId) -> Markup {
    let found = estimated(state, id);
    html! {
        @if !found.is_empty() {
            p { "Estimate: from a query (" (found.join(", ")) "). Rates were asked for, events were not counted." }
        }
    }
}
