//! What is counted for a service objective, and how the counts are judged.
//!
//! Intuition: everything ends as "so many bad of so many" per minute. These types say where the two
//! numbers come from, whether events or slices of time are judged, and over which days.
//!
//! Invariant: the defaults are what a ratio of bad events over a rolling window means, and what was
//! written before there was a choice reads as that.

use crate::{HeartbeatId, Millis, SecretRef};
use serde::{Deserialize, Serialize};

/// Where the counts of a minute come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sli {
    /// `bad` chooses the counters of bad events, `total` those of all events.
    #[default]
    Bad,
    /// `bad` chooses the counters of *good* events; what is left of `total` is bad.
    Good,
    /// `bad` chooses the buckets of a classic histogram that end at a bound: those events were fast
    /// enough. What is left of `total` was too slow.
    Latency {
        /// The bound, in the unit of the histogram.
        under: String,
        /// The selector of all buckets, to tell which bounds there are.
        buckets: String,
    },
    /// Both choose a gauge; a minute is good while every reading of every series fulfils this.
    Gauge(Comparison),
    /// Both choose a gauge that holds a share from 0 to 1; a minute counts as [`RATIO_PARTS`]
    /// attempts of which that share is good.
    Ratio {
        /// Whether the share is of good events; else of bad ones.
        good: bool,
    },
    /// Counts are pushed to us; nothing is read.
    Pushed {
        /// How long after a push we may be sure that there was nothing else.
        every: Millis,
        /// Of which check in CI results are taken, by the name that CI gives it; of any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<String>,
        /// With what CI signs its results; without it none are taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<SecretRef>,
    },
    /// `bad` and `total` are questions in PromQL, asked at the end of every minute. What comes back is
    /// a rate and not a count, so the figure is an estimate.
    Query {
        /// What `bad` asks for.
        asks: Asks,
        /// Per what the answers are.
        per: Per,
    },
    /// A heartbeat: a minute in which it is missed is bad, one in which it is not is good, and as long
    /// as it is awaited nothing is known; nothing is read.
    Heartbeat {
        /// Which.
        heartbeat: HeartbeatId,
    },
}

/// What the first question of a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// Bad events.
    Bad,
    /// Good events; what is left of the total is bad.
    Good,
    /// The share of bad events, from 0 to 1; both questions are the same. How many events there are is
    /// not known, so a minute counts as [`RATIO_PARTS`] attempts.
    ErrorRatio,
}

/// Per what length of time a question answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Events per second, as `rate` says them.
    #[default]
    Second,
    /// Events per minute.
    Minute,
    /// Events within the window that stands for the placeholder, as `increase` says them.
    Window,
}

/// As how many attempts a minute of a raw ratio counts.
pub const RATIO_PARTS: u64 = 10_000;

/// What readings of a gauge must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// How they compare.
    pub is: Is,
    /// With what number, as written.
    pub value: String,
}

/// How a reading compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Is {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
}

/// How counts are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every event counts alike (OpenSLO: Occurrences).
    #[default]
    Occurrences,
    /// Every slice of time counts alike, and is good when enough of its events were (OpenSLO:
    /// Timeslices).
    TimeSlices {
        /// Length of a slice, which divides an hour.
        minutes: u8,
        /// The share of events that may be bad in a good slice, in parts per million.
        bad_ppm: u32,
    },
    /// Every slice of time counts alike, with the share of its events that were good (OpenSLO:
    /// `RatioTimeslices`).
    RatioTimeSlices {
        /// Length of a slice, which divides an hour.
        minutes: u8,
    },
}

/// A window that begins anew with the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// When it begins anew.
    pub period: Period,
    /// The IANA zone whose midnights count.
    pub timezone: String,
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From Monday.
    Week,
    /// From the first of the month.
    Month,
    /// From the first of January, April, July and October.
    Quarter,
    /// From the first of January.
    Year,
}

impl Sli {
    /// Whether counts are pushed, so that there is no source.
    #[must_use]
    pub const fn is_pushed(&self) -> bool {
        matches!(self, Self::Pushed { .. })
    }

    /// Whether nothing is read from a source: counts are pushed, or known here.
    #[must_use]
    pub const fn has_no_source(&self) -> bool {
        matches!(self, Self::Pushed { .. } | Self::Heartbeat { .. })
    }

    /// Whether the figure is an estimate, because a source told rates and not counts.
    #[must_use]
    pub const fn is_estimate(&self) -> bool {
        matches!(self, Self::Query { .. })
    }

    /// Whether nothing but the two counters of bad and of all events is meant.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::Bad
    }
}

impl Comparison {
    /// Reads `<= 300`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let operators = [
            ("<=", Is::AtMost),
            (">=", Is::AtLeast),
            ("==", Is::Equal),
            ("<", Is::Below),
            (">", Is::Above),
        ];
        let (is, value) = operators
            .into_iter()
            .find_map(|(sign, is)| Some((is, text.strip_prefix(sign)?.trim())))?;
        let number: f64 = value.parse().ok()?;
        number.is_finite().then(|| Self { is, value: value.to_owned() })
    }

    /// Whether every number from `least` to `most` fulfils it.
    #[must_use]
    pub fn holds(&self, least: f64, most: f64) -> bool {
        let Ok(value) = self.value.parse::<f64>() else { return false };
        match self.is {
            Is::Below => most < value,
            Is::AtMost => most <= value,
            Is::Above => least > value,
            Is::AtLeast => least >= value,
            Is::Equal => least >= value && most <= value,
        }
    }
}

impl Period {
    /// The longest that one of them can be; an hour of it may be a change of clocks.
    #[must_use]
    pub const fn longest(self) -> Millis {
        match self {
            Self::Week => Millis::from_days(7),
            Self::Month => Millis::from_days(31),
            Self::Quarter => Millis::from_days(92),
            Self::Year => Millis::from_days(366),
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, least: f64, most: f64, expected: Option<bool>) {
        assert_eq!(Comparison::parse(text).map(|it| it.holds(least, most)), expected, "{text}");
    }

    #[test]
    fn readings_compare_with_a_number() {
        check("<= 300", 10.0, 300.0, Some(true));
        check("<300", 10.0, 300.0, Some(false));
        check(">= 0.5", 0.5, 9.0, Some(true));
        check("> 0.5", 0.5, 9.0, Some(false));
        check("== 1", 1.0, 1.0, Some(true));
        check("== 1", 0.0, 1.0, Some(false));
        check("300", 0.0, 1.0, None);
        check("< many", 0.0, 1.0, None);
        check("< inf", 0.0, 1.0, None);
    }

    #[test]
    fn what_cannot_be_compared_is_never_good() {
        check("<= 300", f64::NAN, f64::NAN, Some(false));
        check(">= 300", f64::NAN, f64::NAN, Some(false));
    }
}
