//! Who takes which shift: a roster that keeps every hard rule and shares the load as fairly as can be.
//!
//! Intuition: fairness is the lot of whoever has most. Of two rosters the better one is that in which the
//! most loaded person has less; where they tie, the second most loaded, and so on down the line. That
//! order is called leximin (Rawls 1971, Sen 1970); it needs no weight between people, and trading shifts
//! among the lucky never buys a burden of the unlucky.
//!
//! The parts: [`Problem`] says what is wanted; [`solve`] looks for a roster, exactly where the problem is
//! small and by seeded search where it is not; [`explain`] names a smallest set of rules that cannot all be
//! kept; [`lottery`] judges what was luck.
//!
//! Complications: loads are divided by the share of the time for which somebody is eligible, so that half
//! a person carries half; loads of the past come along as debt. A roster that is already published is
//! changed no more than its aim needs: see [`Aim`].
//!
//! Invariants:
//! - no clock and no chance: the same problem, seed and number of steps give the same roster;
//! - a roster never breaks a rule; what cannot be filled stays empty and is said;
//! - more steps never give a worse roster.

mod exact;
mod explain;
pub mod lottery;
mod random;
mod search;
mod state;

#[cfg(test)]
mod tests;

pub use explain::{Conflict, explain};
pub use random::Random;

use state::State;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// Those who can be asked.
    pub people: Vec<Person>,
    /// The shifts to fill, in order of start.
    pub shifts: Vec<Shift>,
    /// What must be kept.
    pub rules: Rules,
}

/// Somebody who can be asked. Named by place in [`Problem::people`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Load from before.
    pub debt: i64,
    /// For how much of the time they are eligible, in thousandths; at least 1.
    pub share: i64,
    /// Minutes, as pairs of first and first after, in which they are away.
    pub away: Vec<(i64, i64)>,
    /// How far they have come.
    pub readiness: Readiness,
    /// Skills they can use alone.
    pub skills: Vec<u16>,
}

impl Default for Person {
    fn default() -> Self {
        Self { debt: 0, share: 1_000, away: vec![], readiness: Readiness::Solo, skills: vec![] }
    }
}

/// How far somebody has come towards being on duty alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Looks on; never fills a seat.
    Observer,
    /// Fills a seat beside somebody who goes alone.
    Shadowed,
    /// Goes alone.
    Solo,
}

/// A shift to fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The first minute.
    pub starts: i64,
    /// The first minute after it.
    pub ends: i64,
    /// How much it weighs.
    pub load: i64,
    /// Whether it holds a night.
    pub night: bool,
    /// The month in which its nights count.
    pub month: i32,
    /// How many people it takes.
    pub seats: usize,
    /// Who has been told that it is theirs.
    pub published: Vec<usize>,
    /// How much of it is night, weekend and public holiday, in hours. These too are shared out, though
    /// only among rosters whose loads are as fair: nobody should carry their part in Sundays alone.
    pub kinds: [i64; 3],
}

impl Default for Shift {
    fn default() -> Self {
        Self {
            starts: 0,
            ends: 0,
            load: 1,
            night: false,
            month: 0,
            seats: 1,
            published: vec![],
            kinds: [0; 3],
        }
    }
}

/// What must be kept. Nobody is ever in two shifts at once; that is no rule but nature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Minutes of rest between a shift that holds a night and the next of the same person.
    pub rest_after_night: Option<i64>,
    /// Most shifts of one person without one between that is not theirs.
    pub in_row_max: Option<usize>,
    /// Most nights of one person in a month.
    pub nights_per_month_max: Option<usize>,
    /// Who must not share a time.
    pub not_together: Vec<(usize, usize)>,
    /// Skills that somebody must have in every shift.
    pub skills: Vec<u16>,
    /// Rules left out while it is asked which of them are in the way.
    pub waived: Vec<Rule>,
}

/// One rule that can be in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Somebody is away.
    Away(usize),
    /// Somebody is not ready to go alone.
    Readiness(usize),
    /// Rest after a night.
    Rest,
    /// Shifts in a row.
    InRow,
    /// Nights in a month.
    NightsPerMonth,
    /// A pair, by place in [`Rules::not_together`].
    Pair(usize),
    /// A skill that every shift needs.
    Skill(u16),
}

/// What comes first where not all can be had. Filled shifts always do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The fairest roster; among equals the one nearest to what is published.
    Fair,
    /// The roster nearest to what is published; among equals the fairest. For leave that comes up.
    Repair,
}

/// How long to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Where chance begins.
    pub seed: u64,
    /// Steps of the search; about a million a second.
    pub steps_max: u64,
    /// Nodes of the exact search; 0 leaves it out.
    pub nodes_max: u64,
}

/// A roster and how good it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// Who has each shift, in order of name; fewer than its seats where it could not be filled.
    pub people: Vec<Vec<usize>>,
    /// What it is worth.
    pub worth: Worth,
    /// Whether no roster can be better.
    pub proven: bool,
    /// What the search had after how many steps, every time it found better.
    pub trail: Vec<(u64, Worth)>,
}

/// What a roster is worth; less is better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth {
    /// Seats that are empty.
    pub unfilled: usize,
    /// Loads with debt, per thousandth of share, the highest first.
    pub loads: Vec<i64>,
    /// People of published shifts who no longer have them.
    pub changes: usize,
}

impl Worth {
    /// Whether this is better than `other` under `aim`.
    #[must_use]
    pub fn better(&self, other: &Self, aim: Aim) -> bool {
        match aim {
            Aim::Fair => {
                (self.unfilled, &self.loads, self.changes)
                    < (other.unfilled, &other.loads, other.changes)
            }
            Aim::Repair => {
                (self.unfilled, self.changes, &self.loads)
                    < (other.unfilled, other.changes, &other.loads)
            }
        }
    }

    /// How far the loads are from those of `best`: the largest difference in the same place.
    #[must_use]
    pub fn distance(&self, best: &Self) -> i64 {
        let pairs = self.loads.iter().zip(&best.loads);
        pairs.map(|(a, b)| (a - b).abs()).max().unwrap_or(0)
    }
}

/// Looks for the best roster.
#[must_use]
pub fn solve(problem: &Problem, aim: Aim, effort: Effort) -> Roster {
    assert!(problem.shifts.windows(2).all(|it| it[0].starts <= it[1].starts), "in order of start");
    let mut found = search::search(problem, aim, effort);
    if effort.nodes_max > 0 {
        exact::improve(problem, aim, effort.nodes_max, &mut found);
    }
    found
}

/// What `people` is worth as a roster of `problem`; `None` when it breaks a rule.
#[must_use]
pub fn judge(problem: &Problem, people: &[Vec<usize>]) -> Option<Worth> {
    let mut state = State::new(problem);
    for (shift, crew) in people.iter().enumerate() {
        for person in crew {
            if crew.len() > problem.shifts[shift].seats || !state.fits(*person, shift) {
                return None;
            }
            state.put(*person, shift);
        }
    }
    (0..people.len()).all(|it| state.crew_is_sound(it)).then(|| state.worth())
}

/// The debts of everybody: those who bring none known bring the median of the others, so that whoever
/// joins neither pays for the past nor is ahead of it.
#[must_use]
pub fn debts(known: &[Option<i64>]) -> Vec<i64> {
    let mut sorted: Vec<i64> = known.iter().flatten().copied().collect();
    sorted.sort_unstable();
    let middle = |at: usize| sorted.get(at).copied().unwrap_or(0);
    let count = sorted.len();
    let median = match count {
        0 => 0,
        _ if count % 2 == 1 => middle(count / 2),
        _ => i64::midpoint(middle(count / 2 - 1), middle(count / 2)),
    };
    known.iter().map(|it| it.unwrap_or(median)).collect()
}
