//! Labels and severities of alerts.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Names and values that identify an alert, as in Prometheus. Ordered.
pub type Labels = BTreeMap<String, String>;

/// How urgent something is, as the sender or the condition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// May wait for working hours; never wakes anybody.
    Ticket,
    /// Wakes whoever is on duty.
    Page,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        })
    }
}
