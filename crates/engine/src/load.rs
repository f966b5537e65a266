//! Enough is enough: how many pages one person gets, and what follows.
//!
//! Intuition: a shift is a promise to get up, not to get up nine times. Pages are counted per person, one
//! per incident; at the limit the next in the rota takes over, or a day is noted, or what is calm waits.
//!
//! Complications: nothing here may lose a page. The highest severity knows no limit: it goes to whoever
//! the rota names *and* to whoever relieves them. When everybody who could relieve has had enough too,
//! whoever is on duty is called on. And anybody may say "page anyway".
//!
//! Invariants:
//! - what is counted is state, made of events alone, so a restart forgets nothing;
//! - memory is bounded: so many pages per person, so many moments at all;
//! - pages in shadow mode wake nobody and are not counted.

use crate::command::{Context, Rejected};
use crate::event::{Event, EventRecord, NewNotice, Origin, SkippedNotice};
use crate::state::{Alert, Purpose, Recipient, State};
use model::{
    AlertId, Catalogue, IncidentId, LoadLimit, LoadPer, LoadThen, Map, Medium, Millis, NoticeId,
    PageId, PersonId, RotaId, Set, Severity, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Over how long calls of one person are limited.
pub const CALLS_WINDOW: Millis = Millis::from_mins(10);
/// Pages remembered per person. More than that within one shift are above any limit.
const RECEIVED_MAX: usize = 200;
/// Moments at which a limit was reached, remembered.
const LOG_MAX: usize = 5_000;
/// Calls remembered per person: with the least bound nobody gets more within two windows.
const CALLS_MAX: usize = 256;

/// Who was called how often, and what followed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The pages of each person, one per incident, oldest first.
    pub received: Map<PersonId, VecDeque<Received>>,
    /// The calls of each person over the last minutes, one per step of a page or message that lists
    /// several, oldest first.
    pub calls: Map<PersonId, VecDeque<Taken>>,
    /// Most calls that one person got within ten minutes, in what is not in `calls` any more.
    pub calls_peak: u32,
    /// Messages that list several pages: what is in them.
    pub bundles: Map<NoticeId, Vec<NoticeId>>,
    /// The message of each medium that waits for each person, and until when it takes in more.
    pub gathering: Map<PersonId, (Timestamp, BTreeMap<Medium, NoticeId>)>,
    /// Moments at which somebody had enough.
    pub log: Map<u64, LoadEntry>,
    /// The number of the last of them.
    pub last: u64,
    /// Who has the duty in place of whom.
    pub reliefs: Map<RotaId, Relief>,
    /// For whom calm notices wait, and until when.
    pub held: Map<PersonId, Timestamp>,
    /// Alerts for which somebody wants people called whatever the limits.
    pub anyway: Set<AlertId>,
    /// What people of an incident were told after their call.
    pub updates: Map<IncidentId, crate::storm::Updates>,
}

/// One page as a person got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// About what.
    pub incident: IncidentId,
    /// When first.
    pub at: Timestamp,
}

/// One call: a step of a page, or a message that lists several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When it goes out.
    pub at: Timestamp,
    /// The page that began it.
    pub page: PageId,
    /// Which step of it.
    pub attempt: u32,
}

/// One moment at which somebody had enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub person: PersonId,
    /// On duty in which rota.
    pub rota: Option<RotaId>,
    /// The page that was one too many.
    pub page: PageId,
    /// How many they had, since when.
    pub pages: u32,
    /// Since when they were counted.
    pub since: Timestamp,
    /// The limit.
    pub limit: LoadLimit,
    /// What followed.
    pub outcome: LoadOutcome,
}

/// What follows when somebody had enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadOutcome {
    /// Somebody else has the duty.
    Relieved {
        /// Who.
        to: PersonId,
        /// Until when.
        until: Timestamp,
    },
    /// A day is noted.
    Credited,
    /// What is calm waits.
    Held {
        /// Until when.
        until: Timestamp,
    },
    /// Everybody who could take over has had enough too: whoever is on duty is called on.
    NobodyLeft,
}

/// Somebody has the duty in place of somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relief {
    /// Who was relieved.
    pub from: PersonId,
    /// Who has the duty.
    pub to: PersonId,
    /// Until when.
    pub until: Timestamp,
    /// Why, as [`Load::log`] counts.
    pub load: u64,
}

impl Load {
    /// Days noted for people, oldest first.
    pub fn credits(&self) -> impl Iterator<Item = &LoadEntry> {
        self.log.values().filter(|it| it.outcome == LoadOutcome::Credited)
    }

    /// The relief in force in `rota`.
    #[must_use]
    pub fn relief(&self, rota: &RotaId, now: Timestamp) -> Option<&Relief> {
        self.reliefs.get(rota).filter(|it| now < it.until)
    }

    /// How many pages `person` got since then.
    #[must_use]
    pub fn pages_since(&self, person: &PersonId, since: Timestamp) -> u32 {
        let pages = self.received.get(person);
        let count = pages.map_or(0, |it| it.iter().filter(|it| it.at >= since).count());
        u32::try_from(count).expect("bounded")
    }

    /// Most calls that one person gets within ten minutes that touch `now`.
    #[must_use]
    pub fn calls_now(&self, now: Timestamp) -> u32 {
        let since = now.minus(CALLS_WINDOW);
        let recent =
            |it: &VecDeque<Taken>| it.iter().filter(|it| it.at > since && it.at <= now).count();
        u32::try_from(self.calls.values().map(recent).max().unwrap_or(0)).expect("bounded")
    }

    /// Most calls that one person ever got within ten minutes.
    #[must_use]
    pub fn calls_peak(&self) -> u32 {
        self.calls.values().map(worst).max().unwrap_or(0).max(self.calls_peak)
    }
}

/// Most calls within one window.
fn worst(calls: &VecDeque<Taken>) -> u32 {
    let within = |last: &Taken| {
        let since = last.at.minus(CALLS_WINDOW);
        calls.iter().filter(|it| it.at > since && it.at <= last.at).count()
    };
    u32::try_from(calls.iter().map(within).max().unwrap_or(0)).expect("bounded")
}

/// Whether no limit holds an alert back: somebody called for help, nothing is measured, its label says
/// critical, or the budget is gone.
#[must_use]
pub(crate) fn is_highest(alert: &Alert) -> bool {
    match &alert.origin {
        Origin::Person { .. } | Origin::Source { .. } | Origin::Watch { .. } => true,
        Origin::Heartbeat { .. } | Origin::Budget { .. } => false,
        Origin::Burn(evidence) => {
            alert.severity == Severity::Page
                && evidence.assessment.budget.spent_ratio.is_some_and(|it| it >= 1.0)
        }
        Origin::Door { labels, .. } => highest_label(labels).is_some(),
    }
}

/// The label by which a sender marks what knows no limit and never waits.
pub(crate) fn highest_label(labels: &BTreeMap<String, String>) -> Option<(&str, String)> {
    const HIGHEST: [&str; 8] =
        ["critical", "emergency", "fatal", "disaster", "p0", "p1", "sev0", "sev1"];
    ["severity", "priority"].into_iter().find_map(|name| {
        let value = labels.get(name)?.to_ascii_lowercase();
        HIGHEST.contains(&value.as_str()).then_some((name, value))
    })
}

/// Whether no limit holds an incident back.
pub(crate) fn is_unlimited(state: &State, incident: IncidentId) -> bool {
    let alerts = state.incidents.get(&incident).map_or(&[][..], |it| &it.alerts);
    is_wanted(state, incident)
        || alerts.iter().filter_map(|it| state.alerts.get(it)).any(is_highest)
}

/// Whether somebody said "page anyway" of something in it.
pub(crate) fn is_wanted(state: &State, incident: IncidentId) -> bool {
    let alerts = state.incidents.get(&incident).map_or(&[][..], |it| &it.alerts);
    !state.load.anyway.is_empty() && alerts.iter().any(|it| state.load.anyway.contains(it))
}

/// Whom a page of `rota` calls now, and who is spared: whoever relieves, and for the highest severity
/// whoever the rota names as well.
pub(crate) fn on_duty(
    state: &State,
    context: &Context<'_>,
    incident: IncidentId,
    rota: &RotaId,
    on_duty: &[PersonId],
) -> (Vec<PersonId>, Vec<SkippedNotice>) {
    let mut people = on_duty.to_vec();
    let Some(relief) = state.load.relief(rota, context.now) else { return (people, vec![]) };
    if is_unlimited(state, incident) {
        if !people.contains(&relief.to) {
            people.push(relief.to.clone());
        }
        return (people, vec![]);
    }
    let told = state.load.log.get(&relief.load).map_or(String::new(), |it| {
        format!(" after {} pages (at most {})", it.pages, it.limit.pages)
    });
    let reason = format!("is relieved by {} until {}{told}", relief.to, relief.until);
    let skipped = people.iter().filter(|it| **it != relief.to);
    let skipped = skipped
        .map(|it| SkippedNotice { to: Recipient::Person(it.clone()), reason: reason.clone() })
        .collect();
    (vec![relief.to.clone()], skipped)
}

/// The people among the receivers of notices, each once.
pub(crate) fn people_of(notices: &[NewNotice]) -> BTreeSet<&PersonId> {
    let people = notices.iter().filter_map(|it| match &it.to {
        Recipient::Person(id) => Some(id),
        Recipient::Channel(_) => None,
    });
    people.collect()
}

/// What follows for people who have had enough with this page.
pub(crate) fn reached(
    state: &State,
    context: &Context<'_>,
    page: PageId,
    duty: Option<&RotaId>,
    notices: &[NewNotice],
    first_free: u64,
) -> Vec<Event> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let Some(incident) = state.pages.get(&page).map(|it| it.incident) else { return vec![] };
    if state.shadows(incident) {
        return vec![];
    }
    let team = state.incidents.get(&incident).and_then(|it| it.team.as_ref());
    let of_team = team.and_then(|it| catalogue.teams.get(it)?.load);
    let (mut events, mut first_free) = (vec![], first_free);
    for person in people_of(notices) {
        let rota = duty.filter(|it| has_duty(state, context, it, person));
        let of_rota = rota.and_then(|it| catalogue.rotas.get(it)?.load);
        let Some(limit) = of_rota.or(of_team) else { continue };
        let Some((since, until)) = period(state, catalogue, context, limit, person, rota) else {
            continue;
        };
        let pages = state.load.pages_since(person, since);
        let before = state.load.log.values().rev().find(|it| it.person == *person);
        if pages < u32::from(limit.pages) || before.is_some_and(|it| it.at >= since) {
            continue;
        }
        let outcome = match limit.then {
            LoadThen::Credit => LoadOutcome::Credited,
            LoadThen::Hold => LoadOutcome::Held { until },
            LoadThen::Relieve => relieving(state, catalogue, context, limit, person, rota),
        };
        let load = state.load.last + 1 + events.len() as u64;
        let told = match &outcome {
            LoadOutcome::Relieved { to, .. } => vec![person, to],
            _ => vec![person],
        };
        let told = told.into_iter();
        let told: Vec<NewNotice> = told
            .filter_map(|it| quiet_notice(state, it))
            .zip(first_free..)
            .map(|(it, id)| NewNotice { notice: NoticeId(id), ..it })
            .collect();
        first_free += told.len() as u64;
        let (person, rota) = (person.clone(), rota.cloned());
        let notices = told;
        events.push(Event::LoadReached {
            load,
            person,
            rota,
            page,
            pages,
            since,
            limit,
            outcome,
            notices,
        });
    }
    events
}

/// Whether `person` has the duty, by turn or in place of somebody.
fn has_duty(state: &State, context: &Context<'_>, rota: &RotaId, person: &PersonId) -> bool {
    let relieves = state.load.relief(rota, context.now).is_some_and(|it| it.to == *person);
    let by_turn = || {
        let shift = state.on_duty(rota, context.now, context.zones);
        shift.is_some_and(|it| it.people.contains(person))
    };
    relieves || by_turn()
}

/// From when pages are counted, and until when it lasts. `None`: nothing is counted now.
fn period(
    state: &State,
    catalogue: &Catalogue,
    context: &Context<'_>,
    limit: LoadLimit,
    person: &PersonId,
    rota: Option<&RotaId>,
) -> Option<(Timestamp, Timestamp)> {
    let day = Millis::from_hours(24);
    let sliding = (context.now.minus(day), context.now.plus(day));
    match limit.per {
        LoadPer::Day => Some(sliding),
        LoadPer::Night => {
            let zone = &catalogue.people.get(person)?.timezone;
            oncall::night(zone, context.now, context.zones)
        }
        LoadPer::Shift => {
            let shift = rota.and_then(|it| state.on_duty(it, context.now, context.zones));
            Some(shift.map_or(sliding, |it| (it.starts, it.ends)))
        }
    }
}

/// The next in the rota takes over; when they have had enough too, whoever had least.
fn relieving(
    state: &State,
    catalogue: &Catalogue,
    context: &Context<'_>,
    limit: LoadLimit,
    person: &PersonId,
    rota: Option<&RotaId>,
) -> LoadOutcome {
    let Some((id, rota)) = rota.and_then(|id| Some((id, catalogue.rotas.get(id)?))) else {
        return LoadOutcome::NobodyLeft;
    };
    let Some(shift) = state.on_duty(id, context.now, context.zones) else {
        return LoadOutcome::NobodyLeft;
    };
    // In a gap that an override fills, the highest layer says whose turn would come next.
    let layer = shift.layer.and_then(|it| rota.layers.get(it)).or(rota.layers.last());
    let turns = layer.map_or(&[][..], |it| &it.people);
    let place = turns.iter().position(|it| it == person).map_or(0, |it| it + 1);
    let mut others: Vec<&PersonId> = vec![];
    for it in turns.iter().cycle().skip(place).take(turns.len()) {
        if it != person
            && !shift.people.contains(it)
            && !others.contains(&it)
            && quiet_notice(state, it).is_some()
        {
            others.push(it);
        }
    }
    let had = |it: &PersonId| {
        let since = period(state, catalogue, context, limit, it, Some(id)).map(|(since, _)| since);
        since.map_or(0, |since| state.load.pages_since(it, since))
    };
    let fresh = |it: &&&PersonId| had(it) < u32::from(limit.pages);
    let next = others.first().filter(fresh);
    let next = next.or_else(|| others.iter().filter(fresh).min_by_key(|it| had(it)));
    let relieved = |to: &&PersonId| {
        let to = (*to).clone();
        LoadOutcome::Relieved { to, until: shift.ends }
    };
    next.map_or(LoadOutcome::NobodyLeft, relieved)
}

/// A notice that should not wake: by mail where there is one, by text message only where there is
/// nothing else, and never by a way that they stopped. Its id is given by the caller.
pub(crate) fn quiet_notice(state: &State, person: &PersonId) -> Option<NewNotice> {
    let loudness = |it: Medium| match it {
        Medium::Email => 0,
        Medium::Sms => 2,
        Medium::Voice => 3,
        _ => 1,
    };
    let catalogue = state.catalogue()?;
    let contacts = &catalogue.people.get(person)?.contacts;
    let ways = contacts.iter().filter(|it| !state.is_stopped(person, it.medium));
    let ways = ways.filter_map(|it| {
        it.address.text()?;
        Some((it.medium, catalogue.channel_for(it.medium)?))
    });
    let (medium, channel) = ways.min_by_key(|(medium, _)| loudness(*medium))?;
    let (to, channel) = (Recipient::Person(person.clone()), channel.clone());
    Some(NewNotice { notice: NoticeId(0), to, medium, channel, due_at: None })
}

pub(crate) fn page_anyway(
    state: &State,
    id: AlertId,
    by: &PersonId,
) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, by)?;
    let unknown = || Rejected::Unknown { what: "alert", id: id.to_string() };
    let alert = state.alerts.get(&id).ok_or_else(unknown)?;
    if state.firing.get(&alert.key) != Some(&id) {
        return Err(Rejected::Over { what: "alert", id: id.to_string() });
    }
    Ok(vec![Event::PagedAnyway { alert: id, by: by.clone() }])
}

/// Calls people for an alert: in its incident anew, or in one of its own.
pub(crate) fn called_anyway(
    state: &State,
    context: &Context<'_>,
    id: AlertId,
    by: &PersonId,
) -> Vec<Event> {
    let alert = &state.alerts[&id];
    let open = |it: &IncidentId| state.incidents.get(it).is_some_and(incident::Incident::is_open);
    let Some(incident) = alert.incident.filter(open) else {
        return crate::consequence::opened(state, id);
    };
    // Where nothing says whom to call, the page that is there goes on.
    let Some(page) = crate::consequence::page_for(state, context, incident, id, 1) else {
        return vec![];
    };
    let pages = &state.incidents[&incident].pages;
    let calling = pages.iter().filter(|it| state.pages[it].can_be_acknowledged());
    let reason = format!("{by} wants people called anyway");
    let mut events: Vec<Event> =
        calling.map(|it| Event::PageEnded { page: *it, reason: reason.clone() }).collect();
    events.push(page);
    events
}

pub(crate) fn end_relief(
    state: &State,
    now: Timestamp,
    rota: &RotaId,
    by: &PersonId,
) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, by)?;
    match state.load.relief(rota, now) {
        Some(_) => Ok(vec![Event::ReliefEnded { rota: rota.clone(), by: by.clone() }]),
        None => Err(Rejected::Unknown { what: "relief in rota", id: rota.to_string() }),
    }
}

/// A step of a page was decided: it counts for everybody it calls.
pub(crate) fn note_step(
    state: &mut State,
    page: PageId,
    attempt: u32,
    notices: &[NewNotice],
    at: Timestamp,
) {
    let Some(incident) = state.pages.get(&page).map(|it| it.incident) else { return };
    if state.shadows(incident) {
        return;
    }
    for person in people_of(notices) {
        let received = state.load.received.get_or_insert_with(person, VecDeque::new);
        if !received.iter().any(|it| it.incident == incident) {
            received.push_back(Received { incident, at });
            if received.len() > RECEIVED_MAX {
                received.pop_front();
            }
        }
        let calls = state.load.calls.get_or_insert_with(person, VecDeque::new);
        if calls.iter().any(|it| it.page == page && it.attempt == attempt) {
            continue;
        }
        state.load.calls_peak = state.load.calls_peak.max(worst(calls));
        let long_ago = at.minus(CALLS_WINDOW).minus(CALLS_WINDOW);
        calls.retain(|it| it.at > long_ago);
        calls.push_back(Taken { at, page, attempt });
        if calls.len() > CALLS_MAX {
            calls.pop_front();
        }
    }
}

/// More was decided for a step. Another way to somebody who was called a moment ago is the same call;
/// a try long after is a call of its own.
pub(crate) fn note_more(
    state: &mut State,
    page: PageId,
    attempt: u32,
    notices: &[NewNotice],
    at: Timestamp,
) {
    let since = at.minus(CALLS_WINDOW);
    for person in people_of(notices) {
        if let Some(calls) = state.load.calls.get_mut(person) {
            calls.retain(|it| (it.page, it.attempt) != (page, attempt) || it.at > since);
        }
    }
    note_step(state, page, attempt, notices, at);
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::LoadReached { load, person, rota, page, pages, since, limit, outcome, notices } => {
            let entry = LoadEntry {
                at: record.at,
                person: person.clone(),
                rota: rota.clone(),
                page: *page,
                pages: *pages,
                since: *since,
                limit: *limit,
                outcome: outcome.clone(),
            };
            state.load.last = state.load.last.max(*load);
            state.load.log.insert(*load, entry);
            while state.load.log.len() > LOG_MAX {
                state.load.log.pop_first();
            }
            match (outcome, rota) {
                (LoadOutcome::Relieved { to, until }, Some(rota)) => {
                    let (from, to, until) = (person.clone(), to.clone(), *until);
                    let relief = Relief { from, to, until, load: *load };
                    state.load.reliefs.insert(rota.clone(), relief);
                }
                (LoadOutcome::Held { until }, _) => {
                    state.load.held.insert(person.clone(), *until);
                }
                _ => {}
            }
            state.add_notices(notices, Purpose::Load { load: *load }, record.at);
            state.trail_page(*page);
        }
        Event::ReliefEnded { rota, .. } => {
            state.load.reliefs.remove(rota);
        }
        Event::PagedAnyway { alert, .. } => {
            state.load.anyway.insert(*alert);
            state.trail_alert(*alert);
        }
        other => unreachable!("not about load: {other:?}"),
    }
}
