//! What a service's own history teaches.

use super::*;
use crate::testing::Prng;
use crate::{Board, Slice};
use model::{Millis, SloId};

const OBJECTIVE: &str = "99%";

/// What 27 days of `of` teach, as it stands at their end.
fn taught(of: &mut dyn FnMut(i64) -> Slice) -> Clustering {
    let (mut habit, mut rings) = (Habit::default(), Rings::new(Millis::from_days(28)));
    for minute in 0..27 * 24 * 60 {
        habit.learn(&rings, minute, Objective::parse(OBJECTIVE).unwrap());
        rings.record(minute, of(minute));
    }
    habit.clustering()
}

/// So many people a minute of a thousand, each failing up to `cluster` times.
fn people(prng: &mut Prng, of_thousand: u64, cluster: u64) -> Slice {
    let mut bad = 0;
    for _ in 0..4 {
        if prng.below(4_000) < of_thousand {
            bad += 1 + prng.below(cluster);
        }
    }
    Slice::known(bad, 100 + prng.below(20))
}

#[track_caller]
fn check(found: Clustering, failures: f64, minutes: f64) {
    // 324 pairs of hours know the scatter across minutes to within a tenth (one sigma), fewer busy ones less.
    let near =
        |found: Dispersion, expected: f64, by: f64| (found.ratio() / expected - 1.0).abs() < by;
    assert!(
        near(found.failures, failures, 0.15) && near(found.minutes, minutes, 0.3),
        "{found:?}, not {failures} and {minutes}"
    );
}

/// Goal: independent failures teach 1, clusters of 1 to 5 teach 11/3; a day that rises and falls teaches
/// nothing, and neither does an outage. Method: 27 days of minutes from a seed.
#[test]
fn scatter_is_learnt_from_healthy_hours() {
    let mut prng = Prng::new(47);
    check(taught(&mut |_| people(&mut prng, 100, 1)), 1.0, 1.0);
    let clustered = taught(&mut |_| people(&mut prng, 100, 5));
    check(clustered, 11.0 / 3.0, 1.0);
    let wave = |minute: i64| u64::try_from(minute.rem_euclid(1_440) / 6).unwrap();
    check(taught(&mut |minute| people(&mut prng, wave(minute), 1)), 1.0, 1.0);
    // Three hours of outage a week: hours in which the promise was broken are left out.
    let outage = |minute: i64| minute.rem_euclid(10_080) < 180;
    let mut with_outages = |minute: i64| {
        if outage(minute) { Slice::known(110, 110) } else { people(&mut prng, 100, 5) }
    };
    check(taught(&mut with_outages), 11.0 / 3.0, 1.0);
}

/// Failures that come in spells of ten minutes scatter across minutes.
#[test]
fn spells_are_learnt_across_minutes() {
    let mut prng = Prng::new(48);
    let mut spell_until = 0;
    let found = taught(&mut |minute| {
        if prng.below(600) == 0 {
            spell_until = minute + 10;
        }
        Slice::known(u64::from(minute < spell_until), 100)
    });
    assert!((6.0..12.0).contains(&found.minutes.ratio()), "{found:?}");
}

/// Little history changes little of what is believed beforehand.
#[test]
fn few_failures_teach_little() {
    assert_eq!(taught(&mut |_| Slice::known(0, 9)), Clustering::UNKNOWN);
    let found = taught(&mut |minute| Slice::known(u64::from(minute % 9_000 == 0), 9));
    assert!((3.2..4.0).contains(&found.failures.ratio()), "{found:?}");
}

/// Goal: a board that is built again from samples judges as the one that lived through them: late data,
/// gaps, and history of which the beginning is forgotten. Method: seeded minutes; the second board is fed with
/// the final minutes of the last 29 days only.
#[test]
fn a_board_built_again_judges_alike() {
    let catalogue = crate::testing::catalogue();
    let slos = ["api.up", "carrier.up"].map(SloId::from);
    for seed in 0..3 {
        let mut prng = Prng::new(seed);
        let (mut live, mut kept) = (Board::new(&catalogue), std::collections::BTreeMap::new());
        let mut minute = 29_000_000;
        while minute < 29_000_000 + 40 * 24 * 60 {
            minute += if prng.below(3_000) == 0 { prng.below_i64(2_000) } else { 1 };
            for slo in &slos {
                let slice = people(&mut prng, 2, 5);
                live.record(slo, minute, slice);
                kept.insert((minute, slo.clone()), slice);
                if prng.below(9) == 0 {
                    let late = minute - prng.below_i64(15);
                    if kept.contains_key(&(late, slo.clone())) {
                        live.record(slo, late, slice);
                        kept.insert((late, slo.clone()), slice);
                    }
                }
            }
            live.close_minute(minute);
        }
        let mut rebuilt = Board::new(&catalogue);
        for at in minute - 29 * 24 * 60..=minute {
            for slo in &slos {
                if let Some(slice) = kept.get(&(at, slo.clone())) {
                    rebuilt.record(slo, at, *slice);
                }
            }
            rebuilt.close_minute(at);
        }
        for slo in &slos {
            assert_eq!(live.clustering(slo), rebuilt.clustering(slo), "seed {seed}");
            assert_ne!(live.clustering(slo), Some(Clustering::UNKNOWN), "seed {seed}");
            assert_eq!(live.assess_slo(slo, minute), rebuilt.assess_slo(slo, minute));
        }
        let feature = "light-on".into();
        assert_eq!(live.assess_feature(&feature, minute), rebuilt.assess_feature(&feature, minute));
    }
}
