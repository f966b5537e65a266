//! How much of an old call stays in memory.
//!
//! Intuition: of a fire that has burned for weeks the logbook keeps every call; on the table lie the last
//! ones, and for each person and room the last that reached them, because they will want to hear when it
//! is out.
//!
//! A page that comes back again and again (`ack_timeout`) would otherwise keep some messages more each
//! time, for as long as the incident lasts, and everything that looks through the messages of a page would
//! take longer each time. The journal has them all.
//!
//! Invariants: nothing of the present round is forgotten, nothing that may still be sent, and nothing that
//! another pager hides.

use crate::state::{Limits, Notice, NoticeStatus, Purpose, State};
use model::{NoticeId, PageId};
use std::collections::BTreeSet;

/// Forgets messages of earlier rounds of `page`, when there are more than are kept.
pub(crate) fn out(state: &mut State, page: PageId) {
    let Some(it) = state.pages.get(&page) else { return };
    if it.notices.len() <= Limits::NOTICES_PER_PAGE {
        return;
    }
    let round_start = it.round_start;
    let old = &it.notices[..it.notices.len() - Limits::NOTICES_PER_PAGE];
    // Where a message was sent later than the ones that are looked at.
    let mut told: BTreeSet<_> = it.notices[old.len()..]
        .iter()
        .filter_map(|id| state.notices.get(id).filter(|it| is_sent(it)))
        .map(|it| (&it.to, &it.channel))
        .collect();
    let mut gone: BTreeSet<NoticeId> = BTreeSet::new();
    for id in old.iter().rev() {
        let Some(it) = state.notices.get(id) else {
            gone.insert(*id);
            continue;
        };
        let last_there = is_sent(it) && told.insert((&it.to, &it.channel));
        let earlier = match it.purpose {
            Purpose::Page { attempt, .. } => attempt < round_start,
            _ => true,
        };
        if earlier && !last_there && is_settled(state, it) {
            gone.insert(*id);
        }
    }
    if gone.is_empty() {
        return;
    }
    state.reach.awaiting.retain(|(_, it)| !gone.contains(it));
    for id in &gone {
        state.notices.remove(id);
    }
    if let Some(it) = state.pages.get_mut(&page) {
        it.notices.retain(|it| !gone.contains(it));
    }
}

fn is_sent(notice: &Notice) -> bool {
    matches!(notice.status, NoticeStatus::Sent { .. })
}

/// Whether nothing more becomes of it.
fn is_settled(state: &State, notice: &Notice) -> bool {
    match &notice.status {
        NoticeStatus::Sent { .. } | NoticeStatus::Failed { .. } | NoticeStatus::Cancelled => true,
        NoticeStatus::Bundled { into } => {
            let list = state.notices.get(into).map(|it| &it.status);
            !matches!(list, Some(NoticeStatus::Due { .. }))
        }
        NoticeStatus::Due { .. } | NoticeStatus::Shadowed { .. } => false,
    }
}
