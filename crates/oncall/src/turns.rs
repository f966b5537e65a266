//! The hand-overs of a layer that takes turns.
//!
//! The n-th mark is so many calendar units after the first, at the same local time whatever the offset;
//! between two marks lies one turn. Before the first mark the first turn lasts backwards: somebody must.
//!
//! Invariants: marks never go backwards, and the n-th is computed, never reached by walking from the
//! first. A turn that a jump of the clock leaves without time is passed over.

use crate::wall::{FIRST_DAY, LAST_DAY, begins_on, lasts, met, minute_of, moved, shown, weekday};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use model::{Advance, Hours, Layer, Timestamp, Turn};
use std::ops::RangeInclusive;

/// Hours of a week.
const WEEK_HOURS: i64 = 168;

pub(crate) struct Turns {
    zone: TimeZone,
    first: DateTime,
    step: Step,
    /// Turns whose hand-over can be written as a date. The turn before them has no beginning, the
    /// last of them no end.
    range: RangeInclusive<i64>,
    /// For turns that count only when worked: how many of the first so many are.
    worked: Option<Vec<i64>>,
}

#[derive(Clone, Copy)]
enum Step {
    Hours(i64),
    Days(i64),
    Months(i64),
}

impl Turns {
    pub(crate) fn new(layer: &Layer, zone: TimeZone) -> Self {
        let starts: Date = layer.starts.parse().unwrap_or(Date::constant(2024, 1, 1));
        let (day, step) = match layer.turn {
            Turn::Hours(count) => (starts, Step::Hours(i64::from(count.max(1)))),
            Turn::Days(count) => (starts, Step::Days(i64::from(count.max(1)))),
            Turn::Weeks(count) => {
                let ahead = i64::from(
                    weekday(layer.handover_day).to_monday_zero_offset()
                        - starts.weekday().to_monday_zero_offset(),
                );
                let first = starts.checked_add(ahead.rem_euclid(7).days()).unwrap_or(starts);
                (first, Step::Days(7 * i64::from(count.max(1))))
            }
            Turn::Months(count) => (starts, Step::Months(i64::from(count.max(1)))),
        };
        let first = minute_of(day, i64::from(layer.handover_minute.min(1_439)));
        let mut turns = Self { zone, first, step, range: 0..=0, worked: None };
        let near = |day: Date| turns.near(day.at(0, 0, 0, 0));
        turns.range = near(FIRST_DAY) + 1..=near(LAST_DAY);
        if layer.rules.advance == Advance::Worked && !layer.rules.only.is_empty() {
            turns.worked = turns.worked_in_period(&layer.rules.only);
        }
        turns
    }

    /// The turn in which `at` lies.
    pub(crate) fn turn_at(&self, at: Timestamp) -> i64 {
        let (earliest, last) = (self.range.start() - 1, *self.range.end());
        // The local time gives the turn up to a few; the exact instants of the marks decide.
        let mut turn = self.near(shown(&self.zone, at)).clamp(earliest, last);
        while turn > earliest && self.mark(turn) > at {
            turn -= 1;
        }
        while turn < last && self.mark(turn + 1) <= at {
            turn += 1;
        }
        turn
    }

    /// The instant at which `turn` begins; negative before the first.
    pub(crate) fn mark(&self, turn: i64) -> Timestamp {
        if turn < *self.range.start() {
            return Timestamp(i64::MIN);
        }
        if turn > *self.range.end() {
            return Timestamp(i64::MAX);
        }
        let local = self.first.checked_add(self.span(turn));
        let local = local.expect("turns in range lie within the calendar");
        match self.step {
            Step::Hours(_) => met(&self.zone, local),
            Step::Days(_) | Step::Months(_) => moved(&self.zone, local),
        }
    }

    /// How many have had their turn before `turn`.
    pub(crate) fn ordinal(&self, turn: i64) -> usize {
        let turn = turn.max(0);
        let count = match &self.worked {
            None => turn,
            Some(before) => {
                let period = i64::try_from(before.len()).expect("a few hundred") - 1;
                let of_whole = before[before.len() - 1];
                let rest = usize::try_from(turn % period).expect("below the period");
                (turn / period) * of_whole + before[rest]
            }
        };
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    fn span(&self, turn: i64) -> Span {
        match self.step {
            Step::Hours(count) => (turn * count).hours(),
            Step::Days(count) => (turn * count).days(),
            Step::Months(count) => (turn * count).months(),
        }
    }

    fn near(&self, local: DateTime) -> i64 {
        let days = || -> i64 {
            self.first.date().until(local.date()).map_or(0, |it| i64::from(it.get_days()))
        };
        match self.step {
            Step::Days(count) => days().div_euclid(count),
            Step::Hours(count) => {
                let hours = i64::from(local.hour()) - i64::from(self.first.hour());
                (days() * 24 + hours).div_euclid(count)
            }
            Step::Months(count) => {
                let months = |it: DateTime| i64::from(it.year()) * 12 + i64::from(it.month());
                (months(local) - months(self.first)).div_euclid(count)
            }
        }
    }

    /// Of the turns of one period, after which everything falls on the same weekdays and hours again: how
    /// many before each one are worked. `None` when all are.
    fn worked_in_period(&self, only: &[Hours]) -> Option<Vec<i64>> {
        let hours = match self.step {
            Step::Hours(count) => count,
            Step::Days(count) if count < 8 => count * 24,
            // Eight days, and every month, hold each hour of the week.
            Step::Days(_) | Step::Months(_) => return None,
        };
        if hours >= 8 * 24 {
            return None;
        }
        let period = WEEK_HOURS / greatest_common_divisor(hours, WEEK_HOURS);
        let mut before = vec![0];
        for turn in 0..period {
            let starts = self.first.checked_add(self.span(turn)).ok()?;
            let ends = self.first.checked_add(self.span(turn + 1)).ok()?;
            let last = before[before.len() - 1];
            before.push(last + i64::from(is_worked(only, starts, ends)));
        }
        // Nothing is ever worked: then it does not matter whose turn it is.
        (before[before.len() - 1] > 0).then_some(before)
    }
}

/// Whether any of `only` falls into the local times from `starts` to `ends`.
fn is_worked(only: &[Hours], starts: DateTime, ends: DateTime) -> bool {
    let mut day = starts.date().yesterday().unwrap_or(starts.date());
    while day <= ends.date() {
        for it in only.iter().filter(|it| begins_on(it, day)) {
            let from = i64::from(it.from_minute);
            let (begins, over) = (minute_of(day, from), minute_of(day, from + lasts(it)));
            if begins < ends && starts < over {
                return true;
            }
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    false
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
