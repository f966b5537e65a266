//! Who is on duty in a rota: its layers, those it keeps apart from, and what people changed.
//!
//! Intuition: look down through panes of glass. The highest layer on which somebody is written decides;
//! whoever has the other duty at that time is covered by the next in turn; on top of everything lie the
//! notes that people stuck on.
//!
//! Invariants:
//! - the shifts of a rota follow each other without gap or overlap; a time in which nobody is on duty is
//!   a shift of nobody, so a gap is something that can be seen;
//! - a shift says the same people throughout, and two that touch differ in people, turn or layer;
//! - what is asked for an instant and what is listed for a range name the same people.

use crate::layer::{Said, Speaker};
use crate::{SHIFTS_MAX, Zones};
use model::{Millis, OverrideId, PersonId, Rota, RotaId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A change that somebody made to who is on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// In which rota.
    pub rota: RotaId,
    /// From when.
    pub starts: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// What changes.
    pub change: Change,
}

/// What an override changes while it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Somebody is on duty beside the others.
    Add(PersonId),
    /// Somebody is not on duty.
    Remove(PersonId),
    /// Somebody has the duty of somebody else; where that one has none, nothing changes.
    Replace {
        /// Whose duty.
        person: PersonId,
        /// Who has it.
        by: PersonId,
    },
}

/// One turn, or a time in which nobody is on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Who; empty in a gap.
    pub people: Vec<PersonId>,
    /// Index of the layer that decided; `None` where none speaks.
    pub layer: Option<usize>,
    /// Which turn of that layer.
    pub turn: i64,
    /// The changes that made a difference, oldest first.
    pub overrides: Vec<OverrideId>,
    /// The first instant.
    pub starts: Timestamp,
    /// The first instant after it.
    pub ends: Timestamp,
}

impl Shift {
    /// How long it lasts.
    #[must_use]
    pub fn length(&self) -> Millis {
        self.ends.since(self.starts)
    }

    /// Whether nobody is on duty.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        self.people.is_empty()
    }

    /// By how many minutes a clock on the wall in `zone` jumps forward during it: 60 where a day has 23
    /// hours, -60 where it has 25, 30 or -30 on Lord Howe Island.
    #[must_use]
    pub fn clock_jump_mins(&self, zone: &str, zones: &Zones) -> i64 {
        let Some(zone) = zones.get(zone) else { return 0 };
        if self.starts.0 == i64::MIN || self.ends.0 == i64::MAX {
            return 0;
        }
        let offset = |at: Timestamp| i64::from(zone.to_offset(at.to_jiff()).seconds());
        (offset(self.ends) - offset(self.starts)) / 60
    }

    fn says_the_same(&self, other: &Self) -> bool {
        (&self.people, self.layer, self.turn, &self.overrides)
            == (&other.people, other.layer, other.turn, &other.overrides)
    }
}

/// Everything that decides who is on duty.
#[derive(Debug, Clone, Copy)]
pub struct Duties<'a> {
    /// The rotas.
    pub rotas: &'a BTreeMap<RotaId, Rota>,
    /// What people changed.
    pub overrides: &'a BTreeMap<OverrideId, Override>,
    /// Rules of time zones.
    pub zones: &'a Zones,
}

/// Pieces that are looked at to find where one shift begins and ends.
const PIECES_MAX: usize = 256;
/// How far beyond what is asked shifts are known, so that the last one ends where it ends.
const BEYOND: Millis = Millis::from_days(400);
/// Rotas that keep apart from one another in a row; `catalog` refuses circles.
const APART_DEPTH_MAX: usize = 8;

impl Duties<'_> {
    /// The shift of `rota` at `at`; `None` when there is no such rota.
    #[must_use]
    pub fn at(&self, rota: &RotaId, at: Timestamp) -> Option<Shift> {
        // The last instant of all belongs to the shift that reaches to it.
        let at = at.min(Timestamp(i64::MAX - 1));
        Some(Watcher::new(self, rota, at.plus(BEYOND), 0)?.shift_at(at))
    }

    /// Every shift of `rota` that touches `from..to`, oldest first, gaps included, at most
    /// [`SHIFTS_MAX`]. The first and the last may reach beyond.
    #[must_use]
    pub fn shifts(&self, rota: &RotaId, from: Timestamp, to: Timestamp) -> Vec<Shift> {
        let Some(watcher) = Watcher::new(self, rota, to.plus(BEYOND), 0) else { return vec![] };
        let mut found: Vec<Shift> = vec![];
        let mut at = from;
        while at < to && found.len() < SHIFTS_MAX {
            let shift =
                if found.is_empty() { watcher.shift_at(at) } else { watcher.shift_from(at) };
            at = shift.ends;
            found.push(shift);
        }
        found
    }

    /// The times within `from..to` in which nobody is on duty in `rota` and somebody should be.
    #[must_use]
    pub fn gaps(&self, rota: &RotaId, from: Timestamp, to: Timestamp) -> Vec<Shift> {
        let Some(rules) = self.rotas.get(rota) else { return vec![] };
        let wanted = crate::coverage::wanted(rules, from, to, self.zones);
        let empty = self.shifts(rota, from, to).into_iter().filter(Shift::is_gap);
        let mut found = vec![];
        for gap in empty {
            for (starts, ends) in &wanted {
                let (starts, ends) = (gap.starts.max(*starts), gap.ends.min(*ends));
                if starts < ends {
                    found.push(Shift { starts, ends, ..gap.clone() });
                }
            }
        }
        found
    }
}

/// One rota made ready for many questions.
struct Watcher<'a> {
    layers: Vec<Speaker<'a>>,
    apart: Vec<Watcher<'a>>,
    overrides: Vec<(OverrideId, &'a Override)>,
}

impl<'a> Watcher<'a> {
    fn new(duties: &Duties<'a>, id: &RotaId, horizon: Timestamp, depth: usize) -> Option<Self> {
        let rota = duties.rotas.get(id)?;
        let mut apart = vec![];
        if depth < APART_DEPTH_MAX {
            let others = rota.rules.apart_from.iter();
            apart = others.filter_map(|it| Self::new(duties, it, horizon, depth + 1)).collect();
        }
        let overrides = duties.overrides.iter().filter(|(_, it)| it.rota == *id);
        Some(Self {
            layers: (0..rota.layers.len())
                .map(|index| Speaker::new(rota, index, duties.zones, horizon))
                .collect(),
            apart,
            overrides: overrides.map(|(id, it)| (*id, it)).collect(),
        })
    }

    /// The whole shift around `at`.
    fn shift_at(&self, at: Timestamp) -> Shift {
        let mut shift = self.shift_from(at);
        for _ in 0..PIECES_MAX {
            if shift.starts.0 == i64::MIN {
                break;
            }
            let before = self.piece(shift.starts.minus(Millis(1)));
            if !before.says_the_same(&shift) {
                break;
            }
            shift.starts = before.starts;
        }
        shift
    }

    /// The shift at `at`, whole towards its end.
    fn shift_from(&self, at: Timestamp) -> Shift {
        let mut shift = self.piece(at);
        for _ in 0..PIECES_MAX {
            if shift.ends.0 == i64::MAX {
                break;
            }
            let after = self.piece(shift.ends);
            if !after.says_the_same(&shift) {
                break;
            }
            shift.ends = after.ends;
        }
        shift
    }

    /// Who is on duty at `at`, and for how long nothing that could matter changes.
    fn piece(&self, at: Timestamp) -> Shift {
        let mut shift = self.of_layers(at);
        self.keep_apart(&mut shift, at);
        self.override_at(&mut shift, at);
        shift
    }

    fn of_layers(&self, at: Timestamp) -> Shift {
        let mut shift = Shift {
            people: vec![],
            layer: None,
            turn: 0,
            overrides: vec![],
            starts: Timestamp(i64::MIN),
            ends: Timestamp(i64::MAX),
        };
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let Said { people, turn, starts, ends } = layer.said(at);
            shift.starts = shift.starts.max(starts);
            shift.ends = shift.ends.min(ends);
            if !people.is_empty() {
                (shift.people, shift.layer, shift.turn) = (people, Some(index), turn);
                break;
            }
        }
        shift
    }

    /// Whoever has one of the other duties gives this one to the next in turn.
    fn keep_apart(&self, shift: &mut Shift, at: Timestamp) {
        let Some(layer) = shift.layer.map(|it| &self.layers[it]) else { return };
        let mut taken: Vec<PersonId> = vec![];
        for other in &self.apart {
            let other = other.piece(at);
            shift.starts = shift.starts.max(other.starts);
            shift.ends = shift.ends.min(other.ends);
            taken.extend(other.people);
        }
        if !shift.people.iter().any(|it| taken.contains(it)) {
            return;
        }
        let mut kept: Vec<PersonId> =
            shift.people.iter().filter(|it| !taken.contains(it)).cloned().collect();
        let wanted = shift.people.len();
        for person in layer.stand_ins(&shift.people) {
            if kept.len() < wanted && !kept.contains(person) && !taken.contains(person) {
                kept.push(person.clone());
            }
        }
        shift.people = kept;
    }

    fn override_at(&self, shift: &mut Shift, at: Timestamp) {
        for (id, it) in &self.overrides {
            for edge in [it.starts, it.ends] {
                if edge <= at {
                    shift.starts = shift.starts.max(edge);
                } else {
                    shift.ends = shift.ends.min(edge);
                }
            }
            if it.starts <= at && at < it.ends && applied(&it.change, &mut shift.people) {
                shift.overrides.push(*id);
            }
        }
    }
}

/// Carries out a change; whether it made a difference.
fn applied(change: &Change, people: &mut Vec<PersonId>) -> bool {
    let before = people.clone();
    match change {
        Change::Add(person) => {
            if !people.contains(person) {
                people.push(person.clone());
            }
        }
        Change::Remove(person) => people.retain(|it| it != person),
        // Whoever has their own duty instead of themselves still has it.
        Change::Replace { person, by } if person == by => {}
        Change::Replace { person, by } => {
            let is_there = people.contains(by);
            match people.iter().position(|it| it == person) {
                Some(place) if is_there => {
                    people.remove(place);
                }
                Some(place) => people[place] = by.clone(),
                None => {}
            }
        }
    }
    *people != before
}
