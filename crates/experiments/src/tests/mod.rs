//! Known answers: lines without noise, formulas, and series whose effect was put in.

mod known;
mod luck;

use crate::series::{Kind, Series};
use whatif::number::float;
use whatif::random::Stream;

/// Numbers that are looked up under a seed.
pub(crate) struct Dice {
    stream: Stream,
    next: u64,
}

impl Dice {
    pub(crate) fn new(seed: u32) -> Self {
        Self { stream: Stream::new(17, seed, 0), next: 0 }
    }

    fn place(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn normal(&mut self) -> f64 {
        let place = self.place();
        self.stream.normal(place)
    }

    fn exponential(&mut self) -> f64 {
        let place = self.place();
        self.stream.exponential(place)
    }

    /// Arrivals of a Poisson process until `mean`.
    pub(crate) fn poisson(&mut self, mean: f64) -> f64 {
        let (mut at, mut number) = (self.exponential(), 0);
        while at < mean {
            number += 1;
            at += self.exponential();
        }
        float(number)
    }

    /// Poisson under a gamma of mean 1 and variance `1 / shape`: α is its inverse.
    pub(crate) fn bursts(&mut self, mean: f64, shape: u32) -> f64 {
        let gamma: f64 = (0..shape).map(|_| self.exponential()).sum::<f64>() / f64::from(shape);
        self.poisson(mean * gamma)
    }
}

pub(crate) fn counts(values: impl IntoIterator<Item = f64>) -> Series {
    Series::of(Kind::Count, values.into_iter().map(Some).collect())
}

pub(crate) fn amounts(values: impl IntoIterator<Item = f64>) -> Series {
    Series::of(Kind::Mean, values.into_iter().map(Some).collect())
}
