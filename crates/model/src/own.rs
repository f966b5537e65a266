//! What a feature measures of its own, beside the promises of the services that it needs.
//!
//! Intuition: a supplier's errors are everybody's; whether *our* users met them only a count of our users'
//! traffic can say. So a feature may say how often it was tried (*attempts*), how a member did at its own
//! traffic (an *edge*), and whether it worked from end to end (*measured*). Each is read, stored and kept
//! like any other objective, under an id that nobody can write by accident: `payments.up@checkout`,
//! `checkout.@attempts`, `checkout.@measured`.
//!
//! Invariants:
//! - an edge promises what its member promises: a selector is no promise;
//! - an id with `@` names what one feature measures, and says which feature.

use crate::{Catalogue, Feature, FeatureId, Millis, ServiceId, Severity, Slo, SloId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const ATTEMPTS: &str = "@attempts";
const MEASURED: &str = "@measured";
const SEGMENT: &str = "@segment:";

/// What a feature measures of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Members at this feature's own traffic, by [`SloId::edge`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edges: BTreeMap<SloId, Slo>,
    /// How often the feature is tried; only totals mean anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Slo>,
    /// Whether it works from end to end; wins over what its members say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Slo>,
}

/// When to alert on a burning budget: so much of it gone within the long window, and still going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCondition {
    /// Whether it may wake somebody.
    pub severity: Severity,
    /// The window in which the share must be gone.
    pub long: Millis,
    /// The window that shows whether it still goes on.
    pub short: Millis,
    /// Share of the whole budget, in parts per million.
    pub budget_share_ppm: u32,
}

impl Own {
    /// Whether nothing is measured that is not promised by a service.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl SloId {
    /// How `member` does at the traffic of `feature`.
    #[must_use]
    pub fn edge(member: &Self, feature: &FeatureId) -> Self {
        Self { service: member.service.clone(), name: format!("{}@{feature}", member.name) }
    }

    /// How often `feature` is tried.
    #[must_use]
    pub fn attempts(feature: &FeatureId) -> Self {
        Self { service: ServiceId::from(feature.as_str()), name: ATTEMPTS.to_owned() }
    }

    /// Whether `feature` works from end to end.
    #[must_use]
    pub fn measured(feature: &FeatureId) -> Self {
        Self { service: ServiceId::from(feature.as_str()), name: MEASURED.to_owned() }
    }

    /// How `feature` does where its label has this value.
    #[must_use]
    pub fn segment(feature: &FeatureId, value: &str) -> Self {
        Self { service: ServiceId::from(feature.as_str()), name: format!("{SEGMENT}{value}") }
    }

    /// The feature it is a part of the traffic of.
    #[must_use]
    pub fn segment_of(&self) -> Option<FeatureId> {
        self.name.starts_with(SEGMENT).then(|| feature(self)).flatten()
    }

    /// Whether the value of a label can stand in an id.
    #[must_use]
    pub fn is_segment_value(value: &str) -> bool {
        let fits = |it: char| it.is_ascii_alphanumeric() || "-_.+/ ".contains(it);
        !value.is_empty() && value.len() <= 40 && value.trim() == value && value.chars().all(fits)
    }

    /// The feature whose traffic it is about, of an edge.
    #[must_use]
    pub fn edge_of(&self) -> Option<FeatureId> {
        let (member, feature) = self.name.split_once('@')?;
        if member.is_empty() { None } else { FeatureId::new(feature).ok() }
    }

    /// The promise that an edge restricts; of anything else, itself.
    #[must_use]
    pub fn promised(&self) -> Self {
        match self.name.split_once('@') {
            Some((member, _)) if !member.is_empty() => {
                Self { service: self.service.clone(), name: member.to_owned() }
            }
            _ => self.clone(),
        }
    }
}

/// Whether `name` is one that features give to what they measure.
pub(crate) fn is_own_name(name: &str, is_name: impl Fn(&str) -> bool) -> bool {
    match name.split_once('@') {
        Some(("", _)) => {
            name == ATTEMPTS
                || name == MEASURED
                || name.strip_prefix(SEGMENT).is_some_and(SloId::is_segment_value)
        }
        Some((member, feature)) => is_name(member) && is_name(feature),
        None => false,
    }
}

impl Feature {
    /// The parts of its traffic that are looked at by themselves.
    pub fn parts(&self) -> impl Iterator<Item = &crate::Segment> {
        self.segments.iter().flat_map(|it| &it.parts)
    }

    /// Everything whose minutes it is made of, in order of id: what it needs and what `id` measures of its
    /// own.
    #[must_use]
    pub fn measured_by(&self, id: &FeatureId) -> BTreeSet<SloId> {
        let mut found: BTreeSet<SloId> = self.needs.slos().into_iter().cloned().collect();
        found.extend(self.own.attempts.is_some().then(|| SloId::attempts(id)));
        found.extend(self.own.measured.is_some().then(|| SloId::measured(id)));
        found
    }
}

impl Catalogue {
    /// What `id` names among the things that features measure of their own.
    pub(crate) fn own_slo(&self, id: &SloId) -> Option<&Slo> {
        match (id.name.as_str(), id.edge_of()) {
            (ATTEMPTS, _) => self.features.get(&feature(id)?)?.own.attempts.as_ref(),
            (MEASURED, _) => self.features.get(&feature(id)?)?.own.measured.as_ref(),
            (_, Some(of)) => self.features.get(&of)?.own.edges.get(id),
            _ => self.segment(id).map(|(_, it)| &it.slo),
        }
    }

    /// The part of a feature's traffic that `id` names, with the feature.
    #[must_use]
    pub fn segment(&self, id: &SloId) -> Option<(&Feature, &crate::Segment)> {
        let feature = self.features.get(&id.segment_of()?)?;
        Some((feature, feature.segments.as_ref()?.parts.iter().find(|it| it.id == *id)?))
    }

    /// Everything that is measured: the objectives of services, and then what features measure of their own.
    pub fn signals(&self) -> impl Iterator<Item = (SloId, &Slo)> {
        self.slos().chain(self.features.iter().flat_map(|(id, feature)| {
            let own = &feature.own;
            let attempts = own.attempts.as_ref().map(|it| (SloId::attempts(id), it));
            let measured = own.measured.as_ref().map(|it| (SloId::measured(id), it));
            let parts = feature.segments.iter().flat_map(|it| &it.parts);
            let parts = parts.map(|it| (it.id.clone(), &it.slo));
            let edges = own.edges.iter().map(|(id, it)| (id.clone(), it));
            edges.chain(attempts).chain(measured).chain(parts)
        }))
    }
}

fn feature(id: &SloId) -> Option<FeatureId> {
    FeatureId::new(id.service.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_ids_are_read_and_nothing_like_them_is_written_by_accident() {
        let (member, feature) = (SloId::from("payments.up"), FeatureId::from("light-on"));
        let edge = SloId::edge(&member, &feature);
        for id in [&edge, &SloId::attempts(&feature), &SloId::measured(&feature)] {
            assert_eq!(SloId::parse(&id.to_string()).as_ref(), Ok(id));
        }
        assert_eq!((edge.edge_of(), edge.promised()), (Some(feature.clone()), member.clone()));
        assert_eq!((member.edge_of(), member.promised()), (None, member));
        assert_eq!(SloId::measured(&feature).edge_of(), None);
        let part = SloId::segment(&feature, "KE 2G");
        assert_eq!(SloId::parse(&part.to_string()).as_ref(), Ok(&part));
        assert_eq!((part.segment_of(), part.edge_of()), (Some(feature), None));
        for wrong in [
            "a.@segment:",
            "a.@segment:\"",
            "a.@segment: ",
            "a.b@segment:c",
            "a.@b",
            "a.b@",
            "a.@",
            "a.b@c@d",
            "a@b.c",
        ] {
            assert!(SloId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
