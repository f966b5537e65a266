//! Bounds beside a linear programme, and the laws they obey.

use super::super::samples::{failed, name, need, random_need, random_shares, tree};
use super::*;
use crate::Slice;
use crate::testing::Prng;
use model::Need;

/// A tree, its members' minutes in order of name, and `lower overlapping independent upper` in
/// per cent.
#[track_caller]
fn check(text: &str, members: &str, expected: &str) {
    let tree = tree(text);
    let readings: Vec<Reading> = members.split_whitespace().map(read).collect();
    let shown = tree.band(&readings).map_or("idle".to_owned(), |band| {
        let percent = |it: f64| format!("{:.4}", it * 100.0);
        let figures = [
            band.lower.ratio(),
            overlapping_ratio(&tree, &readings),
            tree.independent(&readings),
            band.upper.ratio(),
        ];
        figures.map(percent).join(" ")
    });
    assert_eq!(shown, expected, "{text} with {members}");
}

fn read(text: &str) -> Reading {
    Reading::of(text.split_once('/').map_or(Slice::Unknown, |(bad, total)| {
        Slice::known(bad.parse().unwrap(), total.parse().unwrap())
    }))
}

#[expect(clippy::cast_precision_loss, reason = "a test")]
fn overlapping_ratio(tree: &Tree, readings: &[Reading]) -> f64 {
    let whole = Share::WHOLE.ratio() * 1e12 * f64::from(tree.weight_total);
    tree.overlapping(readings) as f64 / whole
}

#[test]
fn chains_and_fallbacks_are_those_of_frechet() {
    check("all(a b)", "1/100 1/100", "1.0000 1.0000 1.9900 2.0000");
    check("all(a b)", "100/100 1/100", "100.0000 100.0000 100.0000 100.0000");
    check("all(a b)", "0/100 1/100", "1.0000 1.0000 1.0000 1.0000");
    check("any(a b)", "60/100 70/100", "30.0000 60.0000 42.0000 60.0000");
    check("any(a b)", "1/100 1/100", "0.0000 1.0000 0.0100 1.0000");
    check("all(a any(b c))", "1/100 50/100 50/100", "1.0000 50.0000 25.7500 51.0000");
}

#[test]
fn quorums_lie_between() {
    check("2of(a b c)", "1/100 1/100 1/100", "0.0000 1.0000 0.0298 1.5000");
    check("2of(a b c)", "100/100 1/100 1/100", "1.0000 1.0000 1.9900 2.0000");
    check("2of(a b c)", "50/100 50/100 50/100", "25.0000 50.0000 50.0000 75.0000");
}

#[test]
fn ways_weigh_by_traffic() {
    check("routes(70 a 30 b)", "1/100 50/100", "15.7000 15.7000 15.7000 15.7000");
    check("all(a routes(1 b 1 c))", "10/100 20/100 0/100", "10.0000 15.0000 19.0000 20.0000");
}

#[test]
fn idle_members_drop_out_and_unknown_ones_open_the_band() {
    check("all(a b)", "0/0 1/100", "1.0000 1.0000 1.0000 1.0000");
    check("any(a b)", "0/0 100/100", "100.0000 100.0000 100.0000 100.0000");
    check("2of(a b c)", "0/0 100/100 0/10", "100.0000 100.0000 100.0000 100.0000");
    check("all(a b)", "0/0 0/0", "idle");
    check("routes(1 a 1 b)", "10/10 0/0", "50.0000 50.0000 50.0000 50.0000");
    check("all(a b)", "? 1/100", "1.0000 1.0000 1.0000 100.0000");
    check("any(a b)", "? 1/100", "0.0000 0.0000 0.0000 1.0000");
}

/// A member in two places: bounds hold and are wide, estimates know that it is one member.
#[test]
fn a_repeated_member_is_one_member_for_estimates() {
    let members = "10/100 0/100 0/100";
    check("any(all(a b) all(a c))", members, "0.0000 10.0000 10.0000 10.0000");
    assert_eq!(tree("any(all(a b) all(a c))").repeated().len(), 1);
    check("all(a a a)", "10/100", "10.0000 10.0000 10.0000 30.0000");
}

/// Goal: the formula for quorums is sharp. Method: beside it the linear programme over all joint
/// behaviours, solved exactly in whole numbers, for every quorum of up to five members.
#[test]
fn quorum_bounds_equal_a_linear_programme() {
    for seed in 0..120 {
        let mut prng = Prng::new(seed);
        let count = 1 + usize::try_from(prng.below(5)).unwrap();
        let shares = random_shares(&mut prng, count);
        let percents: Vec<i128> =
            shares.iter().map(|it| i128::from(it.trillionths() / 10_000_000_000)).collect();
        for fails_min in 1..=count {
            let works_min = count - fails_min + 1;
            let (top, of) = programme(&percents, |it| it.count_ones() as usize >= fails_min);
            let (bottom, of_bottom) =
                programme(&percents, |it| (it.count_ones() as usize) < fails_min);
            let names: Vec<String> = (0..count).map(name).collect();
            let text = format!("{works_min}of({})", names.join(" "));
            let found = tree(&text).band(&failed(&shares)).unwrap();
            let whole = i128::from(Share::WHOLE.trillionths());
            // Both sides were rounded outwards, by less than one unit.
            let upper = (top * whole + 100 * of - 1) / (100 * of);
            let works = (bottom * whole + 100 * of_bottom - 1) / (100 * of_bottom);
            let shown =
                (i128::from(found.lower.trillionths()), i128::from(found.upper.trillionths()));
            assert_eq!(shown, (whole - works, upper), "seed {seed}: {text} {percents:?}");
        }
    }
}

/// The most that the sets chosen by `counts` can weigh together, as a fraction of 100, when every
/// member `i` must be in sets of `percents[i]`, and all sets weigh 100. A simplex with Bland's rule;
/// all numbers are whole, over one common denominator (Edmonds' integer pivoting).
fn programme(percents: &[i128], counts: impl Fn(u32) -> bool) -> (i128, i128) {
    let sets = 1_usize << percents.len();
    let rows = percents.len() + 1;
    let width = sets + rows + 1;
    // One artificial variable for each row, driven out by a price above every gain.
    let price = 1_000;
    let mut table = vec![vec![0_i128; width]; rows + 1];
    for (row, line) in table.iter_mut().take(rows).enumerate() {
        for (set, cell) in line.iter_mut().take(sets).enumerate() {
            *cell = i128::from(row == percents.len() || set & (1 << row) != 0);
        }
        line[sets + row] = 1;
        line[width - 1] = percents.get(row).copied().unwrap_or(100);
    }
    for (set, cell) in table[rows].iter_mut().take(sets).enumerate() {
        *cell = -i128::from(counts(u32::try_from(set).unwrap()));
    }
    for row in 0..rows {
        let line = table[row].clone();
        for (cell, it) in table[rows].iter_mut().zip(&line) {
            *cell -= price * it;
        }
        table[rows][sets + row] += price;
    }
    let mut basis: Vec<usize> = (sets..sets + rows).collect();
    let mut denominator = 1_i128;
    while let Some(enters) = (0..width - 1).find(|it| table[rows][*it] < 0) {
        let leaves = (0..rows)
            .filter(|row| table[*row][enters] > 0)
            .min_by(|left, right| {
                let cross =
                    |one: &usize, other: &usize| table[*one][width - 1] * table[*other][enters];
                cross(left, right).cmp(&cross(right, left)).then(basis[*left].cmp(&basis[*right]))
            })
            .expect("sets weigh 100 at most");
        let pivot_line = table[leaves].clone();
        let pivot = pivot_line[enters];
        for (row, line) in table.iter_mut().enumerate() {
            if row != leaves {
                let factor = line[enters];
                for (cell, it) in line.iter_mut().zip(&pivot_line) {
                    *cell = (*cell * pivot - factor * it) / denominator;
                }
            }
        }
        basis[leaves] = enters;
        denominator = pivot;
    }
    (table[rows][width - 1], denominator)
}

/// Goal: the same for nested trees. Method: the programme over all joint behaviours of the members.
#[test]
fn nested_bounds_without_ways_equal_a_linear_programme() {
    for seed in 0..150 {
        let mut prng = Prng::new(seed);
        let count = 2 + usize::try_from(prng.below(4)).unwrap();
        let need = random_need(&mut prng, count, false);
        let tree = Tree::new(&need).unwrap();
        if tree.variants.len() > 1 {
            continue;
        }
        let shares = random_shares(&mut prng, count);
        let percents: Vec<i128> =
            shares.iter().map(|it| i128::from(it.trillionths() / 10_000_000_000)).collect();
        let fails = |set: u32| fails(&need, set);
        let (top, of) = programme(&percents, fails);
        let (works, of_works) = programme(&percents, |it| !fails(it));
        let found = tree.band(&failed(&shares)).unwrap();
        let ratio = |it: i128, of: i128| {
            i32::try_from(it).map(f64::from).unwrap()
                / i32::try_from(of).map(f64::from).unwrap()
                / 100.0
        };
        let close = |left: f64, right: f64| (left - right).abs() < 1e-10;
        let shown = (found.lower.ratio(), found.upper.ratio());
        let expected = (1.0 - ratio(works, of_works), ratio(top, of));
        assert!(
            close(shown.0, expected.0) && close(shown.1, expected.1),
            "seed {seed}: {need:?} {percents:?}: {shown:?}, not {expected:?}"
        );
    }
}

/// Whether `need` fails when exactly the members in `set` do; not for ways.
fn fails(need: &Need, set: u32) -> bool {
    let failing = |parts: &[Need]| parts.iter().filter(|it| fails(it, set)).count();
    match need {
        Need::Slo(id) => {
            let number = id.service.as_str().bytes().next().unwrap() - b'a';
            set & (1 << number) != 0
        }
        Need::All(parts) => failing(parts) > 0,
        Need::Any(parts) => failing(parts) == parts.len(),
        Need::Quorum { works_min, of } => of.len() - failing(of) < usize::from(*works_min),
        Need::Routes(_) => panic!("no ways here"),
    }
}

/// Goal: estimates lie inside the band, a worse member never makes anything better, and a group in a
/// group of its own kind is one group. Method: random trees with ways and repeated members.
#[test]
fn bands_are_monotone_and_hold_their_estimates() {
    for seed in 0..600 {
        let mut prng = Prng::new(seed);
        let count = 2 + usize::try_from(prng.below(5)).unwrap();
        let need = random_need(&mut prng, count, seed % 2 == 0);
        let tree = Tree::new(&need).unwrap();
        let shares = random_shares(&mut prng, count);
        let figures = |shares: &[Share]| {
            let readings = failed(shares);
            let band = tree.band(&readings).unwrap();
            let overlapping = overlapping_ratio(&tree, &readings);
            (band, overlapping, tree.independent(&readings))
        };
        let (band, overlapping, independent) = figures(&shares);
        for estimate in [overlapping, independent] {
            let inside = band.lower.ratio() - 1e-9..=band.upper.ratio() + 1e-9;
            assert!(inside.contains(&estimate), "seed {seed}: {need:?} {band:?} {estimate}");
        }
        for member in 0..count {
            let mut worse = shares.clone();
            worse[member] = Share::of_trillion(worse[member].trillionths() + 70_000_000_000);
            let (after, also, alone) = figures(&worse);
            assert!(after.lower >= band.lower && after.upper >= band.upper, "seed {seed}");
            assert!(also >= overlapping && alone >= independent - 1e-12, "seed {seed}");
        }
    }
}

#[test]
fn nesting_changes_nothing() {
    let nested = [
        ("all(a b c d)", "all(all(a b) all(c d))"),
        ("all(a b c d)", "4of(a b c d)"),
        ("any(a b c d)", "any(a any(b any(c d)))"),
        ("any(a b c d)", "1of(a b c d)"),
        ("2of(a b c d)", "all(2of(a b c d))"),
        ("routes(1 a 1 b 2 c)", "routes(1 routes(1 a 1 b) 1 c)"),
    ];
    for seed in 0..200 {
        let shares = random_shares(&mut Prng::new(seed), 4);
        for (flat, deep) in nested {
            let of = |text: &str| {
                let tree = tree(text);
                let readings = &failed(&shares)[..tree.members().len()];
                let estimates = [overlapping_ratio(&tree, readings), tree.independent(readings)];
                (tree.band(readings), estimates.map(|it| (it * 1e9).round()))
            };
            assert_eq!(of(flat), of(deep), "seed {seed}: {flat}, {deep}");
        }
    }
}

/// Goal: the two estimates are what they say. Method: attempts by the thousand, each with one luck
/// for all members, or one for each.
#[test]
fn estimates_equal_simulation() {
    const ATTEMPTS: u32 = 20_000;
    let texts = ["all(a b c)", "any(a all(b c))", "2of(a b c)", "any(all(a b) all(a c))"];
    for (seed, text) in texts.into_iter().enumerate() {
        let mut prng = Prng::new(seed as u64);
        let tree = tree(text);
        let plain = need(text);
        let shares = [0.3, 0.2, 0.55].map(|it| it * 1_000.0);
        let readings = [300, 200, 550].map(|it| Reading::of(Slice::known(it, 1_000)));
        let (mut same, mut own) = (0_u32, 0_u32);
        for _ in 0..ATTEMPTS {
            let mut lucks = [0; 3].map(|_| f64::from(u32::try_from(prng.below(1_000)).unwrap()));
            let set = |lucks: [f64; 3]| {
                (0..3).fold(0, |set, it| set | (u32::from(lucks[it] < shares[it]) << it))
            };
            own += u32::from(fails(&plain, set(lucks)));
            lucks = [lucks[0]; 3];
            same += u32::from(fails(&plain, set(lucks)));
        }
        let seen = |it: u32| f64::from(it) / f64::from(ATTEMPTS);
        let near = |left: f64, right: f64| (left - right).abs() < 0.015;
        let figures = (overlapping_ratio(&tree, &readings), tree.independent(&readings));
        assert!(near(figures.0, seen(same)), "{text}: overlapping {} {}", figures.0, seen(same));
        assert!(near(figures.1, seen(own)), "{text}: independent {} {}", figures.1, seen(own));
    }
}
