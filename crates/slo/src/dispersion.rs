//! Failures come in clusters: how much, and what then counts as evidence.
//!
//! Intuition: one person presses the button five times. The counters say five failures, the world
//! says one. A test that takes failures for independent is five times too sure of itself. If counts
//! scatter `D` times as much as independent failures would, then `D` failures are worth one, and so
//! are `D` attempts: the *effective sample size* of surveys (Kish, "Survey Sampling", 1965), and the
//! quasi-likelihood of generalised linear models, of which Pearson's statistic over its degrees of
//! freedom estimates `D` ("Generalized Linear Models", second edition, 1989, section 4.5).
//! Clusters of size C scatter E(C²)/E(C) times as much: sizes of 1 to 5, alike often, 11/3.
//!
//! Invariants:
//! - never below 1: failures that scatter less than by chance are no better evidence;
//! - too little history gives no estimate rather than a bad one.
//!
//! The history must be a healthy one: an outage is a cluster too, and would make the test deaf.

use crate::number::{float, whole};
use crate::{WindowCounts, is_significantly_above};

/// Failures that must have been seen before their scatter means anything.
pub const FAILURES_MIN: u64 = 30;

/// How many failures are worth one.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Dispersion(f64);

impl Dispersion {
    /// Failures without regard to each other.
    pub const NONE: Self = Self(1.0);

    /// `ratio`, at least 1.
    #[must_use]
    pub const fn of(ratio: f64) -> Self {
        Self(ratio.max(1.0))
    }

    /// How many failures are worth one.
    #[must_use]
    pub const fn ratio(self) -> f64 {
        self.0
    }

    /// Estimates from healthy stretches of equal length, such as hours; `None` with fewer than
    /// [`FAILURES_MIN`] failures in them, or fewer than two with traffic.
    #[must_use]
    pub fn estimate(stretches: &[WindowCounts]) -> Option<Self> {
        let busy = || stretches.iter().filter(|it| it.total > 0);
        let (bad, total) =
            busy().fold((0, 0), |(bad, total), it| (bad + it.bad.min(it.total), total + it.total));
        let freedom = busy().count().checked_sub(1).filter(|it| *it > 0)?;
        if bad < FAILURES_MIN || bad == total {
            return None;
        }
        let chance = float(bad) / float(total);
        let pearson: f64 = busy()
            .map(|it| {
                let expected = float(it.total) * chance;
                let difference = float(it.bad.min(it.total)) - expected;
                difference * difference / (expected * (1.0 - chance))
            })
            .sum();
        Some(Self::of(pearson / float(freedom as u64)))
    }

    /// Whether `failures` of `trials` is significantly more than `chance` each would give, when so
    /// many failures are worth one. As many failures as fill no cluster are none.
    #[must_use]
    pub fn is_significantly_above(self, failures: u64, trials: u64, chance: f64) -> bool {
        let effective = |it: u64| whole(float(it) / self.0);
        is_significantly_above(effective(failures), effective(trials).max(1), chance)
    }
}

#[cfg(test)]
mod tests;
