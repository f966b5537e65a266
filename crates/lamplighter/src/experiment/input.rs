//! What may stand in the file of an experiment, and the series it becomes.
//!
//! Invariant: what is misspelt, out of range or unknown is an error that names it; nothing is ignored.

use crate::whatif::recorded::Form;
use ::experiments::{Better, Impact, Kind, MEASURES, Measure, Plan, Series, Table, Weekly};
use ::whatif::number::WEEK_MS;
use ::whatif::records::{Work, read};
use model::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hypothesis: String,
    metric: Metric,
    #[serde(default)]
    guards: Vec<Metric>,
    start: String,
    review: String,
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    control: Vec<String>,
    #[serde(default)]
    impact: Expected,
    #[serde(default = "yes")]
    trend: bool,
    #[serde(default)]
    transition_weeks: usize,
    #[serde(default)]
    records: Option<Export>,
    #[serde(default)]
    weekly: Option<String>,
    #[serde(default)]
    registered: Option<String>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    of: String,
    better: Direction,
    #[serde(default)]
    kind: Option<Counted>,
    #[serde(default = "a_tenth")]
    tolerated: f64,
}

fn a_tenth() -> f64 {
    0.1
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Direction {
    Lower,
    Higher,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Counted {
    Count,
    Mean,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Expected {
    #[default]
    Level,
    LevelAndSlope,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    file: String,
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

/// A number that is looked at.
pub(super) struct Aim {
    pub(super) name: String,
    pub(super) better: Better,
    /// As a guard: how much worse it may become, as a share.
    pub(super) tolerated: f64,
    pub(super) treated: Series,
    pub(super) control: Option<Series>,
}

/// An experiment and what is known of it.
pub(super) struct Study {
    pub(super) hypothesis: String,
    pub(super) team: Option<String>,
    pub(super) controls: Vec<String>,
    pub(super) plan: Plan,
    pub(super) primary: Aim,
    pub(super) guards: Vec<Aim>,
    pub(super) start_ms: i64,
    pub(super) review_ms: i64,
    /// The last instant that is known.
    pub(super) end_ms: i64,
    pub(super) registered: Option<String>,
    /// People a week before and after, where records name them.
    pub(super) people: Option<(f64, f64)>,
    /// How many pieces of work of which kind there were before and after.
    pub(super) kinds: (BTreeMap<String, usize>, BTreeMap<String, usize>),
}

const GUARDS_MAX: usize = 10;
const TRANSITION_MAX: usize = 26;

impl Study {
    /// Reads a study; `open` reads the files it names.
    pub(super) fn parse(
        text: &str,
        open: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let file: File = serde_saphyr::from_str(text).map_err(|it| it.to_string())?;
        file.check()?;
        let (start_ms, review_ms) =
            (instant("start", &file.start)?, instant("review", &file.review)?);
        if review_ms < start_ms + WEEK_MS {
            return Err("review: it is less than a week after the start".to_owned());
        }
        let data = Data::open(&file, open, (start_ms, review_ms))?;
        let plan = Plan {
            transition: file.transition_weeks,
            trend: file.trend,
            impact: match file.impact {
                Expected::Level => Impact::Level,
                Expected::LevelAndSlope => Impact::LevelAndSlope,
            },
            ..Plan::usual(data.start())
        };
        let aim = |metric: &Metric| data.aim(&file, metric);
        Ok(Self {
            primary: aim(&file.metric).map_err(|it| format!("metric: {it}"))?,
            guards: file
                .guards
                .iter()
                .map(|it| aim(it).map_err(|error| format!("guards: {error}")))
                .collect::<Result<_, _>>()?,
            people: data.people(&file, &plan),
            kinds: data.kinds(&file),
            end_ms: data.end_ms,
            hypothesis: file.hypothesis,
            team: file.team,
            controls: file.control,
            registered: file.registered,
            plan,
            start_ms,
            review_ms,
        })
    }

    /// Whole weeks from the start to the review.
    pub(super) fn weeks_to_review(&self) -> usize {
        usize::try_from((self.review_ms - self.start_ms) / WEEK_MS).expect("after the start")
    }

    /// What changes when the plan does, as sixteen digits (FNV-1a): no secret, a seal against forgetting.
    pub(super) fn fingerprint(&self) -> String {
        let aim = |it: &Aim| {
            format!("{} {:?} {:?} {}", it.name, it.better, it.treated.kind, it.tolerated)
        };
        let guards: Vec<String> = self.guards.iter().map(aim).collect();
        let Plan { transition, trend, impact, confidence, power, start: _ } = self.plan;
        let said = format!(
            "{}|{:?}|{:?}|{}|{guards:?}|{}|{}|{transition} {trend} {impact:?} {confidence} {power}",
            self.hypothesis.trim(),
            self.team,
            self.controls,
            aim(&self.primary),
            self.start_ms,
            self.review_ms
        );
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        format!("{:016x}", said.bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }
}

impl File {
    fn check(&self) -> Result<(), String> {
        if self.hypothesis.trim().is_empty() {
            return Err("hypothesis: say in a sentence what is expected".to_owned());
        }
        if self.guards.is_empty() {
            return Err(
                "guards: name at least one number that must not suffer, such as what customers wait"
                    .to_owned(),
            );
        }
        if self.guards.len() > GUARDS_MAX {
            return Err(format!("guards: there are more than {GUARDS_MAX}"));
        }
        if self.transition_weeks > TRANSITION_MAX {
            return Err(format!("transition_weeks: more than {TRANSITION_MAX}"));
        }
        if self.control.iter().any(|it| self.team.as_ref() == Some(it)) {
            return Err("control: the team itself cannot be its own control".to_owned());
        }
        if !self.control.is_empty() && self.team.is_none() {
            return Err("control: name under `team` who changes".to_owned());
        }
        if self.records.is_some() == self.weekly.is_some() {
            return Err("write either `records` or `weekly`".to_owned());
        }
        let names: BTreeSet<&String> =
            self.guards.iter().chain([&self.metric]).map(|it| &it.of).collect();
        if names.len() != self.guards.len() + 1 {
            return Err("guards: every number may be there once, and not be the metric".to_owned());
        }
        for it in &self.guards {
            if !(0.0..=10.0).contains(&it.tolerated) {
                return Err(format!("guards: tolerated: {} is not between 0 and 10", it.tolerated));
            }
        }
        Ok(())
    }
}

fn instant(what: &str, day: &str) -> Result<i64, String> {
    let at = Timestamp::parse_rfc3339(&format!("{day}T00:00:00Z"));
    Ok(at.ok_or(format!("{what}: `{day}` is no day"))?.0)
}

/// What was recorded.
enum Source {
    Works(Vec<Work>),
    Table(Table),
}

struct Data {
    source: Source,
    weekly: Weekly,
    start_ms: i64,
    end_ms: i64,
}

impl Data {
    fn open(
        file: &File,
        open: &dyn Fn(&str) -> Result<String, String>,
        (start_ms, review_ms): (i64, i64),
    ) -> Result<Self, String> {
        if let Some(export) = &file.records {
            let form = Form {
                times: export.times.clone(),
                timezone: export.timezone.clone(),
                class: export.class.clone(),
                classes: export.classes.clone(),
                waiting: export.waiting.clone(),
                columns: export.columns.clone(),
                ..Form::default()
            };
            let reading = form.reading().map_err(|it| format!("records: {it}"))?;
            let text = open(&export.file).map_err(|it| format!("records: file: {it}"))?;
            let works = read(&text, &reading).map_err(|it| format!("records: {it}"))?.works;
            let end_ms = works.last().map_or(start_ms, |it| it.created_ms);
            let weekly = Weekly::around(&works, start_ms, review_ms - 1)
                .ok_or(format!("records: {} holds nothing that can be used", export.file))?;
            let source = Source::Works(works);
            return Ok(Self { source, weekly, start_ms, end_ms: end_ms + 1 }.rounded(review_ms));
        }
        let name = file.weekly.as_ref().expect("checked");
        let text = open(name).map_err(|it| format!("weekly: {it}"))?;
        let table = Table::read(&text).map_err(|it| format!("weekly: {name}: {it}"))?;
        let (first, last) = table.reach().ok_or(format!("weekly: {name} has no rows"))?;
        let from_ms = start_ms - (start_ms - first).div_euclid(WEEK_MS) * WEEK_MS;
        let end_ms = last + WEEK_MS;
        let weeks = (end_ms.min(review_ms) - from_ms).div_euclid(WEEK_MS);
        let weeks = usize::try_from(weeks).unwrap_or(0);
        let weekly = Weekly { from_ms, weeks, end_ms };
        Ok(Self { source: Source::Table(table), weekly, start_ms, end_ms })
    }

    /// Records whose last piece of work came up on the day before the review reach to the review.
    fn rounded(mut self, review_ms: i64) -> Self {
        const DAY_MS: i64 = ::whatif::number::DAY_MS;
        if self.end_ms < review_ms && self.end_ms + DAY_MS >= review_ms {
            self.end_ms = review_ms;
            let whole = (review_ms - self.weekly.from_ms).div_euclid(WEEK_MS);
            self.weekly.weeks = usize::try_from(whole).unwrap_or(0);
        }
        self
    }

    /// Which week is the first under the change.
    fn start(&self) -> usize {
        usize::try_from((self.start_ms - self.weekly.from_ms) / WEEK_MS).unwrap_or(0)
    }

    fn aim(&self, file: &File, metric: &Metric) -> Result<Aim, String> {
        let own: BTreeSet<String> = file.team.iter().cloned().collect();
        let others: BTreeSet<String> = file.control.iter().cloned().collect();
        let treated = self.series(metric, &own)?;
        let control = (!others.is_empty()).then(|| self.series(metric, &others)).transpose()?;
        let better = match metric.better {
            Direction::Lower => Better::Lower,
            Direction::Higher => Better::Higher,
        };
        Ok(Aim { name: metric.of.clone(), better, tolerated: metric.tolerated, treated, control })
    }

    /// The series of some teams together; of all where none is named.
    fn series(&self, metric: &Metric, teams: &BTreeSet<String>) -> Result<Series, String> {
        match &self.source {
            Source::Works(works) => {
                let known: Vec<&str> = MEASURES.iter().map(|it| it.key()).collect();
                let measure = measure(&metric.of).ok_or(format!(
                    "`{}` is nothing that records hold; known are {}",
                    metric.of,
                    known.join(", ")
                ))?;
                if let Some(unknown) =
                    teams.iter().find(|team| !works.iter().any(|it| of(it, team)))
                {
                    return Err(format!("no piece of work came to the group `{unknown}`"));
                }
                let belongs = |it: &Work| teams.is_empty() || teams.iter().any(|team| of(it, team));
                Ok(self.weekly.series(works, measure, &belongs))
            }
            Source::Table(table) => {
                let column =
                    table.columns.iter().position(|it| *it == metric.of).ok_or(format!(
                        "there is no column `{}`; there are {}",
                        metric.of,
                        table.columns.join(", ")
                    ))?;
                let kind = match (metric.kind, measure(&metric.of)) {
                    (Some(Counted::Count), _) => Kind::Count,
                    (Some(Counted::Mean), _) => Kind::Mean,
                    (None, Some(measure)) => measure.kind(),
                    (None, None) => {
                        return Err(format!(
                            "say whether `{}` is a `count` or a `mean`, under kind",
                            metric.of
                        ));
                    }
                };
                let there: BTreeSet<String> = table.rows.keys().map(|it| it.0.clone()).collect();
                if let Some(unknown) = teams.iter().find(|it| !there.contains(*it)) {
                    return Err(format!("no row is about the team `{unknown}`"));
                }
                let teams = if teams.is_empty() { &there } else { teams };
                Ok(table.series(column, kind, teams, (self.weekly.from_ms, self.weekly.weeks)))
            }
        }
    }

    fn people(&self, file: &File, plan: &Plan) -> Option<(f64, f64)> {
        let all = self.weekly.weeks;
        let start = plan.start.min(all);
        match &self.source {
            Source::Works(works) => {
                let belongs = |it: &Work| file.team.as_ref().is_none_or(|team| of(it, team));
                let of = |weeks| self.weekly.people(works, &belongs, weeks);
                of(0..start).zip(of(start..all))
            }
            Source::Table(table) => {
                let mean = |after: bool| {
                    let here = table.rows.iter().filter(|((team, at), _)| {
                        (*at >= self.start_ms) == after
                            && file.team.as_ref().is_none_or(|it| it == team)
                    });
                    let mut by_week: BTreeMap<i64, f64> = BTreeMap::new();
                    for ((_, at), (people, _)) in here {
                        *by_week.entry(*at).or_default() += (*people)?;
                    }
                    let weeks = ::whatif::number::count(by_week.len());
                    (weeks > 0.0).then(|| by_week.values().sum::<f64>() / weeks)
                };
                mean(false).zip(mean(true))
            }
        }
    }

    fn kinds(&self, file: &File) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        let Source::Works(works) = &self.source else { return (before, after) };
        let here = works.iter().filter(|it| file.team.as_ref().is_none_or(|team| of(it, team)));
        for work in here.filter(|it| self.weekly.week(it.created_ms).is_some()) {
            let side = if work.created_ms < self.start_ms { &mut before } else { &mut after };
            let about = work.about.as_deref().unwrap_or("anything");
            *side.entry(format!("{} about {about}", work.class.name())).or_insert(0) += 1;
        }
        (before, after)
    }
}

fn measure(name: &str) -> Option<Measure> {
    MEASURES.into_iter().find(|it| it.key() == name)
}

/// Whether a piece of work came to `team` first.
fn of(work: &Work, team: &str) -> bool {
    work.groups.first().is_some_and(|it| it == team)
}
