//! Rosters beside `HiGHS`, which proves what no roster can beat.
//!
//! Intuition: ours looks about and never knows how far it is from the best of a large roster; a solver of
//! integer programmes knows what no roster goes below. On small rosters both must name the same optimum,
//! load by load. On a year of nights for ten people ours is held against the bounds of the relaxed
//! programme, in which a night may be split among people: what the most loaded person carries, then, with
//! that person no worse off than in ours, what the two most loaded carry, and so on to everybody. No
//! roster can be better than these, and ours is within 2 % of each.
//!
//! Needs `python3-venv` and a package index; where they are missing this fails.
#![cfg(feature = "servers")]

#[path = "highs/programme.rs"]
mod programme;

use programme::{in_order_of_fairness, programme};
use roster::{Aim, Effort, Person, Problem, Random, Readiness, Rules, Shift, Worth, solve};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const HIGHS: &str = "highspy==1.15.1";
const PROGRAM: &str = include_str!("highs/solve.py");
const DAY: i64 = 1_440;
/// How far from a bound ours may be.
const WITHIN: f64 = 1.02;
const YEARS: u64 = 3;
/// Of how many people, the most loaded first, the sum is bounded.
const TOPS: [usize; 5] = [1, 2, 3, 5, 10];

/// Goal: on small rosters of every kind `HiGHS` and ours have the same optimum: seats, every load in order,
/// and changes.
#[test]
fn small_rosters_have_the_same_optimum() {
    let problems: Vec<Problem> = (0..24).map(small).collect();
    let names: Vec<String> =
        problems.iter().map(|it| in_order_of_fairness(it.people.len()).join(" ")).collect();
    let theirs = solved(&problems, "order", &names);
    for (seed, (problem, theirs)) in problems.iter().zip(theirs).enumerate() {
        let effort = Effort { seed: 1, steps_max: 20_000, nodes_max: 2_000_000 };
        let ours = solve(problem, Aim::Fair, effort);
        let empty = i64::try_from(ours.worth.unfilled).expect("few");
        let changes = i64::try_from(ours.worth.changes).expect("few");
        let all: Vec<i64> = [empty].into_iter().chain(tops(&ours.worth)).chain([changes]).collect();
        let shown: Vec<String> = all.iter().map(|it| format!("{it}.000")).collect();
        let theirs: Vec<String> = theirs.iter().map(|it| format!("{:.3}", it.round())).collect();
        assert_eq!(shown, theirs, "seed {seed}: {problem:#?}");
    }
}

/// Goal: on 10 people × 52 weeks nobody can do better than ours by more than 2 %, neither for the person
/// worst off nor, with those left as they are, for any number of those after.
#[test]
fn a_year_of_ten_is_within_two_in_a_hundred_of_what_is_possible() {
    let problems: Vec<Problem> = (1..=YEARS).map(year).collect();
    let effort = Effort { seed: 1, steps_max: 300_000, nodes_max: 0 };
    let ours: Vec<Vec<i64>> = problems
        .iter()
        .map(|it| {
            let found = solve(it, Aim::Fair, effort);
            assert_eq!(found.worth.unfilled, 0, "every night can be filled");
            tops(&found.worth)
        })
        .collect();
    let names: Vec<String> = ours
        .iter()
        .map(|it| {
            let tops = TOPS.iter().map(|k| format!("top_{k}:{}", it[k - 1]));
            ["empty:0".to_owned()].into_iter().chain(tops).collect::<Vec<_>>().join(" ")
        })
        .collect();
    let bounds = solved(&problems, "bound", &names);
    for (seed, (ours, bounds)) in ours.iter().zip(bounds).enumerate() {
        let above = TOPS.iter().zip(&bounds[1..]).map(|(k, bound)| {
            let ratio = f64::from(u32::try_from(ours[k - 1]).expect("small")) / bound;
            assert!(ratio <= WITHIN, "year {}: {ours:?} beside {bounds:?}", seed + 1);
            format!("{:.2} %", 100.0 * (ratio - 1.0))
        });
        let above: Vec<String> = above.collect();
        println!("year {}, above the bound for the {TOPS:?} most loaded: {above:?}", seed + 1);
    }
}

/// What the one, two, three … most loaded carry together.
fn tops(worth: &Worth) -> Vec<i64> {
    let mut sum = 0;
    worth
        .loads
        .iter()
        .map(|it| {
            sum += it;
            sum
        })
        .collect()
}

/// The minima that `HiGHS` says of each problem.
fn solved(problems: &[Problem], mode: &str, names: &[String]) -> Vec<Vec<f64>> {
    let home = home();
    let asked = problems.iter().zip(names).enumerate().fold(String::new(), |mut text, (at, it)| {
        let file = home.join(format!("{mode}-{at}.lp"));
        std::fs::write(&file, programme(it.0)).expect("written");
        let _ = writeln!(text, "{} {mode} {}", file.display(), it.1);
        text
    });
    let mut command = Command::new(home.join("venv/bin/python"));
    command.arg(home.join("solve.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("started");
    child.stdin.take().expect("piped").write_all(asked.as_bytes()).expect("a few lines");
    let done = child.wait_with_output().expect("ended");
    assert!(done.status.success(), "HiGHS");
    let said = String::from_utf8(done.stdout).expect("UTF-8");
    let number = |it: &str| it.parse().expect("a number");
    let lines: Vec<Vec<f64>> = said.lines().map(|it| it.split(' ').map(number).collect()).collect();
    assert_eq!(lines.len(), problems.len());
    lines
}

/// A folder with a Python environment, made once for all tests here.
fn home() -> &'static Path {
    static HOME: OnceLock<PathBuf> = OnceLock::new();
    HOME.get_or_init(|| {
        let home = std::env::temp_dir().join(format!("roster-highs-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder for the test");
        let run = |command: &mut Command| {
            let done = command.output().expect("python3 is there");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        run(Command::new("python3").args(["-m", "venv"]).arg(home.join("venv")));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", HIGHS];
        run(Command::new(home.join("venv/bin/python")).args(pip));
        std::fs::write(home.join("solve.py"), PROGRAM).expect("written");
        home
    })
}

fn whole(it: usize) -> i64 {
    i64::try_from(it).expect("small")
}

/// A small roster of any kind, larger than what can be looked at one by one.
fn small(seed: u64) -> Problem {
    let mut random = Random::new(seed.wrapping_mul(7_919) + 5);
    let people_count = 3 + random.below(3);
    let people = (0..people_count).map(|_| person(&mut random, 5)).collect();
    let mut at = 0;
    let shifts = (0..8)
        .map(|_| {
            let starts = at;
            at += whole(random.below(3)) * DAY / 2;
            Shift {
                starts,
                ends: starts + DAY / 2 + whole(random.below(2)) * DAY / 2,
                load: 1 + whole(random.below(5)),
                night: random.below(2) == 0,
                month: i32::from(starts >= 2 * DAY),
                seats: 1 + usize::from(random.below(4) == 0),
                published: (0..random.below(2)).map(|_| random.below(people_count)).collect(),
                kinds: [random.below(9), random.below(9), 0].map(whole),
            }
        })
        .collect();
    let rules = Rules {
        rest_after_night: (random.below(2) == 0).then_some(DAY / 2),
        in_row_max: (random.below(2) == 0).then(|| 1 + random.below(2)),
        nights_per_month_max: (random.below(3) == 0).then(|| 1 + random.below(2)),
        not_together: if random.below(3) == 0 { vec![(0, 1)] } else { vec![] },
        skills: if random.below(4) == 0 { vec![1] } else { vec![] },
        waived: vec![],
    };
    Problem { people, shifts, rules }
}

fn person(random: &mut Random, debt: usize) -> Person {
    Person {
        debt: whole(random.below(debt)),
        share: [1_000, 1_000, 500, 750][random.below(4)],
        away: if random.below(4) == 0 {
            let from = whole(random.below(3)) * DAY;
            vec![(from, from + DAY)]
        } else {
            vec![]
        },
        readiness: match random.below(8) {
            0 => Readiness::Observer,
            1 => Readiness::Shadowed,
            _ => Readiness::Solo,
        },
        skills: if random.below(3) > 0 { vec![1] } else { vec![] },
    }
}

/// Fifty-two weeks of nights for ten people: parts of a person, debts, five weeks of leave each in pieces,
/// public holidays that weigh twice, rest, nights in a row and in a month, and on the third seed two
/// seats, one skill, somebody who is shadowed and a pair that must not meet.
fn year(seed: u64) -> Problem {
    let mut random = Random::new(seed);
    let mut people: Vec<Person> = (0..10)
        .map(|index| {
            let weeks: Vec<i64> = (0..5).map(|_| whole(random.below(52)) * 7 * DAY).collect();
            Person {
                debt: whole(random.below(120)),
                share: [1_000, 1_000, 800, 500][random.below(4)],
                away: weeks.into_iter().map(|it| (it, it + 7 * DAY)).collect(),
                readiness: Readiness::Solo,
                skills: if index % 3 == 0 { vec![] } else { vec![1] },
            }
        })
        .collect();
    let two = seed == 3;
    let holidays: Vec<usize> = (0..10).map(|_| random.below(364)).collect();
    let shifts = (0..364_usize).map(|day| Shift {
        starts: whole(day) * DAY + 18 * 60,
        ends: whole(day) * DAY + 33 * 60,
        load: if holidays.contains(&day) { 40 } else { 20 + 10 * i64::from(day % 7 >= 5) },
        night: true,
        month: i32::try_from(day / 30).expect("small"),
        seats: 1 + usize::from(two),
        published: vec![],
        kinds: [9, if day % 7 >= 5 { 15 } else { 0 }, if holidays.contains(&day) { 15 } else { 0 }],
    });
    let shifts = shifts.collect();
    if two {
        people[9].readiness = Readiness::Shadowed;
    }
    let rules = Rules {
        rest_after_night: Some(11 * 60),
        in_row_max: Some(3),
        nights_per_month_max: Some(if two { 12 } else { 7 }),
        not_together: if two { vec![(1, 2)] } else { vec![] },
        skills: if two { vec![1] } else { vec![] },
        waived: vec![],
    };
    Problem { people, shifts, rules }
}
