//! The real binary as a process, and the least HTTP to talk to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A process of ours; killed when dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running `lamplighter serve`.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    /// The one-time link of the first administrator, as printed.
    pub(crate) setup: Option<String>,
    /// Reads what it says until it ends; gives every line.
    log: JoinHandle<Vec<String>>,
}

impl Server {
    pub(crate) fn start(config: &Path, data: &Path) -> Self {
        Self::start_with(config, &["--data", &data.display().to_string()])
    }

    /// The same with its journal where `place` says.
    pub(crate) fn start_with(config: &Path, place: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lamplighter"));
        command.arg("serve").arg("--config").arg(config).args(place);
        Self::spawn(command.args(["--listen", "127.0.0.1:0"]))
    }

    /// Whatever ends in the server's address being said.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut said = vec![];
        let address = loop {
            let line =
                lines.next().unwrap_or_else(|| panic!("not ready: {said:#?}")).expect("text");
            if let Some((_, address)) = line.split_once("listening on http://") {
                break address.trim().to_owned();
            }
            said.push(line);
        };
        let setup = said.iter().find_map(|it| {
            let (_, rest) = it.split_once("/setup/")?;
            let secret: String = rest
                .chars()
                .take_while(|it| it.is_ascii_alphanumeric() || "_-".contains(*it))
                .collect();
            Some(format!("/setup/{secret}"))
        });
        // Whatever it says later must not fill the pipe.
        let log = std::thread::spawn(move || {
            said.extend(lines.map_while(Result::ok));
            said
        });
        Self { process: Process { child }, address, setup, log }
    }

    /// As the kernel kills what takes too much memory. Gives every line it has said.
    pub(crate) fn kill(self) -> Vec<String> {
        drop(self.process);
        self.log.join().expect("reading does not panic")
    }

    /// The cookie of the first administrator, made by the set-up link.
    pub(crate) fn first_session(&self, person: &str) -> String {
        let setup = self.setup.as_deref().expect("the first start prints a link");
        let form = format!("person={person}&password=a-long-password");
        let made = http("POST", &self.address, setup, &[FORM], &form).expect("answered");
        assert_eq!(made.status, 303, "{}", made.body);
        made.header("set-cookie").split(';').next().unwrap_or("").to_owned()
    }

    /// The key of a new door, by an administrator's session.
    pub(crate) fn door_key_of(&self, cookie: &str, label: &str) -> String {
        self.token_of(cookie, "door", label)
    }

    /// The secret of a new token, by an administrator's session.
    pub(crate) fn token_of(&self, cookie: &str, kind: &str, label: &str) -> String {
        let form = format!("kind={kind}&label={label}");
        let headers = [FORM, ("cookie", cookie)];
        let shown = http("POST", &self.address, "/tokens", &headers, &form).expect("answered");
        let (_, rest) = shown.body.split_once("id=\"secret\">").expect("the secret is shown once");
        rest.split('<').next().unwrap_or("").to_owned()
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|it| it.split_once(": "));
        lines.find(|(it, _)| it.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

/// One request on a connection of its own.
pub(crate) fn http(
    method: &str,
    address: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let headers: String = headers
        .iter()
        .fold(String::new(), |text, (name, value)| format!("{text}{name}: {value}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    };
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// Waits until `done`, looking often, and fails with `told` when it takes too long.
pub(crate) fn wait_for(patience: Duration, told: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < patience, "waited {patience:?} in vain: {told}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A new empty folder of this test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lamplighter-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}
