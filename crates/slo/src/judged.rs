//! Minutes judged by slices of time instead of by events.
//!
//! Intuition: with time slices the question is no longer "how many attempts failed" but "how much of
//! the time was it bad": a slice is good when enough of its events were good, and then a quiet night
//! weighs like a busy noon. That is what some agreements want, and it is not what users feel.
//! (Methods as OpenSLO v1 names them: Timeslices, `RatioTimeslices`.)
//!
//! Every minute of a slice carries the slice's verdict, so that windows remain sums of minutes. A
//! slice that is not over is judged by what is known of it, and its minutes again when more is.
//!
//! Invariants:
//! - an unknown minute stays unknown;
//! - a slice in which nobody came is good with time slices and empty with ratio time slices.

use crate::{Rings, Slice};
use model::{Method, RATIO_PARTS};

/// The minutes whose verdicts depend on `minute`, and what they are; nothing for occurrences.
pub(crate) fn verdicts(method: Method, raw: &Rings, minute: i64) -> Vec<(i64, Slice)> {
    let length = match method {
        Method::Occurrences => return Vec::new(),
        Method::TimeSlices { minutes, .. } | Method::RatioTimeSlices { minutes } => {
            i64::from(minutes.max(1))
        }
    };
    let start = minute.div_euclid(length) * length;
    let newest = raw.newest_minute().unwrap_or(minute);
    let minutes = start..(start + length).min(newest.max(minute) + 1);
    let slices: Vec<(i64, Slice)> = minutes.map(|it| (it, raw.slice(it))).collect();
    let verdict = verdict(method, slices.iter().map(|(_, it)| *it));
    let told = |it: Slice| if it == Slice::Unknown { it } else { verdict };
    slices.into_iter().map(|(at, it)| (at, told(it))).collect()
}

/// What one minute of a slice counts as.
fn verdict(method: Method, slices: impl Iterator<Item = Slice>) -> Slice {
    let (mut bad, mut total) = (0_u128, 0_u128);
    for it in slices.filter_map(Slice::counts) {
        bad += u128::from(it.bad.min(it.total));
        total += u128::from(it.total);
    }
    match method {
        Method::Occurrences => Slice::Unknown,
        Method::TimeSlices { bad_ppm, .. } => {
            Slice::known(u64::from(bad * 1_000_000 > total * u128::from(bad_ppm)), 1)
        }
        Method::RatioTimeSlices { .. } if total == 0 => Slice::known(0, 0),
        Method::RatioTimeSlices { .. } => {
            let parts = (bad * u128::from(RATIO_PARTS) + total / 2) / total;
            Slice::known(u64::try_from(parts).expect("at most the whole"), RATIO_PARTS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Prng;
    use model::Millis;

    const SLICES: Method = Method::TimeSlices { minutes: 5, bad_ppm: 50_000 };

    /// Records `minutes` (from minute 1000, a multiple of 5) as the board does, and compares
    /// "bad/total" of each judged minute.
    #[track_caller]
    fn check(method: Method, minutes: &[Option<(u64, u64)>], expected: &str) {
        let (mut raw, mut judged) = (Rings::new(Millis(0)), Rings::new(Millis(0)));
        for (minute, counts) in (1_000..).zip(minutes) {
            raw.record(minute, counts.map_or(Slice::Unknown, |(bad, all)| Slice::known(bad, all)));
            for (at, slice) in verdicts(method, &raw, minute) {
                judged.record(at, slice);
            }
        }
        let shown: Vec<String> = (1_000..)
            .zip(minutes)
            .map(|(minute, _)| match judged.slice(minute) {
                Slice::Unknown => "?".to_owned(),
                Slice::Known(it) => format!("{}/{}", it.bad, it.total),
            })
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn slices_of_time_are_judged() {
        let quiet = Some((0, 20));
        check(SLICES, &[quiet; 6], "0/1 0/1 0/1 0/1 0/1 0/1");
        // 5 of 100 is just allowed, 6 of 100 is not, and then all five minutes are bad.
        check(SLICES, &[quiet, Some((5, 20)), quiet, quiet, quiet], "0/1 0/1 0/1 0/1 0/1");
        check(SLICES, &[quiet, Some((6, 20)), quiet, quiet, quiet], "1/1 1/1 1/1 1/1 1/1");
        check(SLICES, &[None, Some((6, 20)), None, Some((0, 0)), None], "? 1/1 ? 1/1 ?");
        check(SLICES, &[Some((0, 0))], "0/1");
        let ratio = Method::RatioTimeSlices { minutes: 1 };
        check(
            ratio,
            &[Some((1, 3)), Some((0, 0)), None, Some((9, 3))],
            "3333/10000 0/0 ? 10000/10000",
        );
    }

    /// Goal: judged rings say what judging all slices at the end says. Method: seeded minutes,
    /// written once and some again, against a fold over kept events.
    #[test]
    fn judging_as_it_comes_equals_judging_at_the_end() {
        for seed in 0..40 {
            let mut prng = Prng::new(seed);
            let minutes = [1, 2, 3, 4, 5][usize::try_from(prng.below(5)).unwrap()];
            let method = if prng.below(2) == 0 {
                Method::TimeSlices { minutes, bad_ppm: 100_000 }
            } else {
                Method::RatioTimeSlices { minutes }
            };
            let (mut raw, mut judged) = (Rings::new(Millis(0)), Rings::new(Millis(0)));
            let mut kept = std::collections::BTreeMap::new();
            for step in 0..200_i64 {
                let late = if prng.below(4) == 0 { prng.below_i64(8) } else { 0 };
                let minute = 5_000 + (step - late).max(0);
                let slice = match prng.below(5) {
                    0 => Slice::Unknown,
                    _ => Slice::known(prng.below(4), prng.below(20)),
                };
                kept.insert(minute, slice);
                raw.record(minute, slice);
                for (at, slice) in verdicts(method, &raw, minute) {
                    judged.record(at, slice);
                }
            }
            let length = i64::from(minutes);
            for (minute, slice) in &kept {
                let start = minute.div_euclid(length) * length;
                let of_slice = kept.range(start..start + length).map(|(_, it)| *it);
                let expected = match slice {
                    Slice::Unknown => Slice::Unknown,
                    Slice::Known(_) => verdict(method, of_slice),
                };
                assert_eq!(judged.slice(*minute), expected, "seed {seed}, {method:?}, {minute}");
            }
        }
    }
}
