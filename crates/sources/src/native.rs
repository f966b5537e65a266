//! Counts under a bound from native histograms of Prometheus.
//!
//! Intuition: a native histogram comes as one series whose readings are whole histograms. Asked how many events
//! were under a bound, it is turned into two counters: the buckets up to the bound, and all. A bound that cuts
//! through a bucket in which there is anything has no exact answer; then there is no counter at all, and the
//! bounds that there are come under a name of their own, so that the nearest can be told.
//!
//! A selector of such a counter bears the matcher [`NATIVE_LABEL`]: a number, `+Inf` for all events, or
//! [`NATIVE_BOUNDS`] for the bounds. No server is asked for it: the question is the selector without it.
//!
//! Invariants:
//! - a count is exact or absent; nothing is interpolated;
//! - one inexact reading of one series takes the counter of all series away, because a sum without it would be
//!   less than what happened.

use model::{Labels, Timestamp};
use serde::Deserialize;
use slo::Series;
use slo::selector::{NATIVE_BOUNDS, NATIVE_LABEL, Selector};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What is wanted of a native histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wanted {
    /// Events up to and including this; infinity for all.
    Under(f64),
    /// Which bounds its buckets have.
    Bounds,
}

/// A native histogram as the API gives it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Native {
    pub(crate) labels: Labels,
    pub(crate) readings: Vec<(Timestamp, Histogram)>,
}

/// One reading.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram {
    count: f64,
    /// Lower bound, upper bound and count; only those in which there is something.
    buckets: Vec<(f64, f64, f64)>,
}

/// A bucket as it is written: rule, lower bound, upper bound, count.
type Bucket<'a> = (u8, Cow<'a, str>, Cow<'a, str>, Cow<'a, str>);

/// One reading as it is written: count, sum, and buckets as rule, lower bound, upper bound and count.
#[derive(Deserialize)]
pub(crate) struct Written<'a> {
    #[serde(borrow)]
    count: Cow<'a, str>,
    #[serde(borrow, default)]
    buckets: Vec<Bucket<'a>>,
}

/// What a selector wants of a native histogram, and the selector that is asked for; `None` of any other.
pub(crate) fn wanted(selector: &Selector) -> Option<(Selector, Wanted)> {
    let place = selector.matchers.iter().position(|it| it.label == NATIVE_LABEL)?;
    let mut asked = selector.clone();
    let value = asked.matchers.remove(place).value;
    if value == NATIVE_BOUNDS {
        return Some((asked, Wanted::Bounds));
    }
    let bound = if value == "+Inf" { f64::INFINITY } else { value.parse().ok()? };
    Some((asked, Wanted::Under(bound)))
}

impl Histogram {
    /// `None` when something in it is no number.
    pub(crate) fn read(written: &Written<'_>) -> Option<Self> {
        let bucket = |(_, from, to, count): &Bucket<'_>| {
            Some((from.parse().ok()?, to.parse().ok()?, count.parse().ok()?))
        };
        let buckets = written.buckets.iter().map(bucket).collect::<Option<_>>()?;
        Some(Self { count: written.count.parse().ok()?, buckets })
    }

    /// How many events were up to and including `bound`; `None` when a bucket lies on both sides.
    fn under(&self, bound: f64) -> Option<f64> {
        if bound == f64::INFINITY {
            return Some(self.count);
        }
        let cuts =
            |(from, to, count): &(f64, f64, f64)| *count > 0.0 && *from < bound && bound < *to;
        if self.buckets.iter().any(cuts) {
            return None;
        }
        Some(self.buckets.iter().filter(|it| it.1 <= bound).map(|it| it.2).sum())
    }
}

/// The counters that are wanted of `natives`; empty when they cannot be exact.
pub(crate) fn counters(natives: &[Native], wanted: Wanted) -> Vec<Series> {
    match wanted {
        Wanted::Under(bound) => {
            let one = |it: &Native| -> Option<Series> {
                let readings = it.readings.iter();
                let samples = readings.map(|(at, found)| Some((*at, found.under(bound)?)));
                Some(Series { labels: it.labels.clone(), samples: samples.collect::<Option<_>>()? })
            };
            natives.iter().map(one).collect::<Option<Vec<_>>>().unwrap_or_default()
        }
        Wanted::Bounds => bounds(natives),
    }
}

/// A series for every bound that a bucket with something in it has, as classic buckets have them.
fn bounds(natives: &[Native]) -> Vec<Series> {
    let buckets = natives.iter().flat_map(|it| &it.readings).flat_map(|it| &it.1.buckets);
    let filled = buckets.filter(|it| it.2 > 0.0).flat_map(|it| [it.0, it.1]);
    let bounds: BTreeSet<String> = filled.filter(|it| *it > 0.0).map(|it| it.to_string()).collect();
    let series = |le| Series { labels: Labels::from([("le".to_owned(), le)]), samples: vec![] };
    bounds.into_iter().map(series).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native() -> Native {
        let written = r#"{"count":"20","sum":"9","buckets":[[3,"-0.001","0.001","2"],[0,"0.125","0.25","5"],[0,"0.5","1","10"],[0,"1","2","3"]]}"#;
        let written: Written<'_> = serde_json::from_str(written).unwrap();
        let labels = Labels::from([("job".to_owned(), "shop".to_owned())]);
        Native { labels, readings: vec![(Timestamp(1), Histogram::read(&written).unwrap())] }
    }

    #[track_caller]
    fn check(bound: f64, expected: Option<f64>) {
        let found = counters(&[native()], Wanted::Under(bound));
        assert_eq!(found.first().map(|it| it.samples[0].1), expected, "{bound}");
    }

    #[test]
    fn a_count_is_exact_or_absent() {
        check(0.25, Some(7.0));
        check(0.125, Some(2.0));
        check(1.0, Some(17.0));
        check(4.0, Some(20.0));
        check(f64::INFINITY, Some(20.0));
        // Nothing lies between 0.25 and 0.5, so wherever one cuts there the count is the same.
        check(0.3, Some(7.0));
        check(0.2, None);
        check(0.75, None);
        check(0.000_1, None);
        let bounds = counters(&[native()], Wanted::Bounds);
        let bounds: Vec<&str> = bounds.iter().map(|it| it.labels["le"].as_str()).collect();
        assert_eq!(bounds, ["0.001", "0.125", "0.25", "0.5", "1", "2"]);
    }

    #[test]
    fn one_inexact_series_takes_all_away() {
        let mut other = native();
        other.readings[0].1.buckets.push((2.0, 4.0, 1.0));
        let both = [native(), other];
        assert_eq!(counters(&both, Wanted::Under(3.0)), []);
        assert_eq!(counters(&both[..1], Wanted::Under(3.0)).len(), 1);
    }

    #[test]
    fn what_is_wanted_is_never_asked_for() {
        let check = |text: &str, expected: Option<(&str, Wanted)>| {
            let found = wanted(&Selector::parse(text).unwrap());
            let found = found.as_ref().map(|it| (it.0.to_string(), it.1));
            assert_eq!(found, expected.map(|it| (it.0.to_owned(), it.1)), "{text}");
        };
        check("x{job=\"a\",__under__=\"0.25\"}", Some(("x{job=\"a\"}", Wanted::Under(0.25))));
        check("x{__under__=\"+Inf\"}", Some(("x", Wanted::Under(f64::INFINITY))));
        check("x{__under__=\"bounds\"}", Some(("x", Wanted::Bounds)));
        check("x{le=\"0.25\"}", None);
    }
}
