//! When alerts that are repeated were last heard of, and which of them is due next.
//!
//! Intuition: a board of egg timers beside the ledger. An alert that is sent again winds its timer up
//! and adds nothing to the journal; only a timer that rings does.
//!
//! Invariants:
//! - `queue` holds exactly the alerts in `heard` whose end or staleness can be told, at that time;
//! - winding a timer up costs a logarithm, however many alerts fire.

use crate::state::{AlertStatus, State};
use model::{AlertId, Millis, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// When a repeated alert was last heard of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    /// When its lease ends, if it has one.
    pub(crate) until: Option<Timestamp>,
    /// When it was last sent.
    pub(crate) at: Timestamp,
}

/// The timers of all alerts that have one.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    heard: BTreeMap<AlertId, Heard>,
    due: BTreeMap<AlertId, Timestamp>,
    queue: BTreeSet<(Timestamp, AlertId)>,
}

impl Leases {
    /// An alert was sent again.
    pub(crate) fn hear(&mut self, state: &State, alert: AlertId, heard: Heard) {
        self.heard.insert(alert, heard);
        self.refresh(state, alert);
    }

    /// An alert begins, or is known again after a restart: its lease runs from `now`, and not for less
    /// than `grace`.
    pub(crate) fn start(&mut self, state: &State, alert: AlertId, now: Timestamp, grace: Millis) {
        let Some(it) = state.alerts.get(&alert) else { return };
        let repeats = it.lease.is_some() || it.stale_after.is_some();
        if repeats && !matches!(it.status, AlertStatus::Resolved { .. }) {
            let until = it.lease.map(|lease| now.plus(lease.max(grace)));
            self.hear(state, alert, Heard { until, at: now });
        }
    }

    /// Whether an alert has a timer.
    pub(crate) fn knows(&self, alert: AlertId) -> bool {
        self.heard.contains_key(&alert)
    }

    /// An alert is over.
    pub(crate) fn forget(&mut self, alert: AlertId) {
        self.heard.remove(&alert);
        if let Some(at) = self.due.remove(&alert) {
            self.queue.remove(&(at, alert));
        }
    }

    /// Leaves only what `keep` says.
    pub(crate) fn retain(&mut self, keep: impl Fn(AlertId) -> bool) {
        let gone: Vec<AlertId> = self.heard.keys().copied().filter(|it| !keep(*it)).collect();
        for alert in gone {
            self.forget(alert);
        }
    }

    /// Sets the timer anew after the alert's state has changed.
    pub(crate) fn refresh(&mut self, state: &State, alert: AlertId) {
        if let Some(at) = self.due.remove(&alert) {
            self.queue.remove(&(at, alert));
        }
        let at = self.heard.get(&alert).and_then(|heard| rings_at(state, alert, heard));
        if let Some(at) = at {
            self.due.insert(alert, at);
            self.queue.insert((at, alert));
        }
    }

    /// When the next timer rings.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// The alert whose timer has rung, the longest waiting first.
    pub(crate) fn rung(&self, now: Timestamp) -> Option<(AlertId, Heard)> {
        let (at, alert) = self.queue.first()?;
        (*at <= now).then(|| (*alert, self.heard[alert]))
    }
}

fn rings_at(state: &State, alert: AlertId, heard: &Heard) -> Option<Timestamp> {
    let it = state.alerts.get(&alert)?;
    match (it.status, heard.until, it.stale_after) {
        (AlertStatus::Resolved { .. }, _, _) => None,
        (_, Some(until), _) => Some(until),
        (AlertStatus::Firing, None, Some(stale_after)) => Some(heard.at.plus(stale_after)),
        _ => None,
    }
}
