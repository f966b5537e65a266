//! Bugs planted on purpose, so that the simulation can show that it finds them.
//!
//! Without the feature `planted-bugs` every question here is answered with "no" at compile time.

use engine::{EventRecord, State, Submission};

/// Changes what a command caused, by the state after it.
#[cfg(any(test, feature = "planted-bugs"))]
pub type RewriteBy = fn(&State, Vec<EventRecord>) -> Vec<EventRecord>;

/// Which bugs are planted. None, unless a simulation says otherwise.
#[cfg(any(test, feature = "planted-bugs"))]
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
    /// Submissions over which the engine panics.
    pub panics_over: Option<fn(&Submission) -> bool>,
    /// Changes what a command caused.
    pub rewrite: Option<fn(Vec<EventRecord>) -> Vec<EventRecord>>,
    /// The same, by the state after the command.
    pub rewrite_by: Option<RewriteBy>,
}

/// Nothing is planted.
#[cfg(not(any(test, feature = "planted-bugs")))]
#[derive(Debug, Clone)]
pub(crate) struct Planted;

#[cfg(any(test, feature = "planted-bugs"))]
impl std::fmt::Debug for Planted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Planted")
    }
}

macro_rules! bugs {
    ($($name:ident)*) => {$(
        #[cfg(any(test, feature = "planted-bugs"))]
        pub(crate) const fn $name(&self) -> bool {
            self.$name
        }

        #[cfg(not(any(test, feature = "planted-bugs")))]
        pub(crate) const fn $name(&self) -> bool {
            false
        }
    )*};
}

impl Planted {
    /// No bug.
    #[cfg(any(test, feature = "planted-bugs"))]
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// No bug.
    #[cfg(not(any(test, feature = "planted-bugs")))]
    pub(crate) const fn none() -> Self {
        Self
    }

    bugs! {
        keeps_speculation
        skips_ticks
        trusts_clock
        without_grace
        keeps_erased
        snapshot_misses_event
    }

    /// Panics, if that is planted.
    #[cfg(any(test, feature = "planted-bugs"))]
    pub(crate) fn look_at(&self, submission: &Submission) {
        assert!(!self.panics_over.is_some_and(|it| it(submission)), "a planted panic");
    }

    /// Nothing happens.
    #[cfg(not(any(test, feature = "planted-bugs")))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    pub(crate) const fn look_at(&self, _: &Submission) {}

    /// What a command is made to have caused instead, if that differs.
    #[cfg(any(test, feature = "planted-bugs"))]
    pub(crate) fn rewritten(
        &self,
        state: &State,
        records: &[EventRecord],
    ) -> Option<Vec<EventRecord>> {
        let rewritten = match (self.rewrite, self.rewrite_by) {
            (Some(rewrite), _) => rewrite(records.to_vec()),
            (None, Some(rewrite)) => rewrite(state, records.to_vec()),
            (None, None) => return None,
        };
        (rewritten != records).then_some(rewritten)
    }

    /// What a command is made to have caused instead: nothing else, ever.
    #[cfg(not(any(test, feature = "planted-bugs")))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    pub(crate) const fn rewritten(&self, _: &State, _: &[EventRecord]) -> Option<Vec<EventRecord>> {
        None
    }
}
