//! The same arrivals and sizes in Ciw, freshly installed, item by item.
//!
//! `tests::ciw` holds what Ciw once said as digests; here it is asked again, so that a new release of it
//! would be noticed. Needs `python3-venv` and a package index; where they are missing this fails.
#![cfg(feature = "servers")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use whatif::calendar::{Calendar, Span};
use whatif::number::{HOUR_MS, WEEK_MS, count, from_hours};
use whatif::random::Length;
use whatif::simulate;
use whatif::structure::{
    Assumptions, AtEnd, Dedication, Desk, OffHours, Order, Preempt, Structure, Target, Triage, Turn,
};
use whatif::world::{
    Arrivals, CLASSES, Class, Component, Draw, Item, Organisation, Person, Source, draw,
};

const CIW: &str = "ciw==3.2.7";

/// Reads `class,created,size` lines, runs them through one queue and prints `class,created,began,ended`
/// in whole milliseconds.
const PROGRAM: &str = r#"
import sys, ciw
servers, classes, priorities = int(sys.argv[1]), ["page", "ticket"], sys.argv[2]
items = [line.split(",") for line in open(sys.argv[3])]
arrivals, sizes = {}, {}
for name in classes:
    times = [int(created) for (which, created, size) in items if which == name]
    gaps = [after - before for before, after in zip([0] + times, times)]
    arrivals[name] = [ciw.dists.Sequential(gaps + [float("inf")])]
    sizes[name] = [ciw.dists.Sequential([int(size) for (which, created, size) in items if which == name])]
more = {}
if priorities == "classes":
    more["priority_classes"] = {"page": 0, "ticket": 1}
network = ciw.create_network(
    arrival_distributions=arrivals, service_distributions=sizes, number_of_servers=[servers], **more)
simulation = ciw.Simulation(network)
simulation.simulate_until_max_time(10**12)
for it in simulation.get_all_records():
    if it.record_type == "service":
        print(f"{it.customer_class},{round(it.arrival_date)},{round(it.service_start_date)},{round(it.service_end_date)}")
"#;

#[test]
fn ciw_begins_and_ends_every_item_in_the_same_millisecond() {
    let home = std::env::temp_dir().join(format!("whatif-ciw-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("a folder for the test");
    let python = environment(&home);
    let check = |servers: usize, order: Order, name: &str, seed: u64| {
        let organisation = organisation(servers);
        let which = Draw { seed, replication: 0 };
        let mut items = draw(&sources(servers), organisation.within, which);
        // Two of one class in one millisecond have no order that both could know.
        items.dedup_by_key(|it| (it.class, it.created_ms));
        let file = home.join("items");
        let lines = items.iter().fold(String::new(), |mut text, it| {
            let _ = writeln!(text, "{},{},{}", it.class.name(), it.created_ms, it.size_ms);
            text
        });
        std::fs::write(&file, lines).expect("written");
        let mut ask = Command::new(&python);
        ask.args(["-c", PROGRAM, &servers.to_string(), name]).arg(&file);
        let said = ask.output().expect("started");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let said = String::from_utf8(said.stdout).expect("UTF-8");
        let mut theirs: Vec<String> = said.lines().map(str::to_owned).collect();
        let mut ours = lived(&organisation, &items, order);
        theirs.sort_unstable();
        ours.sort_unstable();
        assert!(ours.len() > 1_000, "{} items", ours.len());
        let differs = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
        assert_eq!(differs, None, "{servers} servers, {name}, seed {seed}: ours and theirs");
        assert_eq!(ours.len(), theirs.len(), "{servers} servers, {name}, seed {seed}");
    };
    for seed in [1, 2] {
        check(1, Order::FirstCome, "none", seed);
        check(3, Order::FirstCome, "none", seed);
        check(6, Order::FirstCome, "none", seed);
        check(1, Order::ByClass, "classes", seed);
        check(4, Order::ByClass, "classes", seed);
    }
    std::fs::remove_dir_all(home).expect("ours");
}

/// A Python environment of this test with Ciw in it; gives its interpreter.
fn environment(home: &Path) -> PathBuf {
    let folder = home.join("venv");
    let run = |command: &mut Command| {
        let done = command.output().expect("python3 is there");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    let python = folder.join("bin/python");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CIW];
    run(Command::new(&python).args(pip));
    python
}

fn lived(organisation: &Organisation, items: &[Item], order: Order) -> Vec<String> {
    let span = organisation.within;
    let desk = Desk {
        name: "desk".to_owned(),
        turns: (0..organisation.people.len()).map(|person| Turn { person, span }).collect(),
        order,
        preempt: Preempt::Never,
        overflow: None,
        dedicated: Dedication::Full,
        off_hours: OffHours::Wait,
    };
    let structure = Structure {
        name: "ciw".to_owned(),
        desks: vec![desk],
        personal: Order::FirstCome,
        personal_preempt: Preempt::Never,
        routes: vec![Target::Desk(0); CLASSES.len()],
        priorities: [0, 1, 2, 3, 4],
        triage: Triage { delay_ms: 0, error_share: 0.0, bounce_ms: 0 },
        at_end: AtEnd::Keep,
    };
    let history = simulate(organisation, items, &structure, &Assumptions::NONE);
    let audited = history.audit(organisation, items, &structure);
    assert!(audited.is_ok(), "{audited:?}");
    let ended = history.records.iter().filter_map(|it| {
        let (began, over) = (it.started_ms?, it.finished_ms?);
        Some(format!("{},{},{began},{over}", it.class.name(), it.created_ms))
    });
    ended.collect()
}

fn sources(servers: usize) -> [Source; 2] {
    [(Class::Page, 0.3, 0.5), (Class::Ticket, 0.6, 1.0)].map(|(class, per_hour, mean)| Source {
        class,
        components: vec![0],
        arrivals: Arrivals::Poisson {
            gap_ms: 3.6e6 / (per_hour * count(servers)),
            during: Calendar::always(Span { from_ms: 0, to_ms: 2_000 * HOUR_MS }),
        },
        length: Length::LogNormal { mean_ms: from_hours(mean), variation: 2.0 },
        due_after_ms: None,
        cost_per_hour: 1.0,
    })
}

fn organisation(servers: usize) -> Organisation {
    let within = Span { from_ms: 0, to_ms: 100 * WEEK_MS };
    let person = |number: usize| Person {
        name: number.to_string(),
        calendar: Calendar::always(within),
        night: Calendar::of(vec![]),
        team: 0,
        skills: vec![1.0],
    };
    Organisation {
        within,
        people: (0..servers).map(person).collect(),
        teams: vec![],
        components: vec![Component { name: "it".to_owned(), owner: None }],
    }
}
