//! Side-by-side measurements: every row beside its peer in the same run on the same machine.
//!
//! Intuition: absolute figures of a shared machine mean little; ratios within one run mean more.
//! Rows print as a table and are written as JSON together with a description of the machine.
//! Nothing here is asserted: a slow day is not a defect.

mod boards;
mod growth;
mod http;
mod journal;
mod load;
mod oncall;
mod process;
mod promises;
mod promql;
mod provider;
mod remote_write;
mod simulation;
mod storm;
mod table;

use anyhow::{Context as _, Result, bail};
use load::Load;
use model::{Millis, Objective};
use process::{Process, new_folder, scratch};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use table::{Row, Table};

/// Where the table goes unless somebody says otherwise, from the root of the repository.
const OUTPUT: &str = "bench/results/latest.json";

/// The part of the labels that all alerts of a door measurement share: they can wait.
const TICKET: &str = r#""severity":"ticket""#;

/// What can be measured, in order; the second argument and those after it choose.
const PARTS: [(&str, Part); 9] = [
    ("rest", at_rest),
    ("doors", doors),
    ("paced", paced),
    ("storm", storm::storm),
    ("append", journal::append),
    ("restart", journal::restart),
    ("evaluation", evaluation),
    ("simulation", simulation::simulation),
    ("oncall", oncall::oncall),
];

type Part = fn(&mut Table, &Path) -> Result<()>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|it| it == "growth").is_some() {
        return growth::run(arguments);
    }
    if arguments.next_if(|it| it == "promises").is_some() {
        return promises::run(arguments);
    }
    let output = PathBuf::from(arguments.next().unwrap_or_else(|| OUTPUT.to_owned()));
    let chosen: Vec<String> = arguments.collect();
    let known = |name: &String| PARTS.iter().any(|(part, _)| part == name);
    if let Some(unknown) = chosen.iter().find(|it| !known(it)) {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        bail!("there is no part `{unknown}`; there are: {}", names.join(", "));
    }
    let folder = scratch()?;
    let measured = measure(&output, &chosen, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    measured
}

fn measure(output: &Path, chosen: &[String], folder: &Path) -> Result<()> {
    let begun = Instant::now();
    // Simulation and duty are library calls: whoever measures nothing else needs no program.
    let is_library = |it: &String| ["simulation", "oncall"].contains(&it.as_str());
    let alone = !chosen.is_empty() && chosen.iter().all(is_library);
    let binary = if alone { PathBuf::new() } else { binary()? };
    let mut table = Table::default();
    for (name, part) in PARTS {
        if chosen.is_empty() || chosen.iter().any(|it| it == name) {
            part(&mut table, &binary).with_context(|| format!("while measuring `{name}`"))?;
        }
    }
    println!("{table}");
    if let Some(parent) = output.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let text = serde_json::to_string_pretty(&table.to_json(folder))?;
    std::fs::write(output, text + "\n")
        .with_context(|| format!("could not write {}", output.display()))?;
    eprintln!("{:.0} s; written to {}", begun.elapsed().as_secs_f64(), output.display());
    Ok(())
}

/// Start, idle memory, size of the binary, and the first view with everything it needs.
fn at_rest(table: &mut Table, binary: &Path) -> Result<()> {
    let folder = new_folder("serve")?;
    std::fs::write(
        folder.join("lamplighter.yaml"),
        include_str!("../../examples/minimal/lamplighter.yaml"),
    )?;
    let ours = Process::serve(binary, folder)?;
    let alertmanager = Process::alertmanager()?;
    let prometheus = Process::prometheus(new_folder("prometheus-empty")?)?;
    std::thread::sleep(Duration::from_secs(5));
    let start = Row::alone("start with an empty folder", ours.ready_ms(), "ms");
    let start = start.target("below 200");
    table.add(start.beside("Alertmanager", alertmanager.ready_ms()));
    let memory = Row::alone("memory at rest", ours.resident_mb()?, "MB").target("below 40");
    table.add(memory.beside("Alertmanager", alertmanager.resident_mb()?));
    let memory = Row::alone("memory at rest", ours.resident_mb()?, "MB").target("below 40");
    table.add(memory.beside("Prometheus, nothing to scrape", prometheus.resident_mb()?));
    let size = |path: &Path| std::fs::metadata(path).map(|it| journal::megabytes(it.len()));
    let row = Row::alone("binary", size(binary)?, "MB").target("below 30");
    table.add(match found(&process::alertmanager_program()) {
        Some(program) => row.beside("Alertmanager", size(&program)?),
        None => row,
    });
    drop((ours, alertmanager, prometheus));

    let first = Process::demo(binary)?;
    let what = "first start of the demo, which makes 28 days of history";
    table.add(Row::alone(what, first.ready_ms(), "ms"));
    let again = Process::demo_again(binary, first.stop())?;
    table.add(Row::alone("second start of the demo", again.ready_ms(), "ms").target("below 200"));
    let bytes = http::bytes_of_view(&again.address)?;
    let view = Row::alone("first view with all it needs, on the wire", bytes, "bytes");
    table.add(view.target("at most 14 000"));
    Ok(())
}

/// Alerts accepted over HTTP, ours after they are durable, Alertmanager's into memory.
fn doors(table: &mut Table, binary: &Path) -> Result<()> {
    for batch in [1, 64] {
        let length = Duration::from_secs(6);
        let load = Load { batch, rate: None, length, labels: TICKET };
        // New servers for each row: what is open already must not weigh on what is measured.
        let server = Process::demo(binary)?;
        let (ours, ours_kb) = filled(&server, load)?;
        drop(server);
        let (theirs, theirs_kb) = filled(&Process::alertmanager()?, load)?;
        let row = Row::alone(
            format!("alerts answered 2xx per second, {batch} per request"),
            ours.alerts_per_sec,
            "1/s",
        );
        let row = row.more_is_better().target("at least 2 times the peer");
        table.add(row.beside("Alertmanager, in memory", theirs.alerts_per_sec));
        if batch > 1 {
            let what = format!("memory per open alert, {:.0} of them", ours.alerts);
            table.add(Row::alone(what, ours_kb, "kB").beside("Alertmanager", theirs_kb));
        }
    }
    Ok(())
}

/// What `server` did under `load`, and by how many kilobytes it grew per alert.
fn filled(server: &Process, load: Load) -> Result<(load::Outcome, f64)> {
    let before = server.resident_mb()?;
    let outcome = load::run(&server.address, load)?;
    let grown_kb = (server.resident_mb()? - before) * 1e3;
    let each = grown_kb / outcome.alerts;
    Ok((outcome, each))
}

/// How long a sender waits when the server is not saturated.
fn paced(table: &mut Table, binary: &Path) -> Result<()> {
    let length = Duration::from_secs(6);
    let load = Load { batch: 1, rate: Some(1_000), length, labels: TICKET };
    let ours = load::run(&Process::demo(binary)?.address, load)?;
    let theirs = load::run(&Process::alertmanager()?.address, load)?;
    let what = format!(
        "p99 until an alert is answered, 1 000 requests/s wanted, {:.0} done",
        ours.requests_per_sec
    );
    let row = Row::alone(what, ours.p99_ms, "ms").target("below 20");
    table.add(row.beside("Alertmanager, in memory", theirs.p99_ms));
    Ok(())
}

/// Four conditions and the budget of one objective, beside Sloth's rules in Prometheus.
fn evaluation(table: &mut Table, _: &Path) -> Result<()> {
    let window = Millis::from_days(28);
    let mut rings = slo::Rings::new(window);
    let end = 28 * 24 * 60;
    for minute in 0..end {
        let bad = u64::from(minute % 700 == 0);
        rings.record(minute, slo::Slice::Known(slo::Counts { bad, total: 100 }));
    }
    let objective = Objective::parse("99.9%")?;
    let terms = slo::Terms::new(objective, window, &slo::default_conditions());
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < Duration::from_secs(2) {
        for _ in 0..1_000 {
            let rings = black_box(&rings);
            black_box(terms.evaluate(rings, end - 1));
        }
        count += 1_000;
    }
    let per_sec = f64::from(count) / begun.elapsed().as_secs_f64();
    let peer = promql::sloth_objectives_per_core_second()?;
    let row = Row::alone("objectives evaluated per second on one core", per_sec, "1/s");
    let row = row.more_is_better().target("at least 5 000 000");
    table.add(row.beside("Prometheus: Sloth's windows over 120 series at 60 s", peer));
    let bytes = u32::try_from(rings.size_bytes()).map(f64::from)?;
    let row = Row::alone("memory per objective, window of 28 days", bytes / 1024.0, "KiB");
    table.add(row.target("at most 32"));
    Ok(())
}

/// Where `program` is, by name or by path.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|it| it.join(program)).find(|it| it.is_file())
}

/// The release binary beside this one.
fn binary() -> Result<PathBuf> {
    let folder = std::env::current_exe()?;
    let folder = folder.parent().unwrap_or(Path::new("."));
    let binary = folder.join("lamplighter");
    anyhow::ensure!(
        binary.exists(),
        "{} is missing: run `cargo build --release -p lamplighter`, or `cargo xtask bench`",
        binary.display()
    );
    Ok(binary)
}
