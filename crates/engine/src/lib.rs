//! The one state machine: commands in, events out, state as their fold.
//!
//! Intuition: a careful clerk with a ledger. Asked for something ([`Command`]), the clerk looks at
//! the ledger ([`State`]), and either refuses ([`Rejected`]) or says what would now be true
//! ([`Event`]s). Only after those are safely on paper does anybody act on them: pages to send are
//! part of the state ([`Notice`]s), never a side effect.
//!
//! [`Engine::execute`] runs one command to its end: `decide` names the first events, each is folded
//! in, and `consequence` names what follows from it, until nothing does.
//!
//! The parts that have a life of their own live in crates below: a page in `paging`, an incident
//! in `incident`, who is on duty in `oncall`, budgets in `slo`. This crate composes them.
//!
//! Invariants:
//! - no I/O, no clock, no randomness: `now`, the catalogue and the zones are inputs;
//! - `decide` may refuse, [`State::apply`] may not;
//! - one event's consequences depend on the state after it and on nothing else;
//! - replaying the events gives the same [`State`];
//! - nothing that pages is dropped without an event that says why.

mod access;
mod ahead;
mod apply;
mod backlog;
mod budget;
mod change;
mod command;
mod consequence;
mod deal;
mod decide;
mod due;
mod duty;
mod ended;
mod event;
mod exclusion;
mod execute;
mod handover;
mod heartbeat;
mod late;
mod leases;
mod limits_told;
mod load;
mod maintenance;
mod merge;
mod notify;
mod pushed;
mod reach;
mod receipt;
mod roster;
mod round;
mod shadow;
mod shifts;
mod silence;
mod state;
mod steer;
mod storm;
mod targets;
mod tell;
mod tell_deal;
mod tell_reach;
mod terms;
mod thin;
mod tribute;
mod urgency;
mod waiver;
mod watching;
mod ways;
mod why;

#[cfg(test)]
mod tests;

pub use crate::shadow::{Heard, OurCall, SHADOW_KEPT, Shadow, TheirAct, TheirCall};
pub use access::{Access, Password, Role, Token, TokenKind};
pub use ahead::{AHEAD, Ahead, FINDINGS_MAX, Thin, ThinKind};
pub use backlog::{IMPROVEMENTS_MAX, Listed};
pub use budget::BudgetSeen;
pub use change::{CHANGES_BEFORE, CHANGES_MAX, Change};
pub use command::{
    Command, Context, DeliveryOutcome, DoorAlert, DoorLife, Rejected, Subject, Submission,
};
pub use duty::{DutyCall, DutyStage};
pub use event::{
    Actor, AlsoCause, BacklogAct, BacklogStep, BudgetWaiver, DigestLine, DutyThin, Event,
    EventRecord, Evidence, ExclusionAct, ExclusionStep, GivenBack, Improvement, LeftOut, NewNotice,
    NotPagedReason, Origin, OverrideSet, PageCause, ReminderReason, ResolveReason, RosterAnswered,
    RosterProposed, SignRole, SkippedNotice, SwapAnswered, SwapAsked, TokenIssued, WakeCause,
};
pub use exclusion::{EXCLUDED_MAX, EXCLUSIONS_MAX, Excluding, ExclusionPhase};
pub use execute::{Engine, Executed};
pub use handover::{
    Fact, Handover, HandoverAsk, HandoverCommand, HandoverEvent, HandoverStage, Handovers, Held,
    IfThen, ReadBack, Shifting, TODOS_OPEN_MAX, Todo, Written, draft_facts,
};
pub use heartbeat::{Pulse, heartbeat_key};
pub use late::{LATE_FROM, Owed, in_order, together};
pub use load::{CALLS_WINDOW, Load, LoadEntry, LoadOutcome, Received, Relief, Taken};
pub use pushed::{BATCH_MAX, PUSH_AGE_MAX, Push, PushedCounts, PushedMinute};
pub use reach::{
    ASK_AGAIN_AFTER, Asked, CODE_LASTS, CODE_TRIES_MAX, EVIDENCE_LASTS, PersonReach, Reach,
    Unreached, Verified,
};
pub use receipt::{Receipt, ReceiptEvidence, Standing};
pub use roster::{ROSTER_SHIFTS_MAX, Roster, RosterChange, RosterShift};
pub use shifts::{Swap, SwapAnswer};
pub use silence::{Silence, SilencePhase};
pub use state::{
    Alert, AlertStatus, Limits, NextIds, Notice, NoticeStatus, Purpose, Recipient, Signature,
    SourceHealth, State,
};
pub use storm::{UPDATE_EVERY, UPDATES_MAX, Updates};
pub use tell::tell;
pub use terms::terms;
pub use tribute::{
    Interruption, InterruptionKind, InterruptionNoted, Leak, NoteInterruption, TRIBUTE_PEOPLE_MIN,
    Tribute, week_of,
};
pub use waiver::{WAIVER_MAX, Waiver};
pub use watching::{Plan, SYNTHETIC_ALERT, SYNTHETIC_GROUP, SyntheticSeen, Watching};
pub use why::{WhyId, WhyLine, why, why_trail};
