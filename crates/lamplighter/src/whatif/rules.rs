//! What a file may change about a preset beyond its numbers: the order of queues, whose work breaks off,
//! what happens at the end of a turn, whether people build beside their duty, and how knowledge grows.

use ::whatif::number::{WEEK_MS, float};
use ::whatif::structure::{AtEnd, Dedication, Learning, Order, Preempt, Structure};
use serde::Deserialize;

/// Which of those who wait is next.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OrderName {
    FirstCome,
    ByClass,
    ShortFirst,
    DueDate,
    /// Cost per hour of waiting over hours of work: the cµ rule.
    CostRate,
}

/// Whose work may be broken off for what arrives.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BreaksOff {
    Never,
    ForPages,
    ForHigherClass,
}

/// What happens to unfinished work at the end of a turn.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AtEndName {
    Keep,
    HandOver,
}

impl OrderName {
    pub(super) fn order(self) -> Order {
        match self {
            Self::FirstCome => Order::FirstCome,
            Self::ByClass => Order::ByClass,
            Self::ShortFirst => Order::ShortFirst,
            Self::DueDate => Order::DueDate,
            Self::CostRate => Order::CostRate,
        }
    }
}

impl BreaksOff {
    pub(super) fn preempt(self) -> Preempt {
        match self {
            Self::Never => Preempt::Never,
            Self::ForPages => Preempt::ForPages,
            Self::ForHigherClass => Preempt::ForHigherClass,
        }
    }
}

impl AtEndName {
    pub(super) fn at_end(self) -> AtEnd {
        match self {
            Self::Keep => AtEnd::Keep,
            Self::HandOver => AtEnd::HandOver,
        }
    }
}

/// How knowledge comes and goes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LearningNumbers {
    /// Items on a component after which 63 % of what was missing is known.
    ramp_items: f64,
    /// Weeks after which half of that is forgotten.
    half_life_weeks: f64,
}

impl LearningNumbers {
    pub(super) fn check(&self) -> Result<(), String> {
        let known = |name: &str, value: f64, high: f64| {
            let good = 0.1 <= value && value <= high;
            let error =
                || format!("assumptions: learning: {name}: {value} is not between 0.1 and {high}");
            good.then_some(()).ok_or_else(error)
        };
        known("ramp_items", self.ramp_items, 10_000.0)?;
        known("half_life_weeks", self.half_life_weeks, 5_200.0)
    }

    pub(super) fn learning(&self) -> Learning {
        Learning {
            ramp_items: self.ramp_items,
            half_life_ms: self.half_life_weeks * float(WEEK_MS),
        }
    }
}

/// Puts what a file says into a structure.
pub(super) fn bend(
    structure: &mut Structure,
    order: Option<OrderName>,
    breaks_off: Option<BreaksOff>,
    at_end: Option<AtEndName>,
    builds_beside: Option<bool>,
) {
    if let Some(order) = order.map(OrderName::order) {
        structure.personal = order;
        structure.desks.iter_mut().for_each(|it| it.order = order);
    }
    if let Some(preempt) = breaks_off.map(BreaksOff::preempt) {
        structure.personal_preempt = preempt;
        structure.desks.iter_mut().for_each(|it| it.preempt = preempt);
    }
    if let Some(at_end) = at_end {
        structure.at_end = at_end.at_end();
    }
    if let Some(beside) = builds_beside {
        let dedicated = if beside { Dedication::Beside } else { Dedication::Full };
        structure.desks.iter_mut().for_each(|it| it.dedicated = dedicated);
    }
}
