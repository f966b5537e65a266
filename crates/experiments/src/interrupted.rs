//! The effect of a change: an interrupted time series, with another team beside it where there is one.
//!
//! Intuition: draw the line that the weeks before the change make, go on drawing it, and look how far
//! above or below it the weeks after are. With another team that did not change, do that to the
//! proportion of both (counts) or to their difference (amounts): what happened to everybody goes.
//!
//! Invariants:
//! - the level change is the one in the first week under the change: time since it starts at zero;
//! - an interval is on the scale of the estimate: logarithms of rates for counts.

use crate::matrix::{Matrix, form};
use crate::series::{Impact, Kind, Plan, Series, Weeks, widening};
use crate::{counts, means};
use whatif::number::count;
use whatif::statistics::student;

/// An effect and its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The best guess.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Change {
    /// Below zero, above zero, or neither beyond luck.
    #[must_use]
    pub fn sign(&self) -> i8 {
        i8::from(self.low > 0.0) - i8::from(self.high < 0.0)
    }

    /// Of logarithms of rates: times.
    #[must_use]
    pub fn times(&self) -> Self {
        let [estimate, low, high] = [self.estimate, self.low, self.high].map(f64::exp);
        Self { estimate, low, high }
    }

    /// Whether `value` lies within.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// How the effect was estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Counts that spread like Poisson's.
    Poisson,
    /// Counts that spread more.
    NegativeBinomial,
    /// One team's share of two teams' counts.
    Share,
    /// Amounts, too few weeks to see how they hang together.
    LeastSquares,
    /// Amounts with errors that hang together.
    RestrictedLikelihood,
}

impl Method {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Poisson => "Poisson regression",
            Self::NegativeBinomial => "negative binomial regression",
            Self::Share => "binomial regression of the share of both teams",
            Self::LeastSquares => "least squares, since fewer than 12 weeks were seen",
            Self::RestrictedLikelihood => {
                "restricted likelihood with errors that hang together from week to week"
            }
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Of counts an effect is the logarithm of a ratio, of amounts a difference.
    pub kind: Kind,
    /// How.
    pub method: Method,
    /// Weeks before and after that were seen and looked at.
    pub weeks: (usize, usize),
    /// Mean of the weeks before, per exposure.
    pub before: f64,
    /// Mean of the weeks after, per exposure.
    pub after: f64,
    /// The change in the first week.
    pub level: Change,
    /// The change per week afterwards, where the plan expected one.
    pub slope: Option<Change>,
    /// The change in the last week, where the plan expected a slope.
    pub at_end: Option<Change>,
    /// α of a negative binomial, the factor on the variance of shares, or a week's deviation.
    pub dispersion: f64,
    /// Correlation of neighbouring weeks.
    pub correlation: f64,
}

/// Fewer weeks before or after tell nothing.
const SIDE_MIN: (usize, usize) = (4, 2);

/// Estimates what the change did to `treated`, beside `control` where there is one.
///
/// # Errors
/// Why it cannot be estimated.
pub fn estimate(treated: &Series, control: Option<&Series>, plan: &Plan) -> Result<Found, String> {
    let weeks = beside(treated, control, plan);
    let (before, after) = weeks.sides(plan);
    let needed = plan.terms() + 2;
    if before < SIDE_MIN.0 || after < SIDE_MIN.1 || before + after < needed {
        return Err(format!(
            "{before} weeks before and {after} after the change can be looked at; at least {} and {} are \
             needed, and {needed} together",
            SIDE_MIN.0, SIDE_MIN.1
        ));
    }
    let fitted = fitted(&weeks, treated, control).ok_or_else(|| {
        "the weeks do not determine an effect: nothing happened in them, or always the same"
            .to_owned()
    })?;
    let reach = student(f64::midpoint(1.0, plan.confidence), fitted.freedom) * fitted.widening;
    let at = |vector: &[f64]| {
        let estimate = crate::matrix::dot(vector, &fitted.coefficients);
        let off = reach * form(&fitted.covariance, vector).max(0.0).sqrt();
        Change { estimate, low: estimate - off, high: estimate + off }
    };
    let unit = |place: usize| -> Vec<f64> {
        (0..plan.terms()).map(|it| f64::from(u8::from(it == place))).collect()
    };
    let level = plan.level();
    let last = count(weeks.places.last().map_or(0, |it| it - plan.start));
    let slopes = plan.impact == Impact::LevelAndSlope;
    let mut at_end = unit(level);
    if slopes {
        at_end[level + 1] = last;
    }
    let mean = |after: bool| {
        let of = Weeks::of(treated, plan);
        let side = |it: &usize| (*it >= plan.start) == after;
        let places = (0..of.places.len()).filter(|it| side(&of.places[*it]));
        let (sum, exposure) = places.fold((0.0, 0.0), |(sum, exposure), it| match treated.kind {
            Kind::Count => (sum + of.values[it], exposure + of.exposure[it]),
            Kind::Mean => (sum + of.values[it], exposure + 1.0),
        });
        sum / exposure
    };
    Ok(Found {
        kind: treated.kind,
        method: fitted.method,
        weeks: (before, after),
        before: mean(false),
        after: mean(true),
        level: at(&unit(level)),
        slope: slopes.then(|| at(&unit(level + 1))),
        at_end: slopes.then(|| at(&at_end)),
        dispersion: fitted.dispersion,
        correlation: fitted.correlation,
    })
}

/// What every method comes to.
pub(crate) struct Fitted {
    pub(crate) method: Method,
    pub(crate) coefficients: Vec<f64>,
    pub(crate) covariance: Matrix,
    pub(crate) widening: f64,
    pub(crate) freedom: f64,
    pub(crate) dispersion: f64,
    pub(crate) correlation: f64,
}

/// The weeks of a series, or of two beside each other: shares of counts, differences of amounts. The
/// exposure of shares is the sum of both counts.
pub(crate) fn beside(treated: &Series, control: Option<&Series>, plan: &Plan) -> Weeks {
    let Some(control) = control else { return Weeks::of(treated, plan) };
    let pairs = treated.values.iter().zip(&control.values);
    let both = |(own, other): (&Option<f64>, &Option<f64>)| own.zip(*other);
    let pairs: Vec<Option<(f64, f64)>> = pairs.map(both).collect();
    let peopled = |it: usize| treated.exposure[it] > 0.0 && control.exposure[it] > 0.0;
    let pairs = pairs.into_iter().enumerate().map(|(week, it)| it.filter(|_| peopled(week)));
    let pairs: Vec<Option<(f64, f64)>> = pairs.collect();
    match treated.kind {
        Kind::Mean => {
            let values = pairs.into_iter().map(|it| it.map(|(own, other)| own - other)).collect();
            Weeks::of(&Series::of(Kind::Mean, values), plan)
        }
        Kind::Count => {
            let sum = |it: &Option<(f64, f64)>| it.map_or(0.0, |it| it.0 + it.1);
            let exposure = pairs.iter().map(sum).collect();
            let values = pairs.iter().map(|it| it.map(|it| it.0)).collect();
            Weeks::of(&Series { kind: Kind::Count, values, exposure }, plan)
        }
    }
}

/// Fits `weeks`, which came of `treated` and `control`.
pub(crate) fn fitted(weeks: &Weeks, treated: &Series, control: Option<&Series>) -> Option<Fitted> {
    if treated.kind == Kind::Mean {
        let method = if weeks.values.len() < means::RESTRICTED_MIN {
            Method::LeastSquares
        } else {
            Method::RestrictedLikelihood
        };
        let means::Fit { coefficients, covariance, correlation, deviation, freedom } =
            means::fit(weeks)?;
        let dispersion = deviation;
        let widening = 1.0;
        return Some(Fitted {
            method,
            coefficients,
            covariance,
            widening,
            freedom,
            dispersion,
            correlation,
        });
    }
    let fit = match control {
        None => counts::rates(weeks)?,
        Some(control) => {
            let times = |it: &usize| (treated.exposure[*it] / control.exposure[*it]).ln();
            let offset: Vec<f64> = weeks.places.iter().map(times).collect();
            counts::shares(weeks, &offset)?
        }
    };
    let method = match control {
        Some(_) => Method::Share,
        None if fit.dispersion > 0.0 => Method::NegativeBinomial,
        None => Method::Poisson,
    };
    let counts::Fit { coefficients, covariance, dispersion, correlation } = fit;
    Some(Fitted {
        method,
        coefficients,
        covariance,
        widening: widening(correlation),
        freedom: weeks.freedom(),
        dispersion,
        correlation,
    })
}
