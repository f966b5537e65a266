//! Events as lines of a script's outcome.

use super::world::{START, medium};
use crate::{Event, EventRecord, Recipient};
use model::Timestamp;

pub(super) fn show(record: &EventRecord) -> String {
    let recipient = |it: &Recipient| match it {
        Recipient::Person(id) => id.to_string(),
        Recipient::Channel(id) => format!("channel {id}"),
    };
    let since = |it: &Timestamp| format!("{}m", it.since(START).whole_mins());
    match &record.event {
        Event::CatalogueAdopted { version, .. } => format!("CatalogueAdopted {version}"),
        Event::AlertFired { alert, severity, feature, .. } => {
            let about = feature.as_ref().map_or(String::new(), |it| format!(" feature:{it}"));
            format!("AlertFired {alert} {severity}{about}")
        }
        Event::AlertStale { alert, .. } => format!("AlertStale {alert}"),
        Event::AlertHeardAgain { alert } => format!("AlertHeardAgain {alert}"),
        Event::AlertResolved { alert, .. } => format!("AlertResolved {alert}"),
        Event::NotPaged { alert, reason } => format!("NotPaged {alert} {reason:?}"),
        Event::SilenceSet { silence, starts_at, ends_at, .. } => {
            format!("SilenceSet {silence} {} to {}", since(starts_at), since(ends_at))
        }
        Event::SilenceStarted { silence } => format!("SilenceStarted {silence}"),
        Event::SilenceEnded { silence, by } => {
            let by = by.as_ref().map_or(String::new(), |it| format!(" by {it}"));
            format!("SilenceEnded {silence}{by}")
        }
        Event::SilenceReminded { silence, reason, notices } => {
            format!("SilenceReminded {silence} {reason:?} to {}", notices.len())
        }
        Event::MaintenancePlanned { window, .. } => format!("MaintenancePlanned {window}"),
        Event::MaintenanceCancelled { window, .. } => format!("MaintenanceCancelled {window}"),
        Event::HeartbeatHeard { heartbeat } => format!("HeartbeatHeard {heartbeat}"),
        Event::ChangeHappened { change, what } => {
            format!("ChangeHappened {change} {}", what.summary)
        }
        Event::AlertUpdated { alert, summary, .. } => format!("AlertUpdated {alert} {summary}"),
        Event::CountsPushed { slo, pushes } => format!("CountsPushed {slo} {}", pushes.len()),
        Event::BudgetWaived(it) => format!("BudgetWaived {}", it.feature),
        Event::WaiverEnded { feature, .. } => format!("WaiverEnded {feature}"),
        Event::Exclusion(it) => format!("Exclusion {}", it.exclusion),
        Event::Backlog(it) => format!("Backlog {}", it.improvement),
        Event::JournalProbed => "JournalProbed".to_owned(),
        Event::SyntheticSeen { took } => format!("SyntheticSeen {took}"),
        Event::AlertUnsilenced { alert, silence } => format!("AlertUnsilenced {alert} {silence}"),
        Event::IncidentOpened { incident, .. } => format!("IncidentOpened {incident}"),
        Event::AlertJoined { incident, alert } => format!("AlertJoined {incident} {alert}"),
        Event::PageOpened { page, escalation, .. } => format!("PageOpened {page} {escalation}"),
        Event::PageNotified { .. } => show_notified(&record.event, &recipient, &since),
        Event::NoticeSent { notice, .. } => format!("NoticeSent {notice}"),
        Event::NoticeFailed { notice, retry_at: Some(at), .. } => {
            format!("NoticeFailed {notice} again in {}", at.since(record.at))
        }
        Event::NoticeFailed { notice, .. } => format!("NoticeFailed {notice} given up"),
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
        | Event::DutyUnconfirmed { .. } => super::reaching::show(&record.event, &since),
        Event::PageAcknowledged { page, by, .. } => format!("PageAcknowledged {page} {by}"),
        Event::PageExhausted { page, .. } => format!("PageExhausted {page}"),
        Event::PageEnded { page, reason } => format!("PageEnded {page} {reason}"),
        Event::IncidentResolved { incident, .. } => format!("IncidentResolved {incident}"),
        Event::ReviewAsked { incident, .. } => format!("ReviewAsked {incident}"),
        Event::ReviewPublished { incident, by, .. } => format!("ReviewPublished {incident} {by}"),
        Event::NoteAdded { incident, by, text, .. } => {
            format!("NoteAdded {incident} {by} {}", text.text().unwrap_or("erased"))
        }
        Event::EscalationAsked { page, by, .. } => format!("EscalationAsked {page} {by}"),
        Event::TakenOver { page, from, by, .. } => format!("TakenOver {page} {from} -> {by}"),
        Event::ContactStopped { person, .. } => format!("ContactStopped {person}"),
        Event::ContactStarted { person, .. } => format!("ContactStarted {person}"),
        Event::AnswerDue { notice, .. } => {
            format!("AnswerDue {} {}", notice.notice, recipient(&notice.to))
        }
        Event::Signed { feature, by, objective, .. } => {
            format!("Signed {feature} {by} {objective}")
        }
        Event::SourceFailing { source, .. } => format!("SourceFailing {source}"),
        Event::SourceRecovered { source } => format!("SourceRecovered {source}"),
        Event::TokenIssued(it) => format!("TokenIssued {}", it.token),
        Event::TokenRevoked { token } => format!("TokenRevoked {token}"),
        Event::PasswordSet { person, .. } => format!("PasswordSet {person}"),
        Event::DigestDue { notices, .. } => format!("DigestDue to {}", notices.len()),
        Event::InterruptionNoted(it) => super::tribute::show(it),
        Event::Handover(event) => super::handover::show(event, &since),
        Event::OverrideSet { .. }
        | Event::OverrideEnded { .. }
        | Event::SwapAsked { .. }
        | Event::SwapAnswered { .. }
        | Event::RosterProposed { .. }
        | Event::RosterAnswered { .. }
        | Event::DutyThin { .. } => super::duty_words::show(&record.event, &since),
        other => show_limits(other),
    }
}

fn show_notified(
    event: &Event,
    recipient: &dyn Fn(&Recipient) -> String,
    since: &dyn Fn(&Timestamp) -> String,
) -> String {
    let Event::PageNotified {
        page,
        attempt,
        cause,
        notices,
        skipped,
        deadline,
        left_out,
        unconditional,
        turn,
        ..
    } = event
    else {
        unreachable!("a step: {event:?}")
    };
    let told: Vec<String> = notices
        .iter()
        .map(|it| {
            let at = it.due_at.map_or(String::new(), |at| format!(" at {}", since(&at)));
            format!("{} {}{at}", recipient(&it.to), medium(it.medium))
        })
        .collect();
    let skipped =
        skipped.iter().fold(String::new(), |text, it| text + " skipped " + &recipient(&it.to));
    let mut left_out = left_out.iter().fold(String::new(), |text, it| {
        let who = it.who.as_ref().map_or(format!("step {}", it.attempt), recipient);
        format!("{text} without {who} ({})", it.reason)
    });
    if *unconditional {
        left_out += " anyway";
    }
    if let Some(turn) = turn {
        left_out = format!("{left_out} by turn of {turn}");
    }
    let (told, until) = (told.join(", "), since(deadline));
    format!(
        "PageNotified {page} step {attempt} ({cause:?}) {told}{skipped}{left_out} until {until}"
    )
}

fn show_deal(event: &Event, since: &dyn Fn(&Timestamp) -> String) -> String {
    let told = |notices: &[crate::NewNotice]| -> String {
        let to = notices.iter().map(|it| match &it.to {
            Recipient::Person(id) => format!(" {id} {}", medium(it.medium)),
            Recipient::Channel(id) => format!(" channel {id}"),
        });
        to.collect::<Vec<_>>().join(",")
    };
    match event {
        Event::PageHeld { page, until, first, .. } => {
            format!("PageHeld {page} until {} for {first}", since(until))
        }
        Event::PageWoken { page, cause } => format!("PageWoken {page} ({cause:?})"),
        Event::PagePartlyAcknowledged { page, by, have, want, .. } => {
            format!("PagePartlyAcknowledged {page} {by} {have} of {want}")
        }
        Event::PageReminded { page, until, notices, .. } => {
            format!("PageReminded {page} of {}:{}", since(until), told(notices))
        }
        Event::PageRenewed { page, by } => format!("PageRenewed {page} {by}"),
        Event::PageReturned { page, from } => format!("PageReturned {page} {from}"),
        Event::PageGivenBack(crate::GivenBack { page, from, by, goes_on, .. }) => {
            format!("PageGivenBack {page} {from} by {by}{}", if *goes_on { " on" } else { "" })
        }
        Event::PageHanded { page, from, to, notices, .. } => {
            format!("PageHanded {page} {from} to {to}:{}", told(notices))
        }
        Event::PageSnoozed { page, by, until } => {
            format!("PageSnoozed {page} {by} until {}", since(until))
        }
        Event::IncidentMerged { incident, into, by } => {
            format!("IncidentMerged {incident} into {into} {by}")
        }
        other => panic!("unknown event: {other:?}"),
    }
}

fn name_of(it: &Recipient) -> String {
    match it {
        Recipient::Person(id) => id.to_string(),
        Recipient::Channel(id) => format!("channel {id}"),
    }
}

pub(super) fn told(notices: &[crate::NewNotice]) -> String {
    let told: Vec<String> =
        notices.iter().map(|it| format!("{} {}", name_of(&it.to), medium(it.medium))).collect();
    told.join(", ")
}

/// Load limits, storms and shadow mode.
fn show_limits(event: &Event) -> String {
    let since = |it: &Timestamp| format!("{}m", it.since(START).whole_mins());
    match event {
        Event::CallsBundled { page, person, calls_count, at, carriers, notices, .. } => {
            let parts: Vec<String> =
                notices.iter().map(|(it, into)| format!("{it} in {into}")).collect();
            let (new, at) = (carriers.len(), at.since(START));
            format!(
                "CallsBundled {page} {person} call {calls_count}, {new} new at {at}: {}",
                parts.join(", ")
            )
        }
        Event::LoadReached { load, person, pages, outcome, notices, .. } => {
            let outcome = match outcome {
                crate::LoadOutcome::Relieved { to, until } => {
                    format!("relieved by {to} until {}", since(until))
                }
                crate::LoadOutcome::Held { until } => format!("held until {}", since(until)),
                other => format!("{other:?}"),
            };
            let told = told(notices);
            format!("LoadReached {load} {person} {pages} pages, {outcome}, told {told}")
        }
        Event::ReliefEnded { rota, by } => format!("ReliefEnded {rota} by {by}"),
        Event::PagedAnyway { alert, by } => format!("PagedAnyway {alert} by {by}"),
        Event::IncidentUpdated { incident, joined_count, alerts_count, notices, held } => {
            let told = told(notices);
            let held: Vec<String> = held
                .iter()
                .map(|(it, until)| format!(", {it} held until {}", since(until)))
                .collect();
            format!(
                "IncidentUpdated {incident} {joined_count} joined of {alerts_count}, told {told}{}",
                held.concat()
            )
        }
        Event::EndTold { incident, notices } => {
            format!("EndTold {incident} to {}", told(notices))
        }
        Event::ShadowBegan { team } => format!("ShadowBegan {team:?}"),
        Event::ShadowEnded { team, by } => {
            format!("ShadowEnded {team:?} by {}", by.as_ref().map_or("nobody", |it| it.as_str()))
        }
        Event::TheirCall { incident, act, person, unknown, .. } => {
            let unknown = unknown.as_ref().and_then(|it| it.text());
            let who = person.as_ref().map_or("nobody known", |it| it.as_str());
            format!(
                "TheirCall {act:?} {incident} {who}{}",
                unknown.map_or(String::new(), |it| format!(" ({it})"))
            )
        }
        other => show_deal(other, &since),
    }
}
