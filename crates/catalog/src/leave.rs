//! When people are away: days written in the configuration, and calendars that stand beside it.
//!
//! Intuition: leave that is known only to a calendar nobody here reads is found out at night. So a person
//! names the calendar of their leave and the site where they live, a site names its public holidays, and
//! both are read with everything else.
//!
//! Complications: a catalogue holds times, and a calendar may go on for ever. Calendars are therefore kept
//! beside the catalogue, and [`Loaded::with_absences`] writes the times of two calendar years into it: the
//! one in which it is asked and the next. The years, not a moving window: reading the same files twice in
//! a year gives the same catalogue.
//!
//! Invariants: a calendar that cannot be read at all is an error; an event that cannot be read is a
//! warning with its line, and the others count.

use crate::Loaded;
use crate::diagnostic::{Problem, Sink, quote};
use crate::files::SourceFile;
use crate::sections::Sections;
use crate::yaml::Node;
use model::{Away, AwayKind, PersonId, Timestamp};
use oncall::Zones;
use oncall::ics::Calendar;
use std::collections::BTreeMap;
use std::path::Path;

/// Problems of one calendar that are told.
const TOLD_MAX: usize = 5;
/// Most days that one line of leave may last; more is a slip of the pen.
const DAYS_MAX: i64 = 366;

/// Times in which somebody is away, as they are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Absence {
    /// Who.
    people: Vec<PersonId>,
    kind: AwayKind,
    when: When,
}

#[derive(Debug, Clone, PartialEq)]
enum When {
    /// Whole days where the person is: the first, and the first after them.
    Days(jiff::civil::Date, jiff::civil::Date),
    /// The events of a calendar.
    Calendar(Calendar),
}

/// Gives the bytes of a file.
pub(crate) type Reader<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>;

/// Whether `text` is a day, some days or the name of a calendar.
pub(crate) fn is_absence(text: &str) -> bool {
    is_calendar(text) || days(text).is_some()
}

/// Whether a file of this name is a calendar.
pub(crate) fn is_calendar(text: &str) -> bool {
    Path::new(text).extension().is_some_and(|it| it.eq_ignore_ascii_case("ics"))
        && text.chars().count() <= 512
}

/// Reads `2026-12-24` or `2026-12-24..2027-01-02`, both days included.
fn days(text: &str) -> Option<(jiff::civil::Date, jiff::civil::Date)> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let day = |it: &str| -> Option<jiff::civil::Date> {
        crate::scalars::is_date(it).then(|| it.parse().ok())?
    };
    let (first, last) = (day(first)?, day(last)?);
    let length = (last - first).get_days();
    (0..DAYS_MAX).contains(&i64::from(length)).then(|| Some((first, last.tomorrow().ok()?)))?
}

/// Everything that is said about leave, with its calendars read.
pub(crate) fn gather(
    sections: &Sections,
    files: &[SourceFile],
    reader: Reader<'_>,
    sink: &mut Sink,
) -> Vec<Absence> {
    let mut found = vec![];
    let mut living: BTreeMap<&str, Vec<PersonId>> = BTreeMap::new();
    for person in sections.entries("people").filter(|it| crate::scalars::is_id(&it.key)) {
        let id = PersonId::from(person.key.as_str());
        if let Some(site) = person.value.get("site").and_then(Node::text) {
            living.entry(site).or_default().push(id.clone());
        }
        for node in person.value.get("leave").map_or(&[][..], Node::items) {
            let when = read(node, files, reader, sink);
            found.extend(when.map(|when| Absence {
                people: vec![id.clone()],
                kind: AwayKind::Leave,
                when,
            }));
        }
    }
    for site in sections.entries("sites") {
        let people = living.remove(site.key.as_str()).unwrap_or_default();
        for node in site.value.get("holidays").map_or(&[][..], Node::items) {
            let when = read(node, files, reader, sink);
            found.extend(when.map(|when| Absence {
                people: people.clone(),
                kind: AwayKind::Holiday,
                when,
            }));
        }
    }
    found
}

fn read(node: &Node, files: &[SourceFile], reader: Reader<'_>, sink: &mut Sink) -> Option<When> {
    let text = node.text()?;
    if !is_calendar(text) {
        return days(text).map(|it| When::Days(it.0, it.1));
    }
    let beside = files.get(node.span.file).map_or(Path::new(""), |it| Path::new(&it.name));
    let path = beside.parent().unwrap_or(Path::new("")).join(text);
    let shown = path.display().to_string();
    let bytes = match reader(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read {}: {error}", quote(&shown));
            let hint = "its name is meant from the folder of this file";
            sink.push(Problem::at(node.span, "LL091", message).hint(hint));
            return None;
        }
    };
    let calendar = Calendar::read(&bytes, &Zones::bundled());
    for (line, told) in calendar.problems.iter().take(TOLD_MAX) {
        let message = format!("{}, line {line}: {told}", quote(&shown));
        let hint = "this event is left out, and the others count: mend or remove it";
        sink.push(Problem::at(node.span, "LL092", message).hint(hint));
    }
    Some(When::Calendar(calendar))
}

impl Loaded {
    /// With the times of leave and public holidays of the year of `now` and of the next one written into
    /// the catalogue.
    #[must_use]
    pub fn with_absences(mut self, now: Timestamp) -> Self {
        let Some(catalogue) = &mut self.catalogue else { return self };
        let zones = Zones::bundled();
        let year = now.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).year();
        let first = |year: i16| {
            let day = jiff::civil::Date::new(year, 1, 1).expect("a year of our time");
            let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).expect("UTC has every midnight");
            Timestamp::from_jiff(midnight.timestamp())
        };
        let (from, to) = (first(year), first(year + 2));
        for absence in &self.absences {
            for id in &absence.people {
                let Some(person) = catalogue.people.get_mut(id) else { continue };
                let times = match &absence.when {
                    When::Days(first, end) => {
                        vec![oncall::whole_days(&person.timezone, *first, *end, &zones)]
                    }
                    When::Calendar(it) => it.times(&person.timezone, from, to, &zones),
                };
                let kind = absence.kind;
                let within = times.into_iter().filter(|it| it.0 < to && from < it.1);
                person.duty.away.extend(within.map(|(starts, ends)| Away { starts, ends, kind }));
            }
        }
        for person in catalogue.people.values_mut() {
            person.duty.away.sort();
            person.duty.away.dedup();
        }
        self
    }
}
