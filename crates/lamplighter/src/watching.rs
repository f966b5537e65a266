//! `heartbeat`, `change` and `maintenance`.

use crate::ask::plain;
use crate::cli::{Change, HeartbeatCommand, MaintenanceCommand, Plan, Remote, Status};
use crate::remote::{Server, segment};
use crate::{Answer, YES, no, say, say_json};
use model::Millis;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Changes that are listed.
const CHANGES_LISTED: usize = 50;

pub(crate) fn heartbeat(it: &HeartbeatCommand) -> Answer {
    match it {
        HeartbeatCommand::List(it) => heartbeats(it),
        HeartbeatCommand::Ping(it) => {
            let path = format!("/api/v1/heartbeats/{}/ping", segment(&it.id));
            let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
            show(&it.remote, &done, |done| {
                let again = if done["recovered"] == true { " again" } else { "" };
                format!("{} was heard{again}.\n", it.id)
            });
            Ok(YES)
        }
    }
}

fn show(remote: &Remote, value: &Value, told: impl FnOnce(&Value) -> String) {
    if remote.form.json { say_json(value) } else { say(&told(value)) }
}

fn heartbeats(it: &Status) -> Answer {
    let answer = Server::new(&it.remote)?.get("/api/v1/heartbeats")?;
    show(&it.remote, &answer, heartbeats_told);
    let missed = list(&answer, "heartbeats").iter().any(|it| it["status"] == "missed");
    Ok(if missed { no() } else { YES })
}

fn heartbeats_told(answer: &Value) -> String {
    let mut text = String::new();
    for it in list(answer, "heartbeats") {
        let heard = match it["heard_at"].as_str() {
            Some(_) => format!("last heard {}", plain(&it["heard_at"])),
            None => "never heard, so nobody is called".to_owned(),
        };
        let every = Millis(it["every_ms"].as_i64().unwrap_or_default());
        let _ = writeln!(
            text,
            "{} {}: owed every {every}, {heard}",
            plain(&it["id"]),
            plain(&it["status"])
        );
    }
    if text.is_empty() {
        text.push_str("No heartbeat is configured.\n");
    }
    if let Some(took) = answer["synthetic"]["took_ms"].as_i64() {
        let at = plain(&answer["synthetic"]["at"]);
        let _ = writeln!(text, "The last synthetic page came out at {at}, after {}.", Millis(took));
    }
    text
}

pub(crate) fn change(it: &Change) -> Answer {
    let server = Server::new(&it.remote)?;
    let Some(summary) = it.summary.as_ref().filter(|_| !it.list) else {
        let changes = server.get("/api/v1/changes")?;
        show(&it.remote, &changes, changes_told);
        return Ok(YES);
    };
    let body = json!({
        "summary": summary, "service": it.service, "feature": it.feature, "team": it.team,
        "source": it.source, "link": it.link, "at": it.at,
    });
    let done = server.post("/api/v1/changes", &body)?;
    show(&it.remote, &done, |done| {
        format!("{} is shown with every incident of the next hour.\n", plain(&done["id"]))
    });
    Ok(YES)
}

fn changes_told(answer: &Value) -> String {
    let all = list(answer, "changes");
    if all.is_empty() {
        return "No change was reported.\n".to_owned();
    }
    all.iter().take(CHANGES_LISTED).fold(String::new(), |mut text, it| {
        let about: Vec<String> = ["service", "feature", "team"]
            .iter()
            .filter(|name| it[**name].is_string())
            .map(|name| format!("{name} {}", plain(&it[*name])))
            .collect();
        let about =
            if about.is_empty() { String::new() } else { format!(", {}", about.join(", ")) };
        let _ = writeln!(
            text,
            "{} {} {} ({}{about})",
            plain(&it["at"]),
            plain(&it["id"]),
            plain(&it["summary"]),
            plain(&it["source"]),
        );
        text
    })
}

pub(crate) fn maintenance(it: &MaintenanceCommand) -> Answer {
    match it {
        MaintenanceCommand::Plan(it) => plan(it),
        MaintenanceCommand::List(it) => {
            let answer = Server::new(&it.remote)?.get("/api/v1/maintenance")?;
            show(&it.remote, &answer, maintenance_told);
            Ok(YES)
        }
        MaintenanceCommand::Cancel(it) => {
            let path = format!("/api/v1/maintenance/{}/cancel", segment(&it.id));
            let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
            show(&it.remote, &done, |_| format!("{} does not come again.\n", it.id));
            Ok(YES)
        }
    }
}

fn plan(it: &Plan) -> Answer {
    let body = json!({
        "id": it.name, "matchers": it.matchers, "when": it.when, "timezone": it.timezone,
        "minutes": it.minutes, "owner": it.owner, "reason": it.reason,
    });
    let done = Server::new(&it.remote)?.post("/api/v1/maintenance", &body)?;
    show(&it.remote, &done, |_| format!("{} is planned: {}.\n", it.name, it.when));
    Ok(YES)
}

fn maintenance_told(answer: &Value) -> String {
    let all = list(answer, "maintenance");
    if all.is_empty() {
        return "No work is planned.\n".to_owned();
    }
    all.iter().fold(String::new(), |mut text, it| {
        let next = match it["next"]["starts_at"].as_str() {
            Some(_) => format!("next {}", plain(&it["next"]["starts_at"])),
            None => "over".to_owned(),
        };
        let _ = writeln!(
            text,
            "{} {} ({}) for {}, {next}: {} ({}: {})",
            plain(&it["id"]),
            plain(&it["when"]),
            plain(&it["timezone"]),
            Millis(it["lasts_ms"].as_i64().unwrap_or_default()),
            plain(&it["matchers"]),
            plain(&it["owner"]),
            plain(&it["reason"]),
        );
        text
    })
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[][..], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_are_lines() {
        let answer = json!({ "heartbeats": [
            { "id": "nightly", "status": "missed", "every_ms": 86_400_000, "heard_at": "2026-11-21T03:00:00Z" },
            { "id": "new", "status": "awaited", "every_ms": 60_000, "heard_at": null },
        ], "synthetic": { "at": "2026-11-21T03:10:00Z", "took_ms": 240 } });
        assert_eq!(
            heartbeats_told(&answer),
            "nightly missed: owed every 1d, last heard 2026-11-21T03:00:00Z\n\
             new awaited: owed every 1m, never heard, so nobody is called\n\
             The last synthetic page came out at 2026-11-21T03:10:00Z, after 240ms.\n"
        );
    }

    #[test]
    fn changes_and_plans_are_lines() {
        let answer = json!({ "changes": [{ "id": "ch_1", "summary": "api\u{1b}[2J 1.4", "source": "ci",
            "service": "api", "feature": null, "team": null, "at": "2026-11-21T03:00:00Z" }] });
        assert_eq!(
            changes_told(&answer),
            "2026-11-21T03:00:00Z ch_1 api\u{fffd}[2J 1.4 (ci, service api)\n"
        );
        let answer = json!({ "maintenance": [{ "id": "patches", "when": "tue 02:00", "timezone": "UTC",
            "lasts_ms": 7_200_000, "matchers": "a=\"b\"", "owner": "ana", "reason": "patches",
            "next": { "starts_at": "2026-11-24T02:00:00Z" } }] });
        assert_eq!(
            maintenance_told(&answer),
            "patches tue 02:00 (UTC) for 2h, next 2026-11-24T02:00:00Z: a=\"b\" (ana: patches)\n"
        );
    }
}
