//! Ways of working tried on the server: one at a time, bounded in time, beside the pager.
//!
//! Intuition: somebody fills in a form, a thread works on it, and whoever looks sees how far it is. What
//! is computed, and how its report looks, is the program's; here is only the queue of one and the memory
//! of the last few.
//!
//! Complications: this is the server that calls people at night. A trial has one thread and
//! [`TRIAL_MS_MAX`]; while one runs no other begins. Nothing of it is kept in the journal, so reports are
//! gone after a restart: whoever wants to keep one saves it, it is one file.
//!
//! Invariants:
//! - at most one trial runs, and at most [`TRIALS_MAX`] are remembered;
//! - a trial that panics is a trial that failed, nothing more.

use model::PersonId;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use worklog::Worklog;

/// How long one trial may run.
pub const TRIAL_MS_MAX: u64 = 60_000;
/// How many are remembered.
pub const TRIALS_MAX: usize = 8;

/// What tries: the text of a file of `whatif`, what the journal holds where it asks for that, how long it may take, and whom to tell how many worlds
/// were lived through. Gives a report as HTML, or what was wrong.
type Try = dyn Fn(&str, Option<&Worklog>, Duration, &(dyn Fn(usize) + Sync)) -> Result<String, String>
    + Send
    + Sync;

/// How ways of working are tried; handed in by the program.
#[derive(Clone)]
pub struct Trial(Arc<Try>);

impl Trial {
    /// With `run` doing the work.
    pub fn new(
        run: impl Fn(
            &str,
            Option<&Worklog>,
            Duration,
            &(dyn Fn(usize) + Sync),
        ) -> Result<String, String>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(run))
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trial")
    }
}

/// Where the last trials stand.
pub struct Trials {
    run: Trial,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    next: u64,
    all: VecDeque<Arc<Tried>>,
}

/// One trial.
pub(crate) struct Tried {
    pub(crate) number: u64,
    /// Who asked: for them and nobody else.
    pub(crate) by: PersonId,
    /// Worlds lived through.
    lived: AtomicUsize,
    /// The report, or what was wrong; none while it runs.
    ended: Mutex<Option<Result<String, String>>>,
}

impl Tried {
    pub(crate) fn lived(&self) -> usize {
        self.lived.load(Ordering::Relaxed)
    }

    pub(crate) fn ended(&self) -> Option<Result<String, String>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_running(&self) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// A trial runs already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl Trials {
    /// None tried yet.
    #[must_use]
    pub fn new(run: Trial) -> Self {
        Self { run, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of `by`, the newest first.
    pub(crate) fn of(&self, by: &PersonId) -> Vec<Arc<Tried>> {
        self.known().all.iter().rev().filter(|it| it.by == *by).cloned().collect()
    }

    /// One of `by`.
    pub(crate) fn get(&self, by: &PersonId, number: u64) -> Option<Arc<Tried>> {
        self.known().all.iter().find(|it| it.by == *by && it.number == number).cloned()
    }

    /// Begins to try `text`, unless another is being tried.
    pub(crate) fn begin(
        &self,
        by: PersonId,
        text: String,
        own: Option<Worklog>,
    ) -> Result<Arc<Tried>, Busy> {
        let mut known = self.known();
        if known.all.iter().any(|it| it.is_running()) {
            return Err(Busy);
        }
        known.next += 1;
        let tried = Arc::new(Tried {
            number: known.next,
            by,
            lived: AtomicUsize::new(0),
            ended: Mutex::default(),
        });
        known.all.push_back(Arc::clone(&tried));
        if known.all.len() > TRIALS_MAX {
            known.all.pop_front();
        }
        drop(known);
        let (run, it) = (self.run.clone(), Arc::clone(&tried));
        // A thread of its own: computing for a minute would hold up the tasks that answer requests.
        std::thread::spawn(move || {
            let told = |lived: usize| it.lived.store(lived, Ordering::Relaxed);
            let most = Duration::from_millis(TRIAL_MS_MAX);
            let ended =
                catch_unwind(AssertUnwindSafe(|| (run.0)(&text, own.as_ref(), most, &told)));
            let ended = ended.unwrap_or_else(|_| {
                tracing::error!("a trial of ways of working panicked");
                Err("it failed; the log of the server says where".to_owned())
            });
            *it.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        });
        Ok(tried)
    }
}

#[cfg(test)]
pub(crate) mod tests;
