//! From options to a running server, and back.
//!
//! Intuition: doors open last and close first. The journal is taken, the workers start, then the
//! address is announced; at the end nobody new is let in, what is under way is finished, and the
//! journal is closed behind a snapshot.
//!
//! Invariants:
//! - a configuration with an error starts nothing and, on reload, changes nothing;
//! - after the writer has lost the journal the process ends with a failure, at once;
//! - a stop loses nothing, however long a provider hangs: what was not reported is sent again.

use crate::configuration;
use crate::mailbox::MailReader;
use crate::node::{self, Node, NodeOptions, Shared};
use crate::outbox::Inbox;
use crate::owner::{self, owner};
use crate::ready::Readiness;
use crate::wait::stopped;
use crate::watch::{Receiver, Watch};
use crate::{Place, Problem, serving, setup};
use driver::{Clock, End, SystemClock};
use model::{Catalogue, OrgId};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use web::Mode;

/// How long requests under way are waited for at the end.
const REQUESTS_END: Duration = Duration::from_secs(3);

/// How long letters under way are waited for at the end.
const LETTERS_END: Duration = Duration::from_secs(10);

/// How long another writer's lease is waited for before it is looked at again.
const LEASE_LOOK: Duration = Duration::from_secs(2);

/// What `serve` is told.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Configuration files and folders; empty for the default.
    pub config: Vec<PathBuf>,
    /// Where journal and samples are kept.
    pub place: Place,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How ways of working are tried.
    pub trial: web::Trial,
}

/// Serves until it is told to stop.
pub fn serve(options: &ServeOptions) -> Result<(), Problem> {
    egress::init_tls();
    let paths = configuration::paths(&options.config)?;
    let catalogue = configuration::load(&paths)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let node = take_journal(&options.place, &catalogue.org, &clock, 1)?;
    let started = Started { org: catalogue.org.clone(), public_url: catalogue.public_url.clone() };
    let reload = reload_from(paths, started, node.shared().handle.clone());
    let how = How {
        listen: vec![options.listen],
        public_url: catalogue.public_url.clone(),
        catalogue,
        mode: Mode::Serve,
        trial: options.trial.clone(),
        reload,
        inbox: None,
        extra: vec![],
        said: vec![],
    };
    runtime()?.block_on(run(node, how))
}

/// How a node is run.
pub(crate) struct How {
    /// The first of these that is free.
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) public_url: Option<String>,
    pub(crate) catalogue: Catalogue,
    pub(crate) mode: Mode,
    pub(crate) trial: web::Trial,
    pub(crate) reload: web::Reload,
    pub(crate) inbox: Option<Arc<dyn Inbox>>,
    /// Further workers, which end when they are told to stop.
    pub(crate) extra: Vec<Worker>,
    /// Lines printed before the address.
    pub(crate) said: Vec<String>,
}

/// A further worker: given the word to stop, it works until then.
pub(crate) type Worker = Box<dyn FnOnce(watch::Receiver<bool>) -> JoinHandle<()> + Send>;

pub(crate) fn runtime() -> Result<Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|it| Problem::unreachable("could not start").detail(it))
}

/// Takes the journal; waits while another writer holds it.
pub(crate) fn take_journal(
    place: &Place,
    org: &OrgId,
    clock: &Arc<dyn Clock>,
    speed: u32,
) -> Result<Node, Problem> {
    let mut said = false;
    loop {
        let storage = place.open(org)?;
        let options = NodeOptions {
            org: org.clone(),
            storage,
            owner: owner(place),
            clock: Arc::clone(clock),
            speed,
        };
        match Node::open(options) {
            Ok(node) => {
                let head = node.metrics().head();
                let hash = wire::hex(&head.hash);
                tracing::info!(seq = head.seq, hash, "the end of the journal");
                return Ok(node);
            }
            Err(error) if owner::bury_dead_holder(place, org, &error, clock.now()) => {}
            Err(error) if node::is_held(&error) => {
                if !said {
                    tracing::info!("{error}; waiting to take over");
                    said = true;
                }
                std::thread::sleep(LEASE_LOOK);
            }
            Err(error) => return Err(node::open_problem(place, &error)),
        }
    }
}

/// Runs `node` until a signal or until it has lost its journal.
pub(crate) async fn run(node: Node, how: How) -> Result<(), Problem> {
    let started = start(&node, how).await;
    let mut running = match started {
        Ok(running) => running,
        Err(problem) => {
            node.stop().await;
            return Err(problem);
        }
    };
    if let Some(problem) = running.wait(&node).await {
        return Err(problem);
    }
    running.end().await;
    match node.stop().await {
        End::Stopped => Ok(()),
        end => Err(lost(&end)),
    }
}

/// What the operating system may tell us.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Listens from now on. Before, a signal ends the process in the way of the system.
    fn new() -> Self {
        let listen = |kind| signal(kind).expect("signals can be listened for");
        Self {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
            hang_up: listen(SignalKind::hangup()),
        }
    }
}

struct Running {
    signals: Signals,
    stop: watch::Sender<bool>,
    readiness: Readiness,
    reload: web::Reload,
    http: JoinHandle<()>,
    outbox: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
}

async fn start(node: &Node, how: How) -> Result<Running, Problem> {
    let listener = listen(&how.listen).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Problem::unreachable("could not listen").detail(error))?;
    let local = format!("http://{address}");
    let public_url = how.public_url.unwrap_or_else(|| local.clone());
    node.adopt(how.catalogue).await?;
    let Shared { handle, board, clock, zones } = node.shared().clone();
    let (stop, word) = watch::channel(false);
    let readiness = Readiness::new(handle.clone(), node.metrics().clone());
    let mut said = how.said;
    if matches!(how.mode, Mode::Serve)
        && let Some(link) = setup::link(&handle, &public_url).await?
    {
        said.push(format!("first administrator, to be used once: {link}"));
    }
    let serves = matches!(how.mode, Mode::Serve);
    let context = web::Context {
        handle,
        board,
        clock,
        zones: Arc::new(zones),
        mode: how.mode,
        trials: Arc::new(web::Trials::new(how.trial)),
        looks: Arc::default(),
        hooks: Arc::new(web::Hooks::new(channels::secrets::resolve)),
        link_key: node.links_key(),
        public_url: public_url.clone(),
        reload: Arc::clone(&how.reload),
        metrics: node.metrics_text(),
        ready: readiness.answer(),
    };
    let reader = MailReader::new(context.clone());
    let mut others = vec![
        tokio::spawn(reader.run(word.clone())),
        tokio::spawn(node.measurer().run(word.clone())),
        tokio::spawn(readiness.clone().run(word.clone())),
        tokio::spawn(node.closer(&public_url).run(word.clone())),
        tokio::spawn(node.asker().run(word.clone())),
    ];
    others.extend(how.extra.into_iter().map(|worker| worker(word.clone())));
    let outbox = node.outbox(&public_url, how.inbox);
    let outbox = if serves {
        let receiver = Receiver::listen().await;
        if let Err(error) = &receiver {
            tracing::error!("synthetic pages have nowhere to come out: {error}");
        }
        let receiver = receiver.ok();
        let loopback = receiver.as_ref().map(Receiver::loopback);
        let watch = Watch::new(node.shared().clone(), node.metrics().clone(), itself(address));
        others.push(tokio::spawn(watch.run(receiver, word.clone())));
        outbox.with_loopback(loopback)
    } else {
        outbox
    };
    let outbox = tokio::spawn(outbox.run(word.clone()));
    let mut closing = word;
    let closed = async move { stopped(&mut closing).await };
    let http = tokio::spawn(serving::serve(listener, web::router(context), closed));
    let signals = Signals::new();
    for line in said {
        eprintln!("{line}");
    }
    eprintln!("listening on {local}");
    Ok(Running { signals, stop, readiness, reload: how.reload, http, outbox, others })
}

/// Where this server reaches itself when it listens on `address`.
fn itself(address: SocketAddr) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        address.set_ip(loopback);
    }
    format!("http://{address}")
}

/// Listens on the first address that is free.
async fn listen(addresses: &[SocketAddr]) -> Result<TcpListener, Problem> {
    let mut failed = Problem::unreachable("there is no address to listen on");
    for address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) => {
                failed = Problem::unreachable(format!("could not listen on {address}"))
                    .detail(error)
                    .hint("another process may use the port; name another one with --listen");
            }
        }
    }
    Err(failed)
}

impl Running {
    /// Waits for a reason to end: a signal (`None`), or the loss of the journal.
    async fn wait(&mut self, node: &Node) -> Option<Problem> {
        let Signals { terminate, interrupt, hang_up } = &mut self.signals;
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                end = node.shared().handle.ended() => return Some(lost(&end)),
                _ = hang_up.recv() => match (self.reload)().await {
                    Ok(said) => tracing::info!("{said}"),
                    Err(said) => tracing::error!("{said}"),
                },
            }
        }
        tracing::info!("stopping");
        None
    }

    /// Lets nobody new in, finishes what is under way, ends the workers.
    async fn end(self) {
        self.readiness.stopping();
        let _ = self.stop.send(true);
        for (worker, limit) in [(self.http, REQUESTS_END), (self.outbox, LETTERS_END)] {
            within(worker, limit).await;
        }
        for worker in self.others {
            within(worker, REQUESTS_END).await;
        }
    }
}

/// Waits for `worker`, and cuts it off at `limit`.
async fn within(worker: JoinHandle<()>, limit: Duration) {
    let cut_off = worker.abort_handle();
    match tokio::time::timeout(limit, worker).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!("a worker ended with a defect: {error}"),
        Err(_) => cut_off.abort(),
    }
}

fn lost(end: &End) -> Problem {
    let (primary, detail) = match end {
        End::Stopped => ("the writer has ended", String::new()),
        End::LeaseLost(reason) => ("another writer has taken over", reason.clone()),
        End::Fatal(reason) => ("the journal cannot be trusted any more", reason.clone()),
    };
    let hint = "start again: what was accepted is in the journal, and it is read from there";
    Problem::unreachable(primary).detail(detail).hint(hint)
}

/// What a running server cannot change.
#[derive(Clone)]
struct Started {
    org: OrgId,
    public_url: Option<String>,
}

/// Reads `paths` again and puts them into force, or changes nothing and says why.
fn reload_from(paths: Vec<PathBuf>, started: Started, handle: driver::Handle) -> web::Reload {
    Arc::new(move || {
        let (paths, started, handle) = (paths.clone(), started.clone(), handle.clone());
        Box::pin(async move { reload(paths, started, handle).await })
    })
}

async fn reload(
    paths: Vec<PathBuf>,
    started: Started,
    handle: driver::Handle,
) -> Result<String, String> {
    let before = handle.state().catalogue.clone();
    let load = move || configuration::load_after(&paths, before.as_deref());
    let loaded = tokio::task::spawn_blocking(load).await;
    let catalogue = loaded
        .map_err(|error| format!("reading the configuration met a defect: {error}"))?
        .map_err(|problem| problem.to_string())?;
    if catalogue.org != started.org {
        let (ours, theirs) = (&started.org, &catalogue.org);
        return Err(format!(
            "nothing has changed: this server is the one of `{ours}`, not of `{theirs}`"
        ));
    }
    let later = if catalogue.public_url == started.public_url {
        ""
    } else {
        "; the new public-url is used from the next start on"
    };
    let hash = catalog::hash(&catalogue)[..12].to_owned();
    let before = handle.state().catalogue_version;
    node::adopt(&handle, catalogue).await.map_err(|problem| problem.to_string())?;
    let version = handle.state().catalogue_version;
    Ok(if version == before {
        format!("configuration {version} ({hash}) says the same; nothing has changed")
    } else {
        format!("configuration {version} ({hash}) is in force{later}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Storage;
    use engine::{Command, Submission};
    use model::{Millis, Timestamp};
    use store::{
        AppendError, Epoch, Head, Journal, KeyState, MemoryJournal, MemorySamples, NewRecord,
        Record, Snapshot, StoreError,
    };

    /// A journal whose disk lies from some append on.
    struct Lying {
        inner: MemoryJournal,
        good: u32,
    }

    impl Journal for Lying {
        fn append(
            &mut self,
            epoch: Epoch,
            expected_seq: u64,
            records: &[NewRecord],
        ) -> Result<Head, AppendError> {
            if self.good == 0 {
                return Err(AppendError::Fatal("the disk could not be synced".to_owned()));
            }
            self.good -= 1;
            self.inner.append(epoch, expected_seq, records)
        }
        fn acquire(
            &mut self,
            owner: &str,
            at: Timestamp,
            ttl: Millis,
        ) -> Result<Epoch, StoreError> {
            self.inner.acquire(owner, at, ttl)
        }
        fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError> {
            self.inner.renew(epoch, now, ttl)
        }
        fn release(&mut self, epoch: Epoch) -> Result<(), StoreError> {
            self.inner.release(epoch)
        }
        fn head(&mut self) -> Result<Head, StoreError> {
            self.inner.head()
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

    /// Goal: after a failed sync the process ends with a failure by itself. Method: the configuration
    /// and the set-up link are stored, then the disk lies about a call for help.
    #[test]
    fn a_disk_that_lies_ends_the_process() {
        let journal = Lying { inner: MemoryJournal::new("solar"), good: 2 };
        let samples = Box::new(MemorySamples::default());
        let options = NodeOptions {
            org: "solar".into(),
            storage: Storage { journal: Box::new(journal), samples },
            owner: "the test".to_owned(),
            clock: Arc::new(SystemClock),
            speed: 1,
        };
        let node = Node::open(options).unwrap();
        let handle = node.shared().handle.clone();
        let calls: Worker = Box::new(move |_| {
            let (by, title, team) = ("ana".into(), "help".to_owned(), Some("field".into()));
            let raise = Command::Raise { by, title, feature: None, team };
            tokio::spawn(async move { drop(handle.submit(Submission::system(raise)).await) })
        });
        let mut catalogue = testkit::solar();
        catalogue.sources.clear();
        let how = How {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            public_url: None,
            catalogue,
            mode: Mode::Serve,
            trial: web::Trial::new(|_, _, _, _| Err("nothing is tried here".to_owned())),
            reload: Arc::new(|| Box::pin(async { Ok(String::new()) })),
            inbox: None,
            extra: vec![calls],
            said: vec![],
        };
        let running = async { tokio::time::timeout(Duration::from_mins(1), run(node, how)).await };
        let ended = runtime().unwrap().block_on(running).expect("it ends by itself");
        let problem = ended.unwrap_err();
        assert_eq!(problem.exit_code(), 3);
        assert_eq!(problem.primary, "the journal cannot be trusted any more");
        let detail = problem.detail.unwrap();
        assert!(detail.contains("the disk could not be synced"), "{detail}");
    }
}
