//! Structured logs on standard error.
//!
//! Lines for people on a terminal, JSON otherwise. ERROR means that somebody should get up. No field
//! holds anything personal: people appear by id, addresses and secrets never.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// What is logged unless somebody chooses; the database's notices are nobody's business.
const USUAL: &str = "info,tokio_postgres=warn";

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// For people.
    Text,
    /// For machines, one object per line.
    Json,
}

/// Starts logging. The environment variable `LAMPLIGHTER_LOG` chooses what is logged, as in
/// `info,server=debug`.
pub fn start_logging(form: Option<LogForm>) {
    let terminal = std::io::stderr().is_terminal();
    let form = form.unwrap_or(if terminal { LogForm::Text } else { LogForm::Json });
    let filter = EnvFilter::try_from_env("LAMPLIGHTER_LOG").unwrap_or_else(|_| USUAL.into());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, as in tests, changes nothing.
    let _ = match form {
        LogForm::Text => builder.with_ansi(terminal).with_target(false).try_init(),
        LogForm::Json => builder.json().flatten_event(true).try_init(),
    };
}
