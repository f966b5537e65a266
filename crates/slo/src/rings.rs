//! Cumulative counts in three rings: by minute for 6 hours, by 5 minutes for 3 days, by hour for
//! the whole window.
//!
//! Intuition: an odometer read at mile posts. Posts stand densely near the present and thinly far
//! back; what happened between two posts is the difference of two readings, so every window, short
//! or long, costs the same. The far end of a window is moved back to the nearest post, and
//! `minutes` of the answer says how long it came out.
//!
//! A reading is 16 bytes: two counts modulo 2^48 and the number of known minutes modulo 2^32.
//! Differences of such readings are exact while a window holds fewer than 2^48 events, which
//! [`EVENTS_PER_MINUTE_MAX`] and [`WINDOW_MAX`] ensure. Plain `u64` would take 38 KiB for 28 days;
//! `u32` would be wrong above 1 800 events a second over 28 days.
//!
//! Invariants:
//! - recording the same slice for the same minute again changes nothing;
//! - the last [`LATE_MINUTES_MAX`] minutes can be rewritten, older ones never change;
//! - a minute that was skipped is unknown.

use crate::{Counts, Slice, WindowCounts};
use model::Millis;

/// How many of the last minutes may still be rewritten by late data.
pub const LATE_MINUTES_MAX: i64 = 15;

/// Events of one minute beyond which counts are scaled down, 8 million a second.
pub const EVENTS_PER_MINUTE_MAX: u64 = 500_000_000;

/// The longest window that can be kept.
pub const WINDOW_MAX: Millis = Millis::from_days(366);

/// Hours are kept at least this long, also for shorter windows, so that charts can show them.
pub const WINDOW_MIN_KEPT: Millis = Millis::from_days(28);

const MASK_48: u64 = (1 << 48) - 1;

/// One boundary more than intervals, and room for the late minutes.
const MINUTE_SLOTS: usize = 360 + 1 + 15;
const FIVE_MINUTE_SLOTS: usize = 864 + 1 + 4;
const HOUR_SLOTS_SPARE: i64 = 1 + 2;

/// What became of a recorded slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is in.
    Stored,
    /// It is in, scaled down to [`EVENTS_PER_MINUTE_MAX`] with its ratio kept.
    Scaled,
    /// Its minute can no longer be changed.
    TooLate,
}

/// The counts of one objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rings {
    minutes: Tier<1>,
    five_minutes: Tier<5>,
    hours: Tier<60>,
    /// The boundary behind the newest recorded minute.
    end: Option<i64>,
    /// The reading at `end`.
    latest: Reading,
}

impl Rings {
    /// Empty rings that can answer for windows up to `window`.
    #[must_use]
    pub fn new(window: Millis) -> Self {
        Self {
            minutes: Tier::new(MINUTE_SLOTS),
            five_minutes: Tier::new(FIVE_MINUTE_SLOTS),
            hours: Tier::new(hour_slots(window)),
            end: None,
            latest: Reading::default(),
        }
    }

    /// Sets what is known about `minute` (minutes since the epoch).
    pub fn record(&mut self, minute: i64, slice: Slice) -> Recorded {
        let (delta, outcome) = Reading::of(slice);
        let boundary = minute + 1;
        let end = *self.end.get_or_insert(minute);
        if boundary > end {
            self.append(end, boundary, delta);
            return outcome;
        }
        if end - boundary >= LATE_MINUTES_MAX {
            return Recorded::TooLate;
        }
        let old = self.minutes.get(boundary).minus(self.minutes.get(minute));
        let change = delta.minus(old);
        self.minutes.add(boundary, end, change);
        self.five_minutes.add(boundary, end, change);
        self.hours.add(boundary, end, change);
        self.latest = self.latest.plus(change);
        outcome
    }

    /// What is known about the `length` that ends with `end_minute`, that minute included. The
    /// beginning is moved back to the next boundary kept: a minute within 6 hours, 5 minutes
    /// within 3 days, an hour before that.
    #[must_use]
    pub fn window(&self, end_minute: i64, length: Millis) -> WindowCounts {
        let end = end_minute + 1;
        self.between(end - length.whole_mins().max(1), end)
    }

    /// What is known about `minute`; unknown when it is older than 6 hours.
    #[must_use]
    pub fn slice(&self, minute: i64) -> Slice {
        let in_reach = |end| minute < end && self.minutes.holds(minute, end);
        if !self.end.is_some_and(in_reach) {
            return Slice::Unknown;
        }
        let delta = self.minutes.get(minute + 1).minus(self.minutes.get(minute));
        if delta.known == 0 {
            Slice::Unknown
        } else {
            Slice::Known(Counts { bad: delta.bad(), total: delta.total() })
        }
    }

    /// The last `hours` whole hours of the clock up to the one of `end_minute`, which may be
    /// incomplete, oldest first, each with its first minute.
    #[must_use]
    pub fn hours(&self, end_minute: i64, hours: u32) -> Vec<(i64, WindowCounts)> {
        let last = end_minute.div_euclid(60);
        (last - i64::from(hours) + 1..=last)
            .map(|hour| {
                let (start, end) = (hour * 60, (hour * 60 + 60).min(end_minute + 1));
                (start, self.between(start, end))
            })
            .collect()
    }

    /// The newest minute recorded.
    #[must_use]
    pub fn newest_minute(&self) -> Option<i64> {
        self.end.map(|it| it - 1)
    }

    /// Makes room for `window`, keeping what is known.
    pub fn resize(&mut self, window: Millis) {
        let mut hours = Tier::new(hour_slots(window));
        if hours.slots.len() == self.hours.slots.len() {
            return;
        }
        if let Some(end) = self.end {
            let mut boundary = hours.oldest(end).max(self.hours.oldest(end));
            while boundary <= end {
                hours.set(boundary, self.hours.get(boundary));
                boundary += 60;
            }
        }
        self.hours = hours;
    }

    /// Bytes of memory taken.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let tiers = [&self.minutes.slots, &self.five_minutes.slots, &self.hours.slots];
        size_of::<Self>() + tiers.into_iter().map(|it| size_of_val(&**it)).sum::<usize>()
    }

    fn append(&mut self, end: i64, boundary: i64, delta: Reading) {
        let before = self.latest;
        self.latest = self.latest.plus(delta);
        self.minutes.append(end, boundary, before, self.latest);
        self.five_minutes.append(end, boundary, before, self.latest);
        self.hours.append(end, boundary, before, self.latest);
        self.end = Some(boundary);
    }

    fn between(&self, start: i64, end: i64) -> WindowCounts {
        let (_, last) = self.reading(end);
        let (start, first) = self.reading(start);
        let delta = last.minus(first);
        WindowCounts {
            bad: delta.bad(),
            total: delta.total(),
            known_minutes: delta.known,
            minutes: u32::try_from(end - start).unwrap_or(u32::MAX),
        }
    }

    /// The reading at the nearest boundary kept at or before `boundary`, and that boundary.
    fn reading(&self, boundary: i64) -> (i64, Reading) {
        let Some(end) = self.end else { return (boundary, self.latest) };
        if boundary >= end {
            return (boundary, self.latest);
        }
        let found = self.minutes.at_or_before(boundary, end);
        let found = found.or_else(|| self.five_minutes.at_or_before(boundary, end));
        // Older than everything kept: the minutes before the oldest reading are unknown.
        let oldest = || (boundary, self.hours.get(self.hours.oldest(end)));
        found.or_else(|| self.hours.at_or_before(boundary, end)).unwrap_or_else(oldest)
    }
}

fn hour_slots(window: Millis) -> usize {
    let kept = window.max(WINDOW_MIN_KEPT).min(WINDOW_MAX);
    let hours = (kept.whole_mins() + 59).div_euclid(60);
    usize::try_from(hours + HOUR_SLOTS_SPARE).expect("a few thousand hours")
}

/// Cumulative counts at boundaries that are multiples of `STEP` minutes. The step is known when this is
/// compiled, because dividing by it is most of what looking something up costs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tier<const STEP: i64> {
    slots: Box<[Reading]>,
}

impl<const STEP: i64> Tier<STEP> {
    fn new(slots: usize) -> Self {
        Self { slots: vec![Reading::default(); slots].into_boxed_slice() }
    }

    /// Goes on from the boundary `end` to `boundary`: `before` is what was read there, `latest` what is now.
    fn append(&mut self, end: i64, boundary: i64, before: Reading, latest: Reading) {
        self.fill(end, boundary - 1, before);
        if boundary.rem_euclid(STEP) == 0 {
            self.set(boundary, latest);
        }
    }

    /// The boundary of this tier at or before `boundary`, and what was read there, where it is kept.
    fn at_or_before(&self, boundary: i64, end: i64) -> Option<(i64, Reading)> {
        let rounded = boundary.div_euclid(STEP) * STEP;
        self.holds(rounded, end).then(|| (rounded, self.get(rounded)))
    }

    /// The oldest boundary held while `end` is the newest of all.
    fn oldest(&self, end: i64) -> i64 {
        let slots = i64::try_from(self.slots.len()).expect("a few thousand slots");
        (end.div_euclid(STEP) - (slots - 1)) * STEP
    }

    fn holds(&self, boundary: i64, end: i64) -> bool {
        boundary >= self.oldest(end)
    }

    fn index(&self, boundary: i64) -> usize {
        debug_assert_eq!(boundary.rem_euclid(STEP), 0, "not a boundary of this tier");
        // Divided as 32 bits, which is several times as quick; minutes of our time fit.
        let number = boundary.div_euclid(STEP);
        if let (Ok(number), Ok(slots)) = (u32::try_from(number), u32::try_from(self.slots.len())) {
            return (number % slots) as usize;
        }
        let slots = i64::try_from(self.slots.len()).expect("a few thousand slots");
        usize::try_from(number.rem_euclid(slots)).expect("a remainder")
    }

    fn get(&self, boundary: i64) -> Reading {
        self.slots[self.index(boundary)]
    }

    fn set(&mut self, boundary: i64, reading: Reading) {
        let index = self.index(boundary);
        self.slots[index] = reading;
    }

    /// Writes `reading` at every boundary after `after`, up to and including `until`.
    fn fill(&mut self, after: i64, until: i64, reading: Reading) {
        let mut boundary = (after.div_euclid(STEP) + 1) * STEP;
        boundary = boundary.max(self.oldest(until));
        while boundary <= until {
            self.set(boundary, reading);
            boundary += STEP;
        }
    }

    /// Adds `change` at every boundary from `from` up to and including `end`.
    fn add(&mut self, from: i64, end: i64, change: Reading) {
        let mut boundary = (from + STEP - 1).div_euclid(STEP) * STEP;
        while boundary <= end {
            self.set(boundary, self.get(boundary).plus(change));
            boundary += STEP;
        }
    }
}

/// One reading of the odometer; also the difference of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Reading {
    bad_low: u32,
    total_low: u32,
    bad_high: u16,
    total_high: u16,
    known: u32,
}

impl Reading {
    fn new(bad: u64, total: u64, known: u32) -> Self {
        let (bad_low, bad_high) = split(bad);
        let (total_low, total_high) = split(total);
        Self { bad_low, total_low, bad_high, total_high, known }
    }

    fn of(slice: Slice) -> (Self, Recorded) {
        let Some(Counts { bad, total }) = slice.counts() else {
            return (Self::default(), Recorded::Stored);
        };
        let largest = bad.max(total);
        if largest <= EVENTS_PER_MINUTE_MAX {
            return (Self::new(bad, total, 1), Recorded::Stored);
        }
        let scale = |count: u64| {
            let scaled =
                u128::from(count) * u128::from(EVENTS_PER_MINUTE_MAX) / u128::from(largest);
            u64::try_from(scaled).expect("at most the maximum")
        };
        (Self::new(scale(bad), scale(total), 1), Recorded::Scaled)
    }

    fn bad(self) -> u64 {
        join(self.bad_low, self.bad_high)
    }

    fn total(self) -> u64 {
        join(self.total_low, self.total_high)
    }

    fn plus(self, other: Self) -> Self {
        Self::new(
            self.bad().wrapping_add(other.bad()),
            self.total().wrapping_add(other.total()),
            self.known.wrapping_add(other.known),
        )
    }

    fn minus(self, other: Self) -> Self {
        Self::new(
            self.bad().wrapping_sub(other.bad()),
            self.total().wrapping_sub(other.total()),
            self.known.wrapping_sub(other.known),
        )
    }
}

const fn split(count: u64) -> (u32, u16) {
    let count = count & MASK_48;
    ((count & 0xffff_ffff) as u32, (count >> 32) as u16)
}

const fn join(low: u32, high: u16) -> u64 {
    (low as u64) | ((high as u64) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Prng;
    use std::collections::BTreeMap;

    #[test]
    fn twenty_eight_days_fit_into_32_kib() {
        let size = Rings::new(Millis::from_days(28)).size_bytes();
        assert!(size <= 32 * 1024, "{size} bytes");
        assert_eq!(size_of::<Reading>(), 16);
    }

    /// Goal: every window equals the sum over its minutes.
    /// Method: random minutes, gaps and late rewrites from a seed, beside a plain map.
    #[test]
    fn windows_equal_brute_force() {
        for seed in 0..60 {
            let mut prng = Prng::new(seed);
            let mut rings = Rings::new(Millis::from_days(28));
            let mut truth: BTreeMap<i64, Slice> = BTreeMap::new();
            let mut head = 29_000_000 - prng.below_i64(50_000);
            for _ in 0..prng.below(6_000) + 10 {
                let minute = match prng.below(20) {
                    0 => head - prng.below_i64(20),
                    1 if prng.below(40) == 0 => head + prng.below_i64(9_000),
                    2 => head + 2 + prng.below_i64(9),
                    _ => head + 1,
                };
                let total = prng.below(3_000_000_000).min(EVENTS_PER_MINUTE_MAX);
                let slice = match prng.below(6) {
                    0 => Slice::Unknown,
                    1 => Slice::known(0, 0),
                    _ => Slice::known(prng.below(total + 1), total),
                };
                let outcome = rings.record(minute, slice);
                let late = !truth.is_empty() && minute <= head - LATE_MINUTES_MAX;
                let expected = if late { Recorded::TooLate } else { Recorded::Stored };
                assert_eq!(outcome, expected, "seed {seed}, minute {minute}, head {head}");
                if !late {
                    truth.insert(minute, slice);
                    head = if truth.len() == 1 { minute } else { head.max(minute) };
                }
            }
            for _ in 0..40 {
                let end = head - prng.below_i64(14) + prng.below_i64(30) / 20 * 7;
                let length = 1 + prng.below_i64(28 * 24 * 60) / (1 + prng.below_i64(300));
                check_window(&rings, &truth, (end, length), seed);
            }
            for (minute, slice) in truth.range(head - 359..) {
                assert_eq!(rings.slice(*minute), *slice, "seed {seed}, minute {minute}");
            }
        }
    }

    #[track_caller]
    fn check_window(rings: &Rings, truth: &BTreeMap<i64, Slice>, at: (i64, i64), seed: u64) {
        let (end, length) = at;
        let found = rings.window(end, Millis::from_mins(length));
        let minutes = i64::from(found.minutes);
        let width = match length {
            ..=360 => 1,
            361..=4320 => 5,
            _ => 60,
        };
        assert!((length..length + width).contains(&minutes), "seed {seed}: {length} → {minutes}");
        let mut expected = WindowCounts { minutes: found.minutes, ..WindowCounts::default() };
        for counts in truth.range(end + 1 - minutes..=end).filter_map(|(_, it)| it.counts()) {
            expected.bad += counts.bad;
            expected.total += counts.total;
            expected.known_minutes += 1;
        }
        assert_eq!(found, expected, "seed {seed}, end {end}, length {length}");
    }

    #[test]
    fn a_minute_with_too_many_events_keeps_its_ratio_and_says_so() {
        let mut rings = Rings::new(Millis::from_days(28));
        assert_eq!(rings.record(0, Slice::known(u64::MAX / 4, u64::MAX / 2)), Recorded::Scaled);
        assert_eq!(rings.slice(0), Slice::known(249_999_999, EVENTS_PER_MINUTE_MAX));
    }

    #[test]
    fn nothing_recorded_is_unknown_and_not_zero() {
        let rings = Rings::new(Millis::from_days(28));
        let window = rings.window(1_000, Millis::from_hours(1));
        assert_eq!(window, WindowCounts { minutes: 60, ..WindowCounts::default() });
        assert_eq!((window.error_ratio(), window.coverage()), (None, 0.0));
        assert_eq!(rings.slice(1_000), Slice::Unknown);
    }

    #[test]
    fn a_longer_window_keeps_what_is_known() {
        let mut rings = Rings::new(Millis::from_days(28));
        for minute in 0..28 * 24 * 60 {
            rings.record(minute, Slice::known(1, 10));
        }
        let end = 28 * 24 * 60 - 1;
        let before = rings.window(end, Millis::from_days(28));
        rings.resize(Millis::from_days(90));
        assert_eq!(rings.window(end, Millis::from_days(28)), before);
        assert_eq!(before.bad, 28 * 24 * 60);
        let longer = rings.window(end, Millis::from_days(90));
        assert_eq!((longer.bad, longer.minutes), (28 * 24 * 60, 90 * 24 * 60));
    }

    #[test]
    fn hours_of_the_clock_end_with_the_one_that_is_running() {
        let mut rings = Rings::new(Millis::from_days(28));
        for minute in 30..150 {
            rings.record(minute, Slice::known(0, 1));
        }
        let shown: Vec<_> = rings
            .hours(149, 3)
            .into_iter()
            .map(|(first, it)| (first, it.total, it.known_minutes, it.minutes))
            .collect();
        assert_eq!(shown, [(0, 30, 30, 60), (60, 60, 60, 60), (120, 30, 30, 30)]);
    }
}
