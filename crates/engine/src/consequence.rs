//! What follows from an event, given the state after it.
//!
//! Each arm of [`consequences`] is one rule of the product. A rule returns events; it changes
//! nothing itself.

use crate::command::Context;
use crate::due::source_key;
use crate::event::{
    Event, LeftOut, NewNotice, NotPagedReason, Origin, PageCause, ResolveReason, WakeCause,
};
use crate::notify::{Starting, notified};
use crate::state::{Alert, AlertStatus, State};
use crate::steer;
use crate::targets::{self, Numbered};
use crate::urgency::{self, Judged};
use crate::watching::{SYNTHETIC_ALERT, SYNTHETIC_GROUP};
use crate::{deal, duty, ended, load, merge, receipt, shadow, silence, storm};
use incident::{Incident, REVIEW_DUE, Review};
use model::{AlertId, Catalogue, EscalationId, IncidentId, PageId, SYNTHETIC, Severity};
use paging::{Next, PageStatus};

/// The events that follow from `event`, in order.
pub(crate) fn consequences(state: &State, context: &Context<'_>, event: &Event) -> Vec<Event> {
    match event {
        Event::CatalogueAdopted { .. } => {
            // First, while its numbers of notices are the next ones.
            let mut events = looked(state, context);
            events.extend(orphaned(state));
            events.extend(shadow::adopted(state));
            events.extend(duty::expected(state, context));
            events
        }
        Event::ShadowEnded { .. } => shadow::taken_over(state, context),
        Event::TheirCall { .. } => shadow::mirrored(state, event),
        Event::PagedAnyway { alert, by } => load::called_anyway(state, context, *alert, by),
        Event::AlertFired { alert, .. } => grouped(state, *alert),
        Event::IncidentOpened { incident, alert, .. } | Event::AlertJoined { incident, alert } => {
            called(state, context, *incident, *alert)
        }
        Event::PageOpened { page, urgency, .. } => begun(state, context, *page, urgency.as_deref()),
        Event::PageWoken { page, .. } => advance(state, context, *page, PageCause::Woken),
        Event::PageReturned { page, .. } => advance(state, context, *page, PageCause::Returned),
        Event::PageGivenBack(crate::GivenBack { page, .. }) => {
            deal::given_back(state, context, *page)
        }
        Event::IncidentMerged { incident, into, .. } => merge::merged(state, *incident, *into),
        // Nobody could even be tried: the next step starts at once.
        Event::PageNotified { page, notices, .. } if notices.is_empty() => {
            advance(state, context, *page, PageCause::Undeliverable)
        }
        Event::PageNotified { page, attempt, duty, notices, .. } => {
            let rota = duty.as_ref().map(|(rota, _)| rota);
            limited(state, context, *page, *attempt, rota, notices)
        }
        Event::DigestDue { .. } => looked(state, context),
        Event::OverrideSet { .. } | Event::OverrideEnded { .. } => {
            let only = if let Event::OverrideSet(crate::OverrideSet { rota, .. }) = event {
                Some(rota)
            } else {
                None
            };
            let mut events = duty::expected(state, context);
            events.extend(crate::ahead::look(state, context, only));
            events
        }
        Event::DutyAsked { rota, .. } => {
            duty::asked_too(state, context, rota).into_iter().collect()
        }
        Event::RosterAnswered(crate::RosterAnswered { roster, by, .. }) => {
            crate::roster::carried_out(state, *roster, by)
        }
        Event::SwapAnswered(crate::SwapAnswered { swap, by, .. }) => {
            crate::shifts::accepted(state, *swap, by)
        }
        // Who is called once more is called: within the same bounds.
        Event::PageNotifiedAlso { page, attempt, duty, notices, again, .. } => {
            let rota = duty.as_ref().map(|(rota, _)| rota);
            let all: Vec<NewNotice> =
                notices.iter().cloned().chain(state.once_more(again)).collect();
            limited(state, context, *page, *attempt, rota, &all)
        }
        // So is whoever is reminded of a page, or asked to take one over.
        Event::PageReminded { page, notices, .. } | Event::PageHanded { page, notices, .. } => {
            limited(state, context, *page, deal::call_number(notices), None, notices)
        }
        Event::NoticeSent { .. } | Event::NoticeDelivered { .. } => storm::follow(state, event),
        Event::NoticeFailed { notice, retry_at: None, .. }
        | Event::NoticeUndelivered { notice, .. } => {
            let mut events = storm::follow(state, event);
            events.extend(receipt::not_reached(state, context, *notice));
            events
        }
        Event::EscalationAsked { page, by, .. } => steer::escalated(state, context, *page, by),
        Event::SilenceSet { silence, .. } => silence::started(state, context, *silence),
        Event::SilenceStarted { silence } => silence::quieted(state, *silence),
        Event::SilenceEnded { silence, .. } => silence::given_back(state, *silence),
        Event::AlertUnsilenced { alert, .. } => heard_again(state, context, *alert),
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
            events.extend(ended::told(state, *incident, by.as_ref()));
            events
        }
        _ => vec![],
    }
}

/// What is thin in the week to come, and which promises are to be looked at again.
fn looked(state: &State, context: &Context<'_>) -> Vec<Event> {
    let mut events = crate::ahead::look(state, context, None);
    let noticed = events.iter().map(|it| match it {
        Event::DutyThin(it) => it.notices.len() as u64,
        _ => 0,
    });
    let noticed = noticed.sum();
    events.extend(crate::promise::planned(state, context, noticed));
    events
}

/// The next step of a page, or its exhaustion.
pub(crate) fn advance(
    state: &State,
    context: &Context<'_>,
    page_id: PageId,
    cause: PageCause,
) -> Vec<Event> {
    let Some(page) = state.pages.get(&page_id) else { return vec![] };
    let planned =
        page.next(|attempt, step| targets::may(state, context, Numbered { page, attempt, step }));
    let passed_over: Vec<LeftOut> = planned.left_out.into_iter().flat_map(|(_, it)| it).collect();
    let unconditional = planned.unconditional;
    match planned.next {
        Next::Step { attempt, step } => {
            let step = Numbered { page, attempt, step };
            let starting = Starting { step, passed_over, unconditional };
            vec![notified(state, context, page_id, starting, cause)]
        }
        Next::Exhausted => {
            vec![Event::PageExhausted { page: page_id, left_out: passed_over }]
        }
        Next::Rest => vec![],
    }
}

/// What groups an alert with others into one incident.
pub(crate) fn group_of(alert: &Alert) -> String {
    match (&alert.origin, &alert.feature, &alert.service, &alert.team) {
        // A call by hand is about one thing and is closed by hand.
        (Origin::Person { .. }, ..) => alert.key.clone(),
        (Origin::Source { source, .. }, ..) => format!("source:{source}"),
        (Origin::Heartbeat { heartbeat, .. }, None, ..) => format!("heartbeat:{heartbeat}"),
        (Origin::Watch { check, .. }, ..) => format!("watch:{check}"),
        _ if is_synthetic(alert) => SYNTHETIC_GROUP.to_owned(),
        (_, Some(feature), ..) => format!("feature:{feature}"),
        (_, None, Some(service), _) => format!("service:{service}"),
        (_, None, None, Some(team)) => format!("team:{team}"),
        _ => format!("alert:{}", alert.key),
    }
}

/// Many calls become one message, and somebody may have had enough.
fn limited(
    state: &State,
    context: &Context<'_>,
    page: PageId,
    attempt: u32,
    rota: Option<&model::RotaId>,
    notices: &[NewNotice],
) -> Vec<Event> {
    let mut events = storm::bundled(state, context, page, attempt, notices);
    let carriers = events.iter().map(|it| match it {
        Event::CallsBundled { carriers, .. } => carriers.len() as u64,
        _ => 0,
    });
    let first_free = state.next.notice + 1 + carriers.sum::<u64>();
    events.extend(load::reached(state, context, page, rota, notices, first_free));
    events
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
    opened(state, alert_id)
}

/// The incident of an alert: one that is open, or a new one.
pub(crate) fn opened(state: &State, alert_id: AlertId) -> Vec<Event> {
    let alert = &state.alerts[&alert_id];
    let group = group_of(alert);
    let merged = || state.merged_groups.get(&group);
    if let Some(incident) = state.open_groups.get(&group).or_else(merged) {
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
fn heard_again(state: &State, context: &Context<'_>, alert_id: AlertId) -> Vec<Event> {
    let Some(incident_id) = state.alerts[&alert_id].incident else {
        return grouped(state, alert_id);
    };
    match state.incidents.get(&incident_id) {
        Some(it) if it.is_open() && state.holder(incident_id).is_none() => {
            called(state, context, incident_id, alert_id)
        }
        _ => vec![],
    }
}

/// Calls people for an alert that is new in its incident, or says why not.
fn called(
    state: &State,
    context: &Context<'_>,
    incident_id: IncidentId,
    alert_id: AlertId,
) -> Vec<Event> {
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
    let waiting = |wanted: fn(&PageStatus) -> bool| {
        incident.pages.iter().rev().find(|it| wanted(&state.pages[it].status)).copied()
    };
    if let (true, Some(page)) = (flaps, waiting(|it| matches!(it, PageStatus::Snoozed { .. }))) {
        return not_paged(NotPagedReason::Snoozed { page });
    }
    if let (true, Some(by)) = (flaps, state.holder(incident_id)) {
        return not_paged(NotPagedReason::AcknowledgedBefore { by: by.clone() });
    }
    let judged = judged(state, context, alert);
    if let Some(page) = waiting(|it| matches!(it, PageStatus::Held { .. })) {
        if matches!(judged, Judged::Held { .. }) {
            return not_paged(NotPagedReason::Held { page });
        }
        // What does not wait takes along what waited: one call about one incident.
        let cause = WakeCause::Alert { alert: alert_id };
        let (woken, covered) =
            (Event::PageWoken { page, cause }, NotPagedReason::AlreadyPaging { page });
        return vec![woken, Event::NotPaged { alert: alert_id, reason: covered }];
    }
    page_for(state, context, incident_id, alert_id, 1)
        .map_or_else(|| not_paged(NotPagedReason::NoEscalation), |it| vec![it])
}

/// A page of `incident` for `alert`, the `nth` that follows from the same event.
pub(crate) fn page_for(
    state: &State,
    context: &Context<'_>,
    incident: IncidentId,
    alert: AlertId,
    nth: u64,
) -> Option<Event> {
    let catalogue = state.catalogue()?;
    let it = state.alerts.get(&alert)?;
    let escalation = escalation_for(catalogue, it)?;
    let mut policy = catalogue.escalations[escalation].clone();
    let urgency = match judged(state, context, it) {
        Judged::Now(told) => told,
        Judged::Held { .. } => None,
        Judged::Awake { people, told } => {
            policy = urgency::first_awake(policy, &people);
            Some(told)
        }
    };
    Some(Event::PageOpened {
        page: PageId(state.next.page + nth),
        incident,
        alert,
        policy,
        escalation: escalation.clone(),
        urgency,
    })
}

/// The first step of a new page, unless it waits for the morning. What was opened with a reason to
/// call now does not.
fn begun(state: &State, context: &Context<'_>, page: PageId, urgency: Option<&str>) -> Vec<Event> {
    let alert = state.pages.get(&page).and_then(|it| state.alerts.get(&it.alert));
    match alert.filter(|_| urgency.is_none()).map(|it| judged(state, context, it)) {
        Some(Judged::Held { until, first, told }) => {
            vec![Event::PageHeld { page, until, first, reason: told }]
        }
        _ => advance(state, context, page, PageCause::Opened),
    }
}

/// Whether an alert calls people now. Whoever wants people called is asked no further, and a synthetic
/// page proves nothing in the morning.
fn judged(state: &State, context: &Context<'_>, alert: &Alert) -> Judged {
    let wanted = alert.incident.is_some_and(|it| load::is_wanted(state, it));
    match state.catalogue().and_then(|it| escalation_for(it, alert)) {
        Some(it) if !wanted && !is_synthetic(alert) => urgency::judge(state, context, alert, it),
        _ => Judged::Now(None),
    }
}

/// Whom to call: the feature's policy, then that of the team, then the organisation's `default`,
/// then the first there is. Calling the wrong team beats calling nobody.
fn escalation_for<'a>(catalogue: &'a Catalogue, alert: &Alert) -> Option<&'a EscalationId> {
    let exists = |id: &str| catalogue.escalations.keys().find(|it| it.as_str() == id);
    let of_feature = || catalogue.features.get(alert.feature.as_ref()?)?.escalation.as_ref();
    let of_team = || exists(alert.team.as_ref()?.as_str());
    let of_synthetic = || if is_synthetic(alert) { exists(SYNTHETIC) } else { None };
    of_synthetic()
        .or_else(of_feature)
        .or_else(of_team)
        .or_else(|| exists("default"))
        // Never the way of synthetic pages: it reaches nobody.
        .or_else(|| catalogue.escalations.keys().find(|it| it.as_str() != SYNTHETIC))
}

/// Whether an alert is a synthetic page of ours, by its name.
pub(crate) fn is_synthetic(alert: &Alert) -> bool {
    let name = match &alert.origin {
        Origin::Door { labels, .. } => labels.get("alertname"),
        _ => None,
    };
    name.is_some_and(|it| it == SYNTHETIC_ALERT)
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
    (!it.pages.is_empty() && it.review == Review::NotAsked && it.group != SYNTHETIC_GROUP)
        .then(|| Event::ReviewAsked { incident, due_at: context.now.plus(REVIEW_DUE) })
}

/// Alerts about what is no longer configured would fire for ever.
fn orphaned(state: &State) -> Vec<Event> {
    let Some(catalogue) = state.catalogue() else { return vec![] };
    let gone = state.firing.values().filter(|id| match &state.alerts[id].origin {
        Origin::Burn(evidence) => {
            let alert = &state.alerts[id];
            !crate::observe::is_configured(catalogue, alert.feature.as_ref(), evidence, None)
                || crate::promise::is_gone(catalogue, alert)
        }
        Origin::Budget { said, evidence } => {
            let feature = state.alerts[id].feature.as_ref();
            !crate::observe::is_configured(catalogue, feature, evidence, Some(said))
        }
        Origin::Source { source, .. } => !catalogue.sources.contains_key(source),
        Origin::Heartbeat { heartbeat, .. } => {
            !catalogue.watched.heartbeats.contains_key(heartbeat)
        }
        Origin::Watch { .. } => catalogue.watched.synthetic.is_none(),
        Origin::Door { .. } | Origin::Person { .. } => false,
    });
    gone.map(|alert| Event::AlertResolved {
        alert: *alert,
        reason: ResolveReason::NoLongerConfigured,
    })
    .collect()
}
