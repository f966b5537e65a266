//! Are the members' promises enough for the feature's?
//!
//! Intuition: let every member fail for exactly as much as it may. Then the feature keeps its promise
//! for certain, or only if the members fail without regard to each other, or only if they fail for
//! the same attempts, or not at all: a promise above what it stands on. Whoever may fail for more than
//! the feature can bear is *promised too little*, which is another matter than *failing*: the first
//! is mended by a better promise, the second by a better service.
//!
//! Who is promised too little: imagine one ceiling for what any member may fail for, and lower it
//! until the feature's promise is certain. Those above it are; those who promise more already are
//! not asked for anything. (Rejected: shrinking all alike, which asks most of the best.)
//!
//! And whoever delivers far more than it promises is told as well: others will come to rely on it,
//! and nobody decided that ("The Global Chubby Planned Outage", Site Reliability Engineering,
//! chapter 4).

use super::{Reading, Share, Tree};
use crate::{Budget, WindowCounts};
use model::{Millis, Objective, SloId};

/// A member fails for less than this part of what it may: it over-delivers.
const OVER_DELIVERY: f64 = 0.1;

/// Share of the window that must be known before a member is judged.
const COVERAGE_MIN: f64 = 0.5;

/// How far the members' promises carry the feature's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Whenever the members keep their promises the feature keeps its own.
    Guaranteed,
    /// It does if they fail without regard to each other.
    IfIndependent,
    /// It does only if they fail for the same attempts.
    AtBest,
    /// It cannot, although every member may keep its promise.
    OutOfReach,
}

/// A feature's promise beside those it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Targeted {
    /// How far they carry it.
    pub verdict: Verdict,
    /// The feature's share of good attempts if all members just keep their promises: certainly.
    pub guaranteed: f64,
    /// If they fail without regard to each other; `None` of a tree without
    /// [estimates](Tree::has_estimates).
    pub independent: Option<f64>,
    /// If they fail for the same attempts as far as possible.
    pub best: f64,
    /// What no member may fail for more than, that the feature's promise be certain.
    pub ceiling: f64,
    /// In order of id.
    pub members: Vec<TargetMember>,
}

/// One member's promise.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetMember {
    /// Who.
    pub slo: SloId,
    /// What it promises.
    pub objective: Objective,
    /// Whether the feature's promise would need more than this for certain.
    pub is_promised_too_little: bool,
    /// How it keeps its promise.
    pub delivery: Delivery,
}

/// How a promise is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Too little is known.
    Unmeasured,
    /// Its budget is overspent.
    Failing,
    /// Kept.
    Kept,
    /// Kept with less than a tenth of the budget spent.
    OverDelivered,
}

/// Judges `objective` by what the members promise and what they did: for each, in order of id, its
/// objective, its window and the counts of that.
#[must_use]
pub fn targets(
    tree: &Tree,
    objective: Objective,
    members: &[(Objective, Millis, WindowCounts)],
) -> Targeted {
    assert_eq!(members.len(), tree.members().len(), "one promise for each member");
    let may: Vec<Share> = members.iter().map(|it| allowed(it.0)).collect();
    let allowed = allowed(objective);
    let band = tree.band(&failing(&may)).expect("a failing member is not idle");
    let independent = tree.has_estimates().then(|| 1.0 - tree.independent(&failing(&may)));
    let verdict = if band.upper <= allowed {
        Verdict::Guaranteed
    } else if independent.is_some_and(|it| 1.0 - it <= allowed.ratio()) {
        Verdict::IfIndependent
    } else if band.lower <= allowed {
        Verdict::AtBest
    } else {
        Verdict::OutOfReach
    };
    let ceiling = ceiling(tree, &may, allowed);
    let judged = tree.members().iter().zip(members).zip(&may).map(|((slo, it), may)| {
        let (objective, window, counts) = *it;
        TargetMember {
            slo: slo.clone(),
            objective,
            is_promised_too_little: *may > ceiling,
            delivery: delivery(objective, window, counts),
        }
    });
    Targeted {
        verdict,
        guaranteed: band.upper.complement().ratio(),
        independent,
        best: band.lower.complement().ratio(),
        ceiling: ceiling.ratio(),
        members: judged.collect(),
    }
}

/// What a promise leaves to fail for.
fn allowed(objective: Objective) -> Share {
    Share::of_trillion(u64::from(objective.budget_ppb()) * 1_000)
}

fn failing(shares: &[Share]) -> Vec<Reading> {
    shares.iter().map(|it| Reading::Failed(*it)).collect()
}

/// The greatest share such that the feature's promise is certain while no member fails for more. There
/// is one, because nothing fails while no member does; more can only be worse.
fn ceiling(tree: &Tree, may: &[Share], allowed: Share) -> Share {
    let holds = |ceiling: Share| {
        let lowered: Vec<Share> = may.iter().map(|it| (*it).min(ceiling)).collect();
        tree.band(&failing(&lowered)).is_some_and(|it| it.upper <= allowed)
    };
    if holds(Share::WHOLE) {
        return Share::WHOLE;
    }
    let (mut low, mut high) = (0, Share::WHOLE.trillionths());
    while high - low > 1 {
        let middle = low.midpoint(high);
        if holds(Share::of_trillion(middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Share::of_trillion(low)
}

fn delivery(objective: Objective, window: Millis, counts: WindowCounts) -> Delivery {
    let budget = Budget::of(counts, objective, window, None);
    match budget.spent_ratio {
        Some(spent) if spent > 1.0 => Delivery::Failing,
        Some(_) if counts.coverage() < COVERAGE_MIN => Delivery::Unmeasured,
        // With fewer failures allowed than one needs to see, no failures are no news.
        Some(spent) if spent < OVER_DELIVERY && budget.allowed_bad * OVER_DELIVERY >= 1.0 => {
            Delivery::OverDelivered
        }
        Some(_) => Delivery::Kept,
        None => Delivery::Unmeasured,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{random_need, tree};
    use super::*;
    use crate::testing::Prng;

    /// A tree, its promise, and for each member its promise and `bad/total`, of which all minutes are
    /// known. Shown: the verdict, the three cases, and what is said of each member.
    #[track_caller]
    fn check(text: &str, objective: &str, members: &str, expected: &str) {
        let read = |it: &str| {
            let (promise, counts) = it.split_once('=').expect("promise=bad/total");
            let (bad, total) = counts.split_once('/').expect("bad/total");
            let (bad, total) = (bad.parse().unwrap(), total.parse().unwrap());
            let counts = WindowCounts { bad, total, known_minutes: 60, minutes: 100 };
            (Objective::parse(promise).unwrap(), Millis::from_days(28), counts)
        };
        let members: Vec<_> = members.split_whitespace().map(read).collect();
        let found = targets(&tree(text), Objective::parse(objective).unwrap(), &members);
        let told: Vec<String> = found
            .members
            .iter()
            .map(|it| {
                let mark = if it.is_promised_too_little { "!" } else { "" };
                format!("{mark}{:?}", it.delivery)
            })
            .collect();
        let cases = [found.guaranteed, found.independent.unwrap(), found.best];
        let cases = cases.map(|it| format!("{:.4}", it * 100.0)).join(" ");
        let shown = format!("{:?} {cases} | {}", found.verdict, told.join(" "));
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn promises_carry_as_far_as_they_reach() {
        let fine = "99.9%=50/100000 99.9%=50/100000";
        check("all(a b)", "99.8%", fine, "Guaranteed 99.8000 99.8001 99.9000 | Kept Kept");
        check("all(a b)", "99.80005%", fine, "IfIndependent 99.8000 99.8001 99.9000 | !Kept !Kept");
        check("all(a b)", "99.85%", fine, "AtBest 99.8000 99.8001 99.9000 | !Kept !Kept");
        check("all(a b)", "99.95%", fine, "OutOfReach 99.8000 99.8001 99.9000 | !Kept !Kept");
        check("any(a b)", "99.9%", fine, "Guaranteed 99.9000 99.9999 100.0000 | Kept Kept");
    }

    #[test]
    fn failing_is_another_matter_than_promised_too_little() {
        check(
            "all(a b c)",
            "99.95%",
            "99.9%=50/100000 99.999%=500/100000 99.99%=0/1000000",
            "OutOfReach 99.8890 99.8890 99.9000 | !Kept Failing OverDelivered",
        );
        check(
            "all(a any(b c))",
            "99.5%",
            "99.9%=0/90 98%=0/0 98%=1999/100000",
            "IfIndependent 97.9000 99.8600 99.9000 | Kept !Unmeasured !Kept",
        );
    }

    /// Goal: members at the ceiling carry the promise, members above it do not. Method: random trees.
    #[test]
    fn the_ceiling_is_the_edge() {
        for seed in 0..200 {
            let mut prng = Prng::new(seed);
            let count = 2 + usize::try_from(prng.below(4)).unwrap();
            let tree = Tree::new(&random_need(&mut prng, count, seed % 2 == 0)).unwrap();
            let may: Vec<Share> =
                (0..count).map(|_| Share::of_trillion(prng.below(90_000_000_000))).collect();
            let allowed = Share::of_trillion(prng.below(60_000_000_000));
            let found = ceiling(&tree, &may, allowed);
            let upper = |ceiling: Share| {
                let lowered: Vec<Share> = may.iter().map(|it| (*it).min(ceiling)).collect();
                tree.band(&failing(&lowered)).unwrap().upper
            };
            assert!(upper(found) <= allowed, "seed {seed}");
            let above = Share::of_trillion(found.trillionths() + 1);
            assert!(found == Share::WHOLE || upper(above) > allowed, "seed {seed}");
        }
    }
}
