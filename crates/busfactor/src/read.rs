//! Histories as text: the exported form, and what `git log` writes.
//!
//! The exported form is one line per fact, fields divided by tabs: `commit`, hash, time, name, e-mail,
//! then one line per changed file as `git log --name-status` writes it. A second list holds the files of
//! the tree, one per line.
//!
//! What `git` writes is divided by NUL bytes, because file names may contain anything else.

use crate::history::{Change, Commit, Contact};
use model::Timestamp;
use std::collections::BTreeSet;

/// Text that is not a history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A line that is neither a commit nor a change.
    #[error("line {line}: `{text}` is neither a commit nor a change of a file")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What stands there, shortened.
        text: String,
    },
    /// A change before the first commit.
    #[error("line {line}: a change of a file before the first commit")]
    Orphan {
        /// Counted from 1.
        line: usize,
    },
    /// A line that is no evidence.
    #[error(
        "line {line}: `{text}` is not `at,kind,service,person` with one of incident, change, runbook, \
         pairing"
    )]
    Evidence {
        /// Counted from 1.
        line: usize,
        /// What stands there, shortened.
        text: String,
    },
    /// A piece of `git`'s output that this release does not understand.
    #[error("`git log` wrote something unknown: `{text}`")]
    Git {
        /// What stands there, shortened.
        text: String,
    },
}

/// Reads an exported log. Its one time per commit stands for both.
pub fn read_log(text: &str) -> Result<Vec<Commit>, ReadError> {
    let mut commits: Vec<Commit> = vec![];
    for (index, text) in text.lines().enumerate().filter(|(_, it)| !it.is_empty()) {
        let line = index + 1;
        let unknown = || ReadError::Line { line, text: shortened(text) };
        let mut fields = text.split('\t');
        let first = fields.next().unwrap_or_default();
        if first == "commit" {
            let [_, at, name, email] = fields.collect::<Vec<_>>()[..] else {
                return Err(unknown());
            };
            let at = Timestamp::parse_rfc3339(at).ok_or_else(unknown)?;
            commits.push(commit(at, at, contact(name, email)));
        } else {
            let change = change(first, &mut fields).ok_or_else(unknown)?;
            if fields.next().is_some() {
                return Err(unknown());
            }
            commits.last_mut().ok_or(ReadError::Orphan { line })?.changes.push(change);
        }
    }
    Ok(commits)
}

/// Reads a list of files, one per line.
#[must_use]
pub fn read_files(text: &str) -> BTreeSet<String> {
    text.lines().filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

/// Reads `git ls-tree -z`: mode, kind, hash, then a tab and the path. Submodules are no files.
#[must_use]
pub fn files_of_git(bytes: &[u8]) -> BTreeSet<String> {
    let entries = bytes.split(|it| *it == 0).map(|it| String::from_utf8_lossy(it).into_owned());
    entries
        .filter_map(|it| {
            let (about, path) = it.split_once('\t')?;
            about.contains(" blob ").then(|| path.to_owned())
        })
        .collect()
}

/// Reads `git log -z --name-status` with a header of fields divided by the unit separator: hash, time of
/// writing, time of committing, name, e-mail, co-authors divided by the group separator. Each header
/// begins with the record separator.
pub fn read_git(bytes: &[u8]) -> Result<Vec<Commit>, ReadError> {
    let text = String::from_utf8_lossy(bytes);
    let mut commits: Vec<Commit> = vec![];
    let mut tokens = text.split('\0');
    while let Some(token) = tokens.next() {
        let token = token.trim_start_matches('\n');
        let unknown = || ReadError::Git { text: shortened(token) };
        if token.is_empty() {
            continue;
        }
        if let Some(header) = token.strip_prefix('\u{1e}') {
            commits.push(git_commit(header).ok_or_else(unknown)?);
        } else {
            let change = change(token, &mut tokens).ok_or_else(unknown)?;
            commits.last_mut().ok_or_else(unknown)?.changes.push(change);
        }
    }
    Ok(commits)
}

fn git_commit(header: &str) -> Option<Commit> {
    let fields: Vec<&str> = header.split('\u{1f}').collect();
    let [_, authored, committed, name, email, co_authors, ..] = fields[..] else { return None };
    let authored_at = Timestamp::parse_rfc3339(authored)?;
    let committed_at = Timestamp::parse_rfc3339(committed)?;
    let co_authors = co_authors.split('\u{1d}').map(str::trim).filter(|it| !it.is_empty());
    Some(Commit {
        co_authors: co_authors.map(Contact::parse).collect(),
        ..commit(authored_at, committed_at, contact(name, email))
    })
}

/// One change by its status letter; takes one path, or two for renames and copies.
fn change<'a>(status: &str, paths: &mut impl Iterator<Item = &'a str>) -> Option<Change> {
    let letter = status.chars().next()?;
    let first = paths.next().filter(|it| !it.is_empty())?.to_owned();
    match letter {
        'A' => Some(Change::Added(first)),
        'M' | 'T' => Some(Change::Modified(first)),
        'D' => Some(Change::Deleted(first)),
        'R' => Some(Change::Renamed { from: first, to: paths.next()?.to_owned() }),
        'C' => Some(Change::Added(paths.next()?.to_owned())),
        _ => None,
    }
}

fn commit(authored_at: Timestamp, committed_at: Timestamp, author: Contact) -> Commit {
    Commit { authored_at, committed_at, author, co_authors: vec![], changes: vec![] }
}

fn contact(name: &str, email: &str) -> Contact {
    Contact { name: name.trim().to_owned(), email: email.trim().to_owned() }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
