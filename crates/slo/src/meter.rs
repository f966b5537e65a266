//! From what sources deliver to slices of closed minutes, for every service objective.
//!
//! Intuition: a water meter reader. Readings of both counters of an objective arrive whenever they
//! arrive; a minute is closed once its end is an interval and a little grace ago, because by then a
//! reading after its end is due. What is not known by then is unknown; when late readings change a
//! closed minute, it is delivered again, up to [`LATE_MINUTES_MAX`] minutes back.
//!
//! A minute is known when both selectors were read after its end, and two readings of the total
//! enclose at least a part of it. A part is enough, or else the events of a gap, which are counted
//! just before the reading that ends it, could fall into a minute that is then thrown away. The bad
//! counter may have no series at all: then nothing bad ever happened.
//!
//! Invariants:
//! - every closed minute is delivered, once with its first value and again only when it changed;
//! - a minute before the meter's beginning is delivered only when it is wholly covered, so that a
//!   restart never overwrites stored counts by less;
//! - after [`LATE_MINUTES_MAX`] minutes without a call, older minutes are left out: unknown.

use crate::differencer::{Differencer, Series, Targets, TooManySeries};
use crate::{LATE_MINUTES_MAX, SERIES_PER_SELECTOR_MAX, Slice};
use model::{Catalogue, Millis, SloId, SourceId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How long after its last reading is due a minute is closed.
pub const CLOSE_GRACE: Millis = Millis::from_secs(5);

const MINUTE: Millis = Millis::from_mins(1);

/// A closed minute of an objective.
pub type Measurement = (SloId, i64, Slice);

/// All counters of an organisation.
#[derive(Debug, Clone)]
pub struct Meter {
    sources: BTreeMap<SourceId, SourceMeter>,
    slos: BTreeMap<SloId, SloMeter>,
    /// The shortest time between two reads, from the speed of the clock.
    tick: Millis,
}

#[derive(Debug, Clone)]
struct SourceMeter {
    interval: Millis,
    targets: Targets,
    selectors: BTreeMap<String, SelectorMeter>,
    failing_since: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct SelectorMeter {
    differencer: Differencer,
    /// Read but not yet counted: first readings can be judged only when every selector of the
    /// source has told when its targets were scraped.
    pending: Vec<(Timestamp, Vec<Series>)>,
    /// When it was last read with success.
    read_until: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct SloMeter {
    source: SourceId,
    bad: String,
    total: String,
    /// The minute in which measuring began.
    began: Option<i64>,
    delivered: BTreeMap<i64, Slice>,
}

impl Meter {
    /// A meter that has read nothing yet.
    #[must_use]
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut meter =
            Self { sources: BTreeMap::new(), slos: BTreeMap::new(), tick: Millis::ZERO };
        meter.adopt(catalogue);
        meter
    }

    /// Changes to `catalogue`, keeping the readings of selectors that stay.
    pub fn adopt(&mut self, catalogue: &Catalogue) {
        let mut old_sources = std::mem::take(&mut self.sources);
        let mut old_slos = std::mem::take(&mut self.slos);
        for (id, source) in &catalogue.sources {
            let mut kept = old_sources.remove(id).unwrap_or_else(SourceMeter::new);
            kept.interval = source.interval;
            let wanted: BTreeSet<&String> = catalogue
                .slos()
                .filter(|(_, it)| it.source == *id)
                .flat_map(|(_, it)| [&it.bad, &it.total])
                .collect();
            kept.selectors.retain(|selector, _| wanted.contains(selector));
            for selector in wanted {
                kept.selectors.entry(selector.clone()).or_insert_with(SelectorMeter::new);
            }
            self.sources.insert(id.clone(), kept);
        }
        for (id, slo) in catalogue.slos() {
            let same = |it: &SloMeter| {
                it.source == slo.source && it.bad == slo.bad && it.total == slo.total
            };
            let meter = old_slos.remove(&id).filter(same).unwrap_or_else(|| SloMeter {
                source: slo.source.clone(),
                bad: slo.bad.clone(),
                total: slo.total.clone(),
                began: None,
                delivered: BTreeMap::new(),
            });
            self.slos.insert(id, meter);
        }
        self.pace(self.tick);
    }

    /// Says how much time passes between two reads at least. On a clock that runs at 60 times the
    /// usual speed a source cannot be read every 15 s; then a longer interval is expected.
    pub fn pace(&mut self, tick: Millis) {
        self.tick = tick;
        for source in self.sources.values_mut() {
            let interval = source.interval.max(tick);
            for selector in source.selectors.values_mut() {
                selector.differencer.set_interval(interval);
            }
        }
    }

    /// The selectors to read from `source` at each tick, each once however many objectives share
    /// it.
    #[must_use]
    pub fn selectors(&self, source: &SourceId) -> BTreeSet<String> {
        let found = self.sources.get(source);
        found.map(|it| it.selectors.keys().cloned().collect()).unwrap_or_default()
    }

    /// Takes what `source` answered for `selector` when it was read at `now`; nothing but an empty
    /// list means that there is no such series. An unknown source or selector is ignored: it has
    /// just left the configuration. With too many series nothing is taken, and the minutes are
    /// unknown.
    pub fn ingest(
        &mut self,
        source: &SourceId,
        selector: &str,
        series: Vec<Series>,
        now: Timestamp,
    ) -> Result<(), TooManySeries> {
        let Some(source) = self.sources.get_mut(source) else { return Ok(()) };
        let Some(meter) = source.selectors.get_mut(selector) else { return Ok(()) };
        let pending: usize = meter.pending.iter().map(|(_, it)| it.len()).sum();
        let found = pending.max(series.len());
        if found > SERIES_PER_SELECTOR_MAX {
            return Err(TooManySeries { found, max: SERIES_PER_SELECTOR_MAX });
        }
        meter.differencer.check_room(&series, now)?;
        source.targets.note(&series);
        meter.pending.push((now, series));
        source.failing_since = None;
        Ok(())
    }

    /// Notes that `source` could not be read at `now`.
    pub fn source_failed(&mut self, source: &SourceId, now: Timestamp) {
        if let Some(source) = self.sources.get_mut(source) {
            source.failing_since.get_or_insert(now);
        }
    }

    /// Since when `source` cannot be read; `None` when it can, or was never tried.
    #[must_use]
    pub fn failing_since(&self, source: &SourceId) -> Option<Timestamp> {
        self.sources.get(source)?.failing_since
    }

    /// The newest minute that is closed at `now` whatever its source.
    #[must_use]
    pub fn closed_minute(&self, now: Timestamp) -> i64 {
        let slowest = self.sources.values().map(|it| it.interval.max(self.tick)).max();
        closed_at(now, slowest.unwrap_or(self.tick))
    }

    /// Minutes that were closed or have changed, in order of time and then of objective.
    pub fn drain(&mut self, now: Timestamp) -> Vec<Measurement> {
        for source in self.sources.values_mut() {
            source.count(now);
        }
        let mut measured = Vec::new();
        for (id, slo) in &mut self.slos {
            let Some(source) = self.sources.get(&slo.source) else { continue };
            let closed = closed_at(now, source.interval.max(self.tick));
            measured.extend(slo.close(source, now, closed).map(|(at, it)| (id.clone(), at, it)));
        }
        measured.sort_by(|left, right| (left.1, &left.0).cmp(&(right.1, &right.0)));
        measured
    }
}

/// The newest minute whose end is an interval and the grace before `now`.
fn closed_at(now: Timestamp, interval: Millis) -> i64 {
    now.minus(interval).minus(CLOSE_GRACE).minute() - 1
}

impl SourceMeter {
    fn new() -> Self {
        Self {
            interval: MINUTE,
            targets: Targets::default(),
            selectors: BTreeMap::new(),
            failing_since: None,
        }
    }

    fn count(&mut self, now: Timestamp) {
        let mut retention = Millis::ZERO;
        for selector in self.selectors.values_mut() {
            retention = retention.max(selector.differencer.retention());
            for (read_at, series) in std::mem::take(&mut selector.pending) {
                selector.differencer.ingest(&series, &self.targets, read_at);
                selector.read_until = selector.read_until.max(Some(read_at));
            }
        }
        self.targets.forget_before(now.minus(retention));
    }
}

impl SelectorMeter {
    fn new() -> Self {
        Self { differencer: Differencer::new(MINUTE), pending: Vec::new(), read_until: None }
    }

    fn was_read_after(&self, minute: i64) -> bool {
        self.read_until.is_some_and(|it| it >= Timestamp::from_minute(minute + 1))
    }
}

impl SloMeter {
    fn close(
        &mut self,
        source: &SourceMeter,
        now: Timestamp,
        closed: i64,
    ) -> impl Iterator<Item = (i64, Slice)> + use<> {
        let oldest = closed - LATE_MINUTES_MAX + 1;
        let began = *self.began.get_or_insert(now.minute());
        let mut changed = Vec::new();
        for minute in oldest..=closed {
            let (slice, covered) = self.slice(source, minute);
            if minute < began && covered < MINUTE && !self.delivered.contains_key(&minute) {
                continue;
            }
            if self.delivered.insert(minute, slice) != Some(slice) {
                changed.push((minute, slice));
            }
        }
        self.delivered = self.delivered.split_off(&oldest);
        changed.into_iter()
    }

    fn slice(&self, source: &SourceMeter, minute: i64) -> (Slice, Millis) {
        let both = source.selectors.get(&self.bad).zip(source.selectors.get(&self.total));
        let read =
            both.filter(|(bad, total)| bad.was_read_after(minute) && total.was_read_after(minute));
        let Some((bad, total)) = read else { return (Slice::Unknown, Millis::ZERO) };
        let (bad, total) = (bad.differencer.sum(minute), total.differencer.sum(minute));
        if total.covered == Millis::ZERO {
            return (Slice::Unknown, Millis::ZERO);
        }
        (Slice::known(bad.count, total.count), total.covered)
    }
}

#[cfg(test)]
mod tests;
