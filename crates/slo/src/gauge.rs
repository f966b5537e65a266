//! Readings of gauges by the minute.
//!
//! Intuition: a thermometer that is looked at now and then. Of a minute we keep the lowest and the
//! highest reading of any series, and their mean; a look stands for
//! two intervals, so that a minute without one is known by the look before it.
//!
//! Invariants:
//! - the same reading twice changes nothing;
//! - what is no number is not kept, and what nobody looked at is unknown.

use crate::differencer::Series;
use crate::number::{float, float_signed, whole};
use crate::{LATE_MINUTES_MAX, Slice};
use model::{Labels, Millis, RATIO_PARTS, Sli, Timestamp};
use std::collections::BTreeMap;

/// How many intervals a reading stands for.
const INTERVALS_KNOWN: i64 = 2;

/// Readings of the last minutes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gauge {
    series: BTreeMap<Labels, BTreeMap<Timestamp, f64>>,
}

/// All readings of one minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reach {
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) mean: f64,
}

impl Gauge {
    /// Takes what was read at `now`.
    pub(crate) fn ingest(&mut self, series: &[Series], interval: Millis, now: Timestamp) {
        let kept = Millis::from_mins(LATE_MINUTES_MAX + 3).0 + interval.0 * INTERVALS_KNOWN;
        let oldest = now.minus(Millis(kept));
        for it in series {
            let readings = self.series.entry(it.labels.clone()).or_default();
            let good =
                |(at, value): &&(Timestamp, f64)| value.is_finite() && *at >= oldest && *at <= now;
            readings.extend(it.samples.iter().filter(good).copied());
        }
        self.series.retain(|_, readings| {
            *readings = readings.split_off(&oldest);
            !readings.is_empty()
        });
    }

    /// Every reading that stands for a part of `minute`.
    pub(crate) fn reach(&self, minute: i64, interval: Millis) -> Option<Reach> {
        let (start, end) = (Timestamp::from_minute(minute), Timestamp::from_minute(minute + 1));
        let oldest = start.minus(Millis(interval.0 * INTERVALS_KNOWN - 1));
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut sum, mut count) = (0.0, 0_u64);
        for readings in self.series.values() {
            let within = readings.range(start..end).next().is_some();
            let from = if within { start } else { oldest };
            let found = readings.range(from..end);
            // Of an earlier minute only the last reading still stands.
            let skipped = if within { 0 } else { found.clone().count().saturating_sub(1) };
            for (_, value) in found.skip(skipped) {
                (least, most) = (least.min(*value), most.max(*value));
                sum += value;
                count += 1;
            }
        }
        (count > 0).then(|| Reach { least, most, mean: sum / float(count) })
    }
}

impl Reach {
    /// What the minute counts as.
    pub(crate) fn slice(&self, sli: &Sli) -> Slice {
        match sli {
            Sli::Gauge(comparison) => {
                Slice::known(u64::from(!comparison.holds(self.least, self.most)), 1)
            }
            Sli::Ratio { good } => {
                let share = self.mean.clamp(0.0, 1.0);
                let bad = if *good { 1.0 - share } else { share };
                let parts = i64::try_from(RATIO_PARTS).expect("ten thousand");
                Slice::known(whole((bad * float_signed(parts)).round()), RATIO_PARTS)
            }
            _ => Slice::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Comparison;

    /// Reads (series, seconds, value) once a minute and compares minutes 100 to 103.
    #[track_caller]
    fn check(sli: &Sli, readings: &[(&str, i64, f64)], expected: &str) {
        let mut gauge = Gauge::default();
        let interval = Millis::from_secs(30);
        for (series, at, value) in readings {
            let at = Timestamp::from_minute(100).plus(Millis::from_secs(*at));
            let labels = Labels::from([("instance".to_owned(), (*series).to_owned())]);
            let series = [Series { labels, samples: vec![(at, *value)] }];
            gauge.ingest(&series, interval, at);
            gauge.ingest(&series, interval, at);
        }
        let shown = (100..104).map(|minute| match gauge.reach(minute, interval) {
            None => "?".to_owned(),
            Some(it) => match it.slice(sli) {
                Slice::Unknown => "?".to_owned(),
                Slice::Known(it) => format!("{}/{}", it.bad, it.total),
            },
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn a_minute_is_as_good_as_its_worst_reading() {
        let below = Sli::Gauge(Comparison::parse("< 5").unwrap());
        check(&below, &[("a", 10, 1.0), ("a", 40, 2.0)], "0/1 0/1 ? ?");
        check(&below, &[("a", 10, 1.0), ("a", 40, 9.0)], "1/1 1/1 ? ?");
        check(&below, &[("a", 10, 1.0), ("b", 10, 9.0), ("a", 70, 1.0)], "1/1 1/1 0/1 ?");
        check(&below, &[("a", 10, f64::NAN)], "? ? ? ?");
        check(&below, &[("a", 50, 9.0), ("a", 65, 1.0), ("a", 185, 7.0)], "1/1 0/1 0/1 1/1");
    }

    #[test]
    fn a_raw_ratio_counts_as_parts() {
        let good = Sli::Ratio { good: true };
        check(&good, &[("a", 10, 0.999), ("a", 70, 1.5)], "10/10000 0/10000 0/10000 ?");
        check(
            &Sli::Ratio { good: false },
            &[("a", 10, 0.25), ("b", 10, 0.75)],
            "5000/10000 5000/10000 ? ?",
        );
    }
}
