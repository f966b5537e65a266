//! The peer of the evaluation: one objective by the windows that Sloth's rules use, asked of a real
//! Prometheus over three days of samples (20 error series, 100 request series, one sample a minute).
//!
//! What is timed is the whole answer of the instant query for each window, one after another, so
//! one core is busy. The 30-day window is left out, which favours the peer.

use crate::http::Connection;
use crate::process::{Process, new_folder};
use anyhow::{Context as _, Result, ensure};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];
const START: u64 = 1_700_000_000;
const MINUTES: u64 = 3 * 24 * 60;

pub(crate) fn sloth_objectives_per_core_second() -> Result<f64> {
    let folder = new_folder("prometheus")?;
    let samples = folder.join("samples.txt");
    write_samples(&samples)?;
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .arg(&samples)
        .arg(&folder)
        .output()
        .context("could not start promtool: is the package `prometheus` installed?")?;
    ensure!(made.status.success(), "promtool: {}", String::from_utf8_lossy(&made.stderr));
    std::fs::remove_file(&samples)?;
    let prometheus = Process::prometheus(folder)?;
    let mut connection = Connection::open(&prometheus.address)?;
    evaluate_once(&mut connection)?;
    let begun = Instant::now();
    let rounds = 5_u32;
    for _ in 0..rounds {
        evaluate_once(&mut connection)?;
    }
    Ok(f64::from(rounds) / begun.elapsed().as_secs_f64())
}

fn evaluate_once(connection: &mut Connection) -> Result<()> {
    for window in WINDOWS {
        let query =
            format!("sum(rate(errors_total[{window}]))/sum(rate(requests_total[{window}]))");
        let body = format!("time={}&query={}", START + (MINUTES - 1) * 60, encoded(&query));
        let answer =
            connection.post("/api/v1/query", "application/x-www-form-urlencoded", &body)?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == 200 && text.contains("\"value\""), "Prometheus answered: {text}");
    }
    Ok(())
}

fn write_samples(path: &std::path::Path) -> Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for (name, series_count, per_minute) in [("errors", 20, 1), ("requests", 100, 60)] {
        writeln!(file, "# TYPE {name} counter")?;
        for series in 0..series_count {
            for minute in 0..MINUTES {
                let value = minute * per_minute;
                let at = START + minute * 60;
                writeln!(file, "{name}_total{{pod=\"p{series}\"}} {value} {at}")?;
            }
        }
    }
    writeln!(file, "# EOF")?;
    file.flush()?;
    Ok(())
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
