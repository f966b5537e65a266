//! Who is told when a step of a page starts.
//!
//! A step that would reach nobody falls back to the whole team, then to everybody with an address:
//! waking too many once beats waking nobody.

use crate::command::Context;
use crate::event::{Event, NewNotice, PageCause, SkippedNotice};
use crate::state::{Recipient, State};
use model::{
    Catalogue, EscalationStep, Medium, NoticeId, PageId, PageTarget, PersonId, RotaId, Timestamp,
};

/// The start of a step.
pub(crate) fn notified(
    state: &State,
    context: &Context<'_>,
    page: PageId,
    attempt: u32,
    step: &EscalationStep,
    cause: PageCause,
) -> Event {
    let mut told = Told { first_free: state.next.notice + 1, notices: vec![], skipped: vec![] };
    let mut duty = None;
    if let Some(catalogue) = state.catalogue() {
        duty = told.target(state, catalogue, context, &step.page);
        if told.notices.is_empty() {
            told.fall_back(catalogue, state, page);
        }
    }
    Event::PageNotified {
        page,
        attempt,
        cause,
        duty,
        tzdb: context.zones.version(),
        notices: told.notices,
        skipped: told.skipped,
        deadline: context.now.plus(step.wait),
    }
}

struct Told {
    first_free: u64,
    notices: Vec<NewNotice>,
    skipped: Vec<SkippedNotice>,
}

impl Told {
    fn target(
        &mut self,
        state: &State,
        catalogue: &Catalogue,
        context: &Context<'_>,
        target: &PageTarget,
    ) -> Option<(RotaId, Timestamp)> {
        match target {
            PageTarget::Person(person) => self.person(catalogue, person),
            PageTarget::Team(team) => {
                let members = catalogue.teams.get(team).map_or(&[][..], |it| &it.members);
                for member in members {
                    self.person(catalogue, member);
                }
            }
            PageTarget::Channel(channel) => {
                let medium = catalogue.channels.get(channel).and_then(|it| it.media().last());
                if let Some(medium) = medium {
                    self.add(Recipient::Channel(channel.clone()), *medium, channel.clone());
                }
            }
            PageTarget::Rota(rota) => {
                let shift = state.on_duty(rota, context.now, context.zones)?;
                for person in &shift.people {
                    self.person(catalogue, person);
                }
                return Some((rota.clone(), shift.ends));
            }
        }
        None
    }

    fn person(&mut self, catalogue: &Catalogue, id: &PersonId) {
        let to = Recipient::Person(id.clone());
        if self.notices.iter().any(|it| it.to == to) {
            return;
        }
        let contacts = catalogue.people.get(id).map_or(&[][..], |it| &it.contacts);
        if contacts.is_empty() {
            let reason = "has no address to send to".to_owned();
            self.skipped.push(SkippedNotice { to: to.clone(), reason });
        }
        for contact in contacts {
            match catalogue.channel_for(contact.medium) {
                _ if contact.address.text().is_none() => {
                    let reason = format!("the {} address has been erased", name(contact.medium));
                    self.skipped.push(SkippedNotice { to: to.clone(), reason });
                }
                Some(channel) => self.add(to.clone(), contact.medium, channel.clone()),
                None => {
                    let reason = format!("no channel for {} is configured", name(contact.medium));
                    self.skipped.push(SkippedNotice { to: to.clone(), reason });
                }
            }
        }
    }

    fn add(&mut self, to: Recipient, medium: Medium, channel: model::ChannelId) {
        let notice = NoticeId(self.first_free + self.notices.len() as u64);
        self.notices.push(NewNotice { notice, to, medium, channel });
    }

    fn fall_back(&mut self, catalogue: &Catalogue, state: &State, page: PageId) {
        let incident = state.pages.get(&page).and_then(|it| state.incidents.get(&it.incident));
        let team = incident.and_then(|it| catalogue.teams.get(it.team.as_ref()?));
        for person in team.map_or(&[][..], |it| &it.members) {
            self.person(catalogue, person);
        }
        if self.notices.is_empty() {
            for person in catalogue.people.keys() {
                self.person(catalogue, person);
            }
        }
    }
}

/// What people call a medium.
pub(crate) fn name(medium: Medium) -> &'static str {
    medium.word()
}
