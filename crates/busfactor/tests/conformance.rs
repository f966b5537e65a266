//! The two published figures for monolog, from exported logs: 11 by Avelino et al., unpruned, on
//! 25 February 2015, and 1 by JetBrains on 25 May 2023. Greedy and exact agree on both.

use busfactor::{
    Exact, History, Identity, Keep, Merge, Method, Question, measure, read_files, read_log,
};
use std::path::{Path, PathBuf};

/// The folder with the cases, looked up the directory tree; they are not part of the repository.
fn cases() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|it| it.join("shared/conformance/busfactor"))
        .find(|it| it.is_dir())
}

#[track_caller]
fn check(name: &str, method: Method, expected: usize) {
    let Some(folder) = cases() else {
        println!("left out: {name} (shared/conformance/busfactor is not here)");
        return;
    };
    let read = |ending: &str| {
        let file = folder.join(format!("{name}.{ending}"));
        std::fs::read_to_string(&file).unwrap_or_else(|it| panic!("{}: {it}", file.display()))
    };
    let commits = read_log(&read("log")).expect("a log");
    let files = read_files(&read("files"));
    let history = History { name: name.to_owned(), commits, files, ..History::default() };
    for keep in [Keep::Code, Keep::All] {
        let measured = measure(&history, &Question { keep, ..Question::of(method) });
        println!("{name} {keep:?}: {measured:?}");
        assert_eq!(measured.bus_factor, Some(expected), "{keep:?}");
        assert_eq!(measured.exact, Exact::Found(expected), "{keep:?}");
        assert_eq!(measured.greedy, expected, "{keep:?}");
    }
    // Names are replaced by tokens there: by address alone the figures stand too.
    let identity = Identity { merge: Merge::Email, mailmap: false };
    let by_email = measure(&history, &Question { identity, ..Question::of(method) });
    assert_eq!(by_email.exact, Exact::Found(by_email.greedy));
}

#[test]
fn monolog_in_2015_by_avelino_unpruned_is_eleven() {
    check("monolog-2015-02-25", Method::Avelino, 11);
}

#[test]
fn monolog_in_2023_by_jetbrains_is_one() {
    check("monolog-2023-05-25", Method::JetBrains, 1);
}
