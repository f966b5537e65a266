//! Revisions of a promise, derived from one catalogue after the other.
//!
//! Rejected: an event per revision. A catalogue is an event with everything in it, so a second one could only
//! repeat it, or disagree.

use crate::{SignRole, terms};
use model::{Catalogue, Feature, FeatureId, Map, PersonId, Personal, RevisionNote, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Revisions of one feature that are kept in memory; the journal has the others.
pub const REVISIONS_KEPT: usize = 50;
/// Explanations of one revision that are kept in memory.
const GIVEN_KEPT: usize = 10;

/// What a promise was before, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionHistory {
    /// Those in memory.
    pub kept: Vec<Revision>,
}

/// One state of a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Counts from 1.
    pub number: u32,
    /// Since when it is in force.
    pub at: Timestamp,
    /// It was so before, and nobody knows since when.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub earlier: bool,
    /// Which configuration brought it.
    pub catalogue: u64,
    /// What it promises, in the words that are signed.
    pub terms: String,
    /// What is different from the one before; empty for the first.
    pub changes: Vec<TermChange>,
    /// What the file says of it.
    pub claim: Option<Claim>,
    /// What people said of it themselves, oldest first.
    pub given: Vec<Given>,
    /// Who signed it.
    pub signed: BTreeMap<SignRole, (PersonId, Timestamp)>,
}

/// One field that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermChange {
    /// Which: `question`, `objective`, `window`, `needs`, `counts` or `alerts`.
    pub field: String,
    /// What it said.
    pub from: String,
    /// What it says.
    pub to: String,
}

/// What the configuration says of a revision: nobody has checked the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// As written.
    pub note: RevisionNote,
    /// It stood there for an earlier revision already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_old: bool,
}

/// What somebody said of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why it is as it is.
    pub reason: Personal,
    /// What shows that this level is the right one.
    pub evidence: Option<Personal>,
}

impl RevisionHistory {
    /// The one in force.
    #[must_use]
    pub fn newest(&self) -> Option<&Revision> {
        self.kept.last()
    }

    /// What shows that the level in force is the right one, and who says so; nobody: the file.
    /// What was said of an earlier level is no evidence for this one, unless only other things changed.
    #[must_use]
    pub fn evidence(&self) -> Option<(&Personal, Option<&Given>)> {
        let levels = |it: &&Revision| it.changes.iter().any(|it| it.field == "objective");
        let from = self.kept.iter().rposition(|it| levels(&it)).unwrap_or(0);
        self.kept[from..].iter().rev().find_map(|it| {
            let given =
                it.given.iter().rev().find_map(|it| Some((it.evidence.as_ref()?, Some(it))));
            let claimed = || {
                let claim = it.claim.as_ref().filter(|it| !it.is_old)?;
                Some((claim.note.evidence.as_ref()?, None))
            };
            given.or_else(claimed)
        })
    }

    fn push(&mut self, revision: Revision) {
        self.kept.push(revision);
        if self.kept.len() > REVISIONS_KEPT {
            self.kept.remove(0);
        }
    }

    pub(super) fn explained(&mut self, number: u32, given: Given) {
        if let Some(it) = self.kept.iter_mut().find(|it| it.number == number) {
            it.given.push(given);
            if it.given.len() > GIVEN_KEPT {
                it.given.remove(0);
            }
        }
    }

    pub(super) fn signed(&mut self, role: SignRole, by: &PersonId, at: Timestamp) {
        if let Some(it) = self.kept.last_mut() {
            it.signed.insert(role, (by.clone(), at));
        }
    }
}

/// Notes what `next` changes.
pub(super) fn follow(
    revisions: &mut Map<FeatureId, RevisionHistory>,
    before: Option<&Catalogue>,
    next: &Catalogue,
    version: u64,
    at: Timestamp,
) {
    revisions.retain(|id, _| next.features.contains_key(id));
    for (id, feature) in &next.features {
        let old = before.and_then(|it| it.features.get(id));
        let changes = old.map_or(vec![], |it| changes(it, feature));
        let number = revisions.get(id).and_then(RevisionHistory::newest).map_or(0, |it| it.number);
        let base = Revision {
            number: number + 1,
            at,
            earlier: false,
            catalogue: version,
            terms: terms::terms(feature),
            changes: vec![],
            claim: feature.revision.clone().map(|note| Claim { note, is_old: false }),
            given: vec![],
            signed: BTreeMap::new(),
        };
        match (old, number) {
            // In force since before histories were kept.
            (Some(old), 0) => {
                let (words, earlier) = (terms::terms(old), changes.is_empty());
                let note = if earlier { &feature.revision } else { &old.revision };
                let claim = note.clone().map(|note| Claim { note, is_old: false });
                let first = Revision { earlier: true, terms: words, claim, ..base.clone() };
                revisions.get_or_insert_with(id, Default::default).push(first);
                if !earlier {
                    let next = changed(Revision { number: 2, ..base }, old, feature, changes);
                    revisions.get_or_insert_with(id, Default::default).push(next);
                }
            }
            (Some(old), _) if !changes.is_empty() => {
                let next = changed(base, old, feature, changes);
                revisions.get_or_insert_with(id, Default::default).push(next);
            }
            (Some(old), _) => {
                if old.revision != feature.revision
                    && let Some(newest) = revisions.get_mut(id).and_then(|it| it.kept.last_mut())
                {
                    newest.claim = base.claim;
                }
            }
            (None, _) => {
                let history = revisions.get_or_insert_with(id, Default::default);
                // Gone and back again is not known here: a catalogue that leaves it out forgets it.
                history.push(base);
            }
        }
    }
}

fn changed(base: Revision, old: &Feature, next: &Feature, changes: Vec<TermChange>) -> Revision {
    let mut claim = base.claim.clone();
    if let Some(claim) = &mut claim {
        claim.is_old = is_stale(old, next);
    }
    Revision { changes, claim, ..base }
}

/// Whether the promise changed and the reason in the file did not.
pub(super) fn is_stale(old: &Feature, next: &Feature) -> bool {
    next.revision.is_some() && next.revision == old.revision && !changes(old, next).is_empty()
}

/// What is different, field by field.
fn changes(old: &Feature, next: &Feature) -> Vec<TermChange> {
    let pairs = terms::fields(old).into_iter().zip(terms::fields(next));
    pairs
        .filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| TermChange { field: field.to_owned(), from, to })
        .collect()
}
