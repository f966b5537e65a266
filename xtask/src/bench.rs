//! `cargo xtask bench` and `cargo xtask soak`: release builds of what measures and what searches.
//!
//! `cargo xtask bench [FILE] [PART…]`: the table as JSON goes to FILE, and only the parts named are
//! measured. Two are measurements of their own, of how cost grows: `cargo xtask bench growth [--max COUNT]
//! [FILE]` with the number of distinct alerts, and `cargo xtask bench promises [--min COUNT] [--max COUNT]
//! [--minutes COUNT] [--boards | --sources] [FILE]` with the number of objectives. The peers are Debian's
//! packages, installed when that is allowed.

use crate::shell;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::process::Command;

/// What stands beside us, by the program that must be there.
const PEERS: [(&str, &str); 3] = [
    ("prometheus", "prometheus"),
    ("promtool", "prometheus"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
];

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    peers()?;
    let packages =
        ["build", "--release", "--locked", "--package", "lamplighter", "--package", "bench"];
    shell::run(outside(shell::cargo(&packages)))?;
    let mut bench =
        shell::cargo(&["run", "--release", "--quiet", "--locked", "--package", "bench", "--"]);
    bench.args(arguments);
    shell::run(outside(bench))
}

/// A build as if started by hand. Some dependencies are built anew whenever the variables change that
/// cargo sets for the program it runs, which is us.
pub(crate) fn outside(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy();
        if shown.starts_with("CARGO_PKG_") || shown.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Finds or installs the peers.
fn peers() -> Result<()> {
    let missing: BTreeSet<&str> = PEERS
        .into_iter()
        .filter(|(program, _)| !shell::exists(program))
        .map(|(_, package)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let words: Vec<&str> =
        ["install", "--yes", "--no-install-recommends"].into_iter().chain(missing).collect();
    if !shell::is_root() || !shell::exists("apt-get") {
        bail!("peers are missing; run as root: apt-get {}", words.join(" "));
    }
    let mut install = Command::new("apt-get");
    install.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    shell::run(install)
}

pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let mut soak =
        shell::cargo(&["run", "--release", "--quiet", "--locked", "--package", "dst", "--"]);
    soak.args(arguments);
    shell::run(soak)
}
