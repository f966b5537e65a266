//! Closes letters whose page is over: what still rings at somebody's bed is stopped, and buttons that do
//! nothing any more are taken away.
//!
//! Intuition: the person who goes round the house after the alarm and switches off the bells. A page that
//! Ana took must not ring on at Bo's; a button that says *Acknowledge* under a thing of yesterday is a
//! lie. Neither is worth a failed page: this worker only tidies up, has roads of its own, and gives up
//! after a few tries.
//!
//! Invariants:
//! - nothing is closed while somebody may still be needed: a bell stops when its page is taken or over,
//!   buttons go when it is over;
//! - closing may be repeated: after a restart what was sent lately is closed once more;
//! - nothing is decided and nothing is written here.

use crate::letters::{Desk, closing_letter};
use crate::node::Shared;
use crate::outbox::Writer;
use crate::wait::{Waiter, stopped};
use channels::{Message, Outcome, Sender};
use engine::{NoticeStatus, Purpose, State};
use model::{Channel, ChannelId, Millis, NoticeId, Timestamp};
use paging::PageStatus;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use tokio::sync::watch;

/// How often one letter is tried to be closed.
pub const CLOSE_TRIES_MAX: u8 = 3;

/// Letters older than this are left alone: no bell rings longer, and providers forget.
const RECENT: Millis = Millis::from_hours(24);

/// How long nothing is looked at when nothing wakes us.
const PERIOD: Millis = Millis::from_secs(30);

/// The worker.
pub struct Closer {
    desk: Writer,
    waiter: Waiter,
    senders: BTreeMap<ChannelId, Sender>,
    version: u64,
    /// How often each was tried; [`CLOSE_TRIES_MAX`] when nothing is left to do.
    tried: BTreeMap<NoticeId, u8>,
}

impl std::fmt::Debug for Closer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Closer with {} roads", self.senders.len())
    }
}

/// A letter to be closed.
struct Open {
    id: NoticeId,
    channel: ChannelId,
    provider_id: String,
    message: Message,
    end: String,
}

impl Closer {
    pub(crate) fn new(desk: Writer) -> Self {
        let waiter = Waiter::new(Arc::clone(&desk.shared.clock));
        let (senders, tried) = (BTreeMap::new(), BTreeMap::new());
        Self { desk, waiter, senders, version: 0, tried }
    }

    /// Works until `stop` says so.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.desk.shared.handle.subscribe();
        loop {
            let next = self.desk.shared.clock.now().plus(PERIOD);
            tokio::select! {
                () = self.step() => {}
                () = stopped(&mut stop) => return,
            }
            tokio::select! {
                () = self.waiter.until(next) => {}
                _ = changes.changed() => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// Closes what is to be closed now, each once.
    pub async fn step(&mut self) {
        self.adopt();
        if self.senders.is_empty() {
            return;
        }
        for open in self.open() {
            let Some(sender) = self.senders.get(&open.channel) else { continue };
            let outcome = sender.close(&open.provider_id, &open.message, &open.end).await;
            let tries = self.tried.entry(open.id).or_default();
            *tries += 1;
            if let Some(Outcome::Transient { detail } | Outcome::Permanent { detail }) = &outcome {
                tracing::warn!(notice = %open.id, "a letter whose page is over was not closed: {detail}");
            }
            if !matches!(outcome, Some(Outcome::Transient { .. })) {
                *tries = CLOSE_TRIES_MAX;
            }
        }
    }

    /// Follows the channels in force; only of those on which something can be closed.
    fn adopt(&mut self) {
        let state = self.desk.shared.handle.state();
        if state.catalogue_version == self.version {
            return;
        }
        self.version = state.catalogue_version;
        let channels = state.catalogue().map(|it| it.channels.clone()).unwrap_or_default();
        let closes = channels.iter().filter(|(_, it)| closes(it).is_some());
        // The outbox tells of a channel that cannot send.
        let ready = closes.filter_map(|(id, channel)| {
            Some((id.clone(), Sender::new(channel, &channels::secrets::resolve).ok()?))
        });
        self.senders = ready.collect();
    }

    fn open(&mut self) -> Vec<Open> {
        let Shared { handle, board, zones, .. } = &self.desk.shared;
        let now = handle.now();
        // In this order everywhere: the state, then the board.
        let state = handle.state();
        self.tried.retain(|id, _| state.notices.contains_key(id));
        let found = over(&state, now, |id| self.tried.get(&id).copied().unwrap_or(0));
        if found.is_empty() {
            return vec![];
        }
        let board = board.read().unwrap_or_else(PoisonError::into_inner);
        let desk = Desk {
            state: &state,
            board: &board,
            zones,
            now,
            public_url: &self.desk.public_url,
            links_key: &self.desk.links_key,
            head: self.desk.metrics.head(),
        };
        let letters = found.into_iter().filter_map(|(id, channel, provider_id, end)| {
            let message = closing_letter(&desk, id)?;
            Some(Open { id, channel, provider_id, message, end })
        });
        letters.collect()
    }
}

/// When a letter on this road is closed; `None`: there is nothing to close.
fn closes(channel: &Channel) -> Option<When> {
    match channel {
        Channel::Pushover { .. } => Some(When::Taken),
        Channel::Slack { .. } | Channel::Telegram { .. } => Some(When::Over),
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Somebody took the page, or it is over.
    Taken,
    /// It is over.
    Over,
}

/// Letters to be closed: notice, channel, what the provider calls it, and the end in words.
fn over(
    state: &State,
    now: Timestamp,
    tries: impl Fn(NoticeId) -> u8,
) -> Vec<(NoticeId, ChannelId, String, String)> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let mut found = vec![];
    for (id, notice) in &state.notices {
        let NoticeStatus::Sent { at, provider_id } = &notice.status else { continue };
        let Purpose::Page { page, .. } = &notice.purpose else { continue };
        let when = catalogue.channels.get(&notice.channel).and_then(closes);
        let recent = now.since(*at) <= RECENT && !provider_id.is_empty();
        if when.is_none() || !recent || tries(*id) >= CLOSE_TRIES_MAX {
            continue;
        }
        let end = match state.pages.get(page).map(|it| &it.status) {
            Some(PageStatus::Acknowledged { by, .. }) if when == Some(When::Taken) => {
                format!("{} took it.", catalogue.name_of(by))
            }
            Some(PageStatus::Ended { reason, .. }) => format!("It is over: {reason}."),
            _ => continue,
        };
        found.push((*id, notice.channel.clone(), provider_id.clone(), end));
    }
    found
}
