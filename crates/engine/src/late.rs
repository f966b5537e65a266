//! Late truth: what is still owed after an outage, looked at again before it is sent.
//!
//! Intuition: a postman who comes back after a flood. He does not empty the bag in the order in which
//! it was filled: he asks who lives there now, leaves away what is settled, and hands over what is
//! left as one bundle, the worst on top.
//!
//! Invariants:
//! - a page of which nobody has had a message is never given up while it is open;
//! - somebody who came on duty before anybody was reached is called too;
//! - nothing is sent twice because of a bundle: what a bundle told of is marked by it.

use crate::command::Context;
use crate::event::{AlsoCause, Event};
use crate::notify;
use crate::receipt::{Standing, current_attempt, of_step, wakes};
use crate::state::{Limits, Notice, NoticeStatus, Purpose, Recipient, State};
use model::{IncidentId, Millis, NoticeId, PageId, Severity, Timestamp};
use paging::PageStatus;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// From when on a message is late.
pub const LATE_FROM: Millis = Millis::from_mins(2);

/// A page that reached nobody is tried again at every full five minutes of the clock, so that all such
/// pages are tried at the same time and a provider that comes back is asked for one message a person.
const OWED_EVERY: Millis = Millis::from_mins(5);

/// And not before this long after it failed.
const OWED_REST: Millis = Millis::from_mins(2);

/// The same after [`OWED_OFTEN_MAX`] tries: somebody must have noticed by other means.
const OWED_LATER_EVERY: Millis = Millis::from_mins(30);

/// So many tries come quickly: a day.
const OWED_OFTEN_MAX: u32 = 288;

/// An exhausted page of which nobody has had a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// When it is tried again; `None` while a try is on its way or somebody has been reached.
    pub next_at: Option<Timestamp>,
    /// How often it was tried again.
    pub rounds: u32,
}

/// Looks at what a page owes after something happened to it.
pub(crate) fn mind(state: &mut State, page: PageId, now: Timestamp) {
    let Some(it) = state.pages.get(&page) else { return };
    if !it.can_be_acknowledged() {
        state.reach.owed.remove(&page);
        state.reach.shifts.remove(&page);
        return;
    }
    let owes = matches!(it.status, PageStatus::Exhausted { .. }) && told_nobody(state, page);
    let rounds = state.reach.owed.get(&page).map_or(0, |it| it.rounds);
    let every = if rounds < OWED_OFTEN_MAX { OWED_EVERY } else { OWED_LATER_EVERY };
    let again_at = || {
        let rested = now.plus(OWED_REST).0;
        Some(Timestamp(rested + (-rested).rem_euclid(every.0)))
    };
    match (owes, state.reach.owed.get_mut(&page)) {
        (true, None) => {
            state.reach.owed.insert(page, Owed { next_at: again_at(), rounds: 0 });
        }
        (true, Some(owed)) => owed.next_at = owed.next_at.or_else(again_at),
        (false, Some(owed)) => owed.next_at = None,
        (false, None) => {}
    }
}

/// Whether every message of a page was given up, or did not arrive, or is a mail that may lie unread
/// while all that wakes failed; and at least one can be tried again.
fn told_nobody(state: &State, page: PageId) -> bool {
    let (mut again, mut nobody) = (false, true);
    let untold = of_round(state, page).all(|(_, it)| {
        nobody = false;
        again |= matches!(it.status, NoticeStatus::Failed { .. });
        match it.standing() {
            Standing::Failed | Standing::Cancelled => true,
            Standing::Taken => !wakes(it.medium),
            Standing::Waiting | Standing::Arrived => false,
        }
    });
    // Without any notice nobody could even be tried: the configuration may change.
    untold && (again || nobody)
}

/// The notices of the steps of a page since it began to call, or began again. What was said before it
/// came back is said and done.
fn of_round(state: &State, page: PageId) -> impl DoubleEndedIterator<Item = (NoticeId, &Notice)> {
    let (ids, from) =
        state.pages.get(&page).map_or((&[][..], 0), |it| (&it.notices[..], it.round_start));
    let known = ids.iter().filter_map(|id| Some((*id, state.notices.get(id)?)));
    known.filter(
        move |(_, it)| matches!(it.purpose, Purpose::Page { attempt, .. } if attempt >= from),
    )
}

/// When something here is due next.
pub(crate) fn next_wake(state: &State) -> Option<Timestamp> {
    let owed = state.reach.owed.values().filter_map(|it| it.next_at);
    let shifts = state.reach.shifts.keys().filter_map(|it| shift_due_at(state, *it));
    owed.chain(shifts).min()
}

/// Pages whose rota changed hands before they reached anybody.
pub(crate) fn shifts_due(state: &State, now: Timestamp) -> impl Iterator<Item = PageId> {
    let changed = move |it: &PageId| shift_due_at(state, *it).is_some_and(|at| at <= now);
    state.reach.shifts.keys().copied().filter(changed)
}

/// Pages that owe somebody a message.
pub(crate) fn owed_due(state: &State, now: Timestamp) -> impl Iterator<Item = PageId> {
    let owed = state.reach.owed.iter();
    owed.filter(move |(_, it)| it.next_at.is_some_and(|at| at <= now)).map(|(page, _)| *page)
}

/// Whoever came on duty under `page` is called too, if that is due.
pub(crate) fn shift_due(state: &State, context: &Context<'_>, page: PageId) -> Option<Event> {
    let due = shift_due_at(state, page).is_some_and(|at| at <= context.now);
    due.then(|| shift_changed(state, context, page))
}

/// `page` is tried again, if that is due.
pub(crate) fn try_due(state: &State, context: &Context<'_>, page: PageId) -> Option<Event> {
    let next_at = state.reach.owed.get(&page)?.next_at;
    next_at.is_some_and(|at| at <= context.now).then(|| tried_again(state, context, page))
}

/// When a rota changes hands under a page that has reached nobody yet and is late.
fn shift_due_at(state: &State, page: PageId) -> Option<Timestamp> {
    let (_, ends) = state.reach.shifts.get(&page)?;
    let it = state.pages.get(&page).filter(|it| it.is_calling())?;
    let attempt = current_attempt(state, page)?;
    let mut decided_at = it.opened_at;
    for (_, notice) in of_step(state, page, attempt) {
        if matches!(notice.standing(), Standing::Taken | Standing::Arrived) {
            return None;
        }
        decided_at = notice.decided_at;
    }
    Some((*ends).max(decided_at.plus(LATE_FROM)))
}

/// Whoever has come on duty since is called too.
fn shift_changed(state: &State, context: &Context<'_>, page: PageId) -> Event {
    let (rota, _) = &state.reach.shifts[&page];
    let known = people_of(state, page);
    let target = model::PageTarget::Rota(rota.clone());
    let attempt = current_attempt(state, page).unwrap_or(0);
    let told = notify::told(state, context, page, attempt, std::iter::once(&target), &known);
    Event::PageNotifiedAlso {
        page,
        attempt,
        cause: AlsoCause::ShiftChanged,
        duty: told.duty,
        tzdb: context.zones.version(),
        notices: told.notices,
        again: vec![],
        skipped: told.skipped,
    }
}

/// Everything of a page that was given up, once more, and whoever is to be called now besides.
fn tried_again(state: &State, context: &Context<'_>, page: PageId) -> Event {
    let it = &state.pages[&page];
    let mut seen = BTreeSet::new();
    let mut again = vec![];
    for (id, notice) in of_round(state, page).rev() {
        let given_up = matches!(notice.status, NoticeStatus::Failed { .. });
        if given_up && seen.insert((&notice.to, notice.medium, &notice.channel)) {
            again.push(id);
        }
    }
    let known = people_of(state, page);
    let targets = it.policy.steps.iter().flat_map(|it| &it.page);
    let attempt = current_attempt(state, page).unwrap_or(0);
    let told = notify::told(state, context, page, attempt, targets, &known);
    Event::PageNotifiedAlso {
        page,
        attempt,
        cause: AlsoCause::NobodyReached,
        duty: told.duty,
        tzdb: context.zones.version(),
        notices: told.notices,
        again,
        skipped: told.skipped,
    }
}

fn people_of(state: &State, page: PageId) -> BTreeSet<Recipient> {
    of_round(state, page).map(|(_, it)| it.to.clone()).collect()
}

/// Folds in that more is sent for a step.
pub(crate) fn apply(state: &mut State, event: &Event, at: Timestamp) {
    let Event::PageNotifiedAlso { page, attempt, cause, duty, notices, again, skipped, .. } = event
    else {
        unreachable!("not about more of a step: {event:?}")
    };
    state.add_notices(notices, Purpose::Page { page: *page, attempt: *attempt }, at);
    if let Some(it) = state.pages.get_mut(page) {
        it.notices.extend(notices.iter().map(|it| it.notice));
    }
    // Since it was decided the team may have gone into shadow mode: then nothing leaves.
    let stays = state.stays(Purpose::Page { page: *page, attempt: *attempt });
    for id in again {
        let Some(it) = state.notices.get_mut(id) else { continue };
        if let NoticeStatus::Failed { .. } = it.status {
            // One try a round: the rounds are what waits.
            it.attempts = Limits::NOTICE_ATTEMPTS_MAX - 1;
            it.receipt = None;
        } else {
            it.decided_at = at;
        }
        it.status = if stays { NoticeStatus::Shadowed { at } } else { NoticeStatus::Due { at } };
    }
    crate::reach::remember_skipped(state, skipped, at);
    if let (AlsoCause::ShiftChanged, Some(duty)) = (cause, duty) {
        state.reach.shifts.insert(*page, duty.clone());
    } else if *cause == AlsoCause::ShiftChanged {
        state.reach.shifts.remove(page);
    }
    if let (AlsoCause::NobodyReached, Some(owed)) = (cause, state.reach.owed.get_mut(page)) {
        owed.rounds += 1;
        owed.next_at = None;
    }
    mind(state, *page, at);
}

/// What a message to tell of several notices at once is made of: the notices of pages that wait to be
/// sent to the same address as `lead`, the newest and most severe first. Empty unless one of them, or
/// `lead`, is late: what is on time goes out alone and at once.
#[must_use]
pub fn together(state: &State, now: Timestamp, lead: NoticeId) -> Vec<NoticeId> {
    let Some(first) = state.notices.get(&lead).filter(|it| is_page(it)) else { return vec![] };
    let same = |it: &Notice| is_page(it) && it.to == first.to && it.medium == first.medium;
    let all: Vec<(NoticeId, &Notice)> = state.notices_due(now).filter(|(_, it)| same(it)).collect();
    if !all.iter().any(|(_, it)| now.since(it.decided_at) >= LATE_FROM) {
        return vec![];
    }
    let mut others: Vec<NoticeId> =
        all.into_iter().map(|(id, _)| id).filter(|id| *id != lead).collect();
    others.sort_by_key(|id| order(state, *id));
    others
}

/// Notices that may be sent at `now` in the order in which they should go: what wakes before what can
/// wait, the newest first. A backlog that is worked off from its old end tells people for hours what
/// is over.
#[must_use]
pub fn in_order(state: &State, now: Timestamp) -> Vec<NoticeId> {
    let mut due: Vec<NoticeId> = state.notices_due(now).map(|(id, _)| id).collect();
    due.sort_by_key(|id| order(state, *id));
    due
}

fn is_page(notice: &Notice) -> bool {
    matches!(notice.purpose, Purpose::Page { .. })
}

fn order(state: &State, id: NoticeId) -> (u8, Reverse<Option<IncidentId>>, Reverse<NoticeId>) {
    let Some(Purpose::Page { page, .. }) = state.notices.get(&id).map(|it| it.purpose) else {
        return (2, Reverse(None), Reverse(id));
    };
    let it = state.pages.get(&page);
    let severity = it.and_then(|it| state.alerts.get(&it.alert)).map(|it| it.severity);
    let urgency = u8::from(severity == Some(Severity::Ticket));
    (urgency, Reverse(it.map(|it| it.incident)), Reverse(id))
}

/// A notice was told of in the message of another one.
pub(crate) fn covered(state: &State, notice: NoticeId, by: NoticeId) -> Vec<Event> {
    let waits = |id| {
        let it: Option<&Notice> = state.notices.get(&id);
        it.is_some_and(|it| matches!(it.status, NoticeStatus::Due { .. }))
    };
    let covered = waits(notice) && notice != by;
    covered.then_some(Event::NoticeCovered { notice, by }).into_iter().collect()
}

/// Folds in that a notice was told of in the message of another one.
pub(crate) fn apply_covered(state: &mut State, notice: NoticeId, by: NoticeId, at: Timestamp) {
    if let Some(it) = state.notices.get_mut(&notice) {
        it.attempts += 1;
        it.covered_by = Some(by);
        it.status = NoticeStatus::Sent { at, provider_id: String::new() };
    }
}
