//! Dealing with a page: taking it, alone or with others, keeping it, handing it on, having it come back.
//!
//! Intuition: a page always has somebody who answers for it, be it a person or the clock. Whoever hands
//! it on keeps it until the other person says yes; whoever takes it for a while gives it back to the
//! clock; whoever snoozes it sets the clock; whoever gives it back sets the next person's telephone ringing.
//!
//! Invariants:
//! - no act of a person leaves an open incident with neither a person nor a time;
//! - what comes back while everything about it is silenced ends instead, and the end of the silence
//!   calls again.

use crate::command::{Command, Context, Rejected, Subject};
use crate::consequence::advance;
use crate::decide::{open_incident, person, unknown};
use crate::event::{Event, EventRecord, GivenBack, NewNotice, PageCause, WakeCause};
use crate::notify::to_people;
use crate::state::{Limits, Purpose, State};
use crate::targets::{self, Numbered};
use crate::{late, load, storm};
use model::{IncidentId, NoticeId, PageId, PersonId, Timestamp};
use paging::{Counted, Due, Next, Page, PageStatus};

/// What a command about a page causes.
pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::Renew { what, by } => {
            person(state, by)?;
            renew(state, *what, by)
        }
        Command::Hand { what, by, to } => {
            person(state, by)?;
            person(state, to)?;
            hand(state, context, *what, to)
        }
        Command::Snooze { what, by, until } => {
            person(state, by)?;
            snooze(state, context, *what, by, *until)
        }
        Command::GiveBack { what, by, via } => {
            person(state, by)?;
            give_back(state, context, *what, by, via)
        }
        Command::Wake { what, by } => {
            person(state, by)?;
            wake(state, *what, by)
        }
        other => unreachable!("not about dealing with a page: {other:?}"),
    }
}

/// `by` takes one page.
pub(crate) fn acknowledge_page(
    state: &State,
    id: PageId,
    by: &PersonId,
    via: &str,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    let page = state.pages.get(&id).ok_or_else(|| unknown("page", id))?;
    let open = state.incidents.get(&page.incident).is_some_and(incident::Incident::is_open);
    if open && handed_to(page, by) {
        // Who takes over takes all that was handed to them of this incident.
        let pages = state.incidents.get(&page.incident).map_or(&[][..], |it| &it.pages);
        let handed = pages.iter().filter(|it| handed_to(&state.pages[it], by));
        return Ok(handed.map(|it| acknowledged(*it, by, via)).collect());
    }
    match &page.status {
        PageStatus::Acknowledged { by: holder, at, .. } => {
            // Taking again what one has is saying that one is still at it.
            if open && holder == by && page.watch.is_some() {
                return Ok(vec![Event::PageRenewed { page: id, by: by.clone() }]);
            }
            Err(Rejected::AlreadyAcknowledged { by: holder.clone(), at: *at })
        }
        PageStatus::Ended { .. } => Err(Rejected::Over { what: "page", id: id.to_string() }),
        _ => counted(id, page, by, via).map(|it| vec![it]),
    }
}

/// `by` takes every page of an incident that somebody may take.
pub(crate) fn acknowledge_incident(
    state: &State,
    id: IncidentId,
    by: &PersonId,
    via: &str,
) -> Result<Vec<Event>, Rejected> {
    person(state, by)?;
    open_incident(state, id)?;
    let incident = &state.incidents[&id];
    let (mut events, mut before) = (vec![], None);
    for page_id in &incident.pages {
        let page = &state.pages[page_id];
        if handed_to(page, by) {
            events.push(acknowledged(*page_id, by, via));
        } else if page.can_be_acknowledged() {
            match counted(*page_id, page, by, via) {
                Ok(event) => events.push(event),
                Err(refused) => before = Some(refused),
            }
        }
    }
    if !events.is_empty() {
        return Ok(events);
    }
    let held = || {
        incident.pages.iter().rev().find_map(|it| match &state.pages[it].status {
            PageStatus::Acknowledged { by, at, .. } => {
                Some(Rejected::AlreadyAcknowledged { by: by.clone(), at: *at })
            }
            _ => None,
        })
    };
    let none = || Rejected::Invalid(format!("incident `{id}` has no page to take"));
    Err(before.or_else(held).unwrap_or_else(none))
}

fn handed_to(page: &Page, by: &PersonId) -> bool {
    page.holder().is_some() && page.handing.as_ref().is_some_and(|it| it.to == *by)
}

fn acknowledged(page: PageId, by: &PersonId, via: &str) -> Event {
    Event::PageAcknowledged { page, by: by.clone(), via: via.to_owned() }
}

pub(crate) fn counted(
    id: PageId,
    page: &Page,
    by: &PersonId,
    via: &str,
) -> Result<Event, Rejected> {
    match page.count(by) {
        Counted::Enough => Ok(acknowledged(id, by, via)),
        Counted::Again { at } => Err(Rejected::AlreadyAcknowledged { by: by.clone(), at }),
        Counted::Partly { have, want } => {
            let count = |it: usize| u16::try_from(it).unwrap_or(u16::MAX);
            let (by, via) = (by.clone(), via.to_owned());
            let (have, want) = (count(have), count(want));
            Ok(Event::PagePartlyAcknowledged { page: id, by, via, have, want })
        }
    }
}

/// The pages of `what`, oldest first.
fn pages_of(state: &State, what: Subject) -> Result<Vec<(PageId, &Page)>, Rejected> {
    match what {
        Subject::Page(id) => {
            let page = state.pages.get(&id).ok_or_else(|| unknown("page", id))?;
            // A page of what is over has nobody to go to.
            open_incident(state, page.incident)?;
            Ok(vec![(id, page)])
        }
        Subject::Incident(id) => {
            open_incident(state, id)?;
            Ok(state.incidents[&id].pages.iter().map(|it| (*it, &state.pages[it])).collect())
        }
    }
}

fn renew(state: &State, what: Subject, by: &PersonId) -> Result<Vec<Event>, Rejected> {
    let pages = pages_of(state, what)?;
    let limited = pages.iter().filter(|(_, it)| it.holder().is_some() && it.watch.is_some());
    let events: Vec<Event> =
        limited.map(|(id, _)| Event::PageRenewed { page: *id, by: by.clone() }).collect();
    if !events.is_empty() {
        return Ok(events);
    }
    let held = pages.iter().any(|(_, it)| it.holder().is_some());
    Err(Rejected::Invalid(if held {
        format!("`{what}` needs no renewal: its policy sets no `ack-timeout`")
    } else {
        format!("nobody has `{what}`; take it instead")
    }))
}

fn hand(
    state: &State,
    context: &Context<'_>,
    what: Subject,
    to: &PersonId,
) -> Result<Vec<Event>, Rejected> {
    let pages = pages_of(state, what)?;
    let mut handed = vec![];
    for (id, page) in pages.iter().rev() {
        if let Some(from) = page.holder().filter(|it| *it != to) {
            handed.push((*id, from.clone()));
        }
    }
    if handed.is_empty() {
        return Err(Rejected::Invalid(if pages.iter().any(|(_, it)| it.holder().is_some()) {
            format!("{to} has `{what}` already")
        } else {
            format!("nobody has `{what}`, so nobody can hand it on; take it first")
        }));
    }
    // One message is enough: who takes one of these pages takes all of them.
    let about = handed[0].0;
    let (notices, skipped) = to_people(state, context, about, std::iter::once(to));
    let mut told = Some((notices, skipped));
    let event = |(page, from)| {
        let (notices, skipped) = told.take().unwrap_or_default();
        Event::PageHanded { page, from, to: to.clone(), notices, skipped }
    };
    Ok(handed.into_iter().map(event).collect())
}

fn snooze(
    state: &State,
    context: &Context<'_>,
    what: Subject,
    by: &PersonId,
    until: Timestamp,
) -> Result<Vec<Event>, Rejected> {
    if until <= context.now {
        return Err(Rejected::Invalid("it would come back before now".to_owned()));
    }
    if until.since(context.now) > Limits::SNOOZE_MAX {
        let max = Limits::SNOOZE_MAX;
        return Err(Rejected::Invalid(format!(
            "a snooze lasts {max} at most; a silence may last longer, and says what it hides"
        )));
    }
    let pages = pages_of(state, what)?;
    let open = pages.iter().rev().filter(|(_, it)| !matches!(it.status, PageStatus::Ended { .. }));
    let mut events: Vec<Event> = vec![];
    for (id, page) in open {
        if let Some(Event::PageSnoozed { page: first, .. }) = events.first() {
            // One call comes back for the whole incident, not one for each of its pages.
            if page.can_be_acknowledged() {
                let reason = format!("{first} comes back for the whole incident");
                events.push(Event::PageEnded { page: *id, reason });
            }
        } else {
            events.push(Event::PageSnoozed { page: *id, by: by.clone(), until });
        }
    }
    if events.is_empty() {
        return Err(Rejected::Invalid(format!("`{what}` has no page that could come back")));
    }
    Ok(events)
}

fn give_back(
    state: &State,
    context: &Context<'_>,
    what: Subject,
    by: &PersonId,
    via: &str,
) -> Result<Vec<Event>, Rejected> {
    let mut events: Vec<Event> = vec![];
    for (id, page) in pages_of(state, what)?.iter().rev() {
        let partly = page.takers().any(|it| it == by) && page.can_be_acknowledged();
        let Some(from) = page.holder().or(partly.then_some(by)) else { continue };
        let ended = |reason: String| Event::PageEnded { page: *id, reason };
        // After the last step nobody else is called: whoever steps back leaves it to nobody.
        let last = matches!(page.status, PageStatus::Exhausted { .. });
        let event = if partly && !last {
            goes_back(*id, from, by, via, true)
        } else if state.is_quiet(page.incident) {
            ended(format!("{by} gave it back, and everything that fires is silenced"))
        } else if let Some(Event::PageGivenBack(GivenBack { page: first, .. })) = events.first() {
            // One call goes on for the whole incident, not one for each of its pages.
            ended(format!("{first} calls for the whole incident"))
        } else {
            goes_back(*id, from, by, via, !last && has_next(state, context, page))
        };
        events.push(event);
    }
    if events.is_empty() {
        return Err(Rejected::Invalid(format!("nobody has `{what}`, so nobody can give it back")));
    }
    Ok(events)
}

fn goes_back(page: PageId, from: &PersonId, by: &PersonId, via: &str, goes_on: bool) -> Event {
    let (from, by, via) = (from.clone(), by.clone(), via.to_owned());
    Event::PageGivenBack(GivenBack { page, from, by, via, goes_on })
}

/// Whether a taken page has a step after the last one that called.
fn has_next(state: &State, context: &Context<'_>, page: &Page) -> bool {
    if page.next_attempt <= page.round_start {
        return false;
    }
    let mut after = page.clone();
    let from = page.holder().cloned().unwrap_or_else(|| "nobody".into());
    after.given_back(&from, context.now, true);
    let may = |attempt: u32, step: &_| {
        targets::may(state, context, Numbered { page: &after, attempt, step })
    };
    matches!(after.next(may).next, Next::Step { .. })
}

/// The step that is called because a page was given back; none where others were called all along.
pub(crate) fn given_back(state: &State, context: &Context<'_>, id: PageId) -> Vec<Event> {
    let due = state.pages.get(&id).and_then(|it| it.due(context.now));
    if due != Some(Due::Step) {
        return vec![];
    }
    advance(state, context, id, PageCause::GivenBack)
}

fn wake(state: &State, what: Subject, by: &PersonId) -> Result<Vec<Event>, Rejected> {
    let pages = pages_of(state, what)?;
    let waiting = pages.iter().filter(|(_, it)| it.is_waiting_for_time());
    let cause = WakeCause::Person { by: by.clone() };
    let events: Vec<Event> =
        waiting.map(|(page, _)| Event::PageWoken { page: *page, cause: cause.clone() }).collect();
    if events.is_empty() {
        return Err(Rejected::Invalid(format!(
            "`{what}` waits for nothing: people are called, or were"
        )));
    }
    Ok(events)
}

/// What time brings to a page, other than its next step.
pub(crate) fn due(state: &State, context: &Context<'_>, id: PageId, due: Due) -> Vec<Event> {
    let Some(page) = state.pages.get(&id) else { return vec![] };
    if due != Due::Remind && state.is_quiet(page.incident) {
        let reason = "everything that fires is silenced".to_owned();
        return vec![Event::PageEnded { page: id, reason }];
    }
    match due {
        Due::Step => vec![],
        Due::Wake => vec![Event::PageWoken { page: id, cause: WakeCause::Time }],
        Due::Remind => {
            let until = page.watch.map_or(state.at, |it| it.until);
            let (notices, skipped) = to_people(state, context, id, page.takers());
            vec![Event::PageReminded { page: id, until, notices, skipped }]
        }
        Due::Return => {
            let holder = page.holder().cloned();
            holder.map(|from| Event::PageReturned { page: id, from }).into_iter().collect()
        }
    }
}

/// What stands for a step in what is counted per person, for a call outside of any step. Steps are few,
/// so these numbers are none of theirs.
pub(crate) fn call_number(notices: &[NewNotice]) -> u32 {
    const OUTSIDE: u32 = 1 << 31;
    let first = notices.first().map_or(0, |it| it.notice.0);
    OUTSIDE | u32::try_from(first % u64::from(OUTSIDE)).expect("below 2^31")
}

/// Whoever is reminded, or asked to take over, is called: it counts.
fn note_call(state: &mut State, page: PageId, notices: &[NewNotice], at: Timestamp) {
    if !notices.is_empty() {
        load::note_step(state, page, call_number(notices), notices, at);
        storm::note_call(state, page, at);
    }
}

/// Folds in an event about dealing with a page; which page.
pub(crate) fn apply(state: &mut State, record: &EventRecord) -> PageId {
    let at = record.at;
    let ids =
        |notices: &[NewNotice]| -> Vec<NoticeId> { notices.iter().map(|it| it.notice).collect() };
    let id = match &record.event {
        Event::PageHeld { page, .. }
        | Event::PageWoken { page, .. }
        | Event::PagePartlyAcknowledged { page, .. }
        | Event::PageReminded { page, .. }
        | Event::PageRenewed { page, .. }
        | Event::PageReturned { page, .. }
        | Event::PageGivenBack(GivenBack { page, .. })
        | Event::PageHanded { page, .. }
        | Event::PageSnoozed { page, .. } => *page,
        other => unreachable!("not about dealing with a page: {other:?}"),
    };
    let Some(page) = state.pages.get_mut(&id) else { return id };
    match &record.event {
        Event::PageHeld { until, reason, .. } => page.held(at, *until, reason.clone()),
        Event::PageWoken { .. } => page.begins_again(),
        Event::PagePartlyAcknowledged { by, .. } => {
            page.partly_acknowledged(by.clone(), at);
            state.cancel_notices_to(id, Some(by));
        }
        Event::PageReminded { notices, .. } => {
            page.reminded(&ids(notices));
            state.add_notices(notices, Purpose::Renewal { page: id }, at);
            note_call(state, id, notices, at);
        }
        Event::PageRenewed { .. } => {
            page.renewed(at);
            state.cancel_notices_to(id, None);
        }
        Event::PageReturned { .. } => {
            page.begins_again();
            state.cancel_notices_to(id, None);
        }
        Event::PageGivenBack(GivenBack { from, goes_on, .. }) => {
            let others_called = page.holder().is_none();
            page.given_back(from, at, *goes_on);
            if !others_called {
                state.cancel_notices_to(id, None);
            }
        }
        Event::PageHanded { to, notices, .. } => {
            page.handed(to.clone(), at, &ids(notices));
            state.add_notices(notices, Purpose::Hand { page: id }, at);
            note_call(state, id, notices, at);
        }
        Event::PageSnoozed { by, until, .. } => {
            page.snoozed(by.clone(), at, *until);
            state.cancel_notices_to(id, None);
        }
        _ => {}
    }
    late::mind(state, id, at);
    id
}

impl State {
    /// Who has an incident now: whoever took the newest of its pages that is taken.
    #[must_use]
    pub fn holder(&self, incident: IncidentId) -> Option<&PersonId> {
        let pages = &self.incidents.get(&incident)?.pages;
        pages.iter().rev().find_map(|it| self.pages.get(it)?.holder())
    }

    /// The pages that wait for the morning, the first to call first.
    #[must_use]
    pub fn pages_held(&self) -> Vec<(PageId, &Page, Timestamp)> {
        let pages = self.open_groups.values().filter_map(|it| self.incidents.get(it));
        let mut held: Vec<_> = pages
            .flat_map(|it| &it.pages)
            .filter_map(|id| match self.pages.get(id) {
                Some(page @ Page { status: PageStatus::Held { until, .. }, .. }) => {
                    Some((*id, page, *until))
                }
                _ => None,
            })
            .collect();
        held.sort_by_key(|(id, _, until)| (*until, *id));
        held
    }
}
