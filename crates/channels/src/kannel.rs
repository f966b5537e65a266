//! SMS through `sendsms` of a Kannel gateway.
//!
//! Kannel answers 202 and `0: Accepted for delivery` or `3: Queued for later delivery`; it gives no id.
//! What became of a message it reports by asking an address of ours (`dlr-url`), once for each of the
//! events in `dlr-mask`. Nothing in that is signed, so the address is one that only this notice has.

use crate::call;
use crate::gsm::{Alphabet, cost};
use crate::secret::Secret;
use crate::text::{sms, url_encoded};
use crate::{Message, Outcome};
use egress::{Client, Method};
use std::fmt::Write as _;

#[derive(Debug)]
pub(crate) struct Kannel {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) username: String,
    pub(crate) password: Secret,
    pub(crate) from: Option<String>,
    pub(crate) smsc: Option<String>,
}

/// Delivered to the telephone (1), not delivered (2), refused by the centre (16): the ends. That it was
/// queued or passed on says nothing about anybody's telephone.
const DLR_MASK: &str = "19";

impl Kannel {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let text = sms(message);
        let coding = match cost(&text).alphabet {
            Alphabet::Gsm7 => "0",
            Alphabet::Ucs2 => "2",
        };
        let mut url = format!(
            "{}?username={}&password={}&to={}&text={}&charset=UTF-8&coding={coding}",
            self.url,
            url_encoded(&self.username),
            url_encoded(&self.password.0),
            url_encoded(&message.to),
            url_encoded(&text),
        );
        for (name, value) in [("from", &self.from), ("smsc", &self.smsc)] {
            if let Some(value) = value {
                let _ = write!(url, "&{name}={}", url_encoded(value));
            }
        }
        if let Some(callbacks) = &message.callbacks {
            // `%d` is filled in by Kannel: the one of the mask that happened.
            let back = format!("{}?status=%d", callbacks.url("kannel"));
            let _ = write!(url, "&dlr-mask={DLR_MASK}&dlr-url={}", url_encoded(&back));
        }
        match call::request(&self.client, Method::GET, &url, &[], vec![]).await {
            Err(outcome) => outcome,
            Ok(it)
                if it.status == 202 && (it.text.starts_with('0') || it.text.starts_with('3')) =>
            {
                Outcome::Sent { provider_id: String::new() }
            }
            Ok(it) if it.is_success() => it.refused(&it.text, false),
            Ok(it) => it.failed(""),
        }
    }
}
