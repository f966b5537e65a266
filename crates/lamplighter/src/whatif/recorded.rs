//! The `records` of a file of `whatif`: what happened, before anybody says what would.
//!
//! Intuition: an export of tickets and the name of the structure that was in force. From these the
//! past is predicted; only if that works are other structures compared, on the same recorded weeks.
//!
//! Invariant: when the past was not foretold there is no comparison, and what was off is said.

use ::whatif::calendar::Span;
use ::whatif::calibrate::{Case, Gate, Verdict, calibrate};
use ::whatif::number::WEEK_MS;
use ::whatif::random::Length;
use ::whatif::records::{Columns, Reading, Records, Work, read};
use ::whatif::structure::{Assumptions, Structure};
use ::whatif::world::{Arrivals, CLASSES, Class, Organisation, Recorded as Arrival, Source};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Weeks that may come again in a comparison: half a year, so that nobody compares with long ago.
const WEEKS_AGAIN: i64 = 26;
/// 5 January 1970, a Monday, in milliseconds.
const A_MONDAY_MS: i64 = 4 * 24 * 3_600_000;

/// What a file says about records.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    file: String,
    /// The structure that was in force.
    pub(super) now: String,
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
        reading.times.clone_from(&self.times);
        for (what, name) in &self.columns {
            *column(&mut reading.columns, what)? = Some(name.clone());
        }
        Ok(reading)
    }
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
    pub(super) fn read(
        &self,
        open: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Records, String> {
        let form = Form {
            times: self.times.clone(),
            timezone: self.timezone.clone(),
            class: self.class.clone(),
            classes: self.classes.clone(),
            waiting: self.waiting.clone(),
            columns: self.columns.clone(),
        };
        let reading = form.reading().map_err(|it| format!("records: {it}"))?;
        let text = open(&self.file).map_err(|it| format!("records: file: {it}"))?;
        read(&text, &reading).map_err(|it| format!("records: {}: {it}", self.file))
    }

    /// Whole weeks from Monday to Monday, by Greenwich, from the first record to the last.
    pub(super) fn whole(&self, records: &Records) -> Result<Span, String> {
        let (Some(first), Some(last)) = (records.works.first(), records.works.last()) else {
            return Err(format!("records: {} holds nothing that can be used", self.file));
        };
        let weeks_before = |at_ms: i64| (at_ms - A_MONDAY_MS).div_euclid(WEEK_MS);
        // The first week may have begun before the export does: it is left out unless that is sure.
        let begins = weeks_before(first.created_ms) + 1;
        let from_ms = A_MONDAY_MS + begins * WEEK_MS;
        let to_ms = (A_MONDAY_MS + weeks_before(last.created_ms) * WEEK_MS).max(from_ms);
        Ok(Span { from_ms, to_ms })
    }
}

/// What was recorded, and whether it was foretold.
pub(super) struct Evidence {
    pub(super) records: Records,
    /// Works within the whole weeks that were looked at.
    works: Vec<Work>,
    whole: Span,
    /// The verdict, or why there is none.
    pub(super) verdict: Result<Verdict, String>,
    /// The structure that was in force.
    pub(super) now: String,
}

impl Evidence {
    pub(super) fn of(
        records: Records,
        past: &Organisation,
        structure: &Structure,
        assumptions: &Assumptions,
        lengths: &BTreeMap<Class, Length>,
        seed: u64,
    ) -> Self {
        let whole = past.within;
        let inside = |it: &&Work| whole.from_ms <= it.created_ms && it.created_ms < whole.to_ms;
        let works: Vec<Work> = records.works.iter().filter(inside).cloned().collect();
        let case = Case { organisation: past, structure, assumptions, works: &works, lengths };
        let verdict = calibrate(&case, &Gate::usual(seed));
        Self { records, works, whole, verdict, now: structure.name.clone() }
    }

    /// Whether other structures may be compared.
    pub(super) fn passed(&self) -> bool {
        self.verdict.as_ref().is_ok_and(|it| it.passed)
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
        sources.retain(|it| !seen.contains(&it.class));
        let all: Vec<usize> = (0..organisation.components.len()).collect();
        sources.extend(recorded.into_iter().filter_map(|((class, component), weeks)| {
            Some(Source {
                class,
                components: component.map_or_else(|| all.clone(), |it| vec![it]),
                arrivals: Arrivals::Weeks { weeks },
                length: *verdict.lengths.get(&class)?,
                due_after_ms: None,
                cost_per_hour: 1.0,
            })
        }));
    }
}
