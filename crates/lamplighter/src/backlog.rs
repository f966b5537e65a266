//! `backlog`: what to mend, in order of the budget that it brings back.

use crate::ask::plain;
use crate::cli::{BacklogAdd, BacklogCommand, Remote};
use crate::remote::{Server, segment};
use crate::{Answer, YES, say, say_json};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(crate) fn backlog(it: &BacklogCommand) -> Answer {
    match it {
        BacklogCommand::List(it) => {
            let answer = Server::new(&it.remote)?.get("/api/v1/backlog")?;
            show(&it.remote, &answer, &told(&answer));
            Ok(YES)
        }
        BacklogCommand::Add(it) => add(it),
        BacklogCommand::Done(it) => strike(&it.remote, &it.id, "done"),
        BacklogCommand::Drop(it) => strike(&it.remote, &it.id, "drop"),
    }
}

fn add(it: &BacklogAdd) -> Answer {
    let body = json!({
        "id": it.name, "title": it.title, "mends": it.mends.join(","), "percent": it.percent, "link": it.link,
    });
    let done = Server::new(&it.remote)?.post("/api/v1/backlog", &body)?;
    show(
        &it.remote,
        &done,
        &format!("{} is listed. `lamplighter backlog list` shows its worth.\n", it.name),
    );
    Ok(YES)
}

fn strike(remote: &Remote, id: &str, how: &str) -> Answer {
    let path = format!("/api/v1/backlog/{}/{how}", segment(id));
    let done = Server::new(remote)?.post(&path, &json!({}))?;
    show(remote, &done, &format!("{id} is on the list no more.\n"));
    Ok(YES)
}

fn show(remote: &Remote, value: &Value, told: &str) {
    if remote.form.json { say_json(value) } else { say(told) }
}

fn told(answer: &Value) -> String {
    let all = |key: &str| answer[key].as_array().map_or(&[][..], Vec::as_slice);
    let mut text = String::new();
    if all("improvements").is_empty() {
        text.push_str("Nothing is listed.\n");
    }
    for it in all("improvements") {
        let mends: Vec<String> = it["mends"].as_array().into_iter().flatten().map(plain).collect();
        let _ = writeln!(
            text,
            "{}: {} (takes {} % of the failures of {} away): {}",
            plain(&it["id"]),
            plain(&it["title"]),
            plain(&it["percent"]),
            mends.join(", "),
            brings(&it["brings"]),
        );
    }
    if !all("unlisted").is_empty() {
        text.push_str("\nNothing is listed for (were they mended wholly):\n");
    }
    for it in all("unlisted") {
        let _ = writeln!(text, "  {}: {}", plain(&it["slo"]), brings(&it["brings"]));
    }
    text
}

fn brings(all: &Value) -> String {
    let all = all.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return "brings nothing back".to_owned();
    }
    let one = |it: &Value| {
        let percent = it["budget"].as_f64().unwrap_or_default() * 100.0;
        format!("{percent:.1} % of the budget of {}", plain(&it["feature"]))
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn improvements_are_lines() {
        let answer = json!({
            "improvements": [
                { "id": "uplink", "title": "a second uplink", "mends": ["carrier-a.up"], "percent": 80,
                  "brings": [{ "feature": "light-on", "failures": 12.5, "budget": 0.1234 }] },
                { "id": "paint", "title": "paint", "mends": ["api.up"], "percent": 100, "brings": [] },
            ],
            "unlisted": [{ "slo": "db.up", "brings": [{ "feature": "light-on", "failures": 3, "budget": 0.05 }] }],
        });
        assert_eq!(
            told(&answer),
            "uplink: a second uplink (takes 80 % of the failures of carrier-a.up away): 12.3 % of the budget of light-on\n\
             paint: paint (takes 100 % of the failures of api.up away): brings nothing back\n\n\
             Nothing is listed for (were they mended wholly):\n  db.up: 5.0 % of the budget of light-on\n"
        );
        assert_eq!(told(&json!({})), "Nothing is listed.\n");
    }
}
