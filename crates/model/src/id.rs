//! Names that people choose, and numbers that the journal gives. A type for each.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A name that is not written as ids are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an id: use 1 to 64 lower-case letters, digits, `-` and `_`, starting with a letter or digit"
)]
pub struct InvalidName(pub String);

/// Longest id a person may choose, in bytes.
const NAME_LENGTH_MAX: usize = 64;

fn is_name(text: &str) -> bool {
    let rest_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts_ok = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= NAME_LENGTH_MAX && starts_ok && text.chars().all(rest_ok)
}

macro_rules! name_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes `text` as an id if it is written as one.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                if is_name(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName(text.to_owned())) }
            }

            /// The id as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        /// For ids written in code; panics on a malformed one.
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text).expect("an id written in code is well formed")
            }
        }
    )*};
}

name_id! {
    /// An organisation; part of every stored key.
    OrgId;
    /// Somebody who works here.
    PersonId;
    /// People who own services and features together.
    TeamId;
    /// Something that runs: ours, or a supplier's.
    ServiceId;
    /// Something a user does.
    FeatureId;
    /// A schedule: who is on duty when.
    RotaId;
    /// An escalation policy.
    EscalationId;
    /// A way out to people: a mail server, an SMS gateway, a webhook.
    ChannelId;
    /// Where samples come from.
    SourceId;
    /// A sign of life that somebody owes us.
    HeartbeatId;
    /// Planned work that comes again.
    WindowId;
    /// Times that a budget does not count.
    ExclusionId;
    /// Work that would bring budget back.
    ImprovementId;
}

/// A service objective, written `service.slo`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SloId {
    /// The service it is about.
    pub service: ServiceId,
    /// Its name within the service; written like an id. With an `@` it is what a feature measures, see
    /// [`crate::Own`].
    pub name: String,
}

impl SloId {
    /// Reads `service.slo`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName(text.to_owned());
        let (service, name) = text.split_once('.').ok_or_else(invalid)?;
        if !is_name(name) && !crate::own::is_own_name(name, is_name) {
            return Err(invalid());
        }
        Ok(Self { service: ServiceId::new(service).map_err(|_| invalid())?, name: name.to_owned() })
    }
}

impl fmt::Display for SloId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.service, self.name)
    }
}

impl TryFrom<String> for SloId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

impl From<SloId> for String {
    fn from(id: SloId) -> Self {
        id.to_string()
    }
}

/// For ids written in code; panics on a malformed one.
impl From<&str> for SloId {
    fn from(text: &str) -> Self {
        Self::parse(text).expect("an id written in code is well formed")
    }
}

macro_rules! number_id {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[derive(Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub u64);

        impl $name {
            /// Reads the printed form, prefix and number.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                text.strip_prefix(concat!($prefix, "_"))?.parse().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(&text).ok_or(InvalidName(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    )*};
}

number_id! {
    /// One alert, from firing to its end.
    AlertId "al";
    /// One incident: what a team deals with.
    IncidentId "in";
    /// One call to people that wants an answer.
    PageId "pg";
    /// One message to one address.
    NoticeId "no";
    /// A time in which alerts that match call nobody.
    SilenceId "si";
    /// Something that was changed: a deploy, a switch.
    ChangeId "ch";
    /// A way in: session, API token or the key of a door.
    TokenId "tk";
    /// A change to who is on duty.
    OverrideId "ov";
    /// A proposed roster.
    RosterId "ro";
    /// A request to give or change shifts.
    SwapId "sw";
    /// What whoever ends a shift tells whoever begins one.
    HandoverId "ho";
    /// Something to do that goes from shift to shift until it is done.
    TodoId "td";
}
