//! Everything random in a simulation, from one seed.

use model::{Millis, Timestamp};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng as _;
use wire::Random;

/// A stream of chance. Two with the same seed roll the same.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    stream: Pcg64Mcg,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // The generator forces its lowest bit to 1.
        let stream = Pcg64Mcg::new(u128::from(seed) << 1 | 1 << 100);
        let mut dice = Self { stream };
        // Neighbouring seeds start alike; a few rolls part them.
        for _ in 0..8 {
            dice.stream.next_u64();
        }
        dice
    }

    /// A new stream, for somebody whose use of chance must not disturb others.
    pub(crate) fn split(&mut self) -> Self {
        Self::new(self.stream.next_u64())
    }

    /// From zero to `count - 1`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        assert!(count > 0, "something must be chosen from");
        usize::try_from(self.stream.next_u64() % count as u64).expect("below a usize")
    }

    /// Between the two, both included.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most - least + 1).expect("the smaller one first");
        least + i64::try_from(self.stream.next_u64() % span).expect("below an i64")
    }

    /// True so many times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.stream.next_u64() % 1_000 < u64::from(per_mille)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub(crate) fn secs(&mut self, least: i64, most: i64) -> Millis {
        Millis(self.between(least * 1_000, most * 1_000))
    }

    pub(crate) fn mins(&mut self, least: i64, most: i64) -> Millis {
        self.secs(least * 60, most * 60)
    }

    /// Some instant of the day that begins at `start`.
    pub(crate) fn time_of_day(&mut self, start: Timestamp) -> Timestamp {
        start.plus(self.secs(0, 86_399))
    }

    /// How often something happens today that happens so many times in a thousand days.
    pub(crate) fn today(&mut self, per_thousand_days: u32) -> u32 {
        per_thousand_days / 1_000 + u32::from(self.chance(per_thousand_days % 1_000))
    }
}

impl Random for Dice {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let fresh = self.stream.next_u64().to_le_bytes();
            chunk.copy_from_slice(&fresh[..chunk.len()]);
        }
    }
}
