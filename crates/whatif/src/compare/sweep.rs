//! What the answer turns on: the comparison again, at both ends of what nobody measured.
//!
//! Intuition: how much slower a stranger is, how often an expert is needed, how long it takes to find
//! back: no record of the past holds these, so any single value would be an opinion. If the ranking is
//! the same at both ends, it does not matter; if not, nobody can tell until it is measured.
//!
//! Complications: parameters are moved one at a time; a ranking that only flips when two move
//! together is not found.
//!
//! Invariant: an answer is given only where every point of the sweep gives the same one beyond luck.

use super::{Comparison, Experiment, Plan, Runner};
use crate::number::{float, whole};
use crate::structure::Assumptions;

/// What nobody measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parameter {
    /// How many times as long a stranger takes (m).
    SlowDown,
    /// How often a stranger needs an expert (l).
    ConsultShare,
    /// How long it takes to find back, in minutes (r).
    ResumptionMinutes,
    /// How long items take, as a multiple of what was given.
    Work,
}

/// Every parameter that is swept.
pub const PARAMETERS: [Parameter; 4] =
    [Parameter::SlowDown, Parameter::ConsultShare, Parameter::ResumptionMinutes, Parameter::Work];

impl Parameter {
    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::SlowDown => "slow-down of a stranger",
            Self::ConsultShare => "share that needs an expert",
            Self::ResumptionMinutes => "minutes to find back",
            Self::Work => "hours per item, times",
        }
    }

    /// Its name in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::SlowDown => "slow_down",
            Self::ConsultShare => "consult_share",
            Self::ResumptionMinutes => "resumption_minutes",
            Self::Work => "work",
        }
    }

    /// The measurement that would settle it.
    #[must_use]
    pub fn settled_by(self) -> &'static str {
        match self {
            Self::SlowDown => {
                "note for four weeks how long items take those who know the component and those \
                 who do not"
            }
            Self::ConsultShare => "count for four weeks how often whoever works on an item asks",
            Self::ResumptionMinutes => {
                "note for two weeks when building stops for an item and when it goes on"
            }
            Self::Work => "note for four weeks how long each item is worked on",
        }
    }

    /// Its value in `assumptions`.
    #[must_use]
    pub fn value(self, assumptions: &Assumptions) -> f64 {
        match self {
            Self::SlowDown => assumptions.slow_down,
            Self::ConsultShare => assumptions.consult_share,
            Self::ResumptionMinutes => float(assumptions.resumption_ms) / 60_000.0,
            Self::Work => 1.0,
        }
    }

    /// Puts `value` into `assumptions`. Does nothing where it is none of them.
    pub(crate) fn assume(self, assumptions: &mut Assumptions, value: f64) {
        match self {
            Self::SlowDown => assumptions.slow_down = value,
            Self::ConsultShare => assumptions.consult_share = value,
            Self::ResumptionMinutes => assumptions.resumption_ms = whole(value * 60_000.0),
            Self::Work => {}
        }
    }

    fn set(self, experiment: &mut Experiment, value: f64) {
        if self == Self::Work {
            for source in &mut experiment.sources {
                source.length = source.length.times(value);
            }
        } else {
            self.assume(&mut experiment.assumptions, value);
        }
    }
}

/// The plausible range of each parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Parameter, lower end, upper end.
    pub ranges: Vec<(Parameter, f64, f64)>,
}

/// The comparison with one parameter moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Which.
    pub parameter: Parameter,
    /// Where to.
    pub value: f64,
    /// What came of it.
    pub comparison: Comparison,
}

/// The comparison, and how much of it stands when parameters move.
#[derive(Debug, Clone, PartialEq)]
pub struct Swept {
    /// As assumed.
    pub base: Comparison,
    /// With one parameter moved at a time.
    pub points: Vec<Point>,
    /// What can be said of every pair in the primary metric.
    pub answers: Vec<Answer>,
}

/// What can be said of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One structure.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// Which is better in the primary metric at every point of the sweep, or why nobody can tell.
    pub better: Result<usize, Vec<Reason>>,
}

/// Why nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// The difference is smaller than the luck of this many replications.
    Luck,
    /// The ranking flips, or is lost in luck, at an end of a plausible range.
    TurnsOn {
        /// Of which parameter.
        parameter: Parameter,
        /// At which end.
        value: f64,
        /// Near which value it flips, if it flips.
        flips_near: Option<f64>,
    },
}

/// Compares as assumed and at every end of `ranges`.
///
/// # Errors
/// What [`Experiment::compare`] returns.
pub fn sweep(
    experiment: &Experiment,
    plan: &Plan,
    ranges: &Sweep,
    runner: &dyn Runner,
) -> Result<Swept, String> {
    let base = experiment.compare(plan, runner)?;
    // Every point gets as many replications as the base: the same worlds, hence comparable luck.
    let same =
        Plan { replications_min: base.replications, replications_max: base.replications, ..*plan };
    let mut points = vec![];
    for (parameter, low, high) in &ranges.ranges {
        for value in [*low, *high] {
            let mut moved = experiment.clone();
            parameter.set(&mut moved, value);
            let comparison = moved.compare(&same, runner)?;
            points.push(Point { parameter: *parameter, value, comparison });
        }
    }
    let mut answers = vec![];
    for first in 0..base.rows.len() {
        for second in first + 1..base.rows.len() {
            let pair = Pair { first, second, plan: &same, experiment, runner };
            answers.push(Answer { first, second, better: pair.answer(&base, &points)? });
        }
    }
    Ok(Swept { base, points, answers })
}

/// How often a range is halved in search of the value at which a ranking flips.
const HALVINGS: usize = 6;

struct Pair<'a> {
    first: usize,
    second: usize,
    plan: &'a Plan,
    experiment: &'a Experiment,
    runner: &'a dyn Runner,
}

impl Pair<'_> {
    fn answer(
        &self,
        base: &Comparison,
        points: &[Point],
    ) -> Result<Result<usize, Vec<Reason>>, String> {
        let difference =
            |it: &Comparison| it.difference(self.plan.primary, self.first, self.second).copied();
        let here = difference(base);
        let Some((here, winner)) = here.and_then(|it| Some((it, it.winner()?))) else {
            return Ok(Err(self.in_luck(points)?));
        };
        let mut reasons = vec![];
        for Point { parameter, value, comparison } in points {
            let there = difference(comparison);
            if there.and_then(|it| it.winner()) == Some(winner) {
                continue;
            }
            let flips = there.is_some_and(|it| it.estimate.mean * here.estimate.mean < 0.0);
            let from = parameter.value(&self.experiment.assumptions);
            let flips_near = if flips {
                Some(self.flip(*parameter, (from, here.estimate.mean), *value)?)
            } else {
                None
            };
            reasons.push(Reason::TurnsOn { parameter: *parameter, value: *value, flips_near });
        }
        Ok(if reasons.is_empty() { Ok(winner) } else { Err(reasons) })
    }

    /// As assumed the two are equal but for luck; where both ends of a range are sure of themselves and
    /// contradict each other, the ranking flips in between.
    fn in_luck(&self, points: &[Point]) -> Result<Vec<Reason>, String> {
        let mut reasons = vec![Reason::Luck];
        for ends in points.chunks(2) {
            let [low, high] = ends else { continue };
            let sure = |it: &Point| {
                let it = it.comparison.difference(self.plan.primary, self.first, self.second)?;
                Some((it.estimate.mean, it.winner()?))
            };
            let (Some(one), Some(other)) = (sure(low), sure(high)) else { continue };
            if one.1 != other.1 {
                let parameter = low.parameter;
                let flips_near = Some(self.flip(parameter, (low.value, one.0), high.value)?);
                reasons.push(Reason::TurnsOn { parameter, value: high.value, flips_near });
            }
        }
        Ok(reasons)
    }

    /// The value between `from` and `to` at which the mean difference changes its sign. Halved, not
    /// drawn as a line: waits grow without bound near saturation.
    fn flip(&self, parameter: Parameter, from: (f64, f64), to: f64) -> Result<f64, String> {
        let (mut same, mut other) = (from.0, to);
        let mut pair = self.experiment.clone();
        pair.structures =
            [self.first, self.second].map(|it| self.experiment.structures[it].clone()).to_vec();
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(same, other);
            let mut moved = pair.clone();
            parameter.set(&mut moved, middle);
            let found = moved.compare(self.plan, self.runner)?;
            let difference = found.difference(self.plan.primary, 0, 1);
            if difference.is_some_and(|it| it.estimate.mean * from.1 > 0.0) {
                same = middle;
            } else {
                other = middle;
            }
        }
        Ok(f64::midpoint(same, other))
    }
}
