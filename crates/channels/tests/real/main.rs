//! Ways out through real servers of Debian: Exim takes mail, Kannel takes text messages. Each runs as an
//! ordinary process with a folder and ports of its own, and is stopped by its process id.
#![cfg(feature = "servers")]

mod exim;
mod kannel;

use channels::{Action, Callbacks, Message, Outcome, Priority, Sender};
use model::{Channel, Medium, SecretRef, Timestamp};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const NOW: Timestamp = Timestamp(1_795_428_000_000);

/// A folder under the system's own for temporary files, swept away at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("channels-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for temporary files");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).expect("written");
        self.file(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that is stopped when the test is over.
struct Server(Child);

impl Server {
    fn start(program: &str, arguments: &[&str], output: &Path) -> Self {
        let package = "install the packages that `cargo xtask test` names";
        let output = File::create(output).expect("a file for its output");
        let errors = output.try_clone().expect("the same file");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(output).stderr(errors);
        Self(command.spawn().unwrap_or_else(|it| panic!("{program}: {it}; {package}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first, so that it stops what it started itself.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|it| it.local_addr().expect("an address").port())
}

/// Waits until `look` finds something; at most half a minute.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited for {what}, in vain");
}

async fn listens(port: u16, told: impl Fn() -> String) {
    let open = || std::net::TcpStream::connect(("127.0.0.1", port)).ok();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if open().is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody listens on {port}: {}", told());
}

fn letter(key: &str, to: &str) -> Message {
    Message {
        key: key.into(),
        to: to.into(),
        subject: "Größe: 5 µs – “dark”".into(),
        text: "5% of activations fail <now>.\n.\nA line that begins with a dot.".into(),
        short: "pg_1: “Größe” – 5% fail, cost € 3 {x}".into(),
        ack_url: Some(format!("https://lamp.example/a/{key}/AAAAAAAAAAAAAAAA")),
        url: Some("https://lamp.example/incidents/in_3".into()),
        actions: Action::ALL.to_vec(),
        callbacks: None,
        priority: Priority::High,
        data: serde_json::Value::Null,
    }
}

async fn send(channel: &Channel, medium: Medium, message: &Message) -> Outcome {
    let resolve = |it: &SecretRef| match it {
        SecretRef::Plain(it) => Ok(it.clone()),
        other => Err(format!("{other:?} is not known")),
    };
    Sender::new(channel, &resolve).expect("complete").send(medium, message, NOW).await
}

fn reached_at(base: &str, key: &str) -> Callbacks {
    Callbacks {
        base: base.to_owned(),
        channel: "way".into(),
        notice: key.to_owned(),
        code: "c0de".into(),
    }
}
