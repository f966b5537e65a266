//! The `records` of a file of `whatif`: what happened, before anybody says what would.
//!
//! Intuition: an export of tickets and the name of the structure that was in force. From these the
//! past is predicted; only if that works are other structures compared, on the same recorded weeks.
//!
//! Invariant: when the past was not foretold there is no comparison, and what was off is said.

use super::eras::{Era, InForce, in_force};
use ::whatif::calendar::Span;
use ::whatif::calibrate::{Case, Eras, Gate, Transfer, Verdict, calibrate, transfer};
use ::whatif::compare::Sweep;
use ::whatif::number::WEEK_MS;
use ::whatif::random::Length;
use ::whatif::records::{Columns, Reading, Records, Work, read};
use ::whatif::structure::{Assumptions, Structure};
use ::whatif::world::{Arrivals, CLASSES, Class, Organisation, Recorded as Arrival, Source};
use serde::Deserialize;
use std::collections::BTreeMap;
use worklog::Worklog;

/// Weeks that may come again in a comparison: half a year, so that nobody compares with long ago.
const WEEKS_AGAIN: i64 = 26;
/// 5 January 1970, a Monday, in milliseconds.
const A_MONDAY_MS: i64 = 4 * 24 * 3_600_000;

/// What a file says about records.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    /// An export …
    #[serde(default)]
    file: Option<String>,
    /// … or a journal.
    #[serde(default)]
    pub(super) journal: Option<String>,
    /// The structure that was in force, where it was the same all the time.
    #[serde(default)]
    pub(super) now: Option<String>,
    /// Which was in force from when on, where it was not.
    #[serde(default)]
    eras: Vec<Era>,
    #[serde(default)]
    times: Option<String>,
    #[serde(default)]
    timezone: Option<String>,
    #[serde(default)]
    class: Option<String>,
    #[serde(default)]
    classes: BTreeMap<String, String>,
    #[serde(default)]
    waiting: Vec<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

/// How an export is read: from a file or from the options of `records`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    pub(crate) times: Option<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) classes: BTreeMap<String, String>,
    pub(crate) waiting: Vec<String>,
    /// States in which whoever is named works, and in which they only help.
    pub(crate) working: Vec<String>,
    pub(crate) helping: Vec<String>,
    pub(crate) columns: BTreeMap<String, String>,
}

impl Form {
    /// How to read, or what is unknown.
    pub(crate) fn reading(&self) -> Result<Reading, String> {
        let mut reading = Reading::usual();
        if let Some(zone) = &self.timezone {
            reading.zone = ::oncall::Zones::bundled()
                .get(zone)
                .ok_or_else(|| format!("the time zone `{zone}` is not known"))?;
        }
        if let Some(name) = &self.class {
            reading.class = class(name)?;
        }
        for (word, name) in &self.classes {
            reading.classes.insert(word.to_lowercase(), class(name)?);
        }
        if !self.waiting.is_empty() {
            reading.waiting = self.waiting.iter().map(|it| it.to_lowercase()).collect();
        }
        let lower = |all: &[String]| all.iter().map(|it| it.to_lowercase()).collect();
        (reading.working, reading.helping) = (lower(&self.working), lower(&self.helping));
        reading.times.clone_from(&self.times);
        for (what, name) in &self.columns {
            *column(&mut reading.columns, what)? = Some(name.clone());
        }
        Ok(reading)
    }
}

impl<'a> Against<'a> {
    fn structure(&self, name: &str) -> Result<&'a Structure, String> {
        self.structures.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.structures.keys().map(String::as_str).collect();
            format!(
                "records: `{name}` is none of the structures; write the one that was in force, one of {}",
                names.join(", ")
            )
        })
    }
}

fn during(records: &Records, whole: Span) -> Vec<Work> {
    let inside = |it: &&Work| whole.from_ms <= it.created_ms && it.created_ms < whole.to_ms;
    records.works.iter().filter(inside).cloned().collect()
}

fn class(name: &str) -> Result<Class, String> {
    let known: Vec<&str> = CLASSES.iter().map(|it| it.name()).collect();
    let found = CLASSES.into_iter().find(|it| it.name() == name);
    found.ok_or_else(|| format!("unknown class `{name}`; known are {}", known.join(", ")))
}

fn column<'a>(columns: &'a mut Columns, what: &str) -> Result<&'a mut Option<String>, String> {
    Ok(match what {
        "id" => &mut columns.id,
        "created" => &mut columns.created,
        "started" => &mut columns.started,
        "finished" => &mut columns.finished,
        "worked_minutes" => &mut columns.worked_minutes,
        "class" => &mut columns.class,
        "about" => &mut columns.about,
        "person" => &mut columns.person,
        "group" => &mut columns.group,
        "state" => &mut columns.state,
        "changed" => &mut columns.changed,
        other => {
            return Err(format!(
                "columns: `{other}` is nothing a column can say; known are id, created, started, \
                 finished, worked_minutes, class, about, person, group, state, changed"
            ));
        }
    })
}

impl Recorded {
    pub(super) fn read(&self, reads: &Reads<'_>) -> Result<Past, String> {
        let file = match (&self.file, &self.journal) {
            (None, Some(journal)) => {
                let read = (reads.journal)(journal);
                return read.map(Past::of).map_err(|it| format!("records: journal: {it}"));
            }
            (Some(file), None) => file,
            _ => return Err("records: write either `file` or `journal`".to_owned()),
        };
        let form = Form {
            times: self.times.clone(),
            timezone: self.timezone.clone(),
            class: self.class.clone(),
            classes: self.classes.clone(),
            waiting: self.waiting.clone(),
            columns: self.columns.clone(),
            ..Form::default()
        };
        let reading = form.reading().map_err(|it| format!("records: {it}"))?;
        let text = (reads.file)(file).map_err(|it| format!("records: file: {it}"))?;
        let records = read(&text, &reading).map_err(|it| format!("records: {file}: {it}"))?;
        Ok(Past { records, within: None, looks_like: None })
    }

    /// Whole weeks from Monday to Monday, by Greenwich, from the first record to the last.
    pub(super) fn whole(&self, past: &Past) -> Result<Span, String> {
        let records = &past.records;
        let (Some(first), Some(last)) = (records.works.first(), records.works.last()) else {
            let lost: Vec<&str> = records.lost.keys().map(AsRef::as_ref).collect();
            return Err(format!(
                "records: {} holds nothing that can be used: {}; `lamplighter records` shows what it \
                 holds, and `classes` says what a word means",
                self.file.as_ref().or(self.journal.as_ref()).map_or("", String::as_str),
                lost.join(", ")
            ));
        };
        let weeks_before = |at_ms: i64| (at_ms - A_MONDAY_MS).div_euclid(WEEK_MS);
        // In a journal a week without any page is a week as well.
        let (first, last) =
            past.within.map_or((first.created_ms, last.created_ms), |it| (it.from_ms, it.to_ms));
        // The first week may have begun before the export does: it is left out unless that is sure.
        let begins = weeks_before(first - 1) + 1;
        let from_ms = A_MONDAY_MS + begins * WEEK_MS;
        let to_ms = (A_MONDAY_MS + weeks_before(last) * WEEK_MS).max(from_ms);
        Ok(Span { from_ms, to_ms })
    }
}

impl Recorded {
    /// Whether somebody wrote which structure was in force.
    pub(super) fn says_structure(&self) -> bool {
        self.now.is_some() || !self.eras.is_empty()
    }

    /// A journal in the place of an export.
    pub(super) fn instead(&mut self, journal: &str) {
        (self.file, self.journal) = (None, Some(journal.to_owned()));
    }

    /// Which structures were in force, the last one last. Where nobody says, a journal says what the rotas
    /// look like.
    pub(super) fn in_force(&self, past: &Past, whole: Span) -> Result<Vec<InForce>, String> {
        // The first Monday at or after an instant.
        let next_week = |at_ms: i64| at_ms + (A_MONDAY_MS - at_ms).rem_euclid(WEEK_MS);
        let guess = past.looks_like.as_ref().filter(|_| self.eras.is_empty()).map(|it| it.0);
        in_force(&self.eras, self.now.as_deref().or(guess), whole, &next_week)
    }
}

/// How what a file names is read.
#[derive(Clone, Copy)]
pub(super) struct Reads<'a> {
    /// A file, by its name relative to the question.
    pub(super) file: &'a dyn Fn(&str) -> Result<String, String>,
    /// A journal.
    pub(super) journal: &'a dyn Fn(&str) -> Result<Worklog, String>,
    /// A journal that takes the place of whatever records the file names.
    pub(super) instead: Option<&'a str>,
    /// Names and texts of files with structures of their own.
    pub(super) structures: &'a [(String, String)],
}

/// What was read.
pub(super) struct Past {
    pub(super) records: Records,
    /// What a journal covers; an export does not say.
    within: Option<Span>,
    /// The structure that the rotas of a journal look like, and by what.
    looks_like: Option<(&'static str, String)>,
}

impl Past {
    fn of(log: Worklog) -> Self {
        Self { records: log.records, within: Some(log.within), looks_like: Some(log.looks_like) }
    }
}

/// What was recorded, and whether it was foretold.
pub(super) struct Evidence {
    pub(super) records: Records,
    /// Where it is a journal: by what its structure was taken to be in force; empty where that was written.
    pub(super) journal: Option<String>,
    /// Works within the whole weeks that were looked at.
    works: Vec<Work>,
    whole: Span,
    /// The verdict, or why there is none.
    pub(super) verdict: Result<Verdict, String>,
    /// The structure that was in force.
    pub(super) now: String,
    /// The structures of the last two eras.
    pub(super) eras: Vec<String>,
    /// Whether the last era was foretold from the one before it, or why that was not tried.
    pub(super) transfer: Option<Result<Transfer, String>>,
}

/// What the past is held against.
#[derive(Clone, Copy)]
pub(super) struct Against<'a> {
    pub(super) past: &'a Organisation,
    pub(super) in_force: &'a [InForce],
    /// By name.
    pub(super) structures: &'a BTreeMap<String, Structure>,
    pub(super) assumptions: &'a Assumptions,
    pub(super) lengths: &'a BTreeMap<Class, Length>,
    pub(super) ranges: &'a Sweep,
    pub(super) seed: u64,
}

impl Evidence {
    pub(super) fn of(past: Past, said: bool, it: &Against<'_>) -> Result<Self, String> {
        let last = it.in_force.last().expect("an error otherwise");
        let guessed = |(_, why): (_, String)| if said { String::new() } else { why };
        let (records, journal) = (past.records, past.looks_like.map(guessed));
        let whole = last.span;
        let structure = it.structure(&last.structure)?;
        let was = Organisation { within: whole, ..it.past.clone() };
        let works = during(&records, whole);
        let Against { assumptions, lengths, .. } = *it;
        let case = Case { organisation: &was, structure, assumptions, works: &works, lengths };
        let gate = Gate::usual(it.seed);
        let verdict = calibrate(&case, &gate);
        let (mut eras, mut transferred) = (vec![], None);
        if let [.., first, second] = it.in_force {
            let both = Span { from_ms: first.span.from_ms, to_ms: second.span.to_ms };
            let organisation = Organisation { within: both, ..it.past.clone() };
            let works = during(&records, both);
            let case = Case {
                organisation: &organisation,
                structure: it.structure(&first.structure)?,
                works: &works,
                ..case
            };
            let two = Eras { case, switch_ms: second.span.from_ms, second: structure };
            transferred = Some(transfer(&two, &gate, it.ranges));
            eras = vec![first.structure.clone(), second.structure.clone()];
        }
        let now = structure.name.clone();
        Ok(Self { records, journal, works, whole, verdict, now, eras, transfer: transferred })
    }

    /// Whether other structures may be compared: the last era foretold itself and, where that could be
    /// tried, the one before foretold it.
    pub(super) fn passed(&self) -> bool {
        let carried = !matches!(&self.transfer, Some(Ok(it)) if !it.passed);
        carried && self.verdict.as_ref().is_ok_and(|it| it.passed)
    }

    /// What two eras leave of `ranges`.
    pub(super) fn narrow(&self, ranges: &mut Sweep) {
        let Some(Ok(transfer)) = &self.transfer else { return };
        for (parameter, low, high) in &mut ranges.ranges {
            let left = transfer.left.iter().find(|it| it.parameter == *parameter);
            if let Some(range) = left.and_then(|it| it.range) {
                (*low, *high) = range;
            }
        }
    }

    /// Puts recorded weeks and fitted lengths in the place of what was typed, class by class.
    pub(super) fn replay(&self, sources: &mut Vec<Source>, organisation: &Organisation) {
        let Ok(verdict) = &self.verdict else { return };
        let from_ms = self.whole.from_ms.max(self.whole.to_ms - WEEKS_AGAIN * WEEK_MS);
        let weeks = usize::try_from((self.whole.to_ms - from_ms) / WEEK_MS).expect("few weeks");
        let mut recorded: BTreeMap<(Class, Option<usize>), Vec<Vec<Arrival>>> = BTreeMap::new();
        for work in self.works.iter().filter(|it| it.created_ms >= from_ms) {
            let about = work.about.as_ref();
            let components = &organisation.components;
            let component =
                about.and_then(|name| components.iter().position(|it| it.name == *name));
            let since_ms = work.created_ms - from_ms;
            let week = usize::try_from(since_ms / WEEK_MS).expect("not before the first");
            let all =
                recorded.entry((work.class, component)).or_insert_with(|| vec![vec![]; weeks]);
            all[week].push(Arrival { offset_ms: since_ms % WEEK_MS, size_ms: None });
        }
        let seen: Vec<Class> = recorded.keys().map(|it| it.0).collect();
        // What is due and what waiting costs is in no record: it stays as typed, class by class.
        let typed: BTreeMap<Class, (Option<i64>, f64)> =
            sources.iter().map(|it| (it.class, (it.due_after_ms, it.cost_per_hour))).collect();
        sources.retain(|it| !seen.contains(&it.class));
        let all: Vec<usize> = (0..organisation.components.len()).collect();
        sources.extend(recorded.into_iter().filter_map(|((class, component), weeks)| {
            Some(Source {
                class,
                components: component.map_or_else(|| all.clone(), |it| vec![it]),
                arrivals: Arrivals::Weeks { weeks },
                length: *verdict.lengths.get(&class)?,
                due_after_ms: typed.get(&class).and_then(|it| it.0),
                cost_per_hour: typed.get(&class).map_or(1.0, |it| it.1),
            })
        }));
    }
}
