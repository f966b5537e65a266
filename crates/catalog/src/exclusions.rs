//! What an exclusion from budgets names, judged over all files.
//!
//! Invariant: what passes here has something it is about and exactly one set of times.

use crate::diagnostic::{Problem, Sink, quote};
use crate::sections::Sections;
use crate::semantics;
use crate::yaml::{Entry, Node};
use model::{Days, Recurrence, SloId};
use std::collections::BTreeSet;

/// What is wrong with a text that says when, if anything.
pub(crate) fn when_problem(text: &str) -> Option<String> {
    match Recurrence::parse(text) {
        Err(error) => Some(error.to_string()),
        Ok(Recurrence { days: Days::Rule(_, rule), .. }) => oncall::Recurrence::parse(&rule)
            .err()
            .map(|told| format!("{} names no days: {told}", quote(&rule))),
        Ok(_) => None,
    }
}

/// Reports exclusions that do not fit together.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    for exclusion in sections.entries("exclusions") {
        times(exclusion, sink);
        names(sections, exclusion, sink);
        during(sections, &exclusion.value, sink);
    }
}

fn times(exclusion: &Entry, sink: &mut Sink) {
    let has = |key: &str| exclusion.value.get(key).is_some();
    let own = ["when", "timezone", "lasts"].map(has);
    let told = match (has("during"), own) {
        (true, [false, false, false]) | (false, [true, true, true]) => return,
        (true, _) => "says twice when it is",
        (false, _) => "does not say when it is",
    };
    let message = format!("{} {told}", quote(&exclusion.key));
    let hint = "write `during: ID` of planned work, or all of `when`, `timezone` and `lasts`";
    sink.push(Problem::at(exclusion.key_span, "LL130", message).hint(hint));
}

fn names(sections: &Sections, exclusion: &Entry, sink: &mut Sink) {
    let known: BTreeSet<String> =
        semantics::slos(sections).map(|(it, slo)| format!("{}.{}", it.key, slo.key)).collect();
    let of = |key: &str| exclusion.value.get(key).map_or(&[][..], Node::items);
    for named in of("slos") {
        let Some(text) = named.text() else { continue };
        if !known.contains(text) && sink.everything_was_read() {
            let message = format!("unknown service objective {}", quote(text));
            let hint = match SloId::parse(text) {
                Ok(id) => format!("{} has no objective of that name", quote(id.service.as_str())),
                Err(_) => "write `service.slo`".to_owned(),
            };
            sink.push(Problem::at(named.span, "LL131", message).hint(hint));
        }
    }
    if of("features").is_empty() && of("slos").is_empty() {
        let message = format!("{} excludes nothing", quote(&exclusion.key));
        let hint = "name `features`, `slos`, or both";
        sink.push(Problem::at(exclusion.key_span, "LL132", message).hint(hint));
    }
}

fn during(sections: &Sections, exclusion: &Node, sink: &mut Sink) {
    let Some(node) = exclusion.get("during") else { return };
    let Some(text) = node.text() else { return };
    let known = sections.entries("maintenance").any(|it| it.key == text);
    if !known && sink.everything_was_read() {
        let message = format!("unknown planned work {}", quote(text));
        let hint = "define it under `maintenance`";
        sink.push(Problem::at(node.span, "LL133", message).hint(hint));
    }
}
