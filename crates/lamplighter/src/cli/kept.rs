//! Tokens, and the journal itself.

use super::{Form, OneId, Place, Remote, Status, Stored};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; its secret is shown once
    #[command(
        after_help = "Examples: lamplighter token issue --kind door --label prometheus\n          \
                            lamplighter token issue --kind api --person ana --label laptop --data ./data\n\
                            With --data or --database the server must not run."
    )]
    Issue(TokenIssue),
    /// End a token
    #[command(after_help = "Example: lamplighter token revoke tk_3")]
    Revoke(OneId),
    /// List tokens, without their secrets
    #[command(after_help = "Example: lamplighter token list")]
    List(Status),
}

#[derive(Debug, Args)]
pub(crate) struct TokenIssue {
    /// What it opens
    #[arg(long)]
    pub(crate) kind: TokenKind,
    /// What people call it
    #[arg(long)]
    pub(crate) label: String,
    /// On whose behalf an API token acts; beside a store only
    #[arg(long)]
    pub(crate) person: Option<String>,
    /// Write into this data folder instead of asking a server
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Write into this PostgreSQL database instead of asking a server
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Which organisation; a data folder knows it by itself
    #[arg(long)]
    pub(crate) org: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TokenKind {
    /// The API and the command line, as a person
    Api,
    /// A door: may deliver alerts and nothing else
    Door,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Check that no record is missing or was altered
    #[command(after_help = "Example: lamplighter journal verify --data ./data --head 812:5f1c…\n\
                            The head is in the log, in /metrics and in the daily mail.")]
    Verify(JournalVerify),
    /// Fold the whole journal and compare with the state the server would start with
    #[command(after_help = "Example: lamplighter journal replay --data ./data")]
    Replay(JournalReplay),
    /// Write every event as a line of JSON
    #[command(after_help = "Example: lamplighter journal export --data ./data > journal.jsonl")]
    Export(JournalExport),
}

#[derive(Debug, Args)]
pub(crate) struct JournalVerify {
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// A published head, as SEQ:HASH or HASH; the journal must contain it
    #[arg(long, value_name = "HEAD")]
    pub(crate) head: Option<String>,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct JournalReplay {
    #[command(flatten)]
    pub(crate) stored: Stored,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct JournalExport {
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// With the texts of people, which are left out otherwise
    #[arg(long)]
    pub(crate) personal: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Whom
    pub(crate) person: String,
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// Do it without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Configuration file or folder; may be repeated [default: lamplighter.yaml]
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct ExampleServices {
    /// Port of the first service; the others follow
    #[arg(long, value_name = "PORT", default_value_t = 9101)]
    pub(crate) listen_base: u16,
    /// Seed of their traffic
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Out {
    /// Which folder to write to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}
