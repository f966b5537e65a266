//! Asks providers what became of a letter, where they do not tell by themselves.
//!
//! Intuition: registered mail again, at a post office that never writes: somebody walks there after ten
//! seconds, after twenty, after forty, and so on, and gives up after three hours, when no bell rings any
//! more. What the post office says is the same as what others write on the returned slip.
//!
//! Pushover never writes. Twilio does, but only where it knows our address (`public-url`).
//!
//! Complications: confirming on Pushover's screen is a deliberate act of the person whose telephone it
//! is, so it takes the page; that the message is on the device takes nothing.
//!
//! Invariants:
//! - what is asked about is found by looking at the state, so a restart forgets no letter;
//! - one question a letter at a time, the next one not before as much time has passed as it took to the
//!   last: at most [`ASKS_MAX`] per letter and process, none after [`ASKED_FOR`];
//! - nothing is asked about a page that is taken or over, and nothing after the strongest word;
//! - at most [`AT_ONCE_MAX`] questions are on their way.

use crate::node::Shared;
use crate::wait::{Waiter, stopped};
use channels::{Evidence, Outcome, Sender};
use engine::{Command, NoticeStatus, Purpose, ReceiptEvidence, Recipient, State, Submission};
use futures_util::StreamExt as _;
use model::{Channel, ChannelId, Millis, NoticeId, PageId, PersonId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::watch;

/// The first question comes so long after the letter was taken, and none sooner after another.
const FIRST: Millis = Millis::from_secs(10);

/// Letters older than this are not asked about: Pushover rings for three hours at most.
pub const ASKED_FOR: Millis = Millis::from_hours(3);

/// Questions about one letter while nothing restarts: each waits as long as all before together.
pub const ASKS_MAX: u32 = 12;

/// Questions on their way at the same time.
pub const AT_ONCE_MAX: usize = 8;

/// Questions of one round; what is left over comes next.
const ROUND_MAX: usize = 64;

/// How long nothing is looked at when nothing wakes us.
const PERIOD: Millis = Millis::from_secs(5);

/// The worker.
pub struct Asker {
    shared: Shared,
    waiter: Waiter,
    senders: BTreeMap<ChannelId, Arc<Sender>>,
    version: u64,
    asked: BTreeMap<NoticeId, Asked>,
}

/// How often a letter was asked about.
#[derive(Debug, Clone, Copy)]
struct Asked {
    next_at: Timestamp,
    count: u32,
}

/// A letter to be asked about.
struct Letter {
    id: NoticeId,
    channel: ChannelId,
    provider_id: String,
    sent_at: Timestamp,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asker of {} providers", self.senders.len())
    }
}

impl Asker {
    pub(crate) fn new(shared: Shared) -> Self {
        let waiter = Waiter::new(Arc::clone(&shared.clock));
        Self { shared, waiter, senders: BTreeMap::new(), version: 0, asked: BTreeMap::new() }
    }

    /// Works until `stop` says so.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let next = self.shared.clock.now().plus(PERIOD);
            tokio::select! {
                () = self.step() => {}
                () = stopped(&mut stop) => return,
            }
            tokio::select! {
                () = self.waiter.until(next) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// Asks what is to be asked now, each once.
    pub async fn step(&mut self) {
        self.adopt();
        if self.senders.is_empty() {
            return;
        }
        let now = self.shared.handle.now();
        let letters = self.due(now);
        let mut questions = vec![];
        for letter in letters {
            let count = self.asked.get(&letter.id).map_or(0, |it| it.count) + 1;
            let next_at = now.plus(now.since(letter.sent_at).max(FIRST));
            self.asked.insert(letter.id, Asked { next_at, count });
            let sender = Arc::clone(&self.senders[&letter.channel]);
            questions.push(async move {
                let found = sender.receipt(&letter.provider_id).await;
                (letter, found)
            });
        }
        let mut answers = futures_util::stream::iter(questions).buffer_unordered(AT_ONCE_MAX);
        let mut heard = vec![];
        while let Some(answer) = answers.next().await {
            heard.push(answer);
        }
        drop(answers);
        for (letter, found) in heard {
            self.heard(&letter, found).await;
        }
    }

    async fn heard(&mut self, letter: &Letter, found: Option<Result<Evidence, Outcome>>) {
        let id = letter.id;
        let (evidence, detail) = match found {
            Some(Ok(Evidence::Nothing)) => return,
            Some(Ok(Evidence::Reached { .. })) => {
                (ReceiptEvidence::Delivered, "on the device".to_owned())
            }
            Some(Ok(Evidence::Acknowledged { .. })) => {
                (ReceiptEvidence::Read, "confirmed on the device".to_owned())
            }
            Some(Ok(Evidence::Failed { detail })) => (failure(&detail), detail),
            Some(Err(Outcome::Permanent { detail })) => {
                tracing::warn!(notice = %id, "the provider knows nothing of a letter it took: {detail}");
                return self.never_again(id);
            }
            Some(Err(outcome)) => {
                tracing::debug!(notice = %id, "what became of a letter could not be asked: {outcome:?}");
                return;
            }
            None => return self.never_again(id),
        };
        if evidence == ReceiptEvidence::Read {
            for (page, by) in self.taken_by(id) {
                let via = "pushover".to_owned();
                // Somebody else may have it already, or it may be over: then nothing is left to take.
                self.submit(id, Command::AcknowledgePage { page, by, via }).await;
            }
        }
        let detail = detail.chars().take(200).collect();
        self.submit(id, Command::Receipt { notice: id, evidence, detail }).await;
        if evidence != ReceiptEvidence::Delivered {
            self.never_again(id);
        }
    }

    /// What could not be stored is asked once more, soon.
    async fn submit(&mut self, id: NoticeId, command: Command) {
        match self.shared.handle.submit(Submission::system(command)).await {
            Ok(_) | Err(driver::SubmitError::Rejected(_)) => {}
            Err(error) => {
                tracing::error!(notice = %id, "what a provider said could not be stored: {error}");
                if let Some(it) = self.asked.get_mut(&id) {
                    it.next_at = self.shared.handle.now().plus(FIRST);
                }
            }
        }
    }

    fn never_again(&mut self, id: NoticeId) {
        if let Some(it) = self.asked.get_mut(&id) {
            it.count = ASKS_MAX;
        }
    }

    /// The pages that whoever confirmed a letter takes: its own, or every one of its list.
    fn taken_by(&self, id: NoticeId) -> Vec<(PageId, PersonId)> {
        let state = self.shared.handle.state();
        let Some(notice) = state.notices.get(&id) else { return vec![] };
        let Recipient::Person(by) = &notice.to else { return vec![] };
        let parts = state.load.bundles.get(&id).map_or(&[][..], Vec::as_slice);
        let pages: BTreeSet<PageId> = std::iter::once(&id)
            .chain(parts)
            .filter_map(|it| state.notices.get(it)?.purpose.page())
            .collect();
        pages.into_iter().map(|page| (page, by.clone())).collect()
    }

    /// Follows the channels in force; only of those that are to be asked.
    fn adopt(&mut self) {
        let state = self.shared.handle.state();
        if state.catalogue_version == self.version {
            return;
        }
        self.version = state.catalogue_version;
        let Some(catalogue) = state.catalogue() else { return };
        let told = catalogue.public_url.is_some();
        let asks = catalogue.channels.iter().filter(|(_, it)| is_asked(it, told));
        // The outbox tells of a channel that cannot send.
        let ready = asks.filter_map(|(id, channel)| {
            let sender = Sender::new(channel, &channels::secrets::resolve).ok()?;
            Some((id.clone(), Arc::new(sender)))
        });
        self.senders = ready.collect();
    }

    /// Letters to be asked about now, those first that wait longest.
    fn due(&mut self, now: Timestamp) -> Vec<Letter> {
        let state = self.shared.handle.state();
        self.asked.retain(|id, _| state.notices.contains_key(id));
        let mut due: Vec<(Timestamp, Letter)> = vec![];
        for letter in open(&state, now).filter(|it| self.senders.contains_key(&it.channel)) {
            let asked = self.asked.get(&letter.id);
            let at = asked.map_or(letter.sent_at.plus(FIRST), |it| it.next_at);
            if at <= now && asked.is_none_or(|it| it.count < ASKS_MAX) {
                due.push((at, letter));
            }
        }
        due.sort_by_key(|(at, letter)| (*at, letter.id));
        due.into_iter().take(ROUND_MAX).map(|(_, it)| it).collect()
    }
}

/// Whether letters through this channel are asked about; `told`: providers know our address.
fn is_asked(channel: &Channel, told: bool) -> bool {
    match channel {
        Channel::Pushover { .. } => true,
        Channel::Twilio { .. } | Channel::TwilioVoice { .. } => !told,
        _ => false,
    }
}

/// Letters about pages that still call, of which more may be learned.
fn open(state: &State, now: Timestamp) -> impl Iterator<Item = Letter> {
    let listed: BTreeSet<NoticeId> = state.load.bundles.values().flatten().copied().collect();
    state.notices.iter().filter_map(move |(id, notice)| {
        let NoticeStatus::Sent { at, provider_id } = &notice.status else { return None };
        let known = notice.receipt.map(|it| it.evidence);
        let may_learn = matches!(
            known,
            None | Some(
                ReceiptEvidence::Accepted | ReceiptEvidence::Missing | ReceiptEvidence::Delivered
            )
        );
        let recent = now.since(*at) <= ASKED_FOR && !provider_id.is_empty();
        let calls =
            |page: PageId| state.pages.get(&page).is_some_and(paging::Page::can_be_acknowledged);
        let wanted = match notice.purpose {
            Purpose::Bundle => {
                let parts = state.load.bundles.get(id).map_or(&[][..], Vec::as_slice);
                parts.iter().filter_map(|it| state.notices.get(it)?.purpose.page()).any(calls)
            }
            // What stands in a list was sent by the list's message.
            purpose => purpose.page().is_some_and(calls) && !listed.contains(id),
        };
        let letter = || Letter {
            id: *id,
            channel: notice.channel.clone(),
            provider_id: provider_id.clone(),
            sent_at: *at,
        };
        (may_learn && recent && wanted).then(letter)
    })
}

/// What the provider's word about a letter that did not arrive means.
fn failure(detail: &str) -> ReceiptEvidence {
    let rang = ["busy", "no-answer"].iter().any(|it| detail.contains(it));
    if rang { ReceiptEvidence::Unanswered } else { ReceiptEvidence::Undelivered }
}
