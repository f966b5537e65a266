//! `cargo xtask test`: everything, with servers, and what was slow.

use crate::servers::Servers;
use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Slow parts that are shown.
const SLOWEST_SHOWN: usize = 8;

pub(crate) fn run() -> Result<()> {
    let begun = Instant::now();
    let servers = Servers::ready()?;
    if !shell::root().join("../shared/conformance").is_dir() {
        println!("left out: cases in ../shared/conformance, which is not here");
    }
    let features = server_features()?;
    let mut build = shell::cargo(&["test", "--workspace", "--no-run", "--features", &features]);
    build.args(["--locked"]);
    shell::run(build)?;
    let built = begun.elapsed();
    let mut tests = shell::cargo(&["test", "--workspace", "--no-fail-fast", "--locked"]);
    tests
        .args(["--features", &features])
        .env("LAMPLIGHTER_TEST_POSTGRES", &servers.postgres.url)
        .env("LAMPLIGHTER_TEST_PROMETHEUS", &servers.prometheus)
        .env("LAMPLIGHTER_TEST_ALERTMANAGER", &servers.alertmanager)
        .env("LAMPLIGHTER_TEST_CHROMIUM", &servers.chromium)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // Cargo names each test binary on standard error; with both in one stream, lines and times
    // belong together.
    let mut child = tests.spawn().context("could not start the tests")?;
    let output = child.stdout.take().expect("piped above");
    let mut tally = Tally::default();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        tally.read(&line);
    }
    let status = child.wait()?;
    drop(servers);
    tally.print(built, begun.elapsed());
    ensure!(status.success() && tally.failed == 0, "tests failed");
    ensure!(tally.passed > 0, "no test was run");
    Ok(())
}

/// The feature `servers` of every crate that has one.
pub(crate) fn server_features() -> Result<String> {
    let mut metadata = shell::cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"]);
    let output = metadata.output().context("could not start cargo metadata")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages in cargo's metadata")?;
    let with = packages.iter().filter(|it| it["features"].get("servers").is_some());
    let names: Vec<String> =
        with.filter_map(|it| Some(format!("{}/servers", it["name"].as_str()?))).collect();
    Ok(names.join(","))
}

/// What the runner's closing lines add up to.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Seconds of each binary, with the name of its first test to know it by.
    slow: Vec<(f64, String)>,
    first_test: String,
}

impl Tally {
    fn read(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ") else {
            if let Some(name) = line.strip_prefix("test ")
                && self.first_test.is_empty()
            {
                name.split(" ... ").next().unwrap_or(name).clone_into(&mut self.first_test);
            }
            return;
        };
        let count = |word: &str| -> u64 {
            let mut parts = summary.split([';', '.']).map(str::trim);
            let part = parts.find_map(|it| it.strip_suffix(word));
            part.and_then(|it| it.trim().parse().ok()).unwrap_or(0)
        };
        self.passed += count("passed");
        self.failed += count("failed");
        self.ignored += count("ignored");
        let secs = summary.rsplit("finished in ").next().and_then(|it| it.strip_suffix('s'));
        let secs: f64 = secs.and_then(|it| it.parse().ok()).unwrap_or(0.0);
        self.slow.push((secs, std::mem::take(&mut self.first_test)));
    }

    fn print(&mut self, built: Duration, total: Duration) {
        self.slow.sort_by(|one, other| other.0.total_cmp(&one.0));
        println!("\nslowest parts (each named by its first test):");
        println!("{:>8.1} s  building", built.as_secs_f64());
        for (secs, name) in self.slow.iter().take(SLOWEST_SHOWN).filter(|it| it.0 >= 0.1) {
            println!("{secs:>8.1} s  {name}");
        }
        println!("{:>8.1} s  in all\n", total.as_secs_f64());
        println!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up() {
        let mut tally = Tally::default();
        let output = "running 2 tests\n\
            test kept::promise ... ok\n\
            test kept::other ... FAILED\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s\n\
            test alone ... ok\n\
            test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.50s\n";
        output.lines().for_each(|line| tally.read(line));
        assert_eq!((tally.passed, tally.failed, tally.ignored), (4, 1, 2));
        let expected = [(1.25, "kept::promise".to_owned()), (0.5, "alone".to_owned())];
        assert_eq!(tally.slow, expected);
    }
}
