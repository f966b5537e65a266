//! Which bounds the buckets of a classic histogram have.
//!
//! Intuition: a histogram can say how many were under 0.25 and how many under 0.5, and nothing about
//! 0.3. Somebody who asks for 0.3 is told the nearest two instead of being given a guess. The bounds
//! are read only while one is missing, because reading them reads every bucket.

use crate::differencer::Series;

/// Bounds of one histogram.
#[derive(Debug, Clone, Default)]
pub(super) struct Bounds {
    wanted: bool,
    /// In order, without infinity.
    found: Vec<f64>,
}

impl Bounds {
    pub(super) fn want(&mut self, wanted: bool) {
        self.wanted = wanted;
    }

    pub(super) const fn is_wanted(&self) -> bool {
        self.wanted
    }

    pub(super) fn take(&mut self, series: &[Series]) {
        let bound = |it: &Series| it.labels.get("le")?.parse::<f64>().ok();
        self.found = series.iter().filter_map(bound).filter(|it| it.is_finite()).collect();
        self.found.sort_by(f64::total_cmp);
        self.found.dedup();
    }

    /// What to write instead of `under`.
    pub(super) fn nearest(&self, under: &str) -> String {
        let wanted: f64 = under.parse().unwrap_or(f64::NAN);
        let below = self.found.iter().rfind(|it| **it <= wanted);
        let above = self.found.iter().find(|it| **it > wanted);
        match (below, above) {
            (Some(below), Some(above)) => format!(
                "no bucket ends at {under}; the nearest bounds are {below} and {above}: write one of \
                 them"
            ),
            (Some(it), None) | (None, Some(it)) => {
                format!("no bucket ends at {under}; the nearest bound is {it}: write that")
            }
            (None, None) => format!(
                "no bucket ends at {under}, and no bounds are known: is it a classic histogram?"
            ),
        }
    }
}
