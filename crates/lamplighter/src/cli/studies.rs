//! What is asked of histories: of repositories, of exports, of ways of working.

use super::Form;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use whatif::facts::GroupMin;

#[derive(Debug, Args)]
pub(crate) struct Busfactor {
    /// Git repositories; several are also counted together
    #[arg(value_name = "REPO", required_unless_present_any = ["log", "evidence", "journal"])]
    pub(crate) repos: Vec<PathBuf>,
    /// An exported log instead: `git log --name-status` with tabs, see the book
    #[arg(long, value_name = "FILE", requires = "files", conflicts_with = "repos")]
    pub(crate) log: Option<PathBuf>,
    /// The files of the tree at the end of that log, one per line
    #[arg(long, value_name = "FILE", requires = "log")]
    pub(crate) files: Option<PathBuf>,
    /// Services instead of files: lines of `at,kind,service,person` from operations, see the book
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["repos", "log", "method", "pruned", "keep", "co_authors"])]
    pub(crate) evidence: Option<PathBuf>,
    /// Services from this organisation's own journal (a data folder, or a PostgreSQL URL): whoever had
    /// incidents last, configured skills and hours; shows hours a week with nobody
    #[arg(long, value_name = "DIR|URL",
          conflicts_with_all = ["repos", "log", "evidence", "method", "pruned", "keep", "co_authors"])]
    pub(crate) journal: Option<String>,
    /// Which organisation; a data folder knows it by itself
    #[arg(long, requires = "journal")]
    pub(crate) org: Option<String>,
    /// Who works when, for services: lines of `person,timezone,hours`; shows hours a week with nobody
    #[arg(long, value_name = "FILE", conflicts_with_all = ["repos", "log"])]
    pub(crate) people: Option<PathBuf>,
    /// As it stood then, as in 2026-12-24T18:00:00Z [default: as it stands]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) at: Option<String>,
    /// How the authors of a file are found
    #[arg(long, default_value = "avelino")]
    pub(crate) method: BusfactorMethod,
    /// Drop people with less than a tenth of the first one's files, as the program of Avelino et al. does
    #[arg(long)]
    pub(crate) pruned: bool,
    /// Which files count
    #[arg(long, default_value = "code")]
    pub(crate) keep: BusfactorKeep,
    /// Only files in this folder, or this file; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) only: Vec<String>,
    /// No files in this folder, nor this file; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) without: Vec<String>,
    #[command(flatten)]
    pub(crate) who: BusfactorWho,
    /// How many days before the last commit count; 0 is all [default: 0 for avelino, otherwise 547]
    #[arg(long, value_name = "DAYS")]
    pub(crate) window: Option<u32>,
    /// In how many days a change's weight falls to 1/e, for jetbrains and evidence; 0 is never [default: 90]
    #[arg(long, value_name = "DAYS")]
    pub(crate) decay: Option<u32>,
    /// Also name the cheapest next pairing: two people and a folder, or a service where --people is given
    #[arg(long)]
    pub(crate) pairing: bool,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Records {
    /// The export, with a header line
    #[arg(value_name = "FILE", required_unless_present = "journal")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) history: OwnHistory,
    /// Which column says what: id, created, started, finished, `worked_minutes`, class, about, person,
    /// group, state, changed; may be repeated
    #[arg(long, value_name = "WHAT=NAME", value_parser = named_column)]
    pub(crate) column: Vec<(String, String)>,
    /// What a word of the class column means, such as incident=page; may be repeated
    #[arg(long, value_name = "WORD=CLASS", value_parser = named_column)]
    pub(crate) means: Vec<(String, String)>,
    /// `strptime` format of times, such as '%d/%m/%Y %H:%M' [default: ISO 8601]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) times: Option<String>,
    /// Zone of times that name none [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// What rows are, where no column says so: page, ticket, request, change [default: ticket]
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<String>,
    /// How many people there must be before anything is said of how they work; 5, or more
    #[arg(long, value_name = "PEOPLE", default_value = "5", value_parser = group_min)]
    pub(crate) group_min: GroupMin,
    /// Also write a file for `whatif` to begin with
    #[arg(long, value_name = "FILE.yaml")]
    pub(crate) draft: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) beside: RecordsBeside,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// This organisation's own history.
#[derive(Debug, Args)]
pub(crate) struct OwnHistory {
    /// A journal instead of an export: a data folder, or a PostgreSQL URL; read, never written
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) journal: Option<String>,
    /// Which organisation; a data folder knows it by itself
    #[arg(long, requires = "journal")]
    pub(crate) org: Option<String>,
}

/// What no export holds.
#[derive(Debug, Args)]
pub(crate) struct RecordsBeside {
    /// Who works when: lines of `person,timezone,hours` such as `ana,Africa/Nairobi,09:00-17:00`
    #[arg(long, value_name = "FILE")]
    pub(crate) people: Option<PathBuf>,
    /// Who was on duty when: lines of `person,from,to` with instants such as 2026-01-05T08:00:00Z
    #[arg(long, value_name = "FILE")]
    pub(crate) duty: Option<PathBuf>,
    /// Which group owns a component; may be repeated
    #[arg(long, value_name = "COMPONENT=GROUP", value_parser = named_column)]
    pub(crate) owner: Vec<(String, String)>,
    /// A state in which whoever is named works, where there is a row per change; may be repeated
    #[arg(long, value_name = "STATE")]
    pub(crate) working: Vec<String>,
    /// A state in which whoever is named only helps; may be repeated
    #[arg(long, value_name = "STATE", requires = "working")]
    pub(crate) helping: Vec<String>,
}

fn group_min(text: &str) -> Result<GroupMin, String> {
    GroupMin::of(text.parse().map_err(|_| "write a number of people".to_owned())?)
}

fn named_column(text: &str) -> Result<(String, String), String> {
    let (what, name) =
        text.split_once('=').ok_or("write both with = between, such as created=opened_at")?;
    Ok((what.to_owned(), name.to_owned()))
}

#[derive(Debug, Args)]
pub(crate) struct Whatif {
    /// Teams, work, structures and assumptions; may be left out with --journal
    #[arg(value_name = "FILE", required_unless_present_any = ["journal", "example"])]
    pub(crate) file: Option<PathBuf>,
    /// Print a file to begin with, and nothing else
    #[arg(long, value_name = "WHICH")]
    pub(crate) example: Option<WhatifExample>,
    #[command(flatten)]
    pub(crate) history: OwnHistory,
    /// Structures that are written out, under `structures:`; beside those of FILE; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) structure: Vec<PathBuf>,
    /// How many threads [default: one per core]; the answer is the same
    #[arg(long, value_name = "COUNT")]
    pub(crate) cores: Option<usize>,
    /// Also write two pages to print, as one HTML file without script
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Files that come with the program.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum WhatifExample {
    /// A few numbers: teams, work, structures
    Question,
    /// The same with an export beside it, against which the model is held first
    Records,
    /// Every structure written out, to be changed
    Structures,
}

#[derive(Debug, Args)]
pub(crate) struct Experiment {
    #[command(subcommand)]
    pub(crate) command: ExperimentCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    /// Before it starts: the smallest effect that the weeks to come can show
    #[command(after_help = "Example: lamplighter experiment design tribute.yaml")]
    Design(ExperimentFile),
    /// At its review date: what changed, what else changed, and what cannot be concluded
    #[command(after_help = "Example: lamplighter experiment review tribute.yaml")]
    Review(ExperimentReview),
    /// Print a file to begin with
    #[command(after_help = "Example: lamplighter experiment example > tribute.yaml")]
    Example,
}

#[derive(Debug, Args)]
pub(crate) struct ExperimentFile {
    /// Hypothesis, metric, guards, start, review and records
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct ExperimentReview {
    #[command(flatten)]
    pub(crate) file: ExperimentFile,
    /// Look before the review date, which makes the answer worth less
    #[arg(long)]
    pub(crate) early: bool,
}

/// Who counts, and as whom.
#[derive(Debug, Args)]
pub(crate) struct BusfactorWho {
    /// What makes two contacts one person [default: email-or-name for avelino, email for jetbrains]
    #[arg(long, value_name = "RULE")]
    pub(crate) identity: Option<BusfactorIdentity>,
    /// Do not follow `.mailmap`
    #[arg(long)]
    pub(crate) no_mailmap: bool,
    /// Count updaters, bots and coding agents as people
    #[arg(long)]
    pub(crate) bots: bool,
    /// Whether people in Co-authored-by trailers are authors [default: no for avelino, yes for jetbrains]
    #[arg(long, value_name = "ANSWER")]
    pub(crate) co_authors: Option<BusfactorCoAuthors>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BusfactorMethod {
    /// Degree of authorship over the whole history (Avelino et al. 2016)
    Avelino,
    /// Commits of the last 547 days, fading (Jabrayilzade et al. 2022)
    Jetbrains,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BusfactorKeep {
    /// Without documentation, data, media, hidden, generated and vendored files
    Code,
    /// Every file
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BusfactorIdentity {
    /// Equal addresses or equal names
    EmailOrName,
    /// Equal addresses only
    Email,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BusfactorCoAuthors {
    /// They get full credit
    Yes,
    /// They are only counted
    No,
}
