//! Rosters that were proposed: kept as the difference to what is published, and published whole.
//!
//! Intuition: nobody reads ninety lines to find the three that changed. So a proposal is stored as what it
//! would change, people look at that, and one word makes it so. What it then does are overrides like any
//! other: each can be seen, and taken back.
//!
//! Invariants:
//! - a proposal changes nothing until it is published, and then everything of it or nothing;
//! - it is published only onto the shifts it was made for: when one has changed hands meanwhile, it is
//!   refused;
//! - only an administrator or a member of the team that owns the rota publishes.

use crate::command::{Command, Context, Rejected};
use crate::event::{Event, EventRecord};
use crate::state::{Limits, Purpose, State};
use crate::{Role, notify, reach};
use model::{Millis, OverrideId, PersonId, RosterId, RotaId, Timestamp};
use oncall::Change;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Shifts of one proposal.
pub const ROSTER_SHIFTS_MAX: usize = 1_000;
/// How far ahead a roster may go: overrides of one year are as many as can be looked through.
const AHEAD_MAX: Millis = Millis::from_days(366);
/// How long proposals are kept.
const KEPT: Millis = Millis::from_days(100);

/// Who is to be on duty from when until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterShift {
    /// The first instant.
    pub starts: Timestamp,
    /// The first instant after it.
    pub ends: Timestamp,
    /// Who.
    pub people: Vec<PersonId>,
}

/// One difference between a proposal and what is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterChange {
    /// The first instant.
    pub starts: Timestamp,
    /// The first instant after it.
    pub ends: Timestamp,
    /// Who has it.
    pub from: Vec<PersonId>,
    /// Who is to have it.
    pub to: Vec<PersonId>,
}

/// A proposed roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Of which rota.
    pub rota: RotaId,
    /// What it changes, oldest first.
    pub changes: Vec<RosterChange>,
    /// Who proposed it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Whether it was published; `None` while it waits.
    pub published: Option<bool>,
}

impl RosterChange {
    /// The overrides that make it so.
    fn overrides(&self) -> Vec<Change> {
        let (from, to): (BTreeSet<_>, BTreeSet<_>) =
            (self.from.iter().collect(), self.to.iter().collect());
        let mut gone = from.difference(&to).map(|it| (*it).clone());
        let mut new = to.difference(&from).map(|it| (*it).clone());
        let mut changes = vec![];
        loop {
            changes.push(match (gone.next(), new.next()) {
                (Some(person), Some(by)) => Change::Replace { person, by },
                (Some(person), None) => Change::Remove(person),
                (None, Some(person)) => Change::Add(person),
                (None, None) => return changes,
            });
        }
    }
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::ProposeRoster { by, rota, shifts } => proposed(state, context, by, rota, shifts),
        Command::AnswerRoster { roster, by, publish } => {
            answered(state, context, *roster, by, *publish)
        }
        other => unreachable!("not about rosters: {other:?}"),
    }
}

fn proposed(
    state: &State,
    context: &Context<'_>,
    by: &PersonId,
    rota: &RotaId,
    shifts: &[RosterShift],
) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, by)?;
    let invalid = |told: &str| Err(Rejected::Invalid(told.to_owned()));
    let unknown = |what, id: &str| Rejected::Unknown { what, id: id.to_owned() };
    let catalogue = state.catalogue().ok_or_else(|| unknown("rota", rota.as_str()))?;
    if !catalogue.rotas.contains_key(rota) {
        return Err(unknown("rota", rota.as_str()));
    }
    if shifts.len() > ROSTER_SHIFTS_MAX {
        let (limit, max) = ("roster_shifts_max", ROSTER_SHIFTS_MAX);
        return Err(Rejected::LimitReached { limit, max });
    }
    let mut changes = vec![];
    let mut last = context.now;
    for shift in shifts {
        if shift.starts < last || shift.ends <= shift.starts {
            return invalid("shifts come one after the other, and none is over or has begun");
        }
        if shift.ends > context.now.plus(AHEAD_MAX) {
            return invalid("a roster goes a year ahead at most");
        }
        last = shift.ends;
        if let Some(it) = shift.people.iter().find(|it| !catalogue.people.contains_key(*it)) {
            return Err(unknown("person", it.as_str()));
        }
        let sorted = |people: &[PersonId]| people.iter().cloned().collect::<BTreeSet<_>>();
        for (starts, ends, from) in published(state, context, rota, shift.starts, shift.ends) {
            if sorted(&from) != sorted(&shift.people) {
                let to = shift.people.clone();
                changes.push(RosterChange { starts, ends, from, to });
            }
        }
    }
    if changes.is_empty() {
        return invalid("this roster changes nothing");
    }
    let roster = RosterId(state.next.roster + 1);
    Ok(vec![Event::RosterProposed(crate::RosterProposed {
        roster,
        rota: rota.clone(),
        changes,
        by: by.clone(),
    })])
}

/// The shifts of a time as they are, cut at its ends.
fn published(
    state: &State,
    context: &Context<'_>,
    rota: &RotaId,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp, Vec<PersonId>)> {
    let Some(duties) = state.duties(context.zones) else { return vec![] };
    let shifts = duties.shifts(rota, from, to).into_iter();
    shifts.map(|it| (it.starts.max(from), it.ends.min(to), it.people)).collect()
}

fn answered(
    state: &State,
    context: &Context<'_>,
    id: RosterId,
    by: &PersonId,
    publish: bool,
) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, by)?;
    let told = id.to_string();
    let roster = state.rosters.get(&id);
    let roster = roster.ok_or_else(|| Rejected::Unknown { what: "roster", id: told.clone() })?;
    if roster.published.is_some() {
        return Err(Rejected::Over { what: "roster", id: told });
    }
    if !may_publish(state, &roster.rota, by) && (publish || *by != roster.by) {
        let told = format!("roster {id} is for the owner of {} to publish", roster.rota);
        return Err(Rejected::NotAllowed(told));
    }
    if publish {
        let begun = roster.changes.iter().any(|it| it.starts < context.now);
        let stands = |it: &RosterChange| {
            let now = published(state, context, &roster.rota, it.starts, it.ends);
            now.iter().all(|now| now.2 == it.from)
        };
        if begun || !roster.changes.iter().all(stands) {
            let told = "shifts have begun or changed hands since; propose again";
            return Err(Rejected::Invalid(told.to_owned()));
        }
        let needed: usize = roster.changes.iter().map(|it| it.overrides().len()).sum();
        if state.overrides.len() + needed > Limits::OVERRIDES_MAX {
            let (limit, max) = ("overrides_max", Limits::OVERRIDES_MAX);
            return Err(Rejected::LimitReached { limit, max });
        }
    }
    let touched: BTreeSet<&PersonId> = if publish {
        roster.changes.iter().flat_map(|it| it.from.iter().chain(&it.to)).collect()
    } else {
        std::iter::once(&roster.by).collect()
    };
    let others = touched.into_iter().filter(|it| *it != by);
    let notices = notify::gently(state, context, others);
    Ok(vec![Event::RosterAnswered(crate::RosterAnswered {
        roster: id,
        published: publish,
        by: by.clone(),
        notices,
    })])
}

/// Whether `person` decides about `rota`.
fn may_publish(state: &State, rota: &RotaId, person: &PersonId) -> bool {
    let owns = || {
        let catalogue = state.catalogue()?;
        let team = catalogue.teams.get(catalogue.rotas.get(rota)?.rules.owner.as_ref()?)?;
        Some(team.members.contains(person))
    };
    state.access.role_of(person) == Some(Role::Admin) || owns() == Some(true)
}

/// What a published roster changes: all of it.
pub(crate) fn carried_out(state: &State, id: RosterId, by: &PersonId) -> Vec<Event> {
    let Some(roster) = state.rosters.get(&id).filter(|it| it.published == Some(true)) else {
        return vec![];
    };
    let changes = roster.changes.iter();
    let all = changes.flat_map(|it| it.overrides().into_iter().map(move |change| (it, change)));
    let events = all.zip(1..).map(|((it, change), number)| {
        Event::OverrideSet(crate::OverrideSet {
            overriding: OverrideId(state.next.overriding + number),
            rota: roster.rota.clone(),
            starts: it.starts,
            ends: it.ends,
            change,
            by: by.clone(),
            swap: None,
        })
    });
    events.collect()
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::RosterProposed(crate::RosterProposed { roster, rota, changes, by }) => {
            let it = Roster {
                rota: rota.clone(),
                changes: changes.clone(),
                by: by.clone(),
                at: record.at,
                published: None,
            };
            state.next.roster = state.next.roster.max(roster.0);
            state.rosters.insert(*roster, it);
            state.rosters.retain(|_, it| record.at < it.at.plus(KEPT));
        }
        Event::RosterAnswered(crate::RosterAnswered { roster, published, notices, .. }) => {
            if let Some(it) = state.rosters.get_mut(roster) {
                it.published = Some(*published);
            }
            reach::add(state, notices, Purpose::Roster { roster: *roster }, record.at);
        }
        other => unreachable!("not about rosters: {other:?}"),
    }
}

/// In a sentence.
pub(crate) fn tell(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::RosterProposed(crate::RosterProposed { roster, rota, changes, by }) => {
            let (by, count) = (person(by), changes.len());
            let shifts = if count == 1 { "shift" } else { "shifts" };
            format!("{by} proposed roster {roster} of {rota}: {count} {shifts} would change hands.")
        }
        Event::RosterAnswered(crate::RosterAnswered { roster, published: true, by, .. }) => {
            format!("{} published roster {roster}.", person(by))
        }
        Event::RosterAnswered(crate::RosterAnswered { roster, by, .. }) => {
            format!("{} put roster {roster} aside; nothing changes.", person(by))
        }
        _ => String::new(),
    }
}
