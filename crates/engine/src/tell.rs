//! Events as sentences, for timelines and `why`.

use crate::event::{Event, NotPagedReason, Origin, PageCause, ResolveReason, SignRole};
use crate::notify::name;
use crate::state::Recipient;
use model::{Catalogue, PersonId, Severity};
use slo::ConditionState;
use std::fmt::Write as _;

/// One sentence, in words a person would use. Names people as `catalogue` does.
#[must_use]
pub fn tell(event: &Event, catalogue: Option<&Catalogue>) -> String {
    let person = |id: &PersonId| -> String {
        catalogue.map_or_else(|| id.to_string(), |it| it.name_of(id).to_owned())
    };
    match event {
        Event::CatalogueAdopted { version, hash, .. } => {
            format!("Configuration {version} ({}) is in force.", &hash[..hash.len().min(12)])
        }
        Event::AlertFired { alert, origin, severity, summary, .. } => {
            format!(
                "Alert {alert} ({severity}): {summary} {}",
                told_origin(origin, *severity, &person)
            )
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
        Event::SilenceSet { silence, matchers, starts_at, ends_at, by, .. } => {
            let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
            let matchers = matchers.join(", ");
            let by = person(by);
            format!("{by} set silence {silence} for {matchers}, {starts_at} to {ends_at}.")
        }
        Event::SilenceStarted { silence } => format!("Silence {silence} is in force."),
        Event::SilenceEnded { silence, by: None } => format!("Silence {silence} is over."),
        Event::SilenceEnded { silence, by: Some(by) } => {
            format!("{} ended silence {silence}.", person(by))
        }
        Event::OverrideSet { .. }
        | Event::OverrideEnded { .. }
        | Event::SwapAsked { .. }
        | Event::SwapAnswered { .. } => crate::shifts::tell(event, &person),
        Event::AlertUnsilenced { alert, silence } => {
            format!("Silence {silence} is over and alert {alert} still fires.")
        }
        Event::IncidentOpened { incident, alert, .. } => {
            format!("Incident {incident} opened for alert {alert}.")
        }
        Event::AlertJoined { incident, alert } => {
            format!("Alert {alert} belongs to incident {incident}, which is open.")
        }
        Event::PageOpened { page, escalation, .. } => {
            format!("Page {page} follows the escalation policy `{escalation}`.")
        }
        Event::PageNotified { .. } => told_notified(event, &person),
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
        Event::PageAcknowledged { page, by, via } => {
            format!("{} took page {page} ({via}).", person(by))
        }
        Event::PageExhausted { page } => {
            format!("Nobody answered page {page}: every step and repeat has passed.")
        }
        Event::PageEnded { page, reason } => format!("Page {page} ended: {reason}."),
        Event::IncidentResolved { incident, by: None } => {
            format!("Incident {incident} is over: everything that fired has ended.")
        }
        Event::IncidentResolved { incident, by: Some(by) } => {
            format!("{} said that incident {incident} is over.", person(by))
        }
        Event::ReviewAsked { incident, due_at } => {
            format!("The team is asked to review incident {incident} by {due_at}.")
        }
        Event::ReviewPublished { incident, by, .. } => {
            format!("{} published the review of incident {incident}.", person(by))
        }
        Event::Signed { feature, role, by, objective, window } => {
            let role = if *role == SignRole::Product { "product" } else { "engineering" };
            format!("{} signed {objective} over {window} of `{feature}` for {role}.", person(by))
        }
        Event::SourceFailing { source, detail } => {
            format!("Source {source} does not answer: {detail}.")
        }
        Event::SourceRecovered { source } => format!("Source {source} answers again."),
        Event::TokenIssued { token, label, .. } => format!("Token {token} ({label}) was made."),
        Event::TokenRevoked { token } => format!("Token {token} was revoked."),
        Event::PasswordSet { person: who, .. } => {
            format!("{} has a new password.", person(who))
        }
        Event::DigestDue { notices, .. } => {
            format!("The daily mail is due to {} people.", notices.len())
        }
    }
}

fn told_origin(
    origin: &Origin,
    severity: Severity,
    person: &dyn Fn(&PersonId) -> String,
) -> String {
    match origin {
        Origin::Burn(evidence) => {
            let mut text = String::new();
            let firing = evidence.assessment.conditions.iter().filter(|it| {
                it.state == ConditionState::Firing && it.condition.severity == severity
            });
            for it in firing {
                let _ = write!(
                    text,
                    "{}{} of {} failed in {} and {} of {} in {}, {:.1} times what {} allows",
                    if text.is_empty() { "" } else { "; " },
                    it.long.bad,
                    it.long.total,
                    it.condition.long,
                    it.short.bad,
                    it.short.total,
                    it.condition.short,
                    it.long.error_ratio().unwrap_or(0.0) / evidence.objective.budget_ratio(),
                    evidence.objective,
                );
            }
            format!("({text}.)")
        }
        Origin::Door { door, routed_by, .. } => format!("(Received at {door}; {routed_by}.)"),
        Origin::Source { failing_since, detail, .. } => {
            format!("(Since {failing_since}: {detail}.)")
        }
        Origin::Person { by } => format!("({} called for help.)", person(by)),
    }
}

fn told_resolve(reason: &ResolveReason, person: &dyn Fn(&PersonId) -> String) -> String {
    match reason {
        ResolveReason::ConditionEnded(_) => "no condition fires any more".to_owned(),
        ResolveReason::SenderResolved => "its sender says so".to_owned(),
        ResolveReason::LeaseEnded { until } => format!("its sender stopped repeating it ({until})"),
        ResolveReason::SourceRecovered => "the source answers again".to_owned(),
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
        NotPagedReason::NoEscalation => "NO ESCALATION POLICY SAYS WHOM TO CALL".to_owned(),
    }
}

fn told_notified(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    let Event::PageNotified { page, attempt, cause, duty, notices, skipped, deadline, .. } = event
    else {
        return String::new();
    };
    let recipient = |it: &Recipient| match it {
        Recipient::Person(id) => person(id),
        Recipient::Channel(id) => format!("channel {id}"),
    };
    let told: Vec<String> = notices
        .iter()
        .map(|it| format!("{} by {} ({})", recipient(&it.to), name(it.medium), it.notice))
        .collect();
    let why = match cause {
        PageCause::Opened => "",
        PageCause::NobodyAnswered => " because nobody answered",
        PageCause::Undeliverable => " because nobody could be reached",
    };
    let mut text = format!("Page {page}, step {}{why}: ", attempt + 1);
    text += &if told.is_empty() { "nobody can be told".to_owned() } else { told.join(", ") };
    if let Some((rota, until)) = duty {
        let _ = write!(text, "; on duty in rota {rota} until {until}");
    }
    for it in skipped {
        let _ = write!(text, "; {} {}", recipient(&it.to), it.reason);
    }
    let _ = write!(text, ". Next step at {deadline}.");
    text
}
