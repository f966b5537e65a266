//! What OpenSLO v1 forbids.
//!
//! Intuition: the README of the format names the fields, its SDK is stricter; where they differ
//! the SDK counts, because it is what other tools refuse by. Notably `op` and `value` belong to a
//! threshold metric: beside an inline ratio metric they are refused, which three of the format's
//! own examples fall foul of.
//!
//! Invariant: a problem names the field by its path.

use super::Object;
use crate::duration::parse_openslo;
use crate::yaml::{Data, Node};
use std::fmt;

/// One thing that is forbidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which field, such as `spec.objectives[0].op`.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.message)
    }
}

/// Longest description, in characters.
const DESCRIPTION_LENGTH_MAX: usize = 1_050;
/// Longest name, as RFC 1123 has it for labels.
const NAME_LENGTH_MAX: usize = 63;
const OPERATORS: [&str; 4] = ["lte", "gte", "lt", "gt"];
const METHODS: [&str; 3] = ["Occurrences", "Timeslices", "RatioTimeslices"];

/// Everything that is forbidden in `object`.
#[must_use]
pub fn check(object: &Object) -> Vec<Problem> {
    let mut problems = Vec::new();
    let root = At { node: &object.node, path: String::new(), problems: &mut problems };
    root.object(&object.kind);
    problems
}

/// A node, where it stands, and where to report.
struct At<'a> {
    node: &'a Node,
    path: String,
    problems: &'a mut Vec<Problem>,
}

impl<'a> At<'a> {
    fn report(&mut self, key: &str, message: impl Into<String>) {
        let line = self.node.get(key).unwrap_or(self.node).line;
        let path = self.path_of(key);
        self.problems.push(Problem { path, line, message: message.into() });
    }

    fn path_of(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    fn child(&mut self, key: &str) -> Option<At<'_>> {
        let path = self.path_of(key);
        let node = self.node.get(key)?;
        Some(At { node, path, problems: self.problems })
    }

    fn required(&mut self, key: &str) -> Option<At<'_>> {
        if self.node.get(key).is_none() {
            self.report(key, "is missing");
        }
        self.child(key)
    }

    /// Calls `look` on every item of the list under `key` and gives their number.
    fn each(&mut self, key: &str, mut look: impl FnMut(At<'_>)) -> usize {
        let Some(node) = self.node.get(key) else { return 0 };
        if !matches!(node.data, Data::List(_)) {
            self.report(key, format!("must be a list, not {}", node.describe()));
        }
        let items = node.items();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", self.path_of(key));
            look(At { node: item, path, problems: self.problems });
        }
        items.len()
    }

    /// Reports unless exactly one of `keys` is there; says which.
    fn one_of(&mut self, keys: &[&'static str]) -> Option<&'static str> {
        let given: Vec<_> = keys.iter().filter(|it| self.node.get(it).is_some()).collect();
        if let [one] = given.as_slice() {
            return Some(one);
        }
        let keys = keys.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>();
        self.report("", format!("must hold exactly one of {}", keys.join(" and ")));
        None
    }

    fn text(&mut self, key: &str) -> Option<&'a str> {
        let node: &'a Node = self.node;
        let text = node.get(key).and_then(Node::text).filter(|it| !it.is_empty());
        if text.is_none() {
            self.report(key, "must be text");
        }
        text
    }

    fn word(&mut self, key: &str, words: &[&str]) {
        if !self.node.get(key).and_then(Node::text).is_some_and(|it| words.contains(&it)) {
            self.report(key, format!("must be one of {}", words.join(", ")));
        }
    }

    fn length(&mut self, key: &str) {
        let text = self.node.get(key).and_then(Node::text);
        if text.and_then(parse_openslo).is_none() {
            let message = "must be a number and one of m, h, d, w, M, Q and Y, such as `4w` \
                           (`m` is minutes, `M` is months)";
            self.report(key, message);
        }
    }

    fn number(&mut self, key: &str, fits: impl Fn(f64) -> bool, message: &str) {
        if !self.node.get(key).and_then(Node::number).is_some_and(fits) {
            self.report(key, message);
        }
    }

    fn switches(&mut self, keys: &[&str]) {
        for key in keys {
            if self.node.get(key).is_some_and(|it| it.switch().is_none()) {
                self.report(key, "must be true or false");
            }
        }
    }

    fn description(&mut self) {
        let text = self.node.get("description").and_then(Node::text).unwrap_or_default();
        if text.chars().count() > DESCRIPTION_LENGTH_MAX {
            self.report("description", "must not be longer than 1050 characters");
        }
    }

    fn object(mut self, kind: &str) {
        self.metadata();
        let Some(mut spec) = self.required("spec") else { return };
        spec.description();
        match kind {
            "SLO" => spec.slo(),
            "SLI" => spec.indicator_spec(),
            "AlertPolicy" => spec.policy(),
            "AlertCondition" => spec.condition(),
            "AlertNotificationTarget" => {
                spec.text("target");
            }
            "DataSource" => {
                spec.text("type");
                spec.required("connectionDetails");
            }
            _ => {}
        }
    }

    fn metadata(&mut self) {
        let Some(mut metadata) = self.required("metadata") else { return };
        if metadata.node.get("name").and_then(Node::text).is_none_or(|it| !is_name(it)) {
            let message = "must be 1 to 63 lower-case letters, digits and `-`, beginning and \
                           ending with a letter or digit";
            metadata.report("name", message);
        }
        let Some(mut labels) = metadata.child("labels") else { return };
        let odd: Vec<_> = labels
            .node
            .entries()
            .iter()
            .filter(|(_, it)| {
                it.text().is_none() && !it.items().iter().all(|it| it.text().is_some())
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in odd {
            labels.report(&key, "must be text or a list of texts");
        }
    }

    fn slo(mut self) {
        self.text("service");
        self.word("budgetingMethod", &METHODS);
        let mut parts = 0;
        self.each("objectives", |it| {
            let is_part =
                ["indicator", "indicatorRef"].iter().any(|key| it.node.get(key).is_some());
            parts += usize::from(is_part);
        });
        if parts == 0 {
            self.one_of(&["indicator", "indicatorRef"]);
        } else if self.node.get("indicator").or(self.node.get("indicatorRef")).is_some() {
            let message = "must not stand beside objectives that have indicators of their own";
            self.report("indicator", message);
        }
        if let Some(indicator) = self.child("indicator") {
            indicator.indicator();
        }
        let windows = self.each("timeWindow", time_window);
        if windows != 1 {
            self.report("timeWindow", "must hold exactly one window");
        }
        let method = self.node.get("budgetingMethod").and_then(Node::text).unwrap_or_default();
        let own = self.node.get("indicator");
        if self.each("objectives", |it| it.objective(method, own)) == 0 {
            self.report("objectives", "must hold at least one");
        }
        self.each("alertPolicies", |it| it.reference_or("alertPolicyRef", "AlertPolicy"));
    }

    fn objective(mut self, method: &str, shared: Option<&Node>) {
        let own = self.node.get("indicator");
        if let Some(indicator) = self.child("indicator") {
            indicator.indicator();
        }
        let indicator = own.or(shared).and_then(|it| it.get("spec"));
        if indicator.is_some_and(|it| it.get("ratioMetric").is_some()) {
            for key in ["op", "value"] {
                if self.node.get(key).is_some() {
                    self.report(key, "must not stand beside a ratio metric");
                }
            }
        } else if indicator.is_some_and(|it| it.get("thresholdMetric").is_some()) {
            self.word("op", &OPERATORS);
            self.number("value", f64::is_finite, "must be a number beside a threshold metric");
        }
        match self.one_of(&["target", "targetPercent"]) {
            Some("target") => {
                let fits = |it| (0.0..1.0).contains(&it);
                self.number("target", fits, "must be at least 0 and below 1");
            }
            Some(_) => {
                let fits = |it| (0.0..100.0).contains(&it);
                self.number("targetPercent", fits, "must be at least 0 and below 100");
            }
            None => {}
        }
        if method == "Timeslices" {
            let fits = |it| it > 0.0 && it <= 1.0;
            self.number("timeSliceTarget", fits, "must be above 0 and at most 1");
        }
        if matches!(method, "Timeslices" | "RatioTimeslices") {
            self.length("timeSliceWindow");
        }
        if self.node.get("compositeWeight").is_some() {
            self.number("compositeWeight", |it| it > 0.0, "must be above 0");
        }
    }

    fn indicator(mut self) {
        self.metadata();
        if let Some(spec) = self.required("spec") {
            spec.indicator_spec();
        }
    }

    fn indicator_spec(mut self) {
        match self.one_of(&["thresholdMetric", "ratioMetric"]) {
            Some("thresholdMetric") => self.metric("thresholdMetric"),
            Some(_) => {
                if let Some(ratio) = self.child("ratioMetric") {
                    ratio.ratio();
                }
            }
            None => {}
        }
    }

    fn ratio(mut self) {
        self.switches(&["counter"]);
        if self.node.get("raw").is_some() {
            self.word("rawType", &["success", "failure"]);
            self.metric("raw");
            for key in ["good", "bad", "total"] {
                if self.node.get(key).is_some() {
                    self.report(key, "must not stand beside `raw`");
                }
            }
            return;
        }
        if let Some(key) = self.one_of(&["good", "bad"]) {
            self.metric(key);
        }
        if self.node.get("total").is_some() {
            self.metric("total");
        } else {
            self.report("total", "is missing");
        }
    }

    fn metric(&mut self, key: &str) {
        let Some(mut metric) = self.child(key) else { return };
        let Some(mut source) = metric.required("metricSource") else { return };
        if source.node.get("spec").is_none_or(|it| it.entries().is_empty()) {
            source.report("spec", "must hold what the data source needs");
        }
    }

    fn policy(mut self) {
        self.switches(&["alertWhenNoData", "alertWhenResolved", "alertWhenBreaching"]);
        let conditions =
            self.each("conditions", |it| it.reference_or("conditionRef", "AlertCondition"));
        if conditions != 1 {
            self.report("conditions", "must hold exactly one condition");
        }
        let targets = self.each("notificationTargets", |it| {
            it.reference_or("targetRef", "AlertNotificationTarget");
        });
        if targets == 0 {
            self.report("notificationTargets", "must hold at least one target");
        }
    }

    fn condition(mut self) {
        self.text("severity");
        let Some(mut condition) = self.required("condition") else { return };
        condition.word("kind", &["burnrate"]);
        condition.word("op", &OPERATORS);
        condition.number("threshold", f64::is_finite, "must be a number");
        condition.length("lookbackWindow");
        if condition.node.get("alertAfter").is_some() {
            condition.length("alertAfter");
        }
    }

    /// A name of an object, or the object itself.
    fn reference_or(mut self, reference: &'static str, kind: &str) {
        if self.node.get(reference).is_some() {
            self.text(reference);
        } else {
            self.word("kind", &[kind]);
            self.object(kind);
        }
    }
}

fn time_window(mut it: At<'_>) {
    it.length("duration");
    it.switches(&["isRolling"]);
    let rolling = it.node.get("isRolling").and_then(Node::switch).unwrap_or(false);
    match (rolling, it.node.get("calendar").is_some()) {
        (true, true) => it.report("calendar", "must not stand beside `isRolling: true`"),
        (false, false) => it.report("calendar", "is needed unless `isRolling: true`"),
        _ => {}
    }
    if let Some(mut calendar) = it.child("calendar") {
        let start = calendar.node.get("startTime").and_then(Node::text);
        if !start.is_some_and(is_start) {
            calendar.report("startTime", "must be written as `2026-01-01 12:00:00`");
        }
        calendar.text("timeZone");
    }
}

fn is_name(text: &str) -> bool {
    let fits = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    (1..=NAME_LENGTH_MAX).contains(&text.len())
        && text.chars().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// `2026-01-01 12:00:00`.
fn is_start(text: &str) -> bool {
    let form = b"dddd-dd-dd dd:dd:dd";
    text.len() == form.len()
        && text.bytes().zip(form).all(|(it, form)| match form {
            b'd' => it.is_ascii_digit(),
            _ => it == *form,
        })
}
