//! A company for tests: so many people in so many teams, with work of every class.

use crate::calendar::{Calendar, Hours, Span};
use crate::compare::Experiment;
use crate::number::{HOUR_MS, WEEK_MS, count, float};
use crate::presets::Preset;
use crate::random::Length;
use crate::structure::{Assumptions, Structure};
use crate::world::{Arrivals, Class, Component, Organisation, Person, Source};
use jiff::tz::TimeZoneDatabase;
use model::Weekday;

/// The knobs, and what they make.
#[derive(Debug, Clone)]
pub(super) struct Company {
    pub(super) people: usize,
    pub(super) teams: usize,
    /// Times the usual arrivals.
    pub(super) times: f64,
    /// Around the clock, and everybody knows everything.
    pub(super) always: bool,
    pub(super) weeks: i64,
    pub(super) organisation: Organisation,
}

/// Eight people in two teams, in Berlin and Nairobi, for eight weeks.
pub(super) fn company() -> Company {
    let within = Span { from_ms: 0, to_ms: 0 };
    let organisation = Organisation { within, people: vec![], teams: vec![], components: vec![] };
    Company { people: 8, teams: 2, times: 1.0, always: false, weeks: 8, organisation }
}

impl Company {
    pub(super) fn built(mut self) -> Self {
        let zones = TimeZoneDatabase::bundled();
        let within = Span { from_ms: 0, to_ms: self.weeks * WEEK_MS };
        let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let day = Hours { days, from_minute: 540, to_minute: 1_020, absent: vec![] };
        let every = [Weekday::Sat, Weekday::Sun].into_iter().chain(day.days.iter().copied());
        let night =
            Hours { days: every.collect(), from_minute: 1_320, to_minute: 480, absent: vec![] };
        let components = 2 * self.teams;
        let person = |number: usize| {
            let zone = zones.get(["Europe/Berlin", "Africa/Nairobi"][number % 2]).unwrap();
            let team = number % self.teams;
            let skill = |it: usize| if it % self.teams == team || self.always { 1.0 } else { 0.2 };
            let calendar = if self.always {
                Calendar::always(within)
            } else {
                Calendar::compile(&day, &zone, within)
            };
            Person {
                name: format!("p{number}"),
                calendar,
                night: Calendar::compile(&night, &zone, within),
                team,
                skills: (0..components).map(skill).collect(),
            }
        };
        self.organisation = Organisation {
            within,
            people: (0..self.people).map(person).collect(),
            teams: (0..self.teams).map(|it| format!("t{it}")).collect(),
            components: (0..components)
                .map(|it| Component {
                    name: format!("c{it}"),
                    // The last one belongs to nobody.
                    owner: (it + 1 < components).then_some(it % self.teams),
                })
                .collect(),
        };
        self
    }

    /// Arrivals stop a week before the end.
    pub(super) fn arrivals(&self) -> Span {
        Span { to_ms: self.organisation.within.to_ms - WEEK_MS, ..self.organisation.within }
    }

    /// Per week: 2 pages, 12 tickets, 4 requests, 3 changes, 1 planned item.
    pub(super) fn sources(&self) -> Vec<Source> {
        let classes = [
            (Class::Page, 2.0, 1.0),
            (Class::Ticket, 12.0, 1.5),
            (Class::Request, 4.0, 0.5),
            (Class::Change, 3.0, 1.0),
            (Class::Roadmap, 1.0, 8.0),
        ];
        let source = |(class, per_week, mean_hours): (Class, f64, f64)| Source {
            class,
            components: (0..self.organisation.components.len()).collect(),
            arrivals: Arrivals::Poisson {
                gap_ms: float(WEEK_MS) / (per_week * self.times),
                during: Calendar::always(self.organisation.within),
            },
            length: Length::LogNormal {
                mean_ms: crate::number::from_hours(mean_hours),
                variation: 2.0,
            },
            due_after_ms: Some(8 * HOUR_MS * (1 + i64::from(class == Class::Ticket))),
            cost_per_hour: count(5 - class.index()),
        };
        classes.map(source).to_vec()
    }

    pub(super) fn structure(&self, preset: Preset) -> Structure {
        preset.structure(&self.organisation, &preset.usual(&self.organisation))
    }

    pub(super) fn experiment(&self, presets: &[Preset]) -> Experiment {
        Experiment {
            organisation: self.organisation.clone(),
            sources: self.sources(),
            arrivals: self.arrivals(),
            warm_up_ms: WEEK_MS,
            structures: presets.iter().map(|it| self.structure(*it)).collect(),
            assumptions: Assumptions {
                slow_down: 2.0,
                consult_share: 0.3,
                consult_ms: HOUR_MS / 2,
                resumption_ms: HOUR_MS / 4,
                handover_ms: HOUR_MS / 4,
                handover_loss: 0.1,
                learning: None,
            },
            seed: 11,
        }
    }
}
