//! A simulated history as a [`WorkHistory`].

use super::{Piece, Someone, Stretch, WorkHistory};
use crate::calendar::Calendar;
use crate::history::{History, Part};
use crate::number::HOUR_MS;
use crate::structure::{Dedication, Structure};
use crate::world::{Class, Organisation};

impl WorkHistory {
    /// What somebody with perfect records would have kept of `history`.
    #[must_use]
    pub fn simulated(
        organisation: &Organisation,
        structure: &Structure,
        history: &History,
    ) -> Self {
        let mut segments = history.segments.clone();
        segments.retain(|it| history.records[it.item].class != Class::Roadmap);
        segments.sort_by_key(|it| (it.span, it.person));
        // Planned work is in no ticket system: places of the others.
        let mut places = vec![0; history.records.len()];
        let mut pieces: Vec<Piece> = vec![];
        for (number, record) in history.records.iter().enumerate() {
            if record.class == Class::Roadmap {
                continue;
            }
            places[number] = pieces.len();
            pieces.push(Piece {
                class: record.class,
                component: Some(record.component),
                created_ms: record.created_ms,
                started_ms: record.started_ms,
                finished_ms: record.finished_ms,
                worked_ms: Some(0),
                holders: vec![],
                in_team: None,
            });
        }
        let mut stretches = vec![];
        for segment in segments {
            let place = places[segment.item];
            let (piece, helps) = (&mut pieces[place], segment.part == Part::Consult);
            piece.worked_ms = piece.worked_ms.map(|it| it + segment.span.length_ms());
            if !helps && piece.holders.last() != Some(&segment.person) {
                piece.holders.push(segment.person);
            }
            let stretch =
                Stretch { span: segment.span, person: segment.person, piece: place, helps };
            stretches.push(stretch);
        }
        for piece in &mut pieces {
            let owner = piece.component.and_then(|it| organisation.components[it].owner);
            let last = piece.holders.last().map(|it| organisation.people[*it].team);
            let run = piece.class != Class::Change;
            piece.in_team = owner.zip(last).filter(|_| run).map(|(owner, team)| owner == team);
        }
        stretches.sort_unstable();
        let full = structure.desks.iter().filter(|it| it.dedicated == Dedication::Full);
        let people = organisation.people.iter().map(|it| Someone {
            calendar: Some(it.calendar.clone()),
            night: Some(it.night.clone()),
            past_hour_ms: past_hour(&it.night),
        });
        Self {
            within: history.within,
            people: people.collect(),
            calls: None,
            pieces,
            stretches: Some(stretches),
            duties: Some(full.flat_map(|it| it.turns.clone()).collect()),
        }
    }
}

/// Nights begin at 22:00, so they tell by how much somebody's hours are shifted; the first one may have
/// been cut off.
pub(super) fn past_hour(night: &Calendar) -> i64 {
    let begins = night.spans().get(1).map_or(0, |it| it.from_ms);
    (-begins).rem_euclid(HOUR_MS)
}
