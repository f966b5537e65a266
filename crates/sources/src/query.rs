//! Asking a Prometheus what any PromQL comes to, minute by minute.
//!
//! Intuition: `query_range` with steps of a minute on the minute is the same question asked at the end of
//! every minute. A minute is asked about once its last reading is due, and the last few of them again,
//! because what comes late changes what was answered.
//!
//! Invariants:
//! - answers stand at whole minutes: the one at the end of a minute is about that minute;
//! - one question per minute, however short the interval of the source is.

use crate::ReadError;
use crate::prometheus::{FIRST_RANGE, RANGE_MAX};
use model::{Millis, Timestamp};
use std::collections::BTreeSet;

/// Minutes that are asked about again.
const AGAIN: Millis = Millis::from_mins(5);

/// The questions among `selectors`, and the others.
pub(crate) fn split(selectors: &BTreeSet<String>) -> (Vec<String>, BTreeSet<String>) {
    let (asked, others): (Vec<String>, Vec<String>) =
        selectors.iter().cloned().partition(|it| slo::query::question(it).is_some());
    (asked, others.into_iter().collect())
}

/// The first and the last end of a minute to ask about at `now`; `None` when nothing new can be known
/// since `last_read`.
pub(crate) fn due(
    now: Timestamp,
    last_read: Option<Timestamp>,
    interval: Millis,
) -> Option<(Timestamp, Timestamp)> {
    let last = |at: Timestamp| Timestamp::from_minute(at.minus(interval).minute());
    let (to, asked) = (last(now), last_read.map(last));
    if asked.is_some_and(|it| it >= to) {
        return None;
    }
    let from = asked.map_or(to.minus(FIRST_RANGE), |it| it.minus(AGAIN));
    Some((from.max(to.minus(RANGE_MAX)), to))
}

/// The whole minutes from `from` to `to`; `None` when there are none.
pub(crate) fn minutes(from: Timestamp, to: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let first = Timestamp::from_minute(from.plus(Millis(59_999)).minute());
    let last = Timestamp::from_minute(to.minute());
    (first <= last).then_some((first, last))
}

/// The address that answers `query` at every minute from `from` to `to`.
pub(crate) fn address(
    base: &str,
    query: &str,
    (from, to): (Timestamp, Timestamp),
) -> Result<String, ReadError> {
    let base = format!("{}/api/v1/query_range", base.trim_end_matches('/'));
    let seconds = |it: Timestamp| it.0.div_euclid(1_000).to_string();
    let (from, to) = (seconds(from), seconds(to));
    let parameters = [("query", query), ("start", &from), ("end", &to), ("step", "60")];
    reqwest::Url::parse_with_params(&base, parameters)
        .map(String::from)
        .map_err(|error| ReadError::Unreachable { url: base, detail: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(now: i64, last_read: Option<i64>, interval: i64, expected: Option<(i64, i64)>) {
        let at = |secs: i64| Timestamp(secs * 1_000);
        let found = due(at(now), last_read.map(at), Millis::from_secs(interval));
        assert_eq!(found.map(|it| (it.0.0 / 1_000, it.1.0 / 1_000)), expected);
    }

    #[test]
    fn a_minute_is_asked_about_when_its_last_reading_is_due() {
        check(6_014, None, 15, Some((5_040, 5_940)));
        check(6_015, None, 15, Some((5_100, 6_000)));
        check(6_030, Some(6_015), 15, None);
        check(6_075, Some(6_015), 15, Some((5_700, 6_060)));
        check(6_090, Some(6_030), 60, Some((5_640, 6_000)));
        // After a while away as far back as can be counted.
        check(60_015, Some(6_015), 15, Some((58_920, 60_000)));
    }

    #[test]
    fn the_past_is_asked_on_the_minute() {
        let at = |secs: i64| Timestamp(secs * 1_000);
        assert_eq!(minutes(at(61), at(239)), Some((at(120), at(180))));
        assert_eq!(minutes(at(60), at(60)), Some((at(60), at(60))));
        assert_eq!(minutes(at(61), at(119)), None);
        let found = address("http://p/prom/", "a / b", (at(60), at(120)));
        let expected = "http://p/prom/api/v1/query_range?query=a+%2F+b&start=60&end=120&step=60";
        assert_eq!(found.unwrap(), expected);
    }
}
