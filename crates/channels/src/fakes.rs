//! Providers for tests: real sockets on loopback, real dialogues, and memory of what they were given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request an HTTP provider was given.
#[derive(Debug, Clone)]
pub struct Received {
    /// Method and path with query.
    pub line: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Received {
    /// The value of a header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
    }
}

/// An HTTP provider that takes everything, unless it was told to answer otherwise.
#[derive(Debug, Clone)]
pub struct HttpProvider {
    /// Where it listens, as `http://127.0.0.1:port`.
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<(u16, String, String)>>>,
    usual: (u16, String),
    takes: Arc<Mutex<Duration>>,
    /// Requests that are being answered, and the most there ever were.
    at_once: Arc<Mutex<(usize, usize)>>,
}

impl HttpProvider {
    /// Starts one that usually answers `status` and `body`.
    pub async fn start(status: u16, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Self {
            url,
            received: Arc::default(),
            answers: Arc::default(),
            usual: (status, body.to_owned()),
            takes: Arc::default(),
            at_once: Arc::default(),
        };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        provider
    }

    /// Answers the next request so, before anything usual.
    pub fn answer_next(&self, status: u16, body: &str) {
        self.answer_next_with(status, "", body);
    }

    /// The same with more lines in its head, each ending in a line break.
    pub fn answer_next_with(&self, status: u16, head: &str, body: &str) {
        lock(&self.answers).push_back((status, head.to_owned(), body.to_owned()));
    }

    /// Takes so long over every answer from now on.
    pub fn answer_slowly(&self, takes: Duration) {
        *lock(&self.takes) = takes;
    }

    /// How many requests were being answered at the same time, at most.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        lock(&self.at_once).1
    }

    /// Answers as usual again.
    pub fn recover(&self) {
        lock(&self.answers).clear();
    }

    /// Everything received so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.received).clone()
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let Some(request) = read_request(&mut stream).await else { return };
            lock(&self.received).push(request);
            self.take_time().await;
            let next = lock(&self.answers).pop_front();
            let usual = || (self.usual.0, String::new(), self.usual.1.clone());
            let (status, more, body) = next.unwrap_or_else(usual);
            let length = body.len();
            let head = format!("HTTP/1.1 {status} X\r\n{more}content-length: {length}\r\n\r\n");
            if stream.get_mut().write_all((head + &body).as_bytes()).await.is_err() {
                return;
            }
        }
    }

    async fn take_time(&self) {
        let takes = *lock(&self.takes);
        {
            let mut at_once = lock(&self.at_once);
            at_once.0 += 1;
            at_once.1 = at_once.1.max(at_once.0);
        }
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        lock(&self.at_once).0 -= 1;
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers = vec![];
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, it)| it.parse().unwrap_or(0))];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received { line, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// A mail server that speaks SMTP and keeps what it is given.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    refusals: Arc<Mutex<VecDeque<String>>>,
    greeting: String,
}

/// A letter as it arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Of the envelope.
    pub to: String,
    /// The whole lines `MAIL FROM` and `RCPT TO`, with their parameters.
    pub envelope: (String, String),
    /// Head and body as sent.
    pub text: String,
}

impl MailServer {
    /// Starts one that offers no extension worth naming.
    pub async fn start() -> Self {
        Self::offering(&["8BITMIME"]).await
    }

    /// Starts one with these extensions, at least one.
    pub async fn offering(extensions: &[&str]) -> Self {
        let (last, others) = extensions.split_last().expect("at least one");
        let mut greeting = "250-mail\r\n".to_owned();
        for it in others {
            greeting.push_str("250-");
            greeting.push_str(it);
            greeting.push_str("\r\n");
        }
        greeting.push_str("250 ");
        greeting.push_str(last);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let server = Self { port, mails: Arc::default(), refusals: Arc::default(), greeting };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        server
    }

    /// Answers the next recipient with this line, e.g. `550 no such user`.
    pub fn refuse_next(&self, line: &str) {
        lock(&self.refusals).push_back(line.to_owned());
    }

    /// Takes letters again.
    pub fn recover(&self) {
        lock(&self.refusals).clear();
    }

    /// Every letter so far.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.mails).clone()
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let (mut to, mut envelope) = (String::new(), (String::new(), String::new()));
        let mut reply = "220 mail ready".to_owned();
        loop {
            if stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
                return;
            }
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let upper = line.to_ascii_uppercase();
            reply = match upper.trim_end() {
                it if it.starts_with("EHLO") => self.greeting.clone(),
                it if it.starts_with("MAIL FROM:") => {
                    line.trim_end().clone_into(&mut envelope.0);
                    "250 OK".to_owned()
                }
                it if it.starts_with("RCPT TO:") => {
                    line.trim_end().clone_into(&mut envelope.1);
                    let address = line[8..].trim().split('>').next().unwrap_or("");
                    address.trim_start_matches('<').clone_into(&mut to);
                    lock(&self.refusals).pop_front().unwrap_or_else(|| "250 OK".to_owned())
                }
                "DATA" => {
                    if stream.get_mut().write_all(b"354 go on\r\n").await.is_err() {
                        return;
                    }
                    let text = read_letter(&mut stream).await;
                    lock(&self.mails).push(Mail {
                        to: to.clone(),
                        envelope: envelope.clone(),
                        text,
                    });
                    "250 OK: queued as 1".to_owned()
                }
                "QUIT" => {
                    let _ = stream.get_mut().write_all(b"221 bye\r\n").await;
                    return;
                }
                _ => "250 OK".to_owned(),
            };
        }
    }
}

async fn read_letter(stream: &mut BufReader<TcpStream>) -> String {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 || line == ".\r\n" {
            return text;
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
