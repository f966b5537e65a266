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
use crate::meaning::{Exact, length_of, operator};
use crate::promql::counter_of;
use crate::spec::{Sli, SloSpec};
use crate::yaml::{Data, Node};
use model::{Is, Method, Millis};
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
    if !spec.meaning.conditions.is_empty()
        || spec.alerting.page.is_some()
        || spec.alerting.ticket.is_some()
    {
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
    let window = window(spec, &duration);
    let indicator = Node::from_entries([
        ("metadata", Node::from_entries([("name", text(&name))])),
        ("spec", metric(spec)),
    ]);
    let (method, target) = judged(spec);
    let mut body = vec![
        ("service", text(&service)),
        ("indicator", indicator),
        ("timeWindow", Node::new(Data::List(vec![window]))),
        ("budgetingMethod", text(method)),
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

/// The window: one that rolls, or one that begins anew with the calendar.
fn window(spec: &SloSpec, duration: &str) -> Node {
    let text = |it: &str| Node::from_text(it);
    let rolling = ("isRolling", Node::new(Data::Switch(spec.meaning.calendar.is_none())));
    let Some(calendar) = &spec.meaning.calendar else {
        return Node::from_entries([("duration", text(duration)), rolling]);
    };
    // A Monday, and the first of a year.
    let start = ("startTime", text("2024-01-01 00:00:00"));
    let node = Node::from_entries([start, ("timeZone", text(&calendar.timezone))]);
    let length = text(length_of(calendar.period));
    Node::from_entries([("duration", length), rolling, ("calendar", node)])
}

/// How an objective is judged, and the one objective.
fn judged(spec: &SloSpec) -> (&'static str, Node) {
    let mut entries = vec![("target", target(spec.objective))];
    let length = |it: u8| ("timeSliceWindow", Node::from_text(format!("{it}m")));
    let method = match spec.meaning.method {
        Method::Occurrences => "Occurrences",
        Method::TimeSlices { minutes, bad_ppm } => {
            let good = target(100.0 - f64::from(bad_ppm) / 1e4);
            entries.extend([("timeSliceTarget", good), length(minutes)]);
            "Timeslices"
        }
        Method::RatioTimeSlices { minutes } => {
            entries.push(length(minutes));
            "RatioTimeslices"
        }
    };
    if let Some(Exact::Gauge { is, .. }) = &spec.meaning.exact {
        // Equality has no word here: the query is 1 or 0 then.
        let value = if is.is == Is::Equal { "1" } else { &is.value };
        let value = value.parse().unwrap_or_default();
        entries.push(("op", Node::from_text(operator(is.is).unwrap_or("gte"))));
        entries.push(("value", Node::from_number(value)));
    }
    (method, Node::from_entries(entries))
}

fn metric(spec: &SloSpec) -> Node {
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
        Node::from_entries([
            ("counter", Node::new(Data::Switch(counter))),
            (key, source(&part)),
            ("total", source(&total)),
        ])
    };
    let counters = |key: &'static str, part: &str, total: &str| {
        let counter = ("counter", Node::new(Data::Switch(true)));
        Node::from_entries([counter, (key, source(part)), ("total", source(total))])
    };
    let raw = |query: &str, kind: &str| {
        Node::from_entries([("raw", source(query)), ("rawType", Node::from_text(kind))])
    };
    match &spec.meaning.exact {
        Some(Exact::Gauge { metric, is }) => {
            let query = match is.is {
                Is::Equal => format!("{metric} == bool {}", is.value),
                _ => metric.clone(),
            };
            return Node::from_entries([("thresholdMetric", source(&query))]);
        }
        Some(Exact::Raw { metric, good }) => {
            let kind = if *good { "success" } else { "failure" };
            return Node::from_entries([("ratioMetric", raw(metric, kind))]);
        }
        Some(Exact::Good { good, total }) => {
            return Node::from_entries([("ratioMetric", counters("good", good, total))]);
        }
        Some(Exact::Native { .. }) | None => {}
    }
    let ratio = match &spec.sli {
        Sli::Bad { bad, total } => ratio("bad", bad, total),
        Sli::Good { good, total } => ratio("good", good, total),
        Sli::ErrorRatio(query) => raw(query, "failure"),
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
