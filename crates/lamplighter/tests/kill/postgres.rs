//! A PostgreSQL of a test's own, which the test may kill; and new databases in a shared one.
//!
//! Nothing is switched off for speed: what is killed must have been careful before.

use crate::common::{Process, folder};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A server with a data folder of its own.
pub(crate) struct Postgres {
    programs: PathBuf,
    home: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Postgres {
    pub(crate) fn start(name: &str) -> Self {
        let programs = programs();
        let home = folder(&format!("postgres-{name}"));
        if as_root() {
            run(Command::new("chown").arg("postgres").arg(&home));
        }
        let mut init = as_postgres(&programs.join("initdb"));
        init.arg("--pgdata").arg(home.join("data"));
        init.args(["--auth=trust", "--username=test", "--encoding=UTF8", "--locale=C"]);
        run(init.stdout(Stdio::null()));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let port = port.expect("a port is free").port();
        let mut server = Self { programs, home, port, process: None };
        server.start_again();
        server
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://test@127.0.0.1:{}/{database}", self.port)
    }

    /// Starts it over what is in its folder, and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_mins(1), "PostgreSQL does not start");
            self.process = Some(self.spawn());
            // Children of a killed one may hold its memory for a moment, and it refuses until then.
            if self.is_ready() {
                return;
            }
            self.process = None;
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn spawn(&self) -> Process {
        let mut serve = as_postgres(&self.programs.join("postgres"));
        serve.arg("-D").arg(self.home.join("data")).arg("-k").arg(&self.home);
        serve.args(["-c", "listen_addresses=127.0.0.1", "-p", &self.port.to_string()]);
        let child = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Process { child: child.expect("PostgreSQL starts") }
    }

    fn is_ready(&mut self) -> bool {
        loop {
            let process = self.process.as_mut().expect("just started");
            if process.child.try_wait().expect("a child can be asked").is_some() {
                return false;
            }
            let mut ask = Command::new(self.programs.join("pg_isready"));
            ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ask.status().expect("pg_isready starts").success() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGKILL to the postmaster: no farewell, no checkpoint.
    pub(crate) fn kill(&mut self) {
        // Its own id: `runuser` stands between it and us.
        let file = self.home.join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if let Some(pid) = text.lines().next() {
            let _ = Command::new("kill").args(["-KILL", pid]).status();
        }
        if let Some(mut process) = self.process.take() {
            let _ = process.child.wait();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// A new database in the server at `url`; gives its URL.
pub(crate) fn new_database(url: &str, name: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let (client, connection) =
            tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the server answers");
        let connection = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a new database");
        drop(client);
        connection.await.expect("no panic").expect("closed in order");
    });
    let (base, _) = url.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{name}")
}

/// The newest `/usr/lib/postgresql/*/bin`.
pub(crate) fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("Debian's package postgresql");
    let folders = versions.filter_map(|it| Some(it.ok()?.path().join("bin")));
    folders.filter(|it| it.join("initdb").is_file()).max().expect("Debian's package postgresql")
}

/// It refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !as_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
    command
}

pub(crate) fn as_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").expect("this is Linux").uid() == 0
}

pub(crate) fn run(command: &mut Command) {
    let status = command.status().expect("the program starts");
    assert!(status.success(), "{command:?}: {status}");
}
