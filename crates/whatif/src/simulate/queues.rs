//! The order of those who wait, and what people know.
//!
//! Invariant: keys of two tasks are never equal, so that a queue has one order.

use crate::history::Part;
use crate::number::{float, whole};
use crate::structure::{Assumptions, Learning, Order, Preempt};
use crate::world::{Class, Item, Organisation};

/// Where a task stands in a queue: help for a colleague first; then what would break off the others
/// anyway; then what the order says; then age.
pub(super) type Key = (u8, i64, i64, i64, usize);

pub(super) fn key(
    (order, preempt): (Order, Preempt),
    part: Part,
    rank: i64,
    item: &Item,
    number: usize,
) -> Key {
    let (urgency, preempting) = match preempt {
        _ if part == Part::Consult => (0, 0),
        Preempt::ForPages if item.class == Class::Page => (1, 0),
        Preempt::Never | Preempt::ForPages => (2, 0),
        Preempt::ForHigherClass => (2, rank),
    };
    let first = match order {
        Order::FirstCome => 0,
        Order::ByClass => rank,
        Order::ShortFirst => item.estimate_ms,
        Order::DueDate => item.due_ms,
        // Cost per hour of waiting, per hour of work that ends it.
        Order::CostRate => -whole(item.cost_per_hour * 1e12 / float(item.estimate_ms.max(1))),
    };
    (urgency, preempting, first, item.created_ms, number)
}

/// Who knows how much of what, and forgets it again.
pub(super) struct Knowledge {
    skills: Vec<Vec<f64>>,
    exposures: Vec<Vec<(f64, i64)>>,
    learning: Option<Learning>,
    slow_down: f64,
}

impl Knowledge {
    pub(super) fn new(organisation: &Organisation, assumptions: &Assumptions) -> Self {
        let none = (0.0, organisation.within.from_ms);
        let components = organisation.components.len();
        Self {
            skills: organisation.people.iter().map(|it| it.skills.clone()).collect(),
            exposures: vec![vec![none; components]; organisation.people.len()],
            learning: assumptions.learning,
            slow_down: assumptions.slow_down,
        }
    }

    /// From 0, knows nothing, to 1.
    pub(super) fn skill(&self, person: usize, component: usize, now_ms: i64) -> f64 {
        let base = self.skills[person][component];
        let Some(learning) = self.learning else { return base };
        let exposure = self.exposure(person, component, now_ms, &learning);
        base + (1.0 - base) * (1.0 - (-exposure / learning.ramp_items).exp())
    }

    /// How many times as long as an expert this person takes.
    pub(super) fn slow(&self, person: usize, component: usize, now_ms: i64) -> f64 {
        1.0 + (self.slow_down - 1.0) * (1.0 - self.skill(person, component, now_ms))
    }

    pub(super) fn slow_permille(&self, person: usize, component: usize, now_ms: i64) -> i64 {
        whole(1000.0 * self.slow(person, component, now_ms))
    }

    pub(super) fn worked_on(&mut self, person: usize, component: usize, now_ms: i64) {
        if let Some(learning) = self.learning {
            let exposure = self.exposure(person, component, now_ms, &learning);
            self.exposures[person][component] = (exposure + 1.0, now_ms);
        }
    }

    fn exposure(&self, person: usize, component: usize, now_ms: i64, it: &Learning) -> f64 {
        let (exposure, since_ms) = self.exposures[person][component];
        exposure * (-float(now_ms - since_ms) / it.half_life_ms).exp2()
    }
}
