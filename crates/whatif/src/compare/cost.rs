//! The same cost: how many have to sit at desks so that every way of working leaves as much building.
//!
//! Intuition: two structures with the same number of people at desks may still cost differently,
//! because one also interrupts those who build. What a way of working costs is every paid hour that
//! does not build: desks, interruptions, and the time to find back. So the staff of each is moved until
//! that is as near as whole people allow to the most expensive one.
//!
//! Complications: staff comes in whole people, so the cost is near, not equal, and what remains is shown
//! as the building hours themselves. A structure without desks has nothing to move. Hours worked at
//! night are not paid time here.
//!
//! Invariants:
//! - cost is counted in hours, never in money: what an hour is worth is for whoever reads it;
//! - the choice is made on a few replications of the same worlds; the comparison afterwards is full.

use super::{Experiment, Runner};
use crate::measure::Metric;
use crate::number::{WEEK_MS, count, float, hours};
use crate::structure::Structure;

/// Replications by which staff is chosen. Building hours vary little from world to world.
pub const CHOICE_REPLICATIONS: usize = 4;

impl Experiment {
    /// Paid hours per person and week.
    #[must_use]
    pub fn paid_hours(&self) -> f64 {
        let organisation = &self.organisation;
        let within = organisation.within;
        let open_ms: i64 = organisation.people.iter().map(|it| it.calendar.open_ms(within)).sum();
        let weeks = float(within.length_ms()) / float(WEEK_MS);
        hours(open_ms) / weeks / count(organisation.people.len().max(1))
    }

    /// Per list of candidates the one whose building hours are nearest to `building_hours`; of equals
    /// the first.
    ///
    /// # Errors
    /// The law that a history broke, or why it was stopped.
    pub fn nearest_in_cost(
        &self,
        candidates: &[Vec<Structure>],
        building_hours: f64,
        runner: &dyn Runner,
    ) -> Result<Vec<Structure>, String> {
        let structures: Vec<Structure> = candidates.iter().flatten().cloned().collect();
        let all = Self { structures, ..self.clone() };
        let job = |it: usize| all.replicate(it);
        let runs: Vec<_> =
            runner.run(0..CHOICE_REPLICATIONS, &job).into_iter().collect::<Result<_, _>>()?;
        let off = |number: usize| {
            let built = runs.iter().filter_map(|it| it[number].get(Metric::RoadmapHours));
            (built.sum::<f64>() / count(runs.len()) - building_hours).abs()
        };
        let (mut found, mut from) = (vec![], 0);
        for list in candidates {
            let best =
                (from..from + list.len()).min_by(|one, other| off(*one).total_cmp(&off(*other)));
            found.extend(best.map(|it| all.structures[it].clone()));
            from += list.len();
        }
        Ok(found)
    }
}
