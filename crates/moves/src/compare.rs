//! Two answers to who is on duty, laid on top of each other.
//!
//! Intuition: the other pager can render its schedule for weeks to come. That is the best judge of whether
//! we understood it: cut time wherever either side changes, and look at who is named in each piece.
//!
//! Invariants: every piece is looked at once; pieces that touch and differ in the same way are one
//! difference; nothing outside what the other side rendered is judged.

use model::{PersonId, Rota, RotaId, Timestamp};
use oncall::{Duties, Zones};
use std::collections::{BTreeMap, BTreeSet};

/// Who is on duty as the other pager renders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The rotas that together are its schedule.
    pub rotas: Vec<RotaId>,
    /// The first instant it speaks about.
    pub from: Timestamp,
    /// The first instant after.
    pub to: Timestamp,
    /// From when until when somebody is on duty; several at once are all on duty.
    pub entries: Vec<(Timestamp, Timestamp, PersonId)>,
}

/// A time in which the two would have called different people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after.
    pub to: Timestamp,
    /// Whom we would call.
    pub ours: BTreeSet<PersonId>,
    /// Whom the other pager would call.
    pub theirs: BTreeSet<PersonId>,
}

/// Every time in which the rotas of `rendered` name other people than it does.
#[must_use]
pub fn compare(
    rotas: &BTreeMap<RotaId, Rota>,
    rendered: &Rendered,
    zones: &Zones,
) -> Vec<Difference> {
    let none = BTreeMap::new();
    let duties = Duties { rotas, overrides: &none, zones };
    let (from, to) = (rendered.from, rendered.to);
    let mut ours: Vec<(Timestamp, Timestamp, PersonId)> = vec![];
    for rota in &rendered.rotas {
        for shift in duties.shifts(rota, from, to) {
            ours.extend(shift.people.iter().map(|it| (shift.starts, shift.ends, it.clone())));
        }
    }
    let mut cuts: BTreeSet<Timestamp> = BTreeSet::from([from, to]);
    for (starts, ends, _) in ours.iter().chain(&rendered.entries) {
        cuts.extend([*starts, *ends].into_iter().filter(|it| (from..to).contains(it)));
    }
    let at = |list: &[(Timestamp, Timestamp, PersonId)], at: Timestamp| -> BTreeSet<PersonId> {
        list.iter().filter(|it| it.0 <= at && at < it.1).map(|it| it.2.clone()).collect()
    };
    let mut found: Vec<Difference> = vec![];
    let cuts: Vec<_> = cuts.into_iter().collect();
    for pair in cuts.windows(2) {
        let (ours, theirs) = (at(&ours, pair[0]), at(&rendered.entries, pair[0]));
        if ours == theirs {
            continue;
        }
        match found.last_mut() {
            Some(it) if it.to == pair[0] && it.ours == ours && it.theirs == theirs => {
                it.to = pair[1];
            }
            _ => found.push(Difference { from: pair[0], to: pair[1], ours, theirs }),
        }
    }
    found
}
