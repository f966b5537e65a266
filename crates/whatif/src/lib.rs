//! What if people worked in another way: ways of working, lived through on the same arrivals.
//!
//! Intuition: who answers, in which order, and whom that disturbs decides how long customers wait and
//! how much anybody builds. Argue about it afterwards: first live through the same year under each
//! structure, many times, and look at the differences.
//!
//! Complications: nothing here is calibrated by itself. Results are what the inputs imply, no more;
//! whoever shows them has to say so, and where the answer turns on an assumption nobody measured, the
//! answer is that nobody can tell. Drawing uses logarithms of the platform, whose last bit may differ
//! between platforms: the same bytes are promised on one, not between two.
//!
//! Invariants:
//! - whole milliseconds; the same seed gives the same bytes, on one core or on many;
//! - no I/O, no clock, no thread: whoever wants several cores passes a [`Runner`] in;
//! - a result names for whom something is better and at what load, and never ranks people.

pub mod calendar;
pub mod calibrate;
pub mod compare;
pub mod fit;
pub mod history;
pub mod measure;
pub mod number;
pub mod presets;
pub mod random;
pub mod records;
pub mod saturation;
pub mod signs;
mod simulate;
pub mod statistics;
pub mod structure;
pub mod theory;
pub mod world;

#[cfg(test)]
mod tests;

pub use compare::{Comparison, Experiment, OneByOne, Plan, Runner};
pub use simulate::simulate;
