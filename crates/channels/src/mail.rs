//! E-mail by SMTP.
//!
//! Intuition: of all roads this is the one on which letters are lost most quietly, so we ask for news at
//! every corner. Where the server can, it is asked to report delivery, failure and delay (DSN, RFC 3461)
//! under the key of the notice. Where an inbox is configured, bounces come back to an address that
//! names the notice, and so do replies, which acknowledge.
//!
//! The Message-ID is made from the key, so that a letter sent again after a crash is recognisable.
//!
//! One connection for each letter: pages are few, and a connection kept open for hours is the one that
//! turns out to be dead when it matters.

use crate::escape::{html, printable};
use crate::{Message, Outcome, Priority, SEND_TIMEOUT, one_line};
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{self, Ehlo, Rcpt};
use lettre::transport::smtp::extension::{
    ClientId, Extension, MailBodyParameter, MailParameter, RcptParameter,
};
use lettre::transport::smtp::response::Response;
use model::{Channel, SecretRef, Timestamp};
use std::time::{Duration, UNIX_EPOCH};

pub(crate) struct Mail {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<Credentials>,
    from: Mailbox,
    inbox: Option<Address>,
}

enum Protection {
    None,
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

/// Without credentials.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({}:{})", self.host, self.port)
    }
}

impl Mail {
    pub(crate) fn new(
        channel: &Channel,
        resolve: &dyn Fn(&SecretRef) -> Result<String, String>,
    ) -> Result<Self, String> {
        let Channel::Smtp { host, port, from, encryption, username, password, inbox, authority } =
            channel
        else {
            return Err("not a mail channel".to_owned());
        };
        let protection = match encryption.as_str() {
            "none" => Protection::None,
            "tls" => Protection::Tls(tls(host, authority.as_deref())?),
            _ => Protection::StartTls(tls(host, authority.as_deref())?),
        };
        let credentials = match (username, password) {
            (Some(username), Some(password)) => {
                Some(Credentials::new(username.clone(), resolve(password)?))
            }
            _ => None,
        };
        let from: Mailbox =
            from.parse().map_err(|it| format!("the sender `{from}` is no address: {it}"))?;
        let inbox = inbox
            .as_ref()
            .map(|it| {
                it.parse().map_err(|error| format!("the inbox `{it}` is no address: {error}"))
            })
            .transpose()?;
        Ok(Self { host: host.clone(), port: *port, protection, credentials, from, inbox })
    }

    pub(crate) async fn send(&self, message: &Message, now: Timestamp) -> Outcome {
        let to: Mailbox = match message.to.parse() {
            Ok(to) => to,
            Err(it) => {
                let detail = format!("`{}` is no address: {it}", message.to);
                return Outcome::Permanent { detail };
            }
        };
        let mail = match self.letter(message, &to, now) {
            Ok(mail) => mail,
            Err(detail) => return Outcome::Permanent { detail },
        };
        let written = mail.formatted();
        let carried = self.carry(&written, &to.email, message);
        // A server that hangs after the letter may have it already: sent again, it is the same letter.
        let Ok(carried) = tokio::time::timeout(SEND_TIMEOUT, carried).await else {
            let secs = SEND_TIMEOUT.as_secs();
            let detail = format!("the mail server did not finish within {secs} s");
            return Outcome::Transient { detail };
        };
        match carried {
            Ok(answer) => {
                let said: Vec<&str> = answer.message().collect();
                Outcome::Sent { provider_id: one_line(&said.join(" ")).chars().take(100).collect() }
            }
            Err(error) => {
                let mut detail = format!("the mail server: {error}");
                if let Some(cause) = std::error::Error::source(&error) {
                    detail = format!("the mail server: {cause}");
                }
                let detail: String = one_line(&detail).chars().take(300).collect();
                if error.is_permanent() {
                    Outcome::Permanent { detail }
                } else {
                    Outcome::Transient { detail }
                }
            }
        }
    }

    async fn carry(&self, mail: &[u8], to: &Address, message: &Message) -> Result<Response, Error> {
        let hello = ClientId::default();
        let wrapper = match &self.protection {
            Protection::Tls(parameters) => Some(parameters.clone()),
            Protection::None | Protection::StartTls(_) => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut line =
            AsyncSmtpConnection::connect_tokio1(server, Some(SEND_TIMEOUT), &hello, wrapper, None)
                .await?;
        if let Protection::StartTls(parameters) = &self.protection {
            line.starttls(parameters.clone(), &hello).await?;
        }
        // What the greeting offers is asked once more: the library forgets what it does not know.
        let offers = line.command(Ehlo::new(hello)).await?;
        let reports = offers.message().any(|it| it.trim().eq_ignore_ascii_case("DSN"));
        if let Some(credentials) = &self.credentials {
            line.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        let done = self.dialogue(&mut line, mail, to, message, reports).await;
        match &done {
            Ok(_) => drop(line.quit().await),
            Err(_) => line.abort().await,
        }
        done
    }

    async fn dialogue(
        &self,
        line: &mut AsyncSmtpConnection,
        mail: &[u8],
        to: &Address,
        message: &Message,
        reports: bool,
    ) -> Result<Response, Error> {
        let back = self.return_address(&message.key).unwrap_or_else(|| self.from.email.clone());
        let info = line.server_info();
        let mut about = vec![];
        if !back.to_string().is_ascii() || !to.to_string().is_ascii() {
            about.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() && info.supports_feature(Extension::EightBitMime) {
            about.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let mut of_reader = vec![];
        if reports {
            let other = |keyword: &str, value: &str| (keyword.to_owned(), Some(value.to_owned()));
            for (keyword, value) in [other("RET", "HDRS"), other("ENVID", &message.key)] {
                about.push(MailParameter::Other { keyword, value });
            }
            // Without an inbox nobody reads them, and news of success would fill a stranger's.
            let which =
                if self.inbox.is_some() { "SUCCESS,FAILURE,DELAY" } else { "FAILURE,DELAY" };
            let (keyword, value) = other("NOTIFY", which);
            of_reader.push(RcptParameter::Other { keyword, value });
        }
        line.command(commands::Mail::new(Some(back), about)).await?;
        line.command(Rcpt::new(to.clone(), of_reader)).await?;
        line.command(commands::Data).await?;
        line.message(mail).await
    }

    /// The inbox, under an address that names the notice.
    fn return_address(&self, key: &str) -> Option<Address> {
        let inbox = self.inbox.as_ref()?;
        Address::new(format!("{}+{key}", inbox.user()), inbox.domain()).ok()
    }

    fn letter(
        &self,
        message: &Message,
        to: &Mailbox,
        now: Timestamp,
    ) -> Result<lettre::Message, String> {
        let domain = self.from.email.domain();
        let since_epoch = Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(to.clone())
            .subject(one_line(&printable(&message.subject)))
            .date(UNIX_EPOCH + since_epoch)
            .message_id(Some(format!("<{}@{domain}>", message.key)))
            // Nobody's holiday answers us (RFC 3834, and what Exchange reads instead).
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"))
            .raw_header(raw("List-Id", &format!("Lamplighter <lamplighter.{domain}>")));
        if let Some(address) = self.return_address(&message.key) {
            builder = builder.reply_to(Mailbox::new(None, address));
        }
        if message.priority == Priority::High {
            builder = builder.raw_header(raw("Importance", "high"));
        }
        let mut text = printable(&message.text);
        let mut rich =
            format!("<pre style=\"font:inherit;white-space:pre-wrap\">{}</pre>", html(&text));
        if let Some(url) = &message.ack_url {
            text = format!("{text}\n\nTake it: {url}\n");
            rich = format!("{rich}<p><a href=\"{0}\">Take it</a></p>", html(url));
        }
        let part = |kind, body| SinglePart::builder().header(kind).body(body);
        builder
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, text))
                    .singlepart(part(ContentType::TEXT_HTML, rich)),
            )
            .map_err(|it| format!("the letter cannot be written: {it}"))
    }
}

fn tls(host: &str, authority: Option<&str>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = authority {
        let pem = std::fs::read(path)
            .map_err(|it| format!("the certificate authority {path} cannot be read: {it}"))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|it| format!("the certificate authority {path} is none: {it}"))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|it| format!("TLS for {host}: {it}"))
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
