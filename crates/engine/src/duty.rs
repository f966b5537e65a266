//! The beginning of a shift: whoever comes on duty is asked to say that they know.
//!
//! Intuition: the night porter hands over the keys in person. Without a hand to take them the porter
//! knocks once more, and then tells the others; the keys still hang where they belong.
//!
//! Invariants:
//! - nobody is woken by this: messages keep quiet hours, and pages go to whoever is on duty whether
//!   they confirmed or not;
//! - each shift is asked about once, reminded of once, and told of once, for every person on it.

use crate::command::{Context, Rejected};
use crate::event::{Event, EventRecord, NewNotice};
use crate::notify;
use crate::reach;
use crate::state::{Purpose, State};
use model::{Millis, PersonId, RotaId, Severity, Timestamp};
use serde::{Deserialize, Serialize};

/// A call to whoever came on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyCall {
    /// Its number.
    pub call: u64,
    /// Who.
    pub person: PersonId,
    /// When the shift starts.
    pub starts: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// Where it stands.
    pub stage: DutyStage,
}

/// Where a call to whoever came on duty stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DutyStage {
    /// They were asked.
    Asked {
        /// When they are reminded.
        deadline: Timestamp,
    },
    /// They were asked once more.
    Reminded {
        /// When the others are told.
        deadline: Timestamp,
    },
    /// They know.
    Confirmed {
        /// Since when.
        at: Timestamp,
        /// How they said so.
        via: String,
    },
    /// The others were told.
    Unconfirmed {
        /// When.
        at: Timestamp,
    },
}

impl DutyCall {
    /// Whether they may still say that they know.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.stage, DutyStage::Confirmed { .. })
    }

    fn deadline(&self) -> Option<Timestamp> {
        match self.stage {
            DutyStage::Asked { deadline } | DutyStage::Reminded { deadline } => Some(deadline),
            DutyStage::Confirmed { .. } | DutyStage::Unconfirmed { .. } => None,
        }
    }
}

/// When something here is due next.
pub(crate) fn next_wake(state: &State) -> Option<Timestamp> {
    let expected = state.reach.expected.values().copied();
    expected.chain(state.reach.duty_calls().filter_map(|(_, it)| it.deadline())).min()
}

/// Which hand-overs are to be asked about, after the configuration changed.
pub(crate) fn expected(state: &State, context: &Context<'_>) -> Vec<Event> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let asking = catalogue.rotas.iter().filter(|(_, it)| it.confirm.is_some());
    let next = asking
        .filter_map(|(id, _)| Some((id, state.on_duty(id, context.now, context.zones)?.ends)));
    next.filter(|(id, ends)| state.reach.expected.get(*id) != Some(ends))
        .map(|(id, ends)| Event::ShiftExpected { rota: id.clone(), starts: ends })
        .collect()
}

/// The first call that is due.
pub(crate) fn due(state: &State, context: &Context<'_>) -> Option<Event> {
    let now = context.now;
    let mut expected = state.reach.expected.iter();
    if let Some((rota, _)) = expected.find(|(_, at)| **at <= now) {
        return Some(asked(state, context, rota));
    }
    let mut calls = state.reach.duty_calls();
    let (rota, call) = calls.find(|(_, it)| it.deadline().is_some_and(|at| at <= now))?;
    Some(if let DutyStage::Asked { .. } = call.stage {
        let notices = notify::gently(state, context, std::iter::once(&call.person));
        let deadline = deadline(state, rota, &notices, now);
        Event::DutyReminded { call: call.call, deadline, notices }
    } else {
        let others = others(state, rota, &call.person);
        let notices = notify::gently(state, context, others.iter());
        Event::DutyUnconfirmed { call: call.call, notices }
    })
}

fn asked(state: &State, context: &Context<'_>, rota: &RotaId) -> Event {
    let Some(shift) = state.on_duty(rota, context.now, context.zones) else {
        // Adopting a catalogue forgets rotas that are gone; this only keeps time going.
        return Event::ShiftExpected { rota: rota.clone(), starts: Timestamp(i64::MAX) };
    };
    // In a gap there is nobody to ask; the others of a shift follow from the first.
    let Some(person) = shift.people.first().cloned() else {
        return Event::ShiftExpected { rota: rota.clone(), starts: shift.ends };
    };
    asked_of(state, context, rota, &shift, person)
}

/// The next of several on a shift, after one of them was asked.
pub(crate) fn asked_too(state: &State, context: &Context<'_>, rota: &RotaId) -> Option<Event> {
    let shift = state.on_duty(rota, context.now, context.zones)?;
    let known = |person: &PersonId| {
        let mut calls = state.reach.duty_calls().filter(|(id, _)| *id == rota);
        calls.any(|(_, it)| it.person == *person && it.starts == shift.starts)
    };
    let next = shift.people.iter().find(|it| !known(it))?.clone();
    Some(asked_of(state, context, rota, &shift, next))
}

fn asked_of(
    state: &State,
    context: &Context<'_>,
    rota: &RotaId,
    shift: &oncall::Shift,
    person: PersonId,
) -> Event {
    let notices = notify::gently(state, context, std::iter::once(&person));
    Event::DutyAsked {
        call: state.next.duty_call + 1,
        rota: rota.clone(),
        person,
        starts: shift.starts,
        ends: shift.ends,
        tzdb: context.zones.version(),
        deadline: deadline(state, rota, &notices, context.now),
        notices,
    }
}

/// Time to answer runs from when the first message goes out.
fn deadline(state: &State, rota: &RotaId, notices: &[NewNotice], now: Timestamp) -> Timestamp {
    let rotas = state.catalogue().map(|it| &it.rotas);
    let within = rotas.and_then(|it| it.get(rota)?.confirm).unwrap_or(Millis::from_mins(15));
    let first = notices.iter().map(|it| it.due_at.unwrap_or(now)).min().unwrap_or(now);
    first.plus(within)
}

/// Everybody else who takes turns in the rota.
fn others(state: &State, rota: &RotaId, person: &PersonId) -> Vec<PersonId> {
    let rotas = state.catalogue().map(|it| &it.rotas);
    let layers = rotas.and_then(|it| it.get(rota)).map_or(&[][..], |it| &it.layers);
    let mut found: Vec<PersonId> = vec![];
    for it in layers.iter().flat_map(|it| &it.people) {
        if it != person && !found.contains(it) {
            found.push(it.clone());
        }
    }
    found
}

/// Somebody says that they know.
pub(crate) fn confirm(
    state: &State,
    by: &PersonId,
    rota: Option<&RotaId>,
    via: &str,
) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, by)?;
    let mut theirs = state
        .reach
        .duty_calls()
        .filter(|(id, it)| it.person == *by && rota.is_none_or(|rota| rota == *id));
    let open: Vec<Event> = theirs
        .clone()
        .filter(|(_, it)| it.is_open())
        .map(|(_, it)| Event::DutyConfirmed { call: it.call, by: by.clone(), via: via.to_owned() })
        .collect();
    match (open.is_empty(), theirs.next()) {
        (false, _) => Ok(open),
        // Said twice: the first stands.
        (true, Some(_)) => Ok(vec![]),
        (true, None) => {
            let what = format!("nobody asked {by} to confirm a shift");
            Err(Rejected::Invalid(what))
        }
    }
}

/// Folds in an event about the beginning of a shift.
pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::ShiftExpected { rota, starts } => {
            state.reach.expected.insert(rota.clone(), *starts);
        }
        Event::DutyAsked { call, rota, person, starts, ends, deadline, notices, .. } => {
            state.next.duty_call = state.next.duty_call.max(*call);
            state.reach.expected.insert(rota.clone(), *ends);
            let stage = DutyStage::Asked { deadline: *deadline };
            let it = DutyCall {
                call: *call,
                person: person.clone(),
                starts: *starts,
                ends: *ends,
                stage,
            };
            let of_shift = state.reach.duties.get(rota);
            if of_shift.is_some_and(|first| first.starts == *starts && first.person != *person) {
                state.reach.duties_beside.insert(*call, (rota.clone(), it));
            } else {
                state.reach.duties_beside.retain(|_, (of, _)| of != rota);
                state.reach.duties.insert(rota.clone(), it);
            }
            reach::add(state, notices, Purpose::Duty { call: *call }, record.at);
        }
        Event::DutyReminded { call, deadline, notices } => {
            set(state, *call, DutyStage::Reminded { deadline: *deadline });
            reach::add(state, notices, Purpose::Duty { call: *call }, record.at);
        }
        Event::DutyConfirmed { call, by, via } => {
            set(state, *call, DutyStage::Confirmed { at: record.at, via: via.clone() });
            state.reach.answered(by, via, record.at);
            state.cancel_where(|it| it.purpose == Purpose::Duty { call: *call });
        }
        Event::DutyUnconfirmed { call, notices } => {
            set(state, *call, DutyStage::Unconfirmed { at: record.at });
            reach::add(state, notices, Purpose::Duty { call: *call }, record.at);
        }
        other => unreachable!("not about a shift: {other:?}"),
    }
}

/// Rotas that do not ask any more are forgotten.
pub(crate) fn adopted(state: &mut State) {
    let Some(catalogue) = state.catalogue.clone() else { return };
    let asks = |id: &RotaId| catalogue.rotas.get(id).is_some_and(|it| it.confirm.is_some());
    state.reach.expected.retain(|id, _| asks(id));
    state.reach.duties.retain(|id, _| asks(id));
    state.reach.duties_beside.retain(|_, (id, _)| asks(id));
}

fn set(state: &mut State, call: u64, stage: DutyStage) {
    let beside = state.reach.duties_beside.values_mut().map(|(_, it)| it);
    if let Some(it) = state.reach.duties.values_mut().chain(beside).find(|it| it.call == call) {
        it.stage = stage;
    }
}

/// The urgency of everything here.
pub(crate) const URGENCY: Severity = Severity::Ticket;
