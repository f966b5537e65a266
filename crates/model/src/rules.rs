//! A person's own rules: which ways to try, in which order, and when they want to sleep.
//!
//! Intuition: the organisation says which roads there are; the person says which of them to take. Nobody
//! can close every road that way: a rule that reaches nobody is set aside.
//!
//! Invariant: quiet hours never hold back what should wake somebody.

use crate::{Medium, Millis};
use serde::{Deserialize, Serialize};

/// What somebody wants to be reached by. Empty: by everything, at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRules {
    /// For what should wake them.
    pub page: Vec<ContactRule>,
    /// For what can wait.
    pub ticket: Vec<ContactRule>,
    /// When what can wait does wait, in their own zone.
    pub quiet: Option<Quiet>,
}

impl PersonRules {
    /// Whether there is none: by everything, at once.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One line of a person's rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRule {
    /// By which kind of channel.
    pub by: Medium,
    /// How long after the step has started.
    pub after: Millis,
}

/// Hours of the local day; over midnight when the end is before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// First minute of the local day, 0 to 1439.
    pub from_minute: u16,
    /// The first minute after it, 0 to 1439.
    pub to_minute: u16,
}

impl Quiet {
    /// Minutes from `minute` of the local day to the end of the quiet hours; `None` outside them.
    #[must_use]
    pub fn minutes_left(&self, minute: u16) -> Option<u16> {
        const DAY: u16 = 24 * 60;
        let length = (self.to_minute + DAY - self.from_minute) % DAY;
        let passed = (minute + DAY - self.from_minute) % DAY;
        (passed < length).then(|| length - passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str, at: &str, left: Option<u16>) {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':').unwrap();
            hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
        };
        let quiet = Quiet { from_minute: minute(from), to_minute: minute(to) };
        assert_eq!(quiet.minutes_left(minute(at)), left, "{from}-{to} at {at}");
    }

    #[test]
    fn quiet_hours_may_cross_midnight() {
        check("22:00", "07:00", "21:59", None);
        check("22:00", "07:00", "22:00", Some(540));
        check("22:00", "07:00", "00:00", Some(420));
        check("22:00", "07:00", "06:59", Some(1));
        check("22:00", "07:00", "07:00", None);
        check("12:00", "13:00", "12:30", Some(30));
        check("12:00", "13:00", "13:30", None);
        check("12:00", "12:00", "12:00", None);
    }
}
