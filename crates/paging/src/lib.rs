//! One page on its way through an escalation policy.
//!
//! Intuition: a page is a hot potato. Each step holds it for its `wait`; if nobody answers in time
//! it moves to the next step. After the last step it starts over, `repeat_max` times at most, and
//! is then *exhausted*: loud, but still there to be taken.
//!
//! Invariants:
//! - nobody is notified after the page is acknowledged or ended;
//! - a page takes at most `steps * (repeat_max + 1)` steps, so it always comes to rest;
//! - events alone determine the state.

use model::{
    AlertId, Escalation, EscalationId, EscalationStep, IncidentId, NoticeId, PersonId, Timestamp,
};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// What it is about.
    pub incident: IncidentId,
    /// The alert it was opened for.
    pub alert: AlertId,
    /// The name of its policy.
    pub escalation: EscalationId,
    /// The policy as it was when the page opened.
    pub policy: Escalation,
    /// When it opened.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub status: PageStatus,
    /// Every notice of it, oldest first.
    pub notices: Vec<NoticeId>,
}

/// Where a page stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageStatus {
    /// Opened; its first step is about to start.
    New,
    /// A step waits for an answer.
    Waiting {
        /// Index of the step over all repeats.
        attempt: u32,
        /// When the next one starts.
        deadline: Timestamp,
    },
    /// Somebody took it; from then on it calls nobody.
    Acknowledged {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// How.
        via: String,
    },
    /// Nobody answered any step. May still be acknowledged or end.
    Exhausted {
        /// Since when.
        at: Timestamp,
    },
    /// What it was about ended first. Final.
    Ended {
        /// When.
        at: Timestamp,
        /// In words.
        reason: String,
    },
}

/// What a page does next when its current step is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<'a> {
    /// Start this step.
    Step {
        /// Its index over all repeats.
        attempt: u32,
        /// The step.
        step: &'a EscalationStep,
    },
    /// Nothing is left: it is exhausted.
    Exhausted,
    /// It is at rest and stays so.
    Rest,
}

impl Page {
    /// Whether it still calls people.
    #[must_use]
    pub fn is_calling(&self) -> bool {
        matches!(self.status, PageStatus::New | PageStatus::Waiting { .. })
    }

    /// Whether somebody may still take it.
    #[must_use]
    pub fn can_be_acknowledged(&self) -> bool {
        self.is_calling() || matches!(self.status, PageStatus::Exhausted { .. })
    }

    /// When something is due, or `None` at rest. A new page is due at once.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        match self.status {
            PageStatus::New => Some(self.opened_at),
            PageStatus::Waiting { deadline, .. } => Some(deadline),
            _ => None,
        }
    }

    /// What follows the current step.
    #[must_use]
    pub fn next(&self) -> Next<'_> {
        let attempt = match self.status {
            PageStatus::New => 0,
            PageStatus::Waiting { attempt, .. } => attempt + 1,
            _ => return Next::Rest,
        };
        if attempt >= attempt_limit(&self.policy) {
            return Next::Exhausted;
        }
        let step_idx = attempt as usize % self.policy.steps.len();
        Next::Step { attempt, step: &self.policy.steps[step_idx] }
    }

    /// Folds in that a step started.
    pub fn notified(&mut self, attempt: u32, deadline: Timestamp, notices: &[NoticeId]) {
        assert!(self.is_calling(), "a page at rest notifies nobody: {:?}", self.status);
        self.status = PageStatus::Waiting { attempt, deadline };
        self.notices.extend(notices);
    }

    /// Folds in that somebody took it.
    pub fn acknowledged(&mut self, by: PersonId, at: Timestamp, via: String) {
        assert!(self.can_be_acknowledged(), "taken once only: {:?}", self.status);
        self.status = PageStatus::Acknowledged { by, at, via };
    }

    /// Folds in that somebody else has it now.
    pub fn taken_over(&mut self, by: PersonId, at: Timestamp, via: String) {
        assert!(
            matches!(self.status, PageStatus::Acknowledged { .. }),
            "only what somebody has is taken over: {:?}",
            self.status
        );
        self.status = PageStatus::Acknowledged { by, at, via };
    }

    /// Folds in that nobody answered.
    pub fn exhausted(&mut self, at: Timestamp) {
        assert!(self.is_calling(), "only a calling page can be exhausted: {:?}", self.status);
        self.status = PageStatus::Exhausted { at };
    }

    /// Folds in that what it was about ended.
    pub fn ended(&mut self, at: Timestamp, reason: String) {
        assert!(self.can_be_acknowledged(), "ended once only: {:?}", self.status);
        self.status = PageStatus::Ended { at, reason };
    }
}

/// How many steps a page takes at most.
#[must_use]
pub fn attempt_limit(policy: &Escalation) -> u32 {
    assert!(!policy.steps.is_empty(), "a policy has at least one step");
    let step_count = u32::try_from(policy.steps.len()).expect("a policy has few steps");
    step_count.saturating_mul(policy.repeat_max.saturating_add(1))
}
