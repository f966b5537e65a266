//! Receipts: what is known of a message after a provider took it, and what follows when nothing is.
//!
//! Intuition: registered mail. That the post office took the letter says little; a signature says a
//! lot; a letter that comes back says the opposite. Whoever has no signature in time asks the next
//! road, then the next post office, then the next person.
//!
//! Complications: callbacks come late, twice and in any order. Evidence therefore has an order of
//! strength and only ever grows. Many providers give no receipts at all, and those that do must be
//! connected first: a missing receipt counts only when the operator wrote a deadline or the channel
//! has given receipts before. Waking a second person each time because nobody connected the callbacks
//! would teach people to ignore pages.
//!
//! Invariants:
//! - what is known of a notice does not depend on the order of the words;
//! - each road of a person is taken at most once per step, so a step comes to an end;
//! - nothing follows after a page is acknowledged or over.

use crate::command::{Context, Rejected};
use crate::consequence::advance;
use crate::event::{AlsoCause, Event, NewNotice, PageCause};
use crate::state::{Limits, Notice, NoticeStatus, Purpose, Recipient, State};
use model::{Catalogue, ChannelId, Medium, Millis, NoticeId, PageId, Timestamp};
use serde::{Deserialize, Serialize};

/// What is known of a message, in order of strength: a later, weaker word takes nothing back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptEvidence {
    /// The provider has it, or passed it on. Says no more than that it was taken.
    Accepted,
    /// No receipt came in time. Found by ourselves; as a word of a provider it says nothing.
    Missing,
    /// The network could not bring it to the device.
    Undelivered,
    /// It rang and nobody answered.
    Unanswered,
    /// It came back.
    Bounced,
    /// It is on the device.
    Delivered,
    /// Somebody saw or heard it.
    Read,
}

impl ReceiptEvidence {
    /// Whether the message reached a device.
    #[must_use]
    pub fn is_arrival(self) -> bool {
        self >= Self::Delivered
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Accepted => "taken by the provider",
            Self::Missing => "no receipt came",
            Self::Undelivered => "not delivered",
            Self::Unanswered => "nobody answered the call",
            Self::Bounced => "it came back",
            Self::Delivered => "on the device",
            Self::Read => "read",
        }
    }
}

/// The strongest word about a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What is known.
    pub evidence: ReceiptEvidence,
    /// Since when.
    pub at: Timestamp,
}

/// How far a notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// To be sent, now or later.
    Waiting,
    /// A provider took it; more is not known, or cannot be.
    Taken,
    /// It is known to have arrived.
    Arrived,
    /// It was given up, or did not arrive.
    Failed,
    /// Not wanted any more.
    Cancelled,
}

impl Notice {
    /// How far it has come.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (&self.status, self.receipt.map(|it| it.evidence.is_arrival())) {
            (_, Some(true)) => Standing::Arrived,
            (NoticeStatus::Due { .. } | NoticeStatus::Bundled { .. }, _) => Standing::Waiting,
            (NoticeStatus::Cancelled, _) => Standing::Cancelled,
            (NoticeStatus::Failed { .. }, _) | (_, Some(false)) => Standing::Failed,
            // In shadow mode nobody is to be reached: nothing follows from that they were not.
            (NoticeStatus::Sent { .. } | NoticeStatus::Shadowed { .. }, None) => Standing::Taken,
        }
    }
}

impl State {
    /// The notice that `channel`'s provider calls `provider_id`: the youngest, where ids come again.
    #[must_use]
    pub fn notice_by_provider(&self, channel: &ChannelId, provider_id: &str) -> Option<NoticeId> {
        if provider_id.is_empty() {
            return None;
        }
        let carries = |it: &Notice| {
            it.channel == *channel
                && matches!(&it.status, NoticeStatus::Sent { provider_id: id, .. } if id == provider_id)
        };
        let mut found = self.notices.iter().rev().filter(|(_, it)| carries(it)).map(|(id, _)| *id);
        let youngest = found.next()?;
        // What stands in a list was sent by the list's message.
        let list = self.load.bundles.iter().find(|(_, parts)| parts.contains(&youngest));
        let list = list.map(|(list, _)| *list).filter(|it| found.any(|id| id == *it));
        Some(list.unwrap_or(youngest))
    }

    /// How long a receipt of a message may take; `None`: this channel gives none, as far as we know.
    #[must_use]
    pub fn receipt_within(&self, channel: &ChannelId, medium: Medium) -> Option<Millis> {
        let written = self.catalogue().and_then(|it| it.channel_receipts.get(channel)).copied();
        let usual = || self.reach.channels.contains_key(channel).then(|| usual(medium)).flatten();
        written.or_else(usual)
    }
}

/// How long a receipt usually takes. A mail is read when it is read.
fn usual(medium: Medium) -> Option<Millis> {
    match medium {
        it if !wakes(it) => None,
        Medium::Sms => Some(Millis::from_secs(90)),
        _ => Some(Millis::from_mins(2)),
    }
}

/// Whether a message of `medium` that was only taken may have woken somebody: mails and rooms are read
/// by whoever is awake.
pub(crate) fn wakes(medium: Medium) -> bool {
    !matches!(
        medium,
        Medium::Email
            | Medium::Slack
            | Medium::Mattermost
            | Medium::Teams
            | Medium::Discord
            | Medium::Matrix
    )
}

/// What a word of a provider means.
pub(crate) fn decide(
    state: &State,
    id: NoticeId,
    evidence: ReceiptEvidence,
    detail: &str,
) -> Result<Vec<Event>, Rejected> {
    crate::decide::text_within("detail", detail, Limits::TEXT_LENGTH_MAX)?;
    // A notice of a closed and archived incident: nothing is left to learn.
    let Some(notice) = state.notices.get(&id) else { return Ok(vec![]) };
    let known = notice.receipt.map_or(ReceiptEvidence::Missing, |it| it.evidence);
    let repeated = notice.receipt.is_some() && evidence <= known;
    if repeated || evidence <= ReceiptEvidence::Missing {
        return Ok(vec![]);
    }
    let detail = without_address(state, notice, detail);
    Ok(vec![if evidence.is_arrival() {
        Event::NoticeDelivered { notice: id, evidence, detail }
    } else {
        Event::NoticeUndelivered { notice: id, evidence, detail }
    }])
}

/// The words of a provider without the address, which may stand in slots only.
fn without_address(state: &State, notice: &Notice, detail: &str) -> String {
    let Recipient::Person(person) = &notice.to else { return detail.to_owned() };
    let contacts = state.catalogue().and_then(|it| it.people.get(person)).map(|it| &it.contacts);
    let texts = contacts.into_iter().flatten().filter_map(|it| it.address.text());
    texts.fold(detail.to_owned(), |detail, address| {
        let bare = address.trim_start_matches('+');
        // Shorter ones would be found in words that have nothing to do with them.
        if bare.len() < 5 {
            detail
        } else {
            detail.replace(address, "(address)").replace(bare, "(address)")
        }
    })
}

/// Folds in what is known of a notice.
pub(crate) fn apply(state: &mut State, id: NoticeId, evidence: ReceiptEvidence, at: Timestamp) {
    let Some(it) = state.notices.get_mut(&id) else { return };
    it.receipt = Some(Receipt { evidence, at });
    // What has arrived is not sent again, whatever became of the answer to sending it.
    let unsent = matches!(it.status, NoticeStatus::Due { .. } | NoticeStatus::Failed { .. });
    if evidence.is_arrival() && unsent {
        it.status = NoticeStatus::Sent { at, provider_id: String::new() };
    }
    let (to, medium, channel) = (it.to.clone(), it.medium, it.channel.clone());
    forget_deadline(state, id);
    // A bounce does not show that a channel would tell of an arrival.
    if !matches!(evidence, ReceiptEvidence::Missing | ReceiptEvidence::Bounced) {
        state.reach.channels.insert(channel, at);
    }
    if let (true, Recipient::Person(person)) = (evidence.is_arrival(), to) {
        state.reach.reached(&person, medium, at);
    }
}

/// From when on a missing receipt counts, after a notice was taken.
pub(crate) fn expect_receipt(state: &mut State, id: NoticeId, at: Timestamp) {
    let Some(it) = state.notices.get(&id) else { return };
    let Purpose::Page { page, .. } = it.purpose else { return };
    // A list has a receipt of its own, and what stands in it has none.
    let wanted = matches!(it.to, Recipient::Person(_))
        && !state.load.bundles.values().any(|parts| parts.contains(&id))
        && it.receipt.is_none()
        && state.pages.get(&page).is_some_and(paging::Page::can_be_acknowledged);
    if let (true, Some(within)) = (wanted, state.receipt_within(&it.channel, it.medium)) {
        state.reach.awaiting.insert((at.plus(within), id));
    }
}

/// Nothing is waited for any more.
pub(crate) fn forget_deadline(state: &mut State, id: NoticeId) {
    state.reach.awaiting.retain(|(_, it)| *it != id);
}

/// The receipt that is overdue longest.
pub(crate) fn overdue(state: &State, now: Timestamp) -> Option<Event> {
    let (at, id) = state.reach.awaiting.first().filter(|(at, _)| *at <= now)?;
    let sent = match state.notices.get(id).map(|it| &it.status) {
        Some(NoticeStatus::Sent { at, .. }) => *at,
        _ => *at,
    };
    Some(Event::NoticeUndelivered {
        notice: *id,
        evidence: ReceiptEvidence::Missing,
        detail: format!("no receipt within {}", at.since(sent)),
    })
}

/// What follows when a notice was given up or did not arrive: the person's next road, then the next
/// step when nobody of this one was reached.
pub(crate) fn not_reached(state: &State, context: &Context<'_>, id: NoticeId) -> Vec<Event> {
    let Some(Purpose::Page { page, attempt }) = state.notices.get(&id).map(|it| it.purpose) else {
        return vec![];
    };
    let Some(it) = state.pages.get(&page) else { return vec![] };
    if !it.can_be_acknowledged() || current_attempt(state, page) != Some(attempt) {
        return vec![];
    }
    if let Some((notices, again)) = next_road(state, context, page, attempt, id) {
        return vec![Event::PageNotifiedAlso {
            page,
            attempt,
            cause: AlsoCause::NotReached { notice: id },
            duty: None,
            tzdb: context.zones.version(),
            notices,
            again,
            skipped: vec![],
        }];
    }
    if !it.is_calling() || !reached_nobody(state, page, attempt) {
        return vec![];
    }
    let given_up = |it: &Notice| matches!(it.status, NoticeStatus::Failed { .. });
    let all_given_up = of_step(state, page, attempt).all(|(_, it)| given_up(it));
    let cause = if all_given_up { PageCause::Undeliverable } else { PageCause::NoEvidence };
    advance(state, context, page, cause)
}

/// The step a page is at, also when it is exhausted.
pub(crate) fn current_attempt(state: &State, page: PageId) -> Option<u32> {
    let it = state.pages.get(&page)?;
    if let paging::PageStatus::Waiting { attempt, .. } = it.status {
        return Some(attempt);
    }
    it.notices.iter().rev().find_map(|id| match state.notices.get(id)?.purpose {
        Purpose::Page { attempt, .. } => Some(attempt),
        _ => None,
    })
}

/// The notices of a step of a page.
pub(crate) fn of_step(
    state: &State,
    page: PageId,
    attempt: u32,
) -> impl Iterator<Item = (NoticeId, &Notice)> {
    let purpose = Purpose::Page { page, attempt };
    let ids = state.pages.get(&page).map_or(&[][..], |it| &it.notices);
    ids.iter()
        .filter_map(|id| Some((*id, state.notices.get(id)?)))
        .filter(move |(_, it)| it.purpose == purpose)
}

/// Whether nothing says that a step reached anybody, and something says that it did not. A message
/// that was taken by a provider without receipts counts as one that may have woken somebody, unless
/// it is a mail.
fn reached_nobody(state: &State, page: PageId, attempt: u32) -> bool {
    let mut failed = false;
    of_step(state, page, attempt).all(|(_, it)| match it.standing() {
        Standing::Failed => {
            failed = true;
            true
        }
        Standing::Taken => !wakes(it.medium),
        Standing::Cancelled => true,
        Standing::Waiting | Standing::Arrived => false,
    }) && failed
}

/// The next road to the recipient of a notice that failed: what their rules would send later, then a
/// second provider of the same medium, then an address their rules leave out.
fn next_road(
    state: &State,
    context: &Context<'_>,
    page: PageId,
    attempt: u32,
    failed: NoticeId,
) -> Option<(Vec<NewNotice>, Vec<NoticeId>)> {
    let notice = state.notices.get(&failed)?;
    let Recipient::Person(person) = &notice.to else { return None };
    let theirs: Vec<(NoticeId, &Notice)> =
        of_step(state, page, attempt).filter(|(_, it)| it.to == notice.to).collect();
    if theirs.iter().any(|(_, it)| it.standing() == Standing::Arrived) {
        return None;
    }
    let later = theirs.iter().filter_map(|(id, it)| match it.status {
        NoticeStatus::Due { at } if at > context.now && it.attempts == 0 => Some((at, *id)),
        _ => None,
    });
    if let Some((_, id)) = later.min() {
        return Some((vec![], vec![id]));
    }
    let catalogue = state.catalogue()?;
    let tried = |medium: Medium, channel: &ChannelId| {
        theirs.iter().any(|(_, it)| it.medium == medium && it.channel == *channel)
    };
    let failed_media = theirs.iter().rev().filter(|(_, it)| it.standing() == Standing::Failed);
    let media = std::iter::once(notice.medium)
        .chain(failed_media.map(|(_, it)| it.medium))
        .chain(unused_media(catalogue, person, &theirs));
    let (medium, channel) = media
        .flat_map(|medium| catalogue.channels_for(medium).map(move |it| (medium, it)))
        .find(|(medium, channel)| {
            has_address(catalogue, person, *medium)
                && !state.is_stopped(person, *medium)
                && !tried(*medium, channel)
        })?;
    let new = NewNotice {
        notice: NoticeId(state.next.notice + 1),
        to: notice.to.clone(),
        medium,
        channel: channel.clone(),
        due_at: None,
    };
    Some((vec![new], vec![]))
}

fn unused_media(
    catalogue: &Catalogue,
    person: &model::PersonId,
    theirs: &[(NoticeId, &Notice)],
) -> Vec<Medium> {
    let contacts = catalogue.people.get(person).map_or(&[][..], |it| &it.contacts);
    let used = |medium: Medium| theirs.iter().any(|(_, it)| it.medium == medium);
    contacts.iter().map(|it| it.medium).filter(|it| !used(*it)).collect()
}

fn has_address(catalogue: &Catalogue, person: &model::PersonId, medium: Medium) -> bool {
    let contacts = catalogue.people.get(person).map_or(&[][..], |it| &it.contacts);
    contacts.iter().any(|it| it.medium == medium && it.address.text().is_some())
}
