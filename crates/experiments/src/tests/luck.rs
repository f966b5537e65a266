//! Many series: how often intervals hold what was put in, and how often an effect of the promised size
//! is found.

use super::{Dice, amounts, counts};
use crate::{Better, Kind, Plan, Series, detectable, estimate};
use whatif::number::count;

/// How series are made: counts without bursts, with them, in two teams with common shocks; amounts
/// whose weeks hang together.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Made {
    Poisson,
    Bursts,
    Teams,
    Independent,
    Carried,
}

const BEFORE: usize = 30;
const AFTER: usize = 16;

impl Made {
    /// A series and its control, with `effect` from week [`BEFORE`] on.
    fn series(self, effect: f64, seed: u32) -> (Series, Option<Series>) {
        let mut dice = Dice::new(seed);
        let on = |week: usize| if week >= BEFORE { effect } else { 0.0 };
        let weeks = 0..BEFORE + AFTER;
        match self {
            Self::Poisson => (counts(weeks.map(|it| dice.poisson(8.0 * on(it).exp()))), None),
            Self::Bursts => (counts(weeks.map(|it| dice.bursts(12.0 * on(it).exp(), 4))), None),
            Self::Teams => {
                let shocks: Vec<f64> = (0..BEFORE + AFTER).map(|_| 0.5 * dice.normal()).collect();
                let own = weeks.clone().map(|it| (shocks[it] + on(it)).exp());
                let own: Vec<f64> = own.map(|it| dice.poisson(8.0 * it)).collect();
                let other: Vec<f64> =
                    weeks.map(|it| dice.poisson(10.0 * shocks[it].exp())).collect();
                (counts(own), Some(counts(other)))
            }
            Self::Independent => {
                (amounts(weeks.map(|it| 20.0 + on(it) + 3.0 * dice.normal())), None)
            }
            Self::Carried => {
                let mut last = 3.0 * dice.normal();
                let values = weeks.map(|it| {
                    last = 0.4 * last + 3.0 * (1.0_f64 - 0.16).sqrt() * dice.normal();
                    20.0 + on(it) + last
                });
                (amounts(values), None)
            }
        }
    }
}

fn share(runs: u32, holds: impl Fn(u32) -> bool) -> f64 {
    count((0..runs).filter(|it| holds(*it)).count()) / f64::from(runs)
}

#[test]
fn intervals_hold_as_often_as_they_say() {
    let check = |made: Made, trend: bool, low: f64| {
        let plan = Plan { trend, ..Plan::usual(BEFORE) };
        let effect = if made.series(0.0, 0).0.kind == Kind::Count { -0.4 } else { -2.0 };
        let held = share(600, |seed| {
            let (own, other) = made.series(effect, seed);
            let found = estimate(&own, other.as_ref(), &plan).unwrap_or_else(|it| panic!("{it}"));
            found.level.holds(effect)
        });
        println!("{made:?}, trend {trend}: {held} of 95 %");
        assert!(low <= held && held <= 0.995, "{made:?}, trend {trend}: {held} of 95 %");
    };
    // One standard error of 600 runs is 0.9 %.
    for trend in [false, true] {
        check(Made::Poisson, trend, 0.93);
        check(Made::Bursts, trend, 0.925);
        check(Made::Teams, trend, 0.93);
        check(Made::Independent, trend, 0.93);
    }
    // In short series whose weeks hang together intervals are too narrow, whatever one does: the
    // literature says so, the book says so, and here is by how much.
    check(Made::Carried, false, 0.91);
    check(Made::Carried, true, 0.895);
}

/// Had bursts been ignored, an interval of Poisson would have been too narrow by far.
#[test]
fn bursts_are_not_taken_for_poisson() {
    let plan = Plan { trend: false, ..Plan::usual(BEFORE) };
    let narrow = share(400, |seed| {
        let (own, _) = Made::Bursts.series(0.0, seed);
        let sum = |it: &[Option<f64>]| it.iter().flatten().sum::<f64>();
        let (before, after) = own.values.split_at(BEFORE);
        let error = (1.0 / sum(before) + 1.0 / sum(after)).sqrt();
        let found = estimate(&own, None, &plan).unwrap_or_else(|it| panic!("{it}"));
        found.level.estimate.abs() <= 1.96 * error
    });
    assert!(narrow < 0.8, "Poisson's interval held in {narrow}");
}

#[test]
fn what_can_be_found_is_found_as_often_as_promised() {
    let check = |made: Made, trend: bool, better: Better| {
        let plan = Plan { trend, ..Plan::usual(BEFORE) };
        // How weeks differ is learnt from a long series, so that the formula is tested and not luck.
        let mut long =
            (made.series(0.0, 0).0.until(0), made.series(0.0, 0).1.map(|it| it.until(0)));
        for seed in 0..40 {
            let (own, other) = made.series(0.0, 1_000 + seed);
            long.0.values.extend(own.values);
            long.0.exposure.extend(own.exposure);
            if let Some((all, other)) = long.1.as_mut().zip(other) {
                all.values.extend(other.values);
                all.exposure.extend(other.exposure);
            }
        }
        let start = long.0.values.len();
        let known = Plan { start, trend: false, ..plan };
        let learnt = detectable(&long.0, long.1.as_ref(), &known, better, &[AFTER]).unwrap();
        let (own, other) = made.series(0.0, 1);
        let model = super::super::design::tests::planned(
            &own.until(BEFORE),
            other.map(|it| it.until(BEFORE)).as_ref(),
            &plan,
            better,
            (&learnt, AFTER),
        );
        let effect = model.expect("something can be found");
        let found = share(400, |seed| {
            let (own, other) = made.series(effect, seed);
            let found = estimate(&own, other.as_ref(), &plan).unwrap_or_else(|it| panic!("{it}"));
            found.level.sign() == if better == Better::Lower { -1 } else { 1 }
        });
        println!("{made:?}, {trend}, {effect}: found in {found}");
        assert!((0.74..=0.87).contains(&found), "{made:?}, {trend}, {effect}: found in {found}");
    };
    check(Made::Poisson, false, Better::Lower);
    check(Made::Poisson, true, Better::Higher);
    check(Made::Bursts, false, Better::Lower);
    check(Made::Teams, false, Better::Lower);
    check(Made::Independent, false, Better::Higher);
    check(Made::Independent, true, Better::Lower);
}

#[test]
fn more_weeks_find_smaller_effects_and_few_events_find_none() {
    let plan = Plan { trend: false, ..Plan::usual(BEFORE) };
    let (own, _) = Made::Poisson.series(0.0, 3);
    let found = detectable(&own, None, &plan, Better::Lower, &[4, 13, 26, 52]).unwrap();
    let sizes: Vec<f64> = found.looks.iter().map(|it| it.smallest.unwrap()).collect();
    assert!(sizes.windows(2).all(|it| it[0] < it[1] && it[1] < 0.0), "{sizes:?}");
    // One page in ten weeks: even if none came any more, two weeks could not show it.
    let rare = counts((0..BEFORE).map(|it| f64::from(u8::from(it % 10 == 3))));
    let found = detectable(&rare, None, &plan, Better::Lower, &[2]).unwrap();
    assert_eq!(found.looks[0].smallest, None);
}
