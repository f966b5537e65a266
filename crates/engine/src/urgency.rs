//! Now, or in the morning: whether an alert may wait until somebody of the team is awake.
//!
//! Intuition: a feature with plenty of budget left can do without a lost night. If anybody of its team
//! is awake, they are asked at once; otherwise the call waits for the first morning among them.
//!
//! Invariant: waiting needs every reason at once. Whatever is unknown, burns, is spent, is called for by
//! a person or is of the highest severity calls now, and the reason is said.

use crate::command::Context;
use crate::event::{BudgetSaid, Origin};
use crate::load::highest_label;
use crate::state::{Alert, State};
use model::{
    Catalogue, EscalationId, EscalationStep, Hours, PageTarget, PersonId, Timestamp, Urgency,
};
use oncall::EVERY_DAY;
use slo::ConditionState;

/// When people are taken to be awake, by the clock of their own zone, on every day.
const AWAKE_FROM: u16 = 8 * 60;
const AWAKE_UNTIL: u16 = 20 * 60;

/// What is done about an alert.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// The policy starts now; why, where that needs saying.
    Now(Option<String>),
    /// These people are asked first, because it is day where they are.
    Awake { people: Vec<PersonId>, told: String },
    /// The policy starts when `first` wakes.
    Held { until: Timestamp, first: PersonId, told: String },
}

/// Whether `alert`, which follows the policy `escalation`, calls people now.
pub(crate) fn judge(
    state: &State,
    context: &Context<'_>,
    alert: &Alert,
    escalation: &EscalationId,
) -> Judged {
    let Some(catalogue) = state.catalogue() else { return Judged::Now(None) };
    let Some((urgency, said_by)) = asked(catalogue, alert, escalation) else {
        return Judged::Now(None);
    };
    if urgency == Urgency::Wake {
        return Judged::Now(Some(format!("{said_by} says `wake`")));
    }
    let said = format!("{said_by} says `morning`");
    if let Some(but) = must_wake(alert) {
        return Judged::Now(Some(format!("{said}, but {but}: people are called now")));
    }
    let budget = alert.budget_seen().map_or(String::new(), |it| format!(" and {}", it.told()));
    among(catalogue, context, alert, escalation, &format!("{said}{budget}"))
}

/// The policy of a page whose first people are those who are awake.
pub(crate) fn first_awake(mut policy: model::Escalation, people: &[PersonId]) -> model::Escalation {
    let wait = policy.steps.first().map_or(model::Millis::from_mins(5), |it| it.wait);
    let page = people.iter().cloned().map(PageTarget::Person).collect();
    let mut step = EscalationStep::new(PageTarget::Person(people[0].clone()), wait);
    step.page = page;
    policy.steps.insert(0, step);
    policy
}

/// What is asked for, and by what: the alert itself, then its feature, its service, its policy.
fn asked(
    catalogue: &Catalogue,
    alert: &Alert,
    escalation: &EscalationId,
) -> Option<(Urgency, String)> {
    let of_label = || match &alert.origin {
        Origin::Door { labels, .. } => {
            let urgency = Urgency::parse(labels.get("urgency")?)?;
            Some((urgency, "the label `urgency`".to_owned()))
        }
        _ => None,
    };
    let of_feature = || {
        let id = alert.feature.as_ref()?;
        Some((catalogue.features.get(id)?.urgency?, format!("feature {id}")))
    };
    let of_service = || {
        let id = alert.service.as_ref()?;
        Some((catalogue.services.get(id)?.urgency?, format!("service {id}")))
    };
    let of_policy = || {
        let urgency = catalogue.escalations.get(escalation)?.urgency?;
        Some((urgency, format!("policy `{escalation}`")))
    };
    of_label().or_else(of_feature).or_else(of_service).or_else(of_policy)
}

/// Why an alert cannot wait, if it cannot.
fn must_wake(alert: &Alert) -> Option<String> {
    match &alert.origin {
        Origin::Burn(_) => return Some("its budget burns too fast".to_owned()),
        Origin::Source { .. } | Origin::Budget { said: BudgetSaid::Unmeasured { .. }, .. } => {
            return Some("nothing is measured".to_owned());
        }
        Origin::Budget { said: BudgetSaid::Exhausted { .. }, .. } => {
            return Some("its budget is gone or soon will be".to_owned());
        }
        Origin::Watch { .. } => return Some("our own watch is at stake".to_owned()),
        // A job that did not report waits like the alert of any door.
        Origin::Heartbeat { .. } | Origin::Budget { said: BudgetSaid::Left { .. }, .. } => {}
        Origin::Person { .. } => return Some("a person called".to_owned()),
        Origin::Door { labels, .. } => {
            if let Some((label, said)) = highest_label(labels) {
                return Some(format!("{label} {said} never waits"));
            }
        }
    }
    let Some(seen) = alert.budget_seen() else {
        return Some("it is about no feature, so no budget speaks for waiting".to_owned());
    };
    let feature = &seen.feature;
    match (seen.spent_ratio, seen.paging) {
        (None, _) => Some(format!("the budget of {feature} is unknown")),
        (_, ConditionState::Firing) => Some(format!("{feature} burns its budget too fast")),
        (_, ConditionState::Unmeasured) => Some(format!("the burn of {feature} is unknown")),
        (Some(spent), _) if spent >= 1.0 => Some(format!("the budget of {feature} is spent")),
        _ => None,
    }
}

/// Who is awake, or wakes first, of the team or else of those whom the policy names.
fn among(
    catalogue: &Catalogue,
    context: &Context<'_>,
    alert: &Alert,
    escalation: &EscalationId,
    said: &str,
) -> Judged {
    let days = EVERY_DAY.to_vec();
    let waking = Hours { from_minute: AWAKE_FROM, until_minute: AWAKE_UNTIL, days };
    let (mut awake, mut first): (Vec<PersonId>, Option<(Timestamp, PersonId)>) = (vec![], None);
    for id in candidates(catalogue, alert, escalation) {
        let Some(person) = catalogue.people.get(&id).filter(|it| !it.contacts.is_empty()) else {
            continue;
        };
        let zone = &person.timezone;
        let within = oncall::is_within(&waking, zone, context.now, context.zones);
        let next = oncall::next_beginning(&waking, zone, context.now, context.zones);
        match (within, next) {
            (Some(true), _) => awake.push(id),
            (Some(false), Some(at)) => {
                if first.as_ref().is_none_or(|(earliest, _)| at < *earliest) {
                    first = Some((at, id));
                }
            }
            _ => {
                let told =
                    format!("{said}, but the zone of {id} is unknown: people are called now");
                return Judged::Now(Some(told));
            }
        }
    }
    if !awake.is_empty() {
        let names: Vec<&str> = awake.iter().map(PersonId::as_str).collect();
        let told = format!("{said}, and it is day where {} is", names.join(", "));
        return Judged::Awake { people: awake, told };
    }
    let Some((until, first)) = first else {
        return Judged::Now(Some(format!(
            "{said}, but nobody is there to wake: people are called now"
        )));
    };
    let zone = &catalogue.people[&first].timezone;
    let clock = oncall::clock(zone, until, context.zones).unwrap_or_else(|| until.to_string());
    let told = format!("held until {clock} {zone}, where {first} wakes first, because {said}");
    Judged::Held { until, first, told }
}

fn candidates(catalogue: &Catalogue, alert: &Alert, escalation: &EscalationId) -> Vec<PersonId> {
    let team = alert.team.as_ref().and_then(|it| catalogue.teams.get(it));
    if let Some(team) = team {
        return team.members.clone();
    }
    let steps = catalogue.escalations.get(escalation).map_or(&[][..], |it| &it.steps);
    let mut found = vec![];
    for target in steps.iter().flat_map(|it| &it.page) {
        match target {
            PageTarget::Person(id) => found.push(id.clone()),
            PageTarget::Team(id) => {
                found.extend(catalogue.teams.get(id).map_or(&[][..], |it| &it.members).to_vec());
            }
            PageTarget::Rota(id) | PageTarget::RotaNext(id) => {
                let layers = catalogue.rotas.get(id).map_or(&[][..], |it| &it.layers);
                found.extend(layers.iter().flat_map(|it| it.people.clone()));
            }
            PageTarget::Channel(_) => {}
        }
    }
    found
}
