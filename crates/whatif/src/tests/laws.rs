//! What holds for every way of working: laws, random organisations, presets, comparisons.

use super::company::{Company, company};
use crate::calendar::{Calendar, Hours, Span};
use crate::compare::{OneByOne, Plan, Replication, Runner};
use crate::history::History;
use crate::measure::Metric;
use crate::number::{DAY_MS, HOUR_MS, WEEK_MS};
use crate::presets::{PRESETS, Preset};
use crate::random::Stream;
use crate::simulate;
use crate::structure::{Assumptions, Dedication, OffHours, Order, Preempt, Structure, Turn};
use crate::world::{Draw, draw};
use jiff::tz::TimeZoneDatabase;
use model::{Timestamp, Weekday};
use std::ops::Range;

/// Fixed seeds of the random organisations; a failure prints its own.
const SEEDS: Range<u64> = 0..60;

/// Presets and structures bent at random, on organisations drawn at random: every history keeps every
/// law, and lives through the same events when it is lived again.
#[test]
fn laws_hold_for_random_ways_of_working() {
    let mut seen = Seen::default();
    for seed in SEEDS {
        let dice = Stream::new(seed, 0, 99);
        let company = random_company(&dice);
        let items = draw(&company.sources(), company.arrivals(), Draw { seed, replication: 3 });
        for preset in PRESETS {
            let mut structure = company.structure(preset);
            bend(&mut structure, &dice);
            let assumptions = random_assumptions(&dice);
            let organisation = &company.organisation;
            let history = simulate(organisation, &items, &structure, &assumptions);
            let name = format!("seed {seed}, {}", preset.name());
            history
                .audit(organisation, &items, &structure)
                .unwrap_or_else(|it| panic!("{name}: {it}"));
            let again = simulate(organisation, &items, &structure, &assumptions);
            assert!(history == again, "{name}: another history");
            nobody_waits_beside_somebody_free(&company, &structure, &history, &name);
            seen.add(&history);
        }
    }
    println!("{seen:?}");
    assert!(seen.everything(), "these organisations never reach some of the rules: {seen:?}");
}

/// A law that nothing can break proves nothing: histories are spoilt by hand, and each audit says how.
#[test]
fn the_audit_finds_what_is_spoilt() {
    let company = company().built();
    let organisation = &company.organisation;
    let items = draw(&company.sources(), company.arrivals(), Draw { seed: 4, replication: 0 });
    let structure = company.structure(Preset::ServiceCentre);
    let good = simulate(organisation, &items, &structure, &Assumptions::NONE);
    good.audit(organisation, &items, &structure).unwrap();
    let done = |it: &History| it.records.iter().position(|it| it.finished_ms.is_some()).unwrap();
    let spoilt = |spoil: &dyn Fn(&mut History), law: &str| {
        let mut bad = good.clone();
        spoil(&mut bad);
        let error = bad.audit(organisation, &items, &structure).unwrap_err();
        assert!(error.starts_with(law), "wanted \"{law}\", got \"{error}\"");
    };
    let twice = format!("person {} is in two places", good.segments[0].person);
    spoilt(&|it| it.segments.push(it.segments[0]), &twice);
    spoilt(&|it| it.segments.truncate(it.segments.len() / 2), "work is not conserved");
    spoilt(
        &|it| {
            // Before anybody has come in the morning; the item is a ticket, or it might be allowed.
            let first = it
                .segments
                .iter()
                .position(|one| it.records[one.item].class == crate::world::Class::Ticket);
            it.segments[first.unwrap()].span = Span { from_ms: 0, to_ms: HOUR_MS };
        },
        "worked outside the calendar",
    );
    let item = done(&good);
    let number = |it: &str| format!("item {item} {it}");
    spoilt(&|it| it.records[item].started_ms = Some(-1), &number("lives backwards"));
    spoilt(&|it| it.records[item].started_ms = None, &number("lives backwards"));
    spoilt(
        &|it| {
            it.records[item].charged_ms -= 1;
            it.records[item].finished_ms = None;
        },
        &number("got more work than it was charged"),
    );
}

/// What the random histories contained: a law that is never put to the test proves nothing.
#[derive(Debug, Default)]
struct Seen {
    handovers: u32,
    bounces: u32,
    consults: u32,
    overflows: u32,
    unfinished: usize,
}

impl Seen {
    fn add(&mut self, history: &History) {
        for record in &history.records {
            self.handovers += record.handovers;
            self.bounces += record.bounces;
            self.consults += record.consults;
            self.overflows += record.overflows;
            self.unfinished += usize::from(record.finished_ms.is_none());
        }
    }

    fn everything(&self) -> bool {
        [self.handovers, self.bounces, self.consults, self.overflows].iter().all(|it| *it > 50)
            && self.unfinished > 50
    }
}

/// In a single desk that is always staffed: while anything waits, everybody works.
fn nobody_waits_beside_somebody_free(
    company: &Company,
    structure: &Structure,
    history: &History,
    name: &str,
) {
    let [desk] = structure.desks.as_slice() else { return };
    let by_person = history.by_person(company.organisation.people.len());
    for record in history.records.iter().filter(|it| it.bounces == 0) {
        let waits = Span {
            from_ms: record.created_ms + structure.triage.delay_ms,
            to_ms: record.started_ms.unwrap_or(history.within.to_ms),
        };
        if waits.length_ms() <= 0 || record.class == crate::world::Class::Roadmap {
            continue;
        }
        for Turn { person, span } in &desk.turns {
            let calendar = &company.organisation.people[*person].calendar;
            let there: i64 = span.cut(waits).map_or(0, |it| calendar.open_ms(it));
            let inside = span.cut(waits).into_iter();
            let spans: Vec<Span> = inside.flat_map(|it| calendar.inside(it)).collect();
            let works = Calendar::of(by_person[*person].iter().map(|it| it.span).collect());
            let busy: i64 = spans.iter().map(|it| works.open_ms(*it)).sum();
            assert!(busy == there, "{name}: {person} was free while {record:?} waited");
        }
    }
}

/// A company that works around the clock, knows everything, loses nothing and has one desk is M/M/c:
/// whoever is renamed, the waits are the same.
#[test]
fn who_is_who_changes_nothing() {
    let company = Company { people: 6, always: true, ..company() }.built();
    let items = draw(&company.sources(), company.arrivals(), Draw { seed: 1, replication: 0 });
    let mut structure = company.structure(Preset::ServiceCentre);
    let mut waits = |people: [usize; 3]| {
        let span = company.organisation.within;
        structure.desks[0].turns = people.map(|person| Turn { person, span }).to_vec();
        let history = simulate(&company.organisation, &items, &structure, &Assumptions::NONE);
        history.records.iter().map(|it| (it.started_ms, it.finished_ms)).collect::<Vec<_>>()
    };
    assert!(waits([0, 1, 2]) == waits([5, 3, 1]));
}

/// Twice the people for twice the work: the queue they share gets no longer.
#[test]
fn doubling_people_and_work_never_lengthens_the_shared_queue() {
    let mean = |people: usize, times: f64| {
        let company = Company { people, always: true, times, ..company() }.built();
        let mut structure = company.structure(Preset::ServiceCentre);
        let span = company.organisation.within;
        structure.desks[0].turns = (0..people).map(|person| Turn { person, span }).collect();
        structure.desks[0].order = Order::FirstCome;
        let mut sum = 0.0;
        for replication in 0..20 {
            let items = draw(&company.sources(), company.arrivals(), Draw { seed: 2, replication });
            let history = simulate(&company.organisation, &items, &structure, &Assumptions::NONE);
            let waits =
                history.records.iter().filter_map(|it| Some(it.started_ms? - it.created_ms));
            sum += crate::number::hours(waits.sum()) / crate::number::count(history.records.len());
        }
        sum / 20.0
    };
    let (small, large) = (mean(2, 10.0), mean(4, 20.0));
    assert!(small > 0.05 && large < small, "{small} h, doubled {large} h");
}

/// The same numbers from one core and from several, whatever order they finish in.
#[test]
fn one_core_or_many_give_the_same_bytes() {
    let experiment = company().built().experiment(&PRESETS);
    let plan = Plan {
        primary: Metric::WaitP90,
        replications_min: 6,
        replications_max: 12,
        relative_half_width: 0.0,
    };
    let one = experiment.compare(&plan, &OneByOne).unwrap();
    let many = experiment.compare(&plan, &Shuffled).unwrap();
    assert_eq!(format!("{one:?}"), format!("{many:?}"));
    assert_eq!(one.replications, 12, "nothing is precise enough for zero");
}

/// Runs jobs backwards and on other threads, as several cores would.
struct Shuffled;

impl Runner for Shuffled {
    fn run(
        &self,
        jobs: Range<usize>,
        job: &(dyn Fn(usize) -> Replication + Sync),
    ) -> Vec<Replication> {
        let mut found: Vec<(usize, Replication)> = std::thread::scope(|scope| {
            let threads: Vec<_> = jobs.rev().map(|it| (it, scope.spawn(move || job(it)))).collect();
            threads.into_iter().map(|(it, thread)| (it, thread.join().unwrap())).collect()
        });
        found.sort_by_key(|it| it.0);
        found.into_iter().map(|it| it.1).collect()
    }
}

/// A week in which clocks change has an hour less or more, and people in another zone do not care.
#[test]
fn weeks_of_changing_clocks_have_the_right_hours() {
    let zones = TimeZoneDatabase::bundled();
    let all = vec![
        Weekday::Mon,
        Weekday::Tue,
        Weekday::Wed,
        Weekday::Thu,
        Weekday::Fri,
        Weekday::Sat,
        Weekday::Sun,
    ];
    let check = |zone: &str, start: &str, (from_minute, to_minute): (u16, u16), hours: i64| {
        let zone = zones.get(zone).unwrap();
        let from_ms = Timestamp::parse_rfc3339(start).unwrap().0;
        let within = Span { from_ms, to_ms: from_ms + 3 * WEEK_MS };
        let rule = Hours { days: all.clone(), from_minute, to_minute, absent: vec![] };
        let calendar = Calendar::compile(&rule, &zone, within);
        let week = Span { from_ms: from_ms + WEEK_MS, to_ms: from_ms + 2 * WEEK_MS };
        assert_eq!(calendar.open_ms(week), hours * HOUR_MS, "{start}");
    };
    // Berlin: nights of 22 to 6 around 29 March and 25 October 2026, Monday noon to Monday noon UTC.
    check("Europe/Berlin", "2026-03-16T12:00:00Z", (1_320, 360), 55);
    check("Europe/Berlin", "2026-10-12T12:00:00Z", (1_320, 360), 57);
    check("Africa/Nairobi", "2026-03-16T12:00:00Z", (1_320, 360), 56);
    check("Europe/Berlin", "2026-03-16T12:00:00Z", (360, 600), 28);
}

/// Leave is no shift; a shift over midnight ends on the next day.
#[test]
fn hours_become_spans() {
    let zone = TimeZoneDatabase::bundled().get("Africa/Nairobi").unwrap();
    let from_ms = Timestamp::parse_rfc3339("2026-12-21T00:00:00Z").unwrap().0;
    let within = Span { from_ms, to_ms: from_ms + 3 * DAY_MS };
    let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed];
    let absent = vec![(2026, 12, 22)];
    let rule = Hours { days, from_minute: 1_200, to_minute: 120, absent };
    let shown: Vec<String> = Calendar::compile(&rule, &zone, within)
        .spans()
        .iter()
        .map(|it| format!("{}+{}h", Timestamp(it.from_ms).to_jiff(), it.length_ms() / HOUR_MS))
        .collect();
    assert_eq!(shown, ["2026-12-21T17:00:00Z+6h", "2026-12-23T17:00:00Z+6h"]);
}

fn random_company(dice: &Stream) -> Company {
    Company {
        people: 4 + crate::number::index(dice.unit(0) * 8.0),
        teams: 1 + crate::number::index(dice.unit(1) * 3.0),
        times: 0.5 + 4.0 * dice.unit(2),
        always: dice.unit(3) < 0.3,
        weeks: 4,
        ..company()
    }
    .built()
}

fn random_assumptions(dice: &Stream) -> Assumptions {
    let learning = crate::structure::Learning { ramp_items: 5.0, half_life_ms: 1e9 };
    Assumptions {
        slow_down: 1.0 + 3.0 * dice.unit(10),
        consult_share: dice.unit(11),
        consult_ms: HOUR_MS / 2,
        resumption_ms: crate::number::whole(dice.unit(12) * 2e6),
        handover_ms: crate::number::whole(dice.unit(13) * 2e6),
        handover_loss: dice.unit(14) / 2.0,
        learning: (dice.unit(15) < 0.5).then_some(learning),
    }
}

/// Rules that no preset has together.
fn bend(structure: &mut Structure, dice: &Stream) {
    let orders =
        [Order::FirstCome, Order::ByClass, Order::ShortFirst, Order::DueDate, Order::CostRate];
    let preempts = [Preempt::Never, Preempt::ForPages, Preempt::ForHigherClass];
    structure.triage.error_share = dice.unit(20) / 2.0;
    structure.triage.delay_ms = if dice.unit(21) < 0.5 { 0 } else { HOUR_MS / 5 };
    for (number, desk) in (0_u64..).zip(&mut structure.desks) {
        desk.order = orders[crate::number::index(dice.unit(30 + number) * 5.0)];
        desk.preempt = preempts[crate::number::index(dice.unit(40 + number) * 3.0)];
        desk.off_hours =
            if dice.unit(50 + number) < 0.5 { OffHours::Wait } else { OffHours::Answer };
        if dice.unit(60 + number) < 0.3 {
            desk.dedicated = Dedication::Beside;
        }
    }
}
