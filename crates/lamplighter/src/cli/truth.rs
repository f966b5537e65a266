//! What is asked of budgets: exclusions, and what would bring budget back.

use super::{OneId, Remote, Status};
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum ExcludeCommand {
    /// Propose times that budgets do not count; somebody else must approve
    #[command(
        after_help = "Examples: lamplighter exclude propose storm light-on --counts dropped \\\n            \
                            --when \"2026-11-02 22:00\" --minutes 180 --reason \"the storm\"\n          \
                            lamplighter exclude propose patches payments-api.up --counts good \\\n            \
                            --during patches --reason \"announced\"\n          \
                            lamplighter exclude propose tests light-on --counts dropped --minutes 60 \\\n            \
                            --when \"from 2026-01-06 FREQ=WEEKLY;INTERVAL=2 02:00\" --reason \"load tests\""
    )]
    Propose(ExcludePropose),
    /// Approve what somebody else proposed
    #[command(after_help = "Example: lamplighter exclude approve storm")]
    Approve(OneId),
    /// Take one back: every figure is as it was
    #[command(
        after_help = "Example: lamplighter exclude revoke storm --reason \"it was no storm\""
    )]
    Revoke(ExcludeRevoke),
    /// List exclusions with their standing
    #[command(after_help = "Example: lamplighter exclude list")]
    List(Status),
}

/// What excluded minutes count as.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Counts {
    /// Nothing: minutes, attempts and failures are left out
    Dropped,
    /// Good: attempts count, failures do not
    Good,
}

#[derive(Debug, Args)]
pub(crate) struct ExcludePropose {
    /// What it is called
    pub(crate) name: String,
    /// Whose budgets: features, and objectives as `service.slo`
    #[arg(required = true)]
    pub(crate) about: Vec<String>,
    /// What its minutes count as
    #[arg(long, value_enum)]
    pub(crate) counts: Counts,
    /// A day or days and a time, also a past one, or `from DAY RRULE TIME`
    #[arg(long, value_name = "WHEN", required_unless_present = "during")]
    pub(crate) when: Option<String>,
    /// Whenever this planned work is done
    #[arg(long, value_name = "ID", conflicts_with_all = ["when", "timezone", "minutes"])]
    pub(crate) during: Option<String>,
    /// The zone in which `--when` is meant [default: yours]
    #[arg(long)]
    pub(crate) timezone: Option<String>,
    /// For how long
    #[arg(long, default_value_t = 60)]
    pub(crate) minutes: u32,
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct ExcludeRevoke {
    /// Which
    pub(crate) id: String,
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// Which feature
    pub(crate) feature: String,
    /// Configuration: files and folders [default: lamplighter.yaml]
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Vec<std::path::PathBuf>,
    #[command(flatten)]
    pub(crate) stored: super::Stored,
    /// How many days to play back
    #[arg(long, default_value_t = 28, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub(crate) days: u16,
    /// Share of the budget, in percent, that makes a stretch of failures an episode
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0)]
    pub(crate) share: f64,
    /// Judge by what users reported instead: a pushed objective whose bad counts are their tickets
    #[arg(long, value_name = "SERVICE.SLO")]
    pub(crate) reports: Option<String>,
    /// How many reports make an episode
    #[arg(long, default_value_t = 3, requires = "reports")]
    pub(crate) reports_min: u64,
    /// Other conditions, as `2%/1h/5m`: share of the budget, long window, short window
    #[arg(long, value_name = "CONDITION")]
    pub(crate) condition: Vec<String>,
    /// Try many sets of conditions, and show those that none beats
    #[arg(long)]
    pub(crate) sweep: bool,
    /// Draw them into this file
    #[arg(long, value_name = "FILE.svg", requires = "sweep")]
    pub(crate) svg: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(crate) form: super::Form,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BacklogCommand {
    /// Show improvements in order of the budget they can be expected to bring back
    #[command(after_help = "Example: lamplighter backlog list")]
    List(Status),
    /// List an improvement, or describe it anew
    #[command(
        after_help = "Example: lamplighter backlog add second-uplink carrier-a.up --percent 80 \\\n           \
                            --title \"a second uplink\" --link https://tracker.example/1"
    )]
    Add(BacklogAdd),
    /// Say that one is done
    #[command(after_help = "Example: lamplighter backlog done second-uplink")]
    Done(OneId),
    /// Strike one that will not be done
    #[command(after_help = "Example: lamplighter backlog drop second-uplink")]
    Drop(OneId),
}

#[derive(Debug, Args)]
pub(crate) struct BacklogAdd {
    /// What it is called for short
    pub(crate) name: String,
    /// Whose failures it takes away: objectives as `service.slo`
    #[arg(required = true)]
    pub(crate) mends: Vec<String>,
    /// What is to be done
    #[arg(long)]
    pub(crate) title: String,
    /// Which part of the failures it takes away; say the least you believe
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) percent: u8,
    /// Where it is worked on
    #[arg(long)]
    pub(crate) link: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}
