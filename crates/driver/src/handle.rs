//! The thread around the core, and the handle that everybody else holds.

use crate::clock::Clock;
use crate::core::{Accepted, BATCH_MAX, Core, SubmitError, tick};
use engine::{EventRecord, State, Submission, WhyId, WhyLine};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::Head;
use tokio::sync::{oneshot, watch};

/// Requests that may wait; beyond, [`SubmitError::Overloaded`].
pub const QUEUE_MAX: usize = 16_384;

/// How long a batch waits for company before it is written.
const GATHER: Duration = Duration::from_micros(500);

/// The longest sleep: leases are renewed even when nothing happens.
const NAP_MAX: Duration = Duration::from_secs(5);

type Answer = oneshot::Sender<Result<Accepted, SubmitError>>;
type Job = Box<dyn FnOnce(&mut Core) + Send>;

enum Request {
    Submit(Box<Submission>, Answer),
    Run(Job),
    Nudge,
    Stop(oneshot::Sender<Result<(), String>>),
}

/// A way to the driver. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    queue: SyncSender<Request>,
    published: Arc<RwLock<State>>,
    changes: watch::Receiver<u64>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

/// Starts the thread that owns `core`. When it has lost the journal it calls `on_lost` and ends.
pub fn spawn(
    core: Core,
    clock: Arc<dyn Clock>,
    on_lost: Box<dyn FnOnce(String) + Send>,
) -> (Handle, JoinHandle<()>) {
    let (queue, requests) = sync_channel(QUEUE_MAX);
    let (announce, changes) = watch::channel(core.head().seq);
    let nudge = queue.clone();
    clock.on_jump(Box::new(move || drop(nudge.try_send(Request::Nudge))));
    let handle = Handle { queue, published: core.published(), changes };
    let thread = std::thread::Builder::new()
        .name("driver".to_owned())
        .spawn(move || Loop { core, clock, requests, announce }.run(on_lost))
        .expect("a thread can be started");
    (handle, thread)
}

struct Loop {
    core: Core,
    clock: Arc<dyn Clock>,
    requests: Receiver<Request>,
    announce: watch::Sender<u64>,
}

/// What a round of gathering brought.
#[derive(Default)]
struct Gathered {
    batch: Vec<Submission>,
    answers: Vec<Option<Answer>>,
    jobs: Vec<Job>,
    stop: Option<oneshot::Sender<Result<(), String>>>,
}

impl Loop {
    fn run(mut self, on_lost: Box<dyn FnOnce(String) + Send>) {
        loop {
            let Some(gathered) = self.gather() else { return };
            let Gathered { mut batch, mut answers, jobs, stop } = gathered;
            let now = self.clock.now();
            if self.core.next_wake().is_some_and(|it| it <= now) {
                batch.push(tick());
                answers.push(None);
            }
            let results = self.core.run_batch(now, batch);
            self.announce.send_if_modified(|seq| {
                let moved = *seq != self.core.head().seq;
                *seq = self.core.head().seq;
                moved
            });
            let mut lost = None;
            for (answer, result) in answers.into_iter().zip(results) {
                if let Err(SubmitError::Lost(detail)) = &result {
                    lost = Some(detail.clone());
                }
                if let Some(answer) = answer {
                    // Whoever asked may have gone; the events stand all the same.
                    let _ = answer.send(result);
                }
            }
            jobs.into_iter().for_each(|job| job(&mut self.core));
            if let Some(detail) = lost {
                on_lost(detail);
                return;
            }
            if let Some(done) = stop {
                let _ = done.send(self.core.stop().map_err(|it| it.to_string()));
                return;
            }
        }
    }

    /// Waits for the first request or the next deadline, then a moment more for company. `None` when
    /// every handle is gone.
    fn gather(&self) -> Option<Gathered> {
        let nap = self.core.next_wake().map_or(NAP_MAX, |at| self.clock.real_time_until(at));
        let mut gathered = Gathered::default();
        match self.requests.recv_timeout(nap.min(NAP_MAX)) {
            Ok(first) => gathered.add(first),
            Err(RecvTimeoutError::Timeout) => return Some(gathered),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        let until = Instant::now() + GATHER;
        while gathered.batch.len() < BATCH_MAX && gathered.stop.is_none() {
            match self.requests.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(next) => gathered.add(next),
                Err(_) => break,
            }
        }
        Some(gathered)
    }
}

impl Gathered {
    fn add(&mut self, request: Request) {
        match request {
            Request::Submit(submission, answer) => {
                self.batch.push(*submission);
                self.answers.push(Some(answer));
            }
            Request::Run(job) => self.jobs.push(job),
            Request::Nudge => {}
            Request::Stop(done) => self.stop = Some(done),
        }
    }
}

impl Handle {
    /// Submits a request and waits until its events are durable.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, SubmitError> {
        let (answer, answered) = oneshot::channel();
        match self.queue.try_send(Request::Submit(Box::new(submission), answer)) {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(stopped())),
            Err(TrySendError::Full(_)) => Err(SubmitError::Overloaded),
            Err(TrySendError::Disconnected(_)) => Err(stopped()),
        }
    }

    /// The durable state. Do not hold it across an await.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of every move of the journal's end.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// At most `limit` events after `after`, oldest first.
    pub async fn records(&self, after: u64, limit: usize) -> Result<Vec<EventRecord>, String> {
        self.run(move |core| core.records(after, limit).map_err(|it| it.to_string())).await?
    }

    /// The end of the journal.
    pub async fn head(&self) -> Result<Head, String> {
        self.run(|core| core.head()).await
    }

    /// The chain of events about `id`; empty when the journal knows nothing of it.
    pub async fn why(&self, id: WhyId) -> Result<Vec<WhyLine>, String> {
        const SCAN: usize = 5_000;
        let trail = engine::why_trail(&self.state(), &id);
        let mut records = vec![];
        match trail {
            Some(trail) => {
                for seq in trail {
                    records.extend(self.records(seq - 1, 1).await?);
                }
            }
            None => {
                let mut after = 0;
                loop {
                    let page = self.records(after, SCAN).await?;
                    let Some(last) = page.last() else { break };
                    after = last.seq;
                    records.extend(page);
                }
            }
        }
        Ok(engine::why(&records, &id, &self.state()))
    }

    /// Runs `job` between two batches and returns what it returns.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Core) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |core| drop(answer.send(job(core))));
        self.queue.try_send(Request::Run(job)).map_err(|_| stopped().to_string())?;
        answered.await.map_err(|_| stopped().to_string())
    }

    /// Ends the driver: everything that waits is done first, then a snapshot is kept and the lease
    /// given back.
    pub async fn stop(&self) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Request::Stop(answer)).map_err(|_| stopped().to_string())?;
        answered.await.map_err(|_| stopped().to_string())?
    }

    /// The place of the journal's end as last announced; for metrics.
    #[must_use]
    pub fn journal_seq(&self) -> u64 {
        *self.changes.borrow()
    }
}

fn stopped() -> SubmitError {
    SubmitError::Unavailable("the server is stopping".to_owned())
}
