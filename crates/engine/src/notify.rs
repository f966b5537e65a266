//! Who is told when a step of a page starts.
//!
//! A step that would reach nobody falls back to the whole team, then to everybody with an address:
//! waking too many once beats waking nobody.

use crate::command::Context;
use crate::event::{Event, NewNotice, PageCause, SkippedNotice};
use crate::load;
use crate::state::{Recipient, State};
use crate::{duty, ways};
use model::{
    EscalationStep, Medium, NoticeId, PageId, PageTarget, PersonId, RotaId, Severity, Timestamp,
};
use std::collections::BTreeSet;

/// The start of a step.
pub(crate) fn notified(
    state: &State,
    context: &Context<'_>,
    page: PageId,
    attempt: u32,
    step: &EscalationStep,
    cause: PageCause,
) -> Event {
    let mut told = Told::new(state, context, Some(page));
    told.target(&step.page);
    if told.notices.is_empty() {
        told.fall_back(page);
    }
    Event::PageNotified {
        page,
        attempt,
        cause,
        duty: told.duty,
        tzdb: context.zones.version(),
        notices: told.notices,
        skipped: told.skipped,
        deadline: context.now.plus(step.wait),
    }
}

/// Whoever `targets` name now and is not among `known`, for a step of `page` that goes on.
pub(crate) fn told<'a>(
    state: &'a State,
    context: &'a Context<'a>,
    page: PageId,
    targets: impl Iterator<Item = &'a PageTarget>,
    known: &BTreeSet<Recipient>,
) -> Told<'a> {
    let mut told = Told::new(state, context, Some(page));
    targets.for_each(|it| told.target(it));
    told.notices.retain(|it| !known.contains(&it.to));
    told.skipped.retain(|it| !known.contains(&it.to));
    for (notice, free) in told.notices.iter_mut().zip(state.next.notice + 1..) {
        notice.notice = NoticeId(free);
    }
    told
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
    /// What it is about; `None`: nothing that calls anybody.
    page: Option<PageId>,
    urgency: Severity,
    /// The rota asked and until when its shift lasts.
    pub(crate) duty: Option<(RotaId, Timestamp)>,
    pub(crate) notices: Vec<NewNotice>,
    pub(crate) skipped: Vec<SkippedNotice>,
}

impl<'a> Told<'a> {
    fn new(state: &'a State, context: &'a Context<'a>, page: Option<PageId>) -> Self {
        let urgency = page.map_or(duty::URGENCY, |it| urgency_of(state, it));
        Self { state, context, page, urgency, duty: None, notices: vec![], skipped: vec![] }
    }

    fn target(&mut self, target: &PageTarget) {
        let Some(catalogue) = self.state.catalogue() else { return };
        match target {
            PageTarget::Person(person) => self.person(person),
            PageTarget::Team(team) => {
                let members = catalogue.teams.get(team).map_or(&[][..], |it| &it.members);
                for person in members {
                    self.person(person);
                }
            }
            PageTarget::Channel(channel) => {
                let medium = catalogue.channels.get(channel).and_then(|it| it.media().last());
                if let Some(medium) = medium {
                    self.add(Recipient::Channel(channel.clone()), *medium, channel.clone(), None);
                }
            }
            PageTarget::Rota(rota) => {
                let Some(shift) = self.state.on_duty(rota, self.context.now, self.context.zones)
                else {
                    return;
                };
                let (people, spared) = match self.page {
                    Some(page) => {
                        load::on_duty(self.state, self.context, page, rota, &shift.people)
                    }
                    None => (shift.people.clone(), vec![]),
                };
                self.skipped.extend(spared);
                for person in &people {
                    self.person(person);
                }
                self.duty = Some((rota.clone(), shift.ends));
            }
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

    fn fall_back(&mut self, page: PageId) {
        let state = self.state;
        let Some(catalogue) = state.catalogue() else { return };
        let incident = state.pages.get(&page).and_then(|it| state.incidents.get(&it.incident));
        let team = incident.and_then(|it| catalogue.teams.get(it.team.as_ref()?));
        team.map_or(&[][..], |it| &it.members).iter().for_each(|it| self.person(it));
        if self.notices.is_empty() {
            catalogue.people.keys().for_each(|it| self.person(it));
        }
    }
}

/// What people call a medium.
pub(crate) fn name(medium: Medium) -> &'static str {
    medium.word()
}
