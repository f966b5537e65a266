//! Who stands behind whoever is on duty.
//!
//! Intuition: first those whom the layers below would have named, from the highest to the lowest, then
//! the people of the deciding layer in the order in which their turns come.

use crate::schedule::Duties;
use model::{Millis, PersonId, RotaId, Timestamp};
use std::collections::BTreeMap;

/// How far ahead the next turns are looked for.
const TURNS_WITHIN: Millis = Millis::from_days(400);
/// Shifts looked at for them.
const TURNS_MAX: usize = 200;

/// Everybody behind the duty of `rota` at `at`, nearest first, without repetition and without
/// whoever is on duty.
#[must_use]
pub fn line(duties: &Duties<'_>, rota: &RotaId, at: Timestamp) -> Vec<PersonId> {
    let (Some(known), Some(now)) = (duties.rotas.get(rota), duties.at(rota, at)) else {
        return vec![];
    };
    let deciding = now.layer.unwrap_or(known.layers.len());
    let below = (0..deciding.min(known.layers.len())).rev().flat_map(|idx| {
        // That layer alone, without what was written over it.
        let mut alone = known.clone();
        alone.layers = vec![known.layers[idx].clone()];
        let rotas = BTreeMap::from([(rota.clone(), alone)]);
        let alone = Duties { rotas: &rotas, overrides: &BTreeMap::new(), zones: duties.zones };
        alone.at(rota, at).map_or(vec![], |it| it.people)
    });
    let everybody = || known.layers.iter().rev().flat_map(|it| it.people.iter().cloned());
    let mut found: Vec<PersonId> = vec![];
    let mut add = |person: PersonId| {
        if !now.people.contains(&person) && !found.contains(&person) {
            found.push(person);
        }
        found.len()
    };
    below.for_each(|it| {
        add(it);
    });
    // The turns that come, as they will be: with everything that people changed.
    let mut ends = now.ends;
    for _ in 0..TURNS_MAX {
        if ends >= at.plus(TURNS_WITHIN) || ends.0 == i64::MAX {
            break;
        }
        let Some(shift) = duties.at(rota, ends) else { break };
        shift.people.into_iter().for_each(|it| {
            add(it);
        });
        ends = shift.ends;
    }
    // At the end of all calendars nobody's turn comes any more; the list still names people.
    everybody().for_each(|it| {
        add(it);
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zones;
    use model::{Layer, Rota, Turn, Weekday};

    fn layer(people: &str) -> Layer {
        Layer {
            people: people.split(',').map(PersonId::from).collect(),
            turn: Turn::Days(1),
            handover_day: Weekday::Mon,
            handover_minute: 0,
            starts: "2026-11-23".to_owned(),
            rules: model::LayerRules::default(),
        }
    }

    #[track_caller]
    fn check(layers: &[&str], day: &str, expected: &str) {
        let rota = Rota {
            confirm: None,
            load: None,
            timezone: "UTC".to_owned(),
            layers: layers.iter().map(|it| layer(it)).collect(),
            rules: model::RotaRules::default(),
        };
        let at = Timestamp::parse_rfc3339(&format!("{day}T12:00:00Z")).expect("a time");
        let (rotas, overrides) = (BTreeMap::from([("r".into(), rota)]), BTreeMap::new());
        let zones = Zones::bundled();
        let duties = Duties { rotas: &rotas, overrides: &overrides, zones: &zones };
        let found = line(&duties, &"r".into(), at);
        let found: Vec<&str> = found.iter().map(PersonId::as_str).collect();
        assert_eq!(found.join(","), expected);
    }

    #[test]
    fn the_next_turns_follow_in_order() {
        check(&["ana,bo,cy"], "2026-11-23", "bo,cy");
        check(&["ana,bo,cy"], "2026-11-24", "cy,ana");
        check(&["ana,bo,ana,cy"], "2026-11-23", "bo,cy");
    }

    #[test]
    fn layers_below_come_first() {
        check(&["dede,emeka", "fay", "ana,bo"], "2026-11-24", "fay,emeka,ana,dede");
    }

    #[test]
    fn one_person_has_nobody_behind() {
        check(&["ana"], "2026-11-23", "");
    }
}
