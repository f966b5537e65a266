//! OpenSLO v1: objects as trees, with what they may hold and how they refer to each other.
//!
//! Intuition: an object is kept as the tree it was read as, so nothing is lost between reading and
//! writing; [`check`] says what the format forbids, [`inline`] puts what is referred to in place,
//! [`export`] does the opposite, and `lift` makes a [`crate::SloSpec`] of what can be measured.
//!
//! Invariant: what [`decode`] accepts has `apiVersion: openslo/v1`, a known kind and a name.

pub(crate) mod alpha;
mod check;
mod conditions;
mod lift;
mod refs;
mod write;

pub use check::{Problem, check};
pub(crate) use lift::lift;
pub use refs::{Dangling, References, export, inline};
pub use write::write;

use crate::loss::{Loss, Report};
use crate::yaml::{self, Data, Node};

/// The version that is read and written.
pub const VERSION: &str = "openslo/v1";

/// The kinds of objects there are.
pub const KINDS: [&str; 7] = [
    "AlertCondition",
    "AlertNotificationTarget",
    "AlertPolicy",
    "DataSource",
    "SLI",
    "SLO",
    "Service",
];

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// One of [`KINDS`].
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// The whole of it.
    pub node: Node,
    /// From 1; 0 for what was made.
    pub(crate) line: usize,
}

impl Object {
    /// The object in `node`, or the line and reason why it is none.
    fn of(node: &Node) -> Result<Self, (usize, String)> {
        if !matches!(node.data, Data::Map(_)) {
            return Err((node.line, format!("an object is a map, not {}", node.describe())));
        }
        let version = node.get("apiVersion").and_then(Node::text).unwrap_or_default();
        if version != VERSION {
            let why = format!("`apiVersion` is `{version}`, and only `{VERSION}` can be read");
            return Err((node.line, why));
        }
        let kind = node.get("kind").and_then(Node::text).unwrap_or_default();
        if !KINDS.contains(&kind) {
            return Err((node.line, format!("there is no `kind: {kind}` in {VERSION}")));
        }
        let Some(name) = node.at(&["metadata", "name"]).and_then(Node::text) else {
            return Err((node.line, "`metadata.name` is missing".to_owned()));
        };
        Ok(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            node: node.clone(),
            line: node.line,
        })
    }

    /// `SLO search-slo`, by which messages call it.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

/// Every object of `text`, which may be YAML or JSON, one object or a list of them, in one
/// document or several. Objects that cannot be read are losses.
#[must_use]
pub fn decode(file: &str, text: &str) -> (Vec<Object>, Vec<Loss>) {
    let mut losses = Vec::new();
    let mut report = Report { file, subject: String::new(), losses: &mut losses };
    let objects = match yaml::parse(text) {
        Ok(documents) => documents.iter().flat_map(|it| objects_of(it, &mut report)).collect(),
        Err(error) => {
            report.refused(error.line, "the file", &format!("it is not YAML: {}", error.message));
            vec![]
        }
    };
    (objects, losses)
}

/// The objects of one document.
pub(crate) fn objects_of(node: &Node, report: &mut Report<'_>) -> Vec<Object> {
    let items = match &node.data {
        Data::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut objects = Vec::new();
    for item in items {
        match Object::of(item) {
            Ok(object) => objects.push(object),
            Err((line, why)) => report.refused(line, "the object", &why),
        }
    }
    objects
}

/// The objects as one YAML list, keys sorted.
#[must_use]
pub fn encode_yaml(objects: &[Object]) -> String {
    crate::to_yaml(&listed(objects).sorted())
}

/// The objects as one JSON list, keys in their order.
#[must_use]
pub fn encode_json(objects: &[Object]) -> String {
    crate::to_json(&listed(objects))
}

fn listed(objects: &[Object]) -> Node {
    Node::new(Data::List(objects.iter().map(|it| it.node.clone()).collect()))
}
