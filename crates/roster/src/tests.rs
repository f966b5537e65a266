//! Small problems beside every roster there is; larger ones beside what cannot be beaten.

mod fairness;

use crate::exact::by_looking_at_all;
use crate::lottery;
use crate::{
    Aim, Effort, Person, Problem, Random, Readiness, Rule, Rules, Shift, Worth, debts, explain,
    judge, solve,
};

const DAY: i64 = 1_440;

/// Goal: on small problems of every kind the roster found is as good as the best of all there are, and
/// is known to be. Distance from the leximin optimum: none.
#[test]
fn small_rosters_are_the_best_there_are() {
    for seed in 0..300 {
        let problem = drawn(seed);
        for aim in [Aim::Fair, Aim::Repair] {
            let best = by_looking_at_all(&problem, aim, &|it| keeps_every_rule(&problem, it));
            let effort = Effort { seed, steps_max: 200, nodes_max: 200_000 };
            let found = solve(&problem, aim, effort);
            assert!(found.proven, "seed {seed} {aim:?}");
            assert!(keeps_every_rule(&problem, &found.people), "seed {seed} {aim:?} {found:?}");
            assert_eq!(found.worth, best, "seed {seed} {aim:?} {problem:#?}");
            assert_eq!(judge(&problem, &found.people), Some(best), "seed {seed} {aim:?}");
        }
    }
}

/// Goal: the search by chance alone is nearly always at the optimum on small problems, never breaks a
/// rule, and gets better only.
#[test]
fn the_search_alone_finds_the_best_of_small_rosters() {
    let mut missed = vec![];
    for seed in 0..300 {
        let problem = drawn(seed);
        let best = by_looking_at_all(&problem, Aim::Fair, &|it| keeps_every_rule(&problem, it));
        let found = solve(&problem, Aim::Fair, Effort { seed, steps_max: 6_000, nodes_max: 0 });
        assert!(keeps_every_rule(&problem, &found.people), "seed {seed} {found:?}");
        for pair in found.trail.windows(2) {
            assert!(pair[1].1.better(&pair[0].1, Aim::Fair), "seed {seed}");
        }
        if found.worth != best {
            missed.push((seed, found.worth, best));
        }
    }
    assert!(missed.is_empty(), "{} of 300: {missed:#?}", missed.len());
}

/// Goal: the same seed gives the same roster, and more steps never a worse one.
#[test]
fn more_steps_are_never_worse() {
    let problem = year(8, 90, 7);
    let found =
        |steps_max| solve(&problem, Aim::Fair, Effort { seed: 3, steps_max, nodes_max: 0 }).worth;
    assert_eq!(found(40_000), found(40_000));
    let trail = solve(&problem, Aim::Fair, Effort { seed: 3, steps_max: 200_000, nodes_max: 0 });
    for pair in trail.trail.windows(2) {
        assert!(pair[1].1.better(&pair[0].1, Aim::Fair));
    }
    assert!(!trail.trail[0].1.better(&trail.worth, Aim::Fair));
}

/// Goal: on half a year of nights for ten people who are away now and then, loads are as even as numbers
/// of ten allow, which nothing can beat.
#[test]
fn half_a_year_is_as_even_as_can_be() {
    for seed in 1..4 {
        let problem = year(10, 182, seed);
        let found = solve(&problem, Aim::Fair, Effort { seed, steps_max: 200_000, nodes_max: 0 });
        assert_eq!(found.worth.unfilled, 0);
        let total: i64 = problem.shifts.iter().map(|it| it.load / 10).sum();
        let even = (0..10).map(|it| 10 * (total / 10 + i64::from(it < total % 10)));
        assert_eq!(found.worth.loads, even.collect::<Vec<_>>(), "seed {seed}");
    }
}

/// Goal: whoever carries debt gets less, whoever is there half of the time gets half.
#[test]
fn debt_and_share_count() {
    let mut problem = nights(4, 40);
    problem.people[0].debt = 5;
    problem.people[1].share = 500;
    let found = solve(&problem, Aim::Fair, Effort { seed: 1, steps_max: 60_000, nodes_max: 0 });
    let has = |who: usize| found.people.iter().filter(|it| it.contains(&who)).count();
    // Half a person carries x / 2: 5 debt and 40 shifts over 3.5 people are 12.86 each.
    assert_eq!([has(0), has(1), has(2), has(3)], [8, 6, 13, 13], "{:?}", found.worth.loads);
}

/// Goal: when leave comes up after publication, only what must change changes.
#[test]
fn leave_changes_only_what_it_must() {
    let mut problem = nights(5, 20);
    let before = solve(&problem, Aim::Fair, Effort { seed: 1, steps_max: 20_000, nodes_max: 0 });
    for (shift, crew) in problem.shifts.iter_mut().zip(&before.people) {
        shift.published.clone_from(crew);
    }
    problem.people[2].away = vec![(0, 10 * DAY)];
    let theirs = before.people.iter().take(10).filter(|it| it.contains(&2)).count();
    assert!(theirs > 0);
    let after = solve(&problem, Aim::Repair, Effort { seed: 1, steps_max: 60_000, nodes_max: 0 });
    assert_eq!((after.worth.unfilled, after.worth.changes), (0, theirs));
}

/// Goal: what is in the way is named, no more and no less.
#[test]
fn what_is_in_the_way_is_named() {
    // Two people, one away on the second and third night, and nobody may have two nights in a row.
    let mut problem = nights(2, 4);
    problem.rules.in_row_max = Some(1);
    problem.rules.nights_per_month_max = Some(9);
    problem.rules.not_together = vec![(0, 1)];
    problem.people[0].away = vec![(DAY, 3 * DAY)];
    told(&problem, &[Rule::Away(0), Rule::InRow]);
    problem.people[0].away.clear();
    assert_eq!(in_the_way(&problem), None);
    // Four nights, two people, one night a month each.
    problem.rules.nights_per_month_max = Some(1);
    told(&problem, &[Rule::NightsPerMonth]);
    // Nobody can do what every shift needs.
    let mut skilled = nights(2, 2);
    skilled.rules.skills = vec![7];
    told(&skilled, &[Rule::Skill(7)]);
    // Two seats, and the only two must not meet.
    let mut pair = nights(2, 2);
    pair.shifts.iter_mut().for_each(|it| it.seats = 2);
    pair.rules.not_together = vec![(1, 0)];
    told(&pair, &[Rule::Pair(0)]);
    // Two seats and one person: no rule is in the way, there is nobody.
    let mut alone = nights(1, 2);
    alone.shifts.iter_mut().for_each(|it| it.seats = 2);
    alone.rules.in_row_max = Some(1);
    told(&alone, &[]);
}

#[track_caller]
fn told(problem: &Problem, expected: &[Rule]) {
    let found = in_the_way(problem).expect("something stays empty");
    assert_eq!((found.rules.as_slice(), found.proven), (expected, true));
}

fn in_the_way(problem: &Problem) -> Option<crate::Conflict> {
    let effort = Effort { seed: 1, steps_max: 2_000, nodes_max: 100_000 };
    explain(problem, &solve(problem, Aim::Fair, effort), effort)
}

#[test]
fn newcomers_bring_the_median() {
    assert_eq!(debts(&[Some(9), None, Some(1), Some(3)]), [9, 3, 1, 3]);
    assert_eq!(debts(&[Some(8), None, Some(2)]), [8, 5, 2]);
    assert_eq!(debts(&[None, None]), [0, 0]);
}

/// Goal: a fair draw is called fair nearly always, a loaded one is not; bands are those of the binomial
/// distribution (20 draws at one half: 6 to 14; 100 at one tenth: 5 to 16).
#[test]
fn pages_are_judged_against_a_fair_lottery() {
    let fair = lottery::judge(&[10, 10], &[50, 50], 999, 1).expect("pages fell");
    assert_eq!(
        fair.lots.iter().map(|it| (it.low, it.high)).collect::<Vec<_>>(),
        [(6, 14), (6, 14)]
    );
    assert!(fair.chance > 0.9, "{}", fair.chance);
    let tenth = lottery::judge(&[10, 90], &[1, 9], 99, 1).expect("pages fell");
    assert_eq!((tenth.lots[0].low, tenth.lots[0].high), (5, 16));
    let loaded = lottery::judge(&[19, 1], &[50, 50], 999, 1).expect("pages fell");
    assert!(loaded.chance < 0.01, "{}", loaded.chance);
    // More shifts, more pages: nothing is odd about it.
    let busy = lottery::judge(&[30, 10], &[300, 100], 999, 1).expect("pages fell");
    assert!(busy.chance > 0.9, "{}", busy.chance);
    assert_eq!(lottery::judge(&[0, 0], &[1, 1], 9, 1), None);
    // Of draws that are fair, about one in twenty looks unlikely at one in twenty.
    let mut random = Random::new(5);
    let odd = (0..200).filter(|seed| {
        let mut got = [0_u64; 4];
        (0..60).for_each(|_| got[random.below(4)] += 1);
        lottery::judge(&got, &[1, 1, 1, 1], 199, *seed).expect("pages fell").chance <= 0.05
    });
    let odd = odd.count();
    assert!((2..=20).contains(&odd), "{odd} of 200");
}

/// Whether `people` keeps every rule, by reading the rules once more and nothing else.
fn keeps_every_rule(problem: &Problem, people: &[Vec<usize>]) -> bool {
    let rules = &problem.rules;
    let has = |person: usize, shift: usize| people[shift].contains(&person);
    let count = problem.shifts.len();
    (0..count).all(|shift| {
        let (it, crew) = (&problem.shifts[shift], &people[shift]);
        let skilled = |skill| crew.iter().any(|who| problem.people[*who].skills.contains(skill));
        let solo = |who: &usize| problem.people[*who].readiness == Readiness::Solo;
        let fine = |who: &usize| {
            let person = &problem.people[*who];
            person.readiness != Readiness::Observer
                && (solo(who) || crew.iter().any(solo))
                && person.away.iter().all(|(from, until)| it.ends <= *from || *until <= it.starts)
        };
        crew.len() <= it.seats
            && crew.iter().all(fine)
            && (crew.is_empty() || rules.skills.iter().all(skilled))
    }) && (0..problem.people.len()).all(|person| {
        let theirs: Vec<usize> = (0..count).filter(|it| has(person, *it)).collect();
        let rested = theirs.windows(2).all(|pair| {
            let (a, b) = (&problem.shifts[pair[0]], &problem.shifts[pair[1]]);
            let rest = if a.night { rules.rest_after_night.unwrap_or(0) } else { 0 };
            a.ends + rest <= b.starts
        });
        let longest = (0..count)
            .map(|from| (from..count).take_while(|it| has(person, *it)).count())
            .max()
            .unwrap_or(0);
        let in_month = |month: i32| {
            let nights = theirs.iter().map(|it| &problem.shifts[*it]);
            nights.filter(|it| it.night && it.month == month).count()
        };
        rested
            && rules.in_row_max.is_none_or(|it| longest <= it)
            && rules.nights_per_month_max.is_none_or(|it| (0..3).all(|m| in_month(m) <= it))
    }) && rules.not_together.iter().all(|(a, b)| {
        (0..count).all(|first| {
            (0..count).all(|then| {
                let (x, y) = (&problem.shifts[first], &problem.shifts[then]);
                let meet = x.starts < y.ends && y.starts < x.ends;
                !(meet && has(*a, first) && has(*b, then))
            })
        })
    })
}

/// A small problem of any kind.
fn drawn(seed: u64) -> Problem {
    let mut random = Random::new(seed.wrapping_mul(977));
    let small = |it: usize| i64::try_from(it).expect("small");
    let people_count = 2 + random.below(3);
    let shift_count = if people_count == 4 { 4 } else { 5 };
    let people = (0..people_count)
        .map(|_| Person {
            debt: small(random.below(4)),
            share: if random.below(4) == 0 { 500 } else { 1_000 },
            away: if random.below(4) == 0 {
                let from = small(random.below(3)) * DAY;
                vec![(from, from + DAY)]
            } else {
                vec![]
            },
            readiness: match random.below(8) {
                0 => Readiness::Observer,
                1 | 2 => Readiness::Shadowed,
                _ => Readiness::Solo,
            },
            skills: if random.below(3) > 0 { vec![1] } else { vec![] },
        })
        .collect();
    let mut at = 0;
    let shifts = (0..shift_count)
        .map(|_| {
            let starts = at;
            at += small(random.below(3)) * DAY / 2;
            Shift {
                starts,
                ends: starts + DAY / 2 + small(random.below(2)) * DAY / 2,
                load: 1 + small(random.below(3)),
                night: random.below(2) == 0,
                month: i32::from(starts >= 2 * DAY),
                seats: 1 + usize::from(random.below(4) == 0),
                published: if random.below(3) == 0 {
                    vec![random.below(people_count)]
                } else {
                    vec![]
                },
                kinds: [0; 3],
            }
        })
        .collect();
    let rules = Rules {
        rest_after_night: (random.below(2) == 0).then_some(DAY / 2),
        in_row_max: (random.below(2) == 0).then(|| 1 + random.below(2)),
        nights_per_month_max: (random.below(3) == 0).then(|| random.below(3)),
        not_together: if random.below(3) == 0 { vec![(0, 1)] } else { vec![] },
        skills: if random.below(4) == 0 { vec![1] } else { vec![] },
        waived: vec![],
    };
    Problem { people, shifts, rules }
}

/// One night after the other.
fn nights(people: usize, count: i64) -> Problem {
    let night = |it: i64| Shift {
        starts: it * DAY,
        ends: (it + 1) * DAY,
        night: true,
        month: i32::try_from(it / 30).expect("small"),
        ..Shift::default()
    };
    Problem {
        people: vec![Person::default(); people],
        shifts: (0..count).map(night).collect(),
        rules: Rules::default(),
    }
}

/// Nights in which weekends weigh more, and people are away now and then.
fn year(people: usize, days: i64, seed: u64) -> Problem {
    let mut random = Random::new(seed);
    let mut problem = nights(people, days);
    for (day, shift) in problem.shifts.iter_mut().enumerate() {
        shift.load = if day % 7 >= 5 { 30 } else { 20 };
    }
    for person in &mut problem.people {
        for _ in 0..3 {
            let from =
                i64::try_from(random.below(usize::try_from(days).expect("small"))).expect("small");
            person.away.push((from * DAY, (from + 7) * DAY));
        }
    }
    problem.rules.in_row_max = Some(3);
    problem.rules.nights_per_month_max = Some(8);
    problem
}

/// Goal: the two orders differ where they should.
#[test]
fn fairness_and_repair_weigh_differently() {
    let fair = Worth { unfilled: 0, loads: vec![3, 3], changes: 4 };
    let near = Worth { unfilled: 0, loads: vec![4, 2], changes: 0 };
    assert!(fair.better(&near, Aim::Fair) && near.better(&fair, Aim::Repair));
    assert_eq!(near.distance(&fair), 1);
}
