//! How well alerts announced episodes, and which trials are beaten by none.

use super::Fired;
use crate::Condition;
use crate::number::float;
use model::{Millis, Severity};

/// How long after its end an episode may still be announced: the windows of conditions lag.
const ANNOUNCED_AFTER: i64 = 15;

/// A stretch of minutes, both ends in it, and how much it weighs: a share of the budget, or reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Its first minute.
    pub from: i64,
    /// Its last minute.
    pub to: i64,
    /// How much.
    pub weight: f64,
}

/// How a set of conditions did.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Calls.
    pub pages: usize,
    /// Calls that announced no episode.
    pub false_pages: usize,
    /// Episodes there were.
    pub episodes: usize,
    /// Episodes of which no call told.
    pub missed: usize,
    /// From the first minute of an episode to the call, per announced episode, sorted.
    pub detection_minutes: Vec<i64>,
    /// From the last minute of an episode to the end of the alert, per announced episode, sorted.
    pub reset_minutes: Vec<i64>,
    /// Nights in which somebody was woken.
    pub nights: usize,
}

impl Score {
    /// Share of calls that announced an episode; `None` without calls.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        share(self.pages - self.false_pages, self.pages)
    }

    /// Share of episodes that were announced; `None` without episodes.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        share(self.episodes - self.missed, self.episodes)
    }

    /// The middle of the times to a call; `None` when nothing was announced.
    #[must_use]
    pub fn detection_median(&self) -> Option<i64> {
        self.detection_minutes.get(self.detection_minutes.len().div_ceil(2).max(1) - 1).copied()
    }

    /// The middle of the times to the end of the alert.
    #[must_use]
    pub fn reset_median(&self) -> Option<i64> {
        self.reset_minutes.get(self.reset_minutes.len().div_ceil(2).max(1) - 1).copied()
    }

    /// Whether `self` is at least as good as `other` in everything, and better in something: episodes
    /// missed, calls for nothing, time to the call.
    fn beats(&self, other: &Self) -> bool {
        let slow = |it: &Self| it.detection_median().unwrap_or(i64::MAX);
        let of = |it: &Self| (it.missed, it.false_pages, slow(it));
        let (a, b) = (of(self), of(other));
        a.0 <= b.0 && a.1 <= b.1 && a.2 <= b.2 && a != b
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    let float = |it: usize| float(u64::try_from(it).unwrap_or(u64::MAX));
    (whole > 0).then(|| float(part) / float(whole))
}

/// Judges calls by `episodes`. A call announces an episode that it falls into, or shortly behind; an
/// alert that fires already when an episode begins has announced it. `lead_minutes` is how long before
/// its first minute an episode may have begun, for those that users report.
#[must_use]
pub fn judge(fired: &[Fired], episodes: &[Stretch], lead_minutes: i64, nights: usize) -> Score {
    let pages: Vec<&Fired> = fired.iter().filter(|it| it.severity == Severity::Page).collect();
    let announces = |page: &Fired, it: &Stretch| {
        let is_before_its_end = page.from <= it.to + ANNOUNCED_AFTER;
        is_before_its_end && page.until.is_none_or(|until| until >= it.from - lead_minutes)
    };
    let mut score = Score {
        pages: pages.len(),
        false_pages: 0,
        episodes: episodes.len(),
        missed: 0,
        detection_minutes: vec![],
        reset_minutes: vec![],
        nights,
    };
    for page in &pages {
        score.false_pages += usize::from(!episodes.iter().any(|it| announces(page, it)));
    }
    for episode in episodes {
        let of_it: Vec<&&Fired> = pages.iter().filter(|it| announces(it, episode)).collect();
        let (Some(first), Some(last)) = (of_it.first(), of_it.last()) else {
            score.missed += 1;
            continue;
        };
        score.detection_minutes.push((first.from + 1 - episode.from).max(0));
        if let Some(until) = last.until {
            score.reset_minutes.push((until - episode.to).max(0));
        }
    }
    score.detection_minutes.sort_unstable();
    score.reset_minutes.sort_unstable();
    score
}

/// Sets of conditions worth trying: one fast, or a fast and a slow one, with the short window a twelfth
/// of the long one.
#[must_use]
pub fn candidates() -> Vec<Vec<Condition>> {
    let condition = |minutes: i64, percent: u32| Condition {
        severity: Severity::Page,
        long: Millis::from_mins(minutes),
        short: Millis::from_mins((minutes / 12).max(2)),
        budget_share_ppm: percent * 10_000,
    };
    let every = |lengths: &[i64], percents: &[u32]| -> Vec<Condition> {
        let of =
            |minutes: &i64| percents.iter().map(|it| condition(*minutes, *it)).collect::<Vec<_>>();
        lengths.iter().flat_map(of).collect()
    };
    let fast = every(&[30, 60, 120], &[1, 2, 5]);
    let slow = every(&[360, 1_440], &[5, 10]);
    let mut sets: Vec<Vec<Condition>> = fast.iter().map(|it| vec![*it]).collect();
    for fast in &fast {
        sets.extend(slow.iter().map(|slow| vec![*fast, *slow]));
    }
    sets
}

/// The places of the trials that no other one beats.
#[must_use]
pub fn pareto(scores: &[Score]) -> Vec<usize> {
    let unbeaten = |it: &&usize| !scores.iter().any(|other| other.beats(&scores[**it]));
    let places: Vec<usize> = (0..scores.len()).collect();
    places.iter().filter(unbeaten).copied().collect()
}
