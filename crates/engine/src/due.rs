//! What is due: deadlines of pages, ends of leases, stale alerts, silent sources, the daily mail.
//!
//! Deadlines are state, never queued tasks: after any pause a look at the state finds them all.

use crate::command::Context;
use crate::event::{Event, NewNotice, Origin, ResolveReason};
use crate::handover::{self, Changes};
use crate::heartbeat::Pulses;
use crate::leases::{Heard, Leases};
use crate::maintenance::{self, Windows};
use crate::round::Round;
use crate::silence::{self, Silence};
use crate::state::{Limits, Recipient, State};
use crate::{duty, late, receipt, storm};
use model::{AlertId, Medium, Millis, NoticeId, Severity, SourceId, Timestamp};
use std::collections::BTreeSet;

/// How long a source may fail before that is an alert of its own.
pub(crate) const SOURCE_SILENT: Millis = Millis::from_mins(5);

/// Minute of the UTC day at which the daily mail is due.
const DIGEST_AT: Millis = Millis::from_hours(7);

const DAY: Millis = Millis::from_days(1);

/// When the next thing is due.
pub(crate) fn next_wake(state: &State, timers: &Timers) -> Option<Timestamp> {
    let pages = state.open_groups.values().flat_map(|incident| {
        let pages = state.incidents.get(incident).map_or(&[][..], |it| &it.pages);
        pages.iter().filter_map(|page| state.pages.get(page)?.next_timeout())
    });
    let alerts = timers.next(state);
    let sources = state
        .sources_failing
        .iter()
        .filter(|(id, _)| !state.firing.contains_key(&source_key(id)))
        .map(|(_, it)| it.failing_since.plus(SOURCE_SILENT));
    let silences = state.silences.values().filter_map(Silence::next_change);
    let digest =
        state.catalogue.as_ref().map(|_| Timestamp((state.digest_day + 1) * DAY.0).plus(DIGEST_AT));
    let reminders = state.silences.values().filter_map(maintenance::reminder_at).map(|(at, _)| at);
    let updates = storm::next_update(state).into_iter();
    let silences = silences.chain(reminders);
    let evidence = state.reach.awaiting.first().map(|(at, _)| *at);
    let reaching = [evidence, late::next_wake(state), duty::next_wake(state)].into_iter().flatten();
    let reaching = reaching.chain(handover::next_wake(state, &timers.changes));
    pages
        .chain(alerts)
        .chain(sources)
        .chain(silences)
        .chain(updates)
        .chain(digest)
        .chain(reaching)
        .min()
}

/// The first thing that is due, or nothing; `round` is what earlier calls of the same tick have found.
pub(crate) fn first_due(
    state: &State,
    timers: &Timers,
    context: &Context<'_>,
    round: &mut Round,
) -> Vec<Event> {
    let now = context.now;
    if let Some((alert, heard)) = timers.leases.rung(now) {
        return vec![alert_event(alert, &heard)];
    }
    if let Some(set) = timers.windows.first_due(state, context) {
        return vec![set];
    }
    // Before deadlines, so that a page in the way of a silence does not go on; what starts before what
    // ends, so that nothing slips through between two silences.
    if let Some(change) = silence::due(state, now) {
        return vec![change];
    }
    if let Some(event) = receipt::overdue(state, now) {
        return vec![event];
    }
    if let Some(events) = round.next(state, context) {
        return events;
    }
    for (source, health) in &state.sources_failing {
        let silent = health.failing_since.plus(SOURCE_SILENT) <= now;
        if silent && !state.firing.contains_key(&source_key(source)) {
            return vec![source_alert(state, source)];
        }
    }
    timers
        .pulses
        .first_missed(state, now)
        .or_else(|| maintenance::first_reminder(state, now))
        .or_else(|| duty::due(state, context))
        .or_else(|| handover::due(state, context, &timers.changes))
        .or_else(|| digest_due(state, now))
        .into_iter()
        .collect()
}

/// Everything that rings, kept beside the state.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// Of alerts.
    pub(crate) leases: Leases,
    /// Of heartbeats.
    pub(crate) pulses: Pulses,
    /// Of planned work.
    pub(crate) windows: Windows,
    /// Of changes of hands.
    pub(crate) changes: Changes,
}

impl Timers {
    fn next(&self, state: &State) -> impl Iterator<Item = Timestamp> {
        [self.leases.next(), self.pulses.next(), self.windows.next(state)].into_iter().flatten()
    }
}

/// What a source's alert is deduplicated by.
pub(crate) fn source_key(source: &SourceId) -> String {
    format!("source/{source}")
}

/// When the next daily mail is due.
pub(crate) fn next_digest(state: &State) -> Timestamp {
    Timestamp((state.digest_day + 1) * DAY.0).plus(DIGEST_AT)
}

/// The day whose daily mail is due at or before `now`.
pub(crate) fn digest_day(now: Timestamp) -> i64 {
    now.minus(DIGEST_AT).0.div_euclid(DAY.0)
}

fn alert_event(alert: AlertId, heard: &Heard) -> Event {
    match heard.until {
        Some(until) => Event::AlertResolved { alert, reason: ResolveReason::LeaseEnded { until } },
        None => Event::AlertStale { alert, heard_at: heard.at },
    }
}

fn source_alert(state: &State, source: &SourceId) -> Event {
    let health = &state.sources_failing[source];
    // Whoever answers for the first feature that is blind now is called.
    let feature = state.catalogue().and_then(|catalogue| {
        catalogue.features.iter().find(|(id, feature)| {
            feature
                .measured_by(id)
                .iter()
                .any(|id| catalogue.slo(id).is_some_and(|slo| slo.source == *source))
        })
    });
    Event::AlertFired {
        alert: AlertId(state.next.alert + 1),
        key: source_key(source),
        origin: Origin::Source {
            source: source.clone(),
            failing_since: health.failing_since,
            detail: health.detail.clone(),
        },
        severity: Severity::Page,
        feature: None,
        service: None,
        team: feature.map(|(_, it)| it.team.clone()),
        summary: format!("Nothing is measured: source {source} does not answer"),
        starts_at: health.failing_since,
        lease: None,
        stale_after: None,
        budget: None,
    }
}

fn digest_due(state: &State, now: Timestamp) -> Option<Event> {
    let catalogue = state.catalogue()?;
    let day = digest_day(now);
    if day <= state.digest_day {
        return None;
    }
    let owners: BTreeSet<_> = catalogue
        .features
        .values()
        .filter_map(|it| it.owners.as_ref())
        .flat_map(|it| [&it.engineering, &it.product])
        .filter(|it| catalogue.people.get(*it).is_some_and(has_mail))
        .collect();
    let channel = catalogue.channel_for(Medium::Email);
    let notices = channel.into_iter().flat_map(|channel| {
        owners.iter().take(Limits::DIGEST_RECIPIENTS_MAX).zip(1..).map(|(person, offset)| {
            NewNotice {
                notice: NoticeId(state.next.notice + offset),
                to: Recipient::Person((*person).clone()),
                medium: Medium::Email,
                channel: channel.clone(),
                due_at: None,
            }
        })
    });
    Some(Event::DigestDue { day, notices: notices.collect() })
}

fn has_mail(person: &model::Person) -> bool {
    person.contacts.iter().any(|it| it.medium == Medium::Email)
}
