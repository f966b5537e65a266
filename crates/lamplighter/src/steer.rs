//! `note`, `escalate` and `take`: what people do to an incident besides taking and ending it.

use crate::cli::{Note, OneId, Remote};
use crate::remote::{Server, segment};
use crate::{Answer, YES, say, say_json};
use serde_json::{Value, json};

pub(crate) fn note(it: &Note) -> Answer {
    let path = format!("/api/v1/incidents/{}/notes", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({ "text": it.text }))?;
    told(&it.remote, &done, &format!("Noted on {}.\n", it.id));
    Ok(YES)
}

pub(crate) fn escalate(it: &OneId) -> Answer {
    let path = format!("/api/v1/pages/{}/escalate", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    told(&it.remote, &done, &format!("The next step of {} is called now.\n", it.id));
    Ok(YES)
}

pub(crate) fn take(it: &OneId) -> Answer {
    let path = format!("/api/v1/incidents/{}/take", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    told(&it.remote, &done, &format!("{} is yours.\n", it.id));
    Ok(YES)
}

fn told(remote: &Remote, done: &Value, words: &str) {
    if remote.form.json { say_json(done) } else { say(words) }
}
