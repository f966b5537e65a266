//! What our own configuration says of how an objective is measured.
//!
//! Intuition: three steps down. What is said exactly (a gauge, a share, counters) is carried over exactly.
//! Counters hidden in queries are taken out where that is certain. Everything else stays the query that
//! it is: it can be asked every minute, and the figure is an estimate, which is noted.
//!
//! Invariant: an objective in the output means what it meant in the input, or the report says how not.

use crate::loss::Report;
use crate::meaning::{Exact, sign};
use crate::promql::{Counted, Function, counter_of, difference, rest_of};
use crate::spec::{HOLE, Sli, SloSpec};
use crate::yaml::Node;
use slo::selector::{MatchOp, Matcher, Selector};

/// A key of our objectives, and what stands under it.
pub(crate) type Measured = (&'static str, Node);

/// How `spec` is measured, or why that cannot be said.
pub(crate) fn measured(spec: &SloSpec, report: &mut Report<'_>) -> Result<Measured, String> {
    if let Some(exact) = &spec.meaning.exact {
        return Ok(exactly(exact));
    }
    let line = spec.place.line;
    if let Some((kind, total_or_zero)) = counters(&spec.sli)? {
        if total_or_zero {
            let why = "a window without events is unknown here, and not a window with 0 events";
            report.noted(line, "`or vector(0)` in the total", why);
        }
        return Ok(kind);
    }
    asked(&spec.sli, line, report)
}

fn record<const N: usize>(key: &'static str, entries: [(&'static str, &str); N]) -> Measured {
    (key, Node::from_entries(entries.map(|(key, it)| (key, Node::from_text(it)))))
}

fn exactly(exact: &Exact) -> Measured {
    match exact {
        Exact::Gauge { metric, is } => {
            let is = format!("{} {}", sign(is.is), is.value);
            record("gauge", [("metric", metric), ("is", &is)])
        }
        Exact::Raw { metric, good } => {
            let of = if *good { "good" } else { "bad" };
            record("raw", [("metric", metric), ("of", of)])
        }
        Exact::Native { histogram, under } => {
            record("latency", [("native", histogram), ("under", under)])
        }
        Exact::Good { good, total } => record("ratio", [("good", good), ("total", total)]),
    }
}

/// The counters behind the queries, where they can be told for certain, and whether the total takes 0
/// where there are none.
fn counters(sli: &Sli) -> Result<Option<(Measured, bool)>, String> {
    let (bad, good, total) = match sli {
        Sli::ErrorRatio(_) => return Ok(None),
        Sli::Good { good, total } => (None, counter_of(good), counter_of(total)),
        Sli::Bad { bad, total } => match (counter_of(bad), difference(bad)) {
            (Some(bad), _) => (Some(bad), None, counter_of(total)),
            (None, Some((all, good))) => {
                let total = counter_of(total);
                let same = counter_of(all)
                    .zip(total.as_ref())
                    .is_some_and(|(all, total)| all.selector == total.selector);
                (None, counter_of(good).filter(|_| same), total)
            }
            (None, None) => return Ok(None),
        },
    };
    let Some(total) = total else { return Ok(None) };
    let Some(some) = bad.as_ref().or(good.as_ref()) else { return Ok(None) };
    if some.function != total.function {
        return Err("one query is a rate and the other an increase".to_owned());
    }
    let all = total.selector.to_string();
    let ratio = |key: &'static str, selector: &Selector| {
        record("ratio", [(key, &selector.to_string()), ("total", &all)])
    };
    let kind = match (bad, good) {
        (Some(bad), _) => ratio("bad", &bad.selector),
        (None, Some(Counted { selector: good, .. })) => latency(&good, &total.selector)
            .or_else(|| Some(ratio("bad", &rest_of(&total.selector, &good)?)))
            .unwrap_or_else(|| ratio("good", &good)),
        (None, None) => return Ok(None),
    };
    Ok(Some((kind, total.or_zero)))
}

/// The histogram of which `good` is a bucket and `total` all of it.
fn latency(good: &Selector, total: &Selector) -> Option<Measured> {
    let name = good.name.as_deref()?.strip_suffix("_bucket")?;
    let (bounds, mut rest): (Vec<&Matcher>, Vec<&Matcher>) =
        good.matchers.iter().partition(|it| it.label == "le");
    let [bound] = bounds.as_slice() else { return None };
    let under = bound_of(bound)?;
    let mut all: Vec<&Matcher> = total.matchers.iter().collect();
    if total.name.as_deref() == good.name.as_deref() {
        let infinite = |it: &&Matcher| it.label == "le" && it.value == "+Inf";
        let place = all.iter().position(infinite)?;
        all.remove(place);
    } else if total.name.as_deref() != Some(&format!("{name}_count")) {
        return None;
    }
    let key = |it: &&Matcher| (it.label.clone(), it.value.clone());
    rest.sort_by_key(key);
    all.sort_by_key(key);
    if rest != all {
        return None;
    }
    let matchers = rest.into_iter().cloned().collect();
    let histogram = Selector { name: Some(name.to_owned()), matchers }.to_string();
    Some(record("latency", [("histogram", &histogram), ("under", &under)]))
}

/// The number that a matcher of `le` chooses: `0.3`, or the first of `1|1\.0`.
fn bound_of(bound: &Matcher) -> Option<String> {
    let text = match bound.op {
        MatchOp::Equal => bound.value.clone(),
        MatchOp::Regex => bound.value.split('|').next()?.replace("\\.", "."),
        MatchOp::NotEqual | MatchOp::NotRegex => return None,
    };
    let plain = text.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    // Two different bounds are no bound.
    let same = |it: &str| {
        it.replace("\\.", ".").parse::<f64>().is_ok_and(|it| it.to_bits() == number.to_bits())
    };
    let all_same = bound.op == MatchOp::Equal || bound.value.split('|').all(same);
    (number > 0.0 && all_same).then_some(text)
}

/// The queries as they are.
fn asked(sli: &Sli, line: usize, report: &mut Report<'_>) -> Result<Measured, String> {
    let (kind, note): (Vec<(&'static str, String)>, &str) = match sli {
        Sli::ErrorRatio(query) => (vec![("error_ratio", query.clone())], ALIKE),
        Sli::Bad { bad: some, total } | Sli::Good { good: some, total } => {
            let key = if matches!(sli, Sli::Bad { .. }) { "bad" } else { "good" };
            match (function_of(some), function_of(total)) {
                (Some(Function::Rate), Some(Function::Rate)) => {
                    (vec![(key, some.clone()), ("total", total.clone())], RATES)
                }
                (Some(Function::Increase), Some(Function::Increase)) => {
                    let per = ("per", "window".to_owned());
                    (vec![(key, some.clone()), ("total", total.clone()), per], RATES)
                }
                _ if key == "bad" => {
                    (vec![("error_ratio", format!("({some})\n/\n({total})"))], ALIKE)
                }
                _ => (vec![("error_ratio", format!("1 - (({some})\n/\n({total}))"))], ALIKE),
            }
        }
    };
    for (_, query) in &kind {
        if let Some(why) = slo::query::problem(query) {
            return Err(format!("its query cannot be asked: {why}"));
        }
    }
    report.noted(line, "an estimate: from a query", note);
    let entries = kind.iter().map(|(key, it)| (*key, Node::from_text(it.trim())));
    Ok(("query", Node::from_entries(entries)))
}

const RATES: &str = "which counters it counts cannot be told for certain, so it is asked every minute \
                     and its rates are believed; several series are added up";
const ALIKE: &str = "how many events there were cannot be told, so it is asked every minute and every \
                     minute counts alike; of several series it is the mean";

/// Per what `query` counts, if all of it counts in the same way.
fn function_of(query: &str) -> Option<Function> {
    let called = |name: &str| {
        query.match_indices(name).any(|(at, _)| {
            let before = query[..at].chars().next_back();
            let after = query[at + name.len()..].trim_start().chars().next();
            after == Some('(') && !before.is_some_and(|it| it.is_ascii_alphanumeric() || it == '_')
        })
    };
    let others = ["irate", "idelta", "delta", "deriv", "count", "histogram_fraction"];
    let over_time = query.contains("_over_time");
    if over_time || query.contains('/') || others.into_iter().any(called) {
        return None;
    }
    match (called("rate"), called("increase")) {
        (true, false) => Some(Function::Rate),
        (false, true) if query.contains(HOLE) => Some(Function::Increase),
        _ => None,
    }
}
