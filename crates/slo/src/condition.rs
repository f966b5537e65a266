//! Burn conditions: "so much of the budget gone within this long window, and still going".
//!
//! Intuition: what a person decides is the share of budget that is worth waking somebody for. The
//! burn factor follows from it: 2 % of a 30-day budget within one hour is 14.4 times the rate that
//! just spends the budget. The short window says whether it is still going on, so that the alert
//! ends soon after its cause. (Numbers: The Site Reliability Workbook, chapter 5, table 5-8.)
//!
//! A factor so high that even a total outage cannot reach it would be an alert that never fires:
//! 14.4 times the budget of 93 % is more than everything. Such a condition is clamped to
//! [`CLAMPED_THRESHOLD`] and says so.

use crate::number::{float_signed, settled};
use model::{AlertCondition, Feature, Millis, Objective, Severity};
use serde::{Deserialize, Serialize};

/// Share of errors at which a clamped condition fires. Not 1, because an outage is rarely so total
/// that no health check succeeds, and because "more than everything" could never be shown by a
/// test of significance: 8 of 10 leaves room for 31 failures in a row to be evidence.
pub const CLAMPED_THRESHOLD: f64 = 0.8;

/// When to alert on burning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Whether it may wake somebody.
    pub severity: Severity,
    /// The window in which the budget share must be gone.
    pub long: Millis,
    /// The window that shows whether it still goes on.
    pub short: Millis,
    /// Share of the whole budget, in parts per million.
    pub budget_share_ppm: u32,
}

/// A condition applied to one objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Burn rate above which it fires; 1 spends exactly the budget over the whole window.
    pub factor: f64,
    /// The same as a share of errors, from 0 to 1.
    pub error_ratio: f64,
    /// Whether the factor was lowered because nothing could have reached it.
    pub clamped: bool,
}

/// The four conditions of the SRE Workbook.
#[must_use]
pub fn default_conditions() -> [Condition; 4] {
    let condition = |severity, percent: u32, long, short| Condition {
        severity,
        long,
        short,
        budget_share_ppm: percent * 10_000,
    };
    [
        condition(Severity::Page, 2, Millis::from_hours(1), Millis::from_mins(5)),
        condition(Severity::Page, 5, Millis::from_hours(6), Millis::from_mins(30)),
        condition(Severity::Ticket, 10, Millis::from_hours(24), Millis::from_hours(2)),
        condition(Severity::Ticket, 10, Millis::from_days(3), Millis::from_hours(6)),
    ]
}

/// The four conditions of Pyrra over 28 days, scaled to `window` and rounded to the minute as Pyrra does: 14,
/// 7, 2 and 1 times the budget's rate over 1 hour, 6 hours, 1 day and 4 days. Pyrra also lets alerts wait
/// (`for`) for minutes to hours; here the test of significance takes that place.
#[must_use]
pub fn pyrra_conditions(window: Millis) -> [Condition; 4] {
    let scaled = |minutes: i64| {
        let whole = window.whole_mins() * minutes;
        let base = Millis::from_days(28).whole_mins();
        Millis::from_mins((whole + base / 2) / base)
    };
    let condition = |severity, factor: i64, long: i64, short: i64| {
        let (long, short) = (scaled(long), scaled(short));
        let share = factor * long.whole_mins() * 1_000_000 / window.whole_mins().max(1);
        let budget_share_ppm = u32::try_from(share).unwrap_or(u32::MAX);
        Condition { severity, long, short, budget_share_ppm }
    };
    [
        condition(Severity::Page, 14, 60, 5),
        condition(Severity::Page, 7, 360, 30),
        condition(Severity::Ticket, 2, 1_440, 120),
        condition(Severity::Ticket, 1, 5_760, 360),
    ]
}

/// The conditions in force for a feature; none for one that is only looked at.
#[must_use]
pub fn conditions_of(feature: &Feature) -> Vec<Condition> {
    if feature.alerts_nobody { vec![] } else { in_force(&feature.alerts) }
}

/// The conditions that are written, or the usual ones.
pub(crate) fn in_force(written: &[AlertCondition]) -> Vec<Condition> {
    if written.is_empty() {
        return default_conditions().to_vec();
    }
    written.iter().map(|it| Condition::from(*it)).collect()
}

impl From<AlertCondition> for Condition {
    fn from(it: AlertCondition) -> Self {
        let AlertCondition { severity, long, short, budget_share_ppm } = it;
        Self { severity, long, short, budget_share_ppm }
    }
}

impl From<Condition> for AlertCondition {
    fn from(it: Condition) -> Self {
        let Condition { severity, long, short, budget_share_ppm } = it;
        Self { severity, long, short, budget_share_ppm }
    }
}

/// As [`Condition::parse`] reads it.
impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%/{}/{}", f64::from(self.budget_share_ppm) / 1e4, self.long, self.short)
    }
}

impl Condition {
    /// Reads `2%/1h/5m`: share of the budget, long and short window.
    #[must_use]
    pub fn parse(text: &str, severity: Severity) -> Option<Self> {
        let mut parts = text.split('/');
        let (share, long, short) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = share.strip_suffix('%')?;
        if parts.next().is_some() || !digits.bytes().all(|it| it.is_ascii_digit() || it == b'.') {
            return None;
        }
        let percent: f64 = digits.parse().ok()?;
        let (long, short) = (length(long)?, length(short)?);
        if !(0.000_1..=100.0).contains(&percent) || short >= long {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "100 % at most"
        )]
        let budget_share_ppm = (percent * 10_000.0).round() as u32;
        Some(Self { severity, long, short, budget_share_ppm })
    }

    /// Why it can never fire for this promise, in words; `None` when it can.
    #[must_use]
    pub fn never_fires(&self, objective: Objective, window: Millis) -> Option<String> {
        if self.short < Millis::from_mins(1) {
            return Some(format!("over {window} its short window is shorter than a minute"));
        }
        if self.long > window {
            return Some(format!(
                "it looks back {}, and the promise is over {window}: older failures are forgotten",
                self.long
            ));
        }
        if self.can_fire(objective, window) {
            return None;
        }
        let factor = self.factor(window);
        let most = float_signed(self.long.0) / (float_signed(window.0) * objective.budget_ratio());
        Some(format!(
            "it wants more than {:.4} % of attempts to fail ({factor:.2} times what {objective} allows), \
             and a total outage spends {:.4} % of the budget in {}",
            factor * objective.budget_ratio() * 100.0,
            most * 100.0,
            self.long,
        ))
    }

    /// The burn rate at which the share is gone within the long window, as the arithmetic says,
    /// reachable or not.
    #[must_use]
    pub fn factor(&self, window: Millis) -> f64 {
        let share = f64::from(self.budget_share_ppm) / 1e6;
        settled(share * float_signed(window.0) / float_signed(self.long.0))
    }

    /// Whether a total outage would reach the factor.
    #[must_use]
    pub fn can_fire(&self, objective: Objective, window: Millis) -> bool {
        self.factor(window) * objective.budget_ratio() < 1.0
    }

    /// The condition applied to an objective, clamped where it could not fire.
    #[must_use]
    pub fn threshold(&self, objective: Objective, window: Millis) -> Threshold {
        let budget = objective.budget_ratio();
        let factor = self.factor(window);
        if factor * budget < 1.0 {
            Threshold { factor, error_ratio: settled(factor * budget), clamped: false }
        } else {
            let factor = settled(CLAMPED_THRESHOLD / budget);
            Threshold { factor, error_ratio: CLAMPED_THRESHOLD, clamped: true }
        }
    }
}

fn length(text: &str) -> Option<Millis> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit)?;
    if !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok().filter(|it| (1..10_000).contains(it))?;
    match unit {
        'm' => Some(Millis::from_mins(number)),
        'h' => Some(Millis::from_hours(number)),
        'd' => Some(Millis::from_days(number)),
        'w' => Some(Millis::from_days(7 * number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(window: Millis) -> Vec<String> {
        default_conditions().iter().map(|it| it.factor(window).to_string()).collect()
    }

    #[test]
    fn factors_follow_from_the_window() {
        assert_eq!(factors(Millis::from_days(30)), ["14.4", "6", "3", "1"]);
        assert_eq!(factors(Millis::from_days(28)), ["13.44", "5.6", "2.8", "0.933333333333"]);
        let five_percent_an_hour =
            Condition { budget_share_ppm: 50_000, ..default_conditions()[0] };
        assert_eq!(five_percent_an_hour.factor(Millis::from_days(30)).to_string(), "36");
    }

    #[track_caller]
    fn check(objective: &str, expected: [&str; 4]) {
        let objective = Objective::parse(objective).unwrap();
        let shown = default_conditions().map(|it| {
            let it = it.threshold(objective, Millis::from_days(30));
            format!("{}{}", it.error_ratio, if it.clamped { " clamped" } else { "" })
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_nothing_can_reach_is_clamped() {
        check("99.9%", ["0.0144", "0.006", "0.003", "0.001"]);
        check("93.06%", ["0.99936", "0.4164", "0.2082", "0.0694"]);
        check("93.05%", ["0.8 clamped", "0.417", "0.2085", "0.0695"]);
        check("83.33%", ["0.8 clamped", "0.8 clamped", "0.5001", "0.1667"]);
        check("50%", ["0.8 clamped", "0.8 clamped", "0.8 clamped", "0.5"]);
    }

    #[test]
    fn conditions_are_read() {
        for text in ["2%/1h/5m", "0.5%/30m/2m", "10%/3d/6h"] {
            let found = Condition::parse(text, Severity::Page).map(|it| it.to_string());
            assert_eq!(found.as_deref(), Some(text));
        }
        let wrong =
            ["2/1h/5m", "2%/5m/1h", "2%/1h", "0%/1h/5m", "2%/1x/5m", "2%/1h/5m/1", "", "%//"];
        for text in wrong.into_iter().chain(["+2%/1h/5m", "101%/1h/5m", "2%/1h/1h", "2%/1h/0m"]) {
            assert_eq!(Condition::parse(text, Severity::Page), None, "{text}");
        }
    }

    /// The scaled windows of Pyrra's own code over 28, 30 and 7 days and one.
    #[test]
    fn pyrra_scales_its_windows() {
        let shown = |days| {
            let window = Millis::from_days(days);
            pyrra_conditions(window).map(|it| {
                format!(
                    "{}m {}m {:.2}",
                    it.short.whole_mins(),
                    it.long.whole_mins(),
                    it.factor(window)
                )
            })
        };
        assert_eq!(
            shown(28),
            ["5m 60m 14.00", "30m 360m 7.00", "120m 1440m 2.00", "360m 5760m 1.00"]
        );
        assert_eq!(
            shown(30),
            ["5m 64m 14.00", "32m 386m 7.00", "129m 1543m 2.00", "386m 6171m 1.00"]
        );
        assert_eq!(shown(7), ["1m 15m 14.00", "8m 90m 7.00", "30m 360m 2.00", "90m 1440m 1.00"]);
        assert_eq!(pyrra_conditions(Millis::from_days(1))[0].short, Millis::ZERO);
    }

    #[test]
    fn what_never_fires_says_why() {
        let check = |text: &str, objective: &str, days: i64, expected: Option<&str>| {
            let condition = Condition::parse(text, Severity::Page).unwrap();
            let objective = Objective::parse(objective).unwrap();
            let found = condition.never_fires(objective, Millis::from_days(days));
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("2%/1h/5m", "99.9%", 30, None);
        check("2%/1h/5m", "93.06%", 30, None);
        let why = "it wants more than 144.0000 % of attempts to fail (14.40 times what 90% allows), and a total \
                   outage spends 1.3889 % of the budget in 1h";
        check("2%/1h/5m", "90%", 30, Some(why));
        let why = "it looks back 3d, and the promise is over 2d: older failures are forgotten";
        check("10%/3d/6h", "99.9%", 2, Some(why));
    }
}
