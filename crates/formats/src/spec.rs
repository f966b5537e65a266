//! What all formats have in common: one objective, how it is measured, and what is said when its
//! budget burns.
//!
//! Intuition: four dialects in, three out. Each reader lifts what it finds into [`SloSpec`], each
//! writer takes it from there, and what does not fit through is a loss on the way in or out.
//!
//! Invariant: every query has the hole `{{.window}}` (see [`HOLE`]) where a length of time goes, unless its
//! [`Meaning`] says that it is fixed.

use crate::loss::{Loss, Report};
use crate::meaning::Meaning;
use crate::yaml::{Data, Node};
use model::{Labels, Millis};

/// Where a length of time goes in a query.
pub const HOLE: &str = "{{.window}}";

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct SloSpec {
    /// Where it was read.
    pub place: Place,
    /// In which format it was written.
    pub dialect: Dialect,
    /// Whose objective it is.
    pub service: String,
    /// Its name within the service.
    pub name: String,
    /// What it is about; possibly empty.
    pub description: String,
    /// Labels of its series.
    pub labels: Labels,
    /// The share of good events in percent, above 0 and at most 100.
    pub objective: f64,
    /// The window it is promised over; `None` where the format has none.
    pub period: Option<Millis>,
    /// How it is measured.
    pub sli: Sli,
    /// What is said when its budget burns.
    pub alerting: Alerting,
    /// What it means beyond its query.
    pub meaning: Meaning,
}

/// Where something was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// File name.
    pub file: String,
    /// Which YAML document of the file, from 0.
    pub document: usize,
    /// From 1.
    pub line: usize,
}

/// In which format an objective was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// Sloth, `prometheus/v1`.
    Sloth,
    /// Sloth's Kubernetes objects, `sloth.slok.dev/v1`.
    SlothCrd,
    /// `openslo/v1alpha`, as Sloth reads it.
    OpenSloAlpha,
    /// `openslo/v1`.
    OpenSlo,
    /// `pyrra.dev/v1alpha1`.
    Pyrra,
    /// Our own configuration.
    Own,
}

impl Dialect {
    /// What the rules say about where they came from: Sloth's mode and spec.
    #[must_use]
    pub fn mode_and_spec(self) -> (&'static str, &'static str) {
        match self {
            Self::Sloth => ("cli-gen-prom", "prometheus/v1"),
            Self::SlothCrd => ("cli-gen-k8s", "sloth.slok.dev/v1"),
            Self::OpenSloAlpha => ("cli-gen-openslo", "openslo/v1alpha"),
            Self::OpenSlo => ("cli-gen-openslo", "openslo/v1"),
            Self::Pyrra => ("lamplighter", "pyrra.dev/v1alpha1"),
            Self::Own => ("lamplighter", "lamplighter"),
        }
    }
}

/// How an objective is measured. Every text is a query with [`HOLE`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sli {
    /// Bad events of all events.
    Bad {
        /// Bad events over the window.
        bad: String,
        /// All events over the window.
        total: String,
    },
    /// Good events of all events.
    Good {
        /// Good events over the window.
        good: String,
        /// All events over the window.
        total: String,
    },
    /// A share of errors that somebody else computed.
    ErrorRatio(String),
}

/// What is said when the budget burns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alerting {
    /// Name of both alerts.
    pub name: String,
    /// The urgent one, unless it is switched off.
    pub page: Option<AlertSpec>,
    /// The one that can wait, unless it is switched off.
    pub ticket: Option<AlertSpec>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertSpec {
    /// Labels added to it.
    pub labels: Labels,
    /// Annotations added to it.
    pub annotations: Labels,
}

impl SloSpec {
    /// `service-name`, by which rules and reports call it.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.service, self.name)
    }

    pub(crate) fn report<'a>(&'a self, losses: &'a mut Vec<Loss>) -> Report<'a> {
        Report { file: &self.place.file, subject: self.id(), losses }
    }
}

/// Reports every key of `node` that is not in `known`.
pub(crate) fn only_known(node: &Node, known: &[&str], report: &mut Report<'_>) {
    for (key, value) in node.entries() {
        if !known.contains(&key.as_str()) && value.data != Data::Null {
            report.lost(value.line, &format!("`{key}`"), "this key is not known here");
        }
    }
}

/// The text under `key`, or nothing; anything that is no text is reported.
pub(crate) fn text_of(node: &Node, key: &str, report: &mut Report<'_>) -> Option<String> {
    let value = node.get(key)?;
    let text = value.scalar();
    if text.is_none() {
        let why = format!("text is expected here, not {}", value.describe());
        report.lost(value.line, &format!("`{key}`"), &why);
    }
    text
}

/// The map of texts under `key`. Labels whose names Prometheus does not take are reported and
/// left behind.
pub(crate) fn labels_of(node: &Node, key: &str, report: &mut Report<'_>) -> Labels {
    let mut labels = Labels::new();
    for (name, value) in node.get(key).map_or(&[][..], Node::entries) {
        let what = format!("`{key}.{name}`");
        if !is_label_name(name) {
            report.lost(value.line, &what, "Prometheus takes no label of this name");
            continue;
        }
        if let Some(text) = value.scalar() {
            labels.insert(name.clone(), text);
        } else {
            let why = format!("a label holds text, not {}", value.describe());
            report.lost(value.line, &what, &why);
        }
    }
    labels
}

/// Whether Prometheus takes a label of this name.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    let fits = |it: char| it.is_ascii_alphanumeric() || it == '_';
    !name.is_empty()
        && !name.starts_with(|it: char| it.is_ascii_digit())
        && name.chars().all(fits)
        && name != "__name__"
}

/// `first` with everything of `second`, which wins.
pub(crate) fn both(first: &Labels, second: &Labels) -> Labels {
    let mut labels = first.clone();
    labels.extend(second.iter().map(|(name, value)| (name.clone(), value.clone())));
    labels
}
