//! The dependency direction of the workspace, as a test.
//!
//! A crate may depend only on workspace crates of a lower rank, and the pure crates must not reach,
//! even transitively, anything that can do I/O or draw random numbers.

use std::process::Command;

/// Rank of every crate; 0 is the bottom. A new crate starts with a line here and one in
/// ARCHITECTURE.md.
const RANK: &[(&str, u8)] = &[
    ("model", 0),
    ("slo", 1),
    ("alerting", 1),
    ("oncall", 1),
    ("paging", 1),
    ("incident", 1),
    ("busfactor", 1),
    ("whatif", 1),
    ("roster", 1),
    ("shadow", 1),
    ("replies", 1),
    ("experiments", 2),
    ("engine", 2),
    ("worklog", 3),
    ("wire", 4),
    ("catalog", 4),
    ("ingest", 4),
    ("formats", 4),
    ("egress", 4),
    ("moves", 5),
    ("store", 5),
    ("sources", 5),
    ("channels", 5),
    ("driver", 6),
    ("web", 7),
    ("server", 8),
    ("lamplighter", 9),
    ("testkit", 7),
    ("dst", 9),
];

/// Crates without I/O, and what would give it to them.
const PURE: &[&str] = &[
    "model",
    "slo",
    "alerting",
    "oncall",
    "paging",
    "incident",
    "busfactor",
    "whatif",
    "experiments",
    "roster",
    "shadow",
    "replies",
    "engine",
    "worklog",
    "formats",
    "moves",
];
const FORBIDDEN: &[&str] = &[
    "tokio",
    "rusqlite",
    "tokio-postgres",
    "axum",
    "reqwest",
    "ring",
    "getrandom",
    "rand",
    "hyper",
    "tracing",
];

#[test]
fn dependencies_point_downwards() {
    for (krate, rank) in RANK {
        for dep in dependencies(krate, "1") {
            let dep_rank = RANK.iter().find(|(name, _)| *name == dep).map(|(_, rank)| rank);
            assert!(dep_rank < Some(rank), "{krate} (rank {rank}) must not depend on {dep}");
        }
    }
}

#[test]
fn pure_crates_do_no_io() {
    for krate in PURE {
        for dep in dependencies(krate, "99") {
            assert!(!FORBIDDEN.contains(&dep.as_str()), "{krate} reaches {dep}");
        }
    }
}

#[test]
fn every_crate_has_a_rank() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(RANK.iter().any(|(krate, _)| *krate == name), "give crate {name} a rank");
    }
}

/// What `krate` depends on, without itself and without dev-dependencies.
fn dependencies(krate: &str, depth: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked"])
        .args(["--package", krate, "--depth", depth])
        .output()
        .expect("cargo tree starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    text.lines().skip(1).filter_map(|it| it.split(' ').next()).map(str::to_owned).collect()
}
