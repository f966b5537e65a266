//! The draft as our configuration.
//!
//! Invariants: what is written passes `lamplighter check` (a test and the command hold this); the same
//! draft gives the same text. Text of people stands in double quotes, as JSON writes it, which YAML reads.

use crate::System;
use crate::draft::{Draft, DraftRota, Person, Policy};
use crate::layers::DAYS;
use model::{Advance, Hours, Layer, Turn, Weekday};
use std::fmt::Write as _;

pub(crate) fn write(draft: &Draft, system: System, org: &str) -> String {
    let mut out = format!(
        "# Written by `lamplighter import` from the answers of {}.\n\
         # Say how messages travel (`channels`), and read the report of what differs.\norg: {org}\n",
        system.title()
    );
    section(&mut out, "people", draft.people.iter().map(|(id, it)| (id, person(it))));
    section(
        &mut out,
        "teams",
        draft.teams.iter().map(|(id, it)| (id, format!("{{ members: [{}] }}", listed(it)))),
    );
    section(
        &mut out,
        "services",
        draft.services.iter().map(|(id, it)| (id, format!("{{ team: {it} }}"))),
    );
    section(&mut out, "rotas", draft.rotas.iter().map(|(id, it)| (id, rota(it))));
    section(&mut out, "escalations", draft.escalations.iter().map(|(id, it)| (id, policy(it))));
    out
}

fn section<T: std::fmt::Display>(
    out: &mut String,
    name: &str,
    entries: impl Iterator<Item = (T, String)>,
) {
    for (index, (id, text)) in entries.enumerate() {
        if index == 0 {
            let _ = writeln!(out, "{name}:");
        }
        // Ids such as `1` or `no` would be read as something else.
        let _ = writeln!(out, "  {}: {text}", quoted(&id.to_string()));
    }
}

fn person(it: &Person) -> String {
    let mut made = format!("{{ name: {}, timezone: {}", quoted(&it.name), it.timezone);
    let addresses = [("email", &it.email), ("sms", &it.sms), ("voice", &it.voice)];
    for (key, address) in addresses {
        if let Some(address) = address {
            let _ = write!(made, ", {key}: {}", quoted(address));
        }
    }
    if !it.aka.is_empty() {
        let names: Vec<_> = it.aka.iter().map(|it| quoted(it)).collect();
        let _ = write!(made, ", aka: [{}]", names.join(", "));
    }
    made + " }"
}

fn rota(it: &DraftRota) -> String {
    let mut made = format!("# {}\n    timezone: {}\n    layers:", comment(&it.title), it.timezone);
    for (title, layer) in &it.layers {
        let _ = write!(made, "\n    - {}  # {}", layer_text(layer), comment(title));
    }
    made
}

fn layer_text(it: &Layer) -> String {
    let people: Vec<_> = it.people.iter().map(|it| quoted(it.as_str())).collect();
    let mut made = format!("{{ people: [{}]", people.join(", "));
    if it.rules.shifts.is_empty() {
        let (turn, needs_day) = match it.turn {
            Turn::Hours(count) => (format!("{count}h"), false),
            Turn::Days(count) => (format!("{count}d"), false),
            Turn::Weeks(count) => (format!("{count}w"), true),
            Turn::Months(count) => (format!("{count}mo"), false),
        };
        let _ = write!(made, ", turn: {turn}, handover: ");
        let clock = clock(it.handover_minute);
        let _ = if needs_day {
            write!(made, "\"{} {clock}\"", day(it.handover_day))
        } else {
            write!(made, "\"{clock}\"")
        };
    } else {
        let shift = |it: &model::ShiftPattern| {
            let (repeat, at) = (&it.repeat, clock(it.start_minute));
            format!(
                "{{ repeat: \"{repeat}\", at: \"{at}\", lasts: {} }}",
                length(i64::from(it.lasts_mins) * 60)
            )
        };
        let shifts: Vec<_> = it.rules.shifts.iter().map(shift).collect();
        let _ = write!(made, ", shifts: [{}]", shifts.join(", "));
    }
    let _ = write!(made, ", starts: {}", it.starts);
    if !it.rules.only.is_empty() {
        let windows: Vec<_> = it.rules.only.iter().flat_map(windows).collect();
        let _ = write!(made, ", only: [{}]", windows.join(", "));
    }
    for (key, value) in
        [("from", &it.rules.from), ("until", &it.rules.until), ("timezone", &it.rules.timezone)]
    {
        if let Some(value) = value {
            let _ = write!(made, ", {key}: {value}");
        }
    }
    if it.rules.advance == Advance::Worked {
        made.push_str(", advance: worked");
    }
    if it.rules.together > 1 {
        let _ = write!(made, ", together: {}", it.rules.together);
    }
    made + " }"
}

fn policy(it: &Policy) -> String {
    let mut made = format!("# {}\n    steps:", comment(&it.title));
    for step in &it.steps {
        let page: Vec<_> = step.page.iter().map(|it| quoted(it)).collect();
        let _ = write!(
            made,
            "\n    - {{ page: [{}], wait: {}",
            page.join(", "),
            length(step.wait_secs)
        );
        made.push_str(if step.is_round_robin { ", round-robin: true }" } else { " }" });
    }
    if it.repeat > 0 {
        let _ = write!(made, "\n    repeat: {}", it.repeat);
    }
    made
}

fn windows(it: &Hours) -> Vec<String> {
    let clocks = format!("{}-{}", clock(it.from_minute), clock(it.until_minute));
    if it.days.is_empty() {
        return vec![format!("\"{clocks}\"")];
    }
    it.days.iter().map(|it| format!("\"{} {clocks}\"", day(*it))).collect()
}

pub(crate) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// `1h30m`.
pub(crate) fn length(secs: i64) -> String {
    let mut left = secs;
    let mut made = String::new();
    for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")] {
        if left >= unit {
            let _ = write!(made, "{}{name}", left / unit);
            left %= unit;
        }
    }
    made
}

fn day(it: Weekday) -> &'static str {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    NAMES[DAYS.iter().position(|day| *day == it).unwrap_or(0)]
}

fn listed<T: std::fmt::Display>(ids: &[T]) -> String {
    ids.iter().map(|it| quoted(&it.to_string())).collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn comment(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).take(80).collect()
}
