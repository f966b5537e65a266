//! Waivers: somebody answers for going on though a budget is gone.
//!
//! Intuition: a gate that cannot be opened in an emergency gets torn down. So it can be opened, by a
//! person, with a reason, until a day; everybody sees who opened it, and it closes by itself.
//!
//! Invariants:
//! - a waiver has an owner, a reason and an end, and is never longer than [`WAIVER_MAX`];
//! - a waiver changes what `gate` answers and nothing else: no page is held back by it.

use crate::command::Rejected;
use crate::decide::{person, text_within, unknown};
use crate::event::{BudgetWaiver, Event};
use crate::state::{Limits, State};
use model::{FeatureId, Millis, PersonId, Personal, Timestamp};
use serde::{Deserialize, Serialize};

/// Longest waiver: what is not mended by then is a promise to be changed.
pub const WAIVER_MAX: Millis = Millis::from_days(31);

/// Why a gate is open though the budget is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waiver {
    /// Who answers for it.
    pub by: PersonId,
    /// Why.
    pub reason: Personal,
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

pub(crate) fn waive(
    state: &State,
    now: Timestamp,
    feature: &FeatureId,
    by: &PersonId,
    reason: &str,
    until: Timestamp,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    known(state, feature)?;
    text_within("reason", reason, Limits::TEXT_LENGTH_MAX)?;
    if reason.trim().is_empty() {
        return Err(Rejected::Invalid("say why the deploys go on".to_owned()));
    }
    if until <= now || until > now.plus(WAIVER_MAX) {
        return Err(Rejected::Invalid(format!("a waiver ends within {WAIVER_MAX} from now")));
    }
    let reason = Personal::new(by.clone(), reason.trim());
    Ok(vec![Event::BudgetWaived(BudgetWaiver {
        feature: feature.clone(),
        by: by.clone(),
        reason,
        until,
    })])
}

pub(crate) fn end(
    state: &State,
    now: Timestamp,
    feature: &FeatureId,
    by: &PersonId,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    known(state, feature)?;
    if state.waiver(feature, now).is_none() {
        return Err(Rejected::Unknown { what: "waiver for", id: feature.to_string() });
    }
    Ok(vec![Event::WaiverEnded { feature: feature.clone(), by: by.clone() }])
}

fn known(state: &State, feature: &FeatureId) -> Result<(), Rejected> {
    let known = state.catalogue().is_some_and(|it| it.features.contains_key(feature));
    if known { Ok(()) } else { Err(unknown("feature", feature)) }
}

impl State {
    /// The waiver of a feature's budget that is in force at `now`.
    #[must_use]
    pub fn waiver(&self, feature: &FeatureId, now: Timestamp) -> Option<&Waiver> {
        self.waivers.get(feature).filter(|it| it.until > now)
    }
}
