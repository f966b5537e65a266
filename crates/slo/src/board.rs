//! The measured state of an organisation: rings of every service objective and of every feature.
//!
//! Intuition: service objectives are written to, features are derived. When a minute is closed,
//! every feature's slice of it is composed from its members' and goes into the feature's own
//! rings, so that any window of a feature costs as little as one of a service. A member's late
//! minute composes the features' minute again.
//!
//! Invariants:
//! - a feature's slice equals the composition of its members' slices at the time of the last
//!   [`Board::close_minute`];
//! - nothing is known here that could not be rebuilt from stored samples.

use crate::{
    Almanac, Assessment, LATE_MINUTES_MAX, Recorded, Rings, Slice, Span, WindowCounts, compose,
    default_conditions, evaluate_over, judged,
};
use model::{
    Calendar, Catalogue, FeatureId, Method, Millis, Need, Objective, Sli, Slo, SloId, SourceId,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many minutes of a changed feature are composed again from its members' rings.
const RECOMPOSED_MINUTES: i64 = 360;

/// Rings of everything that is measured.
#[derive(Debug, Clone)]
pub struct Board {
    slos: BTreeMap<SloId, Measured<Signal>>,
    features: BTreeMap<FeatureId, Measured<Need>>,
    /// Minutes written since features were last composed.
    touched: BTreeSet<i64>,
}

/// One promise, what it is made of, and its counts.
#[derive(Debug, Clone)]
struct Measured<Of> {
    promise: Promise,
    almanac: Option<Almanac>,
    of: Of,
    rings: Rings,
    /// The same minutes judged by slices of time, where that is promised.
    judged: Option<Rings>,
}

/// What is promised, and over what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Promise {
    objective: Objective,
    window: Millis,
    method: Method,
    calendar: Option<Calendar>,
}

/// Where a service objective is read; as long as it stays the same, the history does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signal {
    source: SourceId,
    bad: String,
    total: String,
    sli: Sli,
}

/// Something with rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A service objective.
    Slo(&'a SloId),
    /// A feature.
    Feature(&'a FeatureId),
}

/// What began anew when a catalogue was adopted. History of these may be brought back by recording
/// stored samples into a fresh board.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adopted {
    /// Service objectives that are new or are read from elsewhere.
    pub fresh_slos: BTreeSet<SloId>,
    /// Features that are new or need other things; their last 6 hours were composed again.
    pub fresh_features: BTreeSet<FeatureId>,
}

impl Board {
    /// Empty rings for everything in `catalogue`.
    #[must_use]
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut board =
            Self { slos: BTreeMap::new(), features: BTreeMap::new(), touched: BTreeSet::new() };
        board.adopt(catalogue);
        board
    }

    /// Changes to `catalogue`, keeping the rings of what is measured as before.
    pub fn adopt(&mut self, catalogue: &Catalogue) -> Adopted {
        let mut adopted = Adopted::default();
        let mut old_slos = std::mem::take(&mut self.slos);
        for (id, slo) in catalogue.slos() {
            let promise = Promise::of_slo(slo);
            let same = |it: &Measured<Signal>| {
                it.of == Signal::of(slo) && it.promise.method == promise.method
            };
            let kept = old_slos.remove(&id).filter(same);
            if kept.is_none() {
                adopted.fresh_slos.insert(id.clone());
            }
            self.slos.insert(id, Measured::renewed(kept, promise, Signal::of(slo)));
        }
        let mut old_features = std::mem::take(&mut self.features);
        for (id, feature) in &catalogue.features {
            let promise = Promise {
                objective: feature.objective,
                window: feature.window,
                method: feature.method,
                calendar: feature.calendar.clone(),
            };
            let same =
                |it: &Measured<Need>| it.of == feature.needs && it.promise.method == promise.method;
            let kept = old_features.remove(id).filter(same);
            let fresh = kept.is_none();
            let mut measured = Measured::renewed(kept, promise, feature.needs.clone());
            if fresh {
                measured.recompose(&self.slos);
                adopted.fresh_features.insert(id.clone());
            }
            self.features.insert(id.clone(), measured);
        }
        adopted
    }

    /// Sets what is known about one minute of `slo`; `None` when there is no such objective.
    pub fn record(&mut self, slo: &SloId, minute: i64, slice: Slice) -> Option<Recorded> {
        let recorded = self.slos.get_mut(slo)?.record(minute, slice);
        if recorded != Recorded::TooLate {
            self.touched.insert(minute);
        }
        Some(recorded)
    }

    /// Composes the features' slices of `minute`, and again those of earlier minutes that were
    /// recorded since. To bring back history, record one minute of every objective, close it, and
    /// go on to the next minute.
    pub fn close_minute(&mut self, minute: i64) {
        let later = self.touched.split_off(&(minute + 1));
        let mut minutes = std::mem::replace(&mut self.touched, later);
        minutes.insert(minute);
        for measured in self.features.values_mut() {
            for minute in &minutes {
                let slice = slice_at(&measured.of, &self.slos, *minute);
                measured.record(*minute, slice);
            }
        }
    }

    /// How a feature stands after `end_minute`.
    #[must_use]
    pub fn assess_feature(&self, feature: &FeatureId, end_minute: i64) -> Option<Assessment> {
        self.features.get(feature).map(|it| it.assess(end_minute))
    }

    /// How a service objective stands after `end_minute`.
    #[must_use]
    pub fn assess_slo(&self, slo: &SloId, end_minute: i64) -> Option<Assessment> {
        self.slos.get(slo).map(|it| it.assess(end_minute))
    }

    /// The last `minutes` (at most 360) up to and including `end_minute`, oldest first; empty when
    /// there is no such subject.
    #[must_use]
    pub fn recent<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        end_minute: i64,
        minutes: u32,
    ) -> Vec<(i64, Slice)> {
        let Some(rings) = self.rings(subject) else { return Vec::new() };
        (end_minute - i64::from(minutes) + 1..=end_minute)
            .map(|minute| (minute, rings.slice(minute)))
            .collect()
    }

    /// The last `hours` of the clock up to the one of `end_minute`, oldest first, each with its
    /// first minute; empty when there is no such subject.
    #[must_use]
    pub fn recent_hours<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        end_minute: i64,
        hours: u32,
    ) -> Vec<(i64, WindowCounts)> {
        self.rings(subject).map(|it| it.hours(end_minute, hours)).unwrap_or_default()
    }

    /// The rings of a subject.
    #[must_use]
    pub fn rings<'a>(&self, subject: impl Into<Subject<'a>>) -> Option<&Rings> {
        match subject.into() {
            Subject::Slo(id) => self.slos.get(id).map(|it| &it.rings),
            Subject::Feature(id) => self.features.get(id).map(|it| &it.rings),
        }
    }

    /// What is promised about a subject, and over which window.
    #[must_use]
    pub fn promise<'a>(&self, subject: impl Into<Subject<'a>>) -> Option<(Objective, Millis)> {
        match subject.into() {
            Subject::Slo(id) => self.slos.get(id).map(|it| &it.promise),
            Subject::Feature(id) => self.features.get(id).map(|it| &it.promise),
        }
        .map(|it| (it.objective, it.window))
    }

    /// How far a subject's window reaches back from `end_minute`: all of a rolling window, and from
    /// its beginning for one that follows the calendar.
    #[must_use]
    pub fn span<'a>(&self, subject: impl Into<Subject<'a>>, end_minute: i64) -> Option<Span> {
        match subject.into() {
            Subject::Slo(id) => self.slos.get(id).map(|it| it.span(end_minute)),
            Subject::Feature(id) => self.features.get(id).map(|it| it.span(end_minute)),
        }
    }

    /// What a feature needs.
    #[must_use]
    pub fn needs(&self, feature: &FeatureId) -> Option<&Need> {
        self.features.get(feature).map(|it| &it.of)
    }

    /// The newest minute that any objective has.
    #[must_use]
    pub fn newest_minute(&self) -> Option<i64> {
        self.slos.values().filter_map(|it| it.rings.newest_minute()).max()
    }
}

impl<'a> From<&'a SloId> for Subject<'a> {
    fn from(id: &'a SloId) -> Self {
        Self::Slo(id)
    }
}

impl<'a> From<&'a FeatureId> for Subject<'a> {
    fn from(id: &'a FeatureId) -> Self {
        Self::Feature(id)
    }
}

impl Signal {
    fn of(slo: &Slo) -> Self {
        Self {
            source: slo.source.clone(),
            bad: slo.bad.clone(),
            total: slo.total.clone(),
            sli: slo.sli.clone(),
        }
    }
}

impl Promise {
    fn of_slo(slo: &Slo) -> Self {
        Self {
            objective: slo.objective,
            window: slo.window,
            method: slo.method,
            calendar: slo.calendar.clone(),
        }
    }
}

impl<Of> Measured<Of> {
    fn renewed(kept: Option<Self>, promise: Promise, of: Of) -> Self {
        let (rings, judged) = kept.map_or((None, None), |it| (Some(it.rings), it.judged));
        let sized = |it: Option<Rings>| {
            let mut rings = it.unwrap_or_else(|| Rings::new(promise.window));
            rings.resize(promise.window);
            rings
        };
        let by_time = promise.method != Method::Occurrences;
        Self {
            almanac: promise.calendar.as_ref().map(Almanac::new),
            of,
            rings: sized(rings),
            judged: by_time.then(|| sized(judged)),
            promise,
        }
    }

    fn record(&mut self, minute: i64, slice: Slice) -> Recorded {
        let recorded = self.rings.record(minute, slice);
        if let Some(judged) = &mut self.judged {
            for (at, verdict) in judged::verdicts(self.promise.method, &self.rings, minute) {
                judged.record(at, verdict);
            }
        }
        recorded
    }

    fn span(&self, end_minute: i64) -> Span {
        let Some(almanac) = &self.almanac else { return Span::rolling(self.promise.window) };
        let (start, end) = almanac.period_of(end_minute);
        Span {
            window: Millis::from_mins(end - start),
            passed: Millis::from_mins(end_minute + 1 - start),
        }
    }

    fn assess(&self, end_minute: i64) -> Assessment {
        let rings = self.judged.as_ref().unwrap_or(&self.rings);
        let (objective, span) = (self.promise.objective, self.span(end_minute));
        evaluate_over(objective, span, &default_conditions(), rings, end_minute)
    }
}

impl Measured<Need> {
    fn recompose(&mut self, slos: &BTreeMap<SloId, Measured<Signal>>) {
        let newest = slos.values().filter_map(|it| it.rings.newest_minute()).max();
        let Some(newest) = newest else { return };
        for minute in newest - RECOMPOSED_MINUTES + 1..=newest {
            let slice = slice_at(&self.of, slos, minute);
            self.record(minute, slice);
        }
    }
}

fn slice_at(need: &Need, slos: &BTreeMap<SloId, Measured<Signal>>, minute: i64) -> Slice {
    let mut slice_of =
        |id: &SloId| slos.get(id).map_or(Slice::Unknown, |it| it.rings.slice(minute));
    compose(need, &mut slice_of)
}

const _: () = assert!(LATE_MINUTES_MAX < RECOMPOSED_MINUTES);

#[cfg(test)]
mod tests;
