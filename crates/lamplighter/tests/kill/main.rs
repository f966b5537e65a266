//! The real binary, killed a hundred times under load, over SQLite and over PostgreSQL; and PostgreSQL
//! killed under the binary.
//!
//! Intuition: pull the plug out again and again, and compare what people were promised with what is in
//! the book afterwards. Whatever was answered with 200 is there; every notice that was decided upon
//! arrives; a page that was open goes on to its next step; what was sent twice is in the log. Killing
//! leaves the operating system's caches alone, so this says nothing about power cuts: those are cut in
//! the tests of `store`.
//!
//! Chance comes from one seed, printed; `LAMPLIGHTER_TEST_SEED` sets another.

#[path = "../common/mod.rs"]
mod common;
mod load;
#[cfg(feature = "servers")]
mod needs_server;
mod past;
#[cfg(feature = "servers")]
mod postgres;
#[cfg(feature = "servers")]
mod small_disk;

use common::{Server, folder};
use load::{Dice, Ledger, Load, Town};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use store::{Journal, SqliteJournal, Verdict, verify};

const KILLS: u64 = 100;
const SENDERS: usize = 3;

#[test]
fn what_was_accepted_survives_a_hundred_kills_and_every_page_is_sent() {
    let home = folder("kill");
    let data = home.join("data");
    let place = Place {
        arguments: vec!["--data".into(), data.display().to_string()],
        open: Box::new(move || {
            Box::new(SqliteJournal::open(&data, load::ORG).expect("nobody uses it now"))
        }),
        home,
    };
    survives_kills(&place, KILLS, 60);
    let _ = std::fs::remove_dir_all(&place.home);
}

/// Where a server keeps its journal, and how others read it.
pub(crate) struct Place {
    pub(crate) arguments: Vec<String>,
    pub(crate) open: Box<dyn Fn() -> Box<dyn Journal>>,
    pub(crate) home: PathBuf,
}

impl Place {
    pub(crate) fn start(&self) -> Server {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let config = self.home.join("lamplighter.yaml");
        match &arguments[..] {
            ["--data", folder] => Server::start(&config, folder.as_ref()),
            other => Server::start_with(&config, other),
        }
    }

    /// Everything in the journal, read by another program than the server, and its chain checked.
    pub(crate) fn records(&self) -> Vec<Value> {
        let mut journal = (self.open)();
        let verdict = verify(&mut *journal, load::ORG, None, &mut |_| {}).expect("readable");
        assert!(matches!(verdict, Verdict::Sound(_)), "{verdict:?}");
        let records = journal.read(0, 10_000_000).expect("readable");
        records.iter().map(|it| serde_json::from_str(&it.new.body).expect("JSON")).collect()
    }
}

/// Kills the server at random moments, up to `alive_ms` after it is ready, while alerts come in, and
/// checks what is left.
fn survives_kills(place: &Place, kills: u64, alive_ms: u64) {
    let mut dice = Dice::from_environment();
    let town = Town::found(place);
    let ledger = Ledger::default();
    let mut said = vec![];
    for _ in 0..kills {
        let server = place.start();
        let address = server.address.clone();
        let load = Load { address: &address, key: &town.key, ledger: &ledger };
        // The kill strikes wherever the server is after a random while, with requests under way.
        let log = load.under(SENDERS, || {
            std::thread::sleep(Duration::from_millis(dice.below(alive_ms)));
            server.kill()
        });
        said.extend(log);
    }
    let records = place.records();
    ledger.assert_nothing_lost(&records);
    // Every letter decided upon arrives, and every open page takes its next step.
    let last = place.start();
    town.wait_for_letters(&load::notices(&records));
    town.wait_for_letter_count(2 * load::pages(&records).len());
    said.extend(last.kill());
    let records = place.records();
    let stopped: Vec<_> =
        load::pages(&records).difference(&load::pages_at_step(&records, 1)).cloned().collect();
    assert!(stopped.is_empty(), "these pages did not go on: {stopped:?}");
    town.assert_repeats_are_bounded_and_logged(kills, &said);
}
