//! Writing objectives as OpenSLO v1.
//!
//! Intuition: one SLO with an inline indicator for each objective. Where the counters behind the
//! queries are known, their selectors are written with `counter: true`, which every tool can
//! complete in its own way; otherwise the query stands as it is, hole and all.
//!
//! Invariant: what is written passes [`super::check`].

use super::{Object, VERSION};
use crate::duration::whole;
use crate::loss::Loss;
use crate::promql::counter_of;
use crate::spec::{HOLE, Sli, SloSpec};
use crate::yaml::{Data, Node};
use model::Millis;
use std::collections::BTreeSet;

/// An SLO for each of `specs`; `period` is for those that name none.
#[must_use]
pub fn write(specs: &[SloSpec], period: Millis) -> (Vec<Object>, Vec<Loss>) {
    let mut losses = Vec::new();
    let mut names = BTreeSet::new();
    let mut objects = Vec::new();
    for spec in specs {
        if let Some(object) = slo(spec, period, &mut losses) {
            if names.insert(object.name.clone()) {
                objects.push(object);
            } else {
                let why = format!("another objective is already called `{}`", object.name);
                spec.report(&mut losses).refused(spec.place.line, "the objective", &why);
            }
        }
    }
    (objects, losses)
}

fn slo(spec: &SloSpec, period: Millis, losses: &mut Vec<Loss>) -> Option<Object> {
    let line = spec.place.line;
    let mut report = spec.report(losses);
    if spec.objective >= 100.0 {
        let why = "a target in OpenSLO is below 100 %";
        report.refused(line, "the objective", why);
        return None;
    }
    let Some(duration) = whole(spec.period.unwrap_or(period)) else {
        report.refused(line, "the objective", "OpenSLO knows no window with seconds");
        return None;
    };
    if spec.period.is_none() {
        let why = format!("the file names no period, so it is written as {duration}");
        report.noted(line, "the window", &why);
    }
    if spec.alerting.page.is_some() || spec.alerting.ticket.is_some() {
        let why = "an alert here looks at two windows at once, and a policy of OpenSLO holds one \
                   condition over one window";
        report.lost(line, "alerts", why);
    }
    let name = slug(&spec.id());
    if name != spec.id() {
        let why = format!("names in OpenSLO are lower-case: it is called `{name}`");
        report.noted(line, "the name", &why);
    }
    let service = slug(&spec.service);
    let text = |it: &str| Node::from_text(it);
    let mut metadata = vec![("name", text(&name)), ("displayName", text(&spec.name))];
    if !spec.labels.is_empty() {
        let labels = spec.labels.iter().map(|(key, value)| (key, text(value)));
        metadata.push(("labels", Node::from_entries(labels)));
    }
    let mut description: String = spec.description.chars().take(1_050).collect();
    if description.len() < spec.description.len() {
        report.lost(line, "the end of the description", "OpenSLO takes 1050 characters");
    }
    description.truncate(description.trim_end().len());
    let window = Node::from_entries([
        ("duration", text(&duration)),
        ("isRolling", Node::new(Data::Switch(true))),
    ]);
    let indicator = Node::from_entries([
        ("metadata", Node::from_entries([("name", text(&name))])),
        ("spec", metric(&spec.sli)),
    ]);
    let target = Node::from_entries([("target", target(spec.objective))]);
    let mut body = vec![
        ("service", text(&service)),
        ("indicator", indicator),
        ("timeWindow", Node::new(Data::List(vec![window]))),
        ("budgetingMethod", text("Occurrences")),
        ("objectives", Node::new(Data::List(vec![target]))),
    ];
    if !description.is_empty() {
        body.push(("description", text(&description)));
    }
    let node = Node::from_entries([
        ("apiVersion", text(VERSION)),
        ("kind", text("SLO")),
        ("metadata", Node::from_entries(metadata)),
        ("spec", Node::from_entries(body)),
    ]);
    Some(Object { kind: "SLO".to_owned(), name, node, line })
}

/// The share with the digits of the percentage: 99.9 is 0.999, not 0.9990000000000001.
fn target(percent: f64) -> Node {
    let text = format!("{:.12}", percent / 100.0);
    let value: f64 = text.parse().expect("a number was just written");
    // So close to 1 that twelve digits do not show it.
    Node::from_number(if value < 1.0 { value } else { percent / 100.0 })
}

fn metric(sli: &Sli) -> Node {
    let source = |query: &str| {
        let query = Node::from_entries([("query", Node::from_text(query))]);
        let source = [("type", Node::from_text("Prometheus")), ("spec", query)];
        Node::from_entries([("metricSource", Node::from_entries(source))])
    };
    let ratio = |key: &'static str, part: &str, total: &str| {
        let counters = counter_of(part)
            .zip(counter_of(total))
            .filter(|(part, total)| part.function == total.function);
        let (part, total, counter) = match counters {
            Some((part, total)) => (part.selector.to_string(), total.selector.to_string(), true),
            None => (part.to_owned(), total.to_owned(), false),
        };
        debug_assert!(counter || part.contains(HOLE), "a query has its hole");
        Node::from_entries([
            ("counter", Node::new(Data::Switch(counter))),
            (key, source(&part)),
            ("total", source(&total)),
        ])
    };
    let ratio = match sli {
        Sli::Bad { bad, total } => ratio("bad", bad, total),
        Sli::Good { good, total } => ratio("good", good, total),
        Sli::ErrorRatio(query) => {
            Node::from_entries([("raw", source(query)), ("rawType", Node::from_text("failure"))])
        }
    };
    Node::from_entries([("ratioMetric", ratio)])
}

/// `text` as a name of RFC 1123: lower-case letters, digits and `-`, at most 63.
fn slug(text: &str) -> String {
    let dashed: String = text
        .chars()
        .map(|it| it.to_ascii_lowercase())
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .take(63)
        .collect();
    let trimmed = dashed.trim_matches('-');
    if trimmed.is_empty() { "unnamed".to_owned() } else { trimmed.to_owned() }
}
