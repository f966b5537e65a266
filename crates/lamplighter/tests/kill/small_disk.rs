//! PostgreSQL with its tables on a disk that is full for a while.
//!
//! Its log of changes stands on another disk, as many set it up: PostgreSQL refuses each commit that
//! needs another block (`53100`, `disk_full`) and lives. With the log on the full disk it would end
//! itself, and that is the test in which it is killed.

use crate::SENDERS;
use crate::common::{Process, folder, wait_for};
use crate::load::{self, Ledger, Load, Town};
use crate::needs_server::{fill, place};
use crate::postgres::{as_root, programs, run};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Enough for a new database, and some alerts.
const DISK: &str = "size=64m,mode=1777";

/// Goal: while the database refuses to commit, senders are told to come later; with space again all
/// goes on by itself, and nothing that was answered with 2xx is lost.
#[test]
fn postgresql_on_a_full_disk_says_later_and_loses_nothing() {
    let postgres = CrampedPostgres::start("cramped-postgres");
    let place = place("cramped", postgres.url());
    let town = Town::found(&place);
    let ledger = Ledger::default();
    let server = place.start();
    let load = Load { address: &server.address, key: &town.key, ledger: &ledger };
    let ballast = postgres.inside("ballast");
    for round in 1..=4 {
        load.under(SENDERS, || {
            let (accepted, later) = (ledger.accepted_count(), ledger.told_to_come_later());
            wait_for(Duration::from_mins(1), "alerts are taken", || {
                ledger.accepted_count() > accepted + 50
            });
            fill(&ballast);
            wait_for(Duration::from_mins(1), "senders are told to come later", || {
                // Whatever was freed meanwhile is taken again.
                fill(&ballast.with_extension(round.to_string()));
                ledger.told_to_come_later() > later + 20
            });
            for it in [ballast.clone(), ballast.with_extension(round.to_string())] {
                std::fs::remove_file(it).expect("it was just made");
            }
            let accepted = ledger.accepted_count();
            wait_for(Duration::from_mins(1), "alerts are taken again", || {
                ledger.accepted_count() > accepted
            });
        });
    }
    let refused = postgres.said().lines().filter(|it| it.starts_with("53100 ")).count();
    assert!(refused >= 4, "PostgreSQL refused {refused} times for want of space");
    town.wait_for_letter_count(1);
    let said = server.kill();
    let ended: Vec<_> = said.iter().filter(|it| it.contains("the writer has ended")).collect();
    assert!(ended.is_empty(), "the server gave up: {ended:?}");
    let records = place.records();
    ledger.assert_nothing_lost(&records);
    let last = place.start();
    town.wait_for_letters(&load::notices(&records));
    last.kill();
    drop(postgres);
    let _ = std::fs::remove_dir_all(&place.home);
}

/// A PostgreSQL whose tables stand on a disk of their own that only it sees.
struct CrampedPostgres {
    home: PathBuf,
    port: u16,
    process: Process,
}

impl CrampedPostgres {
    fn start(name: &str) -> Self {
        let (home, programs) = (folder(name), programs());
        for it in ["disk", "log"] {
            std::fs::create_dir(home.join(it)).expect("a folder can be made");
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let port = port.expect("a port is free").port();
        let mut command = Command::new("unshare");
        let runner = if as_root() {
            run(Command::new("chown").arg("postgres").arg(home.join("log")));
            "runuser -u postgres --"
        } else {
            // It refuses to be root, also where root is only a name.
            command.args(["--user", "--map-current-user", "--keep-caps"]);
            ""
        };
        command.args(["--mount", "sh", "-c", SCRIPT, "sh"]).arg(&home).arg(&programs);
        command.args([&port.to_string(), DISK, runner]).current_dir("/");
        let said = std::fs::File::create(home.join("said")).expect("a file can be made");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn();
        let process = Process { child: child.expect("unshare starts") };
        let server = Self { home, port, process };
        let mut ask = Command::new(programs.join("pg_isready"));
        ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        wait_for(Duration::from_mins(1), "PostgreSQL starts", || {
            ask.status().expect("pg_isready starts").success()
        });
        server
    }

    fn url(&self) -> String {
        format!("postgres://test@127.0.0.1:{}/postgres", self.port)
    }

    /// A file of its disk, as it sees it.
    fn inside(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process.child.id()));
        let disk = self.home.join("disk");
        root.join(disk.strip_prefix("/").expect("absolute")).join(name)
    }

    fn said(&self) -> String {
        read(&self.home.join("said"))
    }
}

impl Drop for CrampedPostgres {
    fn drop(&mut self) {
        // Its own id: others may stand between it and us.
        let text = read(&self.inside("data/postmaster.pid"));
        if let Some(pid) = text.lines().next() {
            let _ = Command::new("kill").args(["-QUIT", pid]).status();
            let _ = self.process.child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Arguments: the folder, PostgreSQL's programs, a port, options of the disk, and who runs it.
const SCRIPT: &str = r#"
    mount -t tmpfs -o "$4" none "$1/disk" &&
    $5 "$2/initdb" --pgdata "$1/disk/data" --waldir "$1/log/wal" \
        --auth=trust --username=test --encoding=UTF8 --locale=C &&
    exec $5 "$2/postgres" -D "$1/disk/data" -k "$1/disk" -p "$3" \
        -c listen_addresses=127.0.0.1 -c log_line_prefix='%e '
"#;
