//! Who is told that an incident is over.
//!
//! Intuition: whoever was rung up about a fire and then heard nothing, because somebody hung a "do not
//! disturb" sign over it, still wants to hear that it is out. Machines want to hear it always: a ticket
//! that a webhook opened is closed by the same webhook.
//!
//! A silence hides calls, never the end: rooms and systems that were told of an incident are told of its
//! end in any case; people are told, by the quietest way, when a silence ended their call before the
//! incident was over. Without a silence they were called until somebody took it, and whoever took it
//! follows it.
//!
//! Invariants:
//! - nobody is told of the end of what they were not told of;
//! - nobody is called by it: it goes by the quietest way, and never by one that was stopped;
//! - one message to each, at most [`TOLD_MAX`] of them per incident.

use crate::event::{Event, EventRecord, NewNotice, NotPagedReason};
use crate::load::quiet_notice;
use crate::state::{NoticeStatus, Purpose, Recipient, State};
use crate::watching::SYNTHETIC_GROUP;
use model::{ChannelId, IncidentId, Medium, NoticeId, PersonId};
use std::collections::{BTreeMap, BTreeSet};

/// Who is told of one end, at most.
const TOLD_MAX: usize = 40;

/// The word to whoever was told of an incident that is over now, and to whom it matters.
pub(crate) fn told(state: &State, id: IncidentId, by: Option<&PersonId>) -> Option<Event> {
    let incident = state.incidents.get(&id).filter(|it| it.group != SYNTHETIC_GROUP)?;
    let silenced = incident
        .alerts
        .iter()
        .filter_map(|it| state.alerts.get(it))
        .any(|it| matches!(it.not_paged, Some(NotPagedReason::Silenced { .. })));
    let pages = incident.pages.iter().filter_map(|it| state.pages.get(it));
    let sent = pages.flat_map(|it| &it.notices).filter_map(|it| state.notices.get(it));
    let sent = sent.filter(|it| matches!(it.status, NoticeStatus::Sent { .. }));
    let (mut rooms, mut people) = (BTreeMap::new(), BTreeSet::new());
    for it in sent {
        match &it.to {
            Recipient::Channel(channel) => {
                rooms.insert(channel.clone(), it.medium);
            }
            // Whoever says that it is over knows.
            Recipient::Person(person) if silenced && by != Some(person) => {
                people.insert(person.clone());
            }
            Recipient::Person(_) => {}
        }
    }
    let rooms = rooms.into_iter().filter(|(channel, _)| is_there(state, channel));
    let rooms = rooms.map(|(channel, medium): (ChannelId, Medium)| NewNotice {
        notice: NoticeId(0),
        to: Recipient::Channel(channel.clone()),
        medium,
        channel,
        due_at: None,
    });
    let people = people.iter().filter_map(|it| quiet_notice(state, it));
    let numbers = state.next.notice + 1..;
    let notices: Vec<NewNotice> = rooms
        .chain(people)
        .take(TOLD_MAX)
        .zip(numbers)
        .map(|(it, number)| NewNotice { notice: NoticeId(number), ..it })
        .collect();
    (!notices.is_empty()).then_some(Event::EndTold { incident: id, notices })
}

/// Whether a room is still there.
fn is_there(state: &State, channel: &ChannelId) -> bool {
    state.catalogue().is_some_and(|it| it.channels.contains_key(channel))
}

/// Folds in who is told.
pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    let Event::EndTold { incident, notices } = &record.event else {
        unreachable!("not about who is told of an end: {:?}", record.event)
    };
    state.add_notices(notices, Purpose::End { incident: *incident }, record.at);
    state.trail_incident(*incident);
}
