//! The demo as a newcomer starts it, an hour in a minute.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running demo; stopped and swept away when dropped.
pub(crate) struct Demo {
    child: Child,
    folder: PathBuf,
    /// `http://127.0.0.1:port`.
    pub(crate) address: String,
}

impl Demo {
    pub(crate) fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("lamplighter-walk-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut child = Command::new(env!("CARGO_BIN_EXE_lamplighter"))
            .args(["demo", "--speed", "60", "--listen", "127.0.0.1:0", "--data"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the demo starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut told = vec![];
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("not ready: {told:?}")).expect("text");
            if let Some((_, address)) = line.split_once("listening on ") {
                break address.trim().to_owned();
            }
            told.push(line);
        };
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, folder, address }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
