//! The same over PostgreSQL; PostgreSQL itself killed; and a disk that is full for a while.

use crate::common::{Server, folder, wait_for};
use crate::load::{self, Dice, Ledger, Load, Town};
use crate::postgres::{Postgres, as_root, new_database};
use crate::{Place, SENDERS, survives_kills};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use store::{PostgresJournal, SqliteJournal};

/// Fewer than over SQLite: each start waits for a database and not only for a file.
const KILLS: u64 = 50;
const KILLS_OF_POSTGRES: u64 = 8;

#[test]
fn what_was_accepted_survives_fifty_kills_over_postgresql() {
    let url = std::env::var("LAMPLIGHTER_TEST_POSTGRES")
        .expect("LAMPLIGHTER_TEST_POSTGRES names a server; `cargo xtask test` starts one");
    let url = new_database(&url, &format!("kill_{}", std::process::id()));
    let place = place("kill-postgres", url);
    survives_kills(&place, KILLS, 400);
    let _ = std::fs::remove_dir_all(&place.home);
}

/// Goal: the server lives on while its database dies and comes back; it says "later" meanwhile, and
/// loses nothing that it said yes to.
#[test]
fn postgresql_may_be_killed_under_a_server_that_goes_on() {
    let mut postgres = Postgres::start("kill-of-postgres");
    let place = place("kill-of-postgres", postgres.url("postgres"));
    let mut dice = Dice::from_environment();
    let town = Town::found(&place);
    let ledger = Ledger::default();
    let server = place.start();
    let load = Load { address: &server.address, key: &town.key, ledger: &ledger };
    for _ in 0..KILLS_OF_POSTGRES {
        load.under(SENDERS, || {
            std::thread::sleep(Duration::from_millis(dice.below(400)));
            let later = ledger.told_to_come_later();
            postgres.kill();
            wait_for(Duration::from_mins(1), "senders are told to come later", || {
                ledger.told_to_come_later() > later
            });
            postgres.start_again();
            let accepted = ledger.accepted_count();
            wait_for(Duration::from_mins(1), "alerts are taken again", || {
                ledger.accepted_count() > accepted
            });
        });
    }
    town.wait_for_letter_count(1);
    let said = server.kill();
    let ended: Vec<_> = said.iter().filter(|it| it.contains("the writer has ended")).collect();
    assert!(ended.is_empty(), "the server gave up: {ended:?}");
    let records = place.records();
    ledger.assert_nothing_lost(&records);
    let last = place.start();
    town.wait_for_letters(&load::notices(&records));
    last.kill();
    let _ = std::fs::remove_dir_all(&place.home);
}

pub(crate) fn place(name: &str, url: String) -> Place {
    let opened = url.clone();
    Place {
        arguments: vec!["--database".into(), url],
        open: Box::new(move || {
            Box::new(PostgresJournal::open(&opened, load::ORG).expect("the database answers"))
        }),
        home: folder(name),
    }
}

/// Goal: a full disk is answered with "later", and with space again all goes on. Method: the data
/// folder stands on a disk of its own, which a ballast fills to the last byte and then leaves.
#[test]
fn a_full_disk_says_later_and_loses_nothing() {
    let home = folder("full-disk");
    let disk = home.join("disk");
    std::fs::create_dir(&disk).expect("a folder can be made");
    let data = disk.join("data");
    let start = |config: &Path| start_on_small_disk(config, &disk);
    let town = Town::planned(&home);
    let server = start(&home.join("lamplighter.yaml"));
    let key = format!("Bearer {}", server.door_key_of(&server.first_session("ana"), "test"));
    let inside = |path: &Path| root_of(&server).join(path.strip_prefix("/").expect("absolute"));
    let ballast = inside(&disk.join("ballast"));
    let ledger = Ledger::default();
    let load = Load { address: &server.address, key: &key, ledger: &ledger };
    for _ in 0..5 {
        load.under(SENDERS, || {
            let (accepted, later) = (ledger.accepted_count(), ledger.told_to_come_later());
            wait_for(Duration::from_mins(1), "alerts are taken", || {
                ledger.accepted_count() > accepted + 50
            });
            fill(&ballast);
            wait_for(Duration::from_mins(1), "senders are told to come later", || {
                ledger.told_to_come_later() > later + 20
            });
            std::fs::remove_file(&ballast).expect("it was just made");
            let accepted = ledger.accepted_count();
            wait_for(Duration::from_mins(1), "alerts are taken again", || {
                ledger.accepted_count() > accepted
            });
        });
    }
    // Nobody writes any more but the outbox; what it writes is whole in the log or not there.
    let copy = home.join("copy");
    std::fs::create_dir(&copy).expect("a folder can be made");
    for name in ["journal.sqlite", "journal.sqlite-wal"] {
        std::fs::copy(inside(&data).join(name), copy.join(name)).expect("copied");
    }
    let said = server.kill();
    let ended: Vec<_> = said.iter().filter(|it| it.contains("the writer has ended")).collect();
    assert!(ended.is_empty(), "the server gave up: {ended:?}");
    let place = Place {
        arguments: vec!["--data".into(), copy.display().to_string()],
        open: Box::new(move || {
            Box::new(SqliteJournal::open(&copy, load::ORG).expect("nobody uses it now"))
        }),
        home: home.clone(),
    };
    let records = place.records();
    ledger.assert_nothing_lost(&records);
    let last = place.start();
    town.wait_for_letters(&load::notices(&records));
    last.kill();
    let _ = std::fs::remove_dir_all(&home);
}

/// A server with its journal on a disk of a few megabytes that only it sees.
fn start_on_small_disk(config: &Path, disk: &Path) -> Server {
    let mut command = Command::new("unshare");
    if !as_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "sh", "-c"]);
    command.arg(
        "mount -t tmpfs -o size=24m none \"$1\" && \
         exec \"$2\" serve --config \"$3\" --data \"$1/data\" --listen 127.0.0.1:0",
    );
    command.arg("sh").arg(disk).arg(env!("CARGO_BIN_EXE_lamplighter")).arg(config);
    Server::spawn(&mut command)
}

/// The file system as the server sees it.
fn root_of(server: &Server) -> PathBuf {
    format!("/proc/{}/root", server.process.child.id()).into()
}

/// Writes until there is no space for another byte.
pub(crate) fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).expect("it is not full yet");
    for size in [64 * 1024, 4 * 1024, 64, 1] {
        let block = vec![b'x'; size];
        while file.write_all(&block).is_ok() {}
    }
}
