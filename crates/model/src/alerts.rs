//! When a promise alerts: conditions on its burn, and on how its budget stands.
//!
//! Intuition: a burn says how fast, a budget says how much is left, and no data says that neither is known. The
//! last one is on for everything that alerts, because what nobody measures must not look well.
//!
//! Invariant: an empty list of conditions means the usual ones, never none. A feature that is only looked at
//! says so by [`alerts_nobody`](crate::Feature::alerts_nobody).

use crate::{AlertCondition, Millis, Severity};
use serde::{Deserialize, Serialize};

/// When a service objective alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// On its burn; empty: as usual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<AlertCondition>,
    /// On how its budget stands.
    #[serde(default, skip_serializing_if = "BudgetAlerts::is_usual")]
    pub budget: BudgetAlerts,
}

/// Alerts on how a budget stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetAlerts {
    /// When little is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<BudgetLeft>,
    /// When it will soon be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exhausted: Option<Exhausted>,
    /// When nothing is measured; `None`: as [`NoData::USUAL`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_data: Option<NoData>,
}

/// Less than a share of the budget is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLeft {
    /// Of the whole budget, in parts per million.
    pub below_ppm: u32,
    /// How urgent.
    pub severity: Severity,
}

/// At the current burn the budget is gone before long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhausted {
    /// How long.
    pub within: Millis,
    /// How urgent.
    pub severity: Severity,
}

/// Nothing has been measured for a while though the source answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoData {
    /// For how long.
    pub after: Millis,
    /// How urgent.
    pub severity: Severity,
}

impl NoData {
    /// What stands when nothing is written.
    pub const USUAL: Self = Self { after: Millis::from_mins(30), severity: Severity::Ticket };
}

impl BudgetAlerts {
    /// Whether nothing is written.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// When it is an alert that nothing is measured.
    #[must_use]
    pub fn no_data(&self) -> NoData {
        self.no_data.unwrap_or(NoData::USUAL)
    }
}
