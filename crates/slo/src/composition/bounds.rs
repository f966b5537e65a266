//! The band of a feature's failure share, and two estimates inside it.
//!
//! Intuition: a group of `n` parts that works while `k` of them do fails where at least
//! `f = n − k + 1` of them fail. An attempt that fails at `f` parts uses up `f` of the failures that
//! the parts have to give, so at most Σ U / f attempts fail; and parts with very large `U` cannot use
//! all they have, so one may set aside the `r` largest, which leaves
//!
//! P(at least f fail) ≤ min(1, min over r < f of (Σ of the n − r smallest U) / (f − r)).
//!
//! (Rüger, "Das maximale Signifikanzniveau des Tests …", Metrika 25, 1978, of which `f = 1` is
//! Boole's inequality and `f = n` is Fréchet's minimum.) Both are reached by some joint behaviour.
//! The lower bound is the same formula for "at least k work". Because groups only get worse when a
//! part does, bounds of parts may be put in for shares of members, and stay sharp while no member
//! stands in two places: what happens inside of two parts can be coupled in any way.
//!
//! *Overlapping*: every attempt has a luck between 0 and 1 and fails at each member whose share is
//! above it. A group then fails for the `f`-th largest of its parts' shares: the worst for `all`,
//! the best for `any`. *Independent*: members fail without regard to each other.
//!
//! Both estimates are real joint behaviours and so lie inside the band, also where a member stands in
//! two places; then they are computed for each case of it working and failing.

use super::tree::{Node, Tree, Variant};
use super::{Reading, Share};

/// What is certain about a failure share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// At least this.
    pub lower: Share,
    /// At most this.
    pub upper: Share,
}

impl Band {
    /// Nothing is certain.
    const OPEN: Self = Self { lower: Share::ZERO, upper: Share::WHOLE };
}

impl Tree {
    /// The band while members read so, in their order; `None` when nobody came. An unknown member may
    /// have failed for any share.
    #[must_use]
    pub fn band(&self, readings: &[Reading]) -> Option<Band> {
        band(&self.root, readings)
    }

    /// The failure share if members fail without regard to each other; an unknown or idle member
    /// does not fail. Only of trees that [have estimates](Tree::has_estimates).
    #[must_use]
    pub fn independent(&self, readings: &[Reading]) -> f64 {
        let shares: Vec<Option<f64>> = readings
            .iter()
            .map(|it| match it {
                Reading::Idle => None,
                Reading::Unknown => Some(0.0),
                Reading::Failed(share) => Some(share.ratio()),
            })
            .collect();
        let sum: f64 = self
            .variants
            .iter()
            .map(|it| f64::from(it.weight) * independent_of(it, &it.repeated, shares.clone()))
            .sum();
        sum / f64::from(self.weight_total)
    }

    /// The failure share if members fail for the same attempts as far as possible, in parts of
    /// [`Share::WHOLE`] times [`Tree::weight_total`]; an unknown or idle member does not fail.
    pub(super) fn overlapping(&self, readings: &[Reading]) -> u128 {
        let of = |it: &Variant| {
            let share = overlapping(&it.root, readings).unwrap_or(Share::ZERO);
            u128::from(it.weight) * u128::from(share.trillionths())
        };
        self.variants.iter().map(of).sum()
    }
}

/// The upper bound of one part, in 10⁻¹²; 0 when nobody came.
pub(super) fn upper(node: &Node, readings: &[Reading]) -> u64 {
    band(node, readings).map_or(0, |it| it.upper.trillionths())
}

fn band(node: &Node, readings: &[Reading]) -> Option<Band> {
    match node {
        Node::Member(number) => match readings[*number] {
            Reading::Unknown => Some(Band::OPEN),
            Reading::Idle => None,
            Reading::Failed(it) => Some(Band { lower: it, upper: it }),
        },
        Node::Group { works_min, parts } => {
            let bands: Vec<Band> = parts.iter().filter_map(|it| band(it, readings)).collect();
            if bands.is_empty() {
                return None;
            }
            let works_min = (*works_min).min(bands.len());
            let fails_min = bands.len() - works_min + 1;
            let upper = at_least(fails_min, bands.iter().map(|it| it.upper));
            let works = at_least(works_min, bands.iter().map(|it| it.lower.complement()));
            Some(Band { lower: works.complement(), upper })
        }
        Node::Ways { parts, sum } => {
            let bands: Vec<(u32, Option<Band>)> =
                parts.iter().map(|(share, it)| (*share, band(it, readings))).collect();
            if bands.iter().all(|it| it.1.is_none()) {
                return None;
            }
            // Nobody took an idle way, so nobody failed on it.
            let mean = |edge: fn(&Band) -> Share| -> u64 {
                let of = |(share, it): &(u32, Option<Band>)| {
                    u64::from(*share) * it.as_ref().map_or(0, |it| edge(it).trillionths())
                };
                bands.iter().map(of).sum()
            };
            let (lower, upper) = (mean(|it| it.lower), mean(|it| it.upper));
            Some(Band {
                lower: Share::of_trillion(lower / u64::from(*sum)),
                upper: Share::of_trillion(upper.div_ceil(u64::from(*sum))),
            })
        }
    }
}

/// The largest possible share of attempts at which at least `count` of events happen whose shares
/// these are, rounded up.
pub(super) fn at_least(count: usize, shares: impl Iterator<Item = Share>) -> Share {
    let mut shares: Vec<u64> = shares.map(Share::trillionths).collect();
    shares.sort_unstable();
    let mut rest: u64 = shares.iter().sum();
    let mut lowest = Share::WHOLE.trillionths();
    for needed in (1..=count).rev() {
        lowest = lowest.min(rest.div_ceil(needed as u64));
        rest -= shares.pop().expect("no more are wanted than there are");
    }
    Share::of_trillion(lowest)
}

fn overlapping(node: &Node, readings: &[Reading]) -> Option<Share> {
    match node {
        Node::Member(number) => match readings[*number] {
            Reading::Unknown => Some(Share::ZERO),
            Reading::Idle => None,
            Reading::Failed(it) => Some(it),
        },
        Node::Group { works_min, parts } => {
            let mut shares: Vec<Share> =
                parts.iter().filter_map(|it| overlapping(it, readings)).collect();
            shares.sort_unstable();
            // Of ascending shares that of the part whose failure is one too many.
            let last = shares.len().checked_sub(1)?;
            Some(shares[(*works_min - 1).min(last)])
        }
        Node::Ways { .. } => unreachable!("a variant has no ways"),
    }
}

/// The independent failure share, once for each case of the `repeated` members.
fn independent_of(variant: &Variant, repeated: &[usize], mut shares: Vec<Option<f64>>) -> f64 {
    let Some((first, rest)) = repeated.split_first() else {
        return independent(&variant.root, &shares).unwrap_or(0.0);
    };
    let Some(share) = shares[*first] else {
        return independent_of(variant, rest, shares);
    };
    shares[*first] = Some(1.0);
    let failing = independent_of(variant, rest, shares.clone());
    shares[*first] = Some(0.0);
    share * failing + (1.0 - share) * independent_of(variant, rest, shares)
}

fn independent(node: &Node, shares: &[Option<f64>]) -> Option<f64> {
    match node {
        Node::Member(number) => shares[*number],
        Node::Group { works_min, parts } => {
            let parts: Vec<f64> = parts.iter().filter_map(|it| independent(it, shares)).collect();
            if parts.is_empty() {
                return None;
            }
            let fails_min = parts.len() - (*works_min).min(parts.len()) + 1;
            // `fewer[j]`: exactly `j` of the parts seen so far fail, for `j` below `fails_min`.
            let mut fewer = vec![0.0; fails_min];
            fewer[0] = 1.0;
            let mut enough = 0.0;
            for share in parts {
                enough += fewer[fails_min - 1] * share;
                for count in (0..fails_min).rev() {
                    let before = if count == 0 { 0.0 } else { fewer[count - 1] };
                    fewer[count] = fewer[count] * (1.0 - share) + before * share;
                }
            }
            Some(enough)
        }
        Node::Ways { .. } => unreachable!("a variant has no ways"),
    }
}

#[cfg(test)]
mod tests;
