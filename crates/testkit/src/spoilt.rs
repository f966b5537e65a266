//! Bytes from outside as they arrive when something went wrong on the way.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// Changes made to one sample, at most.
const CHANGES_MAX: usize = 4;

/// `count` damaged versions of `sample`, each with the seed that made it: bytes changed, cut out,
/// repeated, or replaced by one of `words`, which the format under test takes seriously.
pub fn spoilt<'a>(
    sample: &'a [u8],
    words: &'a [&'a str],
    count: u64,
) -> impl Iterator<Item = (u64, Vec<u8>)> + 'a {
    (0..count).map(move |seed| {
        let mut dice = Pcg64Mcg::seed_from_u64(seed);
        let mut bytes = sample.to_vec();
        for _ in 0..dice.random_range(1..=CHANGES_MAX) {
            change(&mut bytes, words, &mut dice);
        }
        (seed, bytes)
    })
}

fn change(bytes: &mut Vec<u8>, words: &[&str], dice: &mut Pcg64Mcg) {
    let from = dice.random_range(0..=bytes.len());
    let to = (from + dice.random_range(0..24)).min(bytes.len());
    match dice.random_range(0..5) {
        0 => bytes.truncate(from),
        1 => drop(bytes.drain(from..to)),
        2 => {
            let part = bytes[from..to].to_vec();
            bytes.splice(from..from, part);
        }
        3 if from < bytes.len() => bytes[from] = dice.random(),
        _ => {
            let word = words[dice.random_range(0..words.len())];
            bytes.splice(from..to, word.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_does_the_same_damage() {
        let once: Vec<_> = spoilt(b"a sample of some length", &["null"], 50).collect();
        let again: Vec<_> = spoilt(b"a sample of some length", &["null"], 50).collect();
        assert_eq!(once, again);
        let changed = once.iter().filter(|(_, it)| it != b"a sample of some length").count();
        assert!(changed > 40, "{changed} of 50");
    }
}
