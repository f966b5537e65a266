//! From raw samples of counters to events per minute.
//!
//! Intuition: a counter is an odometer that somebody reads now and then and that starts from zero
//! when its process does. Between two readings we know how many events there were, but not when;
//! they are spread evenly. Per series a corrected reading, which never falls, is interpolated at
//! the ends of the minutes and rounded down; a minute's events are the difference of two such whole
//! numbers, so that rounding never loses or invents an event.
//!
//! Decisions:
//! - **Reset**: a reading below the one before counts from zero.
//! - **First reading** of a series: it counts from zero if its target (`job` and `instance`) had
//!   been scraped before, in whatever selector of the same source: then the series is new, like the
//!   first error ever. Otherwise we are new, and it is only a starting point.
//! - **Gap** of more than [`GAP_INTERVALS_MAX`] intervals: nobody looked, so its minutes are not
//!   covered; but the events happened and belong to the budget. They are counted in the interval
//!   before the reading that ends the gap. The alternatives were to drop them, which would make
//!   every outage of the monitoring a gift, or to spread them over minutes that are unknown.
//! - **Late or repeated readings** go to their place by time; the same reading twice changes
//!   nothing. Readings older than what is kept, or not finite, are ignored; so are those from the
//!   future, which come again when their time has come.
//! - **Coverage** of a minute is that of its best covered series: one instance that is down does
//!   not make the others' traffic unknown.
//!
//! Invariants:
//! - the sum over all minutes equals the sum of all increases (rounded down per series);
//! - the same series counts the same in every selector that chooses it, so bad ≤ total minute by
//!   minute where bad chooses a part of total;
//! - state is bounded by [`SERIES_PER_SELECTOR_MAX`] and [`SAMPLES_PER_SERIES_MAX`].

use crate::LATE_MINUTES_MAX;
use crate::number::{float_signed, whole};
use model::{Labels, Millis, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Series one selector may choose. More is an error that names the selector.
pub const SERIES_PER_SELECTOR_MAX: usize = 10_000;

/// Readings kept per series; with more, minutes settle earlier than [`LATE_MINUTES_MAX`].
pub const SAMPLES_PER_SERIES_MAX: usize = 2_000;

/// How many intervals may pass between two readings before the time between them is unknown.
pub const GAP_INTERVALS_MAX: i64 = 3;

/// So many readings show at which pace they come.
const READINGS_OF_A_PACE: usize = 2;

/// Minutes kept beyond the late ones, so that the last late minute has a reading before it.
const SPARE_MINUTES: i64 = 3;

/// Readings of one counter, as a source gave them.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Labels, with the metric name as `__name__`.
    pub labels: Labels,
    /// Times and readings, in any order.
    pub samples: Vec<(Timestamp, f64)>,
}

/// More series than one selector may choose; nothing of them was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooManySeries {
    /// How many there would be.
    pub found: usize,
    /// How many there may be.
    pub max: usize,
}

impl std::fmt::Display for TooManySeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { found, max } = self;
        write!(f, "the selector chooses {found} series, more than the {max} that can be followed")
    }
}

impl std::error::Error for TooManySeries {}

/// Events of one minute over all series of a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MinuteSum {
    /// How many.
    pub count: u64,
    /// How much of the minute lies between readings, in its best covered series.
    pub covered: Millis,
}

/// When the targets of one source were scraped.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    scrapes: BTreeMap<Target, BTreeSet<Timestamp>>,
}

/// `job` and `instance`.
type Target = (String, String);

impl Targets {
    /// Remembers when the targets of `series` were scraped.
    pub fn note(&mut self, series: &[Series]) {
        for it in series {
            let scrapes = self.scrapes.entry(target_of(&it.labels)).or_default();
            scrapes.extend(it.samples.iter().map(|(at, _)| *at));
        }
    }

    /// Forgets what is older than `cutoff`, save the last scrape of each target; forgets targets
    /// not seen for a day.
    pub fn forget_before(&mut self, cutoff: Timestamp) {
        let gone = cutoff.minus(Millis::from_days(1));
        self.scrapes.retain(|_, scrapes| {
            let Some(last) = scrapes.last().copied() else { return false };
            let mut kept = scrapes.split_off(&cutoff);
            kept.insert(last);
            *scrapes = kept;
            last >= gone
        });
    }

    fn last_scrape_before(&self, labels: &Labels, at: Timestamp) -> Option<Timestamp> {
        self.scrapes.get(&target_of(labels))?.range(..at).next_back().copied()
    }
}

fn target_of(labels: &Labels) -> Target {
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    (label("job"), label("instance"))
}

/// All series of one selector.
#[derive(Debug, Clone)]
pub struct Differencer {
    interval: Millis,
    tracks: BTreeMap<Labels, Track>,
    sums: BTreeMap<i64, MinuteSum>,
    /// Minutes before this one are settled: readings they depend on are gone.
    settled_before: i64,
}

impl Differencer {
    /// For counters that are read every `interval`.
    #[must_use]
    pub fn new(interval: Millis) -> Self {
        let interval = interval.max(Millis(1));
        Self { interval, tracks: BTreeMap::new(), sums: BTreeMap::new(), settled_before: i64::MIN }
    }

    /// Changes how far apart readings are expected.
    pub fn set_interval(&mut self, interval: Millis) {
        self.interval = interval.max(Millis(1));
    }

    /// How far back readings are kept.
    #[must_use]
    pub fn retention(&self) -> Millis {
        Millis(Millis::from_mins(LATE_MINUTES_MAX + SPARE_MINUTES).0 + self.gap_max().0)
    }

    /// Whether `series` can be followed beside those already followed.
    pub fn check_room(&self, series: &[Series], now: Timestamp) -> Result<(), TooManySeries> {
        let cutoff = now.minus(self.retention());
        let live = self.tracks.iter().filter(|(_, it)| it.last() >= cutoff).count();
        let new = series
            .iter()
            .filter(|it| self.tracks.get(&it.labels).is_none_or(|track| track.last() < cutoff))
            .count();
        if live + new > SERIES_PER_SELECTOR_MAX {
            return Err(TooManySeries { found: live + new, max: SERIES_PER_SELECTOR_MAX });
        }
        Ok(())
    }

    /// Takes readings. `targets` must have noted those of the whole source first.
    pub fn ingest(&mut self, series: &[Series], targets: &Targets, now: Timestamp) {
        let (interval, cutoff) = (self.interval, now.minus(self.retention()));
        self.settled_before = self.settled_before.max(cutoff.minute() + 1);
        let mut changed = BTreeSet::new();
        for it in series {
            let usable = |(at, reading): &&(Timestamp, f64)| {
                *at >= cutoff && *at <= now && reading.is_finite() && *reading >= 0.0
            };
            let mut samples: Vec<_> = it.samples.iter().filter(usable).copied().collect();
            samples.sort_by_key(|(at, _)| *at);
            let Some(first) = samples.first() else { continue };
            if !self.tracks.contains_key(&it.labels) {
                let zero_at = targets.last_scrape_before(&it.labels, first.0);
                self.tracks.insert(it.labels.clone(), Track::starting(zero_at));
            }
            let track = self.tracks.get_mut(&it.labels).expect("it is there or was put there");
            for (at, reading) in samples {
                changed.extend(track.insert(at, reading, interval, self.settled_before));
            }
        }
        self.forget_before(cutoff);
        for minute in changed.range(self.settled_before..) {
            let mut sum = MinuteSum::default();
            for track in self.tracks.values() {
                sum.count += track.events_in(*minute, interval);
                sum.covered = sum.covered.max(track.covered_in(*minute, interval));
            }
            self.sums.insert(*minute, sum);
        }
    }

    /// Events of one minute, as far as known by now.
    #[must_use]
    pub fn sum(&self, minute: i64) -> MinuteSum {
        self.sums.get(&minute).copied().unwrap_or_default()
    }

    /// How many series are followed.
    #[must_use]
    pub fn series_count(&self) -> usize {
        self.tracks.len()
    }

    /// The shortest time between two readings of any series that has a few, where that is longer than what
    /// counts as a gap: then every minute is unknown, and whoever wrote the interval must know.
    #[must_use]
    pub fn slower_than_gaps(&self) -> Option<Millis> {
        let followed = self.tracks.values().filter(|it| it.readings.len() > READINGS_OF_A_PACE);
        let least = followed.filter_map(Track::pace).min()?;
        (least > self.gap_max()).then_some(least)
    }

    fn gap_max(&self) -> Millis {
        Millis(self.interval.0.saturating_mul(GAP_INTERVALS_MAX))
    }

    fn forget_before(&mut self, cutoff: Timestamp) {
        for track in self.tracks.values_mut() {
            let settled_before = track.forget_before(cutoff);
            self.settled_before = self.settled_before.max(settled_before);
        }
        self.sums = self.sums.split_off(&cutoff.minute());
        // Absent series are kept as long as there is room: one that comes back goes on counting
        // from its last reading.
        let excess = self.tracks.len().saturating_sub(SERIES_PER_SELECTOR_MAX);
        if excess > 0 {
            let absent = self.tracks.iter().filter(|(_, it)| it.last() < cutoff);
            let mut absent: Vec<_> = absent.map(|(key, it)| (it.last(), key.clone())).collect();
            absent.sort();
            for (_, labels) in absent.into_iter().take(excess) {
                self.tracks.remove(&labels);
            }
        }
    }
}

/// One series: its readings, oldest first.
#[derive(Debug, Clone)]
struct Track {
    readings: Vec<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Timestamp,
    raw: f64,
    /// All increases up to here; never falls.
    cumulative: f64,
}

impl Track {
    /// Without a reading, or with a zero when the target was last seen without this series.
    fn starting(zero_at: Option<Timestamp>) -> Self {
        let zero = zero_at.map(|at| Reading { at, raw: 0.0, cumulative: 0.0 });
        Self { readings: zero.into_iter().collect() }
    }

    /// The shortest time between two neighbours.
    fn pace(&self) -> Option<Millis> {
        self.readings.windows(2).map(|it| it[1].at.since(it[0].at)).min()
    }

    fn last(&self) -> Timestamp {
        self.readings.last().map_or(Timestamp(i64::MIN), |it| it.at)
    }

    /// Puts a reading in its place and returns the minutes whose events may have changed. Readings
    /// before the first one, or that would change settled minutes, are ignored; the increase of a
    /// newest reading that is ignored is found in the next one.
    fn insert(
        &mut self,
        at: Timestamp,
        raw: f64,
        interval: Millis,
        settled_before: i64,
    ) -> Range<i64> {
        const NONE: Range<i64> = 0..0;
        let reading = Reading { at, raw, cumulative: 0.0 };
        let (index, replaces) = match self.readings.binary_search_by_key(&at, |it| it.at) {
            Ok(index) => (index, true),
            Err(index) => (index, false),
        };
        let Some(before) = index.checked_sub(1).map(|it| self.readings[it]) else {
            if self.readings.is_empty() {
                self.readings.push(reading);
            }
            return NONE;
        };
        let is_settled =
            |next: Reading| counted_from(before, next, interval).minute() < settled_before;
        let present = self.readings.get(index).copied();
        if is_settled(reading) || present.is_some_and(is_settled) {
            return NONE;
        }
        match present {
            Some(it) if replaces && it.raw.to_bits() == raw.to_bits() => return NONE,
            Some(_) if replaces => self.readings[index] = reading,
            _ => self.readings.insert(index, reading),
        }
        self.accumulate_from(index);
        let last = self.readings[(index + 1).min(self.readings.len() - 1)].at.minute();
        before.at.minute().max(settled_before)..last + 1
    }

    fn accumulate_from(&mut self, index: usize) {
        for index in index.max(1)..self.readings.len() {
            let before = self.readings[index - 1];
            let it = &mut self.readings[index];
            // A counter that falls was reset, and has counted up from zero since.
            let increase = if it.raw < before.raw { it.raw } else { it.raw - before.raw };
            it.cumulative = before.cumulative + increase;
        }
    }

    /// Drops readings before `cutoff`, save the last of them, and returns the first minute that
    /// can still change.
    fn forget_before(&mut self, cutoff: Timestamp) -> i64 {
        let older = self.readings.partition_point(|it| it.at < cutoff);
        let crowded = self.readings.len().saturating_sub(SAMPLES_PER_SERIES_MAX);
        let dropped = older.saturating_sub(1).max(crowded);
        self.readings.drain(..dropped);
        if crowded > 0 { self.readings[0].at.minute() + 1 } else { i64::MIN }
    }

    fn events_in(&self, minute: i64, interval: Millis) -> u64 {
        let at = |minute| self.cumulative_at(Timestamp::from_minute(minute), interval);
        whole(at(minute + 1) - at(minute))
    }

    /// The corrected reading at `at`, a whole number.
    fn cumulative_at(&self, at: Timestamp, interval: Millis) -> f64 {
        let index = self.readings.partition_point(|it| it.at <= at);
        let reading = match (index.checked_sub(1), self.readings.get(index)) {
            (None, first) => first.map_or(0.0, |it| it.cumulative),
            (Some(last), None) => self.readings[last].cumulative,
            (Some(before), Some(next)) => {
                let before = self.readings[before];
                let start = counted_from(before, *next, interval);
                let passed = at.since(start).0.max(0);
                let share = float_signed(passed) / float_signed(next.at.since(start).0);
                before.cumulative + (next.cumulative - before.cumulative) * share
            }
        };
        reading.floor()
    }

    fn covered_in(&self, minute: i64, interval: Millis) -> Millis {
        let (start, end) = (Timestamp::from_minute(minute), Timestamp::from_minute(minute + 1));
        let first = self.readings.partition_point(|it| it.at <= start).max(1);
        let mut covered = Millis::ZERO;
        for next in first..self.readings.len() {
            let (before, next) = (self.readings[next - 1], self.readings[next]);
            if before.at >= end {
                break;
            }
            let from = counted_from(before, next, interval).max(start);
            covered.0 += next.at.min(end).since(from).0.max(0);
        }
        covered
    }
}

/// From when on the events between two readings are counted.
fn counted_from(before: Reading, next: Reading, interval: Millis) -> Timestamp {
    if next.at.since(before.at).0 > interval.0.saturating_mul(GAP_INTERVALS_MAX) {
        next.at.minus(interval)
    } else {
        before.at
    }
}

#[cfg(test)]
mod tests;
