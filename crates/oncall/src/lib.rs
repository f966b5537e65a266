//! Who is on duty when: rotas over the rules of their time zone.
//!
//! Intuition: hand-overs are marks on a wall clock. The n-th mark is so many calendar units after the
//! first, at the same local time whatever the offset; between two marks one turn lasts. A shift over a
//! change of clocks is therefore an hour longer or shorter, as it is for the person, and is shown so.
//!
//! The parts: [`wall`] reads clocks, `turns` counts marks, `recurrence` names days, `layer` says what one
//! layer says, `schedule` looks down through all of them, `coverage` finds where nobody is, `sun`
//! proposes layers from waking hours.
//!
//! Complications: before the first mark the first turn lasts backwards: somebody must be on duty.
//! Calendars end with the year 9999; the last turn reaches to the end of time, the earliest to its
//! beginning.
//!
//! Invariants:
//! - every instant belongs to exactly one shift of a rota; where nobody is on duty that is a shift too;
//! - what is asked for an instant and what is listed for a range agree;
//! - the zone rules are an argument: the same rules give the same shifts.

pub mod coverage;
pub mod feed;
mod hours;
pub mod ics;
mod layer;
mod line;
pub mod listing;
mod night;
mod recurrence;
mod schedule;
pub mod sun;
pub mod timesheet;
mod turns;
mod wall;
mod weigh;
mod window;
mod zones;

#[cfg(test)]
mod tests;

pub use coverage::{Conflict, Coverage, Nobody, SkillWeek, Unskilled, awake, skill_map};
pub use hours::{EVERY_DAY, clock, is_within, next_beginning};
pub use layer::OCCURRENCES_MAX;
pub use line::line;
pub use listing::Listing;
pub use night::night;
pub use recurrence::Recurrence;
pub use schedule::{Change, Duties, Override, Shift};
pub use weigh::{Weighed, weigh};
pub use window::{Window, occasion, occasions, window};
pub use zones::Zones;

use model::{PersonId, Rota, RotaId, Timestamp};
use std::collections::BTreeMap;

/// Who is on duty at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// The people; empty in a gap.
    pub people: Vec<PersonId>,
    /// The shift that contains the instant.
    pub shift: Shift,
}

/// Most shifts that are listed; a longer range is cut there.
pub const SHIFTS_MAX: usize = 10_000;

/// Who is on duty in `rota` alone at `at`: without overrides, and without the rotas it keeps apart from.
/// An unknown zone counts as UTC: `catalog` refuses it, and a rota that came from an older release of
/// the zone rules must still name somebody.
#[must_use]
pub fn duty(rota: &Rota, at: Timestamp, zones: &Zones) -> Duty {
    let shift = alone(rota, zones, |duties, id| duties.at(id, at));
    let shift = shift.expect("the rota is there");
    Duty { people: shift.people.clone(), shift }
}

/// Every shift of `rota` alone that touches `from..to`, oldest first, at most [`SHIFTS_MAX`].
#[must_use]
pub fn shifts(rota: &Rota, from: Timestamp, to: Timestamp, zones: &Zones) -> Vec<Shift> {
    alone(rota, zones, |duties, id| duties.shifts(id, from, to))
}

/// The time of whole days in `zone`: from the first moment of `first` to the first moment of `end`.
#[must_use]
pub fn whole_days(
    zone: &str,
    first: jiff::civil::Date,
    end: jiff::civil::Date,
    zones: &Zones,
) -> (Timestamp, Timestamp) {
    let zone = zones.get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let midnight =
        |day: jiff::civil::Date| wall::met(&zone, day.to_datetime(jiff::civil::Time::midnight()));
    (midnight(first), midnight(end))
}

fn alone<T>(rota: &Rota, zones: &Zones, asked: impl Fn(&Duties<'_>, &RotaId) -> T) -> T {
    let id = RotaId::from("rota");
    let rotas = BTreeMap::from([(id.clone(), rota.clone())]);
    asked(&Duties { rotas: &rotas, overrides: &BTreeMap::new(), zones }, &id)
}
