//! What a comparison prints: from the fold of [`crate::facts`], whatever the history came from.
//!
//! Intuition: a structure is never better, it is better for somebody. Every measure says for whom,
//! and which direction they would call better.
//!
//! Complications:
//! - an interruption is a start of work by somebody who was building; several within 60 seconds count
//!   as one;
//! - finding back after an interruption takes the assumed time, during which nothing is built;
//! - items nobody has begun by the end count as waiting until then, which is too short: where that is
//!   more than a tenth of them, the percentiles above it are lower bounds.
//!
//! Invariants:
//! - a measure without anything to measure is absent, never 0;
//! - no measure is about a person.

use crate::calendar::Span;
use crate::facts::WorkHistory;
use crate::history::History;
use crate::number::{WEEK_MS, count, float, hours};
use crate::statistics::percentile;
use crate::structure::{Assumptions, Structure};
use crate::world::{Class, Organisation};

/// Something that can be said about a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// 90th percentile of hours until somebody works on a page.
    PageStartP90,
    /// Median of hours until somebody works on a ticket or request.
    WaitP50,
    /// 90th percentile of the same.
    WaitP90,
    /// 95th percentile of the same.
    WaitP95,
    /// 90th percentile of hours until a ticket or request is done.
    DoneP90,
    /// Tickets, requests and pages that are open at the end, per 100.
    OpenPercent,
    /// Hours of building per person and week.
    RoadmapHours,
    /// Unbroken stretches of two hours of building per person and week.
    Blocks,
    /// Interruptions of building per week of somebody who is not at a desk.
    Interruptions,
    /// Pages begun at night, by the clock of whoever began, per person and week.
    NightPages,
    /// Share of their time that those at desks are busy, in percent.
    DeskLoadPercent,
    /// How often somebody else takes an item over, per item.
    Handovers,
    /// Items per 100 that somebody who had given them away gets back.
    PingPong,
    /// Items per 100 that reach somebody who is not on duty.
    LeakPercent,
    /// Share of components that a person worked on, in percent, on average.
    BreadthPercent,
}

/// Every metric, those of customers first.
pub const METRICS: [Metric; 15] = [
    Metric::PageStartP90,
    Metric::WaitP50,
    Metric::WaitP90,
    Metric::WaitP95,
    Metric::DoneP90,
    Metric::OpenPercent,
    Metric::RoadmapHours,
    Metric::Blocks,
    Metric::Interruptions,
    Metric::NightPages,
    Metric::DeskLoadPercent,
    Metric::Handovers,
    Metric::PingPong,
    Metric::LeakPercent,
    Metric::BreadthPercent,
];

/// Which direction is better, if one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less.
    Lower,
    /// More.
    Higher,
    /// Neither: it describes.
    Neither,
}

impl Metric {
    /// Its name in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::PageStartP90 => "page_start_p90_hours",
            Self::WaitP50 => "wait_p50_hours",
            Self::WaitP90 => "wait_p90_hours",
            Self::WaitP95 => "wait_p95_hours",
            Self::DoneP90 => "done_p90_hours",
            Self::OpenPercent => "open_percent",
            Self::RoadmapHours => "roadmap_hours_per_person_week",
            Self::Blocks => "two_hour_blocks_per_person_week",
            Self::Interruptions => "interruptions_per_builder_week",
            Self::NightPages => "night_pages_per_person_week",
            Self::DeskLoadPercent => "desk_load_percent",
            Self::Handovers => "handovers_per_item",
            Self::PingPong => "ping_pong_percent",
            Self::LeakPercent => "leak_percent",
            Self::BreadthPercent => "breadth_percent",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::PageStartP90 => "page begun, p90 h",
            Self::WaitP50 => "wait, median h",
            Self::WaitP90 => "wait, p90 h",
            Self::WaitP95 => "wait, p95 h",
            Self::DoneP90 => "done, p90 h",
            Self::OpenPercent => "open at end, %",
            Self::RoadmapHours => "building, h/week",
            Self::Blocks => "2 h blocks/week",
            Self::Interruptions => "interruptions/week",
            Self::NightPages => "night pages/week",
            Self::DeskLoadPercent => "desk load, %",
            Self::Handovers => "hand-overs/item",
            Self::PingPong => "ping-pong, %",
            Self::LeakPercent => "past the duty, %",
            Self::BreadthPercent => "breadth, %",
        }
    }

    /// For whom it matters.
    #[must_use]
    pub fn audience(self) -> &'static str {
        match self {
            Self::PageStartP90
            | Self::WaitP50
            | Self::WaitP90
            | Self::WaitP95
            | Self::DoneP90
            | Self::OpenPercent => "customers",
            Self::Interruptions | Self::Blocks | Self::NightPages => "engineers",
            Self::RoadmapHours => "the business",
            _ => "nobody by itself",
        }
    }

    /// Which direction is better.
    #[must_use]
    pub fn better(self) -> Better {
        match self {
            Self::RoadmapHours | Self::Blocks => Better::Higher,
            Self::DeskLoadPercent
            | Self::BreadthPercent
            | Self::LeakPercent
            | Self::Handovers
            | Self::PingPong => Better::Neither,
            _ => Better::Lower,
        }
    }
}

/// A number per metric, in the order of [`METRICS`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures([Option<f64>; METRICS.len()]);

impl Measures {
    /// The number of `metric`, if there was anything to measure.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.0[metric as usize]
    }
}

/// Measures `history` from `from_ms` on; what was before warmed up.
#[must_use]
pub fn measure(
    organisation: &Organisation,
    structure: &Structure,
    assumptions: &Assumptions,
    history: &History,
    from_ms: i64,
) -> Measures {
    let within = Span { from_ms, to_ms: history.within.to_ms.max(from_ms + 1) };
    let history = WorkHistory::simulated(organisation, structure, history);
    measured(history, within, assumptions.resumption_ms)
}

/// Measures whatever history is there, recorded or simulated, within `within`; what came up before it
/// warmed up. Finding back takes `resumption_ms`, which no record holds.
#[must_use]
pub fn measured(mut history: WorkHistory, within: Span, resumption_ms: i64) -> Measures {
    history.within = within;
    let asked = |it: Class| matches!(it, Class::Ticket | Class::Request);
    let (waits, stays) = times(&history, asked);
    let (page_waits, _) = times(&history, |it| it == Class::Page);
    let (items, open) = history.counted().fold((0, 0), |(items, open), it| {
        (items + 1, open + usize::from(it.finished_ms.is_none()))
    });
    let weeks = count(history.people.len()) * float(within.length_ms()) / float(WEEK_MS);
    let building = history.building(resumption_ms);
    Measures(METRICS.map(|metric| match metric {
        Metric::PageStartP90 => percentile(&page_waits, 0.9),
        Metric::WaitP50 => percentile(&waits, 0.5),
        Metric::WaitP90 => percentile(&waits, 0.9),
        Metric::WaitP95 => percentile(&waits, 0.95),
        Metric::DoneP90 => percentile(&stays, 0.9),
        Metric::OpenPercent => ratio(100.0 * count(open), count(items)),
        Metric::RoadmapHours => building.and_then(|it| ratio(hours(it.built_ms), weeks)),
        Metric::Interruptions => building.and_then(|it| {
            let share = ratio(float(it.free_ms), float(it.present_ms))?;
            ratio(float(it.interruptions), weeks * share)
        }),
        Metric::Blocks => history.blocks(),
        Metric::NightPages => history.night_pages(),
        Metric::DeskLoadPercent => history.erlangs().map(|it| 100.0 * it),
        Metric::Handovers => history.handovers(),
        Metric::PingPong => history.ping_pong(),
        Metric::LeakPercent => history.leak(),
        // People of a simulation are nobody: of one of them there is nothing to hide.
        Metric::BreadthPercent => history.breadth_and_depth(1).0,
    }))
}

fn ratio(over: f64, under: f64) -> Option<f64> {
    (under > 0.0).then(|| over / under)
}

/// Sorted hours until pieces of some classes were begun, and until they were done; what was not counts
/// until the end.
fn times(history: &WorkHistory, of: impl Fn(Class) -> bool) -> (Vec<f64>, Vec<f64>) {
    let end_ms = history.within.to_ms;
    let (mut waits, mut stays) = (vec![], vec![]);
    for piece in history.counted().filter(|it| of(it.class)) {
        let until = |it: Option<i64>| hours(it.unwrap_or(end_ms) - piece.created_ms);
        waits.push(until(piece.started_ms));
        stays.push(until(piece.finished_ms));
    }
    waits.sort_by(f64::total_cmp);
    stays.sort_by(f64::total_cmp);
    (waits, stays)
}
