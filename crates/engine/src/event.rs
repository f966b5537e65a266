//! Facts, as they stand in the journal. Serialised as they are; `wire` versions them, moves
//! personal text into slots, and pins a sample of every released form.

use crate::state::Recipient;
use crate::{Role, TokenKind};
use alerting::Matcher;
use model::{
    AlertId, Catalogue, ChannelId, EscalationId, FeatureId, IncidentId, Labels, Medium, Millis,
    NoticeId, Objective, OverrideId, PageId, PersonId, Personal, RotaId, ServiceId, Severity,
    SilenceId, SourceId, SwapId, TeamId, Timestamp, TokenId,
};
use serde::{Deserialize, Serialize};

/// An event with everything the journal knows about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its place in the journal, from 1.
    pub seq: u64,
    /// When it was decided; never before its predecessor.
    pub at: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The idempotency key of the command.
    pub key: Option<String>,
    /// The version of the catalogue it was decided upon; 0 before the first.
    pub catalogue_version: u64,
    /// The fact.
    pub event: Event,
}

/// Who caused something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A timer, a measurement, a worker.
    System,
    /// Somebody.
    Person(PersonId),
    /// Another system, by the key of its door.
    Door(TokenId),
    /// The operator of the machine: configuration files, the command line beside the data folder.
    Operator,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// This catalogue is in force from here on.
    CatalogueAdopted {
        /// Counts adoptions, from 1.
        version: u64,
        /// Hash of the files' meaning.
        hash: String,
        /// All of it, so that replay needs no file.
        catalogue: Box<Catalogue>,
        /// Release of the time-zone rules in use.
        tzdb: String,
    },
    /// An alert began.
    AlertFired {
        /// Its id.
        alert: AlertId,
        /// What it is deduplicated by while it fires.
        key: String,
        /// Where it came from and what was decided upon.
        origin: Origin,
        /// How urgent.
        severity: Severity,
        /// What it is about.
        feature: Option<FeatureId>,
        /// What it is about.
        service: Option<ServiceId>,
        /// Who answers for it.
        team: Option<TeamId>,
        /// One line for people.
        summary: String,
        /// Since when.
        starts_at: Timestamp,
        /// For how long it is believed without being sent again; `None`: until its end is seen.
        lease: Option<Millis>,
        /// After how long unheard it is called stale.
        stale_after: Option<Millis>,
    },
    /// An alert that nobody repeats any more; it stays open.
    AlertStale {
        /// Which.
        alert: AlertId,
        /// When it was last heard of.
        heard_at: Timestamp,
    },
    /// A stale alert was heard of again.
    AlertHeardAgain {
        /// Which.
        alert: AlertId,
    },
    /// An alert ended.
    AlertResolved {
        /// Which.
        alert: AlertId,
        /// Why it is believed to be over.
        reason: ResolveReason,
    },
    /// Why an alert called nobody.
    NotPaged {
        /// Which alert.
        alert: AlertId,
        /// Why not.
        reason: NotPagedReason,
    },
    /// Alerts that match call nobody for a while.
    SilenceSet {
        /// Its id.
        silence: SilenceId,
        /// All of them must hold for an alert to be hidden.
        matchers: Vec<Matcher>,
        /// From when.
        starts_at: Timestamp,
        /// Until when.
        ends_at: Timestamp,
        /// Who answers for it.
        by: PersonId,
        /// Why.
        comment: Personal,
    },
    /// A silence is in force from here on.
    SilenceStarted {
        /// Which.
        silence: SilenceId,
    },
    /// A silence is over.
    SilenceEnded {
        /// Which.
        silence: SilenceId,
        /// Who ended it before its time.
        by: Option<PersonId>,
    },
    /// An alert that was hidden still fires when its silence ends: it may call people now.
    AlertUnsilenced {
        /// Which alert.
        alert: AlertId,
        /// What hid it.
        silence: SilenceId,
    },
    /// Something a team deals with began.
    IncidentOpened {
        /// Its id.
        incident: IncidentId,
        /// What groups alerts into it, e.g. `feature:light-on`.
        group: String,
        /// What it is about.
        feature: Option<FeatureId>,
        /// Who deals with it.
        team: Option<TeamId>,
        /// One line for people.
        title: String,
        /// The alert that opened it.
        alert: AlertId,
    },
    /// Another alert belongs to an open incident.
    AlertJoined {
        /// Which incident.
        incident: IncidentId,
        /// Which alert.
        alert: AlertId,
    },
    /// A call to people began.
    PageOpened {
        /// Its id.
        page: PageId,
        /// What it is about.
        incident: IncidentId,
        /// The alert it is for.
        alert: AlertId,
        /// The policy's name.
        escalation: EscalationId,
        /// The policy as it was.
        policy: model::Escalation,
    },
    /// A step of a page: these people are told now.
    PageNotified {
        /// Which page.
        page: PageId,
        /// Index of this step over all repeats, from zero.
        attempt: u32,
        /// Why now and why them.
        cause: PageCause,
        /// The rota asked and until when its shift lasts, where the step names a rota.
        duty: Option<(RotaId, Timestamp)>,
        /// Release of the time-zone rules used.
        tzdb: String,
        /// What is to be sent.
        notices: Vec<NewNotice>,
        /// What could not even be tried.
        skipped: Vec<SkippedNotice>,
        /// When the next step starts unless somebody answers.
        deadline: Timestamp,
    },
    /// A provider took a notice.
    NoticeSent {
        /// Which.
        notice: NoticeId,
        /// The provider's id for it.
        provider_id: String,
    },
    /// A notice could not be handed over.
    NoticeFailed {
        /// Which.
        notice: NoticeId,
        /// Why.
        detail: String,
        /// When it is tried again; `None`: given up.
        retry_at: Option<Timestamp>,
    },
    /// Somebody took a page.
    PageAcknowledged {
        /// Which.
        page: PageId,
        /// Who.
        by: PersonId,
        /// How.
        via: String,
    },
    /// Every step of every repeat passed without an answer. An acknowledgement may still come.
    PageExhausted {
        /// Which.
        page: PageId,
    },
    /// A page ended because what it was about ended.
    PageEnded {
        /// Which.
        page: PageId,
        /// In words.
        reason: String,
    },
    /// Every alert of an incident ended, or somebody said so.
    IncidentResolved {
        /// Which.
        incident: IncidentId,
        /// Who said so; `None`: its alerts ended.
        by: Option<PersonId>,
    },
    /// Somebody changed who is on duty.
    OverrideSet {
        /// Its id.
        overriding: OverrideId,
        /// In which rota.
        rota: RotaId,
        /// From when.
        starts: Timestamp,
        /// Until when.
        ends: Timestamp,
        /// What changes.
        change: oncall::Change,
        /// Who decided.
        by: PersonId,
        /// The swap that it carries out.
        swap: Option<SwapId>,
    },
    /// A change to who is on duty was taken back.
    OverrideEnded {
        /// Which.
        overriding: OverrideId,
        /// Who took it back.
        by: PersonId,
    },
    /// Somebody is asked to take a shift.
    SwapAsked {
        /// Its id.
        swap: SwapId,
        /// In which rota.
        rota: RotaId,
        /// Whose shift it is.
        from: PersonId,
        /// Who is to take it.
        with: PersonId,
        /// The shift that is given.
        gives: (Timestamp, Timestamp),
        /// The shift that is taken in exchange.
        takes: Option<(Timestamp, Timestamp)>,
        /// Who asked.
        by: PersonId,
    },
    /// A swap was answered.
    SwapAnswered {
        /// Which.
        swap: SwapId,
        /// How.
        answer: crate::SwapAnswer,
        /// Who answered.
        by: PersonId,
    },
    /// The team is asked to write down what it learned.
    ReviewAsked {
        /// Of which incident.
        incident: IncidentId,
        /// By when.
        due_at: Timestamp,
    },
    /// The team wrote down what it learned.
    ReviewPublished {
        /// Of which incident.
        incident: IncidentId,
        /// Who published.
        by: PersonId,
        /// What was learned.
        text: Personal,
    },
    /// An owner signed an objective.
    Signed {
        /// Of which feature.
        feature: FeatureId,
        /// For whom.
        role: SignRole,
        /// Who.
        by: PersonId,
        /// Exactly what.
        objective: Objective,
        /// Over which window.
        window: Millis,
    },
    /// A source stopped answering.
    SourceFailing {
        /// Which.
        source: SourceId,
        /// What went wrong.
        detail: String,
    },
    /// A source answers again.
    SourceRecovered {
        /// Which.
        source: SourceId,
    },
    /// A way in was made.
    TokenIssued {
        /// Its id.
        token: TokenId,
        /// What it opens.
        kind: TokenKind,
        /// On whose behalf it acts.
        person: Option<PersonId>,
        /// What people call it.
        label: String,
        /// Lower-case hex SHA-256 of the secret.
        sha256: String,
        /// When it ends by itself.
        expires_at: Option<Timestamp>,
    },
    /// A way in was closed.
    TokenRevoked {
        /// Which.
        token: TokenId,
    },
    /// Somebody may log in with a password; their sessions ended.
    PasswordSet {
        /// Who.
        person: PersonId,
        /// argon2id hash; erasable with the person.
        hash: Personal,
        /// What they may do.
        role: Role,
    },
    /// The daily mail is due to these people.
    DigestDue {
        /// Days since the epoch, UTC.
        day: i64,
        /// One per recipient.
        notices: Vec<DigestLine>,
    },
}

/// Where an alert came from, with what was decided upon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A feature burns its budget too fast.
    Burn(Evidence),
    /// Another system says so.
    Door {
        /// Which door.
        door: String,
        /// Labels as received.
        labels: Labels,
        /// Annotations as received.
        annotations: Labels,
        /// How it was routed.
        routed_by: String,
    },
    /// A source of samples cannot be read: promises are unmeasured.
    Source {
        /// Which.
        source: SourceId,
        /// Since when.
        failing_since: Timestamp,
        /// What went wrong.
        detail: String,
    },
    /// Somebody called for help.
    Person {
        /// Who.
        by: PersonId,
    },
}

/// The measurement an alert was decided upon: objective, budget, conditions and their counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The objective at that time.
    pub objective: Objective,
    /// Everything computed, with the counts.
    pub assessment: slo::Assessment,
}

/// Why an alert is believed to be over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolveReason {
    /// No condition of its severity fires any more.
    ConditionEnded(Evidence),
    /// The sender said so.
    SenderResolved,
    /// The sender did not repeat it in time, which is how this sender says so.
    LeaseEnded {
        /// When it was last believed.
        until: Timestamp,
    },
    /// The source answers again.
    SourceRecovered,
    /// The feature or source is no longer configured.
    NoLongerConfigured,
    /// Somebody resolved what they had raised.
    PersonResolved {
        /// Who.
        by: PersonId,
    },
}

/// Why an alert called nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotPagedReason {
    /// It may wait for the morning.
    TicketSeverity,
    /// Somebody asked for silence about it.
    Silenced {
        /// By this.
        silence: SilenceId,
    },
    /// People are being called for this incident already.
    AlreadyPaging {
        /// By this page.
        page: PageId,
    },
    /// The same alert came back within an incident that somebody has taken.
    AcknowledgedBefore {
        /// Who has it.
        by: PersonId,
    },
    /// Nothing says whom to call. Loud: shown first in every view.
    NoEscalation,
}

/// Why a step of a page starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageCause {
    /// The page just opened.
    Opened,
    /// Nobody answered the step before in time.
    NobodyAnswered,
    /// No notice of the step before could be delivered.
    Undeliverable,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewNotice {
    /// Its id, also the idempotency key towards the provider.
    pub notice: NoticeId,
    /// To whom.
    pub to: Recipient,
    /// How.
    pub medium: Medium,
    /// Through which channel.
    pub channel: ChannelId,
}

/// A message that could not even be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedNotice {
    /// Who should have been told.
    pub to: Recipient,
    /// Why they are not.
    pub reason: String,
}

/// One recipient of the daily mail.
pub type DigestLine = NewNotice;

/// On whose behalf an objective is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignRole {
    /// Product.
    Product,
    /// Engineering.
    Engineering,
}
