//! How the failures of one objective cluster, learnt from its own healthy hours.
//!
//! Intuition: a doctor knows the pulse of a patient from the days on which he was well. Whenever an hour
//! can no longer change, it is judged by the promise: one that failed significantly more than is allowed was
//! an illness and teaches nothing. Of the others two scatters are kept, both from neighbours, so that the
//! rise and fall of a day does not pass for clusters:
//!
//! - within minutes: `Σ(x₁−x₂)² / Σ(x₁+x₂)` over pairs of neighbouring minutes with `x` failures. One for
//!   Poisson's failures, E(C²)/E(C) for rare clusters of size C;
//! - across minutes: the same of the number of minutes with failures in neighbouring hours, of which there
//!   are at most 60 an hour: `Σ(b₁−b₂)² / Σ(b₁+b₂)(1−(b₁+b₂)/120)`.
//!
//! What few failures say is mixed with what is believed before any ([`PRIOR`], and none across minutes) as
//! if [`PRIOR_WEIGHT`] bursts had said that: an estimate from three failures cannot mislead.
//!
//! Kept are sums per day of 28 days, integers throughout, so that a board that is built again from samples
//! learns the same. The work is 60 minutes an hour; an evaluation only reads the outcome.

use crate::dispersion::PRIOR;
use crate::number::float;
use crate::{Clustering, Dispersion, LATE_MINUTES_MAX, Rings, is_significantly_above};
use model::Objective;

/// How many bursts of failures (minutes with a failure) weigh as much as what is believed beforehand.
pub(crate) const PRIOR_WEIGHT: f64 = 30.0;

const DAYS: u8 = 28;
const MINUTES: i64 = 60;
/// Hours with fewer known minutes are not compared with others.
const KNOWN_MIN: u32 = 55;
/// Failures of one minute are counted up to here, so that squares stay integers of 64 bits.
const FAILURES_MAX: u64 = 1_000_000;

/// What healthy hours taught.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Habit {
    days: Box<[Day; DAYS as usize]>,
    /// The next hour that is to be looked at.
    next_hour: Option<i64>,
    /// The healthy hour before it, where it is the first of a pair: its minutes with failures.
    before: Option<u64>,
    clustering: Clustering,
}

/// The sums of one day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Day {
    number: i64,
    bursts: u64,
    within: Scatter,
    /// In 120ths.
    across: Scatter,
}

/// Squares of differences, and what they would be by chance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Scatter {
    found: u64,
    by_chance: u64,
}

impl Default for Habit {
    fn default() -> Self {
        Self {
            days: Box::default(),
            next_hour: None,
            before: None,
            clustering: Clustering::UNKNOWN,
        }
    }
}

impl Habit {
    pub(crate) const fn clustering(&self) -> Clustering {
        self.clustering
    }

    /// Learns from the hours that can no longer change once `minute` is recorded; to be called before it is.
    pub(crate) fn learn(&mut self, counted: &Rings, minute: i64, objective: Objective) {
        let hour = minute.div_euclid(MINUTES);
        let next = *self.next_hour.get_or_insert(hour);
        let settled = (minute + 1 - LATE_MINUTES_MAX).div_euclid(MINUTES);
        if next >= settled {
            return;
        }
        let known_end = counted.newest_minute().map_or(i64::MIN, |it| it + 1);
        let known = known_end.saturating_sub(1).div_euclid(MINUTES) + 1;
        for hour in next..settled.min(known) {
            self.learn_hour(counted, hour, objective);
        }
        if known < settled {
            self.before = None;
        }
        self.next_hour = Some(settled);
        self.clustering = self.estimate(settled.div_euclid(24));
    }

    fn learn_hour(&mut self, counted: &Rings, hour: i64, objective: Objective) {
        let minutes: [Option<(u64, u64)>; 60] = std::array::from_fn(|it| {
            let at = hour * MINUTES + i64::try_from(it).expect("below 60");
            counted.slice(at).counts().map(|it| (it.bad, it.total))
        });
        let known = minutes.iter().flatten();
        let (bad, total) = known.clone().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        let bursts = known.clone().filter(|it| it.0 > 0).count() as u64;
        let before = self.before.take();
        let budget = objective.budget_ratio();
        let ill = is_significantly_above(bursts, total, budget)
            || PRIOR.is_significantly_above(bad, total, budget);
        if ill {
            return;
        }
        let mut within = Scatter::default();
        for pair in minutes.chunks_exact(2) {
            if let [Some((first, _)), Some((second, _))] = pair {
                let (first, second) = ((*first).min(FAILURES_MAX), (*second).min(FAILURES_MAX));
                within.found += first.abs_diff(second).pow(2);
                within.by_chance += first + second;
            }
        }
        let comparable = u32::try_from(known.count()).is_ok_and(|it| it >= KNOWN_MIN);
        let is_first = hour.rem_euclid(2) == 0;
        let day = self.day_mut(hour.div_euclid(24));
        day.bursts += bursts;
        day.within.add(within);
        match before.filter(|_| comparable && !is_first) {
            Some(before) => day.across.add(Scatter {
                found: before.abs_diff(bursts).pow(2) * 120,
                by_chance: (before + bursts) * (120 - before - bursts),
            }),
            None if comparable && is_first => self.before = Some(bursts),
            None => {}
        }
    }

    /// The sums of `day`; an older day in its place is forgotten.
    fn day_mut(&mut self, day: i64) -> &mut Day {
        let place = day.rem_euclid(i64::from(DAYS));
        let it = &mut self.days[usize::try_from(place).expect("a remainder")];
        if it.number != day {
            *it = Day { number: day, ..Day::default() };
        }
        it
    }

    fn estimate(&self, today: i64) -> Clustering {
        let (mut bursts, mut within, mut across) = (0, Scatter::default(), Scatter::default());
        for it in self.days.iter().filter(|it| today - it.number < i64::from(DAYS)) {
            bursts += it.bursts;
            within.add(it.within);
            across.add(it.across);
        }
        Clustering {
            failures: within.ratio(bursts, PRIOR),
            minutes: across.ratio(bursts, Dispersion::NONE),
        }
    }
}

impl Scatter {
    fn add(&mut self, other: Self) {
        self.found = self.found.saturating_add(other.found);
        self.by_chance = self.by_chance.saturating_add(other.by_chance);
    }

    /// What `bursts` say, mixed with what is believed beforehand.
    fn ratio(self, bursts: u64, prior: Dispersion) -> Dispersion {
        if self.by_chance == 0 {
            return prior;
        }
        let said = (float(self.found) / float(self.by_chance)).max(1.0);
        let bursts = float(bursts);
        let mixed = (PRIOR_WEIGHT * prior.ratio() + bursts * said) / (PRIOR_WEIGHT + bursts);
        Dispersion::of(mixed)
    }
}

#[cfg(test)]
mod tests;
