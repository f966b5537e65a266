//! Exclusions from budgets: proposed by one person, approved by another, taken back by anybody.
//!
//! Intuition: whoever marks their own work may not also correct it. Leaving an hour out of a budget makes
//! a promise look kept, so it takes two people, and what they hid stays beside the figure for good.
//!
//! What stands in the configuration needs no second person here: it was reviewed where configuration is
//! reviewed, and the journal says who brought it in.
//!
//! Invariants:
//! - nothing is excluded before somebody else than whoever proposed it has approved;
//! - what is in force is not changed, only taken back and proposed anew;
//! - a proposal, an approval and a withdrawal are journalled with their person.

use crate::command::{Context, Rejected};
use crate::decide::{person, text_within, unknown};
use crate::event::{Event, ExclusionAct, ExclusionStep};
use crate::state::{Limits, State};
use model::{
    Days, ExcludedTimes, Exclusion, ExclusionId, Millis, Occasions, PersonId, Personal, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Exclusions that people entered, of all kinds.
pub const EXCLUSIONS_MAX: usize = 500;

/// Longest single time that is excluded.
pub const EXCLUDED_MAX: Millis = Millis::from_days(31);

/// An exclusion as somebody entered it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Excluding {
    /// What and when.
    pub what: Exclusion,
    /// Who proposed it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub phase: ExclusionPhase,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionPhase {
    /// Somebody else must approve it; nothing is excluded yet.
    Proposed,
    /// In force.
    Approved {
        /// Who approved it.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// Taken back: every figure is as it was.
    Revoked {
        /// Who took it back.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// Why.
        reason: Personal,
    },
}

impl ExclusionPhase {
    /// In one word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved { .. } => "approved",
            Self::Revoked { .. } => "revoked",
        }
    }
}

impl State {
    /// Every exclusion in force: those of the configuration, and those that were approved.
    pub fn exclusions_in_force(&self) -> impl Iterator<Item = (&ExclusionId, &Exclusion)> {
        let written = self.catalogue().into_iter().flat_map(|it| &it.watched.exclusions);
        let approved = self.exclusions.iter().filter_map(|(id, it)| {
            matches!(it.phase, ExclusionPhase::Approved { .. }).then_some((id, &it.what))
        });
        written.chain(approved)
    }

    /// The times of an exclusion; `None` when the planned work it names is no more.
    #[must_use]
    pub fn occasions_of(&self, exclusion: &Exclusion) -> Option<Occasions> {
        match &exclusion.times {
            ExcludedTimes::Own(occasions) => Some(occasions.clone()),
            ExcludedTimes::During(window) => {
                let (_, plan) = self.plans().find(|(id, _)| *id == window)?;
                let (when, timezone) = (plan.when.clone(), plan.timezone.clone());
                Some(Occasions { when, timezone, lasts: plan.lasts })
            }
        }
    }
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    act: &ExclusionAct,
) -> Result<Vec<Event>, Rejected> {
    let id = &act.exclusion;
    person(state, &act.by)?;
    let found = state.exclusions.get(id);
    match (&act.step, found.map(|it| (it, &it.phase))) {
        (ExclusionStep::Proposed(what), found) => {
            if matches!(found, Some((_, ExclusionPhase::Approved { .. }))) {
                invalid(format!("`{id}` is in force; revoke it first"))?;
            }
            proposable(state, context, id, what)?;
        }
        (_, None) => return Err(unknown("exclusion", id)),
        (ExclusionStep::Approved, Some((it, ExclusionPhase::Proposed))) => {
            if it.by == act.by {
                let told = format!("`{id}` was proposed by {}; somebody else must approve", it.by);
                invalid(told)?;
            }
        }
        (ExclusionStep::Approved, Some((_, phase))) => {
            invalid(format!("`{id}` is {} already", phase.word()))?;
        }
        (ExclusionStep::Revoked { .. }, Some((_, ExclusionPhase::Revoked { .. }))) => {
            return Err(Rejected::Over { what: "exclusion", id: id.to_string() });
        }
        (ExclusionStep::Revoked { reason }, Some(_)) => said_why(reason)?,
    }
    Ok(vec![Event::Exclusion(act.clone())])
}

fn proposable(
    state: &State,
    context: &Context<'_>,
    id: &ExclusionId,
    what: &Exclusion,
) -> Result<(), Rejected> {
    person(state, &what.owner)?;
    said_why(&what.reason)?;
    let catalogue = state.catalogue().ok_or_else(|| unknown("exclusion", id))?;
    if catalogue.watched.exclusions.contains_key(id) {
        return invalid(format!("`{id}` stands in the configuration; change it there"));
    }
    if !state.exclusions.contains_key(id) && state.exclusions.len() >= EXCLUSIONS_MAX {
        return Err(Rejected::LimitReached { limit: "exclusions_max", max: EXCLUSIONS_MAX });
    }
    if what.features.is_empty() && what.slos.is_empty() {
        return invalid("name a feature or a service objective".to_owned());
    }
    for feature in &what.features {
        catalogue.features.get(feature).ok_or_else(|| unknown("feature", feature))?;
    }
    for slo in &what.slos {
        catalogue.slo(slo).ok_or_else(|| unknown("service objective", slo))?;
    }
    let Some(occasions) = state.occasions_of(what) else {
        return invalid("there is no such planned work".to_owned());
    };
    if context.zones.get(&occasions.timezone).is_none() {
        return invalid(format!("`{}` is not a time zone", occasions.timezone));
    }
    if occasions.lasts < Millis::from_mins(1) || occasions.lasts > EXCLUDED_MAX {
        return invalid(format!("one time lasts a minute at least and {EXCLUDED_MAX} at most"));
    }
    if let Days::Rule(_, rule) = &occasions.when.days
        && let Err(told) = oncall::Recurrence::parse(rule)
    {
        return invalid(format!("`{rule}` names no days: {told}"));
    }
    Ok(())
}

fn said_why(reason: &Personal) -> Result<(), Rejected> {
    let text = reason.text().unwrap_or_default();
    text_within("reason", text, Limits::TEXT_LENGTH_MAX)?;
    if text.trim().is_empty() { invalid("say why".to_owned()) } else { Ok(()) }
}

fn invalid(told: String) -> Result<(), Rejected> {
    Err(Rejected::Invalid(told))
}

pub(crate) fn apply(state: &mut State, at: Timestamp, act: &ExclusionAct) {
    state.exclusions_revision += 1;
    let by = act.by.clone();
    let phase = match &act.step {
        ExclusionStep::Proposed(what) => {
            let (what, phase) = (what.as_ref().clone(), ExclusionPhase::Proposed);
            let proposed = Excluding { what, by, at, phase };
            state.exclusions.insert(act.exclusion.clone(), proposed);
            return;
        }
        ExclusionStep::Approved => ExclusionPhase::Approved { by, at },
        ExclusionStep::Revoked { reason } => {
            ExclusionPhase::Revoked { by, at, reason: reason.clone() }
        }
    };
    if let Some(found) = state.exclusions.get_mut(&act.exclusion) {
        found.phase = phase;
    }
}

/// The act in words.
pub(crate) fn told(act: &ExclusionAct, person: &dyn Fn(&PersonId) -> String) -> String {
    let (id, by) = (&act.exclusion, person(&act.by));
    let text = |it: &Personal| it.text().unwrap_or("(erased)").to_owned();
    match &act.step {
        ExclusionStep::Proposed(what) => {
            let when = match &what.times {
                ExcludedTimes::During(window) => format!("during `{window}`"),
                ExcludedTimes::Own(it) => format!("{} ({}) for {}", it.when, it.timezone, it.lasts),
            };
            format!(
                "{by} proposes `{id}`: {when} counts as {} for {}: {}",
                what.counts.word(),
                what.names().join(", "),
                text(&what.reason),
            )
        }
        ExclusionStep::Approved => format!("{by} approved the exclusion `{id}`: it is in force."),
        ExclusionStep::Revoked { reason } => {
            format!("{by} took the exclusion `{id}` back: {}", text(reason))
        }
    }
}
