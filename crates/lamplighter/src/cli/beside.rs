//! What is asked of ways to people, and of the pager beside ours.

use super::{Remote, Status};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ContactCommand {
    /// List everybody with their addresses' standing and when they were last reached
    #[command(after_help = "Example: lamplighter contact list")]
    List(Status),
    /// Show that an address is yours: a code goes there, and comes back here
    ///
    /// A code is good for ten minutes and five tries. An address that changes is unverified again.
    /// Unverified addresses are used all the same.
    #[command(after_help = "Examples: lamplighter contact verify sms\n          \
                            lamplighter contact verify sms 123456")]
    Verify(ContactVerify),
    /// Send a test message to every address of yours
    #[command(after_help = "Example: lamplighter contact test")]
    Test(ContactTest),
    /// Say that you know that you are on duty
    #[command(after_help = "Example: lamplighter contact confirm payments")]
    Confirm(DutyConfirm),
}

#[derive(Debug, Args)]
pub(crate) struct ContactVerify {
    /// Which address: email, sms or push
    pub(crate) medium: String,
    /// The code that came; without it, one is sent
    pub(crate) code: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct ContactTest {
    /// Somebody else, for administrators
    pub(crate) person: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct DutyConfirm {
    /// Which rota; all you were asked about when left out
    pub(crate) rota: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ShadowCommand {
    /// Every moment at which the two pagers would not have done the same
    #[command(after_help = "Example: lamplighter shadow report --days 14")]
    Report(ShadowReport),
    /// Record what the other pager did, from a table
    ///
    /// The first line names the columns: at, who and incident or key are needed; title, system and act
    /// (called, acknowledged, resolved) may be there.
    #[command(after_help = "Example: lamplighter shadow import calls.csv --system opsgenie\n\
                            Exit code 1 when a line could not be read.")]
    Import(ShadowImport),
    /// End shadow mode: people are called from now on
    ///
    /// What is open and taken by nobody is paged at once. Needs an administrator's token.
    #[command(after_help = "Example: lamplighter shadow end")]
    End(ShadowEnd),
}

#[derive(Debug, Args)]
pub(crate) struct ShadowReport {
    /// How many days to look back, at most 35
    #[arg(long, default_value_t = 14)]
    pub(crate) days: u16,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct ShadowImport {
    /// The table, in CSV; `-` for standard input
    pub(crate) file: std::path::PathBuf,
    /// Which pager it comes from, where the table does not say
    #[arg(long, default_value = "another pager")]
    pub(crate) system: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct ShadowEnd {
    /// For one team that is in shadow by itself
    #[arg(long)]
    pub(crate) team: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Note {
    /// Which incident, or a page of it
    pub(crate) id: String,
    /// What
    pub(crate) text: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Waive {
    /// Which feature
    pub(crate) feature: String,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "end")]
    pub(crate) reason: Option<String>,
    /// For how long, at most 744 hours
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    pub(crate) hours: u32,
    /// Take the waiver back
    #[arg(long, conflicts_with_all = ["reason", "hours"])]
    pub(crate) end: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct PushCounts {
    /// Which objective, as `service.slo`
    pub(crate) objective: String,
    /// What you call this line; the same key counts once
    #[arg(long)]
    pub(crate) key: String,
    /// When it was, as 2026-11-21T03:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// How many events were bad
    #[arg(long)]
    pub(crate) bad: u64,
    /// How many events there were
    #[arg(long)]
    pub(crate) total: u64,
    /// How many people were affected, where that is known
    #[arg(long)]
    pub(crate) people: Option<u64>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}
