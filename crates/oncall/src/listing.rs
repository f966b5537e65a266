//! Shifts and gaps as they are handed to programs, and as sentences.

use crate::{Conflict, Coverage, Duties, Zones};
use model::{Catalogue, Millis, PersonId, RotaId, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// The shifts and gaps of rotas within a range.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Listing {
    /// One for each person and shift, in order of rota and start.
    pub shifts: Vec<ListedShift>,
    /// Times in which nobody is on duty and somebody should be.
    pub gaps: Vec<ListedGap>,
}

/// The shift of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedShift {
    /// In which rota.
    pub rota: RotaId,
    /// Who.
    pub person: PersonId,
    /// The first instant within the range, RFC 3339.
    pub start: String,
    /// The first instant after it.
    pub end: String,
    /// Index of the layer that decided.
    pub layer: Option<usize>,
    /// Changes by hand that made a difference.
    pub overrides: Vec<String>,
    /// By how many minutes the clock of the rota's zone jumps forward during it.
    pub clock_jump_mins: i64,
}

/// A time in which nobody is on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedGap {
    /// In which rota.
    pub rota: RotaId,
    /// The first instant, RFC 3339.
    pub start: String,
    /// The first instant after it.
    pub end: String,
}

impl Listing {
    /// Lists the rotas of `duties` that `wanted` takes, cut at `from` and `to`.
    pub fn of(
        duties: &Duties<'_>,
        wanted: impl Fn(&RotaId) -> bool,
        from: Timestamp,
        to: Timestamp,
    ) -> Self {
        let mut listing = Self::default();
        for (id, rota) in duties.rotas.iter().filter(|it| wanted(it.0)) {
            for mut shift in duties.shifts(id, from, to) {
                shift.starts = shift.starts.max(from);
                shift.ends = shift.ends.min(to);
                let jump = shift.clock_jump_mins(&rota.timezone, duties.zones);
                listing.shifts.extend(shift.people.iter().map(|person| ListedShift {
                    rota: id.clone(),
                    person: person.clone(),
                    start: shift.starts.to_string(),
                    end: shift.ends.to_string(),
                    layer: shift.layer,
                    overrides: shift.overrides.iter().map(ToString::to_string).collect(),
                    clock_jump_mins: jump,
                }));
            }
            let gaps = duties.gaps(id, from, to);
            listing.gaps.extend(gaps.into_iter().map(|it| ListedGap {
                rota: id.clone(),
                start: it.starts.to_string(),
                end: it.ends.to_string(),
            }));
        }
        listing
    }
}

/// Findings of one kind that are named; more are counted.
const NAMED_MAX: usize = 5;

impl Coverage {
    /// What is thin, a sentence each, at most a few of a kind.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut told = vec![];
        for (rota, gaps) in &self.gaps {
            let whole = self.uncovered(rota);
            let all = gaps.iter().map(|(from, to)| format!("{from} to {to}")).collect();
            told.push(format!("rota {rota} has nobody on duty for {whole}: {}", few(all)));
        }
        told.extend(kind("is on duty while on leave", &self.away));
        told.extend(kind("is on duty in two rotas that keep apart", &self.coinciding));
        let mut skills: BTreeMap<(&RotaId, &str), Vec<String>> = BTreeMap::new();
        for it in &self.unskilled {
            let when = format!("{} to {}", it.starts, it.ends);
            skills.entry((&it.rota, &it.skill)).or_default().push(when);
        }
        for ((rota, skill), when) in skills {
            told.push(format!("rota {rota} has nobody on duty who can do {skill}: {}", few(when)));
        }
        told
    }
}

impl Coverage {
    /// Who is on duty on a public holiday of theirs, a sentence each.
    #[must_use]
    pub fn on_holidays(&self) -> Vec<String> {
        kind("is on duty on a public holiday", &self.holidays)
    }
}

fn kind(what: &str, conflicts: &[Conflict]) -> Vec<String> {
    let mut by_person: BTreeMap<(&RotaId, &PersonId), Vec<String>> = BTreeMap::new();
    for it in conflicts {
        let when = format!("{} to {}", it.starts, it.ends);
        by_person.entry((&it.rota, &it.person)).or_default().push(when);
    }
    let told = |((rota, person), when)| format!("rota {rota}: {person} {what}: {}", few(when));
    by_person.into_iter().map(told).collect()
}

fn few(mut all: Vec<String>) -> String {
    let more = all.len().saturating_sub(NAMED_MAX);
    all.truncate(NAMED_MAX);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{}{more}", all.join(", "))
}

/// What one catalogue changes against another, per rota, as sentences.
#[must_use]
pub fn compared(
    before: &Catalogue,
    after: &Catalogue,
    from: Timestamp,
    to: Timestamp,
    zones: &Zones,
) -> Vec<String> {
    let none = BTreeMap::new();
    let duties = |it| Duties { rotas: it, overrides: &none, zones };
    let (old, new) = (duties(&before.rotas), duties(&after.rotas));
    let mut told = vec![];
    let ids: std::collections::BTreeSet<&RotaId> =
        before.rotas.keys().chain(after.rotas.keys()).collect();
    for id in ids {
        let Some(rota) = after.rotas.get(id) else {
            told.push(format!("{id}: is gone"));
            continue;
        };
        let mut words = vec![];
        words.extend(gaps_changed(&old, &new, id, from, to));
        let zone = &rota.timezone;
        let (had, has) = (nights(&old, id, zone, (from, to)), nights(&new, id, zone, (from, to)));
        let people: std::collections::BTreeSet<&PersonId> = had.keys().chain(has.keys()).collect();
        for person in people {
            let count = |it: &BTreeMap<PersonId, i64>| it.get(person).copied().unwrap_or(0);
            let change = count(&has) - count(&had);
            if change != 0 {
                let noun = if change.abs() == 1 { "night" } else { "nights" };
                words.push(format!("{person} {change:+} {noun}"));
            }
        }
        let moved = moved(&old, &new, id, from, to);
        if moved > Millis::ZERO {
            words.push(format!("{moved} change hands"));
        }
        if !words.is_empty() {
            told.push(format!("{id}: {}", words.join("; ")));
        }
    }
    told
}

fn gaps_changed(
    old: &Duties<'_>,
    new: &Duties<'_>,
    id: &RotaId,
    from: Timestamp,
    to: Timestamp,
) -> Vec<String> {
    let days = |duties: &Duties<'_>| {
        let mut days: BTreeMap<String, i64> = BTreeMap::new();
        for gap in duties.gaps(id, from, to) {
            *days.entry(gap.starts.to_string()[..10].to_owned()).or_default() += gap.length().0;
        }
        days
    };
    let (had, has) = (days(old), days(new));
    let told = |(day, length): (&String, &i64)| {
        let before = had.get(day).copied().unwrap_or(0);
        (*length > before).then(|| format!("leaves {} uncovered on {day}", Millis(length - before)))
    };
    let mut words: Vec<String> = has.iter().filter_map(told).collect();
    let more = words.len().saturating_sub(NAMED_MAX);
    words.truncate(NAMED_MAX);
    if more > 0 {
        words.push(format!("and gaps on {more} days more"));
    }
    let closed: i64 =
        had.iter().map(|(day, it)| (it - has.get(day).copied().unwrap_or(0)).max(0)).sum();
    if closed > 0 {
        words.push(format!("covers {} that nobody had", Millis(closed)));
    }
    words
}

/// Nights per person.
fn nights(
    duties: &Duties<'_>,
    id: &RotaId,
    zone: &str,
    (from, to): (Timestamp, Timestamp),
) -> BTreeMap<PersonId, i64> {
    let mut found = BTreeMap::new();
    for shift in duties.shifts(id, from, to) {
        let weighed = crate::weigh(zone, shift.starts.max(from), shift.ends.min(to), duties.zones);
        for person in shift.people {
            *found.entry(person).or_default() += weighed.nights;
        }
    }
    found
}

/// How much time has other people.
fn moved(
    old: &Duties<'_>,
    new: &Duties<'_>,
    id: &RotaId,
    from: Timestamp,
    to: Timestamp,
) -> Millis {
    let sorted = |people: &[PersonId]| {
        let mut people = people.to_vec();
        people.sort();
        people
    };
    let (had, has) = (old.shifts(id, from, to), new.shifts(id, from, to));
    if had.is_empty() {
        return Millis::ZERO;
    }
    let mut edges: Vec<Timestamp> =
        had.iter().chain(&has).flat_map(|it| [it.starts.max(from), it.ends.min(to)]).collect();
    edges.sort_unstable();
    edges.dedup();
    let (mut a, mut b, mut total) = (0, 0, 0);
    for pair in edges.windows(2) {
        while a + 1 < had.len() && had[a].ends <= pair[0] {
            a += 1;
        }
        while b + 1 < has.len() && has[b].ends <= pair[0] {
            b += 1;
        }
        let differ = has.get(b).is_none_or(|it| sorted(&it.people) != sorted(&had[a].people));
        total += if differ { pair[1].since(pair[0]).0 } else { 0 };
    }
    Millis(total)
}
