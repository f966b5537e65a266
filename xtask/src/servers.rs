//! The servers that tests talk to: found, or installed from Debian's packages as root.
//!
//! PostgreSQL is started here, on a free port with a folder of its own and as another user than root,
//! which it refuses to run as. The others are started by the tests themselves.

use crate::shell;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where each program is, for the environment of the tests.
pub(crate) struct Servers {
    pub(crate) postgres: Postgres,
    pub(crate) prometheus: PathBuf,
    pub(crate) alertmanager: PathBuf,
    pub(crate) chromium: PathBuf,
}

const PACKAGES: [&str; 13] = [
    "postgresql",
    "prometheus",
    "prometheus-alertmanager",
    "chromium",
    "exim4-daemon-light",
    "kannel",
    "kannel-extras",
    "openssl",
    "python3-venv",
    "dovecot-imapd",
    "victoria-metrics",
    "curl",
    "libical-dev",
];

impl Servers {
    /// Finds or installs all of them, and starts PostgreSQL.
    pub(crate) fn ready() -> Result<Self> {
        if !all_found() {
            install()?;
        }
        let found = |name: &str, candidates: &[&str]| {
            let path = candidates.iter().map(PathBuf::from).find(|it| it.is_file());
            path.with_context(|| format!("{name} is still missing after the installation"))
        };
        Ok(Self {
            postgres: Postgres::start()?,
            prometheus: found("prometheus", PROMETHEUS)?,
            alertmanager: found("prometheus-alertmanager", ALERTMANAGER)?,
            chromium: found("chromium", CHROMIUM)?,
        })
    }
}

const PROMETHEUS: &[&str] = &["/usr/bin/prometheus", "/usr/local/bin/prometheus"];
const ALERTMANAGER: &[&str] =
    &["/usr/bin/prometheus-alertmanager", "/usr/bin/alertmanager", "/usr/local/bin/alertmanager"];
/// What the tests start by these very paths.
const FIXED: [&str; 9] = [
    "/usr/sbin/exim4",
    "/usr/sbin/bearerbox",
    "/usr/sbin/smsbox",
    "/usr/lib/kannel/test/fakesmsc",
    "/usr/bin/openssl",
    "/usr/lib/dovecot/imap",
    "/usr/bin/victoria-metrics",
    "/usr/bin/curl",
    "/usr/include/libical/ical.h",
];
const CHROMIUM: &[&str] = &["/usr/bin/chromium", "/usr/bin/chromium-browser"];

fn all_found() -> bool {
    let any = |candidates: &[&str]| candidates.iter().any(|it| Path::new(it).is_file());
    let venv = || {
        let mut probe = program("python3", &["-c", "import venv, ensurepip"]);
        probe.stderr(Stdio::null()).status().is_ok_and(|it| it.success())
    };
    let fixed = FIXED.iter().all(|it| Path::new(it).is_file());
    venv()
        && fixed
        && postgres_folder().is_some()
        && any(PROMETHEUS)
        && any(ALERTMANAGER)
        && any(CHROMIUM)
}

fn install() -> Result<()> {
    let line = format!("apt-get install --yes --no-install-recommends {}", PACKAGES.join(" "));
    if !shell::is_root() || !shell::exists("apt-get") {
        bail!("servers that the tests need are missing; run as root: {line}");
    }
    // Packages would start their services; a policy that says no leaves ports and folders alone.
    let policy = Path::new("/usr/sbin/policy-rc.d");
    let ours = !policy.exists();
    if ours {
        fs::write(policy, "#!/bin/sh\nexit 101\n")?;
        shell::run(program("chmod", &["755", "/usr/sbin/policy-rc.d"]))?;
    }
    let mut update = program("apt-get", &["update", "--quiet=2"]);
    update.env("DEBIAN_FRONTEND", "noninteractive");
    let mut install =
        program("apt-get", &["install", "--yes", "--quiet=2", "--no-install-recommends"]);
    install.args(PACKAGES).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
    let done = shell::run(update).and_then(|()| shell::run(install));
    if ours {
        fs::remove_file(policy)?;
    }
    done
}

fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The newest `/usr/lib/postgresql/*/bin`.
fn postgres_folder() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|it| Some(it.ok()?.path().join("bin")));
    folders.filter(|it| it.join("initdb").is_file()).max()
}

/// A running PostgreSQL; stopped and swept away when dropped.
pub(crate) struct Postgres {
    child: Child,
    folder: PathBuf,
    pub(crate) url: String,
}

impl Postgres {
    fn start() -> Result<Self> {
        let programs = postgres_folder().context("PostgreSQL's programs are missing")?;
        let folder = std::env::temp_dir().join(format!("xtask-postgres-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        if shell::is_root() {
            let mut give = Command::new("chown");
            give.arg("postgres").arg(&folder);
            shell::run(give)?;
        }
        let mut init = as_postgres(&programs.join("initdb"));
        init.arg("--pgdata").arg(folder.join("data")).stdout(Stdio::null());
        init.args([
            "--auth=trust",
            "--username=test",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        shell::run(init)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut serve = as_postgres(&programs.join("postgres"));
        serve.arg("-D").arg(folder.join("data")).arg("-k").arg(&folder);
        serve.args(["-c", "listen_addresses=127.0.0.1", "-p", &port.to_string()]);
        serve.args(["-c", "max_connections=200"]);
        let log = fs::File::create(folder.with_extension("log"))?;
        let child = serve.stdout(log.try_clone()?).stderr(log).spawn()?;
        let url = format!("postgres://test@127.0.0.1:{port}/postgres");
        let mut server = Self { child, folder, url };
        server.wait(&programs.join("pg_isready"), port)?;
        Ok(server)
    }

    fn wait(&mut self, is_ready: &Path, port: u16) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_mins(1) {
            ensure!(self.child.try_wait()?.is_none(), "PostgreSQL stopped at once");
            let mut ask = Command::new(is_ready);
            ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
            if ask.status()?.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("PostgreSQL was not ready within a minute")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The postmaster's own id: `runuser` stands between it and us.
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _ = Command::new("kill").args(["-INT", pid]).status();
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(self.folder.with_extension("log"));
    }
}

fn as_postgres(program: &Path) -> Command {
    if !shell::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
    command
}
