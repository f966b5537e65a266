//! Oracles, laws and vectors.

mod calibration;
mod ciw;
mod company;
mod laws;
mod oracles;
mod random;
mod recorded;
mod signs;
mod stories;
