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
}

impl Process {
    /// The demo: the same doors, journal and views as `serve`, open on loopback.
    pub(crate) fn lamplighter(binary: &Path) -> Result<Self> {
        let folder = new_folder("lamplighter")?;
        Self::start_lamplighter(binary, folder)?.wait_ready()
    }

    /// Debian's Alertmanager without a cluster.
    pub(crate) fn alertmanager() -> Result<Self> {
        let folder = new_folder("alertmanager")?;
        let config = folder.join("alertmanager.yml");
        std::fs::write(&config, "route: { receiver: none }\nreceivers: [{ name: none }]\n")?;
        let address = free_address()?;
        let program = std::env::var("LAMPLIGHTER_TEST_ALERTMANAGER")
            .unwrap_or_else(|_| "prometheus-alertmanager".to_owned());
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
        let program = std::env::var("LAMPLIGHTER_TEST_PROMETHEUS")
            .unwrap_or_else(|_| "prometheus".to_owned());
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

    /// Stops it and starts it again over the same folder, without waiting.
    pub(crate) fn restart(mut self, binary: &Path) -> Result<Self> {
        self.keep_folder = true;
        let folder = self.folder.clone();
        drop(self);
        Self::start_lamplighter(binary, folder)
    }

    /// Waits until it answers, at most a minute.
    pub(crate) fn wait_ready(mut self) -> Result<Self> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_mins(1) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server stopped at once: {status}");
            }
            let answer =
                Connection::open(&self.address).and_then(|mut it| it.get(self.ready_path, ""));
            if answer.is_ok_and(|it| it.status == 200) {
                return Ok(self);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the server at {} was not ready within a minute", self.address)
    }

    /// Resident memory in megabytes.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|it| it.starts_with("VmRSS:")).context("no VmRSS line")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    fn start_lamplighter(binary: &Path, folder: PathBuf) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(binary);
        command.args(["demo", "--speed", "1", "--listen", &address, "--data"]).arg(&folder);
        start(command, address, folder, "/readyz")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
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

/// A new empty folder.
pub(crate) fn new_folder(name: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("bench-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn start(
    mut command: Command,
    address: String,
    folder: PathBuf,
    ready_path: &'static str,
) -> Result<Process> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    Ok(Process { child, address, folder, ready_path, keep_folder: false })
}

fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
