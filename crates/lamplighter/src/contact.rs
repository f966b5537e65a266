//! `contact`: how one is reached; codes that show whose an address is; a test message; a shift that
//! begins.

use crate::ask::plain;
use crate::cli::{ContactCommand, ContactTest, ContactVerify, DutyConfirm, Status};
use crate::remote::{Server, segment};
use crate::{Answer, YES, say, say_json};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(crate) fn contact(it: &ContactCommand) -> Answer {
    match it {
        ContactCommand::List(it) => list(it),
        ContactCommand::Verify(it) => verify(it),
        ContactCommand::Test(it) => test(it),
        ContactCommand::Confirm(it) => confirm(it),
    }
}

fn list(it: &Status) -> Answer {
    let reach = Server::new(&it.remote)?.get("/api/v1/reach")?;
    if it.remote.form.json {
        say_json(&reach);
    } else {
        say(&told(&reach));
    }
    Ok(YES)
}

fn verify(it: &ContactVerify) -> Answer {
    let path = format!("/api/v1/me/contacts/{}/verify", segment(&it.medium));
    let body = it.code.as_ref().map_or_else(|| json!({}), |code| json!({ "code": code }));
    let done = Server::new(&it.remote)?.post(&path, &body)?;
    if it.remote.form.json {
        say_json(&done);
    } else if it.code.is_some() {
        say(&format!("Your {} address is verified.\n", it.medium));
    } else {
        say(&format!(
            "A code is on its way by {0}. It is good for ten minutes:\n  \
             lamplighter contact verify {0} CODE\n",
            it.medium
        ));
    }
    Ok(YES)
}

fn test(it: &ContactTest) -> Answer {
    let server = Server::new(&it.remote)?;
    let person = match &it.person {
        Some(person) => person.clone(),
        None => plain(&server.get("/api/v1/me")?["person"]),
    };
    let done = server.post(&format!("/api/v1/people/{}/test", segment(&person)), &json!({}))?;
    if it.remote.form.json {
        say_json(&done);
    } else {
        say(&format!(
            "A test goes to every address of {person}. `contact list` shows what arrives.\n"
        ));
    }
    Ok(YES)
}

fn confirm(it: &DutyConfirm) -> Answer {
    let body = json!({ "rota": it.rota });
    let done = Server::new(&it.remote)?.post("/api/v1/me/duty/confirm", &body)?;
    if it.remote.form.json {
        say_json(&done);
    } else {
        say("Confirmed: you know that you are on duty.\n");
    }
    Ok(YES)
}

fn told(reach: &Value) -> String {
    let mut text = String::new();
    for it in reach["unreached"].as_array().into_iter().flatten() {
        let to = it["to"].as_object().and_then(|it| it.values().next()).map(plain);
        let (to, reason) = (to.unwrap_or_default(), plain(&it["reason"]));
        let _ = writeln!(text, "! no page could be sent to {to}: {reason}");
    }
    for it in reach["people"].as_array().into_iter().flatten() {
        let contacts = it["contacts"].as_array().into_iter().flatten();
        let contacts: Vec<String> = contacts
            .map(|it| {
                let mark = if it["verified"] == true { "verified" } else { "not verified" };
                format!("{} ({mark})", plain(&it["medium"]))
            })
            .collect();
        let contacts =
            if contacts.is_empty() { "no address".to_owned() } else { contacts.join(", ") };
        let _ = writeln!(text, "{}: {contacts}; {}", plain(&it["person"]), reached(it));
    }
    text
}

/// When somebody was last reached, in words.
pub(crate) fn reached(it: &Value) -> String {
    if it["last_reached_at"].is_null() {
        return "never known to be reached".to_owned();
    }
    let stale = if it["without_evidence"] == true { ", which is long ago" } else { "" };
    let (at, by) = (plain(&it["last_reached_at"]), plain(&it["last_reached_by"]));
    format!("last reached {at} by {by}{stale}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_a_line_and_the_loud_ones_come_first() {
        let reach = json!({
            "people": [
                { "person": "ana", "contacts": [
                    { "medium": "email", "verified": false }, { "medium": "sms", "verified": true } ],
                  "last_reached_at": "2026-11-20T10:00:00Z", "last_reached_by": "SMS",
                  "without_evidence": false },
                { "person": "cy", "contacts": [], "last_reached_at": null, "without_evidence": true },
            ],
            "unreached": [{ "to": { "person": "cy" }, "reason": "has no address to send to" }],
        });
        assert_eq!(
            told(&reach),
            "! no page could be sent to cy: has no address to send to\n\
             ana: email (not verified), sms (verified); last reached 2026-11-20T10:00:00Z by SMS\n\
             cy: no address; never known to be reached\n"
        );
    }
}
