//! Which rules are in the way of shifts that stay empty.
//!
//! Intuition: take away one rule after the other. Where the shifts can be filled without it, it was in
//! the way and is put back; where they cannot, it was not needed to explain anything and stays away. What
//! is left is a smallest set: with any one of them waived, everything can be filled (a deletion filter,
//! Chinneck and Dravnieks 1991).

use crate::{Aim, Effort, Problem, Roster, Rule, solve};

/// Rules that cannot all be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The shifts that stay empty, at least in part.
    pub shifts: Vec<usize>,
    /// A smallest set of rules in the way; empty: there are too few people whatever is waived.
    pub rules: Vec<Rule>,
    /// Whether every step of finding it was exact. If not, a longer search might fill the shifts.
    pub proven: bool,
}

/// Explains the empty seats of `roster`; `None` when there are none.
#[must_use]
pub fn explain(problem: &Problem, roster: &Roster, effort: Effort) -> Option<Conflict> {
    if roster.worth.unfilled == 0 {
        return None;
    }
    let seats = problem.shifts.iter().zip(&roster.people).enumerate();
    let shifts: Vec<usize> =
        seats.filter(|(_, it)| it.1.len() < it.0.seats).map(|(index, _)| index).collect();
    let mut waived = vec![];
    let mut rules = vec![];
    let mut proven = roster.proven;
    for rule in all_rules(problem) {
        let mut without = problem.clone();
        without.rules.waived.clone_from(&waived);
        without.rules.waived.push(rule);
        let found = solve(&without, Aim::Repair, effort);
        if found.worth.unfilled == 0 {
            rules.push(rule);
        } else {
            proven &= found.proven;
            waived.push(rule);
        }
    }
    Some(Conflict { shifts, rules, proven })
}

/// Every rule of `problem`, those first that people least like to hear of as the reason.
fn all_rules(problem: &Problem) -> Vec<Rule> {
    let rules = &problem.rules;
    let people = || problem.people.iter().enumerate();
    let mut found: Vec<Rule> =
        people().filter(|it| !it.1.away.is_empty()).map(|it| Rule::Away(it.0)).collect();
    found.extend(
        people()
            .filter(|it| it.1.readiness != crate::Readiness::Solo)
            .map(|it| Rule::Readiness(it.0)),
    );
    found.extend((0..rules.not_together.len()).map(Rule::Pair));
    found.extend(rules.rest_after_night.map(|_| Rule::Rest));
    found.extend(rules.in_row_max.map(|_| Rule::InRow));
    found.extend(rules.nights_per_month_max.map(|_| Rule::NightsPerMonth));
    found.extend(rules.skills.iter().map(|it| Rule::Skill(*it)));
    found
}
