//! Alerts replayed over recorded minutes, and judged by what users met.
//!
//! Intuition: an alarm is tried with last year's fires. What the fires were must not be asked of the
//! alarm, or it could not be wrong: an episode is a stretch in which so much of the budget really went,
//! found in the counts without any condition, or a stretch in which users wrote in. Alarms are then
//! judged by how many episodes they announced, how soon, and how often they rang for nothing.
//!
//! A replay goes minute by minute through the same board and the same rules by which alerts fire live: one
//! alert per severity, fired when a condition fires, over when all are quiet, frozen while unmeasured.
//! What a replay cannot know is when readings came late; it has the final counts.
//!
//! Invariants:
//! - conditions play no part in finding episodes;
//! - an episode that goes on at the end of what is recorded counts as found so far;
//! - the Pareto front holds exactly the trials that no other one beats in everything that is counted.

use crate::number::{float, float_signed};
use crate::{Board, Condition, ConditionState, Slice};
use model::{FeatureId, Millis, Objective, Severity, SloId};
use std::collections::{BTreeMap, BTreeSet};

mod score;

pub use score::{Score, Stretch, candidates, judge, pareto};

/// A quiet stretch that does not yet end an episode.
pub const EPISODE_GAP_MINUTES: i64 = 30;

/// Reports that lie closer together than this are about the same thing.
pub const REPORT_GAP_MINUTES: i64 = 60;

/// What was measured, by minute: what a board is fed with.
pub type Recording = BTreeMap<i64, Vec<(SloId, Slice)>>;

/// An alert as it would have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    /// How urgent.
    pub severity: Severity,
    /// The minute at whose end it fired.
    pub from: i64,
    /// The minute at whose end it was over; `None`: not within what is recorded.
    pub until: Option<i64>,
}

/// What a replay of one feature found.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// Alerts by set of conditions, in order of time.
    pub fired: Vec<Vec<Fired>>,
    /// What is counted of each minute.
    pub minutes: Vec<(i64, Slice)>,
}

/// Plays `recording` to a fresh board, and asks after each minute how `feature` stands under each set of
/// conditions. `told` is called after each minute with how many are done and how many there are.
pub fn replay(
    board: &mut Board,
    recording: &Recording,
    feature: &FeatureId,
    sets: &[Vec<Condition>],
    told: &mut dyn FnMut(i64, i64),
) -> Replay {
    let mut found = Replay { fired: vec![vec![]; sets.len()], minutes: vec![] };
    let (Some((first, _)), Some((last, _))) =
        (recording.first_key_value(), recording.last_key_value())
    else {
        return found;
    };
    let mut unique: Vec<Condition> = vec![];
    for condition in sets.iter().flatten() {
        if !unique.contains(condition) {
            unique.push(*condition);
        }
    }
    let place = |it: &Condition| unique.iter().position(|known| known == it).unwrap_or(0);
    let places: Vec<Vec<usize>> = sets.iter().map(|set| set.iter().map(place).collect()).collect();
    for minute in *first..=*last {
        for (slo, slice) in recording.get(&minute).into_iter().flatten() {
            board.record(slo, minute, *slice);
        }
        board.close_minute(minute);
        let Some(assessed) = board.assess_feature_under(feature, minute, &unique) else { continue };
        found.minutes.push((minute, board.counted_slice(feature, minute)));
        for (fired, places) in found.fired.iter_mut().zip(&places) {
            let states = places.iter().flat_map(|it| {
                let it = &assessed.conditions[*it];
                [Severity::Page, Severity::Ticket]
                    .map(|severity| Some((severity, it.says(severity)?)))
            });
            let states = states.flatten();
            advance(fired, minute, &states.collect::<Vec<_>>());
        }
        told(minute - first + 1, last - first + 1);
    }
    found
}

/// One minute of the life of a set's alerts, by the rules of the engine.
fn advance(fired: &mut Vec<Fired>, minute: i64, states: &[(Severity, ConditionState)]) {
    for severity in [Severity::Page, Severity::Ticket] {
        let has = |wanted| states.contains(&(severity, wanted));
        let open = fired.iter_mut().find(|it| it.severity == severity && it.until.is_none());
        match open {
            None if has(ConditionState::Firing) => {
                fired.push(Fired { severity, from: minute, until: None });
            }
            Some(open) if !has(ConditionState::Firing) && !has(ConditionState::Unmeasured) => {
                open.until = Some(minute);
            }
            _ => {}
        }
    }
}

/// Stretches that spent at least `share` of the budget of `window`: minutes that failed more than is
/// allowed, with no more than [`EPISODE_GAP_MINUTES`] of others between. The budget is that of a window
/// with the traffic of the recording.
#[must_use]
pub fn episodes(
    minutes: &[(i64, Slice)],
    objective: Objective,
    window: Millis,
    share: f64,
) -> Vec<Stretch> {
    let known: Vec<_> = minutes.iter().filter_map(|(at, it)| Some((*at, it.counts()?))).collect();
    let total: u64 = known.iter().map(|(_, it)| it.total).sum();
    if total == 0 {
        return vec![];
    }
    let count = float(u64::try_from(known.len()).unwrap_or(u64::MAX));
    let per_minute = float(total) / count;
    let allowed = per_minute * float_signed(window.whole_mins()) * objective.budget_ratio();
    let burning = known
        .iter()
        .filter(|(_, it)| float(it.bad) > float(it.total) * objective.budget_ratio())
        .map(|(at, it)| (*at, it.bad));
    let stretches = joined(burning, EPISODE_GAP_MINUTES);
    let spent =
        |(from, to, bad): (i64, i64, u64)| Stretch { from, to, weight: float(bad) / allowed };
    stretches.into_iter().map(spent).filter(|it| it.weight >= share).collect()
}

/// Stretches in which at least `reports_min` reports of users came, from minutes whose bad count is the
/// number of reports.
#[must_use]
pub fn reported(minutes: &[(i64, Slice)], reports_min: u64) -> Vec<Stretch> {
    let reports = minutes.iter().filter_map(|(at, it)| {
        let bad = it.counts()?.bad;
        (bad > 0).then_some((*at, bad))
    });
    let stretches = joined(reports, REPORT_GAP_MINUTES);
    let told = |(from, to, bad): (i64, i64, u64)| Stretch { from, to, weight: float(bad) };
    stretches.into_iter().filter(|it| it.2 >= reports_min).map(told).collect()
}

fn joined(minutes: impl Iterator<Item = (i64, u64)>, gap: i64) -> Vec<(i64, i64, u64)> {
    let mut stretches: Vec<(i64, i64, u64)> = vec![];
    for (at, count) in minutes {
        match stretches.last_mut() {
            Some(last) if at - last.1 <= gap => (last.1, last.2) = (at, last.2 + count),
            _ => stretches.push((at, at, count)),
        }
    }
    stretches
}

/// How many different nights somebody was woken in: `night_of` names the night a minute lies in.
#[must_use]
pub fn nights(fired: &[Fired], night_of: &dyn Fn(i64) -> Option<i64>) -> usize {
    let pages = fired.iter().filter(|it| it.severity == Severity::Page);
    pages.filter_map(|it| night_of(it.from)).collect::<BTreeSet<i64>>().len()
}

#[cfg(test)]
mod tests;
