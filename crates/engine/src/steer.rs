//! What people do to an incident besides taking and ending it: notes, the next step at once, taking
//! over from somebody; and what they say to the product itself: stop, start, and its answers.
//!
//! Intuition: hands on the wheel. None of these needs a screen: each is one short message that a person
//! with a simple telephone can send, so each is one command with plain outcomes.
//!
//! Invariants:
//! - asking for the next step never makes a page quieter: when no step is left the policy starts over;
//! - taking over names whom it was taken from; the time of the first acknowledgement stays;
//! - a number that asked for silence gets none of ours until it asks again, and every step that leaves
//!   it out says so;
//! - the product answers one person at most [`Limits::ANSWERS_PER_HOUR_MAX`] times an hour, so that two
//!   machines never talk to each other all night.

use crate::command::{Command, Context, Rejected};
use crate::consequence::advance;
use crate::deal;
use crate::decide::{open_incident, person, text_within, unknown};
use crate::event::{Event, EventRecord, NewNotice, PageCause};
use crate::state::{Limits, Notice, NoticeStatus, Purpose, Recipient, State};
use incident::{Incident, Note};
use model::{
    ChannelId, Escalation, IncidentId, Medium, Millis, NoticeId, PageId, PersonId, Personal,
};
use paging::{Page, PageStatus};

const HOUR: Millis = Millis::from_hours(1);

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::AddNote { incident, by, text, via } => add_note(state, *incident, by, text, via),
        Command::Escalate { page, by, via } => escalate(state, *page, by, via),
        Command::TakeOver { incident, by, via } => take_over(state, *incident, by, via),
        Command::StopContact { person: who, medium, via } => {
            person(state, who)?;
            let new = !state.contacts_stopped.contains(&(who.clone(), *medium));
            let (person, medium, via) = (who.clone(), *medium, via.clone());
            Ok(new.then_some(Event::ContactStopped { person, medium, via }).into_iter().collect())
        }
        Command::StartContact { person: who, medium, via } => {
            person(state, who)?;
            let stopped = state.contacts_stopped.contains(&(who.clone(), *medium));
            let (person, medium, via) = (who.clone(), *medium, via.clone());
            let event = Event::ContactStarted { person, medium, via };
            Ok(stopped.then_some(event).into_iter().collect())
        }
        Command::Answer { to, medium, channel, text } => {
            answer(state, context, to, *medium, channel, text)
        }
        other => unreachable!("nothing to steer: {other:?}"),
    }
}

fn add_note(
    state: &State,
    id: IncidentId,
    by: &PersonId,
    text: &str,
    via: &str,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    text_within("note", text, Limits::NOTE_LENGTH_MAX)?;
    if text.trim().is_empty() {
        return Err(Rejected::Invalid("a note needs at least a word".to_owned()));
    }
    // Also of an incident that is over: what is learned afterwards belongs to its story.
    let incident = state.incidents.get(&id).ok_or_else(|| unknown("incident", id))?;
    if incident.notes.len() >= Limits::NOTES_MAX {
        return Err(Rejected::LimitReached { limit: "notes_max", max: Limits::NOTES_MAX });
    }
    let text = Personal::new(by.clone(), text.trim());
    Ok(vec![Event::NoteAdded { incident: id, by: by.clone(), text, via: via.to_owned() }])
}

fn escalate(state: &State, id: PageId, by: &PersonId, via: &str) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    let page = state.pages.get(&id).ok_or_else(|| unknown("page", id))?;
    open_incident(state, page.incident)?;
    if matches!(page.status, PageStatus::Ended { .. }) {
        return Err(Rejected::Over { what: "page", id: id.to_string() });
    }
    Ok(vec![Event::EscalationAsked { page: id, by: by.clone(), via: via.to_owned() }])
}

/// What follows when somebody asked for the next step of `page`: that step; or, where none is left or
/// somebody has the page, a page of its own with the rest of the policy, or with all of it.
pub(crate) fn escalated(
    state: &State,
    context: &Context<'_>,
    id: PageId,
    by: &PersonId,
) -> Vec<Event> {
    let Some(page) = state.pages.get(&id) else { return vec![] };
    let next = advance(state, context, id, PageCause::AskedFor { by: by.clone() });
    if matches!(next[..], [Event::PageNotified { .. }]) {
        return next;
    }
    let mut events = vec![];
    if page.can_be_acknowledged() {
        let reason = if page.is_waiting_for_time() {
            format!("it waited, and {by} asked for it now")
        } else {
            format!("its last step had come, and {by} asked for the policy to start over")
        };
        events.push(Event::PageEnded { page: id, reason });
    }
    let policy = match page.status {
        PageStatus::Acknowledged { .. } => rest_of(page),
        _ => page.policy.clone(),
    };
    events.push(Event::PageOpened {
        page: PageId(state.next.page + 1),
        incident: page.incident,
        alert: page.alert,
        escalation: page.escalation.clone(),
        policy,
        urgency: Some(format!("{by} asked for the next step")),
    });
    events
}

/// The steps that come after the last one taken; all of them when that was the last there is.
fn rest_of(page: &Page) -> Escalation {
    let policy = &page.policy;
    let taken = page.in_round(page.next_attempt) as usize % policy.steps.len();
    Escalation { steps: policy.steps[taken..].to_vec(), ..policy.clone() }
}

fn take_over(
    state: &State,
    id: IncidentId,
    by: &PersonId,
    via: &str,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    open_incident(state, id)?;
    let mut refused = Rejected::Invalid(format!("incident `{id}` has no page to take"));
    let mut events = vec![];
    for id_of_page in &state.incidents[&id].pages {
        let page = &state.pages[id_of_page];
        match &page.status {
            PageStatus::Acknowledged { by: from, at, .. } if from == by => {
                refused = Rejected::AlreadyAcknowledged { by: by.clone(), at: *at };
            }
            PageStatus::Acknowledged { by: from, .. } => events.push(Event::TakenOver {
                incident: id,
                page: *id_of_page,
                from: from.clone(),
                by: by.clone(),
                via: via.to_owned(),
            }),
            // Where several must take it, whoever takes over is one of them.
            _ if page.can_be_acknowledged() => match deal::counted(*id_of_page, page, by, via) {
                Ok(event) => events.push(event),
                Err(already) => refused = already,
            },
            _ => {}
        }
    }
    if events.is_empty() { Err(refused) } else { Ok(events) }
}

fn answer(
    state: &State,
    context: &Context<'_>,
    to: &PersonId,
    medium: Medium,
    channel: &ChannelId,
    text: &str,
) -> Result<Vec<Event>, Rejected> {
    person(state, to)?;
    text_within("answer", text, Limits::TEXT_LENGTH_MAX)?;
    let since = context.now.minus(HOUR);
    let recipient = Recipient::Person(to.clone());
    let answers = state
        .notices
        .values()
        .filter(|it| it.purpose == Purpose::Answer && it.to == recipient && it.decided_at > since);
    if answers.count() >= Limits::ANSWERS_PER_HOUR_MAX {
        let (limit, max) = ("answers_per_hour_max", Limits::ANSWERS_PER_HOUR_MAX);
        return Err(Rejected::LimitReached { limit, max });
    }
    let notice = NewNotice {
        notice: NoticeId(state.next.notice + 1),
        to: recipient,
        medium,
        channel: channel.clone(),
        due_at: None,
    };
    Ok(vec![Event::AnswerDue { notice, text: Personal::new(to.clone(), text) }])
}

/// Folds in an event of this module.
pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::NoteAdded { incident, by, text, via } => {
            if let Some(it) = state.incidents.get_mut(incident) {
                let (by, text, via) = (by.clone(), text.clone(), via.clone());
                it.notes.push(Note { at: record.at, by, text, via });
            }
            state.trail_incident(*incident);
        }
        Event::EscalationAsked { page, .. } => state.trail_page(*page),
        Event::TakenOver { incident, page, by, via, .. } => {
            if let Some(it) = state.pages.get_mut(page) {
                it.taken_over(by.clone(), record.at, via.clone());
            }
            // Nobody is asked to take over, or reminded, who does not have it any more.
            state.cancel_notices_to(*page, None);
            state.trail_incident(*incident);
        }
        Event::ContactStopped { person, medium, .. } => {
            state.contacts_stopped.insert((person.clone(), *medium));
        }
        Event::ContactStarted { person, medium, .. } => {
            state.contacts_stopped.remove(&(person.clone(), *medium));
        }
        Event::AnswerDue { notice, text } => {
            let since = record.at.minus(HOUR);
            state.notices.retain(|_, it| {
                it.purpose != Purpose::Answer
                    || it.decided_at > since
                    || matches!(it.status, NoticeStatus::Due { .. })
            });
            state.add_notices(std::slice::from_ref(notice), Purpose::Answer, record.at);
            if let Some(it) = state.notices.get_mut(&notice.notice) {
                it.text = Some(text.clone());
            }
        }
        other => unreachable!("nothing to steer: {other:?}"),
    }
}

impl State {
    /// Whether this person asked not to be written to in this way.
    #[must_use]
    pub fn is_stopped(&self, person: &PersonId, medium: Medium) -> bool {
        self.contacts_stopped.contains(&(person.clone(), medium))
    }

    /// The pages of open incidents that `person` was told of by one of `media`, newest first: what a
    /// reply from there can be about.
    pub fn pages_told<'a>(
        &'a self,
        person: &'a PersonId,
        media: &'a [Medium],
    ) -> impl Iterator<Item = (PageId, &'a paging::Page)> {
        let told = move |it: &Notice| {
            matches!(&it.to, Recipient::Person(to) if to == person) && media.contains(&it.medium)
        };
        self.pages_of_open_incidents().filter(move |(_, page)| {
            page.notices.iter().any(|id| self.notices.get(id).is_some_and(told))
        })
    }

    /// The pages of open incidents, newest first.
    pub fn pages_of_open_incidents(&self) -> impl Iterator<Item = (PageId, &paging::Page)> {
        let is_open = |id: &IncidentId| self.incidents.get(id).is_some_and(Incident::is_open);
        self.pages
            .iter()
            .rev()
            .filter(move |(_, it)| is_open(&it.incident))
            .map(|(id, it)| (*id, it))
    }
}
