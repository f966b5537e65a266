//! What follows from an event, given the state after it.
//!
//! Each arm of [`consequences`] is one rule of the product. A rule returns events; it changes
//! nothing itself.

use crate::command::Context;
use crate::due::source_key;
use crate::event::{Event, NotPagedReason, Origin, PageCause, ResolveReason};
use crate::notify::notified;
use crate::silence;
use crate::state::{Alert, AlertStatus, NoticeStatus, Purpose, State};
use incident::{Incident, REVIEW_DUE, Review};
use model::{AlertId, Catalogue, EscalationId, IncidentId, NoticeId, PageId, Severity};
use paging::Next;

/// The events that follow from `event`, in order.
pub(crate) fn consequences(state: &State, context: &Context<'_>, event: &Event) -> Vec<Event> {
    match event {
        Event::CatalogueAdopted { .. } => orphaned(state),
        Event::AlertFired { alert, .. } => grouped(state, *alert),
        Event::IncidentOpened { incident, alert, .. } | Event::AlertJoined { incident, alert } => {
            called(state, *incident, *alert)
        }
        Event::PageOpened { page, .. } => advance(state, context, *page, PageCause::Opened),
        // Nobody could even be tried: the next step starts at once.
        Event::PageNotified { page, notices, .. } if notices.is_empty() => {
            advance(state, context, *page, PageCause::Undeliverable)
        }
        Event::NoticeFailed { notice, retry_at: None, .. } => {
            undeliverable(state, context, *notice)
        }
        Event::SwapAnswered { swap, by, .. } => crate::shifts::accepted(state, *swap, by),
        Event::SilenceSet { silence, .. } => silence::started(state, context, *silence),
        Event::SilenceStarted { silence } => silence::quieted(state, *silence),
        Event::SilenceEnded { silence, .. } => silence::given_back(state, *silence),
        Event::AlertUnsilenced { alert, .. } => heard_again(state, *alert),
        Event::SourceRecovered { source } => state
            .firing
            .get(&source_key(source))
            .map(|alert| Event::AlertResolved {
                alert: *alert,
                reason: ResolveReason::SourceRecovered,
            })
            .into_iter()
            .collect(),
        Event::AlertResolved { alert, .. } => incident_over(state, *alert),
        Event::IncidentResolved { incident, by } => {
            let mut events = pages_over(state, *incident, by.is_some());
            events.extend(raised_over(state, *incident));
            events.extend(review_asked(state, context, *incident));
            events
        }
        _ => vec![],
    }
}

/// The next step of a page, or its exhaustion.
pub(crate) fn advance(
    state: &State,
    context: &Context<'_>,
    page_id: PageId,
    cause: PageCause,
) -> Vec<Event> {
    let Some(page) = state.pages.get(&page_id) else { return vec![] };
    match page.next() {
        Next::Step { attempt, step } => {
            vec![notified(state, context, page_id, attempt, step, cause)]
        }
        Next::Exhausted => vec![Event::PageExhausted { page: page_id }],
        Next::Rest => vec![],
    }
}

/// What groups an alert with others into one incident.
pub(crate) fn group_of(alert: &Alert) -> String {
    match (&alert.origin, &alert.feature, &alert.service, &alert.team) {
        // A call by hand is about one thing and is closed by hand.
        (Origin::Person { .. }, ..) => alert.key.clone(),
        (Origin::Source { source, .. }, ..) => format!("source:{source}"),
        (_, Some(feature), ..) => format!("feature:{feature}"),
        (_, None, Some(service), _) => format!("service:{service}"),
        (_, None, None, Some(team)) => format!("team:{team}"),
        _ => format!("alert:{}", alert.key),
    }
}

fn grouped(state: &State, alert_id: AlertId) -> Vec<Event> {
    let alert = &state.alerts[&alert_id];
    if alert.severity == Severity::Ticket {
        return vec![Event::NotPaged { alert: alert_id, reason: NotPagedReason::TicketSeverity }];
    }
    if let Some(silence) = silence::hiding(state, alert) {
        return vec![Event::NotPaged {
            alert: alert_id,
            reason: NotPagedReason::Silenced { silence },
        }];
    }
    let group = group_of(alert);
    if let Some(incident) = state.open_groups.get(&group) {
        return vec![Event::AlertJoined { incident: *incident, alert: alert_id }];
    }
    vec![Event::IncidentOpened {
        incident: IncidentId(state.next.incident + 1),
        group,
        feature: alert.feature.clone(),
        team: alert.team.clone(),
        title: alert.summary.clone(),
        alert: alert_id,
    }]
}

/// An alert whose silence is over: people are called unless somebody has taken its incident.
fn heard_again(state: &State, alert_id: AlertId) -> Vec<Event> {
    let Some(incident_id) = state.alerts[&alert_id].incident else {
        return grouped(state, alert_id);
    };
    match state.incidents.get(&incident_id) {
        Some(it) if it.is_open() && it.acknowledged.is_none() => {
            called(state, incident_id, alert_id)
        }
        _ => vec![],
    }
}

/// Calls people for an alert that is new in its incident, or says why not.
fn called(state: &State, incident_id: IncidentId, alert_id: AlertId) -> Vec<Event> {
    let incident = &state.incidents[&incident_id];
    let alert = &state.alerts[&alert_id];
    let not_paged = |reason| vec![Event::NotPaged { alert: alert_id, reason }];
    let calling = incident.pages.iter().find(|it| state.pages[it].is_calling());
    if let Some(page) = calling {
        return not_paged(NotPagedReason::AlreadyPaging { page: *page });
    }
    // A new alert in an incident that somebody has taken calls again: it may be another problem.
    // The same alert flapping does not.
    let flaps = incident.alerts.iter().any(|it| {
        *it != alert_id && state.alerts.get(it).is_some_and(|other| other.key == alert.key)
    });
    if let (true, Some((by, _))) = (flaps, &incident.acknowledged) {
        return not_paged(NotPagedReason::AcknowledgedBefore { by: by.clone() });
    }
    let Some(catalogue) = state.catalogue() else {
        return not_paged(NotPagedReason::NoEscalation);
    };
    let Some(escalation) = escalation_for(catalogue, alert) else {
        return not_paged(NotPagedReason::NoEscalation);
    };
    vec![Event::PageOpened {
        page: PageId(state.next.page + 1),
        incident: incident_id,
        alert: alert_id,
        policy: catalogue.escalations[escalation].clone(),
        escalation: escalation.clone(),
    }]
}

/// Whom to call: the feature's policy, then that of the team, then the organisation's `default`,
/// then the first there is. Calling the wrong team beats calling nobody.
fn escalation_for<'a>(catalogue: &'a Catalogue, alert: &Alert) -> Option<&'a EscalationId> {
    let exists = |id: &str| catalogue.escalations.keys().find(|it| it.as_str() == id);
    let of_feature = || catalogue.features.get(alert.feature.as_ref()?)?.escalation.as_ref();
    let of_team = || exists(alert.team.as_ref()?.as_str());
    of_feature()
        .or_else(of_team)
        .or_else(|| exists("default"))
        .or_else(|| catalogue.escalations.keys().next())
}

/// When no notice of a page's current step can be delivered, the next step starts at once.
fn undeliverable(state: &State, context: &Context<'_>, notice: NoticeId) -> Vec<Event> {
    let Some(Purpose::Page { page, attempt }) = state.notices.get(&notice).map(|it| it.purpose)
    else {
        return vec![];
    };
    let Some(it) = state.pages.get(&page) else { return vec![] };
    let current =
        matches!(it.status, paging::PageStatus::Waiting { attempt: now, .. } if now == attempt);
    let all_failed = it
        .notices
        .iter()
        .filter_map(|id| state.notices.get(id))
        .filter(|it| it.purpose == Purpose::Page { page, attempt })
        .all(|it| matches!(it.status, NoticeStatus::Failed { .. }));
    if current && all_failed {
        advance(state, context, page, PageCause::Undeliverable)
    } else {
        vec![]
    }
}

fn incident_over(state: &State, alert: AlertId) -> Vec<Event> {
    let Some(incident_id) = state.alerts.get(&alert).and_then(|it| it.incident) else {
        return vec![];
    };
    let Some(incident) = state.incidents.get(&incident_id).filter(|it| it.is_open()) else {
        return vec![];
    };
    let over = |it: &AlertId| {
        state.alerts.get(it).is_none_or(|it| matches!(it.status, AlertStatus::Resolved { .. }))
    };
    // From the youngest: whatever opened first mostly ends first, and a storm of alerts that end one by
    // one must not look through all that have ended each time.
    if incident.alerts.iter().rev().all(over) {
        vec![Event::IncidentResolved { incident: incident_id, by: None }]
    } else {
        vec![]
    }
}

fn pages_over(state: &State, incident: IncidentId, by_hand: bool) -> Vec<Event> {
    let reason = if by_hand {
        "the incident was resolved by hand"
    } else {
        "everything that fired has ended"
    };
    let pages = &state.incidents[&incident].pages;
    let open = pages.iter().filter(|it| state.pages[it].can_be_acknowledged());
    open.map(|page| Event::PageEnded { page: *page, reason: reason.to_owned() }).collect()
}

/// Calls raised by hand end with their incident: nothing else would ever end them.
fn raised_over(state: &State, incident: IncidentId) -> Vec<Event> {
    let Incident { resolved: Some((_, Some(by))), alerts, .. } = &state.incidents[&incident] else {
        return vec![];
    };
    let raised = alerts.iter().filter(|id| {
        state.alerts.get(id).is_some_and(|it| {
            matches!(it.origin, Origin::Person { .. }) && state.firing.get(&it.key) == Some(*id)
        })
    });
    raised
        .map(|alert| Event::AlertResolved {
            alert: *alert,
            reason: ResolveReason::PersonResolved { by: by.clone() },
        })
        .collect()
}

/// Whoever was called deserves to learn why: every incident with a page asks for a review.
fn review_asked(state: &State, context: &Context<'_>, incident: IncidentId) -> Option<Event> {
    let it = &state.incidents[&incident];
    (!it.pages.is_empty() && it.review == Review::NotAsked)
        .then(|| Event::ReviewAsked { incident, due_at: context.now.plus(REVIEW_DUE) })
}

/// Alerts about what is no longer configured would fire for ever.
fn orphaned(state: &State) -> Vec<Event> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let gone = state.firing.values().filter(|id| match &state.alerts[id].origin {
        Origin::Burn(_) => {
            state.alerts[id].feature.as_ref().is_none_or(|it| !catalogue.features.contains_key(it))
        }
        Origin::Source { source, .. } => !catalogue.sources.contains_key(source),
        Origin::Door { .. } | Origin::Person { .. } => false,
    });
    gone.map(|alert| Event::AlertResolved {
        alert: *alert,
        reason: ResolveReason::NoLongerConfigured,
    })
    .collect()
}
