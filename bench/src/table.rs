//! Rows for people and for machines.

use serde_json::{Value, json};
use std::fmt;

/// One measurement, beside its peer where there is one.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: f64,
    pub(crate) peer: Option<(String, f64)>,
    pub(crate) unit: &'static str,
    pub(crate) target: &'static str,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("measured: {}", row.what);
        self.rows.push(row);
    }

    pub(crate) fn to_json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|it| {
                json!({
                    "what": it.what,
                    "ours": it.ours,
                    "unit": it.unit,
                    "target": it.target,
                    "peer": it.peer.as_ref().map(|(name, _)| name),
                    "peer_value": it.peer.as_ref().map(|(_, value)| value),
                    "ratio": it.peer.as_ref().map(|(_, value)| it.ours / value),
                })
            })
            .collect();
        json!({ "machine": machine(), "rows": rows })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | ours | peer | ratio | target |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for it in &self.rows {
            let (peer, ratio) = match &it.peer {
                Some((name, value)) => (
                    format!("{} {} ({name})", figure(*value), it.unit),
                    format!("{:.2}", it.ours / value),
                ),
                None => (String::new(), String::new()),
            };
            let (what, ours) = (&it.what, figure(it.ours));
            writeln!(f, "| {what} | {ours} {} | {peer} | {ratio} | {} |", it.unit, it.target)?;
        }
        Ok(())
    }
}

fn figure(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn machine() -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|it| it.strip_prefix("model name"))
        .map(|it| it.trim_start_matches([' ', '\t', ':']).to_owned());
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "cpu": model,
        "cores": std::thread::available_parallelism().map(std::num::NonZero::get).ok(),
        "kernel": kernel.trim(),
        "arch": std::env::consts::ARCH,
    })
}
