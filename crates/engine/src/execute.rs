//! Running a command to its end: decide, fold in, follow the consequences.
//!
//! Intuition: dominoes. `decide` pushes the first; each falls exactly once; `consequence` looks at
//! the one that fell and says which falls next.
//!
//! Leases stand beside the state, not in it: an alert that is sent again each minute adds nothing
//! to the journal. After a restart every lease gets a grace period instead.

use crate::budget::Budgets;
use crate::command::{Context, Rejected, Submission};
use crate::consequence::consequences;
use crate::decide::decide;
use crate::due::{self, Timers};
use crate::event::{Event, EventRecord};
use crate::heartbeat::Pulses;
use crate::leases::{Heard, Leases};
use crate::observe::Blind;
use crate::round::Round;
use crate::state::State;
use crate::{Command, DoorLife};
use model::{AlertId, Millis, Timestamp};
use std::collections::VecDeque;

/// How long after a restart no alert is called ended or stale for want of being sent again.
pub(crate) const RESTART_GRACE: Millis = Millis::from_mins(5);

/// More events than this from one command is a bug: consequences that chase each other.
const EVENTS_PER_COMMAND_MAX: usize = 1_000_000;

/// The state with what is known but never journalled.
#[derive(Debug, Default)]
pub struct Engine {
    state: State,
    timers: Timers,
    /// How the budgets stood when they were measured last.
    budgets: Budgets,
    /// Since when nothing has been measured, as far as we looked.
    blind: Blind,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// The events, already folded into this engine, to be made durable by the caller. Empty when
    /// nothing changed.
    pub records: Vec<EventRecord>,
    /// The journal position of the first answer, when the idempotency key was seen before.
    pub repeats: Option<u64>,
}

impl Engine {
    /// An organisation in which nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An engine over a restored state; leases run on from `now` with a grace period.
    #[must_use]
    pub fn from_state(state: State, now: Timestamp) -> Self {
        let mut leases = Leases::default();
        for alert in state.firing.values() {
            leases.start(&state, *alert, now, RESTART_GRACE);
        }
        let pulses = Pulses::after_restart(&state, now);
        let timers = Timers { leases, pulses, ..Timers::default() };
        Self { state, timers, ..Self::default() }
    }

    /// Goes back to `state`, because what came after it could not be made durable. What was heard
    /// of alerts stays known: hearing is not an event.
    pub fn roll_back(&mut self, state: State) {
        self.state = state;
        let (state, leases) = (&self.state, &mut self.timers.leases);
        self.timers.pulses.follow(state, state.at);
        self.timers.windows.changed();
        self.timers.changes.changed();
        let fires = |alert: AlertId| {
            state.alerts.get(&alert).is_some_and(|it| state.firing.contains_key(&it.key))
        };
        leases.retain(fires);
        for alert in state.firing.values() {
            if leases.knows(*alert) {
                leases.refresh(state, *alert);
            } else {
                leases.start(state, *alert, state.at, RESTART_GRACE);
            }
        }
    }

    /// What is true now, including events that are not durable yet.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Folds in an event from the journal.
    pub fn apply(&mut self, record: &EventRecord) {
        self.state.apply(record);
        match &record.event {
            Event::AlertFired { alert, .. } => {
                self.timers.leases.start(&self.state, *alert, record.at, Millis::ZERO);
                self.timers.pulses.follow(&self.state, record.at);
            }
            Event::AlertStale { alert, .. } | Event::AlertHeardAgain { alert } => {
                self.timers.leases.refresh(&self.state, *alert);
            }
            Event::AlertResolved { alert, .. } => {
                self.timers.leases.forget(*alert);
                self.timers.pulses.follow(&self.state, record.at);
            }
            Event::HeartbeatHeard { heartbeat } => {
                self.timers.pulses.hear(&self.state, heartbeat, record.at);
            }
            Event::CatalogueAdopted { .. } => self.timers.pulses.follow(&self.state, record.at),
            Event::OverrideSet { .. } | Event::OverrideEnded { .. } => {
                self.timers.changes.changed();
            }
            Event::MaintenancePlanned { .. }
            | Event::MaintenanceCancelled { .. }
            | Event::SilenceSet { plan: Some(_), .. } => self.timers.windows.changed(),
            _ => {}
        }
    }

    /// Runs one command. On `Err` nothing has changed. On `Ok` the events are folded in: make
    /// them durable before answering or acting, or [`Engine::roll_back`].
    pub fn execute(
        &mut self,
        context: &Context<'_>,
        submission: &Submission,
    ) -> Result<Executed, Rejected> {
        // Whoever asks again says again that it still fires, even where the first time has counted.
        self.hear(context.now, &submission.command);
        self.budgets.hear(&submission.command);
        if let Some(seq) = submission.key.as_ref().and_then(|it| self.state.keys.get(it)) {
            return Ok(Executed { records: vec![], repeats: Some(*seq) });
        }
        assert!(context.now >= self.state.at, "time never goes backwards in a journal");
        if matches!(submission.command, Command::Tick) {
            return Ok(self.tick(context, submission));
        }
        let mut first = decide(&self.state, context, &submission.command)?;
        let standing = self.blind.observe(&self.state, context, &submission.command, &first);
        first.extend(standing);
        self.budgets.attach(&self.state, context.now, &mut first);
        self.budgets.attach_handovers(context.now, &mut first);
        let mut records = vec![];
        self.run(context, submission, first, &mut records);
        Ok(Executed { records, repeats: None })
    }

    /// When [`Command::Tick`] has something to do next.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        due::next_wake(&self.state, &self.timers)
    }

    /// Everything due, one after another: each may change what the next one is.
    fn tick(&mut self, context: &Context<'_>, submission: &Submission) -> Executed {
        let (mut records, mut round) = (vec![], Round::default());
        self.timers.pulses.forgive(context.now);
        loop {
            self.timers.windows.refresh(&self.state, context);
            self.timers.changes.refresh(&self.state, context);
            let events = due::first_due(&self.state, &self.timers, context, &mut round);
            if events.is_empty() {
                return Executed { records, repeats: None };
            }
            let mut events = events;
            self.budgets.attach_handovers(context.now, &mut events);
            self.run(context, submission, events, &mut records);
        }
    }

    fn run(
        &mut self,
        context: &Context<'_>,
        submission: &Submission,
        first: Vec<Event>,
        records: &mut Vec<EventRecord>,
    ) {
        let mut queue = VecDeque::from(first);
        while let Some(event) = queue.pop_front() {
            let record = EventRecord {
                seq: self.state.seq + 1,
                at: context.now,
                actor: submission.actor.clone(),
                reason: submission.reason.clone(),
                key: submission.key.clone(),
                catalogue_version: self.state.catalogue_version,
                event,
            };
            self.apply(&record);
            // Consequences fall before what was queued beside their cause, so that a page opens
            // right behind its incident and the journal reads as a story.
            for next in consequences(&self.state, context, &record.event).into_iter().rev() {
                queue.push_front(next);
            }
            records.push(record);
            assert!(records.len() <= EVENTS_PER_COMMAND_MAX, "consequences must come to an end");
        }
    }

    /// Winds up the timer of an alert that was sent again, or of a heartbeat.
    fn hear(&mut self, now: Timestamp, command: &Command) {
        if let Command::Ping { heartbeat } = command {
            return self.timers.pulses.hear(&self.state, heartbeat, now);
        }
        let Command::Receive(door) = command else { return };
        let Some(alert) = self.state.firing.get(&crate::decide::door_key(&door.fingerprint)) else {
            return;
        };
        let until = match door.life {
            DoorLife::FiringUntil(until) => Some(until),
            DoorLife::FiringStaleAfter(_) => None,
            DoorLife::Resolved => return,
        };
        self.timers.leases.hear(&self.state, *alert, Heard { until, at: now });
    }
}
