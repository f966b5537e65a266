//! `rota` and `plan`: what is proposed, and what a change does to duty. Reads files, changes nothing.

use crate::cli::{PlanChange, RotaCommand, RotaPropose, RotaSun};
use crate::oncall::time;
use crate::{Answer, YES, no, say, say_json};
use ::oncall::listing::compared;
use ::oncall::{Coverage, Duties, Zones, sun, weigh};
use driver::{Clock as _, SystemClock};
use model::{
    Away, AwayKind, Catalogue, Hours, Layer, Millis, PersonId, Readiness, Rota, RotaId, Timestamp,
};
use roster::{Aim, Conflict, Effort, Problem as Wanted, Roster, Rule};
use serde_json::json;
use server::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// How far `check` looks ahead.
const AHEAD: Millis = Millis::from_days(28);
/// Up to so many shifts a proposal is looked for exactly, too.
const EXACT_SHIFTS_MAX: usize = 14;
/// Nodes of that exact search.
const NODES: u64 = 300_000;

/// Reads configuration; says what is wrong where there is none.
pub(crate) fn read(paths: &[PathBuf]) -> Option<Catalogue> {
    let loaded = catalog::load(paths).with_absences(SystemClock.now());
    if loaded.catalogue.is_none() {
        say(&catalog::render(&loaded, false));
    }
    loaded.catalogue
}

/// Reads `ana=ana.ics` or `Europe/Paris=france.ics` as it is typed.
pub(crate) fn calendar(text: &str) -> Result<(String, PathBuf), String> {
    let (who, file) = text.split_once('=').ok_or("write it as PERSON=FILE.ics")?;
    Ok((who.to_owned(), file.into()))
}

/// How far around now calendars are read.
const CALENDAR: Millis = Millis::from_days(800);

/// Adds what calendars say to the people they are about: one, or everybody in a zone. A calendar that
/// cannot be read as a whole is refused: leave that is not known is found out at night.
pub(crate) fn add_leave(
    catalogue: &mut Catalogue,
    calendars: &[(String, PathBuf)],
) -> Result<(), Problem> {
    let (zones, now) = (Zones::bundled(), SystemClock.now());
    for (who, file) in calendars {
        let shown = file.display();
        let bytes = std::fs::read(file).map_err(|error| {
            Problem::negative(format!("cannot read {shown}"))
                .detail(error)
                .hint("check the path and who may read it")
        })?;
        let read = ::oncall::ics::Calendar::read(&bytes, &zones);
        if let Some((line, told)) = read.problems.first() {
            return Err(Problem::negative(format!("{shown}, line {line}: {told}"))
                .hint("mend or remove this event"));
        }
        let holiday = who.contains('/');
        let mut known = false;
        for (id, person) in &mut catalogue.people {
            if id.as_str() != who && person.timezone != *who {
                continue;
            }
            known = true;
            let times =
                read.times(&person.timezone, now.minus(CALENDAR), now.plus(CALENDAR), &zones);
            let kind = if holiday { AwayKind::Holiday } else { AwayKind::Leave };
            let away = times.into_iter().map(|(starts, ends)| Away { starts, ends, kind });
            person.duty.away.extend(away);
            person.duty.away.sort();
        }
        if !known {
            return Err(Problem::negative(format!("`{who}` is nobody, and nobody's zone"))
                .hint("write PERSON=FILE.ics, or ZONE=FILE.ics such as Europe/Paris=france.ics"));
        }
    }
    Ok(())
}

/// What is thin in the weeks to come, as sentences.
pub(crate) fn coverage(catalogue: &Catalogue) -> Vec<String> {
    let (zones, none) = (Zones::bundled(), BTreeMap::new());
    let now = Timestamp::from_minute(SystemClock.now().minute());
    let duties = Duties { rotas: &catalogue.rotas, overrides: &none, zones: &zones };
    let found = Coverage::of(catalogue, &duties, now, now.plus(AHEAD));
    let mut told = found.sentences();
    told.extend(found.on_holidays());
    let weeks = ::oncall::skill_map(catalogue, now, now.plus(AHEAD), &zones);
    let wanted: BTreeSet<&String> =
        catalogue.rotas.values().flat_map(|it| &it.rules.skills).collect();
    for week in weeks.iter().filter(|it| wanted.contains(&it.skill)) {
        told.extend(week.nobody().iter().map(ToString::to_string));
        if week.people.len() == 1 {
            let only = week.people.iter().next().expect("one");
            told.push(format!("only {only} can do {}", week.skill));
        }
    }
    told
}

fn start(from: Option<&str>) -> Result<Timestamp, Problem> {
    from.map_or_else(|| Ok(SystemClock.now()), time)
}

pub(crate) fn plan(it: &PlanChange) -> Answer {
    let from = start(it.from.as_deref())?;
    let to = from.plus(Millis::from_days(7 * i64::from(it.weeks)));
    let (Some(before), Some(after)) = (read(&it.against), read(&it.paths)) else {
        return Ok(no());
    };
    let told = compared(&before, &after, from, to, &Zones::bundled());
    let promises = crate::backtest::planned(it, &before, &after)?;
    if !it.form.json {
        say(&crate::backtest::planned_told(&promises));
    }
    if it.form.json {
        say_json(&json!({
            "from": from.to_string(), "to": to.to_string(), "changes": told, "promises": promises,
        }));
    } else if told.is_empty() {
        say(&format!("Nobody's duty changes within {} weeks.\n", it.weeks));
    } else {
        for line in told {
            say(&format!("{line}\n"));
        }
    }
    Ok(YES)
}

pub(crate) fn rota(it: &RotaCommand) -> Answer {
    match it {
        RotaCommand::Propose(it) => propose(it),
        RotaCommand::Sun(it) => follow_the_sun(it),
        RotaCommand::Proposals(it) => crate::changes::proposals(it),
        RotaCommand::Publish(it) => crate::changes::answer_roster(it, "publish"),
        RotaCommand::Discard(it) => crate::changes::answer_roster(it, "discard"),
    }
}

/// A rota as a problem, and what its numbers stand for.
struct Asked {
    problem: Wanted,
    people: Vec<PersonId>,
    skills: Vec<String>,
    times: Vec<(Timestamp, Timestamp)>,
}

fn propose(it: &RotaPropose) -> Answer {
    let Some(mut catalogue) = read(&server::paths(&it.config)?) else { return Ok(no()) };
    add_leave(&mut catalogue, &it.leave)?;
    let id = catalogue.rotas.keys().find(|id| id.as_str() == it.rota);
    let Some(id) = id else {
        return Err(Problem::negative(format!("there is no rota `{}`", it.rota))
            .hint("`lamplighter oncall --config PATH` shows all rotas"));
    };
    let from = start(it.from.as_deref())?;
    let to = from.plus(Millis::from_days(7 * i64::from(it.weeks)));
    let asked = asked(&catalogue, id, from, to);
    let nodes_max = if asked.problem.shifts.len() <= EXACT_SHIFTS_MAX { NODES } else { 0 };
    let effort = Effort { seed: it.seed, steps_max: it.steps, nodes_max };
    let aim = if it.repair { Aim::Repair } else { Aim::Fair };
    let found = roster::solve(&asked.problem, aim, effort);
    let conflict = roster::explain(&asked.problem, &found, effort);
    if it.remote.form.json {
        say_json(&as_json(&asked, &found, conflict.as_ref()));
    } else {
        say(&shown(&asked, &found, conflict.as_ref()));
    }
    if it.submit {
        let body = as_json(&asked, &found, conflict.as_ref());
        let path = format!("/api/v1/rotas/{}/rosters", crate::remote::segment(&it.rota));
        let done = crate::remote::Server::new(&it.remote)?.post(&path, &body)?;
        let events = done["events"].as_array().map_or(&[][..], Vec::as_slice);
        let id = events.iter().find_map(|it| it.get("roster")).map(crate::ask::plain);
        let id = id.unwrap_or_else(|| "it".to_owned());
        say(&format!("{id} waits: `lamplighter rota publish {id}`, or the On-call view.\n"));
    }
    Ok(if conflict.is_none() { YES } else { no() })
}

fn asked(catalogue: &Catalogue, id: &RotaId, from: Timestamp, to: Timestamp) -> Asked {
    let (zones, none) = (Zones::bundled(), BTreeMap::new());
    let rota = &catalogue.rotas[id];
    let duties = Duties { rotas: &catalogue.rotas, overrides: &none, zones: &zones };
    let members: BTreeSet<&PersonId> = rota.layers.iter().flat_map(|it| &it.people).collect();
    let people: Vec<PersonId> = members.into_iter().cloned().collect();
    let place = |who: &PersonId| people.iter().position(|it| it == who);
    let mut shifts = vec![];
    let mut times = vec![];
    // Whole shifts only: one that has begun is nobody else's any more.
    let turns = duties.shifts(id, from, to).into_iter();
    let turns = turns.filter(|it| !it.is_gap() && it.starts >= from && it.ends <= to);
    let gaps = duties.gaps(id, from, to).into_iter();
    let mut all: Vec<_> = turns.chain(gaps).collect();
    all.sort_by_key(|it| it.starts);
    for shift in all {
        let weighed = weigh(&rota.timezone, shift.starts, shift.ends, &zones);
        times.push((shift.starts, shift.ends));
        let holiday = holiday_hours(catalogue, &people, shift.starts, shift.ends);
        shifts.push(roster::Shift {
            starts: shift.starts.minute(),
            ends: shift.ends.minute(),
            load: weighed.load() + holiday,
            kinds: [weighed.night_minutes / 60, weighed.weekend_minutes / 60, holiday],
            night: weighed.nights > 0,
            month: weighed.month,
            seats: shift.people.len().max(1),
            published: shift.people.iter().filter_map(place).collect(),
        });
    }
    let skills = rota.rules.skills.clone();
    let problem = Wanted {
        people: persons(catalogue, rota, &people, &shifts),
        shifts,
        rules: rules(rota, &people),
    };
    Asked { problem, people, skills, times }
}

/// Hours of public holidays in a shift, as most of the people have them: they weigh once more.
fn holiday_hours(
    catalogue: &Catalogue,
    people: &[PersonId],
    starts: Timestamp,
    ends: Timestamp,
) -> i64 {
    let of = |id: &PersonId| -> i64 {
        let away = catalogue.people.get(id).map_or(&[][..], |it| &it.duty.away);
        let days = away.iter().filter(|it| it.kind == AwayKind::Holiday);
        days.map(|it| it.ends.min(ends).since(it.starts.max(starts)).0.max(0)).sum()
    };
    let mut each: Vec<i64> = people.iter().map(of).collect();
    each.sort_unstable();
    each.get(each.len().saturating_sub(1) / 2).map_or(0, |it| it / 3_600_000)
}

fn persons(
    catalogue: &Catalogue,
    rota: &Rota,
    people: &[PersonId],
    shifts: &[roster::Shift],
) -> Vec<roster::Person> {
    let known: Vec<Option<i64>> =
        people.iter().map(|it| rota.rules.roster.debt.get(it).copied()).collect();
    let debts = roster::debts(&known);
    let total: i64 = shifts.iter().map(|it| it.load).sum::<i64>().max(1);
    let one = |(id, debt): (&PersonId, i64)| {
        let duty = catalogue.people.get(id).map(|it| &it.duty);
        let away: Vec<(i64, i64)> = duty
            .map_or(&[][..], |it| &it.away)
            .iter()
            .filter(|it| it.kind == AwayKind::Leave)
            .map(|it| (it.starts.minute(), it.ends.minute()))
            .collect();
        let there = |it: &&roster::Shift| !away.iter().any(|a| a.0 < it.ends && it.starts < a.1);
        let share: i64 = shifts.iter().filter(there).map(|it| it.load).sum::<i64>() * 1_000 / total;
        let has = |skill: &String| ::oncall::coverage::is_skilled(catalogue, id, skill);
        let skills = (0_u16..).zip(&rota.rules.skills).filter(|it| has(it.1)).map(|it| it.0);
        let readiness = match rota.rules.readiness.get(id) {
            Some(Readiness::Observer) => roster::Readiness::Observer,
            Some(Readiness::Shadowed) => roster::Readiness::Shadowed,
            _ => roster::Readiness::Solo,
        };
        roster::Person { debt, share: share.max(1), away, readiness, skills: skills.collect() }
    };
    people.iter().zip(debts).map(one).collect()
}

fn rules(rota: &Rota, people: &[PersonId]) -> roster::Rules {
    let rules = &rota.rules.roster;
    let place = |who: &PersonId| people.iter().position(|it| it == who);
    let pair = |it: &(PersonId, PersonId)| Some((place(&it.0)?, place(&it.1)?));
    roster::Rules {
        rest_after_night: rules.rest_after_night_hours.map(|it| i64::from(it) * 60),
        in_row_max: rules.shifts_in_row_max.map(usize::from),
        nights_per_month_max: rules.nights_per_month_max.map(usize::from),
        not_together: rules.not_together.iter().filter_map(pair).collect(),
        skills: (0_u16..).zip(&rota.rules.skills).map(|it| it.0).collect(),
        waived: vec![],
    }
}

impl Asked {
    fn names(&self, crew: &[usize]) -> String {
        let names: Vec<&str> = crew.iter().map(|it| self.people[*it].as_str()).collect();
        if names.is_empty() { "NOBODY".to_owned() } else { names.join(", ") }
    }

    fn rule(&self, rule: Rule) -> String {
        let pair = |at: usize| {
            let (a, b) = self.problem.rules.not_together[at];
            format!("{} and {} not together", self.people[a], self.people[b])
        };
        match rule {
            Rule::Away(who) => format!("{} is away", self.people[who]),
            Rule::Readiness(who) => format!("{} is not ready to go alone", self.people[who]),
            Rule::Rest => "rest after a night".to_owned(),
            Rule::InRow => "most shifts in a row".to_owned(),
            Rule::NightsPerMonth => "most nights in a month".to_owned(),
            Rule::Pair(at) => pair(at),
            Rule::Skill(at) => format!("skill {} at every hour", self.skills[usize::from(at)]),
        }
    }

    fn load(&self, person: usize, crews: &[Vec<usize>]) -> i64 {
        let theirs = self.problem.shifts.iter().zip(crews).filter(|it| it.1.contains(&person));
        theirs.map(|it| it.0.load).sum()
    }
}

fn told_conflict(asked: &Asked, conflict: &Conflict) -> String {
    let rules: Vec<String> = conflict.rules.iter().map(|it| asked.rule(*it)).collect();
    let why = if rules.is_empty() {
        "there are too few people, whatever rule is waived".to_owned()
    } else {
        format!("these cannot all be kept: {}", rules.join("; "))
    };
    let sure = if conflict.proven { "" } else { " (as far as was looked; more --steps may do)" };
    format!("{} cannot be filled: {why}{sure}", counted(conflict.shifts.len(), "shift"))
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn shown(asked: &Asked, found: &Roster, conflict: Option<&Conflict>) -> String {
    let mut text = String::new();
    let published: Vec<Vec<usize>> =
        asked.problem.shifts.iter().map(|it| it.published.clone()).collect();
    for (index, (starts, ends)) in asked.times.iter().enumerate() {
        let mut was = published[index].clone();
        was.sort_unstable();
        let now = &found.people[index];
        let was =
            if was == *now { String::new() } else { format!("  (was {})", asked.names(&was)) };
        let _ = writeln!(text, "{starts} to {ends}  {}{was}", asked.names(now));
    }
    for (person, name) in asked.people.iter().enumerate() {
        let (before, after) = (asked.load(person, &published), asked.load(person, &found.people));
        let it = &asked.problem.people[person];
        let _ = writeln!(
            text,
            "{name}: load {after} (was {before}), debt {}, there for {} % of the time",
            it.debt,
            it.share / 10
        );
    }
    let sure = if found.proven { "no roster is better" } else { "the best that was found" };
    let _ = writeln!(text, "{} of what was published; {sure}.", changes(found));
    if let Some(conflict) = conflict {
        let _ = writeln!(text, "{}.", told_conflict(asked, conflict));
    }
    text
}

fn changes(found: &Roster) -> String {
    counted(found.worth.changes, "change")
}

fn as_json(asked: &Asked, found: &Roster, conflict: Option<&Conflict>) -> serde_json::Value {
    let names =
        |crew: &[usize]| -> Vec<&PersonId> { crew.iter().map(|it| &asked.people[*it]).collect() };
    let shifts = asked.times.iter().enumerate().map(|(index, (starts, ends))| {
        json!({
            "start": starts.to_string(),
            "end": ends.to_string(),
            "people": names(&found.people[index]),
            "published": names(&asked.problem.shifts[index].published),
            "load": asked.problem.shifts[index].load,
        })
    });
    let loads = asked.people.iter().enumerate().map(|(person, id)| {
        let it = &asked.problem.people[person];
        let load = asked.load(person, &found.people);
        json!({ "person": id, "load": load, "debt": it.debt, "share": it.share })
    });
    json!({
        "shifts": shifts.collect::<Vec<_>>(),
        "people": loads.collect::<Vec<_>>(),
        "unfilled": found.worth.unfilled,
        "changes": found.worth.changes,
        "proven": found.proven,
        "conflict": conflict.map(|it| told_conflict(asked, it)),
    })
}

fn follow_the_sun(it: &RotaSun) -> Answer {
    let Some(catalogue) = read(&server::paths(&it.config)?) else { return Ok(no()) };
    let from = start(it.from.as_deref())?;
    let mut people = catalogue.people.clone();
    if let Some(team) = &it.team {
        let members = catalogue.teams.iter().find(|(id, _)| id.as_str() == team).map(|it| it.1);
        let Some(members) = members else {
            return Err(Problem::negative(format!("there is no team `{team}`"))
                .hint("`lamplighter check` names what there is"));
        };
        people.retain(|id, _| members.members.contains(id));
    }
    let Some(sun) = sun::follow(&people, from, 366, &Zones::bundled()) else {
        return Err(Problem::negative("nobody declared hours")
            .hint("give people `hours: 08:00-17:00`, in their own zone"));
    };
    if it.form.json {
        let stretch = |it: &sun::Stretch| {
            json!({ "from": it.from.to_string(), "until": it.until.to_string(),
                "nobody": it.nobody, "together": it.together })
        };
        let layers: Vec<_> = sun.layers.iter().map(layer_yaml).collect();
        let stretches: Vec<_> = sun.stretches.iter().map(stretch).collect();
        say_json(&json!({ "layers": layers, "stretches": stretches }));
    } else {
        say("layers:\n");
        for layer in &sun.layers {
            say(&format!("  - {}\n", layer_yaml(layer)));
        }
        for stretch in &sun.stretches {
            say(&format!("{}\n", told_stretch(stretch, sun.odd().any(|it| it == stretch))));
        }
    }
    Ok(if sun.stretches.iter().all(|it| it.nobody.is_empty()) { YES } else { no() })
}

fn told_stretch(it: &sun::Stretch, odd: bool) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let times = |list: &[(u16, u16)]| {
        let each: Vec<String> =
            list.iter().map(|it| format!("{}-{}", clock(it.0), clock(it.1))).collect();
        if each.is_empty() { "never".to_owned() } else { each.join(", ") }
    };
    let (from, days) = (&it.from.to_string()[..10], it.days());
    let odd = if odd { "  ODD: clocks changed on different days" } else { "" };
    format!(
        "# from {from}, {}: nobody awake {}; two sites awake {} (UTC){odd}",
        counted(usize::try_from(days).unwrap_or(0), "day"),
        times(&it.nobody),
        times(&it.together)
    )
}

/// A layer as it is written in configuration.
fn layer_yaml(layer: &Layer) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let people: Vec<&str> = layer.people.iter().map(PersonId::as_str).collect();
    let hours = |it: &Hours| format!("{}-{}", clock(it.from_minute), clock(it.until_minute));
    let mut text = format!(
        "{{ people: [{}], turn: 1w, handover: mon {}",
        people.join(", "),
        clock(layer.handover_minute)
    );
    if let Some(zone) = &layer.rules.timezone {
        let _ = write!(text, ", timezone: {zone}");
    }
    let only: Vec<String> = layer.rules.only.iter().map(hours).collect();
    if !only.is_empty() {
        let _ = write!(text, ", only: [{}]", only.join(", "));
    }
    text + " }"
}
