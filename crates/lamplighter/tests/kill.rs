//! The real binary, killed a hundred times under load.
//!
//! Whatever was answered with 200 is in the journal, and every notice that was decided upon arrives at
//! the provider at least once. Killing leaves the operating system's caches alone, so this says nothing
//! about power cuts: those are cut in the tests of `store`.

mod common;

use channels::fakes::HttpProvider;
use common::{Server, folder, http, wait_for};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use store::{Journal as _, SqliteJournal, Verdict, verify};

const KILLS: u64 = 100;
const SENDERS: usize = 3;

#[test]
fn what_was_accepted_survives_a_hundred_kills_and_every_page_is_sent() {
    let seed = std::env::var("LAMPLIGHTER_TEST_SEED").ok().and_then(|it| it.parse().ok());
    let mut dice = Dice(seed.unwrap_or_else(|| u64::from(std::process::id())));
    println!("seed {}; set LAMPLIGHTER_TEST_SEED to repeat it", dice.0);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let gateway = runtime.block_on(HttpProvider::start(200, "ok"));
    let home = folder("kill");
    let (config, data) = (home.join("lamplighter.yaml"), home.join("data"));
    std::fs::write(&config, CONFIG.replace("GATEWAY", &gateway.url)).expect("written");

    let first = Server::start(&config, &data);
    let key = format!("Bearer {}", first.door_key_of(&first.first_session("ana"), "test"));
    first.kill();
    let accepted = Mutex::new(BTreeSet::new());
    let next = AtomicU64::new(0);
    for _ in 0..KILLS {
        let server = Server::start(&config, &data);
        let address = server.address.clone();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| load(&address, &key, &stop, &next, &accepted));
            }
            // The kill strikes wherever the server is after a random while, with requests under way.
            std::thread::sleep(Duration::from_millis(dice.below(60)));
            server.kill();
            stop.store(true, Ordering::SeqCst);
        });
    }

    let accepted = accepted.into_inner().expect("no sender panicked");
    let records = records(&data);
    let fired: BTreeSet<u64> = records.iter().filter_map(alert_number).collect();
    let lost: Vec<_> = accepted.difference(&fired).collect();
    assert!(lost.is_empty(), "answered with 200 and lost: {lost:?}");
    assert!(accepted.len() > 100, "only {} alerts were accepted: too little load", accepted.len());
    let due: BTreeSet<String> = records.iter().flat_map(notices).collect();
    assert!(due.len() >= accepted.len(), "{} notices for {} alerts", due.len(), accepted.len());
    let last = Server::start(&config, &data);
    wait_for(Duration::from_mins(2), "every notice arrives at the provider", || {
        let arrived: BTreeSet<String> = gateway.received().into_iter().map(|it| it.body).collect();
        due.is_subset(&arrived)
    });
    last.kill();
    println!("{} alerts accepted, {} notices sent", accepted.len(), due.len());
    let _ = std::fs::remove_dir_all(&home);
}

/// Sends new alerts one after another and remembers those that were answered with 200.
fn load(
    address: &str,
    key: &str,
    stop: &AtomicBool,
    next: &AtomicU64,
    accepted: &Mutex<BTreeSet<u64>>,
) {
    while !stop.load(Ordering::SeqCst) {
        let number = next.fetch_add(1, Ordering::SeqCst);
        let body = format!(
            r#"[{{"labels":{{"alertname":"Dark","number":"{number}","severity":"page"}},
                "endsAt":"2100-01-01T00:00:00Z"}}]"#
        );
        let headers = [("authorization", key), ("content-type", "application/json")];
        let Ok(answer) = http("POST", address, "/api/v2/alerts", &headers, &body) else { continue };
        if answer.status == 200 {
            accepted.lock().expect("no sender panicked").insert(number);
        }
    }
}

/// Everything in the journal, read by another program than the server, and its chain checked.
fn records(data: &Path) -> Vec<Value> {
    let mut journal = SqliteJournal::open(data, "solar").expect("nobody uses it now");
    let verdict = verify(&mut journal, "solar", None, &mut |_| {}).expect("readable");
    assert!(matches!(verdict, Verdict::Sound(_)), "{verdict:?}");
    let records = journal.read(0, usize::MAX).expect("readable");
    records.iter().map(|it| serde_json::from_str(&it.new.body).expect("JSON")).collect()
}

fn alert_number(record: &Value) -> Option<u64> {
    let event = &record["event"];
    if event["type"] != "alert_fired" {
        return None;
    }
    event["origin"]["door"]["labels"]["number"].as_str()?.parse().ok()
}

fn notices(record: &Value) -> Vec<String> {
    let event = &record["event"];
    if event["type"] != "page_notified" {
        return vec![];
    }
    let notices = event["notices"].as_array().into_iter().flatten();
    notices.filter_map(|it| it["notice"].as_str().map(str::to_owned)).collect()
}

/// `SplitMix64`: the same numbers for the same seed on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
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
teams:
  payments: { members: [ana] }
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
  payments: [{ page: rota payments, wait: 1h }]
channels:
  text: { sms-http: { url: "GATEWAY/send", method: POST, body: "{key}" } }
sources:
  own: { scrape: { targets: { payments-api: "http://127.0.0.1:9/metrics" }, interval: 15s } }
"#;
