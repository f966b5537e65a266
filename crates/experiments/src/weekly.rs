//! From records, or from a table with a row a week, to series.
//!
//! Intuition: weeks are counted from the day of the change, backwards and forwards, so that no week lies
//! on both sides. Only whole weeks count: half a week is half as many pages.
//!
//! Complications: what was never begun counts as waiting until the last instant that is known, in all
//! weeks alike; the last weeks would look quick otherwise.
//!
//! Invariant: a week without any item has a count of 0 and no percentile.

use crate::series::{Kind, Series};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use whatif::number::{HOUR_MS, WEEK_MS, count, hours};
use whatif::records::Work;
use whatif::statistics::percentile;
use whatif::world::Class;

/// Something that records hold a number of for every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Pages.
    Pages,
    /// Tickets and requests.
    Asked,
    /// Changes.
    Changes,
    /// Pages to somebody, of which those within 60 seconds are one.
    Interruptions,
    /// Hours in which a page came.
    DisruptedHours,
    /// Median of hours until a ticket or request was begun.
    WaitP50,
    /// 90th percentile of the same.
    WaitP90,
    /// 90th percentile of hours until a ticket or request was over.
    DoneP90,
    /// 90th percentile of hours until a page was begun.
    PageStartP90,
}

/// Every measure.
pub const MEASURES: [Measure; 9] = [
    Measure::Pages,
    Measure::Asked,
    Measure::Changes,
    Measure::Interruptions,
    Measure::DisruptedHours,
    Measure::WaitP50,
    Measure::WaitP90,
    Measure::DoneP90,
    Measure::PageStartP90,
];

impl Measure {
    /// Its name in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Asked => "tickets",
            Self::Changes => "changes",
            Self::Interruptions => "interruptions",
            Self::DisruptedHours => "disrupted_hours",
            Self::WaitP50 => "wait_p50_hours",
            Self::WaitP90 => "wait_p90_hours",
            Self::DoneP90 => "done_p90_hours",
            Self::PageStartP90 => "page_start_p90_hours",
        }
    }

    /// Whether it is counted.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Pages
            | Self::Asked
            | Self::Changes
            | Self::Interruptions
            | Self::DisruptedHours => Kind::Count,
            _ => Kind::Mean,
        }
    }

    fn is_about(self, class: Class) -> bool {
        match self {
            Self::Pages | Self::Interruptions | Self::DisruptedHours | Self::PageStartP90 => {
                class == Class::Page
            }
            Self::Changes => class == Class::Change,
            _ => matches!(class, Class::Ticket | Class::Request),
        }
    }

    /// Its number in a week.
    fn of(self, works: &[&Work], end_ms: i64) -> Option<f64> {
        let until = |quantile: f64, of: &dyn Fn(&Work) -> Option<i64>| {
            let ends = works.iter().map(|it| hours(of(it).unwrap_or(end_ms) - it.created_ms));
            let mut all: Vec<f64> = ends.collect();
            all.sort_by(f64::total_cmp);
            percentile(&all, quantile)
        };
        let begun = |it: &Work| it.started_ms.or(it.finished_ms);
        match self {
            Self::Pages | Self::Asked | Self::Changes => Some(count(works.len())),
            Self::Interruptions => Some(count(interruptions(works))),
            Self::DisruptedHours => {
                let hours: BTreeSet<(&str, i64)> =
                    works.iter().map(|it| (to(it), it.created_ms.div_euclid(HOUR_MS))).collect();
                Some(count(hours.len()))
            }
            Self::WaitP50 => until(0.5, &begun),
            Self::WaitP90 | Self::PageStartP90 => until(0.9, &begun),
            Self::DoneP90 => until(0.9, &|it| it.finished_ms),
        }
    }
}

/// Whom a piece of work reached first; nobody where that is not recorded.
fn to(work: &Work) -> &str {
    work.people.first().map_or("", String::as_str)
}

fn interruptions(works: &[&Work]) -> usize {
    let mut by_person: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for work in works {
        by_person.entry(to(work)).or_default().push(work.created_ms);
    }
    by_person.values_mut().map(|times| whatif::facts::interruptions(times)).sum()
}

/// Weeks counted from an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekly {
    /// The first instant of the first whole week.
    pub from_ms: i64,
    /// How many whole weeks there are.
    pub weeks: usize,
    /// The last instant that is known.
    pub end_ms: i64,
}

impl Weekly {
    /// Whole weeks of `works` around `start_ms`, up to `until_ms`.
    #[must_use]
    pub fn around(works: &[Work], start_ms: i64, until_ms: i64) -> Option<Self> {
        let (first, last) = (works.first()?.created_ms, works.last()?.created_ms);
        let end_ms = last.min(until_ms);
        let from_ms = start_ms - (start_ms - first).div_euclid(WEEK_MS) * WEEK_MS;
        let weeks = usize::try_from((end_ms + 1 - from_ms).div_euclid(WEEK_MS)).ok()?;
        Some(Self { from_ms, weeks, end_ms })
    }

    /// Which week `at_ms` is in.
    #[must_use]
    pub fn week(&self, at_ms: i64) -> Option<usize> {
        let week = usize::try_from((at_ms - self.from_ms).div_euclid(WEEK_MS)).ok()?;
        (week < self.weeks).then_some(week)
    }

    /// The series of `measure` over works that `belongs` takes.
    #[must_use]
    pub fn series(
        &self,
        works: &[Work],
        measure: Measure,
        belongs: &dyn Fn(&Work) -> bool,
    ) -> Series {
        let mut by_week = vec![vec![]; self.weeks];
        for work in works.iter().filter(|it| measure.is_about(it.class) && belongs(it)) {
            if let Some(week) = self.week(work.created_ms) {
                by_week[week].push(work);
            }
        }
        Series::of(measure.kind(), by_week.iter().map(|it| measure.of(it, self.end_ms)).collect())
    }

    /// How many people are named a week, on average over the weeks from `from` to `to`.
    #[must_use]
    pub fn people(
        &self,
        works: &[Work],
        belongs: &dyn Fn(&Work) -> bool,
        weeks: std::ops::Range<usize>,
    ) -> Option<f64> {
        let mut by_week: Vec<BTreeSet<&String>> = vec![BTreeSet::new(); self.weeks];
        for work in works.iter().filter(|it| belongs(it)) {
            if let Some(week) = self.week(work.created_ms) {
                by_week[week].extend(&work.people);
            }
        }
        let seen = by_week.get(weeks).filter(|it| !it.is_empty())?;
        let sum: usize = seen.iter().map(BTreeSet::len).sum();
        (sum > 0).then(|| count(sum) / count(seen.len()))
    }
}

/// A table with a row per week and team: `week`, perhaps `team` and `people`, and a column per metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Columns that hold numbers.
    pub columns: Vec<String>,
    /// By team and the first instant of the week.
    pub rows: BTreeMap<(String, i64), Row>,
}

/// People, and a number per column.
pub type Row = (Option<f64>, Vec<Option<f64>>);

impl Table {
    /// Reads one.
    ///
    /// # Errors
    /// A sentence that names the line and what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut table = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let headers = table.headers().map_err(|it| format!("the header line: {it}"))?.clone();
        let find = |name: &str| headers.iter().position(|it| it.trim() == name);
        let week = find("week").ok_or("no column is called `week`")?;
        let (team, people) = (find("team"), find("people"));
        let apart = [Some(week), team, people];
        let places: Vec<usize> =
            (0..headers.len()).filter(|it| !apart.contains(&Some(*it))).collect();
        let columns = places.iter().map(|it| headers[*it].trim().to_owned()).collect();
        let mut rows = BTreeMap::new();
        for (number, row) in table.records().enumerate() {
            let line = number + 2;
            let row = row.map_err(|_| format!("line {line} is no row of this table"))?;
            let cell = |it: usize| row.get(it).unwrap_or("").trim();
            let amount = |it: usize| match cell(it) {
                "" => Ok(None),
                text => {
                    text.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0).map_or_else(
                        || Err(format!("line {line}: `{text}` is no number of at least 0")),
                        |it| Ok(Some(it)),
                    )
                }
            };
            let day = cell(week).parse::<Date>();
            let day = day.map_err(|_| format!("line {line}: `{}` is no day", cell(week)))?;
            let at = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|it| it.to_string())?;
            let at_ms = model::Timestamp::from_jiff(at.timestamp()).0;
            let values: Result<Vec<Option<f64>>, String> =
                places.iter().map(|it| amount(*it)).collect();
            let team = team.map_or(String::new(), |it| cell(it).to_owned());
            let people = people.map_or(Ok(None), amount)?;
            if rows.insert((team.clone(), at_ms), (people, values?)).is_some() {
                return Err(format!("line {line}: the week {day} is there twice for `{team}`"));
            }
        }
        Ok(Self { columns, rows })
    }

    /// The series of `column` for `teams` together; counts are summed and amounts averaged. Weeks begin
    /// at `from_ms`.
    #[must_use]
    pub fn series(
        &self,
        column: usize,
        kind: Kind,
        teams: &BTreeSet<String>,
        (from_ms, weeks): (i64, usize),
    ) -> Series {
        let (mut values, mut exposure) = (vec![], vec![]);
        for week in 0..weeks {
            let week = i64::try_from(week).expect("few weeks");
            let begins = from_ms + week * WEEK_MS;
            let rows = self.rows.range((String::new(), i64::MIN)..);
            let these = rows.filter(|((team, at), _)| {
                teams.contains(team) && (begins..begins + WEEK_MS).contains(at)
            });
            let (mut sum, mut seen, mut people) = (0.0, 0.0, None);
            for (_, (there, cells)) in these {
                if let Some(value) = cells[column] {
                    (sum, seen) = (sum + value, seen + 1.0);
                }
                people = there.map(|it| people.unwrap_or(0.0) + it).or(people);
            }
            let value = if kind == Kind::Count { sum } else { sum / seen };
            values.push((seen > 0.0).then_some(value));
            exposure.push(if kind == Kind::Count { people.unwrap_or(1.0) } else { 1.0 });
        }
        Series { kind, values, exposure }
    }

    /// The first and the last instant of a week.
    #[must_use]
    pub fn reach(&self) -> Option<(i64, i64)> {
        let weeks = || self.rows.keys().map(|it| it.1);
        Some((weeks().min()?, weeks().max()?))
    }
}
