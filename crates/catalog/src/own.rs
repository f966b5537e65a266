//! What features measure of their own, from the tree: shapes, judgement and what is built.
//!
//! Intuition: a need may be narrowed (`only`): the same objective at this feature's traffic, by more labels
//! or by counters of its own. The rest is written as for any objective.
//!
//! Invariant: what `check` lets pass, `build` can build.

use crate::build::{self, text};
use crate::diagnostic::{Problem, Sink, Span, quote};
use crate::needs::{self, Leaf};
use crate::sections::Sections;
use crate::semantics;
use crate::shape::Presence::{Default, Optional, Required};
use crate::shape::{
    Field, GAUGE, Kind, LATENCY, Namespace, PUSHED, Plain, QUERY, RATIO, RAW, Shape,
};
use crate::shape::{field, plain};
use crate::slis;
use crate::yaml::{Entry, Node};
use model::{
    Calendar, FeatureId, Method, Millis, Objective, Own, Service, ServiceId, Sli, Slo, SloId,
    SourceId,
};
use slo::selector::{Matcher, Selector};
use std::collections::{BTreeMap, BTreeSet};

const SOURCE: Field = field(
    "source",
    Default("the only source, or the one called `default`"),
    Kind::Name(Namespace::Source),
    "Where it is read.",
);

/// The key `attempts` of a feature.
pub(crate) const ATTEMPTS_FIELD: Field = field(
    "attempts",
    Optional,
    Kind::Record(&ATTEMPTS),
    "How often the feature is tried. Its needs are then weighed by these attempts instead of the traffic of the busiest need.",
);

/// The key `measured` of a feature.
pub(crate) const MEASURED_FIELD: Field = field(
    "measured",
    Optional,
    Kind::Record(&MEASURED),
    "Measures the feature from end to end. It wins over what its needs say, which stays visible beside it.",
);

/// The key `only` of a need.
pub(crate) static ONLY: Shape = Shape {
    title: "narrowed need",
    about: "An objective at this feature's own traffic: its failures are then no longer assumed to fall on this feature alike. Either `where`, or counters as for an objective.",
    fields: &[
        field(
            "of",
            Required,
            Kind::Need,
            "The objective, as `service.slo`; its promise is kept for it.",
        ),
        plain(
            "where",
            Optional,
            Plain::Selector,
            "More labels for the objective's own selectors, in braces: `{journey=\"checkout\"}`.",
        ),
        field("ratio", Optional, Kind::Record(&RATIO), "Counters of its own."),
        field("latency", Optional, Kind::Record(&LATENCY), "A histogram of its own."),
        field("gauge", Optional, Kind::Record(&GAUGE), "A gauge of its own."),
        field("raw", Optional, Kind::Record(&RAW), "A share of its own."),
        field("query", Optional, Kind::Record(&QUERY), "PromQL of its own: an estimate."),
        field(
            "source",
            Default("that of the objective"),
            Kind::Name(Namespace::Source),
            "Where it is read.",
        ),
    ],
};

static ATTEMPTS: Shape = Shape {
    title: "attempts",
    about: "The counter of attempts.",
    fields: &[
        plain(
            "total",
            Required,
            Plain::Selector,
            "The counter of all attempts, failed ones included.",
        ),
        SOURCE,
    ],
};

static MEASURED: Shape = Shape {
    title: "measured end to end",
    about: "Whether attempts worked, measured where users are: exactly one of these.",
    fields: &[
        field("ratio", Optional, Kind::Record(&RATIO), "Two counters."),
        field("latency", Optional, Kind::Record(&LATENCY), "A histogram."),
        field("gauge", Optional, Kind::Record(&GAUGE), "A gauge, such as that of a probe."),
        field("raw", Optional, Kind::Record(&RAW), "A share."),
        field("query", Optional, Kind::Record(&QUERY), "PromQL: an estimate."),
        field("pushed", Optional, Kind::Record(&PUSHED), "Others tell us the counts."),
        field("heartbeat", Optional, Kind::Name(Namespace::Heartbeat), "A heartbeat."),
        SOURCE,
    ],
};

/// Every narrowed need below `need`.
fn narrowed(need: &Node) -> Vec<&Entry> {
    let mut found = vec![];
    let mut open = vec![need];
    while let Some(node) = open.pop() {
        let only = node.entries().iter().find(|it| it.key == "only");
        found.extend(only);
        open.extend(needs::parts(node).into_iter().rev());
    }
    found
}

/// The objective that a narrowed need is about.
fn member(only: &Node) -> Option<SloId> {
    SloId::parse(only.get("of")?.text()?).ok()
}

/// Ways to measure that `where` cannot narrow.
const WITHOUT_LABELS: [&str; 3] = ["pushed", "query", "heartbeat"];

/// Reports what does not fit together.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    let pushed: BTreeSet<String> = semantics::slos(sections)
        .filter(|(_, slo)| WITHOUT_LABELS.iter().any(|it| slo.value.get(it).is_some()))
        .map(|(service, slo)| format!("{}.{}", service.key, slo.key))
        .collect();
    for feature in sections.entries("features") {
        for entry in feature.value.entries().iter().filter(|it| it.key == "measured") {
            slis::one_kind(entry, &slis::KINDS, sink);
            slis::one_histogram(entry, sections, sink);
            crate::queries::check(entry, sections, sink);
            slis::values(&entry.value, sink);
        }
        let Some(needs) = feature.value.get("needs") else { continue };
        let mut seen = BTreeSet::new();
        for entry in narrowed(needs) {
            let (only, span) = (&*entry.value, entry.key_span);
            slis::one_histogram(entry, sections, sink);
            crate::queries::check(entry, sections, sink);
            one_way(only, span, sink);
            slis::values(only, sink);
            labels_alone(only, sink);
            let Some(of) = only.get("of") else { continue };
            let named = of.text().unwrap_or_default();
            let leaf = Leaf { text: named, span: of.span };
            let told = if !of.entries().is_empty() || leaf.feature().is_some() {
                Some("only an objective of a service can be narrowed")
            } else if only.get("where").is_some() && pushed.contains(named) {
                Some(
                    "what is pushed, asked or a heartbeat has no labels by which it could be narrowed",
                )
            } else {
                None
            };
            if let Some(told) = told {
                let hint = "write `of: service.slo`, or give the service an objective of its own for this traffic";
                sink.push(Problem::at(of.span, "LL134", told).hint(hint));
            } else if !named.is_empty() && !seen.insert(named) {
                let told = format!("{} is narrowed twice in this feature", quote(named));
                let hint = "give the service an objective of its own for one of the two";
                sink.push(Problem::at(of.span, "LL135", told).hint(hint));
            }
        }
    }
}

fn one_way(only: &Node, span: Span, sink: &mut Sink) {
    const WAYS: [&str; 6] = ["where", "ratio", "latency", "gauge", "raw", "query"];
    if only.entries().is_empty() {
        return;
    }
    match only.entries().iter().filter(|it| WAYS.contains(&it.key.as_str())).count() {
        1 => {}
        0 => {
            let hint = "add `where: '{label=\"value\"}'`, or `ratio`, `latency`, `gauge`, `raw` or `query`";
            sink.push(Problem::at(span, "LL011", "`only` does not say what it leaves").hint(hint));
        }
        _ => {
            let hint = "keep one of `where`, `ratio`, `latency`, `gauge`, `raw` and `query`";
            sink.push(Problem::at(span, "LL014", "`only` says twice what it leaves").hint(hint));
        }
    }
}

fn labels_alone(only: &Node, sink: &mut Sink) {
    let Some(labels) = only.get("where") else { return };
    let parsed = labels.text().and_then(|it| Selector::parse(it).ok());
    if parsed.is_some_and(|it| it.name.is_some()) {
        let hint = "write `{label=\"value\"}` for more labels, or `ratio` for other counters";
        let told = "`where` takes labels, and no name";
        sink.push(Problem::at(labels.span, "LL134", told).hint(hint));
    }
}

/// What features read of their own without naming a source, with its place.
pub(crate) fn without_source(sections: &Sections) -> Vec<(&str, Span)> {
    sections
        .entries("features")
        .flat_map(|it| it.value.entries())
        .filter(|it| matches!(it.key.as_str(), "attempts" | "measured"))
        .filter(|it| semantics::is_read_somewhere(it))
        .map(|it| (it.key.as_str(), it.key_span))
        .collect()
}

/// What a feature promises.
pub(crate) struct Promised {
    pub(crate) objective: Objective,
    pub(crate) window: Millis,
    pub(crate) method: Method,
    pub(crate) calendar: Option<Calendar>,
}

/// What the feature `id` measures of its own.
pub(crate) fn build(
    id: &str,
    node: &Node,
    promised: &Promised,
    services: &BTreeMap<ServiceId, Service>,
    source_default: Option<&str>,
) -> Own {
    let feature = FeatureId::from(id);
    let edges = node.get("needs").map_or_else(Vec::new, narrowed).into_iter().map(|entry| {
        let only = &*entry.value;
        let member = member(only).expect("`of` was checked");
        let slo = &services[&member.service].slos[&member.name];
        (SloId::edge(&member, &feature), edge(only, slo))
    });
    let source = |it: &Node, sli: &Sli| {
        let named = it.get("source").and_then(Node::text);
        let source =
            if sli.has_no_source() { Some(build::PUSHED) } else { named.or(source_default) };
        SourceId::from(source.expect("`sources_are_clear` found a source"))
    };
    let promise = |source, (sli, bad, total): (Sli, String, String)| Slo {
        objective: promised.objective,
        window: promised.window,
        bad,
        total,
        source,
        sli,
        method: promised.method,
        calendar: promised.calendar.clone(),
        loses: None,
        alerts: None,
    };
    let attempts = node.get("attempts").map(|it| {
        let total = text(it, "total").to_owned();
        // Every attempt is counted as a good one: only totals mean anything here.
        promise(source(it, &Sli::Good), (Sli::Good, total.clone(), total))
    });
    let measured = node.get("measured").map(|it| {
        let sli = slis::sli(it);
        promise(source(it, &sli.0), sli)
    });
    Own { edges: edges.collect(), attempts, measured }
}

fn edge(only: &Node, slo: &Slo) -> Slo {
    let mut edge = slo.clone();
    if let Some(source) = only.get("source").and_then(Node::text) {
        edge.source = source.into();
    }
    let Some(labels) = only.get("where").and_then(Node::text) else {
        (edge.sli, edge.bad, edge.total) = slis::sli(only);
        return edge;
    };
    let more = Selector::parse(labels).expect("`where` was checked").matchers;
    narrow(&mut edge, &more);
    edge
}

/// Leaves of what an objective counts only what `more` matches too.
pub(crate) fn narrow(slo: &mut Slo, more: &[Matcher]) {
    let narrow = |text: &str| {
        let mut selector = Selector::parse(text).expect("selectors were checked");
        selector.matchers.extend(more.iter().cloned());
        selector.to_string()
    };
    (slo.bad, slo.total) = (narrow(&slo.bad), narrow(&slo.total));
    if let Sli::Latency { buckets, .. } = &mut slo.sli {
        *buckets = narrow(buckets);
    }
}
