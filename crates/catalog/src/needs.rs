//! Features that need other features: in which order they can be put together, and where they
//! need each other in a circle.
//!
//! Intuition: take away, again and again, whatever needs nothing that is left. What stays either
//! stands in a circle or needs one; take away what nobody needs, and only circles and the paths
//! between them remain. No recursion, so that a chain of features may be as long as it likes.
//!
//! Invariant: every feature that needs itself directly is reported; every other circle shares at
//! least one feature with a circle that is reported, up to [`CIRCLES_MAX`].

use crate::diagnostic::Span;
use crate::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};

/// More circles than this are not looked for: each takes a walk over all features.
const CIRCLES_MAX: usize = 100;

/// One name in a need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaf<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Span,
}

impl<'a> Leaf<'a> {
    /// The feature it names, if it names one.
    pub(crate) fn feature(self) -> Option<&'a str> {
        self.text.strip_prefix("feature ").map(str::trim_start)
    }
}

/// Every name in `need`.
pub(crate) fn leaves(need: &Node) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    let mut open = vec![need];
    while let Some(node) = open.pop() {
        if let Some(text) = node.text() {
            found.push(Leaf { text, span: node.span });
        }
        open.extend(node.items().iter().rev().map(|it| &**it));
        for entry in node.entries().iter().rev() {
            // Of a narrowed need only the objective is a name.
            let is_narrowed = entry.key == "only";
            open.extend(if is_narrowed { entry.value.get("of") } else { Some(&*entry.value) });
        }
    }
    found
}

/// The parts of a need that is a map.
pub(crate) fn parts(need: &Node) -> Vec<&Node> {
    let mut found = Vec::new();
    for entry in need.entries() {
        match entry.key.as_str() {
            "quorum" => {
                let of = entry.value.get("of").map_or(&[][..], Node::items);
                found.extend(of.iter().map(|it| &**it));
            }
            "only" => found.extend(entry.value.get("of")),
            "routes" => found.extend(entry.value.items().iter().filter_map(|it| it.get("need"))),
            _ => found.extend(entry.value.items().iter().map(|it| &**it)),
        }
    }
    found
}

/// How features hang together.
pub(crate) struct Order<'a> {
    /// Every feature that is in no circle and needs none, after all those that it needs.
    pub(crate) sorted: Vec<&'a str>,
    /// Circles: each feature with the place where it names the next one.
    pub(crate) circles: Vec<Vec<Leaf<'a>>>,
}

type Graph<'a> = BTreeMap<&'a str, Vec<Leaf<'a>>>;

/// Puts features in order, from their needs.
pub(crate) fn order<'a>(needs: &BTreeMap<&'a str, &'a Node>) -> Order<'a> {
    let mut circles = Vec::new();
    let mut graph: Graph<'_> = needs
        .iter()
        .map(|(id, need)| {
            let mut named = leaves(need);
            named.retain(|it| it.feature().is_some_and(|it| needs.contains_key(it)));
            (*id, named)
        })
        .collect();
    // A circle of one would otherwise hide behind a larger one.
    for (id, named) in &mut graph {
        let itself = named.iter().find(|it| it.feature() == Some(id)).copied();
        circles.extend(itself.map(|it| vec![it]));
        named.retain(|it| it.feature() != Some(id));
    }
    let mut left: BTreeSet<&str> = graph.keys().copied().collect();
    let mut sorted = take_away(&mut left, &edges(&graph));
    sorted.retain(|id| circles.iter().all(|circle| circle[0].feature() != Some(id)));
    take_away(&mut left, &reversed(&edges(&graph)));
    while let Some(circle) = circle_in(&left, &graph).filter(|_| circles.len() < CIRCLES_MAX) {
        for leaf in &circle {
            left.remove(leaf.feature().expect("only leaves that name features were kept"));
        }
        take_away(&mut left, &edges(&graph));
        circles.push(circle);
    }
    Order { sorted, circles }
}

type Edges<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn edges<'a>(graph: &Graph<'a>) -> Edges<'a> {
    graph
        .iter()
        .map(|(id, named)| (*id, named.iter().filter_map(|it| it.feature()).collect()))
        .collect()
}

fn reversed<'a>(edges: &Edges<'a>) -> Edges<'a> {
    let mut turned: Edges<'_> = edges.keys().map(|it| (*it, BTreeSet::new())).collect();
    for (from, targets) in edges {
        for to in targets {
            turned.entry(to).or_default().insert(from);
        }
    }
    turned
}

/// Removes from `left`, and returns in order, what has no edge to anything left.
fn take_away<'a>(left: &mut BTreeSet<&'a str>, edges: &Edges<'a>) -> Vec<&'a str> {
    let back = reversed(edges);
    let mut open_count: BTreeMap<&str, usize> = left
        .iter()
        .map(|it| (*it, edges[it].iter().filter(|to| left.contains(**to)).count()))
        .collect();
    let mut ready: Vec<&str> =
        open_count.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    let mut taken = Vec::new();
    while let Some(id) = ready.pop() {
        left.remove(id);
        taken.push(id);
        for user in &back[id] {
            if let Some(count) = open_count.get_mut(user).filter(|it| **it > 0) {
                *count -= 1;
                if *count == 0 {
                    ready.push(user);
                }
            }
        }
    }
    taken
}

/// Follows names from the first feature left until one comes again.
fn circle_in<'a>(left: &BTreeSet<&'a str>, graph: &Graph<'a>) -> Option<Vec<Leaf<'a>>> {
    let mut at = *left.first()?;
    let mut path: Vec<(&str, Leaf<'_>)> = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    loop {
        if let Some(first) = seen.insert(at, path.len()) {
            return Some(path.split_off(first).into_iter().map(|(_, leaf)| leaf).collect());
        }
        let leaf = graph[at]
            .iter()
            .find(|it| it.feature().is_some_and(|it| left.contains(it)))
            .expect("whatever has no such leaf was taken away");
        path.push((at, *leaf));
        at = leaf.feature().expect("just looked for");
    }
}
