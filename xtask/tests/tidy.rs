//! The shape of the repository: files that say what they are, maps that match the land.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a Rust file; beyond, it is split by idea.
const FILE_LINES_MAX: usize = 800;

/// What must not stand in Rust code, what to do instead, and where it may stand after all. Written in
/// two parts so that this file does not find itself.
const BANNED: &[(&str, &str, &str, &[&str])] = &[
    ("todo", "!(", "build it, or leave it out", &[]),
    ("unimplemented", "!(", "build it, or leave it out", &[]),
    ("#[ig", "nore", "find the cause and mend it", &[]),
    ("#[all", "ow(", "use #[expect(…, reason = \"…\")]", &[]),
    ("db", "g!(", "use tracing, or nothing", &[]),
    ("reqwest::", "Client", "go out through egress::Client", &["crates/egress/src"]),
    ("reqwest::", "get(", "go out through egress::Client", &[]),
    ("hyper_util::", "client", "go out through egress::Client", &[]),
    ("hyper::", "client", "go out through egress::Client", &[]),
    ("SystemTime::", "now", "take `now: Timestamp`", &["crates/driver/src", "/tests/"]),
];

#[test]
fn every_rust_file_says_what_it_is_and_is_short_enough() {
    for path in files("rs") {
        let text = fs::read_to_string(&path).expect("readable");
        assert!(text.starts_with("//!"), "{}: begin with `//!` and what it is", path.display());
        let count = text.lines().count();
        assert!(count <= FILE_LINES_MAX, "{}: {count} lines; split it by idea", path.display());
    }
}

#[test]
fn banned_words_do_not_stand_in_code() {
    for path in files("rs") {
        let text = fs::read_to_string(&path).expect("readable");
        let shown = path.display().to_string();
        for (first, second, instead, except) in BANNED {
            if except.iter().any(|it| shown.contains(it)) {
                continue;
            }
            let word = format!("{first}{second}");
            let found = text.lines().position(|it| it.contains(&word));
            assert!(found.is_none(), "{shown}:{}: {word}: {instead}", found.unwrap_or(0) + 1);
        }
    }
}

#[test]
fn the_map_names_every_crate_and_no_other() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("readable");
    let named: BTreeSet<String> = map
        .lines()
        .filter(|it| it.starts_with("| ") && it.contains('`'))
        .filter_map(|it| it.split('`').nth(1).map(str::to_owned))
        .collect();
    let present: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .expect("readable")
        .map(|it| it.expect("readable").file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(named, present);
}

#[test]
fn links_between_documents_lead_somewhere() {
    for path in files("md") {
        let text = fs::read_to_string(&path).expect("readable");
        let folder = path.parent().expect("a file in a folder");
        for target in text.split("](").skip(1).filter_map(|it| it.split(')').next()) {
            let file = target.split('#').next().unwrap_or("");
            let foreign = target.contains("://") || file.is_empty() || file.contains(' ');
            assert!(foreign || folder.join(file).exists(), "{}: {target}", path.display());
        }
    }
}

#[test]
fn every_decision_is_listed() {
    let folder = root().join("docs/adr");
    let list = fs::read_to_string(folder.join("README.md")).expect("readable");
    for entry in fs::read_dir(&folder).expect("readable") {
        let name = entry.expect("readable").file_name().into_string().expect("UTF-8");
        assert!(name == "README.md" || list.contains(&name), "docs/adr/README.md: list {name}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.file_name().and_then(|it| it.to_str()).unwrap_or("");
            if path.is_dir() {
                let skipped = name.starts_with('.')
                    || name.starts_with("target")
                    || ["dist", "node_modules"].contains(&name);
                if !skipped {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
