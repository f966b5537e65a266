//! Whose turn it is when only one of several people is called.
//!
//! Intuition: whoever was called longest ago is next. With the same people that goes round in the
//! order written. It stays fair when people come and go, where counting along a list would not: who
//! leaves is passed over, who comes (back) is called once and then waits like the others.

use model::PersonId;
use std::collections::BTreeMap;

/// `candidates` in order of turn. `last_called` says at which place in the journal each of them was
/// last called by turn; whoever never was comes first.
#[must_use]
pub fn in_turn<'a>(
    candidates: &'a [PersonId],
    last_called: &BTreeMap<PersonId, u64>,
) -> Vec<&'a PersonId> {
    let mut order: Vec<&PersonId> = candidates.iter().collect();
    // Stable: those who were never called keep the order written.
    order.sort_by_key(|it| last_called.get(*it).copied().unwrap_or(0));
    order
}
