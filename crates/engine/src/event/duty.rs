//! What events about shifts say.

use super::NewNotice;
use model::{OverrideId, PersonId, RosterId, RotaId, SwapId, Timestamp};
use serde::{Deserialize, Serialize};

/// Somebody is asked to take a shift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwapAsked {
    /// Its id.
    pub swap: SwapId,
    /// In which rota.
    pub rota: RotaId,
    /// Whose shift it is.
    pub from: PersonId,
    /// Who is to take it.
    pub with: PersonId,
    /// The shift that is given.
    pub gives: (Timestamp, Timestamp),
    /// The shift that is taken in exchange.
    pub takes: Option<(Timestamp, Timestamp)>,
    /// Who asked.
    pub by: PersonId,
    /// What goes to whoever is asked.
    #[serde(default)]
    pub notices: Vec<NewNotice>,
}

/// Somebody proposed a roster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RosterProposed {
    /// Its id.
    pub roster: RosterId,
    /// Of which rota.
    pub rota: RotaId,
    /// What it would change.
    pub changes: Vec<crate::RosterChange>,
    /// Who.
    pub by: PersonId,
}

/// A proposed roster was published or put aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RosterAnswered {
    /// Which.
    pub roster: RosterId,
    /// Whether it was published.
    pub published: bool,
    /// Who decided.
    pub by: PersonId,
    /// What goes to whose shifts change, or to whoever proposed it.
    pub notices: Vec<NewNotice>,
}

/// A look ahead found something new, or that nothing is thin any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DutyThin {
    /// Which look, by number.
    pub look: u64,
    /// In which rota.
    pub rota: RotaId,
    /// Everything that is thin now.
    pub found: Vec<crate::Thin>,
    /// What goes to the owners.
    pub notices: Vec<NewNotice>,
}

/// A swap was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwapAnswered {
    /// Which.
    pub swap: SwapId,
    /// How.
    pub answer: crate::SwapAnswer,
    /// Who answered.
    pub by: PersonId,
    /// What goes to whoever else it is about.
    #[serde(default)]
    pub notices: Vec<NewNotice>,
}

/// Somebody changed who is on duty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverrideSet {
    /// Its id.
    pub overriding: OverrideId,
    /// In which rota.
    pub rota: RotaId,
    /// From when.
    pub starts: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// What changes.
    pub change: oncall::Change,
    /// Who decided.
    pub by: PersonId,
    /// The swap that it carries out.
    pub swap: Option<SwapId>,
}
