//! The thread that owns the sample store.
//!
//! Intuition: a clerk at the back who files what is handed over and brings old files on request.
//! What cannot be filed now waits on the desk and is tried again with the next lot.
//!
//! Invariants:
//! - nobody who pages ever waits for a sample;
//! - what waits has a limit ([`WAITING_MAX`]); beyond it the oldest minutes become unknown after a
//!   restart, which is said in the log.

use model::{Catalogue, Slo, SloId};
use slo::{Board, Masks, Slice};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use store::{MinuteCounts, Samples};
use tokio::sync::{mpsc, oneshot};

/// The measured state, shared with every reader.
pub type SharedBoard = Arc<RwLock<Board>>;

/// Minutes that wait to be stored at most.
pub const WAITING_MAX: usize = 100_000;

/// Lots that may wait for the thread.
const QUEUE_MAX: usize = 256;

/// Minutes read at a time while a board is rebuilt.
const CHUNK_MINUTES: i64 = 360;

/// Minutes of one objective.
pub(crate) type Lot = (String, Vec<(i64, MinuteCounts)>);

enum Job {
    Put(Vec<Lot>),
    Board {
        catalogue: Arc<Catalogue>,
        masks: Masks,
        end_minute: i64,
        answer: oneshot::Sender<Board>,
    },
    Fill(Vec<Lot>, oneshot::Sender<bool>),
    ForgetBefore(i64),
    Stop(oneshot::Sender<()>),
}

/// A way to the thread. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct SampleStore {
    queue: mpsc::Sender<Job>,
}

impl SampleStore {
    pub(crate) fn spawn(samples: Box<dyn Samples>) -> (Self, JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("samples".to_owned())
            .spawn(move || Clerk { samples, waiting: vec![] }.run(jobs))
            .expect("a thread can be started");
        (Self { queue }, thread)
    }

    /// Hands minutes over to be stored.
    pub(crate) async fn put(&self, lots: Vec<Lot>) {
        // The thread ends only when the process does.
        let _ = self.queue.send(Job::Put(lots)).await;
    }

    /// Stores minutes of the past where none are known yet, and says whether they are stored now.
    pub(crate) async fn fill(&self, lots: Vec<Lot>) -> bool {
        let (answer, answered) = oneshot::channel();
        let sent = self.queue.send(Job::Fill(lots, answer)).await;
        sent.is_ok() && answered.await.unwrap_or(false)
    }

    /// A board of `catalogue` under `masks` with every stored minute up to `end_minute`.
    pub(crate) async fn board(
        &self,
        catalogue: Arc<Catalogue>,
        masks: Masks,
        end_minute: i64,
    ) -> Option<Board> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Job::Board { catalogue, masks, end_minute, answer }).await.ok()?;
        answered.await.ok()
    }

    /// Forgets whole hours before `minute`.
    pub(crate) async fn forget_before(&self, minute: i64) {
        let _ = self.queue.send(Job::ForgetBefore(minute)).await;
    }

    /// Returns when everything handed over has been stored or given up.
    pub(crate) async fn stop(&self) {
        let (answer, answered) = oneshot::channel();
        if self.queue.send(Job::Stop(answer)).await.is_ok() {
            let _ = answered.await;
        }
    }
}

/// Under which name the minutes of an objective are stored. A changed selector is another signal and
/// begins anew; changing it back finds the old minutes again.
pub(crate) fn key_of(id: &SloId, slo: &Slo) -> String {
    let mut signal = format!("{}\n{}", slo.bad, slo.total);
    // What is plain keeps the name it had before there was anything else.
    if slo.sli.is_pushed() {
        signal.push_str("\npushed");
    } else if !slo.sli.is_plain() {
        // A field that is added to a kind must not make its history another one's.
        let kind = serde_json::to_string(&slo.sli).expect("plain data");
        signal = format!("{signal}\n{kind}");
    }
    let hash = ring::digest::digest(&ring::digest::SHA256, signal.as_bytes());
    format!("{id}#{}", wire::hex(&hash.as_ref()[..4]))
}

pub(crate) fn stored(slice: Slice) -> MinuteCounts {
    slice.counts().map(|it| (it.bad, it.total))
}

/// Every stored minute of `catalogue` from `from` up to and including `end`, for a replay.
pub fn recording(
    samples: &mut dyn Samples,
    catalogue: &Catalogue,
    from: i64,
    end: i64,
) -> Result<slo::backtest::Recording, crate::Problem> {
    let mut found = slo::backtest::Recording::new();
    for (id, slo) in catalogue.signals() {
        let minutes = samples.range(&key_of(&id, slo), from, end + 1).map_err(|error| {
            crate::Problem::unreachable("the recorded minutes cannot be read").detail(error)
        })?;
        for (minute, counts) in minutes {
            let slice = counts.map_or(Slice::Unknown, |(bad, all)| Slice::known(bad, all));
            found.entry(minute).or_default().push((id.clone(), slice));
        }
    }
    Ok(found)
}

struct Clerk {
    samples: Box<dyn Samples>,
    waiting: Vec<Lot>,
}

impl Clerk {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            match job {
                Job::Put(lots) => {
                    self.waiting.extend(lots);
                    self.store();
                }
                Job::Board { catalogue, masks, end_minute, answer } => {
                    self.store();
                    let _ =
                        answer.send(rebuilt(&mut *self.samples, &catalogue, &masks, end_minute));
                }
                Job::Fill(lots, answer) => {
                    self.store();
                    let _ = answer.send(self.fill(lots));
                }
                Job::ForgetBefore(minute) => {
                    if let Err(error) = self.samples.forget_before(minute) {
                        tracing::warn!("old samples could not be forgotten: {error}");
                    }
                }
                Job::Stop(answer) => {
                    self.store();
                    let _ = answer.send(());
                    return;
                }
            }
        }
    }

    fn store(&mut self) {
        while let Some((sli, minutes)) = self.waiting.first() {
            if let Err(error) = self.samples.put(sli, minutes) {
                tracing::warn!("samples could not be stored and wait: {error}");
                self.give_up_oldest();
                return;
            }
            self.waiting.remove(0);
        }
    }

    /// What was measured at the time stands: history only adds to it.
    fn fill(&mut self, lots: Vec<Lot>) -> bool {
        for (sli, mut minutes) in lots {
            let (Some(first), Some(last)) = (minutes.first(), minutes.last()) else { continue };
            let stored = match self.samples.range(&sli, first.0, last.0 + 1) {
                Ok(stored) => stored,
                Err(error) => {
                    tracing::warn!("samples of {sli} could not be read: {error}");
                    return false;
                }
            };
            let known: std::collections::BTreeSet<i64> =
                stored.into_iter().filter(|it| it.1.is_some()).map(|it| it.0).collect();
            minutes.retain(|it| !known.contains(&it.0));
            if let Err(error) = self.samples.put(&sli, &minutes) {
                tracing::warn!("history of {sli} could not be stored: {error}");
                return false;
            }
        }
        true
    }

    fn give_up_oldest(&mut self) {
        let mut count: usize = self.waiting.iter().map(|(_, it)| it.len()).sum();
        while count > WAITING_MAX {
            let (sli, minutes) = self.waiting.remove(0);
            count -= minutes.len();
            tracing::warn!(
                "{} minutes of {sli} are given up: too many wait to be stored",
                minutes.len()
            );
        }
    }
}

/// Records every stored minute into a fresh board, in order of time, so that features are composed
/// as they were.
pub(crate) fn rebuilt(
    samples: &mut dyn Samples,
    catalogue: &Catalogue,
    masks: &Masks,
    end_minute: i64,
) -> Board {
    let mut board = Board::with_masks(catalogue, masks.clone());
    let keys: Vec<(SloId, String)> = catalogue
        .signals()
        .map(|(id, slo)| {
            let key = key_of(&id, slo);
            (id, key)
        })
        .collect();
    let longest = catalogue.signals().map(|(_, it)| it.window).max().unwrap_or_default();
    let mut from = end_minute + 1 - longest.max(slo::WINDOW_MIN_KEPT).whole_mins();
    while from <= end_minute {
        let to = (from + CHUNK_MINUTES).min(end_minute + 1);
        let mut minutes = std::collections::BTreeMap::<i64, Vec<(&SloId, Slice)>>::new();
        for (id, key) in &keys {
            let found = samples.range(key, from, to).unwrap_or_else(|error| {
                tracing::warn!("samples of {key} could not be read: {error}");
                vec![]
            });
            for (minute, counts) in found {
                let slice = counts.map_or(Slice::Unknown, |(bad, all)| Slice::known(bad, all));
                minutes.entry(minute).or_default().push((id, slice));
            }
        }
        // Excluded minutes of which nothing is stored are excluded all the same.
        for (id, mask) in &masks.slos {
            for minute in (from..to).filter(|it| mask.at(*it).is_some()) {
                let slices = minutes.entry(minute).or_default();
                if !slices.iter().any(|(stored, _)| *stored == id) {
                    slices.push((id, Slice::Unknown));
                }
            }
        }
        for mask in masks.features.values() {
            for minute in (from..to).filter(|it| mask.at(*it).is_some()) {
                minutes.entry(minute).or_default();
            }
        }
        for (minute, slices) in minutes {
            for (id, slice) in slices {
                board.record(id, minute, slice);
            }
            board.close_minute(minute);
        }
        from = to;
    }
    board
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{FeatureId, Millis};
    use slo::WindowCounts;
    use store::MemorySamples;

    /// Goal: a restart finds what was stored. Method: two minutes of everything, a gap between.
    #[tokio::test]
    async fn a_board_comes_back_from_samples() {
        let catalogue = testkit::solar();
        let now = testkit::MONDAY.minute();
        let (store, _) = SampleStore::spawn(Box::new(MemorySamples::default()));
        let mut lots = vec![];
        for (id, slo) in catalogue.signals() {
            let bad = if id.service.as_str() == "activation" { 30 } else { 0 };
            let minutes = vec![(now - 3, Some((bad, 60))), (now - 1, Some((0, 60)))];
            lots.push((key_of(&id, slo), minutes));
        }
        store.put(lots).await;
        let board = store.board(Arc::new(catalogue), Masks::default(), now).await.unwrap();
        let light_on = FeatureId::from("light-on");
        let counts = board.rings(&light_on).unwrap().window(now - 1, Millis::from_mins(4));
        assert_eq!(counts, WindowCounts { bad: 30, total: 120, known_minutes: 2, minutes: 4 },);
        store.stop().await;
    }

    #[test]
    fn another_signal_has_another_name() {
        let id = SloId::from("a.up");
        let mut slo = testkit::slo("a", "99%");
        let first = key_of(&id, &slo);
        slo.objective = model::Objective::parse("98%").unwrap();
        assert_eq!(first, key_of(&id, &slo), "the same counters under another promise");
        slo.bad = "other_total".to_owned();
        assert_ne!(first, key_of(&id, &slo));
    }
}
