//! What time brings to handovers: drafts, publication at the change of hands, and what follows when
//! nobody reads them.
//!
//! Invariants:
//! - a draft follows the change it is about wherever that moves;
//! - each step of asking happens once, the last of them with the others of the rota;
//! - whoever has the shift at that moment is asked, whoever it was made for.

use super::shifts::{is_same, people_at};
use super::{Changes, Handover, HandoverAsk, HandoverEvent, HandoverStage, Shifting, gently};
use crate::command::Context;
use crate::event::{Event, NewNotice};
use crate::notify;
use crate::state::State;
use model::{HandoverId, HandoverRules, PersonId, RotaId, Severity, Timestamp};

/// When something here is due next; now, where it has to be looked at first.
pub(crate) fn next_wake(state: &State, changes: &Changes) -> Option<Timestamp> {
    let unwatched = || state.catalogue().is_some_and(|it| unwatched(state, it).next().is_some());
    if !changes.is_fresh(state) && !state.handovers.held.is_empty() || unwatched() {
        return Some(state.at);
    }
    let draft = |it: &Shifting| match state.handovers.coming(&it.rota) {
        Some((_, coming)) if !is_same(&coming.shifting, it) => state.at,
        Some((_, coming)) if coming.published.is_some() => it.takes_at,
        Some(_) => it.gives_at,
        None => it.gives_at.minus(rules(state, &it.rota).before),
    };
    let asks = state.handovers.list.values().filter_map(|it| match it.stage {
        HandoverStage::Unread { next_at, .. } => next_at,
        _ => None,
    });
    changes.next().map(draft).chain(asks).min()
}

fn unwatched<'a>(
    state: &'a State,
    catalogue: &'a model::Catalogue,
) -> impl Iterator<Item = &'a RotaId> {
    let rotas = catalogue.rotas.keys().filter(|it| catalogue.hands_over(it));
    rotas.filter(|it| !state.handovers.held.contains_key(*it))
}

fn rules(state: &State, rota: &RotaId) -> HandoverRules {
    let rota = state.catalogue().and_then(|it| it.rotas.get(rota));
    rota.map(|it| it.rules.handover.clone()).unwrap_or_default()
}

/// The first thing that is due.
pub(crate) fn due(state: &State, context: &Context<'_>, changes: &Changes) -> Option<Event> {
    if let Some(rota) = state.catalogue().and_then(|it| unwatched(state, it).next()) {
        let people = people_at(state, context, rota, context.now);
        return Some(Event::Handover(HandoverEvent::Watched { rota: rota.clone(), people }));
    }
    let mut next = changes.next();
    let event = next.find_map(|it| changing(state, context, it)).or_else(|| unread(state, context));
    event.map(Event::Handover)
}

fn changing(state: &State, context: &Context<'_>, next: &Shifting) -> Option<HandoverEvent> {
    let Some((id, coming)) = state.handovers.coming(&next.rota) else {
        let before = rules(state, &next.rota).before;
        if next.gives_at.minus(before) > context.now {
            return None;
        }
        // Whoever is already gone is not asked to write.
        let notices = if next.gives_at > context.now {
            gently(state, context, &next.givers())
        } else {
            vec![]
        };
        return Some(HandoverEvent::Drafted {
            handover: HandoverId(state.handovers.handover_last + 1),
            shifting: next.clone(),
            tzdb: context.zones.version(),
            notices,
        });
    };
    if !is_same(&coming.shifting, next) {
        return Some(moved(state, context, id, coming, next));
    }
    match coming.published {
        None if next.gives_at <= context.now => Some(published(state, context, id, coming, None)),
        Some(_) if next.takes_at <= context.now => Some(HandoverEvent::Taken { handover: id }),
        _ => None,
    }
}

/// What becomes of a handover whose change of hands is another one now.
fn moved(
    state: &State,
    context: &Context<'_>,
    id: HandoverId,
    coming: &Handover,
    next: &Shifting,
) -> HandoverEvent {
    let is_published = coming.published.is_some();
    let (known, wanted) = if is_published {
        (coming.shifting.receivers(), next.receivers())
    } else {
        (coming.shifting.givers(), next.givers())
    };
    let new: Vec<PersonId> = wanted.into_iter().filter(|it| !known.contains(it)).collect();
    let rules = rules(state, &next.rota);
    let soon = next.gives_at.minus(rules.before) <= context.now && next.gives_at > context.now;
    let notices = if soon || is_published { gently(state, context, &new) } else { vec![] };
    let next_at = is_published.then(|| next.takes_at.max(context.now).plus(rules.nag));
    HandoverEvent::Moved { handover: id, shifting: next.clone(), next_at, notices }
}

/// A handover as it goes to whoever comes.
pub(super) fn published(
    state: &State,
    context: &Context<'_>,
    id: HandoverId,
    it: &Handover,
    by: Option<&PersonId>,
) -> HandoverEvent {
    let shifting = &it.shifting;
    // What nobody can act upon any more is kept and sent to nobody.
    let over = shifting.until <= context.now;
    let read_from = shifting.takes_at.max(context.now);
    HandoverEvent::Published {
        handover: id,
        by: by.cloned(),
        facts: super::draft_facts(state, context, shifting),
        todos: state.handovers.open_todos(&shifting.rota).map(|(id, _)| id).collect(),
        next_at: (!over).then(|| read_from.plus(rules(state, &shifting.rota).nag)),
        notices: if over { vec![] } else { gently(state, context, &shifting.receivers()) },
    }
}

fn unread(state: &State, context: &Context<'_>) -> Option<HandoverEvent> {
    let (id, it, asked) = state.handovers.list.iter().find_map(|(id, it)| match it.stage {
        HandoverStage::Unread { asked, next_at: Some(at) } if at <= context.now => {
            Some((*id, it, asked))
        }
        _ => None,
    })?;
    let rota = &it.shifting.rota;
    let rules = rules(state, rota);
    let now = people_at(state, context, rota, context.now);
    let moved = !now.is_empty() && !now.iter().all(|person| it.shifting.to.contains(person));
    let to = if moved { now } else { it.shifting.to.clone() };
    let asking =
        Handover { shifting: Shifting { to: to.clone(), ..it.shifting.clone() }, ..it.clone() };
    let wanted = asking.unread();
    // Nothing in it, nothing to wake for.
    let page = rules.page.filter(|_| !it.is_empty());
    let called_from =
        it.shifting.takes_at.max(it.published.as_ref().map_or(context.now, |it| it.0));
    let (ask, notices, next_at) = match asked {
        0 => {
            let next = page.map(|after| called_from.plus(after).max(context.now));
            (HandoverAsk::Nag, gently(state, context, &wanted), next)
        }
        1 => {
            let notices = call(state, context, &wanted);
            // Where nobody can be called the others are, at once.
            let after = page.filter(|_| !notices.is_empty());
            let next = context.now.plus(after.unwrap_or(model::Millis::ZERO));
            (HandoverAsk::Call, notices, Some(next))
        }
        _ => {
            // Also whoever stays on the shift, who may be the only one who can be called.
            let known: Vec<PersonId> = wanted.iter().chain(it.reads.keys()).cloned().collect();
            let others: Vec<PersonId> = others(state, rota, &known);
            (HandoverAsk::CallOthers, call(state, context, &others), None)
        }
    };
    Some(HandoverEvent::Asked { handover: id, ask, to, next_at, notices })
}

/// Messages by the rules that people have for being called.
fn call(state: &State, context: &Context<'_>, people: &[PersonId]) -> Vec<NewNotice> {
    notify::by_rules(state, context, people.iter(), Severity::Page)
}

/// The team that owns the rota, and where none does, whoever takes turns in it.
fn others(state: &State, rota: &RotaId, but: &[PersonId]) -> Vec<PersonId> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let Some(it) = catalogue.rotas.get(rota) else { return vec![] };
    let team = it.rules.owner.as_ref().and_then(|it| catalogue.teams.get(it));
    let all: Vec<PersonId> = match team {
        Some(team) => team.members.clone(),
        None => it.layers.iter().flat_map(|it| it.people.clone()).collect(),
    };
    let mut found: Vec<PersonId> = vec![];
    for person in all {
        if !but.contains(&person) && !found.contains(&person) {
            found.push(person);
        }
    }
    found
}
