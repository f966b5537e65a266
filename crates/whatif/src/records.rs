//! Records a team already has: exports with a row per ticket, or a row per change of a ticket.
//!
//! Intuition: every tool exports a table, and every table has at least two times in it. A column that
//! says when work came up is enough to replay it; one that says when it was over is enough to see who
//! waited; nothing here needs more, and nothing that is missing is made up.
//!
//! Complications:
//! - some exports repeat a ticket with every change: rows with the same id are one piece of work, its
//!   states are read in order;
//! - local times without a zone are read in the zone that is given; `01/02/2026` is not guessed at:
//!   its format has to be named;
//! - resolved minus created is queue, work and waiting together, never how long the work took;
//! - people type times: durations of which too many are round are said to be typed, not measured.
//!
//! Invariants:
//! - a row that cannot be read is counted under its reason with the line of the first one;
//! - names of people stay in [`Work::people`], for counting how many; no result names one.

use crate::facts::GroupMin;
use crate::number::{HOUR_MS, WEEK_MS, count, float, hours};
use crate::signs::Life;
use crate::statistics::percentile;
use crate::world::{CLASSES, Class};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// Longest export, in rows: a decade of a hundred tickets a day is 365 000.
pub const ROWS_MAX: usize = 2_000_000;

/// Which column says what. A name that is not given is looked for under the usual names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// What makes two rows the same piece of work.
    pub id: Option<String>,
    /// When it came up. The only one without which nothing works.
    pub created: Option<String>,
    /// When somebody began, or first answered.
    pub started: Option<String>,
    /// When it was over.
    pub finished: Option<String>,
    /// Minutes somebody worked on it, where that is recorded.
    pub worked_minutes: Option<String>,
    /// Page, ticket, request, change or roadmap; or what [`Reading::classes`] translates.
    pub class: Option<String>,
    /// What it is about.
    pub about: Option<String>,
    /// Who had it.
    pub person: Option<String>,
    /// Which group or team had it.
    pub group: Option<String>,
    /// Its state, in exports with a row per change.
    pub state: Option<String>,
    /// When that row was written, in such exports.
    pub changed: Option<String>,
}

/// How an export is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which column says what.
    pub columns: Columns,
    /// `strptime` format of times; none: RFC 3339 or `2026-02-01 13:45[:10]`.
    pub times: Option<String>,
    /// Zone of times that name none.
    pub zone: TimeZone,
    /// What a row is when no column says so.
    pub class: Class,
    /// Words of the class column, in lower case, and what they mean.
    pub classes: BTreeMap<String, Class>,
    /// States in which nobody has begun, in lower case.
    pub waiting: BTreeSet<String>,
    /// States in which whoever is named works, in lower case.
    pub working: BTreeSet<String>,
    /// States in which whoever is named helps whoever has it, in lower case.
    pub helping: BTreeSet<String>,
}

impl Reading {
    /// Usual names, UTC, tickets.
    #[must_use]
    pub fn usual() -> Self {
        let words = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
        Self {
            columns: Columns::default(),
            times: None,
            zone: TimeZone::UTC,
            class: Class::Ticket,
            classes: CLASSES.into_iter().map(|it| (it.name().to_owned(), it)).collect(),
            waiting: words(&["", "new", "open", "created", "to do", "todo", "triage", "backlog"]),
            working: BTreeSet::new(),
            helping: BTreeSet::new(),
        }
    }
}

/// A piece of work as records tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What it is.
    pub class: Class,
    /// What it is about, where a column says so.
    pub about: Option<String>,
    /// When it came up.
    pub created_ms: i64,
    /// When somebody began, where that is known.
    pub started_ms: Option<i64>,
    /// When it was over; `None`: still open, or nobody wrote it down.
    pub finished_ms: Option<i64>,
    /// How long somebody worked on it, where that is recorded.
    pub worked_ms: Option<i64>,
    /// Who had it, in order, without repetition beside each other.
    pub people: Vec<String>,
    /// Which groups had it, in order, without repetition beside each other.
    pub groups: Vec<String>,
    /// Who began and stopped working on it when, in exports whose states say so.
    pub efforts: Vec<Doing>,
}

/// A row that says what somebody does from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// When.
    pub at_ms: i64,
    /// Who.
    pub person: String,
    /// What they do from then on.
    pub effort: Effort,
}

/// What somebody does about a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// They work on it.
    Works,
    /// They help whoever has it.
    Helps,
    /// Neither.
    Rests,
}

impl Work {
    /// What the common fold needs of it.
    #[must_use]
    pub fn life(&self) -> Life {
        Life {
            class: self.class,
            created_ms: self.created_ms,
            started_ms: self.started_ms,
            finished_ms: self.finished_ms,
            worked_ms: self.worked_ms,
        }
    }
}

/// What was read, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// By time of creation.
    pub works: Vec<Work>,
    /// Rows of the file, without its header.
    pub rows: usize,
    /// Which column was read as what: `created` from `opened_at`.
    pub used: BTreeMap<&'static str, String>,
    /// Columns that were not read as anything.
    pub unused: Vec<String>,
    /// Rows that were left out, by reason: how many, and the line of the first.
    pub lost: BTreeMap<String, (usize, u64)>,
}

/// What each column may be called, in lower case without anything but letters and digits.
const USUAL: [(&str, &[&str]); 11] = [
    ("id", &["id", "number", "key", "issuekey", "ticketid", "incidentid", "incidentnumber", "iid"]),
    (
        "created",
        &["created", "createdat", "openedat", "opened", "createdon", "createddate", "date"],
    ),
    (
        "started",
        &[
            "started",
            "startedat",
            "firstresponse",
            "firstrepliedat",
            "acknowledgedat",
            "assignedat",
        ],
    ),
    (
        "finished",
        &[
            "finished",
            "finishedat",
            "resolvedat",
            "resolvedon",
            "resolutiondate",
            "resolvedwhen",
            "solvedat",
            "closedat",
            "resolved",
            "closed",
        ],
    ),
    ("worked_minutes", &["workedminutes", "timespentminutes", "touchminutes", "minutes"]),
    ("class", &["class", "type", "issuetype", "kind"]),
    ("about", &["about", "component", "components", "service", "servicename", "affected"]),
    ("person", &["person", "assignee", "assignedto", "owner", "responder"]),
    ("group", &["group", "team", "assignmentgroup", "escalationpolicy"]),
    ("state", &["state", "status", "incidentstate"]),
    ("changed", &["changed", "changedat", "sysupdatedat"]),
];

/// What stands for nothing.
const EMPTY: [&str; 6] = ["", "?", "-", "null", "none", "n/a"];

/// Reads an export with a header line.
///
/// # Errors
/// A sentence that says which column is missing or that the text is no table.
pub fn read(text: &str, reading: &Reading) -> Result<Records, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let delimiter = delimiter(text);
    let mut table =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let headers = table.headers().map_err(|it| format!("the header line: {it}"))?.clone();
    let places = Places::find(&headers, &reading.columns)?;
    let unread = headers.iter().enumerate().filter(|(at, _)| places.at.values().all(|it| it != at));
    let mut records = Records {
        works: vec![],
        rows: 0,
        used: places.used.clone(),
        unused: unread.map(|(_, name)| name.to_owned()).collect(),
        lost: BTreeMap::new(),
    };
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    for row in table.records() {
        records.rows += 1;
        if records.rows > ROWS_MAX {
            return Err(format!("more than {ROWS_MAX} rows: split the export by year"));
        }
        let line =
            row.as_ref().ok().and_then(csv::StringRecord::position).map_or(0, csv::Position::line);
        let read = row.map_err(|_| "is no row of this table".to_owned());
        match read.and_then(|it| Row::read(&it, &places, reading)) {
            Ok(row) => records.add(row, reading, &mut by_id),
            Err(reason) => {
                let lost = records.lost.entry(reason).or_insert((0, line));
                lost.0 += 1;
            }
        }
    }
    records.works.sort_by_key(|it| it.created_ms);
    records.drop_impossible();
    Ok(records)
}

impl Records {
    fn add(&mut self, row: Row, reading: &Reading, by_id: &mut BTreeMap<String, usize>) {
        let place = row.id.as_ref().and_then(|id| by_id.get(id).copied());
        let place = place.unwrap_or_else(|| {
            self.works.push(Work {
                class: row.class,
                about: None,
                created_ms: row.created_ms,
                started_ms: None,
                finished_ms: None,
                worked_ms: None,
                people: vec![],
                groups: vec![],
                efforts: vec![],
            });
            if let Some(id) = &row.id {
                by_id.insert(id.clone(), self.works.len() - 1);
            }
            self.works.len() - 1
        });
        let work = &mut self.works[place];
        work.created_ms = work.created_ms.min(row.created_ms);
        work.about = row.about.or(work.about.take());
        work.finished_ms = row.finished_ms.or(work.finished_ms);
        work.worked_ms = row.worked_ms.or(work.worked_ms);
        work.started_ms = work.started_ms.or(row.started_ms).or_else(|| {
            let begun = row.state.as_ref().is_some_and(|it| !reading.waiting.contains(it));
            row.changed_ms.filter(|_| begun)
        });
        let is =
            |states: &BTreeSet<String>| row.state.as_ref().is_some_and(|it| states.contains(it));
        let effort = match (is(&reading.working), is(&reading.helping)) {
            (true, _) => Effort::Works,
            (_, true) => Effort::Helps,
            _ => Effort::Rests,
        };
        if let (Some(at_ms), Some(person)) = (row.changed_ms, &row.person) {
            work.efforts.push(Doing { at_ms, person: person.clone(), effort });
        }
        // Where states say who works, whoever only looks or helps does not have it.
        let has = reading.working.is_empty() || effort == Effort::Works;
        let person = row.person.filter(|_| has);
        for (all, one) in [(&mut work.people, person), (&mut work.groups, row.group)] {
            if one.is_some() && all.last() != one.as_ref() {
                all.extend(one);
            }
        }
    }

    /// Work that ended before it came up tells nothing.
    fn drop_impossible(&mut self) {
        let before = self.works.len();
        let possible = |it: &Work| {
            let ends = [it.started_ms, it.finished_ms];
            ends.into_iter().flatten().all(|end| end >= it.created_ms)
        };
        self.works.retain(possible);
        let lost = before - self.works.len();
        if lost > 0 {
            self.lost.insert("began or ended before it came up".to_owned(), (lost, 0));
        }
    }
}

/// Where each column stands.
struct Places {
    at: BTreeMap<&'static str, usize>,
    used: BTreeMap<&'static str, String>,
}

impl Places {
    fn find(headers: &csv::StringRecord, columns: &Columns) -> Result<Self, String> {
        let mut found = Self { at: BTreeMap::new(), used: BTreeMap::new() };
        for (what, usual) in USUAL {
            let place = match columns.named(what) {
                Some(name) => {
                    let place = headers.iter().position(|it| it.trim() == name);
                    let all: Vec<&str> = headers.iter().collect();
                    Some(place.ok_or_else(|| {
                        format!("there is no column `{name}`; there are {}", all.join(", "))
                    })?)
                }
                // In the order of the usual names: `resolved_at` before a yes-or-no `resolved`.
                None => {
                    usual.iter().find_map(|name| headers.iter().position(|it| bare(it) == *name))
                }
            };
            if let Some(place) = place {
                found.at.insert(what, place);
                found.used.insert(what, headers[place].to_owned());
            }
        }
        if !found.at.contains_key("created") {
            let all: Vec<&str> = headers.iter().collect();
            return Err(format!(
                "no column says when work came up; there are {}: name one under `columns: {{ created: … }}`",
                all.join(", ")
            ));
        }
        Ok(found)
    }
}

impl Columns {
    fn named(&self, what: &str) -> Option<&str> {
        let name = match what {
            "id" => &self.id,
            "created" => &self.created,
            "started" => &self.started,
            "finished" => &self.finished,
            "worked_minutes" => &self.worked_minutes,
            "class" => &self.class,
            "about" => &self.about,
            "person" => &self.person,
            "group" => &self.group,
            "state" => &self.state,
            _ => &self.changed,
        };
        name.as_deref()
    }
}

struct Row {
    id: Option<String>,
    class: Class,
    created_ms: i64,
    started_ms: Option<i64>,
    finished_ms: Option<i64>,
    worked_ms: Option<i64>,
    changed_ms: Option<i64>,
    about: Option<String>,
    person: Option<String>,
    group: Option<String>,
    state: Option<String>,
}

impl Row {
    fn read(row: &csv::StringRecord, places: &Places, reading: &Reading) -> Result<Self, String> {
        let cell = |what: &str| {
            let text = row.get(*places.at.get(what)?)?.trim();
            (!EMPTY.contains(&text.to_lowercase().as_str())).then(|| text.to_owned())
        };
        let time = |what: &'static str| match cell(what) {
            None => Ok(None),
            Some(text) => instant(&text, reading)
                .map(Some)
                .ok_or_else(|| format!("`{what}` is no time that can be read")),
        };
        let class = match cell("class") {
            None => reading.class,
            Some(word) => *reading
                .classes
                .get(&word.to_lowercase())
                .ok_or_else(|| format!("the class `{word}` means nothing here"))?,
        };
        let worked = cell("worked_minutes").and_then(|it| it.replace(',', ".").parse::<f64>().ok());
        Ok(Self {
            id: cell("id"),
            class,
            created_ms: time("created")?.ok_or("nothing says when it came up")?,
            started_ms: time("started")?,
            finished_ms: time("finished")?,
            worked_ms: worked
                .filter(|it| it.is_finite() && *it > 0.0)
                .map(|it| crate::number::from_hours(it / 60.0).max(1)),
            changed_ms: time("changed")?,
            about: cell("about"),
            person: cell("person"),
            group: cell("group"),
            state: cell("state").map(|it| it.to_lowercase()),
        })
    }
}

/// Semicolons and tabs are usual where commas divide digits.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or("");
    let times = |it: char| header.matches(it).count();
    [(b';', times(';')), (b'\t', times('\t'))]
        .into_iter()
        .filter(|it| it.1 > times(','))
        .max_by_key(|it| it.1)
        .map_or(b',', |it| it.0)
}

fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

fn instant(text: &str, reading: &Reading) -> Option<i64> {
    let local = |it: DateTime| {
        let there = reading.zone.to_ambiguous_timestamp(it);
        there.compatible().ok().map(|it| model::Timestamp::from_jiff(it).0)
    };
    if let Some(format) = &reading.times {
        return local(DateTime::strptime(format, text).ok()?);
    }
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Some(model::Timestamp::from_jiff(exact).0);
    }
    // Only the order of ISO 8601 is unmistakable.
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]
        .into_iter()
        .find_map(|format| {
            let date =
                || jiff::civil::Date::strptime(format, text).map(jiff::civil::DateTime::from);
            DateTime::strptime(format, text).or_else(|_| date()).ok()
        })
        .and_then(local)
}

/// What records say about the work of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// Which.
    pub class: Class,
    /// How many pieces of work.
    pub items: usize,
    /// How many are not over, or not known to be.
    pub open: usize,
    /// Per week, over the time from the first to the last.
    pub per_week: f64,
    /// Variance over mean of daily counts: 1 if they come independently, more if in bursts.
    pub dispersion: Option<f64>,
    /// Hours until somebody began: p50, p90, of those where that is known.
    pub wait_hours: Option<(f64, f64)>,
    /// Hours until it was over: p50, p90, of those that are.
    pub done_hours: Option<(f64, f64)>,
    /// Minutes of work: p50 and how many are recorded.
    pub worked_minutes: Option<(f64, usize)>,
    /// Too few people had these, see [`GroupMin`]: whoever knows one's own share knows much of the
    /// others', so what describes how they work is not shown.
    pub few_people: bool,
    /// Hand-overs between groups per item, where groups are recorded.
    pub handovers: Option<f64>,
    /// Items per 100 that came back to a group that had given them away.
    pub ping_pong: Option<f64>,
    /// Share of durations that are whole quarters of an hour; by chance a fifteenth of minutes is, so
    /// above [`TYPED`] they were typed, not measured.
    pub round: Option<f64>,
}

/// Days that see no item still count; this many days are needed to speak of bursts.
const DISPERSION_DAYS_MIN: usize = 14;
/// Above this share of whole quarters durations were typed.
pub const TYPED: f64 = 1.0 / 3.0;
/// As many durations are needed to call them typed.
const ROUND_MIN: usize = 10;

/// What `works` say, class by class.
#[must_use]
pub fn describe(works: &[Work]) -> Vec<Described> {
    describe_of(works, GroupMin::FLOOR)
}

/// The same, with what describes how people work shown only of groups that are large enough.
#[must_use]
pub fn describe_of(works: &[Work], least: GroupMin) -> Vec<Described> {
    CLASSES.into_iter().filter_map(|class| describe_class(works, class, least)).collect()
}

fn describe_class(works: &[Work], class: Class, least: GroupMin) -> Option<Described> {
    let these: Vec<&Work> = works.iter().filter(|it| it.class == class).collect();
    let (first, last) = (these.first()?.created_ms, these.last()?.created_ms);
    let sorted = |of: &dyn Fn(&Work) -> Option<f64>| {
        let mut all: Vec<f64> = these.iter().filter_map(|it| of(it)).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let pair = |it: &[f64]| Some((percentile(it, 0.5)?, percentile(it, 0.9)?));
    let since = |it: &Work, end: Option<i64>| end.map(|end| hours(end - it.created_ms));
    let done = sorted(&|it| since(it, it.finished_ms));
    let worked = sorted(&|it| it.worked_ms.map(|it| 60.0 * hours(it)));
    let grouped: Vec<&&Work> = these.iter().filter(|it| !it.groups.is_empty()).collect();
    let moves = |it: &Work| count(it.groups.len() - 1);
    let came_back = |it: &Work| {
        let distinct: BTreeSet<&String> = it.groups.iter().collect();
        distinct.len() < it.groups.len()
    };
    let quarters = done.iter().filter(|it| (4.0 * **it).fract() == 0.0).count();
    let some = |it: bool, value: f64| it.then_some(value);
    let share = |part: usize, whole: usize| count(part) / count(whole.max(1));
    let people: BTreeSet<&String> = these.iter().flat_map(|it| &it.people).collect();
    let few_people = (1..least.people()).contains(&people.len());
    Some(Described {
        class,
        items: these.len(),
        open: these.iter().filter(|it| it.finished_ms.is_none()).count(),
        per_week: count(these.len()) * float(WEEK_MS) / float((last - first).max(WEEK_MS)),
        dispersion: dispersion(&these, first, last),
        wait_hours: pair(&sorted(&|it| since(it, it.started_ms))),
        done_hours: pair(&done),
        worked_minutes: percentile(&worked, 0.5)
            .map(|it| (it, worked.len()))
            .filter(|_| !few_people),
        few_people,
        handovers: some(
            !grouped.is_empty(),
            grouped.iter().map(|it| moves(it)).sum::<f64>() / count(grouped.len().max(1)),
        ),
        ping_pong: some(
            !grouped.is_empty(),
            100.0 * share(grouped.iter().filter(|it| came_back(it)).count(), grouped.len()),
        ),
        round: some(done.len() >= ROUND_MIN, share(quarters, done.len())),
    })
}

/// Variance over mean of counts per day of UTC.
fn dispersion(works: &[&Work], first: i64, last: i64) -> Option<f64> {
    let day = |at_ms: i64| usize::try_from((at_ms - first) / (24 * HOUR_MS)).ok();
    let days = day(last)? + 1;
    if days < DISPERSION_DAYS_MIN {
        return None;
    }
    let mut counts = vec![0.0; days];
    for work in works {
        counts[day(work.created_ms)?] += 1.0;
    }
    let mean = counts.iter().sum::<f64>() / count(days);
    let squares: f64 = counts.iter().map(|it| (it - mean) * (it - mean)).sum();
    Some(squares / (count(days) - 1.0) / mean)
}
