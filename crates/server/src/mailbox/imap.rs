//! As much of IMAP (RFC 3501) as reading a mailbox takes: log in, select, search, fetch, store.
//!
//! Invariants:
//! - nothing waits longer than [`ANSWER_LIMIT`], nothing grows beyond [`LETTER_BYTES_MAX`];
//! - a password goes out only after TLS is up, unless the operator wrote `none`.

use model::Mailbox;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::BufReader;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Bytes of a letter that are fetched: a reply stands at its beginning.
const LETTER_BYTES_MAX: usize = 256 * 1_024;

/// Bytes of one line of an answer.
const LINE_BYTES_MAX: u64 = 64 * 1_024;

/// Lines of one answer.
const LINES_MAX: usize = 10_000;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection that is logged in, or about to be.
pub(crate) struct Session {
    stream: BufReader<Box<dyn Stream>>,
    count: u32,
}

/// A line of an answer, and the literal it ended in.
struct Line {
    text: String,
    literal: Option<Vec<u8>>,
}

impl Session {
    /// Connects, with TLS as it is configured.
    pub(crate) async fn connect(mailbox: &Mailbox) -> Result<Self, String> {
        let address = (mailbox.host.as_str(), mailbox.port);
        let tcp = within(async {
            TcpStream::connect(address).await.map_err(|it| format!("{}: {it}", mailbox.host))
        });
        let tcp = tcp.await?;
        match mailbox.encryption.as_str() {
            "none" => {
                let mut session = Self::over(Box::new(tcp));
                session.greeting().await?;
                Ok(session)
            }
            "starttls" => {
                let mut plain = Self::over(Box::new(tcp));
                plain.greeting().await?;
                plain.command("STARTTLS").await?;
                // What came before TLS was up may come from anybody.
                if !plain.stream.buffer().is_empty() {
                    return Err("the server spoke on before TLS was up".to_owned());
                }
                let inner = plain.stream.into_inner();
                Ok(Self::over(secured(mailbox, inner).await?))
            }
            _ => {
                let mut session = Self::over(secured(mailbox, Box::new(tcp)).await?);
                session.greeting().await?;
                Ok(session)
            }
        }
    }

    fn over(stream: Box<dyn Stream>) -> Self {
        Self { stream: BufReader::new(stream), count: 0 }
    }

    async fn greeting(&mut self) -> Result<(), String> {
        let line = within(self.line()).await?;
        if line.text.starts_with("* OK") {
            Ok(())
        } else {
            Err("no IMAP server answers".to_owned())
        }
    }

    /// Logs in.
    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Result<(), String> {
        let line = format!("LOGIN {} {}", quoted(username)?, quoted(password)?);
        // The server's words may repeat what it was given.
        self.command(&line).await.map(drop).map_err(|_| "the log-in was refused".to_owned())
    }

    /// Opens a folder.
    pub(crate) async fn select(&mut self, folder: &str) -> Result<(), String> {
        self.command(&format!("SELECT {}", quoted(folder)?)).await.map(drop)
    }

    /// What was not seen yet, oldest first.
    pub(crate) async fn unseen(&mut self) -> Result<Vec<u32>, String> {
        let lines = self.command("UID SEARCH UNSEEN").await?;
        let found = lines.iter().filter_map(|it| it.text.strip_prefix("* SEARCH"));
        Ok(found.flat_map(str::split_whitespace).filter_map(|it| it.parse().ok()).collect())
    }

    /// The beginning of a letter, which stays unseen.
    pub(crate) async fn fetch(&mut self, uid: u32) -> Result<Vec<u8>, String> {
        let lines =
            self.command(&format!("UID FETCH {uid} (BODY.PEEK[]<0.{LETTER_BYTES_MAX}>)")).await?;
        let literal = lines.into_iter().find_map(|it| it.literal);
        literal.ok_or_else(|| "a letter was not handed over".to_owned())
    }

    /// Marks a letter as seen.
    pub(crate) async fn mark_seen(&mut self, uid: u32) -> Result<(), String> {
        self.command(&format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)")).await.map(drop)
    }

    /// Says goodbye; whether it is heard does not matter.
    pub(crate) async fn log_out(mut self) {
        let _ = self.command("LOGOUT").await;
    }

    /// Sends a command and reads until its own answer comes.
    async fn command(&mut self, text: &str) -> Result<Vec<Line>, String> {
        self.count += 1;
        let tag = format!("a{}", self.count);
        let sent = format!("{tag} {text}\r\n");
        within(async {
            let stream = self.stream.get_mut();
            stream.write_all(sent.as_bytes()).await.map_err(broken)?;
            stream.flush().await.map_err(broken)?;
            let mut lines = vec![];
            loop {
                let line = self.line().await?;
                if let Some(rest) = line.text.strip_prefix(&tag).and_then(|it| it.strip_prefix(' '))
                {
                    return if rest.starts_with("OK") {
                        Ok(lines)
                    } else {
                        let word = text.split(' ').next().unwrap_or_default();
                        let told: String = rest.chars().take(200).collect();
                        Err(format!("{word} was answered {told}"))
                    };
                }
                if lines.len() >= LINES_MAX {
                    return Err("the answer does not end".to_owned());
                }
                lines.push(line);
            }
        })
        .await
    }

    /// A line, with what stands in literals on it.
    async fn line(&mut self) -> Result<Line, String> {
        let mut line = Line { text: String::new(), literal: None };
        loop {
            let mut bytes = vec![];
            let mut limited = (&mut self.stream).take(LINE_BYTES_MAX);
            limited.read_until(b'\n', &mut bytes).await.map_err(broken)?;
            if bytes.last() != Some(&b'\n') {
                return Err("the connection was closed, or a line does not end".to_owned());
            }
            let part = String::from_utf8_lossy(&bytes);
            let part = part.trim_end_matches(['\r', '\n']);
            line.text.push_str(part);
            let Some(length) = literal_length(part) else { return Ok(line) };
            // The server counts what it was asked for; more is none of ours.
            if length > 2 * LETTER_BYTES_MAX {
                return Err("the server hands over more than it was asked for".to_owned());
            }
            let mut literal = vec![0; length];
            self.stream.read_exact(&mut literal).await.map_err(broken)?;
            line.literal = Some(literal);
        }
    }
}

/// `{123}` at the end of a line.
fn literal_length(line: &str) -> Option<usize> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

/// A quoted string (RFC 3501 §4.3).
fn quoted(text: &str) -> Result<String, String> {
    if text.bytes().any(|it| it == b'\r' || it == b'\n' || it == 0) {
        return Err("user name, password and folder are one line each".to_owned());
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

async fn secured(mailbox: &Mailbox, inner: Box<dyn Stream>) -> Result<Box<dyn Stream>, String> {
    let mut roots = rustls::RootCertStore::empty();
    match &mailbox.authority {
        Some(path) => {
            let unreadable = |it| format!("the certificate authority {path} cannot be read: {it}");
            for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
                let none = |it| format!("the certificate authority {path} is none: {it}");
                roots.add(certificate.map_err(unreadable)?).map_err(none)?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|it| format!("TLS: {it}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(mailbox.host.clone())
        .map_err(|it| format!("TLS for {}: {it}", mailbox.host))?;
    let connector = TlsConnector::from(Arc::new(config));
    within(async {
        let stream = connector.connect(name, inner).await;
        stream.map(|it| Box::new(it) as Box<dyn Stream>).map_err(|it| distrusted(mailbox, &it))
    })
    .await
}

/// What to do about a server that TLS was not agreed upon with.
fn distrusted(mailbox: &Mailbox, error: &std::io::Error) -> String {
    let host = &mailbox.host;
    let about_certificate = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<rustls::Error>())
        .is_some_and(|it| matches!(it, rustls::Error::InvalidCertificate(_)));
    if !about_certificate {
        return format!("TLS with {host}: {error}");
    }
    let whose = mailbox.authority.as_deref().unwrap_or("the public authorities");
    format!(
        "{host} cannot be trusted, so the password was not sent: {error}; believed are {whose}. Write into \
         `inbox` the name that stands in its certificate as `host`, and as `authority` the file of who \
         signed it"
    )
}

async fn within<T>(
    work: impl std::future::Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let late = || "the mail server does not answer".to_owned();
    tokio::time::timeout(ANSWER_LIMIT, work).await.unwrap_or_else(|_| Err(late()))
}

#[expect(clippy::needless_pass_by_value, reason = "it is used where errors are mapped")]
fn broken(error: std::io::Error) -> String {
    format!("the connection to the mail server broke: {error}")
}
