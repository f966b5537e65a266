//! A `lamplighter serve` of these tests, which can be signalled, and the least HTTP to ask it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server; killed when dropped.
pub(crate) struct Served {
    child: Child,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    setup: Option<String>,
}

impl Served {
    pub(crate) fn start(config: &Path, data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lamplighter"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(config)
            .arg("--data")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut said = vec![];
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("{said:#?}")).expect("text");
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
            said.push(line);
        };
        let setup = said.iter().find_map(|it| Some(it.split_once("/setup/")?.1.to_owned()));
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, setup }
    }

    /// Sends it a signal by name, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.is_ok_and(|it| it.success()), "the signal {name} is sent");
    }

    /// As an operator stops it; it must end well.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        let ended = self.child.wait().expect("it was started");
        assert!(ended.success(), "it ended with {ended}");
    }

    /// An API token of a new administrator: by the set-up link, then the view of tokens.
    pub(crate) fn api_token(&self, person: &str) -> String {
        let setup = self.setup.as_deref().expect("the first start prints a link");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let body = format!("person={person}&password=a-long-password");
        let made = self.ask("POST", &format!("/setup/{setup}"), &[form], &body);
        assert_eq!(made.status, 303, "{}", made.body);
        let cookie = made.cookie.split(';').next().unwrap_or_default().to_owned();
        let headers = [form, ("cookie", cookie.as_str())];
        let shown = self.ask("POST", "/tokens", &headers, "kind=api&label=test").body;
        let (_, rest) = shown.split_once("id=\"secret\">").expect("the secret is shown once");
        rest.split('<').next().unwrap_or_default().to_owned()
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
        let headers = headers
            .iter()
            .fold(String::new(), |text, (name, value)| format!("{text}{name}: {value}\r\n"));
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}content-length: \
             {length}\r\n\r\n{body}",
            self.address
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole answer");
        let mut lines = head.lines();
        let status = lines.next().and_then(|it| it.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let cookie = lines.find_map(|it| it.strip_prefix("set-cookie: "));
        Answer { status, cookie: cookie.unwrap_or_default().to_owned(), body: body.to_owned() }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    cookie: String,
    pub(crate) body: String,
}

/// A new empty folder of this test.
pub(crate) fn folder(name: &str) -> std::path::PathBuf {
    let folder =
        std::env::temp_dir().join(format!("lamplighter-cli-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}
