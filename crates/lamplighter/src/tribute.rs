//! `interrupted` and `tribute`: a mark for every interruption, and how much goes past the duty.

use crate::ask::{plain, show};
use crate::cli::{Interrupted, TributeShow};
use crate::remote::Server;
use crate::{Answer, YES, say};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(crate) fn interrupted(it: &Interrupted) -> Answer {
    let body = json!({ "minutes": it.minutes, "kind": it.kind, "who": it.who, "team": it.team,
        "text": it.text.join(" "), "hand": it.hand });
    let done = Server::new(&it.remote)?.post("/api/v1/interruptions", &body)?;
    show(&it.remote, &done, |_| "Noted.\n".to_owned());
    Ok(YES)
}

pub(crate) fn tribute(it: &TributeShow) -> Answer {
    let server = Server::new(&it.remote)?;
    if it.csv {
        say(&server.text("/api/v1/tribute.csv")?);
        return Ok(YES);
    }
    let found = server.get("/api/v1/tribute")?;
    show(&it.remote, &found, told);
    Ok(YES)
}

fn told(found: &Value) -> String {
    let mut text = String::new();
    for team in found["teams"].as_array().into_iter().flatten() {
        let duty: Vec<String> =
            team["on_duty"].as_array().into_iter().flatten().map(plain).collect();
        let duty = if duty.is_empty() { "nobody".to_owned() } else { duty.join(", ") };
        let _ = writeln!(text, "{}: {duty} has the tribute now", plain(&team["team"]));
        let Some(weeks) = team["weeks"].as_array() else {
            text.push_str("  too few people to say how much goes past it\n");
            continue;
        };
        for it in weeks.iter().rev() {
            let share = |key: &str| it[key].as_f64().unwrap_or_default() * 100.0;
            let _ = writeln!(
                text,
                "  {}: {} interruptions, {:.0} % past the duty ({:.0} to {:.0} %)",
                plain(&it["week"]),
                plain(&it["interruptions"]),
                share("share"),
                share("low"),
                share("high"),
            );
        }
    }
    if text.is_empty() {
        text.push_str("No team has a tribute: give one a rota with `tribute: ROTA`.\n");
    }
    text
}
