//! When a rota changes hands next, beside the state: computing it needs the rules of zones.
//!
//! Intuition: walk along the calendar from where it was last handed over until other people stand there.
//! A time in which nobody is on duty is walked over: what is told then waits for whoever comes after it.
//!
//! Invariant: what is found depends on the state, the zones and the day alone, so that it is found again
//! after any pause.

use super::{Held, Shifting};
use crate::command::Context;
use crate::state::State;
use model::{Millis, PersonId, RotaId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How far ahead a change of hands is looked for; the longest turn is a month.
const AHEAD: Millis = Millis::from_days(70);
/// Without any change it is looked for anew so often.
const AGAIN: Millis = Millis::from_days(7);

/// The next change of hands of every rota that tells something then.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// What it was computed from; `None` before the first time.
    seen: Option<(u64, u64, i64)>,
    known: BTreeMap<RotaId, Known>,
    told: u64,
}

#[derive(Debug)]
struct Known {
    held: Held,
    next: Option<Shifting>,
}

impl Changes {
    /// Who is on duty may have changed: compute again.
    pub(crate) fn changed(&mut self) {
        self.told += 1;
    }

    /// Whether what is known was computed from `state`.
    pub(crate) fn is_fresh(&self, state: &State) -> bool {
        let fresh = |(rota, held): (&RotaId, &Held)| {
            self.known.get(rota).is_some_and(|it| it.held == *held)
        };
        let same =
            |(version, changes, _)| (version, changes) == (state.catalogue_version, self.told);
        self.seen.is_some_and(same) && state.handovers.held.iter().all(fresh)
    }

    pub(crate) fn refresh(&mut self, state: &State, context: &Context<'_>) {
        let key = (state.catalogue_version, self.told, context.now.0.div_euclid(AGAIN.0));
        let all = self.seen != Some(key);
        self.seen = Some(key);
        self.known.retain(|rota, _| state.handovers.held.contains_key(rota));
        for (rota, held) in &state.handovers.held {
            if all || self.known.get(rota).is_none_or(|it| it.held != *held) {
                let next = next_change(state, context, rota, held);
                self.known.insert(rota.clone(), Known { held: held.clone(), next });
            }
        }
    }

    /// The next change of hands of every rota, in order of id.
    pub(crate) fn next(&self) -> impl Iterator<Item = &Shifting> {
        self.known.values().filter_map(|it| it.next.as_ref())
    }
}

fn next_change(
    state: &State,
    context: &Context<'_>,
    rota: &RotaId,
    held: &Held,
) -> Option<Shifting> {
    let duties = state.duties(context.zones)?;
    // What a newer configuration says of the past never was.
    let from = if held.at < state.handovers.adopted_at {
        held.at.max(state.handovers.adopted_at)
    } else {
        held.at
    };
    let same = |people: &[PersonId]| {
        people.iter().collect::<BTreeSet<_>>() == held.people.iter().collect::<BTreeSet<_>>()
    };
    let mut gives_at = None;
    let to = context.now.max(from).plus(AHEAD);
    for shift in duties.shifts(rota, from, to) {
        let starts = shift.starts.max(from);
        if shift.is_gap() {
            gives_at.get_or_insert(starts);
        } else if same(&shift.people) {
            gives_at = None;
        } else {
            return Some(Shifting {
                rota: rota.clone(),
                from: held.people.clone(),
                to: shift.people,
                gives_at: gives_at.unwrap_or(starts),
                takes_at: starts,
                until: shift.ends,
            });
        }
    }
    None
}

/// Whether two are the same change as far as people are concerned; the end of the next shift may move.
pub(crate) fn is_same(one: &Shifting, other: &Shifting) -> bool {
    let key = |it: &Shifting| {
        let set = |people: &[PersonId]| people.iter().cloned().collect::<BTreeSet<_>>();
        (set(&it.from), set(&it.to), it.gives_at, it.takes_at)
    };
    key(one) == key(other)
}

/// Whoever has `rota` at `at`.
pub(crate) fn people_at(
    state: &State,
    context: &Context<'_>,
    rota: &RotaId,
    at: Timestamp,
) -> Vec<PersonId> {
    state.on_duty(rota, at, context.zones).map_or(vec![], |it| it.people)
}
