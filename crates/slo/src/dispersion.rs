//! Failures come in clusters: how much, and what then counts as evidence.
//!
//! Intuition: one person presses the button five times. The counters say five failures, the world
//! says one. A test that takes failures for independent is five times too sure of itself. If counts
//! scatter `D` times as much as independent failures would, then `D` failures are worth one, and so
//! are `D` attempts: the *effective sample size* of surveys (Kish, "Survey Sampling", 1965), and the
//! quasi-likelihood of generalised linear models ("Generalized Linear Models", second edition, 1989,
//! section 4.5). Clusters of size C scatter E(C²)/E(C) times as much: sizes of 1 to 5, alike often, 11/3.
//!
//! There are two witnesses, and one that is convinced is enough:
//! - *failures over D*, where `D` is what this service's own healthy history says
//!   ([`Habit`](crate::habit::Habit)); where that history is thin, the [`PRIOR`] stands in for it. At
//!   high traffic the history is rich and `D` what it is;
//! - *minutes with a failure*. However often people try again within a minute, it is one minute, so this
//!   needs no history and is quick where few people come. At high traffic every minute has a failure and
//!   it says little; then the other one speaks.
//!
//! Each alone is a test of the level [`CALIBRATED`](crate::CALIBRATED); what both together, asked every
//! minute, mean in false pages a month is measured in the tests below, and that set the level.
//!
//! Invariant: `D` is never below 1: failures that scatter less than by chance are no better evidence.

use crate::number::{float, settled, whole};
use crate::{CALIBRATED, is_significantly_above};
use serde::{Deserialize, Serialize};

/// How many failures are worth one while nothing is known: whoever fails tries up to five times, each
/// number alike often, and a little more.
pub(crate) const PRIOR: Dispersion = Dispersion(4.0);

/// How many failures are worth one.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Dispersion(f64);

/// How failures of one objective cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clustering {
    /// Failures of one minute.
    pub failures: Dispersion,
    /// Minutes with failures of one hour.
    pub minutes: Dispersion,
}

/// What failures are worth as evidence, where that is less than their number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// So many independent failures.
    pub failures: u64,
    /// How many failures are about worth one.
    pub cluster: f64,
}

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

    /// How many independent ones `count` is worth. As many as fill no cluster are none.
    fn worth(self, count: u64) -> u64 {
        whole(float(count) / self.0)
    }

    /// Whether `failures` of `trials` is significantly more than `chance` each would give, when so
    /// many failures are worth one.
    #[must_use]
    pub fn is_significantly_above(self, failures: u64, trials: u64, chance: f64) -> bool {
        CALIBRATED.is_above(self.worth(failures), self.worth(trials).max(1), chance)
    }
}

impl Clustering {
    /// Nothing is known of the service.
    pub const UNKNOWN: Self = Self { failures: PRIOR, minutes: Dispersion::NONE };

    /// Whether `bad` of `total`, which lie in `failing_minutes()` different minutes, is significantly more
    /// than `chance` each would give, and what they are worth where that is less than their number.
    pub(crate) fn judge(
        self,
        (bad, total): (u64, u64),
        failing_minutes: impl FnOnce() -> u64,
        chance: f64,
    ) -> (bool, Option<Worth>) {
        // Where most attempts fail it is the successes that are rare, and nobody succeeds five times over:
        // an outage must not be divided away.
        if chance >= 0.5 {
            return (is_significantly_above(bad, total, chance), None);
        }
        // Clusters only ever take away: mostly there is nothing to take from.
        if !CALIBRATED.is_above(bad, total, chance) {
            return (false, None);
        }
        let all = Dispersion::of(self.failures.0 * self.minutes.0);
        let minutes = failing_minutes().min(bad);
        let by_minutes = self.minutes.is_significantly_above(minutes, total, chance);
        let by_failures = all.is_significantly_above(bad, total, chance);
        let worth = match (by_minutes, by_failures) {
            (true, false) => self.minutes.worth(minutes),
            (false, true) => all.worth(bad),
            _ => self.minutes.worth(minutes).max(all.worth(bad)),
        };
        let cluster = settled(float(bad) / float(worth.max(1)));
        let less = (worth < bad).then_some(Worth { failures: worth, cluster });
        (by_minutes || by_failures, less)
    }
}

#[cfg(test)]
mod tests;
