//! Counts of events, for a minute and for a window.
//!
//! Intuition: a minute is either unknown or known; a known minute may well be empty. "Nobody came"
//! and "nobody looked" are different facts and stay different everywhere.

use crate::number::float;
use serde::{Deserialize, Serialize};

/// Bad events among all events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Events that broke the promise.
    pub bad: u64,
    /// All events.
    pub total: u64,
}

/// What is known about one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slice {
    /// Nobody could look.
    #[default]
    Unknown,
    /// Somebody looked; both counts may be zero.
    Known(Counts),
}

/// What is known about a stretch of minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WindowCounts {
    /// Bad events in the known minutes.
    pub bad: u64,
    /// All events in the known minutes.
    pub total: u64,
    /// How many minutes are known.
    pub known_minutes: u32,
    /// How many minutes there are.
    pub minutes: u32,
}

impl Counts {
    /// `bad` of `total`.
    #[must_use]
    pub const fn new(bad: u64, total: u64) -> Self {
        Self { bad, total }
    }
}

impl Slice {
    /// A known minute with `bad` of `total`.
    #[must_use]
    pub const fn known(bad: u64, total: u64) -> Self {
        Self::Known(Counts { bad, total })
    }

    /// The counts, unless unknown.
    #[must_use]
    pub const fn counts(self) -> Option<Counts> {
        match self {
            Self::Unknown => None,
            Self::Known(counts) => Some(counts),
        }
    }
}

impl WindowCounts {
    /// Share of bad events, from 0 to 1; `None` when no event is known.
    #[must_use]
    pub fn error_ratio(&self) -> Option<f64> {
        // Bad and total counters are read one after the other, so that bad can be ahead by a few.
        (self.total > 0).then(|| (float(self.bad) / float(self.total)).min(1.0))
    }

    /// Share of minutes that are known, from 0 to 1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        if self.minutes == 0 {
            0.0
        } else {
            f64::from(self.known_minutes) / f64::from(self.minutes)
        }
    }
}
