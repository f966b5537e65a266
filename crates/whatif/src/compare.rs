//! Structures beside each other: the same luck for all, differences with their intervals, no score.
//!
//! Intuition: two structures that lived through the same year differ by what they do, not by what
//! happened to them. So every replication is one world under every structure, and what is looked at
//! is the difference in that world.
//!
//! Complications: many differences are looked at together, so each interval is wider than it would be
//! alone (Bonferroni), and all of them hold at once with the confidence that is asked for.
//! Replications stop when the primary metric is precise enough; looking several times makes that
//! confidence a little smaller than it says, which is why the batches are few.
//!
//! Invariants:
//! - the result does not depend on how many cores computed it: a [`Runner`] returns results in order;
//! - every history is audited; one broken law ends the comparison;
//! - there is no total: a structure is dominated or it is a matter of what one wants.

mod cost;
mod sweep;
mod tornado;

pub use cost::CHOICE_REPLICATIONS;
pub use sweep::{Answer, PARAMETERS, Parameter, Point, Reason, Sweep, Swept, sweep};
pub use tornado::{Bar, End, Standing};

use crate::calendar::Span;
use crate::measure::{Better, METRICS, Measures, Metric, measure};
use crate::number::count;
use crate::simulate;
use crate::statistics::Estimate;
use crate::structure::{Assumptions, Structure};
use crate::world::{Draw, Organisation, Source, draw};
use std::ops::Range;

/// What is compared, and on what.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Who and what there is.
    pub organisation: Organisation,
    /// Where items come from.
    pub sources: Vec<Source>,
    /// When they come.
    pub arrivals: Span,
    /// How long nothing is measured at the beginning.
    pub warm_up_ms: i64,
    /// The structures.
    pub structures: Vec<Structure>,
    /// What nobody measured.
    pub assumptions: Assumptions,
    /// The seed of all worlds.
    pub seed: u64,
}

/// How long to go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// What has to be precise.
    pub primary: Metric,
    /// At least this many replications; two or more.
    pub replications_min: usize,
    /// At most this many.
    pub replications_max: usize,
    /// Half-width of the primary metric's 95 % interval, relative to its mean, that is enough.
    pub relative_half_width: f64,
}

/// What one replication came to: measures per structure, or the law that was broken.
pub type Replication = Result<Vec<Measures>, String>;

/// Runs jobs on as many cores as it likes, and returns their results in the order of the jobs.
pub trait Runner {
    /// Runs `job` for every number of `jobs`.
    fn run(
        &self,
        jobs: Range<usize>,
        job: &(dyn Fn(usize) -> Replication + Sync),
    ) -> Vec<Replication>;
}

/// One job after the other.
#[derive(Debug, Clone, Copy)]
pub struct OneByOne;

impl Runner for OneByOne {
    fn run(
        &self,
        jobs: Range<usize>,
        job: &(dyn Fn(usize) -> Replication + Sync),
    ) -> Vec<Replication> {
        jobs.map(job).collect()
    }
}

/// Structures beside each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How many replications there were.
    pub replications: usize,
    /// Whether the primary metric became as precise as was asked for.
    pub precise: bool,
    /// Per structure, in their order.
    pub rows: Vec<Row>,
    /// Every pair of structures in every metric that has a better direction.
    pub differences: Vec<Difference>,
}

/// One structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// Share of all working time that is spent at desks.
    pub desk_share: f64,
    /// Per metric, in the order of [`METRICS`], with 95 % intervals.
    pub estimates: Vec<Option<Estimate>>,
    /// Which other structure is clearly better at something and at nothing worse, if one is.
    pub dominated_by: Option<usize>,
}

/// A paired difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// In what.
    pub metric: Metric,
    /// Of which structure.
    pub first: usize,
    /// From which.
    pub second: usize,
    /// First minus second; all intervals hold together with 95 %.
    pub estimate: Estimate,
}

impl Difference {
    /// Which of both is better, if the interval says so.
    #[must_use]
    pub fn winner(&self) -> Option<usize> {
        let (better, worse) = match self.metric.better() {
            Better::Lower => (self.first, self.second),
            Better::Higher => (self.second, self.first),
            Better::Neither => return None,
        };
        match self.sign() {
            -1 => Some(better),
            1 => Some(worse),
            _ => None,
        }
    }

    /// -1 if the difference is below zero beyond luck, 1 if it is above, otherwise 0.
    #[must_use]
    pub fn sign(&self) -> i8 {
        i8::from(self.estimate.low() > 0.0) - i8::from(self.estimate.high() < 0.0)
    }
}

/// The confidence of intervals, together or alone.
pub const CONFIDENCE: f64 = 0.95;

impl Experiment {
    /// Lives through replication `number` under every structure.
    pub fn replicate(&self, number: usize) -> Replication {
        let replication = u32::try_from(number).expect("few replications");
        let items = draw(&self.sources, self.arrivals, Draw { seed: self.seed, replication });
        let from_ms = self.organisation.within.from_ms + self.warm_up_ms;
        let live = |structure: &Structure| {
            let history = simulate(&self.organisation, &items, structure, &self.assumptions);
            history
                .audit(&self.organisation, &items, structure)
                .map_err(|it| format!("{}, replication {number}: {it}", structure.name))?;
            let Self { organisation, assumptions, .. } = self;
            Ok(measure(organisation, structure, assumptions, &history, from_ms))
        };
        self.structures.iter().map(live).collect()
    }

    /// Compares the structures, in batches, until `plan` is content.
    ///
    /// # Errors
    /// A structure that does not fit, or the law that a history broke.
    pub fn compare(&self, plan: &Plan, runner: &dyn Runner) -> Result<Comparison, String> {
        for structure in &self.structures {
            structure
                .check(&self.organisation)
                .map_err(|it| format!("structure \"{}\": {it}", structure.name))?;
        }
        let mut runs: Vec<Vec<Measures>> = vec![];
        loop {
            let from = runs.len();
            let to = if from == 0 { plan.replications_min.max(2) } else { from * 2 };
            let to = to.min(plan.replications_max.max(2));
            let job = |it: usize| self.replicate(it);
            for run in runner.run(from..to, &job) {
                runs.push(run?);
            }
            let precise = self.is_precise(plan, &runs);
            if precise || runs.len() >= plan.replications_max {
                return Ok(self.comparison(&runs, precise));
            }
        }
    }

    fn is_precise(&self, plan: &Plan, runs: &[Vec<Measures>]) -> bool {
        (0..self.structures.len()).all(|structure| {
            estimate(runs, |it| it[structure].get(plan.primary)).is_none_or(|it| {
                // What is zero is as precise as it can be.
                it.half_width <= plan.relative_half_width * it.mean.abs()
            })
        })
    }

    fn comparison(&self, runs: &[Vec<Measures>], precise: bool) -> Comparison {
        let differences = self.differences(runs);
        let open_ms: i64 = {
            let Organisation { people, within, .. } = &self.organisation;
            people.iter().map(|it| it.calendar.open_ms(*within)).sum()
        };
        let rows = self.structures.iter().enumerate().map(|(number, structure)| {
            let of = |metric| estimate(runs, |it: &[Measures]| it[number].get(metric));
            let desk_ms = structure.dedicated_ms(&self.organisation);
            Row {
                name: structure.name.clone(),
                desk_share: crate::number::float(desk_ms) / crate::number::float(open_ms.max(1)),
                estimates: METRICS.iter().map(|it| of(*it)).collect(),
                dominated_by: dominator(number, self.structures.len(), &differences),
            }
        });
        Comparison { replications: runs.len(), precise, rows: rows.collect(), differences }
    }

    fn differences(&self, runs: &[Vec<Measures>]) -> Vec<Difference> {
        let structures = self.structures.len();
        let judged = METRICS.into_iter().filter(|it| it.better() != Better::Neither);
        let judged: Vec<Metric> =
            judged.filter(|it| runs.iter().flatten().all(|run| run.get(*it).is_some())).collect();
        let pairs = structures * structures.saturating_sub(1) / 2;
        let confidence = 1.0 - (1.0 - CONFIDENCE) / count((pairs * judged.len()).max(1));
        let mut found = vec![];
        for metric in judged {
            for first in 0..structures {
                for second in first + 1..structures {
                    let value = |run: &[Measures], it: usize| run[it].get(metric);
                    let numbers: Vec<f64> = runs
                        .iter()
                        .filter_map(|it| Some(value(it, first)? - value(it, second)?))
                        .collect();
                    let estimate = Estimate::of(&numbers, confidence);
                    found.push(Difference { metric, first, second, estimate });
                }
            }
        }
        found
    }
}

impl Comparison {
    /// The difference of two structures in `metric`, as first minus second in the order of rows.
    #[must_use]
    pub fn difference(&self, metric: Metric, first: usize, second: usize) -> Option<&Difference> {
        self.differences
            .iter()
            .find(|it| it.metric == metric && it.first == first && it.second == second)
    }

    /// Structures that no other dominates: what remains is what one wants.
    #[must_use]
    pub fn pareto(&self) -> Vec<usize> {
        (0..self.rows.len()).filter(|it| self.rows[*it].dominated_by.is_none()).collect()
    }
}

fn estimate(
    runs: &[Vec<Measures>],
    value: impl Fn(&[Measures]) -> Option<f64>,
) -> Option<Estimate> {
    let numbers: Option<Vec<f64>> = runs.iter().map(|it| value(it)).collect();
    numbers.map(|it| Estimate::of(&it, CONFIDENCE))
}

/// A structure is dominated if another is clearly better in something, and in nothing worse even by
/// its mean. What cannot be told apart does not count against anybody, but a mean that leans the other
/// way keeps a structure in the picture: cautious, since a dominated structure is not looked at again.
fn dominator(structure: usize, structures: usize, differences: &[Difference]) -> Option<usize> {
    (0..structures).filter(|it| *it != structure).find(|other| {
        let mut clear = false;
        for it in differences {
            let pair = (it.first, it.second);
            if pair != (structure, *other) && pair != (*other, structure) {
                continue;
            }
            clear |= it.winner() == Some(*other);
            let leans = if it.first == *other { it.estimate.mean } else { -it.estimate.mean };
            let worse = match it.metric.better() {
                Better::Lower => leans > 0.0,
                Better::Higher => leans < 0.0,
                Better::Neither => false,
            };
            if worse {
                return false;
            }
        }
        clear
    })
}
