//! A feature's composite from the rings of a board.
//!
//! Intuition: rings keep minutes for hours, 5 minutes for days and hours for weeks, so a window is
//! walked in hours first, then in 5 minutes, then in minutes. Coarser slices make the band wider and
//! blur who failed at the same time, never more than the grid says; feeding an [`Account`] with
//! stored minutes gives the same figures by the minute.
//!
//! How often the feature was tried is what it counts itself; where it counts nothing, what its busiest member
//! saw, because nothing closer is known;
//! a slice counts as known for as long as its least known member.

use super::{Account, Composite, Reading, Share, Targeted, Tree, ValueFunction, targets};
use crate::number::{float, float_wide};
use crate::{Board, Counts, Slice, WindowCounts};
use model::{FeatureId, Millis, Objective, SloId};
use std::collections::BTreeMap;

/// In which slices a window is composed.
pub const GRID: &str = "by the minute for 5 hours, by 5 minutes for 71 hours, by the hour before";

/// Minutes up to the present composed one by one; the rings hold 360.
const BY_MINUTE: i64 = 300;
/// Minutes up to the present composed by 5; the rings hold 4 320.
const BY_FIVE: i64 = 71 * 60;

/// Of which objectives' failures so many percent are imagined away.
pub type Removed = BTreeMap<SloId, u8>;

/// What would not have failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recovery {
    /// So many attempts of the feature.
    pub failures: f64,
    /// Among so many.
    pub attempts: u64,
}

impl Recovery {
    /// The share of the budget of `objective` that comes back; `None` when nobody came.
    #[must_use]
    pub fn spent(&self, objective: Objective) -> Option<f64> {
        let allowed = float(self.attempts) * objective.budget_ratio();
        (self.attempts > 0).then(|| self.failures / allowed)
    }
}

/// How long a slice is, how much of it is known, and how often the feature was tried in it.
struct Weighed {
    minutes: u32,
    known_minutes: u32,
    attempts: u64,
}

impl Board {
    /// What the members of `feature` say about it over the `window` that ends with `end_minute`, as
    /// far as the rings reach; its beginning is moved back to a whole hour. `None` when there is no
    /// such feature, or it needs what [cannot be calculated with](super::InvalidTree).
    #[must_use]
    pub fn composite(
        &self,
        feature: &FeatureId,
        window: Millis,
        end_minute: i64,
        value_function: ValueFunction,
    ) -> Option<Composite> {
        let tree = Tree::new(self.needs(feature)?).ok()?;
        let mut account = Account::new(&tree, value_function);
        self.each_slice(feature, &tree, window, end_minute, |it, readings| {
            account.add(it.minutes, it.known_minutes, it.attempts, readings);
        });
        Some(account.finish())
    }

    /// So many attempts would not have failed if of the failures of each of `removed` so many percent had not
    /// been, the others as they were: what work on them can be expected to bring back, if the future is like
    /// the window. One answer for each of `works`, in their order. Failures overlap as far as they can, as in the
    /// shown figure. `None` as for [`Board::composite`].
    ///
    /// Each member's share is taken down in every slice; nothing is assumed to be in proportion, so that
    /// mending one of two that are down together brings nothing back.
    #[must_use]
    pub fn recoveries(
        &self,
        feature: &FeatureId,
        window: Millis,
        end_minute: i64,
        works: &[&Removed],
    ) -> Option<Vec<Recovery>> {
        let tree = Tree::new(self.needs(feature)?).ok().filter(Tree::has_estimates)?;
        let left_by = |slo: &SloId, removed: &Removed| {
            100 - u64::from(removed.get(&slo.promised()).copied().unwrap_or(0).min(100))
        };
        let left: Vec<Vec<u64>> = works
            .iter()
            .map(|removed| tree.members().iter().map(|it| left_by(it, removed)).collect())
            .collect();
        let (mut brought, mut attempts) = (vec![0_u128; works.len()], 0_u64);
        let mut mended = Vec::with_capacity(tree.members().len());
        self.each_slice(feature, &tree, window, end_minute, |it, readings| {
            if readings.contains(&Reading::Unknown) {
                return;
            }
            attempts = attempts.saturating_add(it.attempts);
            let failed = tree.overlapping(readings);
            // Most slices are healthy, and a healthy one has nothing to give back.
            if failed == 0 {
                return;
            }
            for (brought, left) in brought.iter_mut().zip(&left) {
                mended.clear();
                mended.extend(readings.iter().zip(left).map(|(it, left)| reduced(*it, *left)));
                let less = failed.saturating_sub(tree.overlapping(&mended));
                *brought += u128::from(it.attempts) * less;
            }
        });
        let whole = float(Share::WHOLE.trillionths()) * f64::from(tree.weight_total);
        let found = |brought| Recovery { failures: float_wide(brought) / whole, attempts };
        Some(brought.into_iter().map(found).collect())
    }

    /// Every slice of a window of which anything is counted, with what each member says of it.
    fn each_slice(
        &self,
        feature: &FeatureId,
        tree: &Tree,
        window: Millis,
        end_minute: i64,
        mut each: impl FnMut(Weighed, &[Reading]),
    ) {
        let mut readings = Vec::with_capacity(tree.members().len());
        for (start, minutes) in slices(window, end_minute) {
            let length = Millis::from_mins(i64::from(minutes));
            let last = start + i64::from(minutes) - 1;
            let counts = tree.members().iter().map(|it| self.about(feature, it, last, length));
            let own = self.attempts_of(feature).map(|it| self.about(feature, it, last, length));
            let mut slice = Weighed { minutes: 0, known_minutes: u32::MAX, attempts: 0 };
            readings.clear();
            for it in counts {
                slice.attempts = slice.attempts.max(it.total);
                slice.known_minutes = slice.known_minutes.min(it.known_minutes);
                slice.minutes = slice.minutes.max(it.minutes);
                readings.push(reading(it));
            }
            if let Some(own) = own {
                slice.attempts = own.total;
                slice.known_minutes = slice.known_minutes.min(own.known_minutes);
                // Without its weight a slice is not measured, and nothing can be said of it.
                if own.known_minutes == 0 {
                    readings.fill(Reading::Unknown);
                }
            }
            // A slice of which nothing is counted is no part of the window.
            if slice.minutes > 0 {
                each(slice, &readings);
            }
        }
    }

    /// Whether the promises of a feature's members carry its own, and how they are kept up to and
    /// including `end_minute`; `None` as for [`Board::composite`].
    #[must_use]
    pub fn targets(&self, feature: &FeatureId, end_minute: i64) -> Option<Targeted> {
        let tree = Tree::new(self.needs(feature)?).ok()?;
        let promises: Option<Vec<_>> = tree
            .members()
            .iter()
            .map(|it| {
                let (objective, window) = self.promise(it)?;
                let passed = self.span(it, end_minute)?.passed;
                Some((objective, window, self.counted(it, end_minute, passed)))
            })
            .collect();
        Some(targets(&tree, self.promise(feature)?.0, &promises?))
    }
}

/// With `left` percent of its failures.
fn reduced(reading: Reading, left: u64) -> Reading {
    match reading {
        Reading::Failed(it) => Reading::Failed(Share::of_trillion(it.trillionths() * left / 100)),
        other => other,
    }
}

fn reading(counts: WindowCounts) -> Reading {
    if counts.known_minutes == 0 {
        return Reading::Unknown;
    }
    Reading::of(Slice::Known(Counts::new(counts.bad, counts.total)))
}

/// The slices of a window, oldest first, each with its first minute and its length.
fn slices(window: Millis, end_minute: i64) -> impl Iterator<Item = (i64, u32)> {
    let end = end_minute + 1;
    let start = end - window.whole_mins().max(1);
    let (fine, medium) = (up(end - BY_MINUTE, 5), up(end - BY_FIVE, 60));
    let start = if start >= fine { start } else { start.div_euclid(60) * 60 };
    let mut next = start;
    std::iter::from_fn(move || {
        let step = match next {
            it if it >= end => return None,
            it if it >= fine => 1,
            it if it >= medium => 5,
            _ => 60,
        };
        let slice = (next, step);
        next += i64::from(step);
        Some(slice)
    })
}

/// The next multiple of `step`.
fn up(minute: i64, step: i64) -> i64 {
    (minute + step - 1).div_euclid(step) * step
}

#[cfg(test)]
mod tests {
    use super::super::{Delivery, Verdict};
    use super::*;
    use crate::testing::{Prng, catalogue};
    use model::SloId;

    /// Goal: slices follow each other without gap, cover the window, and are of the size that rings
    /// keep there. Method: many ends and lengths.
    #[test]
    fn slices_cover_the_window() {
        let mut prng = Prng::new(7);
        for _ in 0..300 {
            let end_minute = 29_000_000 + prng.below_i64(10_000);
            let length = 1 + prng.below_i64(28 * 24 * 60);
            let found: Vec<_> = slices(Millis::from_mins(length), end_minute).collect();
            let mut next = found[0].0;
            assert!((0..60).contains(&(end_minute + 1 - length - next)), "{end_minute} {length}");
            for (start, minutes) in found {
                assert_eq!(start, next);
                assert_eq!(start.rem_euclid(i64::from(minutes)), 0);
                let age = end_minute + 1 - start;
                let kept = if minutes == 1 { 360 } else { 4_320 };
                assert!(minutes == 60 || age <= kept, "{minutes} at {age}");
                next += i64::from(minutes);
            }
            assert_eq!(next, end_minute + 1);
        }
    }

    /// Goal: what the board says equals an account of minutes where the rings keep minutes, and has
    /// the same attempts over four days. Method: seeded minutes, late ones and gaps included.
    #[test]
    fn a_board_says_what_its_minutes_say() {
        let mut board = Board::new(&catalogue());
        let feature = FeatureId::from("light-on");
        let tree = Tree::new(board.needs(&feature).unwrap()).unwrap();
        let mut prng = Prng::new(11);
        let mut account = Account::new(&tree, ValueFunction::Overlapping);
        let (end_minute, days) = (29_000_123, 4 * 24 * 60);
        let mut attempts = 0;
        for minute in end_minute - days + 1..=end_minute {
            let slices = [0, 1].map(|_| match prng.below(30) {
                0 => Slice::Unknown,
                1 => Slice::known(0, 0),
                _ => Slice::known(prng.below(40) / 38, 60),
            });
            for (slo, slice) in tree.members().iter().zip(slices) {
                board.record(slo, minute, slice);
            }
            board.close_minute(minute);
            if minute > end_minute - 240 {
                let most = slices.iter().filter_map(|it| it.counts()).map(|it| it.total).max();
                let known = u32::from(!slices.contains(&Slice::Unknown));
                account.add(1, known, most.unwrap_or(0), &slices.map(Reading::of));
            }
            attempts += 60;
        }
        let value = ValueFunction::Overlapping;
        let found = board.composite(&feature, Millis::from_mins(240), end_minute, value);
        assert_eq!(found.unwrap(), account.finish());

        let found = board.composite(&feature, Millis::from_days(4), end_minute, value).unwrap();
        let attempted = found.attempts + found.unmeasured.attempts;
        assert!((attempts * 95 / 100..=attempts + 3_600).contains(&attempted), "{attempted}");
        assert!((0.9..1.0).contains(&found.coverage()), "{}", found.coverage());
        let attribution = found.attribution.unwrap();
        // Without one member: what the attribution says of it. Without all of all: everything.
        let recovery = |removed: &[(&SloId, u8)]| {
            let removed = removed.iter().map(|(slo, percent)| ((*slo).clone(), *percent)).collect();
            let works = [&Removed::new(), &removed];
            let window = Millis::from_days(4);
            let found = board.recoveries(&feature, window, end_minute, &works).unwrap();
            let [nothing, found] = found.try_into().unwrap();
            assert!(nothing.failures.abs() < 1e-12);
            found
        };
        for it in &attribution.members {
            let expected = attribution.failures(it.recovered);
            assert!((recovery(&[(&it.slo, 100)]).failures - expected).abs() < 1e-9);
        }
        let all: Vec<_> = tree.members().iter().map(|it| (it, 100)).collect();
        assert!((recovery(&all).failures - found.overlapping.unwrap()).abs() < 1e-9);
        let half: Vec<_> = tree.members().iter().map(|it| (it, 50)).collect();
        let halved = recovery(&half).failures / found.overlapping.unwrap();
        assert!((halved - 0.5).abs() < 1e-6, "{halved}");
        assert!(recovery(&[]).failures.abs() < 1e-12);
        assert_eq!(recovery(&[]).attempts, found.attempts);
        let sum: u128 = attribution.members.iter().map(|it| it.parts).sum();
        assert_eq!(sum, attribution.total);
        let targeted = board.targets(&feature, end_minute).unwrap();
        let delivered: Vec<_> = targeted.members.iter().map(|it| it.delivery).collect();
        // Four days are too little of 28 to judge by.
        assert_eq!(delivered, [Delivery::Unmeasured; 2]);
        assert_eq!(targeted.verdict, Verdict::Guaranteed);
        let nobody = FeatureId::from("nobody");
        assert_eq!(board.composite(&nobody, Millis::from_days(4), end_minute, value), None);
    }

    /// Goal: a coarse slice is known for as long as its least known member. Method: one member is
    /// known every other minute.
    #[test]
    fn coverage_is_that_of_the_least_known_member() {
        let mut board = Board::new(&catalogue());
        let end_minute = 29_000_159;
        for minute in end_minute - 599..=end_minute {
            let gappy = if minute % 2 == 0 { Slice::known(0, 60) } else { Slice::Unknown };
            board.record(&SloId::from("api.up"), minute, gappy);
            board.record(&SloId::from("carrier.up"), minute, Slice::known(0, 60));
            board.close_minute(minute);
        }
        let (feature, window) = (FeatureId::from("light-on"), Millis::from_mins(600));
        let found = board.composite(&feature, window, end_minute, ValueFunction::Overlapping);
        let found = found.unwrap();
        assert_eq!((found.known_minutes, found.minutes), (300, 600));
        assert_eq!(found.unmeasured.attempts, 150 * 60);
    }
}
