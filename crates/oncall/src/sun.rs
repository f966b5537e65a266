//! Duty that follows the sun: layers proposed from the hours in which people are awake.
//!
//! Intuition: people with the same hours in the same zone are a site. Each site takes the hours of its own
//! day on its own clock, so that no night duty is needed where the sites together cover the day.
//!
//! Complications: zones change clocks on different days, and some never do; for some odd weeks two sites
//! meet an hour earlier or later, and an hour may be nobody's. Those weeks are found by looking at every
//! day to come, not by knowing any rule. What no site is awake for is named, and given to everybody in
//! turns on the lowest layer: an unowned hour would be worse.

use crate::Zones;
use crate::coverage::awake;
use crate::wall::merged;
use model::{Hours, Layer, LayerRules, Millis, Person, PersonId, Timestamp, Turn, Weekday};
use std::collections::BTreeMap;

/// People who are awake at the same hours on the same clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// IANA zone.
    pub timezone: String,
    /// Their hours.
    pub hours: Hours,
    /// Who.
    pub people: Vec<PersonId>,
}

/// A layer proposed, and what it does not cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sun {
    /// The sites, in order of the hour at which they begin.
    pub sites: Vec<Site>,
    /// Layers, the lowest first.
    pub layers: Vec<Layer>,
    /// How the days go, from the first day on: every stretch of days that are alike.
    pub stretches: Vec<Stretch>,
}

/// Days that are alike: the same hours are covered at the same times of the day, UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The first day, at 00:00 UTC.
    pub from: Timestamp,
    /// The first day after it.
    pub until: Timestamp,
    /// Minutes of the day, UTC, in which nobody is awake.
    pub nobody: Vec<(u16, u16)>,
    /// Minutes of the day, UTC, in which two sites or more are awake.
    pub together: Vec<(u16, u16)>,
}

impl Stretch {
    /// Minutes of a day in which nobody is awake.
    #[must_use]
    pub fn nobody_mins(&self) -> u16 {
        self.nobody.iter().map(|it| it.1 - it.0).sum()
    }

    /// Days it lasts.
    #[must_use]
    pub fn days(&self) -> i64 {
        self.until.since(self.from).0 / Millis::from_days(1).0
    }
}

impl Sun {
    /// Stretches in which more of the day is nobody's than in the longest one: the odd weeks.
    pub fn odd(&self) -> impl Iterator<Item = &Stretch> {
        let usual = self.stretches.iter().map(Stretch::days).max().unwrap_or(0);
        self.stretches.iter().filter(move |it| it.days() < usual && it.days() < 60)
    }
}

/// Proposes layers for `people` from their declared hours, and looks at `days` days from the day of
/// `from`. Whoever declared no hours is left out; `None` when nobody did.
#[must_use]
pub fn follow(
    people: &BTreeMap<PersonId, Person>,
    from: Timestamp,
    days: u16,
    zones: &Zones,
) -> Option<Sun> {
    let day = Millis::from_days(1);
    let from = Timestamp(from.0.div_euclid(day.0) * day.0);
    let mut sites = sites(people);
    sites.sort_by_key(|it| begins(it, people, from, zones));
    if sites.is_empty() {
        return None;
    }
    let layers = layers(&sites);
    let until = from.plus(Millis(day.0 * i64::from(days)));
    let awake: Vec<Vec<(Timestamp, Timestamp)>> = sites
        .iter()
        .map(|it| awake(&alone(&people[&it.people[0]]), from.minus(day), until.plus(day), zones))
        .collect();
    let mut stretches: Vec<Stretch> = vec![];
    for number in 0..i64::from(days) {
        let from = from.plus(Millis(number * day.0));
        let until = from.plus(day);
        let (nobody, together) = counted(&awake, from, until);
        match stretches.last_mut() {
            Some(last) if last.nobody == nobody && last.together == together => last.until = until,
            _ => stretches.push(Stretch { from, until, nobody, together }),
        }
    }
    Some(Sun { sites, layers, stretches })
}

/// The person as they are without leave: it does not belong to the place.
fn alone(person: &Person) -> Person {
    let mut person = person.clone();
    person.duty.away.clear();
    person
}

fn sites(people: &BTreeMap<PersonId, Person>) -> Vec<Site> {
    let mut found: Vec<Site> = vec![];
    for (id, person) in people {
        let Some(hours) = &person.duty.hours else { continue };
        let same = found.iter_mut().find(|it| it.timezone == person.timezone && it.hours == *hours);
        match same {
            Some(site) => site.people.push(id.clone()),
            None => found.push(Site {
                timezone: person.timezone.clone(),
                hours: hours.clone(),
                people: vec![id.clone()],
            }),
        }
    }
    found
}

/// The minute of the day, UTC, at which a site begins.
fn begins(
    site: &Site,
    people: &BTreeMap<PersonId, Person>,
    from: Timestamp,
    zones: &Zones,
) -> (i64, String) {
    let times =
        awake(&alone(&people[&site.people[0]]), from, from.plus(Millis::from_days(2)), zones);
    let first = times.iter().map(|it| it.0).find(|it| *it > from).unwrap_or(from);
    (first.since(from).whole_mins().rem_euclid(1_440), site.timezone.clone())
}

/// A layer per site that speaks in its hours on its clock, above one of everybody.
fn layers(sites: &[Site]) -> Vec<Layer> {
    let layer = |people: Vec<PersonId>, rules: LayerRules, minute: u16| Layer {
        people,
        turn: Turn::Weeks(1),
        handover_day: Weekday::Mon,
        handover_minute: minute,
        starts: "2024-01-01".to_owned(),
        rules,
    };
    let everybody = sites.iter().flat_map(|it| it.people.clone()).collect();
    let of_site = |it: &Site| {
        let only = Hours { days: vec![], ..it.hours.clone() };
        let minute = it.hours.from_minute;
        let timezone = Some(it.timezone.clone());
        let rules = LayerRules { timezone, only: vec![only], ..LayerRules::default() };
        layer(it.people.clone(), rules, minute)
    };
    let lowest = layer(everybody, LayerRules::default(), 9 * 60);
    std::iter::once(lowest).chain(sites.iter().map(of_site)).collect()
}

type Minutes = Vec<(u16, u16)>;

/// When nobody and when several are awake between `from` and `until`.
fn counted(
    awake: &[Vec<(Timestamp, Timestamp)>],
    from: Timestamp,
    until: Timestamp,
) -> (Minutes, Minutes) {
    let mut edges: Vec<(Timestamp, i32)> = vec![];
    for times in awake {
        for (starts, ends) in times {
            let (starts, ends) = ((*starts).max(from), (*ends).min(until));
            if starts < ends {
                edges.extend([(starts, 1), (ends, -1)]);
            }
        }
    }
    edges.extend([(from, 0), (until, 0)]);
    edges.sort_unstable();
    let (mut nobody, mut together, mut count) = (vec![], vec![], 0);
    for pair in edges.windows(2) {
        count += pair[0].1;
        match count {
            0 => nobody.push((pair[0].0, pair[1].0)),
            1 => {}
            _ => together.push((pair[0].0, pair[1].0)),
        }
    }
    let minutes = |times: Vec<(Timestamp, Timestamp)>| {
        let minute = |at: Timestamp| u16::try_from(at.since(from).whole_mins()).unwrap_or(1_440);
        let real = times.into_iter().filter(|it| it.0 < it.1).collect();
        merged(real).into_iter().map(|it| (minute(it.0), minute(it.1))).collect()
    };
    (minutes(nobody), minutes(together))
}
