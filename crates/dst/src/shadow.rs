//! What must be true of a journal, whatever happened to the process that writes it.
//!
//! Intuition: an auditor who reads over the writer's shoulder, sees only what is on the disk, and
//! keeps own books. The auditor's state is folded from stored bytes, never taken from the writer, so
//! it is at the same time the proof that replay equals live.

mod deals;
mod duty;

use crate::journal::ORG;
use engine::{
    AlertStatus, Event, EventRecord, NewNotice, NotPagedReason, NoticeStatus, Origin, PageCause,
    Purpose, Standing, State,
};
use model::{AlertId, IncidentId, Medium, Millis, NoticeId, PageId, Pager, Severity, Timestamp};
use paging::PageStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use store::{Head, Journal as _, KeyState, MemoryJournal, Record, record_hash};
use wire::{Keyring, SealError, Stored};

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) property: &'static str,
    pub(crate) detail: String,
}

pub(crate) type Check = Result<(), Broken>;

/// Fails with `property` unless `holds`.
pub(crate) fn hold(holds: bool, property: &'static str, detail: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(Broken { property, detail: detail() }) }
}

/// Longest wait between two tries of a notice.
const RETRY_MAX: Millis = Millis::from_mins(10);

/// Longest wait of a quiet word at the limit of somebody's load: a shift of the longest rota here, and one
/// that its changes of clocks make longer.
const HELD_MAX: Millis = Millis::from_days(15);

/// The auditor's books.
#[derive(Debug, Default)]
pub(crate) struct Shadow {
    pub(crate) state: State,
    pub(crate) head: Head,
    /// Notices that are to be sent, and from when on.
    pub(crate) due: BTreeMap<NoticeId, Timestamp>,
    /// Notices that were reported as sent.
    pub(crate) sent: BTreeSet<NoticeId>,
    /// Every paging alert, and whether it has called somebody or said why not.
    covered: BTreeMap<AlertId, bool>,
    notices: BTreeMap<NoticeId, PageId>,
    steps: BTreeMap<PageId, Step>,
    /// Pages that call people, and when their next step is due.
    calling: BTreeMap<PageId, Timestamp>,
    /// Notices that stand in a list.
    listed: BTreeSet<NoticeId>,
    deals: deals::Deals,
    duty: duty::Duty,
    alerts: BTreeSet<AlertId>,
    incidents: BTreeSet<IncidentId>,
    digest_day: i64,
    /// The last records, for comparing them with what was answered.
    recent: BTreeMap<u64, EventRecord>,
}

/// The last step of a page.
#[derive(Debug)]
struct Step {
    attempt: u32,
    deadline: Timestamp,
    notices: Vec<NoticeId>,
}

/// How many records are remembered.
const RECENT_MAX: usize = 2_000;

impl Shadow {
    /// Reads everything new on `disk`. Returns the new records.
    pub(crate) fn read(
        &mut self,
        disk: &mut MemoryJournal,
        watch: fn(&EventRecord),
    ) -> Result<Vec<EventRecord>, Broken> {
        let never_fails = "memory does not fail";
        let head = disk.head().expect(never_fails);
        hold(head.seq >= self.head.seq, "what is durable stays", || {
            format!("the journal ended at {} and ends at {} now", self.head.seq, head.seq)
        })?;
        if head.seq == self.head.seq {
            hold(head.hash == self.head.hash, "what is durable stays", || {
                format!("record {} is another one now", head.seq)
            })?;
            return Ok(vec![]);
        }
        let mut fresh = vec![];
        for record in disk.read(self.head.seq, usize::MAX).expect(never_fails) {
            let hash = record_hash(ORG, &self.head.hash, record.seq, record.epoch.0, &record.new);
            hold(hash == record.hash, "the chain of hashes is whole", || {
                format!("record {} does not follow", record.seq)
            })?;
            self.head = Head { seq: record.seq, hash };
            let record = decoded(disk, &record)?;
            watch(&record);
            self.fold(&record)?;
            fresh.push(record);
        }
        Ok(fresh)
    }

    /// The record at `seq`, if it is on `disk`.
    pub(crate) fn record(
        &self,
        disk: &mut MemoryJournal,
        seq: u64,
    ) -> Result<Option<EventRecord>, Broken> {
        if let Some(record) = self.recent.get(&seq) {
            return Ok(Some(record.clone()));
        }
        let records = disk.read(seq.saturating_sub(1), 1).expect("memory does not fail");
        records.first().map(|it| decoded(disk, it)).transpose()
    }

    /// Forgets the texts of people whose keys are gone.
    pub(crate) fn erase(&mut self, disk: &mut MemoryJournal) {
        let keys = &mut Keys(disk);
        let random = &mut crate::dice::Dice::new(1);
        let sealed = wire::seal_state(&self.state, keys, random).expect("memory does not fail");
        let opened = wire::open_state(&sealed, keys).expect("memory does not fail");
        self.state = opened.expect("what was just sealed opens");
        self.recent.clear();
    }

    /// Alerts that have neither called anybody nor said why not.
    pub(crate) fn uncovered(&self) -> Option<AlertId> {
        self.covered.iter().find(|(_, covered)| !**covered).map(|(id, _)| *id)
    }

    fn fold(&mut self, record: &EventRecord) -> Check {
        hold(record.at >= self.state.at, "time never goes backwards", || {
            format!("record {} is at {}, before {}", record.seq, record.at, self.state.at)
        })?;
        self.before(record)?;
        self.before_duty(record)?;
        let state = &mut self.state;
        catch_unwind(AssertUnwindSafe(|| state.apply(record))).map_err(|_| Broken {
            property: "every record follows from those before it",
            detail: format!("{record:?}"),
        })?;
        self.after(record)?;
        self.recent.insert(record.seq, record.clone());
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_first();
        }
        Ok(())
    }

    /// What must hold between a record and the state before it.
    fn before(&mut self, record: &EventRecord) -> Check {
        let unique = "numbers are given once";
        match &record.event {
            Event::AlertFired { alert, .. } => {
                hold(self.alerts.insert(*alert), unique, || alert.to_string())
            }
            Event::IncidentOpened { incident, .. } => {
                hold(self.incidents.insert(*incident), unique, || incident.to_string())
            }
            Event::PageOpened { page, .. } => {
                hold(!self.state.pages.contains_key(page), unique, || page.to_string())
            }
            Event::NotPaged { alert, reason: NotPagedReason::AlreadyPaging { page } } => {
                // Woken by this alert, it may have come to its end at once: everybody was called before.
                let calls = |it: &paging::Page| {
                    it.is_calling()
                        || matches!(it.status, PageStatus::Exhausted { at } if at == record.at)
                };
                let calling = self.state.pages.get(page).is_some_and(calls);
                hold(calling, "a reason for not calling is true", || {
                    format!("{alert} said that {page} calls already")
                })
            }
            Event::NotPaged { alert, reason: NotPagedReason::Silenced { silence } } => {
                let hides = self.state.silenced_by(&self.state.alerts[alert]);
                hold(
                    hides.into_iter().any(|it| it == *silence),
                    "a reason for not calling is true",
                    || format!("{alert} said that {silence} hides it"),
                )
            }
            Event::SilenceStarted { silence } => {
                let due =
                    self.state.silences.get(silence).is_some_and(|it| it.starts_at <= record.at);
                hold(due, "no silence begins early", || silence.to_string())
            }
            Event::SilenceEnded { silence, by: None } => {
                let due =
                    self.state.silences.get(silence).is_some_and(|it| it.ends_at <= record.at);
                hold(due, "no silence ends early", || silence.to_string())
            }
            Event::PageNotified { page, attempt, cause, left_out, .. } => {
                let incident = self.state.pages.get(page).map(|it| it.incident);
                let quiet = incident.is_some_and(|it| self.state.is_quiet(it));
                let wanted = self.deals.is_wanted(*page);
                hold(!quiet || wanted, "nobody is called in silence", || {
                    format!("{page} calls ({cause:?})")
                })?;
                let left_out = left_out.iter().map(|it| it.attempt).collect();
                self.step_is_due(record, *page, *attempt, cause, &left_out)
            }
            Event::PageExhausted { page, .. } => {
                let step = self.steps.get(page);
                let passed = step.is_some_and(|it| record.at >= it.deadline);
                let undeliverable = step.is_some_and(|it| self.none_arrived(it));
                hold(passed || undeliverable, "no step is cut short", || {
                    format!("{page} was exhausted at {} though its step {step:?}", record.at)
                })
            }
            Event::NoticeSent { notice, .. } if self.listed.contains(notice) => {
                let status = self.state.notices.get(notice).map(|it| &it.status);
                let list = match status {
                    Some(NoticeStatus::Bundled { into }) => self.sent.contains(into),
                    _ => false,
                };
                hold(list, "what is called sent was sent", || {
                    format!("{notice} stands in no list that was sent: {status:?}")
                })
            }
            Event::DigestDue { day, .. } => {
                let new = *day > self.digest_day;
                self.digest_day = *day;
                hold(new, "one daily mail a day", || format!("day {day} twice"))
            }
            _ => self.before_dealing(record),
        }
    }

    fn step_is_due(
        &self,
        record: &EventRecord,
        page: PageId,
        attempt: u32,
        cause: &PageCause,
        left_out: &BTreeSet<u32>,
    ) -> Check {
        let step = self.steps.get(&page);
        let expected = step.map_or(0, |it| it.attempt + 1);
        let told = (expected..attempt).all(|it| left_out.contains(&it));
        hold(attempt >= expected && told, "steps follow each other", || {
            format!("{page} went to step {attempt} instead of {expected}, leaving out {left_out:?}")
        })?;
        let due = match (cause, step) {
            (PageCause::Woken | PageCause::Returned | PageCause::GivenBack, _) => {
                self.is_woken(page)
            }
            (PageCause::Opened, None) | (PageCause::AskedFor { .. }, Some(_)) => true,
            (PageCause::NobodyAnswered, Some(step)) => record.at >= step.deadline,
            (PageCause::Undeliverable, Some(step)) => self.all_failed(step),
            (PageCause::NoEvidence, Some(step)) => self.none_arrived(step),
            _ => false,
        };
        hold(due, "no step is cut short", || {
            format!("{page} went to step {attempt} at {} ({cause:?}) after {step:?}", record.at)
        })
    }

    fn all_failed(&self, step: &Step) -> bool {
        let failed = |it: &NoticeId| {
            let status = self.state.notices.get(it).map(|it| &it.status);
            matches!(status, Some(NoticeStatus::Failed { .. }) | None)
        };
        step.notices.iter().all(failed)
    }

    /// Whether nothing of a step arrived, and nothing but mails may still lie somewhere unread.
    fn none_arrived(&self, step: &Step) -> bool {
        step.notices.iter().all(|it| {
            let Some(notice) = self.state.notices.get(it) else { return true };
            match notice.standing() {
                Standing::Failed | Standing::Cancelled => true,
                Standing::Taken => notice.medium == Medium::Email,
                Standing::Waiting | Standing::Arrived => false,
            }
        })
    }

    /// What must hold of the state after a record; keeps the books.
    fn after(&mut self, record: &EventRecord) -> Check {
        match &record.event {
            Event::AlertFired { alert, severity: Severity::Page, .. } => {
                self.covered.insert(*alert, false);
            }
            Event::AlertUnsilenced { alert, .. } => {
                let incident = self.state.alerts[alert].incident;
                let taken = incident.and_then(|it| self.state.incidents.get(&it));
                let taken =
                    taken.is_some_and(|it| !it.is_open() || self.state.holder(it.id).is_some());
                self.covered.insert(*alert, taken);
            }
            Event::NotPaged { alert, .. } | Event::PageOpened { alert, .. } => {
                self.covered.insert(*alert, true);
            }
            Event::PageNotified { page, attempt, notices, deadline, .. } => {
                let ids: Vec<NoticeId> = notices.iter().map(|it| it.notice).collect();
                for id in &ids {
                    let new = self.notices.insert(*id, *page).is_none();
                    hold(new, "numbers are given once", || id.to_string())?;
                }
                self.expect(notices);
                let step = Step { attempt: *attempt, deadline: *deadline, notices: ids };
                self.steps.insert(*page, step);
                self.calling.insert(*page, *deadline);
            }
            Event::CallsBundled { carriers, notices, .. } => {
                for (notice, _) in notices {
                    self.due.remove(notice);
                    self.listed.insert(*notice);
                }
                self.expect(carriers);
            }
            Event::IncidentUpdated { notices, held, .. } => {
                self.expect(notices);
                // What was to be told before, and is told by this one.
                self.forget_cancelled();
                for (notice, until) in held {
                    let wait = until.since(record.at);
                    hold(wait <= HELD_MAX, "no word waits for long", || {
                        format!("{notice} waits {wait}")
                    })?;
                }
            }
            Event::IncidentResolved { .. } | Event::IncidentMerged { .. } => {
                self.forget_cancelled();
            }
            Event::LoadReached { notices, .. } | Event::EndTold { notices, .. } => {
                self.expect(notices);
            }
            Event::DigestDue { notices, .. } => {
                self.due.extend(notices.iter().map(|it| (it.notice, record.at)));
                // A mail of the day before yesterday is not worth sending.
                let state = &self.state;
                self.due.retain(|id, _| state.notices.contains_key(id));
            }
            Event::NoticeSent { notice, .. } => {
                self.due.remove(notice);
                if !self.listed.contains(notice) {
                    self.sent.insert(*notice);
                }
            }
            Event::NoticeFailed { notice, retry_at: None, .. } => {
                self.due.remove(notice);
            }
            Event::NoticeFailed { notice, retry_at: Some(at), .. } => {
                let wait = at.since(record.at);
                hold(
                    wait > Millis::ZERO && wait <= RETRY_MAX,
                    "what failed is tried again",
                    || format!("{notice} waits {wait}"),
                )?;
                self.due.insert(*notice, *at);
            }
            Event::PageExhausted { page, .. } => {
                self.calling.remove(page);
            }
            Event::PageAcknowledged { page, .. } | Event::PageEnded { page, .. } => {
                self.calling.remove(page);
                let (notices, page) = (&self.notices, *page);
                self.due.retain(|id, _| notices.get(id) != Some(&page));
                // A list of nothing is not sent.
                self.forget_cancelled();
            }
            _ => self.after_reaching(record)?,
        }
        self.nobody_is_lost(record)?;
        self.after_dealing(record)?;
        self.after_duty(record);
        Ok(())
    }

    /// The same of what is about reaching people.
    fn after_reaching(&mut self, record: &EventRecord) -> Check {
        match &record.event {
            Event::PageNotifiedAlso { page, notices, again, .. } => {
                let open = self.state.pages.get(page);
                let open = open.is_some_and(paging::Page::can_be_acknowledged);
                hold(open, "nobody is called after the end", || format!("{page} calls more"))?;
                for it in notices {
                    let new = self.notices.insert(it.notice, *page).is_none();
                    hold(new, "numbers are given once", || it.notice.to_string())?;
                    if let Some(step) = self.steps.get_mut(page) {
                        step.notices.push(it.notice);
                    }
                }
                for id in again {
                    let unsent = !self.sent.contains(id);
                    hold(unsent, "what was sent is not sent again", || id.to_string())?;
                    self.due.insert(*id, record.at);
                    // It goes out by itself this time, unless it is listed anew.
                    self.listed.remove(id);
                }
                self.expect(notices);
            }
            Event::NoticeDelivered { notice, .. } | Event::NoticeCovered { notice, .. } => {
                self.due.remove(notice);
                // What stands in a list arrived with it.
                if !self.listed.contains(notice) {
                    self.sent.insert(*notice);
                }
            }
            Event::ContactsTested { notices, .. }
            | Event::DutyAsked { notices, .. }
            | Event::DutyReminded { notices, .. }
            | Event::DutyUnconfirmed { notices, .. }
            | Event::SwapAsked(engine::SwapAsked { notices, .. })
            | Event::SwapAnswered(engine::SwapAnswered { notices, .. })
            | Event::RosterAnswered(engine::RosterAnswered { notices, .. })
            | Event::DutyThin(engine::DutyThin { notices, .. }) => {
                let due_at = |it: &engine::NewNotice| it.due_at.unwrap_or(record.at);
                self.due.extend(notices.iter().map(|it| (it.notice, due_at(it))));
                let state = &self.state;
                self.due.retain(|id, _| state.notices.contains_key(id));
            }
            Event::InterruptionNoted(noted) => {
                let due_at = |it: &engine::NewNotice| it.due_at.unwrap_or(record.at);
                self.due.extend(noted.notices.iter().map(|it| (it.notice, due_at(it))));
            }
            Event::Promise(promise) => {
                let due_at = |it: &engine::NewNotice| it.due_at.unwrap_or(record.at);
                self.due.extend(promise.notices().iter().map(|it| (it.notice, due_at(it))));
            }
            Event::Handover(handover) => {
                let due_at = |it: &engine::NewNotice| it.due_at.unwrap_or(record.at);
                self.due.extend(handover.notices().iter().map(|it| (it.notice, due_at(it))));
                // Some are not wanted any more once it is published, read or passed.
                let state = &self.state;
                self.due.retain(|id, _| {
                    let status = state.notices.get(id).map(|it| &it.status);
                    matches!(status, Some(engine::NoticeStatus::Due { .. }))
                });
            }
            Event::VerificationAsked { notice, .. } => {
                self.due.insert(notice.notice, record.at);
            }
            // When shadow mode begins nothing leaves here any more.
            Event::DutyConfirmed { .. } | Event::ShadowBegan { .. } => {
                let state = &self.state;
                self.due.retain(|id, _| {
                    let status = state.notices.get(id).map(|it| &it.status);
                    matches!(status, Some(engine::NoticeStatus::Due { .. }))
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// New notices are due when the state says so; in shadow mode they never are.
    fn expect(&mut self, notices: &[NewNotice]) {
        for it in notices {
            if let Some(NoticeStatus::Due { at }) =
                self.state.notices.get(&it.notice).map(|it| &it.status)
            {
                self.due.insert(it.notice, *at);
            }
        }
    }

    /// What must hold once a command has run to its end.
    pub(crate) fn at_rest(&self, fresh: &[EventRecord]) -> Check {
        let calls = self.state.load.calls_peak();
        let bounded = calls <= u32::from(Pager::CALLS_PER_10MIN) || self.deals.is_anyway();
        hold(bounded, "nobody is called too often", || {
            format!("somebody got {calls} calls within ten minutes")
        })?;
        if let Some(alert) = self.uncovered() {
            let detail = format!("{alert} is accepted, and there is neither page nor reason");
            return Err(Broken { property: "every alert calls somebody or says why not", detail });
        }
        self.somebody_answers()?;
        self.duty_at_rest()?;
        for alert in self.state.firing.values() {
            let Some(NotPagedReason::Silenced { silence }) = self.state.alerts[alert].not_paged
            else {
                continue;
            };
            let holds = self.state.silences.get(&silence).is_some_and(engine::Silence::is_active);
            hold(holds, "what a silence hid is heard when it ends", || {
                format!("{alert} is hidden by {silence}, which is over")
            })?;
        }
        for record in fresh {
            if let Event::IncidentResolved { incident, .. } = &record.event
                && let Some(it) = self.state.incidents.get(incident)
            {
                let asked = it.pages.is_empty() || it.review != incident::Review::NotAsked;
                hold(asked, "whoever was called is asked what was learned", || {
                    format!("{incident} ended without a review")
                })?;
                let over = it.pages.iter().all(|page| {
                    self.state.pages.get(page).is_none_or(|it| !it.can_be_acknowledged())
                });
                hold(over, "nobody is called after the end", || {
                    format!("{incident} ended, but not its pages")
                })?;
            }
        }
        Ok(())
    }

    /// Whether a send of `notice` may start.
    pub(crate) fn may_send(&self, id: NoticeId) -> Check {
        let detail = |why: &str| format!("a send of {id} started though {why}");
        hold(!self.sent.contains(&id), "what was sent is not sent again", || {
            detail("it is reported as sent")
        })?;
        if let Some(check) = self.may_send_aside(id).or_else(|| self.may_send_handover(id)) {
            return check;
        }
        if let Some(Purpose::Update { incident }) =
            self.state.notices.get(&id).map(|it| &it.purpose)
        {
            let open = self.state.incidents.get(incident).is_some_and(incident::Incident::is_open);
            return hold(open, "nobody hears news of what is over", || {
                detail(&format!("{incident} is over"))
            });
        }
        if let Some(parts) = self.state.load.bundles.get(&id) {
            let open = |it: &NoticeId| {
                if let Some(check) = self.may_send_aside(*it) {
                    return check.is_ok();
                }
                let page = self.notices.get(it).and_then(|it| self.state.pages.get(it));
                page.is_some_and(paging::Page::can_be_acknowledged)
            };
            return hold(parts.iter().any(open), "nobody is called after the end", || {
                detail("nothing in it is open")
            });
        }
        let Some(page) = self.notices.get(&id).and_then(|it| self.state.pages.get(it)) else {
            return Ok(());
        };
        let shadowed = self.is_shadowed(page.incident);
        hold(!shadowed, "another pager calls", || detail("its team is in shadow mode"))?;
        let open = page.can_be_acknowledged();
        hold(open, "nobody is called after the end", || detail(&format!("it is {:?}", page.status)))
    }

    /// What must hold once faults have healed, senders have gone quiet and days have passed.
    pub(crate) fn at_peace(&self, now: Timestamp) -> Check {
        for (id, page) in &self.state.pages {
            hold(!page.is_calling(), "every page comes to rest", || {
                format!("{id} is {:?}", page.status)
            })?;
        }
        // A word that waits for the end of a shift waits in peace.
        if let Some((id, at)) = self.due.iter().find(|(_, at)| **at <= now) {
            let detail = format!("{id} has been due since {at}");
            return Err(Broken { property: "every notice is sent or given up", detail });
        }
        for (id, alert) in self.state.alerts_firing() {
            // These two wait for people.
            let waits =
                matches!(alert.origin, Origin::Person { .. }) || alert.status == AlertStatus::Stale;
            hold(waits, "what is over ends", || format!("{id} still fires: {}", alert.key))?;
        }
        for (id, incident) in self.state.incidents_open() {
            let pages: Vec<&PageStatus> = incident
                .pages
                .iter()
                .filter_map(|it| Some(&self.state.pages.get(it)?.status))
                .collect();
            // What another page went on for is over; of the rest each has reached somebody.
            let over = |it: &&&PageStatus| matches!(it, PageStatus::Ended { .. });
            let reached = |it: &&PageStatus| {
                matches!(it, PageStatus::Acknowledged { .. } | PageStatus::Exhausted { .. })
            };
            let mut open = pages.iter().filter(|it| !over(it)).copied();
            let right =
                pages.is_empty() || (pages.iter().any(reached) && open.all(|it| reached(&it)));
            hold(right, "an open incident has reached somebody", || {
                format!("{id} has pages that are {pages:?}")
            })?;
        }
        Ok(())
    }

    /// Which page must move next, and when.
    pub(crate) fn page_due(&self) -> Option<(Timestamp, PageId)> {
        let calling = self.calling.iter().map(|(page, at)| (*at, *page)).min();
        calling.into_iter().chain(self.deal_due()).min()
    }
}

fn decoded(disk: &mut MemoryJournal, record: &Record) -> Result<EventRecord, Broken> {
    let slots = record.new.slots.iter().map(|it| wire::Slot {
        subject: it.subject.clone(),
        nonce: it.nonce.clone(),
        sealed: it.sealed.clone(),
    });
    let stored = Stored {
        at: record.new.at,
        kind: record.new.kind.clone(),
        body: record.new.body.clone(),
        slots: slots.collect(),
    };
    wire::decode(record.seq, &stored, &mut Keys(disk))
        .map_err(|it| Broken { property: "every record can be read", detail: it.to_string() })
}

/// The keys on the disk; reading makes none.
struct Keys<'a>(&'a mut MemoryJournal);

impl Keyring for Keys<'_> {
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError> {
        match self.0.key(subject).expect("memory does not fail") {
            KeyState::Present(key) => Ok(Some(key)),
            KeyState::Missing | KeyState::Destroyed => Ok(None),
        }
    }
}
