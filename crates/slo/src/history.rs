//! Minutes of the past from readings of the past.
//!
//! Intuition: history is read as it would have been read at the time. A meter of its own is taken along
//! the readings, a few minutes at a step, so that resets, gaps, first readings and coverage are judged by
//! the one set of rules there is.
//!
//! Invariants:
//! - only minutes that are known come back: what nobody measured then is unknown today;
//! - the minutes before the stretch serve to warm up and are not told, so that chunks do not depend on
//!   where they are cut, as long as readings reach [`warm_up`] back and [`tail`] forward.

use crate::{LATE_MINUTES_MAX, Measurement, Meter, Series, Slice, TooManySeries};
use model::{Catalogue, Millis, SourceId, Timestamp};
use std::collections::BTreeMap;

/// Steps in which the meter is taken along; shorter than what may still be rewritten.
const STEP: Millis = Millis::from_mins(5);

const _: () = assert!(STEP.0 < LATE_MINUTES_MAX * 60_000);

/// How far before a stretch readings must begin.
#[must_use]
pub fn warm_up(interval: Millis) -> Millis {
    Millis::from_mins(30).max(Millis(interval.0.saturating_mul(5)))
}

/// How far behind a stretch readings must go on, where there are any.
#[must_use]
pub fn tail(interval: Millis) -> Millis {
    Millis(Millis::from_mins(2).0.saturating_add(interval.0.saturating_mul(2)))
}

/// The minutes from `from` up to but without `to`, of every objective of `catalogue` that is read from
/// `source`, as `readings` per selector tell.
pub fn recount(
    catalogue: &Catalogue,
    source: &SourceId,
    readings: &BTreeMap<String, Vec<Series>>,
    from: i64,
    to: i64,
) -> Result<Vec<Measurement>, TooManySeries> {
    let Some(interval) = catalogue.sources.get(source).map(|it| it.interval) else {
        return Ok(vec![]);
    };
    let mut meter = Meter::new(catalogue);
    meter.pace(Millis::ZERO);
    let end = Timestamp::from_minute(to).plus(tail(interval));
    let mut before = Timestamp::from_minute(from).minus(warm_up(interval));
    let mut found: BTreeMap<_, Slice> = BTreeMap::new();
    while before < end {
        let now = before.plus(STEP).min(end);
        for (selector, series) in readings {
            meter.ingest(source, selector, within(series, before, now), now)?;
        }
        for (slo, minute, slice) in meter.drain(now) {
            if (from..to).contains(&minute) {
                found.insert((minute, slo), slice);
            }
        }
        before = now;
    }
    let known = found.into_iter().filter(|(_, it)| *it != Slice::Unknown);
    Ok(known.map(|((minute, slo), slice)| (slo, minute, slice)).collect())
}

/// The readings after `before` up to and including `until`; series without any are left out.
fn within(series: &[Series], before: Timestamp, until: Timestamp) -> Vec<Series> {
    let mut found = Vec::new();
    for it in series {
        let first = it.samples.partition_point(|(at, _)| *at <= before);
        let last = it.samples.partition_point(|(at, _)| *at <= until);
        if first < last {
            let (labels, samples) = (it.labels.clone(), it.samples[first..last].to_vec());
            found.push(Series { labels, samples });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Prng, catalogue};
    use model::{Labels, SloId};

    /// Readings every 15 s of two instances, with resets, gaps and a first error in the middle, and the
    /// true events of each minute.
    fn readings(seed: u64, from: i64, to: i64) -> BTreeMap<String, Vec<Series>> {
        let mut prng = Prng::new(seed);
        let mut all = BTreeMap::<String, Vec<Series>>::new();
        for instance in ["a", "b"] {
            let (mut bad, mut total) = (0.0, 0.0);
            let (mut bads, mut totals) = (vec![], vec![]);
            let mut at = Timestamp::from_minute(from).plus(Millis(prng.below_i64(15_000)));
            let mut away = 0;
            while at < Timestamp::from_minute(to) {
                total += f64::from(u32::try_from(prng.below(30)).unwrap());
                if prng.below(40) == 0 {
                    bad += 1.0;
                }
                if prng.below(400) == 0 {
                    (bad, total) = (0.0, 1.0);
                }
                if away == 0 && prng.below(300) == 0 {
                    away = 30;
                }
                if away > 0 {
                    away -= 1;
                } else {
                    totals.push((at, total));
                    // A counter of errors appears with the first error.
                    if bad > 0.0 || !bads.is_empty() {
                        bads.push((at, bad));
                    }
                }
                at = at.plus(Millis::from_secs(15));
            }
            let series = |name: &str, samples| Series {
                labels: Labels::from([
                    ("__name__".to_owned(), name.to_owned()),
                    ("job".to_owned(), "shop".to_owned()),
                    ("instance".to_owned(), instance.to_owned()),
                ]),
                samples,
            };
            all.entry("api_bad".into()).or_default().push(series("api_bad", bads));
            all.entry("api_total".into()).or_default().push(series("api_total", totals));
        }
        all.insert("carrier_bad".into(), vec![]);
        all.insert("carrier_total".into(), vec![]);
        all
    }

    /// Goal: chunks of history say what one long reading says, minute by minute, wherever they are cut.
    /// Method: seeded readings with resets and gaps; once in one piece, once in chunks that each see only
    /// their own readings with warm-up and tail.
    #[test]
    fn chunks_say_what_the_whole_says() {
        let (catalogue, source) = (catalogue(), SourceId::from("prometheus"));
        let interval = Millis::from_secs(15);
        for seed in 0..6 {
            let (from, to) = (29_000_000, 29_000_400);
            let all = readings(seed, from - 60, to + 60);
            let whole = recount(&catalogue, &source, &all, from, to).unwrap();
            assert!(whole.len() > 300, "seed {seed}: {} minutes", whole.len());
            let mut pieces = vec![];
            let mut prng = Prng::new(seed + 100);
            let mut next = from;
            while next < to {
                let end = (next + 20 + prng.below_i64(90)).min(to);
                let (first, last) = (
                    Timestamp::from_minute(next).minus(warm_up(interval)),
                    Timestamp::from_minute(end).plus(tail(interval)),
                );
                let part: BTreeMap<String, Vec<Series>> = all
                    .iter()
                    .map(|(it, series)| (it.clone(), within(series, first, last)))
                    .collect();
                pieces.extend(recount(&catalogue, &source, &part, next, end).unwrap());
                next = end;
            }
            let api = SloId::from("api.up");
            let shown = |found: &[Measurement]| -> Vec<(i64, Slice)> {
                found.iter().filter(|it| it.0 == api).map(|it| (it.1, it.2)).collect()
            };
            let (whole, pieces) = (shown(&whole), shown(&pieces));
            let differ: Vec<_> =
                whole.iter().filter(|it| !pieces.contains(it)).map(|it| it.0 - from).collect();
            // What happened in a gap longer than the warm-up is lost where a chunk begins inside it;
            // nothing here is that long.
            assert_eq!((differ, pieces.len()), (vec![], whole.len()), "seed {seed}");
        }
    }

    /// What nobody measured is not made up.
    #[test]
    fn without_readings_nothing_is_known() {
        let (catalogue, source) = (catalogue(), SourceId::from("prometheus"));
        let none: BTreeMap<String, Vec<Series>> =
            ["api_bad", "api_total"].map(|it| (it.to_owned(), vec![])).into();
        assert_eq!(recount(&catalogue, &source, &none, 100, 400).unwrap(), vec![]);
        let nowhere = SourceId::from("nowhere");
        assert_eq!(recount(&catalogue, &nowhere, &none, 100, 400).unwrap(), vec![]);
    }
}
