//! Facts, as they stand in the journal. Serialised as they are; `wire` versions them, moves
//! personal text into slots, and pins a sample of every released form.

mod duty;
mod parts;

pub use duty::*;
pub use parts::*;

use crate::budget::BudgetSeen;
use crate::load::LoadOutcome;
use crate::shadow::TheirAct;
use crate::{ReceiptEvidence, Role};
use alerting::Matcher;
use model::{
    AlertId, Catalogue, ChangeId, EscalationId, FeatureId, HeartbeatId, IncidentId, Labels,
    Maintenance, Medium, Millis, NoticeId, Objective, OverrideId, PageId, PersonId, Personal,
    RotaId, ServiceId, Severity, SilenceId, SloId, SourceId, TeamId, Timestamp, TokenId, WindowId,
};
use serde::{Deserialize, Serialize};

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
        /// How the budget of its feature stood; of a burn, its origin says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        budget: Option<Box<BudgetSeen>>,
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
        /// The planned work it was set for, if for any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<WindowId>,
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
    /// The owner of a silence is reminded of it.
    SilenceReminded {
        /// Which.
        silence: SilenceId,
        /// Why now.
        reason: ReminderReason,
        /// What is to be sent; empty when nothing calm reaches them.
        notices: Vec<NewNotice>,
    },
    /// Work is planned.
    MaintenancePlanned {
        /// What it is called.
        window: WindowId,
        /// What and when.
        what: Maintenance,
        /// Who planned it.
        by: PersonId,
    },
    /// Planned work does not come again.
    MaintenanceCancelled {
        /// Which.
        window: WindowId,
        /// Who said so.
        by: PersonId,
    },
    /// A sign of life came: the first, one after a miss, or one in an hour of them.
    HeartbeatHeard {
        /// Whose.
        heartbeat: HeartbeatId,
    },
    /// Something was changed.
    ChangeHappened {
        /// Its id.
        change: ChangeId,
        /// What.
        what: crate::Change,
    },
    /// The sender describes a firing alert in other words now.
    AlertUpdated {
        /// Which.
        alert: AlertId,
        /// One line for people.
        summary: String,
        /// Annotations as received last.
        annotations: Labels,
    },
    /// Written to see that the journal can be written.
    JournalProbed,
    /// A synthetic page came out at the other end.
    SyntheticSeen {
        /// How long it took.
        took: Millis,
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
        /// Why people are called now, or in the morning, where anything was to be decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        urgency: Option<String>,
    },
    /// A page waits for the morning: nobody is called yet.
    PageHeld {
        /// Which.
        page: PageId,
        /// Until when.
        until: Timestamp,
        /// Who wakes first.
        first: PersonId,
        /// Why, in words.
        reason: String,
    },
    /// A page that was held or snoozed calls people now.
    PageWoken {
        /// Which.
        page: PageId,
        /// Why.
        cause: WakeCause,
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
        /// Steps and people whom conditions left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<LeftOut>,
        /// Whether conditions were ignored, because they would have left nobody.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unconditional: bool,
        /// Whose turn it was, where a step calls one person of several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<PersonId>,
    },
    /// Somebody is called so often that these notices share one message.
    CallsBundled {
        /// Of which page.
        page: PageId,
        /// Which step of it.
        attempt: u32,
        /// Who.
        person: PersonId,
        /// How many calls they got within ten minutes.
        calls_count: u32,
        /// How many they may get.
        calls_max: u16,
        /// When the message that lists them goes out.
        at: Timestamp,
        /// Messages that begin here; none when the notices join one that waits already.
        carriers: Vec<NewNotice>,
        /// The notices, each with the message it goes into.
        notices: Vec<(NoticeId, NoticeId)>,
    },
    /// Somebody had as many pages as they should have.
    LoadReached {
        /// Counts such moments, from 1.
        load: u64,
        /// Who.
        person: PersonId,
        /// The rota they are on duty in, if that is why they were called.
        rota: Option<RotaId>,
        /// The page that was one too many.
        page: PageId,
        /// How many they had.
        pages: u32,
        /// Since when.
        since: Timestamp,
        /// The limit.
        limit: model::LoadLimit,
        /// What follows.
        outcome: LoadOutcome,
        /// Who is told.
        notices: Vec<NewNotice>,
    },
    /// Somebody who was relieved has the duty again.
    ReliefEnded {
        /// In which rota.
        rota: RotaId,
        /// Who said so.
        by: PersonId,
    },
    /// Somebody wants people called whatever held it back.
    PagedAnyway {
        /// For which alert.
        alert: AlertId,
        /// Who.
        by: PersonId,
    },
    /// An incident is over, and rooms, systems and people that were told of it hear so.
    EndTold {
        /// Which.
        incident: IncidentId,
        /// Who is told.
        notices: Vec<NewNotice>,
    },
    /// More alerts joined an incident whose people were called before.
    IncidentUpdated {
        /// Which.
        incident: IncidentId,
        /// How many joined since they were told last.
        joined_count: u32,
        /// How many alerts it has now.
        alerts_count: u32,
        /// Who is told.
        notices: Vec<NewNotice>,
        /// Whose notice waits, until when.
        held: Vec<(NoticeId, Timestamp)>,
    },
    /// From here on pages run through their whole life and nobody is called.
    ShadowBegan {
        /// For one team; `None`: for everybody who says nothing else.
        team: Option<TeamId>,
    },
    /// From here on pages go out.
    ShadowEnded {
        /// For one team; `None`: for everybody who says nothing else.
        team: Option<TeamId>,
        /// Who said so; `None`: the configuration.
        by: Option<PersonId>,
    },
    /// What another pager did, beside which this one runs.
    TheirCall {
        /// Which pager.
        system: String,
        /// What it calls the incident.
        incident: String,
        /// The keys of the alerts behind it.
        keys: Vec<String>,
        /// In one line.
        title: String,
        /// What it did.
        act: TheirAct,
        /// To or by whom, where we know them.
        person: Option<PersonId>,
        /// Whom it named, where we do not.
        unknown: Option<Personal>,
        /// When, as it says.
        said_at: Timestamp,
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
    /// A notice is known to have arrived.
    NoticeDelivered {
        /// Which.
        notice: NoticeId,
        /// On the device, or before eyes.
        evidence: ReceiptEvidence,
        /// The provider's words.
        detail: String,
    },
    /// A notice that a provider took did not arrive, or nothing says that it did.
    NoticeUndelivered {
        /// Which.
        notice: NoticeId,
        /// What is known.
        evidence: ReceiptEvidence,
        /// The provider's words, or ours.
        detail: String,
    },
    /// A notice was told of in the message of another one.
    NoticeCovered {
        /// Which.
        notice: NoticeId,
        /// The one that was sent.
        by: NoticeId,
    },
    /// More is sent for the step a page is at; its deadline stays.
    PageNotifiedAlso {
        /// Which page.
        page: PageId,
        /// Index of the step.
        attempt: u32,
        /// Why.
        cause: AlsoCause,
        /// The rota asked and until when its shift lasts, where one was asked.
        duty: Option<(RotaId, Timestamp)>,
        /// Release of the time-zone rules used.
        tzdb: String,
        /// What is to be sent besides.
        notices: Vec<NewNotice>,
        /// What is to be sent at once, or once more, of what was decided before.
        again: Vec<NoticeId>,
        /// What could not even be tried.
        skipped: Vec<SkippedNotice>,
    },
    /// A code goes to an address so that its owner can show that it is theirs.
    VerificationAsked {
        /// Whose.
        person: PersonId,
        /// The address as it was then.
        address: Personal,
        /// From which the sender computes the code.
        nonce: String,
        /// What only whoever knows the code and the server's key can compute.
        code_hash: String,
        /// Until when the code is good.
        expires_at: Timestamp,
        /// The message.
        notice: NewNotice,
    },
    /// A code that was not the one sent.
    VerificationFailed {
        /// Whose.
        person: PersonId,
        /// Which address.
        medium: Medium,
        /// How many more are accepted.
        tries_left: u32,
    },
    /// An address is known to be read by its owner. A changed address is another one.
    ContactVerified {
        /// Whose.
        person: PersonId,
        /// Which kind.
        medium: Medium,
        /// The address.
        address: Personal,
    },
    /// A message goes to every address of a person, to see what arrives.
    ContactsTested {
        /// Whose.
        person: PersonId,
        /// The messages.
        notices: Vec<NewNotice>,
        /// What could not even be tried.
        skipped: Vec<SkippedNotice>,
    },
    /// When a rota changes hands next: whoever comes on duty is asked then.
    ShiftExpected {
        /// Which rota.
        rota: RotaId,
        /// When.
        starts: Timestamp,
    },
    /// Whoever comes on duty is asked to say that they know.
    DutyAsked {
        /// Its number, from 1.
        call: u64,
        /// Which rota.
        rota: RotaId,
        /// Who.
        person: PersonId,
        /// When the shift starts.
        starts: Timestamp,
        /// When it ends.
        ends: Timestamp,
        /// Release of the time-zone rules used.
        tzdb: String,
        /// By when they are reminded.
        deadline: Timestamp,
        /// The messages.
        notices: Vec<NewNotice>,
    },
    /// They did not say so in time and are asked once more.
    DutyReminded {
        /// Which call.
        call: u64,
        /// By when somebody else is told.
        deadline: Timestamp,
        /// The messages.
        notices: Vec<NewNotice>,
    },
    /// They said that they know.
    DutyConfirmed {
        /// Which call.
        call: u64,
        /// Who.
        by: PersonId,
        /// How.
        via: String,
    },
    /// They never said so: the others of the rota are told. Pages still go to them first.
    DutyUnconfirmed {
        /// Which call.
        call: u64,
        /// The messages to the others.
        notices: Vec<NewNotice>,
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
    /// Somebody took a page that several people must take; the others are still called.
    PagePartlyAcknowledged {
        /// Which.
        page: PageId,
        /// Who.
        by: PersonId,
        /// How.
        via: String,
        /// So many have taken it, this one counted.
        have: u16,
        /// So many must.
        want: u16,
    },
    /// Whoever holds a page is told that their time ends.
    PageReminded {
        /// Which.
        page: PageId,
        /// When it ends.
        until: Timestamp,
        /// What is to be sent.
        notices: Vec<NewNotice>,
        /// What could not even be tried.
        skipped: Vec<SkippedNotice>,
    },
    /// Whoever holds a page keeps it for another while.
    PageRenewed {
        /// Which.
        page: PageId,
        /// Who said so.
        by: PersonId,
    },
    /// An acknowledgement was not renewed: the page calls people again.
    PageReturned {
        /// Which.
        page: PageId,
        /// Who had it.
        from: PersonId,
    },
    /// What somebody had taken is nobody's again: calls go on.
    PageGivenBack(GivenBack),
    /// A page is handed on; its holder keeps it until the other person takes it.
    PageHanded {
        /// Which.
        page: PageId,
        /// Who has it.
        from: PersonId,
        /// Who is asked to take it.
        to: PersonId,
        /// What is to be sent.
        notices: Vec<NewNotice>,
        /// What could not even be tried.
        skipped: Vec<SkippedNotice>,
    },
    /// A page is to come back later; it does, unless what it is about ends.
    PageSnoozed {
        /// Which.
        page: PageId,
        /// Who asked.
        by: PersonId,
        /// When it comes back.
        until: Timestamp,
    },
    /// Every step of every repeat passed without an answer. An acknowledgement may still come.
    PageExhausted {
        /// Which.
        page: PageId,
        /// Steps that conditions left out at the end.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<LeftOut>,
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
    OverrideSet(OverrideSet),
    /// A change to who is on duty was taken back.
    OverrideEnded {
        /// Which.
        overriding: OverrideId,
        /// Who took it back.
        by: PersonId,
    },
    /// Somebody is asked to take a shift.
    SwapAsked(SwapAsked),
    /// A swap was answered.
    SwapAnswered(SwapAnswered),
    /// Somebody proposed a roster.
    RosterProposed(RosterProposed),
    /// A proposed roster was published or put aside.
    RosterAnswered(RosterAnswered),
    /// A look ahead found something new, or that nothing is thin any more.
    DutyThin(DutyThin),
    /// Somebody was interrupted in a team that has a duty for that.
    InterruptionNoted(Box<crate::InterruptionNoted>),
    /// A rota is handed over: drafted, written, published, read back, and what is to do.
    Handover(crate::HandoverEvent),
    /// Two incidents are one: alerts, pages and what comes later belong to the other.
    IncidentMerged {
        /// Which is no more.
        incident: IncidentId,
        /// Which goes on.
        into: IncidentId,
        /// Who said so.
        by: PersonId,
    },
    /// Somebody wrote something down beside an incident.
    NoteAdded {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: PersonId,
        /// What.
        text: Personal,
        /// How.
        via: String,
    },
    /// Somebody wants the next step of a page to start now.
    EscalationAsked {
        /// Which page.
        page: PageId,
        /// Who.
        by: PersonId,
        /// How.
        via: String,
    },
    /// Somebody took a page that somebody else had.
    TakenOver {
        /// Of which incident.
        incident: IncidentId,
        /// Which page.
        page: PageId,
        /// Who had it.
        from: PersonId,
        /// Who has it now.
        by: PersonId,
        /// How.
        via: String,
    },
    /// Somebody asked not to be written to in this way.
    ContactStopped {
        /// Who.
        person: PersonId,
        /// In which way.
        medium: Medium,
        /// How they said so.
        via: String,
    },
    /// Somebody may be written to in this way again.
    ContactStarted {
        /// Who.
        person: PersonId,
        /// In which way.
        medium: Medium,
        /// How they said so.
        via: String,
    },
    /// Somebody is told what became of what they asked by a message.
    AnswerDue {
        /// What is to be sent.
        notice: NewNotice,
        /// What it says.
        text: Personal,
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
        /// The words that were signed; empty for signatures older than this.
        #[serde(default)]
        terms: String,
    },
    /// Counts were pushed; only lines that were not known yet.
    CountsPushed {
        /// For which objective.
        slo: SloId,
        /// The lines.
        pushes: Vec<crate::Push>,
    },
    /// Somebody answers for going on though a budget is gone.
    BudgetWaived(BudgetWaiver),
    /// An exclusion from budgets was proposed, approved or taken back.
    Exclusion(ExclusionAct),
    /// An improvement was listed or struck.
    Backlog(BacklogAct),
    /// A waiver was taken back.
    WaiverEnded {
        /// Of which feature.
        feature: FeatureId,
        /// Who said so.
        by: PersonId,
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
    TokenIssued(TokenIssued),
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
