//! Automation of this repository: `cargo xtask test | ci | tidy | codegen | bench | soak | dist`.
//!
//! Intuition: one command here is one command in continuous integration; nothing is done there that
//! cannot be done at home.

mod bench;
mod ci;
mod codegen;
mod deb;
mod dist;
mod servers;
mod shell;
mod test;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "cargo xtask <command>

  test              install or find the servers the tests need, then run every test
  ci                formatting, clippy, licences, generated pages, then test
  tidy              the checks of the repository's own shape
  codegen [--check] write the generated pages of the book, or check that they are current
  bench [FILE]      measure beside the peers; the table as JSON goes to FILE
  bench growth [--max COUNT] [FILE]
                    how cost grows from 1 000 distinct alerts to COUNT (1 000 000)
  soak [ARGS…]      long seeds of the simulation: --days N --seed S
  dist              static binary, tarball, Debian package
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("test") => test::run(),
        Some("ci") => ci::run(),
        Some("tidy") => ci::tidy(),
        Some("codegen") => codegen::run(rest.iter().any(|it| it == "--check")),
        Some("bench") => bench::run(rest),
        Some("soak") => bench::soak(rest),
        Some("dist") => dist::run(),
        None | Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("there is no command `{other}`\n\n{HELP}"),
    }
}
