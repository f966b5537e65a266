//! Review dates: when the day has come both owners are told, and again every week, until one of them signs
//! anew or says that they looked.
//!
//! Intuition: a note on the fridge that comes back. It never wakes anybody, it never gives up.
//!
//! What goes out is planned once a day, and whenever the configuration changes, for the day to come: each
//! message waits for nine in the morning where its reader lives. Rejected: a timer per owner; the zones of
//! thousands of people would be asked with every command.
//!
//! Invariants:
//! - an owner is told at most once for a date and week;
//! - what an act says about the next day holds until the file says another day than it said then.

use super::{PromiseEvent, ReviewAsk};
use crate::SignRole;
use crate::command::{Context, Rejected};
use crate::due::next_digest;
use crate::event::Event;
use crate::notify;
use crate::state::State;
use jiff::civil::Date;
use model::{FeatureId, Millis, NoticeId, Owners, PersonId, Personal, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long after a request it is made again.
pub const REVIEW_AGAIN: Millis = Millis::from_days(7);
/// The hour of the owner's own day at which they are told.
const HOUR: i8 = 9;
/// How far ahead the next look may lie, in days.
const NEXT_DAYS_MAX: i64 = 732;

/// When a promise was looked at, and who was asked to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Review {
    /// The last time.
    pub done: Option<ReviewDone>,
    /// Who was asked last about which day, how often and when.
    pub asked: BTreeMap<PersonId, (String, u32, Timestamp)>,
}

impl Review {
    pub(super) fn asked(&mut self, ask: &ReviewAsk) {
        self.asked.insert(ask.person.clone(), (ask.day.clone(), ask.count, ask.at));
    }
}

/// An owner looked at a promise and left it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewDone {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// The day of the next look, `YYYY-MM-DD`.
    pub next: String,
    /// What they found.
    pub reason: Personal,
    /// The day the file said then.
    pub file: Option<String>,
}

/// Where the review of a promise stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewStanding {
    /// Its day is to come.
    Coming {
        /// Which, `YYYY-MM-DD`.
        day: String,
    },
    /// Its day has come and nobody looked.
    Overdue {
        /// Which, `YYYY-MM-DD`.
        day: String,
    },
    /// Its day has come, and an owner has signed since; no other day is set.
    Signed {
        /// Which, `YYYY-MM-DD`.
        day: String,
        /// Who.
        by: PersonId,
    },
}

/// The day the file says.
pub(super) fn file_day<'a>(state: &'a State, id: &FeatureId) -> Option<&'a str> {
    let feature = state.catalogue()?.features.get(id)?;
    feature.owners.as_ref()?.review.as_deref()
}

/// A day for the next look that can be kept.
pub(super) fn next_day(
    state: &State,
    context: &Context<'_>,
    by: &PersonId,
    next: &str,
) -> Result<String, Rejected> {
    let invalid = |told: String| Err(Rejected::Invalid(told));
    let Ok(day) = next.trim().parse::<Date>() else {
        return invalid(format!("`{next}` is not a day; write it as 2027-03-31"));
    };
    let Some(today) = today(state, context, by) else {
        return invalid("where you live is not known".to_owned());
    };
    let days = i64::from((day - today).get_days());
    if !(1..=NEXT_DAYS_MAX).contains(&days) {
        return invalid(
            "the next look is tomorrow at the earliest and within two years".to_owned(),
        );
    }
    Ok(day.to_string())
}

fn zone(state: &State, context: &Context<'_>, person: &PersonId) -> Option<jiff::tz::TimeZone> {
    context.zones.get(&state.catalogue()?.people.get(person)?.timezone)
}

fn today(state: &State, context: &Context<'_>, person: &PersonId) -> Option<Date> {
    Some(context.now.to_jiff().to_zoned(zone(state, context, person)?).date())
}

/// Nine in the morning of `day` where `person` lives.
fn morning(
    state: &State,
    context: &Context<'_>,
    person: &PersonId,
    day: Date,
) -> Option<Timestamp> {
    let at = day.at(HOUR, 0, 0, 0).to_zoned(zone(state, context, person)?).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

fn people(owners: &Owners) -> Vec<&PersonId> {
    let mut people = vec![&owners.product, &owners.engineering];
    people.dedup();
    people
}

impl State {
    /// The day by which the owners of a feature look at it again.
    #[must_use]
    pub fn review_day(&self, id: &FeatureId) -> Option<&str> {
        let file = file_day(self, id);
        let done = self.promises.reviews.get(id).and_then(|it| it.done.as_ref());
        match done {
            Some(done) if done.file.as_deref() == file => Some(&done.next),
            _ => file,
        }
    }

    /// Where the review of a feature stands at `now`; `None` where no day is set.
    #[must_use]
    pub fn review_standing(
        &self,
        id: &FeatureId,
        now: Timestamp,
        zones: &oncall::Zones,
    ) -> Option<ReviewStanding> {
        let day = self.review_day(id)?.to_owned();
        let owners = self.catalogue()?.features.get(id)?.owners.as_ref()?;
        let context = Context { now, zones };
        let date: Date = day.parse().ok()?;
        let begun = |who: &&PersonId| {
            morning(self, &context, who, date).is_some_and(|morning| morning <= now)
        };
        if !people(owners).iter().any(begun) {
            return Some(ReviewStanding::Coming { day });
        }
        Some(match signed_since(self, &context, id, date) {
            Some(by) => ReviewStanding::Signed { day, by },
            None => ReviewStanding::Overdue { day },
        })
    }
}

/// Who signed the promise as it stands on `day` or later, by their own clock.
fn signed_since(
    state: &State,
    context: &Context<'_>,
    id: &FeatureId,
    day: Date,
) -> Option<PersonId> {
    [SignRole::Product, SignRole::Engineering].into_iter().find_map(|role| {
        let it = state.signature(id, role)?;
        let signed = it.at.to_jiff().to_zoned(zone(state, context, &it.by)?).date();
        (signed >= day).then(|| it.by.clone())
    })
}

/// Who is to be told of a review until the next daily mail; `noticed` notices are already decided upon.
pub(crate) fn planned(state: &State, context: &Context<'_>, noticed: u64) -> Vec<Event> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let until = next_digest(state);
    let (mut events, mut free) = (vec![], state.next.notice + 1 + noticed);
    let mut letters: BTreeMap<(&PersonId, Timestamp), u64> = BTreeMap::new();
    for (id, feature) in &catalogue.features {
        let Some(owners) = &feature.owners else { continue };
        let Some(day) = state.review_day(id) else { continue };
        let Ok(date) = day.parse::<Date>() else { continue };
        if signed_since(state, context, id, date).is_some() {
            continue;
        }
        for person in people(owners) {
            let Some((at, count)) = next_ask(state, context, id, (person, day, date)) else {
                continue;
            };
            if at >= until {
                continue;
            }
            let ask = state.promises.ask_last + 1 + events.len() as u64;
            let letter = *letters.entry((person, at)).or_insert(ask);
            let then = Context { now: at, ..*context };
            let reader = (letter == ask).then_some(person);
            let mut notices = notify::gently(state, &then, reader.into_iter());
            for it in &mut notices {
                it.notice = NoticeId(free);
                it.due_at = Some(it.due_at.unwrap_or(at).max(at));
                free += 1;
            }
            let (feature, day, person) = (id.clone(), day.to_owned(), person.clone());
            let of = ReviewAsk { feature, day, person, count, at, letter };
            events.push(Event::Promise(PromiseEvent::ReviewAsked { ask, of, notices }));
        }
    }
    events
}

/// When somebody is told next, and the how-manieth time that is.
fn next_ask(
    state: &State,
    context: &Context<'_>,
    id: &FeatureId,
    (person, day, date): (&PersonId, &str, Date),
) -> Option<(Timestamp, u32)> {
    let asked = state.promises.reviews.get(id).and_then(|it| it.asked.get(person));
    let (first, count) = match asked.filter(|it| it.0 == day) {
        Some((_, count, at)) => {
            let again = at.plus(REVIEW_AGAIN).to_jiff().to_zoned(zone(state, context, person)?);
            (morning(state, context, person, again.date())?, count + 1)
        }
        None => (morning(state, context, person, date)?, 1),
    };
    if first >= context.now {
        return Some((first, count));
    }
    // Whoever was not told in time is told in their next morning, not at once in their night.
    let today = today(state, context, person)?;
    let morning = |day: Date| morning(state, context, person, day);
    let next = morning(today).filter(|it| *it >= context.now);
    Some((next.or_else(|| morning(today.tomorrow().ok()?))?, count))
}
