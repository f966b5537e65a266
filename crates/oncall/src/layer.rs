//! What one layer says: who, from when until when, or nothing.

use crate::recurrence::Recurrence;
use crate::turns::Turns;
use crate::wall::{day_start, located, minute_of, moved, windows};
use crate::zones::Zones;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{Layer, PersonId, Rota, Timestamp};

/// Occurrences of the shifts of one layer that are looked at; later ones are not known.
pub const OCCURRENCES_MAX: usize = 50_000;

/// What a layer says at an instant, and for how long it says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Nobody: the layer leaves it to those below.
    pub(crate) people: Vec<PersonId>,
    /// Which turn.
    pub(crate) turn: i64,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Timestamp,
}

impl Said {
    fn within(mut self, (starts, ends): (Timestamp, Timestamp)) -> Self {
        self.starts = self.starts.max(starts);
        self.ends = self.ends.min(ends);
        self
    }
}

/// One layer, ready to be asked about times up to a horizon.
pub(crate) struct Speaker<'a> {
    layer: &'a Layer,
    zone: TimeZone,
    valid: (Timestamp, Timestamp),
    times: Times,
}

enum Times {
    Turns(Turns),
    /// Start, end and number of each, in order of start.
    Shifts(Vec<(Timestamp, Timestamp, usize)>),
}

impl<'a> Speaker<'a> {
    pub(crate) fn new(rota: &'a Rota, index: usize, zones: &Zones, horizon: Timestamp) -> Self {
        let layer = &rota.layers[index];
        assert!(!layer.people.is_empty(), "a layer has at least one person");
        let zone = layer.rules.timezone.as_ref().unwrap_or(&rota.timezone);
        let zone = zones.get(zone).unwrap_or(TimeZone::UTC);
        let day = |text: &Option<String>, later| day_start(&zone, text.as_deref()?, later);
        let valid = (
            day(&layer.rules.from, 0).unwrap_or(Timestamp(i64::MIN)),
            day(&layer.rules.until, 1).unwrap_or(Timestamp(i64::MAX)),
        );
        let times = if layer.rules.shifts.is_empty() {
            Times::Turns(Turns::new(layer, zone.clone()))
        } else {
            Times::Shifts(occurrences(layer, &zone, horizon))
        };
        Self { layer, zone, valid, times }
    }

    /// What it says at `at`.
    pub(crate) fn said(&self, at: Timestamp) -> Said {
        let silent = |(starts, ends)| Said { people: vec![], turn: 0, starts, ends };
        if at < self.valid.0 {
            return silent((Timestamp(i64::MIN), self.valid.0));
        }
        if at >= self.valid.1 {
            return silent((self.valid.1, Timestamp(i64::MAX)));
        }
        let mut bounds = self.valid;
        if !self.layer.rules.only.is_empty() {
            match located(&windows(&self.layer.rules.only, &self.zone, at, 9), at) {
                Err(off) => return silent(off).within(self.valid),
                Ok(on) => bounds = (bounds.0.max(on.0), bounds.1.min(on.1)),
            }
        }
        match &self.times {
            Times::Turns(turns) => {
                let turn = turns.turn_at(at);
                let people = self.people(turns.ordinal(turn));
                Said { people, turn, starts: turns.mark(turn), ends: turns.mark(turn + 1) }
            }
            Times::Shifts(list) => self.said_of_shifts(list, at),
        }
        .within(bounds)
    }

    fn said_of_shifts(&self, list: &[(Timestamp, Timestamp, usize)], at: Timestamp) -> Said {
        let edges = list.iter().flat_map(|it| [it.0, it.1]);
        let starts = edges.clone().filter(|it| *it <= at).max().unwrap_or(Timestamp(i64::MIN));
        let ends = edges.filter(|it| *it > at).min().unwrap_or(Timestamp(i64::MAX));
        let on: Vec<usize> =
            list.iter().filter(|it| it.0 <= at && at < it.1).map(|it| it.2).collect();
        let mut people: Vec<PersonId> = vec![];
        for person in on.iter().flat_map(|it| self.people(*it)) {
            if !people.contains(&person) {
                people.push(person);
            }
        }
        let turn = on.first().map_or(0, |it| i64::try_from(*it).unwrap_or(i64::MAX));
        Said { people, turn, starts, ends }
    }

    fn people(&self, ordinal: usize) -> Vec<PersonId> {
        let (all, together) = (&self.layer.people, usize::from(self.layer.rules.together.max(1)));
        let mut found: Vec<PersonId> = vec![];
        for seat in 0..together.min(all.len()) {
            let place = (ordinal % all.len() * together + seat) % all.len();
            if !found.contains(&all[place]) {
                found.push(all[place].clone());
            }
        }
        found
    }

    /// The others of the layer, in the order in which they would step in for whoever has `turn`.
    pub(crate) fn stand_ins(&self, people: &[PersonId]) -> impl Iterator<Item = &PersonId> {
        let all = &self.layer.people;
        let last = people.last().and_then(|it| all.iter().position(|other| other == it));
        let after = last.map_or(0, |it| it + 1);
        (0..all.len()).map(move |it| &all[(after + it) % all.len()])
    }
}

/// The occurrences of a layer's shifts, numbered, up to the first of each pattern after `horizon`.
fn occurrences(
    layer: &Layer,
    zone: &TimeZone,
    horizon: Timestamp,
) -> Vec<(Timestamp, Timestamp, usize)> {
    let first: Date = layer.starts.parse().unwrap_or(Date::constant(2024, 1, 1));
    let mut found = vec![];
    for (index, pattern) in layer.rules.shifts.iter().enumerate() {
        // `catalog` refuses what cannot be read; a rule it let through names days.
        let Ok(rule) = Recurrence::parse(&pattern.repeat) else { continue };
        for day in rule.dates(first).take(OCCURRENCES_MAX) {
            let starts = minute_of(day, i64::from(pattern.start_minute));
            let ends = minute_of(
                day,
                i64::from(pattern.start_minute) + i64::from(pattern.lasts_mins.max(1)),
            );
            found.push((starts, index, moved(zone, starts), moved(zone, ends)));
            if found.last().is_some_and(|it| it.2 > horizon) {
                break;
            }
        }
    }
    found.sort_unstable();
    found.into_iter().enumerate().map(|(number, it)| (it.2, it.3, number)).collect()
}
