//! What the state knows that whoever comes on duty should: taken together when a handover is published.
//!
//! Intuition: the chart at the bed. Nobody has to remember it, and nobody may leave it out.
//!
//! Invariants:
//! - what is open is never cut without saying how much was: a last line counts the rest;
//! - order: what goes on, what waits, what ends soon, what changed, what happened.

use super::{HandoverEvent, Shifting};
use crate::budget::BudgetSeen;
use crate::command::Context;
use crate::shifts::SwapAnswer;
use crate::state::State;
use incident::Incident;
use model::{
    ChangeId, FeatureId, IncidentId, Millis, OverrideId, PageId, PageTarget, PersonId, RotaId,
    SilenceId, SwapId, Timestamp, WindowId,
};
use paging::PageStatus;
use serde::{Deserialize, Serialize};

/// Facts of one kind; beyond, they are counted.
const OF_A_KIND_MAX: usize = 20;
/// How far back changes count.
const CHANGES_BACK: Millis = Millis::from_hours(24);
/// How far back pages count where a shift was longer.
const PAGES_BACK: Millis = Millis::from_days(7);
/// How far ahead is looked at least, where the shift to come is shorter.
const AHEAD_MIN: Millis = Millis::from_hours(24);
/// How far ahead at most.
const AHEAD_MAX: Millis = Millis::from_days(7);
/// A budget of which more than this share is spent is at risk.
const AT_RISK_FROM: f64 = 0.75;

/// Something the state knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// An incident goes on.
    Incident {
        /// Which.
        incident: IncidentId,
        /// In one line.
        title: String,
        /// Since when.
        opened_at: Timestamp,
        /// Who has it.
        holder: Option<PersonId>,
        /// How many notes stand beside it.
        notes: u32,
    },
    /// A page comes back: it was put off, waits for the morning, or is handed on.
    Waiting {
        /// Which.
        page: PageId,
        /// Of which incident.
        incident: IncidentId,
        /// When; `None`: when the other one takes it.
        until: Option<Timestamp>,
        /// To whom it is handed.
        handed_to: Option<PersonId>,
    },
    /// A silence ends in the shift to come.
    SilenceEnds {
        /// Which.
        silence: SilenceId,
        /// When.
        ends_at: Timestamp,
        /// What it hides.
        matchers: String,
        /// How much it hid.
        hid: u64,
    },
    /// Planned work begins or ends in the shift to come.
    Work {
        /// Which.
        window: WindowId,
        /// From when.
        starts: Timestamp,
        /// Until when.
        ends: Timestamp,
    },
    /// The rota is not what its turns say.
    Override {
        /// Which.
        overriding: OverrideId,
        /// From when.
        starts: Timestamp,
        /// Until when.
        ends: Timestamp,
        /// What.
        change: oncall::Change,
    },
    /// A swap waits for an answer.
    Swap {
        /// Which.
        swap: SwapId,
        /// Who asks.
        from: PersonId,
        /// Whom.
        with: PersonId,
    },
    /// Something was changed lately.
    Change {
        /// Which.
        change: ChangeId,
        /// When.
        at: Timestamp,
        /// In one line.
        summary: String,
    },
    /// A budget is nearly gone, or gone.
    Budget {
        /// Whose.
        feature: FeatureId,
        /// How much of it is spent, in percent.
        spent_percent: i64,
    },
    /// People were called.
    Paged {
        /// Which page.
        page: PageId,
        /// Of which incident.
        incident: IncidentId,
        /// In one line.
        title: String,
        /// When.
        at: Timestamp,
        /// Whether it was night for one of those who had the shift.
        night: bool,
        /// Whether it is over.
        over: bool,
    },
    /// There is more of that kind.
    More {
        /// Of which.
        of: String,
        /// How much.
        count: u32,
    },
}

/// What the state says to whoever takes over now.
#[must_use]
pub fn draft_facts(state: &State, context: &Context<'_>, shifting: &Shifting) -> Vec<Fact> {
    let mut facts = vec![];
    let horizon = shifting
        .until
        .max(shifting.takes_at.plus(AHEAD_MIN))
        .min(shifting.takes_at.max(context.now).plus(AHEAD_MAX));
    add(&mut facts, "incidents", incidents(state, &shifting.rota));
    add(&mut facts, "pages that come back", waiting(state, &shifting.rota));
    add(&mut facts, "silences", silences(state, horizon));
    add(&mut facts, "planned works", works(state, context, horizon));
    add(&mut facts, "overrides", overrides(state, context.now, &shifting.rota, horizon));
    add(&mut facts, "swaps", swaps(state, &shifting.rota));
    add(&mut facts, "changes", changes(state, context.now));
    add(&mut facts, "pages", pages(state, context, shifting));
    facts
}

/// Adds the budgets that are nearly gone to a handover that is published.
pub(crate) fn at_risk(event: &mut HandoverEvent, budgets: impl Iterator<Item = BudgetSeen>) {
    let HandoverEvent::Published { facts, .. } = event else { return };
    let found = budgets.filter_map(|it| {
        let spent = it.spent_ratio.filter(|it| *it >= AT_RISK_FROM)?;
        #[expect(clippy::cast_possible_truncation, reason = "whole percents, bounded")]
        let spent_percent = (spent * 100.0).clamp(0.0, 1e6) as i64;
        Some(Fact::Budget { feature: it.feature, spent_percent })
    });
    add(facts, "budgets at risk", found.collect());
}

fn add(facts: &mut Vec<Fact>, of: &str, found: Vec<Fact>) {
    let more = found.len().saturating_sub(OF_A_KIND_MAX);
    facts.extend(found.into_iter().take(OF_A_KIND_MAX));
    if more > 0 {
        let count = u32::try_from(more).unwrap_or(u32::MAX);
        facts.push(Fact::More { of: of.to_owned(), count });
    }
}

/// Whether whoever is on duty in `rota` deals with it. In doubt they do.
fn concerns(state: &State, rota: &RotaId, incident: &Incident) -> bool {
    let calls =
        |policy: &model::Escalation| {
            policy.steps.iter().flat_map(|it| &it.page).any(
                |it| matches!(it, PageTarget::Rota(id) | PageTarget::RotaNext(id) if id == rota),
            )
        };
    let mut pages = incident.pages.iter().filter_map(|it| state.pages.get(it)).peekable();
    if pages.peek().is_some() {
        return pages.any(|it| calls(&it.policy)) || owns(state, rota, incident);
    }
    let Some(catalogue) = state.catalogue() else { return true };
    let of_feature = incident.feature.as_ref().and_then(|it| catalogue.features.get(it));
    let policy = of_feature.and_then(|it| catalogue.escalations.get(it.escalation.as_ref()?));
    match policy {
        Some(policy) => calls(policy) || owns(state, rota, incident),
        None => incident.team.is_none() || owns(state, rota, incident),
    }
}

fn owns(state: &State, rota: &RotaId, incident: &Incident) -> bool {
    let owner = state.catalogue().and_then(|it| it.rotas.get(rota)?.rules.owner.as_ref());
    owner.is_some() && owner == incident.team.as_ref()
}

fn incidents(state: &State, rota: &RotaId) -> Vec<Fact> {
    let open = state.incidents_open().filter(|(_, it)| concerns(state, rota, it));
    open.map(|(id, it)| Fact::Incident {
        incident: id,
        title: it.title.clone(),
        opened_at: it.opened_at,
        holder: state.holder(id).cloned(),
        notes: u32::try_from(it.notes.len()).unwrap_or(u32::MAX),
    })
    .collect()
}

fn waiting(state: &State, rota: &RotaId) -> Vec<Fact> {
    let open = state.incidents_open().filter(|(_, it)| concerns(state, rota, it));
    let pages = open.flat_map(|(id, it)| it.pages.iter().map(move |page| (id, *page)));
    pages
        .filter_map(|(incident, page)| {
            let it = state.pages.get(&page)?;
            let (until, handed_to) = match (&it.status, &it.handing) {
                (PageStatus::Snoozed { until, .. } | PageStatus::Held { until, .. }, _) => {
                    (Some(*until), None)
                }
                (_, Some(handing)) => (None, Some(handing.to.clone())),
                _ => return None,
            };
            Some(Fact::Waiting { page, incident, until, handed_to })
        })
        .collect()
}

fn silences(state: &State, horizon: Timestamp) -> Vec<Fact> {
    let ending = state.silences.iter().filter(|(_, it)| it.is_active() && it.ends_at <= horizon);
    ending
        .map(|(id, it)| Fact::SilenceEnds {
            silence: *id,
            ends_at: it.ends_at,
            matchers: it.matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            hid: it.hid_count,
        })
        .collect()
}

fn works(state: &State, context: &Context<'_>, horizon: Timestamp) -> Vec<Fact> {
    let next = state.plans().filter_map(|(id, plan)| {
        let it = oncall::window(plan, context.now, context.zones)?;
        let (starts, ends) = (it.starts, it.ends);
        (starts < horizon).then(|| Fact::Work { window: id.clone(), starts, ends })
    });
    next.collect()
}

fn overrides(state: &State, now: Timestamp, rota: &RotaId, horizon: Timestamp) -> Vec<Fact> {
    let ahead = state
        .overrides
        .iter()
        .filter(|(_, it)| it.rota == *rota && it.ends > now && it.starts < horizon);
    ahead
        .map(|(id, it)| Fact::Override {
            overriding: *id,
            starts: it.starts,
            ends: it.ends,
            change: it.change.clone(),
        })
        .collect()
}

fn swaps(state: &State, rota: &RotaId) -> Vec<Fact> {
    let waits = |answer: Option<SwapAnswer>| answer.is_none();
    let open = state.swaps.iter().filter(|(_, it)| it.rota == *rota && waits(it.answer));
    open.map(|(id, it)| Fact::Swap { swap: *id, from: it.from.clone(), with: it.with.clone() })
        .collect()
}

fn changes(state: &State, now: Timestamp) -> Vec<Fact> {
    let recent = state.watching.changes.iter().rev();
    recent
        .filter(|(_, it)| now.since(it.at) <= CHANGES_BACK)
        .map(|(id, it)| Fact::Change { change: *id, at: it.at, summary: it.summary.clone() })
        .collect()
}

/// Pages since the shift that ends began.
fn pages(state: &State, context: &Context<'_>, shifting: &Shifting) -> Vec<Fact> {
    let duty = state.on_duty(&shifting.rota, shifting.gives_at.minus(Millis(1)), context.zones);
    let since = duty.map_or(shifting.gives_at.minus(CHANGES_BACK), |it| it.starts);
    let since = since.max(context.now.minus(PAGES_BACK));
    let zones: Vec<&str> = match state.catalogue() {
        Some(all) => shifting
            .from
            .iter()
            .filter_map(|it| Some(all.people.get(it)?.timezone.as_str()))
            .collect(),
        None => vec![],
    };
    let recent = state.pages.iter().rev().take_while(|(_, it)| it.opened_at >= since);
    let found = recent.filter_map(|(id, it)| {
        let incident = state.incidents.get(&it.incident)?;
        let at_night = |zone: &&str| oncall::night(zone, it.opened_at, context.zones).is_some();
        concerns(state, &shifting.rota, incident).then(|| Fact::Paged {
            page: *id,
            incident: it.incident,
            title: incident.title.clone(),
            at: it.opened_at,
            night: zones.iter().any(at_night),
            over: matches!(it.status, PageStatus::Ended { .. }),
        })
    });
    found.collect()
}
