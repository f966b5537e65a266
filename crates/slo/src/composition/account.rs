//! A feature's failures over a window, collected slice by slice.
//!
//! Intuition: every slice is weighed by how often the feature was tried in it, so that a broken night
//! counts for the few who were awake. A slice with an unknown member goes to another heap: it proves
//! at least and at most something, but it is no measurement, and adding it in would either hide
//! failures or invent them.
//!
//! Invariants:
//! - sums of bounds and of payments are exact; only independent failures are a floating-point sum;
//! - `at_least ≤ overlapping ≤ at_most`, and the same for `independent` up to rounding.

use super::attribution::Collector;
use super::{Attribution, Reading, Share, Tree, ValueFunction};
use crate::number::{float, float_wide};
use model::SloId;

/// Attempts of one slice above which they are weighed as this many for each of its minutes,
/// 4 million a second. Keeps the sums of [the longest window](crate::WINDOW_MAX) exact.
const ATTEMPTS_PER_MINUTE_MAX: u64 = 250_000_000;

/// The largest sum there can be: every attempt of the longest window failed, in parts of the finest routes and of
/// every number up to that of the most members (whose least common multiple is 232 792 560).
const _: () = {
    let attempts =
        ATTEMPTS_PER_MINUTE_MAX as u128 * crate::WINDOW_MAX.whole_mins().unsigned_abs() as u128;
    let parts = Share::WHOLE.trillionths() as u128 * super::ROUTE_PARTS_MAX as u128;
    assert!(attempts < u128::MAX / parts / 232_792_560);
};

/// Part of the budget beyond which a band is too wide to act upon.
const BAND_WIDE: f64 = 0.25;

/// Slices being collected.
#[derive(Debug, Clone)]
pub struct Account<'a> {
    tree: &'a Tree,
    minutes: u64,
    known_minutes: u64,
    attempts: u128,
    lower: u128,
    overlapping: u128,
    independent: f64,
    upper: u128,
    unmeasured_attempts: u128,
    unmeasured_lower: u128,
    unmeasured_upper: u128,
    collector: Option<Collector>,
}

/// What a feature's members say about it over one window, in failed attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct Composite {
    /// Attempts in measured slices.
    pub attempts: u64,
    /// At least so many of them failed.
    pub at_least: f64,
    /// So many, if members fail for the same attempts as far as possible. `None` of a tree without
    /// [estimates](Tree::has_estimates).
    pub overlapping: Option<f64>,
    /// So many, if members fail without regard to each other; `None` as above.
    pub independent: Option<f64>,
    /// At most so many of them failed.
    pub at_most: f64,
    /// How many minutes there are.
    pub minutes: u64,
    /// How many of them are measured.
    pub known_minutes: u64,
    /// Slices in which a member is unknown.
    pub unmeasured: Unmeasured,
    /// Who is to thank; `None` of a tree that is not [attributable](Tree::is_attributable).
    pub attribution: Option<Attribution>,
    /// Members that one attempt can meet in several places: bounds may be wider than need be.
    pub repeated: Vec<SloId>,
}

/// What is certain although something is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Unmeasured {
    /// Attempts that the known members saw.
    pub attempts: u64,
    /// At least so many of them failed, whatever the unknown members did.
    pub at_least: f64,
    /// At most so many.
    pub at_most: f64,
}

impl<'a> Account<'a> {
    /// An empty account; failures are attributed by `value_function`.
    #[must_use]
    pub fn new(tree: &'a Tree, value_function: ValueFunction) -> Self {
        let collector = tree.is_attributable().then(|| Collector::new(tree, value_function));
        Self {
            tree,
            minutes: 0,
            known_minutes: 0,
            attempts: 0,
            lower: 0,
            overlapping: 0,
            independent: 0.0,
            upper: 0,
            unmeasured_attempts: 0,
            unmeasured_lower: 0,
            unmeasured_upper: 0,
            collector,
        }
    }

    /// Adds a slice of `minutes`, of which every known member knows at least `known_minutes`, with
    /// what each member says, in order of id, and how often the feature was tried.
    pub fn add(&mut self, minutes: u32, known_minutes: u32, attempts: u64, readings: &[Reading]) {
        assert_eq!(readings.len(), self.tree.members.len(), "one reading for each member");
        self.minutes += u64::from(minutes);
        let attempts = attempts.min(ATTEMPTS_PER_MINUTE_MAX.saturating_mul(u64::from(minutes)));
        let attempts = u128::from(attempts);
        let band = self.tree.band(readings);
        let failures = |it: Share| attempts * u128::from(it.trillionths());
        let (lower, upper) = band.map_or((0, 0), |it| (failures(it.lower), failures(it.upper)));
        if readings.contains(&Reading::Unknown) {
            self.unmeasured_attempts += attempts;
            self.unmeasured_lower += lower;
            self.unmeasured_upper += upper;
            return;
        }
        self.known_minutes += u64::from(known_minutes.min(minutes));
        self.attempts += attempts;
        self.lower += lower;
        self.upper += upper;
        if self.tree.has_estimates() {
            self.overlapping += attempts * self.tree.overlapping(readings);
            self.independent += float_wide(attempts) * self.tree.independent(readings);
        }
        if let Some(collector) = &mut self.collector {
            collector.add(self.tree, attempts, readings);
        }
    }

    /// What it all comes to.
    #[must_use]
    pub fn finish(self) -> Composite {
        let whole = float(Share::WHOLE.trillionths());
        let failures = |it: u128| float_wide(it) / whole;
        let count = |it: u128| u64::try_from(it).unwrap_or(u64::MAX);
        let estimate = |it: f64| self.tree.has_estimates().then_some(it);
        let overlapping = failures(self.overlapping) / f64::from(self.tree.weight_total);
        Composite {
            attempts: count(self.attempts),
            at_least: failures(self.lower),
            overlapping: estimate(overlapping),
            independent: estimate(self.independent),
            at_most: failures(self.upper),
            minutes: self.minutes,
            known_minutes: self.known_minutes,
            unmeasured: Unmeasured {
                attempts: count(self.unmeasured_attempts),
                at_least: failures(self.unmeasured_lower),
                at_most: failures(self.unmeasured_upper),
            },
            attribution: self.collector.map(|it| it.finish(self.tree)),
            repeated: self.tree.repeated().into_iter().cloned().collect(),
        }
    }
}

impl Composite {
    /// Share of the minutes that are measured, from 0 to 1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        if self.minutes == 0 { 0.0 } else { float(self.known_minutes) / float(self.minutes) }
    }

    /// A number of failures as a share of the budget of `objective`; `None` when nobody came.
    #[must_use]
    pub fn spent(&self, failures: f64, objective: model::Objective) -> Option<f64> {
        (self.attempts > 0).then(|| failures / (float(self.attempts) * objective.budget_ratio()))
    }

    /// Whether the bounds lie more than a quarter of the budget of `objective` apart: then only a
    /// measurement from end to end can tell. What is certain is worth acting upon all the same.
    #[must_use]
    pub fn is_wide(&self, objective: model::Objective) -> bool {
        self.spent(self.at_most - self.at_least, objective).is_some_and(|it| it > BAND_WIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::tree;
    use super::*;
    use crate::Slice;

    fn known(bad: u64, total: u64) -> Reading {
        Reading::of(Slice::known(bad, total))
    }

    /// Goal: the table of two members that are each down for 43 minutes, once the same and once
    /// different ones, which weighted means get wrong by half. Method: 30 days of 10 attempts.
    #[test]
    fn the_same_43_minutes_are_half_of_different_ones() {
        let tree = tree("all(a b)");
        let mut shown = Vec::new();
        for shift in [0, 43] {
            let mut account = Account::new(&tree, ValueFunction::Overlapping);
            for minute in 0..43_200_u64 {
                let down = |from: u64| u64::from((from..from + 43).contains(&minute)) * 10;
                account.add(1, 1, 10, &[known(down(500), 10), known(down(500 + shift), 10)]);
            }
            let found = account.finish();
            let percent = |it: f64| format!("{:.3}", it / float(found.attempts) * 100.0);
            let estimates = [found.overlapping.unwrap(), found.independent.unwrap()];
            let edges = [found.at_least, estimates[0], estimates[1], found.at_most];
            shown.push(edges.map(percent).join(" "));
            let attribution = found.attribution.unwrap();
            let members = attribution.members.iter();
            let paid: Vec<f64> = members.map(|it| attribution.failures(it.parts)).collect();
            assert_eq!(paid, if shift == 0 { [215.0, 215.0] } else { [430.0, 430.0] });
        }
        assert_eq!(shown, ["0.100 0.100 0.100 0.100", "0.199 0.199 0.199 0.199"]);
    }

    /// Ten members with errors in the background: a band as wide as it is honest.
    #[test]
    fn background_errors_of_ten_members_span_the_budget() {
        let tree = tree("all(a b c d e f g h i j)");
        let mut account = Account::new(&tree, ValueFunction::AtMost);
        account.add(60, 60, 100_000, &[known(10, 100_000); 10]);
        let found = account.finish();
        let spent = |it| found.spent(it, model::Objective::parse("99.9%").unwrap()).unwrap();
        let shown =
            [spent(found.at_least), spent(found.independent.unwrap()), spent(found.at_most)];
        assert_eq!(shown.map(|it| format!("{it:.3}")), ["0.100", "1.000", "1.000"]);
    }

    #[test]
    fn unknown_slices_are_set_apart_and_say_what_is_certain() {
        let tree = tree("all(a b)");
        let mut account = Account::new(&tree, ValueFunction::Overlapping);
        account.add(1, 1, 10, &[known(1, 10), known(0, 10)]);
        account.add(1, 0, 10, &[known(6, 10), Reading::Unknown]);
        account.add(1, 0, 0, &[Reading::Unknown, Reading::Unknown]);
        account.add(1, 1, 0, &[known(0, 0), known(0, 0)]);
        let found = account.finish();
        let unmeasured = Unmeasured { attempts: 10, at_least: 6.0, at_most: 10.0 };
        assert_eq!(found.unmeasured, unmeasured);
        assert_eq!((found.attempts, found.at_least, found.at_most), (10, 1.0, 1.0));
        assert_eq!((found.known_minutes, found.minutes), (2, 4));
        assert!((found.coverage() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn too_many_members_have_bounds_and_no_attribution() {
        let names: Vec<String> = (0..25).map(|it| format!("m{it:02}")).collect();
        let tree = tree(&format!("all({})", names.join(" ")));
        let mut account = Account::new(&tree, ValueFunction::Overlapping);
        account.add(1, 1, 100, &[known(1, 100); 25]);
        let found = account.finish();
        assert_eq!((found.at_least, found.at_most), (1.0, 25.0));
        assert_eq!(found.attribution, None);
        assert!(found.independent.is_some());
    }
}
