//! Payments beside every order of failing, and the worked numbers.

use super::super::samples::{failed as failed_with, random_need, random_shares, tree};
use super::*;
use crate::testing::Prng;
use crate::{Counts, Slice};

/// One slice of `attempts`; what each member pays and what would be recovered, in failures.
#[track_caller]
fn check(text: &str, value_function: ValueFunction, members: &str, expected: &str) {
    let tree = tree(text);
    let read = |it: &str| {
        let (bad, total) = it.split_once('/').expect("bad/total");
        Reading::of(Slice::Known(Counts::new(bad.parse().unwrap(), total.parse().unwrap())))
    };
    let readings: Vec<Reading> = members.split_whitespace().map(read).collect();
    let mut collector = Collector::new(&tree, value_function);
    collector.add(&tree, 1, &readings);
    let found = collector.finish(&tree);
    assert_eq!(found.members.iter().map(|it| it.parts).sum::<u128>(), found.total, "{text}");
    let percent = |it| format!("{:.3}", found.failures(it) * 100.0);
    let shown: Vec<String> = found
        .members
        .iter()
        .map(|it| format!("{}-{}", percent(it.parts), percent(it.recovered)))
        .collect();
    assert_eq!(format!("{} = {}", shown.join(" "), percent(found.total)), expected, "{text}");
}

/// Exactly `1`, `0.0002` and `0.0001`: `99.988…`, `0.008 3…` and `0.003 3…` per cent.
#[test]
fn the_airport_game_is_graded_and_not_counted() {
    let members = "10000/10000 2/10000 1/10000";
    let expected = "99.988-99.980 0.008-0.000 0.003-0.000 = 100.000";
    check("all(a b c)", ValueFunction::Overlapping, members, expected);
    let expected = "99.985-99.970 0.010-0.000 0.005-0.000 = 100.000";
    check("all(a b c)", ValueFunction::AtMost, members, expected);

    let tree = tree("all(a b c)");
    let shares = [1_000_000_000_000, 200_000_000, 100_000_000].map(Share::of_trillion);
    let mut collector = Collector::new(&tree, ValueFunction::Overlapping);
    collector.add(&tree, 1, &failed_with(&shares));
    let found = collector.finish(&tree);
    let thirds = 100_000_000 * 2;
    let halves = 100_000_000 * 3;
    let whole = 1_000_000_000_000 * 6;
    let parts: Vec<u128> = found.members.iter().map(|it| it.parts).collect();
    assert_eq!(parts, [whole - thirds - halves - thirds, thirds + halves, thirds]);
    assert_eq!((found.total, found.denominator), (whole, whole));
}

#[test]
fn small_failures_that_need_not_meet_pay_for_themselves_at_most() {
    let (members, text) = ("1/100 2/100 3/100", "all(a b c)");
    check(text, ValueFunction::AtMost, members, "1.000-1.000 2.000-2.000 3.000-3.000 = 6.000");
    let overlapping = "0.333-0.000 0.833-0.000 1.833-1.000 = 3.000";
    check(text, ValueFunction::Overlapping, members, overlapping);
}

#[test]
fn fallbacks_share_what_needs_both() {
    for value_function in [ValueFunction::Overlapping, ValueFunction::AtMost] {
        let any = "any(a b)";
        check(any, value_function, "50/100 0/100", "0.000-0.000 0.000-0.000 = 0.000");
        check(any, value_function, "50/100 20/100", "10.000-20.000 10.000-20.000 = 20.000");
        check(any, value_function, "50/100 0/0", "50.000-50.000 0.000-0.000 = 50.000");
        let ways = "routes(3 a 1 b)";
        check(ways, value_function, "10/100 20/100", "7.500-7.500 5.000-5.000 = 12.500");
    }
    let nested = "all(a any(b c))";
    let expected = "66.667-0.000 16.667-0.000 16.667-0.000 = 100.000";
    check(nested, ValueFunction::Overlapping, "1/1 1/1 1/1", expected);
    let everything = "0.000-0.000 100.000-100.000 = 100.000";
    check("any(all(a b) all(a b))", ValueFunction::Overlapping, "0/1 1/1", everything);
}

/// Goal: payments are Shapley's. Method: random trees, of which half repeat members, beside the mean
/// over every order of failing.
#[test]
fn payments_equal_every_order() {
    for seed in 0..300 {
        let mut prng = Prng::new(seed);
        let count = 2 + usize::try_from(prng.below(4)).unwrap();
        let tree = Tree::new(&random_need(&mut prng, count, seed % 2 == 0)).unwrap();
        let mut readings = failed_with(&random_shares(&mut prng, count));
        if prng.below(4) == 0 {
            readings[0] = Reading::Idle;
        }
        for value_function in [ValueFunction::Overlapping, ValueFunction::AtMost] {
            let mut collector = Collector::new(&tree, value_function);
            collector.add(&tree, 7, &readings);
            let found = collector.finish(&tree);
            let orders = permutations(count);
            let paid = by_orders(&tree, value_function, &readings, &orders);
            let expected: Vec<u128> = paid
                .iter()
                .map(|it| {
                    let scaled = 7 * it * found.denominator / whole_of(&tree);
                    assert_eq!(scaled % orders.len() as u128, 0, "seed {seed}");
                    scaled / orders.len() as u128
                })
                .collect();
            let parts: Vec<u128> = found.members.iter().map(|it| it.parts).collect();
            assert_eq!(parts, expected, "seed {seed}: {:?} {readings:?}", tree.root);
            assert_eq!(parts.iter().sum::<u128>(), found.total, "seed {seed}");
        }
    }
}

fn whole_of(tree: &Tree) -> u128 {
    u128::from(Share::WHOLE.trillionths()) * u128::from(tree.weight_total)
}

/// The sum over all orders of what each member adds.
fn by_orders(
    tree: &Tree,
    value_function: ValueFunction,
    readings: &[Reading],
    orders: &[Vec<usize>],
) -> Vec<u128> {
    let mut paid = vec![0; readings.len()];
    for order in orders {
        let mut only: Vec<Reading> = readings
            .iter()
            .map(|it| if *it == Reading::Idle { *it } else { Reading::Failed(Share::ZERO) })
            .collect();
        let mut before = 0;
        for number in order {
            only[*number] = readings[*number];
            let after = match value_function {
                ValueFunction::Overlapping => tree.overlapping(&only),
                ValueFunction::AtMost => u128::from(tree.weight_total) * at_most(tree, &only),
            };
            paid[*number] += after - before;
            before = after;
        }
    }
    paid
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for shorter in permutations(count - 1) {
        for at in 0..count {
            let mut longer = shorter.clone();
            longer.insert(at, count - 1);
            found.push(longer);
        }
    }
    found
}

/// Goal: 20 members, nested, over many slices, exactly and soon. Method: every member fails a little
/// in every slice, in ever other order.
#[test]
fn twenty_nested_members_sum_exactly() {
    let text =
        "all(a b c d any(e f all(g h)) 2of(i j k) routes(2 l 1 m) any(n o) all(p any(q r)) s t)";
    let tree = tree(text);
    assert_eq!(tree.members().len(), MEMBERS);
    let mut prng = Prng::new(20);
    let mut collector = Collector::new(&tree, ValueFunction::Overlapping);
    let mut bill = 0;
    for _ in 0..150 {
        let shares: Vec<Share> =
            (0..MEMBERS).map(|_| Share::of_trillion(prng.below(1_000_000_000_000))).collect();
        let readings = failed_with(&shares);
        bill += 2_000_000_000 * tree.overlapping(&readings);
        collector.add(&tree, 2_000_000_000, &readings);
    }
    let found = collector.finish(&tree);
    assert_eq!(found.members.iter().map(|it| it.parts).sum::<u128>(), found.total);
    assert_eq!(bill * (found.denominator / whole_of(&tree)), found.total);
    assert!(found.members.iter().all(|it| it.parts > 0));
}

const MEMBERS: usize = 20;
