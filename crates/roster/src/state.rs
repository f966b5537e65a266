//! A roster in the making: who has what, what that weighs, and whether one more would break a rule.
//!
//! Invariant: nothing is ever put that does not fit; only crews may be unsound while seats are filled.

use crate::{Problem, Readiness, Rule, Worth};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct State<'a> {
    pub(crate) problem: &'a Problem,
    /// Who has each shift.
    pub(crate) crews: Vec<Vec<usize>>,
    /// What each person has.
    theirs: Vec<BTreeSet<usize>>,
    nights: BTreeMap<(usize, i32), usize>,
    pub(crate) loads: Vec<i64>,
    /// Hours of each kind that each person has.
    kinds: Vec<[i64; 3]>,
    /// Shifts that share a time with each shift, itself left out.
    overlaps: Vec<Vec<usize>>,
    /// Whom each person must not meet.
    shunned: Vec<Vec<usize>>,
    /// Whether each person could have each shift as far as leave and readiness go.
    able: Vec<Vec<bool>>,
}

impl<'a> State<'a> {
    pub(crate) fn new(problem: &'a Problem) -> Self {
        let waived = &problem.rules.waived;
        let mut shunned = vec![vec![]; problem.people.len()];
        for (index, (a, b)) in problem.rules.not_together.iter().enumerate() {
            if !waived.contains(&Rule::Pair(index)) {
                shunned[*a].push(*b);
                shunned[*b].push(*a);
            }
        }
        let able = (0..problem.people.len())
            .map(|person| (0..problem.shifts.len()).map(|it| able(problem, person, it)).collect())
            .collect();
        Self {
            problem,
            crews: vec![vec![]; problem.shifts.len()],
            theirs: vec![BTreeSet::new(); problem.people.len()],
            nights: BTreeMap::new(),
            loads: vec![0; problem.people.len()],
            kinds: vec![[0; 3]; problem.people.len()],
            overlaps: overlaps(problem),
            shunned,
            able,
        }
    }

    /// Whether `person` can have `shift` beside everything else, crews apart.
    pub(crate) fn fits(&self, person: usize, shift: usize) -> bool {
        self.able[person][shift]
            && !self.crews[shift].contains(&person)
            && self.meets_nobody_shunned(person, shift)
            && self.has_rest(person, shift)
            && self.is_not_too_many(person, shift)
    }

    fn meets_nobody_shunned(&self, person: usize, shift: usize) -> bool {
        let shunned = &self.shunned[person];
        shunned.is_empty()
            || [shift]
                .iter()
                .chain(&self.overlaps[shift])
                .all(|it| self.crews[*it].iter().all(|other| !shunned.contains(other)))
    }

    fn has_rest(&self, person: usize, shift: usize) -> bool {
        let shifts = &self.problem.shifts;
        let rest = self.rule(Rule::Rest, self.problem.rules.rest_after_night).unwrap_or(0);
        let follows = |first: usize, then: usize| {
            let rest = if shifts[first].night { rest } else { 0 };
            shifts[first].ends + rest <= shifts[then].starts
        };
        let theirs = &self.theirs[person];
        theirs.range(..shift).next_back().is_none_or(|it| follows(*it, shift))
            && theirs.range(shift + 1..).next().is_none_or(|it| follows(shift, *it))
    }

    fn is_not_too_many(&self, person: usize, shift: usize) -> bool {
        let rules = &self.problem.rules;
        let theirs = &self.theirs[person];
        if let Some(most) = self.rule(Rule::InRow, rules.in_row_max) {
            let before = (0..shift).rev().take_while(|it| theirs.contains(it)).take(most).count();
            let after = (shift + 1..).take_while(|it| theirs.contains(it)).take(most).count();
            if before + 1 + after > most {
                return false;
            }
        }
        let it = &self.problem.shifts[shift];
        match self.rule(Rule::NightsPerMonth, rules.nights_per_month_max) {
            Some(most) if it.night => {
                self.nights.get(&(person, it.month)).copied().unwrap_or(0) < most
            }
            _ => true,
        }
    }

    fn rule<T>(&self, rule: Rule, value: Option<T>) -> Option<T> {
        value.filter(|_| !self.problem.rules.waived.contains(&rule))
    }

    /// Whether those who have `shift` may have it together. An empty shift is sound; it is only empty.
    pub(crate) fn crew_is_sound(&self, shift: usize) -> bool {
        let crew = &self.crews[shift];
        let waived = &self.problem.rules.waived;
        if crew.is_empty() {
            return true;
        }
        let people = &self.problem.people;
        let alone = crew.iter().any(|it| people[*it].readiness == Readiness::Solo);
        let led = alone
            || crew.iter().all(|it| {
                people[*it].readiness == Readiness::Solo || waived.contains(&Rule::Readiness(*it))
            });
        let has = |skill: &u16| crew.iter().any(|it| people[*it].skills.contains(skill));
        led && self
            .problem
            .rules
            .skills
            .iter()
            .all(|skill| waived.contains(&Rule::Skill(*skill)) || has(skill))
    }

    pub(crate) fn put(&mut self, person: usize, shift: usize) {
        self.crews[shift].push(person);
        self.theirs[person].insert(shift);
        let it = &self.problem.shifts[shift];
        self.loads[person] += it.load;
        self.kinds[person].iter_mut().zip(it.kinds).for_each(|(sum, it)| *sum += it);
        if it.night {
            *self.nights.entry((person, it.month)).or_default() += 1;
        }
    }

    pub(crate) fn take(&mut self, person: usize, shift: usize) {
        self.crews[shift].retain(|it| *it != person);
        self.theirs[person].remove(&shift);
        let it = &self.problem.shifts[shift];
        self.loads[person] -= it.load;
        self.kinds[person].iter_mut().zip(it.kinds).for_each(|(sum, it)| *sum -= it);
        if it.night
            && let Some(count) = self.nights.get_mut(&(person, it.month))
        {
            *count -= 1;
        }
    }

    /// What `person` carries with `load`, per thousandth of their share.
    pub(crate) fn carried(&self, person: usize, load: i64) -> i64 {
        carried(self.problem, person, load)
    }

    /// Hours of each kind that `person` has, per thousandth of their share.
    pub(crate) fn kinds(&self, person: usize) -> [i64; 3] {
        let share = self.problem.people[person].share.max(1);
        self.kinds[person].map(|it| it * 1_000 / share)
    }

    pub(crate) fn unfilled(&self) -> usize {
        let seats = self.problem.shifts.iter().zip(&self.crews);
        seats.map(|(shift, crew)| shift.seats.saturating_sub(crew.len())).sum()
    }

    pub(crate) fn worth(&self) -> Worth {
        let mut loads: Vec<i64> =
            (0..self.loads.len()).map(|it| self.carried(it, self.loads[it])).collect();
        loads.sort_unstable_by(|a, b| b.cmp(a));
        let shifts = self.problem.shifts.iter().zip(&self.crews);
        let changes = shifts.map(|(shift, crew)| changes(&shift.published, crew)).sum();
        Worth { unfilled: self.unfilled(), loads, changes }
    }

    pub(crate) fn roster(&self) -> Vec<Vec<usize>> {
        let sorted = |crew: &Vec<usize>| {
            let mut crew = crew.clone();
            crew.sort_unstable();
            crew
        };
        self.crews.iter().map(sorted).collect()
    }

    pub(crate) fn able(&self, person: usize, shift: usize) -> bool {
        self.able[person][shift]
    }

    pub(crate) fn shifts_of(&self, person: usize) -> impl Iterator<Item = usize> + '_ {
        self.theirs[person].iter().copied()
    }
}

/// Of those who had been told, how many do not have it.
pub(crate) fn changes(published: &[usize], crew: &[usize]) -> usize {
    published.iter().filter(|it| !crew.contains(it)).count()
}

/// Load with debt, per thousandth of a share; rounded towards nothing.
pub(crate) fn carried(problem: &Problem, person: usize, load: i64) -> i64 {
    let it = &problem.people[person];
    (it.debt + load) * 1_000 / it.share.max(1)
}

fn able(problem: &Problem, person: usize, shift: usize) -> bool {
    let (who, it) = (&problem.people[person], &problem.shifts[shift]);
    let waived = |rule| problem.rules.waived.contains(&rule);
    let away = who.away.iter().any(|(from, until)| *from < it.ends && it.starts < *until);
    let ready = match who.readiness {
        Readiness::Observer => false,
        Readiness::Shadowed => it.seats > 1,
        Readiness::Solo => true,
    };
    (!away || waived(Rule::Away(person))) && (ready || waived(Rule::Readiness(person)))
}

fn overlaps(problem: &Problem) -> Vec<Vec<usize>> {
    let shifts = &problem.shifts;
    let mut found = vec![vec![]; shifts.len()];
    for first in 0..shifts.len() {
        for then in first + 1..shifts.len() {
            if shifts[then].starts >= shifts[first].ends {
                // Sorted by start: nothing later touches this one either.
                break;
            }
            found[first].push(then);
            found[then].push(first);
        }
    }
    found
}
