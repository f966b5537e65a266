//! Who is told when a step of a page starts.
//!
//! A step that would reach nobody falls back to the whole team, then to everybody with an address:
//! waking too many once beats waking nobody.

use crate::command::Context;
use crate::event::{Event, LeftOut, NewNotice, PageCause, SkippedNotice};
use crate::state::{Recipient, State};
use crate::targets::{Numbered, resolve};
use model::{Catalogue, ChannelId, Medium, NoticeId, PageId, PersonId};
use paging::Page;
use std::collections::BTreeMap;

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
    let mut told = Told::new(state);
    let (mut duty, mut turn) = (None, None);
    if let Some(catalogue) = state.catalogue() {
        let found = resolve(state, context, catalogue, numbered, unconditional);
        left_out.extend(found.left_out);
        duty = found.duty;
        if numbered.step.round_robin {
            turn = told.in_turn(catalogue, state, numbered.page, &found.people);
        } else {
            for person in &found.people {
                told.person(catalogue, person);
            }
        }
        for channel in &found.channels {
            told.channel(catalogue, channel);
        }
        if told.notices.is_empty() {
            told.fall_back(catalogue, state, page);
        }
    }
    Event::PageNotified {
        page,
        attempt: numbered.attempt,
        cause,
        duty,
        tzdb: context.zones.version(),
        notices: told.notices,
        skipped: told.skipped,
        deadline: context.now.plus(numbered.step.wait),
        left_out,
        unconditional,
        turn,
    }
}

/// Messages to `people`, outside of any step.
pub(crate) fn to_people<'a>(
    state: &State,
    people: impl Iterator<Item = &'a PersonId>,
) -> (Vec<NewNotice>, Vec<SkippedNotice>) {
    let mut told = Told::new(state);
    if let Some(catalogue) = state.catalogue() {
        people.for_each(|it| told.person(catalogue, it));
    }
    (told.notices, told.skipped)
}

struct Told {
    first_free: u64,
    notices: Vec<NewNotice>,
    skipped: Vec<SkippedNotice>,
}

impl Told {
    fn new(state: &State) -> Self {
        Self { first_free: state.next.notice + 1, notices: vec![], skipped: vec![] }
    }

    /// The next in turn who can be told; whose turn it was.
    fn in_turn(
        &mut self,
        catalogue: &Catalogue,
        state: &State,
        page: &Page,
        people: &[PersonId],
    ) -> Option<PersonId> {
        let nobody = BTreeMap::new();
        let turns = state.turns.get(&page.escalation).unwrap_or(&nobody);
        paging::in_turn(people, turns).into_iter().find_map(|person| {
            self.person(catalogue, person);
            (!self.notices.is_empty()).then(|| person.clone())
        })
    }

    fn channel(&mut self, catalogue: &Catalogue, channel: &ChannelId) {
        let medium = catalogue.channels.get(channel).and_then(|it| it.media().last());
        if let Some(medium) = medium {
            self.add(Recipient::Channel(channel.clone()), *medium, channel.clone());
        }
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
        // Who has taken it already, as one of several, is not asked again.
        let took = |person: &PersonId| {
            state.pages.get(&page).is_some_and(|it| it.takers().any(|by| by == person))
        };
        for person in team.map_or(&[][..], |it| &it.members).iter().filter(|it| !took(it)) {
            self.person(catalogue, person);
        }
        if self.notices.is_empty() {
            for person in catalogue.people.keys().filter(|it| !took(it)) {
                self.person(catalogue, person);
            }
        }
    }
}

/// What people call a medium.
pub(crate) fn name(medium: Medium) -> &'static str {
    medium.word()
}
