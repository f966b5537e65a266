//! Rotas of every kind beside somebody who walks along every minute with a watch.
//!
//! The walker knows of zones only what a clock shows at an instant, finds a local time by waiting until
//! the clock shows it, counts turns one by one, and asks at every minute again who is on duty. It shares
//! nothing with what it checks but the reading of recurrence rules, which `recurrence` tests beside
//! python-dateutil.

use crate::wall::weekday;
use crate::{Change, Duties, Override, Recurrence, Shift, Zones};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::{
    Advance, Hours, Layer, LayerRules, Millis, OverrideId, PersonId, Rota, RotaId, RotaRules,
    ShiftPattern, Timestamp, Turn, Weekday,
};
use std::collections::BTreeMap;

const PEOPLE: [&str; 6] = ["ana", "bo", "cy", "dee", "eli", "fay"];
const DAYS: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// Goal: at every minute of three days before and after a change of clocks, in every zone that had one
/// since 2000, the people on duty are those whom the walker finds; gaps are where the walker finds
/// nobody; the time of all shifts is the time there is.
#[test]
fn every_minute_around_every_kind_of_change_is_as_walked() {
    let zones = Zones::bundled();
    let mut looked_at = 0;
    for (index, name) in jiff::tz::TimeZoneDatabase::bundled().available().enumerate() {
        let changes = changes_since_2000(name.as_str(), &zones);
        if changes.is_empty() {
            continue;
        }
        let mut random = Random(0x5eed_0000 + index as u64);
        let change = changes[random.below(changes.len())];
        check(name.as_str(), change, random, &zones);
        looked_at += 1;
    }
    assert!(looked_at > 300, "only {looked_at} zones had a change");
}

/// Goal: the same for times at random, far from any change.
#[test]
fn every_minute_of_random_times_is_as_walked() {
    let zones = Zones::bundled();
    let names = ["Europe/Paris", "Africa/Nairobi", "America/Chicago", "Australia/Lord_Howe"];
    for seed in 0..60 {
        let mut random = Random(0x0dd_ba11 + seed);
        let name = names[random.below(names.len())];
        let hours = 24 * 365 * 20;
        let at = Timestamp(946_684_800_000)
            .plus(Millis::from_hours(i64::try_from(random.below(hours)).expect("small")));
        check(name, at, random, &zones);
    }
}

#[track_caller]
fn check(zone: &str, middle: Timestamp, mut random: Random, zones: &Zones) {
    let seed = random.0;
    let middle = Timestamp::from_minute(middle.minute());
    let (from, to) = (middle.minus(Millis::from_days(3)), middle.plus(Millis::from_days(3)));
    let rotas: BTreeMap<RotaId, Rota> = BTreeMap::from([
        ("first".into(), random.rota(zone, from, zones)),
        ("second".into(), {
            let mut it = random.rota(zone, from, zones);
            it.rules.apart_from = vec!["first".into()];
            it
        }),
    ]);
    let overrides = random.overrides(from);
    let duties = Duties { rotas: &rotas, overrides: &overrides, zones };
    let walked = walk(&rotas, &overrides, from, to, zones);
    for id in rotas.keys() {
        let told = duties.shifts(id, from, to);
        let place = format!("seed {seed:#x}, {zone} around {middle}, {id}: {:#?}", rotas[id]);
        fits_together(&told, from, to, &place);
        let mut shift = 0;
        for (minute, people) in walked[id].iter().enumerate() {
            let at = from.plus(Millis::from_mins(i64::try_from(minute).expect("small")));
            while told[shift].ends <= at {
                shift += 1;
            }
            assert_eq!(told[shift].people, *people, "{at} {place}\n{overrides:#?}");
            if minute % 701 == 0 {
                let asked = duties.at(id, at).expect("there is such a rota");
                assert_eq!(asked.people, *people, "{at} {place}");
                assert!(asked.starts <= at && at < asked.ends, "{at} {place}");
            }
        }
        let gaps: i64 = duties.gaps(id, from, to).iter().map(|it| it.length().0).sum();
        let empty = walked[id].iter().filter(|it| it.is_empty()).count();
        assert_eq!(gaps, Millis::from_mins(i64::try_from(empty).expect("small")).0, "{place}");
    }
}

/// Every instant belongs to one shift, and what all have sums to the time there is.
#[track_caller]
fn fits_together(told: &[Shift], from: Timestamp, to: Timestamp, place: &str) {
    assert!(told[0].starts <= from && told[told.len() - 1].ends >= to, "{place}");
    for pair in told.windows(2) {
        assert_eq!(pair[0].ends, pair[1].starts, "{place}");
    }
    let within = |it: &Shift| it.ends.min(to).since(it.starts.max(from)).0;
    assert_eq!(told.iter().map(within).sum::<i64>(), to.since(from).0, "{place}");
}

type Minutes = Vec<Vec<PersonId>>;

/// Days that are walked before the time that is looked at, so that turns and windows are begun.
const RUN_UP_DAYS: i64 = 34;

#[expect(clippy::needless_range_loop, reason = "the minute is the same in several lists")]
fn walk(
    rotas: &BTreeMap<RotaId, Rota>,
    overrides: &BTreeMap<OverrideId, Override>,
    from: Timestamp,
    to: Timestamp,
    zones: &Zones,
) -> BTreeMap<RotaId, Minutes> {
    let mut walked: BTreeMap<RotaId, Minutes> = BTreeMap::new();
    let mut clocks: BTreeMap<&str, Clock> = BTreeMap::new();
    for (id, rota) in rotas {
        let mut layers: Vec<(Minutes, &Layer)> = vec![];
        for layer in &rota.layers {
            let zone = layer.rules.timezone.as_ref().unwrap_or(&rota.timezone);
            let made = || Clock::new(&zones.get(zone).expect("a zone"), from, to);
            let clock = clocks.entry(zone.as_str()).or_insert_with(made);
            layers.push((clock.of_layer(layer), layer));
        }
        let minutes = to.since(from).whole_mins();
        let mut all = vec![];
        for minute in 0..usize::try_from(minutes).expect("small") {
            let at = from.plus(Millis::from_mins(i64::try_from(minute).expect("small")));
            let top = layers.iter().rev().find(|it| !it.0[minute].is_empty());
            let mut people = top.map(|it| it.0[minute].clone()).unwrap_or_default();
            let taken: Vec<PersonId> = rota
                .rules
                .apart_from
                .iter()
                .flat_map(|other| walked[other][minute].clone())
                .collect();
            if let Some((_, layer)) = top {
                people = kept_apart(&people, &taken, &layer.people);
            }
            for it in overrides.values().filter(|it| it.rota == *id) {
                if it.starts <= at && at < it.ends {
                    people = changed(&it.change, &people);
                }
            }
            all.push(people);
        }
        walked.insert(id.clone(), all);
    }
    walked
}

fn kept_apart(people: &[PersonId], taken: &[PersonId], line: &[PersonId]) -> Vec<PersonId> {
    let mut kept: Vec<PersonId> = people.iter().filter(|it| !taken.contains(it)).cloned().collect();
    if kept.len() == people.len() {
        return kept;
    }
    let last = people.last().expect("somebody");
    let place = line.iter().position(|it| it == last).expect("in line");
    let mut waiting: Vec<&PersonId> = line[place + 1..].iter().chain(&line[..=place]).collect();
    waiting.retain(|it| !taken.contains(it));
    for person in waiting {
        if kept.len() < people.len() && !kept.contains(person) {
            kept.push(person.clone());
        }
    }
    kept
}

fn changed(change: &Change, people: &[PersonId]) -> Vec<PersonId> {
    let mut found: Vec<PersonId> = vec![];
    for person in people {
        let now = match change {
            Change::Remove(gone) if gone == person => continue,
            // Whoever stands in for themselves is still there.
            Change::Replace { person: old, by } if old == person && by == person => person,
            Change::Replace { person: old, .. } if old == person && people_has(people, change) => {
                continue;
            }
            Change::Replace { person: old, by } if old == person => by,
            _ => person,
        };
        found.push(now.clone());
    }
    if let Change::Add(more) = change
        && !found.contains(more)
    {
        found.push(more.clone());
    }
    found
}

fn people_has(people: &[PersonId], change: &Change) -> bool {
    matches!(change, Change::Replace { by, .. } if people.contains(by))
}

/// What a clock on the wall shows at every minute.
struct Clock {
    shows: Vec<DateTime>,
    run_up: usize,
}

impl Clock {
    fn new(zone: &TimeZone, from: Timestamp, to: Timestamp) -> Self {
        let starts = from.minus(Millis::from_days(RUN_UP_DAYS));
        let minutes = to.plus(Millis::from_days(2)).since(starts).whole_mins();
        let show = |it| starts.plus(Millis::from_mins(it)).to_jiff().to_zoned(zone.clone());
        let shows = (0..minutes).map(|it| show(it).datetime()).collect();
        let run_up = usize::try_from(RUN_UP_DAYS * 1_440).expect("small");
        Self { shows, run_up }
    }

    /// The minute at which the clock first shows `wanted` or later.
    fn met(&self, wanted: DateTime) -> usize {
        // The highest reading so far never falls, so it can be searched.
        let mut low =
            self.shows.partition_point(|it| it.date() < wanted.date().yesterday().expect("a day"));
        while low < self.shows.len() && self.shows[low] < wanted {
            low += 1;
        }
        low
    }

    /// The same, as much later as the clock jumped over it.
    fn moved(&self, wanted: DateTime) -> usize {
        let met = self.met(wanted);
        if met == 0 || met >= self.shows.len() || self.shows[met] == wanted {
            return met;
        }
        let expected = self.shows[met - 1].checked_add(1.minute()).expect("in range");
        let jump = self.shows[met].duration_since(expected);
        self.met(wanted.checked_add(jump).expect("in range"))
    }

    fn of_layer(&self, layer: &Layer) -> Minutes {
        let length = self.shows.len() - self.run_up - 2 * 1_440;
        let mut on: Vec<Vec<PersonId>> = vec![vec![]; self.shows.len()];
        if layer.rules.shifts.is_empty() {
            self.turns(layer, &mut on);
        } else {
            self.shifts(layer, &mut on);
        }
        let speaks = self.speaks(layer);
        let kept = on.into_iter().zip(speaks).skip(self.run_up).take(length);
        kept.map(|(people, speaks)| if speaks { people } else { vec![] }).collect()
    }

    fn turns(&self, layer: &Layer, on: &mut [Vec<PersonId>]) {
        let first: Date = layer.starts.parse().expect("a day");
        let mut first = at_minute(first, layer.handover_minute.into());
        if let Turn::Weeks(_) = layer.turn {
            while first.date().weekday() != weekday(layer.handover_day) {
                first = first.checked_add(1.day()).expect("in range");
            }
        }
        let civil = |turn: i64| match layer.turn {
            Turn::Hours(it) => first.checked_add((turn * i64::from(it)).hours()).expect("in range"),
            Turn::Days(it) => first.checked_add((turn * i64::from(it)).days()).expect("in range"),
            Turn::Weeks(it) => first.checked_add((turn * i64::from(it)).weeks()).expect("in range"),
            Turn::Months(it) => {
                first.checked_add((turn * i64::from(it)).months()).expect("in range")
            }
        };
        let mut number = 0;
        let mut turn = 0;
        let end = self.shows[self.shows.len() - 1];
        let mut starts = 0;
        while starts < on.len() {
            let next = civil(turn + 1);
            let ends = match layer.turn {
                _ if next > end.checked_add(3.days()).expect("in range") => on.len(),
                Turn::Hours(_) => self.met(next),
                _ => self.moved(next),
            };
            for people in on.iter_mut().take(ends).skip(starts.max(self.run_up)) {
                *people = seated(layer, number);
            }
            if layer.rules.advance == Advance::Turn || is_worked(layer, civil(turn), next) {
                number += 1;
            }
            turn += 1;
            starts = ends;
        }
    }

    fn shifts(&self, layer: &Layer, on: &mut [Vec<PersonId>]) {
        let first: Date = layer.starts.parse().expect("a day");
        let end = self.shows[self.shows.len() - 1];
        let mut all: Vec<(DateTime, usize, DateTime)> = vec![];
        for (index, it) in layer.rules.shifts.iter().enumerate() {
            let rule = Recurrence::parse(&it.repeat).expect("a rule");
            for day in rule.dates(first).take_while(|day| *day <= end.date()) {
                let starts = at_minute(day, it.start_minute.into());
                let ends = at_minute(day, i64::from(it.start_minute) + i64::from(it.lasts_mins));
                all.push((starts, index, ends));
            }
        }
        all.sort();
        for (number, (starts, _, ends)) in all.into_iter().enumerate() {
            let (starts, ends) = (self.moved(starts), self.moved(ends));
            for people in on.iter_mut().take(ends).skip(starts.max(self.run_up)) {
                for person in seated(layer, number) {
                    if !people.contains(&person) {
                        people.push(person);
                    }
                }
            }
        }
    }

    fn speaks(&self, layer: &Layer) -> Vec<bool> {
        let rules = &layer.rules;
        let mut on = vec![rules.only.is_empty(); self.shows.len()];
        let mut day = self.shows[0].date().yesterday().expect("a day");
        while day <= self.shows[self.shows.len() - 1].date() {
            for it in rules.only.iter().filter(|it| is_on(it, day)) {
                let (from, until) = (i64::from(it.from_minute), i64::from(it.until_minute));
                let until = if until > from { until } else { until + 1_440 };
                let (starts, ends) =
                    (self.met(at_minute(day, from)), self.met(at_minute(day, until)));
                on.iter_mut().take(ends).skip(starts).for_each(|it| *it = true);
            }
            day = day.tomorrow().expect("a day");
        }
        let edge = |text: &Option<String>, later: i64| {
            let day: Date = text.as_ref()?.parse().expect("a day");
            Some(self.met(at_minute(day.checked_add(later.days()).expect("a day"), 0)))
        };
        let from = edge(&rules.from, 0).unwrap_or(0);
        let until = edge(&rules.until, 1).unwrap_or(usize::MAX);
        on.into_iter().enumerate().map(|(at, it)| it && from <= at && at < until).collect()
    }
}

fn at_minute(day: Date, minute: i64) -> DateTime {
    day.at(0, 0, 0, 0).checked_add(minute.minutes()).expect("in range")
}

fn is_on(hours: &Hours, day: Date) -> bool {
    hours.days.is_empty() || hours.days.iter().any(|it| weekday(*it) == day.weekday())
}

/// Whether a layer speaks at any minute of a turn, by a calendar without jumps.
fn is_worked(layer: &Layer, starts: DateTime, ends: DateTime) -> bool {
    let only = &layer.rules.only;
    let mut at = starts;
    while at < ends && !only.is_empty() {
        let minute = i64::from(at.hour()) * 60 + i64::from(at.minute());
        let holds = |it: &Hours| {
            let (from, until) = (i64::from(it.from_minute), i64::from(it.until_minute));
            if until > from {
                is_on(it, at.date()) && from <= minute && minute < until
            } else {
                let before = at.date().yesterday().expect("a day");
                is_on(it, at.date()) && from <= minute || is_on(it, before) && minute < until
            }
        };
        if only.iter().any(holds) {
            return true;
        }
        at = at.checked_add(1.minute()).expect("in range");
    }
    only.is_empty()
}

fn seated(layer: &Layer, number: usize) -> Vec<PersonId> {
    let mut line = layer.people.iter().cycle().skip(number * usize::from(layer.rules.together));
    let mut found: Vec<PersonId> = vec![];
    for _ in 0..usize::from(layer.rules.together).min(layer.people.len()) {
        let person = line.next().expect("a circle");
        if !found.contains(person) {
            found.push(person.clone());
        }
    }
    found
}

/// The changes of offset of `zone` since 2000.
fn changes_since_2000(zone: &str, zones: &Zones) -> Vec<Timestamp> {
    let zone = zones.get(zone).expect("a known zone");
    let from = Timestamp::parse_rfc3339("2000-02-20T00:00:00Z").expect("a time").to_jiff();
    let to = Timestamp::parse_rfc3339("2027-01-01T00:00:00Z").expect("a time").to_jiff();
    let mut found = vec![];
    let mut before = zone.to_offset(from);
    for it in zone.following(from).take_while(|it| it.timestamp() < to) {
        if it.offset() != before {
            found.push(Timestamp::from_jiff(it.timestamp()));
        }
        before = it.offset();
    }
    found
}

/// A counter stirred well (`SplitMix64`, Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("below a count")
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn minute(&mut self) -> u16 {
        // Often in the hours in which clocks change.
        let most = if self.one_in(2) { 240 } else { 1_440 };
        u16::try_from(self.below(most)).expect("small")
    }

    fn people(&mut self) -> Vec<PersonId> {
        let first = self.below(PEOPLE.len());
        let count = 1 + self.below(4);
        (0..count).map(|it| PEOPLE[(first + it) % PEOPLE.len()].into()).collect()
    }

    fn hours(&mut self) -> Hours {
        let days = DAYS.iter().copied().filter(|_| self.one_in(2)).collect();
        Hours { days, from_minute: self.minute(), until_minute: self.minute() }
    }

    fn day(&mut self, from: Timestamp, spread: i64) -> String {
        let ahead =
            i64::try_from(self.below(usize::try_from(spread).expect("small"))).expect("small");
        from.plus(Millis::from_days(ahead)).to_string()[..10].to_owned()
    }

    fn rota(&mut self, zone: &str, from: Timestamp, zones: &Zones) -> Rota {
        let count = 1 + self.below(3);
        let layers = (0..count).map(|_| self.layer(from, zones)).collect();
        Rota {
            timezone: zone.to_owned(),
            layers,
            load: None,
            confirm: None,
            rules: RotaRules::default(),
        }
    }

    fn layer(&mut self, from: Timestamp, zones: &Zones) -> Layer {
        let turn = match self.below(4) {
            0 => Turn::Hours(u16::try_from(1 + self.below(30)).expect("small")),
            1 => Turn::Days(u16::try_from(1 + self.below(9)).expect("small")),
            2 => Turn::Weeks(u16::try_from(1 + self.below(2)).expect("small")),
            _ => Turn::Months(1),
        };
        let mut rules = LayerRules {
            together: if self.one_in(4) { 2 } else { 1 },
            advance: if self.one_in(2) { Advance::Worked } else { Advance::Turn },
            ..LayerRules::default()
        };
        if self.one_in(2) {
            rules.only = (0..=self.below(2)).map(|_| self.hours()).collect();
        }
        if self.one_in(4) {
            rules.shifts = (0..=self.below(2)).map(|_| self.pattern()).collect();
        }
        if self.one_in(4) {
            rules.from = Some(self.day(from, 4));
        }
        if self.one_in(4) {
            rules.until = Some(self.day(from, 6));
        }
        if self.one_in(5) && zones.get("Australia/Lord_Howe").is_some() {
            rules.timezone = Some("Australia/Lord_Howe".to_owned());
        }
        // Begun a month or so before, so that nothing is asked of turns before the first.
        let starts = self.day(from.minus(Millis::from_days(32)), 2);
        let (handover_day, handover_minute) = (DAYS[self.below(7)], self.minute());
        Layer { people: self.people(), turn, handover_day, handover_minute, starts, rules }
    }

    fn pattern(&mut self) -> ShiftPattern {
        let repeat = match self.below(3) {
            0 => "FREQ=DAILY;INTERVAL=2".to_owned(),
            1 => "FREQ=WEEKLY;BYDAY=MO,TU,SA".to_owned(),
            _ => "FREQ=WEEKLY;BYDAY=SU,TH".to_owned(),
        };
        let lasts_mins = u32::try_from(1 + self.below(3 * 1_440)).expect("small");
        ShiftPattern { repeat, start_minute: self.minute(), lasts_mins }
    }

    fn overrides(&mut self, from: Timestamp) -> BTreeMap<OverrideId, Override> {
        (1..=self.below(4) as u64)
            .map(|id| {
                let starts = i64::try_from(self.below(5 * 1_440)).expect("small");
                let lasts = i64::try_from(1 + self.below(1_440)).expect("small");
                let starts = from.plus(Millis::from_mins(starts));
                let person = |it: &mut Self| PersonId::from(PEOPLE[it.below(PEOPLE.len())]);
                let change = match self.below(3) {
                    0 => Change::Add(person(self)),
                    1 => Change::Remove(person(self)),
                    _ => Change::Replace { person: person(self), by: person(self) },
                };
                let rota = if self.one_in(2) { "first".into() } else { "second".into() };
                let ends = starts.plus(Millis::from_mins(lasts));
                (OverrideId(id), Override { rota, starts, ends, change })
            })
            .collect()
    }
}
