//! The writer's thread: waits for requests or for time, takes everything that waits, and works.
//!
//! There is no wait to gather a batch: while one batch is being synced the next one gathers by itself,
//! and a lone request is answered at once.

use crate::clock::Clock;
use crate::desk::{Answer, BATCH_MAX, Core, End, SubmitError};
use crate::handle::{Handle, QUEUE_MAX, Reply, Request, RequestError};
use crate::restore::words;
use engine::Submission;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use store::Journal;
use tokio::sync::{oneshot, watch};
use tracing::{error, info};

/// Longest wait without a look at the clock: somebody may have set it.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Starts the writer's thread. Join it after [`Handle::stop`] or [`Handle::ended`].
pub fn spawn<J: Journal + 'static>(
    core: Core<J>,
    clock: Arc<dyn Clock>,
) -> (Handle, JoinHandle<End>) {
    let (sender, requests) = sync_channel(QUEUE_MAX);
    let (head, head_receiver) = watch::channel(core.head().seq);
    let (end, end_receiver) = watch::channel(None);
    let wake = sender.clone();
    clock.on_move(Box::new(move || {
        // When the queue is full the thread does not sleep, and looks at the clock anyway.
        let _ = wake.try_send(Request::Wake);
    }));
    let handle = Handle {
        requests: sender,
        published: core.published(),
        pace: core.pace(),
        clock: Arc::clone(&clock),
        head: head_receiver,
        end: end_receiver,
        waiting: Arc::default(),
        heard: Arc::default(),
    };
    let thread = std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || {
            let writer = Writer { core, clock, requests, head };
            let ended = catch_unwind(AssertUnwindSafe(move || writer.work()));
            let ended = ended.unwrap_or_else(|panic| End::Fatal(words(panic.as_ref())));
            match &ended {
                End::Stopped => info!("the writer has stopped"),
                End::LeaseLost(reason) | End::Fatal(reason) => {
                    error!("the writer has ended: {reason}");
                }
            }
            let _ = end.send(Some(ended.clone()));
            ended
        })
        .expect("the operating system gives a thread at the start");
    (handle, thread)
}

struct Writer<J> {
    core: Core<J>,
    clock: Arc<dyn Clock>,
    requests: Receiver<Request>,
    head: watch::Sender<u64>,
}

/// What was taken from the queue.
#[derive(Default)]
struct Taken {
    submissions: Vec<Submission>,
    askers: Vec<oneshot::Sender<Answer>>,
    others: Vec<Request>,
    stop: bool,
}

impl<J: Journal> Writer<J> {
    fn work(mut self) -> End {
        loop {
            let taken = self.take();
            let turn = self.core.turn(self.clock.now(), &taken.submissions);
            self.head.send_if_modified(|it| {
                let seq = self.core.head().seq;
                std::mem::replace(it, seq) != seq
            });
            for (asker, answer) in taken.askers.into_iter().zip(turn.answers) {
                // Whoever asked may have gone; what was done stays done.
                let _ = asker.send(answer);
            }
            taken.others.into_iter().for_each(|it| self.serve(it));
            if let Some(end) = turn.end {
                return end;
            }
            if taken.stop {
                self.refuse_rest();
                self.core.close();
                return End::Stopped;
            }
        }
    }

    /// Everything that waits, up to a batch; or nothing, when something is due first.
    fn take(&self) -> Taken {
        let mut taken = Taken::default();
        let wait = self.clock.real_time_until(self.core.wake_at()).min(WAIT_MAX);
        match self.requests.recv_timeout(wait) {
            Ok(request) => taken.add(request),
            Err(RecvTimeoutError::Timeout) => return taken,
            // Every handle is gone, and with it everybody who could ask for anything.
            Err(RecvTimeoutError::Disconnected) => taken.stop = true,
        }
        while taken.submissions.len() < BATCH_MAX && taken.others.len() < BATCH_MAX && !taken.stop {
            let Ok(request) = self.requests.try_recv() else { break };
            taken.add(request);
        }
        taken
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Records { after, limit, reply } => {
                answer(reply, self.core.records(after, limit));
            }
            Request::RecordsAt { seqs, reply } => {
                let found = seqs.iter().map(|seq| self.core.records(seq.saturating_sub(1), 1));
                let found: Result<Vec<_>, _> = found.collect();
                answer(reply, found.map(|it| it.into_iter().flatten().collect()));
            }
            Request::Head(reply) => answer(reply, Ok::<_, RequestError>(self.core.head())),
            Request::GetSetting { name, reply } => answer(reply, self.core.setting(&name)),
            Request::PutSetting { name, value, reply } => {
                answer(reply, self.core.put_setting(&name, &value));
            }
            Request::Erase(person, reply) => answer(reply, self.core.erase(&person)),
            Request::Snapshot(reply) => answer(reply, self.core.snapshot()),
            Request::Wake | Request::Stop => {}
            Request::Submit(..) => unreachable!("submissions are kept apart"),
        }
    }

    fn refuse_rest(&self) {
        let reason = "the server is stopping".to_owned();
        while let Ok(request) = self.requests.try_recv() {
            if let Request::Submit(_, asker) = request {
                let _ = asker.send(Err(SubmitError::Unavailable(reason.clone())));
            }
        }
    }
}

impl Taken {
    fn add(&mut self, request: Request) {
        match request {
            Request::Submit(submission, asker) => {
                self.submissions.push(*submission);
                self.askers.push(asker);
            }
            Request::Stop => self.stop = true,
            Request::Wake => {}
            other => self.others.push(other),
        }
    }
}

fn answer<T, E: std::fmt::Display>(reply: Reply<T>, result: Result<T, E>) {
    // Whoever asked may have gone.
    let _ = reply.send(result.map_err(|it| RequestError::Store(it.to_string())));
}
