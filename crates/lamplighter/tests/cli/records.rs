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
    export_of(&[(Preset::Tribute, 0..42)])
}

/// The same of structures one after the other, each for so many weeks.
fn export_of(eras: &[(Preset, std::ops::Range<i64>)]) -> String {
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
    let mut text = "key,type,component,created,started,resolved,minutes\n".to_owned();
    let time = |it: Option<i64>| {
        it.map_or(String::new(), |it| {
            model::Timestamp(it - it % 60_000).to_string().replace(".000Z", "Z")
        })
    };
    let mut number = 0;
    for (preset, weeks) in eras {
        let structure = preset.structure(&organisation, &preset.usual(&organisation));
        let in_force = START_MS + weeks.start * WEEK_MS..START_MS + weeks.end * WEEK_MS;
        let mut items = items.clone();
        items.retain(|it| in_force.contains(&it.created_ms));
        let history = whatif::simulate(&organisation, &items, &structure, &assumptions);
        for (record, life) in history.records.iter().zip(whatif::signs::lives(&history)) {
            number += 1;
            let worked = life.worked_ms.filter(|_| life.finished_ms.is_some());
            let _ = writeln!(
                text,
                "T-{number},{},{},{},{},{},{}",
                if record.class == Class::Page { "incident" } else { "support" },
                organisation.components[record.component].name,
                time(Some(record.created_ms)),
                time(life.started_ms),
                time(life.finished_ms),
                worked.map_or(String::new(), |it| (it / 60_000).max(1).to_string()),
            );
        }
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
    // Waits of pages are looked at apart: whether somebody gets up at night is lost among tickets.
    let asleep = std::fs::read_to_string(Path::new(ROOT).join("examples/whatif-records.yaml"));
    let asleep = asleep.expect("readable").replace(
        "structures: [ad-hoc, tribute, product-teams]",
        "structures: [{ preset: tribute, name: tribute, answer_at_night: false }]",
    );
    std::fs::write(home.join("w.yaml"), asleep).expect("written");
    let said = typed(&home, "whatif w.yaml");
    assert!(said.contains("Off: page begun, p90 h."), "{said}");
    std::fs::remove_dir_all(home).expect("ours");
}

/// Four months of tribute, then a duty per team: the second is foretold from the first, or nothing is
/// compared.
#[test]
fn what_two_eras_say_about_a_change() {
    let home = folder("records-eras");
    let export = export_of(&[(Preset::Tribute, 0..16), (Preset::ProductTeams, 16..42)]);
    std::fs::write(home.join("tickets.csv"), export).expect("written");
    let example = std::fs::read_to_string(Path::new(ROOT).join("examples/whatif-records.yaml"));
    let example = example.expect("readable");
    let now = "now: tribute        # the structure that was in force while these were recorded";
    let ask = |eras: &str, command: &str| {
        std::fs::write(home.join("w.yaml"), example.replace(now, eras)).expect("written");
        run(&home, command)
    };
    let eras =
        "eras: [{start: 2026-01-05, structure: tribute}, {start: 2026-04-27, structure: SECOND}]";
    let output = ask(&eras.replace("SECOND", "product-teams"), "whatif w.yaml --json");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["calibration"]["eras"]["passed"], true, "{value}");
    assert_eq!(value["calibration"]["now"], "product-teams");
    let left = &value["calibration"]["eras"]["left"][0];
    assert_eq!(
        (&left["parameter"], &left["narrowed"]),
        (&"slow_down".into(), &true.into()),
        "{left}"
    );
    let output = ask(&eras.replace("SECOND", "ad-hoc"), "whatif w.yaml");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("The second era was not foretold from the first"), "{said}");
    let wrong = |eras: &str, expect: &str| {
        let output = ask(eras, "whatif w.yaml");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!output.status.success() && said.contains(expect), "{said}");
    };
    wrong("eras: [{start: yesterday, structure: tribute}]", "eras: `yesterday` is no day");
    wrong("eras: [{start: 2026-01-05, structure: tribut}]", "`tribut` is none of the structures");
    wrong("now: ad-hoc\n  eras: [{start: 2026-01-05, structure: tribute}]", "leave `now` out");
    wrong("timezone: UTC", "write under `now` the structure");
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

/// Six people, two of them on duty for a week each; rows say who works from when on.
#[test]
fn how_people_work_is_shown_with_the_lists_beside() {
    let home = folder("records-people");
    let mut text = "id,type,component,created,status,changed,assignee,team,resolved\n".to_owned();
    for day in 5..=16 {
        for (hour, class) in [(10, "page"), (14, "ticket")] {
            let at = |minute: i32| format!("2026-01-{day:02}T{hour:02}:{minute:02}:00Z");
            let (created, over) = (at(0), at(30));
            // Whoever is on duty begins; on even days somebody else ends.
            let (first, second) = if day < 12 { ("p1", "p3") } else { ("p2", "p4") };
            let rows = [(0, "new", ""), (5, "working", first), (20, "resting", first)];
            let over_to = if day % 2 == 0 { second } else { first };
            let rows = rows.into_iter().chain([(20, "working", over_to), (30, "done", over_to)]);
            for (minute, state, who) in rows {
                let _ = writeln!(
                    text,
                    "{class}{day},{class},{hour}h,{created},{state},{},{who},a,{over}",
                    at(minute)
                );
            }
        }
    }
    std::fs::write(home.join("t.csv"), text).expect("written");
    let mut people = "person,timezone,hours\n".to_owned();
    for number in 1..=6 {
        let _ = writeln!(people, "p{number},Asia/Kolkata,09:00-17:00");
    }
    std::fs::write(home.join("p.csv"), people).expect("written");
    let duty = "person,from,to\np1,2026-01-05T11:00:00Z,2026-01-12T09:00:00Z\n\
                p2,2026-01-12T09:00:00Z,2026-01-16T14:00:00Z\n";
    std::fs::write(home.join("d.csv"), duty).expect("written");
    let command = "records t.csv --people p.csv --duty d.csv --working working --owner 10h=a";
    let said = typed(&home, command);
    let said = said.split_once("how people work").expect("it is there").1;
    assert_snapshot!(said, @r"
    : 6 people
      interruptions, a person and week  1.25
      disrupted hours, same             1.25
      night pages, same                 0.00
      unbroken 2 h blocks, same         18.15
      duty load, Erlangs                0.04
      past the duty, % of items         54.17
      hand-overs an item                0.50
      ping-pong, % of items             0.00
      turn, days                        5.56
      of it effective, days             4.49
      run outside its team, %           0.00
      how items fall                    Gini 0.69, as chance would have it: a fair lottery gives 0.67 to 0.76, chances by hours on duty
      people seen, every 4 weeks        4
    --- errors
    ");
    // What is missing is named, and with few people nothing is shown.
    assert!(typed(&home, "records t.csv").contains("not shown: with fewer than 5 people"));
    let bare = typed(&home, "records t.csv --people p.csv");
    assert!(bare.contains("not in this export: duty load") && !bare.contains("Erlangs"), "{bare}");
    let wrong = |file: &str, text: &str, expect: &str| {
        std::fs::write(home.join(file), text).expect("written");
        let said = typed(&home, command);
        assert!(said.contains(expect), "{expect}: {said}");
    };
    wrong("d.csv", "p1,2026-01-05T11:00:00Z", "line 1: write person,from,to");
    wrong("d.csv", "p1,2026-01-05T11:00:00Z,2026-01-05T11:00:00Z", "it ends before it begins");
    wrong("d.csv", "p1,today,2026-01-05T11:00:00Z", "`today` is no instant");
    wrong("p.csv", "p1,Asia/Kolkatta,09:00-17:00", "`Asia/Kolkatta` is not known");
    wrong("p.csv", "p1,Asia/Kolkata,9-17", "write hours as 09:00-17:00, not `9-17`");
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

/// From an export to two pages: a draft that is refused until it was thought about, then the answer.
#[test]
fn a_draft_leads_from_an_export_to_the_two_pages() {
    let home = folder("records-draft");
    std::fs::write(home.join("tickets.csv"), export()).expect("written");
    let asked = "records tickets.csv --means incident=page --means support=ticket --owner gateway=devices \
                 --owner firmware=devices --draft w.yaml";
    let output = run(&home, asked);
    assert!(output.status.success(), "{output:?}");
    let draft = std::fs::read_to_string(home.join("w.yaml")).expect("written");
    assert_snapshot!(draft, @r#"
    # A draft. Change what is marked with <-, then:
    #   lamplighter whatif w.yaml --report answer.html
    weeks: 26
    teams:
      # <- your teams: how many people, their zone and hours, and which components each owns.
      "devices": { people: 0, timezone: UTC, hours: "09:00-17:00", owns: ["gateway", "firmware"] }
      my-team: { people: 0, timezone: UTC, hours: "09:00-17:00", owns: ["billing", "ledger"] }
    records:
      file: "tickets.csv"
      # <- how you worked while these were recorded: one of the structures below.
      now: how-did-you-work
      classes: { "incident": "page", "support": "ticket" }
    # Work that is in no record can stand beside it: hours that one takes somebody who knows it, and how much
    # they differ (spread: standard deviation over mean). Classes: page, ticket, request, change, roadmap.
    # work:
    #   - { class: request, per_week: 6, hours: 0.5, spread: 1.5, comes: working-hours }
    # Who takes work in. Your own can be written out: lamplighter whatif --example structures
    #   ad-hoc              everybody is asked directly
    #   tribute             one person at a time for the whole company, weekly
    #   collectives         a support and an operations desk of developers, quarterly
    #   product-teams       a duty per team, weekly
    #   service-centre      one permanent desk, by class
    #   embedded            a permanent specialist in each team
    #   short-first-pool    one permanent desk, short work first
    #   teams-with-overflow a duty per team, helped by the others when work waits
    structures: [ad-hoc, tribute, product-teams, service-centre]
    # It stops earlier where the answer is precise enough.
    replications: { max: 40 }
    # <- the longest wait at a desk, in hours while somebody sits there, that nine of ten may have: growth is
    # held against it.
    wait_target_hours: 16
    "#);
    // What was written by hand stays.
    let again = String::from_utf8(run(&home, asked).stderr).expect("UTF-8");
    assert!(again.starts_with("error: could not write w.yaml"), "{again}");
    let refused = |text: &str| {
        std::fs::write(home.join("w.yaml"), text).expect("written");
        String::from_utf8(run(&home, "whatif w.yaml --report r.html").stderr).expect("UTF-8")
    };
    let told = refused(&draft);
    assert!(told.contains("people in all teams: 0 is not between 2 and 200"), "{told}");
    let peopled = draft.replace("people: 0, timezone: UTC", "people: 4, timezone: Africa/Nairobi");
    let told = refused(&peopled);
    assert!(told.contains("`how-did-you-work` is none of the structures"), "{told}");
    refused(&peopled.replace("how-did-you-work", "tribute"));
    let report = std::fs::read_to_string(home.join("r.html")).expect("written");
    assert_eq!(report.matches("<section class=\"sheet\"").count(), 2);
    std::fs::remove_dir_all(home).expect("ours");
}

/// The path of a newcomer: the commands of the book to the letter, and what is marked filled in as the book
/// says. How long it took is printed, never asserted: a person reads and types besides.
#[test]
fn the_book_leads_a_newcomer_to_the_two_pages() {
    let home = folder("records-newcomer");
    std::fs::copy(Path::new(ROOT).join("examples/tickets.csv"), home.join("tickets.csv"))
        .expect("there");
    let book = std::fs::read_to_string(Path::new(ROOT).join("docs/book/src/whatif.md"));
    let book = book.expect("readable");
    let path = book.split("it is then three steps:\n\n```sh\n").nth(1).expect("the three steps");
    let steps: Vec<&str> = path.split("```").next().expect("they end").lines().collect();
    assert_eq!(steps.len(), 3, "{steps:?}");
    let begun = std::time::Instant::now();
    for step in steps {
        if let Some(by_hand) = step.strip_prefix("# ") {
            assert_eq!(by_hand, "change the lines marked with <- in answer.yaml");
            let draft = std::fs::read_to_string(home.join("answer.yaml")).expect("drafted");
            let teams = "devices: { people: 4, timezone: Africa/Nairobi, owns: [gateway, firmware] }\n  \
                         payments: { people: 4, timezone: Europe/Berlin, owns: [billing, ledger] }";
            let mut lines: Vec<String> = draft.lines().map(str::to_owned).collect();
            let marked: Vec<usize> = (0..lines.len())
                .filter(|it| lines[*it].contains("# <-"))
                .map(|it| it + 1)
                .collect();
            // Every mark stands over one line, and nothing else has to be changed.
            assert_eq!(marked.len(), 3, "{draft}");
            lines[marked[0]] = format!("  {teams}");
            lines[marked[1]] = "  now: tribute".to_owned();
            std::fs::write(home.join("answer.yaml"), lines.join("\n")).expect("ours");
            continue;
        }
        let arguments = step.strip_prefix("lamplighter ").expect("a command");
        let output = run(&home, arguments);
        assert!(output.status.success(), "{step}: {output:?}");
        println!("{:.1} s after the beginning: {step}", begun.elapsed().as_secs_f64());
    }
    let report = std::fs::read_to_string(home.join("answer.html")).expect("written");
    assert_eq!(report.matches("<section class=\"sheet\"").count(), 2);
    std::fs::remove_dir_all(home).expect("ours");
}

/// Two published data sets, read in place, go through the gate as any export does. Neither is compared, and
/// the book says so with these numbers.
#[test]
fn two_real_pasts_are_not_foretold() {
    let mut folders = Path::new(ROOT).ancestors().map(|it| it.join("shared/conformance/teams"));
    let Some(real) = folders.find(|it| it.is_dir()) else {
        println!("left out: two real data sets, because ../shared is not there");
        return;
    };
    let home = folder("records-real");
    let asked = |name: &str, records: &str, work: &str| {
        let text = format!(
            "weeks: 26\nteams: {{ infra: {{ people: 6, timezone: UTC, owns: [site] }} }}\n\
             records: {{ file: {}/{name}, now: ad-hoc{records} }}\n{work}\
             structures: [ad-hoc, tribute]\nreplications: {{ max: 20 }}\n",
            real.display()
        );
        std::fs::write(home.join("w.yaml"), text).expect("written");
        typed(&home, "whatif w.yaml")
    };
    let said = asked("servicenow-incidents.csv", ", times: \"%d-%m-%Y %H:%M\"", "");
    assert!(said.starts_with("exit code 1\n--- output\nnot compared: "), "{said}");
    assert!(said.contains("cover 0 whole weeks; at least 12 are needed"), "{said}");
    let work = "work: [{ class: ticket, per_week: 1, hours: 2 }]\n";
    let said = asked("jenkins-status-incidents.csv", "", work);
    assert!(said.starts_with("exit code 1\n--- output\nnot compared: "), "{said}");
    assert!(said.contains("280 pieces of work in 312 whole weeks"), "{said}");
    assert!(said.contains("median h       came     1.5, foretold    32.5 (3.2 to 266)  <- off"));
    assert!(said.contains("score 0.39 beside 0.57") && said.contains("Off: done, median h"));
    std::fs::remove_dir_all(home).expect("ours");
}
