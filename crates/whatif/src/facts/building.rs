//! What is built between the pieces of work that reach people while they are free.
//!
//! Intuition: whoever is at work and not on duty builds, until a piece of work begins for them; then they
//! need a while to find back. Duties, hours and who worked when are all it takes, and an export that holds
//! them is folded like a simulation.
//!
//! Invariant: several beginnings within 60 seconds are one interruption, and only what breaks off building
//! is one: what follows at once interrupts nobody again.

use super::{SAME_MS, WorkHistory};
use crate::calendar::{Calendar, Span};

/// What all people add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Building {
    /// Working time.
    pub(crate) present_ms: i64,
    /// Of it, without duty.
    pub(crate) free_ms: i64,
    /// Of that, without work and without finding back.
    pub(crate) built_ms: i64,
    /// Beginnings of work that broke off building.
    pub(crate) interruptions: i64,
}

impl WorkHistory {
    /// What is built, with `resumption_ms` for finding back; `None` where hours or times of work are not
    /// known.
    pub(crate) fn building(&self, resumption_ms: i64) -> Option<Building> {
        let mut by_person = self.by_person()?;
        let mut found = Building::default();
        for (person, (someone, spans)) in self.people.iter().zip(&mut by_person).enumerate() {
            spans.sort_unstable();
            let present = someone.calendar.as_ref()?.and(&Calendar::always(self.within));
            let free = self.duty(person).map_or_else(|| present.clone(), |it| present.without(&it));
            found.present_ms += present.open_ms(self.within);
            found.free_ms += free.open_ms(self.within);
            found.build(&free, spans, resumption_ms);
        }
        Some(found)
    }
}

impl Building {
    fn build(&mut self, free: &Calendar, work: &[Span], resumption_ms: i64) {
        let mut next = 0;
        let mut last_ms = i64::MIN / 2;
        for span in free.spans() {
            let mut at_ms = span.from_ms;
            let mut lag_ms = 0;
            while next < work.len() && work[next].to_ms <= span.from_ms {
                next += 1;
            }
            let here = work[next..].iter().take_while(|it| it.from_ms < span.to_ms);
            for it in here {
                if it.from_ms > at_ms {
                    self.built_ms += (it.from_ms - at_ms - lag_ms).max(0);
                    if it.from_ms - last_ms >= SAME_MS {
                        self.interruptions += 1;
                    }
                    last_ms = it.from_ms;
                }
                at_ms = at_ms.max(it.to_ms);
                lag_ms = resumption_ms;
            }
            self.built_ms += (span.to_ms - at_ms - lag_ms).max(0);
        }
    }
}
