//! Everything around the server that is not on our side: users who break things, systems that send
//! alerts, people who answer or do not, operators who change their minds.
//!
//! Each keeps asking until it is answered, as its real counterpart does, and checks that what it was
//! told is so.

use crate::bug::Bug;
use crate::dice::Dice;
use crate::measured::Episode;
use crate::organisation::{changed, organisation};
use crate::shadow::{Check, hold};
use crate::world::{Ask, DAY, Happening, Reply, Server, World};
use engine::{
    Command, DeliveryOutcome, DoorAlert, DoorLife, Event, EventRecord, Role, SignRole, State,
    Submission, TokenKind,
};
use model::{
    Catalogue, FeatureId, IncidentId, Labels, Millis, NoticeId, PageId, PersonId, Severity,
    SourceId, Timestamp, TokenId,
};
use slo::ConditionState::{self, Firing, Quiet, Unmeasured};
use std::collections::BTreeMap;

/// How often a person asks again before they give up.
pub(crate) const TRIES_MAX: u32 = 30;

/// Something done outside.
#[derive(Debug, Clone)]
pub(crate) enum Move {
    /// A promise is kept or not, from now on.
    Burn { feature: FeatureId, page: ConditionState, ticket: ConditionState },
    /// A promise is really measured for a while: one minute of it.
    Measure { feature: FeatureId },
    /// A measurement is reported.
    Observe { feature: FeatureId, version: u64 },
    /// An alert starts or stops firing somewhere.
    Alert { sender: usize, fires: bool },
    /// A sender says what it knows.
    Say { sender: usize, version: u64 },
    /// A source of samples stops answering, or answers again.
    Source { source: SourceId, fails: bool },
    /// That is reported.
    TellSource { source: SourceId, version: u64 },
    /// Somebody takes a page.
    Acknowledge { page: PageId, person: PersonId, key: Option<String> },
    /// Somebody takes or closes some open incident.
    Incident { closes: bool },
    /// Somebody does something else with what is open.
    Deal,
    /// Somebody changes who is on duty, or asks for a shift.
    Duty,
    /// Whoever was asked for a swap answers.
    AnswerSwap { swap: model::SwapId },
    /// Somebody writes what they hand over.
    WriteHandover { handover: model::HandoverId },
    /// Somebody reads what was handed over.
    ReadHandover { handover: model::HandoverId },
    /// A provider says what became of a message, or what it believes.
    Receipt { notice: NoticeId, evidence: engine::ReceiptEvidence },
    /// Somebody calls for help.
    Raise,
    /// Somebody asks for silence.
    Silence,
    /// Somebody ends a silence.
    EndSilence,
    /// The team writes a review.
    Review { incident: IncidentId },
    /// Somebody does something about access or signatures.
    Paperwork,
    /// Somebody's texts are erased.
    Erase,
    /// Somebody edits the configuration.
    Change,
    /// It is loaded.
    Adopt,
    /// A request that got no answer is made again.
    Again { submission: Submission, tries: u32 },
    /// The worker reports again.
    ReportAgain { notice: NoticeId, outcome: DeliveryOutcome, tries: u32, life: u64 },
    /// What was held back for a moment goes out together.
    Flush,
}

/// Who asked.
#[derive(Debug, Clone)]
pub(crate) enum Asker {
    Observer { feature: FeatureId, version: u64 },
    Sender { sender: usize, version: u64, until: Timestamp },
    Source { source: SourceId, version: u64 },
    Person { submission: Submission, tries: u32 },
    Adopter,
    Outcome { notice: NoticeId, outcome: DeliveryOutcome, tries: u32 },
}

/// What is going on outside.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) catalogue: Catalogue,
    edits: u64,
    pub(crate) features: BTreeMap<FeatureId, Promise>,
    senders: Vec<Sender>,
    sources: BTreeMap<SourceId, Source>,
    stash: Vec<Ask>,
    assessments: BTreeMap<(String, ConditionState, ConditionState), slo::Assessment>,
    /// Promises that are really measured now, and what was measured last.
    pub(crate) episodes: BTreeMap<FeatureId, Episode>,
    pub(crate) measured: BTreeMap<FeatureId, slo::Assessment>,
    pub(crate) measuring: Dice,
}

/// How a promise stands, by what was said last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    pub(crate) page: ConditionState,
    pub(crate) ticket: ConditionState,
    pub(crate) version: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Source {
    fails: bool,
    version: u64,
}

/// A system that sends one alert.
#[derive(Debug)]
struct Sender {
    alert: DoorAlert,
    /// How long it wants to be believed; `None`: until it says otherwise.
    lease: Option<Millis>,
    every: Millis,
    fires: bool,
    version: u64,
    heard: Heard,
}

/// When a sender was last heard, in the journal's time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

impl Outside {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let catalogue = organisation(dice);
        let senders = (0..6).map(|number| sender(dice, &catalogue, number)).collect();
        let sources = catalogue.sources.keys().map(|it| (it.clone(), Source::default())).collect();
        Self {
            catalogue,
            edits: 0,
            features: BTreeMap::new(),
            senders,
            sources,
            stash: vec![],
            assessments: BTreeMap::new(),
            episodes: BTreeMap::new(),
            measured: BTreeMap::new(),
            // A copy, so that whoever measures rolls for itself.
            measuring: dice.clone().split(),
        }
    }

    /// When the sender of `key` was last heard, if there is one that has not said, or tried to say,
    /// that it is over.
    pub(crate) fn last_heard(&self, key: &str) -> Option<Heard> {
        let fingerprint = key.strip_prefix("door/")?;
        let sender = self.senders.iter().find(|it| it.alert.fingerprint == fingerprint)?;
        sender.fires.then_some(sender.heard)
    }

    /// Somebody calls for help, if anybody is known.
    #[expect(clippy::unused_self, reason = "one of the things the outside does")]
    pub(crate) fn cry(&self, state: &State) -> Option<Submission> {
        let (by, _) = state.catalogue()?.people.first_key_value()?;
        let (title, feature, team) = ("everything is dark".to_owned(), None, None);
        let command = Command::Raise { by: by.clone(), title, feature, team };
        Some(Submission::person(by.clone(), command))
    }

    fn assessment(&mut self, feature: &FeatureId, now: Timestamp) -> Option<slo::Assessment> {
        if let Some(found) = self.measured.get(feature) {
            return Some(slo::Assessment { end_minute: now.minute() - 1, ..found.clone() });
        }
        let promise = self.features.get(feature)?;
        let objective = self.catalogue.features.get(feature)?.objective.to_string();
        let (page, ticket) = (promise.page, promise.ticket);
        let made = self
            .assessments
            .entry((objective.clone(), page, ticket))
            .or_insert_with(|| testkit::assessment(&objective, page, ticket, now));
        Some(slo::Assessment { end_minute: now.minute() - 1, ..made.clone() })
    }
}

impl World {
    /// What happens today.
    pub(crate) fn plan_day(&mut self) {
        self.later(DAY, Happening::Day);
        if self.healing {
            return;
        }
        if self.outside.edits == 0 {
            self.outside.edits = 1;
            self.later(Millis::from_secs(1), Happening::Outside(Move::Adopt));
        }
        let plan = |world: &mut Self, per_thousand_days: u32, it: Happening| {
            for _ in 0..world.dice.today(per_thousand_days) {
                let at = world.dice.time_of_day(world.now);
                world.at(at, it.clone());
            }
        };
        plan(self, 150, Happening::Crash);
        plan(self, 150, Happening::Stop);
        plan(self, 60, Happening::Freeze);
        plan(self, 150, Happening::SetClock);
        plan(self, 500, Happening::Outside(Move::Incident { closes: false }));
        // More often than people report something, or what is open would pile up for ever.
        plan(self, 700, Happening::Outside(Move::Incident { closes: true }));
        plan(self, 900, Happening::Outside(Move::Deal));
        plan(self, 700, Happening::Outside(Move::Duty));
        plan(self, 300, Happening::Outside(Move::Raise));
        plan(self, 400, Happening::Outside(Move::Silence));
        plan(self, 150, Happening::Outside(Move::EndSilence));
        plan(self, 250, Happening::Outside(Move::Paperwork));
        plan(self, 40, Happening::Outside(Move::Erase));
        plan(self, 200, Happening::Outside(Move::Change));
        if self.dice.chance(100) {
            let starts = self.dice.time_of_day(self.now);
            let length = self.dice.secs(30, 1_200);
            self.at(starts, Happening::Disk { full: true });
            self.at(starts.plus(length), Happening::Disk { full: false });
        }
        self.plan_troubles();
        self.plan_measuring();
    }

    fn plan_troubles(&mut self) {
        let features: Vec<FeatureId> = self.outside.catalogue.features.keys().cloned().collect();
        for _ in 0..self.dice.below(4) {
            let feature = self.dice.pick(&features).clone();
            let starts = self.dice.time_of_day(self.now);
            let ends = starts.plus(self.dice.mins(2, 120));
            let (page, ticket) =
                *self.dice.pick(&[(Firing, Firing), (Firing, Quiet), (Quiet, Firing)]);
            let burn = |feature: &FeatureId, page, ticket| {
                Happening::Outside(Move::Burn { feature: feature.clone(), page, ticket })
            };
            self.at(starts, burn(&feature, page, ticket));
            if self.dice.chance(250) {
                let blind = Timestamp(self.dice.between(starts.0, ends.0));
                self.at(blind, burn(&feature, Unmeasured, Unmeasured));
            }
            self.at(ends, burn(&feature, Quiet, Quiet));
        }
        for _ in 0..self.dice.below(6) {
            let sender = self.dice.below(self.outside.senders.len());
            let starts = self.dice.time_of_day(self.now);
            let length = self.dice.mins(3, 90);
            self.at(starts, Happening::Outside(Move::Alert { sender, fires: true }));
            self.at(starts.plus(length), Happening::Outside(Move::Alert { sender, fires: false }));
        }
        if self.dice.chance(250) {
            let sources: Vec<SourceId> = self.outside.sources.keys().cloned().collect();
            let source = self.dice.pick(&sources).clone();
            let starts = self.dice.time_of_day(self.now);
            let length = self.dice.mins(1, 60);
            let outage = |fails| Happening::Outside(Move::Source { source: source.clone(), fails });
            self.at(starts, outage(true));
            self.at(starts.plus(length), outage(false));
        }
    }

    /// Nothing is wrong outside any more.
    pub(crate) fn calm_outside(&mut self) {
        let features: Vec<FeatureId> = self.outside.features.keys().cloned().collect();
        for feature in features {
            let burn = Move::Burn { feature, page: Quiet, ticket: Quiet };
            self.later(Millis::ZERO, Happening::Outside(burn));
        }
        for sender in 0..self.outside.senders.len() {
            let ends = Move::Alert { sender, fires: false };
            self.later(Millis::ZERO, Happening::Outside(ends));
        }
        let sources: Vec<SourceId> = self.outside.sources.keys().cloned().collect();
        for source in sources {
            let works = Move::Source { source, fails: false };
            self.later(Millis::ZERO, Happening::Outside(works));
        }
    }

    pub(crate) fn move_outside(&mut self, it: Move) -> Check {
        match it {
            Move::Burn { feature, page, ticket } => self.burn(feature, page, ticket),
            Move::Measure { feature } => self.measure(&feature),
            Move::Observe { feature, version } => self.observe(&feature, version),
            Move::Alert { sender, fires } => {
                let it = &mut self.outside.senders[sender];
                it.fires = fires && !self.healing;
                it.version += 1;
                let version = it.version;
                self.say(sender, version)
            }
            Move::Say { sender, version } => self.say(sender, version),
            Move::Source { source, fails } => {
                let it = self.outside.sources.entry(source.clone()).or_default();
                it.fails = fails && !self.healing;
                it.version += 1;
                let version = it.version;
                self.tell_source(source, version)
            }
            Move::TellSource { source, version } => self.tell_source(source, version),
            Move::Acknowledge { page, person, key } => {
                let via = "link".to_owned();
                let command = Command::AcknowledgePage { page, by: person.clone(), via };
                let submission = Submission { key, ..Submission::person(person, command) };
                self.person_asks(submission, TRIES_MAX)
            }
            Move::Incident { closes } => self.incident(closes),
            Move::Deal => self.deal(),
            Move::Duty => self.change_duty(),
            Move::AnswerSwap { swap } => self.answer_swap(swap),
            Move::WriteHandover { handover } => self.write_handover(handover),
            Move::ReadHandover { handover } => self.read_handover(handover),
            Move::Receipt { notice, evidence } => self.receipt(notice, evidence),
            Move::Raise => match self.outside.cry(&self.shadow.state) {
                Some(submission) => {
                    let keyed = self.dice.chance(500).then(|| format!("raise-{}", self.now));
                    self.person_asks(Submission { key: keyed, ..submission }, TRIES_MAX)
                }
                None => Ok(()),
            },
            Move::Silence => self.silence(),
            Move::EndSilence => self.end_silence(),
            Move::Review { incident } => self.review(incident),
            Move::Paperwork => self.paperwork(),
            Move::Erase => self.erase(),
            Move::Change => {
                self.outside.edits += 1;
                let mut dice = self.dice.split();
                self.outside.catalogue = changed(&mut dice, self.outside.catalogue.clone());
                self.adopt()
            }
            Move::Adopt => self.adopt(),
            Move::Again { submission, tries } => self.person_asks(submission, tries),
            Move::ReportAgain { notice, outcome, tries, life } if life == self.life => {
                self.report_outcome(notice, outcome, tries)
            }
            Move::ReportAgain { .. } => Ok(()),
            Move::Flush => self.ask_all(vec![]),
        }
    }

    /// Somebody hears an answer, or that there is none.
    pub(crate) fn hear(&mut self, asker: Asker, reply: Reply) -> Check {
        match asker {
            Asker::Observer { feature, version } => self.observed(feature, version, &reply),
            Asker::Sender { sender, version, until } => self.said(sender, version, until, &reply),
            Asker::Source { source, version } => {
                if matches!(reply, Reply::Lost) {
                    let again = Move::TellSource { source, version };
                    self.later(Millis::from_mins(1), Happening::Outside(again));
                }
                Ok(())
            }
            Asker::Person { submission, tries } => self.person_hears(submission, tries, reply),
            Asker::Adopter => {
                if matches!(reply, Reply::Lost) {
                    self.later(Millis::from_mins(1), Happening::Outside(Move::Adopt));
                }
                Ok(())
            }
            Asker::Outcome { notice, outcome, tries } => {
                self.outcome_heard(notice, outcome, tries, &reply);
                Ok(())
            }
        }
    }

    /// What people and systems do because of what they see in the journal.
    pub(crate) fn follow(&mut self, fresh: &[EventRecord]) {
        for record in fresh {
            self.follow_duty(record);
            match &record.event {
                Event::ReviewAsked { incident, .. } if self.dice.chance(400) => {
                    let (incident, wait) = (*incident, self.dice.mins(30, 4_000));
                    self.later(wait, Happening::Outside(Move::Review { incident }));
                }
                Event::CatalogueAdopted { catalogue, .. } => {
                    let known = Promise { page: Quiet, ticket: Quiet, version: 0 };
                    for feature in catalogue.features.keys() {
                        self.outside.features.entry(feature.clone()).or_insert(known);
                    }
                }
                _ => {}
            }
        }
    }

    /// Asks now, or in a moment together with others.
    fn ask(&mut self, submission: Submission, asker: Asker) -> Check {
        let ask = Ask { submission, asker };
        if self.dice.chance(250) {
            self.outside.stash.push(ask);
            self.later(Millis::from_secs(1), Happening::Outside(Move::Flush));
            return Ok(());
        }
        self.ask_all(vec![ask])
    }

    fn ask_all(&mut self, mut asks: Vec<Ask>) -> Check {
        let mut all = std::mem::take(&mut self.outside.stash);
        all.append(&mut asks);
        if all.is_empty() { Ok(()) } else { self.turn(all) }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the caller is done with it")]
    pub(crate) fn burn(
        &mut self,
        feature: FeatureId,
        page: ConditionState,
        ticket: ConditionState,
    ) -> Check {
        self.outside.measured.remove(&feature);
        let Some(promise) = self.outside.features.get_mut(&feature) else { return Ok(()) };
        let version = promise.version + 1;
        let calm = Promise { page: Quiet, ticket: Quiet, version };
        *promise = if self.healing { calm } else { Promise { page, ticket, version } };
        self.observe(&feature, version)
    }

    pub(crate) fn observe(&mut self, feature: &FeatureId, version: u64) -> Check {
        if self.outside.features.get(feature).is_none_or(|it| it.version != version) {
            return Ok(());
        }
        let now = self.clock();
        let Some(assessment) = self.outside.assessment(feature, now) else { return Ok(()) };
        let assessment = Box::new(assessment);
        let command = Command::Observe { feature: feature.clone(), assessment };
        let asker = Asker::Observer { feature: feature.clone(), version };
        self.ask(Submission::system(command), asker)
    }

    fn observed(&mut self, feature: FeatureId, version: u64, reply: &Reply) -> Check {
        let Some(promise) = self.outside.features.get(&feature).copied() else { return Ok(()) };
        if promise.version != version {
            return Ok(());
        }
        if !matches!(reply, Reply::Done(_)) {
            let again = Move::Observe { feature, version };
            self.later(Millis::from_mins(1), Happening::Outside(again));
            return Ok(());
        }
        let state = &self.shadow.state;
        if state.catalogue().is_some_and(|it| it.features.contains_key(&feature)) {
            for (severity, wanted) in
                [(Severity::Page, promise.page), (Severity::Ticket, promise.ticket)]
            {
                let fires = state.firing.contains_key(&format!("burn/{feature}/{severity}"));
                let right = wanted == Unmeasured || fires == (wanted == Firing);
                hold(right, "what was accepted is so", || {
                    format!("{feature} is {wanted:?} for {severity}, its alert fires: {fires}")
                })?;
            }
        }
        let wait = if promise.page == Quiet && promise.ticket == Quiet { 720 } else { 20 };
        let again = Move::Observe { feature, version };
        self.later(Millis::from_mins(wait), Happening::Outside(again));
        Ok(())
    }

    fn say(&mut self, number: usize, version: u64) -> Check {
        let now = self.journal_now();
        let it = &self.outside.senders[number];
        if it.version != version {
            return Ok(());
        }
        let until = it.lease.map_or(Timestamp(i64::MIN), |lease| now.plus(lease));
        let life = match (it.fires, it.lease) {
            (false, _) => DoorLife::Resolved,
            (true, Some(_)) => DoorLife::FiringUntil(until),
            (true, None) => DoorLife::FiringStaleAfter(Millis::from_hours(5)),
        };
        let alert = DoorAlert { life, starts_at: now, ..it.alert.clone() };
        let fires = it.fires;
        // What is measured every minute in real life is measured now.
        let feature = it.alert.feature.clone().filter(|_| fires);
        if let Some((feature, assessment)) =
            feature.and_then(|it| Some((it.clone(), self.outside.assessment(&it, self.clock())?)))
        {
            let command = Command::Observe { feature, assessment: Box::new(assessment) };
            self.person_asks(Submission::system(command), 0)?;
        }
        if self.bug == Some(Bug::LostSubmission) && fires && self.dice.chance(50) {
            let accepted = driver::Accepted { seq: 0, events: vec![], repeated: false };
            return self.said(number, version, until, &Reply::Done(accepted));
        }
        let submission = Submission::system(Command::Receive(Box::new(alert)));
        self.ask(submission, Asker::Sender { sender: number, version, until })
    }

    fn said(&mut self, number: usize, version: u64, until: Timestamp, reply: &Reply) -> Check {
        let now = self.journal_now();
        let it = &mut self.outside.senders[number];
        if it.version != version {
            return Ok(());
        }
        let done = matches!(reply, Reply::Done(_));
        if done {
            it.heard = Heard { at: now, until };
            let key = format!("door/{}", it.alert.fingerprint);
            let fires = self.shadow.state.firing.contains_key(&key);
            hold(fires == it.fires, "what was accepted is so", || {
                format!("{key} was accepted as firing: {}, and fires: {fires}", it.fires)
            })?;
        }
        let wait = match (done, it.fires) {
            (true, false) => return Ok(()),
            (true, true) => it.every,
            (false, _) => Millis::from_mins(1),
        };
        let again = Move::Say { sender: number, version };
        self.later(wait, Happening::Outside(again));
        Ok(())
    }

    fn tell_source(&mut self, source: SourceId, version: u64) -> Check {
        let it = self.outside.sources[&source];
        if it.version != version {
            return Ok(());
        }
        let command = if it.fails {
            Command::SourceFailed { source: source.clone(), detail: "refused".to_owned() }
        } else {
            Command::SourceRead { source: source.clone() }
        };
        self.ask(Submission::system(command), Asker::Source { source, version })
    }

    pub(crate) fn person_asks(&mut self, submission: Submission, tries: u32) -> Check {
        let asker = Asker::Person { submission: submission.clone(), tries };
        self.ask(submission, asker)
    }

    fn person_hears(&mut self, submission: Submission, tries: u32, reply: Reply) -> Check {
        let accepted = match reply {
            Reply::Done(accepted) => accepted,
            Reply::Refused => return Ok(()),
            Reply::Lost => {
                // Without a key nobody knows whether it happened; a call for help is made again.
                if tries > 0 {
                    let wait = self.dice.secs(2, 60);
                    let again = Move::Again { submission, tries: tries - 1 };
                    self.later(wait, Happening::Outside(again));
                }
                return Ok(());
            }
        };
        let property = "what was accepted is so";
        match submission.command {
            Command::Raise { .. } | Command::PublishReview { .. } | Command::Sign { .. } => {
                hold(!accepted.events.is_empty(), property, || "nothing happened".to_owned())
            }
            command => Self::dealt(&command, &accepted),
        }
    }

    fn incident(&mut self, closes: bool) -> Check {
        let Some((incident, _)) = self.shadow.state.incidents_open().next() else { return Ok(()) };
        let Some(by) = self.somebody() else { return Ok(()) };
        let command = if closes {
            Command::ResolveIncident { incident, by: by.clone() }
        } else {
            Command::AcknowledgeIncident { incident, by: by.clone(), via: "view".to_owned() }
        };
        self.person_asks(Submission::person(by, command), TRIES_MAX)
    }

    fn silence(&mut self) -> Check {
        let Some(by) = self.somebody() else { return Ok(()) };
        let features: Vec<FeatureId> = self.outside.catalogue.features.keys().cloned().collect();
        let matchers = match self.dice.below(4) {
            0 => "alertname=~\"alert-.\"".to_owned(),
            1 => format!("feature=\"{}\"", self.dice.pick(&features)),
            2 => "alertname!=\"alert-1\",team!=\"\"".to_owned(),
            _ => format!("alertname=\"alert-{}\"", self.dice.below(6)),
        };
        let starts_at = self.shadow.state.at.plus(self.dice.mins(0, 90));
        let ends_at = starts_at.plus(self.dice.mins(5, 480));
        let open = self.shadow.state.silences.iter().find(|(_, it)| !it.is_over());
        let command = Command::Silence {
            by: by.clone(),
            matchers: alerting::Matcher::parse_list(&matchers).expect("written here"),
            starts_at,
            ends_at,
            comment: "painting the mast".to_owned(),
            replaces: open.map(|(id, _)| *id).filter(|_| self.dice.chance(200)),
        };
        self.person_asks(Submission::person(by, command), TRIES_MAX)
    }

    fn end_silence(&mut self) -> Check {
        let Some(by) = self.somebody() else { return Ok(()) };
        let mut open = self.shadow.state.silences.iter().filter(|(_, it)| !it.is_over());
        let Some((silence, _)) = open.next() else { return Ok(()) };
        let command = Command::EndSilence { silence: *silence, by: by.clone() };
        self.person_asks(Submission::person(by, command), TRIES_MAX)
    }

    fn review(&mut self, incident: IncidentId) -> Check {
        let Some(by) = self.somebody() else { return Ok(()) };
        let text = "we know more now".to_owned();
        let command = Command::PublishReview { incident, by: by.clone(), text };
        self.person_asks(Submission::person(by, command), TRIES_MAX)
    }

    fn paperwork(&mut self) -> Check {
        let Some(person) = self.somebody() else { return Ok(()) };
        let state = &self.shadow.state;
        let command = match self.dice.below(4) {
            0 => Command::IssueToken {
                kind: TokenKind::Session,
                person: Some(person.clone()),
                label: "browser".to_owned(),
                sha256: "00".repeat(32),
                expires_at: Some(state.at.plus(DAY)),
            },
            1 => Command::RevokeToken { token: TokenId(state.next.token) },
            2 => Command::SetPassword {
                person: person.clone(),
                hash: "$argon2id$".to_owned(),
                role: Role::Member,
                spends: None,
            },
            _ => {
                let owned = state.catalogue().into_iter().flat_map(|it| &it.features);
                let mut owned = owned.filter_map(|(id, it)| Some((id, it, it.owners.as_ref()?)));
                let Some((id, feature, owners)) = owned.next() else { return Ok(()) };
                Command::Sign {
                    feature: id.clone(),
                    role: SignRole::Product,
                    by: owners.product.clone(),
                    objective: feature.objective,
                }
            }
        };
        self.person_asks(Submission::person(person, command), TRIES_MAX)
    }

    fn erase(&mut self) -> Check {
        let Some(person) = self.somebody() else { return Ok(()) };
        let Server::Up(core) = &mut self.server else { return Ok(()) };
        core.erase(&person).expect("memory does not fail");
        self.shadow.erase(&mut self.journal.disk());
        self.compare("after an erasure")
    }

    fn adopt(&mut self) -> Check {
        let catalogue = self.outside.catalogue.clone();
        let submission = testkit::adopt(catalogue, &format!("edit-{}", self.outside.edits));
        self.ask(submission, Asker::Adopter)
    }

    pub(crate) fn somebody(&mut self) -> Option<PersonId> {
        let people: Vec<PersonId> = self.shadow.state.catalogue()?.people.keys().cloned().collect();
        Some(self.dice.pick(&people).clone())
    }
}

fn sender(dice: &mut Dice, catalogue: &Catalogue, number: usize) -> Sender {
    let name = format!("alert-{number}");
    let mut alert = DoorAlert {
        door: "alertmanager-v2".to_owned(),
        fingerprint: name.clone(),
        labels: Labels::from([("alertname".to_owned(), name)]),
        annotations: Labels::new(),
        starts_at: Timestamp(0),
        life: DoorLife::Resolved,
        severity: if dice.chance(750) { Severity::Page } else { Severity::Ticket },
        feature: None,
        service: None,
        team: None,
        routed_by: "its labels".to_owned(),
    };
    match dice.below(4) {
        0 => alert.feature = catalogue.features.keys().next().cloned(),
        1 => alert.service = catalogue.services.keys().next_back().cloned(),
        2 => alert.team = catalogue.teams.keys().next_back().cloned(),
        _ => {}
    }
    Sender {
        alert,
        lease: dice.chance(700).then(|| dice.mins(6, 12)),
        every: dice.secs(90, 170),
        fires: false,
        version: 0,
        heard: Heard { at: Timestamp(i64::MIN), until: Timestamp(i64::MIN) },
    }
}
