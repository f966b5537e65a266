//! The words every other crate shares: time, ids, labels, and the catalogue of an organisation.
//!
//! Intuition: this crate is the dictionary, not the story. It says what a feature, a rota or a
//! person *is*; what happens to them is decided in `engine`.
//!
//! Invariants:
//! - plain data: no I/O, no clock, no randomness, no decision;
//! - ordered maps only, so that the same catalogue always renders and hashes the same;
//! - personal text is [`Personal`] and nothing else, so that `wire` can find and encrypt it.

mod alerts;
mod back;
mod catalogue;
mod duty;
mod escalation;
mod exclusion;
mod id;
mod label;
pub mod map;
mod objective;
mod own;
mod pager;
mod personal;
mod promise;
mod rules;
mod sli;
mod time;
mod watched;
mod ways;

pub use alerts::{Alerts, BudgetAlerts, BudgetLeft, Exhausted, NoData};
pub use back::{Back, Mailbox, ReplyWay};
pub use catalogue::{
    Catalogue, Channel, Contact, Feature, Layer, Medium, Need, Owners, Person, Rota, Route,
    SecretRef, Service, ServiceKind, Slo, Source, SourceKind, Team, Turn, Weekday,
};
pub use duty::{
    Advance, Away, AwayKind, HandoverRules, LayerRules, Pay, PersonDuty, Readiness, RosterRules,
    RotaRules, ShiftPattern,
};
pub use escalation::{BudgetWhen, Escalation, EscalationStep, Hours, PageTarget, Urgency, When};
pub use exclusion::{CountsAs, ExcludedTimes, Exclusion, Occasions};
pub use id::{
    AlertId, ChangeId, ChannelId, EscalationId, ExclusionId, FeatureId, HandoverId, HeartbeatId,
    ImprovementId, IncidentId, InvalidName, NoticeId, OrgId, OverrideId, PageId, PersonId,
    RosterId, RotaId, ServiceId, SilenceId, SloId, SourceId, SwapId, TeamId, TodoId, TokenId,
    WindowId,
};
pub use label::{Labels, Severity};
pub use map::{Map, Set};
pub use objective::{InvalidObjective, Objective};
pub use own::{AlertCondition, Own};
pub use pager::{LoadLimit, LoadPer, LoadThen, Mode, Pager};
pub use personal::Personal;
pub use promise::{RevisionNote, SEGMENTS_MAX, Segment, Segments};
pub use rules::{ContactRule, PersonRules, Quiet};
pub use sli::{Asks, Calendar, Comparison, Is, Method, Per, Period, RATIO_PARTS, Sli};
pub use time::{Millis, Timestamp};
pub use watched::{
    Days, Heartbeat, Maintenance, NotWhen, OutboundPing, Recurrence, SYNTHETIC, Synthetic, Watched,
};
pub use ways::PRIORITY_USUAL;
