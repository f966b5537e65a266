//! Random numbers that are looked up, not drawn: Philox4x32-10.
//!
//! Intuition: a block cipher without secrets. The seed is the key; replication, source and index are
//! the counter; the number is what comes out. Because nothing is consumed, a structure that looks at
//! more numbers than another shifts nothing, and the same item meets the same luck in both.
//!
//! Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; the
//! known-answer vectors of its reference implementation are in the tests.
//!
//! Invariants:
//! - a number depends on seed, replication, source and index and on nothing else;
//! - a unit is never 0 and never 1, so that its logarithm exists.

use crate::number::{float, whole};

const ROUNDS: u32 = 10;
const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// The Philox4x32 bijection with ten rounds.
#[must_use]
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let (high_0, low_0) = halves(MULTIPLIERS[0] * u64::from(counter[0]));
        let (high_1, low_1) = halves(MULTIPLIERS[1] * u64::from(counter[2]));
        counter = [high_1 ^ counter[1] ^ key[0], low_1, high_0 ^ counter[3] ^ key[1], low_0];
    }
    counter
}

/// The numbers of one source in one replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
    replication: u32,
    source: u32,
}

impl Stream {
    /// The stream of `source` in `replication` under `seed`.
    #[must_use]
    pub fn new(seed: u64, replication: u32, source: u32) -> Self {
        let (high, low) = halves(seed);
        Self { key: [low, high], replication, source }
    }

    /// Two independent units, each above 0 and below 1.
    #[must_use]
    pub fn units(&self, index: u64) -> [f64; 2] {
        let (high, low) = halves(index);
        let block = philox([low, high, self.source, self.replication], self.key);
        [unit(block[0], block[1]), unit(block[2], block[3])]
    }

    /// One unit.
    #[must_use]
    pub fn unit(&self, index: u64) -> f64 {
        self.units(index)[0]
    }

    /// An exponential number with mean 1.
    #[must_use]
    pub fn exponential(&self, index: u64) -> f64 {
        -self.unit(index).ln()
    }

    /// A normal number with mean 0 and variance 1 (Box and Muller, 1958).
    #[must_use]
    pub fn normal(&self, index: u64) -> f64 {
        let [radius, angle] = self.units(index);
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

/// How long things take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// Always the same.
    Fixed {
        /// How long.
        mean_ms: i64,
    },
    /// Exponential: no memory.
    Exponential {
        /// On average.
        mean_ms: i64,
    },
    /// Log-normal: most are short, a few very long.
    LogNormal {
        /// On average.
        mean_ms: i64,
        /// Squared coefficient of variation: variance over squared mean.
        variation: f64,
    },
}

impl Length {
    /// The same shape, `factor` times as long.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let longer = |it: i64| crate::number::whole(crate::number::float(it) * factor).max(1);
        match self {
            Self::Fixed { mean_ms } => Self::Fixed { mean_ms: longer(mean_ms) },
            Self::Exponential { mean_ms } => Self::Exponential { mean_ms: longer(mean_ms) },
            Self::LogNormal { mean_ms, variation } => {
                Self::LogNormal { mean_ms: longer(mean_ms), variation }
            }
        }
    }

    /// The mean.
    #[must_use]
    pub fn mean_ms(&self) -> i64 {
        match *self {
            Self::Fixed { mean_ms }
            | Self::Exponential { mean_ms }
            | Self::LogNormal { mean_ms, .. } => mean_ms,
        }
    }

    /// Squared coefficient of variation.
    #[must_use]
    pub fn variation(&self) -> f64 {
        match *self {
            Self::Fixed { .. } => 0.0,
            Self::Exponential { .. } => 1.0,
            Self::LogNormal { variation, .. } => variation,
        }
    }

    /// The length at `index` of `stream`; at least one millisecond.
    #[must_use]
    pub fn at(&self, stream: &Stream, index: u64) -> i64 {
        let mean = float(self.mean_ms());
        let length = match *self {
            Self::Fixed { mean_ms } => return mean_ms.max(1),
            Self::Exponential { .. } => mean * stream.exponential(index),
            Self::LogNormal { variation, .. } => {
                // A log-normal has mean exp(m + s²/2) and squared variation exp(s²) − 1.
                let spread = (1.0 + variation).ln();
                mean * (spread.sqrt() * stream.normal(index) - spread / 2.0).exp()
            }
        };
        whole(length).max(1)
    }
}

fn unit(high: u32, low: u32) -> f64 {
    // 52 bits and a half: on the middle of a step, hence neither 0 nor 1.
    let bits = (u64::from(high) << 32 | u64::from(low)) >> 12;
    let step = 1.0 / float(1 << 52);
    (float(i64::try_from(bits).expect("52 bits are no sign")) + 0.5) * step
}

fn halves(word: u64) -> (u32, u32) {
    let low = u32::try_from(word & u64::from(u32::MAX)).expect("the lower half");
    (u32::try_from(word >> 32).expect("the upper half"), low)
}
