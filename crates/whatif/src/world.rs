//! What a way of working is tried on: people, components, and the items that reach them.
//!
//! Intuition: the world is drawn once and every structure lives through the same one. An item carries
//! its own luck (would it need an expert, would it be sent to the wrong desk), so that luck stays with
//! the item whoever works on it.
//!
//! Complications: whole weeks of recorded arrivals can be replayed, which keeps bursts that no formula
//! has; replayed items without a size draw one.
//!
//! Invariants:
//! - items are sorted by when they were created, then by source and number;
//! - [`draw`] depends on its arguments only, and a source's items do not depend on other sources.
//!
//! Absent: arrivals that react to the structure. A shield may suppress reports and somebody at hand
//! may attract them; both are left out, and reports say so.

use crate::calendar::{Calendar, Span};
use crate::number::{WEEK_MS, count, float, index, whole};
use crate::random::{Length, Stream};

/// What kind of work an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Something rings.
    Page,
    /// A customer waits.
    Ticket,
    /// A colleague waits.
    Request,
    /// A change to something that runs.
    Change,
    /// Planned work with an end.
    Roadmap,
}

/// Every class, the most urgent first.
pub const CLASSES: [Class; 5] =
    [Class::Page, Class::Ticket, Class::Request, Class::Change, Class::Roadmap];

impl Class {
    /// Its place in [`CLASSES`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["page", "ticket", "request", "change", "roadmap"][self.index()]
    }
}

/// Somebody who works.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// What reports call them; never ranked.
    pub name: String,
    /// When they work.
    pub calendar: Calendar,
    /// When it is night for them, 22:00 to 8:00 by their own clock.
    pub night: Calendar,
    /// Index of their home team.
    pub team: usize,
    /// How well they know each component, from 0 to 1.
    pub skills: Vec<f64>,
}

/// Something that can break, be asked about or be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What it is called.
    pub name: String,
    /// Index of the team that owns it; none: shared by all.
    pub owner: Option<usize>,
}

/// Who and what there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Organisation {
    /// What is simulated, from the first instant to the last.
    pub within: Span,
    /// The people.
    pub people: Vec<Person>,
    /// Names of the teams.
    pub teams: Vec<String>,
    /// The components.
    pub components: Vec<Component>,
}

impl Organisation {
    /// The people of `team`.
    #[must_use]
    pub fn members(&self, team: usize) -> Vec<usize> {
        (0..self.people.len()).filter(|it| self.people[*it].team == team).collect()
    }

    /// Who knows `component` best, apart from `except`. Of equals one is taken by the number of the
    /// component, so that not everything falls to the same person.
    #[must_use]
    pub fn expert(&self, component: usize, except: Option<usize>) -> Option<usize> {
        let skill = |it: usize| self.people[it].skills[component];
        let others = (0..self.people.len()).filter(|it| Some(*it) != except);
        let best = others.clone().map(skill).max_by(f64::total_cmp)?;
        let equals: Vec<usize> = others.filter(|it| skill(*it) >= best).collect();
        Some(equals[component % equals.len()])
    }
}

/// Where items come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// What its items are.
    pub class: Class,
    /// Which components they are about, each as likely as the others.
    pub components: Vec<usize>,
    /// When they come.
    pub arrivals: Arrivals,
    /// How long they take somebody who knows the component.
    pub length: Length,
    /// When they are due after they were created, if they are.
    pub due_after_ms: Option<i64>,
    /// What an hour of waiting costs, in any unit that all sources share.
    pub cost_per_hour: f64,
}

/// When items come.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    /// Without memory, at a constant rate while `during` is open.
    Poisson {
        /// Mean time between two, counted in open time.
        gap_ms: f64,
        /// When they can come at all.
        during: Calendar,
    },
    /// Recorded weeks, each drawn whole with equal chance.
    Weeks {
        /// Per week, offsets from its beginning and, where known, sizes.
        weeks: Vec<Vec<Recorded>>,
    },
    /// Exactly these, for checks against other programs.
    Listed {
        /// When each comes and how long it takes.
        items: Vec<Recorded>,
    },
}

/// One recorded arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// When, from the beginning of its week (or of what is simulated, in a list).
    pub offset_ms: i64,
    /// How long it takes, where that is known.
    pub size_ms: Option<i64>,
}

/// Something somebody has to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// Index of its source.
    pub source: usize,
    /// What it is.
    pub class: Class,
    /// What it is about.
    pub component: usize,
    /// When it came up.
    pub created_ms: i64,
    /// How long it takes somebody who knows the component.
    pub size_ms: i64,
    /// What triage believes it takes: the mean of its source.
    pub estimate_ms: i64,
    /// When it is due.
    pub due_ms: i64,
    /// What an hour of waiting costs.
    pub cost_per_hour: f64,
    /// Its luck about experts, from 0 to 1: low needs one.
    pub consult_luck: f64,
    /// Its luck about triage, from 0 to 1: low is sent to the wrong desk.
    pub triage_luck: f64,
}

/// Which of many worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The seed of all of them.
    pub seed: u64,
    /// Which one.
    pub replication: u32,
}

/// Streams per source; their order is part of "same seed, same bytes".
const STREAMS: u32 = 4;

/// The items that come up during `arrivals`.
#[must_use]
pub fn draw(sources: &[Source], arrivals: Span, which: Draw) -> Vec<Item> {
    let mut items = vec![];
    for (number, source) in sources.iter().enumerate() {
        let first = u32::try_from(number).expect("few sources") * STREAMS;
        let stream = |it: u32| Stream::new(which.seed, which.replication, first + it);
        let recorded = come(&source.arrivals, arrivals, &stream(0));
        let (sizes, luck, about) = (stream(1), stream(2), stream(3));
        for (place, (created_ms, size)) in (0_u64..).zip(recorded) {
            let [consult_luck, triage_luck] = luck.units(place);
            let pick = index(about.unit(place) * count(source.components.len()));
            items.push(Item {
                source: number,
                class: source.class,
                component: source.components[pick.min(source.components.len() - 1)],
                created_ms,
                size_ms: size.unwrap_or_else(|| source.length.at(&sizes, place)),
                estimate_ms: source.length.mean_ms(),
                due_ms: source.due_after_ms.map_or(i64::MAX, |it| created_ms + it),
                cost_per_hour: source.cost_per_hour,
                consult_luck,
                triage_luck,
            });
        }
    }
    items.sort_by_key(|it| (it.created_ms, it.source));
    items
}

fn come(arrivals: &Arrivals, within: Span, stream: &Stream) -> Vec<(i64, Option<i64>)> {
    match arrivals {
        Arrivals::Poisson { gap_ms, during } => poisson(*gap_ms, during, within, stream),
        Arrivals::Listed { items } => {
            items.iter().map(|it| (within.from_ms + it.offset_ms, it.size_ms)).collect()
        }
        Arrivals::Weeks { weeks } => {
            let mut found = vec![];
            for number in 0_u64.. {
                let from_ms = within.from_ms + i64::try_from(number).expect("few") * WEEK_MS;
                if from_ms >= within.to_ms {
                    break;
                }
                let pick = index(stream.unit(number) * count(weeks.len()));
                let week = &weeks[pick.min(weeks.len() - 1)];
                found.extend(week.iter().map(|it| (from_ms + it.offset_ms, it.size_ms)));
            }
            found.retain(|it| it.0 < within.to_ms);
            found
        }
    }
}

/// Arrivals on the clock of open time, then moved to the wall clock.
fn poisson(
    gap_ms: f64,
    during: &Calendar,
    within: Span,
    stream: &Stream,
) -> Vec<(i64, Option<i64>)> {
    assert!(gap_ms > 0.0, "items need some time between them");
    let mut found = vec![];
    let (mut number, mut open_ms, mut passed_ms) = (0_u64, 0.0, 0_i64);
    for span in during.inside(within) {
        loop {
            let next_ms = open_ms + gap_ms * stream.exponential(number);
            let offset_ms = whole(next_ms) - passed_ms;
            if offset_ms >= span.length_ms() {
                break;
            }
            found.push((span.from_ms + offset_ms, None));
            (open_ms, number) = (next_ms, number + 1);
        }
        passed_ms += span.length_ms();
    }
    found
}

/// Offered work in Erlangs: hours of work per hour that passes.
#[must_use]
pub fn offered(items: &[Item], within: Span) -> f64 {
    float(items.iter().map(|it| it.size_ms).sum()) / float(within.length_ms())
}
