//! What a run did, and what it found.

use std::fmt;

/// A run in which every property held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it was made from.
    pub seed: u64,
    /// Simulated days.
    pub days: u32,
    /// Events in the journal.
    pub events: u64,
    /// Batches decided.
    pub turns: u64,
    /// Processes started.
    pub starts: u32,
    /// Processes that died.
    pub crashes: u32,
    /// Processes that lost their lease to another one.
    pub takeovers: u32,
    /// Times somebody set the clock.
    pub clock_jumps: u32,
    /// Sends started.
    pub sends: u32,
    /// Most calls that one person got within ten minutes: `pages_per_person_per_10min_max`.
    pub calls_per_10min_max: u32,
    /// Digest of the state at the end: the same seed gives the same.
    pub digest: [u8; 32],
}

/// A property that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What the run was made from.
    pub seed: u64,
    /// How many days it was to last.
    pub days: u32,
    /// The day on which it broke, from 0.
    pub day: u32,
    /// Which property.
    pub property: String,
    /// What was seen instead.
    pub detail: String,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            days: 0,
            events: 0,
            turns: 0,
            starts: 0,
            crashes: 0,
            takeovers: 0,
            clock_jumps: 0,
            sends: 0,
            calls_per_10min_max: 0,
            digest: [0; 32],
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}: {} days, {} events in {} turns, {} sends, {} starts, {} crashes, \
             {} take-overs, {} clock jumps, pages_per_person_per_10min_max {}",
            self.seed,
            self.days,
            self.events,
            self.turns,
            self.sends,
            self.starts,
            self.crashes,
            self.takeovers,
            self.clock_jumps,
            self.calls_per_10min_max,
        )
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}, day {}: `{}` does not hold: {}\nsee it again with: cargo run --release -p dst -- \
             --seed {} --days-per-seed {}",
            self.seed, self.day, self.property, self.detail, self.seed, self.days,
        )
    }
}

impl std::error::Error for Violation {}
