//! Whom a step calls: its targets as people and channels, without those whom its conditions leave out.
//!
//! Intuition: expand first, then strike out, and write down every stroke.
//!
//! Invariants:
//! - a step whose conditions leave out everybody is passed over as a whole, with the reasons;
//! - without conditions nothing is struck out but who has taken the page already;
//! - what is unknown strikes nobody out: an unknown zone, an unknown budget.

use crate::budget;
use crate::command::Context;
use crate::event::{LeftOut, SkippedNotice};
use crate::load;
use crate::state::{Purpose, Recipient, State};
use model::{
    Catalogue, ChannelId, EscalationStep, Hours, PageTarget, PersonId, RotaId, Timestamp, When,
};
use paging::Page;
use std::collections::BTreeSet;

/// Whom a step calls.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// In order, without repetition.
    pub(crate) people: Vec<PersonId>,
    pub(crate) channels: Vec<ChannelId>,
    pub(crate) left_out: Vec<LeftOut>,
    /// Who is not called because somebody relieves them.
    pub(crate) spared: Vec<SkippedNotice>,
    /// The first rota asked, and until when its shift lasts.
    pub(crate) duty: Option<(RotaId, Timestamp)>,
}

/// A step of a page with its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered<'a> {
    pub(crate) page: &'a Page,
    pub(crate) attempt: u32,
    pub(crate) step: &'a EscalationStep,
}

/// Whom `it` calls now. `unconditional` ignores its conditions.
pub(crate) fn resolve(
    state: &State,
    context: &Context<'_>,
    it: Numbered<'_>,
    unconditional: bool,
) -> Resolved {
    let Some(catalogue) = state.catalogue() else { return Resolved::default() };
    let mut found = expanded(state, context, it.page, it.attempt, it.step.page.iter());
    let attempt = it.attempt;
    let mut strike = |keep: &dyn Fn(&PersonId) -> Result<(), String>| {
        found.people.retain(|person| match keep(person) {
            Ok(()) => true,
            Err(reason) => {
                let who = Some(Recipient::Person(person.clone()));
                found.left_out.push(LeftOut { attempt, who, reason });
                false
            }
        });
    };
    let taken = |person: &PersonId| {
        let took = it.page.takers().any(|by| by == person);
        if took { Err("has taken it already".to_owned()) } else { Ok(()) }
    };
    strike(&taken);
    if let Some(hours) = it.step.when.hours.as_ref().filter(|_| !unconditional) {
        strike(&|person| within(catalogue, context, hours, person));
    }
    found
}

/// Whether the conditions of a step hold, or what speaks against it.
pub(crate) fn may(
    state: &State,
    context: &Context<'_>,
    it: Numbered<'_>,
) -> Result<(), Vec<LeftOut>> {
    let When { hours, severity, budget } = &it.step.when;
    let alert = state.alerts.get(&it.page.alert);
    let out = |reason: String| Err(vec![LeftOut { attempt: it.attempt, who: None, reason }]);
    if let (Some(wanted), Some(alert)) = (severity, alert)
        && alert.severity != *wanted
    {
        return out(format!("is for severity {wanted} only, and this is a {}", alert.severity));
    }
    let seen = alert.and_then(crate::Alert::budget_seen);
    if let Some(wanted) = budget
        && !budget::stands(*wanted, seen.as_ref())
    {
        let told = seen.map_or(String::new(), |it| it.told());
        return out(format!("is for a budget {wanted} only, and {told}"));
    }
    let (Some(hours), Some(catalogue)) = (hours, state.catalogue()) else { return Ok(()) };
    let found = expanded(state, context, it.page, it.attempt, it.step.page.iter());
    let mut left_out = vec![];
    for person in &found.people {
        match within(catalogue, context, hours, person) {
            Ok(()) => return Ok(()),
            Err(reason) => {
                let who = Some(Recipient::Person(person.clone()));
                left_out.push(LeftOut { attempt: it.attempt, who, reason });
            }
        }
    }
    // Nobody was struck out: a step that names nobody is no matter of hours.
    if left_out.is_empty() || !found.channels.is_empty() { Ok(()) } else { Err(left_out) }
}

fn within(
    catalogue: &Catalogue,
    context: &Context<'_>,
    hours: &Hours,
    person: &PersonId,
) -> Result<(), String> {
    let Some(it) = catalogue.people.get(person) else { return Ok(()) };
    let zone = &it.timezone;
    match oncall::is_within(hours, zone, context.now, context.zones) {
        Some(false) => {
            let clock = oncall::clock(zone, context.now, context.zones).unwrap_or_default();
            Err(format!("is outside {hours}: it is {clock} in {zone}"))
        }
        Some(true) | None => Ok(()),
    }
}

/// Everybody and everything that `targets` name now, for step number `attempt` of `page`.
pub(crate) fn expanded<'a>(
    state: &State,
    context: &Context<'_>,
    page: &Page,
    attempt: u32,
    targets: impl Iterator<Item = &'a PageTarget>,
) -> Resolved {
    let mut found = Resolved::default();
    let Some(catalogue) = state.catalogue() else { return found };
    for target in targets {
        let people: Vec<PersonId> = match target {
            PageTarget::Person(person) => vec![person.clone()],
            PageTarget::Team(team) => {
                catalogue.teams.get(team).map_or(&[][..], |it| &it.members).to_vec()
            }
            PageTarget::Channel(channel) => {
                if !found.channels.contains(channel) {
                    found.channels.push(channel.clone());
                }
                vec![]
            }
            PageTarget::Rota(id) | PageTarget::RotaNext(id) => {
                let Some(rota) = catalogue.rotas.get(id) else { continue };
                let duty = oncall::duty(rota, context.now, context.zones);
                found.duty.get_or_insert((id.clone(), duty.shift.ends));
                let (people, spared) = load::on_duty(state, context, page.incident, id, &duty);
                if matches!(target, PageTarget::RotaNext(_)) {
                    let line = oncall::line(rota, context.now, context.zones);
                    let mut called = called_in_pass(state, page, attempt);
                    called.extend(&found.people);
                    // Whoever was relieved is not called as the next one either.
                    let spared = spared.iter().map(|it| it.to.clone()).collect::<BTreeSet<_>>();
                    let spared = |it: &PersonId| spared.contains(&Recipient::Person(it.clone()));
                    let free = |it: &&PersonId| !called.contains(it) && !spared(it);
                    let next = line.iter().find(free).or(line.iter().find(|it| !spared(it)));
                    // A rota of one person has nobody behind them.
                    next.map_or(people, |it| vec![it.clone()])
                } else {
                    found.spared.extend(spared);
                    people
                }
            }
        };
        for person in people {
            if !found.people.contains(&person) {
                found.people.push(person);
            }
        }
    }
    found
}

/// Everybody whom this pass of the page has called so far.
fn called_in_pass<'a>(state: &'a State, page: &Page, now: u32) -> BTreeSet<&'a PersonId> {
    let called = page.notices.iter().filter_map(|id| {
        let notice = state.notices.get(id)?;
        match (&notice.purpose, &notice.to) {
            (Purpose::Page { attempt, .. }, Recipient::Person(person))
                if page.same_pass(*attempt, now) =>
            {
                Some(person)
            }
            _ => None,
        }
    });
    called.collect()
}
