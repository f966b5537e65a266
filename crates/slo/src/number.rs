//! The few conversions between counts and floating-point numbers, in one place.
//!
//! Intuition: counts are exact until the last step; these functions are the last step.

/// A count as a number to calculate with; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts above 2^53 need no unit digit")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// A length in milliseconds or a minute number as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "no length of time comes near 2^53 ms")]
pub(crate) fn float_signed(count: i64) -> f64 {
    count as f64
}

/// The whole part of a number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and callers pass what is not negative"
)]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}

/// `number` to twelve significant digits. Twelve digits make a decimal mantissa below 2^53, which
/// every JSON reader turns back into the same bits, so that replay equals live.
pub(crate) fn settled(number: f64) -> f64 {
    if !number.is_finite() {
        return f64::MAX;
    }
    if number.abs() < 1e-10 {
        return 0.0;
    }
    format!("{number:.11e}").parse().expect("a printed number can be read")
}
