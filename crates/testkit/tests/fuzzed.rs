//! The fuzz targets over seeds with damage, on every push and without a fuzzer.

#[path = "../../../fuzz/targets.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::PathBuf;

const DAMAGED_PER_SEED: u64 = 4_000;

const WORDS: [&str; 16] = [
    "null",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "\n",
    "=~",
    "!=",
    "&",
    "%00",
    "-1",
    "1e999",
    "\\ud800",
    "{\"$slot\":0}",
];

#[test]
fn no_bytes_break_what_must_hold_of_any() {
    let seeds = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds"));
    let named: BTreeSet<String> = std::fs::read_dir(&seeds)
        .expect("the seeds are there")
        .map(|it| it.expect("readable").file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(named, targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect());
    for (name, target) in targets::ALL {
        let files = std::fs::read_dir(seeds.join(name)).expect("every target has seeds");
        for file in files.map(|it| it.expect("readable").path()) {
            let sample = std::fs::read(&file).expect("readable");
            target(&sample);
            for (seed, bytes) in testkit::spoilt(&sample, &WORDS, DAMAGED_PER_SEED) {
                let run = std::panic::catch_unwind(|| target(&bytes));
                let shown = String::from_utf8_lossy(&bytes);
                assert!(run.is_ok(), "{name}, {}, seed {seed}: {shown:?}", file.display());
            }
        }
    }
}
