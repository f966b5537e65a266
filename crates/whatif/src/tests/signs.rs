//! What people who lived through these structures said of them, as signs: never used to fit anything,
//! and with the one that fails at small size.

use super::company::{Company, company};
use crate::compare::{
    Answer, Comparison, Experiment, OneByOne, Parameter, Plan, Reason, Sweep, sweep,
};
use crate::measure::{METRICS, Metric};
use crate::presets::Preset;
use crate::saturation::{Expectation, loads, weekly};
use crate::structure::{Assumptions, Structure};
use crate::world::{Draw, draw};

/// A half-year, twelve times; work grows with the number of people.
fn sized(people: usize) -> Company {
    let times = crate::number::count(people) / 8.0;
    Company { people, teams: people / 4, times, weeks: 26, ..company() }.built()
}

fn lived(company: &Company, presets: &[Preset]) -> Comparison {
    company.experiment(presets).compare(&plan(12), &OneByOne).unwrap()
}

fn plan(replications: usize) -> Plan {
    Plan {
        primary: Metric::WaitP90,
        replications_min: replications,
        replications_max: replications,
        relative_half_width: 0.0,
    }
}

fn mean(comparison: &Comparison, row: usize, metric: Metric) -> f64 {
    comparison.rows[row].estimates[metric as usize].unwrap().mean
}

/// The first structure is clearly lower than the second, beyond the luck of all comparisons together.
fn lower(comparison: &Comparison, metric: Metric) {
    let it = comparison.difference(metric, 0, 1).unwrap();
    assert!(it.sign() == -1, "{metric:?}: {it:?}");
}

#[test]
fn a_tribute_interrupts_less_than_asking_anybody() {
    let it = lived(&sized(8), &[Preset::Tribute, Preset::AdHoc]);
    lower(&it, Metric::Interruptions);
}

#[test]
fn a_tribute_serves_customers_worse_the_larger_the_company() {
    let sizes = [4, 8, 16].map(|people| {
        let it = lived(&sized(people), &[Preset::Tribute]);
        (mean(&it, 0, Metric::WaitP90), mean(&it, 0, Metric::OpenPercent))
    });
    println!("{sizes:?}");
    assert!(sizes[0].0 < sizes[1].0 && sizes[1].0 < sizes[2].0, "{sizes:?}");
    // Sixteen people, one at the desk: it never catches up, although everybody could take a turn.
    assert!(sizes[0].1 < 1.0 && sizes[2].1 > 10.0, "{sizes:?}");
    let asking = lived(&sized(16), &[Preset::AdHoc, Preset::Tribute]);
    lower(&asking, Metric::WaitP90);
}

#[test]
fn collectives_leave_builders_alone_and_train_across() {
    let it = lived(&sized(8), &[Preset::Collectives, Preset::AdHoc]);
    lower(&it, Metric::Interruptions);
    let year = Company { weeks: 52, ..sized(8) }.built();
    let it = lived(&year, &[Preset::ServiceCentre, Preset::Collectives]);
    let breadth = [0, 1].map(|row| mean(&it, row, Metric::BreadthPercent));
    assert!(breadth[0] < 0.7 * breadth[1], "{breadth:?}");
}

#[test]
fn product_teams_know_their_own() {
    let it = lived(&sized(16), &[Preset::ProductTeams, Preset::Tribute]);
    let breadth = [0, 1].map(|row| mean(&it, row, Metric::BreadthPercent));
    assert!(breadth[0] < breadth[1], "{breadth:?}");
}

#[test]
fn a_service_centre_is_quicker_than_a_tribute_with_its_usual_staff() {
    let it = lived(&sized(16), &[Preset::ServiceCentre, Preset::Tribute]);
    lower(&it, Metric::WaitP90);
    // Most of that is staffing, and every comparison says so beside it.
    assert!(it.rows[0].desk_share > 3.5 * it.rows[1].desk_share, "{:?}", it.rows);
}

/// The account says that a shield makes room to build. At eight people it does not: whoever sits at
/// the desk builds nothing, and that is more than interruptions took from everybody.
#[test]
fn a_shield_does_not_raise_hours_of_building_at_small_size() {
    let it = lived(&sized(8), &[Preset::Tribute, Preset::AdHoc]);
    lower(&it, Metric::RoadmapHours);
}

/// Nothing that is compared with itself wins; the desk of a tribute at sixteen people is called
/// saturated from the work that is offered, and the warning comes before the end.
#[test]
fn saturation_is_foreseen_from_offered_load() {
    let expectation = Expectation { wait_p90_target_hours: 8.0, growth_per_week: weekly(1.0) };
    let slower = Assumptions { slow_down: 1.1, ..Assumptions::NONE };
    let weeks = [4, 8, 16].map(|people| {
        let company = sized(people);
        let items = draw(&company.sources(), company.arrivals(), Draw { seed: 1, replication: 0 });
        let structure = company.structure(Preset::Tribute);
        let [load] = &loads(&company.organisation, &items, &structure, &slower, &expectation)[..]
        else {
            panic!("a tribute has one desk")
        };
        println!("{people}: {load:?}");
        (load.target_weeks, load.breaks_weeks)
    });
    assert_eq!(weeks[2], (Some(0), Some(0)));
    for (target, breaks) in weeks {
        assert!(target.unwrap() <= breaks.unwrap(), "{weeks:?}");
    }
    assert!(weeks[0] > weeks[1] && weeks[1] > weeks[2], "{weeks:?}");
}

#[test]
fn what_is_the_same_is_never_told_apart() {
    let it = lived(&sized(8), &[Preset::Tribute, Preset::Tribute]);
    assert!(it.differences.iter().all(|it| it.winner().is_none()), "{:?}", it.differences);
    assert_eq!(it.pareto(), [0, 1]);
    assert_eq!(it.rows[0].estimates.len(), METRICS.len());
}

/// The more is compared, the wider every interval: by the ratio of the quantiles, exactly.
#[test]
fn intervals_hold_together() {
    let two = lived(&sized(8), &[Preset::Tribute, Preset::AdHoc]);
    let three = lived(&sized(8), &[Preset::Tribute, Preset::AdHoc, Preset::Embedded]);
    let width = |it: &Comparison| {
        let tail = 0.05 / 2.0 / crate::number::count(it.differences.len());
        let width = it.difference(Metric::WaitP90, 0, 1).unwrap().estimate.half_width;
        width / crate::statistics::student(1.0 - tail, 11.0)
    };
    assert_eq!((two.differences.len(), three.differences.len()), (10, 30));
    assert!((width(&two) / width(&three) - 1.0).abs() < 1e-9);
}

/// The same structure behind a triage that takes a day is dominated, and only that one.
#[test]
fn what_is_worse_in_everything_is_dominated() {
    let company = Company { always: true, ..sized(16) }.built();
    let mut experiment = company.experiment(&[Preset::ServiceCentre, Preset::ServiceCentre]);
    experiment.structures[1].triage.delay_ms = 24 * crate::number::HOUR_MS;
    let it = experiment.compare(&plan(12), &OneByOne).unwrap();
    assert_eq!(it.pareto(), [0], "{:?}", it.differences);
}

/// The ranking of these two turns on how slow strangers are; between two others it does not.
#[test]
fn where_the_ranking_flips_nobody_can_tell() {
    let answer = |presets: [Preset; 2], range: (f64, f64)| {
        let mut experiment = sized(16).experiment(&presets);
        experiment.assumptions.slow_down = 1.2;
        let ranges = Sweep { ranges: vec![(Parameter::SlowDown, range.0, range.1)] };
        let found = sweep(&experiment, &plan(12), &ranges, &OneByOne).unwrap();
        let [Answer { better, .. }] = &found.answers[..] else { panic!("one pair") };
        println!("{presets:?}: {better:?}");
        better.clone()
    };
    let flips = answer([Preset::ServiceCentre, Preset::ProductTeams], (1.0, 6.0));
    let Err(reasons) = flips else { panic!("{flips:?}") };
    let [Reason::TurnsOn { parameter, value, flips_near: Some(flip) }] = reasons[..] else {
        panic!("{reasons:?}")
    };
    assert_eq!((parameter, value), (Parameter::SlowDown, 6.0));
    assert!(1.2 < flip && flip < 6.0, "{flip}");
    assert_eq!(answer([Preset::ServiceCentre, Preset::Tribute], (1.0, 6.0)), Ok(0));
    assert_eq!(answer([Preset::Tribute, Preset::Tribute], (1.0, 6.0)), Err(vec![Reason::Luck]));
}

/// The tornado says the same as the points it is made of, the widest bar first; and whoever loses a pair
/// is not ahead.
#[test]
fn the_tornado_stands_on_its_widest_bar() {
    let mut experiment = sized(16).experiment(&[Preset::ServiceCentre, Preset::ProductTeams]);
    experiment.assumptions.slow_down = 1.2;
    let ranges = vec![
        (Parameter::ResumptionMinutes, 1.0, 25.0),
        (Parameter::SlowDown, 1.0, 6.0),
        (Parameter::Work, 0.8, 1.25),
    ];
    let found = sweep(&experiment, &plan(12), &Sweep { ranges }, &OneByOne).unwrap();
    let bars = found.tornado(Metric::WaitP90, 0, 1);
    let order: Vec<Parameter> = bars.iter().map(|it| it.parameter).collect();
    assert_eq!(order, [Parameter::SlowDown, Parameter::Work, Parameter::ResumptionMinutes]);
    assert!(bars.windows(2).all(|it| it[0].swing() >= it[1].swing()), "{bars:?}");
    for bar in &bars {
        for end in [bar.low, bar.high] {
            let at = |it: &&crate::compare::Point| {
                it.parameter == bar.parameter && it.value.total_cmp(&end.value).is_eq()
            };
            let point = found.points.iter().find(at).unwrap();
            let difference = point.comparison.difference(Metric::WaitP90, 0, 1).unwrap();
            assert_eq!(difference.estimate, end.difference);
        }
    }
    assert!(bars[0].flips_near.is_some_and(|it| 1.2 < it && it < 6.0), "{bars:?}");
    assert_eq!(bars[2].flips_near, None);
    let standing = found.standing(Metric::WaitP90);
    assert_eq!(
        (standing.winner(), standing.ahead.len(), standing.closest()),
        (None, 2, Some((0, 1)))
    );

    let certain = sized(16).experiment(&[Preset::Tribute, Preset::ServiceCentre]);
    let ranges = Sweep { ranges: vec![(Parameter::SlowDown, 1.0, 2.0)] };
    let found = sweep(&certain, &plan(12), &ranges, &OneByOne).unwrap();
    let standing = found.standing(Metric::WaitP90);
    assert_eq!((standing.winner(), standing.behind), (Some(1), vec![0]));
}

/// More people at desks leave less building: of several staffs the one is taken that costs as much as
/// was asked for, and a structure that cannot be moved stays as it is.
#[test]
fn staff_is_moved_until_costs_are_equal() {
    let company = sized(16);
    let experiment = company.experiment(&[Preset::AdHoc, Preset::Tribute]);
    let staffed = |staff: usize| {
        let numbers = Preset::Tribute.usual(&company.organisation);
        Preset::Tribute
            .structure(&company.organisation, &crate::presets::Numbers { staff, ..numbers })
    };
    let ad_hoc = experiment.structures[0].clone();
    let candidates = vec![vec![ad_hoc], (1..=6).map(staffed).collect()];
    let paid = experiment.paid_hours();
    assert!((paid - 40.0).abs() < 1e-9, "{paid}");
    let at_a_time = |it: &Structure| {
        let from_ms = it.desks[0].turns[0].span.from_ms;
        it.desks[0].turns.iter().filter(|it| it.span.from_ms == from_ms).count()
    };
    for staff in 1_usize..=6 {
        let alone = Experiment { structures: vec![staffed(staff)], ..experiment.clone() };
        let hours = alone.replicate(0).unwrap()[0].get(Metric::RoadmapHours).unwrap();
        assert!(hours < paid * (1.0 - crate::number::count(staff) / 16.0), "{staff}: {hours}");
        let found = experiment.nearest_in_cost(&candidates, hours, &OneByOne).unwrap();
        assert_eq!((found[0].desks.len(), at_a_time(&found[1])), (0, staff));
    }
}

/// Specialists who also help everywhere sit at a desk once, not twice.
#[test]
fn whoever_serves_two_desks_is_counted_once() {
    let company = sized(16);
    let share = |preset: Preset| {
        let it = company.structure(preset);
        let all: i64 = company
            .organisation
            .people
            .iter()
            .map(|it| it.calendar.open_ms(company.organisation.within))
            .sum();
        crate::number::float(it.dedicated_ms(&company.organisation)) / crate::number::float(all)
    };
    // Four teams, hence four of sixteen.
    for preset in [Preset::Embedded, Preset::TeamsWithOverflow, Preset::ProductTeams] {
        assert!((share(preset) - 0.25).abs() < 1e-3, "{preset:?}: {}", share(preset));
    }
}
