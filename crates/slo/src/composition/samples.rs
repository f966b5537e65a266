//! Needs written as text, random trees and random readings, for the tests of this folder.

use super::{Reading, Share, Tree};
use crate::testing::Prng;
use model::{Need, Route, SloId};

/// The objective `up` of the service `name`.
pub(super) fn member(name: &str) -> SloId {
    SloId::from(format!("{name}.up").as_str())
}

/// Reads `all(a any(b c) 2of(d e f) routes(70 g 30 h))`.
pub(super) fn need(text: &str) -> Need {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (found, rest) = one(&words);
    assert!(rest.is_empty(), "left over: {rest:?}");
    found
}

pub(super) fn tree(text: &str) -> Tree {
    Tree::new(&need(text)).unwrap()
}

fn one<'a>(words: &'a [&'a str]) -> (Need, &'a [&'a str]) {
    let (name, rest) = words.split_first().expect("a need");
    if rest.first() != Some(&"(") {
        return (Need::Slo(member(name)), rest);
    }
    let (mut parts, mut shares, mut rest) = (Vec::new(), Vec::new(), &rest[1..]);
    while rest[0] != ")" {
        if *name == "routes" {
            shares.push(rest[0].parse().expect("a share"));
            rest = &rest[1..];
        }
        let (part, after) = one(rest);
        parts.push(part);
        rest = after;
    }
    let found = match *name {
        "all" => Need::All(parts),
        "any" => Need::Any(parts),
        "routes" => {
            let route = |(parts, need)| Route { parts, need };
            Need::Routes(shares.into_iter().zip(parts).map(route).collect())
        }
        quorum => {
            let works_min = quorum.strip_suffix("of").expect("k of").parse().expect("a number");
            Need::Quorum { works_min, of: parts }
        }
    };
    (found, &rest[1..])
}

/// A random tree over the members `a`, `b`, …, of which `repeat` says whether they may stand in
/// several places.
pub(super) fn random_need(prng: &mut Prng, members: usize, repeat: bool) -> Need {
    let mut leaves: Vec<usize> = (0..members).collect();
    if repeat {
        leaves.push(0);
        leaves.push(usize::try_from(prng.below(members as u64)).unwrap());
    }
    for index in (1..leaves.len()).rev() {
        leaves.swap(index, usize::try_from(prng.below(index as u64 + 1)).unwrap());
    }
    grouped(prng, &leaves, 0)
}

fn grouped(prng: &mut Prng, leaves: &[usize], depth: u32) -> Need {
    if let [leaf] = leaves {
        return Need::Slo(member(&name(*leaf)));
    }
    let mut parts = Vec::new();
    let mut rest = leaves;
    while !rest.is_empty() {
        let longest = if depth < 3 { rest.len().min(leaves.len() - 1) } else { 1 };
        let take = if prng.below(3) == 0 { 1 + prng.below(longest as u64) } else { 1 };
        let (part, after) = rest.split_at(usize::try_from(take).unwrap());
        parts.push(grouped(prng, part, depth + 1));
        rest = after;
    }
    match prng.below(7) {
        0..=2 => Need::All(parts),
        3 | 4 => Need::Any(parts),
        5 if depth < 2 => {
            let mut share = || u16::try_from(1 + prng.below(3)).unwrap();
            let routes = parts.into_iter().map(|need| Route { parts: share(), need });
            Need::Routes(routes.collect())
        }
        _ => {
            let works_min = u16::try_from(1 + prng.below(parts.len() as u64)).unwrap();
            Need::Quorum { works_min, of: parts }
        }
    }
}

pub(super) fn name(leaf: usize) -> String {
    char::from(b'a' + u8::try_from(leaf).unwrap()).to_string()
}

/// Random failure shares in whole per cents, often zero or everything.
pub(super) fn random_shares(prng: &mut Prng, count: usize) -> Vec<Share> {
    let percent = |it| Share::of_trillion(it * 10_000_000_000);
    (0..count)
        .map(|_| match prng.below(6) {
            0 => Share::ZERO,
            1 => Share::WHOLE,
            2 => percent(prng.below(4)),
            _ => percent(prng.below(101)),
        })
        .collect()
}

pub(super) fn failed(shares: &[Share]) -> Vec<Reading> {
    shares.iter().map(|it| Reading::Failed(*it)).collect()
}
