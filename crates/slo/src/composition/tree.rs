//! What a feature needs, made ready for calculating.
//!
//! Intuition: members get numbers, and `all`, `any` and quorums turn out to be one thing: a group
//! that works while so many of its parts do. Ways (`routes`) are pulled out to the front: an attempt
//! first takes its way everywhere, and what is left is a tree without ways, a *variant*, with a
//! weight. Only bounds keep the ways where they stand, because they must not assume that a member
//! fails alike on all of them.
//!
//! Invariants:
//! - weights of variants are whole numbers that sum to [`Tree::weight_total`];
//! - a member that stands in two places is one member.

use model::{Need, SloId};
use std::collections::{BTreeMap, BTreeSet};

/// Members up to which failures are attributed; bounds know no such limit.
pub const MEMBERS_MAX: usize = 20;

/// Members standing in several places of one variant, up to which estimates and attribution are
/// computed: work doubles with each.
pub const REPEATED_MAX: usize = 8;

/// The finest division of traffic by ways: the product of the sums of parts, each reduced.
pub const ROUTE_PARTS_MAX: u32 = 10_000;

/// Combinations of ways at most.
pub const VARIANTS_MAX: usize = 256;

/// A feature's needs with numbered members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    pub(super) members: Vec<SloId>,
    pub(super) root: Node,
    pub(super) variants: Vec<Variant>,
    pub(super) weight_total: u32,
}

/// Why a need cannot be calculated with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidTree {
    /// A group or a set of ways without parts.
    Empty,
    /// A quorum of none or of more than there are, or a way that nobody takes.
    OutOfRange,
    /// Traffic is divided more finely than [`ROUTE_PARTS_MAX`], or there are too many combinations.
    TooManyWays,
}

impl std::fmt::Display for InvalidTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("a group of needs is empty: name what it takes"),
            Self::OutOfRange => f.write_str(
                "a quorum must want at least 1 and at most all of its parts, and every way must \
                 have a share of at least 1",
            ),
            Self::TooManyWays => write!(
                f,
                "ways divide the traffic too finely: the sums of their shares may multiply to \
                 {ROUTE_PARTS_MAX} at most, and their combinations to {VARIANTS_MAX}",
            ),
        }
    }
}

impl std::error::Error for InvalidTree {}

/// One place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// The member of this number.
    Member(usize),
    /// Works while `works_min` of the parts do.
    Group { works_min: usize, parts: Vec<Node> },
    /// Parts with their shares of traffic, and the sum of these.
    Ways { parts: Vec<(u32, Node)>, sum: u32 },
}

/// A tree in which every way is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    /// How many attempts, in parts of [`Tree::weight_total`].
    pub(super) weight: u32,
    /// Without any [`Node::Ways`].
    pub(super) root: Node,
    /// Its members, in order, each once.
    pub(super) members: Vec<usize>,
    /// Members that stand in more than one place of it, in order.
    pub(super) repeated: Vec<usize>,
}

impl Tree {
    /// Numbers the members of `need` in order of id.
    pub fn new(need: &Need) -> Result<Self, InvalidTree> {
        let members: Vec<SloId> = need.slos().into_iter().cloned().collect();
        let numbers: BTreeMap<&SloId, usize> = members.iter().zip(0..).collect();
        let root = Node::new(need, &numbers)?;
        let weight_total = root.weight_total().ok_or(InvalidTree::TooManyWays)?;
        let variants =
            root.expanded()?.into_iter().map(|(weight, it)| it.variant(weight)).collect();
        Ok(Self { members, root, variants, weight_total })
    }

    /// The members, in order of id.
    #[must_use]
    pub fn members(&self) -> &[SloId] {
        &self.members
    }

    /// The members that one attempt can meet in more than one place. While there are some, bounds hold but may be
    /// wider than need be: a member's two places are taken for strangers.
    #[must_use]
    pub fn repeated(&self) -> Vec<&SloId> {
        let repeated: BTreeSet<usize> =
            self.variants.iter().flat_map(|it| it.repeated.iter().copied()).collect();
        repeated.into_iter().map(|it| &self.members[it]).collect()
    }

    /// Whether estimates between the bounds can be computed with reasonable work.
    #[must_use]
    pub fn has_estimates(&self) -> bool {
        self.variants.iter().all(|it| it.repeated.len() <= REPEATED_MAX)
    }

    /// Whether failures can be attributed.
    #[must_use]
    pub fn is_attributable(&self) -> bool {
        self.members.len() <= MEMBERS_MAX && self.has_estimates()
    }
}

impl Node {
    fn new(need: &Need, numbers: &BTreeMap<&SloId, usize>) -> Result<Self, InvalidTree> {
        let all = |parts: &[Need]| -> Result<Vec<Self>, InvalidTree> {
            if parts.is_empty() {
                return Err(InvalidTree::Empty);
            }
            parts.iter().map(|it| Self::new(it, numbers)).collect()
        };
        match need {
            Need::Slo(id) => Ok(Self::Member(numbers[id])),
            Need::All(parts) => Ok(Self::Group { works_min: parts.len(), parts: all(parts)? }),
            Need::Any(parts) => Ok(Self::Group { works_min: 1, parts: all(parts)? }),
            Need::Quorum { works_min, of } => {
                let (works_min, parts) = (usize::from(*works_min), all(of)?);
                if works_min == 0 || works_min > parts.len() {
                    return Err(InvalidTree::OutOfRange);
                }
                Ok(Self::Group { works_min, parts })
            }
            Need::Routes(routes) => {
                if routes.is_empty() {
                    return Err(InvalidTree::Empty);
                }
                let divisor = routes.iter().fold(0, |it, route| common(it, u32::from(route.parts)));
                if routes.iter().any(|it| it.parts == 0) {
                    return Err(InvalidTree::OutOfRange);
                }
                let part = |it: &model::Route| {
                    Ok((u32::from(it.parts) / divisor, Self::new(&it.need, numbers)?))
                };
                let parts = routes.iter().map(part).collect::<Result<Vec<_>, _>>()?;
                let sum = parts.iter().map(|it| it.0).sum();
                Ok(Self::Ways { parts, sum })
            }
        }
    }

    /// The product of the sums of all ways below.
    fn weight_total(&self) -> Option<u32> {
        let product = |total: u32, it: &Self| {
            total.checked_mul(it.weight_total()?).filter(|it| *it <= ROUTE_PARTS_MAX)
        };
        match self {
            Self::Member(_) => Some(1),
            Self::Group { parts, .. } => parts.iter().try_fold(1, product),
            Self::Ways { parts, sum } => {
                parts.iter().map(|it| &it.1).try_fold(1, product)?.checked_mul(*sum)
            }
        }
        .filter(|it| *it <= ROUTE_PARTS_MAX)
    }

    /// Every combination of ways, with weights that sum to [`Node::weight_total`].
    fn expanded(&self) -> Result<Vec<(u32, Self)>, InvalidTree> {
        let expanded = match self {
            Self::Member(_) => vec![(1, self.clone())],
            Self::Group { works_min, parts } => {
                let mut combined: Vec<(u32, Vec<Self>)> = vec![(1, Vec::new())];
                for part in parts {
                    let choices = part.expanded()?;
                    if combined.len() * choices.len() > VARIANTS_MAX {
                        return Err(InvalidTree::TooManyWays);
                    }
                    combined = combined
                        .iter()
                        .flat_map(|(weight, before)| {
                            choices.iter().map(move |(chosen, node)| {
                                let mut all = before.clone();
                                all.push(node.clone());
                                (weight * chosen, all)
                            })
                        })
                        .collect();
                }
                let group =
                    |(weight, parts)| (weight, Self::Group { works_min: *works_min, parts });
                combined.into_iter().map(group).collect()
            }
            Self::Ways { parts, .. } => {
                // Every way brings its own weights; all are brought to the same total.
                let below: Vec<u32> =
                    parts.iter().map(|it| it.1.weight_total().unwrap_or(1)).collect();
                let product: u32 = below.iter().product();
                let mut expanded = Vec::new();
                for ((share, node), own) in parts.iter().zip(below) {
                    let scaled = |(weight, it)| (share * weight * (product / own), it);
                    expanded.extend(node.expanded()?.into_iter().map(scaled));
                }
                expanded
            }
        };
        if expanded.len() > VARIANTS_MAX {
            return Err(InvalidTree::TooManyWays);
        }
        Ok(expanded)
    }

    /// Adds the members below, once for each place.
    pub(super) fn collect(&self, members: &mut Vec<usize>) {
        match self {
            Self::Member(number) => members.push(*number),
            Self::Group { parts, .. } => {
                for part in parts {
                    part.collect(members);
                }
            }
            Self::Ways { parts, .. } => {
                for (_, part) in parts {
                    part.collect(members);
                }
            }
        }
    }

    fn variant(self, weight: u32) -> Variant {
        let mut members = Vec::new();
        self.collect(&mut members);
        members.sort_unstable();
        let mut repeated: Vec<usize> =
            members.windows(2).filter(|it| it[0] == it[1]).map(|it| it[0]).collect();
        repeated.dedup();
        members.dedup();
        Variant { weight, root: self, members, repeated }
    }
}

/// The greatest common divisor; that of 0 and anything is the latter.
fn common(left: u32, right: u32) -> u32 {
    if right == 0 { left } else { common(right, left % right) }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{member, need};
    use super::*;

    /// A need as text, and the tree as `weight: tree` for each variant, then what repeats.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = match Tree::new(&need(text)) {
            Err(error) => format!("{error:?}"),
            Ok(tree) => {
                let variants: Vec<String> = tree
                    .variants
                    .iter()
                    .map(|it| {
                        let root = show(&it.root, &tree.members);
                        format!("{}/{} {root}", it.weight, tree.weight_total)
                    })
                    .collect();
                let repeated: Vec<&str> =
                    tree.repeated().into_iter().map(|it| it.service.as_str()).collect();
                format!("{} | {}", variants.join(", "), repeated.join(" ")).trim_end().to_owned()
            }
        };
        assert_eq!(shown, expected, "{text}");
    }

    fn show(node: &Node, members: &[SloId]) -> String {
        match node {
            Node::Member(number) => members[*number].service.to_string(),
            Node::Group { works_min, parts } => {
                let parts: Vec<String> = parts.iter().map(|it| show(it, members)).collect();
                format!("{works_min}({})", parts.join(" "))
            }
            Node::Ways { .. } => panic!("variants have no ways"),
        }
    }

    #[test]
    fn groups_are_quorums() {
        check("a", "1/1 a |");
        check("all(a b c)", "1/1 3(a b c) |");
        check("any(a b)", "1/1 1(a b) |");
        check("2of(a b all(c d))", "1/1 2(a b 2(c d)) |");
        check("all(a any(a b))", "1/1 2(a 1(a b)) | a");
        check("0of(a b)", "OutOfRange");
        check("3of(a b)", "OutOfRange");
        check("all()", "Empty");
    }

    #[test]
    fn ways_are_pulled_to_the_front() {
        check("routes(70 a 30 b)", "7/10 a, 3/10 b |");
        check("all(db routes(1 a 1 db))", "1/2 2(db a), 1/2 2(db db) | db");
        check("routes(1 routes(1 a 2 b) 1 c)", "1/6 a, 2/6 b, 3/6 c |");
        check(
            "all(routes(1 a 1 b) routes(1 c 3 d))",
            "1/8 2(a c), 3/8 2(a d), 1/8 2(b c), 3/8 2(b d) |",
        );
        check("routes(1 routes(1 a 2 b) 1 routes(1 c 4 d))", "5/30 a, 10/30 b, 3/30 c, 12/30 d |");
        check("routes(0 a 1 b)", "OutOfRange");
        check("routes()", "Empty");
        check("all(routes(1 a 999 b) routes(1 c 10 d))", "TooManyWays");
    }

    #[test]
    fn members_are_in_order_of_id() {
        let tree = Tree::new(&need("all(b a)")).unwrap();
        assert_eq!(tree.members(), [member("a"), member("b")]);
    }
}
