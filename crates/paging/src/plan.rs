//! Which step comes next, and which are left out on the way.
//!
//! Intuition: walk along the policy and take the first step whose conditions hold. At the end of a
//! pass look back: if it called nobody at all, go through it once more with closed eyes.
//!
//! Invariants:
//! - the number of the step only ever grows within a round, so a round ends;
//! - every pass calls with at least one step.

use crate::{Page, PageStatus};
use model::{Escalation, EscalationStep};

/// What a page does next when its current step is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<'a> {
    /// Start this step.
    Step {
        /// Its number over all passes and rounds.
        attempt: u32,
        /// The step.
        step: &'a EscalationStep,
    },
    /// Nothing is left: it is exhausted.
    Exhausted,
    /// It is at rest and stays so.
    Rest,
}

/// The next step with what was passed over to get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned<'a, R> {
    /// What comes next.
    pub next: Next<'a>,
    /// Steps that were left out, by number, and why.
    pub left_out: Vec<(u32, R)>,
    /// Whether the step is taken although its conditions do not hold: otherwise nobody would be
    /// called in this pass.
    pub unconditional: bool,
}

impl Page {
    /// What follows the current step. `may` says whether the conditions of a step hold, or why not.
    pub fn next<R>(
        &self,
        mut may: impl FnMut(u32, &EscalationStep) -> Result<(), R>,
    ) -> Planned<'_, R> {
        let mut left_out = vec![];
        let (mut attempt, last) = match self.status {
            PageStatus::New => (self.round_start, None),
            PageStatus::Waiting { attempt, .. } => (attempt + 1, Some(attempt)),
            _ => return Planned { next: Next::Rest, left_out, unconditional: false },
        };
        let limit = self.round_start.saturating_add(attempt_limit(&self.policy));
        while attempt < limit {
            let pass_start = self.pass_start(attempt);
            let pass_end = pass_start + step_count(&self.policy);
            let unconditional = self.unconditional == Some(pass_start);
            for number in attempt..pass_end {
                let step = self.step(number);
                let refused = if unconditional { None } else { may(number, step).err() };
                let Some(reason) = refused else {
                    let next = Next::Step { attempt: number, step };
                    return Planned { next, left_out, unconditional };
                };
                left_out.push((number, reason));
            }
            if last.is_none_or(|it| it < pass_start) {
                let next = Next::Step { attempt: pass_start, step: self.step(pass_start) };
                return Planned { next, left_out, unconditional: true };
            }
            attempt = pass_end;
        }
        Planned { next: Next::Exhausted, left_out, unconditional: false }
    }

    /// The step with number `attempt`.
    #[must_use]
    pub fn step(&self, attempt: u32) -> &EscalationStep {
        &self.policy.steps[(self.in_round(attempt) % step_count(&self.policy)) as usize]
    }

    /// Which step of its round number `attempt` is, from zero.
    #[must_use]
    pub fn in_round(&self, attempt: u32) -> u32 {
        attempt.saturating_sub(self.round_start)
    }

    /// The number of the first step of the pass that contains `attempt`.
    pub(crate) fn pass_start(&self, attempt: u32) -> u32 {
        let count = step_count(&self.policy);
        self.round_start + self.in_round(attempt) / count * count
    }

    /// Whether step number `attempt` belongs to the pass that number `now` belongs to.
    #[must_use]
    pub fn same_pass(&self, attempt: u32, now: u32) -> bool {
        attempt >= self.round_start && self.pass_start(attempt) == self.pass_start(now)
    }
}

/// How many steps a round takes at most.
#[must_use]
pub fn attempt_limit(policy: &Escalation) -> u32 {
    step_count(policy).saturating_mul(policy.repeat_max.saturating_add(1))
}

fn step_count(policy: &Escalation) -> u32 {
    assert!(!policy.steps.is_empty(), "a policy has at least one step");
    u32::try_from(policy.steps.len()).expect("a policy has few steps")
}
