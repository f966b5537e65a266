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
    if let (Some(from), Some(to)) = (&it.from, &it.to) {
        return listed(it, time(from)?, time(to)?);
    }
    let at = match it.at.as_deref() {
        None => None,
        Some(text) => Some(time(text)?),
    };
    let (duties, catalogue) = if it.config.is_empty() {
        let query = at.map_or(String::new(), |it| format!("?at={}", segment(&it.to_string())));
        (Server::new(&it.remote)?.get(&format!("/api/v1/oncall{query}"))?, None)
    } else {
        let loaded = catalog::load(&it.config).with_absences(SystemClock.now());
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

/// Reads a time as it is typed.
pub(crate) fn time(text: &str) -> Result<Timestamp, Problem> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| {
        Problem::negative(format!("`{text}` is not a time"))
            .hint("write it as 2026-12-24T18:00:00Z")
    })
}

/// All shifts and gaps of a time.
fn listed(it: &Oncall, from: Timestamp, to: Timestamp) -> Answer {
    if to <= from {
        return Err(Problem::negative("this time ends before it begins").hint("exchange the two"));
    }
    if let (Some(place), Some(team)) = (&it.against, &it.team) {
        let bytes = crate::beside::bytes_of(place)?;
        let Some(catalogue) = crate::rota::read(&it.config) else { return Ok(no()) };
        let wanted = rotas_of(team, Some(&catalogue));
        let known = catalogue.rotas.keys().filter(|it| wanted.contains(&it.to_string()));
        let rotas: Vec<_> = known.cloned().collect();
        if rotas.is_empty() {
            return Err(Problem::negative(format!("there is no rota of `{team}`"))
                .hint("name a rota of the configuration"));
        }
        let as_json = it.remote.form.json;
        return Ok(crate::beside::beside(&catalogue, rotas, &bytes, (from, to), as_json));
    }
    let (mut told, catalogue) = if it.config.is_empty() {
        let (from, to) = (segment(&from.to_string()), segment(&to.to_string()));
        let path = format!("/api/v1/oncall/shifts?from={from}&to={to}");
        (Server::new(&it.remote)?.get(&path)?, None)
    } else {
        let Some(catalogue) = crate::rota::read(&it.config) else { return Ok(no()) };
        let (zones, none) = (::oncall::Zones::bundled(), std::collections::BTreeMap::new());
        let duties = ::oncall::Duties { rotas: &catalogue.rotas, overrides: &none, zones: &zones };
        let listing = ::oncall::Listing::of(&duties, |_| true, from, to);
        (json!({ "shifts": listing.shifts, "gaps": listing.gaps }), Some(catalogue))
    };
    if let Some(team) = &it.team {
        let wanted = rotas_of(team, catalogue.as_ref());
        for list in ["shifts", "gaps"] {
            if let Some(list) = told[list].as_array_mut() {
                list.retain(|it| wanted.contains(&plain(&it["rota"])));
            }
        }
    }
    told["from"] = from.to_string().into();
    told["to"] = to.to_string().into();
    if it.remote.form.json {
        say_json(&told);
        return Ok(YES);
    }
    let each = |list: &str| told[list].as_array().cloned().unwrap_or_default();
    for shift in each("shifts") {
        let jump = match shift["clock_jump_mins"].as_i64() {
            Some(jump) if jump != 0 => format!("  (the clock jumps {jump:+} min)"),
            _ => String::new(),
        };
        let (rota, person) = (plain(&shift["rota"]), plain(&shift["person"]));
        let (start, end) = (plain(&shift["start"]), plain(&shift["end"]));
        say(&format!("{rota}: {person} {start} to {end}{jump}\n"));
    }
    for gap in each("gaps") {
        let (start, end) = (plain(&gap["start"]), plain(&gap["end"]));
        say(&format!("{}: NOBODY {start} to {end}\n", plain(&gap["rota"])));
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
    let (zones, none) = (::oncall::Zones::bundled(), std::collections::BTreeMap::new());
    let duties = ::oncall::Duties { rotas: &catalogue.rotas, overrides: &none, zones: &zones };
    let shifts = catalogue.rotas.keys().filter_map(|id| Some((id, duties.at(id, at)?)));
    let rotas: Vec<Value> = shifts
        .map(|(id, it)| json!({ "rota": id, "people": it.people, "until": it.ends.to_string() }))
        .collect();
    json!({ "at": at.to_string(), "rotas": rotas })
}
