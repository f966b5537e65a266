//! `shadow` and `load`: two pagers beside each other, and who had enough.

use crate::ask::plain;
use crate::cli::{OneId, ShadowCommand, ShadowEnd, ShadowImport, ShadowReport, Status};
use crate::remote::{Server, segment};
use crate::{Answer, YES, no, say, say_json};
use serde_json::{Value, json};
use server::Problem;
use std::fmt::Write as _;
use std::io::Read as _;

pub(crate) fn shadow(it: &ShadowCommand) -> Answer {
    match it {
        ShadowCommand::Report(it) => report(it),
        ShadowCommand::Import(it) => import(it),
        ShadowCommand::End(it) => end(it),
    }
}

fn report(it: &ShadowReport) -> Answer {
    let path = format!("/api/v1/shadow/report?days={}", it.days);
    let report = Server::new(&it.remote)?.get(&path)?;
    if it.remote.form.json {
        say_json(&report);
    } else {
        say(&report_told(&report));
    }
    Ok(YES)
}

fn import(it: &ShadowImport) -> Answer {
    let mut csv = String::new();
    let read = if it.file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut csv).map(drop)
    } else {
        std::fs::read_to_string(&it.file).map(|text| csv = text)
    };
    read.map_err(|error| {
        Problem::negative(format!("could not read {}", it.file.display())).detail(error)
    })?;
    let body = json!({ "system": it.system, "csv": csv });
    let done = Server::new(&it.remote)?.post("/api/v1/shadow/csv", &body)?;
    let errors = done["errors"].as_array().map_or(&[][..], Vec::as_slice);
    if it.remote.form.json {
        say_json(&done);
    } else {
        let mut text = format!("{} calls recorded.\n", plain(&done["recorded"]));
        for error in errors {
            let _ = writeln!(text, "left out: {}", plain(error));
        }
        say(&text);
    }
    Ok(if errors.is_empty() { YES } else { no() })
}

fn end(it: &ShadowEnd) -> Answer {
    let done = Server::new(&it.remote)?.post("/api/v1/shadow/end", &json!({ "team": it.team }))?;
    if it.remote.form.json {
        say_json(&done);
    } else {
        let pages = done["events"]
            .as_array()
            .map_or(0, |it| it.iter().filter(|it| it["type"] == "page_opened").count());
        say(&format!("Shadow mode is over: pages go out. {pages} were open and go out now.\n"));
    }
    Ok(YES)
}

pub(crate) fn load(it: &Status) -> Answer {
    let load = Server::new(&it.remote)?.get("/api/v1/load")?;
    if it.remote.form.json {
        say_json(&load);
    } else {
        say(&load_told(&load));
    }
    Ok(YES)
}

pub(crate) fn anyway(it: &OneId) -> Answer {
    let path = format!("/api/v1/alerts/{}/page", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    if it.remote.form.json {
        say_json(&done);
    } else {
        say(&format!("People are being called for {}.\n", it.id));
    }
    Ok(YES)
}

pub(crate) fn by_turns(it: &OneId) -> Answer {
    let path = format!("/api/v1/rotas/{}/relief/end", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    if it.remote.form.json {
        say_json(&done);
    } else {
        say(&format!("The rota {} goes by its turns again.\n", it.id));
    }
    Ok(YES)
}

fn report_told(report: &Value) -> String {
    let mut text = if report["shadow"] == true {
        "Shadow mode: nobody is woken by Lamplighter.\n".to_owned()
    } else {
        "Shadow mode is off: Lamplighter calls people.\n".to_owned()
    };
    let list = |key: &str| report[key].as_array().map_or(&[][..], Vec::as_slice);
    let differences = list("differences");
    let agreed = report["agreed"].as_u64().unwrap_or_default();
    let _ = writeln!(
        text,
        "{} days: {agreed} of {} calls agree; {} would be ours, {} were the other pager's.",
        plain(&report["days"]),
        agreed + differences.len() as u64,
        plain(&report["calls_ours"]),
        plain(&report["calls_theirs"]),
    );
    for it in differences {
        let (at, told, title) = (plain(&it["at"]), plain(&it["told"]), plain(&it["title"]));
        let _ = writeln!(text, "{at}  {told}  ({title})");
    }
    let unknown = report["unknown_people"].as_object();
    for (name, count) in unknown.into_iter().flatten() {
        let name = plain(&Value::String(name.clone()));
        let _ = writeln!(text, "not known here: {name} ({count}); add an `aka:` to somebody");
    }
    for (key, whose) in [
        ("only_ours_incidents", "only Lamplighter knows"),
        ("only_theirs_incidents", "only the other pager knows"),
    ] {
        let incidents: Vec<String> = list(key).iter().map(plain).collect();
        if !incidents.is_empty() {
            let _ = writeln!(text, "{whose}: {}", incidents.join(", "));
        }
    }
    text
}

fn load_told(load: &Value) -> String {
    let list = |key: &str| load[key].as_array().map_or(&[][..], Vec::as_slice);
    let mut text = String::new();
    for it in list("reliefs") {
        let (to, from) = (plain(&it["to"]), plain(&it["from"]));
        let (rota, until) = (plain(&it["rota"]), plain(&it["until"]));
        let _ = writeln!(text, "{to} has the duty in {rota} for {from} until {until}");
    }
    for it in list("held") {
        let _ = writeln!(
            text,
            "what is calm waits for {} until {}",
            plain(&it["person"]),
            plain(&it["until"])
        );
    }
    for it in list("reached") {
        let outcome = plain(&it["outcome"]).replace('_', " ");
        let to = it["to"].as_str().map_or(String::new(), |_| format!(" by {}", plain(&it["to"])));
        let _ = writeln!(
            text,
            "{}  {} had {} pages since {} (at most {}): {outcome}{to}",
            plain(&it["at"]),
            plain(&it["person"]),
            plain(&it["pages"]),
            plain(&it["since"]),
            plain(&it["limit"]),
        );
    }
    if text.is_empty() { "Nobody had too many pages.\n".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_where_the_two_differ_and_what_it_could_not_match() {
        let report = json!({
            "shadow": true, "days": 14, "agreed": 3, "calls_ours": 4, "calls_theirs": 5,
            "differences": [{ "at": "2026-11-23T10:00:00Z", "told": "Only Lamplighter would have called Ana.", "title": "db \u{1b}[2J" }],
            "unknown_people": { "Dolores": 2 }, "only_ours_incidents": ["in_1"], "only_theirs_incidents": [],
        });
        assert_eq!(
            report_told(&report),
            "Shadow mode: nobody is woken by Lamplighter.\n\
             14 days: 3 of 4 calls agree; 4 would be ours, 5 were the other pager's.\n\
             2026-11-23T10:00:00Z  Only Lamplighter would have called Ana.  (db \u{fffd}[2J)\n\
             not known here: Dolores (2); add an `aka:` to somebody\n\
             only Lamplighter knows: in_1\n"
        );
        let nothing =
            json!({ "shadow": false, "days": 1, "agreed": 0, "calls_ours": 0, "calls_theirs": 0 });
        assert_eq!(
            report_told(&nothing),
            "Shadow mode is off: Lamplighter calls people.\n\
             1 days: 0 of 0 calls agree; 0 would be ours, 0 were the other pager's.\n"
        );
    }

    #[test]
    fn whoever_had_enough_is_a_line() {
        let load = json!({
            "reliefs": [{ "rota": "payments", "from": "ana", "to": "bo", "until": "U" }],
            "held": [{ "person": "cy", "until": "V" }],
            "reached": [{ "at": "T", "person": "ana", "pages": 3, "since": "S", "limit": 3,
                          "outcome": "relieved", "to": "bo" },
                        { "at": "T", "person": "cy", "pages": 4, "since": "S", "limit": 3,
                          "outcome": "nobody_left", "to": null }],
        });
        assert_eq!(
            load_told(&load),
            "bo has the duty in payments for ana until U\n\
             what is calm waits for cy until V\n\
             T  ana had 3 pages since S (at most 3): relieved by bo\n\
             T  cy had 4 pages since S (at most 3): nobody left\n"
        );
        assert_eq!(load_told(&json!({})), "Nobody had too many pages.\n");
    }
}
