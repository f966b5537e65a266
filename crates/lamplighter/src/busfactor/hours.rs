//! Hours of the week in which nobody who knows a service is at work.

use crate::records::facts::people;
use ::busfactor::{History, Question, ServicePairing, WeeklyHours, service_pairing, uncovered};
use ::whatif::calendar::{Calendar, Span};
use ::whatif::number::{DAY_MS, WEEK_MS};
use serde_json::{Value, json};
use server::Problem;
use std::collections::BTreeMap;
use std::path::Path;
use worklog::Worklog;

/// What is known of hours, where a list of people was given.
pub(super) struct Covered {
    /// Minutes a week with nobody, per service.
    pub(super) nobody: BTreeMap<String, u32>,
    /// Whether a pairing was asked for, and the best one, if any helps.
    pub(super) asked: bool,
    pub(super) pairing: Option<ServicePairing>,
}

/// Hours of a list: those of the week of the last deed, with its clocks, winter or summer.
pub(super) fn listed(path: &Path, history: &History) -> Result<WeeklyHours, Problem> {
    let text = super::content(path)?;
    let last_ms = history.commits.iter().map(|it| it.committed_at.0).max().unwrap_or(0);
    // 5 January 1970 was a Monday.
    let from_ms = last_ms - (last_ms - 4 * DAY_MS).rem_euclid(WEEK_MS);
    let week = Span { from_ms, to_ms: from_ms + WEEK_MS };
    let people = people(&text, week).map_err(|error| {
        Problem::negative(format!("could not use {}", path.display())).detail(error)
    })?;
    let known = people.into_iter().filter_map(|(name, (calendar, _))| Some((name, calendar?)));
    Ok(weekly(week, known))
}

/// Hours of the configuration, of the week in which the journal ends, without leave.
pub(super) fn configured(log: &Worklog) -> Result<WeeklyHours, Problem> {
    let (week, people) = &log.week;
    if people.is_empty() {
        return Err(Problem::negative("nobody's hours are configured")
            .hint("write `hours` at people in the configuration, or give --people FILE"));
    }
    Ok(weekly(*week, people.clone().into_iter()))
}

fn weekly(week: Span, people: impl Iterator<Item = (String, Calendar)>) -> WeeklyHours {
    let minute =
        |at_ms: i64| u32::try_from((at_ms - week.from_ms) / 60_000).expect("within the week");
    let spans =
        |it: &Calendar| it.spans().iter().map(|it| minute(it.from_ms)..minute(it.to_ms)).collect();
    people.map(|(name, calendar)| (name, spans(&calendar))).collect()
}

/// Hours with nobody, and the pairing that shortens them most, if one was asked for.
pub(super) fn covered(
    hours: &WeeklyHours,
    history: &History,
    question: &Question,
    asked: bool,
) -> Covered {
    let nobody = uncovered(history, question, hours);
    let pairing = asked.then(|| service_pairing(history, question, hours)).flatten();
    Covered { nobody, asked, pairing }
}

/// For programs.
pub(super) fn json(it: &Covered) -> Value {
    let hours = |minutes: u32| f64::from(minutes) / 60.0;
    let nobody: BTreeMap<&String, f64> =
        it.nobody.iter().map(|(service, minutes)| (service, hours(*minutes))).collect();
    let pairing = it.pairing.as_ref().map(|it| {
        json!({
            "service": it.service,
            "knows": it.knows,
            "learns": it.learns,
            "begun": it.begun,
            "hours_with_nobody": [hours(it.nobody.0), hours(it.nobody.1)],
            "hours_together": hours(it.together),
            "as_good": it.as_good,
        })
    });
    json!({ "hours_with_nobody": nobody, "pairing": pairing })
}

/// Minutes as hours, to a quarter where that is needed.
pub(super) fn shown(minutes: u32) -> String {
    let hours = format!("{:.2}", f64::from(minutes) / 60.0);
    hours.trim_end_matches('0').trim_end_matches('.').to_owned()
}
