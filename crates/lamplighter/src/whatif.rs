//! `whatif`: ways of working, lived through on the arrivals a file describes.
//!
//! Intuition: a few numbers in, a table and sentences out. Where records lie beside the numbers, the
//! past is foretold first, and without that nothing is compared; where there are none, nothing was
//! calibrated. The first line of every answer says which.
//!
//! Invariants:
//! - all cores are used and the answer does not depend on how many there are;
//! - progress goes to standard error, and only to a terminal.

mod input;
mod json;
mod past;
pub(crate) mod recorded;
mod show;

use crate::cli::Whatif;
use crate::{Answer, YES, no, say, say_json};
use ::whatif::compare::{Replication, Swept, sweep};
use ::whatif::saturation::{DeskLoad, loads};
use ::whatif::world::{Draw, draw, offered};
use ::whatif::{Comparison, Runner};
use input::Question;
use server::Problem;
use std::io::{IsTerminal as _, Write as _};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What stands over every answer until a calibration has been passed.
const UNCALIBRATED: &str = "uncalibrated: what these inputs imply";

/// What stands there afterwards.
const CALIBRATED: &str = "calibrated: the recorded past was foretold under the structure in force";

/// What nothing here can say, whatever the numbers.
const REFUSED: [&str; 6] = [
    "which structure is \"better\": only for whom, in what, at this load",
    "anything about a person, or about culture, trust and pride",
    "what lost focus costs in money",
    "whether arrivals would change with the structure: here they do not, though a shield can suppress \
     reports and somebody at hand can attract them",
    "what happens at a load that is not in the file",
    "that any of this happens to you: nothing here was compared with your records",
];

/// What stands in the place of the last of these once the past was foretold.
const REFUSED_CALIBRATED: &str = "anything that acts only under a structure you never had: your records \
     say nothing about it, and its parameters stay ranges";

impl Findings {
    /// What stands over the answer.
    fn label(&self) -> &'static str {
        if self.question.evidence.is_some() { CALIBRATED } else { UNCALIBRATED }
    }

    /// What is not claimed.
    fn not_claimed(&self) -> Vec<&'static str> {
        let mut all = REFUSED.to_vec();
        if self.question.evidence.is_some() {
            all.pop();
            all.push(REFUSED_CALIBRATED);
        }
        all
    }
}

/// Everything an answer consists of.
struct Findings {
    question: Question,
    swept: Swept,
    /// The same structures with as many people at desks as the one with most.
    equal: Option<(usize, Comparison)>,
    /// Per structure, its desks.
    loads: Vec<Vec<DeskLoad>>,
    items_per_week: f64,
    offered: f64,
}

pub(crate) fn whatif(it: &Whatif) -> Answer {
    let shown = it.file.display();
    let text = std::fs::read_to_string(&it.file).map_err(|error| {
        Problem::negative(format!("could not read {shown}"))
            .detail(error)
            .hint("a file to begin with is in examples/whatif.yaml")
    })?;
    let beside = it.file.parent().unwrap_or(Path::new(""));
    let open = |name: &str| {
        std::fs::read_to_string(beside.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let question = Question::parse(&text, &open).map_err(|error| {
        Problem::negative(format!("{shown} does not describe ways of working"))
            .detail(error)
            .hint("the book explains every field under `Another way of working`")
    })?;
    if let Some(evidence) = question.evidence.as_ref().filter(|it| !it.passed()) {
        if it.form.json {
            say_json(&past::json(evidence));
        } else {
            say(&past::refused(evidence));
        }
        return Ok(no());
    }
    let findings = find(question, &AllCores::new(it.cores))
        .map_err(|error| Problem::negative("could not compare").detail(error))?;
    if it.form.json {
        say_json(&json::json(&findings));
    } else {
        say(&show::show(&findings));
    }
    Ok(YES)
}

fn find(question: Question, runner: &AllCores) -> Result<Findings, String> {
    let experiment = &question.experiment;
    let swept = sweep(experiment, &question.plan, &question.ranges, runner)?;
    let equal = match question.equal_staffing()? {
        None => None,
        Some((staff, structures)) => {
            let mut equal = experiment.clone();
            equal.structures = structures;
            Some((staff, equal.compare(&question.plan, runner)?))
        }
    };
    runner.done();
    let items = draw(
        &experiment.sources,
        experiment.arrivals,
        Draw { seed: experiment.seed, replication: 0 },
    );
    let loads = experiment
        .structures
        .iter()
        .map(|it| {
            let assumptions = &experiment.assumptions;
            loads(&experiment.organisation, &items, it, assumptions, &question.expectation)
        })
        .collect();
    let weeks = ::whatif::number::float(experiment.arrivals.length_ms())
        / ::whatif::number::float(::whatif::number::WEEK_MS);
    let items_per_week = ::whatif::number::count(items.len()) / weeks;
    let offered = offered(&items, experiment.arrivals);
    Ok(Findings { question, swept, equal, loads, items_per_week, offered })
}

/// A thread per core; each takes the next number until none is left.
struct AllCores {
    cores: usize,
    lived: AtomicUsize,
    terminal: bool,
}

impl AllCores {
    fn new(cores: Option<usize>) -> Self {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cores = cores.unwrap_or_else(all).max(1);
        Self { cores, lived: AtomicUsize::new(0), terminal: std::io::stderr().is_terminal() }
    }

    fn progress(&self) {
        let lived = self.lived.fetch_add(1, Ordering::Relaxed) + 1;
        if self.terminal {
            // Whether it can be written or not, the answer is the same.
            let _ = write!(std::io::stderr(), "\r{lived} worlds lived through ");
        }
    }

    fn done(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r{:40}\r", "");
        }
    }
}

impl Runner for AllCores {
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
                mine.push((number, job(number)));
                self.progress();
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
