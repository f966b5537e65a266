//! How people work, by an export and the lists beside it.
//!
//! Invariant: below five people, or as many more as are asked for, nothing is shown, and what cannot be seen is said to be missing, with
//! what would show it.

use crate::cli::RecordsBeside;
use crate::whatif::input::clock;
use ::whatif::calendar::{Calendar, Hours, Span};
use ::whatif::facts::{Facts, GroupMin, Roster, WorkHistory};
use ::whatif::number::DAY_MS;
use ::whatif::records::Work;
use model::{Timestamp, Weekday};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// A file and what is wrong with it.
type Wrong = (String, String);

/// What can be said of people; nothing where nobody is named.
pub(super) fn of(
    works: &[Work],
    beside: &RecordsBeside,
    least: GroupMin,
) -> Result<Option<Facts>, Wrong> {
    let (Some(first), Some(last)) = (works.first(), works.last()) else { return Ok(None) };
    let end = works.iter().filter_map(|it| it.finished_ms).max().unwrap_or(0);
    let within = Span { from_ms: first.created_ms, to_ms: last.created_ms.max(end) + 1 };
    let roster = Roster {
        people: read(beside.people.as_deref(), &|text| people(text, within))?.unwrap_or_default(),
        duties: read(beside.duty.as_deref(), &duties)?,
        owners: beside.owner.iter().cloned().collect(),
        efforts: !beside.working.is_empty(),
        calls: None,
    };
    Ok(said(works, &roster, within, least))
}

/// What can be said of people whose hours and duties are known from elsewhere.
pub(super) fn said(
    works: &[Work],
    roster: &Roster,
    within: Span,
    least: GroupMin,
) -> Option<Facts> {
    let history = WorkHistory::recorded(works, roster, within);
    (!history.people.is_empty()).then(|| history.facts_of(least))
}

/// What an export does not hold and nothing beside it says.
pub(super) fn missing(beside: &RecordsBeside) -> Vec<String> {
    let missing = [
        (beside.people.is_none(), "nights, blocks: --people"),
        (beside.duty.is_none(), "duty load, what gets past it, rotation: --duty"),
        (beside.owner.is_empty(), "run outside its team: --owner"),
        (
            beside.working.is_empty(),
            "when somebody worked: --working, in an export with a row per change",
        ),
    ];
    missing.into_iter().filter(|it| it.0).map(|it| it.1.to_owned()).collect()
}

fn read<T>(
    path: Option<&Path>,
    parse: &dyn Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Wrong> {
    let Some(path) = path else { return Ok(None) };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|it| (shown.clone(), it.to_string()))?;
    parse(&text).map(Some).map_err(|it| (shown, it))
}

/// Lines of three fields; a header is left out.
fn lines<'a>(
    text: &'a str,
    header: &'a str,
) -> impl Iterator<Item = Result<(usize, [&'a str; 3]), String>> {
    let lines = text.lines().enumerate().filter(|it| !it.1.trim().is_empty());
    let lines = lines.filter(move |it| it.0 > 0 || it.1.trim() != header);
    lines.map(move |(number, line)| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let fields: [&str; 3] =
            fields.try_into().map_err(|_| format!("line {}: write {header}", number + 1))?;
        Ok((number + 1, fields))
    })
}

/// Calendars and nights by name, from lines of `person,timezone,hours`.
pub(crate) fn people(
    text: &str,
    within: Span,
) -> Result<BTreeMap<String, (Option<Calendar>, Calendar)>, String> {
    const WORKDAYS: [Weekday; 5] =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let mut found = BTreeMap::new();
    // The night before the first day belongs to it.
    let wide = Span { from_ms: within.from_ms - DAY_MS, to_ms: within.to_ms + DAY_MS };
    for line in lines(text, "person,timezone,hours") {
        let (number, [person, zone, hours]) = line?;
        let zone = ::oncall::Zones::bundled()
            .get(zone)
            .ok_or_else(|| format!("line {number}: the time zone `{zone}` is not known"))?;
        let (from_minute, to_minute) = clock(hours)
            .ok_or_else(|| format!("line {number}: write hours as 09:00-17:00, not `{hours}`"))?;
        let day = Hours { days: WORKDAYS.to_vec(), from_minute, to_minute, absent: vec![] };
        let every = WORKDAYS.into_iter().chain([Weekday::Sat, Weekday::Sun]).collect();
        let night = Hours { days: every, from_minute: 1_320, to_minute: 480, absent: vec![] };
        let calendars =
            (Some(Calendar::compile(&day, &zone, within)), Calendar::compile(&night, &zone, wide));
        found.insert(person.to_owned(), calendars);
    }
    Ok(found)
}

fn duties(text: &str) -> Result<Vec<(String, Span)>, String> {
    let mut found = vec![];
    for line in lines(text, "person,from,to") {
        let (number, [person, from, to]) = line?;
        let at = |text: &str| {
            let at = Timestamp::parse_rfc3339(text).map(|it| it.0);
            at.ok_or_else(|| format!("line {number}: `{text}` is no instant"))
        };
        let span = Span { from_ms: at(from)?, to_ms: at(to)? };
        if span.length_ms() <= 0 {
            return Err(format!("line {number}: it ends before it begins"));
        }
        found.push((person.to_owned(), span));
    }
    Ok(found)
}

/// In words.
pub(super) fn show(
    text: &mut String,
    facts: Option<&Facts>,
    least: GroupMin,
    (source, missing): (&str, &[String]),
) {
    let Some(facts) = facts else { return };
    let _ = writeln!(text, "\nhow people work: {} people", facts.people);
    let least = least.people();
    if facts.people < least {
        let _ = writeln!(
            text,
            "  not shown: with fewer than {least} people a mean is nearly about somebody"
        );
        return;
    }
    for (_, title, value) in facts.numbers() {
        if let Some(value) = value {
            let _ = writeln!(text, "  {title:34}{value:.2}");
        }
    }
    if let Some(it) = facts.fairness {
        let word = if it.gini > it.high {
            "less even than chance"
        } else if it.gini < it.low {
            "more even than chance"
        } else {
            "as chance would have it"
        };
        let _ = writeln!(
            text,
            "  {:34}Gini {:.2}, {word}: a fair lottery gives {:.2} to {:.2}, {}",
            "how items fall",
            it.gini,
            it.low,
            it.high,
            it.chances.words()
        );
    }
    let heads: Vec<String> = facts.headcount.iter().map(|it| it.1.to_string()).collect();
    let _ = writeln!(text, "  {:34}{}", "people seen, every 4 weeks", heads.join(" "));
    if !missing.is_empty() {
        let _ = writeln!(text, "  not in {source}: {}", missing.join("; "));
    }
}

/// For programs.
pub(super) fn json(facts: Option<&Facts>, least: GroupMin) -> Value {
    let Some(facts) = facts.filter(|it| it.people >= least.people()) else { return Value::Null };
    let mut value: Value =
        facts.numbers().into_iter().map(|(key, _, it)| (key.to_owned(), json!(it))).collect();
    value["people"] = json!(facts.people);
    value["fairness"] = json!(facts.fairness.map(|it| json!({
        "gini": it.gini,
        "low": it.low,
        "high": it.high,
        "chances": it.chances.key(),
    })));
    value["headcount"] = facts
        .headcount
        .iter()
        .map(|(at_ms, people)| json!({ "from": Timestamp(*at_ms).to_string(), "people": people }))
        .collect();
    value
}
