//! `cargo +nightly fuzz run measurements fuzz/corpus/measurements fuzz/seeds/measurements`: see `targets.rs`.
#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "each target is a program of its own")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::measurements(data));
