//! Questions in PromQL that are no selector of a counter: how they are asked, and what their answers
//! count as.
//!
//! Intuition: a stranger at the counter. We cannot look into the books of whoever asks `sum(rate(…))`;
//! we can only ask at the end of every minute how fast things went, and note the answer as an estimate.
//!
//! A rate times sixty is no whole number, and our minutes are. Small rates must neither vanish nor be
//! blown up, because the test for small traffic lives on true numbers of events. So a minute is rounded
//! up or down by its own fixed threshold: `floor(x + u)`, where `u` is the fractional part of the
//! minute's number times the golden ratio (Weyl's sequence, the most evenly spread of its kind). 0.25
//! events per minute over four minutes come out as one event in the middle of them; over n minutes at a
//! steady rate the sum is off by less than two. A minute is rounded by nothing but itself, so that it
//! comes out alike whether it is read now, again, or years later and backwards.
//!
//! Invariants:
//! - the same answer for the same minute is the same count, in whatever order minutes are read;
//! - never more bad than all: both are rounded by the same threshold;
//! - no answer is unknown, and never nothing; 0 attempts are known and empty.

use crate::Slice;
use crate::differencer::Series;
use crate::number::{float, float_signed, whole};
use model::{Asks, Millis, Per, RATIO_PARTS, Slo, Timestamp};
use std::collections::BTreeMap;

/// What stands before a question among the selectors of a source; no selector begins so.
const MARK: &str = "= ";

/// What is replaced by the window.
const PLACEHOLDER: &str = ".window";

/// The window is so many intervals wide: a rate needs two readings, and one may be missing at each end.
const INTERVALS_IN_WINDOW: i64 = 4;

/// Longest question, in bytes.
pub const QUERY_LENGTH_MAX: usize = 4_000;

/// The window that stands for the placeholder, where a source is read every `interval`: four of them,
/// in whole minutes. Wider than a minute it smears: an event counts with a part in each minute of it.
#[must_use]
pub fn window(interval: Millis) -> Millis {
    let minutes = interval.0.saturating_mul(INTERVALS_IN_WINDOW).saturating_add(59_999) / 60_000;
    Millis::from_mins(minutes.max(1))
}

/// The selectors under which both sides of an objective are read from a source that is read every
/// `interval`: themselves, or marked questions.
#[must_use]
pub fn selectors_of(slo: &Slo, interval: Millis) -> (String, String) {
    if !slo.sli.is_estimate() {
        return (slo.bad.clone(), slo.total.clone());
    }
    (marked(&slo.bad, interval), marked(&slo.total, interval))
}

/// `query` with its window, marked as a question.
#[must_use]
pub fn marked(query: &str, interval: Millis) -> String {
    let window = format!("{}m", window(interval).whole_mins());
    format!("{MARK}{}", filled(query, &window))
}

/// The question in a marked selector.
#[must_use]
pub fn question(selector: &str) -> Option<&str> {
    selector.strip_prefix(MARK)
}

/// `query` with every placeholder replaced by `window`.
fn filled(query: &str, window: &str) -> String {
    let (mut text, mut rest) = (String::new(), query);
    while let Some(at) = rest.find("{{") {
        let after = &rest[at + 2..];
        let end = after.find("}}").filter(|end| after[..*end].trim() == PLACEHOLDER);
        let Some(end) = end else {
            text.push_str(&rest[..at + 2]);
            rest = after;
            continue;
        };
        text.push_str(&rest[..at]);
        text.push_str(window);
        rest = &after[end + 2..];
    }
    text + rest
}

/// Whether `query` leaves its window open.
#[must_use]
pub fn has_placeholder(query: &str) -> bool {
    filled(query, "") != query
}

/// Why `query` cannot be asked, as far as can be told without the server's own parser.
#[must_use]
pub fn problem(query: &str) -> Option<&'static str> {
    if query.len() > QUERY_LENGTH_MAX {
        return Some("it is longer than 4000 bytes");
    }
    let query = filled(query, "5m");
    let (mut open, mut quote, mut escaped, mut comment) = (vec![], None, false, false);
    for it in query.chars() {
        match (quote, it) {
            (None, '\n') => comment = false,
            _ if comment => {}
            (Some(_), _) if escaped => escaped = false,
            (Some(by), '\\') if by != '`' => escaped = true,
            (Some(by), it) if by == it => quote = None,
            (None, '#') => comment = true,
            (None, '"' | '\'' | '`') => quote = Some(it),
            (None, '(' | '[' | '{') => open.push(it),
            (None, ')' | ']' | '}') => {
                let pair = match it {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(pair) {
                    return Some("a bracket is closed that was not opened");
                }
            }
            (None, it) if it.is_control() && it != '\t' && it != '\r' => {
                return Some("it has a character that no query has");
            }
            (Some(_) | None, _) => {}
        }
    }
    match (quote, open.last()) {
        (Some(_), _) => Some("a text in quotes does not end"),
        (None, Some(_)) => Some("a bracket is not closed"),
        (None, None) => None,
    }
}

/// Answers of the last minutes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    minutes: BTreeMap<i64, Answer>,
}

/// All series of one minute.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Answer {
    sum: f64,
    series: u64,
}

impl Answer {
    /// Of several series their mean.
    fn mean(self) -> f64 {
        self.sum / float(self.series.max(1))
    }
}

impl Answers {
    /// Takes what was answered, which has all series of the minutes it has; nothing before `oldest`
    /// is kept. An answer given at the end of a minute is about that minute.
    pub(crate) fn ingest(&mut self, series: &[Series], oldest: i64) {
        let mut found = BTreeMap::<i64, Answer>::new();
        for (at, value) in series.iter().flat_map(|it| &it.samples) {
            let answer = found.entry(Timestamp(at.0 - 1).minute()).or_default();
            answer.sum += value;
            answer.series += 1;
        }
        self.minutes.append(&mut found);
        self.minutes = self.minutes.split_off(&oldest);
    }

    pub(crate) fn at(&self, minute: i64) -> Option<Answer> {
        self.minutes.get(&minute).copied()
    }
}

/// What a minute counts as whose questions were answered so; `window` is that of the placeholder.
pub(crate) fn slice(
    asks: Asks,
    per: Per,
    window: Millis,
    minute: i64,
    (some, all): (Option<Answer>, Option<Answer>),
) -> Slice {
    let Some(all) = all else { return Slice::Unknown };
    if asks == Asks::ErrorRatio {
        let share = all.mean();
        // 0 of 0: nobody came.
        return if share.is_nan() {
            Slice::known(0, 0)
        } else {
            let parts = float(RATIO_PARTS);
            Slice::known(whole((share.clamp(0.0, 1.0) * parts).round()), RATIO_PARTS)
        };
    }
    let minutes = match per {
        Per::Second => 1.0 / 60.0,
        Per::Minute => 1.0,
        Per::Window => float_signed(window.whole_mins().max(1)),
    };
    let total = all.sum / minutes;
    if !total.is_finite() || total < 0.0 {
        return Slice::Unknown;
    }
    if total == 0.0 {
        return Slice::known(0, 0);
    }
    // No series of bad events is none of them; no series of good ones too.
    let some = some.map_or(0.0, |it| it.sum) / minutes;
    if !some.is_finite() {
        return Slice::Unknown;
    }
    let bad = if asks == Asks::Good { total - some } else { some };
    let (bad, all) = (rounded(bad.clamp(0.0, total), minute), rounded(total, minute));
    Slice::known(bad.min(all), all)
}

/// `events` as a whole number, up or down by the threshold of the minute.
fn rounded(events: f64, minute: i64) -> u64 {
    /// 2^64 divided by the golden ratio.
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    // What is whole but for the last digits of a division is whole.
    if (events - events.round()).abs() <= 1e-9 * events.max(1_000.0) {
        return whole(events.round());
    }
    let place = minute.unsigned_abs().wrapping_mul(GOLDEN) >> 11;
    let threshold = float(place) / float(1 << 53);
    whole((events + threshold).floor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Prng;
    use model::Labels;

    const START: i64 = 29_000_000;

    #[test]
    fn the_window_is_four_intervals_in_whole_minutes() {
        let check = |secs, mins| assert_eq!(window(Millis::from_secs(secs)).whole_mins(), mins);
        check(5, 1);
        check(15, 1);
        check(16, 2);
        check(30, 2);
        check(60, 4);
        let minute = Millis::from_mins(1);
        assert_eq!(
            marked("rate(x{a=\"{{b}}\"}[{{ .window }}])", minute),
            "= rate(x{a=\"{{b}}\"}[4m])"
        );
        assert_eq!(question("= x"), Some("x"));
        assert_eq!(question("x"), None);
        assert!(has_placeholder("x[{{.window}}]") && !has_placeholder("x[5m]"));
    }

    #[test]
    fn what_no_server_would_understand_is_told() {
        let check =
            |query: &str, expected: Option<&str>| assert_eq!(problem(query), expected, "{query}");
        check("sum(rate(x{a=\"(\",b='\\''}[{{.window}}])) # all (\n / 2", None);
        check("sum(x", Some("a bracket is not closed"));
        check("sum(x])", Some("a bracket is closed that was not opened"));
        check("x{a=\"b}", Some("a text in quotes does not end"));
        check("x{a=`\\`}", None);
        check("x\u{7}", Some("it has a character that no query has"));
        check(&"x".repeat(4_001), Some("it is longer than 4000 bytes"));
    }

    #[track_caller]
    fn check(asks: Asks, per: Per, some: Option<f64>, all: Option<f64>, expected: Slice) {
        let answer = |it: Option<f64>| it.map(|sum| Answer { sum, series: 1 });
        let window = Millis::from_mins(4);
        let found = slice(asks, per, window, START, (answer(some), answer(all)));
        assert_eq!(found, expected, "{some:?} of {all:?}");
    }

    #[test]
    fn answers_become_counts_of_a_minute() {
        check(Asks::Bad, Per::Second, Some(0.5), Some(2.0), Slice::known(30, 120));
        check(Asks::Bad, Per::Minute, Some(1.0), Some(2.0), Slice::known(1, 2));
        check(Asks::Bad, Per::Window, Some(4.0), Some(8.0), Slice::known(1, 2));
        check(Asks::Good, Per::Second, Some(1.5), Some(2.0), Slice::known(30, 120));
        check(Asks::Good, Per::Second, Some(2.5), Some(2.0), Slice::known(0, 120));
        check(Asks::ErrorRatio, Per::Second, None, Some(0.25), Slice::known(2_500, RATIO_PARTS));
        // No series of errors is no error, no series of good events is nothing but errors.
        check(Asks::Bad, Per::Second, None, Some(2.0), Slice::known(0, 120));
        check(Asks::Good, Per::Second, None, Some(2.0), Slice::known(120, 120));
    }

    #[test]
    fn unknown_and_empty_are_different() {
        let empty = Slice::known(0, 0);
        check(Asks::Bad, Per::Second, Some(1.0), None, Slice::Unknown);
        check(Asks::Bad, Per::Second, Some(f64::NAN), Some(0.0), empty);
        check(Asks::Bad, Per::Second, Some(f64::NAN), Some(1.0), Slice::Unknown);
        check(Asks::Bad, Per::Second, None, Some(f64::NAN), Slice::Unknown);
        check(Asks::Bad, Per::Second, None, Some(f64::INFINITY), Slice::Unknown);
        check(Asks::Bad, Per::Second, None, Some(-1.0), Slice::Unknown);
        check(Asks::ErrorRatio, Per::Second, None, Some(f64::NAN), empty);
        check(Asks::ErrorRatio, Per::Second, None, None, Slice::Unknown);
    }

    /// Goal: small rates are neither lost nor blown up, wherever one begins. Method: steady seeded rates
    /// from one event in 200 minutes to 3 per minute, over a week from a seeded minute; the sum is
    /// compared with what flowed, and of every stretch of four minutes at a quarter it is one event, give
    /// or take one.
    #[test]
    fn sums_are_true_at_any_rate() {
        let mut prng = Prng::new(7);
        for round in 0..200 {
            let rate = float(1 + prng.below(600)) / 200.0;
            let first = START + prng.below_i64(1_000_000);
            let minutes = 7 * 1_440;
            let sum: u64 = (first..first + minutes).map(|it| rounded(rate, it)).sum();
            let flowed = rate * float_signed(minutes);
            assert!((float(sum) - flowed).abs() < 3.0, "round {round}: {sum} of {flowed}");
        }
        for first in START..START + 10_000 {
            let sum: u64 = (first..first + 4).map(|it| rounded(0.25, it)).sum();
            assert!(sum <= 2, "{sum} from {first}");
        }
    }

    /// Bad is never more than all, and what is whole stays whole.
    #[test]
    fn both_sides_are_rounded_alike() {
        let mut prng = Prng::new(8);
        for _ in 0..20_000 {
            let minute = START + prng.below_i64(1_000_000);
            let all = float(prng.below(5_000)) / 1_000.0;
            let some = all * float(prng.below(1_001)) / 1_000.0;
            assert!(rounded(some, minute) <= rounded(all, minute), "{some} of {all} at {minute}");
            let events = prng.below(1_000_000);
            assert_eq!(rounded(float(events) / 60.0 * 60.0, minute), events);
        }
    }

    #[test]
    fn an_answer_is_about_the_minute_that_it_ends() {
        let mut answers = Answers::default();
        let end = |minutes: i64| Timestamp::from_minute(START + minutes);
        let series = |name: &str, samples: &[(i64, f64)]| Series {
            labels: Labels::from([("a".to_owned(), name.to_owned())]),
            samples: samples.iter().map(|(at, it)| (end(*at), *it)).collect(),
        };
        answers.ingest(&[series("a", &[(1, 1.0), (2, 2.0)]), series("b", &[(2, 4.0)])], START - 9);
        let sum = |answers: &Answers, it: i64| answers.at(START + it).map(|it| it.sum);
        assert_eq!([0, 1, 2].map(|it| sum(&answers, it)), [Some(1.0), Some(6.0), None]);
        assert!((answers.at(START + 1).unwrap().mean() - 3.0).abs() < 1e-9);
        // Asked again, what is said now stands in the place of what was said.
        answers.ingest(&[series("b", &[(2, 5.0), (3, 1.0)])], START + 1);
        assert_eq!([0, 1, 2].map(|it| sum(&answers, it)), [None, Some(5.0), Some(1.0)]);
    }
}
