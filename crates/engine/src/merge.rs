//! Making one incident of two.
//!
//! Intuition: two teams work on the same fire, and somebody notices. Nothing is thrown away: the one
//! that goes on takes over alerts, pages and the story of the other, and whatever would have joined
//! the other joins it from now on.
//!
//! Invariants:
//! - every alert and page belongs to exactly one incident, before and after;
//! - calls end only where the other incident goes on calling, or somebody has it.

use crate::command::Rejected;
use crate::decide::{open_incident, person};
use crate::event::Event;
use crate::state::{Limits, State};
use model::{IncidentId, PersonId};

pub(crate) fn decide(
    state: &State,
    incident: IncidentId,
    into: IncidentId,
    by: &PersonId,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    open_incident(state, incident)?;
    open_incident(state, into)?;
    if incident == into {
        return Err(Rejected::Invalid(format!("`{into}` cannot be merged into itself")));
    }
    if state.shadows(incident) != state.shadows(into) {
        return Err(Rejected::Invalid(format!(
            "one of `{incident}` and `{into}` is in shadow mode and the other calls people: end shadow \
             mode first"
        )));
    }
    Ok(vec![Event::IncidentMerged { incident, into, by: by.clone() }])
}

/// Of the pages that came over, those that nobody needs any more.
pub(crate) fn merged(state: &State, from: IncidentId, into: IncidentId) -> Vec<Event> {
    let Some(incident) = state.incidents.get(&into) else { return vec![] };
    let open: Vec<_> = incident
        .pages
        .iter()
        .filter(|it| state.pages.get(it).is_some_and(paging::Page::can_be_acknowledged))
        .collect();
    let keeps = match state.holder(into) {
        Some(holder) => format!("{holder} has {into}, into which {from} was merged"),
        None => format!("{into}, into which {from} was merged, calls already"),
    };
    // Without a holder one page goes on: one that calls rather than one that waits or was given up, and
    // of two that call the older, which has come further.
    let best = |it: &&model::PageId| {
        let page = &state.pages[it];
        (page.is_calling(), page.is_waiting_for_time())
    };
    let goes_on = match state.holder(into) {
        Some(_) => None,
        None => open.iter().copied().rev().max_by_key(best),
    };
    open.iter()
        .filter(|it| goes_on != Some(**it))
        .map(|page| Event::PageEnded { page: **page, reason: keeps.clone() })
        .collect()
}

pub(crate) fn apply(state: &mut State, from: IncidentId, into: IncidentId) {
    let seq = state.seq;
    let Some(gone) = state.incidents.get_mut(&from) else { return };
    gone.merged_into = Some(into);
    let (alerts, pages) = (std::mem::take(&mut gone.alerts), std::mem::take(&mut gone.pages));
    let (group, trail, acknowledged) =
        (gone.group.clone(), gone.trail.clone(), gone.acknowledged.clone());
    let notes = std::mem::take(&mut gone.notes);
    for alert in &alerts {
        if let Some(it) = state.alerts.get_mut(alert) {
            it.incident = Some(into);
        }
    }
    for page in &pages {
        if let Some(it) = state.pages.get_mut(page) {
            it.incident = into;
        }
    }
    state.open_groups.remove(&group);
    for survivor in state.merged_groups.values_mut().filter(|it| **it == from) {
        *survivor = into;
    }
    state.merged_groups.insert(group, into);
    let Some(it) = state.incidents.get_mut(&into) else { return };
    it.alerts.extend(alerts);
    it.alerts.sort_unstable();
    it.pages.extend(pages);
    it.pages.sort_unstable();
    // Who took either took it first at the earlier of the two times.
    let acknowledged = [it.acknowledged.take(), acknowledged].into_iter().flatten();
    it.acknowledged =
        acknowledged.min_by_key(|(_, at)| *at).map(|(by, at)| (by, at.max(it.opened_at)));
    it.notes.extend(notes);
    it.notes.sort_by_key(|it| it.at);
    it.trail.extend(trail);
    it.trail.sort_unstable();
    it.trail.dedup();
    // The newest position tells of the merging itself and of what comes.
    it.trail.truncate(Limits::TRAIL_MAX);
    debug_assert!(it.trail.last().is_none_or(|it| *it <= seq), "nothing speaks of the future");
}
