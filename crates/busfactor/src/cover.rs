//! The smallest set of people without whom too many files have no author: greedy and exact.
//!
//! Intuition: a file is lost when *all* of its authors are gone, so the question is which few people
//! contain the author sets of many files. Greedy, as published, removes whoever has most files, over and
//! over. That need not be smallest: two people who share everything are worthless to it one by one.
//!
//! The exact number is found by branch and bound. Bound: share every file's weight equally among its
//! authors who are still undecided; a set of people can gain at most the sum of their shares, so the
//! largest `k` shares bound what `k` people can do. Files of one author make the bound exact, and most
//! files are such. Among people who only have files of their own the one with more is never the worse
//! choice, so they are not tried in every order.
//!
//! The search is bounded by work, not by time: the same input gives the same answer everywhere. When the
//! work is used up the answer is an interval, and says so.

use crate::authorship::Ownership;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most work of one search, in author sets looked at.
pub const WORK_MAX: u64 = 40_000_000;

/// Which of several people with equally many files and changes greedy removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// More changes first, then the lower number.
    MoreChangesFirst,
    /// Fewer changes first, then the higher number.
    FewerChangesFirst,
}

/// One greedy run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greedy {
    /// How many files each removed person was an author of, in the order of removal.
    pub files_of_removed: Vec<u32>,
    /// How often somebody else had equally many files.
    pub ties: usize,
}

/// What the exact search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exact {
    /// The smallest number of people.
    Found(usize),
    /// The work was used up.
    Between {
        /// No fewer people suffice.
        at_least: usize,
        /// So many suffice.
        at_most: usize,
    },
}

/// How many files must be without author for the work to stand still: more than
/// `100 − coverage_percent` of them.
pub(crate) fn needed(files: usize, coverage_percent: u8) -> usize {
    files * usize::from(100 - coverage_percent.min(100)) / 100 + 1
}

/// Removes whoever has most files until at least `needed` files have no author.
#[must_use]
pub fn greedy(ownership: &Ownership, needed: usize, ties: Ties) -> Greedy {
    let mut count = vec![0_u32; ownership.people];
    for person in ownership.authors.iter().flatten() {
        count[*person] += 1;
    }
    let mut order: Vec<usize> = (0..ownership.people).filter(|it| count[*it] > 0).collect();
    let changes = |it: usize| ownership.changes.get(it).copied().unwrap_or(0);
    order.sort_by_key(|it| match ties {
        Ties::MoreChangesFirst => (Reverse(count[*it]), u32::MAX - changes(*it), *it),
        Ties::FewerChangesFirst => (Reverse(count[*it]), changes(*it), usize::MAX - *it),
    });
    let mut files_of = vec![vec![]; ownership.people];
    for (file, authors) in ownership.authors.iter().enumerate() {
        for person in authors {
            files_of[*person].push(file);
        }
    }
    let mut left: Vec<usize> = ownership.authors.iter().map(Vec::len).collect();
    let mut lost = left.iter().filter(|it| **it == 0).count();
    let mut greedy = Greedy { files_of_removed: vec![], ties: 0 };
    for (place, person) in order.iter().enumerate() {
        if lost >= needed {
            break;
        }
        for file in &files_of[*person] {
            left[*file] -= 1;
            lost += usize::from(left[*file] == 0);
        }
        if order.get(place + 1).is_some_and(|it| count[*it] == count[*person]) {
            greedy.ties += 1;
        }
        greedy.files_of_removed.push(count[*person]);
    }
    greedy
}

impl Greedy {
    /// How many people were removed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.files_of_removed.len()
    }

    /// How many are left after the published program's pruning: those with at least a tenth of the files
    /// of the one who has most.
    #[must_use]
    pub fn pruned(&self) -> usize {
        let most = self.files_of_removed.iter().copied().max().unwrap_or(0);
        self.files_of_removed.iter().filter(|it| **it * 10 >= most).count()
    }
}

/// The smallest number of people without whom at least `needed` files have no author.
#[must_use]
pub fn exact(ownership: &Ownership, needed: usize, work_max: u64) -> Exact {
    let at_most = greedy(ownership, needed, Ties::MoreChangesFirst)
        .count()
        .min(greedy(ownership, needed, Ties::FewerChangesFirst).count());
    let mut search = Search::new(ownership, needed, work_max);
    for count in 0..at_most {
        match search.suffices(count, &State::all_open(&search)) {
            Some(true) => return Exact::Found(count),
            Some(false) => {}
            None => return Exact::Between { at_least: count, at_most },
        }
    }
    Exact::Found(at_most)
}

/// How many people stand in every smallest set, and in at least one, when `count` is the smallest
/// number. Nothing when the work is used up.
#[must_use]
pub fn standing(
    ownership: &Ownership,
    needed: usize,
    count: usize,
    work_max: u64,
) -> Option<(usize, usize)> {
    let mut search = Search::new(ownership, needed, work_max);
    let (mut in_every, mut in_some) = (0, 0);
    for person in 0..search.people {
        if search.sets_of[person].is_empty() || count == 0 {
            continue;
        }
        let mut without = State::all_open(&search);
        without.exclude(&search, person);
        in_every += usize::from(!search.suffices(count, &without)?);
        let mut with = State::all_open(&search);
        with.include(&search, person);
        in_some += usize::from(search.suffices(count - 1, &with)?);
    }
    Some((in_every, in_some))
}

/// Files with the same authors, together.
struct AuthorSet {
    people: Vec<usize>,
    files: u64,
}

/// Shares are counted in these parts of a file: the least common multiple of 1 to 16.
const PARTS: u64 = 720_720;

struct Search {
    people: usize,
    sets: Vec<AuthorSet>,
    /// In which author sets a person stands.
    sets_of: Vec<Vec<usize>>,
    /// Files that must lose their authors, beyond those that have none.
    needed: u64,
    work_left: u64,
}

/// Where a search stands: who is chosen, who is out, who is open.
#[derive(Clone)]
struct State {
    /// Undecided people of every author set; nothing when one of them is out.
    open: Vec<Option<u32>>,
    decided: Vec<bool>,
    gained: u64,
}

/// What an open person can bring.
struct Offer {
    person: usize,
    parts: u64,
    /// Every file of theirs that can still be lost needs only them.
    alone: bool,
}

impl Search {
    fn new(ownership: &Ownership, needed: usize, work_max: u64) -> Self {
        let mut files: BTreeMap<&[usize], u64> = BTreeMap::new();
        let mut lost = 0;
        for authors in &ownership.authors {
            if authors.is_empty() {
                lost += 1;
            } else {
                *files.entry(authors).or_default() += 1;
            }
        }
        let sets: Vec<AuthorSet> = files
            .into_iter()
            .map(|(people, files)| AuthorSet { people: people.to_vec(), files })
            .collect();
        let mut sets_of = vec![vec![]; ownership.people];
        for (place, set) in sets.iter().enumerate() {
            for person in &set.people {
                sets_of[*person].push(place);
            }
        }
        let needed = (needed as u64).saturating_sub(lost);
        Self { people: ownership.people, sets, sets_of, needed, work_left: work_max }
    }

    /// Whether `count` more people suffice from here; nothing when the work is used up.
    fn suffices(&mut self, count: usize, from: &State) -> Option<bool> {
        let mut state = from.clone();
        loop {
            if state.gained >= self.needed {
                return Some(true);
            }
            let work = (self.sets.len() + self.people) as u64;
            self.work_left = self.work_left.checked_sub(work)?;
            let offers = state.offers(self);
            let reach: u64 = offers.iter().take(count).map(|it| it.parts).sum();
            if count == 0 || state.gained + reach / PARTS < self.needed {
                return Some(false);
            }
            let best = offers.first().expect("somebody has files, or the reach would not suffice");
            let mut with = state.clone();
            with.include(self, best.person);
            if self.suffices(count - 1, &with)? {
                return Some(true);
            }
            state.exclude(self, best.person);
            // Whoever only has files of their own, and not more than this one, can be exchanged for
            // this one in any set: without this one they need not be tried.
            for offer in offers.iter().skip(1).filter(|it| best.alone && it.alone) {
                state.exclude(self, offer.person);
            }
        }
    }
}

impl State {
    fn all_open(search: &Search) -> Self {
        let open =
            search.sets.iter().map(|it| u32::try_from(it.people.len()).ok()).collect::<Vec<_>>();
        Self { open, decided: vec![false; search.people], gained: 0 }
    }

    fn include(&mut self, search: &Search, person: usize) {
        self.decided[person] = true;
        for set in &search.sets_of[person] {
            if let Some(open) = &mut self.open[*set] {
                *open -= 1;
                if *open == 0 {
                    self.gained += search.sets[*set].files;
                }
            }
        }
    }

    fn exclude(&mut self, search: &Search, person: usize) {
        self.decided[person] = true;
        for set in &search.sets_of[person] {
            self.open[*set] = None;
        }
    }

    /// What everybody undecided can bring, most first.
    fn offers(&self, search: &Search) -> Vec<Offer> {
        let mut offers = vec![];
        for person in (0..search.people).filter(|it| !self.decided[*it]) {
            let mut offer = Offer { person, parts: 0, alone: true };
            for set in &search.sets_of[person] {
                let Some(open) = self.open[*set].filter(|it| *it > 0) else { continue };
                // Rounded up: the bound must never be too low.
                offer.parts += (search.sets[*set].files * PARTS).div_ceil(u64::from(open));
                offer.alone &= open == 1;
            }
            if offer.parts > 0 {
                offers.push(offer);
            }
        }
        offers.sort_by_key(|it| (Reverse(it.parts), it.person));
        offers
    }
}
