//! Times that a budget does not count.
//!
//! Intuition: a shop that is closed for stocktaking says so on the door. The time still passed, people
//! still stood before the door, and how many did is written down beside the figure; only the promise
//! was not made for that hour.
//!
//! Invariants:
//! - what is not named is not excluded: excluding a service objective leaves the features that need it
//!   as they are, because users were at their door;
//! - an exclusion never changes a stored count, so taking it back brings every figure back.

use crate::{FeatureId, Millis, PersonId, Personal, Recurrence, SloId, WindowId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Times that budgets do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Whose budgets.
    #[serde(default)]
    pub features: BTreeSet<FeatureId>,
    /// Whose budgets.
    #[serde(default)]
    pub slos: BTreeSet<SloId>,
    /// What the minutes in it count as.
    pub counts: CountsAs,
    /// When.
    pub times: ExcludedTimes,
    /// Who answers for it.
    pub owner: PersonId,
    /// Why.
    pub reason: Personal,
}

/// What an excluded minute counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountsAs {
    /// Nothing: neither its attempts nor its failures, nor the minute itself.
    Dropped,
    /// Good: its attempts count, its failures do not.
    Good,
}

/// When something is excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExcludedTimes {
    /// Whenever this planned work is done.
    During(WindowId),
    /// By times of its own.
    Own(Occasions),
}

/// Times by a wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occasions {
    /// When they begin.
    pub when: Recurrence,
    /// IANA zone in which that is meant.
    pub timezone: String,
    /// For how long each, in time that passes.
    pub lasts: Millis,
}

impl CountsAs {
    /// The word for it in configuration and API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Good => "good",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Dropped, Self::Good].into_iter().find(|it| it.word() == word)
    }
}

impl Exclusion {
    /// Everything that is named, as people write it.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let features = self.features.iter().map(ToString::to_string);
        features.chain(self.slos.iter().map(ToString::to_string)).collect()
    }
}
