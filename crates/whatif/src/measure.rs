//! From what happened to numbers, one fold for whatever the history came from.
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

use crate::calendar::{Calendar, Span};
use crate::history::{History, Part, Segment};
use crate::number::{HOUR_MS, WEEK_MS, count, float, hours};
use crate::statistics::percentile;
use crate::structure::{Assumptions, Dedication, Structure};
use crate::world::{Class, Organisation};
use std::collections::BTreeSet;

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
    /// Pages worked on at night, by the clock of whoever worked, per person and week.
    NightPages,
    /// Share of their time that those at desks are busy, in percent.
    DeskLoadPercent,
    /// How often somebody else takes an item over, per item.
    Handovers,
    /// How often the wrong desk looks at an item, per item.
    Bounces,
    /// Items per 100 for which an expert is taken from building.
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
    Metric::Bounces,
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
            Self::Bounces => "bounces_per_item",
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
            Self::Bounces => "bounces/item",
            Self::LeakPercent => "experts asked, %",
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
            | Self::Bounces => Better::Neither,
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
    let lives = Lives::of(organisation, structure, assumptions, history, within);
    let asked = |it: Class| matches!(it, Class::Ticket | Class::Request);
    let (waits, stays) = times(history, within, asked);
    let (page_waits, _) = times(history, within, |it| it == Class::Page);
    let items: Vec<_> =
        history.records.iter().filter(|it| within.from_ms <= it.created_ms).collect();
    let per_item = |sum: u32| ratio(f64::from(sum), count(items.len()));
    let open = items.iter().filter(|it| it.finished_ms.is_none() && it.class != Class::Roadmap);
    let planned = items.iter().filter(|it| it.class == Class::Roadmap).count();
    let weeks = count(organisation.people.len()) * float(within.length_ms()) / float(WEEK_MS);
    let consulted = items.iter().filter(|it| it.consults > 0).count();
    Measures(METRICS.map(|metric| match metric {
        Metric::PageStartP90 => percentile(&page_waits, 0.9),
        Metric::WaitP50 => percentile(&waits, 0.5),
        Metric::WaitP90 => percentile(&waits, 0.9),
        Metric::WaitP95 => percentile(&waits, 0.95),
        Metric::DoneP90 => percentile(&stays, 0.9),
        Metric::OpenPercent => {
            ratio(100.0 * count(open.clone().count()), count(items.len() - planned))
        }
        Metric::RoadmapHours => ratio(hours(lives.built_ms), weeks),
        Metric::Blocks => ratio(float(lives.blocks), weeks),
        Metric::Interruptions => {
            let share = ratio(float(lives.free_ms), float(lives.present_ms));
            share.and_then(|it| ratio(float(lives.interruptions), weeks * it))
        }
        Metric::NightPages => ratio(float(lives.night_pages), weeks),
        Metric::DeskLoadPercent => ratio(100.0 * float(lives.desk_busy_ms), float(lives.desk_ms)),
        Metric::Handovers => per_item(items.iter().map(|it| it.handovers).sum()),
        Metric::Bounces => per_item(items.iter().map(|it| it.bounces).sum()),
        Metric::LeakPercent => ratio(100.0 * count(consulted), count(items.len())),
        Metric::BreadthPercent => ratio(
            100.0 * count(lives.known),
            count(organisation.people.len() * organisation.components.len()),
        ),
    }))
}

fn ratio(over: f64, under: f64) -> Option<f64> {
    (under > 0.0).then(|| over / under)
}

/// Sorted hours until items of some classes were begun, and until they were done.
fn times(history: &History, within: Span, of: impl Fn(Class) -> bool) -> (Vec<f64>, Vec<f64>) {
    let (mut waits, mut stays) = (vec![], vec![]);
    for record in &history.records {
        if of(record.class) && record.created_ms >= within.from_ms {
            let until = |it: Option<i64>| hours(it.unwrap_or(within.to_ms) - record.created_ms);
            waits.push(until(record.started_ms));
            stays.push(until(record.finished_ms));
        }
    }
    waits.sort_by(f64::total_cmp);
    stays.sort_by(f64::total_cmp);
    (waits, stays)
}

/// What the days of all people add up to.
#[derive(Default)]
struct Lives {
    present_ms: i64,
    free_ms: i64,
    desk_ms: i64,
    desk_busy_ms: i64,
    built_ms: i64,
    blocks: i64,
    interruptions: i64,
    night_pages: i64,
    known: usize,
}

/// Interruptions nearer to each other than this are one.
const SAME_INTERRUPTION_MS: i64 = 60_000;
/// An unbroken stretch.
const BLOCK_MS: i64 = 2 * HOUR_MS;

impl Lives {
    fn of(
        organisation: &Organisation,
        structure: &Structure,
        assumptions: &Assumptions,
        history: &History,
        within: Span,
    ) -> Self {
        let mut lives = Self::default();
        let by_person = history.by_person(organisation.people.len());
        for (person, segments) in by_person.iter().enumerate() {
            let calendar = &organisation.people[person].calendar;
            let present = calendar.and(&Calendar::of(vec![within]));
            let at_desk = present.and(&desk_time(structure, person));
            let free = present.without(&at_desk);
            let total = |it: &Calendar| it.open_ms(within);
            lives.present_ms += total(&present);
            lives.desk_ms += total(&at_desk);
            lives.free_ms += total(&free);
            lives.desk_busy_ms += segments.iter().map(|it| at_desk.open_ms(it.span)).sum::<i64>();
            lives.build(&free, segments, assumptions.resumption_ms);
            lives.nights(organisation, history, segments, within);
            let known: BTreeSet<usize> = segments
                .iter()
                .filter(|it| it.part == Part::Work && it.span.from_ms >= within.from_ms)
                .map(|it| history.records[it.item].component)
                .collect();
            lives.known += known.len();
        }
        lives
    }

    /// What somebody builds between the items that reach them while they are free.
    fn build(&mut self, free: &Calendar, segments: &[Segment], resumption_ms: i64) {
        let mut next = 0;
        let mut last_ms = i64::MIN / 2;
        for span in free.spans() {
            let mut at_ms = span.from_ms;
            let mut lag_ms = 0;
            while next < segments.len() && segments[next].span.to_ms <= span.from_ms {
                next += 1;
            }
            let mut here = next;
            while here < segments.len() && segments[here].span.from_ms < span.to_ms {
                let segment = segments[here].span;
                if segment.from_ms > at_ms {
                    self.stretch(segment.from_ms - at_ms, lag_ms);
                    if segment.from_ms - last_ms >= SAME_INTERRUPTION_MS {
                        self.interruptions += 1;
                    }
                    last_ms = segment.from_ms;
                }
                at_ms = at_ms.max(segment.to_ms);
                lag_ms = resumption_ms;
                here += 1;
            }
            if at_ms < span.to_ms {
                self.stretch(span.to_ms - at_ms, lag_ms);
            }
        }
    }

    fn stretch(&mut self, length_ms: i64, lag_ms: i64) {
        let built_ms = (length_ms - lag_ms).max(0);
        self.built_ms += built_ms;
        self.blocks += built_ms / BLOCK_MS;
    }

    fn nights(
        &mut self,
        organisation: &Organisation,
        history: &History,
        segments: &[Segment],
        within: Span,
    ) {
        let pages: BTreeSet<usize> = segments
            .iter()
            .filter(|it| it.span.from_ms >= within.from_ms)
            .filter(|it| history.records[it.item].class == Class::Page)
            .filter(|it| organisation.people[it.person].night.is_open(it.span.from_ms))
            .map(|it| it.item)
            .collect();
        self.night_pages += i64::try_from(pages.len()).expect("few pages");
    }
}

/// When `person` sits at desks and does nothing else.
fn desk_time(structure: &Structure, person: usize) -> Calendar {
    let full = structure.desks.iter().filter(|it| it.dedicated == Dedication::Full);
    let turns = full.flat_map(|it| &it.turns).filter(|it| it.person == person);
    Calendar::of(turns.map(|it| it.span).collect())
}
