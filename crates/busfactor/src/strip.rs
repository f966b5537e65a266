//! The same history asked again, with one choice changed at a time.
//!
//! Intuition: a bus factor of 11 that is 2 under another published rule is not a property of a team but
//! of a definition. The strip puts both beside each other, so that a decision rests on what does not
//! move.

use crate::files::Keep;
use crate::history::History;
use crate::identity::{Identity, Merge, is_program};
use crate::measure::{CoAuthors, Measure, Method, Programs, Question, quickly};

/// One changed choice and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// What is different.
    pub change: &'static str,
    /// What it came to.
    pub measure: Measure,
}

/// Every choice changed once, where the change means something for the method.
#[must_use]
pub fn strip(history: &History, base: &Question) -> Vec<Variant> {
    let all_are_people = history.contacts().iter().all(|it| !is_program(it));
    let no_trailers = history.commits.iter().all(|it| it.co_authors.is_empty());
    let means_nothing = |it: &Question| {
        let same_files = history.files.iter().all(|file| base.counts(file) == it.counts(file));
        it == base
            || (it.keep != base.keep && same_files)
            || (it.method == Method::Evidence && it.identity != base.identity)
            || (it.programs != base.programs && all_are_people)
            || (it.identity.mailmap != base.identity.mailmap && history.mailmap.is_empty())
            || (it.method == base.method && it.co_authors != base.co_authors && no_trailers)
    };
    variants(base)
        .into_iter()
        .filter(|(_, it)| !means_nothing(it))
        .map(|(change, it)| Variant { change, measure: quickly(history, &it) })
        .collect()
}

fn variants(base: &Question) -> Vec<(&'static str, Question)> {
    let with = |change: &dyn Fn(&mut Question)| {
        let mut question = base.clone();
        change(&mut question);
        question
    };
    // Another method comes with its own window, identity and credit; files and programs stay.
    let method = |method| Question {
        keep: base.keep,
        only: base.only.clone(),
        without: base.without.clone(),
        programs: base.programs,
        ..Question::of(method)
    };
    let merge = |merge| Identity { merge, ..base.identity };
    let mut variants = vec![];
    // Evidence is not about files: the published methods have nothing to say to it.
    if base.method == Method::Evidence {
        variants.extend([
            ("known from 10 % of a fresh deed", with(&|it| it.share_percent = 10)),
            ("known from 50 % of a fresh deed", with(&|it| it.share_percent = 50)),
        ]);
    } else {
        variants.extend([
            ("method avelino", method(Method::Avelino)),
            ("method avelino, pruned", method(Method::AvelinoPruned)),
            ("method jetbrains", method(Method::JetBrains)),
            ("author above 60 % of the first", with(&|it| it.share_percent = 60)),
            ("author above 90 % of the first", with(&|it| it.share_percent = 90)),
        ]);
    }
    variants.extend([
        ("files: code only", with(&|it| it.keep = Keep::Code)),
        ("files: all", with(&|it| it.keep = Keep::All)),
        ("people: by e-mail or name", with(&|it| it.identity = merge(Merge::EmailOrName))),
        ("people: by e-mail only", with(&|it| it.identity = merge(Merge::Email))),
        ("people: without .mailmap", with(&|it| it.identity.mailmap = false)),
        ("programs counted as people", with(&|it| it.programs = Programs::Counted)),
        ("co-authors credited", with(&|it| it.co_authors = CoAuthors::Credited)),
        ("co-authors ignored", with(&|it| it.co_authors = CoAuthors::Ignored)),
        ("window 365 days", with(&|it| it.window_days = Some(365))),
        ("window 547 days", with(&|it| it.window_days = Some(547))),
        ("window 1095 days", with(&|it| it.window_days = Some(1095))),
        ("window: whole history", with(&|it| it.window_days = None)),
        ("stands still below 60 % of all", with(&|it| it.coverage_percent = 60)),
        ("stands still below 40 % of all", with(&|it| it.coverage_percent = 40)),
    ]);
    if base.decay_days.is_some() {
        variants.extend([
            ("decay 45 days", with(&|it| it.decay_days = Some(45))),
            ("decay 180 days", with(&|it| it.decay_days = Some(180))),
            ("no decay", with(&|it| it.decay_days = None)),
        ]);
    }
    variants
}
