//! From replications to intervals: means, Student's t, percentiles.
//!
//! Intuition: one run is an anecdote; the spread between runs says how much of a difference is luck.
//!
//! Invariant: nothing here hides how many runs there were.

use crate::number::{count, index};

/// A mean and how far it may be off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean over replications.
    pub mean: f64,
    /// Half the width of its confidence interval; infinite below two replications.
    pub half_width: f64,
    /// How many replications.
    pub replications: usize,
}

impl Estimate {
    /// From one number per replication, at `confidence`, such as 0.95.
    #[must_use]
    pub fn of(numbers: &[f64], confidence: f64) -> Self {
        let replications = numbers.len();
        let n = count(replications);
        let mean = numbers.iter().sum::<f64>() / n;
        if replications < 2 || !mean.is_finite() {
            return Self { mean, half_width: f64::INFINITY, replications };
        }
        let squares: f64 = numbers.iter().map(|it| (it - mean).powi(2)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        let half_width = student(f64::midpoint(1.0, confidence), n - 1.0) * error;
        Self { mean, half_width, replications }
    }

    /// Whether `value` is inside the interval.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (value - self.mean).abs() <= self.half_width
    }

    /// The lower end.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// The upper end.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }
}

/// The smallest number that a share `quantile` of `sorted` does not exceed; `None` if it is empty.
#[must_use]
pub fn percentile(sorted: &[f64], quantile: f64) -> Option<f64> {
    let place = index((quantile * count(sorted.len())).ceil()).max(1) - 1;
    sorted.get(place.min(sorted.len().wrapping_sub(1))).copied()
}

/// The quantile of Student's t with `degrees` of freedom, by halving; `probability` above 0.5.
#[must_use]
pub fn student(probability: f64, degrees: f64) -> f64 {
    let tail = 2.0 * (1.0 - probability);
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    while two_tails(high, degrees) > tail && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if two_tails(middle, degrees) > tail { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// `P(|T| > t) = I(ν / (ν + t²); ν/2, 1/2)`.
fn two_tails(t: f64, degrees: f64) -> f64 {
    incomplete_beta(degrees / (degrees + t * t), degrees / 2.0, 0.5)
}

/// The regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8),
/// evaluated with Lentz' method on the side where it converges fast.
#[expect(clippy::many_single_char_names, reason = "the letters of the source")]
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let front = (a * x.ln() + b * (1.0 - x).ln() - ln_beta).exp() / a;
    let tiny = |it: f64| if it.abs() < 1e-300 { 1e-300 } else { it };
    let (mut c, mut d) = (1.0, 1.0 / tiny(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    let mut m = 1.0;
    while m < 500.0 {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / tiny(1.0 + even * d);
        c = tiny(1.0 + even / c);
        fraction *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / tiny(1.0 + odd * d);
        c = tiny(1.0 + odd / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
        m += 1.0;
    }
    front * fraction
}

/// Logarithm of the gamma function: the recurrence up to 15, then Stirling's series.
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 15.0 {
        shift += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let series = (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square)
        / x;
    (x - 0.5) * x.ln() - x + 0.5 * (std::f64::consts::TAU).ln() + series - shift
}
