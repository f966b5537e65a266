//! Submissions that tests make often.

use crate::assessment;
use engine::{Command, DoorAlert, DoorLife, Submission};
use model::{Catalogue, FeatureId, Labels, Severity, Timestamp};
use slo::ConditionState;

/// `catalogue` is to be in force; `hash` stands for its hash.
#[must_use]
pub fn adopt(catalogue: Catalogue, hash: &str) -> Submission {
    let catalogue = Box::new(catalogue);
    Submission::system(Command::AdoptCatalogue { catalogue, hash: hash.to_owned() })
}

/// `feature` of `catalogue` burns its budget so fast that it pages.
#[must_use]
pub fn burning(catalogue: &Catalogue, feature: &str, now: Timestamp) -> Submission {
    observe(catalogue, feature, ConditionState::Firing, now)
}

/// `feature` of `catalogue` does not burn.
#[must_use]
pub fn calm(catalogue: &Catalogue, feature: &str, now: Timestamp) -> Submission {
    observe(catalogue, feature, ConditionState::Quiet, now)
}

fn observe(
    catalogue: &Catalogue,
    feature: &str,
    state: ConditionState,
    now: Timestamp,
) -> Submission {
    let feature = FeatureId::from(feature);
    let objective = catalogue.features[&feature].objective.to_string();
    let assessment = Box::new(assessment(&objective, state, state, now));
    Submission::system(Command::Observe { feature, assessment })
}

/// An alert called `name` as a door takes it, with a fingerprint made of its labels.
#[must_use]
pub fn door_alert(
    name: &str,
    labels: &[(&str, &str)],
    life: DoorLife,
    now: Timestamp,
) -> DoorAlert {
    let mut all: Labels = [("alertname".to_owned(), name.to_owned())].into();
    all.extend(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let named = |label: &str| all.get(label).map(String::as_str);
    let fingerprint: Vec<String> =
        all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    DoorAlert {
        door: "alertmanager-v2".to_owned(),
        fingerprint: fingerprint.join(","),
        annotations: Labels::new(),
        starts_at: now,
        life,
        severity: Severity::Page,
        feature: named("feature").map(Into::into),
        service: named("service").map(Into::into),
        team: named("team").map(Into::into),
        routed_by: "the test".to_owned(),
        labels: all,
    }
}
