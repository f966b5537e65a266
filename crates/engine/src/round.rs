//! One walk over everything open, which finds what is due there in the order in which it is looked at.
//!
//! Intuition: a night nurse goes round all the beds once with a list in her hand, and works down the
//! list. She looks at each patient again before she acts, because what she did at one bed may have
//! settled another; and she goes round again until a round finds nothing. Going back to the first bed
//! after each patient would find the same patients, with as many rounds as there are patients.
//!
//! Invariants:
//! - nothing is done that is not due when its turn comes;
//! - a tick over N due pages looks at a number of pages that grows like N, not like N².

use crate::command::Context;
use crate::consequence::advance;
use crate::event::{Event, PageCause};
use crate::state::State;
use crate::{deal, late, storm};
use model::{IncidentId, PageId, Timestamp};
use paging::Due;
use std::collections::VecDeque;

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Round {
    found: VecDeque<Item>,
}

#[derive(Debug, Clone, Copy)]
enum Item {
    /// A rota changed hands under a page that reached nobody.
    Shift(PageId),
    /// A page that reached nobody is tried again.
    Owed(PageId),
    /// A deadline of a page.
    Page(PageId),
    /// News of an incident.
    Update(IncidentId),
}

impl Round {
    /// What is to happen next; `None` when a whole walk found nothing.
    pub(crate) fn next(&mut self, state: &State, context: &Context<'_>) -> Option<Vec<Event>> {
        loop {
            if self.found.is_empty() {
                self.found = walk(state, context.now).collect();
            }
            let item = self.found.pop_front()?;
            if let Some(events) = item.act(state, context) {
                return Some(events);
            }
        }
    }
}

/// What was late before the next steps, so that the journal says why they start; news last.
fn walk(state: &State, now: Timestamp) -> impl Iterator<Item = Item> {
    let pages = state.open_groups.values().flat_map(|incident| {
        state.incidents.get(incident).map_or(&[][..], |it| &it.pages).iter().copied()
    });
    let due = move |id: &PageId| {
        #[cfg(test)]
        visits::count();
        state.pages.get(id).is_some_and(|it| it.due(now).is_some())
    };
    let shifts = late::shifts_due(state, now).map(Item::Shift);
    shifts
        .chain(late::owed_due(state, now).map(Item::Owed))
        .chain(pages.filter(due).map(Item::Page))
        .chain(storm::updates_due(state, now).map(Item::Update))
}

impl Item {
    /// `None` when it is not due any more.
    fn act(self, state: &State, context: &Context<'_>) -> Option<Vec<Event>> {
        let now = context.now;
        match self {
            Self::Shift(page) => late::shift_due(state, context, page).map(|it| vec![it]),
            Self::Owed(page) => late::try_due(state, context, page).map(|it| vec![it]),
            Self::Update(incident) => storm::update_due(state, now, incident).map(|it| vec![it]),
            Self::Page(page) => match state.pages.get(&page)?.due(now)? {
                _ if !is_open(state, page) => None,
                Due::Step => Some(advance(state, context, page, PageCause::NobodyAnswered)),
                due => Some(deal::due(state, context, page, due)),
            },
        }
    }
}

/// Whether a walk would still come across it.
fn is_open(state: &State, page: PageId) -> bool {
    let incident = state.pages.get(&page).and_then(|it| state.incidents.get(&it.incident));
    incident.is_some_and(incident::Incident::is_open)
}

/// How many pages were looked at, for the tests of this crate.
#[cfg(test)]
pub(crate) mod visits {
    use std::cell::Cell;

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn count() {
        COUNT.set(COUNT.get() + 1);
    }

    /// Since it was asked last.
    pub(crate) fn taken() -> usize {
        COUNT.replace(0)
    }
}
