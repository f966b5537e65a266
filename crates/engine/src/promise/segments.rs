//! Parts of a feature's traffic that fail while the whole does not.
//!
//! Intuition: one dark street in a lit town. The town's meter shows nothing, whoever lives there sees nothing.
//! A part is held against the feature's own promise by the feature's own conditions; what would wake people if
//! it were the whole makes a ticket while it is only a part, unless the configuration says that it pages.
//!
//! Invariants:
//! - a part says nothing new while the whole already calls people;
//! - like any alert it freezes while unmeasured, and ends with its condition.

use crate::command::Context;
use crate::event::{Event, Evidence, Origin, ResolveReason};
use crate::state::{Alert, State};
use model::{AlertId, Catalogue, Feature, FeatureId, Severity};
use slo::{Assessment, ConditionState};

/// What the alert of a part is deduplicated by.
#[must_use]
pub fn segment_key(feature: &FeatureId, value: &str) -> String {
    format!("segment/{feature}/{value}")
}

/// What was measured of the parts of a feature at the end of a minute.
pub(crate) fn observe(
    state: &State,
    context: &Context<'_>,
    id: &FeatureId,
    parts: &[(String, Assessment)],
) -> Vec<Event> {
    let Some(feature) = state.catalogue().and_then(|it| it.features.get(id)) else { return vec![] };
    let Some(segments) = &feature.segments else { return vec![] };
    let severity = if segments.page { Severity::Page } else { Severity::Ticket };
    let whole_fires = state.firing.contains_key(&format!("burn/{id}/{}", Severity::Page));
    let (mut events, mut next_alert) = (vec![], state.next.alert);
    for (value, assessment) in parts {
        let key = segment_key(id, value);
        let has = |wanted: ConditionState| assessment.state(Severity::Page) == wanted;
        let evidence = || Evidence {
            objective: feature.objective,
            assessment: as_severity(assessment, severity),
            slo: None,
        };
        match state.firing.get(&key) {
            None if has(ConditionState::Firing) && !whole_fires => {
                next_alert += 1;
                events.push(Event::AlertFired {
                    alert: AlertId(next_alert),
                    key,
                    origin: Origin::Burn(evidence()),
                    severity,
                    feature: Some(id.clone()),
                    service: None,
                    team: Some(feature.team.clone()),
                    summary: summary(feature, &segments.label, value),
                    starts_at: context.now,
                    lease: None,
                    stale_after: None,
                    budget: None,
                });
            }
            Some(alert) if has(ConditionState::Quiet) => {
                let reason = ResolveReason::ConditionEnded(evidence());
                events.push(Event::AlertResolved { alert: *alert, reason });
            }
            _ => {}
        }
    }
    events
}

fn summary(feature: &Feature, label: &str, value: &str) -> String {
    format!("{label} {value} is dark although the average is fine: {}", feature.question)
}

/// The conditions that would wake people, as those that make an alert of `severity`.
fn as_severity(assessment: &Assessment, severity: Severity) -> Assessment {
    let mut it = assessment.clone();
    it.conditions.retain(|it| it.condition.severity == Severity::Page);
    it.conditions.iter_mut().for_each(|it| it.condition.severity = severity);
    it
}

/// Whether an alert is about a part that is no longer looked at.
pub(crate) fn is_gone(catalogue: &Catalogue, alert: &Alert) -> bool {
    let Some((id, value)) = alert.key.strip_prefix("segment/").and_then(|it| it.split_once('/'))
    else {
        return false;
    };
    let feature = FeatureId::new(id).ok().and_then(|it| catalogue.features.get(&it));
    let parts = feature.and_then(|it| it.segments.as_ref()).map_or(&[][..], |it| &it.parts);
    !parts.iter().any(|it| it.value == value)
}
