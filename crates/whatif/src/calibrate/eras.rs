//! Two eras in one history: what was learnt under one structure, held against the next one.
//!
//! Intuition: passing under one structure says nothing about what acts only under another. But where
//! the past holds a reorganisation, it has already made the experiment: learn from the first era,
//! simulate the second under its own structure, and look whether that is what came.
//!
//! Complications:
//! - the arrivals of the second era are taken as they came, because what is carried over is how the
//!   structure acts, and not how much there was to do; whether arrivals follow the structure is thereby
//!   not tested;
//! - the forecast to beat is the one that nothing changes: the last weeks of the first era again;
//! - every parameter that nobody measured is moved over its range while the others stay; values whose
//!   prediction is outside are ruled out, and the range that is left reaches to the nearest value that
//!   is. Each value is judged by a band that a true one leaves in one case of ten, so that a narrow
//!   range may be luck: never narrower than two points of the grid.
//!
//! Invariant: nothing of the second era but its arrivals is read before it is predicted.

use super::{
    Block, Case, Gate, Items, Known, Predicted, Row, SPAN_MAX, Seen, block, length, listed, run,
    scores, seen, span, width,
};
use crate::calendar::Span;
use crate::compare::{Parameter, Sweep};
use crate::number::{WEEK_MS, count, float, index};
use crate::random::{Length, Stream};
use crate::signs::{Kept, Life, Sign};
use crate::structure::{Assumptions, Structure};
use crate::world::{Class, Draw};
use std::collections::BTreeMap;

/// Two eras of one history.
#[derive(Debug, Clone, Copy)]
pub struct Eras<'a> {
    /// Everything but the second structure; `within` reaches over both eras, `structure` was in force
    /// in the first.
    pub case: Case<'a>,
    /// When the second began: a whole number of weeks after the first.
    pub switch_ms: i64,
    /// The structure of the second.
    pub second: &'a Structure,
}

/// Whether the second era was foretold from the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Inside everywhere, better than expecting no change, by a band that could have refused.
    pub passed: bool,
    /// The first era.
    pub first: Span,
    /// The predicted one.
    pub second: Span,
    /// As in [`super::Verdict::span`].
    pub span: f64,
    /// The predicted blocks.
    pub blocks: Vec<Block>,
    /// Mean score of the simulation, and of expecting no change.
    pub scores: (f64, f64),
    /// What the second era leaves of each range.
    pub left: Vec<Left>,
}

/// What a second era leaves of the range of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Which.
    pub parameter: Parameter,
    /// Values that were tried, and whether what came lies within their prediction.
    pub tried: Vec<(f64, bool)>,
    /// Between the nearest values that were ruled out, or the ends of the range; none if all were.
    pub range: Option<(f64, f64)>,
}

impl Left {
    /// Whether the second era made its range shorter.
    #[must_use]
    pub fn narrowed(&self) -> bool {
        let ends = self.tried.first().zip(self.tried.last()).map(|(low, high)| (low.0, high.0));
        self.range != ends
    }
}

/// Fewer whole weeks cannot be predicted block by block.
pub const SECOND_WEEKS_MIN: usize = 8;
/// How many values of a range are tried.
const GRID: usize = 5;

/// Learns from the first era and predicts the second.
///
/// # Errors
/// Why that cannot be tried.
pub fn transfer(eras: &Eras<'_>, gate: &Gate, ranges: &Sweep) -> Result<Transfer, String> {
    let whole = eras.case.organisation.within;
    let (first, second) = (
        Span { to_ms: eras.switch_ms, ..whole },
        Span { from_ms: eras.switch_ms, to_ms: whole.to_ms },
    );
    let weeks = |it: Span| index(float(it.length_ms().max(0)) / float(WEEK_MS));
    let known: Vec<Life> = asked(eras).collect();
    let kept = Kept::of(&known);
    let inside = |span: Span| {
        let within = |it: &&Life| span.from_ms <= it.created_ms && it.created_ms < span.to_ms;
        known.iter().filter(within).count()
    };
    super::refuse(weeks(first), inside(first), kept)
        .map_err(|it| format!("of the first era {it}"))?;
    let (second_weeks, second_items) = (weeks(second), inside(second));
    if second_weeks < SECOND_WEEKS_MIN || second_items < super::ITEMS_MIN {
        return Err(format!(
            "the second era has {second_weeks} whole weeks and {second_items} pieces of work; below \
             {SECOND_WEEKS_MIN} and {} a prediction can hardly be wrong",
            super::ITEMS_MIN
        ));
    }
    for structure in [eras.case.structure, eras.second] {
        structure.check(eras.case.organisation)?;
    }
    let blocks = blocks(second, gate.origins);
    let lengths = Known::before(&eras.case, eras.switch_ms).lengths(&eras.case, 1.0, &|_| 0.0);
    if let Some(it) = eras.case.works.iter().find(|it| !lengths.contains_key(&it.class)) {
        return Err(format!("nothing in the first era says how long a {} takes", it.class.name()));
    }
    let base = foretold(eras, gate, kept, &blocks, eras.case.assumptions);
    // How long items take is learned from the first era; nothing of it is assumed.
    let assumed = ranges.ranges.iter().filter(|it| it.0 != Parameter::Work);
    let left = assumed.map(|(parameter, low, high)| {
        let tried = (0..GRID).map(|place| {
            let share = count(place) / count(GRID - 1);
            let value = low + share * (high - low);
            let mut assumptions = *eras.case.assumptions;
            parameter.assume(&mut assumptions, value);
            (value, foretold(eras, gate, kept, &blocks, &assumptions).inside)
        });
        left(*parameter, tried.collect(), parameter.value(eras.case.assumptions), base.inside)
    });
    let left = left.collect();
    let (span, scores) = (span(&base.blocks), scores(&base.blocks));
    Ok(Transfer {
        passed: base.inside && scores.0 <= scores.1 && span <= SPAN_MAX,
        first,
        second,
        span,
        blocks: base.blocks,
        scores,
        left,
    })
}

/// What is left of a range; the value that is assumed has been tried as well.
fn left(parameter: Parameter, mut tried: Vec<(f64, bool)>, base: f64, base_holds: bool) -> Left {
    if tried.iter().all(|it| (it.0 - base).abs() > 1e-9) {
        tried.push((base, base_holds));
        tried.sort_by(|one, other| one.0.total_cmp(&other.0));
    }
    let first = tried.iter().position(|it| it.1);
    let last = tried.iter().rposition(|it| it.1);
    let range = first.zip(last).map(|(first, last)| {
        let beyond = (last + 1).min(tried.len() - 1);
        (tried[first.saturating_sub(1)].0, tried[beyond].0)
    });
    Left { parameter, tried, range }
}

/// Lives of what ticket systems know of.
fn asked<'a>(eras: &Eras<'a>) -> impl Iterator<Item = Life> + use<'a> {
    let works = eras.case.works.iter().filter(|it| it.class != Class::Roadmap);
    works.map(crate::records::Work::life)
}

fn blocks(second: Span, wanted: usize) -> Vec<Span> {
    let weeks = index(float(second.length_ms()) / float(WEEK_MS));
    let each = length((weeks / wanted.max(1)).max(1));
    let number = (second.length_ms() / each).min(i64::try_from(wanted).expect("few blocks"));
    (0..number)
        .map(|it| {
            let from_ms = second.from_ms + it * each;
            Span { from_ms, to_ms: from_ms + each }
        })
        .collect()
}

/// A prediction of the second era, block by block.
struct Foretold {
    blocks: Vec<Block>,
    inside: bool,
}

fn foretold(
    eras: &Eras<'_>,
    gate: &Gate,
    kept: Kept,
    spans: &[Span],
    assumptions: &Assumptions,
) -> Foretold {
    let first = Case { assumptions, ..eras.case };
    let second = Case { structure: eras.second, ..first };
    let known = Known::before(&first, eras.switch_ms);
    let factor = known.factor(&first, gate, kept, eras.switch_ms);
    let from_ms =
        (eras.switch_ms - length(gate.warm_up_weeks)).max(first.organisation.within.from_ms);
    let to_ms = spans.last().map_or(eras.switch_ms, |it| it.to_ms);
    let whole = Span { from_ms, to_ms };
    let all: Vec<_> = first.works.iter().collect();
    let came = listed(&second, &all, whole);
    let mut predicted: Vec<Predicted> =
        spans.iter().map(|span| Predicted { span: *span, factor, lives: vec![] }).collect();
    for replication in 0..gate.replications {
        let lengths = lucky(&known, &first, factor, gate, replication);
        let lived = live(&second, came.clone(), &lengths, whole, gate, replication);
        for it in &mut predicted {
            it.lives.push(conditional(seen(&lived, it.span, kept)));
        }
    }
    let lives: Vec<Life> = asked(eras).collect();
    let observed: Vec<(Seen, Seen)> = spans
        .iter()
        .map(|it| {
            let as_before =
                Span { from_ms: eras.switch_ms - it.length_ms(), to_ms: eras.switch_ms };
            (conditional(seen(&lives, *it, kept)), conditional(seen(&lives, as_before, kept)))
        })
        .collect();
    let width = width(&predicted, &observed, gate);
    let blocks: Vec<Block> =
        predicted.iter().zip(&observed).map(|(it, seen)| block(it, seen, width)).collect();
    let inside = blocks.iter().flat_map(|it| &it.rows).all(Row::holds);
    Foretold { blocks, inside }
}

/// Lengths as well as the first era tells them.
fn lucky(
    known: &Known<'_>,
    first: &Case<'_>,
    factor: f64,
    gate: &Gate,
    replication: u32,
) -> BTreeMap<Class, Length> {
    let luck = Stream::new(gate.seed ^ 0xE7A5, replication, 0);
    known.lengths(first, factor, &|class| luck.normal(class.index() as u64))
}

fn live(
    second: &Case<'_>,
    came: Items,
    lengths: &BTreeMap<Class, Length>,
    whole: Span,
    gate: &Gate,
    replication: u32,
) -> Vec<Life> {
    run(second, came, lengths, whole, Draw { seed: gate.seed ^ 0x2E7A, replication })
}

/// What came is given: it is no prediction.
fn conditional(mut seen: Seen) -> Seen {
    seen[Sign::Arrivals as usize] = None;
    seen
}
