//! Objectives as exact numbers: 99.9 % is 1 000 000 bad events per thousand million.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The share of events that must be good, kept exactly as its complement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Objective {
    budget_ppb: u32,
}

/// Why a text is no objective.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidObjective {
    /// Not a number followed by `%`.
    #[error("`{0}` is not a percentage: write it as `99.9%`")]
    NotAPercentage(String),
    /// Zero or less, or 100 % or more.
    #[error("`{0}` cannot be an objective: it must be above 0% and below 100%")]
    OutOfRange(String),
    /// More digits than can be kept exactly.
    #[error("`{0}` is finer than 0.0000001%, which no signal can measure")]
    TooFine(String),
}

impl Objective {
    /// One whole, in parts per thousand million.
    pub const WHOLE_PPB: u32 = 1_000_000_000;

    /// Reads `99.9%`. Exact: no floating point is involved.
    pub fn parse(text: &str) -> Result<Self, InvalidObjective> {
        let bad = || InvalidObjective::NotAPercentage(text.to_owned());
        let number = text.trim().strip_suffix('%').ok_or_else(bad)?.trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| part.bytes().all(|it| it.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(bad());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 7 {
            return Err(InvalidObjective::TooFine(text.to_owned()));
        }
        let whole: u64 = whole.parse().map_err(|_| bad())?;
        let scaled: u64 = format!("{fraction:0<7}").parse().map_err(|_| bad())?;
        let good_ppb = whole.saturating_mul(10_000_000).saturating_add(scaled);
        if good_ppb == 0 || good_ppb >= u64::from(Self::WHOLE_PPB) {
            return Err(InvalidObjective::OutOfRange(text.to_owned()));
        }
        let good_ppb = u32::try_from(good_ppb).expect("below one thousand million");
        Ok(Self { budget_ppb: Self::WHOLE_PPB - good_ppb })
    }

    /// The share of events that may be bad, in parts per thousand million; never 0.
    #[must_use]
    pub const fn budget_ppb(self) -> u32 {
        self.budget_ppb
    }

    /// The share of events that may be bad, between 0 and 1, for display and rates.
    #[must_use]
    pub fn budget_ratio(self) -> f64 {
        f64::from(self.budget_ppb) / f64::from(Self::WHOLE_PPB)
    }
}

/// `99.9%`, without needless zeros.
impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let good = Self::WHOLE_PPB - self.budget_ppb;
        let fraction = format!("{:07}", good % 10_000_000);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() {
            write!(f, "{}%", good / 10_000_000)
        } else {
            write!(f, "{}.{fraction}%", good / 10_000_000)
        }
    }
}

impl TryFrom<String> for Objective {
    type Error = InvalidObjective;
    fn try_from(text: String) -> Result<Self, InvalidObjective> {
        Self::parse(&text)
    }
}

impl From<Objective> for String {
    fn from(it: Objective) -> Self {
        it.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = match Objective::parse(text) {
            Ok(it) => format!("{it} leaves {}", it.budget_ppb()),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn reads_percentages_exactly() {
        check("99.9%", "99.9% leaves 1000000");
        check("99.99999%", "99.99999% leaves 100");
        check("0.5 %", "0.5% leaves 995000000");
        check("90%", "90% leaves 100000000");
    }

    #[test]
    fn refuses_what_nobody_can_promise() {
        check("100%", "`100%` cannot be an objective: it must be above 0% and below 100%");
        check("0%", "`0%` cannot be an objective: it must be above 0% and below 100%");
        check("99.9", "`99.9` is not a percentage: write it as `99.9%`");
        check("-1%", "`-1%` is not a percentage: write it as `99.9%`");
        check(
            "99.99999999%",
            "`99.99999999%` is finer than 0.0000001%, which no signal can measure",
        );
    }
}
