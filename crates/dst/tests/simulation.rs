//! Twenty thousand days on fixed seeds, and the proof that the simulation would notice.

use dst::{Bug, DAYS_PER_SEED, run};
use std::ops::Range;

#[track_caller]
fn check(seeds: Range<u64>) {
    for seed in seeds {
        if let Err(violation) = run(seed, DAYS_PER_SEED, None) {
            panic!("{violation}");
        }
    }
}

// Four tests, so that they run side by side: 512 seeds of 40 days.

#[test]
fn every_property_holds_for_5_120_days() {
    check(0..128);
}

#[test]
fn every_property_holds_for_5_120_days_more() {
    check(128..256);
}

#[test]
fn every_property_holds_for_a_third_time_5_120_days() {
    check(256..384);
}

#[test]
fn every_property_holds_for_a_fourth_time_5_120_days() {
    check(384..512);
}

#[test]
fn the_same_seed_lives_the_same_life() {
    assert_eq!(run(7, 20, None), run(7, 20, None));
    assert_ne!(run(7, 20, None), run(8, 20, None));
}

/// Seeds tried per bug before it counts as not found.
const SEEDS_MAX: u64 = 20;

/// A bug that makes the writer spin is found too: a simulation that never ends would find nothing.
#[test]
fn every_planted_bug_is_found() {
    let mut missed = vec![];
    for bug in Bug::ALL {
        let found = (0..SEEDS_MAX).find_map(|seed| Some((seed, run(seed, 40, Some(bug)).err()?)));
        match found {
            Some((seed, violation)) => {
                let days = seed * u64::from(DAYS_PER_SEED) + u64::from(violation.day) + 1;
                println!("{bug}: found after {days} days: {}", violation.property);
            }
            None => missed.push(bug),
        }
    }
    assert_eq!(missed, [], "found by none of {SEEDS_MAX} seeds");
}
