//! Objects that refer to others by name: putting them in place, and taking them out again.
//!
//! Intuition: an SLO names its indicator and its alert policies, a policy its condition and its
//! targets. [`inline`] replaces a name by the object, [`export`] an object by its name. Which of
//! the references are touched is a choice, because some tools resolve some of them themselves.
//!
//! Invariants:
//! - a name that no object has is an error that says who names it;
//! - exporting and then inlining gives the SLO back;
//! - two different objects of one name are never merged.

use super::{Object, VERSION};
use crate::yaml::{Data, Node};
use std::collections::BTreeSet;
use std::fmt;

/// Which references are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent choices, named where set")]
pub struct References {
    /// `indicatorRef` of an SLO.
    pub indicators: bool,
    /// `alertPolicyRef` of an SLO.
    pub policies: bool,
    /// `conditionRef` of a policy.
    pub conditions: bool,
    /// `targetRef` of a policy.
    pub targets: bool,
}

impl References {
    /// All of them.
    pub const ALL: Self =
        Self { indicators: true, policies: true, conditions: true, targets: true };
    /// None of them.
    pub const NONE: Self =
        Self { indicators: false, policies: false, conditions: false, targets: false };
}

/// A reference that cannot be followed, or an object that cannot be taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dangling {
    /// No object has this name.
    Missing {
        /// Who names it.
        from: String,
        /// What it is called.
        to: String,
    },
    /// Two objects of one kind and name say different things.
    Conflict(String),
}

impl fmt::Display for Dangling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { from, to } => {
                write!(f, "{from} refers to {to}, and there is no such object")
            }
            Self::Conflict(title) => write!(f, "there are two different objects called {title}"),
        }
    }
}

impl std::error::Error for Dangling {}

/// A reference: the key that holds the name, the kind it names, the key that holds the object.
struct Link {
    reference: &'static str,
    kind: &'static str,
}

const POLICY: Link = Link { reference: "alertPolicyRef", kind: "AlertPolicy" };
const CONDITION: Link = Link { reference: "conditionRef", kind: "AlertCondition" };
const TARGET: Link = Link { reference: "targetRef", kind: "AlertNotificationTarget" };
const INDICATOR: Link = Link { reference: "indicatorRef", kind: "SLI" };

/// Every object with what it refers to put in place. `keep` says whether objects that were put
/// somewhere stay in the list as well.
pub fn inline(objects: &[Object], which: References, keep: bool) -> Result<Vec<Object>, Dangling> {
    let mut inliner = Inliner { objects, which, used: BTreeSet::new() };
    let mut inlined = Vec::new();
    for object in objects {
        inlined.push(inliner.object(object)?);
    }
    if !keep {
        inlined.retain(|it| !inliner.used.contains(&(it.kind.clone(), it.name.clone())));
    }
    Ok(inlined)
}

/// One of `objects` with all it refers to put in place.
pub(crate) fn inline_one(objects: &[Object], object: &Object) -> Result<Object, Dangling> {
    Inliner { objects, which: References::ALL, used: BTreeSet::new() }.object(object)
}

struct Inliner<'a> {
    objects: &'a [Object],
    which: References,
    used: BTreeSet<(String, String)>,
}

impl Inliner<'_> {
    fn object(&mut self, object: &Object) -> Result<Object, Dangling> {
        let mut object = object.clone();
        let from = object.title();
        if let Some(spec) = entry_mut(&mut object.node, "spec") {
            match object.kind.as_str() {
                "SLO" => self.slo(spec, &from)?,
                "AlertPolicy" => self.policy(spec, &from)?,
                _ => {}
            }
        }
        Ok(object)
    }

    fn slo(&mut self, spec: &mut Node, from: &str) -> Result<(), Dangling> {
        self.indicator(spec, from)?;
        for objective in items_mut(spec, "objectives") {
            self.indicator(objective, from)?;
        }
        for item in items_mut(spec, "alertPolicies") {
            if self.which.policies {
                self.replace(item, &POLICY, from)?;
            }
            // What stands here may name others in turn.
            let name = name_of(item);
            if let Some(spec) = entry_mut(item, "spec") {
                self.policy(spec, &format!("AlertPolicy {name}"))?;
            }
        }
        Ok(())
    }

    fn policy(&mut self, spec: &mut Node, from: &str) -> Result<(), Dangling> {
        for (key, link, wanted) in [
            ("conditions", &CONDITION, self.which.conditions),
            ("notificationTargets", &TARGET, self.which.targets),
        ] {
            if wanted {
                for item in items_mut(spec, key) {
                    self.replace(item, link, from)?;
                }
            }
        }
        Ok(())
    }

    fn indicator(&mut self, holder: &mut Node, from: &str) -> Result<(), Dangling> {
        if !self.which.indicators {
            return Ok(());
        }
        let Some(name) = holder.get(INDICATOR.reference).and_then(Node::text) else {
            return Ok(());
        };
        let name = name.to_owned();
        let found = self.find(&INDICATOR, &name, from)?;
        if let Data::Map(entries) = &mut holder.data {
            for (key, value) in entries.iter_mut().filter(|(key, _)| key == INDICATOR.reference) {
                "indicator".clone_into(key);
                *value = part(&found, &["metadata", "spec"]);
            }
        }
        Ok(())
    }

    fn replace(&mut self, item: &mut Node, link: &Link, from: &str) -> Result<(), Dangling> {
        let Some(name) = item.get(link.reference).and_then(Node::text) else { return Ok(()) };
        let name = name.to_owned();
        let found = self.find(link, &name, from)?;
        *item = part(&found, &["kind", "metadata", "spec"]);
        Ok(())
    }

    fn find(&mut self, link: &Link, name: &str, from: &str) -> Result<Node, Dangling> {
        let mut fitting = self.objects.iter().filter(|it| it.kind == link.kind && it.name == name);
        let Some(found) = fitting.next() else {
            let to = format!("{} {name}", link.kind);
            return Err(Dangling::Missing { from: from.to_owned(), to });
        };
        if fitting.any(|it| it.node != found.node) {
            return Err(Dangling::Conflict(found.title()));
        }
        self.used.insert((found.kind.clone(), found.name.clone()));
        Ok(found.node.clone())
    }
}

/// Every object with what stands in it taken out and named instead. What is taken out follows
/// the object: policies first, then targets, conditions, and the indicator.
pub fn export(objects: &[Object], which: References) -> Result<Vec<Object>, Dangling> {
    let mut exported: Vec<Object> = Vec::new();
    for object in objects {
        let mut taken = Taken::default();
        let mut object = object.clone();
        let kind = object.kind.clone();
        if let Some(spec) = entry_mut(&mut object.node, "spec") {
            match kind.as_str() {
                "SLO" => export_slo(spec, which, &mut taken),
                "AlertPolicy" => export_policy(spec, which, &mut taken),
                _ => {}
            }
        }
        let all = std::iter::once(object)
            .chain(taken.policies)
            .chain(taken.targets)
            .chain(taken.conditions)
            .chain(taken.indicators);
        for it in all {
            match exported.iter().find(|known| known.kind == it.kind && known.name == it.name) {
                None => exported.push(it),
                Some(known) if known.node == it.node => {}
                Some(known) => return Err(Dangling::Conflict(known.title())),
            }
        }
    }
    Ok(exported)
}

#[derive(Default)]
struct Taken {
    policies: Vec<Object>,
    targets: Vec<Object>,
    conditions: Vec<Object>,
    indicators: Vec<Object>,
}

fn export_slo(spec: &mut Node, which: References, taken: &mut Taken) {
    for item in items_mut(spec, "alertPolicies") {
        if let Some(spec) = entry_mut(item, "spec") {
            export_policy(spec, which, taken);
        }
        if which.policies {
            taken.policies.extend(take(item, &POLICY));
        }
    }
    if which.indicators {
        taken.indicators.extend(take_indicator(spec));
        for objective in items_mut(spec, "objectives") {
            taken.indicators.extend(take_indicator(objective));
        }
    }
}

fn export_policy(spec: &mut Node, which: References, taken: &mut Taken) {
    if which.targets {
        let items = items_mut(spec, "notificationTargets");
        taken.targets.extend(items.iter_mut().filter_map(|it| take(it, &TARGET)));
    }
    if which.conditions {
        let items = items_mut(spec, "conditions");
        taken.conditions.extend(items.iter_mut().filter_map(|it| take(it, &CONDITION)));
    }
}

/// Takes the object that stands in `item` out and leaves its name.
fn take(item: &mut Node, link: &Link) -> Option<Object> {
    item.get("spec")?;
    let object = object_of(item, link.kind)?;
    *item = Node::from_entries([(link.reference, Node::from_text(&object.name))]);
    Some(object)
}

fn take_indicator(holder: &mut Node) -> Option<Object> {
    let object = object_of(holder.get("indicator")?, INDICATOR.kind)?;
    if let Data::Map(entries) = &mut holder.data {
        for (key, value) in entries.iter_mut().filter(|(key, _)| key == "indicator") {
            INDICATOR.reference.clone_into(key);
            *value = Node::from_text(&object.name);
        }
    }
    Some(object)
}

/// An object of its own made of one that stood in another.
fn object_of(node: &Node, kind: &str) -> Option<Object> {
    let name = node.at(&["metadata", "name"])?.text()?.to_owned();
    let whole = Node::from_entries([
        ("apiVersion", Node::from_text(VERSION)),
        ("kind", Node::from_text(kind)),
        ("metadata", node.get("metadata")?.clone()),
        ("spec", node.get("spec")?.clone()),
    ]);
    Some(Object { kind: kind.to_owned(), name, node: whole, line: node.line })
}

/// Some keys of `node`, in this order.
fn part(node: &Node, keys: &[&str]) -> Node {
    let entries = keys.iter().filter_map(|key| Some((*key, node.get(key)?.clone())));
    Node { line: node.line, ..Node::from_entries(entries) }
}

fn name_of(node: &Node) -> String {
    node.at(&["metadata", "name"]).and_then(Node::text).unwrap_or_default().to_owned()
}

fn entry_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.data {
        Data::Map(entries) => entries.iter_mut().find(|(it, _)| it == key).map(|(_, value)| value),
        _ => None,
    }
}

fn items_mut<'a>(node: &'a mut Node, key: &str) -> &'a mut [Node] {
    match entry_mut(node, key) {
        Some(Node { data: Data::List(items), .. }) => items,
        _ => &mut [],
    }
}
