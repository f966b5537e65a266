//! Completions, man pages, and the generated parts of the book.

use crate::cli::Cli;
use crate::{Answer, YES, say};
use clap::{Command, CommandFactory as _};
use server::Problem;
use std::fmt::Write as _;
use std::path::Path;

pub(crate) fn completions(shell: clap_complete::Shell) -> std::process::ExitCode {
    let mut bytes = vec![];
    clap_complete::generate(shell, &mut Cli::command(), "lamplighter", &mut bytes);
    say(&String::from_utf8_lossy(&bytes));
    YES
}

pub(crate) fn man(folder: &Path) -> Answer {
    make(folder)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(|it| unwritten(folder, &it))?;
    Ok(YES)
}

pub(crate) fn docs(folder: &Path) -> Answer {
    make(folder)?;
    let schema = format!("{:#}\n", catalog::json_schema());
    let files = [
        ("errors.md", catalog::codes_markdown()),
        ("configuration.md", catalog::reference_markdown()),
        ("lamplighter.schema.json", schema),
        ("cli.md", cli_markdown()),
    ];
    for (name, text) in files {
        let file = folder.join(name);
        std::fs::write(&file, text).map_err(|it| unwritten(&file, &it))?;
    }
    Ok(YES)
}

fn make(folder: &Path) -> Result<(), Problem> {
    std::fs::create_dir_all(folder).map_err(|it| unwritten(folder, &it))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Problem {
    Problem::unreachable(format!("could not write {}", path.display())).detail(error)
}

/// Every command's help, as a page of the book.
fn cli_markdown() -> String {
    let mut text = String::from(
        "# Command line\n\nGenerated from the program; `lamplighter COMMAND --help` says the same.\n",
    );
    let mut command = Cli::command();
    command.build();
    section(&mut command, &mut text);
    text
}

fn section(command: &mut Command, text: &mut String) {
    let help = command.render_long_help().to_string();
    let name = command.get_bin_name().unwrap_or("lamplighter").to_owned();
    let _ = write!(text, "\n## `{name}`\n\n```text\n{}\n```\n", trimmed(&help));
    for it in command.get_subcommands_mut().filter(|it| !it.is_hide_set()) {
        section(it, text);
    }
}

/// Without white space at the ends of lines.
fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Goal: no command without an example and a sentence.
    #[test]
    fn every_command_has_an_example() {
        fn look(command: &Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} says what it does");
            if command.has_subcommands() {
                command.get_subcommands().for_each(look);
            } else if !command.is_hide_set() {
                let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains("Example"), "{name} has an example");
            }
        }
        look(&Cli::command());
    }
}
