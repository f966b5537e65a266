//! Whether somebody is there who can do what must be done.
//!
//! Intuition: lay a ruler over the weeks to come. Where it touches nobody there is a gap; where it
//! touches nobody *awake* who can mend a database, that is known today and not at three in the morning.
//!
//! Invariants: gaps are found from the same shifts that decide whom to page; hours of waking are those
//! that people declared, and whoever declared none counts as awake from 8 to 22 where they are.

use crate::Zones;
use crate::schedule::Duties;
use crate::wall::{merged, windows};
use jiff::tz::TimeZone;
use model::{AwayKind, Catalogue, Hours, Millis, Person, PersonId, Rota, RotaId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Hours of a week.
pub const WEEK_HOURS: usize = 168;
/// From which level somebody can do a thing alone.
pub const SKILLED_FROM: u8 = 2;
/// Weeks that the map of skills looks at: a change of clocks in any of them shows.
const MAP_WEEKS_MAX: i64 = 60;

/// The hours of somebody who declared none.
const AWAKE: (u16, u16) = (8 * 60, 22 * 60);

/// What is thin in the times to come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Times in which nobody is on duty and somebody should be, per rota.
    pub gaps: BTreeMap<RotaId, Vec<(Timestamp, Timestamp)>>,
    /// Times in which somebody who is on duty has leave.
    pub away: Vec<Conflict>,
    /// Times in which somebody is on duty on a public holiday of theirs: no conflict, and worth knowing.
    pub holidays: Vec<Conflict>,
    /// Times in which nobody on duty has a skill that the rota wants at every hour.
    pub unskilled: Vec<Unskilled>,
    /// Times in which two rotas that keep apart have the same person on duty.
    pub coinciding: Vec<Conflict>,
}

/// Somebody who is on duty and should not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// In which rota.
    pub rota: RotaId,
    /// Who.
    pub person: PersonId,
    /// From when.
    pub starts: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

/// A time in which nobody on duty has a skill.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unskilled {
    /// In which rota.
    pub rota: RotaId,
    /// Which skill.
    pub skill: String,
    /// From when.
    pub starts: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

impl Coverage {
    /// Looks at every rota of `catalogue` from `from` to `to`.
    #[must_use]
    pub fn of(catalogue: &Catalogue, duties: &Duties<'_>, from: Timestamp, to: Timestamp) -> Self {
        let mut found = Self::default();
        for id in catalogue.rotas.keys() {
            found.look(catalogue, id, duties, from, to);
        }
        found
    }

    /// Looks at one rota, and adds what it finds.
    pub fn look(
        &mut self,
        catalogue: &Catalogue,
        id: &RotaId,
        duties: &Duties<'_>,
        from: Timestamp,
        to: Timestamp,
    ) {
        let Some(rota) = catalogue.rotas.get(id) else { return };
        let gaps: Vec<(Timestamp, Timestamp)> =
            duties.gaps(id, from, to).iter().map(|it| (it.starts, it.ends)).collect();
        if !gaps.is_empty() {
            self.gaps.insert(id.clone(), merged(gaps));
        }
        self.look_at(catalogue, id, rota, duties, (from, to));
    }

    fn look_at(
        &mut self,
        catalogue: &Catalogue,
        id: &RotaId,
        rota: &Rota,
        duties: &Duties<'_>,
        (from, to): (Timestamp, Timestamp),
    ) {
        for shift in duties.shifts(id, from, to) {
            let (starts, ends) = (shift.starts.max(from), shift.ends.min(to));
            let conflict = |person: &PersonId, starts, ends| Conflict {
                rota: id.clone(),
                person: person.clone(),
                starts,
                ends,
            };
            for person in &shift.people {
                let away = catalogue.people.get(person).map_or(&[][..], |it| &it.duty.away);
                for it in away.iter().filter(|it| it.starts < ends && starts < it.ends) {
                    let (starts, ends) = (starts.max(it.starts), ends.min(it.ends));
                    match it.kind {
                        AwayKind::Leave => self.away.push(conflict(person, starts, ends)),
                        AwayKind::Holiday => self.holidays.push(conflict(person, starts, ends)),
                    }
                }
            }
            for skill in rota.rules.skills.iter().filter(|_| !shift.is_gap()) {
                if !shift.people.iter().any(|it| is_skilled(catalogue, it, skill)) {
                    let (rota, skill) = (id.clone(), skill.clone());
                    self.unskilled.push(Unskilled { rota, skill, starts, ends });
                }
            }
            for other in &rota.rules.apart_from {
                for others in duties.shifts(other, starts, ends) {
                    let both = shift.people.iter().filter(|it| others.people.contains(it));
                    let (starts, ends) = (others.starts.max(starts), others.ends.min(ends));
                    self.coinciding.extend(both.map(|it| conflict(it, starts, ends)));
                }
            }
        }
    }

    /// Whether nothing is thin. Duty on a public holiday is not: somebody has it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let Self { gaps, away, holidays: _, unskilled, coinciding } = self;
        gaps.is_empty() && away.is_empty() && unskilled.is_empty() && coinciding.is_empty()
    }

    /// How much of the time of `rota` has nobody.
    #[must_use]
    pub fn uncovered(&self, rota: &RotaId) -> Millis {
        let gaps = self.gaps.get(rota).map_or(&[][..], Vec::as_slice);
        Millis(gaps.iter().map(|it| it.1.since(it.0).0).sum())
    }
}

/// Whether `person` can do `skill` alone.
#[must_use]
pub fn is_skilled(catalogue: &Catalogue, person: &PersonId, skill: &str) -> bool {
    let level = catalogue.people.get(person).and_then(|it| it.duty.skills.get(skill));
    level.is_some_and(|it| *it >= SKILLED_FROM)
}

/// The times within `from..to` in which somebody must be on duty in `rota`.
pub(crate) fn wanted(
    rota: &Rota,
    from: Timestamp,
    to: Timestamp,
    zones: &Zones,
) -> Vec<(Timestamp, Timestamp)> {
    if rota.rules.cover.is_empty() {
        return vec![(from, to)];
    }
    let zone = zones.get(&rota.timezone).unwrap_or(TimeZone::UTC);
    within(&rota.rules.cover, &zone, from, to)
}

/// The times of `hours` within `from..to`, merged.
pub(crate) fn within(
    hours: &[Hours],
    zone: &TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    let mut found = vec![];
    let mut at = from;
    while at < to.plus(Millis::from_days(7)) {
        found.extend(windows(hours, zone, at, 4));
        at = at.plus(Millis::from_days(7));
    }
    let clipped = found.into_iter().map(|it| (it.0.max(from), it.1.min(to)));
    merged(clipped.filter(|it| it.0 < it.1).collect())
}

/// When `person` is awake within `from..to`, leave taken out.
#[must_use]
pub fn awake(
    person: &Person,
    from: Timestamp,
    to: Timestamp,
    zones: &Zones,
) -> Vec<(Timestamp, Timestamp)> {
    let zone = zones.get(&person.timezone).unwrap_or(TimeZone::UTC);
    let usual = Hours { days: vec![], from_minute: AWAKE.0, until_minute: AWAKE.1 };
    let hours = person.duty.hours.clone().unwrap_or(usual);
    // Being awake does not end with the week: days of work say when somebody works.
    let hours = Hours { days: vec![], ..hours };
    let mut times = within(&[hours], &zone, from, to);
    for away in &person.duty.away {
        times = times.into_iter().flat_map(|it| without(it, (away.starts, away.ends))).collect();
    }
    times
}

fn without(
    time: (Timestamp, Timestamp),
    hole: (Timestamp, Timestamp),
) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let before = (time.0, time.1.min(hole.0));
    let after = (time.0.max(hole.1), time.1);
    let apart = hole.0 >= time.1 || hole.1 <= time.0;
    let kept = if apart { vec![time] } else { vec![before, after] };
    kept.into_iter().filter(|it| it.0 < it.1)
}

/// How many people who can do one thing are awake in each hour of the week (UTC, from Monday 00:00), at
/// the worst of the weeks looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillWeek {
    /// Which skill.
    pub skill: String,
    /// Who can do it alone.
    pub people: BTreeSet<PersonId>,
    /// The fewest awake, per hour of the week.
    pub awake_min: [u16; WEEK_HOURS],
}

/// The map of skills over hours of the week, for the weeks from `from` to `to`.
#[must_use]
pub fn skill_map(
    catalogue: &Catalogue,
    from: Timestamp,
    to: Timestamp,
    zones: &Zones,
) -> Vec<SkillWeek> {
    let from = week_start(from);
    let to = to.min(from.plus(Millis::from_days(7 * MAP_WEEKS_MAX)));
    let skills: BTreeSet<&String> =
        catalogue.people.values().flat_map(|it| it.duty.skills.keys()).collect();
    let hour = Millis::from_hours(1);
    let awake: BTreeMap<&PersonId, Vec<bool>> = catalogue
        .people
        .iter()
        .map(|(id, person)| {
            let times = awake(person, from, to, zones);
            let hours = to.since(from).0.div_euclid(hour.0);
            let is_awake = |index: i64| {
                let (starts, ends) = (index * hour.0 + from.0, (index + 1) * hour.0 + from.0);
                let next = times.partition_point(|it| it.1.0 < ends);
                times.get(next).is_some_and(|it| it.0.0 <= starts)
            };
            (id, (0..hours).map(is_awake).collect())
        })
        .collect();
    skills.into_iter().map(|skill| week_of(catalogue, skill, &awake)).collect()
}

fn week_of(
    catalogue: &Catalogue,
    skill: &str,
    awake: &BTreeMap<&PersonId, Vec<bool>>,
) -> SkillWeek {
    let people: BTreeSet<PersonId> =
        catalogue.people.keys().filter(|it| is_skilled(catalogue, it, skill)).cloned().collect();
    let mut awake_min = [u16::MAX; WEEK_HOURS];
    let hours = awake.values().map(Vec::len).max().unwrap_or(0);
    for hour in 0..hours {
        let there = people.iter().filter(|it| awake[it][hour]).count();
        let worst = &mut awake_min[hour % WEEK_HOURS];
        *worst = (*worst).min(u16::try_from(there).unwrap_or(u16::MAX));
    }
    if hours < WEEK_HOURS {
        awake_min.iter_mut().skip(hours).for_each(|it| *it = 0);
    }
    SkillWeek { skill: skill.to_owned(), people, awake_min }
}

/// Hours of a day in which nobody awake can do a thing, with the days of the week on which that is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nobody {
    /// What nobody can do.
    pub skill: String,
    /// The first hour of the day, UTC.
    pub from_hour: usize,
    /// The first hour after; at most 24.
    pub until_hour: usize,
    /// Days of the week, Monday is 0.
    pub days: Vec<usize>,
}

impl SkillWeek {
    /// The hours in which nobody awake can do it.
    #[must_use]
    pub fn nobody(&self) -> Vec<Nobody> {
        let mut found: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for day in 0..7 {
            let mut hour = 0;
            while hour < 24 {
                let empty = |it: usize| self.awake_min[day * 24 + it] == 0;
                let end = (hour..24).find(|it| !empty(*it)).unwrap_or(24);
                if end > hour {
                    found.entry((hour, end)).or_default().push(day);
                }
                hour = end + 1;
            }
        }
        let told = |((from_hour, until_hour), days)| Nobody {
            skill: self.skill.clone(),
            from_hour,
            until_hour,
            days,
        };
        found.into_iter().map(told).collect()
    }
}

/// `nobody awake can do postgres from 02:00 to 08:00 UTC`, with the days where it is not every day.
impl std::fmt::Display for Nobody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let (skill, from, until) = (&self.skill, self.from_hour, self.until_hour);
        write!(f, "nobody awake can do {skill} from {from:02}:00 to {until:02}:00 UTC")?;
        if self.days.len() < 7 {
            let days: Vec<&str> = self.days.iter().map(|it| DAYS[*it]).collect();
            write!(f, " on {}", days.join(", "))?;
        }
        Ok(())
    }
}

/// Monday 00:00 UTC of the week of `at`.
fn week_start(at: Timestamp) -> Timestamp {
    // The epoch was a Thursday.
    let week = Millis::from_days(7).0;
    let offset = Millis::from_days(3).0;
    Timestamp((at.0 + offset).div_euclid(week) * week - offset)
}
