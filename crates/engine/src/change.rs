//! Changes: deploys, switches, migrations. They call nobody; they are what somebody who was called
//! looks for first.
//!
//! Invariants:
//! - a change is never cut and never grouped: each is one event;
//! - memory keeps the most recent ones, the journal all.

use crate::command::Rejected;
use crate::decide::text_within;
use crate::event::Event;
use crate::state::{Limits, State};
use incident::Incident;
use model::{ChangeId, FeatureId, Labels, Millis, ServiceId, TeamId, Timestamp};
use serde::{Deserialize, Serialize};

/// Changes kept in memory.
pub const CHANGES_MAX: usize = 1_000;
/// How long before an incident a change is shown with it.
pub const CHANGES_BEFORE: Millis = Millis::from_hours(1);
/// Bytes of all details of one change together.
const DETAILS_BYTES_MAX: usize = 64 * 1_024;

/// Something that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// In one line.
    pub summary: String,
    /// Which system says so.
    pub source: String,
    /// What it touches.
    pub feature: Option<FeatureId>,
    /// What it touches.
    pub service: Option<ServiceId>,
    /// Who did it.
    pub team: Option<TeamId>,
    /// Where more stands.
    pub link: Option<String>,
    /// When it was made, as its source says.
    pub at: Timestamp,
    /// Everything else its source said.
    #[serde(default)]
    pub details: Labels,
}

pub(crate) fn decide(
    state: &State,
    now: Timestamp,
    change: &Change,
) -> Result<Vec<Event>, Rejected> {
    text_within("summary", &change.summary, Limits::TEXT_LENGTH_MAX * 4)?;
    text_within("source", &change.source, Limits::TEXT_LENGTH_MAX)?;
    text_within("link", change.link.as_deref().unwrap_or(""), Limits::TEXT_LENGTH_MAX * 2)?;
    let bytes: usize = change.details.iter().map(|(name, it)| name.len() + it.len()).sum();
    if bytes > DETAILS_BYTES_MAX {
        return Err(Rejected::Invalid(format!(
            "the details have {bytes} bytes; at most {DETAILS_BYTES_MAX} fit"
        )));
    }
    if change.summary.trim().is_empty() {
        return Err(Rejected::Invalid("say in a few words what was changed".to_owned()));
    }
    let mut change = change.clone();
    // A clock that goes ahead must not date a change into the future.
    change.at = change.at.min(now);
    Ok(vec![Event::ChangeHappened {
        change: ChangeId(state.watching.change_last + 1),
        what: change,
    }])
}

impl State {
    /// The changes in the hour before `incident` began and while it lasted that touch what it is
    /// about, or say nothing of what they touch; newest first.
    pub fn changes_before<'a>(
        &'a self,
        incident: &'a Incident,
    ) -> impl Iterator<Item = (ChangeId, &'a Change)> {
        let from = incident.opened_at.minus(CHANGES_BEFORE);
        let until = incident.resolved.as_ref().map_or(Timestamp(i64::MAX), |(at, _)| *at);
        let services: Vec<&ServiceId> =
            incident.alerts.iter().filter_map(|it| self.alerts.get(it)?.service.as_ref()).collect();
        self.watching
            .changes
            .iter()
            .rev()
            .filter(move |(_, it)| (from..=until).contains(&it.at))
            .filter(move |(_, it)| self.touches(it, incident, &services))
            .map(|(id, it)| (*id, it))
    }

    fn touches(&self, change: &Change, incident: &Incident, services: &[&ServiceId]) -> bool {
        let Change { feature, service, team, .. } = change;
        if feature.is_none() && service.is_none() && team.is_none() {
            return true;
        }
        let of_feature = incident
            .feature
            .as_ref()
            .and_then(|id| self.catalogue()?.features.get(id))
            .map(|it| it.needs.slos())
            .unwrap_or_default();
        let same_service = service.as_ref().is_some_and(|it| {
            services.contains(&it) || of_feature.iter().any(|slo| slo.service == *it)
        });
        feature.is_some() && *feature == incident.feature
            || same_service
            || team.is_some() && *team == incident.team
    }
}
