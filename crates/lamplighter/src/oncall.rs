//! `oncall`: who is on duty, by a server or by files.

use crate::ask::plain;
use crate::cli::Oncall;
use crate::remote::{Server, segment};
use crate::{Answer, YES, no, say, say_json};
use driver::{Clock as _, SystemClock};
use model::{Catalogue, PageTarget, Timestamp};
use serde_json::{Value, json};
use server::Problem;
use std::fmt::Write as _;

pub(crate) fn oncall(it: &Oncall) -> Answer {
    let at = match it.at.as_deref() {
        None => None,
        Some(text) => Some(Timestamp::parse_rfc3339(text).ok_or_else(|| {
            Problem::negative(format!("`{text}` is not a time"))
                .hint("write it as 2026-12-24T18:00:00Z")
        })?),
    };
    let (duties, catalogue) = if it.config.is_empty() {
        let query = at.map_or(String::new(), |it| format!("?at={}", segment(&it.to_string())));
        (Server::new(&it.remote)?.get(&format!("/api/v1/oncall{query}"))?, None)
    } else {
        let loaded = catalog::load(&it.config);
        let Some(catalogue) = loaded.catalogue.clone() else {
            say(&catalog::render(&loaded, false));
            return Ok(no());
        };
        (of_files(&catalogue, at.unwrap_or_else(|| SystemClock.now())), Some(catalogue))
    };
    let wanted = it.team.as_deref().map(|team| rotas_of(team, catalogue.as_ref()));
    let rotas: Vec<&Value> = duties["rotas"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|duty| wanted.as_ref().is_none_or(|it| it.contains(&plain(&duty["rota"]))))
        .collect();
    if let (Some(team), true) = (&it.team, rotas.is_empty()) {
        return Err(Problem::negative(format!("there is no rota of `{team}`"))
            .hint("`lamplighter oncall` shows all rotas"));
    }
    if it.remote.form.json {
        say_json(&json!({ "at": duties["at"], "rotas": rotas }));
    } else {
        say(&told(&rotas));
    }
    Ok(YES)
}

fn told(rotas: &[&Value]) -> String {
    rotas.iter().fold(String::new(), |mut text, duty| {
        let people: Vec<String> =
            duty["people"].as_array().into_iter().flatten().map(plain).collect();
        let until = plain(&duty["until"]);
        let _ = writeln!(text, "{}: {} until {until}", plain(&duty["rota"]), people.join(", "));
        for it in duty["reached"].as_array().into_iter().flatten() {
            let unverified = it["contacts"].as_array().into_iter().flatten();
            let unverified: Vec<String> = unverified
                .filter(|it| it["verified"] != true)
                .map(|it| plain(&it["medium"]))
                .collect();
            let _ = write!(text, "  {}: {}", plain(&it["person"]), crate::contact::reached(it));
            if !unverified.is_empty() {
                let _ = write!(text, "; not verified: {}", unverified.join(", "));
            }
            text.push('\n');
        }
        text
    })
}

/// The rota called `team`, and those that the team's escalation policy asks, where that is known.
fn rotas_of(team: &str, catalogue: Option<&Catalogue>) -> Vec<String> {
    let policy = catalogue.and_then(|it| {
        it.escalations.iter().find(|(id, _)| id.as_str() == team).map(|(_, policy)| policy)
    });
    let asked = policy.into_iter().flat_map(|it| &it.steps).flat_map(|it| &it.page).filter_map(
        |it| match it {
            PageTarget::Rota(rota) | PageTarget::RotaNext(rota) => Some(rota.to_string()),
            _ => None,
        },
    );
    asked.chain([team.to_owned()]).collect()
}

fn of_files(catalogue: &Catalogue, at: Timestamp) -> Value {
    let zones = ::oncall::Zones::bundled();
    let rotas: Vec<Value> = catalogue
        .rotas
        .iter()
        .map(|(id, rota)| {
            let duty = ::oncall::duty(rota, at, &zones);
            json!({ "rota": id, "people": duty.people, "until": duty.shift.ends.to_string() })
        })
        .collect();
    json!({ "at": at.to_string(), "rotas": rotas })
}
