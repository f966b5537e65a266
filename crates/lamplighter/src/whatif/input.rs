//! What may stand in a file of `whatif`, and what it becomes.
//!
//! Intuition: teams as numbers of people with hours on a clock, work as so many a week of so many
//! hours, structures by name. Every number has a meaning in [`File`]'s fields, which the book repeats.
//!
//! Invariant: what is misspelt, out of range or unknown is an error that names it; nothing is ignored.

use super::recorded::{Against, Evidence, Reads, Recorded};
use super::rules::LearningNumbers;
use super::ways::Way;
use ::whatif::calendar::{Calendar, Hours, Span};
use ::whatif::compare::{PARAMETERS, Parameter, Sweep};
use ::whatif::measure::{METRICS, Metric};
use ::whatif::number::{WEEK_MS, float, from_hours};
use ::whatif::random::Length;
use ::whatif::saturation::{Expectation, weekly};
use ::whatif::structure::{Assumptions, Structure};
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
/// Staff that is tried to make costs equal: so many more than the most that were asked for …
const CANDIDATES_ABOVE: usize = 2;
/// … and at most so many numbers of people per structure.
const CANDIDATES_MAX: usize = 16;

/// What is asked.
pub(super) struct Question {
    pub(super) experiment: Experiment,
    pub(super) plan: Plan,
    pub(super) ranges: Sweep,
    pub(super) expectation: Expectation,
    ways: Vec<Way>,
    equal_staffing: bool,
    equal_cost: bool,
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
    structures: Vec<Way>,
    equal_staffing: bool,
    equal_cost: bool,
    primary: String,
    replications: Replications,
    assumptions: Assumed,
    ranges: Ranges,
    wait_target_hours: f64,
    growth_per_year: f64,
}

/// A file of structures alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    structures: Vec<Way>,
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
            equal_cost: true,
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
    /// When an item is due after it came up.
    #[serde(default)]
    due_after_hours: Option<f64>,
    /// What an hour of waiting costs.
    #[serde(default = "one")]
    cost_per_hour: f64,
}

fn one() -> f64 {
    1.0
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
    learning: Option<LearningNumbers>,
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
            learning: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ranges {
    slow_down: [f64; 2],
    consult_share: [f64; 2],
    resumption_minutes: [f64; 2],
    work: [f64; 2],
}

impl Default for Ranges {
    fn default() -> Self {
        Self {
            slow_down: [1.0, 4.0],
            consult_share: [0.0, 0.6],
            resumption_minutes: [1.0, 25.0],
            work: [0.8, 1.25],
        }
    }
}

impl Ranges {
    fn sweep(&self) -> Sweep {
        let ends = [self.slow_down, self.consult_share, self.resumption_minutes, self.work];
        let ranges = PARAMETERS.into_iter().zip(ends).map(|(it, [low, high])| (it, low, high));
        Sweep { ranges: ranges.collect() }
    }
}

impl Question {
    /// Reads the question, and with `reads` what it names.
    pub(super) fn parse(text: &str, reads: &Reads<'_>) -> Result<Self, String> {
        let mut file: File = serde_saphyr::from_str(text).map_err(|it| it.to_string())?;
        for (name, text) in reads.structures {
            let own: Own = serde_saphyr::from_str(text).map_err(|it| format!("{name}: {it}"))?;
            file.structures.extend(own.structures);
        }
        if let Some(journal) = reads.instead {
            file.records.get_or_insert_default().instead(journal);
        }
        file.check()?;
        let organisation = file.organisation(file.whole()?)?;
        let mut sources = file.sources(&organisation)?;
        let structures = file.ways(&organisation)?;
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
            Some(recorded) => Some(file.evidence(recorded, reads, &sources)?),
        };
        let mut ranges = file.ranges.sweep();
        if let Some(evidence) = &evidence {
            evidence.replay(&mut sources, &organisation);
            evidence.narrow(&mut ranges);
        }
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
            ranges,
            expectation: Expectation {
                wait_p90_target_hours: file.wait_target_hours,
                growth_per_week: weekly(file.growth_per_year),
            },
            ways: file.structures,
            equal_staffing: file.equal_staffing,
            equal_cost: file.equal_cost,
            evidence,
        })
    }

    /// The same structures with as many people at desks as the one with most; `None` if they have, or
    /// if that is not wanted.
    pub(super) fn equal_staffing(&self) -> Result<Option<(usize, Vec<Structure>)>, String> {
        let organisation = &self.experiment.organisation;
        let staffs: Vec<usize> =
            self.ways.iter().map(|it| it.staff(organisation)).collect::<Result<_, _>>()?;
        let staffed = || staffs.iter().copied().filter(|it| *it > 0);
        let most = staffed().max().unwrap_or(0);
        if !self.equal_staffing || staffed().all(|it| it == most) {
            return Ok(None);
        }
        let mut structures = vec![];
        for (way, as_given) in self.ways.iter().zip(&self.experiment.structures) {
            let structure = way.structure(organisation, Some(most))?;
            let structure = Structure { name: as_given.name.clone(), ..structure };
            structure.check(organisation)?;
            structures.push(structure);
        }
        Ok(Some((most, structures)))
    }

    /// Per structure, the same with fewer and with more people at desks, to find the one that costs as
    /// much as another; `None` if that is not wanted.
    pub(super) fn candidates(&self) -> Result<Option<Vec<Vec<Structure>>>, String> {
        if !self.equal_cost || self.ways.len() < 2 {
            return Ok(None);
        }
        let organisation = &self.experiment.organisation;
        let staffs: Vec<usize> =
            self.ways.iter().map(|it| it.staff(organisation)).collect::<Result<_, _>>()?;
        let most = staffs.iter().copied().max().unwrap_or(0);
        let most = (most + CANDIDATES_ABOVE).min(organisation.people.len());
        let mut all = vec![];
        for ((way, staff), as_given) in
            self.ways.iter().zip(staffs).zip(&self.experiment.structures)
        {
            let mut list = vec![as_given.clone()];
            let tried = 1..=if staff == 0 { 0 } else { most };
            for staff in tried.rev().take(CANDIDATES_MAX) {
                let structure = way.structure(organisation, Some(staff))?;
                let structure = Structure { name: as_given.name.clone(), ..structure };
                structure.check(organisation)?;
                if list.iter().all(|it| *it != structure) {
                    list.push(structure);
                }
            }
            all.push(list);
        }
        Ok(Some(all))
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
        it.learning.as_ref().map_or(Ok(()), LearningNumbers::check)?;
        for (name, [low, high], least, most) in [
            ("slow_down", self.ranges.slow_down, 1.0, 100.0),
            ("consult_share", self.ranges.consult_share, 0.0, 1.0),
            ("resumption_minutes", self.ranges.resumption_minutes, 0.0, 10_000.0),
            ("work", self.ranges.work, 0.05, 20.0),
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
        reads: &Reads<'_>,
        sources: &[Source],
    ) -> Result<Evidence, String> {
        let records = recorded.read(reads)?;
        let past = self.organisation(recorded.whole(&records)?)?;
        let in_force = recorded.in_force(&records, past.within)?;
        let of_past = self.ways(&past)?.into_iter().map(|it| (it.name.clone(), it));
        let lengths = sources.iter().map(|it| (it.class, it.length)).collect();
        let against = Against {
            past: &past,
            in_force: &in_force,
            structures: &of_past.collect(),
            assumptions: &self.assumptions.assumptions(),
            lengths: &lengths,
            ranges: &self.ranges.sweep(),
            seed: self.seed,
        };
        Evidence::of(records, recorded.says_structure(), &against)
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
                due_after_ms: it
                    .due_after_hours
                    .map(|hours| {
                        within(&format!("{place}: due_after_hours"), hours, 0.01, 1e5)?;
                        Ok::<i64, String>(from_hours(hours))
                    })
                    .transpose()?,
                cost_per_hour: {
                    within(&format!("{place}: cost_per_hour"), it.cost_per_hour, 0.0, 1e6)?;
                    it.cost_per_hour
                },
            });
        }
        Ok(sources)
    }

    /// Every structure in `organisation`.
    fn ways(&self, organisation: &Organisation) -> Result<Vec<Structure>, String> {
        self.structures.iter().map(|it| it.structure(organisation, None)).collect()
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
            learning: self.learning.as_ref().map(LearningNumbers::learning),
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
pub(crate) fn clock(text: &str) -> Option<(u16, u16)> {
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute < 60 && hour * 60 + minute <= 1_440).then_some(hour * 60 + minute)
    };
    let (from, to) = text.split_once('-')?;
    Some((minute(from).filter(|it| *it < 1_440)?, minute(to)?))
}

pub(super) fn within<T: Copy + PartialOrd + std::fmt::Display>(
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
    use super::{Question, Reads, clock};
    use ::whatif::structure::{AtEnd, Dedication, Order, Preempt, Structure};
    use ::whatif::world::Class;

    fn parse(text: &str) -> Result<Question, String> {
        let nothing = |_: &str| Err("no files here".to_owned());
        let journal = |_: &str| Err("no journal here".to_owned());
        Question::parse(
            text,
            &Reads { file: &nothing, journal: &journal, instead: None, structures: &[] },
        )
    }

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
    fn a_file_may_bend_a_preset() {
        let text = "teams: {a: {people: 2, timezone: Europe/Berlin, owns: [x]}}\n\
                    work: [{class: page, per_week: 2, hours: 1, due_after_hours: 4, cost_per_hour: 9}]\n\
                    assumptions: {learning: {ramp_items: 20, half_life_weeks: 26}}\n\
                    structures: [tribute, {preset: tribute, name: other, order: cost-rate, \
                    breaks_off: for-higher-class, at_end: keep, builds_beside: true}]\n";
        let question = parse(text);
        let experiment = question.unwrap_or_else(|it| panic!("{it}")).experiment;
        let source = &experiment.sources[0];
        assert_eq!((source.due_after_ms, source.cost_per_hour), (Some(14_400_000), 9.0));
        assert!(experiment.assumptions.learning.is_some_and(|it| it.ramp_items > 19.9));
        let [usual, bent] = &experiment.structures[..] else { panic!("two") };
        let rules = |it: &Structure| {
            let desk = &it.desks[0];
            (desk.order, desk.preempt, it.at_end, desk.dedicated)
        };
        let expect = (Order::ByClass, Preempt::ForPages, AtEnd::HandOver, Dedication::Full);
        assert_eq!(rules(usual), expect);
        let expect = (Order::CostRate, Preempt::ForHigherClass, AtEnd::Keep, Dedication::Beside);
        assert_eq!(rules(bent), expect);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let teams = "teams: {a: {people: 2, timezone: Europe/Berlin, owns: [x]}}\n";
        let work = "work: [{class: page, per_week: 2, hours: 1}]\n";
        let check = |text: &str, expect: &str| match parse(text) {
            Ok(_) => panic!("nothing is wrong with {text}"),
            Err(error) => assert_eq!(error, expect),
        };
        let good = format!("{teams}{work}structures: [tribute]\n");
        let question = parse(&good).unwrap_or_else(|it| panic!("{it}"));
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
            &format!("{good}assumptions: {{learning: {{ramp_items: 0, half_life_weeks: 9}}}}\n"),
            "assumptions: learning: ramp_items: 0 is not between 0.1 and 10000",
        );
        check(
            &good.replace("hours: 1}", "hours: 1, due_after_hours: 0}"),
            "work 1: due_after_hours: 0 is not between 0.01 and 100000",
        );
        check(
            &good.replace("hours: 1}", "hours: 1, about: [y]}"),
            "work 1: no team owns `y`, and it is not shared",
        );
    }
}
