//! Ways in: passwords, sessions, API tokens, keys of doors. Hashes only.

use model::{Map, PersonId, Personal, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who may come in, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// Tokens that are neither revoked nor known to have expired.
    pub tokens: Map<TokenId, Token>,
    /// People who may log in.
    pub passwords: BTreeMap<PersonId, Password>,
}

/// One way in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// What it opens.
    pub kind: TokenKind,
    /// On whose behalf it acts.
    pub person: Option<PersonId>,
    /// What people call it.
    pub label: String,
    /// Lower-case hex SHA-256 of the secret.
    pub sha256: String,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Makes the first administrator; spent by use.
    Setup,
    /// A browser that logged in.
    Session,
    /// The API and the command line, as a person.
    Api,
    /// A door: may deliver alerts and nothing else.
    Door,
    /// A calendar of shifts, read by programs that can only keep an address.
    Calendar,
}

/// A password and what it allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Password {
    /// argon2id in PHC form.
    pub hash: Personal,
    /// What they may do.
    pub role: Role,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything a member may, and tokens and people's passwords.
    Admin,
    /// Acknowledge, resolve, review, sign, raise.
    Member,
}

impl Access {
    /// The live token whose secret hashes to `sha256`, if any.
    ///
    /// A linear walk: an organisation of 300 has at most a few thousand tokens, and an index would
    /// be one more thing to keep in step. The caller compares hashes of random secrets, so the
    /// time taken tells nothing about a secret.
    #[must_use]
    pub fn find(&self, sha256: &str, now: Timestamp) -> Option<(TokenId, &Token)> {
        self.tokens
            .iter()
            .find(|(_, it)| it.sha256 == sha256 && it.expires_at.is_none_or(|end| now < end))
            .map(|(id, it)| (*id, it))
    }

    /// The role of `person`; nobody without a password has one.
    #[must_use]
    pub fn role_of(&self, person: &PersonId) -> Option<Role> {
        self.passwords.get(person).map(|it| it.role)
    }
}
