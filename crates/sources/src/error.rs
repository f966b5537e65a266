//! Why a source could not be read, for the person who has to mend it.

use slo::selector::SelectorError;

/// What went wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No answer at all.
    #[error("could not reach {url}: {detail}; check the address and that the server is running")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What the network said.
        detail: String,
    },
    /// An answer that was too large, or took too long.
    #[error("{url} gave no whole answer: {detail}; choose fewer series with more matchers")]
    TooMuch {
        /// What was asked.
        url: String,
        /// What was too much.
        detail: String,
    },
    /// The server wants other credentials.
    #[error("{url} refused us with status {status}; check the source's `token`")]
    Unauthorised {
        /// What was asked.
        url: String,
        /// 401 or 403.
        status: u16,
    },
    /// Prometheus understood the question and said no.
    #[error("{url} could not answer for `{selector}`: {kind}: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// For which selector.
        selector: String,
        /// Its kind of error, such as `bad_data` or `execution`.
        kind: String,
        /// Its words.
        message: String,
    },
    /// An answer with an error status and no explanation.
    #[error("{url} answered with status {status}; check the address")]
    Status {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
    },
    /// An answer that no Prometheus gives.
    #[error(
        "{url} does not answer like a Prometheus server: {detail}; give its base address, without `/api/v1`"
    )]
    NotPrometheus {
        /// What was asked.
        url: String,
        /// What was wrong with it.
        detail: String,
    },
    /// An answer that is no page of metrics.
    #[error("{url} does not serve metrics: {detail}; it must answer in Prometheus' text format")]
    NotMetrics {
        /// The target.
        url: String,
        /// What was wrong with it, and in which line.
        detail: String,
    },
    /// The selector chooses more than can be followed.
    #[error(
        "`{selector}` chooses {found} series, more than the {max} that can be followed; choose fewer with more matchers, or a recording rule"
    )]
    TooManySeries {
        /// The selector.
        selector: String,
        /// How many series.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// The selector cannot be read; `check` says so, too.
    #[error("`{selector}` is no selector: {error}")]
    BadSelector {
        /// The selector.
        selector: String,
        /// Why.
        error: SelectorError,
    },
    /// A regular expression in the selector cannot be read.
    #[error("`{selector}` cannot be matched: {detail}")]
    BadRegex {
        /// The selector.
        selector: String,
        /// Why.
        detail: String,
    },
    /// The source has no target to scrape.
    #[error("the source `{source_id}` has no targets; add one under `targets`")]
    NoTargets {
        /// The source.
        source_id: String,
    },
}

impl ReadError {
    /// Whether asking for less at once may help.
    pub(crate) const fn wants_less(&self) -> bool {
        matches!(
            self,
            Self::TooMuch { .. }
                | Self::Refused { .. }
                | Self::TooManySeries { .. }
                | Self::Status { status: 413 | 414 | 422, .. }
        )
    }
}
