//! Ways of working as a file writes them: a preset by name, a preset with other numbers, or a structure
//! written out as desks, turns, routes and rules.
//!
//! Intuition: a preset is a short word for a few desks and where work goes. Whoever has a structure of their
//! own writes those instead, in the same YAML, with the team and service names of the organisation.
//!
//! Complications: structures are also tried with more or fewer people at desks. A written one then shares
//! them out over its desks as presets do, never fewer than one each.
//!
//! Invariants:
//! - every preset can be written out, and both simulate to the same bytes (`examples/structures.yaml`);
//! - what is misspelt or unknown is an error with its line and what to write instead; nothing is ignored.

use super::input::within;
use super::rules::{self, AtEndName, BreaksOff, OrderName};
use ::whatif::calendar::Span;
use ::whatif::number::{HOUR_MS, from_hours};
use ::whatif::presets::{self, Numbers, PRESETS, Preset};
use ::whatif::structure::{
    AtEnd, Dedication, Desk, OffHours, Order, Overflow, Preempt, Structure, Target, Triage, Turn,
};
use ::whatif::world::{CLASSES, Class, Organisation};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;
use std::fmt;

/// One entry under `structures`.
#[derive(Clone)]
pub(super) enum Way {
    /// A preset with its usual numbers.
    Name(String),
    /// Everything else.
    Told(Box<Told>),
}

/// More desks are no way of working that anybody could keep in mind.
const DESKS_MAX: usize = 60;

/// What an entry may say. A preset has numbers, a written structure has desks.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    preset: Option<Spanned<String>>,
    name: Option<String>,
    staff: Option<Spanned<usize>>,
    turn_weeks: Option<Spanned<f64>>,
    overflow_after_hours: Option<Spanned<f64>>,
    answer_at_night: Option<Spanned<bool>>,
    triage_minutes: Option<f64>,
    triage_error: Option<f64>,
    bounce_minutes: Option<f64>,
    order: Option<OrderName>,
    breaks_off: Option<BreaksOff>,
    at_end: Option<AtEndName>,
    builds_beside: Option<bool>,
    desks: Option<Vec<Spanned<DeskTold>>>,
    routing: Option<Vec<Spanned<Route>>>,
    priorities: Option<Spanned<Vec<String>>>,
}

/// A desk, or one per team.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct DeskTold {
    name: Option<String>,
    /// `team`: such a desk for every team, called like it.
    each: Option<String>,
    rotates: Option<Rotates>,
    permanent: Option<Permanent>,
    /// Whoever sits at these desks sits here as well.
    with: Option<Vec<String>>,
    order: Option<OrderName>,
    breaks_off: Option<BreaksOff>,
    builds_beside: Option<bool>,
    #[serde(default = "yes")]
    answers_at_night: bool,
    overflow: Option<OverflowTold>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Rotates {
    #[serde(default)]
    among: Among,
    #[serde(default = "one")]
    together: usize,
    #[serde(default = "a_week")]
    weeks: f64,
    /// Who begins: so many places after the first.
    #[serde(default)]
    begins_with: usize,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Permanent {
    #[serde(default)]
    among: Among,
    #[serde(default = "one")]
    people: usize,
}

fn one() -> usize {
    1
}

fn a_week() -> f64 {
    1.0
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct OverflowTold {
    after_hours: f64,
    to: Spanned<String>,
}

/// Who is meant: `everybody`, or teams by name. In a desk of each team: that team.
#[derive(Deserialize, Clone, Default)]
#[serde(untagged)]
enum Among {
    #[default]
    Usual,
    Word(String),
    Teams(Vec<String>),
}

/// Where work goes; the first that fits counts.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Route {
    #[serde(default)]
    class: Many,
    #[serde(default)]
    about: Many,
    to: String,
}

/// One, several, or any.
#[derive(Deserialize, Clone, Default)]
#[serde(untagged)]
enum Many {
    #[default]
    Any,
    One(String),
    Several(Vec<String>),
}

impl Many {
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Any => vec![],
            Self::One(it) => vec![it],
            Self::Several(all) => all.iter().map(String::as_str).collect(),
        }
    }
}

/// Not untagged: only so do errors inside keep their lines.
impl<'de> Deserialize<'de> for Way {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = Way;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a preset, or a structure with `preset` or `desks`")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Way, E> {
                Ok(Way::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Way, A::Error> {
                let told = Told::deserialize(MapAccessDeserializer::new(map))?;
                if told.preset.is_some() == told.desks.is_some() {
                    return Err(A::Error::custom("write either `preset` or `desks`"));
                }
                Ok(Way::Told(Box::new(told)))
            }
        }
        deserializer.deserialize_any(Entry)
    }
}

fn find(name: &str) -> Result<Preset, String> {
    let known: Vec<&str> = PRESETS.iter().map(|it| it.name()).collect();
    PRESETS.into_iter().find(|it| it.name() == name).ok_or_else(|| {
        format!("structures: unknown preset `{name}`; known are {}", known.join(", "))
    })
}

fn line<T>(of: &Spanned<T>) -> String {
    format!("structures: line {}", of.referenced.line())
}

impl Way {
    /// The structure in `organisation`; with `staff` people at desks instead of as many as it says.
    pub(super) fn structure(
        &self,
        organisation: &Organisation,
        staff: Option<usize>,
    ) -> Result<Structure, String> {
        let numbers = |preset: Preset, numbers: Numbers| {
            let staff = staff.unwrap_or(numbers.staff);
            preset.structure(organisation, &Numbers { staff, ..numbers })
        };
        match self {
            Self::Name(name) => {
                let preset = find(name)?;
                Ok(numbers(preset, preset.usual(organisation)))
            }
            Self::Told(told) => {
                let mut structure = match told.preset()? {
                    Some(preset) => numbers(preset, told.numbers(preset, organisation)?),
                    None => told.written(organisation, staff)?,
                };
                if let Some(name) = &told.name {
                    structure.name.clone_from(name);
                }
                if told.preset.is_some() {
                    let it = told;
                    rules::bend(
                        &mut structure,
                        it.order,
                        it.breaks_off,
                        it.at_end,
                        it.builds_beside,
                    );
                }
                structure.check(organisation)?;
                Ok(structure)
            }
        }
    }

    /// How many sit at desks at a time; 0 where there are none.
    pub(super) fn staff(&self, organisation: &Organisation) -> Result<usize, String> {
        Ok(match self {
            Self::Name(name) => find(name)?.usual_staff(organisation),
            Self::Told(told) => match told.preset()? {
                Some(preset) => told.numbers(preset, organisation)?.staff,
                None => told.seats(organisation)?.iter().flatten().sum(),
            },
        })
    }
}

/// A desk as it is written, and whose it is where there is one per team.
type Place<'a> = (&'a Spanned<DeskTold>, Option<usize>);

impl Told {
    fn preset(&self) -> Result<Option<Preset>, String> {
        let found = self.preset.as_ref().map(|it| find(&it.value).map_err(|why| at(it, &why)));
        found.transpose()
    }

    fn numbers(&self, preset: Preset, organisation: &Organisation) -> Result<Numbers, String> {
        let mut numbers = preset.usual(organisation);
        let place = |it: &str| format!("structures: {}: {it}", preset.name());
        if let Some(staff) = self.staff.as_ref().map(|it| it.value) {
            within(&place("staff"), staff, numbers.staff.min(1), organisation.people.len())?;
            numbers.staff = staff;
        }
        if let Some(weeks) = self.turn_weeks.as_ref().map(|it| it.value) {
            within(&place("turn_weeks"), weeks, 0.1, 520.0)?;
            numbers.turn_ms = from_hours(weeks * 168.0);
        }
        if let Some(hours) = self.overflow_after_hours.as_ref().map(|it| it.value) {
            within(&place("overflow_after_hours"), hours, 0.01, 1e4)?;
            numbers.overflow_after_ms = from_hours(hours);
        }
        if let Some(it) = self.answer_at_night.as_ref().filter(|_| preset == Preset::AdHoc) {
            let told = "`answer_at_night` says nothing here: in ad-hoc nobody is on duty, so nobody gets up";
            return Err(at(it, told));
        }
        if let Some(answer) = self.answer_at_night.as_ref().map(|it| it.value) {
            numbers.off_hours = if answer { OffHours::Answer } else { OffHours::Wait };
        }
        let only = [("routing", self.routing.is_some()), ("priorities", self.priorities.is_some())];
        if let Some((key, _)) = only.iter().find(|it| it.1) {
            let told =
                "belongs to a structure that is written out: write `desks` instead of `preset`";
            return Err(format!("{}: `{key}` {told}", place("")));
        }
        numbers.triage = self.triage(&place(""))?;
        Ok(numbers)
    }

    fn triage(&self, place: &str) -> Result<Triage, String> {
        let mut triage = Triage { delay_ms: 0, error_share: 0.0, bounce_ms: HOUR_MS / 4 };
        if let Some(minutes) = self.triage_minutes {
            within(&format!("{place}triage_minutes"), minutes, 0.0, 1e5)?;
            triage.delay_ms = from_hours(minutes / 60.0);
        }
        if let Some(share) = self.triage_error {
            within(&format!("{place}triage_error"), share, 0.0, 1.0)?;
            triage.error_share = share;
        }
        if let Some(minutes) = self.bounce_minutes {
            within(&format!("{place}bounce_minutes"), minutes, 0.0, 1e5)?;
            triage.bounce_ms = from_hours(minutes / 60.0);
        }
        Ok(triage)
    }

    /// What a preset has and a written structure says in another way.
    fn only_presets(&self) -> Result<(), String> {
        let said = [
            self.staff
                .as_ref()
                .map(|it| (line(it), "staff", "`together` or `people` at each desk")),
            self.turn_weeks.as_ref().map(|it| (line(it), "turn_weeks", "`weeks` under `rotates`")),
            self.overflow_after_hours
                .as_ref()
                .map(|it| (line(it), "overflow_after_hours", "`overflow` at each desk")),
            self.answer_at_night
                .as_ref()
                .map(|it| (line(it), "answer_at_night", "`answers_at_night` at each desk")),
        ];
        match said.into_iter().flatten().next() {
            None => Ok(()),
            Some((line, key, instead)) => {
                Err(format!("{line}: `{key}` belongs to a preset; write {instead}"))
            }
        }
    }

    fn written(
        &self,
        organisation: &Organisation,
        staff: Option<usize>,
    ) -> Result<Structure, String> {
        self.only_presets()?;
        let places = self.places(organisation)?;
        let names: Vec<String> =
            places.iter().map(|it| name(it, organisation)).collect::<Result<_, _>>()?;
        distinct(&places, &names)?;
        let mut seats = self.seats(organisation)?;
        let (desks, own) = (seats.iter().flatten().count(), seats.iter().flatten().sum::<usize>());
        if let Some(staff) = staff.filter(|it| *it != own && desks > 0) {
            for (number, seats) in seats.iter_mut().flatten().enumerate() {
                *seats = presets::share(staff, desks, number);
            }
        }
        let mut built = vec![];
        for ((place, name), seats) in places.iter().zip(&names).zip(&seats) {
            built.push(self.desk(place, name, seats.unwrap_or(0), &names, organisation)?);
        }
        for (number, place) in places.iter().enumerate() {
            for other in place.0.value.with.iter().flatten() {
                let of = known(place.0, other, &names)?;
                let turns = built[of].turns.clone();
                built[number].turns.extend(turns);
            }
        }
        Ok(Structure {
            name: self.name.clone().unwrap_or_else(|| "written".to_owned()),
            routes: self.routes(organisation, &names)?,
            desks: built,
            personal: self.order.map_or(Order::ByClass, OrderName::order),
            personal_preempt: self.breaks_off.map_or(Preempt::ForPages, BreaksOff::preempt),
            priorities: self.ranks()?,
            triage: self.triage("structures: ")?,
            at_end: self.at_end.map_or(AtEnd::HandOver, AtEndName::at_end),
        })
    }

    /// Every desk, with those of each team one after the other.
    fn places<'a>(&'a self, organisation: &Organisation) -> Result<Vec<Place<'a>>, String> {
        let mut places = vec![];
        for desk in self.desks.iter().flatten() {
            match desk.value.each.as_deref() {
                None => places.push((desk, None)),
                Some("team") => {
                    places.extend((0..organisation.teams.len()).map(|it| (desk, Some(it))));
                }
                Some(other) => {
                    return Err(at(
                        desk,
                        &format!("`each: {other}` is unknown; write `each: team`"),
                    ));
                }
            }
        }
        within("structures: desks", places.len(), 0, DESKS_MAX)?;
        Ok(places)
    }

    /// How many sit at each desk; none where it is only served by others.
    fn seats(&self, organisation: &Organisation) -> Result<Vec<Option<usize>>, String> {
        let seats = |it: &Place<'_>| {
            let desk = &it.0.value;
            let own = desk.rotates.as_ref().map(|it| it.together);
            let own = own.or(desk.permanent.as_ref().map(|it| it.people));
            if own == Some(0) {
                return Err(at(it.0, "nobody sits here; write 1 or more, or leave the desk out"));
            }
            Ok(own)
        };
        self.places(organisation)?.iter().map(seats).collect()
    }

    fn desk(
        &self,
        place: &Place<'_>,
        name: &str,
        seats: usize,
        names: &[String],
        organisation: &Organisation,
    ) -> Result<Desk, String> {
        let (told, within_ms) = (&place.0.value, organisation.within);
        let turns = match (&told.rotates, &told.permanent, &told.with) {
            (Some(it), None, None) => {
                within(&format!("{}: weeks", line(place.0)), it.weeks, 0.1, 520.0)?;
                let mut people = self.people(place, &it.among, organisation)?.concat();
                let first = it.begins_with % people.len().max(1);
                people.rotate_left(first);
                presets::rotation(&people, seats, from_hours(it.weeks * 168.0), within_ms)
            }
            (None, Some(it), None) => {
                permanent(&self.people(place, &it.among, organisation)?, seats, within_ms)
            }
            (None, None, Some(_)) => vec![],
            _ => {
                return Err(at(place.0, "write one of `rotates`, `permanent` and `with`"));
            }
        };
        let overflow = told.overflow.as_ref().map(|it| {
            within(&format!("{}: after_hours", line(place.0)), it.after_hours, 0.01, 1e4)?;
            let to = known(&it.to, &it.to.value, names)?;
            Ok::<Overflow, String>(Overflow { after_ms: from_hours(it.after_hours), to })
        });
        let beside = told.builds_beside.or(self.builds_beside).unwrap_or(false);
        Ok(Desk {
            name: name.to_owned(),
            turns,
            order: told.order.or(self.order).map_or(Order::ByClass, OrderName::order),
            preempt: told
                .breaks_off
                .or(self.breaks_off)
                .map_or(Preempt::ForPages, BreaksOff::preempt),
            overflow: overflow.transpose()?,
            dedicated: if beside { Dedication::Beside } else { Dedication::Full },
            off_hours: if told.answers_at_night { OffHours::Answer } else { OffHours::Wait },
        })
    }

    /// People by team.
    #[expect(clippy::unused_self, reason = "read beside the other parts of a desk")]
    fn people(
        &self,
        place: &Place<'_>,
        among: &Among,
        organisation: &Organisation,
    ) -> Result<Vec<Vec<usize>>, String> {
        let everybody = || vec![(0..organisation.people.len()).collect()];
        let teams = |all: &[String]| {
            let members = |name: &String| {
                let team = organisation.teams.iter().position(|it| it == name);
                let team = team.ok_or_else(|| {
                    let known = organisation.teams.join(", ");
                    at(place.0, &format!("there is no team `{name}`; there are {known}"))
                })?;
                Ok::<_, String>(organisation.members(team))
            };
            all.iter().map(members).collect::<Result<Vec<_>, String>>()
        };
        match (among, place.1) {
            (Among::Usual, Some(team)) => Ok(vec![organisation.members(team)]),
            (Among::Usual, None) => Ok(everybody()),
            (Among::Word(word), None) if word == "everybody" => Ok(everybody()),
            (Among::Word(word), None) if word == "every-team" => teams(&organisation.teams),
            (Among::Word(word), None) => teams(std::slice::from_ref(word)),
            (Among::Teams(all), None) => teams(all),
            (_, Some(_)) => {
                Err(at(place.0, "a desk of each team is served by that team: leave `among` out"))
            }
        }
    }

    fn routes(&self, organisation: &Organisation, names: &[String]) -> Result<Vec<Target>, String> {
        for route in self.routing.iter().flatten() {
            for it in route.value.class.names() {
                class(it).map_err(|why| at(route, &why))?;
            }
            let known = |name: &str| organisation.components.iter().any(|it| it.name == name);
            if let Some(it) = route.value.about.names().into_iter().find(|it| !known(it)) {
                return Err(at(route, &format!("no team owns `{it}`, and it is not shared")));
            }
        }
        let mut routes = vec![];
        for class in CLASSES {
            for (number, component) in organisation.components.iter().enumerate() {
                let fits = |it: &&Spanned<Route>| {
                    let is = |all: &Many, name: &str| {
                        matches!(all, Many::Any) || all.names().contains(&name)
                    };
                    is(&it.value.class, class.name()) && is(&it.value.about, &component.name)
                };
                let Some(route) = self.routing.iter().flatten().find(fits) else {
                    return Err(format!(
                        "structures: nothing says where a {} about `{}` goes; end `routing` with \
                         `- {{ to: … }}`",
                        class.name(),
                        component.name
                    ));
                };
                let teams = organisation.teams.len().max(1);
                routes.push(match route.value.to.as_str() {
                    "last-changer" => Target::LastChanger,
                    // What nobody owns has to be answered by somebody: teams take turns by number.
                    "owner" => {
                        let owner = component.owner.unwrap_or(number % teams);
                        Target::Desk(known(route, &organisation.teams[owner], names)?)
                    }
                    other => Target::Desk(known(route, other, names)?),
                });
            }
        }
        Ok(routes)
    }

    /// Rank per class: those that are named in their order, the others after them.
    fn ranks(&self) -> Result<[i64; CLASSES.len()], String> {
        let mut order: Vec<Class> = vec![];
        if let Some(named) = &self.priorities {
            for name in &named.value {
                order.push(class(name).map_err(|why| at(named, &why))?);
            }
        }
        for class in CLASSES {
            if !order.contains(&class) {
                order.push(class);
            }
        }
        let mut ranks = [0; CLASSES.len()];
        for (rank, class) in (0_i64..).zip(order) {
            ranks[class.index()] = rank;
        }
        Ok(ranks)
    }
}

fn at<T>(of: &Spanned<T>, why: &str) -> String {
    match why.strip_prefix("structures: ") {
        Some(why) => format!("{}: {why}", line(of)),
        None => format!("{}: {why}", line(of)),
    }
}

fn name(place: &Place<'_>, organisation: &Organisation) -> Result<String, String> {
    match (&place.0.value.name, place.1) {
        (Some(name), None) if ["owner", "last-changer"].contains(&name.as_str()) => {
            Err(at(place.0, &format!("no desk can be called `{name}`: that is where work can go")))
        }
        (Some(name), None) => Ok(name.clone()),
        (None, Some(team)) => Ok(organisation.teams[team].clone()),
        (None, None) => Err(at(place.0, "a desk has a `name`, or is one of `each: team`")),
        (Some(_), Some(_)) => {
            Err(at(place.0, "desks of each team are called like it: leave `name` out"))
        }
    }
}

fn distinct(places: &[Place<'_>], names: &[String]) -> Result<(), String> {
    for (number, name) in names.iter().enumerate() {
        if names[..number].contains(name) {
            return Err(at(places[number].0, &format!("there are two desks `{name}`")));
        }
    }
    Ok(())
}

fn known<T>(of: &Spanned<T>, desk: &str, names: &[String]) -> Result<usize, String> {
    names.iter().position(|it| it == desk).ok_or_else(|| {
        let all = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
        at(of, &format!("there is no desk `{desk}`; desks are {all}"))
    })
}

fn class(name: &str) -> Result<Class, String> {
    let known: Vec<&str> = CLASSES.iter().map(|it| it.name()).collect();
    let found = CLASSES.into_iter().find(|it| it.name() == name);
    found.ok_or_else(|| format!("unknown class `{name}`; known are {}", known.join(", ")))
}

/// The first of each team, then the second of each, until `seats` are taken.
fn permanent(teams: &[Vec<usize>], seats: usize, within: Span) -> Vec<Turn> {
    let people = presets::in_ranks(teams).into_iter().take(seats);
    people.map(|person| Turn { person, span: within }).collect()
}

#[cfg(test)]
mod tests {
    use crate::whatif::input::Question;
    use crate::whatif::recorded::Reads;
    use ::whatif::presets::PRESETS;
    use ::whatif::structure::Structure;
    use ::whatif::world::{Draw, draw};

    const EXAMPLE: &str = include_str!("../../../../examples/structures.yaml");

    fn asked(structures: &str, own: &[(String, String)]) -> Result<Question, String> {
        let example = include_str!("../../../../examples/whatif.yaml");
        let left_out =
            |it: &&str| it.starts_with("structures:") || it.trim_start().starts_with('#');
        let text: Vec<&str> = example.lines().filter(|it| !left_out(it)).collect();
        let nothing = |_: &str| Err("no files here".to_owned());
        let journal = |_: &str| Err("no journal here".to_owned());
        let reads = Reads { file: &nothing, journal: &journal, instead: None, structures: own };
        Question::parse(&format!("{}\n\n{structures}", text.join("\n")), &reads)
    }

    /// Written out or named, it is the same structure and lives the same life, also with more people.
    #[test]
    fn every_preset_can_be_written_out() {
        let named: Vec<&str> = PRESETS.iter().map(|it| it.name()).collect();
        let named = asked(&format!("structures: [{}]", named.join(", ")), &[]);
        let named = named.unwrap_or_else(|it| panic!("{it}"));
        let own = [("structures.yaml".to_owned(), EXAMPLE.to_owned())];
        let written = asked("", &own).unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(named.experiment.structures.len(), PRESETS.len());
        let it = &named.experiment;
        let items = draw(&it.sources, it.arrivals, Draw { seed: 11, replication: 3 });
        let live =
            |with: &Structure| ::whatif::simulate(&it.organisation, &items, with, &it.assumptions);
        for (preset, own) in it.structures.iter().zip(&written.experiment.structures) {
            assert_eq!(preset, own, "{}", preset.name);
            let (preset, own) = (live(preset), live(own));
            assert_eq!(format!("{preset:?}"), format!("{own:?}"), "the same bytes");
        }
        // Both are staffed alike as well.
        let alike = |it: &Question| it.equal_staffing().expect("they fit");
        assert_eq!(alike(&named), alike(&written));
        let candidates = |it: &Question| it.candidates().expect("they fit");
        assert_eq!(candidates(&named), candidates(&written));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        // The example without comments and its own structures has 13 lines; the first one here is the 15th.
        let check = |structures: &str, expect: &str| match asked(structures, &[]) {
            Ok(_) => panic!("nothing is wrong with {structures}"),
            Err(error) => {
                assert!(error.contains(expect), "{error}\n--- should say\n{expect}");
            }
        };
        let with = |desk: &str, route: &str| {
            format!(
                "structures:\n  - name: own\n    desks:\n      - {desk}\n    routing:\n      - {route}\n"
            )
        };
        let good = "{ name: front, rotates: {} }";
        assert!(asked(&with(good, "{ to: front }"), &[]).is_ok());
        check(&with(good, "{ to: frnt }"), "there is no desk `frnt`; desks are front");
        check(&with(good, "{ to: frnt }"), "structures: line 20: ");
        check(&with(good, "{ to: owner }"), "there is no desk `devices`; desks are front");
        check(&with(good, "{ class: pages, to: front }"), "unknown class `pages`; known are page,");
        check(
            &with(good, "{ about: bling, to: front }"),
            "no team owns `bling`, and it is not shared",
        );
        check(
            &with(good, "{ class: page, to: front }"),
            "nothing says where a ticket about `gateway` goes; end `routing` with `- { to: … }`",
        );
        check(
            &with("{ name: front, rotates: { among: [device] } }", "{ to: front }"),
            "line 18: there is no team `device`; there are devices, payments",
        );
        check(
            &with("{ name: front }", "{ to: front }"),
            "line 18: write one of `rotates`, `permanent` and `with`",
        );
        check(
            &with("{ rotates: {} }", "{ to: x }"),
            "a desk has a `name`, or is one of `each: team`",
        );
        check(&with("{ name: owner, rotates: {} }", "{ to: x }"), "no desk can be called `owner`");
        check(&with("{ name: a, rotates: {}, oder: x }", "{ to: a }"), "oder");
        check("structures: [{ staff: 2 }]", "write either `preset` or `desks`");
        check(
            "structures: [{ desks: [], staff: 2 }]",
            "`staff` belongs to a preset; write `together`",
        );
        check("structures: [{ preset: tribut }]", "unknown preset `tribut`; known are ad-hoc");
        let own = [("mine.yaml".to_owned(), "structures: [{ preset: tribut }]".to_owned())];
        assert!(asked("structures: [tribute]", &own).is_err_and(|it| it.contains("tribut`")));
    }
}
