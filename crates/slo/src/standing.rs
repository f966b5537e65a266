//! How a budget stands: what is left of it, whether it will soon be gone, and since when nobody knows.
//!
//! Intuition: three questions about a purse. *How much is left* is asked of the whole window at the recorded
//! traffic, so that one failure in the first hour after a start is not "seventeen budgets gone". *Will it last*
//! is a burn condition whose factor follows from what is left: at burn `f` a budget of which `left` is left is gone
//! after `left · window / f`. *Is anybody counting* looks for the last minute that was known.
//!
//! Invariants:
//! - a projection is asked as soundly as any condition: too few failures are an accident here too;
//! - a budget that comes back as fast as it goes (burn 1 and below) is never exhausted;
//! - excluded minutes that were measured are measured.

use crate::number::{float, float_signed, settled};
use crate::{Assessed, Condition, ConditionState, Rings, Span, WINDOW_MAX, WindowCounts};
use model::{Millis, Objective, Severity, SloId};
use serde::{Deserialize, Serialize};

/// How much slower it may burn before an alert on exhaustion ends: it would last half as long again.
pub(crate) const STAYS: f64 = 1.5;

/// How a budget stands beside its conditions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// The share of the whole window's budget that is left, at the recorded traffic; negative when
    /// overspent. `None`: nothing is known or nobody came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<f64>,
    /// Whether it will be gone soon, where that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exhaustion: Option<Exhaustion>,
    /// Since when nothing is known; `None`: the last minute is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmeasured: Option<Unmeasured>,
}

/// Whether a budget is gone before long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exhaustion {
    /// How long is asked for.
    pub within: Millis,
    /// Whether an alert begins.
    pub state: ConditionState,
    /// Whether an alert that has begun goes on.
    pub stays: bool,
    /// The condition it comes down to; `None`: the budget is gone already, or cannot be within that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burn: Option<Box<Assessed>>,
}

/// For how long nothing has been known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmeasured {
    /// Up to the minute looked at; at most as far as is kept.
    pub length: Millis,
    /// Whether anything was known before.
    pub known_before: bool,
    /// Which objectives say nothing, of a feature.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<SloId>,
}

impl Standing {
    /// Whether nothing is to be said.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// The share that is left of the whole window's budget if the rest of it sees the traffic of what is known.
pub(crate) fn left(counts: WindowCounts, span: Span, objective: Objective) -> Option<f64> {
    if counts.total == 0 || counts.known_minutes == 0 {
        return None;
    }
    let per_minute = float(counts.total) / f64::from(counts.known_minutes);
    let allowed = per_minute * float_signed(span.window.whole_mins()) * objective.budget_ratio();
    Some(settled(1.0 - float(counts.bad) / allowed))
}

impl Exhaustion {
    /// Of a budget with `left` left; `assess` measures a condition.
    pub(crate) fn of(
        within: Millis,
        left: Option<f64>,
        (objective, window): (Objective, Millis),
        assess: impl FnOnce(Condition) -> Assessed,
    ) -> Self {
        let plain = |state, stays| Self { within, state, stays, burn: None };
        let Some(left) = left else { return plain(ConditionState::Unmeasured, true) };
        if left <= 0.0 {
            return plain(ConditionState::Firing, true);
        }
        let condition = condition(within, left, window);
        if !condition.can_fire(objective, window) {
            return plain(ConditionState::Quiet, false);
        }
        let burn = assess(condition);
        let long = burn.long_burn(objective);
        let stays = long.is_none_or(|it| it > burn.factor / STAYS);
        Self { within, state: burn.state, stays, burn: Some(Box::new(burn)) }
    }
}

/// "Gone within so long" as a condition on burn: over a twelfth of that time, an hour to a day.
fn condition(within: Millis, left: f64, window: Millis) -> Condition {
    let long = Millis::from_mins((within.whole_mins() / 12).clamp(60, 1_440));
    let short = Millis::from_mins((long.whole_mins() / 12).max(5));
    // Never below burn 1.
    let share = (left / float_signed(within.0)).max(1.0 / float_signed(window.0));
    let ppm = share * float_signed(long.0) * 1e6;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and saturates"
    )]
    let budget_share_ppm = (ppm.ceil() as u32).max(1);
    Condition { severity: Severity::Ticket, long, short, budget_share_ppm }
}

impl Unmeasured {
    /// What `rings` say; `None`: the last minute is known.
    pub(crate) fn of(rings: &Rings, end_minute: i64) -> Option<Self> {
        let knows =
            |minutes: i64| rings.window(end_minute, Millis::from_mins(minutes)).known_minutes > 0;
        if knows(1) {
            return None;
        }
        let (mut without, most) = (1, WINDOW_MAX.whole_mins());
        while without < most && !knows(without * 2) {
            without *= 2;
        }
        let known_before = without < most;
        let mut with = without * 2;
        while known_before && with - without > 1 {
            let middle = without.midpoint(with);
            if knows(middle) {
                with = middle;
            } else {
                without = middle;
            }
        }
        let length = Millis::from_mins(without.min(most));
        Some(Self { length, known_before, silent: vec![] })
    }
}

#[cfg(test)]
mod tests;
