//! All cores, progress, and an end.
//!
//! Intuition: worlds are independent, so a thread per core takes the next number until none is left.
//! Whoever waits is told how many worlds were lived through; whoever cannot wait for ever says until when.
//!
//! Invariants:
//! - results stand in the order of their numbers, however many threads there were;
//! - past the deadline nothing begins any more and the whole is an error, never half an answer.

use ::whatif::Runner;
use ::whatif::compare::Replication;
use std::io::{IsTerminal as _, Write as _};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A thread per core; each takes the next number until none is left.
pub(super) struct AllCores<'a> {
    cores: usize,
    lived: AtomicUsize,
    /// Told of every world.
    told: Box<dyn Fn(usize) + Sync + 'a>,
    terminal: bool,
    deadline: Option<Instant>,
}

impl<'a> AllCores<'a> {
    /// For the command line: progress on a terminal, no end.
    pub(super) fn on_terminal(cores: Option<usize>) -> Self {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let terminal = std::io::stderr().is_terminal();
        let told = move |lived: usize| {
            if terminal {
                // Whether it can be written or not, the answer is the same.
                let _ = write!(std::io::stderr(), "\r{lived} worlds lived through ");
            }
        };
        Self {
            cores: cores.unwrap_or_else(all).max(1),
            lived: AtomicUsize::new(0),
            told: Box::new(told),
            terminal,
            deadline: None,
        }
    }

    /// Beside other work: one core, until `deadline`.
    pub(super) fn bounded(deadline: Instant, told: impl Fn(usize) + Sync + 'a) -> Self {
        Self {
            cores: 1,
            lived: AtomicUsize::new(0),
            told: Box::new(told),
            terminal: false,
            deadline: Some(deadline),
        }
    }

    /// Sweeps the line of progress away.
    pub(super) fn done(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r{:40}\r", "");
        }
    }

    fn one(&self, number: usize, job: &(dyn Fn(usize) -> Replication + Sync)) -> Replication {
        if self.deadline.is_some_and(|it| Instant::now() >= it) {
            let lived = self.lived.load(Ordering::Relaxed);
            return Err(format!(
                "stopped after {lived} worlds, because the time for it was over: fewer structures, \
                 weeks or replications, or `lamplighter whatif` on a machine of yours"
            ));
        }
        let found = job(number);
        (self.told)(self.lived.fetch_add(1, Ordering::Relaxed) + 1);
        found
    }
}

impl Runner for AllCores<'_> {
    fn run(
        &self,
        jobs: Range<usize>,
        job: &(dyn Fn(usize) -> Replication + Sync),
    ) -> Vec<Replication> {
        let next = AtomicUsize::new(jobs.start);
        let work = || {
            let mut mine = vec![];
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= jobs.end {
                    return mine;
                }
                mine.push((number, self.one(number, job)));
            }
        };
        let mut found: Vec<(usize, Replication)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.cores).map(|_| scope.spawn(work)).collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined
                .flat_map(|it| it.expect("a job that panics is a bug and ends the program"))
                .collect()
        });
        found.sort_by_key(|it| it.0);
        found.into_iter().map(|it| it.1).collect()
    }
}
