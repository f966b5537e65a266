//! Pages are luck: whether somebody got more than a fair lottery would have given them.
//!
//! Intuition: every page is a ticket that falls on whoever is on duty, so on each person with the chance
//! of their share of the exposure. Nobody should be compared with a constant: whoever had more nights
//! will have more pages, and that was decided when the shifts were.
//!
//! Complications: pages of one incident are one ticket, or a single bad night looks like injustice. For
//! all together the largest deviation is held against lotteries drawn under a seed; for one person the
//! band is exact.

use crate::random::Random;

/// What one person got, and what a fair lottery gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Lot {
    /// Tickets they got.
    pub got: u64,
    /// What a fair lottery gives on average.
    pub expected: f64,
    /// A fair lottery gives fewer than this in at most one of forty draws.
    pub low: u64,
    /// A fair lottery gives more than this in at most one of forty draws.
    pub high: u64,
}

/// What everybody got.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Per person, in the order given.
    pub lots: Vec<Lot>,
    /// In how many of the lotteries drawn somebody was as far off as the one who is furthest off here,
    /// the lottery at hand counted too; small means that it was not luck.
    pub chance: f64,
}

/// Judges tickets against exposures. `None` where nobody was exposed or nothing fell.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of pages are small")]
pub fn judge(got: &[u64], exposure: &[u64], draws: u32, seed: u64) -> Option<Judged> {
    assert_eq!(got.len(), exposure.len(), "one exposure for each");
    let (tickets, exposed) = (got.iter().sum::<u64>(), exposure.iter().sum::<u64>());
    if tickets == 0 || exposed == 0 {
        return None;
    }
    let chance_of = |it: &u64| *it as f64 / exposed as f64;
    let lots = got.iter().zip(exposure).map(|(got, exposure)| {
        let chance = chance_of(exposure);
        let (low, high) = band(tickets, chance);
        Lot { got: *got, expected: tickets as f64 * chance, low, high }
    });
    let off = |counts: &[u64]| -> f64 {
        let each = counts.iter().zip(exposure).map(|(count, exposure)| {
            let mean = tickets as f64 * chance_of(exposure);
            let spread = (mean * (1.0 - chance_of(exposure))).sqrt();
            if spread > 0.0 { (*count as f64 - mean).abs() / spread } else { 0.0 }
        });
        each.fold(0.0, f64::max)
    };
    let here = off(got);
    let mut random = Random::new(seed);
    let mut as_far = 1_u32;
    for _ in 0..draws {
        let counts = drawn(tickets, exposure, exposed, &mut random);
        as_far += u32::from(off(&counts) >= here - 1e-12);
    }
    Some(Judged { lots: lots.collect(), chance: f64::from(as_far) / f64::from(draws + 1) })
}

fn drawn(tickets: u64, exposure: &[u64], exposed: u64, random: &mut Random) -> Vec<u64> {
    let mut counts = vec![0; exposure.len()];
    for _ in 0..tickets {
        let mut at = u64::try_from((u128::from(random.draw()) * u128::from(exposed)) >> 64)
            .expect("below the exposure");
        for (count, width) in counts.iter_mut().zip(exposure) {
            if at < *width {
                *count += 1;
                break;
            }
            at -= width;
        }
    }
    counts
}

/// The 2.5 % and 97.5 % points of a binomial count, summed exactly from its terms.
fn band(tickets: u64, chance: f64) -> (u64, u64) {
    if chance <= 0.0 {
        return (0, 0);
    }
    if chance >= 1.0 {
        return (tickets, tickets);
    }
    let (mut low, mut below) = (None, 0.0);
    for count in 0..=tickets {
        below += log_term(tickets, count, chance).exp();
        if low.is_none() && below > 0.025 {
            low = Some(count);
        }
        if below >= 0.975 {
            return (low.unwrap_or(count), count);
        }
    }
    (low.unwrap_or(tickets), tickets)
}

#[expect(clippy::cast_precision_loss, reason = "counts of pages are small")]
fn log_term(all: u64, count: u64, chance: f64) -> f64 {
    let ways: f64 = (0..count).map(|it| ((all - it) as f64).ln() - ((it + 1) as f64).ln()).sum();
    ways + count as f64 * chance.ln() + (all - count) as f64 * (1.0 - chance).ln()
}
