//! `records`: what an export of tickets, pages or incidents says by itself.
//!
//! Intuition: the first half hour with a team's own numbers. Before anything is simulated, look at what
//! the records hold, what they do not, and what they only seem to measure.
//!
//! Invariant: nobody is named, nobody is counted alone, and how long people work is not told of fewer
//! than five of them.

mod draft;
mod journal;

pub(crate) mod facts;

use crate::cli;
use crate::whatif::recorded::Form;
use crate::{Answer, YES, no, say, say_json};
use ::whatif::facts::GroupMin;
use ::whatif::records::{Described, Records, TYPED, describe_of, read};
use serde_json::{Value, json};
use server::Problem;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

pub(crate) use journal::{Origin, not_held, question};

pub(crate) fn records(it: &cli::Records) -> Answer {
    if let Some(journal) = &it.history.journal {
        return journal::records(it, journal);
    }
    let file = it.file.as_deref().unwrap_or(Path::new(""));
    let shown = file.display();
    let wrong = |error: String| Problem::negative(format!("could not use {shown}")).detail(error);
    let form = Form {
        times: it.times.clone(),
        timezone: it.timezone.clone(),
        class: it.class.clone(),
        columns: it.column.iter().cloned().collect(),
        classes: it.means.iter().cloned().collect(),
        working: it.beside.working.clone(),
        helping: it.beside.helping.clone(),
        ..Form::default()
    };
    let reading = form.reading().map_err(wrong)?;
    let text = std::fs::read_to_string(file).map_err(|it| wrong(it.to_string()))?;
    let records = read(&text, &reading).map_err(|it| {
        wrong(it).hint("--column created=NAME says which column holds what; --times names a format")
    })?;
    let described = describe_of(&records.works, it.group_min);
    let facts = facts::of(&records.works, &it.beside, it.group_min).map_err(|(file, error)| {
        Problem::negative(format!("could not use {file}")).detail(error)
    })?;
    if let Some(to) = &it.draft {
        write_new(to, &draft::draft(it, file, to, &records, &described))?;
    }
    if it.form.json {
        let mut value = as_json(&records, &described);
        value["people"] = facts::json(facts.as_ref(), it.group_min);
        say_json(&value);
    } else {
        let mut text = as_text(&records, &described, it.group_min);
        let missing = facts::missing(&it.beside);
        facts::show(&mut text, facts.as_ref(), it.group_min, ("this export", &missing));
        say(&text);
    }
    Ok(if records.works.is_empty() { no() } else { YES })
}

/// What somebody has changed by hand is never written over.
fn write_new(to: &Path, text: &str) -> Result<(), Problem> {
    let written = std::fs::File::create_new(to).and_then(|mut it| it.write_all(text.as_bytes()));
    written.map_err(|error| {
        Problem::negative(format!("could not write {}", to.display()))
            .detail(error)
            .hint("name a file that is not there yet")
    })
}

fn as_text(records: &Records, described: &[Described], least: GroupMin) -> String {
    let used: Vec<String> =
        records.used.iter().map(|(what, name)| format!("{what} from `{name}`")).collect();
    let mut text = format!(
        "{} rows, {} pieces of work\nread: {}\n",
        records.rows,
        records.works.len(),
        used.join(", ")
    );
    if !records.unused.is_empty() {
        let shown: Vec<String> = records.unused.iter().map(|it| format!("`{it}`")).collect();
        let _ = writeln!(
            text,
            "not read: {}; if one holds what is not said below, name it: --column started='…', or finished, \
             worked_minutes, about",
            shown.join(", ")
        );
    }
    for (why, (rows, line)) in &records.lost {
        let first = if *line > 0 { format!(", first in line {line}") } else { String::new() };
        let _ = writeln!(text, "left out: {rows}, {why}{first}");
    }
    if records.lost.keys().any(|why| why.starts_with("the class `")) {
        text.push_str(
            "what a word means: --means incident=page --means support=ticket; there are page, ticket, \
             request, change, roadmap\n",
        );
    }
    for it in described {
        describe_class(&mut text, it, least);
    }
    text
}

fn describe_class(text: &mut String, it: &Described, least: GroupMin) {
    let _ = writeln!(text, "\n{}: {} in all, {:.1} a week", it.class.name(), it.items, it.per_week);
    let mut line = |name: &str, said: String| {
        let _ = writeln!(text, "  {name:22}{said}");
    };
    match it.dispersion {
        Some(by) => line("bursts", format!("variance of daily counts is {by:.2} times their mean")),
        None => line("bursts", "cannot tell: fewer than 14 days".to_owned()),
    }
    match it.wait_hours {
        Some((p50, p90)) => line("until begun, h", format!("median {p50:.1}, p90 {p90:.1}")),
        None => line("until begun", "not recorded".to_owned()),
    }
    match it.done_hours {
        Some((p50, p90)) => line(
            "until over, h",
            format!(
                "median {p50:.1}, p90 {p90:.1}, of those that are; {} are open or were never closed",
                it.open
            ),
        ),
        None => line("until over", "not recorded".to_owned()),
    }
    match it.worked_minutes {
        Some((p50, known)) => {
            line("worked, min", format!("median {p50:.0}, recorded for {known} of {}", it.items));
        }
        None if it.few_people => line(
            "worked",
            format!(
                "not shown: fewer than {} people had these, and it would be about them",
                least.people()
            ),
        ),
        None => line(
            "worked",
            "not recorded: what lies between beginning and end is work and waiting together"
                .to_owned(),
        ),
    }
    if let (Some(handovers), Some(back)) = (it.handovers, it.ping_pong) {
        line(
            "between groups",
            format!(
                "{handovers:.2} hand-overs an item; {back:.1} % came back to a group that had it"
            ),
        );
    }
    if let Some(round) = it.round.filter(|it| *it > TYPED) {
        line(
            "typed, not measured",
            format!("{:.0} % of durations are whole quarters of an hour", 100.0 * round),
        );
    }
}

fn as_json(records: &Records, described: &[Described]) -> Value {
    let pair = |it: Option<(f64, f64)>| it.map(|it| json!({ "p50": it.0, "p90": it.1 }));
    json!({
        "rows": records.rows,
        "items": records.works.len(),
        "read": records.used,
        "lost": records.lost.iter().map(|(why, (rows, line))| {
            json!({ "reason": why, "rows": rows, "first_line": line })
        }).collect::<Value>(),
        "classes": described.iter().map(|it| json!({
            "class": it.class.name(),
            "items": it.items,
            "open": it.open,
            "per_week": it.per_week,
            "dispersion": it.dispersion,
            "wait_hours": pair(it.wait_hours),
            "done_hours": pair(it.done_hours),
            "worked_minutes_p50": it.worked_minutes.map(|it| it.0),
            "worked_recorded": it.worked_minutes.map(|it| it.1),
            "few_people": it.few_people,
            "handovers_per_item": it.handovers,
            "ping_pong_percent": it.ping_pong,
            "round_share": it.round,
            "typed": it.round.map(|it| it > TYPED),
        })).collect::<Value>(),
    })
}
