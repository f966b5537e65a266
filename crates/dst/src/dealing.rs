//! What people do with pages besides taking them, what providers say of messages, and whether they were
//! told the truth about it.

use crate::outside::{Move, TRIES_MAX};
use crate::shadow::{Check, hold};
use crate::world::{Happening, World};
use driver::Accepted;
use engine::{Command, Event, Purpose, ReceiptEvidence, Subject, Submission};
use model::{Millis, NoticeId, PersonId};

/// What was accepted came about.
const ACCEPTED: &str = "what was accepted is so";

impl World {
    /// Somebody does something with an open incident or one of its pages.
    pub(crate) fn deal(&mut self) -> Check {
        let state = &self.shadow.state;
        let open: Vec<_> = state.incidents_open().map(|(id, it)| (id, it.pages.clone())).collect();
        let (Some(by), Some(to)) = (self.somebody(), self.somebody()) else { return Ok(()) };
        if open.is_empty() || self.healing {
            return Ok(());
        }
        let (incident, pages) = self.dice.pick(&open).clone();
        let (other, _) = self.dice.pick(&open).clone();
        let page = pages.last().copied().filter(|_| self.dice.chance(500));
        let what = page.map_or(Subject::Incident(incident), Subject::Page);
        let until = self.shadow.state.at.plus(self.dice.mins(5, 300));
        let who = by.clone();
        let via = "view".to_owned();
        let alert = self.shadow.state.incidents[&incident].alerts.last().copied();
        let command = match (self.dice.below(11), pages.last().copied(), alert) {
            (0 | 1, ..) => Command::Renew { what, by },
            (2, ..) => Command::Hand { what, by, to },
            (3, ..) => Command::Snooze { what, by, until },
            (4, ..) => Command::Wake { what, by },
            (9 | 10, ..) => Command::GiveBack { what, by, via },
            (5, ..) => Command::MergeIncidents { incident, into: other, by },
            (6, Some(page), _) => Command::Escalate { page, by, via },
            // Rare: from then on no bound is looked at.
            (7, _, Some(alert)) if self.dice.chance(50) => Command::PageAnyway { alert, by },
            _ => Command::TakeOver { incident, by, via },
        };
        self.person_asks(Submission::person(who, command), TRIES_MAX)
    }

    /// What somebody who took or dealt with a page must find in the answer.
    pub(crate) fn dealt(command: &Command, accepted: &Accepted) -> Check {
        if accepted.repeated {
            return Ok(());
        }
        let events: Vec<&Event> = accepted.events.iter().map(|it| &it.event).collect();
        let right = match command {
            Command::AcknowledgePage { by, .. } => events.iter().any(|it| took(it, by)),
            Command::TakeOver { by, .. } => events.iter().any(|it| {
                took(it, by) || matches!(it, Event::TakenOver { by: taker, .. } if taker == by)
            }),
            Command::Hand { to, .. } => events
                .iter()
                .any(|it| matches!(it, Event::PageHanded { to: other, .. } if other == to)),
            Command::Snooze { until, .. } => events
                .iter()
                .any(|it| matches!(it, Event::PageSnoozed { until: said, .. } if said == until)),
            Command::Escalate { .. } => events
                .iter()
                .any(|it| matches!(it, Event::PageNotified { .. } | Event::PageOpened { .. })),
            Command::Receipt { evidence, .. } => events.iter().all(|it| match it {
                Event::NoticeDelivered { evidence: noted, .. }
                | Event::NoticeUndelivered { evidence: noted, .. } => noted == evidence,
                _ => true,
            }),
            Command::MergeIncidents { .. } => {
                events.iter().any(|it| matches!(it, Event::IncidentMerged { .. }))
            }
            Command::Renew { .. } | Command::Wake { .. } | Command::PageAnyway { .. } => {
                !events.is_empty()
            }
            _ => Self::duty_dealt(command, accepted).unwrap_or(true),
        };
        hold(right, ACCEPTED, || format!("{command:?} came to {events:?}"))
    }

    /// The provider says something of a message, true or not, once or twice, soon or late.
    pub(crate) fn hear_from_provider(&mut self, notice: NoticeId) {
        if self.healing || !self.dice.chance(150) {
            return;
        }
        let said =
            [ReceiptEvidence::Delivered, ReceiptEvidence::Undelivered, ReceiptEvidence::Read];
        for _ in 0..=self.dice.below(2) {
            let evidence = *self.dice.pick(&said);
            let wait = self.dice.secs(0, 900);
            self.later(wait, Happening::Outside(Move::Receipt { notice, evidence }));
        }
    }

    pub(crate) fn receipt(&mut self, notice: NoticeId, evidence: ReceiptEvidence) -> Check {
        let command = Command::Receipt { notice, evidence, detail: "as it says".to_owned() };
        self.person_asks(Submission::system(command), 2)
    }

    /// A telephone rings; perhaps somebody answers.
    pub(crate) fn ring(&mut self, notice: NoticeId) {
        let Some(it) = self.shadow.state.notices.get(&notice) else { return };
        let Some(page) = it.purpose.page() else { return };
        let engine::Recipient::Person(person) = it.to.clone() else { return };
        // Most say that they are still at it; whoever is called anew answers less often.
        let answers = if matches!(it.purpose, Purpose::Page { .. }) { 350 } else { 600 };
        if self.healing || !self.dice.chance(answers) {
            return;
        }
        let wait = self.dice.secs(5, 600);
        let key = self.dice.chance(300).then(|| format!("ack-{notice}"));
        self.later(wait, Happening::Outside(Move::Acknowledge { page, person, key }));
    }
}

fn took(event: &Event, who: &PersonId) -> bool {
    matches!(event,
        Event::PageAcknowledged { by, .. }
        | Event::PagePartlyAcknowledged { by, .. }
        | Event::PageRenewed { by, .. } if by == who)
}

/// Longest time that a page may wait for a morning or be put off.
pub(crate) const WAIT_MAX: Millis = Millis::from_days(1);
