//! Service objectives measured from counts: slices of a minute, rings of them, burn, budgets, and
//! how features are composed from services.
//!
//! Intuition: everything starts as "so many bad of so many events in this minute", or as *unknown*.
//! Counts add up over any window without error; ratios do not (a mean of ratios weighs a quiet
//! night like a busy noon), so ratios appear only in the last step, in an [`Assessment`].
//!
//! The way of a sample: [`Meter`] (raw counters → slices) → [`Board`] (slices → [`Rings`], services
//! → features) → [`evaluate`] (rings → burn conditions and budget).
//!
//! Invariants:
//! - no I/O, no clock, no randomness: every time is an argument;
//! - no data is *unknown*, never 0 % and never 100 %;
//! - what is journalled carries the counts it was computed from, and its floating-point numbers
//!   survive a round trip through JSON unchanged (they are rounded to twelve digits).

mod assessment;
pub mod backtest;
mod board;
mod calendar;
mod clusters;
mod compose;
pub mod composition;
mod condition;
mod counts;
mod differencer;
mod dispersion;
mod gauge;
mod habit;
pub mod history;
mod judged;
mod made;
mod mask;
mod meter;
mod number;
pub mod query;
mod rings;
pub mod selector;
mod standing;
mod tail;
mod thin;

#[cfg(test)]
mod testing;

pub use assessment::{
    Assessed, Assessment, Budget, ConditionState, SHORT_COVERAGE_MIN, Span, Terms, evaluate,
};
pub use board::{Adopted, Board, History, Subject};
pub use calendar::Almanac;
pub use compose::compose;
pub use condition::{
    CLAMPED_THRESHOLD, Condition, Threshold, conditions_of, default_conditions, pyrra_conditions,
};
pub use counts::{Counts, Slice, WindowCounts};
pub use differencer::{
    Differencer, GAP_INTERVALS_MAX, MinuteSum, SAMPLES_PER_SERIES_MAX, SERIES_PER_SELECTOR_MAX,
    Series, Targets, TooManySeries,
};
pub use dispersion::{Clustering, Dispersion, Worth};
pub use mask::{Hidden, Mask, Masks};
pub use meter::{CLOSE_GRACE, Measurement, Meter, Pushes};
pub use rings::{
    EVENTS_PER_MINUTE_MAX, LATE_MINUTES_MAX, Recorded, Rings, WINDOW_MAX, WINDOW_MIN_KEPT,
};
pub use standing::{Exhaustion, Standing, Unmeasured};
pub use tail::{CALIBRATED, Level, SIGNIFICANCE, is_significantly_above, upper_tail};
pub use thin::{ALLOWED_MIN, Thin};
