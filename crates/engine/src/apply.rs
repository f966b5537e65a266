//! Folding an event into the state. Never fails: events are facts.

use crate::access::{Token, TokenKind};
use crate::due::digest_day;
use crate::event::{BudgetWaiver, Event, EventRecord, NewNotice, Origin, TokenIssued};
use crate::state::{
    Alert, AlertStatus, Limits, Notice, NoticeStatus, Purpose, Recipient, Signature, SourceHealth,
    State,
};
use crate::watching::{self, SYNTHETIC_GROUP};
use crate::{
    NotPagedReason, Password, ResolveReason, deal, duty, ended, late, load, merge, reach, receipt,
    shadow, silence, steer, storm, thin,
};
use incident::{Incident, Review};
use model::{AlertId, IncidentId, NoticeId, PageId, PersonId, Timestamp};
use paging::Page;
use std::sync::Arc;

impl State {
    /// Folds in the next event of the journal.
    #[expect(clippy::too_many_lines, reason = "a table of events")]
    pub fn apply(&mut self, record: &EventRecord) {
        assert_eq!(record.seq, self.seq + 1, "events are folded in order, without gaps");
        assert!(record.at >= self.at, "time never goes backwards in a journal");
        self.seq = record.seq;
        self.at = record.at;
        self.remember_key(record);
        match &record.event {
            Event::CatalogueAdopted { .. }
            | Event::SourceFailing { .. }
            | Event::SourceRecovered { .. }
            | Event::Signed { .. }
            | Event::CountsPushed { .. }
            | Event::BudgetWaived(_)
            | Event::WaiverEnded { .. }
            | Event::Exclusion(_)
            | Event::Backlog(_) => self.apply_promise(record),
            Event::HeartbeatHeard { .. }
            | Event::ChangeHappened { .. }
            | Event::JournalProbed
            | Event::SyntheticSeen { .. }
            | Event::MaintenancePlanned { .. }
            | Event::MaintenanceCancelled { .. } => watching::apply(self, record),
            Event::SilenceReminded { silence, reason, notices } => {
                silence::apply(self, record);
                self.remind(Purpose::Reminder { silence: *silence, reason: *reason }, notices);
            }
            Event::AlertFired { .. }
            | Event::AlertStale { .. }
            | Event::AlertHeardAgain { .. }
            | Event::AlertResolved { .. }
            | Event::AlertUnsilenced { .. }
            | Event::AlertUpdated { .. }
            | Event::NotPaged { .. } => self.apply_alert(record),
            Event::SilenceSet { .. }
            | Event::SilenceStarted { .. }
            | Event::SilenceEnded { .. } => silence::apply(self, record),
            Event::OverrideSet { .. }
            | Event::OverrideEnded { .. }
            | Event::SwapAsked { .. }
            | Event::SwapAnswered { .. } => crate::shifts::apply(self, record),
            Event::DutyThin { .. } => crate::ahead::apply(self, record),
            Event::InterruptionNoted(_) => crate::tribute::apply(self, record),
            Event::Handover(_) => crate::handover::apply(self, record),
            Event::RosterProposed { .. } | Event::RosterAnswered { .. } => {
                crate::roster::apply(self, record);
            }
            Event::LoadReached { .. } | Event::ReliefEnded { .. } | Event::PagedAnyway { .. } => {
                load::apply(self, record);
            }
            Event::CallsBundled { .. } | Event::IncidentUpdated { .. } => {
                storm::apply(self, record);
            }
            Event::EndTold { .. } => ended::apply(self, record),
            Event::ShadowBegan { .. } | Event::ShadowEnded { .. } | Event::TheirCall { .. } => {
                shadow::apply(self, record);
            }
            Event::IncidentOpened { .. }
            | Event::AlertJoined { .. }
            | Event::IncidentResolved { .. }
            | Event::ReviewAsked { .. }
            | Event::IncidentMerged { .. }
            | Event::ReviewPublished { .. } => self.apply_incident(record),
            Event::PageOpened { .. }
            | Event::PageNotified { .. }
            | Event::PageNotifiedAlso { .. }
            | Event::PageAcknowledged { .. }
            | Event::PageExhausted { .. }
            | Event::PageEnded { .. } => self.apply_page(record),
            Event::PageHeld { .. }
            | Event::PageWoken { .. }
            | Event::PagePartlyAcknowledged { .. }
            | Event::PageReminded { .. }
            | Event::PageRenewed { .. }
            | Event::PageReturned { .. }
            | Event::PageGivenBack(_)
            | Event::PageHanded { .. }
            | Event::PageSnoozed { .. } => {
                let page = deal::apply(self, record);
                self.trail_page(page);
            }
            Event::NoticeSent { .. }
            | Event::NoticeFailed { .. }
            | Event::NoticeDelivered { .. }
            | Event::NoticeUndelivered { .. }
            | Event::NoticeCovered { .. }
            | Event::DigestDue { .. } => self.apply_notice(record),
            Event::VerificationAsked { .. }
            | Event::VerificationFailed { .. }
            | Event::ContactVerified { .. }
            | Event::ContactsTested { .. } => reach::apply(self, record),
            Event::ShiftExpected { .. }
            | Event::DutyAsked { .. }
            | Event::DutyReminded { .. }
            | Event::DutyConfirmed { .. }
            | Event::DutyUnconfirmed { .. } => duty::apply(self, record),
            Event::NoteAdded { .. }
            | Event::EscalationAsked { .. }
            | Event::TakenOver { .. }
            | Event::ContactStopped { .. }
            | Event::ContactStarted { .. }
            | Event::AnswerDue { .. } => steer::apply(self, record),
            Event::TokenIssued(_) | Event::TokenRevoked { .. } | Event::PasswordSet { .. } => {
                self.apply_access(record);
            }
        }
    }

    fn apply_promise(&mut self, record: &EventRecord) {
        match &record.event {
            Event::CatalogueAdopted { version, hash, catalogue, .. } => {
                if self.catalogue.is_none() {
                    self.digest_day = digest_day(record.at);
                }
                self.turns.retain(|policy, turns| {
                    turns.retain(|person, _| catalogue.people.contains_key(person));
                    catalogue.escalations.contains_key(policy)
                });
                self.catalogue = Some(Arc::new((**catalogue).clone()));
                self.catalogue_version = *version;
                self.catalogue_hash.clone_from(hash);
                duty::adopted(self);
                crate::handover::adopted(self, record.at);
                watching::adopted(self);
                crate::pushed::adopted(self);
            }
            Event::CountsPushed { slo, pushes } => {
                crate::pushed::apply(self, slo, pushes, record.at);
            }
            Event::BudgetWaived(BudgetWaiver { feature, by, reason, until }) => {
                let (by, reason) = (by.clone(), reason.clone());
                let waiver = crate::Waiver { by, reason, at: record.at, until: *until };
                self.waivers.insert(feature.clone(), waiver);
            }
            Event::WaiverEnded { feature, .. } => {
                self.waivers.remove(feature);
            }
            Event::Exclusion(act) => crate::exclusion::apply(self, record.at, act),
            Event::Backlog(act) => crate::backlog::apply(self, record.at, act),
            Event::SourceFailing { source, detail } => {
                let health = SourceHealth { failing_since: record.at, detail: detail.clone() };
                self.sources_failing.insert(source.clone(), health);
            }
            Event::SourceRecovered { source } => {
                self.sources_failing.remove(source);
            }
            Event::Signed { feature, role, by, objective, window, terms } => {
                let signature = Signature {
                    by: by.clone(),
                    at: record.at,
                    objective: *objective,
                    window: *window,
                    terms: terms.clone(),
                };
                self.signatures.entry(feature.clone()).or_default().insert(*role, signature);
            }
            other => unreachable!("not about what is promised: {other:?}"),
        }
    }

    fn apply_alert(&mut self, record: &EventRecord) {
        match &record.event {
            Event::AlertFired {
                alert,
                key,
                origin,
                severity,
                feature,
                service,
                team,
                summary,
                starts_at,
                lease,
                stale_after,
                budget,
            } => {
                let it = Alert {
                    key: key.clone(),
                    origin: origin.clone(),
                    severity: *severity,
                    feature: feature.clone(),
                    service: service.clone(),
                    team: team.clone(),
                    summary: summary.clone(),
                    starts_at: *starts_at,
                    fired_at: record.at,
                    lease: *lease,
                    stale_after: *stale_after,
                    updates: 0,
                    updated_at: None,
                    status: AlertStatus::Firing,
                    incident: None,
                    not_paged: None,
                    trail: vec![],
                    budget: budget.as_deref().cloned(),
                };
                self.next.alert = self.next.alert.max(alert.0);
                self.firing.insert(key.clone(), *alert);
                self.alerts.insert(*alert, it);
                self.trail_alert(*alert);
            }
            Event::AlertStale { alert, .. } => self.set_alert(*alert, AlertStatus::Stale),
            Event::AlertHeardAgain { alert } => self.set_alert(*alert, AlertStatus::Firing),
            Event::AlertResolved { alert, reason } => {
                self.set_alert(*alert, AlertStatus::Resolved { at: record.at });
                self.load.anyway.remove(alert);
                if let Some(it) = self.alerts.get(alert) {
                    self.firing.remove(&it.key);
                    let shown_by_incident = it.incident.is_some_and(|id| {
                        self.incidents.get(&id).is_some_and(Incident::is_open)
                            || matches!(reason, ResolveReason::PersonResolved { .. })
                    });
                    if !shown_by_incident {
                        self.alerts_closed.insert(*alert);
                    }
                }
                self.forget_old_alerts();
            }
            Event::AlertUpdated { alert, summary, annotations } => {
                if let Some(it) = self.alerts.get_mut(alert) {
                    it.summary.clone_from(summary);
                    it.updates = it.updates.saturating_add(1);
                    it.updated_at = Some(record.at);
                    if let Origin::Door { annotations: kept, .. } = &mut it.origin {
                        kept.clone_from(annotations);
                    }
                }
                self.trail_alert(*alert);
            }
            Event::AlertUnsilenced { alert, .. } => {
                if let Some(it) = self.alerts.get_mut(alert) {
                    it.not_paged = None;
                }
                self.trail_alert(*alert);
            }
            Event::NotPaged { alert, reason } => {
                if let NotPagedReason::Silenced { silence } = reason {
                    silence::hid(self, *silence, *alert);
                }
                if let Some(it) = self.alerts.get_mut(alert) {
                    it.not_paged = Some(reason.clone());
                }
                self.trail_alert(*alert);
            }
            other => unreachable!("not about an alert: {other:?}"),
        }
    }

    fn apply_incident(&mut self, record: &EventRecord) {
        match &record.event {
            Event::IncidentOpened { incident, group, feature, team, title, alert } => {
                if group == SYNTHETIC_GROUP {
                    self.forget_synthetic();
                }
                let it = Incident {
                    id: *incident,
                    group: group.clone(),
                    feature: feature.clone(),
                    team: team.clone(),
                    title: title.clone(),
                    opened_at: record.at,
                    acknowledged: None,
                    resolved: None,
                    review: Review::NotAsked,
                    notes: vec![],
                    alerts: vec![],
                    pages: vec![],
                    merged_into: None,
                    trail: self.alerts.get(alert).map(|it| it.trail.clone()).unwrap_or_default(),
                };
                self.next.incident = self.next.incident.max(incident.0);
                self.incidents.insert(*incident, it);
                self.open_groups.insert(group.clone(), *incident);
                self.join(*incident, *alert);
            }
            Event::AlertJoined { incident, alert } => self.join(*incident, *alert),
            Event::IncidentResolved { incident, by } => {
                if let Some(it) = self.incidents.get_mut(incident) {
                    it.resolved = Some((record.at, by.clone()));
                    let group = it.group.clone();
                    self.open_groups.remove(&group);
                    self.merged_groups.retain(|_, survivor| survivor != incident);
                }
                storm::forget_updates(self, *incident);
                self.trail_incident(*incident);
                self.forget_old_incidents();
            }
            Event::IncidentMerged { incident, into, .. } => {
                self.trail_incident(*incident);
                self.trail_incident(*into);
                merge::apply(self, *incident, *into);
                storm::forget_updates(self, *incident);
                self.forget_old_incidents();
            }
            Event::ReviewAsked { incident, due_at } => {
                if let Some(it) = self.incidents.get_mut(incident) {
                    it.review = Review::Asked { at: record.at, due_at: *due_at };
                }
                self.trail_incident(*incident);
            }
            Event::ReviewPublished { incident, by, text } => {
                if let Some(it) = self.incidents.get_mut(incident) {
                    let (by, text) = (by.clone(), text.clone());
                    it.review = Review::Published { at: record.at, by, text };
                }
                self.trail_incident(*incident);
            }
            other => unreachable!("not about an incident: {other:?}"),
        }
    }

    fn apply_page(&mut self, record: &EventRecord) {
        let page_id = match &record.event {
            Event::PageOpened { page, incident, alert, escalation, policy, .. } => {
                let (escalation, policy) = (escalation.clone(), policy.clone());
                let it = Page::opened(*incident, *alert, escalation, policy, record.at);
                self.next.page = self.next.page.max(page.0);
                self.pages.insert(*page, it);
                if let Some(it) = self.incidents.get_mut(incident) {
                    it.pages.push(*page);
                }
                if let Some(it) = self.alerts.get_mut(alert) {
                    it.not_paged = None;
                }
                *page
            }
            Event::PageNotified {
                page,
                attempt,
                notices,
                deadline,
                duty,
                skipped,
                unconditional,
                turn,
                ..
            } => {
                let ids: Vec<NoticeId> = notices.iter().map(|it| it.notice).collect();
                if let Some(it) = self.pages.get_mut(page) {
                    it.notified(*attempt, *deadline, &ids);
                    if *unconditional {
                        it.went_unconditional(*attempt);
                    }
                    if let Some(person) = turn {
                        let turns = self.turns.entry(it.escalation.clone()).or_default();
                        turns.insert(person.clone(), record.seq);
                    }
                }
                let purpose = Purpose::Page { page: *page, attempt: *attempt };
                self.add_notices(notices, purpose, record.at);
                thin::out(self, *page);
                reach::remember_skipped(self, skipped, record.at);
                match duty {
                    Some(duty) => self.reach.shifts.insert(*page, duty.clone()),
                    None => self.reach.shifts.remove(page),
                };
                load::note_step(self, *page, *attempt, notices, record.at);
                storm::note_call(self, *page, record.at);
                shadow::note_step(self, *page, *attempt, notices, record.at);
                *page
            }
            Event::PageNotifiedAlso { page, attempt, notices, again, .. } => {
                let (page, attempt) = (*page, *attempt);
                let calls: Vec<NewNotice> =
                    notices.iter().cloned().chain(self.once_more(again)).collect();
                late::apply(self, &record.event, record.at);
                load::note_more(self, page, attempt, &calls, record.at);
                // Who was not called was not told what has joined since.
                if !calls.is_empty() {
                    storm::note_call(self, page, record.at);
                }
                shadow::note_step(self, page, attempt, notices, record.at);
                let page = &page;
                *page
            }
            Event::PageAcknowledged { page, by, via } => {
                if let Some(it) = self.pages.get_mut(page) {
                    it.acknowledged(by.clone(), record.at, via.clone());
                    self.reach.answered(by, via, record.at);
                    if let Some(incident) = self.incidents.get_mut(&it.incident) {
                        incident.acknowledged.get_or_insert((by.clone(), record.at));
                    }
                }
                self.cancel_notices(*page);
                *page
            }
            Event::PageExhausted { page, .. } => {
                if let Some(it) = self.pages.get_mut(page) {
                    it.exhausted(record.at);
                }
                *page
            }
            Event::PageEnded { page, reason } => {
                if let Some(it) = self.pages.get_mut(page) {
                    it.ended(record.at, reason.clone());
                }
                self.cancel_notices(*page);
                *page
            }
            other => unreachable!("not about a page: {other:?}"),
        };
        late::mind(self, page_id, record.at);
        self.trail_page(page_id);
    }

    fn apply_notice(&mut self, record: &EventRecord) {
        let id = match &record.event {
            Event::DigestDue { day, notices } => {
                self.notices.retain(|_, it| match it.purpose {
                    Purpose::Digest { day: old } => old + 1 >= *day,
                    _ => true,
                });
                storm::forget_old(self, record.at);
                self.digest_day = *day;
                self.add_notices(notices, Purpose::Digest { day: *day }, record.at);
                return;
            }
            Event::NoticeSent { notice, provider_id } => {
                if let Some(it) = self.notices.get_mut(notice) {
                    it.attempts += 1;
                    let provider_id = provider_id.clone();
                    it.status = NoticeStatus::Sent { at: record.at, provider_id };
                }
                receipt::expect_receipt(self, *notice, record.at);
                self.forget_unreached(*notice);
                *notice
            }
            Event::NoticeDelivered { notice, evidence, .. }
            | Event::NoticeUndelivered { notice, evidence, .. } => {
                receipt::apply(self, *notice, *evidence, record.at);
                *notice
            }
            Event::NoticeCovered { notice, by } => {
                late::apply_covered(self, *notice, *by, record.at);
                *notice
            }
            Event::NoticeFailed { notice, detail, retry_at } => {
                if let Some(it) = self.notices.get_mut(notice) {
                    it.attempts += 1;
                    it.status = match retry_at {
                        Some(at) => NoticeStatus::Due { at: *at },
                        None => NoticeStatus::Failed { at: record.at, detail: detail.clone() },
                    };
                }
                *notice
            }
            other => unreachable!("not about a notice: {other:?}"),
        };
        if let Some(page) = self.notices.get(&id).and_then(|it| it.purpose.page()) {
            late::mind(self, page, record.at);
            self.trail_page(page);
        }
    }

    /// Somebody a page could not be sent to can be sent to again.
    fn forget_unreached(&mut self, notice: NoticeId) {
        if let Some(Recipient::Person(person)) = self.notices.get(&notice).map(|it| &it.to) {
            self.reach.unreached.remove(person.as_str());
        }
    }

    fn apply_access(&mut self, record: &EventRecord) {
        match &record.event {
            Event::TokenIssued(TokenIssued { token, kind, person, label, sha256, expires_at }) => {
                self.next.token = self.next.token.max(token.0);
                self.access.tokens.retain(|_, it| it.expires_at.is_none_or(|end| record.at < end));
                let it = Token {
                    kind: *kind,
                    person: person.clone(),
                    label: label.clone(),
                    sha256: sha256.clone(),
                    issued_at: record.at,
                    expires_at: *expires_at,
                };
                self.access.tokens.insert(*token, it);
            }
            Event::TokenRevoked { token } => {
                self.access.tokens.remove(token);
            }
            Event::PasswordSet { person, hash, role } => {
                let password = Password { hash: hash.clone(), role: *role };
                self.access.passwords.insert(person.clone(), password);
                self.access.tokens.retain(|_, it| {
                    it.kind != TokenKind::Session || it.person.as_ref() != Some(person)
                });
            }
            other => unreachable!("not about access: {other:?}"),
        }
    }

    fn join(&mut self, incident: IncidentId, alert: AlertId) {
        if let Some(it) = self.alerts.get_mut(&alert) {
            it.incident = Some(incident);
        }
        if let Some(it) = self.incidents.get_mut(&incident) {
            it.alerts.push(alert);
        }
        self.trail_alert(alert);
    }

    fn set_alert(&mut self, alert: AlertId, status: AlertStatus) {
        if let Some(it) = self.alerts.get_mut(&alert) {
            it.status = status;
        }
        self.trail_alert(alert);
    }

    pub(crate) fn add_notices(&mut self, notices: &[NewNotice], purpose: Purpose, at: Timestamp) {
        let stays = self.stays(purpose);
        for new in notices {
            self.next.notice = self.next.notice.max(new.notice.0);
            let mut notice = reach::noted(new, purpose, at);
            if stays {
                notice.status = NoticeStatus::Shadowed { at };
            }
            self.notices.insert(new.notice, notice);
        }
    }

    /// Notices that are there already, as if they were new.
    pub(crate) fn once_more(&self, ids: &[NoticeId]) -> Vec<NewNotice> {
        let new = |id: &NoticeId| {
            let it = self.notices.get(id)?;
            let (to, medium, channel) = (it.to.clone(), it.medium, it.channel.clone());
            Some(NewNotice { notice: *id, to, medium, channel, due_at: None })
        };
        ids.iter().filter_map(new).collect()
    }

    /// Nothing that `unwanted` says is sent any more.
    pub(crate) fn cancel_where(&mut self, unwanted: impl Fn(&Notice) -> bool) {
        let due = |it: &Notice| matches!(it.status, NoticeStatus::Due { .. });
        let ids: Vec<NoticeId> = self
            .notices
            .iter()
            .filter(|(_, it)| due(it) && unwanted(it))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            if let Some(it) = self.notices.get_mut(&id) {
                it.status = NoticeStatus::Cancelled;
            }
        }
    }

    fn cancel_notices(&mut self, page: PageId) {
        self.cancel_notices_to(page, None);
    }

    /// Cancels what has not been sent of a page, to `person` or to everybody.
    pub(crate) fn cancel_notices_to(&mut self, page: PageId, person: Option<&PersonId>) {
        let meant = |to: &Recipient| {
            person.is_none_or(|it| matches!(to, Recipient::Person(other) if other == it))
        };
        let ids = self.pages.get(&page).map_or(&[][..], |it| &it.notices);
        if !self.reach.awaiting.is_empty() {
            let notices = &self.notices;
            let theirs =
                |id: &NoticeId| ids.contains(id) && notices.get(id).is_none_or(|it| meant(&it.to));
            self.reach.awaiting.retain(|(_, it)| !theirs(it));
        }
        for id in ids {
            let Some(it) = self.notices.get_mut(id).filter(|it| meant(&it.to)) else { continue };
            match it.status {
                NoticeStatus::Due { .. } => it.status = NoticeStatus::Cancelled,
                NoticeStatus::Bundled { into } => {
                    it.status = NoticeStatus::Cancelled;
                    storm::left(&self.load, &mut self.notices, into);
                }
                _ => {}
            }
        }
    }

    pub(crate) fn trail_alert(&mut self, alert: AlertId) {
        let Some(it) = self.alerts.get_mut(&alert) else { return };
        push_trail(&mut it.trail, self.seq);
        if let Some(incident) = it.incident {
            self.trail_incident(incident);
        }
    }

    pub(crate) fn trail_page(&mut self, page: PageId) {
        if let Some(incident) = self.pages.get(&page).map(|it| it.incident) {
            self.trail_incident(incident);
        }
    }

    pub(crate) fn trail_incident(&mut self, incident: IncidentId) {
        if let Some(it) = self.incidents.get_mut(&incident) {
            push_trail(&mut it.trail, self.seq);
        }
    }

    fn remind(&mut self, purpose: Purpose, notices: &[NewNotice]) {
        self.forget_reminders();
        self.add_notices(notices, purpose, self.at);
    }

    /// Reminders that were sent or given up leave memory when the next one comes; a few stay to be seen.
    fn forget_reminders(&mut self) {
        const KEPT: usize = 50;
        let over: Vec<NoticeId> = self
            .notices
            .iter()
            .filter(|(_, it)| matches!(it.purpose, Purpose::Reminder { .. }))
            .filter(|(_, it)| !matches!(it.status, NoticeStatus::Due { .. }))
            .map(|(id, _)| *id)
            .collect();
        for id in over.iter().take(over.len().saturating_sub(KEPT)) {
            self.notices.remove(id);
        }
    }

    fn remember_key(&mut self, record: &EventRecord) {
        let Some(key) = &record.key else { return };
        if !self.keys.contains_key(key) {
            self.keys.insert(key.clone(), record.seq);
            self.keys_by_seq.insert(record.seq, key.clone());
        }
        while self.keys.len() > Limits::KEYS_MAX {
            let (_, oldest) = self.keys_by_seq.pop_first().expect("one position per key");
            self.keys.remove(&oldest);
        }
    }

    /// Closed incidents leave memory for the archive, the reviewed ones first.
    fn forget_old_incidents(&mut self) {
        let closed_count = self.incidents.len() - self.open_groups.len();
        if closed_count <= Limits::INCIDENTS_CLOSED_MAX {
            return;
        }
        let closed = || self.incidents.values().filter(|it| !it.is_open());
        let oldest = closed().find(|it| !it.awaits_review()).or_else(|| closed().next());
        if let Some(incident) = oldest.map(|it| it.id) {
            self.forget_incident(incident);
        }
    }

    /// Synthetic pages are no incidents of anybody's: none but the last stays in memory.
    fn forget_synthetic(&mut self) {
        let over = |it: &&Incident| it.group == SYNTHETIC_GROUP && !it.is_open();
        let gone: Vec<IncidentId> = self.incidents.values().filter(over).map(|it| it.id).collect();
        for id in gone {
            self.forget_incident(id);
        }
    }

    fn forget_incident(&mut self, id: IncidentId) {
        let Some(incident) = self.incidents.remove(&id) else { return };
        for page in &incident.pages {
            for notice in self.pages.remove(page).map(|it| it.notices).unwrap_or_default() {
                self.notices.remove(&notice);
            }
        }
        for alert in &incident.alerts {
            let fires = self.alerts.get(alert).is_some_and(|it| self.firing.contains_key(&it.key));
            if !fires {
                self.alerts.remove(alert);
                self.alerts_closed.remove(alert);
            }
        }
    }

    fn forget_old_alerts(&mut self) {
        while self.alerts_closed.len() > Limits::ALERTS_CLOSED_MAX {
            let oldest = self.alerts_closed.pop_first().expect("more than the limit");
            self.alerts.remove(&oldest);
        }
    }
}

/// The beginning of a story matters most: when a trail is full, later repetition is left to the
/// journal, which has everything.
fn push_trail(trail: &mut Vec<u64>, seq: u64) {
    if trail.len() < Limits::TRAIL_MAX && trail.last() != Some(&seq) {
        trail.push(seq);
    }
}
