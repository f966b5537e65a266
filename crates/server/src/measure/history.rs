//! The past, read from sources that have one.
//!
//! Intuition: a new reader in a library takes the newest volumes first and works backwards, a few at a
//! time, with a slip in the last one so that tomorrow goes on there. What is read goes into our own
//! minutes; budgets are added up from those, and nobody is paged for last week.
//!
//! What is to be read is a list of stretches per signal (a changed selector is another signal): the whole
//! window on first sight, and later whatever passed while we were away. The list is kept as a setting of
//! the server, and shortened only after the minutes of a chunk are stored; a chunk that is read twice
//! changes nothing.
//!
//! Invariants:
//! - a chunk is struck off only after its minutes are durable;
//! - a minute that was measured at the time is never overwritten;
//! - one request for history at a time per source, and none that keeps a read of the present waiting;
//! - minutes nobody measured stay unknown.

use super::{Measurer, token_of};
use crate::samples::{Lot, key_of, stored};
use model::{Catalogue, Millis, SloId, SourceId, SourceKind, Timestamp};
use serde::{Deserialize, Serialize};
use slo::{History, Measurement, WINDOW_MIN_KEPT};
use sources::Reader;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use tokio::task::{JoinError, JoinSet};

/// The setting under which the list is kept.
const SETTING: &str = "history";

/// Minutes read at a time at first; halved when a source cannot give so many.
const CHUNK_MAX: i64 = 360;
const CHUNK_MIN: i64 = 45;

/// How often the smallest chunk is tried before it is left out.
const TRIES_MAX: u32 = 10;

/// How long to wait after a failure.
const WAIT: Millis = Millis::from_mins(1);

/// An absence shorter than this is covered by the first read of the present.
const AWAY_MIN: i64 = 15;

/// What is to be read of one signal: stretches of minutes, each without its end, newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ToRead {
    wanted_from: i64,
    left: Vec<(i64, i64)>,
}

impl ToRead {
    fn minutes_left(&self) -> i64 {
        self.left.iter().map(|(from, to)| to - from).sum()
    }

    fn newest(&self) -> Option<i64> {
        self.left.last().map(|it| it.1)
    }

    /// Strikes off what was read.
    fn strike(&mut self, from: i64, to: i64) {
        let rest = |it: &(i64, i64)| [(it.0, it.1.min(from)), (it.0.max(to), it.1)];
        let left: Vec<(i64, i64)> = self.left.iter().flat_map(rest).collect();
        self.left = left.into_iter().filter(|it| it.0 < it.1).collect();
    }
}

/// What is to be read of everything, and what is being read.
#[derive(Default)]
pub(super) struct Histories {
    /// By the name under which minutes are stored.
    signals: BTreeMap<String, ToRead>,
    names: BTreeMap<SloId, String>,
    sources: BTreeMap<SourceId, OfSource>,
    pub(super) running: JoinSet<Done>,
    is_loaded: bool,
    version: u64,
    chunks: u64,
}

#[derive(Default)]
struct OfSource {
    busy: bool,
    chunk: i64,
    failures: u32,
    wait_until: Timestamp,
    problem: Option<String>,
}

pub(super) struct Done {
    source: SourceId,
    slos: BTreeSet<SloId>,
    from: i64,
    to: i64,
    found: Result<Vec<Measurement>, String>,
}

impl Histories {
    /// For the board.
    pub(super) fn told(&self) -> BTreeMap<SloId, History> {
        let told = |(id, key): (&SloId, &String)| {
            let to_read = self.signals.get(key)?;
            let problem = self.sources.values().find_map(|it| it.problem.clone());
            let minutes_left = to_read.minutes_left();
            let problem = problem.filter(|_| minutes_left > 0);
            Some((id.clone(), History { wanted_from: to_read.wanted_from, minutes_left, problem }))
        };
        self.names.iter().filter_map(told).collect()
    }

    /// Follows the catalogue: what is new is to be read as far back as its window, what was left out
    /// while we were away as well.
    fn adopt(&mut self, catalogue: &Catalogue, newest: &BTreeMap<SloId, i64>, now: i64) {
        let mut names = BTreeMap::new();
        let of_features = windows_of_features(catalogue);
        for (id, slo) in catalogue.signals() {
            let has_past = catalogue
                .sources
                .get(&slo.source)
                .is_some_and(|it| matches!(it.kind, SourceKind::Prometheus { .. }));
            if slo.sli.has_no_source() || !has_past {
                continue;
            }
            let key = key_of(&id, slo);
            // For its own window, for those of features that need it, and for charts.
            let of_features = of_features.get(&id).copied().unwrap_or_default();
            let kept = of_features.max(slo.window).max(WINDOW_MIN_KEPT);
            let wanted_from = now - kept.whole_mins();
            match self.signals.get_mut(&key) {
                None => {
                    let left = vec![(wanted_from, now)];
                    self.signals.insert(key.clone(), ToRead { wanted_from, left });
                }
                Some(known) if !self.names.contains_key(&id) => {
                    let newest = newest.get(&id).copied().unwrap_or(now);
                    if now - newest > AWAY_MIN {
                        known.left.push(((newest + 1).max(wanted_from), now));
                    }
                    if wanted_from < known.wanted_from - 24 * 60 {
                        known.left.insert(0, (wanted_from, known.wanted_from));
                    }
                    known.wanted_from = wanted_from.min(known.wanted_from);
                }
                Some(_) => {}
            }
            names.insert(id, key);
        }
        self.names = names;
        let named: BTreeSet<&String> = self.names.values().collect();
        self.signals.retain(|key, _| named.contains(key));
    }

    /// The next chunk of `source`: its minutes, and the objectives to be read in it.
    fn next(
        &self,
        catalogue: &Catalogue,
        source: &SourceId,
        chunk: i64,
    ) -> Option<(BTreeSet<SloId>, i64, i64)> {
        let of_source: Vec<(&SloId, &ToRead)> = self
            .names
            .iter()
            .filter(|(id, _)| catalogue.slo(id).is_some_and(|it| it.source == *source))
            .filter_map(|(id, key)| Some((id, self.signals.get(key)?)))
            .collect();
        let to = of_source.iter().filter_map(|(_, it)| it.newest()).max()?;
        let chosen: Vec<_> =
            of_source.into_iter().filter(|(_, it)| it.newest() == Some(to)).collect();
        let starts = chosen.iter().filter_map(|(_, it)| it.left.last().map(|it| it.0));
        // The shortest of them, so that one chunk is one stretch of each.
        let from = starts.max()?.max(to - chunk);
        Some((chosen.into_iter().map(|(id, _)| id.clone()).collect(), from, to))
    }
}

/// The longest window of the features that each objective is part of.
fn windows_of_features(catalogue: &Catalogue) -> BTreeMap<SloId, Millis> {
    let mut found: BTreeMap<SloId, Millis> = BTreeMap::new();
    for (of, feature) in &catalogue.features {
        let parts = feature.parts().map(|it| it.id.clone());
        for id in feature.measured_by(of).into_iter().chain(parts) {
            let longest = found.entry(id).or_default();
            *longest = feature.window.max(*longest);
        }
    }
    found
}

impl Measurer {
    /// Begins to read the next chunk of every source that has a past still to be read.
    pub(super) async fn start_history(&mut self) {
        if self.version == 0 {
            return;
        }
        self.load_history().await;
        let now = self.shared.clock.now();
        for (id, source) in &self.catalogue.sources {
            let state = self.history.sources.entry(id.clone()).or_default();
            if state.busy || state.wait_until > now {
                continue;
            }
            let chunk = if state.chunk == 0 { CHUNK_MAX } else { state.chunk };
            let Some((slos, from, to)) = self.history.next(&self.catalogue, id, chunk) else {
                continue;
            };
            if let Some(state) = self.history.sources.get_mut(id) {
                state.busy = true;
            }
            let token =
                token_of(source).map(channels::secrets::resolve).transpose().unwrap_or(None);
            let reader = Reader::new(id.clone(), source, token, Arc::clone(&self.client));
            let catalogue = only(&self.catalogue, &slos);
            let (source, interval) = (id.clone(), source.interval);
            self.history.running.spawn(async move {
                let found = read(reader, catalogue, &source, interval, (from, to), now).await;
                Done { source, slos, from, to, found }
            });
        }
    }

    /// Reads the list when there is none in memory, and follows the catalogue.
    async fn load_history(&mut self) {
        if !self.history.is_loaded {
            match self.shared.handle.setting(SETTING).await {
                Ok(text) => {
                    let text = text.unwrap_or_default();
                    self.history.signals = serde_json::from_str(&text).unwrap_or_default();
                    self.history.is_loaded = true;
                }
                Err(error) => {
                    tracing::warn!("how far back history was read is not known yet: {error}");
                    return;
                }
            }
        }
        if self.history.version == self.version {
            return;
        }
        self.history.version = self.version;
        let newest: BTreeMap<SloId, i64> = {
            let board = self.shared.board.read().unwrap_or_else(PoisonError::into_inner);
            let newest = |id: &SloId| board.rings(id)?.newest_minute();
            self.catalogue
                .signals()
                .filter_map(|(id, _)| Some((id.clone(), newest(&id)?)))
                .collect()
        };
        let now = self.shared.clock.now().minute();
        self.history.adopt(&self.catalogue, &newest, now);
        self.save_history().await;
    }

    async fn save_history(&mut self) {
        let text = serde_json::to_string(&self.history.signals).expect("plain data");
        if let Err(error) = self.shared.handle.put_setting(SETTING, &text).await {
            // Then a chunk is read twice after a restart, which changes nothing.
            tracing::warn!("how far back history was read could not be kept: {error}");
        }
        let told = self.history.told();
        self.shared.board.write().unwrap_or_else(PoisonError::into_inner).set_histories(told);
    }

    /// Takes a chunk: first its minutes are stored, then it is struck off.
    pub(super) async fn take_history(&mut self, done: Result<Done, JoinError>) {
        let Done { source, slos, from, to, found } = match done {
            Ok(done) => done,
            Err(error) => {
                tracing::error!("reading history ran into a defect: {error}");
                self.history.sources.clear();
                return;
            }
        };
        let now = self.shared.clock.now();
        let stored = match found {
            Ok(measured) => self
                .fill(&measured)
                .await
                .then_some(())
                .ok_or_else(|| "its minutes could not be stored".to_owned()),
            Err(problem) => Err(problem),
        };
        let state = self.history.sources.entry(source.clone()).or_default();
        state.busy = false;
        let given_up = match stored {
            Ok(()) => {
                (state.failures, state.problem) = (0, None);
                false
            }
            Err(problem) => {
                tracing::warn!(source = %source, "history could not be read: {problem}");
                state.failures += 1;
                state.chunk = ((to - from) / 2).max(CHUNK_MIN);
                state.wait_until = now.plus(WAIT);
                state.problem = Some(problem);
                state.failures > TRIES_MAX
            }
        };
        if state.problem.is_some() && !given_up {
            let told = self.history.told();
            self.shared.board.write().unwrap_or_else(PoisonError::into_inner).set_histories(told);
            return;
        }
        if given_up {
            state.failures = 0;
            tracing::error!(source = %source, "minutes {from} to {to} of history are left out: unknown");
        }
        for key in slos.iter().filter_map(|it| self.history.names.get(it)) {
            if let Some(to_read) = self.history.signals.get_mut(key) {
                to_read.strike(from, to);
            }
        }
        self.history.chunks += 1;
        self.save_history().await;
        // Adding up again costs by all that is stored: after the first chunk, then ever more seldom, and
        // when all is read.
        let is_whole = self.history.signals.values().all(|it| it.left.is_empty());
        if is_whole || self.history.chunks.is_power_of_two() {
            self.rebuild(now).await;
        }
    }

    async fn fill(&self, measured: &[Measurement]) -> bool {
        let mut lots = BTreeMap::<&SloId, Vec<_>>::new();
        for (slo, minute, slice) in measured {
            lots.entry(slo).or_default().push((*minute, stored(*slice)));
        }
        let named = |(id, minutes): (&SloId, _)| -> Option<Lot> {
            Some((key_of(id, self.catalogue.slo(id)?), minutes))
        };
        self.samples.fill(lots.into_iter().filter_map(named).collect()).await
    }
}

/// The catalogue with no other objectives than these.
fn only(catalogue: &Catalogue, slos: &BTreeSet<SloId>) -> Catalogue {
    let mut part = super::empty();
    part.sources = catalogue.sources.clone();
    for (id, service) in &catalogue.services {
        let mut service = service.clone();
        service
            .slos
            .retain(|name, _| slos.contains(&SloId { service: id.clone(), name: name.clone() }));
        part.services.insert(id.clone(), service);
    }
    // What features measure of their own is read like anything else.
    for (id, slo) in
        catalogue.signals().filter(|(id, _)| id.name.contains('@') && slos.contains(id))
    {
        let kind = model::ServiceKind::Supplier;
        let empty = || model::Service { kind, slos: BTreeMap::new(), urgency: None };
        let service = part.services.entry(id.service.clone()).or_insert_with(empty);
        service.slos.insert(id.name, slo.clone());
    }
    part
}

async fn read(
    reader: Reader,
    catalogue: Catalogue,
    source: &SourceId,
    interval: Millis,
    (from, to): (i64, i64),
    now: Timestamp,
) -> Result<Vec<Measurement>, String> {
    let selectors = slo::Meter::new(&catalogue).selectors(source);
    let first = Timestamp::from_minute(from).minus(slo::history::warm_up(interval));
    let last = Timestamp::from_minute(to).plus(slo::history::tail(interval)).min(now);
    let readings = reader.history(&selectors, first, last).await.map_err(|it| it.to_string())?;
    let source = source.clone();
    let counted = tokio::task::spawn_blocking(move || {
        slo::history::recount(&catalogue, &source, &readings, from, to)
    });
    let counted = counted.await.map_err(|it| it.to_string())?;
    counted.map_err(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of `left` after striking, newest last.
    #[track_caller]
    fn check(left: &[(i64, i64)], strike: (i64, i64), expected: &[(i64, i64)]) {
        let mut it = ToRead { wanted_from: 0, left: left.to_vec() };
        it.strike(strike.0, strike.1);
        assert_eq!(it.left, expected);
    }

    #[test]
    fn what_is_read_is_struck_off() {
        check(&[(0, 100)], (60, 100), &[(0, 60)]);
        check(&[(0, 100)], (20, 60), &[(0, 20), (60, 100)]);
        check(&[(0, 10), (50, 100)], (0, 100), &[]);
        check(&[(0, 10), (50, 100)], (5, 60), &[(0, 5), (60, 100)]);
    }
}
