//! The program as it is typed: help, output, exit codes, files.

mod busfactor;
mod experiment;
mod formats_read_and_written;
mod moves;
mod own_history;
mod privacy;
mod records;
mod served;
mod serving;
mod whatif;

use insta::assert_snapshot;
use served::folder;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in `folder` and shows exit code, output and errors.
fn typed(folder: &Path, arguments: &str) -> String {
    let output = run(folder, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code().expect("it ended by itself");
    let folder = folder.display().to_string();
    format!("exit code {code}\n--- output\n{said}--- errors\n{complained}").replace(&folder, "DIR")
}

fn run(folder: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lamplighter"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env_remove("LAMPLIGHTER_URL")
        .env_remove("LAMPLIGHTER_TOKEN")
        .env_remove("LAMPLIGHTER_DATABASE")
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts")
}

#[test]
fn every_command_explains_itself() {
    let home = folder("help");
    let output = run(&home, "docs --out book");
    assert!(output.status.success(), "{output:?}");
    let mut names: Vec<_> = std::fs::read_dir(home.join("book"))
        .expect("written")
        .map(|it| it.expect("readable").file_name().into_string().expect("ASCII"))
        .collect();
    names.sort();
    assert_eq!(names, ["cli.md", "configuration.md", "errors.md", "lamplighter.schema.json"]);
    let cli = std::fs::read_to_string(home.join("book/cli.md")).expect("written");
    assert_snapshot!("help", cli);
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn check_shows_every_problem() {
    let home = folder("check");
    let file = r"
org: solar
people:
  ana: { timezone: Africa/Nairobbi }
teams:
  payments: { members: [amna] }
features:
  light-on:
    question: Do lights go on?
    team: payments
    objective: 100%
    needs: { all: [api.up] }
";
    std::fs::write(home.join("lamplighter.yaml"), file).expect("written");
    assert_snapshot!(typed(&home, "check"), @r"
    exit code 1
    --- output
    error[LL023]: unknown time zone `Africa/Nairobbi`
     --> lamplighter.yaml:4:20
      |
    4 |   ana: { timezone: Africa/Nairobbi }
      |                    ^^^^^^^^^^^^^^^
      |
      = hint: did you mean `Africa/Nairobi`?

    error[LL040]: unknown person `amna`
     --> lamplighter.yaml:6:25
      |
    6 |   payments: { members: [amna] }
      |                         ^^^^
      |
      = hint: did you mean `ana`?

    warning[LL050]: nobody is paged for `light-on`
     --> lamplighter.yaml:8:3
      |
    8 |   light-on:
      |   ^^^^^^^^
      |
      = hint: define an escalation `payments`, or name one as `escalation: ID`

    error[LL020]: `100%` cannot be an objective: it must be above 0% and below 100%
      --> lamplighter.yaml:11:16
       |
    11 |     objective: 100%
       |                ^^^^
       |
       = hint: every promise needs room for failure: write a share such as `99.9%`

    error[LL040]: unknown service `api`
      --> lamplighter.yaml:12:20
       |
    12 |     needs: { all: [api.up] }
       |                    ^^^^^^
       |
       = hint: define the service first

    4 errors, 1 warning in 1 file
    --- errors
    ");
    let json = typed(&home, "check --json lamplighter.yaml");
    assert!(json.starts_with("exit code 1\n--- output\n{\n"), "{json}");
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn init_writes_what_check_accepts() {
    let home = folder("init");
    assert_snapshot!(typed(&home, "init --yes"), @r"
    exit code 0
    --- output
    lamplighter.yaml is written. Put your own counters into it, then:
      lamplighter check lamplighter.yaml
      lamplighter serve --config lamplighter.yaml
    --- errors
    ");
    assert_snapshot!(typed(&home, "check"), @r"
    exit code 0
    --- output
    no problems in 1 file: 1 person, 1 team, 1 service, 1 feature
    --- errors
    ");
    assert_snapshot!(typed(&home, "init --yes"), @r"
    exit code 1
    --- output
    --- errors
    error: lamplighter.yaml exists already
      hint: name another file with --out
    ");
    assert_snapshot!(typed(&home, "oncall --config lamplighter.yaml --at 2026-11-21T03:00:00Z"), @r"
    exit code 0
    --- output
    core: ana until 2026-11-23T09:00:00Z
    --- errors
    ");
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let home = folder("mistakes");
    assert_snapshot!(typed(&home, "serve"), @r"
    exit code 1
    --- output
    --- errors
    error: there is no configuration
      lamplighter.yaml is not in this folder, and --config was not given.
      hint: name it with --config, or write a first one with `lamplighter init`
    ");
    assert_snapshot!(typed(&home, "status --url http://127.0.0.1:1"), @r"
    exit code 3
    --- output
    --- errors
    error: could not ask http://127.0.0.1:1
      127.0.0.1 does not answer: Connection refused (os error 111)
      hint: check that the server runs; name it with --url or LAMPLIGHTER_URL
    ");
    assert_snapshot!(typed(&home, "journal verify"), @r"
    exit code 1
    --- output
    --- errors
    error: there is no journal in ./lamplighter-data
      hint: name the data folder with --data, or the database with --database
    ");
    assert_snapshot!(typed(&home, "ack nothing"), @r"
    exit code 1
    --- output
    --- errors
    error: `nothing` is not an id
      hint: ids look like in_1 or pg_1
    ");
    assert_snapshot!(typed(&home, "demo --listen 0.0.0.0:8080"), @r"
    exit code 1
    --- output
    --- errors
    error: the demo listens on this machine only
      0.0.0.0:8080 can be reached from elsewhere, and the demo lets everybody in.
      hint: use 127.0.0.1, or `lamplighter serve` for a team
    ");
    assert_snapshot!(typed(&home, "oncall --at noon"), @r"
    exit code 1
    --- output
    --- errors
    error: `noon` is not a time
      hint: write it as 2026-12-24T18:00:00Z
    ");
    assert_eq!(run(&home, "frobnicate").status.code(), Some(2));
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn shells_and_manuals_know_every_command() {
    let home = folder("man");
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&home, &format!("completions {shell}"));
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains("example-services"), "{shell}");
    }
    assert!(run(&home, "man --out man").status.success());
    assert!(home.join("man/lamplighter.1").is_file());
    assert!(home.join("man/lamplighter-journal-verify.1").is_file());
    std::fs::remove_dir_all(home).expect("ours");
}
