//! How cost grows with the number of distinct alerts, beside Alertmanager in the same run.
//!
//! Intuition: what is quick with a thousand alerts may crawl with a million. For each count a new server
//! gets so many alerts that can wait, none of which ends; then people are called one after another, each
//! timed from sending the alert to the first call of the provider, which may well come before the sender
//! has read the door's answer; then the server starts again.
//!
//! What a server refuses is shown rather than left out: rows tell how many of the count it took, and
//! everything else is about those.

use crate::http::Connection;
use crate::process::{Process, new_folder, scratch};
use crate::provider::Provider;
use crate::table::{Row, Table};
use crate::{binary, load};
use anyhow::{Context as _, Result, bail, ensure};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Where the table goes unless somebody says otherwise.
const OUTPUT: &str = "bench/results/growth.json";

const COUNTS: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

const CONNECTIONS: usize = 8;

/// Alerts in a request.
const BATCH: u64 = 250;

/// Refusals in a row, a second apart, after which a sender takes it that no more are wanted.
const REFUSED_MAX: u32 = 5;

/// People called at each count.
const PROBES: u32 = 50;

/// How long the provider waits for one of them.
const PROBE_MAX: Duration = Duration::from_secs(30);

/// `[--max COUNT] [FILE]`.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let (mut max, mut output) = (1_000_000, PathBuf::from(OUTPUT));
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--max" => max = arguments.next().context("--max wants a count")?.parse()?,
            option if option.starts_with('-') => bail!("there is no option `{option}`"),
            file => output = file.into(),
        }
    }
    ensure!(max >= COUNTS[0], "--max is at least {}", COUNTS[0]);
    let (folder, binary) = (scratch()?, binary()?);
    let mut table = Table::default();
    let measured = COUNTS.into_iter().filter(|it| *it <= max).try_for_each(|count| {
        grown(&mut table, &binary, count).with_context(|| format!("with {count} alerts"))
    });
    println!("{table}");
    let text = serde_json::to_string_pretty(&table.to_json(&folder))?;
    let _ = std::fs::remove_dir_all(&folder);
    measured?;
    if let Some(parent) = output.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&output, text + "\n")?;
    eprintln!("written to {}", output.display());
    Ok(())
}

/// What one server did with one count.
struct Grown {
    accepted: f64,
    per_sec: f64,
    resident_mb: f64,
    bytes_each: f64,
    restart_ms: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Calls that never came.
    missed: f64,
}

fn grown(table: &mut Table, binary: &Path, count: u64) -> Result<()> {
    let ours = of_lamplighter(binary, count).context("Lamplighter")?;
    let theirs = of_alertmanager(count).context("Alertmanager")?;
    let mut add = |what: &str, unit: &'static str, more: bool, of: fn(&Grown) -> f64| {
        let row = Row::alone(format!("{count} alerts: {what}"), of(&ours), unit);
        let row = if more { row.more_is_better() } else { row };
        table.add(row.beside("Alertmanager, in memory", of(&theirs)));
    };
    add("accepted", "alerts", true, |it| it.accepted);
    add("accepted per second", "1/s", true, |it| it.per_sec);
    add("resident memory after", "MB", false, |it| it.resident_mb);
    add("memory per alert", "bytes", false, |it| it.bytes_each);
    add("restart until ready", "ms", false, |it| it.restart_ms);
    add("p50 from sending to the provider's call", "ms", false, |it| it.p50_ms);
    add("p99 from sending to the provider's call", "ms", false, |it| it.p99_ms);
    add("calls that did not come", "calls", false, |it| it.missed);
    Ok(())
}

fn of_lamplighter(binary: &Path, count: u64) -> Result<Grown> {
    let provider = Provider::start()?;
    let folder = new_folder("growth")?;
    let secret = folder.join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    let config = CONFIG.replace("PROVIDER", &provider.url);
    let config = config.replace("SECRET", &secret.display().to_string());
    std::fs::write(folder.join("lamplighter.yaml"), config)?;
    let server = Process::serve(binary, folder)?;
    let key = door_key(&server)?;
    measured(server, &provider, &key, count, |it| Process::serve(binary, it))
}

fn of_alertmanager(count: u64) -> Result<Grown> {
    let provider = Provider::start()?;
    let folder = new_folder("growth-peer")?;
    std::fs::write(folder.join("alertmanager.yml"), PEER.replace("PROVIDER", &provider.url))?;
    let server = Process::alertmanager_over(folder)?;
    measured(server, &provider, "", count, Process::alertmanager_over)
}

fn measured(
    server: Process,
    provider: &Provider,
    headers: &str,
    count: u64,
    again: impl FnOnce(PathBuf) -> Result<Process>,
) -> Result<Grown> {
    let before_mb = server.resident_mb()?;
    let begun = Instant::now();
    let accepted = fill(&server.address, headers, count)?;
    let per_sec = accepted / begun.elapsed().as_secs_f64();
    let resident_mb = server.resident_mb()?;
    let mut waits = vec![];
    for number in 0..PROBES {
        waits.extend(call(&server.address, headers, provider, number)?);
    }
    let missed = f64::from(PROBES) - f64::from(u32::try_from(waits.len())?);
    let p99_ms = load::p99_ms(&mut waits);
    let p50_ms = waits.get(waits.len() / 2).map_or(0.0, |it| it.as_secs_f64() * 1e3);
    let restart_ms = again(server.stop())?.ready_ms();
    let bytes_each = (resident_mb - before_mb) * 1e6 / accepted.max(1.0);
    Ok(Grown { accepted, per_sec, resident_mb, bytes_each, restart_ms, p50_ms, p99_ms, missed })
}

/// Sends `count` distinct alerts; gives how many were answered with a 2xx.
#[expect(clippy::cast_precision_loss, reason = "a million at most")]
fn fill(address: &str, headers: &str, count: u64) -> Result<f64> {
    let (next, accepted) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| send(address, headers, count, &next, &accepted)))
            .collect();
        senders.into_iter().try_for_each(|it| it.join().expect("a sender does not panic"))
    })?;
    Ok(accepted.into_inner() as f64)
}

fn send(
    address: &str,
    headers: &str,
    count: u64,
    next: &AtomicU64,
    accepted: &AtomicU64,
) -> Result<()> {
    let mut connection = Connection::open(address)?;
    loop {
        let first = next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= count {
            return Ok(());
        }
        let numbers = first..count.min(first + BATCH);
        let sent = numbers.end - numbers.start;
        let body = alerts(numbers.map(|it| (format!("i{it}"), "ticket")));
        let mut refused = 0;
        while !posted(&mut connection, address, headers, &body)? {
            refused += 1;
            if refused == REFUSED_MAX {
                return Ok(());
            }
            thread::sleep(Duration::from_secs(1));
        }
        accepted.fetch_add(sent, Ordering::Relaxed);
    }
}

/// Calls people about one new alert: how long after it was sent the provider heard of it. `None` when
/// it did not in time, or the door did not take it.
fn call(
    address: &str,
    headers: &str,
    provider: &Provider,
    number: u32,
) -> Result<Option<Duration>> {
    let mut connection = Connection::open(address)?;
    let body = alerts(std::iter::once((Provider::name(number), "page")));
    let sent = Instant::now();
    let taken = posted(&mut connection, address, headers, &body)?;
    while taken && sent.elapsed() < PROBE_MAX {
        if let Some(at) = provider.heard_at(number) {
            return Ok(Some(at.saturating_duration_since(sent)));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(None)
}

/// Whether they were answered with a 2xx; whatever was not is to be sent again.
fn posted(connection: &mut Connection, address: &str, headers: &str, body: &str) -> Result<bool> {
    let headers = format!("Content-Type: application/json\r\n{headers}");
    if let Ok(answer) = connection.post_with("/api/v2/alerts", &headers, body) {
        return Ok((200..300).contains(&answer.status));
    }
    // What the connection would say next is unknown.
    *connection = Connection::open(address)?;
    Ok(false)
}

/// Alerts by name and severity.
fn alerts(each: impl Iterator<Item = (String, &'static str)>) -> String {
    let mut body = String::from("[");
    for (name, severity) in each {
        let comma = if body.len() == 1 { "" } else { "," };
        let _ = write!(
            body,
            r#"{comma}{{"labels":{{"alertname":"Growth","instance":"{name}","severity":"{severity}"}},"annotations":{{"summary":"{name}"}},"endsAt":"2100-01-01T00:00:00Z"}}"#
        );
    }
    body.push(']');
    body
}

/// The secret of the link for the first administrator, which may be printed a moment after the server is ready.
fn first_link(server: &Process) -> Result<String> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        let said = server.said()?;
        // A line that is not yet whole is no link.
        let whole = said.rsplit_once('\n').map_or("", |it| it.0);
        let link = whole.split_whitespace().find_map(|it| Some(it.split_once("/setup/")?.1));
        if let Some(link) = link {
            let is_part = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
            return Ok(link.trim_matches(|it| !is_part(it)).to_owned());
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("the first start printed no link")
}

/// The header of a new door's key: by the link that the first start prints.
pub(crate) fn door_key(server: &Process) -> Result<String> {
    let link = first_link(server)?;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let mut connection = Connection::open(&server.address)?;
    let path = format!("/setup/{link}");
    let made = connection.post_with(&path, form, "person=ana&password=a-long-password")?;
    ensure!(made.status == 303, "the first session was answered {}", made.status);
    let headers = format!("{form}Cookie: {}\r\n", made.cookie);
    let shown = connection.post_with("/tokens", &headers, "kind=door&label=growth")?;
    let text = String::from_utf8_lossy(&shown.body).into_owned();
    let (_, rest) = text.split_once("id=\"secret\">").context("no key was shown")?;
    let key = rest.split('<').next().unwrap_or("");
    Ok(format!("Authorization: Bearer {key}\r\n"))
}

/// Whoever is called is another system, because a person gets only so many calls in ten minutes.
const CONFIG: &str = r#"
org: solar
alerts-open-max: 1100000
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
escalations:
  payments: [{ page: channel hook, wait: 1h }]
channels:
  hook: { webhook: { url: "PROVIDER", secret: "file:SECRET" } }
sources:
  own: { scrape: { targets: { payments-api: "http://127.0.0.1:9/metrics" }, interval: 15s } }
"#;

/// The peer calls at once too, and about each alert alone.
const PEER: &str = r#"
route:
  receiver: none
  group_by: ["..."]
  routes:
    - { matchers: ['severity="page"'], receiver: hook, group_wait: 0s }
receivers:
  - { name: none }
  - { name: hook, webhook_configs: [{ url: "PROVIDER" }] }
"#;
