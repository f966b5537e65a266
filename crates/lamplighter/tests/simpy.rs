//! The same desks in `SimPy`: what people wait agrees, in the mean over replications.
//!
//! Intuition: streams are not shared here (Ciw compares item by item on shared ones), so the two programs
//! live through different luck. Their means have to lie as near to each other as luck allows: four standard
//! errors of the difference, which chance exceeds once in sixteen thousand. Seeds are fixed on both sides.

#![cfg(feature = "servers")]

mod needs_server {
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use whatif::calendar::{Calendar, Span};
    use whatif::number::{count, float, from_hours, hours};
    use whatif::random::Length;
    use whatif::simulate;
    use whatif::structure::{
        Assumptions, AtEnd, Dedication, Desk, OffHours, Order, Preempt, Structure, Target, Triage,
        Turn,
    };
    use whatif::world::{
        Arrivals, CLASSES, Class, Component, Draw, Organisation, Person, Source, draw,
    };

    const SIMPY: &str = "simpy==4.1.2";
    const PEERS: &str = include_str!("../../../bench/src/peers.py");
    const REPLICATIONS: usize = 24;
    const HOURS: f64 = 3_000.0;

    /// Items an hour, mean hours, squared coefficient of variation.
    type Kind = (f64, f64, f64);

    #[test]
    fn desks_agree_with_simpy() {
        let home = std::env::temp_dir().join(format!("lamplighter-simpy-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).expect("a folder");
        let python = environment(&home);
        let script = home.join("peers.py");
        std::fs::write(&script, PEERS).expect("written");
        let check = |servers: usize, order: Order, kinds: &[Kind]| {
            let theirs = lived_in_simpy(&python, &script, servers, order, kinds);
            let ours = lived(servers, order, kinds);
            for kind in 0..kinds.len() {
                let [one, other] = [&ours, &theirs].map(|it| moments(it, kind));
                let apart = (one.0 - other.0).abs();
                let error = (one.1 + other.1).sqrt();
                println!(
                    "{servers} people, {order:?}, kind {kind}: ours {:.4}, theirs {:.4}, {:.2} errors",
                    one.0,
                    other.0,
                    apart / error
                );
                assert!(apart < 4.0 * error, "kind {kind} of {kinds:?}: {one:?}, {other:?}");
                // A test that any two numbers pass is none.
                assert!(error < 0.1 * one.0, "too few replications: {one:?}, {other:?}");
            }
        };
        check(1, Order::FirstCome, &[(0.7, 1.0, 1.0)]);
        check(2, Order::FirstCome, &[(1.4, 1.0, 2.0)]);
        check(3, Order::ByClass, &[(0.9, 0.5, 2.0), (1.6, 1.0, 2.0)]);
        std::fs::remove_dir_all(&home).expect("ours");
    }

    /// A Python environment of this test with `SimPy` in it.
    fn environment(home: &Path) -> PathBuf {
        let folder = home.join("venv");
        let run = |command: &mut Command| {
            let done = command.output().expect("python3 is there");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let python = folder.join("bin/python");
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", SIMPY];
        run(Command::new(&python).args(quiet));
        python
    }

    fn lived_in_simpy(
        python: &Path,
        script: &Path,
        servers: usize,
        order: Order,
        kinds: &[Kind],
    ) -> Vec<Vec<f64>> {
        let order = if order == Order::ByClass { "by-class" } else { "first-come" };
        let output = Command::new(python)
            .arg(script)
            .args(["waits", &servers.to_string(), order, &REPLICATIONS.to_string()])
            .arg(HOURS.to_string())
            .args(kinds.iter().map(|it| format!("{}:{}:{}", it.0, it.1, it.2)))
            .output()
            .expect("python3 is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("a list of lists")
    }

    /// Mean wait in hours per replication and kind; items come for so long, and all are done.
    fn lived(servers: usize, order: Order, kinds: &[Kind]) -> Vec<Vec<f64>> {
        let within = Span { from_ms: 0, to_ms: from_hours(2.0 * HOURS) };
        let arrivals = Span { to_ms: from_hours(HOURS), ..within };
        let classes = [Class::Page, Class::Ticket];
        let sources: Vec<Source> = kinds
            .iter()
            .zip(classes)
            .map(|((rate, mean, variation), class)| Source {
                class,
                components: vec![0],
                arrivals: Arrivals::Poisson {
                    gap_ms: float(from_hours(1.0)) / rate,
                    during: Calendar::always(arrivals),
                },
                length: Length::LogNormal { mean_ms: from_hours(*mean), variation: *variation },
                due_after_ms: None,
                cost_per_hour: 1.0,
            })
            .collect();
        let person = |number: usize| Person {
            name: number.to_string(),
            calendar: Calendar::always(within),
            night: Calendar::of(vec![]),
            team: 0,
            skills: vec![1.0],
        };
        let organisation = Organisation {
            within,
            people: (0..servers).map(person).collect(),
            teams: vec![],
            components: vec![Component { name: "it".to_owned(), owner: None }],
        };
        let desk = Desk {
            name: "desk".to_owned(),
            turns: (0..servers).map(|person| Turn { person, span: within }).collect(),
            order,
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
        let replications = u32::try_from(REPLICATIONS).expect("few");
        let one = |replication: u32| {
            let items = draw(&sources, arrivals, Draw { seed: 9, replication });
            let history = simulate(&organisation, &items, &structure, &Assumptions::NONE);
            let wait = |class: Class| {
                let of = history.records.iter().filter(|it| it.class == class);
                let waits: Vec<f64> = of
                    .map(|it| hours(it.started_ms.expect("all are done") - it.created_ms))
                    .collect();
                waits.iter().sum::<f64>() / count(waits.len())
            };
            classes.iter().take(kinds.len()).map(|it| wait(*it)).collect()
        };
        (0..replications).map(one).collect()
    }

    /// Mean over replications, and the square of its standard error.
    fn moments(runs: &[Vec<f64>], kind: usize) -> (f64, f64) {
        let n = count(runs.len());
        let mean = runs.iter().map(|it| it[kind]).sum::<f64>() / n;
        let squares: f64 = runs.iter().map(|it| (it[kind] - mean).powi(2)).sum();
        (mean, squares / (n - 1.0) / n)
    }
}
