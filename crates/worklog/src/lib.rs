//! What the journal holds of work: incidents that called people, who had them, who was on duty.
//!
//! Intuition: an export of a ticket system and the journal of a pager tell the same kind of story: something
//! came up, somebody began, others took over, it was over. Here the journal becomes the [`Work`] that the
//! reader of exports makes too, so that measures, calibration and trials need not know where it came from.
//!
//! What becomes what:
//! - a piece of work is an *incident in which people were called*; it came up when the incident opened, was
//!   begun with the first acknowledgement, and was over when the incident was resolved;
//! - who had it: whoever acknowledged or took over, in order. From taking it until handing on, putting off,
//!   losing or ending it somebody *has* it; how long of that they worked nobody recorded, so it is an upper
//!   bound and is said to be one;
//! - a call is a message that a provider took, to a person, by anything but mail and machines;
//! - who was on duty follows from the rotas and overrides as they stood at every moment, not as they stand
//!   now.
//!
//! Left out and counted: incidents that called nobody, those of shadow mode (another pager called), and
//! synthetic pages. [`NOT_HELD`] says what no journal holds yet.
//!
//! Invariants:
//! - folding the same records gives the same log, whoever folds them and however often;
//! - people are names in lists that are counted; nothing here compares two of them.

mod organisation;
#[cfg(test)]
mod tests;

pub use organisation::{TeamShape, guess};

use engine::{Event, EventRecord, LoadOutcome, NewNotice, Recipient, SYNTHETIC_GROUP, State};
use model::{
    AlertId, IncidentId, Medium, NoticeId, PageId, PersonId, RotaId, ServiceKind, Timestamp,
};
use oncall::Zones;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use whatif::calendar::{Calendar, Hours, Span};
use whatif::facts::Roster;
use whatif::number::{DAY_MS, WEEK_MS};
use whatif::records::{Doing, Effort, Records, Work};
use whatif::world::Class;

/// What the journal does not hold, and what that leaves open.
pub const NOT_HELD: [(&str, &str); 4] = [
    (
        "tickets and requests",
        "whoever waits for them is not seen: write them under `work`, or bring an export",
    ),
    ("changes as work", "that something was changed is known, how long it took is not"),
    ("roadmap work", "what is built beside the pages follows from working hours, not from records"),
    (
        "how long somebody worked on a page",
        "only when they had it: hours each takes stay a typed number, and its range is swept",
    ),
];

/// Events that are read at most: a decade of one a minute is five millions.
pub const EVENTS_MAX: u64 = 5_000_000;

/// What a journal holds of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Worklog {
    /// Pieces of work, how many events they came from, and what was left out.
    pub records: Records,
    /// From the first configuration to the last record.
    pub within: Span,
    /// People who were on duty, called or had anything: when they work and when it is night for them; who
    /// was on duty; who was called when.
    pub roster: Roster,
    /// People among them whose hours the configuration does not say.
    pub without_hours: usize,
    /// Teams as they are configured now, in numbers.
    pub teams: Vec<TeamShape>,
    /// Which of the named ways of working the configuration looks like, and by what.
    pub looks_like: (&'static str, String),
    /// The whole week, from Monday by Greenwich, in which the journal ends; and when everybody whose hours
    /// are configured works in it, without leave.
    pub week: (Span, BTreeMap<String, Calendar>),
    /// Who is configured to know a service or feature well: skills of that name, 2 or 3.
    pub skills: Vec<(String, String)>,
}

impl Worklog {
    /// Who knows what, from operations: whoever had an incident last when it was over, and configured
    /// skills, as lines of `at,kind,service,person`. Nobody is compared; the lines are only counted.
    #[must_use]
    pub fn evidence(&self) -> String {
        let mut text = "at,kind,service,person\n".to_owned();
        let mut line = |at_ms: i64, kind: &str, service: &str, person: &str| {
            let _ = writeln!(text, "{},{kind},{service},{person}", Timestamp(at_ms));
        };
        for it in &self.records.works {
            let last = it.people.last();
            if let (Some(at_ms), Some(about), Some(last)) = (it.finished_ms, &it.about, last) {
                line(at_ms, "incident", about, last);
            }
        }
        for (service, person) in &self.skills {
            line(self.within.to_ms - 1, "skill", service, person);
        }
        text
    }
}

/// Folds records, oldest first.
pub struct Reader {
    state: State,
    zones: Zones,
    first: Option<Timestamp>,
    settled: Timestamp,
    duties: Vec<(RotaId, String, Span)>,
    open: BTreeMap<IncidentId, Open>,
    done: Vec<Open>,
    pages: BTreeMap<PageId, (IncidentId, Option<PersonId>)>,
    /// Of alerts without an incident yet: what they are about.
    about: BTreeMap<AlertId, Option<String>>,
    notices: BTreeMap<NoticeId, (String, IncidentId)>,
    calls: Vec<(String, i64)>,
    events: usize,
}

/// A piece of work that is being read.
struct Open {
    work: Work,
    synthetic: bool,
    called: bool,
    shadow: bool,
}

impl Reader {
    /// Nothing read yet.
    #[must_use]
    pub fn new(zones: Zones) -> Self {
        Self {
            state: State::default(),
            zones,
            first: None,
            settled: Timestamp(0),
            duties: vec![],
            open: BTreeMap::new(),
            done: vec![],
            pages: BTreeMap::new(),
            about: BTreeMap::new(),
            notices: BTreeMap::new(),
            calls: vec![],
            events: 0,
        }
    }

    /// The next record.
    pub fn see(&mut self, record: &EventRecord) {
        self.events += 1;
        if decides_duty(&record.event) {
            self.settle(record.at);
        }
        self.work(record);
        self.calls(record);
        self.state.apply(record);
        if self.first.is_none() && matches!(record.event, Event::CatalogueAdopted { .. }) {
            self.first = Some(record.at);
        }
    }

    /// Who was on duty until `until`, by what was in force.
    fn settle(&mut self, until: Timestamp) {
        let from = std::mem::replace(&mut self.settled, until);
        let (Some(duties), Some(_)) = (self.state.duties(&self.zones), self.first) else { return };
        let within = Span { from_ms: from.0, to_ms: until.0 };
        for rota in duties.rotas.keys() {
            for shift in duties.shifts(rota, from, until) {
                let Some(span) =
                    (Span { from_ms: shift.starts.0, to_ms: shift.ends.0 }).cut(within)
                else {
                    continue;
                };
                for (person, span) in self.served(rota, &shift.people, span) {
                    self.duties.push((rota.clone(), person, span));
                }
            }
        }
    }

    /// Whoever was relieved was not on duty while the relief lasted.
    fn served(&self, rota: &RotaId, people: &[PersonId], span: Span) -> Vec<(String, Span)> {
        let relief = self.state.load.relief(rota, Timestamp(span.from_ms));
        let Some(relief) = relief else {
            return people.iter().map(|it| (it.to_string(), span)).collect();
        };
        let turn_ms = relief.until.0.clamp(span.from_ms, span.to_ms);
        let mut found =
            vec![(relief.to.to_string(), Span { from_ms: span.from_ms, to_ms: turn_ms })];
        let later = Span { from_ms: turn_ms, to_ms: span.to_ms };
        found.extend(people.iter().map(|it| (it.to_string(), later)));
        found.retain(|it| it.1.length_ms() > 0);
        found
    }

    fn work(&mut self, record: &EventRecord) {
        let at_ms = record.at.0;
        match &record.event {
            Event::AlertFired { alert, feature, service, .. } => {
                let about = service.as_ref().map(ToString::to_string);
                let about = about.or_else(|| feature.as_ref().map(ToString::to_string));
                self.about.insert(*alert, about);
            }
            Event::IncidentOpened { incident, group, feature, alert, .. } => {
                let about = self.about.remove(alert).flatten();
                let about = about.or_else(|| feature.as_ref().map(ToString::to_string));
                self.open.insert(*incident, Open::of(at_ms, about, group == SYNTHETIC_GROUP));
            }
            Event::AlertJoined { alert, .. } | Event::AlertResolved { alert, .. } => {
                self.about.remove(alert);
            }
            Event::PageOpened { page, incident, .. } => {
                self.pages.insert(*page, (*incident, None));
            }
            Event::PageAcknowledged { page, by, .. }
            | Event::PagePartlyAcknowledged { page, by, .. } => {
                let from = self.pages.get_mut(page).and_then(|it| it.1.take());
                self.on(*page, |it| it.taken(at_ms, by, from.as_ref()));
            }
            Event::TakenOver { page, from, by, .. } => {
                self.on(*page, |it| it.taken(at_ms, by, Some(from)));
            }
            Event::PageHanded { page, from, .. } => {
                if let Some(it) = self.pages.get_mut(page) {
                    it.1 = Some(from.clone());
                }
            }
            Event::PageSnoozed { page, by, .. } => self.on(*page, |it| it.rests(at_ms, by)),
            Event::PageReturned { page, from } => self.on(*page, |it| it.rests(at_ms, from)),
            Event::PageGivenBack(given) => {
                self.on(given.page, |it| it.rests(at_ms, &given.from));
            }
            Event::IncidentMerged { incident, into, .. } => self.merged(*incident, *into),
            Event::IncidentResolved { incident, .. } => self.over(*incident, at_ms),
            _ => {}
        }
    }

    /// Something about the incident of a page, as long as it goes on.
    fn on(&mut self, page: PageId, change: impl FnOnce(&mut Open)) {
        let incident = self.pages.get(&page).map(|it| it.0);
        if let Some(it) = incident.and_then(|it| self.open.get_mut(&it)) {
            change(it);
        }
    }

    fn merged(&mut self, incident: IncidentId, into: IncidentId) {
        for (of, _) in self.pages.values_mut().filter(|it| it.0 == incident) {
            *of = into;
        }
        for (_, of) in self.notices.values_mut().filter(|it| it.1 == incident) {
            *of = into;
        }
        let Some(gone) = self.open.remove(&incident) else { return };
        if let Some(it) = self.open.get_mut(&into) {
            it.called |= gone.called;
            it.work.created_ms = it.work.created_ms.min(gone.work.created_ms);
            it.work.efforts.extend(gone.work.efforts);
            it.work.efforts.sort_by_key(|it| it.at_ms);
            let works = it.work.efforts.iter().filter(|it| it.effort == Effort::Works);
            let mut people: Vec<String> = works.map(|it| it.person.clone()).collect();
            people.dedup();
            it.work.people = people;
            let starts = [it.work.started_ms, gone.work.started_ms];
            it.work.started_ms = starts.into_iter().flatten().min();
        }
    }

    fn over(&mut self, incident: IncidentId, at_ms: i64) {
        let Some(mut it) = self.open.remove(&incident) else { return };
        it.work.finished_ms = Some(at_ms);
        it.everybody_rests(at_ms);
        self.done.push(it);
        self.pages.retain(|_, it| it.0 != incident);
        self.notices.retain(|_, it| it.1 != incident);
    }

    fn calls(&mut self, record: &EventRecord) {
        match &record.event {
            Event::PageNotified { page, notices, .. }
            | Event::PageNotifiedAlso { page, notices, .. }
            | Event::PageHanded { page, notices, .. } => {
                let incident = self.pages.get(page).map(|it| it.0);
                if let Some(it) = incident {
                    self.expect(it, notices);
                }
            }
            Event::CallsBundled { page, carriers, .. } => {
                let incident = self.pages.get(page).map(|it| it.0);
                if let Some(it) = incident {
                    self.expect(it, carriers);
                }
            }
            Event::NoticeSent { notice, .. } => {
                if let Some((person, incident)) = self.notices.remove(notice) {
                    let shadow = self.state.shadows(incident);
                    if let Some(it) = self.open.get_mut(&incident).filter(|_| !shadow) {
                        it.called = true;
                        if !it.synthetic {
                            self.calls.push((person, record.at.0));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Notices that call somebody once a provider takes them; in shadow mode none does.
    fn expect(&mut self, incident: IncidentId, notices: &[NewNotice]) {
        let shadow = self.state.shadows(incident);
        let Some(open) = self.open.get_mut(&incident) else { return };
        open.shadow |= shadow;
        for it in notices {
            let Recipient::Person(person) = &it.to else { continue };
            // By mail nobody is interrupted, but called they are.
            if matches!(it.medium, Medium::Email | Medium::Webhook) {
                open.called |= !shadow;
            } else {
                self.notices.insert(it.notice, (person.to_string(), incident));
            }
        }
    }

    /// What was read, once there is no more.
    #[must_use]
    pub fn finish(mut self) -> Worklog {
        let until = self.state.at;
        self.settle(until);
        let first = self.first.unwrap_or(until);
        let within = Span { from_ms: first.0, to_ms: until.0.max(first.0) + 1 };
        let (works, lost) = self.works();
        let names = names(&works, &self.duties, &self.calls);
        let (people, without_hours) = self.people(&names, within);
        let week = self.week(until);
        let catalogue = self.state.catalogue();
        let used = [
            ("created", "the incident opened"),
            ("started", "the first acknowledgement"),
            ("finished", "the incident was resolved"),
            ("about", "service or feature of the alert"),
            ("person", "whoever took it"),
        ];
        Worklog {
            records: Records {
                unused: vec![],
                works,
                rows: self.events,
                used: used.into_iter().map(|(what, of)| (what, of.to_owned())).collect(),
                lost,
            },
            within,
            roster: Roster {
                people,
                duties: Some(joined(self.duties)),
                owners: catalogue.map(organisation::owners).unwrap_or_default(),
                efforts: true,
                calls: Some(self.calls),
            },
            without_hours,
            teams: catalogue.map(organisation::teams).unwrap_or_default(),
            looks_like: guess(catalogue),
            week,
            skills: catalogue.map(organisation::skills).unwrap_or_default(),
        }
    }

    /// Pieces of work by when they came up, and what was left out.
    fn works(&mut self) -> (Vec<Work>, BTreeMap<String, (usize, u64)>) {
        let mut lost: BTreeMap<String, (usize, u64)> = BTreeMap::new();
        let mut works = vec![];
        for it in std::mem::take(&mut self.done)
            .into_iter()
            .chain(std::mem::take(&mut self.open).into_values())
        {
            let why = if it.synthetic {
                "synthetic pages"
            } else if it.called || !it.work.people.is_empty() {
                works.push(it.work);
                continue;
            } else if it.shadow {
                "incidents of shadow mode: another pager called"
            } else {
                "incidents that called nobody"
            };
            lost.entry(why.to_owned()).or_insert((0, 0)).0 += 1;
        }
        works.sort_by(|a, b| (a.created_ms, &a.about).cmp(&(b.created_ms, &b.about)));
        let team_of = |about: Option<&String>, person: &String| {
            self.state.catalogue().and_then(|it| organisation::team(it, about, person))
        };
        for work in &mut works {
            let about = work.about.as_ref();
            work.groups = work.people.iter().filter_map(|it| team_of(about, it)).collect();
            work.groups.dedup();
        }
        (works, lost)
    }

    /// When everybody works in the week around `until`.
    fn week(&self, until: Timestamp) -> (Span, BTreeMap<String, Calendar>) {
        // 5 January 1970 was a Monday.
        let from_ms = until.0 - (until.0 - 4 * DAY_MS).rem_euclid(WEEK_MS);
        let week = Span { from_ms, to_ms: from_ms + WEEK_MS };
        let everybody = self.state.catalogue().into_iter().flat_map(|it| it.people.keys());
        let names = everybody.map(ToString::to_string).collect();
        let (people, _) = self.people(&names, week);
        let known = people.into_iter().filter_map(|(name, (calendar, _))| Some((name, calendar?)));
        (week, known.collect())
    }

    /// When people work, where that is configured, and when it is night for them.
    fn people(&self, names: &BTreeSet<String>, within: Span) -> (People, usize) {
        let mut found = People::new();
        let mut without = 0;
        for (id, person) in self.state.catalogue().into_iter().flat_map(|it| &it.people) {
            let zone = self.zones.get(&person.timezone);
            let Some(zone) = zone.filter(|_| names.contains(id.as_str())) else { continue };
            let away = person.duty.away.iter();
            let away = Calendar::of(
                away.map(|it| Span { from_ms: it.starts.0, to_ms: it.ends.0 }).collect(),
            );
            let night = Hours {
                days: oncall::EVERY_DAY.to_vec(),
                from_minute: 1_320,
                to_minute: 480,
                absent: vec![],
            };
            let hours = person.duty.hours.as_ref().map(|it| Hours {
                days: if it.days.is_empty() { oncall::EVERY_DAY.to_vec() } else { it.days.clone() },
                from_minute: it.from_minute,
                to_minute: it.until_minute,
                absent: vec![],
            });
            without += usize::from(hours.is_none());
            let calendar = hours.map(|it| Calendar::compile(&it, &zone, within).without(&away));
            found.insert(id.to_string(), (calendar, Calendar::compile(&night, &zone, within)));
        }
        (found, without)
    }
}

type People = BTreeMap<String, (Option<Calendar>, Calendar)>;

impl Open {
    fn of(at_ms: i64, about: Option<String>, synthetic: bool) -> Self {
        let work = Work {
            class: Class::Page,
            about,
            created_ms: at_ms,
            started_ms: None,
            finished_ms: None,
            worked_ms: None,
            people: vec![],
            groups: vec![],
            efforts: vec![],
        };
        Self { work, synthetic, called: false, shadow: false }
    }

    fn does(&mut self, at_ms: i64, by: &str, effort: Effort) {
        self.work.efforts.push(Doing { at_ms, person: by.to_owned(), effort });
    }

    fn taken(&mut self, at_ms: i64, by: &PersonId, from: Option<&PersonId>) {
        let by = by.as_str();
        if let Some(from) = from.filter(|it| it.as_str() != by) {
            self.rests(at_ms, from);
        }
        self.work.started_ms.get_or_insert(at_ms);
        if self.work.people.last().is_none_or(|it| it != by) {
            self.work.people.push(by.to_owned());
        }
        self.does(at_ms, by, Effort::Works);
    }

    fn rests(&mut self, at_ms: i64, who: &PersonId) {
        self.does(at_ms, who.as_str(), Effort::Rests);
    }

    fn everybody_rests(&mut self, at_ms: i64) {
        let people: BTreeSet<String> =
            self.work.efforts.iter().map(|it| it.person.clone()).collect();
        for person in people {
            self.does(at_ms, &person, Effort::Rests);
        }
    }
}

/// Whether somebody else may be on duty after it.
fn decides_duty(event: &Event) -> bool {
    match event {
        Event::LoadReached { outcome, .. } => matches!(outcome, LoadOutcome::Relieved { .. }),
        it => matches!(
            it,
            Event::CatalogueAdopted { .. }
                | Event::OverrideSet(_)
                | Event::OverrideEnded { .. }
                | Event::SwapAnswered(_)
                | Event::RosterAnswered(_)
                | Event::ReliefEnded { .. }
        ),
    }
}

fn names(
    works: &[Work],
    duties: &[(RotaId, String, Span)],
    calls: &[(String, i64)],
) -> BTreeSet<String> {
    let had = works.iter().flat_map(|it| it.people.clone());
    let served = duties.iter().map(|it| it.1.clone());
    had.chain(served).chain(calls.iter().map(|it| it.0.clone())).collect()
}

/// Turns that were cut where something changed are whole again where nobody else came in between.
fn joined(mut duties: Vec<(RotaId, String, Span)>) -> Vec<(String, Span)> {
    duties.sort();
    let mut found: Vec<(RotaId, String, Span)> = vec![];
    for (rota, person, span) in duties {
        match found.last_mut() {
            Some(last) if last.0 == rota && last.1 == person && last.2.to_ms == span.from_ms => {
                last.2.to_ms = span.to_ms;
            }
            _ => found.push((rota, person, span)),
        }
    }
    let mut all: Vec<(String, Span)> = found.into_iter().map(|it| (it.1, it.2)).collect();
    all.sort();
    all
}

/// Who owns a service.
fn owner(kind: &ServiceKind) -> Option<&model::TeamId> {
    match kind {
        ServiceKind::Own { team } => Some(team),
        ServiceKind::Supplier => None,
    }
}
