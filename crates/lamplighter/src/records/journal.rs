//! This organisation's own journal as records: measures from it, and a question to begin with.
//!
//! Intuition: whoever has used the pager for a while need not export anything. Incidents, who had them and
//! who was on duty are in the journal; what it does not hold is said each time, because a manager must not
//! take "no tickets" for "nobody asked".
//!
//! Invariants:
//! - the journal is read and never written, whether a server runs or not;
//! - personal text is not even decrypted: only ids are counted.

use super::draft::{ending, quoted};
use super::{as_json, as_text, facts, write_new};
use crate::cli;
use crate::journal::{Keys, decoded, each};
use crate::offline::found_at;
use crate::{Answer, YES, no, say, say_json};
use ::whatif::records::describe_of;
use serde_json::{Value, json};
use server::Problem;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use worklog::{EVENTS_MAX, NOT_HELD, Reader, Worklog};

/// Where a journal lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// A data folder, or a URL of a database.
    pub(crate) at: &'a str,
    /// Which organisation, where that is said.
    pub(crate) org: Option<&'a str>,
}

impl Origin<'_> {
    /// Reads all of it.
    pub(crate) fn read(&self) -> Result<Worklog, Problem> {
        let place = if self.at.contains("://") {
            server::Place::Database(self.at.to_owned())
        } else {
            server::Place::Folder(self.at.into())
        };
        let (place, org) = found_at(place, self.org)?;
        let mut journal = place.open(&org)?.journal;
        let mut reader = Reader::new(::oncall::Zones::bundled());
        let mut keys = Keys::default();
        each(&mut *journal, &mut |record| {
            if record.seq > EVENTS_MAX {
                return Err(Problem::negative(format!(
                    "the journal holds more than {EVENTS_MAX} records"
                ))
                .hint("export it and cut off the oldest years"));
            }
            reader.see(&decoded(record, &mut keys)?);
            Ok(())
        })?;
        Ok(reader.finish())
    }
}

pub(super) fn records(it: &cli::Records, journal: &str) -> Answer {
    let log = Origin { at: journal, org: it.history.org.as_deref() }.read()?;
    let described = describe_of(&log.records.works, it.group_min);
    let facts = facts::said(&log.records.works, &log.roster, log.within, it.group_min);
    if let Some(to) = &it.draft {
        write_new(to, &format!("{}{}", head(to), question(&log, journal)))?;
    }
    if it.form.json {
        let mut value = as_json(&log.records, &described);
        value["people"] = facts::json(facts.as_ref(), it.group_min);
        value["not_held"] = not_held();
        value["looks_like"] = json!({ "structure": log.looks_like.0, "because": log.looks_like.1 });
        say_json(&value);
    } else {
        let mut text = as_text(&log.records, &described, it.group_min);
        let missing = without_hours(&log);
        facts::show(&mut text, facts.as_ref(), it.group_min, ("the configuration", &missing));
        bounds(&mut text, facts.is_some_and(|facts| facts.people >= it.group_min.people()));
        let _ = writeln!(text, "\nthe journal does not hold");
        for (what, then) in NOT_HELD {
            let _ = writeln!(text, "  {what}: {then}");
        }
        say(&text);
    }
    Ok(if log.records.works.is_empty() { no() } else { YES })
}

/// What the hours between taking and ending are worth.
fn bounds(text: &mut String, people: bool) {
    if people {
        text.push_str(
            "  having a page counts as working on it: duty load is at most this, blocks at least\n  \
             calls are messages a provider took, without mail; within 60 seconds they are one\n",
        );
    }
}

fn without_hours(log: &Worklog) -> Vec<String> {
    let some = log.without_hours > 0;
    let said = format!("hours of {} people, without which blocks are not seen", log.without_hours);
    some.then_some(said).into_iter().collect()
}

/// For programs: what no journal holds.
pub(crate) fn not_held() -> Value {
    NOT_HELD.iter().map(|(what, then)| json!({ "what": what, "then": then })).collect()
}

fn head(to: &std::path::Path) -> String {
    format!(
        "# A draft from the journal. Change what is marked with <-, then:\n\
         #   lamplighter whatif {} --report answer.html\n",
        to.display()
    )
}

/// A question about the configured teams, with the journal at `journal` as records.
pub(crate) fn question(log: &Worklog, journal: &str) -> String {
    let list = |all: &[String]| all.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(", ");
    let mut text = "weeks: 26\nteams:\n".to_owned();
    for team in &log.teams {
        if team.elsewhere > 0 {
            let _ = writeln!(
                text,
                "  # <- {} of them live in another zone: split the team, or leave it",
                team.elsewhere
            );
        }
        let (hours, days) = hours(team.hours.as_ref());
        let _ = writeln!(
            text,
            "  {}: {{ people: {}, timezone: {}, hours: {hours}{days}, owns: [{}] }}",
            quoted(&team.name),
            team.people,
            quoted(&team.timezone),
            list(&team.owns)
        );
    }
    let owned: BTreeSet<&String> = log.teams.iter().flat_map(|it| &it.owns).collect();
    let about = log.records.works.iter().filter_map(|it| it.about.as_ref());
    let shared: BTreeSet<&String> = about.filter(|it| !owned.contains(it)).collect();
    let mut shared: Vec<String> = shared.into_iter().cloned().collect();
    if shared.is_empty() && owned.is_empty() {
        shared.push("everything".to_owned());
    }
    let _ = write!(
        text,
        "shared: [{}]\n\
         records:\n  \
         journal: {}\n  \
         # <- in force while it was written: a guess, because {}\n  \
         now: {}\n\
         work:\n  \
         # <- hours a page takes somebody who knows it: the journal does not say.\n  \
         - {{ class: page, per_week: {:.2}, hours: 1 }}\n  \
         # <- tickets, requests, changes, roadmap work: the journal does not hold them.\n  \
         # - {{ class: ticket, per_week: 10, hours: 1, comes: working-hours }}\n\
         # The hours above are nobody's measurement, so their range is wide.\n\
         ranges: {{ work: [0.25, 4] }}\n\
         {}",
        list(&shared),
        quoted(journal),
        log.looks_like.1,
        quoted(log.looks_like.0),
        per_week(log).max(0.01),
        ending(),
    );
    text
}

fn per_week(log: &Worklog) -> f64 {
    use ::whatif::number::{WEEK_MS, count, float};
    count(log.records.works.len()) * float(WEEK_MS) / float(log.within.length_ms().max(WEEK_MS))
}

/// As the file writes them.
fn hours(it: Option<&model::Hours>) -> (String, String) {
    let Some(it) = it else { return ("\"09:00-17:00\"".to_owned(), String::new()) };
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let days = if it.days.is_empty() { oncall::EVERY_DAY.to_vec() } else { it.days.clone() };
    let days: Vec<String> = days.iter().map(|it| format!("{it:?}").to_lowercase()).collect();
    (
        format!("\"{}-{}\"", clock(it.from_minute), clock(it.until_minute)),
        format!(", days: [{}]", days.join(", ")),
    )
}
