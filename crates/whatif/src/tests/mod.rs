//! Oracles, laws and vectors.

mod oracles;
mod random;
