//! Who is on duty when: rotas over the rules of their time zone.
//!
//! Intuition: hand-overs are marks on a wall clock. The n-th mark is so many calendar days after the
//! first, at the same local time whatever the offset; between two marks one person has the duty. A
//! shift over a change of clocks is therefore an hour longer or shorter, as it is for the person.
//!
//! Complications: a local time that does not exist (clocks go forward) moves forward by the gap; one
//! that exists twice means the first. Before the first mark the first person has the duty: somebody
//! must. Calendars end with the year 9999; the last shift reaches to the end of time, the earliest to
//! its beginning.
//!
//! Invariants:
//! - every instant belongs to exactly one shift of a layer: no gap, no overlap;
//! - the n-th mark is computed, never reached by walking from the first.

mod hours;
mod line;
mod night;
mod window;
mod zones;

#[cfg(test)]
mod tests;

pub use hours::{EVERY_DAY, clock, is_within, next_beginning};
pub use line::line;
pub use night::night;
pub use window::{Window, window};
pub use zones::Zones;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::{Layer, PersonId, Rota, Timestamp, Turn, Weekday};
use std::ops::RangeInclusive;

/// Who is on duty at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// The people; one per rota today.
    pub people: Vec<PersonId>,
    /// Index of the layer that decided; the highest layer wins.
    pub layer: usize,
    /// The shift that contains the instant.
    pub shift: Shift,
}

/// One turn of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub person: PersonId,
    /// Index of the layer.
    pub layer: usize,
    /// The first instant.
    pub starts: Timestamp,
    /// The first instant after it.
    pub ends: Timestamp,
}

/// Most shifts that [`shifts`] returns; a longer range is cut there.
pub const SHIFTS_MAX: usize = 10_000;

/// Who is on duty in `rota` at `at`. An unknown zone counts as UTC: `catalog` refuses it, and a
/// rota that came from an older release of the zone rules must still name somebody.
#[must_use]
pub fn duty(rota: &Rota, at: Timestamp, zones: &Zones) -> Duty {
    let layer = rota.layers.len().checked_sub(1).expect("a rota has at least one layer");
    let shift = Marks::new(rota, layer, zones).shift_at(at);
    Duty { people: vec![shift.person.clone()], layer, shift }
}

/// Every shift that touches `from..to`, oldest first, at most [`SHIFTS_MAX`].
#[must_use]
pub fn shifts(rota: &Rota, from: Timestamp, to: Timestamp, zones: &Zones) -> Vec<Shift> {
    let layer = rota.layers.len().checked_sub(1).expect("a rota has at least one layer");
    let marks = Marks::new(rota, layer, zones);
    let mut found = vec![];
    let mut at = from;
    while at < to && found.len() < SHIFTS_MAX {
        let shift = marks.shift_at(at);
        at = shift.ends;
        found.push(shift);
    }
    found
}

/// The hand-overs of one layer.
struct Marks<'a> {
    layer: &'a Layer,
    layer_idx: usize,
    zone: TimeZone,
    first: DateTime,
    turn_days: i64,
    /// Turns whose hand-over can be written as a date. The turn before them has no beginning, the
    /// last of them no end.
    turns: RangeInclusive<i64>,
}

/// Days within which hand-overs are computed; a few days inside what a calendar can write, so that
/// no offset leads out of it.
const FIRST_DAY: Date = Date::constant(-9990, 1, 1);
const LAST_DAY: Date = Date::constant(9990, 1, 1);

impl<'a> Marks<'a> {
    fn new(rota: &'a Rota, layer_idx: usize, zones: &Zones) -> Self {
        let layer = &rota.layers[layer_idx];
        assert!(!layer.people.is_empty(), "a layer has at least one person");
        let zone = zones.get(&rota.timezone).unwrap_or(TimeZone::UTC);
        let starts: Date = layer.starts.parse().unwrap_or(Date::constant(2024, 1, 1));
        let (day, turn_days) = match layer.turn {
            Turn::Days(count) => (starts, i64::from(count.max(1))),
            Turn::Weeks(count) => {
                (first_on(starts, layer.handover_day), 7 * i64::from(count.max(1)))
            }
        };
        let minute = layer.handover_minute.min(1_439);
        let hour = i8::try_from(minute / 60).expect("below 24");
        let first = day.at(hour, i8::try_from(minute % 60).expect("below 60"), 0, 0);
        let turn_of = |day: Date| days_between(first.date(), day).div_euclid(turn_days);
        let turns = turn_of(FIRST_DAY) + 1..=turn_of(LAST_DAY);
        Self { layer, layer_idx, zone, first, turn_days, turns }
    }

    fn shift_at(&self, at: Timestamp) -> Shift {
        let local = at.to_jiff().to_zoned(self.zone.clone()).datetime();
        let days = days_between(self.first.date(), local.date());
        let (earliest, last) = (self.turns.start() - 1, *self.turns.end());
        // The local date gives the turn up to one; the exact instants of the marks decide.
        let mut turn = days.div_euclid(self.turn_days).clamp(earliest, last);
        while turn > earliest && self.mark(turn) > at {
            turn -= 1;
        }
        while turn < last && self.mark(turn + 1) <= at {
            turn += 1;
        }
        let turn_number = usize::try_from(turn.max(0)).expect("not negative");
        Shift {
            person: self.layer.people[turn_number % self.layer.people.len()].clone(),
            layer: self.layer_idx,
            starts: self.mark(turn),
            ends: self.mark(turn + 1),
        }
    }

    /// The instant of hand-over number `turn`; negative before the first.
    fn mark(&self, turn: i64) -> Timestamp {
        if turn < *self.turns.start() {
            return Timestamp(i64::MIN);
        }
        if turn > *self.turns.end() {
            return Timestamp(i64::MAX);
        }
        let local = self.first.checked_add((turn * self.turn_days).days());
        let local = local.expect("`turns` lie within the calendar");
        let instant = self.zone.to_ambiguous_timestamp(local).compatible();
        Timestamp::from_jiff(instant.expect("`turns` lie days within the calendar"))
    }
}

fn first_on(from: Date, day: Weekday) -> Date {
    let wanted = match day {
        Weekday::Mon => 0,
        Weekday::Tue => 1,
        Weekday::Wed => 2,
        Weekday::Thu => 3,
        Weekday::Fri => 4,
        Weekday::Sat => 5,
        Weekday::Sun => 6,
    };
    let ahead = (wanted - from.weekday().to_monday_zero_offset()).rem_euclid(7);
    from.checked_add(i64::from(ahead).days()).unwrap_or(from)
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}
