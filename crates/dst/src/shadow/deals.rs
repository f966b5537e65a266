//! The auditor's books about pages that somebody has, that wait for a time, or that several must take.
//!
//! Invariant: for every page that nobody is called for, and that is not over, the auditor knows a person
//! or a time.

use super::{Check, Shadow, hold};
use crate::dealing::WAIT_MAX;
use engine::{Event, EventRecord, NotPagedReason, NoticeStatus, Origin, WakeCause};
use model::{
    AlertId, IncidentId, Millis, NoticeId, PageId, PersonId, Severity, Timestamp, Urgency,
};
use paging::PageStatus;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of pages that call nobody at the moment.
#[derive(Debug, Default)]
pub(super) struct Deals {
    /// Pages that wait, and until when.
    waiting: BTreeMap<PageId, Timestamp>,
    /// Pages that somebody has for a while, and until when.
    lent: BTreeMap<PageId, Timestamp>,
    /// Pages that begin to call again with the next record about them.
    woken: BTreeSet<PageId>,
    /// Who has taken a page since it began to call.
    takers: BTreeMap<PageId, BTreeSet<PersonId>>,
    /// Messages about a page that call nobody to take it.
    asides: BTreeMap<NoticeId, PageId>,
    /// Pages for which a person wants others called, also in silence.
    wanted: BTreeSet<PageId>,
    /// Whether somebody ever said "page anyway": their calls know no bound.
    anyway: bool,
}

impl Deals {
    pub(super) fn is_wanted(&self, page: PageId) -> bool {
        self.wanted.contains(&page)
    }

    pub(super) fn is_anyway(&self) -> bool {
        self.anyway
    }
}

impl Shadow {
    /// When a page that waits, or is lent, must move again.
    pub(super) fn deal_due(&self) -> Option<(Timestamp, PageId)> {
        let Deals { waiting, lent, .. } = &self.deals;
        waiting.iter().chain(lent).map(|(page, at)| (*at, *page)).min()
    }

    /// Whether `page` begins to call again.
    pub(super) fn is_woken(&self, page: PageId) -> bool {
        self.deals.woken.contains(&page)
    }

    /// What must hold between a record about dealing with pages and the state before it.
    pub(super) fn before_dealing(&self, record: &EventRecord) -> Check {
        let early = "nothing comes back early";
        match &record.event {
            Event::NotPaged { alert, reason: NotPagedReason::Held { page } } => {
                let held = self.status(*page, |it| matches!(it, PageStatus::Held { .. }));
                self.reason_is_true(held, *alert, *page)
            }
            Event::NotPaged { alert, reason: NotPagedReason::Snoozed { page } } => {
                let snoozed = self.status(*page, |it| matches!(it, PageStatus::Snoozed { .. }));
                self.reason_is_true(snoozed, *alert, *page)
            }
            Event::PageHeld { page, until, .. } => {
                let wait = until.since(record.at);
                hold(wait > Millis::ZERO && wait <= WAIT_MAX, "no call waits for long", || {
                    format!("{page} waits {wait}")
                })?;
                hold(self.may_wait(*page), "only what may wait waits", || {
                    format!("{page} is held though nobody said so, or it burns")
                })
            }
            Event::PageWoken { page, cause: WakeCause::Time } => {
                let due = self.deals.waiting.get(page).is_some_and(|it| *it <= record.at);
                hold(due, early, || format!("{page} woke at {}", record.at))
            }
            Event::PageReturned { page, .. } => {
                let due = self.deals.lent.get(page).is_some_and(|it| *it <= record.at);
                hold(due, early, || format!("{page} was given back at {}", record.at))
            }
            Event::PageAcknowledged { page, by, via } => self.enough(*page, by, via),
            _ => Ok(()),
        }
    }

    fn status(&self, page: PageId, wanted: impl Fn(&PageStatus) -> bool) -> bool {
        self.state.pages.get(&page).is_some_and(|it| wanted(&it.status))
    }

    #[expect(clippy::unused_self, reason = "one of the auditor's checks")]
    fn reason_is_true(&self, holds: bool, alert: AlertId, page: PageId) -> Check {
        hold(holds, "a reason for not calling is true", || {
            format!("{alert} said that {page} waits")
        })
    }

    /// Whether something says that the page may wait, and nothing that it must not.
    fn may_wait(&self, id: PageId) -> bool {
        let (Some(catalogue), Some(page)) = (self.state.catalogue(), self.state.pages.get(&id))
        else {
            return false;
        };
        let Some(alert) = self.state.alerts.get(&page.alert) else { return false };
        let of_feature = alert.feature.as_ref().and_then(|it| catalogue.features.get(it)?.urgency);
        let of_service = alert.service.as_ref().and_then(|it| catalogue.services.get(it)?.urgency);
        let of_policy = catalogue.escalations.get(&page.escalation).and_then(|it| it.urgency);
        let said = [of_feature, of_service, of_policy].contains(&Some(Urgency::Morning));
        let calm = matches!(alert.origin, Origin::Door { .. } | Origin::Heartbeat { .. });
        said && calm && alert.severity == Severity::Page
    }

    /// Whether as many people have taken a page as its step wants. Whoever it was handed to, and whoever
    /// took it in the other pager, is enough.
    fn enough(&self, id: PageId, by: &PersonId, via: &str) -> Check {
        let Some(page) = self.state.pages.get(&id) else { return Ok(()) };
        let handed = page.handing.as_ref().is_some_and(|it| it.to == *by);
        if handed || via.ends_with("beside us") {
            return Ok(());
        }
        let steps = &page.policy.steps;
        let last = self.steps.get(&id).map_or(0, |it| it.attempt);
        let place = last.saturating_sub(page.round_start) as usize % steps.len();
        let mut takers = self.deals.takers.get(&id).cloned().unwrap_or_default();
        takers.insert(by.clone());
        hold(
            takers.len() >= usize::from(steps[place].acks_min),
            "several take what several must",
            || format!("{id} counts as taken by {takers:?}, and {} must", steps[place].acks_min),
        )
    }

    /// Keeps the books about dealing with pages.
    pub(super) fn after_dealing(&mut self, record: &EventRecord) -> Check {
        let at = record.at;
        match &record.event {
            Event::PageNotified { page, .. } => {
                self.deals.woken.remove(page);
            }
            Event::PageHeld { page, until, .. } | Event::PageSnoozed { page, until, .. } => {
                self.rest(*page);
                self.deals.waiting.insert(*page, *until);
            }
            Event::PageWoken { page, .. } | Event::PageReturned { page, .. } => {
                self.rest(*page);
                self.deals.takers.remove(page);
                self.deals.woken.insert(*page);
            }
            Event::PageGivenBack(engine::GivenBack { page, from, .. }) => {
                // Of several who are wanted one steps back while the others are called all along.
                let others = |it: &PageStatus| matches!(it, PageStatus::Waiting { deadline, .. } if *deadline > at);
                if !self.status(*page, others) {
                    self.rest(*page);
                    self.deals.takers.remove(page);
                    self.deals.woken.insert(*page);
                } else if let Some(takers) = self.deals.takers.get_mut(page) {
                    takers.remove(from);
                }
            }
            Event::PagePartlyAcknowledged { page, by, .. } => {
                self.deals.takers.entry(*page).or_default().insert(by.clone());
                self.forget_cancelled();
            }
            Event::PageAcknowledged { page, by, .. } | Event::TakenOver { page, by, .. } => {
                self.rest(*page);
                self.deals.takers.insert(*page, [by.clone()].into());
                self.lend(*page, at);
            }
            Event::PageRenewed { page, .. } => {
                self.rest(*page);
                self.lend(*page, at);
            }
            Event::PageReminded { page, notices, .. } | Event::PageHanded { page, notices, .. } => {
                for it in notices {
                    let new = self.deals.asides.insert(it.notice, *page).is_none();
                    hold(new, "numbers are given once", || it.notice.to_string())?;
                }
                self.expect(notices);
            }
            Event::PageEnded { page, .. } => self.rest(*page),
            Event::PageOpened { page, .. } | Event::EscalationAsked { page, .. }
                if matches!(record.actor, engine::Actor::Person(_)) =>
            {
                self.deals.wanted.insert(*page);
            }
            Event::PagedAnyway { .. } => self.deals.anyway = true,
            Event::IncidentResolved { incident, .. } => {
                let pages = self.state.incidents.get(incident).map(|it| it.pages.clone());
                for page in pages.unwrap_or_default() {
                    self.deals.lent.remove(&page);
                    self.deals.waiting.remove(&page);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Nothing is expected of a page any more, and nothing about it is sent that was not sent yet.
    fn rest(&mut self, page: PageId) {
        self.calling.remove(&page);
        self.deals.waiting.remove(&page);
        self.deals.lent.remove(&page);
        self.deals.woken.remove(&page);
        self.forget_cancelled();
    }

    fn lend(&mut self, page: PageId, at: Timestamp) {
        let length = self.state.pages.get(&page).and_then(|it| it.policy.ack_timeout);
        if let Some(length) = length {
            self.deals.lent.insert(page, at.plus(length));
        }
    }

    /// What the state calls cancelled is not expected to be sent.
    pub(super) fn forget_cancelled(&mut self) {
        let state = &self.state;
        self.due.retain(|id, _| {
            let status = state.notices.get(id).map(|it| &it.status);
            !matches!(status, Some(NoticeStatus::Cancelled))
        });
    }

    /// Whether a message about a page that somebody has may be sent; `None`: it is no such message.
    pub(super) fn may_send_aside(&self, notice: NoticeId) -> Option<Check> {
        let page = self.deals.asides.get(&notice)?;
        let held = self.status(*page, |it| matches!(it, PageStatus::Acknowledged { .. }));
        Some(hold(held, "nobody is reminded of what they do not have", || {
            format!("a send of {notice} about {page} started")
        }))
    }

    /// For every open incident there is a person, or a time, or it has called everybody.
    pub(super) fn somebody_answers(&self) -> Check {
        for (id, incident) in self.state.incidents_open() {
            let pages = incident.pages.iter().filter_map(|it| self.state.pages.get(it));
            let answered = self.state.is_quiet(id)
                || incident.pages.is_empty()
                || pages.into_iter().any(|it| !matches!(it.status, PageStatus::Ended { .. }));
            hold(answered, "somebody answers for what is open", || {
                let of = |it| Some(&self.state.pages.get(it)?.status);
                let pages: Vec<_> = incident.pages.iter().map(of).collect();
                format!("every page of {id} is over, and it is not: {pages:?}")
            })?;
        }
        Ok(())
    }

    /// Lists are messages that exist.
    pub(super) fn nobody_is_lost(&self, record: &EventRecord) -> Check {
        match &record.event {
            Event::CallsBundled { notices, .. } => {
                let known = |it: &NoticeId| self.state.notices.contains_key(it);
                hold(
                    notices.iter().all(|(_, into)| known(into)),
                    "what is listed is in a list",
                    || format!("a list of {notices:?} is no message"),
                )
            }
            _ => Ok(()),
        }
    }

    /// Whether the configuration says that another pager calls for this incident.
    pub(super) fn is_shadowed(&self, incident: IncidentId) -> bool {
        let Some(catalogue) = self.state.catalogue() else { return false };
        let team = self.state.incidents.get(&incident).and_then(|it| it.team.as_ref());
        let mode = team.and_then(|it| catalogue.teams.get(it)?.mode);
        mode.unwrap_or(catalogue.pager.mode) == model::Mode::Shadow
    }
}
