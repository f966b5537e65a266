//! One running organisation: journal, writer, board and the workers around them.
//!
//! Everything that `serve`, the demo and the stories have in common is put together here; they differ
//! in clock, store and configuration only.

use crate::closing::Closer;
use crate::links::links_key;
use crate::measure::Measurer;
use crate::outbox::{Inbox, Outbox, Writer};
use crate::samples::{SampleStore, SharedBoard};
use crate::telemetry::{Metered, Metrics, Observed};
use crate::{Problem, Storage};
use driver::{Clock, Core, End, Handle, OpenError, Options};
use engine::{Command, Submission};
use model::{Catalogue, Millis, OrgId};
use oncall::Zones;
use slo::Board;
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use store::StoreError;

/// How long a writer's lease lasts unless renewed, in real time.
pub const LEASE_TTL: Millis = Millis::from_secs(30);

/// What every worker holds. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// The writer.
    pub handle: Handle,
    /// What is measured.
    pub board: SharedBoard,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Time-zone rules.
    pub zones: Zones,
}

/// One running organisation.
pub struct Node {
    shared: Shared,
    metrics: Metrics,
    links_key: [u8; 32],
    samples: SampleStore,
    speed: u32,
    writer: JoinHandle<End>,
    clerk: JoinHandle<()>,
}

/// What a node is made of.
pub struct NodeOptions {
    /// The organisation.
    pub org: OrgId,
    /// Journal and samples.
    pub storage: Storage,
    /// The name of this writer.
    pub owner: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How many times as fast as the machine's clock it runs.
    pub speed: u32,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node at {}", self.metrics.head().seq)
    }
}

impl std::fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeOptions of {}", self.org)
    }
}

impl Node {
    /// Takes the journal, restores the state, and starts the writer. To be called outside any
    /// runtime.
    pub fn open(options: NodeOptions) -> Result<Self, OpenError> {
        let NodeOptions { org, storage, owner, clock, speed } = options;
        let metrics = Metrics::default();
        let mut journal = Metered::new(storage.journal, metrics.clone());
        let links_key = links_key(&mut journal)?;
        let zones = Zones::bundled();
        let options = Options {
            org: org.as_str().to_owned(),
            owner,
            zones: zones.clone(),
            // In the time of the clock: on a fast one the same real time passes.
            lease_ttl: Millis(LEASE_TTL.0 * i64::from(speed)),
        };
        let random = Box::new(wire::SystemRandom::default());
        let core = Core::open(journal, options, random, clock.now())?;
        let (handle, writer) = driver::spawn(core, Arc::clone(&clock));
        let (samples, clerk) = SampleStore::spawn(storage.samples);
        // The measurer fills it from the stored samples.
        let board = Board::new(&crate::measure::empty());
        let shared = Shared { handle, board: Arc::new(RwLock::new(board)), clock, zones };
        Ok(Self { shared, metrics, links_key, samples, speed, writer, clerk })
    }

    /// What every worker holds.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Its metrics.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// All metrics as text, whenever it is called.
    #[must_use]
    pub fn metrics_text(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        let metrics = self.metrics.clone();
        let observed = Observed {
            handle: self.shared.handle.clone(),
            board: Arc::clone(&self.shared.board),
            clock: Arc::clone(&self.shared.clock),
        };
        Arc::new(move || metrics.text(&observed))
    }

    /// The key under which one-time links are signed.
    #[must_use]
    pub fn links_key(&self) -> [u8; 32] {
        self.links_key
    }

    /// Puts `catalogue` into force unless it already is.
    pub async fn adopt(&self, catalogue: Catalogue) -> Result<(), Problem> {
        adopt(&self.shared.handle, catalogue).await
    }

    /// A new measuring worker.
    #[must_use]
    pub fn measurer(&self) -> Measurer {
        let (shared, samples) = (self.shared.clone(), self.samples.clone());
        Measurer::new(shared, samples, self.metrics.clone(), self.speed)
    }

    /// A new sending worker; links in its letters start with `public_url`. What goes to an inbox of
    /// the demo is handed to `inbox`.
    #[must_use]
    pub fn outbox(&self, public_url: &str, inbox: Option<Arc<dyn Inbox>>) -> Outbox {
        let desk = Writer {
            shared: self.shared.clone(),
            metrics: self.metrics.clone(),
            public_url: public_url.trim_end_matches('/').to_owned(),
            links_key: self.links_key,
            inbox,
        };
        Outbox::new(desk)
    }

    /// A new worker that closes letters whose page is over.
    #[must_use]
    pub fn closer(&self, public_url: &str) -> Closer {
        Closer::new(Writer {
            shared: self.shared.clone(),
            metrics: self.metrics.clone(),
            public_url: public_url.trim_end_matches('/').to_owned(),
            links_key: self.links_key,
            inbox: None,
        })
    }

    /// Ends the writer with a snapshot, after the samples are stored. The workers must have ended.
    pub async fn stop(self) -> End {
        self.samples.stop().await;
        let end = self.shared.handle.stop().await;
        let head = self.metrics.head();
        tracing::info!(seq = head.seq, hash = wire::hex(&head.hash), "the journal is closed");
        // Both have said that they ended.
        let _ = self.writer.join();
        let _ = self.clerk.join();
        end
    }
}

/// Puts `catalogue` into force unless it already is.
pub(crate) async fn adopt(handle: &Handle, catalogue: Catalogue) -> Result<(), Problem> {
    let hash = catalog::hash(&catalogue);
    if handle.state().catalogue_hash == hash {
        return Ok(());
    }
    let short = hash[..12].to_owned();
    let command = Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash };
    let submission = Submission { actor: engine::Actor::Operator, ..Submission::system(command) };
    handle.submit(submission).await.map_err(|error| {
        Problem::unreachable("could not put the configuration into force").detail(error)
    })?;
    tracing::info!(hash = short, "the configuration is in force");
    Ok(())
}

/// The failure to take a journal, in words.
pub(crate) fn open_problem(place: &crate::Place, error: &OpenError) -> Problem {
    match error {
        OpenError::Store(error) => place.problem(error),
        error => {
            let primary = format!("could not read the journal in {}", place.shown());
            let hint = "look closer with `lamplighter journal verify`, or restore a copy";
            Problem::unreachable(primary).detail(error).hint(hint)
        }
    }
}

/// Whether somebody else holds the journal for now.
pub(crate) fn is_held(error: &OpenError) -> bool {
    matches!(error, OpenError::Store(StoreError::LeaseHeld { .. }))
}
