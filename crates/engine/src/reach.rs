//! Who can be reached, and how we know: verified addresses, the last receipt or answer of everybody,
//! and what waits for evidence.
//!
//! Intuition: the address book of a careful clerk. Beside each number stands whether its owner ever
//! proved that it is theirs, and when somebody last answered there.
//!
//! Invariants:
//! - a verified address is that address: one that has changed since is unverified again;
//! - a code is good for ten minutes and five tries, and stands in no journal; what stands there opens
//!   nothing without the server's key;
//! - an unverified address is used all the same: rather a message too many than nobody woken.

use crate::command::{Command, Context, Rejected};
use crate::duty::DutyCall;
use crate::event::{Event, EventRecord, NewNotice, SkippedNotice};
use crate::late::Owed;
use crate::notify::{name, recipients_of};
use crate::state::{Notice, NoticeStatus, Purpose, Recipient, State};
use model::{
    ChannelId, Contact, Medium, Millis, NoticeId, PageId, PersonId, Personal, RotaId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How long a code is good.
pub const CODE_LASTS: Millis = Millis::from_mins(10);

/// How often a code may be typed in wrongly.
pub const CODE_TRIES_MAX: u32 = 5;

/// The shortest time between two codes to one address, and between two tests of one person.
pub const ASK_AGAIN_AFTER: Millis = Millis::from_mins(1);

/// After so long without receipt or answer nobody can say that a person is reached.
pub const EVIDENCE_LASTS: Millis = Millis::from_days(14);

/// For how long messages that belong to no page are remembered.
const KEPT: Millis = Millis::from_days(1);

/// Everything known about reaching people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// What is known of people.
    #[serde(default)]
    pub people: BTreeMap<PersonId, PersonReach>,
    /// Channels that have ever given a receipt, and when last.
    #[serde(default)]
    pub channels: BTreeMap<ChannelId, Timestamp>,
    /// Notices whose receipt is waited for, by when.
    #[serde(default)]
    pub awaiting: BTreeSet<(Timestamp, NoticeId)>,
    /// Exhausted pages of which nobody has had a message yet.
    #[serde(default)]
    pub owed: BTreeMap<PageId, Owed>,
    /// Calling pages that asked a rota, and until when its shift lasts.
    #[serde(default)]
    pub shifts: BTreeMap<PageId, (RotaId, Timestamp)>,
    /// People and channels a page could not even be sent to. Loud: shown first.
    #[serde(default)]
    pub unreached: BTreeMap<String, Unreached>,
    /// When each rota that wants it asks next.
    #[serde(default)]
    pub expected: BTreeMap<RotaId, Timestamp>,
    /// The last call to each rota.
    #[serde(default)]
    pub duties: BTreeMap<RotaId, DutyCall>,
    /// Calls to the others of a shift of several people, by number, each with its rota.
    #[serde(default)]
    pub duties_beside: BTreeMap<u64, (RotaId, DutyCall)>,
}

/// What is known of reaching one person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonReach {
    /// Addresses their owner proved to read.
    pub verified: BTreeMap<Medium, Verified>,
    /// Codes on their way.
    pub asked: BTreeMap<Medium, Asked>,
    /// When a message last arrived, by medium.
    pub arrived: BTreeMap<Medium, Timestamp>,
    /// When they last answered, and how.
    pub answered: Option<(Timestamp, String)>,
    /// When they were last sent a test.
    pub tested_at: Option<Timestamp>,
}

/// An address its owner proved to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    /// The address.
    pub address: Personal,
    /// Since when.
    pub at: Timestamp,
}

/// A code on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Where it went.
    pub address: Personal,
    /// From which the sender computes it.
    pub nonce: String,
    /// What only whoever knows the code and the server's key can compute.
    pub code_hash: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// How many more tries are accepted.
    pub tries_left: u32,
}

/// Somebody a page could not be sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// Who.
    pub to: Recipient,
    /// Since when.
    pub at: Timestamp,
    /// Why not.
    pub reason: String,
}

impl Reach {
    /// Every call to somebody who came on duty, of shifts of one and of several.
    pub fn duty_calls(&self) -> impl Iterator<Item = (&RotaId, &DutyCall)> + Clone {
        self.duties.iter().chain(self.duties_beside.values().map(|(rota, it)| (rota, it)))
    }

    /// A message reached `person`.
    pub(crate) fn reached(&mut self, person: &PersonId, medium: Medium, at: Timestamp) {
        self.people.entry(person.clone()).or_default().arrived.insert(medium, at);
        self.unreached.remove(person.as_str());
    }

    /// `person` answered.
    pub(crate) fn answered(&mut self, person: &PersonId, via: &str, at: Timestamp) {
        self.people.entry(person.clone()).or_default().answered = Some((at, via.to_owned()));
        self.unreached.remove(person.as_str());
    }
}

impl State {
    /// Whether the owner of `contact` proved to read it, as it is now.
    #[must_use]
    pub fn is_verified(&self, person: &PersonId, contact: &Contact) -> bool {
        let known = self.reach.people.get(person).and_then(|it| it.verified.get(&contact.medium));
        let text = contact.address.text();
        text.is_some() && known.is_some_and(|it| it.address.text() == text)
    }

    /// When `person` last gave any sign of being reached, and how in words.
    #[must_use]
    pub fn last_evidence(&self, person: &PersonId) -> Option<(Timestamp, String)> {
        let it = self.reach.people.get(person)?;
        let arrived = it.arrived.iter().map(|(medium, at)| (*at, name(*medium).to_owned()));
        let answered = it.answered.iter().map(|(at, via)| (*at, format!("an answer ({via})")));
        arrived.chain(answered).max_by_key(|(at, _)| *at)
    }

    /// Whether nothing has shown for [`EVIDENCE_LASTS`] that `person` can be reached.
    #[must_use]
    pub fn without_evidence(&self, person: &PersonId, now: Timestamp) -> bool {
        self.last_evidence(person).is_none_or(|(at, _)| now.since(at) > EVIDENCE_LASTS)
    }
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::VerifyContact { person, medium, nonce, code_hash } => {
            verify(state, context, person, *medium, nonce, code_hash)
        }
        Command::ConfirmContact { person, medium, code_hash } => {
            confirm(state, context, person, *medium, code_hash)
        }
        Command::TestContacts { person } => test(state, context, person),
        other => unreachable!("not about reaching people: {other:?}"),
    }
}

fn verify(
    state: &State,
    context: &Context<'_>,
    person: &PersonId,
    medium: Medium,
    nonce: &str,
    code_hash: &str,
) -> Result<Vec<Event>, Rejected> {
    let contact = contact(state, person, medium)?;
    if state.is_verified(person, contact) {
        let what = format!("this {} address is verified already", name(medium));
        return Err(Rejected::Invalid(what));
    }
    if state.is_stopped(person, medium) {
        let what = format!(
            "{person} asked to get no messages by {} any more, so no code can go there; send START \
             from there first, then ask for the code again",
            name(medium)
        );
        return Err(Rejected::Invalid(what));
    }
    let asked = state.reach.people.get(person).and_then(|it| it.asked.get(&medium));
    not_too_often(asked.map(|it| it.at), context.now)?;
    let catalogue = state.catalogue().expect("a known person comes from a catalogue");
    let Some(channel) = catalogue.channel_for(medium) else {
        let what =
            format!("no channel for {} is configured; add one below `channels`", name(medium));
        return Err(Rejected::Invalid(what));
    };
    Ok(vec![Event::VerificationAsked {
        person: person.clone(),
        address: contact.address.clone(),
        nonce: nonce.to_owned(),
        code_hash: code_hash.to_owned(),
        expires_at: context.now.plus(CODE_LASTS),
        notice: NewNotice {
            notice: NoticeId(state.next.notice + 1),
            to: Recipient::Person(person.clone()),
            medium,
            channel: channel.clone(),
            due_at: None,
        },
    }])
}

fn confirm(
    state: &State,
    context: &Context<'_>,
    person: &PersonId,
    medium: Medium,
    code_hash: &str,
) -> Result<Vec<Event>, Rejected> {
    let contact = contact(state, person, medium)?;
    let asked = state.reach.people.get(person).and_then(|it| it.asked.get(&medium));
    let asked = asked.filter(|it| context.now < it.expires_at && it.tries_left > 0);
    let Some(asked) = asked.filter(|it| it.address.text() == contact.address.text()) else {
        let what = format!(
            "no code for this {} address is open: codes are good for {CODE_LASTS} and \
             {CODE_TRIES_MAX} tries; ask for a new one",
            name(medium)
        );
        return Err(Rejected::Invalid(what));
    };
    if asked.code_hash != code_hash {
        let tries_left = asked.tries_left - 1;
        return Ok(vec![Event::VerificationFailed { person: person.clone(), medium, tries_left }]);
    }
    let address = asked.address.clone();
    Ok(vec![Event::ContactVerified { person: person.clone(), medium, address }])
}

fn test(state: &State, context: &Context<'_>, person: &PersonId) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, person)?;
    not_too_often(state.reach.people.get(person).and_then(|it| it.tested_at), context.now)?;
    let (notices, skipped) = recipients_of(state, person);
    if notices.is_empty() {
        let reasons: Vec<&str> = skipped.iter().map(|it| it.reason.as_str()).collect();
        let what = format!("{person} cannot be reached: {}", reasons.join("; "));
        return Err(Rejected::Invalid(what));
    }
    Ok(vec![Event::ContactsTested { person: person.clone(), notices, skipped }])
}

fn not_too_often(last: Option<Timestamp>, now: Timestamp) -> Result<(), Rejected> {
    match last {
        Some(at) if now < at.plus(ASK_AGAIN_AFTER) => Err(Rejected::Invalid(format!(
            "a message went out a moment ago; try again in {}",
            at.plus(ASK_AGAIN_AFTER).since(now)
        ))),
        _ => Ok(()),
    }
}

fn contact<'a>(
    state: &'a State,
    person: &PersonId,
    medium: Medium,
) -> Result<&'a Contact, Rejected> {
    crate::decide::person(state, person)?;
    let people = state.catalogue().map(|it| &it.people);
    let contacts = people.and_then(|it| it.get(person)).map_or(&[][..], |it| &it.contacts);
    let found = contacts.iter().find(|it| it.medium == medium && it.address.text().is_some());
    found.ok_or_else(|| {
        Rejected::Invalid(format!(
            "{person} has no address for {} in the configuration",
            name(medium)
        ))
    })
}

/// Folds in an event about addresses.
pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::VerificationAsked { person, address, nonce, code_hash, expires_at, notice } => {
            add(state, std::slice::from_ref(notice), Purpose::Verify, record.at);
            let asked = Asked {
                address: address.clone(),
                nonce: nonce.clone(),
                code_hash: code_hash.clone(),
                at: record.at,
                expires_at: *expires_at,
                tries_left: CODE_TRIES_MAX,
            };
            of(state, person).asked.insert(notice.medium, asked);
        }
        Event::VerificationFailed { person, medium, tries_left } => {
            if let Some(it) = of(state, person).asked.get_mut(medium) {
                it.tries_left = *tries_left;
            }
        }
        Event::ContactVerified { person, medium, address } => {
            let it = of(state, person);
            it.asked.remove(medium);
            it.verified.insert(*medium, Verified { address: address.clone(), at: record.at });
            // Whoever knows the code has had the message.
            state.reach.reached(person, *medium, record.at);
        }
        Event::ContactsTested { person, notices, .. } => {
            add(state, notices, Purpose::Test, record.at);
            of(state, person).tested_at = Some(record.at);
        }
        other => unreachable!("not about addresses: {other:?}"),
    }
}

fn of<'a>(state: &'a mut State, person: &PersonId) -> &'a mut PersonReach {
    state.reach.people.entry(person.clone()).or_default()
}

/// Remembers whom a page could not be sent to.
pub(crate) fn remember_skipped(state: &mut State, skipped: &[SkippedNotice], at: Timestamp) {
    for it in skipped {
        let key = match &it.to {
            Recipient::Person(id) => id.to_string(),
            Recipient::Channel(id) => format!("channel {id}"),
        };
        let unreached = Unreached { to: it.to.clone(), at, reason: it.reason.clone() };
        state.reach.unreached.insert(key, unreached);
    }
}

/// Adds notices that belong to no page; those of the day before yesterday are forgotten.
pub(crate) fn add(state: &mut State, notices: &[NewNotice], purpose: Purpose, at: Timestamp) {
    state.notices.retain(|_, it| match it.purpose {
        Purpose::Verify
        | Purpose::Test
        | Purpose::Duty { .. }
        | Purpose::Swap { .. }
        | Purpose::Roster { .. }
        | Purpose::Thin { .. }
        | Purpose::Review { .. }
        | Purpose::Interruption { .. }
        | Purpose::Handover { .. } => at.since(it.decided_at) <= KEPT,
        _ => true,
    });
    state.add_notices(notices, purpose, at);
}

/// A new notice as it stands in the state.
pub(crate) fn noted(new: &NewNotice, purpose: Purpose, at: Timestamp) -> Notice {
    let due_at = new.due_at.unwrap_or(at);
    Notice {
        purpose,
        to: new.to.clone(),
        medium: new.medium,
        channel: new.channel.clone(),
        decided_at: due_at,
        attempts: 0,
        status: NoticeStatus::Due { at: due_at },
        receipt: None,
        covered_by: None,
        text: None,
    }
}
