//! A storm: ten thousand alerts for one service in ten seconds, while somebody looks at the views.
//!
//! Intuition: when a carrier goes down every machine says so at once. One person is to be woken once,
//! and the first view must stay quick, because that is when it is opened.

use crate::http::Connection;
use crate::load::{self, Load};
use crate::process::Process;
use crate::table::{Row, Table};
use anyhow::{Result, ensure};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::{Journal as _, SqliteJournal};

/// All of them page, and all are about one service of the demo.
const LABELS: &str = r#""severity":"page","service":"carrier-a""#;

const LENGTH: Duration = Duration::from_secs(10);

pub(crate) fn storm(table: &mut Table, binary: &Path) -> Result<()> {
    let server = Process::demo(binary)?;
    let over = Arc::new(AtomicBool::new(false));
    let (address, word) = (server.address.clone(), Arc::clone(&over));
    let looker = std::thread::spawn(move || look(&address, &word));
    let load = Load { batch: 1, rate: Some(1_000), length: LENGTH, labels: LABELS };
    let outcome = load::run(&server.address, load);
    over.store(true, Ordering::Relaxed);
    let mut looks = looker.join().expect("the looker does not panic")?;
    let outcome = outcome?;
    let folder = server.stop();
    let (pages, notices) = called(&folder)?;
    std::fs::remove_dir_all(&folder)?;
    let named = |what: &str| format!("storm of {:.0} alerts in 10 s: {what}", outcome.alerts);
    table.add(Row::alone(named("pages opened"), pages, "pages").target("1"));
    table.add(Row::alone(named("steps that told people"), notices, "steps"));
    let view = Row::alone(named("p99 of the first view"), load::p99_ms(&mut looks), "ms");
    table.add(view.target("below 100"));
    table.add(Row::alone(named("p99 of a 2xx answer"), outcome.p99_ms, "ms"));
    let unanswered = Row::alone(named("requests without a 2xx"), outcome.refused, "requests");
    table.add(unanswered.target("0"));
    Ok(())
}

/// Opens the first view ten times a second until told to stop.
fn look(address: &str, over: &AtomicBool) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(address)?;
    let mut taken = vec![];
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        match connection.get("/", "Accept-Encoding: br, gzip\r\n") {
            Ok(answer) => ensure!(answer.status == 200, "the view answered {}", answer.status),
            Err(_) => connection = Connection::open(address)?,
        }
        taken.push(begun.elapsed());
        std::thread::sleep(Duration::from_millis(100).saturating_sub(begun.elapsed()));
    }
    Ok(taken)
}

/// Pages opened and steps taken, as the journal that was left behind has them.
fn called(folder: &Path) -> Result<(f64, f64)> {
    let org = std::fs::read_to_string(folder.join("organisation"))?;
    let mut journal = SqliteJournal::open(folder, org.trim())?;
    let (mut pages, mut steps, mut after) = (0_u32, 0_u32, 0);
    loop {
        let records = journal.read(after, 10_000)?;
        let Some(last) = records.last() else { break };
        after = last.seq;
        for it in &records {
            pages += u32::from(it.new.kind.starts_with("page_opened."));
            steps += u32::from(it.new.kind.starts_with("page_notified."));
        }
    }
    Ok((f64::from(pages), f64::from(steps)))
}
