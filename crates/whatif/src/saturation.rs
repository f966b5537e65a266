//! When a desk will break, from the work that is offered to it.
//!
//! Intuition: a desk does not fail when its people are busy all day; long before, those who wait
//! longest wait too long. What counts is work per staffed hour, never how many people there are.
//!
//! Complications: the wait while the desk is staffed is that of M/M/c, corrected for lengths that vary
//! more or less than exponentially (Lee and Longton). Nights and weekends come on top. What people are
//! asked directly passes no desk and is not covered.
//!
//! Invariant: a warning comes from offered load and says so; growth is the user's input.

use crate::calendar::Calendar;
use crate::number::{HOUR_MS, WEEK_MS, count, float, hours, index};
use crate::structure::{Assumptions, Desk, Structure, Target, Turn};
use crate::theory::Pool;
use crate::world::{Item, Organisation};
use std::collections::BTreeMap;

/// How one desk stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DeskLoad {
    /// Name of the desk.
    pub desk: String,
    /// How many sit there at a time, on average over the time anybody does.
    pub servers: f64,
    /// Work that arrives per staffed hour, in Erlangs.
    pub offered: f64,
    /// 90th percentile of the wait in staffed hours; infinite when saturated.
    pub wait_p90_hours: f64,
    /// Weeks until that wait crosses its target, at the growth that was given; 0: it has.
    pub target_weeks: Option<u32>,
    /// Weeks until work comes faster than it can be done; 0: it does.
    pub breaks_weeks: Option<u32>,
}

/// What is expected of desks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectation {
    /// The 90th percentile of the wait that is still good enough.
    pub wait_p90_target_hours: f64,
    /// By which share arrivals grow every week.
    pub growth_per_week: f64,
}

/// Weeks that are looked ahead; what comes later is not foreseen.
pub const WEEKS_AHEAD_MAX: u32 = 104;

/// How every desk of `structure` stands with `items`.
#[must_use]
pub fn loads(
    organisation: &Organisation,
    items: &[Item],
    structure: &Structure,
    assumptions: &Assumptions,
    expectation: &Expectation,
) -> Vec<DeskLoad> {
    let mut found = vec![];
    for (number, desk) in structure.desks.iter().enumerate() {
        let target = Target::Desk(number);
        let components = organisation.components.len();
        let mine: Vec<&Item> =
            items.iter().filter(|it| structure.target(it, components) == target).collect();
        if mine.is_empty() {
            continue;
        }
        let staffed = Staffed::of(organisation, desk);
        let slow = |component| staffed.slow(organisation, component, assumptions);
        let slow: Vec<f64> = (0..components).map(slow).collect();
        let lengths = || mine.iter().map(|it| hours(it.size_ms) * slow[it.component]);
        let mean = lengths().sum::<f64>() / count(mine.len());
        let squares: f64 = lengths().map(|it| it * it).sum();
        let variation = squares / count(mine.len()) / (mean * mean) - 1.0;
        let open_hours = hours(staffed.open_ms.max(1));
        let station = Station {
            servers: float(staffed.people_ms) / float(staffed.open_ms.max(1)),
            arrivals: count(mine.len()) / open_hours,
            mean,
            variation,
        };
        found.push(station.load(&desk.name, expectation));
    }
    found
}

struct Staffed {
    people_ms: i64,
    open_ms: i64,
    /// Per person that sits there, for how long.
    by_person: BTreeMap<usize, i64>,
}

impl Staffed {
    fn of(organisation: &Organisation, desk: &Desk) -> Self {
        let (mut spans, mut by_person) = (vec![], BTreeMap::new());
        for Turn { person, span } in &desk.turns {
            for open in organisation.people[*person].calendar.inside(*span) {
                spans.push(open);
                *by_person.entry(*person).or_insert(0) += open.length_ms();
            }
        }
        let open_ms = Calendar::of(spans).open_ms(organisation.within);
        Self { people_ms: by_person.values().sum(), open_ms, by_person }
    }

    /// How many times as long as an expert those at the desk take, on average over their hours.
    fn slow(&self, organisation: &Organisation, component: usize, it: &Assumptions) -> f64 {
        let missing = self.by_person.iter().map(|(person, open_ms)| {
            float(*open_ms) * (1.0 - organisation.people[*person].skills[component])
        });
        1.0 + (it.slow_down - 1.0) * missing.sum::<f64>() / float(self.people_ms.max(1))
    }
}

struct Station {
    servers: f64,
    arrivals: f64,
    mean: f64,
    variation: f64,
}

impl Station {
    fn load(&self, desk: &str, expectation: &Expectation) -> DeskLoad {
        let week = |test: &dyn Fn(f64) -> bool| {
            let growth = 1.0 + expectation.growth_per_week;
            let test = |it: &u32| test(growth.powi(i32::try_from(*it).expect("few weeks")));
            (0..=WEEKS_AHEAD_MAX).find(test)
        };
        let target = expectation.wait_p90_target_hours;
        DeskLoad {
            desk: desk.to_owned(),
            servers: self.servers,
            offered: self.offered(),
            wait_p90_hours: self.wait_p90(1.0),
            target_weeks: week(&|it| self.wait_p90(it) > target),
            breaks_weeks: week(&|it| self.offered() * it >= self.servers),
        }
    }

    fn offered(&self) -> f64 {
        self.arrivals * self.mean
    }

    /// With arrivals `times` as many as now. A fraction of a server is rounded away in the count and
    /// kept in the speed, so that the load stays what it is.
    fn wait_p90(&self, times: f64) -> f64 {
        let whole = index(self.servers.round()).max(1);
        let speed = self.servers / count(whole);
        let servers = u32::try_from(whole).expect("few people sit at a desk");
        let pool = Pool { servers, arrivals: self.arrivals * times, service: speed / self.mean };
        pool.wait_quantile(0.9) * f64::midpoint(1.0, self.variation)
    }
}

/// Growth over a year as growth per week, `(1 + yearly)^(1/52.18) − 1`.
#[must_use]
pub fn weekly(yearly: f64) -> f64 {
    let weeks = 365.25 * 24.0 * float(HOUR_MS) / float(WEEK_MS);
    (1.0 + yearly).powf(1.0 / weeks) - 1.0
}
