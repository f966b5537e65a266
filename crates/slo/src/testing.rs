//! A seeded generator for the tests of this crate.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

pub(crate) struct Prng(Pcg64Mcg);

impl Prng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::new(u128::from(seed) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835 + 1))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }

    pub(crate) fn below_i64(&mut self, limit: u64) -> i64 {
        i64::try_from(self.below(limit)).expect("small")
    }
}
