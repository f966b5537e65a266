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

/// `number` to twelve significant digits. Twelve digits make a decimal mantissa below 2^53, and with
/// a power of ten up to 10^22 every JSON reader turns the text back into the same bits, so that
/// replay equals live. What is smaller than 10^-10 becomes zero; nothing here comes near
/// 10^22.
pub(crate) fn settled(number: f64) -> f64 {
    let size = number.abs();
    if size.is_nan() || size >= 1e22 {
        return 1e22;
    }
    if size < 1e-10 {
        return 0.0;
    }
    let digits = 11 - exponent(size);
    let power = 10_f64.powi(digits.abs());
    if digits >= 0 { (number * power).round() / power } else { (number / power).round() * power }
}

/// The number of the first digit, counted from the decimal point.
#[expect(clippy::cast_possible_truncation, reason = "at most 22 either way")]
fn exponent(size: f64) -> i32 {
    size.log10().floor() as i32
}

/// A sum of parts as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "the last step, for display")]
pub(crate) fn float_wide(count: u128) -> f64 {
    count as f64
}
