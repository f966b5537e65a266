//! Side-by-side measurements: every row beside its peer in the same run on the same machine.
//!
//! Intuition: absolute figures of a shared machine mean little; ratios within one run mean more.
//! Rows print as a table and are written as JSON together with a description of the machine.
//! Nothing here is asserted: a slow day is not a defect.

mod http;
mod load;
mod process;
mod promql;
mod table;

use anyhow::{Context as _, Result};
use model::{Millis, Objective};
use process::Process;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use table::{Row, Table};

fn main() -> Result<()> {
    let output = std::env::args().nth(1).unwrap_or_else(|| "target/bench.json".to_owned());
    let mut table = Table::default();
    doors(&mut table)?;
    views_and_sizes(&mut table)?;
    evaluation(&mut table)?;
    println!("{table}");
    std::fs::write(&output, serde_json::to_string_pretty(&table.to_json())?)
        .with_context(|| format!("could not write {output}"))?;
    eprintln!("written to {output}");
    Ok(())
}

/// Alerts accepted over HTTP, ours after they are durable, Alertmanager's into memory.
fn doors(table: &mut Table) -> Result<()> {
    let ours = Process::lamplighter(&binary()?)?;
    let peer = Process::alertmanager()?;
    for batch in [1, 64] {
        let mine = load::saturate(&ours.address, batch, Duration::from_secs(6))?;
        let theirs = load::saturate(&peer.address, batch, Duration::from_secs(6))?;
        table.add(Row {
            what: format!("alerts accepted per second, {batch} per request"),
            ours: mine.alerts_per_sec,
            peer: Some(("Alertmanager, in memory".into(), theirs.alerts_per_sec)),
            unit: "1/s",
            target: "at least 2 times the peer",
        });
    }
    let mine = load::paced(&ours.address, 1_000, Duration::from_secs(6))?;
    let theirs = load::paced(&peer.address, 1_000, Duration::from_secs(6))?;
    table.add(Row {
        what: format!("p99 of an accepted request at {:.0} requests/s", mine.requests_per_sec),
        ours: mine.p99_ms,
        peer: Some(("Alertmanager, in memory".into(), theirs.p99_ms)),
        unit: "ms",
        target: "below 20",
    });
    Ok(())
}

/// Start, idle memory, size of the binary, and the first view with everything it needs.
fn views_and_sizes(table: &mut Table) -> Result<()> {
    let binary = binary()?;
    let begun = Instant::now();
    let ours = Process::lamplighter(&binary)?;
    let cold_ms = begun.elapsed().as_secs_f64() * 1e3;
    let again = ours.restart(&binary)?;
    let begun = Instant::now();
    let again = again.wait_ready()?;
    let warm_ms = begun.elapsed().as_secs_f64() * 1e3;
    let bytes = http::bytes_of_view(&again.address)?;
    std::thread::sleep(Duration::from_secs(5));
    let idle_mb = again.resident_mb()?;
    let size_mb = mb(std::fs::metadata(&binary)?.len());
    let alone = |what: &str, ours: f64, unit, target| Row {
        what: what.to_owned(),
        ours,
        peer: None,
        unit,
        target,
    };
    table.add(alone("first start of the demo, with 28 days of history made", cold_ms, "ms", ""));
    table.add(alone("second start of the demo", warm_ms, "ms", "below 200"));
    table.add(alone("first view and what it needs, compressed", bytes, "bytes", "at most 14 000"));
    table.add(alone("idle memory, demo running", idle_mb, "MB", "below 40"));
    table.add(alone("binary", size_mb, "MB", "below 30"));
    Ok(())
}

/// Four conditions and the budget of one objective, beside Sloth's rules in Prometheus.
fn evaluation(table: &mut Table) -> Result<()> {
    let window = Millis::from_days(28);
    let mut rings = slo::Rings::new(window);
    let end = 28 * 24 * 60;
    for minute in 0..end {
        let bad = u64::from(minute % 700 == 0);
        rings.record(minute, slo::Slice::Known(slo::Counts { bad, total: 100 }));
    }
    let objective = Objective::parse("99.9%")?;
    let conditions = slo::default_conditions();
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < Duration::from_secs(2) {
        for _ in 0..1_000 {
            let rings = black_box(&rings);
            black_box(slo::evaluate(objective, window, &conditions, rings, end - 1));
        }
        count += 1_000;
    }
    let per_sec = f64::from(count) / begun.elapsed().as_secs_f64();
    let peer = promql::sloth_objectives_per_core_second()?;
    table.add(Row {
        what: "objectives evaluated per core-second (9 windows, 4 conditions)".into(),
        ours: per_sec,
        peer: Some(("Prometheus with Sloth's windows, 120 series at 60 s".into(), peer)),
        unit: "1/s",
        target: "at least 5 000 000",
    });
    Ok(())
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

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
