//! `whatif`: the example of the book is what the program says, and what is wrong is named.

use crate::served::folder;
use crate::{run, typed};
use insta::assert_snapshot;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The page of the book shows this very example and this very answer.
#[test]
fn the_book_shows_what_the_program_says() {
    let read = |path: &str| std::fs::read_to_string(Path::new(ROOT).join(path)).expect("readable");
    let book = read("docs/book/src/whatif.md");
    let example = read("examples/whatif.yaml");
    assert!(book.contains(&format!("```yaml\n{example}```")), "the book shows another example");
    let output = run(Path::new(ROOT), "whatif examples/whatif.yaml");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "progress is for terminals");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let command = "$ lamplighter whatif examples/whatif.yaml\n";
    let shown = book.split(command).nth(1).and_then(|it| it.split("```").next());
    assert_eq!(shown, Some(said.as_str()), "put what the program says into the book");
}

/// The report is one file without script that names what it shows, and the same every time.
#[test]
fn the_report_is_one_file_of_two_sheets() {
    let home = folder("whatif-report");
    let asked =
        format!("whatif {ROOT}/examples/whatif.yaml --report {}/r.html --cores 2", home.display());
    let output = run(&home, &asked);
    assert!(output.status.success(), "{output:?}");
    let report = std::fs::read_to_string(home.join("r.html")).expect("written");
    assert!(run(&home, &asked).status.success());
    let again = std::fs::read_to_string(home.join("r.html")).expect("written");
    assert_eq!(report, again, "the same file, the same report");
    for absent in ["<script", "http:", "https:", "url(", "@import", " src=", "devices 1"] {
        assert!(!report.contains(absent), "{absent} stands in the report");
    }
    let count = |what: &str| report.matches(what).count();
    assert_eq!(
        (count("<section class=\"sheet\""), count("<svg"), count("role=\"img\"")),
        (2, 5, 5)
    );
    assert_eq!(count("<title>"), 1 + 5, "every picture has its words");
    let headings: Vec<&str> =
        report.split("<h2>").skip(1).map(|it| it.split("</h2>").next().expect("closed")).collect();
    assert_eq!(
        headings,
        [
            "For whom, and how sure",
            "No score: what is left",
            "The same question at equal staffing and at equal cost",
            "What the answer depends on",
            "Where the ranking flips",
            "Pair by pair",
            "When desks saturate",
            "Calibration",
            "What cannot be concluded",
        ]
    );
    for present in [
        "Cannot tell between service-centre and ad-hoc",
        "slow-down of a stranger 1 to 4",
        "flips near",
        "uncalibrated: what these inputs imply",
        "2 at desks in each",
        "which structure is &quot;better&quot;",
    ] {
        assert!(report.contains(present), "{present} is missing");
    }
    let nowhere = run(&home, &asked.replace("r.html", "none/r.html"));
    let told = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert!(told.starts_with("error: could not write") && told.contains("hint:"), "{told}");
    std::fs::remove_dir_all(home).expect("ours");
}

/// One core or several: the same bytes. And the answer never says that it is calibrated.
#[test]
fn cores_change_nothing() {
    let home = folder("whatif-cores");
    let file = r"
weeks: 8
teams:
  a: { people: 3, timezone: Europe/Berlin, owns: [x] }
  b: { people: 3, timezone: Africa/Nairobi, owns: [y] }
work: [{ class: ticket, per_week: 20, hours: 1 }, { class: page, per_week: 2, hours: 1 }]
structures: [tribute, product-teams]
replications: { min: 4, max: 8 }
";
    std::fs::write(home.join("w.yaml"), file).expect("written");
    let one = run(&home, "whatif w.yaml --json --cores 1");
    let many = run(&home, "whatif w.yaml --json --cores 5");
    assert!(one.status.success(), "{one:?}");
    assert!(one.stdout == many.stdout, "another answer from five threads");
    let value: serde_json::Value = serde_json::from_slice(&one.stdout).expect("JSON");
    assert_eq!(value["calibrated"], false);
    assert_eq!(value["label"], "uncalibrated: what these inputs imply");
    assert_eq!(value["comparison"]["replications"], 8);
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn what_is_wrong_is_named() {
    let home = folder("whatif-wrong");
    let file = "teams: {a: {people: 2, timezone: Europe/Berlin, owns: [x]}}\n\
                work: [{class: page, per_week: 2, hours: 1}]\n\
                structures: [tribut]\n";
    std::fs::write(home.join("w.yaml"), file).expect("written");
    assert_snapshot!(typed(&home, "whatif w.yaml"), @r"
    exit code 1
    --- output
    --- errors
    error: w.yaml does not describe ways of working
      structures: unknown preset `tribut`; known are ad-hoc, tribute, collectives, product-teams, service-centre, embedded, short-first-pool, teams-with-overflow
      hint: `lamplighter whatif --example question` prints one that does, with what its fields mean
    ");
    assert_snapshot!(typed(&home, "whatif none.yaml"), @r"
    exit code 1
    --- output
    --- errors
    error: could not read none.yaml
      No such file or directory (os error 2)
      hint: `lamplighter whatif --example question` prints a file to begin with
    ");
    std::fs::remove_dir_all(home).expect("ours");
}
