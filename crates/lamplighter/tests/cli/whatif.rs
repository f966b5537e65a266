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
      hint: the book explains every field under `Another way of working`
    ");
    assert_snapshot!(typed(&home, "whatif none.yaml"), @r"
    exit code 1
    --- output
    --- errors
    error: could not read none.yaml
      No such file or directory (os error 2)
      hint: a file to begin with is in examples/whatif.yaml
    ");
    std::fs::remove_dir_all(home).expect("ours");
}
