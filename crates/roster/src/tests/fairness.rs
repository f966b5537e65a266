//! A simulated year beside naive rotation: everybody in the order of a list, whoever is away passed over.
//!
//! Intuition: a chart looks fair, and then leave, part-time work and public holidays fall on it. What is
//! compared is the spread, the most minus the least among people, of load, nights, days of weekends and
//! public holidays, each for a whole person: divided by the share of the time for which somebody is there.

use super::DAY;
use crate::{Aim, Effort, Person, Problem, Random, Rules, Shift, judge, solve};

const PEOPLE: usize = 8;
const DAYS: usize = 364;

/// What people have: load, nights, days of weekends, public holidays.
type Kinds = [i64; 4];

/// Goal: over five years that differ in leave, hours and holidays, and beside turns of a day and of a week,
/// load is ten times as even as by rotation, nights five times, days of weekends three times; public
/// holidays, of which there are one or two each, no less.
#[test]
fn a_year_is_shared_better_than_by_naive_rotation() {
    for seed in 1..=5 {
        let year = year(seed);
        let effort = Effort { seed: 1, steps_max: 300_000, nodes_max: 0 };
        let solved = solve(&year.problem, Aim::Fair, effort);
        assert_eq!(solved.worth.unfilled, 0, "seed {seed}");
        let ours = year.spread(&solved.people);
        for turn in [1, 7] {
            let naive = year.spread(&year.rotation(turn));
            let told = format!("seed {seed}, turns of {turn}: ours {ours:?}, naive {naive:?}");
            println!("{told}");
            let [load, nights, weekends, holidays] = std::array::from_fn(|it| naive[it] / ours[it]);
            assert!(load >= 10 && nights >= 5 && weekends >= 3 && holidays >= 1, "{told}");
        }
    }
}

/// Goal: evening out nights, weekends and holidays costs no load, and breaks no promise already made.
#[test]
fn nights_and_weekends_are_evened_at_no_cost() {
    let effort = Effort { seed: 1, steps_max: 120_000, nodes_max: 0 };
    for seed in 1..=3 {
        let mut plain = year(seed);
        plain.problem.shifts.iter_mut().enumerate().for_each(|(day, it)| {
            it.published = vec![day % PEOPLE];
        });
        let kinded = plain.problem.clone();
        plain.problem.shifts.iter_mut().for_each(|it| it.kinds = [0; 3]);
        for aim in [Aim::Fair, Aim::Repair] {
            let without = solve(&plain.problem, aim, effort);
            let with = solve(&kinded, aim, effort);
            assert!(!without.worth.better(&with.worth, aim), "seed {seed} {aim:?}");
            assert_eq!(judge(&kinded, &with.people).as_ref(), Some(&with.worth));
            let [before, after] = [&without, &with].map(|it| plain.spread(&it.people));
            println!("seed {seed} {aim:?}: {before:?}, then {after:?}");
            if aim == Aim::Fair {
                assert!(after[1] <= before[1] && after[2] < before[2], "{before:?} {after:?}");
            }
        }
    }
}

struct Year {
    problem: Problem,
    /// What each shift is of each kind.
    kinds: Vec<Kinds>,
}

impl Year {
    /// Turns of so many days by the list.
    fn rotation(&self, turn: usize) -> Vec<Vec<usize>> {
        let there = |person: &usize, at: usize| {
            let it = &self.problem.shifts[at];
            let away = &self.problem.people[*person].away;
            !away.iter().any(|(from, until)| *from < it.ends && it.starts < *until)
        };
        let one = |at: usize| {
            let mut line = (at / turn..).map(|it| it % PEOPLE);
            vec![line.find(|it| there(it, at)).expect("somebody is there")]
        };
        (0..DAYS).map(one).collect()
    }

    /// The most minus the least of each kind, in hundredths for a whole person.
    fn spread(&self, roster: &[Vec<usize>]) -> Kinds {
        let mut each = [[0_i64; 4]; PEOPLE];
        for (crew, kinds) in roster.iter().zip(&self.kinds) {
            for person in crew {
                (0..4).for_each(|it| each[*person][it] += kinds[it]);
            }
        }
        std::array::from_fn(|kind| {
            let whole = |it: usize| each[it][kind] * 100_000 / self.problem.people[it].share;
            let all = || (0..PEOPLE).map(whole);
            all().max().expect("people") - all().min().expect("people")
        })
    }
}

/// Eight people with five weeks of leave each and hours of their own; nights on weekdays, whole days on
/// weekends and public holidays. Weights are those of `oncall::weigh`.
fn year(seed: u64) -> Year {
    let mut random = Random::new(seed);
    let whole = |it: usize| i64::try_from(it).expect("small");
    let holidays: Vec<usize> = (0..12).map(|_| random.below(DAYS)).collect();
    let mut kinds = vec![];
    let mut shifts = vec![];
    for day in 0..DAYS {
        let (weekend, holiday) = (day % 7 >= 5, holidays.contains(&day));
        let long = weekend || holiday;
        let load = match day % 7 {
            5 => 66,
            6 => 57,
            4 if long => 51,
            4 => 42,
            _ if long => 42,
            _ => 33,
        } + if holiday { 24 } else { 0 };
        let starts = whole(day) * DAY + if long { 9 * 60 } else { 18 * 60 };
        shifts.push(Shift {
            starts,
            ends: (whole(day) + 1) * DAY + 9 * 60,
            load,
            night: true,
            month: i32::try_from(day / 30).expect("small"),
            kinds: [9, if weekend { 24 } else { 0 }, if holiday { 24 } else { 0 }],
            ..Shift::default()
        });
        kinds.push([load, 1, i64::from(weekend), i64::from(holiday)]);
    }
    let people = (0..PEOPLE).map(|_| {
        let weeks: Vec<i64> = (0..5).map(|_| whole(random.below(52))).collect();
        let away: Vec<_> = weeks.iter().map(|it| (it * 7 * DAY, (it + 1) * 7 * DAY)).collect();
        let meets = |it: &&Shift| away.iter().any(|(from, to)| *from < it.ends && it.starts < *to);
        let there = whole(DAYS - shifts.iter().filter(meets).count());
        let hours = [1_000, 1_000, 800, 500][random.below(4)];
        Person { share: hours * there / whole(DAYS), away, ..Person::default() }
    });
    let people = people.collect();
    let rules = Rules { rest_after_night: Some(9 * 60), in_row_max: Some(3), ..Rules::default() };
    Year { problem: Problem { people, shifts, rules }, kinds }
}
