//! Who is told when a step of a page starts.
//!
//! A step that would reach nobody falls back to the whole team, then to everybody with an address:
//! waking too many once beats waking nobody.

use crate::command::Context;
use crate::event::{Event, LeftOut, NewNotice, PageCause, SkippedNotice};
use crate::state::{Recipient, State};
use crate::targets::{self, Numbered, Resolved};
use crate::{duty, ways};
use model::{
    ChannelId, Medium, NoticeId, PageId, PageTarget, PersonId, RotaId, Severity, Timestamp,
};
use paging::Page;
use std::collections::{BTreeMap, BTreeSet};

/// A step that is about to start.
pub(crate) struct Starting<'a> {
    pub(crate) step: Numbered<'a>,
    /// Steps that were passed over on the way to it.
    pub(crate) passed_over: Vec<LeftOut>,
    /// Whether its conditions are ignored, because they left nobody.
    pub(crate) unconditional: bool,
}

/// The start of a step.
pub(crate) fn notified(
    state: &State,
    context: &Context<'_>,
    page: PageId,
    starting: Starting<'_>,
    cause: PageCause,
) -> Event {
    let Starting { step: numbered, passed_over: mut left_out, unconditional } = starting;
    let mut told = Told::new(state, context, Some(page));
    let found = targets::resolve(state, context, numbered, unconditional);
    left_out.extend(found.left_out.iter().cloned());
    let turn = if numbered.step.round_robin {
        let turn = told.in_turn(numbered.page, &found.people);
        told.resolved(Resolved { people: vec![], ..found });
        turn
    } else {
        told.resolved(found);
        None
    };
    if told.notices.is_empty() {
        told.fall_back(numbered.page);
    }
    Event::PageNotified {
        page,
        attempt: numbered.attempt,
        cause,
        duty: told.duty,
        tzdb: context.zones.version(),
        notices: told.notices,
        skipped: told.skipped,
        deadline: context.now.plus(numbered.step.wait),
        left_out,
        unconditional,
        turn,
    }
}

/// Whoever `targets` name now and is not among `known`, for a step of `page` that goes on.
pub(crate) fn told<'a>(
    state: &'a State,
    context: &'a Context<'a>,
    page: PageId,
    attempt: u32,
    targets: impl Iterator<Item = &'a PageTarget>,
    known: &BTreeSet<Recipient>,
) -> Told<'a> {
    let mut told = Told::new(state, context, Some(page));
    if let Some(it) = state.pages.get(&page) {
        let mut found = targets::expanded(state, context, it, attempt, targets);
        found.people.retain(|person| !it.takers().any(|by| by == person));
        told.resolved(found);
    }
    told.notices.retain(|it| !known.contains(&it.to));
    told.skipped.retain(|it| !known.contains(&it.to));
    for (notice, free) in told.notices.iter_mut().zip(state.next.notice + 1..) {
        notice.notice = NoticeId(free);
    }
    told
}

/// Messages to `people` about a page, outside of any step.
pub(crate) fn to_people<'a>(
    state: &State,
    context: &Context<'_>,
    page: PageId,
    people: impl Iterator<Item = &'a PersonId>,
) -> (Vec<NewNotice>, Vec<SkippedNotice>) {
    let mut told = Told::new(state, context, Some(page));
    people.for_each(|it| told.person(it));
    (told.notices, told.skipped)
}

/// Messages to `people` that can wait: by their own rules, outside their quiet hours.
pub(crate) fn gently<'a>(
    state: &State,
    context: &Context<'_>,
    people: impl Iterator<Item = &'a PersonId>,
) -> Vec<NewNotice> {
    let mut told = Told::new(state, context, None);
    people.for_each(|it| told.person(it));
    told.notices
}

/// Messages to `people` about nothing that is paged: by the rules they have for that urgency.
pub(crate) fn by_rules<'a>(
    state: &State,
    context: &Context<'_>,
    people: impl Iterator<Item = &'a PersonId>,
    urgency: Severity,
) -> Vec<NewNotice> {
    let mut told = Told { urgency, ..Told::new(state, context, None) };
    people.for_each(|it| told.person(it));
    told.notices
}

/// One message to every address of `person`, at once.
pub(crate) fn recipients_of(
    state: &State,
    person: &PersonId,
) -> (Vec<NewNotice>, Vec<SkippedNotice>) {
    let to = Recipient::Person(person.clone());
    let (mut notices, mut skipped) = (vec![], vec![]);
    let Some(catalogue) = state.catalogue() else { return (notices, skipped) };
    let contacts = catalogue.people.get(person).map_or(&[][..], |it| &it.contacts);
    if contacts.is_empty() {
        let reason = "has no address to send to".to_owned();
        skipped.push(SkippedNotice { to: to.clone(), reason });
    }
    for contact in contacts.iter().filter(|it| it.address.text().is_some()) {
        let medium = contact.medium;
        match catalogue.channel_for(medium) {
            _ if state.is_stopped(person, medium) => {
                let reason = format!("asked to get no {} any more", name(medium));
                skipped.push(SkippedNotice { to: to.clone(), reason });
            }
            Some(channel) => notices.push(NewNotice {
                notice: NoticeId(state.next.notice + 1 + notices.len() as u64),
                to: to.clone(),
                medium,
                channel: channel.clone(),
                due_at: None,
            }),
            None => {
                let reason = format!("no channel for {} is configured", name(medium));
                skipped.push(SkippedNotice { to: to.clone(), reason });
            }
        }
    }
    (notices, skipped)
}

/// How urgent what a page is about is.
fn urgency_of(state: &State, page: PageId) -> Severity {
    let alert = state.pages.get(&page).and_then(|it| state.alerts.get(&it.alert));
    alert.map_or(Severity::Page, |it| it.severity)
}

/// Messages as they are being decided.
pub(crate) struct Told<'a> {
    state: &'a State,
    context: &'a Context<'a>,
    /// How urgent what it is about is.
    urgency: Severity,
    /// The rota asked and until when its shift lasts.
    pub(crate) duty: Option<(RotaId, Timestamp)>,
    pub(crate) notices: Vec<NewNotice>,
    pub(crate) skipped: Vec<SkippedNotice>,
}

impl<'a> Told<'a> {
    fn new(state: &'a State, context: &'a Context<'a>, page: Option<PageId>) -> Self {
        let urgency = page.map_or(duty::URGENCY, |it| urgency_of(state, it));
        Self { state, context, urgency, duty: None, notices: vec![], skipped: vec![] }
    }

    /// Everybody and everything that was found.
    fn resolved(&mut self, found: Resolved) {
        self.skipped.extend(found.spared);
        found.people.iter().for_each(|it| self.person(it));
        found.channels.into_iter().for_each(|it| self.channel(it));
        self.duty = found.duty;
    }

    /// The next in turn who can be told; whose turn it was.
    fn in_turn(&mut self, page: &Page, people: &[PersonId]) -> Option<PersonId> {
        let nobody = BTreeMap::new();
        let turns = self.state.turns.get(&page.escalation).unwrap_or(&nobody);
        paging::in_turn(people, turns).into_iter().find_map(|person| {
            self.person(person);
            (!self.notices.is_empty()).then(|| person.clone())
        })
    }

    fn channel(&mut self, id: ChannelId) {
        let channel = self.state.catalogue().and_then(|it| it.channels.get(&id));
        if let Some(medium) = channel.and_then(|it| it.media().last()) {
            self.add(Recipient::Channel(id.clone()), *medium, id, None);
        }
    }

    /// Everything to one person, by their own rules.
    fn person(&mut self, id: &PersonId) {
        let to = Recipient::Person(id.clone());
        if self.notices.iter().any(|it| it.to == to) {
            return;
        }
        let (ways, problems) = ways::ways(self.state, self.context, id, self.urgency);
        for reason in problems {
            let skipped = SkippedNotice { to: to.clone(), reason };
            if !self.skipped.contains(&skipped) {
                self.skipped.push(skipped);
            }
        }
        for way in ways {
            self.add(to.clone(), way.medium, way.channel, way.due_at);
        }
    }

    fn add(
        &mut self,
        to: Recipient,
        medium: Medium,
        channel: model::ChannelId,
        due_at: Option<Timestamp>,
    ) {
        let notice = NoticeId(self.state.next.notice + 1 + self.notices.len() as u64);
        self.notices.push(NewNotice { notice, to, medium, channel, due_at });
    }

    fn fall_back(&mut self, page: &Page) {
        let Some(catalogue) = self.state.catalogue() else { return };
        let incident = self.state.incidents.get(&page.incident);
        let team = incident.and_then(|it| catalogue.teams.get(it.team.as_ref()?));
        // Who has taken it already, as one of several, is not asked again.
        let took = |person: &&PersonId| page.takers().any(|by| by == *person);
        let members = team.map_or(&[][..], |it| &it.members).iter();
        members.filter(|it| !took(it)).for_each(|it| self.person(it));
        if self.notices.is_empty() {
            catalogue.people.keys().filter(|it| !took(it)).for_each(|it| self.person(it));
        }
    }
}

/// What people call a medium.
pub(crate) fn name(medium: Medium) -> &'static str {
    medium.word()
}
