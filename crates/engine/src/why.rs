//! The chain from sample to person, from the journal alone.

use crate::event::{Event, EventRecord, WakeCause};
use crate::state::{Limits, Purpose, State};
use crate::tell;
use model::{AlertId, IncidentId, NoticeId, PageId, Timestamp};
use std::collections::BTreeSet;
use std::fmt;

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyId {
    /// An alert.
    Alert(AlertId),
    /// An incident.
    Incident(IncidentId),
    /// A page.
    Page(PageId),
    /// A notice.
    Notice(NoticeId),
}

/// One step of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyLine {
    /// Its place in the journal.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What, and why.
    pub text: String,
}

impl WhyId {
    /// Reads `al_1`, `in_1`, `pg_1` or `no_1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        AlertId::parse(text)
            .map(Self::Alert)
            .or_else(|| IncidentId::parse(text).map(Self::Incident))
            .or_else(|| PageId::parse(text).map(Self::Page))
            .or_else(|| NoticeId::parse(text).map(Self::Notice))
    }
}

impl fmt::Display for WhyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(id) => id.fmt(f),
            Self::Incident(id) => id.fmt(f),
            Self::Page(id) => id.fmt(f),
            Self::Notice(id) => id.fmt(f),
        }
    }
}

/// The journal positions that speak of `id`, oldest first; `None` when it is not in memory (any
/// more): then every record must be looked at, which [`why`] does just as well.
#[must_use]
pub fn why_trail(state: &State, id: &WhyId) -> Option<Vec<u64>> {
    let of_incident = |id: &IncidentId| Some(with_beginnings(state, state.incidents.get(id)?));
    let of_page = |id: &PageId| of_incident(&state.pages.get(id)?.incident);
    match id {
        WhyId::Incident(id) => of_incident(id),
        WhyId::Page(id) => of_page(id),
        WhyId::Notice(id) => match state.notices.get(id)?.purpose {
            Purpose::Page { page, .. } | Purpose::Renewal { page } | Purpose::Hand { page } => {
                of_page(&page)
            }
            Purpose::Update { incident } | Purpose::End { incident } => of_incident(&incident),
            Purpose::Load { load } => of_page(&state.load.log.get(&load)?.page),
            Purpose::Bundle
            | Purpose::Verify
            | Purpose::Test
            | Purpose::Duty { .. }
            | Purpose::Digest { .. }
            | Purpose::Reminder { .. }
            | Purpose::Swap { .. }
            | Purpose::Thin { .. }
            | Purpose::Interruption { .. }
            | Purpose::Handover { .. }
            | Purpose::Roster { .. }
            | Purpose::Answer => None,
        },
        WhyId::Alert(id) => {
            let alert = state.alerts.get(id)?;
            match &alert.incident {
                // What was written of it before it joined stands in its own trail only.
                Some(incident) => {
                    let mut trail = of_incident(incident).unwrap_or_default();
                    trail.extend(&alert.trail);
                    trail.sort_unstable();
                    trail.dedup();
                    Some(trail)
                }
                None => Some(alert.trail.clone()),
            }
        }
    }
}

/// The trail of an incident, with the line by which each of its alerts began: it was written before
/// the alert belonged to anything.
fn with_beginnings(state: &State, incident: &incident::Incident) -> Vec<u64> {
    let mut trail = incident.trail.clone();
    let first = |id: &AlertId| state.alerts.get(id)?.trail.first().copied();
    trail.extend(incident.alerts.iter().take(Limits::TRAIL_MAX).filter_map(first));
    trail.sort_unstable();
    trail.dedup();
    trail
}

/// The chain about `id` within `records`, which may be the records of its trail or a whole
/// journal: what does not belong is left out.
#[must_use]
pub fn why(records: &[EventRecord], id: &WhyId, state: &State) -> Vec<WhyLine> {
    let mut related = Related::default();
    related.add(id);
    // Alerts come before their incident and notices after their page, so links are found by going
    // over the records until nothing new turns up: three passes at most.
    while records.iter().map(|it| related.grow(&it.event)).filter(|grew| *grew).count() > 0 {}
    records
        .iter()
        .filter(|it| related.touches(&it.event))
        .map(|it| WhyLine { seq: it.seq, at: it.at, text: tell(&it.event, state.catalogue()) })
        .collect()
}

#[derive(Default)]
struct Related {
    alerts: BTreeSet<AlertId>,
    incidents: BTreeSet<IncidentId>,
    pages: BTreeSet<PageId>,
    notices: BTreeSet<NoticeId>,
}

impl Related {
    fn add(&mut self, id: &WhyId) -> bool {
        match id {
            WhyId::Alert(id) => self.alerts.insert(*id),
            WhyId::Incident(id) => self.incidents.insert(*id),
            WhyId::Page(id) => self.pages.insert(*id),
            WhyId::Notice(id) => self.notices.insert(*id),
        }
    }

    fn has(&self, id: &WhyId) -> bool {
        match id {
            WhyId::Alert(id) => self.alerts.contains(id),
            WhyId::Incident(id) => self.incidents.contains(id),
            WhyId::Page(id) => self.pages.contains(id),
            WhyId::Notice(id) => self.notices.contains(id),
        }
    }

    /// Takes in everything linked by an event that is touched; true when something was new.
    fn grow(&mut self, event: &Event) -> bool {
        let mentioned = mentions(event);
        if !mentioned.iter().any(|it| self.has(it)) {
            return false;
        }
        mentioned.iter().map(|it| self.add(it)).filter(|new| *new).count() > 0
    }

    fn touches(&self, event: &Event) -> bool {
        mentions(event).iter().any(|it| self.has(it))
    }
}

#[expect(clippy::too_many_lines, reason = "a table of events")]
fn mentions(event: &Event) -> Vec<WhyId> {
    match event {
        Event::AlertFired { alert, .. }
        | Event::AlertStale { alert, .. }
        | Event::AlertHeardAgain { alert }
        | Event::AlertResolved { alert, .. }
        | Event::AlertUnsilenced { alert, .. }
        | Event::AlertUpdated { alert, .. }
        | Event::PagedAnyway { alert, .. }
        | Event::NotPaged { alert, .. } => vec![WhyId::Alert(*alert)],
        Event::IncidentOpened { incident, alert, .. } | Event::AlertJoined { incident, alert } => {
            vec![WhyId::Incident(*incident), WhyId::Alert(*alert)]
        }
        Event::PageOpened { page, incident, alert, .. } => {
            vec![WhyId::Page(*page), WhyId::Incident(*incident), WhyId::Alert(*alert)]
        }
        Event::PageNotified { page, notices, .. }
        | Event::PageReminded { page, notices, .. }
        | Event::PageHanded { page, notices, .. } => {
            let notices = notices.iter().map(|it| WhyId::Notice(it.notice));
            std::iter::once(WhyId::Page(*page)).chain(notices).collect()
        }
        Event::PageNotifiedAlso { page, notices, again, .. } => {
            let notices = notices.iter().map(|it| it.notice).chain(again.iter().copied());
            std::iter::once(WhyId::Page(*page)).chain(notices.map(WhyId::Notice)).collect()
        }
        Event::NoticeSent { notice, .. }
        | Event::NoticeFailed { notice, .. }
        | Event::NoticeDelivered { notice, .. }
        | Event::NoticeUndelivered { notice, .. }
        // The notice that was sent is left out: it may belong to another page.
        | Event::NoticeCovered { notice, .. } => vec![WhyId::Notice(*notice)],
        Event::ContactsTested { notices, .. }
        | Event::DutyAsked { notices, .. }
        | Event::DutyReminded { notices, .. }
        | Event::DutyUnconfirmed { notices, .. }
        | Event::SwapAsked(crate::SwapAsked { notices, .. })
        | Event::SwapAnswered(crate::SwapAnswered { notices, .. })
        | Event::RosterAnswered(crate::RosterAnswered { notices, .. })
        | Event::DutyThin(crate::DutyThin { notices, .. }) => {
            notices.iter().map(|it| WhyId::Notice(it.notice)).collect()
        }
        Event::InterruptionNoted(it) => {
            it.notices.iter().map(|it| WhyId::Notice(it.notice)).collect()
        }
        Event::Handover(event) => event.notices().iter().map(|it| WhyId::Notice(it.notice)).collect(),
        Event::PageWoken { page, cause: WakeCause::Alert { alert } } => {
            vec![WhyId::Page(*page), WhyId::Alert(*alert)]
        }
        Event::IncidentMerged { incident, into, .. } => {
            vec![WhyId::Incident(*incident), WhyId::Incident(*into)]
        }
        Event::PageHeld { page, .. }
        | Event::PageWoken { page, .. }
        | Event::PagePartlyAcknowledged { page, .. }
        | Event::PageRenewed { page, .. }
        | Event::PageReturned { page, .. }
        | Event::PageGivenBack(crate::GivenBack { page, .. })
        | Event::PageSnoozed { page, .. }
        | Event::PageAcknowledged { page, .. }
        | Event::EscalationAsked { page, .. }
        | Event::PageExhausted { page, .. }
        | Event::PageEnded { page, .. } => vec![WhyId::Page(*page)],
        Event::IncidentResolved { incident, .. }
        | Event::IncidentUpdated { incident, .. }
        | Event::EndTold { incident, .. }
        | Event::ReviewAsked { incident, .. }
        | Event::ReviewPublished { incident, .. }
        | Event::NoteAdded { incident, .. } => vec![WhyId::Incident(*incident)],
        Event::CallsBundled { page, .. } | Event::LoadReached { page, .. } => {
            vec![WhyId::Page(*page)]
        }
        Event::TakenOver { incident, page, .. } => {
            vec![WhyId::Incident(*incident), WhyId::Page(*page)]
        }
        Event::AnswerDue { notice, .. } | Event::VerificationAsked { notice, .. } => vec![WhyId::Notice(notice.notice)],
        Event::DigestDue { notices, .. } | Event::SilenceReminded { notices, .. } => {
            notices.iter().map(|it| WhyId::Notice(it.notice)).collect()
        }
        Event::CatalogueAdopted { .. }
        | Event::VerificationFailed { .. }
        | Event::ContactVerified { .. }
        | Event::ShiftExpected { .. }
        | Event::DutyConfirmed { .. }
        | Event::ReliefEnded { .. }
        | Event::ShadowBegan { .. }
        | Event::ShadowEnded { .. }
        | Event::TheirCall { .. }
        | Event::SilenceSet { .. }
        | Event::SilenceStarted { .. }
        | Event::SilenceEnded { .. }
        | Event::OverrideSet { .. }
        | Event::OverrideEnded { .. }
        | Event::RosterProposed { .. }
        | Event::MaintenancePlanned { .. }
        | Event::MaintenanceCancelled { .. }
        | Event::HeartbeatHeard { .. }
        | Event::ChangeHappened { .. }
        | Event::JournalProbed
        | Event::SyntheticSeen { .. }
        | Event::Signed { .. }
        | Event::CountsPushed { .. }
        | Event::BudgetWaived(_)
        | Event::WaiverEnded { .. }
        | Event::Exclusion(_)
        | Event::Backlog(_)
        | Event::SourceFailing { .. }
        | Event::SourceRecovered { .. }
        | Event::TokenIssued(_)
        | Event::TokenRevoked { .. }
        | Event::PasswordSet { .. }
        | Event::ContactStopped { .. }
        | Event::ContactStarted { .. } => vec![],
    }
}
