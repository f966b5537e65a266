//! The demo: a solar company with live services that can be broken, on a clock that runs fast.
//!
//! Everything is real except the world around it: the services are served over loopback HTTP and
//! scraped, the journal is on disk, people are paged; only their telephones and mailboxes are views.
//!
//! Invariants:
//! - it listens on loopback only, because everybody who reaches it is let in;
//! - its time never goes backwards: it stands still while the demo is stopped;
//! - stopping, or being killed, loses nothing.

mod example;
mod inbox;
mod services;
mod town;
mod traffic;

pub use example::{ExampleOptions, example_services};
pub use town::{Emulated, HISTORY, Memory, SERVICES, Town};

use crate::run::{How, Worker, run, runtime, take_journal};
use crate::samples::key_of;
use crate::wait::stopped;
use crate::{Place, Problem, Storage};
use driver::{Clock, Handle, ScaledClock, SystemClock};
use inbox::Letters;
use model::{Catalogue, Channel, Millis, Source, SourceKind, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use web::{DemoControls, DemoService, InboxMessage, Mode};

/// The organisation of the demo, as the example files have it.
const SOLAR: &str = include_str!("../../../../examples/solar/lamplighter.yaml");

/// The setting in which the demo remembers itself.
const SETTING: &str = "demo";

/// How often the clock is written down.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// How often services are scraped, in the demo's time.
const SCRAPE_INTERVAL: Millis = Millis::from_secs(15);

/// What `demo` is told.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// How many times as fast as the machine's clock time runs.
    pub speed: u32,
    /// Where it is kept; `None`: in the user's data folder.
    pub data: Option<PathBuf>,
    /// Where to listen; `None`: on port 8080, or on any when that is taken.
    pub listen: Option<SocketAddr>,
    /// The seed of history and traffic; `None`: as before, or 1.
    pub seed: Option<u64>,
}

/// What the demo remembers from run to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Remembered {
    clock: Timestamp,
    ports: BTreeMap<String, u16>,
    town: Memory,
}

/// Runs the demo until it is told to stop.
pub fn demo(options: &DemoOptions) -> Result<(), Problem> {
    egress::init_tls();
    let listen = addresses(options.listen)?;
    let folder = options.data.clone().map_or_else(default_folder, Ok)?;
    let place = Place::Folder(folder.clone());
    let catalogue = organisation()?;
    let before = remembered(&place, &catalogue, options.seed)?;
    let speed = options.speed;
    let clock: Arc<dyn Clock> = Arc::new(ScaledClock::starting_at(before.clock, speed));
    let node = take_journal(&place, &catalogue.org, &clock, speed)?;
    let town = Arc::new(Town::remembered(before.town.clone()));
    let letters = Arc::new(Letters::open(folder.join("inbox.json")));
    let changed = Arc::new(Notify::new());
    let controls = Arc::new(Controls {
        town: Arc::clone(&town),
        clock: Arc::clone(&clock),
        letters: Arc::clone(&letters),
        speed,
        changed: Arc::clone(&changed),
    });
    let handle = node.shared().handle.clone();
    runtime()?.block_on(async move {
        let listeners = services::listen(&before.ports).await?;
        let ports = listeners
            .iter()
            .filter_map(|(name, it)| Some(((*name).to_owned(), it.local_addr().ok()?.port())))
            .collect();
        let catalogue = adapted(catalogue, &ports);
        let keeper =
            Keeper { handle, clock: Arc::clone(&clock), town: Arc::clone(&town), ports, changed };
        let keep: Worker = Box::new(|stop| tokio::spawn(keeper.run(stop)));
        let serve: Worker = Box::new(move |stop| {
            let serving = services::spawn(listeners, &town, &clock, &stop);
            tokio::spawn(async move {
                for it in serving {
                    let _ = it.await;
                }
            })
        });
        let how = How {
            listen,
            public_url: None,
            catalogue,
            mode: Mode::Demo(controls),
            reload: Arc::new(|| Box::pin(async { Err("the demo has no files\n".to_owned()) })),
            inbox: Some(letters),
            extra: vec![serve, keep],
            said: vec![format!(
                "the demo is kept in {}; its time runs {speed} times as fast as yours",
                folder.display()
            )],
        };
        run(node, how).await
    })
}

fn addresses(wanted: Option<SocketAddr>) -> Result<Vec<SocketAddr>, Problem> {
    let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match wanted {
        None => Ok(vec![on(8080), on(0)]),
        Some(address) if address.ip().is_loopback() => Ok(vec![address]),
        Some(address) => Err(Problem::negative("the demo listens on this machine only")
            .detail(format!(
                "{address} can be reached from elsewhere, and the demo lets everybody in."
            ))
            .hint("use 127.0.0.1, or `lamplighter serve` for a team")),
    }
}

/// `$XDG_DATA_HOME/lamplighter/demo`, or the same under `~/.local/share`.
fn default_folder() -> Result<PathBuf, Problem> {
    let variable = |name| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let data = variable("XDG_DATA_HOME")
        .filter(|it| it.is_absolute())
        .or_else(|| Some(variable("HOME")?.join(".local").join("share")));
    let data = data.ok_or_else(|| {
        Problem::negative("there is no folder to keep the demo in")
            .detail("Neither XDG_DATA_HOME nor HOME is set.")
            .hint("name one with --data")
    })?;
    Ok(data.join("lamplighter").join("demo"))
}

/// The organisation as the example has it, before ports are known.
fn organisation() -> Result<Catalogue, Problem> {
    let loaded = catalog::load_str(&[("examples/solar/lamplighter.yaml", SOLAR)]);
    let shown = catalog::render(&loaded, false);
    loaded
        .catalogue
        .ok_or_else(|| Problem::negative("the demo's organisation has errors").detail(shown))
}

/// The same, with everything outside replaced: signals from the emulated services, letters to the
/// inboxes.
fn adapted(mut catalogue: Catalogue, ports: &BTreeMap<String, u16>) -> Catalogue {
    let url = |port: &u16| format!("http://127.0.0.1:{port}/metrics");
    let targets = ports.iter().map(|(name, port)| (name.clone(), url(port))).collect();
    let source = Source { kind: SourceKind::Scrape { targets }, interval: SCRAPE_INTERVAL };
    catalogue.sources = [("services".into(), source)].into();
    for service in catalogue.services.values_mut() {
        for slo in service.slos.values_mut() {
            slo.source = "services".into();
        }
    }
    catalogue.channels = [("inbox".into(), Channel::Inbox)].into();
    catalogue.public_url = None;
    catalogue
}

/// What an earlier run remembered, or a new world with history.
fn remembered(
    place: &Place,
    catalogue: &Catalogue,
    seed: Option<u64>,
) -> Result<Remembered, Problem> {
    let Storage { mut journal, mut samples } = place.open(&catalogue.org)?;
    let failed = |it: store::StoreError| place.problem(&it);
    let text = journal.get_setting(SETTING).map_err(failed)?;
    if let Some(mut known) = text.and_then(|it| serde_json::from_str::<Remembered>(&it).ok()) {
        if seed.is_some_and(|it| it != known.town.seed) {
            let detail = format!("It was made from seed {}.", known.town.seed);
            return Err(Problem::negative(format!("{} holds another demo", place.shown()))
                .detail(detail)
                .hint("name another folder with --data, or leave out --seed"));
        }
        let head = journal.head().map_err(failed)?;
        let last = journal.read(head.seq.saturating_sub(1), 1).map_err(failed)?;
        let last = last.last().map_or(Timestamp::default(), |it| it.new.at);
        known.clock = known.clock.max(last);
        return Ok(known);
    }
    let now = SystemClock.now();
    let town = Town::new(seed.unwrap_or(1), now);
    for (id, slo) in catalogue.slos() {
        let history = town_history(&town, id.service.as_str(), now);
        samples.put(&key_of(&id, slo), &history).map_err(failed)?;
    }
    let known = Remembered { clock: now, ports: BTreeMap::new(), town: town.memory() };
    let text = serde_json::to_string(&known).expect("what is remembered serialises");
    journal.put_setting(SETTING, &text).map_err(failed)?;
    Ok(known)
}

fn town_history(town: &Town, name: &str, now: Timestamp) -> Vec<(i64, store::MinuteCounts)> {
    if town.is_broken(name).is_none() {
        return vec![];
    }
    town.history(name, now).into_iter().map(|(minute, counts)| (minute, Some(counts))).collect()
}

/// Writes down what the next run needs.
struct Keeper {
    handle: Handle,
    clock: Arc<dyn Clock>,
    town: Arc<Town>,
    ports: BTreeMap<String, u16>,
    changed: Arc<Notify>,
}

impl Keeper {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            self.keep().await;
            tokio::select! {
                () = tokio::time::sleep(KEEP_EVERY) => {}
                () = self.changed.notified() => {}
                () = stopped(&mut stop) => break,
            }
        }
        self.keep().await;
    }

    async fn keep(&self) {
        let (clock, town) = (self.clock.now(), self.town.memory());
        let known = Remembered { clock, ports: self.ports.clone(), town };
        let text = serde_json::to_string(&known).expect("what is remembered serialises");
        if let Err(error) = self.handle.put_setting(SETTING, &text).await {
            tracing::warn!("the demo could not write itself down: {error}");
        }
    }
}

/// What the views offer besides those of a real server.
struct Controls {
    town: Arc<Town>,
    clock: Arc<dyn Clock>,
    letters: Arc<Letters>,
    speed: u32,
    changed: Arc<Notify>,
}

impl DemoControls for Controls {
    fn services(&self) -> Vec<DemoService> {
        SERVICES
            .iter()
            .map(|it| DemoService {
                name: it.name.to_owned(),
                title: it.title.to_owned(),
                broken: self.town.is_broken(it.name) == Some(true),
            })
            .collect()
    }

    fn break_service(&self, name: &str) -> bool {
        let done = self.town.break_service(name, self.clock.now());
        self.changed.notify_one();
        done
    }

    fn mend_service(&self, name: &str) -> bool {
        let done = self.town.mend_service(name, self.clock.now());
        self.changed.notify_one();
        done
    }

    fn inbox(&self) -> Vec<InboxMessage> {
        let shown = |it: inbox::Letter| InboxMessage {
            at: it.at,
            to: it.to,
            medium: it.medium.word().to_owned(),
            subject: it.subject,
            text: it.text,
            ack_url: it.ack_url,
        };
        self.letters.newest().into_iter().map(shown).collect()
    }

    fn speed(&self) -> u32 {
        self.speed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every signal of the example is served by an emulated service of that name.
    #[test]
    fn the_example_fits_the_emulated_services() {
        let catalogue = organisation().unwrap();
        let town = Town::new(1, testkit::MONDAY);
        for (id, slo) in catalogue.slos() {
            let name = id.service.as_str();
            let page = town.metrics(name, testkit::MONDAY).unwrap_or_else(|| panic!("{name}"));
            for selector in [&slo.bad, &slo.total] {
                let parsed = slo::selector::Selector::parse(selector).unwrap();
                let series = sources::exposition::parse(&page).unwrap();
                let matching = sources::Matching::new(&parsed).unwrap();
                let found = series.into_iter().filter(|it| {
                    let mut labels = it.labels.clone();
                    labels.insert("job".to_owned(), name.to_owned());
                    matching.matches(&labels)
                });
                assert!(found.count() >= 1, "{selector} on\n{page}");
            }
        }
    }

    #[test]
    fn the_demo_stays_at_home() {
        let refused = addresses(Some("0.0.0.0:80".parse().unwrap())).unwrap_err();
        assert_eq!(refused.exit_code(), 1);
        assert_eq!(addresses(Some("127.0.0.1:9".parse().unwrap())).unwrap().len(), 1);
    }
}
