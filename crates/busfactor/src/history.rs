//! A history as every source of it is brought into: commits, the files at the end, names that are one.

use model::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A name and an e-mail address as a commit carries them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The address, without brackets.
    pub email: String,
}

/// What a commit did to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The file is new, also as a copy.
    Added(String),
    /// Its content or its kind changed.
    Modified(String),
    /// It went away; that makes nobody its author.
    Deleted(String),
    /// It has another name, perhaps with changes.
    Renamed {
        /// The name before.
        from: String,
        /// The name after.
        to: String,
    },
}

/// One commit that is no merge; a merge has no changes of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// When it was written.
    pub authored_at: Timestamp,
    /// When it was put into this history; an exported log knows only the other.
    pub committed_at: Timestamp,
    /// Who wrote it.
    pub author: Contact,
    /// Who is named in its `Co-authored-by` trailers.
    pub co_authors: Vec<Contact>,
    /// What it did.
    pub changes: Vec<Change>,
}

/// A repository up to an instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// What people call it.
    pub name: String,
    /// Newest first: no commit before one that builds on it.
    pub commits: Vec<Commit>,
    /// The files of the tree at the end.
    pub files: BTreeSet<String>,
    /// What `.mailmap` says about contacts, where it says something.
    pub mailmap: BTreeMap<Contact, Contact>,
}

impl Contact {
    /// Reads `Name <address>`; without brackets everything is the name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (name, rest) = text.split_once('<').unwrap_or((text, ""));
        let email = rest.split('>').next().unwrap_or_default();
        Self { name: name.trim().to_owned(), email: email.trim().to_owned() }
    }
}

impl History {
    /// The newest commit's time, which windows and ages are measured from.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.commits.iter().map(|it| it.committed_at).max()
    }

    /// Without what came after `at`. The list of files is not changed: it belongs to the log.
    #[must_use]
    pub fn until(mut self, at: Timestamp) -> Self {
        self.commits.retain(|it| it.committed_at <= at);
        self
    }

    /// Several repositories as one: files carry their repository's name, people are the same people.
    #[must_use]
    pub fn together(histories: &[Self]) -> Self {
        let mut whole = Self { name: "together".to_owned(), ..Self::default() };
        for (place, it) in histories.iter().enumerate() {
            let named = |path: &String| format!("{place}:{}/{path}", it.name);
            whole.files.extend(it.files.iter().map(named));
            whole.mailmap.extend(it.mailmap.clone());
            whole.commits.extend(it.commits.iter().map(|commit| {
                let changes = commit.changes.iter().map(|change| change.renamed(&named));
                Commit { changes: changes.collect(), ..commit.clone() }
            }));
        }
        whole
    }

    /// Every contact that wrote or co-wrote something.
    #[must_use]
    pub fn contacts(&self) -> BTreeSet<Contact> {
        self.commits
            .iter()
            .flat_map(|it| it.co_authors.iter().chain([&it.author]))
            .cloned()
            .collect()
    }
}

impl Change {
    fn renamed(&self, named: &impl Fn(&String) -> String) -> Self {
        match self {
            Self::Added(path) => Self::Added(named(path)),
            Self::Modified(path) => Self::Modified(named(path)),
            Self::Deleted(path) => Self::Deleted(named(path)),
            Self::Renamed { from, to } => Self::Renamed { from: named(from), to: named(to) },
        }
    }
}
