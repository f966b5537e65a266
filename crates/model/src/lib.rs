//! The words every other crate shares: time, ids, labels, and the catalogue of an organisation.
//!
//! Intuition: this crate is the dictionary, not the story. It says what a feature, a rota or a
//! person *is*; what happens to them is decided in `engine`.
//!
//! Invariants:
//! - plain data: no I/O, no clock, no randomness, no decision;
//! - ordered maps only, so that the same catalogue always renders and hashes the same;
//! - personal text is [`Personal`] and nothing else, so that `wire` can find and encrypt it.

mod catalogue;
mod duty;
mod id;
mod label;
pub mod map;
mod objective;
mod personal;
mod time;
mod ways;

pub use catalogue::{
    Catalogue, Channel, Contact, Escalation, EscalationStep, Feature, Layer, Medium, Need, Owners,
    PageTarget, Person, Rota, Route, SecretRef, Service, ServiceKind, Slo, Source, SourceKind,
    Team, Turn, Weekday,
};
pub use duty::{
    Advance, Away, AwayKind, Hours, LayerRules, PersonDuty, Readiness, RosterRules, RotaRules,
    ShiftPattern,
};
pub use id::{
    AlertId, ChannelId, EscalationId, FeatureId, IncidentId, InvalidName, NoticeId, OrgId,
    OverrideId, PageId, PersonId, RotaId, ServiceId, SilenceId, SloId, SourceId, SwapId, TeamId,
    TokenId,
};
pub use label::{Labels, Severity};
pub use map::{Map, Set};
pub use objective::{InvalidObjective, Objective};
pub use personal::Personal;
pub use time::{Millis, Timestamp};
pub use ways::PRIORITY_USUAL;
