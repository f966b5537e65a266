//! One fold for what was recorded and what was simulated, and its numbers by hand.

use super::company::company;
use crate::calendar::{Calendar, Span};
use crate::facts::{Chances, Facts, GroupMin, Piece, Roster, Someone, Stretch, WorkHistory};
use crate::history::{History, Part};
use crate::measure::{METRICS, Metric, measure, measured};
use crate::number::{DAY_MS, HOUR_MS, WEEK_MS};
use crate::presets::{PRESETS, Preset};
use crate::records::{Reading, read};
use crate::simulate;
use crate::structure::{Dedication, Structure, Turn};
use crate::world::{Class, Draw, Organisation, draw};
use std::fmt::Write as _;

/// What a diligent ticket system would have exported: a row per change, and nothing else.
fn export(organisation: &Organisation, history: &History) -> String {
    let mut text = "id,class,about,created,state,changed,person,team,finished\n".to_owned();
    let time = |it: i64| model::Timestamp(it).to_string();
    let mut segments = history.segments.clone();
    // At one instant whoever stops does so before anybody begins.
    let mut rows: Vec<(usize, i64, u8, usize, &str)> = vec![];
    for it in segments.drain(..) {
        let state = if it.part == Part::Consult { "helping" } else { "working" };
        rows.push((it.item, it.span.from_ms, 1, it.person, state));
        rows.push((it.item, it.span.to_ms, 0, it.person, "resting"));
    }
    rows.sort_unstable();
    for (number, record) in history.records.iter().enumerate() {
        let about = &organisation.components[record.component].name;
        let finished = record.finished_ms.map_or(String::new(), time);
        let (class, created) = (record.class.name(), time(record.created_ms));
        let _ = writeln!(text, "{number},{class},{about},{created},new,{created},,,{finished}");
        for (_, at_ms, _, person, state) in rows.iter().filter(|it| it.0 == number) {
            let name = &organisation.people[*person].name;
            let team = &organisation.teams[organisation.people[*person].team];
            let team = if *state == "working" { team } else { "" };
            let at = time(*at_ms);
            let _ = writeln!(
                text,
                "{number},{class},{about},{created},{state},{at},{name},{team},{finished}"
            );
        }
    }
    text
}

fn roster(organisation: &Organisation, structure: &Structure) -> Roster {
    let people = organisation.people.iter();
    let owned = organisation
        .components
        .iter()
        .filter_map(|it| Some((it.name.clone(), organisation.teams[it.owner?].clone())));
    let full = structure.desks.iter().filter(|it| it.dedicated == Dedication::Full);
    let turns = full.flat_map(|it| &it.turns);
    let named = |it: &Turn| (organisation.people[it.person].name.clone(), it.span);
    Roster {
        people: people
            .map(|it| (it.name.clone(), (Some(it.calendar.clone()), it.night.clone())))
            .collect(),
        duties: Some(turns.map(named).collect()),
        owners: owned.collect(),
        efforts: true,
        calls: None,
    }
}

#[test]
fn recorded_and_simulated_say_the_same_through_the_same_fold() {
    for seed in 0..24 {
        let mut company = company();
        company.weeks = 5;
        company.people = 6 + usize::try_from(seed % 4).unwrap();
        let company = company.built();
        let preset = PRESETS[usize::try_from(seed).unwrap() % PRESETS.len()];
        let experiment = company.experiment(&[preset]);
        let (organisation, structure) = (&company.organisation, &experiment.structures[0]);
        let mut sources = experiment.sources.clone();
        sources.retain(|it| it.class != Class::Roadmap);
        let items = draw(&sources, company.arrivals(), Draw { seed, replication: 0 });
        let history = simulate(organisation, &items, structure, &experiment.assumptions);
        let simulated = WorkHistory::simulated(organisation, structure, &history);
        let states = |it: &str| [it.to_owned()].into_iter().collect();
        let reading =
            Reading { working: states("working"), helping: states("helping"), ..Reading::usual() };
        let records = read(&export(organisation, &history), &reading).unwrap();
        assert!(records.lost.is_empty(), "{:?}", records.lost);
        let roster = roster(organisation, structure);
        let recorded = WorkHistory::recorded(&records.works, &roster, history.within);
        // Only touch time summed up is in no row.
        let facts = simulated.facts();
        assert_eq!(recorded.facts(), facts, "seed {seed}, {}", preset.name());
        assert!(facts.interruptions.is_some() && facts.blocks.is_some(), "{facts:?}");
        // What a comparison prints of this life, from the export of it.
        let from_ms = organisation.within.from_ms + WEEK_MS;
        let assumptions = &experiment.assumptions;
        let printed = measure(organisation, structure, assumptions, &history, from_ms);
        let within = Span { from_ms, ..history.within };
        let exported = measured(recorded.clone(), within, assumptions.resumption_ms);
        for metric in METRICS {
            assert_eq!(
                exported.get(metric),
                printed.get(metric),
                "seed {seed}, {}: {metric:?}",
                preset.name()
            );
        }
        assert!(
            printed.get(Metric::WaitP90).is_some() && printed.get(Metric::RoadmapHours).is_some()
        );
        let desks = preset != Preset::AdHoc;
        assert_eq!((facts.duty_erlangs.is_some(), facts.leak_percent.is_some()), (desks, desks));
    }
}

/// Five people around the clock for a week; the first two are on duty, half a week each.
fn week() -> WorkHistory {
    let within = Span { from_ms: 0, to_ms: WEEK_MS };
    let night = Span { from_ms: 22 * HOUR_MS, to_ms: 32 * HOUR_MS };
    let someone = Someone {
        calendar: Some(Calendar::always(within)),
        night: Some(Calendar::of(vec![night])),
        past_hour_ms: 0,
    };
    let turn = |person: usize, from: i64, to: i64| Turn {
        person,
        span: Span { from_ms: from * DAY_MS, to_ms: to * DAY_MS },
    };
    WorkHistory {
        within,
        people: vec![someone; 5],
        pieces: vec![],
        calls: None,
        stretches: Some(vec![]),
        duties: Some(vec![turn(0, 0, 4), turn(1, 4, 7)]),
    }
}

fn page(at_ms: i64, holders: &[usize]) -> Piece {
    Piece {
        class: Class::Page,
        component: Some(holders.len()),
        created_ms: at_ms,
        started_ms: Some(at_ms),
        finished_ms: Some(at_ms + HOUR_MS),
        worked_ms: Some(HOUR_MS),
        holders: holders.to_vec(),
        in_team: Some(holders.len() == 1),
    }
}

#[test]
fn numbers_by_hand() {
    let mut history = week();
    let at = 30 * HOUR_MS;
    // Two within a minute are one interruption, the third, an hour by the clock later, another.
    history.pieces = vec![
        page(at, &[0]),
        page(at + 59_000, &[0]),
        page(at + HOUR_MS, &[0, 2, 0]),
        page(WEEK_MS / 2 + DAY_MS, &[1]),
    ];
    let stretch = |piece: usize, person: usize, from_ms: i64| Stretch {
        span: Span { from_ms, to_ms: from_ms + HOUR_MS },
        person,
        piece,
        helps: false,
    };
    history.stretches = Some(vec![
        stretch(0, 0, at),
        stretch(2, 2, at + 2 * HOUR_MS),
        stretch(3, 1, WEEK_MS / 2 + DAY_MS),
    ]);
    let facts = history.facts();
    let check = |name: &str, found: Option<f64>, expect: f64| {
        assert!(
            found.is_some_and(|it| (it - expect).abs() < 1e-12),
            "{name}: {found:?}, not {expect}"
        );
    };
    check("interruptions", facts.interruptions, 3.0 / 5.0);
    check("disrupted hours", facts.disrupted_hours, 3.0 / 5.0);
    // Of three that came at night one was begun then.
    check("night pages", facts.night_pages, 1.0 / 5.0);
    // On duty 4 and 3 days, busy one hour each.
    check("erlangs", facts.duty_erlangs, 2.0 / (7.0 * 24.0));
    check("leak", facts.leak_percent, 100.0 / 3.0);
    check("hand-overs", facts.handovers, 2.0 / 4.0);
    check("ping-pong", facts.ping_pong_percent, 25.0);
    check("mismatch", facts.mismatch_percent, 25.0);
    check("rotation", facts.rotation_days, 3.5);
    // 3 days of 12 blocks, 4 of 12, two people 84, and one who lost an hour between 32 and 33:
    // 16 blocks before, 67 after.
    check("blocks", facts.blocks, f64::from(36 + 48 + 84 + 84 + 83) / 5.0);
    assert_eq!(facts.headcount, vec![(0, 3)]);
    let fair = facts.fairness.unwrap();
    // Three, one, and three times nothing.
    assert!((fair.gini - 0.7).abs() < 1e-12 && fair.low < fair.gini, "{fair:?}");
}

#[test]
fn what_cannot_be_seen_is_absent() {
    let mut history = week();
    assert_eq!(history.facts().duty_erlangs, Some(0.0));
    history.duties = None;
    history.stretches = None;
    history
        .people
        .iter_mut()
        .for_each(|it| *it = Someone { calendar: None, night: None, past_hour_ms: 0 });
    history.pieces = vec![page(0, &[0])];
    let facts = history.facts();
    let expect = Facts {
        people: 5,
        interruptions: Some(1.0 / 5.0),
        disrupted_hours: Some(1.0 / 5.0),
        handovers: Some(0.0),
        ping_pong_percent: Some(0.0),
        mismatch_percent: Some(0.0),
        fairness: facts.fairness,
        headcount: vec![(0, 1)],
        ..Facts::default()
    };
    assert_eq!(facts, expect);
    history.people.truncate(4);
    assert_eq!(history.facts().fairness, None, "four people are not spoken of");
    // A page to nobody: who was interrupted is not recorded.
    history.pieces = vec![page(0, &[])];
    assert_eq!(history.facts().interruptions, None);
}

/// What chance gives is inside its own band; what falls to one person is not.
#[test]
fn a_fair_lottery_is_told_from_an_unfair_one() {
    let lottery = crate::random::Stream::new(5, 0, 0);
    let spread = |person: &dyn Fn(u64) -> usize| {
        let mut history = week();
        history.duties = None;
        history.pieces = (0..60).map(|it| page(0, &[person(it)])).collect();
        history.facts().fairness.unwrap()
    };
    let fair = spread(&|it| crate::number::index(lottery.unit(it) * 5.0));
    assert!(fair.low <= fair.gini && fair.gini <= fair.high && fair.low > 0.0, "{fair:?}");
    let unfair = spread(&|it| usize::from(it % 10 == 0));
    assert!(unfair.gini > unfair.high, "{unfair:?}");
}

/// Whoever has the shifts has the pages, and that is not unfair; whoever has them without the shifts is
/// told from that.
#[test]
fn chances_are_as_unequal_as_the_shifts() {
    let spread = |person: &dyn Fn(u64) -> usize| {
        let mut history = week();
        history.pieces = (0..70).map(|it| page(0, &[person(it)])).collect();
        history.facts().fairness.unwrap()
    };
    // Four days of seven, and three.
    let by_turns = spread(&|it| usize::from(it % 7 >= 4));
    assert_eq!(by_turns.chances, Chances::Duty);
    assert!(by_turns.low <= by_turns.gini && by_turns.gini <= by_turns.high, "{by_turns:?}");
    // An even spread over five, of whom two were on duty, is not what those shifts give.
    let over_all = spread(&|it| usize::try_from(it % 5).unwrap());
    assert!(over_all.gini < over_all.low, "{over_all:?}");
    // Without duties working hours count: half the week, half the lots.
    let mut history = week();
    history.duties = None;
    let half = Span { from_ms: 0, to_ms: WEEK_MS / 2 };
    history.people[0].calendar = Some(Calendar::always(half));
    history.pieces =
        (0..90).map(|it| page(0, &[usize::try_from((it + 1) % 9 / 2).unwrap()])).collect();
    let fair = history.facts().fairness.unwrap();
    assert_eq!(fair.chances, Chances::Hours);
    assert!(fair.low <= fair.gini && fair.gini <= fair.high, "{fair:?}");
    history.people.iter_mut().for_each(|it| it.calendar = None);
    assert_eq!(history.facts().fairness.unwrap().chances, Chances::Equal);
}

#[test]
fn a_larger_group_may_be_asked_for_and_never_a_smaller_one() {
    let mut history = week();
    history.pieces = (0..5).map(|it| page(0, &[it])).collect();
    let seen = |least: usize| {
        let facts = history.facts_of(GroupMin::of(least).unwrap());
        (facts.fairness.is_some(), facts.breadth_percent.is_some())
    };
    assert_eq!((seen(5), seen(6)), ((true, true), (false, false)));
    assert!(GroupMin::of(4).is_err_and(|it| it.contains("at least 5")));
}
