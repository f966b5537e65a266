//! What may stand in a file of `whatif`, and what it becomes.
//!
//! Intuition: teams as numbers of people with hours on a clock, work as so many a week of so many
//! hours, structures by name. Every number has a meaning in [`File`]'s fields, which the book repeats.
//!
//! Invariant: what is misspelt, out of range or unknown is an error that names it; nothing is ignored.

use super::recorded::{Evidence, Recorded};
use ::whatif::calendar::{Calendar, Hours, Span};
use ::whatif::compare::{PARAMETERS, Parameter, Sweep};
use ::whatif::measure::{METRICS, Metric};
use ::whatif::number::{WEEK_MS, float, from_hours};
use ::whatif::presets::{Numbers, PRESETS, Preset};
use ::whatif::random::Length;
use ::whatif::saturation::{Expectation, weekly};
use ::whatif::structure::{Assumptions, OffHours, Structure};
use ::whatif::world::{Arrivals, CLASSES, Component, Organisation, Person, Source};
use ::whatif::{Experiment, Plan};
use model::{Timestamp, Weekday};
use serde::Deserialize;
use std::collections::BTreeMap;

const PEOPLE_MAX: usize = 200;
const COMPONENTS_MAX: usize = 200;
const STRUCTURES_MAX: usize = 12;
const WEEKS_MAX: u16 = 260;
const REPLICATIONS_MAX: usize = 10_000;
const PER_WEEK_MAX: f64 = 100_000.0;

/// What is asked.
pub(super) struct Question {
    pub(super) experiment: Experiment,
    pub(super) plan: Plan,
    pub(super) ranges: Sweep,
    pub(super) expectation: Expectation,
    presets: Vec<(Preset, Numbers)>,
    equal_staffing: bool,
    /// What was recorded, and whether the past was foretold from it.
    pub(super) evidence: Option<Evidence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    starts: String,
    weeks: u16,
    warm_up_weeks: u16,
    seed: u64,
    teams: BTreeMap<String, Team>,
    shared: Vec<String>,
    work: Vec<Work>,
    records: Option<Recorded>,
    structures: Vec<Entry>,
    equal_staffing: bool,
    primary: String,
    replications: Replications,
    assumptions: Assumed,
    ranges: Ranges,
    wait_target_hours: f64,
    growth_per_year: f64,
}

impl Default for File {
    fn default() -> Self {
        Self {
            starts: "2027-01-04".to_owned(),
            weeks: 26,
            warm_up_weeks: 4,
            seed: 1,
            teams: BTreeMap::new(),
            shared: vec![],
            work: vec![],
            records: None,
            structures: vec![],
            equal_staffing: true,
            primary: Metric::WaitP90.key().to_owned(),
            replications: Replications::default(),
            assumptions: Assumed::default(),
            ranges: Ranges::default(),
            wait_target_hours: 8.0,
            growth_per_year: 0.0,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    people: usize,
    timezone: String,
    #[serde(default = "nine_to_five")]
    hours: String,
    #[serde(default = "workdays")]
    days: Vec<Weekday>,
    #[serde(default)]
    owns: Vec<String>,
}

fn nine_to_five() -> String {
    "09:00-17:00".to_owned()
}

fn workdays() -> Vec<Weekday> {
    vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Work {
    class: String,
    per_week: f64,
    hours: f64,
    #[serde(default = "usual_spread")]
    spread: f64,
    #[serde(default)]
    comes: Comes,
    #[serde(default)]
    about: Vec<String>,
}

fn usual_spread() -> f64 {
    1.5
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Comes {
    #[default]
    Always,
    WorkingHours,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Name(String),
    Tuned(Tuned),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tuned {
    preset: String,
    name: Option<String>,
    staff: Option<usize>,
    turn_weeks: Option<f64>,
    overflow_after_hours: Option<f64>,
    answer_at_night: Option<bool>,
    triage_minutes: Option<f64>,
    triage_error: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Replications {
    min: usize,
    max: usize,
    precision: f64,
}

impl Default for Replications {
    fn default() -> Self {
        Self { min: 20, max: 160, precision: 0.1 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Assumed {
    skill_elsewhere: f64,
    slow_down: f64,
    consult_share: f64,
    consult_minutes: f64,
    resumption_minutes: f64,
    handover_minutes: f64,
    handover_loss: f64,
}

impl Default for Assumed {
    fn default() -> Self {
        Self {
            skill_elsewhere: 0.3,
            slow_down: 2.0,
            consult_share: 0.3,
            consult_minutes: 30.0,
            // Parnin and Rugaber 2011: ten to fifteen minutes to the first edit.
            resumption_minutes: 12.0,
            handover_minutes: 15.0,
            handover_loss: 0.1,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ranges {
    slow_down: [f64; 2],
    consult_share: [f64; 2],
    resumption_minutes: [f64; 2],
}

impl Default for Ranges {
    fn default() -> Self {
        Self { slow_down: [1.0, 4.0], consult_share: [0.0, 0.6], resumption_minutes: [1.0, 25.0] }
    }
}

impl Question {
    /// Reads the question; `open` reads files it names, relative to where it lies.
    pub(super) fn parse(
        text: &str,
        open: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let file: File = serde_saphyr::from_str(text).map_err(|it| it.to_string())?;
        file.check()?;
        let organisation = file.organisation(file.whole()?)?;
        let mut sources = file.sources(&organisation)?;
        let presets = file.presets(&organisation)?;
        let (names, presets): (Vec<Option<String>>, Vec<_>) = presets.into_iter().unzip();
        let mut structures: Vec<Structure> = presets
            .iter()
            .map(|(preset, numbers)| preset.structure(&organisation, numbers))
            .collect();
        for (structure, name) in structures.iter_mut().zip(names) {
            structure.name = name.unwrap_or_else(|| structure.name.clone());
        }
        distinct(structures.iter().map(|it| it.name.as_str()), "structure")?;
        let primary = METRICS.into_iter().find(|it| it.key() == file.primary).ok_or_else(|| {
            let known: Vec<&str> = METRICS.iter().map(|it| it.key()).collect();
            format!("primary: unknown metric `{}`; known are {}", file.primary, known.join(", "))
        })?;
        let plan = Plan {
            primary,
            replications_min: file.replications.min,
            replications_max: file.replications.max,
            relative_half_width: file.replications.precision,
        };
        let evidence = match &file.records {
            None => None,
            Some(recorded) => {
                Some(file.evidence(recorded, open, &structures, &presets, &sources)?)
            }
        };
        if let Some(evidence) = &evidence {
            evidence.replay(&mut sources, &organisation);
        }
        let ends =
            [file.ranges.slow_down, file.ranges.consult_share, file.ranges.resumption_minutes];
        let ranges = PARAMETERS.into_iter().zip(ends).map(|(it, [low, high])| (it, low, high));
        let within = organisation.within;
        Ok(Self {
            experiment: Experiment {
                arrivals: within,
                warm_up_ms: i64::from(file.warm_up_weeks) * WEEK_MS,
                assumptions: file.assumptions.assumptions(),
                seed: file.seed,
                organisation,
                sources,
                structures,
            },
            plan,
            ranges: Sweep { ranges: ranges.collect() },
            expectation: Expectation {
                wait_p90_target_hours: file.wait_target_hours,
                growth_per_week: weekly(file.growth_per_year),
            },
            presets,
            equal_staffing: file.equal_staffing,
            evidence,
        })
    }

    /// The same structures with as many people at desks as the one with most; `None` if they have, or
    /// if that is not wanted.
    pub(super) fn equal_staffing(&self) -> Result<Option<(usize, Vec<Structure>)>, String> {
        let staffed = || self.presets.iter().filter(|it| it.0 != Preset::AdHoc);
        let most = staffed().map(|it| it.1.staff).max().unwrap_or(0);
        if !self.equal_staffing || staffed().all(|it| it.1.staff == most) {
            return Ok(None);
        }
        let organisation = &self.experiment.organisation;
        let mut structures = vec![];
        for ((preset, numbers), as_given) in self.presets.iter().zip(&self.experiment.structures) {
            let structure = preset.structure(organisation, &Numbers { staff: most, ..*numbers });
            let structure = Structure { name: as_given.name.clone(), ..structure };
            structure.check(organisation)?;
            structures.push(structure);
        }
        Ok(Some((most, structures)))
    }

    /// Which parameter ranges from where to where.
    pub(super) fn range(&self, parameter: Parameter) -> Option<(f64, f64)> {
        let found = self.ranges.ranges.iter().find(|it| it.0 == parameter);
        found.map(|it| (it.1, it.2))
    }
}

impl File {
    fn check(&self) -> Result<(), String> {
        let people: usize = self.teams.values().map(|it| it.people).sum();
        within("people in all teams", people, 2, PEOPLE_MAX)?;
        within("weeks", self.weeks, 2, WEEKS_MAX)?;
        within("warm_up_weeks", self.warm_up_weeks, 0, self.weeks - 1)?;
        within("structures", self.structures.len(), 1, STRUCTURES_MAX)?;
        within("work", self.work.len(), usize::from(self.records.is_none()), 100)?;
        within("replications: min", self.replications.min, 2, REPLICATIONS_MAX)?;
        within(
            "replications: max",
            self.replications.max,
            self.replications.min,
            REPLICATIONS_MAX,
        )?;
        within("replications: precision", self.replications.precision, 0.0, 1.0)?;
        within("wait_target_hours", self.wait_target_hours, 0.0, 1e6)?;
        within("growth_per_year", self.growth_per_year, -0.9, 100.0)?;
        let it = &self.assumptions;
        for (name, value, high) in [
            ("skill_elsewhere", it.skill_elsewhere, 1.0),
            ("consult_share", it.consult_share, 1.0),
            ("consult_minutes", it.consult_minutes, 10_000.0),
            ("resumption_minutes", it.resumption_minutes, 10_000.0),
            ("handover_minutes", it.handover_minutes, 10_000.0),
            ("handover_loss", it.handover_loss, 1.0),
        ] {
            within(&format!("assumptions: {name}"), value, 0.0, high)?;
        }
        within("assumptions: slow_down", it.slow_down, 1.0, 100.0)?;
        for (name, [low, high], least, most) in [
            ("slow_down", self.ranges.slow_down, 1.0, 100.0),
            ("consult_share", self.ranges.consult_share, 0.0, 1.0),
            ("resumption_minutes", self.ranges.resumption_minutes, 0.0, 10_000.0),
        ] {
            within(&format!("ranges: {name}"), low, least, high)?;
            within(&format!("ranges: {name}"), high, low, most)?;
        }
        Ok(())
    }

    /// The time that is simulated.
    fn whole(&self) -> Result<Span, String> {
        let start = Timestamp::parse_rfc3339(&format!("{}T00:00:00Z", self.starts));
        let from_ms = start.ok_or(format!("starts: `{}` is no day", self.starts))?.0;
        Ok(Span { from_ms, to_ms: from_ms + i64::from(self.weeks) * WEEK_MS })
    }

    /// Reads the records and predicts them, under the structure that was in force.
    fn evidence(
        &self,
        recorded: &Recorded,
        open: &dyn Fn(&str) -> Result<String, String>,
        structures: &[Structure],
        presets: &[(Preset, Numbers)],
        sources: &[Source],
    ) -> Result<Evidence, String> {
        let records = recorded.read(open)?;
        let past = self.organisation(recorded.whole(&records)?)?;
        let names: Vec<&str> = structures.iter().map(|it| it.name.as_str()).collect();
        let place = names.iter().position(|it| *it == recorded.now).ok_or_else(|| {
            format!(
                "records: now: `{}` is none of the structures; write the one that was in force, one of {}",
                recorded.now,
                names.join(", ")
            )
        })?;
        let (preset, numbers) = &presets[place];
        let structure =
            Structure { name: recorded.now.clone(), ..preset.structure(&past, numbers) };
        let lengths = sources.iter().map(|it| (it.class, it.length)).collect();
        let assumptions = self.assumptions.assumptions();
        Ok(Evidence::of(records, &past, &structure, &assumptions, &lengths, self.seed))
    }

    fn organisation(&self, whole: Span) -> Result<Organisation, String> {
        let mut components = vec![];
        for (team, it) in self.teams.values().enumerate() {
            components.extend(it.owns.iter().map(|name| (name, Some(team))));
        }
        components.extend(self.shared.iter().map(|name| (name, None)));
        within("components, under `owns` and `shared`", components.len(), 1, COMPONENTS_MAX)?;
        distinct(components.iter().map(|it| it.0.as_str()), "component")?;
        let mut people = vec![];
        for (team, (name, it)) in self.teams.iter().enumerate() {
            people.extend(it.members(team, name, &components, &self.assumptions, whole)?);
        }
        let components = components
            .into_iter()
            .map(|(name, owner)| Component { name: name.clone(), owner })
            .collect();
        Ok(Organisation {
            within: whole,
            people,
            teams: self.teams.keys().cloned().collect(),
            components,
        })
    }

    fn sources(&self, organisation: &Organisation) -> Result<Vec<Source>, String> {
        let whole = organisation.within;
        let open: Vec<Span> =
            organisation.people.iter().flat_map(|it| it.calendar.spans().to_vec()).collect();
        let open = Calendar::of(open);
        let mut sources = vec![];
        for (number, it) in self.work.iter().enumerate() {
            let place = format!("work {}", number + 1);
            within(&format!("{place}: per_week"), it.per_week, 0.001, PER_WEEK_MAX)?;
            within(&format!("{place}: hours"), it.hours, 0.001, 10_000.0)?;
            within(&format!("{place}: spread"), it.spread, 0.0, 10.0)?;
            let class = CLASSES.into_iter().find(|class| class.name() == it.class);
            let during = match it.comes {
                Comes::Always => Calendar::always(whole),
                Comes::WorkingHours => open.clone(),
            };
            let share = float(during.open_ms(whole)) / float(whole.length_ms());
            let mean_ms = from_hours(it.hours);
            sources.push(Source {
                class: class.ok_or(format!(
                    "{place}: unknown class `{}`; known are page, ticket, request, change, roadmap",
                    it.class
                ))?,
                components: about(&it.about, organisation)
                    .map_err(|it| format!("{place}: {it}"))?,
                arrivals: Arrivals::Poisson {
                    gap_ms: float(WEEK_MS) * share / it.per_week,
                    during,
                },
                length: Length::LogNormal { mean_ms, variation: it.spread * it.spread },
                due_after_ms: None,
                cost_per_hour: 1.0,
            });
        }
        Ok(sources)
    }

    /// Name, preset and numbers of every structure.
    #[expect(clippy::type_complexity, reason = "taken apart by its only caller")]
    fn presets(
        &self,
        organisation: &Organisation,
    ) -> Result<Vec<(Option<String>, (Preset, Numbers))>, String> {
        let find = |name: &str| {
            let known: Vec<&str> = PRESETS.iter().map(|it| it.name()).collect();
            PRESETS.into_iter().find(|it| it.name() == name).ok_or_else(|| {
                format!("structures: unknown preset `{name}`; known are {}", known.join(", "))
            })
        };
        let mut found = vec![];
        for entry in &self.structures {
            found.push(match entry {
                Entry::Name(name) => {
                    let preset = find(name)?;
                    (None, (preset, preset.usual(organisation)))
                }
                Entry::Tuned(it) => {
                    let preset = find(&it.preset)?;
                    (it.name.clone(), (preset, it.numbers(preset, organisation)?))
                }
            });
        }
        Ok(found)
    }
}

impl Team {
    fn members(
        &self,
        number: usize,
        name: &str,
        components: &[(&String, Option<usize>)],
        assumed: &Assumed,
        whole: Span,
    ) -> Result<Vec<Person>, String> {
        within(&format!("teams: {name}: people"), self.people, 1, PEOPLE_MAX)?;
        let zone = ::oncall::Zones::bundled().get(&self.timezone).ok_or_else(|| {
            format!("teams: {name}: the time zone `{}` is not known", self.timezone)
        })?;
        let (from_minute, to_minute) = clock(&self.hours)
            .ok_or(format!("teams: {name}: write hours as 09:00-17:00, not `{}`", self.hours))?;
        let days = self.days.clone();
        let day = Hours { days, from_minute, to_minute, absent: vec![] };
        let every = [
            Weekday::Mon,
            Weekday::Tue,
            Weekday::Wed,
            Weekday::Thu,
            Weekday::Fri,
            Weekday::Sat,
            Weekday::Sun,
        ];
        // 22:00 to 8:00, as the bands of paging reports have it.
        let night =
            Hours { days: every.to_vec(), from_minute: 1_320, to_minute: 480, absent: vec![] };
        let skill = |it: &(&String, Option<usize>)| {
            if it.1 == Some(number) { 1.0 } else { assumed.skill_elsewhere }
        };
        let person = Person {
            name: name.to_owned(),
            calendar: Calendar::compile(&day, &zone, whole),
            night: Calendar::compile(&night, &zone, whole),
            team: number,
            skills: components.iter().map(skill).collect(),
        };
        let named =
            (1..=self.people).map(|it| Person { name: format!("{name} {it}"), ..person.clone() });
        Ok(named.collect())
    }
}

impl Tuned {
    fn numbers(&self, preset: Preset, organisation: &Organisation) -> Result<Numbers, String> {
        let mut numbers = preset.usual(organisation);
        let place = |it: &str| format!("structures: {}: {it}", preset.name());
        if let Some(staff) = self.staff {
            within(&place("staff"), staff, numbers.staff.min(1), organisation.people.len())?;
            numbers.staff = staff;
        }
        if let Some(weeks) = self.turn_weeks {
            within(&place("turn_weeks"), weeks, 0.1, 520.0)?;
            numbers.turn_ms = from_hours(weeks * 168.0);
        }
        if let Some(hours) = self.overflow_after_hours {
            within(&place("overflow_after_hours"), hours, 0.01, 1e4)?;
            numbers.overflow_after_ms = from_hours(hours);
        }
        if let Some(answer) = self.answer_at_night {
            numbers.off_hours = if answer { OffHours::Answer } else { OffHours::Wait };
        }
        if let Some(minutes) = self.triage_minutes {
            within(&place("triage_minutes"), minutes, 0.0, 1e5)?;
            numbers.triage.delay_ms = from_hours(minutes / 60.0);
        }
        if let Some(share) = self.triage_error {
            within(&place("triage_error"), share, 0.0, 1.0)?;
            numbers.triage.error_share = share;
        }
        Ok(numbers)
    }
}

impl Assumed {
    fn assumptions(&self) -> Assumptions {
        let minutes = |it: f64| from_hours(it / 60.0);
        Assumptions {
            slow_down: self.slow_down,
            consult_share: self.consult_share,
            consult_ms: minutes(self.consult_minutes),
            resumption_ms: minutes(self.resumption_minutes),
            handover_ms: minutes(self.handover_minutes),
            handover_loss: self.handover_loss,
            learning: None,
        }
    }
}

fn about(names: &[String], organisation: &Organisation) -> Result<Vec<usize>, String> {
    if names.is_empty() {
        return Ok((0..organisation.components.len()).collect());
    }
    let find = |name: &String| {
        let place = organisation.components.iter().position(|it| it.name == *name);
        place.ok_or(format!("no team owns `{name}`, and it is not shared"))
    };
    names.iter().map(find).collect()
}

/// Minutes of the day, from `09:00-17:00`.
fn clock(text: &str) -> Option<(u16, u16)> {
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute < 60 && hour * 60 + minute <= 1_440).then_some(hour * 60 + minute)
    };
    let (from, to) = text.split_once('-')?;
    Some((minute(from).filter(|it| *it < 1_440)?, minute(to)?))
}

fn within<T: Copy + PartialOrd + std::fmt::Display>(
    name: &str,
    value: T,
    low: T,
    high: T,
) -> Result<(), String> {
    if low <= value && value <= high {
        return Ok(());
    }
    Err(format!("{name}: {value} is not between {low} and {high}"))
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> Result<(), String> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|it| it[0] == it[1]) {
        Some(twice) => Err(format!("there are two of {what} `{}`; give one a name", twice[0])),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Question, clock};
    use ::whatif::world::Class;

    #[test]
    fn hours_on_a_clock() {
        let check =
            |text: &str, expect: Option<(u16, u16)>| assert_eq!(clock(text), expect, "{text}");
        check("09:00-17:30", Some((540, 1_050)));
        check("22:00-06:00", Some((1_320, 360)));
        check("00:00-24:00", Some((0, 1_440)));
        check("24:00-01:00", None);
        check("9-17", None);
        check("09:60-17:00", None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let teams = "teams: {a: {people: 2, timezone: Europe/Berlin, owns: [x]}}\n";
        let work = "work: [{class: page, per_week: 2, hours: 1}]\n";
        let check = |text: &str, expect: &str| match Question::parse(text, &|_| {
            Err("no files here".to_owned())
        }) {
            Ok(_) => panic!("nothing is wrong with {text}"),
            Err(error) => assert_eq!(error, expect),
        };
        let good = format!("{teams}{work}structures: [tribute]\n");
        let question = Question::parse(&good, &|_| Err("no files here".to_owned()))
            .unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(question.experiment.sources[0].class, Class::Page);
        check(&format!("{teams}{work}"), "structures: 0 is not between 1 and 12");
        check(
            &format!("{teams}{work}structures: [tribut]"),
            "structures: unknown preset `tribut`; known are ad-hoc, tribute, collectives, \
             product-teams, service-centre, embedded, short-first-pool, teams-with-overflow",
        );
        check(
            &format!("{teams}{work}structures: [tribute, tribute]"),
            "there are two of structure `tribute`; give one a name",
        );
        check(
            &format!("{good}assumptions: {{slow_down: 0.5}}\n"),
            "assumptions: slow_down: 0.5 is not between 1 and 100",
        );
        check(
            &good.replace("Berlin", "Berln"),
            "teams: a: the time zone `Europe/Berln` is not known",
        );
        check(
            &good.replace("hours: 1}", "hours: 1, about: [y]}"),
            "work 1: no team owns `y`, and it is not shared",
        );
    }
}
