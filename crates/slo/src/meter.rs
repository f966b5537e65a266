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
use crate::gauge::Gauge;
use crate::query::{Answers, question, selectors_of};
use crate::{LATE_MINUTES_MAX, SERIES_PER_SELECTOR_MAX, Slice};
use bounds::Bounds;
use model::{Catalogue, Millis, Sli, Slo, SloId, SourceId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

mod bounds;
mod pushed;

pub use pushed::Pushes;

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
    /// Selectors of all buckets, read only while a bound is missing.
    bounds: BTreeMap<String, Bounds>,
    failing_since: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct SelectorMeter {
    differencer: Differencer,
    /// Kept where the selector chooses gauges.
    gauge: Option<Gauge>,
    /// Kept where the selector is a question.
    answers: Option<Answers>,
    /// Whether there was any series at the last read.
    found: bool,
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
    sli: Sli,
    /// Counts pushed for the last minutes.
    pushes: Pushes,
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
            let wanted: BTreeSet<String> = catalogue
                .signals()
                .filter(|(_, it)| it.source == *id && !it.sli.has_no_source())
                .flat_map(|(_, it)| <[String; 2]>::from(selectors_of(it, source.interval)))
                .collect();
            kept.selectors.retain(|selector, _| wanted.contains(selector));
            for selector in wanted {
                let fresh = SelectorMeter::new(&selector);
                kept.selectors.entry(selector).or_insert(fresh);
            }
            kept.follow_sorts(catalogue, id);
            self.sources.insert(id.clone(), kept);
        }
        for (id, slo) in catalogue.signals() {
            let interval = catalogue.sources.get(&slo.source).map_or(MINUTE, |it| it.interval);
            let (bad, total) = selectors_of(slo, interval);
            let same = |it: &SloMeter| {
                it.source == slo.source && it.bad == bad && it.total == total && it.sli == slo.sli
            };
            let meter = old_slos.remove(&id).filter(same);
            let meter = meter.unwrap_or_else(|| SloMeter::new(slo, (bad, total)));
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
        let Some(found) = found else { return BTreeSet::new() };
        let missing = found.bounds.iter().filter(|(_, it)| it.is_wanted()).map(|(it, _)| it);
        found.selectors.keys().chain(missing).cloned().collect()
    }

    /// What the buckets of histograms of `source` do not allow, in words; empty when all is well.
    #[must_use]
    pub fn missing_bounds(&self, source: &SourceId) -> Vec<String> {
        let of_source = self.slos.iter().filter(|(_, it)| it.source == *source);
        let Some(found) = self.sources.get(source) else { return Vec::new() };
        of_source.filter_map(|(id, it)| it.missing_bound(found, id)).collect()
    }

    /// That readings of `source` come much more seldom than its interval says, in words: then nothing is known
    /// although everything is read.
    #[must_use]
    pub fn readings_too_seldom(&self, source: &SourceId) -> Option<String> {
        let found = self.sources.get(source)?;
        let paces = found.selectors.values().filter_map(|it| it.differencer.slower_than_gaps());
        let pace = paces.min()?;
        Some(format!(
            "readings come every {pace}, and the source's `interval` is {}, so that all between them counts as \
             unknown: write `interval: {pace}`",
            found.interval
        ))
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
        if let Some(bounds) = source.bounds.get_mut(selector) {
            bounds.take(&series);
        }
        let Some(meter) = source.selectors.get_mut(selector) else { return Ok(()) };
        let pending: usize = meter.pending.iter().map(|(_, it)| it.len()).sum();
        let found = pending.max(series.len());
        if found > SERIES_PER_SELECTOR_MAX {
            return Err(TooManySeries { found, max: SERIES_PER_SELECTOR_MAX });
        }
        if meter.answers.is_none() {
            meter.differencer.check_room(&series, now)?;
            source.targets.note(&series);
        }
        meter.pending.push((now, series));
        source.failing_since = None;
        Ok(())
    }

    /// Takes counts that were pushed for an objective; others are ignored.
    pub fn push(&mut self, slo: &SloId, pushes: Pushes) {
        if let Some(meter) = self.slos.get_mut(slo) {
            meter.pushes = pushes;
        }
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
        for (id, source) in &mut self.sources {
            source.count(now);
            source.miss_bounds(&self.slos, id);
        }
        let mut measured = Vec::new();
        for (id, slo) in &mut self.slos {
            if slo.sli.has_no_source() {
                let closed = closed_at(now, self.tick);
                measured.extend(slo.close(None, now, closed).map(|(at, it)| (id.clone(), at, it)));
                continue;
            }
            let Some(source) = self.sources.get(&slo.source) else { continue };
            let closed = closed_at(now, source.interval.max(self.tick));
            let source = Some(source);
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
            bounds: BTreeMap::new(),
            failing_since: None,
        }
    }

    /// Notes which selectors choose gauges, and which histograms must have which bound.
    fn follow_sorts(&mut self, catalogue: &Catalogue, id: &SourceId) {
        let mut gauges = BTreeSet::new();
        let mut histograms = BTreeSet::new();
        for (_, slo) in catalogue.signals().filter(|(_, it)| it.source == *id) {
            match &slo.sli {
                Sli::Gauge(_) | Sli::Ratio { .. } => gauges.extend([&slo.bad, &slo.total]),
                Sli::Latency { buckets, .. } => histograms.extend([buckets]),
                Sli::Bad
                | Sli::Good
                | Sli::Pushed { .. }
                | Sli::Query { .. }
                | Sli::Heartbeat { .. } => {}
            }
        }
        for (selector, meter) in &mut self.selectors {
            if !gauges.contains(selector) {
                meter.gauge = None;
            } else if meter.gauge.is_none() {
                meter.gauge = Some(Gauge::default());
            }
        }
        self.bounds.retain(|selector, _| histograms.contains(selector));
        for buckets in histograms {
            self.bounds.entry(buckets.clone()).or_default();
        }
    }

    /// Asks for all bounds of the histograms whose bound was not among the last answer.
    fn miss_bounds(&mut self, slos: &BTreeMap<SloId, SloMeter>, id: &SourceId) {
        for bounds in self.bounds.values_mut() {
            bounds.want(false);
        }
        for slo in slos.values().filter(|it| it.source == *id) {
            let Sli::Latency { buckets, .. } = &slo.sli else { continue };
            if slo.lacks_bound(self)
                && let Some(bounds) = self.bounds.get_mut(buckets)
            {
                bounds.want(true);
            }
        }
    }

    fn count(&mut self, now: Timestamp) {
        let mut retention = Millis::ZERO;
        for selector in self.selectors.values_mut() {
            retention = retention.max(selector.differencer.retention());
            for (read_at, series) in std::mem::take(&mut selector.pending) {
                selector.found = !series.is_empty();
                if let Some(answers) = &mut selector.answers {
                    answers.ingest(&series, read_at.minute() - LATE_MINUTES_MAX - 3);
                    selector.read_until = selector.read_until.max(Some(read_at));
                    continue;
                }
                if let Some(gauge) = &mut selector.gauge {
                    gauge.ingest(&series, self.interval, read_at);
                    selector.read_until = selector.read_until.max(Some(read_at));
                    continue;
                }
                selector.differencer.ingest(&series, &self.targets, read_at);
                selector.read_until = selector.read_until.max(Some(read_at));
            }
        }
        self.targets.forget_before(now.minus(retention));
    }
}

impl SelectorMeter {
    fn new(selector: &str) -> Self {
        Self {
            differencer: Differencer::new(MINUTE),
            gauge: None,
            answers: question(selector).map(|_| Answers::default()),
            found: false,
            pending: Vec::new(),
            read_until: None,
        }
    }

    fn was_read_after(&self, minute: i64) -> bool {
        self.read_until.is_some_and(|it| it >= Timestamp::from_minute(minute + 1))
    }
}

impl SloMeter {
    fn new(slo: &Slo, (bad, total): (String, String)) -> Self {
        Self {
            source: slo.source.clone(),
            bad,
            total,
            sli: slo.sli.clone(),
            pushes: Pushes::default(),
            began: None,
            delivered: BTreeMap::new(),
        }
    }

    fn close(
        &mut self,
        source: Option<&SourceMeter>,
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

    fn slice(&self, source: Option<&SourceMeter>, minute: i64) -> (Slice, Millis) {
        if let Sli::Pushed { every, .. } = self.sli {
            return (self.pushes.slice(minute, every), MINUTE);
        }
        let unknown = (Slice::Unknown, Millis::ZERO);
        if matches!(self.sli, Sli::Heartbeat { .. }) {
            return match self.pushes.slice(minute, Millis::ZERO) {
                // What was known before a restart stands.
                Slice::Unknown => unknown,
                known @ Slice::Known(_) => (known, MINUTE),
            };
        }
        let Some(source) = source else { return unknown };
        let both = source.selectors.get(&self.bad).zip(source.selectors.get(&self.total));
        let read =
            both.filter(|(bad, total)| bad.was_read_after(minute) && total.was_read_after(minute));
        let Some((bad, total)) = read else { return unknown };
        if matches!(self.sli, Sli::Gauge(_) | Sli::Ratio { .. }) {
            let gauge = total.gauge.as_ref();
            let reach = gauge.and_then(|it| it.reach(minute, source.interval));
            return reach.map_or(unknown, |it| (it.slice(&self.sli), MINUTE));
        }
        if let Sli::Query { asks, per } = self.sli {
            let answer = |it: &SelectorMeter| it.answers.as_ref()?.at(minute);
            let window = crate::query::window(source.interval);
            let slice =
                crate::query::slice(asks, per, window, minute, (answer(bad), answer(total)));
            return if slice == Slice::Unknown { unknown } else { (slice, MINUTE) };
        }
        let covered = total.differencer.sum(minute).covered;
        if covered == Millis::ZERO || self.lacks_bound(source) {
            return unknown;
        }
        let count = |minute| {
            let (some, all) = (bad.differencer.sum(minute).count, total.differencer.sum(minute));
            (some, all.count)
        };
        let (some, all) = count(minute);
        let bad = if self.sli == Sli::Bad {
            some
        } else {
            // Rounding can place an event in the total a minute after the same event among the good
            // ones; what the minute before had too many is taken from this one.
            let (some_before, all_before) = count(minute - 1);
            let ahead = some_before.saturating_sub(all_before);
            all.saturating_sub(some).saturating_sub(ahead)
        };
        (Slice::known(bad, all), covered)
    }

    /// Whether the histogram was read and has no bucket that ends at the bound: what is under it is
    /// then unknown, and not nothing.
    fn lacks_bound(&self, source: &SourceMeter) -> bool {
        let found = |selector| source.selectors.get(selector).is_some_and(|it| it.found);
        matches!(self.sli, Sli::Latency { .. }) && !found(&self.bad) && found(&self.total)
    }

    fn missing_bound(&self, source: &SourceMeter, id: &SloId) -> Option<String> {
        let Sli::Latency { under, buckets } = &self.sli else { return None };
        if !self.lacks_bound(source) {
            return None;
        }
        Some(format!("{id}: {}", source.bounds.get(buckets)?.nearest(under)))
    }
}

#[cfg(test)]
mod kinds;
#[cfg(test)]
mod tests;
