//! What an alert is about and how urgent it is, by its labels.

use model::{Catalogue, FeatureId, Labels, ServiceId, Severity, TeamId};

/// What was found, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// By the label `feature`.
    pub feature: Option<FeatureId>,
    /// By the label `service` or `job`.
    pub service: Option<ServiceId>,
    /// By the label `team`.
    pub team: Option<TeamId>,
    /// By the label `severity`; in doubt it pages.
    pub severity: Severity,
    /// In words, for `why`.
    pub routed_by: String,
}

/// Finds out what `labels` speak of. Names that are not configured count as absent and are said.
#[must_use]
pub fn route(labels: &Labels, catalogue: Option<&Catalogue>) -> Route {
    let mut said = vec![];
    let feature = found(labels, "feature", &mut said, |it| {
        let id = FeatureId::new(it).ok()?;
        catalogue?.features.contains_key(&id).then_some(id)
    });
    let service_of = |it: &str| {
        let id = ServiceId::new(it).ok()?;
        catalogue?.services.contains_key(&id).then_some(id)
    };
    let service = found(labels, "service", &mut said, service_of)
        .or_else(|| found(labels, "job", &mut said, service_of));
    let team = found(labels, "team", &mut said, |it| {
        let id = TeamId::new(it).ok()?;
        catalogue?.teams.contains_key(&id).then_some(id)
    });
    let severity = match labels.get("severity").map(|it| it.to_ascii_lowercase()).as_deref() {
        Some("ticket" | "warning" | "warn" | "info" | "informational" | "none" | "low") => {
            said.push(format!("severity {} can wait", labels["severity"]));
            Severity::Ticket
        }
        Some("page" | "critical" | "emergency" | "high" | "fatal" | "error") => {
            said.push(format!("severity {} pages", labels["severity"]));
            Severity::Page
        }
        Some(other) => {
            said.push(format!("severity {other} is not known here, so it pages"));
            Severity::Page
        }
        None => {
            said.push("no severity, so it pages".to_owned());
            Severity::Page
        }
    };
    Route { feature, service, team, severity, routed_by: said.join("; ") }
}

/// As [`route`], and where the labels lead nowhere the label of the door's key decides, written as
/// `team:payments`, `service:payments-api` or `feature:pay`. Where a pager has one integration key per
/// service, that key was the only thing that said what an alert is about.
#[must_use]
pub fn route_for(labels: &Labels, key_label: &str, catalogue: Option<&Catalogue>) -> Route {
    let by_labels = route(labels, catalogue);
    if by_labels.feature.is_some() || by_labels.service.is_some() || by_labels.team.is_some() {
        return by_labels;
    }
    let Some((kind @ ("team" | "service" | "feature"), name)) = key_label.split_once(':') else {
        return by_labels;
    };
    let mut labels = labels.clone();
    labels.insert(kind.to_owned(), name.trim().to_owned());
    let mut by_key = route(&labels, catalogue);
    by_key.routed_by = format!("{}; {kind} by the label of the door's key", by_key.routed_by);
    by_key
}

fn found<T>(
    labels: &Labels,
    name: &str,
    said: &mut Vec<String>,
    known: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let value = labels.get(name)?;
    let found = known(value);
    said.push(match found {
        Some(_) => format!("{name} {value}"),
        None => format!("{name} {value} is not configured"),
    });
    found
}
