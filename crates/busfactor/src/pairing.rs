//! The cheapest next pairing: who could show whom which folder, and what that would change.
//!
//! Intuition: knowledge is cheapest to spread where it is begun. A file with one author whom somebody
//! else has already helped to change needs an afternoon, not a quarter. So of all pairs and folders we
//! take the one after which the bus factor is highest; among equals the one where the learner has
//! changed most of the files already; then the one with most files.
//!
//! What pairing does is assumed, not measured: afterwards the learner is an author of every file in that
//! folder that only the other was an author of.
//!
//! This is the one place with names in it. It is an invitation to two people, asked for on its own, and
//! it says how many other pairings would do as well.

use crate::authorship::{Found, Ownership, found};
use crate::cover::{Exact, WORK_MAX, exact, needed};
use crate::history::History;
use crate::measure::Question;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most pairings whose bus factor is worked out; those begun furthest come first.
pub const PAIRINGS_MAX: usize = 40;

/// A pairing and what it would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// Where.
    pub folder: String,
    /// The only author of those files.
    pub knows: String,
    /// Somebody who has changed some of them.
    pub learns: String,
    /// Files of that folder with one author, the one who knows.
    pub files: usize,
    /// How many of them the learner has changed already.
    pub begun: usize,
    /// Files with one author: now, and after.
    pub single: (usize, usize),
    /// The exact bus factor, unpruned: now, and after.
    pub bus_factor: (usize, usize),
    /// Other pairings, among those looked at, that would do exactly as well.
    pub as_good: usize,
}

/// One person's files of a folder, and how far somebody else is in them.
struct Candidate<'a> {
    folder: &'a str,
    knows: usize,
    learns: usize,
    files: usize,
    begun: usize,
}

/// The cheapest next pairing; nothing when nobody has begun on anything, or the bus factor is not known
/// exactly.
#[must_use]
pub fn pairing(history: &History, question: &Question) -> Option<Pairing> {
    let found = found(history, question);
    let needed = needed(found.ownership.authors.len(), question.coverage_percent);
    let Exact::Found(before) = exact(&found.ownership, needed, WORK_MAX) else { return None };
    let judged: Vec<(usize, Candidate)> = candidates(&found)
        .into_iter()
        .map(|it| {
            let after = after(&found, &it);
            let after = match exact(&after, needed, WORK_MAX / PAIRINGS_MAX as u64) {
                Exact::Found(count) => count,
                // No more than is certain.
                Exact::Between { at_least, .. } => at_least.max(before),
            };
            (after, it)
        })
        .collect();
    let worth = |(after, it): &(usize, Candidate)| (*after, it.begun, it.files);
    let most = judged.iter().map(worth).max()?;
    let as_good = judged.iter().filter(|it| worth(it) == most).count() - 1;
    let (after, best) = judged.iter().find(|it| worth(it) == most)?;
    let single = found.ownership.authors.iter().filter(|it| it.len() == 1).count();
    Some(Pairing {
        folder: shown(best.folder).to_owned(),
        knows: found.names[best.knows].clone(),
        learns: found.names[best.learns].clone(),
        files: best.files,
        begun: best.begun,
        single: (single, single - best.files),
        bus_factor: (before, *after),
        as_good,
    })
}

/// Everybody who has begun on somebody's files of a folder, the furthest first.
fn candidates(found: &Found) -> Vec<Candidate<'_>> {
    let mut files: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let mut begun: BTreeMap<(&str, usize, usize), usize> = BTreeMap::new();
    for (place, authors) in found.ownership.authors.iter().enumerate() {
        let [knows] = authors[..] else { continue };
        let folder = folder(&found.paths[place]);
        *files.entry((folder, knows)).or_default() += 1;
        for learns in found.touched[place].iter().filter(|it| **it != knows) {
            *begun.entry((folder, knows, *learns)).or_default() += 1;
        }
    }
    let mut candidates: Vec<Candidate> = begun
        .into_iter()
        .map(|((folder, knows, learns), begun)| {
            let files = files[&(folder, knows)];
            Candidate { folder, knows, learns, files, begun }
        })
        .collect();
    candidates.sort_by_key(|it| {
        (Reverse((it.begun, it.files)), it.folder.to_owned(), it.knows, it.learns)
    });
    candidates.truncate(PAIRINGS_MAX);
    candidates
}

/// Who is an author of what once the pair has sat together.
fn after(found: &Found, pairing: &Candidate) -> Ownership {
    let mut ownership = found.ownership.clone();
    for (authors, path) in ownership.authors.iter_mut().zip(&found.paths) {
        if authors[..] == [pairing.knows] && folder(path) == pairing.folder {
            authors.push(pairing.learns);
            authors.sort_unstable();
        }
    }
    ownership
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |it| it.0)
}

/// Without the number that tells repositories of one name apart.
fn shown(folder: &str) -> &str {
    match folder.split_once(':') {
        Some((place, rest)) if place.bytes().all(|it| it.is_ascii_digit()) => rest,
        _ => folder,
    }
}
