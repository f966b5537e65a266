//! Servers under measurement: started on free ports with folders of their own, stopped by id.

use crate::http::Connection;
use anyhow::{Context as _, Result, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server; stopped and swept away when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
    folder: PathBuf,
    ready_path: &'static str,
    keep_folder: bool,
    begun: Instant,
    ready_after: Duration,
}

/// How a Lamplighter is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Demo,
    Serve,
}

impl Process {
    /// The demo: the same doors, journal and views as `serve`, open on loopback.
    pub(crate) fn demo(binary: &Path) -> Result<Self> {
        let folder = new_folder("demo")?;
        Self::start_lamplighter(binary, folder, Role::Demo)?.wait_ready()
    }

    /// `serve` over `folder`, which holds `lamplighter.yaml` and may hold data already.
    pub(crate) fn serve(binary: &Path, folder: PathBuf) -> Result<Self> {
        Self::start_lamplighter(binary, folder, Role::Serve)?.wait_ready()
    }

    /// Debian's Alertmanager without a cluster.
    pub(crate) fn alertmanager() -> Result<Self> {
        let folder = new_folder("alertmanager")?;
        let config = folder.join("alertmanager.yml");
        std::fs::write(&config, "route: { receiver: none }\nreceivers: [{ name: none }]\n")?;
        Self::alertmanager_over(folder)
    }

    /// The same over `folder`, which holds `alertmanager.yml` and may hold data already.
    pub(crate) fn alertmanager_over(folder: PathBuf) -> Result<Self> {
        let config = folder.join("alertmanager.yml");
        let address = free_address()?;
        let program = alertmanager_program();
        let mut command = Command::new(&program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=");
        start(command, address, folder, "/-/ready")
            .with_context(|| format!("could not start {program}: is the package installed?"))?
            .wait_ready()
    }

    /// Prometheus over a folder that holds data already.
    pub(crate) fn prometheus(folder: PathBuf) -> Result<Self> {
        let config = folder.join("prometheus.yml");
        std::fs::write(&config, "global: { scrape_interval: 1h }\n")?;
        let address = free_address()?;
        let program = prometheus_program();
        let mut command = Command::new(&program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.display()))
            .arg("--storage.tsdb.retention.time=10y")
            .arg(format!("--web.listen-address={address}"));
        start(command, address, folder, "/-/ready")
            .with_context(|| format!("could not start {program}: is the package installed?"))?
            .wait_ready()
    }

    /// Prometheus over `folder` that is written to from outside, with rules evaluated once a minute.
    pub(crate) fn prometheus_written(folder: PathBuf, rules: Option<&Path>) -> Result<Self> {
        let config = folder.join("prometheus.yml");
        let rules = rules.map_or(String::new(), |it| format!("rule_files: ['{}']\n", it.display()));
        let global = "global: { scrape_interval: 1h, evaluation_interval: 1m }\n";
        std::fs::write(&config, format!("{global}{rules}"))?;
        let address = free_address()?;
        let program = prometheus_program();
        let mut command = Command::new(&program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.display()))
            .arg("--storage.tsdb.retention.time=10y")
            .arg("--web.enable-remote-write-receiver")
            .arg(format!("--web.listen-address={address}"));
        start(command, address, folder, "/-/ready")
            .with_context(|| format!("could not start {program}: is the package installed?"))?
            .wait_ready()
    }

    /// Seconds of a core that it has used, by the kernel's books.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Behind the name, which may hold anything: the 12th and 13th are user and system, in hundredths.
        let behind = text.rsplit_once(')').context("no name in the books")?.1;
        let fields: Vec<&str> = behind.split_whitespace().collect();
        let hundredths =
            |at: usize| -> Result<f64> { Ok(fields.get(at).context("too few")?.parse()?) };
        Ok((hundredths(11)? + hundredths(12)?) / 100.0)
    }

    /// Stops it and leaves its folder behind, for whoever wants to look or to start again.
    pub(crate) fn stop(mut self) -> PathBuf {
        self.keep_folder = true;
        self.folder.clone()
    }

    /// The demo again, over what an earlier one left.
    pub(crate) fn demo_again(binary: &Path, folder: PathBuf) -> Result<Self> {
        Self::start_lamplighter(binary, folder, Role::Demo)?.wait_ready()
    }

    /// Everything it has said.
    pub(crate) fn said(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.with_extension("log"))?)
    }

    /// From the start of the process to the first 200 of its readiness, in milliseconds.
    pub(crate) fn ready_ms(&self) -> f64 {
        self.ready_after.as_secs_f64() * 1e3
    }

    /// Waits until it answers, at most two minutes.
    fn wait_ready(mut self) -> Result<Self> {
        while self.begun.elapsed() < Duration::from_mins(2) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server stopped at once: {status}");
            }
            let answer =
                Connection::open(&self.address).and_then(|mut it| it.get(self.ready_path, ""));
            if answer.is_ok_and(|it| it.status == 200) {
                self.ready_after = self.begun.elapsed();
                return Ok(self);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        bail!("the server at {} was not ready within two minutes", self.address)
    }

    /// Resident memory in megabytes.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|it| it.starts_with("VmRSS:")).context("no VmRSS line")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    fn start_lamplighter(binary: &Path, folder: PathBuf, role: Role) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(binary);
        match role {
            Role::Demo => command.args(["demo", "--speed", "1", "--data"]).arg(&folder),
            Role::Serve => command
                .arg("serve")
                .arg("--config")
                .arg(folder.join("lamplighter.yaml"))
                .arg("--data")
                .arg(folder.join("data")),
        };
        command.args(["--listen", &address]);
        start(command, address, folder, "/readyz")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        // A clean end writes a snapshot, which takes its time when the state is large.
        while begun.elapsed() < Duration::from_secs(30) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !self.keep_folder {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A new empty folder beside the binaries: the temporary folder is in memory on many machines, and a
/// sync to memory measures nothing.
pub(crate) fn new_folder(name: &str) -> Result<PathBuf> {
    let folder = scratch()?.join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Where everything of this run is written.
pub(crate) fn scratch() -> Result<PathBuf> {
    let folder = std::env::current_exe()?;
    let folder = folder.parent().unwrap_or(Path::new("."));
    let folder = folder.join(format!("bench-scratch-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

pub(crate) fn prometheus_program() -> String {
    std::env::var("LAMPLIGHTER_TEST_PROMETHEUS").unwrap_or_else(|_| "prometheus".to_owned())
}

pub(crate) fn alertmanager_program() -> String {
    std::env::var("LAMPLIGHTER_TEST_ALERTMANAGER")
        .unwrap_or_else(|_| "prometheus-alertmanager".to_owned())
}

fn start(
    mut command: Command,
    address: String,
    folder: PathBuf,
    ready_path: &'static str,
) -> Result<Process> {
    let log = std::fs::File::create(folder.with_extension("log"))?;
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    let ready_after = Duration::ZERO;
    Ok(Process { child, address, folder, ready_path, keep_folder: false, begun, ready_after })
}

fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
