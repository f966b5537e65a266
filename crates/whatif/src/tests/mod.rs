//! Oracles, laws and vectors.

mod ciw;
mod company;
mod laws;
mod oracles;
mod random;
mod signs;
mod stories;
