//! Silences: times in which alerts that match call nobody.
//!
//! Intuition: a "do not disturb" sign with a name, a reason and an end. What it turned away is kept in
//! a list, and whoever still waits when the sign comes down is let in.
//!
//! Invariants:
//! - whether a silence holds is state, changed by events; no decision compares its times;
//! - calls by hand are never silenced: somebody asks for help;
//! - an alert hidden by two silences stays hidden until both are over;
//! - every alert that was hidden and still fires when its last silence ends is heard again.

use crate::command::{Command, Context, Rejected};
use crate::consequence::is_synthetic;
use crate::event::{Event, EventRecord, Evidence, NotPagedReason, Origin};
use crate::state::{Alert, AlertStatus, Limits, State};
use alerting::{BadMatcher, MATCHERS_MAX, Matcher, match_everything, matches_all};
use model::{AlertId, IncidentId, Labels, PersonId, Personal, SilenceId, Timestamp, WindowId};
use serde::{Deserialize, Serialize};

/// Alerts remembered by name per silence; beyond, they are counted.
const HID_NAMED_MAX: usize = 100;

/// A silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// All of them must hold for an alert to be hidden.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who answers for it.
    pub by: PersonId,
    /// Why.
    pub comment: Personal,
    /// When it was set.
    pub set_at: Timestamp,
    /// Whether it holds.
    pub phase: SilencePhase,
    /// What it hid, the first hundred by name.
    pub hid: Vec<AlertId>,
    /// How many it hid.
    pub hid_count: u64,
    /// The planned work it was set for, if for any.
    #[serde(default)]
    pub plan: Option<WindowId>,
    /// When its owner was last reminded of it.
    #[serde(default)]
    pub reminded_at: Option<Timestamp>,
}

/// Whether a silence holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilencePhase {
    /// Not yet.
    Pending,
    /// It does.
    Active,
    /// Not any more.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Who ended it before its time.
        by: Option<PersonId>,
    },
}

impl Silence {
    /// Whether alerts that match call nobody now.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.phase == SilencePhase::Active
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, SilencePhase::Ended { .. })
    }

    /// When it starts or ends next.
    pub(crate) fn next_change(&self) -> Option<Timestamp> {
        match self.phase {
            SilencePhase::Pending => Some(self.starts_at),
            SilencePhase::Active => Some(self.ends_at),
            SilencePhase::Ended { .. } => None,
        }
    }
}

impl Alert {
    /// The labels that silences look at: those a sender gave, or ours for what we found ourselves:
    /// `alertname`, `severity`, `feature`, `service`, `slo`, `team`, `source`,
    /// `heartbeat`, `check`. `None` for a call by hand,
    /// which nothing may hide.
    #[must_use]
    pub fn labels(&self) -> Option<Labels> {
        let slo = |it: &Evidence| it.slo.as_ref().map(ToString::to_string);
        let (name, named) = match &self.origin {
            Origin::Door { labels, .. } => return Some(labels.clone()),
            Origin::Person { .. } => return None,
            Origin::Burn(evidence) => ("ErrorBudgetBurn", slo(evidence)),
            Origin::Budget { said, evidence } => (said.alert_name(), slo(evidence)),
            Origin::Source { source, .. } => ("SourceSilent", Some(source.to_string())),
            Origin::Heartbeat { heartbeat, .. } => ("HeartbeatMissed", Some(heartbeat.to_string())),
            Origin::Watch { check, .. } => ("WatchFailed", Some(check.clone())),
        };
        let of_what = match &self.origin {
            Origin::Heartbeat { .. } => "heartbeat",
            Origin::Watch { .. } => "check",
            Origin::Burn(_) | Origin::Budget { .. } => "slo",
            _ => "source",
        };
        let pairs = [
            ("alertname", Some(name.to_owned())),
            ("severity", Some(self.severity.to_string())),
            ("feature", self.feature.as_ref().map(ToString::to_string)),
            ("service", self.service.as_ref().map(ToString::to_string)),
            ("team", self.team.as_ref().map(ToString::to_string)),
            (of_what, named),
        ];
        Some(pairs.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?))).collect())
    }
}

impl State {
    /// The silences in force that hide `alert`, oldest first.
    pub fn silenced_by(&self, alert: &Alert) -> impl Iterator<Item = SilenceId> {
        // A synthetic page calls nobody; hiding it would only make it look lost.
        let labels = if is_synthetic(alert) { None } else { alert.labels() };
        let active = self.silences.iter().filter(|(_, it)| it.is_active());
        active
            .filter(move |(_, it)| {
                labels.as_ref().is_some_and(|labels| matches_all(&it.matchers, labels))
            })
            .map(|(id, _)| *id)
    }

    /// Whether everything that fires in an incident is hidden: then nobody is called for it.
    #[must_use]
    pub fn is_quiet(&self, incident: IncidentId) -> bool {
        let alerts = self.incidents.get(&incident).map_or(&[][..], |it| &it.alerts);
        let mut firing = alerts
            .iter()
            .filter_map(|it| self.alerts.get(it))
            .filter(|it| !matches!(it.status, AlertStatus::Resolved { .. }))
            .peekable();
        firing.peek().is_some() && firing.all(|it| hiding(self, it).is_some())
    }
}

/// The first silence in force that hides `alert`.
pub(crate) fn hiding(state: &State, alert: &Alert) -> Option<SilenceId> {
    state.silenced_by(alert).next()
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &Command,
) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::Silence { by, matchers, starts_at, ends_at, comment, replaces } => {
            crate::decide::person(state, by)?;
            crate::decide::text_within("comment", comment, Limits::TEXT_LENGTH_MAX)?;
            let starts_at = (*starts_at).max(context.now);
            worth_having(matchers, comment, starts_at, *ends_at)?;
            let open = state.silences.values().filter(|it| !it.is_over()).count();
            if open >= Limits::SILENCES_OPEN_MAX {
                let (limit, max) = ("silences_open_max", Limits::SILENCES_OPEN_MAX);
                return Err(Rejected::LimitReached { limit, max });
            }
            let mut events = vec![Event::SilenceSet {
                silence: SilenceId(state.next.silence + 1),
                matchers: matchers.clone(),
                starts_at,
                ends_at: *ends_at,
                by: by.clone(),
                comment: Personal::new(by.clone(), comment),
                plan: None,
            }];
            if let Some(old) = replaces {
                events.extend(ended(state, *old, by)?);
            }
            Ok(events)
        }
        Command::EndSilence { silence, by } => {
            crate::decide::person(state, by)?;
            let event = ended(state, *silence, by)?;
            let over = || Rejected::Over { what: "silence", id: silence.to_string() };
            event.map(|it| vec![it]).ok_or_else(over)
        }
        other => unreachable!("not about a silence: {other:?}"),
    }
}

pub(crate) fn worth_having(
    matchers: &[Matcher],
    comment: &str,
    starts_at: Timestamp,
    ends_at: Timestamp,
) -> Result<(), Rejected> {
    let invalid = |told: &str| Err(Rejected::Invalid(told.to_owned()));
    if matchers.len() > MATCHERS_MAX {
        let error = BadMatcher::TooLarge { what: "the list of matchers", max: MATCHERS_MAX };
        return invalid(&error.to_string());
    }
    if match_everything(matchers) {
        return invalid("this would hide every alert there is; name at least one label");
    }
    if comment.trim().is_empty() {
        return invalid("say why; whoever finds the silence at night will ask");
    }
    if ends_at <= starts_at {
        return invalid("it ends before it begins");
    }
    if ends_at.since(starts_at) > Limits::SILENCE_MAX {
        return invalid("a silence lasts a year at most; change or remove the alert instead");
    }
    Ok(())
}

/// The end of a silence by hand; `None` when it is over already.
fn ended(state: &State, id: SilenceId, by: &PersonId) -> Result<Option<Event>, Rejected> {
    let unknown = || Rejected::Unknown { what: "silence", id: id.to_string() };
    let silence = state.silences.get(&id).ok_or_else(unknown)?;
    Ok((!silence.is_over()).then(|| Event::SilenceEnded { silence: id, by: Some(by.clone()) }))
}

/// The first start or end that is due; starts come first.
pub(crate) fn due(state: &State, now: Timestamp) -> Option<Event> {
    let due = |it: &Silence| it.next_change().is_some_and(|at| at <= now);
    let first = |wanted: &SilencePhase| {
        state.silences.iter().find(|(_, it)| it.phase == *wanted && due(it)).map(|(id, _)| *id)
    };
    first(&SilencePhase::Pending).map(|silence| Event::SilenceStarted { silence }).or_else(|| {
        first(&SilencePhase::Active).map(|silence| Event::SilenceEnded { silence, by: None })
    })
}

/// A silence that begins now holds at once.
pub(crate) fn started(state: &State, context: &Context<'_>, id: SilenceId) -> Vec<Event> {
    let now = state.silences.get(&id).is_some_and(|it| it.starts_at <= context.now);
    now.then_some(Event::SilenceStarted { silence: id }).into_iter().collect()
}

/// What a silence that begins changes: alerts that call people now are hidden, and pages end whose
/// incidents have nothing else that fires.
pub(crate) fn quieted(state: &State, id: SilenceId) -> Vec<Event> {
    let mut events = vec![];
    for incident in state.open_groups.values() {
        let incident = &state.incidents[incident];
        let fires = |alert: &&AlertId| {
            let it = state.alerts.get(alert);
            it.is_some_and(|it| !matches!(it.status, AlertStatus::Resolved { .. }))
        };
        let firing: Vec<AlertId> = incident.alerts.iter().filter(fires).copied().collect();
        let newly: Vec<AlertId> = firing
            .iter()
            .filter(|it| hiding(state, &state.alerts[it]) == Some(id))
            .copied()
            .collect();
        let reason = NotPagedReason::Silenced { silence: id };
        let hide = |alert: &AlertId| Event::NotPaged { alert: *alert, reason: reason.clone() };
        events.extend(newly.iter().map(hide));
        let nothing_else = firing.iter().all(|it| hiding(state, &state.alerts[it]).is_some());
        if !newly.is_empty() && nothing_else {
            let until = state.silences[&id].ends_at;
            let reason = format!("everything that fires is silenced by {id} until {until}");
            let open = incident.pages.iter().filter(|it| state.pages[it].can_be_acknowledged());
            events
                .extend(open.map(|page| Event::PageEnded { page: *page, reason: reason.clone() }));
        }
    }
    events
}

/// What a silence that ends gives back: each alert it hid that still fires is heard again, or passes
/// to another silence.
pub(crate) fn given_back(state: &State, id: SilenceId) -> Vec<Event> {
    let was = NotPagedReason::Silenced { silence: id };
    let hidden =
        state.firing.values().filter(|it| state.alerts[it].not_paged.as_ref() == Some(&was));
    hidden
        .map(|alert| match hiding(state, &state.alerts[alert]) {
            Some(silence) => {
                Event::NotPaged { alert: *alert, reason: NotPagedReason::Silenced { silence } }
            }
            None => Event::AlertUnsilenced { alert: *alert, silence: id },
        })
        .collect()
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    match &record.event {
        Event::SilenceSet { silence, matchers, starts_at, ends_at, by, comment, plan } => {
            let it = Silence {
                matchers: matchers.clone(),
                starts_at: *starts_at,
                ends_at: *ends_at,
                by: by.clone(),
                comment: comment.clone(),
                set_at: record.at,
                phase: SilencePhase::Pending,
                hid: vec![],
                hid_count: 0,
                plan: plan.clone(),
                reminded_at: None,
            };
            if let Some(plan) = plan {
                state.watching.windows_set.insert(plan.clone(), *starts_at);
            }
            state.next.silence = state.next.silence.max(silence.0);
            state.silences.insert(*silence, it);
        }
        Event::SilenceStarted { silence } => {
            if let Some(it) = state.silences.get_mut(silence) {
                it.phase = SilencePhase::Active;
            }
        }
        Event::SilenceEnded { silence, by } => {
            if let Some(it) = state.silences.get_mut(silence) {
                it.phase = SilencePhase::Ended { at: record.at, by: by.clone() };
            }
            forget_old(state);
        }
        Event::SilenceReminded { silence, .. } => {
            if let Some(it) = state.silences.get_mut(silence) {
                it.reminded_at = Some(record.at);
            }
        }
        other => unreachable!("not about a silence: {other:?}"),
    }
}

/// A silence hid an alert.
pub(crate) fn hid(state: &mut State, silence: SilenceId, alert: AlertId) {
    let Some(it) = state.silences.get_mut(&silence) else { return };
    it.hid_count += 1;
    if it.hid.len() < HID_NAMED_MAX {
        it.hid.push(alert);
    }
}

fn forget_old(state: &mut State) {
    let over = |it: &Silence| it.is_over();
    while state.silences.values().filter(|it| over(it)).count() > Limits::SILENCES_ENDED_MAX {
        let oldest = state.silences.iter().find(|(_, it)| over(it)).map(|(id, _)| *id);
        oldest.map(|it| state.silences.remove(&it));
    }
}
