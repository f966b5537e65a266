//! Planned work becomes silences at its time, and whoever set a silence is reminded of it.
//!
//! Intuition: a plan is a stencil. Each time its hour comes it leaves one silence, which then lives as
//! any other: it can be ended early, it lists what it hid, what still fires at its end is heard.
//!
//! Invariants:
//! - one window leaves at most one silence, however often it is looked at, and also when somebody has
//!   ended that silence before its time;
//! - a window that passed while we were away leaves none; one that still lasts does, for its rest;
//! - when the next window begins is computed from the plan and never stored.

use crate::command::{Command, Context, Rejected};
use crate::decide::{person, text_within};
use crate::event::{Event, NewNotice, ReminderReason};
use crate::silence::{Silence, SilencePhase};
use crate::state::{Limits, Recipient, State};
use alerting::Matcher;
use model::{
    Contact, Maintenance, Medium, Millis, NoticeId, Personal, SilenceId, Timestamp, WindowId,
};
use std::collections::BTreeSet;

/// Planned works that people entered.
const PLANS_MAX: usize = 500;

/// How long before the end of a silence that hid something its owner is reminded; of a short one, a
/// quarter of its length.
const REMIND_BEFORE: Millis = Millis::from_mins(30);

/// How often the owner of a long silence that hides something is reminded.
const REMIND_EVERY: Millis = Millis::from_days(7);

impl State {
    /// Every planned work in force: that of the configuration, and what people entered.
    pub fn plans(&self) -> impl Iterator<Item = (&WindowId, &Maintenance)> {
        let written = self.catalogue().into_iter().flat_map(|it| &it.watched.maintenance);
        written.chain(self.watching.plans.iter().map(|(id, it)| (id, &it.what)))
    }
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::PlanMaintenance { window, what, by } => {
            person(state, by)?;
            person(state, &what.owner)?;
            text_within("reason", &what.reason, Limits::TEXT_LENGTH_MAX)?;
            let invalid = |told: String| Err(Rejected::Invalid(told));
            let written = state.catalogue().map(|it| &it.watched.maintenance);
            if written.is_some_and(|it| it.contains_key(window)) {
                return invalid(format!("`{window}` stands in the configuration; change it there"));
            }
            let matchers = match Matcher::parse_list(&what.matchers) {
                Ok(matchers) => matchers,
                Err(error) => return invalid(error.to_string()),
            };
            if context.zones.get(&what.timezone).is_none() {
                return invalid(format!("`{}` is not a time zone", what.timezone));
            }
            let Some(next) = oncall::window(what, context.now, context.zones) else {
                return invalid("that time has passed".to_owned());
            };
            crate::silence::worth_having(&matchers, &what.reason, next.starts, next.ends)?;
            let known = state.watching.plans.contains_key(window);
            if !known && state.watching.plans.len() >= PLANS_MAX {
                return Err(Rejected::LimitReached { limit: "plans_max", max: PLANS_MAX });
            }
            let (window, by) = (window.clone(), by.clone());
            Ok(vec![Event::MaintenancePlanned { window, what: what.as_ref().clone(), by }])
        }
        Command::CancelMaintenance { window, by } => {
            person(state, by)?;
            if !state.watching.plans.contains_key(window) {
                return Err(Rejected::Unknown { what: "planned work", id: window.to_string() });
            }
            Ok(vec![Event::MaintenanceCancelled { window: window.clone(), by: by.clone() }])
        }
        other => unreachable!("not about planned work: {other:?}"),
    }
}

/// When windows begin next, beside the state: computing it needs the rules of zones.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    /// What it was computed from; `None` before the first time.
    seen: Option<(u64, u64)>,
    queue: BTreeSet<(Timestamp, WindowId)>,
    changes: u64,
}

impl Windows {
    /// Plans or silences changed: compute again.
    pub(crate) fn changed(&mut self) {
        self.changes += 1;
    }

    fn key(&self, state: &State) -> (u64, u64) {
        (state.catalogue_version, self.changes)
    }

    /// When there is something to do next: now, when nothing has been computed yet.
    pub(crate) fn next(&self, state: &State) -> Option<Timestamp> {
        if self.seen == Some(self.key(state)) {
            return self.queue.first().map(|(at, _)| *at);
        }
        state.plans().next().map(|_| state.at)
    }

    pub(crate) fn refresh(&mut self, state: &State, context: &Context<'_>) {
        if self.seen == Some(self.key(state)) {
            return;
        }
        self.seen = Some(self.key(state));
        let next = |(id, plan): (&WindowId, &Maintenance)| {
            let mut window = oncall::window(plan, context.now, context.zones)?;
            if state.watching.windows_set.get(id).is_some_and(|it| *it >= window.starts) {
                window = oncall::window(plan, window.ends, context.zones)?;
            }
            Some((window.starts, id.clone()))
        };
        self.queue = state.plans().filter_map(next).collect();
    }

    /// The first window that has begun.
    pub(crate) fn first_due(&self, state: &State, context: &Context<'_>) -> Option<Event> {
        let (at, id) = self.queue.first()?;
        if *at > context.now {
            return None;
        }
        let (_, plan) = state.plans().find(|(it, _)| *it == id)?;
        let window = oncall::window(plan, context.now, context.zones)?;
        // The catalogue checked them, or the command that entered them did.
        let matchers = Matcher::parse_list(&plan.matchers).ok()?;
        Some(Event::SilenceSet {
            silence: SilenceId(state.next.silence + 1),
            matchers,
            starts_at: window.starts.max(*at),
            ends_at: window.ends,
            by: plan.owner.clone(),
            comment: Personal::new(plan.owner.clone(), &plan.reason),
            plan: Some(id.clone()),
        })
    }
}

/// When the owner of a silence is to be reminded next.
pub(crate) fn reminder_at(silence: &Silence) -> Option<(Timestamp, ReminderReason)> {
    if silence.phase != SilencePhase::Active || silence.hid_count == 0 {
        return None;
    }
    let whole = silence.ends_at.since(silence.starts_at);
    let before = REMIND_BEFORE.min(Millis(whole.0 / 4));
    let end = silence.ends_at.minus(before);
    let last = silence.reminded_at.unwrap_or(silence.starts_at);
    let week = last.plus(REMIND_EVERY);
    if week < end {
        return Some((week, ReminderReason::StillHides));
    }
    (last < end || silence.reminded_at.is_none()).then_some((end, ReminderReason::EndsSoon))
}

/// The first reminder that is due.
pub(crate) fn first_reminder(state: &State, now: Timestamp) -> Option<Event> {
    let due = |silence: &Silence| reminder_at(silence).filter(|(at, _)| *at <= now);
    let (id, silence, reason) =
        state.silences.iter().find_map(|(id, it)| Some((id, it, due(it)?.1)))?;
    Some(Event::SilenceReminded {
        silence: *id,
        reason,
        notices: gently(state, silence).into_iter().collect(),
    })
}

/// The calmest way to somebody: mail before push before the telephone. Nobody is woken by a reminder.
fn gently(state: &State, silence: &Silence) -> Option<NewNotice> {
    let catalogue = state.catalogue()?;
    let contacts = &catalogue.people.get(&silence.by)?.contacts;
    let way = |medium: Medium| {
        let has = |it: &&Contact| it.medium == medium && it.address.text().is_some();
        contacts.iter().find(has)?;
        Some((medium, catalogue.channel_for(medium)?))
    };
    let (medium, channel) = [Medium::Email, Medium::Ntfy].into_iter().find_map(way)?;
    Some(NewNotice {
        notice: NoticeId(state.next.notice + 1),
        to: Recipient::Person(silence.by.clone()),
        medium,
        channel: channel.clone(),
        due_at: None,
    })
}
