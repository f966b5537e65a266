//! Measures of a work history.

/// Interruptions: notifications to one person, of which those within 60 seconds of the one before are
/// one.
#[must_use]
pub fn interruptions(times: &mut [i64]) -> usize {
    times.sort_unstable();
    let apart = times.windows(2).filter(|it| it[1] - it[0] >= 60_000).count();
    apart + usize::from(!times.is_empty())
}
