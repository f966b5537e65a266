//! `handover`: what whoever ends a shift tells whoever begins one, from a terminal.

use crate::ask::{plain, show};
use crate::cli::{HandoverAccept, HandoverCommand, HandoverTodo, HandoverWrite, OneId, Status};
use crate::remote::{Server, segment};
use crate::{Answer, YES, say, say_json};
use serde_json::{Value, json};
use server::Problem;
use std::fmt::Write as _;

pub(crate) fn handover(it: &HandoverCommand) -> Answer {
    match it {
        HandoverCommand::List(it) => list(it),
        HandoverCommand::Show(it) => one(it),
        HandoverCommand::Write(it) => write(it),
        HandoverCommand::Publish(it) => publish(it),
        HandoverCommand::Accept(it) => accept(it),
        HandoverCommand::Todo(it) => todo(it),
        HandoverCommand::Done(it) => done(it),
    }
}

fn path(id: &str, act: &str) -> String {
    format!("/api/v1/handovers/{}/{act}", segment(id))
}

fn list(it: &Status) -> Answer {
    let all = Server::new(&it.remote)?.get("/api/v1/handovers")?;
    show(&it.remote, &all, listed);
    Ok(YES)
}

fn one(it: &OneId) -> Answer {
    let found = Server::new(&it.remote)?.get(&format!("/api/v1/handovers/{}", segment(&it.id)))?;
    show(&it.remote, &found, told);
    Ok(YES)
}

fn write(it: &HandoverWrite) -> Answer {
    if it.happens.len() != it.then.len() {
        return Err(Problem::negative("every --if needs its --then")
            .hint("write them in pairs: --if 'this happens' --then 'do that'"));
    }
    let ifs: Vec<Value> = it
        .happens
        .iter()
        .zip(&it.then)
        .map(|(happens, then)| json!({ "if": happens, "then": then }))
        .collect();
    let body = json!({ "status": it.status, "happened": it.happened, "ifs": ifs });
    let server = Server::new(&it.remote)?;
    let mut done = server.post(&path(&it.id, "write"), &body)?;
    if it.publish {
        done = server.post(&path(&it.id, "publish"), &json!({}))?;
    }
    let more = if it.publish { " and handed over" } else { "; it goes out when the shift changes" };
    show(&it.remote, &done, |_| format!("{} is written{more}.\n", it.id));
    Ok(YES)
}

fn publish(it: &OneId) -> Answer {
    let done = Server::new(&it.remote)?.post(&path(&it.id, "publish"), &json!({}))?;
    show(&it.remote, &done, |_| {
        format!("{} is handed over; whoever comes reads it back.\n", it.id)
    });
    Ok(YES)
}

fn accept(it: &HandoverAccept) -> Answer {
    let body = json!({ "words": it.words.join(" ") });
    let done = Server::new(&it.remote)?.post(&path(&it.id, "accept"), &body)?;
    show(&it.remote, &done, |_| format!("{} is yours now.\n", it.id));
    Ok(YES)
}

fn todo(it: &HandoverTodo) -> Answer {
    let body = json!({ "rota": it.rota, "text": it.text.join(" "), "owner": it.owner });
    let done = Server::new(&it.remote)?.post("/api/v1/todos", &body)?;
    if it.remote.form.json {
        say_json(&done);
    } else {
        let events = done["events"].as_array();
        let id = events.and_then(|it| it.iter().find_map(|it| it.get("todo")));
        let id = id.map_or_else(|| "It".to_owned(), plain);
        say(&format!(
            "{id} is noted and stays in every handover of {} until it is done.\n",
            it.rota
        ));
    }
    Ok(YES)
}

fn done(it: &OneId) -> Answer {
    let path = format!("/api/v1/todos/{}/done", segment(&it.id));
    let answer = Server::new(&it.remote)?.post(&path, &json!({}))?;
    show(&it.remote, &answer, |_| format!("{} is done.\n", it.id));
    Ok(YES)
}

fn people(it: &Value) -> String {
    let all: Vec<String> = it.as_array().into_iter().flatten().map(plain).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}

fn head(it: &Value) -> String {
    format!(
        "{} {}: {} -> {}, {}: {}",
        plain(&it["id"]),
        plain(&it["rota"]),
        people(&it["from"]),
        people(&it["to"]),
        plain(&it["gives_at"]),
        plain(&it["stage"]),
    )
}

fn todos(text: &mut String, all: &Value) {
    for it in all.as_array().into_iter().flatten() {
        let owner = it["owner"].as_str().unwrap_or("whoever is on duty");
        let done = if it["done"] == json!(true) { " (done)" } else { "" };
        let _ = writeln!(text, "  {} {} ({owner}){done}", plain(&it["id"]), plain(&it["text"]));
    }
}

fn listed(all: &Value) -> String {
    let mut text = String::new();
    for it in all["handovers"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "{}", head(it));
    }
    if text.is_empty() {
        text.push_str("No rota has changed hands yet.\n");
    }
    if all["todos"].as_array().is_some_and(|it| !it.is_empty()) {
        text.push_str("To do:\n");
        todos(&mut text, &all["todos"]);
    }
    text
}

fn told(it: &Value) -> String {
    let mut text = format!("{}\n", head(it));
    let written = &it["written"];
    if written.is_null() {
        text.push_str("Nobody wrote into it.\n");
    } else {
        let _ = writeln!(text, "Status: {}", plain(&written["status"]));
        if written["happened"].as_str().is_some_and(|it| !it.is_empty()) {
            let _ = writeln!(text, "What happened: {}", plain(&written["happened"]));
        }
        for it in written["ifs"].as_array().into_iter().flatten() {
            let _ = writeln!(text, "If {}: {}", plain(&it["if"]), plain(&it["then"]));
        }
    }
    if it["todos"].as_array().is_some_and(|it| !it.is_empty()) {
        text.push_str("To do:\n");
        todos(&mut text, &it["todos"]);
    }
    let mut heading = String::new();
    for it in it["facts"].as_array().into_iter().flatten() {
        if plain(&it["heading"]) != heading {
            heading = plain(&it["heading"]);
            let _ = writeln!(text, "{heading}:");
        }
        let _ = writeln!(text, "  {}", plain(&it["text"]));
    }
    for it in it["reads"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "Read back by {}: {}", plain(&it["by"]), plain(&it["words"]));
    }
    text
}
