//! Known answers of Philox, Student's t, and lengths with the moments they promise.

use crate::random::{Length, Stream, philox};
use crate::statistics::student;

/// The known-answer vectors of the reference implementation (Random123, `philox4x32 10`).
#[test]
fn philox_gives_the_published_answers() {
    let check = |counter: [u32; 4], key: [u32; 2], answer: [u32; 4]| {
        assert_eq!(philox(counter, key), answer, "counter {counter:08x?} key {key:08x?}");
    };
    check([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    check([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    check(
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
    );
}

/// Table values of Student's t.
#[test]
fn student_gives_the_tables() {
    let check = |probability: f64, degrees: f64, table: f64| {
        let found = student(probability, degrees);
        assert!((found - table).abs() < 5e-7, "{probability} {degrees}: {found}, not {table}");
    };
    check(0.975, 1.0, 12.706_204_7);
    check(0.975, 9.0, 2.262_157_2);
    check(0.975, 19.0, 2.093_024_1);
    check(0.995, 30.0, 2.749_995_7);
    check(0.95, 120.0, 1.657_650_9);
}

#[test]
fn lengths_have_their_mean_and_variation() {
    for length in [
        Length::Fixed { mean_ms: 1_000_000 },
        Length::Exponential { mean_ms: 1_000_000 },
        Length::LogNormal { mean_ms: 1_000_000, variation: 0.5 },
    ] {
        let stream = Stream::new(7, 0, 0);
        let numbers: Vec<f64> =
            (0..200_000).map(|it| crate::number::float(length.at(&stream, it)) / 1e6).collect();
        let mean = numbers.iter().sum::<f64>() / 2e5;
        let variance = numbers.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 2e5;
        assert!((mean - 1.0).abs() < 0.01, "{length:?}: mean {mean}");
        assert!((variance - length.variation()).abs() < 0.03, "{length:?}: variance {variance}");
    }
}
