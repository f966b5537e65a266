//! In which minutes something failed: one bit each, for four days.
//!
//! Intuition: five failures within one minute may be one person who pressed five times; failures in five
//! different minutes hardly are. So the number of minutes with a failure is how many failures there
//! were at the very least, as far as failures cause each other within the minute they happen in.
//!
//! A bit costs little: 720 bytes for four days, longer than the longest window of the usual conditions.
//! Cumulative counts as in [`Rings`](crate::Rings) would cost 7 700.
//!
//! Invariants:
//! - a minute that is unknown, skipped or without failure has no bit;
//! - asked about minutes that are no longer kept, the answer is of those that are: never too many.

/// Minutes kept.
const KEPT: i64 = 4 * 24 * 60;
const WORDS: usize = 90;
const _: () = assert!(WORDS * 64 == 4 * 24 * 60);

/// A ring of bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailingMinutes(Box<[u64; WORDS]>);

impl Default for FailingMinutes {
    fn default() -> Self {
        Self(Box::new([0; WORDS]))
    }
}

impl FailingMinutes {
    /// Sets a minute that is kept.
    pub(crate) fn set(&mut self, minute: i64, fails: bool) {
        let (word, bit) = place(minute);
        if fails {
            self.0[word] |= 1 << bit;
        } else {
            self.0[word] &= !(1 << bit);
        }
    }

    /// Sets the newest minute; those from `end` up to it were skipped.
    pub(crate) fn append(&mut self, end: i64, minute: i64, fails: bool) {
        for skipped in end.max(minute - KEPT + 1)..minute {
            self.set(skipped, false);
        }
        self.set(minute, fails);
    }

    /// How many of the minutes from `first` up to but without `end` fail, while `newest_end` is the end
    /// of all that is recorded.
    pub(crate) fn count(&self, first: i64, end: i64, newest_end: i64) -> u64 {
        let (mut next, end) = (first.max(newest_end - KEPT), end.min(newest_end));
        let mut count = 0;
        while next < end {
            let (word, bit) = place(next);
            let wanted = (end - next).min(64 - i64::from(bit));
            let mask = if wanted == 64 { u64::MAX } else { ((1 << wanted) - 1) << bit };
            count += u64::from((self.0[word] & mask).count_ones());
            next += wanted;
        }
        count
    }
}

fn place(minute: i64) -> (usize, u32) {
    let at = u32::try_from(minute.rem_euclid(KEPT)).expect("a remainder");
    ((at / 64) as usize, at % 64)
}

#[cfg(test)]
mod tests {
    use crate::testing::Prng;
    use crate::{Rings, Slice, WindowCounts};
    use model::Millis;
    use std::collections::BTreeSet;

    /// Goal: the count equals the minutes one would tick off on paper. Method: seeded minutes with gaps of
    /// up to five days and late rewrites, beside a set.
    #[test]
    fn failing_minutes_equal_a_list() {
        for seed in 0..20 {
            let mut prng = Prng::new(seed);
            let mut rings = Rings::new(Millis::from_days(28));
            let mut paper = BTreeSet::new();
            let mut head = 29_000_000 - prng.below_i64(9_000);
            rings.record(head, Slice::Unknown);
            for _ in 0..9_000 {
                let minute = match prng.below(400) {
                    0 => head + prng.below_i64(7_200) + 1,
                    1..20 => head - prng.below_i64(15),
                    _ => head + 1,
                };
                let bad = prng.below(6).saturating_sub(3);
                let slice = if prng.below(9) == 0 { Slice::Unknown } else { Slice::known(bad, 9) };
                rings.record(minute, slice);
                paper.remove(&minute);
                if slice.counts().is_some_and(|it| it.bad > 0) {
                    paper.insert(minute);
                }
                head = head.max(minute);
                let (end, length) = (head - prng.below_i64(9), 1 + prng.below(5_000));
                let window = WindowCounts {
                    minutes: u32::try_from(length).unwrap(),
                    ..WindowCounts::default()
                };
                let first = end + 1 - i64::try_from(length).unwrap();
                let expected = paper.range(first..=end).count() as u64;
                assert_eq!(rings.failing_minutes(end, &window), expected, "seed {seed}, {minute}");
            }
        }
    }

    #[test]
    fn a_window_longer_than_is_kept_counts_what_is_kept() {
        let mut rings = Rings::new(Millis::from_days(28));
        for minute in 0..20_000 {
            rings.record(minute, Slice::known(1, 1));
        }
        let window = rings.window(19_999, Millis::from_days(10));
        assert_eq!(rings.failing_minutes(19_999, &window), 5_760);
    }
}
