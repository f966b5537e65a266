//! Who knows which service, from operations rather than code.
//!
//! Intuition: somebody who has resolved incidents of a service, changed it in production, written its
//! runbook or sat with somebody who did, knows something about it, for a while. Each such deed fades;
//! whoever's deeds still sum to a quarter of a fresh one knows the service: one deed of the last four
//! months, or several older ones. Then services take the place of files, and the same smallest set
//! answers the same question.
//!
//! This rule is our own. Nothing published says how much a deed is worth, so no kind weighs more than
//! another, and the strip moves threshold and fading. The method for files would not do: it gives the
//! latest single change triple weight, so that of two people who resolved incidents on two days in a row
//! only one would know the service.
//!
//! The form is comma-separated lines `at,kind,service,person` below such a heading; a pairing is one
//! line for each of the two.

use crate::authorship::found;
use crate::history::{Change, Commit, Contact, History};
use crate::measure::Question;
use crate::read::ReadError;
use model::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What counts as knowing a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An incident was resolved.
    Incident,
    /// A change was made in production.
    Change,
    /// A runbook was written.
    Runbook,
    /// Two people worked on it together.
    Pairing,
    /// They say so themselves: the configuration names the skill.
    Skill,
}

impl Kind {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Change => "change",
            Self::Runbook => "runbook",
            Self::Pairing => "pairing",
            Self::Skill => "skill",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Incident, Self::Change, Self::Runbook, Self::Pairing, Self::Skill];
        all.into_iter().find(|it| it.as_str() == text)
    }
}

/// Reads evidence as a history whose files are services, and counts it by kind. What came after `until`
/// is left out, and so are services that nobody had touched by then.
pub fn read_evidence(
    text: &str,
    until: Option<Timestamp>,
) -> Result<(History, BTreeMap<Kind, usize>), ReadError> {
    let mut history = History::default();
    let mut kinds = BTreeMap::new();
    let lines = text.lines().enumerate().filter(|(_, it)| !it.trim().is_empty());
    for (index, text) in lines {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        if index == 0 && fields == ["at", "kind", "service", "person"] {
            continue;
        }
        let unknown =
            || ReadError::Evidence { line: index + 1, text: text.chars().take(60).collect() };
        let [at, kind, service, person] = fields[..] else { return Err(unknown()) };
        let at = Timestamp::parse_rfc3339(at).ok_or_else(unknown)?;
        let kind = Kind::parse(kind).ok_or_else(unknown)?;
        if service.is_empty() || person.is_empty() {
            return Err(unknown());
        }
        if until.is_some_and(|it| at > it) {
            continue;
        }
        *kinds.entry(kind).or_default() += 1;
        history.files.insert(service.to_owned());
        history.commits.push(Commit {
            authored_at: at,
            committed_at: at,
            author: Contact { name: person.to_owned(), email: String::new() },
            co_authors: vec![],
            changes: vec![Change::Modified(service.to_owned())],
        });
    }
    history.commits.sort_by_key(|it| Reverse(it.committed_at));
    Ok((history, kinds))
}

/// How many people know each file or service that was judged; those that nobody touched within the
/// window are not in it.
#[must_use]
pub fn known_by(history: &History, question: &Question) -> BTreeMap<String, usize> {
    let found = found(history, question);
    found.paths.into_iter().zip(found.ownership.authors.iter().map(Vec::len)).collect()
}
