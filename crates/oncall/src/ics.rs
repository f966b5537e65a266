//! Calendars of leave and public holidays: the events of an iCalendar file (RFC 5545) as times.
//!
//! Intuition: of a calendar of leave only one thing matters: from when until when. Titles and guests are kept
//! only where a calendar is read as a rota ([`Calendar::read_duty`]), places and descriptions never.
//!
//! Complications: files of the world are damaged in many ways. What cannot be read is named with its line
//! and left out, and the rest is read; nothing is ever guessed. A time without a zone, and a whole day,
//! are meant where the person is.
//!
//! Invariants: any bytes give an answer, in bounded time; an event that is left out is a problem said.

use crate::recurrence::Recurrence;
use crate::wall::{merged, met, moved};
use crate::zones::Zones;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::{Millis, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Largest calendar, in bytes.
pub const BYTES_MAX: usize = 4 << 20;
/// Most events of one calendar.
pub const EVENTS_MAX: usize = 10_000;
/// Most occurrences of one event that are looked at.
const OCCURRENCES_MAX: usize = 20_000;

/// The events of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    events: Vec<Event>,
    /// Whether it is kept whom events name.
    names: bool,
    /// What could not be read: line, counted from 1, and why.
    pub problems: Vec<(usize, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Event {
    uid: String,
    starts: DateTime,
    all_day: bool,
    zone: Zone,
    lasts: Lasts,
    rule: Option<Recurrence>,
    without: BTreeSet<Date>,
    /// The time of the occurrence in whose place this one stands, as written: it is a day of the place of
    /// the event that recurs, which may be another.
    replaces: Option<(DateTime, bool, Zone)>,
    /// Whom it names, where that is wanted.
    named: Named,
}

/// Whom an event names, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Named {
    /// The title.
    pub title: String,
    /// The mail addresses of guests.
    pub guests: Vec<String>,
}

/// How long an event lasts. An end is read off a clock on the wall, and so are days; hours of a DURATION
/// are hours, whatever clocks do (RFC 5545 §3.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Lasts {
    days: i64,
    /// On the wall.
    secs: i64,
    exact_secs: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Zone {
    Here,
    Utc,
    Named(String),
}

/// A line with its parts: `DTSTART;VALUE=DATE:20261224`.
struct Line<'a> {
    number: usize,
    name: String,
    parameters: &'a str,
    value: &'a str,
}

impl Calendar {
    /// Reads `bytes`; its zones must be among `zones`.
    #[must_use]
    pub fn read(bytes: &[u8], zones: &Zones) -> Self {
        Self::read_as(bytes, zones, false)
    }

    /// Reads a calendar of who is on duty: titles and guests are kept.
    #[must_use]
    pub fn read_duty(bytes: &[u8], zones: &Zones) -> Self {
        Self::read_as(bytes, zones, true)
    }

    fn read_as(bytes: &[u8], zones: &Zones, names: bool) -> Self {
        let mut calendar = Self { names, ..Self::default() };
        if bytes.len() > BYTES_MAX {
            calendar.problems.push((1, format!("it is larger than {BYTES_MAX} bytes")));
            return calendar;
        }
        let text = String::from_utf8_lossy(bytes);
        let lines = unfolded(text.trim_start_matches('\u{feff}'));
        let mut inside: Vec<&str> = vec![];
        let mut event: Vec<Line<'_>> = vec![];
        let mut began = 0;
        for (number, line) in &lines {
            let Some(line) = parted(*number, line) else { continue };
            match line.name.as_str() {
                "BEGIN" => {
                    if inside.last().is_some_and(|it| it.eq_ignore_ascii_case("VEVENT")) {
                        let told = format!("{} inside of an event", line.value.trim());
                        if line.value.trim().eq_ignore_ascii_case("VEVENT") {
                            calendar.problems.push((line.number, told));
                            event.clear();
                            inside.pop();
                        }
                    }
                    if line.value.trim().eq_ignore_ascii_case("VEVENT") {
                        began = line.number;
                        event.clear();
                    }
                    inside.push(line.value.trim());
                }
                "END" => {
                    let was = inside.pop().unwrap_or_default();
                    if was.eq_ignore_ascii_case("VEVENT") {
                        calendar.take(began, &event, zones);
                        event.clear();
                    }
                }
                _ if inside.last().is_some_and(|it| it.eq_ignore_ascii_case("VEVENT")) => {
                    event.push(line);
                }
                _ => {}
            }
        }
        if inside.iter().any(|it| it.eq_ignore_ascii_case("VEVENT")) {
            calendar.problems.push((began, "this event never ends".to_owned()));
        }
        if calendar.events.is_empty() && calendar.problems.is_empty() {
            calendar.problems.push((1, "there is no event in it".to_owned()));
        }
        calendar
    }

    fn take(&mut self, began: usize, lines: &[Line<'_>], zones: &Zones) {
        let cancelled = lines
            .iter()
            .any(|it| it.name == "STATUS" && it.value.trim().eq_ignore_ascii_case("CANCELLED"));
        match event(lines, zones) {
            _ if self.events.len() >= EVENTS_MAX => {
                let told = format!("only {EVENTS_MAX} events are read");
                self.problems.push((began, told));
            }
            Ok(event) if !cancelled || event.replaces.is_some() => {
                let lasts = if cancelled { Lasts::default() } else { event.lasts };
                let named = if self.names { named(lines) } else { Named::default() };
                self.events.push(Event { lasts, named, ..event });
            }
            Ok(_) => {}
            Err((line, told)) => self.problems.push((line.unwrap_or(began), told)),
        }
    }

    /// The times within `from..to`, merged; whole days and times without a zone are those of `zone`.
    #[must_use]
    pub fn times(
        &self,
        zone: &str,
        from: Timestamp,
        to: Timestamp,
        zones: &Zones,
    ) -> Vec<(Timestamp, Timestamp)> {
        let found = self.occurrences(zone, from, to, zones);
        merged(found.into_iter().map(|(starts, ends, _)| (starts, ends)).collect())
    }

    /// Each occurrence within `from..to` by itself, with whom it names; as [`Self::times`] otherwise.
    #[must_use]
    pub fn occurrences(
        &self,
        zone: &str,
        from: Timestamp,
        to: Timestamp,
        zones: &Zones,
    ) -> Vec<(Timestamp, Timestamp, &Named)> {
        let here = zones.get(zone).unwrap_or(TimeZone::UTC);
        let replaced = self.replaced(zones);
        let mut found = vec![];
        for event in &self.events {
            let zone = match &event.zone {
                Zone::Here => here.clone(),
                Zone::Utc => TimeZone::UTC,
                Zone::Named(name) => zones.get(name).unwrap_or_else(|| here.clone()),
            };
            let last = crate::wall::shown(&here, to).date().saturating_add(2.days());
            for day in event.days().take(OCCURRENCES_MAX).take_while(|it| *it <= last) {
                let stands_elsewhere =
                    event.replaces.is_none() && replaced.contains(&(event.uid.as_str(), day));
                if event.without.contains(&day) || stands_elsewhere {
                    continue;
                }
                let starts = day.to_datetime(event.starts.time());
                let lasts = event.lasts.days.days().seconds(event.lasts.secs);
                let Ok(ends) = starts.checked_add(lasts) else { continue };
                let instant = if event.all_day { met } else { moved };
                let exact = Millis::from_secs(event.lasts.exact_secs);
                let ends = instant(&zone, ends).plus(exact);
                let (starts, ends) = (instant(&zone, starts).max(from), ends.min(to));
                if starts < ends {
                    found.push((starts, ends, &event.named));
                }
            }
        }
        found
    }

    /// The days on which an event that recurs is replaced by another one, by its name.
    fn replaced(&self, zones: &Zones) -> BTreeSet<(&str, Date)> {
        let recurring = self.events.iter().filter(|it| it.replaces.is_none() && !it.uid.is_empty());
        let zone_of: BTreeMap<&str, &Zone> =
            recurring.map(|it| (it.uid.as_str(), &it.zone)).collect();
        let replacing = self.events.iter().filter_map(|it| {
            let (written, zone) = (it.replaces.as_ref()?, zone_of.get(it.uid.as_str())?);
            Some((it.uid.as_str(), on_clock_of(zone, written, zones).date()))
        });
        replacing.collect()
    }
}

impl Event {
    fn days(&self) -> Box<dyn Iterator<Item = Date> + '_> {
        let first = self.starts.date();
        match &self.rule {
            None => Box::new(std::iter::once(first)),
            Some(rule) => Box::new(rule.dates(first)),
        }
    }
}

type Bad = (Option<usize>, String);

fn event(lines: &[Line<'_>], zones: &Zones) -> Result<Event, Bad> {
    let find = |name: &str| lines.iter().find(|it| it.name == name);
    let start =
        find("DTSTART").ok_or((None, "this event does not say when it starts".to_owned()))?;
    if let Some(it) = find("RDATE") {
        return Err((Some(it.number), "RDATE is not read".to_owned()));
    }
    let (starts, all_day, zone) = moment(start, zones)?;
    let lasts = match (find("DTEND"), find("DURATION")) {
        (Some(end), _) => {
            let (ends, _, other) = moment(end, zones)?;
            if other != zone {
                let told = "it starts and ends in different zones, which is not read";
                return Err((Some(end.number), told.to_owned()));
            }
            let lasts = ends.duration_since(starts);
            if lasts.is_negative() {
                return Err((Some(end.number), "it ends before it starts".to_owned()));
            }
            Lasts { secs: lasts.as_secs(), ..Lasts::default() }
        }
        (None, Some(it)) => duration(it.value.trim())
            .ok_or((Some(it.number), format!("`{}` is no length of time", short(it.value))))?,
        (None, None) if all_day => Lasts { days: 1, ..Lasts::default() },
        (None, None) => Lasts::default(),
    };
    let rule = find("RRULE").map(|it| rule(it, starts, &zone, zones)).transpose()?;
    let mut without = BTreeSet::new();
    for it in lines.iter().filter(|it| it.name == "EXDATE") {
        for value in it.value.split(',') {
            let there = moment(&Line { value, name: String::new(), ..*it }, zones)?;
            without.insert(on_clock_of(&zone, &there, zones).date());
        }
    }
    let replaces = find("RECURRENCE-ID").map(|it| moment(it, zones)).transpose()?;
    let uid = find("UID").map_or("", |it| it.value.trim()).to_owned();
    let named = Named::default();
    Ok(Event { uid, starts, all_day, zone, lasts, rule, without, replaces, named })
}

/// Whom an event names: its title, and the addresses of those who are invited.
fn named(lines: &[Line<'_>]) -> Named {
    let title = lines.iter().find(|it| it.name == "SUMMARY").map_or("", |it| it.value.trim());
    // RFC 5545 §3.3.11.
    let title = title.replace("\\,", ",").replace("\\;", ";").replace("\\n", " ");
    let guests = lines.iter().filter(|it| it.name == "ATTENDEE").filter_map(|it| {
        let (scheme, address) = it.value.trim().split_once(':')?;
        scheme.eq_ignore_ascii_case("mailto").then(|| address.trim().to_lowercase())
    });
    Named { title, guests: guests.collect() }
}

/// The rule of an event that starts at `starts`. Its end is an instant, most often in UTC: the last day is
/// the one on which the event still begins by then, where it takes place.
fn rule(line: &Line<'_>, starts: DateTime, zone: &Zone, zones: &Zones) -> Result<Recurrence, Bad> {
    let bad = |why| (Some(line.number), format!("its days: {why}"));
    let mut rule = Recurrence::parse(line.value).map_err(bad)?;
    let mut parts = line.value.split(';').filter_map(|it| it.split_once('='));
    let until = parts.rfind(|it| it.0.trim().eq_ignore_ascii_case("UNTIL"));
    if let Some((_, value)) = until.filter(|it| it.1.contains(['T', 't'])) {
        let value = value.trim();
        let until = moment(&Line { value, name: String::new(), parameters: "", ..*line }, zones)?;
        let last = on_clock_of(zone, &until, zones);
        let over = i64::from(last.time() < starts.time());
        rule.ends_on(last.date().saturating_sub(over.days()));
    }
    Ok(rule)
}

/// What the clock in `zone` shows at a time written in its own zone. Where either is only known as that of
/// the reader, as written.
fn on_clock_of(
    zone: &Zone,
    (time, all_day, written): &(DateTime, bool, Zone),
    zones: &Zones,
) -> DateTime {
    let known = |zone: &Zone| match zone {
        Zone::Here => None,
        Zone::Utc => Some(TimeZone::UTC),
        Zone::Named(name) => zones.get(name),
    };
    match (known(zone), known(written)) {
        (Some(zone), Some(other)) if !all_day => crate::wall::shown(&zone, moved(&other, *time)),
        _ => *time,
    }
}

/// The time of a line such as `DTSTART;TZID=Europe/Paris:20261224T090000`.
fn moment(line: &Line<'_>, zones: &Zones) -> Result<(DateTime, bool, Zone), Bad> {
    let value = line.value.trim();
    let bad = || (Some(line.number), format!("`{}` is no time", short(value)));
    let digits = |range: std::ops::Range<usize>| -> Option<i16> {
        let text = value.get(range)?;
        text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse().ok())?
    };
    let small = |range| digits(range).and_then(|it| i8::try_from(it).ok());
    let day = || Date::new(digits(0..4)?, small(4..6)?, small(6..8)?).ok();
    let day = day().filter(|it| (1..9_000).contains(&it.year())).ok_or_else(bad)?;
    if value.len() == 8 {
        return Ok((day.at(0, 0, 0, 0), true, Zone::Here));
    }
    let time = || {
        let second = small(13..15)?.min(59);
        (value.get(8..9)? == "T").then(|| {
            DateTime::new(
                day.year(),
                day.month(),
                day.day(),
                small(9..11)?,
                small(11..13)?,
                second,
                0,
            )
            .ok()
        })?
    };
    let time = time().ok_or_else(bad)?;
    let zone = line.parameters.split(';').find_map(|it| {
        let (name, value) = it.split_once('=')?;
        name.eq_ignore_ascii_case("TZID").then(|| value.trim_matches('"').to_owned())
    });
    match (value.get(15..), zone) {
        (Some("Z" | "z"), _) => Ok((time, false, Zone::Utc)),
        (Some(""), Some(name)) if zones.get(&name).is_some() => {
            Ok((time, false, Zone::Named(name)))
        }
        (Some(""), Some(name)) => {
            Err((Some(line.number), format!("the zone `{}` is not known", short(&name))))
        }
        (Some(""), None) => Ok((time, false, Zone::Here)),
        _ => Err(bad()),
    }
}

/// Reads `P1W`, `P2D` or `PT8H30M`.
fn duration(text: &str) -> Option<Lasts> {
    let mut rest = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let mut lasts = Lasts::default();
    let mut timed = false;
    let mut any = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            (timed, rest) = (true, after);
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = rest[..digits].parse().ok().filter(|it| *it <= 100_000)?;
        let unit = rest[digits..].chars().next()?;
        match (unit, timed) {
            ('W', false) => lasts.days += 7 * count,
            ('D', false) => lasts.days += count,
            ('H', true) => lasts.exact_secs += 3_600 * count,
            ('M', true) => lasts.exact_secs += 60 * count,
            ('S', true) => lasts.exact_secs += count,
            _ => return None,
        }
        any = true;
        rest = &rest[digits + unit.len_utf8()..];
    }
    (any && lasts.days < 10_000).then_some(lasts)
}

/// Lines with those that go on in the next one put together; their numbers are those of the file.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = vec![];
    for (number, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.1.push_str(more),
            _ => lines.push((number + 1, line.to_owned())),
        }
    }
    lines
}

fn parted(number: usize, line: &str) -> Option<Line<'_>> {
    // A colon inside of quotes belongs to a parameter.
    let mut quoted = false;
    let colon = line.char_indices().find(|(_, it)| {
        quoted ^= *it == '"';
        *it == ':' && !quoted
    })?;
    let (head, value) = (&line[..colon.0], &line[colon.0 + 1..]);
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    Some(Line { number, name: name.trim().to_ascii_uppercase(), parameters, value })
}

/// The beginning of a text from elsewhere, without control characters.
fn short(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(40).collect()
}
