//! What an answer depends on, the most decisive first; and what the answer is.
//!
//! Intuition: a bar per thing nobody measured, from the difference at one end of its range to the
//! difference at the other. Bars that cross zero carry the ranking with them; the others do not matter
//! however long anybody argues about them.
//!
//! Complications: bars are paired differences with their own intervals, and one parameter moves at a
//! time. Whoever is ahead is whoever no answer puts behind another; that may be several, and then the
//! answer is that nobody can tell between them.
//!
//! Invariant: nothing is computed again here. Everything comes from a [`Swept`].

use super::{Comparison, Parameter, Reason, Row, Swept};
use crate::measure::{Better, Metric};
use crate::statistics::Estimate;

/// One parameter and what moving it does to a difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Which parameter.
    pub parameter: Parameter,
    /// At the lower end of its range.
    pub low: End,
    /// At the upper end.
    pub high: End,
    /// Near which value the ranking flips, if it does on the way to an end.
    pub flips_near: Option<f64>,
}

/// An end of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    /// The value of the parameter.
    pub value: f64,
    /// First minus second there.
    pub difference: Estimate,
}

impl Bar {
    /// How far the difference moves from one end to the other.
    #[must_use]
    pub fn swing(&self) -> f64 {
        (self.high.difference.mean - self.low.difference.mean).abs()
    }
}

/// Who is ahead in the primary metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Those that no answer puts behind another, the best mean first. One: that is the answer.
    pub ahead: Vec<usize>,
    /// The others, the best mean first.
    pub behind: Vec<usize>,
}

impl Standing {
    /// The only one ahead, if there is only one; `None`: cannot tell.
    #[must_use]
    pub fn winner(&self) -> Option<usize> {
        if let [it] = self.ahead[..] { Some(it) } else { None }
    }

    /// The two whose difference decides: the first two, those ahead before those behind.
    #[must_use]
    pub fn closest(&self) -> Option<(usize, usize)> {
        let mut all = self.ahead.iter().chain(&self.behind);
        let (one, other) = (*all.next()?, *all.next()?);
        Some((one.min(other), one.max(other)))
    }
}

impl Swept {
    /// Who is ahead in `metric`, which is the one the answers are about.
    #[must_use]
    pub fn standing(&self, metric: Metric) -> Standing {
        let beaten = |it: &usize| {
            let about = |answer: &&super::Answer| answer.first == *it || answer.second == *it;
            let mut answers = self.answers.iter().filter(about);
            answers.any(|answer| answer.better.as_ref().is_ok_and(|winner| winner != it))
        };
        let mut all: Vec<usize> = (0..self.base.rows.len()).collect();
        all.sort_by(|one, other| {
            let [one, other] = [one, other].map(|it| merit(&self.base.rows[*it], metric));
            one.total_cmp(&other)
        });
        let (behind, ahead) = all.into_iter().partition(beaten);
        Standing { ahead, behind }
    }

    /// What the difference of two structures depends on, the most decisive parameter first.
    #[must_use]
    pub fn tornado(&self, metric: Metric, first: usize, second: usize) -> Vec<Bar> {
        let at = |it: &Comparison| it.difference(metric, first, second).map(|it| it.estimate);
        let mut bars: Vec<Bar> = vec![];
        for pair in self.points.chunks(2) {
            let [low, high] = pair else { continue };
            let ends = [low, high]
                .map(|it| Some(End { value: it.value, difference: at(&it.comparison)? }));
            let [Some(one), Some(other)] = ends else { continue };
            let flips_near = self.flips_near(low.parameter, first, second);
            bars.push(Bar { parameter: low.parameter, low: one, high: other, flips_near });
        }
        bars.sort_by(|one, other| other.swing().total_cmp(&one.swing()));
        bars
    }

    fn flips_near(&self, parameter: Parameter, first: usize, second: usize) -> Option<f64> {
        let answer = self.answers.iter().find(|it| (it.first, it.second) == (first, second))?;
        answer.better.as_ref().err()?.iter().find_map(|it| match it {
            Reason::TurnsOn { parameter: of, flips_near, .. } if *of == parameter => *flips_near,
            _ => None,
        })
    }
}

/// Smaller is better; what was not measured comes last.
fn merit(row: &Row, metric: Metric) -> f64 {
    let mean = row.estimates[metric as usize].map(|it| it.mean);
    match metric.better() {
        Better::Higher => mean.map_or(f64::INFINITY, |it| -it),
        Better::Lower | Better::Neither => mean.unwrap_or(f64::INFINITY),
    }
}
