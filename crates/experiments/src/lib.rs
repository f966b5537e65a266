//! A change in how people work, judged like an experiment: designed before it starts, reviewed once.
//!
//! Intuition: "since the tribute it has been calmer" is what everybody says of the last thing they did.
//! Write down beforehand what is expected, in which number, and which other numbers must not suffer;
//! learn what the weeks that will be there can show at all; and look at the review date, not before.
//!
//! Complications:
//! - weeks resemble their neighbours and pages come in bursts: intervals that ignore either are too
//!   narrow, so both are estimated, and it is said that intervals stay too narrow in short series;
//! - time since the change is counted from zero in the change's first week, or the level change would
//!   be read at another week than it happened;
//! - people come and go at the same time: their numbers stand beside the effect.
//!
//! Alternative not taken: a p-value. An interval says the same and how large besides.
//!
//! Invariants:
//! - no I/O, no clock, no randomness: the same series and plan give the same review;
//! - a review ends with what cannot be concluded, whatever it found;
//! - nothing is about a person.
//!
//! Sources: Bernal, Cummins and Gasparrini, "Interrupted time series regression for the evaluation of
//! public health interventions", 2017; Xiao, Augusto and Wagenaar, "Reflection on modern methods: a
//! common error in the segmented regression parameterization of interrupted time-series analyses",
//! 2021; Turner et al., "Evaluation of statistical methods used in the analysis of interrupted time
//! series studies", 2021.

mod counts;
mod design;
mod interrupted;
mod matrix;
mod means;
mod review;
mod series;
mod weekly;

#[cfg(test)]
mod tests;

pub use design::{Detectable, Look, detectable};
pub use interrupted::{Change, Found, Method, estimate};
pub use review::{Doubt, Shift, before_and_after, doubts, had_been_bad, pre_trend};
pub use series::{Better, Impact, Kind, Plan, Series, Weeks};
pub use weekly::{MEASURES, Measure, Row, Table, Weekly};
