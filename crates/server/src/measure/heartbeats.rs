//! Heartbeats on their way to meter, samples and board.
//!
//! Intuition: whoever was on the porch all the time can say of each minute whether the porter was
//! missing. A minute in which a heartbeat was missed, if only for a part of it, is one bad attempt; any
//! other since its first sign of life is a good one. Minutes for which nobody stood here are unknown.
//!
//! Invariants:
//! - a minute is noted once, when it is over;
//! - what passed while we were away is never noted.

use super::Measurer;
use engine::{AlertStatus, Origin, State};
use model::{HeartbeatId, Sli, SloId, Timestamp};
use slo::{Counts, LATE_MINUTES_MAX, Pushes};
use std::collections::BTreeMap;

/// Minutes that are noted together at most; more means that we were away.
const TOGETHER_MAX: i64 = 3;

/// What was noted, by objective.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// The newest minute that is noted, or in which watching began.
    until: Option<i64>,
    minutes: BTreeMap<SloId, BTreeMap<i64, Counts>>,
}

impl Measurer {
    /// Notes the minutes that are over.
    pub(super) fn note_heartbeats(&mut self) {
        let over = self.shared.clock.now().minute() - 1;
        // The minute in which watching begins is not wholly watched.
        let until = *self.noted.until.get_or_insert(over + 1);
        if self.version == 0 || over <= until {
            return;
        }
        self.noted.until = Some(over);
        let first = if over - until > TOGETHER_MAX { over } else { until + 1 };
        let mut kept = std::mem::take(&mut self.noted.minutes);
        for (id, slo) in self.catalogue.signals() {
            let Sli::Heartbeat { heartbeat } = &slo.sli else { continue };
            let mut minutes = kept.remove(&id).unwrap_or_default();
            {
                let state = self.shared.handle.state();
                minutes.extend((first..=over).filter_map(|it| {
                    let is_bad = is_missed(&state, heartbeat, it)?;
                    Some((it, Counts::new(u64::from(is_bad), 1)))
                }));
            }
            minutes = minutes.split_off(&(over - LATE_MINUTES_MAX - 3));
            let mut pushes = Pushes::default();
            for (minute, counts) in &minutes {
                pushes.set(*minute, *counts);
            }
            self.meter.push(&id, pushes);
            self.noted.minutes.insert(id, minutes);
        }
    }
}

/// Whether `heartbeat` was missed at any time of `minute`; `None` before its first sign of life.
fn is_missed(state: &State, heartbeat: &HeartbeatId, minute: i64) -> Option<bool> {
    let (start, end) = (Timestamp::from_minute(minute), Timestamp::from_minute(minute + 1));
    let pulse = state.watching.heartbeats.get(heartbeat)?;
    if pulse.first_at >= end {
        return None;
    }
    let about = |origin: &Origin| matches!(origin, Origin::Heartbeat { heartbeat: it, .. } if it == heartbeat);
    let missed = state.alerts.values().filter(|it| about(&it.origin) && it.fired_at < end);
    let lasts =
        |status: &AlertStatus| !matches!(status, AlertStatus::Resolved { at } if *at <= start);
    Some(missed.into_iter().any(|it| lasts(&it.status)))
}
