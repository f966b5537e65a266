//! From a history to the authors of every file.
//!
//! Avelino et al. (ICPC 2016), as their program does it:
//! `DOA = 3.293 + 1.098·FA + 0.164·DL − 0.321·ln(1 + AC)`, where FA is 1 for everybody who ever added
//! the file, DL counts a person's modifications and renames of it, AC everybody else's. An author has
//! more than three quarters of the file's highest DOA, and either DOA ≥ 3.293 or FA.
//!
//! JetBrains (Jabrayilzade et al., ICSE-SEIP 2022; Bus Factor Explorer, ASE 2023), as coded, without
//! reviews and meetings: a change weighs `exp(−days / 90)`, commits older than 547 days do not count,
//! `A = 3·O + C + 2.4·ln(1 + C_all) − 2.4·ln(1 + C_all − C)`, where C sums a person's weights and O is
//! the heaviest single change, for its author only. An author has A ≥ 0.001 and more than three quarters
//! of the file's highest. A rename moves the weights and gives none.
//!
//! Renames are followed from the end backwards: a file's past stands under its former names.

use crate::history::{Change, Commit, History};
use crate::identity::{People, is_program};
use crate::measure::{CoAuthors, LeftOut, Method, Programs, Question};
use std::collections::{BTreeMap, BTreeSet};

/// Least share of a file's highest DOA that takes no further condition, as published.
const AUTHOR_DOA_MIN: f64 = 3.293;
/// Least authorship of a major contributor, as published.
const MAJOR_MIN: f64 = 0.001;
const DAY_MS: i64 = 86_400_000;

/// Who knows which file, by numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// How many people there are; authors are numbers below.
    pub people: usize,
    /// Authors of every file that counts, ascending; none when nobody is left who knows it.
    pub authors: Vec<Vec<usize>>,
    /// How many changes each person made, for ties.
    pub changes: Vec<u32>,
}

/// The ownership of a history, and how it came about.
pub(crate) struct Found {
    pub(crate) ownership: Ownership,
    /// Path of every file, beside `ownership.authors`.
    pub(crate) paths: Vec<String>,
    /// Everybody who did something to the file, author or not.
    pub(crate) touched: Vec<Vec<usize>>,
    /// What people are called.
    pub(crate) names: Vec<String>,
    pub(crate) left_out: LeftOut,
    /// Commits that were counted.
    pub(crate) commits: usize,
    /// People of counted commits, joined.
    pub(crate) people: usize,
    /// Contacts that `.mailmap` changed.
    pub(crate) mapped: usize,
}

/// What one person did to one file.
#[derive(Default)]
struct Deeds {
    added: bool,
    changed: u32,
    weight: f64,
}

#[derive(Default)]
struct File {
    deeds: BTreeMap<usize, Deeds>,
    /// The heaviest change and whose it was.
    heaviest: Option<(f64, usize)>,
}

pub(crate) fn found(history: &History, question: &Question) -> Found {
    let people = People::of(history, question.identity);
    let kept: BTreeSet<&String> = history.files.iter().filter(|it| question.counts(it)).collect();
    let mut left_out =
        LeftOut { files: history.files.len() - kept.len(), files_silent: 0, ..LeftOut::default() };
    let mut walk = Walk::new(history, question, &kept);
    let mut changes = vec![0; people.count];
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut commits = 0;
    for commit in &history.commits {
        if walk.too_old(commit) {
            left_out.commits_old += 1;
            continue;
        }
        let Some(credited) = credited(commit, question, &mut left_out) else {
            // Nobody is credited, but a file that a program renamed keeps its past.
            walk.take(commit, &[]);
            continue;
        };
        commits += 1;
        let credited: Vec<usize> = credited.into_iter().map(|it| people.number(it)).collect();
        let touched = u32::try_from(commit.changes.len()).unwrap_or(u32::MAX);
        seen.extend(&credited);
        for person in &credited {
            changes[*person] = u32::saturating_add(changes[*person], touched);
        }
        walk.take(commit, &credited);
    }
    let (mut authors, mut paths, mut touched) = (vec![], vec![], vec![]);
    for (path, file) in walk.files {
        if question.method == Method::JetBrains && file.deeds.is_empty() {
            left_out.files_silent += 1;
            continue;
        }
        paths.push(path.to_owned());
        touched.push(file.deeds.keys().copied().collect());
        authors.push(match question.method {
            Method::Avelino | Method::AvelinoPruned => avelino(&file, question.share_percent),
            Method::JetBrains => jetbrains(&file, question.share_percent),
            Method::Evidence => evidence(&file, question.share_percent),
        });
    }
    let ownership = Ownership { people: people.count, authors, changes };
    let (names, mapped) = (people.names, people.mapped);
    Found { ownership, paths, touched, names, left_out, commits, people: seen.len(), mapped }
}

/// The people a commit counts for; nobody when only programs wrote it.
fn credited<'a>(
    commit: &'a Commit,
    question: &Question,
    left_out: &mut LeftOut,
) -> Option<Vec<&'a crate::Contact>> {
    let mut credited = vec![];
    let counts = |it| question.programs == Programs::Counted || !is_program(it);
    for it in &commit.co_authors {
        if !counts(it) {
            left_out.trailers_of_programs += 1;
        } else if question.co_authors == CoAuthors::Credited {
            credited.push(it);
        } else {
            left_out.trailers_of_people += 1;
        }
    }
    if counts(&commit.author) {
        credited.push(&commit.author);
    } else if credited.is_empty() {
        left_out.commits_of_programs += 1;
    }
    (!credited.is_empty()).then_some(credited)
}

/// The way back through the history.
struct Walk<'a> {
    question: &'a Question,
    ends_ms: i64,
    /// The file at the end that a path was at this point of the way.
    now: BTreeMap<&'a str, &'a str>,
    files: BTreeMap<&'a str, File>,
}

impl<'a> Walk<'a> {
    fn new(history: &History, question: &'a Question, kept: &BTreeSet<&'a String>) -> Self {
        Self {
            question,
            ends_ms: history.ends_at().map_or(0, |it| it.0),
            now: kept.iter().map(|it| (it.as_str(), it.as_str())).collect(),
            files: kept.iter().map(|it| (it.as_str(), File::default())).collect(),
        }
    }

    fn too_old(&self, commit: &Commit) -> bool {
        let window = self.question.window_days.map(|it| i64::from(it) * DAY_MS);
        window.is_some_and(|it| commit.committed_at.0 < self.ends_ms - it)
    }

    /// A change's weight: one, or less the older it is.
    fn weight(&self, commit: &Commit) -> f64 {
        let Some(decay) = self.question.decay_days else { return 1.0 };
        let days = (self.ends_ms - commit.authored_at.0).max(0) / DAY_MS;
        let days = u32::try_from(days).unwrap_or(u32::MAX);
        (-f64::from(days) / f64::from(decay)).exp()
    }

    fn take(&mut self, commit: &'a Commit, credited: &[usize]) {
        let weight = self.weight(commit);
        for change in &commit.changes {
            let (path, from) = match change {
                Change::Added(path) | Change::Modified(path) => (path, None),
                Change::Renamed { from, to } => (to, Some(from)),
                Change::Deleted(_) => continue,
            };
            let Some(file) = self.now.get(path.as_str()).copied() else { continue };
            if let Some(from) = from {
                self.now.insert(from, file);
                if self.question.method == Method::JetBrains {
                    continue;
                }
            }
            let file = self.files.get_mut(file).expect("what a path leads to is a file");
            for person in credited {
                let deeds = file.deeds.entry(*person).or_default();
                deeds.weight += weight;
                match change {
                    Change::Added(_) => deeds.added = true,
                    _ => deeds.changed += 1,
                }
                // Among equally heavy changes the oldest counts, and the author before co-authors.
                if file.heaviest.is_none_or(|it| weight >= it.0) {
                    file.heaviest = Some((weight, *person));
                }
            }
        }
    }
}

/// Authors by Avelino et al.
fn avelino(file: &File, share_percent: u8) -> Vec<usize> {
    let all: u32 = file.deeds.values().map(|it| it.changed).sum();
    let doa = |it: &Deeds| {
        let first = if it.added { 1.098 } else { 0.0 };
        let others = f64::from(all - it.changed);
        3.293 + first + 0.164 * f64::from(it.changed) - 0.321 * (1.0 + others).ln()
    };
    let highest = file.deeds.values().map(doa).fold(f64::MIN, f64::max);
    let authors = file.deeds.iter().filter(|(_, it)| {
        let enough = doa(it) >= AUTHOR_DOA_MIN || it.added;
        doa(it) / highest > share(share_percent) && enough
    });
    authors.map(|(person, _)| *person).collect()
}

/// Major contributors by JetBrains.
fn jetbrains(file: &File, share_percent: u8) -> Vec<usize> {
    let all: f64 = file.deeds.values().map(|it| it.weight).sum();
    let authorship = |person: usize, it: &Deeds| {
        let first = file.heaviest.filter(|it| it.1 == person).map_or(0.0, |it| it.0);
        let others = (all - it.weight).max(0.0);
        3.0 * first + it.weight + 2.4 * (1.0 + all).ln() - 2.4 * (1.0 + others).ln()
    };
    let highest =
        file.deeds.iter().map(|(person, it)| authorship(*person, it)).fold(f64::MIN, f64::max);
    let major = file.deeds.iter().filter(|(person, it)| {
        let authorship = authorship(**person, it);
        authorship >= MAJOR_MIN && authorship / highest > share(share_percent)
    });
    major.map(|(person, _)| *person).collect()
}

/// Whoever's faded deeds sum to more than a share of a fresh one.
fn evidence(file: &File, share_percent: u8) -> Vec<usize> {
    let known = file.deeds.iter().filter(|(_, it)| it.weight > share(share_percent));
    known.map(|(person, _)| *person).collect()
}

fn share(percent: u8) -> f64 {
    f64::from(percent) / 100.0
}
