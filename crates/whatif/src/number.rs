//! The few conversions between whole milliseconds and floating-point numbers, in one place.
//!
//! Intuition: the simulation is whole numbers; only what is drawn before it and what is measured
//! after it is not. These functions are the two borders.

/// A length or a count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "no length of time comes near 2^53 ms")]
#[must_use]
pub fn float(whole: i64) -> f64 {
    whole as f64
}

/// A number of things as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "nothing is counted up to 2^53")]
#[must_use]
pub fn count(things: usize) -> f64 {
    things as f64
}

/// The nearest whole number; saturates, and turns what is no number into 0.
#[expect(clippy::cast_possible_truncation, reason = "saturating is what is wanted")]
#[must_use]
pub fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// The nearest index that is not negative; saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturating is what is wanted"
)]
#[must_use]
pub fn index(number: f64) -> usize {
    number.max(0.0) as usize
}

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Milliseconds of a week of 168 hours.
pub const WEEK_MS: i64 = 7 * DAY_MS;

/// A length in hours.
#[must_use]
pub fn hours(length_ms: i64) -> f64 {
    float(length_ms) / float(HOUR_MS)
}

/// A number of hours as a length.
#[must_use]
pub fn from_hours(hours: f64) -> i64 {
    whole(hours * float(HOUR_MS))
}
