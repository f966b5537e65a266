//! One page on its way through an escalation policy, and afterwards.
//!
//! Intuition: a page is a hot potato. Each step holds it for its `wait`; if nobody answers in time
//! it moves to the next step. After the last step it starts over, `repeat_max` times at most, and
//! is then *exhausted*: loud, but still there to be taken. Whoever takes it holds it, for good or for
//! as long as the policy says; then it is hot again.
//!
//! A page calls in *rounds*. It goes into a new one when an acknowledgement was not renewed, when it is
//! given back after its last step, and when a snooze or a wait for the morning is over. Steps are numbered through all rounds, so that no two
//! steps of a page have the same number.
//!
//! Invariants:
//! - nobody is notified after the page is acknowledged or ended, nor while it waits for the morning;
//! - a round takes at most `steps * (repeat_max + 1)` steps, and only people and clocks they set start
//!   another one: left alone, a page always comes to rest;
//! - conditions leave steps out, never a whole pass: what would call nobody calls without conditions;
//! - events alone determine the state.

mod plan;
mod turns;

#[cfg(test)]
mod tests;

pub use plan::{Next, Planned, attempt_limit};
pub use turns::in_turn;

use model::{
    AlertId, Escalation, EscalationId, EscalationStep, IncidentId, Millis, NoticeId, PersonId,
    Timestamp,
};
use serde::{Deserialize, Serialize};

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
    /// Number of the first step of this round of calls.
    #[serde(default)]
    pub round_start: u32,
    /// Number of the step after the last one that called.
    #[serde(default)]
    pub next_attempt: u32,
    /// The first step of the pass that calls without conditions, because they left everybody out.
    #[serde(default)]
    pub unconditional: Option<u32>,
    /// Who took it in this round, first to last; more than one where a step wants several.
    #[serde(default)]
    pub takes: Vec<Take>,
    /// How long it stays taken, where the policy sets a limit.
    #[serde(default)]
    pub watch: Option<Watch>,
    /// Whom its holder hands it to, until they take it.
    #[serde(default)]
    pub handing: Option<Handing>,
}

/// Somebody took a page, perhaps as one of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// How long an acknowledgement holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Until then.
    pub until: Timestamp,
    /// Whether its holder has been told that the end is near.
    pub reminded: bool,
}

/// A page on its way from one person to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handing {
    /// To whom.
    pub to: PersonId,
    /// Since when.
    pub at: Timestamp,
}

/// Where a page stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageStatus {
    /// A round begins; its first step is about to start.
    New,
    /// A step waits for an answer.
    Waiting {
        /// Number of the step over all passes and rounds.
        attempt: u32,
        /// When the next one starts.
        deadline: Timestamp,
    },
    /// It waits for the morning of whoever wakes first.
    Held {
        /// Since when.
        at: Timestamp,
        /// Until when.
        until: Timestamp,
        /// In words.
        reason: String,
    },
    /// Somebody asked for it to come back later.
    Snoozed {
        /// Who.
        by: PersonId,
        /// Since when.
        at: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// Somebody took it.
    Acknowledged {
        /// Who, of several the last.
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

/// What time brings to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The next step, or exhaustion.
    Step,
    /// The end of a snooze or of a wait for the morning.
    Wake,
    /// Its holder is to be told that their time ends.
    Remind,
    /// It goes back to those who are called.
    Return,
}

/// What one more acknowledgement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It is enough.
    Enough,
    /// More people are wanted.
    Partly {
        /// So many have taken it, this one counted.
        have: usize,
        /// So many must.
        want: usize,
    },
    /// This person has taken it already, and others are still wanted.
    Again {
        /// When they did.
        at: Timestamp,
    },
}

/// How long before its end the holder of a page is reminded, at most.
pub const REMINDER_LEAD_MAX: Millis = Millis::from_mins(5);

/// How long before the end of `ack_timeout` its holder is reminded: a quarter of it, at most
/// [`REMINDER_LEAD_MAX`].
#[must_use]
pub fn reminder_lead(ack_timeout: Millis) -> Millis {
    Millis(ack_timeout.0 / 4).min(REMINDER_LEAD_MAX)
}

impl Page {
    /// A page whose first step is about to start.
    #[must_use]
    pub fn opened(
        incident: IncidentId,
        alert: AlertId,
        escalation: EscalationId,
        policy: Escalation,
        opened_at: Timestamp,
    ) -> Self {
        Self {
            incident,
            alert,
            escalation,
            policy,
            opened_at,
            status: PageStatus::New,
            notices: vec![],
            round_start: 0,
            next_attempt: 0,
            unconditional: None,
            takes: vec![],
            watch: None,
            handing: None,
        }
    }

    /// Whether it still calls people.
    #[must_use]
    pub fn is_calling(&self) -> bool {
        matches!(self.status, PageStatus::New | PageStatus::Waiting { .. })
    }

    /// Whether it waits for a time: it called nobody yet, or is to come back.
    #[must_use]
    pub fn is_waiting_for_time(&self) -> bool {
        matches!(self.status, PageStatus::Held { .. } | PageStatus::Snoozed { .. })
    }

    /// Whether somebody may still take it.
    #[must_use]
    pub fn can_be_acknowledged(&self) -> bool {
        self.is_calling()
            || self.is_waiting_for_time()
            || matches!(self.status, PageStatus::Exhausted { .. })
    }

    /// Who holds it.
    #[must_use]
    pub fn holder(&self) -> Option<&PersonId> {
        match &self.status {
            PageStatus::Acknowledged { by, .. } => Some(by),
            _ => None,
        }
    }

    /// Everybody who took it in this round, first to last.
    pub fn takers(&self) -> impl Iterator<Item = &PersonId> {
        self.takes.iter().map(|it| &it.by)
    }

    /// When something is due, or `None` at rest. A new round is due at once.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        match &self.status {
            PageStatus::New => Some(self.opened_at),
            PageStatus::Waiting { deadline, .. } => Some(*deadline),
            PageStatus::Held { until, .. } | PageStatus::Snoozed { until, .. } => Some(*until),
            PageStatus::Acknowledged { .. } => {
                let watch = self.watch?;
                let lead = reminder_lead(self.policy.ack_timeout.unwrap_or(Millis::ZERO));
                Some(if watch.reminded { watch.until } else { watch.until.minus(lead) })
            }
            PageStatus::Exhausted { .. } | PageStatus::Ended { .. } => None,
        }
    }

    /// What is due at `now`.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Due> {
        if self.next_timeout().is_none_or(|it| it > now) {
            return None;
        }
        match &self.status {
            PageStatus::New | PageStatus::Waiting { .. } => Some(Due::Step),
            PageStatus::Held { .. } | PageStatus::Snoozed { .. } => Some(Due::Wake),
            PageStatus::Acknowledged { .. } => {
                // After a long pause the reminder would be about what has passed.
                let over = self.watch.is_some_and(|it| it.until <= now);
                Some(if over { Due::Return } else { Due::Remind })
            }
            PageStatus::Exhausted { .. } | PageStatus::Ended { .. } => None,
        }
    }

    /// The step that called last in this round, or the first one before any did.
    #[must_use]
    pub fn current_step(&self) -> &EscalationStep {
        let attempt = match self.status {
            PageStatus::Waiting { attempt, .. } => attempt,
            _ => self.next_attempt.saturating_sub(1).max(self.round_start),
        };
        self.step(attempt)
    }

    /// What it means that `by` takes it.
    #[must_use]
    pub fn count(&self, by: &PersonId) -> Counted {
        let want = self.current_step().acks_wanted();
        let before = self.takes.iter().find(|it| it.by == *by);
        let have = self.takes.len() + usize::from(before.is_none());
        match before {
            _ if have >= want => Counted::Enough,
            Some(take) => Counted::Again { at: take.at },
            None => Counted::Partly { have, want },
        }
    }

    /// Folds in that a step started.
    pub fn notified(&mut self, attempt: u32, deadline: Timestamp, notices: &[NoticeId]) {
        assert!(self.is_calling(), "a page at rest notifies nobody: {:?}", self.status);
        self.status = PageStatus::Waiting { attempt, deadline };
        self.next_attempt = attempt + 1;
        self.notices.extend(notices);
    }

    /// Folds in that a step starts although its conditions do not hold.
    pub fn went_unconditional(&mut self, attempt: u32) {
        self.unconditional = Some(self.pass_start(attempt));
    }

    /// Folds in that somebody took it, and others are still wanted.
    pub fn partly_acknowledged(&mut self, by: PersonId, at: Timestamp) {
        assert!(self.can_be_acknowledged(), "taken by some only while open: {:?}", self.status);
        self.takes.push(Take { by, at });
    }

    /// Folds in that somebody took it.
    pub fn acknowledged(&mut self, by: PersonId, at: Timestamp, via: String) {
        let handed = self.handing.as_ref().is_some_and(|it| it.to == by);
        assert!(self.can_be_acknowledged() || handed, "taken once only: {:?}", self.status);
        if handed {
            self.takes.clear();
        }
        if !self.takers().any(|it| *it == by) {
            self.takes.push(Take { by: by.clone(), at });
        }
        self.handing = None;
        self.watch_from(at);
        self.status = PageStatus::Acknowledged { by, at, via };
    }

    /// Folds in that somebody else has it now, alone, whoever it was being handed to.
    pub fn taken_over(&mut self, by: PersonId, at: Timestamp, via: String) {
        assert!(self.holder().is_some(), "only what is held is taken over: {:?}", self.status);
        self.takes = vec![Take { by: by.clone(), at }];
        self.handing = None;
        self.watch_from(at);
        self.status = PageStatus::Acknowledged { by, at, via };
    }

    /// Folds in that whoever holds it was told that their time ends.
    pub fn reminded(&mut self, notices: &[NoticeId]) {
        if let Some(watch) = &mut self.watch {
            watch.reminded = true;
        }
        self.notices.extend(notices);
    }

    /// Folds in that whoever holds it keeps it for another while.
    pub fn renewed(&mut self, at: Timestamp) {
        assert!(self.holder().is_some(), "only what is held is renewed: {:?}", self.status);
        self.watch_from(at);
    }

    /// Folds in that it is handed on; its holder keeps it until the other one takes it.
    pub fn handed(&mut self, to: PersonId, at: Timestamp, notices: &[NoticeId]) {
        assert!(self.holder().is_some(), "only what is held is handed on: {:?}", self.status);
        self.handing = Some(Handing { to, at });
        self.notices.extend(notices);
    }

    /// Folds in that it waits for the morning.
    pub fn held(&mut self, at: Timestamp, until: Timestamp, reason: String) {
        assert!(self.is_calling(), "only what would call is held: {:?}", self.status);
        self.status = PageStatus::Held { at, until, reason };
    }

    /// Folds in that it is to come back later.
    pub fn snoozed(&mut self, by: PersonId, at: Timestamp, until: Timestamp) {
        assert!(!self.is_over(), "what is over does not come back: {:?}", self.status);
        // Whoever had it has it no more: where several must take it, all must anew.
        self.takes.clear();
        (self.watch, self.handing) = (None, None);
        self.status = PageStatus::Snoozed { by, at, until };
    }

    /// Folds in that somebody gave back what they had taken. Of several who were wanted it is theirs alone
    /// while the others are still called; what was taken, or calls nobody any more, calls again: `goes_on` with
    /// the step after the last one that called, else from the first.
    pub fn given_back(&mut self, from: &PersonId, at: Timestamp, goes_on: bool) {
        assert!(!self.is_over(), "what is over is not given back: {:?}", self.status);
        let nobody_called = matches!(self.status, PageStatus::Exhausted { .. }) && !goes_on;
        if self.holder().is_none() && !nobody_called {
            self.takes.retain(|it| it.by != *from);
            return;
        }
        if !goes_on {
            return self.begins_again();
        }
        assert!(self.next_attempt > self.round_start, "it goes on only where it began: {self:?}");
        self.takes.clear();
        (self.watch, self.handing) = (None, None);
        self.status = PageStatus::Waiting { attempt: self.next_attempt - 1, deadline: at };
    }

    /// Folds in that people are to be called again, from the first step on.
    pub fn begins_again(&mut self) {
        assert!(!self.is_over(), "what is over does not begin again: {:?}", self.status);
        self.round_start = self.next_attempt;
        self.takes.clear();
        (self.watch, self.handing, self.unconditional) = (None, None, None);
        self.status = PageStatus::New;
    }

    /// Folds in that nobody answered.
    pub fn exhausted(&mut self, at: Timestamp) {
        assert!(self.is_calling(), "only a calling page can be exhausted: {:?}", self.status);
        self.status = PageStatus::Exhausted { at };
    }

    /// Folds in that what it was about ended.
    pub fn ended(&mut self, at: Timestamp, reason: String) {
        assert!(!self.is_over(), "ended once only: {:?}", self.status);
        self.status = PageStatus::Ended { at, reason };
    }

    fn is_over(&self) -> bool {
        matches!(self.status, PageStatus::Ended { .. })
    }

    fn watch_from(&mut self, at: Timestamp) {
        let watch = |it: Millis| Watch { until: at.plus(it), reminded: false };
        self.watch = self.policy.ack_timeout.map(watch);
    }
}
