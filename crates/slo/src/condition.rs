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
use model::{Millis, Objective, Severity};
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

impl Condition {
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
        if self.can_fire(objective, window) {
            let factor = self.factor(window);
            Threshold { factor, error_ratio: settled(factor * budget), clamped: false }
        } else {
            let factor = settled(CLAMPED_THRESHOLD / budget);
            Threshold { factor, error_ratio: CLAMPED_THRESHOLD, clamped: true }
        }
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
}
