//! From an export to an answer, or to an honest refusal.

use crate::served::folder;
use crate::{run, typed};
use insta::assert_snapshot;
use std::fmt::Write as _;
use std::path::Path;
use whatif::calendar::{Calendar, Hours, Span};
use whatif::number::WEEK_MS;
use whatif::presets::Preset;
use whatif::random::Length;
use whatif::structure::Assumptions;
use whatif::world::{Arrivals, Class, Component, Draw, Organisation, Person, Source, draw};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// 5 January 2026, a Monday.
const START_MS: i64 = 1_767_571_200_000;

/// The organisation of `examples/whatif-records.yaml`, forty-two weeks long.
fn organisation() -> Organisation {
    let within = Span { from_ms: START_MS, to_ms: START_MS + 42 * WEEK_MS };
    let days = [
        model::Weekday::Mon,
        model::Weekday::Tue,
        model::Weekday::Wed,
        model::Weekday::Thu,
        model::Weekday::Fri,
    ];
    let person = |number: usize| {
        let team = number / 4;
        let zone = oncall::Zones::bundled().get(["Africa/Nairobi", "Europe/Berlin"][team]);
        let zone = zone.expect("bundled");
        let hours = |from_minute, to_minute, days: &[model::Weekday]| Hours {
            days: days.to_vec(),
            from_minute,
            to_minute,
            absent: vec![],
        };
        Person {
            name: format!("p{number}"),
            calendar: Calendar::compile(&hours(540, 1_020, &days), &zone, within),
            night: Calendar::compile(&hours(1_320, 480, &days), &zone, within),
            team,
            skills: (0..4).map(|it| if it / 2 == team { 1.0 } else { 0.3 }).collect(),
        }
    };
    let components = ["gateway", "firmware", "billing", "ledger"].into_iter().enumerate();
    Organisation {
        within,
        people: (0..8).map(person).collect(),
        teams: vec!["devices".to_owned(), "payments".to_owned()],
        components: components
            .map(|(number, name)| Component { name: name.to_owned(), owner: Some(number / 2) })
            .collect(),
    }
}

/// What a ticket system would have kept of a year of tribute.
fn export() -> String {
    let organisation = organisation();
    let source = |(class, per_week, hours): (Class, f64, f64)| Source {
        class,
        components: vec![0, 1, 2, 3],
        arrivals: Arrivals::Poisson {
            gap_ms: 604_800_000.0 / per_week,
            during: Calendar::always(organisation.within),
        },
        length: Length::LogNormal { mean_ms: whatif::number::from_hours(hours), variation: 2.25 },
        due_after_ms: None,
        cost_per_hour: 1.0,
    };
    let sources = [(Class::Page, 2.0, 1.0), (Class::Ticket, 14.0, 0.8)].map(source);
    let items = draw(&sources, organisation.within, Draw { seed: 42, replication: 0 });
    let preset = Preset::Tribute;
    let structure = preset.structure(&organisation, &preset.usual(&organisation));
    let minutes = |it: i64| it * 60_000;
    let assumptions = Assumptions {
        slow_down: 2.0,
        consult_share: 0.3,
        consult_ms: minutes(30),
        resumption_ms: minutes(12),
        handover_ms: minutes(15),
        handover_loss: 0.1,
        learning: None,
    };
    let history = whatif::simulate(&organisation, &items, &structure, &assumptions);
    let mut text = "key,type,component,created,started,resolved,minutes\n".to_owned();
    let time = |it: Option<i64>| {
        it.map_or(String::new(), |it| {
            model::Timestamp(it - it % 60_000).to_string().replace(".000Z", "Z")
        })
    };
    let lives = whatif::signs::lives(&history);
    for (number, (record, life)) in history.records.iter().zip(lives).enumerate() {
        let worked = life.worked_ms.filter(|_| life.finished_ms.is_some());
        let _ = writeln!(
            text,
            "T-{},{},{},{},{},{},{}",
            number + 1,
            if record.class == Class::Page { "incident" } else { "support" },
            organisation.components[record.component].name,
            time(Some(record.created_ms)),
            time(life.started_ms),
            time(life.finished_ms),
            worked.map_or(String::new(), |it| (it / 60_000).max(1).to_string()),
        );
    }
    text
}

/// The export beside the example is what the simulator makes. `LAMPLIGHTER_BLESS=1` writes it anew.
#[test]
fn the_example_is_made_by_the_simulator() {
    let path = Path::new(ROOT).join("examples/tickets.csv");
    if std::env::var_os("LAMPLIGHTER_BLESS").is_some() {
        std::fs::write(&path, export()).expect("written");
    }
    let kept = std::fs::read_to_string(path).expect("readable");
    assert!(kept == export(), "examples/tickets.csv is not what the simulator makes");
}

#[test]
fn from_an_export_to_a_comparison() {
    let output = run(Path::new(ROOT), "whatif examples/whatif-records.yaml --json");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let value: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(value["calibrated"], true);
    assert_eq!(value["calibration"]["verdict"]["passed"], true);
    // What the export says comes again: sixteen a week.
    let weekly = value["items_per_week"].as_f64().expect("a number");
    assert!((13.0..19.0).contains(&weekly), "{weekly}");
    assert_eq!(value["comparison"]["structures"].as_array().map(Vec::len), Some(3));
}

/// The same export, believed to come from another structure.
#[test]
fn a_past_that_was_not_foretold_is_compared_with_nothing() {
    let home = folder("records-refused");
    std::fs::write(home.join("tickets.csv"), export()).expect("written");
    let example = std::fs::read_to_string(Path::new(ROOT).join("examples/whatif-records.yaml"));
    let wrong = example.expect("readable").replace("now: tribute ", "now: ad-hoc ");
    std::fs::write(home.join("w.yaml"), wrong).expect("written");
    let said = typed(&home, "whatif w.yaml");
    assert!(said.starts_with("exit code 1\n--- output\nnot compared: the recorded past"), "{said}");
    assert!(said.contains("<- off") && said.contains("`ad-hoc` was in force"), "{said}");
    assert!(!said.contains("pair by pair"), "{said}");
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn what_an_export_says_by_itself() {
    let home = folder("records");
    let mut text = "id;created;resolved;team\n".to_owned();
    for day in 1..=15 {
        let _ = writeln!(text, "{day};2026-03-{day:02} 09:00;2026-03-{day:02} 11:30;a");
        let _ = writeln!(text, "{day};2026-03-{day:02} 09:00;2026-03-{day:02} 11:30;b");
    }
    text += "x;03/04/2026 09:00;;a\n";
    std::fs::write(home.join("t.csv"), text).expect("written");
    assert_snapshot!(typed(&home, "records t.csv"), @r"
    exit code 0
    --- output
    31 rows, 15 pieces of work
    read: created from `created`, finished from `resolved`, group from `team`, id from `id`
    left out: 1, `created` is no time that can be read, first in line 32

    ticket: 15 in all, 7.5 a week
      bursts                variance of daily counts is 0.00 times their mean
      until begun           not recorded
      until over, h         median 2.5, p90 2.5, of those that are; 0 are open or were never closed
      worked                not recorded: what lies between beginning and end is work and waiting together
      between groups        1.00 hand-overs an item; 0.0 % came back to a group that had it
      typed, not measured   100 % of durations are whole quarters of an hour
    --- errors
    ");
    assert_snapshot!(typed(&home, "records t.csv --column created=opened"), @r"
    exit code 1
    --- output
    --- errors
    error: could not use t.csv
      there is no column `opened`; there are id, created, resolved, team
      hint: --column created=NAME says which column holds what; --times names a format
    ");
    std::fs::remove_dir_all(home).expect("ours");
}

/// The page of the book shows what the program says of the example.
#[test]
fn the_book_shows_what_the_export_says() {
    let command = "records examples/tickets.csv --means incident=page --means support=ticket";
    let output = run(Path::new(ROOT), command);
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let book = std::fs::read_to_string(Path::new(ROOT).join("docs/book/src/whatif.md"));
    let book = book.expect("readable");
    let shown = book.split(&format!("$ lamplighter {command}\n")).nth(1);
    let shown = shown.and_then(|it| it.split("```").next());
    assert_eq!(shown, Some(said.as_str()), "put what the program says into the book");
}
