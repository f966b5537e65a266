//! The time of a journal, made from a clock that may be set.
//!
//! Intuition: a ship's clock. When the harbour clock is set forward, we follow at once. When it is set
//! back, we cannot follow, because the log is already written; so we run at half speed until the
//! harbour has caught up.
//!
//! Standing still instead would be simpler, and wrong: after a clock that was a day ahead for a
//! moment, no deadline would pass for a day and nobody would be called. Running on at full speed would
//! stay wrong for ever, and ask the wrong person on duty.
//!
//! Invariants:
//! - time never goes backwards;
//! - while the clock advances, time advances, at least half as fast;
//! - time is never behind the clock, and once equal stays equal until the clock is set back.

use model::{Millis, Timestamp};

/// Turns readings of a clock into the time of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    clock: Timestamp,
    now: Timestamp,
    /// Half a millisecond left over from the last reading at half speed.
    half: i64,
}

impl Pace {
    /// At the first reading of the clock, behind a journal whose last event is at `last`.
    #[must_use]
    pub fn new(clock: Timestamp, last: Timestamp) -> Self {
        Self { clock, now: clock.max(last), half: 0 }
    }

    /// The time after another reading.
    #[must_use]
    pub fn after(self, clock: Timestamp) -> Self {
        let passed = clock.since(self.clock).max(Millis::ZERO);
        let halves = passed.0.saturating_add(self.half);
        let slow = self.now.plus(Millis(halves / 2));
        if slow > clock {
            Self { clock, now: slow, half: halves % 2 }
        } else {
            Self { clock, now: clock.max(self.now), half: 0 }
        }
    }

    /// The time at the last reading.
    #[must_use]
    pub fn now(self) -> Timestamp {
        self.now
    }

    /// What the clock will show when it is `at`, if nobody sets it.
    #[must_use]
    pub fn clock_at(self, at: Timestamp) -> Timestamp {
        let left = at.since(self.now);
        if left <= Millis::ZERO {
            return self.clock;
        }
        self.clock.plus(Millis(left.0.saturating_mul(2))).min(at.max(self.clock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `readings` of a clock in seconds and the times they give.
    #[track_caller]
    fn check(last: i64, readings: &[i64], expected: &[i64]) {
        let at = |it: i64| Timestamp(it * 1_000);
        let mut pace = Pace::new(at(readings[0]), at(last));
        let mut times = vec![];
        for reading in readings {
            let before = pace;
            pace = pace.after(at(*reading));
            times.push(pace.now().0 / 1_000);
            let due = pace.now();
            let predicted = before.after(before.clock_at(due));
            assert!(predicted.now() >= due, "waking at the predicted reading is not too early");
        }
        assert_eq!(times, expected);
    }

    #[test]
    fn follows_a_clock_that_goes_forward() {
        check(0, &[10, 20, 500], &[10, 20, 500]);
    }

    #[test]
    fn goes_at_half_speed_after_the_clock_was_set_back() {
        check(0, &[100, 60, 70, 90, 130, 140, 150], &[100, 100, 105, 115, 135, 140, 150]);
    }

    #[test]
    fn starts_where_the_journal_ends() {
        check(100, &[90, 100, 110, 120], &[100, 105, 110, 120]);
    }

    #[test]
    fn half_milliseconds_add_up() {
        let mut pace = Pace::new(Timestamp(0), Timestamp(1_000));
        for reading in 1..=10 {
            pace = pace.after(Timestamp(reading));
        }
        assert_eq!(pace.now(), Timestamp(1_005));
    }
}
