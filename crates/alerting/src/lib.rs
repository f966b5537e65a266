//! Alerts as they arrive: identity, limits, and what a sender's times mean.
//!
//! Intuition: the labels *are* the alert. Two messages with the same labels speak of the same thing,
//! whatever their text says.
//!
//! Invariants:
//! - the fingerprint depends on labels alone, in any order;
//! - nothing is truncated: what is over a limit is refused by name.

mod matcher;

pub use matcher::{
    BadMatcher, MATCHER_LENGTH_MAX, MATCHERS_MAX, Matcher, MatcherOp, match_everything, matches_all,
};

use model::{Labels, Millis, Timestamp};

#[cfg(test)]
mod tests;

/// Labels or annotations of one alert.
pub const LABELS_PER_ALERT_MAX: usize = 128;
/// Bytes of one label name.
pub const LABEL_NAME_LENGTH_MAX: usize = 256;
/// Bytes of one label value or annotation.
pub const LABEL_VALUE_LENGTH_MAX: usize = 16 * 1_024;

/// An alert as a sender wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What identifies it.
    pub labels: Labels,
    /// What describes it.
    pub annotations: Labels,
    /// Since when; `None` where the sender left it out.
    pub starts_at: Option<Timestamp>,
    /// Until when; `None` where the sender left it out.
    pub ends_at: Option<Timestamp>,
}

/// An alert whose times are settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// [`fingerprint`] of the labels.
    pub fingerprint: String,
    /// Without empty ones.
    pub labels: Labels,
    /// As sent.
    pub annotations: Labels,
    /// Since when.
    pub starts_at: Timestamp,
    /// When it ends or ended; for one without an end, so long from now as it is believed.
    pub ends_at: Timestamp,
    /// Whether it fires.
    pub status: Status,
}

/// Whether an alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Firing,
    /// It is over.
    Resolved,
}

/// Why an alert is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Nothing identifies it.
    #[error("at least one label pair required")]
    NoLabels,
    /// A name that is not one.
    #[error("invalid label name {0:?}")]
    LabelName(String),
    /// It ends before it starts.
    #[error("start time must be before end time")]
    EndsBeforeStart,
    /// Over a limit.
    #[error("{what} is over the limit of {max}")]
    TooLarge {
        /// What is.
        what: &'static str,
        /// The limit.
        max: usize,
    },
}

/// The identity of an alert: 64-bit FNV-1a over names and values in order of name, each followed by
/// the byte 255, as 16 hexadecimal digits. The scheme of Prometheus and Alertmanager, so that ids
/// agree with theirs.
#[must_use]
pub fn fingerprint(labels: &Labels) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    let text = |hash: u64, text: &str| step(text.bytes().fold(hash, step), 255);
    let hash = labels.iter().fold(OFFSET, |hash, (name, value)| text(text(hash, name), value));
    format!("{hash:016x}")
}

/// Settles times and identity as Alertmanager does: no start means now (or the end, if there is
/// one), no end means `resolve_timeout` from now, an end in the past means resolved, empty labels
/// count as absent.
pub fn normalise(
    incoming: Incoming,
    now: Timestamp,
    resolve_timeout: Millis,
) -> Result<Normalised, Invalid> {
    let Incoming { mut labels, annotations, starts_at, ends_at } = incoming;
    labels.retain(|_, value| !value.is_empty());
    within_limits(&labels, "a label")?;
    within_limits(&annotations, "an annotation")?;
    if labels.is_empty() {
        return Err(Invalid::NoLabels);
    }
    if let Some(name) = labels.keys().find(|it| it.is_empty()) {
        return Err(Invalid::LabelName(name.clone()));
    }
    let starts_at = starts_at.or(ends_at).unwrap_or(now);
    let ends_at = ends_at.unwrap_or_else(|| now.plus(resolve_timeout));
    if ends_at < starts_at {
        return Err(Invalid::EndsBeforeStart);
    }
    let status = if ends_at <= now { Status::Resolved } else { Status::Firing };
    let fingerprint = fingerprint(&labels);
    Ok(Normalised { fingerprint, labels, annotations, starts_at, ends_at, status })
}

fn within_limits(pairs: &Labels, what: &'static str) -> Result<(), Invalid> {
    let too_large = |max| Err(Invalid::TooLarge { what, max });
    if pairs.len() > LABELS_PER_ALERT_MAX {
        return too_large(LABELS_PER_ALERT_MAX);
    }
    if pairs.keys().any(|it| it.len() > LABEL_NAME_LENGTH_MAX) {
        return too_large(LABEL_NAME_LENGTH_MAX);
    }
    if pairs.values().any(|it| it.len() > LABEL_VALUE_LENGTH_MAX) {
        return too_large(LABEL_VALUE_LENGTH_MAX);
    }
    Ok(())
}
