//! `cargo xtask ci`: what a change must pass, in the order in which failures are cheapest.

use crate::{codegen, shell, test};
use anyhow::{Result, bail};

pub(crate) fn run() -> Result<()> {
    shell::run(shell::cargo(&["fmt", "--all", "--check"]))?;
    tidy()?;
    let mut lints = shell::cargo(&["clippy", "--workspace", "--all-targets", "--locked"]);
    lints.args(["--features", &test::server_features()?, "--", "-D", "warnings"]);
    shell::run(lints)?;
    fuzz_targets()?;
    deny()?;
    codegen::run(true)?;
    test::run()
}

/// The checks of the repository's own shape, which are tests of this crate.
pub(crate) fn tidy() -> Result<()> {
    shell::run(shell::cargo(&["test", "--quiet", "--package", "xtask", "--locked"]))
}

/// The fuzz targets are a workspace of their own, which nothing else would compile: checked without the fuzzer,
/// beside what is compiled already.
fn fuzz_targets() -> Result<()> {
    let manifest = ["check", "--manifest-path", "fuzz/Cargo.toml"];
    let mut check = shell::cargo(&manifest);
    check.args(["--no-default-features", "--bins"]);
    if std::env::var_os("CARGO_TARGET_DIR").is_none() {
        check.env("CARGO_TARGET_DIR", shell::root().join("target"));
    }
    shell::run(check)
}

/// Licences, bans and sources. The list of known weaknesses is not fetched here.
fn deny() -> Result<()> {
    if !shell::exists("cargo-deny") {
        if std::env::var_os("CI").is_none() {
            bail!("cargo-deny is missing; run: cargo install --locked cargo-deny");
        }
        // Debug assertions off and no optimisation: it runs once, building it takes longest.
        let mut install = shell::cargo(&["install", "--locked", "cargo-deny"]);
        install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
        shell::run(install)?;
    }
    shell::run(shell::cargo(&["deny", "check", "licenses", "bans", "sources"]))
}
