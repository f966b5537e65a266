//! Two pagers beside each other: whom would each have called, and when?
//!
//! Intuition: two diaries of the same nights. First the pages that speak of the same thing are laid on top
//! of each other (the same key, or word for word the same title, begun within an hour). Then, person by
//! person, calls that happened together are ticked off. Whatever is left is a difference: the same person
//! at another time, another person at the same time, or a call that only one of the two made.
//!
//! Complications: the two may group differently, so what is compared is everything that hangs together by
//! shared keys, however many incidents either side made of it. A person whom nobody could name stays who
//! they are: they agree with nobody, and are listed, so that a missing `aka` is seen and not guessed.
//!
//! Invariants:
//! - every call is counted exactly once: in an agreement or in one difference;
//! - no other way of ticking off the calls of one person agrees more often;
//! - the order in which calls are handed in does not matter.

#[cfg(test)]
mod tests;

use model::{Millis, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How far apart two calls of one person may be and still count as the same call.
pub const TOGETHER: Millis = Millis::from_mins(2);
/// How far apart two incidents may begin and still be about the same thing.
pub const APART_MAX: Millis = Millis::from_hours(1);

/// Who was called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Somebody we know.
    Person(PersonId),
    /// Somebody the other pager named whom we do not know.
    Unknown(String),
}

/// One call of one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// What its pager calls the incident.
    pub incident: String,
    /// The keys of the alerts behind it, as their senders gave them.
    pub keys: BTreeSet<String>,
    /// In one line.
    pub title: String,
}

/// What the two did alike and what not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Calls that both made of the same person at the same time.
    pub agreed_count: usize,
    /// Everything else, oldest first.
    pub differences: Vec<Difference>,
    /// Whom the other pager called and we do not know, with how often.
    pub unknown_people: BTreeMap<String, usize>,
    /// Incidents of ours that the other pager said nothing about.
    pub only_ours_incidents: BTreeSet<String>,
    /// Incidents of the other pager that we said nothing about.
    pub only_theirs_incidents: BTreeSet<String>,
}

/// A moment at which the two would not have done the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// When it was first seen.
    pub at: Timestamp,
    /// What it was about.
    pub title: String,
    /// What differed.
    pub kind: Kind,
}

/// What differed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The same person, earlier or later.
    OtherTime {
        /// Who.
        who: Who,
        /// When we would have called.
        ours: Timestamp,
        /// When the other pager did.
        theirs: Timestamp,
    },
    /// At the same time, somebody else.
    OtherPerson {
        /// Whom we would have called.
        ours: Who,
        /// Whom the other pager called.
        theirs: Who,
    },
    /// We would have called, the other pager did not.
    OnlyOurs {
        /// Whom.
        who: Who,
    },
    /// The other pager called, we would not have.
    OnlyTheirs {
        /// Whom.
        who: Who,
    },
}

impl Comparison {
    /// Every call of either side, those of both counted once.
    #[must_use]
    pub fn calls_count(&self) -> usize {
        self.agreed_count + self.differences.len()
    }
}

/// Lays `ours` beside `theirs`.
#[must_use]
pub fn compare(ours: &[Call], theirs: &[Call]) -> Comparison {
    let mut found = Comparison::default();
    for subject in subjects(ours, theirs) {
        let title = subject.title();
        let note = |set: &mut BTreeSet<String>, calls: &[&Call]| {
            set.extend(calls.iter().map(|it| it.incident.clone()));
        };
        if subject.theirs.is_empty() {
            note(&mut found.only_ours_incidents, &subject.ours);
        }
        if subject.ours.is_empty() {
            note(&mut found.only_theirs_incidents, &subject.theirs);
        }
        for call in &subject.theirs {
            if let Who::Unknown(name) = &call.who {
                *found.unknown_people.entry(name.clone()).or_default() += 1;
            }
        }
        let (agreed_count, kinds) = differences(&subject);
        found.agreed_count += agreed_count;
        let named = |(at, kind)| Difference { at, title: title.clone(), kind };
        found.differences.extend(kinds.into_iter().map(named));
    }
    found.differences.sort();
    found
}

/// Calls of both sides that are about the same thing, each side in order of time.
struct Subject<'a> {
    ours: Vec<&'a Call>,
    theirs: Vec<&'a Call>,
}

impl Subject<'_> {
    /// In our words, where we have any.
    fn title(&self) -> String {
        let first = self.ours.first().or(self.theirs.first());
        first.map_or(String::new(), |it| it.title.clone())
    }
}

/// One incident of one side.
struct Incident<'a> {
    is_ours: bool,
    starts: Timestamp,
    keys: BTreeSet<&'a str>,
    titles: BTreeSet<String>,
    calls: Vec<&'a Call>,
}

fn incidents<'a>(calls: &'a [Call], is_ours: bool) -> Vec<Incident<'a>> {
    let mut found: BTreeMap<&str, Incident<'a>> = BTreeMap::new();
    let mut sorted: Vec<&Call> = calls.iter().collect();
    sorted.sort();
    for call in sorted {
        let it = found.entry(&call.incident).or_insert_with(|| Incident {
            is_ours,
            starts: call.at,
            keys: BTreeSet::new(),
            titles: BTreeSet::new(),
            calls: vec![],
        });
        it.keys.extend(call.keys.iter().filter(|it| !it.is_empty()).map(String::as_str));
        let title = call.title.trim().to_lowercase();
        if !title.is_empty() {
            it.titles.insert(title);
        }
        it.calls.push(call);
    }
    found.into_values().collect()
}

/// Everything that hangs together: an incident of one side and one of the other that share a key or a
/// title and begin near each other are about the same thing, and so is whatever hangs on either.
fn subjects<'a>(ours: &'a [Call], theirs: &'a [Call]) -> Vec<Subject<'a>> {
    let all: Vec<Incident<'a>> =
        incidents(ours, true).into_iter().chain(incidents(theirs, false)).collect();
    let mut group: Vec<usize> = (0..all.len()).collect();
    for (one, other) in links(&all) {
        let (from, to) = (group[other], group[one]);
        group.iter_mut().filter(|it| **it == from).for_each(|it| *it = to);
    }
    let mut found: BTreeMap<usize, Subject<'a>> = BTreeMap::new();
    for (incident, group) in all.into_iter().zip(group) {
        let subject =
            found.entry(group).or_insert_with(|| Subject { ours: vec![], theirs: vec![] });
        let side = if incident.is_ours { &mut subject.ours } else { &mut subject.theirs };
        side.extend(incident.calls);
    }
    for it in found.values_mut() {
        it.ours.sort();
        it.theirs.sort();
    }
    found.into_values().collect()
}

/// Pairs of incidents, one of each side, that are about the same thing. Looked up by key and title, so
/// that two weeks of a busy pager are not compared each with each.
fn links(all: &[Incident<'_>]) -> BTreeSet<(usize, usize)> {
    let mut by_word: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
    for (idx, it) in all.iter().enumerate().filter(|(_, it)| !it.is_ours) {
        it.keys.iter().for_each(|key| by_word.entry((key, true)).or_default().push(idx));
        it.titles.iter().for_each(|title| by_word.entry((title, false)).or_default().push(idx));
    }
    let mut found = BTreeSet::new();
    for (idx, it) in all.iter().enumerate().filter(|(_, it)| it.is_ours) {
        let keys = it.keys.iter().map(|key| (*key, true));
        for word in keys.chain(it.titles.iter().map(|title| (title.as_str(), false))) {
            let others = by_word.get(&word).map_or(&[][..], Vec::as_slice);
            let near =
                others.iter().filter(|other| apart(it.starts, all[**other].starts) <= APART_MAX);
            found.extend(near.map(|other| (idx, *other)));
        }
    }
    found
}

fn apart(one: Timestamp, other: Timestamp) -> Millis {
    Millis((one.0 - other.0).abs())
}

/// How many calls of a subject agree, and what is left over.
fn differences(subject: &Subject<'_>) -> (usize, Vec<(Timestamp, Kind)>) {
    let mut people: BTreeMap<&Who, [Vec<Timestamp>; 2]> = BTreeMap::new();
    for (side, calls) in [&subject.ours, &subject.theirs].into_iter().enumerate() {
        for call in calls {
            people.entry(&call.who).or_default()[side].push(call.at);
        }
    }
    let (mut agreed_count, mut kinds) = (0, vec![]);
    let (mut ours_left, mut theirs_left) = (vec![], vec![]);
    for (who, [ours, theirs]) in people {
        let (together, mut ours, mut theirs) = tick_off(&ours, &theirs);
        agreed_count += together;
        let both = ours.len().min(theirs.len());
        let later = ours.drain(..both).zip(theirs.drain(..both));
        kinds.extend(later.map(|(ours, theirs)| {
            (ours.min(theirs), Kind::OtherTime { who: who.clone(), ours, theirs })
        }));
        ours_left.extend(ours.into_iter().map(|at| (at, who)));
        theirs_left.extend(theirs.into_iter().map(|at| (at, who)));
    }
    ours_left.sort();
    theirs_left.sort();
    kinds.extend(swapped(&mut ours_left, &mut theirs_left));
    kinds.extend(ours_left.into_iter().map(|(at, who)| (at, Kind::OnlyOurs { who: who.clone() })));
    let theirs = theirs_left.into_iter();
    kinds.extend(theirs.map(|(at, who)| (at, Kind::OnlyTheirs { who: who.clone() })));
    (agreed_count, kinds)
}

/// How many of two sorted lists happened together, and what is left of each. Whichever is older and
/// still waits is either met by the oldest of the other side or by none: no other way meets more.
fn tick_off(ours: &[Timestamp], theirs: &[Timestamp]) -> (usize, Vec<Timestamp>, Vec<Timestamp>) {
    let (mut one, mut other, mut met) = (0, 0, 0);
    let (mut ours_left, mut theirs_left) = (vec![], vec![]);
    while one < ours.len() && other < theirs.len() {
        if apart(ours[one], theirs[other]) <= TOGETHER {
            (one, other, met) = (one + 1, other + 1, met + 1);
        } else if ours[one] < theirs[other] {
            ours_left.push(ours[one]);
            one += 1;
        } else {
            theirs_left.push(theirs[other]);
            other += 1;
        }
    }
    ours_left.extend(&ours[one..]);
    theirs_left.extend(&theirs[other..]);
    (met, ours_left, theirs_left)
}

/// Takes out the calls of two different people that happened together.
fn swapped(
    ours: &mut Vec<(Timestamp, &Who)>,
    theirs: &mut Vec<(Timestamp, &Who)>,
) -> Vec<(Timestamp, Kind)> {
    let mut kinds = vec![];
    ours.retain(|(at, who)| {
        let met = theirs.iter().position(|(other, _)| apart(*at, *other) <= TOGETHER);
        let Some(idx) = met else { return true };
        let (other_at, other) = theirs.remove(idx);
        let kind = Kind::OtherPerson { ours: (*who).clone(), theirs: other.clone() };
        kinds.push(((*at).min(other_at), kind));
        false
    });
    kinds
}
