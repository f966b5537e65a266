//! The auditor's books about who is on duty, what people changed, and what is handed over.
//!
//! Intuition: the auditor has a calendar of their own. The printed rota is copied from the configuration,
//! every note that people stuck on is copied by hand, and at every call the two are held beside each other.
//!
//! Invariants:
//! - overrides are folded here a second time, by other code than the one that is audited;
//! - what is expected of a handover is computed from when it was published and from the rules, never from
//!   what the writer says that it will do.

use super::{Check, Shadow, hold};
use engine::{
    Event, EventRecord, HandoverAsk, HandoverEvent, HandoverStage, NewNotice, OverrideSet, Purpose,
    Recipient, SwapAnswer, SwapAnswered,
};
use model::{
    HandoverId, HandoverRules, Millis, NoticeId, OverrideId, PageId, PageTarget, PersonId, RotaId,
    SwapId, Timestamp,
};
use oncall::{Change, Duties, Override, Zones};
use std::collections::{BTreeMap, BTreeSet};

/// The words of what is broken.
const CALLED: &str = "whoever is on duty is called";
const SPARED: &str = "whoever is not on duty any more is not called";
const SWAPPED: &str = "a swap counts when it is accepted";
const GIVEN_BACK: &str = "a page given back calls again";
const UNREAD: &str = "a handover that nobody reads calls somebody";
const READ: &str = "a handover that was read calls nobody";
const TOLD: &str = "a handover goes to whoever is on duty";

/// What is known of duty.
#[derive(Debug)]
pub(super) struct Duty {
    pub(super) zones: Zones,
    overrides: BTreeMap<OverrideId, Override>,
    /// How swaps were answered, and how many shifts each must change.
    accepted: BTreeMap<SwapId, usize>,
    asked: BTreeMap<SwapId, usize>,
    /// Pages that must call with the next record about them.
    given_back: BTreeSet<PageId>,
    unread: BTreeMap<HandoverId, Unread>,
}

/// A handover that somebody has to read.
#[derive(Debug, Clone, Copy)]
struct Unread {
    asked: u8,
    next: Option<Timestamp>,
}

impl Default for Duty {
    fn default() -> Self {
        Self {
            zones: Zones::bundled(),
            overrides: BTreeMap::new(),
            accepted: BTreeMap::new(),
            asked: BTreeMap::new(),
            given_back: BTreeSet::new(),
            unread: BTreeMap::new(),
        }
    }
}

/// Who is on duty when `change` is made to it.
fn with(change: &Change, mut people: Vec<PersonId>) -> Vec<PersonId> {
    let (gone, new) = match change {
        Change::Add(it) => (None, Some(it)),
        Change::Remove(it) => (Some(it), None),
        Change::Replace { person, by } if people.contains(person) => (Some(person), Some(by)),
        Change::Replace { .. } => return people,
    };
    people.retain(|it| Some(it) != gone);
    if let Some(new) = new.filter(|it| !people.contains(it)) {
        people.push(new.clone());
    }
    people
}

impl Shadow {
    /// Who is on duty in `rota` at `at` by the books: as printed, and with every change.
    fn on_duty(&self, rota: &RotaId, at: Timestamp) -> Option<[BTreeSet<PersonId>; 2]> {
        let rotas = &self.state.catalogue()?.rotas;
        let none = BTreeMap::new();
        let printed = Duties { rotas, overrides: &none, zones: &self.duty.zones }.at(rota, at)?;
        let mut people = printed.people.clone();
        let holds = |it: &&Override| it.rota == *rota && it.starts <= at && at < it.ends;
        for it in self.duty.overrides.values().filter(holds) {
            people = with(&it.change, people);
        }
        Some([printed.people.into_iter().collect(), people.into_iter().collect()])
    }

    /// What must hold between a record about duty and the state before it.
    pub(super) fn before_duty(&self, record: &EventRecord) -> Check {
        match &record.event {
            Event::PageNotified { page, attempt, .. } => self.calls_duty(record, *page, *attempt),
            Event::OverrideSet(OverrideSet { swap: Some(swap), .. }) => {
                let answered = self.duty.accepted.contains_key(swap);
                hold(answered, SWAPPED, || {
                    format!("{swap} changes who is on duty, and nobody accepted it")
                })
            }
            Event::Handover(HandoverEvent::Asked { handover, ask, to, notices, .. }) => {
                self.asks(record.at, *handover, *ask, to, notices)
            }
            Event::Handover(HandoverEvent::Taken { handover }) => self.taken(record.at, *handover),
            _ => Ok(()),
        }
    }

    /// A step that names a rota calls whoever is on duty there, and not whoever was replaced.
    fn calls_duty(&self, record: &EventRecord, page: PageId, attempt: u32) -> Check {
        let Event::PageNotified { notices, skipped, left_out, .. } = &record.event else {
            return Ok(());
        };
        let Some(open) = self.state.pages.get(&page) else { return Ok(()) };
        let place = attempt.saturating_sub(open.round_start) as usize % open.policy.steps.len();
        let step = &open.policy.steps[place];
        let (mut printed, mut wanted) = (BTreeSet::new(), BTreeSet::new());
        for target in &step.page {
            let PageTarget::Rota(rota) = target else { continue };
            let Some([before, now]) = self.on_duty(rota, record.at) else { continue };
            printed.extend(before);
            wanted.extend(now);
        }
        let person = |it: &Recipient| match it {
            Recipient::Person(it) => Some(it.clone()),
            Recipient::Channel(_) => None,
        };
        let called: BTreeSet<_> = notices.iter().filter_map(|it| person(&it.to)).collect();
        let mut told: BTreeSet<_> = skipped.iter().filter_map(|it| person(&it.to)).collect();
        told.extend(left_out.iter().filter_map(|it| it.who.as_ref()).filter_map(person));
        let detail = || {
            format!(
                "{page} calls {called:?} at {}; on duty are {wanted:?}, not {printed:?}",
                record.at
            )
        };
        let named = |it: &&PersonId| called.contains(*it) || told.contains(*it);
        let all = wanted.iter().all(|it| named(&it));
        // One of several is called where they take turns.
        hold(all || step.round_robin, CALLED, detail)?;
        let only_rotas = step.page.iter().all(|it| matches!(it, PageTarget::Rota(_)));
        let reached = wanted.iter().any(|it| called.contains(it));
        if !only_rotas || !reached || self.is_limited() {
            return Ok(());
        }
        let spared = called.iter().all(|it| !printed.contains(it) || wanted.contains(it));
        hold(spared, SPARED, detail)
    }

    /// Whether somebody else may be called because somebody has had enough.
    fn is_limited(&self) -> bool {
        let Some(catalogue) = self.state.catalogue() else { return true };
        let mut teams = catalogue.teams.values().map(|it| it.load);
        let mut rotas = catalogue.rotas.values().map(|it| it.load);
        teams.any(|it| it.is_some()) || rotas.any(|it| it.is_some())
    }

    /// Whoever takes a handover is on duty by the books.
    fn taken(&self, now: Timestamp, id: HandoverId) -> Check {
        let Some(it) = self.state.handovers.list.get(&id).map(|it| &it.shifting) else {
            return Ok(());
        };
        hold(it.takes_at <= now, TOLD, || format!("{id} was taken before {}", it.takes_at))?;
        // What an older configuration said is not known any more.
        if it.takes_at < self.state.handovers.adopted_at {
            return Ok(());
        }
        let Some([_, wanted]) = self.on_duty(&it.rota, it.takes_at) else { return Ok(()) };
        let to: BTreeSet<PersonId> = it.to.iter().cloned().collect();
        hold(to == wanted, TOLD, || {
            format!("{id} is for {to:?}, and on duty at {} are {wanted:?}", it.takes_at)
        })
    }

    fn asks(
        &self,
        at: Timestamp,
        id: HandoverId,
        ask: HandoverAsk,
        to: &[PersonId],
        notices: &[NewNotice],
    ) -> Check {
        let due = self.duty.unread.get(&id).and_then(|it| it.next).is_some_and(|it| it <= at);
        hold(due, READ, || {
            format!(
                "{id} asks ({ask:?}) at {at}, and the books say {:?}",
                self.duty.unread.get(&id)
            )
        })?;
        let Some(it) = self.state.handovers.list.get(&id) else { return Ok(()) };
        let again = notices.iter().find_map(|notice| match &notice.to {
            Recipient::Person(person) if it.reads.contains_key(person) => Some(person),
            _ => None,
        });
        hold(again.is_none(), READ, || format!("{id} asks {again:?}, who has read it"))?;
        let can_be_called = |person: &PersonId| {
            let people = self.state.catalogue().map(|it| &it.people);
            let contacts = people.and_then(|it| it.get(person)).map(|it| &it.contacts);
            contacts.is_some_and(|it| it.iter().any(|it| it.address.text().is_some()))
        };
        let calls = notices.iter().any(|it| matches!(it.to, Recipient::Person(_)));
        let has_read = |person: &PersonId| it.reads.contains_key(person);
        // Whoever stays on the shift knows what it says.
        let mut receivers: Vec<PersonId> =
            to.iter().filter(|person| !it.shifting.from.contains(person)).cloned().collect();
        if receivers.is_empty() {
            receivers = to.to_vec();
        }
        receivers.retain(|it| !has_read(it));
        let wanted: Vec<PersonId> = match ask {
            HandoverAsk::Call => receivers,
            HandoverAsk::CallOthers => {
                let mut others = self.others(&it.shifting.rota, &receivers);
                others.retain(|it| !has_read(it));
                others
            }
            _ => vec![],
        };
        let nobody = !wanted.iter().any(can_be_called);
        hold(calls || nobody, UNREAD, || format!("{id} calls none of {wanted:?}"))
    }

    /// Whoever may be called instead of `to`.
    fn others(&self, rota: &RotaId, to: &[PersonId]) -> Vec<PersonId> {
        let rota = self.state.catalogue().and_then(|it| it.rotas.get(rota));
        let people = rota.into_iter().flat_map(|it| &it.layers).flat_map(|it| &it.people);
        people.filter(|it| !to.contains(it)).cloned().collect()
    }

    /// Keeps the books about duty.
    pub(super) fn after_duty(&mut self, record: &EventRecord) {
        let at = record.at;
        match &record.event {
            Event::OverrideSet(it) => {
                let OverrideSet { overriding, rota, starts, ends, change, .. } = it.clone();
                if let Some(left) = it.swap.and_then(|it| self.duty.accepted.get_mut(&it)) {
                    *left = left.saturating_sub(1);
                }
                self.duty.overrides.insert(overriding, Override { rota, starts, ends, change });
            }
            Event::OverrideEnded { overriding, .. } => {
                if let Some(it) = self.duty.overrides.get_mut(overriding) {
                    it.ends = at.min(it.ends);
                }
            }
            Event::SwapAsked(it) => {
                self.duty.asked.insert(it.swap, 1 + usize::from(it.takes.is_some()));
            }
            Event::SwapAnswered(SwapAnswered { swap, answer, .. }) => {
                let shifts = self.duty.asked.remove(swap);
                if let (SwapAnswer::Accepted, Some(shifts)) = (answer, shifts) {
                    self.duty.accepted.insert(*swap, shifts);
                }
            }
            Event::PageGivenBack(engine::GivenBack { page, .. }) if self.is_woken(*page) => {
                self.duty.given_back.insert(*page);
            }
            Event::PageNotified { page, .. }
            | Event::PageEnded { page, .. }
            | Event::PageExhausted { page, .. } => {
                self.duty.given_back.remove(page);
            }
            Event::Handover(it) => self.after_handover(it, at),
            _ => {}
        }
        let list = &self.state.handovers.list;
        let unread = |id: &HandoverId| {
            list.get(id).is_some_and(|it| matches!(it.stage, HandoverStage::Unread { .. }))
        };
        self.duty.unread.retain(|id, _| unread(id));
    }

    fn after_handover(&mut self, event: &HandoverEvent, at: Timestamp) {
        let rules = |rota: &RotaId| {
            let rota = self.state.catalogue().and_then(|it| it.rotas.get(rota));
            rota.map_or_else(HandoverRules::default, |it| it.rules.handover.clone())
        };
        let (id, unread) = match event {
            HandoverEvent::Published { handover, .. } | HandoverEvent::Moved { handover, .. } => {
                let Some(it) = self.state.handovers.list.get(handover) else { return };
                let shifting = &it.shifting;
                let over = matches!(event, HandoverEvent::Published { .. }) && shifting.until <= at;
                let from = shifting.takes_at.max(at);
                let next = (!over).then(|| from.plus(rules(&shifting.rota).nag));
                (*handover, Unread { asked: 0, next })
            }
            HandoverEvent::Asked { handover, notices, .. } => {
                let Some(it) = self.state.handovers.list.get(handover) else { return };
                let page = rules(&it.shifting.rota).page.filter(|_| !it.is_empty());
                let published = it.published.as_ref().map_or(at, |it| it.0);
                let asked = self.duty.unread.get(handover).map_or(0, |it| it.asked);
                let next = match asked {
                    0 => page
                        .map(|it_page| it.shifting.takes_at.max(published).plus(it_page).max(at)),
                    1 => {
                        Some(at.plus(page.filter(|_| !notices.is_empty()).unwrap_or(Millis::ZERO)))
                    }
                    _ => None,
                };
                (*handover, Unread { asked: asked + 1, next })
            }
            _ => return,
        };
        self.duty.unread.insert(id, unread);
    }

    /// When somebody must be asked about what nobody read.
    pub(crate) fn handover_due(&self) -> Option<Timestamp> {
        self.duty.unread.values().filter_map(|it| it.next).min()
    }

    /// What must hold of duty once a command has run to its end.
    pub(super) fn duty_at_rest(&self) -> Check {
        let left = self.duty.accepted.iter().find(|(_, left)| **left > 0);
        hold(left.is_none(), SWAPPED, || format!("{left:?} shifts of a swap have not changed"))?;
        let silent = self.duty.given_back.first();
        hold(silent.is_none(), GIVEN_BACK, || format!("{silent:?} was given back, and is silent"))
    }

    /// Whether a message about a handover may be sent; `None`: it is no such message.
    pub(super) fn may_send_handover(&self, notice: NoticeId) -> Option<Check> {
        let Some(Purpose::Handover { handover, ask }) =
            self.state.notices.get(&notice).map(|it| it.purpose)
        else {
            return None;
        };
        let stage = self.state.handovers.list.get(&handover).map(|it| it.stage);
        let wanted = match ask {
            HandoverAsk::Write => matches!(stage, Some(HandoverStage::Draft)),
            _ => matches!(stage, Some(HandoverStage::Unread { .. })),
        };
        Some(hold(wanted, READ, || {
            format!("a send of {notice} about {handover} ({stage:?}) started")
        }))
    }

    /// Who is on duty in `rota` at `at`, for those who want to change it.
    pub(crate) fn who(&self, rota: &RotaId, at: Timestamp) -> Vec<PersonId> {
        self.on_duty(rota, at).map_or(vec![], |[_, now]| now.into_iter().collect())
    }
}
