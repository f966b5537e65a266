//! What events are made of: origins, evidence, reasons and causes.

use super::Event;
use crate::TokenKind;
use crate::state::Recipient;
use model::{
    AlertId, ChannelId, Exclusion, ExclusionId, FeatureId, HeartbeatId, ImprovementId, Labels,
    Medium, NoticeId, Objective, PageId, PersonId, Personal, SilenceId, SloId, SourceId, Timestamp,
    TokenId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// A sign of life did not come.
    Heartbeat {
        /// Whose.
        heartbeat: HeartbeatId,
        /// When it was heard last.
        heard_at: Timestamp,
    },
    /// The product found itself not to work.
    Watch {
        /// Which check.
        check: String,
        /// What was seen.
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
    /// The sign of life came after all.
    HeartbeatHeard,
    /// The check succeeds again.
    WatchRecovered,
    /// The feature or source is no longer configured.
    NoLongerConfigured,
    /// Somebody resolved what they had raised.
    PersonResolved {
        /// Who.
        by: PersonId,
    },
}

/// Why the owner of a silence is reminded of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReminderReason {
    /// It ends soon, and it hid something.
    EndsSoon,
    /// It has been in force for long, and it hid something.
    StillHides,
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
    /// The call about this incident waits for the morning.
    Held {
        /// This one.
        page: PageId,
    },
    /// Somebody asked for the call about this incident to come back later.
    Snoozed {
        /// This one.
        page: PageId,
    },
    /// Nothing says whom to call. Loud: shown first in every view.
    NoEscalation,
}

/// What somebody had taken is nobody's again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenBack {
    /// Which page.
    pub page: PageId,
    /// Who had it, alone or as one of several.
    pub from: PersonId,
    /// Who said so.
    pub by: PersonId,
    /// How: `view`, `sms`, ….
    pub via: String,
    /// Whether calls go on with the next step; else they begin from the first.
    pub goes_on: bool,
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
    /// It was held or snoozed, and that is over.
    Woken,
    /// Whoever took it did not renew that.
    Returned,
    /// Whoever took it gave it back.
    GivenBack,
    /// Nothing says that any notice of the step before reached somebody.
    NoEvidence,
    /// Somebody did not want to wait.
    AskedFor {
        /// Who.
        by: PersonId,
    },
}

/// Why more is sent for a step that has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlsoCause {
    /// This notice did not arrive, or nothing says that it did.
    NotReached {
        /// Which.
        notice: NoticeId,
    },
    /// The rota changed hands before anybody was reached.
    ShiftChanged,
    /// The page is exhausted and no message of it was ever taken.
    NobodyReached,
}

/// Why a page that waited calls people now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WakeCause {
    /// Its time has come.
    Time,
    /// A person said so.
    Person {
        /// Who.
        by: PersonId,
    },
    /// Another alert of its incident does not wait.
    Alert {
        /// Which.
        alert: AlertId,
    },
}

/// What a condition left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Number of the step.
    pub attempt: u32,
    /// Whom; `None`: the whole step.
    pub who: Option<Recipient>,
    /// Why, in words.
    pub reason: String,
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
    /// From when on, where the person's own rules say later than at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
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

/// Something was done about an exclusion from budgets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExclusionAct {
    /// Which.
    pub exclusion: ExclusionId,
    /// Who.
    pub by: PersonId,
    /// What.
    pub step: ExclusionStep,
}

/// What was done about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionStep {
    /// It was proposed; nothing is excluded by that.
    Proposed(Box<Exclusion>),
    /// Somebody else approved it.
    Approved,
    /// It was taken back.
    Revoked {
        /// Why.
        reason: Personal,
    },
}

/// Something was done about the list of improvements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BacklogAct {
    /// Which improvement.
    pub improvement: ImprovementId,
    /// Who.
    pub by: PersonId,
    /// What.
    pub step: BacklogStep,
}

/// What was done about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BacklogStep {
    /// It was put on the list, or described anew.
    Listed(Box<Improvement>),
    /// It is on the list no more.
    Struck {
        /// Whether it was done; else it was dropped.
        done: bool,
    },
}

/// Work that somebody expects to bring budget back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Improvement {
    /// What is to be done.
    pub title: Personal,
    /// Whose failures it takes away.
    pub mends: BTreeSet<SloId>,
    /// Which part of them, in percent.
    pub percent: u8,
    /// Where it is worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenIssued {
    /// Its id.
    pub token: TokenId,
    /// What it opens.
    pub kind: TokenKind,
    /// On whose behalf it acts.
    pub person: Option<PersonId>,
    /// What people call it.
    pub label: String,
    /// Lower-case hex SHA-256 of the secret.
    pub sha256: String,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Somebody answers for going on though a budget is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetWaiver {
    /// Of which feature.
    pub feature: FeatureId,
    /// Who.
    pub by: PersonId,
    /// Why.
    pub reason: Personal,
    /// Until when.
    pub until: Timestamp,
}
