//! The product's own metrics.
//!
//! Counters are kept where things happen; what is part of the state is read when somebody asks. The
//! head of the journal is published here, among other places, because a hash chain without an outside
//! anchor proves nothing.

use crate::SharedBoard;
use driver::{Clock, Handle};
use model::{Medium, Millis, Timestamp};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use store::{AppendError, Epoch, Head, Journal, KeyState, NewRecord, Record, Snapshot, StoreError};

type Labels = Vec<(&'static str, String)>;

/// What is counted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    appends: Family<Labels, Counter>,
    records: Counter,
    append_seconds: Histogram,
    notices: Family<Labels, Counter>,
    reads: Family<Labels, Counter>,
    head: Arc<Mutex<Head>>,
    failure: Arc<Mutex<Option<String>>>,
    synthetic: Family<Labels, Counter>,
    pings: Family<Labels, Counter>,
    outbox_seen: Arc<Mutex<Option<Timestamp>>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            appends: Family::default(),
            records: Counter::default(),
            append_seconds: Histogram::new([
                0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0,
            ]),
            notices: Family::default(),
            reads: Family::default(),
            head: Arc::default(),
            failure: Arc::default(),
            synthetic: Family::default(),
            pings: Family::default(),
            outbox_seen: Arc::default(),
        }
    }
}

/// What is read when somebody asks.
pub(crate) struct Observed {
    pub(crate) handle: Handle,
    pub(crate) board: SharedBoard,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Metrics {
    pub(crate) fn notice(&self, medium: Medium, outcome: &'static str) {
        let labels =
            vec![("medium", format!("{medium:?}").to_lowercase()), ("outcome", outcome.to_owned())];
        self.notices.get_or_create(&labels).inc();
    }

    pub(crate) fn read(&self, source: &model::SourceId, outcome: &'static str) {
        let labels = vec![("source", source.to_string()), ("outcome", outcome.to_owned())];
        self.reads.get_or_create(&labels).inc();
    }

    /// A synthetic page was seen at the other end, or lost.
    pub(crate) fn synthetic(&self, outcome: &'static str) {
        self.synthetic.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
    }

    /// A sign of life to others was taken, failed, or withheld because something is not in order.
    pub(crate) fn ping(&self, outcome: &'static str) {
        self.pings.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
    }

    /// The outbox looked at its tray.
    pub(crate) fn note_outbox(&self, at: Timestamp) {
        *self.outbox_seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// When the outbox looked at its tray last.
    pub(crate) fn outbox_seen(&self) -> Option<Timestamp> {
        *self.outbox_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the journal as last written or found.
    #[must_use]
    pub fn head(&self) -> Head {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the journal could not be written the last time; `None` when it could.
    pub(crate) fn write_failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The journal can be written again.
    pub(crate) fn note_written(&self) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn note_head(&self, head: Head) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn text(&self, observed: &Observed) -> String {
        let mut registry = Registry::with_prefix("lamplighter");
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        gauge(&mut registry, "build_info", "The release that runs", vec![(version, 1.0)]);
        registry.register("journal_appends", "Appends by outcome", self.appends.clone());
        registry.register("journal_records", "Events made durable", self.records.clone());
        let help = "Time one append took until it was durable";
        registry.register("journal_append_seconds", help, self.append_seconds.clone());
        registry.register("notices", "Attempts to send, by outcome", self.notices.clone());
        registry.register("source_reads", "Reads of sources by outcome", self.reads.clone());
        let help = "Synthetic pages, by what became of them";
        registry.register("synthetic_pages", help, self.synthetic.clone());
        let help = "Signs of life to others, by what became of them";
        registry.register("pings", help, self.pings.clone());
        self.register_state(&mut registry, observed);
        register_board(&mut registry, observed);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes what is written to it");
        text
    }

    fn register_state(&self, registry: &mut Registry, observed: &Observed) {
        let now = observed.clock.now();
        let head = self.head();
        let hash = vec![("seq", head.seq.to_string()), ("hash", wire::hex(&head.hash))];
        let help = "The end of the journal: keep it elsewhere to prove the journal later";
        gauge(registry, "journal_head_info", help, vec![(hash, 1.0)]);
        let state = observed.handle.state();
        let late = state.notices_due(now).map(|(_, it)| now.since(it.decided_at)).max();
        let values = [
            ("writer_waiting", "Submissions that wait", observed.handle.waiting() as u64),
            ("journal_seq", "Place of the last event", state.seq),
            ("catalogue_version", "Configurations adopted", state.catalogue_version),
            ("alerts_firing", "Alerts that fire", state.firing.len() as u64),
            ("incidents_open", "Incidents that go on", state.open_groups.len() as u64),
            ("notices_due", "Notices to be sent now", state.notices_due(now).count() as u64),
            ("sources_failing", "Sources that fail", state.sources_failing.len() as u64),
            (
                "pages_per_person_per_10min_max",
                "Calls within ten minutes of whoever got most of them",
                u64::from(state.load.calls_now(now)),
            ),
            (
                "pages_per_person_per_10min_peak",
                "The same since the journal began",
                u64::from(state.load.calls_peak()),
            ),
            ("shadow_mode", "Whether anybody is in shadow mode", u64::from(state.shadow.is_on())),
        ];
        for (name, help, value) in values {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            registry.register(name, help, gauge);
        }
        let silent = crate::reach_letters::without_evidence_on_duty(&state, now);
        let values = [
            (
                "recipients_unreached",
                "People and channels no page could be sent to",
                state.reach.unreached.len(),
            ),
            (
                "pages_owed",
                "Exhausted pages of which nobody had a message",
                state.reach.owed.values().filter(|it| it.next_at.is_some()).count(),
            ),
            (
                "receipts_awaited",
                "Messages whose receipt is waited for",
                state.reach.awaiting.len(),
            ),
            (
                "on_duty_without_evidence",
                "People on duty not known to be reached for two weeks",
                silent,
            ),
        ];
        for (name, help, value) in values {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            registry.register(name, help, gauge);
        }
        register_watched(registry, observed, &state, now);
        register_duty(registry, &state, now);
        let help = "How long the oldest notice waits";
        plain(registry, "notice_wait_seconds", help, seconds(late.unwrap_or(Millis::ZERO)));
    }
}

/// Who is on duty, and what is thin in the week to come.
fn register_duty(registry: &mut Registry, state: &engine::State, now: Timestamp) {
    const KINDS: [&str; 4] = ["nobody", "on_leave", "unskilled", "twice"];
    let Some(catalogue) = state.catalogue() else { return };
    let zones = oncall::Zones::bundled();
    let (mut people, mut thin) = (vec![], vec![]);
    for rota in catalogue.rotas.keys() {
        let on_duty = state.on_duty(rota, now, &zones).map_or(0, |it| it.people.len());
        people.push((
            vec![("rota", rota.to_string())],
            f64::from(u32::try_from(on_duty).unwrap_or(0)),
        ));
        let found = state.ahead.get(rota).map_or(&[][..], |it| &it.found);
        for kind in KINDS {
            let length = |it: &engine::Thin| it.ends.since(it.starts.max(now)).max(Millis::ZERO).0;
            let of_kind = found.iter().filter(|it| it.kind.word() == kind);
            let labels = vec![("rota", rota.to_string()), ("kind", kind.to_owned())];
            thin.push((labels, seconds(Millis(of_kind.map(length).sum()))));
        }
    }
    gauge(registry, "on_duty_people", "People on duty now", people);
    let (mut all, mut past) = (vec![], vec![]);
    let last = engine::week_of(now).minus(Millis::from_days(7));
    for team in state.catalogue().into_iter().flat_map(|it| it.teams.keys()) {
        let weeks = state.leaks(team).unwrap_or_default();
        for it in weeks.iter().filter(|it| it.starts == last) {
            #[expect(clippy::cast_precision_loss, reason = "counts of interruptions")]
            let (noted, leaked) = (it.all as f64, it.past as f64);
            all.push((vec![("team", team.to_string())], noted));
            past.push((vec![("team", team.to_string())], leaked));
        }
    }
    let help = "Interruptions noted in the last whole week";
    gauge(registry, "tribute_interruptions", help, all);
    let help = "Of those, the ones that hit somebody who had not the tribute";
    gauge(registry, "tribute_past_the_duty", help, past);
    let help = "How much of the eight days to come is thin, as the last look found it";
    gauge(registry, "duty_thin_seconds", help, thin);
}

/// Heartbeats and synthetic pages.
fn register_watched(
    registry: &mut Registry,
    observed: &Observed,
    state: &engine::State,
    now: Timestamp,
) {
    let (mut age, mut missed) = (vec![], vec![]);
    for id in state.catalogue().into_iter().flat_map(|it| it.watched.heartbeats.keys()) {
        let labels = vec![("heartbeat", id.to_string())];
        let written = state.watching.heartbeats.get(id).map(|it| it.heard_at);
        if let Some(at) = observed.handle.heard(id).max(written) {
            age.push((labels.clone(), seconds(now.since(at))));
        }
        let is_missed = state.heartbeat_missed(id).is_some();
        missed.push((labels, if is_missed { 1.0 } else { 0.0 }));
    }
    gauge(registry, "heartbeat_age_seconds", "Time since a heartbeat was heard", age);
    gauge(registry, "heartbeat_missed", "Whether a heartbeat is missed now", missed);
    if let Some(seen) = state.watching.synthetic {
        let help = "Time the last synthetic page took from the door to the receiver";
        plain(registry, "synthetic_page_seconds", help, seconds(seen.took));
        let help = "Time since a synthetic page came out at the other end";
        plain(registry, "synthetic_page_age_seconds", help, seconds(now.since(seen.at)));
    }
}

fn register_board(registry: &mut Registry, observed: &Observed) {
    let features: Vec<_> = {
        let state = observed.handle.state();
        state.catalogue().map(|it| it.features.keys().cloned().collect()).unwrap_or_default()
    };
    let board = observed.board.read().unwrap_or_else(PoisonError::into_inner);
    let left = board.histories().iter().map(|(id, it)| {
        (vec![("slo", id.to_string())], seconds(Millis::from_mins(it.minutes_left)))
    });
    let help = "How much of an objective's past is still to be read from its source";
    gauge(registry, "history_to_read_seconds", help, left.collect());
    let Some(end) = board.newest_minute() else { return };
    let (mut spent, mut coverage) = (vec![], vec![]);
    let (mut hidden_minutes, mut hidden_bad, mut without) = (vec![], vec![], vec![]);
    for feature in features {
        let Some(assessment) = board.assess_feature(&feature, end) else { continue };
        let labels = vec![("feature", feature.to_string())];
        if let Some(ratio) = assessment.budget.spent_ratio {
            spent.push((labels.clone(), ratio));
        }
        coverage.push((labels.clone(), assessment.budget.coverage));
        let hidden = assessment.hidden.unwrap_or_default();
        hidden_minutes.push((labels.clone(), f64::from(hidden.minutes)));
        hidden_bad.push((labels.clone(), u32::try_from(hidden.bad).map_or(f64::MAX, f64::from)));
        if let Some(ratio) = hidden.spent_without.or(assessment.budget.spent_ratio) {
            without.push((labels, ratio));
        }
    }
    let help = "Minutes of the window that exclusions keep out of the budget";
    gauge(registry, "feature_excluded_minutes", help, hidden_minutes);
    let help = "Failures in the window that exclusions keep out of the budget";
    gauge(registry, "feature_excluded_failures", help, hidden_bad);
    let help = "Share of the error budget that would be spent without exclusions";
    gauge(registry, "feature_budget_spent_without_exclusions_ratio", help, without);
    gauge(registry, "feature_budget_spent_ratio", "Share of the error budget spent", spent);
    let help = "Share of the window's minutes that are known";
    gauge(registry, "feature_coverage_ratio", help, coverage);
    let age = observed.clock.now().since(Timestamp::from_minute(end + 1));
    let help = "Age of the newest measured minute";
    plain(registry, "measured_age_seconds", help, seconds(age));
}

fn plain(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn gauge<L>(registry: &mut Registry, name: &str, help: &str, values: Vec<(L, f64)>)
where
    L: prometheus_client::encoding::EncodeLabelSet
        + Clone
        + std::hash::Hash
        + Eq
        + std::fmt::Debug
        + Send
        + Sync
        + 'static,
{
    let family = Family::<L, Gauge<f64, AtomicU64>>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    registry.register(name, help, family);
}

#[expect(clippy::cast_precision_loss, reason = "a length of time in a metric may be rounded")]
fn seconds(length: Millis) -> f64 {
    length.0 as f64 / 1_000.0
}

/// A journal that counts.
pub(crate) struct Metered {
    inner: Box<dyn Journal>,
    metrics: Metrics,
}

impl Metered {
    pub(crate) fn new(inner: Box<dyn Journal>, metrics: Metrics) -> Self {
        Self { inner, metrics }
    }
}

impl Journal for Metered {
    fn snapshots(&mut self) -> Result<Option<Box<dyn store::Snapshots>>, StoreError> {
        self.inner.snapshots()
    }
    fn acquire(&mut self, owner: &str, now: Timestamp, ttl: Millis) -> Result<Epoch, StoreError> {
        self.inner.acquire(owner, now, ttl)
    }
    fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError> {
        self.inner.renew(epoch, now, ttl)
    }
    fn release(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        self.inner.release(epoch)
    }
    fn head(&mut self) -> Result<Head, StoreError> {
        let head = self.inner.head()?;
        self.metrics.note_head(head);
        Ok(head)
    }
    fn append(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError> {
        let started = Instant::now();
        let result = self.inner.append(epoch, expected_seq, records);
        self.metrics.append_seconds.observe(started.elapsed().as_secs_f64());
        let outcome = match &result {
            Ok(head) => {
                self.metrics.note_head(*head);
                self.metrics.note_written();
                self.metrics.records.inc_by(records.len() as u64);
                "durable"
            }
            Err(error) => {
                tracing::error!("the journal could not be written: {error}");
                *self.metrics.failure.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(error.to_string());
                "failed"
            }
        };
        self.metrics.appends.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
        result
    }
    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.inner.read(after, limit)
    }
    fn save_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.inner.save_snapshot(snapshot)
    }
    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, StoreError> {
        self.inner.latest_snapshot()
    }
    fn key(&mut self, subject: &str) -> Result<KeyState, StoreError> {
        self.inner.key(subject)
    }
    fn put_key(&mut self, subject: &str, key: &[u8]) -> Result<(), StoreError> {
        self.inner.put_key(subject, key)
    }
    fn destroy_key(&mut self, subject: &str) -> Result<(), StoreError> {
        self.inner.destroy_key(subject)
    }
    fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.inner.get_setting(name)
    }
    fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.inner.put_setting(name, value)
    }
}
