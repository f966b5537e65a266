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

use crate::assessment::{Counted, Terms};
use crate::condition::in_force;
use crate::habit::Habit;
use crate::made::{Certain, Made};
use crate::mask::Masked;
use crate::{
    Almanac, Assessment, Clustering, Condition, Hidden, LATE_MINUTES_MAX, Mask, Masks, Recorded,
    Rings, Slice, Span, Unmeasured, WindowCounts, conditions_of, judged,
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
    features: BTreeMap<FeatureId, Measured<Made>>,
    /// Minutes written since features were last composed.
    touched: BTreeSet<i64>,
    masks: Masks,
    /// How far back the history of objectives has been read from their source.
    histories: BTreeMap<SloId, History>,
}

/// How far back the history of an objective has been read from its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The first minute that is wanted.
    pub wanted_from: i64,
    /// Minutes that are still to be read.
    pub minutes_left: i64,
    /// Why reading does not go on at the moment, in words.
    pub problem: Option<String>,
}

/// One promise, what it is made of, and its counts.
#[derive(Debug, Clone)]
struct Measured<Of> {
    promise: Promise,
    almanac: Option<Almanac>,
    /// What is promised over the whole window; months have other lengths.
    terms: Terms,
    of: Of,
    rings: Rings,
    /// The same minutes judged by slices of time, where that is promised; of what is counted.
    judged: Option<Rings>,
    /// What is counted of them, where something is excluded.
    masked: Option<Box<Masked>>,
    /// What is certain of them, where that can be less; of a feature.
    certain: Option<Box<Certain>>,
    /// How failures cluster in what is counted.
    habit: Habit,
}

/// What is promised, and over what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Promise {
    objective: Objective,
    window: Millis,
    method: Method,
    calendar: Option<Calendar>,
    /// When it alerts.
    conditions: Vec<Condition>,
    /// Within which time its budget must not be gone.
    within: Option<Millis>,
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
        Self::with_masks(catalogue, Masks::default())
    }

    /// The same under `masks`.
    #[must_use]
    pub fn with_masks(catalogue: &Catalogue, masks: Masks) -> Self {
        let mut board = Self {
            slos: BTreeMap::new(),
            features: BTreeMap::new(),
            touched: BTreeSet::new(),
            masks,
            histories: BTreeMap::new(),
        };
        board.adopt(catalogue);
        board
    }

    /// Lays `masks` over what is measured from now on. `false`: they say something else about minutes
    /// that are in already, nothing was changed, and the board must be built again from samples
    /// [under them](Self::with_masks).
    pub fn set_masks(&mut self, masks: &Masks) -> bool {
        let newest = self.newest_minute().unwrap_or(i64::MIN);
        let none = Mask::default();
        let agree = |old: Option<&Mask>, new: Option<&Mask>| {
            new.unwrap_or(&none).agrees_until(old.unwrap_or(&none), newest)
        };
        let slos = self.slos.keys();
        let same = slos.map(|id| agree(self.masks.of_slo(id), masks.of_slo(id)));
        let features = self.features.keys();
        let mut same = same
            .chain(features.map(|id| agree(self.masks.features.get(id), masks.features.get(id))));
        if !same.all(|it| it) {
            return false;
        }
        for (id, measured) in &mut self.slos {
            measured.lay(masks.of_slo(id));
        }
        for (id, measured) in &mut self.features {
            measured.lay(masks.features.get(id));
        }
        self.masks = masks.clone();
        true
    }

    /// How far back the history of objectives has been read; those that have no past are not in here.
    #[must_use]
    pub fn histories(&self) -> &BTreeMap<SloId, History> {
        &self.histories
    }

    /// Notes how far back histories have been read.
    pub fn set_histories(&mut self, histories: BTreeMap<SloId, History>) {
        self.histories = histories;
    }

    /// What is excluded from the budget of a subject.
    #[must_use]
    pub fn mask<'a>(&self, subject: impl Into<Subject<'a>>) -> Option<&Mask> {
        match subject.into() {
            Subject::Slo(id) => self.masks.of_slo(id),
            Subject::Feature(id) => self.masks.features.get(id),
        }
        .filter(|it| !it.is_empty())
    }

    /// What exclusions keep out of a subject's window up to `end_minute`; `None` when there are none.
    #[must_use]
    pub fn hidden<'a>(&self, subject: impl Into<Subject<'a>>, end_minute: i64) -> Option<Hidden> {
        match subject.into() {
            Subject::Slo(id) => self.slos.get(id)?.assess(end_minute).hidden,
            Subject::Feature(id) => self.features.get(id)?.assess(end_minute).hidden,
        }
    }

    /// Changes to `catalogue`, keeping the rings of what is measured as before.
    pub fn adopt(&mut self, catalogue: &Catalogue) -> Adopted {
        let mut adopted = Adopted::default();
        let mut old_slos = std::mem::take(&mut self.slos);
        for (id, slo) in catalogue.signals() {
            let mut promise = Promise::of_slo(slo);
            if let Some((feature, _)) = catalogue.segment(&id) {
                promise.conditions = conditions_of(feature);
            }
            let same = |it: &Measured<Signal>| {
                it.of == Signal::of(slo) && it.promise.method == promise.method
            };
            let kept = old_slos.remove(&id).filter(same);
            // What was healthy is judged by the promise: under another one it is learnt anew from samples.
            if kept.as_ref().is_none_or(|it| it.promise.objective != promise.objective) {
                adopted.fresh_slos.insert(id.clone());
            }
            let mask = self.masks.of_slo(&id);
            self.slos.insert(id, Measured::renewed(kept, promise, Signal::of(slo), mask));
        }
        let mut old_features = std::mem::take(&mut self.features);
        for (id, feature) in &catalogue.features {
            let promise = Promise {
                objective: feature.objective,
                window: feature.window,
                method: feature.method,
                calendar: feature.calendar.clone(),
                conditions: conditions_of(feature),
                within: feature.budget_alerts.exhausted.map(|it| it.within),
            };
            let made = Made::of(id, feature);
            let same = |it: &Measured<Made>| it.of == made && it.promise.method == promise.method;
            let kept = old_features.remove(id).filter(same);
            let fresh = kept.is_none();
            if kept.as_ref().is_some_and(|it| it.promise.objective != promise.objective) {
                adopted.fresh_features.insert(id.clone());
            }
            let mask = self.masks.features.get(id);
            let mut measured = Measured::renewed(kept, promise, made, mask);
            measured.keep_what_is_certain();
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
                measured.compose(*minute, &self.slos);
                measured.record_members(*minute, &self.slos);
            }
        }
    }

    /// What is counted of a service objective in the `length` that ends with `end_minute`: for its own
    /// promise under its own mask.
    pub(crate) fn counted(&self, slo: &SloId, end_minute: i64, length: Millis) -> WindowCounts {
        let Some(measured) = self.slos.get(slo) else { return WindowCounts::default() };
        let mut counts = measured.counted().window(end_minute, length);
        let dropped =
            measured.masked.as_ref().map_or(0, |it| it.dropped_minutes(end_minute, length));
        counts.minutes = counts.minutes.saturating_sub(dropped);
        counts
    }

    /// What `slo` says in the `length` that ends with `end_minute` about a feature that needs it, under
    /// the mask of that feature.
    pub(crate) fn about(
        &self,
        feature: &FeatureId,
        slo: &SloId,
        end_minute: i64,
        length: Millis,
    ) -> WindowCounts {
        let masked = self.features.get(feature).and_then(|it| it.masked.as_deref());
        let Some((masked, rings)) = masked.and_then(|it| Some((it, it.member(slo)?))) else {
            return self
                .slos
                .get(slo)
                .map(|it| it.rings.window(end_minute, length))
                .unwrap_or_default();
        };
        let mut counts = rings.window(end_minute, length);
        let dropped = masked.dropped_minutes(end_minute, length);
        counts.minutes = counts.minutes.saturating_sub(dropped);
        counts
    }

    /// How a feature stands after `end_minute`.
    #[must_use]
    pub fn assess_feature(&self, feature: &FeatureId, end_minute: i64) -> Option<Assessment> {
        let measured = self.features.get(feature)?;
        let mut found = measured.assess(end_minute);
        if let Some(unmeasured) = &mut found.standing.unmeasured {
            let says_nothing = |it: &&SloId| {
                self.slos.get(*it).is_none_or(|it| it.rings.slice(end_minute) == Slice::Unknown)
            };
            let members = measured.of.members().iter();
            unmeasured.silent = members.filter(says_nothing).cloned().collect();
        }
        Some(found)
    }

    /// How a feature stands after `end_minute` under other conditions than its own.
    #[must_use]
    pub fn assess_feature_under(
        &self,
        feature: &FeatureId,
        end_minute: i64,
        conditions: &[Condition],
    ) -> Option<Assessment> {
        self.features.get(feature).map(|it| it.assess_under(end_minute, conditions))
    }

    /// What is counted of one minute of a feature; unknown when it is older than 6 hours or dropped.
    #[must_use]
    pub fn counted_slice(&self, feature: &FeatureId, minute: i64) -> Slice {
        self.features.get(feature).map_or(Slice::Unknown, |it| it.counted().slice(minute))
    }

    /// How a service objective stands after `end_minute`.
    #[must_use]
    pub fn assess_slo(&self, slo: &SloId, end_minute: i64) -> Option<Assessment> {
        self.slos.get(slo).map(|it| it.assess(end_minute))
    }

    /// How the failures of a subject cluster, as its healthy hours taught.
    #[must_use]
    pub fn clustering<'a>(&self, subject: impl Into<Subject<'a>>) -> Option<Clustering> {
        match subject.into() {
            Subject::Slo(id) => self.slos.get(id).map(|it| it.habit.clustering()),
            Subject::Feature(id) => self.features.get(id).map(|it| it.habit.clustering()),
        }
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

    /// The last `hours` of the clock as they count for a feature's budget: without what is excluded, judged
    /// by slices of time where that is promised.
    #[must_use]
    pub fn counted_hours(
        &self,
        feature: &FeatureId,
        end_minute: i64,
        hours: u32,
    ) -> Vec<(i64, WindowCounts)> {
        let counted = self.features.get(feature).map(Measured::budgeted);
        counted.map(|it| it.hours(end_minute, hours)).unwrap_or_default()
    }

    /// What counts for a feature's budget in the `length` that ends with `end_minute`; its ends are moved back
    /// to what the rings keep, see [`Rings::window`].
    #[must_use]
    pub fn counted_window(
        &self,
        feature: &FeatureId,
        end_minute: i64,
        length: Millis,
    ) -> WindowCounts {
        let counted = self.features.get(feature).map(Measured::budgeted);
        counted.map(|it| it.window(end_minute, length)).unwrap_or_default()
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
        self.features.get(feature).map(|it| &it.of.needs)
    }

    /// What counts the attempts of a feature, where that is configured.
    #[must_use]
    pub fn attempts_of(&self, feature: &FeatureId) -> Option<&SloId> {
        self.features.get(feature)?.of.attempts.as_ref()
    }

    /// What is measured of a feature from end to end in its window up to `end_minute`, without what is
    /// excluded; `None` when nothing measures it.
    #[must_use]
    pub fn measured(&self, feature: &FeatureId, end_minute: i64) -> Option<WindowCounts> {
        let found = self.features.get(feature)?;
        found.of.measured.as_ref()?;
        Some(found.counted().window(end_minute, found.span(end_minute).passed))
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
            conditions: in_force(slo.alerts.as_ref().map_or(&[], |it| &it.conditions)),
            within: slo.alerts.as_ref().and_then(|it| it.budget.exhausted).map(|it| it.within),
        }
    }
}

impl<Of> Measured<Of> {
    fn renewed(kept: Option<Self>, promise: Promise, of: Of, mask: Option<&Mask>) -> Self {
        let (rings, judged, masked, certain, habit) = kept
            .map_or((None, None, None, None, Habit::default()), |it| {
                (Some(it.rings), it.judged, it.masked, it.certain, it.habit)
            });
        let sized = |it: Option<Rings>| {
            let mut rings = it.unwrap_or_else(|| Rings::new(promise.window));
            rings.resize(promise.window);
            rings
        };
        let by_time = promise.method != Method::Occurrences;
        let masked = masked.map(|mut it| {
            it.resize(promise.window);
            it
        });
        let mut renewed = Self {
            almanac: promise.calendar.as_ref().map(Almanac::new),
            terms: Terms::new(promise.objective, promise.window, &promise.conditions),
            of,
            rings: sized(rings),
            judged: by_time.then(|| sized(judged)),
            masked,
            certain: certain.map(|mut it| {
                it.resize(promise.window);
                it
            }),
            habit,
            promise,
        };
        renewed.lay(mask);
        renewed
    }

    /// Lays a mask over the minutes to come; what is in already is as it says.
    fn lay(&mut self, mask: Option<&Mask>) {
        match (&mut self.masked, mask) {
            (Some(masked), mask) => masked.mask = mask.cloned().unwrap_or_default(),
            (None, Some(mask)) if !mask.is_empty() => {
                let masked = Masked::new(mask.clone(), &self.rings, self.promise.window);
                self.masked = Some(Box::new(masked));
            }
            (None, _) => {}
        }
    }

    /// The minutes that are counted.
    fn counted(&self) -> &Rings {
        self.masked.as_ref().map_or(&self.rings, |it| &it.counted)
    }

    /// The minutes that are counted, or the verdicts on slices of them.
    fn budgeted(&self) -> &Rings {
        self.judged.as_ref().unwrap_or_else(|| self.counted())
    }

    fn record(&mut self, minute: i64, slice: Slice) -> Recorded {
        let counted = self.masked.as_ref().map_or(&self.rings, |it| &it.counted);
        self.habit.learn(counted, minute, self.promise.objective);
        let recorded = self.rings.record(minute, slice);
        if let Some(masked) = &mut self.masked {
            masked.record(minute, slice);
        }
        let counted = self.masked.as_ref().map_or(&self.rings, |it| &it.counted);
        if let Some(judged) = &mut self.judged {
            for (at, verdict) in judged::verdicts(self.promise.method, counted, minute) {
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
        let span = self.span(end_minute);
        if span.window == self.terms.window() {
            self.assess_by(&self.terms, span, end_minute)
        } else {
            self.assess_under(end_minute, &self.promise.conditions)
        }
    }

    fn assess_under(&self, end_minute: i64, conditions: &[Condition]) -> Assessment {
        let span = self.span(end_minute);
        let terms = Terms::new(self.promise.objective, span.window, conditions);
        self.assess_by(&terms, span, end_minute)
    }

    fn assess_by(&self, terms: &Terms, span: Span, end_minute: i64) -> Assessment {
        let rings = self.judged.as_ref().unwrap_or_else(|| self.counted());
        let masked = self.masked.as_deref();
        let clustering = self.judged.is_none().then(|| self.habit.clustering());
        let counted = Counted { rings, masked, clustering };
        let mut found = terms.assess(span.passed, counted, end_minute);
        if let Some(within) = self.promise.within {
            found.project(counted, within);
        }
        found.standing.unmeasured = Unmeasured::of(&self.rings, end_minute);
        if let Some(certain) = &self.certain {
            let rings = certain.counted();
            found.call_for_what_is_certain(Counted { rings, ..counted });
        }
        // By slices of time it takes the verdicts of all slices to say what would have been; those
        // of excluded ones were never passed.
        if let Some(hidden) = &mut found.hidden
            && self.judged.is_some()
        {
            hidden.spent_without = None;
        }
        found
    }
}

impl Measured<Made> {
    fn keep_what_is_certain(&mut self) {
        let (method, window) = (self.promise.method, self.promise.window);
        if self.certain.is_none() && self.of.is_estimated() {
            self.certain = Some(Box::new(Certain::new(method, window)));
        }
    }

    /// One minute from those of its members.
    fn compose(&mut self, minute: i64, slos: &BTreeMap<SloId, Measured<Signal>>) {
        let mut slice_of =
            |id: &SloId| slos.get(id).map_or(Slice::Unknown, |it| it.rings.slice(minute));
        let slice = self.of.slice(&mut slice_of);
        if let Some(certain) = &mut self.certain {
            let known = self.of.certain(&mut slice_of);
            let mask = self.masked.as_deref().map(|it| &it.mask);
            certain.record(minute, known, mask, self.promise.method);
        }
        self.record(minute, slice);
    }

    fn record_members(&mut self, minute: i64, slos: &BTreeMap<SloId, Measured<Signal>>) {
        let Some(masked) = &mut self.masked else { return };
        for id in self.of.members() {
            if let Some(member) = slos.get(id) {
                masked.record_member(id, minute, &member.rings);
            }
        }
    }

    fn recompose(&mut self, slos: &BTreeMap<SloId, Measured<Signal>>) {
        let newest = slos.values().filter_map(|it| it.rings.newest_minute()).max();
        let Some(newest) = newest else { return };
        for minute in newest - RECOMPOSED_MINUTES + 1..=newest {
            self.compose(minute, slos);
        }
    }
}

const _: () = assert!(LATE_MINUTES_MAX < RECOMPOSED_MINUTES);

#[cfg(test)]
mod tests;
