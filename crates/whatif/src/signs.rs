//! What can be seen of work without knowing how it was organised: the same fold for what happened
//! and for what was simulated.
//!
//! Intuition: a stranger with the ticket system's export and nothing else. Whatever that stranger can
//! count, a simulation must get right before anybody believes what it says about the rest.
//!
//! Invariants:
//! - a fold looks at nothing after the end of its block, neither of records nor of a simulation;
//! - what was not over at the end counts as waiting until then, in both alike;
//! - what cannot be seen is absent, never 0.

use crate::calendar::Span;
use crate::history::History;
use crate::number::{HOUR_MS, WEEK_MS, count, float, hours};
use crate::statistics::percentile;
use crate::world::Class;

/// A piece of work from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// What it is.
    pub class: Class,
    /// When it came up.
    pub created_ms: i64,
    /// When somebody began.
    pub started_ms: Option<i64>,
    /// When it was over.
    pub finished_ms: Option<i64>,
    /// How long somebody worked on it.
    pub worked_ms: Option<i64>,
}

/// Something a stranger sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Items that come up per week.
    Arrivals,
    /// Items that are finished per week.
    Throughput,
    /// Items open at the end.
    Backlog,
    /// Median of hours until somebody begins.
    WaitP50,
    /// 90th percentile of the same.
    WaitP90,
    /// Median of hours until it is over.
    DoneP50,
    /// 90th percentile of the same.
    DoneP90,
    /// Hours of work per week on what was finished.
    WorkedHours,
    /// 90th percentile of hours until somebody begins with a page, where there is other work as well: who
    /// gets up at night does not show in the waits of everything.
    PageWaitP90,
    /// 90th percentile of hours until a page is over, where nothing says when somebody began.
    PageDoneP90,
}

/// Every sign.
pub const SIGNS: [Sign; 10] = [
    Sign::Arrivals,
    Sign::Throughput,
    Sign::Backlog,
    Sign::WaitP50,
    Sign::WaitP90,
    Sign::DoneP50,
    Sign::DoneP90,
    Sign::WorkedHours,
    Sign::PageWaitP90,
    Sign::PageDoneP90,
];

/// Of fewer pages no percentile is taken.
const PAGES_MIN: usize = 5;

impl Sign {
    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Arrivals => "arrivals a week",
            Self::Throughput => "finished a week",
            Self::Backlog => "open at the end",
            Self::WaitP50 => "wait, median h",
            Self::WaitP90 => "wait, p90 h",
            Self::DoneP50 => "done, median h",
            Self::DoneP90 => "done, p90 h",
            Self::WorkedHours => "worked, h a week",
            Self::PageWaitP90 => "page begun, p90 h",
            Self::PageDoneP90 => "page done, p90 h",
        }
    }

    /// Its name in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Arrivals => "arrivals_per_week",
            Self::Throughput => "finished_per_week",
            Self::Backlog => "open_at_end",
            Self::WaitP50 => "wait_p50_hours",
            Self::WaitP90 => "wait_p90_hours",
            Self::DoneP50 => "done_p50_hours",
            Self::DoneP90 => "done_p90_hours",
            Self::WorkedHours => "worked_hours_per_week",
            Self::PageWaitP90 => "page_wait_p90_hours",
            Self::PageDoneP90 => "page_done_p90_hours",
        }
    }

    /// On the scale of `ln(1 + x)`, how far off is still the same. In the simulation people begin at once;
    /// in life it takes them some minutes, and nobody writes down to the minute what they did when.
    #[must_use]
    pub fn resolution(self) -> f64 {
        match self {
            Self::Arrivals | Self::Throughput | Self::Backlog | Self::WorkedHours => 0.01,
            _ => 0.1,
        }
    }
}

/// A number per sign, in the order of [`SIGNS`].
pub type Seen = [Option<f64>; SIGNS.len()];

/// Which parts of a life somebody writes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// When work began.
    pub started: bool,
    /// When it was over.
    pub finished: bool,
    /// How long it took.
    pub worked: bool,
}

impl Kept {
    /// What `lives` keep: a time that a tenth of them has is taken as kept.
    #[must_use]
    pub fn of(lives: &[Life]) -> Self {
        let often = |has: &dyn Fn(&Life) -> bool| {
            10 * lives.iter().filter(|it| has(it)).count() >= lives.len().max(1)
        };
        Self {
            started: often(&|it| it.started_ms.is_some()),
            finished: often(&|it| it.finished_ms.is_some()),
            worked: often(&|it| it.worked_ms.is_some()),
        }
    }
}

/// What a stranger sees of `block`.
#[must_use]
pub fn seen(lives: &[Life], block: Span, kept: Kept) -> Seen {
    let weeks = float(block.length_ms()) / float(WEEK_MS);
    let by_end = |it: Option<i64>| it.filter(|it| *it < block.to_ms);
    let inside = |it: Option<i64>| by_end(it).is_some_and(|it| it >= block.from_ms);
    let came: Vec<&Life> = lives.iter().filter(|it| inside(Some(it.created_ms))).collect();
    let until = |these: &[&Life], of: &dyn Fn(&Life) -> Option<i64>| {
        let mut all: Vec<f64> = these
            .iter()
            .map(|it| hours(by_end(of(it)).unwrap_or(block.to_ms) - it.created_ms))
            .collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let begins = |it: &Life| it.started_ms.or(it.finished_ms);
    let ends = |it: &Life| it.finished_ms;
    let (begun, over) = (until(&came, &begins), until(&came, &ends));
    let mut pages = came.clone();
    pages.retain(|it| it.class == Class::Page);
    let apart = (PAGES_MIN..came.len()).contains(&pages.len());
    let finished = || lives.iter().filter(|it| inside(it.finished_ms));
    let open = || {
        lives.iter().filter(|it| it.created_ms < block.to_ms && by_end(it.finished_ms).is_none())
    };
    SIGNS.map(|sign| match sign {
        Sign::Arrivals => Some(count(came.len()) / weeks),
        Sign::Throughput => kept.finished.then(|| count(finished().count()) / weeks),
        Sign::Backlog => kept.finished.then(|| count(open().count())),
        Sign::WaitP50 => percentile(&begun, 0.5).filter(|_| kept.started),
        Sign::WaitP90 => percentile(&begun, 0.9).filter(|_| kept.started),
        Sign::DoneP50 => percentile(&over, 0.5).filter(|_| kept.finished),
        Sign::DoneP90 => percentile(&over, 0.9).filter(|_| kept.finished),
        Sign::WorkedHours => {
            let worked: i64 = finished().filter_map(|it| it.worked_ms).sum();
            (kept.finished && kept.worked).then(|| float(worked) / float(HOUR_MS) / weeks)
        }
        Sign::PageWaitP90 => {
            percentile(&until(&pages, &begins), 0.9).filter(|_| apart && kept.started)
        }
        Sign::PageDoneP90 => percentile(&until(&pages, &ends), 0.9)
            .filter(|_| apart && kept.finished && !kept.started),
    })
}

/// The lives of a simulated history, planned work left out: no ticket system knows of it.
#[must_use]
pub fn lives(history: &History) -> Vec<Life> {
    let mut worked = vec![0; history.records.len()];
    for segment in &history.segments {
        worked[segment.item] += segment.span.length_ms();
    }
    let of = history.records.iter().zip(worked);
    of.filter(|(it, _)| it.class != Class::Roadmap)
        .map(|(it, worked_ms)| Life {
            class: it.class,
            created_ms: it.created_ms,
            started_ms: it.started_ms,
            finished_ms: it.finished_ms,
            worked_ms: Some(worked_ms),
        })
        .collect()
}
