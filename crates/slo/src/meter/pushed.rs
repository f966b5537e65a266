//! Counts that others push to us.
//!
//! Intuition: whoever pushes speaks for the time up to the next push. A minute with a push has its
//! counts; a minute after one, within the agreed time, is known and empty; anything later is unknown,
//! because then silence could as well be a broken sender.

use crate::{Counts, Slice};
use model::Millis;
use std::collections::BTreeMap;

/// Counts pushed for the last minutes of one objective.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pushes {
    minutes: BTreeMap<i64, Counts>,
}

impl Pushes {
    /// Sets what was pushed for `minute`, all pushes together.
    pub fn set(&mut self, minute: i64, counts: Counts) {
        self.minutes.insert(minute, counts);
    }

    /// What is known of `minute` when pushes come `every` so often.
    #[must_use]
    pub fn slice(&self, minute: i64, every: Millis) -> Slice {
        let Some((at, counts)) = self.minutes.range(..=minute).next_back() else {
            return Slice::Unknown;
        };
        match minute - at {
            0 => Slice::Known(*counts),
            since if since <= every.whole_mins() => Slice::known(0, 0),
            _ => Slice::Unknown,
        }
    }
}
