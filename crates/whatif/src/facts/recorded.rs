//! Records of an export as a [`WorkHistory`], with what is known besides of people and duties.
//!
//! Complications: an export with a row per change says who had a piece of work from when on; only where
//! states are named in which somebody works do its rows become stretches of work. Who is on duty, who
//! works when and who owns what is in no export: it comes from lists beside it.

use super::{Piece, Someone, Stretch, WorkHistory};
use crate::calendar::{Calendar, Span};
use crate::records::{Effort, Work};
use crate::structure::Turn;
use crate::world::Class;
use std::collections::BTreeMap;

/// What is known of people besides an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// People by name: when they work, where that is known, and their nights.
    pub people: BTreeMap<String, (Option<Calendar>, Calendar)>,
    /// Who was on duty when; none: not known.
    pub duties: Option<Vec<(String, Span)>>,
    /// Which group owns a component.
    pub owners: BTreeMap<String, String>,
    /// Whether rows name states in which somebody works.
    pub efforts: bool,
    /// Who was called when, where that is known; otherwise whoever had a page first was called once.
    pub calls: Option<Vec<(String, i64)>>,
}

impl WorkHistory {
    /// What `works` hold, within `within`.
    #[must_use]
    pub fn recorded(works: &[Work], roster: &Roster, within: Span) -> Self {
        let mut names: BTreeMap<&str, usize> =
            roster.people.keys().map(|it| (it.as_str(), 0)).collect();
        let here = || works.iter().filter(|it| it.class != Class::Roadmap);
        for work in here() {
            names.extend(work.people.iter().map(|it| (it.as_str(), 0)));
        }
        let on_duty = roster.duties.iter().flatten();
        names.extend(on_duty.map(|it| (it.0.as_str(), 0)));
        names.extend(roster.calls.iter().flatten().map(|it| (it.0.as_str(), 0)));
        for (place, number) in names.values_mut().enumerate() {
            *number = place;
        }
        let mut components: BTreeMap<&str, usize> = BTreeMap::new();
        for about in here().filter_map(|it| it.about.as_deref()) {
            let next = components.len();
            components.entry(about).or_insert(next);
        }
        let (mut pieces, mut stretches) = (vec![], vec![]);
        for work in here() {
            stretches.extend(efforts(work, pieces.len(), &names));
            pieces.push(piece(work, &names, &components, roster));
        }
        stretches.sort_unstable();
        let people = names.keys().map(|name| {
            let known = roster.people.get(*name);
            Someone {
                calendar: known.and_then(|it| it.0.clone()),
                night: known.map(|it| it.1.clone()),
                past_hour_ms: known.map_or(0, |it| super::simulated::past_hour(&it.1)),
            }
        });
        let duties = roster.duties.as_ref().map(|all| {
            all.iter()
                .map(|(name, span)| Turn { person: names[name.as_str()], span: *span })
                .collect()
        });
        let calls = roster.calls.as_ref();
        let calls = calls
            .map(|all| all.iter().map(|(name, at_ms)| (names[name.as_str()], *at_ms)).collect());
        Self {
            within,
            people: people.collect(),
            calls,
            pieces,
            stretches: roster.efforts.then_some(stretches),
            duties,
        }
    }
}

fn piece(
    work: &Work,
    names: &BTreeMap<&str, usize>,
    components: &BTreeMap<&str, usize>,
    roster: &Roster,
) -> Piece {
    let owner = work.about.as_ref().and_then(|it| roster.owners.get(it));
    let run = work.class != Class::Change;
    let last = work.groups.last();
    Piece {
        class: work.class,
        component: work.about.as_deref().map(|it| components[it]),
        created_ms: work.created_ms,
        started_ms: work.started_ms,
        finished_ms: work.finished_ms,
        worked_ms: work.worked_ms,
        holders: work.people.iter().map(|it| names[it.as_str()]).collect(),
        in_team: owner.zip(last).filter(|_| run).map(|(owner, group)| owner == group),
    }
}

/// From a row in which somebody works to their next row of the same piece of work.
fn efforts(work: &Work, piece: usize, names: &BTreeMap<&str, usize>) -> Vec<Stretch> {
    let mut open: BTreeMap<&str, (i64, bool)> = BTreeMap::new();
    let mut found = vec![];
    for row in &work.efforts {
        if let Some((from_ms, helps)) = open.remove(row.person.as_str()) {
            let span = Span { from_ms, to_ms: row.at_ms };
            let person = names[row.person.as_str()];
            found.extend((span.length_ms() > 0).then_some(Stretch { span, person, piece, helps }));
        }
        match row.effort {
            Effort::Works => open.insert(&row.person, (row.at_ms, false)),
            Effort::Helps => open.insert(&row.person, (row.at_ms, true)),
            Effort::Rests => None,
        };
    }
    found
}
