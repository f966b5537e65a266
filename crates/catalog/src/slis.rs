//! What is counted for an objective, from the tree: judged and built.
//!
//! Intuition: a histogram is written once, by its name, and becomes the two selectors that are read:
//! the bucket that ends at the bound, and the count of all.
//!
//! Invariant: what `check` lets pass, `sli` and `promise` can build.

use crate::build::{duration, text, text_or};
use crate::diagnostic::{Problem, Sink, quote};
use crate::scalars;
use crate::sections::Sections;
use crate::semantics;
use crate::shape::{PUSH_EVERY_DEFAULT, WINDOW_DEFAULT};
use crate::yaml::{Entry, Node};
use model::{Calendar, Comparison, Method, Millis, Objective, Period, Sli};
use slo::selector::{MatchOp, Matcher, NATIVE_BOUNDS, NATIVE_LABEL, Selector};

/// The keys of which an objective has exactly one.
pub(crate) const KINDS: [&str; 7] =
    ["ratio", "latency", "gauge", "raw", "query", "pushed", "heartbeat"];

/// Reports what does not fit together in what is counted.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    for (_, slo) in semantics::slos(sections) {
        one_kind(slo, &KINDS, sink);
        one_histogram(slo, sections, sink);
        crate::queries::check(slo, sections, sink);
        values(&slo.value, sink);
        one_window(&slo.value, sink);
    }
    for feature in sections.entries("features") {
        one_window(&feature.value, sink);
    }
}

pub(crate) fn one_kind(slo: &Entry, kinds: &[&str], sink: &mut Sink) {
    let present = |keys: &[&str], node: &Node| {
        node.entries().iter().filter(|it| keys.contains(&it.key.as_str())).count()
    };
    if slo.value.entries().is_empty() {
        return;
    }
    match present(kinds, &slo.value) {
        1 => {}
        0 => {
            let message = format!("{} does not say what is counted", quote(&slo.key));
            let hint = "add `ratio: { bad: …, total: … }`, or `latency`, `gauge`, `raw`, `query`, `pushed` or `heartbeat`";
            sink.push(Problem::at(slo.key_span, "LL011", message).hint(hint));
        }
        _ => {
            let message = format!("{} says twice what is counted", quote(&slo.key));
            let hint =
                "keep one of `ratio`, `latency`, `gauge`, `raw`, `query`, `pushed` and `heartbeat`";
            sink.push(Problem::at(slo.key_span, "LL014", message).hint(hint));
        }
    }
    let Some(ratio) = slo.value.get("ratio") else { return };
    let sides = present(&["bad", "good"], ratio);
    if sides == 1 || ratio.entries().is_empty() {
        return;
    }
    let (code, message) = match sides {
        0 => ("LL011", "`ratio` counts neither bad nor good events"),
        _ => ("LL014", "`ratio` counts bad and good events"),
    };
    let hint = "write `bad` or `good`, whichever your counters say; the other is what is left";
    sink.push(Problem::at(slo.key_span, code, message).hint(hint));
}

pub(crate) fn values(slo: &Node, sink: &mut Sink) {
    if let Some(is) = slo.get("gauge").and_then(|it| it.get("is"))
        && is.text().is_some_and(|it| Comparison::parse(it).is_none())
    {
        let message = "a gauge is compared with a number";
        let hint = "write `<`, `<=`, `>`, `>=` or `==` and a number, in quotes: `\"<= 300\"`";
        sink.push(Problem::at(is.span, "LL100", message).hint(hint));
    }
    let Some(latency) = slo.get("latency") else { return };
    if let Some(under) = latency.get("under")
        && under.text().is_some_and(|it| bound(it).is_none())
    {
        let message = "this is no length of time above nothing";
        let hint = "write `300ms`, `1.5s`, or a number in the unit of the histogram, in quotes";
        sink.push(Problem::at(under.span, "LL101", message).hint(hint));
    }
    if let Some(histogram) = latency.get("histogram")
        && let Some(selector) = histogram.text().and_then(|it| Selector::parse(it).ok())
        && (selector.name.is_none() || selector.matchers.iter().any(|it| it.label == "le"))
    {
        let message = "a histogram is written by its name, without `le`";
        let hint = "write `http_request_duration_seconds{job=\"shop\"}`, and the bound as `under`";
        sink.push(Problem::at(histogram.span, "LL102", message).hint(hint));
    }
}

/// A latency has one histogram, and a native one comes from a Prometheus.
pub(crate) fn one_histogram(slo: &Entry, sections: &Sections, sink: &mut Sink) {
    let Some(latency) = slo.value.get("latency") else { return };
    if latency.entries().is_empty() {
        return;
    }
    match (latency.get("histogram"), latency.get("native")) {
        (None, None) => {
            let message = "`latency` names no histogram";
            let hint =
                "add `histogram: http_request_duration_seconds`, or `native` for a native one";
            sink.push(Problem::at(slo.key_span, "LL011", message).hint(hint));
        }
        (Some(_), Some(both)) => {
            let message = "`latency` names two histograms";
            sink.push(Problem::at(both.span, "LL014", message).hint("keep one of the two"));
        }
        (None, Some(native)) => {
            let named = slo.value.get("source").and_then(Node::text);
            let source = named.or(semantics::source_default(sections));
            let is_scraped = sections
                .entries("sources")
                .any(|it| Some(it.key.as_str()) == source && it.value.get("scrape").is_some());
            if is_scraped {
                let message =
                    "our own scraping reads text, in which native histograms are not written";
                let hint = "read it from a Prometheus source, or write a classic `histogram`";
                sink.push(Problem::at(native.span, "LL139", message).hint(hint));
            }
        }
        (Some(_), None) => {}
    }
}

fn one_window(node: &Node, sink: &mut Sink) {
    let window = node.entries().iter().find(|it| it.key == "window");
    if let Some(window) = window
        && node.get("calendar").is_some()
    {
        let message = "a window cannot roll and follow the calendar";
        let hint = "keep `window` or `calendar`";
        sink.push(Problem::at(window.key_span, "LL014", message).hint(hint));
    }
}

/// The bound as the labels of buckets write it: `300ms` is `0.3`.
fn bound(written: &str) -> Option<f64> {
    let (digits, millis) = match (written.strip_suffix("ms"), written.strip_suffix('s')) {
        (Some(digits), _) => (digits, true),
        (None, Some(digits)) => (digits, false),
        (None, None) => (written, false),
    };
    if !digits.bytes().all(|it| it.is_ascii_digit() || it == b'.') {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    let number = if millis { number / 1_000.0 } else { number };
    (number > 0.0 && number.is_finite()).then_some(number)
}

/// What is counted: the sort, the selector of bad or good events, and that of all events.
pub(crate) fn sli(node: &Node) -> (Sli, String, String) {
    if let Some(ratio) = node.get("ratio") {
        let total = text(ratio, "total").to_owned();
        return match ratio.get("good").and_then(Node::text) {
            Some(good) => (Sli::Good, good.to_owned(), total),
            None => (Sli::Bad, text(ratio, "bad").to_owned(), total),
        };
    }
    if let Some(latency) = node.get("latency") {
        return if latency.get("native").is_some() { native(latency) } else { histogram(latency) };
    }
    if let Some(gauge) = node.get("gauge") {
        let metric = text(gauge, "metric").to_owned();
        let is = Comparison::parse(text(gauge, "is")).expect("`is` was checked");
        return (Sli::Gauge(is), metric.clone(), metric);
    }
    if let Some(raw) = node.get("raw") {
        let metric = text(raw, "metric").to_owned();
        return (Sli::Ratio { good: text(raw, "of") == "good" }, metric.clone(), metric);
    }
    if let Some(query) = node.get("query") {
        return crate::queries::build(query);
    }
    if let Some(heartbeat) = node.get("heartbeat").and_then(Node::text) {
        return (Sli::Heartbeat { heartbeat: heartbeat.into() }, String::new(), String::new());
    }
    let pushed = node.get("pushed").expect("exactly one kind");
    let every = duration(pushed, "every", PUSH_EVERY_DEFAULT);
    let check = pushed.get("check").and_then(Node::text).map(str::to_owned);
    let secret = crate::build::secret(pushed, "secret");
    (Sli::Pushed { every, check, secret }, String::new(), String::new())
}

fn native(latency: &Node) -> (Sli, String, String) {
    let written = Selector::parse(text(latency, "native")).expect("`native` was checked");
    let under = bound(text(latency, "under")).expect("`under` was checked").to_string();
    let counter = |value: &str| {
        let (label, value) = (NATIVE_LABEL.to_owned(), value.to_owned());
        let mut selector = written.clone();
        selector.matchers.push(Matcher { label, op: MatchOp::Equal, value });
        selector.to_string()
    };
    let (good, all, buckets) = (counter(&under), counter("+Inf"), counter(NATIVE_BOUNDS));
    (Sli::Latency { under, buckets }, good, all)
}

fn histogram(latency: &Node) -> (Sli, String, String) {
    let written = Selector::parse(text(latency, "histogram")).expect("`histogram` was checked");
    let name = written.name.as_deref().expect("a histogram has a name");
    let name = name.strip_suffix("_bucket").unwrap_or(name);
    let series = |suffix: &str, more: Option<Matcher>| {
        let matchers = written.matchers.iter().cloned().chain(more).collect();
        Selector { name: Some(format!("{name}{suffix}")), matchers }.to_string()
    };
    let bound = bound(text(latency, "under")).expect("`under` was checked");
    let at_bound = Matcher {
        label: "le".to_owned(),
        op: MatchOp::Regex,
        value: spellings(bound).join("|").replace('.', "\\."),
    };
    let under = bound.to_string();
    let sli = Sli::Latency { under, buckets: series("_bucket", None) };
    (sli, series("_bucket", Some(at_bound)), series("_count", None))
}

/// How exporters write a number: Go's `1` is Java's `1.0`, and Go has exponents below 0.0001.
fn spellings(bound: f64) -> Vec<String> {
    let plain = bound.to_string();
    if !plain.contains('.') {
        return vec![plain.clone(), format!("{plain}.0")];
    }
    if bound >= 1e-4 {
        return vec![plain];
    }
    let scientific = format!("{bound:e}");
    let (digits, exponent) = scientific.split_once("e-").unwrap_or((&scientific, "0"));
    vec![plain, format!("{digits}e-{exponent:0>2}")]
}

/// The window of an objective, how it is judged, and the calendar it follows.
pub(crate) fn promise(node: &Node) -> (Millis, Method, Option<Calendar>) {
    let calendar = node.get("calendar").map(|it| Calendar {
        period: period(text(it, "every")),
        timezone: text(it, "timezone").to_owned(),
    });
    let window = match &calendar {
        Some(it) => it.period.longest(),
        None => scalars::duration(text_or(node, "window", WINDOW_DEFAULT))
            .expect("lengths of time were checked"),
    };
    (window, node.get("slices").map_or(Method::Occurrences, slices), calendar)
}

pub(crate) fn period(word: &str) -> Period {
    match word {
        "week" => Period::Week,
        "quarter" => Period::Quarter,
        "year" => Period::Year,
        _ => Period::Month,
    }
}

fn slices(node: &Node) -> Method {
    let length = duration(node, "of", "1m").whole_mins();
    let minutes = u8::try_from(length).expect("one of the choices");
    match node.get("good").and_then(Node::text) {
        None => Method::RatioTimeSlices { minutes },
        Some(good) => {
            let good = Objective::parse(good).expect("`good` was checked");
            Method::TimeSlices { minutes, bad_ppm: good.budget_ppb() / 1_000 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, expected: Option<&[&str]>) {
        let found = bound(written).map(spellings);
        assert_eq!(
            found.as_deref(),
            expected.map(|it| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()).as_deref()
        );
    }

    #[test]
    fn bounds_are_spelt_as_exporters_do() {
        check("300ms", Some(&["0.3"]));
        check("0.25s", Some(&["0.25"]));
        check("2s", Some(&["2", "2.0"]));
        check("1000ms", Some(&["1", "1.0"]));
        check("5", Some(&["5", "5.0"]));
        check("0.00005", Some(&["0.00005", "5e-05"]));
        check("0ms", None);
        check("-1s", None);
        check("soon", None);
        check("1e3", None);
    }
}
