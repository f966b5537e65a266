//! `experiment`: a change in how people work, designed before it starts and reviewed at its date.
//!
//! Intuition: one file says what is expected, in which number, and which other numbers must not suffer.
//! `design` says what the weeks to come can show and gives the plan a fingerprint; `review` looks once,
//! and ends with what cannot be concluded.
//!
//! Invariants:
//! - a design looks at nothing after the start;
//! - a review before its date is refused unless it is asked for by name.

mod input;
mod show;

use crate::cli::{Experiment, ExperimentCommand, ExperimentFile};
use crate::{Answer, YES, say, say_json};
use ::experiments::{
    Better, Change, Detectable, Doubt, Found, Kind, Series, Shift, before_and_after, detectable,
    doubts, estimate, pre_trend,
};
use input::{Aim, Study};
use server::Problem;
use std::path::Path;

pub(crate) fn experiment(it: &Experiment) -> Answer {
    match &it.command {
        ExperimentCommand::Example => say(include_str!("../../../examples/experiment.yaml")),
        ExperimentCommand::Design(file) => {
            let study = read(file)?;
            let design = design(&study)?;
            if file.form.json {
                say_json(&show::design_json(&study, &design));
            } else {
                say(&show::design(&study, &design));
            }
        }
        ExperimentCommand::Review(review) => {
            let study = read(&review.file)?;
            let early = study.end_ms < study.review_ms;
            if early && !review.early {
                return Err(Problem::negative(format!(
                    "the records end on {}, before the review on {}",
                    show::day(study.end_ms),
                    show::day(study.review_ms)
                ))
                .detail("who looks every week finds something sooner or later, whether it is there or not")
                .hint("wait for the date, or ask with --early and read the answer as what it is"));
            }
            let reviewed = reviewed(&study, early)?;
            if review.file.form.json {
                say_json(&show::review_json(&study, &reviewed));
            } else {
                say(&show::review(&study, &reviewed));
            }
        }
    }
    Ok(YES)
}

fn read(it: &ExperimentFile) -> Result<Study, Problem> {
    let shown = it.file.display();
    let text = std::fs::read_to_string(&it.file).map_err(|error| {
        Problem::negative(format!("could not read {shown}"))
            .detail(error)
            .hint("`lamplighter experiment example` prints a file to begin with")
    })?;
    let beside = it.file.parent().unwrap_or(Path::new(""));
    let open = |name: &str| {
        std::fs::read_to_string(beside.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    Study::parse(&text, &open).map_err(|error| {
        Problem::negative(format!("{shown} does not describe an experiment")).detail(error).hint(
            "`lamplighter experiment example` prints one that does, with what its fields mean",
        )
    })
}

/// What can be found in the primary metric and, in the other direction, in each guard.
struct Designed {
    primary: Detectable,
    guards: Vec<Result<Detectable, String>>,
}

/// Weeks after which a review might look; that of the plan is added.
const LENGTHS: [usize; 5] = [4, 8, 13, 26, 52];

fn design(study: &Study) -> Result<Designed, Problem> {
    let mut lengths: Vec<usize> = LENGTHS.to_vec();
    lengths.push(study.weeks_to_review());
    lengths.retain(|it| *it > study.plan.transition);
    lengths.sort_unstable();
    lengths.dedup();
    let of = |aim: &Aim, better: Better| {
        detectable(&aim.treated, aim.control.as_ref(), &study.plan, better, &lengths)
    };
    let primary = of(&study.primary, study.primary.better)
        .map_err(|it| Problem::negative("could not say what can be found").detail(it))?;
    let guards = study.guards.iter().map(|it| of(it, worse(it.better))).collect();
    Ok(Designed { primary, guards })
}

fn worse(better: Better) -> Better {
    if better == Better::Lower { Better::Higher } else { Better::Lower }
}

/// What a review comes to.
struct Reviewed {
    primary: Found,
    /// Drift before the change: of the series, or against the other team.
    before: Option<Change>,
    guards: Vec<Result<Found, String>>,
    shifts: Vec<Shift>,
    doubts: Vec<Doubt>,
}

/// So much of the work has to be of another kind to be mentioned as a doubt.
const MOVED_MIN: f64 = 0.1;

fn reviewed(study: &Study, early: bool) -> Result<Reviewed, Problem> {
    let until = study.plan.start + study.weeks_to_review();
    let cut = |it: &Series| it.until(until);
    let found = |aim: &Aim| {
        estimate(&cut(&aim.treated), aim.control.as_ref().map(cut).as_ref(), &study.plan)
    };
    let primary = found(&study.primary)
        .map_err(|it| Problem::negative("could not review the experiment").detail(it))?;
    let guards: Vec<Result<Found, String>> = study.guards.iter().map(found).collect();
    let (treated, control) = (cut(&study.primary.treated), study.primary.control.as_ref().map(cut));
    let mut all = vec![];
    if primary.level.sign() == 0 && primary.at_end.is_none_or(|it| it.sign() == 0) {
        all.push(Doubt::Luck);
    }
    all.extend(doubts(&treated, control.as_ref(), &study.plan, study.primary.better));
    let grown = |it: &(f64, f64)| (it.1 - it.0).abs() > MOVED_MIN * it.0;
    all.extend(study.people.filter(grown).map(|(before, after)| Doubt::People(before, after)));
    let (shifts, moved) = before_and_after(&study.kinds.0, &study.kinds.1);
    if moved > MOVED_MIN {
        all.push(Doubt::Composition(moved));
    }
    for (aim, found) in study.guards.iter().zip(&guards) {
        match found {
            Err(_) => all.push(Doubt::Unguarded(aim.name.clone())),
            Ok(found) if suffers(aim, found) => all.push(Doubt::Guard(aim.name.clone())),
            Ok(_) => {}
        }
    }
    if early {
        all.push(Doubt::Early);
    }
    match &study.registered {
        None => all.push(Doubt::Unregistered),
        Some(it) if *it != study.fingerprint() => all.push(Doubt::Altered),
        Some(_) => {}
    }
    let before = pre_trend(&treated, control.as_ref(), &study.plan);
    Ok(Reviewed { primary, before, guards, shifts, doubts: all })
}

/// Whether the interval of a guard reaches beyond what is tolerated.
fn suffers(aim: &Aim, found: &Found) -> bool {
    let tolerated = match found.kind {
        Kind::Count => (1.0 + aim.tolerated).ln(),
        Kind::Mean => aim.tolerated * found.before.abs(),
    };
    match aim.better {
        Better::Lower => found.level.high > tolerated,
        Better::Higher => found.level.low < -tolerated,
    }
}
