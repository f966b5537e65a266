//! What is looked at: a number a week, and the plan that was made for it.
//!
//! Invariant: a week that was not seen is absent, never 0.

use whatif::number::{count, float};

/// What kind of number a week has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// How many there were: pages, interruptions.
    Count,
    /// A measured amount: hours of waiting, hours of building.
    Mean,
}

/// Which direction would be better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less.
    Lower,
    /// More.
    Higher,
}

/// What the change is expected to do; stated beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impact {
    /// It moves the level at once.
    Level,
    /// It moves the level at once, and afterwards the direction as well.
    LevelAndSlope,
}

/// A number a week.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its kind.
    pub kind: Kind,
    /// Per week, where it was seen.
    pub values: Vec<Option<f64>>,
    /// Per week, how many people or weeks of work it is a count of; 1 where that is not told.
    pub exposure: Vec<f64>,
}

impl Series {
    /// Without exposure.
    #[must_use]
    pub fn of(kind: Kind, values: Vec<Option<f64>>) -> Self {
        let exposure = vec![1.0; values.len()];
        Self { kind, values, exposure }
    }

    /// The first `weeks` of it.
    #[must_use]
    pub fn until(&self, weeks: usize) -> Self {
        let weeks = weeks.min(self.values.len());
        Self {
            kind: self.kind,
            values: self.values[..weeks].to_vec(),
            exposure: self.exposure[..weeks].to_vec(),
        }
    }
}

/// What was decided beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Which week is the first under the change, counted from the first of the series.
    pub start: usize,
    /// How many weeks from then on are left out, because everybody was still learning.
    pub transition: usize,
    /// Whether a drift that was there before is taken out.
    pub trend: bool,
    /// What the change is expected to do.
    pub impact: Impact,
    /// How often an interval holds, such as 0.95.
    pub confidence: f64,
    /// How often an effect of the smallest size is to be found, such as 0.8.
    pub power: f64,
}

impl Plan {
    /// The usual error rates, with a drift taken out.
    #[must_use]
    pub fn usual(start: usize) -> Self {
        Self {
            start,
            transition: 0,
            trend: true,
            impact: Impact::Level,
            confidence: 0.95,
            power: 0.8,
        }
    }

    /// Which regressor of a row is the level change.
    #[must_use]
    pub fn level(&self) -> usize {
        1 + usize::from(self.trend)
    }

    /// Regressors of a week: 1; weeks since the change, where a drift is taken out; whether the change
    /// is in force; and weeks since it where it is, which begin with zero.
    #[must_use]
    pub fn row(&self, week: usize) -> Vec<f64> {
        let since = count(week) - count(self.start);
        let after = f64::from(u8::from(week >= self.start));
        let mut row = vec![1.0];
        row.extend(self.trend.then_some(since));
        row.push(after);
        row.extend((self.impact == Impact::LevelAndSlope).then_some(since * after));
        row
    }

    /// How many regressors there are.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.row(0).len()
    }

    /// Whether a week is looked at.
    #[must_use]
    pub fn looks_at(&self, week: usize) -> bool {
        week < self.start || week >= self.start + self.transition
    }
}

/// Weeks that were seen and are looked at, with their rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Weeks {
    /// Their places in the series.
    pub places: Vec<usize>,
    /// Their regressors.
    pub rows: Vec<Vec<f64>>,
    /// Their numbers.
    pub values: Vec<f64>,
    /// Their exposures.
    pub exposure: Vec<f64>,
}

impl Weeks {
    /// The weeks of `series` that `plan` looks at.
    #[must_use]
    pub fn of(series: &Series, plan: &Plan) -> Self {
        let mut weeks = Self { places: vec![], rows: vec![], values: vec![], exposure: vec![] };
        for (week, value) in series.values.iter().enumerate() {
            let exposure = series.exposure[week];
            let Some(value) = value.filter(|_| plan.looks_at(week) && exposure > 0.0) else {
                continue;
            };
            weeks.places.push(week);
            weeks.rows.push(plan.row(week));
            weeks.values.push(value);
            weeks.exposure.push(exposure);
        }
        weeks
    }

    /// How many are before the change, and how many after.
    #[must_use]
    pub fn sides(&self, plan: &Plan) -> (usize, usize) {
        let before = self.places.iter().filter(|it| **it < plan.start).count();
        (before, self.places.len() - before)
    }

    /// Weeks less regressors: what is left to judge luck by.
    #[must_use]
    pub fn freedom(&self) -> f64 {
        let terms = self.rows.first().map_or(0, Vec::len);
        count(self.values.len()) - count(terms)
    }
}

/// Lag-one correlation of `residuals`, corrected by what fitting takes away from it; from 0 to 0.9.
/// Where nothing is correlated its expectation is about minus regressors over weeks.
#[must_use]
pub(crate) fn correlation(residuals: &[f64], terms: usize) -> f64 {
    let squares: f64 = residuals.iter().map(|it| it * it).sum();
    if squares <= 0.0 || residuals.len() < 3 {
        return 0.0;
    }
    let products: f64 = residuals.windows(2).map(|it| it[0] * it[1]).sum();
    let taken = float(i64::try_from(terms).expect("few")) / count(residuals.len());
    (products / squares + taken).clamp(0.0, 0.9)
}

/// Times as wide as an interval of independent weeks: the variance of a mean of an autoregressive
/// series of order one is (1 + ρ) / (1 − ρ) times that of an independent one.
#[must_use]
pub(crate) fn widening(correlation: f64) -> f64 {
    ((1.0 + correlation) / (1.0 - correlation)).sqrt()
}
