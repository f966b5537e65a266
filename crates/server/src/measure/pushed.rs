//! Pushed counts on their way to meter, samples and board.
//!
//! Intuition: what was pushed for the last minutes goes the way of every measurement. What was pushed for
//! an older minute is written into the samples, and the board is built again from them: rings do not
//! change that far back.
//!
//! Invariants:
//! - what is written are sums of whole minutes, so that writing twice changes nothing;
//! - a minute is written with the time after it for which its push speaks.

use super::Measurer;
use crate::samples::{Lot, key_of, stored};
use model::{Millis, Sli};
use slo::{Counts, LATE_MINUTES_MAX, Pushes, Slice};
use std::collections::BTreeMap;

/// How long a push speaks at most when older minutes are written.
const SPEAKS_MAX: Millis = Millis::from_days(31);

impl Measurer {
    /// Takes what was pushed since the last call.
    pub(super) async fn take_pushed(&mut self) {
        if self.version == 0 {
            return;
        }
        let newest_late = self.meter.closed_minute(self.shared.clock.now()) - LATE_MINUTES_MAX;
        let mut lots: Vec<Lot> = vec![];
        for (id, slo) in self.catalogue.signals() {
            let Sli::Pushed { every, .. } = slo.sli else { continue };
            let state = self.shared.handle.state();
            let Some(book) = state.pushed.get(&id) else { continue };
            let taken = self.pushed.insert(id.clone(), book.revision);
            if taken == Some(book.revision) {
                continue;
            }
            let mut pushes = Pushes::default();
            for (minute, it) in &book.minutes {
                pushes.set(*minute, Counts::new(it.bad, it.total));
            }
            let changed = book.minutes.iter().filter(|(_, it)| it.revision > taken.unwrap_or(0));
            let late = changed.map(|(minute, _)| *minute).filter(|it| *it <= newest_late);
            let slices = spoken_for(&pushes, every.min(SPEAKS_MAX), late, newest_late);
            if !slices.is_empty() {
                lots.push((key_of(&id, slo), slices));
            }
            self.meter.push(&id, pushes);
        }
        if lots.is_empty() {
            return;
        }
        self.samples.put(lots).await;
        self.rebuild(self.shared.clock.now()).await;
    }
}

/// The minutes for which pushes of the minutes `late` speak, up to `newest`.
fn spoken_for(
    pushes: &Pushes,
    every: Millis,
    late: impl Iterator<Item = i64>,
    newest: i64,
) -> Vec<(i64, Option<(u64, u64)>)> {
    let mut minutes = BTreeMap::new();
    for minute in late {
        for at in minute..=(minute + every.whole_mins()).min(newest) {
            let slice = pushes.slice(at, every);
            if slice != Slice::Unknown {
                minutes.insert(at, stored(slice));
            }
        }
    }
    minutes.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: old minutes are written as the meter would deliver them. Method: every minute against
    /// [`Pushes::slice`], with pushes that overlap and one that is not late.
    #[test]
    fn late_pushes_speak_for_the_time_after_them() {
        let mut pushes = Pushes::default();
        for (minute, bad) in [(10, 1), (12, 2), (30, 3), (40, 4)] {
            pushes.set(minute, Counts::new(bad, 9));
        }
        let every = Millis::from_mins(3);
        let found = spoken_for(&pushes, every, [10, 12, 30].into_iter(), 31);
        let shown: Vec<String> = found
            .iter()
            .map(|(at, it)| it.map_or(format!("{at}:?"), |(bad, all)| format!("{at}:{bad}/{all}")))
            .collect();
        assert_eq!(shown.join(" "), "10:1/9 11:0/0 12:2/9 13:0/0 14:0/0 15:0/0 30:3/9 31:0/0");
    }
}
