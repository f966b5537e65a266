//! Search by chance under a seed.
//!
//! Intuition: shake a box of stones that do not lie evenly, hard at first and then ever more gently
//! (simulated annealing, Kirkpatrick, Gelatt and Vecchi 1983). The weight that is shaken down is the sum
//! of the squares of loads: it falls when a load moves from whoever has more to whoever has less. The
//! best roster seen is kept by the true order, which is leximin.
//!
//! At the end nights, weekends and public holidays are evened out among rosters of the same worth.
//!
//! Moves: give a seat to somebody else; exchange two seats; fill an empty seat, if need be by moving
//! whoever fills it out of what is in the way.
//!
//! Invariant: every state between moves keeps every rule, so that whatever is best can be shown.

use crate::random::Random;
use crate::state::{State, changes};
use crate::{Aim, Effort, Problem, Roster, Worth};

/// One step in so many empties some shifts and fills them anew.
const REBUILT_ONE_IN: usize = 16;
/// People among whom a new crew is looked for, or so many times its seats.
const REBUILT_PEOPLE_MAX: usize = 24;
const REBUILT_PEOPLE_PER_SEAT: usize = 3;
/// People who are tried for the seats of one shift, one after another, before it is left to other moves: all
/// crews of two can be tried, all crews of twenty cannot. Shared by the numbers of seats that are tried.
const CREWS_MAX: usize = 5_000;
/// Rounds of shaking, each from the best so far.
const ROUNDS: u64 = 6;

pub(crate) fn search(problem: &Problem, aim: Aim, effort: Effort) -> Roster {
    let mut random = Random::new(effort.seed);
    let mut state = State::new(problem);
    begin(&mut state);
    let worth = state.worth();
    let mut best = Roster {
        people: state.roster(),
        worth: worth.clone(),
        proven: false,
        trail: vec![(0, worth)],
    };
    if problem.people.is_empty() || problem.shifts.is_empty() {
        best.proven = true;
        return best;
    }
    let mut shaker = Shaker { weights: Weights::of(problem, aim), aim, steps: 0 };
    let steps = effort.steps_max / ROUNDS;
    for _ in 0..ROUNDS {
        shaker.round(&mut state, steps, &mut random, &mut best);
        state = restored(problem, &best.people);
    }
    if problem.shifts.iter().any(|it| it.kinds != [0; 3]) {
        evened(&mut state, steps, &mut random);
        shaker.steps += steps;
        let now = state.worth();
        if now == best.worth {
            best.people = state.roster();
        } else if now.better(&best.worth, aim) {
            shaker.keep(&state, &now, &mut best);
        }
    }
    best
}

pub(crate) fn restored<'a>(problem: &'a Problem, people: &[Vec<usize>]) -> State<'a> {
    let mut state = State::new(problem);
    for (shift, crew) in people.iter().enumerate() {
        for person in crew {
            state.put(*person, shift);
        }
    }
    state
}

/// A first roster: what is published, as far as it keeps the rules, and then whoever carries least.
fn begin(state: &mut State<'_>) {
    for shift in 0..state.crews.len() {
        let published = state.problem.shifts[shift].published.clone();
        for person in published.into_iter().take(state.problem.shifts[shift].seats) {
            if state.fits(person, shift) {
                state.put(person, shift);
            }
        }
        fill(state, shift);
    }
}

/// Fills `shift` with whoever carries least, or leaves it empty where no crew is sound.
fn fill(state: &mut State<'_>, shift: usize) {
    let seats = state.problem.shifts[shift].seats;
    let load = state.problem.shifts[shift].load;
    let mut order: Vec<usize> = (0..state.problem.people.len()).collect();
    order.sort_by_key(|it| (state.carried(*it, state.loads[*it] + load), *it));
    if !filled(state, shift, seats, &order) {
        for person in state.crews[shift].clone() {
            state.take(person, shift);
        }
        // Without those who were told of it there may be a crew; and if not, fewer may do.
        let any = (1..=seats).rev().any(|it| filled(state, shift, it, &order));
        if !any {
            debug_assert!(state.crews[shift].is_empty());
        }
    }
}

/// Looks for a sound crew of `seats` people that holds who is there already.
fn filled(state: &mut State<'_>, shift: usize, seats: usize, order: &[usize]) -> bool {
    filled_within(
        state,
        shift,
        seats,
        order,
        &mut (CREWS_MAX / state.problem.shifts[shift].seats.max(1)),
    )
}

fn filled_within(
    state: &mut State<'_>,
    shift: usize,
    seats: usize,
    order: &[usize],
    left: &mut usize,
) -> bool {
    if state.crews[shift].len() >= seats {
        return state.crew_is_sound(shift);
    }
    for (place, person) in order.iter().enumerate() {
        // Where those who are left do not fill the seats, no order of them does.
        if order.len() - place + state.crews[shift].len() < seats || *left == 0 {
            return false;
        }
        if state.fits(*person, shift) {
            *left -= 1;
            state.put(*person, shift);
            if filled_within(state, shift, seats, &order[place + 1..], left) {
                return true;
            }
            state.take(*person, shift);
        }
    }
    false
}

struct Weights {
    unfilled: i128,
    square: i128,
    change: i128,
    /// Where shaking begins.
    heat: f64,
}

impl Weights {
    /// An empty seat weighs more than any change of loads and of what is published together; under
    /// [`Aim::Repair`] a change of what is published weighs more than any change of loads.
    #[expect(clippy::cast_precision_loss, reason = "a rough measure of how hard to shake")]
    fn of(problem: &Problem, aim: Aim) -> Self {
        let seats = |it: &crate::Shift| i64::try_from(it.seats).unwrap_or(1);
        let total: i64 = problem.shifts.iter().map(|it| it.load * seats(it)).sum();
        let typical = problem.shifts.iter().map(|it| it.load).max().unwrap_or(1).max(1);
        let debt = problem.people.iter().map(|it| it.debt).max().unwrap_or(0);
        let share = problem.people.iter().map(|it| it.share).min().unwrap_or(1_000).max(1);
        let most = i128::from(total + debt) * 1_000 / i128::from(share) + 1;
        let step = i128::from(typical) * 1_000 / i128::from(share) + 1;
        let change = match aim {
            Aim::Fair => 1,
            Aim::Repair => most * step * 4,
        };
        let published: usize = problem.shifts.iter().map(|it| it.published.len()).sum();
        let unfilled = change * (published as i128 + 1) + most * most * 4;
        Self { unfilled, square: 4, change, heat: (step * step * 80) as f64 }
    }
}

struct Shaker {
    weights: Weights,
    aim: Aim,
    steps: u64,
}

/// People who leave and join shifts: all at once or not at all.
type Move = Vec<(usize, Option<usize>, Option<usize>)>;

impl Shaker {
    #[expect(clippy::cast_precision_loss, reason = "a rough measure of how fast to cool")]
    fn round(&mut self, state: &mut State<'_>, steps: u64, random: &mut Random, best: &mut Roster) {
        let cooling = 1e-4_f64.powf(1.0 / (steps.max(2) as f64));
        let mut heat = self.weights.heat;
        let mut worth = best.worth.clone();
        for _ in 0..steps {
            self.steps += 1;
            heat *= cooling;
            let gain = if random.below(REBUILT_ONE_IN) == 0 {
                self.rebuilt(state, heat, random)
            } else {
                self.moved(state, heat, random)
            };
            let Some(gain) = gain else { continue };
            if gain <= 0 || worth == best.worth {
                let now = state.worth();
                if now.better(&best.worth, self.aim) {
                    self.keep(state, &now, best);
                }
                worth = now;
            }
        }
    }

    /// Carries out one move, if it is to be; what it costs more.
    fn moved(&self, state: &mut State<'_>, heat: f64, random: &mut Random) -> Option<i128> {
        let made = proposed(state, random)?;
        let before = self.cost_of(state, &made);
        if !carried_out(state, &made) {
            return None;
        }
        let gain = self.cost_of(state, &made) - before;
        if gain > 0 && !accepted(gain, heat, random) {
            undone(state, &made);
            return None;
        }
        Some(gain)
    }

    /// Empties a few shifts near each other, or of one person, and fills them anew in another order; crews
    /// that only fit together cannot be reached one seat at a time.
    fn rebuilt(&self, state: &mut State<'_>, heat: f64, random: &mut Random) -> Option<i128> {
        let count = state.crews.len();
        let (first, width) = (random.below(count), 1 + random.below(4));
        let mut touched: Vec<usize> = (first..count.min(first + width)).collect();
        if random.below(2) == 0 {
            touched.push(random.below(count));
            touched.sort_unstable();
            touched.dedup();
        }
        let before_cost = self.cost(state);
        let before: Vec<Vec<usize>> = touched.iter().map(|it| state.crews[*it].clone()).collect();
        emptied(state, &touched);
        let mut order: Vec<usize> = touched.clone();
        shuffled(&mut order, random);
        let mut people: Vec<usize> = (0..state.problem.people.len()).collect();
        for shift in order {
            shuffled(&mut people, random);
            let seats = state.problem.shifts[shift].seats;
            let among = REBUILT_PEOPLE_MAX.max(REBUILT_PEOPLE_PER_SEAT * seats).min(people.len());
            let _ = (1..=seats).rev().any(|it| filled(state, shift, it, &people[..among]));
        }
        let gain = self.cost(state) - before_cost;
        if gain > 0 && !accepted(gain, heat, random) {
            emptied(state, &touched);
            for (shift, crew) in touched.iter().zip(before) {
                for person in crew {
                    state.put(person, *shift);
                }
            }
            return None;
        }
        Some(gain)
    }

    /// What everything costs.
    fn cost(&self, state: &State<'_>) -> i128 {
        let squares = (0..state.loads.len()).map(|it| self.square(state, it)).sum::<i128>();
        squares + (0..state.crews.len()).map(|it| self.of_shift(state, it)).sum::<i128>()
    }

    fn square(&self, state: &State<'_>, person: usize) -> i128 {
        let it = i128::from(state.carried(person, state.loads[person]));
        it * it * self.weights.square
    }

    fn of_shift(&self, state: &State<'_>, shift: usize) -> i128 {
        let (it, crew) = (&state.problem.shifts[shift], &state.crews[shift]);
        let empty = it.seats.saturating_sub(crew.len()) as i128;
        empty * self.weights.unfilled + changes(&it.published, crew) as i128 * self.weights.change
    }

    fn keep(&self, state: &State<'_>, now: &Worth, best: &mut Roster) {
        best.people = state.roster();
        best.worth = now.clone();
        best.trail.push((self.steps, now.clone()));
    }

    /// What the parts of the cost weigh that `made` touches.
    fn cost_of(&self, state: &State<'_>, made: &Move) -> i128 {
        let mut people: Vec<usize> = made.iter().flat_map(|it| [it.1, it.2]).flatten().collect();
        people.sort_unstable();
        people.dedup();
        let squares: i128 = people.iter().map(|it| self.square(state, *it)).sum();
        squares + made.iter().map(|it| self.of_shift(state, it.0)).sum::<i128>()
    }
}

/// Most shifts of one person that are given for as much load of another.
const TRADED_MAX: usize = 3;

/// Trades as much load for as much load between two people, such as a Sunday for two nights of a week, as
/// long as nights, weekends and public holidays become more even and no more people lose what they were told
/// of: what a roster is worth stays as it is.
fn evened(state: &mut State<'_>, steps: u64, random: &mut Random) {
    let people = state.problem.people.len();
    for _ in 0..steps {
        let (one, other) = (random.below(people), random.below(people));
        if one == other {
            continue;
        }
        let given = [one, other].map(|person| {
            let theirs: Vec<usize> = state.shifts_of(person).collect();
            let count = 1 + random.below(TRADED_MAX);
            let drawn = (0..count).filter_map(|_| theirs.get(random.below(theirs.len().max(1))));
            let mut drawn: Vec<usize> = drawn.copied().collect();
            drawn.sort_unstable();
            drawn.dedup();
            drawn
        });
        let load = |of: &[usize]| of.iter().map(|it| state.problem.shifts[*it].load).sum::<i64>();
        if load(&given[0]) != load(&given[1]) {
            continue;
        }
        let gives = given[0].iter().map(|it| (*it, Some(one), Some(other)));
        let takes = given[1].iter().map(|it| (*it, Some(other), Some(one)));
        let made: Move = gives.chain(takes).collect();
        let costs = |state: &State<'_>| {
            let told = made
                .iter()
                .map(|it| changes(&state.problem.shifts[it.0].published, &state.crews[it.0]));
            (told.sum::<usize>(), unevenness(state, [one, other]))
        };
        let before = costs(state);
        if carried_out(state, &made) {
            let after = costs(state);
            if after.0 > before.0 || after.1 >= before.1 {
                undone(state, &made);
            }
        }
    }
}

/// The squares of what `people` have of each kind, per thousandth of their share, times that share: least
/// where each has of everything what the share says.
fn unevenness(state: &State<'_>, people: [usize; 2]) -> i128 {
    let of = |person: usize| {
        let share = i128::from(state.problem.people[person].share.max(1));
        let squares = state.kinds(person).map(|it| i128::from(it) * i128::from(it));
        squares.iter().sum::<i128>() * share
    };
    of(people[0]) + of(people[1])
}

fn proposed(state: &State<'_>, random: &mut Random) -> Option<Move> {
    let shift = random.below(state.crews.len());
    let crew = &state.crews[shift];
    let person = random.below(state.problem.people.len());
    if crew.len() < state.problem.shifts[shift].seats {
        let theirs: Vec<usize> = state.shifts_of(person).collect();
        let mut made = vec![(shift, None, Some(person))];
        if !theirs.is_empty() && random.below(2) == 0 {
            // Somebody else takes what may be in the way.
            let other = theirs[random.below(theirs.len())];
            let third = random.below(state.problem.people.len());
            if other == shift || third == person || !state.able(third, other) {
                return None;
            }
            made.push((other, Some(person), Some(third)));
        }
        return Some(made).filter(|_| state.able(person, shift));
    }
    let leaves = crew[random.below(crew.len())];
    if crew.contains(&person) || !state.able(person, shift) {
        return None;
    }
    if random.below(2) == 0 {
        return Some(vec![(shift, Some(leaves), Some(person))]);
    }
    // An exchange with one of the shifts of whoever comes.
    let theirs: Vec<usize> = state.shifts_of(person).collect();
    let other = *theirs.get(random.below(theirs.len().max(1)))?;
    let exchange = vec![(shift, Some(leaves), Some(person)), (other, Some(person), Some(leaves))];
    Some(exchange).filter(|_| other != shift && state.able(leaves, other))
}

fn emptied(state: &mut State<'_>, shifts: &[usize]) {
    for shift in shifts {
        for person in state.crews[*shift].clone() {
            state.take(person, *shift);
        }
    }
}

fn shuffled(list: &mut [usize], random: &mut Random) {
    for at in (1..list.len()).rev() {
        list.swap(at, random.below(at + 1));
    }
}

#[expect(clippy::cast_precision_loss, reason = "chance needs no more than 53 bits")]
fn accepted(gain: i128, heat: f64, random: &mut Random) -> bool {
    random.unit() < (-(gain as f64) / heat.max(1e-9)).exp()
}

/// Carries out a move, or nothing of it where a rule is in the way.
fn carried_out(state: &mut State<'_>, made: &Move) -> bool {
    for (shift, leaves, _) in made {
        if let Some(it) = leaves {
            state.take(*it, *shift);
        }
    }
    let mut joined = 0;
    for (shift, _, joins) in made {
        if let Some(it) = joins {
            if !state.fits(*it, *shift) {
                break;
            }
            state.put(*it, *shift);
        }
        joined += 1;
    }
    if joined == made.len() && made.iter().all(|it| state.crew_is_sound(it.0)) {
        return true;
    }
    for (shift, _, joins) in made.iter().take(joined) {
        if let Some(it) = joins {
            state.take(*it, *shift);
        }
    }
    for (shift, leaves, _) in made {
        if let Some(it) = leaves {
            state.put(*it, *shift);
        }
    }
    false
}

fn undone(state: &mut State<'_>, made: &Move) {
    for (shift, _, joins) in made {
        if let Some(it) = joins {
            state.take(*it, *shift);
        }
    }
    for (shift, leaves, _) in made {
        if let Some(it) = leaves {
            state.put(*it, *shift);
        }
    }
}
