//! The list of improvements: what would bring budget back, and how much.
//!
//! Intuition: whoever asks what to mend next has a list already, somewhere, without numbers. Here each entry says
//! only whose failures it would take away and which part of them; what that is worth is computed from what
//! was measured, anew each time anybody looks, so that the order follows the world.
//!
//! Invariants:
//! - no worth is stored, only what it is computed from;
//! - what is struck leaves the state; the journal has it.

use crate::command::Rejected;
use crate::decide::{person, text_within, unknown};
use crate::event::{BacklogAct, BacklogStep, Event, Improvement};
use crate::state::{Limits, State};
use model::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};

/// Improvements on the list.
pub const IMPROVEMENTS_MAX: usize = 500;

/// An improvement on the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// What it is.
    pub what: Improvement,
    /// Who put it there, or described it last.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

pub(crate) fn decide(state: &State, act: &BacklogAct) -> Result<Vec<Event>, Rejected> {
    person(state, &act.by)?;
    let id = &act.improvement;
    let known = state.backlog.contains_key(id);
    match &act.step {
        BacklogStep::Struck { .. } if !known => return Err(unknown("improvement", id)),
        BacklogStep::Struck { .. } => {}
        BacklogStep::Listed(_) if !known && state.backlog.len() >= IMPROVEMENTS_MAX => {
            let (limit, max) = ("improvements_max", IMPROVEMENTS_MAX);
            return Err(Rejected::LimitReached { limit, max });
        }
        BacklogStep::Listed(what) => sound(state, what)?,
    }
    Ok(vec![Event::Backlog(act.clone())])
}

fn sound(state: &State, what: &Improvement) -> Result<(), Rejected> {
    let invalid = |told: &str| Err(Rejected::Invalid(told.to_owned()));
    let title = what.title.text().unwrap_or_default();
    text_within("title", title, Limits::TEXT_LENGTH_MAX)?;
    if title.trim().is_empty() {
        return invalid("say what is to be done");
    }
    if !(1..=100).contains(&what.percent) {
        return invalid("it takes between 1 and 100 percent of the failures away");
    }
    if what.mends.is_empty() {
        return invalid("name at least one service objective whose failures it takes away");
    }
    if let Some(link) = &what.link {
        text_within("link", link, Limits::TEXT_LENGTH_MAX)?;
        if !link.starts_with("https://") && !link.starts_with("http://") {
            return invalid("a link begins with https:// or http://");
        }
    }
    let found = |slo| state.catalogue().is_some_and(|it| it.slo(slo).is_some());
    match what.mends.iter().find(|it| !found(it)) {
        Some(slo) => Err(unknown("service objective", slo)),
        None => Ok(()),
    }
}

pub(crate) fn apply(state: &mut State, at: Timestamp, act: &BacklogAct) {
    match &act.step {
        BacklogStep::Listed(what) => {
            let listed = Listed { what: what.as_ref().clone(), by: act.by.clone(), at };
            state.backlog.insert(act.improvement.clone(), listed);
        }
        BacklogStep::Struck { .. } => {
            state.backlog.remove(&act.improvement);
        }
    }
}

/// The act in words.
pub(crate) fn told(act: &BacklogAct, person: &dyn Fn(&PersonId) -> String) -> String {
    let (id, by) = (&act.improvement, person(&act.by));
    match &act.step {
        BacklogStep::Listed(what) => {
            let mends: Vec<String> = what.mends.iter().map(ToString::to_string).collect();
            format!(
                "{by} listed the improvement `{id}`: {} takes {} % of the failures of {} away.",
                what.title.text().unwrap_or("(erased)"),
                what.percent,
                mends.join(", "),
            )
        }
        BacklogStep::Struck { done: true } => format!("{by} says that `{id}` is done."),
        BacklogStep::Struck { done: false } => format!("{by} struck `{id}` from the list."),
    }
}
