//! What is known of heartbeats, changes, planned work, and of the product watching itself.
//!
//! Intuition: the product is its own first patient. A page sent through it to nobody, and an entry in
//! the journal made for no other reason than to see that it can be made, are the two checks behind the
//! sign of life that goes out; their absence is what others call for.

use crate::Change;
use crate::change::CHANGES_MAX;
use crate::command::{Command, Rejected};
use crate::event::{Event, EventRecord, Origin, ResolveReason};
use crate::heartbeat::Pulse;
use crate::state::State;
use model::{
    AlertId, ChangeId, HeartbeatId, Maintenance, Map, Millis, PersonId, Severity, Timestamp,
    WindowId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything of that kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watching {
    /// Heartbeats that have begun.
    pub heartbeats: BTreeMap<HeartbeatId, Pulse>,
    /// The most recent changes.
    pub changes: Map<ChangeId, Change>,
    /// The last change's number.
    pub change_last: u64,
    /// Planned work that people entered; that of the configuration is in the catalogue.
    pub plans: BTreeMap<WindowId, Plan>,
    /// When the last window of each plan began for which a silence was set.
    pub windows_set: BTreeMap<WindowId, Timestamp>,
    /// The last synthetic page that came out at the other end.
    pub synthetic: Option<SyntheticSeen>,
    /// When the journal was last written to for no other reason than to see whether it can be.
    pub probed_at: Option<Timestamp>,
}

/// Planned work as somebody entered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What and when.
    pub what: Maintenance,
    /// Who entered it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A synthetic page that came out at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyntheticSeen {
    /// When it came out.
    pub at: Timestamp,
    /// How long it took from the door to the receiver.
    pub took: Millis,
}

/// The group of incidents that are no incidents: synthetic pages. They leave no trace in memory.
pub const SYNTHETIC_GROUP: &str = "synthetic";

/// The name by which a synthetic alert is known, in its label `alertname`.
pub const SYNTHETIC_ALERT: &str = "LamplighterSynthetic";

/// What a failed check's alert is deduplicated by.
fn check_key(check: &str) -> String {
    format!("watch/{check}")
}

pub(crate) fn decide(
    state: &State,
    now: Timestamp,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::Ping { heartbeat } => crate::heartbeat::decide(state, now, heartbeat),
        Command::Change(change) => crate::change::decide(state, now, change),
        Command::Probe => Ok(vec![Event::JournalProbed]),
        Command::SyntheticSeen { took } => {
            let recovered = state.firing.get(&check_key("synthetic"));
            let mut events = vec![Event::SyntheticSeen { took: *took }];
            let reason = ResolveReason::WatchRecovered;
            events.extend(recovered.map(|alert| Event::AlertResolved { alert: *alert, reason }));
            Ok(events)
        }
        Command::WatchFailed { check, detail } => {
            let key = check_key(check);
            if state.firing.contains_key(&key) {
                return Ok(vec![]);
            }
            Ok(vec![Event::AlertFired {
                alert: AlertId(state.next.alert + 1),
                key,
                origin: Origin::Watch { check: check.clone(), detail: detail.clone() },
                severity: Severity::Page,
                feature: None,
                service: None,
                team: None,
                summary: format!("Lamplighter itself may not page: {detail}"),
                starts_at: now,
                lease: None,
                stale_after: None,
                budget: None,
            }])
        }
        other => unreachable!("not about what is watched: {other:?}"),
    }
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    let watching = &mut state.watching;
    match &record.event {
        Event::HeartbeatHeard { heartbeat } => {
            let at = record.at;
            let pulse = Pulse { first_at: at, heard_at: at };
            watching.heartbeats.entry(heartbeat.clone()).or_insert(pulse).heard_at = at;
        }
        Event::ChangeHappened { change, what } => {
            watching.change_last = watching.change_last.max(change.0);
            watching.changes.insert(*change, what.clone());
            while watching.changes.len() > CHANGES_MAX {
                watching.changes.pop_first();
            }
        }
        Event::JournalProbed => watching.probed_at = Some(record.at),
        Event::SyntheticSeen { took } => {
            watching.synthetic = Some(SyntheticSeen { at: record.at, took: *took });
        }
        Event::MaintenancePlanned { window, what, by } => {
            let plan = Plan { what: what.clone(), by: by.clone(), at: record.at };
            watching.plans.insert(window.clone(), plan);
            watching.windows_set.remove(window);
        }
        Event::MaintenanceCancelled { window, .. } => {
            watching.plans.remove(window);
            watching.windows_set.remove(window);
        }
        other => unreachable!("not about what is watched: {other:?}"),
    }
}

/// Forgets what the catalogue no longer knows.
pub(crate) fn adopted(state: &mut State) {
    let Some(catalogue) = state.catalogue.clone() else { return };
    let watched = &catalogue.watched;
    let watching = &mut state.watching;
    watching.heartbeats.retain(|id, _| watched.heartbeats.contains_key(id));
    watching.plans.retain(|id, _| !watched.maintenance.contains_key(id));
    let plans = &watching.plans;
    watching
        .windows_set
        .retain(|id, _| watched.maintenance.contains_key(id) || plans.contains_key(id));
}
