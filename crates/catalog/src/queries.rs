//! Questions in PromQL, from the tree: judged and built.
//!
//! Intuition: we have no parser of PromQL and want none; what a server would surely refuse is told here,
//! and the rest is told by the server, in its own words, at the first read.
//!
//! Invariant: what `check` lets pass, `build` can build.

use crate::build::{text, text_or};
use crate::diagnostic::{Problem, Sink, quote};
use crate::scalars::{Refused, refused};
use crate::sections::Sections;
use crate::semantics;
use crate::yaml::{Entry, Node};
use model::{Asks, Per, Sli};

/// What no server would understand.
pub(crate) fn problem(query: &str) -> Option<Refused> {
    if query.trim().is_empty() {
        return Some(refused("LL013", "this query is empty", "write PromQL"));
    }
    let why = slo::query::problem(query)?;
    let hint = "write PromQL as in Prometheus' own console, in single quotes; only `{{.window}}` is replaced";
    Some(refused("LL110", format!("this query cannot be asked: {why}"), hint))
}

/// Reports a query that asks too little or too much, or whom nobody can answer.
pub(crate) fn check(slo: &Entry, sections: &Sections, sink: &mut Sink) {
    let Some(query) = slo.value.get("query") else { return };
    if query.entries().is_empty() {
        return;
    }
    let has = |key: &str| query.get(key).is_some();
    let sides = ["bad", "good", "error_ratio"].into_iter().filter(|it| has(it)).count();
    let told = match (sides, has("error_ratio"), has("total")) {
        (0, ..) => Some(("LL011", "`query` asks neither for bad nor for good events")),
        (2.., ..) => Some(("LL014", "`query` asks twice for the same")),
        (1, true, true) => Some(("LL014", "`error_ratio` is a share already, and has no total")),
        (1, false, false) => Some(("LL011", "`query` does not ask for all events")),
        (1, ..) => None,
    };
    if let Some((code, message)) = told {
        let hint = "write `bad` or `good` with `total`, or `error_ratio` alone";
        sink.push(Problem::at(slo.key_span, code, message).hint(hint));
    }
    let window_wanted = query.get("per").and_then(Node::text) == Some("window");
    let open =
        |key: &str| query.get(key).and_then(Node::text).is_none_or(slo::query::has_placeholder);
    if window_wanted && !["bad", "good", "total"].into_iter().all(open) {
        let message =
            "`per: window` is about the window of `{{.window}}`, which is not everywhere here";
        let hint = "write `{{.window}}` as the range of both, or turn `increase` into `rate`";
        sink.push(Problem::at(slo.key_span, "LL112", message).hint(hint));
    }
    let named = slo.value.get("source").and_then(Node::text);
    let source = named.or(semantics::source_default(sections));
    let is_scraped = sections
        .entries("sources")
        .any(|it| Some(it.key.as_str()) == source && it.value.get("scrape").is_some());
    if is_scraped {
        let message = format!(
            "nobody answers the query of {}: we scrape its source ourselves",
            quote(&slo.key)
        );
        let hint = "read it from a Prometheus source, or write the counters as `ratio`";
        sink.push(Problem::at(query.span, "LL111", message).hint(hint));
    }
}

/// What is counted, and both questions.
pub(crate) fn build(query: &Node) -> (Sli, String, String) {
    let per = match text_or(query, "per", "second") {
        "minute" => Per::Minute,
        "window" => Per::Window,
        _ => Per::Second,
    };
    if let Some(ratio) = query.get("error_ratio").and_then(Node::text) {
        let sli = Sli::Query { asks: Asks::ErrorRatio, per };
        return (sli, ratio.to_owned(), ratio.to_owned());
    }
    let total = text(query, "total").to_owned();
    match query.get("good").and_then(Node::text) {
        Some(good) => (Sli::Query { asks: Asks::Good, per }, good.to_owned(), total),
        None => (Sli::Query { asks: Asks::Bad, per }, text(query, "bad").to_owned(), total),
    }
}
