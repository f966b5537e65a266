//! The documents of all files, put together by section, and the ids they define.
//!
//! Intuition: how an organisation is spread over files must not matter. We keep the top-level
//! entries side by side; nothing is copied.
//!
//! Invariants:
//! - a document that is recognisably something else is left alone, with a note;
//! - an id defined twice is reported once for each repetition, whichever files it stands in.

use crate::diagnostic::{Problem, Sink, Span, quote};
use crate::files::SourceFile;
use crate::shape::{Namespace, ROOT};
use crate::yaml::{Class, Data, Entry, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// All documents that are ours.
pub(crate) struct Sections {
    pub(crate) documents: Vec<Rc<Node>>,
}

impl Sections {
    /// What the documents say under the top-level `key`.
    pub(crate) fn top(&self, key: &'static str) -> impl Iterator<Item = &Entry> {
        debug_assert!(ROOT.field(key).is_some(), "`{key}` is no section");
        self.documents.iter().filter_map(move |it| it.entries().iter().find(|it| it.key == key))
    }

    /// Everything defined in section `key`, in order of file.
    pub(crate) fn entries(&self, key: &'static str) -> impl Iterator<Item = &Entry> {
        self.top(key).flat_map(|it| it.value.entries())
    }
}

/// Reads `files` and keeps what is ours; `None` when nothing is.
pub(crate) fn gather(files: &[SourceFile], sink: &mut Sink) -> Option<Sections> {
    let mut documents = Vec::new();
    for (file, source) in files.iter().enumerate() {
        for document in crate::yaml::parse(file, &source.text, sink) {
            match &document.data {
                Data::Scalar(it) if it.class == Class::Null => {}
                _ => match foreign_key(&document) {
                    Some(entry) => sink.push(foreign(source, entry)),
                    None => documents.push(document),
                },
            }
        }
    }
    if documents.is_empty() {
        if sink.everything_was_read() {
            let name = files.first().map_or("configuration", |it| it.name.as_str());
            let problem = Problem::with_file(name, "LL006", "no configuration was found");
            let hint = "name a YAML file that begins with `org: …`, or a folder with one";
            sink.push(problem.hint(hint));
        }
        return None;
    }
    let sections = Sections { documents };
    report_duplicates(&sections, sink);
    report_organisation(&sections, sink);
    Some(sections)
}

/// Top-level keys by which files of other systems are known.
const FOREIGN_KEYS: [&str; 12] = [
    "alerting",
    "apiVersion",
    "global",
    "groups",
    "inhibit_rules",
    "receivers",
    "remote_read",
    "remote_write",
    "route",
    "rule_files",
    "scrape_configs",
    "templates",
];

/// The entry by which `document` is known to belong to another system.
fn foreign_key(document: &Node) -> Option<&Entry> {
    let entries = document.entries();
    if entries.iter().any(|it| ROOT.field(&it.key).is_some()) {
        return None;
    }
    let is_sloth = |it: &Entry| {
        it.key == "version" && it.value.text().is_some_and(|it| it.starts_with("prometheus/"))
    };
    entries.iter().find(|it| FOREIGN_KEYS.contains(&it.key.as_str()) || is_sloth(it))
}

fn foreign(source: &SourceFile, entry: &Entry) -> Problem {
    let message = format!(
        "{} belongs to another system, as {} tells: skipped",
        quote(&source.name),
        quote(&entry.key)
    );
    Problem::at(entry.key_span, "LL008", message)
}

fn report_duplicates(sections: &Sections, sink: &mut Sink) {
    // Services and suppliers are named in the same places, so they share their ids.
    const GROUPS: [&[&str]; 13] = [
        &["people"],
        &["teams"],
        &["sites"],
        &["services", "suppliers"],
        &["features"],
        &["rotas"],
        &["escalations"],
        &["channels"],
        &["replies"],
        &["sources"],
        &["heartbeats"],
        &["maintenance"],
        &["exclusions"],
    ];
    for group in GROUPS {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for section in group {
            for entry in sections.entries(section) {
                match seen.get(entry.key.as_str()) {
                    Some(first) => sink.push(
                        Problem::at(
                            entry.key_span,
                            "LL015",
                            format!("{} is defined twice", quote(&entry.key)),
                        )
                        .hint("keep one of the two, or rename one")
                        .related(*first, "first defined here"),
                    ),
                    None => {
                        seen.insert(&entry.key, entry.key_span);
                    }
                }
            }
        }
    }
}

/// There must be one organisation and at most one public URL.
fn report_organisation(sections: &Sections, sink: &mut Sink) {
    for key in [
        "org",
        "public-url",
        "mode",
        "pages-per-person-per-10min",
        "alerts-open-max",
        "pagerduty-webhook-secret",
    ] {
        let mut given = sections.top(key);
        let Some(first) = given.next() else { continue };
        for other in given.filter(|it| it.value.text() != first.value.text()) {
            let message = format!("{} says something else elsewhere", quote(key));
            let problem = Problem::at(other.value.span, "LL045", message)
                .hint("all files read together describe one organisation: say it once")
                .related(first.value.span, "first said here");
            sink.push(problem);
        }
    }
    for key in ["watch", "pay"] {
        let mut given = sections.top(key);
        if let (Some(first), Some(other)) = (given.next(), given.next()) {
            let message = format!("{} stands elsewhere too", quote(key));
            let problem = Problem::at(other.key_span, "LL045", message)
                .hint("all files read together describe one organisation: say it once")
                .related(first.key_span, "first said here");
            sink.push(problem);
        }
    }
    if sections.top("org").next().is_none() && sink.everything_was_read() {
        let start = sections.documents[0].span;
        let span = Span { end: start.start, ..start };
        let problem = Problem::at(span, "LL011", "`org` is missing");
        sink.push(problem.hint("begin with the id of your organisation, such as `org: solar`"));
    }
}

/// Every id that is defined, by what it is for.
pub(crate) struct Symbols<'a> {
    names: BTreeMap<Namespace, BTreeSet<&'a str>>,
    slos: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Symbols<'a> {
    pub(crate) fn of(sections: &'a Sections) -> Self {
        let ids = |keys: &[&'static str]| {
            keys.iter().flat_map(|it| sections.entries(it)).map(|it| it.key.as_str()).collect()
        };
        let names = BTreeMap::from([
            (Namespace::Person, ids(&["people"])),
            (Namespace::Team, ids(&["teams"])),
            (Namespace::Site, ids(&["sites"])),
            (Namespace::Service, ids(&["services", "suppliers"])),
            (Namespace::Feature, ids(&["features"])),
            (Namespace::Rota, ids(&["rotas"])),
            (Namespace::Escalation, ids(&["escalations"])),
            (Namespace::Channel, ids(&["channels"])),
            (Namespace::Source, ids(&["sources"])),
            (Namespace::Heartbeat, ids(&["heartbeats"])),
        ]);
        let mut slos: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for service in sections.entries("services").chain(sections.entries("suppliers")) {
            let names = service.value.get("slos").map_or(&[][..], Node::entries);
            slos.entry(&service.key).or_default().extend(names.iter().map(|it| it.key.as_str()));
        }
        Self { names, slos }
    }

    pub(crate) fn has(&self, namespace: Namespace, id: &str) -> bool {
        self.names[&namespace].contains(id)
    }

    pub(crate) fn known(&self, namespace: Namespace) -> impl Iterator<Item = &'a str> + Clone {
        self.names[&namespace].iter().copied()
    }

    /// The objectives of `service`; `None` when there is no such service.
    pub(crate) fn slos_of(&self, service: &str) -> Option<&BTreeSet<&'a str>> {
        self.slos.get(service)
    }
}
