//! What a rota may say beyond who follows whom: hours, dates, shifts, rules, readiness, absences.
//!
//! Everything here has a default that says nothing, and a default is not written: a catalogue that
//! uses none of it reads, renders and hashes as it always did.

use crate::{Hours, Millis, PersonId, RotaId, TeamId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a layer says beyond its turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayerRules {
    /// IANA zone in which the times of this layer are meant; the rota's where there is none.
    pub timezone: Option<String>,
    /// Shifts in the place of turns: each occurrence is one person's.
    pub shifts: Vec<ShiftPattern>,
    /// The times in which the layer speaks; empty: always.
    pub only: Vec<Hours>,
    /// The first local day, `YYYY-MM-DD`, on which it speaks.
    pub from: Option<String>,
    /// The last local day on which it speaks.
    pub until: Option<String>,
    /// What makes it the next one's turn.
    pub advance: Advance,
    /// How many are on duty together; at least 1.
    pub together: u16,
}

impl Default for LayerRules {
    fn default() -> Self {
        Self {
            timezone: None,
            shifts: vec![],
            only: vec![],
            from: None,
            until: None,
            advance: Advance::Turn,
            together: 1,
        }
    }
}

/// What makes it the next one's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advance {
    /// The clock: every turn counts, whether the layer speaks in it or not.
    #[default]
    Turn,
    /// Work: a turn in which the layer never speaks is nobody's, and nobody is skipped.
    Worked,
}

/// A shift that comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftPattern {
    /// On which days, as an RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=MO,TU`.
    pub repeat: String,
    /// Minute of the local day at which it starts.
    pub start_minute: u16,
    /// How long it lasts on a clock on the wall, in minutes.
    pub lasts_mins: u32,
}

/// What a rota says beyond its layers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RotaRules {
    /// Rotas whose people are never on duty here at the same time: the next in turn steps in.
    pub apart_from: Vec<RotaId>,
    /// When somebody must be on duty; empty: always.
    pub cover: Vec<Hours>,
    /// Who hears of gaps.
    pub owner: Option<TeamId>,
    /// Skills that somebody on duty must have at every hour that is covered.
    pub skills: Vec<String>,
    /// How far each has come; whoever is not in here goes alone.
    pub readiness: BTreeMap<PersonId, Readiness>,
    /// What a proposed roster must keep to.
    pub roster: RosterRules,
    /// What is told when the rota changes hands.
    #[serde(skip_serializing_if = "is_default")]
    pub handover: HandoverRules,
}

/// What is told when a rota changes hands, and what follows when nobody reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HandoverRules {
    /// Whether anything is; `None`: where a policy of escalation calls the rota.
    pub on: Option<bool>,
    /// How long before the end of a shift its draft is there.
    pub before: Millis,
    /// After how long unread whoever has the shift now is reminded.
    pub nag: Millis,
    /// After how long unread they are called, and after as long again the others; `None`: never.
    pub page: Option<Millis>,
}

impl Default for HandoverRules {
    fn default() -> Self {
        Self {
            on: None,
            before: Millis::from_hours(1),
            nag: Millis::from_mins(30),
            page: Some(Millis::from_hours(2)),
        }
    }
}

/// How far somebody has come towards being on duty alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// Looks on; never counts.
    Observer,
    /// Takes the duty beside somebody who goes alone.
    Shadowed,
    /// Goes alone.
    Solo,
}

/// What a proposed roster must keep to, and what it weighs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RosterRules {
    /// Hours of rest after a shift that held a night.
    pub rest_after_night_hours: Option<u16>,
    /// Most shifts of one person without a free one between.
    pub shifts_in_row_max: Option<u16>,
    /// Most nights of one person in a calendar month.
    pub nights_per_month_max: Option<u16>,
    /// Who must not be on duty at the same time.
    pub not_together: Vec<(PersonId, PersonId)>,
    /// Load from before, in weighted hours, that somebody brings along.
    pub debt: BTreeMap<PersonId, i64>,
}

/// What is known about the time and the knowledge of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonDuty {
    /// The hours in which they are awake and at work, in their own zone.
    pub hours: Option<Hours>,
    /// What they know, from 0 (nothing) to 3 (can teach it).
    pub skills: BTreeMap<String, u8>,
    /// When they are away, in order.
    pub away: Vec<Away>,
}

/// What an hour on duty is paid, in cents of a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pay {
    /// What people write for it, such as `KES`.
    pub currency: String,
    /// Every hour.
    pub hour_cents: u32,
    /// What an hour of the night adds.
    pub night_cents: u32,
    /// What an hour of a weekend adds.
    pub weekend_cents: u32,
    /// What an hour of a public holiday adds.
    pub holiday_cents: u32,
}

/// A time in which somebody is away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Away {
    /// The first instant.
    pub starts: Timestamp,
    /// The first instant after it.
    pub ends: Timestamp,
    /// Why.
    pub kind: AwayKind,
}

/// Why somebody is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwayKind {
    /// Leave of their own.
    Leave,
    /// A public holiday where they are.
    Holiday,
}

/// Whether a part says nothing and need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(it: &T) -> bool {
    *it == T::default()
}
