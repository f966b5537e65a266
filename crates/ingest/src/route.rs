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
