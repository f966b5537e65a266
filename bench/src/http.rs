//! The least HTTP/1.1 client that can load a server: keep-alive, one request at a time.

use anyhow::{Context as _, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer is waited for; what takes longer counts as this long.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);

/// One connection.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    host: String,
}

/// What came back.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Bytes of head and body on the wire.
    pub(crate) wire_bytes: usize,
    pub(crate) body: Vec<u8>,
    /// The cookie that was set last, as it is sent back.
    pub(crate) cookie: String,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .with_context(|| format!("could not connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_write_timeout(Some(ANSWER_MAX))?;
        Ok(Self { reader: BufReader::new(stream), host: address.to_owned() })
    }

    pub(crate) fn get(&mut self, path: &str, headers: &str) -> Result<Response> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", self.host);
        self.send(request.as_bytes())
    }

    pub(crate) fn post(&mut self, path: &str, kind: &str, body: &str) -> Result<Response> {
        self.post_with(path, &format!("Content-Type: {kind}\r\n"), body)
    }

    /// The same with headers of the caller's, each with its line break.
    pub(crate) fn post_with(&mut self, path: &str, headers: &str, body: &str) -> Result<Response> {
        self.post_bytes(path, headers, body.as_bytes())
    }

    /// The same with any body.
    pub(crate) fn post_bytes(
        &mut self,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<Response> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.send(&[head.as_bytes(), body].concat())
    }

    fn send(&mut self, request: &[u8]) -> Result<Response> {
        self.reader.get_mut().write_all(request)?;
        let mut head_bytes = 0;
        let mut status = 0;
        let mut length = None;
        let mut chunked = false;
        let mut cookie = String::new();
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line)?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            head_bytes += read;
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("set-cookie")
            {
                value.split(';').next().unwrap_or("").trim().clone_into(&mut cookie);
            }
            let line = line.trim_end().to_ascii_lowercase();
            if status == 0 {
                status = line.split(' ').nth(1).unwrap_or("0").parse()?;
            } else if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse::<usize>()?);
            } else if line.starts_with("transfer-encoding:") && line.contains("chunked") {
                chunked = true;
            } else if line.is_empty() {
                break;
            }
        }
        let (body, body_bytes) = self.body(length, chunked)?;
        Ok(Response { status, wire_bytes: head_bytes + body_bytes, body, cookie })
    }

    fn body(&mut self, length: Option<usize>, chunked: bool) -> Result<(Vec<u8>, usize)> {
        let mut body = vec![];
        if !chunked {
            body.resize(length.unwrap_or(0), 0);
            self.reader.read_exact(&mut body)?;
            let count = body.len();
            return Ok((body, count));
        }
        let mut wire = 0;
        loop {
            let mut line = String::new();
            wire += self.reader.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16)?;
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk)?;
            wire += chunk.len();
            if size == 0 {
                return Ok((body, wire));
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
}

/// Bytes on the wire of the first view and every style and script it names.
#[expect(clippy::cast_precision_loss, reason = "a view is far below 2^52 bytes")]
pub(crate) fn bytes_of_view(address: &str) -> Result<f64> {
    let mut connection = Connection::open(address)?;
    let compressed = connection.get("/", "Accept-Encoding: br, gzip\r\n")?;
    anyhow::ensure!(compressed.status == 200, "the first view answered {}", compressed.status);
    let plain = connection.get("/", "")?;
    let html = String::from_utf8_lossy(&plain.body).into_owned();
    let mut total = compressed.wire_bytes;
    for attribute in ["src=\"", "href=\""] {
        for part in html.split(attribute).skip(1) {
            let path = part.split('"').next().unwrap_or("");
            if path.starts_with("/static/") {
                total += connection.get(path, "Accept-Encoding: br, gzip\r\n")?.wire_bytes;
            }
        }
    }
    Ok(total as f64)
}
