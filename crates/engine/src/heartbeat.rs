//! Heartbeats: signs of life that others owe, and what happens when one does not come.
//!
//! Intuition: a night porter's time clock. Every visit winds a timer up and is written nowhere; only a
//! timer that rings is news. That the porter once began his rounds is written down, because before
//! that his silence means nothing.
//!
//! Complications: a sign of life that comes while *we* are away is lost, and its loss is not the
//! sender's. So
//! - a timer that rings late (the process stood still, the machine slept) is wound up once more
//!   instead of being believed;
//! - after a restart a timer that should have been wound up while we were away starts anew. To know
//!   that, a sign of life is written down when the last one in the journal is an hour old: a nightly
//!   job is still missed in time though the server restarts every afternoon.
//!
//! Invariants:
//! - nobody is called about a heartbeat that was never heard;
//! - a heartbeat heard of costs at most one event per hour;
//! - `queue` holds exactly the heartbeats that have begun and are not missed already.

use crate::command::Rejected;
use crate::event::{Event, Origin, ResolveReason};
use crate::state::State;
use model::{AlertId, Heartbeat, HeartbeatId, Millis, ServiceKind, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// After how long another sign of life is written down.
const WRITTEN_EVERY: Millis = Millis::from_hours(1);

/// A timer that rings later than this rings because we were away.
const LATE: Millis = Millis::from_mins(1);

/// What the journal knows of a heartbeat that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// When it was heard first.
    pub first_at: Timestamp,
    /// When it was heard last, up to an hour less than the truth.
    pub heard_at: Timestamp,
}

/// What a heartbeat's alert is deduplicated by.
#[must_use]
pub fn heartbeat_key(heartbeat: &HeartbeatId) -> String {
    format!("heartbeat/{heartbeat}")
}

impl State {
    /// The alert about a heartbeat that is missed now.
    #[must_use]
    pub fn heartbeat_missed(&self, heartbeat: &HeartbeatId) -> Option<AlertId> {
        self.firing.get(&heartbeat_key(heartbeat)).copied()
    }
}

/// A sign of life came.
pub(crate) fn decide(
    state: &State,
    now: Timestamp,
    heartbeat: &HeartbeatId,
) -> Result<Vec<Event>, Rejected> {
    if configured(state, heartbeat).is_none() {
        return Err(Rejected::Unknown { what: "heartbeat", id: heartbeat.to_string() });
    }
    let missed = state.heartbeat_missed(heartbeat);
    let written = state.watching.heartbeats.get(heartbeat);
    let due = written.is_none_or(|it| now.since(it.heard_at) >= WRITTEN_EVERY);
    let mut events = vec![];
    if due || missed.is_some() {
        events.push(Event::HeartbeatHeard { heartbeat: heartbeat.clone() });
    }
    let reason = ResolveReason::HeartbeatHeard;
    events.extend(missed.map(|alert| Event::AlertResolved { alert, reason }));
    Ok(events)
}

/// The alert about a heartbeat that did not come.
fn missed(state: &State, id: &HeartbeatId, heard_at: Timestamp, now: Timestamp) -> Option<Event> {
    let plan = configured(state, id)?;
    let catalogue = state.catalogue()?;
    let of_feature = || Some(catalogue.features.get(plan.feature.as_ref()?)?.team.clone());
    let of_service = || match &catalogue.services.get(plan.service.as_ref()?)?.kind {
        ServiceKind::Own { team } => Some(team.clone()),
        ServiceKind::Supplier => None,
    };
    Some(Event::AlertFired {
        alert: AlertId(state.next.alert + 1),
        key: heartbeat_key(id),
        origin: Origin::Heartbeat { heartbeat: id.clone(), heard_at },
        severity: plan.severity,
        feature: plan.feature.clone(),
        service: plan.service.clone(),
        team: plan.team.clone().or_else(of_feature).or_else(of_service),
        summary: format!("Heartbeat {id} stopped: nothing heard for {}", now.since(heard_at)),
        starts_at: heard_at,
        lease: None,
        stale_after: None,
        budget: None,
    })
}

fn configured<'a>(state: &'a State, id: &HeartbeatId) -> Option<&'a Heartbeat> {
    state.catalogue()?.watched.heartbeats.get(id)
}

/// One timer.
#[derive(Debug, Clone, Copy)]
struct Timer {
    heard_at: Timestamp,
    due: Timestamp,
    allows: Millis,
    /// Whether it was wound up though nothing was heard.
    forgiven: bool,
}

/// The timers of all heartbeats that have begun; beside the state, as leases are.
#[derive(Debug, Default)]
pub(crate) struct Pulses {
    timers: BTreeMap<HeartbeatId, Timer>,
    queue: BTreeSet<(Timestamp, HeartbeatId)>,
}

impl Pulses {
    /// The timers after a restart at `now`.
    pub(crate) fn after_restart(state: &State, now: Timestamp) -> Self {
        let mut pulses = Self::default();
        for (id, pulse) in &state.watching.heartbeats {
            let Some(plan) = configured(state, id) else { continue };
            if state.heartbeat_missed(id).is_some() {
                continue;
            }
            let allows = allows(plan);
            // Where the next one was not to be expected before now, none was lost on us.
            let expected_from = pulse.heard_at.plus(Millis(plan.every.0 - plan.grace.0));
            let lost = now >= expected_from;
            let from = if lost { now } else { pulse.heard_at };
            let timer =
                Timer { heard_at: pulse.heard_at, due: from.plus(allows), allows, forgiven: lost };
            pulses.set(id, timer);
        }
        pulses
    }

    /// A sign of life came; one that has not begun has no timer yet.
    pub(crate) fn hear(&mut self, state: &State, id: &HeartbeatId, now: Timestamp) {
        let Some(plan) = configured(state, id) else { return };
        let begun = state.watching.heartbeats.contains_key(id);
        if begun && state.heartbeat_missed(id).is_none() {
            let allows = allows(plan);
            let due = now.plus(allows);
            self.set(id, Timer { heard_at: now, due, allows, forgiven: false });
        }
    }

    /// Follows a state that changed otherwise: by a new catalogue, by a miss, by going back.
    pub(crate) fn follow(&mut self, state: &State, now: Timestamp) {
        let wanted = |id: &HeartbeatId| {
            state.watching.heartbeats.contains_key(id) && state.heartbeat_missed(id).is_none()
        };
        let gone: Vec<HeartbeatId> = self
            .timers
            .keys()
            .filter(|id| !wanted(id) || configured(state, id).is_none())
            .cloned()
            .collect();
        for id in gone {
            self.forget(&id);
        }
        for (id, pulse) in state.watching.heartbeats.iter().filter(|(id, _)| wanted(id)) {
            let Some(plan) = configured(state, id) else { continue };
            let allows = allows(plan);
            let known = self.timers.get(id).copied();
            if known.is_none_or(|it| it.allows != allows) {
                // Under new terms, or after a step back, it has the whole time again.
                let heard_at = known.map_or(pulse.heard_at, |it| it.heard_at);
                self.set(id, Timer { heard_at, due: now.plus(allows), allows, forgiven: false });
            }
        }
    }

    /// Winds up once what rings late because we were away.
    pub(crate) fn forgive(&mut self, now: Timestamp) {
        let late: Vec<HeartbeatId> = self
            .queue
            .iter()
            .take_while(|(due, _)| now.since(*due) > LATE)
            .map(|(_, id)| id.clone())
            .collect();
        for id in late {
            let timer = self.timers[&id];
            if !timer.forgiven {
                self.set(&id, Timer { due: now.plus(timer.allows), forgiven: true, ..timer });
            }
        }
    }

    /// When the next timer rings.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// The first heartbeat whose timer has rung.
    pub(crate) fn first_missed(&self, state: &State, now: Timestamp) -> Option<Event> {
        let (at, id) = self.queue.first()?;
        if *at > now {
            return None;
        }
        missed(state, id, self.timers[id].heard_at, now)
    }

    fn set(&mut self, id: &HeartbeatId, timer: Timer) {
        self.forget(id);
        self.queue.insert((timer.due, id.clone()));
        self.timers.insert(id.clone(), timer);
    }

    fn forget(&mut self, id: &HeartbeatId) {
        if let Some(old) = self.timers.remove(id) {
            self.queue.remove(&(old.due, id.clone()));
        }
    }
}

fn allows(plan: &Heartbeat) -> Millis {
    Millis(plan.every.0 + plan.grace.0)
}
