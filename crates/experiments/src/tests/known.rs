//! Series whose answer is known by arithmetic.

use super::{Dice, amounts, counts};
use crate::{
    Better, Doubt, Impact, Kind, Method, Plan, Series, before_and_after, detectable, doubts,
    estimate, had_been_bad, pre_trend,
};
use whatif::number::count;
use whatif::statistics::student;

#[track_caller]
fn near(found: f64, expect: f64, within: f64) {
    assert!((found - expect).abs() <= within, "{found}, not {expect}");
}

/// The level changes by −4 in the week of the change. Where the slope counted weeks from the beginning
/// of the series, as is often done, the same line would be said to have a level change of −9.
#[test]
fn the_level_change_is_the_one_in_the_week_of_the_change() {
    let plan = Plan { impact: Impact::LevelAndSlope, ..Plan::usual(20) };
    let line = |week: usize| {
        let since = count(week) - 20.0;
        let after = f64::from(u8::from(week >= 20));
        10.0 + 0.5 * since + after * (-4.0 + 0.25 * since)
    };
    // What swings from week to week and is the same in every four is orthogonal to lines, nearly.
    let noise = |week: usize| [0.01, -0.01, -0.01, 0.01][week % 4];
    let found = estimate(&amounts((0..40).map(|it| line(it) + noise(it))), None, &plan).unwrap();
    assert_eq!((found.method, found.weeks), (Method::RestrictedLikelihood, (20, 20)));
    near(found.level.estimate, -4.0, 0.02);
    near(found.slope.unwrap().estimate, 0.25, 0.002);
    near(found.at_end.unwrap().estimate, -4.0 + 19.0 * 0.25, 0.02);
    // The same of counts, in logarithms.
    let found = estimate(&counts((0..40).map(|it| 1e6 * (line(it) / 20.0).exp())), None, &plan);
    let found = found.unwrap();
    near(found.level.estimate, -4.0 / 20.0, 1e-6);
    near(found.slope.unwrap().estimate, 0.25 / 20.0, 1e-6);
}

/// Two means and the formula of every textbook.
#[test]
fn below_twelve_weeks_it_is_least_squares() {
    let plan = Plan { trend: false, ..Plan::usual(6) };
    let values = [4.0, 6.0, 5.0, 7.0, 3.0, 5.0, 9.0, 8.0, 10.0, 9.0];
    let found = estimate(&amounts(values), None, &plan).unwrap();
    assert_eq!(found.method, Method::LeastSquares);
    near(found.level.estimate, 4.0, 1e-12);
    // Squares: 10 before, 2 after; eight degrees of freedom.
    let error = (12.0_f64 / 8.0 * (1.0 / 6.0 + 1.0 / 4.0)).sqrt();
    near(found.level.high - found.level.estimate, student(0.975, 8.0) * error, 1e-9);
    near(found.dispersion, (12.0_f64 / 8.0).sqrt(), 1e-12);
}

/// The logarithm of a ratio of rates has variance one over each sum.
#[test]
fn a_ratio_of_rates_is_the_ratio_of_means() {
    let plan = Plan { trend: false, ..Plan::usual(6) };
    let values = [5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 3.0, 2.0, 3.0, 2.0];
    let found = estimate(&counts(values), None, &plan).unwrap();
    assert_eq!((found.method, found.correlation), (Method::Poisson, 0.0));
    near(found.level.times().estimate, 2.5 / 5.5, 1e-9);
    let error = (1.0_f64 / 33.0 + 1.0 / 10.0).sqrt();
    near(found.level.high - found.level.estimate, student(0.975, 8.0) * error, 1e-8);
    // Twice as many people and twice as many pages are the same rate.
    let mut doubled = counts(values);
    for week in 6..10 {
        doubled.values[week] = doubled.values[week].map(|it| 2.0 * it);
        doubled.exposure[week] = 2.0;
    }
    let found = estimate(&doubled, None, &plan).unwrap();
    near(found.level.times().estimate, 2.5 / 5.5, 1e-9);
    near(found.after, 2.5, 1e-12);
}

/// What happens to both teams goes; without the other team it is taken for the effect.
#[test]
fn another_team_takes_away_what_happened_to_everybody() {
    let plan = Plan { trend: false, ..Plan::usual(30) };
    let mut dice = Dice::new(1);
    let season = |week: usize| if week >= 26 { 2.0 } else { 1.0 };
    let after = |week: usize| if week >= 30 { 0.5 } else { 1.0 };
    let own = counts((0..60).map(|it| dice.poisson(10.0 * season(it) * after(it))));
    let other = counts((0..60).map(|it| dice.poisson(14.0 * season(it))));
    let alone = estimate(&own, None, &plan).unwrap();
    assert!(!alone.level.times().holds(0.5), "{alone:?}");
    let beside = estimate(&own, Some(&other), &plan).unwrap();
    assert_eq!(beside.method, Method::Share);
    assert!(beside.level.times().holds(0.5) && beside.level.sign() == -1, "{beside:?}");
    // The same people in the other team twice over: a rate, not a count.
    let mut grown = other.clone();
    grown.exposure.iter_mut().enumerate().for_each(|(week, it)| *it = 1.0 + count(week) / 60.0);
    let mut counted = grown.clone();
    for (week, value) in counted.values.iter_mut().enumerate() {
        *value = Some(dice.poisson(14.0 * season(week) * (1.0 + count(week) / 60.0)));
    }
    let beside = estimate(&own, Some(&counted), &plan).unwrap();
    assert!(beside.level.times().holds(0.5), "{beside:?}");
    let amounts_alike: Vec<f64> = (0..60).map(|it| 30.0 * season(it) + dice.normal()).collect();
    let own = amounts(amounts_alike.iter().enumerate().map(|(week, it)| it + 3.0 * after(week)));
    let beside = estimate(&own, Some(&amounts(amounts_alike)), &plan).unwrap();
    near(beside.level.estimate, -1.5, 1e-9);
}

#[test]
fn too_little_says_why() {
    let check = |series: &Series, plan: &Plan, expect: &str| {
        let found = estimate(series, None, plan);
        assert!(found.as_ref().is_err_and(|it| it.contains(expect)), "{expect}: {found:?}");
    };
    let plan = Plan::usual(3);
    check(&counts([1.0; 9]), &plan, "3 weeks before and 6 after");
    check(&counts([1.0; 9]), &Plan::usual(8), "8 weeks before and 1 after");
    check(&counts([0.0; 20]), &Plan::usual(10), "nothing happened in them");
    let early = detectable(&counts([1.0; 9]), None, &plan, Better::Lower, &[13]);
    assert!(early.unwrap_err().contains("3 weeks before the change were seen"));
    // A week that was not seen is not a week without pages; weeks of transition are not looked at.
    let mut gaps = counts([6.0, 4.0, 5.0, 5.0, 6.0, 4.0, 100.0, 100.0, 5.0, 5.0, 6.0, 4.0]);
    gaps.values[3] = None;
    let plan = Plan { transition: 2, trend: false, ..Plan::usual(6) };
    let found = estimate(&gaps, None, &plan).unwrap();
    assert_eq!(found.weeks, (5, 4));
    near(found.level.estimate, 0.0, 1e-9);
}

#[test]
fn doubts_follow_from_the_series() {
    let even: Vec<f64> = (0..60).map(|it| 5.0 + f64::from(it % 2)).collect();
    let plan = Plan { trend: false, ..Plan::usual(30) };
    let none = doubts(&counts(even.clone()), Some(&counts(even.clone())), &plan, Better::Lower);
    assert_eq!(none, vec![]);
    let alone = doubts(&counts(even.clone()), None, &plan, Better::Lower);
    assert_eq!(alone, vec![Doubt::NoControl, Doubt::Season]);
    let mut bad = even.clone();
    bad[26..30].fill(12.0);
    assert!(had_been_bad(&counts(bad.clone()), &plan, Better::Lower));
    assert!(!had_been_bad(&counts(bad), &plan, Better::Higher));
    let drifting = counts((0..60).map(|it| 5.0 + f64::from(it) / 4.0 + f64::from(it % 2)));
    let plan = Plan { trend: false, ..Plan::usual(50) };
    let found = doubts(&drifting, Some(&counts(even.clone())), &plan, Better::Lower);
    assert_eq!(found, vec![Doubt::PreTrend, Doubt::HadBeenBad, Doubt::Short]);
    assert_eq!(pre_trend(&drifting, None, &plan).map(|it| it.sign()), Some(1));
    assert_eq!(pre_trend(&counts(even), None, &plan).map(|it| it.sign()), Some(0));
    let kinds = |it: &[(&str, usize)]| it.iter().map(|it| (it.0.to_owned(), it.1)).collect();
    let (shifts, moved) =
        before_and_after(&kinds(&[("page", 10), ("ticket", 30)]), &kinds(&[("ticket", 8)]));
    near(moved, 0.25, 1e-12);
    assert_eq!(shifts.len(), 2);
    for doubt in [Doubt::Luck, Doubt::Composition(0.25), Doubt::People(4.0, 6.0), Doubt::Early] {
        assert!(doubt.words().starts_with("that ") || doubt.words().starts_with("anything "));
    }
    assert_eq!(Series::of(Kind::Mean, vec![None]).until(5).values.len(), 1);
}
