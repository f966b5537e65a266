//! How good the evidence about a feature is: a promise that its traffic cannot carry, and failures that are worth
//! fewer than they are.
//!
//! Intuition: beside a number stands how far it can be trusted, in words and not in a colour.

use maud::{Markup, html};
use slo::{Assessed, Assessment};

/// Why the promise cannot be measured, where it cannot.
pub(crate) fn thin(assessment: Option<&Assessment>) -> Markup {
    let told = assessment.and_then(|it| Some(it.thin?.told(it.window)));
    html! { @if let Some(told) = told { p { strong { (told) } } } }
}

/// What the failures of a condition are worth, where clusters make them fewer.
pub(crate) fn worth(it: &Assessed) -> Markup {
    let told = it.worth_told();
    html! { @if !told.is_empty() {
        br; span.soft { (it.long.bad) " failures in " (it.long.total) " attempts" (told) }
    } }
}
