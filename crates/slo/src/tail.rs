//! Is this many failures more than bad luck? The upper tail of the binomial distribution.
//!
//! Intuition: at ten requests an hour one failure is an error ratio of 10 %, far above any
//! threshold, and means nothing. So a condition must also be *significant*: if the service were
//! failing exactly at the condition's threshold, so many failures would be seen with a probability
//! below a [`Level`]. At high traffic that is always so and costs nothing; at low traffic it
//! costs minutes and removes the false calls. No knob per service.
//!
//! The first term is computed by Loader's saddle-point form ("Fast and accurate computation of
//! binomial probabilities", 2000) instead of differences of log-gammas, which lose all digits for
//! large counts. The following terms come by recurrence; each is smaller than the one before by a
//! known factor at least, which gives an early answer in nearly every case.

use crate::number::float;

/// The probability below which a number of failures is no accident where nothing else protects: of bad
/// slices of time, and of hours from which to learn.
pub const SIGNIFICANCE: Level = Level { probability: 0.001, normal_point: 3.090_232_306_167_813_5 };

/// The same where failures are divided by what clusters make of them before. Calibrated: conditions are asked
/// every minute, so that what a single question errs says little; what counts are false pages in a
/// feature-month. At 0.05 a healthy service with ten attempts an hour whose users try again pages 0.30 times a
/// month; at this level it is 0.01 at the worst of what was simulated (`dispersion::tests`), and an outage is
/// found sooner than at 0.001.
pub const CALIBRATED: Level = Level { probability: 0.01, normal_point: 2.326_347_874_040_840_8 };

/// How improbable an accident must be to be none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The probability below which it is none.
    pub probability: f64,
    /// The point which a standard normal variable exceeds with that probability.
    normal_point: f64,
}

/// Above this variance the normal distribution decides; its error there is below one per cent of
/// the probability, and the exact sum would take thousands of terms.
const EXACT_VARIANCE_MAX: f64 = 1e6;

/// Whether `failures` of `trials` is significantly more than `chance` each would give, at [`SIGNIFICANCE`].
#[must_use]
pub fn is_significantly_above(failures: u64, trials: u64, chance: f64) -> bool {
    SIGNIFICANCE.is_above(failures, trials, chance)
}

impl Level {
    /// Whether `failures` of `trials` is significantly more than `chance` each would give.
    #[must_use]
    pub fn is_above(self, failures: u64, trials: u64, chance: f64) -> bool {
        let failures = failures.min(trials);
        let (expected, variance) = moments(trials, chance);
        // The median lies next to the mean: at or below it the tail is about one half or more.
        if float(failures) <= expected {
            return false;
        }
        if variance > EXACT_VARIANCE_MAX {
            return (float(failures) - 0.5 - expected) / variance.sqrt() > self.normal_point;
        }
        let first = point(failures, trials, chance);
        if first >= self.probability {
            return false;
        }
        let ratio = next_ratio(failures, trials, chance);
        if first / (1.0 - ratio) < self.probability {
            return true;
        }
        upper_tail(failures, trials, chance) < self.probability
    }
}

/// The probability of at least `failures` in `trials` of `chance` each. Exact to about ten digits;
/// the work grows with the square root of `trials`.
#[must_use]
pub fn upper_tail(failures: u64, trials: u64, chance: f64) -> f64 {
    if failures == 0 || chance >= 1.0 {
        return 1.0;
    }
    if failures > trials || chance <= 0.0 {
        return 0.0;
    }
    let (expected, _) = moments(trials, chance);
    if float(failures) <= expected {
        // The terms would grow first: sum the other side, where they shrink.
        let first = point(failures - 1, trials, chance);
        let fewer = (0..failures - 1).rev();
        let rest = sum_of(first, fewer.map(|it| 1.0 / next_ratio(it, trials, chance)));
        return (1.0 - rest).clamp(0.0, 1.0);
    }
    let first = point(failures, trials, chance);
    sum_of(first, (failures..trials).map(|it| next_ratio(it, trials, chance))).min(1.0)
}

/// The sum of terms of which each is the one before times the next of `ratios`, which fall.
fn sum_of(first: f64, ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut term, mut sum) = (first, first);
    for ratio in ratios {
        term *= ratio;
        if term <= sum * 1e-17 {
            break;
        }
        sum += term;
    }
    sum
}

fn moments(trials: u64, chance: f64) -> (f64, f64) {
    let expected = float(trials) * chance;
    (expected, expected * (1.0 - chance))
}

/// How the probability of `failures + 1` relates to that of `failures`.
fn next_ratio(failures: u64, trials: u64, chance: f64) -> f64 {
    let left = float(trials - failures);
    left / (float(failures) + 1.0) * (chance / (1.0 - chance))
}

/// The probability of exactly `failures` in `trials`, for `0 < chance < 1`.
fn point(failures: u64, trials: u64, chance: f64) -> f64 {
    let (n, k) = (float(trials), float(failures));
    if failures == 0 {
        return (n * (-chance).ln_1p()).exp();
    }
    if failures == trials {
        return (n * chance.ln()).exp();
    }
    let rest = n - k;
    let exponent = stirling_error(trials)
        - stirling_error(failures)
        - stirling_error(trials - failures)
        - deviance(k, n * chance)
        - deviance(rest, n * (1.0 - chance));
    exponent.exp() * (n / (std::f64::consts::TAU * k * rest)).sqrt()
}

/// `ln n!` minus Stirling's formula for it.
fn stirling_error(count: u64) -> f64 {
    let n = float(count);
    if count < 16 {
        let log_factorial: f64 = (2..=count).map(|it| float(it).ln()).sum();
        return log_factorial - ((n + 0.5) * n.ln() - n + 0.5 * std::f64::consts::TAU.ln());
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / 1680.0 / square) / square) / square) / n
}

/// `x ln(x / mean) + mean − x` without cancellation when the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut power = 2.0 * x * v;
    for odd in (3..).step_by(2) {
        power *= v * v;
        let next = sum + power / f64::from(odd);
        if (next - sum).abs() <= sum.abs() * 1e-17 {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_tail(failures: u64, trials: u64, chance: f64, expected: f64) {
        let found = upper_tail(failures, trials, chance);
        let relative = (found / expected - 1.0).abs();
        assert!(relative < 1e-9, "{failures}/{trials} at {chance}: {found:e}, not {expected:e}");
    }

    /// Expected values from closed forms and from sums of exact fractions.
    #[test]
    fn tails_are_those_of_the_textbook() {
        check_tail(1, 10, 0.0144, 1.0 - (1.0_f64 - 0.0144).powi(10));
        check_tail(10, 10, 0.5, 0.5_f64.powi(10));
        check_tail(9, 10, 0.5, 11.0 / 1024.0);
        check_tail(5, 10, 0.5, 638.0 / 1024.0);
        check_tail(31, 31, 0.8, 0.8_f64.powi(31));
        check_tail(1, 1_000_000_000, 1e-9, 1.0 - (1e9 * (-1e-9_f64).ln_1p()).exp());
    }

    /// Goal: the shortened decisions agree with a sum of every term. Method: all small cases.
    #[test]
    fn decisions_equal_brute_force() {
        for trials in 1..=60_u64 {
            for chance in [0.0005, 0.0144, 0.06, 0.3, 0.8, 0.999] {
                let mut probabilities = vec![1.0_f64];
                for _ in 0..trials {
                    let mut next = vec![0.0; probabilities.len() + 1];
                    for (index, it) in probabilities.iter().enumerate() {
                        next[index] += it * (1.0 - chance);
                        next[index + 1] += it * chance;
                    }
                    probabilities = next;
                }
                let mut tail = 0.0;
                for failures in (0..=trials).rev() {
                    tail += probabilities[usize::try_from(failures).unwrap()];
                    let found = upper_tail(failures, trials, chance);
                    assert!((found - tail).abs() <= 1e-9 * tail, "{failures}/{trials} {chance}");
                    let decided = is_significantly_above(failures, trials, chance);
                    assert_eq!(
                        decided,
                        tail < SIGNIFICANCE.probability,
                        "{failures}/{trials} at {chance}"
                    );
                }
            }
        }
    }

    /// The point of decision at any traffic lies about 3.09 deviations above the mean.
    #[test]
    fn decisions_are_steady_up_to_large_counts() {
        for trials in [1_000, 1_000_000, 69_000_000, 71_000_000, 1_000_000_000, 1 << 47] {
            let (expected, variance) = moments(trials, 0.0144);
            let mut low = crate::number::whole(expected);
            let mut high = trials;
            while high - low > 1 {
                let middle = low.midpoint(high);
                if is_significantly_above(middle, trials, 0.0144) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            let deviations = (float(high) - expected) / variance.sqrt();
            assert!((3.08..3.75).contains(&deviations), "{trials}: {high}, {deviations}");
            assert!(is_significantly_above(trials, trials, 0.0144), "{trials}");
        }
    }

    #[test]
    fn one_failure_at_low_traffic_is_an_accident() {
        assert!(!is_significantly_above(1, 10, 0.0144));
        assert!(!is_significantly_above(1, 60, 0.0144));
        assert!(!is_significantly_above(5, 60, 0.0144));
        assert!(is_significantly_above(6, 60, 0.0144));
        assert!(!is_significantly_above(0, 0, 0.0144));
    }
}
