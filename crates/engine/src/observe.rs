//! What a measurement causes: alerts on burn, on how a budget stands, and on nothing being measured.
//!
//! Intuition: of a feature or a service objective there is one alert per urgency for its burn, whichever of its
//! conditions fire; the windows that fired stand in its evidence. How the budget stands has alerts of its own,
//! because "hurry" and "plan" are different requests.
//!
//! Invariants:
//! - while something cannot be measured its alerts freeze: they neither start nor end;
//! - an alert that has started ends only when things are clearly better than where it started;
//! - what is not measured for long is never silent, unless its source does not answer: then the alert about
//!   the source speaks for all that is read there.
//!
//! Since when something is unmeasured stands beside the state and is not journalled: minutes without data are in
//! the assessment itself. What the journal cannot know is whether *we* looked; after a restart nothing is said
//! before a few minutes of looking, so that a gap of our own is not taken for one of the source.

use crate::command::{Command, Context};
use crate::event::{BudgetSaid, Event, Evidence, Origin, ResolveReason};
use crate::state::State;
use model::{
    AlertId, BudgetAlerts, Catalogue, FeatureId, Millis, Objective, ServiceId, ServiceKind,
    Severity, SloId, TeamId, Timestamp,
};
use slo::{Assessment, ConditionState};
use std::collections::BTreeMap;

/// How long we look before we believe that nothing comes.
const LOOKED_MIN: Millis = Millis::from_mins(5);

/// How much more of the budget must be left before an alert on it ends: a tenth of the threshold, at least
/// one per cent of the budget.
const LEFT_MORE: (f64, f64) = (0.1, 0.01);

/// Something that was measured and may alert.
struct Observed<'a> {
    /// What its alerts are deduplicated by.
    name: String,
    feature: Option<&'a FeatureId>,
    slo: Option<&'a SloId>,
    service: Option<ServiceId>,
    team: Option<TeamId>,
    objective: Objective,
    budget: BudgetAlerts,
    /// What does not work, as a sentence.
    fails: String,
    assessment: &'a Assessment,
}

/// Since when we have been looking at what is unmeasured.
#[derive(Debug, Default)]
pub(crate) struct Blind(BTreeMap<String, Timestamp>);

/// One alert per feature and severity, whichever of its conditions fire. While a condition cannot
/// be measured an alert freezes: it neither starts nor ends.
pub(crate) fn burn(state: &State, context: &Context<'_>, command: &Command) -> Vec<Event> {
    let Some(it) = Observed::of(state, command) else { return vec![] };
    let mut events = vec![];
    let mut next_alert = state.next.alert;
    for severity in [Severity::Page, Severity::Ticket] {
        let key = format!("burn/{}/{severity}", it.name);
        let has = |wanted: ConditionState| {
            it.assessment.conditions.iter().any(|it| it.says(severity) == Some(wanted))
        };
        let fires = has(ConditionState::Firing);
        match state.firing.get(&key) {
            None if fires => {
                next_alert += 1;
                let summary = format!("{} At this rate the promise is at risk.", it.fails);
                let origin = Origin::Burn(it.evidence());
                events.push(it.fired(
                    AlertId(next_alert),
                    key,
                    origin,
                    severity,
                    (summary, context.now),
                ));
            }
            Some(alert) if !fires && !has(ConditionState::Unmeasured) => {
                let reason = ResolveReason::ConditionEnded(it.evidence());
                events.push(Event::AlertResolved { alert: *alert, reason });
            }
            _ => {}
        }
    }
    events
}

impl Blind {
    /// Alerts on how a budget stands, and on nothing being measured; `first` is what the same measurement
    /// causes besides.
    pub(crate) fn observe(
        &mut self,
        state: &State,
        context: &Context<'_>,
        command: &Command,
        first: &[Event],
    ) -> Vec<Event> {
        let Some(it) = Observed::of(state, command) else { return vec![] };
        let fired = first.iter().filter(|it| matches!(it, Event::AlertFired { .. })).count();
        let mut next_alert = state.next.alert + fired as u64;
        let mut events = vec![];
        let now = context.now;
        let mut change = |key: &str, wanted: Option<Wanted>, ends: Option<ResolveReason>| {
            let key = format!("{key}/{}", it.name);
            match (state.firing.get(&key), wanted, ends) {
                (None, Some(wanted), _) => {
                    next_alert += 1;
                    let Wanted { said, severity, summary, since } = wanted;
                    let origin = Origin::Budget { said, evidence: it.evidence() };
                    let alert = AlertId(next_alert);
                    events.push(it.fired(alert, key, origin, severity, (summary, since)));
                }
                (Some(alert), None, Some(reason)) => {
                    events.push(Event::AlertResolved { alert: *alert, reason });
                }
                _ => {}
            }
        };
        let measured = it.assessment.standing.unmeasured.is_none();
        let recovered = || Some(ResolveReason::BudgetRecovered(it.evidence()));
        if measured {
            let (wanted, ends) = it.left(now);
            change("budget-left", wanted, recovered().filter(|_| ends));
            let (wanted, ends) = it.exhausted(now);
            change("budget-exhausted", wanted, recovered().filter(|_| ends));
        }
        let wanted = self.unmeasured(state, now, &it);
        change("no-data", wanted, measured.then_some(ResolveReason::MeasuredAgain));
        events
    }

    /// Whether nothing has been measured for too long.
    fn unmeasured(&mut self, state: &State, now: Timestamp, it: &Observed<'_>) -> Option<Wanted> {
        let Some(found) = &it.assessment.standing.unmeasured else {
            self.0.remove(&it.name);
            return None;
        };
        let looked = now.since(*self.0.entry(it.name.clone()).or_insert(now));
        let plan = it.budget.no_data();
        let long = if found.known_before {
            found.length >= plan.after && looked >= LOOKED_MIN.min(plan.after)
        } else {
            looked >= plan.after
        };
        if !long || it.is_source_failing(state) {
            return None;
        }
        let length = if found.known_before { found.length } else { looked };
        let silent: Vec<String> = found.silent.iter().take(5).map(|it| format!("`{it}`")).collect();
        let silent = match &silent[..] {
            [] => String::new(),
            silent => format!(": {} {} nothing", silent.join(", "), say(silent.len())),
        };
        let known = if found.known_before { "" } else { " yet" };
        Some(Wanted {
            said: BudgetSaid::Unmeasured { after: plan.after, known_before: found.known_before },
            severity: plan.severity,
            summary: format!(
                "Nobody knows whether {} works: not measured{known} for {length}{silent}.",
                it.title()
            ),
            since: now.minus(length),
        })
    }
}

const fn say(count: usize) -> &'static str {
    if count == 1 { "says" } else { "say" }
}

/// An alert that is to start unless it fires already.
struct Wanted {
    said: BudgetSaid,
    severity: Severity,
    summary: String,
    since: Timestamp,
}

impl<'a> Observed<'a> {
    /// What `command` measured, if it is configured to alert.
    fn of(state: &'a State, command: &'a Command) -> Option<Self> {
        let catalogue = state.catalogue()?;
        match command {
            Command::Observe { feature: id, assessment } => {
                let feature = catalogue.features.get(id).filter(|it| !it.alerts_nobody)?;
                Some(Self {
                    name: id.to_string(),
                    feature: Some(id),
                    slo: None,
                    service: None,
                    team: Some(feature.team.clone()),
                    objective: feature.objective,
                    budget: feature.budget_alerts,
                    fails: format!("{} Too often not.", feature.question),
                    assessment,
                })
            }
            Command::ObserveSlo { slo: id, assessment } => {
                let slo = catalogue.slo(id)?;
                let alerts = slo.alerts.as_ref()?;
                let team = match &catalogue.services.get(&id.service)?.kind {
                    ServiceKind::Own { team } => Some(team.clone()),
                    ServiceKind::Supplier => None,
                };
                let loses = slo.loses.as_ref().map_or(String::new(), |it| format!(" ({it})"));
                Some(Self {
                    name: name_of(id),
                    feature: None,
                    slo: Some(id),
                    service: Some(id.service.clone()),
                    team,
                    objective: slo.objective,
                    budget: alerts.budget,
                    fails: format!("`{id}` fails too often{loses}."),
                    assessment,
                })
            }
            _ => None,
        }
    }

    fn evidence(&self) -> Evidence {
        let (objective, assessment) = (self.objective, self.assessment.clone());
        Evidence { objective, assessment, slo: self.slo.cloned() }
    }

    fn title(&self) -> String {
        let id = self.slo.map(ToString::to_string).or(self.feature.map(ToString::to_string));
        format!("`{}`", id.unwrap_or_default())
    }

    fn fired(
        &self,
        alert: AlertId,
        key: String,
        origin: Origin,
        severity: Severity,
        (summary, starts_at): (String, Timestamp),
    ) -> Event {
        Event::AlertFired {
            alert,
            key,
            origin,
            severity,
            feature: self.feature.cloned(),
            service: self.service.clone(),
            team: self.team.clone(),
            summary,
            starts_at,
            lease: None,
            stale_after: None,
            budget: None,
        }
    }

    /// Whether too little is left, and whether enough is again.
    fn left(&self, now: Timestamp) -> (Option<Wanted>, bool) {
        let Some(plan) = self.budget.left else { return (None, false) };
        let Some(left) = self.assessment.standing.left else { return (None, false) };
        let below = f64::from(plan.below_ppm) / 1e6;
        let more = (below * LEFT_MORE.0).max(LEFT_MORE.1);
        let said = BudgetSaid::Left { below_ppm: plan.below_ppm };
        let summary = format!("{} of the budget of {} is left.", percent(left), self.title());
        let wanted = Wanted { said, severity: plan.severity, summary, since: now };
        ((left < below).then_some(wanted), left >= below + more)
    }

    /// Whether the budget is gone before long, and whether it lasts again.
    fn exhausted(&self, now: Timestamp) -> (Option<Wanted>, bool) {
        let Some(plan) = self.budget.exhausted else { return (None, false) };
        let found = self.assessment.standing.exhaustion.as_ref();
        let Some(found) = found.filter(|it| it.within == plan.within) else { return (None, false) };
        let said = BudgetSaid::Exhausted { within: plan.within };
        let summary = match self.assessment.standing.left {
            Some(left) if left <= 0.0 => format!("The budget of {} is gone.", self.title()),
            left => format!(
                "{} of the budget of {} is left, and gone within {} as it burns now.",
                percent(left.unwrap_or_default()),
                self.title(),
                plan.within
            ),
        };
        let wanted = Wanted { said, severity: plan.severity, summary, since: now };
        let fires = found.state == ConditionState::Firing;
        (fires.then_some(wanted), !found.stays && found.state == ConditionState::Quiet)
    }

    /// Whether something it is read from does not answer.
    fn is_source_failing(&self, state: &State) -> bool {
        let Some(catalogue) = state.catalogue() else { return false };
        let fails = |it: &SloId| {
            catalogue.slo(it).is_some_and(|it| state.sources_failing.contains_key(&it.source))
        };
        match (self.feature.and_then(|id| Some((id, catalogue.features.get(id)?))), self.slo) {
            (Some((id, feature)), _) => feature.measured_by(id).iter().any(fails),
            (None, Some(slo)) => fails(slo),
            (None, None) => false,
        }
    }
}

/// The name of an objective among the names of features: with a slash, which no id has.
fn name_of(id: &SloId) -> String {
    format!("slo/{id}")
}

/// A share, one digit where it is small.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// Whether what an alert on burn or budget is about is still configured to alert.
pub(crate) fn is_configured(
    catalogue: &Catalogue,
    feature: Option<&FeatureId>,
    evidence: &Evidence,
    said: Option<&BudgetSaid>,
) -> bool {
    let budget = match (feature, &evidence.slo) {
        (Some(id), _) => {
            let alerting = catalogue.features.get(id).filter(|it| !it.alerts_nobody);
            alerting.map(|it| it.budget_alerts)
        }
        (None, Some(id)) => catalogue.slo(id).and_then(|it| it.alerts.as_ref()).map(|it| it.budget),
        (None, None) => None,
    };
    let Some(budget) = budget else { return false };
    match said {
        None | Some(BudgetSaid::Unmeasured { .. }) => true,
        Some(BudgetSaid::Left { .. }) => budget.left.is_some(),
        Some(BudgetSaid::Exhausted { .. }) => budget.exhausted.is_some(),
    }
}
