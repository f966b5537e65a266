//! Amounts: least squares below twelve weeks, restricted maximum likelihood from there on.
//!
//! Intuition: a bad week is followed by a bad week. Errors follow an autoregression of order one; its
//! coefficient is found by restricted likelihood, which does not forget that the line was fitted too.
//!
//! Complications: weeks that are missing leave a gap; the correlation over a gap of g weeks is ρ^g.
//! Below twelve weeks ρ cannot be estimated, and pretending to would be worse than saying so.
//!
//! Source: Turner et al. 2021 (which method at which length); Patterson and Thompson 1971.

use crate::matrix::{Matrix, dot, gram, inverse, moments, times};
use crate::series::Weeks;
use whatif::number::{count, float};

/// From how many weeks on ρ is estimated.
pub(crate) const RESTRICTED_MIN: usize = 12;

/// A fitted line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) covariance: Matrix,
    pub(crate) correlation: f64,
    /// Standard deviation of a week.
    pub(crate) deviation: f64,
    pub(crate) freedom: f64,
}

/// Fits the weeks.
pub(crate) fn fit(weeks: &Weeks) -> Option<Fit> {
    if weeks.values.len() < RESTRICTED_MIN {
        return Some(at(weeks, 0.0)?.0);
    }
    let grid = (-50..=95).map(|it| at(weeks, f64::from(it) / 100.0));
    let best = grid.flatten().max_by(|one, other| one.1.total_cmp(&other.1))?;
    // One degree of freedom went into the correlation.
    let freedom = (best.0.freedom - 1.0).max(1.0);
    Some(Fit { freedom, ..best.0 })
}

/// The line at a given correlation, and its restricted log-likelihood.
fn at(weeks: &Weeks, rho: f64) -> Option<(Fit, f64)> {
    let freedom = weeks.freedom();
    if freedom < 1.0 {
        return None;
    }
    let (rows, values, spread) = whitened(weeks, rho);
    let ones = vec![1.0; values.len()];
    let (bread, determinant) = inverse(&gram(&rows, &ones))?;
    let coefficients = times(&bread, &moments(&rows, &ones, &values));
    let squares: f64 =
        rows.iter().zip(&values).map(|(row, it)| (it - dot(row, &coefficients)).powi(2)).sum();
    let variance = (squares / freedom).max(f64::MIN_POSITIVE);
    let likelihood = -0.5 * (freedom * variance.ln() + spread + determinant);
    let mut covariance = bread;
    covariance.iter_mut().flatten().for_each(|it| *it *= variance);
    let deviation = (variance / (1.0 - rho * rho)).sqrt();
    Some((Fit { coefficients, covariance, correlation: rho, deviation, freedom }, likelihood))
}

/// Rows and values whose errors are independent (Prais and Winsten 1954), and the logarithm of what
/// that multiplied their variance with.
fn whitened(weeks: &Weeks, rho: f64) -> (Vec<Vec<f64>>, Vec<f64>, f64) {
    let (mut rows, mut values, mut spread) = (vec![], vec![], 0.0);
    for place in 0..weeks.values.len() {
        let (row, value) = (&weeks.rows[place], weeks.values[place]);
        let stationary = 1.0 - rho * rho;
        let (carried, variance) = match place.checked_sub(1) {
            None => (0.0, 1.0 / stationary),
            Some(last) => {
                let gap = weeks.places[place] - weeks.places[last];
                let carried = rho.powi(i32::try_from(gap).unwrap_or(i32::MAX));
                (carried, (1.0 - carried * carried) / stationary)
            }
        };
        let last = place.saturating_sub(1);
        let scale = variance.sqrt();
        let before = weeks.rows[last].iter();
        rows.push(row.iter().zip(before).map(|(it, was)| (it - carried * was) / scale).collect());
        values.push((value - carried * weeks.values[last]) / scale);
        spread += variance.ln();
    }
    (rows, values, spread)
}

/// Variance of each coefficient per unit of a week's variance, for `rows` one week apart with
/// correlation `rho`: what a design will know before there is anything to fit.
pub(crate) fn planned(rows: Vec<Vec<f64>>, rho: f64) -> Option<Matrix> {
    let weeks = Weeks {
        places: (0..rows.len()).collect(),
        values: vec![0.0; rows.len()],
        exposure: vec![1.0; rows.len()],
        rows,
    };
    let (rows, _, _) = whitened(&weeks, rho);
    let (mut bread, _) = inverse(&gram(&rows, &vec![1.0; rows.len()]))?;
    bread.iter_mut().flatten().for_each(|it| *it *= 1.0 - rho * rho);
    Some(bread)
}

/// Degrees of freedom of a plan of so many weeks.
pub(crate) fn planned_freedom(weeks: usize, terms: usize) -> f64 {
    let taken = terms + usize::from(weeks >= RESTRICTED_MIN);
    (count(weeks) - float(i64::try_from(taken).expect("few"))).max(1.0)
}
