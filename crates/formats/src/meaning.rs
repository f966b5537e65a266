//! What an objective means beyond what rules of Prometheus can say.
//!
//! Intuition: queries are the common ground of all dialects, and some of them say more: that a gauge is
//! compared, that slices of time are judged, that the budget begins anew with the month. Who can say the
//! same takes it from here; who cannot takes the query and reports what is lost.
//!
//! Invariant: a meaning never contradicts the query beside it; it is the same promise, said better.

use model::{Calendar, Comparison, Is, Method, Period};
use slo::Condition;

/// What is meant beside the query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meaning {
    /// What is read, where it can be said without a query.
    pub exact: Option<Exact>,
    /// Whether events or slices of time are judged.
    pub method: Method,
    /// Where the window follows the calendar.
    pub calendar: Option<Calendar>,
    /// Whether its queries have windows of their own, so that they say nothing about another one.
    pub is_fixed: bool,
    /// Conditions that look at two windows; none is as usual.
    pub conditions: Vec<Condition>,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exact {
    /// A gauge that must fulfil a comparison.
    Gauge {
        /// Its selector.
        metric: String,
        /// With what it is compared.
        is: Comparison,
    },
    /// A gauge that is a share from 0 to 1.
    Raw {
        /// Its selector.
        metric: String,
        /// Whether the share is of good events.
        good: bool,
    },
    /// A native histogram under a bound.
    Native {
        /// Its selector.
        histogram: String,
        /// The bound in its unit.
        under: String,
    },
    /// Two counters, of good and of all events.
    Good {
        /// The selector of good events.
        good: String,
        /// The selector of all events.
        total: String,
    },
}

/// How a comparison is written in PromQL and in our own files.
pub(crate) const fn sign(is: Is) -> &'static str {
    match is {
        Is::Below => "<",
        Is::AtMost => "<=",
        Is::Above => ">",
        Is::AtLeast => ">=",
        Is::Equal => "==",
    }
}

/// How `OpenSLO` writes a comparison; it has no word for equality.
pub(crate) const fn operator(is: Is) -> Option<&'static str> {
    match is {
        Is::Below => Some("lt"),
        Is::AtMost => Some("lte"),
        Is::Above => Some("gt"),
        Is::AtLeast => Some("gte"),
        Is::Equal => None,
    }
}

/// The comparison that `OpenSLO` writes so.
pub(crate) fn comparison(operator: &str, value: f64) -> Option<Comparison> {
    let is = match operator {
        "lt" => Is::Below,
        "lte" => Is::AtMost,
        "gt" => Is::Above,
        "gte" => Is::AtLeast,
        _ => return None,
    };
    Some(Comparison { is, value: value.to_string() })
}

/// The length by which `OpenSLO` writes a stretch of the calendar.
pub(crate) const fn length_of(period: Period) -> &'static str {
    match period {
        Period::Week => "1w",
        Period::Month => "1M",
        Period::Quarter => "1Q",
        Period::Year => "1Y",
    }
}

/// The stretch of the calendar of such a length.
pub(crate) fn period_of(length: &str) -> Option<Period> {
    let periods = [Period::Week, Period::Month, Period::Quarter, Period::Year];
    periods.into_iter().find(|it| length_of(*it) == length)
}
