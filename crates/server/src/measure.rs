//! From sources to observations: reads what is due, counts it, closes minutes, and tells the engine
//! how every feature stands.
//!
//! Intuition: a night watchman on his round. He reads the meters that are due, writes the minutes
//! down, and reports at the end of each minute; he decides nothing.
//!
//! Invariants:
//! - a source that hangs keeps no other source waiting;
//! - a source that cannot be read, or only in part, is reported, because what is not measured must not
//!   look well;
//! - after a jump of the clock at most [`MINUTES_OBSERVED_MAX`] minutes are reported one by one.

mod excluded;
mod heartbeats;
mod history;
mod pushed;

pub use excluded::masks_in_force;

use crate::Metrics;
use crate::node::Shared;
use crate::samples::{Lot, SampleStore, key_of, stored};
use crate::wait::{Waiter, stopped};
use engine::{Command, Submission};
use model::{Catalogue, Millis, SecretRef, SloId, Source, SourceId, SourceKind, Timestamp};
use slo::{LATE_MINUTES_MAX, Measurement, Meter, Series};
use sources::{ReadError, Reader};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Minutes reported one by one after a jump of the clock.
pub const MINUTES_OBSERVED_MAX: i64 = LATE_MINUTES_MAX;

/// The shortest real time between two reads of one source, however fast the clock runs.
pub const READ_INTERVAL_MIN: Duration = Duration::from_millis(250);

/// The wait of an organisation without sources.
const IDLE: Millis = Millis::from_secs(15);

/// The worker.
pub struct Measurer {
    shared: Shared,
    samples: SampleStore,
    metrics: Metrics,
    waiter: Waiter,
    client: Arc<egress::Client>,
    meter: Meter,
    tick: Millis,
    catalogue: Arc<Catalogue>,
    version: u64,
    rounds: BTreeMap<SourceId, Round>,
    running: JoinSet<Done>,
    /// The newest closed minute.
    closed: i64,
    forgot_at: i64,
    /// The batch of each objective up to which pushed counts were taken.
    pushed: BTreeMap<SloId, u64>,
    noted: heartbeats::Noted,
    excluded: excluded::Excluded,
    history: history::Histories,
}

/// When a source is read next.
struct Round {
    /// Away while it reads.
    reader: Option<Reader>,
    /// To notice a change of the source.
    source: Source,
    due_at: Timestamp,
}

struct Done {
    id: SourceId,
    reader: Reader,
    at: Timestamp,
    readings: Result<BTreeMap<String, Vec<Series>>, ReadError>,
}

impl std::fmt::Debug for Measurer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Measurer of {} sources", self.rounds.len())
    }
}

impl Measurer {
    pub(crate) fn new(shared: Shared, samples: SampleStore, metrics: Metrics, speed: u32) -> Self {
        let catalogue = Arc::new(empty());
        let real = i64::try_from(READ_INTERVAL_MIN.as_millis()).expect("short");
        Self {
            waiter: Waiter::new(Arc::clone(&shared.clock)),
            client: Arc::new(egress::Client::new(egress::Policy::Operator)),
            meter: Meter::new(&catalogue),
            tick: Millis(real * i64::from(speed)),
            version: 0,
            rounds: BTreeMap::new(),
            running: JoinSet::new(),
            closed: i64::MIN,
            forgot_at: 0,
            pushed: BTreeMap::new(),
            noted: heartbeats::Noted::default(),
            excluded: excluded::Excluded::default(),
            history: history::Histories::default(),
            shared,
            samples,
            metrics,
            catalogue,
        }
    }

    /// Works until `stop` says so.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.shared.handle.subscribe();
        loop {
            self.adopt().await;
            self.exclude().await;
            self.take_pushed().await;
            self.start_due();
            self.close().await;
            self.start_history().await;
            let next = self.next_due();
            tokio::select! {
                Some(done) = self.running.join_next() => self.take(done).await,
                Some(done) = self.history.running.join_next() => self.take_history(done).await,
                () = self.waiter.until(next) => {}
                _ = changes.changed() => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// Does everything that is due now, and returns when it is done.
    pub async fn step(&mut self) {
        self.adopt().await;
        self.exclude().await;
        self.take_pushed().await;
        self.start_due();
        while let Some(done) = self.running.join_next().await {
            self.take(done).await;
        }
        self.close().await;
        self.start_history().await;
        while let Some(done) = self.history.running.join_next().await {
            self.take_history(done).await;
        }
    }

    /// Follows the catalogue in force. A board with anything new in it is built again from stored
    /// samples.
    async fn adopt(&mut self) {
        let found = {
            let state = self.shared.handle.state();
            (state.catalogue_version != self.version)
                .then(|| (state.catalogue_version, state.catalogue.clone()))
        };
        let Some((version, Some(catalogue))) = found else { return };
        let now = self.shared.clock.now();
        self.version = version;
        self.catalogue = catalogue;
        self.meter.adopt(&self.catalogue);
        // A meter that begins anew has nothing of what was pushed.
        self.pushed.clear();
        self.meter.pace(self.tick);
        self.adopt_sources(now);
        let fresh = {
            let mut board = self.shared.board.write().unwrap_or_else(PoisonError::into_inner);
            board.adopt(&self.catalogue)
        };
        if !fresh.fresh_slos.is_empty() || !fresh.fresh_features.is_empty() {
            self.excluded.refresh(&self.shared, now);
            self.rebuild(now).await;
        }
        if self.closed == i64::MIN {
            let newest = {
                let board = self.shared.board.read().unwrap_or_else(PoisonError::into_inner);
                board.newest_minute().unwrap_or(i64::MIN)
            };
            self.closed = newest.max(self.meter.closed_minute(now) - MINUTES_OBSERVED_MAX);
        }
    }

    /// Builds the board again from stored samples, under the exclusions in force.
    async fn rebuild(&mut self, now: Timestamp) {
        let (catalogue, masks) = (Arc::clone(&self.catalogue), self.excluded.masks().clone());
        if let Some(mut rebuilt) = self.samples.board(catalogue, masks, now.minute() - 1).await {
            rebuilt.set_histories(self.history.told());
            *self.shared.board.write().unwrap_or_else(PoisonError::into_inner) = rebuilt;
        }
    }

    fn adopt_sources(&mut self, now: Timestamp) {
        let mut old = std::mem::take(&mut self.rounds);
        for (id, source) in &self.catalogue.sources {
            if let Some(round) = old.remove(id).filter(|it| it.source == *source) {
                self.rounds.insert(id.clone(), round);
                continue;
            }
            let token = match token_of(source).map(channels::secrets::resolve).transpose() {
                Ok(token) => token,
                Err(missing) => {
                    tracing::error!(source = %id, "the source is read without its token: {missing}");
                    None
                }
            };
            let reader = Reader::new(id.clone(), source, token, Arc::clone(&self.client));
            let round = Round { reader: Some(reader), source: source.clone(), due_at: now };
            self.rounds.insert(id.clone(), round);
        }
    }

    fn next_due(&self) -> Timestamp {
        let idle = self.shared.clock.now().plus(IDLE);
        let waiting = self.rounds.values().filter(|it| it.reader.is_some());
        waiting.map(|it| it.due_at).min().unwrap_or(idle)
    }

    fn start_due(&mut self) {
        let now = self.shared.clock.now();
        for (id, round) in &mut self.rounds {
            if round.due_at > now {
                continue;
            }
            let interval = round.source.interval.max(self.tick);
            let selectors = self.meter.selectors(id);
            // From when it was due, so that the rhythm holds; from now after a jump.
            let next = round.due_at.plus(interval);
            round.due_at = if next > now { next } else { now.plus(interval) };
            if selectors.is_empty() {
                continue;
            }
            let Some(mut reader) = round.reader.take() else { continue };
            let id = id.clone();
            self.running.spawn(async move {
                let readings = reader.read(&selectors, now).await;
                Done { id, reader, at: now, readings }
            });
        }
    }

    async fn take(&mut self, done: Result<Done, tokio::task::JoinError>) {
        let Done { id, reader, at, readings } = match done {
            Ok(done) => done,
            Err(error) => {
                tracing::error!("reading a source ran into a defect: {error}");
                // The reader is lost with its task; a new one is made as for a new configuration.
                self.version = 0;
                self.rounds.retain(|_, it| it.reader.is_some());
                return;
            }
        };
        let mut problems: Vec<String> = reader.problems().iter().map(ToString::to_string).collect();
        if let Some(round) = self.rounds.get_mut(&id)
            && round.reader.is_none()
        {
            round.reader = Some(reader);
        }
        problems.extend(self.meter.missing_bounds(&id));
        problems.extend(self.meter.readings_too_seldom(&id));
        match readings {
            Ok(readings) => {
                for (selector, series) in readings {
                    if let Err(error) = self.meter.ingest(&id, &selector, series, at) {
                        problems.push(format!("`{selector}`: {error}"));
                    }
                }
            }
            // Known after the next count, so that a missing bound is told one read later.
            Err(error) => {
                self.meter.source_failed(&id, at);
                problems = vec![error.to_string()];
            }
        }
        self.report(&id, problems).await;
    }

    /// Tells the engine when a source begins or ceases to fail.
    async fn report(&self, id: &SourceId, problems: Vec<String>) {
        self.metrics.read(id, if problems.is_empty() { "read" } else { "failed" });
        let known = self.shared.handle.state().sources_failing.contains_key(id);
        let command = match problems.split_first() {
            None if known => {
                tracing::info!(source = %id, "the source can be read again");
                Command::SourceRead { source: id.clone() }
            }
            Some((first, others)) if !known => {
                let more = match others.len() {
                    0 => String::new(),
                    count => format!(" (and {count} more)"),
                };
                let detail = format!("{first}{more}");
                tracing::warn!(source = %id, "the source cannot be read: {detail}");
                Command::SourceFailed { source: id.clone(), detail }
            }
            _ => return,
        };
        submit(&self.shared, command).await;
    }

    /// Closes minutes that are over, and observes every feature at the end of each.
    async fn close(&mut self) {
        self.note_heartbeats();
        let now = self.shared.clock.now();
        let measured = self.meter.drain(now);
        let closed = self.meter.closed_minute(now);
        if self.version == 0 || (measured.is_empty() && closed <= self.closed) {
            return;
        }
        self.record(&measured, closed);
        self.store(&measured).await;
        let first = (self.closed + 1).max(closed - MINUTES_OBSERVED_MAX + 1).min(closed);
        self.closed = self.closed.max(closed);
        for minute in first..=closed {
            self.observe(minute).await;
        }
        self.forget(now).await;
    }

    fn record(&self, measured: &[Measurement], closed: i64) {
        let mut board = self.shared.board.write().unwrap_or_else(PoisonError::into_inner);
        for (slo, minute, slice) in measured {
            board.record(slo, *minute, *slice);
        }
        for minute in (self.closed + 1).min(closed)..=closed {
            board.close_minute(minute);
        }
    }

    async fn store(&self, measured: &[Measurement]) {
        let mut lots = BTreeMap::<&SloId, Vec<_>>::new();
        for (slo, minute, slice) in measured {
            lots.entry(slo).or_default().push((*minute, stored(*slice)));
        }
        let named = |(id, minutes): (&SloId, _)| -> Option<Lot> {
            Some((key_of(id, self.catalogue.slo(id)?), minutes))
        };
        let lots: Vec<Lot> = lots.into_iter().filter_map(named).collect();
        if !lots.is_empty() {
            self.samples.put(lots).await;
        }
    }

    async fn observe(&self, minute: i64) {
        let observed: Vec<Vec<Command>> = {
            let board = self.shared.board.read().unwrap_or_else(PoisonError::into_inner);
            let features = self.catalogue.features.iter().filter_map(|(id, feature)| {
                let assessment = Box::new(board.assess_feature(id, minute)?);
                let parts = feature.segments.iter().flat_map(|it| &it.parts);
                let parts: Vec<_> = parts
                    .filter_map(|it| Some((it.value.clone(), board.assess_slo(&it.id, minute)?)))
                    .collect();
                let whole = Command::Observe { feature: id.clone(), assessment };
                let parts = (!parts.is_empty())
                    .then(|| Command::ObserveSegments { feature: id.clone(), parts });
                // After the whole, which may say more.
                Some([whole].into_iter().chain(parts).collect())
            });
            let alerting = self.catalogue.slos().filter(|(_, it)| it.alerts.is_some());
            let slos = alerting.filter_map(|(slo, _)| {
                let assessment = Box::new(board.assess_slo(&slo, minute)?);
                Some(vec![Command::ObserveSlo { slo, assessment }])
            });
            features.chain(slos).collect()
        };
        let mut running = JoinSet::new();
        for commands in observed {
            let shared = self.shared.clone();
            running.spawn(async move {
                for command in commands {
                    submit(&shared, command).await;
                }
            });
        }
        running.join_all().await;
    }

    /// Once a day, samples older than any window.
    async fn forget(&mut self, now: Timestamp) {
        let day = now.minute().div_euclid(24 * 60);
        if self.forgot_at == day {
            return;
        }
        self.forgot_at = day;
        let longest = self.catalogue.signals().map(|(_, it)| it.window);
        let longest = longest.chain(self.catalogue.features.values().map(|it| it.window)).max();
        let kept = longest.unwrap_or_default().max(slo::WINDOW_MIN_KEPT);
        let cutoff = now.minus(kept).minus(Millis::from_days(1));
        self.samples.forget_before(cutoff.minute()).await;
    }
}

/// What cannot be told now is told again at the end of the next minute.
async fn submit(shared: &Shared, command: Command) {
    if let Err(error) = shared.handle.submit(Submission::system(command)).await {
        tracing::warn!("an observation was not taken: {error}");
    }
}

/// The token of a source, where it has one.
pub(crate) fn token_of(source: &Source) -> Option<&SecretRef> {
    match &source.kind {
        SourceKind::Prometheus { token, .. } => token.as_ref(),
        SourceKind::Scrape { .. } => None,
    }
}

pub(crate) fn empty() -> Catalogue {
    Catalogue {
        org: "none".into(),
        public_url: None,
        people: BTreeMap::new(),
        teams: BTreeMap::new(),
        services: BTreeMap::new(),
        features: BTreeMap::new(),
        rotas: BTreeMap::new(),
        escalations: BTreeMap::new(),
        channels: BTreeMap::new(),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        pay: None,
        sources: BTreeMap::new(),
        watched: model::Watched::default(),
        pager: model::Pager::default(),
    }
}
