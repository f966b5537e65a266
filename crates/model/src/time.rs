//! Instants and lengths of time, in milliseconds.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant: milliseconds since the Unix epoch, UTC. Always an argument, never read here.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Timestamp {
    /// This instant `length` later.
    #[must_use]
    pub const fn plus(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }

    /// This instant `length` earlier.
    #[must_use]
    pub const fn minus(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(length.0))
    }

    /// How long after `earlier` this instant is; negative when it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// The number of whole minutes since the epoch, rounded down.
    #[must_use]
    pub const fn minute(self) -> i64 {
        self.0.div_euclid(60_000)
    }

    /// The instant at which minute number `minute` begins.
    #[must_use]
    pub const fn from_minute(minute: i64) -> Self {
        Self(minute * 60_000)
    }

    /// The same instant as a `jiff` timestamp; out-of-range values are clamped.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// From a `jiff` timestamp; fractions of a millisecond are dropped.
    #[must_use]
    pub fn from_jiff(at: jiff::Timestamp) -> Self {
        Self(at.as_millisecond())
    }

    /// Reads RFC 3339 text such as `2026-11-21T03:00:00Z`.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(Self::from_jiff)
    }
}

/// RFC 3339 in UTC, with milliseconds only when there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl Millis {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `count` seconds.
    #[must_use]
    pub const fn from_secs(count: i64) -> Self {
        Self(count * 1_000)
    }

    /// `count` minutes.
    #[must_use]
    pub const fn from_mins(count: i64) -> Self {
        Self(count * 60_000)
    }

    /// `count` hours.
    #[must_use]
    pub const fn from_hours(count: i64) -> Self {
        Self(count * 3_600_000)
    }

    /// `count` days of 24 hours.
    #[must_use]
    pub const fn from_days(count: i64) -> Self {
        Self(count * 86_400_000)
    }

    /// Whole minutes, rounded down.
    #[must_use]
    pub const fn whole_mins(self) -> i64 {
        self.0.div_euclid(60_000)
    }
}

/// At most two units, as a person would say it: `4m 10s`, `3h`, `28d`, `250ms`.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        if magnitude < 1_000 {
            return write!(f, "{sign}{magnitude}ms");
        }
        let secs = magnitude / 1_000;
        let parts = [
            (secs / 86_400, "d"),
            (secs / 3_600 % 24, "h"),
            (secs / 60 % 60, "m"),
            (secs % 60, "s"),
        ];
        let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
        write!(f, "{sign}{}{}", parts[first].0, parts[first].1)?;
        // A day and half an hour is a day where clocks were set back by half an hour, and no other day.
        let next = if first == 0 && parts[1].0 == 0 { 2 } else { first + 1 };
        match parts.get(next) {
            Some((count, unit)) if *count > 0 => write!(f, " {count}{unit}"),
            _ => Ok(()),
        }
    }
}
