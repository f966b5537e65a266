//! What is true now: the fold over all events. In memory, complete for everything still open and
//! for the most recent closed things; older ones are read from the journal.

use crate::Access;
use crate::event::{Origin, SignRole};
use crate::reach::Reach;
use crate::receipt::Receipt;
use crate::shifts::Swap;
use crate::silence::Silence;
use model::{
    AlertId, Catalogue, ChannelId, EscalationId, ExclusionId, FeatureId, HandoverId, IncidentId,
    Map, Medium, Millis, NoticeId, Objective, OverrideId, PageId, PersonId, Personal, RosterId,
    RotaId, ServiceId, Set, Severity, SilenceId, SloId, SourceId, SwapId, TeamId, Timestamp,
    TokenId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Limits of hot state; reaching one is an event or a refusal, never a silent loss.
#[derive(Debug)]
pub struct Limits;

impl Limits {
    /// Closed incidents kept in memory; older ones are read from the journal.
    pub const INCIDENTS_CLOSED_MAX: usize = 500;
    /// Resolved alerts kept in memory.
    pub const ALERTS_CLOSED_MAX: usize = 2_000;
    /// Messages of one page kept in memory, beyond those of its present round.
    pub const NOTICES_PER_PAGE: usize = 200;
    /// Remembered idempotency keys.
    pub const KEYS_MAX: usize = 10_000;
    /// Journal positions remembered per incident and per alert.
    pub const TRAIL_MAX: usize = 500;
    /// Silences to come or in force.
    pub const SILENCES_OPEN_MAX: usize = 1_000;
    /// Ended silences kept in memory.
    pub const SILENCES_ENDED_MAX: usize = 500;
    /// Longest silence: what is not wanted for longer should not be an alert.
    pub const SILENCE_MAX: Millis = Millis::from_days(366);
    /// Overrides that are kept; as many swaps may wait for an answer.
    pub const OVERRIDES_MAX: usize = 2_000;
    /// Longest snooze of a page: until the same time tomorrow.
    pub const SNOOZE_MAX: Millis = Millis::from_hours(24);
    /// Tokens of one organisation.
    pub const TOKENS_MAX: usize = 10_000;
    /// How often a notice is tried before it is given up.
    pub const NOTICE_ATTEMPTS_MAX: u32 = 6;
    /// Recipients of the daily mail.
    pub const DIGEST_RECIPIENTS_MAX: usize = 20;
    /// Longest title or reason, in bytes.
    pub const TEXT_LENGTH_MAX: usize = 1_024;
    /// Longest note beside an incident, in bytes.
    pub const NOTE_LENGTH_MAX: usize = 4 * 1_024;
    /// Notes beside one incident.
    pub const NOTES_MAX: usize = 200;
    /// How often one person is answered in an hour.
    pub const ANSWERS_PER_HOUR_MAX: usize = 30;
    /// Longest review, in bytes.
    pub const REVIEW_LENGTH_MAX: usize = 64 * 1_024;
}

/// Everything that is true now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Position of the last event folded in; 0 before the first.
    pub seq: u64,
    /// Time of that event.
    pub at: Timestamp,
    /// The catalogue in force.
    pub catalogue: Option<Arc<Catalogue>>,
    /// How many catalogues have been in force.
    pub catalogue_version: u64,
    /// Hash of the one in force.
    pub catalogue_hash: String,
    /// Alerts, firing and recently resolved.
    pub alerts: Map<AlertId, Alert>,
    /// The firing alert of each key.
    pub firing: Map<String, AlertId>,
    /// Resolved alerts still in memory that belong to no incident in memory, oldest first.
    pub alerts_closed: Set<AlertId>,
    /// Incidents, open and recently closed.
    pub incidents: Map<IncidentId, incident::Incident>,
    /// The open incident of each group.
    pub open_groups: Map<String, IncidentId>,
    /// The open incident that took over a group whose own was merged into it.
    #[serde(default)]
    pub merged_groups: BTreeMap<String, IncidentId>,
    /// Of each policy, at which place in the journal people were last called by turn.
    #[serde(default)]
    pub turns: BTreeMap<EscalationId, BTreeMap<PersonId, u64>>,
    /// Pages of the incidents above.
    pub pages: Map<PageId, paging::Page>,
    /// Notices of the pages above, and of the last daily mails.
    pub notices: Map<NoticeId, Notice>,
    /// Who was called how often, and what followed.
    #[serde(default)]
    pub load: crate::load::Load,
    /// The time beside another pager.
    #[serde(default)]
    pub shadow: crate::shadow::Shadow,
    /// Signatures of features' objectives.
    pub signatures: BTreeMap<FeatureId, BTreeMap<SignRole, Signature>>,
    /// Silences, to come, in force and recently ended.
    #[serde(default)]
    pub silences: Map<SilenceId, Silence>,
    /// What people changed about who is on duty, to come, in force and of the last months.
    #[serde(default)]
    pub overrides: BTreeMap<OverrideId, oncall::Override>,
    /// Proposed rosters, of the last months.
    #[serde(default)]
    pub rosters: BTreeMap<RosterId, crate::Roster>,
    /// What teams were asked besides their work.
    #[serde(default)]
    pub tribute: crate::Tribute,
    /// What whoever goes tells whoever comes, and what is to do.
    #[serde(default)]
    pub handovers: crate::Handovers,
    /// What is thin in the week to come, per rota.
    #[serde(default)]
    pub ahead: BTreeMap<RotaId, crate::Ahead>,
    /// Requests to take a shift, open and answered.
    #[serde(default)]
    pub swaps: BTreeMap<SwapId, Swap>,
    /// Heartbeats, changes, planned work, and the product watching itself.
    #[serde(default)]
    pub watching: crate::Watching,
    /// What was pushed lately, by objective.
    #[serde(default)]
    pub pushed: Map<SloId, crate::PushedCounts>,
    /// Waivers of budgets; some have ended by themselves.
    #[serde(default)]
    pub waivers: BTreeMap<FeatureId, crate::Waiver>,
    /// Improvements that are listed.
    #[serde(default)]
    pub backlog: BTreeMap<model::ImprovementId, crate::Listed>,
    /// Exclusions from budgets that people entered; those of the configuration are in the catalogue.
    #[serde(default)]
    pub exclusions: BTreeMap<ExclusionId, crate::Excluding>,
    /// How often they changed.
    #[serde(default)]
    pub exclusions_revision: u64,
    /// Who asked not to be written to in which way.
    #[serde(default)]
    pub contacts_stopped: Set<(PersonId, Medium)>,
    /// Sources that do not answer; the others are not in here.
    pub sources_failing: BTreeMap<SourceId, SourceHealth>,
    /// Who can be reached and how, and what waits for evidence of it.
    #[serde(default)]
    pub reach: Reach,
    /// Ways in.
    pub access: Access,
    /// Journal position by idempotency key, most recent [`Limits::KEYS_MAX`].
    pub keys: Map<String, u64>,
    /// The same, by position, to forget the oldest.
    pub keys_by_seq: Map<u64, String>,
    /// The day of the last daily mail.
    pub digest_day: i64,
    /// The next free numbers.
    pub next: NextIds,
}

/// The next free number of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextIds {
    /// Alerts made so far.
    pub alert: u64,
    /// Incidents made so far.
    pub incident: u64,
    /// Pages made so far.
    pub page: u64,
    /// Notices made so far.
    pub notice: u64,
    /// Tokens made so far.
    pub token: u64,
    /// Silences made so far.
    #[serde(default)]
    pub silence: u64,
    /// Overrides made so far.
    #[serde(default)]
    pub overriding: u64,
    /// Rosters proposed so far.
    #[serde(default)]
    pub roster: u64,
    /// Looks ahead that found something so far.
    #[serde(default)]
    pub look: u64,
    /// Swaps asked for so far.
    #[serde(default)]
    pub swap: u64,
    /// Shifts whose beginning was asked about so far.
    #[serde(default)]
    pub duty_call: u64,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is deduplicated by.
    pub key: String,
    /// Where it came from.
    pub origin: Origin,
    /// How urgent.
    pub severity: Severity,
    /// What it is about.
    pub feature: Option<FeatureId>,
    /// What it is about.
    pub service: Option<ServiceId>,
    /// Who answers for it.
    pub team: Option<TeamId>,
    /// One line for people.
    pub summary: String,
    /// Since when, as sender or measurement says.
    pub starts_at: Timestamp,
    /// When we learned of it.
    pub fired_at: Timestamp,
    /// For how long it is believed without being sent again.
    pub lease: Option<Millis>,
    /// After how long unheard it is called stale.
    pub stale_after: Option<Millis>,
    /// How often its description changed.
    #[serde(default)]
    pub updates: u32,
    /// When it last did.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// Whether it fires.
    pub status: AlertStatus,
    /// The incident it belongs to.
    pub incident: Option<IncidentId>,
    /// Why it called nobody, if it did not.
    pub not_paged: Option<crate::NotPagedReason>,
    /// Journal positions that speak of it, oldest first.
    pub trail: Vec<u64>,
    /// How the budget of its feature stood when it fired; of a burn, its origin says so.
    #[serde(default)]
    pub budget: Option<crate::BudgetSeen>,
}

/// Whether an alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// It fires.
    Firing,
    /// It fired when last heard of, which is long ago.
    Stale,
    /// It is over.
    Resolved {
        /// Since when.
        at: Timestamp,
    },
}

/// A message to one address: the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is for.
    pub purpose: Purpose,
    /// To whom.
    pub to: Recipient,
    /// How.
    pub medium: Medium,
    /// Through which channel.
    pub channel: ChannelId,
    /// When it was to go out: when it was decided, or later where the person's own rules say so.
    pub decided_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Where it stands.
    pub status: NoticeStatus,
    /// What is known of its arrival.
    #[serde(default)]
    pub receipt: Option<Receipt>,
    /// The notice whose message told of this one too.
    #[serde(default)]
    pub covered_by: Option<NoticeId>,
    /// What it says, where that is not written from the state when it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Personal>,
}

/// What a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To wake somebody.
    Page {
        /// Which page.
        page: PageId,
        /// Which step of it.
        attempt: u32,
    },
    /// To remind whoever has a page that their time with it ends.
    Renewal {
        /// Which page.
        page: PageId,
    },
    /// To ask somebody to take over a page.
    Hand {
        /// Which page.
        page: PageId,
    },
    /// To list several pages that somebody would have been called for one by one.
    Bundle,
    /// To say that more alerts joined.
    Update {
        /// Which incident.
        incident: IncidentId,
    },
    /// To say that an incident is over.
    End {
        /// Which incident.
        incident: IncidentId,
    },
    /// To say that somebody had enough, and what follows.
    Load {
        /// Which moment, as [`crate::Event::LoadReached`] counts them.
        load: u64,
    },
    /// The daily mail.
    Digest {
        /// Days since the epoch, UTC.
        day: i64,
    },
    /// A code that shows whose address it is.
    Verify,
    /// To see what arrives.
    Test,
    /// A shift begins, and somebody should know.
    Duty {
        /// Which call, by number.
        call: u64,
    },
    /// To remind the owner of a silence.
    Reminder {
        /// Which silence.
        silence: SilenceId,
        /// Why.
        reason: crate::ReminderReason,
    },
    /// To tell somebody what became of what they asked by a message.
    Answer,
    /// To ask somebody to take a shift, or to say how that was answered.
    Swap {
        /// Which request.
        swap: SwapId,
    },
    /// To tell people that a roster was published, or put aside.
    Roster {
        /// Which.
        roster: RosterId,
    },
    /// To tell whoever has the duty that an interruption is for them.
    Interruption {
        /// Which.
        number: u64,
    },
    /// About a handover.
    Handover {
        /// Which.
        handover: HandoverId,
        /// What is wanted of whoever gets it.
        ask: crate::HandoverAsk,
    },
    /// To tell the owners of a rota what is thin in the week to come.
    Thin {
        /// Which look, by number.
        look: u64,
    },
}

impl Purpose {
    /// The page it is about.
    #[must_use]
    pub fn page(&self) -> Option<PageId> {
        match self {
            Self::Page { page, .. } | Self::Renewal { page } | Self::Hand { page } => Some(*page),
            Self::Digest { .. }
            | Self::Bundle
            | Self::Update { .. }
            | Self::End { .. }
            | Self::Load { .. }
            | Self::Reminder { .. }
            | Self::Answer
            | Self::Verify
            | Self::Test
            | Self::Duty { .. }
            | Self::Swap { .. }
            | Self::Roster { .. }
            | Self::Handover { .. }
            | Self::Interruption { .. }
            | Self::Thin { .. } => None,
        }
    }
}

/// To whom a notice goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// A person, at their address for the notice's medium.
    Person(PersonId),
    /// Another system.
    Channel(ChannelId),
}

/// Where a notice stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeStatus {
    /// To be sent at or after `at`.
    Due {
        /// When.
        at: Timestamp,
    },
    /// A provider took it.
    Sent {
        /// When.
        at: Timestamp,
        /// The provider's id.
        provider_id: String,
    },
    /// Given up.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        detail: String,
    },
    /// Not wanted any more before it was sent.
    Cancelled,
    /// Its message is part of another one.
    Bundled {
        /// That one.
        into: NoticeId,
    },
    /// It would have gone out: another pager still calls.
    Shadowed {
        /// When.
        at: Timestamp,
    },
}

/// A signature under an objective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Under what.
    pub objective: Objective,
    /// Over which window.
    pub window: Millis,
    /// The words that were signed; empty for signatures older than this.
    #[serde(default)]
    pub terms: String,
}

/// A source that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// Since when.
    pub failing_since: Timestamp,
    /// What went wrong first.
    pub detail: String,
}

impl State {
    /// Notices that may be sent at `now`, oldest first.
    pub fn notices_due(&self, now: Timestamp) -> impl Iterator<Item = (NoticeId, &Notice)> {
        self.notices
            .iter()
            .filter(move |(_, it)| matches!(it.status, NoticeStatus::Due { at } if at <= now))
            .map(|(id, it)| (*id, it))
    }

    /// Open incidents, newest first.
    pub fn incidents_open(&self) -> impl Iterator<Item = (IncidentId, &incident::Incident)> {
        self.incidents.iter().rev().filter(|(_, it)| it.is_open()).map(|(id, it)| (*id, it))
    }

    /// Alerts that fire (or are stale), newest first.
    pub fn alerts_firing(&self) -> impl Iterator<Item = (AlertId, &Alert)> {
        self.alerts
            .iter()
            .rev()
            .filter(|(_, it)| !matches!(it.status, AlertStatus::Resolved { .. }))
            .map(|(id, it)| (*id, it))
    }

    /// The catalogue in force; an empty organisation has none.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.catalogue.as_deref()
    }

    /// The signature of `role` under the objective of `feature` as it stands now.
    #[must_use]
    pub fn signature(&self, feature: &FeatureId, role: SignRole) -> Option<&Signature> {
        let now = self.catalogue()?.features.get(feature)?;
        let signature = self.signatures.get(feature)?.get(&role)?;
        let same = signature.objective == now.objective && signature.window == now.window;
        let same_words = signature.terms.is_empty() || signature.terms == crate::terms(now);
        (same && same_words).then_some(signature)
    }

    /// The token id after the last one made; shown so that callers can name what they made.
    #[must_use]
    pub fn last_token(&self) -> TokenId {
        TokenId(self.next.token)
    }
}
