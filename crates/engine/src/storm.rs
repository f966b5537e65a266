//! Storms: many calls become one message, many alerts become a few updates.
//!
//! Intuition: after the fifth ring in ten minutes the telephone is a noise. From then on whoever is
//! called gets a list instead: each page on it stays open, unacknowledged and escalating, and one answer
//! may take them all. And once people were called for an incident, alerts that join it are told of now
//! and then, by the quietest way, and after a few times not at all: the view has them.
//!
//! The slots: while a person got fewer than the bound less two within ten minutes, a call goes out at
//! once. The last but one slot is a list that gathers for half a minute; the last one comes three minutes
//! after it; beyond, a list waits until the oldest call is ten minutes old. So the bound is hard, lists
//! included, and a call waits for its list ten minutes at most while its page escalates.
//!
//! Invariants:
//! - never more calls of one person within ten minutes than the bound, but for "page anyway";
//! - a notice in a list is sent, arrives, fails and is cancelled with what happens to the list and to its page;
//! - at most [`UPDATES_MAX`] updates per incident, at least [`UPDATE_EVERY`] apart.

use crate::command::Context;
use crate::event::{Event, EventRecord, NewNotice};
use crate::load::{CALLS_WINDOW, Load, Taken, is_wanted, people_of, quiet_notice};
use crate::state::{Notice, NoticeStatus, Purpose, Recipient, State};
use incident::Incident;
use model::{IncidentId, Map, Medium, Millis, NoticeId, PageId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long a first list takes in calls before it goes out.
const GATHER: Millis = Millis::from_secs(30);
/// How long after it a second one goes out.
const GATHER_AGAIN: Millis = Millis::from_mins(3);
/// How long there is at least between two updates on an incident.
pub const UPDATE_EVERY: Millis = Millis::from_mins(10);
/// How many updates there are on one incident.
pub const UPDATES_MAX: u32 = 3;
/// People who get an update, at most.
const UPDATED_MAX: usize = 20;

/// What people of an incident were told after their call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Updates {
    /// How many alerts they know of.
    pub alerts_count: u32,
    /// How many updates they got.
    pub updates_count: u32,
    /// When they were called or told last.
    pub at: Timestamp,
    /// The messages of the last update; some may wait for the end of a night.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<NoticeId>,
}

/// Which of the people called by this step get a list instead.
pub(crate) fn bundled(
    state: &State,
    context: &Context<'_>,
    page: PageId,
    attempt: u32,
    notices: &[NewNotice],
) -> Vec<Event> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let Some(incident) = state.pages.get(&page).map(|it| it.incident) else { return vec![] };
    if state.shadows(incident) || is_wanted(state, incident) {
        return vec![];
    }
    let calls_max = catalogue.pager.calls_per_10min_max;
    let mut first_free = state.next.notice + 1;
    let mut events = vec![];
    for person in people_of(notices) {
        let slot = Slot::of(&state.load, person, (page, attempt), calls_max, context.now);
        if slot.at <= context.now {
            continue;
        }
        let none = BTreeMap::new();
        let waiting = state.load.gathering.get(person).filter(|(at, _)| *at == slot.at);
        let waiting = waiting.map_or(&none, |(_, it)| it);
        let mut carriers: Vec<NewNotice> = vec![];
        let mut parts = vec![];
        let to = Recipient::Person(person.clone());
        for it in notices.iter().filter(|it| it.to == to) {
            let own = carriers.iter().find(|carrier| carrier.medium == it.medium);
            // A list that nobody needs any more takes in nothing.
            let waits = |id: &NoticeId| {
                let status = state.notices.get(id).map(|it| &it.status);
                matches!(status, Some(NoticeStatus::Due { .. }))
            };
            let into = waiting.get(&it.medium).copied().filter(waits);
            let into = into.or(own.map(|it| it.notice));
            let into = into.unwrap_or_else(|| {
                let notice = NoticeId(first_free);
                first_free += 1;
                let due_at = it.due_at.filter(|at| *at > slot.at);
                carriers.push(NewNotice { notice, due_at, ..it.clone() });
                notice
            });
            parts.push((it.notice, into));
        }
        events.push(Event::CallsBundled {
            page,
            attempt,
            person: person.clone(),
            calls_count: slot.calls_count,
            calls_max,
            at: slot.at,
            carriers,
            notices: parts,
        });
    }
    events
}

/// When somebody may be called next.
struct Slot {
    at: Timestamp,
    calls_count: u32,
}

impl Slot {
    fn of(load: &Load, who: &PersonId, call: (PageId, u32), max: u16, now: Timestamp) -> Self {
        let calls = load.calls.get(who).into_iter().flatten();
        let (mine, others): (Vec<&Taken>, Vec<&Taken>) =
            calls.partition(|it| (it.page, it.attempt) == call);
        let since = now.minus(CALLS_WINDOW);
        let mut recent: Vec<Timestamp> =
            others.iter().map(|it| it.at).filter(|it| *it > since).collect();
        recent.sort_unstable();
        let calls_count = u32::try_from(recent.len()).expect("bounded") + 1;
        let slot = |at| Self { at, calls_count };
        // Another way to somebody who is being called by this step already: no further call.
        if let Some(mine) = mine.first().filter(|it| it.at < now) {
            return slot(mine.at);
        }
        if let Some((at, _)) = load.gathering.get(who).filter(|(at, _)| *at > now) {
            return slot(*at);
        }
        let max = usize::from(max).max(3);
        let last = recent.last().copied().unwrap_or(now);
        slot(match recent.len() {
            few if few + 2 < max => now,
            few if few + 2 == max => now.plus(GATHER),
            few if few + 1 == max => now.plus(GATHER).max(last.plus(GATHER_AGAIN)),
            many => recent[many - max].plus(CALLS_WINDOW).max(now.plus(GATHER)),
        })
    }
}

/// What became of a list became of everything in it.
pub(crate) fn follow(state: &State, event: &Event) -> Vec<Event> {
    let (Event::NoticeSent { notice: list, .. }
    | Event::NoticeFailed { notice: list, .. }
    | Event::NoticeDelivered { notice: list, .. }
    | Event::NoticeUndelivered { notice: list, .. }) = event
    else {
        return vec![];
    };
    let parts = state.load.bundles.get(list).map_or(&[][..], Vec::as_slice);
    let in_it = |id: &&NoticeId| {
        let status = state.notices.get(id).map(|it| &it.status);
        match event {
            // Only what was sent has a receipt; a part that got one of its own keeps it.
            Event::NoticeDelivered { evidence, .. } | Event::NoticeUndelivered { evidence, .. } => {
                let known = state.notices.get(id).and_then(|it| it.receipt);
                matches!(status, Some(NoticeStatus::Sent { .. }))
                    && known.is_none_or(|it| it.evidence < *evidence)
            }
            _ => matches!(status, Some(NoticeStatus::Bundled { into }) if into == list),
        }
    };
    let same = |id: &NoticeId| match event {
        Event::NoticeSent { provider_id, .. } => {
            Event::NoticeSent { notice: *id, provider_id: provider_id.clone() }
        }
        Event::NoticeFailed { detail, retry_at, .. } => {
            Event::NoticeFailed { notice: *id, detail: detail.clone(), retry_at: *retry_at }
        }
        Event::NoticeDelivered { evidence, detail, .. } => {
            Event::NoticeDelivered { notice: *id, evidence: *evidence, detail: detail.clone() }
        }
        Event::NoticeUndelivered { evidence, detail, .. } => {
            Event::NoticeUndelivered { notice: *id, evidence: *evidence, detail: detail.clone() }
        }
        other => other.clone(),
    };
    parts.iter().filter(in_it).map(same).collect()
}

/// A page that was in a list is not wanted any more: a list of nothing is not sent.
pub(crate) fn left(load: &Load, notices: &mut Map<NoticeId, Notice>, list: NoticeId) {
    let parts = load.bundles.get(&list).map_or(&[][..], Vec::as_slice);
    let waits = |id: &NoticeId| {
        let status = notices.get(id).map(|it| &it.status);
        matches!(status, Some(NoticeStatus::Bundled { .. }))
    };
    if parts.iter().any(waits) {
        return;
    }
    if let Some(it) = notices.get_mut(&list)
        && matches!(it.status, NoticeStatus::Due { .. })
    {
        it.status = NoticeStatus::Cancelled;
    }
}

/// Who was told of an incident so far, and how many alerts it had.
pub(crate) fn note_call(state: &mut State, page: PageId, at: Timestamp) {
    let Some(incident) = state.pages.get(&page).map(|it| it.incident) else { return };
    let alerts_count = count(state.incidents.get(&incident));
    if let Some(it) = state.load.updates.get_mut(&incident) {
        (it.alerts_count, it.at) = (alerts_count, at);
        return;
    }
    let updates = Updates { alerts_count, updates_count: 0, at, notices: vec![] };
    state.load.updates.insert(incident, updates);
}

/// An incident is over, or part of another one: what its people were not told yet is no news any more.
pub(crate) fn forget_updates(state: &mut State, incident: IncidentId) {
    let Some(last) = state.load.updates.remove(&incident) else { return };
    cancel(&mut state.notices, &last.notices);
}

fn cancel(notices: &mut Map<NoticeId, Notice>, ids: &[NoticeId]) {
    for id in ids {
        if let Some(it) = notices.get_mut(id)
            && matches!(it.status, NoticeStatus::Due { .. })
        {
            it.status = NoticeStatus::Cancelled;
        }
    }
}

fn count(incident: Option<&Incident>) -> u32 {
    u32::try_from(incident.map_or(0, |it| it.alerts.len())).unwrap_or(u32::MAX)
}

/// When people of an incident are told of alerts that joined.
fn update_at(state: &State, id: IncidentId, told: &Updates) -> Option<Timestamp> {
    let incident = state.incidents.get(&id).filter(|it| it.is_open());
    let news = count(incident) > told.alerts_count && told.updates_count < UPDATES_MAX;
    news.then(|| told.at.plus(UPDATE_EVERY))
}

/// When the next update is due.
pub(crate) fn next_update(state: &State) -> Option<Timestamp> {
    state.load.updates.iter().filter_map(|(id, it)| update_at(state, *id, it)).min()
}

/// Incidents of which an update is due.
pub(crate) fn updates_due(state: &State, now: Timestamp) -> impl Iterator<Item = IncidentId> {
    let due = move |(id, it): &(&IncidentId, &Updates)| {
        update_at(state, **id, it).is_some_and(|at| at <= now)
    };
    state.load.updates.iter().filter(due).map(|(id, _)| *id)
}

/// The update of an incident, if it is due.
pub(crate) fn update_due(state: &State, now: Timestamp, id: IncidentId) -> Option<Event> {
    let told = state.load.updates.get(&id)?;
    update_at(state, id, told).filter(|at| *at <= now)?;
    let incident = state.incidents.get(&id)?;
    let alerts_count = count(Some(incident));
    let told_by = (state.next.notice + 1)..;
    let people = interested(state, incident);
    let notices: Vec<NewNotice> = people
        .iter()
        .filter_map(|it| quiet_notice(state, it))
        .zip(told_by)
        .map(|(it, notice)| NewNotice { notice: NoticeId(notice), ..it })
        .collect();
    let waits = |it: &NewNotice| {
        let Recipient::Person(person) = &it.to else { return None };
        let until = state.load.held.get(person).filter(|until| **until > now)?;
        Some((it.notice, *until))
    };
    Some(Event::IncidentUpdated {
        incident: id,
        joined_count: alerts_count - told.alerts_count,
        alerts_count,
        held: notices.iter().filter_map(waits).collect(),
        notices,
    })
}

/// Whoever has it; while nobody has, whoever was called.
fn interested(state: &State, incident: &Incident) -> BTreeSet<PersonId> {
    if let Some(by) = state.holder(incident.id) {
        return [by.clone()].into();
    }
    let pages = incident.pages.iter().filter_map(|it| state.pages.get(it));
    let notices = pages.flat_map(|it| &it.notices).filter_map(|it| state.notices.get(it));
    let people = notices.filter_map(|it| match &it.to {
        Recipient::Person(person) => Some(person.clone()),
        Recipient::Channel(_) => None,
    });
    people.collect::<BTreeSet<_>>().into_iter().take(UPDATED_MAX).collect()
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::CallsBundled { page, attempt, person, at, carriers, notices, .. } => {
            state.add_notices(carriers, Purpose::Bundle, *at);
            for (notice, into) in notices {
                let mut before = false;
                if let Some(it) = state.notices.get_mut(notice) {
                    before = it.attempts > 0;
                    it.status = NoticeStatus::Bundled { into: *into };
                }
                if before {
                    leave_lists(&mut state.load, *notice);
                }
                state.load.bundles.get_or_insert_with(into, Vec::new).push(*notice);
            }
            let media: BTreeMap<Medium, NoticeId> =
                carriers.iter().map(|it| (it.medium, it.notice)).collect();
            let joins = state.load.gathering.get(person).is_some_and(|(due, _)| due == at);
            let calls = state.load.calls.get_or_insert_with(person, VecDeque::new);
            if joins {
                // The call that began the list stands for all of it.
                calls.retain(|it| (it.page, it.attempt) != (*page, *attempt) || it.at == *at);
                let waiting = state.load.gathering.get_mut(person).expect("it joins one");
                waiting.1.extend(media);
            } else {
                let mine = calls.iter_mut().find(|it| (it.page, it.attempt) == (*page, *attempt));
                if let Some(mine) = mine {
                    mine.at = *at;
                }
                state.load.gathering.insert(person.clone(), (*at, media));
            }
            state.trail_page(*page);
        }
        Event::IncidentUpdated { incident, alerts_count, notices, held, .. } => {
            if let Some(it) = state.load.updates.get_mut(incident) {
                it.alerts_count = *alerts_count;
                it.updates_count += 1;
                it.at = record.at;
                // What was not sent until now is said by the newer one.
                let older = std::mem::take(&mut it.notices);
                it.notices = notices.iter().map(|it| it.notice).collect();
                cancel(&mut state.notices, &older);
            }
            state.add_notices(notices, Purpose::Update { incident: *incident }, record.at);
            for (notice, until) in held {
                if let Some(it) = state.notices.get_mut(notice)
                    && matches!(it.status, NoticeStatus::Due { .. })
                {
                    it.status = NoticeStatus::Due { at: *until };
                }
            }
            state.trail_incident(*incident);
        }
        other => unreachable!("not about a storm: {other:?}"),
    }
}

/// What was tried before and is called once more may stand in an older list: what becomes of that one is
/// no longer its own.
fn leave_lists(load: &mut Load, notice: NoticeId) {
    let lists = load.bundles.iter().filter(|(_, parts)| parts.contains(&notice));
    let lists: Vec<NoticeId> = lists.map(|(list, _)| *list).collect();
    for list in lists {
        if let Some(parts) = load.bundles.get_mut(&list) {
            parts.retain(|it| *it != notice);
        }
    }
}

/// Messages that are no part of a page leave memory when they are a day old.
pub(crate) fn forget_old(state: &mut State, now: Timestamp) {
    let long_ago = now.minus(Millis::from_days(1));
    state.notices.retain(|_, it| {
        let passing = it.purpose.page().is_none() && !matches!(it.purpose, Purpose::Digest { .. });
        let waits = matches!(it.status, NoticeStatus::Due { .. });
        !passing || waits || it.decided_at >= long_ago
    });
    let notices = &state.notices;
    state.load.bundles.retain(|id, _| notices.contains_key(id));
    state.load.gathering.retain(|_, (at, _)| *at >= long_ago);
    state.load.held.retain(|_, until| *until >= now);
    state.load.reliefs.retain(|_, it| it.until >= now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Actor;

    #[test]
    fn a_part_that_is_called_once_more_stands_in_its_last_list_alone() {
        let mut state = State::default();
        let page = PageId(1);
        let new = |id| NewNotice {
            notice: NoticeId(id),
            to: Recipient::Person("ana".into()),
            medium: Medium::Sms,
            channel: "sms".into(),
            due_at: None,
        };
        state.add_notices(&[new(1), new(2)], Purpose::Page { page, attempt: 0 }, Timestamp(0));
        let bundled = |state: &mut State, parts: &[u64], carrier: u64, seq| {
            let event = Event::CallsBundled {
                page,
                attempt: 0,
                person: "ana".into(),
                calls_count: 4,
                calls_max: 5,
                at: Timestamp(1),
                carriers: vec![new(carrier)],
                notices: parts.iter().map(|it| (NoticeId(*it), NoticeId(carrier))).collect(),
            };
            let (actor, at) = (Actor::System, Timestamp(0));
            let record = EventRecord {
                seq,
                at,
                actor,
                reason: None,
                key: None,
                catalogue_version: 0,
                event,
            };
            apply(state, &record);
        };
        bundled(&mut state, &[1, 2], 3, 1);
        // The list was given up, and what stood in it is called once more.
        for id in [1, 2] {
            state.notices.get_mut(&NoticeId(id)).expect("added").attempts = 1;
        }
        bundled(&mut state, &[2], 4, 2);
        let lists: Vec<(u64, Vec<u64>)> = state
            .load
            .bundles
            .iter()
            .map(|(list, parts)| (list.0, parts.iter().map(|it| it.0).collect()))
            .collect();
        assert_eq!(lists, [(3, vec![1]), (4, vec![2])]);
    }
}
