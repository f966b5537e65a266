//! The time beside another pager: nobody is called, everything is written down, and one switch ends it.
//!
//! Intuition: a pilot beside the pilot. The new one does everything, step by step, with hands off the
//! stick; what both did is laid side by side afterwards ([`shadow::compare`]). When they change seats,
//! whatever is in the air at that moment is flown from there.
//!
//! Complications: whoever takes an incident in the other pager has taken ours too, or our page would
//! climb its policy while somebody is already at work, and the comparison would say so all night.
//!
//! Invariants:
//! - while an incident is in shadow no notice about it is ever due;
//! - the switch is one event with its author; what is open and taken by nobody is paged anew after it;
//! - configuration starts a shadow time only where it did not say so before: after the switch, adopting
//!   the same file again changes nothing.

use crate::command::{Context, Rejected};
use crate::event::{Event, EventRecord, NewNotice, Origin};
use crate::load::{is_highest, people_of};
use crate::state::{AlertStatus, Limits, NoticeStatus, Purpose, State};
use crate::storm;
use ::shadow::{Call, Who};
use incident::Incident;
use model::{
    AlertId, Catalogue, IncidentId, Map, Millis, Mode, NoticeId, PageId, PersonId, Personal,
    TeamId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How long calls of both pagers are kept for comparison.
pub const SHADOW_KEPT: Millis = Millis::from_days(35);
/// Calls kept of each pager.
const CALLS_MAX: usize = 20_000;
/// Keys kept per call.
const KEYS_MAX: usize = 50;
/// Longest text of another pager that is kept, in characters.
const TEXT_MAX: usize = 200;

/// Where an organisation stands between two pagers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shadow {
    /// Since when everybody who says nothing else is in shadow.
    pub org: Option<Timestamp>,
    /// Since when teams are that say so for themselves.
    pub teams: BTreeMap<TeamId, Timestamp>,
    /// For whom the configuration says so, whether or not the switch has been made since.
    pub configured: BTreeSet<Option<TeamId>>,
    /// Whom we would have called, counted from 1.
    pub ours: Map<u64, OurCall>,
    /// What the other pager did, in the order in which we heard of it, counted from 1.
    pub theirs: Map<u64, TheirCall>,
}

/// A call that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OurCall {
    /// When.
    pub at: Timestamp,
    /// Whom.
    pub person: PersonId,
    /// About what.
    pub incident: IncidentId,
    /// By which page.
    pub page: PageId,
    /// Which step of it.
    pub attempt: u32,
    /// The keys of its alerts.
    pub keys: BTreeSet<String>,
    /// In one line.
    pub title: String,
}

/// What another pager did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TheirCall {
    /// When.
    pub at: Timestamp,
    /// Which pager.
    pub system: String,
    /// What it calls the incident.
    pub incident: String,
    /// The keys of its alerts.
    pub keys: BTreeSet<String>,
    /// In one line.
    pub title: String,
    /// What it did.
    pub act: TheirAct,
    /// To or by whom, if we know them.
    pub person: Option<PersonId>,
    /// Whom it named, where we do not.
    pub unknown: Option<Personal>,
}

/// What another pager does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TheirAct {
    /// It called somebody.
    Called,
    /// Somebody took it there.
    Acknowledged,
    /// It is over there.
    Resolved,
}

/// What was heard of another pager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Which pager.
    pub system: String,
    /// What it calls the incident.
    pub incident: String,
    /// The keys of the alerts behind it, as their senders gave them.
    pub keys: Vec<String>,
    /// In one line.
    pub title: String,
    /// What it did.
    pub act: TheirAct,
    /// To or by whom: every name the other pager has for each.
    pub people: Vec<Vec<String>>,
    /// When.
    pub at: Timestamp,
}

impl Shadow {
    /// Whether anybody is in shadow.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.org.is_some() || !self.teams.is_empty()
    }
}

impl State {
    /// Whether nobody is called for an incident, because another pager still does.
    #[must_use]
    pub fn shadows(&self, incident: IncidentId) -> bool {
        let incident = self.incidents.get(&incident);
        // A synthetic page calls nobody, and has to arrive to prove anything.
        incident.is_none_or(|it| it.group != crate::SYNTHETIC_GROUP)
            && self.shadows_team(incident.and_then(|it| it.team.as_ref()))
    }

    /// Whether nobody is called for incidents of `team`, or of none.
    #[must_use]
    pub fn shadows_team(&self, team: Option<&TeamId>) -> bool {
        let said = team.and_then(|id| self.catalogue()?.teams.get(id)?.mode);
        match (said, team) {
            (Some(Mode::Live), _) => false,
            (Some(Mode::Shadow), Some(team)) => self.shadow.teams.contains_key(team),
            _ => self.shadow.org.is_some(),
        }
    }

    /// Whether a notice for this would stay here.
    pub(crate) fn stays(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Page { page, .. } | Purpose::Renewal { page } | Purpose::Hand { page } => {
                self.pages.get(&page).is_some_and(|it| self.shadows(it.incident))
            }
            Purpose::Update { incident } | Purpose::End { incident } => self.shadows(incident),
            Purpose::Bundle
            | Purpose::Load { .. }
            | Purpose::Digest { .. }
            | Purpose::Reminder { .. }
            | Purpose::Answer
            | Purpose::Verify
            | Purpose::Test
            | Purpose::Swap { .. }
            | Purpose::Thin { .. }
            | Purpose::Review { .. }
            | Purpose::Interruption { .. }
            | Purpose::Handover { .. }
            | Purpose::Roster { .. }
            | Purpose::Duty { .. } => false,
        }
    }

    /// Both pagers' calls of people between two moments, ours first, ready to be compared.
    #[must_use]
    pub fn shadow_calls(&self, from: Timestamp, to: Timestamp) -> (Vec<Call>, Vec<Call>) {
        let ours = self.shadow.ours.values().filter(|it| from <= it.at && it.at < to);
        let ours = ours.map(|it| Call {
            at: it.at,
            who: Who::Person(it.person.clone()),
            incident: it.incident.to_string(),
            // An alert that joined since may carry the key by which the other pager knows it.
            keys: it.keys.iter().cloned().chain(keys_of(self, it.incident)).collect(),
            title: it.title.clone(),
        });
        let called = |it: &&TheirCall| it.act == TheirAct::Called && from <= it.at && it.at < to;
        let theirs = self.shadow.theirs.values().filter(called).map(|it| Call {
            at: it.at,
            who: match (&it.person, &it.unknown) {
                (Some(person), _) => Who::Person(person.clone()),
                (None, Some(name)) => Who::Unknown(name.text().unwrap_or("(erased)").to_owned()),
                (None, None) => Who::Unknown("nobody named".to_owned()),
            },
            incident: format!("{} {}", it.system, it.incident),
            keys: it.keys.clone(),
            title: it.title.clone(),
        });
        (ours.collect(), theirs.collect())
    }
}

/// The keys by which another pager may know an incident's alerts.
fn keys_of(state: &State, incident: IncidentId) -> BTreeSet<String> {
    let alerts = state.incidents.get(&incident).map_or(&[][..], |it| &it.alerts);
    let alerts = alerts.iter().take(KEYS_MAX).filter_map(|it| state.alerts.get(it));
    let keys = alerts.flat_map(|it| {
        let of_sender = match &it.origin {
            Origin::Door { labels, .. } => labels.get("key").cloned(),
            _ => None,
        };
        [Some(it.key.trim_start_matches("door/").to_owned()), of_sender]
    });
    keys.flatten().collect()
}

/// Who is meant by these names: the one person who has any of them as id, name, address or `aka`.
#[must_use]
pub(crate) fn person_named(catalogue: &Catalogue, names: &[String]) -> Option<PersonId> {
    let plain = |it: &str| it.trim().to_lowercase();
    let wanted: BTreeSet<String> =
        names.iter().map(|it| plain(it)).filter(|it| !it.is_empty()).collect();
    let mut found = catalogue.people.iter().filter(|(id, it)| {
        let texts = it.name.iter().chain(it.contacts.iter().map(|it| &it.address)).chain(&it.aka);
        let mut known = texts.filter_map(Personal::text).chain([id.as_str()]);
        known.any(|it| wanted.contains(&plain(it)))
    });
    let (id, _) = found.next()?;
    found.next().is_none().then(|| id.clone())
}

pub(crate) fn end(
    state: &State,
    team: Option<&TeamId>,
    by: &PersonId,
) -> Result<Vec<Event>, Rejected> {
    crate::decide::person(state, by)?;
    let ended = |team: Option<TeamId>| Event::ShadowEnded { team, by: Some(by.clone()) };
    let events: Vec<Event> = if let Some(team) = team {
        let on = state.shadow.teams.contains_key(team);
        on.then(|| ended(Some(team.clone()))).into_iter().collect()
    } else {
        let org = state.shadow.org.map(|_| ended(None));
        let teams = state.shadow.teams.keys().map(|it| ended(Some(it.clone())));
        org.into_iter().chain(teams).collect()
    };
    if events.is_empty() {
        return Err(Rejected::Over { what: "shadow mode", id: "off".to_owned() });
    }
    Ok(events)
}

pub(crate) fn record(state: &State, now: Timestamp, heard: &Heard) -> Result<Vec<Event>, Rejected> {
    let texts = [&heard.system, &heard.incident].into_iter().chain(&heard.keys);
    for text in texts {
        crate::decide::text_within("text", text, Limits::TEXT_LENGTH_MAX)?;
    }
    if heard.system.trim().is_empty() || heard.incident.trim().is_empty() {
        return Err(Rejected::Invalid("name the system and its incident".to_owned()));
    }
    if heard.keys.len() > KEYS_MAX {
        return Err(Rejected::Invalid(format!("at most {KEYS_MAX} keys per call")));
    }
    let nobody = [vec![]];
    let people = match heard.act {
        TheirAct::Resolved => &nobody[..],
        _ if heard.people.is_empty() => &nobody[..],
        _ => &heard.people[..],
    };
    let event = |names: &Vec<String>| {
        let person = state.catalogue().and_then(|it| person_named(it, names));
        let name = names.iter().find(|it| !it.trim().is_empty()).filter(|_| person.is_none());
        let unknown = name.map(|it| {
            let name: String = it.chars().take(TEXT_MAX).collect();
            Personal::new(unknown_id(&name), name)
        });
        Event::TheirCall {
            system: heard.system.trim().to_owned(),
            incident: heard.incident.trim().to_owned(),
            keys: heard.keys.clone(),
            title: heard.title.trim().chars().take(TEXT_MAX).collect(),
            act: heard.act,
            person,
            unknown,
            // A clock that goes ahead must not date a call into the future.
            said_at: heard.at.min(now),
        }
    };
    let known = |it: &Event| {
        call_of(it).is_some_and(|it| state.shadow.theirs.values().any(|known| *known == it))
    };
    Ok(people.iter().map(event).filter(|it| !known(it)).collect())
}

/// Whose text the name of somebody unknown is: nobody of ours, and the same for the same name. FNV-1a
/// with 64 bits, <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn unknown_id(name: &str) -> PersonId {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.trim().to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    PersonId::from(format!("unknown-{hash:016x}").as_str())
}

fn call_of(event: &Event) -> Option<TheirCall> {
    let Event::TheirCall { system, incident, keys, title, act, person, unknown, said_at } = event
    else {
        return None;
    };
    Some(TheirCall {
        at: *said_at,
        system: system.clone(),
        incident: incident.clone(),
        keys: keys.iter().cloned().collect(),
        title: title.clone(),
        act: *act,
        person: person.clone(),
        unknown: unknown.clone(),
    })
}

/// What a new configuration says about shadow mode, where it said otherwise before.
pub(crate) fn adopted(state: &State) -> Vec<Event> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let mut wanted: BTreeSet<Option<TeamId>> = BTreeSet::new();
    if catalogue.pager.mode == Mode::Shadow {
        wanted.insert(None);
    }
    let teams = catalogue.teams.iter().filter(|(_, it)| it.mode == Some(Mode::Shadow));
    wanted.extend(teams.map(|(id, _)| Some(id.clone())));
    let before = &state.shadow.configured;
    let began = wanted.difference(before).cloned().map(|team| Event::ShadowBegan { team });
    let ended = before.difference(&wanted).cloned();
    began.chain(ended.map(|team| Event::ShadowEnded { team, by: None })).collect()
}

/// What is open and taken by nobody when people are called again: paged anew, the most severe and then
/// the newest first, as things stand now. Many at once share one message, as in any storm.
pub(crate) fn taken_over(state: &State, context: &Context<'_>) -> Vec<Event> {
    let unheard = |page: &PageId| {
        let page = &state.pages[page];
        let shadowed = |id: &NoticeId| {
            let status = state.notices.get(id).map(|it| &it.status);
            matches!(status, Some(NoticeStatus::Shadowed { .. }))
        };
        page.can_be_acknowledged() && page.notices.iter().any(shadowed)
    };
    let mut open: Vec<&Incident> = state
        .open_groups
        .values()
        .filter_map(|it| state.incidents.get(it))
        .filter(|it| !state.shadows(it.id) && it.pages.iter().any(unheard))
        .collect();
    let highest =
        |it: &Incident| it.alerts.iter().filter_map(|it| state.alerts.get(it)).any(is_highest);
    open.sort_by_key(|it| Reverse((highest(it), it.opened_at, it.id)));
    let mut events = vec![];
    let mut opened = 0;
    for it in open {
        let fires = |id: &&AlertId| {
            let alert = state.alerts.get(id);
            alert.is_some_and(|it| !matches!(it.status, AlertStatus::Resolved { .. }))
        };
        let Some(alert) = it.alerts.iter().rev().find(fires) else { continue };
        // Where nothing says whom to call, the page that is there goes on.
        let Some(page) = crate::consequence::page_for(state, context, it.id, *alert, opened + 1)
        else {
            continue;
        };
        opened += 1;
        let reason = "shadow mode ended: people are called from here on";
        let old = it.pages.iter().filter(|it| unheard(it));
        events.extend(old.map(|page| Event::PageEnded { page: *page, reason: reason.to_owned() }));
        events.push(page);
    }
    events
}

/// Whoever takes an incident in the other pager has taken ours.
pub(crate) fn mirrored(state: &State, event: &Event) -> Vec<Event> {
    let Event::TheirCall { system, keys, title, act: TheirAct::Acknowledged, person, .. } = event
    else {
        return vec![];
    };
    let Some(by) = person else { return vec![] };
    let title = title.trim().to_lowercase();
    let same = |it: &&Incident| {
        let ours = keys_of(state, it.id);
        keys.iter().any(|key| ours.contains(key))
            || (!title.is_empty() && it.title.trim().to_lowercase() == title)
    };
    let open = state.open_groups.values().filter_map(|it| state.incidents.get(it));
    let pages = open.filter(|it| state.shadows(it.id)).filter(same).flat_map(|it| &it.pages);
    pages
        .filter(|it| state.pages[it].can_be_acknowledged())
        .map(|page| Event::PageAcknowledged {
            page: *page,
            by: by.clone(),
            via: format!("{system}, beside us"),
        })
        .collect()
}

/// A step of a page was decided while another pager calls.
pub(crate) fn note_step(
    state: &mut State,
    page: PageId,
    attempt: u32,
    notices: &[NewNotice],
    at: Timestamp,
) {
    let Some(incident) = state.pages.get(&page).map(|it| it.incident) else { return };
    if !state.shadows(incident) {
        return;
    }
    let (keys, title) = (
        keys_of(state, incident),
        state.incidents.get(&incident).map_or(String::new(), |it| it.title.clone()),
    );
    for person in people_of(notices) {
        let (keys, title) = (keys.clone(), title.clone());
        let person = person.clone();
        let call = OurCall { at, person, incident, page, attempt, keys, title };
        add(&mut state.shadow.ours, call);
    }
    let long_ago = at.minus(SHADOW_KEPT);
    while state.shadow.ours.first_key_value().is_some_and(|(_, it)| it.at < long_ago) {
        state.shadow.ours.pop_first();
    }
}

fn add<T: Clone>(calls: &mut Map<u64, T>, call: T) {
    let number = calls.last_key_value().map_or(1, |(last, _)| last + 1);
    calls.insert(number, call);
    if calls.len() > CALLS_MAX {
        calls.pop_first();
    }
}

/// What was to be sent, tried again or put on a list when another pager took over stays here as well.
fn keep_here(state: &mut State, at: Timestamp) {
    let due = |it: &crate::Notice| {
        matches!(it.status, NoticeStatus::Due { .. } | NoticeStatus::Bundled { .. })
    };
    let ids: Vec<NoticeId> = state
        .notices
        .iter()
        .filter(|(_, it)| due(it) && state.stays(it.purpose))
        .map(|(id, _)| *id)
        .collect();
    for id in ids {
        let Some(it) = state.notices.get_mut(&id) else { continue };
        let list = if let NoticeStatus::Bundled { into } = it.status { Some(into) } else { None };
        it.status = NoticeStatus::Shadowed { at };
        if let Some(list) = list {
            storm::left(&state.load, &mut state.notices, list);
        }
    }
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::ShadowBegan { team } => {
            state.shadow.configured.insert(team.clone());
            match team {
                None => state.shadow.org = Some(record.at),
                Some(team) => {
                    state.shadow.teams.insert(team.clone(), record.at);
                }
            }
            keep_here(state, record.at);
        }
        Event::ShadowEnded { team, by } => {
            if by.is_none() {
                state.shadow.configured.remove(team);
            }
            match team {
                None => state.shadow.org = None,
                Some(team) => {
                    state.shadow.teams.remove(team);
                }
            }
        }
        Event::TheirCall { .. } => {
            let call = call_of(&record.event).expect("it is one");
            add(&mut state.shadow.theirs, call);
            let long_ago = record.at.minus(SHADOW_KEPT);
            while state.shadow.theirs.first_key_value().is_some_and(|(_, it)| it.at < long_ago) {
                state.shadow.theirs.pop_first();
            }
        }
        other => unreachable!("not about shadow mode: {other:?}"),
    }
}
