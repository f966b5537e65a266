//! How long work takes, from durations that were recorded and from some that are not over yet.
//!
//! Intuition: leaving out what is still open makes work look short, because what is open is long.
//! So an open item says "longer than this", and the fit believes it.
//!
//! Source: expectation and maximisation for a normal sample censored on the right (Dempster, Laird
//! and Rubin 1977), on the logarithms of the durations; moments of the truncated normal from Johnson,
//! Kotz and Balakrishnan, "Continuous univariate distributions", volume 1, section 10.1.
//!
//! Invariant: what was measured and what was imputed is said beside the result.

use crate::number::{count, float, whole};
use crate::random::Length;

/// A fitted length, and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// Mean of the logarithm of milliseconds.
    pub log_mean: f64,
    /// Standard deviation of the same.
    pub log_deviation: f64,
    /// Durations that were measured.
    pub measured: usize,
    /// Durations of which only a lower bound is known.
    pub censored: usize,
}

/// By how many of their standard errors mean and standard deviation of the logarithm are off, because nobody
/// knows them better than that: `deviation / sqrt(n)` and, of the logarithm of the deviation, `1 / sqrt(2n)`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Luck {
    /// Of the mean.
    pub mean: f64,
    /// Of the standard deviation.
    pub spread: f64,
}

/// Fewer durations than this say nothing about their spread.
pub const MEASURED_MIN: usize = 20;
const ROUNDS_MAX: usize = 500;

impl Fitted {
    /// Fits a log-normal to `measured` and to lower bounds `at_least`, in milliseconds; `None` below
    /// [`MEASURED_MIN`] measured ones.
    #[must_use]
    pub fn of(measured: &[i64], at_least: &[i64]) -> Option<Self> {
        if measured.len() < MEASURED_MIN {
            return None;
        }
        let logs = |it: &[i64]| it.iter().map(|it| float((*it).max(1)).ln()).collect::<Vec<f64>>();
        let (known, bounds) = (logs(measured), logs(at_least));
        let n = count(known.len() + bounds.len());
        let (sum, squares) =
            known.iter().fold((0.0, 0.0), |(sum, squares), it| (sum + it, squares + it * it));
        let mut mean = sum / count(known.len());
        let mut deviation = (squares / count(known.len()) - mean * mean).max(1e-12).sqrt();
        for _ in 0..ROUNDS_MAX {
            let (mut first, mut second) = (sum, squares);
            for bound in &bounds {
                let hazard = hazard((bound - mean) / deviation);
                first += mean + deviation * hazard;
                second += mean * mean + deviation * deviation + deviation * hazard * (bound + mean);
            }
            let next = first / n;
            let spread = (second / n - next * next).max(1e-12).sqrt();
            let moved = (next - mean).abs() + (spread - deviation).abs();
            (mean, deviation) = (next, spread);
            if moved < 1e-12 {
                break;
            }
        }
        let (measured, censored) = (measured.len(), at_least.len());
        Some(Self { log_mean: mean, log_deviation: deviation, measured, censored })
    }

    /// The length, `times` as long, as near to the truth as `luck` has it.
    #[must_use]
    pub fn length(&self, times: f64, luck: Luck) -> Length {
        let error = 1.0 / count(self.measured).sqrt();
        let log_mean = self.log_mean + luck.mean * error * self.log_deviation;
        let deviation = self.log_deviation * (luck.spread * error / 2.0_f64.sqrt()).exp();
        let variance = deviation * deviation;
        let mean = (log_mean + variance / 2.0).exp() * times;
        Length::LogNormal { mean_ms: whole(mean).max(1), variation: variance.exp() - 1.0 }
    }
}

/// Density of the standard normal over its upper tail: the inverse of Mills' ratio.
fn hazard(z: f64) -> f64 {
    if z > 4.0 {
        // Laplace's continued fraction, from the inside.
        let inner = (1..=60).rev().fold(z, |inner, k| z + f64::from(k) / inner);
        return inner;
    }
    let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    if z < -8.0 {
        return density;
    }
    // Marsaglia, "Evaluating the normal distribution", 2004.
    let (mut term, mut sum, mut k) = (z, z, 1.0);
    while term.abs() > 1e-18 * sum.abs() && k < 500.0 {
        k += 2.0;
        term *= z * z / k;
        sum += term;
    }
    density / (0.5 - density * sum).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::{Fitted, Luck, hazard};
    use crate::number::{float, whole};
    use crate::random::Stream;

    #[test]
    fn the_hazard_of_the_normal() {
        let check = |z: f64, expect: f64| {
            let found = hazard(z);
            assert!((found - expect).abs() < 1e-9 * expect.max(1e-3), "{z}: {found}, not {expect}");
        };
        // Density over erfc, from the C library.
        check(0.0, 0.797_884_560_802_865);
        check(1.0, 1.525_135_276_160_98);
        check(-2.0, 0.055_247_862_678_989_97);
        check(3.0, 3.283_098_654_930_434);
        check(6.0, 6.158_482_604_544_581);
    }

    #[test]
    fn what_is_open_counts_as_longer() {
        // Median e^8, deviation 1; a clock cuts everything off at e^8.5.
        let stream = Stream::new(7, 0, 0);
        let drawn = (0..4_000).map(|it| (8.0 + stream.normal(it)).exp());
        let cut = 8.5_f64.exp();
        let (short, long): (Vec<f64>, Vec<f64>) = drawn.partition(|it| *it < cut);
        let short: Vec<i64> = short.into_iter().map(whole).collect();
        let long = vec![whole(cut); long.len()];
        let fitted = Fitted::of(&short, &long).expect("enough");
        assert!((fitted.log_mean - 8.0).abs() < 0.05, "{fitted:?}");
        assert!((fitted.log_deviation - 1.0).abs() < 0.05, "{fitted:?}");
        let naive = Fitted::of(&short, &[]).expect("enough");
        assert!(naive.log_mean < 7.6, "what is open was left out: {naive:?}");
        let mean = float(fitted.length(1.0, Luck::default()).mean_ms());
        assert!((mean / 8.5_f64.exp() - 1.0).abs() < 0.1, "the mean of a log-normal: {mean}");
    }

    #[test]
    fn a_few_durations_say_nothing() {
        assert_eq!(Fitted::of(&[1; 19], &[5; 100]), None);
    }
}
