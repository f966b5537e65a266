//! Oracles, laws and vectors.

mod company;
mod laws;
mod oracles;
mod random;
mod signs;
mod stories;
