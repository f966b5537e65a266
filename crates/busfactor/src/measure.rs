//! One question to a history, and its answer with everything it depends on.

use crate::authorship::{Found, found};
use crate::cover::{Exact, Greedy, Ties, WORK_MAX, exact, greedy, needed, standing};
use crate::files::Keep;
use crate::history::History;
use crate::identity::{Identity, Merge};
use model::Timestamp;

/// How knowledge of a file is taken from its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Avelino et al. 2016, as its tables were published.
    Avelino,
    /// The same, and then people with less than a tenth of the first one's files are dropped, as the
    /// released program does.
    AvelinoPruned,
    /// JetBrains, Bus Factor Explorer 2023, from commits alone.
    JetBrains,
    /// Deeds in operations, fading: our own rule, for services.
    Evidence,
}

/// Whether programs count as people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Programs {
    /// Their commits and trailers are left out and counted.
    LeftOut,
    /// They are people like any other.
    Counted,
}

/// Whether people in `Co-authored-by` trailers are authors too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoAuthors {
    /// They get full credit.
    Credited,
    /// They get none and are counted.
    Ignored,
}

/// Every choice that the number depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// How authors are found.
    pub method: Method,
    /// Which files count.
    pub keep: Keep,
    /// Only files in these folders, or these files; everywhere when empty.
    pub only: Vec<String>,
    /// No files in these folders, nor these files.
    pub without: Vec<String>,
    /// Who is one person.
    pub identity: Identity,
    /// Whether programs are people.
    pub programs: Programs,
    /// Whether co-authors are authors.
    pub co_authors: CoAuthors,
    /// How long before the last commit a commit still counts.
    pub window_days: Option<u32>,
    /// In how many days a change's weight falls to 1/e; for JetBrains and evidence only.
    pub decay_days: Option<u32>,
    /// An author has more than this share of what the file's first author has; for evidence, of one
    /// fresh deed.
    pub share_percent: u8,
    /// Work stands still when fewer than this share of files have an author.
    pub coverage_percent: u8,
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The bus factor; nothing when no file has any history to judge by.
    pub bus_factor: Option<usize>,
    /// How it was found.
    pub by: By,
    /// The smallest set of people, without any pruning.
    pub exact: Exact,
    /// As published: whoever has most files goes first.
    pub greedy: usize,
    /// The same with ties falling the other way.
    pub greedy_other_ties: usize,
    /// After the released program's pruning.
    pub pruned: usize,
    /// How many people stand in smallest sets.
    pub standing: Option<Standing>,
    /// Files that were judged.
    pub files: usize,
    /// Files among them that nobody knows.
    pub files_without_author: usize,
    /// Files that must be without author for the work to stand still.
    pub files_needed: usize,
    /// People of the counted commits, joined.
    pub people: usize,
    /// People who are an author of some file.
    pub authors: usize,
    /// Contacts that `.mailmap` changed.
    pub mapped: usize,
    /// Commits that were counted.
    pub commits: usize,
    /// What was left out.
    pub left_out: LeftOut,
    /// The last commit: windows and ages are counted from here.
    pub ends_at: Option<Timestamp>,
}

/// Which number the bus factor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The smallest set, found exactly.
    Exact,
    /// Greedy: the exact search used up its work.
    Greedy,
    /// Greedy with pruning, which has no exact counterpart.
    Pruned,
}

/// How much a single run says about people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Stand in every smallest set.
    pub in_every: usize,
    /// Stand in at least one.
    pub in_some: usize,
}

/// What did not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Files of the tree, by the filter.
    pub files: usize,
    /// Files that nobody changed within the window.
    pub files_silent: usize,
    /// Commits before the window.
    pub commits_old: usize,
    /// Commits that only programs wrote.
    pub commits_of_programs: usize,
    /// Trailers that name programs.
    pub trailers_of_programs: usize,
    /// Trailers that name people who get no credit.
    pub trailers_of_people: usize,
}

impl Question {
    /// A method with everything as its authors have it; programs and non-code are left out.
    #[must_use]
    pub fn of(method: Method) -> Self {
        let jetbrains = method == Method::JetBrains;
        let evidence = method == Method::Evidence;
        let merge = if jetbrains { Merge::Email } else { Merge::EmailOrName };
        Self {
            method,
            keep: if evidence { Keep::All } else { Keep::Code },
            only: vec![],
            without: vec![],
            identity: Identity { merge, mailmap: true },
            programs: Programs::LeftOut,
            co_authors: if jetbrains { CoAuthors::Credited } else { CoAuthors::Ignored },
            window_days: (jetbrains || evidence).then_some(547),
            decay_days: (jetbrains || evidence).then_some(90),
            share_percent: if evidence { 25 } else { 75 },
            coverage_percent: 50,
        }
    }

    /// Whether a file of the tree counts. Of several repositories, paths begin with theirs.
    pub(crate) fn counts(&self, path: &str) -> bool {
        // `0:name/path`, as `History::together` writes it.
        let path = path.split_once(':').map_or(path, |(place, rest)| {
            let numbered = !place.is_empty() && place.bytes().all(|it| it.is_ascii_digit());
            if numbered { rest.split_once('/').map_or(rest, |it| it.1) } else { path }
        });
        let within = |folder: &String| {
            let folder = folder.trim_end_matches('/');
            path.strip_prefix(folder).is_some_and(|it| it.is_empty() || it.starts_with('/'))
        };
        self.keep.keeps(path)
            && (self.only.is_empty() || self.only.iter().any(within))
            && !self.without.iter().any(within)
    }
}

/// Asks a history.
#[must_use]
pub fn measure(history: &History, question: &Question) -> Measure {
    let found = found(history, question);
    let files_needed = needed(found.ownership.authors.len(), question.coverage_percent);
    let exact = exact(&found.ownership, files_needed, WORK_MAX);
    let standing = match exact {
        Exact::Found(count) => standing(&found.ownership, files_needed, count, WORK_MAX),
        Exact::Between { .. } => None,
    };
    let standing = standing.map(|(in_every, in_some)| Standing { in_every, in_some });
    Measure { standing, ..counted(history, question, &found, exact) }
}

/// The measure without who stands where, which is most of the work and not wanted in a strip.
pub(crate) fn quickly(history: &History, question: &Question) -> Measure {
    let found = found(history, question);
    let files_needed = needed(found.ownership.authors.len(), question.coverage_percent);
    let exact = exact(&found.ownership, files_needed, WORK_MAX / 8);
    counted(history, question, &found, exact)
}

fn counted(history: &History, question: &Question, found: &Found, exact: Exact) -> Measure {
    let Found { ownership, left_out, .. } = found;
    let files = ownership.authors.len();
    let files_needed = needed(files, question.coverage_percent);
    let run: Greedy = greedy(ownership, files_needed, Ties::MoreChangesFirst);
    let other = greedy(ownership, files_needed, Ties::FewerChangesFirst);
    let (by, count) = match (question.method, exact) {
        (Method::AvelinoPruned, _) => (By::Pruned, run.pruned()),
        (_, Exact::Found(count)) => (By::Exact, count),
        (_, Exact::Between { at_most, .. }) => (By::Greedy, at_most),
    };
    let mut is_author = vec![false; ownership.people];
    ownership.authors.iter().flatten().for_each(|it| is_author[*it] = true);
    let authors = is_author.into_iter().filter(|it| *it).count();
    Measure {
        // Nobody known at all is no bus factor of zero: it is no answer.
        bus_factor: (authors > 0).then_some(count),
        by,
        exact,
        greedy: run.count(),
        greedy_other_ties: other.count(),
        pruned: run.pruned(),
        standing: None,
        files,
        files_without_author: ownership.authors.iter().filter(|it| it.is_empty()).count(),
        files_needed,
        people: found.people,
        authors,
        mapped: found.mapped,
        commits: found.commits,
        left_out: *left_out,
        ends_at: history.ends_at(),
    }
}
