//! How many people have to leave before half of the files have nobody who knows them.
//!
//! Intuition: a history says who added and changed which file; a *method* turns that into authors per
//! file; the bus factor is the size of the smallest set of people without whom more than half of the
//! files have no author left. The published methods approximate that set greedily; it is small enough
//! to be found exactly, and both numbers stand side by side.
//!
//! Complications: the number depends on choices that are easily left unsaid: which files count, who is
//! one person, whether programs are people, how old a change may be, where the threshold lies, how a tie
//! falls. Every [`Measure`] therefore carries its [`Question`] and what was left out, and [`strip`]
//! asks the same history with one choice changed at a time.
//!
//! Services are asked about in the same way, with deeds in operations in place of changes of files.
//!
//! Alternative not taken: a list of "key people". A greedy run is one of many equally good answers, and
//! a ranking of people is not what the number is for: only how many stand in *every* smallest set, and
//! in some, is told. Names stand in one [`Pairing`] only, for whoever asks for it.
//!
//! Invariants:
//! - the exact number is never above the greedy one;
//! - the same history and question give the same measure: ties fall by a written rule;
//! - nothing that was left out is left out silently: it is counted.

mod authorship;
mod cover;
mod coverage;
mod evidence;
mod files;
mod history;
mod identity;
mod measure;
mod pairing;
mod read;
mod strip;

#[cfg(test)]
mod tests;

pub use authorship::Ownership;
pub use cover::{Exact, Greedy, Ties, WORK_MAX, exact, greedy, standing};
pub use coverage::{ServicePairing, WEEK_MINUTES, WeeklyHours, service_pairing, uncovered};
pub use evidence::{Kind, known_by, read_evidence};
pub use files::{Keep, is_code};
pub use history::{Change, Commit, Contact, History};
pub use identity::{Identity, Merge, is_program};
pub use measure::{By, CoAuthors, LeftOut, Measure, Method, Programs, Question, Standing, measure};
pub use pairing::{PAIRINGS_MAX, Pairing, pairing};
pub use read::{ReadError, files_of_git, read_files, read_git, read_log};
pub use strip::{Variant, strip};
