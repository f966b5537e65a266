//! Before it starts: the smallest effect that the weeks to come can show.
//!
//! Intuition: an experiment that cannot find what it is looking for finds nothing, and "nothing was
//! found" is then read as "it did nothing". From the weeks that are there, how much they spread and hang
//! together, follows what so many more will show. A quarter is often too short: better to know before.
//!
//! Complications: a smaller count spreads less but tells less too, so that the size is looked for where
//! effect and error meet under that very effect; a large decrease may not be found at all. The weeks to
//! come are taken to be like the mean of those before, with as many people.
//!
//! The review estimates bursts and correlation anew and never takes them for less than none, so that on
//! average it sees a little more of both than there is; what it will see is what counts here.
//!
//! Invariant: the same regression that will review computes what it can find.

use crate::interrupted::{Method, beside, fitted};
use crate::matrix::{gram, inverse};
use crate::means;
use crate::series::{Better, Kind, Plan, Series, Weeks, widening};
use whatif::number::count;
use whatif::statistics::student;

/// What can be found.
#[derive(Debug, Clone, PartialEq)]
pub struct Detectable {
    /// Of counts the mean a week, of amounts the mean.
    pub before: f64,
    /// Weeks that were seen.
    pub weeks: usize,
    /// How it will be estimated, as far as can be seen now.
    pub method: Method,
    /// As in [`crate::Found`].
    pub dispersion: f64,
    /// As in [`crate::Found`].
    pub correlation: f64,
    /// Per length.
    pub looks: Vec<Look>,
}

/// A review after so many weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Weeks from the start to the review, the transition among them.
    pub weeks: usize,
    /// The smallest effect that is found with the power of the plan: a logarithm of a ratio for counts,
    /// a difference for amounts; none: not even the total disappearance.
    pub smallest: Option<f64>,
}

/// Effects of counts are looked for up to a hundredth, or to a hundred times.
const LOGARITHM_MAX: f64 = 4.605;
const STEPS: u32 = 2_000;

/// What reviews after `lengths` weeks will be able to find.
///
/// # Errors
/// Why nothing can be said about it.
pub fn detectable(
    treated: &Series,
    control: Option<&Series>,
    plan: &Plan,
    better: Better,
    lengths: &[usize],
) -> Result<Detectable, String> {
    let treated = treated.until(plan.start);
    let control = control.map(|it| it.until(plan.start));
    let mut weeks = beside(&treated, control.as_ref(), plan);
    let level = plan.level();
    // Before the change nothing says anything about the change.
    weeks.rows.iter_mut().for_each(|it| it.truncate(level));
    if weeks.freedom() < 2.0 {
        return Err(format!(
            "{} weeks before the change were seen; at least {} are needed to know how weeks differ",
            weeks.values.len(),
            level + 2
        ));
    }
    let fit = fitted(&weeks, &treated, control.as_ref()).ok_or(
        "the weeks before the change are all alike or empty: nothing says how much is luck",
    )?;
    let mean = |it: &Series| {
        let seen: Vec<f64> = it.values.iter().flatten().copied().collect();
        seen.iter().sum::<f64>() / count(seen.len())
    };
    let before = mean(&treated);
    let model = Model {
        plan,
        seen: &weeks.places,
        kind: treated.kind,
        means: (before, control.as_ref().map(mean)),
        dispersion: fit.dispersion,
        correlation: fit.correlation,
    };
    let direction = if better == Better::Lower { -1.0 } else { 1.0 };
    let looks = lengths.iter().map(|weeks| Look {
        weeks: *weeks,
        smallest: model.smallest(plan.start + weeks, direction),
    });
    Ok(Detectable {
        before,
        weeks: weeks.places.len(),
        method: fit.method,
        dispersion: fit.dispersion,
        correlation: fit.correlation,
        looks: looks.collect(),
    })
}

/// What a review will know.
struct Model<'a> {
    plan: &'a Plan,
    seen: &'a [usize],
    kind: Kind,
    means: (f64, Option<f64>),
    dispersion: f64,
    correlation: f64,
}

impl Model<'_> {
    /// The smallest effect that is found when the series ends before `end`.
    fn smallest(&self, end: usize, direction: f64) -> Option<f64> {
        let after = (self.plan.start..end).filter(|it| self.plan.looks_at(*it));
        let places: Vec<usize> = self.seen.iter().copied().chain(after).collect();
        let rows: Vec<Vec<f64>> = places.iter().map(|it| self.plan.row(*it)).collect();
        let reach = |freedom: f64| {
            let plan = self.plan;
            student(f64::midpoint(1.0, plan.confidence), freedom) + student(plan.power, freedom)
        };
        if self.kind == Kind::Mean {
            let freedom = means::planned_freedom(rows.len(), self.plan.terms());
            // Not knowing the correlation costs about what half a standard error more of it would.
            let seen = (self.correlation + 0.5 / count(rows.len()).sqrt()).min(0.95);
            let covariance = means::planned(rows, seen)?;
            let error = covariance[self.plan.level()][self.plan.level()].sqrt() * self.dispersion;
            return Some(direction * reach(freedom) * error);
        }
        let weeks =
            Weeks { values: vec![0.0; rows.len()], exposure: vec![1.0; rows.len()], places, rows };
        let freedom = weeks.freedom();
        if freedom < 1.0 {
            return None;
        }
        let seen = at_least(0.0, self.correlation, 1.0 / count(weeks.rows.len()).sqrt());
        let reach = reach(freedom) * widening(seen.min(0.9));
        (1..=STEPS).map(|it| LOGARITHM_MAX * f64::from(it) / f64::from(STEPS)).find_map(|size| {
            let effect = direction * size;
            (size >= reach * self.error(&weeks, effect, freedom)?).then_some(effect)
        })
    }

    /// Standard error of the level under an effect.
    fn error(&self, weeks: &Weeks, effect: f64, freedom: f64) -> Option<f64> {
        let level = self.plan.level();
        // Pearson's statistic over its degrees of freedom, of variance two over them.
        let seen = |spread: f64| at_least(1.0, spread, spread * (2.0 / freedom).sqrt());
        let weights: Vec<f64> = weeks
            .rows
            .iter()
            .map(|row| {
                let mean = self.means.0 * (effect * row[level]).exp();
                match self.means.1 {
                    None => mean / seen(1.0 + self.dispersion * mean),
                    Some(other) => mean * other / (mean + other) / seen(self.dispersion),
                }
            })
            .collect();
        let (covariance, _) = inverse(&gram(&weeks.rows, &weights))?;
        Some(covariance[level][level].sqrt())
    }
}

/// The mean of a normal number that is never taken for less than `floor`.
fn at_least(floor: f64, mean: f64, deviation: f64) -> f64 {
    let z = (mean - floor) / deviation;
    let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    floor + (mean - floor) * below(z, density) + deviation * density
}

/// The normal distribution (Marsaglia, "Evaluating the normal distribution", 2004).
fn below(z: f64, density: f64) -> f64 {
    if z.abs() > 8.0 {
        return f64::from(u8::from(z > 0.0));
    }
    let (mut term, mut sum, mut k) = (z, z, 1.0);
    while term.abs() > 1e-17 && k < 400.0 {
        k += 2.0;
        term *= z * z / k;
        sum += term;
    }
    0.5 + density * sum
}

#[cfg(test)]
pub(crate) mod tests {
    //! The formula by itself, with spread and correlation that are known.

    use super::{Better, Detectable, Model, Plan, Series};

    /// The smallest effect where spread and correlation are those of `learnt`.
    pub(crate) fn planned(
        treated: &Series,
        control: Option<&Series>,
        plan: &Plan,
        better: Better,
        (learnt, after): (&Detectable, usize),
    ) -> Option<f64> {
        let places: Vec<usize> = (0..plan.start).collect();
        let of = |it: &Series| it.values.iter().flatten().sum::<f64>();
        let times = control.map(|it| of(it) / of(treated));
        let model = Model {
            plan,
            seen: &places,
            kind: treated.kind,
            means: (learnt.before, times.map(|it| it * learnt.before)),
            dispersion: learnt.dispersion,
            correlation: learnt.correlation,
        };
        model.smallest(plan.start + after, if better == Better::Lower { -1.0 } else { 1.0 })
    }
}
