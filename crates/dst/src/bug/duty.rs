//! Bugs in who is on duty, and in what is told when that changes.

use super::without;
use engine::{
    Event, EventRecord, HandoverAsk, HandoverEvent, OverrideSet, PageCause, Recipient, State,
    SwapAsked,
};
use model::OverrideId;
use oncall::Change;

/// Whoever an override spares is called, and whoever it puts on duty is not.
pub(super) fn replaced_is_paged(state: &State, mut records: Vec<EventRecord>) -> Vec<EventRecord> {
    for it in &mut records {
        let at = it.at;
        let Event::PageNotified { notices, duty: Some((rota, _)), .. } = &mut it.event else {
            continue;
        };
        for overriding in state.overrides.values() {
            let holds = overriding.rota == *rota && overriding.starts <= at && at < overriding.ends;
            let Change::Replace { person, by } = &overriding.change else { continue };
            for notice in notices.iter_mut().filter(|it| holds && it.to == to(by)) {
                notice.to = to(person);
            }
        }
    }
    records
}

fn to(person: &model::PersonId) -> Recipient {
    Recipient::Person(person.clone())
}

pub(super) fn override_forgotten(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::OverrideSet(OverrideSet { swap: None, .. })))
}

/// Whoever is asked has the shift already.
pub(super) fn swap_without_answer(mut records: Vec<EventRecord>) -> Vec<EventRecord> {
    let asked = records.iter().enumerate().find_map(|(place, it)| match &it.event {
        Event::SwapAsked(asked) => Some((place, it.clone(), asked.clone())),
        _ => None,
    });
    let Some((place, record, asked)) = asked else { return records };
    let SwapAsked { swap, rota, from, with, gives, .. } = asked;
    let event = Event::OverrideSet(OverrideSet {
        overriding: OverrideId(1_000_000 + swap.0),
        rota,
        starts: gives.0,
        ends: gives.1,
        change: Change::Replace { person: from, by: with.clone() },
        by: with,
        swap: Some(swap),
    });
    records.insert(place + 1, EventRecord { event, ..record });
    let first = records.first().map_or(0, |it| it.seq);
    for (it, seq) in records.iter_mut().zip(first..) {
        it.seq = seq;
    }
    records
}

/// Everybody hears that a swap was accepted, and nothing changes.
pub(super) fn swap_not_carried_out(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::OverrideSet(OverrideSet { swap: Some(_), .. })))
}

/// Whoever gives a page back ends it.
pub(super) fn given_back_to_nobody(records: Vec<EventRecord>) -> Vec<EventRecord> {
    let calls = |it: &Event| matches!(it, Event::PageNotified { cause: PageCause::GivenBack, .. });
    if !records.iter().any(|it| calls(&it.event)) {
        return records;
    }
    let mut records = without(records, calls);
    for it in &mut records {
        if let Event::PageGivenBack(engine::GivenBack { page, .. }) = it.event {
            it.event = Event::PageEnded { page, reason: "it was given back".to_owned() };
        }
    }
    records
}

/// The call about what nobody read goes to nobody.
pub(super) fn handover_calls_nobody(mut records: Vec<EventRecord>) -> Vec<EventRecord> {
    for it in &mut records {
        if let Event::Handover(HandoverEvent::Asked { ask, notices, .. }) = &mut it.event
            && *ask != HandoverAsk::Nag
        {
            notices.clear();
        }
    }
    records
}

/// Nobody looks any more at what nobody read.
pub(super) fn handover_left_lying(mut records: Vec<EventRecord>) -> Vec<EventRecord> {
    for it in &mut records {
        if let Event::Handover(HandoverEvent::Published { next_at, .. }) = &mut it.event {
            *next_at = None;
        }
    }
    records
}

pub(super) fn read_back_forgotten(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::Handover(HandoverEvent::Accepted { .. })))
}
