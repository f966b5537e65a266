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
//! - parameters that nobody measured are moved over their ranges *together*, on a grid: one alone would be
//!   narrowed as if the others were known. A value is ruled out where no combination with it foretells the
//!   second era, and the range that is left reaches to the nearest value that is ruled out. Each
//!   combination is judged by a band that a true one leaves in one case of ten, so that a narrow range may
//!   be luck: never narrower than two points of the grid;
//! - a parameter whose ends foretell the very same cannot be seen in such records: it stays a range and is
//!   not part of the grid;
//! - where more of one parameter with less of another foretells as well, the two are not told apart, and
//!   that is said: their ranges are then wider than what is left of their combinations.
//!
//! Invariant: nothing of the second era but its arrivals is read before it is predicted.

use super::{
    Block, Case, Gate, Items, Known, Predicted, Row, SPAN_MAX, Seen, Spread, block, length, listed,
    run, scores, seen, span,
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
    /// What it leaves of them together.
    pub joint: Joint,
}

/// What a second era leaves of several ranges together.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// Parameters that such records can show at all.
    pub visible: Vec<Parameter>,
    /// Combinations that were tried.
    pub tried: usize,
    /// Combinations that foretell the second era.
    pub kept: usize,
    /// How two of them move together over what is kept: the correlation, where there is one.
    pub pairs: Vec<(Parameter, Parameter, f64)>,
}

impl Joint {
    /// Pairs of which one may be traded for the other.
    pub fn confounded(&self) -> impl Iterator<Item = &(Parameter, Parameter, f64)> {
        self.pairs.iter().filter(|it| it.2.abs() >= TRADED)
    }
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
/// How many values of a range are tried with one or two parameters …
const GRID: usize = 5;
/// … and with more, the one that shows most first, because combinations multiply; two for all others.
const GRID_OF_MANY: [usize; 2] = [5, 3];
/// From this correlation on, one parameter may be traded for another.
const TRADED: f64 = 0.5;

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
    let assumed: Vec<(Parameter, f64, f64)> = assumed.copied().collect();
    let judge = |values: &[(Parameter, f64)]| {
        let mut assumptions = *eras.case.assumptions;
        for (parameter, value) in values {
            parameter.assume(&mut assumptions, *value);
        }
        foretold(eras, gate, kept, &blocks, &assumptions)
    };
    let (left, joint) = together(&assumed, eras.case.assumptions, base.inside, &judge);
    let (span, scores) = (span(&base.blocks), scores(&base.blocks));
    Ok(Transfer {
        passed: base.inside && scores.0 <= scores.1 && span <= SPAN_MAX,
        first,
        second,
        span,
        blocks: base.blocks,
        scores,
        left,
        joint,
    })
}

/// What the second era looks like where parameters have these values, the others as assumed.
type Judge<'a> = dyn Fn(&[(Parameter, f64)]) -> Foretold + 'a;

/// Tries combinations, and what they leave of every range.
fn together(
    assumed: &[(Parameter, f64, f64)],
    base: &Assumptions,
    base_holds: bool,
    judge: &Judge<'_>,
) -> (Vec<Left>, Joint) {
    // What foretells the very same at both ends of its range cannot be seen.
    let shows = |(parameter, low, high): &(Parameter, f64, f64)| {
        let ends = [*low, *high].map(|it| judge(&[(*parameter, it)]).blocks);
        (ends[0] != ends[1]).then(|| (apart(&ends), (*parameter, *low, *high)))
    };
    let mut seen: Vec<(f64, (Parameter, f64, f64))> = assumed.iter().filter_map(shows).collect();
    seen.sort_by(|one, other| other.0.total_cmp(&one.0));
    let seen: Vec<(Parameter, f64, f64)> = seen.into_iter().map(|it| it.1).collect();
    let few = seen.len() <= 2;
    let mut points: Vec<Vec<(Parameter, f64)>> = vec![vec![]];
    for (place, (parameter, low, high)) in seen.iter().enumerate() {
        let grid = if few { GRID } else { *GRID_OF_MANY.get(place).unwrap_or(&2) };
        let values = (0..grid).map(|it| low + count(it) / count(grid - 1) * (high - low));
        points = values
            .flat_map(|value| {
                points.iter().map(move |it| {
                    let mut it = it.clone();
                    it.push((*parameter, value));
                    it
                })
            })
            .collect();
    }
    let judged: Vec<(Vec<(Parameter, f64)>, bool)> = points
        .into_iter()
        .map(|it| {
            let inside = if it.is_empty() { base_holds } else { judge(&it).inside };
            (it, inside)
        })
        .collect();
    let ranges = assumed.iter().map(|(parameter, low, high)| {
        let Some(place) = seen.iter().position(|it| it.0 == *parameter) else {
            // Whatever it is, it does not show: as right as everything else.
            let holds = judged.iter().any(|it| it.1);
            return left(*parameter, vec![(*low, holds), (*high, holds)], *low, holds);
        };
        let mut tried: Vec<(f64, bool)> = vec![];
        for (point, inside) in &judged {
            let value = point[place].1;
            match tried.iter_mut().find(|it| (it.0 - value).abs() < 1e-12) {
                Some(it) => it.1 |= inside,
                None => tried.push((value, *inside)),
            }
        }
        tried.sort_by(|one, other| one.0.total_cmp(&other.0));
        left(*parameter, tried, parameter.value(base), base_holds)
    });
    let ranges = ranges.collect();
    let kept: Vec<&Vec<(Parameter, f64)>> =
        judged.iter().filter(|it| it.1).map(|it| &it.0).collect();
    let mut pairs = vec![];
    for first in 0..seen.len() {
        for second in first + 1..seen.len() {
            let both = kept.iter().map(|it| (it[first].1, it[second].1)).collect::<Vec<_>>();
            if let Some(it) = correlation(&both) {
                pairs.push((seen[first].0, seen[second].0, it));
            }
        }
    }
    let visible = seen.iter().map(|it| it.0).collect();
    (ranges, Joint { visible, tried: judged.len(), kept: kept.len(), pairs })
}

/// How far two predictions lie apart, in logarithms of one more.
fn apart(ends: &[Vec<Block>; 2]) -> f64 {
    let middles = |it: &Vec<Block>| -> Vec<f64> {
        it.iter().flat_map(|it| &it.rows).map(|it| it.band[1].ln_1p()).collect()
    };
    let (one, other) = (middles(&ends[0]), middles(&ends[1]));
    one.iter().zip(&other).map(|(one, other)| (one - other).abs()).sum()
}

/// Pearson's, of three or more; none where one of both stands still.
fn correlation(both: &[(f64, f64)]) -> Option<f64> {
    if both.len() < 3 {
        return None;
    }
    let n = count(both.len());
    let mean = both.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0 / n, sum.1 + it.1 / n));
    let sums = both.iter().fold((0.0, 0.0, 0.0), |sum, it| {
        let (x, y) = (it.0 - mean.0, it.1 - mean.1);
        (sum.0 + x * x, sum.1 + y * y, sum.2 + x * y)
    });
    let under = (sums.0 * sums.1).sqrt();
    (under > 1e-12).then(|| sums.2 / under)
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
    let width = Spread::of(&predicted, &observed, gate.replications).width(gate.confidence);
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

#[cfg(test)]
mod tests {
    use super::{Block, Foretold, Joint, Left, correlation, together};
    use crate::calendar::Span;
    use crate::compare::Parameter;
    use crate::structure::Assumptions;

    /// Two parameters that can be seen and one that cannot, with `holds` deciding over the first two.
    fn tried(holds: impl Fn(f64, f64) -> bool) -> (Vec<Left>, Joint) {
        let (first, second) = (Parameter::SlowDown, Parameter::ConsultShare);
        let assumed =
            [(first, 0.0, 4.0), (second, 0.0, 4.0), (Parameter::ResumptionMinutes, 0.0, 4.0)];
        let judge = |values: &[(Parameter, f64)]| {
            let of = |it| values.iter().find(|at| at.0 == it).map_or(2.0, |at| at.1);
            let (x, y) = (of(first), of(second));
            let factor = 10.0 * x + y;
            let blocks = vec![Block { span: Span { from_ms: 0, to_ms: 1 }, factor, rows: vec![] }];
            Foretold { blocks, inside: holds(x, y) }
        };
        let base = Assumptions { slow_down: 2.0, consult_share: 2.0, ..Assumptions::NONE };
        together(&assumed, &base, holds(2.0, 2.0), &judge)
    }

    #[test]
    fn what_can_be_traded_is_said_and_stays_wide() {
        let (left, joint) = tried(|x, y| (x + y - 4.0).abs() < 0.5);
        assert_eq!((joint.tried, joint.kept), (25, 5));
        let [(_, _, by)] = joint.confounded().collect::<Vec<_>>()[..] else { panic!("{joint:?}") };
        assert!((by + 1.0).abs() < 1e-12, "{by}");
        // One at a time each would have been pinned to 2: together nothing of either is ruled out.
        assert!(left.iter().all(|it| !it.narrowed()), "{left:?}");
    }

    #[test]
    fn what_is_told_apart_is_narrowed_by_itself() {
        let (left, joint) = tried(|x, y| x <= 1.0 && y >= 2.0);
        assert_eq!((joint.visible.len(), joint.kept), (2, 6));
        assert_eq!(joint.confounded().count(), 0, "{joint:?}");
        assert_eq!(
            left.iter().map(|it| it.range).collect::<Vec<_>>(),
            [Some((0.0, 2.0)), Some((1.0, 4.0)), Some((0.0, 4.0)),]
        );
        let (left, joint) = tried(|_, _| false);
        assert_eq!(joint.kept, 0);
        assert!(left.iter().all(|it| it.range.is_none()), "{left:?}");
    }

    #[test]
    fn correlations_by_hand() {
        let square: Vec<(f64, f64)> =
            (0..9).map(|it| (f64::from(it / 3), f64::from(it % 3))).collect();
        assert!(correlation(&square).is_some_and(|it| it.abs() < 1e-12));
        assert_eq!(correlation(&square[..2]), None, "two always lie on a line");
        assert_eq!(correlation(&square[..3]), None, "one stands still");
    }
}
