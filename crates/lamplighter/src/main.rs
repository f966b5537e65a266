//! The binary: a match over subcommands.

mod ask;
mod backlog;
mod backtest;
mod beside;
mod busfactor;
mod calendars;
mod changes;
mod check;
mod cli;
mod contact;
mod deal;
mod docs;
mod doctor;
mod exclude;
mod experiment;
mod fetch;
mod git;
mod handover;
mod init;
mod journal;
mod moves;
mod offline;
mod oncall;
mod records;
mod remote;
mod rota;
mod rules;
mod shadow;
mod silence;
mod sms;
mod steer;
mod token;
mod tribute;
mod watching;
mod whatif;

use clap::Parser as _;
use cli::{Cli, Command};
use server::Problem;
use std::process::ExitCode;

/// What a command came to: the exit code of a question with an answer, or a problem.
type Answer = Result<ExitCode, Problem>;

/// All is well.
const YES: ExitCode = ExitCode::SUCCESS;

/// The answer is no, or errors were found.
fn no() -> ExitCode {
    ExitCode::from(1)
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(problem.exit_code())
        }
    }
}

fn run(command: Command) -> Answer {
    match command {
        Command::Demo(it) => {
            start_logging(&it.log);
            let cli::Demo { speed, data, listen, seed, .. } = it;
            let trial = whatif::trial();
            server::demo(&server::DemoOptions { speed, data, listen, seed, trial }).map(|()| YES)
        }
        Command::Serve(it) => {
            start_logging(&it.log);
            let (config, place, listen) = (it.config, offline::place(&it.stored), it.listen);
            let trial = whatif::trial();
            server::serve(&server::ServeOptions { config, place, listen, trial }).map(|()| YES)
        }
        Command::Check(it) => check::check(&it),
        Command::Init(it) => init::init(&it),
        Command::Status(it) => ask::status(&it.remote),
        Command::Feature(it) => ask::feature(&it),
        Command::Plan(it) => rota::plan(&it),
        Command::Oncall(it) => oncall::oncall(&it),
        Command::Override(it) => changes::override_duty(&it),
        Command::Calendar(it) => calendars::calendar(&it),
        Command::Hours(it) => calendars::hours(&it),
        Command::Swap(it) => changes::swap(&it),
        Command::Interrupted(it) => tribute::interrupted(&it),
        Command::Tribute(it) => tribute::tribute(&it),
        Command::Handover(it) => handover::handover(&it),
        Command::Rota(it) => rota::rota(&it),
        Command::Ack(it) => ask::ack(&it),
        Command::Renew(it) => deal::renew(&it),
        Command::Hand(it) => deal::hand(&it),
        Command::Snooze(it) => deal::snooze(&it),
        Command::GiveBack(it) => deal::give_back(&it),
        Command::Wake(it) => deal::wake(&it),
        Command::Merge(it) => deal::merge(&it),
        Command::Resolve(it) => ask::resolve(&it),
        Command::Page(it) => ask::page(&it),
        Command::Note(it) => steer::note(&it),
        Command::Escalate(it) => steer::escalate(&it),
        Command::Take(it) => steer::take(&it),
        Command::Review(it) => ask::review(&it),
        Command::Sign(it) => ask::sign(&it),
        Command::Why(it) => ask::why(&it),
        Command::Gate(it) => ask::gate(&it),
        Command::Waive(it) => ask::waive(&it),
        Command::Exclude(it) => exclude::exclude(&it),
        Command::Backlog(it) => backlog::backlog(&it),
        Command::Backtest(it) => backtest::backtest(&it),
        Command::Push(it) => ask::push(&it),
        Command::Rules(it) => rules::rules(&it),
        Command::Import(it) => rules::import(&it),
        Command::Silence(it) => silence::silence(&it),
        Command::Contact(it) => contact::contact(&it),
        Command::Heartbeat(it) => watching::heartbeat(&it),
        Command::Change(it) => watching::change(&it),
        Command::Maintenance(it) => watching::maintenance(&it),
        Command::Shadow(it) => shadow::shadow(&it),
        Command::Load(it) => shadow::load(&it),
        Command::Anyway(it) => shadow::anyway(&it),
        Command::ByTurns(it) => shadow::by_turns(&it),
        Command::Token(it) => token::token(&it),
        Command::Journal(it) => journal::journal(&it),
        Command::Erase(it) => offline::erase(&it),
        Command::Migrate(it) => offline::migrate(&it),
        Command::Doctor(it) => doctor::doctor(&it),
        Command::Busfactor(it) => busfactor::busfactor(&it),
        Command::Experiment(it) => experiment::experiment(&it),
        Command::Records(it) => records::records(&it),
        Command::Whatif(it) => whatif::whatif(&it),
        Command::Completions { shell } => Ok(docs::completions(shell)),
        Command::ExampleServices(it) => {
            let cli::ExampleServices { listen_base, seed } = it;
            server::example_services(server::ExampleOptions { listen_base, seed }).map(|()| YES)
        }
        Command::Man(it) => docs::man(&it.out),
        Command::Docs(it) => docs::docs(&it.out),
    }
}

fn start_logging(log: &cli::Log) {
    server::start_logging(log.log.map(|it| match it {
        cli::LogForm::Text => server::LogForm::Text,
        cli::LogForm::Json => server::LogForm::Json,
    }));
}

/// Prints to standard output. A reader that has had enough, as in `| head`, ends the process quietly.
fn say(text: &str) {
    use std::io::Write as _;
    if std::io::stdout().write_all(text.as_bytes()).is_err() {
        std::process::exit(0);
    }
}

/// Prints JSON for programs.
fn say_json(value: &serde_json::Value) {
    say(&format!("{value:#}\n"));
}
