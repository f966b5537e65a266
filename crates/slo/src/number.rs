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

/// What a number without a sign is cut off to, of what lies below 2^63.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn whole_signed(number: f64) -> i64 {
    number as i64
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
    let power = POWERS[digits.unsigned_abs() as usize];
    // (Without SSE 4.1, which not every processor has, `round` is a call.)
    let to_unit = |number: f64| float_signed(whole_signed(number + 0.5));
    let rounded =
        if digits >= 0 { to_unit(size * power) / power } else { to_unit(size / power) * power };
    rounded.copysign(number)
}

/// Powers of ten, all of them exact.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// One divided by powers of ten, to the nearest.
const FRACTIONS: [f64; 11] = [1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10];

/// The number of the first digit, counted from the decimal point, of what lies between 10^-10 and 10^22.
/// The binary exponent times the logarithm of two is that or one less; a look at the next power decides.
/// (Logarithms were most of what an assessment cost.)
fn exponent(size: f64) -> i32 {
    let binary = i32::try_from(size.to_bits() >> 52).expect("a number without sign") - 1_023;
    // 1233 / 4096 is the logarithm of 2 to five digits; a shift rounds down also below zero.
    let least = (binary * 1_233) >> 12;
    let next = least + 1;
    let table: &[f64] = if next >= 0 { &POWERS } else { &FRACTIONS };
    let is_reached = size >= table[next.unsigned_abs() as usize];
    least + i32::from(is_reached)
}

/// A sum of parts as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "the last step, for display")]
pub(crate) fn float_wide(count: u128) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Prng;

    /// Goal: the first digit is where the decimal text has it. Method: powers of ten, their neighbours, and
    /// seeded numbers of every size.
    #[test]
    fn the_first_digit_is_where_the_text_has_it() {
        let check = |size: f64| {
            let text = format!("{size:e}");
            let expected: i32 = text.split_once('e').unwrap().1.parse().unwrap();
            assert_eq!(exponent(size), expected, "{text}");
        };
        for power in (-10..22).map(|it| format!("1e{it}").parse::<f64>().unwrap()) {
            let near = [power.next_down(), power, power.next_up(), power * 2.0, power * 5.0];
            near.into_iter().filter(|it| *it >= 1e-10).for_each(check);
        }
        let mut prng = Prng::new(10);
        for _ in 0..100_000 {
            let (digits, size) = (prng.below(1 << 53), prng.below_i64(32) - 10);
            let size = i32::try_from(size).unwrap();
            let number = (float(digits) + 1.0) / 9.1e15 * 10_f64.powi(size);
            if (1e-10..1e22).contains(&number) {
                check(number);
            }
        }
    }

    #[test]
    fn twelve_digits_are_kept() {
        let check = |number: f64, expected: &str| {
            assert_eq!(settled(number).to_string(), expected, "{number}");
        };
        check(0.1 + 0.2, "0.3");
        check(123_456_789_012.6, "123456789013");
        check(-2.0 / 3.0, "-0.666666666667");
        check(9.9e-11, "0");
        check(1e-10, "0.0000000001");
        check(3e21, "3000000000000000000000");
        check(f64::NAN, "10000000000000000000000");
    }
}
