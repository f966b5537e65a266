//! Rows for people and for machines.
//!
//! The ratio says how many times better than the peer a figure is, whichever direction is better, so
//! that a reader need not remember it: above 1 we are ahead, below 1 we are behind.

use driver::{Clock as _, SystemClock};
use serde_json::{Value, json};
use std::fmt;
use std::path::Path;
use std::process::Command;

/// Which direction is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    More,
    Less,
}

/// One measurement, beside its peer where there is one.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: f64,
    pub(crate) peer: Option<(String, f64)>,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    pub(crate) target: &'static str,
}

impl Row {
    /// A figure without a peer.
    pub(crate) fn alone(what: impl Into<String>, ours: f64, unit: &'static str) -> Self {
        let what = what.into();
        Self { what, ours, peer: None, unit, better: Better::Less, target: "" }
    }

    pub(crate) fn beside(mut self, name: &str, value: f64) -> Self {
        self.peer = Some((name.to_owned(), value));
        self
    }

    pub(crate) fn more_is_better(mut self) -> Self {
        self.better = Better::More;
        self
    }

    pub(crate) fn target(mut self, target: &'static str) -> Self {
        self.target = target;
        self
    }

    fn times_better(&self) -> Option<f64> {
        let (_, peer) = self.peer.as_ref()?;
        let times = match self.better {
            Better::More => self.ours / peer,
            Better::Less => peer / self.ours,
        };
        // Nothing is no measure of anything.
        times.is_finite().then_some(times)
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("measured: {}: {} {}", row.what, figure(row.ours), row.unit);
        self.rows.push(row);
    }

    /// Everything, with the machine described; `folder` is where servers under measurement wrote.
    pub(crate) fn to_json(&self, folder: &Path) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|it| {
                json!({
                    "what": it.what,
                    "ours": it.ours,
                    "unit": it.unit,
                    "better": if it.better == Better::More { "more" } else { "less" },
                    "target": it.target,
                    "peer": it.peer.as_ref().map(|(name, _)| name),
                    "peer_value": it.peer.as_ref().map(|(_, value)| value),
                    "times_better": it.times_better(),
                })
            })
            .collect();
        json!({
            "measured_at": SystemClock.now().to_string(),
            "machine": machine(folder),
            "peers": peers(),
            "rows": rows,
        })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | ours | peer | times better | target |")?;
        writeln!(f, "|---|---:|---:|---:|---|")?;
        for it in &self.rows {
            let peer = it.peer.as_ref().map_or(String::new(), |(name, value)| {
                format!("{} {} ({name})", figure(*value), it.unit)
            });
            let ratio = it.times_better().map_or(String::new(), figure);
            let (what, ours) = (&it.what, figure(it.ours));
            writeln!(f, "| {what} | {ours} {} | {peer} | {ratio} | {} |", it.unit, it.target)?;
        }
        Ok(())
    }
}

/// Three figures or so, thousands apart.
fn figure(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

fn machine(folder: &Path) -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find_map(|it| it.strip_prefix(name).map(str::to_owned));
        line.map(|it| it.trim_start_matches([' ', '\t', ':']).to_owned())
    };
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kib: Option<u64> = memory.and_then(|it| it.split(' ').next()?.parse().ok());
    json!({
        "cpu": field(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map(std::num::NonZero::get).ok(),
        "memory_mib": kib.map(|it| it / 1024),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "arch": std::env::consts::ARCH,
        "filesystem": said(Command::new("stat").args(["-f", "-c", "%T"]).arg(folder)),
    })
}

/// The releases of the peers.
fn peers() -> Value {
    let version = |program: &str| {
        let text = said(Command::new(program).arg("--version"))?;
        text.split("version ").nth(1)?.split([' ', ',']).next().map(str::to_owned)
    };
    json!({
        "prometheus": version(&crate::process::prometheus_program()),
        "alertmanager": version(&crate::process::alertmanager_program()),
        "sqlite": rusqlite::version(),
    })
}

/// The first line a program prints; some print their version to the other stream.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    String::from_utf8_lossy(&text).lines().next().map(str::to_owned)
}
