//! The past of an objective, read while the process is killed again and again.
//!
//! Intuition: somebody copies four weeks of an old ledger by hand and is called away in the middle of a line,
//! eight times. In the end the copy must be the one of whoever was never disturbed, letter for letter. The old
//! ledger is a fake of Prometheus that knows every minute of the past by a formula, counts what it is asked for,
//! and says when it is time to pull the plug: before an answer, and just after one, while it is being written.

use crate::common::{Server, folder, http, wait_for};
use model::{Millis, OrgId, Timestamp};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Chunks at which the process is killed: at even ones before they are answered, at odd ones after.
const KILLED_AT: [u64; 8] = [1, 2, 9, 20, 33, 46, 61, 80];

/// What is asked for over more than this is the past.
const PAST_SECS: i64 = 40 * 60;

struct Past {
    url: String,
    chunks: Arc<AtomicU64>,
    /// Told of every chunk at which the plug is to be pulled.
    plug: Receiver<u64>,
}

impl Past {
    /// Serves at a free port; `kills` says whether it asks for the plug to be pulled.
    fn start(kills: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let chunks = Arc::new(AtomicU64::new(0));
        let (sender, plug) = channel();
        let sender = Arc::new(Mutex::new(sender));
        let counted = Arc::clone(&chunks);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (counted, sender) = (Arc::clone(&counted), Arc::clone(&sender));
                // Whoever was killed has hung up; nobody waits for the rest.
                std::thread::spawn(move || drop(converse(&stream, &counted, kills, &sender)));
            }
        });
        Self { url, chunks, plug }
    }
}

fn converse(
    stream: &TcpStream,
    chunks: &AtomicU64,
    kills: bool,
    plug: &Mutex<Sender<u64>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if lines.read_line(&mut first)? == 0 {
            return Ok(());
        }
        loop {
            let mut header = String::new();
            lines.read_line(&mut header)?;
            if header.trim().is_empty() {
                break;
            }
        }
        let (name, range, at) = asked(&first);
        // Both counters are asked for in every chunk; one of them counts it.
        let chunk = (range > PAST_SECS && name == "all_total")
            .then(|| chunks.fetch_add(1, Ordering::SeqCst))
            .filter(|it| kills && KILLED_AT.contains(it));
        let pull = || plug.lock().expect("nobody panicked").send(chunk.unwrap_or(0));
        if chunk.is_some_and(|it| it % 2 == 0) {
            // Never answered: the process dies waiting.
            let _ = pull();
            return Ok(());
        }
        let body = readings(&name, range, at);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        stream.write_all(format!("{head}{body}").as_bytes())?;
        if chunk.is_some() {
            let _ = pull();
        }
    }
}

/// The counter, the range in seconds and the end of `GET /api/v1/query?query=all_total%5B900s%5D&time=1.000`.
fn asked(line: &str) -> (String, i64, i64) {
    let part = |key: &str| {
        let (_, rest) = line.split_once(key).expect("every query has it");
        rest.split(['&', ' ']).next().unwrap_or_default().to_owned()
    };
    let (name, range) = {
        let query = part("query=");
        let (name, rest) = query.split_once("%5B").expect("a range");
        (name.to_owned(), rest.trim_end_matches("s%5D").parse().expect("seconds"))
    };
    let time = part("time=");
    (name, range, time.split('.').next().unwrap_or_default().parse().expect("seconds"))
}

/// A counter at the end of a minute: 60 events each, and failures in some.
fn value(name: &str, minute: i64) -> i64 {
    if name == "all_total" { minute * 60 } else { minute / 7 + 20 * (minute / 1_000) }
}

fn readings(name: &str, range: i64, at: i64) -> String {
    let mut values = String::new();
    for minute in (at - range).div_euclid(60) + 1..=at.div_euclid(60) {
        let comma = if values.is_empty() { "" } else { "," };
        let _ = write!(values, "{comma}[{},\"{}\"]", minute * 60, value(name, minute));
    }
    format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"__name__":"{name}","job":"past","instance":"a"}},"values":[{values}]}}]}}}}"#
    )
}

fn configured(home: &Path, url: &str) {
    let config = CONFIG.replace("PAST", url);
    std::fs::write(home.join("lamplighter.yaml"), config).expect("written");
}

const CONFIG: &str = r#"
org: solar
people: { ana: { timezone: UTC, sms: "+254700000001" } }
teams: { payments: { members: [ana] } }
services:
  api: { team: payments, slos: { up: { objective: 99.9%, ratio: { bad: bad_total, total: all_total } } } }
features:
  light-on: { question: Does the light go on?, team: payments, objective: 99.5%, needs: api.up }
escalations: { payments: [{ page: person ana }] }
channels: { sms: { sms-http: { url: "http://127.0.0.1:9/{to}?{text}&{key}" } } }
sources: { past: { prometheus: { url: "PAST", interval: 1m } } }
"#;

/// Every minute stored from `from` up to but without `to`.
fn ledger(data: &Path, from: i64, to: i64) -> Vec<(i64, slo::Slice)> {
    let catalogue = catalog::load(&[data.with_file_name("lamplighter.yaml")]).catalogue;
    let catalogue = catalogue.expect("it was served");
    let org = OrgId::from("solar");
    let mut samples = server::Place::Folder(data.to_owned()).samples(&org).expect("readable");
    let found = server::recording(&mut *samples, &catalogue, from, to - 1).expect("readable");
    found.into_iter().map(|(minute, all)| (minute, all[0].1)).collect()
}

/// Reads the whole past, with as many kills as `past` asks for, and gives what is stored of it.
fn read_through(
    name: &str,
    past: &Past,
    kills: usize,
    within: (i64, i64),
) -> Vec<(i64, slo::Slice)> {
    let home = folder(name);
    configured(&home, &past.url);
    let (config, data) = (home.join("lamplighter.yaml"), home.join("data"));
    let mut server = Server::start(&config, &data);
    let cookie = server.first_session("ana");
    for _ in 0..kills {
        past.plug.recv_timeout(Duration::from_mins(2)).expect("the past is being read");
        server.kill();
        server = Server::start(&config, &data);
    }
    wait_for(Duration::from_mins(3), "all of the past is read", || {
        let headers = [("cookie", cookie.as_str())];
        let path = "/api/v1/features/light-on";
        let answer = http("GET", &server.address, path, &headers, "").expect("answered");
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        body["history"][0]["minutes_left"] == 0
    });
    server.kill();
    let found = ledger(&data, within.0, within.1);
    let _ = std::fs::remove_dir_all(&home);
    found
}

/// Goal: killed in the middle of reading the past, the server goes on where it was and ends with the ledger of one
/// that was never killed. Method: 28 days in six-hour chunks, eight kills, every minute compared; and with what the
/// formula says.
#[test]
fn the_past_is_the_same_however_often_reading_is_killed() {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let now = Timestamp(i64::try_from(now.as_millis()).expect("not that late"));
    // What is newer is measured at the time, and what is older may be out of the window when it is read.
    let within = (now.minus(Millis::from_days(28)).minute() + 30, now.minute() - 60);
    let undisturbed = Past::start(false);
    let expected = read_through("past-whole", &undisturbed, 0, within);
    let disturbed = Past::start(true);
    let found = read_through("past-killed", &disturbed, KILLED_AT.len(), within);
    let minutes = usize::try_from(within.1 - within.0).expect("not negative");
    assert_eq!(expected.len(), minutes);
    let different = expected.iter().zip(&found).find(|(a, b)| a != b);
    assert_eq!((found.len(), different), (minutes, None));
    let truth = |at: i64| {
        let of = |name| u64::try_from(value(name, at + 1) - value(name, at)).expect("it grows");
        slo::Slice::known(of("bad_total"), of("all_total"))
    };
    let wrong = expected.iter().find(|(at, it)| *it != truth(*at));
    assert_eq!(wrong, None);
    let chunks = [&undisturbed, &disturbed].map(|it| it.chunks.load(Ordering::SeqCst));
    // A kill costs one chunk at most, and one whose answer was stored costs none.
    let again = chunks[1].saturating_sub(chunks[0]);
    println!("{} chunks undisturbed, {again} more with {} kills", chunks[0], KILLED_AT.len());
    assert!((1..=2 * KILLED_AT.len() as u64).contains(&again), "{chunks:?}");
}
