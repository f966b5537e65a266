//! How far a feature fails when its members do: bounds, estimates between them, and who is to thank.
//!
//! Intuition: two services failed for 1 % of attempts each. Were they the same attempts? Counts per
//! service cannot tell, so the feature failed for something between 1 % (the same) and 2 %
//! (different ones). Both ends can really happen, so an honest answer is a band. In most incidents
//! the band has no width, because only one member is broken or one is broken for everybody.
//!
//! The band is that of Fréchet (1935) for `all` and `any`, and of Rüger (1978) for quorums; see
//! [`Band`]. Inside it lie two estimates that name their assumption: *independent* failures, and
//! failures that *overlap* as far as possible. Who spent the budget is asked of the latter, see
//! [`Attribution`], because it is the figure shown as spent.
//!
//! Invariants:
//! - shares are whole numbers of 10⁻¹², rounded outwards in bounds, so sums are exact;
//! - what is unknown stays unknown: a slice with an unknown member is in no figure but
//!   [`Composite::unmeasured`], which says what is certain about it nevertheless;
//! - an idle member (0 of 0) is evidence of nothing and drops out of its group: `all` and `any` of
//!   the rest, and of a quorum as many as are still there;
//! - weights are shares of traffic, never of importance: a checkout whose payment is down is down.
//!
//! The figures hold as far as a member's failure share is a share of *this feature's* attempts.
//! Where a member serves others too, that is an assumption, [`ASSUMPTION`], shown with the figure.

mod account;
mod attribution;
mod board;
mod bounds;
mod measured;
mod targets;
mod tree;

#[cfg(test)]
mod samples;

pub use account::{Account, Composite, Unmeasured};
pub use attribution::{Attributed, Attribution, ValueFunction};
pub use board::{GRID, Recovery, Removed};
pub use bounds::Band;
pub use measured::{Apportioned, assumption};
pub use targets::{Delivery, TargetMember, Targeted, Verdict, targets};
pub use tree::{InvalidTree, MEMBERS_MAX, REPEATED_MAX, ROUTE_PARTS_MAX, Tree, VARIANTS_MAX};

use crate::number::float;
use crate::{Counts, Slice};

/// What every figure composed from services' counts assumes.
pub const ASSUMPTION: &str = "assumes the service's errors fall on this feature alike";

/// A share from nothing to everything, in whole 10⁻¹².
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Share(u64);

/// What one member says about one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nobody could look.
    Unknown,
    /// Nobody came.
    Idle,
    /// This share of its events failed.
    Failed(Share),
}

impl Share {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Everything.
    pub const WHOLE: Self = Self(1_000_000_000_000);

    /// So many 10⁻¹², at most the whole.
    #[must_use]
    pub const fn of_trillion(parts: u64) -> Self {
        Self(if parts < Self::WHOLE.0 { parts } else { Self::WHOLE.0 })
    }

    /// How many 10⁻¹².
    #[must_use]
    pub const fn trillionths(self) -> u64 {
        self.0
    }

    /// Between 0 and 1, for display and estimates.
    #[must_use]
    pub fn ratio(self) -> f64 {
        float(self.0) / float(Self::WHOLE.0)
    }

    /// The rest.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(Self::WHOLE.0 - self.0)
    }

    /// The nearest share to `bad` of `total`; `None` when nobody came.
    #[must_use]
    pub fn of(counts: Counts) -> Option<Self> {
        let (bad, total) = (u128::from(counts.bad.min(counts.total)), u128::from(counts.total));
        let scaled = (bad * u128::from(Self::WHOLE.0) + total / 2).checked_div(total)?;
        Some(Self(u64::try_from(scaled).expect("at most the whole")))
    }
}

impl Reading {
    /// What a slice says.
    #[must_use]
    pub fn of(slice: Slice) -> Self {
        match slice {
            Slice::Unknown => Self::Unknown,
            Slice::Known(counts) => Share::of(counts).map_or(Self::Idle, Self::Failed),
        }
    }
}
