//! Changes to who is on duty: overrides, and swaps that the other side accepts.
//!
//! Intuition: the rota on the wall stays as it is printed; people stick notes on it. A note can be taken
//! off again. A swap is a note that waits until the other one has said yes.
//!
//! Invariants:
//! - what is past is never rewritten: an override begins now at the earliest;
//! - a swap changes nothing until it is accepted, and then both shifts at once;
//! - whoever gives a shift away keeps it until somebody has taken it.

use crate::Role;
use crate::command::{Command, Context, Rejected};
use crate::event::{Event, EventRecord};
use crate::state::{Limits, Purpose, State};
use crate::{notify, reach};
use model::{Millis, OverrideId, PersonId, RotaId, SwapId, Timestamp};
use oncall::{Change, Duties, Override, Shift, Zones};
use serde::{Deserialize, Serialize};

/// Longest override; for longer, the rota itself should change.
const OVERRIDE_MAX: Millis = Millis::from_days(92);
/// How long overrides and swaps are kept after their end.
const KEPT: Millis = Millis::from_days(100);

/// A request to take a shift, perhaps in exchange for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
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
    /// When it was asked.
    pub asked_at: Timestamp,
    /// How it was answered.
    pub answer: Option<SwapAnswer>,
}

/// How a swap was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapAnswer {
    /// The other one takes it.
    Accepted,
    /// The other one does not, or it was taken back.
    Declined,
}

impl State {
    /// Who is on duty in `rota` at `at`, with everything that people changed.
    #[must_use]
    pub fn on_duty(&self, rota: &RotaId, at: Timestamp, zones: &Zones) -> Option<Shift> {
        self.duties(zones)?.at(rota, at)
    }

    /// Everything that decides who is on duty.
    #[must_use]
    pub fn duties<'a>(&'a self, zones: &'a Zones) -> Option<Duties<'a>> {
        let rotas = &self.catalogue()?.rotas;
        Some(Duties { rotas, overrides: &self.overrides, zones })
    }
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::Override { by, rota, starts, ends, change } => {
            crate::decide::person(state, by)?;
            let starts = (*starts).max(context.now);
            worth_having(state, rota, (starts, *ends), change)?;
            Ok(vec![Event::OverrideSet(crate::OverrideSet {
                overriding: OverrideId(state.next.overriding + 1),
                rota: rota.clone(),
                starts,
                ends: *ends,
                change: change.clone(),
                by: by.clone(),
                swap: None,
            })])
        }
        Command::EndOverride { overriding, by } => {
            crate::decide::person(state, by)?;
            let id = overriding.to_string();
            match state.overrides.get(overriding) {
                None => Err(Rejected::Unknown { what: "override", id }),
                Some(it) if it.ends <= context.now => Err(Rejected::Over { what: "override", id }),
                Some(_) => {
                    Ok(vec![Event::OverrideEnded { overriding: *overriding, by: by.clone() }])
                }
            }
        }
        Command::AskSwap { by, rota, at, with, exchange } => {
            asked(state, context, by, rota, with, (*at, *exchange))
        }
        Command::AnswerSwap { swap, by, answer } => answered(state, context, *swap, by, *answer),
        other => unreachable!("not about shifts: {other:?}"),
    }
}

fn worth_having(
    state: &State,
    rota: &RotaId,
    (starts, ends): (Timestamp, Timestamp),
    change: &Change,
) -> Result<(), Rejected> {
    let unknown = |what, id: &str| Rejected::Unknown { what, id: id.to_owned() };
    let catalogue = state.catalogue().ok_or_else(|| unknown("rota", rota.as_str()))?;
    if !catalogue.rotas.contains_key(rota) {
        return Err(unknown("rota", rota.as_str()));
    }
    let named = match change {
        Change::Add(it) | Change::Remove(it) => vec![it],
        Change::Replace { person, by } => vec![person, by],
    };
    if let Some(it) = named.iter().find(|it| !catalogue.people.contains_key(**it)) {
        return Err(unknown("person", it.as_str()));
    }
    if let Change::Replace { person, by } = change
        && person == by
    {
        let told = format!("{person} cannot have their own duty instead of themselves");
        return Err(Rejected::Invalid(told));
    }
    if ends <= starts {
        return Err(Rejected::Invalid("it is over before it begins".to_owned()));
    }
    if ends.since(starts) > OVERRIDE_MAX {
        let told = "an override lasts three months at most; change the rota instead";
        return Err(Rejected::Invalid(told.to_owned()));
    }
    if state.overrides.len() >= Limits::OVERRIDES_MAX {
        let (limit, max) = ("overrides_max", Limits::OVERRIDES_MAX);
        return Err(Rejected::LimitReached { limit, max });
    }
    Ok(())
}

fn asked(
    state: &State,
    context: &Context<'_>,
    by: &PersonId,
    rota: &RotaId,
    with: &PersonId,
    (at, exchange): (Timestamp, Option<Timestamp>),
) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, by)?;
    crate::decide::person(state, with)?;
    let invalid = |told: String| Err(Rejected::Invalid(told));
    let unknown = || Rejected::Unknown { what: "rota", id: rota.to_string() };
    let shift = |at| state.on_duty(rota, at, context.zones).ok_or_else(unknown);
    let given = shift(at)?;
    if given.ends <= context.now {
        return invalid("this shift is over".to_owned());
    }
    // A lead may ask for whoever has the shift.
    let from = match given.people.as_slice() {
        people if people.contains(by) => by.clone(),
        [one] if is_lead(state, by) => one.clone(),
        _ => return Err(Rejected::NotAllowed(format!("{by} is not on duty in {rota} at {at}"))),
    };
    if from == *with {
        return invalid(format!("{with} has this shift already"));
    }
    let takes = match exchange {
        None => None,
        Some(at) => {
            let other = shift(at)?;
            if !other.people.contains(with) || other.ends <= context.now {
                return invalid(format!("{with} has no shift to come in {rota} at {at}"));
            }
            Some((other.starts.max(context.now), other.ends))
        }
    };
    let waiting = state.swaps.values().filter(|it| it.answer.is_none()).count();
    if waiting >= Limits::OVERRIDES_MAX {
        let (limit, max) = ("overrides_max", Limits::OVERRIDES_MAX);
        return Err(Rejected::LimitReached { limit, max });
    }
    Ok(vec![Event::SwapAsked(crate::SwapAsked {
        swap: SwapId(state.next.swap + 1),
        rota: rota.clone(),
        from,
        with: with.clone(),
        gives: (given.starts.max(context.now), given.ends),
        takes,
        by: by.clone(),
        notices: notify::gently(state, context, std::iter::once(with).filter(|it| *it != by)),
    })])
}

fn answered(
    state: &State,
    context: &Context<'_>,
    id: SwapId,
    by: &PersonId,
    answer: SwapAnswer,
) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, by)?;
    let told = id.to_string();
    let unknown = || Rejected::Unknown { what: "swap", id: told.clone() };
    let swap = state.swaps.get(&id).ok_or_else(unknown)?;
    let late = swap.gives.1 <= context.now || swap.takes.is_some_and(|it| it.1 <= context.now);
    if swap.answer.is_some() || (late && answer == SwapAnswer::Accepted) {
        return Err(Rejected::Over { what: "swap", id: told });
    }
    let may = *by == swap.with
        || is_lead(state, by)
        || (*by == swap.from && answer == SwapAnswer::Declined);
    if !may {
        return Err(Rejected::NotAllowed(format!("swap {id} is for {} to answer", swap.with)));
    }
    if answer == SwapAnswer::Accepted {
        // Meanwhile somebody may have changed these shifts: then nobody knows what is swapped.
        let has = |who: &PersonId, (starts, ends): (Timestamp, Timestamp)| {
            let at = starts.max(context.now);
            let shift = state.on_duty(&swap.rota, at, context.zones);
            shift.is_some_and(|it| it.people.contains(who) && it.ends >= ends)
        };
        let stands =
            has(&swap.from, swap.gives) && swap.takes.is_none_or(|takes| has(&swap.with, takes));
        if !stands {
            let told = "these shifts have changed since; ask again";
            return Err(Rejected::Invalid(told.to_owned()));
        }
    }
    let others = [&swap.from, &swap.with].into_iter().filter(|it| *it != by);
    let notices = notify::gently(state, context, others);
    Ok(vec![Event::SwapAnswered(crate::SwapAnswered { swap: id, answer, by: by.clone(), notices })])
}

fn is_lead(state: &State, person: &PersonId) -> bool {
    state.access.role_of(person) == Some(Role::Admin)
}

/// What an accepted swap changes: both shifts at once.
pub(crate) fn accepted(state: &State, id: SwapId, by: &PersonId) -> Vec<Event> {
    let Some(swap) = state.swaps.get(&id) else { return vec![] };
    if swap.answer != Some(SwapAnswer::Accepted) {
        return vec![];
    }
    let replaced = |(starts, ends), person: &PersonId, other: &PersonId, number| {
        Event::OverrideSet(crate::OverrideSet {
            overriding: OverrideId(state.next.overriding + number),
            rota: swap.rota.clone(),
            starts,
            ends,
            change: Change::Replace { person: person.clone(), by: other.clone() },
            by: by.clone(),
            swap: Some(id),
        })
    };
    let mut events = vec![replaced(swap.gives, &swap.from, &swap.with, 1)];
    events.extend(swap.takes.map(|it| replaced(it, &swap.with, &swap.from, 2)));
    events
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::OverrideSet(crate::OverrideSet {
            overriding, rota, starts, ends, change, ..
        }) => {
            let it = Override {
                rota: rota.clone(),
                starts: *starts,
                ends: *ends,
                change: change.clone(),
            };
            state.next.overriding = state.next.overriding.max(overriding.0);
            state.overrides.insert(*overriding, it);
            forget_old(state, record.at);
        }
        Event::OverrideEnded { overriding, .. } => {
            // One that has begun was true until now.
            if let Some(it) = state.overrides.get_mut(overriding) {
                it.ends = it.ends.min(record.at).max(it.starts);
                if it.ends == it.starts {
                    state.overrides.remove(overriding);
                }
            }
        }
        Event::SwapAsked(crate::SwapAsked {
            swap,
            rota,
            from,
            with,
            gives,
            takes,
            notices,
            ..
        }) => {
            let it = Swap {
                rota: rota.clone(),
                from: from.clone(),
                with: with.clone(),
                gives: *gives,
                takes: *takes,
                asked_at: record.at,
                answer: None,
            };
            state.next.swap = state.next.swap.max(swap.0);
            state.swaps.insert(*swap, it);
            reach::add(state, notices, Purpose::Swap { swap: *swap }, record.at);
            forget_old(state, record.at);
        }
        Event::SwapAnswered(crate::SwapAnswered { swap, answer, notices, .. }) => {
            state.cancel_where(|it| it.purpose == Purpose::Swap { swap: *swap });
            reach::add(state, notices, Purpose::Swap { swap: *swap }, record.at);
            if let Some(it) = state.swaps.get_mut(swap) {
                it.answer = Some(*answer);
            }
        }
        other => unreachable!("not about shifts: {other:?}"),
    }
}

fn forget_old(state: &mut State, now: Timestamp) {
    state.overrides.retain(|_, it| now < it.ends.plus(KEPT));
    state.swaps.retain(|_, it| now < it.gives.1.plus(KEPT));
}

/// What people changed, in a sentence.
pub(crate) fn tell(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::OverrideSet(crate::OverrideSet {
            overriding,
            rota,
            starts,
            ends,
            change,
            by,
            swap,
        }) => {
            let what = match change {
                Change::Add(it) => format!("{} is on duty, too", person(it)),
                Change::Remove(it) => format!("{} is not on duty", person(it)),
                Change::Replace { person: it, by } => {
                    format!("{} has the duty of {}", person(by), person(it))
                }
            };
            let why = swap.map_or_else(String::new, |it| format!(" by swap {it}"));
            let by = person(by);
            format!("Override {overriding} in {rota}{why}: {what}, {starts} to {ends} ({by}).")
        }
        Event::OverrideEnded { overriding, by } => {
            format!("{} took back override {overriding}.", person(by))
        }
        Event::SwapAsked(crate::SwapAsked { swap, rota, from, with, gives, takes, .. }) => {
            let (from, with) = (person(from), person(with));
            let exchange = takes
                .map_or_else(String::new, |it| format!(" in exchange for {} to {}", it.0, it.1));
            format!(
                "Swap {swap}: {from} asks {with} to take {rota} from {} to {}{exchange}.",
                gives.0, gives.1
            )
        }
        Event::SwapAnswered(crate::SwapAnswered {
            swap, answer: SwapAnswer::Accepted, by, ..
        }) => {
            format!("{} accepted swap {swap}.", person(by))
        }
        Event::SwapAnswered(crate::SwapAnswered { swap, by, .. }) => {
            format!("{} declined swap {swap}; nothing changes.", person(by))
        }
        _ => String::new(),
    }
}
