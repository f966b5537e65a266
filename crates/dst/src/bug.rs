//! Bugs planted on purpose. The list grows with every real one.

mod dealing;
mod duty;

use driver::Planted;
use engine::{Event, EventRecord};
use model::{AlertId, Millis, NoticeId, PageId};
use std::collections::BTreeSet;
use std::fmt;

/// A bug to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Deadlines pass unseen.
    LostTimer,
    /// The journal answers before it has synced.
    MissingSync,
    /// The worker sends what it has sent before.
    SentTwice,
    /// The worker goes by a list it made earlier, and calls people after the end.
    SentAfterEnd,
    /// The worker reports as sent what it has not sent.
    SentWithoutSending,
    /// The worker forgets to report what became of a notice.
    DroppedOutcome,
    /// A writer whose lease another one took still writes.
    StaleLease,
    /// After a failed append the speculative state stays.
    KeptSpeculation,
    /// The clock is believed when it goes backwards.
    BackwardClock,
    /// A door answers 2xx and then loses the alert.
    LostSubmission,
    /// A snapshot misses the last incident and says it does not.
    SnapshotMissesIncident,
    /// A failed notice is tried again tomorrow.
    RetryFarAway,
    /// Nobody is asked for a review.
    ReviewNotAsked,
    /// An alert calls nobody, and nobody says why.
    NoReasonGiven,
    /// Notices share one id, and so one idempotency key.
    NumberReused,
    /// After a restart leases end at once.
    NoGrace,
    /// Erased text stays in memory.
    ErasedStays,
    /// A page stops after its first step.
    StopsEscalating,
    /// What a silence hid is forgotten when it ends.
    SilenceKeeps,
    /// One command panics.
    Panic,
    /// What nobody renewed stays with whoever had it.
    NeverReturned,
    /// What waits for the morning waits for years.
    HeldForever,
    /// A page comes back much later than whoever put it off said.
    PutOffForever,
    /// One answer counts where two must come.
    OneIsEnough,
    /// A page is handed to whoever has it.
    HandedToSomebodyElse,
    /// Two incidents become one, and the pages of both end.
    MergedIntoNothing,
    /// Calls stand in a list that is no message.
    ListLost,
    /// Many calls are made one by one.
    ListNotMade,
    /// People are called while another pager still does.
    ShadowForgotten,
    /// Whoever asks for the next step is answered, and nothing follows.
    EscalationIgnored,
    /// Whoever takes over is thanked, and does not have it.
    TakeOverForgotten,
    /// What a provider says did not arrive counts as arrived.
    ReceiptTurned,
    /// A page that reached nobody is not tried again.
    OwedForgotten,
    /// A condition leaves out a step, and nothing says so.
    SilentlyLeftOut,
    /// Whoever an override replaces is called, and whoever has their duty is not.
    ReplacedIsPaged,
    /// Whoever changes who is on duty is thanked, and nothing changes.
    OverrideForgotten,
    /// A swap counts before it is accepted.
    SwapWithoutAnswer,
    /// An accepted swap changes nothing.
    SwapNotCarriedOut,
    /// A page that is given back ends, and calls nobody.
    GivenBackToNobody,
    /// A handover that nobody reads calls, and its call goes to nobody.
    HandoverCallsNobody,
    /// Nobody looks after a handover that nobody reads.
    HandoverLeftLying,
    /// Whoever reads a handover back is thanked, and it stays unread.
    ReadBackForgotten,
    /// A minute of which nothing is known counts as a good one.
    SilenceIsGood,
    /// What comes late counts, and is not kept.
    LateMinutesUnkept,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 44] = [
        Self::LostTimer,
        Self::MissingSync,
        Self::SentTwice,
        Self::SentAfterEnd,
        Self::SentWithoutSending,
        Self::DroppedOutcome,
        Self::StaleLease,
        Self::KeptSpeculation,
        Self::BackwardClock,
        Self::LostSubmission,
        Self::SnapshotMissesIncident,
        Self::RetryFarAway,
        Self::ReviewNotAsked,
        Self::NoReasonGiven,
        Self::NumberReused,
        Self::NoGrace,
        Self::ErasedStays,
        Self::StopsEscalating,
        Self::SilenceKeeps,
        Self::Panic,
        Self::NeverReturned,
        Self::HeldForever,
        Self::PutOffForever,
        Self::OneIsEnough,
        Self::HandedToSomebodyElse,
        Self::MergedIntoNothing,
        Self::ListLost,
        Self::ListNotMade,
        Self::ShadowForgotten,
        Self::EscalationIgnored,
        Self::TakeOverForgotten,
        Self::ReceiptTurned,
        Self::OwedForgotten,
        Self::SilentlyLeftOut,
        Self::ReplacedIsPaged,
        Self::OverrideForgotten,
        Self::SwapWithoutAnswer,
        Self::SwapNotCarriedOut,
        Self::GivenBackToNobody,
        Self::HandoverCallsNobody,
        Self::HandoverLeftLying,
        Self::ReadBackForgotten,
        Self::SilenceIsGood,
        Self::LateMinutesUnkept,
    ];

    /// The bug called so.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.to_string() == name)
    }

    /// What has to be planted in the driver for this bug.
    pub(crate) fn in_driver(self) -> Planted {
        let mut planted = Planted::default();
        match self {
            Self::LostTimer => planted.skips_ticks = true,
            Self::KeptSpeculation => planted.keeps_speculation = true,
            Self::BackwardClock => planted.trusts_clock = true,
            Self::SnapshotMissesIncident => planted.snapshot_misses_event = true,
            Self::NoGrace => planted.without_grace = true,
            Self::ErasedStays => planted.keeps_erased = true,
            Self::RetryFarAway => planted.rewrite = Some(retried_tomorrow),
            Self::ReviewNotAsked => planted.rewrite = Some(without_review),
            Self::NoReasonGiven => planted.rewrite = Some(without_reason),
            Self::NumberReused => planted.rewrite = Some(with_one_number),
            Self::SilenceKeeps => planted.rewrite = Some(without_return),
            Self::StopsEscalating => planted.rewrite = Some(with_far_deadline),
            Self::Panic => {
                planted.panics_over =
                    Some(|it| matches!(it.command, engine::Command::AcknowledgePage { .. }));
            }
            Self::NeverReturned => planted.rewrite = Some(dealing::never_returned),
            Self::HeldForever => planted.rewrite = Some(dealing::held_for_ever),
            Self::PutOffForever => planted.rewrite = Some(dealing::put_off_for_ever),
            Self::OneIsEnough => planted.rewrite = Some(dealing::one_is_enough),
            Self::HandedToSomebodyElse => planted.rewrite = Some(dealing::handed_back),
            Self::MergedIntoNothing => planted.rewrite = Some(dealing::merged_into_nothing),
            Self::ListLost => planted.rewrite = Some(dealing::with_lost_list),
            Self::ListNotMade => planted.rewrite = Some(dealing::without_lists),
            Self::ShadowForgotten => planted.rewrite = Some(dealing::without_shadow),
            Self::EscalationIgnored => planted.rewrite = Some(dealing::without_escalation),
            Self::TakeOverForgotten => planted.rewrite = Some(dealing::without_take_over),
            Self::ReceiptTurned => planted.rewrite = Some(dealing::with_receipts_turned),
            Self::OwedForgotten => planted.rewrite = Some(dealing::without_more_tries),
            Self::SilentlyLeftOut => planted.rewrite = Some(dealing::without_what_was_left_out),
            Self::ReplacedIsPaged => planted.rewrite_by = Some(duty::replaced_is_paged),
            Self::OverrideForgotten => planted.rewrite = Some(duty::override_forgotten),
            Self::SwapWithoutAnswer => planted.rewrite = Some(duty::swap_without_answer),
            Self::SwapNotCarriedOut => planted.rewrite = Some(duty::swap_not_carried_out),
            Self::GivenBackToNobody => planted.rewrite = Some(duty::given_back_to_nobody),
            Self::HandoverCallsNobody => planted.rewrite = Some(duty::handover_calls_nobody),
            Self::HandoverLeftLying => planted.rewrite = Some(duty::handover_left_lying),
            Self::ReadBackForgotten => planted.rewrite = Some(duty::read_back_forgotten),
            Self::MissingSync
            | Self::SentTwice
            | Self::SilenceIsGood
            | Self::LateMinutesUnkept
            | Self::SentAfterEnd
            | Self::SentWithoutSending
            | Self::DroppedOutcome
            | Self::StaleLease
            | Self::LostSubmission => {}
        }
        planted
    }
}

/// The name in the code.
impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

fn retried_tomorrow(mut records: Vec<EventRecord>) -> Vec<EventRecord> {
    for record in &mut records {
        if let Event::NoticeFailed { retry_at: Some(at), .. } = &mut record.event {
            *at = at.plus(Millis::from_days(1));
        }
    }
    records
}

fn with_one_number(mut records: Vec<EventRecord>) -> Vec<EventRecord> {
    for record in &mut records {
        if let Event::PageNotified { notices, .. } = &mut record.event {
            for it in notices.iter_mut() {
                it.notice = NoticeId(1);
            }
        }
    }
    records
}

fn with_far_deadline(mut records: Vec<EventRecord>) -> Vec<EventRecord> {
    for record in &mut records {
        if let Event::PageNotified { deadline, .. } = &mut record.event {
            *deadline = deadline.plus(Millis::from_days(10_000));
        }
    }
    records
}

fn without_review(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::ReviewAsked { .. }))
}

fn without_reason(records: Vec<EventRecord>) -> Vec<EventRecord> {
    without(records, |it| matches!(it, Event::NotPaged { .. }))
}

fn without_return(records: Vec<EventRecord>) -> Vec<EventRecord> {
    let returned: BTreeSet<AlertId> = records
        .iter()
        .filter_map(|it| match &it.event {
            Event::AlertUnsilenced { alert, .. } => Some(*alert),
            _ => None,
        })
        .collect();
    let opened: BTreeSet<PageId> = records
        .iter()
        .filter_map(|it| match &it.event {
            Event::PageOpened { page, alert, .. } if returned.contains(alert) => Some(*page),
            _ => None,
        })
        .collect();
    without(records, |it| match it {
        Event::AlertUnsilenced { alert, .. }
        | Event::IncidentOpened { alert, .. }
        | Event::AlertJoined { alert, .. }
        | Event::PageOpened { alert, .. }
        | Event::NotPaged { alert, .. } => returned.contains(alert),
        Event::PageNotified { page, .. } => opened.contains(page),
        _ => false,
    })
}

pub(super) fn without(
    mut records: Vec<EventRecord>,
    gone: impl Fn(&Event) -> bool,
) -> Vec<EventRecord> {
    let Some(first) = records.first().map(|it| it.seq) else { return records };
    records.retain(|it| !gone(&it.event));
    for (record, seq) in records.iter_mut().zip(first..) {
        record.seq = seq;
    }
    records
}
