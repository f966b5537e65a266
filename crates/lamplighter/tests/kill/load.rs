//! Senders who remember what they were promised, and a provider who counts what he was given.
//!
//! Invariants:
//! - only a 200 is a promise; whatever else comes from a server that lives is a 503 that names a time;
//! - every alert is sent once, under a number of its own.

use crate::Place;
use crate::common::{Answer, http, wait_for};
use channels::fakes::HttpProvider;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) const ORG: &str = "solar";

/// An organisation whose letters all go to one provider.
pub(crate) struct Town {
    gateway: HttpProvider,
    _runtime: Runtime,
    /// The header of a door's key.
    pub(crate) key: String,
}

impl Town {
    /// Writes the configuration, starts the server once for the key of a door, and kills it.
    pub(crate) fn found(place: &Place) -> Self {
        let planned = Self::planned(&place.home);
        let first = place.start();
        let key = format!("Bearer {}", first.door_key_of(&first.first_session("ana"), "test"));
        first.kill();
        Self { key, ..planned }
    }

    /// Only its configuration, in `home`, and no key yet.
    pub(crate) fn planned(home: &Path) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let gateway = runtime.block_on(HttpProvider::start(200, "ok"));
        let secret = home.join("secret");
        std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("written");
        let config = CONFIG.replace("GATEWAY", &gateway.url);
        let config = config.replace("SECRET", &secret.display().to_string());
        std::fs::write(home.join("lamplighter.yaml"), config).expect("written");
        Self { gateway, _runtime: runtime, key: String::new() }
    }

    /// How often each letter arrived, by its key.
    pub(crate) fn letters(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for letter in self.gateway.received() {
            *counts.entry(letter.header("webhook-id").to_owned()).or_default() += 1;
        }
        counts
    }

    pub(crate) fn wait_for_letters(&self, due: &BTreeSet<String>) {
        wait_for(Duration::from_mins(3), "every notice arrives at the provider", || {
            let letters = self.letters();
            due.iter().all(|it| letters.contains_key(it))
        });
    }

    pub(crate) fn wait_for_letter_count(&self, count: usize) {
        let told = format!("{count} letters arrive");
        wait_for(Duration::from_mins(3), &told, || self.letters().len() >= count);
    }

    /// A crash may send again what was on its way, once each, and the next process says which.
    pub(crate) fn assert_repeats_are_bounded_and_logged(&self, kills: u64, said: &[String]) {
        let letters = self.letters();
        let again: Vec<_> = letters.iter().filter(|(_, count)| **count > 1).collect();
        let on_the_way_max = u64::try_from(server::PER_CHANNEL_MAX).expect("small");
        let repeats: u64 = again.iter().map(|(_, count)| *count - 1).sum();
        assert!(repeats <= kills * on_the_way_max, "{repeats} repeats in {kills} kills: {again:?}");
        let told: BTreeSet<&str> = said
            .iter()
            .filter(|it| it.contains("may arrive twice"))
            .filter_map(|it| it.split("\"notice\":\"").nth(1)?.split('"').next())
            .collect();
        let unsaid: Vec<_> = again.iter().filter(|(key, _)| !told.contains(key.as_str())).collect();
        assert!(unsaid.is_empty(), "sent again without a word: {unsaid:?}");
        println!("{} letters, {repeats} of them sent again, in {kills} kills", letters.len());
    }
}

/// What senders were promised.
#[derive(Default)]
pub(crate) struct Ledger {
    next: AtomicU64,
    accepted: Mutex<BTreeSet<u64>>,
    later: AtomicU64,
}

impl Ledger {
    /// Answers of 503.
    pub(crate) fn told_to_come_later(&self) -> u64 {
        self.later.load(Ordering::SeqCst)
    }

    #[cfg(feature = "servers")]
    pub(crate) fn accepted_count(&self) -> usize {
        self.accepted.lock().expect("no sender panicked").len()
    }

    /// Whatever was promised is in the journal, and nothing is in it twice.
    pub(crate) fn assert_nothing_lost(&self, records: &[Value]) {
        let accepted = self.accepted.lock().expect("no sender panicked");
        let numbers: Vec<u64> = records.iter().filter_map(alert_number).collect();
        let fired: BTreeSet<u64> = numbers.iter().copied().collect();
        let lost: Vec<_> = accepted.difference(&fired).collect();
        assert!(lost.is_empty(), "answered with 200 and lost: {lost:?}");
        assert_eq!(numbers.len(), fired.len(), "an alert fired twice");
        assert!(accepted.len() > 100, "only {} alerts were accepted", accepted.len());
        let (due, accepted) = (notices(records).len(), accepted.len());
        assert!(due >= accepted, "{due} notices for {accepted} alerts");
        println!("{accepted} alerts accepted, {} answers of 503", self.told_to_come_later());
    }
}

/// Senders at one door.
pub(crate) struct Load<'a> {
    pub(crate) address: &'a str,
    pub(crate) key: &'a str,
    pub(crate) ledger: &'a Ledger,
}

impl Load<'_> {
    /// Lets `count` senders send while `work` goes on.
    pub(crate) fn under<T>(&self, count: usize, work: impl FnOnce() -> T) -> T {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..count {
                scope.spawn(|| self.send(&stop));
            }
            let done = work();
            stop.store(true, Ordering::SeqCst);
            done
        })
    }

    /// Sends new alerts one after another and remembers those that were answered with 200.
    fn send(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            let number = self.ledger.next.fetch_add(1, Ordering::SeqCst);
            let body = format!(
                r#"[{{"labels":{{"alertname":"Dark","number":"{number}","severity":"page"}},
                    "endsAt":"2100-01-01T00:00:00Z"}}]"#
            );
            let headers = [("authorization", self.key), ("content-type", "application/json")];
            let answer = http("POST", self.address, "/api/v2/alerts", &headers, &body);
            // Refused or cut off: nothing was promised.
            let Ok(answer) = answer else { continue };
            self.note(number, &answer);
        }
    }

    fn note(&self, number: u64, answer: &Answer) {
        match answer.status {
            200 => {
                self.ledger.accepted.lock().expect("no sender panicked").insert(number);
            }
            503 => {
                assert_ne!(answer.header("retry-after"), "", "{}", answer.body);
                self.ledger.later.fetch_add(1, Ordering::SeqCst);
            }
            // A head that was cut off.
            0 => {}
            other => panic!("a sender was answered {other}: {}", answer.body),
        }
    }
}

fn alert_number(record: &Value) -> Option<u64> {
    let event = &record["event"];
    if event["type"] != "alert_fired" {
        return None;
    }
    event["origin"]["door"]["labels"]["number"].as_str()?.parse().ok()
}

/// The keys of all letters decided upon, but for those told of in the letter of another.
pub(crate) fn notices(records: &[Value]) -> BTreeSet<String> {
    let events = || records.iter().map(|it| &it["event"]);
    let key = |it: &Value| it["notice"].as_str().map(str::to_owned);
    let notified = events().filter(|it| it["type"] == "page_notified");
    let notices = notified.flat_map(|it| it["notices"].as_array().into_iter().flatten());
    let covered = events().filter(|it| it["type"] == "notice_covered");
    let covered: BTreeSet<String> = covered.filter_map(key).collect();
    notices.filter_map(key).filter(|it| !covered.contains(it)).collect()
}

/// Every page that was opened.
pub(crate) fn pages(records: &[Value]) -> BTreeSet<String> {
    let opened = records.iter().map(|it| &it["event"]).filter(|it| it["type"] == "page_opened");
    opened.filter_map(|it| it["page"].as_str().map(str::to_owned)).collect()
}

/// The pages whose step of that number, from 0, has begun.
pub(crate) fn pages_at_step(records: &[Value], step: u64) -> BTreeSet<String> {
    let at_step = |it: &&Value| it["type"] == "page_notified" && it["attempt"] == step;
    let begun = records.iter().map(|it| &it["event"]).filter(at_step);
    begun.filter_map(|it| it["page"].as_str().map(str::to_owned)).collect()
}

/// `SplitMix64`: the same numbers for the same seed on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn from_environment() -> Self {
        let seed = std::env::var("LAMPLIGHTER_TEST_SEED").ok().and_then(|it| it.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        println!("seed {seed}; set LAMPLIGHTER_TEST_SEED to repeat it");
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

const CONFIG: &str = r#"
org: solar
people:
  ana: { timezone: Africa/Nairobi, sms: "+254700000001" }
  bo: { timezone: Africa/Nairobi, sms: "+254700000002" }
teams:
  payments: { members: [ana, bo] }
services:
  payments-api:
    team: payments
    slos:
      availability:
        objective: 99.9%
        ratio: { bad: errors_total, total: requests_total }
features:
  light-on:
    question: Do we activate lights?
    team: payments
    objective: 99.5%
    needs: { all: [payments-api.availability] }
rotas:
  payments: { timezone: Africa/Nairobi, layers: [{ people: [ana], turn: 1w, handover: mon 09:00 }] }
escalations:
  # Another system, because a person gets only so many calls in ten minutes.
  payments: [{ page: channel hook, wait: 10s }, { page: channel hook, wait: 1h }]
channels:
  hook: { webhook: { url: "GATEWAY/send", secret: "file:SECRET" } }
sources:
  own: { scrape: { targets: { payments-api: "http://127.0.0.1:9/metrics" }, interval: 15s } }
"#;
