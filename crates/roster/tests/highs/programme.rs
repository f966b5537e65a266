//! A roster as a mixed integer programme, in the LP format that `HiGHS` reads.
//!
//! Variables: `x_p_s` is 1 where person p has shift s and is there only where leave and readiness allow it;
//! `e_s` counts the empty seats of a shift; `L_p` is what p carries, debt and load by a thousandth of
//! their share, rounded down as ours is. Goals: `empty`, all empty seats; `top_k`, the sum of the k largest
//! loads; `changes`, people of published shifts who no longer have them.
//!
//! The sum of the k largest of n numbers is the least of k·t + Σ max(0, L − t) over t, so that minimising it
//! is linear; minimising `top_1`, then `top_2` with `top_1` held, and so on to n gives the leximin optimum
//! (Ogryczak and Śliwiński, On solving linear programs with the ordered weighted averaging objective, 2003).

use roster::{Person, Problem, Readiness, Shift};
use std::fmt::Write as _;

/// The programme, line by line.
#[derive(Default)]
struct Text {
    rows: String,
    binary: String,
    general: String,
    count: usize,
}

impl Text {
    /// Adds the row `terms` `compare`, broken into lines that a reader takes.
    fn row(&mut self, terms: &[(i64, String)], compare: &str) {
        self.count += 1;
        let _ = write!(self.rows, " r{}:", self.count);
        for (place, (factor, name)) in terms.iter().enumerate() {
            let sign = if *factor < 0 { '-' } else { '+' };
            let line = if place % 12 == 11 { "\n  " } else { "" };
            let _ = write!(self.rows, "{line} {sign} {} {name}", factor.abs());
        }
        let _ = writeln!(self.rows, " {compare}");
    }

    fn whole(&mut self, name: &str) {
        let _ = writeln!(self.general, " {name}");
    }
}

/// Writes `problem`.
pub(crate) fn programme(problem: &Problem) -> String {
    assert!(problem.rules.waived.is_empty(), "nothing is waived here");
    let mut text = Text::default();
    for (at, shift) in problem.shifts.iter().enumerate() {
        let mut seats: Vec<_> = who(problem, at).map(|it| (1, x(it, at))).collect();
        for (_, name) in &seats {
            let _ = writeln!(text.binary, " {name}");
        }
        seats.push((1, format!("e_{at}")));
        text.whole(&format!("e_{at}"));
        text.row(&seats, &format!("= {}", shift.seats));
        crew(problem, at, &mut text);
    }
    for person in 0..problem.people.len() {
        times(problem, person, &mut text);
    }
    apart(problem, &mut text);
    goals(problem, &mut text);
    format!(
        "minimize\n obj: 0 empty\nsubject to\n{}binary\n{}general\n{}end\n",
        text.rows, text.binary, text.general
    )
}

/// What to minimise, in the order of a fair roster.
pub(crate) fn in_order_of_fairness(people: usize) -> Vec<String> {
    let tops = (1..=people).map(|it| format!("top_{it}"));
    ["empty".to_owned()].into_iter().chain(tops).chain(["changes".to_owned()]).collect()
}

fn x(person: usize, shift: usize) -> String {
    format!("x_{person}_{shift}")
}

/// Those who could have `shift` as far as leave and readiness go.
fn who(problem: &Problem, shift: usize) -> impl Iterator<Item = usize> + '_ {
    let it = &problem.shifts[shift];
    let able = move |person: &Person| {
        let away = person.away.iter().any(|(from, until)| *from < it.ends && it.starts < *until);
        let ready = match person.readiness {
            Readiness::Observer => false,
            Readiness::Shadowed => it.seats > 1,
            Readiness::Solo => true,
        };
        ready && !away
    };
    (0..problem.people.len()).filter(move |it| able(&problem.people[*it]))
}

/// Nobody without somebody who goes alone, where they do not; nobody without somebody of every skill.
fn crew(problem: &Problem, shift: usize, text: &mut Text) {
    let people = &problem.people;
    let mut beside = |person: usize, others: &dyn Fn(&Person) -> bool| {
        let others = who(problem, shift).filter(|it| others(&people[*it]));
        let mut terms: Vec<_> = others.map(|it| (-1, x(it, shift))).collect();
        terms.push((1, x(person, shift)));
        text.row(&terms, "<= 0");
    };
    for person in who(problem, shift) {
        if people[person].readiness != Readiness::Solo {
            beside(person, &|it| it.readiness == Readiness::Solo);
        }
        for skill in &problem.rules.skills {
            if !people[person].skills.contains(skill) {
                beside(person, &|it| it.skills.contains(skill));
            }
        }
    }
}

/// One shift at a time, rest, shifts in a row, nights of a month.
fn times(problem: &Problem, person: usize, text: &mut Text) {
    let (rules, shifts) = (&problem.rules, &problem.shifts);
    let able: Vec<bool> =
        (0..shifts.len()).map(|it| who(problem, it).any(|p| p == person)).collect();
    let theirs = |range: std::ops::Range<usize>| -> Vec<(i64, String)> {
        range.filter(|it| able[*it]).map(|it| (1, x(person, it))).collect()
    };
    for first in 0..shifts.len() {
        let rest = if shifts[first].night { rules.rest_after_night.unwrap_or(0) } else { 0 };
        for then in first + 1..shifts.len() {
            if able[first] && able[then] && shifts[then].starts < shifts[first].ends + rest {
                text.row(&[(1, x(person, first)), (1, x(person, then))], "<= 1");
            }
        }
    }
    if let Some(most) = rules.in_row_max {
        for first in 0..shifts.len().saturating_sub(most) {
            let row = theirs(first..first + most + 1);
            if row.len() > most {
                text.row(&row, &format!("<= {most}"));
            }
        }
    }
    if let Some(most) = rules.nights_per_month_max {
        let mut months: Vec<i32> = shifts.iter().map(|it| it.month).collect();
        months.dedup();
        for month in months {
            let counts = |it: &Shift| it.night && it.month == month;
            let places = (0..shifts.len()).filter(|it| able[*it] && counts(&shifts[*it]));
            let row: Vec<_> = places.map(|it| (1, x(person, it))).collect();
            if row.len() > most {
                text.row(&row, &format!("<= {most}"));
            }
        }
    }
}

/// Pairs that must not share a time.
fn apart(problem: &Problem, text: &mut Text) {
    let shifts = &problem.shifts;
    for (a, b) in &problem.rules.not_together {
        for first in 0..shifts.len() {
            for then in 0..shifts.len() {
                let meet = first == then
                    || shifts[first].starts < shifts[then].ends
                        && shifts[then].starts < shifts[first].ends;
                let able = |person, at| who(problem, at).any(|it| it == person);
                if meet && able(*a, first) && able(*b, then) {
                    text.row(&[(1, x(*a, first)), (1, x(*b, then))], "<= 1");
                }
            }
        }
    }
}

fn goals(problem: &Problem, text: &mut Text) {
    let (people, shifts) = (&problem.people, &problem.shifts);
    let mut empty: Vec<_> = (0..shifts.len()).map(|it| (1, format!("e_{it}"))).collect();
    empty.push((-1, "empty".to_owned()));
    text.row(&empty, "= 0");
    text.whole("empty");
    for (index, person) in people.iter().enumerate() {
        // share · L ≥ 1000 · (debt + load) − (share − 1): the least whole L is the quotient rounded down.
        let theirs = (0..shifts.len()).filter(|it| who(problem, *it).any(|p| p == index));
        let mut terms: Vec<_> = theirs.map(|it| (-1_000 * shifts[it].load, x(index, it))).collect();
        terms.push((person.share, format!("L_{index}")));
        let least = 1_000 * person.debt - (person.share - 1);
        text.row(&terms, &format!(">= {least}"));
        text.whole(&format!("L_{index}"));
    }
    for k in 1..=people.len() {
        let mut sum =
            vec![(1, format!("top_{k}")), (-i64::try_from(k).expect("few"), format!("t_{k}"))];
        for index in 0..people.len() {
            let over = format!("d_{k}_{index}");
            sum.push((-1, over.clone()));
            let row = [(1, over), (1, format!("t_{k}")), (-1, format!("L_{index}"))];
            text.row(&row, ">= 0");
        }
        text.row(&sum, ">= 0");
        text.whole(&format!("top_{k}"));
    }
    let told =
        shifts.iter().enumerate().flat_map(|(at, it)| it.published.iter().map(move |p| (*p, at)));
    let kept: Vec<_> = told.clone().filter(|it| who(problem, it.1).any(|p| p == it.0)).collect();
    let mut terms: Vec<_> = kept.iter().map(|it| (1, x(it.0, it.1))).collect();
    terms.push((1, "changes".to_owned()));
    text.row(&terms, &format!("= {}", told.count()));
    text.whole("changes");
}
