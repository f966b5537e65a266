//! What becomes of a promise after it was written: its revisions, who explained them, and when its owners
//! look at it again.
//!
//! Intuition: the deeds of a house. The house stands in the configuration; the deeds say what it was before,
//! who changed it and why, and whose signature stands under which state of it. And once a year somebody has to
//! go round it and say that it is still what is wanted.
//!
//! Two kinds of names stand beside a revision: the file's (`revision: { by: … }`), which anybody who may write
//! the file can write, and those of people who said so themselves. They are never mixed.
//!
//! Invariants:
//! - a revision is whatever changes a field of the terms or the alerts, and nothing else is one;
//! - the words of a revision are those of its time: no later catalogue changes them;
//! - nobody is woken for a review: owners are told in their own morning, and again every week.

mod review;
mod revisions;
mod segments;
mod words;

pub(crate) use review::planned;
pub use review::{REVIEW_AGAIN, ReviewDone, ReviewStanding};
pub use revisions::{Claim, Given, REVISIONS_KEPT, Revision, RevisionHistory, TermChange};
pub use segments::segment_key;
pub(crate) use segments::{is_gone, observe};
pub(crate) use words::tell;

use crate::command::{Context, Rejected};
use crate::decide::{person, text_within, unknown};
use crate::event::{Event, EventRecord, NewNotice};
use crate::state::{Limits, Purpose, State};
use crate::{SignRole, reach};
use model::{Catalogue, Feature, FeatureId, Map, PersonId, Personal, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Requests to look at a promise again that are remembered.
const ASKS_KEPT: usize = 10_000;

/// Everything about promises that is not in the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Promises {
    /// What promises were before.
    pub revisions: Map<FeatureId, RevisionHistory>,
    /// When promises were looked at, and who was asked to.
    pub reviews: Map<FeatureId, review::Review>,
    /// Requests to look at a promise again, by number.
    pub asks: Map<u64, ReviewAsk>,
    /// Requests made so far.
    pub ask_last: u64,
}

/// Somebody is asked to look at a promise again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewAsk {
    /// At which.
    pub feature: FeatureId,
    /// The day by which they wanted to, `YYYY-MM-DD`.
    pub day: String,
    /// Who.
    pub person: PersonId,
    /// The how-manieth time, from 1.
    pub count: u32,
    /// When it goes out.
    pub at: Timestamp,
    /// The request whose message says it: one message of a morning names every promise.
    pub letter: u64,
}

/// What events say of promises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum PromiseEvent {
    /// Somebody said why the newest revision is what it is.
    Explained {
        /// Of which feature.
        feature: FeatureId,
        /// Of which revision.
        revision: u32,
        /// Who.
        by: PersonId,
        /// Why.
        reason: Personal,
        /// What shows that this level is the right one.
        evidence: Option<Personal>,
    },
    /// An owner is asked to look at a promise again.
    ReviewAsked {
        /// Counts such requests, from 1.
        ask: u64,
        /// Which, who and when.
        of: ReviewAsk,
        /// What is to be sent.
        notices: Vec<NewNotice>,
    },
    /// An owner looked at it again.
    Reviewed {
        /// Which feature.
        feature: FeatureId,
        /// Who.
        by: PersonId,
        /// The day of the next look, `YYYY-MM-DD`.
        next: String,
        /// What they found.
        reason: Personal,
    },
}

impl PromiseEvent {
    /// What is to be sent because of it.
    #[must_use]
    pub fn notices(&self) -> &[NewNotice] {
        match self {
            Self::ReviewAsked { notices, .. } => notices,
            Self::Explained { .. } | Self::Reviewed { .. } => &[],
        }
    }
}

/// What may be asked of promises.
#[derive(Debug, Clone, PartialEq)]
pub enum PromiseCommand {
    /// Somebody says why a promise is what it is now.
    Explain {
        /// Which feature.
        feature: FeatureId,
        /// Who.
        by: PersonId,
        /// Why.
        reason: String,
        /// What shows that this level is the right one: words, a link, or both.
        evidence: Option<String>,
    },
    /// An owner has looked at a promise again and leaves it as it is.
    Review {
        /// Which feature.
        feature: FeatureId,
        /// Who.
        by: PersonId,
        /// The day of the next look, `YYYY-MM-DD`.
        next: String,
        /// What they found.
        reason: String,
    },
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &PromiseCommand,
) -> Result<Vec<Event>, Rejected> {
    let event = match command {
        PromiseCommand::Explain { feature: id, by, reason, evidence } => {
            let feature = known(state, id, by)?;
            let catalogue = state.catalogue().expect("a known feature comes from a catalogue");
            if !concerns(catalogue, feature, by) {
                return Err(Rejected::NotAllowed(format!(
                    "{by} is neither an owner of `{id}` nor in team {}: they can say why",
                    feature.team
                )));
            }
            let newest = state.promises.revisions.get(id).and_then(RevisionHistory::newest);
            let newest = newest.ok_or_else(|| unknown("revision of", id))?;
            PromiseEvent::Explained {
                feature: id.clone(),
                revision: newest.number,
                by: by.clone(),
                reason: said(by, "reason", reason)?,
                evidence: evidence
                    .as_deref()
                    .filter(|it| !it.trim().is_empty())
                    .map(|it| said(by, "evidence", it))
                    .transpose()?,
            }
        }
        PromiseCommand::Review { feature: id, by, next, reason } => {
            let feature = known(state, id, by)?;
            let owners = feature.owners.as_ref();
            if !owners.is_some_and(|it| it.product == *by || it.engineering == *by) {
                return Err(Rejected::NotAllowed(format!(
                    "{by} is no owner of `{id}`: its owners look at it again"
                )));
            }
            PromiseEvent::Reviewed {
                feature: id.clone(),
                by: by.clone(),
                next: review::next_day(state, context, by, next)?,
                reason: said(by, "reason", reason)?,
            }
        }
    };
    Ok(vec![Event::Promise(event)])
}

/// Whether it is theirs to explain a promise.
fn concerns(catalogue: &Catalogue, feature: &Feature, by: &PersonId) -> bool {
    let owns = feature.owners.as_ref().is_some_and(|it| it.product == *by || it.engineering == *by);
    owns || catalogue.teams.get(&feature.team).is_some_and(|it| it.members.contains(by))
}

fn known<'a>(state: &'a State, id: &FeatureId, by: &PersonId) -> Result<&'a Feature, Rejected> {
    person(state, by)?;
    let found = state.catalogue().and_then(|it| it.features.get(id));
    found.ok_or_else(|| unknown("feature", id))
}

fn said(by: &PersonId, what: &str, text: &str) -> Result<Personal, Rejected> {
    text_within(what, text, Limits::TEXT_LENGTH_MAX)?;
    if text.trim().is_empty() {
        return Err(Rejected::Invalid(format!("the {what} needs a few words")));
    }
    Ok(Personal::new(by.clone(), text.trim()))
}

/// Folds in what happened to a promise.
pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    let Event::Promise(event) = &record.event else {
        unreachable!("not about a promise: {:?}", record.event)
    };
    match event {
        PromiseEvent::Explained { feature, revision, by, reason, evidence } => {
            let given = Given {
                by: by.clone(),
                at: record.at,
                reason: reason.clone(),
                evidence: evidence.clone(),
            };
            if let Some(history) = state.promises.revisions.get_mut(feature) {
                history.explained(*revision, given);
            }
        }
        PromiseEvent::ReviewAsked { ask, of, notices } => {
            let promises = &mut state.promises;
            promises.ask_last = promises.ask_last.max(*ask);
            promises.asks.insert(*ask, of.clone());
            while promises.asks.len() > ASKS_KEPT {
                promises.asks.pop_first();
            }
            promises.reviews.get_or_insert_with(&of.feature, Default::default).asked(of);
            reach::add(state, notices, Purpose::Review { ask: *ask }, record.at);
        }
        PromiseEvent::Reviewed { feature, by, next, reason } => {
            let file = review::file_day(state, feature).map(str::to_owned);
            let done = ReviewDone {
                by: by.clone(),
                at: record.at,
                next: next.clone(),
                reason: reason.clone(),
                file,
            };
            let reviews = &mut state.promises.reviews;
            reviews.get_or_insert_with(feature, Default::default).done = Some(done);
            settled(state, feature);
        }
    }
}

/// An owner signed a promise as it stands: nobody is asked any more whether it still is what is wanted.
pub(crate) fn signed(
    state: &mut State,
    feature: &FeatureId,
    role: SignRole,
    by: &PersonId,
    at: Timestamp,
) {
    if let Some(history) = state.promises.revisions.get_mut(feature) {
        history.signed(role, by, at);
    }
    settled(state, feature);
}

/// What has not gone out about a review is not wanted any more.
fn settled(state: &mut State, feature: &FeatureId) {
    let asks = &mut state.promises.asks;
    let about = asks.iter().filter(|(_, it)| it.feature == *feature);
    let letters: BTreeSet<u64> = about.map(|(_, it)| it.letter).collect();
    if letters.is_empty() {
        return;
    }
    asks.retain(|_, it| it.feature != *feature);
    // A message that names another promise goes out all the same.
    let empty = |letter: &u64| !state.promises.asks.values().any(|it| it.letter == *letter);
    let gone: Vec<u64> = letters.into_iter().filter(empty).collect();
    let is_gone =
        |purpose: Purpose| matches!(purpose, Purpose::Review { ask } if gone.contains(&ask));
    state.cancel_where(|it| is_gone(it.purpose));
}

/// Notes what a new catalogue changes about promises; `before` is the one it replaces.
pub(crate) fn adopted(state: &mut State, before: Option<&Catalogue>, version: u64, at: Timestamp) {
    let Some(catalogue) = state.catalogue.clone() else { return };
    revisions::follow(&mut state.promises.revisions, before, &catalogue, version, at);
    state.promises.reviews.retain(|id, _| catalogue.features.contains_key(id));
}

/// The features of `next` whose promise is another one than in `before` while the reason given in the file
/// is still the old one: a reason of an earlier revision is none.
#[must_use]
pub fn stale_reasons(before: &Catalogue, next: &Catalogue) -> Vec<FeatureId> {
    let stale = |(id, feature): &(&FeatureId, &Feature)| {
        before.features.get(*id).is_some_and(|old| revisions::is_stale(old, feature))
    };
    next.features.iter().filter(stale).map(|(id, _)| id.clone()).collect()
}
