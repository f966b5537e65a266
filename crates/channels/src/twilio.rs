//! SMS and calls through Twilio's REST API (`POST /2010-04-01/Accounts/{sid}/Messages.json` and
//! `…/Calls.json`), and what became of them.
//!
//! A call's words travel with the request, so that it speaks even when Twilio cannot reach us; only the
//! keys that are pressed come to an address of ours. Twilio signs what it sends there.

use crate::call::{self, Answer};
use crate::escape::{spoken, xml};
use crate::secret::Secret;
use crate::text::{sms, url_encoded};
use crate::{Evidence, Message, Outcome};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egress::{Client, Method};

/// An account, and the sender it shows.
#[derive(Debug)]
pub(crate) struct Twilio {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) account: String,
    pub(crate) token: Secret,
    pub(crate) from: String,
}

/// The same, calling.
#[derive(Debug)]
pub(crate) struct Voice {
    pub(crate) line: Twilio,
    pub(crate) language: String,
}

/// How long a telephone rings: less than most mailboxes wait, which would take the call as answered.
const RING_SECS: u32 = 25;

/// What the keys of a telephone do, as calls say it.
pub const SPOKEN_KEYS: &str = "Press 1 to take it. Press 2 to call the next step now. Press 3 to hear this again. \
                               Press 4 to silence it.";

/// Characters that are read out, twice: about half a minute each.
const SPOKEN_LENGTH_MAX: usize = 400;

impl Twilio {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let mut form = vec![("To", message.to.clone()), ("From", self.from.clone())];
        form.push(("Body", sms(message)));
        if let Some(callbacks) = &message.callbacks {
            form.push(("StatusCallback", callbacks.url("twilio-sms")));
        }
        self.create("Messages", &form).await
    }

    /// What became of a message.
    pub(crate) async fn receipt(&self, sid: &str) -> Result<Evidence, Outcome> {
        let answer = self.look("Messages", sid).await?;
        let code = answer.json["error_code"].as_i64();
        Ok(match answer.json["status"].as_str() {
            Some("delivered" | "read") => Evidence::Reached { at: None },
            Some(status @ ("undelivered" | "failed" | "canceled")) => {
                Evidence::Failed { detail: with_code(status, code) }
            }
            _ => Evidence::Nothing,
        })
    }

    async fn create(&self, what: &str, form: &[(&str, String)]) -> Outcome {
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", url_encoded(value))).collect();
        let authorization = self.authorization();
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let url = format!("{}/{what}.json", self.base());
        let body = body.join("&").into_bytes();
        let answer = match call::request(&self.client, Method::POST, &url, &headers, body).await {
            Err(outcome) => return outcome,
            Ok(answer) => answer,
        };
        // Twilio says 201 and an id when it took the message; a status of `failed` within is a no.
        match (answer.status, answer.json["sid"].as_str(), answer.json["status"].as_str()) {
            (201, Some(sid), status) if status != Some("failed") => {
                Outcome::Sent { provider_id: sid.to_owned() }
            }
            (200..300, ..) => {
                let detail = "Twilio answered without taking the message".to_owned();
                Outcome::Permanent { detail }
            }
            _ => answer.failed(answer.json["message"].as_str().unwrap_or_default()),
        }
    }

    async fn look(&self, what: &str, sid: &str) -> Result<Answer, Outcome> {
        let authorization = self.authorization();
        let headers = [("authorization", authorization.as_str())];
        let url = format!("{}/{what}/{}.json", self.base(), url_encoded(sid));
        let answer = call::request(&self.client, Method::GET, &url, &headers, vec![]).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(answer.failed(answer.json["message"].as_str().unwrap_or_default()))
    }

    fn base(&self) -> String {
        let base = self.url.trim_end_matches('/');
        format!("{base}/2010-04-01/Accounts/{}", url_encoded(&self.account))
    }

    fn authorization(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.account, self.token.0)))
    }
}

impl Voice {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let mut form = vec![("To", message.to.clone()), ("From", self.line.from.clone())];
        form.push(("Timeout", RING_SECS.to_string()));
        form.push(("Twiml", self.words(message)));
        if let Some(callbacks) = &message.callbacks {
            form.push(("StatusCallback", callbacks.url("twilio-call")));
            form.push(("StatusCallbackMethod", "POST".to_owned()));
            for event in ["ringing", "answered", "completed"] {
                form.push(("StatusCallbackEvent", event.to_owned()));
            }
        }
        self.line.create("Calls", &form).await
    }

    /// What became of a call. That it was answered does not say by whom, so only keys acknowledge.
    pub(crate) async fn receipt(&self, sid: &str) -> Result<Evidence, Outcome> {
        let answer = self.line.look("Calls", sid).await?;
        Ok(match answer.json["status"].as_str() {
            Some("in-progress" | "completed") => Evidence::Reached { at: None },
            Some(status @ ("busy" | "no-answer" | "failed" | "canceled")) => {
                Evidence::Failed { detail: with_code(status, None) }
            }
            _ => Evidence::Nothing,
        })
    }

    /// `TwiML`: the words twice, and keys where we can be told of them.
    fn words(&self, message: &Message) -> String {
        let what = spoken(&message.short);
        let what: String = what.chars().take(SPOKEN_LENGTH_MAX).collect();
        let language = xml(&self.language);
        let say = |text: &str| format!("<Say language=\"{language}\">{}</Say>", xml(text));
        let opening = "This is Lamplighter.";
        let Some(callbacks) = message.callbacks.as_ref().filter(|_| !message.actions.is_empty())
        else {
            let once = format!("{}<Pause length=\"1\"/>", say(&format!("{opening} {what}")));
            return format!("<Response>{once}{once}</Response>");
        };
        let url = xml(&callbacks.url("twilio-keys"));
        let gather = format!(
            "<Gather numDigits=\"1\" timeout=\"6\" method=\"POST\" action=\"{url}\">{}</Gather>",
            say(&format!("{opening} {what}. {SPOKEN_KEYS}"))
        );
        let nothing = say("No key was pressed. Somebody else may be called.");
        format!("<Response>{gather}{gather}{nothing}</Response>")
    }
}

fn with_code(status: &str, code: Option<i64>) -> String {
    match code {
        Some(code) => format!("Twilio says {status} (error {code})"),
        None => format!("Twilio says {status}"),
    }
}
