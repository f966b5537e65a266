//! `override` and `swap`: changes to who is on duty, by a running server.

use crate::ask::plain;
use crate::cli::{OneId, Override, Status, SwapCommand};
use crate::oncall::time;
use crate::remote::{Server, segment};
use crate::{Answer, YES, say, say_json};
use serde_json::{Value, json};

pub(crate) fn override_duty(it: &Override) -> Answer {
    let server = Server::new(&it.remote)?;
    let done = if let Some(id) = &it.end {
        server.post(&format!("/api/v1/overrides/{}/end", segment(id)), &json!({}))?
    } else {
        let (add, remove, replace, by) = (&it.add, &it.remove, &it.replace, &it.by);
        if let Some(from) = &it.from {
            time(from)?;
        }
        let body = json!({
            "rota": it.rota, "from": it.from, "to": it.to,
            "add": add, "remove": remove, "replace": replace, "by": by,
        });
        server.post("/api/v1/overrides", &body)?
    };
    told(&done, it.remote.form.json, "overriding");
    Ok(YES)
}

pub(crate) fn swap(it: &SwapCommand) -> Answer {
    match it {
        SwapCommand::Ask(it) => {
            time(&it.at)?;
            let body = json!({
                "rota": it.rota, "at": it.at, "with": it.with, "for": it.exchange,
            });
            let done = Server::new(&it.remote)?.post("/api/v1/swaps", &body)?;
            told(&done, it.remote.form.json, "swap");
            Ok(YES)
        }
        SwapCommand::Accept(it) => answered(it, "accept"),
        SwapCommand::Decline(it) => answered(it, "decline"),
        SwapCommand::List(it) => list(it),
    }
}

fn answered(it: &OneId, how: &str) -> Answer {
    let path = format!("/api/v1/swaps/{}/{how}", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    told(&done, it.remote.form.json, "swap");
    Ok(YES)
}

fn told(done: &Value, as_json: bool, what: &str) {
    if as_json {
        return say_json(done);
    }
    let events = done["events"].as_array().map_or(&[][..], Vec::as_slice);
    let id = events.iter().find_map(|it| it.get(what)).map(plain);
    say(&format!(
        "{} is in the journal; `lamplighter oncall` shows who is on duty.\n",
        id.unwrap_or_else(|| "It".to_owned())
    ));
}

fn list(it: &Status) -> Answer {
    let found = Server::new(&it.remote)?.get("/api/v1/overrides")?;
    if it.remote.form.json {
        say_json(&found);
        return Ok(YES);
    }
    for key in ["swaps", "overrides"] {
        for it in found[key].as_array().into_iter().flatten() {
            say(&format!("{} {}\n", plain(&it["id"]), plain(&it["text"])));
        }
    }
    Ok(YES)
}

pub(crate) fn answer_roster(it: &OneId, how: &str) -> Answer {
    let path = format!("/api/v1/rosters/{}/{how}", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    told(&done, it.remote.form.json, "roster");
    Ok(YES)
}

pub(crate) fn proposals(it: &Status) -> Answer {
    let found = Server::new(&it.remote)?.get("/api/v1/rosters")?;
    if it.remote.form.json {
        say_json(&found);
        return Ok(YES);
    }
    let names = |it: &Value| {
        let names: Vec<String> = it.as_array().into_iter().flatten().map(plain).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    for it in found["rosters"].as_array().into_iter().flatten() {
        let stands = match it["published"].as_bool() {
            None => "waits",
            Some(true) => "published",
            Some(false) => "put aside",
        };
        say(&format!(
            "{} {} by {}: {stands}\n",
            plain(&it["id"]),
            plain(&it["rota"]),
            plain(&it["by"])
        ));
        for change in it["changes"].as_array().into_iter().flatten() {
            let (start, end) = (plain(&change["start"]), plain(&change["end"]));
            say(&format!(
                "  {start} to {end}  {} (was {})\n",
                names(&change["to"]),
                names(&change["from"])
            ));
        }
    }
    Ok(YES)
}
