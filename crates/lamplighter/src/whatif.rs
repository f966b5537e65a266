//! `whatif`: ways of working, lived through on the arrivals a file describes.
//!
//! Intuition: a few numbers in, a table and sentences out. Where records lie beside the numbers, the
//! past is foretold first, and without that nothing is compared; where there are none, nothing was
//! calibrated. The first line of every answer says which.
//!
//! Invariants:
//! - all cores are used and the answer does not depend on how many there are;
//! - progress goes to standard error, and only to a terminal.

mod cores;
mod eras;
pub(crate) mod input;
mod json;
mod past;
pub(crate) mod recorded;
mod report;
mod rules;
mod show;
mod ways;
mod words;

use crate::cli::{Whatif, WhatifExample};
use crate::records::{Origin, question};
use crate::{Answer, YES, no, say, say_json};
use ::whatif::compare::{Swept, sweep};
use ::whatif::measure::Metric;
use ::whatif::saturation::{DeskLoad, loads};
use ::whatif::world::{Draw, draw, offered};
use ::whatif::{Comparison, Plan};
use cores::AllCores;
use input::Question;
use recorded::Reads;
use server::Problem;
use std::path::Path;
use std::time::Instant;

/// What stands over every answer until a calibration has been passed.
const UNCALIBRATED: &str = "uncalibrated: what these inputs imply";

/// What stands there afterwards.
const CALIBRATED: &str = "calibrated: the recorded past was foretold under the structure in force";

/// What nothing here can say, whatever the numbers.
const REFUSED: [&str; 5] = [
    "which structure is \"better\": only for whom, in what, at this load",
    "anything about a person, or about culture, trust and pride",
    "what lost focus costs in money",
    "whether arrivals would change with the structure: here they do not, though a shield can suppress \
     reports and somebody at hand can attract them",
    "what happens at a load that is not in the file",
];

/// What stands beside it where nothing was recorded.
const REFUSED_UNCALIBRATED: &str =
    "that any of this happens to you: nothing here was compared with your records";

/// What stands there once the past was foretold.
const REFUSED_CALIBRATED: &str = "anything that acts only under a structure you never had: your records \
     say nothing about it, and its parameters stay ranges";

impl Findings {
    /// What stands over the answer.
    fn label(&self) -> &'static str {
        if self.question.evidence.is_some() { CALIBRATED } else { UNCALIBRATED }
    }

    /// What is not claimed.
    fn not_claimed(&self) -> Vec<&'static str> {
        let calibrated = self.question.evidence.is_some();
        let mut all = REFUSED.to_vec();
        all.push(if calibrated { REFUSED_CALIBRATED } else { REFUSED_UNCALIBRATED });
        all
    }
}

/// Everything an answer consists of.
struct Findings {
    question: Question,
    swept: Swept,
    /// The same structures with as many people at desks as the one with most.
    equal: Option<(usize, Comparison)>,
    /// The same structures with staff that leaves about as many hours for building, and how many.
    same_cost: Option<(f64, Comparison)>,
    /// Per structure, its desks.
    loads: Vec<Vec<DeskLoad>>,
    items_per_week: f64,
    offered: f64,
}

pub(crate) fn whatif(it: &Whatif) -> Answer {
    if let Some(which) = it.example {
        say(example(which));
        return Ok(YES);
    }
    let question = asked(it)?;
    if let Some(evidence) = question.evidence.as_ref().filter(|it| !it.passed()) {
        if let Some(file) = &it.report {
            write_report(file, &report::refusal(&question, evidence))?;
        }
        if it.form.json {
            say_json(&past::json(evidence));
        } else {
            say(&past::refused(evidence));
        }
        return Ok(no());
    }
    let findings = find(question, &AllCores::on_terminal(it.cores))
        .map_err(|error| Problem::negative("could not compare").detail(error))?;
    if let Some(file) = &it.report {
        write_report(file, &report::report(&findings))?;
    }
    if it.form.json {
        say_json(&json::json(&findings));
    } else {
        say(&show::show(&findings));
    }
    Ok(YES)
}

/// A file to begin with, for whoever has the program and nothing else.
fn example(which: WhatifExample) -> &'static str {
    match which {
        WhatifExample::Question => include_str!("../../../examples/whatif.yaml"),
        WhatifExample::Records => include_str!("../../../examples/whatif-records.yaml"),
        WhatifExample::Structures => include_str!("../../../examples/structures.yaml"),
    }
}

/// The question of a file, of a journal, or of a file about a journal.
fn asked(it: &Whatif) -> Result<Question, Problem> {
    let instead = it.history.journal.as_deref();
    let org = it.history.org.as_deref();
    // Read once, whoever asks for it.
    let log = instead.map(|at| Origin { at, org }.read()).transpose()?;
    let (shown, text) = match (&it.file, &log) {
        (Some(file), _) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Problem::negative(format!("could not read {}", file.display()))
                    .detail(error)
                    .hint("`lamplighter whatif --example question` prints a file to begin with")
            });
            (file.display().to_string(), text?)
        }
        (None, Some(log)) => {
            let at = instead.unwrap_or_default();
            (format!("the journal in {at}"), question(log, at))
        }
        (None, None) => (String::new(), String::new()),
    };
    let beside = it.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let open = |name: &str| {
        std::fs::read_to_string(beside.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let journal = |name: &str| {
        if let Some(log) = &log {
            return Ok(log.clone());
        }
        let at = if name.contains("://") {
            name.to_owned()
        } else {
            beside.join(name).to_string_lossy().into_owned()
        };
        Origin { at: &at, org }.read().map_err(|it| it.to_string())
    };
    let own = it.structure.iter().map(|file| {
        let shown = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            Problem::negative(format!("could not read {shown}"))
                .detail(error)
                .hint("`lamplighter whatif --example structures` prints some to begin with")
        })?;
        Ok::<_, Problem>((shown, text))
    });
    let own: Vec<(String, String)> = own.collect::<Result<_, _>>()?;
    let reads = Reads { file: &open, journal: &journal, instead, structures: &own };
    Question::parse(&text, &reads).map_err(|error| {
        let problem = Problem::negative(format!("{shown} does not describe ways of working"));
        if text.contains("# <- ") {
            return problem.detail(error).hint("it is a draft: change every line below a mark `<-`");
        }
        problem.detail(error).hint("`lamplighter whatif --example question` prints one that does, with what its fields mean")
    })
}

/// What the server tries: no files, one core, and an end.
pub(crate) fn trial() -> server::Trial {
    server::Trial::new(|text, own, most, told| {
        let deadline = Instant::now() + most;
        let open = |_: &str| Err("files cannot be read on a server: use the command".to_owned());
        let journal = |name: &str| match own {
            Some(own) if name == "own" => Ok(own.clone()),
            _ => Err("on a server there is only its own: write `journal: own`".to_owned()),
        };
        let reads = Reads { file: &open, journal: &journal, instead: None, structures: &[] };
        let question = Question::parse(text, &reads)?;
        if let Some(evidence) = question.evidence.as_ref().filter(|it| !it.passed()) {
            return Ok(report::refusal(&question, evidence));
        }
        find(question, &AllCores::bounded(deadline, told)).map(|it| report::report(&it))
    })
}

fn write_report(file: &Path, text: &str) -> Result<(), Problem> {
    std::fs::write(file, text).map_err(|error| {
        Problem::negative(format!("could not write {}", file.display()))
            .detail(error)
            .hint("name a file in a folder that exists; a browser opens it and prints it as PDF")
    })
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
    let same_cost = same_cost(&question, &swept, runner)?;
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
    Ok(Findings { question, swept, equal, same_cost, loads, items_per_week, offered })
}

/// Everybody as expensive as the most expensive structure: the one that leaves least for building.
fn same_cost(
    question: &Question,
    swept: &Swept,
    runner: &AllCores,
) -> Result<Option<(f64, Comparison)>, String> {
    let Some(candidates) = question.candidates()? else { return Ok(None) };
    let building =
        swept.base.rows.iter().filter_map(|it| it.estimates[Metric::RoadmapHours as usize]);
    let Some(least) = building.map(|it| it.mean).min_by(f64::total_cmp) else { return Ok(None) };
    let experiment = &question.experiment;
    let mut equal = experiment.clone();
    equal.structures = experiment.nearest_in_cost(&candidates, least, runner)?;
    let replications = swept.base.replications;
    let plan =
        Plan { replications_min: replications, replications_max: replications, ..question.plan };
    Ok(Some((least, equal.compare(&plan, runner)?)))
}
