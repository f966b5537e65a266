//! Sends what is due.
//!
//! Intuition: a postman who looks at the tray instead of being told what is in it. Whatever wakes him
//! (the journal grew, time passed, nothing happened for a while), he takes what is due and not on its
//! way already. A crash between sending and reporting sends again, under the same key: at least once.
//!
//! Invariants:
//! - just before it is sent a notice is looked at again: what has ended meanwhile is not sent;
//! - a channel that hangs keeps no other channel waiting;
//! - to one person one letter at a time is on its way through a channel, so that a crash repeats at most
//!   that one (ADR 14);
//! - what a provider said is reported until the journal has it, and is not sent again meanwhile.

use crate::Metrics;
use crate::letters::{Desk, letter_with};
use crate::node::Shared;
use crate::wait::{Waiter, stopped};
use crate::watch::Loopback;
use channels::{Message, Outcome, Sender};
use driver::SubmitError;
use engine::{Command, DeliveryOutcome, NoticeStatus, Recipient, State, Submission};
use model::{
    Channel, ChannelId, Medium, Millis, NoticeId, PersonId, SYNTHETIC, SecretRef, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// Letters on their way through one channel at the same time.
pub const PER_CHANNEL_MAX: usize = 8;

/// Letters on their way, or waiting for their channel, at the same time.
pub const ON_THE_WAY_MAX: usize = 512;

/// How long the tray is left alone when nothing wakes us.
const PERIOD: Millis = Millis::from_secs(5);

/// The wait between two tries to report an outcome.
const REPORT_AGAIN: Duration = Duration::from_secs(1);

/// The rest after an outcome that could not be reported because of a defect.
const REPORT_LATER: Duration = Duration::from_mins(1);

/// The worker.
pub struct Outbox {
    desk: Arc<Writer>,
    waiter: Waiter,
    senders: BTreeMap<ChannelId, Road>,
    version: u64,
    /// Whose turn it is, for each person and channel.
    turns: BTreeMap<(ChannelId, PersonId), Arc<Semaphore>>,
    running: JoinSet<()>,
    on_the_way: BTreeMap<NoticeId, tokio::task::Id>,
    loopback: Option<Loopback>,
}

/// Where letters of [`model::Channel::Inbox`] are laid down.
pub trait Inbox: Send + Sync {
    /// Keeps a letter. One with a key that is kept already replaces it.
    fn keep(&self, letter: Kept);
}

/// A letter laid down.
#[derive(Debug, Clone)]
pub struct Kept {
    /// When.
    pub at: Timestamp,
    /// To whom, as people say it.
    pub to: String,
    /// How it would have gone.
    pub medium: Medium,
    /// The letter.
    pub message: Message,
}

/// What every letter needs.
pub(crate) struct Writer {
    pub(crate) shared: Shared,
    pub(crate) metrics: Metrics,
    pub(crate) public_url: String,
    pub(crate) links_key: [u8; 32],
    pub(crate) inbox: Option<Arc<dyn Inbox>>,
}

/// What goes out in one message.
struct Parcel {
    lead: NoticeId,
    /// Notices to the same address that the message tells of too.
    others: Vec<NoticeId>,
    to: Recipient,
    medium: Medium,
    channel: ChannelId,
}

impl Parcel {
    fn notices(&self) -> impl Iterator<Item = NoticeId> {
        std::iter::once(self.lead).chain(self.others.iter().copied())
    }
}

/// Held by the one letter that is on its way to a person through a channel.
type Turn = Option<OwnedSemaphorePermit>;

#[derive(Clone)]
struct Road {
    sender: Arc<Result<Sender, String>>,
    room: Arc<Semaphore>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outbox with {} on the way", self.on_the_way.len())
    }
}

impl Outbox {
    pub(crate) fn new(desk: Writer) -> Self {
        Self {
            waiter: Waiter::new(Arc::clone(&desk.shared.clock)),
            desk: Arc::new(desk),
            senders: BTreeMap::new(),
            version: 0,
            turns: BTreeMap::new(),
            running: JoinSet::new(),
            on_the_way: BTreeMap::new(),
            loopback: None,
        }
    }

    /// Sends synthetic pages to a receiver of ours, whose address no catalogue knows.
    #[must_use]
    pub(crate) fn with_loopback(mut self, loopback: Option<Loopback>) -> Self {
        self.loopback = loopback;
        self
    }

    /// Works until `stop` says so; what is on its way then is waited for.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.desk.shared.handle.subscribe();
        self.tell_what_was_due();
        loop {
            self.desk.metrics.note_outbox(self.desk.shared.clock.now());
            self.adopt();
            self.start_due();
            let next = self.next_due();
            tokio::select! {
                Some(done) = self.running.join_next_with_id() => self.arrived(done),
                () = self.waiter.until(next) => {}
                _ = changes.changed() => {}
                () = stopped(&mut stop) => break,
            }
        }
        while let Some(done) = self.running.join_next_with_id().await {
            self.arrived(done);
        }
    }

    /// What was due before this process began may have been handed over by the one before, which died
    /// before it could say so. It is sent again, because twice is better than never; and it is told.
    fn tell_what_was_due(&self) {
        let handle = &self.desk.shared.handle;
        let (now, state) = (handle.now(), handle.state());
        for (id, _) in state.notices_due(now) {
            tracing::info!(notice = %id, "due since before the start: it is sent now, and may arrive twice");
        }
    }

    /// Sends everything that is due now, also what becomes due by it, and returns when it is done.
    pub async fn step(&mut self) {
        loop {
            self.adopt();
            self.start_due();
            let Some(done) = self.running.join_next_with_id().await else { return };
            self.arrived(done);
        }
    }

    fn arrived(&mut self, done: Result<(tokio::task::Id, ()), tokio::task::JoinError>) {
        let task = match done {
            Ok((task, ())) => task,
            Err(error) => {
                tracing::error!("sending a notice ran into a defect: {error}");
                error.id()
            }
        };
        self.on_the_way.retain(|_, it| *it != task);
    }

    /// Follows the channels in force.
    fn adopt(&mut self) {
        let (version, channels) = {
            let state = self.desk.shared.handle.state();
            if state.catalogue_version == self.version {
                return;
            }
            let channels = state.catalogue().map(|it| it.channels.clone());
            (state.catalogue_version, channels.unwrap_or_default())
        };
        self.version = version;
        let room_of = |id: &ChannelId| self.senders.get(id).map(|it| Arc::clone(&it.room));
        self.senders = channels
            .iter()
            .map(|(id, channel)| {
                let own = self.loopback.as_ref().filter(|_| id.as_str() == SYNTHETIC).map(back);
                let channel = own.as_ref().unwrap_or(channel);
                let sender = Sender::new(channel, &channels::secrets::resolve);
                if let Err(missing) = &sender {
                    tracing::error!(channel = %id, "the channel cannot send: {missing}");
                }
                let room = room_of(id).unwrap_or_else(|| Arc::new(Semaphore::new(PER_CHANNEL_MAX)));
                (id.clone(), Road { sender: Arc::new(sender), room })
            })
            .collect();
    }

    fn start_due(&mut self) {
        for parcel in self.parcels() {
            let desk = Arc::clone(&self.desk);
            let road = self.senders.get(&parcel.channel).cloned();
            let turn = self.turn_of(&parcel);
            let notices: Vec<NoticeId> = parcel.notices().collect();
            let task = self.running.spawn(async move { desk.deliver(parcel, road, turn).await });
            self.on_the_way.extend(notices.into_iter().map(|it| (it, task.id())));
        }
    }

    /// The line before a person's telephone or mailbox. A channel of a team has none: there nobody is
    /// woken twice, and many letters may have to go there in a short time.
    fn turn_of(&mut self, parcel: &Parcel) -> Option<Arc<Semaphore>> {
        let Recipient::Person(person) = &parcel.to else { return None };
        let address = (parcel.channel.clone(), person.clone());
        let turn = self.turns.entry(address).or_insert_with(|| Arc::new(Semaphore::new(1)));
        Some(Arc::clone(turn))
    }

    /// What is due and not on its way: the newest first, and what is late for the same address in one.
    fn parcels(&self) -> Vec<Parcel> {
        let handle = &self.desk.shared.handle;
        let (now, state) = (handle.now(), handle.state());
        let room = ON_THE_WAY_MAX.saturating_sub(self.on_the_way.len());
        let mut packed: BTreeSet<NoticeId> = self.on_the_way.keys().copied().collect();
        let mut parcels = vec![];
        for lead in engine::in_order(&state, now) {
            if parcels.len() >= room {
                break;
            }
            let Some(it) = state.notices.get(&lead) else { continue };
            if !packed.insert(lead) {
                continue;
            }
            let mut others = engine::together(&state, now, lead);
            others.retain(|it| packed.insert(*it));
            let (to, medium, channel) = (it.to.clone(), it.medium, it.channel.clone());
            parcels.push(Parcel { lead, others, to, medium, channel });
        }
        parcels
    }

    /// When something becomes due that is not on its way.
    fn next_due(&self) -> Timestamp {
        let handle = &self.desk.shared.handle;
        // By the clock, which may be behind the time of the journal after it was set back.
        let period = self.desk.shared.clock.now().plus(PERIOD);
        if self.on_the_way.len() >= ON_THE_WAY_MAX {
            return period;
        }
        let state = handle.state();
        let due = state.notices.iter().filter_map(|(id, it)| match it.status {
            NoticeStatus::Due { at } if !self.on_the_way.contains_key(id) => Some(at),
            _ => None,
        });
        due.min().map_or(period, |it| it.min(period))
    }
}

/// The channel of synthetic pages, with the address and the key that only this process knows.
fn back(it: &Loopback) -> Channel {
    Channel::Webhook { url: it.url.clone(), secret: SecretRef::Plain(it.secret.clone()) }
}

impl Writer {
    async fn deliver(&self, parcel: Parcel, road: Option<Road>, turn: Option<Arc<Semaphore>>) {
        let medium = parcel.medium;
        let mut turn = match turn {
            Some(line) => Some(line.acquire_owned().await.expect("the semaphore is never closed")),
            None => None,
        };
        let (id, others, outcome) = match &road {
            None => {
                let detail = "the channel is no longer configured".to_owned();
                (parcel.lead, parcel.others, Outcome::Permanent { detail })
            }
            Some(road) => {
                let _room = road.room.acquire().await.expect("the semaphore is never closed");
                let Some(sent) = self.send(&parcel, &road.sender).await else { return };
                sent
            }
        };
        let told = match &outcome {
            Outcome::Sent { .. } => "sent",
            Outcome::Transient { .. } => "transient",
            Outcome::Permanent { .. } => "permanent",
        };
        self.metrics.notice(medium, told);
        if let Outcome::Transient { detail, .. } | Outcome::Permanent { detail } = &outcome {
            tracing::warn!(notice = %id, channel = ?medium, "a notice was not taken ({told}): {detail}");
        }
        let sent = matches!(outcome, Outcome::Sent { .. });
        self.report(id, outcome.clone(), &mut turn).await;
        for other in others {
            // What was not taken was not taken for any of them; each is tried again by itself.
            if sent {
                self.submit(Command::Covered { notice: other, by: id }, &mut turn).await;
            } else {
                self.report(other, outcome.clone(), &mut turn).await;
            }
        }
    }

    /// What was sent, what it told of besides, and what became of it. `None`: not due any more.
    async fn send(
        &self,
        parcel: &Parcel,
        sender: &Result<Sender, String>,
    ) -> Option<(NoticeId, Vec<NoticeId>, Outcome)> {
        let medium = parcel.medium;
        let now = self.shared.handle.now();
        let (id, others, message, inbox, to) = {
            // In this order everywhere: the state, then the board.
            let state = self.shared.handle.state();
            let board = self.shared.board.read().unwrap_or_else(PoisonError::into_inner);
            let desk = Desk {
                state: &state,
                board: &board,
                zones: &self.shared.zones,
                now,
                public_url: &self.public_url,
                links_key: &self.links_key,
                head: self.metrics.head(),
            };
            let (id, others, message) = letter_with(&desk, parcel.lead, &parcel.others)?;
            (
                id,
                others,
                message,
                self.inbox.as_ref().filter(|_| lies_down(&state, id)),
                addressee(&state, id),
            )
        };
        if let (Ok(message), Some(inbox)) = (&message, inbox) {
            inbox.keep(Kept { at: now, to, medium, message: message.clone() });
        }
        let (message, sender) = match (message, sender) {
            (Err(detail), _) => return Some((id, others, Outcome::Permanent { detail })),
            (_, Err(missing)) => {
                let detail = missing.clone();
                return Some((id, others, Outcome::Permanent { detail }));
            }
            (Ok(message), Ok(sender)) => (message, sender),
        };
        let outcome = sender.send(medium, &message, now).await;
        Some((id, others, without_address(outcome, &message.to)))
    }

    async fn report(&self, notice: NoticeId, outcome: Outcome, turn: &mut Turn) {
        let outcome = match outcome {
            Outcome::Sent { provider_id } => DeliveryOutcome::Sent { provider_id },
            Outcome::Transient { detail, after } => DeliveryOutcome::Transient { detail, after },
            Outcome::Permanent { detail } => DeliveryOutcome::Permanent { detail },
        };
        self.submit(Command::Delivered { notice, outcome }, turn).await;
    }

    /// Until the journal has it. A journal that cannot be written keeps no other letter waiting.
    async fn submit(&self, command: Command, turn: &mut Turn) {
        loop {
            let done = self.shared.handle.submit(Submission::system(command.clone())).await;
            if done.is_err() {
                *turn = None;
            }
            match done {
                Ok(_) => return,
                Err(
                    SubmitError::Unavailable(_) | SubmitError::Unknown(_) | SubmitError::Overloaded,
                ) => {
                    tokio::time::sleep(REPORT_AGAIN).await;
                }
                Err(error) => {
                    tracing::error!("what became of a notice cannot be told: {error}");
                    // It is still due. Rather late than again and again.
                    tokio::time::sleep(REPORT_LATER).await;
                    return;
                }
            }
        }
    }
}

/// What a provider said, without the address it may have repeated: its words are kept in the journal
/// and in the log, where no address may stand.
fn without_address(outcome: Outcome, address: &str) -> Outcome {
    let bare = address.trim_start_matches('+');
    // Shorter ones would be found in words that have nothing to do with them.
    if bare.len() < 5 {
        return outcome;
    }
    let clean = |text: String| text.replace(address, "(address)").replace(bare, "(address)");
    match outcome {
        Outcome::Sent { provider_id } => Outcome::Sent { provider_id: clean(provider_id) },
        Outcome::Transient { detail, after } => Outcome::Transient { detail: clean(detail), after },
        Outcome::Permanent { detail } => Outcome::Permanent { detail: clean(detail) },
    }
}

/// Whether a notice goes to an inbox of the demo.
fn lies_down(state: &State, id: NoticeId) -> bool {
    let channel = state.notices.get(&id).map(|it| &it.channel);
    let channels = state.catalogue().map(|it| &it.channels);
    matches!(channel.and_then(|it| channels?.get(it)), Some(Channel::Inbox))
}

fn addressee(state: &State, id: NoticeId) -> String {
    match (state.notices.get(&id).map(|it| &it.to), state.catalogue()) {
        (Some(Recipient::Person(person)), Some(catalogue)) => catalogue.name_of(person).to_owned(),
        (Some(Recipient::Person(person)), None) => person.to_string(),
        (Some(Recipient::Channel(channel)), _) => channel.to_string(),
        (None, _) => String::new(),
    }
}
