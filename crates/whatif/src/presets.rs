//! The ways of working that have names.
//!
//! Intuition: a preset is a short answer to four questions (who takes it in, who works on it, whose
//! focus breaks, who rotates), written as desks, turns and routes.
//!
//! Complications: how many people sit at desks matters more than what the structure is called. Every
//! preset takes that number, so that structures can be compared at equal staffing.
//!
//! Invariants:
//! - planned items go to whoever changed the component last, in every preset;
//! - a preset passes [`Structure::check`] for the organisation it was made for.

use crate::calendar::Span;
use crate::number::{DAY_MS, HOUR_MS};
use crate::structure::{
    AtEnd, Dedication, Desk, OffHours, Order, Overflow, Preempt, Structure, Target, Triage, Turn,
};
use crate::world::{CLASSES, Class, Organisation};

/// A way of working with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preset {
    /// Everybody is asked directly: whoever changed it last.
    AdHoc,
    /// One desk for the whole company, whose duty rotates among everybody.
    Tribute,
    /// A support desk and an operations desk, staffed with developers who change every quarter.
    Collectives,
    /// A desk per team, whose duty rotates in the team.
    ProductTeams,
    /// One permanent desk with explicit priorities.
    ServiceCentre,
    /// A permanent specialist in each team, helped by the others when work waits too long.
    Embedded,
    /// One permanent desk that takes what is short first.
    ShortFirstPool,
    /// A desk per team, helped by all other duties when work waits too long.
    TeamsWithOverflow,
}

/// Every preset.
pub const PRESETS: [Preset; 8] = [
    Preset::AdHoc,
    Preset::Tribute,
    Preset::Collectives,
    Preset::ProductTeams,
    Preset::ServiceCentre,
    Preset::Embedded,
    Preset::ShortFirstPool,
    Preset::TeamsWithOverflow,
];

/// The numbers of a preset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers {
    /// How many sit at desks at a time, in the whole organisation; at least one per desk.
    pub staff: usize,
    /// How long a turn is, where turns rotate.
    pub turn_ms: i64,
    /// After how long work moves on, where it does.
    pub overflow_after_ms: i64,
    /// Whether pages are answered outside working hours.
    pub off_hours: OffHours,
    /// What happens before a desk.
    pub triage: Triage,
}

impl Preset {
    /// Its name in files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AdHoc => "ad-hoc",
            Self::Tribute => "tribute",
            Self::Collectives => "collectives",
            Self::ProductTeams => "product-teams",
            Self::ServiceCentre => "service-centre",
            Self::Embedded => "embedded",
            Self::ShortFirstPool => "short-first-pool",
            Self::TeamsWithOverflow => "teams-with-overflow",
        }
    }

    /// Who takes work in, as people say it.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::AdHoc => "everybody is asked directly",
            Self::Tribute => "one person at a time for the whole company, weekly",
            Self::Collectives => "a support and an operations desk of developers, quarterly",
            Self::ProductTeams => "a duty per team, weekly",
            Self::ServiceCentre => "one permanent desk, by class",
            Self::Embedded => "a permanent specialist in each team",
            Self::ShortFirstPool => "one permanent desk, short work first",
            Self::TeamsWithOverflow => "a duty per team, helped by the others when work waits",
        }
    }

    /// How many people sit at desks if nobody says so.
    #[must_use]
    pub fn usual_staff(self, organisation: &Organisation) -> usize {
        let (people, teams) = (organisation.people.len(), organisation.teams.len());
        match self {
            Self::AdHoc => 0,
            Self::Tribute => 1,
            Self::Collectives => people.div_ceil(4).max(2).min(people),
            Self::ServiceCentre | Self::ShortFirstPool => people.div_ceil(4),
            Self::ProductTeams | Self::TeamsWithOverflow | Self::Embedded => teams,
        }
    }

    /// How long a turn is if nobody says so: a quarter in collectives, otherwise a week.
    #[must_use]
    pub fn usual_turn_ms(self) -> i64 {
        if self == Self::Collectives { 91 * DAY_MS } else { 7 * DAY_MS }
    }

    /// The numbers if nobody says anything else.
    #[must_use]
    pub fn usual(self, organisation: &Organisation) -> Numbers {
        Numbers {
            staff: self.usual_staff(organisation),
            turn_ms: self.usual_turn_ms(),
            overflow_after_ms: 2 * HOUR_MS,
            off_hours: OffHours::Answer,
            triage: Triage { delay_ms: 0, error_share: 0.0, bounce_ms: HOUR_MS / 4 },
        }
    }

    /// The structure it stands for.
    #[must_use]
    pub fn structure(self, organisation: &Organisation, numbers: &Numbers) -> Structure {
        let everybody: Vec<usize> = (0..organisation.people.len()).collect();
        let within = organisation.within;
        let teams = organisation.teams.len();
        let rotate = |people: &[usize], staff| rotation(people, staff, numbers.turn_ms, within);
        let desks = match self {
            Self::AdHoc => vec![],
            Self::Tribute => vec![desk("tribute", rotate(&everybody, numbers.staff))],
            Self::Collectives => collectives(&everybody, numbers, within),
            Self::ServiceCentre | Self::ShortFirstPool => {
                vec![desk("centre", permanent(&spread(organisation, numbers.staff), within))]
            }
            Self::ProductTeams | Self::TeamsWithOverflow => (0..teams)
                .map(|it| {
                    let turns = rotate(&organisation.members(it), share(numbers.staff, teams, it));
                    desk(&organisation.teams[it], turns)
                })
                .collect(),
            Self::Embedded => (0..teams)
                .map(|it| {
                    let mut members = organisation.members(it);
                    members.truncate(share(numbers.staff, teams, it));
                    desk(&organisation.teams[it], permanent(&members, within))
                })
                .collect(),
        };
        let structure = Structure {
            name: self.name().to_owned(),
            routes: self.routes(organisation),
            desks,
            personal: Order::ByClass,
            personal_preempt: Preempt::ForPages,
            priorities: [0, 1, 2, 3, 4],
            triage: numbers.triage,
            at_end: self.at_end(),
        };
        self.refined(structure, numbers)
    }

    /// What makes it this preset and not its neighbour.
    fn refined(self, mut structure: Structure, numbers: &Numbers) -> Structure {
        for desk in &mut structure.desks {
            desk.off_hours = numbers.off_hours;
            if matches!(self, Self::ServiceCentre | Self::ShortFirstPool) {
                desk.preempt = Preempt::Never;
            }
            if self == Self::ShortFirstPool {
                desk.order = Order::ShortFirst;
            }
        }
        if matches!(self, Self::Embedded | Self::TeamsWithOverflow) && structure.desks.len() > 1 {
            let all = structure.desks.iter().flat_map(|it| it.turns.clone()).collect();
            let to = structure.desks.len();
            for desk in &mut structure.desks {
                desk.overflow = Some(Overflow { after_ms: numbers.overflow_after_ms, to });
            }
            structure.desks.push(Desk { off_hours: numbers.off_hours, ..desk("common", all) });
        }
        structure
    }

    fn routes(self, organisation: &Organisation) -> Vec<Target> {
        let teams = organisation.teams.len();
        let mut routes = vec![];
        for class in CLASSES {
            for (number, component) in organisation.components.iter().enumerate() {
                // What nobody owns has to be answered by somebody: teams take turns by number.
                let owner = component.owner.unwrap_or(number % teams.max(1));
                routes.push(match self {
                    _ if class == Class::Roadmap => Target::LastChanger,
                    Self::AdHoc => Target::LastChanger,
                    Self::Tribute | Self::ServiceCentre | Self::ShortFirstPool => Target::Desk(0),
                    Self::Collectives => match class {
                        Class::Ticket | Class::Request => Target::Desk(0),
                        Class::Page | Class::Change | Class::Roadmap => Target::Desk(1),
                    },
                    Self::ProductTeams | Self::TeamsWithOverflow | Self::Embedded => {
                        Target::Desk(owner)
                    }
                });
            }
        }
        routes
    }

    fn at_end(self) -> AtEnd {
        match self {
            Self::AdHoc | Self::Embedded => AtEnd::Keep,
            _ => AtEnd::HandOver,
        }
    }
}

/// A support desk and an operations desk; people who leave one go back to building first.
fn collectives(everybody: &[usize], numbers: &Numbers, within: Span) -> Vec<Desk> {
    let support = numbers.staff.div_ceil(2).max(1);
    let operations = numbers.staff.saturating_sub(support).max(1);
    let mut shifted = everybody.to_vec();
    shifted.rotate_left(everybody.len() / 2);
    vec![
        desk("support", rotation(everybody, support, numbers.turn_ms, within)),
        desk("operations", rotation(&shifted, operations, numbers.turn_ms, within)),
    ]
}

fn desk(name: &str, turns: Vec<Turn>) -> Desk {
    Desk {
        name: name.to_owned(),
        turns,
        order: Order::ByClass,
        preempt: Preempt::ForPages,
        overflow: None,
        dedicated: Dedication::Full,
        off_hours: OffHours::Wait,
    }
}

/// Turns of `turn_ms`, each by the next `staff` of `people`.
#[must_use]
pub fn rotation(people: &[usize], staff: usize, turn_ms: i64, within: Span) -> Vec<Turn> {
    let staff = staff.clamp(1, people.len().max(1));
    let mut turns = vec![];
    let (mut next, mut from_ms) = (0, within.from_ms);
    while from_ms < within.to_ms && !people.is_empty() {
        let span = Span { from_ms, to_ms: within.to_ms.min(from_ms + turn_ms.max(1)) };
        for place in next..next + staff {
            turns.push(Turn { person: people[place % people.len()], span });
        }
        (next, from_ms) = (next + staff, span.to_ms);
    }
    turns
}

fn permanent(people: &[usize], within: Span) -> Vec<Turn> {
    people.iter().map(|it| Turn { person: *it, span: within }).collect()
}

/// The part of `staff` that desk `number` of `desks` gets: never less than one.
#[must_use]
pub fn share(staff: usize, desks: usize, number: usize) -> usize {
    let left = staff.saturating_sub(desks);
    1 + left / desks + usize::from(number < left % desks)
}

/// `staff` people from as many teams as possible.
fn spread(organisation: &Organisation, staff: usize) -> Vec<usize> {
    let teams: Vec<Vec<usize>> =
        (0..organisation.teams.len()).map(|it| organisation.members(it)).collect();
    in_ranks(&teams).into_iter().take(staff.max(1)).collect()
}

/// The first of each team, then the second of each, and so on.
#[must_use]
pub fn in_ranks(teams: &[Vec<usize>]) -> Vec<usize> {
    let longest = teams.iter().map(Vec::len).max().unwrap_or(0);
    let ranks = (0..longest).flat_map(|rank| teams.iter().filter_map(move |it| it.get(rank)));
    ranks.copied().collect()
}
