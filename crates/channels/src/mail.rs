//! E-mail by SMTP.
//!
//! The Message-ID is made from the key, so that a letter sent again after a crash is recognisable.

use crate::{Message, Outcome, Priority, SEND_TIMEOUT, one_line};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use model::{Channel, SecretRef, Timestamp};
use std::time::{Duration, UNIX_EPOCH};

#[derive(Debug)]
pub(crate) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domain: String,
}

impl Mail {
    pub(crate) fn new(
        channel: &Channel,
        resolve: &dyn Fn(&SecretRef) -> Result<String, String>,
    ) -> Result<Self, String> {
        let Channel::Smtp { host, port, from, encryption, username, password, .. } = channel else {
            return Err("not a mail channel".to_owned());
        };
        let tls = match encryption.as_str() {
            "none" => Tls::None,
            kind => {
                let parameters = TlsParameters::new(host.clone())
                    .map_err(|it| format!("TLS for {host}: {it}"))?;
                if kind == "tls" { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
            }
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(tls)
            .timeout(Some(SEND_TIMEOUT));
        if let (Some(username), Some(password)) = (username, password) {
            builder = builder.credentials(Credentials::new(username.clone(), resolve(password)?));
        }
        let from: Mailbox =
            from.parse().map_err(|it| format!("the sender `{from}` is no address: {it}"))?;
        let domain = from.email.domain().to_owned();
        Ok(Self { transport: builder.build(), from, domain })
    }

    pub(crate) async fn send(&self, message: &Message, now: Timestamp) -> Outcome {
        let mail = match self.letter(message, now) {
            Ok(mail) => mail,
            Err(detail) => return Outcome::Permanent { detail },
        };
        match self.transport.send(mail).await {
            Ok(answer) => {
                let said: Vec<&str> = answer.message().collect();
                Outcome::Sent { provider_id: one_line(&said.join(" ")).chars().take(100).collect() }
            }
            Err(error) => {
                let mut detail = format!("the mail server: {error}");
                if let Some(cause) = std::error::Error::source(&error) {
                    detail = format!("the mail server: {cause}");
                }
                let detail = one_line(&detail);
                if error.is_permanent() {
                    Outcome::Permanent { detail }
                } else {
                    Outcome::Transient { detail }
                }
            }
        }
    }

    fn letter(&self, message: &Message, now: Timestamp) -> Result<lettre::Message, String> {
        let to: Mailbox =
            message.to.parse().map_err(|it| format!("`{}` is no address: {it}", message.to))?;
        let since_epoch = Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(one_line(&message.subject))
            .date(UNIX_EPOCH + since_epoch)
            .message_id(Some(format!("<{}@{}>", message.key, self.domain)))
            .raw_header(raw("Auto-Submitted", "auto-generated"));
        if message.priority == Priority::High {
            builder = builder.raw_header(raw("Importance", "high"));
        }
        let mut text = message.text.clone();
        let mut html =
            format!("<pre style=\"font:inherit;white-space:pre-wrap\">{}</pre>", escaped(&text));
        if let Some(url) = &message.ack_url {
            text = format!("{text}\n\nTake it: {url}\n");
            html = format!("{html}<p><a href=\"{0}\">Take it</a></p>", escaped(url));
        }
        let part = |kind, body| SinglePart::builder().header(kind).body(body);
        builder
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, text))
                    .singlepart(part(ContentType::TEXT_HTML, html)),
            )
            .map_err(|it| format!("the letter cannot be written: {it}"))
    }
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
