//! The simulated world: a queue of happenings, a server that dies and comes back, and a true time
//! that no machine's clock shows exactly.
//!
//! Everything goes through [`World::turn`]: it asks the server, lets the auditor read the disk, and
//! compares what was answered with what is there.

use crate::bug::Bug;
use crate::dice::Dice;
use crate::journal::{Fault, FaultyJournal, ORG};
use crate::outside::{Asker, Outside};
use crate::report::Report;
use crate::shadow::{Broken, Check, Shadow, hold};
use driver::{Accepted, Core, End, Options, Planted, SubmitError};
use engine::{Event, EventRecord, NoticeStatus, ResolveReason, State, Submission};
use model::{Millis, NoticeId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use store::StoreError;

/// Monday 5 January 2026, midnight UTC: simulations cross both changes of clocks.
pub(crate) const START: Timestamp = Timestamp(1_767_571_200_000);

/// The length of a day.
pub(crate) const DAY: Millis = Millis::from_days(1);

/// How long the writer's lease holds here. Long, so that renewals are few.
pub(crate) const LEASE: Millis = Millis::from_hours(1);

/// How long a notice may be due, in true time, before somebody must have tried it.
const OUTBOX_LATE: Millis = Millis::from_mins(15);

/// How many things may happen at one instant.
const SPINS_MAX: u32 = 10_000;

/// How many turns pass between comparisons of whole states.
const COMPARE_EVERY: u64 = 40;

/// Something that is going to happen.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A day begins.
    Day,
    /// Something outside the server.
    Outside(crate::outside::Move),
    /// A send comes to its end.
    Sent { notice: NoticeId, life: u64 },
    /// The worker starts a send it decided on earlier: only with a bug.
    LateSend { notice: NoticeId },
    /// The worker looks at the outbox though nothing happened.
    Look,
    /// The process dies.
    Crash,
    /// The process is asked to end.
    Stop,
    /// The process starts.
    Start,
    /// The process stands still.
    Freeze,
    /// Another process takes over.
    TakeOver,
    /// The one that stood still goes on.
    Thaw,
    /// Somebody sets the clock of the machine.
    SetClock,
    /// The disk is full, or not any more.
    Disk { full: bool },
}

/// Where the server is.
#[derive(Debug)]
pub(crate) enum Server {
    Up(Box<Core<FaultyJournal>>),
    Down,
    Frozen(Box<Core<FaultyJournal>>),
}

/// A request and who wants to know.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) submission: Submission,
    pub(crate) asker: Asker,
}

/// What an asker hears.
#[derive(Debug)]
pub(crate) enum Reply {
    Done(Accepted),
    Refused,
    /// Nothing, or that it should ask again. It may have happened.
    Lost,
}

/// Everything.
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) bug: Option<Bug>,
    /// True time.
    pub(crate) now: Timestamp,
    /// What the machine's clock shows beyond true time.
    pub(crate) offset: Millis,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    queued: u64,
    spins: u32,
    pub(crate) journal: FaultyJournal,
    pub(crate) server: Server,
    zombie: Option<Box<Core<FaultyJournal>>>,
    /// How many processes there have been.
    pub(crate) life: u64,
    /// When the present one opened the journal, in the journal's time.
    pub(crate) opened_at: Timestamp,
    disk_full: bool,
    pub(crate) shadow: Shadow,
    pub(crate) outside: Outside,
    /// Notices that the worker has in hand.
    pub(crate) in_hand: BTreeSet<NoticeId>,
    /// What the provider has really taken, and how often.
    pub(crate) delivered: BTreeMap<NoticeId, u32>,
    /// Faults are over; everything must come to rest.
    pub(crate) healing: bool,
    next_look: Option<Timestamp>,
    /// Since when, in true time, the writer has left something undone that is due.
    overdue_since: Option<Timestamp>,
    /// The same for every notice.
    unsent_since: BTreeMap<NoticeId, Timestamp>,
    pub(crate) report: Report,
    /// Sees each record as soon as it is on the disk.
    watch: fn(&EventRecord),
}

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>, watch: fn(&EventRecord)) -> Self {
        let mut dice = Dice::new(seed);
        let outside = Outside::new(&mut dice.split());
        let mut world = Self {
            dice,
            bug,
            now: START,
            offset: Millis::ZERO,
            queue: BTreeMap::new(),
            queued: 0,
            spins: 0,
            journal: FaultyJournal::new(bug),
            server: Server::Down,
            zombie: None,
            life: 0,
            opened_at: START,
            disk_full: false,
            shadow: Shadow::default(),
            outside,
            in_hand: BTreeSet::new(),
            delivered: BTreeMap::new(),
            healing: false,
            next_look: None,
            overdue_since: None,
            unsent_since: BTreeMap::new(),
            report: Report::new(seed),
            watch,
        };
        world.later(Millis::ZERO, Happening::Start);
        world.later(Millis::ZERO, Happening::Day);
        world
    }

    /// Lives through `days`, then heals, and must come to peace.
    pub(crate) fn run(&mut self, days: u32) -> Check {
        self.until(START.plus(Millis(DAY.0 * i64::from(days))))?;
        self.heal();
        self.until(self.now.plus(Millis::from_days(3)))?;
        let up = matches!(self.server, Server::Up(_));
        hold(up, "the server comes back", || format!("{:?}", self.server))?;
        self.shadow.at_peace(self.journal_now())?;
        for notice in &self.shadow.sent {
            hold(self.delivered.contains_key(notice), "what is called sent was sent", || {
                format!("{notice} never reached the provider")
            })?;
        }
        self.compare("at the end")?;
        self.report.days = days;
        self.report.events = self.shadow.state.seq;
        self.report.calls_per_10min_max = self.shadow.state.load.calls_peak();
        self.report.digest = wire::digest(&self.shadow.state);
        Ok(())
    }

    pub(crate) fn later(&mut self, wait: Millis, happening: Happening) {
        self.at(self.now.plus(wait), happening);
    }

    pub(crate) fn at(&mut self, at: Timestamp, happening: Happening) {
        self.queued += 1;
        self.queue.insert((at.max(self.now), self.queued), happening);
    }

    /// What the machine's clock shows.
    pub(crate) fn clock(&self) -> Timestamp {
        self.now.plus(self.offset)
    }

    /// The time of the journal, while the server is up.
    pub(crate) fn journal_now(&self) -> Timestamp {
        let Server::Up(core) = &self.server else { return self.clock() };
        let pace = core.pace();
        let pace = *pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.after(self.clock()).now()
    }

    fn until(&mut self, end: Timestamp) -> Check {
        loop {
            let wake = match &self.server {
                Server::Up(core) => Some(core.wake_at().minus(self.offset).max(self.now)),
                _ => None,
            };
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let at = match (wake, next) {
                (Some(wake), Some(next)) => wake.min(next),
                (wake, next) => wake.or(next).expect("days follow each other"),
            };
            if at > end {
                self.now = end;
                return Ok(());
            }
            self.spins = if at == self.now { self.spins + 1 } else { 0 };
            hold(self.spins < SPINS_MAX, "deadlines are kept", || {
                format!("the writer wakes again and again at {at}, and does nothing")
            })?;
            self.now = at;
            if next == Some(at) {
                let (_, happening) = self.queue.pop_first().expect("there is one");
                self.happen(happening)?;
            } else {
                self.turn(vec![])?;
            }
        }
    }

    fn happen(&mut self, happening: Happening) -> Check {
        match happening {
            Happening::Day => self.plan_day(),
            Happening::Outside(it) => self.move_outside(it)?,
            Happening::Sent { notice, life } => self.send_ends(notice, life)?,
            Happening::LateSend { notice } => self.start_send(notice)?,
            Happening::Look => {
                self.next_look = None;
                self.work()?;
            }
            Happening::Crash => self.crash(),
            Happening::Stop => self.stop(),
            Happening::Start => self.start("node-a")?,
            Happening::Freeze => self.freeze(),
            Happening::TakeOver => self.take_over()?,
            Happening::Thaw => self.thaw()?,
            Happening::SetClock => self.set_clock(),
            Happening::Disk { full } => self.disk_full = full && !self.healing,
        }
        Ok(())
    }

    /// One look at the outbox is enough for all that is due until then.
    pub(crate) fn look_at(&mut self, at: Timestamp) {
        let at = at.max(self.now);
        if self.next_look.is_none_or(|it| at < it) {
            self.next_look = Some(at);
            self.at(at, Happening::Look);
        }
    }

    /// Asks the server, and checks everything that follows.
    pub(crate) fn turn(&mut self, asks: Vec<Ask>) -> Check {
        self.report.turns += 1;
        let (submissions, askers): (Vec<Submission>, Vec<Asker>) =
            asks.into_iter().map(|it| (it.submission, it.asker)).unzip();
        self.plan_fault();
        let clock = self.clock();
        let Server::Up(core) = &mut self.server else {
            return askers.into_iter().try_for_each(|it| self.hear(it, Reply::Lost));
        };
        let turn = core.turn(clock, &submissions);
        self.journal.plan(None);
        if self.journal.take_crash() {
            self.crash();
            self.audit()?;
            return askers.into_iter().try_for_each(|it| self.hear(it, Reply::Lost));
        }
        self.check_end(turn.end.as_ref())?;
        self.audit()?;
        for (asker, answer) in askers.into_iter().zip(turn.answers) {
            let reply = match answer {
                Ok(accepted) => {
                    self.check_answer(&accepted)?;
                    Reply::Done(accepted)
                }
                Err(SubmitError::Rejected(_)) => Reply::Refused,
                Err(SubmitError::Internal(problem)) => {
                    let property = "no command panics";
                    return Err(Broken { property, detail: problem });
                }
                Err(_) => Reply::Lost,
            };
            self.hear(asker, reply)?;
        }
        self.check_timers()?;
        if self.report.turns.is_multiple_of(COMPARE_EVERY) {
            self.compare("while running")?;
        }
        self.work()
    }

    fn plan_fault(&mut self) {
        let fault = match self.dice.below(1_000) {
            _ if self.healing => None,
            _ if self.disk_full => Some(Fault::Unavailable),
            0 | 1 => Some(Fault::CrashBefore),
            2 | 3 => Some(Fault::CrashAfter),
            4 | 5 => Some(Fault::Unavailable),
            6 => Some(Fault::LostBefore),
            7 => Some(Fault::LostAfter),
            _ => None,
        };
        self.journal.plan(fault);
    }

    #[expect(clippy::unused_self, reason = "one of the checks of a world")]
    fn check_end(&mut self, end: Option<&End>) -> Check {
        // The process died in an append, which is known already; nothing else may end a writer that
        // holds the lease.
        hold(end.is_none(), "a writer with the lease goes on", || format!("{end:?}"))
    }

    /// The auditor reads what is new on the disk.
    fn audit(&mut self) -> Check {
        let mut disk = self.journal.disk();
        let fresh = self.shadow.read(&mut disk, self.watch)?;
        for record in &fresh {
            self.check_lease_end(record)?;
        }
        self.shadow.at_rest(&fresh)?;
        self.follow(&fresh);
        Ok(())
    }

    /// An answer is true: each of its events is on the disk, as answered.
    fn check_answer(&mut self, accepted: &Accepted) -> Check {
        let mut disk = self.journal.disk();
        let property = "what is answered is in the journal";
        hold(accepted.seq <= self.shadow.head.seq, property, || {
            format!("{} was answered, the journal ends at {}", accepted.seq, self.shadow.head.seq)
        })?;
        for event in &accepted.events {
            let stored = self.shadow.record(&mut disk, event.seq)?;
            hold(stored.as_ref() == Some(event), property, || {
                format!("answered {event:?}, stored {stored:?}")
            })?;
        }
        Ok(())
    }

    /// No alert ends for want of being repeated while its sender repeats it, or before a restarted
    /// server has listened for a while.
    fn check_lease_end(&self, record: &EventRecord) -> Check {
        let property = "an alert that is repeated does not end";
        let Event::AlertResolved { alert, reason: ResolveReason::LeaseEnded { .. } } =
            &record.event
        else {
            return Ok(());
        };
        let Some(it) = self.shadow.state.alerts.get(alert) else { return Ok(()) };
        let Some(heard) = self.outside.last_heard(&it.key) else { return Ok(()) };
        hold(record.at >= heard.until, property, || {
            format!("{alert} ended at {} though it was believed until {}", record.at, heard.until)
        })?;
        let unheard = it.fired_at < self.opened_at && heard.at < self.opened_at;
        let listened = record.at.since(self.opened_at);
        hold(!unheard || listened >= Millis::from_mins(5), property, || {
            format!("{alert} ended {listened} after a restart")
        })
    }

    /// Nothing that is due waits, in true time: a clock that is set makes nobody late.
    fn check_timers(&mut self) -> Check {
        let now = self.journal_now();
        let Server::Up(core) = &self.server else { return Ok(()) };
        if self.disk_full {
            self.overdue_since = None;
            self.unsent_since.clear();
            return Ok(());
        }
        // By the writer's own account, and by the auditor's.
        let page = self.shadow.page_due();
        let due = core.next_due().into_iter().chain(page.map(|(at, _)| at));
        let due = due.chain(self.shadow.handover_due()).min();
        let due = due.filter(|it| *it <= now);
        self.overdue_since = due.map(|_| self.overdue_since.unwrap_or(self.now));
        if let Some((due, since)) = due.zip(self.overdue_since) {
            // After an append that failed timers rest for a second, and then it may fail again.
            let waited = self.now.since(since);
            hold(waited <= Millis::from_mins(1), "deadlines are kept", || {
                let page = page.and_then(|(_, it)| self.shadow.state.pages.get(&it));
                format!("something is due since {due}, it is {now}, and nothing happens: {page:?}")
            })?;
        }
        let unsent = self.shadow.due.iter().filter(|(_, at)| **at <= now);
        let since = |id| self.unsent_since.get(id).copied().unwrap_or(self.now);
        self.unsent_since = unsent.map(|(id, _)| (*id, since(id))).collect();
        for (notice, since) in &self.unsent_since {
            let waited = self.now.since(*since);
            hold(waited <= OUTBOX_LATE, "what is due is sent", || {
                format!("{notice} has waited for {waited}, and nobody has sent it")
            })?;
        }
        Ok(())
    }

    /// What the writer believes is what its journal says.
    pub(crate) fn compare(&self, when: &str) -> Check {
        let Server::Up(core) = &self.server else { return Ok(()) };
        // It has not heard yet that it has written; that it asks soon is a check of deadlines.
        if core.head() != self.shadow.head && core.is_in_doubt() {
            return Ok(());
        }
        let published = core.published();
        let published = published.read().unwrap_or_else(PoisonError::into_inner);
        hold(*published == self.shadow.state, "replay equals live", || {
            format!(
                "{when}, at record {}: {}",
                published.seq,
                difference(&published, &self.shadow.state)
            )
        })
    }

    fn crash(&mut self) {
        if !matches!(self.server, Server::Up(_)) {
            return;
        }
        self.report.crashes += 1;
        self.server = Server::Down;
        self.journal.lose_power();
        self.in_hand.clear();
        let wait =
            if self.dice.chance(800) { self.dice.secs(1, 60) } else { self.dice.mins(1, 40) };
        self.later(wait, Happening::Start);
    }

    fn stop(&mut self) {
        if let Some(core) = self.take_up() {
            core.close();
            self.in_hand.clear();
            let wait = self.dice.secs(1, 300);
            self.later(wait, Happening::Start);
        }
    }

    fn start(&mut self, owner: &str) -> Check {
        if !matches!(self.server, Server::Down) {
            return Ok(());
        }
        let options = Options {
            org: ORG.to_owned(),
            owner: owner.to_owned(),
            zones: oncall::Zones::bundled(),
            lease_ttl: LEASE,
        };
        let planted = self.bug.map_or_else(Planted::default, Bug::in_driver);
        let random = Box::new(self.dice.split());
        let opened =
            Core::open_planted(self.journal.clone(), options, random, self.clock(), planted);
        let core = match opened {
            Ok(core) => core,
            Err(driver::OpenError::Store(StoreError::LeaseHeld { .. })) => {
                let owner_died = self.dice.mins(5, 20);
                self.later(owner_died, Happening::Start);
                return Ok(());
            }
            Err(error) => {
                let property = "a journal can be opened again";
                return Err(Broken { property, detail: error.to_string() });
            }
        };
        self.life += 1;
        self.report.starts += 1;
        self.server = Server::Up(Box::new(core));
        self.overdue_since = None;
        self.unsent_since.clear();
        self.opened_at = self.journal_now();
        self.audit()?;
        self.compare("after a restart")?;
        let published = self.published(wire::digest);
        hold(published == wire::digest(&self.shadow.state), "replay equals live", || {
            "the digests differ".to_owned()
        })?;
        self.work()
    }

    /// The running process, if there is one; it does not run any more.
    fn take_up(&mut self) -> Option<Box<Core<FaultyJournal>>> {
        match std::mem::replace(&mut self.server, Server::Down) {
            Server::Up(core) => Some(core),
            other => {
                self.server = other;
                None
            }
        }
    }

    fn freeze(&mut self) {
        if let Some(core) = self.take_up() {
            self.server = Server::Frozen(core);
            self.in_hand.clear();
            let wait = LEASE.0 + self.dice.mins(1, 20).0;
            self.later(Millis(wait), Happening::TakeOver);
        }
    }

    fn take_over(&mut self) -> Check {
        let core = match std::mem::replace(&mut self.server, Server::Down) {
            Server::Frozen(core) => core,
            other => {
                self.server = other;
                return Ok(());
            }
        };
        let owner = format!("node-{}", self.life);
        self.start(&owner)?;
        // Unless somebody set the clock back, and the lease is not over for the other one.
        if matches!(self.server, Server::Up(_)) {
            self.zombie = Some(core);
            self.report.takeovers += 1;
            let wait = self.dice.secs(10, 600);
            self.later(wait, Happening::Thaw);
        }
        Ok(())
    }

    /// The writer that stood still believes it holds the lease.
    fn thaw(&mut self) -> Check {
        let Some(mut zombie) = self.zombie.take() else { return Ok(()) };
        let raise = self.outside.cry(&self.shadow.state);
        let batch: Vec<Submission> = raise.into_iter().collect();
        let turn = zombie.turn(self.clock(), &batch);
        for answer in turn.answers {
            let wrote = answer.is_ok_and(|it| !it.events.is_empty());
            hold(!wrote, "a writer without the lease writes nothing", || {
                "the writer that stood still was answered".to_owned()
            })?;
        }
        self.audit()
    }

    fn set_clock(&mut self) {
        self.report.clock_jumps += 1;
        self.offset = match self.dice.below(6) {
            0 => Millis::ZERO,
            1 => self.dice.secs(-5, 5),
            2 | 3 => self.dice.mins(-90, 90),
            4 => self.dice.mins(-3_000, 0),
            _ => self.dice.mins(0, 3_000),
        };
    }

    /// From now on nothing goes wrong any more.
    fn heal(&mut self) {
        self.healing = true;
        self.disk_full = false;
        self.offset = Millis::ZERO;
        self.calm_outside();
    }

    pub(crate) fn published<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        match &self.server {
            Server::Up(core) => {
                let published = core.published();
                let published = published.read().unwrap_or_else(PoisonError::into_inner);
                look(&published)
            }
            _ => look(&self.shadow.state),
        }
    }

    /// Notices the worker finds due, and when the next one will be.
    pub(crate) fn outbox(&self) -> (Vec<NoticeId>, Option<Timestamp>) {
        let now = self.journal_now();
        self.published(|state| {
            let due = state.notices_due(now).map(|(id, _)| id).collect();
            let later = state.notices.values().filter_map(|it| match it.status {
                NoticeStatus::Due { at } if at > now => Some(at),
                _ => None,
            });
            (due, later.min())
        })
    }
}

/// The first part in which two states differ.
fn difference(live: &State, replayed: &State) -> String {
    let parts: [(&str, bool); 8] = [
        ("seq", live.seq == replayed.seq),
        ("catalogue", live.catalogue == replayed.catalogue),
        ("alerts", live.alerts == replayed.alerts),
        ("incidents", live.incidents == replayed.incidents),
        ("pages", live.pages == replayed.pages),
        ("notices", live.notices == replayed.notices),
        ("access", live.access == replayed.access),
        ("keys", live.keys == replayed.keys),
    ];
    let differ: Vec<&str> = parts.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    format!("they differ in: {}", differ.join(", "))
}
