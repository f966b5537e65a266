//! What was measured from end to end, divided as the members' composition says; and what figures assume.
//!
//! Intuition: the bill is known, and how the guests ate is an estimate. Each pays the part of the bill that is
//! his part of the estimate. But a bill larger than all of them together can have eaten is not theirs: what
//! lies above the upper bound has a cause that is no member, and stands there as *unexplained*.
//!
//! Invariants:
//! - the parts and what is unexplained sum to the measured failures exactly;
//! - a member that failed nothing pays nothing.

use super::{ASSUMPTION, Attribution, Composite};
use crate::WindowCounts;
use model::{FeatureId, SloId};

/// Parts of one failure.
const PARTS: u128 = 1_000_000;

/// Measured failures divided among members, in millionths of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apportioned {
    /// All measured failures.
    pub total: u128,
    /// What each member pays, in order of id.
    pub members: Vec<u128>,
    /// What no member can have caused.
    pub unexplained: u128,
}

impl Apportioned {
    /// Millionths as failures.
    #[must_use]
    pub fn failures(parts: u128) -> f64 {
        crate::number::float_wide(parts) / crate::number::float_wide(PARTS)
    }

    /// The share of the measured failures; `None` when there are none.
    #[must_use]
    pub fn share(&self, parts: u128) -> Option<f64> {
        let float = crate::number::float_wide;
        (self.total > 0).then(|| float(parts) / float(self.total))
    }
}

impl Composite {
    /// Divides the failures that were `measured` over the same window; `None` of a tree that is not
    /// attributable.
    #[must_use]
    pub fn apportion(&self, measured: WindowCounts) -> Option<Apportioned> {
        let attribution = self.attribution.as_ref()?;
        let total = u128::from(measured.bad) * PARTS;
        let explained = self.explainable(measured).min(total);
        let members = divided(explained, attribution);
        let paid: u128 = members.iter().sum();
        Some(Apportioned { total, members, unexplained: total - paid })
    }

    /// The most that the members can have caused among as many attempts as were measured.
    fn explainable(&self, measured: WindowCounts) -> u128 {
        if self.attempts == 0 {
            return 0;
        }
        let share = self.at_most / crate::number::float(self.attempts);
        let most = share * crate::number::float(measured.total) * crate::number::float_wide(PARTS);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        let most = most.ceil() as u128;
        most
    }
}

/// `bill` by the parts of an attribution: rounded down, and what is left to the largest remainders.
fn divided(bill: u128, attribution: &Attribution) -> Vec<u128> {
    // Parts can have 100 bits; 60 are enough, and two of them are multiplied.
    let largest = attribution.members.iter().map(|it| it.parts).max().unwrap_or(0);
    let shift = (128 - largest.leading_zeros()).saturating_sub(60);
    let parts: Vec<u128> = attribution.members.iter().map(|it| it.parts >> shift).collect();
    let sum: u128 = parts.iter().sum();
    if sum == 0 {
        return vec![0; parts.len()];
    }
    // A bill of 2⁶⁸ millionths is more than anybody can count in a year.
    let bill = bill.min(1 << 68);
    let mut divided: Vec<u128> = parts.iter().map(|it| bill * it / sum).collect();
    let left = bill - divided.iter().sum::<u128>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|it| std::cmp::Reverse(bill * parts[*it] % sum));
    // Fewer are left than there are members.
    for (place, _) in order.into_iter().zip(0..left) {
        divided[place] += 1;
    }
    divided
}

/// What the figures of `feature` assume, from its members and from whether it counts its attempts; `None` where
/// nothing is.
#[must_use]
pub fn assumption(feature: &FeatureId, members: &[SloId], has_attempts: bool) -> Option<String> {
    let strangers: Vec<&SloId> =
        members.iter().filter(|it| it.edge_of().as_ref() != Some(feature)).collect();
    let weight = "takes the traffic of the busiest need for this feature's attempts";
    if strangers.len() == members.len() {
        return Some(ASSUMPTION.to_owned());
    }
    let named: Vec<String> = strangers.iter().map(ToString::to_string).collect();
    let alike = format!("assumes the errors of {} fall on this feature alike", named.join(", "));
    match (strangers.is_empty(), has_attempts) {
        (true, true) => None,
        (true, false) => Some(weight.to_owned()),
        (false, true) => Some(alike),
        (false, false) => Some(format!("{alike}, and {weight}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::tree;
    use super::super::{Account, Reading, ValueFunction};
    use super::*;
    use crate::Slice;
    use crate::testing::Prng;

    fn measured(bad: u64, total: u64) -> WindowCounts {
        WindowCounts { bad, total, known_minutes: 1, minutes: 1 }
    }

    /// Two members failed for `a` and `b` of 1000 attempts, and `bad` of `total` were measured: what the
    /// two pay and what is unexplained.
    #[track_caller]
    fn check(a: u64, b: u64, bad: u64, total: u64, expected: &str) {
        let tree = tree("all(a b)");
        let mut account = Account::new(&tree, ValueFunction::Overlapping);
        account.add(1, 1, 1000, &[a, b].map(|it| Reading::of(Slice::known(it, 1000))));
        let found = account.finish().apportion(measured(bad, total)).unwrap();
        let parts = found.members.iter().chain([&found.unexplained]);
        let shown: Vec<String> = parts.map(|it| Apportioned::failures(*it).to_string()).collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn the_measured_bill_is_divided() {
        check(100, 0, 60, 1000, "60 0 0");
        check(100, 100, 60, 1000, "30 30 0");
        check(100, 0, 600, 1000, "100 0 500");
        check(100, 0, 60, 100, "10 0 50");
        check(0, 0, 7, 1000, "0 0 7");
        check(50, 50, 0, 1000, "0 0 0");
        check(0, 0, 0, 0, "0 0 0");
    }

    /// Goal: shares sum exactly, whatever the numbers. Method: seeded trees of ten members.
    #[test]
    fn shares_of_what_was_measured_sum_exactly() {
        let names: Vec<String> = (0..10).map(|it| format!("m{it:02}")).collect();
        let tree = tree(&format!("all({})", names.join(" ")));
        for seed in 0..300 {
            let mut prng = Prng::new(seed);
            let mut account = Account::new(&tree, ValueFunction::Overlapping);
            for _ in 0..20 {
                let attempts = prng.below(1_000_000_000);
                let reading = |it: u64| Reading::of(Slice::known(it / 7, 1_000));
                let readings: Vec<Reading> = (0..10).map(|_| reading(prng.below(7_000))).collect();
                account.add(1, 1, attempts, &readings);
            }
            let (bad, total) = (prng.below(1 << 40), 1 << 41);
            let found = account.finish().apportion(measured(bad, total)).unwrap();
            let paid: u128 = found.members.iter().sum();
            assert_eq!(paid + found.unexplained, u128::from(bad) * PARTS, "seed {seed}");
        }
    }

    #[test]
    fn what_is_assumed_is_said_of_those_it_is_assumed_of() {
        let id = FeatureId::from("light-on");
        let check = |members: &[&str], has_attempts, expected: Option<&str>| {
            let members: Vec<SloId> = members.iter().map(|it| SloId::from(*it)).collect();
            assert_eq!(assumption(&id, &members, has_attempts).as_deref(), expected);
        };
        check(&["a.up", "b.up"], false, Some(ASSUMPTION));
        check(&["a.up", "b.up"], true, Some(ASSUMPTION));
        check(&["a.up@light-on", "b.up@light-on"], true, None);
        let weight = "takes the traffic of the busiest need for this feature's attempts";
        check(&["a.up@light-on", "b.up@light-on"], false, Some(weight));
        let alike = "assumes the errors of b.up, c.up@other fall on this feature alike";
        check(&["a.up@light-on", "b.up", "c.up@other"], true, Some(alike));
    }
}
