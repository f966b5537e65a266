//! How the budget of a feature stood when an alert about it was decided.
//!
//! Intuition: a machine that complains is worth waking for when users notice. The last measurement of
//! every feature is remembered beside the state, never journalled by itself; an alert that belongs to a
//! feature takes a copy along, so that every later decision about it can be explained from the journal.
//!
//! Invariants:
//! - unknown is unknown: what was not measured, or long ago, is neither a full budget nor an empty one;
//! - of several features that need a failing service, the one that stands worst speaks.

use crate::command::Command;
use crate::event::{Event, Evidence, Origin};
use crate::state::{Alert, State};
use model::{BudgetWhen, FeatureId, Millis, Severity, Timestamp};
use serde::{Deserialize, Serialize};
use slo::ConditionState;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A measurement older than this says nothing of now.
const MEASURED_MAX: Millis = Millis::from_mins(10);

/// The budget of a feature at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetSeen {
    /// Whose.
    pub feature: FeatureId,
    /// Up to when it was measured; `None`: not at all, or too long ago.
    pub measured_at: Option<Timestamp>,
    /// The share that is spent; 1 is all of it. `None`: unknown.
    pub spent_ratio: Option<f64>,
    /// Burn rate over the last hour. `None`: unknown.
    pub burn_rate: Option<f64>,
    /// What the conditions that page say together.
    pub paging: ConditionState,
}

impl BudgetSeen {
    fn unknown(feature: FeatureId) -> Self {
        let paging = ConditionState::Unmeasured;
        Self { feature, measured_at: None, spent_ratio: None, burn_rate: None, paging }
    }

    /// What an assessment says of `feature`.
    #[must_use]
    pub fn of(feature: FeatureId, assessment: &slo::Assessment) -> Self {
        Self {
            feature,
            measured_at: Some(Timestamp::from_minute(assessment.end_minute + 1)),
            spent_ratio: assessment.budget.spent_ratio,
            burn_rate: assessment.burn_rate,
            paging: assessment.state(Severity::Page),
        }
    }

    /// In words: `12 % of the budget of light-on is spent, burning 0.4 times as fast as allowed`.
    #[must_use]
    pub fn told(&self) -> String {
        let Some(spent) = self.spent_ratio else {
            return format!("the budget of {} is unknown", self.feature);
        };
        let mut text = format!("{:.0} % of the budget of {} is spent", spent * 100.0, self.feature);
        if let Some(burn) = self.burn_rate {
            let _ = write!(text, ", burning {burn:.1} times as fast as allowed");
        }
        text
    }

    /// How much speaks for waking people; unknown most of all.
    fn gravity(&self) -> (bool, f64) {
        (self.spent_ratio.is_none(), self.spent_ratio.unwrap_or(0.0))
    }
}

impl Alert {
    /// How the budget of its feature stood when it was decided; `None` when it is about no feature.
    #[must_use]
    pub fn budget_seen(&self) -> Option<BudgetSeen> {
        match (&self.origin, &self.feature) {
            (
                Origin::Burn(Evidence { assessment, .. })
                | Origin::Budget { evidence: Evidence { assessment, .. }, .. },
                Some(feature),
            ) => Some(BudgetSeen::of(feature.clone(), assessment)),
            _ => self.budget.clone(),
        }
    }
}

/// Whether a budget stands as a condition wants; unknown counts as yes, because a condition may
/// only leave out what is known not to be needed.
pub(crate) fn stands(wanted: BudgetWhen, seen: Option<&BudgetSeen>) -> bool {
    let Some(spent) = seen.and_then(|it| it.spent_ratio) else { return true };
    match wanted {
        BudgetWhen::Spent => spent >= 1.0,
        BudgetWhen::Below(percent) => (1.0 - spent) * 100.0 < f64::from(percent),
    }
}

/// The last measurement of every feature.
#[derive(Debug, Default)]
pub(crate) struct Budgets(BTreeMap<FeatureId, BudgetSeen>);

impl Budgets {
    /// Takes note of a measurement.
    pub(crate) fn hear(&mut self, command: &Command) {
        if let Command::Observe { feature, assessment } = command {
            self.0.insert(feature.clone(), BudgetSeen::of(feature.clone(), assessment));
        }
    }

    /// Tells every handover among `events` which budgets are nearly gone.
    pub(crate) fn attach_handovers(&self, now: Timestamp, events: &mut [Event]) {
        for event in events {
            if let Event::Handover(event) = event {
                crate::handover::at_risk(event, self.0.keys().map(|it| self.seen(it, now)));
            }
        }
    }

    /// Gives every alert among `events` the budget of its feature.
    pub(crate) fn attach(&self, state: &State, now: Timestamp, events: &mut [Event]) {
        for event in events {
            let Event::AlertFired { origin, feature, service, budget, .. } = event else {
                continue;
            };
            if matches!(origin, Origin::Burn(_) | Origin::Budget { .. }) {
                continue;
            }
            let mut seen: Vec<BudgetSeen> = match (&feature, &service, state.catalogue()) {
                (Some(feature), ..) => vec![self.seen(feature, now)],
                (None, Some(service), Some(catalogue)) => {
                    catalogue.features_needing(service).map(|it| self.seen(it, now)).collect()
                }
                _ => vec![],
            };
            seen.sort_by(|a, b| {
                let ((a_unknown, a_spent), (b_unknown, b_spent)) = (a.gravity(), b.gravity());
                a_unknown.cmp(&b_unknown).then(a_spent.total_cmp(&b_spent))
            });
            *budget = seen.pop().map(Box::new);
        }
    }

    fn seen(&self, feature: &FeatureId, now: Timestamp) -> BudgetSeen {
        let fresh = |it: &&BudgetSeen| {
            it.measured_at.is_some_and(|measured| now.since(measured) <= MEASURED_MAX)
        };
        let found = self.0.get(feature).filter(fresh).cloned();
        found.unwrap_or_else(|| BudgetSeen::unknown(feature.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spent: Option<f64>, wanted: BudgetWhen, expected: bool) {
        let mut seen = BudgetSeen::unknown("light-on".into());
        seen.spent_ratio = spent;
        assert_eq!(stands(wanted, Some(&seen)), expected);
    }

    #[test]
    fn a_condition_on_the_budget_holds_unless_it_is_known_not_to() {
        check(Some(0.91), BudgetWhen::Below(10), true);
        check(Some(0.89), BudgetWhen::Below(10), false);
        check(Some(1.0), BudgetWhen::Spent, true);
        check(Some(0.99), BudgetWhen::Spent, false);
        check(Some(1.7), BudgetWhen::Below(10), true);
        check(None, BudgetWhen::Spent, true);
        assert!(stands(BudgetWhen::Spent, None), "an alert about no feature");
    }
}
