//! Counts that others push: taken once each, however often they are sent.
//!
//! Intuition: a tally book at the door. Whoever brings counts gives each line a name of its own; a line
//! whose name is in the book already is not written again, so that a sender who is not sure may send
//! everything once more.
//!
//! Invariants:
//! - a key counts once per objective while its minute is kept ([`KEPT`]), and nothing older is taken;
//! - a batch is taken as a whole or refused as a whole;
//! - the book holds sums of whole minutes, so that writing a minute down elsewhere is idempotent too.

use crate::command::Rejected;
use crate::event::Event;
use crate::state::{Limits, State};
use model::{Map, Millis, SloId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How old a pushed minute may be.
pub const PUSH_AGE_MAX: Millis = Millis::from_days(7);
/// How long pushed minutes and their keys are kept: a day longer, for clocks that disagree.
pub(crate) const KEPT: Millis = Millis::from_days(8);
/// Lines of one batch.
pub const BATCH_MAX: usize = 1_000;
/// Lines of one objective that are kept.
pub(crate) const LINES_MAX: usize = 200_000;
/// Bytes of a key.
const KEY_BYTES_MAX: usize = 200;

/// One line: counts of one minute under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// What its sender calls it; the same name counts once.
    pub key: String,
    /// Minutes since the epoch.
    pub minute: i64,
    /// Events that broke the promise.
    pub bad: u64,
    /// All events.
    pub total: u64,
    /// How many people were affected, where the sender knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u64>,
}

/// The book of one objective.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PushedCounts {
    /// What was pushed, by minute.
    pub minutes: Map<i64, PushedMinute>,
    /// The minute of each key.
    pub keys: Map<String, i64>,
    /// How many batches were taken.
    pub revision: u64,
}

/// Everything pushed for one minute.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PushedMinute {
    /// Events that broke the promise.
    pub bad: u64,
    /// All events.
    pub total: u64,
    /// People affected, as far as senders knew.
    pub people: u64,
    /// Its lines.
    pub keys: Vec<String>,
    /// The batch that changed it last.
    pub revision: u64,
}

pub(crate) fn decide(
    state: &State,
    now: Timestamp,
    slo: &SloId,
    pushes: &[Push],
) -> Result<Vec<Event>, Rejected> {
    let known = state.catalogue().and_then(|it| it.slo(slo));
    let Some(known) = known else {
        return Err(Rejected::Unknown { what: "objective", id: slo.to_string() });
    };
    let invalid = |told: String| Err(Rejected::Invalid(told));
    if !known.sli.is_pushed() {
        return invalid(format!(
            "`{slo}` is read from a source; write `pushed` to push its counts"
        ));
    }
    if pushes.is_empty() || pushes.len() > BATCH_MAX {
        return invalid(format!("a batch has 1 to {BATCH_MAX} lines, this one {}", pushes.len()));
    }
    let oldest = now.minus(PUSH_AGE_MAX).minute();
    for it in pushes {
        let key = &it.key;
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return invalid(format!("a key has 1 to {KEY_BYTES_MAX} bytes, `{key}` has not"));
        }
        if it.minute < oldest || it.minute > now.minute() + 1 {
            return invalid(format!("`{key}` is older than {PUSH_AGE_MAX} or lies in the future"));
        }
        if it.bad > it.total || it.total > slo::EVENTS_PER_MINUTE_MAX {
            return invalid(format!("`{key}` has more bad than all events, or too many"));
        }
    }
    let book = state.pushed.get(slo);
    if book.map_or(0, |it| it.keys.len()) + pushes.len() > LINES_MAX {
        return invalid(format!(
            "`{slo}` has {LINES_MAX} lines within {KEPT}: send fewer, each with more events"
        ));
    }
    let mut seen = BTreeSet::new();
    let fresh: Vec<Push> = pushes
        .iter()
        .filter(|it| !book.is_some_and(|book| book.keys.contains_key(&it.key)))
        .filter(|it| seen.insert(it.key.as_str()))
        .cloned()
        .collect();
    if fresh.is_empty() {
        return Ok(vec![]);
    }
    Ok(vec![Event::CountsPushed { slo: slo.clone(), pushes: fresh }])
}

pub(crate) fn apply(state: &mut State, slo: &SloId, pushes: &[Push], at: Timestamp) {
    let book = state.pushed.get_or_insert_with(slo, PushedCounts::default);
    book.revision += 1;
    for it in pushes {
        book.keys.insert(it.key.clone(), it.minute);
        let minute = book.minutes.get_or_insert_with(&it.minute, PushedMinute::default);
        minute.bad = minute.bad.saturating_add(it.bad);
        minute.total = minute.total.saturating_add(it.total);
        minute.people = minute.people.saturating_add(it.people.unwrap_or(0));
        minute.keys.push(it.key.clone());
        minute.revision = book.revision;
    }
    let cutoff = at.minus(KEPT).minute();
    while book.minutes.first_key_value().is_some_and(|(minute, _)| *minute < cutoff) {
        let Some((_, old)) = book.minutes.pop_first() else { break };
        for key in &old.keys {
            book.keys.remove(key);
        }
    }
}

/// Forgets what the catalogue no longer has pushed.
pub(crate) fn adopted(state: &mut State) {
    let Some(catalogue) = state.catalogue.clone() else { return };
    state.pushed.retain(|id, _| catalogue.slo(id).is_some_and(|it| it.sli.is_pushed()));
}

impl PushedCounts {
    /// How many people were affected from `minute` on, as far as senders knew.
    #[must_use]
    pub fn people_since(&self, minute: i64) -> u64 {
        self.minutes.range(minute..).map(|(_, it)| it.people).fold(0, u64::saturating_add)
    }
}

const _: () = assert!(Limits::TEXT_LENGTH_MAX > KEY_BYTES_MAX);
