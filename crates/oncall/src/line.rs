//! Who stands behind whoever is on duty.
//!
//! Intuition: first those whom the layers below would have named, from the highest to the lowest, then
//! the people of the deciding layer in the order in which their turns come.

use crate::{Marks, Zones, duty};
use model::{PersonId, Rota, Timestamp};

/// Everybody behind the duty of `rota` at `at`, nearest first, without repetition and without
/// whoever is on duty.
#[must_use]
pub fn line(rota: &Rota, at: Timestamp, zones: &Zones) -> Vec<PersonId> {
    let now = duty(rota, at, zones);
    let below = (0..now.layer).rev().map(|idx| Marks::new(rota, idx, zones).shift_at(at).person);
    let layer = &rota.layers[now.layer];
    let marks = Marks::new(rota, now.layer, zones);
    let mut ends = now.shift.ends;
    let turns = (0..layer.people.len()).map_while(|_| {
        let shift = (ends < Timestamp(i64::MAX)).then(|| marks.shift_at(ends))?;
        ends = shift.ends;
        Some(shift.person)
    });
    // At the end of all calendars nobody's turn comes any more; the list still names people.
    let rest = layer.people.iter().cloned();
    let mut found: Vec<PersonId> = vec![];
    for person in below.chain(turns).chain(rest) {
        if !now.people.contains(&person) && !found.contains(&person) {
            found.push(person);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Layer, Turn, Weekday};

    fn layer(people: &str) -> Layer {
        Layer {
            people: people.split(',').map(PersonId::from).collect(),
            turn: Turn::Days(1),
            handover_day: Weekday::Mon,
            handover_minute: 0,
            starts: "2026-11-23".to_owned(),
        }
    }

    #[track_caller]
    fn check(layers: &[&str], day: &str, expected: &str) {
        let rota = Rota {
            confirm: None,
            load: None,
            timezone: "UTC".to_owned(),
            layers: layers.iter().map(|it| layer(it)).collect(),
        };
        let at = Timestamp::parse_rfc3339(&format!("{day}T12:00:00Z")).expect("a time");
        let found = line(&rota, at, &Zones::bundled());
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
        check(&["dede,emeka", "fay", "ana,bo"], "2026-11-24", "fay,emeka,ana");
    }

    #[test]
    fn one_person_has_nobody_behind() {
        check(&["ana"], "2026-11-23", "");
    }
}
