//! `silence`: times in which alerts that match call nobody.

use crate::ask::plain;
use crate::cli::{OneId, SilenceCommand, SilenceSet, Status};
use crate::remote::{Server, segment};
use crate::{Answer, YES, say, say_json};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(crate) fn silence(it: &SilenceCommand) -> Answer {
    match it {
        SilenceCommand::Set(it) => set(it),
        SilenceCommand::List(it) => list(it),
        SilenceCommand::End(it) => end(it),
    }
}

fn set(it: &SilenceSet) -> Answer {
    let body = json!({ "matchers": it.matchers, "minutes": it.minutes, "comment": it.comment });
    let done = Server::new(&it.remote)?.post("/api/v1/silences", &body)?;
    if it.remote.form.json {
        say_json(&done);
    } else {
        let events = done["events"].as_array();
        let id = events.and_then(|it| it.iter().find_map(|it| it.get("silence")));
        let id = id.map_or_else(|| "The silence".to_owned(), plain);
        say(&format!("{id} is in force for {} minutes.\n", it.minutes));
    }
    Ok(YES)
}

fn end(it: &OneId) -> Answer {
    let path = format!("/api/v1/silences/{}/end", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    if it.remote.form.json {
        say_json(&done);
    } else {
        say(&format!("{} is over; what still fires is heard again.\n", it.id));
    }
    Ok(YES)
}

fn list(it: &Status) -> Answer {
    let silences = Server::new(&it.remote)?.get("/api/v2/silences")?;
    if it.remote.form.json {
        say_json(&silences);
    } else {
        say(&told(&silences));
    }
    Ok(YES)
}

fn told(silences: &Value) -> String {
    let all = silences.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return "No silence was ever set, or all are long over.\n".to_owned();
    }
    all.iter().fold(String::new(), |mut text, it| {
        let matchers = it["matchers"].as_array().into_iter().flatten();
        let matchers: Vec<String> = matchers.map(matcher).collect();
        let _ = writeln!(
            text,
            "{} {} until {}: {} ({}: {})",
            plain(&it["id"]),
            plain(&it["status"]["state"]),
            plain(&it["endsAt"]),
            matchers.join(", "),
            plain(&it["createdBy"]),
            plain(&it["comment"]),
        );
        text
    })
}

fn matcher(it: &Value) -> String {
    let sign = match (it["isRegex"] == true, it["isEqual"] == true) {
        (false, true) => "=",
        (false, false) => "!=",
        (true, true) => "=~",
        (true, false) => "!~",
    };
    format!("{}{sign}\"{}\"", plain(&it["name"]), plain(&it["value"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_a_line() {
        let silences = json!([{
            "id": "si_1", "status": { "state": "active" }, "endsAt": "2026-11-23T12:00:00Z",
            "createdBy": "ana", "comment": "painting",
            "matchers": [
                { "name": "mast", "value": "7|8", "isRegex": true, "isEqual": true },
                { "name": "team", "value": "\u{1b}[2J", "isRegex": false, "isEqual": false },
            ],
        }]);
        assert_eq!(
            told(&silences),
            "si_1 active until 2026-11-23T12:00:00Z: mast=~\"7|8\", team!=\"\u{fffd}[2J\" \
             (ana: painting)\n"
        );
    }
}
