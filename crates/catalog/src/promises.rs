//! What stands beside a feature's promise, from the tree: who changed it and why, the parts of its traffic
//! that are looked at by themselves, and labels.
//!
//! Intuition: two things about a promise can only be judged with something that is not in the file: whether the
//! day of its review has passed (the clock knows), and whether its reason is that of an earlier revision (the
//! former configuration knows). Both are found here with their places and told when that is at hand.
//!
//! Invariant: what `check` lets pass, `build` can build.

use crate::Loaded;
use crate::build::text;
use crate::diagnostic::{Diagnostic, Problem, Sink, quote};
use crate::files::SourceFile;
use crate::needs::leaves;
use crate::own::Promised;
use crate::sections::Sections;
use crate::semantics;
use crate::shape::Presence::{Default, Optional, Required};
use crate::shape::{Field, Keys, Kind, Namespace, Plain, Shape, field, plain};
use crate::yaml::{Entry, Node};
use model::{
    FeatureId, Need, Own, Personal, RevisionNote, SEGMENTS_MAX, Segment, Segments, Service,
    ServiceId, Slo, SloId, Timestamp,
};
use slo::selector::{MatchOp, Matcher};
use std::collections::BTreeMap;

/// The key `revision` of a feature.
pub(crate) const REVISION_FIELD: Field = field(
    "revision",
    Optional,
    Kind::Record(&REVISION),
    "Who changed the promise last, why, and what shows that this level is the right one. A name here is a claim; `lamplighter revise` says it in one's own name.",
);

/// The key `segments` of a feature.
pub(crate) const SEGMENTS_FIELD: Field = field(
    "segments",
    Optional,
    Kind::Record(&SEGMENTS),
    "Parts of its traffic that are held against the same promise by themselves, such as countries: one that is dark must not vanish in an average.",
);

/// The key `labels` of a feature.
pub(crate) const LABELS_FIELD: Field = field(
    "labels",
    Optional,
    Kind::Map(Keys::Ids, &Kind::Plain(Plain::Text(60))),
    "What lists of features are filtered by: `{ product: home, tier: gold }`.",
);

static REVISION: Shape = Shape {
    title: "revision",
    about: "The story of the newest change of a promise.",
    fields: &[
        field("by", Required, Kind::Name(Namespace::Person), "Who changed it."),
        plain("reason", Required, Plain::Text(500), "Why."),
        plain(
            "evidence",
            Optional,
            Plain::Text(500),
            "What shows that users need this level and no more: words, a link, or both.",
        ),
    ],
};

static SEGMENTS: Shape = Shape {
    title: "segments",
    about: "The traffic of a feature divided by one label. Each part is measured and kept like an objective.",
    fields: &[
        plain("label", Required, Plain::Text(100), "By which label of the counters."),
        field(
            "values",
            Required,
            Kind::Set(&Kind::Plain(Plain::Text(40))),
            "The values of the label, at most 50.",
        ),
        field(
            "of",
            Default("what measures it end to end, or the only objective it needs"),
            Kind::Need,
            "The objective that is divided, as `service.slo`.",
        ),
        plain(
            "page",
            Default("false"),
            Plain::Switch,
            "Whether a part that fails while the whole does not calls people; else it makes a ticket.",
        ),
    ],
};

/// Reports what cannot be divided.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    for feature in sections.entries("features") {
        let Some(segments) = feature.value.get("segments") else { continue };
        values(segments, sink);
        let Some(label) = segments.get("label").filter(|it| it.text().is_some()) else { continue };
        if !is_label(label.text().unwrap_or_default()) {
            let message = format!("{} is no name of a label", quote(label.text().unwrap_or("")));
            let hint = "write letters, digits and `_`, as in `country`";
            sink.push(Problem::at(label.span, "LL123", message).hint(hint));
        }
        if let Err((told, hint)) = divided(sections, feature) {
            let at = segments.get("of").map_or(label.span, |it| it.span);
            sink.push(Problem::at(at, "LL122", told).hint(hint));
        }
    }
}

fn values(segments: &Node, sink: &mut Sink) {
    let Some(values) = segments.get("values") else { return };
    if values.items().len() > SEGMENTS_MAX {
        let message =
            format!("{} values, and at most {SEGMENTS_MAX} are looked at", values.items().len());
        let hint = "name those that matter, or give the service objectives of its own";
        sink.push(Problem::at(values.span, "LL124", message).hint(hint));
    }
    for value in values.items() {
        let Some(text) = value.text().filter(|it| !SloId::is_segment_value(it)) else { continue };
        let message = format!("{} cannot be the value of a segment", quote(text));
        let hint = "use letters, digits, spaces and `-_.+/`, at most 40";
        sink.push(Problem::at(value.span, "LL123", message).hint(hint));
    }
}

fn is_label(text: &str) -> bool {
    let fits = |it: char| it.is_ascii_alphanumeric() || it == '_';
    !text.starts_with(|it: char| it.is_ascii_digit()) && text.chars().all(fits)
}

/// Whether it is clear what is divided, and whether it has labels.
fn divided(sections: &Sections, feature: &Entry) -> Result<(), (String, &'static str)> {
    const ONE: &str = "write `of: service.slo`, one of the objectives that this feature needs";
    const PUSHED: &str = "divide an objective that is read from a source, or push one per part";
    let pushed =
        || Err(("pushed counts have no labels by which they are divided".to_owned(), PUSHED));
    let segments = feature.value.get("segments");
    let of = segments.and_then(|it| it.get("of"));
    let measured = feature.value.get("measured");
    if of.is_none()
        && let Some(measured) = measured
    {
        return if measured.get("pushed").is_some() { pushed() } else { Ok(()) };
    }
    let named = match of {
        Some(it) if it.text().is_none_or(|it| it.starts_with("feature ")) => {
            return Err(("only an objective of a service can be divided".to_owned(), ONE));
        }
        Some(it) => it.text().unwrap_or_default(),
        None => {
            let needed = feature.value.get("needs").map_or_else(Vec::new, leaves);
            match needed[..] {
                [only] if only.feature().is_none() => only.text,
                _ => return Err(("it is not clear which objective is divided".to_owned(), ONE)),
            }
        }
    };
    let mut slos = semantics::slos(sections);
    let found = slos.find(|(service, slo)| format!("{}.{}", service.key, slo.key) == named);
    if found.is_some_and(|(_, slo)| slo.value.get("pushed").is_some()) { pushed() } else { Ok(()) }
}

/// Who changed the promise last, as the file says.
pub(crate) fn revision(node: &Node) -> Option<RevisionNote> {
    let it = node.get("revision")?;
    let by: model::PersonId = text(it, "by").into();
    let evidence = it.get("evidence").and_then(Node::text);
    Some(RevisionNote {
        reason: Personal::new(by.clone(), text(it, "reason").trim()),
        evidence: evidence.map(|it| Personal::new(by.clone(), it.trim())),
        by,
    })
}

/// Labels.
pub(crate) fn labels(node: &Node) -> BTreeMap<String, String> {
    let entries = node.get("labels").map_or(&[][..], Node::entries);
    let label = |it: &Entry| Some((it.key.clone(), it.value.text()?.to_owned()));
    entries.iter().filter_map(label).collect()
}

/// The parts of the feature `id`, which needs `needs` and measures `own`.
pub(crate) fn segments(
    id: &str,
    node: &Node,
    promised: &Promised,
    (needs, own): (&Need, &Own),
    services: &BTreeMap<ServiceId, Service>,
) -> Option<Box<Segments>> {
    let it = node.get("segments")?;
    let feature = FeatureId::from(id);
    let named = it.get("of").and_then(Node::text).map(SloId::from);
    let (of, whole): (SloId, Slo) = match (named, &own.measured) {
        (None, Some(measured)) => (SloId::measured(&feature), measured.clone()),
        (named, _) => {
            let of = named.unwrap_or_else(|| {
                (*needs.slos().first().expect("a feature needs something")).promised()
            });
            let edge = own.edges.get(&SloId::edge(&of, &feature));
            let whole =
                edge.cloned().unwrap_or_else(|| services[&of.service].slos[&of.name].clone());
            (of, whole)
        }
    };
    let label = text(it, "label");
    let values = it.get("values").map_or(&[][..], Node::items).iter().filter_map(|it| it.text());
    let part = |value: &str| {
        let matcher =
            Matcher { label: label.to_owned(), op: MatchOp::Equal, value: value.to_owned() };
        let mut slo = whole.clone();
        crate::own::narrow(&mut slo, &[matcher]);
        slo.objective = promised.objective;
        slo.window = promised.window;
        slo.method = promised.method;
        slo.calendar.clone_from(&promised.calendar);
        slo.loses = None;
        Segment { id: SloId::segment(&feature, value), value: value.to_owned(), slo }
    };
    let parts = values.map(part).collect();
    let page = it.get("page").is_some_and(semantics::is_true);
    Some(Box::new(Segments { label: label.to_owned(), of, parts, page }))
}

/// Something that is a problem only if something else is so.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Later {
    feature: FeatureId,
    /// A day that must not have passed; `None`: the reason must not be an old one.
    day: Option<jiff::civil::Date>,
    told: Diagnostic,
}

/// What is to be judged when the time and the former configuration are at hand.
pub(crate) fn later(sections: &Sections, files: &[SourceFile]) -> Vec<Later> {
    let mut found = vec![];
    for feature in sections.entries("features") {
        let Ok(id) = FeatureId::new(&feature.key) else { continue };
        let mut add = |day, problem: Problem| {
            let mut sink = Sink::default();
            sink.push(problem);
            let told = sink.finish(files).into_iter();
            found.extend(told.map(|told| Later { feature: id.clone(), day, told }));
        };
        if let Some(reason) = feature.value.get("revision").and_then(|it| it.get("reason")) {
            let message =
                format!("the reason for {} is that of an earlier revision", quote(&feature.key));
            let hint = "say why the promise changed now, or say it with `lamplighter revise`";
            add(None, Problem::at(reason.span, "LL120", message).hint(hint));
        }
        let review = feature.value.get("owners").and_then(|it| it.get("review"));
        let day = review.and_then(Node::text).and_then(|it| it.parse().ok());
        if let (Some(review), Some(day)) = (review, day) {
            let message =
                format!("review of {} overdue since {day}, as the file says", quote(&feature.key));
            let hint = "sign anew or say `lamplighter revise --next DAY`, which only the server knows of; then write the next day here";
            add(Some(day), Problem::at(review.span, "LL121", message).hint(hint));
        }
    }
    found
}

impl Loaded {
    /// With warnings of review dates that have passed at `now`.
    pub(crate) fn with_reviews(mut self, now: Timestamp) -> Self {
        let today = now.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
        let passed = self.later.iter().filter(|it| it.day.is_some_and(|day| day <= today));
        let told: Vec<Diagnostic> = passed.map(|it| it.told.clone()).collect();
        self.diagnostics.extend(told);
        self
    }

    /// With warnings of `features`, whose promise changed while the reason in the file did not.
    #[must_use]
    pub fn with_old_reasons(mut self, features: &[FeatureId]) -> Self {
        let is_old = |it: &&Later| it.day.is_none() && features.contains(&it.feature);
        let told: Vec<Diagnostic> =
            self.later.iter().filter(is_old).map(|it| it.told.clone()).collect();
        self.diagnostics.extend(told);
        self
    }
}
