//! Events as sentences, for timelines and `why`.

use crate::event::{
    BudgetWaiver, Event, NotPagedReason, Origin, PageCause, ReminderReason, ResolveReason, SignRole,
};
use crate::limits_told::told_limits;
use crate::notify::name;
use crate::state::Recipient;
use crate::tell_deal;
use model::{Catalogue, PersonId, Severity};
use slo::ConditionState;
use std::fmt::Write as _;

/// One sentence, in words a person would use. Names people as `catalogue` does. No arm stands for the rest: the
/// compiler asks for words for each new event.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a table of events")]
pub fn tell(event: &Event, catalogue: Option<&Catalogue>) -> String {
    let person = |id: &PersonId| -> String { named(catalogue, id) };
    match event {
        Event::CatalogueAdopted { version, hash, .. } => {
            format!("Configuration {version} ({}) is in force.", &hash[..hash.len().min(12)])
        }
        Event::AlertFired { alert, origin, severity, summary, budget, .. } => {
            let origin = told_origin(origin, *severity, &person);
            let budget =
                budget.as_ref().map_or(String::new(), |it| format!(" At that time {}.", it.told()));
            format!("Alert {alert} ({severity}): {summary} {origin}{budget}")
        }
        Event::AlertStale { alert, heard_at } => {
            format!("Alert {alert} has not been repeated since {heard_at}; it stays open.")
        }
        Event::AlertHeardAgain { alert } => format!("Alert {alert} was heard of again."),
        Event::AlertResolved { alert, reason } => {
            format!("Alert {alert} ended: {}.", told_resolve(reason, &person))
        }
        Event::NotPaged { alert, reason } => {
            format!("Nobody was called for alert {alert}: {}.", told_not_paged(reason, &person))
        }
        Event::SilenceSet { .. }
        | Event::SilenceStarted { .. }
        | Event::SilenceEnded { .. }
        | Event::AlertUnsilenced { .. } => told_silence(event, &person),
        Event::SilenceReminded { .. }
        | Event::MaintenancePlanned { .. }
        | Event::MaintenanceCancelled { .. }
        | Event::HeartbeatHeard { .. }
        | Event::ChangeHappened { .. }
        | Event::AlertUpdated { .. }
        | Event::JournalProbed
        | Event::SyntheticSeen { .. } => told_watched(event, &person),
        Event::OverrideSet { .. }
        | Event::OverrideEnded { .. }
        | Event::SwapAsked { .. }
        | Event::SwapAnswered { .. } => crate::shifts::tell(event, &person),
        Event::DutyThin { .. } => crate::ahead::tell(event, &person),
        Event::InterruptionNoted(it) => crate::tribute::tell(it, &person),
        Event::Handover(event) => crate::handover::tell(event, &person),
        Event::RosterProposed { .. } | Event::RosterAnswered { .. } => {
            crate::roster::tell(event, &person)
        }
        Event::IncidentOpened { incident, alert, .. } => {
            format!("Incident {incident} opened for alert {alert}.")
        }
        Event::AlertJoined { incident, alert } => {
            format!("Alert {alert} belongs to incident {incident}, which is open.")
        }
        Event::PageOpened { page, escalation, urgency, .. } => {
            let urgency = urgency.as_ref().map_or(String::new(), |it| format!("; {it}"));
            format!("Page {page} follows the escalation policy `{escalation}`{urgency}.")
        }
        Event::PageHeld { .. }
        | Event::PageWoken { .. }
        | Event::PagePartlyAcknowledged { .. }
        | Event::PageReminded { .. }
        | Event::PageRenewed { .. }
        | Event::PageReturned { .. }
        | Event::PageGivenBack(_)
        | Event::PageHanded { .. }
        | Event::PageSnoozed { .. }
        | Event::IncidentMerged { .. } => tell_deal::told(event, &person),
        Event::PageNotified { .. } => told_notified(event, &person),
        Event::NoticeSent { .. } | Event::NoticeFailed { .. } => told_notice(event),
        Event::PageAcknowledged { page, by, via } => {
            format!("{} took page {page} ({via}).", person(by))
        }
        Event::PageExhausted { page, left_out } => {
            let left_out = tell_deal::told_left_out(left_out, false, &person);
            format!("Nobody answered page {page}: every step and repeat has passed{left_out}.")
        }
        Event::PageEnded { page, reason } => format!("Page {page} ended: {reason}."),
        Event::IncidentResolved { incident, by: None } => {
            format!("Incident {incident} is over: everything that fired has ended.")
        }
        Event::IncidentResolved { incident, by: Some(by) } => {
            format!("{} said that incident {incident} is over.", person(by))
        }
        Event::NoteAdded { .. }
        | Event::EscalationAsked { .. }
        | Event::TakenOver { .. }
        | Event::ContactStopped { .. }
        | Event::ContactStarted { .. }
        | Event::AnswerDue { .. } => told_steered(event, &person),
        Event::ReviewAsked { incident, due_at } => {
            format!("The team is asked to review incident {incident} by {due_at}.")
        }
        Event::ReviewPublished { incident, by, .. } => {
            format!("{} published the review of incident {incident}.", person(by))
        }
        Event::CountsPushed { .. }
        | Event::SourceFailing { .. }
        | Event::BudgetWaived(_)
        | Event::Exclusion(_)
        | Event::Backlog(_)
        | Event::WaiverEnded { .. } => told_promised(event, &person),
        Event::Signed { feature, role, by, objective, window, .. } => {
            let role = if *role == SignRole::Product { "product" } else { "engineering" };
            format!("{} signed {objective} over {window} of `{feature}` for {role}.", person(by))
        }
        Event::SourceRecovered { source } => format!("Source {source} answers again."),
        Event::TokenIssued(it) => format!("Token {} ({}) was made.", it.token, it.label),
        Event::TokenRevoked { token } => format!("Token {token} was revoked."),
        Event::PasswordSet { person: who, .. } => {
            format!("{} has a new password.", person(who))
        }
        Event::DigestDue { notices, .. } => {
            format!("The daily mail is due to {} people.", notices.len())
        }
        Event::CallsBundled { .. }
        | Event::LoadReached { .. }
        | Event::ReliefEnded { .. }
        | Event::PagedAnyway { .. }
        | Event::IncidentUpdated { .. }
        | Event::EndTold { .. }
        | Event::ShadowBegan { .. }
        | Event::ShadowEnded { .. }
        | Event::TheirCall { .. } => told_limits(event, &person),
        Event::NoticeDelivered { .. }
        | Event::NoticeUndelivered { .. }
        | Event::NoticeCovered { .. }
        | Event::PageNotifiedAlso { .. }
        | Event::VerificationAsked { .. }
        | Event::VerificationFailed { .. }
        | Event::ContactVerified { .. }
        | Event::ContactsTested { .. }
        | Event::ShiftExpected { .. }
        | Event::DutyAsked { .. }
        | Event::DutyReminded { .. }
        | Event::DutyConfirmed { .. }
        | Event::DutyUnconfirmed { .. } => crate::tell_reach::tell(event, &person),
    }
}

/// Silences, and what they hid.
fn told_silence(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::SilenceSet { silence, matchers, starts_at, ends_at, by, plan, .. } => {
            let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
            let matchers = matchers.join(", ");
            let by = person(by);
            let who = match plan {
                Some(plan) => format!("The planned work `{plan}` of {by}"),
                None => by,
            };
            format!("{who} set silence {silence} for {matchers}, {starts_at} to {ends_at}.")
        }
        Event::SilenceStarted { silence } => format!("Silence {silence} is in force."),
        Event::SilenceEnded { silence, by: None } => format!("Silence {silence} is over."),
        Event::SilenceEnded { silence, by: Some(by) } => {
            format!("{} ended silence {silence}.", person(by))
        }
        Event::AlertUnsilenced { alert, silence } => {
            format!("Silence {silence} is over and alert {alert} still fires.")
        }
        _ => String::new(),
    }
}

/// Heartbeats, changes, planned work, and the product watching itself.
fn told_watched(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::SilenceReminded { silence, reason, notices } => {
            let why = match reason {
                ReminderReason::EndsSoon => "it ends soon and hid something",
                ReminderReason::StillHides => "it has been in force for long and hides something",
            };
            let how = if notices.is_empty() { " Nothing calm reaches them." } else { "" };
            format!("The owner of silence {silence} is reminded: {why}.{how}")
        }
        Event::MaintenancePlanned { window, what, by } => format!(
            "{} planned work `{window}`: {} ({}) for {}, hiding {}.",
            person(by),
            what.when,
            what.timezone,
            what.lasts,
            what.matchers,
        ),
        Event::MaintenanceCancelled { window, by } => {
            format!("{} cancelled the planned work `{window}`.", person(by))
        }
        Event::HeartbeatHeard { heartbeat } => format!("Heartbeat {heartbeat} was heard."),
        Event::ChangeHappened { change, what } => {
            format!("Change {change}, at {}: {} ({}).", what.at, what.summary, what.source)
        }
        Event::AlertUpdated { alert, summary, .. } => {
            format!("Alert {alert} is described anew: {summary}")
        }
        Event::JournalProbed => "The journal was written to, to see that it can be.".to_owned(),
        Event::SyntheticSeen { took } => {
            format!("A synthetic page came out at the other end after {took}.")
        }
        other => unreachable!("not about what is watched: {other:?}"),
    }
}

fn told_promised(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::SourceFailing { source, detail } => {
            format!("Source {source} does not answer: {detail}.")
        }
        Event::CountsPushed { slo, pushes } => {
            let (bad, total) = pushes.iter().fold((0_u64, 0_u64), |(bad, total), it| {
                (bad.saturating_add(it.bad), total.saturating_add(it.total))
            });
            format!("Counts were pushed for {slo}: {bad} of {total} bad.")
        }
        Event::BudgetWaived(BudgetWaiver { feature, by, reason, until }) => format!(
            "{} lets deploys of `{feature}` go on until {until} though its budget may be gone: {}",
            person(by),
            reason.text().unwrap_or("(erased)"),
        ),
        Event::WaiverEnded { feature, by } => {
            format!("{} took the waiver for `{feature}` back.", person(by))
        }
        Event::Exclusion(act) => crate::exclusion::told(act, person),
        Event::Backlog(act) => crate::backlog::told(act, person),
        other => unreachable!("not about promises: {other:?}"),
    }
}

fn named(catalogue: Option<&Catalogue>, id: &PersonId) -> String {
    catalogue.map_or_else(|| id.to_string(), |it| it.name_of(id).to_owned())
}

fn told_steered(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::NoteAdded { incident, by, text, via } => {
            let text = text.text().unwrap_or("(erased with its author)");
            format!("{} noted on {incident} ({via}): {text}", person(by))
        }
        Event::EscalationAsked { page, by, via } => {
            format!("{} asked for the next step of page {page} ({via}).", person(by))
        }
        Event::TakenOver { page, from, by, via, .. } => {
            format!("{} took page {page} over from {} ({via}).", person(by), person(from))
        }
        Event::ContactStopped { person: who, medium, via } => {
            let medium = name(*medium);
            format!("{} asked to get no messages by {medium} any more ({via}).", person(who))
        }
        Event::ContactStarted { person: who, medium, via } => {
            format!("{} may be reached by {} again ({via}).", person(who), name(*medium))
        }
        Event::AnswerDue { notice, .. } => {
            let to = match &notice.to {
                Recipient::Person(id) => person(id),
                Recipient::Channel(id) => format!("channel {id}"),
            };
            format!("{to} is answered by {} ({}).", name(notice.medium), notice.notice)
        }
        other => unreachable!("nothing was steered: {other:?}"),
    }
}

fn told_notice(event: &Event) -> String {
    match event {
        Event::NoticeSent { notice, provider_id } if provider_id.is_empty() => {
            format!("Notice {notice} was taken by the provider.")
        }
        Event::NoticeSent { notice, provider_id } => {
            format!("Notice {notice} was taken by the provider as {provider_id}.")
        }
        Event::NoticeFailed { notice, detail, retry_at: Some(at) } => {
            format!("Notice {notice} was not taken: {detail}. It is tried again at {at}.")
        }
        Event::NoticeFailed { notice, detail, retry_at: None } => {
            format!("Notice {notice} was given up: {detail}.")
        }
        other => unreachable!("not about a notice: {other:?}"),
    }
}

/// What is said of a condition that fires only by an estimate.
const UNCERTAIN: &str = " if failures overlap, which is not certain: measure end to end here";

fn told_origin(
    origin: &Origin,
    severity: Severity,
    person: &dyn Fn(&PersonId) -> String,
) -> String {
    match origin {
        Origin::Burn(evidence) => {
            let mut text = String::new();
            let conditions = &evidence.assessment.conditions;
            let firing =
                conditions.iter().filter(|it| it.says(severity) == Some(ConditionState::Firing));
            for it in firing {
                let _ = write!(
                    text,
                    "{}{} of {} failed in {} and {} of {} in {}, {:.1} times what {} allows{}",
                    if text.is_empty() { "" } else { "; " },
                    it.long.bad,
                    it.long.total,
                    it.condition.long,
                    it.short.bad,
                    it.short.total,
                    it.condition.short,
                    it.long.error_ratio().unwrap_or(0.0) / evidence.objective.budget_ratio(),
                    evidence.objective,
                    if it.uncertain { UNCERTAIN } else { "" },
                );
            }
            format!("({text}.)")
        }
        Origin::Door { door, routed_by, .. } => format!("(Received at {door}; {routed_by}.)"),
        Origin::Source { failing_since, detail, .. } => {
            format!("(Since {failing_since}: {detail}.)")
        }
        Origin::Heartbeat { heartbeat, heard_at } => {
            format!("(Heartbeat {heartbeat} was last heard at {heard_at}.)")
        }
        Origin::Watch { check, detail } => format!("(The check `{check}` failed: {detail}.)"),
        Origin::Person { by } => format!("({} called for help.)", person(by)),
    }
}

fn told_resolve(reason: &ResolveReason, person: &dyn Fn(&PersonId) -> String) -> String {
    match reason {
        ResolveReason::ConditionEnded(_) => "no condition fires any more".to_owned(),
        ResolveReason::SenderResolved => "its sender says so".to_owned(),
        ResolveReason::LeaseEnded { until } => format!("its sender stopped repeating it ({until})"),
        ResolveReason::SourceRecovered => "the source answers again".to_owned(),
        ResolveReason::HeartbeatHeard => "the heartbeat was heard again".to_owned(),
        ResolveReason::WatchRecovered => "the check succeeds again".to_owned(),
        ResolveReason::NoLongerConfigured => "it is no longer configured".to_owned(),
        ResolveReason::PersonResolved { by } => format!("{} said so", person(by)),
    }
}

fn told_not_paged(reason: &NotPagedReason, person: &dyn Fn(&PersonId) -> String) -> String {
    match reason {
        NotPagedReason::TicketSeverity => "it may wait for working hours".to_owned(),
        NotPagedReason::Silenced { silence } => format!("silence {silence} hides it"),
        NotPagedReason::AlreadyPaging { page } => format!("page {page} is calling already"),
        NotPagedReason::AcknowledgedBefore { by } => {
            format!("it came back while {} deals with it", person(by))
        }
        NotPagedReason::Held { page } => format!("page {page} waits for the morning"),
        NotPagedReason::Snoozed { page } => format!("page {page} is snoozed and comes back"),
        NotPagedReason::NoEscalation => "NO ESCALATION POLICY SAYS WHOM TO CALL".to_owned(),
    }
}

fn told_notified(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    let Event::PageNotified {
        page,
        attempt,
        cause,
        duty,
        notices,
        skipped,
        deadline,
        left_out,
        unconditional,
        turn,
        ..
    } = event
    else {
        return String::new();
    };
    let recipient = |it: &Recipient| match it {
        Recipient::Person(id) => person(id),
        Recipient::Channel(id) => format!("channel {id}"),
    };
    let told: Vec<String> = notices
        .iter()
        .map(|it| {
            let later = it.due_at.map_or(String::new(), |at| format!(", at {at}"));
            format!("{} by {} ({}{later})", recipient(&it.to), name(it.medium), it.notice)
        })
        .collect();
    let why = match cause {
        PageCause::Opened => String::new(),
        PageCause::NobodyAnswered => " because nobody answered".to_owned(),
        PageCause::Undeliverable => " because nobody could be reached".to_owned(),
        PageCause::AskedFor { by } => format!(" because {} asked for it", person(by)),
        PageCause::NoEvidence => " because nothing says that anybody was reached".to_owned(),
        PageCause::Woken => " because its time has come".to_owned(),
        PageCause::Returned => " because it was taken and not renewed".to_owned(),
        PageCause::GivenBack => " because it was given back".to_owned(),
    };
    let mut text = format!("Page {page}, step {}{why}: ", attempt + 1);
    text += &if told.is_empty() { "nobody can be told".to_owned() } else { told.join(", ") };
    if let Some((rota, until)) = duty {
        let _ = write!(text, "; on duty in rota {rota} until {until}");
    }
    if let Some(turn) = turn {
        let _ = write!(text, "; it is the turn of {}", person(turn));
    }
    for it in skipped {
        let _ = write!(text, "; {} {}", recipient(&it.to), it.reason);
    }
    text += &tell_deal::told_left_out(left_out, *unconditional, person);
    let _ = write!(text, ". Next step at {deadline}.");
    text
}
