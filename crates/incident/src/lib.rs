//! Incidents and their reviews.
//!
//! Intuition: an incident is a story with four dates: it opened, somebody took it, it was over,
//! the team wrote down what it learned. The spans between them are what we show.
//!
//! Invariants:
//! - dates only ever move from unset to set, in the order above (taking may be skipped);
//! - a review is asked for only after the end, and published once.

use model::{
    AlertId, FeatureId, IncidentId, Millis, PageId, PersonId, Personal, TeamId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Something a team deals with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// What groups alerts into it, e.g. `feature:light-on`.
    pub group: String,
    /// What it is about.
    pub feature: Option<FeatureId>,
    /// Who deals with it.
    pub team: Option<TeamId>,
    /// One line for people.
    pub title: String,
    /// When it opened.
    pub opened_at: Timestamp,
    /// Who took it first, and when. Who has it now is asked of its pages.
    pub acknowledged: Option<(PersonId, Timestamp)>,
    /// When it was over, and who said so if a person did.
    pub resolved: Option<(Timestamp, Option<PersonId>)>,
    /// What became of its review.
    pub review: Review,
    /// What people wrote down beside it, oldest first.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Its alerts, oldest first.
    pub alerts: Vec<AlertId>,
    /// Its pages, oldest first.
    pub pages: Vec<PageId>,
    /// Journal positions that speak of it, oldest first.
    pub trail: Vec<u64>,
    /// The incident that goes on in its place, and has its alerts and pages.
    #[serde(default)]
    pub merged_into: Option<IncidentId>,
}

/// Something written down beside an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: PersonId,
    /// What.
    pub text: Personal,
    /// How it came.
    pub via: String,
}

/// What became of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// Nobody was asked.
    NotAsked,
    /// The team is asked.
    Asked {
        /// Since when.
        at: Timestamp,
        /// By when.
        due_at: Timestamp,
    },
    /// The team wrote it.
    Published {
        /// When.
        at: Timestamp,
        /// Who.
        by: PersonId,
        /// What was learned.
        text: Personal,
    },
}

impl Incident {
    /// Whether it goes on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.resolved.is_none() && self.merged_into.is_none()
    }

    /// From opening to the first acknowledgement.
    #[must_use]
    pub fn time_to_acknowledge(&self) -> Option<Millis> {
        self.acknowledged.as_ref().map(|(_, at)| at.since(self.opened_at))
    }

    /// From opening to the end.
    #[must_use]
    pub fn time_to_resolve(&self) -> Option<Millis> {
        self.resolved.as_ref().map(|(at, _)| at.since(self.opened_at))
    }

    /// From the end to the published review.
    #[must_use]
    pub fn time_to_reflect(&self) -> Option<Millis> {
        match (&self.resolved, &self.review) {
            (Some((resolved_at, _)), Review::Published { at, .. }) => Some(at.since(*resolved_at)),
            _ => None,
        }
    }

    /// Whether the team still owes a review.
    #[must_use]
    pub fn awaits_review(&self) -> bool {
        matches!(self.review, Review::Asked { .. })
    }
}

/// How long a team has for a review: three days, while memory is fresh.
pub const REVIEW_DUE: Millis = Millis::from_days(3);
