//! The traffic of the emulated services, as a function of time.
//!
//! Intuition: an odometer whose speed is known for every instant. The count at any time is a formula,
//! not a running sum, so 28 days of history and the live counters come from the same place and fit
//! together without a seam, and the same seed gives the same counts on every machine.
//!
//! Invariants:
//! - good and bad counts never fall, whatever is broken or mended;
//! - counts depend on seed, time and breakages only.

use model::Timestamp;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use std::f64::consts::TAU;

/// One kind of event: so many a minute, more by day than by night, a small share of them bad.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    per_minute: f64,
    /// Share of the rate, length in minutes, phase in turns.
    waves: Vec<(f64, f64, f64)>,
    bad_share: f64,
    bad_waves: Vec<(f64, f64, f64)>,
    past: Vec<Spell>,
}

/// A time with more bad events than usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spell {
    /// First minute, counted from the beginning of history.
    pub(crate) from: f64,
    /// The minute after the last.
    pub(crate) to: f64,
    /// Share of the events that are bad besides the usual ones.
    pub(crate) share: f64,
}

/// How a stream is shaped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) per_minute: f64,
    /// The minute of the UTC day with the most traffic.
    pub(crate) busiest: f64,
    /// The usual share of bad events.
    pub(crate) bad_share: f64,
}

/// Cumulative counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counters {
    pub(crate) good: u64,
    pub(crate) bad: u64,
}

impl Stream {
    pub(crate) fn new(shape: Shape, seed: u64, past: Vec<Spell>) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut turn = || random.random_range(0.0..1.0);
        let day = 1_440.0;
        // A wave is highest where its angle is a quarter turn.
        let busiest = 0.25 - shape.busiest / day;
        let waves = vec![
            (0.50, day, busiest),
            (0.10, day / 2.0, turn()),
            (0.06, 97.0, turn()),
            (0.05, 13.0, turn()),
            (0.04, 3.7, turn()),
        ];
        let bad_waves = vec![(0.35, 311.0, turn()), (0.30, 47.0, turn()), (0.25, 5.3, turn())];
        let Shape { per_minute, bad_share, .. } = shape;
        Self { per_minute, waves, bad_share, bad_waves, past }
    }

    /// All events up to `minute` of history.
    pub(crate) fn total(&self, minute: f64) -> f64 {
        self.per_minute * (minute + risen(&self.waves, minute))
    }

    /// The usual bad events, and those of past spells, up to `minute` of history.
    pub(crate) fn usual_bad(&self, minute: f64) -> f64 {
        let usual =
            self.bad_share * self.per_minute * 0.25 * (minute + risen(&self.bad_waves, minute))
                + self.bad_share * 0.75 * self.total(minute);
        let spells = self
            .past
            .iter()
            .map(|it| it.share * (self.total(minute.clamp(it.from, it.to)) - self.total(it.from)));
        usual + spells.sum::<f64>()
    }

    /// What the counters show at `minute` of history when `extra` events were bad besides.
    pub(crate) fn counters(&self, minute: f64, extra: f64) -> Counters {
        let bad = self.usual_bad(minute) + extra;
        // Each is rounded by itself: both only ever rise, which their difference would not.
        Counters { good: whole(self.total(minute) - bad), bad: whole(bad) }
    }
}

/// The integral of the waves from 0 to `minute`.
fn risen(waves: &[(f64, f64, f64)], minute: f64) -> f64 {
    waves
        .iter()
        .map(|(share, length, phase)| {
            let angle = |at: f64| TAU * (at / length + phase);
            share * length / TAU * (angle(0.0).cos() - angle(minute).cos())
        })
        .sum()
}

/// Minutes since `epoch`, with fractions.
pub(crate) fn minutes_since(epoch: Timestamp, at: Timestamp) -> f64 {
    float(at.since(epoch).0) / 60_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a few years in milliseconds are below 2^53")]
fn float(value: i64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of a demo, never negative"
)]
fn whole(value: f64) -> u64 {
    value.max(0.0).floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(seed: u64) -> Stream {
        let shape = Shape { per_minute: 60.0, busiest: 600.0, bad_share: 0.001 };
        Stream::new(shape, seed, vec![Spell { from: 3_000.0, to: 3_060.0, share: 0.2 }])
    }

    /// Goal: nobody ever sees a counter fall. Method: every two seconds over three days, with a
    /// breakage in between.
    #[test]
    fn counters_only_rise() {
        let stream = stream(7);
        let mut last = Counters::default();
        let (mut extra, mut before) = (0.0, stream.total(0.0));
        for step in 0..=(3 * 1_440 * 30) {
            let minute = f64::from(step) / 30.0;
            let total = stream.total(minute);
            if (1_000.0..1_100.0).contains(&minute) {
                extra += 0.95 * (total - before);
            }
            before = total;
            let now = stream.counters(minute, extra);
            assert!(now.good >= last.good && now.bad >= last.bad, "{minute}: {last:?} {now:?}");
            last = now;
        }
        assert!(last.bad > 0 && last.good > last.bad);
    }

    #[test]
    fn a_spell_is_as_bad_as_it_says() {
        let stream = stream(7);
        let share = |from: f64, to: f64| {
            let bad = stream.usual_bad(to) - stream.usual_bad(from);
            bad / (stream.total(to) - stream.total(from))
        };
        assert!((0.200..0.203).contains(&share(3_000.0, 3_060.0)));
        assert!((0.0002..0.002).contains(&share(3_060.0, 3_120.0)));
        assert!((0.0009..0.0011).contains(&(share(4_000.0, 9_000.0))));
    }

    #[test]
    fn a_seed_says_it_all() {
        let at = |seed| stream(seed).counters(12_345.6, 0.0);
        assert_eq!(at(1), at(1));
        assert_ne!(at(1), at(2));
    }

    #[test]
    fn noon_is_busier_than_midnight() {
        let stream = stream(3);
        let hour = |start: f64| stream.total(start + 60.0) - stream.total(start);
        assert!(hour(570.0) > 2.0 * hour(570.0 + 720.0));
    }
}
