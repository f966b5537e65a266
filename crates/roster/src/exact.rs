//! Exact search for small problems: every roster that could still be better is looked at.
//!
//! Intuition: fill shift after shift; loads only grow. Once those who carry something already carry more
//! than in the best roster known, nothing that follows can help, and the branch is left.
//!
//! Invariant: either the search ends and the roster is proven best, or it runs out of nodes and what was
//! known stays, marked as not proven.

use crate::state::{State, changes};
use crate::{Aim, Problem, Roster};

pub(crate) fn improve(problem: &Problem, aim: Aim, nodes_max: u64, best: &mut Roster) {
    let mut left = vec![0_i64; problem.shifts.len() + 1];
    for (at, shift) in problem.shifts.iter().enumerate().rev() {
        left[at] = left[at + 1] + shift.load * i64::try_from(shift.seats).unwrap_or(1);
    }
    let mut walk = Walk { state: State::new(problem), aim, nodes_left: nodes_max, best, left };
    let finished = walk.shift(0, 0, 0);
    best.proven = finished;
}

struct Walk<'a, 'b> {
    state: State<'a>,
    aim: Aim,
    nodes_left: u64,
    best: &'b mut Roster,
    /// Load of the shifts from each on.
    left: Vec<i64>,
}

impl Walk<'_, '_> {
    /// Tries every crew of `shift`; whether there were nodes enough.
    fn shift(&mut self, shift: usize, unfilled: usize, changed: usize) -> bool {
        if self.nodes_left == 0 {
            return false;
        }
        self.nodes_left -= 1;
        if self.is_hopeless(shift, unfilled, changed) {
            return true;
        }
        let Some(it) = self.state.problem.shifts.get(shift) else {
            let worth = self.state.worth();
            if worth.better(&self.best.worth, self.aim) {
                self.best.people = self.state.roster();
                let steps = self.best.trail.last().map_or(0, |it| it.0);
                self.best.trail.push((steps, worth.clone()));
                self.best.worth = worth;
            }
            return true;
        };
        let seats = it.seats;
        self.crew(shift, seats, 0, (unfilled, changed))
    }

    /// Adds people from `first` on to the crew of `shift`, then goes on.
    fn crew(&mut self, shift: usize, seats: usize, first: usize, so_far: (usize, usize)) -> bool {
        let mut finished = true;
        if seats > 0 {
            let mut order: Vec<usize> = (first..self.state.problem.people.len()).collect();
            if seats == 1 {
                // Whoever carries least first: good rosters early cut more.
                order.sort_by_key(|it| (self.state.carried(*it, self.state.loads[*it]), *it));
            }
            for person in order {
                if self.state.fits(person, shift) {
                    self.state.put(person, shift);
                    finished &= self.crew(shift, seats - 1, person + 1, so_far);
                    self.state.take(person, shift);
                }
            }
        }
        // With seats left over, too: a shift may be filled in part, or not at all.
        if self.state.crew_is_sound(shift) {
            let published = &self.state.problem.shifts[shift].published;
            let changed = so_far.1 + changes(published, &self.state.crews[shift]);
            finished &= self.shift(shift + 1, so_far.0 + seats, changed);
        }
        finished
    }

    /// Whether no roster that begins like this can be better than the best known.
    fn is_hopeless(&self, shift: usize, unfilled: usize, changed: usize) -> bool {
        let mut least = self.state.worth();
        least.unfilled = unfilled;
        least.changes = changed;
        if !least.better(&self.best.worth, self.aim) {
            return true;
        }
        // Even poured evenly like water, what is left raises the highest load to this.
        self.aim == Aim::Fair
            && unfilled == self.best.worth.unfilled
            && self.level(self.left[shift]) > self.best.worth.loads.first().copied().unwrap_or(0)
    }

    /// The level to which `load` rises when it is poured over everybody, seats all filled.
    fn level(&self, load: i64) -> i64 {
        let problem = self.state.problem;
        let shares: i64 = problem.people.iter().map(|it| it.share.max(1)).sum();
        let borne: i64 = problem.people.iter().map(|it| it.debt).sum::<i64>()
            + self.state.loads.iter().sum::<i64>();
        // Rounding of each load loses less than one.
        (borne + load) * 1_000 / shares.max(1) - 1
    }
}

/// Every roster there is, for tests: the best by looking at all of them.
#[cfg(test)]
pub(crate) fn by_looking_at_all(
    problem: &Problem,
    aim: Aim,
    sound: &dyn Fn(&[Vec<usize>]) -> bool,
) -> crate::Worth {
    use crate::Worth;
    use crate::state::carried;
    fn all(
        problem: &Problem,
        at: usize,
        so_far: &mut Vec<Vec<usize>>,
        look: &mut dyn FnMut(&[Vec<usize>]),
    ) {
        if at == problem.shifts.len() {
            return look(so_far);
        }
        let people = problem.people.len();
        for chosen in 0..1_u32 << people {
            let crew: Vec<usize> = (0..people).filter(|it| chosen >> it & 1 == 1).collect();
            if crew.len() <= problem.shifts[at].seats {
                so_far.push(crew);
                all(problem, at + 1, so_far, look);
                so_far.pop();
            }
        }
    }
    let mut best: Option<Worth> = None;
    all(problem, 0, &mut vec![], &mut |roster| {
        if sound(roster) {
            let load = |person: usize| {
                let theirs = roster.iter().zip(&problem.shifts);
                theirs.filter(|it| it.0.contains(&person)).map(|it| it.1.load).sum::<i64>()
            };
            let mut loads: Vec<i64> =
                (0..problem.people.len()).map(|it| carried(problem, it, load(it))).collect();
            loads.sort_unstable_by(|a, b| b.cmp(a));
            let shifts = || problem.shifts.iter().zip(roster);
            let worth = Worth {
                unfilled: shifts().map(|it| it.0.seats - it.1.len()).sum(),
                loads,
                changes: shifts().map(|it| changes(&it.0.published, it.1)).sum(),
            };
            if best.as_ref().is_none_or(|it| worth.better(it, aim)) {
                best = Some(worth);
            }
        }
    });
    best.expect("nobody anywhere is a roster")
}
