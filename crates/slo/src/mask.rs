//! Minutes that a budget does not count, laid over its counts.
//!
//! Intuition: a sheet of tracing paper over a ledger. What lies under a dark part is not added up in the
//! sum above, but it is added up beside it, and whoever takes the sheet away reads the old sum: nothing
//! in the ledger was rubbed out.
//!
//! A minute is under the sheet when its beginning is. Where both kinds of exclusion lie over a minute it
//! is dropped, because then nobody claims that it was good.
//!
//! Invariants:
//! - counted and hidden together are what was measured, of every minute;
//! - a mask is never written into a count: without it every figure is the one from before.

use crate::{Counts, Rings, Slice, WindowCounts};
use model::{CountsAs, FeatureId, Millis, SloId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The minutes of one subject that are not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mask {
    dropped: Stretches,
    good: Stretches,
}

/// The masks of everything that has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masks {
    /// Of features.
    pub features: BTreeMap<FeatureId, Mask>,
    /// Of service objectives.
    pub slos: BTreeMap<SloId, Mask>,
}

/// What exclusions keep out of a window.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Hidden {
    /// Minutes under an exclusion, known or not.
    pub minutes: u32,
    /// Failures that are not counted.
    pub bad: u64,
    /// Attempts that are not counted; failures that count as good are still attempts.
    pub total: u64,
    /// The share of the budget that would be spent without any exclusion. `None`: nothing is known.
    pub spent_without: Option<f64>,
}

/// Disjoint, in order: first minute, and the first after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Stretches(Vec<(i64, i64)>);

impl Stretches {
    fn add(&mut self, first: i64, end: i64) {
        if first >= end {
            return;
        }
        let before = self.0.partition_point(|it| it.1 < first);
        let after = self.0.partition_point(|it| it.0 <= end);
        let merged = self.0[before..after]
            .iter()
            .fold((first, end), |whole, it| (whole.0.min(it.0), whole.1.max(it.1)));
        self.0.splice(before..after, [merged]);
    }

    fn has(&self, minute: i64) -> bool {
        let after = self.0.partition_point(|it| it.0 <= minute);
        after > 0 && minute < self.0[after - 1].1
    }

    /// What of them lies up to and including `minute`.
    fn until(&self, minute: i64) -> Self {
        let clipped = self.0.iter().map(|it| (it.0, it.1.min(minute + 1)));
        Self(clipped.filter(|it| it.0 < it.1).collect())
    }
}

impl Masks {
    /// What lies over a service objective; over a part of a feature's traffic lies what lies over the feature.
    #[must_use]
    pub fn of_slo(&self, id: &SloId) -> Option<&Mask> {
        match id.segment_of() {
            Some(feature) => self.features.get(&feature),
            None => self.slos.get(id),
        }
    }
}

impl Mask {
    /// Lays `counts` over the minutes from `first` up to but without `end`.
    pub fn add(&mut self, first: i64, end: i64, counts: CountsAs) {
        match counts {
            CountsAs::Dropped => self.dropped.add(first, end),
            CountsAs::Good => self.good.add(first, end),
        }
    }

    /// What lies over `minute`.
    #[must_use]
    pub fn at(&self, minute: i64) -> Option<CountsAs> {
        if self.dropped.has(minute) {
            Some(CountsAs::Dropped)
        } else {
            self.good.has(minute).then_some(CountsAs::Good)
        }
    }

    /// Whether nothing lies anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dropped.0.is_empty() && self.good.0.is_empty()
    }

    /// Whether `self` and `other` say the same of every minute up to and including `minute`.
    #[must_use]
    pub fn agrees_until(&self, other: &Self, minute: i64) -> bool {
        let until = |it: &Self| (it.dropped.until(minute), it.good.until(minute));
        until(self) == until(other)
    }

    /// What a minute counts as.
    pub(crate) fn counted(&self, minute: i64, slice: Slice) -> Slice {
        self.split(minute, slice).0
    }

    /// What a minute counts as, and what of it is hidden.
    fn split(&self, minute: i64, slice: Slice) -> (Slice, Option<Slice>) {
        let counts = slice.counts().unwrap_or_default();
        match self.at(minute) {
            None => (slice, None),
            Some(CountsAs::Dropped) => {
                (Slice::Unknown, Some(Slice::known(counts.bad, counts.total)))
            }
            Some(CountsAs::Good) => {
                let counted = slice.counts().map_or(Slice::Unknown, |it| Slice::known(0, it.total));
                (counted, Some(Slice::known(counts.bad, 0)))
            }
        }
    }
}

/// Counts under a mask, beside those that were measured.
#[derive(Debug, Clone)]
pub(crate) struct Masked {
    pub(crate) mask: Mask,
    /// What is left to count.
    pub(crate) counted: Rings,
    /// What was taken away; a known minute is an excluded one.
    hidden: Rings,
    /// Excluded minutes that were dropped: they are no part of any window.
    dropped: Rings,
    /// The members of a feature under its mask, so that who spent the budget is asked of the same
    /// minutes as how much was spent.
    members: BTreeMap<SloId, Rings>,
}

impl Masked {
    /// Nothing is hidden yet of what `measured` holds.
    pub(crate) fn new(mask: Mask, measured: &Rings, window: Millis) -> Self {
        let fresh = || Rings::new(window);
        Self {
            mask,
            counted: measured.clone(),
            hidden: fresh(),
            dropped: fresh(),
            members: BTreeMap::new(),
        }
    }

    pub(crate) fn record(&mut self, minute: i64, slice: Slice) {
        let (counted, hidden) = self.mask.split(minute, slice);
        self.counted.record(minute, counted);
        // Also where nothing is hidden: rings that end alike are cut alike.
        self.hidden.record(minute, hidden.unwrap_or_default());
        let is_dropped = self.mask.at(minute) == Some(CountsAs::Dropped);
        let dropped = if is_dropped { Slice::Known(Counts::default()) } else { Slice::Unknown };
        self.dropped.record(minute, dropped);
    }

    /// What a member of a feature says about a minute under the feature's mask; `measured` are the
    /// member's minutes, without any mask.
    pub(crate) fn record_member(&mut self, id: &SloId, minute: i64, measured: &Rings) {
        let rings = self.members.entry(id.clone()).or_insert_with(|| measured.clone());
        rings.record(minute, self.mask.split(minute, measured.slice(minute)).0);
    }

    /// The minutes of a member of a feature under the feature's mask.
    pub(crate) fn member(&self, id: &SloId) -> Option<&Rings> {
        self.members.get(id)
    }

    pub(crate) fn resize(&mut self, window: Millis) {
        let own = [&mut self.counted, &mut self.hidden, &mut self.dropped];
        for rings in own.into_iter().chain(self.members.values_mut()) {
            rings.resize(window);
        }
    }

    /// What was hidden in the `length` that ends with `end_minute`.
    pub(crate) fn hidden(&self, end_minute: i64, length: Millis) -> WindowCounts {
        self.hidden.window(end_minute, length)
    }

    /// How many minutes of the `length` that ends with `end_minute` are no part of it.
    pub(crate) fn dropped_minutes(&self, end_minute: i64, length: Millis) -> u32 {
        self.dropped.window(end_minute, length).known_minutes
    }
}

#[cfg(test)]
mod tests;
