//! `cargo xtask bench` and `cargo xtask soak`: release builds of what measures and what searches.

use crate::shell;
use anyhow::Result;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let packages =
        ["build", "--release", "--locked", "--package", "lamplighter", "--package", "bench"];
    shell::run(shell::cargo(&packages))?;
    let mut bench =
        shell::cargo(&["run", "--release", "--quiet", "--locked", "--package", "bench", "--"]);
    bench.args(arguments);
    shell::run(bench)
}

pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let mut soak =
        shell::cargo(&["run", "--release", "--quiet", "--locked", "--package", "dst", "--"]);
    soak.args(arguments);
    shell::run(soak)
}
