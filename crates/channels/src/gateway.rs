//! SMS through any HTTP gateway, by templates: `{to}`, `{text}` and `{key}` are replaced, encoded for
//! where they stand.

use crate::text::{json_escaped, sms, url_encoded};
use crate::{ANSWER_BYTES_MAX, Message, Outcome, SEND_TIMEOUT, failed, unreached};
use egress::Client;
use std::collections::BTreeMap;

pub(crate) struct Gateway {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) posts: bool,
    pub(crate) body: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
}

/// Without URL and headers, which may hold secrets.
impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let url = filled(&self.url, message, url_encoded);
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = if self.posts {
            let named = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            if !named {
                headers.push(("content-type", "application/json"));
            }
            let template = self.body.as_deref().unwrap_or(r#"{"to":"{to}","text":"{text}"}"#);
            let form = headers.iter().any(|(_, value)| value.contains("form-urlencoded"));
            let encode = if form { url_encoded } else { json_escaped };
            let body = filled(template, message, encode).into_bytes();
            self.client.post(&url, &headers, body, ANSWER_BYTES_MAX, SEND_TIMEOUT).await
        } else {
            self.client.get(&url, &headers, ANSWER_BYTES_MAX, SEND_TIMEOUT).await
        };
        match answer {
            Err(error) => unreached(&error),
            Ok(it) if (200..300).contains(&it.status) => {
                Outcome::Sent { provider_id: String::new() }
            }
            Ok(it) => failed(&it),
        }
    }
}

fn filled(template: &str, message: &Message, encode: fn(&str) -> String) -> String {
    // One pass, so that a text which contains `{to}` stays a text.
    let mut out = String::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let value = [("{to}", &message.to), ("{key}", &message.key), ("{text}", &sms(message))]
            .into_iter()
            .find(|(name, _)| rest.starts_with(name))
            .map(|(name, value)| (name.len(), encode(value)));
        let (length, value) = value.unwrap_or((1, "{".to_owned()));
        out.push_str(&value);
        rest = &rest[length..];
    }
    out + rest
}
