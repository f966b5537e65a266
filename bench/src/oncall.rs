//! Duty: how long an answer about it takes, and what a fair roster of half a year costs.
//!
//! Intuition: who is on duty is asked for every page that goes out, so its slowest answers count; a year
//! of shifts and the coverage of everybody are asked by people who wait before a view; a roster is asked
//! for by somebody who goes and gets a coffee, and is worth what the last of them has to carry.
//!
//! The organisation: 300 people in four zones, 100 pairs of a primary rota with a layer for weekends and a
//! secondary one that never coincides with it, leave, and an override in every rota every month.

use crate::table::{Row, Table};
use anyhow::{Context as _, Result};
use model::{Catalogue, Millis, OverrideId, Timestamp};
use oncall::{Change, Coverage, Duties, Override, Zones};
use roster::{Aim, Effort, Person, Problem, Random, Rules, Shift, solve};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

const PEOPLE: usize = 300;
const PAIRS: usize = 100;
const ZONES: [&str; 4] =
    ["Africa/Nairobi", "Europe/Berlin", "America/Los_Angeles", "Australia/Sydney"];
const QUESTIONS: usize = 50_000;
/// What `lamplighter rota propose` takes unless somebody says otherwise.
const STEPS: u64 = 300_000;
const DAY: i64 = 1_440;

pub(crate) fn oncall(table: &mut Table, _: &Path) -> Result<()> {
    let catalogue = organisation()?;
    let overrides = overrides(&catalogue);
    let zones = Zones::bundled();
    let duties = Duties { rotas: &catalogue.rotas, overrides: &overrides, zones: &zones };
    let from = Timestamp::parse_rfc3339("2027-01-01T00:00:00Z").expect("a time");
    let to = from.plus(Millis::from_days(365));
    asked(table, &catalogue, &duties, from);

    let begun = Instant::now();
    let shifts: usize =
        catalogue.rotas.keys().map(|it| black_box(duties.shifts(it, from, to)).len()).sum();
    let what = format!("a year of shifts for {} rotas, {shifts} shifts", catalogue.rotas.len());
    table.add(Row::alone(what, millis(begun.elapsed()), "ms"));

    for (name, days) in [("a week", 7), ("a year", 365)] {
        let begun = Instant::now();
        let found = Coverage::of(&catalogue, &duties, from, from.plus(Millis::from_days(days)));
        let what = format!(
            "coverage of {PEOPLE} people in {} rotas over {name}: {} times that somebody is away, {} without a skill",
            catalogue.rotas.len(),
            found.away.len(),
            found.unskilled.len()
        );
        table.add(Row::alone(what, millis(begun.elapsed()), "ms"));
    }
    for people in [10, 50, 200] {
        rostered(table, people);
    }
    Ok(())
}

/// Who is on duty in a rota at random at a time at random.
fn asked(table: &mut Table, catalogue: &Catalogue, duties: &Duties<'_>, from: Timestamp) {
    let mut random = Random::new(5);
    let rotas: Vec<_> = catalogue.rotas.keys().collect();
    let mut lengths: Vec<Duration> = (0..QUESTIONS)
        .map(|_| {
            let rota = rotas[random.below(rotas.len())];
            let at = from.plus(Millis::from_mins(whole(random.below(365 * 1_440))));
            let begun = Instant::now();
            black_box(duties.at(rota, at));
            begun.elapsed()
        })
        .collect();
    lengths.sort_unstable();
    for (name, place) in [("half", QUESTIONS / 2), ("99 of 100", QUESTIONS * 99 / 100)] {
        let what = format!("who is on duty at a time: {name} of the answers within");
        table.add(Row::alone(what, millis(lengths[place]) * 1e3, "µs"));
    }
}

/// Half a year of nights, one seat for ten people, solved as the command does it.
fn rostered(table: &mut Table, people: usize) {
    let problem = half_a_year(people);
    let effort = Effort { seed: 1, steps_max: STEPS, nodes_max: 0 };
    let begun = Instant::now();
    let found = solve(&problem, Aim::Fair, effort);
    let took = millis(begun.elapsed());
    let borne: i64 = problem.people.iter().map(|it| it.debt).sum::<i64>()
        + problem.shifts.iter().map(|it| it.load * whole(it.seats)).sum::<i64>();
    let shares: i64 = problem.people.iter().map(|it| it.share).sum();
    let even = float(borne) * 1e3 / float(shares);
    let above = 100.0 * (float(found.worth.loads[0]) / even - 1.0);
    let what = format!(
        "a roster for {people} people over 26 weeks, {STEPS} steps: {} empty seats, \
         most loaded person {above:.1} % above an even share",
        found.worth.unfilled
    );
    table.add(Row::alone(what, took, "ms"));
}

fn half_a_year(people: usize) -> Problem {
    let mut random = Random::new(7);
    let shifts = (0..182_i64).map(|day| {
        let weekend = day % 7 >= 5;
        Shift {
            starts: day * DAY + 18 * 60,
            ends: (day + 1) * DAY + 9 * 60,
            load: if weekend { 48 } else { 33 },
            night: true,
            month: i32::try_from(day / 30).expect("small"),
            seats: people / 10,
            published: vec![],
            kinds: [9, if weekend { 15 } else { 0 }, 0],
        }
    });
    let person = |index: usize| {
        let weeks: Vec<i64> = (0..3).map(|_| whole(random.below(26))).collect();
        Person {
            debt: whole(random.below(100)),
            share: [1_000, 1_000, 800, 500][random.below(4)],
            away: weeks.iter().map(|it| (it * 7 * DAY, (it + 1) * 7 * DAY)).collect(),
            skills: if index.is_multiple_of(3) { vec![] } else { vec![1] },
            ..Person::default()
        }
    };
    let rules = Rules {
        rest_after_night: Some(11 * 60),
        in_row_max: Some(3),
        nights_per_month_max: Some(8),
        not_together: vec![(0, 1)],
        skills: vec![1],
        waived: vec![],
    };
    Problem { people: (0..people).map(person).collect(), shifts: shifts.collect(), rules }
}

fn organisation() -> Result<Catalogue> {
    let mut text = "org: solar\npeople:\n".to_owned();
    for person in 0..PEOPLE {
        let (zone, month) = (ZONES[person % 4], 1 + person % 12);
        let skills = if person % 3 == 0 { "" } else { ", skills: { postgres: 3 }" };
        writeln!(
            text,
            "  p{person}: {{ timezone: {zone}, email: p{person}@solar.example, hours: 08:00-18:00, \
             leave: [2027-{month:02}-03..2027-{month:02}-17]{skills} }}"
        )?;
    }
    text.push_str("rotas:\n");
    for pair in 0..PAIRS {
        let zone = ZONES[pair % 4];
        let team = |from: usize| {
            let names: Vec<String> =
                (0..6).map(|it| format!("p{}", (pair * 3 + from + it) % PEOPLE)).collect();
            names.join(", ")
        };
        writeln!(
            text,
            "  first{pair}: {{ timezone: {zone}, skills: [postgres], layers: [\
             {{ people: [{}], turn: 1w, handover: mon 09:00, starts: 2026-01-05 }}, \
             {{ people: [{}], turn: 1d, handover: \"09:00\", starts: 2026-01-05, \
             only: [sat-sun 09:00-21:00] }}] }}\n  \
             second{pair}: {{ timezone: {zone}, apart-from: [first{pair}], layers: [\
             {{ people: [{}], turn: 1w, handover: wed 09:00, starts: 2026-01-05 }}] }}",
            team(0),
            team(3),
            team(1)
        )?;
    }
    let loaded = catalog::load_str(&[("lamplighter.yaml", &text)]);
    let told = catalog::render(&loaded, false);
    let told = told.lines().take(12).collect::<Vec<_>>().join("\n");
    loaded.catalogue.with_context(|| format!("the organisation was not read: {told}"))
}

/// In every rota every month somebody stands in for somebody for a day.
fn overrides(catalogue: &Catalogue) -> BTreeMap<OverrideId, Override> {
    let mut random = Random::new(11);
    let from = Timestamp::parse_rfc3339("2027-01-01T00:00:00Z").expect("a time");
    let all = catalogue.rotas.iter().flat_map(|rota| (0..12).map(move |month| (rota, month)));
    let one = |(number, ((id, rota), month)): (usize, ((&model::RotaId, &model::Rota), i64))| {
        let people = &rota.layers[0].people;
        let starts = from
            .plus(Millis::from_days(month * 30))
            .plus(Millis::from_hours(whole(random.below(600))));
        let change = Change::Replace {
            person: people[number % people.len()].clone(),
            by: people[(number + 1) % people.len()].clone(),
        };
        let ends = starts.plus(Millis::from_days(1));
        let number = u64::try_from(number + 1).expect("small");
        (OverrideId(number), Override { rota: id.clone(), starts, ends, change })
    };
    all.enumerate().map(one).collect()
}

fn millis(it: Duration) -> f64 {
    it.as_secs_f64() * 1e3
}

fn whole(it: usize) -> i64 {
    i64::try_from(it).expect("small")
}

fn float(it: i64) -> f64 {
    u32::try_from(it).map_or(f64::NAN, f64::from)
}
