//! The gate before every comparison: does the simulation know the team's own past?
//!
//! Intuition: stand at a day in the past, look only at what was known then, and predict the weeks
//! that followed under the structure that was really in force. Do that from several days. A model that
//! cannot foretell what has already happened has nothing to say about what never did.
//!
//! Complications:
//! - several numbers are looked at in several blocks of weeks, so the band is *simultaneous*: one
//!   number of standard deviations, wide enough that a true model leaves it anywhere in one case of
//!   ten, not in one case of ten per number;
//! - what nobody knows is drawn anew in every replication: which weeks come again (bootstrapped from a
//!   bootstrap of those that were seen) and how long work takes (within its standard error);
//! - how long work takes is rarely recorded. Then one common factor on the lengths that were typed in
//!   is fitted to the waits before the origin, and the verdict says that lengths are imputed;
//! - a band can be so wide that nothing is ever outside: then the gate says that it could not have
//!   refused, and does not open;
//! - a right prediction can still be worthless: it has to beat the forecast that the next block is
//!   like the last one (continuous ranked probability score, Gneiting and Raftery 2007).
//!
//! Invariants:
//! - nothing after an origin is read before it is predicted;
//! - passing says nothing about parameters that act only under another structure.

mod eras;

pub use eras::{Eras, Joint, Left, SECOND_WEEKS_MIN, Transfer, transfer};

use crate::calendar::{Calendar, Span};
use crate::fit::{Fitted, Luck};
use crate::number::{WEEK_MS, count, float, index};
use crate::random::{Length, Stream};
use crate::records::Work;
use crate::signs::{Kept, Life, SIGNS, Seen, Sign, lives, seen};
use crate::simulate;
use crate::structure::{Assumptions, Structure, Turn};
use crate::world::{Arrivals, CLASSES, Class, Draw, Organisation, Recorded, Source, draw};
use std::collections::BTreeMap;

/// What is to be predicted, and from what.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Who and what there was; `within` is the recorded time, in whole weeks.
    pub organisation: &'a Organisation,
    /// The structure that was in force.
    pub structure: &'a Structure,
    /// What nobody measured.
    pub assumptions: &'a Assumptions,
    /// What was recorded.
    pub works: &'a [Work],
    /// Per class, how long work takes where nothing is recorded.
    pub lengths: &'a BTreeMap<Class, Length>,
}

/// How strictly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// From how many days in the past; each predicts the weeks up to the next.
    pub origins: usize,
    /// Lives per prediction.
    pub replications: u32,
    /// How often a true model stays inside everywhere.
    pub confidence: f64,
    /// Weeks that fill the queues before an origin, with what really came.
    pub warm_up_weeks: usize,
    /// Weeks before an origin that may come again.
    pub memory_weeks: usize,
    /// The seed.
    pub seed: u64,
}

/// Share of lives of the model that may lie less far off than what came, before nothing is compared.
pub const CONFIDENCE: f64 = 0.9;

impl Gate {
    /// Four origins over the last three tenths, [`CONFIDENCE`].
    #[must_use]
    pub fn usual(seed: u64) -> Self {
        Self {
            origins: 4,
            replications: 200,
            confidence: CONFIDENCE,
            warm_up_weeks: 4,
            memory_weeks: 26,
            seed,
        }
    }
}

/// Whether the past was foretold.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Inside everywhere, better than repeating the last block, and by a band that could have refused.
    pub passed: bool,
    /// How many times its lower end the upper end of the band is, for the 90th percentiles, in the
    /// middle of all blocks. Above [`SPAN_MAX`] nothing short of a disaster would have been outside.
    pub span: f64,
    /// Standard deviations of the simultaneous band, on the scale of `ln(1 + x)`.
    pub width: f64,
    /// Share of lives of the model that nowhere lie as far off as what came does somewhere.
    pub rank: Rank,
    /// The predicted blocks, in order.
    pub blocks: Vec<Block>,
    /// Mean score of the simulation, and of repeating the last block; smaller is better.
    pub scores: (f64, f64),
    /// Pieces of work that were looked at.
    pub items: usize,
    /// Whole weeks that were looked at.
    pub weeks: usize,
    /// Which times records keep.
    pub kept: Kept,
    /// Share of pieces of work whose length is imputed and not recorded.
    pub imputed: f64,
    /// The lengths to go on with, per class, fitted to everything.
    pub lengths: BTreeMap<Class, Length>,
}

/// A share of lives, and between what it lies, because lives are drawn by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rank {
    /// The share, from 0 to 1.
    pub share: f64,
    /// The lower and the upper end of the interval of Wilson (JASA 22, 1927) at 95 %.
    pub between: (f64, f64),
}

impl Rank {
    fn of(fewer: usize, all: usize) -> Self {
        const Z: f64 = 1.96;
        let (n, share) = (count(all), count(fewer) / count(all).max(1.0));
        let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half =
            Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        Self { share, between: ((middle - half).max(0.0), (middle + half).min(1.0)) }
    }

    /// Whether other draws of chance might have said otherwise about `confidence`.
    #[must_use]
    pub fn is_at_edge(&self, confidence: f64) -> bool {
        self.between.0 <= confidence && confidence <= self.between.1
    }
}

/// One predicted block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// When.
    pub span: Span,
    /// Factor on lengths, fitted before it.
    pub factor: f64,
    /// What was predicted and what came.
    pub rows: Vec<Row>,
}

/// One sign of one block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Which.
    pub sign: Sign,
    /// What came.
    pub observed: f64,
    /// The lower end of the band, its middle and its upper end.
    pub band: [f64; 3],
    /// Score of the simulation.
    pub score: f64,
    /// Score of repeating the block before.
    pub persistence: Option<f64>,
}

impl Row {
    /// Whether what came is inside the band.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.band[0] <= self.observed && self.observed <= self.band[2]
    }
}

impl Verdict {
    /// What was off, block by block.
    #[must_use]
    pub fn off(&self) -> Vec<(usize, Row)> {
        let rows = self.blocks.iter().enumerate();
        rows.flat_map(|(number, it)| it.rows.iter().map(move |row| (number, *row)))
            .filter(|it| !it.1.holds())
            .collect()
    }
}

/// Fewer whole weeks, or fewer items, are too few to learn from and to be held against.
pub const WEEKS_MIN: usize = 12;
/// See [`WEEKS_MIN`].
pub const ITEMS_MIN: usize = 60;
/// See [`Verdict::span`].
pub const SPAN_MAX: f64 = 20.0;
const FACTORS: [f64; 13] =
    [0.125, 0.177, 0.25, 0.354, 0.5, 0.707, 1.0, 1.414, 2.0, 2.828, 4.0, 5.657, 8.0];
/// So many times the lives are lived where what came lies at the edge of the band.
const EDGE_FACTOR: u32 = 5;
/// So many lives are lived for every one that the factor on lengths is fitted to: the fit must move the
/// answer by less than the lives themselves do.
const LIVES_PER_FITTED: u32 = 4;
const FACTOR_ROUNDS: u32 = 4;

/// Predicts what has happened, and says whether it was right.
///
/// # Errors
/// Why these records cannot be held against anything.
pub fn calibrate(case: &Case<'_>, gate: &Gate) -> Result<Verdict, String> {
    let verdict = judged(case, gate)?;
    if !verdict.rank.is_at_edge(gate.confidence) {
        return Ok(verdict);
    }
    // Too close to call by so few lives.
    judged(case, &Gate { replications: gate.replications * EDGE_FACTOR, ..*gate })
}

fn judged(case: &Case<'_>, gate: &Gate) -> Result<Verdict, String> {
    let asked = case.works.iter().filter(|it| it.class != Class::Roadmap);
    let known: Vec<Life> = asked.map(Work::life).collect();
    let weeks = index(float(case.organisation.within.length_ms()) / float(WEEK_MS));
    let kept = Kept::of(&known);
    refuse(weeks, known.len(), kept)?;
    let origin_ms = case.organisation.within.to_ms;
    let first = Known::before(case, origin_ms - length(weeks * 3 / 10))
        .lengths(case, 1.0, &|_| Luck::default());
    if let Some(it) = case.works.iter().find(|it| !first.contains_key(&it.class)) {
        return Err(format!(
            "nothing says how long a {} takes: the records have fewer than {} such times by the first \
             origin, and no length is given under `work`",
            it.class.name(),
            crate::fit::MEASURED_MIN
        ));
    }
    case.structure.check(case.organisation)?;
    let block_weeks = (weeks * 3 / 10 / gate.origins).max(1);
    let end_ms = case.organisation.within.from_ms + length(weeks);
    let mut predicted = vec![];
    for number in 0..gate.origins {
        let from_ms = end_ms - length(block_weeks * (gate.origins - number));
        let span = Span { from_ms, to_ms: from_ms + length(block_weeks) };
        predicted.push(predict(case, gate, kept, span, number));
    }
    let observed: Vec<(Seen, Seen)> = predicted
        .iter()
        .map(|it| {
            let before =
                Span { from_ms: it.span.from_ms - it.span.length_ms(), to_ms: it.span.from_ms };
            (seen(&known, it.span, kept), seen(&known, before, kept))
        })
        .collect();
    let spread = Spread::of(&predicted, &observed, gate.replications);
    let (width, rank) = (spread.width(gate.confidence), spread.rank(&observed));
    let blocks: Vec<Block> =
        predicted.iter().zip(&observed).map(|(it, seen)| block(it, seen, width)).collect();
    let scores = scores(&blocks);
    let span = span(&blocks);
    let inside = blocks.iter().flat_map(|it| &it.rows).all(Row::holds);
    let whole = Known::before(case, end_ms);
    let factor = whole.factor(case, gate, kept, end_ms);
    let measured = whole.fitted.values().map(|it| it.measured).sum::<usize>();
    Ok(Verdict {
        passed: inside && scores.0 <= scores.1 && span <= SPAN_MAX,
        span,
        width,
        rank,
        blocks,
        scores,
        items: known.len(),
        weeks,
        kept,
        imputed: 1.0 - count(measured) / count(known.len()),
        lengths: whole.lengths(case, factor, &|_| Luck::default()),
    })
}

fn refuse(weeks: usize, items: usize, kept: Kept) -> Result<(), String> {
    if weeks < WEEKS_MIN {
        return Err(format!(
            "the records cover {weeks} whole weeks; at least {WEEKS_MIN} are needed to learn from some \
             and to predict the others"
        ));
    }
    if items < ITEMS_MIN {
        return Err(format!(
            "the records hold {items} pieces of work; below {ITEMS_MIN} a prediction can hardly be wrong"
        ));
    }
    if !kept.started && !kept.finished {
        return Err(
            "the records say neither when work began nor when it was over: nothing to predict"
                .to_owned(),
        );
    }
    Ok(())
}

fn length(weeks: usize) -> i64 {
    i64::try_from(weeks).expect("few weeks") * WEEK_MS
}

/// What is known at an origin.
struct Known<'a> {
    works: Vec<&'a Work>,
    fitted: BTreeMap<Class, Fitted>,
}

impl<'a> Known<'a> {
    fn before(case: &Case<'a>, origin_ms: i64) -> Self {
        let works: Vec<&Work> = case.works.iter().filter(|it| it.created_ms < origin_ms).collect();
        let fit = |class: Class| {
            let these = || works.iter().filter(|it| it.class == class);
            let over = these().filter(|it| it.finished_ms.is_some_and(|it| it < origin_ms));
            let worked: Vec<i64> = over.filter_map(|it| it.worked_ms).collect();
            // What ended after the origin was not known on its day. What is open to this day has taken
            // at least what was recorded.
            let open = these().filter(|it| it.finished_ms.is_none());
            let at_least: Vec<i64> = open.filter_map(|it| it.worked_ms).collect();
            Fitted::of(&worked, &at_least).map(|it| (class, it))
        };
        let fitted = CLASSES.into_iter().filter_map(fit).collect();
        Self { works, fitted }
    }

    fn lengths(
        &self,
        case: &Case<'_>,
        factor: f64,
        luck: &dyn Fn(Class) -> Luck,
    ) -> BTreeMap<Class, Length> {
        let times = |it: &Length| match *it {
            Length::Fixed { mean_ms } => Length::Fixed { mean_ms: scaled(mean_ms, factor) },
            Length::Exponential { mean_ms } => {
                Length::Exponential { mean_ms: scaled(mean_ms, factor) }
            }
            Length::LogNormal { mean_ms, variation } => {
                Length::LogNormal { mean_ms: scaled(mean_ms, factor), variation }
            }
        };
        let typed = case.lengths.iter().map(|(class, it)| (*class, times(it)));
        let fitted =
            self.fitted.iter().map(|(class, it)| (*class, it.length(factor, luck(*class))));
        typed.chain(fitted).collect()
    }

    /// What lengths have to be multiplied with, so that the weeks before `origin_ms` look as they did.
    fn factor(&self, case: &Case<'_>, gate: &Gate, kept: Kept, origin_ms: i64) -> f64 {
        let recorded = kept.worked && kept.finished;
        let first_ms = case.organisation.within.from_ms;
        let lately_ms = (origin_ms - length(gate.memory_weeks / 2)).max(first_ms);
        // Waits depend on how things were lately; the work an item takes does not.
        let from_ms = if recorded { first_ms } else { lately_ms };
        let block = Span { from_ms, to_ms: origin_ms };
        let known: Vec<Life> = self.works.iter().map(|it| it.life()).collect();
        let observed = seen(&known, block, kept);
        let fitted = gate.replications.div_ceil(LIVES_PER_FITTED);
        let live = |factor: f64, replication: u32| {
            let lengths = self.lengths(case, factor, &|_| Luck::default());
            let items = listed(case, &self.works, block);
            run(case, items, &lengths, block, Draw { seed: gate.seed ^ 0xFAC7, replication })
        };
        if recorded {
            // What was recorded includes slowness and losses, which the simulation adds again. Per
            // item, because hours per week say nothing where a desk is full.
            let Some(observed) = worked_per_item(&known, block) else { return 1.0 };
            let mut factor = 1.0;
            for _ in 0..FACTOR_ROUNDS {
                let simulated: Vec<f64> = (0..fitted)
                    .filter_map(|it| worked_per_item(&live(factor, it), block))
                    .collect();
                let mean = simulated.iter().sum::<f64>() / count(simulated.len().max(1));
                if mean > 0.0 {
                    factor =
                        (factor * observed / mean).clamp(FACTORS[0], FACTORS[FACTORS.len() - 1]);
                }
            }
            return factor;
        }
        let distance = |factor: f64| {
            let lives: Vec<Seen> =
                (0..fitted).map(|it| seen(&live(factor, it), block, kept)).collect();
            let signs = SIGNS.into_iter().filter(|it| *it != Sign::Arrivals);
            let squared = signs.filter_map(|sign| {
                let (mean, deviation) = moments(&lives, sign)?;
                let off = (observed[sign as usize]?.ln_1p() - mean) / deviation.max(0.1);
                Some(off * off)
            });
            squared.sum::<f64>()
        };
        let best = FACTORS.into_iter().map(|it| (distance(it), it));
        best.min_by(|one, other| one.0.total_cmp(&other.0)).map_or(1.0, |it| it.1)
    }
}

/// By how much the length of a class is off in one life.
fn drawn(luck: &Stream, class: Class) -> Luck {
    let (number, classes) = (class.index() as u64, CLASSES.len() as u64);
    Luck { mean: luck.normal(number), spread: luck.normal(number + classes) }
}

/// Mean of the recorded work, in milliseconds, on what was finished in `block`.
fn worked_per_item(lives: &[Life], block: Span) -> Option<f64> {
    let over =
        |it: &&Life| it.finished_ms.is_some_and(|it| block.from_ms <= it && it < block.to_ms);
    let worked: Vec<i64> = lives.iter().filter(over).filter_map(|it| it.worked_ms).collect();
    (!worked.is_empty()).then(|| float(worked.iter().sum()) / count(worked.len()))
}

fn scaled(mean_ms: i64, factor: f64) -> i64 {
    crate::number::whole(float(mean_ms) * factor).max(1)
}

/// What could have come in one block.
struct Predicted {
    span: Span,
    factor: f64,
    lives: Vec<Seen>,
}

fn predict(case: &Case<'_>, gate: &Gate, kept: Kept, span: Span, number: usize) -> Predicted {
    let known = Known::before(case, span.from_ms);
    let factor = known.factor(case, gate, kept, span.from_ms);
    let first_ms = case.organisation.within.from_ms;
    let warm_ms = length(gate.warm_up_weeks).min(span.from_ms - first_ms);
    let whole = Span { from_ms: span.from_ms - warm_ms, to_ms: span.to_ms };
    let past = weeks_before(&known.works, span.from_ms, first_ms, gate.memory_weeks);
    let warm = Span { to_ms: span.from_ms, ..whole };
    let lives = (0..gate.replications)
        .map(|replication| {
            let stream = |source: u32| {
                let number = u32::try_from(number).expect("few origins");
                Stream::new(gate.seed ^ 0xB007, replication, number * 4 + source)
            };
            let mut items = listed(case, &known.works, warm);
            for (from_ms, week) in again(&past, span, &stream(0), &stream(1)) {
                add(case, &mut items, week, from_ms, whole.from_ms);
            }
            let luck = stream(2);
            let lengths = known.lengths(case, factor, &|class| drawn(&luck, class));
            let seed = gate.seed.wrapping_add(number as u64 + 1);
            let lived = run(case, items, &lengths, whole, Draw { seed, replication });
            seen(&lived, span, kept)
        })
        .collect();
    Predicted { span, factor, lives }
}

/// The last whole weeks before an origin, each with where it begins.
fn weeks_before<'a>(
    works: &[&'a Work],
    origin_ms: i64,
    first_ms: i64,
    memory: usize,
) -> Vec<(i64, Vec<&'a Work>)> {
    let mut weeks = vec![];
    for number in 1..=memory {
        let from_ms = origin_ms - length(number);
        if from_ms < first_ms {
            break;
        }
        let inside = |it: &&&Work| from_ms <= it.created_ms && it.created_ms < from_ms + WEEK_MS;
        weeks.push((from_ms, works.iter().filter(inside).copied().collect()));
    }
    weeks
}

type Week<'a> = (i64, Vec<&'a Work>);

/// Weeks that may follow: drawn from a draw of those that were, because those were luck as well.
fn again<'w, 'a>(
    past: &'w [Week<'a>],
    span: Span,
    pool: &Stream,
    pick: &Stream,
) -> Vec<(i64, &'w Week<'a>)> {
    let draw = |stream: &Stream, number: usize| {
        index(stream.unit(number as u64) * count(past.len())).min(past.len() - 1)
    };
    let weeks = index(float(span.length_ms()) / float(WEEK_MS));
    (0..weeks)
        .map(|number| {
            let drawn = draw(pool, draw(pick, number));
            (span.from_ms + length(number), &past[drawn])
        })
        .collect()
}

/// Arrivals by class and component; a component nobody named is any of them.
type Items = BTreeMap<(Class, Option<usize>), Vec<Recorded>>;

fn listed(case: &Case<'_>, works: &[&Work], span: Span) -> Items {
    let mut items = Items::new();
    let inside = |it: &&&Work| span.from_ms <= it.created_ms && it.created_ms < span.to_ms;
    let week = (span.from_ms, works.iter().filter(inside).copied().collect());
    add(case, &mut items, &week, span.from_ms, span.from_ms);
    items
}

fn add(case: &Case<'_>, items: &mut Items, week: &Week<'_>, from_ms: i64, start_ms: i64) {
    for work in &week.1 {
        let about = work.about.as_ref();
        let components = &case.organisation.components;
        let component = about.and_then(|name| components.iter().position(|it| it.name == *name));
        let offset_ms = work.created_ms - week.0 + from_ms - start_ms;
        let all = items.entry((work.class, component)).or_default();
        all.push(Recorded { offset_ms, size_ms: None });
    }
}

/// Lives through `items`, which begin with `whole`.
fn run(
    case: &Case<'_>,
    items: Items,
    lengths: &BTreeMap<Class, Length>,
    whole: Span,
    which: Draw,
) -> Vec<Life> {
    let all: Vec<usize> = (0..case.organisation.components.len()).collect();
    let sources: Vec<Source> = items
        .into_iter()
        .filter_map(|((class, component), items)| {
            Some(Source {
                class,
                components: component.map_or_else(|| all.clone(), |it| vec![it]),
                arrivals: Arrivals::Listed { items },
                length: *lengths.get(&class)?,
                due_after_ms: None,
                cost_per_hour: 1.0,
            })
        })
        .collect();
    let (organisation, structure) = (cut(case.organisation, whole), during(case.structure, whole));
    let items = draw(&sources, whole, which);
    lives(&simulate(&organisation, &items, &structure, case.assumptions))
}

fn cut(organisation: &Organisation, whole: Span) -> Organisation {
    let open = Calendar::always(whole);
    let mut organisation = Organisation { within: whole, ..organisation.clone() };
    for person in &mut organisation.people {
        person.calendar = person.calendar.and(&open);
    }
    organisation
}

fn during(structure: &Structure, whole: Span) -> Structure {
    let mut structure = structure.clone();
    for desk in &mut structure.desks {
        let turns = desk.turns.iter();
        desk.turns = turns
            .filter_map(|it| Some(Turn { span: it.span.cut(whole)?, person: it.person }))
            .collect();
    }
    structure
}

/// Mean and standard deviation of `ln(1 + x)` over lives; where all agree, what nobody can see.
fn moments(lives: &[Seen], sign: Sign) -> Option<(f64, f64)> {
    let all: Vec<f64> = lives.iter().filter_map(|it| Some(it[sign as usize]?.ln_1p())).collect();
    if all.len() < 2 {
        return None;
    }
    let mean = all.iter().sum::<f64>() / count(all.len());
    let squares: f64 = all.iter().map(|it| (it - mean) * (it - mean)).sum();
    Some((mean, (squares / (count(all.len()) - 1.0)).sqrt().max(sign.resolution())))
}

/// What lives of the model do, and how far off what came lies among them.
struct Spread {
    /// Per observed sign of each block: which, and mean and standard deviation of `ln(1 + x)` over lives.
    scales: Vec<(usize, Sign, f64, f64)>,
    /// For each life how many standard deviations it lies off where it lies off most, in order.
    furthest: Vec<f64>,
}

impl Spread {
    fn of(predicted: &[Predicted], observed: &[(Seen, Seen)], replications: u32) -> Self {
        let signs = predicted.iter().zip(observed).enumerate().flat_map(|(number, (it, seen))| {
            let came = SIGNS.into_iter().filter(|it| seen.0[*it as usize].is_some());
            came.filter_map(move |sign| {
                let (mean, deviation) = moments(&it.lives, sign)?;
                Some((number, sign, mean, deviation))
            })
        });
        let mut spread = Self { scales: signs.collect(), furthest: vec![] };
        // A new life is compared with moments that it did not help to make.
        let inflated = (1.0 + 1.0 / f64::from(replications)).sqrt();
        let lives = (0..replications as usize).map(|life| {
            let lived = |it: usize, sign: Sign| predicted[it].lives[life][sign as usize];
            spread.off_by(lived) * inflated
        });
        spread.furthest = lives.collect();
        spread.furthest.sort_by(f64::total_cmp);
        spread
    }

    /// How many standard deviations a life lies off where it lies off most.
    fn off_by(&self, lived: impl Fn(usize, Sign) -> Option<f64>) -> f64 {
        let off = self.scales.iter().filter_map(|(number, sign, mean, deviation)| {
            Some((lived(*number, *sign)?.ln_1p() - mean).abs() / deviation)
        });
        off.fold(0.0, f64::max)
    }

    /// So many standard deviations hold every sign of every block at once, in `confidence` of all lives.
    fn width(&self, confidence: f64) -> f64 {
        crate::statistics::percentile(&self.furthest, confidence).unwrap_or(0.0)
    }

    /// Among how many lives of the model what came would be the worst.
    fn rank(&self, observed: &[(Seen, Seen)]) -> Rank {
        let off = self.off_by(|it, sign| observed[it].0[sign as usize]);
        Rank::of(self.furthest.partition_point(|it| *it < off), self.furthest.len())
    }
}

fn block(it: &Predicted, (came, before): &(Seen, Seen), width: f64) -> Block {
    let row = |sign: Sign| {
        let (observed, (mean, deviation)) = (came[sign as usize]?, moments(&it.lives, sign)?);
        let at = |deviations: f64| (mean + deviations * deviation).exp_m1().max(0.0);
        let band = [at(-width), at(0.0), at(width)];
        let lived: Vec<f64> =
            it.lives.iter().filter_map(|it| Some(it[sign as usize]?.ln_1p())).collect();
        let persistence = before[sign as usize].map(|it| (it.ln_1p() - observed.ln_1p()).abs());
        Some(Row { sign, observed, band, score: score(lived, observed.ln_1p()), persistence })
    };
    let rows = SIGNS.into_iter().filter_map(row).collect();
    Block { span: it.span, factor: it.factor, rows }
}

/// The middle of upper over lower ends, for 90th percentiles. Below a tenth of an hour all is the same.
fn span(blocks: &[Block]) -> f64 {
    let slow = |it: &&Row| matches!(it.sign, Sign::WaitP90 | Sign::DoneP90);
    let rows = blocks.iter().flat_map(|it| &it.rows).filter(slow);
    let mut spans: Vec<f64> = rows.map(|it| (it.band[2] + 0.1) / (it.band[0] + 0.1)).collect();
    spans.sort_by(f64::total_cmp);
    crate::statistics::percentile(&spans, 0.5).unwrap_or(f64::INFINITY)
}

/// The continuous ranked probability score of a sample: E|X − y| − E|X − X′| / 2.
fn score(mut lived: Vec<f64>, observed: f64) -> f64 {
    lived.sort_by(f64::total_cmp);
    let n = count(lived.len());
    let off = lived.iter().map(|it| (it - observed).abs()).sum::<f64>() / n;
    // Over a sorted sample the sum of all differences is linear.
    let apart: f64 =
        lived.iter().enumerate().map(|(rank, it)| (2.0 * count(rank) + 1.0 - n) * it).sum();
    off - apart / (n * n)
}

/// Means over rows that have both.
fn scores(blocks: &[Block]) -> (f64, f64) {
    let rows = blocks.iter().flat_map(|it| &it.rows);
    let both: Vec<(f64, f64)> = rows.filter_map(|it| Some((it.score, it.persistence?))).collect();
    let n = count(both.len().max(1));
    let sum = both.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    (sum.0 / n, sum.1 / n)
}

#[cfg(test)]
mod tests {
    use super::Rank;

    /// Figures of Wilson's interval as tables have them: 8 of 10, none and all of 50.
    #[test]
    fn a_rank_says_between_what_it_lies() {
        let check = |fewer: usize, all: usize, low: f64, high: f64| {
            let Rank { between: (found_low, found_high), .. } = Rank::of(fewer, all);
            let near = (found_low - low).abs() < 5e-4 && (found_high - high).abs() < 5e-4;
            assert!(near, "{fewer} of {all}: {found_low} to {found_high}");
        };
        check(8, 10, 0.4902, 0.9433);
        check(0, 50, 0.0, 0.0714);
        check(50, 50, 0.9286, 1.0);
        // Two hundred lives say nothing about 90 % when 184 of them lie nearer, and something when 160 do.
        assert!(Rank::of(184, 200).is_at_edge(0.9) && !Rank::of(160, 200).is_at_edge(0.9));
    }
}
