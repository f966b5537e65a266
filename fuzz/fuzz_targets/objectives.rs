//! `cargo +nightly fuzz run objectives fuzz/corpus/objectives fuzz/seeds/objectives`: see `targets.rs`.
#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "each target is a program of its own")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::objectives(data));
