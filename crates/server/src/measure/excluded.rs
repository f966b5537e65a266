//! Exclusions in force, as masks over minutes.
//!
//! Intuition: a calendar of closed hours, worked out a little ahead of the clock and all the way back
//! through what is kept. When what it says about the past changes, the board is built again from our own
//! minutes; the source is not asked again.
//!
//! Invariants:
//! - a mask is laid before the minute it is over is closed;
//! - masks depend on nothing but the state, the zones and the hour.

use super::Measurer;
use crate::node::Shared;
use model::{Catalogue, CountsAs, ExcludedTimes, Exclusion, Millis, Occasions, Timestamp};
use slo::{Mask, Masks, WINDOW_MAX};
use std::sync::PoisonError;

/// How far ahead masks are worked out; they are worked out again every hour.
const AHEAD: Millis = Millis::from_days(2);

/// Masks, and what they were worked out from.
#[derive(Debug, Default)]
pub(super) struct Excluded {
    hour: i64,
    from: Vec<(Exclusion, Occasions)>,
    masks: Masks,
}

impl Excluded {
    pub(super) fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Works masks out again where that is due; says whether they are others now.
    pub(super) fn refresh(&mut self, shared: &Shared, now: Timestamp) -> bool {
        let hour = now.minute().div_euclid(60);
        let in_force: Vec<(Exclusion, Occasions)> = {
            let state = shared.handle.state();
            let found = state.exclusions_in_force();
            found.filter_map(|(_, it)| Some((it.clone(), state.occasions_of(it)?))).collect()
        };
        if self.hour == hour && self.from == in_force {
            return false;
        }
        let masks = masks(&in_force, now, &shared.zones);
        (self.hour, self.from) = (hour, in_force);
        let changed = masks != self.masks;
        self.masks = masks;
        changed
    }
}

/// The masks of exclusions, as far back as anything is kept.
pub(crate) fn masks(
    exclusions: &[(Exclusion, Occasions)],
    now: Timestamp,
    zones: &oncall::Zones,
) -> Masks {
    let mut masks = Masks::default();
    for (exclusion, occasions) in exclusions {
        let found = oncall::occasions(occasions, now.minus(WINDOW_MAX), now.plus(AHEAD), zones);
        let add = |mask: &mut Mask, counts: CountsAs| {
            for it in &found {
                // A minute is under an exclusion when its beginning is.
                let up = |at: Timestamp| at.plus(Millis(59_999)).minute();
                mask.add(up(it.starts), up(it.ends), counts);
            }
        };
        for feature in &exclusion.features {
            add(masks.features.entry(feature.clone()).or_default(), exclusion.counts);
        }
        for slo in &exclusion.slos {
            add(masks.slos.entry(slo.clone()).or_default(), exclusion.counts);
        }
    }
    masks
}

/// The exclusions that stand in a configuration, with their times.
fn configured(catalogue: &Catalogue) -> Vec<(Exclusion, Occasions)> {
    let with_times = |it: &Exclusion| {
        let occasions = match &it.times {
            ExcludedTimes::Own(occasions) => occasions.clone(),
            ExcludedTimes::During(window) => {
                let plan = catalogue.watched.maintenance.get(window)?;
                let (when, timezone) = (plan.when.clone(), plan.timezone.clone());
                Occasions { when, timezone, lasts: plan.lasts }
            }
        };
        Some((it.clone(), occasions))
    };
    catalogue.watched.exclusions.values().filter_map(with_times).collect()
}

/// The masks of the exclusions in a configuration, and of those that people approved in the journal that folds to
/// `journal`.
#[must_use]
pub fn masks_in_force(
    catalogue: &Catalogue,
    journal: &engine::State,
    now: Timestamp,
    zones: &oncall::Zones,
) -> Masks {
    let mut all = configured(catalogue);
    let configured: std::collections::BTreeSet<_> =
        journal.catalogue().into_iter().flat_map(|it| it.watched.exclusions.keys()).collect();
    let approved = journal.exclusions_in_force().filter(|(id, _)| !configured.contains(id));
    all.extend(approved.filter_map(|(_, it)| Some((it.clone(), journal.occasions_of(it)?))));
    masks(&all, now, zones)
}

impl Measurer {
    /// Follows the exclusions in force.
    pub(super) async fn exclude(&mut self) {
        let now = self.shared.clock.now();
        if self.version == 0 || !self.excluded.refresh(&self.shared, now) {
            return;
        }
        let laid = {
            let mut board = self.shared.board.write().unwrap_or_else(PoisonError::into_inner);
            board.set_masks(self.excluded.masks())
        };
        if !laid {
            tracing::info!("exclusions changed the past: budgets are added up again");
            self.rebuild(now).await;
        }
    }
}
