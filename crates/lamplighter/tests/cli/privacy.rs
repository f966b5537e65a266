//! Nobody stands in an answer: every output of `records`, `whatif` and `busfactor` over inputs that are
//! full of names holds none of them, in text, for programs and in the report.
//!
//! Intuition: names that occur nowhere else go in, and whatever comes out is searched for them. The one
//! exception is a pairing, for whoever asks for it by name: two people are invited, nobody is ranked.

use crate::run;
use crate::served::folder;
use std::fmt::Write as _;
use std::path::Path;

/// Names, addresses and parts of them that nothing else is called.
const PEOPLE: [&str; 6] =
    ["Quillfeather", "Zubenelgenubi", "Xanthippe", "Wolkenstein", "Yggdrasilsson", "Thistlewood"];

/// Everything that a command writes, and the files it was told to write.
fn written(home: &Path, arguments: &str, files: &[&str]) -> String {
    let output = run(home, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut all = text(&output.stdout) + &text(&output.stderr);
    for file in files {
        all += &std::fs::read_to_string(home.join(file)).expect("written");
    }
    assert!(all.len() > 200, "{arguments} says something: {all}");
    all
}

#[track_caller]
fn names_nobody(home: &Path, arguments: &str, files: &[&str]) -> String {
    let said = written(home, arguments, files);
    let small = said.to_lowercase();
    for name in PEOPLE {
        assert!(!small.contains(&name.to_lowercase()), "{arguments} names {name}:\n{said}");
    }
    said
}

/// The export of the examples, with somebody in every row.
fn export() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("examples/tickets.csv")).expect("readable");
    let mut rows = text.lines();
    let mut all = format!("{},assignee\n", rows.next().expect("a head"));
    for (number, row) in rows.enumerate() {
        let _ = writeln!(all, "{row},{}", PEOPLE[number % PEOPLE.len()]);
    }
    all
}

#[test]
fn records_and_ways_of_working_name_nobody() {
    let home = folder("privacy-whatif");
    std::fs::write(home.join("tickets.csv"), export()).expect("ours");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let asked = std::fs::read_to_string(root.join("examples/whatif-records.yaml"));
    let asked = asked.expect("readable").replace("max: 40", "min: 4, max: 4");
    std::fs::write(home.join("w.yaml"), &asked).expect("ours");
    std::fs::write(home.join("wrong.yaml"), asked.replace("now: tribute ", "now: ad-hoc "))
        .expect("ours");
    let means = "--means incident=page --means support=ticket";
    let said = names_nobody(&home, &format!("records tickets.csv {means}"), &[]);
    assert!(said.contains("person from `assignee`"), "they were read: {said}");
    names_nobody(&home, &format!("records tickets.csv {means} --json"), &[]);
    for (file, mark) in [("w.yaml", "pair by pair"), ("wrong.yaml", "not compared")] {
        let said = names_nobody(&home, &format!("whatif {file} --report r.html"), &["r.html"]);
        assert!(said.contains(mark), "{said}");
        // Nor are the numbered people of a team, who exist in the simulation only.
        assert!(!said.contains("devices 1") && !said.contains("payments 2"), "{said}");
        names_nobody(&home, &format!("whatif {file} --json"), &[]);
    }
    std::fs::remove_dir_all(home).expect("ours");
}

/// Four people: how long they work is not told, in either form.
#[test]
fn small_groups_are_suppressed() {
    let home = folder("privacy-small");
    let few = export().replace(PEOPLE[4], PEOPLE[0]).replace(PEOPLE[5], PEOPLE[1]);
    std::fs::write(home.join("tickets.csv"), few).expect("ours");
    let asked = "records tickets.csv --means incident=page --means support=ticket";
    let said = names_nobody(&home, asked, &[]);
    assert!(said.contains("not shown: fewer than 5 people had these"), "{said}");
    assert!(!said.contains("worked, min"), "{said}");
    let json = names_nobody(&home, &format!("{asked} --json"), &[]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let classes = json["classes"].as_array().expect("a list");
    assert!(!classes.is_empty());
    for class in classes {
        assert_eq!(class["few_people"], true);
        assert!(class["worked_minutes_p50"].is_null() && class["worked_recorded"].is_null());
    }
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn the_bus_factor_names_nobody_unless_a_pairing_is_asked_for() {
    let home = folder("privacy-busfactor");
    // Ties everywhere: each person wrote as much as each other, so that any list would be chance.
    let (mut log, mut files, mut deeds) = (String::new(), String::new(), String::new());
    for (number, name) in PEOPLE.iter().enumerate() {
        let address = format!("{name}@example.org");
        let at = 1_767_225_600 + 86_400 * number;
        let _ = writeln!(log, "commit\t{number:040x}\t{at}\t{name}\t{address}");
        for file in 0..3 {
            let _ = writeln!(log, "A\tsrc/{number}{file}.rs");
            let _ = writeln!(files, "src/{number}{file}.rs");
        }
        let _ =
            writeln!(deeds, "2026-06-0{}T00:00:00Z,incident,service{number},{name}", number + 1);
    }
    std::fs::write(home.join("a.log"), log).expect("ours");
    std::fs::write(home.join("a.files"), files).expect("ours");
    std::fs::write(home.join("deeds.csv"), format!("at,kind,service,person\n{deeds}"))
        .expect("ours");
    let inputs = ["--log a.log --files a.files", "--evidence deeds.csv"];
    for input in inputs {
        for form in ["", "--json"] {
            names_nobody(&home, &format!("busfactor {input} {form}"), &[]);
        }
    }
    for method in ["avelino", "avelino --pruned", "jetbrains"] {
        for form in ["", "--json"] {
            names_nobody(&home, &format!("busfactor {} --method {method} {form}", inputs[0]), &[]);
        }
    }
    std::fs::remove_dir_all(home).expect("ours");
}
