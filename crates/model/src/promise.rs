//! What stands beside a promise: who changed it and why, as the file says, and into which parts of its
//! traffic it is looked at.
//!
//! Intuition: a number without its story is argued about again every quarter. So the file may say who
//! set it, why, and what shows that it is right. A name in a file is a claim, never a signature.

use crate::{PersonId, Personal, Slo, SloId};
use serde::{Deserialize, Serialize};

/// Who changed a promise last and why, as the configuration says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionNote {
    /// Who, as somebody wrote it.
    pub by: PersonId,
    /// Why.
    pub reason: Personal,
    /// What shows that this level is the right one: words, a link, or both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Personal>,
}

/// Most parts into which the traffic of one feature is divided.
pub const SEGMENTS_MAX: usize = 50;

/// The traffic of a feature divided by one label: every part is measured and kept like an objective, and
/// held against the feature's own promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// By which label.
    pub label: String,
    /// The objective that is divided.
    pub of: SloId,
    /// The parts, in the order written; at most [`SEGMENTS_MAX`].
    pub parts: Vec<Segment>,
    /// Whether a part that fails alone calls people; else it makes a ticket.
    #[serde(default)]
    pub page: bool,
}

/// One part of a feature's traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// What it is measured under.
    pub id: SloId,
    /// The value of the label.
    pub value: String,
    /// How it is measured, and what is promised: what the feature promises.
    pub slo: Slo,
}
