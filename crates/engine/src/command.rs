//! What the outside world asks of the engine.

use crate::event::{Actor, SignRole};
use crate::shadow::Heard;
use crate::{ReceiptEvidence, Role, TokenKind};
use alerting::Matcher;
use model::{
    AlertId, Catalogue, ChannelId, FeatureId, HeartbeatId, IncidentId, Labels, Maintenance, Medium,
    Millis, NoticeId, Objective, OverrideId, PageId, PersonId, RosterId, RotaId, ServiceId,
    Severity, SilenceId, SloId, SourceId, SwapId, TeamId, Timestamp, TokenId, WindowId,
};

/// One request, with who asks and why. Everything that happens starts as one of these.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Who asks.
    pub actor: Actor,
    /// In their words, where they gave one.
    pub reason: Option<String>,
    /// Asking again with the same key changes nothing and is answered like the first time.
    pub key: Option<String>,
    /// What they ask for.
    pub command: Command,
}

impl Submission {
    /// Something the product asks of itself: a timer, a measurement.
    #[must_use]
    pub fn system(command: Command) -> Self {
        Self { actor: Actor::System, reason: None, key: None, command }
    }

    /// Something a person asks.
    #[must_use]
    pub fn person(person: PersonId, command: Command) -> Self {
        Self { actor: Actor::Person(person), reason: None, key: None, command }
    }
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A checked catalogue is to be in force from now on. Accepted once per hash.
    AdoptCatalogue {
        /// The catalogue.
        catalogue: Box<Catalogue>,
        /// Its hash, as `catalog::hash` computes it.
        hash: String,
    },
    /// What was measured of a feature at the end of a minute. Sent every minute; journalled only
    /// when an alert starts or ends.
    Observe {
        /// The feature.
        feature: FeatureId,
        /// Budget and conditions, with the counts they were computed from.
        assessment: Box<slo::Assessment>,
    },
    /// An alert arrived at a door.
    Receive(Box<DoorAlert>),
    /// A source of samples could not be read.
    SourceFailed {
        /// Which.
        source: SourceId,
        /// What went wrong, for people.
        detail: String,
    },
    /// A source of samples was read.
    SourceRead {
        /// Which.
        source: SourceId,
    },
    /// Time has passed: everything due is done. Early and repeated calls are harmless.
    Tick,
    /// What became of a notice that was sent.
    Delivered {
        /// Which notice.
        notice: NoticeId,
        /// What the provider said.
        outcome: DeliveryOutcome,
    },
    /// What a provider learned of a notice after it took it: a status callback, a delivery report, a
    /// bounce. May come in any order and any number of times: a later, weaker word never takes back a
    /// stronger one, and what is known already changes nothing.
    Receipt {
        /// Which notice; where only the provider's own id is known,
        /// [`crate::State::notice_by_provider`] finds it.
        notice: NoticeId,
        /// What was learned.
        evidence: ReceiptEvidence,
        /// The provider's words, without the address.
        detail: String,
    },
    /// A notice was told of in the message of another one to the same address.
    Covered {
        /// Which.
        notice: NoticeId,
        /// The one that was sent.
        by: NoticeId,
    },
    /// Somebody wants to show that an address is theirs: a code goes there.
    VerifyContact {
        /// Whose.
        person: PersonId,
        /// Which address.
        medium: Medium,
        /// Random text from which the sender computes the code again; opens nothing by itself.
        nonce: String,
        /// What only whoever knows the code and the server's key can compute.
        code_hash: String,
    },
    /// The code that came.
    ConfirmContact {
        /// Whose.
        person: PersonId,
        /// Which address.
        medium: Medium,
        /// Computed from what was typed in, as in [`Command::VerifyContact`].
        code_hash: String,
    },
    /// A message to every address of a person, to see what arrives.
    TestContacts {
        /// Whose.
        person: PersonId,
    },
    /// Whoever comes on duty says that they know.
    ConfirmDuty {
        /// Who.
        by: PersonId,
        /// For which rota; `None`: for every one they were asked about.
        rota: Option<RotaId>,
        /// How: `link`, `sms`, `view`, `cli`, `api`.
        via: String,
    },
    /// Somebody takes a page.
    AcknowledgePage {
        /// Which.
        page: PageId,
        /// Who.
        by: PersonId,
        /// How: `link`, `view`, `cli`, `api`.
        via: String,
    },
    /// Somebody takes an incident: every open or exhausted page of it.
    AcknowledgeIncident {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: PersonId,
        /// How: `view`, `cli`, `api`.
        via: String,
    },
    /// Whoever has a page keeps it for another while.
    Renew {
        /// A page, or all of an incident.
        what: Subject,
        /// Who says so.
        by: PersonId,
    },
    /// A page that somebody took is handed on to another person.
    Hand {
        /// A page, or all of an incident.
        what: Subject,
        /// Who says so.
        by: PersonId,
        /// Who is asked to take it.
        to: PersonId,
    },
    /// A page is to come back later.
    Snooze {
        /// A page, or the call of an incident.
        what: Subject,
        /// Who says so.
        by: PersonId,
        /// When it comes back.
        until: Timestamp,
    },
    /// Whoever took a page cannot do it after all: it is nobody's, and calls go on.
    GiveBack {
        /// A page, or all that is taken of an incident.
        what: Subject,
        /// Who says so.
        by: PersonId,
        /// How: `view`, `sms`, ….
        via: String,
    },
    /// A page that is held or snoozed is to call people now.
    Wake {
        /// A page, or all of an incident.
        what: Subject,
        /// Who says so.
        by: PersonId,
    },
    /// Two incidents are one.
    MergeIncidents {
        /// Which is to be no more.
        incident: IncidentId,
        /// Which goes on.
        into: IncidentId,
        /// Who says so.
        by: PersonId,
    },
    /// Somebody declares an incident over though its alerts may still fire.
    ResolveIncident {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: PersonId,
    },
    /// Somebody calls for help by hand.
    Raise {
        /// Who calls.
        by: PersonId,
        /// In their words.
        title: String,
        /// What it is about, if known.
        feature: Option<FeatureId>,
        /// Whom to call where no feature says so.
        team: Option<TeamId>,
    },
    /// Alerts that match are to call nobody for a while.
    Silence {
        /// Who answers for it.
        by: PersonId,
        /// All of them must hold.
        matchers: Vec<Matcher>,
        /// From when; what is past means now.
        starts_at: Timestamp,
        /// Until when.
        ends_at: Timestamp,
        /// Why.
        comment: String,
        /// One that ends when this one starts to hold, so that nothing slips through between them.
        replaces: Option<SilenceId>,
    },
    /// A silence is to end now.
    EndSilence {
        /// Which.
        silence: SilenceId,
        /// Who ends it.
        by: PersonId,
    },
    /// Who is on duty is to change for a while.
    Override {
        /// Who decides.
        by: PersonId,
        /// In which rota.
        rota: RotaId,
        /// From when; what is past means now.
        starts: Timestamp,
        /// Until when.
        ends: Timestamp,
        /// What changes.
        change: oncall::Change,
    },
    /// A change to who is on duty is to be taken back.
    EndOverride {
        /// Which.
        overriding: OverrideId,
        /// Who takes it back.
        by: PersonId,
    },
    /// Somebody is asked to take a shift.
    AskSwap {
        /// Who asks: whoever has the shift, or a lead.
        by: PersonId,
        /// In which rota.
        rota: RotaId,
        /// A time in the shift.
        at: Timestamp,
        /// Who is to take it.
        with: PersonId,
        /// A time in a shift of theirs that is taken in exchange.
        exchange: Option<Timestamp>,
    },
    /// A roster is proposed: who is to be on duty when.
    ProposeRoster {
        /// Who proposes.
        by: PersonId,
        /// Of which rota.
        rota: RotaId,
        /// The shifts, one after the other.
        shifts: Vec<crate::RosterShift>,
    },
    /// A proposed roster is published or put aside.
    AnswerRoster {
        /// Which.
        roster: RosterId,
        /// Who decides.
        by: PersonId,
        /// Whether it is published.
        publish: bool,
    },
    /// Somebody was interrupted.
    NoteInterruption(Box<crate::NoteInterruption>),
    /// Something about a handover.
    Handover(crate::HandoverCommand),
    /// A swap is answered.
    AnswerSwap {
        /// Which.
        swap: SwapId,
        /// Who answers: whoever was asked, or a lead; whoever asked may decline.
        by: PersonId,
        /// How.
        answer: crate::SwapAnswer,
    },
    /// Work is planned: at its time, alerts that match are to call nobody.
    PlanMaintenance {
        /// What it is called; planned again under the same name it replaces the former.
        window: WindowId,
        /// What and when.
        what: Box<Maintenance>,
        /// Who plans it.
        by: PersonId,
    },
    /// Planned work is not to come again. A silence it has set stays until its end.
    CancelMaintenance {
        /// Which.
        window: WindowId,
        /// Who says so.
        by: PersonId,
    },
    /// A sign of life came. Journalled when it is the first, when it was missed, and hourly.
    Ping {
        /// Whose.
        heartbeat: HeartbeatId,
    },
    /// Something was changed.
    Change(Box<crate::Change>),
    /// Counts were pushed. Lines that are known already change nothing.
    PushCounts {
        /// For which objective.
        slo: SloId,
        /// The lines.
        pushes: Vec<crate::Push>,
    },
    /// Go on though the budget of a feature is gone.
    Waive {
        /// Which feature.
        feature: FeatureId,
        /// Who answers for it.
        by: PersonId,
        /// Why.
        reason: String,
        /// Until when.
        until: Timestamp,
    },
    /// Take a waiver back.
    EndWaiver {
        /// Of which feature.
        feature: FeatureId,
        /// Who says so.
        by: PersonId,
    },
    /// Put an improvement on the list, or strike it.
    Backlog(Box<crate::BacklogAct>),
    /// Propose, approve or take back an exclusion from budgets.
    Exclude(Box<crate::ExclusionAct>),
    /// Something is to be written, to see whether it can be.
    Probe,
    /// A synthetic page came out at the other end.
    SyntheticSeen {
        /// How long it took.
        took: Millis,
    },
    /// A check of the product by itself failed.
    WatchFailed {
        /// Which: `synthetic`.
        check: String,
        /// What was seen, for people.
        detail: String,
    },
    /// Call people for an alert whatever holds it back.
    PageAnyway {
        /// Which alert.
        alert: AlertId,
        /// Who wants it.
        by: PersonId,
    },
    /// Somebody who was relieved takes the duty back, or gives it back for them.
    EndRelief {
        /// In which rota.
        rota: RotaId,
        /// Who says so.
        by: PersonId,
    },
    /// From now on pages go out.
    EndShadow {
        /// For one team only.
        team: Option<TeamId>,
        /// Who says so.
        by: PersonId,
    },
    /// What another pager did.
    RecordTheirCall(Box<Heard>),
    /// Somebody writes something down beside an incident.
    AddNote {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: PersonId,
        /// What.
        text: String,
        /// How: `sms`, `view`, `cli`, `api`, …
        via: String,
    },
    /// Somebody wants the next step of a page to start now.
    Escalate {
        /// Which.
        page: PageId,
        /// Who.
        by: PersonId,
        /// How.
        via: String,
    },
    /// Somebody takes an incident that somebody else has, or nobody yet.
    TakeOver {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: PersonId,
        /// How.
        via: String,
    },
    /// Somebody asks not to be written to in this way any more.
    StopContact {
        /// Who.
        person: PersonId,
        /// In which way.
        medium: Medium,
        /// How they said so.
        via: String,
    },
    /// Somebody may be written to in this way again.
    StartContact {
        /// Who.
        person: PersonId,
        /// In which way.
        medium: Medium,
        /// How they said so.
        via: String,
    },
    /// Somebody is to be told what became of what they asked by a message.
    Answer {
        /// Whom.
        to: PersonId,
        /// In which way.
        medium: Medium,
        /// Through which channel.
        channel: ChannelId,
        /// What.
        text: String,
    },
    /// The team wrote down what it learned.
    PublishReview {
        /// Of which incident.
        incident: IncidentId,
        /// Who publishes.
        by: PersonId,
        /// What was learned.
        text: String,
    },
    /// An owner signs a feature's objective as it stands.
    Sign {
        /// Which feature.
        feature: FeatureId,
        /// For product or for engineering.
        role: SignRole,
        /// Who signs.
        by: PersonId,
        /// What they believe they sign; refused when it has changed meanwhile.
        objective: Objective,
    },
    /// A way in is made. The secret itself never comes here, only its SHA-256.
    IssueToken {
        /// Session, API token, door key, set-up link.
        kind: TokenKind,
        /// On whose behalf it acts, if on anybody's.
        person: Option<PersonId>,
        /// What people call it.
        label: String,
        /// Lower-case hex SHA-256 of the secret.
        sha256: String,
        /// When it ends by itself.
        expires_at: Option<Timestamp>,
    },
    /// A way in is closed.
    RevokeToken {
        /// Which.
        token: TokenId,
    },
    /// Somebody may log in with a password from now on; every session of theirs ends.
    SetPassword {
        /// Who.
        person: PersonId,
        /// argon2id hash in PHC form.
        hash: String,
        /// What they may do.
        role: Role,
        /// The set-up link used, which is spent by this.
        spends: Option<TokenId>,
    },
}

/// What somebody deals with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One page.
    Page(PageId),
    /// The pages of an incident.
    Incident(IncidentId),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Page(id) => id.fmt(f),
            Self::Incident(id) => id.fmt(f),
        }
    }
}

/// An alert as a door understood it.
#[derive(Debug, Clone, PartialEq)]
pub struct DoorAlert {
    /// Which door, e.g. `alertmanager-v2`.
    pub door: String,
    /// `alerting::fingerprint` of the labels.
    pub fingerprint: String,
    /// Identifying labels.
    pub labels: Labels,
    /// Describing annotations.
    pub annotations: Labels,
    /// Since when, as the sender says.
    pub starts_at: Timestamp,
    /// Firing or over.
    pub life: DoorLife,
    /// How urgent, as the labels say or by default.
    pub severity: Severity,
    /// The feature it is about, if the labels name one.
    pub feature: Option<FeatureId>,
    /// The service it is about, if the labels name one.
    pub service: Option<ServiceId>,
    /// The team it is for, if the labels name one.
    pub team: Option<TeamId>,
    /// How feature, service, team and severity were found, for `why`.
    pub routed_by: String,
}

/// Whether an alert at a door fires, and for how long that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorLife {
    /// Firing until then unless it is sent again: the sender repeats itself, as Prometheus does.
    FiringUntil(Timestamp),
    /// Firing until the sender says otherwise; called stale, never closed, after so long unheard.
    FiringStaleAfter(Millis),
    /// Over.
    Resolved,
}

/// What a provider said of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The provider took it.
    Sent {
        /// The provider's own id for it, if any.
        provider_id: String,
    },
    /// It may work later.
    Transient {
        /// Why it did not now.
        detail: String,
        /// How long the provider wants to be left alone, where it says so.
        after: Option<Millis>,
    },
    /// It will never work.
    Permanent {
        /// Why.
        detail: String,
    },
}

/// Everything outside the state that a decision may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The time, monotonic per journal.
    pub now: Timestamp,
    /// Time-zone rules; their release is written into events that used them.
    pub zones: &'a oncall::Zones,
}

/// Why a command was refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// There is no such thing (any more).
    #[error("there is no {what} `{id}` here; it may be closed and archived")]
    Unknown {
        /// `page`, `incident`, `feature`, …
        what: &'static str,
        /// As it was given.
        id: String,
    },
    /// Somebody was faster.
    #[error("already acknowledged by {by} at {at}")]
    AlreadyAcknowledged {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// It is over.
    #[error("{what} `{id}` is already over")]
    Over {
        /// `page`, `incident`, `review`.
        what: &'static str,
        /// Which.
        id: String,
    },
    /// Not theirs to do.
    #[error("{0}")]
    NotAllowed(String),
    /// It makes no sense as it is.
    #[error("{0}")]
    Invalid(String),
    /// A limit is reached; the sender should try again later.
    #[error("limit reached: {limit} (at most {max}); try again later")]
    LimitReached {
        /// The name of the limit.
        limit: &'static str,
        /// Its value.
        max: usize,
    },
}
