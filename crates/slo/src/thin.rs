//! A promise that its traffic cannot carry.
//!
//! Intuition: whoever promises 99.9 % to fourteen hundred attempts a month may fail 1.4 times. One accident
//! is most of the budget and two are more than all of it: the figure is a coin that was thrown once. Below
//! about five failures the count scatters by half of itself (Poisson: 1/√5), so that "kept" and "broken" are
//! luck, and it is fairer to say so than to show three digits.
//!
//! Invariant: nothing is said before a day (or half a shorter window) is known.

use crate::number::{float, float_signed, settled, whole};
use crate::{Span, WINDOW_MAX, WindowCounts};
use model::{Millis, Objective};
use serde::{Deserialize, Serialize};

/// Fewer failures than these say nothing about a promise.
pub const ALLOWED_MIN: f64 = 5.0;

const KNOWN_MINUTES_MIN: f64 = 1_440.0;

/// What a window allows, where that is too little to measure a promise by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thin {
    /// How many failures the whole window allows at the recorded traffic.
    pub allowed: f64,
    /// The shortest window in whole days that would allow five; `None`: no window that can be had.
    pub window_needed: Option<Millis>,
    /// How many attempts an hour more would make it five.
    pub probes_per_hour: u64,
}

impl Thin {
    /// Of what is counted in the part of a window that has passed.
    pub(crate) fn of(counts: WindowCounts, span: Span, objective: Objective) -> Option<Self> {
        let window_minutes = float_signed(span.window.whole_mins());
        let known = f64::from(counts.known_minutes);
        if known < KNOWN_MINUTES_MIN.min(window_minutes / 2.0) || window_minutes < 1.0 {
            return None;
        }
        let per_minute = float(counts.total) / known;
        let budget = objective.budget_ratio();
        let allowed = per_minute * window_minutes * budget;
        if allowed >= ALLOWED_MIN {
            return None;
        }
        let days_max = WINDOW_MAX.whole_mins() / (24 * 60);
        let days = (ALLOWED_MIN / (per_minute * budget * 1_440.0)).ceil();
        let window_needed = (days <= float_signed(days_max)).then(|| {
            let days = i64::try_from(whole(days)).expect("a few hundred");
            Millis::from_days(days)
        });
        let needed = ALLOWED_MIN / budget / window_minutes;
        let probes_per_hour = whole(((needed - per_minute) * 60.0).ceil());
        Some(Self { allowed: settled(allowed), window_needed, probes_per_hour })
    }

    /// In words, for a promise over `window`.
    #[must_use]
    pub fn told(&self, window: Millis) -> String {
        let longer = match self.window_needed {
            Some(days) => format!("or promise over {days}"),
            None => "and no longer window would do".to_owned(),
        };
        let often = match self.probes_per_hour {
            0 | 1 => "once".to_owned(),
            count => format!("{count} times"),
        };
        format!(
            "Not measurable at this traffic: {window} allow {:.1} failures, and fewer than {ALLOWED_MIN} are luck. \
             Probe {often} an hour, {longer}.",
            self.allowed,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many attempts an hour, known for so many minutes of 28 days.
    #[track_caller]
    fn check(objective: &str, per_hour: u64, known_minutes: u32, expected: Option<&str>) {
        let total = per_hour * u64::from(known_minutes) / 60;
        let counts = WindowCounts { bad: 0, total, known_minutes, minutes: 28 * 1_440 };
        let (window, objective) = (Millis::from_days(28), Objective::parse(objective).unwrap());
        let found = Thin::of(counts, Span::rolling(window), objective);
        assert_eq!(found.map(|it| it.told(window)).as_deref(), expected);
    }

    #[test]
    fn what_allows_fewer_than_five_failures_says_so() {
        let told = "Not measurable at this traffic: 28d allow 1.3 failures, and fewer than 5 are luck. \
                    Probe 6 times an hour, or promise over 105d.";
        check("99.9%", 2, 28 * 1_440, Some(told));
        // Half of it known: the traffic is what counts.
        check("99.9%", 2, 14 * 1_440, Some(told));
        check("99.9%", 8, 28 * 1_440, None);
        check(
            "99.9%",
            7,
            28 * 1_440,
            Some(
                "Not measurable at this traffic: 28d allow 4.7 failures, and fewer than 5 are luck. \
             Probe once an hour, or promise over 30d.",
            ),
        );
        let never = "Not measurable at this traffic: 28d allow 0.0 failures, and fewer than 5 are luck. \
                     Probe 8 times an hour, and no longer window would do.";
        check("99.9%", 0, 28 * 1_440, Some(never));
        check("99%", 2, 28 * 1_440, None);
    }

    #[test]
    fn nothing_is_said_before_a_day_is_known() {
        check("99.9%", 2, 1_439, None);
        check("99.9%", 2, 0, None);
    }
}
