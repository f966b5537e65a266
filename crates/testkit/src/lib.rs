//! Builders for tests: an organisation in code, assessments that say what a test needs, instants
//! that can be read.
//!
//! Intuition: a box of props. A test that needs "somebody on duty" takes an organisation from here
//! instead of spelling out forty fields.
//!
//! Invariants:
//! - nothing here decides, sends or stores; it only makes values;
//! - everything is the same on every run.

mod assessment;
mod organisation;
mod spoilt;
mod submit;

pub use assessment::assessment;
pub use organisation::{contact, feature, person, rota, service, slo, solar, step, supplier};
pub use spoilt::spoilt;
pub use submit::{adopt, burning, calm, door_alert};

use model::Timestamp;

/// The instant that RFC 3339 `text` names; panics on anything else.
#[must_use]
pub fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap_or_else(|| panic!("`{text}` is not an instant"))
}

/// Monday 23 November 2026, 10:00 UTC: two in the morning in San Francisco, one in the afternoon in
/// Nairobi. Where stories begin.
pub const MONDAY: Timestamp = Timestamp(1_795_428_000_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_begin_on_a_monday() {
        assert_eq!(at("2026-11-23T10:00:00Z"), MONDAY);
    }

    #[test]
    fn the_organisation_holds_together() {
        let solar = solar();
        for feature in solar.features.values() {
            for id in feature.needs.slos() {
                let slo = solar.slo(id).unwrap_or_else(|| panic!("{id} exists"));
                assert!(solar.sources.contains_key(&slo.source), "{id}");
            }
            assert!(solar.teams.contains_key(&feature.team));
            let escalation = feature.escalation.as_ref().unwrap();
            assert!(solar.escalations.contains_key(escalation));
        }
        for rota in solar.rotas.values() {
            let people = rota.layers.iter().flat_map(|it| &it.people);
            assert!(people.into_iter().all(|it| solar.people.contains_key(it)));
        }
    }
}
