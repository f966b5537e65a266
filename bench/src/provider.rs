//! A provider that notes when it was asked to tell somebody.
//!
//! Both servers call it by a webhook. A probe is known by its name in the body, whatever stands around
//! it, and only the first call about it counts.

use anyhow::Result;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// When each probe was first heard of, by its number.
type Heard = Arc<Mutex<BTreeMap<u32, Instant>>>;

/// A listener on loopback; its threads end with the program.
pub(crate) struct Provider {
    pub(crate) url: String,
    heard: Heard,
}

impl Provider {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/send", listener.local_addr()?);
        let heard = Heard::default();
        let noted = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = Arc::clone(&noted);
                std::thread::spawn(move || answer(stream, &heard));
            }
        });
        Ok(Self { url, heard })
    }

    /// How the probe of that number is called in an alert.
    pub(crate) fn name(number: u32) -> String {
        format!("probe-{number}-sent")
    }

    pub(crate) fn heard_at(&self, number: u32) -> Option<Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(&number).copied()
    }
}

/// Requests of one connection until it closes; what is broken ends it.
fn answer(stream: TcpStream, heard: &Heard) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let now = Instant::now();
        note(&String::from_utf8_lossy(&body), now, heard);
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ok()?;
    }
}

fn note(body: &str, now: Instant, heard: &Heard) {
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    for part in body.split("probe-").skip(1) {
        let number = part.split("-sent").next().and_then(|it| it.parse().ok());
        if let Some(number) = number {
            heard.entry(number).or_insert(now);
        }
    }
}
