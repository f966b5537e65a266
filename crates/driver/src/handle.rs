//! The door to the writer's thread.

use crate::clock::Clock;
use crate::desk::{Accepted, Answer, End, SubmitError};
use crate::look::Look;
use crate::pace::Pace;
use crate::why;
use engine::{EventRecord, State, Submission, WhyId, WhyLine};
use model::{HeartbeatId, PersonId, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use store::Head;
use tokio::sync::{oneshot, watch};

/// Most requests that wait; beyond, they are refused as overload.
pub const QUEUE_MAX: usize = 10_000;

/// Something that waits at the desk.
pub(crate) enum Request {
    Submit(Box<Submission>, oneshot::Sender<Answer>),
    Records {
        after: u64,
        limit: usize,
        reply: Reply<Vec<EventRecord>>,
    },
    RecordsAt {
        seqs: Vec<u64>,
        reply: Reply<Vec<EventRecord>>,
    },
    Head(Reply<Head>),
    GetSetting {
        name: String,
        reply: Reply<Option<String>>,
    },
    PutSetting {
        name: String,
        value: String,
        reply: Reply<()>,
    },
    Erase(PersonId, Reply<()>),
    Snapshot(Reply<()>),
    /// Nothing but a reason to look at the clock.
    Wake,
    Stop,
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, RequestError>>;

/// Why a request other than a submission was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Too many wait already.
    #[error("too many requests are waiting; please try again in a moment")]
    Overloaded,
    /// The writer has ended.
    #[error("the server is stopping; please try again")]
    Stopped,
    /// The store says no.
    #[error("{0}")]
    Store(String),
}

/// The door to the writer's thread. Clones lead to the same desk.
#[derive(Clone)]
pub struct Handle {
    pub(crate) requests: SyncSender<Request>,
    pub(crate) published: Arc<RwLock<State>>,
    pub(crate) pace: Arc<Mutex<Pace>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) head: watch::Receiver<u64>,
    pub(crate) end: watch::Receiver<Option<End>>,
    pub(crate) waiting: Arc<AtomicUsize>,
    pub(crate) heard: Arc<Mutex<BTreeMap<HeartbeatId, Timestamp>>>,
}

impl Handle {
    /// Asks for something, and waits until it is durable or refused.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, SubmitError> {
        let (sender, receiver) = oneshot::channel();
        let _waits = Waits::begin(&self.waiting);
        match self.requests.try_send(Request::Submit(Box::new(submission), sender)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(SubmitError::Overloaded),
            Err(TrySendError::Disconnected(_)) => {
                return Err(SubmitError::Unavailable("the server is stopping".to_owned()));
            }
        }
        receiver.await.unwrap_or_else(|_| Err(SubmitError::Fatal("the writer has ended".into())))
    }

    /// Submissions that wait for their answer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A sign of life was taken: kept here for whoever looks, as most of them are written nowhere.
    pub fn note_heard(&self, heartbeat: &HeartbeatId) {
        let now = self.now();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(heartbeat.clone(), now);
    }

    /// When this process heard a heartbeat last.
    #[must_use]
    pub fn heard(&self, heartbeat: &HeartbeatId) -> Option<Timestamp> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(heartbeat).copied()
    }

    /// What is durably true.
    ///
    /// # Panics
    ///
    /// When this thread holds it already: see [`Look`].
    #[must_use]
    #[track_caller]
    pub fn state(&self) -> Look<'_> {
        Look::at(&self.published)
    }

    /// The time of the journal. Whatever is compared with times in the state must use this, not the
    /// clock: after the clock was set back the two differ for a while.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let pace = *self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.after(self.clock.now()).now()
    }

    /// The clock everything here goes by.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Tells when the journal grows, with the place of its last event.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    /// At most `limit` (and at most a thousand) records after `after`.
    pub async fn records(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, RequestError> {
        self.ask(|reply| Request::Records { after, limit, reply }).await
    }

    /// The records at these places; those that do not exist are left out.
    pub async fn records_at(&self, seqs: Vec<u64>) -> Result<Vec<EventRecord>, RequestError> {
        self.ask(|reply| Request::RecordsAt { seqs, reply }).await
    }

    /// The chain about `id`, oldest first. Empty when there never was such a thing. What is no longer
    /// in memory is searched for in the whole journal, which takes a while and holds nobody up.
    pub async fn why(&self, id: WhyId) -> Result<Vec<WhyLine>, RequestError> {
        why::chain(self, id).await
    }

    /// The end of the journal with its hash, to be published outside.
    pub async fn head(&self) -> Result<Head, RequestError> {
        self.ask(Request::Head).await
    }

    /// A small setting of the server.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, RequestError> {
        self.ask(|reply| Request::GetSetting { name: name.to_owned(), reply }).await
    }

    /// Keeps a small setting of the server.
    pub async fn put_setting(&self, name: &str, value: &str) -> Result<(), RequestError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.ask(|reply| Request::PutSetting { name, value, reply }).await
    }

    /// Destroys every text of `person` in journal, snapshots and memory.
    pub async fn erase(&self, person: PersonId) -> Result<(), RequestError> {
        self.ask(|reply| Request::Erase(person, reply)).await
    }

    /// Keeps a snapshot now.
    pub async fn snapshot(&self) -> Result<(), RequestError> {
        self.ask(Request::Snapshot).await
    }

    /// Ends the writer after everything that already waits, with a snapshot, and waits for that.
    pub async fn stop(&self) -> End {
        while let Err(TrySendError::Full(_)) = self.requests.try_send(Request::Stop) {
            tokio::task::yield_now().await;
        }
        self.ended().await
    }

    /// Waits until the writer has ended. On [`End::Fatal`] and [`End::LeaseLost`] the process should
    /// exit.
    pub async fn ended(&self) -> End {
        let mut end = self.end.clone();
        match end.wait_for(Option::is_some).await {
            Ok(end) => end.clone().expect("waited for it"),
            Err(_) => End::Fatal("the writer ended without a word".to_owned()),
        }
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, RequestError> {
        let (sender, receiver) = oneshot::channel();
        self.requests.try_send(request(sender)).map_err(|it| match it {
            TrySendError::Full(_) => RequestError::Overloaded,
            TrySendError::Disconnected(_) => RequestError::Stopped,
        })?;
        receiver.await.unwrap_or(Err(RequestError::Stopped))
    }
}

/// One more that waits, until dropped: also when whoever waits goes away.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("head", &*self.head.borrow()).finish_non_exhaustive()
    }
}
