//! Hours of a week in which nobody who knows a service is at work, and the pairing that shortens them most.
//!
//! Intuition: two people who know billing and both sleep at three do not cover three o'clock. What counts
//! for a service is the union of the hours of those who know it.
//!
//! What pairing does is assumed, as in [`crate::pairing()`]: afterwards the learner knows the service.
//! Whoever has begun on it learns cheapest, so they are asked first; somebody new only where no one who
//! has begun would help.
//!
//! Invariant: hours are those of one week; whoever has none in the list is never there.

use crate::authorship::{Found, found};
use crate::history::History;
use crate::measure::Question;
use std::collections::BTreeMap;
use std::ops::Range;

/// Minutes of a week.
pub const WEEK_MINUTES: u32 = 7 * 24 * 60;

/// When people work, in minutes of one week.
pub type WeeklyHours = BTreeMap<String, Vec<Range<u32>>>;

/// A pairing on a service, and what it would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePairing {
    /// On what.
    pub service: String,
    /// Somebody who knows it, of those the one with most hours in common with the learner.
    pub knows: String,
    /// Somebody who does not.
    pub learns: String,
    /// Whether the learner has ever done anything there.
    pub begun: bool,
    /// Minutes a week with nobody who knows it: now, and after.
    pub nobody: (u32, u32),
    /// Minutes a week that both work.
    pub together: u32,
    /// Other pairings that would do exactly as well.
    pub as_good: usize,
}

/// Minutes a week with nobody who knows each service.
#[must_use]
pub fn uncovered(
    history: &History,
    question: &Question,
    hours: &WeeklyHours,
) -> BTreeMap<String, u32> {
    let found = found(history, question);
    let alone = |place: usize| (found.paths[place].clone(), nobody(&found, place, hours, &[]));
    (0..found.paths.len()).map(alone).collect()
}

/// The pairing after which hours with nobody are fewest; nothing where no pairing shortens any.
#[must_use]
pub fn service_pairing(
    history: &History,
    question: &Question,
    hours: &WeeklyHours,
) -> Option<ServicePairing> {
    let found = found(history, question);
    let mut all = vec![];
    for (place, knowers) in found.ownership.authors.iter().enumerate() {
        let now = nobody(&found, place, hours, &[]);
        for learns in hours.keys() {
            let number = found.names.iter().position(|it| it == learns);
            if knowers.is_empty() || number.is_some_and(|it| knowers.contains(&it)) {
                continue;
            }
            let after = nobody(&found, place, hours, &hours[learns]);
            let begun = number.is_some_and(|it| found.touched[place].contains(&it));
            let with = |it: &usize| common(hours, &found.names[*it], learns);
            let knows = knowers.iter().max_by_key(|it| (with(it), std::cmp::Reverse(**it)))?;
            all.push(ServicePairing {
                service: found.paths[place].clone(),
                knows: found.names[*knows].clone(),
                learns: learns.clone(),
                begun,
                nobody: (now, after),
                together: with(knows),
                as_good: 0,
            });
        }
    }
    let worth = |it: &ServicePairing| (it.begun, it.nobody.0 - it.nobody.1, it.together > 0);
    all.retain(|it| it.nobody.1 < it.nobody.0);
    let most = all.iter().map(worth).max()?;
    let as_good = all.iter().filter(|it| worth(it) == most).count() - 1;
    let best = all.into_iter().find(|it| worth(it) == most)?;
    Some(ServicePairing { as_good, ..best })
}

/// Minutes in which nobody of those who know the service, nor of `more`, is there.
fn nobody(found: &Found, place: usize, hours: &WeeklyHours, more: &[Range<u32>]) -> u32 {
    let knowers = found.ownership.authors[place].iter();
    let theirs = knowers.filter_map(|it| hours.get(&found.names[*it])).flatten();
    WEEK_MINUTES - covered(theirs.chain(more).cloned().collect())
}

fn covered(mut spans: Vec<Range<u32>>) -> u32 {
    spans.sort_by_key(|it| it.start);
    let (mut minutes, mut until) = (0, 0);
    for span in spans {
        let from = span.start.max(until);
        let to = span.end.min(WEEK_MINUTES);
        if to > from {
            (minutes, until) = (minutes + to - from, to);
        }
    }
    minutes
}

fn common(hours: &WeeklyHours, one: &str, other: &str) -> u32 {
    let (Some(one), Some(other)) = (hours.get(one), hours.get(other)) else { return 0 };
    let both = |first: &Range<u32>, second: &Range<u32>| {
        first.end.min(second.end).saturating_sub(first.start.max(second.start))
    };
    one.iter().flat_map(|it| other.iter().map(move |that| both(it, that))).sum()
}

#[cfg(test)]
mod tests {
    use super::{ServicePairing, WEEK_MINUTES, service_pairing, uncovered};
    use crate::{Method, Question, read_evidence};

    #[test]
    fn the_pairing_that_leaves_fewest_hours_with_nobody() {
        let text = "2026-06-01T09:30:00Z,incident,billing,ana\n2026-06-02T09:30:00Z,change,lights,ana\n\
                    2026-06-02T09:30:00Z,change,lights,bo\n2025-09-02T09:30:00Z,incident,billing,bo\n";
        let (history, _) = read_evidence(text, None).unwrap();
        let question = Question::of(Method::Evidence);
        // Ana and Bo overlap by four hours; Cy, who has begun on nothing, works at night.
        let hours = [
            ("ana", vec![540..700, 700..1_020]),
            ("bo", vec![780..1_000, 1_000..1_500]),
            ("cy", vec![0..1_000, 1_100..4_000]),
        ];
        let hours = hours.into_iter().map(|(name, spans)| (name.to_owned(), spans)).collect();
        let alone = uncovered(&history, &question, &hours);
        assert_eq!(alone["billing"], WEEK_MINUTES - 480);
        assert_eq!(alone["lights"], WEEK_MINUTES - 960);
        let expect = ServicePairing {
            service: "billing".to_owned(),
            knows: "ana".to_owned(),
            learns: "bo".to_owned(),
            begun: true,
            nobody: (WEEK_MINUTES - 480, WEEK_MINUTES - 960),
            together: 240,
            as_good: 0,
        };
        assert_eq!(service_pairing(&history, &question, &hours), Some(expect));
        // Without Bo only somebody new can help, and most on billing, where ana is alone.
        let mut without = hours.clone();
        without.remove("bo");
        let found = service_pairing(&history, &question, &without).unwrap();
        assert_eq!((found.learns.as_str(), found.begun), ("cy", false));
        without.remove("cy");
        assert_eq!(service_pairing(&history, &question, &without), None);
    }
}
