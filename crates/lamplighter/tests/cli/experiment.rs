//! An experiment from its design to its review.

use crate::served::folder;
use crate::{run, typed};
use std::fmt::Write as _;
use std::path::Path;
use whatif::random::Stream;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// 6 October 2025, a Monday: half a year before the change.
const FIRST_MS: i64 = 1_759_708_800_000;
const WEEK_MS: i64 = 7 * 24 * 3_600_000;

/// A year of two teams with a row a week: from week 26 on one of them has 35 % fewer pages.
fn weekly() -> String {
    let stream = |source: u32| Stream::new(9, 0, source);
    let mut place = 0;
    let mut poisson = |mean: f64| {
        let (mut at, mut number) = (0.0, 0);
        loop {
            at += stream(0).exponential(place);
            place += 1;
            if at >= mean {
                return number;
            }
            number += 1;
        }
    };
    let mut text = "week,team,people,pages,wait_p90_hours\n".to_owned();
    for week in 0..52 {
        let at = model::Timestamp(FIRST_MS + week * WEEK_MS).to_string();
        let number = u64::try_from(week).expect("not negative");
        let season = (0.3 * stream(1).normal(number)).exp();
        for (team, people, mean) in [("payments", 6, 14.0), ("devices", 5, 12.0)] {
            let effect = if team == "payments" && week >= 26 { 0.65 } else { 1.0 };
            let pages = poisson(mean * season * effect);
            let noise = stream(2 + people).normal(number);
            let _ = writeln!(text, "{},{team},{people},{pages},{:.1}", &at[..10], 9.0 + noise);
        }
    }
    text
}

/// `LAMPLIGHTER_BLESS=1` writes it anew.
#[test]
fn the_example_is_made_with_a_known_effect() {
    let path = Path::new(ROOT).join("examples/weekly.csv");
    if std::env::var_os("LAMPLIGHTER_BLESS").is_some() {
        std::fs::write(&path, weekly()).expect("written");
    }
    let kept = std::fs::read_to_string(path).expect("readable");
    assert!(kept == weekly(), "examples/weekly.csv is not what this test makes");
}

#[test]
fn the_review_of_the_example_finds_what_was_put_in() {
    let output = run(Path::new(ROOT), "experiment review examples/experiment.yaml --json");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(output.status.success());
    let level = &value["metric"]["level"];
    let [low, high] = ["low", "high"].map(|it| level[it].as_f64().expect("a number"));
    assert!(low < 0.65 && 0.65 < high && high < 1.0, "{level}");
    assert_eq!(value["metric"]["scale"], "ratio");
    assert_eq!(value["plan"]["fingerprint"], value["plan"]["registered"]);
    let design = run(Path::new(ROOT), "experiment design examples/experiment.yaml --json");
    let design: serde_json::Value = serde_json::from_slice(&design.stdout).expect("JSON");
    let looks = design["metric"]["looks"].as_array().expect("looks");
    let ratios: Vec<f64> =
        looks.iter().map(|it| it["smallest_ratio"].as_f64().expect("a ratio")).collect();
    assert!(
        ratios.windows(2).all(|it| it[0] < it[1]),
        "more weeks find smaller effects: {ratios:?}"
    );
    assert!(looks.iter().any(|it| it["weeks"] == 26), "{looks:?}");
}

/// The book shows what the program says of the example.
#[test]
fn the_book_shows_the_design_and_the_review() {
    for command in
        ["experiment design examples/experiment.yaml", "experiment review examples/experiment.yaml"]
    {
        let output = run(Path::new(ROOT), command);
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let path = Path::new(ROOT).join("docs/book/src/experiment.md");
        let book = std::fs::read_to_string(&path).expect("readable");
        let head = format!("$ lamplighter {command}\n");
        let (before, rest) = book.split_once(&head).expect("the command is in the book");
        let (shown, after) = rest.split_once("```").expect("a block that ends");
        if std::env::var_os("LAMPLIGHTER_BLESS").is_some() {
            std::fs::write(&path, format!("{before}{head}{said}```{after}")).expect("written");
        } else {
            assert_eq!(shown, said, "put what the program says into the book");
        }
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let home = folder("experiment");
    std::fs::write(home.join("weekly.csv"), weekly()).expect("written");
    let example = std::fs::read_to_string(Path::new(ROOT).join("examples/experiment.yaml"));
    let example = example.expect("readable");
    let check = |from: &str, to: &str, command: &str, expect: &str| {
        assert!(example.contains(from), "{from}");
        std::fs::write(home.join("e.yaml"), example.replace(from, to)).expect("written");
        let said = typed(&home, command);
        assert!(said.contains(expect), "{expect}: {said}");
    };
    let review = "experiment review e.yaml";
    check("devices]", "payments]", review, "the team itself cannot be its own control");
    check("devices]", "desk]", review, "no row is about the team `desk`");
    check(
        "of: pages",
        "of: page",
        review,
        "there is no column `page`; there are pages, wait_p90_hours",
    );
    check("2026-04-06", "April", review, "start: `April` is no day");
    check("2026-10-05", "2026-04-09", review, "less than a week after the start");
    check("guards:\n  - {", "#", review, "name at least one number that must not suffer");
    check("weekly: weekly.csv", "", review, "write either `records` or `weekly`");
    check("weekly: weekly.csv", "weekly: gone.csv", review, "weekly: gone.csv: ");
    check("2026-10-05", "2026-12-07", review, "the records end on 2026-10-05, before the review");
    let early = "experiment review e.yaml --early";
    check("2026-10-05", "2026-12-07", early, "looked at before its review date");
    check("tolerated: 0.25", "tolerated: 0.3", review, "the plan is not the one");
    check("2026-04-06", "2025-10-20", review, "2 weeks before and 49 after");
    check("impact: level  ", "impact: level-and-slope  ", review, "in the last week ");
    check(
        "2026-10-05",
        "2026-12-07",
        "experiment design e.yaml",
        "the records go on after the start",
    );
    let table = weekly().replace("2025-10-13,payments", "2025-10-06,payments");
    std::fs::write(home.join("weekly.csv"), table).expect("written");
    check("x", "x", review, "the week 2025-10-06 is there twice for `payments`");
    std::fs::remove_dir_all(home).expect("ours");
}

/// The same question of an export of tickets, where the groups are the teams.
#[test]
fn an_export_of_tickets_will_do() {
    let home = folder("experiment-records");
    let mut text = "id,type,created,started,resolved,team,who\n".to_owned();
    let stream = Stream::new(3, 0, 0);
    let time = |at_ms: i64| model::Timestamp(at_ms).to_string();
    let (mut at_ms, mut number) = (FIRST_MS, 0_u64);
    while at_ms < FIRST_MS + 40 * WEEK_MS {
        let mean_hours = if at_ms < FIRST_MS + 24 * WEEK_MS { 12.0 } else { 24.0 };
        at_ms += whatif::number::from_hours(mean_hours * stream.exponential(number)).max(1);
        number += 1;
        for (class, later) in [("page", 0), ("ticket", 7_200_000)] {
            let (begun, over) = (at_ms + later + 600_000, at_ms + later + 3_600_000);
            let _ = writeln!(
                text,
                "{class}{number},{class},{},{},{},a,p{}",
                time(at_ms + later),
                time(begun),
                time(over),
                number % 4
            );
        }
    }
    std::fs::write(home.join("t.csv"), text).expect("written");
    let file = "hypothesis: fewer pages\nmetric: {of: interruptions, better: lower}\n\
                guards: [{of: wait_p90_hours, better: lower}, {of: tickets, better: higher}]\n\
                start: 2026-03-23\nreview: 2026-07-13\ntrend: false\nteam: a\n\
                records: {file: t.csv, columns: {person: who}}\n";
    std::fs::write(home.join("e.yaml"), file).expect("written");
    let output = run(&home, "experiment review e.yaml --json");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&said);
    let level = &value["metric"]["level"];
    let [low, high] = ["low", "high"].map(|it| level[it].as_f64().expect("a number"));
    assert!(low < 0.5 && 0.5 < high && high < 0.8, "{level}");
    let doubts = value["not_concluded"].to_string();
    assert!(doubts.contains("no other team") && doubts.contains("tickets may have"), "{doubts}");
    assert!(doubts.contains("no `registered` fingerprint"), "{doubts}");
    std::fs::write(home.join("e.yaml"), file.replace("team: a", "team: b")).expect("written");
    assert!(
        typed(&home, "experiment review e.yaml").contains("no piece of work came to the group `b`")
    );
    std::fs::remove_dir_all(home).expect("ours");
}
