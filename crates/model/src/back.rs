//! Ways back: what people and providers send to us.
//!
//! Intuition: a channel is a road out; here stands how its traffic in the other direction proves where it
//! comes from. A road of which nothing is said here, and whose provider has no signature of its own, is
//! closed in that direction.

use crate::{ChannelId, SecretRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that leads back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// By channel, where something is to be said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replies: BTreeMap<ChannelId, ReplyWay>,
    /// The mailbox that is read for replies and for mail that could not be delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<Mailbox>,
}

impl Back {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.inbox.is_none()
    }
}

/// How what comes back through a channel is recognised and read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyWay {
    /// What whoever delivers it must show, where the provider has no signature of its own.
    pub secret: Option<SecretRef>,
    /// The secret, token or signing secret before the present one, until everybody has changed.
    pub former_secret: Option<SecretRef>,
    /// The field that holds who wrote.
    pub from: String,
    /// The field that holds what they wrote.
    pub text: String,
    /// The field that holds what the provider calls the message.
    pub id: String,
}

/// A mailbox read by IMAP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `tls`, `starttls` or `none`.
    pub encryption: String,
    /// User name.
    pub username: String,
    /// Password.
    pub password: SecretRef,
    /// The folder.
    pub folder: String,
    /// A PEM file with the authority of the server's certificate, where it is no public one.
    pub authority: Option<String>,
}
