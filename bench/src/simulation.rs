//! Ways of working: how fast worlds are lived through, beside Ciw and `SimPy`, and how cost grows.
//!
//! Intuition: the same desk in three programs, counted by items and by processor time of one core. An item
//! is three events in each of them: it comes, it is begun, it is over. Then what a comparison takes as a
//! manager of fifty would ask for it, and the same with more people, items and years.
//!
//! Complications: Ciw and `SimPy` are libraries of Python and simulate anything; we simulate this. The ratio
//! says what a year costs in each, not who programs better. Ours draws its items within the time as well.

use crate::process::new_folder;
use crate::table::{Row, Table};
use anyhow::{Context as _, Result, ensure};
use std::hint::black_box;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use whatif::calendar::{Calendar, Hours, Span};
use whatif::compare::Replication;
use whatif::measure::Metric;
use whatif::number::{HOUR_MS, WEEK_MS, count, float, from_hours};
use whatif::presets::Preset;
use whatif::random::Length;
use whatif::structure::{
    Assumptions, AtEnd, Dedication, Desk, OffHours, Order, Preempt, Structure, Target, Triage, Turn,
};
use whatif::world::{
    Arrivals, CLASSES, Class, Component, Draw, Organisation, Person, Source, draw,
};
use whatif::{Experiment, Plan, Runner, simulate};

/// What the peers are, exactly.
const PEERS: [&str; 2] = ["ciw==3.2.7", "simpy==4.1.2"];
const PEERS_PY: &str = include_str!("peers.py");
const SERVERS: usize = 5;
const PER_HOUR: f64 = 4.0;
const PEER_HOURS: f64 = 10_000.0;
const EVENTS_PER_ITEM: f64 = 3.0;
const PRESETS: [Preset; 6] = [
    Preset::AdHoc,
    Preset::Tribute,
    Preset::Collectives,
    Preset::ProductTeams,
    Preset::ServiceCentre,
    Preset::Embedded,
];

pub(crate) fn simulation(table: &mut Table, _binary: &Path) -> Result<()> {
    let python = environment()?;
    let ours = EVENTS_PER_ITEM * items_per_second();
    for (peer, name) in [("ciw", "Ciw 3.2.7"), ("simpy", "SimPy 4.1.2")] {
        let said = said(Command::new(&python.0).arg(&python.1).args([
            "rate",
            peer,
            &SERVERS.to_string(),
            &PER_HOUR.to_string(),
            &PEER_HOURS.to_string(),
        ]))?;
        let theirs: f64 = said.trim().parse().context("a rate")?;
        let row = Row::alone("events of a desk lived through per core and second", ours, "1/s");
        table.add(row.more_is_better().beside(name, EVENTS_PER_ITEM * theirs));
    }
    year(table)?;
    growth(table);
    Ok(())
}

/// An interpreter with the peers, and the script they run.
fn environment() -> Result<(PathBuf, PathBuf)> {
    let folder = new_folder("peers")?;
    let script = folder.join("peers.py");
    std::fs::write(&script, PEERS_PY)?;
    said(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
    let python = folder.join("venv/bin/python");
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    said(Command::new(&python).args(quiet).args(PEERS))?;
    Ok((python, script))
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?} did not start"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {told}");
    Ok(String::from_utf8(output.stdout)?)
}

/// One desk of people who are always there, ours: the best of five, as disturbed least.
fn items_per_second() -> f64 {
    let within = Span { from_ms: 0, to_ms: from_hours(20.0 * PEER_HOURS) };
    let person = |number: usize| Person {
        name: number.to_string(),
        calendar: Calendar::always(within),
        night: Calendar::of(vec![]),
        team: 0,
        skills: vec![1.0],
    };
    let organisation = Organisation {
        within,
        people: (0..SERVERS).map(person).collect(),
        teams: vec![],
        components: vec![Component { name: "it".to_owned(), owner: None }],
    };
    let source = source(Class::Ticket, PER_HOUR * 168.0, 1.0, &[0], Calendar::always(within));
    let desk = Desk {
        name: "desk".to_owned(),
        turns: (0..SERVERS).map(|person| Turn { person, span: within }).collect(),
        order: Order::FirstCome,
        preempt: Preempt::Never,
        overflow: None,
        dedicated: Dedication::Full,
        off_hours: OffHours::Wait,
    };
    let structure = Structure {
        name: "desk".to_owned(),
        desks: vec![desk],
        personal: Order::FirstCome,
        personal_preempt: Preempt::Never,
        routes: vec![Target::Desk(0); CLASSES.len()],
        priorities: [0, 1, 2, 3, 4],
        triage: Triage { delay_ms: 0, error_share: 0.0, bounce_ms: 0 },
        at_end: AtEnd::Keep,
    };
    let sources = [source];
    let rate = |replication: u32| {
        let begun = on_core_ms();
        let items = draw(&sources, within, Draw { seed: 5, replication });
        black_box(simulate(&organisation, &items, &structure, &Assumptions::NONE));
        count(items.len()) / ((on_core_ms() - begun) / 1e3).max(1e-6)
    };
    (0..5).map(rate).fold(0.0, f64::max)
}

/// Items around the clock.
fn source(
    class: Class,
    per_week: f64,
    hours: f64,
    components: &[usize],
    during: Calendar,
) -> Source {
    Source {
        class,
        components: components.to_vec(),
        arrivals: Arrivals::Poisson { gap_ms: float(WEEK_MS) / per_week, during },
        length: Length::LogNormal { mean_ms: from_hours(hours), variation: 2.0 },
        due_after_ms: None,
        cost_per_hour: 1.0,
    }
}

/// Teams of five with three components each, in Berlin and Nairobi, with 3.4 items per person and week
/// times `times`.
fn company(people: usize, weeks: i64, times: f64) -> Experiment {
    let within = Span { from_ms: 0, to_ms: weeks * WEEK_MS };
    let teams = people.div_ceil(5);
    let zones = oncall::Zones::bundled();
    let days = vec![
        model::Weekday::Mon,
        model::Weekday::Tue,
        model::Weekday::Wed,
        model::Weekday::Thu,
        model::Weekday::Fri,
    ];
    let day = Hours { days, from_minute: 540, to_minute: 1_020, absent: vec![] };
    let calendars: Vec<Calendar> = ["Europe/Berlin", "Africa/Nairobi"]
        .into_iter()
        .map(|it| zones.get(it).expect("a known zone"))
        .map(|it| Calendar::compile(&day, &it, within))
        .collect();
    let components: Vec<Component> = (0..3 * teams)
        .map(|it| Component { name: format!("c{it}"), owner: Some(it / 3) })
        .collect();
    let person = |number: usize| Person {
        name: format!("p{number}"),
        calendar: calendars[(number / 5) % 2].clone(),
        night: Calendar::of(vec![]),
        team: number / 5,
        skills: (0..components.len())
            .map(|it| if it / 3 == number / 5 { 1.0 } else { 0.3 })
            .collect(),
    };
    let all: Vec<usize> = (0..components.len()).collect();
    let size = times * count(people) / 50.0;
    let work = [
        (Class::Page, 10.0, 1.0),
        (Class::Ticket, 90.0, 1.0),
        (Class::Request, 40.0, 0.5),
        (Class::Change, 30.0, 1.0),
    ];
    let sources = work
        .map(|(class, per_week, hours)| {
            source(class, per_week * size, hours, &all, Calendar::always(within))
        })
        .to_vec();
    let organisation = Organisation {
        within,
        people: (0..people).map(person).collect(),
        teams: (0..teams).map(|it| format!("t{it}")).collect(),
        components,
    };
    let structures = PRESETS
        .into_iter()
        .map(|it| it.structure(&organisation, &it.usual(&organisation)))
        .collect();
    Experiment {
        organisation,
        sources,
        arrivals: within,
        warm_up_ms: 4 * WEEK_MS,
        structures,
        assumptions: Assumptions {
            slow_down: 2.0,
            consult_share: 0.3,
            consult_ms: HOUR_MS / 2,
            resumption_ms: HOUR_MS / 5,
            handover_ms: HOUR_MS / 4,
            handover_loss: 0.1,
            learning: None,
        },
        seed: 1,
    }
}

/// Fifty people for a year, two hundred times, under six structures, on all cores.
fn year(table: &mut Table) -> Result<()> {
    let experiment = company(50, 52, 1.0);
    let plan = Plan {
        primary: Metric::WaitP90,
        replications_min: 200,
        replications_max: 200,
        relative_half_width: 0.0,
    };
    let before = resident_mb("VmRSS:")?;
    let begun = Instant::now();
    let found = experiment.compare(&plan, &AllCores).map_err(anyhow::Error::msg)?;
    ensure!(found.replications == 200, "two hundred were asked for");
    let what = "50 people, a year, 200 times, 6 structures, all cores";
    table.add(Row::alone(what, begun.elapsed().as_secs_f64(), "s"));
    let memory = resident_mb("VmHWM:")? - before;
    table.add(Row::alone(format!("{what}: memory on top"), memory, "MB"));
    Ok(())
}

/// One world under six structures, with more of one thing at a time; the best of three.
fn growth(table: &mut Table) {
    let cases = [
        ("25 people, their items, a year", company(25, 52, 1.0)),
        ("50 people, their items, a year", company(50, 52, 1.0)),
        ("100 people, their items, a year", company(100, 52, 1.0)),
        ("200 people, their items, a year", company(200, 52, 1.0)),
        ("50 people, half the items, a year", company(50, 52, 0.5)),
        ("50 people, twice the items, a year", company(50, 52, 2.0)),
        ("50 people, their items, 2 years", company(50, 104, 1.0)),
        ("50 people, their items, 4 years", company(50, 208, 1.0)),
    ];
    for (what, experiment) in cases {
        let once = |number: usize| {
            let begun = Instant::now();
            let _ = black_box(experiment.replicate(number));
            begun.elapsed().as_secs_f64() * 1e3
        };
        let best = (0..3).map(once).fold(f64::INFINITY, f64::min);
        table.add(Row::alone(format!("one world, 6 structures: {what}"), best, "ms"));
    }
}

/// How long this thread was on a core, as the peers count their own time.
fn on_core_ms() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = told.split_whitespace().next().and_then(|it| it.parse::<f64>().ok());
    first.unwrap_or(0.0) / 1e6
}

fn resident_mb(line: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|it| it.starts_with(line)).context("no such line")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib * 1024.0 / 1e6)
}

struct AllCores;

impl Runner for AllCores {
    fn run(
        &self,
        jobs: Range<usize>,
        job: &(dyn Fn(usize) -> Replication + Sync),
    ) -> Vec<Replication> {
        let next = AtomicUsize::new(jobs.start);
        let work = || {
            let mut mine = vec![];
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= jobs.end {
                    return mine;
                }
                mine.push((number, job(number)));
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut found: Vec<(usize, Replication)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|it| it.join().expect("no job panics")).collect()
        });
        found.sort_by_key(|it| it.0);
        found.into_iter().map(|it| it.1).collect()
    }
}
