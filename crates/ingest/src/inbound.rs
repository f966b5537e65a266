//! Letters that a mail provider took in and posts to us: Mailgun's routes, Postmark's inbound stream,
//! SendGrid's inbound parse, and any program that posts a letter as it is (RFC 5322).
//!
//! Intuition: providers open the letter, spread it over fields, and throw the envelope away. Here it is put
//! back into an envelope and given to the one reader that also reads the mailbox ([`crate::letter`]), so that
//! `ack` means the same whichever road it took.
//!
//! Invariants:
//! - whatever bytes come, nothing panics; what is no letter is refused with the reason;
//! - a form that ends in the middle is refused whole: half a letter could mean something else;
//! - a field cannot add a header of its own: line breaks in it are spaces.

use crate::letter::{self, LetterIn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::fmt::Write as _;

/// Fields of one form.
const FIELDS_MAX: usize = 1_000;

/// Bytes of one header that are kept.
const HEADER_BYTES_MAX: usize = 8 * 1_024;

/// Who posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The letter itself is the body.
    Raw,
    /// `forward("https://…")` of a route, taken apart or whole (`body-mime`).
    Mailgun,
    /// JSON, with or without the raw letter.
    Postmark,
    /// A form, with or without the raw letter (`email`).
    Sendgrid,
}

impl Provider {
    /// As it stands in the address. Mailgun sends the letter whole where the address ends in `mime`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "raw" => Some(Self::Raw),
            "mailgun" | "mailgun-mime" => Some(Self::Mailgun),
            "postmark" => Some(Self::Postmark),
            "sendgrid" => Some(Self::Sendgrid),
            _ => None,
        }
    }

    /// Reads a letter. The content type says how a form was written.
    ///
    /// # Errors
    ///
    /// In words, when it is no letter.
    pub fn read(self, content_type: &str, body: &[u8]) -> Result<LetterIn, String> {
        let mut posted = match self {
            Self::Raw => Posted { whole: Some(body.to_vec()), ..Posted::default() },
            Self::Mailgun => mailgun(&Form::read(content_type, body)?),
            Self::Sendgrid => sendgrid(&Form::read(content_type, body)?),
            Self::Postmark => postmark(body)?,
        };
        let raw = posted.letter();
        let mut read = letter::read(&raw).ok_or("this is no letter")?;
        if read.from.is_empty() {
            return Err("the letter says nobody who wrote it".to_owned());
        }
        read.is_forged = posted.is_forged(&read.from);
        Ok(read)
    }
}

/// A field of a form.
#[derive(Debug, Clone)]
struct Field {
    name: String,
    kind: String,
    bytes: Vec<u8>,
}

/// A form, whatever it is written in.
#[derive(Debug, Clone)]
pub struct Form(Vec<Field>);

impl Form {
    /// Reads `multipart/form-data` (RFC 7578) or `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    ///
    /// In words, when it is damaged.
    pub fn read(content_type: &str, body: &[u8]) -> Result<Self, String> {
        let (kind, rest) = content_type.split_once(';').unwrap_or((content_type, ""));
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            let pairs = form_urlencoded::parse(body).take(FIELDS_MAX);
            let fields = pairs.map(|(name, value)| Field {
                name: name.into_owned(),
                kind: String::new(),
                bytes: value.into_owned().into_bytes(),
            });
            return Ok(Self(fields.collect()));
        }
        let boundary = parameter(rest, "boundary").ok_or("the form names no boundary")?;
        parts(&boundary, body).map(Self)
    }

    /// The text of a field, empty when it is not there.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.bytes(name).map(String::from_utf8_lossy).unwrap_or_default().into_owned()
    }

    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|it| it.name == name).map(|it| it.bytes.as_slice())
    }

    /// Every field but the named ones, each with its value: the same form posted again gives the same.
    #[must_use]
    pub fn content(&self, but: &[&str]) -> Vec<u8> {
        let mut all: Vec<(&str, &[u8])> =
            self.0.iter().map(|it| (it.name.as_str(), &*it.bytes)).collect();
        all.retain(|(name, _)| !but.contains(name));
        all.sort_unstable();
        let framed = all.into_iter().flat_map(|(name, bytes)| {
            let head = format!("{}:{name}{}:", name.len(), bytes.len());
            [head.into_bytes(), bytes.to_vec()].concat()
        });
        framed.collect()
    }

    /// The attached report of a mail server, with the letter it speaks of.
    fn report(&self) -> Vec<(String, Vec<u8>)> {
        report_of(self.0.iter().map(|it| (it.kind.clone(), it.bytes.clone())))
    }
}

/// What a provider says, in one shape.
#[derive(Debug, Default)]
struct Posted {
    /// The letter as it came, where they hand it over.
    whole: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
    /// Where the envelope was addressed to.
    envelope_to: Vec<String>,
    /// The text, its kind and its character set.
    text: Vec<u8>,
    is_html: bool,
    charset: String,
    report: Vec<(String, Vec<u8>)>,
    spf: String,
    /// `{@solar.example : pass}`, or a plain `Pass`.
    dkim: String,
}

impl Posted {
    /// The letter: as it came, or put together again.
    fn letter(&mut self) -> Vec<u8> {
        let mut head = String::new();
        for to in &self.envelope_to {
            let _ = write!(head, "Envelope-To: {}\r\n", on_one_line(to));
        }
        if let Some(whole) = self.whole.take() {
            return [head.into_bytes(), whole].concat();
        }
        for (name, value) in &self.headers {
            let lower = name.to_ascii_lowercase();
            let is_name = !name.is_empty()
                && name.bytes().all(|it| it.is_ascii_graphic() && it != b':')
                // How the body below is written is said by whoever writes it.
                && !lower.starts_with("content-")
                && lower != "mime-version";
            if is_name {
                let _ = write!(head, "{name}: {}\r\n", on_one_line(value));
            }
        }
        head.push_str("MIME-Version: 1.0\r\n");
        let charset = if self.charset.is_empty() { "utf-8" } else { self.charset.as_str() };
        let charset: String =
            charset.chars().filter(|it| it.is_ascii_alphanumeric() || "-_".contains(*it)).collect();
        let kind = if self.is_html { "text/html" } else { "text/plain" };
        let text_kind = format!(
            "Content-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        );
        if self.report.is_empty() {
            return [head.as_bytes(), text_kind.as_bytes(), &self.text].concat();
        }
        let boundary = self.boundary();
        let _ = write!(
            head,
            "Content-Type: multipart/report; report-type=delivery-status; boundary={boundary}\r\n\r\n\
             --{boundary}\r\n{text_kind}"
        );
        let mut raw = [head.into_bytes(), std::mem::take(&mut self.text)].concat();
        for (kind, bytes) in &self.report {
            raw.extend(format!("\r\n--{boundary}\r\nContent-Type: {kind}\r\n\r\n").into_bytes());
            raw.extend(bytes);
        }
        raw.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        raw
    }

    /// A line that stands in none of the parts.
    fn boundary(&self) -> String {
        let stands = |it: &str| {
            let parts = self.report.iter().map(|(_, bytes)| bytes.as_slice());
            parts.chain([self.text.as_slice()]).any(|part| find(part, it.as_bytes()).is_some())
        };
        let mut count = 0_u32;
        loop {
            let boundary = format!("part-of-lamplighter-{count}");
            if !stands(&boundary) {
                return boundary;
            }
            count += 1;
        }
    }

    /// Whether the provider found that the sender has no right to the address in `From`: SPF failed, and no
    /// signature of that domain is good. What was not checked is not forged.
    fn is_forged(&self, from: &str) -> bool {
        let verdict = |text: &str| {
            text.trim()
                .split(|it: char| !it.is_ascii_alphabetic())
                .next()
                .unwrap_or("")
                .to_lowercase()
        };
        let named = |wanted: &str| {
            let found = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| verdict(value)).collect::<Vec<_>>()
        };
        let mut spf = named("Received-SPF");
        spf.extend(named("X-Mailgun-Spf"));
        spf.push(verdict(&self.spf));
        if !spf.iter().any(|it| it == "fail" || it == "softfail") {
            return false;
        }
        let domain = from.rsplit_once('@').map_or("", |(_, it)| it).to_lowercase();
        let signed = self.dkim.to_lowercase().replace(' ', "");
        let of_domain =
            signed.trim_matches(['{', '}']).split(',').any(|it| it == format!("@{domain}:pass"));
        !(of_domain || named("X-Mailgun-Dkim-Check-Result").iter().any(|it| it == "pass"))
    }
}

fn mailgun(form: &Form) -> Posted {
    let mut headers = listed(&form.text("message-headers"));
    for name in ["From", "To", "Message-Id", "In-Reply-To", "References", "Auto-Submitted"] {
        let value = form.text(name);
        if !value.is_empty() && !headers.iter().any(|(it, _)| it.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned(), value));
        }
    }
    if !headers.iter().any(|(it, _)| it.eq_ignore_ascii_case("from")) {
        headers.push(("From".to_owned(), form.text("from")));
    }
    let plain = form.bytes("body-plain").filter(|it| !it.is_empty());
    Posted {
        whole: form.bytes("body-mime").map(<[u8]>::to_vec),
        headers,
        envelope_to: vec![form.text("recipient")],
        is_html: plain.is_none(),
        text: plain.or(form.bytes("body-html")).unwrap_or_default().to_vec(),
        report: form.report(),
        ..Posted::default()
    }
}

fn sendgrid(form: &Form) -> Posted {
    let envelope: Value =
        serde_json::from_slice(form.bytes("envelope").unwrap_or_default()).unwrap_or_default();
    let charsets: Value =
        serde_json::from_slice(form.bytes("charsets").unwrap_or_default()).unwrap_or_default();
    let mut headers = unfolded(&form.text("headers"));
    for name in ["From", "To"] {
        if !headers.iter().any(|(it, _)| it.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned(), form.text(&name.to_lowercase())));
        }
    }
    let plain = form.bytes("text").filter(|it| !it.is_empty());
    let charset = charsets[if plain.is_some() { "text" } else { "html" }].as_str().unwrap_or("");
    Posted {
        whole: form.bytes("email").map(<[u8]>::to_vec),
        headers,
        envelope_to: texts(&envelope["to"]),
        is_html: plain.is_none(),
        text: plain.or(form.bytes("html")).unwrap_or_default().to_vec(),
        charset: charset.to_owned(),
        report: form.report(),
        spf: form.text("SPF"),
        dkim: form.text("dkim"),
    }
}

fn postmark(body: &[u8]) -> Result<Posted, String> {
    let json: Value =
        serde_json::from_slice(body).map_err(|it| format!("this is not JSON: {it}"))?;
    let text = |name: &str| json[name].as_str().unwrap_or("").to_owned();
    let named = json["Headers"].as_array().into_iter().flatten().filter_map(|it| {
        Some((it["Name"].as_str()?.to_owned(), it["Value"].as_str().unwrap_or("").to_owned()))
    });
    let mut headers: Vec<(String, String)> = named.collect();
    let has = |headers: &[(String, String)], name: &str| {
        headers.iter().any(|(it, _)| it.eq_ignore_ascii_case(name))
    };
    let from = json["FromFull"]["Email"].as_str().map_or_else(|| text("From"), str::to_owned);
    for (name, value) in [("From", from), ("To", text("To")), ("Cc", text("Cc"))] {
        if !value.is_empty() && !has(&headers, name) {
            headers.push((name.to_owned(), value));
        }
    }
    if !has(&headers, "Message-ID") && !text("MessageID").is_empty() {
        headers.push(("Message-ID".to_owned(), format!("<{}@postmark>", text("MessageID"))));
    }
    let plain = text("TextBody");
    let attached = json["Attachments"].as_array().into_iter().flatten().filter_map(|it| {
        let bytes = STANDARD.decode(it["Content"].as_str()?).ok()?;
        Some((it["ContentType"].as_str()?.to_owned(), bytes))
    });
    Ok(Posted {
        whole: json["RawEmail"]
            .as_str()
            .filter(|it| !it.is_empty())
            .map(|it| it.as_bytes().to_vec()),
        headers,
        envelope_to: vec![text("OriginalRecipient")],
        is_html: plain.is_empty(),
        text: if plain.is_empty() { text("HtmlBody") } else { plain }.into_bytes(),
        report: report_of(attached),
        ..Posted::default()
    })
}

/// The report of a mail server among what is attached, and the letter that came back behind it.
fn report_of(attached: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let bare = |it: &str| it.split(';').next().unwrap_or("").trim().to_lowercase();
    let all: Vec<_> = attached.map(|(kind, bytes)| (bare(&kind), bytes)).collect();
    if !all.iter().any(|(kind, _)| kind == "message/delivery-status") {
        return vec![];
    }
    let kept = ["message/delivery-status", "message/rfc822", "text/rfc822-headers"];
    all.into_iter().filter(|(kind, _)| kept.contains(&kind.as_str())).collect()
}

/// `[["From", "Ana"], …]`.
fn listed(json: &str) -> Vec<(String, String)> {
    serde_json::from_str::<Vec<(String, Value)>>(json)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, it)| (name, it.as_str().map_or_else(|| it.to_string(), str::to_owned)))
        .collect()
}

/// Headers as they stand in a letter.
fn unfolded(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = vec![];
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = all.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            all.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    all
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn on_one_line(text: &str) -> String {
    let mut end = text.len().min(HEADER_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].replace(['\r', '\n', '\0'], " ")
}

/// `name=value` or `name="value"` among parameters.
fn parameter(text: &str, name: &str) -> Option<String> {
    text.split(';').find_map(|it| {
        let (key, value) = it.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (key.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
    })
}

/// The parts between boundaries (RFC 2046 §5.1).
fn parts(boundary: &str, body: &[u8]) -> Result<Vec<Field>, String> {
    const CUT: &str = "the form ends in the middle";
    let between = format!("\r\n--{boundary}").into_bytes();
    let opening = &between[2..];
    let mut rest = if body.starts_with(opening) {
        &body[opening.len()..]
    } else {
        &body[find(body, &between).ok_or(CUT)? + between.len()..]
    };
    let mut fields = vec![];
    while !rest.starts_with(b"--") {
        if fields.len() == FIELDS_MAX {
            return Err(format!("the form has more than {FIELDS_MAX} fields"));
        }
        rest = &rest[find(rest, b"\r\n").ok_or(CUT)? + 2..];
        // A part without a header begins with the empty line.
        let (head, from) = match rest.strip_prefix(b"\r\n") {
            Some(_) => (&rest[..0], 2),
            None => find(rest, b"\r\n\r\n").map(|at| (&rest[..at], at + 4)).ok_or(CUT)?,
        };
        let body = &rest[from..];
        let end = find(body, &between).ok_or(CUT)?;
        let head = unfolded(&String::from_utf8_lossy(head));
        let header = |name: &str| {
            let found = head.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
            found.map_or("", |(_, value)| value.as_str())
        };
        if let Some(name) = parameter(header("Content-Disposition"), "name") {
            let kind = header("Content-Type").to_owned();
            fields.push(Field { name, kind, bytes: body[..end].to_vec() });
        }
        rest = &body[end + between.len()..];
    }
    Ok(fields)
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = hay.get(from..)?.iter().position(|it| *it == first) {
        if hay[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
