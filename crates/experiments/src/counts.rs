//! Counts: Poisson regression, with as much more spread than Poisson as there is.
//!
//! Intuition: pages are counted, and counts spread with their mean; a straight line through them would
//! promise negative pages. So the logarithm of the rate is a line, and effects are times, not
//! differences.
//!
//! Complications: pages come in bursts, so that the variance is `μ + α μ²` (negative binomial, type 2)
//! with α such that Pearson's statistic equals its degrees of freedom (Breslow 1984); where there is
//! less spread than Poisson, α is 0 and it is Poisson. For a share of two teams' counts the same with a
//! logit and a factor on the variance (`McCullagh` and Nelder 1989, chapters 4 and 6).

use crate::matrix::{Matrix, dot, gram, inverse, moments, times};
use crate::series::{Weeks, correlation};

/// A fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    pub(crate) coefficients: Vec<f64>,
    /// Of the coefficients, before neighbouring weeks are thought of.
    pub(crate) covariance: Matrix,
    /// α of counts, or the factor on the variance of shares.
    pub(crate) dispersion: f64,
    /// Of neighbouring weeks.
    pub(crate) correlation: f64,
}

const ROUNDS: usize = 60;
const ALPHA_MAX: f64 = 20.0;

/// Counts per exposure.
pub(crate) fn rates(weeks: &Weeks) -> Option<Fit> {
    let freedom = weeks.freedom();
    if freedom < 1.0 || weeks.values.iter().sum::<f64>() <= 0.0 {
        return None;
    }
    let poisson = log_linear(weeks, 0.0)?;
    let mut best = (0.0, poisson);
    if pearson(weeks, &best.1.1, 0.0) > freedom {
        // Pearson's statistic falls with α.
        let (mut low, mut high) = (0.0, ALPHA_MAX);
        for _ in 0..50 {
            let alpha = f64::midpoint(low, high);
            let Some(fit) = log_linear(weeks, alpha) else { break };
            let above = pearson(weeks, &fit.1, alpha) > freedom;
            best = (alpha, fit);
            if above { low = alpha } else { high = alpha }
        }
    }
    let (dispersion, (coefficients, means)) = best;
    let weights: Vec<f64> = means.iter().map(|it| it / (1.0 + dispersion * it)).collect();
    let (covariance, _) = inverse(&gram(&weeks.rows, &weights))?;
    let residuals: Vec<f64> = weeks
        .values
        .iter()
        .zip(&means)
        .map(|(value, mean)| (value - mean) / (mean + dispersion * mean * mean).sqrt())
        .collect();
    let correlation = correlation(&residuals, coefficients.len());
    Some(Fit { coefficients, covariance, dispersion, correlation })
}

fn pearson(weeks: &Weeks, means: &[f64], alpha: f64) -> f64 {
    let pairs = weeks.values.iter().zip(means);
    pairs.map(|(value, mean)| (value - mean).powi(2) / (mean + alpha * mean * mean)).sum()
}

/// Iteratively weighted least squares; coefficients and means.
fn log_linear(weeks: &Weeks, alpha: f64) -> Option<(Vec<f64>, Vec<f64>)> {
    let total: f64 = weeks.values.iter().sum::<f64>() / weeks.exposure.iter().sum::<f64>();
    let mut coefficients = vec![0.0; weeks.rows.first()?.len()];
    coefficients[0] = total.ln();
    for _ in 0..ROUNDS {
        let means = means(weeks, &coefficients);
        let weights: Vec<f64> = means.iter().map(|it| it / (1.0 + alpha * it)).collect();
        let working: Vec<f64> = weeks
            .values
            .iter()
            .zip(&means)
            .zip(&weeks.rows)
            .map(|((value, mean), row)| dot(row, &coefficients) + (value - mean) / mean)
            .collect();
        let (covariance, _) = inverse(&gram(&weeks.rows, &weights))?;
        let next = times(&covariance, &moments(&weeks.rows, &weights, &working));
        let moved = next.iter().zip(&coefficients).map(|(it, was)| (it - was).abs()).sum::<f64>();
        coefficients = next;
        if moved < 1e-10 {
            break;
        }
    }
    let means = means(weeks, &coefficients);
    means.iter().all(|it| it.is_finite()).then_some((coefficients, means))
}

fn means(weeks: &Weeks, coefficients: &[f64]) -> Vec<f64> {
    let rows = weeks.rows.iter().zip(&weeks.exposure);
    // Beyond e^±30 a week the series has no counts, or no people.
    rows.map(|(row, exposure)| exposure * dot(row, coefficients).clamp(-30.0, 30.0).exp()).collect()
}

/// Shares of two counts: `values` of `exposure` many. Given their sum, the first of two Poisson counts is
/// binomial, and whatever happens to both teams alike in a week has gone. `offset` is the logarithm of
/// how many times as many people the first has.
pub(crate) fn shares(weeks: &Weeks, offset: &[f64]) -> Option<Fit> {
    let freedom = weeks.freedom();
    let all: f64 = weeks.exposure.iter().sum();
    let share = weeks.values.iter().sum::<f64>() / all;
    if freedom < 1.0 || share <= 0.0 || share >= 1.0 {
        return None;
    }
    let mut coefficients = vec![0.0; weeks.rows.first()?.len()];
    coefficients[0] = (share / (1.0 - share)).ln();
    let chances = |coefficients: &[f64]| -> Vec<f64> {
        let lines = weeks.rows.iter().zip(offset).map(|(row, it)| it + dot(row, coefficients));
        lines.map(|it| 1.0 / (1.0 + (-it.clamp(-30.0, 30.0)).exp())).collect()
    };
    let weights = |chances: &[f64]| -> Vec<f64> {
        chances.iter().zip(&weeks.exposure).map(|(p, n)| n * p * (1.0 - p)).collect()
    };
    for _ in 0..ROUNDS {
        let p = chances(&coefficients);
        let w = weights(&p);
        let working: Vec<f64> = (0..p.len())
            .map(|it| {
                dot(&weeks.rows[it], &coefficients)
                    + (weeks.values[it] - weeks.exposure[it] * p[it]) / w[it]
            })
            .collect();
        let (covariance, _) = inverse(&gram(&weeks.rows, &w))?;
        let next = times(&covariance, &moments(&weeks.rows, &w, &working));
        let moved = next.iter().zip(&coefficients).map(|(it, was)| (it - was).abs()).sum::<f64>();
        coefficients = next;
        if moved < 1e-10 {
            break;
        }
    }
    let p = chances(&coefficients);
    let w = weights(&p);
    let residuals: Vec<f64> = (0..p.len())
        .map(|it| (weeks.values[it] - weeks.exposure[it] * p[it]) / w[it].sqrt())
        .collect();
    let pearson: f64 = residuals.iter().map(|it| it * it).sum();
    let dispersion = (pearson / freedom).max(1.0);
    let (mut covariance, _) = inverse(&gram(&weeks.rows, &w))?;
    covariance.iter_mut().flatten().for_each(|it| *it *= dispersion);
    let correlation = correlation(&residuals, coefficients.len());
    let known = coefficients.iter().all(|it| it.is_finite());
    known.then_some(Fit { coefficients, covariance, dispersion, correlation })
}
