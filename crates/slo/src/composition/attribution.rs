//! Who spent the budget: the Shapley value of a composition.
//!
//! Intuition: let the members fail one after the other, in every order, and let each pay for what its
//! failing adds; the mean over all orders is its share. Nobody who adds nothing pays, equals pay
//! alike, and the payments sum to the bill (Shapley, "A value for n-person games", 1953). The bill of
//! a set of members is the *value function*, the failures if only they had failed; there are two,
//! because failures composed from counts are an interval, see [`ValueFunction`].
//!
//! For overlapping failures a slice falls into levels. Between one member's share and the next larger
//! one lies a portion of attempts at which exactly the members above fail: a *set*, for which the
//! composition fails or does not. For `all` that is the airport game (Littlechild and Owen, 1973):
//! everybody whose aeroplane needs this stretch of the runway pays alike for it. Shares of 1, 0.0002
//! and 0.0001 pay 99.99, 0.008 and 0.003 %, not a third each. In other trees the payers of a set are
//! found by counting how many of its subsets of each size break the tree, which folds up from the
//! leaves like a sum and so needs no enumeration, except over members that stand in several places.
//! Each set is worked out once, however many slices it occurs in.
//!
//! Invariants:
//! - payments are whole parts of one denominator and sum to the bill exactly;
//! - a member that did not fail pays nothing.

use super::tree::{Node, Tree, Variant};
use super::{Reading, Share};
use crate::number::float_wide;
use model::SloId;
use std::collections::BTreeMap;

/// What a set of members costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueFunction {
    /// The failures if only they had failed, for the same attempts as far as possible: for `all` the
    /// worst of them. The bill is the estimate shown as spent.
    Overlapping,
    /// The upper bound of the failures if only they had failed: for `all` their sum, at most
    /// everything. The bill is the most that can have been spent. The work doubles with every
    /// member that failed in a slice, unless they cannot have used up all attempts.
    AtMost,
}

impl ValueFunction {
    /// What is divided, in words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Overlapping => "the failures, taken to overlap as far as possible",
            Self::AtMost => "the most failures possible",
        }
    }
}

/// Failures divided among the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// What was divided.
    pub value_function: ValueFunction,
    /// All of it, in parts of `denominator`.
    pub total: u128,
    /// How many parts one failure has.
    pub denominator: u128,
    /// In order of id.
    pub members: Vec<Attributed>,
}

/// What one member pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributed {
    /// Who.
    pub slo: SloId,
    /// Its failures, in parts of the denominator.
    pub parts: u128,
    /// How many failures there would not have been, had only this member worked: leave-one-out. These
    /// do not sum to anything.
    pub recovered: u128,
}

impl Attribution {
    /// A number of parts as failures.
    #[must_use]
    pub fn failures(&self, parts: u128) -> f64 {
        float_wide(parts) / float_wide(self.denominator)
    }

    /// The share of the bill that `member` pays; `None` when there is no bill.
    #[must_use]
    pub fn share(&self, member: &Attributed) -> Option<f64> {
        (self.total > 0).then(|| float_wide(member.parts) / float_wide(self.total))
    }
}

/// Bills collected slice by slice.
#[derive(Debug, Clone)]
pub(super) struct Collector {
    value_function: ValueFunction,
    /// Attempts at which exactly a set of members failed, in parts of [`Share::WHOLE`], by the set of
    /// idle members and the set of failing ones.
    levels: BTreeMap<(u32, u32), u128>,
    /// What each pays, where slices are worked out at once.
    parts: Vec<u128>,
    total: u128,
    recovered: Vec<u128>,
    /// Divides every payment: a multiple of every number up to that of the members.
    multiple: u128,
}

impl Collector {
    pub(super) fn new(tree: &Tree, value_function: ValueFunction) -> Self {
        let count = tree.members.len();
        Self {
            value_function,
            levels: BTreeMap::new(),
            parts: vec![0; count],
            total: 0,
            recovered: vec![0; count],
            multiple: (1..=count as u128).fold(1, |it, next| it / common(it, next) * next),
        }
    }

    /// Adds a slice without unknown members.
    pub(super) fn add(&mut self, tree: &Tree, attempts: u128, readings: &[Reading]) {
        let value = |readings: &[Reading]| match self.value_function {
            ValueFunction::Overlapping => tree.overlapping(readings),
            ValueFunction::AtMost => u128::from(tree.weight_total) * at_most(tree, readings),
        };
        let whole = value(readings);
        let mut without = readings.to_vec();
        for number in failing(readings) {
            without[number] = Reading::Failed(Share::ZERO);
            self.recovered[number] += attempts * (whole - value(&without)) * self.multiple;
            without[number] = readings[number];
        }
        self.total += attempts * whole * self.multiple;
        match self.value_function {
            ValueFunction::Overlapping => self.add_levels(attempts, readings),
            ValueFunction::AtMost => {
                let factor = attempts * u128::from(tree.weight_total);
                pay_at_most(&tree.root, readings, self.multiple, &mut |number, parts| {
                    self.parts[number] += factor * parts;
                });
            }
        }
    }

    fn add_levels(&mut self, attempts: u128, readings: &[Reading]) {
        let idle = (0..readings.len()).filter(|it| readings[*it] == Reading::Idle).fold(0, with);
        let mut ascending: Vec<(u64, usize)> =
            failing(readings).map(|it| (failed(readings[it]), it)).collect();
        ascending.sort_unstable();
        let mut set = ascending.iter().map(|it| it.1).fold(0, with);
        let mut below = 0;
        for (share, number) in ascending {
            if share > below {
                *self.levels.entry((idle, set)).or_default() +=
                    attempts * u128::from(share - below);
                below = share;
            }
            set &= !(1 << number);
        }
    }

    pub(super) fn finish(mut self, tree: &Tree) -> Attribution {
        for ((idle, set), amount) in &self.levels {
            for variant in &tree.variants {
                let weight = amount * u128::from(variant.weight);
                for (number, parts) in payments(variant, *idle, *set, self.multiple) {
                    self.parts[number] += weight * parts;
                }
            }
        }
        let weight_total = u128::from(tree.weight_total);
        let denominator = u128::from(Share::WHOLE.trillionths()) * weight_total * self.multiple;
        let paid = tree.members.iter().zip(self.parts).zip(self.recovered);
        let members = paid
            .map(|((slo, parts), recovered)| Attributed { slo: slo.clone(), parts, recovered })
            .collect();
        Attribution { value_function: self.value_function, total: self.total, denominator, members }
    }
}

/// What each of `set` pays in a tree without ways, of which exactly `set` fails, in parts of
/// `multiple`.
fn payments(variant: &Variant, idle: u32, set: u32, multiple: u128) -> Vec<(usize, u128)> {
    // Who does not stand on these ways neither pays nor counts among the payers.
    let set = set & variant.members.iter().copied().fold(0, with);
    let mut paid = Vec::new();
    if variant.repeated.is_empty() {
        let game = Game { idle, failing: 0, free: set };
        game.pivotal(&variant.root, &[1], &mut |number, counts| {
            paid.push((number, parts_of(counts, set, multiple)));
        });
    } else {
        for number in variant.members.iter().copied().filter(|it| set & (1 << it) != 0) {
            paid.push((number, parts_of(&payment(variant, idle, set, number), set, multiple)));
        }
    }
    paid
}

/// Adds up the sizes: a subset of `s` others comes just before a member in one of `m · C(m−1, s)`
/// orders.
fn parts_of(pivotal: &[u64], set: u32, multiple: u128) -> u128 {
    let players = u128::from(set.count_ones());
    let row = binomials(set.count_ones() as usize - 1);
    pivotal
        .iter()
        .zip(row)
        .map(|(count, ways)| multiple / (players * u128::from(ways)) * u128::from(*count))
        .sum()
}

/// Of the subsets of `set` without `number`, by size, those which `number` turns into a failure.
fn payment(variant: &Variant, idle: u32, set: u32, number: usize) -> Vec<u64> {
    let others = set & !(1 << number);
    let fixed = variant.repeated.iter().copied().fold(0, with) & others;
    let mut pivotal = vec![0; others.count_ones() as usize + 1];
    // Every subset of the members that stand in several places.
    let mut chosen = fixed;
    loop {
        let look = |failing| {
            let game = Game { idle, failing, free: others & !fixed };
            game.breaks(&variant.root).map_or(vec![0], |it| it.broken)
        };
        let (with_it, without) = (look(chosen | (1 << number)), look(chosen));
        for (size, (after, before)) in with_it.iter().zip(&without).enumerate() {
            pivotal[size + chosen.count_ones() as usize] += after - before;
        }
        if chosen == 0 {
            return pivotal;
        }
        chosen = (chosen - 1) & fixed;
    }
}

/// Which members fail for certain, and which may.
#[derive(Clone, Copy)]
struct Game {
    idle: u32,
    failing: u32,
    free: u32,
}

/// How many subsets of the free members below break a part, by size, and all there are.
struct Breaks {
    broken: Vec<u64>,
    all: Vec<u64>,
}

impl Game {
    /// `None` when all members below are idle.
    fn breaks(self, node: &Node) -> Option<Breaks> {
        match node {
            Node::Member(number) => {
                let bit = 1 << number;
                if self.idle & bit != 0 {
                    return None;
                }
                Some(if self.failing & bit != 0 {
                    Breaks { broken: vec![1], all: vec![1] }
                } else if self.free & bit != 0 {
                    Breaks { broken: vec![0, 1], all: vec![1, 1] }
                } else {
                    Breaks { broken: vec![0], all: vec![1] }
                })
            }
            Node::Group { works_min, parts } => {
                let parts: Vec<Breaks> = parts.iter().filter_map(|it| self.breaks(it)).collect();
                (!parts.is_empty()).then(|| grouped(*works_min, &parts))
            }
            Node::Ways { .. } => unreachable!("a variant has no ways"),
        }
    }

    /// For every free member, of the subsets of the others, by size, those which it turns into a
    /// failure, of a tree in which every member stands once: on its way up to the root, in every
    /// group, so many other parts must be broken that one more is too many. `above` counts those
    /// further up.
    fn pivotal(self, node: &Node, above: &[u64], found: &mut dyn FnMut(usize, &[u64])) {
        let (works_min, parts) = match node {
            Node::Member(number) if self.free & (1 << number) != 0 => {
                return found(*number, above);
            }
            Node::Group { works_min, parts } => (works_min, parts),
            Node::Member(_) | Node::Ways { .. } => return,
        };
        let parts: Vec<(&Node, Breaks)> =
            parts.iter().filter_map(|it| Some((it, self.breaks(it)?))).collect();
        let fails_min = parts.len() - (*works_min).min(parts.len()) + 1;
        // Members that stand side by side are alike.
        let mut of_member: Option<Vec<u64>> = None;
        for (place, (part, breaks)) in parts.iter().enumerate() {
            if breaks.all.len() == 1 {
                continue;
            }
            let count = || {
                let others = parts.iter().enumerate().filter(|it| it.0 != place);
                let mut exactly = exactly(fails_min, others.map(|it| &it.1.1));
                product(above, &exactly.swap_remove(fails_min - 1))
            };
            if matches!(part, Node::Member(_)) {
                self.pivotal(part, of_member.get_or_insert_with(count), found);
            } else {
                self.pivotal(part, &count(), found);
            }
        }
    }
}

/// Subsets that break exactly `j` of `parts`, by size, for each `j` below `fails_min`.
fn exactly<'a>(fails_min: usize, parts: impl Iterator<Item = &'a Breaks>) -> Vec<Vec<u64>> {
    let mut exactly: Vec<Vec<u64>> = vec![vec![0]; fails_min];
    exactly[0] = vec![1];
    for part in parts {
        let works: Vec<u64> = part.all.iter().zip(&part.broken).map(|(all, it)| all - it).collect();
        for count in (0..fails_min).rev() {
            let mut next = product(&exactly[count], &works);
            if count > 0 {
                let added = product(&exactly[count - 1], &part.broken);
                next.iter_mut().zip(added).for_each(|(it, more)| *it += more);
            }
            exactly[count] = next;
        }
    }
    exactly
}

fn grouped(works_min: usize, parts: &[Breaks]) -> Breaks {
    let fails_min = parts.len() - works_min.min(parts.len()) + 1;
    let free: usize = parts.iter().map(|it| it.all.len() - 1).sum();
    let all = binomials(free);
    let mut broken = all.clone();
    for fewer in exactly(fails_min, parts.iter()) {
        broken.iter_mut().zip(fewer).for_each(|(it, less)| *it -= less);
    }
    Breaks { broken, all }
}

/// The product of two polynomials.
fn product(left: &[u64], right: &[u64]) -> Vec<u64> {
    let mut found = vec![0; left.len() + right.len() - 1];
    for (at, one) in left.iter().enumerate() {
        if *one > 0 {
            for (more, other) in right.iter().enumerate() {
                found[at + more] += one * other;
            }
        }
    }
    found
}

/// A row of Pascal's triangle.
fn binomials(row: usize) -> Vec<u64> {
    let row = row as u64;
    let next = |it: &u64, place: u64| it * (row - place) / (place + 1);
    let mut found = vec![1];
    for place in 0..row {
        found.push(next(&found[found.len() - 1], place));
    }
    found
}

fn at_most(tree: &Tree, readings: &[Reading]) -> u128 {
    tree.band(readings).map_or(0, |it| u128::from(it.upper.trillionths()))
}

/// What each member pays of the upper bound, in parts of `multiple`. While the parts of an `all`
/// cannot have used up all attempts, the bound is the sum of theirs, and each part pays for itself.
fn pay_at_most(
    node: &Node,
    readings: &[Reading],
    multiple: u128,
    pay: &mut impl FnMut(usize, u128),
) {
    let upper = |node: &Node, it: &[Reading]| super::bounds::upper(node, it);
    if let Node::Group { works_min, parts } = node
        && *works_min == parts.len()
        && parts.iter().map(|it| upper(it, readings)).sum::<u64>() <= Share::WHOLE.trillionths()
    {
        for part in parts {
            pay_at_most(part, readings, multiple, &mut *pay);
        }
        return;
    }
    let mut players: Vec<usize> = Vec::new();
    node.collect(&mut players);
    players.retain(|it| failed(readings[*it]) > 0);
    players.sort_unstable();
    players.dedup();
    let values: Vec<u128> = (0..1_usize << players.len())
        .map(|subset| {
            let mut only = readings.to_vec();
            for (bit, number) in players.iter().enumerate() {
                if subset & (1 << bit) == 0 {
                    only[*number] = Reading::Failed(Share::ZERO);
                }
            }
            u128::from(upper(node, &only))
        })
        .collect();
    for (bit, number) in players.iter().enumerate() {
        let row = binomials(players.len() - 1);
        let parts = (0..values.len())
            .filter(|it| it & (1 << bit) == 0)
            .map(|it| {
                let orders = players.len() as u128 * u128::from(row[it.count_ones() as usize]);
                multiple / orders * (values[it | (1 << bit)] - values[it])
            })
            .sum();
        pay(*number, parts);
    }
}

fn failing(readings: &[Reading]) -> impl Iterator<Item = usize> {
    (0..readings.len()).filter(|it| failed(readings[*it]) > 0)
}

fn failed(reading: Reading) -> u64 {
    match reading {
        Reading::Failed(share) => share.trillionths(),
        Reading::Unknown | Reading::Idle => 0,
    }
}

fn with(set: u32, number: usize) -> u32 {
    set | (1 << number)
}

/// The greatest common divisor.
fn common(left: u128, right: u128) -> u128 {
    if right == 0 { left } else { common(right, left % right) }
}

#[cfg(test)]
mod tests;
