//! Bugs planted on purpose, so that the simulation can show that it finds them.
//!
//! Without the feature `planted-bugs` every question here is answered with "no" at compile time.

use engine::EventRecord;

/// Which bugs are planted. None, unless a simulation says otherwise.
#[cfg(feature = "planted-bugs")]
#[derive(Default, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a bug of its own")]
pub struct Planted {
    /// After a failed append the speculative state stays.
    pub keeps_speculation: bool,
    /// Timers are not looked at.
    pub skips_ticks: bool,
    /// The clock is believed when it goes backwards.
    pub trusts_clock: bool,
    /// Leases get no grace period after a restart.
    pub without_grace: bool,
    /// Erased text stays in memory.
    pub keeps_erased: bool,
    /// A snapshot claims one event more than it holds.
    pub snapshot_misses_event: bool,
    /// Changes what a command caused.
    pub rewrite: Option<fn(Vec<EventRecord>) -> Vec<EventRecord>>,
}

/// Nothing is planted.
#[cfg(not(feature = "planted-bugs"))]
#[derive(Debug, Default, Clone)]
pub(crate) struct Planted;

#[cfg(feature = "planted-bugs")]
impl std::fmt::Debug for Planted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Planted")
    }
}

macro_rules! bugs {
    ($($name:ident)*) => {$(
        #[cfg(feature = "planted-bugs")]
        pub(crate) const fn $name(&self) -> bool {
            self.$name
        }

        #[cfg(not(feature = "planted-bugs"))]
        #[expect(clippy::unused_self, reason = "with the feature it is used")]
        pub(crate) const fn $name(&self) -> bool {
            false
        }
    )*};
}

impl Planted {
    bugs! {
        keeps_speculation
        skips_ticks
        trusts_clock
        without_grace
        keeps_erased
        snapshot_misses_event
    }

    /// What a command is made to have caused instead, if that differs.
    #[cfg(feature = "planted-bugs")]
    pub(crate) fn rewritten(&self, records: &[EventRecord]) -> Option<Vec<EventRecord>> {
        let rewritten = self.rewrite?(records.to_vec());
        (rewritten != records).then_some(rewritten)
    }

    /// What a command is made to have caused instead: nothing else, ever.
    #[cfg(not(feature = "planted-bugs"))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    pub(crate) const fn rewritten(&self, _: &[EventRecord]) -> Option<Vec<EventRecord>> {
        None
    }
}
