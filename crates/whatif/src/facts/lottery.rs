//! How unevenly work falls, beside a lottery that is fair to whoever could have drawn a lot.
//!
//! Intuition: somebody with half the shifts has half the pages, and nobody was unfair. So lots are as many
//! as the hours in which somebody could be reached: hours on duty where duties are known, otherwise working
//! hours, otherwise everybody the same. Chance does the rest, and chance alone is never even.
//!
//! Complications: while somebody was reached off duty, the duty is not what decided; whoever was never on
//! duty has no lot, so such pieces make the history less even than its lottery, which is what they are.
//!
//! Invariants:
//! - the same history gives the same band; people are numbered, never named or ordered by what they had;
//! - below as many people as are asked for nothing is said.

use super::WorkHistory;
use crate::calendar::{Calendar, Span};
use crate::number::{count, float, whole};
use crate::random::Stream;

/// How unevenly pieces of work fall, beside chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fairness {
    /// The Gini coefficient: 0 if everybody has as much, near 1 if one has all.
    pub gini: f64,
    /// Lower end of what the lottery gives in 95 of 100 cases.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// By what chances were dealt.
    pub chances: Chances,
}

/// By what chances were dealt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chances {
    /// Hours on duty.
    Duty,
    /// Working hours.
    Hours,
    /// Everybody the same: neither is known.
    Equal,
}

impl Chances {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Duty => "chances by hours on duty",
            Self::Hours => "chances by working hours",
            Self::Equal => "equal chances, because neither duties nor hours are known",
        }
    }

    /// In files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Hours => "hours",
            Self::Equal => "equal",
        }
    }
}

const LOTTERIES: u32 = 999;

/// The fairness of `history`, if at least `least` people are in it.
pub(super) fn fairness(history: &WorkHistory, least: usize) -> Option<Fairness> {
    let mut had = vec![0_i64; history.people.len()];
    let mut pieces = 0_u64;
    for first in history.counted().filter_map(|it| it.holders.first()) {
        had[*first] += 1;
        pieces += 1;
    }
    if had.len() < least || pieces == 0 {
        return None;
    }
    let (lots, chances) = lots(history);
    // Where each one's lots end; the last end is their sum.
    let ends: Vec<i64> = lots
        .iter()
        .scan(0, |sum, it| {
            *sum += it;
            Some(*sum)
        })
        .collect();
    let sum = *ends.last()?;
    let mut drawn: Vec<f64> = (0..LOTTERIES)
        .map(|number| {
            let stream = Stream::new(0xFA1E, number, 0);
            let mut had = vec![0_i64; ends.len()];
            for piece in 0..pieces {
                let lot = whole((stream.unit(piece) * float(sum)).floor()).min(sum - 1);
                had[ends.partition_point(|it| *it <= lot)] += 1;
            }
            gini(had)
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| crate::statistics::percentile(&drawn, share).expect("not empty");
    Some(Fairness { gini: gini(had), low: at(0.025), high: at(0.975), chances })
}

/// Lots per person, not all of them 0.
fn lots(history: &WorkHistory) -> (Vec<i64>, Chances) {
    let people = history.people.len();
    if let Some(duties) = &history.duties {
        let of = |person: usize| {
            let turns = duties.iter().filter(|it| it.person == person);
            let spans: Vec<Span> = turns.filter_map(|it| it.span.cut(history.within)).collect();
            Calendar::of(spans).open_ms(history.within)
        };
        let lots: Vec<i64> = (0..people).map(of).collect();
        if lots.iter().any(|it| *it > 0) {
            return (lots, Chances::Duty);
        }
    }
    let hours = history.people.iter().map(|it| Some(it.calendar.as_ref()?.open_ms(history.within)));
    match hours.collect::<Option<Vec<i64>>>() {
        Some(lots) if lots.iter().any(|it| *it > 0) => (lots, Chances::Hours),
        _ => (vec![1; people], Chances::Equal),
    }
}

/// The Gini coefficient: `Σ (2 i − n − 1) x(i) / (n Σ x)` over sorted numbers.
fn gini(mut had: Vec<i64>) -> f64 {
    had.sort_unstable();
    let n = whole(count(had.len()));
    let sum: i64 = had.iter().sum();
    let weighted: i64 = (1..).zip(&had).map(|(rank, it)| (2 * rank - n - 1) * it).sum();
    if sum == 0 { 0.0 } else { float(weighted) / (float(n) * float(sum)) }
}
