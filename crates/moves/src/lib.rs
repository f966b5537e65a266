//! Coming from another pager: people, teams, schedules, overrides and escalations out of the answers of its
//! API, saved to files, as our own configuration, with a report of what differs.
//!
//! Intuition: an interpreter who says when a word has no translation. Each system has its reader; all of
//! them fill one [`draft::Draft`], which holds rotas as `oncall` evaluates them, and is written as YAML at
//! the end. Where the other pager says who *will* be on duty, what was written is asked the same question
//! and every difference is listed ([`compare`]).
//!
//! Complications: half of an export is worse than none, because nobody sees which half. A page that is
//! missing, a reference to what was not exported, a file cut off, a length that nobody knows: each is
//! refused by file and place, and then nothing is written at all. What can be read and not be said in our
//! configuration is *lost*, by name and date, and the rest is written.
//!
//! Invariants:
//! - text in, text out: no I/O, no clock, no randomness;
//! - nothing that was read is left out in silence;
//! - whoever is on duty at a minute in the source is on duty at that minute in what was written, or the
//!   minute is in the report.

mod compare;
mod desk;
mod draft;
mod goalert;
mod json;
mod lanes;
mod layers;
mod oncall_grafana;
mod opsgenie;
mod pagerduty;
mod said;
mod splunk;
mod yaml;

#[cfg(test)]
mod tests;

pub use compare::{Difference, Rendered, compare};

use formats::{Loss, Weight, any_refused};
use model::{Rota, RotaId, Timestamp};
use oncall::Zones;
use std::collections::BTreeMap;

/// A pager that people come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// PagerDuty: layer schedules of REST v2, and shift schedules of v3.
    PagerDuty,
    /// Opsgenie: REST v2.
    Opsgenie,
    /// Grafana `OnCall`: HTTP API v1.
    GrafanaOnCall,
    /// Splunk On-Call, which was `VictorOps`: its public API.
    Splunk,
    /// GoAlert: answers to the GraphQL queries of the book.
    GoAlert,
}

impl System {
    /// Every system, with the name by which it is asked for.
    pub const ALL: &[(&str, Self)] = &[
        ("pagerduty", Self::PagerDuty),
        ("opsgenie", Self::Opsgenie),
        ("splunk", Self::Splunk),
        ("oncall", Self::GrafanaOnCall),
        ("goalert", Self::GoAlert),
    ];

    /// What people call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PagerDuty => "PagerDuty",
            Self::Opsgenie => "Opsgenie",
            Self::Splunk => "Splunk On-Call",
            Self::GrafanaOnCall => "Grafana OnCall",
            Self::GoAlert => "GoAlert",
        }
    }
}

/// What the files themselves do not say.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Id of the organisation.
    pub org: &'a str,
    /// From when on what is written must hold; what was over before is left behind.
    pub now: Timestamp,
    /// Rules of time zones.
    pub zones: &'a Zones,
    /// Rotas that are compared with what the source renders, in the place of those that would be written:
    /// then the report holds nothing else.
    pub against: Option<&'a BTreeMap<RotaId, Rota>>,
}

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Our configuration; `None` when anything was refused.
    pub text: Option<String>,
    /// What differs, what was lost, and what was refused.
    pub losses: Vec<Loss>,
    /// Hours of duty that were compared with what the source itself says, by rota.
    pub compared_hours: i64,
}

/// Reads `files`, names and texts, as answers of `system`.
#[must_use]
pub fn import(system: System, files: &[(String, String)], options: &Options<'_>) -> Moved {
    let mut desk = desk::Desk::new(options);
    let documents = json::documents(files, &mut desk.losses);
    match system {
        System::PagerDuty => pagerduty::read(&documents, &mut desk),
        System::Opsgenie => opsgenie::read(&documents, &mut desk),
        System::Splunk => splunk::read(&documents, &mut desk),
        System::GrafanaOnCall => oncall_grafana::read(&documents, &mut desk),
        System::GoAlert => goalert::read(&documents, &mut desk),
    }
    if options.against.is_some() {
        desk.losses.retain(|it| it.weight == Weight::Refused);
    }
    let compared_hours =
        if any_refused(&desk.losses) { 0 } else { desk.compare(system, options.against) };
    let mut losses = desk.losses;
    losses.sort();
    losses.dedup();
    let text = (!any_refused(&losses)).then(|| yaml::write(&desk.draft, system, options.org));
    Moved { text, losses, compared_hours }
}

/// Which system `text` is an answer of; `None` when it cannot be told.
#[must_use]
pub fn detect(text: &str) -> Option<System> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let found = |is: bool, system| is.then_some(system);
    found(pagerduty::is_answer(&value), System::PagerDuty)
        .or(found(goalert::is_answer(&value), System::GoAlert))
        .or(found(opsgenie::is_answer(&value), System::Opsgenie))
        .or(found(splunk::is_answer(&value), System::Splunk))
        .or(found(oncall_grafana::is_answer(&value), System::GrafanaOnCall))
}
